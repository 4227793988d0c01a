"""The command line: thin. Every command that prints results takes --json."""

import contextlib
import math
import re
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from labsim import __version__

app = typer.Typer(
    help="labsim: who removes the human from the loop, and why?\n\n"
    "A model for reasoning about incentives. Not a forecast.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
calibrate_app = typer.Typer(help="Re-run the calibrations behind the defaults.", no_args_is_help=True)
app.add_typer(calibrate_app, name="calibrate")

OK, FAILED, INVALID, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout, nothing else.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**62, help="The luck: same seed, same result.")]
Replications = Annotated[int, typer.Option("--replications", min=1, max=100_000_000, help="Races to run.")]
Name = Annotated[str, typer.Argument(help="A shipped scenario (see `labsim list`) or a TOML file.", metavar="SCENARIO")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a parameter; with=NAME puts a policy or commitment in force. May be repeated.",
    ),
]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, max=1024, help="Threads (default: all cores).")]
Engine = Annotated[str, typer.Option("--engine", help="ensemble (compiled, many at once) or mesa (plain Python).")]
Focal = Annotated[str | None, typer.Option("--focal", metavar="LAB", help="Whose game it is (default: the first lab).")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, no remarks.")]


RACE_OPTIONS = {
    "cycle.rate_capability": "--rc",
    "cycle.rate_alignment": "--ra",
    "cycle.rate_noise": "--noise",
    "race.weeks": "--cycles",
}


class UsageFault(ValueError):
    """A mistake of the user on the command line: one line, exit 2."""


def scenario_of(name: str, changes: list[str] | None) -> Any:
    """The scenario named, with the changes of --set. Raises ScenarioError, UsageFault."""
    from labsim.presets import SCENARIO_KEY, with_presets
    from labsim.scenario import check_dates
    from labsim.scenario_files import load

    world = load(name)
    for path, value in map(_change, changes or []):
        world = world.with_(with_presets([value]) if path == SCENARIO_KEY else {path: value})
    return check_dates(world)


def _change(text: str) -> tuple[str, Any]:
    """PATH=VALUE: the value as TOML, else as a text."""
    import tomllib

    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise UsageFault(f"--set {text}: must be PATH=VALUE, such as cycle.review=3")
    try:
        return path.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return path.strip(), value.strip()


def check_engine(engine: str) -> str:
    """An engine's name, checked. Raises UsageFault."""
    from labsim.experiment import ENGINES

    if engine not in ENGINES:
        raise UsageFault(f"--engine {engine}: must be one of {', '.join(ENGINES)}")
    return engine


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


@app.command("run")
def run_command(
    scenario: Name, replications: Replications = 200, seed: Seed = 0, set_: Set = None, engine: Engine = "ensemble",
    jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the files (default: runs/NAME-1, ...).")] = None,
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

    if sampling not in METHODS:
        raise UsageFault(f"--sampling {sampling}: must be one of {', '.join(METHODS)}")
    world = scenario_of(scenario, set_)
    folder = out if out is not None else None if json else default_path(world)
    with stoppable() as stop:
        results = runs.run_to_folder(
            world, replications, seed, check_engine(engine), jobs, sampling, folder, quiet or json, stop, sample
        )
    if json:
        terminal.print_json(results.as_dict())
    else:
        terminal.run_report(results, folder, scenario, set_ or [])
    if stop:
        if not quiet:
            terminal.tell(f"Interrupted: {results.replications} of {replications} replications are done and kept.")
        raise typer.Exit(INTERRUPTED)


@app.command()
def compare(
    scenarios: Annotated[
        list[str], typer.Argument(metavar="A B [C ...]", help="With changes: NAME:cycle.review=3,harm.after=2")
    ],
    replications: Replications = 200, seed: Seed = 0, set_: Set = None, engine: Engine = "ensemble", jobs: Jobs = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the differences to this PNG or SVG file.")] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Scenarios side by side under the same luck: differences from the first, with intervals."""
    from labsim import comparison, plots, printouts, terminal

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
    with stoppable() as stop, terminal.progress_bar(quiet or json) as bar:
        task = bar.add_task(f"{len(worlds)} scenarios", total=replications * len(worlds), rate="")
        found = comparison.compare(
            worlds, replications, seed, check_engine(engine), jobs, lambda p: bar.update(task, completed=p.done), stop
        )
    if plot is not None:
        plots.draw_comparison(found, plot)
    terminal.print_json(found.as_dict()) if json else printouts.comparison_report(found, plot)


@app.command("tournament")
def tournament_command(
    scenario: Name = "hassabis-baseline",
    strategies: Annotated[
        str | None,
        typer.Option(
            "--strategies", metavar="A,B,...",
            help="Who takes part. Default: all but scripted and player, which do what a parameter says.",
        ),
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", min=1, max=1_000_000, help="Races of each pairing.")
    ] = 200,
    seed: Seed = 0, set_: Set = None, engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write a page of all tables to this .md file.")] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Every strategy against every other, and all in one mixed field, under the same luck.

    In a pairing the scenario's first lab plays one strategy, all other labs play another. In the mixed
    field every lab draws its strategy at random.
    """
    from labsim import terminal, tournament, tournament_report

    world = scenario_of(scenario, set_)
    names = None if strategies is None else [name.strip() for name in strategies.split(",") if name.strip()]
    tournament_report.check_path(out)
    with stoppable() as stop, terminal.progress_bar(quiet or json) as bar:
        task = bar.add_task("pairings, then mixed fields", total=None, rate="")
        found = tournament.tournament(
            world, names, replications, seed, check_engine(engine), jobs,
            lambda p: bar.update(task, completed=p.done, total=p.total), stop,
        )  # fmt: skip
    if out is not None:
        tournament_report.write_page(found, out, scenario, set_ or [])
    if json:
        terminal.print_json(found.as_dict())
    else:
        tournament_report.tournament_report(found, out)


@app.command("game")
def game_command(
    scenario: Name, focal: Focal = None,
    replications: Annotated[
        int, typer.Option("--replications", min=1, max=100_000, help="Races of each set of labs that remove.")
    ] = 200,
    seed: Seed = 0, set_: Set = None, engine: Engine = "ensemble", jobs: Jobs = None,
    population: Annotated[
        int | None, typer.Option("--population", help="Labs that imitate each other (default: those of the race).")
    ] = None,
    mutation: Annotated[float, typer.Option("--mutation", help="Chance that an imitator does the other thing.")] = 0.01,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the Schelling diagram, PNG or SVG.")] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """The closure game: what removing the human pays a lab, depending on how many others have; what game that is.

    The same luck in every cell. A game that is within two standard errors of another one is too close to call.
    """
    from labsim import game_report, plots, terminal
    from labsim.game import game

    plots.check_path(plot)
    world = scenario_of(scenario, set_)
    with stoppable() as stop, terminal.progress_bar(quiet or json) as bar:
        task = bar.add_task("sets of labs that remove, first moves, reviews", total=None, rate="")
        found = game(
            world, 0 if focal is None else focal, replications, seed, check_engine(engine), jobs, population, mutation,
            lambda p: bar.update(task, completed=p.done, total=p.total), stop,
        )  # fmt: skip
    if plot is not None:
        options = {"--focal": focal, "--replications": replications, "--seed": seed}
        plots.draw_schelling(found, plot, command_words("game", scenario, set_, options))
    terminal.print_json(found.as_dict()) if json else game_report.game_report(found, plot)


@app.command("map")
def map_command(
    scenario: Name,
    x: Annotated[str, typer.Option("--x", metavar="PATH=LOW:HIGH:N[:log]", help="What goes across, N from 2 to 101.")],
    y: Annotated[str, typer.Option("--y", metavar="PATH=LOW:HIGH:N[:log]", help="What goes upwards, N from 2 to 101.")],
    of: Annotated[str, typer.Option("--of", help="label (which game it is), or any outcome of the run.")] = "label",
    focal: Focal = None,
    replications: Annotated[
        int | None,
        typer.Option(
            "--replications", min=1, max=1_000_000,
            help="Races of a cell: at most for a label (default 1024), exactly for an outcome (256).",
        ),
    ] = None,
    seed: Seed = 0, set_: Set = None, engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write a row for each cell, .csv or .parquet.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the map to this PNG or SVG file.")] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Which game the labs are in, or an outcome, over two parameters: a map of up to 10,201 cells.

    All cells have the same luck. For a label, each starts with 64 replications; where a sign is in doubt they
    are doubled, up to --replications. This looks more than once, so a sign counts only beyond 3 standard
    errors before the last look and beyond 2 at the last: where a difference is truly nothing, a sign is called
    in at most about 6 of 100 cells (3 of 100 with the wrong one), elsewhere hardly ever wrongly. Cells still
    in doubt are hatched. Values of whole numbers are rounded, and must then still differ. A lever of a rule that
    is not in force puts it in force from week 0.
    """
    from labsim import map_plot, map_report, plots, terminal
    from labsim.axes import parse_axis
    from labsim.regime_map import regime_map

    plots.check_path(plot)
    map_report.check_data_path(out)
    world, axes = scenario_of(scenario, set_), (parse_axis(x, "--x"), parse_axis(y, "--y"))
    start = time.monotonic()
    with stoppable() as stop, terminal.progress_bar(quiet or json) as bar:
        task = bar.add_task("races", total=None, rate="")
        found = regime_map(
            world, *axes, of, 0 if focal is None else focal, replications, seed, check_engine(engine), jobs, stop,
            lambda races: bar.update(task, completed=races, rate=f"{races:,} races"),
        )  # fmt: skip
        seconds = time.monotonic() - start
        if out is not None:
            map_report.write_data(found, out)
        if plot is not None:
            options = {"--x": x, "--y": y, "--of": None if of == "label" else of}
            options |= {"--focal": focal, "--replications": replications}
            words = command_words("map", scenario, set_, options | {"--seed": seed})
            map_report.write_whole(plot, "--plot", lambda part: map_plot.draw_map(found, part, words))
    files = [path for path in (out, plot) if path is not None]
    terminal.print_json(found.as_dict()) if json else map_report.map_report(found, seconds, files)


@app.command("tip")
def tip_command(
    scenario: Name,
    lever: Annotated[str, typer.Option("--lever", metavar="PATH", help="The parameter that is moved.")],
    until: Annotated[
        str,
        typer.Option(
            "--until",
            help="keep (keeping pays while all others keep), a label such as 'stag hunt', or OUTCOME<VALUE.",
        ),
    ] = "keep",
    low: Annotated[float | None, typer.Option("--low", help="From here (default: its lowest value).")] = None,
    high: Annotated[float | None, typer.Option("--high", help="Up to here (default: its highest value).")] = None,
    focal: Focal = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="How closely (default: half a per cent of the value).")
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", min=2, max=1_000_000, help="Races of each kind at each value.")
    ] = 2048,
    seed: Seed = 0, set_: Set = None, engine: Engine = "ensemble", jobs: Jobs = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """The smallest value of a lever at which keeping pays, the game changes, or an outcome is low enough.

    The range is scanned, then every change is narrowed by bisection, under the same luck. The interval reaches
    from the nearest value at which the condition certainly does not hold to the nearest at which it certainly
    does (2 standard errors). A lever of a rule that is not in force puts it in force from week 0. If nothing in
    the range does it, the answer is none, and the exit code 0.
    """
    from labsim import map_report, terminal
    from labsim.tipping import tip

    world = scenario_of(scenario, set_)
    with stoppable() as stop, terminal.progress_bar(quiet or json) as bar:
        task = bar.add_task("values looked at", total=None, rate="")
        found = tip(
            world, lever, until, low, high, 0 if focal is None else focal, replications, seed, tolerance,
            check_engine(engine), jobs, stop, lambda tried: bar.update(task, completed=tried, rate=str(tried)),
        )  # fmt: skip
    terminal.print_json(found.as_dict()) if json else map_report.tip_report(found)


def command_words(command: str, scenario: str, changes: list[str] | None, options: dict[str, Any]) -> str:
    """A command as it could be typed again; options that were not given are left out."""
    import shlex

    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    sets = [word for change in changes or [] for word in ("--set", change)]
    return shlex.join(["labsim", command, scenario, *sets, *given])


@app.command()
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


@contextlib.contextmanager
def stoppable():
    """A stop flag that the first Ctrl-C sets; the second one ends the program."""
    from labsim.ensemble import Stop

    stop = Stop.new()

    def interrupt(number: int, frame: Any) -> None:
        if stop:
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@app.command()
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


@app.command("list")
def list_command(
    what: Annotated[
        str, typer.Argument(help="scenarios, strategies, rules, or a family of presets: beliefs, evaluators.")
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


@app.command()
def show(scenario: Name, set_: Set = None, json: Json = False) -> None:
    """A scenario in full: its question, its labs, what differs from the defaults and where numbers come from."""
    from labsim import printouts, terminal

    world = scenario_of(scenario, set_)
    if json:
        terminal.print_json(printouts.scenario_as_dict(world))
    else:
        printouts.scenario_report(world)


@app.command()
def warm() -> None:
    """Compile the fast engine now, so that the first run need not wait."""
    from labsim import ensemble, terminal

    was, start = ensemble.is_warm(), time.monotonic()
    if not was:
        terminal.tell("Compiling the fast engine, once for this version (10 to 30 s) ...")
    ensemble.warm()
    terminal.say(f"The fast engine is {'ready' if was else 'compiled'} ({time.monotonic() - start:.1f} s).")


@app.command("app")
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


@app.command()
def describe(
    what: Annotated[str, typer.Argument(metavar="[model|data]", help="The model (ODD) or a run's tables.")] = "model",
    form: Annotated[str, typer.Option("--format", help="markdown or html.")] = "markdown",
    out: Annotated[Path | None, typer.Option("--out", help="Write to this file instead of stdout.")] = None,
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


@app.command()
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


@calibrate_app.command("cycle")
def calibrate_cycle(set_: Set = None, json: Json = False) -> None:
    """Growth of capability and alignment a cycle, with and without the human, out of measurement alone."""
    from labsim import calibrate, printouts, terminal

    result = calibrate.cycle(scenario_of("five-calculators", set_))
    terminal.print_json(result) if json else printouts.cycle_report(result)


@calibrate_app.command("frontier")
def calibrate_frontier(set_: Set = None, replications: Replications = 3000, seed: Seed = 0, json: Json = False) -> None:
    """The frontier of the race in which all keep the human, against METR's time horizons."""
    from labsim import calibrate, printouts, terminal

    result = calibrate.frontier(scenario_of("five-calculators", set_), replications=replications, seed=seed)
    terminal.print_json(result) if json else printouts.frontier_report(result)


@calibrate_app.command("horizons")
def calibrate_horizons(
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the fits to this PNG or SVG file.")] = None,
    json: Json = False,
) -> None:
    """METR's time horizons: doubling times by period, and the hours of C = 1."""
    from labsim import calibrate, printouts, terminal

    result = calibrate.horizons()
    if plot is not None:
        if plot.suffix not in (".png", ".svg"):
            raise UsageFault(f"--plot {plot}: must end in .png or .svg")
        try:
            calibrate.draw_horizons(plot)
        except OSError as error:
            raise UsageFault(f"--plot {plot}: cannot be written: {error.strerror}") from None
    terminal.print_json(result) if json else printouts.horizons_report(result, plot)


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
