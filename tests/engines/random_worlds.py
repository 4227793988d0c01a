"""Worlds at random, in which both engines must agree to the last bit.

    python -m tests.engines.random_worlds --count 1000 [--seed 0]

Each sets some parameters anywhere in their ranges (rules, safeguards and events among them), for the world and for labs
of its own, and gives labs any strategies. Prints each world in which a bit differs, with the file that has it; exit 1
if there was one.
"""

import argparse
import dataclasses
import random
import sys
import time
import warnings

import numpy as np

from labsim.engines import ensemble, mesa_engine
from labsim.model import state
from labsim.model.declaration import Declaration
from labsim.model.strategies import SHIPPED
from labsim.scenario.checked import CATALOGUE, LabSpec, ScenarioError, ScenarioWarning, is_lab_path
from labsim.scenario.files import load, shipped_scenarios, to_toml
from labsim.scenario.scenario import Scenario

WEEKS, RACES, MOST_LABS = 40, 2, 6
NOT_SET = ("race.labs", "race.weeks", "evaluators.number")  # sizes: drawn apart
DATES = ("start", "stop")


def a_value(declared: Declaration, path: str, rng: random.Random):
    """A value of a parameter: often an end of its range or what ships."""
    if declared.options:
        return rng.choice(list(declared.options))
    if path.rpartition(".")[2] in DATES:
        return rng.choice([None, 0, rng.randrange(WEEKS)])
    low, high = declared.low, min(declared.high, 1e4)
    default = declared.default if isinstance(declared.default, int | float) else low
    near = (default * rng.uniform(0.5, 2.0), low + (high - low) * rng.random() ** 6, rng.uniform(low, high), low, high)
    value = min(max(rng.choice(near), low), high)
    return round(value) if declared.whole else value


def a_world(rng: random.Random) -> Scenario:
    """A world at random. Raises ScenarioError for some that cannot be."""
    base = load(rng.choice(list(shipped_scenarios())))
    paths = rng.sample([path for path in CATALOGUE if path not in NOT_SET], rng.randint(0, 25))
    starts = rng.sample([path for path in CATALOGUE if path.endswith(".start")], rng.randint(0, 6))
    changes = {path: a_value(CATALOGUE[path], path, rng) for path in paths}
    changes |= {path: rng.randrange(WEEKS // 2) for path in starts}
    world = base.with_({"race.weeks": rng.randint(1, WEEKS)}).with_(changes)
    if rng.random() < 0.6:
        own = [path for path in CATALOGUE if is_lab_path(path)]
        labs = tuple(
            LabSpec(f"Lab {k}", rng.choice(list(SHIPPED)),
                    {path: a_value(CATALOGUE[path], path, rng) for path in rng.sample(own, rng.randint(0, 4))})
            for k in range(rng.randint(1, MOST_LABS))
        )  # fmt: skip
        world = dataclasses.replace(world, labs=labs)
    return world


def differences(world: Scenario, seed: int) -> list[str]:
    """The quantities in which the engines differ, in any week of any lab or of the race."""
    labs, race = tuple(state.fields(state.LabState)), tuple(state.fields(state.RaceState))
    (_, race_a, labs_a), (_, race_b, labs_b) = (
        engine.trace(world, 0, RACES, seed, labs, race) for engine in (mesa_engine, ensemble)
    )
    found = []
    for names, a, b in ((race, race_a, race_b), (labs, labs_a, labs_b)):
        same = a.view(np.int64) == b.view(np.int64)
        found += [name for k, name in enumerate(names) if not same[..., k].all()]
    return found


def check(count: int, seed: int) -> int:
    """Compare so many worlds; how many differ, each of them printed."""
    rng, differ, done, refused, start = random.Random(seed), 0, 0, 0, time.monotonic()
    warnings.simplefilter("ignore", ScenarioWarning)
    while done < count:
        number = rng.getrandbits(32)
        try:
            world = a_world(random.Random(number))
        except ScenarioError:
            refused += 1
            continue
        done += 1
        if found := differences(world, number):
            differ += 1
            print(f"world {number}: {', '.join(found[:8])} differ\n{to_toml(world)}")
        if done % 100 == 0:
            print(f"{done} worlds, {differ} differ, {time.monotonic() - start:.0f} s", flush=True)
    print(f"{count} worlds of {RACES} races: {differ} differ ({refused} more cannot be)")
    return differ


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(1 if check(asked.count, asked.seed) else 0)


if __name__ == "__main__":
    main()
