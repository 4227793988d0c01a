"""What the driver walks: the steps that a race needs, in the week's order; blocks of steps that run again."""

import ctypes
from itertools import pairwise

import numpy as np
import pytest

from labsim.engines import driver, ensemble, mesa_engine, plan
from labsim.engines.code import code_of
from labsim.engines.driver_language import call
from labsim.engines.layout import layouts
from labsim.engines.steps import every_step, gate_of
from labsim.model import week
from labsim.model.strategies import open_ledger
from labsim.model.week import CYCLE, DECIDE, LAB, RACE, WEEK, Again, Block, walk
from labsim.scenario.scenario import Scenario
from tests.engine_worlds import worlds
from tests.engines.small_rules import from_text

WORLDS = worlds()


def flat(groups):
    """The rules of groups, in order."""
    return [step.rule for group in groups for step in group.members]


@pytest.mark.parametrize("name", WORLDS)
def test_steps_come_in_the_order_of_the_week(name):
    order = {rule: place for place, (kind, rule) in enumerate(WEEK) if kind != DECIDE and not isinstance(rule, dict)}
    groups = plan.groups_of(WORLDS[name])
    packed_at = [group for group in groups if group.kind != driver.PACKED or group.code <= 0]
    places = [order[rule] for rule in flat(packed_at) if rule in order]
    assert places == sorted(places) and len(places) > 20


def test_a_tally_shares_its_loop_with_nothing():
    """What follows it reads the race: all labs are counted first."""
    for scenario in WORLDS.values():
        for group in plan.groups_of(scenario):
            kinds = [step.kind for step in group.members]
            assert kinds == ["tally"] or "tally" not in kinds


@pytest.mark.parametrize("labs", [1, 3, 9])
def test_records_of_labs_do_not_overlap(labs):
    """Every field of every record has a place of its own, and the world's addresses lie inside its memory."""
    for kind, layout in layouts().items():
        assert sorted(layout.place.values()) == list(range(len(layout))), kind
    scenario = Scenario("w").with_({"race.labs": labs})
    prepared = ensemble._prepared(scenario, (), 32, 16)
    none = np.zeros(0, np.int64)
    world, memory = ensemble.world_of(scenario, *prepared, 32, 0, np.arange(5), {}, none, 0)
    spans = sorted((array.ctypes.data, array.ctypes.data + array.nbytes) for array in memory.values())
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert {getattr(world, name) for name in memory} == {begin for begin, _ in spans}


def test_rules_from_outside_move_no_field(registries_as_they_were):
    from labsim.scenario.registry import register_rule
    from tests.runs.test_failures import Strict

    before = {kind: dict(layout.place) for kind, layout in layouts().items()}
    register_rule(Strict)
    after = layouts()
    assert all(after[kind].place.items() >= place.items() for kind, place in before.items())
    assert "governance.strict.start" in after["p"].place


def test_a_rule_that_is_dated_far_ahead_changes_no_bit():
    plain = Scenario("w").with_({"governance.rate_limit.start": 0, "race.weeks": 60})
    dated = plain.with_({"governance.human_mandate.start": 500})
    a, b = (ensemble.simulate(world, 0, 40, 3).lab_states for world in (plain, dated))
    assert np.array_equal(a.view(np.int64), b.view(np.int64))


@pytest.mark.parametrize(("weeks", "concern", "expect"), [
    ([0, 0], 0.0, 0), ([0, 5], 0.0, 1), ([8, 0], 0.0, 1), ([9, 4], 0.0, 0), ([0, 0], 2.0, 1),
])  # fmt: skip
def test_a_gate_is_open_where_the_dates_or_the_concern_hold_in_some_lane(weeks, concern, expect):
    (rule,) = [step for step in every_step() if step.title == "governance governance.rate_limit"]
    gate, of = gate_of(rule), layouts()
    code, _ = code_of([gate], 32, 16)
    race, p = np.zeros((len(of["race"]), 32)), np.zeros((len(of["p"]), 32))
    race[of["race"].place["week"], :2], race[of["race"].place["concern"], 31] = weeks, concern
    for name, value in (("start", 5.0), ("stop", 9.0), ("trigger", 1.5)):
        p[of["p"].place[f"governance.rate_limit.{name}"]] = value
    assert call(code[gate].address, 0, 0, race.ctypes.data, p.ctypes.data, 0, 0, 0, 32) == expect


# --- blocks of steps that run again

GO = '''
def count(lab, race, p, key):
    lab.provoked += 1.0
    lab.grudge = uniform(key, 5) + lab.provoked

def ask(lab, race, p, key):
    lab.moved = 1.0 if lab.provoked < 2.0 + lab.id else 0.0

def cycle(lab, race, p, key):
    lab.attraction_keep += 1.0
    lab.completed = 1.0

def wish(lab, race, p, key):
    lab.attraction_remove += lab.attraction_keep
    return 0.5

def complete(lab, race, p, key):
    lab.provoked = 0.0
    lab.completed = 1.0 if lab.id > 0.5 or race.week > 2.0 else 0.0
'''
TOY = {name: from_text(GO, name) for name in ("count", "ask", "cycle", "wish", "complete")}
STEPS = ((LAB, TOY["complete"]), (LAB, TOY["count"]), (CYCLE, TOY["cycle"]), (DECIDE, {"wish": TOY["wish"]}),
         (LAB, TOY["ask"]), (RACE, WEEK[-1][1]))  # fmt: skip
QUANTITIES = ("provoked", "grudge", "attraction_keep", "attraction_remove", "moved", "wanted")


def toy(engine, at_most, monkeypatch, count=5):
    """The last states of a world whose weeks are a toy's, with a block that runs so often at most."""
    block = Block(TOY["count"], TOY["ask"], "moved", at_most)
    entries = walk(STEPS, [block])
    for walker in (week, mesa_engine):
        monkeypatch.setattr(walker, "walk", lambda: entries)
    monkeypatch.setattr(ensemble, "STRATEGIES", {"wish": TOY["wish"]})
    for module in (plan, mesa_engine):
        monkeypatch.setattr(module, "STRATEGIES", {"wish": TOY["wish"]})
    monkeypatch.setattr(ensemble, "number_of", lambda name: 0.0)
    monkeypatch.setattr(mesa_engine, "number_of", lambda name: 0.0)
    from labsim.scenario.checked import LabSpec

    labs = tuple(LabSpec(name, "wish") for name in ("a", "b", "c", "d"))
    world = Scenario("toy", labs=labs).with_({"race.weeks": 6})
    return engine.simulate(world, 0, count, 2)


@pytest.mark.parametrize("at_most", [1, 2, 3, 7])
def test_steps_run_again_for_labs_that_ask_in_both_engines_alike(at_most, monkeypatch):
    registered = pytest.MonkeyPatch()
    from labsim.model import strategies

    registered.setitem(strategies.STRATEGIES, "wish", TOY["wish"])
    try:
        mesa, fast = (toy(engine, at_most, monkeypatch, 40) for engine in (mesa_engine, ensemble))
    finally:
        registered.undo()
    assert np.array_equal(mesa.lab_states.view(np.int64), fast.lab_states.view(np.int64))
    provoked = fast.labs("provoked")[0]  # of lab k: it asks until it was counted 2 + k times
    assert list(provoked) == [min(at_most, 2 + k) for k in range(4)]
    kept = fast.labs("attraction_keep")[0]  # from 1; lab 0 completes in three of six weeks
    assert list(kept) == [1 + min(at_most, 2) * 3, *(1 + min(at_most, 2 + k) * 6 for k in (1, 2, 3))]


def test_a_block_is_one_entry_and_leaves_the_rest():
    entries = walk(STEPS, [Block(TOY["count"], TOY["ask"], "moved", 3)])
    assert entries == (STEPS[0], Again(STEPS[1:5], "moved", 3), STEPS[5])
    assert [step for entry in walk() for step in (entry.steps if isinstance(entry, Again) else [entry])] == list(WEEK)


def test_a_block_holds_steps_of_labs_alone():
    with pytest.raises(ValueError, match=r"close_week, race: a block repeats steps of the kinds lab, cycle"):
        walk(STEPS, [Block(TOY["ask"], WEEK[-1][1], "moved", 2)])


# --- the driver


def test_the_driver_in_plain_python_does_the_same():
    """Its words are Python functions: it runs as it stands, and its translation does no more and no less."""
    scenario = WORLDS["hassabis-baseline"].with_({"race.weeks": 3})
    expect = ensemble.simulate(scenario, 0, 3, 7, width=8, lanes=8)
    world, memory = ensemble.world_of(
        scenario, *ensemble._prepared(scenario, (), 8, 8), 8, 7, np.arange(3), {}, np.zeros(0, np.int64), 0
    )
    driver.run(world)
    race = len(expect.race_state[0])
    assert np.array_equal(memory["finals"][:, :race], expect.race_state)
    assert np.array_equal(memory["finals"][:, race:].reshape(expect.lab_states.shape), expect.lab_states)
    assert ctypes.sizeof(world) == 8 * len(driver.FIELDS)


def test_open_ledger_is_in_the_block_that_ships():
    (block,) = [entry for entry in walk() if isinstance(entry, Again)]
    assert (CYCLE, open_ledger) in block.steps and block.at_most == 1
