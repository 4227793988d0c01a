"""Racing to the precipice, more teams and decisiveness: equilibria found in races that are run."""

import dataclasses

import numpy as np
import pytest

from labsim.docking import contest
from labsim.docking.agreement import Estimate, make, options, run
from labsim.docking.contest import Decisiveness
from labsim.docking.one_shot import OneShot, world
from labsim.docking.precipice import MoreTeams, Precipice, closed_form
from labsim.docking.replies import gains, knowing_all
from labsim.engines import mesa_engine
from labsim.engines.ensemble import Stop
from labsim.scenario.checked import ScenarioError

SHARE = 0.01
REGIMES = ("none", "private", "public")
TABLE = [
    (2, 1.0, 0.5), (2, 0.5, 4.0), (3, 0.7, 1.3), (4, 0.3, 0.6), (5, 1.0, 8.0), (10, 0.25, 2.0),
]  # fmt: skip
REST = [
    (2, 1.0, 1.5), (2, 1.0, 5.0), (2, 0.5, 0.25), (2, 0.5, 1.0), (2, 0.25, 0.25), (2, 0.25, 1.0), (3, 0.25, 2.0),
    (5, 1.0, 2.0), (5, 1.0, 5.0), (5, 0.5, 1.0), (5, 0.5, 4.0), (10, 1.0, 5.0),
]  # fmt: skip


def quiet(text):
    """Watches nothing."""


def agreed(dock):
    """A dock's docking, with little luck."""
    return run(dock, replications=64, watch=quiet)


def a_game(labs=2, enmity=1.0, **changes):
    return OneShot(world(labs, enmity, changes), 0, Stop.new())


@pytest.mark.parametrize(
    ("labs", "enmity", "skill", "information", "risk"),
    [
        (2, 1.0, 0.5, "none", 0.75), (2, 1.0, 1.5, "private", 0.5), (2, 1.0, 1.5, "public", 0.518519),
        (2, 0.5, 2.0, "private", 0.1875), (5, 0.5, 2.0, "public", 0.451986), (10, 1.0, 5.0, "private", 0.545455),
        (2, 0.25, 1.0, "public", 0.229167), (5, 1.0, 8.0, "private", 0.015895), (3, 0.0, 1.0, "public", 0.0),
    ],
)  # fmt: skip
def test_the_closed_forms_give_the_numbers_worked_out_by_hand(labs, enmity, skill, information, risk):
    assert closed_form(labs, enmity, skill, information) == pytest.approx(risk, abs=1e-6)


@pytest.mark.parametrize("information", REGIMES)
def test_two_teams_take_the_risk_of_the_closed_form(information):
    result = agreed(Precipice(2, 1.0, 1.5, information))
    assert result.agrees
    assert result.simulated["risk"].mean == pytest.approx(result.reference["risk"], abs=SHARE)


@pytest.mark.parametrize("information", ("none", "public"))
def test_teams_that_do_not_mind_who_wins_are_safe(information):
    assert agreed(Precipice(3, 0.0, 1.0, information)).simulated["risk"] == Estimate(pytest.approx(0.0, abs=1e-12), 0.0)


@pytest.mark.parametrize("information", REGIMES)
@pytest.mark.parametrize(
    ("labs", "enmity", "skill"),
    [pytest.param(*row, marks=mark) for rows, mark in ((TABLE, pytest.mark.slow), (REST, pytest.mark.full))
     for row in rows],
)  # fmt: skip
def test_the_risk_is_that_of_the_closed_form(labs, enmity, skill, information):
    docking = run(Precipice(labs, enmity, skill, information), watch=quiet)
    assert docking.agrees
    assert docking.simulated["risk"].mean == pytest.approx(docking.reference["risk"], abs=SHARE)


@dataclasses.dataclass(frozen=True)
class Milder(Precipice):
    """The same but for a rival's win, which costs a tenth less than is said."""

    def world(self):
        return world(self.labs, 0.9 * self.enmity, {})


@dataclasses.dataclass(frozen=True)
class Cheaper(Precipice):
    """The same but for safety, which costs less capability than is said."""

    def world(self):
        return world(self.labs, self.enmity, {"cycle.drag": 0.8})


@pytest.mark.parametrize(
    ("perturbed", "information"), [(Milder, "none"), (Milder, "private"), (Milder, "public"), (Cheaper, "none")]
)
def test_another_world_does_not_agree(perturbed, information):
    assert agreed(perturbed(2, 1.0, 1.0, information)).agrees is False


@pytest.mark.parametrize("labs", (2, 3))
@pytest.mark.parametrize("changes", ({}, {"race.finish_form": "contest_after_cycles", "race.contest": 3.0}))
def test_mesa_and_the_ensemble_give_these_races_the_same_payoffs(labs, changes):
    game, rng = a_game(labs, 0.6, **changes), np.random.default_rng(0)
    types, safeties = rng.random((2, 6, labs))
    sampled = {}
    for i in range(labs):
        sampled |= {f"lab {i} cycle.head_start": types[:, i], f"lab {i} decision.choice": safeties[:, i]}
    slow, fast = mesa_engine.simulate(game.scenario, 0, 6, 0, sampled), game.play(types, safeties)
    assert slow.labs("payoff") == pytest.approx(fast.payoff, abs=1e-12)
    assert slow.race("survival") == pytest.approx(fast.survival, abs=1e-12)


def test_what_a_race_pays():
    came = a_game(2, 0.6).play(np.array([[0.9, 0.5], [0.5, 0.4]]), np.array([[0.8, 0.5], [0.9, 0.25]]))
    assert came.won.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert came.survival == pytest.approx([0.8, 0.25])
    assert came.payoff == pytest.approx(np.array([[0.8, 0.4 * 0.8], [0.4 * 0.25, 0.25]]))


def test_who_knows_all_gains_nothing_by_any_action_of_the_full_grid():
    dock, rng = Precipice(3, 0.5, 0.7, "public"), np.random.default_rng(3)
    game, types = dock.game(0, Stop.new()), dock.profiles(4, rng)
    held = knowing_all(game, types)
    assert held.min() < 1.0  # somebody gives up safety
    for lab in range(3):
        assert gains(game, types, held, lab, np.linspace(0.0, 1.0, 1025)).max() <= 1.0 / 1024.0
    assert dock.regret_of_all(game, types, np.ones(types.shape)) > 0.1


@pytest.mark.parametrize("information", ("none", "private"))
def test_too_much_or_too_little_safety_would_be_regretted(information):
    dock, rng = Precipice(2, 0.5, 0.3, information), np.random.default_rng(5)
    game = dock.game(0, Stop.new())
    strategy = dock.equilibrium(game, rng)
    assert dock.regret(game, strategy, rng) < 1.0 / 128.0
    assert dock.regret(game, lambda types: np.ones(types.shape), rng) > 0.05
    assert dock.regret(game, lambda types: 0.2 * strategy(types), rng) > 0.01


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        (Precipice, {"labs": 11}, "a whole number from 2 to 10"),
        (Precipice, {"enmity": 1.5}, "from 0 to 1"),
        (Precipice, {"skill": 0.0}, "from 0.01 to 10"),
        (Precipice, {"information": "some"}, "none, private, public"),
        (Precipice, {"enmity": 0.0}, "from 0.02 to 1"),
        (MoreTeams, {"fewer": 5, "more": 5}, "above --fewer = 5"),
        (Decisiveness, {"low": 8.0, "high": 4.0}, "above --low = 8"),
    ],
)
def test_wrong_options_are_refused_with_what_is_allowed(kind, values, says):
    with pytest.raises(ScenarioError, match=says):
        make(kind, values)


@pytest.mark.parametrize("kind", (Precipice, MoreTeams, Decisiveness))
def test_every_option_says_what_it_means_and_where_it_is_from(kind):
    assert all(declared.meaning and declared.source for declared in options(kind).values())


@pytest.mark.parametrize("dock", (Precipice(), Precipice(information="public"), MoreTeams(), Decisiveness()))
def test_a_stopped_dock_ends_at_once_with_nothing(dock):
    stop = Stop.new()
    stop.set()
    assert set(dock.simulate(64, 0, stop, quiet).values()) == {None}


def test_the_seed_is_the_luck():
    one, same, other = (
        run(Precipice(skill=0.5, information="none"), seed, 32, watch=quiet).simulated["risk"] for seed in (1, 1, 2)
    )
    assert one == same != other


def test_more_teams_are_remarked_on_where_the_risk_falls():
    assert MoreTeams(2, 5, 0.25, 2.0).remarks() and not MoreTeams(2, 5, 0.5, 1.0).remarks()


@pytest.mark.slow
def test_more_teams_race_more_dangerously():
    docking = run(MoreTeams(), watch=quiet)
    assert all(map(docking.as_published, MoreTeams.signs))


@pytest.mark.parametrize(
    ("decisiveness", "enmity", "safety"),
    [(3.0, 1.0, 2 / 3), (8.0, 0.5, 0.5), (1.5, 1.0, 1.0)],
)
def test_equals_in_a_contest_hold_the_safety_of_the_closed_form(decisiveness, enmity, safety):
    game = OneShot(Decisiveness(enmity=enmity).world(decisiveness), 0, Stop.new())
    assert contest.knowing_all(game, np.zeros((1, 2)))[0] == pytest.approx([safety, safety], abs=2e-3)
    assert contest.knowing_all(game, np.array([[0.7, 0.7]]))[0] == pytest.approx([safety, safety], abs=2e-3)
    assert contest.knowing_oneself(game, np.zeros(1)) == pytest.approx([safety], abs=5e-3)


@pytest.mark.slow
def test_more_decisive_races_are_more_dangerous_but_public_information_is_not_the_safer():
    docking = run(Decisiveness(), watch=quiet)
    assert docking.as_published("high_less_low") and docking.as_published("public_less_private_high")
    assert docking.sign("public_less_private_low") == 1  # the published one is -1


@pytest.mark.slow
def test_the_published_order_shows_where_racers_just_begin_to_give_up_safety():
    docking = run(Decisiveness(0.5, 0.5, 4.0, 20.0), watch=quiet)
    assert all(map(docking.as_published, Decisiveness.signs))
