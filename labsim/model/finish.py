"""The finish: who wins, what the winner's system does to the world, what each lab gets.

Forms of the finish: the first over a line, the most capable after so many cycles, a contest then, or the first
to have done so many cycles.
"""

from labsim.model.draws import exp, expm1, log, total
from labsim.model.earnings import discounted
from labsim.model.harm import bear_hazard
from labsim.model.parameters import FINISH, HARM_FORM
from labsim.model.state import NOBODY


def place(lab, p):
    """By what labs are ranked at the finish: capability, or how soon their last cycle is done."""
    capability, soon = lab.log_capability, -lab.left
    return soon if p.race.finish_form == FINISH.first_after_cycles else capability


def come_in(lab, race, p):
    """Who can win this week: a lab over the line, or anybody once enough cycles are done."""
    race.slowest_cycles = min(race.slowest_cycles, lab.cycles)
    over = lab.log_capability >= p.competition.line or p.race.finish_form != FINISH.first_over_line
    if over:
        race.best = max(race.best, place(lab, p))


def call_the_finish(race, p, key):
    """Whether the race ends this week."""
    by_line = p.race.finish_form == FINISH.first_over_line and race.best > NOBODY
    by_cycles = p.race.finish_form == FINISH.most_after_cycles or p.race.finish_form == FINISH.contest_after_cycles
    done = by_cycles and race.slowest_cycles >= p.race.finish_cycles
    race.finished = 1.0 if by_line or done or race.soonest <= 1.0 else 0.0


def enter_contest(lab, race, p, key):
    """In a contest all have a chance to win, as C to its decisiveness (Tullock 1980)."""
    lab.chance = exp(p.race.contest * (lab.log_capability - race.best))


def claim_to_win(lab, race, p):
    """1 for the first, 0 for others; in a contest as much as each one's chance."""
    first, chance = (1.0 if place(lab, p) == race.best else 0.0), lab.chance
    return chance if p.race.finish_form == FINISH.contest_after_cycles else first


def count_winners(lab, race, p):
    """The most capable lab wins; exact ties share."""
    if race.finished > 0.0:
        race.winners = total(race.winners, claim_to_win(lab, race, p))


def finish_hazard(lab, p):
    """What this lab's system still does to the world if it wins: so many years of its hazard at the scale of all.

    What its own safeguards leave in use goes on to be all that is in use.
    """
    by_exposure = lab.deployed * p.harm.rate * p.harm.after * lab.exposure * lab.exposure
    by_share = -log(max(1e-300, 1.0 - lab.unreviewed / max(1.0, lab.cycles)))
    return min(50.0, by_exposure if p.harm.finish_form == HARM_FORM.exposure else by_share)


def add_finish_hazard(lab, race, p):
    """The winner's hazard; of those who share the win, the mean; in a contest, the mean ruin of all who can win."""
    if race.finished > 0.0:
        hazard, claim = finish_hazard(lab, p), claim_to_win(lab, race, p)
        ruin = -expm1(-hazard) if p.race.finish_form == FINISH.contest_after_cycles else hazard
        race.finish_hazard = total(race.finish_hazard, claim * ruin)


def survive_the_finish(race, p, key):
    """The winner's hazard is borne by everybody."""
    if race.finished > 0.0:
        mean = race.finish_hazard / race.winners
        contested = p.race.finish_form == FINISH.contest_after_cycles
        race.finish_hazard = -log(max(1e-300, 1.0 - mean)) if contested else mean
        bear_hazard(race, race.finish_hazard)


def prize_of(lab, race, p, won):
    """The winner's prize is 1, everybody else's 1 - winner_share, discounted from the end of the week."""
    return discounted(lab, race.week + 1.0) * (1.0 - p.competition.winner_share * (1.0 - won))


def share_prize(lab, race, p, key):
    """Who has won, and the prizes; ties share the first."""
    if race.finished > 0.0:
        lab.won = claim_to_win(lab, race, p) / race.winners
        lab.prize = prize_of(lab, race, p, lab.won)


def survive_the_contest(lab, race, p, key):
    """In a contest: the prize expected if the world survives, which it does the surer the safer the winner."""
    if race.finished > 0.0:
        lab.prize = prize_of(lab, race, p, lab.won * exp(race.finish_hazard - finish_hazard(lab, p)))


def pool_prizes(lab, race, p):
    """What treaty members put together of their prizes."""
    race.pool = total(race.pool, lab.sharing * lab.prize)
    race.sharers += 1.0 if lab.sharing > 0.0 else 0.0


def share_out(lab, race, p, key):
    """Each member gets an equal part of what members put together."""
    if lab.sharing > 0.0:
        lab.prize = (1.0 - lab.sharing) * lab.prize + race.pool / race.sharers


def settle(lab, race, p, key):
    """Expected payoff so far: prize and earnings if the world survives, less ruin, less what it paid."""
    if race.finished > 0.0:
        borne = lab.decision.own_harm + lab.liability * lab.won
        lab.ruin += borne * discounted(lab, race.week + 1.0) * (race.survival_before - race.survival)
    lab.payoff = race.survival * (lab.prize + lab.earned) - lab.ruin - lab.paid


def close_week(race, p, key):
    """The clock; a race is over when somebody has won or at the horizon."""
    race.week += 1.0
    race.over = 1.0 if race.finished > 0.0 or race.week >= p.race.weeks else 0.0
