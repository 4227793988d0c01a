"""The order of one week. Read this first.

Each step is a kind and a rule, a plain function. The kind says for what the engine calls it, and
with which arguments; both engines, Mesa and ensemble, walk these same tuples.

The law of rules: a rule reads its lab, the race and the parameters and writes only its lab; tallies
and race rules write only the race; a pair rule writes only its own lab and reads of the other what
is published. So the order of labs cannot matter. Draws of a cycle are keyed by the lab's cycle
number, draws of the world by the week: the same edit has the same luck whatever the pace.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labsim.model.between_cycles import audit, regress, restrain
from labsim.model.competition import (
    absorb,
    add_appeal,
    ask_for_permits,
    count_members,
    earn_compute,
    find_best_appeal,
    hear,
    open_week,
    publish,
    sum_up,
    trade_permits,
)  # fmt: skip
from labsim.model.earnings import add_offer, earn, lose_everything, near_the_finish, offer, time_the_finish
from labsim.model.evaluators import begin_evaluator, end_round, examine, keep_up, respond
from labsim.model.events import EVENTS
from labsim.model.finish import (
    add_finish_hazard,
    call_the_finish,
    close_week,
    come_in,
    count_winners,
    enter_contest,
    pool_prizes,
    settle,
    share_out,
    share_prize,
    survive_the_contest,
    survive_the_finish,
)  # fmt: skip
from labsim.model.governance import RULES
from labsim.model.harm import add_hazard, bear_ruin, run_hazard, survive
from labsim.model.orders import clear_news, clear_orders, inspect, obey, relocate
from labsim.model.returns import return_on_research
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.self_improvement import (
    full_review,
    improve,
    improve_by_fixed_rates,
    read_own_gap,
    review,
    work_on_cycle,
)  # fmt: skip
from labsim.model.start import begin_lab, begin_race
from labsim.model.strategies import (
    STRATEGIES,
    look_around,
    make_first_move,
    open_ledger,
    settle_oversight,
    size_up_pace,
    size_up_risk,
)  # fmt: skip


class Kind(StrEnum):
    """The kind of a step: how its rule is called, and for what."""

    signature: str
    called_for: str

    LAB = "lab", "rule(lab, race, p, key)", "each lab, each week"
    CYCLE = "cycle", "rule(lab, race, p, key)", "each lab whose cycle completed this week"
    CYCLE_PAIR = "cycle_pair", "rule(lab, other, weight, p, key)", "the same, once for each other lab"
    PAIR = "pair", "rule(lab, other, weight, p, key)", "each lab and each other lab"
    TALLY = "tally", "rule(lab, race, p)", "each lab; adds to the race"
    RACE = "race", "rule(race, p, key)", "the race, once"
    EVALUATOR = "evaluator", "rule(evaluator, race, p, key)", "each evaluator"
    EXAMINATION = (
        "examination", "rule(evaluator, lab, race, p, key)", "each evaluator whose report is due and each lab",
    )  # fmt: skip
    DECIDE = "decide", "strategy(lab, race, p, key)", "each lab whose cycle completed: its strategy's wish"
    # registries of what can be in force; the paths of its parameters begin with these words
    EVENT = "events", "rule.act(rule, lab, race, key)", "each lab, while the event lasts"
    SAFEGUARD = "safeguards", "rule.act(rule, lab, race, key)", "each lab that has it in force"
    GOVERNANCE = "governance", "rule.act(rule, lab, race, key)", "each lab, while the rule is in force there"

    def __new__(cls, word: str, signature: str, called_for: str) -> "Kind":
        """A kind is its word; `signature` and `called_for` go with it."""
        kind = str.__new__(cls, word)
        kind._value_, kind.signature, kind.called_for = word, signature, called_for
        return kind


(
    LAB, CYCLE, CYCLE_PAIR, PAIR, TALLY, RACE, EVALUATOR, EXAMINATION, DECIDE, EVENT, SAFEGUARD, GOVERNANCE,
) = Kind  # fmt: skip

# What a key of a replication is derived for; then AT_START once, BY_WEEK or BY_CYCLE with a counter.
RACE_STREAM, LAB_STREAM, EVALUATOR_STREAM = 1, 2, 3
AT_START, BY_WEEK, BY_CYCLE = 1, 2, 3
# Keys of rules in force begin here, those of pairs (by the other lab's id) below.
RULE_KEYS: dict[str, int] = {GOVERNANCE: 1000, SAFEGUARD: 2000, EVENT: 3000}

START = (
    (RACE, begin_race),
    (LAB, begin_lab),
    (EVALUATOR, begin_evaluator),
)

PARTS: dict[str, tuple] = {  # of the week: what each is, and its steps
    "1 survey: what each lab can see of the others, what evaluators can see": (
        (EVALUATOR, keep_up),
        (RACE, open_week),
        (LAB, publish),
        (TALLY, count_members),
    ),
    "2 what is in force: orders are cleared, then only tightened": (
        (LAB, clear_news),
        (LAB, clear_orders),
        (EVENT, EVENTS),
        (SAFEGUARD, SAFEGUARDS),
        (GOVERNANCE, RULES),
        (LAB, obey),
    ),
    "3 external evaluation": (
        (EXAMINATION, examine),
        (EVALUATOR, end_round),
    ),
    "4 self-improvement": (
        (LAB, full_review),
        (LAB, work_on_cycle),
        (LAB, near_the_finish),
        (TALLY, time_the_finish),
        (LAB, offer),
        (TALLY, add_offer),
        (LAB, earn),
        (CYCLE, review),
        (CYCLE, return_on_research),
        (CYCLE, improve),
        (CYCLE, improve_by_fixed_rates),
        (CYCLE, restrain),
        (CYCLE, regress),
        (CYCLE, audit),
        (CYCLE, read_own_gap),
    ),
    "5 response to findings": (
        (LAB, respond),
    ),
    "6 oversight decision": (
        (CYCLE, open_ledger),
        (CYCLE_PAIR, size_up_pace),
        (CYCLE_PAIR, size_up_risk),
        (CYCLE_PAIR, look_around),
        (DECIDE, STRATEGIES),
        (CYCLE, make_first_move),
        (CYCLE, settle_oversight),
        (CYCLE, relocate),
    ),
    "7 ideas": (
        (PAIR, hear),
        (LAB, absorb),
    ),
    "8 market and compute": (
        (TALLY, find_best_appeal),
        (TALLY, add_appeal),
        (LAB, earn_compute),
        (TALLY, ask_for_permits),
        (LAB, trade_permits),
    ),
    "9 inspection and sanctions": (
        (LAB, inspect),
    ),
    "10 hazard, incidents": (
        (LAB, run_hazard),
        (TALLY, add_hazard),
        (RACE, survive),
        (LAB, bear_ruin),
        (TALLY, sum_up),
    ),
    "11 finish line, payoffs": (
        (TALLY, come_in),
        (RACE, call_the_finish),
        (LAB, enter_contest),
        (TALLY, count_winners),
        (TALLY, add_finish_hazard),
        (RACE, survive_the_finish),
        (LAB, share_prize),
        (LAB, survive_the_contest),
        (LAB, lose_everything),
        (TALLY, pool_prizes),
        (LAB, share_out),
        (LAB, settle),
        (RACE, close_week),
    ),
}
WEEK = tuple(step for steps in PARTS.values() for step in steps)


@dataclass(frozen=True)
class Again:
    """Steps that run again for each lab that asks for it, at most so often in a week.

    The first time they run for every lab, then for those whose quantity `asks` is not 0. They are steps of labs and of
    completed cycles; `steps` are entries of the week.
    """

    steps: tuple
    asks: str
    at_most: int


@dataclass(frozen=True)
class Block:
    """Where a block of repeated steps stands in the week: from one rule to another."""

    first: Callable
    last: Callable
    asks: str
    at_most: int


BLOCKS: tuple[Block, ...] = (  # a cycle's end and the decision after it: once a week
    Block(first=review, last=relocate, asks="completed", at_most=1),
)
REPEATABLE = (LAB, CYCLE, CYCLE_PAIR, DECIDE)


def walk(week: Iterable[tuple] = WEEK, blocks: Iterable[Block] = BLOCKS) -> tuple:
    """The week's steps as engines walk them: each block of repeated steps is one entry, an `Again`.

    Raises ValueError where a block holds a step that cannot be repeated for one lab alone.
    """
    entries: list[Any] = list(week)
    for block in blocks:
        rules = [rule for _, rule in week]
        first, last = rules.index(block.first), rules.index(block.last)
        steps = entries[first : last + 1]
        for kind, rule in steps:
            if kind not in REPEATABLE:
                kinds = ", ".join(REPEATABLE)
                raise ValueError(f"{rule.__name__}, {kind}: a block repeats steps of the kinds {kinds} only")
        entries[first : last + 1] = [Again(tuple(steps), block.asks, block.at_most)]
        week = [step for entry in entries for step in (entry.steps if isinstance(entry, Again) else [entry])]
    return tuple(entries)


def imposed() -> list[tuple[str, str, type]]:
    """(kind, name, rule) of everything that can be in force, in the order of the week."""
    steps: tuple[tuple[str, Any], ...] = WEEK
    return [(kind, name, rule) for kind, rules in steps if kind in RULE_KEYS for name, rule in rules.items()]
