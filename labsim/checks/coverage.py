"""What the documents behind labsim say, item by item, and where each item is in the model, or why it is not.

The items are data (`docs/developer/coverage.toml`, in a checkout). A pointer is a kind and a name, such as "rule
governance.rate_limit"; it holds if the registry of that kind has the name now, so that what is
renamed or dropped leaves a pointer that dangles instead of a claim that is no longer true.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from labsim.model import outcomes, state, week
from labsim.model.parameters import GROUPS
from labsim.model.strategies import STRATEGIES
from labsim.pause_spec.file import shipped_specifications
from labsim.scenario import shipped
from labsim.scenario.checked import CATALOGUE, TABLES, ScenarioError, nearest
from labsim.scenario.files import shipped_scenarios
from labsim.scenario.presets import FAMILIES, presets

MODELLED, PARTLY, NOT_MODELLED = STATUSES = ("modelled", "partly", "not-modelled")
FILE = shipped.CHECKOUT / "docs" / "developer" / "coverage.toml"


@dataclass(frozen=True)
class Pointer:
    """Where an item is: a kind of thing, its name, and whether there is such a thing."""

    kind: str
    name: str
    exists: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Item:
    """One thing a document says, where the model has it, and what of it is left out, with the reason."""

    id: str
    source: str
    says: str
    at: tuple[Pointer, ...] = ()
    lacks: str = ""

    @property
    def status(self) -> str:
        """One of `STATUSES`."""
        if not self.at:
            return NOT_MODELLED
        return PARTLY if self.lacks else MODELLED

    def as_dict(self) -> dict[str, Any]:
        """The item as in the JSON of `labsim coverage`."""
        at = [{"kind": p.kind, "name": p.name, "exists": p.exists} for p in self.at]
        return {
            "id": self.id, "source": self.source, "says": self.says, "status": self.status, "at": at,
            "lacks": self.lacks or None,
        }  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """The items asked for, of these sources (by their short names)."""

    sources: dict[str, str]
    items: list[Item]

    @property
    def dangling(self) -> list[tuple[Item, Pointer]]:
        """Pointers to what there is not."""
        return [(item, pointer) for item in self.items for pointer in item.at if not pointer.exists]

    def counts(self) -> dict[str, dict[str, int]]:
        """How many items of each source have each status."""
        result = Counter((item.source, item.status) for item in self.items)
        return {source: {status: result[source, status] for status in STATUSES} for source in self.sources}

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim coverage`."""
        return {
            "sources": self.sources, "counts": self.counts(), "items": [item.as_dict() for item in self.items],
            "dangling": [{"id": item.id, "kind": p.kind, "name": p.name} for item, p in self.dangling],
        }  # fmt: skip


def registries(commands: Collection[str]) -> dict[str, Collection[str]]:
    """The names there are of each kind that a pointer may have; `commands` are those of the command line."""
    kinds = {"lab": state.LabState, "race": state.RaceState, "evaluator": state.EvaluatorState}
    steps = [rule for _, rule in week.WEEK if not isinstance(rule, dict)]
    one_of = {
        family: family.removesuffix("ies") + "y" if family.endswith("ies") else family[:-1] for family in FAMILIES
    }
    return {
        "parameter": CATALOGUE, "rule": [table for table in TABLES if table not in GROUPS],
        "step": {rule.__name__ for rule in steps}, "strategy": STRATEGIES, "outcome": outcomes.OUTCOMES,
        "quantity": [f"{name}.{field}" for name, kind in kinds.items() for field in state.fields(kind)],
        "scenario": shipped_scenarios(), "pause-spec": shipped_specifications(), "command": commands,
        "lesson": lessons(), **{one: presets(family) for family, one in one_of.items()},
    }  # fmt: skip


def lessons() -> list[str]:
    """The questions of the app's guided scenarios, read from its source: the app itself is heavy to import."""
    tree = ast.parse((shipped.folder("viz") / "screens" / "guided.py").read_text(encoding="utf-8"))
    cards = [call for call in ast.walk(tree) if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Card"]
    return [card.args[0].value for card in cards if card.args and isinstance(card.args[0], ast.Constant)]


def stored() -> dict[str, Any]:
    """What stands in the data file. Raises ScenarioError where it is not: it does not come with an installation."""
    if not FILE.is_file():
        raise ScenarioError(f"{FILE.name} is documentation for developers: run this in a checkout of labsim")
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def coverage(
    commands: Collection[str], source: str | None = None, status: str | None = None,
    content: Mapping[str, Any] | None = None,
) -> Coverage:  # fmt: skip
    """The items of a source and of a status (all, where none is given), each pointer looked up now.

    `commands` are the names of the command line's commands, `content` what stands in the data file.
    Raises ScenarioError for an unknown source or status, and where there is no checkout to read from.
    """
    content = stored() if content is None else content
    sources, known = content["sources"], registries(commands)
    for option, value, allowed in (("--source", source, sources), ("--status", status, STATUSES)):
        if value is not None and value not in allowed:
            raise ScenarioError(f"{option} {value}: must be one of {', '.join(allowed)}{nearest(value, list(allowed))}")
    items = [_item(name, entry, sources, known) for name, entry in content.items() if name != "sources"]
    chosen = [item for item in items if source in (None, item.source) and status in (None, item.status)]
    return Coverage({k: v for k, v in sources.items() if source in (None, k)}, chosen)


def _item(name: str, entry: Mapping[str, Any], sources: Mapping[str, str], known: Mapping[str, Collection]) -> Item:
    source = next(short for short in sources if name.startswith(short))
    at = []
    for text in entry.get("at", ()):
        kind, _, what = text.partition(" ")
        at.append(Pointer(kind, what, what in known.get(kind, ())))
    return Item(name, source, entry["says"], tuple(at), entry.get("lacks", ""))
