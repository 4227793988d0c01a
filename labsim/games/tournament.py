"""A tournament: every strategy against every other, and all of them in one mixed field (Axelrod 1984).

In a pairing, the focal lab (the scenario's first) plays the row and all other labs play the column.
In the mixed field each lab draws its strategy at random. Everything runs under the same luck, so
differences between strategies are paired.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.profiles import check_players, race
from labsim.model.draws import derive, seed_key, uniform
from labsim.model.outcomes import Final, catastrophe, mean, race_weeks
from labsim.model.strategies import STRATEGIES
from labsim.runs.experiment import BLOCK, Progress, in_order, tracer, usable_engine
from labsim.runs.summary import Summary, direction, is_zero, means
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError, nearest
from labsim.scenario.scenario import Scenario

DIRECTED = ("scripted", "player")  # what they do is set from outside, by a script or a person
ROUND = 4  # replications of a round of mixed fields: few, for what differs most is who meets whom
FIELD_STREAM = 10  # of draws, beside sampling.SAMPLE_STREAM

PAIR: dict[str, Callable[[Final], np.ndarray]] = {  # of a pairing, one number per replication
    "payoff": lambda final: final.labs("payoff")[:, 0],
    "others_payoff": lambda final: mean(final.labs("payoff")[:, 1:]),
    "win_share": lambda final: final.labs("won")[:, 0],
    "catastrophe": catastrophe,
    "race_weeks": race_weeks,
}
FIELD = ("payoff", "win_share", "catastrophe")  # of a strategy in the mixed field, one number per round


@dataclass
class Tournament:
    """What a tournament found: see `tournament`. Keys of pairings are (row, column)."""

    scenario: Scenario
    strategies: list[str]
    seed: int
    replications: int  # of each pairing, and of each strategy in the mixed field
    rounds: int
    engine: str
    pairs: dict[tuple[str, str], dict[str, Summary]] = field(default_factory=dict)  # PAIR, minus_best, minus_same
    best: dict[str, str] = field(default_factory=dict)  # the focal lab's best reply to each column
    mixed: dict[str, dict[str, Summary]] = field(default_factory=dict)  # FIELD, minus_first; over rounds
    mixed_catastrophe: Summary = field(default_factory=Summary)

    @property
    def focal(self) -> str:
        """The lab that plays the rows."""
        return self.scenario.all_labs[0].name

    @property
    def ranking(self) -> list[str]:
        """Strategies by mean payoff in the mixed field, the best first."""
        return sorted(sorted(self.mixed), key=lambda name: -self.mixed[name]["payoff"].mean)

    def add_column(self, column: str, rows: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        """The outcomes of all rows against one field, {row: {PAIR: (replications,)}}, and paired differences."""
        payoff = {row: values["payoff"] for row, values in rows.items()}
        self.best[column] = best = max(sorted(payoff), key=lambda row: (payoff[row].mean(), row == column))
        for row, mine in payoff.items():
            gaps = {"minus_best": mine - payoff[best], "minus_same": mine - payoff[column]}
            self.pairs[row, column] = {name: Summary.of(values) for name, values in {**rows[row], **gaps}.items()}

    def add_field(self, rounds: np.ndarray, catastrophe: np.ndarray) -> None:
        """The mixed field: (rounds, FIELD, strategies in alphabetical order), and catastrophe (rounds,)."""
        self.mixed_catastrophe = Summary.of(catastrophe)
        first = rounds[:, 0].mean(axis=0).argmax()
        for k, name in enumerate(sorted(self.strategies)):
            self.mixed[name] = {what: Summary.of(rounds[:, n, k]) for n, what in enumerate(FIELD)}
            self.mixed[name]["minus_first"] = Summary.of(rounds[:, 0, k] - rounds[:, 0, first])

    def level(self, column: str, identical: bool) -> list[str]:
        """Rows that are not the best reply to a field, but give the same in every race, or cannot be told from it."""
        gaps = {row: self.pairs[row, column]["minus_best"] for row in self.strategies if row != self.best[column]}
        return [row for row, gap in gaps.items() if direction(gap) == 0 and is_zero(gap) == identical]

    def symmetric_nash(self, name: str) -> str:
        """Whether a strategy is the focal lab's best reply to itself: "yes", "no" or "too close to call".

        No: another row is better by more than 2 paired standard errors. Yes: every other row is worse by
        so much, or gives the same payoff in every race. Where labs differ, this speaks for the focal lab.
        """
        gaps = [self.pairs[row, name]["minus_same"] for row in self.strategies if row != name]
        if any(direction(gap) > 0 for gap in gaps):
            return "no"
        return "yes" if all(direction(gap) < 0 or is_zero(gap) for gap in gaps) else "too close to call"

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim tournament`."""
        return {
            "scenario": self.scenario.name, "focal": self.focal, "strategies": self.strategies, "seed": self.seed,
            "replications": self.replications, "rounds": self.rounds, "engine": self.engine, "ranking": self.ranking,
            "mixed": {name: means(self.mixed[name]) for name in self.strategies},
            "mixed_catastrophe": self.mixed_catastrophe.as_dict(quantiles=False),
            "pairs": [{"row": row, "column": column} | means(of) for (row, column), of in self.pairs.items()],
            "best_replies": {
                name: {"best": self.best[name], "identical": self.level(name, True),
                       "too_close": self.level(name, False)} for name in self.strategies
            },
            "symmetric_nash": {name: self.symmetric_nash(name) for name in self.strategies},
        }  # fmt: skip


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
    outcome, alphabetical = Tournament(scenario, names, seed, replications, len(spans), engine), sorted(names)

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
            outcome.add_column(names[column], rows)
            rows = {}
        tell(replications)
    for result in in_order(play_round, range(len(spans)), jobs, stop):
        tell(len(names) * spans[len(rounds)][1])
        rounds.append(result)
    if stop:
        raise KeyboardInterrupt
    outcome.add_field(np.array([strategy for strategy, _ in rounds]), np.array([level for _, level in rounds]))
    return outcome
