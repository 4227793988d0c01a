"""What each preset does to a race, under the same luck: direction and interval."""

from functools import cache

import numpy as np
import pytest

import labsim
from labsim.engines import ensemble
from labsim.model import outcomes
from labsim.runs.summary import Summary
from labsim.scenario.presets import SCENARIO_FAMILIES, presets
from tests import lacks

REPLICATIONS = 128
BASE = "hassabis-baseline"


@cache
def final(changes=(), loop=None):
    """The last weeks of the baseline's races with these changes, all labs with this loop."""
    values = dict(changes) | (dict(presets("loops")[loop].values) if loop else {})
    return ensemble.simulate(labsim.load(BASE).with_(values), 0, REPLICATIONS, 3)


def effect(outcome, changes=(), loop=None, against=()):
    """(mean, se) of the paired difference."""
    measure = getattr(outcomes, outcome)
    difference = Summary.of(measure(final(tuple(changes), loop)) - measure(final(tuple(against))))
    return difference.mean, difference.se


def of(name):
    """What a policy or commitment sets."""
    return tuple(next(family[name] for family in map(presets, SCENARIO_FAMILIES) if name in family).values.items())


@pytest.mark.parametrize(
    ("name", "outcome", "sign"),
    [
        ("rsp-v2", "catastrophe", -1), ("rsp-v2", "race_weeks", 1),
        ("rsp-v3", "catastrophe", -1), ("fsf-v3", "catastrophe", -1),
        ("tripwires", "catastrophe", -1), ("tripwires", "race_weeks", 1),
        ("cross-model-audit", "undetected_regressions", 0), ("cross-model-audit", "catastrophe", -1),
        ("sandbox-gate", "catastrophe", -1), ("sandbox-gate", "race_weeks", 1),
        ("guide-four", "catastrophe", -1), ("guide-four", "race_weeks", 1),
        ("eu-ai-act-art-51", "closed_share", -1), ("eu-ai-act-art-51", "catastrophe", -1),
        ("five-proposals", "closed_share", -1), ("speed-limit", "race_weeks", 1),
        ("sb-53", "closed_share", 0), ("raise", "closed_share", 0),  # a million dollars is nothing beside the prize
        ("preparedness", "race_weeks", 0),  # somebody is always seen without a human before progress is fivefold
    ],
)  # fmt: skip
def test_a_policy_or_commitment_moves_the_baseline_this_way(name, outcome, sign):
    mean, se = effect(outcome, of(name))
    if sign:
        assert sign * mean > 4 * se
    else:
        assert abs(mean) <= max(3 * se, 1e-3)


def test_the_promise_to_pause_avoids_more_harm_than_the_promise_to_report():
    mean, se = effect("catastrophe", of("rsp-v2"), against=of("rsp-v3"))
    assert mean < -4 * se


def test_the_adjustment_clause_undoes_a_commitment_where_rivals_close():
    binding = {**dict(of("preparedness")), "safeguards.acceleration_threshold.adjusts": "no"}
    mean, se = effect("catastrophe", tuple(binding.items()), against=of("preparedness"))
    assert mean < -4 * se


@pytest.mark.parametrize(
    ("loop", "outcome", "sign"),
    [
        ("evolver", "race_weeks", 1), ("scaffold-rewriter", "race_weeks", -1),
        ("alignment-researcher", "catastrophe", -1), ("alignment-researcher", "race_weeks", 1),
        ("self-play", "catastrophe", 1), ("automl-chain", "race_weeks", 1), ("agentic", "catastrophe", 1),
        ("self-rewriter", "race_weeks", -1), ("self-rewriter", "undetected_regressions", 1),
        ("self-builder", "race_weeks", -1), ("constitutional", "catastrophe", -1),
        ("codebase", "race_weeks", 1), ("science-pipeline", "race_weeks", 1), ("robotics", "race_weeks", 1),
        ("infra-optimiser", "race_weeks", 1), ("paper-mill", "undetected_regressions", 1),
    ],
)  # fmt: skip
def test_a_loop_changes_the_race_this_way(loop, outcome, sign):
    mean, se = effect(outcome, loop=loop)
    assert sign * mean > 3 * se, (mean, se)


def test_every_loop_policy_and_commitment_has_its_case():
    cases = {
        "policies": test_a_policy_or_commitment_moves_the_baseline_this_way,
        "commitments": test_a_policy_or_commitment_moves_the_baseline_this_way,
        "loops": test_a_loop_changes_the_race_this_way,
    }
    lacks.none_of(
        f"{name} in presets/{family}.toml: needs a case of {test.__name__}, tests/scenario/test_preset_cases.py"
        for family, test in cases.items() for name in set(presets(family)) - set(lacks.cases_of(test))
    )  # fmt: skip
    known = {name for family in cases for name in presets(family)}
    named = {name for test in cases.values() for name in lacks.cases_of(test)}
    lacks.none_of(f"{name}: has a case and is no preset of scenarios/presets/" for name in named - known)


@pytest.mark.parametrize(
    ("archetype", "other", "outcome"),
    [
        ("frontier-first", "platform-partner", "won"), ("deep-research", "open-community", "won"),
        ("late-racer", "safety-first", "closed_weeks"), ("open-release", "platform-partner", "closed_weeks"),
    ],
)  # fmt: skip
def test_archetypes_differ_in_the_same_race(archetype, other, outcome, tmp_path):
    path = tmp_path / "two.toml"
    entries = [f"[[lab]]\nname = '{k} {name}'\narchetype = '{name}'" for name in (archetype, other) for k in (1, 2)]
    path.write_text("\n".join(entries), encoding="utf-8")
    agents = [labsim.Race(labsim.load(path), seed=3, replication=r) for r in range(12)]
    values = []
    for race in agents:
        race.run()
        labs = [getattr(lab, outcome) for lab in race.labs]
        values.append(sum(labs[:2]) - sum(labs[2:]))
    assert np.mean(values) > 0
