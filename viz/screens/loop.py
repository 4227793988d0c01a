"""Loop: one cycle of one lab, with the human and without, from the same edits and the same luck."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import solara

from labsim.engines.ensemble import Stop
from labsim.show.words import PLUS_MINUS
from viz.charts import loop_figures
from viz.parts import LoopSteps
from viz.shell.elements import element, picture
from viz.shell.session import Session, use_session
from viz.shell.work import use_latest
from viz.world import loop_story
from viz.world.changes import week_words
from viz.world.one_cycle import Moment, Option, moments, options, place_of
from viz.world.world import KEEP, LUCK, REMOVE, World

DRAWN = (
    "The model draws the best edit at once, from the law that trying each one has; here each is drawn. "
    f"{PLUS_MINUS}"
)
WORDS = {KEEP: ("Human kept", "kept"), REMOVE: ("Human removed", "closed")}


@dataclass(frozen=True)
class Turn:
    """What the screen shows: a cycle among those of its race, its candidates, one luck."""

    weeks: tuple[int, ...]
    place: int
    moment: Moment
    options: dict[str, Option]
    luck: int


def turn(world: World, future: int, lab: str, week: int | None, luck: int | None) -> Iterator[Turn | None]:
    """The turn that a link asks for; None where no edits are chosen."""
    all_moments = moments(world, future, lab)
    if not all_moments:
        yield None
        return
    place = place_of(all_moments, week)
    made = options(world, future, lab, place)
    luck = loop_story.opening(made) if luck is None else min(luck, made[KEEP].lucks - 1)
    yield Turn(tuple(moment.week for moment in all_moments), place, all_moments[place], made, luck)


@solara.component
def Loop():
    """The ring of six steps, what is measured and what is true, and what both lead to."""
    session = use_session()
    view = session.view.value
    labs = [lab.name for lab in view.world.resolve().all_labs]
    lab, kept = view.lab or labs[0], session.kept(LUCK)
    luck = int(kept) - 1 if kept.isdecimal() and int(kept) > 0 else None
    key = (view.world, view.future, lab, view.week, luck)

    def work(stop: Stop) -> Iterator[Turn | None]:
        return turn(*key)

    result, current = use_latest(work, key)
    with element("main", class_="panel loop" if current else "panel loop old"):
        element("h1", "One turn of the loop, with and without the human")
        if result.error:
            element("p", f"The run failed: {result.error}", class_="lead", role="alert")
        elif result.value is not None:
            Shown(session, result.value, labs, lab)
        elif result.complete:
            element("p", "In this world no edits are chosen: ability and alignment grow at given rates.", class_="lead")
        else:
            element("p", "Running the race up to this cycle ...", class_="lead")


@solara.component
def Shown(session: Session, shown: Turn, labs: list[str], lab: str):
    """One turn."""
    moment, choices, lucks = shown.moment, shown.options, shown.options[KEEP].lucks

    def step(by: int) -> None:
        session.keep(LUCK, None)
        session.look(week=shown.weeks[shown.place + by])

    element("p", loop_story.lead(moment), class_="lead")
    LoopSteps(
        labs=labs, lab=lab, when=f"ends in {week_words(moment.week)}", first=shown.place == 0,
        last=shown.place == len(shown.weeks) - 1, luck=shown.luck + 1, lucks=lucks,
        event_lab=lambda name: (session.keep(LUCK, None), session.look(lab=name, week=None)), event_cycle=step,
        event_luck=lambda by: session.keep(LUCK, str((shown.luck + by) % lucks + 1)),
    )  # fmt: skip
    with element("div", class_="cols"):
        with element("div", class_="steps6"):
            element("h2", "Six steps; the human is step 3", class_="sec")
            picture(loop_figures.ring(int(moment.lab.cycle.candidates), moment.weeks[KEEP]))
            picture(loop_figures.times(moment))
            element("p", loop_story.how_often(choices), class_="rule-of")
            element("p", DRAWN, class_="tiny mute")
        with element("div", class_="edits"):
            most = loop_figures.reach(choices, shown.luck)
            with element("div", class_="pair"):
                for choice, option in choices.items():
                    Edits(choice, option, moment, shown.luck, most)
            Table(loop_story.rows(choices, shown.luck))
            plain, bold = loop_story.this_time(choices, shown.luck)
            element("p", plain, " ", element("b", bold), class_="says", aria_live="polite")


@solara.component
def Edits(choice: str, option: Option, moment: Moment, luck: int, most: float):
    """The edits as they are measured with the human or without, against what they are."""
    with element("figure"):
        element("h2", loop_story.heading(option, luck, choice), class_=f"sec {WORDS[choice][1]}")
        element("p", loop_story.readings(option, moment, choice), class_="small mute")
        picture(loop_figures.scatter(option, luck, choice, most))


@solara.component
def Table(rows: list[tuple[str, ...]]):
    """What the edit that was taken does, this time and on average."""
    heads: list[Any] = ["the edit it took", "", "ability", "alignment, as measured", "alignment, in truth"]
    with element("table", class_="plain"):
        with element("tr"):
            for place, head in enumerate(heads):
                element("th", head, class_="r" if place > 1 else "", scope="col")
        for choice, ability, measured, true, what in rows:
            words, state = WORDS[choice]
            name = element("b", words) if what == "this time" else ""
            with element("tr", class_="" if what == "this time" else "mean"):
                element("td", name, class_=state)
                element("td", what, class_="mute")
                for value in (ability, measured):
                    element("td", value, class_="r")
                element("td", element("b", true), class_="r")
