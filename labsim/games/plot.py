"""The picture of the closure game: the Schelling diagram."""

import textwrap
from pathlib import Path
from typing import Any

from labsim.games.game import Game
from labsim.scenario.checked import ScenarioError
from labsim.show.numbers import half_width
from labsim.show.plots import CLOSED, FAINT, INK, INK_2, INK_3, KEPT, LINE, PAPER, bare, fitted, new_figure
from labsim.show.words import NOT_A_FORECAST


def draw_schelling(solution: Game, path: Path, command: str) -> Any:
    """The Schelling diagram: what keeping and removing pay against how many others have removed, and the difference."""
    game, points = solution.closure, solution.schelling
    if not points:
        raise ScenarioError(f"--plot: '{game.scenario}' has too many kinds of labs for a Schelling diagram")
    figure = new_figure(8.5, 6.2)
    levels, gaps = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.4))
    figure.subplots_adjust(left=0.1, right=0.88, top=0.83, bottom=0.17, hspace=0.32)
    draw_curves(levels, gaps, solution)
    figure.text(
        0.02, 0.977, f"{game.scenario}: {game.label}", fontsize=14, color=INK, va="top", family="serif"
    )  # fmt: skip
    figure.text(
        0.02, 0.925, "Schelling diagram; same luck; points are means, bars 95 % intervals", fontsize=8.5, color=INK_3,
        va="top",
    )  # fmt: skip
    source = f"labsim, {game.replications} replications, seed {game.seed}. {NOT_A_FORECAST}"
    figure.text(0.02, 0.015, f"{textwrap.fill(command, 110)}\n{source}", fontsize=8.5, color=INK_3)
    figure.savefig(path, facecolor=PAPER)
    return figure


def draw_curves(levels: Any, gaps: Any, solution: Game) -> None:
    """The two panels of a Schelling diagram: payoffs of keeping and of removing, and their paired difference."""
    game, points = solution.closure, solution.schelling
    places = [point.others for point in points]
    for name, color, marker, style, words in (
        ("keep", KEPT, "o", "-", "it keeps"), ("remove", CLOSED, "s", "--", "it removes")
    ):  # fmt: skip
        levels_of = [getattr(point, name) for point in points]
        means, halves = [100 * s.mean for s in levels_of], [half_width(s.se, 100) for s in levels_of]
        levels.errorbar(places, means, halves, color=color, marker=marker, linestyle=style, linewidth=2, markersize=5.5)
        upper = means[-1] >= 100 * max(points[-1].keep.mean, points[-1].remove.mean)
        levels.annotate(
            words, (places[-1], means[-1]), (14, 2 if upper else -2), textcoords="offset points", color=color,
            va="bottom" if upper else "top",
        )  # fmt: skip
    differences = [100 * point.difference.mean for point in points]
    gaps.errorbar(
        places, differences, [half_width(point.difference.se, 100) for point in points], color=INK, marker="o",
        linewidth=2, markersize=4.5,
    )  # fmt: skip
    gaps.axhline(0, color=FAINT, linewidth=1)
    for axes in (levels, gaps):
        bare(axes)
        axes.grid(axis="y", color=LINE, linewidth=0.75)
        axes.margins(x=0.04, y=0.15)
        for tip in solution.tipping_points:
            axes.axvline(tip.others, color=INK_3, linewidth=1, linestyle=":")
    for tip in solution.tipping_points:
        pays = "removing pays" if tip.beyond == "remove" else "keeping pays"
        levels.annotate(
            f"tipping point {tip.others:.1f}:\nbeyond it, {pays}", (tip.others, 1), (5, -2), fontsize=8.5, va="top",
            xycoords=("data", "axes fraction"), textcoords="offset points", color=INK_2,
        )  # fmt: skip
    levels.set_title(f"payoff of {fitted(game.focal, 60, 1)}, % of the prize", fontsize=10, color=INK, loc="left")
    gaps.set_title("removing minus keeping, % of the prize, paired", fontsize=10, color=INK, loc="left")
    gaps.set_xlabel("other labs that have removed the human", fontsize=10, color=INK, labelpad=8)
    gaps.set_xticks(places)
