"""Named random numbers and portable mathematics: accuracy, exactness, independence, the same bits everywhere."""

import ast
import itertools
import math
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from labsim.model import draws
from labsim.model.draws import derive, exp, expm1, log, normal, normal_quantile, power, seed_key, total, uniform

KEYS = st.integers(0, 2**64 - 1)
NO_PURPOSES = ("QUICKER", "MIXING", "ROUND", "ROOT_HALF", "STEP", "BITS_OF_ROUND", "BITS_OF_ONE", "BITS_OF_ROOT_HALF")
PURPOSES = {
    name: value for name, value in vars(draws).items()
    if name.isupper() and not name.startswith("_") and name not in NO_PURPOSES
}  # fmt: skip
reproducible = settings(max_examples=300, deadline=None, derandomize=True)


def ulps(value, exact):
    """Distance of a double from the exact one, in units in the last place of the exact one."""
    return abs(value - exact) / math.ulp(exact)


@reproducible
@given(st.floats(-700, 700))
def test_exp_is_within_two_ulp(x):
    assert ulps(exp(x), math.exp(x)) <= 2


@reproducible
@given(st.floats(-700, 700))
def test_expm1_is_accurate_near_zero_and_far_from_it(x):
    assert ulps(expm1(x), math.expm1(x)) <= 4


@reproducible
@given(st.floats(5e-308, 1e308))
def test_log_is_within_two_ulp(x):
    assert ulps(log(x), math.log(x)) <= 2


@reproducible
@given(st.floats(1e-100, 1e100), st.floats(-60, 60))
def test_power_loses_no_more_than_its_exponent_magnifies(x, y):
    size = abs(y * math.log(x))
    assume(size < 690)
    assert power(x, y) == pytest.approx(x**y, rel=4e-16 * (1 + size))


@reproducible
@given(st.floats(1.4e-11, 1 - 1.4e-11))
def test_normal_quantile_is_that_of_scipy(p):
    assert normal_quantile(p) == pytest.approx(special.ndtri(p), rel=2e-14, abs=2e-16)


@pytest.mark.parametrize("p", [2.0**-53, 1e-15, 1e-13, 1e-12, 1 - 2.0**-53, 1 - 1e-13])
def test_normal_quantile_in_the_far_tails(p):
    assert normal_quantile(p) == pytest.approx(special.ndtri(p), rel=1e-11)


@reproducible
@given(st.lists(st.floats(2.0**-53, 1 - 2.0**-53), min_size=2, max_size=20))
def test_normal_quantile_never_falls(ps):
    values = [normal_quantile(p) for p in sorted(ps)]
    assert all(b - a >= -1e-14 * abs(a) for a, b in itertools.pairwise(values))


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (exp, 0.0, 1.0),
        (exp, -math.log(2), 0.5),
        (exp, 1000.0, exp(700.0)),  # clamped, not infinite
        (exp, -1000.0, exp(-700.0)),  # clamped, not zero
        (expm1, 0.0, 0.0),
        (expm1, -700.0, -1.0),
        (log, 1.0, 0.0),
        (normal_quantile, 0.5, 0.0),
    ],
)
def test_values_that_are_exact(function, x, expected):
    assert function(x) == expected


WITHIN = st.lists(st.floats(-60, 60), min_size=1, max_size=30)  # partial sums stay below 2**11


def add_up(xs):
    so_far = 0.0
    for x in xs:
        so_far = total(so_far, x)
    return so_far


@reproducible
@given(WITHIN, st.randoms(use_true_random=False))
def test_total_is_the_same_bits_in_any_order(xs, random):
    shuffled = random.sample(xs, len(xs))
    assert add_up(shuffled) == add_up(xs)


@reproducible
@given(WITHIN)
def test_total_is_exact_on_its_grid_and_near_the_sum_off_it(xs):
    grid = [round(x * 2**40) / 2**40 for x in xs]
    assert add_up(grid) == math.fsum(grid)
    assert abs(add_up(xs) - math.fsum(xs)) <= len(xs) * 2.0**-41


@reproducible
@given(KEYS, st.integers(0, 2**32))
def test_a_uniform_draw_lies_strictly_between_0_and_1_and_does_not_change(key, purpose):
    u = uniform(key, purpose)
    assert 0.0 < u < 1.0
    assert uniform(key, purpose) == u
    assert normal(key, purpose) == normal_quantile(u)


@pytest.mark.parametrize(("bits", "expected"), [(0, 2.0**-53), (2**64 - 1, 1 - 2.0**-53)])
def test_the_extreme_hashes_are_still_inside_the_open_interval(bits, expected):
    assert draws.unit(bits) == expected


def test_keys_differ_across_seed_replication_lab_and_clock():
    keys = {
        derive(derive(derive(seed_key(seed, replication), lab), stream), clock)
        for seed, replication, lab, stream, clock in itertools.product(*map(range, (6, 6, 6, 4, 40)))
    }
    assert len(keys) == 6 * 6 * 6 * 4 * 40


def test_draws_of_one_key_differ_by_purpose_and_never_equal_its_children():
    key = seed_key(3, 5)
    values = [uniform(key, purpose) for purpose in range(1, 1001)]  # 0 is nobody's purpose
    assert len(set(values)) == 1000 and min(PURPOSES.values()) > 0
    assert not {draws.unit(derive(key, counter)) for counter in range(1000)} & set(values)


@reproducible
@given(KEYS, KEYS, st.integers(0, 1000))
def test_another_counter_or_parent_gives_another_key(key, other, counter):
    assume(key != other)
    assert derive(key, counter) != derive(other, counter)  # one counter: a bijection of keys
    assert derive(key, counter) != derive(key, counter + 1)


STREAMS = {  # what varies from one draw to the next
    "replication": lambda i: uniform(seed_key(0, i), 1),
    "seed": lambda i: uniform(seed_key(i, 0), 1),
    "clock": lambda i: uniform(derive(seed_key(0, 0), i), 1),
    "purpose": lambda i: uniform(seed_key(0, 0), i),
}


@pytest.mark.parametrize("name", STREAMS)
def test_draws_are_uniform_and_neighbours_independent(name):
    us = [STREAMS[name](i) for i in range(20_000)]
    assert stats.kstest(us, "uniform").pvalue > 1e-3
    assert abs(stats.pearsonr(us[:-1], us[1:]).statistic) < 4 / math.sqrt(len(us))


@pytest.mark.parametrize("purpose", [draws.BEST, draws.EDIT_CAPABILITY])
def test_normal_draws_are_standard_normal(purpose):
    zs = [normal(seed_key(1, i), purpose) for i in range(20_000)]
    assert stats.kstest(zs, "norm").pvalue > 1e-3


def test_two_purposes_of_the_same_keys_are_independent():
    pairs = [(uniform(seed_key(2, i), draws.RIVAL), uniform(seed_key(2, i), draws.OWN_EXAM)) for i in range(20_000)]
    assert abs(stats.pearsonr(*zip(*pairs, strict=True)).statistic) < 4 / math.sqrt(len(pairs))


def test_every_purpose_has_its_own_number():
    assert len(set(PURPOSES.values())) == len(PURPOSES) >= 18


# The first target of an evaluator and its later ones are one decision; its keys, at the start and by the week, differ.
IN_TWO_RULES = {"TARGET": {"begin_evaluator", "end_round"}}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_purpose_is_drawn_in_exactly_one_place(purpose):
    places = []
    for path in Path(draws.__file__).parent.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                names = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == purpose]
                places += [function.name] * len(names)
    if purpose == "START_CAPABILITY":  # one decision in two forms: normal or uniform
        assert places == ["begin_lab"] * 2
    else:
        assert sorted(places) == sorted(IN_TWO_RULES.get(purpose, places[:1])) and places
