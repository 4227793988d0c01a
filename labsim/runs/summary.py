"""Statistics of outcomes that merge exactly, whatever the number of runs and the order of work."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

CLEAR = 2.0  # standard errors beyond which the sign of a paired difference counts; intervals shown: `show.numbers`
EXACT = 10_000  # up to so many numbers are kept, so that quantiles are exact
_SHIFT = 42  # bits dropped from a double in a histogram: 10 of the mantissa stay, 0.1 % steps
QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}


def _bins(values: np.ndarray) -> np.ndarray:
    """A whole number for each double that keeps their order, coarse by _SHIFT bits."""
    bits = (values + 0.0).view(np.int64)
    ordered = np.where(bits < 0, np.int64(-0x8000000000000000) - bits, bits)
    return ordered >> _SHIFT


def _edge(number: int) -> float:
    """The lowest double of a bin."""
    bits = number << _SHIFT
    bits = bits if bits >= 0 else -0x8000000000000000 - bits
    return float(np.array([bits], dtype=np.int64).view(np.float64)[0])


@dataclass
class Summary:
    """Mean, standard error and quantiles of a stream of numbers; nan counts as none.

    Above `EXACT` numbers, quantiles come from a histogram of integers in steps of 0.1 %: exact to
    that step, and the same for any order of merging.
    """

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0  # sum of squared deviations from the mean
    low: float = math.inf
    high: float = -math.inf
    kept: list[np.ndarray] | None = field(default_factory=list)
    histogram: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: np.ndarray) -> "Summary":
        """The summary of these numbers."""
        summary = cls()
        summary.add(values)
        return summary

    def add(self, values: np.ndarray) -> None:
        """Add numbers (nan are passed over)."""
        values = values[~np.isnan(values)] + 0.0  # no minus zero
        if len(values) == 0:
            return
        mean = float(np.mean(values))
        squares = float(np.sum((values - mean) ** 2))
        n = self.n + len(values)
        delta = mean - self.mean
        self.squares += squares + delta * delta * self.n * len(values) / n
        self.mean += delta * len(values) / n
        self.n = n
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))
        if self.kept is not None:
            self.kept.append(values)
            if self.n <= EXACT:
                return
            values, self.kept = np.concatenate(self.kept), None
        for number, count in zip(*np.unique(_bins(values), return_counts=True), strict=True):
            self.histogram[int(number)] = self.histogram.get(int(number), 0) + int(count)

    @property
    def se(self) -> float | None:
        """Standard error of the mean; none for fewer than two numbers."""
        return math.sqrt(self.squares / (self.n - 1) / self.n) if self.n > 1 else None

    def quantile(self, q: float) -> float | None:
        """The q-quantile by linear interpolation between order statistics; none without numbers."""
        if self.n == 0:
            return None
        rank = q * (self.n - 1)
        first = int(rank)
        last, part = min(first + 1, self.n - 1), rank - first
        if self.kept is not None:  # by hand, to the bits of np.quantile, which takes fifteen times as long
            ordered = np.sort(np.concatenate(self.kept))
            low, high = float(ordered[first]), float(ordered[last])
            return low + (high - low) * part if part < 0.5 else high - (high - low) * (1.0 - part)
        low, high = self._ordered(first), self._ordered(last)
        return low + (high - low) * part

    def _ordered(self, place: int) -> float:
        """The number at this place of the ascending order, to the step of the histogram."""
        below = 0
        for number in sorted(self.histogram):
            count = self.histogram[number]
            if place < below + count:
                low, high = max(_edge(number), self.low), min(_edge(number + 1), self.high)
                return 0.0 if number in (-1, 0) else low + (high - low) * (place - below + 0.5) / count
            below += count
        return self.high

    def as_dict(self, quantiles: bool = True) -> dict[str, float | int | None]:
        """{mean, se} and, if asked, quantiles and n; none where there is no number."""
        result: dict[str, float | int | None] = {"mean": finite(self.mean) if self.n else None, "se": finite(self.se)}
        if quantiles:
            result |= {name: finite(self.quantile(q)) for name, q in QUANTILES.items()} | {"n": self.n}
        return result


def finite(value: float | None) -> float | None:
    """The number, or none where it is not finite: JSON knows no nan and no infinity."""
    return value if value is not None and math.isfinite(value) else None


def direction(difference: Summary, errors: float = CLEAR) -> int:
    """1 or -1 if a paired difference is above or below 0 by more than so many standard errors, else 0."""
    clear = difference.se is not None and abs(difference.mean) > errors * difference.se
    return int(np.sign(difference.mean)) if clear else 0


def is_zero(difference: Summary) -> bool:
    """Whether a paired difference is nothing in every race: the two behave alike."""
    return difference.low == difference.high == 0.0


def means(summaries: Mapping[str, Summary]) -> dict[str, dict[str, Any]]:
    """{mean, se} of each, by name."""
    return {name: summary.as_dict(quantiles=False) for name, summary in summaries.items()}
