"""Compiled twins of the draws that the Mesa engine calls most: the same text, the same bits, a quarter of the time."""

import ctypes
from functools import cache

from labsim.engines import objects
from labsim.engines.rule_language import follow
from labsim.engines.vector_code import KEY, NUMBER, Frame, Value, Writer
from labsim.model import draws

TEXT = """\
declare double @llvm.sqrt.f64(double)
declare double @llvm.fabs.f64(double)
define double @step({arguments}) nounwind {{
loop:
{lines}
  ret double {result}
}}
"""


@cache
def use_quick_draws() -> None:
    """Compile them, or find them in the cache, and have rules in this process call them."""
    found = objects.addresses({name: text_of(name) for name in draws.QUICKER})
    # with the lock of Python held: to give it up for a few nanoseconds would cost more than they do
    kinds = {1: ctypes.PYFUNCTYPE(ctypes.c_double, ctypes.c_double),
             2: ctypes.PYFUNCTYPE(ctypes.c_double, ctypes.c_uint64, ctypes.c_uint64)}  # fmt: skip
    draws.use({name: kinds[draws.QUICKER[name]](address) for name, address in found.items()})


def text_of(name: str) -> str:
    """One of them as LLVM text: of a number, or of a key and a purpose."""
    writer = Writer({}, 1, 1)
    takes_key = draws.QUICKER[name] == 2
    given = [Value(KEY, "%key"), Value(KEY, "%purpose")] if takes_key else [Value(NUMBER, "%x")]
    result = writer.number(follow(writer, draws.plain(getattr(draws, name)), given, Frame({})))
    arguments = "i64 %key, i64 %purpose" if takes_key else "double %x"
    return TEXT.format(arguments=arguments, lines="\n".join(writer.lines), result=result)
