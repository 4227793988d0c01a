"""Every parameter moves some outcome somewhere, or is a constant: no slider that does nothing."""

import dataclasses
import math

import numpy as np
import pytest

from labsim.engines import ensemble
from labsim.model.outcomes import OUTCOMES
from labsim.model.week import EVENT, GOVERNANCE, SAFEGUARD, imposed
from labsim.scenario.checked import CATALOGUE, LabSpec
from labsim.scenario.scenario import Scenario
from tests import lacks

FEW, MANY = 400, 2000  # replications: of a first look, and where that shows nothing clearly
CLEAR, SEEN = 4, 2  # standard errors
RULES = {f"{kind}.{name}.start": 0 for kind, name, _ in imposed() if kind == GOVERNANCE}
OWN = {f"{kind}.{name}.start": 0 for kind, name, _ in imposed() if kind == SAFEGUARD}
EVENTS = {f"{kind}.{name}.start": 10 for kind, name, _ in imposed() if kind == EVENT}
LAPSES = {"cycle.regression": 0.3, "cycle.erosion": 0.05}
ERRORS = {
    "evaluators.number": 4,
    "evaluators.access": 0.4,
    "evaluators.internals": 0.5,
    "evaluators.recognition": 0.3,
    "evaluators.outgrown": 0.3,
    "evaluators.independence": 0.7,
    "evaluators.miss": 0.1,
    "evaluators.false_alarm": 0.1,
    "evaluators.capture": 0.1,
    "evaluators.familiarity": 0.02,
    "evaluators.shopping": 0.3,
    "evaluators.response": "repair",
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
    "until": {start.replace(".start", ".stop"): 400 for start in RULES} | RULES,
    "events": EVENTS | {"race.information": "noisy", "events.automated_researcher.start": 60},  # the intern comes first
    "lapses": LAPSES,
    "safeguards": LAPSES | OWN,
    "human audit": LAPSES | OWN | {"safeguards.inter_cycle_audit.auditor": "human"},
    "errors": ERRORS,
    "public errors": ERRORS | {"evaluators.publication": "public"},
    "strategies": {},
    "places": {
        "governance.human_mandate.start": 0,
        "governance.human_mandate.where": "home",
        "governance.human_mandate.fine": 0.5,
        "decision.moving_cost": 0.02,
    },
    "line": {"governance.compute_threshold.start": 0, "governance.compute_threshold.flop": 3e26},
    "spec": LAPSES | {"safeguards.pause_spec.start": 0, "safeguards.pause_spec.gap": 1e100},
    "incidents": {"harm.incident_factor": 300.0, "competition.trust_loss": 2.0},
    "returns": {
        "harm.incident_factor": 300.0,
        "safeguards.rollback_on_incident.start": 0,
        "safeguards.versioned_self_modification.start": 0,
    },
    "acceleration": {"safeguards.acceleration_threshold.start": 0},
    "reports": {"safeguards.acceleration_threshold.start": 0, "safeguards.acceleration_threshold.answer": "report"},
    "permits": {"governance.compute_permits.start": 0, "decision.evasion": 0.5},
    "treaty": {"governance.treaty.start": 0, "governance.treaty.release": "no", "governance.treaty.fine": 0.02},
    "trade": {"competition.benefit": 0.05, "race.labs": 2},
    "half a treaty": {"governance.treaty.start": 0, "governance.treaty.quorum": 0.5},
    "licences": {"governance.licensing.start": 0},
    "gate": {"governance.compute_gate.start": 0},
    "index": {"governance.transparency_index.start": 0},
}
KINDS = ("closer", "forgiving_mirror", "threshold", "fast_follower", "imitator", "explorer", "scripted")
FREE = [path for path, d in CATALOGUE.items() if d.kind != "constant"]
_FINALS: dict[tuple, dict[str, np.ndarray]] = {}


def outcomes(world: str, n: int, change: tuple = ()) -> dict[str, np.ndarray]:
    """Outcomes of n replications of a world with a change."""
    if (world, n, change) not in _FINALS:
        scenario = Scenario(world).with_(WORLDS[world])
        if world == "strategies":
            scenario = dataclasses.replace(scenario, labs=tuple(LabSpec(kind, kind) for kind in KINDS))
        if "decision.choice" in dict(change):
            scenario = scenario.with_strategy("player")
        final = ensemble.simulate(scenario.with_(dict(change)), 0, n, 0)
        result = {name: outcome.function(final) for name, outcome in OUTCOMES.items()}
        result["needed"] = final.labs("pauses_needed").mean(axis=1)  # what a pause specification is scored by
        if change:
            return result
        _FINALS[world, n, change] = result
    return _FINALS[world, n, change]


def other_values(path: str) -> list:
    """Values to try: other options, and points between the default and either end of the range."""
    d = CATALOGUE[path]
    if d.options:
        return [option for option in d.options if option != d.default]
    if d.default is None:
        return [0, min(40, d.high)]
    low, high = max(d.low, d.default / 4 if d.default > 0 else -1), min(d.high, d.default * 4 if d.default > 0 else 0.4)
    values = [d.default + 0.7 * (end - d.default) for end in (low, high) if end != d.default]
    values += [0.0] if d.low <= 0.0 <= d.high and d.default < 0.0 else []
    values += [1.0] if d.low <= 1.0 < d.default == d.high else []  # a limit that binds nobody as it ships
    values += [60] if d.low <= 60 <= d.high and d.default > 10_000 else []  # a week that no race reaches
    return [round(v) if d.whole else v for v in values]


def by_concern(path: str) -> list[str]:
    """The worlds, those first that change something in the table of the parameter: what it sets is in use there."""
    table = path.rpartition(".")[0]
    tables = {world: {other.rpartition(".")[0] for other in changes} for world, changes in WORLDS.items()}
    tables["strategies"] = {"decision"}
    return sorted(WORLDS, key=lambda world: (table not in tables[world], len(tables[world])))


def largest_move(path: str, n: int, enough: float = CLEAR) -> tuple[float, str]:
    """The largest paired difference in n replications, in standard errors, and where it was found.

    The search ends with the first world that shows more than enough.
    """
    best = (0.0, "nowhere")
    for world in by_concern(path):
        for value in other_values(path):
            changed, plain = outcomes(world, n, ((path, value),)), outcomes(world, n)
            for name, values in changed.items():
                difference = values - plain[name]
                difference = difference[~np.isnan(difference)]
                if len(difference) < 2 or not difference.any():
                    continue
                ratio = abs(difference.mean()) / (difference.std(ddof=1) / math.sqrt(len(difference)) + 1e-300)
                best = max(best, (ratio, f"{name} in {world} at {value}"))
        if best[0] > enough:
            break
    return best


def alive(ratio: float, where: str, path: str) -> None:
    if ratio <= SEEN:
        lacks.none_of([
            f"{path} is a dead slider: at most {ratio:.2f} standard errors ({where}). If it does something, "
            "add a world in which it can to WORLDS, tests/model/test_dead_sliders.py"
        ])


@pytest.mark.slow
@pytest.mark.parametrize("path", FREE)
def test_parameter_moves_an_outcome(path):
    ratio, where = largest_move(path, FEW)
    if ratio <= CLEAR:  # few replications may call a slider alive, but never dead
        ratio, where = largest_move(path, MANY, SEEN)
    alive(ratio, where, path)


@pytest.mark.full
@pytest.mark.parametrize("path", FREE)
def test_parameter_moves_an_outcome_of_many_replications(path):
    alive(*largest_move(path, MANY, SEEN), path)


def test_a_dead_slider_is_named(monkeypatch):
    monkeypatch.setattr("tests.model.test_dead_sliders.WORLDS", {"default": {}})
    ratio, where = largest_move("governance.treaty.fine", FEW)  # no treaty, no fine
    with pytest.raises(pytest.fail.Exception, match=r"governance\.treaty\.fine is a dead slider: .* 0\.00 .*nowhere"):
        alive(ratio, where, "governance.treaty.fine")
