"""What a tournament found: the payoff matrix, the mixed field, and what follows from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labsim.model.outcomes import Final, catastrophe, mean, race_weeks
from labsim.runs.summary import Summary, direction, is_zero, means
from labsim.scenario.scenario import Scenario

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
