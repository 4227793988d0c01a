"""What is reported of a race: functions of its final state, one number per replication.

To add an outcome, write a function of `Final` that returns an array with one number for each
replication (nan where there is none) and give it a line at the end of `OUTCOMES`: every table, file
and screen takes it from there. Numbers must not depend on the order of labs, nor on a library's
exponential: use `mean`, `total` and `each`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim.model import state
from labsim.model.draws import exp, expm1

RACE_PLACE = {name: k for k, name in enumerate(state.fields(state.RaceState))}
LAB_PLACE = {name: k for k, name in enumerate(state.fields(state.LabState))}


@dataclass(frozen=True)
class Final:
    """The last state of every replication.

    `race_state` (replications, quantities), `lab_states` (replications, labs, quantities), `values`
    the parameters by path, one number or one per replication.
    """

    race_state: np.ndarray
    lab_states: np.ndarray
    values: Mapping[str, Any]

    @property
    def failed(self) -> np.ndarray:
        """Which races ended with an exception, shape (replications,): nothing of their state is known, all is nan."""
        return np.isnan(self.race_state[:, 0])

    def where(self, kept: np.ndarray) -> "Final":
        """The final states of some replications: `kept` (replications,) says of each whether."""
        n = len(kept)
        values = {path: v[kept] if isinstance(v, np.ndarray) and len(v) == n else v for path, v in self.values.items()}
        return Final(self.race_state[kept], self.lab_states[kept], values)

    def race(self, name: str) -> np.ndarray:
        """A quantity of the race, shape (replications,)."""
        return self.race_state[:, RACE_PLACE[name]]

    def labs(self, name: str) -> np.ndarray:
        """A quantity of the labs, shape (replications, labs)."""
        return self.lab_states[:, :, LAB_PLACE[name]]


def each(function: Callable[[float], float], values: np.ndarray) -> np.ndarray:
    """A function of `draws` for each element: the same bits whatever numpy does."""
    if not isinstance(values, np.ndarray):  # noted, to be compiled: see engines.outcome_code
        return values.each(function)
    return np.array([function(v) for v in values.ravel().tolist()]).reshape(values.shape)


def total(values: np.ndarray) -> np.ndarray:
    """Sum over labs (replications, labs) -> (replications,), added in ascending order."""
    return 0.0 + np.add.accumulate(np.sort(values, axis=1), axis=1)[:, -1]


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over labs, independent of their order."""
    return total(values) / values.shape[1]


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks over labs less their mean, ties shared; by hand, for scipy.stats doubles the time to start."""
    below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    same = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    return below + (same - values.shape[1]) / 2.0


def risk_of(hazard: float) -> float:
    """The probability that a hazard strikes."""
    return -expm1(-hazard)


def catastrophe(final: Final) -> np.ndarray:
    """Expected probability of a catastrophe: 1 - exp(-accumulated hazard)."""
    return each(risk_of, final.race("hazard_run"))


def unfinished(final: Final) -> np.ndarray:
    """1 if nobody crossed the line before the horizon."""
    return 1.0 - final.race("finished")


def winner_closed(final: Final) -> np.ndarray:
    """1 if the winner had no human in the loop when it finished; none if nobody finished."""
    closed = total(final.labs("won") * (final.labs("oversight") == 0.0))
    return np.where(final.race("finished") > 0, closed, np.nan)


def closers(final: Final) -> np.ndarray:
    """Labs that removed the human at some time."""
    return total((final.labs("first_closed") >= 0.0).astype(float))


def closed_share(final: Final) -> np.ndarray:
    """Share of lab-weeks without a human in the loop."""
    return mean(final.labs("closed_weeks")) / final.race("week")


def closed_share_end(final: Final) -> np.ndarray:
    """Share of labs without a human at the end."""
    return mean((final.labs("oversight") == 0.0).astype(float))


def first_closure_week(final: Final) -> np.ndarray:
    """Week in which the first lab removed the human; none if nobody did."""
    first = final.labs("first_closed")
    week = np.min(np.where(first >= 0.0, first, np.inf), axis=1)
    return np.where(np.isfinite(week), week, np.nan)


def alignment_gap(final: Final) -> np.ndarray:
    """C - A, mean over labs."""
    return mean(each(exp, final.labs("log_capability")) - each(exp, final.labs("log_alignment")))


def exposure(final: Final) -> np.ndarray:
    """max(0, ln C - ln A), mean over labs."""
    return mean(final.labs("exposure"))


def blindness(final: Final) -> np.ndarray:
    """True exposure less the labs' own reading of it, mean over labs."""
    return mean(final.labs("exposure") - final.labs("measured"))


def race_weeks(final: Final) -> np.ndarray:
    """Length of the race in weeks."""
    return final.race("week").copy()


def payoff(final: Final) -> np.ndarray:
    """Expected payoff in prizes, mean over labs."""
    return mean(final.labs("payoff"))


def welfare(final: Final) -> np.ndarray:
    """What the public gets: the benefit discounted to the finish if the world survives, less harm.

    Less what inspections cost, and plus the harm that is averted where they see a breach.
    """
    risk = catastrophe(final)
    rate = np.broadcast_to(final.values["harm.social_discount"], risk.shape)
    worth = each(exp, -rate * final.race("week") / 52.0)
    inspections = total(final.labs("inspected")) * final.values["harm.inspection_cost"]
    averted = total(final.labs("breaches_seen")) * final.values["harm.breach"]
    return worth * (1.0 - risk) - final.values["harm.public_harm"] * risk - inspections + averted


def faking(final: Final) -> np.ndarray:
    """Share of alignment that is faked under observation at the end, mean over labs."""
    return mean(final.labs("faked"))


def exam_sight(final: Final) -> np.ndarray:
    """Evaluator generalisation: share of its exposure that a lab's exam showed when last used, mean over labs."""
    return mean(final.labs("seen"))


def anchor(final: Final) -> np.ndarray:
    """Anchor preservation: how far exams still ask for what humans meant, mean over labs."""
    return mean(final.labs("anchor"))


def undetected_regressions(final: Final) -> np.ndarray:
    """Regression detection: hidden drops of alignment that nobody noticed, mean over labs."""
    return mean(final.labs("regressions") - final.labs("regressions_found"))


def unaudited_share(final: Final) -> np.ndarray:
    """Inter-cycle audit: share of cycles that nobody checked before the next began; none without a cycle."""
    cycles = total(final.labs("cycles"))
    return np.where(cycles > 0.0, total(final.labs("unaudited")) / np.maximum(cycles, 1.0), np.nan)


def ranking(final: Final) -> np.ndarray:
    """Rank correlation (Spearman) over labs of measured and true exposure; none where all are equal."""
    measured, true = (ranks(final.labs(name)) for name in ("measured", "exposure"))
    spread = np.sqrt(total(measured * measured) * total(true * true))
    return np.where(spread > 0.0, total(measured * true) / np.maximum(spread, 0.25), np.nan)


def false_alarms(final: Final) -> np.ndarray:
    """Outside reports of a finding on a lab whose exposure was below the line, mean over labs."""
    return mean(final.labs("false_alarms"))


def misses(final: Final) -> np.ndarray:
    """Outside reports of no finding on a lab whose exposure was above the line, mean over labs."""
    return mean(final.labs("misses"))


def unexamined(final: Final) -> np.ndarray:
    """Cycles completed since the last outside report, mean over labs."""
    return mean(final.labs("cycles") - final.labs("examined"))


def concern(final: Final) -> np.ndarray:
    """Public concern at the end: incidents, warnings and published findings, as remembered."""
    return final.race("concern").copy()


def finish_week(final: Final) -> np.ndarray:
    """Week in which a lab crossed the line; none if nobody did."""
    return np.where(final.race("finished") > 0, final.race("week"), np.nan)


def labelled(words: str, unit: str) -> str:
    """Words and unit, the unit said once: "public welfare, prizes", "length of the race, weeks", "labs that remove"."""
    return words if not unit or unit in words.split() else f"{words}, {unit}"


def is_share(unit: str) -> bool:
    """Whether a unit is that of a share, 0 to 1 in data and in per cent where people read it."""
    return unit.startswith("%")


MORE_IS_WORSE, LESS_IS_WORSE, NEITHER = 1, -1, 0  # the direction of an outcome


@dataclass(frozen=True)
class Outcome:
    """One thing that is reported of every race, and how people are told of it.

    `function` reads it off final states, one number a replication. `words` and `unit` name it in tables; a unit
    that begins with % belongs to a share, which is 0 to 1 in data and in per cent where people read it.
    `direction` says which way is worse: MORE_IS_WORSE, LESS_IS_WORSE or NEITHER. What is `shown` stands in the
    short tables of `labsim run` and `labsim compare`; all others are in the files, the JSON and the longer tables.
    `less_rule_free`: what is reported is the number less that of a second race, which has the same luck, no rules
    in force, and labs that all remove the human.
    """

    function: Callable[[Final], np.ndarray]
    words: str
    unit: str = ""
    direction: int = NEITHER
    shown: bool = False
    less_rule_free: bool = False

    @property
    def label(self) -> str:
        """Words and unit: see `labelled`."""
        return labelled(self.words, self.unit)

    @property
    def is_share(self) -> bool:
        """Whether it is a share, 0 to 1 in data."""
        return is_share(self.unit)

    @property
    def scale(self) -> float:
        """What a number is multiplied by for people: 100 for a share."""
        return 100.0 if self.is_share else 1.0

    @property
    def meaning(self) -> str:
        """The first paragraph of its function's docstring, and what is subtracted from it."""
        text = " ".join((self.function.__doc__ or "").split("\n\n")[0].split())
        less = " Less that of the race with the same luck, no rules in force and all labs removing the human."
        return text + less if self.less_rule_free else text

    def values(self, final: Final, rule_free: Final) -> np.ndarray:
        """The outcome of each replication; `rule_free` is the second race, which most outcomes do not look at."""
        own = self.function(final)
        return own - self.function(rule_free) if self.less_rule_free else own

    def verdict(self, sign: int) -> str:
        """What a difference of this sign is: "worse", "better", or nothing where neither can be said."""
        return {1: "worse", -1: "better", 0: ""}[sign * self.direction]


# In the order of the columns of stored runs: a new one comes last.
OUTCOMES: dict[str, Outcome] = {
    "catastrophe": Outcome(catastrophe, "catastrophe", "% of races", MORE_IS_WORSE, shown=True),
    "winner_closed": Outcome(winner_closed, "winner without a human", "%", shown=True),
    "unfinished": Outcome(unfinished, "unfinished", "% of races", shown=True),
    "closers": Outcome(closers, "labs that removed the human", "labs", shown=True),
    "closed_share": Outcome(closed_share, "lab-weeks without a human", "%"),
    "closed_share_end": Outcome(closed_share_end, "labs with no human at the end", "%", shown=True),
    "first_closure_week": Outcome(first_closure_week, "first removal of the human", "week", shown=True),
    "alignment_gap": Outcome(alignment_gap, "capability less alignment", "C", MORE_IS_WORSE),
    "exposure": Outcome(exposure, "exposure", "ln C/A", MORE_IS_WORSE, shown=True),
    "blindness": Outcome(blindness, "unseen exposure", "ln C/A", MORE_IS_WORSE, shown=True),
    "race_weeks": Outcome(race_weeks, "length of the race", "weeks", shown=True),
    "payoff": Outcome(payoff, "payoff of a lab", "prizes", LESS_IS_WORSE, shown=True),
    "welfare": Outcome(welfare, "public welfare", "prizes", LESS_IS_WORSE, shown=True),
    "faking": Outcome(faking, "alignment that is faked", "%", MORE_IS_WORSE),
    "exam_sight": Outcome(exam_sight, "exposure that a lab's own exam shows", "%", LESS_IS_WORSE),
    "anchor": Outcome(anchor, "integrity of the anchor", "%", LESS_IS_WORSE),
    "undetected_regressions": Outcome(undetected_regressions, "unnoticed regressions", "per lab", MORE_IS_WORSE),
    "unaudited_share": Outcome(unaudited_share, "cycles that nobody checked", "%", MORE_IS_WORSE),
    "ranking": Outcome(ranking, "rank correlation of measured and true exposure", "", LESS_IS_WORSE),
    "false_alarms": Outcome(false_alarms, "false alarms", "per lab", MORE_IS_WORSE),
    "misses": Outcome(misses, "missed findings", "per lab", MORE_IS_WORSE),
    "unexamined": Outcome(unexamined, "cycles since an outside report", "cycles", MORE_IS_WORSE),
    "concern": Outcome(concern, "public concern", "incidents"),
    "delay_cost": Outcome(finish_week, "cost of delay", "weeks", MORE_IS_WORSE, shown=True, less_rule_free=True),
}
# Names of the closure game, from the signs of its differences: see closure_game.
GAMES = ("harmony", "stag hunt", "prisoner's dilemma", "deadlock", "chicken")


def measure(final: Final, rule_free: Final) -> dict[str, np.ndarray]:
    """Every outcome by name, each (replications,); `rule_free` is the second race of some: see `Outcome`."""
    return {name: outcome.values(final, rule_free) for name, outcome in OUTCOMES.items()}
