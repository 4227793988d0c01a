"""The inspection game, and a market for compute permits."""

import math
import warnings
from dataclasses import dataclass

import nashpy
import numpy as np

from labsim.docking.agreement import LARGEST, Dock, Estimate, Watch, finals, number_list
from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.games.imitation import delta_error
from labsim.model.declaration import parameter
from labsim.model.outcomes import welfare
from labsim.runs.summary import Summary
from labsim.scenario.checked import LabSpec, ScenarioError
from labsim.scenario.scenario import Scenario

CLEAR = 4.0  # standard errors from nothing
PERMITTED = 0.5  # permits for so much of what labs would use if permits were cheap
GAME = "game: Dresher; Maschler 1966"
# What the lab does, and inspections a year.
ACTIONS = (("keeper", 0.0), ("keeper", 52.0), ("closer", 0.0), ("closer", 52.0))


@dataclass(frozen=True)
class InspectionGame(Dock):
    """A lab may break a mandate, an inspector may look: how often does each, if neither knows what the other does?"""

    gain: float = parameter(1.0, "what breaking the mandate brings, unless it is seen", low=1e-6, high=1e6, source=GAME)
    fine: float = parameter(3.0, "fine for a breach that is seen", low=0, high=1e6, source=GAME)
    detection: float = parameter(1.0, "chance that an inspection sees a breach", low=0.001, high=1, source=GAME)
    audit_cost: float = parameter(0.2, "what an inspection costs the inspector", low=0, high=1e6, source=GAME)
    harm: float = parameter(2.0, "harm that is averted where a breach is seen", low=1e-6, high=1e6, source=GAME)

    name = "inspection-game"
    source = "Dresher; Maschler (1966); Tsebelis (1989); von Stengel (2016)"
    seen = "derived: each is made indifferent by what the other does"
    forms = (
        "One lab, one week, a human mandate that is inspected always or never. What a human costs is the gain from "
        "removing it; a fine takes that gain back. The four pairs of actions are played, the equilibrium is nashpy's."
    )
    shares = ("inspection_rate", "violation_rate")
    replications = 20_000
    along = ("fine", (0.5, 1.0, 2.0, 4.0, 8.0))

    def check(self) -> None:
        noise = math.sqrt(self.detection * (1.0 - self.detection))  # of one look at a breach
        enough, spread = self.gain / self.detection - self.gain, (self.gain + self.fine) * noise / self.detection
        turns = (("audit-cost", self.audit_cost, self.detection * self.harm, self.harm * noise),
                 ("fine", self.fine, enough, spread))  # fmt: skip
        for name, value, turn, one in turns:
            least = 2.0 * CLEAR * one / math.sqrt(LARGEST)
            if abs(value - turn) < least:
                raise ScenarioError(
                    f"--{name} = {value:g}: must be {least:.2g} or more away from {turn:g}, where the game turns: "
                    f"{LARGEST:,} races would not tell on which side it is"
                )

    def world(self, strategy: str, inspections: float) -> Scenario:
        """One week of a lab that keeps or removes the human, with inspections or without.

        Payoffs of either player are in units of its own: that changes no equilibrium.
        """
        own, public = self.gain + self.fine, max(self.audit_cost, self.harm)
        return Scenario("mandate", labs=(LabSpec("Birch", strategy),)).with_({
            "race.weeks": 1, "race.finish_form": "none", "evaluators.number": 0, "cycle.able": 0.001,
            "race.spread": 0.0, "decision.discount": 0.0, "decision.own_harm": 0.0, "harm.rate": 0.0,
            "governance.human_mandate.start": 0, "governance.human_mandate.inspections": inspections,
            "governance.human_mandate.detection": self.detection,
            "governance.human_mandate.fine": (self.gain + self.fine) / own,
            "decision.oversight_cost": self.gain / own,
            "harm.inspection_cost": self.audit_cost / public, "harm.breach": self.harm / public,
        })  # fmt: skip

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        lab, public = [], []
        for action in ACTIONS:
            races = finals(self.world(*action), replications, seed, stop)
            pieces = [(final.labs("payoff")[:, 0].copy(), welfare(final)) for final in races]  # no piece stays whole
            if stop:
                return {}
            for whole, part in zip((lab, public), zip(*pieces, strict=True), strict=True):
                whole.append(np.concatenate(part))
            watch(f"{replications:,} weeks of each pair of actions")
        samples = np.array([*lab, *public]).T
        doubt, answer = corner_in_doubt(samples), {}
        for place, key in enumerate(("inspection_rate", "violation_rate")):

            def rate(means: np.ndarray, place: int = place) -> float:
                return equilibrium(means[:4].reshape(2, 2), means[4:].reshape(2, 2))[place]

            se = 1.0 if doubt else delta_error(rate, samples) or 0.0  # in doubt, it may be anything from 0 to 1
            answer[key] = Estimate(rate(samples.mean(axis=0)), se)
        return answer

    def references(self) -> dict[str, float | None]:
        inspections = self.gain / (self.detection * (self.gain + self.fine))
        violations = self.audit_cost / (self.detection * self.harm)
        if self.audit_cost == 0.0 and inspections < 1.0:  # all rates from there up to 1 are equilibria
            return {"inspection_rate": None, "violation_rate": 0.0}
        if violations >= 1.0:
            return {"inspection_rate": 0.0, "violation_rate": 1.0}
        return {"inspection_rate": min(1.0, inspections), "violation_rate": violations if inspections < 1.0 else 1.0}

    def remarks(self) -> list[str]:
        reference = self.references()
        if reference["inspection_rate"] is None:
            least = self.gain / (self.detection * (self.gain + self.fine))
            return [f"Inspections that cost nothing: any rate from {least:.3g} to 1 is an equilibrium."]
        if reference["inspection_rate"] == 0.0:
            return ["An inspection costs more than it can avert: nobody inspects."]
        if reference["violation_rate"] == 1.0:
            return ["Even an inspection every time does not make it worth while to comply."]
        return ["The violation rate does not depend on the fine: a higher one only saves inspections (Tsebelis 1989)."]


def corner_in_doubt(samples: np.ndarray) -> bool:
    """Whether noise hides the sign of a payoff difference that decides if the game has a mixed equilibrium.

    What an inspection of a breach brings the public, what a breach brings the lab if it is inspected.
    `samples` (replications, 8) are payoffs of the lab, then of the public, by `ACTIONS`.
    """
    result = [Summary.of(apart) for apart in (samples[:, 7] - samples[:, 6], samples[:, 3] - samples[:, 1])]
    return any(each.se and abs(each.mean) < CLEAR * each.se for each in result)


def equilibrium(lab: np.ndarray, public: np.ndarray) -> tuple[float, float]:
    """(chance of an inspection, chance of a violation); rows keep and remove, columns without inspection and with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of games that may be degenerate
        items = list(nashpy.Game(lab, public).support_enumeration())
    rows, columns = max(items, key=lambda pair: min(*pair[0], *pair[1]))  # the mixed one, if there is one
    return float(columns[1]), float(rows[1])


@dataclass(frozen=True)
class Permits(Dock):
    """Labs that value compute differently trade permits: the price that clears the market."""

    values: str = parameter("1,2,3", "worth of compute to each lab, a1,a2,...: utility a x^(1 - eta) / (1 - eta)")
    eta: float = parameter(0.5, "how fast more compute loses value", low=0.1, high=10)
    cap: float = parameter(6.0, "compute that all labs together may use", low=1e-9, high=1e9)

    name = "permits"
    source = "market for compute permits (arXiv 2601.19886); the price is that of any market with isoelastic utility"
    seen = "derived: marginal values are equal and the cap is used up"
    forms = (
        "One lab for each value, compute that follows revenue at once, revenue as a^(1/eta), permits for the cap. "
        "The price is the worth of one more unit to each lab with what it got."
    )
    along = ("cap", (1.0, 2.0, 4.0, 8.0, 14.0))

    @property
    def worths(self) -> np.ndarray:
        """The values as numbers."""
        return np.array(number_list("--values", self.values))

    def check(self) -> None:
        worths = self.worths
        if not 1 <= len(worths) <= 40:
            raise ScenarioError(f"--values = {self.values}: must be 1 to 40 numbers")
        if not ((worths > 0.0) & np.isfinite(worths)).all():
            raise ScenarioError(f"--values = {self.values}: must be above 0 and finite")
        if np.ptp(np.log(worths)) / self.eta > 20.0:
            raise ScenarioError(f"--values = {self.values}: ratios must be at most e^(20 eta), with --eta {self.eta:g}")

    def wanted(self) -> np.ndarray:
        """What each lab would use if a permit cost 1, relative to the largest: a^(1/eta)."""
        return (self.worths / self.worths.max()) ** (1.0 / self.eta)

    def world(self) -> Scenario:
        """Labs whose revenue, and so whose compute, goes as what they would use; permits for part of it all."""
        heads = np.log(self.wanted())
        labs = tuple(LabSpec(f"lab {i + 1}", "keeper", {"cycle.head_start": float(x)}) for i, x in enumerate(heads))
        return Scenario("permits", labs=labs).with_({
            "race.weeks": 3, "race.finish_form": "none", "race.spread": 0.0, "evaluators.number": 0,
            "cycle.form": "fixed", "cycle.rate_capability": 1.0, "cycle.rate_alignment": 1.0, "competition.ideas": 0.0,
            "competition.market_pull": 1.0, "competition.market_sensitivity": 1.0, "competition.compute_inertia": 1.0,
            "harm.rate": 0.0, "governance.compute_permits.start": 0, "governance.compute_permits.total": PERMITTED,
        })  # fmt: skip

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        used = ensemble.simulate(self.world(), 0, 1, seed, stop=stop).labs("compute")[0]
        got = used * self.cap / (PERMITTED * len(used))  # week 0's compute of all is cap / PERMITTED in the cap's units
        return {"price": Estimate.of(self.worths * got**-self.eta)}

    def references(self) -> dict[str, float | None]:
        return {"price": float((np.sum(self.worths ** (1.0 / self.eta)) / self.cap) ** self.eta)}
