"""Whether a rule is ever in force: a start or a trigger, of the scenario or of one of its labs."""

import pytest

from labsim.engines import plan
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario

AUDIT, LIMIT = "safeguards.inter_cycle_audit", "governance.rate_limit"


@pytest.mark.parametrize(("rule", "changes", "own", "expect"), [  # ever, and whatever labs have of their own
    (LIMIT, {}, {}, (False, False)),
    (LIMIT, {f"{LIMIT}.min_weeks": 9}, {}, (False, False)),  # settings alone put nothing in force
    (LIMIT, {f"{LIMIT}.stop": 9}, {}, (False, False)),
    (LIMIT, {f"{LIMIT}.start": 0}, {}, (True, True)),
    (LIMIT, {f"{LIMIT}.trigger": 0.0}, {}, (True, True)),
    (AUDIT, {}, {f"{AUDIT}.start": 3}, (True, False)),
    (AUDIT, {f"{AUDIT}.start": 3}, {f"{AUDIT}.start": None}, (True, True)),  # the other lab has it
])  # fmt: skip
def test_a_start_or_a_trigger_puts_a_rule_in_force(rule, changes, own, expect):
    world = Scenario("world", labs=(LabSpec("a", values=own), LabSpec("b"))).with_paths(changes)
    assert (world.ever_in_force(rule), world.ever_in_force(rule, by_labs=False)) == expect
    walked = [f"{step.family}.{step.name}" for group in plan.groups_of(world) for step in group.members if step.family]
    assert walked == [rule] * expect[0]  # by the fast engine
