"""Time of a regime map of 21 x 21 labels, and how its labels fare against four times the replications.

python benchmarks/regime_map.py [--check]. Figures belong to the machine they are printed on; nothing is asserted.
"""

import argparse
import os
import platform
import time
from collections import Counter

from labsim.engines import ensemble
from labsim.games.closure_game import TOO_CLOSE
from labsim.maps.axes import parse_axis
from labsim.maps.regime_map import MOST, regime_map
from labsim.scenario.files import load

X, Y = parse_axis("competition.winner_share=0:1:21"), parse_axis("decision.own_harm=0:8:21")


def measure(check):
    """A map for each scenario and share of harm after the finish; wall and processor seconds."""
    for name in ("five-calculators", "hassabis-baseline"):
        for after in (0.5, 1.0):
            world = load(name).with_({"harm.after": after})
            wall, processor = time.perf_counter(), time.process_time()
            regimes = regime_map(world, X, Y)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            print(
                f"{name:<18} harm.after {after:<4} {wall:6.1f} s  {processor:6.1f} s of processors  "
                f"{regimes.races:>9,} races  {regimes.counts[TOO_CLOSE]:>4} of 441 in doubt",
                flush=True,
            )
            if check:
                better = regime_map(world, X, Y, replications=4 * MOST, seed=1)
                pairs = Counter(_verdict(a.label, b.label) for a, b in zip(regimes.cells, better.cells, strict=True))
                print(f"    against other luck and {4 * MOST} replications: {dict(pairs)}", flush=True)


def _verdict(label, better):
    if TOO_CLOSE in (label, better):
        return "both in doubt" if label == better else "here in doubt" if label == TOO_CLOSE else "there in doubt"
    return "same" if label == better else "another"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="also make each map with more replications (minutes)")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    ensemble.warm()
    measure(options.check)
