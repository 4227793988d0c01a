"""What Home asks of labsim: the race after each choice, and how such races end, with the same luck."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import labsim
from labsim.engines.ensemble import Stop
from labsim.model.self_improvement import weeks_per_cycle
from labsim.runs.summary import Summary
from labsim.scenario.scenario import Scenario
from viz.world.ensembles import FIRST, FULL, SEED, all_keep, ensemble_of
from viz.world.one_future import one_future
from viz.world.world import KEEP, REMOVE, World

OVERSIGHT = {KEEP: 1.0, REMOVE: 0.0}  # decision.choice of the visitor's lab
TOLD = ("catastrophe", "race_weeks", "unfinished")  # the outcomes of an ending
YOURS = 0  # the visitor's lab is the scenario's first


@dataclass(frozen=True)
class Ending:
    """How the races after a choice end, and the same futures with every lab keeping its human."""

    n: int
    harm: Summary
    weeks: Summary
    unfinished: Summary
    keep_harm: Summary
    keep_weeks: Summary
    keep_unfinished: Summary


def your_lab(world: World) -> str:
    """The lab that the visitor decides for."""
    return world.resolve().all_labs[YOURS].name


def chosen(world: World, choice: str) -> World:
    """The world in which the visitor's lab does what was chosen; the others decide for themselves."""
    lab = your_lab(world)
    return world.with_lab(lab, "strategy", "player").with_lab(lab, "decision.choice", OVERSIGHT[choice])


def after(world: World, choice: str) -> Scenario:
    """The scenario of that world."""
    return chosen(world, choice).resolve()


def first_to_decide(race: dict[str, Any]) -> str:
    """The rival that removed its human first in a race; the first rival if none did; you, if there is none."""
    rivals = [i for i in range(len(race["labs"])) if i != YOURS] or [YOURS]
    closed = {i: race["closed"][i].index(1) for i in rivals if 1 in race["closed"][i]}
    return race["labs"][min(closed, key=closed.__getitem__) if closed else rivals[0]]


def times_as_fast(world: World) -> float:
    """The speed of a cycle without the human, in that with, for your lab when it is just able to remove it."""
    lab = labsim.Race(world.resolve(), SEED, 0, collect=False).labs[YOURS]
    keep, remove = (weeks_per_cycle(lab, lab.cycle.log_able, 1.0, oversight) for oversight in (1.0, 0.0))
    return keep / remove


def races(world: World, stop: Stop) -> Iterator[dict[str, Any]]:
    """The same typical future after each choice; up to the week `hold` the two are alike and all keep."""
    future = typical(world, stop)
    result = {choice: one_future(after(world, choice), future) for choice in (KEEP, REMOVE)}
    yield {**result, "future": future, "hold": parting(result[KEEP], result[REMOVE])}


def typical(world: World, stop: Stop) -> int:
    """The future whose harm is nearest to the middle of those tried, after one choice and after the other."""
    distance = 0.0
    for choice in (KEEP, REMOVE):
        harm = ensemble_of(after(world, choice), FIRST, stop).readings["catastrophe"][:FIRST]
        distance = distance + np.abs(np.argsort(np.argsort(harm)) - (len(harm) - 1) / 2)
    return int(np.argmin(distance))


def parting(keep: dict[str, Any], remove: dict[str, Any]) -> int:
    """The last week before a lab closes or the two races differ."""
    for week in range(min(keep["weeks"], remove["weeks"])):
        differ = any(a[week] != b[week] for a, b in zip(keep["c"], remove["c"], strict=True))
        if differ or any(lab[week] for lab in (*keep["closed"], *remove["closed"])):
            return max(0, week - 1)
    return min(keep["weeks"], remove["weeks"]) // 3


def endings(world: World, choice: str, stop: Stop) -> Iterator[dict[str, Ending]]:
    """How races end after the choice, then after the other."""
    result = {}
    for each in sorted((KEEP, REMOVE), key=lambda other: other != choice):
        result[each] = _ending(world, each, stop)
        yield dict(result)


def _ending(world: World, choice: str, stop: Stop) -> Ending:
    """The world after the choice beside the one in which all keep, with the same luck."""
    worlds = (after(world, choice), all_keep(world.resolve()))
    levels = [ensemble_of(scenario, FULL, stop).readings for scenario in worlds]
    return Ending(FULL, *[Summary.of(level[name][:FULL]) for level in levels for name in TOLD])
