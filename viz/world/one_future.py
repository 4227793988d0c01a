"""One future of a world, week by week, as the pictures that play it need it: plain lists, ready for JSON."""

import math
import threading
from collections import OrderedDict
from functools import cache
from typing import Any

import numpy as np

from labsim.checks.calibrate import horizons
from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.engines.mesa_engine import Race, sampled_scenario
from labsim.runs.record import Record
from labsim.runs.replay import Replay
from labsim.scenario.sampling import draw_one
from labsim.scenario.scenario import Scenario
from labsim.show.story import story
from viz.world.ensembles import SEED, key_of

WEEKS_A_MONTH = 52 / 12
HOURS = {"1 day": 8, "1 week": 40, "1 month": 167, "1 year": 2000}  # of human work, as METR counts it
ANY_FINISH = "first_over_line"  # race.finish_form with a line to cross
MOST_KEPT = 64
OF_LABS = {"c": "log_capability", "a": "log_alignment", "cycle": "weeks", "oversight": "oversight", "paused": "paused"}
OF_RACE = {"gap": "exposure", "measured": "measured"}

_kept: OrderedDict[tuple, dict[str, Any]] = OrderedDict()
_lock = threading.Lock()


def one_future(scenario: Scenario, future: int, stop: Stop | None = None) -> dict[str, Any]:
    """The race of one replication, about 30 ms; asked for again, at once. Raises KeyboardInterrupt if stopped.

    Lists by lab and week: `c` and `a` (ln C, ln A), `closed` and `paused` (0 or 1), `cycle` (weeks that
    a cycle takes). By week: `gap` and `measured`, the mean exposure as it is and as labs measure it.
    `events` in words; `finish` ln C of the line, if there is one; `ticks` on the scale of ln C.
    """
    if (known := _known(scenario, future)) is not None:
        return known
    told = _told(scenario, future, stop)
    with _lock:
        _kept[_key(scenario, future)] = told
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return told


def at_once(scenario: Scenario, future: int) -> dict[str, Any]:
    """The same race from the fast engine, 5 ms, with `events` None: what happened is told a moment later."""
    if (known := _known(scenario, future)) is not None:
        return known
    final, race, labs = ensemble.trace(
        scenario,
        future,
        1,
        SEED,
        tuple(OF_LABS.values()),
        tuple(OF_RACE.values()),
        sampled=draw_one(scenario, SEED, future),
    )
    weeks = int((~np.isnan(race[0, :, 0])).sum())
    of_labs = {name: labs[0, :weeks, :, k].T for k, name in enumerate(OF_LABS)}
    of_race = {name: race[0, :weeks, k] for k, name in enumerate(OF_RACE)}
    won = np.flatnonzero(final.labs("won")[0])
    return _plain(scenario, future, of_labs, of_race, int(won[0]) if len(won) else None, None)


def _key(scenario: Scenario, future: int) -> tuple:
    return key_of(scenario), future


def _known(scenario: Scenario, future: int) -> dict[str, Any] | None:
    """The race, if it is kept."""
    key = _key(scenario, future)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _told(scenario: Scenario, future: int, stop: Stop | None) -> dict[str, Any]:
    """The race in the readable engine, which has the ensemble's bits, and what the record says of it."""
    drawn = draw_one(scenario, SEED, future)
    record = Record()
    setting = sampled_scenario(scenario, drawn, 0) if drawn else scenario
    race = record.follow(Race(setting, SEED, future, collect=False), stop)
    n = len(race.labs)
    of_labs = {
        name: np.array([[row[field] for row in record.weeks[place::n]] for place in range(n)])
        for name, field in OF_LABS.items()
    }
    of_race = {name: np.array([row[f"race_{field}"] for row in record.weeks[::n]]) for name, field in OF_RACE.items()}
    won = [place for place, lab in enumerate(race.labs) if lab.won]
    return _plain(scenario, future, of_labs, of_race, won[0] if won else None, _events(record, scenario, race))


def _plain(
    scenario: Scenario, future: int, of_labs: dict[str, np.ndarray], of_race: dict[str, np.ndarray],
    winner: int | None, events: list[dict[str, Any]] | None,
) -> dict[str, Any]:  # fmt: skip
    """The race as JSON has it: rounded to what can be seen."""
    labs = [lab.name for lab in scenario.all_labs]
    finish = math.log(scenario["competition.finish"]) if scenario["race.finish_form"] == ANY_FINISH else None
    lists = {name: np.round(values, 3).tolist() for name, values in of_labs.items()}
    return {
        "future": future, "labs": labs, "weeks": len(of_race["gap"]), "weeks_a_month": round(WEEKS_A_MONTH, 4),
        "c": lists["c"], "a": lists["a"], "cycle": lists["cycle"],
        "closed": (of_labs["oversight"] == 0.0).astype(int).tolist(),
        "paused": (of_labs["paused"] > 0.0).astype(int).tolist(),
        **{name: np.round(values, 3).tolist() for name, values in of_race.items()},
        "events": events,
        "finish": None if finish is None else round(finish, 3),
        "finish_words": None if finish is None else in_words(finish),
        "winner": None if winner is None else labs[winner],
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
