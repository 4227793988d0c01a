"""The two-process race: capability and alignment multiplied by fixed rates, cycle after cycle.

The course lesson 'Recursive Self-Improvement: Capability vs Alignment' (2026), as a limiting case
of the model: one lab that keeps the human, cycles of a week in the form `fixed`.
"""

from typing import Any

import numpy as np

from labsim.engines import ensemble, mesa_engine
from labsim.model import state
from labsim.model.draws import exp
from labsim.model.outcomes import each
from labsim.model.self_improvement import CEILING
from labsim.runs.summary import finite
from labsim.scenario.files import load
from labsim.scenario.scenario import Scenario

LOOK_AHEAD = 1000  # cycles searched for the first crossing when there is no noise


def race(
    rc: float = 1.15, ra: float = 1.08, threshold: float = 2.0, cycles: int = 20, noise: float = 0.0,
    replications: int = 1, seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Each cycle C *= rc + noise * e1, A *= ra + noise * e2, e independent standard normal.

    Returns `gap` (C - A after 0..cycles cycles, mean over replications), `first_crossing` (first
    cycle above `threshold`, median over runs that cross, none if none), `trigger_share` (share of
    cycles 1..cycles above it), `crossed_share` (share of replications with |C - A| above it at some time), and of these
    `above_share` with C - A above it, `below_share` with A - C: with noise a replication may be both.
    Raises ScenarioError for a rate out of range.
    """
    scenario = load("two-process").with_(
        {"cycle.rate_capability": rc, "cycle.rate_alignment": ra, "cycle.rate_noise": noise, "race.weeks": cycles}
    )
    x, y = logs(scenario, replications, seed)
    gap = np.hstack([np.zeros((replications, 1)), each(exp, x) - each(exp, y)])
    above = gap > threshold
    crossed = above.any(axis=1)
    first = float(np.median(above[crossed].argmax(axis=1))) if crossed.any() else None
    if first is None and noise == 0.0 and cycles < LOOK_AHEAD:
        x, y = logs(scenario.with_({"race.weeks": LOOK_AHEAD}), 1, seed)
        later = (each(exp, x) - each(exp, y) > threshold)[0]
        first = float(later.argmax() + 1) if later.any() and x[0, later.argmax()] < CEILING else None
    return {
        "rc": rc, "ra": ra, "threshold": threshold, "cycles": cycles, "noise": noise, "replications": replications,
        "seed": seed, "gap": [finite(float(g)) for g in gap.mean(axis=0)],
        "first_crossing": int(first) if first is not None and first.is_integer() else first,
        "trigger_share": float(above[:, 1:].mean()),
        "crossed_share": float((np.abs(gap[:, 1:]) > threshold).any(axis=1).mean()),
        "above_share": float((gap[:, 1:] > threshold).any(axis=1).mean()),
        "below_share": float((gap[:, 1:] < -threshold).any(axis=1).mean()),
    }  # fmt: skip


def logs(scenario: Scenario, replications: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x = ln C and y = ln A of the one lab after each cycle, shape (replications, weeks)."""
    names = ("log_capability", "log_alignment")
    if replications > 20:
        _, _, labs = ensemble.trace(scenario, 0, replications, seed, names)
        return labs[:, :, 0, 0], labs[:, :, 0, 1]
    table = np.array([[_steps(mesa_engine.Race(scenario, seed, r, collect=False), names)] for r in range(replications)])
    return table[:, 0, :, 0], table[:, 0, :, 1]


def _steps(race: mesa_engine.Race, names: tuple[str, ...]) -> list[list[float]]:
    assert set(names) <= set(state.fields(state.LabState))
    rows = []
    while not race.over:
        race.step()
        rows.append([getattr(race.labs[0], name) for name in names])
    return rows
