"""Docks: what agreement means, published numbers that come out for parameters nobody listed, and docks that fail."""

import ast
import importlib
import json
import math
import pkgutil
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from labsim import docking
from labsim.docking import DOCKS, Dock, Docking, Estimate, make, options, run
from labsim.docking import plot as docking_plot
from labsim.docking import report as docking_report
from labsim.docking.agreement import flag
from labsim.docking.enforcement import equilibrium
from labsim.engines.ensemble import Stop
from labsim.scenario.checked import ScenarioError
from tests import lacks


def of(name, **values):
    """A dock with these parameters."""
    return make(DOCKS[name], values)


@dataclass(frozen=True)
class Plain(Dock):
    """Two numbers."""

    name, source, seen, forms = "plain", "nobody", "seen", "none"
    shares = ("chance",)


@pytest.mark.parametrize(
    ("key", "mean", "se", "reference", "expect"),
    [
        ("chance", 0.509, 0.0, 0.5, True),
        ("chance", 0.511, 0.0, 0.5, False),
        ("chance", 0.52, 0.008, 0.5, True),  # within three standard errors
        ("chance", 0.5, 0.011, 0.5, False),  # too vague to say
        ("time", 100.9, 0.0, 100.0, True),
        ("time", 101.1, 0.1, 100.0, False),
        ("time", -100.9, 0.5, -100.0, True),
        ("time", 3.0, 0.0, None, None),
        ("time", 0.0001, 0.0, 0.0, False),
    ],
)
def test_a_number_agrees_within_its_error_or_the_tolerance_if_it_is_known_well_enough(key, mean, se, reference, expect):
    docking = Docking(Plain(), {key: Estimate(mean, se)}, {key: reference}, 1)
    assert docking.agreement(key) is expect and docking.agrees is expect


def test_a_published_sign_is_no_number_and_is_judged_by_itself():
    class Signed(Plain):
        signs = MappingProxyType({"up": 1, "down": -1, "doubtful": 1})

    effects = {"up": Estimate(0.1, 0.02), "down": Estimate(0.1, 0.02), "doubtful": Estimate(0.1, 0.05)}
    docking = Docking(Signed(), effects, dict.fromkeys(effects), 1)
    assert docking.agrees is None and [docking.sign(key) for key in effects] == [1, 1, 0]
    assert docking.as_dict()["signs"]["down"] == {"published": -1, "found": 1}
    verdicts = [row[-1] for row in docking_report.rows(docking)]
    assert verdicts == [docking_report.SAME, docking_report.OTHER, docking_report.UNCLEAR]


def test_a_missing_number_does_not_agree():
    assert Docking(Plain(), {"time": None}, {"time": 3.0}, 1).agrees is False


def test_next_to_nothing_agrees_with_nothing():
    for values in ({"candidates": 1}, {"weight": 0.0, "faking": 0.78, "correlation": 0.0}):
        assert run(of("best-of-n", **values)).agrees


def test_more_replications_are_run_until_the_error_is_small():
    class Vague(Plain):
        replications = 10

        def simulate(self, replications, seed, stop, watch):
            return {"chance": Estimate.of(np.random.default_rng(seed).random(replications))}

        def references(self):
            return {"chance": 0.5}

    docking = run(Vague())
    assert docking.simulated["chance"].se <= 0.01 and docking.replications > 500 and docking.agrees


UNLISTED = [
    ("software-explosion", {"returns": 0.83, "parallel": 0.45, "target": 777.0}),
    ("software-explosion", {"returns": 1.7, "parallel": 0.9, "target": 5e4, "blow_up": True}),
    ("software-explosion", {"compute_share": 0.35, "substitution": -0.6, "lambda_": 0.7, "beta": 0.2, "target": 300.0}),
    ("inspection-game", {"gain": 2.3, "fine": 4.1, "detection": 0.7, "audit_cost": 0.4, "harm": 3.3}),
    ("inspection-game", {"audit_cost": 5.0}),
    ("inspection-game", {"gain": 9.0, "detection": 0.2, "fine": 1.0}),
    ("permits", {"values": "0.4,1.7,2.2,9", "eta": 0.7, "cap": 11.0}),
    ("permits", {"values": "2", "eta": 3.0, "cap": 0.01}),
    ("time-horizons", {"quantile": "p80", "since": "2024-03-01"}),
    ("two-process", {"rc": 1.21, "ra": 1.1, "threshold": 7.0, "cycles": 31}),
    ("equal-rates", {"rate": 1.1, "noise": 0.03, "threshold": 1.5, "cycles": 25}),
    ("best-of-n", {"candidates": 3, "correlation": 0.3, "weight": 0.6}),
]


@pytest.mark.parametrize(("name", "values"), UNLISTED)
def test_published_numbers_come_out_for_parameters_nobody_listed(name, values):
    docking = run(of(name, **values), seed=3)
    assert docking.agrees, docking.as_dict()


@pytest.mark.parametrize(
    ("values", "key", "expect"),
    [
        ({"returns": 0.7, "parallel": 1.0, "target": 10.0}, "time", 5.664439),
        ({"returns": 3.6, "parallel": 0.3, "target": 1e4}, "time", 5.753452),
        ({"returns": 2.0, "parallel": 0.3, "blow_up": True}, "blow_up", 9.617967),
        ({"compute_share": 0.5}, "time", 10.595177),
        ({"returns": 1.0, "target": 2.0}, "time", 1.0),
    ],
)
def test_the_law_of_the_explosion_is_the_published_one(values, key, expect):
    dock = of("software-explosion", **values)
    assert dock.references()[key] == pytest.approx(expect, rel=1e-6)
    assert run(dock).simulated[key].mean == pytest.approx(expect, rel=1e-3)


def test_without_a_blow_up_there_is_no_number_and_nothing_to_disagree_with():
    docking = run(of("software-explosion", returns=1.0, target=50.0, blow_up=True))
    assert docking.simulated["blow_up"] is None and docking.reference["blow_up"] is None and docking.agrees
    assert docking.as_dict()["simulated"]["blow_up"] == {"mean": None, "se": None}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("years", "months", "expect"), [(3.0, 12.0, 0.567), (3.25, 4.0, 0.414), (10.0, 12.0, 0.170), (10.0, 4.0, 0.126)]
)
def test_the_published_monte_carlo(years, months, expect):
    docking = run(of("takeoff-monte-carlo", years=years, within_months=months), seed=1)
    assert docking.reference["probability"] == expect and docking.agrees


def share_of_windows(years, months, n=4000, step=0.1):
    """The take-off's chance by another way: from the time that each tenth of a doubling takes."""
    rng = np.random.default_rng(1)
    f, r, p = (np.exp(rng.uniform(np.log(a), np.log(b), n)) for a, b in ((2, 32), (0.4, 3.6), (0.15, 0.6)))
    end, need, made = 8 * rng.uniform(6, 16, n), round(8 * years / step), 0
    for k in range(n):
        x = np.arange(0, end[k] - step, step) + step / 2
        pace = f[k] / 3 * np.exp(p[k] * np.log(2) * (x + end[k] / r[k] * np.log1p(-x / end[k])))
        at = np.concatenate([[0.0], np.cumsum(step / np.maximum(pace, 1e-300))])
        at = at[at <= 72]
        made += len(at) > need and (at[need:] - at[:-need]).min() <= months
    return made / n


@pytest.mark.parametrize(("years", "months"), [
    pytest.param(5.0, 7.0, marks=pytest.mark.slow), pytest.param(3.0, 0.4, marks=pytest.mark.slow),
    pytest.param(10.0, 2.0, marks=pytest.mark.full), pytest.param(10.0, 0.5, marks=pytest.mark.full),
])  # fmt: skip
def test_the_take_off_in_windows_nobody_published_short_ones_too(years, months):
    result = run(of("takeoff-monte-carlo", years=years, within_months=months)).simulated["probability"]
    assert result.mean == pytest.approx(share_of_windows(years, months), abs=0.03)


@pytest.mark.slow
def test_the_inspection_game_where_a_breach_is_seldom_seen():
    docking = run(of("inspection-game", detection=0.01, audit_cost=0.015, fine=1000.0))
    assert docking.agrees is True and docking.simulated["violation_rate"].mean == pytest.approx(0.75, abs=0.03)


def test_inspections_that_cost_nothing_have_no_one_rate():
    docking = run(of("inspection-game", audit_cost=0.0))
    assert docking.reference == {"inspection_rate": None, "violation_rate": 0.0} and docking.agrees is True
    assert "any rate from 0.25 to 1" in docking.dock.remarks()[0]


def test_what_was_not_published_is_not_compared():
    docking = run(of("takeoff-monte-carlo", years=5.0, within_months=7.0), replications=512)
    assert docking.reference == {"probability": None} and docking.agrees is None


PERTURBED = [
    ("software-explosion", {}, {"cycle.parallel": 0.32}),
    ("software-explosion", {"compute_share": 0.5}, {"cycle.harder": 0.27}),
    ("inspection-game", {}, {"governance.human_mandate.fine": 1.1}),
    ("inspection-game", {}, {"harm.breach": 0.8}),
    ("permits", {}, {"governance.compute_permits.total": 0.52}),
    ("permits", {}, {"competition.market_sensitivity": 0.9}),
    ("best-of-n", {}, {"cycle.sigma_human": 0.07}),
]


@pytest.mark.parametrize(("name", "values", "changes"), PERTURBED)
def test_a_dock_fails_if_the_rule_is_another_one(name, values, changes, monkeypatch):
    dock = of(name, **values)
    assert run(dock).agrees
    right, published = type(dock).world, dock.references()
    monkeypatch.setattr(type(dock), "references", lambda self: published)
    monkeypatch.setattr(type(dock), "world", lambda self, *given: right(self, *given).with_(changes))
    assert run(dock).agrees is False


def test_a_mixed_equilibrium_is_taken_where_there_is_one():
    lab = np.array([[-1.0, -1.0], [0.0, -4.0]])
    assert equilibrium(lab, np.array([[0.0, -0.2], [0.0, 1.8]])) == pytest.approx((0.25, 0.1))
    assert equilibrium(lab, np.array([[0.0, -2.0], [0.0, -0.1]])) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("software-explosion", {"returns": 0.0}, "--returns = 0.0: must be a number from 0.1 to 10"),
        ("software-explosion", {"compute_share": 1.5}, "--compute-share = 1.5: must be a number from 0 to 1"),
        ("software-explosion", {"compute_share": 0.5, "blow_up": True}, "--blow-up: not with --compute-share"),
        ("software-explosion", {"returns": 1.01, "blow_up": True}, "--blow-up: growth steepens"),
        ("software-explosion", {"returns": 0.9, "target": 1e200}, "--target = 1e+200: not reached"),
        ("software-explosion", {"returns": 0.1, "parallel": 1.0, "target": 1e200}, "it must be lower, or --returns"),
        ("software-explosion", {"compute_share": 0.5, "beta": 5.0, "lambda_": 0.0, "target": 1e200}, "it or --beta"),
        ("inspection-game", {"detection": 0.5, "audit_cost": 1.001}, "--audit-cost = 1.001: must be 0.0028 or more"),
        ("inspection-game", {"detection": 0.5, "fine": 0.999}, "--fine = 0.999: must be 0.0055 or more away from 1"),
        ("takeoff-monte-carlo", {"years": 10.0, "within_months": 0.3}, "--years = 10: must be at most 9.6 with"),
        ("two-process", {"rc": 3.0, "cycles": 547}, "--cycles = 547: must be at most 546 at a factor of 3"),
        ("time-horizons", {"since": "20230101"}, "--since = 20230101: must be a date"),
        ("software-explosion", {"compute_share": 1.5}, "--compute-share = 1.5: must be a number from 0 to 1"),
        ("permits", {"values": "inf,1"}, "must be above 0 and finite"),
        ("inspection-game", {"detection": 0.0}, "--detection = 0.0: must be a number from 0.001 to 1"),
        ("permits", {"values": "1,x"}, "--values = '1,x': must be numbers separated by commas"),
        ("permits", {"values": "1,-2"}, "must be above 0"),
        ("permits", {"values": "1,9000", "eta": 0.1}, "ratios must be at most"),
        ("time-horizons", {"since": "2026-02-30"}, "--since = 2026-02-30: must be a date"),
        ("time-horizons", {"since": "2026-02-01"}, "a fit needs at least 3; the table is from 2019-02-14"),
        ("time-horizons", {"quantile": "p90"}, "--quantile = 'p90': must be one of p50, p80"),
        ("two-process", {"cycles": 2.5}, "--cycles = 2.5: must be a whole number from 1 to 1000"),
    ],
)
def test_parameters_out_of_range_are_named(name, values, message):
    with pytest.raises(ScenarioError) as fault:
        of(name, **values)
    assert message in str(fault.value)


@pytest.mark.parametrize("name", DOCKS)
def test_a_dock_says_what_it_is_where_it_is_from_and_along_what_it_is_drawn(name):
    dock = DOCKS[name]
    lacks.none_of(f"dock {name}: {dock.__name__} in {lacks.home(dock)} {fault}" for fault in form_faults(dock))
    axis, values = dock.along
    for value in values:
        make(dock, {axis: value})
    references = make(dock, {}).references()
    assert references and (not dock.shares or set(dock.shares) & set(references)) and set(dock.signs) <= set(references)
    assert all(d.meaning and d.source for d in options(dock).values())
    assert all(flag(field).startswith("--") and not flag(field).endswith("-") for field in options(dock))


def form_faults(dock):
    """What a dock does not say of itself."""
    title = docking_report.title(dock)
    if not title.endswith((".", "?")) and ":" not in title:
        yield f"must ask its question in its docstring: '{title}'"
    yield from (f"needs {key}" for key in ("source", "forms") if not getattr(dock, key))
    if not re.search("seen|derived|recalled", dock.seen):
        yield f"must say in `seen` how its source is known: seen, derived or recalled, not '{dock.seen}'"
    axis, values = dock.along
    if not dock.signs and (axis not in options(dock) or len(values) < 3):
        yield f"must name in `along` one of {', '.join(options(dock))} with three values or more, not {dock.along}"


def test_every_dock_that_is_written_is_registered_and_tested():
    for module in pkgutil.iter_modules(docking.__path__, "labsim.docking."):
        importlib.import_module(module.name)
    written = {kind for kind in Dock.__subclasses__() if kind.__module__.startswith("labsim.docking.")}
    lacks.none_of(
        f"{kind.__name__} ({lacks.home(kind)}) has no line in DOCKS, labsim/docking/__init__.py"
        for kind in written - set(DOCKS.values())
    )
    named = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named |= {node.value} if isinstance(node, ast.Constant) else set()
            named |= {node.id} if isinstance(node, ast.Name) else set()
    lacks.none_of(
        f"dock {name}: no test names it; it needs rows in tests/docking/test_docking.py"
        for name, kind in DOCKS.items() if named.isdisjoint({name, kind.__name__})
    )  # fmt: skip


def test_the_command_prints_what_the_contract_says_and_the_codes(cli, tmp_path):
    code, out, _ = cli("dock", "permits", "--values", "1,2,3", "--eta", "1", "--json")
    content = json.loads(out)
    assert code == 0 and list(content) == ["name", "parameters", "simulated", "reference", "agrees"]
    assert content["simulated"]["price"]["mean"] == pytest.approx(1.0) and content["reference"] == {"price": 1.0}
    assert content["parameters"] == {"values": "1,2,3", "eta": 1.0, "cap": 6.0} and content["agrees"] is True
    code, out, _ = cli("dock", "two-process", "--plot", str(tmp_path / "two.svg"))
    assert code == 0 and "agrees" in out and "Not a forecast" in out
    assert "two-process" in (tmp_path / "two.svg").read_text(encoding="utf-8")
    code, out, err = cli("dock", "permits", "--cap", "-1")
    assert (code, out) == (2, "") and "--cap = -1.0: must be a number from 1e-09 to" in err
    code, _, err = cli("dock", "best-of-n", "--candidates", "2.5")
    assert code == 2 and "--candidates 2.5: must be a whole number from 1 to 1000" in err
    code, _, err = cli("dock", "dsairr")
    assert (
        code == 2
        and "dock dsairr: must be one of all, racing-to-the-precipice" in err
        and "did you mean 'dsair'" in err
    )
    code, _, err = cli("dock", "permits", "--plot", "/proc/x.png")
    assert code == 2 and "--plot /proc/x.png: cannot be written" in err
    code, out, _ = cli("dock", "--json")
    assert code == 0 and [line["name"] for line in json.loads(out)] == list(DOCKS)


def test_a_dock_that_does_not_agree_exits_1(cli, monkeypatch):
    monkeypatch.setattr(DOCKS["permits"], "references", lambda self: {"price": 9.0})
    code, out, _ = cli("dock", "permits")
    assert code == 1 and docking_report.NO in out


def test_a_dock_stops_when_it_is_told_to_however_far_it_is():
    for name in (
        "software-explosion",
        "takeoff-monte-carlo",
        "best-of-n",
        "decisiveness",
        "dsair",
        "networks",
        "racing-to-the-precipice",
    ):
        stop, told = Stop.new(), []

        def watch(doing, stop=stop, told=told):
            told.append(doing)
            stop.set()

        run(of(name), stop=stop, watch=watch)
        assert bool(stop) is bool(told) and len(told) <= 4


def test_the_picture_is_along_a_parameter_and_begins_with_the_dock_itself():
    docking = run(of("permits"))
    points = docking_plot.sweep(docking, 0, Stop.new(), lambda doing: None)
    assert [p.dock.cap for p in points] == list(docking.dock.along[1]) and all(p.agrees for p in points)
    assert [p.reference["price"] for p in points] == sorted((p.reference["price"] for p in points), reverse=True)
    assert math.isclose(points[-1].simulated["price"].mean, 1.0, rel_tol=1e-9)
