"""What the loop's numbers say, in sentences: of one luck, and of many."""

import numpy as np

from labsim.runs.summary import Summary
from labsim.show.numbers import fixed
from viz.world.home_story import count
from viz.world.one_cycle import Moment, Option, percent
from viz.world.said import plus_minus, signed
from viz.world.world import KEEP, REMOVE

CLOSE = 0.05  # percent: what is shown as the same


def lead(moment: Moment) -> str:
    """What the screen shows."""
    n = int(moment.lab.cycle.candidates)
    edits = "The same edit" if n == 1 else f"The same {count(n)} edits"
    return f"{edits}, the same luck. The lab takes what looks best on ability and alignment; pictured is alignment."


def heading(option: Option, luck: int, choice: str) -> str:
    """What is taken: the title of a picture."""
    act = f"takes edit {int(option.taken[luck]) + 1}" if not option.vetoed[luck] else "drops the best edit"
    return f"Human {'kept' if choice == KEEP else 'removed'}: {act}"


def readings(option: Option, moment: Moment, choice: str) -> str:
    """How alignment is measured in it."""
    if choice == KEEP:
        return "two readings, one by a person"
    return "one reading, by the machine's own test" + (" and an arbiter" if moment.lab.arbitration else "")


def this_time(options: dict[str, Option], luck: int) -> tuple[str, str]:
    """What the numbers of this luck say: a plain sentence, and the one that matters."""
    keep, remove = options[KEEP], options[REMOVE]
    if keep.vetoed[luck]:
        return "The human finds even the best edit too bad and drops it.", "Nothing is built in this time."
    looks = [float(percent(o.of_taken(o.measured_a)[luck])) for o in (keep, remove)]
    true = [float(percent(o.of_taken(o.true_a)[luck])) for o in (keep, remove)]
    if keep.taken[luck] == remove.taken[luck]:
        said = f"Both take the same edit, truly {signed(true[0])} %."
        return said, f"With the human it looked like {signed(looks[0])} %, without like {signed(looks[1])} %."
    on_paper = f"On paper: {signed(looks[0])} % with the human, {signed(looks[1])} % without."
    if abs(true[0] - true[1]) < CLOSE:
        return on_paper, "In truth the two are equally well aligned."
    points = f"{fixed(abs(true[0] - true[1]), 1)} points"
    if true[0] > true[1]:
        return on_paper, f"In truth the edit taken with the human is better aligned, by {points}."
    return on_paper, f"This time the edit taken without the human is better aligned, by {points}."


def how_often(options: dict[str, Option]) -> str:
    """How often the two differ, and how often the human's is the better edit."""
    keep, remove = options[KEEP], options[REMOVE]
    differ = keep.taken != remove.taken
    if not differ.any():
        return f"Over {keep.lucks:,} such cycles they take the same edit every time."
    better = (keep.of_taken(keep.true_a) > remove.of_taken(remove.true_a))[differ].mean()
    return (
        f"Over {keep.lucks:,} such cycles they take different edits in {fixed(100 * differ.mean())} of 100. "
        f"Of these, the human's is truly better aligned in {fixed(100 * better)} of 100."
    )


def _mean(summary: Summary) -> str:
    return f"{signed(summary.mean)} % {plus_minus(summary, 1, 1)}"


def rows(options: dict[str, Option], luck: int) -> list[tuple[str, str, str, str, str]]:
    """The table: the edit that was taken, and the mean over all lucks. (choice, ability, measured, true, over what)"""
    table = []
    for choice, option in options.items():
        values = (option.true_c, option.measured_a, option.true_a)
        one = [f"{signed(float(percent(option.of_taken(value)[luck])))} %" for value in values]
        table += [
            (choice, *one, "this time"),
            (choice, *(_mean(option.mean(value)) for value in values), f"mean of {option.lucks:,}"),
        ]
    return table


def opening(options: dict[str, Option]) -> int:
    """The first luck in which the two differ, so that there is something to see; 0 if none."""
    differ = np.flatnonzero(options[KEEP].taken != options[REMOVE].taken)
    return int(differ[0]) if len(differ) else 0
