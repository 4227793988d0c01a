"""What a rule may say: translated, it does what Python does, to the bit; what it may not say is refused by its line."""

import gc
import math
import re
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.engines.quick_draws import use_quick_draws
from labsim.engines.steps import CannotCompile, Step, every_step, write
from labsim.model import draws
from labsim.model.week import DECIDE, LAB
from tests.engines import small_rules
from tests.engines.small_rules import FIELDS, compiled, from_text, in_python, same

ODD = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -2.5e-310, 1e308, 0.5, 3.0, -7.25, 2.0**-52, 700.0]
COUNT = 32


def records(seed):
    """Records of random and of odd numbers (fields, records), and their keys."""
    rng = np.random.default_rng(seed)
    values = rng.choice([*ODD, *rng.normal(size=20), *rng.normal(size=6) * 1e3], (len(FIELDS), COUNT))
    return values, rng.integers(0, 2**64, COUNT, dtype=np.uint64)


def check(rule, seed=0, lanes=8):
    """Python and the code of lanes agree on what is left, and on which records raise."""
    values, keys = records(seed)
    with np.errstate(all="ignore"):
        (expect, raised), (got, faults) = in_python(rule, values, keys), compiled(rule, values, keys, lanes)
    assert np.array_equal(raised, faults)
    assert same(expect[:, ~raised], got[:, ~raised])
    return raised


HELPERS = '''
class Deep:
    line = 1.0

Deep.deep = Deep

SIX = 6.0
LARGE = 10**400

def twice(x):
    """A helper."""
    return x + x

def both(x, y):
    if x > y:
        return x, y
    return y, x

def set_b(lab, x):
    lab.b = x
    return lab.b > 1.0
'''
SAYS = {  # given the lines of a rule; each is run on odd numbers
    "arithmetic": "lab.a = (lab.a + lab.b) * lab.c - lab.d",
    "a division": "lab.a = lab.b / lab.c",
    "a division that is guarded": "lab.a = lab.b / lab.c if lab.c != 0.0 else 1.0",
    "a division behind `and`": "lab.a = 1.0 if lab.c > 0.0 and lab.b / lab.c > 2.0 else 0.0",
    "a division behind `or`": "lab.a = 1.0 if lab.c == 0.0 or lab.b / lab.c > 2.0 else 0.0",
    "a floor": "lab.a = lab.b // 1.0",
    "a root": "lab.a = math.sqrt(lab.b)",
    "signs": "lab.a = -lab.b\nlab.c = +lab.d\nlab.d = abs(lab.d)",
    "min and max": "lab.a = min(lab.a, lab.b, 3)\nlab.c = max(lab.c, lab.d)\nlab.d = max(0.0, lab.d)",
    "a chain": "lab.a = 1.0 if 0.0 <= lab.a < lab.b <= 3.0 else 0.0",
    "truths as numbers": "lab.a = (lab.a < lab.b) + (lab.c == lab.d) * 2.0",
    "truth of a number": "lab.a = 1.0 if lab.a else 2.0\nlab.b = 1.0 if not lab.b else 0.0",
    "and, or of numbers": "lab.a = lab.a or lab.b\nlab.c = lab.c and lab.d",
    "names": "x = lab.a\ny = x * 2\nx, y = y, x\nlab.a = x\nlab.b = y",
    "an annotation": "x: float = lab.b\nlab.a = x",
    "sums in place": "lab.a += lab.b\nlab.b -= 1\nlab.c *= lab.c\nlab.d /= 2.0",
    "if, elif, else": "if lab.a > 1.0:\n    lab.b = 1.0\nelif lab.c > 0.0:\n    lab.b = 2.0\n    lab.c = lab.a\n"
                      "else:\n    lab.d = 3.0",
    "a return in the middle": "if lab.a > 0.0:\n    return\nlab.b = 2.0",
    "returns in both": "if lab.a > 0.0:\n    if lab.b > 0.0:\n        lab.c = 1.0\n        return\n    lab.d = 1.0\n"
                       "else:\n    return\nlab.a = 9.0",
    "helpers": "lab.a = twice(lab.b) + SIX\nx, y = both(lab.c, lab.d)\nlab.c = x\nlab.d = y",
    "a helper behind `and` that writes": "lab.a = 1.0 if lab.a > 0.0 and set_b(lab, 4.0) else 0.0",
    "a dear side": "if lab.a > 0.5:\n    lab.b = normal(key, 3)\n    lab.c = exp(lab.d)\nelse:\n    lab.c = 1.0",
    "a dear value": "lab.a = log(abs(lab.a) + 1.0) * power(2.0, 0.5) if lab.a < 2.0 else lab.b",
    "two dear sides": "lab.a = normal(key, 1) if lab.a > 0.0 else normal(key, 2)",
    "dear in dear": "if lab.a > 0.0:\n    x = exp(lab.b)\n    if x > 1.0:\n        lab.c = normal(key, 5) + x\n"
                    "    else:\n        lab.d = x\nelse:\n    lab.c = lab.a",
    "draws": "lab.a = uniform(key, 7)\nlab.b = normal(derive(key, 4), 2)\nlab.c = expm1(lab.c)\n"
             "lab.d = total(lab.a, 0.3)",
    "one of two keys, or a number": "k = key if lab.a > 0.0 else 3\nlab.a = uniform(k, 2)\n"
                                    "n = 4 if lab.b > 0.0 else derive(key, 1)\nlab.b = uniform(n, 2)",
    "a condition that is known": "if SIX > 2.0:\n    lab.a = SIX\nelse:\n    lab.b = SIX",
    "a group of fields": "cycle = lab.group\nlab.a = cycle.x + lab.group.y * p.rate + race.week",
    "raise": "if lab.a > 1.0:\n    raise ValueError('too much')\nlab.b = 1.0",
    "assert": "assert lab.a == lab.a\nlab.b = 1.0",
    "float and bool": "lab.a = float(lab.a > 1.0)\nlab.b = bool(lab.b)",
    "a division that always raises": "lab.a = 1 / 0 if lab.a > 0.0 else 2.0",
    "pass and a text": "'nothing'\npass",
}  # fmt: skip


def rule_of(lines, last=""):
    """A rule with these lines, and helpers around it."""
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return from_text(f"{HELPERS}\ndef rule(lab, race, p, key):\n{body}{last}", math=math)


@pytest.mark.parametrize("lanes", [1, 8, 16])
@pytest.mark.parametrize("lines", SAYS.values(), ids=SAYS)
def test_what_a_rule_says_is_what_python_does(lines, lanes):
    check(rule_of(lines), lanes=lanes)


def test_odd_numbers_raise_in_both():
    for name in ("a division", "a root", "raise"):
        raised = np.concatenate([check(rule_of(SAYS[name]), seed) for seed in range(4)])
        assert raised.any() and not raised.all()


# --- random rules

NAMES = [f"lab.{name}" for name in FIELDS[:4]] + ["lab.group.x", "p.rate", "race.week"]
LEAVES = st.sampled_from([*NAMES, *(repr(x) for x in (0.0, 1.0, -2.5, 1e-3)), "7", "SIX", "uniform(key, 3)"])


def larger(inner):
    """Expressions of expressions."""
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(pairs, st.sampled_from("+-*/")).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
        pairs.map(lambda t: f"min({t[0]}, {t[1]})"), pairs.map(lambda t: f"max({t[0]}, {t[1]})"),
        inner.map(lambda x: f"abs({x})"), inner.map(lambda x: f"(-{x})"), inner.map(lambda x: f"twice({x})"),
        inner.map(lambda x: f"exp(min(1.0, {x}))"), inner.map(lambda x: f"log(max(1e-9, {x}))"),
        st.tuples(pairs, pairs, st.sampled_from(["<", "<=", ">", "==", "!="])).map(
            lambda t: f"({t[0][0]} if {t[1][0]} {t[2]} {t[1][1]} else {t[0][1]})"
        ),
        st.tuples(pairs, st.sampled_from(["and", "or"])).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
    )  # fmt: skip


EXPRESSIONS = st.recursive(LEAVES, larger, max_leaves=8)
TARGETS = st.sampled_from([f"lab.{name}" for name in FIELDS[:4]])
ASSIGNMENTS = st.tuples(TARGETS, st.sampled_from(["=", "=", "+="]), EXPRESSIONS).map(" ".join)


def indented(lines):
    """Lines one step further in."""
    return "\n".join(f"    {line}" for text in lines for line in text.splitlines())


def conditional(inner):
    """if-statements around statements, some of which return."""
    body = st.lists(inner, min_size=1, max_size=3)
    ends = st.sampled_from(["", "\n    return"])
    return st.tuples(EXPRESSIONS, body, body, ends).map(
        lambda t: f"if {t[0]}:\n{indented(t[1])}{t[3]}\nelse:\n{indented(t[2])}"
    )


RULES = st.lists(st.recursive(ASSIGNMENTS, conditional, max_leaves=5), min_size=1, max_size=4).map("\n".join)


@given(lines=RULES, seed=st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_random_rules_do_what_python_does(lines, seed):
    check(rule_of(lines), seed)


@pytest.mark.full
@given(lines=RULES, seed=st.integers(0, 1000))
@settings(max_examples=3000, deadline=None)
def test_many_random_rules_do_what_python_does(lines, seed):
    check(rule_of(lines), seed, lanes=16)


# --- what is refused

REFUSED = {  # given the lines: the line that is named, and what is said
    "for k in range(3):\n    lab.a += 1.0": (1, "For is not part of the language of rules"),
    "lab.a = 1.0\nlab.b = [1.0][0]": (2, "Subscript is not part"),
    "lab.a = lab.b ** 2": (1, r"Pow is not part .*\(write x \* x, or power"),
    "lab.a = lab.b % 2.0": (1, "Mod is not part"),
    "lab.a = math.exp(lab.b)": (1, r"exp is not part .*same bits everywhere"),
    "lab.a = print(lab.b)": (1, "print is not part"),
    "lab.mood = 1.0": (1, "sets 'mood', which is not a quantity that state.py declares"),
    "lab.a = lab.mood": (1, "reads 'mood', which state.py does not declare"),
    "lab.a = 'text'": (1, "'text' is not a number"),
    "lab.a = nobody": (1, "nobody is not defined"),
    "if lab.a > 0.0:\n    x = 1.0\nlab.b = x": (3, "x is not set on every way here"),
    "lab.a = Deep.deep.deep.deep.deep.deep.line": (1, r"is more than 5 steps deep"),
    "lab.a = lab.b * LARGE": (1, "a whole number is larger than any number of 64 bits"),
    "lab.a = key + 1": (1, "a key can only be given to draws"),
    "x = lab.group if lab.a > 0.0 else lab\nlab.b = x.x": (1, "a choice between two records"),
    "lab.a = max(lab.b)": (1, "max takes two or more numbers here, not 1"),
    "lab.a = twice(lab.b, 1.0)": (1, "twice takes 1 arguments by their place, not 2"),
    "lab.a = twice(x=lab.b)": (1, "takes arguments by their place"),
    "lab.group.x = 1.0": (1, "sets 'group.x'"),
    "lab.a = forever(lab.b)": (1, "forever calls itself"),
    "with lab:\n    pass": (1, "With is not part"),
    "lab.a = lab.b is None": (1, "None is not a number"),
}  # fmt: skip


@pytest.mark.parametrize("lines", REFUSED)
def test_what_is_not_in_the_language_is_refused_by_its_line(lines):
    line, says = REFUSED[lines]
    rule = rule_of(lines, last="\ndef forever(x):\n    return forever(x) + 1.0\n")
    first = rule.__code__.co_firstlineno
    with pytest.raises(CannotCompile, match=says) as told:
        write(Step(LAB, rule), small_rules.layouts())
    if "forever" not in lines:
        assert f"{rule.__code__.co_filename}, line {first + line}:" in str(told.value)


def test_a_strategy_gives_one_number():
    none = from_text("def rule(lab, race, p, key):\n    lab.a = 1.0\n")
    some = from_text("def rule(lab, race, p, key):\n    if lab.a > 0.0:\n        return 1.0\n")
    for strategy, says in ((none, "does not give one number"), (some, "given on some ways only")):
        with pytest.raises(CannotCompile, match=says):
            write(Step(DECIDE, strategy), small_rules.layouts())


def test_a_rule_without_a_text_is_refused():
    made = {}
    exec("def rule(lab, race, p, key):\n    lab.a = 1.0\n", made)
    with pytest.raises(CannotCompile, match=r"the text of rule cannot be found; write it in a file or a notebook"):
        write(Step(LAB, made["rule"]), small_rules.layouts())


RUNS = "def rule(lab, race, p, key):\n    lab.a = 1.0 if lab.b > 0.5 else lab.c\n"


@pytest.mark.parametrize("other", [
    RUNS.replace("1.0", "2.0"), RUNS.replace("0.5", "0.25"), RUNS.replace("lab.b", "lab.d"), RUNS.replace(">", "<"),
    RUNS.replace("lab.a", "lab.b"), RUNS + "    lab.b = 1.0\n", "def rule(lab, race, p, key):\n    lab.a = 1.0\n",
])  # fmt: skip
def test_a_text_that_is_not_what_runs_is_refused(other):
    """As when a file is edited after it was imported; also where its text has been read before."""
    rule, changed = from_text(RUNS), from_text(RUNS)
    write(Step(LAB, changed), small_rules.layouts())
    for one in (rule, changed):
        one.__code__ = from_text(other).__code__.replace(co_filename=one.__code__.co_filename)
        with pytest.raises(CannotCompile, match="has changed since it was loaded"):
            write(Step(LAB, one), small_rules.layouts())


AROUND = """
from functools import wraps

def made(line):
    def rule(lab, race, p, key):
        \"\"\"A rule of its own.

        With more to say, indented.
        \"\"\"
        lab.a = line if lab.b > line else LINE
    return rule

LINE = 3.0

def known(function):
    return function

def turned(function):
    @wraps(function)
    def rule(lab, race, p, key):
        function(lab, race, p, key)
        lab.a = -lab.a
    return rule

@known
def plain(lab, race, p, key):
    lab.a = 1.0

@turned
def other(lab, race, p, key):
    lab.a = 1.0

inside = made(2.0)
"""


@pytest.mark.parametrize(("name", "says"), [
    ("inside", None), ("plain", None), ("other", "other is decorated, so that its text is not all that it does"),
])  # fmt: skip
def test_what_is_around_a_rule_counts(name, says):
    rule = from_text(AROUND, name)
    if says is None:
        check(rule)
    else:
        with pytest.raises(CannotCompile, match=says):
            write(Step(LAB, rule), small_rules.layouts())


def test_the_text_of_a_rule_inside_another_function_is_compared_too():
    rule = from_text(AROUND, "inside")
    changed = rule.__code__.replace(co_names=tuple("d" if name == "b" else name for name in rule.__code__.co_names))
    rule.__code__ = changed
    with pytest.raises(CannotCompile, match="has changed since it was loaded"):
        write(Step(LAB, rule), small_rules.layouts())


# --- the draws, and all shipped rules


def test_each_draw_is_its_twin():
    """Over 10^5 keys: the functions that the fast engine has in bits of its own, and those built on them."""
    lines = ("lab.a = uniform(key, 5)", "lab.b = normal(key, 9)", "lab.c = exp(lab.d) + expm1(lab.d)",
             "lab.d = log(uniform(key, 8))")  # fmt: skip
    rule = rule_of("\n".join(lines))
    rng = np.random.default_rng(1)
    count = 100_000
    values, keys = rng.normal(size=(len(FIELDS), count)) * 300.0, rng.integers(0, 2**64, count, dtype=np.uint64)
    (expect, raised), (got, faults) = in_python(rule, values, keys), compiled(rule, values, keys, lanes=16)
    assert not raised.any() and not faults.any() and same(expect, got)


def test_draws_of_odd_numbers_are_their_twins():
    for function in ("split", "exp", "expm1", "log"):
        expect = np.array([[getattr(draws, function)(x)] for x in ODD], dtype=object).reshape(len(ODD), -1)
        lines = "k, m = split(lab.a)\nlab.b = k\nlab.c = m" if function == "split" else f"lab.b = {function}(lab.a)"
        values = np.zeros((len(FIELDS), len(ODD)))
        values[0] = ODD
        got, _ = compiled(rule_of(lines), values, np.zeros(len(ODD), np.uint64))
        for place, numbers in enumerate(np.array([list(np.ravel(row[0])) for row in expect], float).T):
            assert same(numbers, got[1 + place]), function


def test_what_mesa_calls_is_the_twin_too():
    """The compiled functions that stand in the place of draws, over many keys and all odd numbers."""
    use_quick_draws()
    rng = np.random.default_rng(2)
    keys, numbers = rng.integers(0, 2**64, 20_000, dtype=np.uint64).tolist(), [*ODD, *(rng.normal(size=5000) * 300.0)]
    for name, arguments in draws.QUICKER.items():
        given = [(key, 1 + key % 50) for key in keys] if arguments == 2 else [(float(x),) for x in numbers]
        quick = np.array([getattr(draws, name)(*each) for each in given])
        assert draws.plain(getattr(draws, name)) is not getattr(draws, name)
        with small_rules.plain_draws():
            assert same(np.array([getattr(draws, name)(*each) for each in given]), quick), name


def test_threads_may_read_texts_at_once():
    """Before 3.13, `ast.parse` stumbles where another thread comes in between, as when garbage is collected."""
    from labsim.engines import driver, rule_language

    problems = []

    def read():
        try:
            for _ in range(15):
                rule_language.tree_of(driver.packed)
        except SystemError as error:
            problems.append(str(error))

    def between(phase, about):
        time.sleep(0)

    threshold = gc.get_threshold()
    gc.callbacks.append(between)
    gc.set_threshold(20)
    try:
        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.callbacks.remove(between)
        gc.set_threshold(*threshold)
    assert problems == []


def test_no_operation_is_fused_or_reordered():
    """The bits are Python's only if no instruction may be contracted or be fast and loose with them."""
    from labsim.engines.layout import layouts

    for step in every_step():
        text = write(step, layouts()).text
        assert not re.search(r"\b(fast|contract|reassoc|nnan|ninf|nsz|arcp|afn|fma|fmuladd)\b", text), step.title
