"""The course lesson's two races of capability and alignment at fixed rates, and the choice of the best of n edits."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import integrate, stats

from labsim.checks.two_process import logs, race
from labsim.docking.agreement import Dock, Estimate, Watch, finals
from labsim.engines.ensemble import Stop
from labsim.model.declaration import parameter
from labsim.model.draws import exp
from labsim.model.outcomes import each
from labsim.model.self_improvement import CEILING
from labsim.model.sources import LESSON
from labsim.runs.summary import Summary
from labsim.scenario.checked import ScenarioError
from labsim.scenario.files import load
from labsim.scenario.scenario import Scenario

LABS = 10  # side by side: each has an edit of its own
DRAWN = 200_000  # runs of the recursion by itself


def recursion(rates: tuple[float, float], noise: float, cycles: int, runs: int) -> np.ndarray:
    """C - A after 1 to `cycles` cycles, (runs, cycles), by another generator than the model's."""
    rng = np.random.default_rng(20260401)
    c, a, gaps = np.ones(runs), np.ones(runs), np.empty((runs, cycles))
    for k in range(cycles):
        c *= np.maximum(1e-9, rates[0] + noise * rng.standard_normal(runs))
        a *= np.maximum(1e-9, rates[1] + noise * rng.standard_normal(runs))
        gaps[:, k] = c - a
    return gaps


@dataclass(frozen=True)
class TwoProcess(Dock):
    """Capability and alignment multiplied by fixed rates: when does the gap cross the line?"""

    rc: float = parameter(1.15, "capability factor a cycle", low=0.5, high=3, source=LESSON)
    ra: float = parameter(1.08, "alignment factor a cycle", low=0.5, high=3, source=LESSON)
    threshold: float = parameter(2.0, "gap C - A that must be exceeded", low=0, high=1e6, source=LESSON)
    cycles: int = parameter(20, "cycles looked at", low=1, high=1000, whole=True, source=LESSON)

    name = "two-process"
    source = LESSON.text
    seen = "seen"
    forms = "One lab that keeps the human, cycles of a week in the form fixed, no research, no finish."
    shares = ("trigger_share",)
    along = ("ra", (1.02, 1.05, 1.08, 1.11, 1.14))

    def check(self) -> None:
        steepest = max(self.rc, self.ra)
        if self.cycles * math.log(steepest) > CEILING:
            raise ScenarioError(
                f"--cycles = {self.cycles}: must be at most {int(CEILING / math.log(steepest))} at a factor of "
                f"{steepest:g} a cycle: capability or alignment would pass e^{CEILING:g}, where the model stops"
            )

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        result = race(self.rc, self.ra, self.threshold, self.cycles, seed=seed)
        first = result["first_crossing"]
        crossed = first is not None and first <= self.cycles
        return {"first_crossing": Estimate(float(first), 0.0) if crossed else None,
                "trigger_share": Estimate(result["trigger_share"], 0.0)}  # fmt: skip

    def references(self) -> dict[str, float | None]:
        above = recursion((self.rc, self.ra), 0.0, self.cycles, 1)[0] > self.threshold
        return {"first_crossing": float(above.argmax() + 1) if above.any() else None,
                "trigger_share": float(above.mean())}  # fmt: skip


@dataclass(frozen=True)
class EqualRates(Dock):
    """Two processes with the same mean rate and noise of their own: how many runs drift apart?"""

    rate: float = parameter(1.15, "factor a cycle of both", low=0.5, high=3, source=LESSON)
    noise: float = parameter(0.02, "standard deviation of either factor", low=0, high=1, source=LESSON)
    threshold: float = parameter(2.0, "gap |C - A| that must be exceeded", low=0, high=1e6, source=LESSON)
    cycles: int = parameter(20, "cycles looked at", low=1, high=200, whole=True, source=LESSON)

    name = "equal-rates"
    source = LESSON.text
    seen = "seen (27.8 % of runs within 20 cycles); other parameters by the recursion itself with another generator"
    forms = "One lab that keeps the human, cycles of a week in the form fixed with noise, no research, no finish."
    shares = ("crossed_share",)
    replications = 20_000
    along = ("cycles", (10, 15, 20, 25, 30, 40))

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        world = load("two-process").with_({
            "cycle.rate_capability": self.rate, "cycle.rate_alignment": self.rate, "cycle.rate_noise": self.noise,
            "race.weeks": self.cycles,
        })  # fmt: skip
        x, y = logs(world, max(replications, 21), seed)
        gap = np.abs(each(exp, x) - each(exp, y))
        return {"crossed_share": Estimate.of((gap > self.threshold).any(axis=1).astype(float))}

    def references(self) -> dict[str, float | None]:
        gaps = np.abs(recursion((self.rate, self.rate), self.noise, self.cycles, DRAWN))
        return {"crossed_share": float((gaps > self.threshold).any(axis=1).mean())}


@dataclass(frozen=True)
class BestOfN(Dock):
    """The best of n candidate edits by its measurements: the breeder's equation."""

    candidates: int = parameter(8, "candidate edits", low=1, high=1000, whole=True)
    reviewed: bool = parameter(True, "a human reviews the edits")
    faking: float = parameter(0.12, "share of alignment faked under observation", low=0.001, high=0.78)
    weight: float = parameter(0.5, "weight of alignment in the score", low=0, high=1)
    correlation: float = parameter(-0.2, "correlation of an edit's two effects", low=-0.99, high=0.99)

    name = "best-of-n"
    source = "Lush (1937), Animal Breeding Plans: the breeder's equation; order statistics of the normal law"
    seen = "derived: expected response = covariance with the score, divided by its standard deviation, times e_n"
    forms = "Ten labs by themselves, one cycle of a week each in the form best_of_n, no research, no review time."
    nothing = 0.01  # log gained in a cycle
    replications = 100_000
    along = ("candidates", (1, 2, 4, 8, 16, 32))

    def world(self) -> Scenario:
        """Labs that have nothing to do with each other, one cycle each."""
        return Scenario("best of n").with_({
            "race.labs": LABS, "race.weeks": 1, "race.finish_form": "none", "race.spread": 0.0, "evaluators.number": 0,
            "cycle.machine": 0.001, "cycle.review": 0.0, "cycle.machine_falls": 0.0, "cycle.able": 0.001,
            "cycle.research": 0.0, "cycle.candidates": self.candidates, "cycle.weight": self.weight,
            "cycle.correlation": self.correlation, "faking.initial": self.faking, "competition.ideas": 0.0,
        }).with_strategy("keeper" if self.reviewed else "closer")  # fmt: skip

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        names = {"capability_gain": "edit_capability", "alignment_gain": "edit_alignment"}
        gains = {key: Summary() for key in names}
        for final in finals(self.world(), replications, seed, stop):
            for key, name in names.items():
                gains[key].add(final.labs(name).mean(axis=1))
        return {key: Estimate(gain.mean, gain.se or 0.0) for key, gain in gains.items()}

    def references(self) -> dict[str, float | None]:
        """From the covariance matrix of effects and measurements, by linear algebra."""
        values = self.world()
        tau = np.array([values["cycle.tau_capability"], values["cycle.tau_alignment"]])
        effects = np.outer(tau, tau) * np.array([[1.0, self.correlation], [self.correlation, 1.0]])
        errors = [values["cycle.sigma_capability"], values["cycle.sigma_alignment"], values["cycle.sigma_human"]]
        sees = np.array([[1.0, 0.0], [0.0, 1.0 - self.faking], [0.0, 1.0]])  # what each measurement shows of effects
        precision = np.array([0.0, errors[1] ** -2, errors[2] ** -2 if self.reviewed else 0.0])
        alignment = precision / precision.sum()
        believed = tau[1] ** 2 / (tau[1] ** 2 + 1.0 / precision.sum())
        weights = self.weight * believed * alignment
        weights[0] = (1.0 - self.weight) * tau[0] ** 2 / (tau[0] ** 2 + errors[0] ** 2)
        measured = sees @ effects @ sees.T + np.diag(np.square(errors))
        response = effects @ sees.T @ weights / math.sqrt(weights @ measured @ weights)
        gains = response * expected_maximum(self.candidates)
        return {"capability_gain": float(gains[0]), "alignment_gain": float(gains[1])}


def expected_maximum(n: int) -> float:
    """Expected largest of n standard normals, by quadrature of its survival function."""
    above, below = (integrate.quad(f, 0.0, 10.0)[0] for f in (lambda z: 1.0 - stats.norm.cdf(z) ** n,
                                                              lambda z: stats.norm.cdf(-z) ** n))  # fmt: skip
    return above - below
