"""Compare: up to four pinned worlds beside the one looked at, under the same luck."""

from urllib.parse import quote

import solara

from labsim.runs.summary import Summary
from labsim.scenario.checked import ScenarioError
from labsim.scenario.files import shipped_scenarios
from labsim.scenario.presets import presets
from labsim.show.words import PLUS_MINUS, listed
from viz.charts import marks
from viz.charts.compare_figures import gap_figure, limits, trade_figure
from viz.charts.svg import drawing, line, path, rect
from viz.shell.elements import button, element, picture
from viz.shell.session import Session, use_session
from viz.shell.work import use_latest
from viz.world import changes, compare_runs, said
from viz.world.compare_runs import NOT_ALL, Run, letter
from viz.world.measures import MEASURES
from viz.world.world import BASE, MOST_PINS, World, base

WIDE, PHONE = 1132, 358  # what figures have to themselves
HOW_TO_READ = (
    "A dot is a world; its lines are 95 % intervals. A lower one ends in harm less often, one further left brings "
    "good things sooner."
)
OF_THE_GAP = "How many times ability is ahead of what we can vouch for, by month: mean of all labs."
WHY_PIN = (
    "A pinned world stays here while you change the one in Explore. Pin it, change a rule there, and come back; "
    "or add one of these."
)
KEY = {  # marks of the small multiples: a drawing of each and its words
    "true": (path([(0, 8), (26, 8)], "true"), "middle of all futures"),
    "band": (rect(0, 2, 26, 12, "band"), "80 of 100 futures"),
    "closed": (marks.closed(13, 8, 3.2), "first lab closes, on average"),
    "base": (path([(0, 8), (26, 8)], "base-line") + line(26, 3, 26, 13, "base-line"), "the baseline"),
}


@solara.component
def Compare():
    """Worlds side by side: a table, their gaps, harm beside its price, what differs."""
    session = use_session()
    worlds = compared(session)
    result, current = use_latest(lambda stop: compare_runs.races(worlds, stop), worlds)
    runs = [run for run in result.value or [] if run.world in worlds]
    base_at = base_place(session, worlds)
    with element("main", class_="panel compare"):
        element("h1", "The same luck, other rules")
        said_now = compare_runs.sentence(runs, base_at) if current and runs else "Running the worlds, race by race ..."
        element("p", said_now, class_="lead", role="status", aria_live="polite")
        Table(session, worlds, runs, base_at, old=not current)
        if result.error and current:
            element("p", f"These worlds cannot be run: {result.error}", role="alert", class_="wrong")
        Offers(session, len(worlds) == 1)
        if len(runs) == len(worlds):
            Figures(runs, base_at, worlds, old=not current)
            AllOutcomes(runs, base_at, old=not current)
            Source(runs, base_at, result.complete)


@solara.component
def AllOutcomes(runs: list[Run], base_at: int, old: bool):
    """Every outcome that there is, of each world; folded."""
    minus = {place: "" if place == base_at else f" (minus {letter(base_at)})" for place in range(len(runs))}
    heads = ["outcome, mean ± 95 %", *(f"{letter(place)}{words}" for place, words in minus.items())]
    with element("details", class_="more-of old" if old else "more-of"):
        element("summary", "All outcomes")
        with element("div", class_="document", role="region", tabindex="0", aria_label="All outcomes"):
            rows = [
                element("tr", element("th", label, scope="row"), *(element("td", text) for text in texts))
                for label, texts in compare_runs.outcome_rows(runs, base_at)
            ]
            head = element("tr", *(element("th", words, scope="col") for words in heads))
            element("table", element("thead", head), element("tbody", *rows))


@solara.component
def Source(runs: list[Run], base_at: int, complete: bool):
    """How the numbers were made, and the table as a file."""
    futures = f"{runs[0].n:,} futures of each world, the same luck in all; {PLUS_MINUS} "
    name, text = "labsim-compare.csv", quote(compare_runs.csv(runs, base_at))
    with element("p", futures, "" if complete else "More are being run. ", class_="tiny mute under"):
        element("a", "Download the table (CSV)", href=f"data:text/csv;charset=utf-8,{text}", download=name)


def compared(session: Session) -> tuple[World, ...]:
    """The worlds on the screen: those pinned, in order, and the one looked at."""
    return tuple(dict.fromkeys([*session.view.value.pins, session.world]))


def base_place(session: Session, worlds: tuple[World, ...]) -> int:
    """Which world the others are compared with: the one that was chosen, else the first."""
    kept = session.kept(BASE, "A")
    return max(0, ord(kept) - ord("A")) if len(kept) == 1 and ord(kept) - ord("A") < len(worlds) else 0


@solara.component
def Table(session: Session, worlds: tuple[World, ...], runs: list[Run], base_at: int, old: bool):
    """The outcomes of each world, and in words how they differ from the baseline's."""
    heads = [("World", ""), *((m.words, "num") for m in MEASURES.values()), ("Game of the first lab", "")]
    known = {run.world: run for run in runs}
    with element("table", class_="worlds-table", role="table"):
        element("caption", "Worlds compared under the same luck", class_="vh")
        cells = [element("th", words, scope="col", role="columnheader", class_=kind) for words, kind in heads]
        element("thead", element("tr", *cells, role="row"), role="rowgroup")
        with element("tbody", role="rowgroup"):
            for place, world in enumerate(worlds):
                Row(session, place, world, known.get(world), known.get(worlds[base_at]), place == base_at, old).key(
                    f"{letter(place)} {hash(world)}"
                )


@solara.component
def Row(session: Session, place: int, world: World, run: Run | None, base_run: Run | None, is_base: bool, old: bool):
    """One world: its name and what can be done with it, then its numbers."""
    router, name = solara.use_router(), letter(place)
    pinned, here = world in session.view.value.pins, world == session.world

    def explore() -> None:
        session.change(world)
        router.push(session.link("explore"))

    with element("tr", role="row", class_="is-base" if is_base else ""):
        with element("th", scope="row", role="rowheader", class_="who"):
            phrases = changes.change_words(world)
            element("b", element("i", name, class_="letter"), base(world.scenario).title)
            for phrase in phrases:
                element("span", phrase, class_="change")
            notes = [*([] if phrases else ["as shipped"]), *(["now in Explore"] if here else [])]
            if notes:
                element("span", ", ".join(notes), class_="change mute")
            with element("div", class_="world-acts"):
                held = "Baseline" if is_base else "Make it the baseline"
                button(
                    held, on_press=lambda: session.keep(BASE, name), class_="text", aria_label=f"{held}: {name}",
                    aria_pressed="true" if is_base else "false",
                )  # fmt: skip
                button("Open in Explore", on_press=explore, class_="text", aria_label=f"Open in Explore: {name}")
                turn = "Unpin" if pinned else "Pin"
                full = {} if pinned or len(session.view.value.pins) < MOST_PINS else {"disabled": ""}
                button(
                    turn, on_press=lambda: (session.unpin if pinned else session.pin)(world), class_="text",
                    aria_label=f"{turn}: {name}", **full,
                )  # fmt: skip
        for key, measure in MEASURES.items():
            cell(measure.words, *numbers(key, run, None if is_base else base_run), old=old)
        game = [element("b", run.game)] if run and run.game else [element("span", "updating", class_="was")]
        if run and run.game not in ("", compare_runs.NO_GAME):
            game.append(element("span", f"{run.focal} against the others", class_="was"))
        cell("Game of the first lab", *game, old=old, class_="game-cell")


def cell(words: str, *children, old: bool, class_: str = "num") -> solara.Element:
    """A cell of the table; on a phone its column's words stand in it."""
    kind = f"{class_} old" if old else class_
    return element(
        "td", element("span", words, class_="of-column", aria_hidden="true"), *children, role="cell", class_=kind
    )


def numbers(key: str, run: Run | None, base_run: Run | None) -> list:
    """A numeral with its error, how it differs, and for how many futures it is known if not for all."""
    if run is None:
        return ["..."]
    measure = MEASURES[key]
    level = run.level(measure)
    if level.n == 0:
        return [element("b", "none", class_="numeral")]
    unit = f"{measure.unit_of(run.labs)} {said.error_words(level)}".strip()
    shown = [element("span", measure.before, class_="unit"), element("b", said.numeral(level), class_="numeral")]
    shown.append(element("span", unit, class_="unit"))
    if base_run is not None:
        shown.append(element("span", difference(key, run, base_run), class_="diff"))
    return [*shown, *not_all(key, level, run)]


def difference(key: str, run: Run, base_run: Run) -> str:
    """How a world's number differs from the baseline's."""
    return MEASURES[key].apart(run.difference(MEASURES[key], base_run))


def not_all(key: str, level: Summary, run: Run) -> list[solara.Element]:
    """What a mean leaves out."""
    share = 100 * level.n / run.n
    return [element("span", NOT_ALL[key].format(n=f"{share:.0f}"), class_="was")] if share < 99.5 else []


@solara.component
def Offers(session: Session, first: bool):
    """Worlds to put beside this one: as shipped, other scenarios, this one under a law or a promise."""
    fault, set_fault = solara.use_state("")

    def add(world: World) -> None:
        try:
            world.resolve()
        except ScenarioError as error:
            set_fault(str(error))
            return
        set_fault("")
        session.pin(world)

    with element("details", class_="offers", **({"open": ""} if first else {})):
        element("summary", "Add a world")
        if fault:
            element("p", fault, role="alert", class_="wrong")
        if len(session.view.value.pins) == MOST_PINS:
            element("p", "Four worlds are pinned. Unpin one to add another.", class_="small soft")
        else:
            if first:
                element("p", WHY_PIN, class_="small soft")
            for words, offered in offers(session).items():
                with element("div", class_="offer"):
                    element("h3", words)
                    with element("div"):
                        for name, world in offered.items():
                            Offer(name, world, add).key(name)


def offers(session: Session) -> dict[str, dict[str, World]]:
    """Worlds that can be added, by name, in groups; none that is there already."""
    here, there = session.world, compared(session)
    scenarios = [here.scenario, *(name for name in shipped_scenarios() if name != here.scenario)]
    result = {"A scenario as shipped": {base(name).title: World(name) for name in scenarios}}
    for family, words in (("policies", "This world under"), ("commitments", "This world if all labs promise")):
        result[words] = {
            p.title: here.with_policy(p.name) for p in presets(family).values() if p.name not in here.policies
        }
    pin = {} if here in session.view.value.pins else {"Pin this world": {"As it is now": here}}
    new = {words: {n: w for n, w in worlds.items() if w not in there} for words, worlds in result.items()}
    return {words: worlds for words, worlds in (pin | new).items() if worlds}


@solara.component
def Offer(words: str, world: World, add):
    """One world to add."""
    button(words, on_press=lambda: add(world), class_="btn", aria_label=f"Add: {words}")


@solara.component
def Figures(runs: list[Run], base_at: int, worlds: tuple[World, ...], old: bool):
    """The gap of each world on the same axes; harm beside its price in time; what differs."""
    ends, names = limits(runs), [changes.title(run.world, most=1) for run in runs]
    several = len(runs) > 1
    width = min(340, (WIDE - 16 * (len(runs) - 1)) / len(runs))
    with element("section", class_="part old" if old else "part"):
        element("h2", "The gap", class_="sec")
        element("p", OF_THE_GAP, class_="tiny mute")
        with element("div", class_="multiples"):
            for place, run in enumerate(runs):
                words = f"{letter(place)}, {names[place]}"
                drawn = (("wide-only", width), ("phone-only", (PHONE - 14) / 2))
                with element("figure"):
                    element("figcaption", element("i", letter(place), class_="letter"), names[place])
                    for kind, size in drawn:
                        picture(gap_figure(run, runs[base_at], words, ends, size), kind)
        needed = [pair for name, pair in KEY.items() if name != "base" or several]
        key = [element("span", picture(drawing(28, 16, mark, words)), words) for mark, words in needed]
        element("p", *key, class_="key", aria_hidden="true")
    if several:
        with element("div", class_="pair"):
            with element("section", class_="part old" if old else "part"):
                element("h2", "Every harm beside its price in time", class_="sec")
                element("p", HOW_TO_READ, class_="tiny mute")
                for kind, size in (("wide-only", 600), ("phone-only", PHONE)):
                    picture(trade_figure(runs, names, base_at, size), kind)
                if absent := [letter(place) for place, run in enumerate(runs) if not run.level(MEASURES["delay"]).n]:
                    element("p", f"Not drawn, for nobody finishes there: {listed(absent)}.", class_="tiny mute")
            with element("section", class_="part"):
                element("h2", "What differs", class_="sec")
                rows = changes.differing_words({letter(place): world for place, world in enumerate(worlds)})
                pairs = [element("div", element("dt", what), element("dd", values)) for what, values in rows]
                element("dl", *pairs, class_="differs")
