"""The four numbers of a world, each with its interval and beside what it was."""

import math
from dataclasses import dataclass

from labsim.outcomes import DELAY_COST
from labsim.summary import Summary, is_zero

from .changes import MINUS, WEEKS_A_MONTH
from .ensembles import Beside

HARM = "Futures that end in harm"


@dataclass(frozen=True)
class Tile:
    """A number for people: `before` and `after` are the words around it."""

    label: str
    before: str
    value: str
    after: str
    difference: str
    was: str

    @property
    def spoken(self) -> str:
        """The tile in one line."""
        return " ".join(f"{self.label}: {self.before} {self.value} {self.after}; {self.difference}, {self.was}".split())


def number(value: float, digits: int = 0) -> str:
    """A rounded number with a true minus sign; never minus zero."""
    text = f"{value:.{digits}f}"
    return (text if float(text) else f"{0:.{digits}f}").replace("-", MINUS)


def plus_minus(summary: Summary, times: float = 1.0, digits: int = 0) -> str:
    """Two standard errors, rounded up: an interval is never said to be narrower than it is."""
    if summary.se is None:
        return ""
    step = 10.0**-digits
    return f"± {number(math.ceil(2 * times * summary.se / step - 1e-9) * step, digits)}"


def apart(difference: Summary, times: float, more: str, less: str, digits: int = 0) -> str:
    """A paired difference in words: "17 fewer ± 2", "the same", or that luck could make it."""
    if not difference.n:
        return "no pair to compare"
    size, error = times * difference.mean, 2 * times * (difference.se or 0.0)
    if is_zero(difference):
        return "the same"
    if abs(size) <= error:
        return "no clear difference"
    digits += number(abs(size), digits) == number(0.0, digits)  # clear of luck, and yet a nought to this digit
    return f"{number(abs(size), digits)} {more if size > 0 else less} {plus_minus(difference, times, digits)}".strip()


def tiles(found: Beside, labs: int, reference: str) -> list[Tile]:
    """Harm, first closure, labs closed at the end, delay; `reference` is what "was" refers to."""
    harm, month = found.level("catastrophe"), 1 / WEEKS_A_MONTH
    first, was_first = found.level("first_closure_week"), found.was("first_closure_week")
    end, delay = found.level("closed_share_end"), found.level(DELAY_COST)

    def was(outcome: str, times: float, digits: int, before: str = "", none: str = "") -> str:
        level = found.was(outcome)
        return f"{reference} {before}{number(times * level.mean, digits)}" if level.n else f"{reference} {none}"

    return [
        Tile(HARM, "", number(100 * harm.mean), f"of 100 {plus_minus(harm, 100)}",
             apart(found.difference("catastrophe"), 100, "more", "fewer"), was("catastrophe", 100, 0)),
        Tile(_first(first, found.n), "month" if first.n else "", number(month * first.mean) if first.n else "nobody",
             plus_minus(first, month), _later(found, first, was_first, month),
             was("first_closure_week", month, 0, "month ", "nobody")),
        Tile("Labs closed at the end", "", number(labs * end.mean, 1), f"of {labs} {plus_minus(end, labs, 1)}",
             apart(found.difference("closed_share_end"), labs, "more", "fewer", 1),
             was("closed_share_end", labs, 1)),
        Tile("Good things come later by", "", number(month * delay.mean) if delay.n else "no finish",
             f"months {plus_minus(delay, month)}" if delay.n else "",
             apart(found.difference(DELAY_COST), month, "more", "less"), was(DELAY_COST, month, 0, none="no finish")),
    ]  # fmt: skip


def _first(first: Summary, n: int) -> str:
    """What is measured, with how many futures have a closure at all, where not all have."""
    return "First lab to close" + (f", in {number(100 * first.n / n)} of 100" if 0 < first.n < n else "")


def _later(found: Beside, first: Summary, was: Summary, month: float) -> str:
    """The difference of first closures; who closes in one world only cannot be paired."""
    if not first.n or not was.n:
        return "the same" if first.n == was.n else "nobody closes" if not first.n else "somebody closes"
    return apart(found.difference("first_closure_week"), month, "later", "earlier")
