"""What a week brings and costs, being found out, losing all. Cases: given, expect."""

import numpy as np
import pytest

from labsim.engines import ensemble
from labsim.model.earnings import add_offer, earn, lose_everything, near_the_finish, offer, time_the_finish
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, one_lab, put

DASH = {
    "race.finish_form": "first_after_cycles", "race.finish_cycles": 10, "cycle.form": "fixed", "cycle.able": 0.001,
    "cycle.machine": 0.5, "cycle.review": 0.5, "cycle.machine_falls": 0.0, "cycle.compute_exponent": 0.0,
    "cycle.rate_capability": 1.0, "cycle.rate_alignment": 1.0, "race.spread": 0.0, "cycle.research": 0.0,
    "competition.winner_share": 1.0, "decision.discount": 0.0, "evaluators.number": 0,
}  # fmt: skip


def paid(strategies, replications=1, **changes):
    """Mean payoffs of labs with these strategies: unsafe ones are twice as fast."""
    labs = tuple(LabSpec(str(i), name) for i, name in enumerate(strategies))
    world = Scenario("dash", labs=labs).with_(DASH | {f"{k.replace('__', '.')}": v for k, v in changes.items()})
    return ensemble.simulate(world, 0, replications, 0).labs("payoff").mean(axis=0)


@pytest.mark.parametrize(
    ("strategies", "changes", "expect"),
    [
        (("keeper", "keeper"), {}, (0.5, 0.5)),
        (("keeper", "keeper"), {"competition__benefit": 0.4}, (0.5 + 10 * 0.2, 0.5 + 10 * 0.2)),
        (("keeper", "keeper"), {"decision__oversight_cost": 0.1}, (0.5 - 10 * 0.1, 0.5 - 10 * 0.1)),
        (("closer", "keeper"), {"competition__benefit": 0.3}, (1 + 5 * 0.2, 5 * 0.1)),  # shared by pace, for 5 weeks
        (("closer", "keeper"), {"decision__oversight_cost": 0.1}, (1.0, -0.5)),
        (("closer", "keeper"), {"harm__setback": 0.3, "competition__benefit": 0.3}, (0.7 * 2, 0.5)),
        (("closer", "closer"), {"harm__setback": 0.3}, (0.35, 0.35)),
        (("keeper", "keeper"), {"harm__setback": 1.0}, (0.5, 0.5)),
        (("closer", "keeper"), {"competition__benefit": 0.3, "competition__found_out": 1.0}, (1.0, 5 * 0.3)),
        (("closer", "closer"), {"competition__benefit": 0.3, "competition__found_out": 1.0}, (0.5, 0.5)),
        (("closer", "keeper"), {"competition__benefit": 0.3, "race__finish_cycles": 11}, (1 + 5.5 * 0.2, 5.5 * 0.1)),
    ],
)  # fmt: skip
def test_weeks_are_paid_by_pace_and_the_last_one_in_part(strategies, changes, expect):
    assert paid(strategies, **changes) == pytest.approx(expect, abs=1e-9)


def test_who_is_found_out_leaves_the_benefit_to_the_other():
    mean = paid(("closer", "closer"), 4000, competition__benefit=0.3, competition__found_out=0.5)
    expect = 0.5 + 5 * 0.3 * (1 - 0.5**2) / 2  # nobody sells in a quarter of the weeks
    assert mean == pytest.approx([expect, expect], abs=0.02)


@pytest.mark.parametrize(
    ("found_out", "oversight", "paused", "expect"),
    [(0.0, 0.0, 0.0, 0.5), (1.0, 0.0, 0.0, 0.0), (1.0, 1.0, 0.0, 0.5), (0.0, 1.0, 1.0, 0.0)],
)
def test_what_a_lab_sells(found_out, oversight, paused, expect):
    changes = {"competition.found_out": found_out}
    world, lab = one_lab(changes, oversight=oversight, paused=paused, weeks=2.0, left=7.5)
    offer(lab, world, world.p, KEY)
    put(world, offered=0.25, soonest=9.0)
    add_offer(lab, world, world.p)
    time_the_finish(lab, world, world.p)
    assert (lab.offered, world.offered, world.soonest) == (expect, 0.25 + expect, 7.5)


def test_a_paused_lab_is_far_from_its_finish_and_sells_nothing():
    world, lab = one_lab(DASH, paused=1.0, weeks=1.0)
    near_the_finish(lab, world, world.p, KEY)
    assert lab.left > 1e9
    put(world, offered=0.0, soonest=1e9)
    earn(lab, world, world.p, KEY)
    assert lab.earned == 0.0


@pytest.mark.parametrize(
    ("won", "unreviewed", "expect"),
    [(1.0, 4.0, 0.75), (1.0, 2.0, 0.875), (1.0, 0.0, 1.0), (0.0, 4.0, 1.0), (0.5, 4.0, 0.75)],
)
def test_a_winner_loses_all_the_likelier_the_less_was_reviewed(won, unreviewed, expect):
    world, lab = one_lab({"harm.setback": 0.25}, won=won, cycles=4.0, unreviewed=unreviewed, prize=1.0, earned=2.0)
    put(world, finished=1.0)
    lose_everything(lab, world, world.p, KEY)
    assert (lab.prize, lab.earned) == pytest.approx((expect, 2 * expect))


def test_a_lab_has_values_of_its_own_in_each_replication_in_both_engines():
    from labsim.engines import mesa_engine

    world = Scenario("own", labs=(LabSpec("Birch", "player"), LabSpec("Cedar", "player"))).with_(DASH)
    own = {
        "Birch decision.choice": np.array([0.0, 1.0, 0.0, 1.0]),
        "Cedar decision.choice": np.array([0.0, 0.0, 1.0, 1.0]),
        "Birch cycle.able": np.array([0.001, 0.001, 5.0, 0.001]),
    }
    fast, mesa = (engine.simulate(world, 0, 4, 0, own) for engine in (ensemble, mesa_engine))
    assert np.array_equal(fast.lab_states, mesa.lab_states)
    assert fast.labs("won").tolist() == [[0.5, 0.5], [0.0, 1.0], [0.5, 0.5], [0.5, 0.5]]
