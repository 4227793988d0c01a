"""Worlds in which the WebAssembly module must give the bits of the native engine.

    python -m tests.engines.wasm_bits --count 250 [--lanes 2] [--seed 0]

All worlds of tests/engine_worlds.py, then worlds at random, each with a few races, in wasmtime; of final states and of
outcomes. Prints each that differs; exit 1 if there was one. `image` and `to_measure` are what a page gives to the
module: a test runs the same in a browser.
"""

import argparse
import ctypes
import random
import sys
import time
import warnings
from collections.abc import Iterator

import numpy as np
import wasmtime

from labsim.engines import ensemble, wasm
from labsim.model.outcomes import OUTCOMES, Final, measure
from labsim.model.strategies import STRATEGIES
from labsim.scenario.checked import ScenarioError, ScenarioWarning
from labsim.scenario.scenario import Scenario
from tests.engine_worlds import worlds
from tests.engines.random_worlds import a_world

RACES, PAGE, STACK = 4, 65536, 4096


def image(module: wasm.Module, scenario: Scenario, races: int, seed: int, width: int = 32):
    """The module's memory before a run: (bytes, place of the world, place of the results, bytes of them)."""
    base, codes = ensemble.base_rows(scenario), list(STRATEGIES)
    strategy = np.array([codes.index(lab.strategy) for lab in scenario.all_labs], np.int64)
    table, none = wasm.table_of(module, scenario, base), np.zeros(0, np.int64)
    world, memory = ensemble.world_of(
        scenario, base, strategy, table, width, seed, np.arange(races), {}, none, 0
    )  # fmt: skip
    places, end = {}, module.free + STACK
    for name, array in memory.items():
        places[name] = (end + 63) // 64 * 64
        end = places[name] + array.nbytes
        setattr(world, name, places[name])
    at = (end + 63) // 64 * 64
    content = bytearray(at + ctypes.sizeof(world))
    for name, array in memory.items():
        content[places[name] : places[name] + array.nbytes] = array.tobytes()
    content[at:] = bytes(world)
    return bytes(content), at, places["finals"], memory["finals"].nbytes


def states(final: Final) -> bytes:
    """Final states as the module lays them out."""
    return np.concatenate([final.race_state, final.lab_states.reshape(len(final.race_state), -1)], axis=1).tobytes()


def native(scenario: Scenario, races: int, seed: int) -> bytes:
    """The results of the native engine."""
    return states(ensemble.simulate(scenario, 0, races, seed))


def to_measure(module: wasm.Module, final: Final, free: Final, ps: np.ndarray):
    """The module's memory before outcomes are measured: (bytes, arguments, place of the outcomes, bytes of them).

    `ps` are the parameters of all races, or of each: (fields,) or (races, fields).
    """
    races, labs = final.lab_states.shape[:2]
    scratch, out = bytes(8 * labs * module.scratch), bytes(8 * races * len(OUTCOMES))
    places, content = [], bytearray(module.free + STACK)
    for part in (states(final), states(free), ps.tobytes(), scratch, out):
        places.append(len(content))
        content += part + bytes(-len(part) % 64)
    step = ps.shape[1] if ps.ndim == 2 else 0
    return bytes(content), [*places, labs, races, step], places[-1], len(out)


def measured(final: Final, free: Final) -> bytes:
    """The outcomes that Python gives."""
    return np.stack([*measure(final, free).values()], axis=1).tobytes()


def both(scenario: Scenario, races: int, seed: int) -> tuple[Final, Final]:
    """The final states of a scenario, and others in place of those that some outcomes are less."""
    return ensemble.simulate(scenario, 0, races, seed), ensemble.simulate(scenario, races, races, seed)


class InWasmtime:
    """The module in wasmtime, which is compiled once."""

    def __init__(self, module: wasm.Module):
        self.engine = wasmtime.Engine()
        self.module, self.compiled = module, wasmtime.Module(self.engine, module.content)

    def run(self, scenario: Scenario, races: int, seed: int) -> bytes:
        """The results of a run."""
        content, world, finals, size = image(self.module, scenario, races, seed)
        return self.call(wasm.ENTRY, content, [world], finals, size)

    def measure(self, final: Final, free: Final, ps: np.ndarray) -> bytes:
        """The outcomes of races."""
        content, arguments, out, size = to_measure(self.module, final, free, ps)
        return self.call(wasm.MEASURE, content, arguments, out, size)

    def call(self, entry: str, content: bytes, arguments: list[int], at: int, size: int) -> bytes:
        """Part of the memory after one of its functions was called with this memory."""
        store = wasmtime.Store(self.engine)
        pages = len(content) // PAGE + 1
        memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(pages, None)))
        memory.write(store, content, 0)
        instance = wasmtime.Instance(store, self.compiled, [memory])
        instance.exports(store)[entry](store, *arguments)
        return bytes(memory.read(store, at, at + size))


def some_worlds(count: int, seed: int) -> Iterator[tuple[str, Scenario]]:
    """Every world of the engines' tests, then random ones, so many in all."""
    yield from list(worlds().items())[:count]
    rng = random.Random(seed)
    for _ in range(count - len(worlds())):
        while True:
            number = rng.getrandbits(32)
            try:
                yield f"world {number}", a_world(random.Random(number))
                break
            except ScenarioError:
                continue


def check(count: int, lanes: int, seed: int) -> int:
    """Compare so many worlds; how many differ, each of them printed."""
    warnings.simplefilter("ignore", ScenarioWarning)
    start, inside, differ = time.monotonic(), InWasmtime(wasm.built(lanes=lanes)), 0
    for name, scenario in some_worlds(count, seed):
        final, free = both(scenario, RACES, seed)
        same = {
            "final states": inside.run(scenario, RACES, seed) == states(final),
            "outcomes": inside.measure(final, free, ensemble.base_rows(scenario)["p"]) == measured(final, free),
        }
        for what in [what for what, holds in same.items() if not holds]:
            print(f"{name}: the module's bits are others in {what}")
        differ += not all(same.values())
    print(f"{count} worlds of {RACES} races, {lanes} lanes: {differ} differ, {time.monotonic() - start:.0f} s")
    return differ


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--lanes", type=int, default=wasm.FEW)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    sys.exit(1 if check(asked.count, asked.lanes, asked.seed) else 0)


if __name__ == "__main__":
    main()
