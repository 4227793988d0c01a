"""Estimates as people read them on a screen: from 10 on whole, below with one decimal."""

import math
from collections.abc import Callable

from labsim.runs.summary import Summary, direction, is_zero
from labsim.show.numbers import fixed, half_width

POINTS = 100.0  # the whole prize, in points
FEWEST_PAIRS = 10  # below so many futures that have a number in both worlds, nothing is said of their difference


def signed(value: float) -> str:
    """A change with its sign, to a tenth."""
    return fixed(value, 1, sign=True)


def plus_minus(summary: Summary, times: float = 1.0, digits: int = 0) -> str:
    """Half of the 95 % interval, with the mean's decimals or as many as it takes to show its first digit."""
    if summary.se is None:
        return ""
    half = half_width(summary.se, times)
    first = -math.floor(math.log10(half / 0.95)) if half > 0.0 else 0  # 0.95 and more are 1
    return f"± {fixed(half, max(digits, first))}"


def digits_of(value: float) -> int:
    """How many decimals a number of this size has: none from 10 on, one below."""
    return 0 if abs(value) >= 9.95 else 1


def apart(
    difference: Summary, times: float, more: str, less: str, verdict: Callable[[int], str] = lambda sign: ""
) -> str:
    """A paired difference in words: "17 fewer ± 2", "the same", or that luck could make it.

    `verdict` says whether a clear one of this sign is for the worse; its word comes last.
    """
    if not difference.n:
        return "no pair to compare"
    if is_zero(difference):
        return "the same"
    if difference.n < FEWEST_PAIRS:
        return "too few to compare"
    sign, size = direction(difference), times * abs(difference.mean)
    if sign == 0:
        return "no clear difference"
    digits = digits_of(size)
    words = f"{fixed(size, digits)} {more if sign > 0 else less} {plus_minus(difference, times, digits)}".strip()
    return ", ".join(part for part in (words, verdict(sign)) if part)


def digits(summary: Summary, times: float = 1.0) -> int:
    """How many decimals a mean has."""
    return digits_of(times * summary.mean)


def numeral(summary: Summary, times: float = 1.0) -> str:
    """The mean."""
    return fixed(times * summary.mean, digits(summary, times)) if summary.n else "none"


def error_words(summary: Summary, times: float = 1.0) -> str:
    """± 0.4; nothing where all numbers are alike."""
    return plus_minus(summary, times, digits(summary, times)) if summary.squares else ""


def level_words(summary: Summary, times: float = 1.0) -> str:
    """34 ± 1."""
    return f"{numeral(summary, times)} {error_words(summary, times)}".rstrip()
