"""The fast engine: the same week compiled, many replications side by side."""

import hashlib
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import numpy as np
import platformdirs

from labsim import kernel, network, shipped, state
from labsim.compiled import compiled, evaluator_layout, lab_layout, parameter_layout, race_layout
from labsim.scenario import Scenario
from labsim.strategies import STRATEGIES
from labsim.week import RULE_NAMES

WIDTH = 32


@cache
def sources_hash() -> str:
    """A hash of every source of the package, of numba's version and the processor it compiles for."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]} {np.__version__}".encode())
    for path in sorted(shipped.PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: LABSIM_CACHE, or the user's cache folder."""
    return Path(os.environ.get("LABSIM_CACHE") or platformdirs.user_cache_dir("labsim")) / "kernels"


@cache
def load_kernel(width: int = WIDTH, packed: bool = True) -> ModuleType:
    """The kernel's module, written and imported; compiled when it is first called."""
    source, rules = kernel.write(width, list(STRATEGIES.values()), packed)
    path = cache_folder() / sources_hash() / f"week_{width}_{'packed' if packed else 'plain'}.py"
    if not path.exists() or path.read_text() != source:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(source)
        temporary.replace(path)
    spec = importlib.util.spec_from_file_location(f"labsim_kernel_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # numba's cache looks the module up by name
    module.__dict__.update({name: compiled(rule) for name, rule in rules.items()})
    spec.loader.exec_module(module)
    return module


def base_rows(scenario: Scenario) -> dict[str, np.ndarray]:
    """Starting values of every field, as the kernel lays them out."""
    labs, races, ps, evaluators = lab_layout(1), race_layout(1), parameter_layout(1), evaluator_layout(1)
    specs = scenario.all_labs
    lab = np.zeros((len(specs), len(labs)))
    for i, spec in enumerate(specs):
        values = state.fields(state.LabState) | {"id": i, "strategy": list(STRATEGIES).index(spec.strategy)}
        for group, numbers in scenario.lab_rows(spec).items():
            values |= {f"{group}.{name}": value for name, value in numbers.items()}
        lab[i] = [values[name] for name in labs.names]
    rows = scenario.rows()
    p = np.array([rows[name.rpartition(".")[0]][name.rpartition(".")[2]] for name in ps.names])
    number = int(rows["evaluators"]["number"])
    evaluator = np.zeros((number, len(evaluators)))
    evaluator[:, evaluators.place["id"]] = np.arange(number)
    return {"lab": lab, "race": np.array(list(state.fields(state.RaceState).values())), "p": p, "evaluator": evaluator}


def run_block(scenario: Scenario, numbers: Any, seed: int = 0, width: int = WIDTH, packed: bool = True,
              traced: Any = (), trace_weeks: int = 0, numbers_of_labs: Any = None):
    module = load_kernel(width, packed)
    base = base_rows(scenario)
    n, m = len(base["lab"]), len(base["evaluator"])
    if numbers_of_labs is not None:
        base["lab"][:, lab_layout(1).place["id"]] = numbers_of_labs
    numbers = np.asarray(numbers, np.int64)
    R = len(numbers)
    fr, fl = len(base["race"]), base["lab"].shape[1]
    finals = np.zeros((R, fr + n * fl))
    traced = np.asarray(traced, np.int64)
    trace = np.full((R, trace_weeks, len(traced)), np.nan)
    w = np.asarray(network.weights(scenario["competition.network"], n)).copy()
    in_force = np.array([scenario[f"governance.{name}.start"] is not None for name, _ in RULE_NAMES.values()])
    strategy = np.array([list(STRATEGIES).index(s.strategy) for s in scenario.all_labs])
    space = []
    for layout, count in ((lab_layout, n), (evaluator_layout, m), (race_layout, 1), (parameter_layout, 1), (lab_layout, 1), (lab_layout, n), (race_layout, 1), (parameter_layout, 1)):
        space += layout(width).block(count)
    module.run(0, R, numbers, seed, *space, base["lab"], base["evaluator"], base["race"], base["p"], np.zeros((R, 0)), np.zeros((0, 3), np.int64),
               w, in_force, strategy, finals, traced, trace, np.zeros(1, np.bool_))
    return finals, trace
