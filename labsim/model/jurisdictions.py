"""Moving away: what a lab does about rules that bind it only where it is."""

from labsim.model.draws import exp, log, power
from labsim.model.orders import WHERE
from labsim.model.self_improvement import weeks_per_cycle


def relocate(lab, race, p, key):
    """A lab moves away from rules that bind it only where it is, if orders cost it more than moving does.

    It cannot tell what part of the cost would follow it: with rules that hold everywhere it may move in vain.
    """
    if lab.local_rules > 0.0 and cost_of_orders(lab, p) > lab.decision.moving_cost:
        lab.jurisdiction = WHERE.home + WHERE.abroad - lab.jurisdiction
        lab.moves += 1.0
        lab.fines += lab.decision.moving_cost


def cost_of_orders(lab, p):
    """What orders cost a lab: fines, or what it forgoes to avoid them, and the chance to win that slower cycles lose.

    A lab that would keep its human anyway loses nothing by having to. Odds to win go as pace to the decisiveness.
    """
    tempted = max(0.0, lab.margin + lab.sanction)
    bound = weeks_per_cycle(lab, lab.log_capability, lab.share * p.race.labs, lab.oversight)
    odds = power(bound / weeks_without_orders(lab, p), lab.decision.decisiveness)
    lost = lab.win_keep * (1.0 - lab.win_keep) * (odds - 1.0) / (lab.win_keep * odds + 1.0 - lab.win_keep)
    return min(lab.sanction, tempted) + p.competition.winner_share * lost


def weeks_without_orders(lab, p):
    """Time of a cycle, at its oversight, if no rule made it longer."""
    share = lab.share * p.race.labs
    falls = lab.cycle.machine_falls * max(0.0, lab.log_capability) + lab.cycle.compute_exponent * log(share)
    machine = (1.0 - lab.automation) * lab.cycle.machine * exp(-falls)
    return max(lab.cycle.minimum, machine + lab.cycle.review * lab.oversight)
