"""Many variants of a world under the same luck: a few parameters have other values, all else is the same.

Where these parameters can be drawn (like uncertain ones), the variants are played as replications of
one run in which the same numbers, and so the same luck, come again with other values: a run has a
fixed cost, and many small ones would spend most of their time on it. Others get a run each.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.engines.failures import RaceFailed
from labsim.games.closure_game import four_worlds, place_of
from labsim.games.profiles import check_players
from labsim.model.outcomes import OUTCOMES, Final
from labsim.runs.again import race_failed
from labsim.runs.experiment import in_order, tracer, usable_engine
from labsim.scenario import sampling
from labsim.scenario.changes import with_changes
from labsim.scenario.checked import (
    CATALOGUE,
    FAMILIES,
    ScenarioError,
    check_uncertainty,
    is_lab_path,
    nearest,
    parts_of,
)  # fmt: skip
from labsim.scenario.scenario import Scenario

PIECE, SMALLEST = 2048, 256  # replications of one piece of work


@dataclass(frozen=True)
class Asked:
    """What is asked of a world: the races it takes, and the number that is read of each replication."""

    races: Callable[[Scenario], list[Scenario]]
    read: Callable[[Final], np.ndarray]


def asked_game(scenario: Scenario, focal: int | str = 0, first: int = 4) -> Asked:
    """The focal lab's payoffs in the (first) four races of the closure game, in the order of `closure_game.CELLS`.

    Raises ScenarioError for an unknown lab, or for one lab.
    """
    check_players("game", scenario, 1)
    place = place_of(scenario, focal)

    def races(world: Scenario) -> list[Scenario]:
        check_players("game", world, 1)
        return four_worlds(world, place_of(world, place))[:first]

    return Asked(races, lambda final: final.labs("payoff")[:, place])


def asked_outcome(name: str) -> Asked:
    """An outcome of the world as it is; with the rule-free race beside it where that is subtracted."""
    if name not in OUTCOMES:
        raise ScenarioError(f"outcome '{name}': must be one of {', '.join(OUTCOMES)}{nearest(name, list(OUTCOMES))}")
    function = OUTCOMES[name].function
    if OUTCOMES[name].less_rule_free:
        return Asked(lambda world: [world, world.with_strategy("closer").without_rules()], function)
    return Asked(lambda world: [world], function)


def outcome_values(values: np.ndarray) -> np.ndarray:
    """The outcome out of what was read of its races: the difference where there are two."""
    return values[0] if len(values) == 1 else values[0] - values[1]


def left_out(tried: Sequence["Variants"]) -> str:
    """What is said of the races that failed in these, and are left out; nothing if none did.

    Raises RaceFailed if all races failed.
    """
    failed, done = sum(len(one.failed) for one in tried), sum(one.done for one in tried)
    if not failed:
        return ""
    first = next(one for one in tried if one.failed).first_failed()
    if failed == done:
        raise RaceFailed(f"all {done:,} races failed; the first is {first}") from first.__cause__
    return f"{failed:,} of {done:,} races failed and are left out; the first is {first}"


def prepare(scenario: Scenario, paths: Sequence[str], focal: str | None = None) -> tuple[Scenario, list[str]]:
    """The scenario such that moving these parameters moves something, and remarks on what that took.

    `focal` is the lab whose game it is. What the parameters belong to is put in force from week 0 if it
    is never in force; an uncertain parameter is not drawn any more; labs with a value of their own keep
    it. Raises ScenarioError where all do.
    """
    remarks = []
    for path in paths:
        table, _, name = path.rpartition(".")
        if table.split(".")[0] in FAMILIES and name not in ("start", "trigger"):
            if not scenario.ever_in_force(table):
                scenario = scenario.with_paths({f"{table}.start": 0})
                remarks.append(f"{table} is not in force in '{scenario.name}': here it is, from week 0.")
        if path in {parts_of(key)[1] for key in scenario.uncertainties}:
            scenario = scenario.not_drawn([path])
            remarks.append(f"{path} is not drawn here: it is moved.")
        own = [lab.name for lab in scenario.all_labs if is_lab_path(path) and path in lab.values]
        if own and len(own) == len(scenario.all_labs):
            raise ScenarioError(f"{path}: every lab of '{scenario.name}' has its own, so that nothing would move")
        if own:
            names = [f"{name} (whose game it is)" if name == focal else name for name in own]
            verb = "keeps its own" if len(own) == 1 else "keep theirs"
            remarks.append(f"{path} moves for labs without their own; {', '.join(names)} {verb}.")
    return scenario, remarks


def can_be_drawn(path: str) -> bool:
    """Whether a parameter may differ between replications of one run."""
    try:
        check_uncertainty(path, {"dist": "choice", "values": [CATALOGUE[path].default]})
    except ScenarioError:
        return False
    return True


class Variants:
    """Variants of a scenario, each with its changes {path: value}, of which something is asked."""

    def __init__(
        self, scenario: Scenario, changes: Sequence[Mapping[str, float]], asked: Asked, replications: int,
        seed: int = 0, engine: str = "ensemble", jobs: int | None = None, stop: Stop | None = None,
        tell: Callable[[int], None] | None = None,
    ) -> None:  # fmt: skip
        """`replications` the most that will be wanted, `tell` is called with the races done. Raises ScenarioError."""
        self.scenario, self.changes, self.asked, self.seed = scenario, changes, asked, seed
        self.engine = usable_engine(engine)
        self.jobs = jobs or (os.cpu_count() or 1 if self.engine == "ensemble" else 1)
        self.stop, self.tell = Stop.new() if stop is None else stop, tell
        self.drawn = sampling.draw(scenario, seed, replications)
        self.together = self.engine == "ensemble" and all(map(can_be_drawn, changes[0]))
        self.races = asked.races(with_changes(scenario, changes[0]))  # how many there are; the first variant's
        for change in changes if not self.together else ():
            asked.races(with_changes(scenario, change))
        self.done = 0
        self.failed: list[tuple[int, int, int]] = []  # (race, variant, replication) of each that failed

    def values(self, chosen: Sequence[int], first: int, count: int) -> np.ndarray:
        """What is read of replications first to first + count - 1 of these variants: (races, chosen, count).

        Raises KeyboardInterrupt if `stop` was set meanwhile.
        """
        play = self._rows if self.together else self._apart
        result, pieces = play(list(chosen), first, count)
        for races in in_order(lambda number: self._do(pieces[number]), range(len(pieces)), self.jobs, self.stop):
            self.done += races
            if self.tell:
                self.tell(self.done)
        if self.stop:
            raise KeyboardInterrupt
        return result.reshape(len(self.races), len(chosen), count)

    def first_failed(self) -> RaceFailed:
        """The error of the first race that failed: the first of its variant, and that of the first such variant."""
        race, variant, number = min(self.failed, key=lambda one: (one[1], one[2], one[0]))
        world = self.asked.races(with_changes(self.scenario, self.changes[variant]))[race]
        return race_failed(world, self.seed, number, {path: v[number : number + 1] for path, v in self.drawn.items()})

    def _ended(self, final: Final, race: int, variant: np.ndarray, number: np.ndarray) -> np.ndarray:
        """What is read of each race; nan for one that failed, which is noted and no pair of any other."""
        self.failed += [(race, int(variant[k]), int(number[k])) for k in np.flatnonzero(final.failed)]
        return np.where(final.failed, np.nan, self.asked.read(final))

    def _do(self, piece: Callable[[], int]) -> int | None:
        races = piece()
        return None if self.stop else races

    def _rows(self, chosen: list[int], first: int, count: int) -> tuple[np.ndarray, list[Callable[[], int]]]:
        """Room for what is found, and the pieces that fill it: all variants' replications one after the other."""
        variant, number = np.repeat(chosen, count), np.tile(np.arange(first, first + count), len(chosen))
        columns = {path: np.array([float(change[path]) for change in self.changes]) for path in self.changes[0]}
        sampled = {path: values[variant] for path, values in columns.items()}
        sampled |= {path: values[number] for path, values in self.drawn.items()}
        result, size = np.empty((len(self.races), len(number))), PIECE
        while size > SMALLEST and len(self.races) * -(-len(number) // size) < 2 * self.jobs:
            size //= 2

        def piece(race: int, start: int) -> int:
            rows = slice(start, min(start + size, len(number)))
            mine = {path: values[rows] for path, values in sampled.items()}
            final = ensemble.simulate(
                self.races[race], 0, len(number[rows]), self.seed, mine, self.stop, numbers=number[rows], failed=[]
            )
            result[race, rows] = self._ended(final, race, variant[rows], number[rows])
            return len(number[rows])

        starts = range(0, len(number), size)
        return result, [lambda k=k, s=s: piece(k, s) for k in range(len(self.races)) for s in starts]

    def _apart(self, chosen: list[int], first: int, count: int) -> tuple[np.ndarray, list[Callable[[], int]]]:
        """The same with a run for each race of each variant."""
        result, trace = np.empty((len(self.races), len(chosen), count)), tracer(self.engine)
        sampled = {path: values[first : first + count] for path, values in self.drawn.items()}

        def piece(place: int) -> int:
            races = self.asked.races(with_changes(self.scenario, self.changes[chosen[place]]))
            for k, race in enumerate(races):
                final = trace(race, first, count, self.seed, (), (), 0, sampled, stop=self.stop, failed=[])[0]
                numbers = np.arange(first, first + count)
                result[k, place] = self._ended(final, k, np.full(count, chosen[place]), numbers)
            return len(races) * count

        return result, [lambda place=place: piece(place) for place in range(len(chosen))]
