"""The command line: thin. Every command that prints results takes --json."""

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from labsim.cli.about import app_command, describe, doctor, list_command, show, warm
from labsim.cli.calibrate import calibrate_cycle, calibrate_frontier, calibrate_horizons
from labsim.cli.check import check_command
from labsim.cli.dock import dock_app
from labsim.cli.games import game_command, map_command, tip_command, tournament_command, why_command
from labsim.cli.options import (
    INTERRUPTED,
    INVALID,
    OK,
    SOME_FAILED,
    UsageFault,
    check_words,
    on_interruption,
)
from labsim.cli.pages import coverage_command, report_command
from labsim.cli.policy import pause_spec_command, policies_command
from labsim.cli.run import compare, race, replay, run_command, verify_command
from labsim.scenario import shipped
from labsim.show.words import NOT_A_FORECAST

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
    "verify": verify_command,
    "race": race,
    "list": list_command,
    "show": show,
    "describe": describe,
    "coverage": coverage_command,
    "app": app_command,
    "doctor": doctor,
    "warm": warm,
}
FOR_DEVELOPERS = {"coverage"}  # not in the list of --help
CALIBRATIONS = {"cycle": calibrate_cycle, "frontier": calibrate_frontier, "horizons": calibrate_horizons}

OPTIONS: dict[str, Any] = dict(
    help=f"labsim: who removes the human from the loop, and why?\n\n{NOT_A_FORECAST}",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)  # fmt: skip
app = typer.Typer(**OPTIONS)
calibrate_app = typer.Typer(help="Re-run the calibrations behind the defaults.", no_args_is_help=True)
for name, command in COMMANDS.items():
    app.command(name, hidden=name in FOR_DEVELOPERS)(command)
for name, command in CALIBRATIONS.items():
    calibrate_app.command(name)(command)
app.add_typer(calibrate_app, name="calibrate")
app.add_typer(dock_app, name="dock")


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"labsim {shipped.version()}\n")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """labsim: who removes the human from the loop, and why?"""


def program(words: Sequence[str]) -> typer.Typer:
    """The program with the one command that is asked for; with all where none is, or that one lists the others.

    To build what all take costs half of what it takes to start Python.
    """
    name = words[0] if words else ""
    if name not in COMMANDS or name in FOR_DEVELOPERS:
        return app
    one = typer.Typer(**OPTIONS)
    one.callback()(common)
    one.command(name)(COMMANDS[name])
    return one


def main() -> None:
    """The program: exit codes 0 ok, 1 failed, 2 invalid input, 3 written half-way, 130 interrupted."""
    try:
        with on_interruption(_interrupt), _warnings_in_a_line():
            check_words(sys.argv[1:])
            code = program(sys.argv[1:])(standalone_mode=False)
            sys.stdout.flush()  # here a full disk is one line, at Python's end a traceback
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("labsim: interrupted\n")
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = OK
    except Exception as error:
        from labsim.scenario.values import one_line  # late: the command line starts fast

        fault = _fault(error)
        if fault is None:
            raise
        sys.stderr.write(f"{fault if fault.startswith('Usage') else one_line(fault)}\n")
        code = _code(error)
    sys.exit(code if isinstance(code, int) else OK)


@contextlib.contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    """Warnings for people, such as that a strategy cannot be compiled, are lines of ours, without a line of source."""
    before = warnings.formatwarning

    def in_a_line(message: Any, category: type[Warning], *where: Any) -> str:
        return f"warning: {message}\n" if issubclass(category, UserWarning) else before(message, category, *where)

    warnings.formatwarning = in_a_line
    try:
        yield
    finally:
        warnings.formatwarning = before


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def _code(error: Exception) -> int:
    """The exit code of a fault that was said."""
    from labsim.engines.failures import RaceFailed
    from labsim.runs.whole import HalfWritten

    try:
        sys.stdout.flush()
    except OSError:  # nor may Python try again at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return SOME_FAILED if isinstance(error, (HalfWritten, RaceFailed)) else INVALID


def _fault(error: Exception) -> str | None:
    """The user's mistake in one line (or the help, if nothing was asked); none if the fault is ours."""
    from labsim.scenario.checked import ScenarioError

    if hasattr(error, "format_message"):  # typer's; some versions bring their own copy of click
        text = error.format_message().strip()
        allowed = getattr(getattr(error, "param", None), "allowed", "")
        return text if text.startswith("Usage") else f"labsim: {_with_value(' '.join(text.split()), allowed)}"
    if isinstance(error, OSError):
        what = error.filename if error.filename is not None else "the output"
        return f"labsim: {what}: {error.strerror or ' '.join(str(error).split())}"
    return f"labsim: {error}" if isinstance(error, (UsageFault, ScenarioError)) else None


def _with_value(text: str, allowed: str) -> str:
    """A message about an option, with the value that was given: "--seed -1: ...", and what is declared as allowed."""
    for kind, wrong in (("a whole number", "integer"), ("a number", "number|float")):
        if re.search(f"a valid ({wrong})", text):
            text = f"{text.partition(':')[0]}: must be {allowed or kind}"
    match = re.match(r"Invalid value for '(--[\w-]+)'[^:]*: (.*)", text)
    if match and match[1] in sys.argv[:-1]:
        return f"{match[1]} {sys.argv[sys.argv.index(match[1]) + 1]}: {match[2][0].lower()}{match[2][1:]}"
    return text


if __name__ == "__main__":
    main()
