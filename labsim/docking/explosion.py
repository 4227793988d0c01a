"""Software intelligence explosion: how long a system that does its own research needs to a given capability."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import integrate

from labsim.docking.agreement import Dock, Estimate, Watch
from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.model.declaration import parameter
from labsim.model.self_improvement import CEILING
from labsim.model.sources import DAVIDSON
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

LONGEST = 1_000_000  # weeks of a race
PROBES = (16, 1)  # weeks of the first doubling, to see how long it takes
FINEST, QUICK = 2048, 200_000  # weeks of the first doubling at most, and of a race that is quickly run
COARSER = 4  # times coarser are the steps from which it is extrapolated
SLOWEST = 5.0 / CEILING  # a steeper law has spent 1 - exp(-5) of its time to a blow-up when it passes the ceiling


@dataclass(frozen=True)
class SoftwareExplosion(Dock):
    """One lab, fully automated, compute fixed: the time until its software is K times as capable, or a blow-up."""

    returns: float = parameter(1.2, "returns to research r: doublings for each doubling of effort", low=0.1, high=10,
                               source=DAVIDSON)  # fmt: skip
    parallel: float = parameter(0.3, "parallelisability p of research", low=0, high=1, source=DAVIDSON)
    target: float = parameter(1000.0, "capability K to reach, in that of the start", low=1.01, high=1e200)
    blow_up: bool = parameter(False, "also the time in which growth has no bound left (r above 1)")
    compute_share: float | None = parameter(None, "weight a of research labour where compute, which weighs 1 - a, is "
                                            "the other input of CES", low=0, high=1)  # fmt: skip
    substitution: float = parameter(-0.2, "exponent rho of CES, with --compute-share", low=-50, high=1, source=DAVIDSON)
    lambda_: float = parameter(0.6, "exponent of research inputs, with --compute-share", low=0, high=5, source=DAVIDSON)
    beta: float = parameter(0.25, "ideas get harder to find as C to this power, with --compute-share", low=0, high=5,
                            source=DAVIDSON)  # fmt: skip

    name = "software-explosion"
    source = "Eth & Davidson (2025); Davidson & Houlden (2025)"
    seen = "seen: the law and its parameters; derived: closed forms, quadrature of the law with a bottleneck"
    forms = (
        "One lab without a human, cycles of a week in the form fixed, returns to research by a power of C or by CES, "
        "no rivals, compute fixed. Times are in initial doubling times; two step sizes, extrapolated to none."
    )
    along = ("returns", (0.7, 0.85, 1.0, 1.2, 1.6, 2.4, 3.6))

    @property
    def bottleneck(self) -> bool:
        """Whether compute limits research."""
        return self.compute_share is not None

    @property
    def steepening(self) -> float:
        """theta: the growth rate goes as C to this power."""
        return self.parallel * (1.0 - 1.0 / self.returns)

    def check(self) -> None:
        if self.blow_up and self.bottleneck:
            raise ScenarioError("--blow-up: not with --compute-share: a bottleneck ends every blow-up")
        if self.blow_up and 0.0 < self.steepening < SLOWEST:
            raise ScenarioError(
                f"--blow-up: growth steepens as C to the power p (1 - 1/r) = {self.steepening:.4f}: must be at least "
                f"{SLOWEST:.4f}, or else capability passes e^{CEILING:g}, where the model stops, long before"
            )
        try:
            published = self.references()["time"]
        except OverflowError:
            published = math.inf
        if published > LONGEST:
            raise self.too_far()

    def too_far(self) -> ScenarioError:
        """The fault of a target that the longest race does not reach."""
        lower, higher = ("it or --beta", "--lambda") if self.bottleneck else ("it", "--returns")
        ways = f"{lower} must be lower, or {higher} higher"
        return ScenarioError(
            f"--target = {self.target:g}: not reached within {LONGEST:,} initial doubling times; {ways}"
        )

    def world(self, weeks_to_double: float, weeks: int) -> Scenario:
        """One lab whose software first doubles in so many weeks."""
        law = {"cycle.returns": self.returns, "cycle.parallel": self.parallel}
        if self.bottleneck:
            law = {"cycle.returns_form": "ces", "cycle.labour": self.compute_share,
                   "cycle.substitution": self.substitution, "cycle.crowding": self.lambda_,
                   "cycle.harder": self.beta}  # fmt: skip
        return Scenario("one lab").with_({
            "race.labs": 1, "race.weeks": weeks, "race.finish_form": "none", "race.spread": 0.0,
            "evaluators.number": 0, "cycle.form": "fixed", "cycle.rate_capability": 2.0 ** (1.0 / weeks_to_double),
            "cycle.rate_alignment": 1.0, "cycle.machine": 1.0, "cycle.review": 0.0, "cycle.machine_falls": 0.0,
            "cycle.able": 0.001, "competition.ideas": 0.0, "harm.rate": 0.0, **law,
        }).with_strategy("closer")  # fmt: skip

    def times(self, weeks_to_double: int, seed: int, stop: Stop) -> tuple[float, float]:
        """Weeks until the target and until the ceiling (nan: not within the longest race), over those to double."""
        weeks = 64
        while True:
            weeks = min(LONGEST, 8 * weeks)
            _, _, labs = ensemble.trace(self.world(weeks_to_double, weeks), 0, 1, seed, ("log_capability",), stop=stop)
            x = np.concatenate([[0.0], labs[0, :, 0, 0]])
            result = [_passes(x, line) / weeks_to_double for line in (math.log(self.target), CEILING)]
            wanted = result if self.blow_up and self.steepening > 0.0 else result[:1]
            if not np.isnan(wanted).any() or weeks == LONGEST or stop:
                return result[0], result[1]

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        for probe in PROBES:
            watch(f"how long it takes, with a first doubling of {probe} weeks")
            time, _ = self.times(probe, seed, stop)
            if not math.isnan(time) or stop:
                break
        else:
            raise self.too_far()
        fits = QUICK / max(1.0, time) if not stop else 1.0
        finest, result = max(COARSER, min(FINEST, 2 ** int(math.log2(fits)))), []
        for weeks in (finest // COARSER, finest):
            watch(f"a first doubling of {weeks} weeks")
            result.append(self.times(weeks, seed, stop))
        names = ("time", "blow_up") if self.blow_up else ("time",)
        return {name: _extrapolated(*(times[k] for times in result)) for k, name in enumerate(names)}

    def references(self) -> dict[str, float | None]:
        theta, ln_k = self.steepening, math.log(self.target)
        if self.bottleneck:
            time = integrate.quad(self._slowness, 0.0, ln_k, limit=500)[0] / math.log(2.0)
        elif theta == 0.0:
            time = ln_k / math.log(2.0)
        else:
            time = -math.expm1(-theta * ln_k) / theta / math.log(2.0)
        return {"time": time} | ({"blow_up": 1.0 / (theta * math.log(2.0)) if theta > 0.0 else None}
                                 if self.blow_up else {})  # fmt: skip

    def remarks(self) -> list[str]:
        if self.bottleneck:
            return ["With --compute-share, --returns and --parallel are not used: lambda and beta stand for them."]
        plain = (self.substitution, self.lambda_, self.beta) == (-0.2, 0.6, 0.25)
        unused = [] if plain else ["--substitution, --lambda and --beta are used only with --compute-share."]
        endless = self.returns <= 1.0 and self.blow_up
        return unused + (["There is no blow-up where returns r are at most 1."] if endless else [])

    def _slowness(self, x: float) -> float:
        """1 / growth rate at ln C = x, relative to the start."""
        a, rho = self.compute_share, self.substitution
        inputs = a * x if abs(rho) < 1e-12 else math.log(a * math.exp(rho * x) + 1.0 - a) / rho
        return math.exp(self.beta * x - self.lambda_ * inputs)


def _passes(x: np.ndarray, line: float) -> float:
    """When a path, one value a week from week 0, passes a line, between weeks by its logarithm; nan if never."""
    over = x >= line
    if not over.any():
        return math.nan
    k = int(over.argmax())
    return k - 1 + (line - x[k - 1]) / (x[k] - x[k - 1])


def _extrapolated(coarse: float, fine: float) -> Estimate | None:
    """The limit of small steps from two step sizes (Richardson); deterministic, so without a standard error."""
    best = fine + (fine - coarse) / (COARSER - 1.0)
    return None if math.isnan(best) else Estimate(float(best), 0.0)
