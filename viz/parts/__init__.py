"""Pieces that must answer in the browser itself, each a Vue component beside this file. Props in, events out."""

from collections.abc import Callable
from typing import Any

import solara

Event = Callable[[Any], None] | None


@solara.component_vue("address.vue")
def Address(query: str = ""):
    """Keeps the address bar on this query without a new entry in the history."""


@solara.component_vue("pause_rules.vue")
def PauseRules(
    groups: list = (), labs: list = (), who: str = "", old: bool = False, event_changed: Event = None,
    event_bound: Event = None,
):  # fmt: skip
    """Rules as sentences with a number in each; says what was typed, checks nothing itself."""


@solara.component_vue("paste.vue")
def Paste(label: str = "", verb: str = "", error: str = "", event_given: Event = None):
    """A box to paste a text into."""
