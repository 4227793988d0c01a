"""A screen to come."""

import solara

from .elements import element
from .session import use_session


@solara.component
def MesaView():
    """To come."""
    session = use_session()
    with element("main", class_="panel"):
        element("h1", "MesaView")
        element("p", session.view.value.query())
