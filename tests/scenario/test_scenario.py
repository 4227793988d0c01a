"""Values, labs and uncertainties are checked where they enter: what is wrong is named, with what is allowed."""

import datetime
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.model.orders import NEVER
from labsim.scenario.scenario import (
    CATALOGUE,
    DEFAULTS,
    DISTRIBUTIONS,
    NAMES,
    LabSpec,
    Scenario,
    ScenarioError,
    check_lab,
    check_uncertainty,
    check_value,
    is_lab_path,
    week_of,
)  # fmt: skip

PLAIN = Scenario("plain")
NUMBERS = [path for path, d in CATALOGUE.items() if not d.options and d.default is not None]
CHOICES = [path for path, d in CATALOGUE.items() if d.options]
DATES = [path for path, d in CATALOGUE.items() if d.default is None and d.whole]
TRIGGERS = [path for path in CATALOGUE if path.endswith(".trigger")]
CONDITIONS = [path for path, d in CATALOGUE.items() if d.default is None and path not in DATES + TRIGGERS]


def complaint(function, *arguments):
    """The message of the ScenarioError that a call must raise: one line."""
    with pytest.raises(ScenarioError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def valid(path):
    """Any value that a parameter may take."""
    d = CATALOGUE[path]
    if d.options:
        return st.sampled_from(d.options)
    kind = st.integers if d.whole else st.floats
    numbers = kind(int(d.low), int(d.high)) if d.whole else kind(d.low, d.high)
    return st.none() | numbers if d.default is None else numbers


@pytest.mark.parametrize("path", CATALOGUE)
@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.data())
def test_every_value_in_range_is_taken_and_read_as_a_number(path, data):
    value = data.draw(valid(path))
    scenario = PLAIN.with_({path: value})
    assert scenario[path] == value
    table, _, name = path.rpartition(".")
    number = scenario.rows()[table][name]
    options = CATALOGUE[path].options
    assert isinstance(number, float)
    assert number == (NEVER if value is None else options.index(value) if options else value)


@pytest.mark.parametrize("path", NUMBERS)
def test_the_ends_of_a_range_are_allowed_and_beyond_is_not(path):
    d = CATALOGUE[path]
    beyond = (d.low - 1, d.high + 1) if d.whole else (math.nextafter(d.low, -math.inf), d.high * 1.01)
    for value in (d.low, d.high):
        assert check_value(path, value) == value
    for value in beyond:
        message = complaint(check_value, path, value)
        assert path in message and repr(value) in message and d.allowed in message


BAD = [True, False, "3", "many", [1], {"a": 1}, math.nan, math.inf, -math.inf, datetime.date(2027, 1, 1), None]


@pytest.mark.parametrize("path", ["cycle.review", "race.weeks", "harm.rate", "cycle.candidates"])
@pytest.mark.parametrize("value", [*BAD, 10**400, -(10**400)], ids=lambda v: repr(v)[:20])
def test_what_is_not_a_finite_number_is_refused(path, value):
    message = complaint(check_value, path, value)
    assert path in message and repr(value)[:12] in message and CATALOGUE[path].allowed in message


@pytest.mark.parametrize("path", [path for path in NUMBERS if CATALOGUE[path].whole])
@pytest.mark.parametrize("value", [2.0, 2.5])
def test_whole_numbers_are_whole(path, value):
    assert "must be a whole number from" in complaint(check_value, path, value)


@pytest.mark.parametrize("path", CHOICES)
@pytest.mark.parametrize("value", ["nonsense", 0, 1.0, True, None, ["public"]])
def test_a_choice_is_one_of_its_options(path, value):
    if value is True and set(CATALOGUE[path].options) == {"no", "yes"}:
        assert (check_value(path, True), check_value(path, False)) == ("yes", "no")
        return
    message = complaint(check_value, path, value)
    assert path in message and repr(value) in message and all(option in message for option in CATALOGUE[path].options)


@pytest.mark.parametrize("path", DATES)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, 0),
        (52, 52),
        ("2026-04-01", 0),
        (datetime.date(2026, 4, 7), 0),
        (datetime.date(2026, 4, 8), 1),
        ("2027-04-01", 52),
        (datetime.datetime(2026, 4, 15, 12), 2),
        (None, None),
    ],
)
def test_a_date_is_a_week(path, given, expected):
    assert check_value(path, given) == expected


@pytest.mark.parametrize("path", DATES)
@pytest.mark.parametrize(
    ("value", "named"),
    [
        (-1, "-1"),
        (1.5, "1.5"),
        (True, "True"),
        (math.nan, "nan"),
        ("soon", "soon"),
        ("2026-02-30", "2026-02-30"),
        (datetime.time(7, 30), "7, 30"),
        ("2026-03-31", "2026-03-31"),
        (datetime.date(2026, 3, 31), "2026"),
        (1_000_001, "1000001"),
    ],
)
def test_a_bad_date_is_named_as_it_was_given(path, value, named):
    message = complaint(check_value, path, value)
    assert path in message and named in message and CATALOGUE[path].allowed in message


@pytest.mark.parametrize("path", TRIGGERS)
@pytest.mark.parametrize(("given", "expected"), [(None, None), (0, 0.0), (1.5, 1.5), (1_000_000, 1e6)])
def test_a_trigger_is_a_number_or_never(path, given, expected):
    assert check_value(path, given) == expected


@pytest.mark.parametrize("path", TRIGGERS)
@pytest.mark.parametrize(
    "value", [-1, True, math.nan, 1_000_001, "soon", "2027-04-01", datetime.date(2027, 4, 1), datetime.time(7, 30)]
)
def test_a_trigger_is_no_date(path, value):
    message = complaint(check_value, path, value)
    assert path in message and CATALOGUE[path].allowed in message


@pytest.mark.parametrize("path", CONDITIONS)
def test_a_condition_is_off_or_a_number_in_its_range(path):
    d = CATALOGUE[path]
    assert [check_value(path, value) for value in (None, d.low, d.high)] == [None, d.low, d.high]
    for value in (-1, d.high * 1.01, True, math.nan, "soon", datetime.date(2027, 4, 1)):
        message = complaint(check_value, path, value)
        assert path in message and d.allowed in message


def test_a_week_begins_on_the_weekday_of_the_first_of_april():
    assert [week_of(datetime.date(2026, 4, 1) + datetime.timedelta(days)) for days in (-1, 0, 6, 7, 14)] == [
        -1, 0, 0, 1, 2,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("cycle.reviev", "cycle.review"),
        ("governance.rate_limit.min_week", "governance.rate_limit.min_weeks"),
        ("decision.ownharm", "decision.own_harm"),
    ],
)
def test_an_unknown_path_is_answered_with_the_nearest_known_one(path, hint):
    message = complaint(PLAIN.with_, {path: 1})
    assert f"'{path}'" in message and f"did you mean '{hint}'?" in message


def test_a_scenario_that_lists_its_labs_has_no_number_of_labs():
    listed = PLAIN.with_strategy("keeper")
    assert "race.labs" in complaint(listed.with_, {"race.labs": 3})
    assert len(PLAIN.with_({"race.labs": 3}).all_labs) == 3


@pytest.mark.parametrize("count", [1, 5, 10, 11, 40])
def test_labs_are_made_with_different_names(count):
    labs = PLAIN.with_({"race.labs": count}).all_labs
    assert len({lab.name for lab in labs}) == count and labs[0].name == NAMES[0]


def test_with_leaves_the_original_as_it_was():
    changed = PLAIN.with_({"cycle.review": 5, "governance.rate_limit.start": "2026-04-08"})
    assert (PLAIN["cycle.review"], changed["cycle.review"]) == (2.0, 5.0)
    assert (changed["governance.rate_limit.start"], changed.without_rules()["governance.rate_limit.start"]) == (1, None)
    assert dict(PLAIN.values) == DEFAULTS


def test_a_lab_overrides_its_own_groups_only():
    lab = check_lab(LabSpec("cobalt", "keeper", {"decision.own_harm": 2, "cycle.review": 4.0}))
    rows = PLAIN.lab_rows(lab)
    assert (rows["decision"]["own_harm"], rows["cycle"]["review"], rows["cycle"]["machine"]) == (2.0, 4.0, 3.5)
    for path in CATALOGUE:
        if not is_lab_path(path):
            message = complaint(check_lab, LabSpec("cobalt", "keeper", {path: CATALOGUE[path].default}))
            assert "cobalt" in message and path in message and "cycle, faking, decision" in message


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (LabSpec("cobalt", "kepper"), ["cobalt", "kepper", "did you mean 'keeper'?", "calculator"]),
        (LabSpec("cobalt", ["keeper"]), ["cobalt", "['keeper']", "calculator"]),
        (LabSpec("cobalt", 3), ["cobalt", "3", "calculator"]),
        (LabSpec("cobalt", "keeper", {"decision.own_harm": -1}), ["cobalt", "own_harm", "-1", "from 0 to 100"]),
        (LabSpec("cobalt", "keeper", {"cycle.revue": 1}), ["cobalt", "cycle.revue", "cycle.review"]),
    ],
)
def test_a_bad_lab_is_named(spec, words):
    message = complaint(check_lab, spec)
    assert all(word in message for word in words)


GOOD = [
    {"dist": "uniform", "low": 0.001, "high": 0.1},
    {"dist": "loguniform", "low": 0.001, "high": 0.1},
    {"dist": "normal", "mean": 0.01, "sd": 5.0},
    {"dist": "triangular", "low": 0.0, "mode": 0.0, "high": 1},
    {"dist": "triangular", "low": 0.0, "mode": 1.0, "high": 1},
    {"dist": "choice", "values": [0.01, 0.02]},
    {"dist": "choice", "values": [1]},
]


@pytest.mark.parametrize("spec", GOOD, ids=lambda s: s["dist"])
def test_a_good_distribution_is_taken_as_it_is(spec):
    assert check_uncertainty("harm.rate", spec) == spec
    assert {s["dist"] for s in GOOD} == set(DISTRIBUTIONS)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (3, ["3", "loguniform"]),
        ({"low": 0, "high": 1}, ["dist", "uniform"]),
        ({"dist": "beta", "low": 0, "high": 1}, ["beta", "triangular"]),
        ({"dist": ["uniform"], "low": 0, "high": 1}, ["['uniform']", "triangular"]),
        ({"dist": "uniform", "low": 0}, ["'high' is missing"]),
        ({"dist": "uniform", "low": 0, "high": 1, "mode": 0.5}, ["unknown key 'mode'", "low, high"]),
        ({"dist": "uniform", "low": 0.2, "high": 0.1}, ["low must be below high", "0.2"]),
        ({"dist": "uniform", "low": 0.1, "high": 0.1}, ["low must be below high"]),
        ({"dist": "uniform", "low": -1, "high": 1}, ["low = -1", "from 0 to 10"]),
        ({"dist": "uniform", "low": 0, "high": 11}, ["high = 11", "from 0 to 10"]),
        ({"dist": "uniform", "low": True, "high": 1.5}, ["low = True", "number"]),
        ({"dist": "uniform", "low": "a", "high": 1}, ["low = 'a'", "number"]),
        ({"dist": "uniform", "low": math.nan, "high": 1}, ["low = nan", "number"]),
        ({"dist": "uniform", "low": 0, "high": 10**400}, ["high = 1000"]),
        ({"dist": "loguniform", "low": 0, "high": 1}, ["low > 0"]),
        ({"dist": "normal", "mean": 0.01, "sd": 0}, ["sd > 0"]),
        ({"dist": "normal", "mean": 0.01, "sd": -1.0}, ["sd > 0"]),
        ({"dist": "normal", "mean": 0.01, "sd": math.inf}, ["sd = inf"]),
        ({"dist": "normal", "mean": 20.0, "sd": 1.0}, ["mean = 20.0", "from 0 to 10"]),
        ({"dist": "triangular", "low": 0.1, "mode": 0.05, "high": 1.0}, ["low must be below high"]),
        ({"dist": "triangular", "low": 0.1, "mode": 0.1, "high": 0.1}, ["low must be below high"]),
        ({"dist": "choice", "values": []}, ["at least one"]),
        ({"dist": "choice", "values": 0.1}, ["must be a list"]),
        ({"dist": "choice", "values": [0.1, 11]}, ["11", "from 0 to 10"]),
        ({"dist": "choice", "values": [0.1, "b"]}, ["'b'", "from 0 to 10"]),
    ],
    ids=lambda x: repr(x)[:60],
)
def test_a_bad_distribution_is_named(spec, words):
    message = complaint(check_uncertainty, "harm.rate", spec)
    assert "harm.rate" in message and all(word in message for word in words)


@pytest.mark.parametrize(("low", "high"), [(2.5, 8), (2, 8.5)])
def test_ends_of_a_whole_number_must_be_whole(low, high):
    message = complaint(check_uncertainty, "cycle.candidates", {"dist": "uniform", "low": low, "high": high})
    fault = f"low = {low}" if low != 2 else f"high = {high}"
    assert f"cycle.candidates: {fault} must be a whole number from 1 to" in message
    assert check_uncertainty("cycle.candidates", {"dist": "uniform", "low": 2.0, "high": 8})["low"] == 2


@pytest.mark.parametrize(
    "path",
    ["race.labs", "race.weeks", "race.information", "cycle.form", "evaluators.number", *DATES, *TRIGGERS, *CONDITIONS],
)
def test_what_is_no_plain_uncertain_number_cannot_be_sampled(path):
    assert f"'{path}' cannot be sampled" in complaint(check_uncertainty, path, GOOD[0])


def test_an_unknown_uncertain_path_is_answered_with_the_nearest_one():
    message = complaint(check_uncertainty, "harm.rates", GOOD[0])
    assert "'harm.rates'" in message and "did you mean 'harm.rate'?" in message
