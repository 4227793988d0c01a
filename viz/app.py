"""The app's screens and their addresses, each once: to add one, write it in `screens/` and give it a line here."""

import solara

from viz.screens.compare import Compare
from viz.screens.explore import Explore
from viz.screens.guided import Learn
from viz.screens.home import Home
from viz.screens.loop import Loop
from viz.screens.map import Map
from viz.screens.mesa_view import MesaView
from viz.screens.pause_spec import PauseSpecEditor
from viz.screens.why import Why
from viz.shell.frame import Layout

NAME = "labsim"


def screen(path: str, component: solara.Element, title: str, menu: str = "") -> solara.Route:
    """A screen: its address, what it shows, its title, its name in the menu (none: it is not there)."""
    return solara.Route(path=path, component=component, label=f"{title}: {NAME}", data=menu)


routes = [
    solara.Route(path="/", component=Home, layout=Layout, label=NAME),  # the frame of the first is that of all
    screen("explore", Explore, "Explore", "Explore"),
    screen("learn", Learn, "Learn", "Learn"),
    screen("why", Why, "Why", "Why"),
    screen("map", Map, "Map", "Map"),
    screen("loop", Loop, "Loop", "Loop"),
    screen("compare", Compare, "Compare", "Compare"),
    screen("pause-spec", PauseSpecEditor, "Pause specification", "Pause spec"),
    screen("mesa", MesaView, "The plain Mesa view"),
]
