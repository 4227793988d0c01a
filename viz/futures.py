"""What the screens ask of labsim: runs, as numbers that a person can read."""

from dataclasses import dataclass
from functools import cache

import labsim
from labsim import ensemble
from labsim.self_improvement import weeks_per_cycle
from labsim.strategies import STRATEGIES

SCENARIO = "five-calculators"
FUTURES, FUTURES_IN_MESA = 200, 60  # Mesa runs while the fast engine still compiles in the background
KEEP, REMOVE = "keeper", "closer"
WEEKS_A_MONTH = 52 / 12


@dataclass(frozen=True)
class World:
    """How a choice ends, on average."""

    harm: int  # of 100 futures
    month: int  # of the finish


@dataclass(frozen=True)
class Ending:
    """A choice and, with the same luck, the world in which all labs keep the human."""

    choice: str
    yours: World
    all_keep: World


def play(choice: str) -> Ending:
    """Run the race with the first lab bound to a choice; the others decide for themselves."""
    first = labsim.load(SCENARIO).all_labs[0].name
    warm = ensemble.is_warm()
    results = labsim.run(
        SCENARIO, replications=FUTURES if warm else FUTURES_IN_MESA, engine="ensemble" if warm else "mesa",
        strategies={first: STRATEGIES[choice]},
    )  # fmt: skip
    return Ending(choice, _world(results.summaries), _world(results.twin_levels["all_keep"]))


def _world(outcomes: dict) -> World:
    return World(round(100 * outcomes["catastrophe"].mean), round(outcomes["race_weeks"].mean / WEEKS_A_MONTH))


@cache
def times_faster() -> float:
    """How many times faster a cycle is without the human, for a lab that is just able to remove it."""
    lab = labsim.Race(labsim.load(SCENARIO)).labs[0]
    keep, remove = (weeks_per_cycle(lab, lab.cycle.log_able, 1.0, oversight) for oversight in (1.0, 0.0))
    return keep / remove
