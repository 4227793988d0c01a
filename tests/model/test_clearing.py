"""What is declared as cleared weekly is at its start when a week opens, whatever the week before left in it."""

import inspect

import numpy as np
import pytest

from labsim.engines import ensemble, mesa_engine
from labsim.model import state, week
from labsim.model.competition import open_week
from labsim.model.finish import close_week
from labsim.model.orders import clear_news, clear_orders
from labsim.model.week import LAB, RACE
from labsim.scenario.scenario import Scenario
from tests.engines.small_rules import from_text
from tests.worlds import ORDERS

OF_RACE, OF_LAB = state.cleared(state.RaceState), (*state.cleared(state.LabState), *state.cleared(state.LabState, True))
REGIME = {"race.information": "secret", "race.safety_information": "public"}
# some rule is in force: otherwise nobody gives orders, and they are not cleared
WORLD = Scenario("cleared").with_(REGIME | {"race.labs": 3, "race.weeks": 4, "governance.rate_limit.start": 0})
SHOWN = {"regime": 3.0, "sees_safety": 1.0}  # orders that go to the value of a parameter
EXPECT = {name: state.fields(state.LabState)[name] for name in OF_LAB} | SHOWN


def spoiling(name, whose, quantities):
    """A rule that leaves 7 in each of these quantities."""
    arguments = "race, p, key" if whose == "race" else "lab, race, p, key"
    lines = "".join(f"    {whose}.{quantity} = 7.0\n" for quantity in quantities)
    return from_text(f"def {name}({arguments}):\n{lines}", name)


SPOILED = ((RACE, spoiling("spoil_race", "race", OF_RACE)), (LAB, spoiling("spoil_lab", "lab", OF_LAB)))
CLEARED = ((RACE, open_week), (LAB, clear_news), (LAB, clear_orders))


def short_weeks(engine, steps, monkeypatch):
    """The last state of the race and of each lab by quantity, of a world whose weeks are these steps and the clock."""
    for walker in (week, mesa_engine):
        monkeypatch.setattr(walker, "walk", lambda: (*steps, (RACE, close_week)))
    WORLD.__dict__.pop("_prepared", None)
    final = engine.simulate(WORLD, 0, 2, 0)
    return ({name: final.race(name) for name in OF_RACE}, {name: final.labs(name) for name in OF_LAB})


@pytest.mark.parametrize("engine", [mesa_engine, ensemble])
def test_each_is_at_its_start_when_a_week_opens(engine, monkeypatch):
    race, labs = short_weeks(engine, (*SPOILED, *CLEARED), monkeypatch)
    assert [name for name in OF_RACE if (race[name] != state.fields(state.RaceState)[name]).any()] == []
    assert [name for name in OF_LAB if (labs[name] != EXPECT[name]).any()] == []


def test_without_the_clearing_they_would_be_left_as_they_were(monkeypatch):
    race, labs = short_weeks(mesa_engine, SPOILED, monkeypatch)
    assert {float(value) for values in (*race.values(), *labs.values()) for value in np.unique(values)} == {7.0}


def test_orders_are_what_the_tests_of_rules_take_for_none():
    """A list kept by hand, beside the declarations."""
    orders = state.cleared(state.LabState, orders=True)
    assert {*orders, "finding", "salience"} == set(ORDERS)
    assert {name: ORDERS[name] for name in orders} == {name: state.fields(state.LabState)[name] for name in orders}


def test_a_debugger_sees_one_assignment_for_each():
    assert "    race.frontier = -1000000000.0\n" in inspect.getsource(open_week)
    assert "    lab.regime = p.race.information\n" in inspect.getsource(clear_orders)
    lines = inspect.getsource(clear_orders).splitlines()
    assert len(lines) == 2 + len(state.cleared(state.LabState, orders=True))
