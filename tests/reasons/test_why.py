"""Why a lab decided as it did: the decision made again, its terms, its beliefs, what would have turned it."""

import dataclasses
import itertools
import json
import math
import random
import sys

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import labsim
from labsim.cli.main import main
from labsim.model.parameters import INFORMATION
from labsim.model.strategies import worth
from labsim.reasons import reasons
from labsim.reasons.decision import positions
from labsim.reasons.plot import draw_decision, steps
from labsim.reasons.report import SUM, margin, sentence
from labsim.reasons.terms import WORDS, beliefs, option, terms
from labsim.runs.record import LEDGER
from tests.commands import labsim as command
from tests.commands import strict
from tests.decisions import ALL, decisions
from tests.engine_worlds import policies

BASELINE = "hassabis-baseline"


@pytest.fixture(scope="module")
def birch():
    return labsim.why(BASELINE)


# --- the decision made again


def test_a_decision_made_again_has_the_bits_of_the_race():
    """Whatever the strategy, the parameters and the rules in force."""
    for position in decisions(150, seed=1, strategies=ALL):
        again = position.again()
        for name, value in vars(position.made).items():
            assert getattr(again, name) == value, (position.strategy, name)


@pytest.mark.parametrize("world", ["all governance", "ways around"])
def test_taking_decisions_out_of_a_race_does_not_change_it(world):
    """Every decision has the ledger that the same race writes down when nobody looks."""
    race = reasons.race_of(policies()[world], seed=3)
    taken = list(positions(race.scenario, 3, 0, lambda lab, week: True))
    assert len(taken) == len(race.decisions) > 20
    for position, row in zip(taken, race.decisions.itertuples(), strict=True):
        assert (position.name, position.week) == (row.lab, row.week)
        assert position.lab.oversight == row.was
        for name in (n for n in LEDGER if n != "oversight"):
            if name not in ("log_capability", "measured", "gain"):  # these move on in the week
                assert getattr(position.made, name) == getattr(row, name), name


def test_a_parameter_is_changed_in_a_copy(birch):
    position = birch.position
    changed = position.with_value("competition.finish", 50.0).with_value("decision.own_harm", 9.0)
    assert changed.p.competition.line == pytest.approx(math.log(50.0), abs=1e-12)
    assert (changed.value("decision.own_harm"), position.value("decision.own_harm")) == (9.0, 0.5)
    assert position.value("competition.finish") == 1000.0 and position.p.competition.line > 6.9
    assert position.again().margin == birch.margin != changed.again().margin


# --- terms


def test_the_terms_add_up_to_worth_and_margin():
    for position in decisions(200, seed=2):
        ledger = position.again()
        parts = terms(ledger, position.p)
        assert sum(t.difference for t in parts) == pytest.approx(position.made.margin, abs=1e-11)
        for name in ("keep", "remove"):
            parts = option(ledger, position.p, name)
            assert sum(parts.values()) == pytest.approx(getattr(ledger, f"worth_{name}"), abs=1e-11)


def test_a_term_is_there_only_with_its_cause():
    """One cause at a time, by hand: without ruin, rivals' prizes, treaty and damages only winning is left."""
    position = next(p for p in decisions(50, seed=4) if p.rivals and p.strategy == "calculator")
    ledger = position.again()
    zero = {"sharing": 0.0, "liability": 0.0}
    for path in ("harm.rate", "decision.own_harm"):
        position = position.with_value(path, 0.0)
    ledger = position.with_value("competition.winner_share", 1.0).with_lab(**zero).again()
    parts = option(ledger, position.with_value("competition.winner_share", 1.0).p, "remove")
    assert parts["win"] == pytest.approx(ledger.worth_remove, rel=1e-12) and parts["win"] > 0
    assert all(value == 0.0 for name, value in parts.items() if name != "win")
    for name, change in {"sharing": {"sharing": 0.3}, "damages": {"liability": 2.0}}.items():
        world = position.with_value("harm.rate", 0.02).with_lab(**(zero | change))
        ledger = world.again()
        values = [getattr(ledger, f"{w}_keep") for w in ("win", "run_risk", "end_risk", "weeks")]
        plain = world.with_lab(**zero).again()
        expected = worth(ledger, world.p, *values, ledger.sharing) - worth(plain, world.p, *values, 0.0)
        assert option(ledger, world.p, "keep")[name] == pytest.approx(expected, abs=1e-14)


def test_what_is_believed_beside_the_truth(birch):
    own = {b.name: b for b in birch.beliefs}
    lab = birch.position.lab
    assert own["exposure"].believed == lab.measured < own["exposure"].true == lab.log_capability - lab.log_alignment
    assert own["win_remove"].believed == birch.position.made.win_remove
    assert set(birch.rivals) == {"Cedar", "Hazel", "Rowan", "Alder"}
    for choice in ("keep", "remove"):
        for side, chance in ((0, own[f"win_{choice}"].believed), (1, own[f"win_{choice}"].true)):
            others = sum(getattr(pair[side], f"wins_if_{choice}") for pair in birch.rivals.values())
            assert chance + others == pytest.approx(1.0, abs=1e-9)
    risk = sum(pair[0].risk * pair[0].wins_if_keep for pair in birch.rivals.values()) / (1 - own["win_keep"].believed)
    assert risk == pytest.approx(own["rival_risk"].believed, abs=1e-9)


def test_a_lab_that_sees_all_is_told_the_truth():
    """Public information, its true exposure, caution and foresight 1: what it believes is what is so."""
    for position in decisions(30, seed=6, strategies=("calculator",)):
        known = position.as_it_is()
        assert known.lab.regime == INFORMATION.public and known.as_it_is().again().margin == known.again().margin
        for belief in beliefs(known, known.again(), known.as_it_is().again()):
            assert belief.believed == belief.true


def test_the_chance_is_the_share_of_leanings_that_remove(birch):
    """10,000 leanings drawn as a lab draws its own, the whole decision made again for each."""
    position, dice = birch.position, random.Random(1)
    margin = position.again().margin - position.lab.taste
    draws = [position.lab.decision.taste * math.log(u / (1 - u)) for u in (dice.random() for _ in range(10_000))]
    share = sum(margin + taste > 0.0 for taste in draws) / len(draws)
    assert birch.remove_chance == pytest.approx(share, abs=0.02) and birch.chance == birch.remove_chance
    again = [position.with_lab(taste=taste).again().wanted == 0.0 for taste in draws[:200]]
    assert again == [margin + taste > 0.0 for taste in draws[:200]]
    sure = position.with_value("decision.taste", 0.0)
    assert reasons.chance_to_remove(sure) == float(margin > 0.0)


# --- which decision


def test_the_decision_asked_about():
    race = reasons.race_of(BASELINE)
    table = race.decisions
    closing = table[(table["was"] == 1) & (table["oversight"] == 0)]
    assert reasons.which(race) == (closing["lab"].iloc[0], closing["week"].iloc[0])
    hazel = table[table["lab"] == "Hazel"]
    assert not (closing["lab"] == "Hazel").any() and reasons.which(race, "Hazel") == ("Hazel", hazel["week"].iloc[-1])
    with pytest.raises(labsim.ScenarioError, match=r"must be one of Birch.*did you mean 'Cedar'"):
        reasons.which(race, "Ceder")
    weeks = hazel["week"].tolist()
    between = next(w for w in range(weeks[0], weeks[-1]) if w not in weeks)
    near = [max(w for w in weeks if w < between), min(w for w in weeks if w > between)]
    with pytest.raises(labsim.ScenarioError, match=f"--week {between}: Hazel .* {near[0]} and {near[1]}$"):
        reasons.which(race, "Hazel", between)
    still = labsim.load("five-calculators").with_({"race.weeks": 1, "cycle.machine": 52.0})
    with pytest.raises(labsim.ScenarioError, match="makes no decision"):
        reasons.which(reasons.race_of(still))


def test_what_was_drawn_is_used(tmp_path, monkeypatch):
    """A run folder's drawn parameters, the same as those of the scenario under this seed."""
    (tmp_path / "drawn.toml").write_text(
        'question = "?"\nbase = "five-calculators"\n[race]\nweeks = 40\n[uncertainties]\n'
        '"decision.switch_cost" = {dist = "uniform", low = 0.0, high = 0.3}\n', encoding="utf-8"
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    options = ("--replications", 4, "--engine", "mesa", "--seed", 5, "--out", "kept")
    assert command("run", "drawn.toml", *options, cwd=tmp_path).returncode == 0
    stored, fresh = labsim.why("kept", replication=3), labsim.why("drawn.toml", replication=3, seed=5)
    value = stored.race.drawn["decision.switch_cost"]
    assert 0.0 < value < 0.3 and stored.position.value("decision.switch_cost") == value
    assert (stored.lab, stored.week, stored.margin) == (fresh.lab, fresh.week, fresh.margin)
    assert reasons.race_of("kept", replication=2).drawn["decision.switch_cost"] != value
    done = command("why", "kept", "--replication", 4, cwd=tmp_path)
    assert done.returncode == 2 and "replications 0 to 3" in done.stderr
    done = command("why", "kept", "--seed", 1, cwd=tmp_path)
    assert done.returncode == 2 and "has its own seed" in done.stderr


# --- what is printed


def test_the_sentence_names_the_largest_reasons(birch):
    text = sentence(birch)
    assert text.startswith("Birch removes the human in week 13 because of winning the prize (+0.242)")
    assert "despite the cost of switching (\N{MINUS SIGN}0.100)" in text
    assert "stays" in sentence(labsim.why(BASELINE, lab="Birch", week=16))
    early = labsim.why(BASELINE, lab="Birch", week=3)
    assert not early.position.able and "would remove the human, if" in sentence(early)
    assert "its strategy is mirror. Does what the leading rival did" in sentence(labsim.why(BASELINE, lab="Rowan"))


def test_the_json(birch):
    answer = strict(json.dumps(birch.as_dict(), allow_nan=False))
    assert list(answer) == [
        "scenario", "seed", "replication", "drawn", "lab", "week", "strategy", "was", "wanted", "able", "choice",
        "margin", "chance", "remove_chance", "terms", "beliefs", "rivals", "looked_at", "flips", "never", "switches",
        "ledger",
    ]  # fmt: skip
    assert sum(t["difference"] for t in answer["terms"]) == pytest.approx(answer["margin"], abs=1e-11)
    assert all(f["checked"] and f["text"] and f["words"] for f in answer["flips"])
    assert {f["name"] for f in answer["flips"]}.isdisjoint(answer["never"])
    assert set(answer["rivals"]["Cedar"]) == {"believed", "true"}
    rowan = labsim.why(BASELINE, lab="Rowan").as_dict()
    assert rowan["margin"] is None and rowan["terms"] == [] and rowan["looked_at"] == {"leader_oversight": 0.0}
    json.dumps(rowan, allow_nan=False)


def say(capfd, monkeypatch, *arguments):
    """(exit code, stdout, stderr) of `labsim why`."""
    monkeypatch.setattr(sys, "argv", ["labsim", "why", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code, *capfd.readouterr()


@pytest.mark.parametrize("lab", ["Birch", "Hazel", "Rowan"])
def test_the_report_fits_80_columns(lab):
    done = command("why", BASELINE, "--lab", lab)
    assert done.returncode == 0 and done.stderr == ""
    assert max(len(line.rstrip()) for line in done.stdout.splitlines()) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}" not in done.stdout
    assert "What would have changed its mind" in done.stdout and "Not a forecast." in done.stdout


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1726, "+0.173"), (-0.0031, "\N{MINUS SIGN}0.003"), (0.00041, "+0.00041"), (-1.26e-6, "\N{MINUS SIGN}0.0000013"),
     (0.0, "0")],
)  # fmt: skip
def test_a_margin_says_which_way_it_goes_however_small(value, text):
    assert margin(value) == text


def test_a_tiny_margin_in_words(birch):
    tiny = dataclasses.replace(birch, margin=0.00041)
    assert "Removing is worth 0.00041 prizes more to it than keeping." in sentence(tiny)
    assert "Both are worth the same to it." in sentence(dataclasses.replace(birch, margin=0.0))
    assert steps(tiny)[-1][0] == SUM and SUM not in WORDS.values()


def test_all_decisions_of_a_lab(capfd, monkeypatch):
    few = ("five-calculators", "--set", "race.weeks=20")
    code, out, _ = say(capfd, monkeypatch, *few, "--all", "--lab", "Cedar", "--json")
    answer = strict(out)
    assert code == 0 and len(answer) > 2 and {d["lab"] for d in answer} == {"Cedar"}
    code, out, _ = say(capfd, monkeypatch, *few, "--all", "--lab", "Cedar")
    assert code == 0 and len(out.splitlines()) == len(answer) + 4
    assert [line.split()[0] for line in out.splitlines()[2:-2]] == [str(d["week"]) for d in answer]


BAD = [
    ("nowhere",), (BASELINE, "--lab", "Nobody"), (BASELINE, "--week", "0"), (BASELINE, "--week", "9999"),
    (BASELINE, "--plot", "picture.gif"), (BASELINE, "--plot", "nowhere/a.png"), (BASELINE, "--seed", "-1"),
    (BASELINE, "--lab", "Rowan", "--plot", "a.png"), (BASELINE, "--all", "--week", "13"),
    (BASELINE, "--all", "--plot", "a.png"), (BASELINE, "--set", "cycle.reviw=1"), (BASELINE, "--replication", "-1"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_is_one_line_and_exit_2_and_leaves_nothing(arguments, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = say(capfd, monkeypatch, *arguments)
    assert code == 2 and out == "" and err.startswith("labsim: ") and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


# --- the picture


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_terms_are_drawn(birch, tmp_path, suffix):
    path = tmp_path / f"why.{suffix}"
    figure = draw_decision(birch, path)
    assert path.stat().st_size > 5000
    texts = " ".join(text.get_text() for text in figure.texts)
    assert "Birch removes the human in week 13" in texts and "Not a forecast" in texts and "seed 0" in texts
    canvas, renderer = figure.bbox, FigureCanvasAgg(figure).get_renderer()
    labels = [*figure.texts, *figure.axes[0].texts, *figure.axes[0].get_yticklabels()]
    for label in labels:
        box = label.get_window_extent(renderer)
        assert canvas.x0 <= box.x0 and box.x1 <= canvas.x1, label.get_text()


def test_the_bars_lead_to_the_margin():
    race = reasons.RaceAsked(labsim.load("five-calculators"), 0, 0, {}, None, 0)
    for position in decisions(8, seed=13):
        bars = steps(reasons.explain(race, position))
        assert bars[-1][2] == position.made.margin
        assert bars[-2][2] == pytest.approx(position.made.margin, abs=6e-4)
        assert all(before[2] == after[1] for before, after in itertools.pairwise(bars[:-1]))
