"""Rules on time and compute: what each orders, to the edge of each threshold, and in short races."""

import math

import pytest

from labsim.model.governance.compute import log_flop
from tests.worlds import act, keys, one_lab, ordered, put, race

BOUND = {"required_oversight": 1.0, "inspections": 1.0, "detection": 1.0, "fine": 0.05}
CLOSED = {"oversight": 0.0, "progress": 0.5, "weeks": 4.0}  # two weeks of its run are left
GATED = {"closed_cap": 0.5, "compute_cap": 40.0}  # for all labs no line but the widest


@pytest.mark.parametrize(
    ("name", "values", "given", "expect"),
    [
        ("rate_limit", {}, {}, {"minimum_weeks": 5.0}),
        ("rate_limit", {}, {"minimum_weeks": 6.0}, {"minimum_weeks": 6.0}),
        ("rate_limit", {"min_weeks": 0}, {}, {}),
        ("common_pause", {}, {"measured": 0.7}, {"must_pause": 1.0}),
        ("common_pause", {}, {"measured": 0.6999}, {}),
        ("common_pause", {}, {"measured": 0.631, "paused": 1.0}, {"must_pause": 1.0}),  # until it is well below
        ("common_pause", {}, {"measured": 0.629, "paused": 1.0}, {}),
        ("compute_threshold", {"flop": 1.999e26}, {}, BOUND),  # a run of 2e26 in week 0
        ("compute_threshold", {"flop": 2.001e26}, {}, {}),
        ("compute_threshold", {"flop": 2.001e26}, {"compute": 1.01}, BOUND),
        ("compute_threshold", {"flop": 1.999e26}, {"compute": 0.99}, {}),
        ("compute_threshold", {"flop": 1.999e26}, {"compute": 0.0}, {}),
        ("compute_gate", {}, {"oversight": 0.0}, GATED),  # it also knows of it beforehand
        ("compute_gate", {}, {"oversight": 1.0}, GATED),
        ("compute_gate", {}, {"closed_cap": 0.2}, GATED | {"closed_cap": 0.2}),
        ("compute_gate", {"most": 1.5}, {}, {"closed_cap": 0.5, "compute_cap": 1.5}),
        ("compute_gate", {"most": 1.5}, {"compute_cap": 1.2}, {"closed_cap": 0.5, "compute_cap": 1.2}),
        ("compute_permits", {}, {}, {"permits": 0.6, "permit_audits": 2.0, "permit_fine": 0.1}),
        ("compute_permits", {}, {"permits": 0.5}, {"permits": 0.5, "permit_audits": 2.0, "permit_fine": 0.1}),
        ("kill_switch", {"detection": 1}, CLOSED, {}),  # it gives no order: it acts
        ("kill_switch", {}, {}, {}),
    ],
)
def test_what_a_rule_on_time_and_compute_orders(name, values, given, expect):
    world, lab = one_lab(None, **given)
    assert ordered(act(name, lab, world, **values)) == expect


@pytest.mark.parametrize(
    ("values", "given", "stopped"),
    [
        ({"latency": 1.99}, {}, True),
        ({"latency": 2.0}, {}, False),  # the run is over when somebody acts
        ({"latency": 0.0}, {"progress": 1.0}, False),
        ({"latency": 1.0}, {"oversight": 1.0}, False),
        ({"latency": 1.0}, {"oversight": 0.01}, False),
        ({"latency": 1.0, "detection": 0.0}, {}, False),
        ({"latency": 52.0, "false_trips": 52.0}, {"oversight": 1.0}, True),  # for nothing
        ({"latency": 1.0, "false_trips": 52.0}, {}, True),
        ({"latency": 1.0, "false_trips": 52.0}, {"paused": 1.0}, False),  # nothing runs
    ],
)
def test_a_kill_switch_stops_a_run_that_lasts_longer_than_it_takes_to_act(values, given, stopped):
    world, lab = one_lab(None, **CLOSED | given)
    act("kill_switch", lab, world, **{"detection": 1.0, "false_trips": 0.0} | values)
    before = (CLOSED | given)["progress"]
    assert (lab.progress, lab.runs_stopped) == ((0.0, 1.0) if stopped else (before, 0.0))


@pytest.mark.parametrize(
    ("values", "given", "rate"),
    [
        ({"detection": 0.25, "false_trips": 0}, {}, 0.25),
        ({"detection": 0.0, "false_trips": 13}, {"oversight": 1.0}, 0.25),
        ({"detection": 0.5, "false_trips": 26}, {}, 0.75),
    ],
)
def test_a_kill_switch_acts_so_often(values, given, rate):
    world, lab = one_lab(None)
    for key in keys(4000):
        act("kill_switch", put(lab, **CLOSED | given), world, key, **values)
    assert abs(lab.runs_stopped - 4000 * rate) < 4 * math.sqrt(4000 * rate * (1 - rate))


def switched(strategies, **values):
    """A race with a kill switch that notices everything."""
    switch = {"start": 0, "detection": 1.0, "false_trips": 0.0} | values
    return race({"race.weeks": 80} | {f"governance.kill_switch.{k}": v for k, v in switch.items()}, strategies,
                still=False).run()  # fmt: skip


def test_a_kill_switch_slower_than_any_run_never_stops_one():
    slow, fast = switched(["closer"] * 3, latency=20.0), switched(["closer"] * 3, latency=0.1)
    assert all(lab.runs_stopped == 0.0 < lab.closed_weeks for lab in slow.labs)
    assert max(lab.runs_stopped for lab in fast.labs) > 20.0
    assert max(lab.cycles for lab in fast.labs) < max(lab.cycles for lab in slow.labs)


def test_a_kill_switch_that_is_never_wrong_lets_a_lab_with_a_human_work():
    watched, free = switched(["keeper"] * 3), race({"race.weeks": 80}, ["keeper"] * 3, still=False).run()
    assert [lab.cycles for lab in watched.labs] == [lab.cycles for lab in free.labs]
    assert all(lab.runs_stopped == 0.0 for lab in watched.labs)


def binding_week(splitting=1.0, flop=1e27, grows=1.0, growth=4.5):
    """The first week in which a compute threshold binds a lab whose share of compute stays as it is; None never."""
    line = {"start": 0, "flop": flop, "grows": grows}
    changes = {f"governance.compute_threshold.{name}": value for name, value in line.items()}
    own = {"cycle.flop_growth": growth, "decision.splitting": splitting}
    world = race(changes | own | {"race.weeks": 400, "competition.finish": 1e200}, ["keeper"] * 2)
    while not world.over:
        week = world.week
        world.step()
        if world.labs[0].required_oversight > 0.0:
            return week
    return None


@pytest.mark.parametrize("growth", [2.0, 4.5, 10.0])
def test_a_line_is_passed_when_growing_runs_reach_it(growth):
    expect = 52 * math.log(1e27 / 2e26) / math.log(growth)
    assert 0 <= binding_week(growth=growth) - expect < 1


@pytest.mark.parametrize("k", [2.0, 3.0, 10.0])
def test_splitting_into_k_runs_delays_a_line_by_ln_k_over_ln_growth_years(k):
    delay = binding_week(splitting=k) - binding_week()
    assert delay == pytest.approx(52 * math.log(k) / math.log(4.5), abs=1.0)


@pytest.mark.parametrize(("flop", "expect"), [(2.1e26, None), (1.9e26, 0)])
def test_a_line_that_grows_as_fast_as_compute_never_binds_who_is_below_it(flop, expect):
    assert binding_week(flop=flop, grows=4.5) == expect
    assert binding_week(flop=2.1e26, grows=4.4) > 0


def test_regulators_see_the_largest_of_the_split_runs():
    world, lab = one_lab({"decision.splitting": 4.0}, compute=2.0)
    assert math.exp(log_flop(lab, put(world, week=52.0))) == pytest.approx(2e26 * 4.5 * 2 / 4, rel=1e-9)


@pytest.mark.parametrize(
    ("cap", "strategy", "binds"), [(0.5, "closer", True), (0.5, "keeper", False), (9.0, "closer", False)]
)
def test_a_gate_caps_the_compute_of_a_lab_without_a_human(cap, strategy, binds):
    gate = {"governance.compute_gate.start": 0, "governance.compute_gate.cap": cap, "race.weeks": 25}
    world = race(gate, [strategy, "keeper", "keeper"], still=False).run()
    free = race({"race.weeks": 25}, [strategy, "keeper", "keeper"], still=False).run()
    assert world.labs[0].closed == (strategy == "closer")
    assert (world.labs[0].compute <= cap * (1 + 1e-12)) == (binds or cap == 9.0)
    assert (world.labs[0].compute == free.labs[0].compute) == (not binds)


def test_a_rate_limit_leaves_slower_cycles_alone():
    world = race({"governance.rate_limit.start": 0, "governance.rate_limit.min_weeks": 5.0}, ["keeper"])
    world.step()
    assert world.labs[0].weeks == 5.5  # 3.5 of machine, 2 of review
    closed = race({"governance.rate_limit.start": 0, "cycle.able": 0.001}, ["closer"])
    closed.step()
    assert (closed.labs[0].oversight, closed.labs[0].weeks) == (0.0, 5.0)
