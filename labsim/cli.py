"""The command line: thin. Every command that prints results takes --json."""

import math
import re
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from labsim import __version__
from labsim.commands_calibrate import calibrate_cycle, calibrate_frontier, calibrate_horizons
from labsim.commands_check import check_command
from labsim.commands_dock import dock_app
from labsim.commands_games import game_command, map_command, tip_command, tournament_command, why_command
from labsim.commands_pages import coverage_command, report_command
from labsim.commands_policy import pause_spec_command, policies_command
from labsim.options import (
    Engine,
    FAILED,
    INTERRUPTED,
    INVALID,
    Jobs,
    Json,
    Name,
    OK,
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
    from labsim import runs, terminal
    from labsim.run_folder import default_path
    from labsim.sampling import METHODS

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
    from labsim import comparison, plots, printouts, terminal

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
    from labsim import printouts, terminal
    from labsim.replay import replay as run_again

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
    from labsim import printouts, terminal
    from labsim.scenario import ScenarioError
    from labsim.two_process import race as run_race

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


def list_command(
    what: Annotated[
        str,
        typer.Argument(
            help="scenarios, strategies, rules; loops, archetypes, beliefs, commitments, evaluators, policies."
        ),
    ] = "scenarios",
    json: Json = False,
) -> None:
    """The shipped scenarios and the question each one asks; or the strategies, rules, presets to choose from."""
    from labsim import printouts, terminal
    from labsim.scenario_files import load, shipped_scenarios

    if what != "scenarios":
        printouts.registry_report(what, json)
        return
    scenarios = [load(name) for name in shipped_scenarios()]
    if json:
        terminal.print_json(
            [{"name": s.name, "title": s.title, "question": s.question, "base": s.base} for s in scenarios]
        )
    else:
        printouts.list_report(scenarios)


def show(scenario: Name, set_: Set = None, with_: With = None, json: Json = False) -> None:
    """A scenario in full: its question, its labs, what differs from the defaults and where numbers come from."""
    from labsim import printouts, terminal

    set_ = changes_of(set_, with_)
    world = scenario_of(scenario, set_)
    if json:
        terminal.print_json(printouts.scenario_as_dict(world))
    else:
        printouts.scenario_report(world)


def warm() -> None:
    """Compile the fast engine now, so that the first run need not wait."""
    from labsim import ensemble, terminal

    was, start = ensemble.is_warm(), time.monotonic()
    if not was:
        terminal.tell("Compiling the fast engine, once for this version (10 to 30 s) ...")
    ensemble.warm()
    terminal.say(f"The fast engine is {'ready' if was else 'compiled'} ({time.monotonic() - start:.1f} s).")


def app_command(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on this machine; 0 picks a free one.")
    ] = 8765,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = True,
) -> None:
    """The app: play the race in the browser, served to this machine only. Ctrl-C ends it."""
    from labsim import serve

    try:
        serve.serve(port, open_browser)
    except serve.CannotServe as error:
        raise UsageFault(str(error)) from None


def describe(
    what: Annotated[str, typer.Argument(metavar="[model|data]", help="The model (ODD) or a run's tables.")] = "model",
    form: Annotated[str, typer.Option("--format", help="markdown or html.")] = "markdown",
    out: Annotated[Path | None, typer.Option("--out", help="Write or replace this file instead of printing.")] = None,
) -> None:  # fmt: skip
    """The model described by itself: the ODD protocol with every number and its source; or the data dictionary."""
    from labsim import describe as description

    pages = {"model": description.odd, "data": description.dictionary}
    if what not in pages:
        raise UsageFault(f"describe {what}: must be one of {', '.join(pages)}")
    if form not in ("markdown", "html"):
        raise UsageFault(f"--format {form}: must be one of markdown, html")
    text = pages[what]()
    text = description.html(text, f"labsim: {what}") if form == "html" else text
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageFault(f"--out {out}: cannot be written: {error.strerror}") from None


def doctor(json: Json = False) -> None:
    """Is this installation sound? Packages, scenarios, cache, engines, app."""
    from labsim import terminal
    from labsim.doctor import examine

    found = examine()
    if json:
        terminal.print_json(found)
    else:
        for line in found:
            terminal.say(f"{'ok   ' if line['ok'] else 'FAULT'}  {line['check']}: {line['says']}")
    if not all(line["ok"] for line in found):
        raise typer.Exit(FAILED)


COMMANDS = {
    "run": run_command,
    "compare": compare,
    "check": check_command,
    "why": why_command,
    "game": game_command,
    "map": map_command,
    "tip": tip_command,
    "policies": policies_command,
    "pause-spec": pause_spec_command,
    "tournament": tournament_command,
    "report": report_command,
    "replay": replay,
    "race": race,
    "list": list_command,
    "show": show,
    "describe": describe,
    "coverage": coverage_command,
    "app": app_command,
    "doctor": doctor,
    "warm": warm,
}
CALIBRATIONS = {"cycle": calibrate_cycle, "frontier": calibrate_frontier, "horizons": calibrate_horizons}

app = typer.Typer(
    help="labsim: who removes the human from the loop, and why?\n\n"
    "A model for reasoning about incentives. Not a forecast.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
calibrate_app = typer.Typer(help="Re-run the calibrations behind the defaults.", no_args_is_help=True)
for name, command in COMMANDS.items():
    app.command(name)(command)
for name, command in CALIBRATIONS.items():
    calibrate_app.command(name)(command)
app.add_typer(calibrate_app, name="calibrate")
app.add_typer(dock_app, name="dock")


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"labsim {__version__}\n")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """labsim: who removes the human from the loop, and why?"""


def main() -> None:
    """The program: exit codes 0 ok, 1 failed, 2 invalid input, 3 some runs failed, 130 interrupted."""
    try:
        code = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("labsim: interrupted\n")
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = OK
    except Exception as error:
        fault = _fault(error)
        if fault is None:
            raise
        sys.stderr.write(f"{fault}\n")
        code = INVALID
    sys.exit(code if isinstance(code, int) else OK)


def _fault(error: Exception) -> str | None:
    """The user's mistake in one line (or the help, if nothing was asked); none if the fault is ours."""
    from labsim.scenario import ScenarioError

    if hasattr(error, "format_message"):  # typer's; some versions bring their own copy of click
        text = error.format_message().strip()
        return text if text.startswith("Usage") else f"labsim: {_with_value(' '.join(text.split()))}"
    return f"labsim: {error}" if isinstance(error, (UsageFault, ScenarioError)) else None


def _with_value(text: str) -> str:
    """A message about an option, with the value that was given: "--seed -1: ..."."""
    found = re.match(r"Invalid value for '(--[\w-]+)'[^:]*: (.*)", text)
    if found and found[1] in sys.argv[:-1]:
        return f"{found[1]} {sys.argv[sys.argv.index(found[1]) + 1]}: {found[2][0].lower()}{found[2][1:]}"
    return text


if __name__ == "__main__":
    main()
