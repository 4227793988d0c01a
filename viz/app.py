"""The app's screens and their addresses. `labsim app` serves it."""

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

routes = [
    solara.Route(path="/", component=Home, layout=Layout, label="labsim"),  # the frame of the first is that of all
    solara.Route(path="explore", component=Explore, label="Explore: labsim"),
    solara.Route(path="learn", component=Learn, label="Learn: labsim"),
    solara.Route(path="why", component=Why, label="Why: labsim"),
    solara.Route(path="map", component=Map, label="Map: labsim"),
    solara.Route(path="loop", component=Loop, label="Loop: labsim"),
    solara.Route(path="compare", component=Compare, label="Compare: labsim"),
    solara.Route(path="pause-spec", component=PauseSpecEditor, label="Pause specification: labsim"),
    solara.Route(path="mesa", component=MesaView, label="The plain Mesa view: labsim"),
]
