"""The cycle: its time, the exam that goes stale, review, veto, learning, checkpoints. Cases: given, expect."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.model.self_improvement import (
    CEILING,
    alignment_per_capability,
    alignment_reading,
    full_review,
    improve,
    improve_by_fixed_rates,
    integrate,
    own_reading,
    read_own_gap,
    review,
    score_weights,
    selection,
    sight,
    true_gap,
    weeks_per_cycle,
    work_on_cycle,
)  # fmt: skip
from tests.worlds import KEY, keys, one_lab, put, race


@pytest.mark.parametrize(("x", "y", "gap"), [(1.0, 0.25, 0.75), (0.25, 1.0, 0.0), (2.0, 2.0, 0.0)])
def test_the_gap_is_what_alignment_lags_behind(x, y, gap):
    _, lab = one_lab(log_capability=x, log_alignment=y)
    assert true_gap(lab) == gap


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({}, 5.5),  # 3.5 machine and 2 review
        ({"oversight": 0.0}, 3.5),
        ({"oversight": 0.5}, 4.5),
        ({"log_capability": math.log(1024)}, 2.875),  # the machine part falls as 1024^-0.2 = 1/4
        ({"log_capability": -3.0}, 5.5),  # below C = 1 it does not rise
        ({"share": 4.0}, 3.75),  # compute: 4^-0.5
        ({"share": 0.25}, 9.0),
        ({"extra_weeks": 0.2}, 5.7),
        ({"automation": 0.5}, 3.75),  # of the machine part only
        ({"automation": 0.99, "oversight": 0.0}, 0.035),
        ({"automation": 0.5, "log_capability": math.log(1024), "extra_weeks": 0.2}, 2.6375),
        ({"minimum_weeks": 5.0}, 5.5),  # a limit that does not bind
        ({"minimum_weeks": 7.0}, 7.0),
    ],
)
def test_weeks_of_a_cycle(given, expect):
    world, lab = one_lab(None, **given)
    assert weeks_per_cycle(lab, lab.log_capability, lab.share, lab.oversight) == pytest.approx(expect, rel=1e-14)
    work_on_cycle(lab, world, world.p, KEY)
    assert lab.weeks == pytest.approx(expect, rel=1e-14)


def test_a_cycle_takes_no_less_than_the_floor():
    _, lab = one_lab({"cycle.machine": 0.0, "cycle.review": 0.0})
    assert weeks_per_cycle(lab, 5.0, 1.0, 1.0) == 0.001


@pytest.mark.parametrize(
    ("removal", "c"), [(1.571, 1.0), (2.435, 100.0), (3.275, 1000.0)]
)  # fmt: skip
def test_removing_the_human_speeds_up_the_more_the_more_capable(removal, c):
    _, lab = one_lab()
    keep, remove = (weeks_per_cycle(lab, math.log(c), 1.0, oversight) for oversight in (1.0, 0.0))
    assert keep / remove == pytest.approx(removal, abs=1e-3)


@pytest.mark.parametrize(
    ("given", "progress", "completed", "cycles"),
    [
        ({"progress": 0.5}, 0.5 + 1 / 5.5, 0.0, 3.0),
        ({"progress": 0.9}, 0.9 + 1 / 5.5 - 1, 1.0, 4.0),  # the surplus carries over
        ({"progress": 2.5}, 1.5 + 1 / 5.5, 1.0, 4.0),  # at most one cycle a week
        ({"progress": 0.9, "paused": 1.0}, 0.9, 0.0, 3.0),
        ({"progress": 1.2, "paused": 1.0}, 1.2, 0.0, 3.0),
        ({"progress": -0.5}, -0.5 + 1 / 5.5, 0.0, 3.0),
    ],
)
def test_work_on_cycle(given, progress, completed, cycles):
    world, lab = one_lab(None, cycles=3.0, **given)
    work_on_cycle(lab, world, world.p, KEY)
    assert (lab.progress, lab.completed, lab.cycles) == (pytest.approx(progress), completed, cycles)


@pytest.mark.parametrize(("paused", "y"), [(0.0, 0.005), (1.0, 0.005)])
def test_alignment_research_goes_by_the_calendar_paused_or_not(paused, y):
    world, lab = one_lab({"cycle.research": 0.005}, paused=paused)
    work_on_cycle(lab, world, world.p, KEY)
    assert lab.log_alignment == y


@pytest.mark.parametrize(
    ("paused", "expect"), [(1.0, (0.5 + 0.0208, 0.0, 0.0, 0.88 * (2.0 - 0.5208))), (0.0, (0.5, 7.0, 0.3, 0.9))]
)
def test_a_pause_is_a_full_review(paused, expect):
    given = {
        "paused": paused,
        "hidden": 0.4,
        "age": 7.0,
        "known": 0.3,
        "measured": 0.9,
        "log_capability": 2.0,
        "log_alignment": 0.5,
    }
    world, lab = one_lab(None, **given)
    full_review(lab, world, world.p, KEY)
    assert (lab.log_alignment, lab.age, lab.known, lab.measured) == pytest.approx(expect, rel=1e-15)
    assert lab.hidden == 0.4 * (1.0 - paused)


def test_sight_is_exactly_halved_after_ten_unreviewed_cycles():
    world, lab = one_lab({"cycle.machine": 0.001, "cycle.review": 0.0, "cycle.able": 0.001, "competition.finish": 1e9})
    put(lab, oversight=0.0)
    assert sight(lab) == 1.0 - 0.12
    for _ in range(10):
        for rule in (review, improve, read_own_gap):
            rule(lab, world, world.p, KEY)
    assert (lab.age, lab.unreviewed) == (10.0, 10.0)
    assert sight(lab) == (1.0 - 0.12) / 2


@pytest.mark.parametrize(
    ("changes", "anchor", "reviewed", "expect"),
    [
        ({}, 1.0, 0.0, 1.0),  # without erosion nothing is lost
        ({"cycle.erosion": 0.1}, 1.0, 0.0, 0.9),
        ({"cycle.erosion": 0.1}, 0.5, 0.0, 0.45),
        ({"cycle.erosion": 1.0}, 0.5, 0.0, 0.0),
        ({"cycle.erosion": 0.1}, 0.5, 1.0, 0.6),  # a reviewed cycle restores a fifth of what is lost
        ({"cycle.reanchor": 1.0}, 0.0, 1.0, 1.0),
        ({"cycle.reanchor": 0.0}, 0.5, 1.0, 0.5),
    ],
)
def test_the_anchor_erodes_without_review_and_is_restored_with_it(changes, anchor, reviewed, expect):
    world, lab = one_lab(changes, anchor=anchor, oversight=reviewed)
    review(lab, world, world.p, KEY)
    assert lab.anchor == pytest.approx(expect, rel=1e-15)


def test_a_fresh_exam_does_not_bring_the_anchor_back_but_a_pause_does():
    world, lab = one_lab(None, anchor=0.5, age=0.0, log_capability=1.0, fresh_every=1.0)
    assert sight(lab) == 0.44
    read_own_gap(lab, world, world.p, KEY)
    assert (lab.seen, lab.measured) == (0.44, 0.44)
    full_review(put(lab, paused=1.0), world, world.p, KEY)
    assert lab.anchor == 1.0 and lab.measured == pytest.approx(0.88 * (1.0 - 0.0208))


@pytest.mark.parametrize(("hidden", "expect"), [(0.0, 0.88), (0.25, 0.66), (1.0, 0.0), (3.0, 0.0)])
def test_the_own_exam_does_not_show_a_hidden_drop(hidden, expect):
    world, lab = one_lab(None, log_capability=1.0, log_alignment=0.0, hidden=hidden)
    assert own_reading(lab) == pytest.approx(expect, rel=1e-15)
    read_own_gap(lab, world, world.p, KEY)
    assert lab.measured == own_reading(lab) and lab.seen == 0.88


@pytest.mark.parametrize("gap", [0.0, 0.1, 1.0, 3.7])
def test_an_exam_that_is_fresh_and_not_faked_measures_the_truth(gap):
    world, lab = one_lab(None, faked=0.0, age=0.0, log_capability=gap, log_alignment=0.0)
    read_own_gap(lab, world, world.p, KEY)
    assert lab.measured == gap


def test_what_a_lab_measures_that_never_reviews_peaks_below_1_and_falls_whatever_the_truth():
    readings, gaps = np.zeros((300, 60)), np.zeros((300, 60))
    for replication in range(300):
        world = race(replication=replication)
        lab = put(world.labs[0], oversight=0.0)
        for cycle, key in enumerate(keys(60, seed=replication)):
            for rule in (review, improve, read_own_gap):
                rule(lab, world, world.p, key)
            readings[replication, cycle], gaps[replication, cycle] = lab.measured, true_gap(lab)
    mean = readings.mean(axis=0)
    assert 0.7 < mean.max() < 1.0 and 8 <= mean.argmax() <= 22  # on average over luck: single labs can pass 1
    assert mean[-1] < 0.5 and gaps.mean(axis=0)[-1] > 8.0


@pytest.mark.parametrize(("oversight", "reviewed", "age", "known"), [(1.0, 1.0, 0.0, 0.0), (0.0, 0.0, 7.0, 0.3)])
def test_review(oversight, reviewed, age, known):
    """What nobody checks, neither a human nor an auditor, is counted."""
    world, lab = one_lab(None, oversight=oversight, age=7.0, known=0.3, unreviewed=2.0)
    review(lab, world, world.p, KEY)
    assert (lab.reviewed, lab.age, lab.known, lab.unreviewed) == (reviewed, age, known, 3.0 - reviewed)
    assert lab.unaudited == 1.0 - reviewed
    review(put(lab, auditor=1.0), world, world.p, KEY)
    assert lab.unaudited == 1.0 - reviewed


def test_half_oversight_reviews_half_of_the_cycles():
    world, lab = one_lab(None, oversight=0.5)
    for key in keys(4000):
        review(lab, world, world.p, key)
    assert abs(lab.unreviewed - 2000) < 4 * math.sqrt(1000)


@pytest.mark.parametrize("every", [1, 2, 3, 10])
def test_evaluations_are_renewed_every_so_many_cycles(every):
    world, lab = one_lab(None, oversight=0.0, fresh_every=float(every))
    ages = []
    for key in keys(4 * every):
        review(lab, world, world.p, key)
        ages.append(lab.age)
        read_own_gap(lab, world, world.p, key)
    fresh = [cycle for cycle, age in enumerate(ages) if age == 0.0]
    assert set(np.diff(fresh)) == {every}


def test_no_order_to_renew_lets_evaluations_age():
    world, lab = one_lab(None, oversight=0.0)
    for key in keys(30):
        review(lab, world, world.p, key)
        read_own_gap(lab, world, world.p, key)
    assert lab.age == 30.0


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({"known": 0.0}, 0.88),
        ({"known": 0.25}, 1.13),
        ({"age": 10.0}, 0.44),
        ({"must_measure": 1.0}, 1.0),  # at least what sees through faking
        ({"must_measure": 1.0, "known": 0.25}, 1.13),
    ],
)
def test_the_own_reading(given, expect):
    world, lab = one_lab({"evaluators.noise": 0.0}, log_capability=1.0, log_alignment=0.0, **given)
    read_own_gap(lab, world, world.p, KEY)
    assert lab.measured == pytest.approx(expect, rel=1e-15)


@pytest.mark.parametrize(("reviewed", "expect", "age"), [(1.0, (1.5, 0.5, 0.12), 3.0), (0.0, (0.0, 0.0, 0.12), 4.0)])
def test_a_reviewed_state_is_a_checkpoint_and_an_unreviewed_cycle_ages_the_exam(reviewed, expect, age):
    world, lab = one_lab(None, reviewed=reviewed, age=3.0, log_capability=1.5, log_alignment=0.5)
    read_own_gap(lab, world, world.p, KEY)
    assert (lab.saved_capability, lab.saved_alignment, lab.saved_faked) == expect
    assert lab.age == age


@pytest.mark.parametrize(
    ("seen", "x", "human", "expect"),
    [
        (0.88, 0.0, 0.0, (0.88, 0.135**2)),
        (0.0, 5.0, 0.0, (0.0, 0.135**2)),
        (0.5, 0.0, 1.0, ((0.5 / 0.135**2 + 1 / 0.05**2) / (1 / 0.135**2 + 1 / 0.05**2), 1 / (1 / 0.135**2 + 400))),
        (0.5, math.log(1024), 1.0, ((0.5 / 0.135**2 + 100) / (1 / 0.135**2 + 100), 1 / (1 / 0.135**2 + 100))),
    ],
)
def test_alignment_readings_are_combined_by_inverse_variance(seen, x, human, expect):
    _, lab = one_lab()  # with grip 0.1 a human's error doubles at C = 1024
    assert alignment_reading(lab.cycle, seen, x, human, 1.0) == pytest.approx(expect, rel=1e-13)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.floats(0, 8), st.sampled_from([0.0, 1.0]))
def test_a_score_never_explains_more_than_there_is(seen, x, human):
    _, lab = one_lab()
    a, variance = alignment_reading(lab.cycle, seen, x, human, 1.0)
    c, d, sd = selection(lab.cycle, a, variance)
    u, v = score_weights(lab.cycle, variance)
    assert 0 < u < 0.5 and 0 < v < 0.5 and sd > 0
    assert abs(c) <= 0.135 * sd and abs(d) <= 0.116 * sd  # correlations
    assert alignment_per_capability(c, d) == max(0.0, d / c)


@pytest.mark.parametrize(("c", "d", "expect"), [(2.0, 1.0, 0.5), (2.0, -1.0, 0.0), (0.0, 1.0, 0.0), (1e-13, 1.0, 0.0)])
def test_alignment_per_capability(c, d, expect):
    assert alignment_per_capability(c, d) == expect


@pytest.mark.parametrize(
    ("changes", "given", "expect"),
    [
        ({}, {}, (1.2, 0.9, 1.0)),
        ({"cycle.veto": -0.5}, {"believed_gain": -0.6}, (1.0, 1.0, 1.0)),  # the cycle is lost
        ({"cycle.veto": -0.5}, {"believed_gain": -0.4}, (1.2, 0.9, 1.0)),
        ({"cycle.veto": -0.5}, {"believed_gain": -0.6, "reviewed": 0.0}, (1.2, 0.9, 1.0)),  # nobody looks
        ({"cycle.learning": 0.5}, {}, (1.2, 0.9, 1.5)),
        ({"cycle.learning": 0.5}, {"multiplier": 2.0}, (1.4, 0.8, 3.0)),
        ({"cycle.learning": 0.5, "cycle.veto": 0.0}, {"believed_gain": -0.6}, (1.0, 1.0, 1.0)),
        ({}, {"productivity": 1.5}, (1.3, 0.85, 1.0)),
        ({}, {"log_capability": CEILING}, (CEILING, 0.9, 1.0)),
    ],
)
def test_integrate(changes, given, expect):
    _, lab = one_lab(changes, **({"log_capability": 1.0, "log_alignment": 1.0} | given))
    before, start = lab.gain, lab.log_capability
    integrate(lab, 0.2, -0.1)
    assert (lab.log_capability, lab.log_alignment, lab.multiplier) == pytest.approx(expect, rel=1e-14)
    if start < CEILING:
        edit = (lab.log_capability - start, lab.log_alignment - 1.0)
        assert (lab.edit_capability, lab.edit_alignment) == pytest.approx(edit, rel=1e-12)
        assert lab.gain == pytest.approx(0.9 * before + 0.1 * (lab.log_capability - start), rel=1e-14)


@pytest.mark.parametrize(("noise", "spread"), [(0.0, 0.0), (0.02, 0.02)])
def test_fixed_rates_multiply(noise, spread):
    world, lab = one_lab({"cycle.form": "fixed", "cycle.rate_noise": noise})
    gains = []
    for key in keys(2000):
        put(lab, log_capability=0.0, log_alignment=0.0)
        improve_by_fixed_rates(lab, world, world.p, key)
        assert (lab.edit_capability, lab.edit_alignment) == (lab.log_capability, lab.log_alignment)
        gains.append((math.exp(lab.log_capability), math.exp(lab.log_alignment)))
    assert np.mean(gains, axis=0) == pytest.approx([1.15, 1.08], abs=4 * spread / math.sqrt(2000) + 1e-12)
    assert np.std(gains, axis=0) == pytest.approx([spread, spread], rel=0.06, abs=1e-12)
    assert abs(np.corrcoef(np.array(gains).T)[0, 1]) < 0.1 or noise == 0.0


def test_a_cycle_with_a_human_aligns_more_than_one_without():
    world, lab = one_lab()
    means = {}
    for reviewed in (1.0, 0.0):
        gains = []
        for key in keys(4000):
            put(lab, log_capability=0.0, log_alignment=0.0, reviewed=reviewed)
            improve(lab, world, world.p, key)
            gains.append((lab.log_capability, lab.log_alignment))
        means[reviewed] = np.exp(np.mean(gains, axis=0)).tolist()
    assert means[1.0] == pytest.approx([1.15, 1.08], abs=0.01)
    assert means[0.0] == pytest.approx([1.18, 1.02], abs=0.01)
    c, d, _ = selection(lab.cycle, *alignment_reading(lab.cycle, 0.88, 0.0, 0.0, 1.0))
    assert lab.ratio == alignment_per_capability(c, d)
