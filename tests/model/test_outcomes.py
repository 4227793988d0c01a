"""What is reported of a race, from final states that are put together by hand."""

import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from labsim.model import state
from labsim.model.outcomes import LAB_PLACE, OUTCOMES, RACE_PLACE, Final, Outcome, ranks
from tests import lacks

VALUES = {"harm.public_harm": 1.0, "harm.social_discount": 0.03, "harm.inspection_cost": 0.1, "harm.breach": 0.2}


def final(race=None, **labs):
    """One replication: quantities of the race, and of each lab."""
    size = max([len(values) for values in labs.values()] or [2])
    races, states = np.zeros((1, len(RACE_PLACE))), np.zeros((1, size, len(LAB_PLACE)))
    for name, value in (race or {}).items():
        races[0, RACE_PLACE[name]] = value
    for name, values in labs.items():
        states[0, :, LAB_PLACE[name]] = values
    return Final(races, states, VALUES)


@pytest.mark.parametrize(
    ("outcome", "given", "expect"),
    [
        ("catastrophe", {"race": {"hazard_run": 0.7}}, 1.0 - math.exp(-0.7)),
        ("winner_closed", {"race": {"finished": 1.0}, "won": [0.0, 1.0], "oversight": [1.0, 0.0]}, 1.0),
        ("winner_closed", {"race": {"finished": 1.0}, "won": [0.5, 0.5], "oversight": [1.0, 0.0]}, 0.5),  # a tie
        ("winner_closed", {"won": [0.0, 0.0], "oversight": [0.0, 0.0]}, math.nan),
        ("unfinished", {"race": {"finished": 1.0}}, 0.0),
        ("unfinished", {}, 1.0),
        ("closers", {"first_closed": [-1.0, 0.0, 9.0]}, 2.0),  # in week 0 too
        ("closed_share", {"race": {"week": 20.0}, "closed_weeks": [10.0, 0.0]}, 0.25),
        ("closed_share_end", {"oversight": [0.0, 0.5, 1.0, 0.0]}, 0.5),  # a human in some cycles is one
        ("first_closure_week", {"first_closed": [-1.0, 9.0, 4.0]}, 4.0),
        ("first_closure_week", {"first_closed": [-1.0, -1.0]}, math.nan),
        ("alignment_gap", {"log_capability": [0.0, math.log(5.0)], "log_alignment": [0.0, math.log(2.0)]}, 1.5),
        ("exposure", {"exposure": [0.2, 0.4]}, 0.3),
        ("blindness", {"exposure": [0.5, 0.25], "measured": [0.25, 0.5]}, 0.0),
        ("blindness", {"exposure": [0.5, 0.5], "measured": [0.25, 0.0]}, 0.375),
        ("race_weeks", {"race": {"week": 71.0}}, 71.0),
        ("payoff", {"payoff": [1.0, -0.5]}, 0.25),
        ("welfare", {"race": {"week": 52.0, "hazard_run": 0.0}}, math.exp(-0.03)),
        ("welfare", {"race": {"hazard_run": math.log(2.0)}}, 0.5 - 1.0 * 0.5),
        ("welfare", {"race": {"week": 0.0}, "inspected": [2.0, 1.0], "breaches_seen": [1.0, 0.0]}, 1.0 - 0.3 + 0.2),
        ("faking", {"faked": [0.2, 0.4]}, 0.3),
        ("exam_sight", {"seen": [1.0, 0.5]}, 0.75),
        ("anchor", {"anchor": [1.0, 0.5]}, 0.75),
        ("undetected_regressions", {"regressions": [3.0, 4.0], "regressions_found": [3.0, 1.0]}, 1.5),
        ("unaudited_share", {"cycles": [10.0, 30.0], "unaudited": [10.0, 0.0]}, 0.25),  # of all cycles
        ("unaudited_share", {"cycles": [0.0, 4.0], "unaudited": [0.0, 4.0]}, 1.0),
        ("unaudited_share", {"cycles": [0.0, 0.0]}, math.nan),
        ("false_alarms", {"false_alarms": [3.0, 0.0]}, 1.5),
        ("misses", {"misses": [3.0, 0.0]}, 1.5),
        ("unexamined", {"cycles": [10.0, 6.0], "examined": [8.0, 0.0]}, 4.0),
        ("concern", {"race": {"concern": 2.5}}, 2.5),
        ("ranking", {"measured": [1.0, 2.0, 3.0], "exposure": [0.1, 0.2, 9.0]}, 1.0),
        ("ranking", {"measured": [1.0, 2.0, 3.0], "exposure": [9.0, 0.2, 0.1]}, -1.0),
        ("ranking", {"measured": [1.0, 1.0, 1.0], "exposure": [9.0, 0.2, 0.1]}, math.nan),  # no ranking to speak of
        ("ranking", {"measured": [1.0], "exposure": [1.0]}, math.nan),
    ],
)
def test_an_outcome(outcome, given, expect):
    (result,) = OUTCOMES[outcome].function(final(**given))
    assert result == pytest.approx(expect, rel=1e-14, nan_ok=True)


def test_every_outcome_has_a_case():
    alone = {name for name, outcome in OUTCOMES.items() if not outcome.less_rule_free}  # the others have a test each
    missing = alone - set(lacks.cases_of(test_an_outcome))
    lacks.none_of(f"outcome {name}: needs a case of test_an_outcome, tests/model/test_outcomes.py" for name in missing)


COLUMNS = st.integers(1, 9).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n)] * 2))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(COLUMNS)
def test_ranking_is_the_rank_correlation_of_spearman_ties_and_all(columns):
    measured, exposure = ([float(v) for v in column] for column in columns)
    (result,) = OUTCOMES["ranking"].function(final(measured=measured, exposure=exposure))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of arrays that are constant, or too short
        expect = spearmanr(measured, exposure).statistic if len(measured) > 1 else math.nan
    assert result == pytest.approx(expect, abs=1e-12, nan_ok=True)


def test_ranks_share_ties_and_have_no_mean():
    assert ranks(np.array([[5.0, 1.0, 5.0, 9.0]])).tolist() == [[0.0, -1.5, 0.0, 1.5]]


def test_numbers_do_not_depend_on_the_order_of_labs():
    rng = np.random.default_rng(0)
    labs = rng.random((50, 7, len(state.fields(state.LabState))))
    races = np.ones((50, len(RACE_PLACE)))
    for name, outcome in OUTCOMES.items():
        one, other = (outcome.function(Final(races, states, VALUES)) for states in (labs, labs[:, ::-1]))
        assert np.array_equal(one, other, equal_nan=True), f"outcome {name} depends on the order of labs"


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_outcome_has_words_that_say_its_unit_once_and_a_meaning(name):
    lacks.none_of(f"outcome {name}: {fault}: see its line in OUTCOMES, labsim/model/outcomes.py"
                  for fault in wording_faults(name, OUTCOMES[name]))  # fmt: skip


def wording_faults(name, outcome):
    """What is wrong with the name, the words, the meaning, the direction or the unit of an outcome."""
    if name != outcome.function.__name__ and not outcome.less_rule_free:
        yield f"its function is called {outcome.function.__name__}"
    if not outcome.words.strip():
        yield "has no words"
    if len(outcome.meaning) <= 10:
        yield f"its function {outcome.function.__name__} has no docstring that says what it is"
    if outcome.direction not in (-1, 0, 1):
        yield f"direction = {outcome.direction}: must be MORE_IS_WORSE, LESS_IS_WORSE or left out"
    if not outcome.label.startswith(outcome.words) or outcome.unit not in outcome.label:
        yield f"its label '{outcome.label}' lacks its words '{outcome.words}' or its unit '{outcome.unit}'"
    if outcome.unit and re.findall(r"[^\s,]+", outcome.label).count(outcome.unit.split()[-1]) != 1:
        yield f"its label '{outcome.label}' does not say its unit '{outcome.unit}' once"
    if outcome.scale != (100.0 if outcome.unit.startswith("%") else 1.0):
        yield f"scale = {outcome.scale:g}: must be 100 for a unit that begins with %, else 1"


def lead(final):
    """Far ahead of all others."""


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (Outcome(lead, ""), "has no words"), (Outcome(len, "lead"), "its function is called len"),
        (Outcome(lead, "lead", direction=3), "direction = 3: must be"),
        (Outcome(lead, "races won", "% of races"), "does not say its unit '% of races' once"),
        (Outcome(lead, "leads per lab", "per lab"), "does not say its unit 'per lab' once"),
        (Outcome(lead, "lead"), None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_outcome_s_words_is_named(outcome, fault):
    faults = list(wording_faults("lead", outcome))
    assert len(faults) == (fault is not None) and all(fault in said for said in faults)


def test_no_two_outcomes_have_the_same_words():
    assert len({outcome.label for outcome in OUTCOMES.values()}) == len(OUTCOMES)


@pytest.mark.parametrize(
    ("direction", "sign", "word"),
    [(1, 1, "worse"), (1, -1, "better"), (-1, 1, "better"), (-1, -1, "worse"), (0, 1, ""), (0, -1, ""), (1, 0, "")],
)
def test_a_difference_is_judged_by_the_direction(direction, sign, word):
    assert Outcome(len, "words", direction=direction).verdict(sign) == word


def test_the_cost_of_delay_is_the_finish_less_that_of_the_rule_free_race():
    own, free = (final({"finished": 1.0, "week": week}, cycles=[1.0, 1.0]) for week in (90.0, 70.0))
    never = final({"finished": 0.0, "week": 260.0}, cycles=[1.0, 1.0])
    given = [(own, free, 20.0), (free, own, -20.0), (own, never, math.nan), (never, free, math.nan)]
    for race, other, expect in given:
        (result,) = OUTCOMES["delay_cost"].values(race, other)
        assert result == pytest.approx(expect, nan_ok=True)
    (alone,) = OUTCOMES["exposure"].values(own, free)
    assert alone == OUTCOMES["exposure"].function(own)[0]
