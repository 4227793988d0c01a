"""Tipping points: the search on conditions that are known, and on races."""

import json
import math

import numpy as np
import pytest

import labsim
from labsim.engines.ensemble import Stop
from labsim.games import closure_game
from labsim.maps.tipping import Reading, Tipping, condition, scan, search, tip
from labsim.runs.summary import Summary

FIVE = labsim.load("five-calculators")
LUCK = np.random.default_rng(0).standard_normal(400)
LUCK -= LUCK.mean()


def world(margin, noise=1.0):
    """What `search` evaluates: a condition holds where this function of the lever is above 0, seen through luck."""
    return lambda values: [Reading((Summary.of(margin(v) + noise * LUCK),)) for v in values]


@pytest.mark.parametrize(
    ("low", "high", "whole"), [(0, 100, False), (0, 1, False), (0.01, 10, False), (5, 6, False), (-1, 1, False),
                               (0, 20, True), (1, 1000, True)],
)  # fmt: skip
def test_a_scan_goes_from_end_to_end_and_looks_closer_near_a_low_end_of_nothing(low, high, whole):
    values = scan(low, high, whole)
    assert values[0] == low and values[-1] == high and values == sorted(set(values))
    assert all(isinstance(v, int) or not whole for v in values)
    if low == 0 and not whole:
        assert values[1] < high / 1000


@pytest.mark.parametrize("root", [0.02, 0.7, 3.3, 60.0])
def test_the_smallest_value_and_its_interval(root):
    answer = search(world(lambda v: math.log((v + 1e-9) / root)), 0, 100)
    assert root < answer.value <= root * 1.006
    low, high = answer.interval  # 2 standard errors, 0.1, on either side of 0
    assert low == pytest.approx(root * math.exp(-0.1), rel=0.01)
    assert high == pytest.approx(root * math.exp(0.1), rel=0.01)
    assert [c.holds for c in answer.crossings] == ["above"]


def test_below_the_found_value_it_does_not_hold_and_beyond_it_does():
    evaluate = world(lambda v: v - 4.2)
    answer = search(evaluate, 0, 10)
    below, beyond = evaluate([answer.value * 0.99, answer.value])
    assert not below.holds and beyond.holds
    assert [r.state for r in evaluate([answer.interval[0], answer.interval[1]])] == [-1, 1]


def test_a_finer_tolerance_is_kept():
    assert search(world(lambda v: v - 4.2), 0, 10, tolerance=1e-5).value == pytest.approx(4.2, abs=1e-5)


def test_whole_numbers_are_found_exactly():
    answer = search(world(lambda v: v - 6.5, noise=0.01), 1, 1000, whole=True)
    assert (answer.value, answer.interval) == (7, (6, 7))


def test_a_condition_that_holds_in_between_crosses_twice():
    answer = search(world(lambda v: 1 - (v - 5) ** 2, noise=0.1), 0, 10)
    assert [c.holds for c in answer.crossings] == ["above", "below"]
    assert answer.value == pytest.approx(4.0, rel=0.01) and answer.crossings[1].value == pytest.approx(6.0, rel=0.01)
    assert all(c.interval[0] <= c.value <= c.interval[1] for c in answer.crossings)


def test_what_holds_from_the_lowest_value_on_says_where_it_ceases():
    answer = search(world(lambda v: 2.5 - v), 0, 10)
    assert (answer.value, answer.interval) == (0, (0, 0))
    assert [c.holds for c in answer.crossings] == ["below"]
    assert answer.crossings[0].value == pytest.approx(2.5, rel=0.006)


def test_nothing_does_it():
    answer = search(world(lambda v: -1 - (v - 3) ** 2), 0, 10)
    assert answer.value is None and answer.interval is None and answer.crossings == []
    assert answer.best[0] == pytest.approx(3, abs=0.3) and answer.best[1].worst.mean < 0


def test_what_is_nowhere_certain_is_not_claimed():
    answer = search(world(lambda v: 0.05), 0, 10)
    assert answer.value is None and answer.best[1].holds


def test_in_doubt_from_the_lowest_value_on_has_no_lower_end():
    answer = search(world(lambda v: v + 0.05), 0, 10)
    assert answer.value == 0 and answer.interval[0] is None and 0 < answer.interval[1] < 0.1


def test_all_margins_must_be_above_nothing():
    up, down = Summary.of(1 + LUCK), Summary.of(LUCK - 1)
    assert Reading((up, up)).holds and Reading((up, up)).state == 1
    assert not Reading((up, down)).holds and Reading((up, down)).state == -1
    none = Reading((Summary(),))
    assert not none.holds and none.state == 0


# --- on races


@pytest.mark.parametrize(
    ("until", "says"),
    [("kept", "--until 'kept': must be one of keep, harmony"), ("too close to call", "must be one of"),
     ("closedshare<0.1", "outcome 'closedshare' must be one of"), ("closed_share<lots", "'lots' must be a number"),
     ("closed_share<nan", "'nan' must be a number")],
)  # fmt: skip
def test_conditions_that_mean_nothing_are_named(until, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        condition(until, FIVE)


@pytest.mark.parametrize(
    ("lever", "options", "says"),
    [("harm.aftr", {}, "unknown parameter 'harm.aftr'; did you mean 'harm.after'"),
     ("race.information", {}, "--lever race.information: must be a parameter that is a number"),
     ("harm.after", {"low": -1}, "harm.after = -1: must be a number from 0 to 100"),
     ("harm.after", {"low": 3, "high": 2}, "--low 3: must be below --high 2"),
     ("harm.after", {"tolerance": 0.0}, "--tolerance 0: must be a number above 0"),
     ("harm.after", {"replications": 1}, "replications = 1: must be at least 2"),
     ("harm.after", {"focal": "Elm"}, "focal lab 'Elm'")],
)  # fmt: skip
def test_mistakes_are_named(lever, options, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        tip(FIVE, lever, **{"replications": 2, **options})


@pytest.fixture(scope="module")
def fine():
    return tip(FIVE, "governance.human_mandate.fine", "keep", 0, 1, replications=64)


def test_the_fine_that_makes_keeping_pay(fine):
    ruled = FIVE.with_({"governance.human_mandate.start": 0})

    def premium(value):
        return closure_game.play(ruled.with_({"governance.human_mandate.fine": value}), 0, 64).closure_premium

    assert fine.interval[0] < fine.value < fine.interval[1]
    assert premium(fine.value * 0.98).mean > 0 > premium(fine.value * 1.001).mean
    low, high = (premium(end) for end in fine.interval)
    assert low.mean > 2 * low.se and high.mean < -2 * high.se
    assert fine.remarks == ["governance.human_mandate is not in force in 'five-calculators': here it is, from week 0."]


def test_the_json_says_what_was_asked_and_found(fine):
    content = json.loads(json.dumps(fine.as_dict(), allow_nan=False))
    assert {"scenario", "lever", "unit", "until", "focal", "now", "low", "high", "seed", "replications", "engine",
            "value", "interval", "crossings", "best", "evaluated", "remarks"} == set(content)  # fmt: skip
    assert content["crossings"] == [{"value": content["value"], "interval": content["interval"], "holds": "above"}]
    assert content["focal"] == "Birch" and content["now"] == 0.1 and content["evaluated"] > 37


def test_an_outcome_is_brought_low_enough():
    tipping = tip(FIVE, "governance.rate_limit.min_weeks", "catastrophe<0.1", replications=32)
    assert isinstance(tipping, Tipping) and tipping.about["focal"] is None
    assert tipping.value is None or tipping.interval[1] >= tipping.value


def test_threads_and_engines_make_no_difference():
    ways = [{"jobs": 1}, {"jobs": 2}, {"engine": "mesa"}]
    result = [tip(FIVE, "decision.own_harm", "keep", 0, 8, replications=2, tolerance=4.0, **way) for way in ways]
    answers = [{k: v for k, v in one.as_dict().items() if k != "engine"} for one in result]
    assert answers[0] == answers[1] == answers[2]


def test_a_stop_ends_it():
    stop = Stop.new()
    with pytest.raises(KeyboardInterrupt):
        tip(FIVE, "harm.after", replications=2, stop=stop, tell=lambda tried: stop.set())
