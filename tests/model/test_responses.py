"""What a lab does about a finding, and what it costs. Cases: given, expect."""

import math

import pytest

from labsim.engines import ensemble
from labsim.model.evaluators import end_round, examine, respond, shift_faking
from labsim.model.harm import add_hazard, survive
from labsim.model.outcomes import OUTCOMES
from labsim.model.self_improvement import CEILING
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, one_lab, put, race


def test_three_retrainings_take_faking_from_12_to_78_percent():
    world, lab = one_lab({"evaluators.response": "retrain"}, log_capability=2.0)
    seen = []
    for _ in range(4):
        lab.finding = 1.0
        respond(lab, world, world.p, KEY)
        seen.append(lab.faked)
    assert seen[:3] == pytest.approx([0.288, 0.545, 0.780], abs=5e-4)
    assert seen[3] == 0.78 and (lab.retrainings, lab.findings) == (4.0, 4.0)
    assert lab.log_alignment == 0.0  # nothing else changes


@pytest.mark.parametrize(("step", "expect"), [(0.0, 0.12), (math.log(2), 0.24 / 1.12), (-math.log(2), 0.06 / 0.94)])
def test_faking_moves_in_log_odds(step, expect):
    _, lab = one_lab()
    shift_faking(lab, step)
    assert lab.faked == pytest.approx(expect, rel=1e-13)


@pytest.mark.parametrize(("evidence", "odds"), [(0.0, 1.0), (0.25, 0.5), (0.5, 0.0), (0.75, -0.5), (1.0, -1.0)])
def test_retraining_raises_faking_unless_the_evidence_is_what_faking_cannot_fool(evidence, odds):
    world, lab = one_lab({"evaluators.response": "retrain"}, finding=1.0, evidence=evidence)
    respond(lab, world, world.p, KEY)
    _, other = one_lab()
    shift_faking(other, odds * other.faking.step)
    assert lab.faked == pytest.approx(other.faked, rel=1e-14)


@pytest.mark.parametrize(
    ("publication", "finding", "trust", "salience"),
    [("public", 1.0, -0.75, 1.0), ("public", 0.0, -0.5, 0.0), ("private", 1.0, -0.5, 0.0)],
)
def test_a_published_finding_costs_trust_and_raises_concern(publication, finding, trust, salience):
    world, lab = one_lab({"evaluators.publication": publication}, finding=finding, trust=-0.5)
    respond(lab, world, world.p, KEY)
    assert (lab.trust, lab.salience) == (trust, salience)
    add_hazard(lab, world, world.p)
    survive(put(world, concern=2.0), world.p, KEY)
    assert world.concern == pytest.approx(0.98 * 2.0 + salience)


def test_many_published_findings_in_a_week_are_one_piece_of_news():
    world = race({"evaluators.publication": "public"}, ["keeper"] * 3)
    for lab in world.labs:
        respond(put(lab, finding=1.0), world, world.p, KEY)
        add_hazard(lab, world, world.p)
    assert world.salience == 1.0


FOUND = {
    "finding": 1.0, "outside": 1.5, "log_capability": 2.0, "log_alignment": 0.5, "progress": 0.25, "weeks": 8.0,
    "saved_capability": 1.0, "saved_alignment": 0.75, "saved_faked": 0.05, "age": 3.0, "oversight": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("finding", [0.0, 1.0])
@pytest.mark.parametrize(
    ("response", "expect"),
    [
        ("nothing", {}),
        ("retrain", {"faked": 0.28773, "retrainings": 1.0}),
        ("repair", {"faked": 0.04399, "log_alignment": 0.65, "progress": -0.25}),
        ("roll_back", {"log_capability": 1.0, "log_alignment": 0.75, "faked": 0.05, "age": 0.0, "oversight": 1.0}),
        ("pause", {"resume_below": 0.9}),
    ],
)
def test_a_lab_responds_to_a_finding_and_to_nothing_else(response, expect, finding):
    world, lab = one_lab({"evaluators.response": response}, **FOUND | {"finding": finding})
    before = {name: value for name, value in vars(lab).items() if isinstance(value, float)}
    respond(lab, world, world.p, KEY)
    changes = {name: getattr(lab, name) for name, value in before.items() if getattr(lab, name) != value}
    expected = expect | {"findings": 1.0} if finding else {}
    assert changes == {name: pytest.approx(value, abs=1e-4) for name, value in expected.items()}


def test_a_repair_does_not_pass_the_ceiling():
    world, lab = one_lab({"evaluators.response": "repair"}, finding=1.0, outside=9.0, log_alignment=CEILING - 0.1)
    respond(lab, world, world.p, KEY)
    assert lab.log_alignment == CEILING


def test_retraining_hides_the_gap_and_repairing_closes_it():
    """The reading falls either way: once because faking rises, once because the gap falls."""
    ends = {}
    for response in ("retrain", "repair"):
        changes = {
            "evaluators.number": 1,
            "evaluators.noise": 0.0,
            "evaluators.response": response,
            "evaluators.weeks": 1,
            "harm.rate": 0.0,
        }
        world, lab = one_lab(changes, log_capability=3.0)
        readings = []
        for week in range(1, 7):
            world.week = float(week)
            lab.finding = 0.0
            examine(world.evaluators[0], lab, world, world.p, KEY)
            end_round(world.evaluators[0], world, world.p, KEY)
            respond(lab, world, world.p, KEY)
            readings.append(lab.outside)
        ends[response] = (readings[-1] < readings[0], lab.faked, lab.log_capability - lab.log_alignment)
    assert ends["retrain"] == (True, pytest.approx(0.78, abs=1e-4), 3.0)
    assert ends["repair"][1] < 0.001 and ends["repair"][2] < 2.0


FINDINGS_MATTER = {"evaluators.access": 1.0, "evaluators.threshold": 2.0, "evaluators.capacity": 5,
                   "evaluators.weeks": 2, "evaluators.response": "pause"}  # fmt: skip


def rise(name, changes):
    """The rise of an outcome's mean over 400 races, in its standard errors: the same luck with and without."""
    plain, other = (
        OUTCOMES[name].function(ensemble.simulate(Scenario("errors").with_({**FINDINGS_MATTER, **more}), 0, 400, 3))
        for more in ({}, changes)
    )
    return (other - plain).mean() / (other - plain).std() * 20


def test_both_kinds_of_error_have_a_price_where_findings_matter():
    """A false alarm costs time, a miss costs safety, under the same luck."""
    feared, missed = {"evaluators.false_alarm": 0.5}, {"evaluators.miss": 0.7}
    assert rise("false_alarms", feared) > 10 and rise("race_weeks", feared) > 4
    assert rise("misses", missed) > 10 and rise("exposure", missed) > 4 and rise("catastrophe", missed) > 4
