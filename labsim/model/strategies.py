"""How a lab decides whether a human stays in its loop.

A strategy is one function `(lab, race, p, key) -> oversight`: KEEP, REMOVE, or a share of cycles with a
human. It is asked each time a cycle of the lab completes, after `size_up_*` and `look_around` have read
the rivals' snapshots into the lab. To add one, write the function, say in its docstring who argued for
it, and register it in `SHIPPED`. What a rule's body may contain: docs/architecture.md.
"""

from collections.abc import Callable
from typing import NamedTuple

from labsim.model.draws import EXPLORATION, IMITATION, MODEL, RIVAL, exp, expm1, normal, power, total, uniform
from labsim.model.earnings import discounted, years_ahead
from labsim.model.parameters import FIRST_MOVE, INFORMATION, SAFETY_INFORMATION
from labsim.model.self_improvement import alignment_per_capability, alignment_reading, selection, weeks_per_cycle
from labsim.model.state import NOBODY

KEEP, REMOVE = 1.0, 0.0  # the human in the loop
FAR = 1e9  # weeks: no rival in sight
LEAST = 0.02  # smallest gain and smallest distance to the finish that a forecast divides by


def alignment_ratio(cycle, human):
    """Alignment per capability at C = 1 with a perfect exam, with a human (1) or without (0)."""
    a, variance = alignment_reading(cycle, 1.0, 0.0, human, 1.0)
    c, d, _ = selection(cycle, a, variance)
    return alignment_per_capability(c, d)


def foreseen_ratio(lab, oversight):
    """The ratio a lab counts on: without foresight it believes its own exam, and sees no difference."""
    removed = lab.phi_keep - lab.decision.foresight * (lab.phi_keep - lab.phi_remove)
    return removed + oversight * (lab.phi_keep - removed)


def rival_capability(lab, other, p, key):
    """What the lab takes the rival's ln C to be: as it is, with noise, or its own if it cannot see."""
    noise = p.race.information_noise if lab.regime == INFORMATION.noisy else 0.0
    own, seen = lab.log_capability, other.shown_capability + noise * normal(key, RIVAL)
    return seen if lab.regime == INFORMATION.public or lab.regime == INFORMATION.noisy else own


def rival_oversight(lab, other, p):
    """What the lab takes the rival's oversight to be."""
    stated, shown = p.race.stated_oversight, other.shown_oversight
    return stated if lab.regime == INFORMATION.secret else shown


def rival_weeks(lab, other, p, key):
    """Weeks the rival needs to the finish, as the lab sees it."""
    x = rival_capability(lab, other, p, key)
    own, shown = lab.gain, other.shown_gain
    gain = own if lab.regime == INFORMATION.secret else shown
    cycle = weeks_per_cycle(other, x, other.share * p.race.labs, rival_oversight(lab, other, p))
    return max(LEAST, p.competition.line - x) * cycle / max(LEAST, gain)


def open_ledger(lab, race, p, key):
    """A cycle has completed: a new ledger."""
    lab.decided = 1.0
    lab.rival_weeks = FAR
    lab.rival_pull = 0.0
    lab.rival_harm = 0.0
    lab.leader_capability = NOBODY
    lab.leader_oversight = 1.0
    lab.rivals_closed = 0.0
    lab.model_draw = 0.0


def size_up_pace(lab, other, weight, p, key):
    """The fastest rival, and what the leading rival does."""
    lab.rival_weeks = min(lab.rival_weeks, rival_weeks(lab, other, p, key))
    x, oversight = rival_capability(lab, other, p, key), rival_oversight(lab, other, p)
    if x > lab.leader_capability:
        lab.leader_oversight = oversight
    elif x == lab.leader_capability:
        lab.leader_oversight = min(oversight, lab.leader_oversight)
    lab.leader_capability = max(x, lab.leader_capability)


def look_around(lab, other, weight, p, key):
    """Who has closed, and one rival drawn at random as a model: the one with the largest draw."""
    x, oversight = rival_capability(lab, other, p, key), rival_oversight(lab, other, p)
    lab.rivals_closed += 1.0 if oversight == 0.0 else 0.0
    draw = uniform(key, MODEL)
    if draw > lab.model_draw:
        lab.model_capability = x
        lab.model_oversight = oversight
    lab.model_draw = max(lab.model_draw, draw)


def size_up_risk(lab, other, weight, p, key):
    """The contest, relative to the fastest rival, and the risk if this rival wins."""
    weeks = rival_weeks(lab, other, p, key)
    pull = power(lab.rival_weeks / weeks, lab.decision.decisiveness)
    own, shown = lab.measured, other.shown_measured
    measured = shown if lab.sees_safety == SAFETY_INFORMATION.public else own
    way = max(LEAST, p.competition.line - rival_capability(lab, other, p, key))
    growth = way * (1.0 - foreseen_ratio(lab, rival_oversight(lab, other, p)))
    gap = max(0.0, measured + growth - other.cycle.research * weeks)
    risk = -expm1(-lab.decision.caution * p.harm.rate * p.harm.after * gap * gap)
    lab.rival_pull = total(lab.rival_pull, pull)
    lab.rival_harm = total(lab.rival_harm, pull * risk)


def outlook(lab, race, p, oversight):
    """(win, Q, r, H): what the lab expects if it holds this oversight until the finish.

    win: chance in the contest; Q: its own risk before the finish; r: risk at the finish if it
    wins; H: weeks to the finish.
    """
    gain = max(LEAST, lab.gain)
    share = lab.share if oversight > 0.0 else min(lab.share, lab.closed_cap / p.race.labs)
    cycle = weeks_per_cycle(lab, lab.log_capability, share * p.race.labs, oversight)
    way = max(LEAST, p.competition.line - lab.log_capability)
    weeks = way * cycle / gain
    pull = power(lab.rival_weeks / weeks, lab.decision.decisiveness)
    length = min(weeks, lab.rival_weeks)
    unaligned = 1.0 - foreseen_ratio(lab, oversight)
    m = lab.measured
    e = max(0.0, m + (gain / cycle * unaligned - lab.cycle.research) * length)
    hazard = lab.decision.caution * p.harm.rate * lab.deployed
    run = -expm1(-hazard * share * length * (e * e + e * m + m * m) / 156.0)
    end = max(0.0, m + way * unaligned - lab.cycle.research * weeks)
    return pull / (pull + lab.rival_pull), run, -expm1(-hazard * p.harm.after * end * end), length


def worth(lab, p, win, run, end, length, sharing):
    """Expected payoff of an option: the prize if the world survives, less ruin and damages, discounted.

    Members of a treaty share out so much of the difference in prizes.
    """
    safe = (1.0 - run) * (win * (1.0 - end) + (1.0 - win) * (1.0 - lab.rival_risk))
    part = sharing / p.race.labs
    lost = (1.0 - win) * (1.0 - lab.rival_risk) * (1.0 - part) + win * (1.0 - end) * (sharing - part)
    prize = safe - (1.0 - run) * (lost * p.competition.winner_share)
    damages = lab.liability * (run + (1.0 - run) * win * end)
    ruin = lab.decision.own_harm * (1.0 - safe)
    return discounted(lab, length) * (prize - ruin - damages)


def calculator(lab, race, p, key):
    """Expected payoff of keeping and of removing until the finish; the better one, given its taste.

    The rational lab of Armstrong, Bostrom & Shulman (2016), with a ledger of every term.
    """
    lab.rival_risk = lab.rival_harm / lab.rival_pull if lab.rival_pull > 0.0 else 0.0
    lab.win_keep, lab.run_risk_keep, lab.end_risk_keep, lab.weeks_keep = outlook(lab, race, p, KEEP)
    lab.win_remove, lab.run_risk_remove, lab.end_risk_remove, lab.weeks_remove = outlook(lab, race, p, REMOVE)
    lab.worth_keep = worth(lab, p, lab.win_keep, lab.run_risk_keep, lab.end_risk_keep, lab.weeks_keep, lab.sharing)
    lab.worth_remove = worth(lab, p, lab.win_remove, lab.run_risk_remove, lab.end_risk_remove, lab.weeks_remove, 0.0)
    return weigh(lab)


def weigh(lab):
    """The better of the two options whose worth is in the ledger, given fines, taste and switch cost."""
    breach = 1.0 if lab.required_oversight > 0.0 else 0.0
    rate = breach * (lab.inspections + lab.tips)
    lab.sanction = rate * lab.detection * lab.fine * years_ahead(lab, lab.weeks_remove)
    switch = lab.decision.switch_cost if lab.oversight > 0.0 else -lab.decision.switch_cost
    lab.margin = lab.worth_remove - lab.worth_keep - lab.sanction + lab.taste - switch
    return REMOVE if lab.margin > 0.0 else KEEP


def keeper(lab, race, p, key):
    """Always keeps the human: the commitment asked for after Hassabis's question at WEF 2026."""
    return KEEP


def closer(lab, race, p, key):
    """Removes the human as soon as it can: the upper bound of competitive pressure."""
    return REMOVE


def mirror(lab, race, p, key):
    """Does what the leading rival did: tit for tat (Axelrod 1984), towards whoever is ahead."""
    return lab.leader_oversight


def forgiving_mirror(lab, race, p, key):
    """Closes only after the leader was closed in two decisions in a row: tit for two tats (Axelrod 1984)."""
    lab.provoked = lab.provoked + 1.0 if lab.leader_oversight == 0.0 else 0.0
    return REMOVE if lab.provoked >= lab.decision.patience else KEEP


def grudger(lab, race, p, key):
    """Keeps until it sees anybody close, then removes for good: the grim trigger (Friedman 1971)."""
    lab.grudge = max(lab.grudge, 1.0 if lab.rivals_closed > 0.0 else 0.0)
    return 1.0 - lab.grudge


def conditional_safe(lab, race, p, key):
    """Keeps while all it sees keep, removes while anybody has closed: CS in DSAIR (Han et al. 2020)."""
    return REMOVE if lab.rivals_closed > 0.0 else KEEP


def threshold(lab, race, p, key):
    """Runs without a human while its own reading of the gap is below its tripwire: an RSP of its own."""
    return REMOVE if lab.measured < lab.decision.tripwire else KEEP


def fast_follower(lab, race, p, key):
    """Keeps while it is level with the leader, removes when it is behind by so much."""
    return REMOVE if lab.leader_capability - lab.log_capability > lab.decision.behind else KEEP


def sceptic(lab, race, p, key):
    """A calculator that sees no danger, so that only the race counts: LeCun's 'incremental, marketed'."""
    lab.rival_risk = 0.0
    lab.win_keep, _, _, lab.weeks_keep = outlook(lab, race, p, KEEP)
    lab.win_remove, _, _, lab.weeks_remove = outlook(lab, race, p, REMOVE)
    lab.worth_keep = worth(lab, p, lab.win_keep, 0.0, 0.0, lab.weeks_keep, lab.sharing)
    lab.worth_remove = worth(lab, p, lab.win_remove, 0.0, 0.0, lab.weeks_remove, 0.0)
    return weigh(lab)


def herald(lab, race, p, key):
    """Tells the world that a human is in its loop, and acts as a calculator: talk is cheap (Farrell & Rabin 1996)."""
    return calculator(lab, race, p, key)


def imitator(lab, race, p, key):
    """Copies a rival drawn at random, the likelier the further ahead it is: Fermi's rule (Traulsen et al. 2006)."""
    lead = lab.decision.intensity * (lab.model_capability - lab.log_capability)
    copies = uniform(key, IMITATION) * (1.0 + exp(-lead)) < 1.0
    return lab.model_oversight if copies and lab.model_draw > 0.0 else lab.oversight


def explorer(lab, race, p, key):
    """Tries both and does more often what brought more growth a week: reinforcement (Roth & Erev 1995)."""
    pace = max(0.0, lab.gain) / lab.weeks
    keep = 1.0 - lab.decision.recency
    lab.attraction_keep = keep * lab.attraction_keep + (pace if lab.oversight > 0.0 else 0.0)
    lab.attraction_remove = keep * lab.attraction_remove + (pace if lab.oversight == 0.0 else 0.0)
    share = lab.attraction_remove / max(1e-300, lab.attraction_keep + lab.attraction_remove)
    return REMOVE if uniform(key, EXPLORATION) < share else KEEP


def scripted(lab, race, p, key):
    """Does what its script says: closes in one week and reopens in another."""
    return REMOVE if lab.decision.close_week <= race.week < lab.decision.reopen_week else KEEP


def player(lab, race, p, key):
    """Holds the oversight that a person has chosen for it."""
    return lab.decision.choice


class Strategy(NamedTuple):
    """A strategy as it is registered: a number that stays its own, the function, and what of rivals it looks at."""

    number: int
    function: Callable
    looks: tuple[Callable, ...]


# A new one takes the next number, wherever its line stands: `lab.strategy` means the same in every version.
SHIPPED: dict[str, Strategy] = {
    "calculator": Strategy(0, calculator, (size_up_pace, size_up_risk)),
    "keeper": Strategy(1, keeper, ()),
    "closer": Strategy(2, closer, ()),
    "mirror": Strategy(3, mirror, (size_up_pace,)),
    "player": Strategy(4, player, ()),
    "forgiving_mirror": Strategy(5, forgiving_mirror, (size_up_pace,)),
    "grudger": Strategy(6, grudger, (look_around,)),
    "conditional_safe": Strategy(7, conditional_safe, (look_around,)),
    "threshold": Strategy(8, threshold, ()),
    "fast_follower": Strategy(9, fast_follower, (size_up_pace,)),
    "sceptic": Strategy(10, sceptic, (size_up_pace, size_up_risk)),
    "herald": Strategy(11, herald, (size_up_pace, size_up_risk)),
    "imitator": Strategy(12, imitator, (look_around,)),
    "explorer": Strategy(13, explorer, ()),
    "scripted": Strategy(14, scripted, ()),
}
# By name, with those registered from outside: `labsim.scenario.registry` adds to it.
STRATEGIES: dict[str, Callable] = {name: strategy.function for name, strategy in SHIPPED.items()}
LOOKS = {strategy.function: strategy.looks for strategy in SHIPPED.values()}


def number_of(name: str) -> float:
    """The number of a strategy, as `lab.strategy` has it; those from outside come after the shipped ones."""
    outside = [other for other in STRATEGIES if other not in SHIPPED]
    after = 1 + max(strategy.number for strategy in SHIPPED.values())
    return float(SHIPPED[name].number if name in SHIPPED else after + outside.index(name))


HERALD = number_of("herald")


def looks(strategy: Callable, rule: Callable) -> bool:
    """Whether a strategy is to be asked only after this rule has looked at each rival; one from outside knows all."""
    return strategy not in LOOKS or rule in LOOKS[strategy]


def make_first_move(lab, race, p, key):
    """The first time that its system can run without a human, a lab does what was set beforehand, then as it likes.

    What a lab does before the others can answer, and cannot take back: a move, not a commitment for the
    whole race (Schelling 1960; Dixit 1980).
    """
    first = lab.decision.first_move != FIRST_MOVE.own and lab.moved == 0.0 and lab.log_capability >= lab.cycle.log_able
    move = KEEP if lab.decision.first_move == FIRST_MOVE.keep else REMOVE
    lab.wanted = move if first else lab.wanted
    lab.moved = 1.0 if first else lab.moved


def settle_oversight(lab, race, p, key):
    """What the strategy wants is done, if the system is able to run without a human."""
    lab.oversight = lab.wanted if lab.log_capability >= lab.cycle.log_able else KEEP
    lab.claimed = 1.0 if lab.strategy == HERALD and lab.unmasked == 0.0 else lab.oversight
    if lab.oversight == 0.0 and lab.first_closed < 0.0:
        lab.first_closed = race.week
