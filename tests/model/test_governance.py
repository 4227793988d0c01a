"""What is imposed: orders, pauses, inspections; each rule where it binds and where it does not."""

import itertools
import math

import pytest

from labsim.engines import ensemble, mesa_engine
from labsim.model import state
from labsim.model.governance import RULES
from labsim.model.orders import NEVER, clear_news, clear_orders, inspect, obey
from labsim.model.week import GOVERNANCE, WEEK
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, ORDERS, STILL, act, keys, one_lab, ordered, put, race


def test_orders_are_cleared_each_week():
    world, lab = one_lab(None, **{name: 7.0 for name in ORDERS})
    clear_news(lab, world, world.p, KEY)
    clear_orders(lab, world, world.p, KEY)
    assert ordered(lab) == {}


def test_every_order_and_nothing_else_is_cleared_each_week():
    world, lab = one_lab(None, **dict.fromkeys(state.fields(state.LabState), 7.0))
    clear_news(lab, world, world.p, KEY)
    clear_orders(lab, world, world.p, KEY)
    cleared = {name for name in state.fields(state.LabState) if getattr(lab, name) != 7.0}
    assert cleared == {*ORDERS, "lead_heard", "decided"}


@pytest.mark.parametrize(
    ("rule", "given", "expect"),
    [
        ("human_mandate", {}, {"required_oversight": 1.0, "inspections": 1.0, "detection": 1.0, "fine": 0.1}),
        ("rate_limit", {}, {"minimum_weeks": 5.0}),
        ("common_pause", {"measured": 0.7}, {"must_pause": 1.0}),
        ("common_pause", {"measured": 0.69}, {}),
        ("common_pause", {"measured": 0.69, "paused": 1.0}, {"must_pause": 1.0}),  # until it is well below
        ("common_pause", {"measured": 0.62, "paused": 1.0}, {}),
        ("mandatory_evaluation", {}, {"extra_weeks": 0.2, "fresh_every": 10.0, "must_measure": 1.0}),
    ],
)
def test_what_a_rule_orders(rule, given, expect):
    world, lab = one_lab(None, **given)
    act(rule, lab, world)
    assert ordered(lab) == expect


TWO = {  # the same rule twice, differently
    "human_mandate": ({"inspections": 12.0, "detection": 0.5, "fine": 0.3}, {"inspections": 1.0, "detection": 0.9}),
    "rate_limit": ({"min_weeks": 6.0}, {"min_weeks": 3.0}),
    "common_pause": ({"threshold": 0.5}, {"threshold": 2.0}),
    "mandatory_evaluation": ({"weeks": 1.0, "renewed": 3}, {"weeks": 0.1, "renewed": 20}),
}  # fmt: skip


@pytest.mark.parametrize("rule", TWO)
def test_two_rules_cannot_overwrite_each_other(rule):
    """Whatever the order, and never looser than either alone."""
    results = []
    for order in itertools.permutations(TWO[rule]):
        world, lab = one_lab(None, measured=1.0)
        for values in order:
            act(rule, lab, world, **values)
        results.append(ordered(lab))
    assert results[0] == results[1] != {}
    world, lab = one_lab(None, measured=1.0)
    act(rule, lab, world, **TWO[rule][0])
    alone = ordered(lab)
    for name, value in alone.items():
        tighter = min if name == "fresh_every" else max
        assert results[0][name] == tighter(results[0][name], value)


ADDED = {"extra_weeks", "tips", "research_bonus"}  # these add up
CUT = {"standing"}  # costs add up here, too


@pytest.mark.parametrize("name", RULES)
def test_orders_are_only_tightened(name):
    """A lab under the strictest orders there are gets none that is looser."""
    world, lab = one_lab(None, measured=9.0, **dict.fromkeys(ORDERS, 1e8))
    put(lab, compute_cap=0.0, closed_cap=0.0, fresh_every=1.0, permits=0.0, standing=0.0)
    before = {order: getattr(lab, order) for order in ORDERS}
    act(name, lab, put(world, concern=5.0))
    changed = {order for order in ORDERS if getattr(lab, order) != before[order]}
    flags = {"required_oversight", "must_pause", "must_measure", "sees_safety"}  # 1 is all they can be
    assert changed <= ADDED | CUT | flags
    assert all(getattr(lab, order) >= before[order] for order in changed & ADDED)
    assert all(getattr(lab, order) <= before[order] for order in changed & CUT)


@pytest.mark.parametrize(
    ("given", "paused", "resume"),
    [
        ({}, 0.0, 0.0),
        ({"must_pause": 1.0}, 1.0, 0.0),
        ({"resume_below": 0.9, "measured": 0.95}, 1.0, 0.9),
        ({"resume_below": 0.9, "measured": 0.85}, 0.0, 0.0),
        ({"resume_below": 0.9, "measured": 0.85, "must_pause": 1.0}, 1.0, 0.0),
        ({"paused": 1.0}, 0.0, 0.0),
    ],
)
def test_obey(given, paused, resume):
    world, lab = one_lab(None, **given)
    obey(lab, world, world.p, KEY)
    assert (lab.paused, lab.resume_below) == (paused, resume)


CERTAIN = {"required_oversight": 1.0, "inspections": 52.0, "detection": 1.0, "fine": 0.1}


@pytest.mark.parametrize(
    ("given", "fines"),
    [
        ({"oversight": 0.0}, 0.3),
        ({"oversight": 0.5}, 0.3),
        ({"oversight": 1.0}, 0.2),
        ({"oversight": 0.0, "required_oversight": 0.0}, 0.2),
        ({"oversight": 0.0, "inspections": 0.0}, 0.2),
        ({"oversight": 0.0, "detection": 0.0}, 0.2),
    ],
)
def test_a_breach_that_is_seen_is_fined_and_the_lab_stays_as_it_is(given, fines):
    world, lab = one_lab(None, **CERTAIN | {"fines": 0.2} | given)
    inspect(lab, world, world.p, KEY)
    assert lab.fines == pytest.approx(fines, rel=1e-15)
    assert lab.oversight == given["oversight"]


@pytest.mark.parametrize("week", [0.0, 52.0, 260.0])
def test_a_fine_counts_as_a_prize_of_its_week_would(week):
    world, lab = one_lab(None, **CERTAIN | {"oversight": 0.0})
    world.week = week
    inspect(lab, world, world.p, KEY)
    assert lab.fines > 0.0 and lab.paid == pytest.approx(lab.fines * math.exp(-0.1 * week / 52.0), rel=1e-12)


def test_inspections_come_so_often_a_year_and_see_so_much():
    world, lab = one_lab(None, **CERTAIN | {"oversight": 0.0, "inspections": 13.0, "detection": 0.4, "fine": 1.0})
    for key in keys(10_000):
        inspect(lab, world, world.p, key)
    assert abs(lab.fines - 1000) < 4 * math.sqrt(900)


@pytest.mark.parametrize(
    ("start", "stop", "expect"),
    [(None, None, []), (0, None, [0, 1, 2, 3, 4, 5]), (2, None, [2, 3, 4, 5]), (2, 4, [2, 3]), (None, 4, []),
     (4, 2, []), (9, None, [])],
)  # fmt: skip
def test_a_rule_is_in_force_from_its_start_until_its_stop(start, stop, expect):
    world = race({"governance.rate_limit.start": start, "governance.rate_limit.stop": stop}, ["keeper"])
    weeks = []
    for week in range(6):
        world.step()
        if world.labs[0].minimum_weeks == 5.0:
            weeks.append(week)
    assert weeks == expect


def test_without_a_start_a_rule_is_never_in_force():
    space = vars(mesa_engine.Race(Scenario("plain")).p.governance)
    assert set(space) == set(RULES)
    assert all(rule.start == rule.stop == rule.trigger == NEVER for rule in space.values())
    assert next(rules for kind, rules in WEEK if kind == GOVERNANCE) is RULES


def in_force_weeks(concerns, **rule):
    """The weeks in which a rate limit with these dates and trigger is in force, given the concern of each week."""
    world = race({f"governance.rate_limit.{name}": value for name, value in rule.items()}, ["keeper"])
    weeks = []
    for week, concern in enumerate(concerns):
        put(world, concern=concern).step()
        if world.labs[0].minimum_weeks == 5.0:
            weeks.append(week)
    return weeks


@pytest.mark.parametrize(
    ("rule", "expect"),
    [
        ({}, []),  # without a trigger, no concern is enough
        ({"trigger": 2}, [2, 3, 5]),  # when concern reaches it, and no longer when it has faded
        ({"trigger": 0}, [0, 1, 2, 3, 4, 5]),
        ({"trigger": 9}, []),
        ({"trigger": 2, "start": 0, "stop": 1}, [0, 2, 3, 5]),  # by date or by concern
        ({"trigger": 2, "start": 4}, [2, 3, 4, 5]),
    ],
)
def test_a_trigger_puts_a_rule_in_force_while_concern_is_as_high(rule, expect):
    assert in_force_weeks([0.0, 1.9, 2.0, 8.0, 1.99, 3.0], **rule) == expect


@pytest.mark.parametrize("engine", [mesa_engine, ensemble])
def test_a_warning_triggers_a_rule_until_it_is_forgotten_in_both_engines(engine):
    """Concern of 0.6 at the end of week 3 fades by 0.9 a week: above 0.5 in weeks 4 and 5."""
    world = Scenario("warned").with_({
        **STILL, "race.labs": 2, "race.weeks": 10, "harm.concern_memory": 0.9, "events.public_warning.start": 3,
        "governance.rate_limit.trigger": 0.5,
    })  # fmt: skip
    for scenario, expect in ((world, [4, 5]), (world.without_rules(), [])):
        _, _, labs = engine.trace(scenario, 0, 2, 0, ("minimum_weeks",), (), 10)
        assert all([week for week in range(10) if of_lab[week]] == expect for of_lab in labs[0, :, :, 0].T)


def run(changes, strategies=("closer",) * 3, weeks=520):
    return race({"race.weeks": weeks, **changes}, strategies, still=False)


def test_a_rate_limit_binds_on_a_fast_lab_and_not_on_a_slow_one():
    limit = {"governance.rate_limit.start": 0}
    fast, limited = run({}, weeks=40).run(), run(limit, weeks=40).run()
    slack = run(limit | {"governance.rate_limit.min_weeks": 1}, weeks=40).run()
    assert max(lab.cycles for lab in limited.labs) <= 9 < min(lab.cycles for lab in fast.labs)
    assert [lab.log_capability for lab in slack.labs] == [lab.log_capability for lab in fast.labs]


def test_a_mandate_can_be_broken_at_the_price_of_fines():
    world = run({"governance.human_mandate.start": 0, "governance.human_mandate.inspections": 52.0}).run()
    for lab in world.labs:
        assert lab.fines == pytest.approx(0.1 * lab.closed_weeks) and lab.closed_weeks > 10
    keepers = run({"governance.human_mandate.start": 0}, ("keeper",) * 2).run()
    assert all(lab.fines == 0.0 for lab in keepers.labs)


def test_a_common_pause_stops_the_loop_and_a_far_threshold_does_not():
    paused = run({"governance.common_pause.start": 0}).run()
    free, far = run({}).run(), run({"governance.common_pause.start": 0, "governance.common_pause.threshold": 20}).run()
    assert paused.week > free.week == far.week
    frame = paused.datacollector.get_agenttype_vars_dataframe(type(paused.labs[0]))
    assert frame["paused"].sum() > 10
    during = frame[frame["paused"] == 1.0].groupby("AgentID")["cycles"].nunique()
    assert during.max() < frame.groupby("AgentID")["cycles"].nunique().max()


def test_a_mandatory_evaluation_shows_a_closed_lab_its_gap():
    blind = run({}).run()
    seeing = run({"governance.mandatory_evaluation.start": 0}).run()

    def unseen(world):
        return max(lab.exposure - lab.measured for lab in world.labs)

    assert unseen(blind) > 1.0 > unseen(seeing)


def test_every_order_is_a_quantity_of_a_lab():
    assert set(ORDERS) <= set(state.fields(state.LabState))
