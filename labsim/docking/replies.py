"""Equilibria of one-shot races by best reply to simulated payoffs: nothing, one's own type or all types known.

No payoff is computed here: every one is read from a race that was run. Samples of types are stratified where an
action changes who wins, so that small gains can be told from chance; the strata and their weights follow from the
uniform law of types alone. A whole grid of actions can be tried against what was found: `regret`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labsim.docking.agreement import Watch
from labsim.docking.one_shot import OneShot, lattice, marginal, rivals

TOPS, INSIDE = 128, 4  # strata of the best rival's type; profiles in a stratum where only who wins matters
TYPES = 33  # nodes of a strategy over types
LOWEST = 1e-5  # type of which a strategy tells, in ranges of types
ASIDE = 1.0 / 24.0  # how far a lab that knows no type looks aside, in ranges of types
LOOKS, SIDE_BY_SIDE = 2, 6  # for where a gain turns
COARSE = 1.0 / 16.0  # of the grid of actions that are all looked over
SCALES = (COARSE, COARSE / 4.0, COARSE / 16.0, COARSE / 64.0, COARSE / 256.0)  # of actions, coarse to fine
TIE = 1e-9  # payoffs this near are equal
EDGE = 1.0 / 1024.0  # this near to no or full safety counts as that


def resting_point(gain: Callable[[np.ndarray], np.ndarray], most: float = 1.0) -> float:
    """The safety in [0, most] at which nobody wants to move: `gain`, of a little less, turns from loss to profit.

    Safeties are tried side by side, then others between the two where the gain turns.
    """
    low, high = EDGE * most, most - EDGE * most
    for _ in range(LOOKS):
        tried = np.linspace(low, high, SIDE_BY_SIDE)
        result = gain(tried)
        if result[-1] <= 0.0 or result[0] > 0.0:
            return most if result[-1] <= 0.0 else 0.0
        turn = int(np.argmax(result > 0.0))
        low, high = tried[turn - 1], tried[turn]
    return float(low - (high - low) * result[turn - 1] / (result[turn] - result[turn - 1]))


@dataclass(frozen=True)
class Trial:
    """Races in which the first lab holds each of four safeties, a step apart: what it gains from the first on."""

    types: np.ndarray  # (profiles, labs)
    safeties: np.ndarray  # (4, profiles, labs)
    weight: np.ndarray  # of the profiles
    step: float


def slopes(game: OneShot, trials: list[Trial]) -> np.ndarray:
    """What the first lab gains by going from its first safety to the others, per step of each trial."""
    types, safeties = np.stack([t.types for t in trials]), np.stack([t.safeties for t in trials])
    payoffs = game.play(types[:, None], safeties).payoff[..., 0]
    expected = (payoffs * np.stack([t.weight for t in trials])[:, None]).sum(axis=-1)
    return marginal(expected.T, np.array([t.step for t in trials]))


def stand_to_best(top: np.ndarray, skill: float, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Own types and weights (tops, strata), stratified by where 0 to 3 steps ahead begin to beat the best rival."""
    edges = np.clip(top[:, None] - step * np.arange(4.0), 0.0, skill)
    edges = np.concatenate([np.full((len(top), 1), skill), edges, np.zeros((len(top), 1))], axis=1)
    return (edges[:, 1:] + edges[:, :-1]) / 2.0, -np.diff(edges) / skill / len(top)


def knowing_nothing(game: OneShot, skill: float, rng: np.random.Generator) -> float:
    """The safety that is a best reply to itself where nobody knows a type, not even their own."""
    top = skill * lattice(TOPS, rng) ** (1.0 / (game.size - 1.0))
    others = rivals(np.repeat(top[:, None], 5, axis=1), game.size, rng)

    def trial(held: float) -> Trial:
        step = min(ASIDE * skill, held / 3.0)
        own, weight = stand_to_best(top, skill, step)
        types = np.concatenate([own[..., None], others], axis=-1).reshape(-1, game.size)
        safeties = np.full((4, *types.shape), held)
        safeties[..., 0] = np.maximum(0.0, held - step * np.arange(4.0))[:, None]
        return Trial(types, safeties, weight.reshape(-1), step)

    return resting_point(lambda safeties: slopes(game, [trial(held) for held in safeties.tolist()]))


def best_rivals(edges: np.ndarray, labs: int, start: float) -> tuple[np.ndarray, np.ndarray]:
    """Types of the best rival and their weights, stratified by these ascending edges; `start` is their luck."""
    top = edges[-1]
    shares = (edges / top) ** (labs - 1.0)
    inside = np.diff(shares)[:, None] * (np.arange(INSIDE) + start) / INSIDE + shares[:-1, None]
    return top * inside.reshape(-1) ** (1.0 / (labs - 1.0)), np.repeat(np.diff(shares) / INSIDE, INSIDE)


def knowing_oneself(game: OneShot, skill: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Types, and the safety each rests at: it gains nothing from a little more, by which it would beat fewer types.

    Types are taken from the lowest up: whether a little more safety pays depends on no higher type. A higher type
    is taken to have no lower capability less safety, else it would do better as the lower.
    """
    nodes = skill * np.linspace(LOWEST, 1.0, TYPES)
    held = np.zeros(TYPES)
    for place, own in enumerate(nodes.tolist()):
        if game.stop:
            break
        most = min(1.0, held[place - 1] + own - nodes[place - 1]) if place else 1.0
        trial = trial_of_type(nodes, held.copy(), place, game.size, rng)
        held[place:] = resting_point(lambda tried, trial=trial: -slopes(game, [trial(s) for s in tried.tolist()]), most)
    return nodes, held


def trial_of_type(
    nodes: np.ndarray, held: np.ndarray, place: int, labs: int, rng: np.random.Generator
) -> Callable[[float], Trial]:  # fmt: skip
    """Of the safety of a type, and of all higher ones: the trial of a little more.

    Rivals above it are left out, as it beats them with none of these safeties: its payoff there is the same.
    """
    own, skill, start = nodes[place], nodes[-1], rng.random()
    others = rng.random((4 * INSIDE, labs - 2))

    def trial(safety: float) -> Trial:
        step = min(own / 8.0, skill / TYPES, 1.0 - safety) / 4.0
        table = np.where(np.arange(TYPES) < place, held, safety)
        beaten = own - step * np.arange(4.0)
        top, weight = best_rivals(np.array([0.0, *beaten[::-1]]), labs, start)
        types = np.concatenate([np.full((len(top), 1), own), top[:, None], top[:, None] * others], axis=1)
        safeties = np.broadcast_to(np.interp(types, nodes, table), (4, *types.shape)).copy()
        more = own - beaten + np.interp(beaten, nodes, table)
        safeties[..., 0] = np.minimum(more, 1.0)[:, None]  # rounding may take the last of them above all safety
        return Trial(types, safeties, weight, step)

    return trial


def knowing_all(game: OneShot, types: np.ndarray, watch: Watch = lambda _: None) -> np.ndarray:
    """Safeties (profiles, labs) from which nobody moves: best replies in turn from the safe side, ever finer.

    The most capable lab is asked first, and again after every move; it is over when all were asked in vain.
    """
    held, order = np.ones(types.shape), np.argsort(-types, axis=1)
    for scale in SCALES:
        watch(f"best replies on a grid of 1/{1.0 / scale:.0f}, to 1/{1.0 / SCALES[-1]:.0f}")
        asked = np.zeros(len(types), np.int64)
        while (moving := np.flatnonzero(asked < game.size)).size and not game.stop:
            labs = order[moving, asked[moving]]
            result = reply(game, types[moving], held[moving], labs, scale)
            asked[moving] = np.where(result == held[moving, labs], asked[moving] + 1, 0)
            held[moving, labs] = result
    return held


def reply(game: OneShot, types: np.ndarray, held: np.ndarray, labs: np.ndarray, scale: float) -> np.ndarray:
    """The best reply of one lab of each profile, on a grid of this scale, ties to the safer; moves only for a gain.

    The whole coarse grid is tried; then, ever finer, the safest action with which the lab wins.
    """
    profile = np.arange(len(types))

    def tried(actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        safeties = np.broadcast_to(held, (len(actions), *held.shape)).copy()
        safeties[:, profile, labs] = actions
        came = game.play(types, safeties)
        return came.payoff[:, profile, labs], np.where(came.won[:, profile, labs] == 1.0, actions, -1.0)

    grid = np.linspace(1.0, 0.0, round(1.0 / COARSE) + 1)[:, None]
    actions = np.concatenate([held[None, profile, labs], np.broadcast_to(grid, (len(grid), len(types)))])
    payoffs, won = tried(actions)
    safest, width = won[1:].max(axis=0), COARSE
    while width > scale:
        width /= 4.0
        more = np.clip(safest + width * np.array([[1.0], [2.0], [3.0]]), 0.0, 1.0)
        came, won = tried(more)
        actions, payoffs = np.concatenate([actions, more]), np.concatenate([payoffs, came])
        safest = np.where(safest < 0.0, safest, np.maximum(safest, won.max(axis=0)))
    best = payoffs.max(axis=0)
    better = np.where(payoffs >= best - TIE, actions, -1.0).max(axis=0)
    return np.where(best > payoffs[0] + TIE, better, held[profile, labs])


def gains(game: OneShot, types: np.ndarray, held: np.ndarray, lab: int, actions: np.ndarray) -> np.ndarray:
    """What a lab gains in each profile by each action instead of what it holds: (actions, profiles)."""
    safeties = np.broadcast_to(held, (len(actions) + 1, *held.shape)).copy()
    safeties[1:, :, lab] = actions[:, None]
    payoffs = game.play(types, safeties).payoff[..., lab]
    return payoffs[1:] - payoffs[0]
