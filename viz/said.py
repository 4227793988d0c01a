"""Estimates as people read them: a number with its error, and a difference in words. Errors are 2 standard errors."""

import math

from labsim.summary import Summary, direction

ERRORS = 2.0


def scaled(summary: Summary, factor: float) -> Summary:
    """The same numbers in another unit."""
    ends = sorted((summary.low * factor, summary.high * factor)) if summary.n else (summary.low, summary.high)
    return Summary(summary.n, summary.mean * factor, summary.squares * factor**2, *ends, kept=None)


def error_of(summary: Summary) -> float:
    """Two standard errors; 0 where there are none."""
    return ERRORS * (summary.se or 0.0)


def numeral(summary: Summary) -> str:
    """The mean: whole from 10 on, else with one decimal."""
    if summary.n == 0:
        return "none"
    return _plain(summary.mean, _digits(summary))


def error_words(summary: Summary) -> str:
    """± 0.4, to the digits of the mean and never too small; nothing where all numbers are the same."""
    half = error_of(summary)
    if half == 0.0:
        return ""
    step = 10 ** _digits(summary)
    return f"± {_plain(math.ceil(half * step - 1e-9) / step, _digits(summary))}"


def level_words(summary: Summary) -> str:
    """34 ± 1."""
    return f"{numeral(summary)} {error_words(summary)}".rstrip()


def difference_words(difference: Summary, more: str, less: str) -> str:
    """17 fewer ± 2, or that it is too close to call."""
    if difference.n == 0:
        return "cannot be compared"
    if direction(difference, ERRORS) == 0:
        error = error_words(difference)
        return f"too close to call ({error})" if error else "the same"
    size = scaled(difference, -1.0 if difference.mean < 0 else 1.0)
    return f"{numeral(size)} {less if difference.mean < 0 else more} {error_words(size)}".rstrip()


def _digits(summary: Summary) -> int:
    return 0 if abs(summary.mean) >= 9.95 else 1


def _plain(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")
    return text.removeprefix("\N{MINUS SIGN}") if not text.strip("\N{MINUS SIGN}0.") else text
