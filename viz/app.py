"""The app's screens and their addresses. `labsim app` serves it."""

import solara

from .compare import Compare
from .explore import Explore
from .frame import Layout
from .guided import Learn
from .home import Home
from .loop import Loop
from .map import Map
from .mesa_view import MesaView
from .pause_spec import PauseSpecEditor
from .why import Why

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
