"""The finish: who wins, what the winner still does, what each lab gets; the end of a week. Cases: given, expect."""

import math

import numpy as np
import pytest

from labsim.engines import mesa_engine
from labsim.model.competition import open_week
from labsim.model.evaluators import keep_up
from labsim.model.finish import (
    add_finish_hazard,
    call_the_finish,
    close_week,
    come_in,
    count_winners,
    enter_contest,
    settle,
    share_prize,
    survive_the_contest,
    survive_the_finish,
)  # fmt: skip
from labsim.model.week import WEEK
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, one_lab, put, race

LABS = ("calculator",) * 3
RISKY = {"harm.rate": 0.01}
LINE = math.log(1000.0)


@pytest.mark.parametrize(
    ("form", "xs", "cycles", "finished", "won"),
    [
        ("first_over_line", (1.0, 2.0, 3.0), (5, 5, 5), 0.0, (0, 0, 0)),
        ("first_over_line", (7.0, 8.0, 3.0), (5, 5, 5), 1.0, (0, 1, 0)),
        ("first_over_line", (8.0, 8.0, 3.0), (5, 5, 5), 1.0, (0.5, 0.5, 0)),
        ("first_over_line", (LINE, 2.0, 3.0), (5, 5, 5), 1.0, (1, 0, 0)),
        ("most_after_cycles", (8.0, 9.0, 3.0), (9, 12, 12), 0.0, (0, 0, 0)),
        ("most_after_cycles", (1.0, 2.0, 3.0), (10, 12, 12), 1.0, (0, 0, 1)),
        ("none", (8.0, 9.0, 3.0), (50, 50, 50), 0.0, (0, 0, 0)),
    ],
)
def test_who_wins(form, xs, cycles, finished, won):
    world = race({"race.finish_form": form}, LABS)
    open_week(world, world.p, KEY)
    for lab, x, n in zip(world.labs, xs, cycles, strict=True):
        put(lab, log_capability=x, cycles=float(n))
        come_in(lab, world, world.p)
    call_the_finish(world, world.p, KEY)
    for lab in world.labs:
        count_winners(lab, world, world.p)
    for lab in world.labs:
        share_prize(lab, world, world.p, KEY)
    assert world.finished == finished
    assert tuple(lab.won for lab in world.labs) == won
    assert world.winners == sum(share > 0 for share in won)
    discount = math.exp(-0.1 / 52)  # one step is done
    expect = [discount * (1 - 0.8 * (1 - share)) if finished else 0.0 for share in won]
    assert [lab.prize for lab in world.labs] == pytest.approx(expect, rel=1e-14)


@pytest.mark.parametrize(
    ("week", "finished", "over"), [(3.0, 0.0, 0.0), (3.0, 1.0, 1.0), (9.0, 0.0, 1.0), (8.0, 0.0, 0.0)]
)
def test_a_race_is_over_when_it_is_won_or_at_the_horizon(week, finished, over):
    world = put(race({"race.weeks": 10}), week=week, finished=finished)
    close_week(world, world.p, KEY)
    assert (world.week, world.over) == (week + 1, over)


def test_the_week_ends_with_the_clock_and_begins_with_a_clean_race():
    steps = [step for _, step in WEEK]
    assert steps[:2] == [keep_up, open_week] and steps[-1] is close_week  # evaluators follow last week's frontier


@pytest.mark.parametrize(
    ("changes", "finished", "x", "given", "expect"),
    [
        ({}, 1.0, 8.0, {}, 0.01 * 1.0 * 9.0),
        ({"harm.after": 2.0}, 1.0, 8.0, {}, 0.01 * 2.0 * 9.0),
        ({}, 1.0, 8.0, {"deployed": 0.3}, 0.01 * 1.0 * 9.0 * 0.3),  # what is not in use does no harm
        ({}, 0.0, 8.0, {}, 0.0),  # nobody has finished
        ({}, 1.0, 7.0, {}, 0.0),  # not the winner
        ({"harm.finish_form": "unreviewed_share"}, 1.0, 8.0, {"unreviewed": 5.0, "cycles": 20.0}, -math.log(0.75)),
        ({"harm.finish_form": "unreviewed_share"}, 1.0, 8.0, {"unreviewed": 0.0, "cycles": 0.0}, 0.0),
    ],
)
def test_what_the_winner_still_does(changes, finished, x, given, expect):
    world, lab = one_lab(RISKY | changes, log_capability=x, exposure=3.0, **given)
    put(world, finished=finished, best=8.0)
    add_finish_hazard(lab, world, world.p)
    assert world.finish_hazard == pytest.approx(expect, abs=1e-12)


@pytest.mark.parametrize(
    ("given", "hazard", "event"),
    [
        ({"finished": 1.0, "luck": 0.1}, 0.6, -1.0),
        ({"finished": 1.0, "luck": 0.7}, 0.6, 5.0),
        ({"finished": 1.0, "winners": 2.0, "luck": 0.1}, 0.4, -1.0),  # a tie: the mean of the winners
        ({"finished": 0.0, "luck": 0.7}, 0.2, -1.0),
    ],
)
def test_survive_the_finish(given, hazard, event):
    start = {"winners": 1.0, "finish_hazard": 0.4, "hazard_run": 0.2, "survival": math.exp(-0.2), "week": 5.0}
    world = put(race(), **(start | given))
    survive_the_finish(world, world.p, KEY)
    assert world.hazard_run == pytest.approx(hazard, rel=1e-15)
    assert world.survival == pytest.approx(math.exp(-hazard), rel=1e-15)
    assert world.event_week == event


@pytest.mark.parametrize(
    ("finished", "expect"), [(0.0, -0.1 - 0.2), (1.0, 0.8 * 0.9 - 0.1 - 0.2 - 3.0 * math.exp(-0.1) * 0.15)]
)
def test_settle(finished, expect):
    prize = 0.9 * finished
    world, lab = one_lab({"decision.own_harm": 3.0}, prize=prize, ruin=0.1, fines=0.25, paid=0.2)
    put(world, finished=finished, week=51.0, survival=0.8, survival_before=0.95)
    settle(lab, world, world.p, KEY)
    assert lab.payoff == pytest.approx(expect, rel=1e-14)


@pytest.mark.parametrize("replication", range(4))
def test_payoffs_of_a_whole_race_are_those_of_the_formula(replication):
    changes = {"harm.rate": 0.05, "decision.own_harm": 2.0}
    world = race(changes, ["calculator"] * 3, replication=replication, still=False)
    survivals = [1.0]
    while not world.over:
        world.step()
        survivals.append(world.survival)
    weeks = int(world.week)
    at_finish = math.exp(-(world.hazard_run - world.finish_hazard / world.winners))  # before the winner's own hazard
    path = [*survivals[:weeks], at_finish]
    ruin = sum(math.exp(-0.1 * t / 52) * (path[t] - path[t + 1]) for t in range(weeks))
    ruin += math.exp(-0.1 * weeks / 52) * (at_finish - survivals[-1])
    for lab in world.labs:
        prize = math.exp(-0.1 * weeks / 52) * (1.0 if lab.won else 1.0 - 0.8)
        assert lab.payoff == pytest.approx(survivals[-1] * prize - 2.0 * ruin - lab.paid, abs=1e-12)
    assert sum(lab.won for lab in world.labs) == 1.0
    assert (world.event_week >= 0) == (world.survival < world.luck)


def test_in_a_contest_all_have_a_chance_and_payoffs_are_expectations_over_who_wins():
    xs, safe, k, enmity = (0.2, 0.5, 0.1), (0.9, 0.4, 0.7), 3.0, 0.6
    labs = tuple(
        LabSpec(f"lab {i}", "player", {"cycle.head_start": x + s, "decision.choice": s})
        for i, (x, s) in enumerate(zip(xs, safe, strict=True))
    )
    world = mesa_engine.Race(Scenario("contest", labs=labs).with_({
        "race.spread": 0.0, "race.finish_form": "contest_after_cycles", "race.finish_cycles": 1, "race.contest": k,
        "cycle.form": "fixed", "cycle.machine": 1.0, "cycle.review": 0.0, "cycle.rate_capability": 1.0,
        "cycle.drag": 1.0, "cycle.able": 0.001, "cycle.machine_falls": 0.0, "harm.finish_form": "unreviewed_share",
        "harm.rate": 0.0, "decision.own_harm": 0.0, "decision.discount": 0.0, "competition.winner_share": enmity,
        "competition.ideas": 0.0,
    })).run()  # fmt: skip
    weights = np.exp(k * np.array(xs))
    chances = weights / weights.sum()
    wins = (1.0 - enmity * (1.0 - np.eye(3))) * np.array(safe)  # what lab i gets where lab j wins
    assert [lab.won for lab in world.labs] == pytest.approx(chances, rel=1e-9)
    assert [lab.payoff for lab in world.labs] == pytest.approx(wins @ chances, rel=1e-9)
    assert world.survival == pytest.approx(chances @ np.array(safe), rel=1e-9)


def test_the_chance_of_a_contest_and_the_prize_of_who_survives_it():
    world, lab = one_lab(RISKY | {"race.finish_form": "contest_after_cycles", "race.contest": 2.0,
                                  "decision.discount": 0.0}, log_capability=1.0, exposure=3.0, won=0.5)  # fmt: skip
    put(world, best=1.5, finished=1.0, finish_hazard=0.2)
    enter_contest(lab, world, world.p, KEY)
    assert lab.chance == pytest.approx(math.exp(-1.0))
    survive_the_contest(lab, world, world.p, KEY)  # it is the safer one: its hazard is 0.01 * 9
    assert lab.prize == pytest.approx(1 - 0.8 * (1 - 0.5 * math.exp(0.2 - 0.09)))


@pytest.mark.parametrize(
    ("strategies", "weeks", "last", "won"),
    [
        (("keeper", "keeper"), 6, 6.0, (0.5, 0.5)),
        (("closer", "keeper"), 4, 3.75, (1.0, 0.0)),  # 1.6 times as fast: six cycles in 3.75 weeks
        (("closer", "closer"), 4, 3.75, (0.5, 0.5)),
        (("closer", "conditional_safe"), 4, 3.75, (1.0, 0.0)),
    ],
)
def test_the_first_to_have_done_so_many_cycles_ends_the_race_within_the_week(strategies, weeks, last, won):
    labs = tuple(LabSpec(str(i), name) for i, name in enumerate(strategies))
    world = mesa_engine.Race(Scenario("dash", labs=labs).with_({
        "race.finish_form": "first_after_cycles", "race.finish_cycles": 6, "cycle.form": "fixed", "cycle.able": 0.001,
        "cycle.machine": 1.0 / 1.6, "cycle.review": 1.0 - 1.0 / 1.6, "cycle.machine_falls": 0.0, "race.spread": 0.0,
        "cycle.compute_exponent": 0.0,
    })).run()  # fmt: skip
    assert world.week == weeks and world.week - 1 + world.soonest == pytest.approx(last, abs=1e-12)
    assert tuple(lab.won for lab in world.labs) == won
