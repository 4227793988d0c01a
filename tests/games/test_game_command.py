"""`labsim game`: what it prints, its JSON, its picture, its mistakes; the labels of the shipped worlds."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import labsim
from labsim.cli.main import main
from labsim.engines.ensemble import Stop
from labsim.games import game_report
from labsim.games.closure_game import CHICKEN, HARMONY, LABELS, STAG_HUNT, TOO_CLOSE, ClosureGame, play
from labsim.games.game import game
from labsim.games.plot import draw_schelling
from labsim.runs.summary import Summary

ROOT = Path(__file__).parents[2]
FIVE = labsim.load("five-calculators")


def start(*arguments, cwd=None):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.Popen(
        [sys.executable, "-m", "labsim", "game", *map(str, arguments)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def stag_hunt():
    return game(FIVE.with_({"harm.after": 2.0}), 1, 60)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("game")
    options = ("five-calculators", "--set", "race.labs=3", "--replications", 2, "--engine", "mesa", "--focal", "Hazel")
    running = [start(*options, "--plot", "game.svg", cwd=folder), start(*options, "--json", cwd=folder)]
    return [(one, *one.communicate(timeout=120)) for one in running], folder


def test_the_command_prints_and_draws(told):
    done, printed, errors = told[0][0]
    assert done.returncode == 0, errors
    assert max(map(len, printed.splitlines())) <= 80
    assert printed.startswith("five-calculators: ") and "Payoff of Hazel" in printed and "Drawn: game.svg" in printed
    assert "A model for reasoning about incentives. Not a forecast." in printed
    picture = (told[1] / "game.svg").read_text(encoding="utf-8")
    assert "<svg" in picture and len(picture) > 10_000


def test_json_is_one_value_with_the_promised_shape(told):
    done, printed, errors = told[0][1]
    assert done.returncode == 0 and errors == ""
    content = json.loads(printed, parse_constant=pytest.fail)
    assert list(content) == [
        "scenario", "focal", "seed", "replications", "engine", "label", "payoffs", "closure_premium", "last_keeper",
        "collective_loss", "corrective_fine", "corrective_review", "schelling", "tipping_points", "kinds",
        "equilibria_scope", "equilibria", "price_of_anarchy", "price_of_stability", "welfare", "first_move",
        "imitation", "rows",
    ]  # fmt: skip
    assert (content["focal"], content["seed"], content["replications"]) == ("Hazel", 0, 2)
    assert content["label"] in (*LABELS, TOO_CLOSE) and set(content["payoffs"]) == set("RTSP")
    assert all(set(cell) == {"mean", "se"} for cell in content["payoffs"].values())
    assert [point["others"] for point in content["schelling"]] == [0, 1, 2]
    assert sum(content["imitation"]["distribution"]) == pytest.approx(1.0)
    assert content["kinds"] == [["Hazel", "Birch", "Cedar"]]
    for one in content["equilibria"]:
        assert one["type"] in ("pure", "mixed") and one["verdict"] in ("certain", TOO_CLOSE)


def test_both_engines_find_the_same(told):
    mesa = json.loads(told[0][1][1])
    fast = game(FIVE.with_({"race.labs": 3}), "Hazel", 2).as_dict()
    assert (fast.pop("engine"), mesa.pop("engine")) == ("ensemble", "mesa")
    assert json.loads(json.dumps(fast)) == mesa


def test_the_order_of_work_changes_no_number(stag_hunt):
    assert game(FIVE.with_({"harm.after": 2.0}), "Cedar", 60, jobs=1).as_dict() == stag_hunt.as_dict()


def test_a_stag_hunt_in_words(stag_hunt, capsys):
    game_report.game_report(stag_hunt, None)
    printed = capsys.readouterr().out
    for text in ("five-calculators: stag hunt", "Tipping point: from 0.", "other removers on, removing pays",
                 "all keep (certain)", "all remove (certain)", "each removes with probability", "none needed",
                 "price of stability: no ratio"):  # fmt: skip
        assert " ".join(text.split()) in " ".join(printed.split()), text


def test_labs_that_differ_have_a_row_each():
    solution = game(labsim.load("hassabis-baseline"), 0, 20)
    assert list(solution.rows) == ["Birch", "Cedar", "Hazel", "Rowan", "Alder"]
    assert solution.rows["Cedar"].as_dict() == play(labsim.load("hassabis-baseline"), "Cedar", 20).as_dict()


def test_every_label_has_its_sentence_and_too_close_says_what_would_tell():
    assert set(game_report.MEANS) == set(LABELS)
    for r, t, s, p, label in ((3, 2, 1, 0, HARMONY), (3, 2, 0, 1, STAG_HUNT), (2, 3, 1, 0, CHICKEN)):
        made = ClosureGame.of(*(np.full(3, float(x)) for x in (r, t, s, p)), focal="Birch")
        assert made.label == label and "Birch" in game_report.sentence(made)
    rng = np.random.default_rng(0)
    close = ClosureGame.of(*(rng.normal(size=50) + x for x in (0.1, 0.0, 0.0, 9.0)))
    text = game_report.sentence(close)
    assert text.startswith("T \N{MINUS SIGN} R is within 2 paired standard errors") and "would tell" in text


def test_the_picture_names_what_it_shows(stag_hunt, tmp_path):
    figure = draw_schelling(stag_hunt, tmp_path / "game.png", "labsim game five-calculators --seed 0")
    texts = [t.get_text() for t in figure.texts] + [t.get_text() for a in figure.axes for t in a.texts]
    assert "five-calculators: stag hunt" in texts and any("labsim game five-calculators" in t for t in texts)
    assert {"it keeps", "it removes"} <= set(texts) and any("tipping point 0." in t for t in texts)
    assert figure.axes[0].get_title(loc="left") == "payoff of Cedar, % of the prize"


@pytest.mark.parametrize(
    ("options", "says"),
    [(("two-process",), "game: 'two-process' has 1 lab: needs at least 2"),
     (("five-calculators", "--focal", "Ceder"), "did you mean 'Cedar'"),
     (("five-calculators", "--population", "3"), "population = 3: must be from 5"),
     (("five-calculators", "--mutation", "0"), "mutation = 0.0: must be above 0"),
     (("five-calculators", "--plot", "game.pdf"), "must end in .png or .svg"),
     (("five-calculators", "--replications", "0"), "--replications 0")],
)  # fmt: skip
def test_mistakes_end_in_one_line_and_write_nothing(options, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["labsim", "game", *options])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    assert end.value.code == 2 and printed.out == ""
    assert says in printed.err and printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.9, 0.97])  # in the sets of removers, in the first moves, in the reviews
def test_a_stop_ends_it_wherever_it_is(share):
    stop = Stop.new()

    def step(progress):
        if progress.done >= share * progress.total * 32 / 60:
            stop.set()

    with pytest.raises(KeyboardInterrupt):
        game(FIVE, 0, 100, progress=step, stop=stop)


@pytest.mark.slow
def test_an_interrupt_ends_with_130():
    running = start("five-calculators", "--replications", 100_000, "--quiet")
    time.sleep(20)
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=30)[0] == "" and running.returncode == 130


@pytest.mark.parametrize(("after", "label"), [(0.0, "deadlock"), (1.0, "prisoner's dilemma"), (4.0, "stag hunt")])
def test_years_of_harm_after_the_finish_decide_the_game(after, label):
    """1000 replications are enough for every seed tried; at 200, after = 0 is often too close to call."""
    assert play(FIVE.with_({"harm.after": after}), 0, 1000).label == label


def test_one_replication_gives_no_interval(capsys):
    game_report.game_report(game(FIVE, 0, 1), None)
    printed = " ".join(capsys.readouterr().out.split())
    assert "One replication gives no interval, so that no sign is sure: take 200 or more." in printed
    assert "might not tell" not in printed and "1 replication of each profile" in printed


def test_a_certain_equilibrium_of_games_too_close_to_call_is_explained(stag_hunt, capsys):
    game_report.game_report(stag_hunt, None)
    assert "Certain although" not in " ".join(capsys.readouterr().out.split())
    doubt = Summary.of(np.array([1.0, -1.0]))
    unsure = dataclasses.replace(stag_hunt, closure=dataclasses.replace(stag_hunt.closure, closure_premium=doubt))
    game_report.game_report(unsure, None)
    assert "Certain although a lab's own game is too close to call" in " ".join(capsys.readouterr().out.split())
