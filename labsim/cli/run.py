"""Commands that run races: run, compare, replay, race."""

import math
from pathlib import Path
from typing import Annotated

import typer

from labsim.cli.options import (
    FAILED,
    INTERRUPTED,
    Engine,
    Jobs,
    Json,
    Name,
    Quiet,
    Replications,
    Seed,
    Set,
    UsageFault,
    With,
    changes_of,
    check_engine,
    remark_on_idle_rules,
    scenario_of,
    stoppable,
)  # fmt: skip

RACE_OPTIONS = {
    "cycle.rate_capability": "--rc",
    "cycle.rate_alignment": "--ra",
    "cycle.rate_noise": "--noise",
    "race.weeks": "--cycles",
}


def run_command(
    scenario: Name, replications: Replications = 200, seed: Seed = 0, set_: Set = None, with_: With = None,
    engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="New or empty folder (default: runs/NAME-1, ...).")] = None,
    sampling: Annotated[str, typer.Option("--sampling", help="monte-carlo, latin-hypercube or sobol.")] = "monte-carlo",
    sample: Annotated[
        int, typer.Option("--sample", min=0, max=100_000, help="Futures whose weeks, events and decisions are kept.")
    ] = 20,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Run a scenario beside its twins: the same luck with all keeping and all removing the human."""
    from labsim.cli import streaming as runs
    from labsim.runs.folder import default_path
    from labsim.scenario.sampling import METHODS
    from labsim.show import terminal

    set_ = changes_of(set_, with_)
    if sampling not in METHODS:
        raise UsageFault(f"--sampling {sampling}: must be one of {', '.join(METHODS)}")
    world = scenario_of(scenario, set_)
    folder = out if out is not None else None if json else default_path(world)
    with stoppable() as stop:
        results = runs.run_to_folder(
            world, replications, seed, check_engine(engine), jobs, sampling, folder, quiet or json, stop, sample
        )
    remark_on_idle_rules(world, set_, quiet)
    if json:
        terminal.print_json(results.as_dict())
    else:
        terminal.run_report(results, folder, scenario, set_ or [])
    if stop:
        if not quiet:
            terminal.tell(f"Interrupted: {results.replications} of {replications} replications are done and kept.")
        raise typer.Exit(INTERRUPTED)


def compare(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="A B [C ...]", help="With changes: NAME:cycle.review=3,harm.after=2")
    ],
    replications: Replications = 200, seed: Seed = 0, set_: Set = None, with_: With = None,
    engine: Engine = "ensemble", jobs: Jobs = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the differences to this PNG or SVG file.")] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Scenarios side by side under the same luck: differences from the first, with intervals."""
    from labsim.runs import comparison
    from labsim.show import plots, printouts, terminal

    set_ = changes_of(set_, with_)
    plots.check_path(plot)
    if len(scenarios) < 2:
        raise UsageFault("compare: needs at least two scenarios")
    worlds = {}
    for text in scenarios:
        name, _, changes = text.partition(":") if not Path(text).exists() else (text, "", "")
        world = scenario_of(name, [*(set_ or []), *(c for c in changes.split(",") if c)])
        if text in worlds:
            raise UsageFault(f"compare: '{text}' is named twice")
        worlds[text] = world
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task(f"{len(worlds)} scenarios", total=replications * len(worlds), rate="")
        found = comparison.compare(
            worlds, replications, seed, check_engine(engine), jobs, lambda p: bar.update(task, completed=p.done), stop
        )
    if plot is not None:
        plots.draw_comparison(found, plot)
    terminal.print_json(found.as_dict()) if json else printouts.comparison_report(found, plot)


def replay(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    replication: Annotated[int, typer.Option("--replication", min=0, help="Which future.")] = 0,
    json: Json = False,
) -> None:
    """One future of a run again, in the Mesa engine, with the same bits: told as a story."""
    from labsim.runs.replay import replay as run_again
    from labsim.show import printouts, terminal

    found = run_again(run, replication)
    terminal.print_json(found.as_dict()) if json else printouts.replay_report(found)
    if found.differs:
        raise typer.Exit(FAILED)


def race(
    rc: Annotated[float, typer.Option("--rc", help="Capability factor a cycle.")] = 1.15,
    ra: Annotated[float, typer.Option("--ra", help="Alignment factor a cycle.")] = 1.08,
    threshold: Annotated[float, typer.Option("--threshold", help="Gap C - A to watch for.")] = 2.0,
    cycles: Annotated[int, typer.Option("--cycles", min=1, max=100_000, help="Cycles to run.")] = 20,
    noise: Annotated[float, typer.Option("--noise", help="Standard deviation of both factors.")] = 0.0,
    replications: Replications = 1, seed: Seed = 0, json: Json = False,
) -> None:  # fmt: skip
    """The two-process race: in which cycle does capability outrun alignment?"""
    from labsim.checks.two_process import race as run_race
    from labsim.scenario.scenario import ScenarioError
    from labsim.show import printouts, terminal

    if not math.isfinite(threshold):
        raise UsageFault(f"--threshold {threshold}: must be a number")
    try:
        result = run_race(rc, ra, threshold, cycles, noise, replications, seed)
    except ScenarioError as error:
        text = str(error)
        for path, option in RACE_OPTIONS.items():
            text = text.replace(f"{path} =", f"{option} =")
        raise UsageFault(text) from None
    if json:
        terminal.print_json(result)
    else:
        printouts.race_report(result)
