"""Where the defaults come from: the gains of a cycle, the pace of the frontier, METR's horizons."""

import datetime
import json
import math

import pytest

from labsim.checks import calibrate
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

DEFAULTS = Scenario("defaults")


def rates(changes):
    """(capability, alignment) factors a cycle with a human, then without."""
    answer = calibrate.cycle(DEFAULTS.with_(changes))
    return [answer[option][rate] for option in ("keep", "remove") for rate in ("capability_rate", "alignment_rate")]


def test_the_defaults_give_the_rates_of_the_lesson_out_of_measurement_alone():
    assert [round(rate, 2) for rate in rates({})] == [1.15, 1.08, 1.18, 1.02]
    assert rates({}) == pytest.approx([1.14996, 1.07973, 1.17920, 1.01963], abs=1e-5)


def test_the_measured_gain_is_the_same_with_and_without_a_human_while_the_true_one_falls():
    answer = calibrate.cycle()
    assert {option: round(gain, 3) for option, gain in answer["measured"].items()} == {"keep": 0.093, "remove": 0.094}
    assert {option: round(gain, 3) for option, gain in answer["true"].items()} == {"keep": 0.077, "remove": 0.019}


BEST_OF_8 = 1.4236003060  # expected largest of eight standard normals
SHARP_ONLY = BEST_OF_8 * 0.135**2 / math.hypot(0.135, 0.02)  # ln C a cycle if only capability counts
TAX_ONLY = -0.2 * 0.116 / 0.135 * SHARP_ONLY  # what that does to ln A


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({"cycle.candidates": 1}, [1.0, 1.0, 1.0, 1.0]),  # the only candidate is an average one
        ({"cycle.weight": 0.0}, [math.exp(SHARP_ONLY), math.exp(TAX_ONLY)] * 2),  # nobody looks at alignment
        ({"cycle.weight": 0.0, "cycle.correlation": 0.0}, [math.exp(SHARP_ONLY), 1.0] * 2),  # no alignment tax
        ({"cycle.tau_capability": 0.0, "cycle.tau_alignment": 0.0}, [1.0, 1.0, 1.0, 1.0]),  # edits do nothing
    ],
)
def test_limits_of_a_cycle_known_by_hand(given, expect):
    assert rates(given) == pytest.approx(expect, abs=1e-9)


@pytest.mark.parametrize(
    ("given", "more"),  # which of the four rates rise
    [
        ({"faking.initial": 0.5}, [True, False, True, False]),  # a blinder exam: selection turns to capability
        ({"cycle.candidates": 32}, [True, True, True, True]),
        ({"cycle.sigma_human": 0.5}, [True, False, False, False]),
        ({"cycle.tau_alignment": 0.25}, [False, True, False, True]),
    ],
)
def test_a_changed_parameter_moves_the_rates(given, more):
    before, after = rates({}), rates(given)
    assert [b > a + 1e-6 for a, b in zip(before, after, strict=True)] == more
    if "cycle.sigma_human" in given:
        assert before[2:] == after[2:]  # without a human, the human's error does not matter


def test_a_parameter_out_of_range_is_refused():
    with pytest.raises(ScenarioError, match=r"cycle.candidates = 0.*1 to 1000"):
        rates({"cycle.candidates": 0})


@pytest.mark.parametrize(
    ("name", "days", "n", "r2", "hours"),
    [
        ("all_time", 187.78, 17, 0.935, 4.58),
        ("since_2023", 128.74, 14, 0.934, 9.34),
        ("since_2024", 104.71, 12, 0.977, 13.60),
    ],
)
def test_trends_are_those_metr_publishes(name, days, n, r2, hours):
    fit = calibrate.horizons()[name]
    assert (round(fit["doubling_days"], 2), fit["n"], round(fit["r2"], 3)) == (days, n, r2)
    assert fit["hours_at_week_0"] == pytest.approx(hours, abs=0.005)
    assert fit["ci95"][0] < fit["doubling_days"] < fit["ci95"][1]


def test_the_interval_is_the_t_interval_of_the_slope():
    fit = calibrate.time_horizon_fit(since=datetime.date(2023, 1, 1))
    slope, n = 1 / fit["doubling_days"], fit["n"]
    error = slope * math.sqrt((1 / fit["r2"] - 1) / (n - 2))  # textbook: from r alone
    expected = [1 / (slope + 2.178813 * error), 1 / (slope - 2.178813 * error)]  # t, 12 degrees of freedom
    assert fit["ci95"] == pytest.approx(expected, rel=1e-5)


def test_capability_1_is_the_trend_at_week_0():
    answer = calibrate.horizons()
    assert round(answer["hours_at_c1"], 1) == 9.3
    assert answer["hours_at_c1"] == answer["since_2023"]["hours_at_week_0"]


def test_the_80_percent_horizon_is_shorter_by_far():
    half, most = (calibrate.time_horizon_fit(q, datetime.date(2023, 1, 1)) for q in ("p50", "p80"))
    assert round(most["doubling_days"], 1) == 133.4
    assert 5 < half["hours_at_week_0"] / most["hours_at_week_0"] < 7


@pytest.mark.parametrize("quantile", ["p95", "50", "P50", "", None, 0.5])
def test_an_unknown_quantile_is_refused_with_the_allowed_ones(quantile):
    with pytest.raises(ValueError, match="must be one of p50, p80"):
        calibrate.time_horizon_fit(quantile)


def test_too_few_models_are_refused_and_an_unsure_trend_has_no_upper_end():
    with pytest.raises(ValueError, match="2026-01-01: 1 models left: a fit needs at least 3"):
        calibrate.time_horizon_fit(since=datetime.date(2026, 1, 1))
    fit = calibrate.time_horizon_fit("p80", datetime.date(2025, 11, 1))
    assert fit["n"] == 4 and fit["ci95"][0] < fit["doubling_days"] and fit["ci95"][1] is None


def test_state_of_the_art_means_a_longer_horizon_than_any_model_before():
    best, models = 0.0, calibrate.time_horizons()
    assert len(models) == 26
    for model in models:
        assert model["sota"] == (model["p50"] > best), model["model"]
        assert model["p80"] < model["p50"]
        best = max(best, model["p50"])


@pytest.mark.parametrize(
    ("given", "logs"),
    [({}, 2.00), ({"cycle.machine_falls": 0.0, "cycle.machine": 2.25, "cycle.review": 2.25}, 1.91)],
)
def test_the_frontier_of_the_all_keep_race_grows_as_metr_says(given, logs):
    answer = calibrate.frontier(DEFAULTS.with_(given), replications=150)
    assert answer["reference"] == pytest.approx(1.9665, abs=1e-4)
    assert answer["reference_ci95"] == pytest.approx([1.637, 2.296], abs=1e-3)
    pace = answer["logs_per_year"]
    assert 0.01 < pace["se"] < 0.03
    assert abs(pace["mean"] - logs) < 4 * pace["se"]
    assert answer["reference_ci95"][0] < pace["mean"] < answer["reference_ci95"][1]


def test_a_longer_review_slows_the_frontier_and_the_strategy_given_does_not_matter():
    slow = DEFAULTS.with_({"cycle.review": 6.0})
    before, after = (calibrate.frontier(s, replications=10) for s in (DEFAULTS, slow))
    assert after["logs_per_year"]["mean"] < 0.75 * before["logs_per_year"]["mean"]
    assert calibrate.frontier(DEFAULTS.with_strategy("closer"), replications=10) == before
    assert calibrate.frontier(replications=10, seed=1) != before


def test_one_lab_alone_doubles_as_fast_as_metr_says():
    answer = calibrate.doubling_days_single_lab(replications=500)
    assert answer["reference"] == pytest.approx(128.74, abs=0.005)
    days = answer["doubling_days"]
    assert days["se"] < 0.01 * days["mean"]
    assert abs(days["mean"] - answer["reference"]) < 0.01 * answer["reference"]
    gain = math.log(calibrate.cycle()["keep"]["capability_rate"])  # closed form: a gain every 3.7 weeks
    assert abs(days["mean"] - 7 * 3.7 * math.log(2) / gain) < 4 * days["se"]


def test_a_single_replication_has_no_standard_error_and_none_is_refused():
    assert calibrate.frontier(replications=1)["logs_per_year"]["se"] is None
    with pytest.raises(ValueError, match="replications = 0: must be at least 1"):
        calibrate.frontier(replications=0)


@pytest.mark.parametrize(
    "answer", [calibrate.cycle, calibrate.horizons, lambda: calibrate.frontier(replications=1)]
)  # fmt: skip
def test_answers_are_plain_json(answer):
    value = answer()
    assert json.loads(json.dumps(value, allow_nan=False)) == value


@pytest.mark.parametrize(("width", "height"), [(9.0, 5.6), (4.2, 5.2)])
def test_the_figure_names_each_trend_on_its_line_and_stays_on_the_page(tmp_path, width, height):
    path = tmp_path / "horizons.png"
    figure = calibrate.draw_horizons(path, width, height)
    assert path.read_bytes().startswith(b"\x89PNG")
    words = [*figure.texts, *figure.axes[0].texts]
    text = " ".join(" ".join(word.get_text() for word in words).split())
    for expected in ("188 days", "129 days", "105 days", "C = 1 is 9.3 hours", "METR", "Not a forecast"):
        assert expected in text
    assert figure.axes[0].get_legend() is None
    for word in words:
        box = word.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1, word.get_text()
