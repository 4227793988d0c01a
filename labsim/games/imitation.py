"""Labs that copy who does better: how many remove in the long run, by Fermi imitation in a finite population.

One lab a step looks at another one drawn at random and copies what it does with probability
1 / (1 + exp(-beta (payoff of the model - own payoff))) (Traulsen, Nowak & Pacheco 2006); with probability
mu it does the other thing instead. The number of removers is a birth-death chain, whose stationary
distribution is a product (Karlin & Taylor 1975). Games are among labs drawn from the
population without replacement (Hauert et al. 2006).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labsim.runs.summary import Summary
from labsim.scenario.checked import ScenarioError

MUTATION = 0.01  # assumption
LARGEST = 10_000  # population


@dataclass(frozen=True)
class LongRun:
    """How many of a population remove in the long run."""

    population: int
    intensity: float  # beta: per prize of difference in payoff
    mutation: float
    distribution: np.ndarray  # of the number of removers, 0 to population
    mean_share: float
    se: float | None  # of mean_share, from the errors of the payoffs by the delta method
    rare_mutation: float  # share of time at all remove, as mu goes to 0


def population_payoffs(keep: np.ndarray, remove: np.ndarray, population: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean payoffs of a keeper and of a remover in a population with 0, 1, ... removers; nan where there is none.

    `keep` and `remove` are by how many others of the game remove.
    """
    from scipy.stats import hypergeom

    others, j = np.arange(len(keep)), np.arange(population + 1)
    meets_keeper = hypergeom.pmf(others, population - 1, np.minimum(j, population - 1)[:, None], len(keep) - 1)
    meets_remover = hypergeom.pmf(others, population - 1, np.maximum(j - 1, 0)[:, None], len(keep) - 1)
    return np.where(j < population, meets_keeper @ keep, np.nan), np.where(j > 0, meets_remover @ remove, np.nan)


def steps(gain: np.ndarray, intensity: float, mutation: float) -> tuple[np.ndarray, np.ndarray]:
    """Chances of one more, and of one fewer, remover in a step, with 0, 1, ... removers.

    `gain` is a remover's payoff less a keeper's in the same population.
    """
    from scipy.special import expit

    z = len(gain) - 1
    j, advantage = np.arange(z + 1), np.where(np.isfinite(gain), gain, 0.0)
    up = (z - j) / z * ((1.0 - mutation) * j / (z - 1) * expit(intensity * advantage) + mutation)
    down = j / z * ((1.0 - mutation) * (z - j) / (z - 1) * expit(-intensity * advantage) + mutation)
    return up, down


def stationary(gain: np.ndarray, intensity: float, mutation: float) -> np.ndarray:
    """The stationary distribution of the number of removers."""
    up, down = steps(gain, intensity, mutation)
    logs = np.concatenate([[0.0], np.cumsum(np.log(up[:-1]) - np.log(down[1:]))])
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def delta_error(function: Callable[[np.ndarray], float], samples: np.ndarray) -> float | None:
    """The standard error of a function of means, from what they are means of: (replications, means)."""
    from scipy.optimize import approx_fprime

    if len(samples) < 2:
        return None
    slopes = approx_fprime(samples.mean(axis=0), function)
    return Summary.of((samples - samples.mean(axis=0)) @ slopes).se


def check_population(labs: int, population: int | None, mutation: float) -> int:
    """The size of the population: by default, as many as play. Raises ScenarioError."""
    z = labs if population is None else population
    if not labs <= z <= LARGEST:
        raise ScenarioError(f"population = {z}: must be from {labs}, the labs of a race, to {LARGEST}")
    if not 0.0 < mutation < 1.0:
        raise ScenarioError(f"mutation = {mutation}: must be above 0 and below 1")
    return z


def long_run(
    keep: np.ndarray, remove: np.ndarray, intensity: float, population: int | None = None, mutation: float = MUTATION
) -> LongRun:
    """The long run of a population (by default, as many as play) with these payoffs by how many others remove.

    `keep` and `remove` are (replications, labs). Raises ScenarioError.
    """
    from scipy.special import expit

    labs = keep.shape[1]
    z = check_population(labs, population, mutation)

    def gain(means: np.ndarray) -> np.ndarray:
        kept, removed = population_payoffs(means[:labs], means[labs:], z)
        return removed - kept

    def share(means: np.ndarray) -> float:
        return float(stationary(gain(means), intensity, mutation) @ np.arange(z + 1)) / z

    samples = np.concatenate([keep, remove], axis=1)
    means = samples.mean(axis=0)
    # all remove rather than all keep, by the ratio of fixation probabilities: exp(beta sum of gains)
    rare = expit(intensity * gain(means)[1:-1].sum())
    shares = stationary(gain(means), intensity, mutation)
    return LongRun(z, intensity, mutation, shares, share(means), delta_error(share, samples), float(rare))
