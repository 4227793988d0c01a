"""What a week brings and costs a lab, and races that are decided within a week: forms for published models.

None of it happens by default. A benefit is shared each week by pace, a human costs so much a week, a lab
without one can be found out and then sells nothing, and a winner without one can lose everything (DSAIR: Han,
Pereira, Santos & Lenaerts 2020).
"""

from labsim.model.draws import FOUND_OUT, exp, expm1, total, uniform

LEAST_PACE = 1e-12  # cycles a week
PATIENT = 1e-9  # a year: who discounts by less discounts nothing


def discounted(lab, weeks):
    """What a prize after so many weeks is worth to the lab today."""
    return exp(-lab.decision.discount * weeks / 52.0)


def years_ahead(lab, weeks):
    """So many weeks from now on in years, each of which counts as much as a prize in it would."""
    rate = lab.decision.discount
    return weeks / 52.0 if rate < PATIENT else -expm1(-rate * weeks / 52.0) / rate


def pay(lab, race, amount):
    """The lab pays something: it counts as much as a prize in this week would."""
    lab.fines += amount
    lab.paid += amount * discounted(lab, race.week)


def near_the_finish(lab, race, p, key):
    """The time until the lab's last cycle is done, from the start of this week, at its pace."""
    pace = (1.0 - lab.paused) / lab.weeks
    left = p.race.finish_cycles - (lab.cycles + lab.progress - pace)
    lab.left = left / max(LEAST_PACE, pace)


def time_the_finish(lab, race, p):
    """The soonest finish of a lab, in weeks from the start of this one."""
    race.soonest = min(race.soonest, lab.left)


def offer(lab, race, p, key):
    """A lab sells as fast as it works, unless it is found out to have no human."""
    sees = uniform(key, FOUND_OUT) < p.competition.found_out * (1.0 - lab.oversight)
    lab.offered = 0.0 if sees else (1.0 - lab.paused) / lab.weeks


def add_offer(lab, race, p):
    """The pace of all who sell."""
    race.offered = total(race.offered, lab.offered)


def earn(lab, race, p, key):
    """The benefit of this week, shared by pace, less what a human costs; of a last week only what is raced."""
    part = min(1.0, race.soonest) * discounted(lab, race.week)
    sold = lab.offered / race.offered if race.offered > 0.0 else 0.0
    lab.earned += part * (p.competition.benefit * sold - lab.decision.oversight_cost * lab.oversight)


def lose_everything(lab, race, p, key):
    """A winner whose cycles no human reviewed loses prize and earnings with some chance, averaged over exactly."""
    if race.finished > 0.0 and lab.won > 0.0:
        keeps = 1.0 - p.harm.setback * lab.unreviewed / max(1.0, lab.cycles)
        lab.prize *= keeps
        lab.earned *= keeps
