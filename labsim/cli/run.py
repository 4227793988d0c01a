"""Commands that run races: run, compare, replay, race."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from labsim.cli.options import (
    FAILED,
    INTERRUPTED,
    SOME_FAILED,
    Engine,
    Jobs,
    Json,
    Quiet,
    Replications,
    Seed,
    Set,
    UsageFault,
    With,
    changes_of,
    check_engine,
    end_if_failed,
    is_given,
    printed,
    remark_if_unfinished,
    scenario_of,
    stoppable,
    tell_failed,
    warn,
    words_typed,
    written_in_python,
)  # fmt: skip

RACE_OPTIONS = {
    "cycle.rate_capability": "--rc",
    "cycle.rate_alignment": "--ra",
    "cycle.rate_noise": "--noise",
    "race.weeks": "--cycles",
}


def run_command(
    context: typer.Context,
    scenario: Annotated[
        str | None, typer.Argument(help="A shipped scenario (see `labsim list`) or a TOML file.", metavar="SCENARIO")
    ] = None,
    replications: Replications = 200, seed: Seed = 0, set_: Set = None, with_: With = None,
    engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="New or empty folder (default: runs/NAME-1, ...).")] = None,
    sampling: Annotated[str, typer.Option("--sampling", help="monte-carlo, latin-hypercube or sobol.")] = "monte-carlo",
    sample: Annotated[
        int, typer.Option("--sample", min=0, max=100_000, help="Futures whose weeks, events and decisions are kept.")
    ] = 20,
    worlds: Annotated[
        int | None,
        typer.Option(
            "--worlds", metavar="W", min=2,
            help="Where parameters are drawn: draw W worlds, each with its share of the futures, under the same luck. "
            "W must divide --replications, and each world needs two futures. (Default: every future is a world.)",
        ),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Write the folder's tables as CSV files too.")] = False,
    resume: Annotated[
        Path | None, typer.Option("--resume", metavar="RUN", help="Go on with an unfinished run folder; no SCENARIO.")
    ] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Run a scenario beside its twins: the same luck with all keeping and all removing the human.

    The folder keeps what is done, block by block. A run that was interrupted goes on with --resume.
    """
    from labsim.cli import streaming as runs
    from labsim.runs.folder import default_path, input_of
    from labsim.scenario.checked import ScenarioError
    from labsim.scenario.sampling import METHODS, check_worlds
    from labsim.show import answers, terminal

    set_ = changes_of(set_, with_)
    if resume is not None:
        values = {"replications": replications, "seed": seed, "engine": engine, "sampling": sampling, "sample": sample,
                  "csv": csv, "worlds": worlds}  # fmt: skip
        given = {name: value for name, value in values.items() if is_given(context, name)}
        _resume(resume, scenario, set_, out, given, jobs, json, quiet)
        return
    if scenario is None:
        raise UsageFault("run: SCENARIO is missing: a shipped scenario (see `labsim list`) or a TOML file")
    if sampling not in METHODS:
        raise UsageFault(f"--sampling {sampling}: must be one of {', '.join(METHODS)}")
    world = scenario_of(scenario, set_)
    folder = out if out is not None else None if json else default_path(world)
    if csv and folder is None:
        raise UsageFault("--csv: needs --out where --json is given: no other folder is written then")
    try:
        check_worlds(world, replications, worlds)
    except ScenarioError as error:
        raise UsageFault(str(error).replace("worlds =", "--worlds", 1)) from None
    more = {"command": words_typed(), **input_of(scenario), "sample": sample, "csv": csv,
            "remarks": world.remarks()}  # fmt: skip
    with stoppable() as stop:
        results = runs.run_to_folder(
            world, replications, seed, check_engine(engine), jobs, sampling, folder, quiet or json, stop, sample, more,
            worlds, written_in_python(scenario, set_),
        )  # fmt: skip
    warn(results.late())
    with printed(folder):
        terminal.print_json(results.as_dict()) if json else answers.run_report(results, folder, scenario, set_)
    _end(stop, results, replications, folder, quiet)


def _resume(
    folder: Path, scenario: str | None, changes: list[str], out: Path | None, given: dict[str, Any],
    jobs: int | None, json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Go on with the run of a folder; `given` are options typed beside, which may only say what the run is anyway."""
    from labsim.cli import streaming as runs
    from labsim.runs import folder as run_folder
    from labsim.show import answers, terminal

    manifest = run_folder.read_manifest(folder)
    own = f"--resume {folder}"
    for name, value in given.items():
        has = manifest.get("replications_asked" if name == "replications" else name)
        if value != has:
            raise UsageFault(f"{own}: goes on with its own --{name} {has}, not with {value}")
    if out is not None and out.resolve() != folder.resolve():
        raise UsageFault(f"{own}: goes on in that folder, not in --out {out}")
    if changes and scenario is None:
        raise UsageFault(f"{own}: goes on in its own world, not with --set or --with {', '.join(changes)}")
    if scenario is not None:
        world = scenario_of(scenario, changes, quiet=True)
        if run_folder.scenario_hash(world) != manifest["scenario_hash"]:
            asked = " ".join([scenario, *changes])
            raise UsageFault(f"{own}: goes on in its own world ({manifest['command']}), which is not {asked}")
    if run_folder.is_complete(manifest):
        scenario_, manifest, tables = run_folder.read(folder)
        run_folder.tidy(folder)
        text = f"{folder} is complete: {manifest['replications']} replications. There is nothing to go on with."
        (terminal.tell if json else terminal.say)(text)
        if json:
            terminal.print_json(run_folder.results_of(folder, scenario_, manifest, tables).as_dict())
        tell_failed(run_folder.failed_in(folder, manifest), run_folder.tried(manifest))
        return
    with stoppable() as stop:
        results = runs.resume(folder, jobs, quiet or json, stop)
    warn(results.late())
    typed = str(folder / run_folder.SCENARIO)
    with printed(folder):
        terminal.print_json(results.as_dict()) if json else answers.run_report(results, folder, typed, [])
    _end(stop, results, manifest["replications_asked"], folder, quiet)


def _end(stop: Any, results: Any, asked: int, folder: Path | None, quiet: bool) -> None:
    """Say what a stopped run has and how to go on, or which replications failed, and end with the exit code for it."""
    from labsim.runs.folder import resume_command, unfinished
    from labsim.show import terminal

    done = results.tried
    if not stop or not (unfinished(folder) if folder is not None else done < asked):  # or it was too late to stop
        end_if_failed(results.failures, done)
        return
    tell_failed(results.failures, done)
    if not quiet:
        kept = "" if folder is None else f" and kept; go on with: {resume_command(folder)}"
        terminal.tell(f"Interrupted: {done} of {asked} replications are done{kept}")
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
    from labsim.runs.late import late
    from labsim.runs.whole import write_asked
    from labsim.show import plots, printouts, terminal

    set_ = changes_of(set_, with_)
    plots.check_path(plot)
    if len(scenarios) < 2:
        raise UsageFault("compare: needs at least two scenarios")
    worlds, written = {}, {}
    for text in scenarios:
        name, _, changes = text.partition(":") if not Path(text).exists() else (text, "", "")
        own = [*set_, *(c for c in changes.split(",") if c)]
        world, written[text] = scenario_of(name, own, one_of_many=True), written_in_python(name, own)
        if text in worlds:
            raise UsageFault(f"compare: '{text}' is named twice")
        worlds[text] = world
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task(f"{len(worlds)} scenarios", total=replications * len(worlds), rate="")
        result = comparison.compare(
            worlds, replications, seed, check_engine(engine), jobs, lambda p: bar.update(task, completed=p.done), stop,
            written,
        )  # fmt: skip
    for text, world in worlds.items():
        warn(late(world, result.levels[text]["race_weeks"]), f"{text}: ")
    if plot is not None:
        write_asked("--plot", plot, lambda part: plots.draw_comparison(result, part))
    terminal.print_json(result.as_dict()) if json else printouts.comparison_report(result, plot)
    end_if_failed(result.failures, replications * len(worlds))


def replay(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    replication: Annotated[int, typer.Option("--replication", min=0, help="Which future.")] = 0,
    json: Json = False,
) -> None:
    """One future of a run again, in the Mesa engine, with the same bits: told as a story.

    One that failed fails again: with the exception and the line that raised it, and exit code 3.
    """
    from labsim.runs.replay import replay as run_again
    from labsim.show import printouts, terminal

    replayed = run_again(run, replication)
    remark_if_unfinished(run)
    terminal.print_json(replayed.as_dict()) if json else printouts.replay_report(replayed)
    if replayed.failed is not None:
        raise typer.Exit(SOME_FAILED)
    if replayed.differs:
        raise typer.Exit(FAILED)


def verify_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    sample: Annotated[int, typer.Option("--sample", min=0, max=1_000_000, help="Rows to run again, at random.")] = 20,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Is a run what its folder says? All files against their hashes; then random rows again, with twins, to the bit.

    Exit code 1 if a file was altered or a bit differs.
    """
    from labsim.runs.folder import tried, unfinished
    from labsim.runs.verify import verify
    from labsim.show import terminal

    with stoppable() as stop, terminal.progress_bar(quiet or json) as bar:
        task = bar.add_task("rows run again", total=None, rate="")
        result = verify(run, sample, lambda p: bar.update(task, completed=p.done, total=p.total), stop)
    if json:
        terminal.print_json(result.as_dict())
    else:
        for name, fault in result.faults.items():
            terminal.say(f"{name}: {fault}")
        for replication, columns in result.differs.items():
            terminal.say(f"Replication {replication} comes out otherwise: {', '.join(columns)}")
        if result.differs and not result.same_model:
            terminal.say("The run was made by another version of the model.")
        if result.is_same:
            again = f"{len(result.checked)} of {tried(result.manifest)} replications have the same bits again"
            terminal.say(f"{run}: {len(result.manifest['files'])} files as they were written; {again}.")
            if count := len(result.manifest.get("failed", [])):
                terminal.say(f"{count} of them failed when the run was made; those looked at fail again as they did.")
        if rest := unfinished(run):
            terminal.say(f"The run is not finished: {rest}")
    if not result.is_same:
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
    from labsim.scenario.checked import ScenarioError
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
