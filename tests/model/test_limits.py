"""What must hold of the model in its limits, at the default world of five calculators."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

from labsim.checks.two_process import race
from labsim.engines import ensemble
from labsim.model.outcomes import catastrophe, closed_share, closed_share_end, closers, first_closure_week, race_weeks
from labsim.scenario.checked import LabSpec
from labsim.scenario.files import load
from labsim.scenario.scenario import Scenario

N = 2000
FIVE = load("five-calculators")


def run(scenario, n=N):
    """Final states of n replications with seed 0."""
    return ensemble.simulate(scenario, 0, n, 0)


def forced(strategies, scenario=FIVE):
    """The scenario with these strategies, lab by lab."""
    labs = tuple(dataclasses.replace(lab, strategy=s) for lab, s in zip(scenario.all_labs, strategies, strict=True))
    return dataclasses.replace(scenario, labs=labs)


def se(values):
    return values.std(ddof=1) / math.sqrt(len(values))


def difference(a, b):
    """Mean paired difference and its standard error."""
    return (a - b).mean(), se(a - b)


def rises(before, after):
    """Not falling, to sampling error."""
    mean, error = difference(after, before)
    return mean >= -3 * error


@pytest.mark.parametrize(("threshold", "cycle"), [(0.5, 5), (1, 8), (2, 11), (5, 16), (10, 20)])
def test_two_process_crosses_the_line_in_this_cycle(threshold, cycle):
    assert race(threshold=threshold)["first_crossing"] == cycle


def test_two_process_gap_and_trigger_share():
    result = race()
    assert result["gap"][10] == pytest.approx(1.887, abs=5e-4)
    assert result["gap"][11] == pytest.approx(2.321, abs=5e-4)
    assert result["gap"][20] == pytest.approx(11.71, abs=5e-3)
    assert result["trigger_share"] == 0.5
    assert race(ra=1.14)["first_crossing"] == 19
    assert race(rc=1.08, ra=1.15)["first_crossing"] is None


@pytest.mark.parametrize(("noise", "share"), [(0.01, 0.03), (0.02, 0.278), (0.05, 0.73)])
def test_equal_rates_cross_by_noise_alone(noise, share):
    result = race(ra=1.15, noise=noise, replications=20_000)
    assert result["crossed_share"] == pytest.approx(share, abs=0.01)
    assert race(ra=1.15, noise=noise, replications=2000, cycles=40)["crossed_share"] > 0.98


def test_without_review_closures_stay_at_the_floor_of_taste():
    closed = closed_share_end(run(FIVE.with_({"cycle.review": 0.0})))
    floor = 1 / (1 + math.exp(FIVE["decision.switch_cost"] / FIVE["decision.taste"]))
    assert closed.mean() <= floor + 3 * se(closed)


def test_a_rule_that_is_never_in_force_changes_no_bit():
    late = FIVE.with_({f"governance.{rule}.start": 519 for rule in ("rate_limit", "common_pause", "human_mandate")})
    plain, ruled = run(FIVE, 200), run(late, 200)
    assert race_weeks(plain).max() < 519
    assert np.array_equal(plain.lab_states.view(np.int64), ruled.lab_states.view(np.int64))


def test_permuted_labs_permute_results_bit_for_bit():
    from labsim.engines.mesa_engine import Race

    world = load("hassabis-baseline")
    order = [3, 0, 4, 2, 1]
    other = dataclasses.replace(world, labs=tuple(world.labs[k] for k in order))
    for replication in range(5):
        a = Race(world, 0, replication, collect=False).run()
        b = Race(other, 0, replication, numbers=order, collect=False).run()
        assert a.hazard_run == b.hazard_run
        for place, k in enumerate(order):
            assert vars(a.labs[k])["payoff"] == vars(b.labs[place])["payoff"]
            assert a.labs[k].log_capability == b.labs[place].log_capability


@pytest.mark.parametrize(("path", "values", "outcome", "sign"), [
    ("cycle.review", (0.0, 1.0, 2.0, 3.0), closed_share_end, 1),
    ("decision.own_harm", (0.0, 1.0, 3.0, 8.0), closed_share, -1),
    ("competition.winner_share", (0.0, 0.4, 0.8, 1.0), closed_share_end, 1),
    ("governance.human_mandate.fine", (0.0, 0.05, 0.2, 1.0), closed_share_end, -1),
])  # fmt: skip
def test_closures_move_with_the_incentive(path, values, outcome, sign):
    world = FIVE.with_({"governance.human_mandate.start": 0} if "mandate" in path else {})
    levels = [outcome(run(world.with_({path: value}))) for value in values]
    for before, after in itertools.pairwise(levels):
        assert rises(sign * before, sign * after)
    assert abs(difference(levels[0], levels[-1])[0]) > 0.02


def test_own_harm_puts_closing_off_rather_than_preventing_it():
    """The share closed at the *end* does not fall: with the finish near, removal costs no more risk."""
    careless, careful = run(FIVE), run(FIVE.with_({"decision.own_harm": 8.0}))
    assert np.nanmedian(first_closure_week(careful)) > 4 * np.nanmedian(first_closure_week(careless))
    assert difference(closed_share(careful), closed_share(careless))[0] < -0.2
    assert difference(closed_share_end(careful), closed_share_end(careless))[0] > 0.03
    assert difference(catastrophe(careful), catastrophe(careless))[0] < -0.1


def test_closed_share_does_not_fall_while_the_speed_gain_of_removal_rises_to_1_9():
    machine = FIVE["cycle.machine"]
    levels = [
        closed_share_end(run(FIVE.with_({"cycle.review": machine * (gain - 1)}))) for gain in (1.0, 1.2, 1.5, 1.7, 1.9)
    ]
    assert all(rises(a, b) for a, b in itertools.pairwise(levels))


def test_collective_loss_does_not_fall_in_own_harm():
    losses = []
    for own_harm in (0.0, 0.5, 1.0, 4.0):
        world = FIVE.with_({"decision.own_harm": own_harm})
        keep, remove = run(forced(["keeper"] * 5, world)), run(forced(["closer"] * 5, world))
        losses.append(keep.labs("payoff")[:, 0] - remove.labs("payoff")[:, 0])
    assert all(rises(a, b) for a, b in itertools.pairwise(losses))


def test_one_closer_is_enough_and_more_never_help():
    harm = [catastrophe(run(forced(["closer"] * k + ["keeper"] * (5 - k)))) for k in range(6)]
    assert all(rises(a, b) for a, b in itertools.pairwise(harm))
    first, rest = difference(harm[1], harm[0])[0], difference(harm[5], harm[1])[0]
    assert first > 5 * rest > 0


def cells(scenario, n=N):
    """R, T, S, P of the first lab: its payoff where it and the others keep or remove."""
    k, c = "keeper", "closer"
    worlds = ([k] * 5, [c, k, k, k, k], [k, c, c, c, c], [c] * 5)
    return [run(forced(w, scenario), n).labs("payoff")[:, 0] for w in worlds]


@pytest.mark.parametrize(("after", "tempted", "alone", "loss"), [
    (0.0, 1, 1, -1),  # deadlock
    (1.0, 1, 1, 1),  # prisoner's dilemma
    (2.0, -1, 1, 1),  # stag hunt
    (4.0, -1, 1, 1),
])  # fmt: skip
def test_years_of_hazard_after_the_finish_decide_the_game(after, tempted, alone, loss):
    reward, temptation, sucker, punishment = cells(FIVE.with_({"harm.after": after}))
    for (a, b), sign in (((temptation, reward), tempted), ((punishment, sucker), alone), ((reward, punishment), loss)):
        mean, error = difference(a, b)
        assert sign * mean > 2 * error


@pytest.mark.parametrize(("weeks", "helps"), [(2, False), (3, False), (5, True)])
def test_a_speed_limit_helps_only_when_it_makes_review_free(weeks, helps):
    ruled = FIVE.with_({"governance.rate_limit.start": 0, "governance.rate_limit.min_weeks": weeks})
    mean, error = difference(catastrophe(run(ruled)), catastrophe(run(FIVE)))
    assert (mean < -3 * error) == helps


@pytest.mark.parametrize(("research", "longer_is_better"), [(0.0, False), (0.01, True)])
def test_calendar_time_research_decides_whether_slower_is_safer(research, longer_is_better):
    world = FIVE.with_({"cycle.research": research, "governance.rate_limit.start": 0})
    four, seven = (catastrophe(run(world.with_({"governance.rate_limit.min_weeks": w}))) for w in (4, 7))
    mean, error = difference(seven, four)
    assert abs(mean) > 3 * error
    assert (mean < 0) == longer_is_better


def test_number_of_labs_has_no_mechanical_effect_on_running_hazard():
    """One lab alone runs the hazard of the industry; five alike share the same one out."""
    plain = {"race.finish_form": "none", "race.weeks": 40, "race.spread": 0.0, "cycle.form": "fixed",
             "competition.market_pull": 0.0, "cycle.compute_exponent": 0.0}  # fmt: skip
    one = Scenario("one", labs=(LabSpec("a", "keeper"),)).with_(plain)
    five = Scenario("five", labs=tuple(LabSpec(n, "keeper") for n in "abcde")).with_(plain)
    assert run(one, 3).race("hazard_run") == pytest.approx(run(five, 3).race("hazard_run"), rel=1e-6)


@pytest.mark.parametrize(
    ("strategy", "harm", "weeks"), [("keeper", 0.186, 153), (None, 0.377, 75), ("closer", 0.400, 70)]
)
def test_five_calculators_stand_near_the_figures_they_were_designed_with(strategy, harm, weeks):
    """An independent prototype's figures, for orientation: near, not equal."""
    final = run(FIVE if strategy is None else FIVE.with_strategy(strategy))
    assert catastrophe(final).mean() == pytest.approx(harm, abs=0.012)
    assert race_weeks(final).mean() == pytest.approx(weeks, abs=2)


def test_labs_close_early_and_never_all_of_them():
    final = run(FIVE)
    assert 12 <= np.nanmedian(first_closure_week(final)) <= 24
    assert 1 < closers(final).mean() < 4
