"""Every parameter moves some outcome somewhere, or is a constant: no slider that does nothing."""

import dataclasses
import math

import numpy as np
import pytest

from labsim import ensemble
from labsim.outcomes import OUTCOMES
from labsim.scenario import CATALOGUE, LabSpec, Scenario

N = 2000
RULES = {
    f"governance.{rule}.start": 0 for rule in ("human_mandate", "rate_limit", "common_pause", "mandatory_evaluation")
}
WORLDS = {
    "default": {},
    "alone": {"evaluators.number": 0},
    "noisy": {"race.information": "noisy", "cycle.returns": 1.3, "cycle.learning": 0.005},
    "secret": {"race.information": "secret", "competition.ideas": 0.05, "competition.network": "ring"},
    "repair": {"evaluators.response": "repair", "evaluators.access": 0.5, "evaluators.threshold": 0.5},
    "retrain": {"evaluators.response": "retrain", "governance.common_pause.start": 0},
    "mandate": {"governance.human_mandate.start": 0},
    "limit": {"governance.rate_limit.start": 0, "governance.rate_limit.min_weeks": 3.0},
    "pause": {"governance.common_pause.start": 0},
    "evaluation": {"governance.mandatory_evaluation.start": 0, "governance.common_pause.start": 0},
    "until": {f"governance.{rule.split('.')[1]}.stop": 400 for rule in RULES} | RULES,
    "strategies": {},
    "incidents": {"harm.incident_factor": 300.0, "competition.trust_loss": 2.0},
}
KINDS = ("closer", "forgiving_mirror", "threshold", "fast_follower", "imitator", "explorer", "scripted")
FREE = [path for path, d in CATALOGUE.items() if d.kind != "constant"]
_FINALS: dict[tuple, dict[str, np.ndarray]] = {}


def outcomes(world: str, change: tuple = ()) -> dict[str, np.ndarray]:
    """Outcomes of a world with a change; concern and incidents count as outcomes here."""
    if (world, change) not in _FINALS:
        scenario = Scenario(world).with_(WORLDS[world])
        if world == "strategies":
            scenario = dataclasses.replace(scenario, labs=tuple(LabSpec(kind, kind) for kind in KINDS))
        if "decision.choice" in dict(change):
            scenario = scenario.with_strategy("player")
        final = ensemble.simulate(scenario.with_(dict(change)), 0, N, 0)
        found = {name: function(final) for name, function in OUTCOMES.items()} | {"concern": final.race("concern")}
        if change:
            return found
        _FINALS[world, change] = found
    return _FINALS[world, change]


def other_values(path: str) -> list:
    """Values to try: other options, and points between the default and either end of the range."""
    d = CATALOGUE[path]
    if d.options:
        return [option for option in d.options if option != d.default]
    if d.default is None:
        return [0, 40]
    low, high = max(d.low, d.default / 4 if d.default > 0 else -1), min(d.high, d.default * 4 if d.default > 0 else 0.4)
    values = [d.default + 0.7 * (end - d.default) for end in (low, high) if end != d.default]
    values += [0.0] if d.low <= 0.0 <= d.high and d.default < 0.0 else []
    values += [60] if d.default > 10_000 else []  # a week that no race reaches
    return [round(v) if d.whole else v for v in values]


def largest_move(path: str) -> tuple[float, str]:
    """The largest paired difference in standard errors, and where it was found."""
    best = (0.0, "nowhere")
    for world in WORLDS:
        for value in other_values(path):
            changed, plain = outcomes(world, ((path, value),)), outcomes(world)
            for name, values in changed.items():
                difference = values - plain[name]
                difference = difference[~np.isnan(difference)]
                if len(difference) < 2 or not difference.any():
                    continue
                ratio = abs(difference.mean()) / (difference.std(ddof=1) / math.sqrt(len(difference)) + 1e-300)
                best = max(best, (ratio, f"{name} in {world} at {value}"))
        if best[0] > 4:
            break
    return best


@pytest.mark.slow
@pytest.mark.parametrize("path", FREE)
def test_parameter_moves_an_outcome(path):
    ratio, where = largest_move(path)
    assert ratio > 2, f"{path} is a dead slider: at most {ratio:.2f} standard errors ({where})"
