"""Commands for people who were not there: report, coverage."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from labsim.cli.options import (
    FAILED,
    SOME_FAILED,
    Jobs,
    Json,
    Quiet,
    Set,
    UsageFault,
    With,
    changes_of,
    scenario_of,
    stoppable,
    tell_failed,
    warn,
)


def coverage_command(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Only one document: N (shared numbers), S0 to S4.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="Only modelled, partly or not-modelled.")
    ] = None,
    json: Json = False,
) -> None:  # fmt: skip
    """What the documents behind labsim say, item by item: where it is in the model, or why it is not."""
    from labsim.checks import coverage_report
    from labsim.checks.coverage import coverage
    from labsim.show import terminal

    listing = coverage(set(names_of(context.find_root().command)), source, status)
    terminal.print_json(listing.as_dict()) if json else coverage_report.coverage_report(listing)
    if listing.dangling:
        raise typer.Exit(FAILED)


def names_of(group: Any, above: str = "") -> Iterator[str]:
    """The names of all commands of a group, such as "run" and "calibrate cycle"."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from names_of(command, f"{above}{name} ")
        else:
            yield f"{above}{name}"


def report_command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a shipped scenario or a TOML file.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Write or replace this page, .html (default: NAME-report.html).")
    ] = None,
    replications: Annotated[
        int | None, typer.Option("--replications", min=2, max=1_000_000, help="Futures of a scenario (default 200).")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**62, help="The luck of a scenario (default 0).")
    ] = None,
    set_: Set = None, with_: With = None, jobs: Jobs = None, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """One page for people who were not there: question, answer, figures, assumptions, sources, how to have it again.

    A single HTML file that needs nothing else and can be printed. With --json the numbers of the page are
    printed, and the page is written only where --out says.
    """
    from labsim.reasons.reasons import is_stored
    from labsim.reports import page as report_page
    from labsim.reports import report
    from labsim.show import pages, terminal, words

    stored, set_ = is_stored(run), changes_of(set_, with_)
    if stored and (seed is not None or replications is not None or set_):
        raise UsageFault(
            f"report {run}: a run has its own seed, replications and parameters; --seed, --replications, --set and "
            "--with go with a scenario"
        )
    world = None if stored else scenario_of(run, set_)
    name = Path(run).resolve().name if stored else world.name
    page = out if out is not None or json else Path(f"{name}-report.html")
    pages.check_path(page, ".html")
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total, rate="")
            bar.update(tasks[what], completed=done, total=total)

        if stored:
            shown = report.report_of_run(Path(run), jobs, stop, tell)
        else:
            shown = report.report_of(world, run, tuple(set_), replications or 200, seed or 0, jobs, stop, tell)
    warn([*(shown.provenance.get("remarks", []) if stored else []), *shown.results.late()])
    if page is not None:
        report_page.write(shown, page)
    if json:
        terminal.print_json(shown.as_dict())
        _end(shown)
        return
    for text in report_page.answer_in_two(shown):
        terminal.paragraph(text)
    terminal.say(f"{words.NOT_A_FORECAST}\nWritten: {page}")
    _end(shown)


def _end(shown: Any) -> None:
    """End with exit code 1 if the model fails a claim of the very world that is shown; 3 if races of it failed now."""
    tell_failed(shown.results.failures, shown.results.tried)
    if any(c.is_failure for c in shown.checked):
        raise typer.Exit(FAILED)
    if shown.results.failures and shown.run is None:
        raise typer.Exit(SOME_FAILED)
