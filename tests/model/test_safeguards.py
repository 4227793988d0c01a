"""What a lab binds itself to: what each safeguard orders, to the edge of each threshold, and what it does in races."""

import math

import numpy as np
import pytest

from labsim.engines import ensemble
from labsim.engines.mesa_engine import Race
from labsim.model.between_cycles import restrain
from labsim.model.competition import absorb, appeal
from labsim.model.harm import run_hazard
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.self_improvement import alignment_reading, improve, read_own_gap, review, sight
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario
from tests import lacks
from tests.worlds import KEY, act, one_lab, ordered, put

LN3 = math.log(0.3)
PAUSED = {"fresh_every": 1.0, "must_pause": 1.0}
FAST = {"gain": 0.2, "first_pace": 0.05, "weeks": 2.0, "measured": 0.7}  # twice the pace of week 0


@pytest.mark.parametrize(
    ("name", "values", "given", "expect"),
    [
        ("inter_cycle_audit", {}, {}, {"auditor": 3.0, "audit_line": -0.05, "extra_weeks": 0.5}),
        ("inter_cycle_audit", {"auditor": "nobody"}, {}, {"audit_line": -0.05}),
        ("regression_detection", {}, {}, {"regression_watch": 0.8, "regression_alarm": 0.05}),
        ("regression_detection", {"detection": 0, "false_alarm": 0}, {}, {}),
        ("rollback_on_incident", {}, {"incident": 1.0}, {}),  # it acts, and orders nothing
        ("rollback_on_incident", {}, {}, {}),
        ("versioned_self_modification", {}, {}, {"version_line": 0.5}),
        ("versioned_self_modification", {}, {"version_line": 0.7}, {"version_line": 0.7}),
        ("capability_ceiling", {}, {}, {"ceiling": pytest.approx(math.log(100), rel=1e-15)}),
        ("capability_ceiling", {}, {"ceiling": 1.0}, {"ceiling": 1.0}),
        ("bounded_improvement", {}, {}, {"largest_gain": 0.15}),
        ("bounded_improvement", {}, {"largest_gain": 0.1}, {"largest_gain": 0.1}),
        ("impact_regularisation", {}, {}, {"damping": 2.0}),
        ("impact_regularisation", {"penalty": 0}, {}, {}),
        ("factored_cognition", {}, {}, {"frozen": 0.98, "pace": 0.9}),
        ("factored_cognition", {"frozen": 0, "cost": 0}, {}, {}),
        ("least_agency", {}, {}, {"pace": 0.7, "deployed": 0.7}),
        ("least_agency", {"agency": 1}, {}, {}),
        ("staged_deployment", {}, {"measured": 0.3}, {}),  # on the line
        ("staged_deployment", {}, {"measured": 0.3001}, {"deployed": 0.3, "standing": pytest.approx(LN3)}),
        ("staged_deployment", {"stage": 1}, {"measured": 9.0}, {}),
        ("debate", {}, {}, {"checks": 1.5, "arbitration": 0.1, "extra_weeks": 0.3}),
        ("debate", {"debaters": 1, "arbitrated": 0, "weeks": 0}, {}, {}),  # one that debates with itself
        ("debate", {"debaters": 20, "shared": 1, "arbitrated": 0, "weeks": 0}, {}, {}),  # all with the same errors
        ("debate", {"debaters": 20, "shared": 0, "arbitrated": 0, "weeks": 0}, {}, {"checks": 20.0}),
        ("constitution", {}, {}, {"steadiness": 0.5, "pace": 0.98}),
        ("constitution", {"steadiness": 0, "cost": 0}, {}, {}),
        ("interpretability_before_merge", {}, {}, {"opened": 0.8, "extra_weeks": 0.5}),
        ("interpretability_before_merge", {"reach": 0, "weeks": 0}, {}, {}),
        ("acceleration_threshold", {}, FAST, PAUSED),
        ("acceleration_threshold", {}, FAST | {"gain": 0.19}, {}),  # not yet twice as fast
        ("acceleration_threshold", {"speedup": 5}, FAST, {}),
        ("acceleration_threshold", {"answer": "report"}, FAST, {"fresh_every": 1.0}),
        ("acceleration_threshold", {}, FAST | {"measured": 0.69}, {"fresh_every": 1.0}),  # it measures itself as safe
        ("acceleration_threshold", {}, FAST | {"measured": 0.64, "paused": 1.0}, PAUSED),
        ("acceleration_threshold", {}, FAST | {"measured": 0.62, "paused": 1.0}, {"fresh_every": 1.0}),
        ("pause_spec", {}, {"completed": 1.0, "log_capability": 3.0, "measured": 3.0}, {}),  # see test_pause_spec
        ("pause_spec", {}, {}, {}),
    ],
)  # fmt: skip
def test_what_a_safeguard_orders(name, values, given, expect):
    world, lab = one_lab(None, **given)
    assert ordered(act(name, lab, world, **values)) == expect


def test_every_safeguard_has_cases():
    names = lacks.cases_of(test_what_a_safeguard_orders)
    ask = "safeguard {}: has %s, needs two cases in test_what_a_safeguard_orders, tests/model/test_safeguards.py"
    once = [name for name in SAFEGUARDS if names.count(name) == 1]
    lacks.none_of([
        *lacks.differences(names, SAFEGUARDS, ask % "none", "{}: has cases and is no safeguard of labsim/model/"),
        *(ask.format(name) % "one" for name in once),
    ])


@pytest.mark.parametrize(
    ("adjusts", "seen_closed", "own_shown", "bound"),
    [("no", 3.0, 1.0, True), ("yes", 0.0, 1.0, True), ("yes", 1.0, 1.0, False), ("yes", 1.0, 0.0, True),
     ("yes", 2.0, 0.0, False)],
)  # fmt: skip
def test_the_adjustment_clause_frees_a_lab_while_a_rival_is_seen_closed(adjusts, seen_closed, own_shown, bound):
    world, lab = one_lab(None, **FAST, shown_oversight=own_shown)
    world.seen_closed = seen_closed
    act("acceleration_threshold", lab, world, adjusts=adjusts)
    assert (lab.must_pause, lab.fresh_every) == ((1.0, 1.0) if bound else (0.0, 0.0))


EDIT = {"log_capability": 2.0, "edit_capability": 0.5, "log_alignment": 1.0, "edit_alignment": 0.25}


@pytest.mark.parametrize(
    ("orders", "kept"),
    [
        ({}, 1.0),
        ({"pace": 0.9}, 0.9),
        ({"largest_gain": 0.5}, 1.0),
        ({"largest_gain": 0.25}, 0.5),
        ({"damping": 2.0}, 0.5),
        ({"ceiling": 2.0}, 1.0),
        ({"ceiling": 1.75}, 0.5),
        ({"ceiling": 1.5}, 0.0),
        ({"ceiling": 1.0}, 0.0),  # above it by luck: it builds no more, and unlearns nothing
        ({"ceiling": 1.75, "largest_gain": 0.125}, 0.25),  # the narrower bound
        ({"pace": 0.5, "largest_gain": 0.25, "damping": 2.0}, 0.125),
    ],
)
def test_an_edit_is_merged_to_the_part_that_is_left(orders, kept):
    world, lab = one_lab(None, **EDIT | {"gain": 0.4} | orders)
    restrain(lab, world, world.p, KEY)
    expect = (1.5 + 0.5 * kept, 0.75 + 0.25 * kept, 0.5 * kept, 0.25 * kept, 0.4 - 0.05 * (1 - kept))
    result = (lab.log_capability, lab.log_alignment, lab.edit_capability, lab.edit_alignment, lab.gain)
    assert result == pytest.approx(expect, rel=1e-12)


@pytest.mark.parametrize("orders", [{"largest_gain": 0.1}, {"damping": 9.0}, {"ceiling": 2.1}])
def test_an_edit_that_loses_capability_is_not_bounded(orders):
    world, lab = one_lab(None, log_capability=2.0, edit_capability=-0.5, **orders)
    restrain(lab, world, world.p, KEY)
    assert (lab.log_capability, lab.edit_capability) == pytest.approx((2.0, -0.5))


@pytest.mark.parametrize(("ceiling", "expect"), [(9.0, 1.6), (1.5, 1.5), (1.0, 1.0), (0.5, 1.0)])
def test_ideas_of_others_lift_nobody_above_its_ceiling(ceiling, expect):
    world, lab = one_lab({"competition.ideas": 0.1}, log_capability=1.0, lead_heard=6.0, ceiling=ceiling)
    absorb(lab, world, world.p, KEY)
    assert lab.log_capability == pytest.approx(expect)


OWN = {"race.weeks": 150, "race.labs": 3}


def traced(changes, quantity, replications=60):
    """A quantity of every lab in every week, shape (replications, weeks, labs); nan after the end."""
    world = Scenario("bound").with_(OWN | changes).with_strategy("closer")
    return ensemble.trace(world, 0, replications, 2, (quantity,), (), 150)[2][..., 0]


@pytest.mark.parametrize("capability", [3.0, 20.0])
def test_no_lab_is_ever_above_the_ceiling_of_its_capability(capability):
    ceiling = {"safeguards.capability_ceiling.start": 0, "safeguards.capability_ceiling.capability": capability}
    x = traced(ceiling, "log_capability")
    assert np.nanmax(x) <= math.log(capability) + 1e-12
    assert np.nanmax(x) > 0.95 * math.log(capability) and np.nanmax(traced({}, "log_capability")) > 6.0


def test_no_edit_ever_gains_more_than_its_bound():
    bound = {"safeguards.bounded_improvement.start": 0, "safeguards.bounded_improvement.gain": 0.1}
    assert np.nanmax(traced(bound, "edit_capability")) == pytest.approx(0.1)
    assert np.nanmax(traced({}, "edit_capability")) > 0.3


def test_a_penalty_on_impact_bounds_every_edit_by_its_inverse():
    penalty = {"safeguards.impact_regularisation.start": 0, "safeguards.impact_regularisation.penalty": 10.0}
    assert 0.06 < np.nanmax(traced(penalty, "edit_capability")) < 1 / 10


@pytest.mark.parametrize(("frozen", "expect"), [(0.0, 0.9), (0.5, 0.95), (1.0, 1.0)])
def test_a_frozen_core_keeps_the_anchor(frozen, expect):
    world, lab = one_lab({"cycle.erosion": 0.1}, oversight=0.0)
    act("factored_cognition", lab, world, frozen=frozen)
    review(lab, world, world.p, KEY)
    assert lab.anchor == pytest.approx(expect)


@pytest.mark.parametrize(("steadiness", "age"), [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)])
def test_an_exam_of_a_constitution_ages_more_slowly(steadiness, age):
    world, lab = one_lab(None, reviewed=0.0)
    act("constitution", lab, world, steadiness=steadiness)
    read_own_gap(lab, world, world.p, KEY)
    assert lab.age == age


@pytest.mark.parametrize(
    ("name", "values", "given", "hazard"),
    [
        ("least_agency", {"agency": 0.5}, {}, 0.5),
        ("least_agency", {"agency": 1.0}, {}, 1.0),
        ("staged_deployment", {"stage": 0.25}, {"measured": 0.5}, 0.25),
        ("staged_deployment", {"stage": 0.25}, {"measured": 0.2}, 1.0),
    ],
)
def test_what_is_deployed_less_harms_less(name, values, given, hazard):
    world, lab = one_lab({"harm.rate": 0.52}, log_capability=1.0, share=1.0, **given)
    run_hazard(act(name, lab, world, **values), world, world.p, KEY)
    assert lab.hazard == pytest.approx(0.01 * hazard, rel=1e-12)


@pytest.mark.parametrize(("measured", "part"), [(0.5, 0.25), (0.2, 1.0)])
def test_a_staged_lab_reaches_that_part_of_its_market(measured, part):
    world, lab = one_lab(None, measured=measured)
    before = math.exp(appeal(lab, world.p))
    act("staged_deployment", lab, world, stage=0.25)
    assert math.exp(appeal(lab, world.p)) == pytest.approx(part * before)


def test_a_staged_lab_earns_and_harms_less_than_its_rivals():
    own = {"safeguards.staged_deployment.start": 0, "safeguards.staged_deployment.line": 0.0}
    labs = (LabSpec("staged", "closer", own), LabSpec("free", "closer"))
    world, free = (
        Scenario("staged", labs=specs).with_({"race.weeks": 40, "cycle.able": 0.001})
        for specs in (labs, (LabSpec("staged", "closer"), labs[1]))
    )
    staged, plain = (ensemble.simulate(scenario, 0, 100, 1) for scenario in (world, free))
    for quantity in ("revenue", "hazard_run"):
        assert (staged.labs(quantity)[:, 0] < plain.labs(quantity)[:, 0]).mean() > 0.9
    assert staged.labs("revenue").sum(axis=1) == pytest.approx(np.ones(100))


SAVED = {"saved_capability": 1.0, "saved_alignment": 0.8, "saved_faked": 0.2, "log_capability": 2.0, "oversight": 0.0,
         "log_alignment": 0.5, "age": 7.0, "claimed": 0.0, "faked": 0.5}  # fmt: skip


@pytest.mark.parametrize(
    ("incidents", "incident", "back"), [(1, 0.0, False), (1, 1.0, True), (2, 1.0, False), (1, 2.0, True)]
)
def test_an_incident_sends_a_lab_back_to_its_last_reviewed_state(incidents, incident, back):
    world, lab = one_lab(None, **SAVED | {"incident": incident})
    act("rollback_on_incident", lab, world, incidents=incidents)
    result = (lab.log_capability, lab.log_alignment, lab.faked, lab.age, lab.oversight, lab.claimed)
    assert result == ((1.0, 0.8, 0.2, 0.0, 1.0, 1.0) if back else (2.0, 0.5, 0.5, 7.0, 0.0, 0.0))


def test_incidents_are_counted_until_a_lab_goes_back_for_them():
    world, lab = one_lab(None, **SAVED)
    back = []
    for incident in (1.0, 0.0, 1.0, 1.0, 0.0, 1.0):
        put(lab, log_capability=2.0, incident=incident)
        act("rollback_on_incident", lab, world, incidents=2)
        back.append(lab.log_capability == 1.0)
    assert back == [False, False, True, False, False, True]


@pytest.mark.parametrize(
    ("line", "reviewed", "saved"), [(0.5, 0.0, True), (0.4, 0.0, False), (0.4, 1.0, True), (None, 0.0, False)]
)
def test_a_version_that_measures_well_is_kept_reviewed_or_not(line, reviewed, saved):
    """The gap of 0.5 is measured as 0.88 of it, 0.44."""
    world, lab = one_lab(None, log_capability=1.0, log_alignment=0.5, reviewed=reviewed)
    if line is not None:
        act("versioned_self_modification", lab, world, line=line)
    read_own_gap(lab, world, world.p, KEY)
    assert (lab.saved_capability == 1.0) == saved


@pytest.mark.parametrize(("checks", "arbitration", "a", "variance"), [
    (1.0, 0.0, 0.88, 0.135**2), (4.0, 0.0, 0.88, 0.135**2 / 4), (1.0, 1.0, None, 1 / (1 / 0.135**2 + 1 / 0.05**2)),
])  # fmt: skip
def test_debate_sharpens_readings_and_brings_a_part_of_a_human_one(checks, arbitration, a, variance):
    _, lab = one_lab()
    result = alignment_reading(lab.cycle, sight(lab), 0.0, arbitration, checks)
    assert result[1] == pytest.approx(variance) and (a is None or result[0] == pytest.approx(a))


@pytest.mark.parametrize(("order", "value"), [("checks", 4.0), ("arbitration", 0.5)])
def test_a_cycle_is_selected_with_what_a_debate_adds(order, value):
    ratios = []
    for orders in ({}, {order: value}):
        world, lab = one_lab(None, reviewed=0.0, **orders)
        improve(lab, world, world.p, KEY)
        ratios.append(lab.ratio)
    assert ratios[1] > 1.1 * ratios[0]


def test_debate_selects_edits_that_are_better_aligned():
    debate = {"safeguards.debate.start": 0, "safeguards.debate.shared": 0.0, "safeguards.debate.weeks": 0.0}
    debated, plain = (np.nanmean(traced(own, "edit_alignment")) for own in (debate, {}))
    assert debated > plain + 0.005


@pytest.mark.parametrize(("reach", "expect"), [(0.0, 0.5), (0.8, 0.9), (1.0, 1.0)])
def test_an_exam_that_reads_internals_is_not_faked(reach, expect):
    world, lab = one_lab(None, faked=0.5)
    act("interpretability_before_merge", lab, world, reach=reach)
    assert sight(lab) == pytest.approx(expect)


@pytest.mark.parametrize("name", SAFEGUARDS)
@pytest.mark.parametrize(("start", "stop", "expect"), [(None, None, []), (1, 3, [1, 2]), (2, None, [2, 3])])
def test_a_safeguard_binds_its_own_lab_while_it_is_in_force(name, start, stop, expect):
    own = {f"safeguards.{name}.start": start, f"safeguards.{name}.stop": stop}
    world = Race(Scenario("two", labs=(LabSpec("bound", "keeper", own), LabSpec("free", "keeper"))), collect=False)
    weeks = []
    for week in range(4):
        world.step()
        weeks += [week] if ("safeguards", name) in world.in_force else []
        assert ordered(world.labs[1]) == {}
    assert weeks == expect
