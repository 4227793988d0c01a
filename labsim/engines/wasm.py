"""The fast engine as one WebAssembly module: every step and the driver, for browsers and other machines.

The same texts as on this machine, for another processor: so the same bits. Code has no addresses there, so a step goes
by its number, and one function `dispatch` calls it. The module imports its memory and exports `run`, which takes the
address of a `driver.World`, and `measure`, which gives the outcomes of races that were run (see `outcome_code`);
addresses are places in that memory. No linker is needed: an object that leaves nothing undefined is a module but for
its list of exports.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labsim.engines import driver, outcome_code, plan, steps
from labsim.engines.code import Code
from labsim.engines.driver_language import translate
from labsim.engines.layout import layouts
from labsim.engines.objects import VECTORISE
from labsim.engines.steps import WIDTH, Step
from labsim.model.outcomes import OUTCOMES
from labsim.scenario.scenario import Scenario

TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+bulk-memory,+sign-ext,+nontrapping-fptoint,+mutable-globals,+simd128"
ENTRY, MEASURE = "run", outcome_code.ENTRY
FEW = 2  # lanes of a vector: as many as its processor has
CUSTOM, IMPORT, FUNCTION, EXPORT, DATA = 0, 2, 3, 7, 11  # sections of a module
ORDER = (1, 2, 3, 4, 5, 6, EXPORT, 8, 9, 12, 10, DATA)
ARGUMENTS = "ptr %mine, ptr %other, ptr %race, ptr %p, ptr %keys, ptr %weights, ptr %faults, i64 %count"


@dataclass(frozen=True)
class Module:
    """A module: its bytes, and what must be known to use it.

    The steps in it by their numbers from 1; the first place in memory that it leaves free; the numbers of scratch
    memory that `measure` needs for each lab.
    """

    content: bytes
    code: dict[Step, Code]
    free: int
    scratch: int


def built(width: int = WIDTH, lanes: int = FEW) -> Module:
    """The module of every step there is, for blocks of `width` lanes."""
    of, code, texts = layouts(), {}, []
    for number, step in enumerate(steps.every_step(), 1):
        written = steps.write(step, of, width, lanes)
        code[step] = Code(number, written.read, written.written)
        texts.append(written.text.replace("@step(", f"@step{number}("))
    world = {name: getattr(driver.World, name).offset for name in driver.FIELDS}
    texts += [_dispatch(len(texts)), translate(driver.run, world, numbered=True).replace("@step(", f"@{ENTRY}(")]
    measure, scratch = outcome_code.text_of(OUTCOMES)
    content = _compiled([*texts, measure])
    return Module(content, code, _data_end(content), scratch)


def table_of(
    module: Module, scenario: Scenario, base: Mapping[str, np.ndarray], sampled: Collection[str] = ()
) -> plan.Table:  # fmt: skip
    """The driver's table for a scenario, with steps by their numbers."""
    return plan.table_with(module.code, 0, plan.groups_of(scenario, sampled), base, sampled)


def _dispatch(count: int) -> str:
    """A function that calls a step by its number."""
    kinds = ", ".join(name.split()[0] for name in ARGUMENTS.split(", "))
    declared = "".join(f"declare i64 @step{k}({kinds})\n" for k in range(1, count + 1))
    cases = " ".join(f"i64 {k}, label %s{k}" for k in range(1, count + 1))
    calls = "".join(f"s{k}:\n  %r{k} = call i64 @step{k}({ARGUMENTS})\n  ret i64 %r{k}\n" for k in range(1, count + 1))
    return (
        f"{declared}define i64 @dispatch(i64 %number, {ARGUMENTS}) nounwind {{\n"
        f"  switch i64 %number, label %none [ {cases} ]\nnone:\n  ret i64 0\n{calls}}}\n"
    )


def _compiled(texts: Sequence[str]) -> bytes:
    """LLVM texts as one module, of which `ENTRY` and `MEASURE` are exported."""
    import llvmlite.binding as llvm

    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE)
    machine = target.create_target_machine(cpu="generic", features=FEATURES, opt=3, reloc="static", codemodel="default")
    whole = None
    for text in texts:
        part = llvm.parse_assembly(text)
        part.triple, part.data_layout = TRIPLE, str(machine.target_data)
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = tuning.slp_vectorization = text.startswith(VECTORISE)
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(part, passes)
        if whole is None:
            whole = part
        else:
            whole.link_in(part)
    undefined = [f.name for f in whole.functions if f.is_declaration and not f.name.startswith("llvm.")]
    assert not undefined, undefined
    functions = [f.name for f in whole.functions if not f.is_declaration]
    return _exported(machine.emit_object(whole), functions)


# --- from an object to a module


def _number(value: int) -> bytes:
    """LEB128, as all numbers of a module are."""
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _read(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where the next thing begins."""
    value = shift = 0
    while True:
        byte, at = data[at], at + 1
        value, shift = value | (byte & 127) << shift, shift + 7
        if byte < 128:
            return value, at


def _sections(module: bytes) -> Iterator[tuple[int, bytes]]:
    at = 8
    while at < len(module):
        kind, (size, start) = module[at], _read(module, at + 1)
        yield kind, module[start : start + size]
        at = start + size


def _exported(module: bytes, functions: Sequence[str]) -> bytes:
    """The object as a module: `ENTRY` and `MEASURE` exported, what only linkers read left out.

    A function's number is its place among those that are defined, after those that are imported: none is.
    """
    parts = [(kind, data) for kind, data in _sections(module) if kind != CUSTOM]
    defined, _ = _read(dict(parts)[FUNCTION], 0)
    assert defined == len(functions), "something is imported"
    entries = [_number(len(name)) + name.encode() + b"\0" + _number(functions.index(name)) for name in (ENTRY, MEASURE)]
    parts.append((EXPORT, _number(len(entries)) + b"".join(entries)))
    parts.sort(key=lambda part: ORDER.index(part[0]))
    return module[:8] + b"".join(bytes([kind]) + _number(len(data)) + data for kind, data in parts)


def _data_end(module: bytes) -> int:
    """The first place that the module's own data leave free."""
    data, end = dict(_sections(module)).get(DATA, b"\0"), 0
    count, at = _read(data, 0)
    for _ in range(count):
        assert data[at] == 0 and data[at + 1] == 0x41  # placed by a constant
        place, at = _read(data, at + 2)
        assert data[at] == 0x0B  # and by nothing more
        size, at = _read(data, at + 1)
        at, end = at + size, max(end, place + size)
    return end
