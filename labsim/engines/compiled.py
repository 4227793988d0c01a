"""Rules compiled, unchanged: numba reads `lab.share` in a record just as Python does on an agent.

A block holds `width` replications side by side ("lanes"): field k of lane b lies at byte
8 * (width * k + b) of a record. `lane(record, b)` is the record of one lane; a loop over b around an
inlined scalar rule is what LLVM turns into vector instructions.

What a rule's body may contain follows from that: numbers, comparisons, `if`, and calls of plain functions
that are module globals. Where a value comes from one of two records, both are read before one is chosen: a
choice between two addresses could not be run on many lanes at once.
"""

import ast
import inspect
import textwrap
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import numba as nb
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from labsim.model import state
from labsim.model.declaration import declarations
from labsim.model.parameters import DERIVED, EVALUATOR_GROUP
from labsim.scenario.checked import TABLES, is_lab_path, lab_tables

# A rule's date test is compiled once for rules whose parameters begin alike: numba says so each time.
warnings.filterwarnings("ignore", message=".*has been considered a subtype of Record")
OPTIONS = dict(error_model="numpy", nogil=True, forceinline=True)
STRICT = OPTIONS | dict(error_model="python", boundscheck=True)  # raises where Python does


@intrinsic
def lane(context, record, b):
    """The record of lane b: the same fields, eight bytes further for each lane."""

    def generate(context, builder, signature, arguments):
        pointer, place = arguments
        raw = builder.bitcast(pointer, ir.IntType(8).as_pointer())
        shifted = builder.gep(raw, [builder.mul(place, ir.Constant(place.type, 8))], inbounds=True)
        return builder.bitcast(shifted, pointer.type)

    return record(record, nb.intp), generate


class Layout:
    """The fields of a kind of record: flat names in order, their places, and the numpy type.

    `tree` maps a name to None (a field) or to a tree (a group of fields).
    """

    def __init__(self, tree: Mapping, width: int):
        self.names = list(_flat(tree))
        self.place = {name: k for k, name in enumerate(self.names)}
        self.width = width
        self.dtype = _dtype(tree, width)

    def __len__(self) -> int:
        return len(self.names)

    def block(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Zeroed memory for `count` records: as records (count,) and as numbers (count, fields, width)."""
        numbers = np.zeros((count, len(self), self.width))
        return np.frombuffer(numbers, dtype=self.dtype, count=count), numbers


def _flat(tree: Mapping, prefix: str = "") -> Iterable[str]:
    for name, inner in tree.items():
        if inner is None:
            yield prefix + name
        else:
            yield from _flat(inner, f"{prefix}{name}.")


def _dtype(tree: Mapping, width: int) -> np.dtype:
    names, formats, offsets, place = [], [], [], 0
    for name, inner in tree.items():
        names.append(name)
        offsets.append(8 * width * place)
        formats.append("f8" if inner is None else _dtype(inner, width))
        place += 1 if inner is None else len(list(_flat(inner)))
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": 8 * width * place})


def _table(table: str) -> dict[str, None]:
    """The numbers of a table of parameters, derived ones included."""
    return dict.fromkeys([*declarations(TABLES[table]), *DERIVED.get(table, {})])


def _tables(tables: Iterable[str]) -> dict[str, Any]:
    """Tables as a tree: those of rules lie one level down, in their family."""
    tree: dict[str, Any] = {}
    for table in tables:
        family, _, rule = table.partition(".")
        if rule:
            tree.setdefault(family, {})[rule] = _table(table)
        else:
            tree[table] = _table(table)
    return tree


def lab_layout(width: int) -> Layout:
    """A lab: its state, then its own parameters by group."""
    return Layout({**dict.fromkeys(state.fields(state.LabState)), **_tables(lab_tables())}, width)


def race_layout(width: int) -> Layout:
    """The race's state."""
    return Layout(dict.fromkeys(state.fields(state.RaceState)), width)


def evaluator_layout(width: int) -> Layout:
    """An evaluator: its state, then its own parameters."""
    return Layout({**dict.fromkeys(state.fields(state.EvaluatorState)), **_tables([EVALUATOR_GROUP])}, width)


def parameter_layout(width: int) -> Layout:
    """The race's parameters, by group; those of rules one level down."""
    return Layout(_tables(table for table in TABLES if not is_lab_path(table)), width)


_COMPILED: dict[tuple[types.FunctionType, bool], Callable] = {}


def compiled(rule: Callable, strict: bool = False) -> Callable:
    """A rule compiled by numba together with the plain functions it calls; its text stays as it is.

    `strict` is for code from outside: a division by zero or a place that is not there raises, as in Python.
    Compilation itself happens when the kernel that calls it is compiled.
    """
    if not isinstance(rule, types.FunctionType):
        return rule
    if (rule, strict) not in _COMPILED:
        known = dict(rule.__globals__)
        for name in _called(rule):
            known[name] = compiled(known[name], strict)
        copy = types.FunctionType(rule.__code__, known, rule.__name__, rule.__defaults__, rule.__closure__)
        copy.__module__, copy.__qualname__ = rule.__module__, rule.__qualname__
        _COMPILED[rule, strict] = nb.njit(**(STRICT if strict else OPTIONS))(copy)
    return _COMPILED[rule, strict]


def _called(rule: types.FunctionType) -> list[str]:
    """The names of plain functions that a rule calls."""
    return [n for n in rule.__code__.co_names if isinstance(rule.__globals__.get(n), types.FunctionType)]


@cache
def touched(rule: types.FunctionType, place: int) -> tuple[frozenset[str], frozenset[str]]:
    """(read or written, written): the fields of its argument at `place` that a rule touches.

    Names are flat, such as `share` or `cycle.review`; calls of other plain functions are followed.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(rule))).body[0]
    name = tree.args.args[place].arg
    used, written = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (chain := _chain(node, name)):
            used.add(chain)
            if isinstance(node.ctx, ast.Store):
                written.add(chain)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            callee = rule.__globals__.get(node.func.id)
            for k, argument in enumerate(node.args):
                prefix = _chain(argument, name)
                if prefix is not None and isinstance(callee, types.FunctionType):
                    inner_used, inner_written = touched(callee, k)
                    used |= {f"{prefix}.{field}".lstrip(".") for field in inner_used}
                    written |= {f"{prefix}.{field}".lstrip(".") for field in inner_written}
    return frozenset(used), frozenset(written)


def _chain(node: ast.AST, name: str) -> str | None:
    """`a.b` for the expression name.a.b, "" for the name itself, None for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join(reversed(parts)) if isinstance(node, ast.Name) and node.id == name else None
