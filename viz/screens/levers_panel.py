"""The panel of levers on the screen: what moves, chooses, switches and resets them."""

import time
from collections.abc import Callable
from typing import Any

import solara

from labsim.scenario.checked import ScenarioError
from viz.parts import Levers
from viz.shell.session import Session
from viz.world import levers
from viz.world.scale import value_at
from viz.world.world import World

TABS = [levers.RULES_TAB, levers.ASSUMPTIONS_TAB, levers.LABS_TAB]
ONE_DRAG = 1.0  # seconds within which moves of one lever are one step of undo


@solara.component
def LeversPanel(session: Session):
    """The levers of the session's world."""
    world = session.world
    tab, set_tab = solara.use_state(TABS[0])
    last = solara.use_ref(("", 0.0))
    panel = solara.use_memo(lambda: levers.panel(world.base.resolve()), [world.scenario])
    changed = solara.use_memo(lambda: levers.state(world), [world])
    shipped = {lab.name: lab for lab in world.base.resolve().all_labs}
    labs = [
        lab | {"changed": any(entry[0] == lab["name"] for entry in world.labs) and lab["name"] in shipped}
        for lab in levers.labs(world.resolve())
    ]

    def go(make: Callable[[World], World], what: str = "") -> None:
        now = time.monotonic()
        step = not what or last.current[0] != what or now - last.current[1] > ONE_DRAG
        last.current = (what, now)
        try:
            session.change(make(session.world), step)
        except ScenarioError as error:
            session.fault.value = str(error)

    def move(event: dict[str, Any]) -> None:
        path, own = event["path"], world.base.resolve().get(event["path"])
        go(lambda it: levers.moved(it, path, value_at(path, event["place"], own)), path)

    Levers(
        tabs=TABS, tab=tab, groups=panel, changed=changed, force=levers.in_force(world.resolve()), labs=labs,
        choices=solara.use_memo(levers.choices, []), tally=_tally(world), event_tab=set_tab, event_move=move,
        event_choose=lambda e: go(lambda it: levers.moved(it, e["path"], e["value"])),
        event_switch=lambda e: go(lambda it: levers.switched(it, e["rule"], e["on"])),
        event_reset=lambda paths: go(lambda it: levers.reset(it, paths)),
        event_reset_all=lambda *_: go(lambda it: it.base),
        event_lab=lambda e: go(lambda it: it.with_lab(e["lab"], e["key"], e["value"] or None)),
        event_reset_lab=lambda name: go(lambda it: it.without_lab(name)),
    )  # fmt: skip


def _tally(world: World) -> str:
    """How much is changed, in words."""
    count = len(levers.state(world)) + len(world.labs)
    return f"{count} {'change' if count == 1 else 'changes'}" if count else ""
