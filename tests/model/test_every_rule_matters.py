"""Each rule and each safeguard alone moves something in the direction its docstring states; out of force, nothing."""

from functools import cache

import numpy as np
import pytest

from labsim.engines import ensemble
from labsim.model.governance import RULES
from labsim.model.outcomes import OUTCOMES, RACE_PLACE, mean, total
from labsim.model.safeguards import SAFEGUARDS
from labsim.runs.summary import Summary
from labsim.scenario.files import load
from tests import lacks

REPLICATIONS = 400
GOVERNANCE = {"governance." + name: kind for name, kind in RULES.items()}
ALL = GOVERNANCE | {"safeguards." + name: kind for name, kind in SAFEGUARDS.items()}


def quantity(name):
    """The mean over labs of a quantity at the end."""
    return lambda final: mean(final.labs(name))


def compute(final):
    """The compute of all labs at the end, in that of all labs at the start."""
    return total(final.labs("share"))


def closed_compute(final):
    """The compute of an average lab without a human at the end; none if there is none."""
    closed = final.labs("oversight") == 0.0
    result = total(final.labs("compute") * closed) / np.maximum(closed.sum(axis=1), 1)
    return np.where(closed.any(axis=1), result, np.nan)


def risky_business(final):
    """What the market gives to who measures unsafe: measured exposure, weighted by revenue, less its mean."""
    return total(final.labs("revenue") * final.labs("measured")) - mean(final.labs("measured"))


def largest(final):
    """The largest ln C of a lab at the end."""
    return final.labs("log_capability").max(axis=1)


def gain(final):
    """What a cycle gains, running mean at the end."""
    return mean(final.labs("gain"))


def hazard(final):
    """The hazard of a week at the end, by what its exposure and its compute would make of it."""
    exposed = final.labs("share") * final.labs("exposure") ** 2
    return total(final.labs("hazard")) / np.maximum(1e-9, total(exposed))


MEASURES = {name: outcome.function for name, outcome in OUTCOMES.items()}
MEASURES |= {f.__name__: f for f in (compute, closed_compute, risky_business, largest, gain, hazard)}
MEASURES |= {name: quantity(name) for name in ("unmasked", "pauses_needed", "edits_undone", "runs_stopped")}

UP, DOWN = 1, -1
HASSABIS = "hassabis-baseline"
HERALDS, CLOSERS, CALCULATORS = "herald", "closer", "calculator"  # the baseline with these strategies only
FAKERS = {"faking.initial": 0.4}
MANDATE = {"governance.human_mandate.start": 0}
BACK = {"evaluators.response": "roll_back"}
LAPSES = {"cycle.regression": 0.3}
FREQUENT = {"harm.incident_factor": 100.0}

# What is in force alone, with which values, where, beside what; the outcome it moves, and which way.
ROWS = [
    ("governance.human_mandate", {}, HASSABIS, {}, "closed_share", DOWN),
    ("governance.rate_limit", {}, HASSABIS, {}, "closed_share", DOWN),
    ("governance.rate_limit", {}, HASSABIS, {}, "race_weeks", UP),
    ("governance.common_pause", {}, HASSABIS, {}, "exposure", DOWN),
    ("governance.mandatory_evaluation", {}, HASSABIS, {}, "blindness", DOWN),
    ("governance.mandatory_evaluation", {}, HASSABIS, {}, "race_weeks", UP),
    ("governance.licensing", {}, HASSABIS, {}, "exposure", DOWN),
    ("governance.licensing", {}, HASSABIS, {}, "race_weeks", UP),
    ("governance.surprise_reporting", {}, HASSABIS, {}, "concern", UP),
    ("governance.surprise_reporting", {}, HASSABIS, {}, "blindness", DOWN),
    ("governance.deception_monitoring", {}, HASSABIS, FAKERS, "exam_sight", UP),
    ("governance.deception_monitoring", {}, HASSABIS, FAKERS, "race_weeks", UP),
    ("governance.whistle_blowing", {}, HERALDS, {}, "unmasked", UP),
    ("governance.whistle_blowing", {}, HERALDS, MANDATE, "closed_share", DOWN),
    ("governance.compute_threshold", {}, HASSABIS, {}, "closed_share", DOWN),
    ("governance.compute_gate", {}, HASSABIS, {}, "closed_compute", DOWN),
    ("governance.compute_gate", {}, CLOSERS, {}, "race_weeks", UP),
    ("governance.compute_gate", {}, HASSABIS, {}, "first_closure_week", UP),
    ("governance.compute_gate", {"most": 1.0, "cap": 40.0}, HASSABIS, {}, "race_weeks", UP),
    ("governance.compute_permits", {}, HASSABIS, {}, "compute", DOWN),
    ("governance.compute_permits", {}, HASSABIS, {}, "race_weeks", UP),
    ("governance.kill_switch", {}, HASSABIS, {}, "runs_stopped", UP),
    ("governance.kill_switch", {}, CLOSERS, {}, "race_weeks", UP),
    ("governance.liability", {}, HASSABIS, {}, "closed_share", DOWN),
    ("governance.transparency_index", {}, HASSABIS, {}, "risky_business", DOWN),
    ("governance.incident_reporting", {}, HASSABIS, {}, "exposure", DOWN),
    ("governance.research_subsidy", {}, HASSABIS, {}, "exposure", DOWN),
    ("governance.treaty", {}, HASSABIS, {}, "closed_share", DOWN),
    ("safeguards.inter_cycle_audit", {}, HASSABIS, {}, "unaudited_share", DOWN),
    ("safeguards.inter_cycle_audit", {}, HASSABIS, {}, "edits_undone", UP),
    ("safeguards.regression_detection", {}, HASSABIS, LAPSES, "undetected_regressions", DOWN),
    ("safeguards.regression_detection", {}, HASSABIS, LAPSES, "exposure", DOWN),
    ("safeguards.rollback_on_incident", {}, HASSABIS, {}, "closed_share_end", DOWN),
    ("safeguards.rollback_on_incident", {}, HASSABIS, FREQUENT, "exposure", DOWN),
    ("safeguards.rollback_on_incident", {"incidents": 3}, HASSABIS, FREQUENT, "exposure", DOWN),
    ("safeguards.versioned_self_modification", {}, HASSABIS, BACK, "race_weeks", DOWN),
    ("safeguards.capability_ceiling", {}, HASSABIS, {}, "largest", DOWN),
    ("safeguards.bounded_improvement", {}, HASSABIS, {}, "gain", DOWN),
    ("safeguards.bounded_improvement", {}, HASSABIS, {}, "race_weeks", UP),
    ("safeguards.impact_regularisation", {}, HASSABIS, {}, "gain", DOWN),
    ("safeguards.factored_cognition", {}, HASSABIS, {"cycle.erosion": 0.02}, "anchor", UP),
    ("safeguards.factored_cognition", {}, HASSABIS, {}, "race_weeks", UP),
    ("safeguards.least_agency", {}, HASSABIS, {}, "race_weeks", UP),
    ("safeguards.least_agency", {}, HASSABIS, {}, "hazard", DOWN),
    ("safeguards.least_agency", {}, HASSABIS, {}, "catastrophe", DOWN),
    ("safeguards.staged_deployment", {}, HASSABIS, {}, "catastrophe", DOWN),
    ("safeguards.staged_deployment", {}, HASSABIS, {}, "hazard", DOWN),
    ("safeguards.acceleration_threshold", {}, HASSABIS, {}, "catastrophe", DOWN),
    ("safeguards.acceleration_threshold", {}, HASSABIS, {}, "race_weeks", UP),
    ("safeguards.debate", {}, HASSABIS, {}, "exposure", DOWN),
    ("safeguards.debate", {}, HASSABIS, {}, "race_weeks", UP),
    ("safeguards.constitution", {}, HASSABIS, {}, "exam_sight", UP),
    ("safeguards.interpretability_before_merge", {}, HASSABIS, FAKERS, "exam_sight", UP),
    ("safeguards.interpretability_before_merge", {}, HASSABIS, {}, "race_weeks", UP),
    ("safeguards.pause_spec", {}, HASSABIS, {}, "exposure", DOWN),
    ("safeguards.pause_spec", {}, HASSABIS, {}, "pauses_needed", UP),
]  # fmt: skip


@cache
def finals(place, changes):
    """Final states of a world with these changes, the same luck for all."""
    world = load(HASSABIS) if place == HASSABIS else load(HASSABIS).with_strategy(place)
    return ensemble.simulate(world.with_(dict(changes)), 0, REPLICATIONS, 3)


def difference(path, values, place, beside, outcome):
    """Paired differences in an outcome: with the rule less without it."""
    own = {f"{path}.{name}": value for name, value in {"start": 0, **values}.items()}
    levels = [MEASURES[outcome](finals(place, tuple(changes.items()))) for changes in (beside | own, beside)]
    return Summary.of(levels[0] - levels[1])


def test_every_rule_and_every_safeguard_has_a_row():
    lacks.none_of(lacks.differences(
        (row[0] for row in ROWS), ALL,
        "{}: needs a row with the outcome that it moves in ROWS, tests/model/test_every_rule_matters.py",
        "{}: has a row in ROWS and is no rule or safeguard that is registered",
    ))


@pytest.mark.slow
@pytest.mark.parametrize(("path", "values", "place", "beside", "outcome", "way"), ROWS,
                         ids=[f"{row[0]}-{row[4]}" for row in ROWS])  # fmt: skip
def test_a_rule_alone_moves_an_outcome_the_way_it_says(path, values, place, beside, outcome, way):
    result = difference(path, values, place, beside, outcome)
    assert result.n > 100
    assert way * result.mean > 3 * result.se, f"{result.mean:+.4g}, se {result.se:.2g}, n {result.n}"


FAR = 1_000_000
COUNTS = ("members", "seen_closed", "demand")  # kept only where a treaty or permits have a date


@cache
def plain(name):
    return ensemble.simulate(load(name), 0, 40, 0)


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("name", [HASSABIS, "five-calculators"])
def test_a_rule_that_is_never_in_force_changes_no_bit(path, name):
    dates = [{"start": FAR}, {"stop": 0}]
    if path in GOVERNANCE:
        dates += [{"trigger": 1e6}, {"start": FAR, "where": "home"}, {"start": 0, "where": "abroad"}]
    for date in dates:
        own = {f"{path}.{edge}": value for edge, value in date.items()}
        result, before = ensemble.simulate(load(name).with_(own), 0, 40, 0), plain(name)
        kept = [place for quantity, place in RACE_PLACE.items() if quantity not in COUNTS]
        assert result.race_state[:, kept].tobytes() == before.race_state[:, kept].tobytes(), date
        assert result.lab_states.tobytes() == before.lab_states.tobytes(), date
        for outcome in OUTCOMES:
            function = OUTCOMES[outcome].function
            assert function(result).tobytes() == function(before).tobytes(), (date, outcome)


def test_one_that_is_in_force_late_does_change_bits():
    result = ensemble.simulate(load(HASSABIS).with_({"governance.research_subsidy.start": 30}), 0, 40, 0)
    assert result.lab_states.tobytes() != plain(HASSABIS).lab_states.tobytes()
