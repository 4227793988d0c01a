"""Decisiveness (Emery-Xu, Park & Trager 2023): is it safer that racers know each other's capability?

A race is a contest: who has more capability less safety is likely, not sure, to win. As everywhere in docking, the
equilibrium is found by best reply to the payoffs of races that are run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labsim.docking.agreement import Dock, Estimate, Watch
from labsim.docking.one_shot import OneShot, lattice, world
from labsim.engines.ensemble import Stop
from labsim.model.declaration import parameter
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

PAPER = ("Emery-Xu, Park & Trager (2023), Uncertainty, information, and risk in international technology races, "
         "Journal of Conflict Resolution")  # fmt: skip
BATCHES = 3
GRID, FINER, LEVELS = 1.0 / 16.0, 4, 3  # of actions: coarse, then so many times finer, so often
MOST_ROUNDS, SETTLED = 150, 1.0 / 8192.0  # of best replies; nobody moved by more
DAMPED = 0.4  # share of the way to its best reply that a type goes in a round

Payoffs = Callable[[np.ndarray], np.ndarray]  # of actions to expected payoffs, both (actions, deciders)


def best_action(payoffs: Payoffs, deciders: int) -> np.ndarray:
    """The best action in [0, 1] of each decider: on a grid, on finer ones around, then of a parabola."""
    actions = np.linspace(0.0, 1.0, round(1.0 / GRID) + 1)[:, None] * np.ones(deciders)
    best, step, aside = _best(actions, payoffs(actions)), GRID, np.arange(1.0 - FINER, FINER)[:, None] / FINER
    for _ in range(LEVELS):
        actions = np.clip(best + step * aside, 0.0, 1.0)
        best, step = _best(actions, payoffs(actions)), step / FINER
    three = np.clip(best, step, 1.0 - step) + step * np.array([[-1.0], [0.0], [1.0]])
    low, middle, high = payoffs(three)
    bend = low - 2.0 * middle + high
    vertex = three[1] + step * np.clip((low - high) / np.where(bend < 0.0, 2.0 * bend, -np.inf), -1.0, 1.0)
    return np.where((best == 0.0) | (best == 1.0), best, vertex)


def _best(actions: np.ndarray, payoffs: np.ndarray) -> np.ndarray:
    """The action that pays most, ties to the safer: actions ascend."""
    last = len(actions) - 1 - payoffs[::-1].argmax(axis=0)
    return actions[last, np.arange(actions.shape[1])]


def knowing_all(game: OneShot, types: np.ndarray) -> np.ndarray:
    """Safeties (profiles, 2) at rest: best replies in turn from the safe side, all types known."""
    held = np.ones(types.shape)
    for _ in range(MOST_ROUNDS):
        before = held.copy()
        for lab in range(game.size):

            def payoffs(actions: np.ndarray, lab: int = lab) -> np.ndarray:
                safeties = np.broadcast_to(held, (len(actions), *held.shape)).copy()
                safeties[..., lab] = actions
                return game.play(types, safeties).payoff[..., lab]

            held[:, lab] = best_action(payoffs, len(types))
        if game.stop or np.abs(held - before).max() < SETTLED:
            break
    return held


def knowing_oneself(game: OneShot, types: np.ndarray) -> np.ndarray:
    """The safety of each type (types,) at rest: best replies from the safe side, a rival being any type."""
    held = np.ones(len(types))
    pairs = np.stack(np.broadcast_arrays(types[:, None], types[None, :]), axis=-1)
    for _ in range(MOST_ROUNDS):

        def payoffs(actions: np.ndarray, held: np.ndarray = held) -> np.ndarray:
            safeties = np.broadcast_to(held, (len(actions), *pairs.shape[:2]))
            safeties = np.stack([np.broadcast_to(actions[..., None], safeties.shape), safeties], axis=-1)
            return game.play(pairs, safeties).payoff[..., 0].mean(axis=-1)

        move = best_action(payoffs, len(types)) - held
        held = held + DAMPED * move
        if game.stop or np.abs(move).max() < SETTLED:
            break
    return held


@dataclass(frozen=True)
class Decisiveness(Dock):
    """Two racers in a contest: a small lead may matter little or decide."""

    enmity: float = parameter(1.0, "what a rival's safe win costs, of the prize", low=0, high=1, source=PAPER)
    skill: float = parameter(2.0, "range of capability, in units of all safety", low=0.01, high=10, source=PAPER)
    low: float = parameter(3.0, "decisiveness of the less decisive race", low=0.1, high=20, source=PAPER)
    high: float = parameter(12.0, "decisiveness of the more decisive race", low=0.1, high=20, source=PAPER)

    name = "decisiveness"
    source = PAPER
    seen = "abstract seen, the equations not: by sign, with a logistic chance to win"
    forms = ("Two labs of the strategy player, one cycle of a week in the form fixed, cycle.drag 1; finish "
             "contest_after_cycles, race.contest the decisiveness; harm by unreviewed_share.")  # fmt: skip
    caveat = (
        "The order of public and private information is not reproduced in general. With a logistic chance to win and "
        "uniform capability, known capability is the more dangerous at low decisiveness, and at high decisiveness the "
        "less dangerous if enmity and skill are small (0.5 and 1, say): the reverse of what was published. The "
        "published order was found only where racers just begin to give up safety, at a decisiveness near 2/enmity, "
        "and skill is small (enmity 0.5, skill 0.5, decisiveness 4 and 20). With enmity 1 the sign at high "
        "decisiveness holds. That more decisive races are more dangerous held wherever it was tried. The paper's "
        "equations were not available; its contest may be another."
    )
    signs: ClassVar[Mapping[str, int]] = {
        "public_less_private_low": -1, "public_less_private_high": 1, "high_less_low": 1,
    }  # fmt: skip
    replications = 14

    def check(self) -> None:
        if self.high <= self.low:
            raise ScenarioError(f"--high = {self.high}: must be above --low = {self.low}")

    def world(self, decisiveness: float) -> Scenario:
        """The races that are run."""
        form = {"race.finish_form": "contest_after_cycles", "race.contest": decisiveness}
        return world(2, self.enmity, form)

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        """Differences of the average risk; `replications` is the number of types that a racer can be."""
        risks = np.zeros((BATCHES, 2, 2))
        for batch in range(BATCHES):
            types = self.skill * lattice(replications, np.random.default_rng((seed, batch)))
            for place, decisiveness in enumerate((self.low, self.high)):
                if stop:
                    return dict.fromkeys(self.signs)
                watch(f"equilibrium {2 * batch + place + 1} of {2 * BATCHES}")
                risks[batch, place] = self.risks(OneShot(self.world(decisiveness), seed, stop), types)
        if stop:
            return dict.fromkeys(self.signs)
        (private_low, public_low), (private_high, public_high) = np.moveaxis(risks, 0, -1)
        rises = (private_high + public_high - private_low - public_low) / 2.0
        result = (public_low - private_low, public_high - private_high, rises)
        return {key: Estimate.of(values) for key, values in zip(self.signs, result, strict=True)}

    def risks(self, game: OneShot, types: np.ndarray) -> tuple[float, float]:
        """The average risk over all pairs of types: private information, public information."""
        first, second = np.triu_indices(len(types))
        profiles = np.stack([types[first], types[second]], axis=-1)
        weight = np.where(first == second, 1.0, 2.0) / len(types) ** 2
        chosen = knowing_oneself(game, types)
        private = game.play(profiles, np.stack([chosen[first], chosen[second]], axis=-1)).survival
        public = game.play(profiles, knowing_all(game, profiles)).survival
        return float(1.0 - private @ weight), float(1.0 - public @ weight)

    def references(self) -> dict[str, float | None]:
        return dict.fromkeys(self.signs)
