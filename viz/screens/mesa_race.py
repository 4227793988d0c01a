"""labsim's race as Mesa's own visualisation takes it: a model made of plain values, and what is drawn of it."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import networkx as nx
import numpy as np
import solara

import labsim
from labsim.scenario.checked import CATALOGUE
from labsim.scenario.files import shipped_scenarios
from labsim.show.numbers import MINUS
from labsim.show.plots import CLOSED, FAINT, INK, INK_2, KEPT, LINE, PAPER, bare, new_figure
from labsim.show.words import listed
from viz.shell.elements import element
from viz.world.changes import label
from viz.world.scale import scale

PARAMETERS = {  # of the model's constructor: paths of the catalogue
    "winner_share": "competition.winner_share",
    "own_harm": "decision.own_harm",
    "review": "cycle.review",
    "ideas": "competition.ideas",
}
MOST_SEED = 99
GAP = f"gap: exposure ln C {MINUS} ln A, mean of labs"
PLOTS = (  # columns of the data collector with their colours, the title, the top of the axis if it is fixed
    ({"exposure": INK, "measured": FAINT}, GAP, None),
    ({"closed": CLOSED}, "share of labs without a human", 1.0),
)


class MesaRace(labsim.Race):
    """`labsim.Race` from values that a form can set: None is as the scenario has it."""

    def __init__(
        self, world: str = "hassabis-baseline", seed: int = 0, future: int = 0, winner_share: float | None = None,
        own_harm: float | None = None, review: float | None = None, ideas: float | None = None,
    ):  # fmt: skip
        given = {"winner_share": winner_share, "own_harm": own_harm, "review": review, "ideas": ideas}
        changes = {PARAMETERS[name]: value for name, value in given.items() if value is not None}
        super().__init__(labsim.load(world).with_(changes), seed=seed, replication=future)


def form(world: str) -> dict[str, Any]:
    """What the form sets, as `SolaraViz` takes it; sliders start at the scenario's own values."""
    own = labsim.load(world)
    fields: dict[str, Any] = {
        "world": {"type": "Select", "label": "scenario", "value": world, "values": list(shipped_scenarios())},
        "seed": _slider("SliderInt", "seed", 0, 0, MOST_SEED, 1),
        "future": _slider("SliderInt", "future: which luck", 0, 0, MOST_SEED, 1),
    }
    for name, path in PARAMETERS.items():
        reach = scale(path)
        unit = f", {CATALOGUE[path].unit}" if CATALOGUE[path].unit else ""
        step = (reach.high - reach.low) / 100
        fields[name] = _slider("SliderFloat", f"{label(path)}{unit}", own[path], reach.low, reach.high, step)
    return fields


def _slider(kind: str, words: str, value: float, low: float, high: float, step: float) -> dict[str, Any]:
    return {"type": kind, "label": words, "value": value, "min": low, "max": high, "step": step}


@cache
def visualisation() -> tuple[Any, list]:
    """(Mesa's `SolaraViz`, the components that it shows); imported when asked for, for it takes seconds."""
    with warnings.catch_warnings():  # Mesa 3.3 breaks a rule of Solara's in a way that does no harm
        warnings.simplefilter("ignore", UserWarning)
        from mesa.visualization import SolaraViz, make_plot_component
    plots = [make_plot_component(columns, post_process=_dressed(title, top)) for columns, title, top in PLOTS]
    return SolaraViz, [Network, *plots]


def _dressed(title: str, top: float | None) -> Callable[[Any], None]:
    """What is done to a plot's axes when all is drawn."""

    def dress(axes: Any) -> None:
        bare(axes)
        axes.figure.set_facecolor(PAPER)
        axes.grid(axis="y", color=LINE)
        axes.set_ylim(0, top)
        axes.set_title(title, loc="left", fontsize=11, color=INK)
        if len(axes.lines) == 1:
            axes.get_legend().remove()

    return dress


def Network(race: labsim.Race) -> None:
    """Who sees whose ideas; a lab without a human is orange in a ring, its size is its capability."""
    from mesa.visualization.utils import update_counter

    graph = nx.from_numpy_array(np.array(race.weights))
    place = nx.circular_layout(graph)
    figure = new_figure(5, 4)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.84))
    axes.set_axis_off()
    axes.margins(0.22)
    nx.draw_networkx_edges(graph, place, ax=axes, edge_color=FAINT, width=0.8)
    sizes = [220 + 90 * max(0.0, lab.log_capability) for lab in race.labs]
    colors = [CLOSED if lab.closed else KEPT for lab in race.labs]
    rings = [node for node, lab in enumerate(race.labs) if lab.closed]
    nx.draw_networkx_nodes(graph, place, ax=axes, node_color=colors, node_size=sizes)
    nx.draw_networkx_nodes(
        graph, place, rings, ax=axes, node_color="none", edgecolors=CLOSED, node_size=[2.2 * sizes[i] for i in rings]
    )
    for node, lab in enumerate(race.labs):
        words = f"{lab.name}{', closed' if lab.closed else ''}"
        axes.annotate(words, place[node], (0, -26), textcoords="offset points", ha="center", fontsize=9, color=INK_2)
    axes.set_title(f"ideas, week {int(race.week)}", loc="left", fontsize=11, color=INK)
    with element("figure"):
        solara.FigureMatplotlib(figure, dependencies=[update_counter.value, race])
        element("figcaption", told(race), class_="tiny mute")


def told(race: labsim.Race) -> str:
    """What the three pictures show now, for readers that do not see them."""
    closed = [lab.name for lab in race.labs if lab.closed]
    who = f" ({listed(closed)})" if closed else ""
    return (
        f"Week {int(race.week)}: {len(closed)} of {len(race.labs)} labs without a human{who}; "
        f"exposure {race.exposure:.2f}, measured {race.measured:.2f}, mean of the labs."
    )
