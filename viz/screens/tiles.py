"""The four numbers of a world, each with its interval and beside what it was."""

from dataclasses import dataclass

from labsim.model.outcomes import DELAY_COST
from labsim.runs.summary import Summary
from viz.world.ensembles import Beside
from viz.world.one_future import WEEKS_A_MONTH
from viz.world.said import apart, digits_of, number, plus_minus

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
