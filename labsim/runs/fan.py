"""Fan charts: week by week, how a quantity is spread over the futures that are still running."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labsim.runs.summary import EXACT

if TYPE_CHECKING:
    import pandas as pd

QUANTITIES = ("exposure", "measured", "closed", "frontier", "hazard_run")  # of the race, see state.py
LEVELS = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}
_SHIFT = 46  # bits dropped from a double: 6 of the mantissa stay
_FIRST = (1023 - 12) << 6  # the bin of 2**-12
_HALF = 22 << 6  # bins up to 2**10


def _places(values: np.ndarray) -> np.ndarray:
    """The bin of each number, in the order of the numbers: 64 to a doubling, one for all below 2**-12."""
    size = np.abs(values)
    above = (size.view(np.int64) >> _SHIFT) - _FIRST
    return np.where(values < 0, -1, 1) * np.clip(above, 0, _HALF) + _HALF


def _edges(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest number of each bin."""

    def edge(step: np.ndarray) -> np.ndarray:
        return np.where(step <= 0, 0.0, ((step + _FIRST) << _SHIFT).view(np.float64))

    step = np.abs(places - _HALF)
    near, far = edge(step), edge(step + 1)
    return np.where(places < _HALF, -far, near), np.where(places < _HALF, -near, far)


@dataclass
class Fan:
    """Weekly distributions of `QUANTITIES`, fed with blocks of traces.

    Up to 10,000 futures quantiles are exact; above, each week and quantity keeps counts in bins of
    1.1 %: whole numbers, so that memory does not grow with the number of blocks. Futures are added one by
    one in their order, so that it does not matter into which blocks they are cut.
    """

    kept: list[np.ndarray] | None = field(default_factory=list)
    count: int = 0
    counts: np.ndarray = field(default_factory=lambda: np.zeros((0, len(QUANTITIES), 2 * _HALF + 1), np.int32))
    sums: np.ndarray = field(default_factory=lambda: np.zeros((0, len(QUANTITIES))))

    def add(self, trace: np.ndarray) -> None:
        """Add traces (replications, weeks, quantities), nan after a race's end."""
        alive = ~np.isnan(trace).all(axis=(0, 2))
        trace = trace[:, : int(alive.nonzero()[0][-1]) + 1 if alive.any() else 0].copy()
        self.count += len(trace)
        if self.kept is not None:
            self.kept.append(trace)
            if self.count <= EXACT:
                return
            blocks, self.kept = self.kept, None
        else:
            blocks = [trace]
        for block in blocks:
            self._count(block)

    def _count(self, block: np.ndarray) -> None:
        """Add a block to the counts."""
        weeks, bins = block.shape[1], self.counts.shape[2]
        if weeks > len(self.counts):
            more = weeks - len(self.counts)
            self.counts = np.pad(self.counts, ((0, more), (0, 0), (0, 0)))
            self.sums = np.pad(self.sums, ((0, more), (0, 0)))
        self.sums[:weeks] = np.nansum(np.concatenate([self.sums[None, :weeks], block]), axis=0)  # whatever the blocks
        week = np.broadcast_to(np.arange(weeks), block.shape[:2])
        for k in range(block.shape[2]):
            known = ~np.isnan(block[:, :, k])
            place = week[known] * bins + _places(block[:, :, k][known])
            self.counts[:weeks, k] += np.bincount(place, minlength=weeks * bins).reshape(weeks, bins).astype(np.int32)

    def table(self) -> "pd.DataFrame":
        """A row for each week and quantity: n futures still running, mean, quantiles."""
        import pandas as pd  # late: only where a table is made

        rows = self._exact() if self.kept is not None else self._merged()
        return pd.DataFrame(rows, columns=["week", "quantity", "n", "mean", *LEVELS])

    def _exact(self) -> list[tuple]:
        if not self.kept:
            return []
        weeks = max(block.shape[1] for block in self.kept)
        rows = []
        for k, name in enumerate(QUANTITIES):
            values = np.full((weeks, self.count), np.nan)
            place = 0
            for block in self.kept:
                values[: block.shape[1], place : place + len(block)] = block[:, :, k].T
                place += len(block)
            rows += _quantile_rows(name, values)
        return rows

    def _merged(self) -> list[tuple]:
        rows = []
        low, high = _edges(np.arange(self.counts.shape[2]))
        for k, name in enumerate(QUANTITIES):
            for week, counts in enumerate(self.counts[:, k]):
                n, below = int(counts.sum()), np.cumsum(counts)
                rank = np.array(list(LEVELS.values())) * (n - 1)
                place = np.searchsorted(below, rank, side="right")
                part = (rank - (below[place] - counts[place]) + 0.5) / counts[place]
                values = low[place] + (high[place] - low[place]) * np.minimum(part, 1.0)
                rows.append((week, name, n, self.sums[week, k] / n, *values.tolist()))
        return rows


def _quantile_rows(name: str, values: np.ndarray) -> list[tuple]:
    """Quantiles of each week by one sort and linear interpolation; nan sorts to the end."""
    values.sort(axis=1)
    n = (~np.isnan(values)).sum(axis=1)
    values, n = values[n > 0], n[n > 0]
    week = np.arange(len(n))
    mean = np.nansum(values, axis=1) / n
    columns = []
    for q in LEVELS.values():
        rank = q * (n - 1)
        low = np.floor(rank).astype(int)
        high = np.minimum(low + 1, n - 1)
        columns.append(values[week, low] + (rank - low) * (values[week, high] - values[week, low]))
    return [
        (int(w), name, int(c), float(m), *map(float, row))
        for w, c, m, row in zip(week, n, mean, zip(*columns, strict=True), strict=True)
    ]
