"""Map: which game the labs are in over two parameters, and what follows where the point is."""

from functools import lru_cache

import solara

from labsim.games.closure_game import LABELS, TOO_CLOSE
from labsim.games.game_report import sentence
from labsim.maps.regime_map import MOST
from labsim.scenario.checked import CATALOGUE, ScenarioError
from viz.charts.game_table import game_table, meaning, named
from viz.charts.map_regions import borders, names, numbered, told
from viz.charts.schelling_figure import PHONE, WIDE, better_for_all, diagram, now_said, tips_said
from viz.parts import Pick, RegimePlane
from viz.shell.elements import button, element, picture
from viz.shell.session import Session, use_session
from viz.shell.work import Latest, use_latest
from viz.world.changes import label, setting_words, value_words
from viz.world.levers import lever
from viz.world.map_work import FIRST_LOOK, Plane, Played, Regimes, choices, plane, played, regimes
from viz.world.scale import STEPS, scale, value_at

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
            options = [{"name": name} for name in labs]
            Pick(label="Whose game", value=flat.focal, options=options, event_pick=lambda lab: session.look(lab=lab))
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
    """What a parameter is, as a heading."""
    name = label(path)
    return name[0].upper() + name[1:]


@solara.component
def Point(session: Session, flat: Plane):
    """The map and, beside it, the game where the point is."""
    scenario, shipped, axes = session.world.resolve(), session.world.base.resolve(), (flat.x, flat.y)
    own = tuple(scenario.get(axis.path) for axis in axes)
    held, set_held = solara.use_state(None)
    here = held or own
    solara.use_effect(lambda: set_held(None), [session.world, flat.x.path, flat.y.path])
    result, current = use_latest(lambda stop: regimes(flat, own[1], stop), flat.key)
    game, game_current = use_latest(lambda stop: played(flat.at(*here), flat.focal, stop), (flat.key, here))

    def move(to: dict) -> None:
        point = tuple(
            value_at(
                axis.path, int(place), value if scale(axis.path).place(value) == int(place) else shipped[axis.path]
            )
            for axis, value, place in zip(axes, own, (to["x"], to["y"]), strict=True)
        )
        if to["done"]:
            try:
                session.change(flat.world_at(session.world, *point))
            except ScenarioError as fault:
                session.fault.value = str(fault)
        set_held(None if to["done"] and point == own else point)

    with element("div", class_="map-cols"):
        with element("div"):
            plot(session, flat, here, result, current, game, move)
        look = "game-here old" if game.value is not None and not game_current else "game-here"
        with element("div", class_=look, aria_live="polite"):
            if game.value is not None:
                the_game(game.value, game, game_current)
            else:
                element("p", game.error or "Playing the game ...", role="status").key("wait")


def plot(session: Session, flat: Plane, here: tuple, work: Latest, current: bool, game: Latest, move) -> None:
    """The map, its sliders, what was done so that it can be drawn."""
    regime: Regimes | None = work.value if current else None
    unknown = ((UNKNOWN,) * len(flat.x.values),) * len(flat.y.values)
    labels = regime.labels if regime else unknown
    rows = len(flat.y.values)
    if work.error:
        progress = work.error
    elif regime is None:
        progress = "A first look ..."
    elif regime.done < rows:
        progress = f"First look; {regime.done} of {rows} rows in full so far."
    else:
        progress = ""
    place = ", ".join(setting_words(axis.path, value) for axis, value in zip((flat.x, flat.y), here, strict=True))
    point = f"The point, {place}: {game.value.game.label}." if game.value else f"The point: {place}."
    axes = [axis_shown(session, axis.path, value) for axis, value in zip((flat.x, flat.y), here, strict=True)]
    said = told(regime.counts, point) if regime else progress
    RegimePlane(
        x=axes[0], y=axes[1], cells=numbered(labels, KINDS), kinds=list(KINDS),
        names=names(labels) if regime else [], borders=borders(labels), told=said,
        progress=progress, event_moved=move, groups=groups(), event_pick=lambda what: pick(session, what),
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


def axis_shown(session: Session, path: str, now: float) -> dict:
    """An axis for the browser, in places of its slider: where the point is, where the scenario is, what all mean."""
    shipped = session.world.base.resolve()
    known, there = lever(path, shipped, name=True), scale(path)
    texts = [value_words(path, there.value(place)) for place in range(STEPS + 1)]
    here, start = there.place(now), known["place"]
    texts[start] = known["base"]
    texts[here] = value_words(path, now)
    d = CATALOGUE[path]
    ticks = [text.removesuffix(d.unit).removesuffix(d.unit.removesuffix("s")).rstrip() for text in texts[:: STEPS // 4]]
    return {
        "path": path, "name": known["label"], "unit": d.unit, "now": here, "own": start, "texts": texts,
        "ticks": ticks, "guess": known["guess"], "badge": known["badge"], "source": known["source"],
    }  # fmt: skip


def the_game(shown: Played, work: Latest, current: bool) -> None:
    """Label, Schelling diagram, what follows, and the two by two table."""
    game = shown.game
    line = meaning(game.label).rstrip(".")
    title = f"{named(game.label)}: {line[0].lower()}{line[1:]}" if line else named(game.label)
    element("h2", title, class_="sec").key("title")
    updating = "" if current and work.complete else " · updating"
    about = f"what {game.focal} gets, by how many of the other {shown.others} have closed"
    count = f"{game.replications:,} futures, bands are 95 % intervals{updating}"
    element("p", f"{about}; {count}", class_="small mute").key("about")
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
