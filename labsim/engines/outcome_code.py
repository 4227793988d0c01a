"""The outcomes as code: what their functions do to final states is noted, and written as loops over labs.

An outcome is a few lines of numpy on all races at once. Called with arrays that only note what is done to them, it
gives an expression of one race, which is written as LLVM text, with additions in the order of `outcomes.total`: so the
same bits, where there is no numpy. What cannot be noted is refused by name.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim.engines.layout import PARAMETERS, layouts
from labsim.engines.rule_language import follow
from labsim.engines.steps import CannotCompile
from labsim.engines.vector_code import NUMBER, TRUTH, Frame, NotARule, Value, Writer, constant
from labsim.model.outcomes import LAB_PLACE, RACE_PLACE, Outcome

ENTRY, GIVEN = "measure", ("finals", "frees", "ps", "scratch", "out", "n", "count", "step")  # see `text_of`
ARITHMETIC = {np.add: ast.Add, np.subtract: ast.Sub, np.multiply: ast.Mult, np.divide: ast.Div}
COMPARISONS = {
    np.less: ast.Lt, np.less_equal: ast.LtE, np.greater: ast.Gt, np.greater_equal: ast.GtE, np.equal: ast.Eq,
    np.not_equal: ast.NotEq,
}  # fmt: skip
HEAD = """\
declare double @llvm.sqrt.f64(double)
declare double @llvm.fabs.f64(double)
declare double @llvm.floor.f64(double)
"""
SORT = """\
define internal void @ascending(ptr noalias %values, i32 %n) nounwind {
entry:
  br label %next
next:
  %i = phi i32 [ 1, %entry ], [ %i.more, %placed ]
  %some = icmp slt i32 %i, %n
  br i1 %some, label %take, label %end
take:
  %from = getelementptr double, ptr %values, i32 %i
  %x = load double, ptr %from
  br label %look
look:
  %j = phi i32 [ %i, %take ], [ %k, %move ]
  %first = icmp eq i32 %j, 0
  br i1 %first, label %placed, label %compare
compare:
  %k = sub i32 %j, 1
  %below = getelementptr double, ptr %values, i32 %k
  %y = load double, ptr %below
  %larger = fcmp ogt double %y, %x
  br i1 %larger, label %move, label %placed
move:
  %above = getelementptr double, ptr %values, i32 %j
  store double %y, ptr %above
  br label %look
placed:
  %at = getelementptr double, ptr %values, i32 %j
  store double %x, ptr %at
  %i.more = add i32 %i, 1
  br label %next
end:
  ret void
}
"""
ARGUMENTS = "ptr %final, ptr %free, ptr %p, ptr %scratch, i32 %n"
OF_ONE = """\
define internal double @{name}({arguments}) nounwind {{
entry:
  %labs = sitofp i32 %n to double
  br label %loop
loop:
{lines}
  ret double {result}
}}
"""
ALL = """\
define void @{entry}(ptr %finals, ptr %frees, ptr %ps, ptr %scratch, ptr %out, i32 %n, i32 %count, i32 %step) \
nounwind {{
entry:
  %lab.size = mul i32 %n, {moving}
  %numbers = add i32 %lab.size, {race}
  br label %next
next:
  %r = phi i32 [ 0, %entry ], [ %r.more, %one ]
  %some = icmp slt i32 %r, %count
  br i1 %some, label %one, label %end
one:
  %row = mul i32 %r, %numbers
  %final = getelementptr double, ptr %finals, i32 %row
  %free = getelementptr double, ptr %frees, i32 %row
  %of.p = mul i32 %r, %step
  %p = getelementptr double, ptr %ps, i32 %of.p
  %place = mul i32 %r, {outcomes}
  %to = getelementptr double, ptr %out, i32 %place
{calls}
  %r.more = add i32 %r, 1
  br label %next
end:
  ret void
}}
"""


# --- what is noted


def _unknown(what: str) -> Callable[["Loops", Sequence[str]], Value]:
    """What cannot be written."""

    def write(loops: "Loops", at: Sequence[str]) -> Value:
        raise NotARule(what)

    return write


class Noted(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of which only is known how it comes about; `write` gives its value at a place, as code.

    `shape` says what each axis runs over: RACES, LABS or ONE.
    """

    __array_priority__ = 1000.0

    def __init__(self, shape: tuple, write: Callable[["Loops", Sequence[str]], Value], truth: bool = False):
        self.shape, self.write, self.truth = shape, write, truth
        self.ndim = len(shape)

    def __array_ufunc__(self, function: np.ufunc, method: str, *inputs: Any, **named: Any) -> Any:
        if method == "accumulate" and function is np.add and named == {"axis": self.ndim - 1}:
            return _Sums(self)
        if method != "__call__" or named:
            raise NotARule(f"numpy.{function.__name__}{'' if method == '__call__' else f'.{method}'}")
        return _elementwise(function, [_noted(one) for one in inputs])

    def __array_function__(self, function: Callable, types: Any, inputs: Sequence[Any], named: Mapping) -> Any:
        work = KNOWN.get(function)
        if work is None:
            raise NotARule(f"numpy.{function.__name__}")
        return work(*inputs, **named)

    def __getitem__(self, key: Any) -> "Noted":
        """Axes of one added by None, and whole axes."""
        kept: list[int | None] = []
        for one in key if isinstance(key, tuple) else (key,):
            if one is not None and one != slice(None):
                raise NotARule(f"[{one}], a place among races or labs")
            kept.append(None if one is None else len(kept) - kept.count(None))
        shape = tuple(ONE if axis is None else self.shape[axis] for axis in kept)
        if [axis for axis in kept if axis is not None] != [*range(self.ndim)]:
            raise NotARule(f"[{key}] of {self.ndim} axes")

        def write(loops: "Loops", at: Sequence[str]) -> Value:
            return self.write(loops, [place for place, axis in zip(at, kept, strict=True) if axis is not None])

        return Noted(shape, write, self.truth)

    def __bool__(self) -> bool:
        raise NotARule("a choice by `if`, `and` or `or`: use numpy.where")

    def __index__(self) -> int:
        raise NotARule("a loop over labs: use total, mean or each")

    __int__ = __float__ = __iter__ = __len__ = __index__  # type: ignore[assignment]

    def each(self, function: Callable) -> "Noted":
        """A function of `draws`, or of the like, of each element."""
        return Noted(self.shape, lambda loops, at: loops.follow(function, self.write(loops, at)))

    def sum(self, axis: int) -> "Noted":
        """Over the last axis, of truths: what they count. The order in which numpy adds numbers is its own affair."""
        if not self.truth:
            raise NotARule("sum of numbers: use total, which adds in ascending order")
        return _last(self, axis, "sum")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # numpy asks for what it may have
            raise AttributeError(name)
        raise NotARule(f".{name}")

    def copy(self) -> "Noted":
        """The same."""
        return self

    def astype(self, kind: type) -> "Noted":
        """As numbers."""
        if kind is not float:
            raise NotARule(f"astype({kind.__name__})")
        return Noted(self.shape, lambda loops, at: loops.number(self.write(loops, at)))


RACES, LABS, ONE = Noted((), _unknown("the number of races")), Noted((), lambda loops, at: Value(NUMBER, "%labs")), 1


class _Sums(Noted):
    """Running sums over the last axis, of which the last one is looked at."""

    def __init__(self, of: Noted):
        super().__init__(of.shape, _unknown("numpy.add.accumulate but for its last column"))
        self.of = of

    def __getitem__(self, key: Any) -> Noted:
        if key != (slice(None), -1):
            return super().__getitem__(key)
        return _last(self.of, self.of.ndim - 1, "sum")


def _noted(x: Any) -> Noted:
    if isinstance(x, Noted):
        return x
    if isinstance(x, bool | int | float | np.floating | np.integer | np.bool_):
        value = x.item() if isinstance(x, np.generic) else x
        return Noted((), lambda loops, at: constant(value), isinstance(value, bool))
    raise NotARule(f"an array of its own: {x!r}")


def _elementwise(function: np.ufunc, inputs: Sequence[Noted]) -> Noted:
    """One of numpy's functions of each element; axes are those of the longest, as numpy broadcasts."""
    if function not in ARITHMETIC and function not in COMPARISONS and function not in OTHERS:
        raise NotARule(f"numpy.{function.__name__}")
    if function in ARITHMETIC and all(x.truth for x in inputs):
        raise NotARule(f"numpy.{function.__name__} of two truths: astype(float) first")

    def write(loops: "Loops", at: Sequence[str]) -> Value:
        values = [_at(x, loops, at) for x in inputs]
        if function in ARITHMETIC:
            return loops.writer.arithmetic(ARITHMETIC[function](), *values, loops.frame)
        if function in COMPARISONS:
            return loops.writer.compare(COMPARISONS[function](), *values)
        return OTHERS[function](loops, *values)

    return Noted(_shape(inputs), write, function in COMPARISONS or function is np.isfinite)


def _shape(inputs: Sequence[Noted]) -> tuple:
    dims = max(x.ndim for x in inputs)
    padded = [(ONE,) * (dims - x.ndim) + x.shape for x in inputs]
    return tuple(next((one for one in axis if one is not ONE), ONE) for axis in zip(*padded, strict=True))


def _at(x: Noted, loops: "Loops", at: Sequence[str]) -> Value:
    return x.write(loops, at[len(at) - x.ndim :])


def _last(x: Noted, axis: int, what: str) -> Noted:
    """What comes of the last axis, which runs over labs."""
    _of_labs(x, axis, what)
    ordered = isinstance(x, _Sorted)
    of = x.of if isinstance(x, _Sorted) else x
    return Noted(
        x.shape[:-1], lambda loops, at: loops.gather(lambda inner, lab: of.write(inner, [*at, lab]), what, ordered)
    )


def _of_labs(x: Noted, axis: int, what: str) -> None:
    if axis not in (x.ndim - 1, -1) or x.shape[-1] is not LABS:
        raise NotARule(f"{what} over axis {axis}, which is not that of labs")


def _where(condition: Any, yes: Any, no: Any) -> Noted:
    parts = [_noted(x) for x in (condition, yes, no)]

    def write(loops: "Loops", at: Sequence[str]) -> Value:
        mask, a, b = (_at(x, loops, at) for x in parts)
        return loops.writer.select(Value(TRUTH, loops.writer.truth(mask)), a, b)

    return Noted(_shape(parts), write, parts[1].truth and parts[2].truth)


class _Sorted(Noted):
    """Numbers in ascending order, of which something over all is asked."""

    def __init__(self, of: Noted, axis: int):
        _of_labs(of, axis, "numpy.sort")
        super().__init__(of.shape, _unknown("numpy.sort but for what comes of all"))
        self.of = of


KNOWN: dict[Callable, Callable] = {
    np.where: _where, np.sort: _Sorted, np.min: lambda x, axis: _last(x, axis, "min"),
    np.max: lambda x, axis: _last(x, axis, "max"), np.sum: lambda x, axis: x.sum(axis),
    np.broadcast_to: lambda x, shape: Noted(shape, lambda loops, at: _at(x, loops, at), x.truth),
}  # fmt: skip


def _extreme(sign: ast.cmpop) -> Callable[["Loops", Value, Value], Value]:
    """numpy's maximum or minimum: of equals the first, and nan where there is one."""

    def work(loops: "Loops", a: Value, b: Value) -> Value:
        writer = loops.writer
        other = writer.compare(ast.NotEq(), a, a)
        first = writer.op(f"or i1 {writer.truth(writer.compare(sign, a, b))}, {writer.truth(other)}")
        return writer.select(Value(TRUTH, first), a, b)

    return work


OTHERS: dict[np.ufunc, Callable[..., Value]] = {
    np.maximum: _extreme(ast.GtE()), np.minimum: _extreme(ast.LtE()),
    np.sqrt: lambda loops, a: loops.writer.root(a, loops.frame), np.absolute: lambda loops, a: loops.writer.absolute(a),
    np.isfinite: lambda loops, a: loops.writer.compare(ast.Lt(), loops.writer.absolute(a), constant(np.inf)),
    np.negative: lambda loops, a: loops.writer.real(f"fneg double {loops.writer.number(a)}"),
    np.positive: lambda loops, a: a,
    np.logical_and: lambda loops, a, b: loops.writer.both(a, b),
    np.bitwise_and: lambda loops, a, b: loops.writer.both(a, b),
    np.logical_not: lambda loops, a: loops.writer.negated(a), np.invert: lambda loops, a: loops.writer.negated(a),
}  # fmt: skip


@dataclass(frozen=True)
class NotedFinal:
    """As `outcomes.Final`, of one race whose states lie at an address."""

    role: str

    def race(self, name: str) -> Noted:
        """A quantity of the race."""
        place = _place(RACE_PLACE, name, "race")
        return Noted((RACES,), lambda loops, at: loops.load(self.role, str(place)))

    def labs(self, name: str) -> Noted:
        """A quantity of the labs."""
        place, moving = _place(LAB_PLACE, name, "labs") + len(RACE_PLACE), len(LAB_PLACE)

        def write(loops: "Loops", at: Sequence[str]) -> Value:
            lab = loops.writer.op(f"mul i32 {at[1]}, {moving}")
            return loops.load(self.role, loops.writer.op(f"add i32 {lab}, {place}"))

        return Noted((RACES, LABS), write)

    @property
    def values(self) -> "NotedValues":
        """The parameters, by path."""
        return NotedValues()


class NotedValues:
    """Parameters of the race."""

    def __getitem__(self, path: str) -> Noted:
        place = _place(layouts()[PARAMETERS].place, path, "values")
        return Noted((), lambda loops, at: loops.load("p", str(place)))


def _place(places: Mapping[str, int], name: str, whose: str) -> int:
    if name not in places:
        raise NotARule(f"{whose}: '{name}', which is none of a state's quantities")
    return places[name]


# --- what is written


class Loops:
    """The code of one outcome: straight code, and loops over labs."""

    def __init__(self) -> None:
        self.writer = Writer({}, lanes=1, width=1)
        self.frame = Frame({})
        self.depth = self.deepest = 0  # lists of numbers, one for each lab, in the scratch memory

    def number(self, x: Value) -> Value:
        """A truth as a number."""
        return x if x.kind == NUMBER else Value(NUMBER, self.writer.number(x))

    def follow(self, function: Callable, x: Value) -> Value:
        """What a function gives, whose text is followed."""
        return follow(self.writer, function, [self.number(x)], self.frame)

    def load(self, role: str, place: str) -> Value:
        """A number that lies so many further than where something begins."""
        address = self.writer.op(f"getelementptr double, ptr %{role}, i32 {place}")
        return self.writer.real(f"load double, ptr {address}")

    def gather(self, of: Callable[["Loops", str], Value], what: str, ordered: bool) -> Value:
        """The sum, or the least or most, of what each lab has; taken in ascending order if that is asked for."""
        if ordered:
            of = self.in_order(of)
        add, start = WAYS[what]

        def step(lab: str, before: Value) -> Value:
            return add(self, before, self.number(of(self, lab)))

        return self.loop(step, start)

    def in_order(self, of: Callable[["Loops", str], Value]) -> Callable[["Loops", str], Value]:
        """The same numbers in ascending order, as they then lie in the scratch memory."""
        writer = self.writer
        place = writer.op(f"mul i32 %n, {self.depth}")
        values = writer.op(f"getelementptr double, ptr %scratch, i32 {place}")
        self.depth += 1  # what is sorted meanwhile lies behind it
        self.deepest = max(self.deepest, self.depth)

        def keep(lab: str, before: Value) -> Value:
            number = writer.number(of(self, lab))
            address = writer.op(f"getelementptr double, ptr {values}, i32 {lab}")
            writer.lines.append(f"  store double {number}, ptr {address}")
            return before

        self.loop(keep, 0.0)
        self.depth -= 1
        writer.lines.append(f"  call void @ascending(ptr {values}, i32 %n)")

        def kept(loops: "Loops", lab: str) -> Value:
            address = writer.op(f"getelementptr double, ptr {values}, i32 {lab}")
            return writer.real(f"load double, ptr {address}")

        return kept

    def loop(self, step: Callable[[str, Value], Value], start: float) -> Value:
        """For each lab: what `step` makes of what came before it."""
        writer, number = self.writer, self.writer.fresh()
        lab, before, came_from = f"%lab{number}", Value(NUMBER, f"%before{number}"), writer.block
        part = writer.aside(lambda frame: step(lab, before), self.frame)
        head, end, more = f"h{number}", f"e{number}", f"%more{number}"
        first = writer.number(constant(start))
        writer.lines += [
            f"  br label %{head}", f"{head}:", f"  {lab} = phi i32 [ 0, %{came_from} ], [ {more}, %{part.last} ]",
            f"  {before.name} = phi double [ {first}, %{came_from} ], [ {writer.number(part.result)}, %{part.last} ]",
            f"  %some{number} = icmp slt i32 {lab}, %n", f"  br i1 %some{number}, label %{part.first}, label %{end}",
            f"{part.first}:", *part.lines, f"  {more} = add i32 {lab}, 1", f"  br label %{head}", f"{end}:",
        ]  # fmt: skip
        writer.block = end
        return before


WAYS: dict[str, tuple[Callable[[Loops, Value, Value], Value], float]] = {  # of gathering: what is done, from where on
    "sum": (lambda loops, a, b: loops.writer.arithmetic(ast.Add(), a, b, loops.frame), 0.0),
    "min": (_extreme(ast.LtE()), np.inf),
    "max": (_extreme(ast.GtE()), -np.inf),
}


def text_of(outcomes: Mapping[str, Outcome]) -> tuple[str, int]:
    """LLVM text of a function that measures these outcomes, and the numbers of scratch memory it needs for each lab.

        measure(finals, frees, ps, scratch, out, n, count, step)

    `finals` and `frees` are the final states of `count` races of `n` labs and of their rule-free twins, as the driver
    leaves them; `ps` the parameters of the first race, those of the next one `step` numbers further; an outcome
    after the other goes to `out` for each race. Raises CannotCompile.
    """
    parts, calls, deepest = [HEAD, SORT], [], 0
    for place, (name, outcome) in enumerate(outcomes.items()):
        loops = Loops()
        try:
            noted = outcome.values(NotedFinal("final"), NotedFinal("free"))
            if not isinstance(noted, Noted) or [*map(id, noted.shape)] != [id(RACES)]:
                raise NotARule("it does not give one number for each race")
            result = loops.writer.number(noted.write(loops, [""]))
        except NotARule as error:
            raise CannotCompile(f"outcome '{name}' cannot be compiled ({error})") from None
        except Exception as error:  # it is somebody's own code
            what = f"{type(error).__name__}: {error}"
            raise CannotCompile(f"outcome '{name}' cannot be compiled (it raises {what})") from error
        parts.append(OF_ONE.format(
            name=f"outcome{place}", arguments=ARGUMENTS, lines="\n".join(loops.writer.lines), result=result
        ))  # fmt: skip
        calls += [
            f"  %x{place} = call double @outcome{place}({ARGUMENTS})",
            f"  %to{place} = getelementptr double, ptr %to, i32 {place}", f"  store double %x{place}, ptr %to{place}",
        ]  # fmt: skip
        deepest = max(deepest, loops.deepest)
    parts.append(ALL.format(
        entry=ENTRY, moving=len(LAB_PLACE), race=len(RACE_PLACE), outcomes=len(outcomes), calls="\n".join(calls)
    ))  # fmt: skip
    return "\n".join(parts), deepest
