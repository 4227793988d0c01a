"""What `labsim dock` prints: the list of models, one of them with its numbers, all in one table."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from labsim.docking import DOCKS, Dock, Docking, Estimate
from labsim.show.numbers import half_width, significant
from labsim.show.terminal import out, paragraph, say
from labsim.show.words import NOT_A_FORECAST, PLUS_MINUS

YES, NO, NOTHING = "agrees", "DOES NOT AGREE", "nothing to compare"
SAME, OTHER, UNCLEAR = "as published", "NOT AS PUBLISHED", "not clear"


def verdict(docking: Docking, key: str) -> str:
    """Whether a number, or its sign, is as published, in words."""
    if key in docking.dock.signs:
        return UNCLEAR if docking.sign(key) == 0 else SAME if docking.as_published(key) else OTHER
    return {None: NOTHING, True: YES, False: NO}[docking.agreement(key)]


DIGITS, OF_ERROR = 5, 2  # significant ones, of a number and of its interval


def simulated(estimate: Estimate | None) -> str:
    """A simulated number and its interval; nothing behind a number without luck."""
    if estimate is None:
        return "none"
    lucky = estimate.se > 1e-12 * abs(estimate.mean)
    error = f" ± {significant(half_width(estimate.se), OF_ERROR)}" if lucky else ""
    return significant(estimate.mean, DIGITS) + error


def expected(docking: Docking, key: str) -> str:
    """What was published: a number, or only a sign."""
    sign = docking.dock.signs.get(key)
    return {1: "above 0", -1: "below 0", None: significant(docking.reference[key], DIGITS)}[sign]


def parameters(docking: Docking) -> str:
    """The parameters in one line."""
    words = []
    for name, value in docking.parameters.items():
        shown = name.replace("_", "-")
        words += [f"{'' if value else 'not '}{shown}"] if isinstance(value, bool) else [f"{shown} {value}"]
    return ", ".join(word for word in words if not word.endswith(" None"))


def rows(docking: Docking) -> list[tuple[str, str, str, str]]:
    """(key, simulated, published, verdict) of each number."""
    return [
        (key.replace("_", " "), simulated(docking.simulated[key]), expected(docking, key), verdict(docking, key))
        for key in docking.simulated
    ]


def dock_list() -> None:
    """The models that can be docked."""
    for name, dock in DOCKS.items():
        text = Text(name, style="bold")
        out.print(text)
        paragraph(title(dock), "  ", "  ")
    say()
    say("labsim dock NAME --help says which parameters a model has; labsim dock all runs them all.")


def title(dock: type[Dock]) -> str:
    """What the model asks, the first line of its docstring."""
    return (dock.__doc__ or "").strip().split("\n")[0]


def dock_report(docking: Docking) -> None:
    """One model: its numbers beside the published ones."""
    dock = docking.dock
    out.print(Text(title(type(dock)), style="bold"))
    paragraph(f"{dock.source}. Known: {dock.seen}.")
    paragraph(parameters(docking))
    say()
    out.print(_table(rows(docking)))
    for remark in (*dock.remarks(), dock.caveat):
        if remark:
            say()
            paragraph(remark)
    say()
    say(f"{PLUS_MINUS} The simulated numbers come out of the project's own rules.")
    say(NOT_A_FORECAST)


def all_report(dockings: Sequence[Docking]) -> None:
    """All models in one table."""
    lines = []
    for f in dockings:
        lines += [(f.dock.name, "", "", ""), *((f"  {key}", *rest) for key, *rest in rows(f))]
    out.print(_table(lines))
    for words, mark in (("do not agree", NO), ("have a sign that is not as published", OTHER)):
        names = [f.dock.name for f in dockings if mark in [row[-1] for row in rows(f)]]
        say(f"{len(names)} of {len(dockings)} models {words}" + (f": {', '.join(names)}" if names else "") + ".")
    say(NOT_A_FORECAST)


def _table(lines: Sequence[Sequence[str]]) -> Table:
    """A table of numbers: what, simulated, published, verdict."""
    table = Table(box=None, pad_edge=False, header_style="", padding=(0, 2, 0, 0))
    for name in ("", "simulated", "published", ""):
        table.add_column(name, overflow="fold")
    for line in lines:
        loud = line[-1] in (NO, OTHER) or not any(line[1:])
        table.add_row(*(Text(word, style="bold" if loud else "") for word in line))
    return table
