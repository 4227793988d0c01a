"""Numbers and estimates as people read them: from 10 on whole, below with one decimal; ± is 2 standard errors."""

import math
from collections.abc import Callable

from labsim.runs.summary import Summary, is_zero

MINUS = "\N{MINUS SIGN}"
POINTS = 100.0  # the whole prize, in points
FEWEST_PAIRS = 10  # below so many futures that have a number in both worlds, nothing is said of their difference


def number(value: float, digits: int = 0, sign: bool = False) -> str:
    """A rounded number with a true minus sign, thousands set apart; a nought has no sign."""
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0.0 else text.replace("-", MINUS)


def signed(value: float) -> str:
    """A change with its sign, to a tenth."""
    text = number(value, 1)
    return text if text.startswith(MINUS) or not float(text) else f"+{text}"


def plus_minus(summary: Summary, times: float = 1.0, digits: int = 0) -> str:
    """Two standard errors, rounded up: an interval is never said to be narrower than it is."""
    if summary.se is None:
        return ""
    if 2 * times * summary.se < 0.95 * 10.0**-digits:
        digits += 1  # a small interval is not made a large one by rounding
    step = 10.0**-digits
    return f"± {number(math.ceil(2 * times * summary.se / step - 1e-9) * step, digits)}"


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
    size, error = times * difference.mean, 2 * times * (difference.se or 0.0)
    if is_zero(difference):
        return "the same"
    if difference.n < FEWEST_PAIRS:
        return "too few to compare"
    if abs(size) <= error:
        return "no clear difference"
    digits = digits_of(size)
    words = f"{number(abs(size), digits)} {more if size > 0 else less} {plus_minus(difference, times, digits)}".strip()
    return ", ".join(part for part in (words, verdict(1 if size > 0 else -1)) if part)


def digits(summary: Summary, times: float = 1.0) -> int:
    """How many decimals a mean has."""
    return digits_of(times * summary.mean)


def numeral(summary: Summary, times: float = 1.0) -> str:
    """The mean."""
    return number(times * summary.mean, digits(summary, times)) if summary.n else "none"


def error_words(summary: Summary, times: float = 1.0) -> str:
    """± 0.4, rounded up; nothing where all numbers are alike."""
    return plus_minus(summary, times, digits(summary, times)) if summary.squares else ""


def level_words(summary: Summary, times: float = 1.0) -> str:
    """34 ± 1."""
    return f"{numeral(summary, times)} {error_words(summary, times)}".rstrip()
