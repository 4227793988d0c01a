"""Where the fast engine spends its time: python benchmarks/profile.py [WORLD] [--replications N] [--top K]

WORLD is a shipped scenario or a world of tests/engine_worlds.py. Every step's code is written with two clock readings
around it and run from a cache of its own; what is left is the driver's: packing, keys, starts, results. The share of a
step is right, its nanoseconds a little more than without the clock.
"""

import argparse
import ctypes
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ["LABSIM_CACHE"] = tempfile.mkdtemp()  # before labsim reads it: this code is nobody else's

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the worlds of tests/

from labsim.engines import ensemble, objects, steps
from labsim.engines.steps import Step
from labsim.scenario.scenario import Scenario
from tests.engine_worlds import worlds

CLOCK = np.zeros((512, 3), np.int64)  # of each step: ticks, lanes, calls
PLACES: dict[str, int] = {}
PLAIN = steps.write
READS = "declare i64 @llvm.readcyclecounter()\n"
ENTRY, EXIT = "entry:\n", "  ret i64 %others\n"
BEFORE = "  %t0 = call i64 @llvm.readcyclecounter()\n"
LONGEST = 40_000  # ticks of a step: where it took longer, another process was running
AFTER = f"""\
  %t1 = call i64 @llvm.readcyclecounter()
  %span = sub i64 %t1, %t0
  %ours = icmp slt i64 %span, {LONGEST}
  %took = select i1 %ours, i64 %span, i64 0
  %lanes = select i1 %ours, i64 %count, i64 0
  %one = zext i1 %ours to i64
"""
ADD = """\
  %t{k}.p = inttoptr i64 {address} to ptr
  %t{k}.old = load i64, ptr %t{k}.p
  %t{k}.new = add i64 %t{k}.old, {value}
  store i64 %t{k}.new, ptr %t{k}.p
"""


def timed(step: Step, *arguments) -> steps.Written:
    """The code of a step that adds what it took to its row of the clock."""
    written = PLAIN(step, *arguments)
    row = CLOCK[PLACES.setdefault(step.title, len(PLACES))]
    after = AFTER
    for k, value in enumerate(("%took", "%lanes", "%one")):
        after += ADD.format(k=k, address=row.ctypes.data + 8 * k, value=value)
    text = written.text.replace(ENTRY, ENTRY + BEFORE).replace(EXIT, after + EXIT)
    return steps.Written(READS + text, written.read, written.written)


def seconds(scenario: Scenario, replications: int) -> float:
    """Processor seconds of a run, the best of five."""
    best = np.inf
    for _ in range(5):
        CLOCK[:] = 0
        start = time.process_time()
        ensemble.simulate(scenario, 0, replications, 0)
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("world", nargs="?", default="five-calculators")
    parser.add_argument("--replications", type=int, default=2048)
    parser.add_argument("--top", type=int, default=30)
    asked = parser.parse_args()
    scenario = worlds()[asked.world]
    final = ensemble.simulate(scenario, 0, asked.replications, 0)
    lab_weeks = final.race("week").sum() * final.lab_states.shape[1]
    plain = seconds(scenario, asked.replications)
    steps.write = timed
    os.environ["LABSIM_CACHE"] = tempfile.mkdtemp()  # where nothing is known of any step yet
    scenario.__dict__.pop("_prepared")
    ensemble.simulate(scenario, 0, 1, 0)
    whole = seconds(scenario, asked.replications)
    assert PLACES, "no step was written with a clock"
    spent = CLOCK[:, 0] * tick() / lab_weeks
    print(f"{asked.world}: {lab_weeks:,.0f} lab-weeks, {1e9 * plain / lab_weeks:.1f} ns each "
          f"({1e9 * whole / lab_weeks:.1f} with the clock)")  # fmt: skip
    rows = sorted(((spent[place], title, *CLOCK[place, 1:]) for title, place in PLACES.items()), reverse=True)
    kinds: dict[str, float] = {}
    for nanoseconds, title, _, _ in rows:
        kind = title.split()[0]
        kinds[kind] = kinds.get(kind, 0.0) + nanoseconds
    driver = 1e9 * whole / lab_weeks - spent.sum()
    print(f"driver (packing, keys, starts, results) {driver:.1f}; "
          + ", ".join(f"{kind} {nanoseconds:.1f}" for kind, nanoseconds in kinds.items()))  # fmt: skip
    for nanoseconds, title, lanes, calls in rows[: asked.top]:
        print(f"{nanoseconds:8.2f} ns  {title:58} {lanes / lab_weeks:6.3f} lanes, {lanes / max(1, calls):5.1f} a call")


def tick() -> float:
    """Nanoseconds of one tick of the processor's clock, as the system's clock has them."""
    text = f"{READS}define i64 @step(i64 %x) {{\n{BEFORE}  ret i64 %t0\n}}\n"
    read = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(objects.addresses({"tick": text})["tick"])
    first, start = read(0), time.perf_counter_ns()
    time.sleep(0.2)
    return (time.perf_counter_ns() - start) / (read(0) - first)


if __name__ == "__main__":
    main()
