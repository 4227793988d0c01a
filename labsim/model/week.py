"""The order of one week. Read this first.

Each step is a kind and a rule, a plain function. The kind says for what the engine calls it, and
with which key; both engines, Mesa and ensemble, walk these same tuples.

    LAB         rule(lab, race, p, key)            each lab, each week
    CYCLE       rule(lab, race, p, key)            each lab whose cycle completed this week
    CYCLE_PAIR  rule(lab, other, weight, p, key)   the same, once for each other lab
    PAIR        rule(lab, other, weight, p, key)   each lab and each other lab
    TALLY       rule(lab, race, p)                 each lab; adds to the race
    RACE        rule(race, p, key)                 once
    EVALUATOR   rule(evaluator, race, p, key)      each evaluator
    EXAMINATION rule(evaluator, lab, race, p, key) each evaluator whose report is due and each lab
    EVENT, SAFEGUARD, GOVERNANCE
                rule.act(rule, lab, race, key)     each rule of a registry that is in force, for each lab
    DECIDE      strategy(lab, race, p, key)        each lab whose cycle completed: its strategy's wish

The law of rules: a rule reads its lab, the race and the parameters and writes only its lab; tallies
and race rules write only the race; a pair rule writes only its own lab and reads of the other what
is published. So the order of labs cannot matter. Draws of a cycle are keyed by the lab's cycle
number, draws of the world by the week: the same edit has the same luck whatever the pace.
"""

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
from labsim.model.draws import LUCK, START_CAPABILITY, START_PROGRESS, TASTE, log, normal, uniform
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
from labsim.model.jurisdictions import relocate
from labsim.model.orders import WHERE, clear_news, clear_orders, inspect, obey
from labsim.model.parameters import CYCLE_FORM, FIRST_MOVE, JURISDICTION, START_FORM
from labsim.model.returns import return_on_research
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.self_improvement import (
    alignment_reading,
    full_review,
    improve,
    improve_by_fixed_rates,
    read_own_gap,
    review,
    selection,
    weeks_per_cycle,
    work_on_cycle,
)  # fmt: skip
from labsim.model.strategies import (
    STRATEGIES,
    alignment_ratio,
    look_around,
    make_first_move,
    open_ledger,
    settle_oversight,
    size_up_pace,
    size_up_risk,
)  # fmt: skip

LAB, CYCLE, CYCLE_PAIR, PAIR, TALLY, RACE, EVALUATOR, EXAMINATION, DECIDE = (
    "lab", "cycle", "cycle_pair", "pair", "tally", "race", "evaluator", "examination", "decide",
)  # fmt: skip
EVENT, SAFEGUARD, GOVERNANCE = "events", "safeguards", "governance"  # their paths begin with these words

# What a key of a replication is derived for; then AT_START once, BY_WEEK or BY_CYCLE with a counter.
RACE_STREAM, LAB_STREAM, EVALUATOR_STREAM = 1, 2, 3
AT_START, BY_WEEK, BY_CYCLE = 1, 2, 3
# Keys of rules in force begin here, those of pairs (by the other lab's id) below.
RULE_KEYS = {GOVERNANCE: 1000, SAFEGUARD: 2000, EVENT: 3000}

CLOSER, PLAYER = (float(list(STRATEGIES).index(name)) for name in ("closer", "player"))


def begin_race(race, p, key):
    """Week 0 of the race."""
    race.luck = uniform(key, LUCK)
    race.size = p.race.labs


def begin_lab(lab, race, p, key):
    """A lab at week 0: as aligned as it is capable, a human in every cycle, somewhere in its cycle."""
    draw = normal(key, START_CAPABILITY)
    if p.race.start_form == START_FORM.uniform:
        draw = uniform(key, START_CAPABILITY)
    elif p.race.start_form == START_FORM.equal:
        draw = 0.0
    lab.log_capability = lab.cycle.head_start + p.race.spread * draw
    lab.log_alignment = lab.log_capability
    lab.progress = 0.0 if lab.cycle.form == CYCLE_FORM.fixed else uniform(key, START_PROGRESS)
    lab.faked = lab.faking.initial
    lab.seen = 1.0 - lab.faked
    lab.jurisdiction = WHERE.abroad if lab.decision.home == JURISDICTION.abroad else WHERE.home
    lab.member = lab.decision.signs
    lab.regime = p.race.information
    lab.sees_safety = p.race.safety_information
    lab.share = 1.0 / p.race.labs
    lab.claim = lab.share
    a, variance = alignment_reading(lab.cycle, 1.0 - lab.faked, 0.0, 1.0, 1.0)
    c, _, sd = selection(lab.cycle, a, variance)
    lab.gain = lab.cycle.expected_best * c / sd if sd > 0.0 else 0.0
    lab.first_pace = lab.gain / weeks_per_cycle(lab, lab.log_capability, 1.0, 1.0)
    lab.phi_keep = alignment_ratio(lab.cycle, 1.0)
    lab.phi_remove = alignment_ratio(lab.cycle, 0.0)
    lab.ratio = lab.phi_keep
    u = uniform(key, TASTE)
    lab.taste = lab.decision.taste * log(u / (1.0 - u))
    lab.saved_capability, lab.saved_alignment, lab.saved_faked = lab.log_capability, lab.log_alignment, lab.faked
    able = lab.log_capability >= lab.cycle.log_able and lab.decision.first_move != FIRST_MOVE.keep
    if able and lab.strategy == CLOSER:
        lab.oversight = 0.0
    elif able and lab.strategy == PLAYER:
        lab.oversight = lab.decision.choice
    lab.claimed = lab.oversight
    lab.first_closed = 0.0 if lab.oversight == 0.0 else lab.first_closed


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


def imposed() -> list[tuple[str, str, type]]:
    """(kind, name, rule) of everything that can be in force, in the order of the week."""
    return [(kind, name, rule) for kind, rules in WEEK if kind in RULE_KEYS for name, rule in rules.items()]
