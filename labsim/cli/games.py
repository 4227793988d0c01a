"""Commands about choices: tournament, game, map, tip, why."""

import time
from pathlib import Path
from typing import Annotated

import typer

from labsim.cli.options import (
    Engine,
    Focal,
    Jobs,
    Json,
    Name,
    Quiet,
    Seed,
    Set,
    UsageFault,
    With,
    changes_of,
    check_engine,
    check_focal,
    command_words,
    end_if_left_out,
    remark_if_unfinished,
    scenario_of,
    stoppable,
)


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
    seed: Seed = 0, set_: Set = None, with_: With = None, engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write or replace a page of all tables, .md.")] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Every strategy against every other, and all in one mixed field, under the same luck.

    In a pairing the scenario's first lab plays one strategy, all other labs play another. In the mixed
    field every lab draws its strategy at random.
    """
    from labsim.games import tournament, tournament_report
    from labsim.show import pages, terminal

    set_ = changes_of(set_, with_)
    world = scenario_of(scenario, set_)
    names = None if strategies is None else [name.strip() for name in strategies.split(",") if name.strip()]
    pages.check_path(out)
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("pairings, then mixed fields", total=None, rate="")
        results = tournament.tournament(
            world, names, replications, seed, check_engine(engine), jobs,
            lambda p: bar.update(task, completed=p.done, total=p.total), stop,
        )  # fmt: skip
    if out is not None:
        tournament_report.write_page(results, out, scenario, set_ or [])
    if json:
        terminal.print_json(results.as_dict())
    else:
        tournament_report.tournament_report(results, out)


def game_command(
    scenario: Name, focal: Focal = None,
    replications: Annotated[
        int, typer.Option("--replications", min=1, max=100_000, help="Races of each set of labs that remove.")
    ] = 200,
    seed: Seed = 0, set_: Set = None, with_: With = None, engine: Engine = "ensemble", jobs: Jobs = None,
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
    from labsim.games import game_report
    from labsim.games.game import game
    from labsim.games.plot import draw_schelling
    from labsim.runs.whole import write_asked
    from labsim.show import plots, terminal

    set_ = changes_of(set_, with_)
    plots.check_path(plot)
    world = scenario_of(scenario, set_)
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("sets of labs that remove, first moves, reviews", total=None, rate="")
        solution = game(
            world, 0 if focal is None else focal, replications, seed, check_engine(engine), jobs, population, mutation,
            lambda p: bar.update(task, completed=p.done, total=p.total), stop,
        )  # fmt: skip
    if plot is not None:
        options = {"--focal": focal, "--replications": replications, "--seed": seed}
        words = command_words("game", scenario, set_, options)
        write_asked("--plot", plot, lambda part: draw_schelling(solution, part, words))
    terminal.print_json(solution.as_dict()) if json else game_report.game_report(solution, plot)


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
    seed: Seed = 0, set_: Set = None, with_: With = None, engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write or replace the cells, .csv or .parquet.")] = None,
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
    from labsim.maps import plot as map_plot
    from labsim.maps import report as map_report
    from labsim.maps.axes import parse_axis
    from labsim.maps.regime_map import LABEL, regime_map
    from labsim.runs.whole import after, write_asked
    from labsim.show import plots, terminal

    set_ = changes_of(set_, with_)
    plots.check_path(plot)
    check_focal(focal, of == LABEL, f"--of {of}")
    map_report.check_data_path(out)
    world, axes = scenario_of(scenario, set_), (parse_axis(x, "--x"), parse_axis(y, "--y"))
    start = time.monotonic()
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("races", total=None, rate="")
        regimes = regime_map(
            world, *axes, of, 0 if focal is None else focal, replications, seed, check_engine(engine), jobs, stop,
            lambda races: bar.update(task, completed=races, rate=f"{races:,} races"),
        )  # fmt: skip
        seconds = time.monotonic() - start
        if out is not None:
            map_report.write_data(regimes, out)
        if plot is not None:
            options = {"--x": x, "--y": y, "--of": None if of == LABEL else of}
            options |= {"--focal": focal, "--replications": replications}
            words = command_words("map", scenario, set_, options | {"--seed": seed})
            with after(out):
                write_asked("--plot", plot, lambda part: map_plot.draw_map(regimes, part, words))
    files = [path for path in (out, plot) if path is not None]
    terminal.print_json(regimes.as_dict()) if json else map_report.map_report(regimes, seconds, files)
    end_if_left_out(regimes.left_out)


def tip_command(
    scenario: Name,
    lever: Annotated[str, typer.Option("--lever", metavar="PATH", help="The parameter that is moved.")],
    until: Annotated[
        str,
        typer.Option(
            "--until",
            metavar="CONDITION",
            help="keep (keeping pays while all others keep), a label such as 'stag hunt', or OUTCOME<VALUE or "
            "OUTCOME>VALUE in quotes, such as 'catastrophe<0.1' or 'race_weeks>60' (outcomes: labsim describe data).",
        ),
    ] = "keep",
    low: Annotated[float | None, typer.Option("--low", help="From here (default: its lowest value).")] = None,
    high: Annotated[
        float | None, typer.Option("--high", help="Up to here (default: its highest value; for a date the race's end).")
    ] = None,
    focal: Focal = None,
    tolerance: Annotated[
        float | None, typer.Option("--tolerance", help="How closely (default: half a per cent of the value).")
    ] = None,
    replications: Annotated[
        int, typer.Option("--replications", min=2, max=1_000_000, help="Races of each kind at each value.")
    ] = 2048,
    seed: Seed = 0, set_: Set = None, with_: With = None, engine: Engine = "ensemble", jobs: Jobs = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """The smallest value of a lever at which keeping pays, the game changes, or an outcome is low enough.

    The range is scanned, then every change is narrowed by bisection, under the same luck. The interval reaches
    from the nearest value at which the condition certainly does not hold to the nearest at which it certainly
    does (2 standard errors). A lever of a rule that is not in force puts it in force from week 0. If nothing in
    the range does it, the answer is none, and the exit code 0.
    """
    from labsim.maps import report as map_report
    from labsim.maps.tipping import SIGNS, tip
    from labsim.show import terminal

    set_ = changes_of(set_, with_)
    check_focal(focal, until in SIGNS, f"--until {until}")
    world = scenario_of(scenario, set_)
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("values looked at", total=None, rate="")
        tipping = tip(
            world, lever, until, low, high, 0 if focal is None else focal, replications, seed, tolerance,
            check_engine(engine), jobs, stop, lambda tried: bar.update(task, completed=tried, rate=str(tried)),
        )  # fmt: skip
    terminal.print_json(tipping.as_dict()) if json else map_report.tip_report(tipping)
    end_if_left_out(tipping.left_out)


def why_command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a shipped scenario or a TOML file.")],
    replication: Annotated[
        int, typer.Option("--replication", min=0, max=100_000_000, help="Which future.")
    ] = 0,
    lab: Annotated[
        str | None, typer.Option("--lab", metavar="NAME", help="Whose decision (default: who closed first).")
    ] = None,
    week: Annotated[
        int | None, typer.Option("--week", min=0, help="Which decision (default: the one that removed the human).")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All decisions of the lab, a line each.")] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**62, help="The luck of a scenario (default 0).")
    ] = None,
    set_: Set = None, with_: With = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the terms to this PNG or SVG file.")] = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Why a lab removed or kept the human: every term it weighed, what it believed, what would have turned it."""
    from labsim.reasons import plot as reasons_plot
    from labsim.reasons import reasons
    from labsim.reasons import report as reasons_report
    from labsim.runs.whole import write_asked
    from labsim.show import plots, terminal

    set_ = changes_of(set_, with_)
    plots.check_path(plot)
    stored = reasons.is_stored(run)
    if stored and (seed is not None or set_):
        raise UsageFault(f"why {run}: a run has its own seed and parameters; --seed and --set go with a scenario")
    if everything and (week is not None or plot is not None):
        raise UsageFault("--all: lists every decision, so neither --week nor --plot goes with it")
    race_ = reasons.race_of(Path(run) if stored else scenario_of(run, set_), replication, seed or 0)
    if stored:
        remark_if_unfinished(Path(run))
    if everything:
        with terminal.progress_bar(json) as bar:
            task = bar.add_task("decisions made again", total=None, rate="")
            result = reasons.explain_all(race_, lab, lambda done, total: bar.update(task, completed=done, total=total))
        terminal.print_json([d.as_dict() for d in result]) if json else reasons_report.all_report(result)
        return
    decision = reasons.explain(race_, reasons.taken(race_, *reasons.which(race_, lab, week)))
    if plot is not None:
        write_asked("--plot", plot, lambda part: reasons_plot.draw_decision(decision, part))
    terminal.print_json(decision.as_dict()) if json else reasons_report.why_report(decision, plot)
