"""A run as the command line makes it: streamed to a folder, with progress, stoppable."""

import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsim.engines import ensemble
from labsim.runs.experiment import (
    BLOCK,
    SAMPLE,
    Progress,
    Tally,
    block_of,
    blocks,
    record_sample,
    refill,
    table,
    usable_engine,
)
from labsim.runs.fan import Fan
from labsim.runs.folder import design_of, failed_in, failures_of, is_complete, read, results_of, tidy
from labsim.runs.results import Design, RunSummary, failed_rows, joined, race_call
from labsim.scenario import sampling
from labsim.scenario.scenario import Scenario
from labsim.show import terminal

if TYPE_CHECKING:
    from labsim.runs.writer import RunFolder


def run_to_folder(
    scenario: Scenario, replications: int, seed: int, engine: str, jobs: int | None, method: str, folder: Path | None,
    quiet: bool, stop: ensemble.Stop, sample: int = SAMPLE, more: Mapping[str, Any] | None = None,
    worlds: int | None = None, written: str = "scenario",
) -> RunSummary:  # fmt: skip
    """Run, write each block of replications as it is done, report progress; memory does not grow.

    `worlds` as in `sampling.draw`; `written` is the scenario in Python, for the call that has a replication which
    failed again where there is no folder to replay it from. `more` is what the manifest says besides (see
    `RunFolder.begin`). When `stop` is set, what is done is kept and returned. Raises ScenarioError where
    the folder cannot be written or so many worlds cannot be drawn, HalfWritten where the folder no longer can be.
    """
    sampling.check_worlds(scenario, replications, worlds)
    engine, writer = usable_engine(engine, scenarios=[scenario]), None
    if folder is not None:
        from labsim.runs.writer import RunFolder  # late: it brings Arrow, which a run without a folder does not need

        asked = {"command": "", "input": scenario.name, "input_hash": None, "sample": sample, "csv": False,
                 "worlds": worlds}  # fmt: skip
        writer = RunFolder.begin(folder, scenario, seed, replications, engine, method, asked | dict(more or {}))
    design = Design(replications, method, worlds)
    return _run(scenario, design, seed, engine, jobs, writer, quiet, stop, sample, written)


def resume(folder: Path, jobs: int | None, quiet: bool, stop: ensemble.Stop) -> RunSummary:
    """Go on with a run that did not come to its end, to the same bytes as if it had not been interrupted.

    Of a complete one, what it found.

    Raises ScenarioError if there is none, it was altered, or another version of the model made it.
    """
    from labsim.runs.writer import RunFolder  # late: see run_to_folder

    writer = RunFolder.resume(folder)
    m = writer.manifest
    if is_complete(m):
        with writer:
            tidy(folder)
        return results_of(folder, *read(folder))
    return _run(
        writer.scenario, design_of(m), m["seed"], m["engine"], jobs, writer, quiet, stop, m["sample"]
    )  # fmt: skip


def _run(
    scenario: Scenario, design: Design, seed: int, engine: str, jobs: int | None,
    writer: "RunFolder | None", quiet: bool, stop: ensemble.Stop, sample: int, written: str = "scenario",
) -> RunSummary:  # fmt: skip
    """Run from where the folder is to the end."""
    replications, worlds = design.replications, design.worlds
    with ExitStack() as stack:
        if writer is not None:
            stack.enter_context(writer)
        sampled = sampling.draw(scenario, seed, replications, design.sampling, worlds)
        tally, fan, kept_rows = Tally.of(scenario, design), Fan(), 0
        bar = stack.enter_context(terminal.progress_bar(quiet))
        if engine == "ensemble":
            task = bar.add_task("compiling rules, if any are new", total=None, rate="")
            ensemble.prepare(scenario, sampled)
            bar.remove_task(task)
        done = writer.tried if writer is not None else 0
        failures = failures_of(writer.manifest) if writer is not None else []
        stored = list(range(0, done, BLOCK))
        short = None
        for first, rows in zip(stored, writer.stored() if writer is not None else (), strict=True):
            kept_rows += len(rows)
            if first + BLOCK <= done:
                tally.add(block_of(rows))
            else:
                short = rows  # what a stopped run had of its last block
        if done:
            task = bar.add_task(f"reading up on {done} futures", total=done, rate="")
            step = lambda p: bar.update(task, completed=p.done)  # noqa: E731
            gone = {one.replication for one in failures}
            refill(fan, scenario, done, seed, engine, jobs, sampled, step, stop, gone, worlds)
        task = bar.add_task(f"{scenario.name} and its twins", total=replications, rate="")
        start, first = time.monotonic(), done

        def progress(p: Progress) -> None:
            rate = (p.done - first) / max(1e-9, time.monotonic() - start)
            bar.update(task, completed=p.done, rate=f"{rate:,.0f} runs/s")

        every = blocks(
            scenario, replications, seed, engine, jobs, sampled, progress, stop, fan=fan, first=first, worlds=worlds
        )
        for block in every:
            done, kept_rows = done + block.tried, kept_rows + len(block.replications)
            failures = failures + block.failed
            if writer is None:
                tally.add(block)
                continue
            rows = table(block, sampled, worlds)
            if short is not None:
                rows, short = joined([short, rows]), None
            tally.add(block_of(rows))
            writer.add_runs(rows, block.failed)
        if short is not None:
            tally.add(block_of(short))
        if writer is not None and not stop:
            from labsim.show.describe import dictionary  # late: it reads the whole model

            count = min(sample, done)
            task = bar.add_task(f"writing down {count} futures", total=count, rate="")
            step = lambda p: bar.update(task, completed=p.done)  # noqa: E731
            with suppress(KeyboardInterrupt):  # stopped meanwhile: all runs are kept, the rest can be made again
                gone = {one.replication for one in failures}
                kept = record_sample(scenario, seed, count, sampled, None, step, stop, gone, worlds)
                writer.finish(kept | {"fan": fan.table()}, dictionary())
    if writer is None:
        failed = failed_rows(failures, partial(race_call, written, seed, sampled, worlds))
    else:
        failed = failed_in(writer.path, writer.manifest)
    return RunSummary(
        scenario, seed, kept_rows, engine, tally.run, tally.differences, tally.levels, failed,
        tally.over_worlds(), design,
    )  # fmt: skip

