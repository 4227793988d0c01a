"""Steps of the week: each rule takes what the kind of its step says."""

import inspect
import re

import pytest

from labsim.model.week import START, WEEK, Kind

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
