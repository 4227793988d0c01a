"""What Home asks of labsim: the race after each choice, and how such races end, with the same luck."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import labsim
from labsim import ensemble, model
from labsim.ensemble import Stop
from labsim.outcomes import catastrophe
from labsim.scenario import Scenario
from labsim.self_improvement import weeks_per_cycle
from labsim.summary import Summary

from .ensembles import FIRST, FULL, SEED, all_keep, ensemble_of
from .one_future import one_future
from .world import World

KEEP, REMOVE = "keep", "remove"
OVERSIGHT = {KEEP: 1.0, REMOVE: 0.0}  # decision.choice of the visitor's lab
IN_MESA, TRIED_IN_MESA = 60, 12  # futures while the fast engine still compiles in the background
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


def after(world: World, choice: str) -> Scenario:
    """The world in which the visitor's lab does what was chosen; the others decide for themselves."""
    lab = your_lab(world)
    return world.with_lab(lab, "strategy", "player").with_lab(lab, "decision.choice", OVERSIGHT[choice]).resolve()


def times_as_fast(world: World) -> float:
    """The speed of a cycle without the human, in that with, for your lab when it is just able to remove it."""
    lab = labsim.Race(world.resolve(), SEED, 0, collect=False).labs[YOURS]
    keep, remove = (weeks_per_cycle(lab, lab.cycle.log_able, 1.0, oversight) for oversight in (1.0, 0.0))
    return keep / remove


def races(world: World, stop: Stop) -> Iterator[dict[str, Any]]:
    """The same typical future after each choice; up to the week `hold` the two are alike and all keep."""
    future = typical(world, stop)
    found = {choice: one_future(after(world, choice), future) for choice in (KEEP, REMOVE)}
    yield {**found, "future": future, "hold": parting(found[KEEP], found[REMOVE])}


def typical(world: World, stop: Stop) -> int:
    """The future whose harm is nearest to the middle of those tried, after one choice and after the other."""
    distance = 0.0
    for choice in (KEEP, REMOVE):
        if ensemble.is_warm():
            harm = ensemble_of(after(world, choice), FIRST, stop).outcomes["catastrophe"][:FIRST]
        else:
            harm = catastrophe(model.simulate(after(world, choice), 0, TRIED_IN_MESA, SEED, stop=stop))
        distance = distance + np.abs(np.argsort(np.argsort(harm)) - (len(harm) - 1) / 2)
    return int(np.argmin(distance))


def parting(keep: dict[str, Any], remove: dict[str, Any]) -> int:
    """The last week before a lab closes or the two races differ."""
    for week in range(min(keep["weeks"], remove["weeks"])):
        differ = any(a[week] != b[week] for a, b in zip(keep["c"], remove["c"], strict=True))
        if differ or any(lab[week] for lab in (*keep["closed"], *remove["closed"])):
            return max(0, week - 1)
    return min(keep["weeks"], remove["weeks"]) // 3


def endings(world: World, first: str, stop: Stop) -> Iterator[dict[str, Ending]]:
    """How races end after each choice; the one that is asked for comes first."""
    found = {}
    for choice in sorted((KEEP, REMOVE), key=lambda choice: choice != first):
        found[choice] = _ending(after(world, choice), all_keep(world.resolve()), stop)
        yield dict(found)


def _ending(mine: Scenario, keep: Scenario, stop: Stop) -> Ending:
    """By the fast engine; until it has been compiled fewer futures, by the readable one."""
    if ensemble.is_warm():
        found = [ensemble_of(scenario, FULL, stop).outcomes for scenario in (mine, keep)]
        count, levels = FULL, [{name: Summary.of(values[:FULL]) for name, values in each.items()} for each in found]
    else:
        results = labsim.run(mine, IN_MESA, SEED, engine="mesa", sample=0)
        count, levels = IN_MESA, [results.summaries, results.twin_levels["all_keep"]]
    named = [level[name] for level in levels for name in ("catastrophe", "race_weeks", "unfinished")]
    return Ending(count, *named)
