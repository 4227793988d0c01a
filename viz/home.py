"""Home: one question, two choices, what came of them."""

import solara
import solara.lab

from . import futures, marks
from .elements import button, element, picture
from .futures import KEEP, REMOVE, Ending, World

VERB = {KEEP: "kept", REMOVE: "removed"}


@solara.component
def Home():
    """The question, the two choices and, after a press, your world beside the one in which all keep."""
    choice, set_choice = solara.use_state("")
    shown, set_shown = solara.use_state(None)
    task = solara.lab.use_task(
        lambda: futures.play(choice) if choice else None, dependencies=[choice], raise_error=False
    )
    ending = task.value if task.finished else None
    solara.use_effect(lambda: set_shown(ending) if ending else None, [ending])
    current = ending if ending and ending.choice == choice else None
    faster = f"{futures.times_faster():.1f} times faster"
    question = f"Your lab can remove the human from its loop. It will be {faster}. What do you do?"
    with element("main", class_="home"), element("div", class_="page"):
        element("div", element("h1", question), class_="ask")
        with element("div", class_="two"):
            Choice(KEEP, "Keep the human", "Slower. A person checks each change.", choice, set_choice)
            Choice(REMOVE, "Remove the human", f"{faster.capitalize()}. Your best check is gone.", choice, set_choice)
        with element("div", class_="result"):
            words = said(choice, current, task.exception if task.error else None)
            element("p", words, class_="said", role="status", aria_live="polite")
            if shown:
                Worlds(shown, old=current is None)


@solara.component
def Choice(name: str, verb: str, gain_and_price: str, chosen: str, choose):
    """One of the two buttons: the same size and weight, a verb, a gain, a price."""
    glyph = marks.KEPT if name == KEEP else marks.CLOSED
    words = element("span", element("strong", verb), gain_and_price)
    pressed = {"aria_pressed": "true" if chosen == name else "false"} if chosen else {}
    button(
        picture(glyph), words, on_press=lambda: choose(name), aria_label=verb, title=gain_and_price,
        class_=f"choice {'keep' if name == KEEP else 'remove'}", **pressed,
    )  # fmt: skip


def said(choice: str, ending: Ending | None, error: Exception | None) -> str:
    """The one line that says what came of a choice."""
    if error is not None:
        return f"The run failed: {error}"
    if ending is None:
        return "Running the race with the same luck, again and again ..." if choice else ""
    yours, keep = ending.yours, ending.all_keep
    return (
        f"You {VERB[ending.choice]} the human: harm in {yours.harm} of 100 futures, finish in month {yours.month}. "
        "If all labs had kept it, with the same luck: "
        f"harm in {keep.harm} of 100 futures, finish in month {keep.month}."
    )


@solara.component
def Worlds(ending: Ending, old: bool):
    """Your world and the same luck with all keeping, side by side."""
    with element("div", class_="worlds old" if old else "worlds", aria_hidden="true"):
        verb = "keep" if ending.choice == KEEP else "remove"
        place(ending.yours, f"of 100 futures end in harm if you {verb} the human.")
        place(ending.all_keep, "of 100 if all keep the human, with the same luck.")


def place(world: World, words: str) -> solara.Element:
    """One hundred futures and what they say."""
    finish = element("span", f"Finish: month {world.month}.", class_="soft nowrap")
    text = element("p", element("b", str(world.harm)), f"{words} ", finish)
    return element("div", picture(marks.futures(world.harm)), text, class_="world")
