"""One cycle of one lab taken apart: the candidate edits, what is measured of them, which one is taken.

The model draws the best of n at once, from the law that trying all n has (tests/test_best_of_n.py).
Here all n are drawn, with errors of every reading, so that they can be shown: with the human and
without, the same edits and the same errors, many times over.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from labsim.engines.mesa_engine import Lab, Race, sampled_scenario
from labsim.model.draws import exp
from labsim.model.parameters import CYCLE_FORM, LAB_GROUPS
from labsim.model.self_improvement import alignment_reading, review, score_weights, sight, weeks_per_cycle
from labsim.model.state import LabState, fields
from labsim.model.week import CYCLE
from labsim.runs.summary import Summary
from labsim.scenario.sampling import draw_one
from viz.world.ensembles import SEED
from viz.world.futures import OVERSIGHT
from viz.world.world import KEEP, MOST_LUCK, REMOVE, World

LUCKS, MOST_EDITS = MOST_LUCK, 200_000  # times that the candidates are drawn, fewer where there are very many of them
EFFECT_C, EFFECT_A, ERROR_C, ERROR_A, ERROR_HUMAN = range(5)  # what is drawn of each candidate


@dataclass(frozen=True)
class Moment:
    """A lab as it stood when a cycle was complete, before its review; `weeks` a cycle takes, by choice."""

    week: int
    lab: SimpleNamespace
    weeks: dict[str, float]

    @property
    def able(self) -> bool:
        """Whether the lab could run without a human."""
        return self.lab.log_capability >= self.lab.cycle.log_able


@dataclass(frozen=True)
class Option:
    """The candidates as they are and as they are measured, (lucks, n), in logs; `taken` the one that scores best."""

    true_c: np.ndarray
    true_a: np.ndarray
    measured_a: np.ndarray
    taken: np.ndarray
    vetoed: np.ndarray

    @property
    def lucks(self) -> int:
        """How many times they are drawn."""
        return len(self.taken)

    def of_taken(self, values: np.ndarray) -> np.ndarray:
        """What the edit that is taken has, for each luck; 0 where it is vetoed."""
        chosen = np.take_along_axis(values, self.taken[:, None], axis=1)[:, 0]
        return np.where(self.vetoed, 0.0, chosen)

    def mean(self, values: np.ndarray) -> Summary:
        """Its mean over all lucks, in percent."""
        return Summary.of(percent(self.of_taken(values)))


class _Watched(Race):
    """A race that takes down one lab each time a cycle of it completes."""

    watched: str
    taken: list[Moment]

    def _complete(self, kind: str, rule: Callable, lab: Lab) -> None:
        if kind == CYCLE and rule is review and lab.name == self.watched:
            share = lab.share * self.p.race.labs
            weeks = {c: weeks_per_cycle(lab, lab.log_capability, share, o) for c, o in OVERSIGHT.items()}
            names = (*fields(LabState), *LAB_GROUPS)
            space = SimpleNamespace(**{name: getattr(lab, name) for name in names})
            self.taken.append(Moment(int(self.week), space, weeks))
        super()._complete(kind, rule, lab)


@lru_cache(maxsize=64)
def moments(world: World, future: int, lab: str) -> tuple[Moment, ...]:
    """The lab at the end of each of its cycles in one future; none if edits are not chosen in this world."""
    scenario = world.resolve()
    drawn = draw_one(scenario, SEED, future)
    race = _Watched(sampled_scenario(scenario, drawn, 0) if drawn else scenario, SEED, future, collect=False)
    race.watched, race.taken = lab, []
    race.run()
    return tuple(moment for moment in race.taken if moment.lab.cycle.form != CYCLE_FORM.fixed)


def place_of(all_moments: tuple[Moment, ...], week: int | None) -> int:
    """The first cycle that ends in this week or later; without a week, the first after which the lab is able."""
    wanted = (moment.able if week is None else moment.week >= week for moment in all_moments)
    return next((place for place, is_wanted in enumerate(wanted) if is_wanted), len(all_moments) - 1)


@lru_cache(maxsize=16)
def options(world: World, future: int, lab: str, place: int) -> dict[str, Option]:
    """The candidates of one cycle, with the human and without, under the same luck."""
    moment = moments(world, future, lab)[place]
    n = int(moment.lab.cycle.candidates)
    drawn = np.random.default_rng([SEED, future, int(moment.lab.id), moment.week]).standard_normal(
        (5, min(LUCKS, MOST_EDITS // n), n)
    )
    return {choice: _option(moment.lab, OVERSIGHT[choice], drawn) for choice in (KEEP, REMOVE)}


def _option(before: SimpleNamespace, oversight: float, drawn: np.ndarray) -> Option:
    """The review as the model has it (a human renews the exam), then every candidate measured and scored."""
    lab = copy.copy(before)
    lab.oversight = oversight
    review(lab, None, None, 0)
    cycle, human = lab.cycle, max(lab.reviewed, lab.arbitration)
    own_exam = cycle.sigma_alignment / np.sqrt(lab.checks)
    own_weight = 1.0 / own_exam**2
    seen, (_, variance) = sight(lab), alignment_reading(cycle, sight(lab), lab.log_capability, human, lab.checks)
    second_weight = 1.0 / variance - own_weight  # of the human's reading: what its variance adds to the exam's
    gain_c = cycle.tau_capability * drawn[EFFECT_C]
    other = np.sqrt(1.0 - cycle.correlation**2)
    gain_a = cycle.tau_alignment * (cycle.correlation * drawn[EFFECT_C] + other * drawn[EFFECT_A])
    exam = seen * gain_a + own_exam * drawn[ERROR_A]
    measured_a = exam
    if human > 0.0:
        reading = gain_a + drawn[ERROR_HUMAN] / np.sqrt(second_weight)
        measured_a = (own_weight * exam + second_weight * reading) * variance
    u, v = score_weights(cycle, variance)
    score = u * (gain_c + cycle.sigma_capability * drawn[ERROR_C]) + v * measured_a
    taken = np.argmax(score, axis=1)
    believed = np.take_along_axis(measured_a, taken[:, None], axis=1)[:, 0]
    factor = lab.multiplier * exp(cycle.parallel * (1.0 - 1.0 / cycle.returns) * lab.log_capability)
    vetoed = (believed < cycle.veto) & (lab.reviewed > 0.0)
    return Option(factor * gain_c, factor * gain_a, factor * measured_a, taken, vetoed)


def percent(logs: Any) -> Any:
    """A change in logs as a change in percent."""
    return 100.0 * np.expm1(logs)
