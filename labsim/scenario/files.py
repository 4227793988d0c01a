"""Scenario files: found, read, merged with their base, checked, written."""

import dataclasses
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar


from labsim.model.declaration import declarations
from labsim.model.parameters import EVALUATOR_GROUP, GROUPS, LAB_GROUPS
from labsim.scenario.changes import leaves
from labsim.scenario.checked import (
    CATALOGUE,
    EVERY,
    FAMILIES,
    TABLES,
    EvaluatorSpec,
    LabSpec,
    ScenarioError,
    at,
    check_evaluator,
    check_lab,
    check_name,
    check_uncertainty,
    check_value,
    is_lab_path,
    nearest,
    not_of_a_lab,
    parts_of,
    within,
)  # fmt: skip
from labsim.scenario.expectations import fitting
from labsim.scenario.heads import TEXTS, shipped_scenarios
from labsim.scenario.lines import line_of, line_of_fault
from labsim.scenario.presets import EVALUATOR_KEYS, LAB_KEYS, SCENARIO_KEY, chosen
from labsim.scenario.scenario import Scenario, check_dates
from labsim.scenario.values import LONGEST_PATH, NO_DATE, cut, shown, toml_content

if TYPE_CHECKING:
    import tomlkit

Read = TypeVar("Read")
OTHER = (SCENARIO_KEY, "lab", "evaluator", "uncertainties", "expect", "notes", "sources")
LISTS = (SCENARIO_KEY, "lab", "evaluator", "expect")
TOP_LEVEL = [*TEXTS, *OTHER, *GROUPS, *FAMILIES]
MOST_BYTES = 1_000_000  # of a file: a shipped one has some 4,000
MOST_BASES = 20  # each on top of the next


def named(scenario: Scenario) -> str:
    """A scenario's name; for a shipped one that was changed, with how many parameters."""
    if scenario.name not in shipped_scenarios():
        return scenario.name
    before = load(scenario.name).values
    drawn = scenario.uncertainties
    changed = [path for path, value in scenario.values.items() if value != before.get(path) and path not in drawn]
    count = f"{len(changed)} parameter{'s' if len(changed) > 1 else ''}"
    return f"{scenario.name} with {count} changed" if changed else scenario.name


def find(
    name: str, beside: Path | None = None, known: Mapping[str, Path] | None = None, what: str = "scenario"
) -> Path:
    """The file of a scenario: a shipped name, or a path (relative to the file `beside`, if given).

    `known` are the shipped files by name, `what` is what they hold. Raises ScenarioError if there is none.
    """
    known = shipped_scenarios() if known is None else known
    if name in known:
        return known[name]
    path = Path(name) if beside is None else beside.parent / name
    if os.path.isdir(path):
        raise ScenarioError(f"{path}: is a folder, not a {what} file")
    if not os.path.exists(path):
        raise ScenarioError(
            f"no {what} '{cut(name, LONGEST_PATH)}': neither a shipped name ({', '.join(known)}) nor a file"
            f"{nearest(name, list(known))}"
        )
    return path


class FileFault(ScenarioError):
    """Something in a file is not as it must be; the message begins with the file and, where there is one, its line.

    Of a base it ends with the file that was asked for, which stands on it.
    """

    def __init__(self, path: Path, line: int | None, message: str, above: Path | None = None):
        where = f"{path}, line {line}" if line else str(path)
        on_it = f" (a base of {above})" if above else ""
        super().__init__(f"{where}: " + "\\n".join(message.splitlines()) + on_it)
        self.path, self.line, self.message = path, line, message


def text_of(path: Path) -> str:
    """The text of a file, its lines ended alike. Raises FileFault: it has no end, is too large, or is no text."""
    try:
        if not path.is_file():  # a pipe would wait for ever, a device never end
            raise FileFault(path, None, "is not a regular file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise FileFault(path, None, f"cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise FileFault(path, None, f"is too large: must be at most {MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileFault(path, line, "not a text file (UTF-8)") from None


def read(path: Path, meaning: Callable[[dict[str, Any]], Read]) -> Read:
    """What a TOML file stands for: `meaning` is given its content, and raises ScenarioError if that is wrong.

    Raises FileFault, which names the file and the line of what is wrong.
    """
    text = text_of(path)
    try:
        return meaning(toml_content(text))
    except FileFault as fault:  # of a base, which may be a file that nobody thinks of
        raise FileFault(fault.path, fault.line, fault.message, path) from None
    except ScenarioError as error:
        raise FileFault(path, line_of(text, error.places), str(error)) from None
    except ValueError as error:
        raise FileFault(path, line_of_fault(text, error), f"not valid TOML: {error}") from None


def load(name: str | Path) -> Scenario:
    """Load a scenario by its shipped name or from a file.

    Raises ScenarioError: unknown key, wrong type, out of range, missing or circular base, a file
    that cannot be read. The message names the file, its base's if it is there, and the line. Warns (ScenarioWarning)
    of what is set and moves nothing.
    """
    return opened(name).warned()


def opened(name: str | Path) -> Scenario:
    """What `load` loads, without warnings, for those who say `Scenario.remarks` otherwise. Raises ScenarioError."""
    return dataclasses.replace(_load(find(str(name)), ()), opened=str(name))


def _load(path: Path, above: tuple[Path, ...]) -> Scenario:
    here = (*above, path.resolve())

    def meaning(content: dict[str, Any]) -> Scenario:
        base = Scenario(name=path.stem)
        if "base" in content:
            with at("base"):
                below = _base(path, content["base"], here)
            base = _load(below, here)
        return _merge(path.stem, content, base)

    return read(path, meaning)


def _base(path: Path, name: Any, above: Sequence[Path]) -> Path:
    """The file that a scenario file names as its base. Raises ScenarioError if there is none, or no end of bases."""
    if not isinstance(name, str):
        raise ScenarioError(f"base = {shown(name)}: must be the name or path of a scenario")
    file = find(name, beside=path)
    if (here := file.resolve()) in above:
        chain = " -> ".join(p.name for p in (*above[above.index(here) :], here))
        raise ScenarioError(f"base is circular: {chain}")
    if len(above) > MOST_BASES:
        raise ScenarioError(f"base = {shown(name)}: is a base too many: at most {MOST_BASES} may stand on each other")
    return file


def _merge(name: str, content: Mapping[str, Any], base: Scenario) -> Scenario:
    """A scenario file's content on top of its base."""
    own = {key: value for key, value in content.items() if " " in key}  # `* cycle.review`, `Birch strategy`
    for key, value in content.items():
        if key in own:
            continue
        if key not in TOP_LEVEL:
            raise ScenarioError(f"unknown key '{cut(key)}'{nearest(key, TOP_LEVEL)}", key)
        expected = str if key in TEXTS else list if key in LISTS else dict
        if not isinstance(value, expected) or (key == "expect" and not all(isinstance(e, dict) for e in value)):
            words = {
                str: "a text",
                list: "a list of names" if key == SCENARIO_KEY else f"a list of tables [[{key}]]",
                dict: f"a table [{key}]",
            }
            raise ScenarioError(f"{key} = {shown(value)}: must be {words[expected]}", key)
    if not content:
        raise ScenarioError("is empty: a scenario needs a question, or a base and what differs from it")
    _check_sources(content.get("sources", {}))
    drawn = {key: check_uncertainty(key, spec) for key, spec in content.get("uncertainties", {}).items()}
    paths = dict(_paths(content))
    labs, evaluators = base.labs, base.evaluators
    if "lab" in content:
        every = {path: _for_every(path, own.pop(f"{EVERY} {path}")) for path in _of_every(own) if path in CATALOGUE}
        entries = _each("lab", content["lab"], lambda i, entry: _lab(i, entry, every, _of_every(drawn)))
        labs, paths, base = _listed("lab", entries, 1, 40), {**every, **paths}, base.not_drawn(every)
    if "evaluator" in content:
        evaluators = _listed("evaluator", _each("evaluator", content["evaluator"], _evaluator), 0, 10)
    before = dataclasses.replace(
        base, name=name, base=content.get("base"), title=content.get("title", base.title),
        question=content.get("question", base.question), labs=labs, evaluators=evaluators, expect=(),
        notes=content.get("notes", {}), asked=frozenset(),
    )  # fmt: skip
    scenario = before.changed({SCENARIO_KEY: content.get(SCENARIO_KEY, []), **paths, **own})
    scenario = _with_drawn(scenario, drawn, None if "lab" in content else own)
    asked: frozenset[str] = scenario.asked
    gone: tuple[str, ...] = ()
    if content.get("base") is None:  # all that is set, is set here
        asked = frozenset()
    elif "lab" in content:  # who lists labs beside the world's values knows what they have of their own
        asked = frozenset(key for key in asked if not is_lab_path(key))
        gone = tuple(lab.name for lab in base.all_labs) if len(labs or ()) < len(base.all_labs) else ()
    scenario = dataclasses.replace(
        check_dates(scenario), asked=asked, gone=gone, expect=tuple(content.get("expect", ())),
        sources={**base.sources, **scenario.sources, **content.get("sources", {})},
    )  # fmt: skip
    fitting(scenario, shipped_scenarios())
    return scenario


def _of_every(keys: Iterable[str]) -> list[str]:
    """The paths of the keys that are of every lab."""
    return [path for who, path in map(parts_of, keys) if who == EVERY]


def _for_every(path: str, value: Any) -> Any:
    """The value of every lab's parameter, which a lab could have. Raises ScenarioError."""
    with at(f"{EVERY} {path}"):
        if not is_lab_path(path):
            raise ScenarioError(f"{EVERY} {path} = {shown(value)}: {not_of_a_lab(path)}: write {path}")
        check_value(path, value)
    return value


def _with_drawn(scenario: Scenario, drawn: Mapping[str, Any], own: Mapping[str, Any] | None) -> Scenario:
    """The scenario with a file's uncertain parameters; every lab's goes before what labs have from the base.

    `own` are the file's keys of single labs, which stay; None where the file lists its labs.
    """
    names = [lab.name for lab in scenario.all_labs]
    for key in drawn:
        if (who := parts_of(key)[0]) not in ("", EVERY, *names):
            known = f"must be one of {', '.join(names)}, or {EVERY} for every lab{nearest(who, names)}"
            fault = f"uncertainties: {cut(key)}: no lab '{cut(who)}': {known}"
            raise ScenarioError(fault, f"uncertainties.{key}")
    every = _of_every(drawn)
    labs = scenario.labs
    if labs is not None and own is not None:
        labs = tuple(_without(lab, [path for path in every if f"{lab.name} {path}" not in own]) for lab in labs)
    kept = scenario.not_drawn(every).uncertainties
    return dataclasses.replace(scenario, labs=labs, uncertainties={**kept, **drawn})


def _without(lab: LabSpec, paths: Collection[str]) -> LabSpec:
    """A lab without its own values of these parameters."""
    return dataclasses.replace(lab, values={path: value for path, value in lab.values.items() if path not in paths})


def _each(what: str, entries: Sequence[Any], check: Callable[[int, Any], Any]) -> list:
    """The entries of a list, checked."""
    specs = []
    for place, entry in enumerate(entries):
        with within(f"{what}.{place}"):
            specs.append(check(place, entry))
    return specs


def _listed(what: str, specs: list, low: int, high: int) -> tuple:
    """A list of labs or evaluators: not too many, no name twice."""
    if not low <= len(specs) <= high:
        raise ScenarioError(f"{what}: {len(specs)} {what}s listed: must be {low} to {high}", what)
    names = [spec.name for spec in specs]
    for place, name in enumerate(names):
        if name in names[:place]:
            first = names.index(name)
            places = [f"{what}.{i}.name" for i in (place, first)]  # one may be a default
            raise ScenarioError(f"{what}: the name '{cut(name)}' is used twice", *places)
    return tuple(specs)


def _check_sources(sources: Mapping[str, Any]) -> None:
    """Sources are texts, for a parameter or for a lab's own: `"Birch cycle.review" = "assumption"`."""
    for key, text in sources.items():
        path = key.split()[-1] if key.split() else key
        if path not in CATALOGUE:
            unknown = f"sources: unknown parameter '{cut(key)}'{nearest(path, list(CATALOGUE))}"
            raise ScenarioError(unknown, f"sources.{key}")
        if not isinstance(text, str):
            raise ScenarioError(f"sources: {cut(key)} = {shown(text)}: must be a text", f"sources.{key}")


def _paths(content: Mapping[str, Any]):
    """(path, value) of every parameter a file sets. Raises ScenarioError for an unknown table or key."""
    for group in (*GROUPS, *FAMILIES):
        tables = {group: content.get(group, {})}
        if group in FAMILIES:
            tables = {f"{group}.{rule}": table for rule, table in tables[group].items()}
        for table, values in tables.items():
            if table not in TABLES:
                hint = nearest(table.split(".")[1], list(FAMILIES[group]))
                raise ScenarioError(f"unknown rule '{cut(table)}'{hint}", table)
            if not isinstance(values, Mapping):
                raise ScenarioError(f"{table} = {shown(values)}: must be a table [{table}]", table)
            known = list(declarations(TABLES[table]))
            for name, value in values.items():
                if name not in known:
                    hint = "; keys of labs stand above the tables" if " " in name else nearest(name, known)
                    fault = f"unknown key '{table}.{cut(name)}'{hint}"
                    raise ScenarioError(fault, f"{table}.{name}")
                yield f"{table}.{name}", value


def _lab(place: int, entry: Any, every: Mapping[str, Any], drawn: Collection[str]) -> LabSpec:
    """A [[lab]] entry: name, strategy, presets, and paths of the lab's own groups, quoted or as tables.

    What the file says of every lab, as values or (`drawn`) distributions, goes before presets, not before its own.
    """
    name, rest = _named("lab", place, entry)
    strategy = rest.pop("strategy", "calculator")
    names, values = chosen(f"lab '{name}'", rest, LAB_KEYS)
    rest = {key: value for key, value in rest.items() if key not in LAB_KEYS}
    values = {path: value for path, value in values.items() if path not in drawn} | dict(every)
    values |= _own(f"lab '{name}'", rest, LAB_GROUPS, ["name", "strategy", *LAB_KEYS, *LAB_GROUPS])
    return check_lab(LabSpec(name=name, strategy=strategy, values=values, presets=names))


def _evaluator(place: int, entry: Any) -> EvaluatorSpec:
    """An [[evaluator]] entry: name, kind, and its own values: `access = 0.5` stands for evaluators.access."""
    name, rest = _named("evaluator", place, entry)
    names, values = chosen(f"evaluator '{name}'", rest, EVALUATOR_KEYS)
    short = list(declarations(GROUPS[EVALUATOR_GROUP]))
    rest = {key: value for key, value in rest.items() if key not in EVALUATOR_KEYS}
    rest = {f"{EVALUATOR_GROUP}.{key}" if key in short else key: value for key, value in rest.items()}
    values |= _own(f"evaluator '{name}'", rest, (EVALUATOR_GROUP,), ["name", *EVALUATOR_KEYS, *short])
    return check_evaluator(EvaluatorSpec(name=name, values=values, presets=names))


def _named(what: str, place: int, entry: Any) -> tuple[str, dict[str, Any]]:
    """(name, the rest) of a [[lab]] or [[evaluator]] entry."""
    if not isinstance(entry, Mapping):
        raise ScenarioError(f"{what} {place + 1} = {shown(entry)}: must be a table [[{what}]]")
    name = check_name(f"{what} {place + 1}", entry.get("name", f"{what.capitalize()} {place + 1}"))
    return name, {key: value for key, value in entry.items() if key != "name"}


def _own(who: str, entry: Mapping[str, Any], groups: tuple[str, ...], known: list[str]) -> dict[str, Any]:
    """Paths and values that an entry sets for itself, from quoted paths and from tables."""
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if key in groups and isinstance(value, Mapping):
            values |= dict(leaves(key, value))
        elif key in CATALOGUE or "." in key:
            values[key] = value
        else:
            raise ScenarioError(f"{who}: unknown key '{cut(key)}'{nearest(key, known)}", key)
    return values


def to_toml(scenario: Scenario) -> str:
    """The scenario with every value written out: the file of a run folder, which loads again.

    Its claims stand as they stood in its own file; in a changed world each says which world it is about.
    """
    listed = {"race.labs": scenario.labs, "evaluators.number": scenario.evaluators}
    document = document_of(
        {"title": scenario.title, "question": scenario.question},
        {path: x for path, x in scenario.values.items() if x is not None and listed.get(path) is None},
        scenario.labs,
        scenario.evaluators,
    )
    if scenario.uncertainties:
        document["uncertainties"] = {path: dict(spec) for path, spec in scenario.uncertainties.items()}
    for name in ("notes", "sources"):
        if getattr(scenario, name):
            document[name] = dict(getattr(scenario, name))
    if scenario.expect:
        document["expect"] = _tables([dict(block) for block in scenario.expect])
    return document.as_string()


def document_of(
    head: Mapping[str, Any], values: Mapping[str, Any], labs: Sequence[LabSpec] | None = None,
    evaluators: Sequence[EvaluatorSpec] | None = None,
) -> "tomlkit.TOMLDocument":  # fmt: skip
    """A scenario file: what stands above its tables, parameters by path, labs and evaluators where it lists them."""
    import tomlkit  # late: most commands write no scenario

    listed = {key: specs for key, specs in (("lab", labs), ("evaluator", evaluators)) if specs is not None}
    document = tomlkit.document()
    for key, value in {**head, **{key: [] for key, specs in listed.items() if not specs}}.items():
        document[key] = value
    for path, value in values.items():
        *tables, name = path.split(".")
        where = document
        for table in tables:
            where = where.setdefault(table, tomlkit.table(is_super_table=table in FAMILIES))
        where[name] = _in_file(value)
    for key, specs in listed.items():
        if specs:
            document[key] = _tables([_entry(spec) for spec in specs])
    return document


def _tables(entries: Sequence[Mapping[str, Any]]) -> "tomlkit.items.AoT":
    """A list of tables: [[lab]], [[expect]]."""
    import tomlkit  # late: see document_of

    tables = tomlkit.aot()
    for entry in entries:
        tables.append(tomlkit.item(entry))
    return tables


def _entry(spec: LabSpec | EvaluatorSpec) -> dict[str, Any]:
    """A lab or an evaluator as its table in a file."""
    strategy = {"strategy": spec.strategy} if isinstance(spec, LabSpec) else {}
    own = {path: _in_file(value) for path, value in spec.values.items()}
    return {"name": spec.name, **strategy, **spec.presets, **own}


def _in_file(value: Any) -> Any:
    """A value as a file has it: there is no None in TOML."""
    return NO_DATE if value is None else value
