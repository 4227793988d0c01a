"""Map: which game the labs are in over two parameters, and what follows where the point is."""

import math
from functools import lru_cache

import solara

from labsim.closure_game import LABELS, TOO_CLOSE
from labsim.game_report import sentence
from labsim.parameters import ASSUMPTION
from labsim.regime_map import MOST
from labsim.scenario import CATALOGUE, ScenarioError

from .elements import button, element, picture
from .game_table import game_table, meaning, named
from .map_regions import borders, names, numbered, told
from .map_work import FIRST_LOOK, Plane, Played, Regimes, choices, plane, played, regimes
from .parts import Choose, RegimePlane
from .schelling_figure import PHONE, WIDE, better_for_all, diagram, now_said, tips_said
from .session import Session, use_session
from .work import Found, use_latest
from .world import base

X, Y = "competition.winner_share", "decision.own_harm"
UNKNOWN = "not looked at yet"
KINDS = (*LABELS, TOO_CLOSE, UNKNOWN)


@solara.component
def Map():
    """The map with its point, and the game at the point."""
    session = use_session()
    x, y = session.kept("map.x", X), session.kept("map.y", Y)
    with element("main", class_="panel map"):
        element("h1", "Which game are the labs in?")
        try:
            flat = plane(session.world, x, y, session.view.value.lab)
        except ScenarioError as fault:
            Fault(session, str(fault), (x, y) != (X, Y))
            return
        with element("div", class_="lead-row").key("lead"):
            element(
                "p", "Drag the point. The same labs play a different game when what they share changes.", class_="lead"
            )
            labs = [lab.name for lab in flat.scenario.all_labs]
            Choose(label="Whose game", items=labs, value=flat.focal, event_chosen=lambda lab: session.look(lab=lab))
        Point(session, flat)


@solara.component
def Fault(session: Session, words: str, axes: bool):
    """Why there is no map, and the way back where it is the axes."""
    with element("div"):
        element("p", words, class_="lead", role="alert")
        if axes:
            button("Back to the usual axes", on_press=lambda: pick(session, {"x": X, "y": Y}), class_="btn next")


def pick(session: Session, what: dict) -> None:
    """Another parameter along an axis; the usual one is not written into the link."""
    for axis, usual in (("x", X), ("y", Y)):
        if axis in what:
            session.keep(f"map.{axis}", what[axis] if what[axis] != usual else None)


@lru_cache(maxsize=1)
def groups() -> list[dict]:
    """What an axis is offered for, with words."""
    return [
        {"name": name, "items": [{"path": path, "words": words(path)} for path in paths]}
        for name, paths in choices().items()
    ]


def words(path: str) -> str:
    """What a parameter is, with its rule where there are many of its kind."""
    rule = path.split(".")[1].replace("_", " ") if path.startswith("governance.") else ""
    meant = CATALOGUE[path].meaning.split(" (")[0]
    name = f"{rule}: {meant}" if rule else meant
    return name[0].upper() + name[1:]


@solara.component
def Point(session: Session, flat: Plane):
    """The map and, beside it, the game where the point is."""
    own = {axis.path: number_of(session.world.resolve().get(axis.path), axis) for axis in (flat.x, flat.y)}
    held, set_held = solara.use_state(None)
    here = held or (own[flat.x.path], own[flat.y.path])
    solara.use_effect(lambda: set_held(None), [session.world, flat.x.path, flat.y.path])
    key = flat.key
    found, current = use_latest(lambda stop: regimes(flat, own[flat.y.path], stop), key)
    at = flat.scenario.with_({flat.x.path: whole(flat.x.path, here[0]), flat.y.path: whole(flat.y.path, here[1])})
    game, game_current = use_latest(lambda stop: played(at, flat.focal, stop), (key, here))

    def moved(to: dict) -> None:
        point = (whole(flat.x.path, to["x"]), whole(flat.y.path, to["y"]))
        if to["done"]:
            session.change(flat.world_at(session.world, *point))
        set_held(None if to["done"] and point == (own[flat.x.path], own[flat.y.path]) else point)

    with element("div", class_="map-cols"):
        with element("div"):
            plot(session, flat, here, found, current, game, moved)
        with element("div", class_="game-here old" if not game_current else "game-here", aria_live="polite"):
            if game.value is not None:
                the_game(game.value, game, game_current)
            else:
                element("p", game.error or "Playing the game ...", role="status").key("wait")


def plot(session: Session, flat: Plane, here: tuple, found: Found, current: bool, game: Found, moved) -> None:
    """The map, its sliders, what was done so that it can be drawn."""
    regime: Regimes | None = found.value if current else None
    unknown = ((UNKNOWN,) * len(flat.x.values),) * len(flat.y.values)
    labels = regime.labels if regime else unknown
    rows = len(flat.y.values)
    if found.error:
        progress = found.error
    elif regime is None:
        progress = "A first look ..."
    elif regime.done < rows:
        progress = f"First look; {regime.done} of {rows} rows in full so far."
    else:
        progress = ""
    place = f"The point: {words(flat.x.path)} {here[0]:g}, {words(flat.y.path)} {here[1]:g}"
    label = f"{place}: {game.value.game.label}." if game.value else f"{place}."
    axes = [axis_shown(session, axis, value) for axis, value in zip((flat.x, flat.y), here, strict=True)]
    said = told(regime.counts, label) if regime else progress
    RegimePlane(
        x=axes[0], y=axes[1], cells=numbered(labels, KINDS), kinds=list(KINDS),
        names=names(labels) if regime else [], borders=borders(labels), told=said,
        progress=progress, event_moved=moved, groups=groups(), event_pick=lambda what: pick(session, what),
    )  # fmt: skip
    if regime:
        key(regime)
    for remark in flat.remarks:
        element("p", remark, class_="small note")


def key(regime: Regimes) -> None:
    """What is hatched, and how many cells there are of each game."""
    counts, full = regime.counts, regime.done == len(regime.labels)
    parts = [f"{named(label)} {count}" for label, count in counts.items() if label != TOO_CLOSE]
    looked = f"in {MOST:,} futures" if full else f"in {FIRST_LOOK} futures, or {MOST:,} where in full"
    close = f"Hatched: too close to call {looked}, {counts.get(TOO_CLOSE, 0)}."
    text = f"{sum(counts.values())} cells: {', '.join(parts)}. {close}"
    element("p", text, class_="small mute key")


def axis_shown(session: Session, axis, now: float) -> dict:
    """An axis for the browser: its range, where the point is, where the scenario is."""
    d = CATALOGUE[axis.path]
    low, high = axis.values[0], axis.values[-1]
    digits = 0 if d.whole else max(0, 2 - math.floor(math.log10(high - low)))
    own = number_of(base(session.world.scenario).get(axis.path), axis)
    name = words(axis.path)
    return {
        "path": axis.path, "name": name, "short": f"{name}, {d.unit}" if d.unit else name, "unit": d.unit,
        "low": low, "high": high, "digits": digits, "step": 10.0**-digits, "now": now, "own": own,
        "guess": d.source == ASSUMPTION, "source": d.source,
    }  # fmt: skip


def number_of(value, axis) -> float:
    """A parameter's value as a place on its axis."""
    return min(max(float(axis.values[0] if value is None else value), axis.values[0]), axis.values[-1])


def whole(path: str, value: float) -> float:
    """A value as the parameter takes it."""
    return round(value) if CATALOGUE[path].whole else float(value)


def the_game(shown: Played, found: Found, current: bool) -> None:
    """Label, Schelling diagram, what follows, and the two by two table."""
    game = shown.game
    line = meaning(game.label).rstrip(".")
    title = f"{named(game.label)}: {line[0].lower()}{line[1:]}" if line else named(game.label)
    element("h2", title, class_="sec").key("title")
    updating = "" if current and found.complete else " · updating"
    about = (
        f"what {game.focal} gets, by how many of the other {shown.others} have closed; {game.replications:,} futures"
    )
    element("p", f"{about}, bands ± 2 standard errors{updating}", class_="small mute")
    if shown.points:
        picture(diagram(shown, WIDE), "wide-only").key("wide")
        picture(diagram(shown, PHONE), "phone-only").key("phone")
    else:
        words = "There are too many kinds of labs to play every number of closers of each."
        element("p", words, class_="small").key("many")
    with element("div", class_="follows").key("follows"):
        with element("div", class_="says"):
            if shown.points:
                element("p", element("b", tips_said(shown)), " ", now_said(shown))
            element("p", f"{sentence(game)} {better_for_all(game)}", class_="small soft")
        picture(game_table(game))
