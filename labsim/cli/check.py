"""The command check: do the scenarios still say what they expect of themselves?"""

from typing import Annotated

import typer

from labsim.cli.options import FAILED, Jobs, Json, Quiet, Seed, Set, With, changes_of, scenario_of, stoppable


def check_command(
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO ...]", help="Which (default: all shipped ones).")
    ] = None,
    replications: Annotated[
        int | None,
        typer.Option("--replications", min=2, max=1_000_000, help="Races of each world (default: as they say)."),
    ] = None,
    seed: Seed = 0, set_: Set = None, with_: With = None, jobs: Jobs = None, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Does the model still say what the scenarios expect of it? Each claim with its effect and interval.

    With --set or --with: which of the claims survive in a changed world. Exit code 1 only if one failed. Claims that
    the scenario of a changed run carries are shown beside their mark and fail nothing.
    """
    from labsim.checks import expectation_check
    from labsim.checks import report as check_report
    from labsim.engines.failures import RaceFailed
    from labsim.scenario.checked import ScenarioError
    from labsim.scenario.files import shipped_scenarios
    from labsim.show import terminal

    changes, known = changes_of(set_, with_), shipped_scenarios()
    names = list(dict.fromkeys(scenarios or known))
    worlds = [scenario_of(name, changes, one_of_many=len(names) > 1) for name in names]
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("worlds", total=None, rate="")
        try:
            verdicts = expectation_check.check(
                worlds, lambda name: scenario_of(name, changes, quiet=True), known, replications, seed, jobs,
                lambda p: bar.update(task, completed=p.done, total=p.total), stop,
            )  # fmt: skip
        except ScenarioError as error:
            if not changes or isinstance(error, RaceFailed):
                raise
            raise ScenarioError(f"{error} (in the world changed by {', '.join(changes)})") from None
    counts = check_report.counted(verdicts)
    if json:
        terminal.print_json({
            "seed": seed, "replications": replications, "changes": changes, **counts,
            "standard_errors": expectation_check.ERRORS,  # from an effect's mean to its low and high
            "expectations": [c.as_dict() for c in verdicts],
        })  # fmt: skip
    else:
        silent = [world.name for world in worlds if not world.expect]
        check_report.check_report(verdicts, seed, silent, replications, changes)
    if any(c.is_failure or (changes and c.verdict == expectation_check.FAILED) for c in verdicts):
        raise typer.Exit(FAILED)
