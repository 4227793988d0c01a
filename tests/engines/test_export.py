"""The exported data is enough: from it alone come every scenario's rows, its conditions, and the driver's table."""

import json
import operator
import subprocess
import sys

import numpy as np
import pytest

from labsim.engines import driver, ensemble, export, plan, wasm
from labsim.engines.conditions import needed
from labsim.model.outcomes import OUTCOMES
from labsim.model.parameters import DERIVED
from labsim.model.week import imposed
from labsim.runs.results import with_twins
from labsim.scenario import network
from labsim.scenario.files import load, shipped_scenarios
from tests.commands import ENVIRONMENT
from tests.engine_worlds import worlds

TESTS = {"==": operator.eq, "!=": operator.ne, ">": operator.gt}
GROUPS = {"lab": driver.LABS, "tally": driver.LABS, "race": driver.RACES, "pair": driver.PAIRS,
          "evaluator": driver.EVALUATORS, "examination": driver.EXAMINATIONS}  # fmt: skip
PACKED = ("cycle", "cycle_pair", "decide")


@pytest.fixture(scope="module")
def module():
    """The module as it ships."""
    return wasm.built()


@pytest.fixture(scope="module")
def data(module):
    """What a page reads."""
    return json.loads(json.dumps(export.engine_data(module)))


def rows_of(data, name):
    """The rows of a scenario, as `ensemble.base_rows` gives them."""
    own, rows = data["scenarios"][name]["rows"], {}
    for kind, given in (("p", [own["p"]]), ("lab", own["lab"]), ("evaluator", own["evaluator"]), ("race", [{}])):
        place = {field: k for k, field in enumerate(data["fields"][kind])}
        made = np.array([data["defaults"][kind]] * len(given)).reshape(len(given), len(place))
        for row, different in zip(made, given, strict=True):
            for field, value in different.items():
                row[place[field]] = value
        rows[kind] = made if kind in ("lab", "evaluator") else made[0]
    return rows


def conditions_of(data, rows):
    """(what each rule of the week is needed for, what is ever in force) from rows alone."""
    place = {kind: {field: k for k, field in enumerate(names)} for kind, names in data["fields"].items()}

    def values(path):
        if path in place["p"]:
            return [rows["p"][place["p"][path]]]
        return list(rows["lab"][:, place["lab"][path]]) if path in place["lab"] else []

    force = {
        rule: any(value < data["never"] for path in paths for value in values(path))
        for rule, paths in data["in_force"].items()
    }
    wants = {
        rule: any(TESTS[test](own, value) for path, test, value in needs["conditions"] for own in values(path))
        or any(force[giver] for giver in needs["in_force"])
        for rule, needs in data["needed"].items()
    }
    return wants, force


@pytest.mark.parametrize("name", shipped_scenarios())
def test_rows_and_conditions_come_from_the_data_alone(data, name):
    scenario, rows = load(name), rows_of(data, name)
    for kind, expect in ensemble.base_rows(scenario).items():
        assert np.array_equal(rows[kind], expect), kind
    wants, force = conditions_of(data, rows)
    assert wants == {rule.__name__: does for rule, does in needed(scenario).items()}
    assert force == {f"{kind}.{rule}": scenario.ever_in_force(f"{kind}.{rule}") for kind, rule, _ in imposed()}


def numbers_of(data, name):
    """The numbers of steps in the order in which the driver walks them for a scenario, group by group."""
    about, rows = data["scenarios"][name], rows_of(data, name)
    wants, force = conditions_of(data, rows)
    used = sorted({data["strategies"][strategy]["code"] for strategy in about["strategies"]})
    strategies = {one["code"]: (which, one["looks"]) for which, one in data["strategies"].items()}
    groups, waiting = [], []

    def close():
        decides = any(entry["kind"] == "decide" for entry in waiting)
        for code in used if decides else [-1]:
            if waiting:
                which, looks = strategies.get(code, ("", []))
                groups.append((driver.PACKED, code, [
                    entry["strategies"][which] if entry["kind"] == "decide" else entry["number"] for entry in waiting
                    if entry["kind"] != "cycle_pair" or entry["rule"] in looks
                ]))  # fmt: skip
        waiting.clear()

    for entry in [step for one in data["week"] for step in one.get("again", [one])]:
        if entry["kind"] in PACKED:
            if wants.get(entry.get("rule"), True):
                waiting.append(entry)
            continue
        close()
        if "rules" in entry:
            members = [one["number"] for rule, one in entry["rules"].items() if force[f"{entry['kind']}.{rule}"]]
            groups += [(driver.LABS, -1, members)] if members else []
        elif wants.get(entry["rule"], True):
            groups.append((GROUPS[entry["kind"]], -1, [entry["number"]]))
    close()
    return groups


@pytest.mark.parametrize("name", shipped_scenarios())
def test_the_steps_of_a_scenario_come_from_the_data_alone(data, module, name):
    groups = plan.groups_of(load(name))
    expect = [(group.kind, module.code[step].address) for group in groups for step in group.members]
    assert [(kind, number) for kind, _, members in numbers_of(data, name) for number in members] == expect


@pytest.mark.parametrize(("kind", "all_see_all"), [("ring", False), ("complete", True)])
def test_who_sees_whom_is_told_unless_all_see_all(kind, all_see_all):
    scenario = load("five-calculators").with_({"competition.network": kind})
    told = export.scenario_data(scenario)["weights"]
    assert told is None if all_see_all else told == network.weights(kind, 5).tolist()


def test_what_steps_touch_is_told(data, module):
    for step, code in module.code.items():
        told = data["steps"][step.title]
        assert told["number"] == code.address and {*map(tuple, told["read"])} == code.read
        assert {*map(tuple, told["written"])} == code.written


def test_the_arrays_that_the_driver_is_given_are_told(data):
    scenario = load("mitigation-stack")
    base, count, drawn = ensemble.base_rows(scenario), 5, {"harm.rate": np.arange(5.0)}
    strategy, traced = np.zeros(len(base["lab"]), np.int64), np.array([3, 4], np.int64)
    table = plan.table_of(plan.groups_of(scenario, drawn), base, drawn)
    world, memory = ensemble.world_of(
        scenario, base, strategy, table, 32, 0, np.arange(count), drawn, traced, 7
    )  # fmt: skip
    told = data["memory"]
    sizes = {name: getattr(world, name) for name in driver.FIELDS} | {
        "count": count, "row": data["row"], "entries": len(table.lists)
    }  # fmt: skip
    axes = told["blocks"] | told["arrays"]
    assert set(axes) == set(memory)
    for name, array in memory.items():
        assert array.shape == tuple(eval(axis, {}, sizes) for axis in axes[name]), name
        assert array.itemsize == told["bytes"].get(name, 8), name
        assert (array.dtype.kind == "i") == (name in told["whole"]), name
    kinds = data["table"]
    assert set(kinds["groups"].values()) == set(range(7)) and set(kinds["rows"].values()) == set(range(3))
    assert sorted(kinds["head"].values()) == list(range(2, 13))


def test_outcomes_are_told_in_the_order_in_which_they_are_measured(data, module):
    assert [*data["outcomes"]] == [*OUTCOMES] and data["scratch"] == module.scratch
    for name, told in data["outcomes"].items():
        assert told == {key: getattr(OUTCOMES[name], key) for key in told} and told["label"]


@pytest.mark.parametrize("name", ["all governance", "all safeguards", "mitigation-stack", "hassabis-baseline"])
def test_the_rule_free_race_comes_from_the_data_alone(data, name):
    scenario, about = worlds()[name] if name in worlds() else load(name), data["rule_free"]
    free = scenario.with_paths(dict.fromkeys(about["never"]), asked=False).with_strategy(about["strategy"])
    made = with_twins(scenario)
    assert free.values == made.get("rule_free", made["all_remove"]).values
    assert data["twins"] == {world: made[world].all_labs[0].strategy for world in ("all_keep", "all_remove")}


def test_the_data_is_small_and_has_every_scenario(data):
    assert [*data["scenarios"]] == [*shipped_scenarios()]
    assert len(json.dumps(data, separators=(",", ":"))) < 200_000
    assert all(name in data["fields"]["lab"] or name in data["fields"]["p"] for group, names in DERIVED.items()
               for name in (f"{group}.{one}" for one in names))  # fmt: skip


def test_the_command_writes_both(tmp_path, data, module):
    paths = tmp_path / "engine.wasm", tmp_path / "engine.json"
    command = [sys.executable, "-m", "labsim.engines.export", str(paths[0]), "--data", str(paths[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert paths[0].read_bytes() == module.content and json.loads(paths[1].read_text()) == data
    assert f"{len(module.content):,} bytes" in done.stdout


def test_the_data_do_not_take_the_modules_place(tmp_path):
    command = [sys.executable, "-m", "labsim.engines.export", "x.wasm", "--data", "./x.wasm"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode == 2 and "must be another file" in done.stderr and not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "labsim.engines.export", str(tmp_path / "file" / "x.wasm")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "cannot be written" in done.stderr
