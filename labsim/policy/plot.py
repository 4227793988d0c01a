"""The comparison of policies as a picture: harm below the diagonal, delay above it, rules alone on it."""

import io
from typing import Any

from labsim.model.outcomes import OUTCOMES
from labsim.policy.results import DELAY, HARM, Policies, Policy
from labsim.policy.words import short
from labsim.runs.summary import direction
from labsim.show.numbers import fixed
from labsim.show.plots import FAINT, INK, INK_3, LINE, PAPER, bare, new_figure
from labsim.show.words import NOT_A_FORECAST

LESS, SAME, MORE = "#1F5A96", "#FFFFFF", "#262421"  # blue is less, ink is more: told apart by lightness too
DPI, LEVELS = 110, 41  # of colour: few, for a small file
CELL, LEFT, RIGHT, ABOVE, BELOW = 0.42, 3.0, 0.5, 1.5, 1.3  # inches
WORDS = {HARM: "below the diagonal: harm, points", DELAY: "above the diagonal: delay, weeks"}


def scale(largest: float) -> Any:
    """Colours of differences: signed square roots, so that small ones are seen beside large ones."""
    import numpy as np
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import FuncNorm, LinearSegmentedColormap

    functions = (lambda x: np.sign(x) * np.sqrt(np.abs(x)), lambda x: np.sign(x) * np.square(x))
    colours = LinearSegmentedColormap.from_list("less and more", [LESS, SAME, MORE], N=LEVELS)
    return ScalarMappable(FuncNorm(functions, -largest, largest), colours)


def cells(policies: Policies) -> list[tuple[str, Policy, list[tuple[float, float]], tuple[float, float]]]:
    """(outcome, policy, corners, middle) of every cell: columns to the right, rows down, the diagonal in halves."""
    made: list[tuple[str, Policy, list[tuple[float, float]], tuple[float, float]]] = []
    corners: list[tuple[float, float]]
    for row, name in enumerate(policies.ranking):
        for outcome, corner in ((HARM, (0, 1)), (DELAY, (1, 0))):
            corners = [(row, row), (row + corner[0], row + corner[1]), (row + 1, row + 1)]
            middle = (row + 0.29 + 0.42 * corner[0], row + 0.25 + 0.46 * corner[1])
            made.append((outcome, policies.alone[name], corners, middle))
        for column, other in enumerate(policies.ranking):
            if column != row:
                pair = policies.pairs.get((name, other)) or policies.pairs[other, name]
                corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
                made.append((HARM if column < row else DELAY, pair, corners, (column + 0.5, row + 0.5)))
    return made


def figure(policies: Policies) -> Any:
    """The matplotlib figure; cells whose interval includes 0 are hatched."""
    from matplotlib.patches import Polygon

    n = len(policies.rules)
    side, grown = CELL * n, max(CELL * n, 5.0)
    width, height = LEFT + grown + RIGHT, ABOVE + side + BELOW
    drawn = new_figure(width, height)
    axes = drawn.add_axes((LEFT / width, BELOW / height, side / width, side / height))
    bare(axes)
    every, scales = cells(policies), {}
    for outcome in (HARM, DELAY):
        factor = OUTCOMES[outcome].scale
        values = [abs(factor * policy.effect[outcome].mean) for kind, policy, *_ in every if kind == outcome]
        scales[outcome] = (factor, scale(max(1.0, *values)))
    for outcome, policy, corners, (x, y) in every:
        factor, colours = scales[outcome]
        value, alone = factor * policy.effect[outcome].mean, len(policy.rules) == 1
        colour = colours.to_rgba(value)
        axes.add_patch(Polygon(corners, facecolor=colour, edgecolor=LINE, linewidth=0.5))
        if not direction(policy.effect[outcome]):
            axes.add_patch(Polygon(corners, fill=False, edgecolor=FAINT, linewidth=0, hatch="/////"))
        dark = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] < 0.5
        text = fixed(value, sign=True)
        text += "*" if outcome == DELAY and policy.unfinished > policies.base["unfinished"].mean else ""
        axes.text(x, y, text, ha="center", va="center", fontsize=5.5 if alone else 7.5, color=PAPER if dark else INK)
    axes.plot([0, n], [0, n], color=INK, linewidth=1)
    axes.set_xlim(0, n)
    axes.set_ylim(n, 0)
    middles = [k + 0.5 for k in range(n)]
    axes.set_yticks(middles, [f"{short(policies, name)}  {k}" for k, name in enumerate(policies.ranking, 1)], color=INK)
    axes.set_xticks(middles, [str(k) for k in range(1, n + 1)], color=INK)
    axes.xaxis.tick_top()
    _words(drawn, policies, height)
    for k, outcome in enumerate((HARM, DELAY)):
        bar = drawn.add_axes(
            ((LEFT + k * (grown / 2 + 0.2)) / width, 0.72 / height, (grown / 2 - 0.2) / width, 0.14 / height)
        )
        drawn.colorbar(scales[outcome][1], cax=bar, orientation="horizontal").outline.set_visible(False)
        bare(bar)
        largest = scales[outcome][1].norm.vmax
        ticks = [sign * part * largest for sign, part in ((-1, 1), (-1, 0.25), (1, 0), (1, 0.25), (1, 1))]
        bar.set_xticks(ticks, [fixed(t, sign=True) for t in ticks])
        bar.set_title(WORDS[outcome], fontsize=8.5, color=INK, loc="left")
    return drawn


def _words(drawn: Any, policies: Policies, height: float) -> None:
    title = f"Rules in force from week 0, minus {policies.scenario.name} as it is"
    drawn.text(0.02, 1 - 0.2 / height, title, fontsize=14, color=INK, va="top", family="serif")
    lines = (
        "below the diagonal: effect of each pair on harm; above it: on the length of the race; on it: each rule alone",
        "blue is less, dark is more; hatched: the 95 % interval includes 0; "
        "*: more races unfinished at the horizon, so at least so many weeks",
    )
    for k, line in enumerate(lines):
        drawn.text(0.02, 1 - (0.55 + 0.2 * k) / height, line, fontsize=8.5, color=INK_3, va="top")
    source = f"labsim, {policies.replications} replications, seed {policies.seed}. {NOT_A_FORECAST}"
    drawn.text(0.02, 0.12 / height, source, fontsize=8.5, color=INK_3)


def png(policies: Policies) -> bytes:
    """The picture as PNG: the same bytes for the same numbers."""
    import matplotlib
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    with matplotlib.rc_context({"hatch.linewidth": 0.5}):
        figure(policies).savefig(drawn, format="png", dpi=DPI, facecolor=PAPER)
    in_few_colours(Image.open(drawn).convert("RGB")).save(small, "png", optimize=True)
    return small.getvalue()


def in_few_colours(picture: Any) -> Any:
    """The picture with its 256 most frequent colours, a third of the size; areas keep their exact colour."""
    import numpy as np
    from PIL import Image

    pixels = np.asarray(picture, dtype=np.int64)
    packed = pixels @ np.array([1 << 16, 1 << 8, 1])
    colours, places, counts = np.unique(packed, return_inverse=True, return_counts=True)
    every = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    kept = every[np.argsort(-counts, kind="stable")[:256]]
    nearest = ((every[:, None] - kept) ** 2).sum(axis=2).argmin(axis=1)
    few = Image.fromarray(nearest[places].reshape(packed.shape).astype(np.uint8), mode="P")
    few.putpalette(kept.astype(np.uint8).ravel().tolist())
    return few
