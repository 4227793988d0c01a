"""What a decision is made of: a sum of terms for each option, and what the lab believed beside the truth.

The terms of an option add up to its worth in the ledger, their differences to the margin.
"""

import copy
from dataclasses import dataclass, replace
from types import SimpleNamespace

from labsim.model.draws import exp
from labsim.model.earnings import discounted
from labsim.model.self_improvement import true_gap
from labsim.model.strategies import STRATEGIES, rival_capability, rival_oversight, rival_weeks, sceptic, size_up_risk
from labsim.reasons.decision import Position, Rival

WORDS = {
    "win": "winning the prize", "rival_wins": "its part if a rival wins",
    "sharing": "prizes shared under a treaty", "own_run": "the ruin it causes on the way",
    "own_finish": "the ruin it causes as winner", "rival_ruin": "the ruin if a rival wins",
    "damages": "the damages it is liable for", "sanction": "expected fines", "taste": "its own leaning",
    "switch": "the cost of switching",
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """One term of the decision, in prizes: what it adds to keeping and to removing."""

    name: str
    keep: float
    remove: float

    @property
    def words(self) -> str:
        """The term for people."""
        return WORDS[self.name]

    @property
    def difference(self) -> float:
        """What it adds to the margin."""
        return self.remove - self.keep


def option(lab: SimpleNamespace, p: SimpleNamespace, name: str) -> dict[str, float]:
    """The terms of the expected payoff of an option, keep or remove: `strategies.worth` in its parts."""
    win, run, end, length = (getattr(lab, f"{word}_{name}") for word in ("win", "run_risk", "end_risk", "weeks"))
    discount = discounted(lab, length)
    on = discount * (1.0 - run)  # nothing has happened on the way
    won, lost = on * win * (1.0 - end), on * (1.0 - win) * (1.0 - lab.rival_risk)
    sharing = lab.sharing if name == "keep" else 0.0
    part, gap = sharing / p.race.labs, p.competition.winner_share
    harm = lab.decision.own_harm
    return {
        "win": won, "rival_wins": lost * (1.0 - gap), "sharing": gap * (part * lost - (sharing - part) * won),
        "own_run": -harm * discount * run, "own_finish": -harm * on * win * end,
        "rival_ruin": -harm * on * (1.0 - win) * lab.rival_risk,
        "damages": -lab.liability * (discount * run + on * win * end),
    }  # fmt: skip


def terms(ledger: SimpleNamespace, p: SimpleNamespace) -> tuple[Term, ...]:
    """All terms of a decision whose ledger is given; the differences add up to its margin."""
    keep, remove = option(ledger, p, "keep"), option(ledger, p, "remove")
    cost, kept = ledger.decision.switch_cost, ledger.oversight > 0.0
    return (
        *(Term(name, keep[name], remove[name]) for name in keep),
        Term("sanction", 0.0, -ledger.sanction),
        Term("taste", 0.0, ledger.taste),
        Term("switch", 0.0 if kept else -cost, -cost if kept else 0.0),
    )


@dataclass(frozen=True)
class Belief:
    """One thing the lab took to be so, and what is so (None: it has no view of it)."""

    name: str
    words: str
    unit: str
    believed: float | None
    true: float | None


def beliefs(position: Position, ledger: SimpleNamespace, known: SimpleNamespace) -> tuple[Belief, ...]:
    """About itself: exposure, chances and risks of both options, beside what the same formulas say of the truth.

    `ledger` is the decision as it was made, `known` as it would be by a calculator that knows the truth.
    """
    rows = [
        Belief("exposure", "its own exposure", "log", position.lab.measured, true_gap(position.lab)),
        *(
            Belief(f"{name}_{choice}", f"{words} if it {choice}s", unit, getattr(ledger, f"{name}_{choice}"),
                   getattr(known, f"{name}_{choice}"))
            for name, words, unit in (
                ("win", "chance to win", "%"), ("run_risk", "risk it causes on the way", "%"),
                ("end_risk", "risk at the finish", "%"), ("weeks", "length of the race", "weeks"),
            )
            for choice in ("keep", "remove")
        ),
        Belief("rival_risk", "risk at the finish if a rival wins", "%", ledger.rival_risk, known.rival_risk),
    ]  # fmt: skip
    return tuple(rows)


@dataclass(frozen=True)
class View:
    """A rival as somebody sees it: C, oversight, weeks to the finish, risk at the finish, chances to win."""

    capability: float
    oversight: float
    weeks: float
    risk: float | None = None
    wins_if_keep: float | None = None
    wins_if_remove: float | None = None


def view(position: Position, rival: Rival, ledger: SimpleNamespace | None) -> View:
    """A rival as the lab sees it; risk and chances if it weighs them, `ledger` being its decision."""
    lab, other, p, key = position.lab, rival.state, position.p, rival.key
    x = rival_capability(lab, other, p, key)
    weeks = rival_weeks(lab, other, p, key)
    seen = View(exp(x), rival_oversight(lab, other, p), weeks)
    if ledger is None:
        return seen
    alone = copy.copy(ledger)  # the contest with this rival only: then its pull is 1 and its harm its risk
    alone.rival_weeks, alone.rival_pull, alone.rival_harm = weeks, 0.0, 0.0
    size_up_risk(alone, other, rival.weight, p, key)
    among = copy.copy(ledger)
    among.rival_pull, among.rival_harm = 0.0, 0.0
    size_up_risk(among, other, rival.weight, p, key)
    share = among.rival_pull / ledger.rival_pull
    risk = 0.0 if STRATEGIES[position.strategy] is sceptic else alone.rival_harm
    return replace(
        seen, risk=risk, wins_if_keep=share * (1.0 - ledger.win_keep), wins_if_remove=share * (1.0 - ledger.win_remove)
    )
