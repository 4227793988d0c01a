"""Worlds run under the same luck, side by side: what the screen Compare shows of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labsim import closure_game, sampling
from labsim.comparison import Comparison
from labsim.ensemble import Stop
from labsim.experiment import blocks
from labsim.fan import Fan
from labsim.outcomes import NAMES
from labsim.scenario import ScenarioError
from labsim.summary import Summary, direction

from . import changes, said
from .futures import WEEKS_A_MONTH
from .world import World

FIRST_LOOK, ALL = 256, 1000  # futures of each world
SEED = 0
MOST_KNOWN = 40  # runs kept, so that unpinning or another baseline costs nothing
NO_GAME = "none: it takes two labs"


@dataclass(frozen=True)
class Gap:
    """How many times ability is ahead of what can be vouched for, over weeks: middle, and where 80 of 100 lie."""

    weeks: tuple[int, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, fan: Fan) -> "Gap":
        """From the fan of exposure, for as long as half of the futures still run."""
        table = fan.table()
        rows = table[(table["quantity"] == "exposure") & (table["n"] >= fan.count / 2)]
        band = (tuple(float(np.exp(x)) for x in rows[level]) for level in ("q10", "q50", "q90"))
        return cls(tuple(int(w) for w in rows["week"]), *band)


@dataclass(frozen=True, eq=False)
class Run:
    """What came of one world: every outcome, a number a future each; its gap; the game of its first lab."""

    world: World
    replications: int
    labs: int
    outcomes: Mapping[str, np.ndarray]
    gap: Gap
    game: str
    focal: str


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
_known: dict[tuple[World, int], Run] = {}


def race(world: World, replications: int, stop: Stop) -> Run:
    """Run a world, or take it from what is known. Raises KeyboardInterrupt if `stop` was set meanwhile."""
    if (run := _known.get((world, replications))) is not None:
        return run
    scenario, fan = world.resolve(), Fan()
    sampled = sampling.draw(scenario, SEED, replications)
    parts = [b["run"] for b in blocks(scenario, replications, SEED, sampled=sampled, stop=stop, fan=fan)]
    if stop:
        raise KeyboardInterrupt
    outcomes = {name: np.concatenate([part[name] for part in parts]) for name in NAMES}
    try:
        game = closure_game.play(scenario, replications=replications, seed=SEED, stop=stop).label
    except ScenarioError:  # a single lab plays with nobody
        game = NO_GAME
    labs = scenario.all_labs
    run = Run(world, replications, len(labs), outcomes, Gap.of(fan), game, labs[0].name)
    _known[world, replications] = run
    while len(_known) > MOST_KNOWN:
        _known.pop(next(iter(_known)), None)
    return run


def races(worlds: Sequence[World], stop: Stop) -> Iterator[list[Run]]:
    """All worlds with few futures, then with all."""
    for replications in (FIRST_LOOK, ALL):
        yield [race(world, replications, stop) for world in worlds]


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
    found = Comparison([names[i] for i in order], SEED, runs[0].replications, "ensemble", levels, differences)
    return found.table().to_csv(index=False)


def sentence(runs: Sequence[Run], base: int) -> str:
    """What the comparison says: the world with clearly least harm, and its price in time."""
    if len(runs) == 1:
        return "One world so far. Add another one to see what differs under the same luck."
    harm, delay = MEASURES["harm"], MEASURES["delay"]
    found = [(harm.between(run, runs[base]), place) for place, run in enumerate(runs) if place != base]
    clear = [(difference.mean, place) for difference, place in found if direction(difference)]
    if not clear:
        return f"Harm is too close to call: no world differs clearly from {letter(base)} under the same luck."
    least = min(clear)
    mean, place = least if least[0] < 0 else max(clear)
    size = said.scaled(harm.between(runs[place], runs[base]), -1.0 if mean < 0 else 1.0)
    count, price = f"{said.numeral(size)} {'fewer' if mean < 0 else 'more'}", delay.between(runs[place], runs[base])
    return (
        f"Under the same luck {letter(place)} ends in harm in {count} of 100 futures than {letter(base)} "
        f"({said.error_words(size)}); {_price(price)}."
    )


def _price(later: Summary) -> str:
    """What is paid in time."""
    if later.n == 0:
        return "its price in time cannot be said, for not all finish"
    if direction(later) == 0:
        return "its price in time is too close to call"
    size = said.scaled(later, -1.0 if later.mean < 0 else 1.0)
    when = "later" if later.mean > 0 else "sooner"
    return f"good things come {said.numeral(size)} months {when} ({said.error_words(size)})"
