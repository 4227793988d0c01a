"""What outsiders see, what they tell, what a lab does about it. Cases: given, expect."""

import math

import pytest
from tests.worlds import KEY, keys, one_lab, put, race

from labsim.evaluators import begin_evaluator, examine, respond, shift_faking
from labsim.self_improvement import CEILING

SHARP = {"evaluators.number": 1, "evaluators.noise": 0.0}


def examined(changes, week=4.0, **attributes):
    """(evaluator, lab) after an examination in this week."""
    world = put(race({**SHARP, **changes}), week=week)
    lab = put(world.labs[0], **({"log_capability": 2.0} | attributes))
    examine(world.evaluators[0], lab, world, world.p, world.evaluators[0].week_key)
    return world.evaluators[0], lab


@pytest.mark.parametrize(
    ("access", "faked", "reading"), [(0.0, 0.12, 1.76), (1.0, 0.12, 2.0), (0.5, 0.12, 1.88), (0.0, 0.78, 0.44)]
)
def test_observed_tests_are_fooled_by_faking_and_others_are_not(access, faked, reading):
    evaluator, lab = examined({"evaluators.access": access}, faked=faked)
    assert evaluator.reading == lab.outside == pytest.approx(reading, rel=1e-15)
    assert evaluator.reports == 1.0


@pytest.mark.parametrize(("week", "reports", "due"), [(3.0, 0.0, 4.0), (4.0, 1.0, 8.0), (9.0, 1.0, 13.0)])
def test_a_report_takes_its_time(week, reports, due):
    evaluator, _ = examined({}, week=week)
    assert (evaluator.reports, evaluator.due) == (reports, due)


@pytest.mark.parametrize(
    ("given", "known", "measured"),
    [
        ({}, 0.0, 1.76),  # the same exam says the same
        ({"age": 10.0}, 0.88, 1.76),  # a stale exam is put right
        ({"age": 10.0, "known": 5.0}, 0.88, 1.76),  # the newest report counts
    ],
)
def test_what_a_report_shows_beyond_the_own_exam_is_known(given, known, measured):
    _, lab = examined({}, **given)
    assert (lab.known, lab.measured) == pytest.approx((known, measured), abs=1e-15)


@pytest.mark.parametrize(("gap", "before", "finding"), [(2.0, 0.0, 1.0), (1.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_a_reading_above_the_threshold_is_a_finding(gap, before, finding):
    _, lab = examined({"evaluators.threshold": 1.0}, log_capability=gap, finding=before)
    assert lab.finding == finding


def test_only_the_target_is_examined_and_targets_are_drawn_evenly():
    world = put(race(SHARP, ["keeper"] * 4), week=4.0)
    evaluator = put(world.evaluators[0], target=2.0)
    for lab in world.labs:
        examine(evaluator, put(lab, log_capability=1.0), world, world.p, KEY)
    assert [lab.outside > 0 for lab in world.labs] == [False, False, True, False]
    targets = []
    for key in keys(2000):
        begin_evaluator(evaluator, world, world.p, key)
        targets.append(evaluator.target)
    assert set(targets) == {0.0, 1.0, 2.0, 3.0} and evaluator.due == 4.0
    assert all(abs(targets.count(k) - 500) < 4 * math.sqrt(375) for k in range(4))


def test_reports_have_noise():
    world = put(race({**SHARP, "evaluators.noise": 0.2}), week=4.0)
    evaluator, lab = world.evaluators[0], put(world.labs[0], log_capability=1.0, faked=0.0)
    readings = []
    for key in keys(2000):
        evaluator.due = 4.0
        examine(evaluator, lab, world, world.p, key)
        readings.append(evaluator.reading)
    mean = sum(readings) / 2000
    assert abs(mean - 1.0) < 4 * 0.2 / math.sqrt(2000)
    assert math.sqrt(sum((r - mean) ** 2 for r in readings) / 2000) == pytest.approx(0.2, rel=0.06)


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
        changes = {**SHARP, "evaluators.response": response, "evaluators.weeks": 1, "harm.rate": 0.0}
        world, lab = one_lab(changes, log_capability=3.0)
        readings = []
        for week in range(1, 7):
            world.week = float(week)
            lab.finding = 0.0
            examine(world.evaluators[0], lab, world, world.p, KEY)
            respond(lab, world, world.p, KEY)
            readings.append(lab.outside)
        ends[response] = (readings[-1] < readings[0], lab.faked, lab.log_capability - lab.log_alignment)
    assert ends["retrain"] == (True, pytest.approx(0.78, abs=1e-4), 3.0)
    assert ends["repair"][1] < 0.001 and ends["repair"][2] < 2.0
