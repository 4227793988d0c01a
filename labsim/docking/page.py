"""The page of docked models: a section for each, with what was set, what agrees and what does not."""

import os
from collections.abc import Sequence
from pathlib import Path

from labsim.docking import Docking
from labsim.docking.report import NO, OTHER, UNCLEAR, parameters, rows, title
from labsim.show import pages
from labsim.show.words import NOT_A_FORECAST, PLUS_MINUS

HEAD = """# Published models as limiting cases

A simulation can be trusted as far as it gives what is known where it must. Each model below is run **through the
rules and engines of labsim**, by choosing forms and payoff terms that are neutral elsewhere; only the published
number comes from a formula or a table. Where nothing but a sign was published, the sign is tested.

A number agrees if it is no further from the published one than three standard errors or the tolerance (0.01 for
probabilities and shares, 1 % for other numbers), whichever is larger, and its standard error is below the tolerance.
"""


def picture_name(docking: Docking) -> str:
    """The file of a dock's picture."""
    return f"dock-{docking.dock.name}.png"


def page(dockings: Sequence[Docking], commands: Sequence[str], pictures: Path, at: Path, typed: str) -> str:
    """The page in Markdown; `pictures` is the folder of pictures, `at` the page's own."""
    where = Path(os.path.relpath(pictures, at)).as_posix()
    parts = [HEAD, "| model | number | simulated | published | |", "| --- | --- | --- | --- | --- |"]
    for f in dockings:
        parts += [f"| {f.dock.name if not k else ''} | {' | '.join(row)} |" for k, row in enumerate(rows(f))]
    parts += ["", f"{PLUS_MINUS} {NOT_A_FORECAST}", ""]
    for f, command in zip(dockings, commands, strict=True):
        parts += section(f, command, f"{where}/{picture_name(f)}")
    return "\n".join([*parts, *pages.again(typed)])


def section(f: Docking, command: str, picture: str) -> list[str]:
    """A model's section."""
    wrong = [f"{key}: {says.lower()}" for key, *_, says in rows(f) if says in (NO, OTHER, UNCLEAR)]
    agree = f"**{'; '.join(wrong).capitalize()}.**" if wrong else "All that was published agrees."
    agree = "Nothing was published for these parameters." if f.agrees is None and not f.dock.signs else agree
    known = f"{f.dock.source}. How it is known: {f.dock.seen}."
    lines = [f"## {f.dock.name}", "", f"{title(type(f.dock))}", "", known, "",
             f"*Forms and parameters set:* {f.dock.forms}", "", f"*Here:* {parameters(f)}. {agree}", ""]  # fmt: skip
    notes = [note for note in (*f.dock.remarks(), f.dock.caveat) if note]
    lines += ["\n\n".join(notes), ""] if notes else []
    return [*lines, f"![{title(type(f.dock))}]({picture})", "", "```sh", command, "```", ""]
