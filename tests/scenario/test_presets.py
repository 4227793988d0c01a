"""Beliefs and kinds of evaluators: named values of parameters that exist, and nothing else."""

import numpy as np
import pytest

import labsim
from labsim.engines import ensemble, mesa_engine
from labsim.model import state
from labsim.model.orders import NEVER
from labsim.scenario.changes import with_changes
from labsim.scenario.checked import CATALOGUE, DEFAULTS, EvaluatorSpec, LabSpec, check_evaluator, check_lab, check_value
from labsim.scenario.files import to_toml
from labsim.scenario.presets import AXES, EVALUATOR_KEYS, FAMILIES, LAB_KEYS, SCENARIO_FAMILIES, agreed, presets
from labsim.scenario.scenario import Scenario
from labsim.show.printouts import sources
from tests import lacks

ALL = [(family, name) for family in FAMILIES for name in presets(family)]


@pytest.fixture
def load(tmp_path):
    """Load a scenario of this content."""

    def _load(content, name="mine.toml"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return labsim.load(path)

    return _load


def test_every_family_is_chosen_by_a_key_and_has_presets():
    assert {*LAB_KEYS.values(), *EVALUATOR_KEYS.values(), *SCENARIO_FAMILIES} == set(FAMILIES)
    shipped_with_the_first_release = {
        "loops": 14, "archetypes": 7, "beliefs": 4, "commitments": 8, "evaluators": 5, "policies": 5,
        "worldviews": 11,
    }  # fmt: skip
    assert {*shipped_with_the_first_release} == {*FAMILIES}
    assert all(len(presets(family)) >= n for family, n in shipped_with_the_first_release.items())


@pytest.mark.parametrize(("family", "name"), ALL)
def test_a_preset_has_words_a_source_and_values_that_exist(family, name):
    preset = presets(family)[name]
    where = f"preset {name} in scenarios/presets/{family}.toml"
    words = {key: getattr(preset, key) for key in ("title", "meaning", "source")}
    lacks.none_of(f"{where}: needs a {key}" for key, text in words.items() if not text.strip())
    assert preset.name == name and preset.meaning.endswith("."), f"{where}: its meaning must be a sentence, with a stop"
    assert preset.values, f"{where}: sets no values"
    if family in LAB_KEYS.values():
        checked = check_lab(LabSpec(name, values=preset.values))
    elif family in EVALUATOR_KEYS.values():
        checked = check_evaluator(EvaluatorSpec(name, preset.values))
    else:
        checked = Scenario("plain").with_(preset.values)
    assert all(checked.values[path] == check_value(path, value) for path, value in preset.values.items())
    lacks.none_of(f"{where}: {path} is a constant" for path in preset.values if CATALOGUE[path].kind == "constant")
    if family in ("policies", "commitments"):  # a document's number stays what it is, whatever the default of the rule
        assert any(path.endswith(".start") for path in preset.values), f"{where}: needs a start, or is never in force"
    else:
        lacks.none_of(
            f"{where}: {path} = {value!r} is what it is anyway: leave it out"
            for path, value in preset.values.items() if check_value(path, value) == DEFAULTS[path]
        )  # fmt: skip


def test_a_loop_has_its_place_on_each_axis_and_a_human_job():
    for loop in presets("loops").values():
        where = f"loop {loop.name} in scenarios/presets/loops.toml"
        assert list(loop.axes) == list(AXES), f"{where}: axes {list(loop.axes)}, must be {list(AXES)}"
        assert loop.human_job, f"{where}: needs human_job, what the human still does"
        lacks.none_of(
            f"{where}: {axis} = '{place}': must be one of {', '.join(AXES[axis])}"
            for axis, place in loop.axes.items() if place not in AXES[axis]
        )  # fmt: skip
        assert loop.human_job in loop.described and all(place in loop.described for place in loop.axes.values())
    used = {(axis, place) for loop in presets("loops").values() for axis, place in loop.axes.items()}
    assert used == {(axis, place) for axis, places in AXES.items() for place in places}


def test_later_presets_win_and_a_lab_may_choose_one_of_each_kind(load):
    lab = load("[[lab]]\nloop = 'self-play'\narchetype = 'safety-first'\nbelief = 'awe'\ncommitment = 'rsp-v2'").labs[0]
    assert dict(lab.presets) == {
        "loop": "self-play", "archetype": "safety-first", "belief": "awe", "commitment": "rsp-v2",
    }  # fmt: skip
    assert lab.values["cycle.machine"] == 1.5  # the loop's
    assert lab.values["cycle.weight"] == 0.6  # the archetype's, which comes after the loop's 0.4
    assert lab.values["decision.caution"] == 1.5 and lab.values["safeguards.acceleration_threshold.start"] == 0


def test_a_lab_of_a_scenario_is_given_another_preset_before_its_own_numbers():
    birch = with_changes(labsim.load("hassabis-baseline"), {
        "Birch cycle.weight": 0.7, "Birch archetype": "safety-first", "Birch strategy": "keeper",
    }).all_labs[0]  # fmt: skip
    assert (birch.name, birch.strategy, birch.presets["archetype"]) == ("Birch", "keeper", "safety-first")
    preset = presets("archetypes")["safety-first"].values
    assert preset["cycle.weight"] != 0.7 and birch.values.items() >= {**preset, "cycle.weight": 0.7}.items()
    for changes, message in (({"Birch archetype": "bold"}, "archetype = 'bold': must be one of"),
                             ({"Brich archetype": "safety-first"}, "did you mean 'Birch'")):  # fmt: skip
        with pytest.raises(labsim.ScenarioError, match=message):
            with_changes(labsim.load("hassabis-baseline"), changes)


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ("with = ['sb-53']", {"governance.compute_threshold.flop": 1e26, "governance.compute_threshold.start": 0}),
        ("with = ['sb-53', 'speed-limit']", {"governance.compute_threshold.flop": 1e26,
                                             "governance.rate_limit.start": 0}),
        ("with = ['sb-53', 'raise']\n[governance]\ncompute_threshold = {start = 3, fine = 0.5}\n"
         "incident_reporting.start = 9",
         {"governance.compute_threshold.start": 3, "governance.compute_threshold.fine": 0.5,
          "governance.incident_reporting.start": 9, "governance.whistle_blowing.start": 0}),
        ("with = ['rsp-v2']\n[safeguards.acceleration_threshold]\nspeedup = 3",
         {"safeguards.acceleration_threshold.speedup": 3.0, "safeguards.acceleration_threshold.start": 0}),
    ],
)  # fmt: skip
def test_with_puts_policies_and_commitments_in_force_and_the_file_wins(load, content, values):
    scenario = load(content + "\n")
    assert {path: scenario[path] for path in values} == values
    assert load(to_toml(scenario), "again.toml").values == scenario.values


@pytest.mark.parametrize(
    ("names", "message"),
    [("sb-53", "must be a list of names"), (["sb53"], "did you mean 'sb-53'"), ([1], "with = 1: must be one of"),
     (["sceptic"], "with = 'sceptic': must be one of eu-ai-act-art-51"),
     (["sb-53", "eu-ai-act-art-51"], r"start = 0, eu-ai-act-art-51 says 2026-08-02; .*\.flop = .*; .*\.fine = "),
     (["rsp-v2", "preparedness"], "speedup = 2.0, preparedness says 5.0: set it in")],
)  # fmt: skip
def test_with_names_what_is_wrong(names, message):
    with pytest.raises(labsim.ScenarioError, match=message):
        agreed(names)


def test_presets_of_a_family_differ():
    for family in FAMILIES:
        seen = {}
        for name, preset in presets(family).items():
            first = seen.setdefault(tuple(sorted(preset.values.items())), name)
            assert first == name, f"presets {first} and {name} in scenarios/presets/{family}.toml set the same values"


def test_a_belief_is_the_values_it_stands_for_and_own_values_win(load):
    scenario = load("[[lab]]\nname = 'a'\nbelief = 'sceptic'\n[[lab]]\nname = 'b'\nbelief = 'sceptic'\n"
                    "'decision.caution' = 0.9\ncycle.review = 1")  # fmt: skip
    plain, own = scenario.labs
    belief = presets("beliefs")["sceptic"].values
    assert plain == LabSpec("a", "calculator", dict(belief), {"belief": "sceptic"})
    assert dict(own.values) == {**belief, "decision.caution": 0.9, "cycle.review": 1.0}
    decision = scenario.lab_rows(own)["decision"]
    assert (decision["decisiveness"], decision["caution"], decision["foresight"]) == (1.0, 0.9, 1.0)


def test_a_kind_is_the_values_it_stands_for_and_own_values_win(load):
    scenario = load("[evaluators]\naccess = 0.9\nnoise = 0.1\n[[evaluator]]\nkind = 'external'\n"
                    "[[evaluator]]\nname = 'mine'\nkind = 'external'\naccess = 0.6\n'evaluators.miss' = 0.1\n"
                    "[[evaluator]]\nname = 'plain'")  # fmt: skip
    rows = [scenario.evaluator_row(evaluator) for evaluator in scenario.evaluators]
    assert [evaluator.name for evaluator in scenario.evaluators] == ["Evaluator 1", "mine", "plain"]
    assert [(row["access"], row["miss"], row["outgrown"], row["noise"]) for row in rows] == [
        (0.3, 0.0, 0.1, 0.1), (0.6, 0.1, 0.1, 0.1), (0.9, 0.0, 0.0, 0.1),
    ]  # fmt: skip
    assert scenario.rows()["evaluators"]["number"] == 3.0
    assert [agent.evaluators.access for agent in mesa_engine.Race(scenario).evaluators] == [0.3, 0.6, 0.9]


def test_presets_are_kept_by_name_in_a_file_that_loads_again(load):
    scenario = load("[[lab]]\nname = 'a'\nbelief = 'awe'\n'decision.caution' = 3\n"
                    "[[evaluator]]\nname = 'e'\nkind = 'peer'\nweeks = 3\n[[evaluator]]\nname = 'f'")  # fmt: skip
    text = to_toml(scenario)
    assert 'belief = "awe"' in text and 'kind = "peer"' in text
    assert load(text) == scenario
    assert load(text).labs[0].presets == {"belief": "awe"} and load(text).evaluators[0].presets == {"kind": "peer"}


def test_a_list_of_evaluators_may_be_empty_and_replaces_that_of_the_base(load):
    base = load("[[evaluator]]\nname = 'e'\n[evaluators]\naccess = 0.5", "base.toml")
    assert load("base = 'base.toml'\n[evaluators]\nnoise = 0").evaluators == base.evaluators
    none = load("base = 'base.toml'\nevaluator = []")
    assert none.evaluators == () and mesa_engine.Race(none).evaluators == []


def test_evaluators_that_are_listed_are_not_counted_again(load):
    scenario = load("[[evaluator]]\nname = 'e'")
    with pytest.raises(labsim.ScenarioError, match="lists its 1 evaluators"):
        scenario.with_({"evaluators.number": 3})
    assert scenario.with_({"evaluators.access": 0.5}).evaluators == scenario.evaluators


LABS, RACE = tuple(state.fields(state.LabState)), tuple(state.fields(state.RaceState))


def test_sampled_values_reach_evaluators_and_labs_without_values_of_their_own_in_both_engines():
    world = Scenario(
        "sampled",
        labs=(LabSpec("a", values={"safeguards.inter_cycle_audit.weeks": 0.0}), LabSpec("b"), LabSpec("c", "closer")),
        evaluators=(EvaluatorSpec("own", {"evaluators.access": 0.25}), EvaluatorSpec("sampled")),
    ).with_({"evaluators.response": "repair", "evaluators.threshold": 0.5, "evaluators.weeks": 1, "race.weeks": 80,
             "safeguards.inter_cycle_audit.start": 0, "safeguards.regression_detection.start": 0})  # fmt: skip
    sampled = {
        "evaluators.access": np.array([0.0, 0.5, 1.0]), "evaluators.capacity": np.array([1.0, 2.0, 3.0]),
        "evaluators.miss": np.array([0.0, 0.5, 0.2]), "evaluators.threshold": np.array([0.2, 0.5, 0.7]),
        "safeguards.inter_cycle_audit.weeks": np.array([0.0, 1.0, 3.0]),
        "safeguards.inter_cycle_audit.line": np.array([0.0, -0.1, 0.1]), "cycle.regression": np.array([0.0, 0.2, 0.9]),
        "safeguards.regression_detection.false_alarm": np.array([0.1, 0.2, 0.3]),
    }  # fmt: skip
    races = [mesa_engine.Race(mesa_engine.sampled_scenario(world, sampled, place)) for place in range(3)]
    assert [[e.evaluators.access for e in race.evaluators] for race in races] == [[0.25, 0.0], [0.25, 0.5], [0.25, 1.0]]
    weeks = [[lab.safeguards.inter_cycle_audit.weeks for lab in race.labs] for race in races]
    assert weeks == [[0.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 3.0, 3.0]]
    slow, fast = (engine.trace(world, 0, 3, 7, LABS, RACE, 80, sampled) for engine in (mesa_engine, ensemble))
    for one, other in zip(slow[1:], fast[1:], strict=True):
        assert np.array_equal(one, other, equal_nan=True)
    assert np.array_equal(slow[0].lab_states, fast[0].lab_states)
    evidence = slow[2][:, :, :, LABS.index("evidence")]
    assert 1.0 in evidence[2] and 0.5 in evidence[1] and not {0.5, 1.0} & set(evidence[0].ravel())


def test_what_with_sets_names_its_preset_as_the_source(load):
    scenario = load("with = ['sb-53']\n[governance.compute_threshold]\nfine = 0.5\n")
    result = sources(scenario)
    assert result["governance.compute_threshold.flop"].startswith("sb-53: SB 53, in force")
    assert result["governance.compute_threshold.fine"] == "the user's"
    assert sources(load(to_toml(scenario), "again.toml")) == result


def test_the_rule_free_race_is_free_of_commitments_too(load):
    scenario = load("with = ['rsp-v2', 'sb-53']\n[[lab]]\ncommitment = 'tripwires'\n[[lab]]\n")
    free = scenario.without_rules()
    tables = [free.rows(), *(free.lab_rows(lab) for lab in free.all_labs)]
    starts = [row[table]["start"] for row in tables for table in row if table.startswith(("governance", "safeguards"))]
    assert set(starts) == {NEVER}
