"""Hazard, incidents, survival, ruin. Cases: given, expect."""

import math

import pytest

from labsim.model.competition import open_week
from labsim.model.harm import add_hazard, bear_ruin, run_hazard, survive
from tests.worlds import KEY, keys, one_lab, put, race

RISKY = {"harm.rate": 0.01}


@pytest.mark.parametrize(
    ("x", "y", "share", "hazard"),
    [(2.0, 0.0, 1.0, 0.01 * 4 / 52), (2.0, 1.0, 0.5, 0.005 / 52), (1.0, 2.0, 1.0, 0.0), (0.0, 0.0, 1.0, 0.0)],
)
def test_hazard_grows_as_exposure_squared_and_is_divided_by_compute(x, y, share, hazard):
    world, lab = one_lab(RISKY, log_capability=x, log_alignment=y, share=share, hazard_run=1.0)
    run_hazard(lab, world, world.p, KEY)
    assert lab.exposure == max(0.0, x - y)
    assert (lab.hazard, lab.hazard_run) == (pytest.approx(hazard, rel=1e-15), 1.0 + lab.hazard)


@pytest.mark.parametrize(("factor", "expected"), [(10.0, -math.expm1(-10 * 0.01 * 4 / 52)), (0.0, 0.0), (1000.0, None)])
def test_incidents_come_so_many_times_as_often(factor, expected):
    world, lab = one_lab(RISKY | {"harm.incident_factor": factor}, log_capability=2.0)
    expected = -math.expm1(-factor * 0.01 * 4 / 52) if expected is None else expected
    for key in keys(5000):
        run_hazard(lab, world, world.p, key)
    assert abs(lab.incidents - 5000 * expected) <= 4 * math.sqrt(5000 * expected * (1 - expected))


@pytest.mark.parametrize(("rate", "trust", "expect"), [(0.0, -1.0, -0.98), (0.0, 0.0, 0.0), (10.0, -1.0, -1.48)])
def test_trust_is_lost_in_an_incident_and_comes_back(rate, trust, expect):
    changes = {"harm.rate": rate, "harm.incident_factor": 1000.0}
    world, lab = one_lab(changes, log_capability=10.0 * (rate > 0), trust=trust)
    run_hazard(lab, world, world.p, KEY)
    assert (lab.trust, lab.incident) == (pytest.approx(expect, rel=1e-15), float(rate > 0))


def test_the_race_adds_up_hazards_and_incidents():
    world = race(None, ["keeper"] * 3)
    open_week(world, world.p, KEY)
    for lab, hazard in zip(world.labs, (0.5, 0.25, 0.125), strict=True):
        put(lab, hazard=hazard, incident=1.0)
        add_hazard(lab, world, world.p)
    assert (world.hazard, world.incidents) == (0.875, 3.0)


@pytest.mark.parametrize(
    ("given", "survival", "event"),
    [
        ({"hazard": 0.0, "luck": 0.5}, 1.0, -1.0),
        ({"hazard": 0.5, "luck": 0.5}, math.exp(-0.5), -1.0),
        ({"hazard": 0.5, "luck": 0.7}, math.exp(-0.5), 7.0),
        ({"hazard": 0.5, "luck": 0.7, "event_week": 3.0}, math.exp(-0.5), 3.0),  # it happens once
        ({"hazard": 0.5, "luck": 0.7, "hazard_run": 1.0, "survival": math.exp(-1.0)}, math.exp(-1.5), 7.0),
    ],
)
def test_survive(given, survival, event):
    world = put(race(), week=7.0, **given)
    before = world.survival
    survive(world, world.p, KEY)
    assert (world.survival, world.survival_before) == (pytest.approx(survival, rel=1e-15), before)
    assert world.event_week == event


def test_concern_remembers_incidents():
    world = put(race(), concern=10.0, incidents=2.0)
    survive(world, world.p, KEY)
    assert world.concern == pytest.approx(11.8, rel=1e-15)


@pytest.mark.parametrize(("week", "oversight", "closed"), [(0.0, 1.0, 0.0), (52.0, 0.0, 1.0), (52.0, 0.5, 0.0)])
def test_ruin_is_borne_in_the_week_in_which_it_falls(week, oversight, closed):
    world, lab = one_lab({"decision.own_harm": 2.0}, oversight=oversight, ruin=1.0)
    put(world, week=week, survival_before=0.9, survival=0.8)
    bear_ruin(lab, world, world.p, KEY)
    assert lab.ruin == pytest.approx(1.0 + 2.0 * math.exp(-0.1 * week / 52) * 0.1, rel=1e-14)
    assert lab.closed_weeks == closed
