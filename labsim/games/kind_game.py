"""The closure game by kinds of labs: what a lab of each kind gets by how many of each kind remove.

Labs of one kind differ only in luck, so payoffs are means over them and over the sets of removers with
the same counts: a symmetric game stays symmetric whatever the luck was.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labsim.games.removal_table import Counts, RemovalTable

Probabilities = tuple[tuple[float, ...], ...]  # for each kind and each of its labs, the chance that it removes


@dataclass(frozen=True)
class KindGame:
    """Payoffs by counts of removers, for each kind one number a replication: (replications, kinds)."""

    names: tuple[str, ...]  # a lab of each kind
    sizes: Counts
    keep: dict[Counts, np.ndarray]  # of a lab that keeps; nan where none of the kind does
    remove: dict[Counts, np.ndarray]

    @classmethod
    def of(cls, table: RemovalTable, names: Sequence[str]) -> "KindGame | None":
        """The game of a table; `names` are those of all labs. None if not all counts were played."""
        sizes = tuple(map(len, table.groups))
        by_counts: dict[Counts, list] = {}
        for removers, payoffs in table.payoffs.items():
            by_counts.setdefault(table.counts(removers), []).append((removers, payoffs))
        if len(by_counts) < math.prod(size + 1 for size in sizes):
            return None
        keep, remove = {}, {}
        for counts, races in by_counts.items():
            for result, does in ((keep, False), (remove, True)):
                columns = [
                    [payoffs[:, i] for removers, payoffs in races for i in group if (i in removers) == does]
                    for group in table.groups
                ]
                none = np.full(len(races[0][1]), np.nan)
                result[counts] = np.array([np.mean(c, axis=0) if c else none for c in columns]).T
        return cls(tuple(names[group[0]] for group in table.groups), sizes, keep, remove)

    @property
    def labs(self) -> int:
        """How many labs there are."""
        return sum(self.sizes)

    def profiles(self) -> list[Counts]:
        """All counts, from none that removes to all."""
        return list(itertools.product(*(range(size + 1) for size in self.sizes)))

    def gain(self, counts: Counts, kind: int) -> np.ndarray:
        """What removing gains a lab of this kind that keeps while so many remove, in each replication."""
        after = tuple(count + (k == kind) for k, count in enumerate(counts))
        return self.remove[after][:, kind] - self.keep[counts][:, kind]

    def welfare(self, counts: Counts) -> np.ndarray:
        """The sum of all labs' payoffs, in each replication. The public is not in it."""
        removing = np.array(counts) * np.where(np.array(counts) > 0, self.remove[counts], 0.0)
        kept = np.array(self.sizes) - counts
        return (removing + kept * np.where(kept > 0, self.keep[counts], 0.0)).sum(axis=1)

    def likely(self, probabilities: Probabilities) -> dict[Counts, float]:
        """How likely each profile is if labs remove independently with these probabilities."""
        spread = []
        for chances in probabilities:
            number = np.ones(1)
            for p in chances:
                number = np.convolve(number, [1.0 - p, p])
            spread.append(number)
        all_counts = itertools.product(*(range(len(number)) for number in spread))
        result = {c: math.prod(float(n[k]) for n, k in zip(spread, c, strict=True)) for c in all_counts}
        return {counts: chance for counts, chance in result.items() if chance > 0.0}

    def expected_gain(self, probabilities: Probabilities, kind: int, lab: int) -> np.ndarray:
        """What removing gains one lab (its place in its kind) if the others do as these probabilities say."""
        others = tuple(
            tuple(p for i, p in enumerate(chances) if (k, i) != (kind, lab)) for k, chances in enumerate(probabilities)
        )
        return sum(chance * self.gain(counts, kind) for counts, chance in self.likely(others).items())

    def expected_welfare(self, probabilities: Probabilities) -> np.ndarray:
        """The sum of all labs' payoffs if labs remove independently with these probabilities."""
        return sum(chance * self.welfare(counts) for counts, chance in self.likely(probabilities).items())
