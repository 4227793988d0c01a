"""A tournament: every strategy against every other, and all of them in one mixed field (Axelrod 1984).

In a pairing, the focal lab (the scenario's first) plays the row and all other labs play the column.
In the mixed field each lab draws its strategy at random. Everything runs under the same luck, so
differences between strategies are paired.
"""

import os
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.profiles import check_players, race
from labsim.games.tournament_results import FIELD, PAIR, Tournament
from labsim.model.draws import derive, seed_key, uniform
from labsim.model.outcomes import Final, catastrophe
from labsim.model.strategies import STRATEGIES
from labsim.runs.experiment import BLOCK, Progress, in_order, tracer, usable_engine
from labsim.scenario import sampling
from labsim.scenario.scenario import Scenario, ScenarioError, nearest

DIRECTED = ("scripted", "player")  # what they do is set from outside, by a script or a person
ROUND = 4  # replications of a round of mixed fields: few, for what differs most is who meets whom
FIELD_STREAM = 10  # of draws, beside sampling.SAMPLE_STREAM


def entrants(strategies: Iterable[str] | None = None) -> list[str]:
    """The strategies that take part, checked; by default all but `scripted` and `player`.

    What these two do is not a way to decide but a parameter (`decision.close_week`, `decision.choice`):
    at its default it says nothing, so they take part only if they are named. Raises ScenarioError.
    """
    if strategies is None:
        return [name for name in STRATEGIES if name not in DIRECTED]
    names = list(strategies)
    for k, name in enumerate(names):
        if name not in STRATEGIES:
            known = list(STRATEGIES)
            raise ScenarioError(f"strategies: {name!r}: must be one of {', '.join(known)}{nearest(name, known)}")
        if name in names[:k]:
            raise ScenarioError(f"strategies: '{name}' is named twice")
    if not names:
        raise ScenarioError("strategies: needs at least one")
    return names


def seats(names: Sequence[str], labs: int, seed: int, number: int) -> np.ndarray:
    """One round of mixed fields: the strategy that each lab plays in each field, as places (fields, labs).

    A Latin hypercube (McKay, Beckman & Conover 1979): each lab plays each strategy once, in an order of
    its own, so that a seat is drawn from all strategies alike and independently of the other labs'.
    The order is that of uniforms keyed by seed, round, lab and place.
    """
    key = derive(seed_key(seed, number), FIELD_STREAM)
    draws = [[uniform(derive(derive(key, i), k), FIELD_STREAM) for i in range(labs)] for k in range(len(names))]
    return np.argsort(np.array(draws), axis=0)


def tournament(
    scenario: Scenario, strategies: Iterable[str] | None = None, replications: int = 200, seed: int = 0,
    engine: str = "ensemble", jobs: int | None = None, progress: Callable[[Progress], None] | None = None,
    stop: Stop | None = None,
) -> Tournament:  # fmt: skip
    """Every ordered pair of strategies (see `entrants`), and the mixed field, under the same luck.

    Each pairing runs `replications` races. The mixed field goes by rounds of `ROUND` replications: in a
    round each lab plays each strategy once (see `seats`), all under the round's luck. A strategy's payoff
    and win share are means over the labs that play it; its catastrophe is the mean of the races in which
    a lab plays it, less the mean of all. Labs of one race share luck and rivals, rounds share neither:
    standard errors are over rounds. No number depends on the order of strategies.
    Raises ScenarioError; KeyboardInterrupt if `stop` was set meanwhile.
    """
    names, labs, stop = entrants(strategies), len(scenario.all_labs), Stop.new() if stop is None else stop
    check_players("tournament", scenario, replications)
    engine = usable_engine(engine)
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    trace, sampled = tracer(engine), sampling.draw(scenario, seed, replications)
    spans = [(k, min(ROUND, replications - k)) for k in range(0, replications, ROUND)]
    found, alphabetical = Tournament(scenario, names, seed, replications, len(spans), engine), sorted(names)

    def run(chosen: Sequence[str], first: int, count: int) -> Final:
        return race(scenario.with_strategies(chosen), trace, first, count, seed, sampled, stop)

    def pairing(place: int) -> dict[str, np.ndarray] | None:
        column, row = divmod(place, len(names))
        chosen = [names[row], *[names[column]] * (labs - 1)]
        finals = [run(chosen, k, min(BLOCK, replications - k)) for k in range(0, replications, BLOCK)]
        return None if stop else {name: np.concatenate([f(x) for x in finals]) for name, f in PAIR.items()}

    def play_round(number: int) -> tuple[np.ndarray, float] | None:
        found_by = np.zeros((len(FIELD), len(names), labs))
        for places in seats(names, labs, seed, number):
            final = run([alphabetical[k] for k in places], *spans[number])
            each = final.labs("payoff"), final.labs("won"), catastrophe(final)[:, None]
            found_by[:, places, np.arange(labs)] = [np.broadcast_to(x.mean(axis=0), labs) for x in each]
        level = found_by[2].mean()
        found_by[2] -= level
        return None if stop else (found_by.mean(axis=2), level)

    done, rows, rounds = 0, {}, []

    def tell(races: int) -> None:
        nonlocal done
        done += races
        if progress:
            progress(Progress(done, (len(names) + 1) * len(names) * replications))

    for place, values in enumerate(in_order(pairing, range(len(names) ** 2), jobs, stop)):
        column, row = divmod(place, len(names))
        rows[names[row]] = values
        if len(rows) == len(names):
            found.add_column(names[column], rows)
            rows = {}
        tell(replications)
    for result in in_order(play_round, range(len(spans)), jobs, stop):
        tell(len(names) * spans[len(rounds)][1])
        rounds.append(result)
    if stop:
        raise KeyboardInterrupt
    found.add_field(np.array([strategy for strategy, _ in rounds]), np.array([level for _, level in rounds]))
    return found
