"""The language of rules: the text of a function, followed statement by statement and written as vector code.

A rule is arithmetic on records: assignments, conditions, calls of plain functions; no loops. So it becomes straight
code (see `vector_code`), and calls are followed in place.

What the language does not have is refused with file and line, before anything is compiled (`NotARule`);
docs/rule-language.md says what there is.
"""

import ast
import builtins
import copy
import inspect
import textwrap
import threading
import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NoReturn

from labsim.engines.vector_code import (
    BUILT_IN,
    CONSTANT,
    NEVER,
    THING,
    UNSET,
    Frame,
    NotARule,
    Record,
    Same,
    Value,
    Writer,
    constant,
    refusal,
)  # fmt: skip
from labsim.model import draws

DEEPEST, DEEPEST_PART = 60, 5  # calls in calls; parts of parts of a module or the like
_PARSING = threading.Lock()  # before 3.13, Python counts the depth of a tree once for all threads, and stumbles


def file_of(function: types.FunctionType) -> str:
    """The file of a function, as people know it: a notebook's cell has one of its own that nobody has seen."""
    name = function.__code__.co_filename
    return "its cell" if "ipykernel" in name or name.startswith("<ipython-input") else name


def tree_of(function: types.FunctionType) -> ast.stmt:
    """The text of a function as a tree. Raises OSError, TypeError or SyntaxError where it has none."""
    return _tree(textwrap.dedent(inspect.getsource(function)))


def _tree(text: str) -> ast.stmt:
    with _PARSING:
        return ast.parse(text).body[0]


def _read(function: types.FunctionType) -> ast.FunctionDef:
    """The text of a function as a tree. Raises NotARule."""
    return _read_of(function, function.__code__)


@cache
def _read_of(function: types.FunctionType, runs: types.CodeType) -> ast.FunctionDef:
    where = f"{file_of(function)}, line {function.__code__.co_firstlineno}"
    if hasattr(function, "__wrapped__"):
        raise NotARule(f"{where}: {function.__qualname__} is decorated, so that its text is not all that it does")
    nowhere = f"the text of {function.__qualname__} cannot be found; write it in a file or a notebook"
    try:
        node = tree_of(function)
    except (OSError, TypeError, SyntaxError):
        raise NotARule(f"{where}: {nowhere}") from None
    if function.__name__ == "<lambda>" or isinstance(node, ast.AsyncFunctionDef):
        raise NotARule(f"{where}: {function.__qualname__} is not a plain function (def name(...): ...)")
    if not isinstance(node, ast.FunctionDef):  # the text of something else that bears the same file's name
        raise NotARule(f"{where}: {nowhere}")
    if _does(_compiled(node, runs.co_freevars)) != _does(runs):
        raise NotARule(f"{where}: the text of {function.__qualname__} has changed since it was loaded")
    return node


def _compiled(node: ast.FunctionDef, free: Sequence[str]) -> types.CodeType:
    """The code of the text of a function that has these names from around it."""
    function = copy.copy(node)
    function.decorator_list = []
    body: list[ast.stmt] = [function]
    if free:
        body = [_tree(f"def around({', '.join(free)}): pass")]
        body[0].body = [function]  # type: ignore[attr-defined]
    code = compile(ast.Module(body, []), "", "exec")
    for _ in range(2 if free else 1):
        code = next(part for part in code.co_consts if isinstance(part, types.CodeType))
    return code


def _does(code: types.CodeType) -> tuple:
    """What code does, whatever it says of itself: where it is indented its docstring is another text."""
    numbers = [repr(x) for x in code.co_consts if not isinstance(x, str | types.CodeType)]
    inner = [_does(x) for x in code.co_consts if isinstance(x, types.CodeType)]
    return code.co_code, numbers, inner, code.co_names, code.co_varnames, code.co_freevars


def follow(writer: Writer, function: Callable, arguments: Sequence[Any], frame: Frame) -> Any:
    """What a function gives: its text is followed with these arguments. Raises NotARule."""
    if function in BUILT_IN:
        if not all(isinstance(x, Value) for x in arguments):
            raise NotARule(f"{function.__name__} of what is not a number")
        return BUILT_IN[function](writer, arguments, frame)
    if not isinstance(function, types.FunctionType):
        raise NotARule(refusal(function))
    node = _read(function)
    question = function, tuple(arguments), frozenset(frame.fields.items())
    if question in writer.answers:  # asked before, and nothing it reads has changed
        return writer.answers[question]
    if writer.depth == DEEPEST:
        raise NotARule(f"{function.__name__} calls itself, or calls go deeper than {DEEPEST}")
    names = [argument.arg for argument in node.args.args]
    if len(names) != len(arguments) or node.args.vararg or node.args.kwarg or node.args.kwonlyargs:
        raise NotARule(f"{function.__name__} takes {len(names)} arguments by their place, not {len(arguments)}")
    writer.depth += 1
    inner = Frame(dict(zip(names, arguments, strict=True)), frame.fields)
    result = Text(writer, function).block(node.body, inner)
    writer.depth -= 1
    if frozenset(frame.fields.items()) == question[2]:
        writer.answers[question] = result
    return result


def _returns(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Return | ast.Raise) for inner in ast.walk(node))


class Text:
    """The text of one function, followed statement by statement."""

    def __init__(self, writer: Writer, function: types.FunctionType):
        self.writer, self.function = writer, function
        inside = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
        self.around = {**vars(builtins), **function.__globals__, **inside}

    def fail(self, node: ast.AST, why: str) -> NoReturn:
        """Refuse, with file and line."""
        code = self.function.__code__
        line = code.co_firstlineno + getattr(node, "lineno", 1) - 1
        raise NotARule(f"{file_of(self.function)}, line {line}: {why}") from None

    def block(self, statements: Sequence[ast.stmt], frame: Frame) -> Any:
        """What these statements return."""
        for place, statement in enumerate(statements):
            try:
                ends, result = self.statement(statement, statements[place + 1 :], frame)
            except NotARule as error:
                if ", line " in str(error):
                    raise
                self.fail(statement, str(error))
            if ends:
                return result
        return None

    def statement(self, s: ast.stmt, rest: Sequence[ast.stmt], frame: Frame) -> tuple[bool, Any]:
        """Run one statement: whether the block ends with it, and what it then returns."""
        match s:
            case ast.Return():
                return True, None if s.value is None else self.value(s.value, frame)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.Expr():
                self.value(s.value, frame)
            case ast.Assign():
                value = self.value(s.value, frame)
                for target in s.targets:
                    self.assign(target, value, frame)
            case ast.AnnAssign(value=ast.expr()):
                self.assign(s.target, self.value(s.value, frame), frame)
            case ast.AugAssign():
                before = self.value(_as_read(s.target), frame)
                value = self.arithmetic(s.op, before, self.value(s.value, frame), frame)
                self.assign(s.target, value, frame)
            case ast.If():
                ends = _returns(s)
                rest = rest if ends else ()  # what follows belongs to the side that does not return
                result = self.writer.choose(
                    self.value(s.test, frame), frame,
                    lambda yes: self.block([*s.body, *rest], yes), lambda no: self.block([*s.orelse, *rest], no),
                )  # fmt: skip
                return ends, result
            case ast.Raise() if self.writer.guarded:
                self.writer.fault(constant(True), frame)
                return True, Value(NEVER)
            case ast.Assert() if self.writer.guarded:
                self.writer.fault(self.writer.negated(self.value(s.test, frame)), frame)
            case _:
                self.fail(s, refusal(type(s)))
        return False, None

    def assign(self, target: ast.expr, value: Any, frame: Frame) -> None:
        """Assign to a name, a field, or several."""
        match target:
            case ast.Name():
                frame.names[target.id] = value
            case ast.Attribute():
                record = self.value(target.value, frame)
                if not isinstance(record, Record):
                    self.fail(target, "only fields of records can be set")
                self.writer.set(record, target.attr, value, frame)
            case ast.Tuple() | ast.List() if isinstance(value, tuple) and len(value) == len(target.elts):
                for inner, part in zip(target.elts, value, strict=True):
                    self.assign(inner, part, frame)
            case _:
                self.fail(target, "this cannot be assigned to")

    def number(self, node: ast.expr, frame: Frame) -> Value:
        """An expression that must give a number, a truth or a key."""
        x = self.value(node, frame)
        if not isinstance(x, Value) or x.kind == THING:
            self.fail(node, f"{ast.unparse(node)} is not a number")
        return x

    def arithmetic(self, sign: ast.operator, a: Any, b: Any, frame: Frame) -> Value:
        """a + b and the like."""
        if not isinstance(a, Value) or not isinstance(b, Value) or THING in (a.kind, b.kind):
            raise NotARule(f"{type(sign).__name__} of what is not a number")
        return self.writer.arithmetic(sign, a, b, frame)

    def name(self, node: ast.Name, frame: Frame) -> Any:
        """What a name stands for."""
        if node.id in frame.names:
            value = frame.names[node.id]
            if isinstance(value, Value) and value.kind == UNSET:
                self.fail(node, f"{node.id} is not set on every way here")
            return value
        if node.id not in self.around:
            self.fail(node, f"{node.id} is not defined")
        return self.thing(self.around[node.id])

    def thing(self, value: Any) -> Value:
        """Something of Python's as a value: a number, or what names and functions are taken from."""
        if isinstance(value, bool | int | float):
            return constant(value)
        return Value(THING, known=Same(draws.plain(value) if callable(value) else value))

    def value(self, node: ast.expr, frame: Frame) -> Any:
        """What an expression gives."""
        writer = self.writer
        match node:
            case ast.Constant():
                if not isinstance(node.value, bool | int | float):
                    self.fail(node, f"{node.value!r} is not a number")
                return constant(node.value)
            case ast.Name():
                return self.name(node, frame)
            case ast.Attribute():
                whose = self.value(node.value, frame)
                if isinstance(whose, Record):
                    try:
                        return writer.get(whose, node.attr, frame)
                    except NotARule as error:
                        self.fail(node, str(error))
                if isinstance(whose, Value) and whose.kind == THING and hasattr(whose.known.thing, node.attr):
                    if _steps(node) > DEEPEST_PART:
                        self.fail(node, f"{ast.unparse(node)} is more than {DEEPEST_PART} steps deep")
                    return self.thing(getattr(whose.known.thing, node.attr))
                return self.fail(node, f"{ast.unparse(node)} is not a field of a record")
            case ast.Tuple():
                return tuple(self.value(inner, frame) for inner in node.elts)
            case ast.BinOp():
                return self.arithmetic(node.op, self.value(node.left, frame), self.value(node.right, frame), frame)
            case ast.UnaryOp(op=ast.USub()):
                x = self.number(node.operand, frame)
                if x.kind == CONSTANT:
                    return constant(-x.known)
                return writer.real(f"fneg {writer.number_type} {writer.number(x)}")
            case ast.UnaryOp(op=ast.UAdd()):
                return self.number(node.operand, frame)
            case ast.UnaryOp(op=ast.Not()):
                x = self.number(node.operand, frame)
                return constant(not x.known) if x.kind == CONSTANT else writer.negated(x)
            case ast.BoolOp():
                return self.either(isinstance(node.op, ast.And), node.values, frame)
            case ast.Compare():
                return self.chain(node.ops, [node.left, *node.comparators], frame)
            case ast.IfExp():
                condition = self.value(node.test, frame)
                return writer.choose(
                    condition, frame, lambda yes: self.value(node.body, yes), lambda no: self.value(node.orelse, no)
                )
            case ast.Call():
                return self.call(node, frame)
        return self.fail(node, refusal(type(node)))

    def either(self, is_and: bool, nodes: Sequence[ast.expr], frame: Frame) -> Value:
        """`a and b`, `a or b`: the second is asked only where the first does not decide."""
        first = self.number(nodes[0], frame)
        for node in nodes[1:]:
            before = first

            def rest(inner: Frame, node: ast.expr = node) -> Value:
                return self.number(node, inner)

            def same(inner: Frame, before: Value = before) -> Value:
                return before

            first = self.writer.choose(first, frame, *((rest, same) if is_and else (same, rest)))
        return first

    def chain(self, signs: Sequence[ast.cmpop], nodes: Sequence[ast.expr], frame: Frame) -> Value:
        """a < b < c."""
        values = [self.number(node, frame) for node in nodes]
        result: Value | None = None
        for sign, a, b in zip(signs, values, values[1:], strict=False):
            holds = self.writer.compare(sign, a, b)
            result = holds if result is None else self.writer.both(result, holds)
        assert result is not None
        return result

    def call(self, node: ast.Call, frame: Frame) -> Any:
        """A call of a function that has a text, or of one of the few that are known."""
        what = self.value(node.func, frame)
        if not (isinstance(what, Value) and what.kind == THING and callable(what.known.thing)):
            self.fail(node, f"{ast.unparse(node.func)} cannot be called here")
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            self.fail(node, f"{ast.unparse(node.func)} takes arguments by their place here")
        arguments = [self.value(argument, frame) for argument in node.args]
        return follow(self.writer, what.known.thing, arguments, frame)


def _steps(node: ast.expr) -> int:
    """How many parts of parts are taken."""
    return 1 + _steps(node.value) if isinstance(node, ast.Attribute) else 0


def _as_read(target: ast.expr) -> ast.expr:
    """What an augmented assignment reads before it writes."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    raise NotARule("this cannot be assigned to")
