"""Speed of the engines, in one run: python benchmarks/engine.py [--processor] [--million] [--json FILE].

Absolute figures belong to the machine they are printed on; ratios compare things measured in the
same run. Medians of several repetitions, after a warm-up. Nothing here is asserted. With `--processor`
all times are those of processors, added over threads and processes: what else runs does not count.
"""

import argparse
import json
import linecache
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mesa
import numpy as np

from labsim.engines import ensemble, mesa_engine, wasm
from labsim.model.outcomes import OUTCOMES
from labsim.runs import experiment
from labsim.runs.fan import QUANTITIES, Fan
from labsim.scenario import registry
from labsim.scenario.files import load
from labsim.scenario.scenario import Scenario

sys.path.insert(0, str(Path(__file__).parents[1]))  # for what tests/ has: worlds, the module outside a browser
FIVE = load("five-calculators")
CLOCK = time.perf_counter
LONG = FIVE.with_({"race.weeks": 260, "race.finish_form": "none"})  # every race runs all 260 weeks


def processor_seconds():
    """Seconds that processors have worked for this process and those it has waited for."""
    whose = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in whose)


def seconds(work, repeat=5):
    """Median seconds of a call, after one call that is not counted."""
    work()
    times = []
    for _ in range(repeat):
        start = CLOCK()
        work()
        times.append(CLOCK() - start)
    return statistics.median(times)


def lab_weeks(scenario, replications):
    """Lab-weeks that so many replications take."""
    final = ensemble.simulate(scenario, 0, replications, 0)
    return float(final.race("week").sum()) * final.lab_states.shape[1]


def ensemble_seconds(scenario, replications, threads):
    """Seconds for replications shared by threads, in the chunks an experiment would use."""
    chunk = experiment.chunk_size(replications, "ensemble", threads)
    starts = [(first, min(chunk, replications - first)) for first in range(0, replications, chunk)]

    def work():
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda s: ensemble.simulate(scenario, s[0], s[1], 0), starts))

    return seconds(work)


def slider_seconds(scenario, replications=1000):
    """What a moved slider costs: the run, every outcome, the fan chart; two threads."""
    chunk = experiment.chunk_size(replications, "ensemble", 2)

    def part(first):
        final, weekly, _ = ensemble.trace(scenario, first, min(chunk, replications - first), 0, (), QUANTITIES, 260)
        return {name: outcome.function(final) for name, outcome in OUTCOMES.items()}, weekly

    def work():
        fan = Fan()
        with ThreadPoolExecutor(2) as pool:
            for _, weekly in pool.map(part, range(0, replications, chunk)):
                fan.add(weekly)
        fan.table()

    return seconds(work)


class BatchRace(mesa_engine.Race):
    """A race as mesa.batch_run wants it."""

    def __init__(self, replication=0, rng=None, seed=None):
        super().__init__(FIVE, 0, replication)


def batch_run_seconds(races, processes):
    """Seconds of mesa.batch_run for so many races."""
    start = CLOCK()
    mesa.batch_run(BatchRace, {"replication": list(range(races))}, number_processes=processes, max_steps=520,
                   data_collection_period=-1, display_progress=False)  # fmt: skip
    return CLOCK() - start


def command_seconds(*words, cold=False, repeat=5):
    """Median processor seconds of a command of its own process; with an empty cache if asked."""
    times = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, **({"LABSIM_CACHE": folder} if cold else {})}
            start = processor_seconds()
            subprocess.run([sys.executable, *words], env=environment, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)  # fmt: skip
            times.append(processor_seconds() - start)
    return statistics.median(times)


def compile_seconds():
    """Processor seconds to compile everything from nothing, in a process of its own, without its start."""
    program = (
        "import time\nfrom labsim.engines import ensemble\n"
        "import llvmlite.binding\nstart = time.process_time()\nensemble.warm()\nprint(time.process_time() - start)"
    )
    times = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "LABSIM_CACHE": folder},
                                  check=True, capture_output=True, text=True)  # fmt: skip
            times.append(float(done.stdout))
    return statistics.median(times)


STRATEGY = """
def mine(lab, race, p, key):
    return 0.0 if lab.measured > {line} else 1.0
"""


def edit_seconds(engine_run):
    """Median seconds to the first result of a strategy that was edited, of 32 races, less those of the next result."""
    times = []
    for edit in range(5):
        text, place = STRATEGY.format(line=0.1 + edit / 7), f"<edit {edit}>"
        linecache.cache[place] = len(text), None, text.splitlines(keepends=True), place
        made = {"__name__": "notebook"}
        exec(compile(text, place, "exec"), made)
        world = registry.extend(FIVE, strategies={FIVE.all_labs[0].name: made["mine"]})
        first = seconds_of(lambda world=world: engine_run(world))
        times.append(first - seconds_of(lambda world=world: engine_run(world)))
    return statistics.median(times)


def seconds_of(work):
    """Seconds of one call."""
    start = CLOCK()
    work()
    return CLOCK() - start


def wasm_seconds(races):
    """(seconds in wasmtime, seconds of the native engine) for so many races on one core; None without wasmtime."""
    try:
        from tests.engines import wasm_bits
    except ImportError:
        return None
    inside = wasm_bits.InWasmtime(wasm.built())
    return seconds(lambda: inside.run(FIVE, races, 0), 3), seconds(lambda: ensemble.simulate(FIVE, 0, races, 0), 3)


def first_look(world):
    """A few races of a world."""
    ensemble.simulate(world, 0, 32, 0)


def measure(million):
    """All figures: (name, value, unit, target)."""
    rows = []

    def row(name, value, unit, target=""):
        rows.append({"name": name, "value": value, "unit": unit, "target": target})
        print(f"{name:<66} {value:>10.3g} {unit:<16} {target}", flush=True)

    ensemble.warm()
    row(
        "1000 races, horizon 260, outcomes and fan chart, 2 cores",
        1e3 * slider_seconds(FIVE.with_({"race.weeks": 260})),
        "ms",
        "<= 50 where the first engine takes 90",
    )
    row("the same, every race 260 weeks long", 1e3 * slider_seconds(LONG), "ms")
    one, two = (ensemble_seconds(FIVE, 16_384, threads) for threads in (1, 2))
    total = lab_weeks(FIVE, 16_384)
    row("lab-weeks a second, 1 core", total / one / 1e6, "M/s")
    row("lab-weeks a second, 2 cores", total / two / 1e6, "M/s")
    if CLOCK is time.perf_counter:
        row("two-core efficiency", one / two / 2, "", ">= 0.9")
    row("a million races, 2 cores, from 16384", 1e6 / 16_384 * two, "s", "<= 60, goal 30")
    row(
        "a million races of 260 weeks, 2 cores, from 4096",
        1e6 / 4096 * ensemble_seconds(LONG, 4096, 2),
        "s",
        "<= 60, goal 30",
    )
    races = 60
    mesa_one = seconds(lambda: mesa_engine.simulate(FIVE, 0, races, 0), 3) / races
    row("one race in Mesa", 1e3 * mesa_one, "ms")
    row("fast engine / Mesa, one core", mesa_one / (one / 16_384), "times", ">= 400")
    keep = FIVE.with_strategy("keeper")
    mesa_keep = seconds(lambda: mesa_engine.simulate(keep, 0, 30, 0), 3) / 30
    row("fast engine / Mesa, one core, all keepers", mesa_keep / (ensemble_seconds(keep, 4096, 1) / 4096), "times")
    row(
        "two cores / mesa.batch_run on two processes",
        batch_run_seconds(400, 2) / 400 / (two / 16_384),
        "times",
        ">= 500",
    )
    ruled = FIVE.with_(
        {
            f"governance.{rule}.start": 519
            for rule in ("human_mandate", "rate_limit", "common_pause", "mandatory_evaluation")
        }
    )
    pairs = [(ensemble_seconds(ruled, 4096, 1), ensemble_seconds(FIVE, 4096, 1)) for _ in range(5)]
    row(
        "cost of four rules dated but not in force yet",
        100 * (statistics.median(a / b for a, b in pairs) - 1),
        "%",
        "< 3",
    )
    numpy = command_seconds("-c", "import numpy")
    run = ("-m", "labsim", "run", "five-calculators", "--replications", "256", "--json", "--quiet")
    ensemble.prepare(FIVE)
    warm, cold = command_seconds(*run), command_seconds(*run, cold=True, repeat=3)
    row("import numpy, processor", numpy, "s")
    row("run of 256 races, a process of its own, warm / import numpy", warm / numpy, "times", "<= 3")
    row("the same with an empty cache / warm", cold / warm, "times", "<= 3")
    row("labsim list / import numpy", command_seconds("-m", "labsim", "list") / numpy, "times", "<= 1.6")
    everything = compile_seconds()
    row("everything compiled from nothing, processor", everything, "s")
    row("the same, in races of Mesa", everything / mesa_one, "races", "<= 200")
    row("first result of an edited strategy / warm run", edit_seconds(first_look) / warm, "times", "<= 0.2")
    if both := wasm_seconds(1000):
        row("1000 races in wasmtime, memory written by Python / native", both[0] / both[1], "times")
    for labs in (1, 3, 5, 10, 20, 40):
        world = FIVE.with_({"race.labs": labs})
        row(f"cost a lab-week with {labs} labs", 1e9 * ensemble_seconds(world, 1024, 1) / lab_weeks(world, 1024), "ns")
    for weeks in (65, 130, 260, 520):
        world = LONG.with_({"race.weeks": weeks})
        row(
            f"cost a lab-week over {weeks} weeks", 1e9 * ensemble_seconds(world, 1024, 1) / lab_weeks(world, 1024), "ns"
        )
    for replications in (32, 256, 2048, 16_384):
        row(
            f"cost a lab-week with {replications} races",
            1e9 * ensemble_seconds(FIVE, replications, 1) / lab_weeks(FIVE, replications),
            "ns",
        )
    if million:
        start = CLOCK()
        for _ in experiment.blocks(Scenario("five").with_({"evaluators.number": 0}), 1_000_000, 0, jobs=2):
            pass
        row("a million races and their two twins, all outcomes, 2 cores", CLOCK() - start, "s")
        row("peak memory of this process", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB", "< 1000")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processor", action="store_true", help="measure seconds of processors, not of a clock")
    parser.add_argument("--million", action="store_true", help="also run a million races with their twins (minutes)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    CLOCK = processor_seconds if options.processor else CLOCK
    kind = "of processors" if options.processor else "by the clock"
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
          f"numpy {np.__version__}, {time.strftime('%Y-%m-%d')}, times {kind}")  # fmt: skip
    figures = measure(options.million)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
