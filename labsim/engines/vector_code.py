"""Vector code: LLVM text that works on many lanes at once, written instruction by instruction.

Every value is a vector of lanes, every condition a mask: nothing is left to a vectoriser. Equal expressions are worked
out once, a field is read once and written once at the end. Both sides of a choice are worked out and one is kept; a
side that is dear is run only where some lane wants it. Numbers are IEEE doubles and no operation is fused or
reordered: the bits are those of Python. Code may raise in Python (a division by zero, the root of a negative number):
written with `guarded`, a lane in which it would is marked by a fault.
"""

import ast
import math
import operator
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labsim.engines.layout import Layout
from labsim.model import draws
from labsim.scenario.checked import nearest

DEAR = 40  # cycles, about: a side that costs more is only run where some lane wants it
LONGEST = 20_000  # instructions of one step: what is longer was not meant
FAULT = ("", "fault")  # where a lane notes that Python would have raised
NUMBER, TRUTH, KEY, CONSTANT, THING = "number", "truth", "key", "constant", "thing"
UNSET, NEVER = "unset", "never"  # a name that is set on some ways only; what follows a `raise`
JOINED = (NUMBER, TRUTH, KEY, CONSTANT)  # kinds that can be chosen between
ARITHMETIC = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
COMPARISONS = {
    ast.Lt: "olt", ast.LtE: "ole", ast.Gt: "ogt", ast.GtE: "oge", ast.Eq: "oeq", ast.NotEq: "une",
}  # fmt: skip
PLAIN = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
INSTEAD = {  # of what is refused
    ast.Pow: "write x * x, or power(x, y) from labsim.model.draws",
    ast.For: "write the terms one by one", ast.While: "write the terms one by one",
    ast.FloorDiv: "only x // 1.0 is known",
    math.exp: "exp from labsim.model.draws has the same bits everywhere",
    math.log: "log from labsim.model.draws has the same bits everywhere",
    math.pow: "power from labsim.model.draws has the same bits everywhere",
}  # fmt: skip


class NotARule(Exception):
    """What the language of rules does not have; the message names file and line."""


@dataclass(frozen=True)
class Value:
    """What an expression gives: a vector of numbers, truths or keys by its name, or something known beforehand."""

    kind: str
    name: str = ""
    known: Any = None


@dataclass(frozen=True)
class Record:
    """A record argument, or a group of its fields."""

    role: str
    prefix: str = ""


@dataclass
class Frame:
    """What names and fields hold at a point of the code; fields by (role, name)."""

    names: dict[str, Any]
    fields: dict[tuple[str, str], Value] = field(default_factory=dict)

    def copy(self) -> "Frame":
        """Another that holds the same."""
        return Frame(dict(self.names), dict(self.fields))

    def become(self, other: "Frame") -> None:
        """Hold what another holds."""
        self.names, fields = other.names, other.fields
        if fields is not self.fields:  # the fields of a caller are its callees' too
            self.fields.clear()
            self.fields.update(fields)


@dataclass
class Part:
    """Code set aside: what it gives, its lines, its first and last block, and what is known after it."""

    result: Any
    lines: list[str]
    first: str
    last: str
    known: dict[str, str]
    loaded: dict[tuple[str, str], Value]

    @property
    def cost(self) -> int:
        """About how many cycles it takes for eight lanes."""
        return sum(_cycles(line) for line in self.lines)


def _cycles(line: str) -> int:
    return 8 if " fdiv " in line or "llvm.sqrt" in line else 3 if " mul " in line else 1


@dataclass(frozen=True)
class Same:
    """A thing of Python's, equal to itself alone."""

    thing: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)


def constant(value: bool | int | float) -> Value:
    """A number that is known beforehand."""
    return Value(CONSTANT, known=value)


def is_(kind: str, x: Any) -> bool:
    """Whether something is a value of a kind."""
    return isinstance(x, Value) and x.kind == kind


def _blank(x: Any) -> Any:
    """Nothing in particular, of the kind of something: in lanes where it is never looked at."""
    if isinstance(x, tuple):
        return tuple(map(_blank, x))
    return constant(False if _is_truth(x) else 0.0) if isinstance(x, Value) and x.kind in JOINED else x


def _is_truth(x: Any) -> bool:
    return x.kind == TRUTH or (x.kind == CONSTANT and isinstance(x.known, bool))


def refusal(what: Any) -> str:
    """That something is not part of the language, with what to write instead."""
    if isinstance(what, type) and issubclass(what, ast.AST):
        name = what.__name__
    else:
        name = getattr(what, "__name__", repr(what))
    try:
        instead = INSTEAD.get(what)
    except TypeError:  # cannot be looked up
        instead = None
    return f"{name} is not part of the language of rules{f' ({instead})' if instead else ''}"


class Writer:
    """The code of one step.

    `layouts` gives the fields of each record argument by role, `lanes` the length of a vector, `width` the lanes of a
    record in memory. `guarded` marks a lane in which Python would raise.
    """

    def __init__(self, layouts: Mapping[str, Layout], lanes: int, width: int, guarded: bool = False):
        self.layouts, self.lanes, self.width, self.guarded = layouts, lanes, width, guarded
        self.lines: list[str] = []
        self.known: dict[str, str] = {}
        self.loaded: dict[tuple[str, str], Value] = {}
        self.answers: dict[Any, Any] = {}
        self.read: set[tuple[str, str]] = set()
        self.count, self.written, self.block, self.depth = 0, 0, "loop", 0
        of, end = ("", "") if lanes == 1 else (f"<{lanes} x ", ">")
        self.number_type, self.truth_type, self.key_type = (f"{of}{t}{end}" for t in ("double", "i1", "i64"))
        self.types = {NUMBER: self.number_type, TRUTH: self.truth_type, KEY: self.key_type}
        self.suffix = "f64" if lanes == 1 else f"v{lanes}f64"

    # -- instructions

    def op(self, text: str) -> str:
        """The name of an expression, worked out once."""
        if text not in self.known:
            self.known[text] = f"%x{self.fresh()}"
            self.lines.append(f"  {self.known[text]} = {text}")
            self.written += 1
            if self.written > LONGEST:
                raise NotARule(f"more than {LONGEST} instructions")
        return self.known[text]

    def fresh(self) -> int:
        """A number that no name has yet."""
        self.count += 1
        return self.count

    def splat(self, scalar: str, text: str) -> str:
        """The same constant in all lanes."""
        return text if self.lanes == 1 else f"splat ({scalar} {text})"

    def number(self, x: Value) -> str:
        """An operand that is a number. Raises NotARule."""
        if x.kind == CONSTANT:
            try:
                bits = struct.unpack("<Q", struct.pack("<d", float(x.known)))[0]
            except OverflowError:
                raise NotARule("a whole number is larger than any number of 64 bits") from None
            return self.splat("double", f"0x{bits:016X}")
        if x.kind == NUMBER:
            return x.name
        if x.kind == TRUTH:
            one, zero = self.number(constant(1.0)), self.number(constant(0.0))
            return self.op(f"select {self.truth_type} {x.name}, {self.number_type} {one}, {self.number_type} {zero}")
        raise NotARule("a key can only be given to draws" if x.kind == KEY else "this is not a number")

    def bits(self, x: Value) -> str:
        """An operand of 64 bits. Raises NotARule."""
        if x.kind == CONSTANT and isinstance(x.known, int):
            place = x.known & 0xFFFFFFFFFFFFFFFF
            return self.splat("i64", str(place - (1 << 64) if place >> 63 else place))
        if x.kind == KEY:
            return x.name
        if x.kind == NUMBER:  # a counter, as `int` of it
            return self.op(f"fptosi {self.number_type} {x.name} to {self.key_type}")
        raise NotARule("not a key or a counter")

    def truth(self, x: Any) -> str:
        """An operand that is a mask."""
        if isinstance(x, Value) and x.kind == TRUTH:
            return x.name
        if isinstance(x, Value) and x.kind == CONSTANT:
            return self.splat("i1", "true" if x.known else "false")
        if isinstance(x, Value) and x.kind == NUMBER:
            return self.op(f"fcmp une {self.number_type} {x.name}, {self.number(constant(0.0))}")
        raise NotARule("a condition needs a number or a comparison")

    def operand(self, kind: str, x: Value) -> str:
        """An operand of one of three kinds."""
        return {NUMBER: self.number, TRUTH: self.truth, KEY: self.bits}[kind](x)

    def real(self, text: str) -> Value:
        """A number that an instruction gives."""
        return Value(NUMBER, self.op(text))

    def key(self, text: str) -> Value:
        """64 bits that an instruction gives."""
        return Value(KEY, self.op(text))

    def both(self, a: Value, b: Value) -> Value:
        """The mask of lanes in which both hold."""
        return Value(TRUTH, self.op(f"and {self.truth_type} {self.truth(a)}, {self.truth(b)}"))

    def negated(self, x: Any) -> Value:
        """The mask of lanes in which something does not hold."""
        return Value(TRUTH, self.op(f"xor {self.truth_type} {self.truth(x)}, {self.splat('i1', 'true')}"))

    def fault(self, condition: Value, frame: Frame) -> None:
        """Note the lanes in which Python would raise here."""
        if self.guarded:
            before = frame.fields.get(FAULT, constant(False))
            text = f"or {self.truth_type} {self.truth(before)}, {self.truth(condition)}"
            frame.fields[FAULT] = Value(TRUTH, self.op(text))

    # -- choices

    def aside(self, work: Callable[[Frame], Any], frame: Frame) -> Part:
        """Run `work` with its code set aside."""
        saved = self.lines, self.known, self.loaded, self.answers, self.block
        first = self.block = f"b{self.fresh()}"
        self.lines, self.known, self.loaded, self.answers = [], dict(self.known), dict(self.loaded), dict(self.answers)
        result = work(frame)
        part = Part(result, self.lines, first, self.block, self.known, self.loaded)
        self.lines, self.known, self.loaded, self.answers, self.block = saved
        return part

    def choose(
        self, condition: Any, frame: Frame, yes: Callable[[Frame], Any], no: Callable[[Frame], Any]
    ) -> Any:  # fmt: skip
        """What one of two sides gives, lane by lane; the frame then holds what that side left in it.

        A side that is dear is left out where no lane wants it.
        """
        if isinstance(condition, Value) and condition.kind == CONSTANT:
            own = frame.copy()
            result = (yes if condition.known else no)(own)
            frame.become(own)
            return result
        mask = Value(TRUTH, self.truth(condition))
        frames = frame.copy(), frame.copy()
        parts = [self.aside(work, own) for work, own in zip((yes, no), frames, strict=True)]
        costs = [part.cost for part in parts]
        dear = costs.index(max(costs)) if self.lanes > 1 and min(costs) <= DEAR < max(costs) else None
        for place, part in enumerate(parts):
            if place != dear:
                self._straight(part)
        if dear is None:
            pairs = self._pairs(frames)
            self._put(frame, {key: self._kept(mask, key, pair) for key, pair in pairs.items()})
            return self.select(mask, parts[0].result, parts[1].result)
        return self._guarded_side(mask, frame, frames, parts, dear)

    def _straight(self, part: Part) -> None:
        """Code that is run in any case; what it worked out stays known."""
        if part.first != part.last:
            self.lines += [f"  br label %{part.first}", f"{part.first}:"]
            self.block = part.last
        self.lines += part.lines
        self.known.update(part.known)
        self.loaded.update(part.loaded)

    def _pairs(self, frames: Sequence[Frame]) -> dict[Any, tuple[Any, Any]]:
        """What each name and each field holds on either side."""
        yes, no = frames
        pairs: dict[Any, tuple[Any, Any]] = {}
        for name in dict.fromkeys([*yes.names, *no.names]):
            pairs[name] = yes.names.get(name, Value(UNSET)), no.names.get(name, Value(UNSET))
        for key in dict.fromkeys([*yes.fields, *no.fields]):
            pairs[key] = self._held(yes, key), self._held(no, key)
        return pairs

    def _held(self, frame: Frame, key: tuple[str, str]) -> Value:
        if key == FAULT:
            return frame.fields.get(key, constant(False))
        return frame.fields[key] if key in frame.fields else self.load(key)

    def _kept(self, mask: Value, key: Any, pair: tuple[Any, Any]) -> Any:
        """What a name or field holds after a choice; a name of two kinds of things is not set."""
        if not isinstance(key, str):
            return self.select(mask, *pair)
        try:
            return self.select(mask, *pair)
        except NotARule:
            return Value(UNSET)

    def _put(self, frame: Frame, held: Mapping[Any, Any]) -> None:
        frame.names = {key: value for key, value in held.items() if isinstance(key, str)}
        frame.fields.update((key, value) for key, value in held.items() if not isinstance(key, str))

    def _guarded_side(
        self, mask: Value, frame: Frame, frames: Sequence[Frame], parts: Sequence[Part], dear: int
    ) -> Any:  # fmt: skip
        """The dear side behind "does any lane want this?"; phis join what it gives with what the other side gave."""
        part, other = parts[dear], 1 - dear
        pairs = self._pairs(frames)  # fields that the dear side alone touches are loaded before it
        before = {key: self._joint(pair, pair[other]) for key, pair in pairs.items()}
        results = parts[0].result, parts[1].result
        result_before = self._joint(results, results[other])
        wants = mask.name if dear == 0 else self.negated(mask).name
        some = self.op(f"call i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.truth_type} {wants})")
        end, came_from = f"e{self.fresh()}", self.block
        self.lines += [f"  br i1 {some}, label %{part.first}, label %{end}", f"{part.first}:", *part.lines]
        known, loaded = self.known, self.loaded
        self.known, self.loaded, self.block = dict(part.known), dict(part.loaded), part.last
        after = {key: self._joint(pair, self._kept(mask, key, pair)) for key, pair in pairs.items()}
        result_after = self._joint(results, self.select(mask, *results))
        phis: dict[tuple[str, str], str] = {}
        lines: list[str] = []
        last = self.block

        def joined(new: Any, old: Any) -> Any:
            if isinstance(new, tuple) and isinstance(old, tuple):
                return tuple(joined(x, y) for x, y in zip(new, old, strict=True))
            if new == old or not isinstance(new, Value) or new.kind == UNSET:
                return new
            if (new.name, old.name) not in phis:
                phis[new.name, old.name] = name = f"%p{self.fresh()}"
                ways = f"[ {new.name}, %{last} ], [ {old.name}, %{came_from} ]"
                lines.append(f"  {name} = phi {self.types[new.kind]} {ways}")
            return Value(new.kind, phis[new.name, old.name])

        self._put(frame, {key: joined(after[key], before[key]) for key in pairs})
        result = joined(result_after, result_before)
        self.lines += [f"  br label %{end}", f"{end}:", *lines]
        self.known, self.loaded, self.block = known, loaded, end
        return result

    def _joint(self, pair: tuple[Any, Any], x: Any) -> Any:
        """One of two values, as an operand of the kind that both have."""
        a, b = pair
        if is_(NEVER, a):
            a = _blank(b)
        if is_(NEVER, b):
            b = _blank(a)
        if is_(NEVER, x):
            x = a if is_(NEVER, pair[0]) else b
        if isinstance(a, tuple) and isinstance(b, tuple) and isinstance(x, tuple) and len(a) == len(b):
            return tuple(self._joint(both, own) for both, own in zip(zip(a, b, strict=True), x, strict=True))
        if a == b or not all(isinstance(y, Value) and y.kind in JOINED for y in (a, b, x)):
            return x
        kind = self._kind(a, b)
        return Value(kind, self.operand(kind, x))

    def _kind(self, a: Value, b: Value) -> str:
        if a.kind == KEY or b.kind == KEY:
            return KEY
        return TRUTH if _is_truth(a) and _is_truth(b) else NUMBER

    def select(self, mask: Value, a: Any, b: Any) -> Any:
        """One of two values, lane by lane. Raises NotARule where they cannot stand for each other."""
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            return tuple(self.select(mask, x, y) for x, y in zip(a, b, strict=True))
        if a == b or is_(NEVER, b):
            return a
        if is_(NEVER, a):
            return b
        if is_(UNSET, a) or is_(UNSET, b):
            return Value(UNSET)
        if not isinstance(a, Value) or not isinstance(b, Value):
            what = "two records" if isinstance(a, Record) and isinstance(b, Record) else "things of two kinds"
            some = a is None or b is None
            raise NotARule("a value is given on some ways only" if some else f"a choice between {what}")
        if THING in (a.kind, b.kind):
            raise NotARule("a choice between things that are not numbers")
        kind = self._kind(a, b)
        x, y = self.operand(kind, a), self.operand(kind, b)
        of = self.types[kind]
        return Value(kind, self.op(f"select {self.truth_type} {mask.name}, {of} {x}, {of} {y}"))

    # -- arithmetic

    def arithmetic(self, sign: ast.operator, a: Value, b: Value, frame: Frame) -> Value:
        """a + b and the like. Raises NotARule."""
        if a.kind == b.kind == CONSTANT:
            try:
                return constant(PLAIN[type(sign)](a.known, b.known))
            except (KeyError, ArithmeticError) as error:
                if self.guarded and isinstance(error, ArithmeticError):  # where it is reached, Python raises
                    self.fault(constant(True), frame)
                    return constant(math.nan)
                raise NotARule(f"{type(sign).__name__} of {a.known!r} and {b.known!r}: {error}") from None
        if isinstance(sign, ast.FloorDiv) and b.kind == CONSTANT and b.known == 1.0:
            return self.floor(a)
        word = ARITHMETIC.get(type(sign))
        if word is None:
            raise NotARule(refusal(type(sign)))
        x, y = self.number(a), self.number(b)
        if word == "fdiv" and not (b.kind == CONSTANT and b.known):
            self.fault(Value(TRUTH, self.op(f"fcmp oeq {self.number_type} {y}, {self.number(constant(0.0))}")), frame)
        return self.real(f"{word} {self.number_type} {x}, {y}")

    def floor(self, a: Value) -> Value:
        """a // 1.0: as Python's, nan of what is not finite."""
        x = self.number(a)
        whole = self.real(f"call {self.number_type} @llvm.floor.{self.suffix}({self.number_type} {x})")
        size = self.absolute(a)
        infinite = self.compare(ast.Eq(), size, constant(math.inf))
        return self.select(infinite, constant(math.nan), whole)

    def absolute(self, a: Value) -> Value:
        """abs(a)."""
        return self.real(f"call {self.number_type} @llvm.fabs.{self.suffix}({self.number_type} {self.number(a)})")

    def root(self, a: Value, frame: Frame) -> Value:
        """sqrt(a)."""
        self.fault(self.compare(ast.Lt(), a, constant(0.0)), frame)
        return self.real(f"call {self.number_type} @llvm.sqrt.{self.suffix}({self.number_type} {self.number(a)})")

    def compare(self, sign: ast.cmpop, a: Value, b: Value) -> Value:
        """a < b and the like. Raises NotARule."""
        if type(sign) not in COMPARISONS:
            raise NotARule(refusal(type(sign)))
        if a.kind == b.kind == CONSTANT:
            return constant(PLAIN[type(sign)](a.known, b.known))
        text = f"fcmp {COMPARISONS[type(sign)]} {self.number_type} {self.number(a)}, {self.number(b)}"
        return Value(TRUTH, self.op(text))

    def extreme(self, sign: ast.cmpop, values: Sequence[Value]) -> Value:
        """min or max, as Python's: of equals the first."""
        best = values[0]
        for x in values[1:]:
            if x.kind == best.kind == CONSTANT:
                best = x if PLAIN[type(sign)](x.known, best.known) else best
            else:
                best = self.select(self.compare(sign, x, best), x, best)
        return best

    # -- fields

    def load(self, key: tuple[str, str]) -> Value:
        """A field as it is in memory."""
        self.read.add(key)
        if key not in self.loaded:
            place = self.op(f"getelementptr i8, ptr %{key[0]}.c, i64 {self.offset(key)}")
            self.loaded[key] = self.real(f"load {self.number_type}, ptr {place}, align 8")
        return self.loaded[key]

    def offset(self, key: tuple[str, str]) -> int:
        """Bytes from the beginning of a record to a field of its first lane."""
        return 8 * self.width * self.layouts[key[0]].place[key[1]]

    def get(self, record: Record, name: str, frame: Frame) -> Value | Record:
        """A field or a group of fields. Raises NotARule."""
        layout, path = self.layouts[record.role], record.prefix + name
        if path in layout.place:
            key = record.role, path
            return frame.fields[key] if key in frame.fields else self.load(key)
        if path in layout.groups:
            return Record(record.role, f"{path}.")
        raise NotARule(f"it reads '{path}', which state.py does not declare{nearest(path, list(layout.place))}")

    def set(self, record: Record, name: str, value: Any, frame: Frame) -> None:
        """Assign to a field. Raises NotARule."""
        key = record.role, record.prefix + name
        if record.prefix or key[1] not in self.layouts[record.role].place:
            raise NotARule(f"it sets '{key[1]}', which is not a quantity that state.py declares")
        if not isinstance(value, Value):
            raise NotARule(f"'{key[1]}' can only be set to a number")
        frame.fields[key] = Value(NUMBER, self.number(value)) if value.kind != CONSTANT else value

    # -- the few functions of draws that are not text in both engines

    def mix(self, key: Value, counter: Value, multiplier: Value) -> Value:
        """One 64-bit hash of a key and a counter."""
        of = self.key_type
        x = self.key(f"mul {of} {self.bits(multiplier)}, {self.bits(counter)}")
        x = self.key(f"add {of} {self.bits(key)}, {x.name}")
        for shift, factor in draws.MIXING:
            shifted = self.op(f"lshr {of} {x.name}, {self.bits(constant(shift))}")
            x = self.key(f"xor {of} {x.name}, {shifted}")
            if factor is not None:
                x = self.key(f"mul {of} {x.name}, {self.bits(constant(factor))}")
        return x

    def unit(self, x: Value) -> Value:
        """A hash as a number in (0, 1)."""
        high = self.op(f"lshr {self.key_type} {self.bits(x)}, {self.bits(constant(12))}")
        high = self.op(f"sitofp {self.key_type} {high} to {self.number_type}")
        middle = self.op(f"fadd {self.number_type} {high}, {self.number(constant(0.5))}")
        return self.real(f"fmul {self.number_type} {middle}, {self.number(constant(draws.STEP))}")

    def power_of_two(self, k: Value) -> Value:
        """2**k for a whole k."""
        of, bits = self.number_type, self.key_type
        rounded = self.op(f"fadd {of} {self.number(k)}, {self.number(constant(draws.ROUND))}")
        x = self.op(f"bitcast {of} {rounded} to {bits}")
        x = self.op(f"shl {bits} {x}, {self.bits(constant(52))}")
        x = self.op(f"add {bits} {x}, {self.bits(constant(draws.BITS_OF_ONE))}")
        return self.real(f"bitcast {bits} {x} to {of}")

    def split(self, x: Value) -> tuple[Value, Value]:
        """(k, m) with x = 2**k m."""
        of, bits = self.number_type, self.key_type
        a = self.op(f"bitcast {of} {self.number(x)} to {bits}")
        k = self.op(f"sub {bits} {a}, {self.bits(constant(draws.BITS_OF_ROOT_HALF))}")
        k = self.op(f"ashr {bits} {k}, {self.bits(constant(52))}")
        high = self.op(f"add {bits} {k}, {self.bits(constant(draws.BITS_OF_ROUND))}")
        high = self.op(f"bitcast {bits} {high} to {of}")
        low = self.op(f"shl {bits} {k}, {self.bits(constant(52))}")
        low = self.op(f"sub {bits} {a}, {low}")
        return (
            self.real(f"fsub {of} {high}, {self.number(constant(draws.ROUND))}"),
            self.real(f"bitcast {bits} {low} to {of}"),
        )


def _truth_of(writer: Writer, x: Value) -> Value:
    return Value(TRUTH, writer.truth(x))


def _arity(name: str, values: Sequence[Any], least: int, most: int | None) -> None:
    if len(values) < least or (most is not None and len(values) > most):
        raise NotARule(f"{name} takes {least if most else 'two or more'} numbers here, not {len(values)}")


def _one(name: str, work: Callable[[Writer, Value, Frame], Any]) -> Callable[[Writer, Sequence[Value], Frame], Any]:
    def called(writer: Writer, values: Sequence[Value], frame: Frame) -> Any:
        _arity(name, values, 1, 1)
        return work(writer, values[0], frame)

    return called


def _many(name: str, sign: ast.cmpop) -> Callable[[Writer, Sequence[Value], Frame], Any]:
    def called(writer: Writer, values: Sequence[Value], frame: Frame) -> Any:
        _arity(name, values, 2, None)
        return writer.extreme(sign, values)

    return called


BUILT_IN: dict[Any, Callable[[Writer, Sequence[Value], Frame], Any]] = {
    min: _many("min", ast.Lt()),
    max: _many("max", ast.Gt()),
    abs: _one("abs", lambda w, x, frame: constant(abs(x.known)) if x.kind == CONSTANT else w.absolute(x)),
    float: _one("float", lambda w, x, frame: Value(NUMBER, w.number(x)) if x.kind != CONSTANT else x),
    bool: _one("bool", lambda w, x, frame: _truth_of(w, x) if x.kind != CONSTANT else constant(bool(x.known))),
    math.sqrt: _one("sqrt", Writer.root),
    draws.mix: lambda w, values, frame: w.mix(*values),
    draws.unit: lambda w, values, frame: w.unit(*values),
    draws.power_of_two: lambda w, values, frame: w.power_of_two(*values),
    draws.split: lambda w, values, frame: w.split(*values),
}
