"""Commands that show what there is: list, show, describe; and those that serve it: app, doctor, warm."""

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from labsim.cli.options import (
    FAILED,
    Json,
    Name,
    Set,
    UsageFault,
    With,
    changes_of,
    scenario_of,
)  # fmt: skip


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
    if what != "scenarios":
        from labsim.show import printouts

        printouts.registry_report(what, json)
        return
    from labsim.scenario.heads import shipped_heads
    from labsim.show import terminal
    from labsim.show.scenario_list import list_report

    heads = shipped_heads()
    terminal.print_json([asdict(head) for head in heads]) if json else list_report(heads)


def show(scenario: Name, set_: Set = None, with_: With = None, json: Json = False) -> None:
    """A scenario in full: its question, its labs, what differs from the defaults and where numbers come from."""
    from labsim.show import printouts, terminal

    set_ = changes_of(set_, with_)
    world = scenario_of(scenario, set_)
    if json:
        terminal.print_json(printouts.scenario_as_dict(world))
    else:
        printouts.scenario_report(world)


def warm() -> None:
    """Compile all rules now, for a machine on which the cache cannot be written later."""
    from labsim.engines import ensemble, objects
    from labsim.show import terminal

    if reason := objects.unkept():
        raise UsageFault(
            f"{objects.cache_folder()} cannot be written ({reason}): set LABSIM_CACHE to a folder that can"
        )
    start = time.monotonic()
    ensemble.warm()
    terminal.say(f"All rules are compiled, in {objects.cache_folder()} ({time.monotonic() - start:.1f} s).")


def app_command(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on this machine; 0 picks a free one.")
    ] = 8765,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = True,
) -> None:
    """The app: play the race in the browser, served to this machine only. Ctrl-C ends it."""
    from labsim.cli import serve

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
    from labsim.runs.whole import write_asked
    from labsim.show import describe as description

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
    write_asked("--out", out, text)


def doctor(json: Json = False) -> None:
    """Is this installation sound? Packages, scenarios, cache, engines, app."""
    from labsim.cli.doctor import examine
    from labsim.show import terminal

    findings = examine()
    if json:
        terminal.print_json(findings)
    else:
        for line in findings:
            terminal.say(f"{'ok   ' if line['ok'] else 'FAULT'}  {line['check']}: {line['says']}")
    if not all(line["ok"] for line in findings):
        raise typer.Exit(FAILED)
