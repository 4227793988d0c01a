"""How near compiled rules come to C: python benchmarks/c_loop.py [--check-only].

Three dear rules stand hand-written in c_loop.c. gcc and numba run them over the same lanes; first
they must give the same bits, then both are timed. Ratios matter, nanoseconds belong to the machine.
"""

import argparse
import ctypes
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numba as nb
import numpy as np

from labsim.engines.compiled import compiled, lab_layout, lane, parameter_layout, race_layout, touched
from labsim.engines.ensemble import WIDTH, base_rows
from labsim.model.self_improvement import improve
from labsim.model.strategies import calculator, size_up_risk
from labsim.model.week import CYCLE, WEEK
from labsim.scenario.files import load
from labsim.scenario.scenario import FAMILIES

LAB, RACE, P = lab_layout(WIDTH), race_layout(WIDTH), parameter_layout(WIDTH)
LABS = 5
# No contraction: a * b + c in one step rounds once where the rules round twice. The last two change no
# bit; without them gcc would keep square roots and choices in a form that LLVM need not keep either.
FLAGS = ["-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
OPTIONS = dict(error_model="numpy", nogil=True)
RULES = {"improve": improve, "size_up_risk": size_up_risk, "calculator": calculator}
IMPROVE, SIZE_UP_RISK, CALCULATOR = map(compiled, RULES.values())
PACKED = sorted({LAB.place[n] for kind, rule in WEEK if kind == CYCLE for n in touched(rule, 0)[0] if n in LAB.place})
REPEAT = 7  # timings, of which the median counts


# One loop for each rule, because numba inlines a rule it knows by name, not one that is passed in.
@nb.njit(**OPTIONS)
def numba_improve(times, mine, theirs, race, p, keys):
    for _ in range(times):
        lab, r, q = mine[0], race[0], p[0]
        for c in range(WIDTH):
            IMPROVE(lane(lab, c), lane(r, c), lane(q, c), keys[c])


@nb.njit(**OPTIONS)
def numba_size_up_risk(times, mine, theirs, race, p, keys):
    for _ in range(times):
        lab, other, q = mine[0], theirs[0], p[0]
        for c in range(WIDTH):
            SIZE_UP_RISK(lane(lab, c), lane(other, c), 1.0, lane(q, c), keys[c])


@nb.njit(**OPTIONS)
def numba_calculator(times, mine, theirs, race, p, keys):
    for _ in range(times):
        lab, r, q = mine[0], race[0], p[0]
        for c in range(WIDTH):
            lane(lab, c).wanted = CALCULATOR(lane(lab, c), lane(r, c), lane(q, c), keys[c])


@nb.njit(**OPTIONS)
def numba_gather(times, packed, labs, fields, at):
    for _ in range(times):
        for k in fields:
            for c in range(WIDTH):
                packed[0, k, c] = labs[at[c] + k * WIDTH]


NUMBA = {"improve": numba_improve, "size_up_risk": numba_size_up_risk, "calculator": numba_calculator}


class Block:
    """Lanes of a lab, of a rival and of parameters: five-calculators, in the middle of its race."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        base = base_rows(load("five-calculators").with_({"race.information_noise": 0.3}))
        (self.mine, self.mine_n), (self.theirs, self.theirs_n) = LAB.block(1), LAB.block(1)
        (self.race, self.race_n), (self.p, self.p_n) = RACE.block(1), P.block(1)
        self.mine_n[0], self.theirs_n[0] = base["lab"][0][:, None], base["lab"][1][:, None]
        self.race_n[0], self.p_n[0] = base["race"][:, None], base["p"][:, None]
        for layout, numbers in ((LAB, self.mine_n), (LAB, self.theirs_n), (P, self.p_n)):
            groups = [name for name in layout.names if "." in name and not name.startswith(tuple(FAMILIES))]
            spread = [layout.place[name] for name in groups]
            numbers[0, spread] *= rng.uniform(0.8, 1.2, (len(spread), WIDTH))

        def put(where, layout, **values):
            for name, value in values.items():
                where[0, layout.place[name.replace("__", ".")]] = value

        def between(low, high):
            return rng.uniform(low, high, WIDTH)

        def either(*values):
            return rng.choice(np.array(values, float), WIDTH)

        for where in (self.mine_n, self.theirs_n):
            x = np.where(either(*[0] * 15, 1), between(599.9, 600), between(-0.5, 6.0))  # some lanes at the ceiling
            put(where, LAB, log_capability=x, log_alignment=np.where(x > 500, x, 0.8 * x), shown_capability=x,
                faked=between(0.05, 0.6),
                age=either(0, 0, 1, 7, 30), anchor=between(0.5, 1.0), automation=either(0, 0, 0.3),
                regime=either(0, 1, 2, 3), reviewed=either(0, 1), oversight=either(0, 1), gain=between(0.0, 0.2),
                shown_gain=between(0.0, 0.2), shown_oversight=either(0, 1), measured=between(0, 2),
                shown_measured=between(0, 2), multiplier=between(0.9, 1.1), share=between(0.1, 0.4),
                extra_weeks=either(0, 0.2), minimum_weeks=either(0, 0, 5), required_oversight=either(0, 1),
                inspections=between(0, 2), detection=between(0, 1), fine=between(0, 0.2), taste=between(-0.1, 0.1),
                phi_keep=between(0.3, 0.7), phi_remove=between(0.0, 0.4), rival_weeks=between(20, 90),
                rival_pull=either(0, 1, 1.5, 3), rival_harm=between(0, 0.5),
                # both sides of every choice a rule makes, the degenerate ones included
                cycle__form=0.0, cycle__candidates=either(1, 2, 8, 100), productivity=either(0, 0.7, 1, 1, 2),
                cycle__veto=either(-10, 0, 0.05), cycle__learning=either(0, 0, 1e-4), cycle__weight=either(0, 0.5, 1),
                cycle__tau_capability=either(0.135, 0.135, 0), cycle__correlation=either(-0.2, 0, 0.9))  # fmt: skip
        put(self.p_n, P, race__labs=float(LABS),
            race__safety_information=either(0, 1))  # fmt: skip
        self.keys = rng.integers(0, 2**63, WIDTH).astype(np.uint64)
        self.start = self.mine_n.copy()

    def run_c(self, loop, times):
        """The C loop, over and over from where the lanes began: on and on, labs would leave the usual range."""
        self.mine_n[:] = self.start
        loop(times, address(self.mine_n), address(self.theirs_n), address(self.p_n), address(self.keys))

    def run_numba(self, loop, times):
        """The same for numba's loop."""
        self.mine_n[:] = self.start
        loop(times, self.mine, self.theirs, self.race, self.p, self.keys)


class Gather:
    """What packing reads and writes: five labs of every lane, of which some completed a cycle."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.labs = rng.uniform(size=LABS * len(LAB) * WIDTH)
        pairs = np.sort(rng.choice(LABS * WIDTH, WIDTH, replace=False))  # the kernel meets them lab by lab
        self.at = (pairs // WIDTH * len(LAB) * WIDTH + pairs % WIDTH).astype(np.int64)
        self.fields = np.array(PACKED, np.int64)
        self.packed = np.zeros((1, len(LAB), WIDTH))

    def run_c(self, loop, times):
        """Gather in C."""
        loop(times, address(self.packed), address(self.labs), address(self.fields), ctypes.c_long(len(self.fields)),
             address(self.at))  # fmt: skip

    def run_numba(self, loop, times):
        """Gather as the kernel writes it."""
        loop(times, self.packed, self.labs, self.fields, self.at)


def address(array):
    """Where an array's numbers begin, for C."""
    return ctypes.c_void_p(array.ctypes.data)


def build(folder):
    """The C loops, compiled for this machine against the places that fields have now."""
    lines = [f"#define WIDTH {WIDTH}"]
    for prefix, layout in (("lab", LAB), ("p", P)):
        places = ", ".join(f"{prefix}_{name.replace('.', '_')} = {k}" for name, k in layout.place.items())
        lines.append(f"enum {{ {places} }};")
    (folder / "layout.h").write_text("\n".join(lines) + "\n")
    library = folder / "c_loop.so"
    source = Path(__file__).with_suffix(".c")
    subprocess.run(["gcc", *FLAGS, "-shared", "-fPIC", f"-I{folder}", str(source), "-o", str(library)], check=True)
    loops = ctypes.CDLL(str(library))
    return {name: with_count(getattr(loops, name)) for name in (*RULES, "gather")}


def with_count(loop):
    """A C loop whose first argument is a number of times; it returns nothing."""
    loop.restype = None
    return lambda times, *arguments: loop(ctypes.c_long(times), *arguments)


def differing(c):
    """Fields in which C and numba differ in any bit, by rule, over blocks enough for both sides of every choice."""
    found = {name: set() for name in c}
    for seed in range(20):
        block, packing = Block(seed), Gather(seed)
        for name in RULES:
            for times in (1, 3):
                block.run_c(c[name], times)
                by_c = block.mine_n.copy()
                block.run_numba(NUMBA[name], times)
                unlike = (by_c.view(np.uint64) != block.mine_n.view(np.uint64)).any(axis=(0, 2))
                found[name] |= {LAB.names[k] for k in np.flatnonzero(unlike)}
                written = touched(RULES[name], 0)[1]
                # Equal bits would say little about lanes that are not numbers, or about a rule that did nothing.
                assert np.isfinite(by_c).all(), f"{name}: lanes outside the range of the rules"
                moved = (by_c != block.start).any(axis=(0, 2))
                assert all(moved[LAB.place[field]] for field in written), f"{name}: a written field stayed as it was"
        packing.run_c(c["gather"], 1)
        by_c = packing.packed.copy()
        packing.packed[:] = 0.0
        packing.run_numba(numba_gather, 1)
        if (by_c != packing.packed).any():
            found["gather"].add("packed")
    return {name: fields for name, fields in found.items() if fields}


def nanoseconds(work, loops, times, elements):
    """Median ns an element, for C and for numba.

    In turn, and by the thread's own clock: a processor that is lent to another program in between
    would else count for whichever of the two happened to run.
    """
    taken = ([], [])
    for repetition in range(REPEAT + 1):
        for place, (run, loop) in enumerate(zip((work.run_c, work.run_numba), loops, strict=True)):
            start = time.thread_time()
            run(loop, times)
            if repetition:  # the first is the warm-up
                taken[place].append(1e9 * (time.thread_time() - start) / times / elements)
    return tuple(map(statistics.median, taken))


def main():
    """Check, then time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check-only", action="store_true", help="compare bits, time nothing")
    options = parser.parse_args()
    if shutil.which("gcc") is None:
        print("c_loop.py needs gcc, and there is none on the path", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        c = build(Path(folder))
        wrong = differing(c)
        for name, fields in wrong.items():
            print(f"{name}: C and numba differ in {', '.join(sorted(fields))}")
        if wrong:
            return 1
        print("C and numba give the same bits in every field.")
        if options.check_only:
            return 0
        print(f"\n{'rule':<24}{'C':>10}{'numba':>10}{'ratio':>8}")
        print(f"{'':<24}{'ns/lane':>10}{'ns/lane':>10}{'':>8}")
        for name, loop in NUMBA.items():
            by_c, by_numba = nanoseconds(Block(0), (c[name], loop), 5000, WIDTH)
            print(f"{name:<24}{by_c:>10.2f}{by_numba:>10.2f}{by_numba / by_c:>8.2f}", flush=True)
        packing = Gather(0)
        loops = c["gather"], numba_gather
        by_c, by_numba = nanoseconds(packing, loops, 5000, WIDTH * len(packing.fields))
        name = f"gather, {len(packing.fields)} fields"
        print(f"{name:<24}{by_c:>10.2f}{by_numba:>10.2f}{by_numba / by_c:>8.2f}   (ns an element)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
