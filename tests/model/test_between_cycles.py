"""Hidden regressions, who notices them, and audits before the next cycle. Cases: given, expect."""

import itertools
import math
from types import SimpleNamespace

import pytest

from labsim.engines import ensemble
from labsim.engines.mesa_engine import Race
from labsim.model.between_cycles import audit, audit_reading, regress, undo_edit
from labsim.model.evaluators import respond, take_note
from labsim.model.orders import clear_orders
from labsim.model.outcomes import OUTCOMES
from labsim.model.parameters import row
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.self_improvement import own_reading, true_gap
from labsim.model.state import NO_LINE
from labsim.model.week import SAFEGUARD
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, keys, one_lab, put

EDITED = {"log_capability": 1.5, "log_alignment": 0.75, "edit_capability": 0.5, "edit_alignment": 0.25, "gain": 0.125}
SURE = {"cycle.regression": 1.0, "cycle.regression_size": 0.5, "cycle.surge": 2.0, "cycle.regression_review": 1.0}
BEFORE = (1.0, 0.5)  # x and y without the edit


def edited(rule, changes=None, key=KEY, **attributes):
    """A lab with a fresh edit, after a rule."""
    world, lab = one_lab(changes, **EDITED | {"reviewed": 0.0} | attributes)
    rule(lab, world, world.p, key)
    return lab


def place(lab):
    """(x, y, hidden, edits undone)."""
    return lab.log_capability, lab.log_alignment, lab.hidden, lab.edits_undone


@pytest.mark.parametrize(
    ("changes", "given", "expect"),
    [
        ({}, {}, (1.5, 0.25, 0.5, 0.0)),  # alignment drops and nobody knows
        ({"cycle.regression": 0.0}, {}, (1.5, 0.75, 0.0, 0.0)),
        ({"cycle.surge": 4.0}, {}, (1.5, 0.75, 0.0, 0.0)),  # 0.5 is no more than 4 times the usual 0.125
        ({"cycle.surge": 3.9}, {}, (1.5, 0.25, 0.5, 0.0)),
        ({}, {"reviewed": 1.0}, (1.0, 0.5, 0.0, 1.0)),  # a human who reviews notices: the edit is undone
        ({"cycle.regression_review": 0.0}, {"reviewed": 1.0}, (1.5, 0.25, 0.5, 0.0)),
        ({}, {"regression_watch": 1.0}, (1.0, 0.5, 0.0, 1.0)),  # so does a detector
        ({"cycle.regression": 0.0}, {"regression_watch": 1.0}, (1.5, 0.75, 0.0, 0.0)),  # where there is nothing, not
        ({"cycle.regression": 0.0}, {"regression_alarm": 1.0}, (1.0, 0.5, 0.0, 1.0)),  # unless by a false alarm
        ({}, {"regression_alarm": 1.0}, (1.5, 0.25, 0.5, 0.0)),  # which is about edits without a regression
        ({}, {"hidden": 0.25}, (1.5, 0.25, 0.75, 0.0)),  # drops add up
    ],
)
def test_regress(changes, given, expect):
    assert place(edited(regress, SURE | changes, **given)) == pytest.approx(expect, rel=1e-15)


@pytest.mark.parametrize(
    ("changes", "given", "expect"),
    [({}, {}, (1.0, 0.0)), ({}, {"regression_watch": 1.0}, (1.0, 1.0)), ({}, {"reviewed": 1.0}, (1.0, 1.0)),
     ({"cycle.surge": 10.0}, {"regression_watch": 1.0}, (0.0, 0.0)),
     ({"cycle.regression": 0.0}, {"regression_alarm": 1.0}, (0.0, 0.0))],
)  # fmt: skip
def test_regressions_and_those_that_are_noticed_are_counted(changes, given, expect):
    lab = edited(regress, SURE | changes, **given)
    assert (lab.regressions, lab.regressions_found) == expect


@pytest.mark.parametrize(
    ("changes", "given", "quantity"),
    [
        ({"cycle.regression": 0.3}, {}, "regressions"),
        ({"cycle.regression_review": 0.3}, {"reviewed": 1.0}, "regressions_found"),
        ({}, {"regression_watch": 0.3}, "regressions_found"),
        ({"cycle.regression_review": 0.3}, {"reviewed": 1.0, "regression_watch": 0.1}, "regressions_found"),
        ({"cycle.regression": 0.0}, {"regression_alarm": 0.3}, "edits_undone"),
    ],
)
def test_chances_are_kept(changes, given, quantity):
    world, lab = one_lab(SURE | changes, reviewed=0.0)
    for key in keys(1000):
        regress(put(lab, **EDITED | given), world, world.p, key)
    assert abs(getattr(lab, quantity) - 300) < 4 * math.sqrt(210)


def test_a_hidden_drop_is_in_no_exam_of_the_lab_and_in_an_outside_reading():
    """The gap is 1.25; the lab's exam shows 0.88 of 0.75."""
    lab = edited(regress, SURE)
    assert true_gap(lab) == 1.25 and own_reading(lab) == pytest.approx(0.88 * 0.75, rel=1e-15)
    take_note(lab, 1.25, 1.0, true_gap(lab), 1.0)
    assert lab.measured == pytest.approx(1.25, rel=1e-15) and lab.finding == 1.0


@pytest.mark.parametrize(("part", "expect"), [(1.0, (1.0, 0.5, 0.0, 1.0)), (0.0, (1.5, 0.25, 0.5, 0.0))])
def test_an_undone_edit_takes_what_it_hid_along(part, expect):
    lab = edited(regress, SURE)
    for _ in range(2):  # and cannot be undone twice
        undo_edit(lab, part)
        assert place(lab) == expect
    assert lab.edit_capability == 0.5 * (1.0 - part) and lab.edit_alignment == 0.25 * (1.0 - part)


@pytest.mark.parametrize(
    ("auditor", "given", "expect"),
    [
        ("self", {}, (0.88, 0.135)),  # its own exam
        ("self", {"age": 10.0, "anchor": 0.5}, (0.22, 0.135)),
        ("peer", {}, (0.94, 0.135)),  # half of the blind spots
        ("peer", {"age": 10.0, "anchor": 0.5}, (0.61, 0.135)),
        ("external", {}, (0.88, 0.135)),  # fresh tests, but observed
        ("external", {"age": 10.0, "anchor": 0.5}, (0.88, 0.135)),
        ("human", {"faked": 0.78, "age": 10.0}, (1.0, 0.05)),  # sees all of it
        ("human", {"log_capability": math.log(1024)}, (1.0, 0.1)),  # and loses grip as C grows
        ("human", {"log_capability": -3.0}, (1.0, 0.05)),
    ],
)
def test_what_an_auditor_sees(auditor, given, expect):
    _, lab = one_lab(None, auditor=AUDITORS.index(auditor), **given)
    assert audit_reading(lab) == pytest.approx(expect, rel=1e-13)


AUDITORS = ["nobody", "self", "peer", "external", "human"]
QUIET = {"cycle.sigma_alignment": 0.001, "cycle.sigma_human": 0.001}


@pytest.mark.parametrize(
    ("auditor", "effect", "given", "undone"),
    [
        ("self", -0.25, {}, True),  # -0.22 is below the line of -0.1
        ("self", -0.25, {"age": 30.0}, False),  # the exam is stale
        ("peer", -0.25, {"age": 30.0}, True),
        ("external", -0.25, {"age": 30.0}, True),
        ("external", -0.25, {"faked": 0.78}, False),  # the tests are observed
        ("human", -0.25, {"faked": 0.78, "age": 30.0}, True),
        ("nobody", -9.0, {}, False),
        *((auditor, effect, {}, False) for auditor in AUDITORS for effect in (0.25, -0.05)),
    ],
)
def test_an_edit_measured_below_the_line_is_undone(auditor, effect, given, undone):
    given = {"auditor": AUDITORS.index(auditor), "audit_line": -0.1, "edit_alignment": effect} | given
    lab = edited(audit, QUIET, **given)
    expect = (1.0, 0.75 - effect) if undone else (1.5, 0.75)
    assert place(lab)[:2] == pytest.approx(expect) and lab.edits_undone == undone


def test_an_audit_has_noise():
    """A self-audit of an effect that it sees just at the line is right every other time."""
    world, lab = one_lab(None, auditor=1.0, audit_line=-0.22)
    for key in keys(1000):
        audit(put(lab, **EDITED | {"edit_alignment": -0.25}), world, world.p, key)
    assert abs(lab.edits_undone - 500) < 4 * math.sqrt(250)


def safeguard(name, **values):
    """A safeguard as rules read it: its defaults, or other values."""
    kind = SAFEGUARDS[name]
    defaults = {field: 0.0 if value is None else value for field, value in vars(kind()).items()}
    return SimpleNamespace(**row("", kind, defaults | values))


def bound(*safeguards):
    """The orders of a lab with these safeguards, by name and values."""
    world, lab = one_lab()
    clear_orders(lab, world, world.p, KEY)
    for name, values in safeguards:
        assert SAFEGUARDS[name].act(safeguard(name, **values), lab, world, KEY) is None
    return {name: getattr(lab, name) for name in ORDERS if getattr(lab, name) != ORDERS[name]}


ORDERS = {"auditor": 0.0, "audit_line": NO_LINE, "extra_weeks": 0.0, "regression_watch": 0.0, "regression_alarm": 0.0}


@pytest.mark.parametrize(
    ("name", "values", "expect"),
    [
        ("inter_cycle_audit", {}, {"auditor": 3.0, "audit_line": -0.05, "extra_weeks": 0.5}),
        ("inter_cycle_audit", {"auditor": "human", "weeks": 2.0}, {"auditor": 4.0, "audit_line": -0.05,
                                                                   "extra_weeks": 2.0}),
        ("inter_cycle_audit", {"auditor": "nobody"}, {"audit_line": -0.05}),  # costs nothing, finds nothing
        ("regression_detection", {}, {"regression_watch": 0.8, "regression_alarm": 0.05}),
    ],
)  # fmt: skip
def test_what_a_safeguard_binds_its_lab_to(name, values, expect):
    assert bound((name, values)) == expect


TWO = {
    "inter_cycle_audit": ({"auditor": "self", "line": 0.0}, {"auditor": "human", "line": -0.2}),
    "regression_detection": ({"detection": 0.9}, {"detection": 0.5, "false_alarm": 0.2}),
}


@pytest.mark.parametrize("name", TWO)
def test_two_safeguards_cannot_loosen_each_other(name):
    both = [bound(*((name, values) for values in order)) for order in itertools.permutations(TWO[name])]
    alone = [bound((name, values)) for values in TWO[name]]
    assert both[0] == both[1]
    assert all(both[0][order] >= value for orders in alone for order, value in orders.items())


@pytest.mark.parametrize(("start", "stop", "expect"), [(None, None, []), (0, None, [0, 1, 2, 3]), (1, 3, [1, 2])])
def test_a_safeguard_binds_its_own_lab_from_its_start_until_its_stop(start, stop, expect):
    own = {"safeguards.inter_cycle_audit.start": start, "safeguards.inter_cycle_audit.stop": stop}
    world = Race(Scenario("two", labs=(LabSpec("bound", "keeper", own), LabSpec("free", "keeper"))))
    weeks = []
    for week in range(4):
        world.step()
        assert ((SAFEGUARD, "inter_cycle_audit") in world.in_force) == (week in expect)
        assert world.labs[1].auditor == 0.0
        weeks += [week] if world.labs[0].auditor == 3.0 and world.labs[0].extra_weeks == 0.5 else []
    assert weeks == expect


def averages(changes, *names):
    """Mean outcomes of 200 races of closers, the same luck for every change."""
    world = Scenario("open problems").with_({"cycle.regression": 0.3, **changes}).with_strategy("closer")
    final = ensemble.simulate(world, 0, 200, 3)
    return [OUTCOMES[name].function(final).mean() for name in names]


def test_detection_and_audits_make_a_race_safer_and_longer():
    names = ("undetected_regressions", "unaudited_share", "catastrophe", "race_weeks")
    regressions, unaudited, harm, weeks = averages({}, *names)
    watched = averages({"safeguards.regression_detection.start": 0}, *names)
    audited = averages({"safeguards.inter_cycle_audit.start": 0, "safeguards.inter_cycle_audit.auditor": "human"},
                       *names)  # fmt: skip
    assert watched[0] < 0.4 * regressions and audited[1] == 0.0 < unaudited
    assert max(watched[2], audited[2]) < harm and min(watched[3], audited[3]) > weeks


def test_a_pause_restores_what_was_hidden_to_the_lab():
    world, lab = one_lab(None, hidden=0.5, anchor=0.3, log_capability=2.0, resume_below=0.5, measured=1.0)
    world.step()
    assert (lab.paused, lab.hidden, lab.anchor) == (1.0, 0.0, 1.0)
    assert lab.measured == pytest.approx(0.88 * (2.0 - lab.cycle.pause_gain))


def test_a_roll_back_leaves_nothing_hidden():
    world, lab = one_lab({"evaluators.response": "roll_back"}, hidden=0.5, finding=1.0)
    respond(lab, world, world.p, KEY)
    assert lab.hidden == 0.0
