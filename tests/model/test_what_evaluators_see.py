"""What follows from the rules of evaluation: nothing here is imposed by a rule that says so.

Differences are paired (the same luck); each claim holds by several standard errors.
"""

import numpy as np
import pytest

from labsim.engines import ensemble
from labsim.model.outcomes import OUTCOMES, ranks
from labsim.runs.experiment import run
from labsim.scenario.checked import EvaluatorSpec
from labsim.scenario.files import load
from labsim.scenario.scenario import Scenario

BASE = load("hassabis-baseline")
RETRAIN = {"evaluators.response": "retrain"}
REPLICATIONS = 300


def outcome(name: str, changes: dict, world: Scenario = BASE) -> np.ndarray:
    """An outcome for each replication."""
    return OUTCOMES[name].function(ensemble.simulate(world.with_(changes), 0, REPLICATIONS, 0))


def certainly(difference: np.ndarray) -> float:
    """The mean difference in its standard errors."""
    difference = difference[~np.isnan(difference)]
    return difference.mean() / (difference.std(ddof=1) / np.sqrt(len(difference)))


@pytest.mark.parametrize(("fewer", "more"), [(0, 1), (1, 2), (2, 4)])
def test_more_observed_tests_raise_faking_when_labs_train_on_what_they_fail(fewer, more):
    low, high = (outcome("faking", RETRAIN | {"evaluators.number": n}) for n in (fewer, more))
    assert certainly(high - low) > 4


@pytest.mark.parametrize("internals", [0.0, 1.0])
def test_concealed_tests_and_internals_lower_faking_under_the_same_training(internals):
    shares = [RETRAIN | {"evaluators.access": a, "evaluators.internals": internals} for a in (0.0, 0.5, 1.0)]
    observed, mixed, clear = (outcome("faking", change) for change in shares)
    assert certainly(observed - mixed) > 4 and certainly(mixed - clear) > 4
    assert clear.mean() < 0.12 < observed.mean()


def test_a_concealed_test_that_is_recognised_is_an_observed_one():
    concealed = RETRAIN | {"evaluators.access": 0.75, "evaluators.internals": 0.0}
    kept, lost = (outcome("faking", concealed | {"evaluators.recognition": r}) for r in (0.0, 0.5))
    assert certainly(lost - kept) > 4


def order_by_week(changes: dict, weeks: tuple[int, ...]) -> list[float]:
    """Mean rank correlation over labs of measured and true exposure, in some weeks."""
    labs = ensemble.trace(BASE.with_(changes), 0, REPLICATIONS, 0, ("measured", "exposure"), weeks=80)[2]
    means = []
    for week in weeks:
        now = labs[~np.isnan(labs[:, week, 0, 0]), week]
        measured, true = ranks(now[:, :, 0]), ranks(now[:, :, 1])
        spread = np.sqrt((measured * measured).sum(axis=1) * (true * true).sum(axis=1))
        means.append(float(((measured * true).sum(axis=1)[spread > 0] / spread[spread > 0]).mean()))
    return means


def test_measured_and_true_order_of_labs_come_apart_as_humans_leave():
    early, late = order_by_week({"evaluators.number": 0}, (12, 64))
    assert early > 0.95 and late < 0.7


@pytest.mark.parametrize("world", [{"evaluators.number": 0}, RETRAIN])
def test_and_come_back_once_evaluations_see_through_faking(world):
    blind = order_by_week(world, (64,))[0]
    before, after = order_by_week(world | {"governance.mandatory_evaluation.start": 50}, (49, 64))
    assert blind < before - 0.02 and after > blind + 0.1


def test_three_evaluators_that_share_the_labs_sight_are_worth_less_than_two_of_their_own():
    alike = outcome("blindness", {"evaluators.number": 3, "evaluators.independence": 0.2})
    own = outcome("blindness", {"evaluators.number": 2})
    assert certainly(alike - own) > 4


def test_an_evaluator_with_the_labs_own_eyes_tells_it_nothing_but_noise():
    mirror = {"evaluators.number": 2, "evaluators.independence": 0.0, "evaluators.noise": 0.0}
    assert (ensemble.simulate(BASE.with_(mirror), 0, REPLICATIONS, 0).labs("known") < 1e-9).all()
    assert (ensemble.simulate(BASE, 0, REPLICATIONS, 0).labs("known") > 0.1).any()


@pytest.mark.parametrize("response", ["pause", "repair"])
def test_false_alarms_cost_time(response):
    """Where nobody removes the human and little is wrong, findings are mostly false: weeks are lost for nothing."""
    world = {"evaluators.response": response, "evaluators.number": 5, "evaluators.access": 1.0}
    careful = BASE.with_strategy("keeper").with_({"cycle.research": 0.01})
    feared = world | {"evaluators.false_alarm": 0.5}
    assert certainly(outcome("race_weeks", feared, careful) - outcome("race_weeks", world, careful)) > 4


@pytest.mark.parametrize("response", ["pause", "roll_back", "repair"])
def test_misses_cost_safety(response):
    world = {"evaluators.response": response, "evaluators.number": 3, "evaluators.access": 1.0}
    missed = world | {"evaluators.miss": 0.8}
    assert certainly(outcome("catastrophe", missed) - outcome("catastrophe", world)) > 4


@pytest.mark.parametrize(
    "fault", [{"outgrown": 0.5}, {"capture": 0.7}, {"familiarity": 0.2}, {"capacity": 1}, {"weeks": 26}]
)
def test_what_weakens_evaluators_lets_harm_through(fault):
    world = {"evaluators.response": "pause", "evaluators.access": 1.0, "evaluators.capacity": 2}
    weak = world | {f"evaluators.{name}": value for name, value in fault.items()}
    assert certainly(outcome("catastrophe", weak) - outcome("catastrophe", world)) > 3


def test_labs_that_shop_leave_the_field_to_the_lenient():
    specs = (EvaluatorSpec("strict"), EvaluatorSpec("lenient", {"evaluators.capture": 0.9}))
    market = Scenario("market", evaluators=specs).with_({"evaluators.response": "pause", "evaluators.access": 1.0})
    shops = {"evaluators.shopping": 1.0}
    assert certainly(outcome("catastrophe", shops, market) - outcome("catastrophe", {}, market)) > 3


def test_published_findings_cost_the_lab_its_market():
    private, public = ({"evaluators.response": "nothing", "evaluators.publication": p} for p in ("private", "public"))
    assert certainly(outcome("concern", public) - outcome("concern", private)) > 4
    slower = outcome("race_weeks", public | {"evaluators.finding_trust": 2.0})
    assert certainly(slower - outcome("race_weeks", private)) > 2


@pytest.mark.parametrize(
    ("name", "problem", "answer", "direction"),
    [
        ("exam_sight", {"faking.half_life": 5.0}, {"faking.half_life": 40.0}, 1),
        ("anchor", {"cycle.erosion": 0.1}, {"cycle.erosion": 0.02}, 1),
        ("undetected_regressions", {"cycle.regression": 0.3},
         {"safeguards.regression_detection.start": 0}, -1),
        ("unaudited_share", {}, {"safeguards.inter_cycle_audit.start": 0}, -1),
    ],
)  # fmt: skip
def test_each_open_problem_has_an_outcome_that_its_answer_moves(name, problem, answer, direction):
    assert certainly(direction * (outcome(name, problem | answer) - outcome(name, problem))) > 4


@pytest.mark.parametrize(
    "problem", [{"cycle.erosion": 0.1}, {"cycle.regression": 0.3}, {"faking.half_life": 3.0}]
)  # fmt: skip
def test_each_open_problem_raises_harm(problem):
    assert certainly(outcome("catastrophe", problem) - outcome("catastrophe", {})) > 4


def test_a_human_audit_between_cycles_lowers_exposure_more_than_the_labs_own():
    audit = {"safeguards.inter_cycle_audit.start": 0, "safeguards.inter_cycle_audit.weeks": 0.0}
    own, human = (outcome("exposure", audit | {"safeguards.inter_cycle_audit.auditor": a}) for a in ("self", "human"))
    assert certainly(own - human) > 4


def test_outcomes_of_the_open_problems_are_reported():
    results = run(BASE, replications=5)
    assert {"exam_sight", "anchor", "undetected_regressions", "unaudited_share"} <= set(results.summaries)
