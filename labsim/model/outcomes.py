"""What is reported of a race: functions of its final state, one number per replication.

To add an outcome, write a function of `Final` that returns an array with one number for each
replication (nan where there is none) and name it in `OUTCOMES`. Numbers must not depend on the
order of labs, nor on a library's exponential: use `mean`, `total` and `each`.
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

    def race(self, name: str) -> np.ndarray:
        """A quantity of the race, shape (replications,)."""
        return self.race_state[:, RACE_PLACE[name]]

    def labs(self, name: str) -> np.ndarray:
        """A quantity of the labs, shape (replications, labs)."""
        return self.lab_states[:, :, LAB_PLACE[name]]


def each(function: Callable[[float], float], values: np.ndarray) -> np.ndarray:
    """A function of `draws` for each element: the same bits whatever numpy does."""
    return np.array([function(v) for v in values.ravel().tolist()]).reshape(values.shape)


def total(values: np.ndarray) -> np.ndarray:
    """Sum over labs (replications, labs) -> (replications,), added in ascending order."""
    ordered, result = np.sort(values, axis=1), np.zeros(len(values))
    for k in range(values.shape[1]):
        result = result + ordered[:, k]
    return result


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over labs, independent of their order."""
    return total(values) / values.shape[1]


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks over labs less their mean, ties shared; by hand, for scipy.stats doubles the time to start."""
    below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    same = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    return below + (same - values.shape[1]) / 2.0


def catastrophe(final: Final) -> np.ndarray:
    """Expected probability of a catastrophe: 1 - exp(-accumulated hazard)."""
    return each(lambda hazard: -expm1(-hazard), final.race("hazard_run"))


def unfinished(final: Final) -> np.ndarray:
    """1 if nobody crossed the line before the horizon."""
    return 1.0 - final.race("finished")


def winner_closed(final: Final) -> np.ndarray:
    """1 if the winner had no human in the loop when it finished; none if nobody finished."""
    closed = total(final.labs("won") * (final.labs("oversight") == 0.0))
    return np.where(final.race("finished") > 0, closed, np.nan)


def closers(final: Final) -> np.ndarray:
    """Labs that ever removed the human."""
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
    spread = np.sqrt((measured * measured).sum(axis=1) * (true * true).sum(axis=1))
    return np.where(spread > 0.0, (measured * true).sum(axis=1) / np.maximum(spread, 0.25), np.nan)


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


OUTCOMES: dict[str, Callable[[Final], np.ndarray]] = {
    f.__name__: f
    for f in (
        catastrophe, winner_closed, unfinished, closers, closed_share, closed_share_end, first_closure_week,
        alignment_gap, exposure, blindness, race_weeks, payoff, welfare, faking, exam_sight, anchor,
        undetected_regressions, unaudited_share, ranking, false_alarms, misses, unexamined, concern,
    )
}  # fmt: skip

# What needs a second race beside the run: weeks by which the finish comes later than in the race
# with the same luck, no rules in force, in which all remove; none if either is unfinished.
DELAY_COST = "delay_cost"
NAMES = (*OUTCOMES, DELAY_COST)
# Names of the closure game, from the signs of its differences: see closure_game.
GAMES = ("harmony", "stag hunt", "prisoner's dilemma", "deadlock", "chicken")
NOT_A_FORECAST = "A model for reasoning about incentives. Not a forecast."  # stands beside every result
LABELS = {  # (words, unit) for tables and the app
    "catastrophe": ("harm, of 100 futures", "%"), "winner_closed": ("winner had no human", "%"),
    "unfinished": ("races unfinished", "%"), "closers": ("labs that ever removed", "labs"),
    "closed_share": ("lab-weeks without a human", "%"), "closed_share_end": ("labs closed at the end", "%"),
    "first_closure_week": ("first removal", "week"), "alignment_gap": ("gap C - A", "C"),
    "exposure": ("exposure ln C - ln A", ""), "blindness": ("exposure not measured", ""),
    "race_weeks": ("length of the race", "weeks"), "payoff": ("a lab's payoff", "prizes"),
    "welfare": ("public welfare", "prizes"), "faking": ("alignment that is faked", "%"),
    "exam_sight": ("what labs' own exams still see", "%"), "anchor": ("integrity of the anchor", "%"),
    "undetected_regressions": ("regressions unnoticed", "a lab"), "unaudited_share": ("cycles nobody checked", "%"),
    "ranking": ("rank correlation measured, true", ""), "false_alarms": ("false alarms", "a lab"),
    "misses": ("findings missed", "a lab"), "unexamined": ("cycles since an outsider looked", "cycles"),
    "concern": ("public concern", "incidents"), DELAY_COST: ("cost of delay", "weeks"),
}  # fmt: skip


def finish_week(final: Final) -> np.ndarray:
    """The week in which a lab crossed the line; none if nobody did."""
    return np.where(final.race("finished") > 0, final.race("week"), np.nan)


def measure(final: Final, all_remove: Final) -> dict[str, np.ndarray]:
    """Every outcome by name, each (replications,); `all_remove` is the rule-free race of `delay_cost`."""
    values = {name: function(final) for name, function in OUTCOMES.items()}
    return values | {DELAY_COST: finish_week(final) - finish_week(all_remove)}
