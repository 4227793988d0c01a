"""Nash equilibria of the closure game, how sure they are, and what they cost the labs.

Payoffs are means over races, so an equilibrium is one of the means; it is certain if every difference
that supports it is clear of 0 by 2 paired standard errors. Two labs: support enumeration (nashpy).
More, alike: the symmetric mixed ones, as roots of the gain from removing, a Bernstein polynomial
(Peña, Lehmann & Nöldeke 2014). Up to six of any kind: all mixed ones if pygambit is there.
"""

import importlib.util
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim.games.kind_game import KindGame, Probabilities
from labsim.games.removal_table import ALL_SETS, Counts
from labsim.runs.summary import Summary, direction, is_zero

EXTRA = 'pip install "labsim[games]"'
STEPS = 100  # of a grid on which a curve is looked at between two roots


@dataclass(frozen=True)
class Equilibrium:
    """For each kind of lab, and each lab of it, the chance that it removes; what the labs get together."""

    remove: Probabilities
    certain: bool  # else too close to call
    at_means: bool  # false: no equilibrium of the means, but within their errors
    welfare: Summary
    se: float | None = None  # of the probability, where all labs have the same

    @property
    def pure(self) -> bool:
        """Whether nobody mixes."""
        return all(p in (0.0, 1.0) for chances in self.remove for p in chances)

    @property
    def removers(self) -> float:
        """How many labs remove, in expectation."""
        return sum(map(sum, self.remove))


def certainly(counts: Counts, sizes: Counts) -> Probabilities:
    """So many of each kind remove for sure, the others keep."""
    return tuple((1.0,) * count + (0.0,) * (size - count) for count, size in zip(counts, sizes, strict=True))


def pure(game: KindGame) -> list[Equilibrium]:
    """Profiles in which nobody gains by doing the other thing; those that could be, as too close to call."""
    result = []
    for counts in game.profiles():
        # what each lab would gain by doing the other thing
        stray = [game.gain(counts, k) for k, size in enumerate(game.sizes) if counts[k] < size]
        for k, count in enumerate(counts):
            if count > 0:
                before = tuple(c - (i == k) for i, c in enumerate(counts))
                stray.append(-game.gain(before, k))
        gains = [Summary.of(values) for values in stray]
        if all(direction(gain) <= 0 for gain in gains):
            certain = all(direction(gain) < 0 or is_zero(gain) for gain in gains)
            at_means = all(gain.mean <= 0.0 for gain in gains)
            welfare = Summary.of(game.welfare(counts))
            result.append(Equilibrium(certainly(counts, game.sizes), certain, at_means, welfare))
    return result


def symmetric(game: KindGame) -> list[Equilibrium]:
    """Labs of one kind: every chance to remove, the same for all, at which removing gains exactly nothing.

    Certain if the gain is clear of 0 somewhere on either side, up to the next such chance.
    """
    from scipy.interpolate import BPoly, PPoly

    labs = game.labs
    gains = np.array([game.gain((k,), 0) for k in range(labs)])  # the coefficients of a Bernstein polynomial

    def curve(p: np.ndarray) -> np.ndarray:
        """The gain in each replication if the others remove with chance p: (len(p), replications)."""
        return np.array([BPoly(np.eye(labs)[k][:, None], [0.0, 1.0])(p) for k in range(labs)]).T @ gains

    polynomial = PPoly.from_bernstein_basis(BPoly(gains.mean(axis=1)[:, None], [0.0, 1.0]))
    roots = sorted({float(p) for p in polynomial.roots(extrapolate=False) if 1e-9 < p < 1.0 - 1e-9})
    edges = [0.0, *roots, 1.0]
    clear = [
        any(direction(Summary.of(gain)) for gain in curve(np.linspace(low, high, STEPS + 1)))
        for low, high in itertools.pairwise(edges)
    ]
    result = []
    for k, p in enumerate(roots):
        chances, slope = ((p,) * labs,), float(polynomial.derivative()(p))
        error = Summary.of(curve(np.array([p]))[0]).se
        se = error / abs(slope) if error is not None and slope != 0.0 else None
        welfare = Summary.of(game.expected_welfare(chances))
        result.append(Equilibrium(chances, clear[k] and clear[k + 1], True, welfare, se))
    return result


def by_kind(game: KindGame, places: Sequence[tuple[int, int]], values: Sequence[float]) -> list[list[float]]:
    """One value a lab, as one list a kind."""
    pairs = list(zip(places, values, strict=True))
    return [[value for (k, _), value in pairs if k == kind] for kind in range(len(game.sizes))]


def matrix(game: KindGame, places: Sequence[tuple[int, int]], lab: int) -> np.ndarray:
    """The mean payoffs of one lab for each action of each lab (0 keep, 1 remove), an axis a lab.

    `places` are (kind, place in its kind) of all labs.
    """
    result = np.empty((2,) * len(places))
    for actions in np.ndindex(*result.shape):
        counts = tuple(map(sum, by_kind(game, places, actions)))
        result[actions] = (game.remove if actions[lab] else game.keep)[counts][:, places[lab][0]].mean()
    return result


def mixed(game: KindGame) -> list[Equilibrium]:
    """Equilibria in which somebody mixes: by nashpy for two labs, by pygambit (if installed) up to six."""
    places = [(k, i) for k, size in enumerate(game.sizes) for i in range(size)]
    matrices = [matrix(game, places, lab) for lab in range(len(places))]
    if len(places) == 2:
        import nashpy

        with warnings.catch_warnings():  # it warns of games that may be degenerate
            warnings.simplefilter("ignore")
            solved = [(x[1], y[1]) for x, y in nashpy.Game(*matrices).support_enumeration()]
    else:
        import pygambit

        solver = pygambit.nash.enumpoly_solve(pygambit.Game.from_arrays(*matrices))
        solved = [
            [float(profile[list(player.strategies)[1]]) for player in profile.game.players]
            for profile in solver.equilibria
        ]
    result: dict[Probabilities, Equilibrium] = {}
    for chances in solved:
        sure = [round(float(p), 9) for p in chances]
        remove = tuple(tuple(sorted(mine, reverse=True)) for mine in by_kind(game, places, sure))
        if remove not in result and not set(sure) <= {0.0, 1.0}:
            welfare = Summary.of(game.expected_welfare(remove))
            result[remove] = Equilibrium(remove, supported(game, remove), True, welfare)
    return list(result.values())


def supported(game: KindGame, chances: Probabilities) -> bool:
    """Whether what a mixed equilibrium rests on is clear of 0.

    Who does not mix would clearly lose by the other thing; to who mixes, removing clearly gains for some
    and clearly costs for other things that those who mix may do.
    """
    places = [(k, i) for k, of_kind in enumerate(chances) for i in range(len(of_kind))]
    mixing = [(k, i) for k, i in places if 0.0 < chances[k][i] < 1.0]
    for k, i in places:
        if (k, i) not in mixing:
            wanted = 1 if chances[k][i] == 1.0 else -1
            gain = Summary.of(game.expected_gain(chances, k, i))
            if direction(gain) != wanted and not is_zero(gain):
                return False
            continue
        seen = set()
        for actions in itertools.product((0.0, 1.0), repeat=len(mixing) - 1):
            do = dict(zip((place for place in mixing if place != (k, i)), actions, strict=True))
            corner = tuple(tuple(do.get((a, b), p) for b, p in enumerate(of_kind)) for a, of_kind in enumerate(chances))
            seen.add(direction(Summary.of(game.expected_gain(corner, k, i))))
        if not {1, -1} <= seen:
            return False
    return True


def has_pygambit() -> bool:
    """Whether the extra `games` is installed."""
    return importlib.util.find_spec("pygambit") is not None


def equilibria(game: KindGame) -> list[Equilibrium]:
    """Pure and mixed equilibria, as far as they are looked for: see `scope`. The fewest removers first."""
    result = pure(game)
    known = symmetric(game) if len(game.sizes) == 1 else []
    if game.labs == 2 or (game.labs <= ALL_SETS and has_pygambit()):
        others = [e for e in mixed(game) if not any(np.allclose(e.remove[0], k.remove[0], atol=1e-4) for k in known)]
        known += others
    return sorted([*result, *known], key=lambda e: (not e.pure, e.removers))


def scope(game: KindGame) -> str:
    """Which equilibria were looked for."""
    if game.labs == 2 or (game.labs <= ALL_SETS and has_pygambit()):
        return "all pure and mixed"
    if len(game.sizes) == 1:
        return "all pure, and those in which all labs mix alike"
    more = f"; mixed ones need pygambit: {EXTRA}" if game.labs <= ALL_SETS else ""
    return f"pure ones{more}"


def prices(game: KindGame, known: Sequence[Equilibrium]) -> dict[str, Any]:
    """The prices of anarchy and stability: the best welfare over that of the worst, and the best, equilibrium.

    Koutsoupias & Papadimitriou (1999); Anshelevich et al. (2004). Welfare is the sum of the labs' payoffs.
    These can be negative, and then a ratio means nothing: it is none unless all three are positive.
    The differences, in prizes, are always there.
    """
    held = [e for e in known if e.at_means]
    optimum = max(game.profiles(), key=lambda counts: game.welfare(counts).mean())
    best = Summary.of(game.welfare(optimum))
    answer: dict[str, Any] = {"optimum": {"removers": sum(optimum), "welfare": best}}
    for name, price, pick in (("worst", "price_of_anarchy", min), ("best", "price_of_stability", max)):
        one = pick(held, key=lambda e: e.welfare.mean) if held else None
        positive = one is not None and best.mean > 0.0 and one.welfare.mean > 0.0
        answer[price] = best.mean / one.welfare.mean if positive else None
        loss = game.welfare(optimum) - game.expected_welfare(one.remove) if one else np.zeros(0)
        answer[name] = {"removers": one.removers if one else None, "welfare": one.welfare if one else Summary(),
                        "below_optimum": Summary.of(loss)}  # fmt: skip
    return answer
