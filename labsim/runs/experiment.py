"""Run a scenario many times, beside its twins: the same luck with all keeping and all removing."""

import numbers
import os
import warnings
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labsim.engines import ensemble
from labsim.engines.failures import Failure, exception_line
from labsim.model.outcomes import OUTCOMES, measure
from labsim.runs.again import UNSEEN, race_failed
from labsim.runs.fan import QUANTITIES, Fan
from labsim.runs.late import late
from labsim.runs.results import (
    Design,
    Results,
    failed_rows,
    failed_words,
    in_python,
    joined,
    with_twins,
)
from labsim.runs.summary import Summary
from labsim.runs.worlds import TOGETHER, WORLDS, OverWorlds, Worlds, together
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioWarning
from labsim.scenario.expectations import Wanted, bounds
from labsim.scenario.registry import check_lab_class, extend
from labsim.scenario.scenario import TWINS, Scenario

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 4096  # replications in a row group, whatever the chunking
FAN_WEEKS = 780  # weeks of which fan charts are kept: as far as sliders reach
SAMPLE = 20  # replications of which weeks, events and decisions are kept
ENGINES = ("ensemble", "mesa")


@dataclass
class Progress:
    """How far a run is; given to a callback after each piece of work."""

    done: int
    total: int


@dataclass
class Block:
    """Replications of a run and its twins: outcomes of those that ended, and those that failed in any of the worlds."""

    replications: np.ndarray  # the numbers of those that ended
    outcomes: dict[str, dict[str, np.ndarray]]  # {world: {outcome: (replications,)}}
    failed: list[Failure] = field(default_factory=list)

    def __getitem__(self, world: str) -> dict[str, np.ndarray]:
        """The outcomes of one world."""
        return self.outcomes[world]

    @property
    def tried(self) -> int:
        """Replications that were run."""
        return len(self.replications) + len(self.failed)


def run_worlds(
    made: Mapping[str, Scenario], trace: Callable, first: int, count: int, seed: int,
    sampled: Mapping[str, np.ndarray], stop: Any, twins_trace: Callable | None = None, worlds: int | None = None,
) -> tuple[Block, np.ndarray] | None:  # fmt: skip
    """The same replications of every world, and the run's trace of those that ended.

    The trace has the shape (ended, weeks, fan.QUANTITIES). `twins_trace` runs the twins where they need
    another kind of lab. A replication that fails in one world counts as failed. None if `stop` was set meanwhile.
    """
    mine = {path: values[first : first + count] for path, values in sampled.items()}
    luck = None if worlds is None else sampling.luck_of(np.arange(first, first + count), worlds)
    finals, weekly = {}, np.empty(0)
    failures: dict[int, Failure] = {}
    for name, world in made.items():
        is_run = name == "run"
        failed: list[Failure] = []
        trace_ = trace if is_run else twins_trace or trace
        weeks = min(world["race.weeks"], FAN_WEEKS) if is_run else 0
        finals[name], run_trace, _ = trace_(
            world, first, count, seed, (), QUANTITIES, weeks, mine, stop=stop, numbers=luck, failed=failed
        )
        weekly = run_trace if is_run else weekly
        for failure in failed:
            if failure.replication not in failures:
                failures[failure.replication] = _named(failure, name, world, seed, first, mine, luck)
    if stop:
        return None
    ended = ~np.any([final.failed for final in finals.values()], axis=0)
    if failures:
        finals, weekly = {name: final.where(ended) for name, final in finals.items()}, weekly[ended]
    free = finals.get("rule_free", finals["all_remove"])
    outcomes = {name: measure(final, free) for name, final in finals.items() if name != "rule_free"}
    return Block(first + np.flatnonzero(ended), outcomes, [failures[r] for r in sorted(failures)]), weekly


def _named(
    failure: Failure, name: str, world: Scenario, seed: int, first: int, sampled: Mapping[str, np.ndarray],
    luck: np.ndarray | None,
) -> Failure:  # fmt: skip
    """A failure with its world and, where the fast engine found it, what the Mesa engine says of it."""
    if not failure.error:
        from labsim.engines import mesa_engine

        at = failure.replication - first
        said: list[Failure] = []
        own = {path: values[at : at + 1] for path, values in sampled.items()}
        whose = None if luck is None else luck[at : at + 1]
        mesa_engine.trace(world, failure.replication, 1, seed, weeks=0, sampled=own, numbers=whose, failed=said)
        unseen = replace(failure, error=UNSEEN)
        failure = said[0] if said else unseen
    return replace(failure, world=name)


def blocks(
    scenario: Scenario, replications: int, seed: int, engine: str = "ensemble", jobs: int | None = None,
    sampled: Mapping[str, np.ndarray] | None = None, progress: Callable[[Progress], None] | None = None,
    stop: ensemble.Stop | None = None, lab: Any = None, chunk: int | None = None, fan: Fan | None = None,
    first: int = 0, worlds: int | None = None,
) -> Iterator[Block]:  # fmt: skip
    """A run and its twins in blocks of `BLOCK` replications, in order (the last one shorter).

    Work goes to `jobs` threads in chunks. When `stop` is set, what is done so far without a hole
    comes as a last, shorter block. A `fan` is fed with the run's weeks. What is before the replication
    `first` is done already: the first block is what is missing of its own. With `worlds`, as in `sampling.draw`.
    """
    made, sampled, stop = with_twins(scenario), sampled or {}, ensemble.Stop.new() if stop is None else stop
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    chunk = chunk or chunk_size(replications, engine, jobs)
    trace, twins_trace = tracer(engine, lab), tracer(engine)  # in twins the strategy is forced, on any lab

    def work(piece: tuple[int, int]) -> tuple | None:
        if stop:  # nor is the compiler waited for
            return None
        return run_worlds(made, trace, *piece, seed, sampled, stop, twins_trace, worlds)

    pieces: list[Block] = []
    done = first
    for piece, weekly in in_order(work, cut(first, replications, chunk), jobs, stop):
        pieces.append(piece)
        done += piece.tried
        if fan is not None and len(weekly):
            fan.add(weekly)
        if progress:
            progress(Progress(done, replications))
        if done % BLOCK == 0:
            yield _join(pieces)
            pieces = []
    if pieces:
        yield _join(pieces)


def cut(first: int, end: int, chunk: int) -> Iterator[tuple[int, int]]:
    """(first, count) of the pieces of work from `first` to `end`, cut at the multiples of `chunk`."""
    while first < end:
        count = min(chunk - first % chunk, end - first)
        yield first, count
        first += count


def refill(
    fan: Fan, scenario: Scenario, replications: int, seed: int, engine: str, jobs: int | None,
    sampled: Mapping[str, np.ndarray], progress: Callable[[Progress], None], stop: ensemble.Stop,
    failed: Collection[int] = (), worlds: int | None = None,
) -> None:  # fmt: skip
    """Feed a new fan with replications that are done already: run again, without their twins or those that failed."""
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    trace, done = tracer(engine), 0

    def work(piece: tuple[int, int]) -> tuple[int, np.ndarray] | None:
        if stop:
            return None
        first, count = piece
        numbers = np.arange(first, first + count)
        kept = numbers[~np.isin(numbers, list(failed))]
        if not len(kept):
            return count, kept
        mine = {path: values[kept] for path, values in sampled.items()}
        weeks = min(scenario["race.weeks"], FAN_WEEKS)
        luck = sampling.luck_of(kept, worlds)
        weekly = trace(scenario, first, len(kept), seed, (), QUANTITIES, weeks, mine, stop=stop, numbers=luck)[1]
        return None if stop else (count, weekly)

    for count, weekly in in_order(work, cut(0, replications, chunk_size(replications, engine, jobs)), jobs, stop):
        if len(weekly):
            fan.add(weekly)
        done += count
        progress(Progress(done, replications))


def tracer(engine: str, lab: Any = None) -> Callable:
    """The engine's `trace`; in Mesa with a kind of lab, where none is `labsim.Lab`.

    Without a list of those that `failed`, a race that fails is a RaceFailed that says who raised, when, and how to
    have it again, whichever the engine.
    """
    trace: Callable = ensemble.trace
    if engine != "ensemble":  # Mesa takes a fifth of a second to import: only where it is used
        from labsim.engines import mesa_engine

        trace = partial(mesa_engine.trace, lab=lab or mesa_engine.Lab)

    def traced(
        scenario: Scenario, first: int, count: int, seed: int, lab_names: tuple[str, ...] = (),
        race_names: tuple[str, ...] = (), weeks: int | None = None, sampled: Mapping[str, np.ndarray] | None = None,
        numbers: np.ndarray | None = None, failed: list[Failure] | None = None, **options: Any,
    ) -> tuple:  # fmt: skip
        mine: list[Failure] = [] if failed is None else failed
        found = trace(
            scenario, first, count, seed, lab_names, race_names, weeks, sampled, numbers=numbers, failed=mine, **options
        )
        if failed is None and mine:
            place = mine[0].replication - first
            luck = first + place if numbers is None else int(numbers[place])
            own = {path: values[place : place + 1] for path, values in (sampled or {}).items()}
            raise race_failed(scenario, seed, first + place, own, luck, lab)
        return found

    return traced


def chunk_size(replications: int, engine: str, jobs: int) -> int:
    """Replications in one piece of work: a divisor of BLOCK, enough pieces for all threads."""
    if engine == "mesa":
        return 8
    chunk = BLOCK // 2
    while chunk > 64 and chunk * jobs * 2 > replications:
        chunk //= 2
    return chunk


def in_order(work: Callable, starts: Iterable[Any], jobs: int, stop: ensemble.Stop) -> Iterator[Any]:
    """Results of `work(start)` in the order of the starts, until one is None; at most 2 x jobs under way."""
    todo = iter(starts)
    running: deque[Future] = deque()
    with ThreadPoolExecutor(jobs, thread_name_prefix="labsim") as pool:
        try:
            while True:
                while len(running) < 2 * jobs and (start := next(todo, None)) is not None:
                    running.append(pool.submit(work, start))
                if not running:
                    return
                while not running[0].done():  # short waits, so that Ctrl-C is heard
                    wait([running[0]], timeout=0.1)
                result = running.popleft().result()
                if result is None:
                    return
                yield result
        except BaseException:
            stop.set()
            raise


def _join(pieces: list[Block]) -> Block:
    """Several pieces as one."""
    outcomes = {
        world: {name: np.concatenate([piece[world][name] for piece in pieces]) for name in own}
        for world, own in pieces[0].outcomes.items()
    }
    replications = np.concatenate([piece.replications for piece in pieces])
    return Block(replications, outcomes, [failure for piece in pieces for failure in piece.failed])


@dataclass
class Tally:
    """Summaries of a run and its twins, fed block by block; over worlds too, where `of` says that some are drawn."""

    run: dict[str, Summary] = field(default_factory=lambda: {name: Summary() for name in OUTCOMES})
    differences: dict[str, dict[str, Summary]] = field(default_factory=lambda: _each_twin(Summary))
    levels: dict[str, dict[str, Summary]] = field(default_factory=lambda: _each_twin(Summary))
    targets: dict[str, Wanted] = field(default_factory=dict)
    met: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    is_drawn: bool = False
    number: int | None = None  # of worlds that have the same luck
    ranges: dict[str, Worlds] = field(default_factory=dict)
    twin_ranges: dict[str, dict[str, Worlds]] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, design: Design) -> "Tally":
        """The tally of a run of this scenario."""
        tally = cls(targets=bounds(scenario), is_drawn=bool(scenario.uncertainties), number=design.worlds)
        if design.worlds is not None:
            make = partial(Worlds, design.worlds, design.replications // design.worlds)
            tally.ranges, tally.twin_ranges = {name: make() for name in OUTCOMES}, _each_twin(make)
        return tally

    def add(self, block: Block) -> None:
        """Add the outcomes of a block of replications of all worlds."""
        for name in OUTCOMES:
            values = block["run"][name]
            self.run[name].add(values)
            if name in self.targets:
                self.met[name] += int(self.targets[name].meets(values).sum())
            if self.ranges:
                self.ranges[name].add(values, block.replications)
            for twin in TWINS:
                difference = values - block[twin][name]
                self.levels[twin][name].add(block[twin][name])
                self.differences[twin][name].add(difference)
                if self.ranges:
                    self.twin_ranges[twin][name].add(difference, block.replications)

    def over_worlds(self) -> OverWorlds | None:
        """The run over its worlds; none where nothing is drawn."""
        if not self.is_drawn:
            return None
        targets = self.targets
        if self.number is None:
            ranges = {name: together(one, self.met[name], targets.get(name)) for name, one in self.run.items()}
            return OverWorlds(max((one.n for one in self.run.values()), default=0), TOGETHER, ranges, targets, {})
        twins = {twin: {name: one.range() for name, one in own.items()} for twin, own in self.twin_ranges.items()}
        ranges = {name: one.range(targets.get(name)) for name, one in self.ranges.items()}
        return OverWorlds(self.number, WORLDS, ranges, targets, twins)


def _each_twin(make: Callable[[], Any]) -> dict[str, dict[str, Any]]:
    return {twin: {name: make() for name in OUTCOMES} for twin in TWINS}


def table(block: Block, sampled: Mapping[str, np.ndarray], worlds: int | None = None) -> "pd.DataFrame":
    """A block as a table: replication, world (if there are), drawn parameters, outcomes, the twins' as `all_keep.NAME`.

    `sampled` holds the drawn parameters of all replications, from 0 on.
    """
    import pandas as pd  # late: only where a table is made

    columns = {"replication": np.asarray(block.replications, np.int64)}
    columns |= {"world": columns["replication"] % worlds} if worlds is not None else {}
    columns |= {path: np.asarray(values, float)[block.replications] for path, values in sampled.items()}
    columns |= {name: block["run"][name] for name in OUTCOMES}
    columns |= {f"{twin}.{name}": block[twin][name] for twin in TWINS for name in OUTCOMES}
    return pd.DataFrame(columns)


def block_of(rows: "pd.DataFrame") -> Block:
    """The block of which `table` made these rows."""
    outcomes = {"run": {name: rows[name].to_numpy() for name in OUTCOMES}}
    outcomes |= {twin: {name: rows[f"{twin}.{name}"].to_numpy() for name in OUTCOMES} for twin in TWINS}
    return Block(rows["replication"].to_numpy(), outcomes)


def record_sample(
    scenario: Scenario, seed: int, replications: int, sampled: Mapping[str, np.ndarray], lab: Any = None,
    progress: Callable[[Progress], None] | None = None, stop: Any = None, failed: Collection[int] = (),
    worlds: int | None = None,
) -> "dict[str, pd.DataFrame]":  # fmt: skip
    """Weeks, events and decisions of the first replications but those that failed, written down by the Mesa engine.

    Raises KeyboardInterrupt if `stop` was set meanwhile.
    """
    from labsim.runs.record import Record

    record = Record()
    if replications:  # Mesa takes a fifth of a second to import: only where it is used
        from labsim.engines import mesa_engine

        lab = lab or mesa_engine.Lab
    for r in range(replications):
        if progress:
            progress(Progress(r, replications))
        if r in failed:
            continue
        setting = mesa_engine.sampled_scenario(scenario, sampled, r) if sampled else scenario
        one, luck = Record(), sampling.luck_of(r, worlds)
        try:
            one.follow(mesa_engine.Race(setting, seed, r, lab=lab, collect=False, luck=luck), stop)
        except Exception as error:  # it ended in the fast engine, where a number may be nan instead
            warnings.warn(f"replication {r} is not written down: in the Mesa engine it raises {exception_line(error)}",
                          stacklevel=2)  # fmt: skip
            continue
        record.add(one)
    return record.tables()


def _whole(name: str, value: Any, least: int) -> int:
    """A whole number that somebody gave, checked. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or not least <= int(value) < 2**63:
        raise ValueError(f"{name} = {value!r}: must be a whole number from {least} to 2**63 - 1")
    return int(value)


def run(
    scenario: Scenario | str, replications: int = 200, seed: int = 0, engine: str = "ensemble",
    rules: Iterable[Any] = (), strategies: Any = (), jobs: int | None = None, sampling_method: str = "monte-carlo",
    lab: Any = None, progress: Callable[[Progress], None] | None = None, sample: int = SAMPLE,
    worlds: int | None = None,
) -> Results:  # fmt: skip
    """Run a scenario and its twins; everything stays in memory.

    `scenario` a Scenario, a shipped name or a file; `engine` ensemble or mesa (a rule or strategy that
    cannot be compiled runs in Mesa, with a warning; so does a `lab` of your own). `rules`: instances of
    governance rules of your own, in force as their `start` says. `strategies`: functions to register,
    or {lab name: function} to give to labs. `sample`: first replications whose weeks, events and
    decisions are kept. `worlds`: draw so many worlds, each with as many of the replications, under the same luck
    in each; the number must divide `replications`, and two futures of each is the least.

    A replication in which a strategy or rule raises, in the race or in a twin, is in `Results.failed` and nowhere
    else; a warning says how many there are. Raises ScenarioError, ValueError.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine {engine!r}: must be one of {', '.join(ENGINES)}")
    replications, seed, sample = (
        _whole(name, value, least)
        for name, value, least in (("replications", replications, 1), ("seed", seed, 0), ("sample", sample, 0))
    )
    jobs = jobs if jobs is None else _whole("jobs", jobs, 1)
    scenario = extend(scenario, rules, strategies)
    check_lab_class(lab)
    sampling.check_worlds(scenario, replications, worlds)
    engine, design = usable_engine(engine, lab, [scenario]), Design(replications, sampling_method, worlds, lab)
    sampled = sampling.draw(scenario, seed, replications, sampling_method, worlds)
    tally, tables, fan, failures = Tally.of(scenario, design), [], Fan(), []
    every = blocks(scenario, replications, seed, engine, jobs, sampled, progress, lab=lab, fan=fan, worlds=worlds)
    for block in every:
        tally.add(block)
        tables.append(table(block, sampled, worlds))
        failures += block.failed
    failed, runs = failed_rows(failures, in_python), joined(tables)
    if failed:
        warnings.warn(failed_words(failed, replications), stacklevel=2)
    for text in late(scenario, tally.run["race_weeks"]):
        warnings.warn(text, ScenarioWarning, stacklevel=2)
    gone = {one.replication for one in failures}
    kept = record_sample(scenario, seed, min(sample, replications), sampled, lab, failed=gone, worlds=worlds)
    return Results(
        scenario, seed, len(runs), engine, tally.run, tally.differences, tally.levels, failed, tally.over_worlds(),
        design, runs, **kept, fan=fan.table(),
    )  # fmt: skip


def usable_engine(engine: str, lab: Any = None, scenarios: Iterable[Scenario] | None = None) -> str:
    """The engine that can run what these scenarios use, or what is registered: Mesa where something cannot be compiled.

    Then there is a warning, which names it.
    """
    if engine == "mesa" or lab is not None:
        return "mesa"
    try:
        ensemble.usable(scenarios)
    except ensemble.CannotCompile as error:
        warnings.warn(f"{error}: the run goes on in the Mesa engine", stacklevel=3)
        return "mesa"
    return engine
