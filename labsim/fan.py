"""Fan charts: week by week, how a quantity is spread over the futures that are still running."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from labsim.summary import EXACT, Summary

QUANTITIES = ("exposure", "measured", "closed", "frontier", "hazard_run")  # of the race, see state.py
LEVELS = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}


@dataclass
class Fan:
    """Weekly distributions of `QUANTITIES`, fed with blocks of traces.

    Up to 10,000 futures quantiles are exact; above, each week and quantity keeps a histogram of
    whole numbers (`summary.Summary`), so that memory does not grow and blocks merge in any order.
    """

    kept: list[np.ndarray] | None = field(default_factory=list)
    count: int = 0
    summaries: dict[tuple[int, int], Summary] = field(default_factory=dict)

    def add(self, trace: np.ndarray) -> None:
        """Add traces (replications, weeks, quantities), nan after a race's end."""
        alive = ~np.isnan(trace).all(axis=(0, 2))
        trace = trace[:, : int(alive.nonzero()[0][-1]) + 1 if alive.any() else 0]
        self.count += len(trace)
        if self.kept is not None:
            self.kept.append(trace)
            if self.count <= EXACT:
                return
            blocks, self.kept = self.kept, None
        else:
            blocks = [trace]
        for block in blocks:
            for week in range(block.shape[1]):
                for k in range(block.shape[2]):
                    self.summaries.setdefault((week, k), Summary()).add(block[:, week, k])

    def table(self) -> pd.DataFrame:
        """A row for each week and quantity: n futures still running, mean, quantiles."""
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
        return [
            (week, QUANTITIES[k], s.n, s.mean, *(s.quantile(q) for q in LEVELS.values()))
            for (week, k), s in sorted(self.summaries.items(), key=lambda item: (item[0][1], item[0][0]))
            if s.n
        ]


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
