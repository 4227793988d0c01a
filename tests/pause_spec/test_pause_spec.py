"""A pause specification as a file: checked, obeyed, scored, rendered."""

import dataclasses
import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import labsim
from labsim.cli.main import main
from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.model.outcomes import LAB_PLACE, labelled
from labsim.pause_spec import score as pause_spec_score
from labsim.pause_spec.file import (
    CONDITIONS,
    RULE,
    load_specification,
    shipped_specifications,
    specification,
    who_obeys,
)  # fmt: skip
from labsim.pause_spec.report import MEASURES, OBEYED, PEOPLE, SECTIONS, STANDING, document, hangs_on, holds, remarks
from labsim.pause_spec.score import LATER, SILENT, Share, own_harm, paused_weeks, rivals_ahead, score, weeks_later

BASE = labsim.load("hassabis-baseline")
BLIND = labsim.load("five-calculators").with_({"evaluators.number": 0})  # nobody looks from outside
MINIMAL = "[pause_when]\ngap = 2.0\n"


def spec(**conditions):
    return specification("made", {"pause_when": conditions})


def final(made, scenario=BASE, labs=(0,), only=None, count=40):
    return ensemble.simulate(made.obeyed_by(scenario, labs, only), 0, count, 0)


@pytest.fixture(scope="module")
def small():
    return score(load_specification("rsi-cycle"), BASE, replications=100)


@pytest.fixture
def labsim_cli(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder with a file spec.toml: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*options, content=None):
        if content is not None:
            Path("spec.toml").write_text(content, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["labsim", "pause-spec", *map(str, options)])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code, *capsys.readouterr()

    return run


# --- the file


def test_the_shipped_specification_says_where_each_number_comes_from():
    assert list(shipped_specifications()) == ["rsi-cycle"]
    result = load_specification("rsi-cycle")
    assert (result.conditions["gap"], result.conditions["evaluator_age"]) == (2.0, 10.0)
    assert set(result.sources) == {"danger", "weeks", *result.conditions}
    tables = {table for _, table, _ in SECTIONS} | {"pause_when"}
    assert {table for table, _ in result.texts} == tables


def test_what_is_left_out_is_off():
    values = spec(evaluator_age=3).values()
    assert values[f"{RULE}.evaluator_age"] == 3.0 and values[f"{RULE}.gap"] == 1e100
    assert all(values[f"{RULE}.{name}"] is None for name in CONDITIONS if name not in ("gap", "evaluator_age"))
    assert (values[f"{RULE}.start"], values[f"{RULE}.weeks"], values[f"{RULE}.danger"]) == (0, 2.0, 1.0)


def test_it_replaces_what_a_lab_bound_itself_to_and_leaves_other_labs_alone():
    bound = BASE.with_({f"{RULE}.start": 5, f"{RULE}.exposure": 0.1})
    labs = spec(gap=3).obeyed_by(bound, (1,)).all_labs
    assert labs[1].values[f"{RULE}.exposure"] is None and labs[1].values[f"{RULE}.gap"] == 3.0
    assert [lab.values for lab in labs if lab.name != "Cedar"] == [
        lab.values for lab in BASE.all_labs if lab.name != "Cedar"
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[pause_when]\ngap = -1\n", "pause_when.gap = -1: must be a number from 0 to 1e+100 C"),
        ("[pause_when]\nunheld = 2\n", "pause_when.unheld = 2: must be a number from 0 to 1"),
        ("[pause_when]\ngap = '2'\n", "pause_when.gap = '2': must be a number"),
        ("[pause_when]\ngap = nan\n", "pause_when.gap = nan: must be a number"),
        ("[pause_when]\nevaluater_age = 3\n", "'pause_when.evaluater_age'; did you mean 'evaluator_age'?"),
        (MINIMAL + "[review]\nweeks = 600\n", "review.weeks = 600: must be a number from 0 to 520 weeks"),
        (MINIMAL + "[review]\njob = 'read'\n", "unknown key 'review.job'; did you mean 'jobs'?"),
        (MINIMAL + "[review]\njobs = [1]\n", "review.jobs = [1]: must be a text, or a list of texts"),
        (MINIMAL + "[review]\njobs = []\n", "review.jobs = []: must be a text, or a list of texts"),
        (MINIMAL + "danger = 1.0\n", "unknown key 'pause_when.danger'; it belongs above the first table"),
        ("danger = 30\n" + MINIMAL, "danger = 30: must be a number from 0 to 20 log"),
        ("title = 3\n" + MINIMAL, "title = 3: must be a text"),
        ("scope = 'all'\n" + MINIMAL, "scope = 'all': must be a table [scope]"),
        ("[pause_wen]\ngap = 2\n", "unknown key 'pause_wen'; did you mean 'pause_when'?"),
        (MINIMAL + "[sources]\ngapp = 'me'\n", "unknown key 'sources.gapp'; did you mean 'gap'?"),
        ("[pause_when]\n", "[pause_when] has no condition: needs at least one of gap, exposure"),
        ("", "[pause_when] has no condition"),
        ("gap = = 2", "not valid TOML"),
    ],
)
def test_mistakes_in_a_file_end_in_one_line_and_write_nothing(content, says, labsim_cli):
    code, printed, error = labsim_cli("spec.toml", "--out", "page.md", content=content)
    assert (code, printed) == (2, "")
    assert says in error and "spec.toml" in error and error.count("\n") == 1
    assert not Path("page.md").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("rsi-cyle",), "no pause specification 'rsi-cyle': neither a shipped name (rsi-cycle) nor a file; did you"),
        (("rsi-cycle", "--lab", "Birsh"), "no lab 'Birsh' in 'hassabis-baseline': must be one of Birch, Cedar"),
        (("rsi-cycle", "--lab", "Birch", "--all"), "either one lab obeys or all do"),
        (("rsi-cycle", "--out", "page.txt"), "must end in .md"),
        (("rsi-cycle", "--scenario", "hasabis"), "no scenario 'hasabis'"),
        (("rsi-cycle", "--engine", "steam"), "--engine steam: must be one of"),
        (("rsi-cycle", "--toml", "--json"), "--toml: prints the file itself"),
    ],
)
def test_mistakes_on_the_command_line_are_named(options, says, labsim_cli):
    code, printed, error = labsim_cli(*options)
    assert (code, printed) == (2, "") and says in error and error.count("\n") == 1


def test_toml_prints_a_file_that_loads_again(labsim_cli):
    code, printed, _ = labsim_cli("rsi-cycle", "--toml")
    Path("mine.toml").write_text(printed, encoding="utf-8")
    mine, theirs = load_specification("mine.toml"), load_specification("rsi-cycle")
    assert code == 0 and mine.values() == theirs.values() and mine.texts == theirs.texts


# --- what it does and what that is worth


def test_one_that_never_fires_changes_no_bit_and_counts_the_dangers():
    plain, silent = ensemble.simulate(BASE, 0, 40, 0), final(spec(gap=2.0), only=SILENT)
    assert np.array_equal(plain.race_state, silent.race_state)
    others = [place for name, place in LAB_PLACE.items() if name != "pauses_missed"]
    assert np.array_equal(plain.lab_states[:, :, others], silent.lab_states[:, :, others])
    assert silent.labs("pauses_missed")[:, 0].sum() > 0 and silent.labs("pauses_missed")[:, 1:].sum() == 0


def test_one_that_never_fires_scores_nothing():
    scores = score(spec(gap=1e100), BASE, replications=20)
    assert scores.levels["needed"].high == scores.levels["needless"].high == scores.levels["paused_weeks"].high == 0.0
    assert all(gap.low == gap.high == 0.0 for gap in scores.differences.values())
    assert scores.shares["precision"].share is None and scores.shares["recall"].share == 0.0
    assert "Never fires in these races, even alone: gap." in remarks(scores)


def test_one_that_always_fires_pauses_after_every_cycle_and_costs_weeks():
    always = spec(unexamined=0)
    last = final(always, BLIND)
    pauses = (last.labs("pauses_needed") + last.labs("pauses_needless"))[:, 0]
    assert set(last.labs("cycles")[:, 0] - pauses) <= {0.0, 1.0}  # the last week's cycle has no week after it
    scores = score(always, BLIND, replications=40)
    assert scores.levels["missed"].high == 0.0 and scores.shares["recall"].share in (1.0, None)
    assert scores.differences[LATER].low > 0.0 and scores.differences["cycles"].mean < 0.0
    assert scores.levels["paused_weeks"].mean > 10.0


@pytest.mark.parametrize("weeks", [2, 1.5, 0])
def test_paused_weeks_are_those_of_the_race_week_by_week(weeks):
    made = specification("made", {"pause_when": {"gap": 1.0}, "review": {"weeks": weeks}})
    last, _, labs = ensemble.trace(made.obeyed_by(BASE, (0,)), 0, 20, 0, ("paused",))
    assert np.array_equal(np.nansum(labs[:, :, :, 0], axis=1), paused_weeks(last, weeks))


def test_where_a_pause_takes_no_time_a_lower_threshold_never_gives_fewer_pauses():
    """Elsewhere it may: a pause changes the race that comes after it."""

    def counts(gap):
        made = specification("made", {"pause_when": {"gap": gap}, "review": {"weeks": 0}})
        return [final(made).labs(f"pauses_{what}")[:, 0] for what in ("needed", "needless", "missed")]

    result = [counts(gap) for gap in (0.5, 1.0, 2.0, 4.0, 8.0)]
    for (needed, needless, missed), (fewer, less, more) in pairwise(result):
        assert (needed >= fewer).all() and (needless >= less).all() and (missed <= more).all()
        assert np.array_equal(needed + missed, fewer + more)


def test_harm_of_the_labs_own_making_adds_up_to_all_harm():
    last = ensemble.simulate(BASE, 0, 40, 0)
    assert -np.log1p(-own_harm(last)).sum(axis=1) == pytest.approx(last.race("hazard_run"), rel=1e-9)
    assert (rivals_ahead(last)[last.labs("won") == 1.0] == 0.0).all()


def test_weeks_later_looks_at_the_last_cycle_that_both_complete():
    nan = np.nan
    slow = np.array([[0.0, 1.0, 1.0, 2.0, 2.0, 3.0], [0.0, 0.0, 0.0, nan, nan, nan]])[:, :, None]
    fast = np.array([[1.0, 2.0, nan, nan, nan, nan], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]])[:, :, None]
    assert weeks_later(slow, fast).tolist() == [2.0, 0.0]
    assert weeks_later(fast, slow).tolist() == [-2.0, 0.0]


def test_shares_stay_within_0_and_1_and_are_never_certain():
    half = Share.of(np.array([1.0, 0.0, 2.0, 1.0]), np.array([0.0, 1.0, 2.0, 1.0]))
    assert half.share == 0.5 and 0.0 < half.low < 0.5 < half.high < 1.0
    every = Share.of(np.ones(10), np.zeros(10))
    assert every.share == every.high == 1.0 and every.low == pytest.approx(1 / (1 + 1.96**2 / 10))  # Wilson
    assert Share.of(np.zeros(3), np.zeros(3)).as_dict() == {"share": None, "low": None, "high": None, "n": 0}


def test_each_line_alone_is_a_specification_of_its_own(small):
    alone = score(spec(gap=2.0), BASE, replications=100)
    line = small.lines["gap"]["alone"]
    assert (line["needed"].mean, line["missed"].mean) == (alone.levels["needed"].mean, alone.levels["missed"].mean)
    assert line["harm_avoided"].mean == pytest.approx(-alone.differences["catastrophe"].mean, abs=1e-15)
    only = alone.lines["gap"]
    assert {k: s.mean for k, s in only["alone"].items() if "harm" in k} == {
        k: s.mean for k, s in only["adds"].items() if "harm" in k
    }


def test_chunks_and_engines_change_no_number():
    made = spec(gap=1.0, evaluator_age=3)
    fast, mesa = (score(made, BASE, (1, 3), 3, 5, engine).as_dict() for engine in ("ensemble", "mesa"))
    assert (fast.pop("engine"), mesa.pop("engine")) == ("ensemble", "mesa")
    assert fast == mesa


def test_who_obeys():
    assert who_obeys(BASE) == (0,) and who_obeys(BASE, "Alder") == (4,)
    assert who_obeys(BASE, everyone=True) == (0, 1, 2, 3, 4)


# --- words, document, command


def test_the_document_has_every_section_and_says_what_is_obeyed(small):
    text = document(small, "labsim pause-spec rsi-cycle")
    result, place = small.spec, 0
    headings = [heading for heading, _, _ in SECTIONS]
    for heading in [headings[0], "Pause when any of these holds after a cycle", *headings[1:], "How it scores"]:
        place = text.index(f"## {heading}", place)
    assert text.count(f"\n{OBEYED}") == 2 and text.count(f"\n{PEOPLE}") == len(SECTIONS) + 1
    assert all(line in text for lines in result.texts.values() for line in lines)
    assert all(f"| `{name}` | {holds(name, value)} |" in text for name, value in result.conditions.items())
    assert "measured gap C - A above 2 C" in text and "Off: `exposure`" in text
    assert all(labelled(*measure) in text for measure in MEASURES.values()) and "nan" not in text
    assert "A model for reasoning about incentives. Not a forecast." in text and labsim.__version__ in text
    assert remarks(small)[0].startswith("With this spec, Birch would have paused")


def test_it_says_what_the_worth_of_a_pause_hangs_on(small):
    other = dataclasses.replace(small, scenario=small.scenario.with_({"cycle.pause_gain": 0.01}))
    for one, value in ((small, "0.0208"), (other, "0.01")):
        text = hangs_on(one)
        assert f"adds {value} log to alignment (cycle.pause_gain: assumption, likely 0.005 to 0.04)" in text
        assert text in document(one, "")


def test_what_a_file_does_not_say_is_said_to_be_missing():
    text = document(score(spec(gap=2.0), BASE, replications=2), "labsim pause-spec made.toml")
    assert text.startswith("# made\n") and text.count("Not specified.") == sum(len(keys) for _, _, keys in SECTIONS)
    assert "| `gap` | measured gap C - A above 2 C | assumption |" in text


def test_the_command_prints_and_writes(labsim_cli, monkeypatch):
    options = ("spec.toml", "--lab", "Cedar", "--replications", 4, "--seed", 3, "--set", "race.weeks=100")
    code, printed, _ = labsim_cli(*options, "--out", "page.md", content=MINIMAL)
    assert code == 0 and "With this spec, Cedar would have paused" in printed and "Written: page.md" in printed
    assert max(map(len, printed.splitlines())) <= 80
    again = "labsim pause-spec spec.toml --scenario hassabis-baseline --lab Cedar --set race.weeks=100 "
    assert again + "--replications 4 --seed 3 --out page.md" in Path("page.md").read_text(encoding="utf-8")


def test_json_is_one_value_with_the_promised_shape(labsim_cli):
    code, printed, error = labsim_cli("rsi-cycle", "--replications", 3, "--json")
    content = json.loads(printed, parse_constant=pytest.fail)
    assert (code, error) == (0, "")
    assert list(content) == [
        "specification", "title", "conditions", "weeks", "danger", "scenario", "labs", "seed", "replications",
        "engine", "score", "without", "differences", "shares", "lines",
    ]  # fmt: skip
    assert (content["labs"], content["seed"], content["replications"]) == (["Birch"], 0, 3)
    assert set(content["differences"]) == set(MEASURES) and set(content["score"]) == set(MEASURES) - {LATER}
    assert all(set(value) == {"mean", "se"} for value in content["differences"].values())
    assert set(content["shares"]["recall"]) == {"share", "low", "high", "n"}
    for line in content["lines"].values():
        assert set(line["alone"]) == set(line["adds"]) == {
            "needed", "needless", "missed", "harm_avoided", "own_harm_avoided",
        }  # fmt: skip


def test_where_all_obey_nobody_is_passed(labsim_cli):
    code, printed, _ = labsim_cli("rsi-cycle", "--all", "--replications", 4)
    assert code == 0 and "With this spec, each lab would have paused" in printed
    assert not [words for name, (words, _) in MEASURES.items() if name in STANDING and words in printed]


def test_a_stop_ends_it():
    stop = Stop.new()
    with pytest.raises(KeyboardInterrupt):
        score(spec(gap=2.0), BASE, replications=500, jobs=1, progress=lambda p: stop.set(), stop=stop)


def test_an_interruption_leaves_no_file(labsim_cli, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(pause_spec_score, "score", interrupted)
    code, printed, _ = labsim_cli("rsi-cycle", "--out", "page.md")
    assert (code, printed) == (130, "") and not list(Path().iterdir())
