"""Expectations: blocks are read strictly, effects are judged by their interval, and the shipped claims hold."""

import dataclasses
import itertools
import json
import math
import shlex
import tomllib

import numpy as np
import pytest

import labsim
from labsim.checks.expectation_check import FAILED, INCONCLUSIVE, PASSED, check, judge, judge_label
from labsim.checks.two_process import race
from labsim.model.outcomes import GAMES
from labsim.runs.summary import Summary
from labsim.scenario import shipped
from labsim.scenario.changes import with_changes
from labsim.scenario.checked import CATALOGUE, ScenarioError
from labsim.scenario.expectations import OPEN, Wanted, expectations
from labsim.scenario.files import shipped_scenarios
from tests import lacks

KNOWN = shipped_scenarios()
LEVEL = {"claim": "There is harm.", "outcome": "catastrophe", "direction": "higher"}
CHANGED = LEVEL | {"against": "unchanged", "where": {"harm.rate": 0.02}}
CLAIMED = LEVEL | {"status": "contradicted", "finding": "None.", "found": {"direction": "none", "tolerance": 1.0}}


def effect(mean, se):
    """A summary with this mean and standard error: two numbers, as far apart as it takes."""
    return Summary.of(np.array([mean - se, mean + se]))


def of(block, scenario="five-calculators"):
    """The one expectation of a scenario with this block."""
    return expectations(dataclasses.replace(labsim.load(scenario), expect=(block,)), KNOWN)[0]


def found(*blocks, scenario="five-calculators", replications=20):
    """What these blocks come to."""
    world = dataclasses.replace(labsim.load(scenario), expect=blocks)
    return check([world], labsim.load, KNOWN, replications)


@pytest.mark.parametrize(
    ("test", "mean", "se", "verdict"),
    [
        (Wanted("higher"), 0.31, 0.1, PASSED), (Wanted("higher"), 0.29, 0.1, INCONCLUSIVE),
        (Wanted("higher"), -0.29, 0.1, INCONCLUSIVE), (Wanted("higher"), -0.31, 0.1, FAILED),
        (Wanted("higher"), 0.0, 0.0, FAILED),  # nothing happens at all
        (Wanted("lower"), -0.31, 0.1, PASSED), (Wanted("lower"), 0.31, 0.1, FAILED),
        (Wanted("lower"), 0.0, 0.0, FAILED),
        (Wanted("lower"), -0.29, 0.1, INCONCLUSIVE),
        (Wanted("higher", at_least=0.5), 0.51, 0.1, PASSED), (Wanted("higher", at_least=0.5), 0.49, 0.1, INCONCLUSIVE),
        (Wanted("higher", at_least=0.5), 0.19, 0.1, FAILED), (Wanted("lower", at_least=0.5), -0.51, 0.1, PASSED),
        (Wanted("lower", at_least=0.5), -0.19, 0.1, FAILED),
        (Wanted("higher", than=2.0), 2.31, 0.1, PASSED), (Wanted("higher", than=2.0), 1.69, 0.1, FAILED),
        (Wanted("lower", than=2.0), 1.69, 0.1, PASSED), (Wanted("lower", than=2.0), 2.1, 0.1, INCONCLUSIVE),
        (Wanted(value=0.0, tolerance=0.5), 0.19, 0.1, PASSED), (Wanted(value=0.0, tolerance=0.5), -0.19, 0.1, PASSED),
        (Wanted(value=0.0, tolerance=0.5), 0.3, 0.1, INCONCLUSIVE),
        (Wanted(value=0.0, tolerance=0.5), 0.81, 0.1, FAILED),
        (Wanted(value=0.0, tolerance=0.5), -0.81, 0.1, FAILED),
        (Wanted(value=0.0, tolerance=0.2), 0.0, 0.1, INCONCLUSIVE),
        (Wanted(value=2.0, tolerance=0.0), 2.0, 0.0, PASSED), (Wanted(value=2.0, tolerance=0.0), 2.1, 0.0, FAILED),
    ],
)  # fmt: skip
def test_an_effect_is_judged_by_three_standard_errors(test, mean, se, verdict):
    assert judge(test, effect(mean, se)) == verdict


def test_without_an_interval_nothing_is_decided():
    assert judge(Wanted("higher"), Summary.of(np.array([1.0]))) == INCONCLUSIVE
    assert judge(Wanted(value=0.0, tolerance=9.0), Summary.of(np.array([np.nan]))) == INCONCLUSIVE


def test_a_games_name_is_the_one_or_another_or_in_doubt():
    verdicts = {name: judge_label(Wanted(label="stag hunt"), name) for name in (*GAMES, "too close to call")}
    assert verdicts.pop("stag hunt") == PASSED and verdicts.pop("too close to call") == INCONCLUSIVE
    assert set(verdicts.values()) == {FAILED}


@pytest.mark.parametrize(
    ("claim", "instead", "verdict"),
    [
        ({"direction": "higher"}, {"direction": "lower"}, FAILED),  # the claim is true after all
        ({"direction": "lower"}, {"direction": "higher"}, PASSED),
        ({"direction": "lower"}, {"direction": "higher", "at_least": 0.99}, FAILED),  # contradicted, but not like this
        ({"value": 0.9, "tolerance": 0.01}, {"value": 0.186, "tolerance": 0.00001}, INCONCLUSIVE),
    ],
)
def test_a_contradicted_claim_passes_while_the_finding_stays(claim, instead, verdict):
    block = {"claim": "x", "outcome": "catastrophe", "against": {"strategy": "keeper"}} | claim
    if "value" in claim:
        block |= {"where": {"strategy": "keeper"}}
        del block["against"]
    (it,) = found(block | {"status": "contradicted", "finding": "x", "found": instead})
    assert it.verdict == verdict


def test_an_open_claim_is_reported_and_never_fails():
    low, high = found(*(LEVEL | {"status": "open", "direction": d, "than": 0.1} for d in ("lower", "higher")))
    assert low.verdict == high.verdict == OPEN and low.effect.mean == high.effect.mean > 0


def test_a_difference_is_that_of_two_worlds_under_the_same_luck():
    a, b = (labsim.run(with_changes(labsim.load("five-calculators"), c), 20, sample=0).outcomes["catastrophe"]
            for c in ({}, {"harm.rate": 0.02}))  # fmt: skip
    (it,) = found(CHANGED)
    assert it.effect.mean == pytest.approx((b - a).mean(), abs=1e-15)
    assert it.effect.se == pytest.approx((b - a).sem(), abs=1e-15)


def test_twins_scenarios_labs_and_shares_of_races():
    run = labsim.run("five-calculators", 20, sample=0)
    other = labsim.run("hassabis-baseline", 20, sample=0)
    keep, base, share, delay = found(
        LEVEL | {"against": "all_keep"}, LEVEL | {"against": "hassabis-baseline"},
        LEVEL | {"outcome": "race_weeks", "beyond": 75.0}, LEVEL | {"outcome": "delay_cost"},
    )  # fmt: skip
    assert keep.effect.mean == pytest.approx(run.twins["all_keep"]["catastrophe"].mean, abs=1e-15)
    assert base.effect.mean == pytest.approx((run.outcomes["catastrophe"] - other.outcomes["catastrophe"]).mean())
    assert share.effect.mean == (run.outcomes["race_weeks"] > 75.0).mean()
    assert delay.effect.mean == run.summaries["delay_cost"].mean
    alone = {"strategy": "keeper", "Birch strategy": "closer"}
    shares = [
        found(LEVEL | {"outcome": "won", "lab": lab, "where": alone})[0].effect.mean for lab in ("Birch", "Cedar")
    ]
    assert shares[0] > 0.8 > 0.2 > shares[1]


def test_beside_is_the_difference_that_a_change_makes_to_a_difference():
    with_, without, it = found(
        CHANGED | {"where": {"harm.rate": 0.02, "harm.after": 2.0}, "against": {"harm.after": 2.0}}, CHANGED,
        CHANGED | {"beside": {"harm.after": 2.0}},
    )  # fmt: skip
    assert it.effect.mean == pytest.approx(with_.effect.mean - without.effect.mean, abs=1e-14)


def test_a_game_quantity_is_that_of_the_closure_game():
    from labsim.games.closure_game import play

    game = play(labsim.load("five-calculators"), "Cedar", 20)
    premium, label = found(
        LEVEL | {"outcome": "closure_premium", "lab": "Cedar"},
        {"claim": "x", "outcome": "label", "lab": "Cedar", "is": "stag hunt"},
    )
    assert premium.effect.mean == pytest.approx(game.closure_premium.mean, abs=1e-15)
    assert label.label == game.label_at(3.0)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"effect": 1}, "expect 1: unknown key 'effect'"), ({"claim": ""}, "claim = '': must be a text"),
        ({"outcome": "catastrophy"}, "did you mean 'catastrophe'"), ({"direction": "up"}, "one of higher, lower, none"),
        ({"direction": "none"}, "tolerance is missing"), ({"value": 1.0}, "exactly one of direction, value and is"),
        ({"is": "stag hunt"}, "needs exactly one of"), ({"tolerance": 0.1}, "tolerance: goes with value or none"),
        ({"at_least": -1}, "at_least = -1: must be at least 0"), ({"than": "two"}, "than = 'two': must be a number"),
        ({"against": "five-calculator"}, "did you mean 'five-calculators'"),
        ({"against": "all_keep", "than": 1.0}, "use 'at_least'"), ({"beside": {}}, "give 'against'"),
        ({"where": {"cycle.reviw": 1}}, "where: unknown parameter 'cycle.reviw'"),
        ({"where": {"cycle.review": 99}}, "where: cycle.review = 99"), ({"where": 3}, "must be a table of changes"),
        ({"where": {"Bitch strategy": "closer"}}, "did you mean 'Birch'"),
        ({"where": {"Birch strategy": "close"}}, "did you mean 'closer'"),
        ({"where": {"with": ["sb53"]}}, "did you mean 'sb-53'"),
        ({"where": "harm.rate=1"}, "where = 'harm.rate=1': must be a table of changes"),
        ({"against": "all_keep", "beside": "x"}, "beside = 'x': must be a table of changes"),
        ({"outcome": "catastrophe", "lab": "Birch"}, "is of the whole race: leave 'lab' out"),
        ({"outcome": "catastrophe", "than": 30}, "than = 30: is a share: must be from 0 to 1"),
        ({"outcome": "closed_share", "direction": "lower"}, "a share is never below 0"),
        ({"lab": "Oak"}, "one of"), ({"lab": "Oak", "outcome": "won"}, "lab = 'Oak': must be one of Birch"),
        ({"status": "true"}, "one of holds, contradicted, open"), ({"status": "contradicted"}, "each needs the other"),
        ({"found": {"direction": "lower"}}, "each needs the other"), ({"replications": 1}, "from 2 to 1,000,000"),
        ({"outcome": "label"}, "is: goes with outcome = 'label'"),
        ({"outcome": "closure_premium", "against": "all_keep"}, "has no twin"),
        (CLAIMED | {"finding": " "}, "finding = ' ': must be a text"),
        (CLAIMED | {"found": {"effect": 1}}, "found: unknown key 'effect'"),
        (CLAIMED | {"found": {"direction": "down"}}, "found: direction = 'down'"),
    ],
)  # fmt: skip
def test_a_faulty_block_is_named_with_key_value_and_what_is_allowed(block, words):
    with pytest.raises(ScenarioError, match=r"^expect 1: ") as error:
        of(LEVEL | block)
    assert words in str(error.value)


def test_a_game_needs_two_labs():
    with pytest.raises(ScenarioError, match="a game needs at least 2 labs"):
        of(LEVEL | {"outcome": "closure_premium"}, "two-process")


def test_a_file_with_a_faulty_block_is_not_loaded(tmp_path, cli):
    path = tmp_path / "mine.toml"
    path.write_text("question = 'x'\n[[expect]]\nclaim = 'x'\noutcome = 'payoff'\ndirection = 'up'\n")
    code, out, err = cli("check", str(path))
    assert (code, out) == (2, "")
    assert f"{path}, line 5: expect 1: direction = 'up': must be one of higher, lower, none" in err


def test_the_command_says_what_it_found_and_fails_only_for_what_failed(tmp_path, cli):
    path = tmp_path / "mine.toml"
    good = "[[expect]]\nclaim = 'All keep.'\noutcome = 'closers'\nwhere = {strategy = 'keeper'}\n"
    good += "value = 0\ntolerance = 0\n"
    path.write_text(f"base = 'five-calculators'\n{good}")
    code, out, _ = cli("check", str(path), "--replications", "4")
    assert code == 0 and "1 passed, 0 failed" in out and max(map(len, out.splitlines())) <= 80
    path.write_text(f"base = 'five-calculators'\n{good}{good.replace('value = 0', 'value = 1')}")
    code, out, err = cli("check", str(path), "--replications", "4", "--json")
    value = json.loads(out)
    assert code == 1 and err == ""
    assert [e["verdict"] for e in value["expectations"]] == ["passed", "failed"]
    assert value["failed"] == 1 and value["expectations"][1]["effect"]["mean"] == 0.0


def test_a_worldview_goes_with_any_scenario(cli):
    code, out, _ = cli("show", "speed-limit", "--with", "alarmed", "--with", "fast-take-off", "--json")
    values = json.loads(out)["values"]
    assert code == 0
    assert (values["harm.rate"], values["cycle.returns"], values["governance.rate_limit.min_weeks"]) == (0.03, 1.2, 5.5)
    code, _, err = cli("show", "speed-limit", "--with", "fast-take-off", "--with", "slow-take-off")
    assert code == 2 and "fast-take-off says cycle.returns = 1.2, slow-take-off says 0.7" in err


def test_claims_can_be_put_to_another_worldview(cli):
    (plain,), (alarmed,) = (
        json.loads(cli("check", "equal-rates", *words, "--replications", "2", "--json")[1])["expectations"][:1]
        for words in ((), ("--set", "cycle.rate_capability=1.2"))
    )
    assert alarmed["effect"]["mean"] > plain["effect"]["mean"] + 100


def test_the_exact_claims_of_two_process_are_those_of_the_race():
    gap = race(1.15, 1.08, 2.0, 20, 0.0, 1, 0)["gap"]
    values = [e.test.value for e in expectations(labsim.load("two-process"), KNOWN)[:4]]
    assert values == pytest.approx([11 * math.log(1.15 / 1.08), gap[10], gap[11], gap[20]], abs=1e-4)


@pytest.mark.parametrize("name", KNOWN)
def test_a_shipped_scenario_says_what_to_notice_what_to_try_and_what_it_expects(name):
    scenario = labsim.load(name)
    lacks.none_of(f"scenarios/{name}.toml: needs {what}" for what in wanting(name, scenario))
    from labsim.cli.main import COMMANDS

    for command in scenario.notes["try"].split(", labsim "):
        words = shlex.split(command.removeprefix("labsim "))
        assert words[0] in COMMANDS and all(word.partition("=")[0] in CATALOGUE for word in changes_in(words)), command


def wanting(name, scenario):
    """What a shipped scenario lacks."""
    if not scenario.title:
        yield "a title"
    if not scenario.question.endswith("?"):
        yield "a question, that ends with a question mark"
    yield from (f"'{key}' in [notes]" for key in ("what", "notice", "try") if not scenario.notes.get(key, "").strip())
    if "labsim " not in scenario.notes.get("try", "labsim "):
        yield "a command `labsim ...` in 'try' of [notes]"
    if len(scenario.expect) < 2:
        yield f"two claims, [[expect]]; has {len(scenario.expect)}"
    yield from (f"a line for '{key}' in [sources]" for key in unsourced(name))


def unsourced(name):
    """The numbers that the file of a shipped scenario sets and gives no source of; dates and constants need none."""
    content = tomllib.loads((shipped.folder("scenarios") / f"{name}.toml").read_text(encoding="utf-8"))
    tables = {group: table for group, table in content.items() if isinstance(table, dict)}
    own = [(f"{lab['name']} {path}", path) for lab in content.get("lab", []) for path in paths_in(lab)]
    return [
        key
        for key, path in [*((path, path) for path in paths_in(tables)), *own]
        if path in CATALOGUE and CATALOGUE[path].default is not None and CATALOGUE[path].kind != "constant"
        and key not in content.get("sources", {})
    ]  # fmt: skip


def paths_in(table, before=""):
    """The paths of the values in nested tables."""
    for key, value in table.items():
        yield from paths_in(value, f"{before}{key}.") if isinstance(value, dict) else [before + key]


def changes_in(words):
    """What --set changes in a command that changes the whole world."""
    return [value for option, value in itertools.pairwise(words) if option == "--set" and " " not in value]


@pytest.mark.slow  # the README's `labsim check` runs them all, in the default tests
def test_every_shipped_claim_is_what_the_model_says():
    checked = check([labsim.load(name) for name in KNOWN], labsim.load, KNOWN)
    assert [c.as_dict() for c in checked if c.verdict not in (PASSED, OPEN)] == []
    statuses = [c.expectation.status for c in checked]
    assert {"holds", "contradicted", "open"} == set(statuses) and statuses.count("contradicted") >= 5
