"""The app's frame. `labsim app` serves it."""

import solara

from . import marks
from .elements import NOT_A_FORECAST, element, picture
from .home import Home


@solara.component
def Layout(children):
    """What every screen has: the name above, the line below."""
    with element("div", class_="shell"):
        element("header", element("a", picture(marks.BRAND), "labsim", class_="brand", href="/"), class_="top")
        element("div", *children, class_="v-screen", style="flex: 1")
        element("footer", element("b", NOT_A_FORECAST), class_="foot")


@solara.component
def Page():
    """The first screen."""
    solara.Title("labsim")
    Home()
