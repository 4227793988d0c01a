"""Named sets of values that ship as data: beliefs of labs, kinds of evaluators.

A preset sets existing parameters and has no mechanism of its own. It is chosen by name in a
scenario's [[lab]] or [[evaluator]] entry; values written there come after it and win.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from labsim import shipped
from labsim.scenario import ScenarioError, nearest

# The key of an entry, and the family of presets it chooses from; later ones win over earlier ones.
LAB_KEYS = {"belief": "beliefs"}
EVALUATOR_KEYS = {"kind": "evaluators"}
FAMILIES = {"beliefs": "what labs believe of the race and its danger", "evaluators": "kinds of evaluators"}


@dataclass(frozen=True)
class Preset:
    """One named set of values: its words, where they come from, and the values by path.

    `origin` names who or what it was made after, for notes only.
    """

    name: str
    title: str
    meaning: str
    source: str
    values: Mapping[str, Any]
    origin: str = ""


@cache
def presets(family: str) -> dict[str, Preset]:
    """The presets of a family, by name."""
    content = tomllib.loads((shipped.folder("scenarios") / "presets" / f"{family}.toml").read_text(encoding="utf-8"))
    return {name: Preset(name=name, **entry) for name, entry in content.items()}


def chosen(who: str, entry: Mapping[str, Any], keys: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """(names by key, values by path) of the presets that an entry chooses. Raises ScenarioError."""
    names, values = {}, {}
    for key, family in keys.items():
        if key in entry:
            known, name = presets(family), entry[key]
            if not isinstance(name, str) or name not in known:
                hint = nearest(str(name), list(known))
                raise ScenarioError(f"{who}: {key} = {name!r}: must be one of {', '.join(known)}{hint}")
            names[key] = name
            values |= known[name].values
    return names, values
