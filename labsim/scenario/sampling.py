"""Uncertain parameters, drawn for each replication: Monte Carlo, Latin hypercube or Sobol'."""

import zlib
from typing import Any

import numpy as np

from labsim.model.draws import derive, exp, log, normal_quantile, seed_key, uniform
from labsim.scenario.checked import CATALOGUE, EVERY, ScenarioError, parts_of
from labsim.scenario.scenario import Scenario

METHODS = ("monte-carlo", "latin-hypercube", "sobol")
SAMPLE_STREAM = 9


def luck_of(replication: Any, worlds: int | None) -> Any:
    """Whose luck a replication (or an array of them) has: where `worlds` are drawn, one of each has the same."""
    return replication if worlds is None else replication // worlds


def check_worlds(scenario: Scenario, replications: int, worlds: int | None) -> None:
    """Raises ScenarioError if so many worlds cannot be drawn, each with as many of the replications."""
    if worlds is None:
        return
    if not scenario.uncertainties:
        raise ScenarioError(f"worlds = {worlds}: nothing is drawn in '{scenario.name}': it has no [uncertainties]")
    if not (worlds >= 2 and replications >= 2 * worlds and replications % worlds == 0):
        least = f"must be from 2 to {replications // 2} and divide the {replications} replications"
        raise ScenarioError(f"worlds = {worlds}: {least}, so that each world has as many futures, and two at least")


def draw(
    scenario: Scenario, seed: int, replications: int, method: str = "monte-carlo", worlds: int | None = None
) -> dict[str, np.ndarray]:
    """Values of the scenario's uncertain parameters: one array (replications,) for each path.

    With `worlds`, so many are drawn, and replication r is of world r % worlds, under the luck r // worlds.
    Monte Carlo draws are keyed by replication and path, so that a longer run begins with the shorter
    one and another uncertainty changes no other draw; the designs of scipy.stats.qmc are seeded.
    Raises ValueError for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"sampling method {method!r}: must be one of {', '.join(METHODS)}")
    if worlds is not None:
        world = np.arange(replications) % worlds
        return {path: values[world] for path, values in draw(scenario, seed, worlds, method).items()}
    paths = list(scenario.uncertainties)
    if not paths:
        return {}
    if method == "monte-carlo":
        unit = np.array([[_keyed(seed, r, path) for path in paths] for r in range(replications)])
    else:
        from scipy.stats import qmc  # half a second to import, and few designs need it

        kind = qmc.LatinHypercube if method == "latin-hypercube" else qmc.Sobol
        design = kind(len(paths), rng=np.random.default_rng(seed))
        size = replications if method == "latin-hypercube" else 1 << max(0, replications - 1).bit_length()
        unit = np.clip(design.random(size)[:replications], 1e-12, 1 - 1e-12)
    unit = unit.reshape(replications, len(paths))
    return {
        path: np.array([_transform(path, scenario.uncertainties[path], u) for u in unit[:, k].tolist()])
        for k, path in enumerate(paths)
    }


def draw_one(scenario: Scenario, seed: int, replication: int, worlds: int | None = None) -> dict[str, np.ndarray]:
    """What `draw` gives one replication by Monte Carlo: one array (1,) for each path."""
    replication = replication if worlds is None else replication % worlds
    return {
        path: np.array([_transform(path, spec, _keyed(seed, replication, path))])
        for path, spec in scenario.uncertainties.items()
    }


def _keyed(seed: int, replication: int, path: str) -> float:
    key = derive(seed_key(seed, replication), SAMPLE_STREAM)
    of = path.removeprefix(f"{EVERY} ")  # every lab's is drawn as the world's would be
    return uniform(derive(key, zlib.crc32(of.encode())), SAMPLE_STREAM)


def _transform(path: str, spec: dict[str, Any], u: float) -> float:
    """The quantile u of the distribution, inside the parameter's range."""
    d, dist = CATALOGUE[parts_of(path)[1]], spec["dist"]
    if dist == "choice":
        return float(spec["values"][min(int(u * len(spec["values"])), len(spec["values"]) - 1)])
    if dist == "normal":
        value = spec["mean"] + spec["sd"] * normal_quantile(u)
    elif dist == "loguniform":
        value = exp(log(spec["low"]) + u * (log(spec["high"]) - log(spec["low"])))
    elif dist == "triangular":
        low, mode, high = spec["low"], spec["mode"], spec["high"]
        rises = u * (high - low) < mode - low
        width = (mode - low) if rises else (high - mode)
        part = ((u if rises else 1.0 - u) * (high - low)) ** 0.5 * width**0.5
        value = low + part if rises else high - part
    elif d.whole:
        value = np.floor(spec["low"] + u * (spec["high"] - spec["low"] + 1))
    else:
        value = spec["low"] + u * (spec["high"] - spec["low"])
    value = min(max(value, d.low), d.high)
    return float(round(value)) if d.whole else float(value)
