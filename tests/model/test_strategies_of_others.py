"""Strategies that look at others, learn, follow or tell: what each does in a given situation."""

import math

import numpy as np
import pytest

import labsim
from labsim.model.draws import MODEL, uniform
from labsim.model.strategies import (
    LOOKS,
    STRATEGIES,
    conditional_safe,
    explorer,
    fast_follower,
    forgiving_mirror,
    grudger,
    herald,
    imitator,
    look_around,
    looks,
    open_ledger,
    sceptic,
    scripted,
    settle_oversight,
    size_up_pace,
    size_up_risk,
    threshold,
)  # fmt: skip
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, keys, one_lab, put, race


@pytest.mark.parametrize(("leader", "expect"), [
    ([0.0], [1.0]), ([0.0, 0.0], [1.0, 0.0]), ([0.0, 1.0, 0.0], [1.0, 1.0, 1.0]), ([0.0, 0.0, 1.0], [1.0, 0.0, 1.0]),
])  # fmt: skip
def test_a_forgiving_mirror_lets_one_closure_pass(leader, expect):
    world, lab = one_lab()
    result = [forgiving_mirror(put(lab, leader_oversight=o), world, world.p, KEY) for o in leader]
    assert result == expect


@pytest.mark.parametrize(("closed", "grudge", "conditional"), [
    ([0.0, 0.0], [1.0, 1.0], [1.0, 1.0]), ([0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]),
])  # fmt: skip
def test_a_grudger_never_forgets_and_conditional_safe_does(closed, grudge, conditional):
    world, lab = one_lab()
    assert [grudger(put(lab, rivals_closed=c), world, world.p, KEY) for c in closed] == grudge
    assert [conditional_safe(put(lab, rivals_closed=c), world, world.p, KEY) for c in closed] == conditional


@pytest.mark.parametrize(("measured", "expect"), [(0.69, 0.0), (0.7, 1.0), (2.0, 1.0)])
def test_threshold_wants_the_human_at_its_tripwire(measured, expect):
    world, lab = one_lab()
    assert threshold(put(lab, measured=measured), world, world.p, KEY) == expect


@pytest.mark.parametrize(("leader", "expect"), [(0.15, 1.0), (0.25, 0.0), (-1.0, 1.0)])
def test_a_fast_follower_removes_when_it_is_behind(leader, expect):
    world, lab = one_lab()
    assert fast_follower(put(lab, leader_capability=leader, log_capability=0.0), world, world.p, KEY) == expect


@pytest.mark.parametrize(("week", "expect"), [(9, 1.0), (10, 0.0), (29, 0.0), (30, 1.0)])
def test_a_script_closes_and_reopens(week, expect):
    world, lab = one_lab({"decision.close_week": 10, "decision.reopen_week": 30})
    world.week = float(week)
    assert scripted(lab, world, world.p, KEY) == expect


def test_an_imitator_copies_by_fermis_rule():
    world, lab = one_lab({"decision.intensity": 2.0})
    for lead in (-1.0, 0.0, 0.5):
        put(lab, log_capability=0.0, oversight=1.0, model_capability=lead, model_oversight=0.0, model_draw=0.5)
        copied = np.mean([imitator(lab, world, world.p, key) == 0.0 for key in keys(3000)])
        assert copied == pytest.approx(1 / (1 + math.exp(-2 * lead)), abs=4 * 0.5 / 3000**0.5)
    put(lab, model_draw=0.0)  # no rival in sight
    assert imitator(lab, world, world.p, KEY) == 1.0


def test_a_model_is_drawn_evenly_among_rivals():
    counts = {}
    for replication in range(900):
        quick = {"cycle.form": "fixed", "cycle.machine": 1.0, "cycle.review": 0.0, "cycle.compute_exponent": 0.0}
        world = race(quick, ["imitator", "keeper", "keeper", "keeper"], replication=replication)
        for number, lab in enumerate(world.labs):
            put(lab, log_capability=0.1 * number, log_alignment=0.1 * number)
        world.step()
        seen = round(world.labs[0].model_capability, 6)
        counts[seen] = counts.get(seen, 0) + 1
    assert len(counts) == 3
    assert all(abs(count - 300) < 4 * (900 * 2 / 9) ** 0.5 for count in counts.values())


@pytest.mark.parametrize(("claims", "closed"), [((1.0, 1.0), 0.0), ((0.0, 0.5), 1.0), ((0.0, 0.0), 2.0)])
def test_who_looks_around_counts_the_closed_and_takes_the_largest_draw_as_a_model(claims, closed):
    world = race(strategies=["imitator", "keeper", "keeper"])
    lab, *others = world.labs
    open_ledger(lab, world, world.p, KEY)
    draws = {}
    for key, other, claim in zip(keys(2), others, claims, strict=True):
        look_around(lab, put(other, shown_oversight=claim, shown_capability=claim + other.id), 1.0, world.p, key)
        draws[uniform(key, MODEL)] = other
    model = draws[max(draws)]
    assert lab.rivals_closed == closed
    assert (lab.model_capability, lab.model_oversight) == (model.shown_capability, model.shown_oversight)


def test_an_explorer_prefers_what_has_brought_more():
    world, lab = one_lab()
    put(lab, attraction_keep=1.0, attraction_remove=9.0, gain=0.0, weeks=5.0)
    removed = np.mean(
        [explorer(put(lab, attraction_keep=1.0, attraction_remove=9.0), world, world.p, k) == 0.0 for k in keys(2000)]
    )
    assert removed == pytest.approx(0.9, abs=0.03)
    put(lab, attraction_keep=1.0, attraction_remove=1.0, gain=1.0, weeks=2.0, oversight=0.0)
    explorer(lab, world, world.p, KEY)
    assert (lab.attraction_keep, lab.attraction_remove) == pytest.approx((0.9, 0.9 + 0.5))


def test_a_sceptic_sees_only_the_race():
    world = race(strategies=["sceptic", "keeper"], changes={"harm.rate": 0.5, "competition.winner_share": 1.0})
    lab, other = world.labs
    put(lab, log_capability=2.0, log_alignment=0.0, measured=2.0, taste=0.0)
    put(other, shown_capability=2.0, shown_gain=lab.gain)
    open_ledger(lab, world, world.p, KEY)
    for rule in (size_up_pace, size_up_risk):
        rule(lab, other, 1.0, world.p, KEY)
    assert sceptic(lab, world, world.p, KEY) == 0.0
    assert STRATEGIES["calculator"](lab, world, world.p, KEY) == 1.0
    assert lab.end_risk_remove > 0.9


def test_a_herald_acts_as_a_calculator_and_says_otherwise():
    calculators = Scenario("five").with_({"evaluators.number": 0})
    labs = tuple(LabSpec(lab.name, "herald" if k == 0 else "calculator") for k, lab in enumerate(calculators.all_labs))
    import dataclasses

    world = labsim.Race(dataclasses.replace(calculators, labs=labs), seed=0, replication=1, collect=False).run()
    closed = [lab for lab in world.labs if lab.closed]
    assert closed
    assert world.labs[0].claimed == 1.0
    assert all(lab.claimed == lab.oversight for lab in world.labs[1:])
    lab = world.labs[0]
    put(lab, wanted=0.0, log_capability=5.0)
    settle_oversight(lab, world, world.p, KEY)
    assert (lab.oversight, lab.claimed) == (0.0, 1.0)
    assert herald(lab, world, world.p, KEY) == STRATEGIES["calculator"](lab, world, world.p, KEY)


@pytest.mark.parametrize("strategy", ["mirror", "forgiving_mirror", "grudger", "conditional_safe"])
def test_those_who_answer_never_close_unless_somebody_does(strategy):
    alone = labsim.run(Scenario("alike", labs=tuple(LabSpec(n, strategy) for n in "abc")), 20)
    assert alone.outcomes["closers"].max() == 0
    labs = (LabSpec("seed", "closer", {"cycle.head_start": 0.8}), *(LabSpec(n, strategy) for n in "abc"))
    seeded = labsim.run(Scenario("seeded", labs=labs), 20)
    assert seeded.outcomes["closers"].mean() > 1.5


def test_every_strategy_says_what_it_looks_at():
    assert set(STRATEGIES.values()) == set(LOOKS)
    assert looks(lambda lab, race, p, key: 1.0, size_up_risk)  # one from outside is told everything
