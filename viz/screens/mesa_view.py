"""The plain Mesa view: labsim's model in Mesa's own SolaraViz, for those who know it."""

from types import ModuleType

import solara
from solara.components.applayout import sidebar_portal

from viz.shell.elements import element
from viz.shell.session import use_session
from viz.shell.work import use_latest

ABOUT = (
    "The model as it runs in Mesa, week by week, with Mesa's own controls. Parameters take effect with Reset. "
    "In Python: labsim.Race(labsim.load(\"hassabis-baseline\")).run()."
)  # fmt: skip


@solara.component
def MesaView():
    """Mesa's visualisation inside the frame; its code is fetched in the background."""
    session = use_session()
    result, _ = use_latest(lambda stop: iter([fetched()]), "mesa")
    with element("main", class_="panel mesa-view"):
        element("h1", "The plain Mesa view")
        element("p", ABOUT, class_="lead")
        if result.error:
            element("p", f"Mesa's view cannot be shown: {result.error}", role="alert", class_="wrong")
        elif result.value is None:
            element("p", "Fetching Mesa's view ...", class_="soft", role="status")
        else:
            Visualisation(session.world.scenario, result.value)


def fetched() -> ModuleType:
    """The module with the model and its pictures; Mesa takes seconds to import, so only this screen does."""
    from viz.screens import mesa_race

    mesa_race.visualisation()
    return mesa_race


@solara.component
def Visualisation(world: str, kit: ModuleType):
    """One model for each visitor, made when the page is opened."""
    model = solara.use_memo(lambda: kit.MesaRace(world), [world])
    solara_viz, components = kit.visualisation()
    with Beside():
        solara_viz(model, components=components, model_params=kit.form(world), name="labsim", play_interval=50)


@solara.component
def Beside(children=()):
    """Mesa's controls at the left of its figures; without this they would wait for an app bar and a drawer."""
    controls = sidebar_portal.use_portal()
    with element("div", class_="mesa-cols"):
        element("div", *controls, class_="controls")
        element("div", *children, class_="figures")
