"""Where a parameter's value stands on its slider, and which value a place stands for."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

from labsim.scenario.checked import CATALOGUE

STEPS = 200  # places of a slider
LAST_WEEK = 520  # sliders for dates reach ten years
LAST_TRIGGER = 10.0  # and those for other numbers that may be none, as public concern, ten
WIDE = 50.0  # a range whose ends differ by this factor has a slider in factors
REACH = 30.0  # such a slider goes so many times below and above the default


@dataclass(frozen=True)
class Scale:
    """A slider's range: even steps, or even factors. With `never` the last place is no value at all."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    never: bool = False

    def place(self, value: float | None) -> int:
        """The place of a value, at an end if it lies outside."""
        if value is None:
            return STEPS
        last = STEPS - 1 if self.never else STEPS
        if self.log:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return round(last * min(1.0, max(0.0, part)))

    def value(self, place: int) -> float | int | None:
        """The value at a place, to three digits."""
        if self.never and place >= STEPS:
            return None
        part = min(1.0, max(0.0, place / (STEPS - 1 if self.never else STEPS)))
        if self.log:
            value = self.low * (self.high / self.low) ** part
        else:
            value = self.low + part * (self.high - self.low)
        value = min(self.high, max(self.low, float(f"{value:.3g}")))
        return round(value) if self.whole else value


@cache
def scale(path: str) -> Scale:
    """The slider of a parameter that is a number, made from its declaration."""
    d = CATALOGUE[path]
    if d.default is None:
        return Scale(d.low, min(d.high, LAST_WEEK if d.whole else LAST_TRIGGER), whole=d.whole, never=True)
    default, low, high = float(d.default), float(d.low), float(d.high)
    if low > 0 and high / low >= WIDE:
        return Scale(max(low, default / REACH), min(high, default * REACH), log=True, whole=d.whole)
    if low >= 0 and default > 0:
        return Scale(low, min(high, max(4 * default, low + 1 if d.whole else 0)), whole=d.whole)
    return Scale(low, high, whole=d.whole)


def value_at(path: str, place: int, own: Any) -> Any:
    """The value at a place of a parameter's slider; `own` is the scenario's, which its own place stands for exactly."""
    there = scale(path)
    return own if there.place(own) == place else there.value(place)
