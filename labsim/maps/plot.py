"""The picture of a regime map: regions named where they lie, doubtful cells hatched, the scenario's own point."""

import math
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from labsim.games.closure_game import CHICKEN, DEADLOCK, HARMONY, PRISONERS_DILEMMA, STAG_HUNT, TOO_CLOSE
from labsim.maps.axes import Axis
from labsim.maps.regime_map import LABEL, RegimeMap
from labsim.model.outcomes import OUTCOMES
from labsim.show.plots import FAINT, INK, INK_2, INK_3, PAPER, SUNK, bare, new_figure
from labsim.show.words import NOT_A_FORECAST

STYLE = {  # colour and what it means; teal where keeping pays, orange where removing does, deeper where it always does
    HARMONY: ("#CFE6EC", "keeping always pays"),
    STAG_HUNT: ("#E9F3F5", "keeping pays if others keep"),
    CHICKEN: ("#FBEEE5", "removing pays if others keep"),
    PRISONERS_DILEMMA: ("#F6D9C6", "removing always pays; all lose by it"),
    DEADLOCK: ("#E3AD88", "removing always pays; all gain by it"),
}
SHADES = (SUNK, INK_2)  # of an outcome: low, high; no colour, for colour says who keeps the human
EDGE, HATCH = "#87837A", "/////"
WIDTH, HEIGHT = 9.0, 7.8
LETTER, TALLEST = 0.0092, 0.04  # half the width of a letter, and half the height of a name, in parts of the map
LEFT, BOTTOM, WIDE, HIGH = 0.105, 0.185, 0.56, 0.645  # of the map, in parts of the picture


def draw_map(regimes: RegimeMap, path: Path, command: str = "") -> Any:
    """Draw a map to a PNG or SVG file; `command` is how to make it again. Returns the figure."""
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((LEFT, BOTTOM, WIDE, HIGH))
    bare(axes)
    axes.set_axisbelow(False)
    title, below = _labels(figure, axes, regimes) if regimes.of == LABEL else _levels(figure, axes, regimes)
    for axis, name in ((regimes.x, "x"), (regimes.y, "y")):
        if axis.log:
            getattr(axes, f"set_{name}scale")("log")
        edges = axis.edges()
        getattr(axes, f"set_{name}lim")(edges[0], edges[-1])
        _ticks(axes, axis, name)
    axes.set_xlabel(textwrap.fill(regimes.x.words, 66), fontsize=10, color=INK_2, labelpad=8)
    axes.set_ylabel(textwrap.fill(regimes.y.words, 60), fontsize=10, color=INK_2, labelpad=8)
    for side in ("left", "bottom", "right", "top"):
        axes.spines[side].set(visible=True, color=FAINT, linewidth=0.8)
    _own_point(axes, regimes)
    figure.text(0.03, 0.975, title, fontsize=16, color=INK, va="top", family="serif")
    figure.text(0.03, 0.93, textwrap.fill(below, 112), fontsize=9.5, color=INK_2, va="top", linespacing=1.4)
    figure.text(0.03, 0.02, _source(regimes, command), fontsize=8, color=INK_3, va="bottom", linespacing=1.45)
    figure.savefig(path, facecolor=PAPER)
    return figure


def _labels(figure: Any, axes: Any, regimes: RegimeMap) -> tuple[str, str]:
    """The cells in the colours of their games; title and the line below it."""
    games = np.array(regimes.grid(lambda cell: cell.label))
    xs, ys = regimes.x.edges(), regimes.y.edges()
    for (row, column), game in np.ndenumerate(games):
        corner, size = (xs[column], ys[row]), (xs[column + 1] - xs[column], ys[row + 1] - ys[row])
        _cell(axes, corner, *size, game)
    _borders(axes, games, xs, ys)
    _names(axes, games, regimes)
    _legend(figure, regimes)
    others = len(regimes.scenario.all_labs) - 1
    return (
        "Which game are the labs in?",
        f"{regimes.scenario.name}: {regimes.focal} against the {others} others, the same luck in every cell. "
        + " ".join(regimes.remarks),
    )


def _cell(axes: Any, corner: tuple[float, float], width: float, height: float, game: str) -> None:
    """One cell; hatched where it is too close to call."""
    from matplotlib.patches import Rectangle

    if game == TOO_CLOSE:
        look = {"facecolor": PAPER, "edgecolor": EDGE, "hatch": HATCH, "linewidth": 0}
    else:
        look = {"facecolor": STYLE[game][0], "edgecolor": STYLE[game][0], "linewidth": 0.3}
    axes.add_patch(Rectangle(corner, width, height, **look))


def _borders(axes: Any, games: np.ndarray, xs: list[float], ys: list[float]) -> None:
    """A line wherever two games meet, so that regions can be told without colour."""
    lines = []
    for row, column in zip(*np.nonzero(games[:, 1:] != games[:, :-1]), strict=True):
        lines.append([(xs[column + 1], ys[row]), (xs[column + 1], ys[row + 1])])
    for row, column in zip(*np.nonzero(games[1:] != games[:-1]), strict=True):
        lines.append([(xs[column], ys[row + 1]), (xs[column + 1], ys[row + 1])])
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(lines, colors=FAINT, linewidths=0.7))


def _names(axes: Any, games: np.ndarray, regimes: RegimeMap) -> None:
    """Each game's name in its largest region, as deep inside as it fits, clear of the scenario's own point."""
    from matplotlib.patheffects import withStroke
    from scipy import ndimage

    rows, columns = games.shape
    for game, (colour, _) in STYLE.items():
        regions, count = ndimage.label(games == game)
        if not count:
            continue
        sizes = ndimage.sum_labels(np.ones_like(regions), regions, range(1, count + 1))
        region = regions == 1 + int(np.argmax(sizes))
        depth = ndimage.distance_transform_cdt(np.pad(region, 1), "chessboard")[1:-1, 1:-1].astype(float)
        word = game[0].upper() + _typeset(game)[1:]
        half = math.ceil(LETTER * len(word) * columns)
        room = ndimage.binary_erosion(region & ~_near_point(regimes, games.shape), np.ones((1, 2 * half + 1)))
        depth[~room] = 0.0
        if depth.max() < TALLEST * rows:
            continue
        deep = np.argwhere(depth == depth.max())
        row, column = deep[np.argmin(((deep - deep.mean(axis=0)) ** 2).sum(axis=1))]
        axes.text(
            regimes.x.values[column], regimes.y.values[row], word, fontsize=11, fontweight="bold", color=INK,
            ha="center", va="center", zorder=5, path_effects=[withStroke(linewidth=3, foreground=colour)],
        )  # fmt: skip


def _near_point(regimes: RegimeMap, shape: tuple[int, int]) -> np.ndarray:
    """The cells that the scenario's own point touches or nearly touches."""
    near = np.zeros(shape, bool)
    if regimes.here:
        row, column = (
            int(np.argmin([abs(_place(axis, v) - _place(axis, regimes.here[k])) for v in axis.values]))
            for k, axis in (("y", regimes.y), ("x", regimes.x))
        )
        high, wide = (math.ceil(n / 20) for n in shape)
        near[max(0, row - high) : row + high + 1, max(0, column - wide) : column + wide + 1] = True
    return near


def _place(axis: Axis, value: float) -> float:
    return math.log(value) if axis.log else value


def _typeset(game: str) -> str:
    return game.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def _legend(figure: Any, regimes: RegimeMap) -> None:
    """To the right: every game that there is, its meaning, how many cells; the doubtful ones; the scenario's point."""
    from matplotlib.patches import Rectangle

    rows = [(game, colour, meaning) for game, (colour, meaning) in STYLE.items() if regimes.counts[game]]
    if regimes.counts[TOO_CLOSE]:
        rows.append((TOO_CLOSE, None, f"in doubt after {regimes.replications:,} races"))
    total = len(regimes.cells)
    for k, (game, colour, meaning) in enumerate(rows):
        top = BOTTOM + HIGH - 0.012 - 0.082 * k
        look = {"facecolor": colour} if colour else {"facecolor": PAPER, "hatch": HATCH}
        figure.add_artist(Rectangle((0.70, top - 0.019), 0.026, 0.019, edgecolor=EDGE, linewidth=0.7, **look))
        figure.text(0.737, top + 0.004, _typeset(game), fontsize=10, color=INK, va="top", fontweight="bold")
        cells = f"{meaning}\n{regimes.counts[game]} of {total} cells"
        figure.text(0.737, top - 0.0215, cells, fontsize=8.5, color=INK_2, va="top", linespacing=1.35)
    if regimes.here:
        _point_key(figure, BOTTOM + HIGH - 0.02 - 0.082 * len(rows))


def _levels(figure: Any, axes: Any, regimes: RegimeMap) -> tuple[str, str]:
    """The cells in shades of an outcome, with a scale; title and the line below it."""
    from matplotlib.colors import LinearSegmentedColormap

    outcome = OUTCOMES[regimes.of]
    words, scale = outcome.words, outcome.scale
    levels = np.array(
        regimes.grid(lambda cell: cell.numbers[regimes.of].mean * scale if cell.numbers[regimes.of].n else np.nan)
    )
    shades = LinearSegmentedColormap.from_list("levels", SHADES)
    low, high = (float(f(levels)) for f in (np.nanmin, np.nanmax)) if not np.isnan(levels).all() else (0.0, 1.0)
    mesh = axes.pcolormesh(regimes.x.edges(), regimes.y.edges(), np.ma.masked_invalid(levels), cmap=shades,
                           vmin=low, vmax=high if high > low else low + 1)  # fmt: skip
    for row, column in np.argwhere(np.isnan(levels)):
        xs, ys = regimes.x.edges(), regimes.y.edges()
        _cell(axes, (xs[column], ys[row]), xs[column + 1] - xs[column], ys[row + 1] - ys[row], TOO_CLOSE)
    bar = figure.colorbar(mesh, cax=figure.add_axes((0.72, BOTTOM + 0.2, 0.022, HIGH - 0.2)))
    bar.outline.set(edgecolor=FAINT, linewidth=0.8)
    bar.ax.tick_params(length=0, labelcolor=INK_3, labelsize=8.5)
    bar.set_label(textwrap.fill(outcome.label, 40), fontsize=10, color=INK_2)
    if np.isnan(levels).any():
        figure.text(0.70, BOTTOM + 0.11, "hatched: no race that has such a number", fontsize=8.5, color=INK_2, va="top")
    if regimes.here:
        _point_key(figure, BOTTOM + 0.16)
    worst = max((cell.numbers[regimes.of].se or 0.0) for cell in regimes.cells) * scale
    return f"{words[0].upper()}{words[1:]}", (
        f"{regimes.scenario.name}: means of {regimes.replications} races a cell; largest standard error {worst:.2g}. "
        + " ".join(regimes.remarks)
    )


def _ticks(axes: Any, axis: Axis, name: str) -> None:
    """A few plain numbers: whole powers of ten on a log scale that has some, else values that the axis takes."""
    step = -(-(len(axis.values) - 1) // 5) if len(axis.values) > 6 else 1
    step = next((s for s in range(step, len(axis.values)) if (len(axis.values) - 1) % s == 0), step)
    values = axis.values[::step]
    low, high = (math.log10(end) for end in (axis.values[0], axis.values[-1])) if axis.log else (0.0, 0.0)
    if high - low >= 2:
        values = [10.0**k for k in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)]
    getattr(axes, f"set_{name}ticks")(values, [f"{v:.3g}" if abs(v) < 1000 else f"{v:,.0f}" for v in values])
    getattr(axes, f"set_{name}ticks")([], minor=True)


def _own_point(axes: Any, regimes: RegimeMap) -> None:
    """Where the scenario as it is lies."""
    if regimes.here:
        axes.plot(regimes.here["x"], regimes.here["y"], "o", color=INK, markersize=9, markeredgecolor=PAPER,
                  markeredgewidth=2, zorder=6, clip_on=False)  # fmt: skip


def _point_key(figure: Any, top: float) -> None:
    from matplotlib.lines import Line2D

    figure.add_artist(Line2D([0.713], [top - 0.008], marker="o", color=INK, markersize=8, linestyle="none"))
    figure.text(0.737, top + 0.004, "the scenario as it is", fontsize=10, color=INK, va="top")


def _source(regimes: RegimeMap, command: str) -> str:
    """How it was made, and what it is not."""
    most = "at most " if regimes.of == LABEL else ""
    made = f"labsim, {most}{regimes.replications} replications a cell, same luck in all, seed {regimes.seed}."
    lines = textwrap.wrap(command, 132, break_on_hyphens=False, subsequent_indent="    ")
    return "\n".join([*lines, f"{made} {NOT_A_FORECAST}"])
