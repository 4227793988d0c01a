"""Run a scenario many times, beside its twins: the same luck with all keeping and all removing."""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from labsim.engines import ensemble
from labsim.model.outcomes import OUTCOMES, Final, measure
from labsim.runs.fan import QUANTITIES, Fan
from labsim.runs.summary import Summary
from labsim.scenario import sampling
from labsim.scenario.registry import extend
from labsim.scenario.scenario import Scenario

BLOCK = 4096  # replications in a row group, whatever the chunking
FAN_WEEKS = 780  # weeks of which fan charts are kept: as far as sliders reach
SAMPLE = 20  # replications of which weeks, events and decisions are kept
TWINS = {"all_keep": "keeper", "all_remove": "closer"}
ENGINES = ("ensemble", "mesa")


@dataclass
class Progress:
    """How far a run is; given to a callback after each piece of work."""

    done: int
    total: int


@dataclass
class Results:
    """What a run found: see `labsim.run`."""

    scenario: Scenario
    seed: int
    replications: int  # done, which is fewer than asked for if the run was interrupted
    engine: str
    summaries: dict[str, Summary]  # of each outcome
    twins: dict[str, dict[str, Summary]]  # paired differences, run minus twin
    twin_levels: dict[str, dict[str, Summary]]
    outcomes: pd.DataFrame  # a row a replication; drawn parameters first
    weeks: pd.DataFrame = field(default_factory=pd.DataFrame)
    events: pd.DataFrame = field(default_factory=pd.DataFrame)
    decisions: pd.DataFrame = field(default_factory=pd.DataFrame)
    fan: pd.DataFrame = field(default_factory=pd.DataFrame)  # weekly quantiles: see fan.py

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim run`."""
        return {
            "scenario": self.scenario.name,
            "seed": self.seed,
            "replications": self.replications,
            "engine": self.engine,
            "outcomes": {name: s.as_dict() for name, s in self.summaries.items()},
            "twins": {
                twin: {name: s.as_dict(quantiles=False) for name, s in differences.items()}
                for twin, differences in self.twins.items()
            },
            "twins_levels": {
                twin: {name: s.as_dict() for name, s in levels.items()} for twin, levels in self.twin_levels.items()
            },
        }


def worlds(scenario: Scenario) -> dict[str, Scenario]:
    """The run, its twins, and (if rules are ever in force) the rule-free race of all removing."""
    made = {"run": scenario} | {name: scenario.with_strategy(strategy) for name, strategy in TWINS.items()}
    free = made["all_remove"].without_rules()
    if free.values != made["all_remove"].values:
        made["rule_free"] = free
    return made


def run_worlds(
    made: Mapping[str, Scenario], trace: Callable, first: int, count: int, seed: int,
    sampled: Mapping[str, np.ndarray], stop: Any, twins_trace: Callable | None = None,
) -> tuple[dict[str, dict[str, np.ndarray]], np.ndarray] | None:  # fmt: skip
    """Outcomes of every world for the same replications, {world: {outcome: (count,)}}, and the run's trace.

    The trace has the shape (count, weeks, fan.QUANTITIES). `twins_trace` runs the twins where they need
    another kind of lab. None if `stop` was set meanwhile.
    """
    mine = {path: values[first : first + count] for path, values in sampled.items()}
    finals = {}
    finals["run"], run_trace = _weekly(made["run"], trace, first, count, seed, mine, stop)
    for name, world in made.items():
        if name != "run":
            final, _, _ = (twins_trace or trace)(world, first, count, seed, (), QUANTITIES, 0, mine, stop=stop)
            finals[name] = final
    if stop:
        return None
    free = finals.get("rule_free", finals["all_remove"])
    outcomes = {name: measure(final, free) for name, final in finals.items() if name != "rule_free"}
    return outcomes, run_trace


def _weekly(
    world: Scenario, trace: Callable, first: int, count: int, seed: int, mine: Mapping[str, np.ndarray], stop: Any
) -> tuple[Final, np.ndarray]:
    """Final states of these replications, and what a fan is fed with."""
    weeks = min(world["race.weeks"], FAN_WEEKS)
    final, weekly, _ = trace(world, first, count, seed, (), QUANTITIES, weeks, mine, stop=stop)
    return final, weekly


def blocks(
    scenario: Scenario, replications: int, seed: int, engine: str = "ensemble", jobs: int | None = None,
    sampled: Mapping[str, np.ndarray] | None = None, progress: Callable[[Progress], None] | None = None,
    stop: ensemble.Stop | None = None, lab: Any = None, chunk: int | None = None, fan: Fan | None = None,
    first: int = 0,
) -> Iterator[dict[str, dict[str, np.ndarray]]]:  # fmt: skip
    """Outcomes of all worlds in blocks of `BLOCK` replications, in order (the last one shorter).

    Work goes to `jobs` threads in chunks. When `stop` is set, what is done so far without a hole
    comes as a last, shorter block. A `fan` is fed with the run's weeks. What is before the replication
    `first` is done already: the first block is what is missing of its own.
    """
    made, sampled, stop = worlds(scenario), sampled or {}, ensemble.Stop.new() if stop is None else stop
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    chunk = chunk or chunk_size(replications, engine, jobs)
    trace, twins_trace = tracer(engine, lab), tracer(engine)  # in twins the strategy is forced, on any lab

    def work(piece: tuple[int, int]) -> tuple | None:
        if stop:  # nor is the compiler waited for
            return None
        return run_worlds(made, trace, *piece, seed, sampled, stop, twins_trace)

    pieces: list[dict] = []
    done = first
    for piece, weekly in in_order(work, cut(first, replications, chunk), jobs, stop):
        pieces.append(piece)
        done += len(weekly)
        if fan is not None:
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
) -> None:  # fmt: skip
    """Feed a new fan with replications that are done already: run again, without their twins."""
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    trace, done = tracer(engine), 0

    def work(piece: tuple[int, int]) -> np.ndarray | None:
        if stop:
            return None
        first, count = piece
        mine = {path: values[first : first + count] for path, values in sampled.items()}
        weekly = _weekly(scenario, trace, first, count, seed, mine, stop)[1]
        return None if stop else weekly

    for weekly in in_order(work, cut(0, replications, chunk_size(replications, engine, jobs)), jobs, stop):
        fan.add(weekly)
        done += len(weekly)
        progress(Progress(done, replications))


def tracer(engine: str, lab: Any = None) -> Callable:
    """The engine's `trace`; in Mesa with a kind of lab, where none is `labsim.Lab`."""
    if engine == "ensemble":
        return ensemble.trace
    from labsim.engines import mesa_engine

    return partial(mesa_engine.trace, lab=lab or mesa_engine.Lab)


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


def _join(pieces: list[dict]) -> dict[str, dict[str, np.ndarray]]:
    """Several pieces as one."""
    return {
        world: {name: np.concatenate([piece[world][name] for piece in pieces]) for name in pieces[0][world]}
        for world in pieces[0]
    }


@dataclass
class Tally:
    """Summaries of a run and its twins, fed block by block."""

    run: dict[str, Summary] = field(default_factory=lambda: {name: Summary() for name in OUTCOMES})
    differences: dict[str, dict[str, Summary]] = field(default_factory=lambda: _summaries())
    levels: dict[str, dict[str, Summary]] = field(default_factory=lambda: _summaries())

    def add(self, block: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """Add the outcomes of a block of replications of all worlds."""
        for name in OUTCOMES:
            self.run[name].add(block["run"][name])
            for twin in TWINS:
                self.levels[twin][name].add(block[twin][name])
                self.differences[twin][name].add(block["run"][name] - block[twin][name])


def _summaries() -> dict[str, dict[str, Summary]]:
    return {twin: {name: Summary() for name in OUTCOMES} for twin in TWINS}


def table(block: Mapping[str, Mapping[str, np.ndarray]], first: int, sampled: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A block as a table: replication, drawn parameters, outcomes, the twins' as `all_keep.NAME`."""
    count = len(next(iter(block["run"].values())))
    columns = {"replication": np.arange(first, first + count, dtype=np.int64)}
    columns |= {path: np.asarray(values[first : first + count], float) for path, values in sampled.items()}
    columns |= {name: block["run"][name] for name in OUTCOMES}
    columns |= {f"{twin}.{name}": block[twin][name] for twin in TWINS for name in OUTCOMES}
    return pd.DataFrame(columns)


def block_of(rows: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """The block of which `table` made these rows."""
    block = {"run": {name: rows[name].to_numpy() for name in OUTCOMES}}
    return block | {twin: {name: rows[f"{twin}.{name}"].to_numpy() for name in OUTCOMES} for twin in TWINS}


def record_sample(
    scenario: Scenario, seed: int, replications: int, sampled: Mapping[str, np.ndarray], lab: Any = None,
    progress: Callable[[Progress], None] | None = None, stop: Any = None,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Weeks, events and decisions of the first replications, written down by the Mesa engine.

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
        setting = mesa_engine.sampled_scenario(scenario, sampled, r) if sampled else scenario
        record.follow(mesa_engine.Race(setting, seed, r, lab=lab, collect=False), stop)
    return record.tables()


def run(
    scenario: Scenario | str, replications: int = 200, seed: int = 0, engine: str = "ensemble",
    rules: Iterable[Any] = (), strategies: Any = (), jobs: int | None = None, sampling_method: str = "monte-carlo",
    lab: Any = None, progress: Callable[[Progress], None] | None = None, sample: int = SAMPLE,
) -> Results:  # fmt: skip
    """Run a scenario and its twins; everything stays in memory.

    `scenario` a Scenario, a shipped name or a file; `engine` ensemble or mesa (a rule or strategy that
    cannot be compiled runs in Mesa, with a warning; so does a `lab` of your own). `rules`: instances of
    governance rules of your own, in force as their `start` says. `strategies`: functions to register,
    or {lab name: function} to give to labs. `sample`: first replications whose weeks, events and
    decisions are kept. Raises ScenarioError, ValueError.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine {engine!r}: must be one of {', '.join(ENGINES)}")
    if not replications >= 1:
        raise ValueError(f"replications = {replications}: must be at least 1")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed = {seed}: must be from 0 to 2**63 - 1")
    scenario = extend(scenario, rules, strategies)
    engine = usable_engine(engine, lab)
    sampled = sampling.draw(scenario, seed, replications, sampling_method)
    tally, tables, fan, done = Tally(), [], Fan(), 0
    for block in blocks(scenario, replications, seed, engine, jobs, sampled, progress, lab=lab, fan=fan):
        tally.add(block)
        tables.append(table(block, done, sampled))
        done += len(tables[-1])
    kept = record_sample(scenario, seed, min(sample, replications), sampled, lab)
    return Results(
        scenario, seed, done, engine, tally.run, tally.differences, tally.levels, pd.concat(tables, ignore_index=True),
        kept["weeks"], kept["events"], kept["decisions"], fan.table(),
    )  # fmt: skip


def usable_engine(engine: str, lab: Any = None) -> str:
    """The engine that can run what is registered: Mesa where something cannot be compiled, with a warning."""
    if engine == "mesa" or lab is not None:
        return "mesa"
    try:
        ensemble.load_kernel()
    except ensemble.CannotCompile as error:
        warnings.warn(f"{error}: the run goes on in the Mesa engine", stacklevel=3)
        return "mesa"
    return engine
