"""Why: one decision taken apart, and what would have changed it."""

from collections.abc import Callable
from html import escape

import solara

from labsim.reasons.reasons import RaceAsked
from labsim.reasons.report import what_it_does
from labsim.show.numbers import number
from labsim.show.words import listed
from viz.charts import marks
from viz.charts.why_figures import PHONE, WIDE, changes, reach, weighed
from viz.parts import Decisions, Flips
from viz.shell.elements import element, link, picture
from viz.shell.session import Session, use_session
from viz.shell.work import use_latest
from viz.world.changes import WEEKS_A_MONTH
from viz.world.why_try import Asked, Tried, ask, attempt, quantity_of
from viz.world.why_words import answer, month, odds, pace, question, so_far, stance, turn, went_by, went_by_nothing
from viz.world.world import MOST_FUTURE


@solara.component
def Why():
    """Any decision of any lab in any future of this world."""
    session = use_session()
    view = session.view.value
    key = (view.world, view.future, view.lab, view.week)
    result, current = use_latest(lambda stop: ask(*key, stop), key)
    tried, set_tried = solara.use_state(None)
    solara.use_effect(lambda: set_tried(None), [key])
    asked: Asked | None = result.value
    with element("main", class_="panel why", aria_busy="false" if current and result.complete else "true"):
        link("Back to the race", to=session.link("explore"), class_="small back")
        if asked is None:
            element("h1", "Why did it decide so?")
            element("p", result.error or "Running the race ...", class_="lead", role="status")
            return
        heading(asked, result.error, current)
        Picker(session, asked, tried)
        if asked.decision is not None:
            Reasons(session, asked, tried, set_tried, old=not current)


def heading(asked: Asked, error: str, current: bool) -> None:
    """The question and the answer; what was asked for, where this is not it."""
    decision = asked.decision
    if decision is None:
        element("h1", f"Why did {asked.lab} decide so?" if asked.week is not None else asked.note)
        waiting = "" if asked.week is None else "Taking the decision apart ..."
        element("p", error or waiting, class_="lead", role="status")
        return
    element("h1", question(decision))
    note = "" if current else " Updating ..."
    element("p", answer(decision) + note, class_="lead", aria_live="polite")
    if asked.note:
        element("p", asked.note, class_="small note").key("note")


@solara.component
def Picker(session: Session, asked: Asked, tried: Tried | None):
    """Lab, future, and the decisions on a line of time; below them those of the race that was tried."""
    names = [spec.name for spec in asked.race.scenario.all_labs]
    shown = tried.race if tried is not None else None

    def pick(what: dict) -> None:
        if "week" in what:
            session.look(lab=asked.lab, week=int(what["week"]))
        elif "future" in what:
            session.look(future=int(what["future"]), week=None)
        elif what.get("lab") in names:
            session.look(lab=what["lab"], week=None)

    Decisions(
        labs=names, lab=asked.lab, future=asked.race.replication, most=MOST_FUTURE, week=asked.week or 0,
        marks=ribbon(asked.race, asked.lab), words=so_far(asked.decision) if asked.decision else "",
        tried=ribbon(shown, asked.lab) if shown else [], weeks_a_month=WEEKS_A_MONTH, event_pick=pick,
        tried_words="Below: the race run again with what you try, same luck." if shown else "",
    )  # fmt: skip


def ribbon(race: RaceAsked, lab: str) -> list[dict]:
    """The decisions of a lab, for the line of time."""
    mine = race.decisions[race.decisions["lab"] == lab]
    return [
        {"week": int(week), "kept": oversight > 0.0,
         "name": f"month {month(week)}, week {week}: {'kept' if oversight > 0.0 else 'closed'}"}
        for week, oversight in zip(mine["week"], mine["oversight"], strict=True)
    ]  # fmt: skip


@solara.component
def Reasons(session: Session, asked: Asked, tried: Tried | None, set_tried, old: bool):
    """What was weighed, and what would have turned it."""
    decision = asked.decision
    with element("div", class_="why-cols old" if old else "why-cols"):
        with element("div"):
            with element("div").key("weighed" if decision.terms else "went by"):
                if decision.terms:
                    weighing(asked)
                else:
                    went_by_it(asked)
            with element("div").key("believed"):
                believed(asked)
        with element("div"):
            Turns(session, asked, tried, set_tried)


def weighing(asked: Asked) -> None:
    """Both choices in terms, and their differences."""
    decision = asked.decision
    element("h2", f"What {asked.lab} weighed up", class_="sec")
    element("p", "in points: 100 is the whole prize, discounted to now", class_="small mute")
    both_widths(lambda width: weighed(decision, width))
    element("h2", "What removing changes", class_="sec next")
    told = "Filled speaks for removing, outlined for keeping. Harm to the public is in neither sum."
    element("p", told, class_="small mute")
    both_widths(lambda width: changes(decision, width))
    element("p", f"A lab in this position {odds(decision)}.", class_="small soft")


def went_by_it(asked: Asked) -> None:
    """What a strategy that weighs nothing looked at."""
    decision = asked.decision
    element("h2", f"What {asked.lab} went by", class_="sec")
    element("p", f"{what_it_does(decision)}. It weighs nothing against anything.", class_="small mute")
    rows = went_by(decision)
    if rows:
        solara.HTML(tag="div", unsafe_innerHTML=table(("it looked at", "and saw"), rows)).key("rows")
    else:
        element("p", went_by_nothing(decision)).key("nothing")


@solara.component
def Turns(session: Session, asked: Asked, tried: Tried | None, set_tried):
    """The smallest changes that would have turned the decision, each to be tried; and what would not have."""
    decision, router = asked.decision, solara.use_router()
    wanted, set_wanted = solara.use_state("")
    world, future = session.world, asked.race.replication
    flip = next((flip for flip in decision.flips if flip.name == wanted), None)
    key = (world, future, asked.lab, asked.week, wanted)

    def work(stop):
        yield attempt(world, future, decision, flip) if flip is not None else None

    outcome, current = use_latest(work, key)
    solara.use_effect(lambda: set_wanted(""), [key[:-1]])
    solara.use_effect(lambda: set_tried(outcome.value if current else None), [outcome.value, current])
    result = _result(outcome.value, outcome.error) if current and outcome.complete else "Running the race again ..."

    def open_world(_=None) -> None:
        if tried is not None and tried.world is not None:
            session.change(tried.world)
            router.push(session.link("explore"))

    with element("div"):
        element("h2", "What would have changed its mind", class_="sec")
        lead = "Each one alone is enough. Smallest change first." if decision.flips else went_by_nothing(decision)
        element("p", lead or "No change of one thing in its range would have.", class_="small mute")
        if decision.flips:
            Flips(
                items=flip_items(asked), tried=wanted, result=result if wanted else "",
                can_open=tried is not None and tried.world is not None,
                event_attempt=lambda name: set_wanted(str(name)), event_open_world=open_world,
            )  # fmt: skip
        for turns, words in ((True, "It would also have turned"), (False, "It would not have turned")):
            cases = [switch.words for switch in decision.switches if switch.turns == turns]
            if cases:
                _folded(words, cases, opened=turns)
        if decision.never:
            _folded("No value in its range turns it", [quantity.words for quantity in decision.never], opened=False)


def _folded(words: str, cases: list[str], opened: bool) -> None:
    if opened or len(cases) < 3:
        element("p", element("b", f"{words}: "), f"{listed(cases)}.", class_="small cases").key(words)
        return
    with element("details", class_="more-of").key(f"{words}, folded"):
        element("summary", f"{words}: {len(cases)} things")
        element("p", f"{'; '.join(cases)}.", class_="small")


def flip_items(asked: Asked) -> list[dict]:
    """What the list of changes shows of each."""
    items = []
    for flip in asked.decision.flips:
        quantity = quantity_of(asked.decision, flip)
        condition, value = turn(flip, quantity)
        figure = reach(flip, quantity, asked.decision.removes)
        items.append({"name": flip.name, "condition": condition, "value": value, "figure": figure})
    return items


def _result(tried: Tried | None, error: str) -> str:
    return error or (f"{tried.again} {tried.anew}".strip() if tried is not None else "")


def believed(asked: Asked) -> None:
    """What the lab took its rivals and itself to be, beside the truth."""
    decision = asked.decision
    if decision.rivals:
        element("h2", f"What {asked.lab} believed", class_="sec next")
        rows = [(name, *map(_seen, pair)) for name, pair in decision.rivals.items()]
        solara.HTML(tag="div", unsafe_innerHTML=table(("rival", f"{asked.lab} thought", "in truth"), rows, raw=True))
    if not decision.beliefs:
        return
    with element("details", class_="more-of").key("itself"):
        element("summary", f"What {asked.lab} believed of itself")
        rows = [
            (belief.words + (f", {belief.unit}" if belief.unit else ""), number(belief.believed, belief.unit),
             number(belief.true, belief.unit))
            for belief in decision.beliefs
        ]  # fmt: skip
        solara.HTML(tag="div", unsafe_innerHTML=table(("", "believed", "in truth"), rows))


def _seen(view) -> str:
    mark = marks.closed(0, 0, 3) if view.oversight == 0.0 else marks.kept(0, 0, 5)
    icon = f'<svg class="state" width="24" height="20" viewBox="-12 -10 24 20" aria-hidden="true">{mark}</svg>'
    return f"{icon} {stance(view)} <span class='pace mute'>{pace(view)}</span>"


def table(head: tuple[str, ...], rows: list[tuple], raw: bool = False) -> str:
    """A plain table; cells after the first as they are if `raw`."""
    cells = lambda row: "".join(  # noqa: E731
        f"<td>{cell if raw and k else escape(str(cell))}</td>" for k, cell in enumerate(row)
    )
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    return f"<table class='plain'><tr>{top}</tr>{''.join(f'<tr>{cells(row)}</tr>' for row in rows)}</table>"


def both_widths(draw: Callable[[int], str]) -> None:
    """A figure drawn for a wide screen and for a phone; one of them is shown."""
    picture(draw(WIDE), "wide-only")
    picture(draw(PHONE), "phone-only")
