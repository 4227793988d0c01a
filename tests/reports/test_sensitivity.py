"""Assumptions one at a time: which are moved, how far, and that the effects are those of whole runs."""

import dataclasses

import numpy as np
import pytest

import labsim
from labsim.reports.sensitivity import is_free, ranges, sensitivity
from labsim.runs.comparison import compare
from labsim.scenario.checked import CATALOGUE, LabSpec
from labsim.show.printouts import sources

FIVE = labsim.load("five-calculators")


def effects(scenario=FIVE, replications=16, **more):
    return {e.moved.path: e for e in sensitivity(scenario, sources(scenario), replications=replications, **more)}


@pytest.fixture(scope="module")
def result():
    return effects()


@pytest.mark.parametrize("path", [path for path, d in CATALOGUE.items() if d.likely])
def test_a_likely_range_holds_the_default_and_lies_in_the_accepted_one(path):
    d = CATALOGUE[path]
    low, high = d.likely
    assert d.low <= low <= d.default <= high <= d.high and low < high


@pytest.mark.parametrize(
    ("path", "free"),
    [("harm.rate", True), ("cycle.research", True), ("cycle.candidates", True), ("evaluators.access", False),
     ("race.weeks", False), ("race.finish_form", False), ("governance.rate_limit.min_weeks", False)],
)  # fmt: skip
def test_what_is_assumed_is_free_and_policy_and_forms_are_not(path, free):
    assert is_free(path) == free


def test_each_range_lies_in_the_accepted_one_and_what_is_off_is_left_off():
    moved = {one.path: one for one in ranges(FIVE)}
    for path, one in moved.items():
        assert CATALOGUE[path].low <= one.low < one.high <= CATALOGUE[path].high
        assert one.declared == (CATALOGUE[path].likely is not None)
        if not one.declared and not CATALOGUE[path].whole:
            half, twice = sorted((one.value / 2, one.value * 2))
            assert (one.low, one.high) == (max(half, CATALOGUE[path].low), min(twice, CATALOGUE[path].high))
    assert moved["harm.rate"].low == 0.003 and "cycle.erosion" not in moved and "cycle.learning" not in moved


def test_the_effects_are_those_of_whole_runs_with_the_same_luck(result):
    for path in ("harm.rate", "competition.winner_share", "cycle.candidates"):
        one = result[path]
        worlds = {"as it is": FIVE}
        worlds |= {name: FIVE.with_({path: getattr(one.moved, name)}) for name in ("low", "high")}
        other = compare(worlds, 16).differences
        for name, mine in (("low", one.at_low), ("high", one.at_high)):
            theirs = other[name]["catastrophe"]
            assert (mine.mean, mine.se, mine.n) == (pytest.approx(theirs.mean, abs=1e-12), pytest.approx(theirs.se), 16)


def test_more_hazard_is_more_harm_and_the_largest_effect_comes_first(result):
    assert result["harm.rate"].at_low.mean < 0 < result["harm.rate"].at_high.mean
    sizes = [effect.size for effect in result.values()]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 0.1


def test_threads_change_nothing(result):
    assert [e.as_dict() for e in effects(jobs=1).values()] == [e.as_dict() for e in result.values()]


def test_what_is_drawn_or_everybodys_own_is_not_moved():
    drawn = {"harm.rate": {"dist": "loguniform", "low": 0.001, "high": 0.1}}
    labs = tuple(LabSpec(name, values={"cycle.review": 1.0}) for name in ("Birch", "Cedar"))
    world = dataclasses.replace(FIVE, uncertainties=drawn, labs=labs)
    paths = {one.path for one in ranges(world)}
    assert not {"harm.rate", "cycle.review"} & paths and "harm.after" in paths
    one = next(iter(effects(world, 8).values()))
    assert np.isfinite(one.at_low.mean)


def test_who_keeps_a_value_of_its_own_is_counted():
    labs = (LabSpec("Birch", values={"cycle.review": 1.0}), LabSpec("Cedar"))
    moved = {one.path: one for one in ranges(dataclasses.replace(FIVE, labs=labs))}
    assert (moved["cycle.review"].keep_their_own, moved["harm.rate"].keep_their_own) == (1, 0)


def test_an_unknown_outcome_is_named():
    with pytest.raises(labsim.ScenarioError, match="outcome 'harms': must be one of"):
        sensitivity(FIVE, sources(FIVE), outcome="harms")
