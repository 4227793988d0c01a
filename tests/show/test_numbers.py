"""Numbers as they are printed: digits, signs, intervals; and where the words beside them stand."""

import re
from pathlib import Path

import numpy as np
import pytest

import labsim
import viz
from labsim.runs.summary import CLEAR, Summary, direction
from labsim.show import numbers, words
from labsim.show.numbers import as_set, estimate, fixed, half_width, interval, number, short, significant

MINUS = "\N{MINUS SIGN}"
SOURCES = [path for package in (labsim, viz) for path in sorted(Path(package.__file__).parent.rglob("*.py"))]


@pytest.mark.parametrize(
    ("given", "unit", "sign", "text"),
    [
        (None, "", False, "none"), (float("nan"), "", True, "none"), (float("inf"), "%", False, "none"),
        (0.3872, "%", False, "38.7"), (0.3872, "% of races", False, "38.7"), (0.3872, "weeks", False, "0.39"),
        (9.994, "", False, "9.99"), (10.0, "", False, "10.0"), (999.94, "", False, "999.9"),
        (1234.5, "", False, "1,234"), (-0.5, "", False, f"{MINUS}0.50"), (0.5, "", True, "+0.50"),
        (-0.004, "", True, "0.00"), (0.0, "%", True, "0.00"),
    ],
)  # fmt: skip
def test_a_number_of_a_table(given, unit, sign, text):
    assert number(given, unit, sign) == text


@pytest.mark.parametrize(
    ("value", "digits", "sign", "text"),
    [
        (1234567.0, 0, False, "1,234,567"), (-0.04, 1, True, "0.0"), (-0.06, 1, False, f"{MINUS}0.1"),
        (3.0, 2, True, "+3.00"),
    ],
)  # fmt: skip
def test_a_number_with_so_many_decimals(value, digits, sign, text):
    assert fixed(value, digits, sign) == text


@pytest.mark.parametrize(
    ("number", "words"),
    [(0.0675, "0.0675"), (10000.0, "10,000"), (-0.5, "\N{MINUS SIGN}0.5"), (2e26, "2e26"), (0.003, "0.003"), (0, "0")],
)
def test_numbers_are_short(number, words):
    assert short(number) == words


def test_numbers_that_were_set_keep_their_digits():
    given = {0.0675: "0.0675", 30000.0: "30,000", -0.25: f"{MINUS}0.25", 3.0: "3", 0.1 + 0.2: "0.3"}
    given[2e26] = f"2 {numbers.TIMES} 10²⁶"
    assert {value: as_set(value) for value in given} == given


def test_significant_digits():
    assert (significant(None, 3), significant(-0.0012345, 3), significant(12345.6, 3)) == (
        "none", f"{MINUS}0.00123", "1.23e+04"
    )  # fmt: skip


def test_an_interval_holds_its_mean_in_95_of_100_samples():
    rng = np.random.default_rng(0)
    samples = [Summary.of(rng.normal(5.0, 2.0, 400)) for _ in range(2000)]
    held = np.mean([abs(sample.mean - 5.0) <= half_width(sample.se) for sample in samples])
    assert 0.935 < held < 0.965
    assert half_width(0.5, 100) == 98.0 and half_width(None) == 0.0


def test_an_estimate_is_a_mean_and_its_interval():
    summary = Summary.of(np.array([0.2, 0.4, 0.3]))
    half = 1.96 * 0.1 / np.sqrt(3)
    assert estimate(summary, "% of races", sign=True) == f"+30.0 ± {100 * half:.1f}"
    assert estimate(summary, "weeks") == f"0.30 ± {half:.2f}"
    assert estimate(Summary.of(np.array([3.0]))) == "3.00" and interval(None) == ""
    assert estimate(Summary()) == "none"


def test_a_sign_counts_beyond_2_standard_errors_and_intervals_shown_are_narrower():
    assert (CLEAR, numbers.INTERVAL) == (2.0, 1.96)
    for mean, sign in ((2.01, 1), (1.99, 0), (-2.01, -1)):
        assert direction(Summary(100, mean, squares=100.0 * 99.0)) == sign  # of a standard error of 1


@pytest.mark.parametrize(
    ("what", "home"),
    [
        (r"[Nn]ot a forecast\.", {"show/words.py", "labsim/__init__.py"}),  # the package's docstring is prose
        (r"\\N\{MINUS SIGN\}|\u2212", {"show/numbers.py"}),
        (r"1\.96|\b196 \*|\b2(?:\.0)? \* (?:\w+\.)*se\b", {"show/numbers.py"}),
        (r"± is (?:a|two|2)\b", {"show/words.py"}),
    ],
)
def test_what_is_said_or_computed_everywhere_is_written_once(what, home):
    result = {"/".join(path.parts[-2:]) for path in SOURCES if re.search(what, path.read_text(encoding="utf-8"))}
    assert result == home


def test_lists_are_read_as_sentences():
    assert [words.listed(list(names)) for names in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
