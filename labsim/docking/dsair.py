"""The race between safe and unsafe developers of Han, Pereira, Santos & Lenaerts (2020), known as DSAIR."""

import itertools
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from labsim.docking.agreement import Dock, Estimate, Watch, finals
from labsim.docking.population import rare_mutations
from labsim.engines.ensemble import Stop
from labsim.games.imitation import LARGEST, delta_error
from labsim.model.declaration import parameter
from labsim.model.sources import ASSUMPTION, DEFINITION, HAN, Evidence, Source
from labsim.scenario.checked import LabSpec, ScenarioError
from labsim.scenario.scenario import Scenario

PAPER = Source(
    Evidence.PUBLISHED,
    "Han, Pereira, Santos & Lenaerts (2020), Journal of Artificial Intelligence Research 69, 881-921", HAN.url,
)  # fmt: skip
REPLICATION = Source(
    Evidence.PUBLISHED, "a published replication of Han et al. (2021)", "https://github.com/PaoloBova/prototype-phd"
)
PLAYED = {"AS": "keeper", "AU": "closer", "CS": "conditional_safe"}  # always safe, always unsafe, conditionally safe
MOST_RACES, LEAST_RACES = 4000, 32  # of a pair, to begin with; the fewest are as many as run side by side
ROUNDS = 1e7  # of a pair's races, to begin with: seconds


@dataclass(frozen=True)
class Dsair(Dock):
    """A population of developers, drawn in pairs into races, copies those who earn more: are they safe?"""

    population: int = parameter(100, "developers", low=2, high=LARGEST, whole=True, source=PAPER)
    selection: float = parameter(0.01, "how strongly payoffs sway whom to copy", low=1e-6, high=10,
                                 source=REPLICATION)  # fmt: skip
    speed: float = parameter(1.5, "pace of an unsafe developer, of a safe one 1", low=1.001, high=100,
                             source=PAPER.says("recalled"))  # fmt: skip
    risk: float = parameter(0.78, "chance that an unsafe winner loses all", low=0, high=1,
                            source=ASSUMPTION.see("where the dilemma ends, so that small errors show"))  # fmt: skip
    detection: float = parameter(0.0, "chance that an unsafe developer is found out in a round", low=0, high=1,
                                 source=PAPER)  # fmt: skip
    rounds: int = parameter(100, "rounds of a race between safe developers", low=1, high=1_000_000, whole=True,
                            source=PAPER)  # fmt: skip
    benefit: float = parameter(4.0, "benefit of a round", low=0, high=1e6, source=PAPER)
    cost: float = parameter(1.0, "cost of safety in a round", low=0, high=1e6, source=PAPER)
    prize: float = parameter(10_000.0, "prize of the race", low=0.001, high=1e12, source=PAPER)
    strategies: str = parameter("AS,AU", "who is in the population: at least two of AS, AU and CS", source=DEFINITION)

    name = "dsair"
    source = PAPER.text
    seen = (
        "payoffs of AS and AU, defaults and zones: seen in a published replication's code; payoffs of CS: recalled "
        "and derived, a CS that loses to an AU bears no risk; the closed form of the share of AS among two "
        "strategies: derived from the published dynamics"
    )
    forms = (
        "Races of two labs, a week a round: AS is keeper, AU closer, CS conditional_safe; cycle.form fixed, "
        "cycle.machine 1/s, cycle.review 1 - 1/s, finish_form first_after_cycles, winner_share 1, no discount, no "
        "hazard; competition.benefit b/B, decision.oversight_cost c/B, competition.found_out, harm.setback."
    )
    shares = tuple(PLAYED)
    group = "stationary"
    along = ("risk", (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.78, 0.8, 0.85, 0.9))

    @property
    def replications(self) -> int:
        """Races of a pair, to begin with: nothing is left to luck if nobody is found out."""
        return 1 if self.detection == 0.0 else int(min(MOST_RACES, max(LEAST_RACES, ROUNDS / self.rounds)))

    @property
    def played(self) -> list[str]:
        """The strategies of the population, in the published order."""
        words = self.strategies.split(",")
        return [name for name in PLAYED if name in (word.strip() for word in words)]

    def check(self) -> None:
        words = self.strategies.split(",")
        if len(self.played) < 2 or len(self.played) < len(words):
            raise ScenarioError(f"--strategies = {self.strategies!r}: must be two or three different ones of AS,AU,CS")
        if self.speed > self.rounds:
            raise ScenarioError(
                f"--speed = {self.speed:g}: must be at most the rounds of a race, {self.rounds}, as no race is over "
                "before its first round"
            )

    def world(self, row: str, column: str) -> Scenario:
        """A race of two labs with these strategies."""
        labs = (LabSpec("Row", PLAYED[row]), LabSpec("Column", PLAYED[column]))
        return Scenario("two developers", labs=labs).with_({
            "race.finish_form": "first_after_cycles", "race.finish_cycles": self.rounds, "race.spread": 0.0,
            "race.weeks": min(1_000_000, self.rounds + 1),  # one more, should a round's time not add up to 1
            "cycle.form": "fixed", "cycle.rate_capability": 1.0, "cycle.rate_alignment": 1.0, "cycle.able": 0.001,
            "cycle.machine": 1.0 / self.speed, "cycle.review": 1.0 - 1.0 / self.speed, "cycle.machine_falls": 0.0,
            "cycle.compute_exponent": 0.0, "cycle.research": 0.0, "competition.ideas": 0.0, "evaluators.number": 0,
            "competition.winner_share": 1.0, "competition.benefit": self.benefit / self.prize,
            "competition.found_out": self.detection, "decision.discount": 0.0, "decision.own_harm": 0.0,
            "decision.oversight_cost": self.cost / self.prize, "harm.rate": 0.0, "harm.setback": self.risk,
        })  # fmt: skip

    def race(self, row: str, column: str, replications: int, seed: int, stop: Stop) -> np.ndarray:
        """What both get in a round of their race, in the paper's unit: (replications, 2)."""
        result = []
        for final in finals(self.world(row, column), replications, seed, stop):
            rounds = final.race("week") - 1.0 + np.minimum(1.0, final.race("soonest"))
            result.append(self.prize * final.labs("payoff") / np.maximum(1.0, rounds)[:, None])
        return np.zeros((replications, 2)) if stop else np.concatenate(result)

    def races(self, replications: int, seed: int, stop: Stop, watch: Watch) -> np.ndarray:
        """Simulated payoffs of the row against the column: (replications, q, q)."""
        played = self.played
        pairs = list(itertools.combinations_with_replacement(range(len(played)), 2))

        def run(pair: tuple[int, int]) -> np.ndarray:
            row, column = (played[i] for i in pair)
            watch(f"{row} against {column}")
            return self.race(row, column, replications, seed, stop)

        payoffs = np.empty((replications, len(played), len(played)))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for (i, j), both in zip(pairs, pool.map(run, pairs), strict=True):
                payoffs[:, i, j], payoffs[:, j, i] = both.T if i != j else (both.mean(axis=1),) * 2
        return payoffs

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        played, number = self.played, 1 if self.detection == 0.0 else replications
        payoffs = self.races(number, seed, stop, watch)
        if stop:
            return dict.fromkeys(played)

        def share(k: int, means: np.ndarray) -> float:
            result = rare_mutations(means.reshape(len(played), -1), self.population, self.selection)
            return float(result[k])

        samples = payoffs.reshape(number, -1)
        means = samples.mean(axis=0)
        errors = [delta_error(lambda means, k=k: share(k, means), samples) or 0.0 for k in range(len(played))]
        return {name: Estimate(share(k, means), errors[k]) for k, name in enumerate(played)}

    def references(self) -> dict[str, float | None]:
        payoffs = self.published()
        if len(payoffs) == 2:
            first = published_share(payoffs, self.population, self.selection)
            return dict(zip(self.played, (first, 1.0 - first), strict=True))
        return dict(zip(self.played, published_chain(payoffs, self.population, self.selection).tolist(), strict=True))

    def published(self) -> np.ndarray:
        """The published payoffs a round, of the row against the column: (q, q)."""
        s, b, c, w, p = self.speed, self.benefit, self.cost, self.rounds, self.detection
        both_safe, both_unsafe = b / 2 - c, (1 - p**2) * b / 2
        safe, unsafe = (1 - p) * b / (s + 1) + p * b - c, (1 - p) * s * b / (s + 1)
        prize, keeps, first = self.prize / w, 1 - self.risk, s / w  # first: the round before CS answers
        win = prize / 2 + both_safe
        table = np.array([
            [win, safe, win],
            [keeps * (s * prize + unsafe), keeps * (s * prize / 2 + both_unsafe),
             keeps * (s * prize + first * unsafe + (1 - first) * both_unsafe)],
            [win, first * safe + (1 - first) * both_unsafe, win],
        ])  # fmt: skip
        at = [list(PLAYED).index(name) for name in self.played]
        return table[np.ix_(at, at)]

    def remarks(self) -> list[str]:
        """Whether what is best for all is also what spreads."""
        if "AS" not in self.played or "AU" not in self.played:
            return []
        payoffs = self.published()[:2, :2]
        better = "safe" if payoffs[0, 0] > payoffs[1, 1] else "unsafe"
        spreads = "safe" if published_share(payoffs, self.population, self.selection) > 0.5 else "unsafe"
        dilemma = ": the dilemma" if (better, spreads) == ("safe", "unsafe") else ""
        return [f"All earn more if all are {better}; of AS and AU alone, the {spreads} ones prevail{dilemma}."]


def published_share(payoffs: np.ndarray, population: int, intensity: float) -> float:
    """The share of the first of two strategies: the ratio of fixation probabilities is a product that telescopes."""
    (aa, ab), (ba, bb) = payoffs.tolist()
    advantage = ((population - 2) * (aa - bb) + population * (ab - ba)) / 2.0
    return 0.5 + 0.5 * math.tanh(intensity * advantage / 2.0)


def published_chain(payoffs: np.ndarray, population: int, intensity: float) -> np.ndarray:
    """The stationary distribution over q strategies, (q,), by Grassmann, Taksar & Heyman (1985) in logs."""
    q, k = len(payoffs), np.arange(population, dtype=float)
    logs = np.full((q, q), -np.inf)
    for i, j in itertools.permutations(range(q), 2):  # k invaders j among i: k - 1 of their kind to meet, or k
        invader = k * (k - 1) / 2 * payoffs[j, j] + (population * k - k * (k + 1) / 2) * payoffs[j, i]
        resident = k * (k + 1) / 2 * payoffs[i, j] + ((population - 1) * k - k * (k + 1) / 2) * payoffs[i, i]
        logs[i, j] = -np.logaddexp.reduce(intensity * (resident - invader) / (population - 1))
    for n in range(q - 1, 0, -1):
        logs[:n, n] -= np.logaddexp.reduce(logs[n, :n])
        logs[:n, :n] = np.logaddexp(logs[:n, :n], logs[:n, n, None] + logs[n, :n])
    weights = np.zeros(q)
    for n in range(1, q):
        weights[n] = np.logaddexp.reduce(weights[:n] + logs[:n, n])
    return np.exp(weights - np.logaddexp.reduce(weights))
