"""What one visitor looks at, shared by all screens of one browser tab; no two tabs share it."""

import dataclasses
import sys
from typing import Any

import solara

from labsim.scenario.checked import ScenarioError
from labsim.scenario.values import cut
from viz.world.world import CHOICE, EVERYONE, MOST_PINS, WHO, View, World, parse

MOST_UNDO = 100
LONGEST_FAULT = 400  # characters of what was wrong with a link


class Session:
    """The view, its history, and what was wrong with the link it came from."""

    def __init__(self, query: str | None) -> None:
        self.fault = solara.reactive("")
        self.view = solara.reactive(self._parsed(query))
        self._past: list[World] = []
        self.can_undo = solara.reactive(False)

    def _parsed(self, query: str | None) -> View:
        """The view of a link; of an invalid one the opening view, and the fault is said."""
        try:
            view = parse(query)
        except ScenarioError as error:
            what, half = str(error), LONGEST_FAULT // 2
            what = what if len(what) <= LONGEST_FAULT else f"{what[:half]} ... {what[-half:]}"
        except Exception as error:  # the last resort: a fault of ours, of which a visitor shall not see the traceback
            sys.stderr.write(f"labsim: a link cannot be opened: {cut(repr(error))}: {cut(query or '', 500)}\n")
            what = ""
        else:
            self.fault.value = ""
            return view
        self.fault.value = f"This link cannot be opened, so here is the opening scenario. {what}".rstrip()
        return View()

    @property
    def world(self) -> World:
        """The world that is looked at."""
        return self.view.value.world

    def adopt(self, query: str | None) -> None:
        """Take over a link's view, as when the browser goes back."""
        if (query or "") != self.view.value.query() and query:
            self.view.value = self._parsed(query)

    def look(self, **what: Any) -> None:
        """Look at another future, week, lab; not a change to undo."""
        self.view.value = dataclasses.replace(self.view.value, **what)

    def keep(self, key: str, value: str | None) -> None:
        """Keep something of a single screen in the link, under `map.`, `spec.` or `compare.`; None drops it."""
        rest = [pair for pair in self.view.value.more if pair[0] != key]
        self.look(more=tuple(sorted([*rest, *([] if value is None else [(key, value)])])))

    def kept(self, key: str, default: str = "") -> str:
        """What a single screen keeps in the link."""
        return dict(self.view.value.more).get(key, default)

    def change(self, world: World, step: bool = True) -> None:
        """Go to another world, if it can be run; `step` makes it one that undo comes back from.

        Raises ScenarioError naming what is wrong.
        """
        labs = [lab.name for lab in world.resolve().all_labs]
        if world == self.world:
            return
        if step:
            self._past = [*self._past[-MOST_UNDO:], self.world]
            self.can_undo.value = True
        # a guess and a choice were about the world before
        lab = self.view.value.lab if self.view.value.lab in labs else None
        self.fault.value = ""
        gone = ("guess.", CHOICE) if self.kept(WHO) in (*labs, EVERYONE) else ("guess.", CHOICE, WHO)
        more = tuple(pair for pair in self.view.value.more if not pair[0].startswith(gone))
        self.look(world=world, lab=lab, more=more)

    def undo(self) -> None:
        """Back to the world before the last change."""
        if self._past:
            self.look(world=self._past.pop())
            self.can_undo.value = bool(self._past)

    def pin(self, world: World | None = None) -> None:
        """Keep a world for comparison, else the one looked at; the oldest goes when there are too many."""
        world = world or self.world
        pins = [pin for pin in self.view.value.pins if pin != world]
        self.look(pins=tuple([*pins, world][-MOST_PINS:]))

    def unpin(self, world: World) -> None:
        """Do not compare with this world any more."""
        self.look(pins=tuple(pin for pin in self.view.value.pins if pin != world))

    def link(self, screen: str) -> str:
        """The address of a screen with this view."""
        return f"/{screen}?{self.leaving().query()}"

    def leaving(self) -> View:
        """The view as other screens need it: without the choice made on the first page."""
        more = tuple(pair for pair in self.view.value.more if pair[0] != CHOICE)
        return dataclasses.replace(self.view.value, more=more)


_context = solara.create_context(None)


def provide_session() -> Session:
    """The session of this tab, made once from the link; for the frame."""
    router = solara.use_router()
    session = solara.use_memo(lambda: Session(router.search), [])
    solara.use_effect(lambda: session.adopt(router.search), [router.search])
    _context.provide(session)
    return session


def use_session() -> Session:
    """The session of this tab; for the screens."""
    return solara.use_context(_context)
