"""The closure game of n labs: what every lab gets for every set of labs that remove the human.

Up to `ALL_SETS` labs every set is played. Above, labs that are alike form a kind, and what counts is how
many of each kind remove: races differ in luck from lab to lab, not in what labs are.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import ClosureGame
from labsim.games.profiles import KEEP, REMOVE, payoffs
from labsim.runs.experiment import Progress
from labsim.scenario.checked import lab_draws
from labsim.scenario.scenario import Scenario

ALL_SETS = 6  # labs of which every set is played: 64 sets
MOST_SETS = 512  # sets played at most: beyond, only the 2 x 2 games
Counts = tuple[int, ...]  # labs of each kind that remove
Removers = frozenset[int]  # places of the labs that remove


def kinds(scenario: Scenario, focal: int = 0) -> tuple[tuple[int, ...], ...]:
    """The labs (their places) in kinds: alike in every parameter, in how they decide, and in whom they see.

    The focal lab's kind comes first, and the focal lab first in it.
    """
    complete, labs = scenario["competition.network"] == "complete", scenario.all_labs
    result: dict[str, list[int]] = {}
    for i in (focal, *(i for i in range(len(labs)) if i != focal)):
        draws = sorted(lab_draws(labs[i], scenario.uncertainties).items())
        alike = complete or len(labs) > ALL_SETS
        key = repr((labs[i].strategy, scenario.lab_rows(labs[i]), draws, None if alike else i))
        result.setdefault(key, []).append(i)
    return tuple(map(tuple, result.values()))


def removal_sets(groups: Sequence[Sequence[int]]) -> list[Removers]:
    """The sets of removers to play, with and without the focal lab, which is the first of the first kind.

    Few labs: all of them. Many: for each count of the others by kind, the first labs of each. In any case
    what each kind's first lab needs for its own 2 x 2 game.
    """
    labs, focal = [i for group in groups for i in group], groups[0][0]
    everyone = frozenset(labs)
    if len(labs) <= ALL_SETS:
        return [frozenset(s) for k in range(len(labs) + 1) for s in itertools.combinations(sorted(labs), k)]
    others = [[i for i in group if i != focal] for group in groups]
    sets: dict[Removers, None] = {}
    if 2 * math.prod(len(group) + 1 for group in others) <= MOST_SETS:
        for counts in itertools.product(*(range(len(group) + 1) for group in others)):
            chosen = frozenset(i for group, count in zip(others, counts, strict=True) for i in group[:count])
            sets |= {chosen: None, chosen | {focal}: None}
    for i in (group[0] for group in groups):
        sets |= dict.fromkeys((frozenset(), frozenset({i}), everyone - {i}, everyone))
    return list(sets)


@dataclass(frozen=True)
class RemovalTable:
    """Payoffs in prizes for each set of removers, (replications, labs) each, under the same luck."""

    groups: tuple[tuple[int, ...], ...]  # kinds of labs, see `kinds`
    payoffs: dict[Removers, np.ndarray]

    @property
    def focal(self) -> int:
        """The place of the focal lab."""
        return self.groups[0][0]

    @property
    def labs(self) -> int:
        """How many labs there are."""
        return sum(map(len, self.groups))

    def two_by_two(self, lab: int, **about: object) -> ClosureGame:
        """The closure game of one lab against all others."""
        everyone = frozenset(i for group in self.groups for i in group)
        cells = (frozenset(), {lab}, everyone - {lab}, everyone)
        return ClosureGame.of(*(self.payoffs[frozenset(removers)][:, lab] for removers in cells), **about)

    @cached_property
    def by_others(self) -> tuple[np.ndarray, np.ndarray] | None:
        """The focal lab's payoff if it keeps and if it removes, by how many others remove: (replications, labs) each.

        The mean over who these others are, each set of labs as likely; none if not all counts were played.
        """
        lab, result = self.focal, {}
        for removers in self.payoffs:
            if lab not in removers and removers | {lab} in self.payoffs:
                result.setdefault(self.counts(removers), []).append(removers)
        sizes = [len(group) - (k == 0) for k, group in enumerate(self.groups)]
        if len(result) < math.prod(size + 1 for size in sizes):
            return None
        keep, remove = (np.zeros((len(self.payoffs[frozenset()]), self.labs)) for _ in range(2))
        for counts, sets in result.items():
            k = sum(counts)
            ways = math.prod(map(math.comb, sizes, counts)) / math.comb(self.labs - 1, k)
            keep[:, k] += ways * np.mean([self.payoffs[s][:, lab] for s in sets], axis=0)
            remove[:, k] += ways * np.mean([self.payoffs[s | {lab}][:, lab] for s in sets], axis=0)
        return keep, remove

    def counts(self, removers: Removers) -> Counts:
        """How many of each kind are among these."""
        return tuple(len(removers.intersection(group)) for group in self.groups)


def play_table(
    scenario: Scenario, focal: int = 0, replications: int = 200, seed: int = 0, engine: str = "ensemble",
    jobs: int | None = None, progress: Callable[[Progress], None] | None = None, stop: Stop | None = None,
) -> RemovalTable:  # fmt: skip
    """Play every set of removers that the n-lab game needs, under the same luck."""
    groups = kinds(scenario, focal)
    sets, labs = removal_sets(groups), range(len(scenario.all_labs))
    worlds = [scenario.with_strategies([REMOVE if i in removers else KEEP for i in labs]) for removers in sets]
    result = payoffs(worlds, replications, seed, engine, jobs, progress, stop)
    return RemovalTable(groups, dict(zip(sets, result, strict=True)))
