"""The language of the driver: whole numbers, loops and numbers at addresses, translated to LLVM text.

The words are plain Python functions, so that the driver can be read and run as it stands; `translate` writes the same
as LLVM text. It knows what the driver uses and no more.
"""

import ast
import ctypes
import types
from collections.abc import Callable, Mapping, Sequence

from labsim.engines.objects import VECTORISE
from labsim.engines.rule_language import tree_of
from labsim.model import draws

# --- the words, in Python


def real(address: int, place: int) -> float:
    """The number at an address, so many further."""
    return ctypes.c_double.from_address(address + 8 * place).value


def whole(address: int, place: int) -> int:
    """The whole number there."""
    return ctypes.c_int64.from_address(address + 8 * place).value


def bits(address: int, place: int) -> int:
    """The 64 bits there."""
    return ctypes.c_uint64.from_address(address + 8 * place).value


def put(address: int, place: int, value: float) -> None:
    """Store a number, a whole number or 64 bits there."""
    if isinstance(value, float):
        ctypes.c_double.from_address(address + 8 * place).value = value
    else:
        ctypes.c_uint64.from_address(address + 8 * place).value = value & 0xFFFFFFFFFFFFFFFF


def flag(address: int) -> int:
    """The byte at an address, which another thread may set."""
    return ctypes.c_uint8.from_address(address).value


def call(
    address: int, mine: int, other: int, race: int, p: int, keys: int, weights: int, faults: int, count: int
) -> int:  # fmt: skip
    """Call the step at an address; what it answers."""
    step = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 7, ctypes.c_int64)
    return step(address)(mine, other, race, p, keys, weights, faults, count)


def counter(value: float) -> int:
    """A number that counts something, as a whole number."""
    return int(value)


# --- the translation

WHOLE, NUMBER, TRUTH = "i64", "double", "i1"
SIGNS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "sdiv", ast.Mod: "srem"}
ORDER = {ast.Lt: "slt", ast.GtE: "sge", ast.Gt: "sgt", ast.LtE: "sle", ast.Eq: "eq", ast.NotEq: "ne"}
Operand = tuple[str, str]  # its type and its name


DISPATCH = "declare i64 @dispatch(i64, ptr, ptr, ptr, ptr, ptr, ptr, ptr, i64)\n"


def translate(function: types.FunctionType, world: Mapping[str, int], numbered: bool = False) -> str:
    """LLVM text of a function of one argument, the world, and of all that it calls; it is named `step`.

    `world` has the byte at which each field of the world lies. With `numbered` a step's address is its number, and a
    function `dispatch` calls it: for where code has no addresses.
    """
    program = _Program(world, numbered)
    program.names[function] = "step"
    program.parts.append(_Function(program, function).text())
    return VECTORISE + (DISPATCH if numbered else "") + "\n".join(program.parts) + "\n!0 = !{}\n"


class _Program:
    """All functions reached from one."""

    def __init__(self, world: Mapping[str, int], numbered: bool):
        self.world, self.numbered = world, numbered
        self.names: dict[Callable, str] = {}
        self.parts: list[str] = []

    def name(self, function: types.FunctionType) -> str:
        """The name of a function's code, which is written at its first use."""
        if function not in self.names:
            self.names[function] = f"labsim_{function.__name__}"
            self.parts.append(_Function(self, function).text())
        return self.names[function]


class _Function:
    """One function: every variable lies in memory, which the optimiser takes away."""

    def __init__(self, program: _Program, function: types.FunctionType):
        self.program, self.function = program, function
        tree = tree_of(function)
        assert isinstance(tree, ast.FunctionDef)
        self.node = tree
        self.lines: list[str] = []
        self.slots: dict[str, str] = {}  # the type of each variable
        self.loops: list[str] = []
        self.count, self.closed = 0, False

    def text(self) -> str:
        """The whole function."""
        names = [argument.arg for argument in self.node.args.args]
        for name in names:
            if name != "w":
                self.store(name, WHOLE, f"%a.{name}")
        self.block(self.node.body)
        if not self.closed:
            self.do("ret i64 0")
        whose = self.program.names[self.function]
        internal = "" if whose == "step" else "internal "
        arguments = ", ".join("ptr noalias %w" if name == "w" else f"i64 %a.{name}" for name in names)
        lines = "\n".join([*(f"  %s.{name} = alloca {kind}" for name, kind in self.slots.items()), *self.lines])
        return f"define {internal}i64 @{whose}({arguments}) nounwind {{\nentry:\n{lines}\n}}\n"

    # -- instructions

    def op(self, text: str) -> str:
        """The name of what an instruction gives."""
        self.count += 1
        self.lines.append(f"  %v{self.count} = {text}")
        return f"%v{self.count}"

    def do(self, text: str) -> None:
        """An instruction that gives nothing."""
        self.lines.append(f"  {text}")

    def label(self) -> str:
        """The name of a new block."""
        self.count += 1
        return f"l{self.count}"

    def go(self, label: str) -> None:
        """Go on in another block, unless this one has ended."""
        if not self.closed:
            self.do(f"br label %{label}")

    def at(self, label: str) -> None:
        """Here a block begins."""
        self.lines.append(f"{label}:")
        self.closed = False

    def store(self, name: str, kind: str, value: str) -> None:
        """Assign to a variable, which keeps its type."""
        if self.slots.setdefault(name, kind) != kind:
            raise SyntaxError(f"{self.function.__name__}: {name} is of two types")
        self.do(f"store {kind} {value}, ptr %s.{name}")

    # -- statements

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Statements up to one that leaves."""
        for statement in statements:
            if self.closed:
                return
            self.statement(statement)

    def statement(self, s: ast.stmt) -> None:
        """One statement. Raises SyntaxError for what the driver has no need of."""
        match s:
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr():
                self.value(s.value)
            case ast.Assign(targets=[ast.Name(id=name)]):
                self.store(name, *self.value(s.value))
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for target, operand in zip(names, [self.value(v) for v in values], strict=True):
                    assert isinstance(target, ast.Name)
                    self.store(target.id, *operand)
            case ast.AugAssign(target=ast.Name(id=name)):
                before = self.value(ast.Name(name))
                self.store(name, *self.arithmetic(s.op, before, self.value(s.value)))
            case ast.Return():
                self.do(f"ret i64 {'0' if s.value is None else self.value(s.value)[1]}")
                self.closed = True
            case ast.Continue():
                self.go(self.loops[-1])
                self.closed = True
            case ast.If():
                self.choice(s)
            case ast.While():
                self.loop(s)
            case ast.For(target=ast.Name(id=name), iter=ast.Call(args=bounds)):
                self.count_up(s, name, bounds)
            case _:
                raise SyntaxError(f"{self.function.__name__}, line {s.lineno}: {ast.unparse(s)}")

    def choice(self, s: ast.If) -> None:
        """if ... else ..."""
        yes, no, end = self.label(), self.label(), self.label()
        self.do(f"br i1 {self.truth(s.test)}, label %{yes}, label %{no}")
        leave = []
        for label, body in ((yes, s.body), (no, s.orelse)):
            self.at(label)
            self.block(body)
            leave.append(self.closed)
            self.go(end)
        if all(leave):
            self.closed = True
        else:
            self.at(end)

    def loop(self, s: ast.While) -> None:
        """while ..."""
        head, body, end = self.label(), self.label(), self.label()
        self.go(head)
        self.at(head)
        self.do(f"br i1 {self.truth(s.test)}, label %{body}, label %{end}")
        self.at(body)
        self.loops.append(head)
        self.block(s.body)
        self.loops.pop()
        self.go(head)
        self.at(end)

    def count_up(self, s: ast.For, name: str, bounds: Sequence[ast.expr]) -> None:
        """for name in range(...)"""
        values = [self.value(bound)[1] for bound in bounds]
        first, last = ("0", values[0]) if len(values) == 1 else values[:2]
        step = values[2] if len(values) == 3 else "1"
        head, body, up, end = (self.label() for _ in range(4))
        self.store(name, WHOLE, first)
        self.go(head)
        self.at(head)
        now = self.op(f"load i64, ptr %s.{name}")
        self.do(f"br i1 {self.op(f'icmp slt i64 {now}, {last}')}, label %{body}, label %{end}")
        self.at(body)
        self.loops.append(up)
        self.block(s.body)
        self.loops.pop()
        self.go(up)
        self.at(up)
        self.store(name, WHOLE, self.op(f"add nsw i64 {now}, {step}"))
        self.go(head)
        self.at(end)

    # -- expressions

    def truth(self, node: ast.expr) -> str:
        """A condition."""
        if isinstance(node, ast.Constant):
            return "true" if node.value else "false"
        if isinstance(node, ast.BoolOp):
            total, *others = [self.truth(value) for value in node.values]
            for other in others:
                total = self.op(f"{'and' if isinstance(node.op, ast.And) else 'or'} i1 {total}, {other}")
            return total
        kind, value = self.value(node)
        return value if kind == TRUTH else self.op(f"icmp ne i64 {value}, 0")

    def arithmetic(self, sign: ast.operator, a: Operand, b: Operand) -> Operand:
        """Of whole numbers."""
        return WHOLE, self.op(f"{SIGNS[type(sign)]} i64 {a[1]}, {b[1]}")

    def pointer(self, address: str, place: str) -> str:
        """The address of the number so many further."""
        base = self.op(f"inttoptr i64 {address} to ptr")
        return self.op(f"getelementptr inbounds i64, ptr {base}, i64 {place}")

    def value(self, node: ast.expr) -> Operand:
        """An expression. Raises SyntaxError for what the driver has no need of."""
        match node:
            case ast.Constant(value=int(value)):
                return WHOLE, str(value)
            case ast.Constant(value=float(value)):
                return NUMBER, repr(value)
            case ast.Name(id=name) if name in self.slots:
                return self.slots[name], self.op(f"load {self.slots[name]}, ptr %s.{name}")
            case ast.Name(id=name):
                return WHOLE, str(int(self.function.__globals__[name]))
            case ast.Attribute(value=ast.Name(id="w"), attr=name):
                place = self.op(f"getelementptr inbounds i8, ptr %w, i64 {self.program.world[name]}")
                return WHOLE, self.op(f"load i64, ptr {place}, !invariant.load !0")
            case ast.UnaryOp(op=ast.USub()):
                return WHOLE, self.op(f"sub i64 0, {self.value(node.operand)[1]}")
            case ast.BinOp():
                return self.arithmetic(node.op, self.value(node.left), self.value(node.right))
            case ast.Compare(ops=[sign]):
                return TRUTH, self.compare(sign, self.value(node.left), self.value(node.comparators[0]))
            case ast.IfExp():
                test, (kind, yes), (_, no) = self.truth(node.test), self.value(node.body), self.value(node.orelse)
                return kind, self.op(f"select i1 {test}, {kind} {yes}, {kind} {no}")
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self.call(name, [self.argument(argument) for argument in arguments])
        raise SyntaxError(f"{self.function.__name__}, line {node.lineno}: {ast.unparse(node)}")

    def argument(self, node: ast.expr) -> Operand:
        """An argument of a call; the world is handed on."""
        return ("ptr noalias", "%w") if isinstance(node, ast.Name) and node.id == "w" else self.value(node)

    def compare(self, sign: ast.cmpop, a: Operand, b: Operand) -> str:
        """A comparison of whole numbers, or of a number with a constant."""
        if NUMBER in (a[0], b[0]):
            return self.op(f"fcmp {'une' if isinstance(sign, ast.NotEq) else 'oeq'} double {a[1]}, {b[1]}")
        return self.op(f"icmp {ORDER[type(sign)]} i64 {a[1]}, {b[1]}")

    def call(self, name: str, a: Sequence[Operand]) -> Operand:
        """One of the words, or a function of the driver or of `draws`."""
        x = [value for _, value in a]
        match name:
            case "counter":
                return WHOLE, self.op(f"fptosi double {x[0]} to i64")
            case "min":
                less = self.op(f"icmp slt i64 {x[0]}, {x[1]}")
                return WHOLE, self.op(f"select i1 {less}, i64 {x[0]}, i64 {x[1]}")
            case "real" | "whole" | "bits":
                kind = NUMBER if name == "real" else WHOLE
                return kind, self.op(f"load {kind}, ptr {self.pointer(x[0], x[1])}")
            case "put":
                self.do(f"store {a[2][0]} {x[2]}, ptr {self.pointer(x[0], x[1])}")
                return WHOLE, "0"
            case "flag":
                byte = self.op(f"load volatile i8, ptr {self.op(f'inttoptr i64 {x[0]} to ptr')}")
                return WHOLE, self.op(f"zext i8 {byte} to i64")
            case "call":
                records = [self.op(f"inttoptr i64 {value} to ptr") for value in x[1:8]]
                rest = ", ".join([*(f"ptr {record}" for record in records), f"i64 {x[8]}"])
                if self.program.numbered:
                    return WHOLE, self.op(f"call i64 @dispatch(i64 {x[0]}, {rest})")
                return WHOLE, self.op(f"call i64 {self.op(f'inttoptr i64 {x[0]} to ptr')}({rest})")
            case "mix":
                return WHOLE, self.mix(x[0], x[1], x[2])
        function = self.function.__globals__[name]
        called = self.program.name(function)
        arguments = ", ".join(f"{kind} {value}" for kind, value in a)
        return WHOLE, self.op(f"call i64 @{called}({arguments})")

    def mix(self, key: str, number: str, multiplier: str) -> str:
        """`draws.mix`."""
        x = self.op(f"add i64 {key}, {self.op(f'mul i64 {multiplier}, {number}')}")
        for shift, factor in draws.MIXING:
            x = self.op(f"xor i64 {x}, {self.op(f'lshr i64 {x}, {shift}')}")
            if factor is not None:
                x = self.op(f"mul i64 {x}, {factor}")
        return x
