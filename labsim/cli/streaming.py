"""A run as the command line makes it: streamed to a folder, with progress, stoppable."""

import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from labsim.engines import ensemble
from labsim.runs.experiment import SAMPLE, Progress, Results, Tally, blocks, record_sample, table, usable_engine
from labsim.runs.fan import Fan
from labsim.runs.folder import RunFolder
from labsim.scenario import sampling
from labsim.scenario.scenario import Scenario
from labsim.show import terminal

FIRST_LOOK = 24  # Mesa replications shown while the fast engine compiles


def run_to_folder(
    scenario: Scenario, replications: int, seed: int, engine: str, jobs: int | None, method: str, folder: Path | None,
    quiet: bool, stop: ensemble.Stop, sample: int = SAMPLE,
) -> Results:  # fmt: skip
    """Run, write each block of replications as it is done, report progress; memory does not grow.

    When `stop` is set, what is done is kept and returned.
    """
    engine = usable_engine(engine)
    with ExitStack() as stack:
        writer = None
        if folder is not None:
            writer = stack.enter_context(RunFolder(folder, scenario, seed, replications, engine, method))
        if engine == "ensemble" and not ensemble.is_warm():
            _compile(scenario, seed, quiet, stop)
        sampled = sampling.draw(scenario, seed, replications, method)
        tally, fan, done = Tally(), Fan(), 0
        bar = stack.enter_context(terminal.progress_bar(quiet))
        task = bar.add_task(f"{scenario.name} and its twins", total=replications, rate="")
        start = time.monotonic()

        def progress(p: Progress) -> None:
            rate = p.done / max(1e-9, time.monotonic() - start)
            bar.update(task, completed=p.done, rate=f"{rate:,.0f} runs/s")

        for block in blocks(scenario, replications, seed, engine, jobs, sampled, progress, stop, fan=fan):
            tally.add(block)
            if writer is not None:
                writer.add_runs(table(block, done, sampled))
            done += len(next(iter(block["run"].values())))
        if writer is not None:
            count = min(sample, done)
            task = bar.add_task(f"writing down {count} futures", total=count, rate="")
            kept = record_sample(scenario, seed, count, sampled, progress=lambda p: bar.update(task, completed=p.done))
            writer.add_tables(kept | {"fan": fan.table()})
    return Results(scenario, seed, done, engine, tally.run, tally.differences, tally.levels, pd.DataFrame())


def _compile(scenario: Scenario, seed: int, quiet: bool, stop: ensemble.Stop) -> None:
    """Compile the kernel in the background; meanwhile show a first result from the Mesa engine."""
    failure: list[Exception] = []
    done = ensemble.Stop.new()

    def work() -> None:
        try:
            ensemble.warm()
        except Exception as error:
            failure.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work, name="labsim-compile", daemon=True)
    thread.start()
    if not quiet:
        terminal.tell(
            f"The fast engine compiles, once for this version (10 to 30 s). Meanwhile {FIRST_LOOK} races in Mesa:"
        )
        look = Tally()
        for block in blocks(scenario, FIRST_LOOK, seed, "mesa", 1, stop=done):
            look.add(block)
        if look.run["catastrophe"].n:
            terminal.tell(f"First look: {terminal.answer(look.run, look.differences, len(scenario.all_labs))}")
    while thread.is_alive() and not stop:
        thread.join(0.1)
    if failure:
        raise failure[0]
