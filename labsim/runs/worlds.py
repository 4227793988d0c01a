"""Many worlds, each under the same luck: what of the spread of an outcome is the worlds', and what is luck's.

World w and luck k give the number y[w, k]. Its mean over luck is what a world does; how such means differ is the
worlds' part, but for what a mean over few futures owes to luck. Luck that moves all worlds alike moves no difference
between them, so that part is the variance which neither world nor luck explains alone (the residual of a two-way
analysis of variance without replicates), divided by the futures of a world.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim.runs.summary import Summary, finite
from labsim.scenario.expectations import Wanted

QUANTILES = {"q05": 0.05, "q50": 0.5, "q95": 0.95}
WORLDS, TOGETHER = "worlds", "worlds and luck together"  # what a range is of


@dataclass(frozen=True)
class WorldRange:
    """How an outcome differs over worlds: quantiles of what worlds do, the share of worlds that meet a target.

    `luck_se` is the Monte Carlo error of the mean: that of luck alone, were the same worlds drawn again.
    """

    quantiles: Mapping[str, float | None]  # by the names of QUANTILES
    meets: float | None  # none where there is no target
    mean: float | None
    luck_se: float | None

    def as_dict(self) -> dict[str, float | None]:
        """The range for JSON."""
        return {name: finite(q) for name, q in self.quantiles.items()} | {
            "meets": finite(self.meets), "mean": finite(self.mean), "luck_se": finite(self.luck_se),
        }  # fmt: skip


class Worlds:
    """One outcome over worlds under the same luck, fed block by block; memory grows with worlds and futures of each."""

    def __init__(self, worlds: int, futures: int) -> None:
        """`futures` of each of the `worlds`."""
        self.counts = [np.zeros(size, np.int64) for size in (worlds, futures)]
        self.sums = [np.zeros(size) for size in (worlds, futures)]
        self.shift: float | None = None  # taken off all numbers, so that no digit is lost in squares
        self.squares = 0.0

    def add(self, values: np.ndarray, replications: np.ndarray) -> None:
        """Add the numbers of these replications (nan are passed over): see `sampling.draw` for whose they are."""
        known = ~np.isnan(values)
        values, replications = values[known], replications[known]
        if len(values) == 0:
            return
        if self.shift is None:
            self.shift = float(values[0])
        values = values - self.shift
        size = len(self.sums[0])
        for k, place in enumerate((replications % size, replications // size)):
            self.counts[k] += np.bincount(place, minlength=len(self.counts[k]))
            self.sums[k] += np.bincount(place, values, minlength=len(self.sums[k]))
        self.squares += float(np.sum(values * values))

    def _parts(self) -> tuple[np.ndarray, np.ndarray, float]:
        """(means of worlds, means of lucks, luck's variance in a mean of a world), of those with any number."""
        counts = [n[n > 0] for n in self.counts]
        means = [s[n > 0] / n[n > 0] for s, n in zip(self.sums, self.counts, strict=True)]
        total = int(counts[0].sum())
        within, lucky = (self.squares - float(np.sum(n * m * m)) for n, m in zip(counts, means, strict=True))
        mean = float(self.sums[0].sum()) / total
        residual = within + lucky - (self.squares - total * mean * mean)
        # exact where every world has every luck; where races are missing, never more than all that differs in a world
        residual = min(max(residual, 0.0), max(within, 0.0))
        freedom = total - len(means[0]) - len(means[1]) + 1
        variance = residual / freedom if freedom > 0 else 0.0
        return means[0], means[1], variance * float(np.mean(1.0 / counts[0]))

    def range(self, target: Wanted | None = None) -> WorldRange:
        """What worlds do, luck's share taken off: means are drawn together until their variance is the worlds' own."""
        if self.shift is None:
            return WorldRange(dict.fromkeys(QUANTILES), None, None, None)
        means, lucks, noise = self._parts()
        mean = float(self.sums[0].sum()) / int(self.counts[0].sum())
        between = float(np.var(means, ddof=1)) if len(means) > 1 else 0.0
        share = math.sqrt(max(0.0, 1.0 - noise / between)) if between > 0.0 else 0.0
        centre = float(np.mean(means))
        own = self.shift + centre + share * (means - centre)
        se = float(np.std(lucks, ddof=1)) / math.sqrt(len(lucks)) if len(lucks) > 1 else None
        quantiles = {name: float(np.quantile(own, q)) for name, q in QUANTILES.items()}
        meets = None if target is None else float(np.mean(target.meets(own)))
        return WorldRange(quantiles, meets, self.shift + mean, se)


def together(summary: Summary, met: int, target: Wanted | None) -> WorldRange:
    """The range where every future is a world of its own: that of worlds and luck together; `met` the target."""
    meets = met / summary.n if target is not None and summary.n else None
    quantiles = {name: summary.quantile(q) for name, q in QUANTILES.items()}
    return WorldRange(quantiles, meets, summary.mean if summary.n else None, None)


@dataclass(frozen=True)
class OverWorlds:
    """A run whose parameters are drawn, over its worlds: `n` of them, and what the ranges are of.

    `targets` are those of the scenario's claims, by outcome; `twins` are paired differences, run minus twin.
    """

    n: int
    of: str
    outcomes: dict[str, WorldRange]
    targets: dict[str, Wanted]
    twins: dict[str, dict[str, WorldRange]]

    @property
    def luck_is_apart(self) -> bool:
        """Whether each world has several futures, so that luck's share could be taken off."""
        return self.of == WORLDS

    def as_dict(self) -> dict[str, Any]:
        """The key `worlds` in the JSON of `labsim run`."""
        return {"n": self.n, "of": self.of, **{name: one.as_dict() for name, one in self.outcomes.items()}}
