"""A tournament: who plays what against whom, and what follows from the payoffs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import labsim
from labsim.cli.main import main
from labsim.engines.ensemble import Stop
from labsim.games.tournament import PAIR, Tournament, entrants, seats, tournament
from labsim.games.tournament_report import page, remarks
from labsim.model.strategies import STRATEGIES
from labsim.runs.summary import Summary, direction
from labsim.show.words import listed

ROOT = Path(__file__).parents[2]
FIVE = labsim.load("five-calculators")
THREE = ("keeper", "closer", "grudger")


def command(*arguments, cwd=None):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, "-m", "labsim", "tournament", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env=environment, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def small():
    return tournament(FIVE, THREE, 100)


def test_a_pairing_is_the_direct_run_with_these_strategies(small):
    """Given four keepers and one closer by hand: the same races, to the bit."""
    labs = {lab.name: STRATEGIES["closer" if k == 0 else "keeper"] for k, lab in enumerate(FIVE.all_labs)}
    direct = labsim.run("five-calculators", 100, strategies=labs, sample=0)
    pair = small.pairs["closer", "keeper"]
    for name in ("catastrophe", "race_weeks"):
        assert (pair[name].mean, pair[name].se) == (direct.summaries[name].mean, direct.summaries[name].se)
    everyone = (pair["payoff"].mean + 4 * pair["others_payoff"].mean) / 5
    assert everyone == pytest.approx(direct.summaries["payoff"].mean, abs=1e-12)


def test_a_field_of_keepers_is_the_twin_of_all_keeping(small):
    twin = labsim.run("five-calculators", 100, sample=0).twin_levels["all_keep"]
    assert small.pairs["keeper", "keeper"]["catastrophe"].mean == twin["catastrophe"].mean


def test_on_the_diagonal_the_focal_lab_is_one_of_many():
    """Labs that are alike and play the same: the first one gets what the others get, to sampling error."""
    pair = tournament(FIVE, ["closer"], 1000).pairs["closer", "closer"]
    payoffs = pair["payoff"].mean - pair["others_payoff"].mean
    assert abs(payoffs) < 4 * (pair["payoff"].se ** 2 + pair["others_payoff"].se ** 2) ** 0.5
    assert abs(pair["win_share"].mean - 0.2) < 4 * pair["win_share"].se


def test_those_who_never_close_unless_somebody_does_are_identical_among_keepers(small):
    gap = small.pairs["grudger", "keeper"]["minus_same"]
    assert gap.low == gap.high == 0.0
    assert (
        small.pairs["closer", "grudger"]["others_payoff"].mean != small.pairs["closer", "keeper"]["others_payoff"].mean
    )


def test_the_order_of_strategies_changes_no_number(small):
    other = tournament(FIVE, THREE[::-1], 100, jobs=1).as_dict()
    mine = small.as_dict()
    assert (mine.pop("strategies"), other.pop("strategies")) == (list(THREE), list(THREE[::-1]))
    by_pair = [{(pair["row"], pair["column"]): pair for pair in result.pop("pairs")} for result in (mine, other)]
    assert by_pair[0] == by_pair[1]
    assert mine == other


def test_both_engines_give_the_same():
    fast, mesa = (tournament(FIVE, ["keeper", "herald"], 3, engine=e).as_dict() for e in ("ensemble", "mesa"))
    assert (fast.pop("engine"), mesa.pop("engine")) == ("ensemble", "mesa")
    assert fast == mesa


def test_a_mixed_field_of_one_strategy_is_the_plain_run(small):
    results = tournament(FIVE, ["keeper"], 100)
    pair, alone = small.pairs["keeper", "keeper"], results.mixed["keeper"]
    everyone = (pair["payoff"].mean + 4 * pair["others_payoff"].mean) / 5
    assert alone["payoff"].mean == pytest.approx(everyone, abs=1e-12)
    assert results.mixed_catastrophe.mean == pytest.approx(pair["catastrophe"].mean, abs=1e-12)
    assert alone["catastrophe"].mean == pytest.approx(0.0, abs=1e-12) and alone["win_share"].mean == pytest.approx(0.2)


def test_in_the_mixed_field_wins_and_harm_are_shared_out(small):
    """Somebody wins each race, so win shares average 1 / labs; what strategies add to harm sums to nothing."""
    assert np.mean([row["win_share"].mean for row in small.mixed.values()]) == pytest.approx(0.2)
    assert sum(row["catastrophe"].mean for row in small.mixed.values()) == pytest.approx(0.0, abs=1e-12)
    assert small.rounds == 25 and all(row["payoff"].n == 25 for row in small.mixed.values())
    assert small.mixed["closer"]["win_share"].mean > 0.2 > small.mixed["keeper"]["win_share"].mean


def test_in_a_round_each_lab_plays_each_strategy_once():
    rounds = [seats("abcd", 5, 0, number) for number in range(200)]
    for places in rounds:
        assert places.shape == (4, 5) and (np.sort(places, axis=0) == np.arange(4)[:, None]).all()
    both = np.mean([places[:, 0] == places[:, 1] for places in rounds])
    assert abs(both - 1 / 4) < 0.06  # two labs draw independently: 4 se of 200 rounds of 4 fields
    assert not (rounds[0] == seats("abcd", 5, 1, 0)).all()
    assert (rounds[0] == seats("abcd", 5, 0, 0)).all()


# --- what follows from payoffs, on a matrix made by hand: {column: {row: payoffs in three races}}


def made_of(payoffs):
    results = Tournament(FIVE, list(payoffs), 0, 3, 3, "ensemble")
    for column, rows in payoffs.items():
        blank = dict.fromkeys(PAIR, np.zeros(3))
        results.add_column(column, {row: {**blank, "payoff": np.array(values)} for row, values in rows.items()})
    return results


NOISE = [0.0, 0.3, -0.3]


def test_best_replies_and_equilibria_are_paired():
    """Noise that all rows share does not matter; noise in the difference does; what is equal is no doubt."""
    results = made_of({
        "dove": {"dove": NOISE, "hawk": [1.0, 1.3, 0.7], "mimic": NOISE},
        "hawk": {"dove": [-1.0, -0.7, -1.3], "hawk": NOISE, "mimic": NOISE},
        "mimic": {"dove": [-0.1, 0.5, -0.6], "hawk": [-2.0, -1.7, -2.3], "mimic": NOISE},
    })  # fmt: skip
    assert results.best == {"dove": "hawk", "hawk": "hawk", "mimic": "mimic"}
    assert [results.symmetric_nash(name) for name in results.strategies] == ["no", "yes", "too close to call"]
    assert (results.level("hawk", True), results.level("hawk", False)) == (["mimic"], [])
    assert (results.level("mimic", True), results.level("mimic", False)) == ([], ["dove"])


def test_a_direction_needs_two_standard_errors():
    assert [direction(Summary.of(np.array(v))) for v in ([1.0, 1.1], [-1.0, -1.1], [-1.0, 2.0], [1.0])] == [1, -1, 0, 0]


# --- who may take part


def test_strategies_that_do_as_told_stay_out_unless_named():
    assert set(STRATEGIES) - set(entrants()) == {"scripted", "player"}
    assert entrants(["player", "keeper"]) == ["player", "keeper"]


@pytest.mark.parametrize(
    ("names", "says"),
    [(["keper"], "'keper': must be one of calculator"), (["keper"], "did you mean 'keeper'"),
     (["keeper", "keeper"], "'keeper' is named twice"), ([], "needs at least one")],
)  # fmt: skip
def test_wrong_strategies_are_named(names, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        entrants(names)


def test_one_lab_has_nobody_to_play():
    with pytest.raises(labsim.ScenarioError, match="'two-process' has 1 lab"):
        tournament(labsim.load("two-process"), THREE, 2)


def test_a_stop_ends_it():
    stop = Stop.new()
    seen = []

    def step(progress):
        seen.append(progress.done)
        stop.set()

    with pytest.raises(KeyboardInterrupt):
        tournament(FIVE, THREE, 100, jobs=1, progress=step, stop=stop)
    assert len(seen) < 9


# --- words, page, command


def test_the_page_has_every_strategy_its_command_and_no_forecast(small):
    text = page(small, "labsim tournament five-calculators")
    assert "labsim tournament five-calculators" in text and labsim.__version__ in text
    assert text.count("| `grudger` |") >= 9 and "nan" not in text
    assert "A model for reasoning about incentives. Not a forecast." in text
    assert remarks(small)[0].startswith("In this model")
    assert listed(["a", "b", "c"]) == "a, b and c" and listed(["a"]) == "a"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tournament")
    options = ("--strategies", "keeper,closer", "--replications", 2, "--engine", "mesa", "--seed", 3)
    return command(*options, "--out", "page.md", cwd=folder), command(*options, "--json", cwd=folder), folder


def test_the_command_prints_and_writes(told):
    done, _, folder = told
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "mixed field" in done.stdout and "Written: page.md" in done.stdout
    again = "labsim tournament hassabis-baseline --strategies keeper,closer --replications 2 --seed 3 --out page.md"
    assert again in (folder / "page.md").read_text(encoding="utf-8")


def test_json_is_one_value_with_the_promised_shape(told):
    done = told[1]
    assert done.returncode == 0 and done.stderr == ""
    content = json.loads(done.stdout, parse_constant=pytest.fail)
    assert list(content) == [
        "scenario", "focal", "strategies", "seed", "replications", "rounds", "engine", "ranking", "mixed",
        "mixed_catastrophe", "pairs", "best_replies", "symmetric_nash",
    ]  # fmt: skip
    assert (content["focal"], content["replications"], content["seed"]) == ("Birch", 2, 3)
    assert len(content["pairs"]) == 4
    for pair in content["pairs"]:
        assert set(pair) == {"row", "column", *PAIR, "minus_best", "minus_same"}
        assert all(set(pair[name]) == {"mean", "se"} for name in PAIR)
    assert set(content["mixed"]["keeper"]) == {"payoff", "win_share", "catastrophe", "minus_first"}
    assert set(content["symmetric_nash"].values()) <= {"yes", "no", "too close to call"}


@pytest.mark.parametrize(
    ("options", "says"),
    [(("--strategies", "keper"), "did you mean 'keeper'"), (("--out", "page.txt"), "must end in .md"),
     (("equal-rates",), "has 1 lab"), (("--replications", "0"), "--replications 0")],
)  # fmt: skip
def test_mistakes_end_in_one_line_and_write_nothing(options, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["labsim", "tournament", *options])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    assert end.value.code == 2 and printed.out == ""
    assert says in printed.err and printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
