"""The four numbers of a world, each with its interval and beside what it was."""

from dataclasses import dataclass

from labsim.runs.summary import Summary
from labsim.show.numbers import fixed
from viz.world import said
from viz.world.ensembles import Beside
from viz.world.measures import MEASURES, Measure

HARM = MEASURES["harm"].words


@dataclass(frozen=True)
class Tile:
    """A number for people: `before` and `after` are the words around it."""

    label: str
    before: str
    value: str
    after: str
    difference: str
    was: str


def tiles(pair: Beside, labs: int, reference: str) -> list[Tile]:
    """Harm, first closure, labs closed at the end, delay; `reference` is what "was" refers to."""
    return [_tile(pair, labs, reference, measure) for measure in MEASURES.values()]


def _tile(pair: Beside, labs: int, reference: str, measure: Measure) -> Tile:
    level, was = measure.of(pair.here, labs), measure.of(pair.there, labs)
    then = f"{measure.before} {said.numeral(was)}".strip() if was.n else measure.none
    return Tile(
        label=measure.words + (_how_many(level, pair.n) if measure is MEASURES["first"] else ""),
        before=measure.before if level.n else "",
        value=said.numeral(level) if level.n else measure.none,
        after=f"{measure.unit_of(labs)} {said.error_words(level)}".strip() if level.n else "",
        difference=_difference(measure, level, was, _paired(measure, pair, labs)),
        was=f"{reference} {then}",
    )


def _paired(measure: Measure, pair: Beside, labs: int) -> Summary:
    return Summary.of(measure.read(pair.here, labs) - measure.read(pair.there, labs))


def _how_many(first: Summary, n: int) -> str:
    """How many futures have a closure at all, where not all have."""
    share = 100 * first.n / n
    return f", in {fixed(share) if share >= 0.5 else '< 1'} of 100" if 0 < share < 100 else ""


def _difference(measure: Measure, level: Summary, was: Summary, difference: Summary) -> str:
    """How the worlds differ; where one of them lacks the number in every future, which one."""
    if level.n and was.n:
        return measure.apart(difference)
    return "the same" if level.n == was.n else measure.only_one[0 if level.n else 1]
