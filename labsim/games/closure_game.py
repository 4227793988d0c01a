"""The closure game: what it pays one lab to keep or to remove the human, whatever the others do.

Two actions, the focal lab's and that of all others, give four races under the same luck. Their payoffs
have the names of the symmetric 2 x 2 game (Rapoport & Chammah 1965): R for keeping
together, T for removing alone, S for keeping alone, P for removing together. The signs of three
paired differences say which game it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.profiles import KEEP, REMOVE, check_players, payoffs
from labsim.model.outcomes import GAMES
from labsim.runs.experiment import Progress, usable_engine
from labsim.runs.summary import CLEAR, Summary, direction
from labsim.scenario.checked import ScenarioError, nearest
from labsim.scenario.scenario import Scenario

HARMONY, STAG_HUNT, PRISONERS_DILEMMA, DEADLOCK, CHICKEN = LABELS = GAMES
TOO_CLOSE = "too close to call"
CELLS = {"R": (KEEP, KEEP), "T": (REMOVE, KEEP), "S": (KEEP, REMOVE), "P": (REMOVE, REMOVE)}  # focal lab, all others


def label(closure_premium: Summary, last_keeper: Summary, collective_loss: Summary, errors: float = CLEAR) -> str:
    """Which game it is, from the paired differences T - R, P - S and R - P.

    A difference that is used and lies within `errors` paired standard errors of 0 makes it too close to call.
    R - P is used only where removing pays whatever the others do: it tells a dilemma (all would rather
    that all keep) from a deadlock (all would rather that all remove).
    """
    temptation, fear = direction(closure_premium, errors), direction(last_keeper, errors)
    if temptation == 0 or fear == 0:
        return TOO_CLOSE
    if temptation < 0:
        return HARMONY if fear < 0 else STAG_HUNT
    if fear < 0:
        return CHICKEN
    return {1: PRISONERS_DILEMMA, -1: DEADLOCK, 0: TOO_CLOSE}[direction(collective_loss, errors)]


@dataclass(frozen=True)
class ClosureGame:
    """The four payoffs of a focal lab, and what follows from them. All in prizes, differences paired."""

    payoffs: dict[str, Summary]  # by the names of CELLS
    closure_premium: Summary  # T - R: what removing gains while all others keep
    last_keeper: Summary  # P - S: what keeping loses once all others have removed
    collective_loss: Summary  # R - P: what each loses if all remove rather than keep
    focal: str = ""
    scenario: str = ""
    seed: int = 0
    replications: int = 0
    engine: str = "ensemble"

    @classmethod
    def of(cls, r: np.ndarray, t: np.ndarray, s: np.ndarray, p: np.ndarray, **about: Any) -> "ClosureGame":
        """The game of these payoffs, one number a replication each."""
        levels = {name: Summary.of(values) for name, values in zip(CELLS, (r, t, s, p), strict=True)}
        return cls(levels, Summary.of(t - r), Summary.of(p - s), Summary.of(r - p), **about)

    @property
    def label(self) -> str:
        """Which game it is: one of LABELS, or TOO_CLOSE."""
        return self.label_at()

    def label_at(self, errors: float = CLEAR) -> str:
        """The label where a sign counts only beyond so many paired standard errors."""
        return label(self.closure_premium, self.last_keeper, self.collective_loss, errors)

    def as_dict(self) -> dict[str, Any]:
        """Label, payoffs and differences, as in the JSON of `labsim game`."""
        return {
            "label": self.label,
            "payoffs": {name: summary.as_dict(quantiles=False) for name, summary in self.payoffs.items()},
            "closure_premium": self.closure_premium.as_dict(quantiles=False),
            "last_keeper": self.last_keeper.as_dict(quantiles=False),
            "collective_loss": self.collective_loss.as_dict(quantiles=False),
        }


def place_of(scenario: Scenario, focal: int | str) -> int:
    """The place of the focal lab, given as a place or a name. Raises ScenarioError."""
    names = [lab.name for lab in scenario.all_labs]
    if isinstance(focal, str) and focal in names:
        return names.index(focal)
    if not isinstance(focal, int) or not 0 <= focal < len(names):
        raise ScenarioError(f"focal lab {focal!r}: must be one of {', '.join(names)}{nearest(str(focal), names)}")
    return focal


def act_first(scenario: Scenario, actions: Sequence[str]) -> Scenario:
    """The scenario with only each lab's first move set; from then on it decides by its own strategy."""
    moves = {KEEP: "keep", REMOVE: "remove"}
    specs = zip(scenario.all_labs, actions, strict=True)
    labs = [replace(lab, values={**lab.values, "decision.first_move": moves[action]}) for lab, action in specs]
    return replace(scenario, labs=tuple(labs))


def four_worlds(
    scenario: Scenario, place: int, act: Callable[[Scenario, Sequence[str]], Scenario] = Scenario.with_strategies
) -> list[Scenario]:
    """The worlds of R, T, S and P, in this order, where the focal lab stands at a place."""
    labs = range(len(scenario.all_labs))
    return [act(scenario, [mine if i == place else theirs for i in labs]) for mine, theirs in CELLS.values()]


def play(
    scenario: Scenario, focal: int | str = 0, replications: int = 200, seed: int = 0, engine: str = "ensemble",
    jobs: int | None = None, stop: Stop | None = None, progress: Callable[[Progress], None] | None = None,
    act: Callable[[Scenario, Sequence[str]], Scenario] = Scenario.with_strategies,
) -> ClosureGame:  # fmt: skip
    """The closure game of the focal lab (its place or name) against all others, by four runs under the same luck.

    Whoever removes does so as soon as it may, whoever keeps keeps for the whole race (`act` is `act_first`:
    decides by itself after its first move); rules in force stay in force. Raises ScenarioError for one lab
    or an unknown one; KeyboardInterrupt if `stop` was set.
    """
    check_players("game", scenario, replications)
    place, labs, engine = place_of(scenario, focal), scenario.all_labs, usable_engine(engine)
    result = payoffs(four_worlds(scenario, place, act), replications, seed, engine, jobs, progress, stop)[:, :, place]
    about = {"scenario": scenario.name, "seed": seed, "replications": replications, "engine": engine}
    return ClosureGame.of(*result, focal=labs[place].name, **about)
