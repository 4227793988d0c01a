"""The axis of a map: a parameter, and the values it takes, from PATH=low:high:n or PATH=low:high:n:log.

A parameter that takes whole numbers only has its values rounded; if two become the same, n is an error.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from labsim.scenario.checked import CATALOGUE, ScenarioError, check_value

FEWEST, MOST = 2, 101  # values of an axis, so that a map has at most 10,201 cells
FORM = "PATH=low:high:n or PATH=low:high:n:log, such as decision.own_harm=0:8:21"


@dataclass(frozen=True)
class Axis:
    """A parameter and the values that it takes, ascending."""

    path: str
    values: tuple[float, ...]
    log: bool = False  # evenly spaced by factors rather than by steps

    @property
    def words(self) -> str:
        """What the parameter is, with its unit."""
        d = CATALOGUE[self.path]
        return f"{d.meaning} ({d.unit})" if d.unit else d.meaning

    def as_dict(self) -> dict[str, Any]:
        """The axis as in the JSON of `labsim map`."""
        d = CATALOGUE[self.path]
        scale = "log" if self.log else "linear"
        return {"path": self.path, "meaning": d.meaning, "unit": d.unit, "scale": scale, "values": list(self.values)}

    def edges(self) -> list[float]:
        """Where cells begin and end: half way between values, by the axis's own scale; one more than values."""
        place = [math.log(v) for v in self.values] if self.log else list(self.values)
        middle = [(a + b) / 2 for a, b in pairwise(place)]
        ends = [2 * place[0] - middle[0], *middle, 2 * place[-1] - middle[-1]]
        return [math.exp(v) for v in ends] if self.log else ends


def parse_axis(text: str, option: str = "--x") -> Axis:
    """The axis that a text stands for. Raises ScenarioError naming the option, the value and what is allowed."""
    path, equals, rest = text.partition("=")
    path, parts = path.strip(), [part.strip() for part in rest.split(":")]
    if not equals or len(parts) not in (3, 4):
        raise ScenarioError(f"{option} {text}: must be {FORM}")
    if len(parts) == 4 and parts[3] != "log":
        raise ScenarioError(f"{option} {text}: '{parts[3]}' must be log, or be left out")
    check_number_path(path, option)
    low, high = (number_of(path, word, option) for word in parts[:2])
    if not parts[2].isdecimal() or not FEWEST <= int(parts[2]) <= MOST:
        raise ScenarioError(f"{option} {text}: n = {parts[2]} must be a whole number from {FEWEST} to {MOST}")
    if not low < high:
        raise ScenarioError(f"{option} {text}: low must be below high, got {low:g} and {high:g}")
    log = len(parts) == 4
    if log and low <= 0:
        raise ScenarioError(f"{option} {text}: a log scale needs low above 0, got {low:g}")
    return Axis(path, spread(path, low, high, int(parts[2]), log, f"{option} {text}"), log)


def check_number_path(path: str, option: str) -> None:
    """A path must name a parameter that is a number. Raises ScenarioError."""
    if path not in CATALOGUE:
        check_value(path, None)  # raises, and names the nearest one known
    if CATALOGUE[path].options:
        raise ScenarioError(f"{option} {path}: must be a parameter that is a number; it is {CATALOGUE[path].allowed}")


def number_of(path: str, word: str, option: str) -> float:
    """A value of a parameter, from a text; whole numbers stay whole. Raises ScenarioError."""
    try:
        value = float(word)
    except ValueError:
        raise ScenarioError(f"{option} {path}: '{word}' must be a number") from None
    if CATALOGUE[path].whole and value.is_integer():
        value = int(value)
    return check_value(path, value)


def spread(path: str, low: float, high: float, n: int, log: bool, what: str) -> tuple[float, ...]:
    """n values from low to high; the ends are exact. Raises ScenarioError where whole numbers are too few."""
    steps = [k / (n - 1) for k in range(n)]
    if log:
        values = [low * (high / low) ** step for step in steps]
    else:
        values = [low + (high - low) * step for step in steps]
    values = [low, *values[1:-1], high]
    if CATALOGUE[path].whole:
        values = [round(v) for v in values]
        if len(set(values)) < n:
            room = f"there are {int(high) - int(low) + 1} from {low} to {high}"
            raise ScenarioError(f"{what}: n = {n}: {path} takes whole numbers, and {room}{', not log' if log else ''}")
    else:
        values = [float(f"{v:.12g}") for v in values]  # 0.3, not 0.30000000000000004
    return tuple(values)


def moved(axes: Sequence[Axis]) -> list[dict[str, float]]:
    """The changes of every cell of a map with these axes: the first axis runs fastest."""
    if len({axis.path for axis in axes}) < len(axes):
        raise ScenarioError(f"--x and --y: both are {axes[0].path}; they must be two parameters")
    cells: list[dict[str, float]] = [{}]
    for axis in reversed(axes):
        cells = [cell | {axis.path: value} for cell in cells for value in axis.values]
    return cells
