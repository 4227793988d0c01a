"""Pieces that must answer in the browser itself, each a Vue component beside this file. Props in, events out."""

from collections.abc import Callable
from typing import Any

import solara

Event = Callable[[Any], None] | None


@solara.component_vue("address.vue")
def Address(query: str = ""):
    """Keeps the address bar on this query without a new entry in the history."""
