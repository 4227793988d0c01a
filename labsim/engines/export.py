"""The engine for a page: the WebAssembly module, and what a page must know of labsim to set a race up and measure it.

    python -m labsim.engines.export OUT.wasm [--data OUT.json]

Fields and their places, steps and what each needs, strategies, options, outcomes in the order in which the module
measures them, twins, and every shipped scenario as its differences from the default rows. Nothing in it is written by
hand: it is what Python has.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from labsim.engines import driver, ensemble, outcome_code, plan, wasm
from labsim.engines.conditions import CARRIES_OUT, ONLY_IF, SETTING, names_in
from labsim.engines.layout import EVALUATOR, LAB, PARAMETERS, RACE, layouts
from labsim.engines.steps import WIDTH, Step
from labsim.model import state
from labsim.model.orders import NEVER, clear_orders
from labsim.model.outcomes import OUTCOMES, Outcome
from labsim.model.strategies import STRATEGIES, looks
from labsim.model.week import CYCLE_PAIR, DECIDE, RULE_KEYS, Again, imposed, walk
from labsim.scenario import network
from labsim.scenario.checked import CATALOGUE
from labsim.scenario.files import load, shipped_scenarios
from labsim.scenario.scenario import TWINS, Scenario, edges_of_rules

TABLE = {  # of the driver's table: kinds of groups, kinds of rows of a packed group, places in its first row
    "groups": ("labs", "races", "pairs", "evaluators", "examinations", "packed", "again"),
    "rows": ("step", "others", "pair"),
    "head": ("code", "mine", "mine_end", "back", "back_end", "of_race", "of_race_end", "of_p", "of_p_end", "asks",
             "fails"),
}  # fmt: skip
EDGES = ("start", "trigger")  # of which one must be set for something ever to be in force


def engine_data(module: wasm.Module, scenarios: Iterable[str] | None = None) -> dict[str, Any]:
    """Everything a page needs beside the module, as JSON has it; of these scenarios, or of all that ship."""
    names = list(shipped_scenarios()) if scenarios is None else list(scenarios)
    numbers = {step: code.address for step, code in module.code.items()}
    return {
        "width": WIDTH, "free": module.free, "scratch": module.scratch, "row": driver.ROW, "never": NEVER,
        "world": {name: getattr(driver.World, name).offset for name in driver.FIELDS},
        "memory": {"import": ["env", "__linear_memory"], "blocks": ensemble.BLOCKS, "arrays": ensemble.ARRAYS,
                   "whole": ensemble.WHOLE, "bytes": {"stop": 1}},
        "table": {kind: {name: getattr(driver, name.upper()) for name in names} for kind, names in TABLE.items()},
        "fields": {kind: list(layout.names) for kind, layout in layouts().items()},
        "moving": len(state.fields(state.LabState)),
        "start": [{"kind": step.kind, "number": numbers[step]} for step in plan.start_steps()],
        "week": [_entry(entry, numbers) for entry in walk()],
        "steps": {step.title: _touches(module, step) for step in module.code},
        "strategies": {
            name: {"code": code, "looks": [rule.__name__ for _, rule in _pairs() if looks(function, rule)]}
            for code, (name, function) in enumerate(STRATEGIES.items())
        },
        "in_force": {f"{kind}.{name}": _dates(kind, name) for kind, name, _ in imposed()},
        "needed": {rule.__name__: _needs(rule) for rule in ONLY_IF},
        "measure": list(outcome_code.GIVEN), "outcomes": {name: _told(outcome) for name, outcome in OUTCOMES.items()},
        "twins": TWINS, "rule_free": {"strategy": TWINS["all_remove"], "never": edges_of_rules()},
        "options": {path: list(declared.options) for path, declared in CATALOGUE.items() if declared.options},
        "defaults": {kind: row.tolist() for kind, row in default_rows().items()},
        "scenarios": {name: scenario_data(load(name)) for name in names},
    }  # fmt: skip


def _pairs() -> list[tuple]:
    """The steps that look at a rival."""
    flat = [step for entry in walk() for step in (entry.steps if isinstance(entry, Again) else [entry])]
    return [(kind, rule) for kind, rule in flat if kind == CYCLE_PAIR]


def _told(outcome: Outcome) -> dict[str, Any]:
    """How people are told of an outcome; of some a race that is rule-free must be run too."""
    told = {name: getattr(outcome, name) for name in ("words", "unit", "label", "meaning", "direction", "shown")}
    return told | {"less_rule_free": outcome.less_rule_free}


def _entry(entry: Any, numbers: Mapping[Step, int]) -> dict[str, Any]:
    """An entry of the week: a step, the rules of a registry, all strategies, or a block that runs again."""
    if isinstance(entry, Again):
        steps = [_entry(step, numbers) for step in entry.steps]
        return {"again": steps, "asks": entry.asks, "at_most": entry.at_most}
    kind, rule = entry
    if kind in RULE_KEYS:
        found = {name: plan.in_force_step(kind, name, of) for name, of in rule.items()}
        gates = {name: gate for name, step in found.items() if (gate := plan.gate_before(step)) is not None}
        rules = {
            name: {"number": numbers[step], "gate": numbers[gates[name]] if name in gates else 0}
            for name, step in found.items()
        }
        return {"kind": kind, "rules": rules}
    if kind == DECIDE:
        return {"kind": kind, "strategies": {name: numbers[Step(kind, one)] for name, one in rule.items()}}
    return {"kind": kind, "rule": rule.__name__, "number": numbers[Step(kind, rule)]}


def _touches(module: wasm.Module, step: Step) -> dict[str, Any]:
    """The number of a step, and the fields that it reads and writes: [role, name]."""
    code = module.code[step]
    return {"number": code.address, "read": sorted(map(list, code.read)), "written": sorted(map(list, code.written))}


def _dates(kind: str, name: str) -> list[str]:
    """The paths of which one must be set for a rule ever to be in force."""
    return [path for edge in EDGES if (path := f"{kind}.{name}.{edge}") in CATALOGUE]


def _needs(rule: Any) -> dict[str, Any]:
    """When a rule of the week does something: one condition (path, test, value) holds, or one of these is in force."""
    conditions = [
        [path, test, value] for pattern, test, value in SETTING.get(rule, ()) for path in CATALOGUE
        if fnmatchcase(path, pattern)
    ]  # fmt: skip
    orders = CARRIES_OUT.get(rule, set())
    givers = [f"{kind}.{name}" for kind, name, of in imposed() if rule is clear_orders or orders & names_in(of.act)]
    return {"conditions": conditions, "in_force": givers}


def default_rows() -> dict[str, np.ndarray]:
    """The row of each kind of record in a world of one lab and one evaluator where nothing is set."""
    rows = ensemble.base_rows(Scenario("defaults").with_({"race.labs": 1, "evaluators.number": 1}))
    return {PARAMETERS: rows["p"], LAB: rows["lab"][0], EVALUATOR: rows["evaluator"][0], RACE: rows["race"]}


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    """A scenario: its rows as differences from the default ones by name, labs, strategies, and who sees whom."""
    rows, default, of = ensemble.base_rows(scenario), default_rows(), layouts()
    weights = network.weights(scenario["competition.network"], len(scenario.all_labs))

    def different(row: np.ndarray, kind: str) -> dict[str, float]:
        return {of[kind].names[place]: float(row[place]) for place in np.flatnonzero(row != default[kind])}

    return {
        "title": scenario.title, "question": scenario.question, "labs": [lab.name for lab in scenario.all_labs],
        "strategies": [lab.strategy for lab in scenario.all_labs],
        "own": [sorted(lab.values) for lab in scenario.all_labs],
        "rows": {"p": different(rows["p"], PARAMETERS), "lab": [different(row, LAB) for row in rows["lab"]],
                 "evaluator": [different(row, EVALUATOR) for row in rows["evaluator"]]},
        "weights": None if (weights == 1 - np.eye(len(weights))).all() else weights.tolist(),
    }  # fmt: skip


def main() -> None:
    """Write the module to a file, and what a page needs beside it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="the module, such as engine.wasm")
    parser.add_argument("--data", type=Path, help="also write fields, conditions and all scenarios to this JSON file")
    asked = parser.parse_args()
    if asked.data and asked.data.absolute() == asked.out.absolute():
        parser.error(f"--data {asked.data}: must be another file than the module")
    module = wasm.built()
    try:
        asked.out.write_bytes(module.content)
        print(f"{asked.out}: {len(module.content):,} bytes, {len(module.code)} steps")
        if asked.data:
            asked.data.write_text(json.dumps(engine_data(module), separators=(",", ":")))
            print(f"{asked.data}: {asked.data.stat().st_size:,} bytes")
    except OSError as error:
        sys.exit(f"{error.filename} cannot be written: {error.strerror}")


if __name__ == "__main__":
    main()
