"""What would make keeping pay: the fine, and the time of human review, at which a lab is indifferent.

The corrective fine is the gain from removing itself, as Pigou's (1920) tax is the harm: what a remover must
expect to pay in the whole race, in prizes of today. The corrective review time comes from playing the game
again with shorter reviews.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import ClosureGame
from labsim.games.profiles import KEEP, REMOVE, payoffs
from labsim.runs.experiment import Progress
from labsim.runs.summary import Summary, direction
from labsim.scenario.scenario import Scenario

REVIEW_WEEKS = "cycle.review"
FINEST = 0.002  # share of the review time to which the root is found
STEP = 0.05  # share of the review time over which the slope is taken
LOOKS = 12  # looks at the game that a search takes, about
FOUND, NOT_NEEDED, OUT_OF_REACH = "found", "not needed", "out of reach"


@dataclass(frozen=True)
class CorrectiveReview:
    """The time of review at which removing alone gains nothing."""

    verdict: str  # FOUND, NOT_NEEDED (removing alone does not pay as it is) or OUT_OF_REACH (it pays without review)
    weeks: float | None  # of the focal lab
    se: float | None  # by the delta method
    now: float  # weeks of review as it is
    without: Summary  # T - R if review took no time
    certain: bool  # whether the gain is clear of 0 at both ends of the range


def corrective_fine(game: ClosureGame) -> dict[str, Any]:
    """Expected fines in a race at which the lab is indifferent: while all others keep, and once all have removed."""

    def fine(gain: Summary) -> dict[str, Any]:
        return {"mean": max(0.0, gain.mean), "se": gain.as_dict(quantiles=False)["se"]}

    return fine(game.closure_premium) | {"others_remove": fine(game.last_keeper)}


def with_review(scenario: Scenario, share: float) -> Scenario:
    """The scenario with every lab's review taking this share of its time; it is no longer drawn."""
    labs = tuple(
        replace(
            lab, values={path: value * share if path == REVIEW_WEEKS else value for path, value in lab.values.items()}
        )
        for lab in scenario.all_labs
    )
    still = scenario.not_drawn([REVIEW_WEEKS])
    return replace(still.with_paths({REVIEW_WEEKS: scenario[REVIEW_WEEKS] * share}, asked=False), labs=labs)


def corrective_review(
    scenario: Scenario, focal: int = 0, replications: int = 200, seed: int = 0, engine: str = "ensemble",
    jobs: int | None = None, progress: Callable[[Progress], None] | None = None, stop: Stop | None = None,
) -> CorrectiveReview:  # fmt: skip
    """The review time, from none to today's, at which the focal lab gains nothing by removing alone.

    All labs' reviews are shortened by the same factor; all looks are at the same luck. By Brent's method.
    """
    from scipy.optimize import brentq

    labs, seen = range(len(scenario.all_labs)), {}
    actions = [[KEEP for _ in labs], [REMOVE if i == focal else KEEP for i in labs]]

    def premium(share: float) -> np.ndarray:
        if share not in seen:

            def step(p: Progress) -> None:
                if progress:
                    progress(Progress(len(seen) * 2 * replications + p.done, LOOKS * 2 * replications))

            world = with_review(scenario, share)
            worlds = [world.with_strategies(profile) for profile in actions]
            keep, remove = payoffs(worlds, replications, seed, engine, jobs, step, stop)[:, :, focal]
            seen[share] = remove - keep
        return seen[share]

    now = float(scenario.all_labs[focal].values.get(REVIEW_WEEKS, scenario[REVIEW_WEEKS]))
    ends = [Summary.of(premium(share)) for share in (0.0, 1.0)]
    certain = all(direction(end) != 0 for end in ends)
    if ends[1].mean <= 0.0:
        return CorrectiveReview(NOT_NEEDED, None, None, now, ends[0], direction(ends[1]) < 0)
    if ends[0].mean >= 0.0:
        return CorrectiveReview(OUT_OF_REACH, None, None, now, ends[0], direction(ends[0]) > 0)
    share = float(brentq(lambda s: premium(s).mean(), 0.0, 1.0, xtol=FINEST))
    low, high = max(0.0, share - STEP), min(1.0, share + STEP)
    slope = float((premium(high).mean() - premium(low).mean()) / (high - low))
    error = Summary.of(premium(share)).se
    se = now * error / abs(slope) if error is not None and slope else None
    return CorrectiveReview(FOUND, now * share, se, now, ends[0], certain)
