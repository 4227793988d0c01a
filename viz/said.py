"""Estimates beside each other as people read them: from 10 on whole, below with one decimal; ± is 2 standard errors."""

from labsim.summary import Summary

from . import tiles


def digits(summary: Summary, times: float = 1.0) -> int:
    """How many decimals a number of this size has."""
    return tiles.digits_of(times * summary.mean)


def numeral(summary: Summary, times: float = 1.0) -> str:
    """The mean."""
    return tiles.number(times * summary.mean, digits(summary, times)) if summary.n else "none"


def error_words(summary: Summary, times: float = 1.0) -> str:
    """± 0.4, rounded up; nothing where all numbers are alike."""
    return tiles.plus_minus(summary, times, digits(summary, times)) if summary.squares else ""


def level_words(summary: Summary, times: float = 1.0) -> str:
    """34 ± 1."""
    return f"{numeral(summary, times)} {error_words(summary, times)}".rstrip()


def difference_words(difference: Summary, more: str, less: str, times: float = 1.0) -> str:
    """17 fewer ± 2, or that luck could make it."""
    return tiles.apart(difference, times, more, less)
