"""What a contribution lacks, in a line each: the thing, what is missing, and the file where it belongs."""

import inspect
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def none_of(lacks: Iterable[str]) -> None:
    """Fail with these lines and nothing around them, if there are any."""
    if told := sorted(lacks):
        pytest.fail("\n".join(told), pytrace=False)


def home(thing) -> str:
    """The file in which a function or class is written, seen from the project's folder."""
    return Path(inspect.getsourcefile(thing)).resolve().relative_to(ROOT).as_posix()


def cases_of(test) -> list[str]:
    """The first value of each case of a parametrised test."""
    (mark,) = (mark for mark in test.pytestmark if mark.name == "parametrize")
    return [case[0] for case in mark.args[1]]


def differences(have: Iterable[str], wanted: Iterable[str], lacks: str, strange: str) -> Iterable[str]:
    """A line for each name that should be there and is not, and for each that is there and should not be."""
    have, wanted = set(have), set(wanted)
    yield from (lacks.format(name) for name in wanted - have)
    yield from (strange.format(name) for name in have - wanted)
