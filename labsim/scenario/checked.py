"""What a scenario is made of, checked: parameters by path, distributions, labs, evaluators.

A path (`cycle.review`, `governance.rate_limit.start`) names a parameter; `CATALOGUE` knows them all.
"""

import contextlib
import dataclasses
import datetime
import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labsim.model.declaration import Declaration, declarations
from labsim.model.events import EVENTS
from labsim.model.governance import RULES
from labsim.model.parameters import COMMON_TO_EVALUATORS, EVALUATOR_GROUP, GROUPS, LAB_GROUPS
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.strategies import STRATEGIES
from labsim.scenario.values import NO_DATE, cut, shown

START_DATE = datetime.date(2026, 4, 1)
FAMILIES: dict[str, dict[str, type]] = {"events": EVENTS, "safeguards": SAFEGUARDS, "governance": RULES}
TABLES: dict[str, type] = GROUPS | {
    f"{family}.{name}": kind for family, rules in FAMILIES.items() for name, kind in rules.items()
}
CATALOGUE: dict[str, Declaration] = {
    f"{table}.{name}": d for table, kind in TABLES.items() for name, d in declarations(kind).items()
}
DEFAULTS: dict[str, Any] = {path: d.default for path, d in CATALOGUE.items()}
NAMES = ("Birch", "Cedar", "Hazel", "Rowan", "Alder", "Linden", "Maple", "Aspen", "Willow", "Juniper")
MOST_LETTERS = 200  # of a name
UNPRINTABLE = ("Cc", "Cs", "Cn", "Zl", "Zp")  # Unicode's controls, surrogates, unassigned, ends of line and paragraph
EVERY = "*"  # whose a key is: `* cycle.review` is every lab's
ABOUT = "about"  # the key of a claim that names the world it was made of, where it stands in another one
DISTRIBUTIONS = {  # what each needs
    "uniform": ("low", "high"), "loguniform": ("low", "high"), "normal": ("mean", "sd"),
    "triangular": ("low", "mode", "high"), "choice": ("values",),
}  # fmt: skip


class ScenarioError(ValueError):
    """Something in a scenario is not as it must be; the message names it, its value and what is allowed.

    `places` are where it may stand in a scenario's file, the likeliest first: see `lines.line_of`.
    """

    def __init__(self, message: str, *places: str):
        super().__init__(message)
        self.places = places


class ScenarioWarning(UserWarning):
    """Something that was set in a scenario moves nothing, or less than it seems to; see `Scenario.remarks`."""


@contextlib.contextmanager
def within(table: str, who: str = "") -> Iterator[None]:
    """What is wrong in here stands in this table of the file; `who` begins the message. Raises ScenarioError."""
    try:
        yield
    except ScenarioError as error:
        places = [f"{table}.{place}" for place in error.places] or [table]
        raise ScenarioError(f"{who}: {error}" if who else str(error), *places) from None


@contextlib.contextmanager
def at(place: str) -> Iterator[None]:
    """What is wrong in here stands at this place of the file. Raises ScenarioError."""
    try:
        yield
    except ScenarioError as error:
        raise ScenarioError(str(error), place) from None


def nearest(word: str, known: list[str]) -> str:
    """A hint at the known word nearest to an unknown one, or nothing."""
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""


def is_lab_path(path: str) -> bool:
    """Whether a path or table belongs to the lab (may differ from lab to lab)."""
    return path.split(".")[0] in LAB_GROUPS


def is_evaluator_path(path: str) -> bool:
    """Whether a path belongs to the evaluator (may differ from one to the next)."""
    group, _, name = path.partition(".")
    return group == EVALUATOR_GROUP and name not in COMMON_TO_EVALUATORS


def parts_of(key: str) -> tuple[str, str]:
    """(whose, path) of a key: nobody's of `cycle.review`, a lab's of `Birch cycle.review`, every lab's of `* ...`."""
    who, _, path = key.rpartition(" ")
    return who, path


def lab_tables() -> list[str]:
    """The tables that belong to the lab."""
    return [table for table in TABLES if is_lab_path(table)]


def week_of(date: datetime.date) -> int:
    """The week that a date falls in; week 0 begins on 1 April 2026."""
    return (date - START_DATE).days // 7


def check_value(path: str, value: Any) -> Any:
    """The value of a parameter, checked: type, range, choice.

    Raises ScenarioError naming the path, the value and what is allowed.
    """
    if path not in CATALOGUE:
        raise ScenarioError(f"unknown parameter '{cut(path)}'{nearest(path, list(CATALOGUE))}", path)
    return check_declared(path, CATALOGUE[path], value)


def check_declared(path: str, d: Declaration, value: Any) -> Any:
    """A value checked against a declaration; `path` is what errors call it. Raises ScenarioError."""
    given = value.isoformat() if d.is_date and isinstance(value, datetime.date) else value
    dates = f", a week or a date from {START_DATE} (week 0) on" if d.is_date else ""
    dates += f", or {NO_DATE}" if d.default is None else ""
    wrong = ScenarioError(f"{path} = {shown(given)}: must be {d.allowed}{dates}", path)
    if d.default is None and (value is None or value == NO_DATE):
        return None
    if d.is_date:
        if isinstance(value, str):
            with contextlib.suppress(ValueError):
                value = datetime.date.fromisoformat(value)
        if isinstance(value, datetime.date):
            value = week_of(value.date() if isinstance(value, datetime.datetime) else value)
    if d.options:
        if isinstance(value, bool) and {"no", "yes"} == set(d.options):
            return "yes" if value else "no"
        if value not in d.options:
            raise wrong
        return value
    if isinstance(value, bool) or not isinstance(value, int if d.whole else (int, float)):
        raise wrong
    if not d.low <= value <= d.high:  # nor nan
        raise wrong
    return value if d.whole else float(value)


def check_uncertainty(key: str, spec: Any) -> dict[str, Any]:
    """The distribution of an uncertain parameter, checked; its support lies in the parameter's range.

    The key is a path, or one of labs: `* cycle.review` is drawn for every lab alike, `Birch cycle.review` for one.
    """
    with within(f"uncertainties.{key}", "uncertainties"):
        return _distribution(key, spec)


def _distribution(key: str, spec: Any) -> dict[str, Any]:
    """The distribution of a key, checked. Raises ScenarioError, whose places are within its table."""
    who, path = parts_of(key)
    if path not in CATALOGUE:
        raise ScenarioError(f"unknown parameter '{cut(path)}'{nearest(path, list(CATALOGUE))}")
    d = CATALOGUE[path]
    if who and not is_lab_path(path):
        raise ScenarioError(f"{cut(key)}: {not_of_a_lab(path)}")
    if d.kind == "constant" or d.options or d.default is None or path in ("race.labs", "evaluators.number"):
        raise ScenarioError(f"'{path}' cannot be sampled: it is a {d.kind} or not a plain number")
    if not isinstance(spec, Mapping) or spec.get("dist") not in list(DISTRIBUTIONS):
        raise ScenarioError(f"{path} = {shown(spec)}: dist must be one of {', '.join(DISTRIBUTIONS)}", "dist")
    needs = DISTRIBUTIONS[spec["dist"]]
    unknown = [name for name in spec if name not in ("dist", *needs)]
    missing = [name for name in needs if name not in spec]
    if unknown or missing:
        fault = f"unknown key '{cut(unknown[0])}'" if unknown else f"'{missing[0]}' is missing"
        raise ScenarioError(f"{path}: {fault}; {spec['dist']} takes {', '.join(needs)}", *(unknown or missing)[:1])
    if spec["dist"] == "choice":
        if not isinstance(spec["values"], list) or not spec["values"]:
            raise ScenarioError(f"{path}: values must be a list of at least one value", "values")
        values = []
        for number, value in enumerate(spec["values"]):
            with at(f"values.{number}"):
                values.append(check_value(path, value))
        return {"dist": "choice", "values": values}
    numbers = {name: spec[name] for name in needs}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e308:
            raise ScenarioError(f"{path}: {name} = {shown(value)} must be a number", name)
        fraction = d.whole and name in ("low", "high") and not float(value).is_integer()
        if fraction or (name != "sd" and not d.low <= value <= d.high):
            raise ScenarioError(f"{path}: {name} = {shown(value)} must be {d.allowed}", name)
    order = [numbers[name] for name in ("low", "mode", "high") if name in numbers]
    if order != sorted(order) or (order and order[0] == order[-1]):
        raise ScenarioError(f"{path}: low must be below high, got {order}", "low")
    if spec["dist"] == "loguniform" and numbers["low"] <= 0:
        raise ScenarioError(f"{path}: low = {shown(numbers['low'])}: loguniform needs low > 0", "low")
    if numbers.get("sd", 1) <= 0:
        raise ScenarioError(f"{path}: sd = {shown(numbers['sd'])}: normal needs sd > 0", "sd")
    return {"dist": spec["dist"], **numbers}


@dataclass(frozen=True)
class LabSpec:
    """One lab of a scenario: its name, how it decides, and where it differs from the scenario's tables."""

    name: str
    strategy: str = "calculator"
    values: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, str] = field(default_factory=dict)  # by key, such as belief; their values are in `values`


def not_of_a_lab(path: str) -> str:
    """Why a lab cannot have a parameter of its own, in words."""
    return f"'{path}' belongs to the race; a lab's own groups are {', '.join(LAB_GROUPS)}"


def lab_draws(lab: LabSpec, keys: Iterable[str]) -> dict[str, str]:
    """Which draws a lab reads: {path: key}. Its own draw beats its value, its value all others' draws."""
    result = {}
    for whose in ("", EVERY, lab.name):
        for key in keys:
            who, path = parts_of(key)
            if who == whose and is_lab_path(path) and (who == lab.name or path not in lab.values):
                result[path] = key
    return result


def check_name(what: str, name: Any) -> str:
    """The name of `what`, a lab or an evaluator, checked: any text that can be read and drawn. Raises ScenarioError."""
    if not isinstance(name, str) or not name.strip():
        raise ScenarioError(f"{what}: name = {shown(name)}: must be a text", "name")
    if name.strip() == EVERY:
        raise ScenarioError(f"{what}: name = {shown(name)}: stands for every lab; must be another one", "name")
    hidden = [letter for letter in name if unicodedata.category(letter) in UNPRINTABLE]
    if hidden or len(name) > MOST_LETTERS:
        fault = f"the character U+{ord(hidden[0]):04X} cannot be printed; " if hidden else ""
        allowed = f"must be 1 to {MOST_LETTERS} letters, digits, signs and spaces of any script"
        raise ScenarioError(f"{what}: name = {shown(name)}: {fault}{allowed}", "name")
    return name


def check_lab(spec: LabSpec) -> LabSpec:
    """A lab, checked. Raises ScenarioError."""
    check_name("lab", spec.name)
    if spec.strategy not in list(STRATEGIES):
        known = list(STRATEGIES)
        raise ScenarioError(
            f"lab '{spec.name}': strategy = {shown(spec.strategy)}: must be one of "
            f"{', '.join(known)}{nearest(spec.strategy, known)}",
            "strategy",
        )
    for path in spec.values:
        if path in CATALOGUE and not is_lab_path(path):
            raise ScenarioError(f"lab '{spec.name}': {not_of_a_lab(path)}", path)
    return _check_own(spec, f"lab '{spec.name}'")


def _check_own(spec: Any, who: str) -> Any:
    """A lab or evaluator with its own values checked."""
    try:
        values = {path: check_value(path, value) for path, value in spec.values.items()}
    except ScenarioError as error:  # an evaluator's may stand there without their table
        short = [place.rpartition(".")[2] for place in error.places]
        raise ScenarioError(f"{who}: {error}", *error.places, *short) from None
    return dataclasses.replace(spec, values=values)


@dataclass(frozen=True)
class EvaluatorSpec:
    """One evaluator of a scenario: its name, and where it differs from the table [evaluators]."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, str] = field(default_factory=dict)


def check_evaluator(spec: EvaluatorSpec) -> EvaluatorSpec:
    """An evaluator, checked. Raises ScenarioError."""
    check_name("evaluator", spec.name)
    for path in spec.values:
        if path in CATALOGUE and not is_evaluator_path(path):
            own = [name for name in declarations(GROUPS[EVALUATOR_GROUP]) if name not in COMMON_TO_EVALUATORS]
            fault = f"'{path}' belongs to the race; its own are {', '.join(own)}"
            raise ScenarioError(f"evaluator '{spec.name}': {fault}", path, path.rpartition(".")[2])
    return _check_own(spec, f"evaluator '{spec.name}'")
