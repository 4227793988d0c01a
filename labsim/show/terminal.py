"""What the command line says to people: plain words, 80 columns, readable without colour."""

import json
import os
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from rich.progress import Progress


class Terminal(Console):
    """A console whose reader may leave, as `head` does: then the program ends, and well."""

    def on_broken_pipe(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0)


out = Terminal(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)
WIDTH = 78  # of paragraphs at most


def print_json(value: Any) -> None:
    """Exactly one JSON value on stdout; never nan or infinity."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")


def say(text: str = "") -> None:
    """A line or paragraph for people on stdout."""
    out.print(escape("".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)))


def paragraph(text: str, first: str = "", rest: str = "") -> None:
    """Text for people in lines that fit the terminal; `first` and `rest` are what its lines begin with."""
    width = min(WIDTH, out.width)
    say(textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    ))  # fmt: skip


def tell(text: str, end: str = "\n") -> None:
    """A line about the work itself, on stderr; never broken, so that a command or a path in it can be copied."""
    err.print(escape(text), soft_wrap=True, end=end)


def progress_bar(quiet: bool) -> "Progress":
    """A bar on stderr with rate and time left; silent where nobody watches."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # long runs only

    watched = err.is_terminal and not quiet
    return Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(compact=True),
        console=err if watched else Console(quiet=True),  # before 14.3 rich ends a disabled bar with a line
        transient=True, disable=not watched,
    )  # fmt: skip
