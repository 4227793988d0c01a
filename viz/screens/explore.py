"""Explore: change a rule or an assumption and see at once what becomes of the race, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import solara

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import ClosureGame, play
from labsim.scenario import network
from labsim.scenario.checked import parts_of
from labsim.scenario.scenario import Scenario
from labsim.show.words import listed
from viz.charts.game_table import game_table, meaning, named
from viz.parts import Guess, Stage
from viz.screens.guided import asks, guessed_words
from viz.screens.levers_panel import LeversPanel
from viz.screens.tiles import HARM, tiles
from viz.shell.elements import element, picture
from viz.shell.session import Session, use_session
from viz.shell.toolbar import Toolbar
from viz.shell.work import Latest, use_latest
from viz.world.changes import label
from viz.world.ensembles import FIRST, FULL, SEED, Beside, all_keep, beside
from viz.world.one_future import at_once, one_future
from viz.world.sentence import sentence
from viz.world.world import GUESSED, World



@dataclass(frozen=True)
class Shown:
    """What Explore shows of a world: futures beside the world they are held against, one of them, the game."""

    world: World
    future: dict[str, Any]
    base: dict[str, Any] | None
    beside: Beside | None = None
    game: ClosureGame | None = None

    def band(self) -> dict[str, list[float]]:
        """Between what gaps 80 of 100 futures lie, by week."""
        low, _, high = self.beside.world.band() if self.beside else np.zeros((3, 0))
        return {"low": np.round(low, 3).tolist(), "high": np.round(high, 3).tolist()}


def show(world: World, future: int, stop: Stop) -> Iterator[Shown]:
    """First one future and 256, then its story, 1000, and the game from 256 and from 1000."""
    scenario, shipped = world.resolve(), world.base.resolve()
    other = shipped if world.changed else all_keep(shipped)
    base = at_once(shipped, future) if world.changed else None
    shown = Shown(world, at_once(scenario, future), base, beside(scenario, other, FIRST, stop))
    yield shown
    shown = replace(shown, future=one_future(scenario, future, stop))
    yield shown
    shown = replace(shown, beside=beside(scenario, other, FULL, stop))
    yield shown
    if len(scenario.all_labs) > 1:
        for n in (FIRST, FULL):
            shown = replace(shown, game=play(scenario, 0, n, SEED, stop=stop))
            yield shown


@solara.component
def Explore():
    """Levers at the left, the race in the middle, what comes of it at the right."""
    session = use_session()
    view = session.view.value
    result, fresh = use_latest(lambda stop: show(view.world, view.future, stop), (view.world, view.future))
    with element("main", class_="ex"):
        element("h1", "Explore: change the rules and see what becomes of the race", class_="vh")
        with element("div", class_="left"):
            Toolbar(session, result.value.beside if result.value else None)
            LeversPanel(session)
        with element("div", class_="mid"):
            if result.value is not None:
                Middle(session, result.value, fresh)
            elif not result.error:
                element("p", "Running the first futures ...", class_="soft", role="status")
        with element("div", class_="right", aria_busy="false" if fresh and result.complete else "true"):
            if asks(session):
                Ask(session, result.value)
            else:
                Results(result, fresh, guessed_words(session))


@solara.component
def Ask(session: Session, shown: Shown | None):
    """The guess that comes before the result."""
    changed = session.world.changed
    known = round(100 * shown.beside.was("catastrophe").mean) if shown and shown.beside else -1
    other = "as shipped" if changed else "if all labs kept the human"
    Guess(
        question="In how many of 100 futures does this world end in harm?",
        hint=f"{other[0].upper()}{other[1:]}: {known} of 100, at the notch." if known >= 0 else "",
        base=known, event_guess=lambda place: session.keep(GUESSED, str(place)),
    )  # fmt: skip


@solara.component
def Middle(session: Session, shown: Shown, fresh: bool):
    """One future: the race, the gap, the time."""
    view, scenario = session.view.value, shown.world.resolve()
    edges = solara.use_memo(lambda: _edges(scenario), [shown.world])
    band = solara.use_memo(shown.band, [shown.beside])
    router = solara.use_router()

    def why(lab: str) -> None:
        session.look(lab=lab)
        router.push(session.link("why"))

    Stage(
        future=shown.future, base=shown.base and {"gap": shown.base["gap"]}, band=band, edges=edges,
        week=opening_week(shown.future) if view.week is None else view.week, n=FULL, stale=not fresh,
        event_week=lambda week: session.look(week=week), event_lab=why,
        event_future=lambda future: session.look(future=future),
    )  # fmt: skip


def opening_week(future: dict[str, Any]) -> int:
    """Where the play head stands if the link does not say: when the last lab to remove the human has done so."""
    closures = [w for lab in future["closed"] for w in range(len(lab)) if lab[w] and not (w and lab[w - 1])]
    return min(max(closures, default=0) + 4, future["weeks"] - 1)


def _edges(scenario: Scenario) -> list[list[int]]:
    """Pairs of labs of which one sees the other's ideas."""
    seen = network.weights(scenario["competition.network"], len(scenario.all_labs))
    return [[int(i), int(j)] for i, j in np.argwhere(np.triu(seen + seen.T)) if i < j]


@solara.component
def Results(work: Latest, fresh: bool, guessed: str):
    """Four numbers, the game, a sentence; what is not of this world yet is dimmed and says so."""
    shown: Shown | None = work.value
    status = "" if fresh and work.complete else "updating"
    if work.error:
        element("p", f"The run failed: {work.error}", class_="fault", role="alert")
    if shown is None or shown.beside is None:
        element("p", "updating", class_="soft", role="status")
        return
    labs = len(shown.world.resolve().all_labs)
    reference = "was" if shown.world.changed else "if all kept:"
    with element("dl", class_="tiles" if fresh else "tiles old"):
        for tile in tiles(shown.beside, labs, reference):
            with element("div", class_="tile"):
                element("dt", tile.label)
                element("dd", *_small(tile.before, "pre"), tile.value, *_small(tile.after), class_="v")
                element("dd", element("b", tile.difference), element("span", tile.was), class_="d")
                if guessed and tile.label == HARM:
                    element("dd", guessed, class_="guessed")
    Game(shown.game if fresh else None, shown.game, labs)
    said = sentence(shown.world, shown.beside)
    with element("p", class_="says" if fresh else "says old", aria_live="polite"):
        element("span", f"{said.words} ")
        element("b", said.result)
    for key, own in shown.world.resolve().overridden():
        keep = "keeps its" if len(own) == 1 else "keep their"
        element("p", f"{listed(own)} {keep} own: {label(parts_of(key)[1])}.", class_="soft", role="note")
    count = f"{shown.beside.n:,} futures, same luck" if fresh else ""
    element("p", " · ".join(part for part in (count, status) if part), class_="counted", role="status")


def _small(words: str, class_: str = "") -> list:
    return [element("small", words, class_=class_)] if words else []


@solara.component
def Game(game: ClosureGame | None, before: ClosureGame | None, labs: int):
    """Which game the labs are in; while it is being played again, the old one dimmed."""
    seen = game or before
    with element("section", class_="game" if game else "game old", aria_label="The game"):
        if seen is None:
            element("h3", "Which game is it?" if labs > 1 else "One lab: no game")
            element("p", "updating" if labs > 1 else "A game needs two labs.")
            return
        element("h3", named(seen.label))
        element("p", f"{meaning(seen.label)} {seen.focal}'s points; outlined, its better reply.".strip())
        picture(game_table(seen))
