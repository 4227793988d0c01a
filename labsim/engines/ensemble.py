"""The fast engine: the same week, many replications side by side.

Each step of the week is compiled by itself, from the rule's own text (`rule_language`, `steps`, `objects`); which
steps a race needs is data (`plan`), and the `driver` walks it. Rules and strategies from elsewhere (a notebook) are
compiled as those that ship with labsim.
"""

import ctypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from labsim.engines import driver, objects, plan
from labsim.engines.code import code_of, sources_hash
from labsim.engines.failures import Failure, RaceFailed
from labsim.engines.layout import EVALUATOR, LAB, PARAMETERS, RACE, layouts
from labsim.engines.plan import Table
from labsim.engines.steps import LANES, WIDTH, CannotCompile, Step, every_step, write
from labsim.model import state
from labsim.model.outcomes import Final
from labsim.model.parameters import DERIVED, EVALUATOR_GROUP
from labsim.model.strategies import STRATEGIES, number_of
from labsim.model.week import imposed
from labsim.scenario import network
from labsim.scenario.checked import lab_draws
from labsim.scenario.scenario import Scenario

__all__ = [
    "CannotCompile", "Stop", "base_rows", "prepare", "simulate", "sources_hash", "trace", "usable",
    "warm",
]  # fmt: skip


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


def warm() -> None:
    """Compile everything that ships with labsim, for a cache that later cannot be written."""
    code_of(every_step())


def usable(scenarios: Iterable[Scenario] | None = None) -> None:
    """Look at the rules and strategies from outside that some scenarios use; without them, at all that are registered.

    Raises CannotCompile for one that is not in the language of rules.
    """
    looked_at = None if scenarios is None else list(scenarios)
    for step in every_step():
        if step.foreign and (looked_at is None or any(_uses(scenario, step) for scenario in looked_at)):
            write(step, layouts())


def _uses(scenario: Scenario, step: Step) -> bool:
    """Whether a race of a scenario may come to a step of a rule or strategy."""
    if step.family:
        return scenario.ever_in_force(f"{step.family}.{step.name}")
    return any(STRATEGIES[lab.strategy] is step.rule for lab in scenario.all_labs)


def prepare(scenario: Scenario, sampled: Iterable[str] = ()) -> None:
    """Compile what a scenario needs, where it is not compiled yet; a run does so by itself. Raises CannotCompile."""
    _prepared(scenario, sampled, WIDTH, LANES)


def simulate(
    scenario: Scenario, first: int, count: int, seed: int, sampled: Mapping[str, np.ndarray] | None = None,
    stop: Stop | None = None, width: int = WIDTH, numbers: np.ndarray | None = None,
    failed: list[Failure] | None = None, lanes: int = LANES,
) -> Final:  # fmt: skip
    """The final states of replications first to first + count - 1.

    `sampled` gives uncertain parameters by path, or a lab's own as `Birch cycle.head_start`, one value for
    each of these replications. `numbers` gives their numbers where they do not simply go on from `first`: a number
    may come again, and has the same luck each time. Several threads may call at once; `stop` ends the run within a
    week of all lanes. Races in which a strategy or rule raises are added to `failed`, and their final
    state is nan; without such a list they are an error. `width` lanes lie side by side in memory, `lanes` of them are
    worked on at once: they change no bit. Raises RaceFailed, CannotCompile.
    """
    traced = np.zeros(0, np.int64)
    return _run(scenario, first, count, seed, sampled, stop, (width, lanes), traced, 0, numbers, failed)[0]


def trace(
    scenario: Scenario, first: int, count: int, seed: int, lab_names: tuple[str, ...] = (),
    race_names: tuple[str, ...] = (), weeks: int | None = None, sampled: Mapping[str, np.ndarray] | None = None,
    width: int = WIDTH, stop: Stop | None = None, numbers: np.ndarray | None = None,
    failed: list[Failure] | None = None, lanes: int = LANES,
) -> tuple[Final, np.ndarray, np.ndarray]:  # fmt: skip
    """Final states, and quantities week by week; nan after a race's end.

    `numbers`, `failed`, `width` and `lanes` as in `simulate`.
    Returns (final, race (count, weeks, race_names), labs (count, weeks, labs, lab_names)). Raises RaceFailed,
    CannotCompile.
    """
    labs, races = layouts()[LAB], list(state.fields(state.RaceState))
    moving, n = len(state.fields(state.LabState)), len(scenario.all_labs)
    traced = [races.index(name) for name in race_names]
    traced += [len(races) + i * moving + labs.place[name] for i in range(n) for name in lab_names]
    weeks = scenario["race.weeks"] if weeks is None else weeks
    final, table = _run(
        scenario, first, count, seed, sampled, stop, (width, lanes), np.array(traced, np.int64).reshape(-1), weeks,
        numbers, failed,
    )  # fmt: skip
    split = len(race_names)
    return final, table[:, :, :split], table[:, :, split:].reshape(count, weeks, n, len(lab_names))


def _run(scenario, first, count, seed, sampled, stop, vectors, traced, weeks, numbers, failed):
    sampled = sampled or {}
    width, lanes = vectors
    numbers = np.ascontiguousarray(np.arange(first, first + count) if numbers is None else numbers, np.int64)
    base, strategy, table = _prepared(scenario, sampled, width, lanes)
    world, memory = world_of(scenario, base, strategy, table, width, seed, numbers, sampled, traced, weeks, stop)
    objects.function_at(table.driver)(ctypes.addressof(world))
    finals, traces, race = memory["finals"], memory["trace"], len(base["race"])
    places = np.flatnonzero(memory["failed"])
    finals[places] = np.nan
    labs = finals[:, race:].reshape(count, len(base["lab"]), len(state.fields(state.LabState)))
    final = Final(finals[:, :race], labs, {**scenario.values, **sampled})
    if places.size:
        if failed is None:
            which = f"'{scenario.name}', replication {numbers[places[0]]}"
            raise RaceFailed(f"{which}: a strategy or rule raises")
        failed += [Failure(first + int(place)) for place in places]
        traces[places] = np.nan
    return final, traces


BLOCKS: dict[str, tuple[str, ...]] = {  # the driver's blocks of lanes and its scratch memory: their axes
    name: (*axes, "width")
    for names, axes in {
        ("labs", "theirs"): ("n", "lab_fields"), ("evaluators",): ("m", "evaluator_fields"), ("mine",): ("lab_fields",),
        ("races", "race"): ("race_fields",), ("ps", "p"): ("p_fields",),
        ("lab_keys", "lab_weeks", "streams", "pair_keys", "pair_weights"): ("n",),
        ("evaluator_keys", "evaluator_weeks"): ("m",), ("place_i", "place_b"): ("n + 1",),
        ("faults", "packed_faults", "race_keys", "race_weeks", "keys", "holds", "at", "other_at"): (),
    }.items()
    for name in names
}  # fmt: skip


ARRAYS: dict[str, tuple[str, ...]] = {  # all else that the driver is given: its axes; `count` is of races
    "open": ("rows",), "lab_base": ("n", "lab_fields"), "evaluator_base": ("m", "evaluator_fields"),
    "race_base": ("race_fields",), "p_base": ("p_fields",), "numbers": ("count",), "sampled": ("count", "columns"),
    "slots": ("slot_count", "3"), "strategy": ("n",), "weights": ("n", "n"),
    "finals": ("count", "race_fields + n * moving"), "failed": ("count",), "traced": ("traced_count",),
    "trace": ("count", "trace_weeks", "traced_count"), "stop": ("1",), "table": ("rows", "row"),
    "start": ("start_rows", "row"), "lists": ("entries",),
}  # fmt: skip
WHOLE = ("open", "numbers", "slots", "strategy", "failed", "traced", "table", "start", "lists")  # not doubles: 64 bits


def world_of(
    scenario: Scenario, base: Mapping[str, np.ndarray], strategy: np.ndarray, table: Table, width: int, seed: int,
    numbers: np.ndarray, sampled: Mapping[str, np.ndarray], traced: np.ndarray, weeks: int, stop: Stop | None = None,
) -> tuple[driver.World, dict[str, np.ndarray]]:  # fmt: skip
    """What the driver is given, and the arrays in it by their names, which must outlive it; results are in them too.

    `numbers` are those of the replications, `traced` the places of the quantities that are wanted for so many `weeks`.
    """
    of = layouts()
    n, m = len(base["lab"]), len(base["evaluator"])
    labs, races, evaluators, ps = (len(of[kind]) for kind in (LAB, RACE, EVALUATOR, PARAMETERS))
    moving = len(state.fields(state.LabState))
    sizes = {
        "n": n, "m": m, "n + 1": n + 1, "lab_fields": labs, "race_fields": races, "evaluator_fields": evaluators,
        "p_fields": ps, "width": width,
    }  # fmt: skip
    memory = {name: np.zeros([sizes[axis] for axis in axes]) for name, axes in BLOCKS.items()}
    columns, slots = _slots(scenario, sampled, len(numbers))
    memory |= {
        "open": np.zeros(len(table.week), np.int64), "lab_base": base["lab"], "evaluator_base": base["evaluator"],
        "race_base": base["race"], "p_base": base["p"], "numbers": numbers, "sampled": columns, "slots": slots,
        "strategy": strategy,
        "weights": np.ascontiguousarray(network.weights(scenario["competition.network"], n), float),
        "finals": np.zeros((len(numbers), races + n * moving)), "failed": np.zeros(len(numbers), np.int64),
        "traced": traced, "trace": np.full((len(numbers), weeks, len(traced)), np.nan),
        "stop": (Stop.new() if stop is None else stop).flag, "table": table.week, "start": table.start,
        "lists": table.lists,
    }  # fmt: skip
    world = driver.World()
    for name, array in memory.items():
        assert array.flags.c_contiguous, name
        setattr(world, name, array.ctypes.data)
    numbers = {
        "n": n, "m": m, "lo": 0, "width": width, "lab_fields": labs, "race_fields": races,
        "evaluator_fields": evaluators, "p_fields": ps, "moving": moving,
        "at_id": of[LAB].place["id"], "at_completed": of[LAB].place["completed"], "at_cycles": of[LAB].place["cycles"],
        "at_week": of[RACE].place["week"], "at_over": of[RACE].place["over"], "rows": len(table.week),
        "start_rows": len(table.start), "hi": len(numbers), "seed": int(seed), "columns": columns.shape[1],
        "slot_count": len(slots), "traced_count": len(traced), "trace_weeks": weeks,
    }  # fmt: skip
    for name, number in numbers.items():
        setattr(world, name, number)
    return world, memory


def _prepared(
    scenario: Scenario, sampled: Iterable[str], width: int, lanes: int
) -> tuple[dict[str, np.ndarray], np.ndarray, Table]:  # fmt: skip
    """(starting values, strategies, table): alike for all pieces of a run, so kept with the scenario."""
    memo = scenario.__dict__.setdefault("_prepared", {})
    key = (frozenset(sampled), tuple(STRATEGIES.values()), tuple(imposed()), width, lanes)
    if key not in memo:
        base, codes = base_rows(scenario), list(STRATEGIES)
        strategy = np.array([codes.index(lab.strategy) for lab in scenario.all_labs], np.int64)
        groups = plan.groups_of(scenario, sampled)
        memo[key] = base, strategy, plan.table_of(groups, base, sampled, width, lanes)
    return memo[key]


def base_rows(scenario: Scenario) -> dict[str, np.ndarray]:
    """Starting values of every field, as the layouts have them."""
    of = layouts()
    labs, ps, evaluators = of[LAB], of[PARAMETERS], of[EVALUATOR]
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
    of = layouts()
    places = [(-1, of[PARAMETERS].place, {path: path for path in sampled})]
    places += [(i, of[LAB].place, lab_draws(lab, sampled)) for i, lab in enumerate(scenario.all_labs)]
    for i, evaluator in enumerate(scenario.all_evaluators):
        mine = {path: path for path in sampled if path not in evaluator.values}
        places.append((-2 - i, of[EVALUATOR].place, mine))
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
