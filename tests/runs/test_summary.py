"""Statistics of a stream: exact below ten thousand numbers, to the step above, the same however it is cut."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.runs.summary import EXACT, QUANTILES, Summary, finite

NUMBERS = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=60)


def summary(*chunks):
    result = Summary()
    for chunk in chunks:
        result.add(np.asarray(chunk, dtype=float))
    return result


@settings(max_examples=200, deadline=None, derandomize=True)
@given(NUMBERS)
def test_small_streams_are_exact(numbers):
    there = np.array([x for x in numbers if not math.isnan(x)])
    result = summary(numbers).as_dict()
    assert result["n"] == len(there)
    if len(there) == 0:
        assert all(result[name] is None for name in ("mean", "se", *QUANTILES))
        return
    scale = np.abs(there).max()
    assert result["mean"] == pytest.approx(there.mean(), rel=1e-12, abs=1e-12 * scale)
    assert {name: result[name] for name in QUANTILES} == {name: np.quantile(there, q) for name, q in QUANTILES.items()}
    if len(there) == 1:
        assert result["se"] is None
    else:
        assert result["se"] == pytest.approx(there.std(ddof=1) / math.sqrt(len(there)), rel=1e-12, abs=1e-12 * scale)


RNG = np.random.default_rng(20260401)
STREAMS = {
    "positive": RNG.lognormal(0.0, 2.0, 30_000),
    "negative": -RNG.lognormal(0.0, 2.0, 30_000),
    "mixed": RNG.normal(0.3, 1.0, 30_000),
    "far from zero": RNG.normal(1e6, 1.0, 30_000),
    "probabilities": RNG.beta(0.5, 2.0, 30_000),
    "just above": RNG.normal(size=EXACT + 1),
    "many scales": np.concatenate([RNG.normal(size=15_000) * 1e-9, RNG.normal(size=15_000) * 1e9]),
    "whole numbers": RNG.integers(0, 6, 30_000).astype(float),
}
each_stream = pytest.mark.parametrize("name", STREAMS)


@each_stream
def test_quantiles_of_long_streams_are_within_a_fifth_of_a_percent(name):
    values = STREAMS[name]
    result = summary(values)
    assert result.n > EXACT
    for q in (0.001, *QUANTILES.values(), 0.999):
        assert result.quantile(q) == pytest.approx(np.quantile(values, q), rel=2e-3)
    assert (result.quantile(0.0), result.quantile(1.0)) == pytest.approx((values.min(), values.max()), rel=2e-3)


@each_stream
@pytest.mark.parametrize("cuts", [[1], [9_999], [10_000], [10_001], [1, 2, 3], [5_000, 20_000], range(0, 9_999, 997)])
@pytest.mark.parametrize("backwards", [False, True])
def test_any_chunking_gives_the_same(name, cuts, backwards):
    values = STREAMS[name]
    chunks = np.split(values, cuts)
    whole, parts = summary(values), summary(*(chunks[::-1] if backwards else chunks))
    assert parts.n == whole.n
    for q in (0.0, *QUANTILES.values(), 1.0):
        assert parts.quantile(q) == whole.quantile(q)
    assert parts.mean == pytest.approx(whole.mean, rel=1e-12, abs=1e-12 * np.abs(values).max())
    assert parts.se == pytest.approx(whole.se, rel=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(NUMBERS, st.lists(st.integers(0, 60), max_size=5).map(sorted))
def test_any_chunking_of_a_short_stream_too(numbers, cuts):
    whole, parts = summary(numbers), summary(*np.split(np.array(numbers), cuts))
    assert [parts.quantile(q) for q in QUANTILES.values()] == [whole.quantile(q) for q in QUANTILES.values()]
    assert parts.n == whole.n


def test_nan_is_passed_over_in_long_streams_too():
    values = np.repeat(STREAMS["mixed"], 2)
    values[::2] = math.nan
    with_nan, without = summary(values), summary(STREAMS["mixed"])
    assert with_nan.as_dict() == without.as_dict()


def test_nothing_and_one_number():
    nothing = dict.fromkeys(("mean", "se", *QUANTILES)) | {"n": 0}
    assert summary().as_dict() == summary([]).as_dict() == summary([math.nan]).as_dict() == nothing
    assert summary([3.5]).as_dict() == {"mean": 3.5, "se": None, **dict.fromkeys(QUANTILES, 3.5), "n": 1}


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, 0.1])
def test_a_long_stream_of_one_number_is_that_number(value):
    result = summary(np.full(EXACT + 10, value)).as_dict()
    assert result["se"] == pytest.approx(0.0, abs=1e-15)
    assert [result[name] for name in ("mean", *QUANTILES)] == pytest.approx([value] * 6, rel=1e-15, abs=0.0)


def test_zeros_and_ones_in_a_long_stream_are_zeros_and_ones():
    values = np.repeat([0.0, 1.0], [18_000, 12_000])
    result = summary(values).as_dict()
    assert [result[name] for name in QUANTILES] == [0.0, 0.0, 0.0, 1.0, 1.0]


def test_levels_alone_are_mean_and_se_and_all_is_json():
    assert set(summary([1.0, 2.0]).as_dict(quantiles=False)) == {"mean", "se"}
    with np.errstate(over="ignore"):
        json.dumps(summary([1.0, 1e308, 1e308]).as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "expected"), [(1.5, 1.5), (None, None), (math.nan, None), (math.inf, None), (-math.inf, None)]
)
def test_what_is_not_finite_is_none(value, expected):
    assert finite(value) == expected
