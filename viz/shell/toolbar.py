"""Above the levers: which scenario, undo, pin, share, download."""

import solara

from viz.parts import Pick
from viz.shell.elements import button, element
from viz.shell.session import Session
from viz.shell.share import Download, Share
from viz.world.ensembles import Beside
from viz.world.world import World, base, shipped_scenarios


@solara.component
def Toolbar(session: Session, pair: Beside | None):
    """The scenario and what can be done with the world as a whole."""
    open_, set_open = solara.use_state("")
    names = [{"name": name, "about": base(name).title} for name in shipped_scenarios()]

    def toggle(name: str) -> None:
        set_open("" if open_ == name else name)

    with element("section", class_="toolbar", aria_label="Scenario"):
        Pick(label="Scenario", value=session.world.scenario, options=names,
             event_pick=lambda name: session.change(World(name)))  # fmt: skip
        with element("div", class_="acts"):
            undo = {} if session.can_undo.value else {"disabled": "disabled"}
            button("Undo", on_press=session.undo, class_="btn plain", **undo)
            pinned = session.world in session.view.value.pins
            button("Pinned" if pinned else "Pin", on_press=session.pin, class_="btn plain",
                   aria_pressed="true" if pinned else "false")  # fmt: skip
            for name in ("Share", "Download"):
                button(name, on_press=lambda name=name: toggle(name), class_="btn plain",
                       aria_expanded="true" if open_ == name else "false")  # fmt: skip
        if open_ == "Share":
            Share(session)
        if open_ == "Download":
            Download(session, pair)
