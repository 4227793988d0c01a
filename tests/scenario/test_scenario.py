"""Values, labs and uncertainties are checked where they enter: what is wrong is named, with what is allowed."""

import contextlib
import datetime
import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.model.orders import NEVER
from labsim.scenario import checked as module
from labsim.scenario.checked import (
    CATALOGUE,
    DEFAULTS,
    DISTRIBUTIONS,
    NAMES,
    LabSpec,
    ScenarioError,
    check_declared,
    check_lab,
    check_uncertainty,
    check_value,
    is_lab_path,
    week_of,
)  # fmt: skip
from labsim.scenario.scenario import Scenario

PLAIN = Scenario("plain")
NUMBERS = [path for path, d in CATALOGUE.items() if not d.options and d.default is not None]
CHOICES = [path for path, d in CATALOGUE.items() if d.options]
DATES = [path for path, d in CATALOGUE.items() if d.default is None and d.whole]
TRIGGERS = [path for path in CATALOGUE if path.endswith(".trigger")]
CONDITIONS = [path for path, d in CATALOGUE.items() if d.default is None and path not in DATES + TRIGGERS]
KINDS = {"number": NUMBERS, "choice": CHOICES, "date": DATES, "trigger": TRIGGERS, "condition": CONDITIONS}

# A few of each kind stand for all: test_parameters_of_a_kind_are_checked_by_the_same_lines says why they may.
SOME_DATES = [
    "governance.rate_limit.start", "governance.rate_limit.stop", "governance.treaty.start",
    "governance.treaty.stop", "safeguards.debate.start", "safeguards.debate.stop", "events.leak.start",
    "events.leak.stop", "events.information_shock.start", "events.information_shock.stop",
]  # fmt: skip
SOME_TRIGGERS = ["governance.rate_limit.trigger", "governance.treaty.trigger"]
SOME_CHOICES = [
    "race.information", "cycle.form", "evaluators.response", "governance.human_mandate.where",
    "governance.treaty.release", "safeguards.inter_cycle_audit.auditor",
]  # fmt: skip


def complaint(function, *arguments):
    """The message of the ScenarioError that a call must raise: one line."""
    try:
        function(*arguments)
    except ScenarioError as error:
        message = str(error)
    else:
        pytest.fail(f"taken: {arguments}")
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


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.fixed_dictionaries({path: valid(path) for path in CATALOGUE}))
def test_every_value_in_range_is_taken_and_read_as_a_number(values):
    scenario = PLAIN.with_(values)
    rows = scenario.rows()
    for path, value in values.items():
        assert scenario[path] == value, path
        table, _, name = path.rpartition(".")
        number, options = rows[table][name], CATALOGUE[path].options
        assert isinstance(number, float), path
        assert number == (NEVER if value is None else options.index(value) if options else value), path


def test_every_end_of_a_range_is_allowed_and_beyond_is_not():
    for path in NUMBERS:
        d = CATALOGUE[path]
        beyond = (d.low - 1, d.high + 1) if d.whole else (math.nextafter(d.low, -math.inf), d.high * 1.01)
        for value in (d.low, d.high):
            assert check_value(path, value) == value, path
        for value in beyond:
            message = complaint(check_value, path, value)
            assert path in message and repr(value) in message and d.allowed in message


BAD = [True, False, "3", "many", [1], {"a": 1}, math.nan, math.inf, -math.inf, datetime.date(2027, 1, 1), None]


@pytest.mark.parametrize("path", ["cycle.review", "race.weeks", "harm.rate", "cycle.candidates"])
@pytest.mark.parametrize("value", [*BAD, 10**400, -(10**400)], ids=lambda v: repr(v)[:20])
def test_what_is_not_a_finite_number_is_refused(path, value):
    message = complaint(check_value, path, value)
    assert path in message and repr(value)[:12] in message and CATALOGUE[path].allowed in message


def kind_of(d):
    """What the check of a value asks of a declaration, but for its range and its options."""
    return d.default is None, d.is_date, d.whole, bool(d.options), set(d.options) == {"no", "yes"}


NO_NUMBERS = [
    None, True, False, math.nan, math.inf, "soon", "never", "2026-02-30", "2026-03-31", "2026-04-01", "2027-04-01",
    datetime.date(2026, 3, 31), datetime.date(2026, 4, 8), datetime.datetime(2026, 4, 15, 12), datetime.time(7, 30),
    [1], {"a": 1},
]  # fmt: skip


def lines(check, path):
    """The lines of the scenario's module that run, in order, when a parameter is checked with good and bad values."""
    d, ran, before = CATALOGUE[path], [], sys.gettrace()
    ends = () if d.options else (d.low, d.high, d.low - 1 - abs(d.low), 2 * d.high + 1)
    own = [int(end) if d.whole else float(end) for end in ends] or [d.options[0], d.options[-1]]

    def look(frame, event, _):
        if frame.f_code.co_filename == module.__file__:
            ran.append(frame.f_lineno)
            return look

    for value in [*NO_NUMBERS, d.default, *own]:
        sys.settrace(look)
        with contextlib.suppress(ScenarioError):
            check(path, value)
        sys.settrace(before)
    return ran


@pytest.mark.parametrize("paths", KINDS.values(), ids=KINDS)
def test_parameters_of_a_kind_are_checked_by_the_same_lines(paths):
    """So a few of them can stand for all: the check asks what is declared of a parameter, not what it is called."""
    first = {}
    for path in paths:
        first.setdefault(kind_of(CATALOGUE[path]), lines(check_value, path))
    apart = [path for path in paths if lines(check_value, path) != first[kind_of(CATALOGUE[path])]]
    assert not apart, apart


def test_dates_and_triggers_have_one_range_each():
    for paths in (DATES, TRIGGERS):
        assert len({(d.low, d.high, d.allowed) for d in map(CATALOGUE.get, paths)}) == 1


def test_a_check_that_treats_one_of_a_kind_apart_runs_other_lines():
    def apart(path, value):
        if path == "governance.treaty.start":
            return check_declared(path, CATALOGUE["cycle.candidates"], value)
        return check_value(path, value)

    assert lines(apart, "governance.treaty.start") != lines(apart, "governance.treaty.stop")
    assert lines(apart, "governance.treaty.stop") == lines(check_value, "governance.treaty.start")


@pytest.mark.parametrize("value", [2.0, 2.5])
def test_whole_numbers_are_whole(value):
    for path in NUMBERS:
        if CATALOGUE[path].whole:
            assert "must be a whole number from" in complaint(check_value, path, value)


@pytest.mark.parametrize("path", SOME_CHOICES)
@pytest.mark.parametrize("value", ["nonsense", 0, 1.0, True, None, ["public"]])
def test_a_choice_is_one_of_its_options(path, value):
    if value is True and set(CATALOGUE[path].options) == {"no", "yes"}:
        assert (check_value(path, True), check_value(path, False)) == ("yes", "no")
        return
    message = complaint(check_value, path, value)
    assert path in message and repr(value) in message and all(option in message for option in CATALOGUE[path].options)


@pytest.mark.parametrize("path", SOME_DATES)
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


@pytest.mark.parametrize("path", SOME_DATES)
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


@pytest.mark.parametrize("path", SOME_TRIGGERS)
@pytest.mark.parametrize(("given", "expected"), [(None, None), (0, 0.0), (1.5, 1.5), (1_000_000, 1e6)])
def test_a_trigger_is_a_number_or_never(path, given, expected):
    assert check_value(path, given) == expected


@pytest.mark.parametrize("path", SOME_TRIGGERS)
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


def test_what_is_no_plain_uncertain_number_cannot_be_sampled():
    for path in ["race.labs", "race.weeks", "evaluators.number", *CHOICES, *DATES, *TRIGGERS, *CONDITIONS]:
        assert f"'{path}' cannot be sampled" in complaint(check_uncertainty, path, GOOD[0])


def test_an_unknown_uncertain_path_is_answered_with_the_nearest_one():
    message = complaint(check_uncertainty, "harm.rates", GOOD[0])
    assert "'harm.rates'" in message and "did you mean 'harm.rate'?" in message
