"""What each lab gets in races in which it is set beforehand who does what, under the same luck.

A strategy profile says so for every lab (Fudenberg & Tirole 1991); games are made of
profiles.
"""

import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.model.outcomes import Final
from labsim.runs.experiment import BLOCK, Progress, in_order, tracer, usable_engine
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

KEEP, REMOVE = "keeper", "closer"  # the strategies that hold to an action for the whole race
LARGEST_PIECE, SMALLEST_PIECE = BLOCK, 64  # replications of one piece of work


def race(
    world: Scenario, trace: Callable, first: int, count: int, seed: int, sampled: Mapping[str, np.ndarray],
    stop: Stop | None = None,
) -> Final:  # fmt: skip
    """The final states of replications first to first + count - 1 of a world; `sampled` is of all replications."""
    mine = {path: values[first : first + count] for path, values in sampled.items()}
    return trace(world, first, count, seed, (), (), 0, mine, stop=stop)[0]


def check_players(command: str, scenario: Scenario, replications: int) -> None:
    """A game needs two labs and a race. Raises ScenarioError."""
    if len(scenario.all_labs) < 2:
        raise ScenarioError(f"{command}: '{scenario.name}' has 1 lab: needs at least 2")
    if replications < 1:
        raise ScenarioError(f"{command}: replications = {replications}: must be at least 1")


def payoffs(
    worlds: Sequence[Scenario], replications: int = 200, seed: int = 0, engine: str = "ensemble",
    jobs: int | None = None, progress: Callable[[Progress], None] | None = None, stop: Stop | None = None,
) -> np.ndarray:  # fmt: skip
    """The expected payoff of each lab in each race of each world, in prizes: (worlds, replications, labs).

    The worlds are one scenario whose labs do different things; replication r has the same luck, and the
    same drawn parameters, in all of them. Raises
    KeyboardInterrupt if `stop` was set meanwhile.
    """
    stop, engine = Stop.new() if stop is None else stop, usable_engine(engine)
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    trace, sampled = tracer(engine), sampling.draw(worlds[0], seed, replications)
    piece = LARGEST_PIECE
    while piece > SMALLEST_PIECE and len(worlds) * -(-replications // piece) < 2 * jobs:
        piece //= 2
    work = [(place, k) for place in range(len(worlds)) for k in range(0, replications, piece)]
    result = np.empty((len(worlds), replications, len(worlds[0].all_labs)))

    def play(number: int) -> int | None:
        place, first = work[number]
        count = min(piece, replications - first)
        final = race(worlds[place], trace, first, count, seed, sampled, stop)
        result[place, first : first + count] = final.labs("payoff")
        return None if stop else count

    done = 0
    for count in in_order(play, range(len(work)), jobs, stop):
        done += count
        if progress:
            progress(Progress(done, len(worlds) * replications))
    if stop:
        raise KeyboardInterrupt
    return result
