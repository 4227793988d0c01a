"""What is reported of a race: functions of its final state, one number per replication.

To add an outcome, write a function of `Final` that returns an array with one number for each
replication (nan where there is none) and name it in `OUTCOMES`. Numbers must not depend on the
order of labs, nor on a library's exponential: use `mean`, `total` and `each`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim import state
from labsim.draws import exp, expm1

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
    """What the public gets: the benefit discounted to the finish if the world survives, less harm."""
    risk = catastrophe(final)
    rate = np.broadcast_to(final.values["harm.social_discount"], risk.shape)
    worth = each(exp, -rate * final.race("week") / 52.0)
    return worth * (1.0 - risk) - final.values["harm.public_harm"] * risk


OUTCOMES: dict[str, Callable[[Final], np.ndarray]] = {
    f.__name__: f
    for f in (
        catastrophe, winner_closed, unfinished, closers, closed_share, closed_share_end, first_closure_week,
        alignment_gap, exposure, blindness, race_weeks, payoff, welfare,
    )
}  # fmt: skip

# What needs a second race beside the run: weeks by which the finish comes later than in the race
# with the same luck, no rules in force, in which all remove; none if either is unfinished.
DELAY_COST = "delay_cost"
NAMES = (*OUTCOMES, DELAY_COST)
LABELS = {  # (words, unit) for tables and the app
    "catastrophe": ("harm, of 100 futures", "%"), "winner_closed": ("winner had no human", "%"),
    "unfinished": ("races unfinished", "%"), "closers": ("labs that ever removed", "labs"),
    "closed_share": ("lab-weeks without a human", "%"), "closed_share_end": ("labs closed at the end", "%"),
    "first_closure_week": ("first removal", "week"), "alignment_gap": ("gap C - A", "C"),
    "exposure": ("exposure ln C - ln A", ""), "blindness": ("exposure not measured", ""),
    "race_weeks": ("length of the race", "weeks"), "payoff": ("a lab's payoff", "prizes"),
    "welfare": ("public welfare", "prizes"), DELAY_COST: ("cost of delay", "weeks"),
}  # fmt: skip


def measure(final: Final, all_remove: Final) -> dict[str, np.ndarray]:
    """Every outcome by name, each (replications,); `all_remove` is the rule-free race of `delay_cost`."""
    values = {name: function(final) for name, function in OUTCOMES.items()}
    both = (final.race("finished") > 0) & (all_remove.race("finished") > 0)
    values[DELAY_COST] = np.where(both, final.race("week") - all_remove.race("week"), np.nan)
    return values
