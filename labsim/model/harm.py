"""Hazard, incidents, catastrophe: what unaligned capability does while it runs and at the finish.

Hazard is stated for the industry and shared out by compute, so that more labs are not more danger
by arithmetic alone. The outcome is the expected catastrophe 1 - exp(-accumulated hazard).
"""

from labsim.model.draws import INCIDENT, exp, expm1, total, uniform
from labsim.model.earnings import discounted
from labsim.model.self_improvement import true_gap


def run_hazard(lab, race, p, key):
    """A week of running systems: hazard grows as exposure squared; incidents come ten times as often."""
    lab.exposure = true_gap(lab)
    # Above 50 ruin is certain; the bound keeps the sum over labs exact in any order.
    lab.hazard = min(50.0, lab.deployed * p.harm.rate * lab.share * lab.exposure * lab.exposure / 52.0)
    lab.hazard_run += lab.hazard
    lab.incident = 1.0 if uniform(key, INCIDENT) < -expm1(-p.harm.incident_factor * lab.hazard) else 0.0
    lab.incidents += lab.incident
    lab.trust = lab.trust * (1.0 - p.competition.trust_recovery) - p.competition.trust_loss * lab.incident


def add_hazard(lab, race, p):
    """The week's hazard and incidents, over all labs, and what else is in the news."""
    race.hazard = total(race.hazard, lab.hazard)
    race.incidents += lab.incident
    race.salience = max(race.salience, lab.salience)


def bear_hazard(race, hazard):
    """The world bears a hazard; the one draw of this future dates the event of its story."""
    race.hazard_run += hazard
    race.survival_before = race.survival
    race.survival = exp(-race.hazard_run)
    if race.event_week < 0.0 and race.survival < race.luck:
        race.event_week = race.week


def survive(race, p, key):
    """The week's hazard is borne, and its incidents are remembered."""
    bear_hazard(race, race.hazard)
    race.concern = p.harm.concern_memory * race.concern + race.incidents + race.salience


def bear_ruin(lab, race, p, key):
    """Each lab's own cost of ruin, in the week in which it falls."""
    discount = discounted(lab, race.week)
    lab.ruin += lab.decision.own_harm * discount * (race.survival_before - race.survival)
    caused = lab.hazard / race.hazard if race.hazard > 0.0 else 0.0
    lab.ruin += lab.liability * discount * caused * (race.survival_before - race.survival)
    lab.closed_weeks += 1.0 if lab.oversight == 0.0 else 0.0
