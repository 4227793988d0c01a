"""How quick and big a software intelligence explosion could be: the published Monte Carlo, run in the model."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.stats import loguniform, qmc, uniform

from labsim.docking.agreement import Dock, Estimate, Watch
from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.model.declaration import parameter
from labsim.model.sources import DAVIDSON
from labsim.runs.summary import Summary
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

TICKS, MOST_TICKS = 50, 400  # weeks of the model that stand for a month, and where much is to be made in few
LARGEST_STEP = float(np.log(2.0))  # log of C a week: a doubling, so that none leaps over the fall of returns
HORIZON = 72  # months
ROOM = 0.64  # doublings to be made, in those of every week at the largest step: more would be cut off by it
DOUBLINGS_A_YEAR = 8  # software doublings that are a year of progress at the pace before
MONTHS_TO_DOUBLE = 3.0  # at that pace
PIECE = 512  # runs in memory at once
# The authors' own functions, run with 20,000 draws; and the printed numbers.
AUTHORS = {(3.0, 12.0): 0.567, (3.25, 4.0): 0.414, (10.0, 12.0): 0.170, (10.0, 4.0): 0.126}
PRINTED = {(3.0, 12.0): 0.57, (3.25, 4.0): 0.41, (10.0, 12.0): 0.18, (10.0, 4.0): 0.12}


@dataclass(frozen=True)
class TakeoffMonteCarlo(Dock):
    """The chance that so many years of progress are made within so many months, over what nobody knows."""

    years: float = parameter(3.0, "years of progress at the pace before", low=0.125, high=16, source=DAVIDSON)
    within_months: float = parameter(12.0, "months in which they are made", low=0.1, high=72, source=DAVIDSON)

    name = "takeoff-monte-carlo"
    source = "Davidson & Houlden (2025)"
    seen = "seen: the distributions and the authors' functions, which were run; the printed numbers stand beside them"
    forms = (
        "One lab without a human, form fixed, returns to research that fall evenly to nothing at a ceiling; "
        f"{TICKS} weeks of the model or more stand for a month. Initial speed-up log-uniform from 2 to 32, returns "
        "0.4 to 3.6, parallelisability 0.15 to 0.6, ceiling uniform from 6 to 16 years of progress."
    )
    shares = ("probability",)
    replications = 8192
    along = ("within_months", (2.0, 4.0, 8.0, 12.0, 24.0))

    @property
    def ticks(self) -> int:
        """Weeks of the model that stand for a month."""
        fit = math.ceil(self.years * DOUBLINGS_A_YEAR / (ROOM * TICKS * self.within_months))
        return TICKS * min(fit, MOST_TICKS // TICKS)

    def check(self) -> None:
        most = ROOM * MOST_TICKS * self.within_months / DOUBLINGS_A_YEAR
        if self.years > most:
            raise ScenarioError(
                f"--years = {self.years:g}: must be at most {most:g} with --within-months {self.within_months:g}: "
                "weeks of the model, in which capability at most doubles, would be too long"
            )

    def world(self) -> Scenario:
        """One lab; what is uncertain is drawn for each replication."""
        return Scenario("take-off").with_({
            "race.labs": 1, "race.weeks": HORIZON * self.ticks, "race.finish_form": "none", "race.spread": 0.0,
            "evaluators.number": 0, "cycle.form": "fixed", "cycle.rate_alignment": 1.0, "cycle.machine": 1.0,
            "cycle.review": 0.0, "cycle.machine_falls": 0.0, "cycle.able": 0.001, "competition.ideas": 0.0,
            "harm.rate": 0.0, "safeguards.bounded_improvement.start": 0,
            "safeguards.bounded_improvement.gain": LARGEST_STEP,
        }).with_strategy("closer")  # fmt: skip

    def drawn(self, replications: int, seed: int) -> dict[str, np.ndarray]:
        """What nobody knows, for each replication: evenly spread (Sobol'), so the standard error is an upper bound."""
        evenly = qmc.Sobol(4, rng=np.random.default_rng(seed)).random(replications).T
        return {
            "cycle.rate_capability": 2.0 ** (loguniform(2.0, 32.0).ppf(evenly[0]) / MONTHS_TO_DOUBLE / self.ticks),
            "cycle.returns": loguniform(0.4, 3.6).ppf(evenly[1]),
            "cycle.parallel": loguniform(0.15, 0.6).ppf(evenly[2]),
            "cycle.returns_end": np.log(2.0) * DOUBLINGS_A_YEAR * uniform(6.0, 10.0).ppf(evenly[3]),
        }

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        made, done = Summary(), 0
        needed = self.years * DOUBLINGS_A_YEAR * np.log(2.0)
        for x in self.paths(replications, seed, stop):
            span = max(1, round(self.within_months * self.ticks))
            gained = x[:, min(span, x.shape[1] - 1) :] - x[:, : max(1, x.shape[1] - span)]
            made.add((gained.max(axis=1) >= needed - 1e-9).astype(float))
            done += len(x)
            watch(f"{done:,} of {replications:,} draws")
        return {"probability": Estimate(made.mean, made.se or 0.0)}

    def paths(self, replications: int, seed: int, stop: Stop) -> Iterator[np.ndarray]:
        """ln C from week 0 on, (runs, weeks + 1), in pieces."""
        drawn, world = self.drawn(replications, seed), self.world()

        def piece(first: int) -> np.ndarray:
            count = min(PIECE, replications - first)
            part = {path: values[first : first + count] for path, values in drawn.items()}
            _, _, labs = ensemble.trace(world, first, count, seed, ("log_capability",), sampled=part, stop=stop)
            return np.hstack([np.zeros((count, 1)), labs[:, :, 0, 0]])

        with ThreadPoolExecutor(2) as pool:
            for first in range(0, replications, 2 * PIECE):
                if stop:
                    return
                yield from pool.map(piece, range(first, min(replications, first + 2 * PIECE), PIECE))

    def references(self) -> dict[str, float | None]:
        return {"probability": AUTHORS.get((self.years, self.within_months))}

    def remarks(self) -> list[str]:
        cell = (self.years, self.within_months)
        if cell in PRINTED:
            return [f"Printed: {PRINTED[cell]:.0%}; the reference is what the authors' own functions give."]
        if cell == (3.0, 4.0):
            return ["The printed '3 years in 4 months', 41 %, is 26 doublings in the authors' code: --years 3.25."]
        known = ", ".join(f"{years:g} years in {months:g} months" for years, months in AUTHORS)
        return [f"Nothing was published for these; known are {known}."]
