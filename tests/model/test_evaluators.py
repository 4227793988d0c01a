"""What outsiders see, what they tell, what a lab does about it. Cases: given, expect."""

import math
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.model.evaluators import (
    NO_LAB,
    begin_evaluator,
    end_round,
    examine,
    is_examined,
    keep_up,
    outside_sight,
    seen_through,
    take_note,
)  # fmt: skip
from labsim.model.self_improvement import sight
from tests.worlds import KEY, keys, one_lab, put, race

SHARP = {"evaluators.number": 1, "evaluators.noise": 0.0}


def examined(changes, week=4.0, key=KEY, **attributes):
    """(evaluator, lab) after the examinations of this week."""
    world = put(race({**SHARP, **changes}), week=week)
    lab = put(world.labs[0], **({"log_capability": 2.0} | attributes))
    examine(world.evaluators[0], lab, world, world.p, key)
    end_round(world.evaluators[0], world, world.p, key)
    return world.evaluators[0], lab


def pair(changes=None, **attributes):
    """(an evaluator, a lab)."""
    world = race({**SHARP, **(changes or {})})
    return world.evaluators[0], put(world.labs[0], **attributes)


@pytest.mark.parametrize(
    ("changes", "given", "expect"),
    [
        ({}, {}, 0.88),  # observed tests: faking hides its share
        ({"access": 1.0}, {}, 1.0),
        ({"access": 0.5}, {}, 0.94),
        ({"access": 0.5}, {"faked": 0.0}, 1.0),
        ({"access": 0.5, "internals": 0.0, "recognition": 1.0}, {"log_capability": math.log(4)}, 1 - 0.12 * 0.875),
        ({"access": 0.5, "internals": 1.0, "recognition": 1.0}, {"log_capability": math.log(4)}, 0.94),
        ({"access": 0.5, "internals": 0.5, "recognition": 1.0}, {"log_capability": math.log(4)}, 1 - 0.12 * 0.6875),
        ({"access": 0.5, "internals": 0.0, "recognition": 1.0}, {"log_capability": -3.0}, 0.94),  # not yet recognised
        ({}, {"age": 10.0, "anchor": 0.5}, 0.88),  # outsiders have tests of their own
        ({"independence": 0.0}, {"age": 10.0, "anchor": 0.5}, 0.22),  # or share all blind spots of the lab's exam
        ({"independence": 0.5}, {"age": 10.0, "anchor": 0.5}, 0.55),
        ({"independence": 0.0, "access": 1.0, "outgrown": 5.0}, {"log_capability": 9.0}, 0.88),
        ({"outgrown": 1.0, "competence": 2.0}, {"log_capability": 2.0}, 0.88),  # not beyond its competence
        ({"outgrown": 1.0, "competence": 2.0}, {"log_capability": 2.0 + math.log(2)}, 0.44),
        ({"outgrown": 0.5, "competence": 2.0}, {"log_capability": 2.0 + math.log(4), "faked": 0.0}, 0.5),
        ({"outgrown": 1.0, "independence": 0.5}, {"log_capability": math.log(2)}, 0.66),
    ],
)
def test_outside_sight(changes, given, expect):
    world = race({"evaluators.number": 1, **{f"evaluators.{name}": value for name, value in changes.items()}})
    evaluator, lab = world.evaluators[0], put(world.labs[0], **given)
    assert outside_sight(evaluator, lab) == pytest.approx(expect, rel=1e-14)


def test_without_independence_an_evaluator_sees_exactly_what_the_lab_sees():
    evaluator, lab = pair({"evaluators.independence": 0.0, "evaluators.access": 0.7}, faked=0.3, age=3.0, anchor=0.9)
    assert outside_sight(evaluator, lab) == sight(lab)


SHARE = st.floats(0, 1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.fixed_dictionaries({"access": SHARE, "internals": SHARE, "recognition": st.floats(0, 5),
                              "independence": SHARE, "outgrown": st.floats(0, 5)}),
       st.floats(-5, 20), st.fixed_dictionaries({"log_capability": st.floats(-10, 200), "faked": SHARE,
                                                 "age": st.floats(0, 1000), "anchor": SHARE}))  # fmt: skip
def test_outside_sight_is_a_share(tests, competence, given):
    evaluator = SimpleNamespace(evaluators=SimpleNamespace(**tests), competence=competence)
    lab = SimpleNamespace(faking=SimpleNamespace(half_life=10.0), opened=0.0, **given)
    assert 0.0 <= outside_sight(evaluator, lab) <= 1.0 + 1e-15
    assert 0.0 <= seen_through(evaluator, lab.log_capability) <= tests["access"]


@pytest.mark.parametrize(
    ("refresh", "competence", "frontier", "expect"),
    [(0.25, 1.0, 3.0, 1.5), (1.0, 1.0, 3.0, 3.0), (0.0, 1.0, 3.0, 1.0), (0.25, 3.0, 1.0, 3.0)],  # it forgets nothing
)
def test_tests_follow_the_frontier_as_far_as_can_be_afforded(refresh, competence, frontier, expect):
    world = put(race({**SHARP, "evaluators.refresh": refresh}), frontier=frontier)
    evaluator = put(world.evaluators[0], competence=competence)
    keep_up(evaluator, world, world.p, KEY)
    assert evaluator.competence == expect


@pytest.mark.parametrize(
    ("target", "capacity", "expect"),
    [(0.0, 1, [0]), (3.0, 1, [3]), (1.0, 3, [1, 2, 3]), (3.0, 3, [0, 1, 3]), (2.0, 4, [0, 1, 2, 3]),
     (2.0, 40, [0, 1, 2, 3]), (NO_LAB, 1, []), (NO_LAB, 40, [])],
)  # fmt: skip
def test_a_round_examines_as_many_labs_as_there_is_capacity_for_in_a_ring(target, capacity, expect):
    world = race({**SHARP, "evaluators.capacity": capacity}, ["keeper"] * 4)
    evaluator = put(world.evaluators[0], target=target)
    assert [int(lab.id) for lab in world.labs if is_examined(evaluator, lab, world.p)] == expect


@pytest.mark.parametrize(
    ("access", "faked", "reading"), [(0.0, 0.12, 1.76), (1.0, 0.12, 2.0), (0.5, 0.12, 1.88), (0.0, 0.78, 0.44)]
)
def test_observed_tests_are_fooled_by_faking_and_others_are_not(access, faked, reading):
    evaluator, lab = examined({"evaluators.access": access}, faked=faked)
    assert lab.outside == pytest.approx(reading, rel=1e-15)
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
    assert {lab.examined for lab in world.labs} == {0.0}
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
        examine(evaluator, put(lab, finding=0.0), world, world.p, key)
        readings.append(lab.outside)
    mean = sum(readings) / 2000
    assert abs(mean - 1.0) < 4 * 0.2 / math.sqrt(2000)
    assert math.sqrt(sum((r - mean) ** 2 for r in readings) / 2000) == pytest.approx(0.2, rel=0.06)


LINE = {"evaluators.threshold": 1.0}


@pytest.mark.parametrize(
    ("changes", "gap", "reading"),
    [
        ({}, 2.0, 1.76),
        ({"evaluators.miss": 1.0}, 2.0, 0.0),  # nothing at all is found
        ({"evaluators.false_alarm": 1.0}, 0.0, 1.0),  # a whole line too high
        ({"evaluators.false_alarm": 1.0}, 0.5, 1.44),
        ({"evaluators.miss": 1.0, "evaluators.false_alarm": 1.0}, 2.0, 1.0),
        ({"evaluators.capture": 1.0}, 2.0, 1.0),  # reported as exactly the line, which is no finding
        ({"evaluators.capture": 1.0}, 1.0, 0.88),  # what is below it needs no shading
        ({"evaluators.capture": 1.0, "evaluators.false_alarm": 1.0}, 0.5, 1.0),
    ],
)
def test_an_examination_may_err_and_a_captured_evaluator_shades(changes, gap, reading):
    evaluator, lab = examined(LINE | changes, log_capability=gap)
    assert lab.outside == pytest.approx(reading, rel=1e-15)
    assert lab.finding == (1.0 if reading > 1.0 else 0.0)
    assert evaluator.strictness == pytest.approx(0.2 * lab.finding)


@pytest.mark.parametrize("name", ["miss", "false_alarm", "capture"])
def test_errors_come_as_often_as_they_are_said_to(name):
    """A gap of 2 gives a finding of 1.76; each kind of error changes it."""
    changed = 0
    for key in keys(400):
        _, lab = examined({**LINE, f"evaluators.{name}": 0.3}, key=key)
        changed += lab.outside != pytest.approx(1.76)
    assert abs(changed - 120) < 4 * math.sqrt(84)


@pytest.mark.parametrize(
    ("reading", "gap", "expect"),
    [(1.5, 2.0, (1.0, 0.0, 0.0)), (1.5, 0.9, (1.0, 1.0, 0.0)), (0.5, 2.0, (0.0, 0.0, 1.0)), (0.5, 0.9, (0.0, 0.0, 0.0)),
     (1.0, 1.0, (0.0, 0.0, 0.0)), (1.5, 1.0, (1.0, 1.0, 0.0)), (1.0, 1.1, (0.0, 0.0, 1.0))],
)  # fmt: skip
def test_a_report_is_right_or_errs_in_one_of_two_ways(reading, gap, expect):
    _, lab = one_lab(None, cycles=7.0)
    take_note(lab, reading, 1.0, gap, 0.0)
    assert (lab.finding, lab.false_alarms, lab.misses) == expect
    assert lab.examined == 7.0


@pytest.mark.parametrize(
    ("readings", "outside", "finding"),
    [
        ([1.5, 1.2], 1.5, 1.0),  # of two findings the worse one counts
        ([1.2, 1.5], 1.5, 1.0),
        ([1.5, 0.2], 1.5, 1.0),  # and a finding before an all-clear
        ([0.2, 1.5], 1.5, 1.0),
        ([0.9, 0.2], 0.2, 0.0),  # of two all-clears the later one
    ],
)
def test_two_reports_in_a_week(readings, outside, finding):
    _, lab = one_lab(None, log_capability=2.0, age=1000.0)  # its own exam shows nothing
    for reading in readings:
        take_note(lab, reading, 1.0, 2.0, reading / 2)
    assert (lab.outside, lab.finding, lab.evidence) == (outside, finding, outside / 2)
    assert lab.measured == pytest.approx(outside)


@pytest.mark.parametrize(("reading", "known"), [(0.5, 0.5), (0.88, 0.88), (1.0, 1.0)])
def test_an_outside_reading_shows_a_hidden_drop_that_the_own_exam_does_not(reading, known):
    _, lab = one_lab(None, log_capability=1.0, hidden=1.0)
    take_note(lab, reading, 2.0, 1.0, 0.0)
    assert (lab.known, lab.measured) == (known, known)


def test_the_evidence_is_the_share_of_tests_that_faking_cannot_fool():
    changes = {"evaluators.access": 0.5, "evaluators.internals": 0.5, "evaluators.recognition": 1.0}
    _, lab = examined(changes, log_capability=math.log(4))
    assert lab.evidence == pytest.approx(0.5 * (0.5 + 0.5 / 4))


def rounds(changes, findings=(), key=KEY):
    """An evaluator after rounds with a finding (1) or without (0)."""
    world = race({**SHARP, **changes})
    evaluator = world.evaluators[0]
    for finding in findings:
        world.week = evaluator.due
        end_round(put(evaluator, found=float(finding)), world, world.p, key)
    return evaluator


@pytest.mark.parametrize(
    ("changes", "findings", "captured"),
    [
        ({}, [0, 1], 0.0),
        ({"evaluators.familiarity": 0.5}, [], 0.0),
        ({"evaluators.familiarity": 0.5}, [0], 0.5),
        ({"evaluators.familiarity": 0.5}, [1, 0], 0.75),
        ({"evaluators.familiarity": 0.5, "evaluators.capture": 0.6}, [0], 0.8),
        ({"evaluators.capture": 0.6}, [0, 0], 0.6),
    ],
)
def test_an_evaluator_grows_familiar_with_those_it_examines(changes, findings, captured):
    assert rounds(changes, findings).captured == pytest.approx(captured, rel=1e-15)


@pytest.mark.parametrize(("findings", "strictness"), [([0, 0], 0.0), ([1], 0.2), ([1, 1], 0.36), ([1, 0], 0.16)])
def test_strictness_is_the_running_share_of_rounds_with_a_finding(findings, strictness):
    evaluator = rounds({}, findings)
    assert (evaluator.strictness, evaluator.found) == (pytest.approx(strictness, rel=1e-14), 0.0)
    assert (evaluator.reports, evaluator.turned_down) == (len(findings), 0.0)


def test_labs_that_shop_turn_down_the_strict_and_only_them():
    strict, lenient = rounds({"evaluators.shopping": 1.0}), rounds({"evaluators.shopping": 1.0}, [0] * 20)
    world = put(strict.model, week=4.0)
    end_round(put(strict, strictness=1.0, found=1.0), world, world.p, KEY)
    assert (strict.target, strict.turned_down, strict.due) == (NO_LAB, 1.0, 8.0)
    assert lenient.turned_down == 0.0 and lenient.target == 0.0


def test_an_evaluator_that_was_turned_down_reports_nothing_in_its_round_and_may_be_taken_back():
    world = put(race({**SHARP, "evaluators.familiarity": 0.5}), week=8.0)
    evaluator = put(world.evaluators[0], target=NO_LAB, due=8.0, strictness=1.0, captured=0.1)
    lab = put(world.labs[0], log_capability=2.0)
    examine(evaluator, lab, world, world.p, KEY)
    end_round(evaluator, world, world.p, KEY)
    assert (lab.outside, evaluator.reports, evaluator.strictness, evaluator.captured) == (0.0, 0.0, 1.0, 0.1)
    assert (evaluator.target, evaluator.due) == (0.0, 12.0)


@pytest.mark.parametrize("shopping", [0.0, 0.4])
def test_labs_shop_as_often_as_they_are_said_to(shopping):
    world = put(race({**SHARP, "evaluators.shopping": shopping}), week=4.0)
    refused = 0
    for key in keys(1000):
        evaluator = put(world.evaluators[0], due=4.0, target=0.0, strictness=1.0, found=1.0)
        end_round(evaluator, world, world.p, key)
        refused += evaluator.target == NO_LAB
    assert abs(refused - 1000 * shopping) <= 4 * math.sqrt(240) * (shopping > 0.0)
