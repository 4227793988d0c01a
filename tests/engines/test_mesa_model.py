"""The readable engine as Mesa users use it: subclasses, tables, copies, luck that belongs to labs."""

import copy
import gc
import warnings
import weakref

import mesa
import numpy as np
import pytest

from labsim.engines.mesa_engine import Evaluator, Lab, Race
from labsim.model import state
from labsim.model.governance import RULES
from labsim.scenario.checked import CATALOGUE, LabSpec
from labsim.scenario.scenario import Scenario

PLAIN = Scenario("plain")
FIVE = (
    LabSpec("birch"),
    LabSpec("cedar", "closer", {"cycle.able": 0.5}),
    LabSpec("hazel", "mirror", {"cycle.review": 1.0, "faking.initial": 0.3}),
    LabSpec("rowan", "keeper", {"cycle.machine": 3.0, "cycle.head_start": 0.4}),
    LabSpec("alder", "calculator", {"decision.own_harm": 0.2, "cycle.candidates": 16, "decision.taste": 0.2}),
)
BUSY = {
    "evaluators.response": "retrain", "evaluators.threshold": 0.3, "race.information": "noisy",
    "governance.human_mandate.start": 5, "governance.mandatory_evaluation.start": 10, "competition.ideas": 0.05,
    "harm.rate": 0.05,
}  # fmt: skip


def final(race):
    """Every quantity of the race, and of its labs by name: the bits that runs are compared by."""
    world = {name: getattr(race, name) for name in state.fields(state.RaceState)}
    labs = {lab.name: {name: getattr(lab, name) for name in state.fields(state.LabState)} for lab in race.labs}
    return world, labs


class Hesitant(Lab):
    """Keeps its human for ten cycles, then removes it."""

    def decide(self):
        return 1.0 if self.cycles <= 10 else 0.0


def test_a_race_is_a_mesa_model_of_agents():
    race = Race(PLAIN.with_({"evaluators.number": 3}))
    assert isinstance(race, mesa.Model) and isinstance(race.labs[0], mesa.Agent)
    assert list(race.agents) == [*race.labs, *race.evaluators]
    assert list(race.agents_by_type[Lab]) == race.labs and len(race.agents_by_type[Evaluator]) == 3
    assert race.agents_by_type[Lab].agg("log_capability", max) == max(lab.log_capability for lab in race.labs)
    assert {lab.name for lab in race.agents.select(lambda a: isinstance(a, Lab) and a.capability > 0)} == {
        "Birch", "Cedar", "Hazel", "Rowan", "Alder",
    }  # fmt: skip


def test_a_race_that_nobody_holds_is_forgotten():
    """Mesa itself keeps each; a server that tells many races would grow with every one."""
    race = weakref.ref(Race(PLAIN.with_({"evaluators.number": 3}), collect=False).run())
    gc.collect()
    assert race() is None


def test_agents_of_a_race_have_numbers_of_their_own_also_those_that_come_later():
    for _ in range(2):  # in every race from 1
        race = Race(PLAIN)
        Lab(race, race.labs[0].spec, 0)
        assert [agent.unique_id for agent in race.agents] == list(range(1, len(race.labs) + len(race.evaluators) + 2))


def test_a_race_steps_week_by_week_until_it_is_over():
    race = Race(PLAIN)
    while race.running:
        week = race.week
        race.step()
        assert race.week == week + 1
    assert race.over and race.finished and race.steps == race.week > 10
    before = final(race)
    race.step()
    assert final(race) == before  # over is over
    assert final(Race(PLAIN).run()) == before


def test_a_lab_shows_capability_alignment_and_closure():
    race = Race(PLAIN, lab=Hesitant).run()
    for lab in race.labs:
        assert np.log([lab.capability, lab.alignment]) == pytest.approx([lab.log_capability, lab.log_alignment])
        assert lab.closed == (lab.oversight == 0.0) == (lab.cycles > 10)


def test_a_subclass_decides_for_itself():
    race = Race(PLAIN.with_({"cycle.able": 0.001}), lab=Hesitant).run()
    frame = race.datacollector.get_agenttype_vars_dataframe(Hesitant)
    assert (frame["oversight"] == np.where(frame["cycles"] <= 10, 1.0, 0.0)).all()
    assert final(race) != final(Race(PLAIN.with_({"cycle.able": 0.001})).run())


def test_some_labs_may_be_of_a_class_of_their_own():
    race = Race(PLAIN, lab=lambda spec: Hesitant if spec.name == "Cedar" else Lab).run()
    assert [type(lab).__name__ for lab in race.labs] == ["Lab", "Hesitant", "Lab", "Lab", "Lab"]
    frames = [race.datacollector.get_agenttype_vars_dataframe(kind) for kind in (Lab, Hesitant)]
    assert [len(frame) for frame in frames] == [4 * race.week, race.week]


def test_a_subclass_that_asks_its_parent_changes_nothing():
    class Same(Lab):
        def decide(self):
            return super().decide()

    asked, plain = final(Race(PLAIN, lab=Same).run()), final(Race(PLAIN).run())
    for lab in (*asked[1].values(), *plain[1].values()):  # what a calculator does not look at
        for name in ("rivals_closed", "model_draw", "model_capability", "model_oversight"):
            del lab[name]
    assert asked == plain


def test_a_subclass_is_told_what_a_strategy_from_outside_is_told():
    class Reluctant(Lab):
        def decide(self):
            return 0.0 if self.rivals_closed >= 2.0 else 1.0

    races = [Race(PLAIN, replication=r, lab=lambda s: Reluctant if s.name == "Birch" else Lab) for r in range(5)]
    assert max(race.run().labs[0].first_closed for race in races) >= 0.0


def test_the_table_of_weeks_has_a_row_for_each_lab_and_week():
    race = Race(PLAIN).run()
    weeks = race.datacollector.get_model_vars_dataframe()
    labs = race.datacollector.get_agenttype_vars_dataframe(Lab)
    assert len(weeks) == race.week and tuple(weeks.columns) == state.kept(state.RaceState)
    assert len(labs) == 5 * race.week and list(labs.columns) == ["name", *state.kept(state.LabState)]
    assert not labs.index.duplicated().any()
    last = labs.xs(int(race.week), level="Step").set_index("name")
    assert last["log_capability"].to_dict() == {lab.name: lab.log_capability for lab in race.labs}
    assert weeks["survival"].is_monotonic_decreasing and weeks["survival"].iloc[-1] == race.survival


def test_without_collecting_the_race_is_the_same():
    race = Race(PLAIN, collect=False).run()
    assert race.datacollector.get_model_vars_dataframe().empty
    assert final(race) == final(Race(PLAIN).run())


@pytest.mark.parametrize("weeks", [0, 25])
def test_a_copy_continues_as_its_original_would(weeks):
    race = Race(Scenario("busy", labs=FIVE).with_(BUSY))
    for _ in range(weeks):
        race.step()
    other = copy.deepcopy(race)
    other.step()
    assert other.week == race.week + 1 and other.labs[0].model is other
    assert final(other.run()) == final(race.run())


def test_the_same_seed_is_the_same_race_and_another_replication_or_seed_another():
    scenario = Scenario("busy", labs=FIVE).with_(BUSY)
    first = final(Race(scenario, seed=4, replication=7).run())
    assert final(Race(scenario, seed=4, replication=7).run()) == first
    others = [final(Race(scenario, seed=s, replication=r).run()) for s, r in ((4, 8), (5, 7), (7, 4))]
    assert all(other != first for other in others)


@pytest.mark.parametrize("slower", [{"cycle.machine": 20.0}, {"governance.rate_limit.start": 0}, {"cycle.review": 7.5}])
def test_the_same_edit_has_the_same_luck_whatever_the_pace(slower):
    def edits(changes):
        alone = {"cycle.research": 0.0, "competition.ideas": 0.0, "evaluators.number": 0, "competition.finish": 1e6}
        scenario = PLAIN.with_({**alone, **changes}).with_strategy("keeper")
        frame = Race(scenario).run().datacollector.get_agenttype_vars_dataframe(Lab)
        return frame.groupby(["name", "cycles"])[["log_capability", "log_alignment"]].first()

    fast, slow = edits({"cycle.machine": 1.0, "cycle.review": 0.5}), edits(slower)
    both = fast.join(slow.add_suffix("_slow"), how="inner")
    assert len(both) > 50
    assert (both["log_capability"] == both["log_capability_slow"]).all()
    assert (both["log_alignment"] == both["log_alignment_slow"]).all()


# Exposure far beyond any real race: sums over labs must still not depend on their order.
FAR_OUT = {
    "cycle.form": "fixed", "cycle.rate_capability": 3.0, "cycle.rate_alignment": 0.5, "cycle.machine": 0.5,
    "cycle.review": 0.0, "race.finish_form": "none", "race.weeks": 200, "harm.rate": 1e-4, "race.spread": 1.0,
}  # fmt: skip
ORDERS = [(4, 3, 2, 1, 0), (2, 0, 4, 1, 3), (1, 0, 2, 3, 4)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("changes", [{}, BUSY, {"competition.network": "star"}, FAR_OUT, FAR_OUT | {"harm.rate": 10}])
@pytest.mark.parametrize("replication", [0, 3])
def test_permuted_labs_have_permuted_results_to_the_last_bit(changes, order, replication):
    scenario = Scenario("five", labs=FIVE).with_(changes)
    permuted = Scenario("five", labs=tuple(FIVE[k] for k in order)).with_(changes)
    straight = Race(scenario, replication=replication, collect=False).run()
    other = Race(permuted, replication=replication, collect=False, numbers=list(order)).run()
    assert [lab.name for lab in other.labs] == [FIVE[k].name for k in order]
    assert final(other) == final(straight)


def test_luck_goes_with_the_number_of_a_lab_not_with_its_place():
    scenario = Scenario("five", labs=FIVE)
    straight, other = Race(scenario), Race(scenario, numbers=[1, 0, 2, 3, 4])
    assert [lab.taste != twin.taste for lab, twin in zip(straight.labs, other.labs, strict=True)] == [
        True, True, False, False, False,
    ]  # fmt: skip


COUNTS = ("members", "seen_closed", "demand")  # kept only in a scenario that dates a treaty or permits


def outcome(race):
    """`final` but for what is counted for a rule that may come."""
    world, labs = final(race)
    return {name: value for name, value in world.items() if name not in COUNTS}, labs


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_comes_too_late_changes_no_bit(rule):
    scenario = Scenario("five", labs=FIVE).with_({"harm.rate": 0.05, "governance.treaty.release": "no"})
    race = Race(scenario).run()
    late = Race(scenario.with_({f"governance.{rule}.start": int(race.week)})).run()
    assert outcome(late) == outcome(race)
    assert race.datacollector.get_agenttype_vars_dataframe(Lab).equals(
        late.datacollector.get_agenttype_vars_dataframe(Lab)
    )
    in_time = Race(scenario.with_({f"governance.{rule}.start": 0})).run()
    assert outcome(in_time) != outcome(race)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_ends_before_it_starts_changes_no_bit(rule):
    ended = {f"governance.{rule}.start": 10, f"governance.{rule}.stop": 10}
    assert outcome(Race(PLAIN.with_(ended)).run()) == outcome(Race(PLAIN).run())


def test_evaluators_with_nothing_to_report_change_nothing_but_themselves():
    scenario = PLAIN.with_({"evaluators.number": 0})
    idle = scenario.with_({"evaluators.number": 10, "evaluators.weeks": 520})
    assert final(Race(idle).run()) == final(Race(scenario).run())


WORLDS = {
    "plain": {},
    "busy": BUSY,
    "one lab": {"race.labs": 1},
    "forty labs": {"race.labs": 40, "race.weeks": 20},
    "extremes": {path: d.high for path, d in CATALOGUE.items()
                 if d.kind == "uncertainty" and not d.options and path not in ("race.labs", "competition.finish")},
    "other extremes": {path: d.low for path, d in CATALOGUE.items()
                       if d.kind == "uncertainty" and not d.options and path != "race.labs"},
    "far": FAR_OUT,
    "all rules": {f"governance.{rule}.start": 0 for rule in RULES},
}  # fmt: skip


@pytest.mark.parametrize("name", WORLDS)
def test_a_run_warns_of_nothing_and_stays_in_bounds(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        race = Race(PLAIN.with_paths({"race.weeks": 120, **WORLDS[name]})).run()
        race.datacollector.get_agenttype_vars_dataframe(Lab)
    world, labs = final(race)
    assert all(np.isfinite(value) for quantities in (world, *labs.values()) for value in quantities.values())
    assert 0.0 <= race.survival <= 1.0
    for lab in race.labs:
        assert 0.0 <= lab.oversight <= 1.0 and lab.trust <= 0.0 and lab.payoff <= 1.0
        assert lab.share > 0.0 and 0.0 <= lab.faked < 1.0 and lab.exposure >= 0.0 <= lab.age
    permitted = race.p.governance.compute_permits.total if name == "all rules" else 1.0
    assert sum(lab.share for lab in race.labs) == pytest.approx(permitted, abs=1e-9)
