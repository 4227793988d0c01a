"""Plain HTML elements as Solara components."""

from collections.abc import Callable
from functools import cache
from typing import Any

import ipyvuetify
import reacton.ipyvuetify as v
import solara
from reacton.core import ComponentWidget


def element(tag: str, *children: Any, class_: str = "", **attributes: str) -> solara.Element:
    """An HTML element; attributes as in HTML, with `_` for `-`."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    return _kind(tag)(tag=tag, children=list(children), class_=class_, attributes=named)


@cache
def _kind(tag: str) -> ComponentWidget:
    """A kind of widget for each tag: no element can change its tag, so another tag makes another element."""
    return ComponentWidget(widget=type(f"Html{tag.capitalize()}", (ipyvuetify.Html,), {}))


def picture(svg: str, class_: str = "") -> solara.Element:
    """An SVG drawing."""
    return solara.HTML(tag="span", unsafe_innerHTML=svg, classes=[class_] if class_ else [])


def button(*children: Any, on_press: Callable[[], None], class_: str = "btn", **attributes: str) -> solara.Element:
    """A real button, for mouse, finger and keyboard."""
    made = element("button", *children, class_=class_, type="button", **attributes)
    v.use_event(made, "click", lambda *_: on_press())
    return made


def link(*children: Any, to: str, class_: str = "", **attributes: str) -> solara.Element:
    """A way to another screen that stays in this session; as a link it can be copied and opened elsewhere."""
    router = solara.use_router()
    made = element("a", *children, class_=class_, href=to, **attributes)
    v.use_event(made, "click.exact.prevent", lambda *_: router.push(to))
    return made
