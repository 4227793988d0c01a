"""Which rules of the week a race needs.

Rules of the week that do nothing in a race are left out by both engines.

What carries out an order is needed where some rule that is ever in force gives it, rules of one's own
included; the names come from the rules themselves. The rest depends on a parameter.
"""

import operator
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from types import FunctionType

from labsim.model.between_cycles import audit, regress, restrain
from labsim.model.competition import ask_for_permits, count_members, trade_permits
from labsim.model.earnings import add_offer, earn, lose_everything, near_the_finish, offer, time_the_finish
from labsim.model.finish import (
    enter_contest,
    pool_prizes,
    share_out,
    survive_the_contest,
)  # fmt: skip
from labsim.model.orders import WHERE, clear_orders, inspect, relocate
from labsim.model.parameters import CYCLE_FORM, FINISH, FIRST_MOVE, RETURNS_FORM
from labsim.model.returns import return_on_research
from labsim.model.self_improvement import improve_by_fixed_rates
from labsim.model.strategies import make_first_move
from labsim.model.week import imposed
from labsim.scenario.checked import parts_of
from labsim.scenario.scenario import Scenario

# Rules of the week and the orders (or tallies) that they are there for.
CARRIES_OUT = {
    inspect: {"inspections", "tips"},
    restrain: {"pace", "largest_gain", "damping", "ceiling"},
    regress: {"regression_watch", "regression_alarm"},
    audit: {"auditor"},
    count_members: {"members", "seen_closed"},
    ask_for_permits: {"permits"},
    trade_permits: {"permits"},
    pool_prizes: {"sharing"},
    share_out: {"sharing"},
}


TESTS = {"==": operator.eq, "!=": operator.ne, ">": operator.gt}
# Rules of the week that do nothing unless one of these parameters (or patterns of paths) is so: (path, test, value).
SETTING: dict[Callable, tuple[tuple[str, str, float], ...]] = {
    return_on_research: (("cycle.returns", "!=", 1.0), ("cycle.returns_end", ">", 0.0),
                         ("cycle.returns_form", "!=", RETURNS_FORM.power)),
    improve_by_fixed_rates: (("cycle.form", "==", CYCLE_FORM.fixed),),
    regress: (("cycle.regression", ">", 0.0),),
    make_first_move: (("decision.first_move", "!=", FIRST_MOVE.own),),
    relocate: (("governance.*.where", "!=", WHERE.everywhere),),
    near_the_finish: (("race.finish_form", "==", FINISH.first_after_cycles),),
    time_the_finish: (("race.finish_form", "==", FINISH.first_after_cycles),),
    offer: (("competition.benefit", ">", 0.0),),
    add_offer: (("competition.benefit", ">", 0.0),),
    earn: (("competition.benefit", ">", 0.0), ("decision.oversight_cost", ">", 0.0)),
    enter_contest: (("race.finish_form", "==", FINISH.contest_after_cycles),),
    survive_the_contest: (("race.finish_form", "==", FINISH.contest_after_cycles),),
    lose_everything: (("harm.setback", ">", 0.0),),
}  # fmt: skip
ONLY_IF = (clear_orders, *dict.fromkeys([*CARRIES_OUT, *SETTING]))


def names_in(function: Callable) -> set[str]:
    """The names a function uses, of attributes and of globals, and those of the functions that it calls."""
    names = set(function.__code__.co_names)
    called = [function.__globals__.get(name) for name in function.__code__.co_names]
    return names.union(*(names_in(f) for f in called if isinstance(f, FunctionType) and f is not function))


def needed(scenario: Scenario, sampled: Collection[str] = ()) -> dict[Callable, bool]:
    """For each rule of `ONLY_IF`, whether the race needs it.

    `sampled` are paths whose values differ from replication to replication.
    """
    drawn = {parts_of(key)[1] for key in sampled}
    values: dict[str, set[float]] = {}
    for row in [scenario.rows(), *(scenario.lab_rows(lab) for lab in scenario.all_labs)]:
        for table, numbers in row.items():
            for name, value in numbers.items():
                values.setdefault(f"{table}.{name}", set()).add(value)

    def holds(tests: Collection[tuple[str, str, float]]) -> bool:
        return any(
            path in drawn or any(TESTS[test](own, value) for own in values[path])
            for pattern, test, value in tests
            for path in values
            if path == pattern or ("*" in pattern and fnmatchcase(path, pattern))
        )

    acts = [rule.act for kind, name, rule in imposed() if scenario.ever_in_force(f"{kind}.{name}")]
    given = set().union(*map(names_in, acts))
    answer = {rule: bool(CARRIES_OUT.get(rule, set()) & given) for rule in ONLY_IF} | {clear_orders: bool(acts)}
    return answer | {rule: answer[rule] or holds(tests) for rule, tests in SETTING.items()}
