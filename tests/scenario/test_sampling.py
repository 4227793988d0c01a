"""Uncertain parameters: each distribution's shape and range, designs that fill the space, draws that stay put."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from labsim.scenario.checked import CATALOGUE, check_uncertainty
from labsim.scenario.sampling import METHODS, draw
from labsim.scenario.scenario import Scenario

PLAIN = Scenario("plain")
SAMPLED = [p for p, d in CATALOGUE.items() if d.kind == "uncertainty" and not d.options and p != "race.labs"]
DISTRIBUTIONS = {  # path, what is declared, the law it must follow
    "uniform": ("harm.rate", {"low": 0.002, "high": 0.03}, stats.uniform(0.002, 0.028)),
    "loguniform": ("harm.rate", {"low": 0.001, "high": 0.1}, stats.loguniform(0.001, 0.1)),
    "normal": ("cycle.review", {"mean": 20.0, "sd": 2.0}, stats.norm(20.0, 2.0)),
    "triangular": ("harm.rate", {"low": 0.0, "mode": 0.02, "high": 0.1}, stats.triang(0.2, 0.0, 0.1)),
}


def uncertain(specs):
    """A scenario with these uncertainties, checked."""
    checked = {path: check_uncertainty(path, spec) for path, spec in specs.items()}
    return Scenario("uncertain", uncertainties=checked)


def sample(path, spec, n=4000, method="monte-carlo", seed=1):
    return draw(uncertain({path: spec}), seed, n, method)[path]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_draws_follow_their_distribution(name, method):
    path, spec, law = DISTRIBUTIONS[name]
    values = sample(path, {"dist": name, **spec}, method=method)
    assert values.dtype == float and values.shape == (4000,)
    assert stats.kstest(values, law.cdf).pvalue > 1e-3
    for q in (0.05, 0.5, 0.95):
        assert abs(law.cdf(np.quantile(values, q)) - q) < 0.02


@pytest.mark.parametrize("ends", [{"low": 0.0, "mode": 0.0, "high": 0.1}, {"low": 0.0, "mode": 0.1, "high": 0.1}])
def test_a_triangle_may_lean_on_its_edge(ends):
    values = sample("harm.rate", {"dist": "triangular", **ends})
    law = stats.triang(ends["mode"] / 0.1, 0.0, 0.1)
    assert stats.kstest(values, law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_a_choice_takes_each_value_equally_often(method):
    values = sample("harm.rate", {"dist": "choice", "values": [0.01, 0.02, 0.05]}, method=method)
    taken, counts = np.unique(values, return_counts=True)
    assert taken.tolist() == [0.01, 0.02, 0.05]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_whole_number_stays_whole_and_both_ends_are_as_likely_as_the_middle():
    values = sample("cycle.candidates", {"dist": "uniform", "low": 2, "high": 5})
    taken, counts = np.unique(values, return_counts=True)
    assert taken.tolist() == [2, 3, 4, 5]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_normal_stops_at_the_parameters_range():
    values = sample("decision.foresight", {"dist": "normal", "mean": 0.5, "sd": 1.0})
    assert (values.min(), values.max()) == (0.0, 1.0)
    assert abs(np.mean(values == 1.0) - stats.norm.sf(0.5)) < 0.03


@st.composite
def specs(draw, path, name):
    """A distribution that a parameter may have."""
    d = CATALOGUE[path]
    if d.whole:
        number = st.integers(max(1, int(d.low)), int(d.high))
    else:
        number = st.floats(max(d.low, 1e-9) if name == "loguniform" else d.low, d.high)
    low, mode, high = draw(st.lists(number, min_size=3, max_size=3, unique=True).map(sorted))
    return {"dist": name, "low": low, "high": high} | ({"mode": mode} if name == "triangular" else {})


@pytest.mark.parametrize("name", ["uniform", "loguniform", "triangular"])
@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.data())
def test_draws_never_leave_their_interval(name, data):
    declared = data.draw(st.fixed_dictionaries({path: specs(path, name) for path in SAMPLED}))
    drawn = draw(uncertain(declared), 1, 50)
    for path, spec in declared.items():
        slack = 1e-13 * max(abs(spec["low"]), abs(spec["high"]))
        assert drawn[path].min() >= spec["low"] - slack and drawn[path].max() <= spec["high"] + slack, path


TWO = {
    "harm.rate": {"dist": "loguniform", "low": 0.001, "high": 0.1},
    "decision.own_harm": {"dist": "uniform", "low": 0.0, "high": 4.0},
}


def test_a_longer_monte_carlo_begins_with_the_shorter():
    short, long = draw(uncertain(TWO), 5, 40), draw(uncertain(TWO), 5, 100)
    assert all(np.array_equal(short[path], long[path][:40]) for path in TWO)


def test_a_sobol_design_begins_with_the_shorter():
    short, long = draw(uncertain(TWO), 5, 64, "sobol"), draw(uncertain(TWO), 5, 256, "sobol")
    assert all(np.array_equal(short[path], long[path][:64]) for path in TWO)


def test_another_uncertainty_changes_no_other_draw():
    third = {"cycle.review": {"dist": "uniform", "low": 0, "high": 6}}
    two, three = draw(uncertain(TWO), 5, 50), draw(uncertain(third | TWO), 5, 50)
    assert set(three) == {*TWO, *third}
    assert all(np.array_equal(two[path], three[path]) for path in TWO)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_draws_and_another_seed_others(method):
    first, again, other = (draw(uncertain(TWO), seed, 33, method) for seed in (1, 1, 2))
    for path in TWO:
        assert np.array_equal(first[path], again[path]) and len(first[path]) == 33
        assert not np.array_equal(first[path], other[path])
    assert not np.array_equal(first["harm.rate"].argsort(), first["decision.own_harm"].argsort())


@pytest.mark.parametrize(("method", "n"), [("latin-hypercube", 100), ("sobol", 128)])
def test_a_design_puts_one_point_in_each_stratum(method, n):
    values = draw(uncertain(TWO), 3, n, method)
    places = values["decision.own_harm"] / 4.0
    assert np.array_equal(np.sort(np.floor(places * n)), np.arange(n))
    logs = np.log10(values["harm.rate"] / 0.001) / 2.0
    assert np.array_equal(np.sort(np.floor(logs * n)), np.arange(n))


def test_a_sobol_design_is_even_in_two_dimensions():
    values = draw(uncertain(TWO), 3, 64, "sobol")
    across = np.floor(values["decision.own_harm"] / 4.0 * 8)
    down = np.floor(np.log10(values["harm.rate"] / 0.001) / 2.0 * 8)
    assert len(set(zip(across, down, strict=True))) == 64  # a (0, 6, 2)-net: one point in each of 8 x 8 cells


@pytest.mark.parametrize("method", METHODS)
def test_one_replication_and_no_uncertainty(method):
    assert draw(PLAIN, 0, 10, method) == {}
    assert draw(uncertain(TWO), 0, 1, method)["harm.rate"].shape == (1,)


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match=r"'dice'.*latin-hypercube"):
        draw(uncertain(TWO), 0, 10, "dice")
