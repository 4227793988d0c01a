"""Outcomes as code give numpy's bits, and what cannot be code is refused by name."""

import ctypes
import re

import llvmlite.binding as llvm
import numpy as np
import pytest

from labsim.engines import ensemble, outcome_code
from labsim.engines.layout import PARAMETERS, layouts
from labsim.engines.steps import CannotCompile
from labsim.model.draws import exp, log
from labsim.model.outcomes import LAB_PLACE, OUTCOMES, RACE_PLACE, Final, Outcome, each, mean, measure, ranks, total
from labsim.scenario.scenario import Scenario

RACES = 40
SPECIAL = [0.0, -0.0, 1.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 5e-324, 1e300, 0.1, 3.0]


def states(labs, seed, special):
    """Final states at random; with `special`, of numbers that are hard to add and to compare."""
    rng = np.random.default_rng(seed)
    shapes = (RACES, len(RACE_PLACE)), (RACES, labs, len(LAB_PLACE))
    row, place = ensemble.base_rows(Scenario("x"))["p"], layouts()[PARAMETERS].place
    values = {path: float(row[place[path]]) for path in place}
    return Final(*(rng.choice(SPECIAL, shape) if special else rng.normal(size=shape) for shape in shapes), values)


def compiled(outcomes):
    """A function of two final states: what the compiled outcomes give, (races, outcomes)."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    text, scratch = outcome_code.text_of(outcomes)
    machine = llvm.Target.from_default_triple().create_target_machine(opt=2, jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
    engine.finalize_object()
    address = engine.get_function_address(outcome_code.ENTRY)

    def run(final, free):
        races, labs = final.lab_states.shape[:2]
        flat = [np.concatenate([f.race_state, f.lab_states.reshape(races, -1)], axis=1) for f in (final, free)]
        p = ensemble.base_rows(Scenario("x"))["p"]
        memory, out = np.zeros(labs * scratch), np.zeros((races, len(outcomes)))
        pointers = [array.ctypes.data for array in (*flat, p, memory, out)]
        ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, *[ctypes.c_int32] * 3)(address)(*pointers, labs, races, 0)
        assert engine  # its code must outlive the call
        return out

    return run


SOME = {
    "a total": lambda f: total(f.labs("exposure")),
    "a total of totals": lambda f: total(f.labs("exposure") - total(f.labs("measured"))[:, None]),
    "what is above the mean": lambda f: mean(f.labs("payoff") * (f.labs("payoff") > mean(f.labs("payoff"))[:, None])),
    "two in one": lambda f: total(f.labs("exposure")) / total(f.labs("measured")) - mean(f.labs("payoff")),
    "least and most": lambda f: np.min(f.labs("exposure"), axis=1) - np.max(f.labs("payoff"), axis=1),
    "ranks": lambda f: total(ranks(f.labs("exposure")) * ranks(f.labs("measured"))),
    "a count": lambda f: (f.labs("won") > 0.5).sum(axis=1) + np.sum(f.labs("won") == 1.0, axis=1),
    "larger": lambda f: mean(np.maximum(f.labs("exposure"), f.labs("measured"))) + np.minimum(f.race("week"), 0.0),
    "a choice": lambda f: np.where(np.isfinite(f.race("week")) & ~(f.race("week") > 0.5), f.race("concern"), np.nan),
    "truths": lambda f: mean((f.labs("won") >= f.labs("exposure")).astype(float)),
    "a function of draws": lambda f: mean(each(exp, f.labs("exposure"))) - each(exp, -f.race("week")),
    "roots": lambda f: np.sqrt(np.abs(f.race("week"))) / f.values["harm.public_harm"],
    "every sign": lambda f: -f.race("week") + 2.0 * f.race("concern") - (1.0 / f.race("week")) + (3.0 - f.race("week")),
}  # fmt: skip


@pytest.mark.parametrize("labs", [1, 2, 5, 9, 17])
@pytest.mark.parametrize("special", [False, True])
def test_small_outcomes_have_numpys_bits(labs, special):
    outcomes = {name: Outcome(function, name) for name, function in SOME.items()}
    outcomes["less the other"] = Outcome(SOME["a total"], "x", less_rule_free=True)
    final, free = states(labs, labs, special), states(labs, 100 + labs, special)
    with np.errstate(all="ignore"):
        expect = {name: outcome.values(final, free) for name, outcome in outcomes.items()}
    got = dict(zip(outcomes, compiled(outcomes)(final, free).T, strict=True))
    for name, values in expect.items():
        assert np.array_equal(got[name], values, equal_nan=True), name
        assert np.array_equal(np.signbit(got[name]), np.signbit(values)) or np.isnan(values).any(), name


@pytest.mark.parametrize("labs", [2, 5, 12])
def test_every_outcome_has_numpys_bits(labs):
    final, free = states(labs, labs, False), states(labs, 1, False)
    final.race_state[:, RACE_PLACE["week"]] = np.arange(RACES) + 1.0
    with np.errstate(all="ignore"):
        expect = np.stack([*measure(final, free).values()], axis=1)
    assert compiled(OUTCOMES)(final, free).tobytes() == expect.tobytes()


def by_hand(f):
    return sum(f.labs("won")[:, k] for k in range(f.labs("won").shape[1]))


def by_if(f):
    return f.race("week") if f.race("week") > 3 else f.race("concern")


REFUSED = [
    (by_hand, "a loop over labs"),
    (by_if, "numpy.where"),
    (lambda f: np.median(f.labs("won"), axis=1), "numpy.median"),
    (lambda f: np.exp(f.race("week")), "numpy.exp"),
    (lambda f: np.add.reduce(f.labs("won"), axis=1), "numpy.add.reduce"),
    (lambda f: f.labs("won").std(axis=1), r"(.std)"),
    (lambda f: f.labs("won").sum(axis=1), "sum of numbers: use total"),
    (lambda f: np.sum(f.labs("won"), axis=1), "sum of numbers: use total"),
    (lambda f: {}["x"], "it raises KeyError: 'x'"),
    (lambda f: f.labs("won")[0], "[0], a place among races or labs"),
    (lambda f: f.labs("wonn"), "'wonn'"),
    (lambda f: f.values["harm.nothing"], "'harm.nothing'"),
    (lambda f: f.labs("won"), "one number for each race"),
    (lambda f: 1.0, "one number for each race"),
    (lambda f: f.values["harm.rate"], "one number for each race"),
    (lambda f: (f.race("week") > 1) + (f.race("week") > 2), "two truths"),
    (lambda f: np.sort(f.labs("won"), axis=1)[:, 0], "0"),
    (lambda f: (f.labs("won") > 0.0).sum(axis=0), "axis 0"),
    (lambda f: each(lambda x: x, f.race("week")), "plain function"),
    (lambda f: f.race("week") + np.arange(3.0), "an array of its own"),
]


@pytest.mark.parametrize(("function", "word"), REFUSED)
def test_what_cannot_be_code_is_refused_by_name(function, word):
    with pytest.raises(CannotCompile, match="outcome 'mine' cannot be compiled") as raised:
        outcome_code.text_of({"mine": Outcome(function, "mine")})
    assert word in str(raised.value)


def test_the_arguments_are_those_that_are_told():
    text, _ = outcome_code.text_of(OUTCOMES)
    (given,) = re.findall(rf"define void @{outcome_code.ENTRY}\(([^)]*)\)", text)
    assert tuple(one.split("%")[1] for one in given.split(", ")) == outcome_code.GIVEN


@pytest.mark.parametrize(("name", "lists"), [("roots", 0), ("a total", 1), ("two in one", 1), ("a total of totals", 2)])
def test_scratch_memory_is_asked_for_by_what_is_sorted_at_once(name, lists):
    assert outcome_code.text_of({name: Outcome(SOME[name], name)})[1] == lists


def test_an_outcome_of_ones_own_is_measured():
    def doubt(f):
        return each(safe_log, total(f.labs("won")) + 1.0)

    final = states(3, 0, False)
    final.lab_states[:, :, LAB_PLACE["won"]] = 1.0
    got = compiled({"doubt": Outcome(doubt, "doubt")})(final, final)
    assert np.array_equal(got[:, 0], np.full(RACES, log(4.0)))


def safe_log(x):
    """The logarithm of what is above 0."""
    return log(x) if x > 0.0 else 0.0
