"""The figures of a report: the gap over time, who closes when, the world beside its twins, assumptions one by one."""

import math
import textwrap
from typing import Any

import numpy as np

from labsim.games.plot import draw_curves
from labsim.model.outcomes import OUTCOMES
from labsim.reports.report import CLOSERS, Report
from labsim.reports.sensitivity import Effect
from labsim.reports.svg import Picture, picture
from labsim.runs.summary import Summary
from labsim.scenario.checked import CATALOGUE
from labsim.show.numbers import TIMES, estimate, half_width, number, short
from labsim.show.plots import CLOSED, FAINT, INK, INK_2, INK_3, KEPT, LINE, PAPER, bare, fitted, letters, new_figure
from labsim.show.words import listed

MULTIPLES = (1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000, 10_000)  # ticks: C in multiples of A
RUNNING = 0.25  # a week is drawn while at least this share of the futures is still running
BESIDE = ("catastrophe", "closed_share", "race_weeks", "exposure", "payoff", "welfare")
WORLDS = {
    "all_keep": ("all keep", KEPT, "o"),
    "run": ("this world", INK, "D"),
    "all_remove": ("all remove", CLOSED, "s"),
}
SHOWN = 10  # assumptions in the tornado
NARROWER = 5.0  # inches: below it, a column holds one panel


def figures(report: Report) -> dict[str, Picture]:
    """The figures that there is something to draw for, by name."""
    result = {"gap": gap(report), "closures": closures(report), "twins": twins(report)}
    if report.game and report.game.schelling:
        result["schelling"] = schelling(report)
    if strongest(report.effects):
        result["tornado"] = tornado(report)
    return {name: one for name, one in result.items() if one is not None}


def strongest(effects: list[Effect]) -> list[Effect]:
    """The assumptions that the tornado shows: the largest effects that are not nothing."""
    return [effect for effect in effects if effect.size > 0.0][:SHOWN]


def axes_of(width: float, height: float, left: float, right: float, top: float, bottom: float) -> tuple[Any, Any]:
    """(figure, its axes), margins in inches."""
    figure = new_figure(width, height)
    axes = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )
    bare(axes)
    return figure, axes


def gap(report: Report) -> Picture | None:
    """The fan of the true exposure week by week, and the median of what labs measure of it."""
    table, enough = report.results.fan, RUNNING * report.results.replications
    true, read = (table[(table["quantity"] == name) & (table["n"] >= enough)] for name in ("exposure", "measured"))
    if true.empty:
        return None
    last = true.iloc[-1]

    def draw(width: float) -> Any:
        figure, axes = axes_of(width, 3.7 if width > NARROWER else 3.9, 0.55, 0.15, 0.78, 0.55)
        for low, high, alpha in (("q05", "q95", 0.10), ("q25", "q75", 0.16)):
            of = "90" if low == "q05" else "50"
            axes.fill_between(
                true["week"], true[low], true[high], color=INK, alpha=alpha, linewidth=0, label=f"{of} of 100 futures"
            )
        axes.plot(true["week"], true["q50"], color=INK, linewidth=2, label="true gap, median")
        dots = (0, (0.1, 2.4))
        axes.plot(
            read["week"], read["q50"], color=INK, linewidth=2, linestyle=dots, dash_capstyle="round",
            label="as labs measure it, median",
        )  # fmt: skip
        top = max(true["q95"].max(), read["q50"].max(), 0.2)
        ticks = _apart([times for times in MULTIPLES if math.log(times) <= 1.05 * top], 0.07 * top)
        axes.set_yticks([math.log(times) for times in ticks], [f"{times:g}{TIMES}" for times in ticks])
        axes.set_ylim(min(0.0, true["q05"].min()), 1.05 * top)
        axes.set_xlim(0, max(1, last["week"]))
        axes.grid(axis="y", color=LINE, linewidth=0.75)
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("week of the race", fontsize=9, color=INK_3)
        axes.set_title("capability C as a multiple of alignment A", fontsize=9, color=INK_3, loc="left", pad=40)
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, frameon=False, fontsize=8.5, labelcolor=INK_2,
            handlelength=1.6, columnspacing=1.2, borderaxespad=0.2,
        )  # fmt: skip
        return figure

    middle, least, most = (f"{math.exp(last[name]):.3g}" for name in ("q50", "q05", "q95"))
    alt = (
        f"Fan chart. In week {last['week']:.0f}, capability is {middle} times alignment in the median future, and from "
        f"{least} to {most} times in 90 of 100; by what the labs themselves measure it is "
        f"{math.exp(read.iloc[-1]['q50']):.3g} times."
    )
    return picture("gap", alt, draw)


def _apart(ticks: list[float], least: float) -> list[float]:
    """The ticks of a log scale whose logarithms are at least so far apart, from the first one on."""
    kept = ticks[:1]
    for tick in ticks[1:]:
        if math.log(tick / kept[-1]) >= least:
            kept.append(tick)
    return kept


def closures(report: Report) -> Picture:
    """For each lab, when it first removed the human, and in how many futures it did."""
    rows = report.closures

    def draw(width: float) -> Any:
        size = 0.42
        names = [fitted(lab.lab, 40 if width > NARROWER else 18) for lab in rows]
        left = 0.2 + 0.075 * max(letters(name) for name in names)
        figure, axes = axes_of(width, 0.6 + size * len(rows), left, 0.8, 0.05, 0.55)
        for row, lab in enumerate(rows):
            axes.plot([0, 1], [row, row], color=LINE, linewidth=0.75, transform=axes.get_yaxis_transform())
            if lab.weeks:
                axes.plot([lab.weeks["q05"], lab.weeks["q95"]], [row, row], color=CLOSED, linewidth=1.4)
                axes.plot(
                    [lab.weeks["q25"], lab.weeks["q75"]], [row, row], color=CLOSED, linewidth=6, alpha=0.45,
                    solid_capstyle="butt",
                )  # fmt: skip
                axes.plot(lab.weeks["q50"], row, "o", color=CLOSED, markersize=7, markeredgecolor=PAPER)
            text = f"{100 * lab.share:.0f} of 100" if lab.weeks else "never"
            axes.annotate(
                text, (1, row), (8, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points", va="center",
                fontsize=9, color=INK_2,
            )  # fmt: skip
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), names)
        axes.tick_params(axis="y", labelsize=9.5, labelcolor=INK)
        axes.set_xlim(0, 1.05 * max([lab.weeks["q95"] for lab in rows if lab.weeks] or [report.scenario["race.weeks"]]))
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("week in which the lab first removed the human", fontsize=9, color=INK_3)
        return figure

    said = [
        f"{lab.lab} in {100 * lab.share:.0f} of 100 futures, median week {lab.weeks['q50']:.0f}"
        if lab.weeks
        else f"{lab.lab} never"
        for lab in rows
    ]
    return picture("closures", f"First removal of the human by lab, over {report.replications[CLOSERS]} futures: "
                   f"{listed(said)}.", draw)  # fmt: skip


def twins(report: Report) -> Picture:
    """Six outcomes of this world beside its twins: means with 95 % intervals, and 90 of 100 futures."""
    results = report.results
    levels = {"run": results.summaries, **results.twin_levels}

    def draw(width: float) -> Any:
        columns = 2 if width > NARROWER else 1
        lines = -(-len(BESIDE) // columns)
        height = 1.42 * lines + 0.1
        figure = new_figure(width, height)
        panels = figure.subplots(lines, columns, squeeze=False).ravel()
        figure.subplots_adjust(
            left=0.92 / width, right=1 - 0.12 / width, top=1 - 0.36 / height, bottom=0.32 / height,
            hspace=0.95, wspace=0.42,
        )  # fmt: skip
        for axes, name in zip(panels, BESIDE, strict=True):
            outcome = OUTCOMES[name]
            bare(axes)
            for row, (world, (_, color, marker)) in enumerate(WORLDS.items()):
                _level(axes, row, levels[world][name], outcome.scale, color, marker)
            axes.set_yticks(range(len(WORLDS)), [words for words, *_ in WORLDS.values()])
            axes.tick_params(axis="y", labelsize=8.5, labelcolor=INK_2)
            axes.set_ylim(len(WORLDS) - 0.4, -0.6)
            axes.margins(x=0.06)
            axes.locator_params(axis="x", nbins=5)
            axes.grid(axis="x", color=LINE, linewidth=0.75)
            axes.set_title(outcome.label, fontsize=10, color=INK, loc="left")
        return figure

    said = []
    for name in BESIDE:
        outcome = OUTCOMES[name]
        values = [f"{words} {estimate(levels[world][name], outcome.unit)}" for world, (words, *_) in WORLDS.items()]
        said.append(f"{outcome.label}: {', '.join(values)}")
    return picture("twins", f"This world beside its twins. {'; '.join(said)}.", draw)


def _level(axes: Any, row: int, summary: Summary, scale: float, color: str, marker: str) -> None:
    """A row of a panel: 90 of 100 futures as a thin line, the mean's interval as a thick one, the mean."""
    if summary.n == 0:
        axes.annotate("no such race", (0, row), fontsize=8.5, color=INK_3, va="center")
        return
    spread = [scale * summary.quantile(q) for q in (0.05, 0.95)]
    half = half_width(summary.se)
    axes.plot(spread, [row, row], color=color, linewidth=1)
    axes.plot([scale * (summary.mean - half), scale * (summary.mean + half)], [row, row], color=color, linewidth=3.2)
    axes.plot(scale * summary.mean, row, marker, color=color, markersize=6, markeredgecolor=PAPER)


def schelling(report: Report) -> Picture:
    """The Schelling diagram of the closure game."""
    result = report.game

    def draw(width: float) -> Any:
        height = 5.0
        figure = new_figure(width, height)
        levels, gaps = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1.4))
        figure.subplots_adjust(
            left=0.45 / width, right=1 - 0.95 / width, top=1 - 0.3 / height, bottom=0.6 / height, hspace=0.34
        )
        draw_curves(levels, gaps, result)
        return figure

    said = [
        f"with {point.others} others, keeping pays {estimate(point.keep, '%')}, removing {estimate(point.remove, '%')}"
        for point in result.schelling
    ]
    return picture("schelling", f"Payoff of {result.closure.focal} in per cent of the prize by how many other labs "
                   f"have removed the human: {'; '.join(said)}.", draw)  # fmt: skip


def tornado(report: Report) -> Picture:
    """The assumptions with the largest effects on harm, at both ends of their ranges."""
    effects = strongest(report.effects)

    def draw(width: float) -> Any:
        most = 88 if width > NARROWER else 46
        titles = [textwrap.wrap(effect.moved.words, most) for effect in effects]
        pitch, line = 0.66, 0.155
        tops = np.cumsum([0.0] + [pitch + line * (len(title) - 1) for title in titles])
        height = float(tops[-1]) + 0.75
        figure, axes = axes_of(width, height, 0.15, 0.15, 0.15, 0.6)
        for top, title, effect in zip(tops, titles, effects, strict=False):
            begin = top + line * len(title)
            axes.annotate(
                "\n".join(title), (0, begin - 0.015), xycoords=axes.get_yaxis_transform(), fontsize=9.5, color=INK,
                va="bottom", linespacing=1.15,
            )  # fmt: skip
            axes.plot([0, 0], [begin + 0.01, begin + 0.39], color=FAINT, linewidth=1)
            d = CATALOGUE[effect.moved.path]
            for down, end, change in (
                (0.1, effect.moved.low, effect.at_low), (0.3, effect.moved.high, effect.at_high)
            ):  # fmt: skip
                _bar(axes, begin + down, change, f"{short(end)} {d.unit}".rstrip(), end == effect.moved.high)
        largest = max(100 * effect.size for effect in effects)
        room = 1.75 if width > NARROWER else 2.5
        axes.set_xlim(-room * largest, room * largest)
        axes.set_ylim(float(tops[-1]), 0)
        axes.set_yticks([])
        axes.locator_params(axis="x", nbins=7 if width > NARROWER else 5)
        axes.xaxis.set_major_formatter(lambda value, _: number(value, sign=True).removesuffix(".0") if value else "0")
        axes.set_xlabel("change in catastrophes per 100 futures", fontsize=9, color=INK_3)
        return figure

    said = [
        f"{e.moved.words} from {short(e.moved.low)} to {short(e.moved.high)}: "
        f"{estimate(e.at_low, '%', sign=True)} to {estimate(e.at_high, '%', sign=True)}"
        for e in effects
    ]
    return picture("tornado", f"Changes in catastrophes per 100 futures, by assumption. {'; '.join(said)}.", draw)


def _bar(axes: Any, row: float, change: Summary, words: str, high: bool) -> None:
    """One end of an assumption: outlined at the low end, filled at the high one; its interval, its value in words."""
    value, half = 100 * change.mean, half_width(change.se, 100)
    axes.barh(row, value, height=0.15, color=INK_2 if high else PAPER, edgecolor=INK_2, linewidth=1)
    axes.plot([value - half, value + half], [row, row], color=FAINT if high else INK, linewidth=1)
    side = 1 if value >= 0 else -1
    edge = value + side * half
    axes.annotate(
        f"{words}: {number(value, sign=True)}", (edge, row), (5 * side, 0), textcoords="offset points", va="center",
        ha="left" if side > 0 else "right", fontsize=8.5, color=INK_2,
    )  # fmt: skip
