"""Parameters as rules read them: floats only, and with them the numbers that follow from one of them."""

from functools import lru_cache
from statistics import NormalDist
from typing import Any

from labsim.model.declaration import declarations
from labsim.model.draws import log


@lru_cache(maxsize=256)
def expected_best(n: int) -> float:
    """Expected largest of n independent standard normals (1.4236 for 8), to twelve decimals.

    Trapezoid rule on the density of the maximum; the rounding makes it the same on every machine.
    """
    normal, step = NormalDist(), 1 / 128
    points = [-9 + step * k for k in range(int(18 / step) + 1)]
    return round(step * sum(z * n * normal.pdf(z) * normal.cdf(z) ** (n - 1) for z in points), 12)


# Numbers that rules read but nobody sets: each computed from one value of its group.
DERIVED = {
    "cycle": {
        "expected_best": ("candidates", lambda number: expected_best(int(number))),
        "log_able": ("able", lambda capability: log(float(capability))),
    },
    "competition": {"line": ("finish", lambda capability: log(float(capability)))},
}


def row(group: str, kind: type, values: dict[str, Any]) -> dict[str, float]:
    """A group's values as rules read them: floats only, a choice as the place of its option."""
    numbers = {
        name: float(d.options.index(values[name]) if d.options else values[name])
        for name, d in declarations(kind).items()
    }
    return numbers | {name: f(values[of]) for name, (of, f) in DERIVED.get(group, {}).items()}
