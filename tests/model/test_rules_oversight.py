"""Rules on the human and on what is seen: what each orders, to the edge of each threshold, and in short races."""

import math

import pytest

from labsim.model.orders import clear_news, clear_orders, obey
from labsim.model.self_improvement import sight, weeks_per_cycle
from labsim.model.strategies import settle_oversight
from tests.worlds import KEY, act, keys, one_lab, ordered, put, race

TEN = math.log(10.0)
EXAMINED = {"log_capability": 3.0, "cycles": 30.0, "examined": 10.0, "outside": 1.0}  # all at the edge of a licence


@pytest.mark.parametrize(
    ("name", "values", "given", "expect"),
    [
        ("human_mandate", {}, {}, {"required_oversight": 1.0, "inspections": 1.0, "detection": 1.0, "fine": 0.1}),
        ("human_mandate", {"inspections": 0, "fine": 0, "detection": 0}, {}, {"required_oversight": 1.0}),
        ("mandatory_evaluation", {}, {}, {"extra_weeks": 0.2, "fresh_every": 10.0, "must_measure": 1.0}),
        ("mandatory_evaluation", {"weeks": 0, "renewed": 1}, {}, {"fresh_every": 1.0, "must_measure": 1.0}),
        ("licensing", {}, EXAMINED, {}),  # a report of 20 cycles ago counts, a reading on the line passes
        ("licensing", {}, EXAMINED | {"cycles": 31.0}, {"must_pause": 1.0}),
        ("licensing", {}, EXAMINED | {"outside": 1.0001}, {"must_pause": 1.0}),
        ("licensing", {}, {"log_capability": TEN - 1e-9, "cycles": 99.0, "outside": 9.0}, {}),  # too weak to need one
        ("licensing", {}, {"log_capability": TEN + 1e-9, "cycles": 99.0}, {"must_pause": 1.0}),
        ("licensing", {"capability": 30.0}, EXAMINED | {"outside": 9.0}, {}),
        ("surprise_reporting", {}, {"edit_capability": 0.5, "gain": 0.25}, {}),  # twice the usual is no surprise yet
        ("surprise_reporting", {}, {"edit_capability": 0.51, "gain": 0.25, "completed": 1.0},
         {"fresh_every": 1.0, "salience": 0.1}),
        ("surprise_reporting", {}, {"edit_capability": 0.51, "gain": 0.25}, {"fresh_every": 1.0}),  # news once only
        ("surprise_reporting", {"surprise": 3}, {"edit_capability": 0.51, "gain": 0.25, "completed": 1.0}, {}),
        ("deception_monitoring", {}, {}, {"opened": 0.5, "extra_weeks": 0.1}),
        ("deception_monitoring", {"coverage": 0, "weeks": 0}, {}, {}),
        ("deception_monitoring", {}, {"opened": 0.8}, {"opened": 0.8, "extra_weeks": 0.1}),
        ("whistle_blowing", {}, {}, {"tips": 1.0, "detection": 0.5}),
        ("whistle_blowing", {"tips": 0}, {"detection": 0.7}, {"detection": 0.7}),
    ],
)  # fmt: skip
def test_what_a_rule_on_oversight_orders(name, values, given, expect):
    world, lab = one_lab(None, **given)
    assert ordered(act(name, lab, world, **values)) == expect


def test_a_licence_comes_back_with_a_report_below_the_line():
    world, lab = one_lab(None, **EXAMINED | {"cycles": 31.0, "outside": 2.0})
    for outside, examined, paused in ((2.0, 10.0, 1.0), (2.0, 31.0, 1.0), (0.5, 10.0, 1.0), (0.5, 31.0, 0.0)):
        put(lab, outside=outside, examined=examined)
        clear_orders(lab, world, world.p, KEY)
        act("licensing", lab, world)
        obey(lab, world, world.p, KEY)
        assert lab.paused == paused


def test_without_evaluators_a_lab_that_needs_a_licence_stops_after_its_last_report_is_stale():
    licence = {"governance.licensing.start": 0, "governance.licensing.capability": 1.5, "race.weeks": 300}
    world = race({**licence, "evaluators.number": 0}, ["keeper"] * 2, still=False).run()
    assert all(lab.paused == 1.0 and lab.cycles == 21.0 for lab in world.labs)
    seen = race({**licence, "evaluators.number": 2, "governance.licensing.line": 20.0}, ["keeper"] * 2, still=False)
    assert max(lab.cycles for lab in seen.run().labs) > 30.0


def test_a_surprise_is_in_the_news_for_a_week_and_renews_the_exam():
    world, lab = one_lab({"governance.surprise_reporting.start": 0}, edit_capability=1.0, gain=0.1, completed=1.0)
    world.step()
    assert (lab.salience, lab.fresh_every, world.concern) == (0.1, 1.0, 0.1)
    put(lab, edit_capability=1.0, completed=0.0)
    world.step()
    assert lab.salience == 0.0 and lab.fresh_every == 1.0


@pytest.mark.parametrize(
    ("coverage", "faked", "expect"), [(0.0, 0.4, 0.6), (0.5, 0.4, 0.8), (1.0, 0.4, 1.0), (0.5, 0.0, 1.0)]
)
def test_a_monitored_exam_is_faked_less(coverage, faked, expect):
    world, lab = one_lab(None, faked=faked)
    before = weeks_per_cycle(lab, 0.0, 1.0, 1.0)
    act("deception_monitoring", lab, world, coverage=coverage)
    assert sight(lab) == pytest.approx(expect)
    assert weeks_per_cycle(lab, 0.0, 1.0, 1.0) == pytest.approx(before + 0.1)


@pytest.mark.parametrize(
    ("tips", "oversight", "unmasked"), [(52.0, 0.0, 1.0), (0.0, 0.0, 0.0), (52.0, 1.0, 0.0), (52.0, 0.5, 0.0)]
)
def test_a_tip_unmasks_a_lab_that_hides_its_closure(tips, oversight, unmasked):
    world, lab = one_lab(None, oversight=oversight, claimed=1.0)
    act("whistle_blowing", lab, world, tips=tips)
    assert (lab.unmasked, lab.claimed) == (unmasked, 1.0 - unmasked)


def test_tips_come_so_often_a_year():
    world, lab = one_lab(None, oversight=0.0)
    came = [act("whistle_blowing", put(lab, unmasked=0.0), world, key, tips=13.0).unmasked for key in keys(4000)]
    assert abs(sum(came) - 1000) < 4 * math.sqrt(750)


def test_a_herald_once_unmasked_cannot_hide_again():
    world = race({"cycle.able": 0.001}, ["herald"])
    for unmasked, claimed in ((0.0, 1.0), (1.0, 0.0)):
        lab = put(world.labs[0], unmasked=unmasked, wanted=0.0)
        settle_oversight(lab, world, world.p, KEY)
        assert (lab.oversight, lab.claimed) == (0.0, claimed)


def hidden_weeks(changes, replications=8):
    """Lab-weeks of races of heralds in which a lab is closed and shows a human."""
    weeks = 0.0
    for replication in range(replications):
        world = race(changes, ["herald"] * 3, replication=replication, still=False)
        while not world.over:
            world.step()
            weeks += sum(lab.closed and lab.claimed == 1.0 for lab in world.labs)
    return weeks


def test_whistle_blowers_shorten_the_time_in_which_closures_are_hidden():
    plain = hidden_weeks({"race.weeks": 60})
    told = hidden_weeks({"race.weeks": 60, "governance.whistle_blowing.start": 0, "governance.whistle_blowing.tips": 6})
    assert told < 0.7 * plain


def test_news_is_cleared_with_the_week():
    world, lab = one_lab(None, salience=1.0, finding=1.0)
    clear_news(lab, world, world.p, KEY)
    assert (lab.salience, lab.finding) == (0.0, 0.0)
