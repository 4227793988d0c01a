"""Rules and strategies of one's own, in both engines, without a fork."""

from dataclasses import dataclass

import pytest

import labsim
from labsim.model.governance import Dated, date, lever
from labsim.scenario.checked import CATALOGUE, DEFAULTS
from labsim.scenario.registry import register_rule, register_strategy

pytestmark = pytest.mark.usefixtures("registries_as_they_were")


@dataclass(frozen=True)
class ComputeCap:
    """No lab may use more than so many times an equal share of compute. With dates of its own, without a base."""

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")
    cap: float = lever(1.0, "largest share, in equal shares", low=0.1, high=40)

    def act(rule, lab, race, key):
        lab.compute_cap = min(lab.compute_cap, rule.cap)


@dataclass(frozen=True)
class OwnMandate(Dated):
    """A human for every lab that is able enough; a monthly inspection fines what it sees."""

    fine: float = lever(0.2, "fine for each breach", unit="prizes", low=0, high=100)

    def act(self, lab, race, key):
        lab.required_oversight = 1.0
        inspected(lab, 12.0)
        lab.fine = max(lab.fine, self.fine)


def inspected(lab, times):
    """Orders may be given by a function that a rule calls."""
    lab.inspections = max(lab.inspections, times)
    lab.detection = max(lab.detection, 1.0)


def hothead(lab, race, p, key):
    """Removes the human as soon as it is behind."""
    return 0.0 if lab.leader_capability > lab.log_capability else 1.0


def stubborn(lab, race, p, key):
    """Asks for its own name, which only an agent has."""
    return 1.0 if lab.name == "Rowan" else 0.0


@pytest.mark.slow
def test_a_rule_and_a_strategy_from_outside_run_in_both_engines_alike():
    both = [
        labsim.run("hassabis-baseline", 24, engine=engine, rules=[ComputeCap(start=3)], strategies={"Rowan": hothead})
        for engine in ("ensemble", "mesa")
    ]
    assert both[0].engine == "ensemble"
    assert both[0].outcomes.equals(both[1].outcomes)
    plain = labsim.run("hassabis-baseline", 24)
    assert not both[0].outcomes.equals(plain.outcomes)
    shares = [r.weeks[r.weeks["week"] >= 3]["share"].max() for r in (both[0], plain)]
    assert shares[0] <= 0.2 + 1e-9 < shares[1]


def test_orders_of_ones_own_rule_are_carried_out():
    """Inspections happen, labs reckon with them, and orders are cleared once the rule has ended."""
    plain = labsim.run("hassabis-baseline", 12, engine="mesa").outcomes
    bound = labsim.run("hassabis-baseline", 12, engine="mesa", rules=[OwnMandate(start=0)])
    assert bound.outcomes["closed_share"].mean() < 0.5 * plain["closed_share"].mean()
    assert (bound.events["event"] == "fined").any()
    ended = labsim.run("hassabis-baseline", 12, engine="mesa", rules=[OwnMandate(start=0, stop=10)])
    fined = ended.events[ended.events["event"] == "fined"]
    assert fined.empty or fined["week"].max() < 10
    assert ended.outcomes["closed_share"].mean() > bound.outcomes["closed_share"].mean()


@pytest.mark.parametrize("rule", [OwnMandate(start=0, where="home"), OwnMandate(trigger=0.5)], ids=["home", "trigger"])
def test_a_rule_with_a_place_or_a_trigger_runs_in_both_engines_alike(rule):
    both = [labsim.run("hassabis-baseline", 24, engine=engine, rules=[rule]) for engine in ("ensemble", "mesa")]
    assert [results.engine for results in both] == ["ensemble", "mesa"]
    assert both[0].outcomes.equals(both[1].outcomes)
    assert not both[0].outcomes.equals(labsim.run("hassabis-baseline", 24).outcomes)


def test_a_strategy_that_cannot_be_compiled_is_named_and_runs_in_mesa():
    with pytest.warns(UserWarning, match=r"strategy 'stubborn' cannot be compiled .*Mesa engine"):
        results = labsim.run("hassabis-baseline", 4, strategies={"Rowan": stubborn})
    assert results.engine == "mesa"
    assert len(results.outcomes) == 4


def test_a_lab_class_of_ones_own_runs_in_mesa():
    class Patient(labsim.Lab):
        def decide(self):
            return 1.0 if self.model.week < 30 else super().decide()

    results = labsim.run("five-calculators", 6, lab=Patient)
    assert results.engine == "mesa"
    assert results.outcomes["first_closure_week"].min() >= 30


@pytest.mark.parametrize(("register", "thing", "message"), [
    (register_strategy, lambda: _named("calculator"), "ships with labsim"),
    (register_rule, lambda: type("RateLimit", (), {}), "dataclass"),
    (register_rule, lambda: dataclass(frozen=True)(type("RateLimit", (ComputeCap,), {})), "'rate_limit' ships with"),
    (register_rule, lambda: dataclass(type("Odd", (), {})), "start, stop and act"),
    (register_rule, lambda: type("Bare", (Dated,), {"act": OwnMandate.act}), "rule Bare: must be a dataclass"),
])  # fmt: skip
def test_what_cannot_be_registered_is_said(register, thing, message):
    with pytest.raises(ValueError, match=message):
        register(thing())


def _named(name):
    def strategy(lab, race, p, key):
        return 1.0

    strategy.__name__ = name
    return strategy


def test_a_rule_is_a_table_of_parameters_once_registered():
    register_rule(ComputeCap)
    world = labsim.load("five-calculators").with_({"governance.compute_cap.start": 0, "governance.compute_cap.cap": 2})
    assert world["governance.compute_cap.cap"] == 2.0
    with pytest.raises(labsim.ScenarioError, match=r"from 0\.1 to 40"):
        world.with_({"governance.compute_cap.cap": 50})


def test_a_rule_with_the_base_has_dates_trigger_and_place_before_its_own():
    register_rule(OwnMandate)
    paths = [path for path in CATALOGUE if path.startswith("governance.own_mandate.")]
    assert [path.rpartition(".")[2] for path in paths] == ["start", "stop", "trigger", "where", "fine"]
    assert [DEFAULTS[path] for path in paths] == [None, None, None, "everywhere", 0.2]


def test_an_unknown_lab_is_named():
    with pytest.raises(labsim.ScenarioError, match="no lab 'Ash'; the labs are Birch"):
        labsim.run("five-calculators", 2, strategies={"Ash": hothead})
