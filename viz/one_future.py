"""One future of a world, week by week, as the pictures that play it need it: plain lists, ready for JSON."""

import math
import threading
from collections import OrderedDict
from functools import cache
from typing import Any

from labsim.calibrate import horizons
from labsim.ensemble import Stop
from labsim.model import Race, sampled_scenario
from labsim.record import Record
from labsim.replay import Replay, story
from labsim.sampling import draw_one
from labsim.scenario import Scenario

from .ensembles import SEED, key_of

WEEKS_A_MONTH = 52 / 12
HOURS = {"1 day": 8, "1 week": 40, "1 month": 167, "1 year": 2000}  # of human work, as METR counts it
ANY_FINISH = "first_over_line"  # race.finish_form with a line to cross
MOST_KEPT = 64

_kept: OrderedDict[tuple, dict[str, Any]] = OrderedDict()
_lock = threading.Lock()


def one_future(scenario: Scenario, future: int, stop: Stop | None = None) -> dict[str, Any]:
    """The race of one replication, about 30 ms; asked for again, at once. Raises KeyboardInterrupt if stopped.

    Lists by lab and week: `c` and `a` (ln C, ln A), `closed` and `paused` (0 or 1), `cycle` (weeks that
    a cycle takes). By week: `gap` and `measured`, the mean exposure as it is and as labs measure it.
    `events` in words; `finish` ln C of the line, if there is one; `ticks` on the scale of ln C.
    """
    key = (key_of(scenario), future)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = _run(scenario, future, stop)
    with _lock:
        _kept[key] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _run(scenario: Scenario, future: int, stop: Stop | None) -> dict[str, Any]:
    """The race in the readable engine, which has the ensemble's bits, and what the record says of it."""
    drawn = draw_one(scenario, SEED, future)
    record = Record()
    setting = sampled_scenario(scenario, drawn, 0) if drawn else scenario
    race = record.follow(Race(setting, SEED, future, collect=False), stop)
    labs = [lab.name for lab in race.labs]
    weeks = record.weeks[:: len(labs)]  # the race's own quantities stand in each lab's row

    def of_labs(name: str) -> list[list[float]]:
        return [[round(row[name], 3) for row in record.weeks[place :: len(labs)]] for place in range(len(labs))]

    finish = race.p.competition.line if scenario["race.finish_form"] == ANY_FINISH else None
    return {
        "future": future, "labs": labs, "weeks": len(weeks), "weeks_a_month": round(WEEKS_A_MONTH, 4),
        "c": of_labs("log_capability"), "a": of_labs("log_alignment"), "cycle": of_labs("weeks"),
        "closed": [[int(oversight == 0.0) for oversight in lab] for lab in of_labs("oversight")],
        "paused": [[int(paused > 0.0) for paused in lab] for lab in of_labs("paused")],
        "gap": [round(row["race_exposure"], 3) for row in weeks],
        "measured": [round(row["race_measured"], 3) for row in weeks],
        "events": _events(record, scenario, race),
        "finish": None if finish is None else round(finish, 3),
        "finish_words": None if finish is None else in_words(finish),
        "winner": next((lab.name for lab in race.labs if lab.won), None),
        "ticks": [{"at": round(math.log(hours / hours_at_c1()), 3), "words": words} for words, hours in HOURS.items()],
    }  # fmt: skip


def _events(record: Record, scenario: Scenario, race: Race) -> list[dict[str, Any]]:
    """What happened, in the sentences of `labsim replay`, without the week that stands before each."""
    told = story(Replay(scenario, race.replication, record.tables(), {"unfinished": 0.0}, {}, True))
    return [
        {
            "week": event["week"], "lab": event["lab"], "kind": event["event"],
            "words": line.removeprefix(f"week {event['week']:>4}  "),
        }
        for event, line in zip(record.events, told, strict=True)
    ]  # fmt: skip


@cache
def hours_at_c1() -> float:
    """Hours of human work in the longest task that a system with C = 1 can do alone."""
    return horizons()["hours_at_c1"]


def in_words(log_capability: float) -> str:
    """An ability as the longest task that an AI can do alone: '4.7 years'."""
    hours = round(hours_at_c1() * math.exp(log_capability), 6)
    words, size = next(((w, h) for w, h in reversed(HOURS.items()) if hours >= h), ("1 hour", 1))
    count, unit = hours / size, words.split()[1]
    shown = f"{count:,.0f}" if count >= 10 else f"{count:.1f}".removesuffix(".0")
    return f"{shown} {unit}{'' if shown == '1' else 's'}"
