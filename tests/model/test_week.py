"""Steps of the week: each rule takes what the kind of its step says."""

import inspect
import re

import pytest

from labsim.model import state
from labsim.model.governance import RULES
from labsim.model.week import START, WEEK, Kind
from tests.worlds import race

STEPS = [
    (kind, function)
    for kind, rule in (*START, *WEEK)
    for function in ([getattr(own, "act", own) for own in rule.values()] if isinstance(rule, dict) else [rule])
]


@pytest.mark.parametrize(("kind", "function"), STEPS, ids=[f"{kind}: {f.__qualname__}" for kind, f in STEPS])
def test_a_rule_takes_what_the_kind_of_its_step_says(kind, function):
    said = re.search(r"\((.*)\)", kind.signature)[1].split(", ")
    taken = list(inspect.signature(function).parameters)
    if said[0] == "rule":  # its own first argument has a name of its own: rule, safeguard, event
        said, taken = said[1:], taken[1:]
    assert taken == said


def test_every_kind_is_used_and_is_the_word_that_paths_begin_with():
    assert {kind for kind, _ in STEPS} == set(Kind)
    assert f"{Kind.GOVERNANCE}.rate_limit" == "governance.rate_limit"
    assert all(kind.called_for for kind in Kind)


LAST_WEEK = ("completed", "incident", "hazard", "measured", "oversight", "edit_capability")  # as it was left
COUNTED = ("members", "seen_closed")  # in part 1


def test_a_rule_acts_before_anything_is_built_and_finds_what_last_week_left(monkeypatch):
    """As docs/how-to/rule.md says it."""
    seen = []

    def act(rule, lab, race, key):
        own = {name: getattr(lab, name) for name in (*LAST_WEEK, *state.cleared(state.LabState))}
        seen.append((own, {name: getattr(race, name) for name in (*COUNTED, *state.cleared(state.RaceState))}))

    monkeypatch.setattr(RULES["rate_limit"], "act", act)
    changes = {
        "governance.rate_limit.start": 0, "governance.treaty.start": 0,
        "harm.incident_factor": 1000.0, "harm.rate": 0.05,
    }  # fmt: skip
    world, left = race(changes, still=False), []
    for _ in range(60):
        world.step()
        left.append({name: getattr(world.labs[0], name) for name in LAST_WEEK})
    assert {step["completed"] for step in left} == {step["incident"] for step in left} == {0.0, 1.0}
    assert [{name: own[name] for name in LAST_WEEK} for own, _ in seen[1:]] == left[:-1]
    starts = [state.fields(kind) for kind in (state.LabState, state.RaceState)]
    for own, of_race in seen:
        assert all(own[name] == starts[0][name] for name in state.cleared(state.LabState))
        assert all(of_race[name] == starts[1][name] for name in state.cleared(state.RaceState) if name not in COUNTED)
    assert world.members == 1.0 == seen[-1][1]["members"]
