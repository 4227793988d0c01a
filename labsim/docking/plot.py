"""A picture of a dock: what the model gives beside what was published, along one parameter, or effects by sign."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from labsim.docking import Docking, make, options, run
from labsim.docking.report import title
from labsim.engines.ensemble import Stop
from labsim.show.numbers import half_width
from labsim.show.plots import CLOSED, FAINT, INK, INK_2, INK_3, KEPT, LINE, PAPER, bare, new_figure
from labsim.show.words import NOT_A_FORECAST

STYLES = ((KEPT, "o", "-"), (CLOSED, "s", "--"), (INK, "^", ":"))


def sweep(docking: Docking, seed: int, stop: Stop, watch: Callable[[str], None]) -> list[Docking]:
    """The dock along the parameter of its picture, the other parameters as they were; nothing if it has none."""
    axis, values = docking.dock.along
    given = {name: getattr(docking.dock, name) for name in options(type(docking.dock))}
    points = []
    for value in values if axis else ():
        if stop:
            break
        watch(f"{axis} {value}")
        if value == given[axis]:
            points.append(docking)
        else:
            points.append(run(make(type(docking.dock), given | {axis: value}), seed, stop=stop, watch=watch))
    return points


def draw(docking: Docking, points: Sequence[Docking], path: Path, command: str) -> Any:
    """The picture of a dock. Returns the matplotlib figure. Raises OSError if it cannot be written."""
    figure = new_figure(8.5, 4.8)
    axes = figure.add_subplot()
    figure.subplots_adjust(left=0.1, right=0.8, top=0.78, bottom=0.24)
    bare(axes)
    axes.grid(axis="y", color=LINE, linewidth=0.75)
    _draw_points(axes, points) if points else _draw_effects(axes, docking)
    head = textwrap.fill(title(type(docking.dock)), 74)
    figure.text(0.02, 0.975, head, fontsize=13, color=INK, va="top", family="serif")
    words = "filled: simulated, with 95 % intervals; lines and rings: published" if points else (
        "simulated effects with 95 % intervals; published: only the sign")  # fmt: skip
    figure.text(0.02, 0.85, words, fontsize=8.5, color=INK_3, va="top")
    source = f"{docking.dock.source}. {NOT_A_FORECAST}"
    figure.text(0.02, 0.015, f"{textwrap.fill(command, 110)}\n{textwrap.fill(source, 118)}", fontsize=8, color=INK_3)
    figure.savefig(path, facecolor=PAPER)
    return figure


def _draw_points(axes: Any, points: Sequence[Docking]) -> None:
    """Simulated points and published lines along a parameter."""
    axis, values = points[0].dock.along
    places = list(range(len(points))) if isinstance(values[0], str) else [getattr(p.dock, axis) for p in points]
    ends = {}
    for (color, marker, style), key in zip(STYLES, points[0].simulated, strict=False):
        seen = [(x, p.simulated[key]) for x, p in zip(places, points, strict=True) if p.simulated[key]]
        published = [(x, p.reference[key]) for x, p in zip(places, points, strict=True) if p.reference[key] is not None]
        if published:
            axes.plot(*zip(*published, strict=True), color=color, linestyle=style, linewidth=1.6, marker="o",
                      markersize=12, fillstyle="none", markeredgewidth=0.8)  # fmt: skip
        if seen:
            axes.errorbar(
                [x for x, _ in seen], [e.mean for _, e in seen], [half_width(e.se) for _, e in seen], color=color,
                marker=marker, linestyle="none", markersize=5, elinewidth=1.6,
            )  # fmt: skip
            ends[key] = (seen[-1][0], seen[-1][1].mean, color)
    _name_ends(axes, ends)
    declared = options(type(points[0].dock))[axis]
    if isinstance(values[0], str):
        axes.set_xticks(places, values[: len(places)])
    axes.set_xlabel(axis.rstrip("_").replace("_", " ") + (f", {declared.unit}" if declared.unit else ""), color=INK,
                    fontsize=10, labelpad=8)  # fmt: skip
    axes.margins(x=0.04, y=0.12)


def _name_ends(axes: Any, ends: dict[str, tuple[float, float, str]]) -> None:
    """The name of each number at the end of its points; names that would meet are put apart."""
    low, high = axes.get_ylim()
    near = max((y for _, y, _ in ends.values()), default=0.0) - min((y for _, y, _ in ends.values()), default=0.0)
    apart = len(ends) > 1 and near < 0.06 * (high - low)
    for place, (key, (x, y, color)) in enumerate(sorted(ends.items(), key=lambda end: end[1][1])):
        up = (14 * place - 7 * (len(ends) - 1)) if apart else 0
        axes.annotate(key.replace("_", " "), (x, y), (14, up), textcoords="offset points", color=color, va="center",
                      annotation_clip=False)  # fmt: skip


def _draw_effects(axes: Any, docking: Docking) -> None:
    """Effects whose sign was published."""
    keys = list(docking.simulated)
    for place, key in enumerate(keys):
        effect = docking.simulated[key]
        color = KEPT if docking.as_published(key) else CLOSED
        half = half_width(effect.se)
        axes.errorbar(effect.mean, place, xerr=half, color=color, marker="o", markersize=6, elinewidth=2)
        arrow = "published: above 0" if docking.dock.signs[key] > 0 else "published: below 0"
        axes.annotate(arrow, (1.01, place), xycoords=("axes fraction", "data"), fontsize=8.5, color=INK_2, va="center")
    axes.axvline(0, color=FAINT, linewidth=1)
    axes.set_yticks(range(len(keys)), [textwrap.fill(key.replace("_", " "), 22) for key in keys])
    axes.set_ylim(len(keys) - 0.5, -0.5)
    axes.figure.subplots_adjust(left=0.22)
    axes.margins(x=0.2)
