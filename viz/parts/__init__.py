"""Pieces that must answer in the browser itself, each a Vue component beside this file. Props in, events out."""

from collections.abc import Callable
from typing import Any

import solara

Event = Callable[[Any], None] | None


@solara.component_vue("address.vue")
def Address(query: str = ""):
    """Keeps the address bar on this query without a new entry in the history."""


@solara.component_vue("decisions.vue")
def Decisions(
    labs: list, lab: str, future: int, most: int, week: int, marks: list, words: str, tried: list, tried_words: str,
    weeks_a_month: float, event_pick: Event = None,
):  # fmt: skip
    """The decisions of a lab on a line of time, and what picks one: lab, future, week."""


@solara.component_vue("flips.vue")
def Flips(
    items: list, tried: str, result: str, can_open: bool, event_attempt: Event = None, event_open_world: Event = None
):
    """What would have changed a mind, nearest first, each to be tried."""


@solara.component_vue("map.vue")
def RegimePlane(
    x: dict, y: dict, groups: list, cells: list, kinds: list, names: list, borders: list, told: str, progress: str,
    event_moved: Event = None, event_pick: Event = None,
):  # fmt: skip
    """A map of games over two parameters, a point on it that can be moved, and a slider for each axis."""


@solara.component_vue("choose.vue")
def Choose(label: str, items: list, value: str, event_chosen: Event = None):
    """One of a few names, by the browser's own list."""
