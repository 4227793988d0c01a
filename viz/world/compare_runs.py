"""Worlds run under the same luck, side by side: what the screen Compare shows of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import play
from labsim.model.outcomes import OUTCOMES
from labsim.runs.comparison import Comparison
from labsim.runs.summary import Summary, direction, is_zero
from labsim.show.numbers import estimate
from viz.world import changes, said
from viz.world.ensembles import FIRST, FULL, SEED, ensemble_of, outcomes_of
from viz.world.measures import MEASURES, Measure
from viz.world.world import World

MOST_KNOWN = 40  # games kept, so that unpinning or another baseline costs nothing
NO_GAME = "none: it takes two labs"


@dataclass(frozen=True, eq=False)
class Run:
    """What came of one world: every outcome, a number a future each; its gap; the game of its first lab."""

    world: World
    n: int
    labs: int
    focal: str
    outcomes: dict[str, np.ndarray]
    gap: np.ndarray  # (3, weeks): times ahead; below, in the middle and above of 80 of 100 futures
    game: str = ""  # nothing while it is being played

    def level(self, measure: Measure) -> Summary:
        """A number of this world."""
        return measure.of(self.outcomes, self.labs)

    def difference(self, measure: Measure, base: "Run") -> Summary:
        """How much it differs from the baseline's under the same luck: paired."""
        return Summary.of(measure.read(self.outcomes, self.labs) - measure.read(base.outcomes, base.labs))


NOT_ALL = {  # what it means that a number is there for some futures only
    "first": "in {n} of 100 futures; in the others nobody closes",
    "delay": "in {n} of 100 futures; in the others nobody finishes",
}
_games: dict[World, str] = {}


def race(world: World, n: int, stop: Stop) -> Run:
    """Run a world, or take it from what is known. Raises KeyboardInterrupt if `stop` was set meanwhile."""
    scenario = world.resolve()
    labs, gap = scenario.all_labs, np.exp(ensemble_of(scenario, n, stop).band())
    return Run(world, n, len(labs), labs[0].name, outcomes_of(scenario, n, stop), gap, _games.get(world, ""))


def with_game(run: Run, stop: Stop) -> Run:
    """With the kind of game that its first lab plays; a single lab plays with nobody."""
    if not run.game:
        game = play(run.world.resolve(), 0, FULL, SEED, stop=stop).label if run.labs > 1 else NO_GAME
        _games[run.world] = game
        while len(_games) > MOST_KNOWN:
            _games.pop(next(iter(_games)), None)
    return replace(run, game=_games.get(run.world, run.game))


def races(compared: Sequence[World], stop: Stop) -> Iterator[list[Run]]:
    """All worlds with few futures, with all, then their games."""
    for n in (FIRST, FULL):
        runs = [race(world, n, stop) for world in compared]
        yield runs
    yield [with_game(run, stop) for run in runs]


def letter(place: int) -> str:
    """The short name of a world on this screen."""
    return chr(ord("A") + place)


def csv(runs: Sequence[Run], base: int) -> str:
    """Every outcome of every world, and its paired difference from the baseline, as CSV."""
    names = [f"{letter(place)}: {changes.title(run.world, most=99)}" for place, run in enumerate(runs)]
    order = [base, *(place for place in range(len(runs)) if place != base)]
    levels = {names[i]: {k: Summary.of(runs[i].outcomes[k]) for k in OUTCOMES} for i in order}
    differences = {
        names[i]: {k: Summary.of(runs[i].outcomes[k] - runs[base].outcomes[k]) for k in OUTCOMES} for i in order[1:]
    }
    comparison = Comparison([names[i] for i in order], SEED, runs[0].n, "ensemble", levels, differences)
    return comparison.table().to_csv(index=False)


def outcome_rows(runs: Sequence[Run], base: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every outcome: its label, then a text for each world, which says how it differs from the baseline's."""
    for name, outcome in OUTCOMES.items():
        texts = []
        for run in runs:
            level = estimate(Summary.of(run.outcomes[name]), outcome.unit)
            gap = Summary.of(run.outcomes[name] - runs[base].outcomes[name])
            apart = (estimate(gap, outcome.unit, sign=True), outcome.verdict(direction(gap)))
            differs = run is not runs[base] and gap.n
            texts.append(f"{level} ({', '.join(part for part in apart if part)})" if differs else level)
        yield outcome.label, tuple(texts)


def sentence(runs: Sequence[Run], base: int) -> str:
    """What the comparison says: the world with clearly least harm, and its price in time."""
    if len(runs) == 1:
        return "One world so far. Add another one to see what differs under the same luck."
    harm, delay = MEASURES["harm"], MEASURES["delay"]
    result = [(run.difference(harm, runs[base]), place) for place, run in enumerate(runs) if place != base]
    clear = [(difference.mean, place) for difference, place in result if direction(difference)]
    if all(is_zero(difference) for difference, _ in result):
        return f"The same luck, the same harm: what was changed makes no difference to harm beside {letter(base)}."
    if not clear:
        return f"Harm is too close to call: no world differs clearly from {letter(base)} under the same luck."
    least = min(clear)
    mean, place = least if least[0] < 0 else max(clear)
    size, sign = runs[place].difference(harm, runs[base]), -1.0 if mean < 0 else 1.0
    count = f"{said.numeral(size, sign)} {'fewer' if mean < 0 else 'more'}"
    return (
        f"Under the same luck {letter(place)} ends in harm in {count} of 100 futures than {letter(base)} "
        f"({said.error_words(size)}); {_price(runs[place].difference(delay, runs[base]))}."
    )


def _price(later: Summary) -> str:
    """What is paid in time."""
    if later.n == 0:
        return "its price in time cannot be said, for not all finish"
    if direction(later) == 0:
        return "its price in time is too close to call"
    sign, when = (1.0, "later") if later.mean > 0 else (-1.0, "sooner")
    return f"good things come {said.numeral(later, sign)} months {when} ({said.error_words(later)})"
