"""Pieces that must answer in the browser itself, each a Vue component beside this file. Props in, events out."""

from collections.abc import Callable
from typing import Any

import solara

Event = Callable[[Any], None] | None


@solara.component_vue("address.vue")
def Address(query: str = "", opening: str = ""):
    """Keeps the address bar on this query, no new entry in the history; the first page stays short at `opening`."""


@solara.component_vue("pause_rules.vue")
def PauseRules(
    groups: list = (), labs: list = (), who: str = "", old: bool = False, event_changed: Event = None,
    event_bound: Event = None,
):  # fmt: skip
    """Rules as sentences with a number in each; says what was typed, checks nothing itself."""


@solara.component_vue("paste.vue")
def Paste(label: str = "", verb: str = "", error: str = "", event_given: Event = None):
    """A box to paste a text into."""


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


@solara.component_vue("stage.vue")
def Stage(
    future: Any = None, base: Any = None, band: Any = None, edges: Any = (), week: int = 0, n: int = 0,
    stale: bool = False, event_week: Event = None, event_lab: Event = None, event_future: Event = None,
):  # fmt: skip
    """One future on the track, its gap over time, and the scrubber of both; `base` is the same future unchanged."""


@solara.component_vue("copy.vue")
def Copy(name: str = "", text: str = "", link: bool = False):
    """A text to copy; a link gets this machine's address before it."""


@solara.component_vue("pick.vue")
def Pick(label: str = "", value: str = "", options: Any = (), event_pick: Event = None):
    """A choice among `options` [{"name", "about"}]."""


@solara.component_vue("guess.vue")
def Guess(question: str = "", hint: str = "", base: int = -1, event_guess: Event = None):
    """A guess from 0 to 100, with a notch at what is known; said once, by the button."""


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
