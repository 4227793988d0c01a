"""Named sets of values that ship as data: loops, kinds of labs, beliefs, commitments, evaluators, laws.

A preset sets existing parameters and has no mechanism of its own. It is chosen by name in a
scenario's [[lab]] or [[evaluator]] entry, or for the whole scenario by `with`; values written there
come after it and win.
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from labsim.scenario import shipped
from labsim.scenario.checked import ScenarioError, check_value, nearest, within
from labsim.scenario.values import shown

# The key of an entry, and the family of presets it chooses from; later ones win over earlier ones.
LAB_KEYS = {"loop": "loops", "archetype": "archetypes", "belief": "beliefs", "commitment": "commitments"}
EVALUATOR_KEYS = {"kind": "evaluators"}
SCENARIO_KEY, SCENARIO_FAMILIES = "with", ("policies", "commitments", "worldviews")
FAMILIES = {
    "loops": "loops of self-improvement, on five axes, with the human job each still needs",
    "archetypes": "kinds of labs: how they start and how they work",
    "beliefs": "what labs believe of the race and its danger",
    "commitments": "what labs bind themselves to",
    "evaluators": "kinds of evaluators",
    "policies": "laws and proposals",
    "worldviews": "what people believe of timelines, take-off and danger",
}
AXES = {  # of a loop of self-improvement, and what there is on each
    "target": ("weights", "prompts", "architecture", "tools", "data", "code"),
    "timing": ("training", "inference", "continuous"),
    "mechanism": ("gradient", "evolutionary", "in-context"),
    "context": ("sandboxed", "open-ended", "multi-agent"),
    "evidence": ("benchmarks", "safety", "alignment"),
}


@dataclass(frozen=True)
class Preset:
    """One named set of values: its words, where they come from, and the values by path.

    `origin` names who or what it was made after, for notes only. A loop also has its place on each of
    `AXES` and the human job that it still needs.
    """

    name: str
    title: str
    meaning: str
    source: str
    values: Mapping[str, Any]
    origin: str = ""
    human_job: str = ""
    axes: Mapping[str, str] = field(default_factory=dict)

    @property
    def described(self) -> str:
        """What it is; of a loop, also where it stands on each axis and what a human still does."""
        axes = "; ".join(f"{axis} {place}" for axis, place in self.axes.items())
        human = f" The human {self.human_job}." if self.human_job else ""
        return self.meaning + human + (f" Axes: {axes}." if axes else "")


@cache
def presets(family: str) -> dict[str, Preset]:
    """The presets of a family, by name."""
    content = tomllib.loads((shipped.folder("scenarios") / "presets" / f"{family}.toml").read_text(encoding="utf-8"))
    return {name: Preset(name=name, **entry) for name, entry in content.items()}


def chosen(who: str, entry: Mapping[str, Any], keys: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
    """(names by key, values by path) of the presets that an entry chooses. Raises ScenarioError."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    for key, family in keys.items():
        if key in entry:
            with within(key):
                values |= _preset(f"{who}: {key}", entry[key], (family,)).values
            names[key] = entry[key]
    return names, values


def agreed(names: Any, own: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, str]]:
    """(values, sources) by path of policies, commitments and worldviews in force, each with its preset as the source.

    Where two of them disagree about a number, neither can hold: unless the path is in `own`, which the
    scenario itself settles. Raises ScenarioError.
    """
    with within(SCENARIO_KEY):
        return _agreed(names, own)


def _agreed(names: Any, own: Collection[str]) -> tuple[dict[str, Any], dict[str, str]]:
    if not isinstance(names, list):
        raise ScenarioError(f'{SCENARIO_KEY} = {shown(names)}: must be a list of names, such as ["sb-53"]')
    setters: dict[str, Preset] = {}
    conflicts: dict[str, str] = {}
    for place, name in enumerate(names):
        with within(str(place)):
            preset = _preset(SCENARIO_KEY, name, SCENARIO_FAMILIES)
        for path, value in preset.values.items():
            other = setters.setdefault(path, preset)
            if check_value(path, other.values[path]) != check_value(path, value) and path not in own:
                conflicts.setdefault(path, f"{other.name} says {path} = {other.values[path]}")
                conflicts[path] += f", {preset.name} says {value}"
    if conflicts:
        it = "it" if len(conflicts) == 1 else "each"
        raise ScenarioError(
            f"{SCENARIO_KEY}: {'; '.join(conflicts.values())}: set {it} in the scenario's own tables, or with --set"
        )
    values = {path: preset.values[path] for path, preset in setters.items() if path not in own}
    return values, {path: f"{setters[path].name}: {setters[path].source}" for path in values}


def _preset(who: str, name: Any, families: Iterable[str]) -> Preset:
    """The preset of this name in one of the families. Raises ScenarioError."""
    known = {name: preset for family in families for name, preset in presets(family).items()}
    if not isinstance(name, str) or name not in known:
        raise ScenarioError(
            f"{who} = {shown(name)}: must be one of {', '.join(known)}{nearest(str(name), list(known))}"
        )
    return known[name]
