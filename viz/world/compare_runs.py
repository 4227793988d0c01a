"""Worlds run under the same luck, side by side: what the screen Compare shows of each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import play
from labsim.model.outcomes import DELAY_COST, NAMES
from labsim.runs.comparison import Comparison
from labsim.runs.experiment import worlds
from labsim.runs.summary import Summary, direction, is_zero
from viz.world import changes, said
from viz.world.changes import WEEKS_A_MONTH
from viz.world.ensembles import FIRST, FULL, SEED, ensemble_of, until_compiled
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


@dataclass(frozen=True)
class Measure:
    """One column: a number that people read, from the outcomes of a run."""

    words: str
    before: str  # the numeral
    unit: str
    more: str
    less: str
    read: Callable[[Run], np.ndarray]

    def of(self, run: Run) -> Summary:
        """The number in this world."""
        return Summary.of(self.read(run))

    def between(self, run: Run, base: Run) -> Summary:
        """How much it differs from the baseline's under the same luck: paired."""
        return Summary.of(self.read(run) - self.read(base))


MEASURES = {
    "harm": Measure("Futures that end in harm", "", "of 100", "more", "fewer",
                    lambda run: 100 * run.outcomes["catastrophe"]),
    "first": Measure("First lab to close", "month", "", "months later", "months earlier",
                     lambda run: run.outcomes["first_closure_week"] / WEEKS_A_MONTH),
    "closed": Measure("Labs closed at the end", "", "of {labs}", "more", "fewer",
                      lambda run: run.labs * run.outcomes["closed_share_end"]),
    "delay": Measure("Good things come later by", "", "months", "months more", "months less",
                     lambda run: run.outcomes["delay_cost"] / WEEKS_A_MONTH),
}  # fmt: skip
NOT_ALL = {  # what it means that a number is there for some futures only
    "first": "in {n} of 100 futures; in the others nobody closes",
    "delay": "in {n} of 100 futures; in the others nobody finishes",
}
_games: dict[World, str] = {}


def race(world: World, n: int, stop: Stop) -> Run:
    """Run a world, or take it from what is known. Raises KeyboardInterrupt if `stop` was set meanwhile."""
    scenario = world.resolve()
    made = worlds(scenario)
    mine = ensemble_of(scenario, n, stop)
    free = ensemble_of(made.get("rule_free", made["all_remove"]), n, stop)
    outcomes = {name: values[:n] for name, values in mine.outcomes.items()}
    outcomes[DELAY_COST] = outcomes["finish"] - free.outcomes["finish"][:n]
    labs = scenario.all_labs
    return Run(world, n, len(labs), labs[0].name, outcomes, np.exp(mine.band()), _games.get(world, ""))


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
    for _ in until_compiled(stop):
        yield []
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
    levels = {names[i]: {k: Summary.of(runs[i].outcomes[k]) for k in NAMES} for i in order}
    differences = {
        names[i]: {k: Summary.of(runs[i].outcomes[k] - runs[base].outcomes[k]) for k in NAMES} for i in order[1:]
    }
    found = Comparison([names[i] for i in order], SEED, runs[0].n, "ensemble", levels, differences)
    return found.table().to_csv(index=False)


def sentence(runs: Sequence[Run], base: int) -> str:
    """What the comparison says: the world with clearly least harm, and its price in time."""
    if len(runs) == 1:
        return "One world so far. Add another one to see what differs under the same luck."
    harm, delay = MEASURES["harm"], MEASURES["delay"]
    found = [(harm.between(run, runs[base]), place) for place, run in enumerate(runs) if place != base]
    clear = [(difference.mean, place) for difference, place in found if direction(difference)]
    if all(is_zero(difference) for difference, _ in found):
        return f"The same luck, the same harm: what was changed makes no difference to harm beside {letter(base)}."
    if not clear:
        return f"Harm is too close to call: no world differs clearly from {letter(base)} under the same luck."
    least = min(clear)
    mean, place = least if least[0] < 0 else max(clear)
    size, sign = harm.between(runs[place], runs[base]), -1.0 if mean < 0 else 1.0
    count = f"{said.numeral(size, sign)} {'fewer' if mean < 0 else 'more'}"
    return (
        f"Under the same luck {letter(place)} ends in harm in {count} of 100 futures than {letter(base)} "
        f"({said.error_words(size)}); {_price(delay.between(runs[place], runs[base]))}."
    )


def _price(later: Summary) -> str:
    """What is paid in time."""
    if later.n == 0:
        return "its price in time cannot be said, for not all finish"
    if direction(later) == 0:
        return "its price in time is too close to call"
    sign, when = (1.0, "later") if later.mean > 0 else (-1.0, "sooner")
    return f"good things come {said.numeral(later, sign)} months {when} ({said.error_words(later)})"
