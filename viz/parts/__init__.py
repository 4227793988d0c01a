"""Pieces that must answer in the browser itself, each a Vue component beside this file. Props in, events out."""

from collections.abc import Callable
from typing import Any

import solara

Event = Callable[[Any], None] | None


@solara.component_vue("address.vue")
def Address(query: str = ""):
    """Keeps the address bar on this query without a new entry in the history."""


@solara.component_vue("levers.vue")
def Levers(
    tabs: Any = (), tab: str = "", groups: Any = None, changed: Any = None, force: Any = (), labs: Any = (),
    choices: Any = None, tally: str = "", event_tab: Event = None, event_move: Event = None, event_choose: Event = None,
    event_switch: Event = None, event_reset: Event = None, event_reset_all: Event = None, event_lab: Event = None,
    event_reset_lab: Event = None,
):  # fmt: skip
    """The panel of levers: `groups` by tab are as shipped and stay, `changed` is what differs now (see levers.py)."""


@solara.component_vue("strip.vue")
def Strip(
    labs: Any = (), races: Any = None, choice: str = "", skip: bool = False, you: int = 0, event_done: Event = None
):
    """The race track of Home: the weeks before the choice, then one race to its end, which `event_done` tells."""


@solara.component_vue("gauges.vue")
def Gauges(races: Any = None, choice: str = "", you: int = 0):
    """Speed and gap of one lab in the week that the strip shows."""


@solara.component_vue("loop_steps.vue")
def LoopSteps(
    labs: Any = (), lab: str = "", when: str = "", first: bool = False, last: bool = False, luck: int = 1,
    lucks: int = 1, event_lab: Event = None, event_cycle: Event = None, event_luck: Event = None,
):  # fmt: skip
    """Which lab, which of its cycles, which luck: events say the lab's name, or a step of 1 or -1."""
