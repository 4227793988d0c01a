"""A pause specification as a file: found, read, checked, and given to the labs that obey it.

Its numbers are those of the safeguard `pause_spec`: a lab in the model obeys them. Its texts are for
people: they are rendered and not simulated.
"""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labsim.model.declaration import declarations
from labsim.model.pause_spec import PauseSpec
from labsim.scenario import shipped
from labsim.scenario.checked import ScenarioError, check_value, nearest
from labsim.scenario.files import find, read
from labsim.scenario.scenario import Scenario
from labsim.scenario.values import cut, shown

RULE = "safeguards.pause_spec"
DECLARED = declarations(PauseSpec)
CONDITIONS = {name: d for name, d in DECLARED.items() if name not in ("start", "stop", "weeks", "danger")}
NUMBERS = {"pause_when": tuple(CONDITIONS), "review": ("weeks",)}  # by table; `danger` stands above the tables
TEXTS = {  # by table: for people
    "scope": ("loops", "generations"), "pause_when": ("also",), "review": ("jobs", "independence", "on_timeout"),
    "resume": ("evidence",), "rollback": ("to",), "exceptions": ("allowed",), "log": ("record",),
    "public_report": ("contents", "when"),
}  # fmt: skip
ABOVE = ("title", "danger")  # keys above the first table
SOURCED = ("danger", *CONDITIONS, "weeks")


@dataclass(frozen=True)
class Specification:
    """A pause specification: what a lab obeys, and what people read."""

    name: str
    title: str
    conditions: Mapping[str, float]  # thresholds by condition, in the order of the file; others are off
    weeks: float = DECLARED["weeks"].default
    danger: float = DECLARED["danger"].default
    texts: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)  # by (table, key)
    sources: Mapping[str, str] = field(default_factory=dict)

    def values(self, only: Collection[str] | None = None) -> dict[str, Any]:
        """The safeguard's parameters by path, in force from the first week; `only` are the conditions kept."""
        off = {name: d.never for name, d in CONDITIONS.items()}
        kept = {name: x for name, x in self.conditions.items() if only is None or name in only}
        own = {"start": 0, "stop": None, **off, **kept, "weeks": self.weeks, "danger": self.danger}
        return {f"{RULE}.{name}": value for name, value in own.items()}

    def obeyed_by(self, scenario: Scenario, labs: Collection[int], only: Collection[str] | None = None) -> Scenario:
        """The scenario in which the labs at these places obey it, whatever they bound themselves to before."""
        own = self.values(only)
        specs = enumerate(scenario.all_labs)
        changed = (dataclasses.replace(x, values={**x.values, **own}) if i in labs else x for i, x in specs)
        return dataclasses.replace(scenario, labs=tuple(changed))


def who_obeys(scenario: Scenario, lab: str | None = None, everyone: bool = False) -> tuple[int, ...]:
    """The places of the labs that obey: the first, the one named, or all. Raises ScenarioError."""
    names = [spec.name for spec in scenario.all_labs]
    if everyone and lab is not None:
        raise ScenarioError(f"lab '{lab}': either one lab obeys or all do")
    if lab is not None and lab not in names:
        raise ScenarioError(
            f"no lab '{lab}' in '{scenario.name}': must be one of {', '.join(names)}{nearest(lab, names)}"
        )
    return tuple(range(len(names))) if everyone else (0 if lab is None else names.index(lab),)


def shipped_specifications() -> dict[str, Path]:
    """The shipped specifications by name."""
    return {path.stem: path for path in sorted((shipped.folder("scenarios") / "pause-specs").glob("*.toml"))}


def find_specification(name: str) -> Path:
    """The file of a specification: a shipped name, or a path. Raises ScenarioError."""
    return find(name, known=shipped_specifications(), what="pause specification")


def load_specification(name: str | Path) -> Specification:
    """Load a specification by its shipped name or from a file.

    Raises ScenarioError naming the file, the line and the key: unknown, of a wrong type, out of range.
    """
    path = find_specification(str(name))
    return read(path, lambda content: specification(path.stem, content))


def specification(name: str, content: Mapping[str, Any]) -> Specification:
    """The specification that a file's content describes. Raises ScenarioError."""
    known = [*ABOVE, *TEXTS, "sources"]
    for key, value in content.items():
        if key not in known:
            raise ScenarioError(f"unknown key '{cut(key)}'{nearest(key, known)}", key)
        if key not in ABOVE and not isinstance(value, Mapping):
            raise ScenarioError(f"{key} = {shown(value)}: must be a table [{key}]", key)
    numbers, texts = {}, {}
    for table in TEXTS:
        for key, value in content.get(table, {}).items():
            if key in NUMBERS.get(table, ()):
                numbers[key] = _number(f"{table}.{key}", key, value)
            else:
                texts[table, key] = _text(table, key, value)
    conditions = {key: value for key, value in numbers.items() if key in CONDITIONS}
    if not conditions:
        fault = f"[pause_when] has no condition: needs at least one of {', '.join(CONDITIONS)}"
        raise ScenarioError(fault, "pause_when")
    others = {"weeks": numbers["weeks"]} if "weeks" in numbers else {}
    if "danger" in content:
        others["danger"] = _number("danger", "danger", content["danger"])
    title = _texts("title", content.get("title", name), one=True)[0]
    return Specification(name, title, conditions, texts=texts, sources=_sources(content.get("sources", {})), **others)


def _number(key: str, name: str, value: Any) -> float:
    """A number, checked by the safeguard's own declaration; the message has the file's word for it."""
    try:
        checked = check_value(f"{RULE}.{name}", value)
    except ScenarioError as error:
        raise ScenarioError(str(error).replace(f"{RULE}.{name}", key, 1), key) from None
    return checked


def _text(table: str, key: str, value: Any) -> tuple[str, ...]:
    """What stands under a key for people, as a list."""
    known = [*NUMBERS.get(table, ()), *TEXTS[table]]
    if key not in known:
        hint = "; it belongs above the first table" if key in ABOVE else nearest(key, known)
        raise ScenarioError(f"unknown key '{table}.{cut(key)}'{hint}", f"{table}.{key}")
    return _texts(f"{table}.{key}", value)


def _texts(key: str, value: Any, one: bool = False) -> tuple[str, ...]:
    """A text, or a list of texts, each on one line."""
    listed = [value] if isinstance(value, str) or one else value
    if not isinstance(listed, list) or not listed or not all(isinstance(x, str) and x.strip() for x in listed):
        raise ScenarioError(f"{key} = {shown(value)}: must be a text" + ("" if one else ", or a list of texts"), key)
    return tuple(" ".join(x.split()) for x in listed)


def _sources(content: Mapping[str, Any]) -> dict[str, str]:
    """Where numbers come from, by key."""
    for key in content:
        if key not in SOURCED:
            fault = f"unknown key 'sources.{cut(key)}'{nearest(key, list(SOURCED))}"
            raise ScenarioError(fault, f"sources.{key}")
    return {key: _texts(f"sources.{key}", value, one=True)[0] for key, value in content.items()}
