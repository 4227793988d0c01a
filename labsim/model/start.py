"""Week 0: the race and its labs before the first week. The order stands in `week.START`."""

from labsim.model.draws import LUCK, START_CAPABILITY, START_PROGRESS, TASTE, log, normal, uniform
from labsim.model.orders import WHERE, clear_orders
from labsim.model.parameters import CYCLE_FORM, FIRST_MOVE, JURISDICTION, START_FORM
from labsim.model.self_improvement import alignment_reading, selection, weeks_per_cycle
from labsim.model.strategies import KEEP, REMOVE, alignment_ratio, number_of

CLOSER, PLAYER = number_of("closer"), number_of("player")


def begin_race(race, p, key):
    """Week 0 of the race."""
    race.luck = uniform(key, LUCK)
    race.size = p.race.labs
    race.frontier = 0.0  # the median lab's: evaluators follow the frontier of the week before


def begin_lab(lab, race, p, key):
    """A lab at week 0: as aligned as it is capable, a human in every cycle, somewhere in its cycle."""
    clear_orders(lab, race, p, key)
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
    lab.share = 1.0 / p.race.labs
    lab.claim = lab.share
    a, variance = alignment_reading(lab.cycle, 1.0 - lab.faked, 0.0, 1.0, 1.0)
    c, _, sd = selection(lab.cycle, a, variance)
    lab.gain = lab.cycle.expected_best * c / sd if sd > 0.0 else 0.0
    lab.first_pace = lab.gain / weeks_per_cycle(lab, lab.log_capability, 1.0, 1.0)
    lab.phi_keep = alignment_ratio(lab.cycle, KEEP)
    lab.phi_remove = alignment_ratio(lab.cycle, REMOVE)
    lab.ratio = lab.phi_keep
    u = uniform(key, TASTE)
    lab.taste = lab.decision.taste * log(u / (1.0 - u))
    lab.saved_capability, lab.saved_alignment, lab.saved_faked = lab.log_capability, lab.log_alignment, lab.faked
    able = lab.log_capability >= lab.cycle.log_able and lab.decision.first_move != FIRST_MOVE.keep
    if able and lab.strategy == CLOSER:
        lab.oversight = REMOVE
    elif able and lab.strategy == PLAYER:
        lab.oversight = lab.decision.choice
    lab.claimed = lab.oversight
    lab.first_closed = 0.0 if lab.oversight == 0.0 else lab.first_closed
