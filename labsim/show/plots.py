"""Figures that stand alone: title, units, source line, readable without colour. PNG and SVG."""

import textwrap
import unicodedata
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from labsim.model.outcomes import OUTCOMES
from labsim.runs.comparison import Comparison
from labsim.scenario.checked import UNPRINTABLE, ScenarioError
from labsim.show.numbers import half_width
from labsim.show.words import NOT_A_FORECAST

PAPER, SUNK, LINE, FAINT = "#FBF9F5", "#F3EFE7", "#E2DCD1", "#8A8883"
KEPT, CLOSED = "#0B6680", "#B0440D"
INK, INK_2, INK_3 = "#1D2126", "#454A52", "#646871"
COMPARED = ("catastrophe", "delay_cost", "closed_share_end", "payoff")


def check_path(path: Path | None) -> None:
    """A picture's path must end in .png or .svg and its folder exist. Raises ScenarioError."""
    if path is None:
        return
    if path.suffix not in (".png", ".svg"):
        raise ScenarioError(f"--plot {path}: must end in .png or .svg")
    check_place("--plot", path)


def check_place(option: str, path: Path) -> None:
    """A file can be put there as far as is seen: its folder exists, it is none itself. Raises ScenarioError."""
    if not path.parent.is_dir():
        raise ScenarioError(f"{option} {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise ScenarioError(f"{option} {path}: is a folder")


def new_figure(width: float, height: float) -> Any:
    """A matplotlib figure on paper, without global state; names in it may be of any letters and signs."""
    return _figure_kind()(figsize=(width, height), dpi=150, facecolor=PAPER)


@cache
def _figure_kind() -> type:
    """Figures whose words are words: two dollars begin no formula, and what no file can hold is a replacement mark."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    class Words(Figure):
        def draw(self, renderer: Any) -> None:
            for text in self.findobj(Text):
                text.set_parse_math(False)
                text.set_text(drawable(text.get_text()))
            with matplotlib.rc_context({"text.parse_math": False}), warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Glyph .* missing")  # a box is drawn, and that is seen
                super().draw(renderer)

    Words.__name__ = Figure.__name__  # what a notebook prints of one
    return Words


def drawable(text: str) -> str:
    """A text for a picture: what cannot be printed becomes the replacement mark; lines stay lines."""
    return "".join("\ufffd" if c != "\n" and unicodedata.category(c) in UNPRINTABLE else c for c in text)


def fitted(name: str, most: int, lines: int = 2) -> str:
    """A name on so many lines, each at most so many letters wide; its end is left out if need be."""
    wide = most // 2 if letters(name) > len(name) else most
    rows = textwrap.wrap(name, wide)
    if len(rows) > lines:  # not by textwrap's own `max_lines`: of one long word it leaves nothing
        rows = [*rows[: lines - 1], rows[lines - 1][: wide - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"]
    return "\n".join(rows)


def letters(text: str) -> int:
    """How many letters wide the widest line of a text is; some of the East are two wide."""
    return max(sum(1 + (unicodedata.east_asian_width(c) in "FW") for c in line) for line in text.split("\n"))


def bare(axes: Any) -> None:
    """Hairlines instead of a box, no tick marks."""
    axes.set_facecolor("none")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelcolor=INK_3, labelsize=8.5, pad=6)


def draw_comparison(comparison: Comparison, path: Path) -> Any:
    """Paired differences from the first scenario, a panel for each of four outcomes, 95 % intervals."""
    others = comparison.names[1:]
    height = 1.9 + len(COMPARED) * (0.55 + 0.36 * len(others))
    figure = new_figure(8.5, height)
    panels = figure.subplots(len(COMPARED), 1, sharey=True)
    figure.subplots_adjust(left=0.36, right=0.97, top=1 - 1.05 / height, bottom=0.62 / height, hspace=0.9)
    for axes, key in zip(panels, COMPARED, strict=True):
        outcome = OUTCOMES[key]
        scale = outcome.scale
        bare(axes)
        axes.axvline(0, color=FAINT, linewidth=1)
        for row, name in enumerate(others):
            summary = comparison.differences[name][key]
            if summary.n == 0:
                axes.annotate(
                    "no such race finished", (0, row), (6, 0), textcoords="offset points", fontsize=8.5, color=INK_3
                )
                continue
            half = half_width(summary.se, scale)
            axes.plot([summary.mean * scale - half, summary.mean * scale + half], [row, row], color=INK, linewidth=2.2)
            axes.plot(summary.mean * scale, row, "o", color=INK, markersize=5.5)
        axes.set_ylim(len(others) - 0.4, -0.6)
        axes.set_yticks(range(len(others)), [_label(name, comparison.names[0]) for name in others])
        axes.set_title(outcome.label, fontsize=10, color=INK, loc="left")
        axes.grid(axis="x", color=LINE, linewidth=0.75)
        axes.margins(x=0.12)
    figure.text(
        0.02, 1 - 0.14 / height, f"Differences from {comparison.names[0]}", fontsize=14, color=INK, va="top",
        family="serif",
    )
    figure.text(
        0.02, 1 - 0.5 / height, "same luck; points are means, bars 95 % intervals", fontsize=8.5, color=INK_3, va="top"
    )
    figure.text(
        0.02, 0.1 / height, fontsize=8.5, color=INK_3,
        s=f"labsim, {comparison.replications} replications, seed {comparison.seed}. {NOT_A_FORECAST}",
    )  # fmt: skip
    figure.savefig(path, facecolor=PAPER)
    return figure


def _label(name: str, reference: str) -> str:
    """A scenario's name in at most 42 characters a line; changes to the reference stand alone."""
    text = name.removeprefix(f"{reference.partition(':')[0]}:").replace(",", ", ").replace("governance.", "")
    return textwrap.fill(text, 42)
