"""Worlds in which the WebAssembly module must give the bits of the native engine.

    python -m tests.engines.wasm_bits --count 250 [--lanes 2] [--seed 0]

All worlds of tests/engine_worlds.py, then worlds at random, each with a few races, in wasmtime. Prints each that
differs; exit 1 if there was one. `image` is what a page gives to the module: a test runs the same in a browser.
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


def native(scenario: Scenario, races: int, seed: int) -> bytes:
    """The results of the native engine, as the module lays them out."""
    final = ensemble.simulate(scenario, 0, races, seed)
    return np.concatenate([final.race_state, final.lab_states.reshape(races, -1)], axis=1).tobytes()


class InWasmtime:
    """The module in wasmtime, which is compiled once."""

    def __init__(self, module: wasm.Module):
        self.engine = wasmtime.Engine()
        self.module, self.compiled = module, wasmtime.Module(self.engine, module.content)

    def run(self, scenario: Scenario, races: int, seed: int) -> bytes:
        """The results of a run."""
        content, world, finals, size = image(self.module, scenario, races, seed)
        store = wasmtime.Store(self.engine)
        pages = len(content) // PAGE + 1
        memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(pages, None)))
        memory.write(store, content, 0)
        instance = wasmtime.Instance(store, self.compiled, [memory])
        instance.exports(store)[wasm.ENTRY](store, world)
        return bytes(memory.read(store, finals, finals + size))


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
        if inside.run(scenario, RACES, seed) != native(scenario, RACES, seed):
            differ += 1
            print(f"{name}: the module's bits are others")
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
