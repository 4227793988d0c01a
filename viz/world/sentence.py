"""One sentence that says what was changed, through what it works, and with what result."""

import math
from dataclasses import dataclass

from labsim.runs.summary import Summary, direction
from labsim.show.numbers import fixed
from viz.world.changes import WEEKS_A_MONTH, title
from viz.world.ensembles import Beside
from viz.world.world import World


@dataclass(frozen=True)
class Sentence:
    """The words, and of them the result, which is stressed."""

    words: str
    result: str


def sentence(world: World, pair: Beside) -> Sentence:
    """What a change does, or what the world is like as it is shipped."""
    if not world.changed:
        return _as_shipped(pair)
    return Sentence(f"{_what(world)} {_through(pair)}".strip(), _result(pair))


def _as_shipped(pair: Beside) -> Sentence:
    """The world that nobody changed, beside the one in which all labs keep the human."""
    harm, kept = pair.level("catastrophe"), pair.was("catastrophe")
    gain = pair.difference("delay_cost")
    words = (
        f"Left to themselves, labs spend {_of_100(pair.level('closed_share'))} of 100 weeks without a human; "
        f"{_of_100(harm)} of 100 futures end in harm."
    )
    later = f", and good things come {_months(gain)} later" if direction(gain) < 0 else ""
    return Sentence(words, f"If all kept the human: {_of_100(kept)}{later}.")


def _what(world: World) -> str:
    """What was changed."""
    named = title(world)
    return f"You set {named[0].lower()}{named[1:]}."


def _through(pair: Beside) -> str:
    """The first of a few ways in which a change may work that is clear of luck."""
    ways = (
        ("closed_share", "Labs spend {} of 100 weeks without a human, not {}.", _of_100),
        ("race_weeks", "A race takes {}, not {}.", _months),
        ("exposure", "The gap at the end is {} times, not {}.", lambda gap: fixed(math.exp(gap.mean), 1)),
    )
    for outcome, words, written in ways:
        now, was = written(pair.level(outcome)), written(pair.was(outcome))
        if direction(pair.difference(outcome)) and now != was:
            return words.format(now, was)
    return "How labs work and decide hardly changes."


def _result(pair: Beside) -> str:
    """Harm and its price in time."""
    harm, delay = pair.difference("catastrophe"), pair.difference("delay_cost")
    size = fixed(abs(100 * harm.mean), 0 if abs(100 * harm.mean) >= 0.5 else 1)
    first = {
        0: "Harm: no clear difference",
        1: f"Harm in {size} more of 100 futures",
        -1: f"Harm in {size} fewer of 100 futures",
    }[direction(harm)]
    if not delay.n:
        return f"{first}; no race finishes."
    later = direction(delay)
    price = f"good things come {_months(delay)} {'later' if later > 0 else 'sooner'}" if later else "at no clear delay"
    return f"{first}, {'and ' if later else ''}{price}."


def _of_100(share: Summary) -> str:
    return fixed(100 * share.mean)


def _months(weeks: Summary) -> str:
    months = abs(weeks.mean) / WEEKS_A_MONTH
    months = fixed(months, 0 if months >= 0.5 else 1)
    return f"{months} month{'' if months == '1' else 's'}"
