"""What every screen has: the name and the ways above, the line below."""

from collections.abc import Sequence

import solara

from labsim.show.words import NOT_A_FORECAST
from viz.charts import marks
from viz.parts import Address
from viz.shell.elements import element, link, picture
from viz.shell.session import Session, provide_session
from viz.world.world import View


@solara.component
def Layout(children=()):
    """The frame; it holds the session, so that going from screen to screen keeps what was set."""
    session, router = provide_session(), solara.use_router()
    here = router.parts[0]
    with element("div", class_="shell"):
        element("a", "Skip to the content", class_="skip", href="#content")
        with element("header", class_="top"):
            link(picture(marks.BRAND), "labsim", to="/", class_="brand", aria_label="labsim: first page")
            Menu(session, router.routes, here)
        if session.fault.value:
            element("p", session.fault.value, class_="fault", role="alert")
        element("div", *children, class_="v-screen", id="content", tabindex="-1")
        element(
            "footer", element("b", NOT_A_FORECAST),
            element("span", link("The plain Mesa view", to="/mesa")), class_="foot",
        )  # fmt: skip
        Address(query=session.view.value.query(), opening=View().query())


@solara.component
def Menu(session: Session, screens: Sequence[solara.Route], here: str):
    """The ways to the screens; each keeps what was set."""
    with element("nav", aria_label="Screens"):
        for screen in screens:
            if screen.data:
                current = {"aria_current": "page"} if here == screen.path else {}
                link(screen.data, to=session.link(screen.path), **current)
