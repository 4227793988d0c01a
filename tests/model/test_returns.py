"""Returns to research: the laws and their limits."""

import math

import pytest

from labsim.model.returns import return_on_research
from tests.worlds import KEY, one_lab


def productivity(x, compute=1.0, **cycle):
    """What research brings at ln C = x."""
    changes = {f"cycle.{name}": value for name, value in cycle.items()}
    world, lab = one_lab(changes, log_capability=x, compute=compute)
    return_on_research(lab, world, world.p, KEY)
    return lab.productivity


@pytest.mark.parametrize(
    ("x", "cycle", "expect"),
    [
        (2.0, {}, 1.0),  # r = 1: each doubling of effort doubles C, growth stays as it is
        (2.0, {"returns": 2.0, "parallel": 1.0}, math.exp(1.0)),
        (2.0, {"returns": 0.5, "parallel": 1.0}, math.exp(-2.0)),
        (2.0, {"returns": 2.0, "returns_end": 600.0}, math.exp(0.3 * (2.0 + 300 * math.log1p(-1 / 300)))),
        (5.0, {"returns": 2.0, "parallel": 0.3, "returns_end": 5.0}, 0.0),
        (2.0, {"returns_form": "ces", "substitution": 0.0}, math.exp(2.0 * (0.6 * 0.5 - 0.25))),
        (2.0, {"returns_form": "ces", "substitution": 1.0, "harder": 0.0}, ((math.exp(2.0) + 1) / 2) ** 0.6),
        (200.0, {"returns_form": "ces", "substitution": -0.2, "harder": 0.0}, 32.0**0.6),  # the speed-up has a ceiling
    ],
)  # fmt: skip
def test_what_the_same_research_brings(x, cycle, expect):
    assert productivity(x, **cycle) == pytest.approx(expect, rel=1e-6, abs=1e-12)


def test_falling_returns_are_steeper_than_constant_ones_and_join_them_at_the_start():
    constant = {"returns": 3.0, "parallel": 0.3}
    for x in (0.0, 0.5, 4.0, 20.0):
        assert productivity(x, returns_end=40.0, **constant) <= productivity(x, **constant) * (1 + 1e-12)
    assert productivity(0.01, returns_end=40.0, **constant) == pytest.approx(productivity(0.01, **constant), rel=1e-4)


def test_cobb_douglas_is_the_limit_of_ces():
    near, at = (productivity(3.0, compute=2.0, returns_form="ces", substitution=rho) for rho in (-1e-7, 0.0))
    assert near == pytest.approx(at, rel=1e-5)
