"""The picture of a decision: what removing changes, term by term, and the sum."""

from pathlib import Path
from typing import Any

from labsim.reasons.reasons import Decision
from labsim.reasons.report import LEAST_SHOWN, SUM, margin, prizes, what_it_does
from labsim.scenario.checked import ScenarioError
from labsim.scenario.files import named
from labsim.show.plots import FAINT, INK, INK_2, INK_3, LINE, PAPER, bare, new_figure
from labsim.show.words import NOT_A_FORECAST

KEPT, CLOSED = "#0B6680", "#B0440D"  # the app's two accents: human in the loop, human removed


def steps(decision: Decision) -> list[tuple[str, float, float]]:
    """(words, from, to) of each bar: what speaks for removing, then what speaks against, largest first; the sum.

    Terms too small to see are one bar, so that the bars add up to the margin.
    """
    shown = [(term.words, term.difference) for term in decision.terms if abs(term.difference) >= LEAST_SHOWN]
    small = decision.margin - sum(value for _, value in shown)
    if abs(small) >= LEAST_SHOWN:
        shown.append(("all smaller terms", small))
    ordered = sorted((pair for pair in shown if pair[1] > 0), key=lambda pair: -pair[1])
    ordered += sorted((pair for pair in shown if pair[1] < 0), key=lambda pair: pair[1])
    bars, level = [], 0.0
    for words, value in ordered:
        bars.append((words, level, level + value))
        level += value
    return [*bars, (SUM, 0.0, decision.margin)]


def draw_decision(decision: Decision, path: Path) -> Any:
    """A waterfall of the margin. Raises ScenarioError for a strategy that weighs nothing."""
    if not decision.terms:
        strategy = decision.position.strategy
        raise ScenarioError(f"--plot: {decision.lab}'s strategy, {strategy}, weighs nothing that could be drawn")
    from matplotlib import patheffects

    bars, race = steps(decision), decision.race
    halo = [patheffects.withStroke(linewidth=3, foreground=PAPER)]
    height = 1.75 + 0.38 * len(bars)
    figure = new_figure(8.5, height)
    axes = figure.add_axes((0.31, 0.95 / height, 0.60, 0.38 * len(bars) / height))
    bare(axes)
    axes.axvline(0, color=FAINT, linewidth=1)
    for row, (_, start, end) in enumerate(bars):
        left, width = min(start, end), abs(end - start)
        if row == len(bars) - 1:
            axes.barh(row, width, left=left, height=0.62, color=INK)
        elif end > start:
            axes.barh(row, width, left=left, height=0.62, color=CLOSED)
        else:
            axes.barh(row, width, left=left, height=0.62, color=PAPER, edgecolor=KEPT, linewidth=1.8)
        words = margin if row == len(bars) - 1 else prizes
        axes.annotate(
            words(end - start), (max(start, end), row), (5, 0), textcoords="offset points", va="center", fontsize=9,
            color=INK, path_effects=halo,
        )  # fmt: skip
        if row < len(bars) - 1:
            axes.plot([end, end], [row + 0.31, row + 0.69], color=FAINT, linewidth=0.75)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_yticks(range(len(bars)), [words for words, _, _ in bars])
    axes.tick_params(axis="y", labelsize=9, labelcolor=INK_2)
    axes.grid(axis="x", color=LINE, linewidth=0.75)
    axes.set_axisbelow(True)
    axes.use_sticky_edges = False
    axes.margins(x=0.09)
    axes.set_xlabel("prizes: 1 is the whole prize of the race", fontsize=8.5, color=INK_3)
    act = "remove" if decision.removes else "keep"
    odds = "" if decision.chance is None else f"; {act} in {100 * decision.chance:.0f} of 100 draws of its leaning"
    for text, down, size, family in (
        (what_it_does(decision), 0.14, 14, "serif"),
        ("What removing changes. Filled speaks for removing, outlined for keeping" + odds, 0.5, 8.5, "sans-serif"),
    ):
        color = INK if family == "serif" else INK_3
        figure.text(0.02, 1 - down / height, text, fontsize=size, color=color, va="top", family=family)
    figure.text(
        0.02, 0.1 / height, fontsize=8.5, color=INK_3,
        s=f"labsim, {named(race.scenario)}, future {race.replication}, seed {race.seed}. {NOT_A_FORECAST}",
    )  # fmt: skip
    figure.savefig(path, facecolor=PAPER)
    return figure
