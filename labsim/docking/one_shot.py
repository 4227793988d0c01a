"""Races of one week in which each lab has a type and chooses its safety once: what published one-shot games need.

A type c is the lab's head start, its safety s the oversight it holds; a human in the loop costs s of ln C, so
that c - s decides the race, and the winner's system is safe with probability s.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim.docking.agreement import finals
from labsim.engines.ensemble import Stop
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario


def world(labs: int, enmity: float, changes: Mapping[str, Any]) -> Scenario:
    """One week, one cycle of fixed rates, no harm but the finish; a rival's win is worth 1 - enmity."""
    specs = tuple(LabSpec(f"lab {i}", "player") for i in range(labs))
    return Scenario("one shot", labs=specs).with_({
        "race.weeks": 1, "race.spread": 0.0, "race.finish_form": "most_after_cycles", "race.finish_cycles": 1,
        "cycle.form": "fixed", "cycle.machine": 1.0, "cycle.review": 0.0, "cycle.machine_falls": 0.0,
        "cycle.rate_capability": 1.0, "cycle.rate_alignment": 1.0, "cycle.drag": 1.0, "cycle.research": 0.0,
        "cycle.able": 0.001, "harm.finish_form": "unreviewed_share", "harm.rate": 0.0, "decision.own_harm": 0.0,
        "decision.discount": 0.0, "competition.winner_share": enmity, "competition.ideas": 0.0,
        "evaluators.number": 0, **changes,
    })  # fmt: skip


@dataclass(frozen=True)
class Played:
    """What came of races: `payoff` and `won` (races, labs), `survival` (races,)."""

    payoff: np.ndarray
    won: np.ndarray
    survival: np.ndarray


@dataclass(frozen=True)
class OneShot:
    """A one-shot race that can be run for any types and safeties."""

    scenario: Scenario
    seed: int
    stop: Stop

    @property
    def size(self) -> int:
        """The number of labs."""
        return len(self.scenario.all_labs)

    def play(self, types: np.ndarray, safeties: np.ndarray) -> Played:
        """Run one race for each row of types and safeties, (..., labs); what came of them has the same shape."""
        shape = np.broadcast_shapes(types.shape, safeties.shape)
        columns = [np.broadcast_to(values, shape).reshape(-1, self.size) for values in (types, safeties)]
        sampled = {}
        for lab, own, held in zip(self.scenario.all_labs, *(column.T for column in columns), strict=True):
            sampled |= {f"{lab.name} cycle.head_start": own, f"{lab.name} decision.choice": held}
        played = list(finals(self.scenario, len(columns[0]), self.seed, self.stop, sampled))
        if self.stop:
            return Played(np.zeros(shape), np.zeros(shape), np.zeros(shape[:-1]))
        parts = zip(*((f.labs("payoff").copy(), f.labs("won").copy(), f.race("survival").copy()) for f in played),
                    strict=True)  # fmt: skip
        payoff, won, survival = (np.concatenate(part) for part in parts)
        return Played(payoff.reshape(shape), won.reshape(shape), survival.reshape(shape[:-1]))


def rivals(tops: np.ndarray, labs: int, rng: np.random.Generator) -> np.ndarray:
    """Types of a lab's rivals, (..., labs - 1), given the highest of them: the others are uniform below it."""
    return np.concatenate([tops[..., None], tops[..., None] * rng.random((*tops.shape, labs - 2))], axis=-1)


def lattice(points: int, rng: np.random.Generator) -> np.ndarray:
    """Quantiles of which one lies in each of so many even strata."""
    return (np.arange(points) + rng.random(points)) / points


def marginal(payoffs: np.ndarray, step: float) -> np.ndarray:
    """The slope at the first of four actions, (4, ...), that are `step` apart: of the cubic through their payoffs."""
    return (-11.0 * payoffs[0] + 18.0 * payoffs[1] - 9.0 * payoffs[2] + 2.0 * payoffs[3]) / (6.0 * step)
