"""Commands for people who were not there: coverage."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from labsim.options import FAILED, Json


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
    from labsim import coverage_report, terminal
    from labsim.coverage import coverage

    found = coverage(set(names_of(context.find_root().command)), source, status)
    terminal.print_json(found.as_dict()) if json else coverage_report.coverage_report(found)
    if found.dangling:
        raise typer.Exit(FAILED)


def names_of(group: Any, above: str = "") -> Iterator[str]:
    """The names of all commands of a group, such as "run" and "calibrate cycle"."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from names_of(command, f"{above}{name} ")
        else:
            yield f"{above}{name}"
