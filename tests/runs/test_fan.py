"""The fan: quantiles of every week over the futures that still run, and what is drawn of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from labsim.runs.fan import QUANTITIES, Fan
from viz.screens.explore import Shown
from viz.world.ensembles import Ensemble
from viz.world.world import World

ASKED = {"q05": 0.05, "q10": 0.10, "q25": 0.25, "q50": 0.50, "q75": 0.75, "q90": 0.90, "q95": 0.95}


def futures(count=400, weeks=12):
    """Quantities by week, of races that end one after another: nan from then on."""
    rng = np.random.default_rng(3)
    values = rng.lognormal(size=(count, weeks, len(QUANTITIES))).cumsum(axis=1)
    values[np.arange(weeks)[None, :] >= rng.integers(3, 2 * weeks, count)[:, None]] = np.nan
    return values


def test_exact_quantiles_are_those_of_numpy_and_ascend():
    values, fan = futures(), Fan()
    for first in (0, 150, 300):
        fan.add(values[first : first + 150])
    table = fan.table()
    assert len(table) == 12 * len(QUANTITIES)
    for row in table.to_dict("records"):
        now = values[:, row["week"], QUANTITIES.index(row["quantity"])]
        known = now[~np.isnan(now)]
        assert row["n"] == len(known) and row["mean"] == pytest.approx(known.mean())
        assert [row[name] for name in ASKED] == pytest.approx(np.quantile(known, list(ASKED.values())).tolist())
        assert np.all(np.diff([row[name] for name in ASKED]) >= 0)


def test_the_band_of_explore_lies_between_the_tenth_and_the_ninetieth_of_a_hundred():
    gap = futures()[:, :, 0]
    ensemble = Ensemble(len(gap), {}, gap)
    half = int(((~np.isnan(gap)).sum(axis=0) * 2 >= len(gap)).sum())  # weeks that half of the futures reach
    low, middle, high = ensemble.band()
    for line, share in ((low, 0.1), (middle, 0.5), (high, 0.9)):
        assert line == pytest.approx(np.nanquantile(gap[:, :half], share, axis=0))
    shown = Shown(World(), {}, None, beside=SimpleNamespace(world=ensemble)).band()
    assert shown["low"] == pytest.approx(low, abs=6e-4) and shown["high"] == pytest.approx(high, abs=6e-4)
