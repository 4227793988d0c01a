"""What happens to the race at a date: each event where it acts and where it does not."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from labsim.engines import ensemble
from labsim.model.competition import CEILING, absorb, hear, publish
from labsim.model.events import EVENTS
from labsim.model.harm import add_hazard, survive
from labsim.model.orders import clear_orders
from labsim.model.parameters import row
from labsim.model.self_improvement import weeks_per_cycle
from labsim.model.week import EVENT
from labsim.scenario.scenario import Scenario
from tests import lacks
from tests.worlds import KEY, keys, put, race


def event(name, **values):
    """An event as rules read it: its defaults, or other values."""
    kind = EVENTS[name]
    defaults = {name: 0.0 if value is None else value for name, value in vars(kind()).items()}
    return SimpleNamespace(**row("", kind, defaults | values))


def after(name, week=0.0, given=None, key=KEY, **values):
    """What an event changes in a lab that stands at x = 1: {quantity: value}."""
    world = put(race(), week=week)
    lab = put(world.labs[0], **{"log_capability": 1.0} | (given or {}))
    clear_orders(lab, world, world.p, KEY)
    before = {name: value for name, value in vars(lab).items() if isinstance(value, float)}
    assert EVENTS[name].act(event(name, **values), lab, world, key) is None
    return {name: getattr(lab, name) for name, value in before.items() if getattr(lab, name) != value}


@pytest.mark.parametrize(
    ("name", "given", "expect"),
    [
        ("automated_intern", {}, {"automation": 0.15}),
        ("automated_intern", {"share": 0.0}, {}),
        ("automated_researcher", {}, {"automation": 0.5}),
        ("public_warning", {}, {"salience": 0.6}),
        ("public_warning", {"start": 3}, {}),  # in its one week only
        ("leak", {}, {"leak": 0.5}),
        ("leak", {"start": 3}, {}),
        ("information_shock", {}, {"regime": 3.0}),
        ("information_shock", {"information": "noisy"}, {"regime": 1.0}),
        ("information_shock", {"information": "public"}, {}),  # what it is anyway
        ("discontinuity", {"rate": 0.0}, {}),
        ("discontinuity", {"rate": 52.0, "size": 0.0}, {}),
    ],
)
def test_what_an_event_changes(name, given, expect):
    assert after(name, **given) == expect


def test_every_event_has_a_case():
    lacks.none_of(lacks.differences(
        lacks.cases_of(test_what_an_event_changes), EVENTS,
        "event {}: needs a case of test_what_an_event_changes, tests/model/test_events.py",
        "{}: has a case and is no event of labsim/model/events.py",
    ))


def test_the_researcher_does_what_the_intern_does_and_more():
    world = race()
    lab = world.labs[0]
    for name in ("automated_researcher", "automated_intern"):
        EVENTS[name].act(event(name), lab, world, KEY)
    assert lab.automation == 0.5


@pytest.mark.parametrize(("oversight", "extra", "expect"), [(0.0, 0.0, 1.75), (1.0, 0.0, 3.75), (1.0, 0.5, 4.25)])
def test_automation_shortens_the_machines_part_of_a_cycle_only(oversight, extra, expect):
    lab = put(race().labs[0], automation=0.5, extra_weeks=extra)
    assert weeks_per_cycle(lab, 0.0, 1.0, oversight) == expect


@pytest.mark.parametrize(
    ("ideas", "leak", "paused", "x"),
    [(0.0, 0.0, 0.0, 1.0), (0.0, 0.5, 0.0, 2.0), (0.25, 0.5, 0.0, 2.0), (0.5, 0.25, 0.0, 2.0), (0.0, 0.5, 1.0, 1.0)],
)
def test_a_leak_brings_a_share_of_the_lead_that_is_seen(ideas, leak, paused, x):
    world = race({"competition.ideas": ideas}, ["keeper"] * 2)
    behind, ahead = put(world.labs[0], log_capability=1.0), put(world.labs[1], log_capability=3.0)
    for lab in (behind, ahead):
        publish(lab, world, world.p, KEY)
        put(lab, leak=leak, paused=paused)
    for lab, other in ((behind, ahead), (ahead, behind)):
        hear(lab, other, 1.0, world.p, KEY)
        absorb(lab, world, world.p, KEY)
    assert (behind.log_capability, ahead.log_capability) == (x, 3.0)


def test_a_leak_does_not_reach_over_an_edge_that_is_not_there():
    world = race(None, ["keeper"] * 2)
    lab, other = put(world.labs[0], leak=1.0), put(world.labs[1], shown_capability=3.0)
    hear(lab, other, 0.0, world.p, KEY)
    absorb(lab, world, world.p, KEY)
    assert lab.log_capability == 0.0


def test_a_jump_moves_capability_and_not_alignment():
    change = after("discontinuity", rate=52.0)
    assert set(change) == {"log_capability"} and change["log_capability"] > 1.0
    assert after("discontinuity", rate=52.0, given={"paused": 1.0}) == {}
    far = after("discontinuity", rate=52.0, size=5.0, given={"log_capability": CEILING - 1e-9})
    assert far == {"log_capability": CEILING}


def test_jumps_come_so_often_a_year_and_are_so_large():
    """Rate 13 a year is one in four weeks; sizes are exponential."""
    jumps, lab = event("discontinuity", rate=13.0, size=0.3), race().labs[0]
    sizes = []
    for key in keys(4000):
        EVENTS["discontinuity"].act(jumps, put(lab, log_capability=0.0), None, key)
        sizes += [lab.log_capability] if lab.log_capability else []
    assert abs(len(sizes) - 1000) < 4 * math.sqrt(750)
    assert np.mean(sizes) == pytest.approx(0.3, rel=0.12) and np.std(sizes) == pytest.approx(0.3, rel=0.15)


def test_a_warning_is_news_for_a_week_and_remembered_longer():
    world = put(race({"harm.concern_memory": 0.5}, ["keeper"] * 3), concern=1.0)
    for lab in world.labs:
        EVENTS["public_warning"].act(event("public_warning"), lab, world, KEY)
        add_hazard(lab, world, world.p)
    survive(world, world.p, KEY)
    assert (world.salience, world.concern) == (0.6, 1.1)  # one warning, however many labs hear it


WEEKS = {  # what shows in a lab that an event is in force, or happens
    "automated_intern": ("automation", 0.15), "automated_researcher": ("automation", 0.5),
    "public_warning": ("salience", 0.6), "leak": ("leak", 0.5), "information_shock": ("regime", 3.0),
}  # fmt: skip


@pytest.mark.parametrize("name", WEEKS)
@pytest.mark.parametrize(
    ("start", "stop", "expect"), [(None, None, []), (None, 3, []), (2, None, [2, 3, 4, 5]), (2, 4, [2, 3]), (4, 2, [])]
)
def test_an_event_lasts_from_its_start_until_its_stop(name, start, stop, expect):
    world = race({f"events.{name}.start": start, f"events.{name}.stop": stop}, ["keeper"])
    quantity, value = WEEKS[name]
    result = []
    for week in range(6):
        world.step()
        assert ((EVENT, name) in world.in_force) == (week in expect)
        if getattr(world.labs[0], quantity) == value:
            result.append(week)
    assert result == (expect[:1] if name in ("public_warning", "leak") else expect)


def test_jumps_end_with_their_stop():
    changes = {"race.labs": 1, "cycle.machine": 52.0, "events.discontinuity.start": 2, "events.discontinuity.stop": 5,
               "events.discontinuity.rate": 52.0, "race.weeks": 9, "competition.ideas": 0.0}  # fmt: skip
    _, _, labs = ensemble.trace(Scenario("jumps").with_(changes), 0, 1, 0, ("log_capability",), (), 9)
    x = labs[0, :, 0, 0]
    assert np.flatnonzero(np.diff(x)).tolist() == [1, 2, 3]


def finals(changes):
    return ensemble.simulate(Scenario("events").with_(changes), 0, 100, 5)


def test_a_warning_alone_binds_nobody():
    """Concern rises; every lab does as it would have done, unless a rule waits for concern."""
    plain, warned = finals({}), finals({"events.public_warning.start": 9})
    assert np.array_equal(plain.lab_states, warned.lab_states) and (plain.labs("first_closed") > 0).any()
    assert (warned.race("concern") >= plain.race("concern")).all()
    assert (warned.race("concern") > plain.race("concern")).any()
    limited = finals({"events.public_warning.start": 9, "governance.rate_limit.trigger": 0.5})
    assert (limited.race("week") > plain.race("week")).mean() > 0.5


@pytest.mark.parametrize(
    ("name", "values", "outcome"),
    [
        ("automated_intern", {}, lambda f: -f.race("week")),
        ("automated_researcher", {}, lambda f: -f.race("week")),
        ("discontinuity", {"rate": 2.0}, lambda f: f.labs("exposure").mean(axis=1)),
        ("leak", {"share": 1.0}, lambda f: f.labs("log_capability").mean(axis=1)),
    ],
)
def test_events_matter_in_whole_races(name, values, outcome):
    """Automation shortens a race, jumps widen the gap, a leak lifts those behind."""
    own = {f"events.{name}.start": 20} | {f"events.{name}.{key}": value for key, value in values.items()}
    difference = outcome(finals(own)) - outcome(finals({}))
    assert difference.mean() > 2 * difference.std() / 10
