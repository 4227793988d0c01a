"""Commands that run the calibrations behind the defaults again."""

from pathlib import Path
from typing import Annotated

import typer

from labsim.cli.options import (
    Json,
    Replications,
    Seed,
    Set,
    scenario_of,
)


def calibrate_cycle(set_: Set = None, json: Json = False) -> None:
    """Growth of capability and alignment a cycle, with and without the human, out of measurement alone."""
    from labsim.checks import calibrate
    from labsim.show import printouts, terminal

    result = calibrate.cycle(scenario_of("five-calculators", set_))
    terminal.print_json(result) if json else printouts.cycle_report(result)


def calibrate_frontier(set_: Set = None, replications: Replications = 3000, seed: Seed = 0, json: Json = False) -> None:
    """The frontier of the race in which all keep the human, against METR's time horizons."""
    from labsim.checks import calibrate
    from labsim.show import printouts, terminal

    result = calibrate.frontier(scenario_of("five-calculators", set_), replications=replications, seed=seed)
    terminal.print_json(result) if json else printouts.frontier_report(result)


def calibrate_horizons(
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the fits to this PNG or SVG file.")] = None,
    json: Json = False,
) -> None:
    """METR's time horizons: doubling times by period, and the hours of C = 1."""
    from labsim.checks import calibrate
    from labsim.runs.whole import write_asked
    from labsim.show import plots, printouts, terminal

    plots.check_path(plot)
    result = calibrate.horizons()
    if plot is not None:
        write_asked("--plot", plot, calibrate.draw_horizons)
    terminal.print_json(result) if json else printouts.horizons_report(result, plot)
