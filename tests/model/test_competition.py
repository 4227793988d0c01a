"""The start, ideas, market, compute. Cases: given, expect."""

import math

import pytest

from labsim.model.competition import (
    absorb,
    add_appeal,
    appeal,
    earn_compute,
    find_best_appeal,
    hear,
    open_week,
    publish,
    sum_up,
)  # fmt: skip
from labsim.model.self_improvement import CEILING
from labsim.model.start import begin_lab, begin_race
from labsim.model.state import NOBODY
from tests.worlds import KEY, one_lab, put, race

LABS = ("calculator",) * 3


def test_a_lab_begins_as_aligned_as_capable_with_a_human_and_its_share():
    world = race({"race.spread": 0.5}, LABS)
    for lab in world.labs:
        assert lab.log_alignment == lab.log_capability == lab.saved_capability == lab.saved_alignment
        assert 0.0 < lab.progress < 1.0
        assert (lab.share, lab.oversight, lab.age, lab.measured, lab.known) == (1 / 3, 1.0, 0.0, 0.0, 0.0)
        assert (lab.faked, lab.saved_faked) == (0.12, 0.12)
        assert lab.gain == pytest.approx(0.1397, abs=5e-5)
        assert (lab.phi_keep, lab.phi_remove) == pytest.approx((0.561, 0.161), abs=5e-4)
        assert lab.ratio == lab.phi_keep
    assert len({lab.log_capability for lab in world.labs}) == 3


@pytest.mark.parametrize(
    ("changes", "strategy", "expect"),
    [
        ({"cycle.able": 0.5}, "closer", (0.0, 0.0)),  # closed from the start
        ({}, "closer", (1.0, -1.0)),  # not able yet
        ({"cycle.able": 0.5}, "keeper", (1.0, -1.0)),
        ({"cycle.able": 0.5}, "calculator", (1.0, -1.0)),
        ({"cycle.head_start": 1.0}, "closer", (0.0, 0.0)),
    ],
)
def test_only_a_closer_that_is_able_begins_closed(changes, strategy, expect):
    lab = race(changes, [strategy]).labs[0]
    assert (lab.oversight, lab.first_closed) == expect


@pytest.mark.parametrize(("form", "low", "high"), [("equal", 0.0, 0.0), ("uniform", 0.0, 0.5), ("normal", -2.0, 2.0)])
def test_forms_of_the_start(form, low, high):
    xs = [race({"race.start_form": form, "race.spread": 0.5}, replication=i).labs[0].log_capability for i in range(200)]
    assert low <= min(xs) and max(xs) <= high
    assert (min(xs) < 0.0) == (form == "normal") and len(set(xs)) == (1 if form == "equal" else 200)


def test_a_fixed_cycle_begins_at_zero_and_taste_has_its_scale():
    assert race({"cycle.form": "fixed"}).labs[0].progress == 0.0
    small, large = (race({"decision.taste": scale}).labs[0].taste for scale in (0.1, 0.4))
    assert large == pytest.approx(4 * small) and race({"decision.taste": 0.0}).labs[0].taste == 0.0
    tastes = [race(replication=i).labs[0].taste for i in range(400)]
    inside = sum(abs(taste) < 0.05 * math.log(3) for taste in tastes)  # the quartiles of a logistic law
    assert 150 < inside < 250


def test_a_race_begins_with_its_luck():
    luck = [race(replication=i).luck for i in range(50)]
    assert len(set(luck)) == 50 and 0 < min(luck) < 0.2 and 0.8 < max(luck) < 1
    world = race()
    before = world.luck
    begin_race(world, world.p, world.start_key)
    begin_lab(world.labs[0], world, world.p, world.labs[0].start_key)
    assert world.luck == before


def test_a_week_opens_clean():
    world = race()
    put(world, best_pull=3.0, pull=2.0, hazard=1.0, incidents=2.0, best=4.0, winners=1.0, finish_hazard=1.0,
        slowest_cycles=2.0, hazard_run=0.5, concern=1.5)  # fmt: skip
    open_week(world, world.p, KEY)
    assert (world.pull, world.hazard, world.incidents, world.winners, world.finish_hazard) == (0.0,) * 5
    assert (world.best_pull, world.best) == (NOBODY, NOBODY) and world.slowest_cycles > 1e6
    assert (world.hazard_run, world.concern) == (0.5, 1.5)


def test_what_is_published_is_a_snapshot():
    given = {"log_capability": 2.0, "gain": 0.2, "claimed": 0.0, "measured": 0.7}
    world, lab = one_lab(None, **given)
    publish(lab, world, world.p, KEY)
    lab.log_capability = 3.0
    assert (lab.shown_capability, lab.shown_gain, lab.shown_oversight, lab.shown_measured) == (2.0, 0.2, 0.0, 0.7)


@pytest.mark.parametrize(
    ("shown", "weight", "curation", "oversight", "heard", "expect"),
    [
        (3.0, 1.0, 0.0, 1.0, 0.0, 2.0),
        (3.0, 0.0, 0.0, 1.0, 0.0, 0.0),  # not a neighbour
        (0.5, 1.0, 0.0, 1.0, 0.0, 0.0),  # behind
        (3.0, 1.0, 0.25, 1.0, 0.0, 1.5),  # its human keeps a quarter
        (3.0, 1.0, 0.25, 0.0, 0.0, 2.0),  # nobody there to keep it
        (3.0, 1.0, 0.0, 1.0, 2.5, 2.5),  # another lead is larger
    ],
)
def test_hear(shown, weight, curation, oversight, heard, expect):
    world = race({"cycle.curation": curation}, LABS)
    lab, other, _ = world.labs
    put(lab, log_capability=1.0, lead_heard=heard)
    put(other, shown_capability=shown, shown_oversight=oversight)
    hear(lab, other, weight, world.p, KEY)
    assert lab.lead_heard == expect


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({}, (1.2, 0.6)),
        ({"paused": 1.0}, (1.0, 0.5)),
        ({"lead_heard": 0.0}, (1.0, 0.5)),
        ({"ratio": 0.0}, (1.2, 0.5)),
        ({"log_capability": CEILING - 0.1}, (CEILING, 0.6)),
    ],
)
def test_ideas_are_absorbed_and_aligned_as_the_own(given, expect):
    start = {"log_capability": 1.0, "log_alignment": 0.5, "lead_heard": 2.0, "ratio": 0.5} | given
    world, lab = one_lab({"competition.ideas": 0.1}, **start)
    absorb(lab, world, world.p, KEY)
    assert (lab.log_capability, lab.log_alignment) == pytest.approx(expect, rel=1e-15)


@pytest.mark.parametrize(
    ("changes", "cap", "expect"),
    [
        ({}, 1e9, [1 / 3, 1 / 3, 1 / 3]),  # no market: equal shares
        ({"competition.market_pull": 1.0}, 1e9, [0.7, 0.2, 0.1]),
        ({"competition.market_pull": 0.5}, 1e9, [0.35 + 1 / 6, 0.1 + 1 / 6, 0.05 + 1 / 6]),
        ({"competition.market_pull": 1.0}, 1.5, [0.5, 0.2, 0.1]),  # a cap is not handed on
    ],
)
def test_compute_follows_revenue(changes, cap, expect):
    world = race({"competition.compute_inertia": 1.0, **changes}, LABS)
    open_week(world, world.p, KEY)
    for lab, pull in zip(world.labs, (0.7, 0.2, 0.1), strict=True):
        put(lab, log_capability=math.log(pull) + 5.0, trust=0.0, compute_cap=cap)
        find_best_appeal(lab, world, world.p)
    for lab in world.labs:
        add_appeal(lab, world, world.p)
    for lab in world.labs:
        earn_compute(lab, world, world.p, KEY)
    assert [lab.share for lab in world.labs] == pytest.approx(expect, abs=1e-11)
    assert sum(lab.revenue for lab in world.labs) == pytest.approx(1.0, abs=1e-11)
    assert world.best_pull == max(appeal(lab, world.p) for lab in world.labs)


def test_compute_moves_slowly_and_trust_sells():
    world = race({"competition.market_pull": 1.0, "cycle.form": "fixed"}, LABS[:2])  # no cycle completes
    put(world.labs[0], trust=-0.5)
    world.step()
    scandal, other = world.labs
    assert other.revenue / scandal.revenue == pytest.approx(math.exp(0.5), abs=1e-9)
    assert scandal.share == pytest.approx(0.5 + 0.02 * (1 / (1 + math.exp(0.5)) - 0.5), abs=1e-9)


def test_the_field_is_summed_up_with_its_frontier_gap_and_closed_share():
    world = race(strategies=["keeper"] * 4)
    open_week(world, world.p, KEY)
    for lab, (x, exposure, measured, oversight) in zip(
        world.labs,
        [(1.0, 0.5, 0.25, 1.0), (3.0, 1.5, 0.75, 0.0), (-2.0, 0.0, 0.0, 0.5), (2.0, 2.0, 1.0, 0.0)],
        strict=True,
    ):
        put(lab, log_capability=x, exposure=exposure, measured=measured, oversight=oversight)
        sum_up(lab, world, world.p)
    assert (world.frontier, world.exposure, world.measured, world.closed) == (3.0, 1.0, 0.5, 0.5)
