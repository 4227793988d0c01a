"""What a link says: a world (a scenario and what was changed in it), and what is looked at.

    /explore?scenario=hassabis-baseline&governance.rate_limit.start=0&Birch%20strategy=keeper&future=17

Parameters have the paths that they have in scenario files and in `--set`. A link is read once; in a world values
are what they are, so that a slider's number reaches the scenario as it is.
"""

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_uppercase
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import tomlkit

from labsim.scenario.changes import with_changes
from labsim.scenario.checked import CATALOGUE, ScenarioError, nearest
from labsim.scenario.files import document_of, load, shipped_scenarios
from labsim.scenario.presets import SCENARIO_FAMILIES, SCENARIO_KEY, presets
from labsim.scenario.scenario import STRATEGY_KEY, Scenario
from labsim.scenario.values import NO_DATE, cut, shown, text_of, value_of

OPENING = "hassabis-baseline"
FILE = "my-world.toml"  # what a world is saved as
NEVER = NO_DATE
MOST_PINS, MOST_FUTURE, MOST_WEEK, MOST_LUCK = 4, 999, 1_000_000, 1000
CHOICE, KEEP, REMOVE = "home.choice", "keep", "remove"  # what the visitor chose for their lab
SPEC, EVERYONE = "spec.", "all"  # of a pause specification: its keys begin so, and who obeys it
WHO, AXES, LUCK, BASE, GUESSING, GUESSED = (
    "spec.who", ("map.x", "map.y"), "loop.luck", "compare.base", "guess.on", "guess.value",
)  # fmt: skip
CHOICES = {CHOICE: (KEEP, REMOVE), GUESSING: ("yes",), BASE: tuple(ascii_uppercase[: MOST_PINS + 1])}
KEPT_GROUPS = {key.partition(".")[0] for key in (*CHOICES, *AXES, LUCK, GUESSED, SPEC)}  # of single screens


@dataclass(frozen=True)
class World:
    """A shipped scenario and what was changed in it: parameters by path, and of single labs."""

    scenario: str = OPENING
    changes: tuple[tuple[str, Any], ...] = ()  # (path, value, "never" for none), sorted
    policies: tuple[str, ...] = ()  # presets in force, as `with` in a scenario file
    labs: tuple[tuple[str, str, Any], ...] = ()  # (lab, strategy or a preset's key or a path, value), sorted

    def with_(self, changes: Mapping[str, Any]) -> "World":
        """With some parameters changed; a value that is there without the change, laws included, is none."""
        mine, own = dict(self.changes), World(self.scenario, policies=self.policies).resolve()
        for path, value in changes.items():
            mine[path] = _in_file(value)
            if path in CATALOGUE and _in_file(own.get(path)) == mine[path]:
                del mine[path]
        return dataclasses.replace(self, changes=tuple(sorted(mine.items())))

    def without(self, paths: Iterable[str]) -> "World":
        """With some parameters as the scenario has them, whatever a law or worldview says of them."""
        drop, own = set(paths), base(self.scenario)
        rest = dataclasses.replace(self, changes=tuple(pair for pair in self.changes if pair[0] not in drop))
        return rest.with_({path: own.get(path) for path in sorted(drop) if path in CATALOGUE})

    def with_lab(self, lab: str, key: str, value: Any) -> "World":
        """With a lab's strategy, preset or own value changed; None takes the change back, as does what it is anyway."""
        if value is not None and value == self.own_value(lab, key):
            value = None
        rest = [entry for entry in self.labs if entry[:2] != (lab, key)]
        return dataclasses.replace(self, labs=tuple(sorted([*rest, *([] if value is None else [(lab, key, value)])])))

    def own_value(self, lab: str, key: str) -> Any:
        """What a lab has of this kind without a change of just this: an archetype may set it; None for nothing."""
        rest = tuple(entry for entry in self.labs if entry[:2] != (lab, key))
        labs = {each.name: each for each in dataclasses.replace(self, labs=rest).resolve().all_labs}
        if lab not in labs:
            return None
        own = labs[lab]
        if key == STRATEGY_KEY:
            return own.strategy
        return _in_file(own.values[key]) if key in own.values else own.presets.get(key)

    def without_lab(self, lab: str) -> "World":
        """With a lab as the scenario has it."""
        return dataclasses.replace(self, labs=tuple(entry for entry in self.labs if entry[0] != lab))

    @property
    def base(self) -> "World":
        """The scenario as it is shipped."""
        return World(self.scenario)

    @property
    def changed(self) -> bool:
        """Whether anything differs from the shipped scenario."""
        return bool(self.changes or self.policies or self.labs)

    def with_policy(self, name: str, on: bool = True) -> "World":
        """With a law or commitment put in force, or taken out."""
        rest = [policy for policy in self.policies if policy != name]
        return dataclasses.replace(self, policies=tuple([*rest, name] if on else rest))

    @property
    def sets(self) -> list[str]:
        """The changes as `--set` takes them."""
        return [f"{key}={text}" for key, text in self.pairs()[1:]]

    def resolve(self) -> Scenario:
        """The scenario to run. Raises ScenarioError."""
        return _resolve(self, tuple(type(value) for *_, value in (*self.changes, *self.labs)))

    def pairs(self) -> list[tuple[str, str]]:
        """What a link says of it."""
        return [
            ("scenario", self.scenario),
            *((SCENARIO_KEY, name) for name in self.policies),
            *((path, text_of(value)) for path, value in self.changes),
            *((f"{lab} {key}", text_of(value)) for lab, key, value in self.labs),
        ]

    def command(self, command: str = "run", *options: str) -> str:
        """The command that runs it."""
        sets = [word for text in self.sets for word in ("--set", text)]
        return shlex.join(["labsim", command, self.scenario, *sets, *options])

    def toml(self) -> str:
        """Its scenario file: only what differs from its base."""
        scenario = self.resolve()
        head = {"title": f"{scenario.title} (changed)", "base": self.scenario}
        head |= {SCENARIO_KEY: list(self.policies)} if self.policies else {}
        head |= {f"{lab} {key}": value for lab, key, value in self.labs}
        return tomlkit.dumps(document_of(head, {path: scenario.get(path) for path, _ in self.changes}))

    def python(self, replications: int) -> str:
        """Lines of Python that run it and print the mean of each outcome."""
        lines, world = ["import labsim", "", f'scenario = labsim.load("{self.scenario}")'], self.resolve()
        changes: dict[str, Any] = {SCENARIO_KEY: list(self.policies)} if self.policies else {}
        changes |= {path: world.get(path) for path, _ in self.changes}
        changes |= {f"{lab} {key}": value for lab, key, value in self.labs}
        lines += [f"scenario = scenario.with_({changes!r})"] if changes else []
        lines += [f"results = labsim.run(scenario, replications={replications})"]
        return "\n".join([*lines, "print({name: round(s.mean, 4) for name, s in results.summaries.items()})"])


@dataclass(frozen=True)
class View:
    """All that a link says: the world, pinned worlds, and which future, week and lab is looked at."""

    world: World = World()
    pins: tuple[World, ...] = ()
    future: int = 0
    week: int | None = None
    lab: str | None = None
    more: tuple[tuple[str, str], ...] = ()  # what single screens keep, as `map.x`

    def query(self) -> str:
        """The part of a link after `?`."""
        pairs = self.world.pairs()
        pairs += [("pin", urlencode(pin.pairs())) for pin in self.pins]
        seen = {"future": self.future or None, "week": self.week, "lab": self.lab}  # week 0 is not the opening week
        pairs += [(key, str(value)) for key, value in seen.items() if value is not None]
        return urlencode([*pairs, *self.more], quote_via=quote, safe=":/,")




def _in_file(value: Any) -> Any:
    """A value as a scenario file has it: there is no None."""
    return NEVER if value is None else value


@lru_cache(maxsize=64)
def base(name: str) -> Scenario:
    """A shipped scenario. Raises ScenarioError for one that is not."""
    known = list(shipped_scenarios())
    if name not in known:
        raise ScenarioError(f"scenario '{cut(name)}': must be one of {', '.join(known)}{nearest(name, known)}")
    return load(name)


@lru_cache(maxsize=512)
def _resolve(world: World, kinds: tuple[type, ...]) -> Scenario:
    """The scenario of a world; `kinds` of its values tell 3 labs from 3.0, which there cannot be."""
    own = {f"{lab} {key}": value for lab, key, value in world.labs}
    return with_changes(base(world.scenario), {SCENARIO_KEY: list(world.policies)} | dict(world.changes) | own)


def parse(query: str | None) -> View:
    """What a link says. Raises ScenarioError naming what is wrong; nothing is taken from a link that is."""
    pins, changes, seen, more = [], [], {}, []
    sound = (query or "").encode(errors="replace").decode()  # a browser may send half of a character
    for key, value in parse_qsl(sound, keep_blank_values=True):
        if not key:
            raise ScenarioError(f"'={cut(value)}': a name must stand before the =")
        if key == "pin":
            pins.append(_world(parse_qsl(value, keep_blank_values=True)))
        elif key in ("future", "week"):
            seen[key] = _whole(key, value, 0, MOST_FUTURE if key == "future" else MOST_WEEK)
        elif key == "lab":
            seen[key] = value
        elif key.split(".")[0] in KEPT_GROUPS:
            more.append((key, value))
        else:
            changes.append((key, value))
    if len(pins) > MOST_PINS:
        raise ScenarioError(f"{len(pins)} pinned worlds: at most {MOST_PINS}")
    world = _world(changes)
    names = [lab.name for lab in world.resolve().all_labs]
    if seen.get("lab") is not None and seen["lab"] not in names:
        raise ScenarioError(f"lab = {shown(seen['lab'])}: must be one of {', '.join(names)}")
    for key, value in more:
        _check_kept(key, value, names)
    return View(world, tuple(pins), more=tuple(more), **seen)


def _check_kept(key: str, value: str, labs: list[str]) -> None:
    """Raises ScenarioError for what no screen keeps, or not so; a pause specification is checked where it is made."""
    if key.startswith(SPEC) and key != WHO:
        return
    numbers = {LUCK: (1, MOST_LUCK), GUESSED: (0, 100)}
    if key in numbers:
        _whole(key, value, *numbers[key])
        return
    if key not in CHOICES and key != WHO and key not in AXES:
        known = [*CHOICES, *numbers, *AXES, WHO]
        raise ScenarioError(f"unknown '{cut(key)}'{nearest(key, known)}")
    choices = CHOICES.get(key) or ([EVERYONE, *labs] if key == WHO else list(CATALOGUE))
    if value not in choices:
        several = f"one of {', '.join(choices)}" if key not in AXES else "the path of a parameter"
        raise ScenarioError(f"{key} = {shown(value)}: must be {several}{nearest(value, list(choices))}")


def _whole(key: str, text: str, low: int, high: int) -> int:
    """The whole number of a key. Raises ScenarioError."""
    if not text.isdecimal() or len(text.lstrip("0")) > len(str(high)) or not low <= int(text) <= high:
        raise ScenarioError(f"{key} = {shown(text)}: must be a whole number from {low} to {high:,}")
    return int(text)


def _read(key: str, text: str, lists: bool = False) -> Any:
    """A value of a link; a table is none, nor is a list unless `lists`: it stays the text that an error then names.

    Raises ScenarioError for what no value can be.
    """
    try:
        value = value_of(text)
    except ValueError as error:
        raise ScenarioError(f"{cut(key)} = {shown(text)}: {error}") from None
    return text if isinstance(value, dict) or (isinstance(value, list) and not lists) else value


def _world(pairs: Iterable[tuple[str, str]]) -> World:
    """The world of a link's pairs, resolved once to see that it can be. Raises ScenarioError."""
    name, everyone, changes, policies, labs = OPENING, "", {}, [], {}
    for key, value in pairs:
        if key == "scenario":
            name = value
        elif key == STRATEGY_KEY:  # of all labs
            everyone = value
        elif " " in key:  # of one lab
            lab, _, what = key.rpartition(" ")
            if not lab.strip() or not what:
                raise ScenarioError(f"'{cut(key)}': must be a lab's name, a space, and what of it is changed")
            labs[lab, what] = _read(key, value)
        elif key == SCENARIO_KEY:
            known = [each for family in SCENARIO_FAMILIES for each in presets(family)]
            given = _read(key, value, lists=True)
            names = given if isinstance(given, list) and given else [value]
            for each in names:
                if each not in known:
                    near = nearest(str(each), known)
                    raise ScenarioError(f"{key} = {shown(each)}: must be one of {', '.join(known)}{near}")
            policies += names
        else:
            changes[key] = _read(key, value)
    if everyone:
        labs = {(lab.name, STRATEGY_KEY): everyone for lab in base(name).all_labs} | labs
    world = World(name, tuple(sorted(changes.items())), tuple(policies))
    for (lab, what), value in sorted(labs.items()):  # an archetype before what goes beyond it
        world = world.with_lab(lab, what, value)
    world.resolve()
    return world
