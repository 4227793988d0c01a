"""The fast engine: the same week compiled, many replications side by side.

The kernel's source is written by `kernel.py` into a cache folder named by a hash of all of labsim's
sources, so that an edited rule compiles anew and an unchanged one loads in a moment. Rules and
strategies from elsewhere (a notebook) compile for themselves, in memory.

What is compiled is put into the cache whole, with a seal of hashes, and loaded only if the seal is right: a
damaged kernel is compiled anew, and where the cache cannot be written a temporary folder does.
"""

import atexit
import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numba
import numpy as np
import platformdirs

from labsim.engines import kernel
from labsim.engines.compiled import compiled, evaluator_layout, lab_layout, parameter_layout, race_layout
from labsim.engines.conditions import needed
from labsim.engines.failures import Failure, RaceFailed
from labsim.model import state
from labsim.model.outcomes import Final
from labsim.model.parameters import DERIVED, EVALUATOR_GROUP
from labsim.model.strategies import STRATEGIES, number_of
from labsim.model.week import SAFEGUARD, imposed
from labsim.scenario import network, shipped
from labsim.scenario.checked import lab_draws
from labsim.scenario.scenario import Scenario

WIDTH = 32  # lanes; measured: 16 and 64 are slower
NO_RULES = "docking"  # a folder that only runs the model
SEAL = "seal"  # of a folder of compiled kernels: the hash of each file in it
ABANDONED = 3600.0  # seconds after which what a killed process had begun is cleared away
_LOCK = threading.Lock()  # one thread compiles, the others wait for it
_STARTING = threading.Lock()  # of the process that compiles meanwhile


class CannotCompile(Exception):
    """A rule or strategy from outside that numba cannot compile; the message names it and says why."""


@dataclass
class Stop:
    """A flag that a run looks at every week: `set` ends it early."""

    flag: np.ndarray

    @classmethod
    def new(cls) -> "Stop":
        return cls(np.zeros(1, np.bool_))

    def set(self) -> None:
        self.flag[0] = True

    def __bool__(self) -> bool:
        return bool(self.flag[0])


@cache
def sources_hash() -> str:
    """A hash of every source that may hold a rule, of Python, numba and the processor it compiles for."""
    cpu = numba.config.CPU_NAME or numba.core.codegen.ll.get_host_cpu_name()
    digest = hashlib.sha256(f"{numba.__version__} {sys.version_info[:2]} {np.__version__} {cpu}".encode())
    for path in sorted(shipped.PACKAGE.rglob("*.py")):
        if path.parent.name != NO_RULES:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels are kept: LABSIM_CACHE, or the user's cache folder."""
    return Path(os.environ.get("LABSIM_CACHE") or platformdirs.user_cache_dir("labsim")) / "kernels" / sources_hash()


def is_warm() -> bool:
    """Whether the kernel has been compiled before, on this machine, from these sources."""
    return not _foreign() and (cache_folder() / _name(WIDTH) / SEAL).is_file()


def unkept() -> str | None:
    """Why no kernel can be kept in the cache, in the system's words; None if one can."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache_folder()).close()
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def is_damaged() -> bool:
    """Whether a kernel in the cache is not what was compiled; it is compiled anew at the next run."""
    return any(not _is_sound(seal.parent) for seal in cache_folder().glob(f"*/{SEAL}"))


def _name(width: int) -> str:
    return f"week_{width}"


def _hashes(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.name != SEAL and path.is_file())
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files)


def _is_sound(folder: Path) -> bool:
    try:
        return (folder / SEAL).read_text() == _hashes(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _place(kept: Path, source: str) -> Path:
    """Where to load a kernel from, or to compile it: its folder in the cache if it is sound, else one of our own.

    numba writes beside what it compiles; only whole folders are put into the cache, by `_keep`.
    """
    sound = _is_sound(kept) and (kept / f"{kept.name}.py").read_text() == source
    if sound and os.access(kept / "__pycache__", os.W_OK):  # numba loads only from where it could write
        return kept
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        for left in kept.parent.glob(f"{kept.name}.*"):
            if time.time() - left.stat().st_mtime > ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
        place = Path(tempfile.mkdtemp(prefix=f"{kept.name}.", dir=kept.parent))
    except OSError as error:
        place = Path(tempfile.mkdtemp(prefix="labsim-"))
        doing = "copies the compiled engine" if sound else "compiles the fast engine for itself (10 to 30 s)"
        sys.stderr.write(f"labsim: {kept.parent} cannot be written ({error.strerror}): this process {doing}\n")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    if sound:
        shutil.copytree(kept, place, dirs_exist_ok=True)
    else:
        (place / f"{kept.name}.py").write_text(source)
    return place


def _keep(place: Path, kept: Path) -> None:
    """Put what was compiled into the cache, whole and sealed; another process may have been first."""
    if place.parent != kept.parent or place == kept:
        return
    with contextlib.suppress(OSError), _LOCK:
        if not _is_sound(kept):
            whole = Path(f"{place}.whole")
            shutil.copytree(place, whole)
            (whole / SEAL).write_text(_hashes(whole))
            if kept.is_dir():
                shutil.rmtree(kept)
            else:
                kept.unlink(missing_ok=True)
            whole.rename(kept)


def warm() -> None:
    """Compile the kernel, or load it: a run of one replication of one lab."""
    simulate(Scenario("warm").with_({"race.labs": 1, "race.weeks": 1}), 0, 1, 0)


def warm_meanwhile() -> subprocess.Popen:
    """The one process that compiles the kernel while this one does other things; it ends with this one.

    It returns 0 when it has compiled. The kernel may still not be warm here: where the cache cannot be written, or with
    rules and strategies from outside. This process then compiles for itself when it first runs.
    """
    with _STARTING:
        return _compiler(cache_folder())


@cache
def _compiler(_: Path) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", "from labsim.engines import ensemble; ensemble.warm()"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    atexit.register(process.terminate)
    return process


def load_kernel(width: int = WIDTH) -> types.ModuleType:
    """The kernel's module for the rules and strategies registered now.

    Raises CannotCompile for one from outside labsim that numba cannot compile.
    """
    with _LOCK:
        return _load_kernel(width, tuple(STRATEGIES.items()), tuple(imposed()))


@cache
def _load_kernel(width: int, strategies: tuple, rules: tuple) -> types.ModuleType:
    foreign = _foreign()
    for what, function in foreign.items():
        _try(what, function, width)
    if foreign:
        sys.stderr.write(
            f"labsim: compiling the fast engine for {', '.join(foreign)}, once in this process (10 to 30 s)\n"
        )
    source, used = kernel.write(width, [f for _, f in strategies], not foreign, list(foreign.values()))
    name = _name(width)
    if foreign:
        module = types.ModuleType(f"labsim_kernel_{len(sys.modules)}")
        code = compile(source, f"<{name} with {', '.join(foreign)}>", "exec")
    else:
        kept = cache_folder() / name
        path = _place(kept, source) / f"{name}.py"
        module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(f"labsim_kernel_{name}", path))
        module.keep = lambda: _keep(path.parent, kept)
        code = compile(source, str(path), "exec")
    sys.modules[module.__name__] = module  # numba's cache looks the module up by its name
    module.__dict__.update({name: compiled(rule, rule in foreign.values()) for name, rule in used.items()})
    exec(code, module.__dict__)
    return module


def _foreign() -> dict[str, types.FunctionType]:
    """Registered strategies and rules that do not come with labsim."""
    result = {f"strategy '{name}'": function for name, function in STRATEGIES.items()}
    result |= {f"rule '{kind}.{name}'": rule.act for kind, name, rule in imposed()}
    return {what: f for what, f in result.items() if not str(f.__module__).startswith("labsim.")}


def _try(what: str, function: types.FunctionType, width: int) -> None:
    """Compile one function from outside for itself, so that a failure can be named."""
    layouts = {"lab": lab_layout, "race": race_layout, "p": parameter_layout}
    record = {name: numba.from_dtype(layout(width).dtype) for name, layout in layouts.items()}
    if what.startswith("strategy"):
        arguments = (record["lab"], record["race"], record["p"], numba.uint64)
    else:
        kind, name = what.split("'")[1].split(".")
        owner = record["lab" if kind == SAFEGUARD else "p"]
        own = dict(dict(owner.members)[kind].members)[name]
        arguments = (own, record["lab"], record["race"], numba.uint64)
    try:
        compiled(function, strict=True).compile(arguments)
    except KeyError as error:  # numba's way to say that a record lacks a field
        raise CannotCompile(f"{what} cannot be compiled (it reads {error}, which state.py does not declare)") from None
    except Exception as error:  # whatever code from outside may bring numba to raise
        reason = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise CannotCompile(f"{what} cannot be compiled ({reason[0]})") from None


def simulate(
    scenario: Scenario, first: int, count: int, seed: int, sampled: Mapping[str, np.ndarray] | None = None,
    stop: Stop | None = None, width: int = WIDTH, numbers: np.ndarray | None = None,
    failed: list[Failure] | None = None,
) -> Final:  # fmt: skip
    """The final states of replications first to first + count - 1.

    `sampled` gives uncertain parameters by path, or a lab's own as `Birch cycle.head_start`, one value for
    each of these replications. `numbers` gives their numbers where they do not simply go on from `first`: a number
    may come again, and has the same luck each time. Several threads may call at once; `stop` ends the run within a
    week of all lanes. Races in which a strategy or rule from outside raises are added to `failed`, and their final
    state is nan; without such a list they are an error. Raises RaceFailed.
    """
    return _run(scenario, first, count, seed, sampled, stop, width, np.zeros(0, np.int64), 0, numbers, failed)[0]


def trace(
    scenario: Scenario, first: int, count: int, seed: int, lab_names: tuple[str, ...] = (),
    race_names: tuple[str, ...] = (), weeks: int | None = None, sampled: Mapping[str, np.ndarray] | None = None,
    width: int = WIDTH, stop: Stop | None = None, numbers: np.ndarray | None = None,
    failed: list[Failure] | None = None,
) -> tuple[Final, np.ndarray, np.ndarray]:  # fmt: skip
    """Final states, and quantities week by week; nan after a race's end.

    `numbers` and `failed` as in `simulate`.
    Returns (final, race (count, weeks, race_names), labs (count, weeks, labs, lab_names)). Raises RaceFailed.
    """
    labs, races = lab_layout(1), list(state.fields(state.RaceState))
    moving, n = len(state.fields(state.LabState)), len(scenario.all_labs)
    traced = [races.index(name) for name in race_names]
    traced += [len(races) + i * moving + labs.place[name] for i in range(n) for name in lab_names]
    weeks = scenario["race.weeks"] if weeks is None else weeks
    final, table = _run(
        scenario, first, count, seed, sampled, stop, width, np.array(traced, np.int64).reshape(-1), weeks, numbers,
        failed,
    )  # fmt: skip
    split = len(race_names)
    return final, table[:, :, :split], table[:, :, split:].reshape(count, weeks, n, len(lab_names))


def _run(scenario, first, count, seed, sampled, stop, width, traced, weeks, numbers, failed):
    module = load_kernel(width)
    numbers = np.arange(first, first + count) if numbers is None else numbers
    base, in_force, does_something, strategies = _prepared(scenario, sampled or {})
    n, m = len(base["lab"]), len(base["evaluator"])
    columns, slots = _slots(scenario, sampled or {}, count)
    sizes = ((lab_layout, n), (evaluator_layout, m), (race_layout, 1), (parameter_layout, 1),
             (lab_layout, 1), (lab_layout, n), (race_layout, 1), (parameter_layout, 1))  # fmt: skip
    memory = [array for layout, size in sizes for array in layout(width).block(size)]
    moving = len(state.fields(state.LabState))
    finals = np.zeros((count, len(base["race"]) + n * moving))
    table = np.full((count, weeks, len(traced)), np.nan)
    # numbers are copied: an array that cannot be written, as from a table, is of another type to numba
    module.run(
        0, count, np.array(numbers, np.int64), int(seed), *memory, base["lab"], base["evaluator"],
        base["race"], base["p"], columns, slots, network.weights(scenario["competition.network"], n).copy(),
        in_force, does_something, strategies, finals, traced, table,
        (Stop.new() if stop is None else stop).flag,
    )  # fmt: skip
    if keep := module.__dict__.pop("keep", None):  # all of it has now been compiled
        keep()
    race = len(base["race"])
    final = Final(
        finals[:, :race], finals[:, race:].reshape(count, n, moving), {**scenario.values, **(sampled or {})}
    )
    if (places := np.flatnonzero(final.failed)).size:
        if failed is None:
            which = f"'{scenario.name}', replication {numbers[places[0]]}"
            raise RaceFailed(f"{which}: a strategy or rule from outside raises")
        failed += [Failure(first + int(place)) for place in places]
        table[places] = np.nan
    return final, table


def _prepared(scenario: Scenario, sampled: Iterable[str]) -> tuple[dict[str, np.ndarray], *tuple[np.ndarray, ...]]:
    """(starting values, in force, needed, strategies): alike for all pieces of a run, so kept with the scenario."""
    memo = scenario.__dict__.setdefault("_prepared", {})
    key = (frozenset(sampled), tuple(STRATEGIES.values()), tuple(imposed()))
    if key not in memo:
        codes = list(STRATEGIES)
        memo[key] = (
            base_rows(scenario),
            np.array([scenario.ever_in_force(f"{kind}.{name}") for kind, name, _ in imposed()]),
            np.array(list(needed(scenario, sampled).values())),
            np.array([codes.index(lab.strategy) for lab in scenario.all_labs]),
        )
    return memo[key]


def base_rows(scenario: Scenario) -> dict[str, np.ndarray]:
    """Starting values of every field, as the kernel lays them out."""
    labs, ps, evaluators = lab_layout(1), parameter_layout(1), evaluator_layout(1)
    specs = scenario.all_labs
    lab = np.zeros((len(specs), len(labs)))
    for i, spec in enumerate(specs):
        values = state.fields(state.LabState) | {"id": i, "strategy": number_of(spec.strategy)}
        for group, numbers in scenario.lab_rows(spec).items():
            values |= {f"{group}.{name}": value for name, value in numbers.items()}
        lab[i] = [values[name] for name in labs.names]
    rows = scenario.rows()
    p = np.array([rows[name.rpartition(".")[0]][name.rpartition(".")[2]] for name in ps.names])
    evaluator = np.zeros((len(scenario.all_evaluators), len(evaluators)))
    for i, spec in enumerate(scenario.all_evaluators):
        values = state.fields(state.EvaluatorState) | {"id": i}
        values |= {f"{EVALUATOR_GROUP}.{name}": value for name, value in scenario.evaluator_row(spec).items()}
        evaluator[i] = [values[name] for name in evaluators.names]
    return {"lab": lab, "race": np.array(list(state.fields(state.RaceState).values())), "p": p, "evaluator": evaluator}


def _slots(scenario: Scenario, sampled: Mapping[str, np.ndarray], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Sampled values (count, columns), and where each column goes: (column, owner, field).

    The owner is a lab's place, -1 for the race, -2 and down for the evaluators.
    """
    columns: list[np.ndarray] = []
    slots: list[tuple[int, int, int]] = []
    places = [(-1, parameter_layout(1).place, {path: path for path in sampled})]
    places += [(i, lab_layout(1).place, lab_draws(lab, sampled)) for i, lab in enumerate(scenario.all_labs)]
    for i, evaluator in enumerate(scenario.all_evaluators):
        mine = {path: path for path in sampled if path not in evaluator.values}
        places.append((-2 - i, evaluator_layout(1).place, mine))
    for who, place, drawn in places:
        for path, key in drawn.items():
            if path not in place:
                continue
            slots.append((len(columns), who, place[path]))
            columns.append(np.asarray(sampled[key], float))
            group, _, name = path.rpartition(".")
            for derived, (of, function) in DERIVED.get(group, {}).items():
                if of == name:
                    different, which = np.unique(columns[-1], return_inverse=True)
                    slots.append((len(columns), who, place[f"{group}.{derived}"]))
                    columns.append(np.array([function(value) for value in different.tolist()])[which])
    return np.array(columns).T.reshape(count, len(columns)).copy(), np.array(slots, np.int64).reshape(len(slots), 3)
