"""The code of steps: found again by what they run, compiled where it is not there."""

import hashlib
import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

from labsim.engines import driver, objects, steps
from labsim.engines.layout import Layout, layouts
from labsim.engines.rule_language import DEEPEST_PART
from labsim.engines.steps import LANES, WIDTH, Step
from labsim.model.draws import plain
from labsim.scenario import shipped

NO_RULES = "docking"  # a folder that only runs the model
DRIVER = "driver"
Fields = frozenset[tuple[str, str]]  # (role, name)


@dataclass(frozen=True)
class Code:
    """A compiled step: its address, and the fields it reads and writes."""

    address: int
    read: Fields
    written: Fields


@dataclass(frozen=True)
class Entry:
    """What is known of a compiled step without its text: the key of its object, and the fields it touches."""

    key: str
    read: Fields = frozenset()
    written: Fields = frozenset()


@cache
def sources_hash() -> str:
    """A hash of every source that may hold a rule: what tells one version of the model from another."""
    digest = hashlib.sha256()
    for path in sorted(shipped.PACKAGE.rglob("*.py")):
        if path.parent.name != NO_RULES:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def code_of(wanted: Sequence[Step], width: int = WIDTH, lanes: int = LANES) -> tuple[dict[Step, Code], int]:
    """The code of steps, compiled where it is not in the cache, and the driver's address. Raises CannotCompile."""
    layout = layouts()
    marks = {step.title: fingerprint(step, layout, width, lanes) for step in wanted} | {DRIVER: DRIVER}
    known, found = _index(), None
    entries = {title: known[mark] for title, mark in marks.items() if mark in known}
    if len(entries) == len(marks):
        found = objects.known({title: entry.key for title, entry in entries.items()})
    if found is None:
        written = {step.title: steps.write(step, layout, width, lanes) for step in wanted}
        texts = {title: one.text for title, one in written.items()} | {DRIVER: driver_text()}
        entries = {title: Entry(objects.key_of(texts[title]), one.read, one.written) for title, one in written.items()}
        entries[DRIVER] = Entry(objects.key_of(texts[DRIVER]))
        found = objects.addresses(texts)
        _note({mark: entries[title] for title, mark in marks.items()})
    code = {step: Code(found[step.title], entries[step.title].read, entries[step.title].written) for step in wanted}
    return code, found[DRIVER]


@cache
def driver_text() -> str:
    """The driver as LLVM text."""
    from labsim.engines.driver_language import translate  # only where it is not compiled yet

    world = {name: getattr(driver.World, name).offset for name in driver.FIELDS}
    return translate(driver.run, world)


# --- what is known without reading any text

_NOTING = threading.Lock()
_INDEX: dict[str, dict[str, Entry]] = {}  # by the path of its file


def _index_name() -> str:
    """The file of what is known of steps, for these sources."""
    about = f"{sources_hash()} {sys.version} {objects.processor()}"
    return f"index-{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"


def _index() -> dict[str, Entry]:
    """What is known of steps by their fingerprints: nothing where the cache has no index, or a damaged one."""
    path = f"{objects.cache_folder()}/{_index_name()}"
    if path not in _INDEX:
        content = objects.kept(_index_name())
        rows = json.loads(content) if content else {}
        _INDEX[path] = {
            mark: Entry(key, *(frozenset(map(tuple, fields)) for fields in touched))
            for mark, (key, *touched) in rows.items()
        }
    return _INDEX[path]


def _note(entries: Mapping[str, Entry]) -> None:
    """Keep what was found out about steps, for the next process."""
    with _NOTING:  # another thread may find out something too
        known = _index()
        known.update(entries)
        rows = {mark: [entry.key, sorted(entry.read), sorted(entry.written)] for mark, entry in known.items()}
    objects.keep({_index_name(): json.dumps(rows).encode()})


def fingerprint(step: Step, layout: Mapping[str, Layout], width: int, lanes: int) -> str:
    """A hash of all that a step's code follows from: its rule, what that calls and reads, the places of fields.

    From what Python runs and not from its text: so it is quick, and what was replaced in this process counts.
    """
    digest = hashlib.sha256(f"{step.title} {step.number} {width} {lanes}".encode())
    digest.update(_places(tuple(tuple(of.place.items()) for of in layout.values())))
    digest.update(repr(_runs(step.rule, set())).encode())
    return digest.hexdigest()[:32]


@cache
def _places(places: tuple) -> bytes:
    return hashlib.sha256(repr(places).encode()).digest()


def _runs(function: FunctionType | Callable, seen: set[Callable]) -> list[tuple[str, str]]:
    """The code of a function and of those it calls, with the numbers that they read."""
    function = plain(function) if callable(function) else function
    if not isinstance(function, FunctionType) or function in seen:
        return []
    seen.add(function)
    code, name = function.__code__, f"{function.__module__}.{function.__qualname__}"
    reads = dict(zip(code.co_freevars, (cell.cell_contents for cell in function.__closure__ or ()), strict=True))
    reads |= {word: function.__globals__[word] for word in code.co_names if word in function.__globals__}
    found = [(name, repr((code.co_code, code.co_consts, code.co_names, code.co_varnames)))]
    for word, value in reads.items():
        if isinstance(value, bool | int | float):
            found.append((f"{name} {word}", repr(value)))
        elif callable(value) and isinstance(called := plain(value), FunctionType):
            found.append((f"{name} {word}", f"{called.__module__}.{called.__qualname__}"))
            found += _runs(called, seen)
        else:
            found += _held(f"{name} {word}", value, code.co_names, seen)
    return found


def _held(name: str, thing: Any, words: Sequence[str], seen: set[Callable], depth: int = 1) -> list[tuple[str, str]]:
    """The numbers and functions that code with these words may take from a module, an enumeration or the like."""
    found = []
    for word in words:
        part = getattr(thing, word, None)
        if isinstance(part, bool | int | float):
            found.append((f"{name}.{word}", repr(part)))
        elif callable(part) and isinstance(plain(part), FunctionType):
            found += _runs(part, seen)
        elif hasattr(part, "__dict__") and depth < DEEPEST_PART:
            found += _held(f"{name}.{word}", part, words, seen, depth + 1)
    return found
