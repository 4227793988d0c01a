"""The pause specification in the editor: what a link keeps of it, as a file, as a document, and its score."""

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import tomlkit

from labsim.engines.ensemble import Stop
from labsim.pause_spec import file as pause_spec_file
from labsim.pause_spec import report as pause_spec_report
from labsim.pause_spec.file import CONDITIONS, NUMBERS, SOURCED, TEXTS, Specification
from labsim.pause_spec.score import Score, score
from labsim.scenario.checked import ScenarioError
from labsim.scenario.values import text_of, toml_content
from labsim.show import pages
from labsim.show.numbers import MINUS
from viz.world.ensembles import FIRST, FULL
from viz.world.world import EVERYONE, SPEC, WHO, World

SHIPPED = "rsi-cycle"
MINE = "my-pause-spec"
YOURS = "the user's"  # the source of a number that was changed here
Flat = dict[str, str]


@cache
def shipped() -> Specification:
    """The specification that the editor starts from."""
    return pause_spec_file.load_specification(SHIPPED)


def content_of(spec: Specification) -> dict[str, Any]:
    """A specification as the content of its file."""
    content: dict[str, Any] = {"title": spec.title, "danger": spec.danger}
    numbers: dict[str, Mapping[str, float]] = {"pause_when": spec.conditions, "review": {"weeks": spec.weeks}}
    for table, keys in TEXTS.items():
        texts = {key: spec.texts[table, key] for key in keys if (table, key) in spec.texts}
        lists = {key: lines[0] if len(lines) == 1 else list(lines) for key, lines in texts.items()}
        if entry := {**numbers.get(table, {}), **lists}:
            content[table] = entry
    return content | ({"sources": dict(spec.sources)} if spec.sources else {})


def toml(spec: Specification) -> str:
    """Its file, which `labsim pause-spec` takes; unchanged, the shipped one with its remarks."""
    if spec == shipped():
        return pause_spec_file.find_specification(SHIPPED).read_text(encoding="utf-8")
    return tomlkit.dumps(content_of(spec))


def flat(spec: Specification) -> Flat:
    """A specification as a text for each key: gap, weeks, scope.loops, sources.gap."""
    result = {"title": spec.title, "danger": text_of(spec.danger), "weeks": text_of(spec.weeks)}
    result |= {name: text_of(value) for name, value in spec.conditions.items()}
    result |= {f"{table}.{key}": "\n".join(lines) for (table, key), lines in spec.texts.items()}
    return result | {f"sources.{key}": text for key, text in spec.sources.items()}


def from_flat(texts: Mapping[str, str]) -> Specification:
    """The specification of these texts. Raises ScenarioError."""
    content: dict[str, Any] = {}
    tables = {name: table for table, names in NUMBERS.items() for name in names}
    for key, text in texts.items():
        table, _, name = key.rpartition(".")
        if key in tables:
            content.setdefault(tables[key], {})[key] = number_of(text)
        elif key == "danger":
            content[key] = number_of(text)
        elif table:
            content.setdefault(table, {})[name] = text if table == "sources" else text.split("\n")
        else:
            content[key] = text
    same = dict(texts) == flat(shipped())
    return shipped() if same else pause_spec_file.specification(MINE, content)


def number_of(text: str) -> float | str:
    """A number that was typed; what is none is left for the check to name."""
    try:
        return float(text.strip().replace(MINUS, "-"))
    except ValueError:
        return text


def kept(more: Mapping[str, str]) -> Specification:
    """The specification of a link; a number that is not the shipped one is the user's. Raises ScenarioError."""
    own = {key.removeprefix(SPEC): text for key, text in more.items() if key.startswith(SPEC) and key != WHO}
    sources = {f"sources.{key}": YOURS if text else "" for key, text in own.items() if key in SOURCED}
    return from_flat({key: text for key, text in (flat(shipped()) | sources | own).items() if text})


def to_keep(spec: Specification) -> Flat:
    """What a link must say of it: where it differs from the shipped one; what it lacks is kept as an empty text."""
    mine, start = flat(spec), flat(shipped())
    differs = {key: mine.get(key, "") for key in {**start, **mine} if mine.get(key) != start.get(key)}
    implied = {f"sources.{key}": YOURS if text else "" for key, text in differs.items() if key in SOURCED}
    return {f"{SPEC}{key}": text for key, text in differs.items() if implied.get(key) != text}


def with_number(spec: Specification, name: str, text: str) -> Specification:
    """With another number; without any, the condition is off. Raises ScenarioError naming key, value and range."""
    texts = flat(spec)
    texts.pop(name, None)
    texts.pop(f"sources.{name}", None)
    if text.strip():
        pause_spec_file.specification(MINE, {"pause_when": {"gap": 1.0}, **_at(name, number_of(text))})
        texts[name] = text_of(number_of(text))
        unchanged = texts[name] == flat(shipped()).get(name)
        texts[f"sources.{name}"] = shipped().sources.get(name, YOURS) if unchanged else YOURS
    elif name not in CONDITIONS:
        raise ScenarioError(f"{name}: must be {pause_spec_file.DECLARED[name].allowed}")
    order = {key: place for place, key in enumerate([*SOURCED, *flat(shipped())])}
    return from_flat(dict(sorted(texts.items(), key=lambda pair: order.get(pair[0], len(order)))))


def _at(name: str, value: Any) -> dict[str, Any]:
    """A number where it stands in the file."""
    table = next((table for table, names in NUMBERS.items() if name in names), None)
    return {name: value} if table is None else {table: {name: value}}


def pasted(text: str) -> Specification:
    """The specification of a pasted file. Raises ScenarioError."""
    try:
        return pause_spec_file.specification(MINE, toml_content(text))
    except ScenarioError:
        raise
    except ValueError as error:
        raise ScenarioError(f"not valid TOML: {error}") from None


def who_is_bound(world: World, who: str) -> tuple[int, ...]:
    """The places of the labs that obey; an unknown name stands for the first lab, as another scenario has others."""
    scenario = world.resolve()
    named = who if who in [lab.name for lab in scenario.all_labs] else None
    return pause_spec_file.who_obeys(scenario, named, who == EVERYONE)


def scores(spec: Specification, world: World, labs: tuple[int, ...], stop: Stop) -> Iterator[Score]:
    """What it is worth: with few futures, then with all."""
    for replications in (FIRST, FULL):
        yield score(spec, world.resolve(), labs, replications, stop=stop)


def command(result: Score, world: World, who: str) -> str:
    """The command that writes the document again."""
    name = SHIPPED if result.spec == shipped() else f"{MINE}.toml"
    bound = ["--all"] if who == EVERYONE else ["--lab", result.labs[0]] if who else []
    words = ["pause-spec", name, "--scenario", world.scenario, *bound]
    return pages.command(words, world.sets, result.replications, result.seed, Path(f"{MINE}.md"))


def document(result: Score, spec: Specification, world: World, who: str) -> str:
    """The specification for people and its score, as `labsim pause-spec --out` writes it."""
    mine = dataclasses.replace(result, spec=spec)
    return pause_spec_report.document(mine, command(mine, world, who))


def meanings(result: Score) -> list[str]:
    """What the counts mean, in the document's own words; its intervals are not those of the screen."""
    lines = [line.replace("`", "") for line in pause_spec_report.score_lines(result, "")]
    told = [line for line in lines if "A pause is needed if" in line or line.startswith("Weeks later")]
    return [line.partition(" Intervals are")[0] for line in told]
