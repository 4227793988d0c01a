"""Small rules from text, run in Python on one record after the other, and compiled on lanes."""

import ctypes
import itertools
import linecache
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from labsim.engines import objects, steps
from labsim.engines.layout import Layout
from labsim.model import draws
from labsim.model.week import LAB

FIELDS = ("a", "b", "c", "d", "group.x", "group.y")
_NUMBERS = itertools.count()


def from_text(text, name="rule", **around):
    """The function of that name in a text, whose lines a debugger and the compiler can find."""
    place = f"<small rule {next(_NUMBERS)}>"
    linecache.cache[place] = len(text), None, text.splitlines(keepends=True), place
    made = {**vars(draws), "__name__": "small_rules", **around}
    exec(compile(text, place, "exec"), made)
    return made[name]


def layouts():
    """A lab of a few fields, and nothing else of interest."""
    return {"lab": Layout(FIELDS), "race": Layout(["week"]), "evaluator": Layout(["id"]), "p": Layout(["rate"])}


def plain_draws():
    """A context in which draws are plain Python, whether or not the Mesa engine has put quicker ones in their place."""
    return patch.multiple(draws, **{name: draws.plain(getattr(draws, name)) for name in draws.QUICKER})


def in_python(rule, values, keys):
    """(values after, whether it raised) for each record: values (fields, records)."""
    with plain_draws():
        return _in_python(rule, values, keys)


def _in_python(rule, values, keys):
    after, raised = values.copy(), np.zeros(values.shape[1], bool)
    for place in range(values.shape[1]):
        numbers = dict(zip(FIELDS, values[:, place].tolist(), strict=True))
        group = SimpleNamespace(x=numbers.pop("group.x"), y=numbers.pop("group.y"))
        lab = SimpleNamespace(**numbers, group=group)
        try:
            rule(lab, SimpleNamespace(week=3.0), SimpleNamespace(rate=0.5), int(keys[place]))
        except Exception:
            raised[place] = True
            continue
        after[:, place] = [*(float(getattr(lab, name)) for name in FIELDS[:4]), group.x, group.y]
    return after, raised


def compiled(rule, values, keys, lanes=8, kind=LAB):
    """The same, by the rule's code on lanes; the number of records is a multiple of them. Raises CannotCompile."""
    count = values.shape[1]
    step = steps.Step(kind, rule)
    text = steps.write(step, layouts(), count, lanes).text
    address = objects.addresses({"rule": text})["rule"]
    lab, race, p = np.ascontiguousarray(values, float), np.full((1, count), 3.0), np.full((1, count), 0.5)
    keys, weights, faults = np.ascontiguousarray(keys, np.uint64), np.ones(count), np.zeros(count)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 7, ctypes.c_int64)(address)
    call(*(array.ctypes.data for array in (lab, lab, race, p, keys, weights, faults)), count)
    return lab, faults != 0.0


def same(a, b):
    """Equal to the last bit; of nan it only counts that it is one."""
    return np.array_equal(np.isnan(a), np.isnan(b)) and np.array_equal(
        np.where(np.isnan(a), 0.0, a).view(np.int64), np.where(np.isnan(b), 0.0, b).view(np.int64)
    )
