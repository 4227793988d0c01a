"""The decision that is asked about, and what becomes of it when one thing is tried otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from labsim.engines.ensemble import Stop
from labsim.reasons.counterfactuals import Flip, leaning
from labsim.reasons.quantities import Quantity, quantities
from labsim.reasons.reasons import Decision, RaceAsked, explain, race_of, taken, which
from labsim.scenario.checked import CATALOGUE, ScenarioError, is_lab_path
from viz.world.why_words import month, points
from viz.world.world import World

FINES, DAMAGES = "governance.human_mandate", "governance.liability"


@dataclass(frozen=True)
class Asked:
    """A decision of a lab, once it is taken apart; `note` says where it is not the one that was asked for."""

    race: RaceAsked
    lab: str
    week: int | None  # None: the lab makes no decision
    note: str = ""
    decision: Decision | None = None


@dataclass(frozen=True)
class Tried:
    """One thing tried otherwise: the decision made again, and where it can be, the whole race run again."""

    flip: Flip
    again: str
    world: World | None = None
    race: RaceAsked | None = None
    anew: str = ""


@lru_cache(maxsize=64)
def race_in(world: World, future: int) -> RaceAsked:
    """One race of a world."""
    return race_of(world.resolve(), future)


def ask(world: World, future: int, lab: str | None, week: int | None, stop: Stop) -> Iterator[Asked]:
    """First which decision it is, then the decision taken apart."""
    asked = find(race_in(world, future), lab, week)
    yield asked
    if asked.week is not None and not stop:
        yield _apart(world, future, asked.lab, asked.week, asked.note)


@lru_cache(maxsize=128)
def _apart(world: World, future: int, lab: str, week: int, note: str) -> Asked:
    race = race_in(world, future)
    return Asked(race, lab, week, note, explain(race, taken(race, lab, week)))


def find(race: RaceAsked, lab: str | None, week: int | None) -> Asked:
    """The decision asked for; without a lab or a week that of `labsim why`; in a week without one, the nearest."""
    table = race.decisions
    if lab is None:
        labs = [spec.name for spec in race.scenario.all_labs]
        lab = which(race)[0] if _closes(race) else next((name for name in labs if name in set(table["lab"])), labs[0])
    weeks = table[table["lab"] == lab]["week"].tolist()
    if not weeks:
        return Asked(race, lab, None, f"{lab} makes no decision in this race.")
    if week is None:
        result = which(race, lab)[1]
        closed = table[(table["lab"] == lab) & (table["was"] > 0.0) & (table["oversight"] == 0.0)]
        note = "" if len(closed) else f"{lab} never removes the human in this race; here is its last decision."
        return Asked(race, lab, result, note)
    result = min(weeks, key=lambda w: (abs(w - week), w))
    note = "" if result == week else f"{lab} does not decide in week {week}; here is the nearest, in week {result}."
    return Asked(race, lab, int(result), note)


def _closes(race: RaceAsked) -> bool:
    return bool(((race.decisions["was"] > 0.0) & (race.decisions["oversight"] == 0.0)).any())


def quantity_of(decision: Decision, flip: Flip) -> Quantity:
    """The quantity that a flip is of."""
    return next(q for q in quantities(decision.position) if q.name == flip.name)


def world_with(world: World, lab: str, flip: Flip) -> World | None:
    """The world in which this one thing is otherwise from the start; None where it is a belief or a state."""
    value = float(flip.text)
    if flip.name == "expected_fine":
        changed = world.with_(
            {f"{FINES}.start": 0, f"{FINES}.inspections": 1.0, f"{FINES}.detection": 1.0, f"{FINES}.fine": value}
        )
    elif flip.name == "liability":
        changed = world.with_({f"{DAMAGES}.start": 0, f"{DAMAGES}.damages": value})
    elif flip.name not in CATALOGUE:
        return None
    else:
        value = int(value) if CATALOGUE[flip.name].whole else value
        if is_lab_path(flip.name):
            changed = world.with_lab(lab, flip.name, value)
        else:
            changed = world.with_({flip.name: value})
    try:
        changed.resolve()
    except ScenarioError:
        return None
    return changed


def attempt(world: World, future: int, decision: Decision, flip: Flip) -> Tried:
    """The decision made again with one thing otherwise; then the race from the start, with the same luck."""
    position = decision.position
    ledger = quantity_of(decision, flip).again(position, float(flip.text))
    margin = leaning(position, ledger)
    again = f"Asked again with this alone changed, it {'removes' if margin > 0.0 else 'keeps'}"
    if position.weighs:
        better, worse = ("removing", "keeping") if margin > 0.0 else ("keeping", "removing")
        more = points(abs(margin), sign=False)
        again += f": {better} is worth {more} points more than {worse}" if float(more) else ", by a hair"
    other = world_with(world, decision.lab, flip)
    if other is None:
        why = "This is something it believes or is in, not a rule of the world: there is no other race to run."
        return Tried(flip, f"{again}. {why}")
    race = race_in(other, future)
    return Tried(flip, f"{again}.", other, race, told_anew(decision, race))


def told_anew(decision: Decision, race: RaceAsked) -> str:
    """What the lab does in the race run again, and who is now the first to close."""
    lab, week = decision.lab, decision.week
    table = race.decisions
    mine = table[table["lab"] == lab]
    if not len(mine):
        return f"In the race run again with the same luck, {lab} makes no decision."
    near = mine.iloc[(mine["week"] - week).abs().argmin()]
    does = "has no human" if near["oversight"] == 0.0 else "keeps the human"
    closing = mine[(mine["was"] > 0.0) & (mine["oversight"] == 0.0)]["week"]
    later = [w for w in closing if w > near["week"]]
    if not len(closing):
        then = "and it never removes it"
    elif near["oversight"] == 0.0:
        then = f"since month {month(max(w for w in closing if w <= near['week']))}"
    else:
        then = f"and removes it in month {month(later[0])}" if later else "having taken it back"
    text = f"The race run again with this from the start, same luck: in month {month(week)} {lab} {does}, {then}."
    first, was = (_first(result.decisions) for result in (race, decision.race))
    if first == was:
        return text
    return f"{text} First of all to remove it: {first} (was: {was})."


def _first(table) -> str:
    closing = table[(table["was"] > 0.0) & (table["oversight"] == 0.0)]
    return f"{closing['lab'].iloc[0]}, month {month(closing['week'].iloc[0])}" if len(closing) else "nobody"
