"""What Home says of a race and of how such races end, in sentences made from their numbers."""

import math
from typing import Any

from labsim.show.numbers import fixed
from labsim.show.words import PLUS_MINUS
from viz.world.futures import YOURS, Ending
from viz.world.one_future import WEEKS_A_MONTH
from viz.world.said import plus_minus
from viz.world.world import KEEP

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
DONE = {"keep": "kept the human", "remove": "removed the human"}


def question(times: float) -> str:
    """The one question of the first page."""
    return f"Your lab can remove the human from its loop. It will be {faster(times)}. What do you do?"


def faster(times: float) -> str:
    """What removing does to the speed of a cycle."""
    return f"{times:.1f} times as fast" if round(times, 1) > 1 else "no faster"


def count(n: int) -> str:
    """A small number as a word."""
    return NUMBERS[n] if n < len(NUMBERS) else str(n)


def month(week: float) -> int:
    """The month that a week is in; the first is month 1."""
    return max(1, round(week / WEEKS_A_MONTH))


def answer(race: dict[str, Any], choice: str) -> str:
    """What the rivals did in this race."""
    closures = [closed.index(1) if 1 in closed else None for closed in race["closed"]]
    mine, rivals = closures.pop(YOURS), closures
    theirs = sorted(week for week in rivals if week is not None)
    if choice == KEEP:
        return _rivals_of_a_keeper(theirs, len(rivals))
    if mine is None:
        return "Its system was never able to run without one, or rules did not let it."
    if not rivals:
        return ""
    before, then = [week for week in theirs if week < mine], [week for week in theirs if week >= mine]
    sentences = [f"{_some(len(before))} had already."] if before else []
    if then:
        span = max(1, math.ceil((then[-1] - mine) / WEEKS_A_MONTH))
        within = "a month" if span == 1 else f"{count(span)} months"
        who = f"{count(len(then))} more" if before else _some(len(then)).lower()
        sentences.append(f"Within {within}, {who} did too.")
    elif not before:
        sentences.append("No rival did.")
    return " ".join(sentences)


def _some(n: int) -> str:
    return f"{count(n)} rival{'' if n == 1 else 's'}".capitalize()


def _rivals_of_a_keeper(theirs: list[int], rivals: int) -> str:
    if not rivals:
        return ""
    if not theirs:
        return "So did every rival."
    if rivals == 1:
        return f"Your rival removed its own in month {month(theirs[0])}."
    if len(theirs) == rivals:
        who = "Both" if rivals == 2 else f"All {count(rivals)}"
        return f"{who} rivals removed theirs, the last in month {month(theirs[-1])}."
    first = f"in month {month(theirs[0])}" if len(theirs) == 1 else f"the first in month {month(theirs[0])}"
    return f"{count(len(theirs)).capitalize()} of {count(rivals)} rivals removed {_theirs(len(theirs))}, {first}."


def _theirs(n: int) -> str:
    return "its human" if n == 1 else "theirs"


def placed(race: dict[str, Any]) -> str:
    """Where your lab was when this race ended: by what its system can do."""
    reached = [lab[-1] for lab in race["c"]]
    if len(reached) == 1:
        return "You finished." if race["winner"] else "You did not finish."
    place = sum(other > reached[YOURS] for other in reached)
    where = PLACES[place] if place < len(PLACES) else f"number {place + 1}"
    return f"You finished {where}." if race["winner"] else f"Nobody finished; you were {where}."


def harm(ending: Ending) -> str:
    """The result, in the words of the first page's contract."""
    return f"Harm in {fixed(100 * ending.harm.mean)} of 100 futures."


def twin(ending: Ending) -> str:
    """The same futures if nobody had removed the human."""
    return f"If everybody had kept the human: {fixed(100 * ending.keep_harm.mean)} of 100."


def finish(weeks: Any, unfinished: Any) -> str:
    """When these races end, on average; or that most do not."""
    when = fixed(weeks.mean / WEEKS_A_MONTH)
    if unfinished.mean > 0.5:
        return f"Most are not finished by month {when}."
    return f"Finish: month {when} {plus_minus(weeks, 1 / WEEKS_A_MONTH, 1)}."


def counted(ending: Ending) -> str:
    """How many futures the counts are taken from, and what ± is."""
    return f"Counted over {ending.n:,} futures with the same luck; {PLUS_MINUS}"
