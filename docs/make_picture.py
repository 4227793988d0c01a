"""Draws docs/picture.png, the picture of the README, from real runs: python docs/make_picture.py

Above: who has a human in the loop, in one future. Below: how many times ability is ahead of what the
labs can vouch for, exp(exposure), as the geometric mean of the labs: that future, what the labs
measured, 80 of 100 futures, and the same luck with all labs keeping the human.
"""

import tempfile
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import font_manager

import labsim

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib import patheffects

HERE = Path(__file__).parent
FONTS = HERE.parent / "viz" / "assets" / "fonts"
PAPER, INK, INK_2, INK_3, LINE, BASELINE = "#FBF9F5", "#1D2126", "#454A52", "#646871", "#E2DCD1", "#8A8883"
KEPT, CLOSED = "#0B6680", "#B0440D"
FUTURES, MONTH, TIMES = 200, 52 / 12, "\N{MULTIPLICATION SIGN}"
HALO = [patheffects.withStroke(linewidth=4, foreground=PAPER)]


def fonts() -> None:
    """The app's own fonts, if they can be unpacked here; else the default."""
    try:
        import brotli  # noqa: F401
        from fontTools.ttLib import TTFont
        from fontTools.varLib.instancer import instantiateVariableFont
    except ImportError:
        return
    folder = Path(tempfile.mkdtemp())
    for name in ("source-sans-3", "source-serif-4"):
        for weight in (400, 600):
            font = instantiateVariableFont(TTFont(FONTS / f"{name}.woff2"), {"wght": weight}, updateFontNames=False)
            font.flavor = None
            kind = "Sans" if "sans" in name else "Serif"
            for record in font["name"].names:
                if record.nameID in (1, 16):
                    record.string = f"Labsim {kind} {weight}"
            font.save(folder / f"{name}-{weight}.ttf")
            font_manager.fontManager.addfont(folder / f"{name}-{weight}.ttf")
    plt.rcParams["font.family"] = "Labsim Sans 400"


def family(kind: str, weight: int) -> dict:
    """Text properties for a font of ours, or the nearest there is."""
    name = f"Labsim {kind} {weight}"
    known = {font.name for font in font_manager.fontManager.ttflist}
    return {"family": name, "weight": weight} if name in known else {"weight": "bold" if weight > 500 else "normal"}


def gaps(scenario, replication: int):
    """(times ahead, the same as measured, oversight by lab) week by week, in one future."""
    race = labsim.Race(scenario, seed=0, replication=replication).run()
    labs = race.datacollector.get_agenttype_vars_dataframe(labsim.Lab).reset_index()
    by_week = labs.groupby("Step")[["exposure", "measured"]].mean()
    return np.exp(by_week["exposure"].to_numpy()), np.exp(by_week["measured"].to_numpy()), labs


def table(curves: list) -> np.ndarray:
    """Curves of different length as rows, nan after a race's end."""
    rows = np.full((len(curves), max(len(c) for c in curves)), np.nan)
    for row, curve in zip(rows, curves, strict=True):
        row[: len(curve)] = curve
    return rows


def most_typical(worlds: list, keeping: list) -> int:
    """The future nearest to the median in the gaps and the lengths of both worlds."""
    traits = np.log([[w[0][-1], len(w[0]), k[0][-1], len(k[0])] for w, k in zip(worlds, keeping, strict=True)])
    distance = np.abs(traits - np.median(traits, axis=0)) / np.std(traits, axis=0)
    return int(np.argmin(distance.sum(axis=1)))


def draw_labs(axes, labs, names: list[str]) -> None:
    """A row for each lab: teal and solid while a human is in the loop, orange and dashed without."""
    for row, name in enumerate(names):
        own = labs[labs["name"] == name]
        weeks, y = own["Step"].to_numpy() / MONTH, len(names) - 1 - row
        closed = own["oversight"].to_numpy() == 0.0
        edges = [0, *(np.flatnonzero(np.diff(closed)) + 1), len(weeks)]
        for a, b in pairwise(edges):
            x = [weeks[a] if a else 0, weeks[min(b, len(weeks) - 1)]]
            if closed[a]:
                axes.plot(x, [y, y], color=CLOSED, lw=2.25, dashes=(2.2, 1.5))
                axes.plot(x[0], y, "o", ms=11, mfc=PAPER, mec=CLOSED, mew=1.8, clip_on=False)
                axes.plot(x[0], y, "o", ms=5, color=CLOSED, clip_on=False)
            else:
                axes.plot(x, [y, y], color=KEPT, lw=2.25, solid_capstyle="round")
        turns = weeks[np.flatnonzero(np.diff(closed)) + 1]
        color = CLOSED if closed[-1] else KEPT
        said = "keeps the human" if not closed.any() else f"human removed, month {turns[0]:.0f}"
        if len(turns) > 1:
            said += f", {'back' if len(turns) == 2 else 'last changed'} {turns[-1]:.0f}"
        axes.text(-0.35, y, name, ha="right", va="center", fontsize=13, color=INK, **family("Sans", 600))
        axes.text(weeks[-1] + 0.35, y, said, ha="left", va="center", fontsize=12.5, color=color)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_yticks([])


def main() -> None:
    """Run, draw, write the file."""
    fonts()
    scenario = labsim.load("hassabis-baseline")
    worlds = [gaps(scenario, r) for r in range(FUTURES)]
    keeping = [gaps(scenario.with_strategy("keeper"), r) for r in range(FUTURES)]
    future = most_typical(worlds, keeping)
    all_keep = keeping[future][0]
    true, measured, labs = worlds[future]
    rows = table([w[0] for w in worlds])
    racing = np.sum(~np.isnan(rows), axis=0) >= FUTURES / 2
    low, high = np.nanquantile(rows[:, racing], [0.1, 0.9], axis=0)
    last, keeps_until = len(true) / MONTH, len(all_keep) / MONTH

    figure, (top, axes) = plt.subplots(
        2, 1, figsize=(11, 7.6), dpi=160, facecolor=PAPER, sharex=True, height_ratios=[1.0, 2.1]
    )
    figure.subplots_adjust(left=0.085, right=0.985, top=0.86, bottom=0.135, hspace=0.16)
    draw_labs(top, labs, [lab.name for lab in scenario.all_labs])

    def month(values):
        return np.arange(1, len(values) + 1) / MONTH

    axes.set_yscale("log")
    top_tick = 10 ** np.ceil(np.log10(max(high.max(), true.max())))
    ticks = [t for t in (1, 3, 10, 30, 100, 300, 1000) if t <= top_tick]
    axes.hlines(ticks, 0, keeps_until, color=LINE, lw=0.9, zorder=0)
    axes.hlines(1, 0, keeps_until, color=BASELINE, lw=0.9, zorder=0)
    axes.fill_between(month(low), low, high, color=INK, alpha=0.11, lw=0)
    axes.plot(month(all_keep), all_keep, color=BASELINE, lw=1.7)
    axes.plot([keeps_until] * 2, [all_keep[-1] / 1.12, all_keep[-1] * 1.12], color=BASELINE, lw=1.7)
    axes.plot(month(true), true, color=INK, lw=2.5, solid_capstyle="round")
    axes.plot(month(measured), measured, color=INK, lw=2.5, ls=(0, (0.1, 2.1)), dash_capstyle="round")

    def label(x, y, text, color=INK, weight=400, **more):
        more = {"ha": "left", "va": "center", "fontsize": 13.5, "linespacing": 1.25} | more
        axes.text(x, y, text, color=color, path_effects=HALO, **family("Sans", weight), **more)

    label(last + 0.35, true[-1], f"true gap: {true[-1]:.0f}{TIMES}", weight=600)
    label(last + 0.35, measured[-1], f"what the labs measured: {measured[-1]:.0f}{TIMES}")
    middle = int(0.62 * len(low))
    label(middle / MONTH, high[middle] * 1.2, "80 of 100 futures", INK_3, ha="right", va="bottom", fontsize=12.5)
    keep = f"same luck, all keep the human: {all_keep[-1]:.0f}{TIMES}"
    label(keeps_until, 1.25 * all_keep[-1], keep, INK_2, ha="right", va="bottom", fontsize=12.5)
    axes.set_yticks(ticks, [f"{t}{TIMES}" for t in ticks])
    axes.set_yticks([], minor=True)
    axes.set_ylim(0.93, max(high.max(), true.max(), all_keep.max()) * 1.5)
    axes.set_xlim(0, keeps_until + 0.2)
    step = 6
    axes.set_xticks(range(0, int(keeps_until) + 1, step), ["month 0", *range(step, int(keeps_until) + 1, step)])
    for each in (top, axes):
        each.set_facecolor(PAPER)
        each.tick_params(length=0, labelsize=12.5, labelcolor=INK_3)
        each.spines[:].set_visible(False)
    top.tick_params(labelbottom=False)
    titles = {"x": 0.02, "ha": "left"}
    removed = labs[labs["oversight"] == 0.0]["name"].nunique()
    figure.text(y=0.945, s=f"{_number(removed)} of five labs remove the human, and finish in month {last:.0f} "
                f"instead of {keeps_until:.0f}", fontsize=21, color=INK, **titles, **family("Serif", 600))  # fmt: skip
    figure.text(y=0.895, s="How many times ability is ahead of what the labs can vouch for, mean of five labs, in one "
                "future of the scenario hassabis-baseline", fontsize=13.5, color=INK_2, **titles)  # fmt: skip
    figure.text(y=0.045, s="A model for reasoning about incentives. Not a forecast.", fontsize=12.5, color=INK_2,
                **titles, **family("Sans", 600))  # fmt: skip
    figure.text(y=0.018, s=f"Source: labsim, {FUTURES} futures, seed 0. Bold: future {future}, the most typical one. "
                "Band: while at least half of the races go on. Drawn by docs/make_picture.py.",
                fontsize=11.5, color=INK_3, **titles)  # fmt: skip
    figure.savefig(HERE / "picture.png", facecolor=PAPER)


def _number(count: int) -> str:
    return ("None", "One", "Two", "Three", "Four", "All")[count]


if __name__ == "__main__":
    main()
