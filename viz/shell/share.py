"""Take it with you: the link, the command, the file, the lines of Python; the data and the figure."""

import io
import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import solara

from labsim.show import plots
from labsim.show.numbers import TIMES
from labsim.show.words import NOT_A_FORECAST
from viz.parts import Copy
from viz.shell.elements import element
from viz.shell.session import Session
from viz.world.changes import WEEKS_A_MONTH, title
from viz.world.ensembles import FULL, SEED, Beside
from viz.world.one_future import one_future
from viz.world.world import FILE, World

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@solara.component
def Share(session: Session):
    """Four ways to go on elsewhere with this world."""
    world = session.world
    with element("section", class_="share", aria_label="Share"):
        Copy(name="Link", text=session.link("explore"), link=True)
        Copy(name="Command", text=world.command("run", "--replications", str(FULL)))
        Copy(name=f"TOML file ({FILE})", text=world.toml().strip())
        Copy(name="Python", text=world.python(FULL))
        solara.FileDownload(world.toml(), FILE, f"Save {FILE}")


@solara.component
def Download(session: Session, pair: Beside | None):
    """The numbers behind the screen, and its figure."""
    world, future = session.world, session.view.value.future
    with element("section", class_="share", aria_label="Download"):
        if pair is None:
            element("p", "The futures are still being run.")
            return
        element("p", f"{pair.n:,} futures, seed {SEED}; the figure as a picture that stands alone.", class_="soft")
        solara.FileDownload(lambda: data(pair), "labsim-futures.csv", "Data: one row a future (CSV)")
        for kind in ("svg", "png"):
            solara.FileDownload(
                lambda kind=kind: figure(world, future, pair, kind), f"labsim-gap.{kind}", f"Figure ({kind.upper()})"
            )


def data(pair: Beside) -> str:
    """The outcomes of each future, and of the world it is held against as `was.NAME`, as CSV."""
    columns = pair.here | {f"was.{name}": values for name, values in pair.there.items()}
    finish = {"finish": pair.world, "was.finish": pair.other}  # the week of it
    columns |= {name: ensemble.readings["delay_cost"][: pair.n] for name, ensemble in finish.items()}
    table = pd.DataFrame(columns)
    table.insert(0, "future", np.arange(pair.n))
    return table.to_csv(index=False)


def figure(world: World, future: int, pair: Beside, kind: str) -> bytes:
    """The gap over time: one future as it is and as measured, the band of 80 of 100, the same future unchanged."""
    drawn: Figure = plots.new_figure(8.5, 5.2)
    axes = drawn.add_axes((0.09, 0.19, 0.74, 0.6))
    axes.set_yscale("log")
    axes.minorticks_off()
    plots.bare(axes)
    race, low_middle_high = one_future(world.resolve(), future), pair.world.band()
    months = np.arange(low_middle_high.shape[1]) / WEEKS_A_MONTH
    axes.fill_between(months, *np.exp(low_middle_high[[0, 2]]), color=plots.INK, alpha=0.11, linewidth=0)
    lines = [("true gap", race["gap"], plots.INK, "-", 2.2), ("measured gap", race["measured"], plots.INK, ":", 2.2)]
    if world.changed:
        lines.append(("without your change", one_future(world.base.resolve(), future)["gap"], plots.FAINT, "-", 1.4))
    for words, gap, colour, style, width in lines:
        at = np.arange(len(gap)) / WEEKS_A_MONTH
        axes.plot(at, np.exp(gap), style, color=colour, linewidth=width)
        side = {"true gap": "bottom", "measured gap": "top"}.get(words, "center")  # the two end close to each other
        axes.annotate(words, (at[-1], np.exp(gap[-1])), (6, 0), textcoords="offset points", color=colour, va=side)
    axes.grid(axis="y", color=plots.LINE, linewidth=0.75)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}{TIMES}")
    axes.set_xlabel("months from April 2026", fontsize=10, color=plots.INK)
    axes.set_title("times that ability is ahead of what we can vouch for, mean of the labs", fontsize=10, loc="left")
    drawn.text(0.02, 0.975, textwrap.fill(title(world), 62), fontsize=14, color=plots.INK, va="top", family="serif")
    note = f"Future {future}, one of {pair.n:,}; the band holds 80 of 100 futures; same luck. {world.command()}"
    drawn.text(
        0.02, 0.02, f"{textwrap.fill(note, 118)}\nlabsim, seed {SEED}. {NOT_A_FORECAST}", fontsize=8, color=plots.INK_3
    )
    out = io.BytesIO()
    drawn.savefig(out, format=kind, facecolor=plots.PAPER)
    return out.getvalue()
