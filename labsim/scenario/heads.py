"""The heads of scenario files: title, question, base. A list needs no more, and nothing of the model to read them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labsim.scenario import shipped
from labsim.scenario.values import toml_content

TEXTS = ("title", "question", "base")  # the keys of a head


@dataclass(frozen=True)
class Head:
    """What a scenario file says above its tables; what it leaves out is its base's, or nothing."""

    name: str
    title: str
    question: str
    base: str | None


def shipped_scenarios() -> dict[str, Path]:
    """The shipped scenario files by name."""
    return {path.stem: path for path in sorted(shipped.folder("scenarios").glob("*.toml"))}


def shipped_heads() -> list[Head]:
    """The heads of the shipped scenarios, as `files.load` has them; only tests look at what else is in the files."""
    own = {name: above_tables(path.read_text(encoding="utf-8")) for name, path in shipped_scenarios().items()}
    return [Head(name, _said(own, name, "title"), _said(own, name, "question"), own[name].get("base")) for name in own]


def above_tables(text: str) -> dict[str, Any]:
    """What stands above the first table of a text in TOML. Raises ValueError as `toml_content` does."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith("["):
            with suppress(ValueError):  # the bracket stands in a text or a list of more than one line
                return toml_content("".join(lines[:number]))
    return toml_content(text)


def _said(own: Mapping[str, Mapping[str, Any]], name: str, key: str) -> str:
    """A text of a scenario's head, or else of its base's."""
    while key not in own[name] and "base" in own[name]:
        name = own[name]["base"]
    return own[name].get(key, "")
