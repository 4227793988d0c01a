"""The four numbers of a world, each with its interval and beside what it was."""

import math
from dataclasses import dataclass

from labsim.outcomes import DELAY_COST
from labsim.summary import Summary, is_zero

from .changes import MINUS, WEEKS_A_MONTH
from .ensembles import Beside

HARM = "Futures that end in harm"
FEWEST_PAIRS = 10  # below so many futures that have a number in both worlds, nothing is said of their difference


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
    if 2 * times * summary.se < 0.95 * 10.0**-digits:
        digits += 1  # a small interval is not made a large one by rounding
    step = 10.0**-digits
    return f"± {number(math.ceil(2 * times * summary.se / step - 1e-9) * step, digits)}"


def digits_of(value: float) -> int:
    """How many decimals a number of this size has: none from 10 on, one below."""
    return 0 if abs(value) >= 9.95 else 1


def apart(difference: Summary, times: float, more: str, less: str) -> str:
    """A paired difference in words: "17 fewer ± 2", "the same", or that luck could make it."""
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
    return f"{number(abs(size), digits)} {more if size > 0 else less} {plus_minus(difference, times, digits)}".strip()


def tiles(found: Beside, labs: int, reference: str) -> list[Tile]:
    """Harm, first closure, labs closed at the end, delay; `reference` is what "was" refers to."""
    month = 1 / WEEKS_A_MONTH

    def tile(label: str, outcome: str, times: float, unit: str, words: tuple[str, str], before: str = "",
             none: str = "") -> Tile:  # fmt: skip
        level, was = found.level(outcome), found.was(outcome)
        size = times * level.mean
        shown = number(size, digits_of(size)) if level.n else none
        after = f"{unit} {plus_minus(level, times, digits_of(size))}".strip() if level.n else ""
        then = f"{before} {number(times * was.mean, digits_of(times * was.mean))}".strip() if was.n else none
        gap = _both(found, outcome, level, was) or apart(found.difference(outcome), times, *words)
        return Tile(label, before if level.n else "", shown, after, gap, f"{reference} {then}")

    first = _first(found.level("first_closure_week"), found.n)
    return [
        tile(HARM, "catastrophe", 100, "of 100", ("more", "fewer")),
        tile(first, "first_closure_week", month, "", ("later", "earlier"), "month", "nobody"),
        tile("Labs closed at the end", "closed_share_end", labs, f"of {labs}", ("more", "fewer")),
        tile("Good things come later by", DELAY_COST, month, "months", ("more", "less"), none="no finish"),
    ]


def _first(first: Summary, n: int) -> str:
    """What is measured, with how many futures have a closure at all, where not all have."""
    share = 100 * first.n / n
    return "First lab to close" + (f", in {number(share) if share >= 0.5 else '< 1'} of 100" if 0 < share < 100 else "")


def _both(found: Beside, outcome: str, level: Summary, was: Summary) -> str:
    """What there is to say where one world lacks the number in every future; nothing where both have it."""
    if level.n and was.n:
        return ""
    if outcome == "first_closure_week":
        return "the same" if level.n == was.n else "somebody closes" if level.n else "nobody closes"
    return "the same" if level.n == was.n else "a finish" if level.n else "no finish any more"
