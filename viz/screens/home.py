"""Home: one question, two choices, the race they start, and what came of them."""

import dataclasses
from typing import Any

import solara

from labsim.show.numbers import fixed
from viz.charts import marks
from viz.parts import Gauges, Strip
from viz.shell.elements import button, element, link, picture
from viz.shell.session import Session, use_session
from viz.shell.work import use_latest
from viz.world import futures, home_story
from viz.world.ensembles import FULL
from viz.world.futures import YOURS, Ending
from viz.world.home_story import DONE
from viz.world.said import plus_minus
from viz.world.world import CHOICE, KEEP, REMOVE


@solara.component
def Home():
    """Before the choice: the question. After it: one race, then your world beside the one in which all keep."""
    session = use_session()
    world, choice = session.world, session.kept(CHOICE)
    over, set_over = solara.use_state(False)
    skipped, set_skipped = solara.use_state(True)  # who comes with a choice made, by a link, sees how it ended

    def begin(chosen: str | None = None) -> None:
        set_over(False)
        set_skipped(False)
        session.keep(CHOICE, chosen)

    def arrive() -> None:
        set_over(False)
        set_skipped(True)

    solara.use_effect(arrive, [world])
    solara.use_effect(lambda: lambda: session.keep(CHOICE, None), [])  # links of other screens do without it
    races, _ = use_latest(lambda stop: futures.races(world, stop), world)
    result, _ = use_latest(lambda stop: futures.endings(world, choice, stop), (world, choice))
    race = races.value if races.key == world else None
    ending = (result.value or {}).get(choice) if result.key and result.key[0] == world else None
    labs = [lab.name for lab in world.resolve().all_labs]
    times = solara.use_memo(lambda: futures.times_as_fast(world), [world])
    with element("main", class_="home after" if choice else "home"):
        with element("div", class_="page"):
            Answer(choice, over, len(labs) - 1, times, race, ending, races.error or result.error)
        Strip(
            labs=labs, races=race, choice=choice, skip=skipped, you=YOURS, event_done=lambda *_: set_over(True),
        )  # fmt: skip
        with element("div", class_="page"):
            if choice:
                with element("div", class_="out").key("out"):
                    Gauges(races=race, choice=choice, you=YOURS)
                    if over and race and ending:
                        Worlds(choice, race, ending)
                    elif not over:
                        Running(race, on_skip=lambda: set_skipped(True))
                if over:
                    Doors(session, race, choice, on_again=begin)
            else:
                Choices(times, begin)
                Ways(session)


@solara.component
def Answer(
    choice: str, over: bool, rivals: int, times: float, race: dict[str, Any] | None, ending: Ending | None, error: str
):  # fmt: skip
    """The words above the strip: the question, then what came of the choice. Read aloud when they change."""
    with element("div", class_="ask", id="answer", role="status", aria_live="polite", tabindex="-1"):
        if not choice:
            element("h1", home_story.question(times)).key("question")
            return
        state = "kept" if choice == KEEP else "closed"
        answered = home_story.answer(race[choice], choice) if over and race else ""
        element("p", "You ", element("b", DONE[choice], class_=state), f". {answered}", class_="soft did").key("did")
        if error:
            element("h1", f"The run failed: {error}")
        elif not over:
            element("h1", "Now the others answer." if rivals else "Now it runs alone.")
        elif race and ending:
            alternative = element("span", home_story.twin(ending), class_="alt")
            element("h1", f"{home_story.placed(race[choice])} {home_story.harm(ending)} ", alternative)
        else:
            element("h1", "The race is over. Counting other futures ...")


@solara.component
def Choices(times: float, choose):
    """The two buttons: the same size and weight, each a verb, a gain and a price."""
    faster = home_story.faster(times)
    offered = (
        (KEEP, "Keep the human", "Slower. A person checks each change.", marks.KEPT),
        (REMOVE, "Remove the human", f"{faster.capitalize()}. Your best check is gone.", marks.CLOSED),
    )
    with element("div", class_="two"):
        for name, verb, gain_and_price, glyph in offered:
            words = element("span", element("strong", verb), gain_and_price)
            button(
                picture(glyph), words, on_press=lambda name=name: choose(name), aria_label=verb,
                class_=f"choice {name}", aria_description=gain_and_price,
            )  # fmt: skip


@solara.component
def Running(race: dict[str, Any] | None, on_skip):
    """While the race is played: which one it is, and a way to its end."""
    with element("div", class_="running"):
        element("p", f"One race of many: future {race['future']} of {FULL:,}." if race else "", class_="soft")
        button("Skip to the end", on_press=on_skip)


@solara.component
def Worlds(choice: str, race: dict[str, Any], ending: Ending):
    """A hundred futures of your world, and of the one in which all keep the human."""
    with element("div", class_="worlds"):
        place(
            ending.harm, f"end in harm if you {choice} the human.", home_story.finish(ending.weeks, ending.unfinished)
        )
        place(
            ending.keep_harm, "end in harm if all keep the human, with the same luck.",
            home_story.finish(ending.keep_weeks, ending.keep_unfinished),
        )  # fmt: skip
        played = f"The race above is future {race['future']}, near the middle in harm."
        element("p", f"{home_story.counted(ending)} {played}", class_="tiny mute note")


def place(harm: Any, words: str, finish: str) -> solara.Element:
    """One hundred futures and what they say."""
    shown = fixed(100 * harm.mean)
    said = [element("b", shown, class_="big"), f"of 100 futures ({plus_minus(harm, 100, 1)}) {words} "]
    text = element("p", *said, element("span", finish, class_="soft finish"))
    return element("div", picture(marks.futures(int(shown))), text, class_="world")


@solara.component
def Doors(session: Session, race: dict[str, Any] | None, choice: str, on_again):
    """What can be done next: the race that was seen taken apart (you weighed nothing; a rival did), or other rules."""
    seen = session.leaving()
    if race:
        world = futures.chosen(session.world, choice)
        seen = dataclasses.replace(seen, world=world, lab=futures.first_to_decide(race[choice]), future=race["future"])
    with element("div", class_="doors"):
        button("Try again", element("span", "same luck, your choice"), on_press=on_again)
        link("See why", element("span", "what each lab weighed up"), to=f"/why?{seen.query()}", class_="btn")
        link("Change the rules", element("span", "and run it again"), to=session.link("explore"), class_="btn")


@solara.component
def Ways(session: Session):
    """The other screens, each in one line."""
    ways = (
        ("explore", "Explore", "Move a rule and watch 1,000 futures change."),
        ("map", "Map", "Which game are the labs in, and where does it turn?"),
        ("compare", "Compare", "Up to four worlds side by side, same luck."),
    )
    with element("div", class_="below"):
        for screen, name, words in ways:
            link(element("b", name), element("span", words), to=session.link(screen))
