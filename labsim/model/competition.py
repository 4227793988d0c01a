"""What binds labs to each other: ideas that leak, and a market that feeds compute."""

from labsim.model.draws import PERMIT_AUDIT, exp, total, uniform
from labsim.model.earnings import pay
from labsim.model.self_improvement import CEILING
from labsim.model.state import RaceState, clearing


def publish(lab, race, p, key):
    """What rivals can read this week: a snapshot, so that nobody sees the middle of a week."""
    lab.shown_capability = lab.log_capability
    lab.shown_gain = lab.gain
    lab.shown_oversight = lab.claimed
    lab.shown_measured = lab.measured


open_week = clearing("open_week", RaceState, "Clear what the race adds up each week.")


def count_members(lab, race, p):
    """Members of the treaty, and labs that are seen to have no human."""
    race.members += lab.member
    race.seen_closed += 1.0 if lab.shown_oversight == 0.0 else 0.0


def hear(lab, other, weight, p, key):
    """The largest lead among neighbours, less what their humans keep out of publications."""
    lead = other.shown_capability - lab.log_capability
    lab.lead_heard = max(lab.lead_heard, weight * (1.0 - other.cycle.curation * other.shown_oversight) * lead)


def absorb(lab, race, p, key):
    """Ideas, or a leak, catch up a share of the lead; the lab aligns what it imports as it aligns its own."""
    gain = (1.0 - lab.paused) * max(p.competition.ideas, lab.leak) * lab.lead_heard
    gain = min(gain, max(0.0, lab.ceiling - lab.log_capability))
    lab.log_capability = min(CEILING, lab.log_capability + gain)
    lab.log_alignment = min(CEILING, lab.log_alignment + lab.ratio * gain)


def appeal(lab, p):
    """What draws customers, as a logarithm: capability, trust, and what rules leave of them."""
    return p.competition.market_sensitivity * lab.log_capability + lab.trust + lab.standing


def find_best_appeal(lab, race, p):
    """The largest appeal: the market sums relative to it."""
    race.best_pull = max(race.best_pull, appeal(lab, p))


def add_appeal(lab, race, p):
    """The sum of appeals."""
    race.pull = total(race.pull, exp(appeal(lab, p) - race.best_pull))


def earn_compute(lab, race, p, key):
    """Compute drifts to a mix of equal shares and revenue shares (softmax); a cap is not handed on."""
    lab.revenue = exp(appeal(lab, p) - race.best_pull) / race.pull
    pull = p.competition.market_pull
    target = (1.0 - pull) / p.race.labs + pull * lab.revenue
    lab.claim += p.competition.compute_inertia * (target - lab.claim)
    cap = lab.compute_cap if lab.oversight > 0.0 else min(lab.compute_cap, lab.closed_cap)
    lab.claim = min(lab.claim, cap / p.race.labs)
    lab.share = lab.claim
    lab.compute = lab.share * p.race.labs


def ask_for_permits(lab, race, p):
    """The demand for compute permits, over all labs: what each would use and can pay for."""
    race.demand = total(race.demand, lab.compute)


def permitted(lab, race):
    """Compute a lab gets in a market for permits: those who would use more pay more, and the price clears it.

    Utility a x^(1 - eta) with a^(1/eta) as the lab's own use: everybody is cut alike when permits are scarce.
    """
    return lab.compute * min(1.0, lab.permits * race.size / race.demand)


def trade_permits(lab, race, p, key):
    """A lab uses what it has permits for, and in secret a share of what it has not; auditors may see that.

    Its claim stays: next week it needs permits for as much again.
    """
    missing = lab.compute - permitted(lab, race)
    if missing > 0.0:
        secret = lab.decision.evasion * missing
        seen = secret > 0.0 and uniform(key, PERMIT_AUDIT) < lab.permit_audits / 52.0
        pay(lab, race, lab.permit_fine * secret if seen else 0.0)
        lab.compute = lab.compute - missing + secret
        lab.share = lab.compute / p.race.labs


def sum_up(lab, race, p):
    """The state of the field at the end of the week: frontier, mean gap as it is and as measured, closed share."""
    race.frontier = max(race.frontier, lab.log_capability)
    race.exposure = total(race.exposure, lab.exposure / p.race.labs)
    race.measured = total(race.measured, lab.measured / p.race.labs)
    race.closed = total(race.closed, (1.0 if lab.oversight == 0.0 else 0.0) / p.race.labs)
