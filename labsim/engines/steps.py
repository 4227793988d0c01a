"""The steps of the week as the fast engine compiles them: one small function each, on blocks of lanes.

A step's function is called with the addresses of its records' first lanes, and how many lanes there are:

    step(mine, other, race, p, keys, weights, faults, count)

`mine` is the lab or evaluator that the step is for, `other` a second one. It runs the rule on `lanes` lanes at a time.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass

from labsim.engines.layout import EVALUATOR as EVALUATOR_RECORD
from labsim.engines.layout import LAB as LAB_RECORD
from labsim.engines.layout import PARAMETERS, Layout, from_outside
from labsim.engines.layout import RACE as RACE_RECORD
from labsim.engines.rule_language import follow
from labsim.engines.vector_code import FAULT, KEY, NUMBER, TRUTH, Frame, NotARule, Record, Value, Writer, constant
from labsim.model.declaration import declarations
from labsim.model.draws import derive
from labsim.model.orders import dated, dated_or_triggered, in_force, note_place
from labsim.model.strategies import STRATEGIES
from labsim.model.week import (
    CYCLE,
    CYCLE_PAIR,
    DECIDE,
    EVALUATOR,
    EXAMINATION,
    LAB,
    PAIR,
    RACE,
    RULE_KEYS,
    SAFEGUARD,
    START,
    TALLY,
    WEEK,
    imposed,
)  # fmt: skip

WIDTH = 32  # lanes of a block; measured: 16 and 64 are slower
LANES = 16  # of one vector in the code of a step; measured: 8 is slower, 32 no faster
ROLES = ("mine", "other", "race", "p")
GATE = "gate"  # a step that only asks whether a rule's dates hold in some lane

TEXT = """\
declare {number} @llvm.sqrt.{suffix}({number})
declare {number} @llvm.fabs.{suffix}({number})
declare {number} @llvm.floor.{suffix}({number})
{reduce}define i64 @{name}(ptr noalias nocapture %mine, ptr noalias nocapture %other, ptr noalias nocapture %race, \
ptr noalias nocapture %p, ptr noalias nocapture %keys, ptr noalias nocapture %weights, ptr noalias nocapture %faults, \
i64 %count) nounwind {{
entry:
  br label %loop
loop:
  %c = phi i64 [ 0, %entry ], [ %next, %{last} ]
  %some = phi i64 [ 0, %entry ], [ %others, %{last} ]
  %c8 = shl i64 %c, 3
  %mine.c = getelementptr i8, ptr %mine, i64 %c8
  %other.c = getelementptr i8, ptr %other, i64 %c8
  %race.c = getelementptr i8, ptr %race, i64 %c8
  %p.c = getelementptr i8, ptr %p, i64 %c8
  %keys.c = getelementptr i8, ptr %keys, i64 %c8
  %weights.c = getelementptr i8, ptr %weights, i64 %c8
  %faults.c = getelementptr i8, ptr %faults, i64 %c8
{lines}
  %others = or i64 %some, {answer}
  %next = add nuw nsw i64 %c, {lanes}
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %end
end:
  ret i64 %others
}}
"""


class CannotCompile(Exception):
    """A rule or strategy that the language of rules cannot say; the message names it, file and line, and says why."""


@dataclass(frozen=True)
class Step:
    """One step: its kind and rule; of what can be in force also family, name, the number of its key and its class.

    `asks` names the quantity of a lab without which a repeated step leaves it alone.
    """

    kind: str
    rule: Callable
    family: str = ""
    name: str = ""
    number: int = 0
    of: type | None = None
    asks: str = ""

    @property
    def title(self) -> str:
        """What it is called among all steps."""
        what = f"{self.family}.{self.name}" if self.family else f"{self.rule.__module__}.{self.rule.__qualname__}"
        return f"{self.kind} {what}{f' while {self.asks}' if self.asks else ''}"

    @property
    def foreign(self) -> bool:
        """Whether its rule does not come with labsim."""
        return from_outside(self.rule)

    @property
    def what(self) -> str:
        """What a person calls it: "rule 'governance.tax'"."""
        if self.family:
            return f"rule '{self.family}.{self.name}'"
        names = [name for name, function in STRATEGIES.items() if function is self.rule]
        return f"strategy '{names[0]}'" if self.kind == DECIDE and names else f"rule '{self.rule.__qualname__}'"

    @property
    def starts(self) -> bool:
        """Whether it is of a race's start: called for one lane at a time, whenever that takes a new race."""
        return (self.kind, self.rule) in START


@dataclass(frozen=True)
class Written:
    """A step as LLVM text, and the fields it reads and writes, by role; `FAULT` among them if it may raise."""

    text: str
    read: frozenset[tuple[str, str]]
    written: frozenset[tuple[str, str]]


def write(step: Step, layouts: dict[str, Layout], width: int = WIDTH, lanes: int = LANES) -> Written:
    """The code of a step, a function named `step`, for blocks of `width` lanes; `lanes` of them are one vector.

    Raises CannotCompile.
    """
    try:
        return _write(step, layouts, width, 1 if step.starts else min(lanes, width))
    except NotARule as error:
        raise CannotCompile(f"{step.what} cannot be compiled ({error})") from None


def _write(step: Step, layouts: dict[str, Layout], width: int, lanes: int) -> Written:
    mine = EVALUATOR_RECORD if step.kind in (EVALUATOR, EXAMINATION) else LAB_RECORD
    kinds = dict(zip(ROLES, (mine, LAB_RECORD, RACE_RECORD, PARAMETERS), strict=True))
    writer = Writer({role: layouts[kind] for role, kind in kinds.items()}, lanes, width, guarded=True)
    frame = Frame({})
    answer = "0"
    if step.kind == GATE:
        answer = _some(writer, _dates(step, writer, frame))
    elif step.asks:
        asked = writer.get(Record("mine"), step.asks, frame)
        writer.choose(asked, frame, lambda yes: _act(step, writer, yes), lambda no: None)
    else:
        _act(step, writer, frame)
    written = _store(writer, frame)
    reduce = f"declare i1 @llvm.vector.reduce.or.v{lanes}i1({writer.truth_type})\n" if lanes > 1 else ""
    text = TEXT.format(
        number=writer.number_type, suffix=writer.suffix, reduce=reduce, name="step", last=writer.block, answer=answer,
        lines="\n".join(writer.lines), lanes=lanes,
    )  # fmt: skip
    return Written(text, frozenset(writer.read), frozenset(written))


def _store(writer: Writer, frame: Frame) -> list[tuple[str, str]]:
    """Each field that changed goes back to memory, and so do faults; the fields."""
    of = writer.number_type
    changed = {key: value for key, value in frame.fields.items() if key != FAULT and writer.loaded.get(key) != value}
    for place, (key, value) in enumerate(changed.items()):
        operand = writer.number(value)
        writer.lines += [
            f"  %s{place} = getelementptr i8, ptr %{key[0]}.c, i64 {writer.offset(key)}",
            f"  store {of} {operand}, ptr %s{place}, align 8",
        ]
    faults = FAULT in frame.fields and frame.fields[FAULT] != constant(False)
    if faults:
        before = writer.op(f"load {of}, ptr %faults.c, align 8")
        after = writer.select(Value(TRUTH, writer.truth(frame.fields[FAULT])), constant(1.0), Value(NUMBER, before))
        writer.lines += [f"  store {of} {writer.number(after)}, ptr %faults.c, align 8"]
    return [*changed, *([FAULT] if faults else [])]


def _some(writer: Writer, holds: Value) -> str:
    """Whether something holds in some lane, as 0 or 1."""
    mask = writer.truth(holds)
    if writer.lanes > 1:
        mask = writer.op(f"call i1 @llvm.vector.reduce.or.v{writer.lanes}i1({writer.truth_type} {mask})")
    return writer.op(f"zext i1 {mask} to i64")


def _values(step: Step) -> Record:
    """The parameters of what can be in force: a safeguard's are the lab's own."""
    return Record("mine" if step.family == SAFEGUARD else "p", f"{step.family}.{step.name}.")


def _dates(step: Step, writer: Writer, frame: Frame) -> Value:
    """Whether a rule's dates, or the public's concern, put it in force somewhere."""
    test = dated_or_triggered if step.of is not None and "trigger" in declarations(step.of) else dated
    return follow(writer, test, [_values(step), Record("race"), Record("mine")], frame)


def _key(writer: Writer) -> Value:
    return writer.key(f"load {writer.key_type}, ptr %keys.c, align 8")


def _weight(step: Step, writer: Writer) -> Value:
    """The weight of a pair: of labs one for all lanes, of packed ones one for each."""
    if step.kind == CYCLE_PAIR:
        return writer.real(f"load {writer.number_type}, ptr %weights.c, align 8")
    weight = writer.op("load double, ptr %weights, align 8")
    if writer.lanes > 1:
        first = writer.op(f"insertelement {writer.number_type} poison, double {weight}, i64 0")
        zeros = f"<{writer.lanes} x i32> zeroinitializer"
        weight = writer.op(
            f"shufflevector {writer.number_type} {first}, {writer.number_type} poison, {zeros}"
        )  # fmt: skip
    return Value(NUMBER, weight)


def _act(step: Step, writer: Writer, frame: Frame) -> None:
    """What the Mesa engine does for one lab, pair, evaluator or race: see `mesa_engine.Race`."""
    mine, other, race, p = map(Record, ROLES)
    rule = step.rule

    def of_pair() -> Value:
        return follow(writer, derive, [_key(writer), writer.get(other, "id", frame)], frame)

    match step.kind:
        case kind if kind in RULE_KEYS:
            _impose(step, writer, frame)
        case kind if kind in (LAB, CYCLE, EVALUATOR):
            follow(writer, rule, [mine, race, p, _key(writer)], frame)
        case kind if kind == DECIDE:
            _decide(step, writer, frame)
        case kind if kind == TALLY:
            follow(writer, rule, [mine, race, p], frame)
        case kind if kind == RACE:
            follow(writer, rule, [race, p, _key(writer)], frame)
        case kind if kind == PAIR:
            follow(writer, rule, [mine, other, _weight(step, writer), p, of_pair()], frame)
        case kind if kind == CYCLE_PAIR:
            follow(writer, rule, [mine, other, _weight(step, writer), p, _key(writer)], frame)
        case kind if kind == EXAMINATION:
            follow(writer, rule, [mine, other, race, p, of_pair()], frame)


def _impose(step: Step, writer: Writer, frame: Frame) -> None:
    """A rule acts on a lab for which it is in force."""
    assert step.of is not None
    values, race, mine = _values(step), Record("race"), Record("mine")

    def act(inner: Frame) -> None:
        key = follow(writer, derive, [_key(writer), constant(step.number)], inner)
        follow(writer, step.rule, [values, mine, race, key], inner)
        if "where" in declarations(step.of):
            follow(writer, note_place, [values, mine], inner)

    writer.choose(follow(writer, in_force(step.of), [values, race, mine], frame), frame, act, lambda inner: None)


def _decide(step: Step, writer: Writer, frame: Frame) -> None:
    """A strategy's wish is noted."""
    wanted = follow(writer, step.rule, [Record("mine"), Record("race"), Record("p"), _key(writer)], frame)
    if not isinstance(wanted, Value) or wanted.kind == KEY:
        raise NotARule("it does not give one number")
    if writer.guarded:  # it may want what is not from 0 to 1
        low = writer.compare(ast.GtE(), wanted, constant(0.0))
        high = writer.compare(ast.LtE(), wanted, constant(1.0))
        writer.fault(writer.negated(writer.both(low, high)), frame)
    writer.set(Record("mine"), "wanted", wanted, frame)


def in_force_step(kind: str, name: str, rule: type) -> Step:
    """The step of a rule that can be in force."""
    number = [other for family, other, _ in imposed() if family == kind].index(name)
    return Step(kind, rule.act, kind, name, RULE_KEYS[kind] + number, rule)  # type: ignore[attr-defined]


def gate_of(step: Step) -> Step:
    """The step that asks whether the dates of a rule hold in some lane."""
    return Step(GATE, step.rule, step.family, step.name, 0, step.of)


def every_step() -> list[Step]:
    """All steps there are: of the start, of the week, of each rule that can be in force, of each strategy."""
    steps: list[Step] = []
    for kind, rule in (*START, *WEEK):
        if kind in RULE_KEYS:
            for name, of in rule.items():
                steps.append(in_force_step(kind, name, of))
                if kind != SAFEGUARD:
                    steps.append(gate_of(steps[-1]))
        elif kind == DECIDE:
            steps += [Step(kind, strategy) for strategy in rule.values()]
        else:
            steps.append(Step(kind, rule))
    return steps
