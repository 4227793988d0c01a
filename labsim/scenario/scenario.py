"""A scenario: a question, the values of all parameters, and the labs. Checked, immutable.

A path (`cycle.review`, `governance.rate_limit.start`) names a parameter; `CATALOGUE` knows them
all. Values a rule reads are floats: `rows` turns a scenario into what the engines read.
"""

import contextlib
import dataclasses
import datetime
import difflib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from labsim.model.declaration import Declaration, declarations
from labsim.model.events import EVENTS
from labsim.model.governance import RULES
from labsim.model.orders import NEVER
from labsim.model.parameters import COMMON_TO_EVALUATORS, EVALUATOR_GROUP, GROUPS, LAB_GROUPS, row
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


def check_uncertainty(path: str, spec: Any) -> dict[str, Any]:
    """The distribution of an uncertain parameter, checked; its support lies in the parameter's range."""
    with within("uncertainties", "uncertainties"):
        return _distribution(path, spec)


def _distribution(path: str, spec: Any) -> dict[str, Any]:
    if path not in CATALOGUE:
        raise ScenarioError(f"unknown parameter '{cut(path)}'{nearest(path, list(CATALOGUE))}", path)
    d = CATALOGUE[path]
    if d.kind == "constant" or d.options or d.default is None or path in ("race.labs", "evaluators.number"):
        raise ScenarioError(f"'{path}' cannot be sampled: it is a {d.kind} or not a plain number", path)
    if not isinstance(spec, Mapping) or spec.get("dist") not in list(DISTRIBUTIONS):
        raise ScenarioError(f"{path} = {shown(spec)}: dist must be one of {', '.join(DISTRIBUTIONS)}", f"{path}.dist")
    needs = DISTRIBUTIONS[spec["dist"]]
    unknown = [key for key in spec if key not in ("dist", *needs)]
    missing = [key for key in needs if key not in spec]
    if unknown or missing:
        fault = f"unknown key '{cut(unknown[0])}'" if unknown else f"'{missing[0]}' is missing"
        place = f"{path}.{(unknown or missing)[0]}"
        raise ScenarioError(f"{path}: {fault}; {spec['dist']} takes {', '.join(needs)}", place)
    if spec["dist"] == "choice":
        if not isinstance(spec["values"], list) or not spec["values"]:
            raise ScenarioError(f"{path}: values must be a list of at least one value", f"{path}.values")
        values = []
        for number, value in enumerate(spec["values"]):
            with at(f"{path}.values.{number}"):
                values.append(check_value(path, value))
        return {"dist": "choice", "values": values}
    numbers = {key: spec[key] for key in needs}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e308:
            raise ScenarioError(f"{path}: {key} = {shown(value)} must be a number", f"{path}.{key}")
        fraction = d.whole and key in ("low", "high") and not float(value).is_integer()
        if fraction or (key != "sd" and not d.low <= value <= d.high):
            raise ScenarioError(f"{path}: {key} = {shown(value)} must be {d.allowed}", f"{path}.{key}")
    order = [numbers[key] for key in ("low", "mode", "high") if key in numbers]
    if order != sorted(order) or (order and order[0] == order[-1]):
        raise ScenarioError(f"{path}: low must be below high, got {order}", f"{path}.low")
    if spec["dist"] == "loguniform" and numbers["low"] <= 0:
        raise ScenarioError(f"{path}: low = {shown(numbers['low'])}: loguniform needs low > 0", f"{path}.low")
    if numbers.get("sd", 1) <= 0:
        raise ScenarioError(f"{path}: sd = {shown(numbers['sd'])}: normal needs sd > 0", f"{path}.sd")
    return {"dist": spec["dist"], **numbers}


@dataclass(frozen=True)
class LabSpec:
    """One lab of a scenario: its name, how it decides, and where it differs from the scenario's tables."""

    name: str
    strategy: str = "calculator"
    values: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, str] = field(default_factory=dict)  # by key, such as belief; their values are in `values`


def check_name(what: str, name: Any) -> str:
    """The name of `what`, a lab or an evaluator, checked: any text that can be read and drawn. Raises ScenarioError."""
    if not isinstance(name, str) or not name.strip():
        raise ScenarioError(f"{what}: name = {shown(name)}: must be a text", "name")
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
            raise ScenarioError(
                f"lab '{spec.name}': '{path}' belongs to the race; a lab's own groups are {', '.join(LAB_GROUPS)}",
                path,
            )
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


@dataclass(frozen=True)
class Scenario:
    """A world to run: see the module. Make one with `labsim.load`, change it with `with_`."""

    name: str
    title: str = ""
    question: str = ""
    base: str | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULTS))
    labs: tuple[LabSpec, ...] | None = None  # None: race.labs labs that are alike
    evaluators: tuple[EvaluatorSpec, ...] | None = None  # None: evaluators.number that are alike
    uncertainties: Mapping[str, Any] = field(default_factory=dict)
    expect: tuple[Mapping[str, Any], ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, path: str) -> Any:
        """The value of a parameter, for labs that do not override it."""
        return self.values[path]

    def get(self, path: str) -> Any:
        """The value of a parameter, or its default where a rule was registered after this was made."""
        return self.values.get(path, DEFAULTS.get(path))

    def ever_in_force(self, rule: str, by_labs: bool = True) -> bool:
        """Whether a rule, such as governance.rate_limit, has a start or a trigger; a lab's own count if `by_labs`."""
        edges = [f"{rule}.start", f"{rule}.trigger"]
        own = by_labs and any(lab.values.get(edge) is not None for lab in self.all_labs for edge in edges)
        return own or any(self.get(edge) is not None for edge in edges)

    def with_(self, changes: Mapping[str, Any]) -> "Scenario":
        """The same scenario with some parameters changed.

        Raises ScenarioError for an unknown path, a wrong type, a value out of range, or race.labs
        where the scenario lists its labs.
        """
        checked = {path: check_value(path, value) for path, value in changes.items()}
        if "race.labs" in checked and self.labs is not None:
            raise ScenarioError(f"race.labs cannot be set: '{self.name}' lists its {len(self.labs)} labs", "race.labs")
        if "evaluators.number" in checked and self.evaluators is not None:
            listed = f"'{self.name}' lists its {len(self.evaluators)} evaluators"
            raise ScenarioError(f"evaluators.number cannot be set: {listed}", "evaluators.number")
        return dataclasses.replace(self, values={**self.values, **checked}).changed_from(self)

    def with_strategies(self, strategies: Sequence[str]) -> "Scenario":
        """The same scenario with the labs, in order, deciding like these."""
        pairs = zip(self.all_labs, strategies, strict=True)
        labs = tuple(check_lab(dataclasses.replace(lab, strategy=strategy)) for lab, strategy in pairs)
        return dataclasses.replace(self, labs=labs).changed_from(self)

    def with_strategy(self, strategy: str) -> "Scenario":
        """The same scenario with every lab deciding like this: a twin."""
        return self.with_strategies([strategy] * len(self.all_labs))

    def changed_from(self, before: "Scenario") -> "Scenario":
        """This scenario, made from `before`: where it is another world, its claims say which one they are about."""
        same = all(
            getattr(self, what) == getattr(before, what)
            for what in ("values", "all_labs", "all_evaluators", "uncertainties")
        )
        if same or not self.expect:
            return self
        return dataclasses.replace(self, expect=tuple({ABOUT: before.name, **block} for block in self.expect))

    def without_rules(self) -> "Scenario":
        """The same scenario with no governance rule and no safeguard ever in force."""
        never = {
            path: None
            for path in CATALOGUE
            if path.startswith(("governance.", "safeguards.")) and path.endswith((".start", ".trigger"))
        }
        free = self.with_(never)
        if self.labs is None:
            return free
        labs = [
            dataclasses.replace(lab, values={path: never.get(path, value) for path, value in lab.values.items()})
            for lab in self.labs
        ]
        return dataclasses.replace(free, labs=tuple(labs))

    @cached_property
    def all_labs(self) -> tuple[LabSpec, ...]:
        """The labs, listed or made."""
        if self.labs is not None:
            return self.labs
        count = self.values["race.labs"]
        return tuple(LabSpec(NAMES[i] if i < len(NAMES) else f"Lab {i + 1}") for i in range(count))

    @cached_property
    def all_evaluators(self) -> tuple[EvaluatorSpec, ...]:
        """The evaluators, listed or made."""
        if self.evaluators is not None:
            return self.evaluators
        return tuple(EvaluatorSpec(f"Evaluator {i + 1}") for i in range(self.values["evaluators.number"]))

    def rows(self) -> dict[str, dict[str, float]]:
        """The values of each table as rules read them, for a lab that overrides nothing."""
        counts = {"race.labs": len(self.all_labs), "evaluators.number": len(self.all_evaluators)}
        values = {**DEFAULTS, **self.values, **counts}
        return {table: _table_row(table, values) for table in TABLES}

    def lab_rows(self, lab: LabSpec) -> dict[str, dict[str, float]]:
        """The lab's own tables as rules read them."""
        values = {**DEFAULTS, **self.values, **lab.values}
        return {table: _table_row(table, values) for table in lab_tables()}

    def evaluator_row(self, evaluator: EvaluatorSpec) -> dict[str, float]:
        """The table [evaluators] as this evaluator's rules read it."""
        return _table_row(EVALUATOR_GROUP, {**DEFAULTS, **self.values, **evaluator.values})


def check_dates(scenario: Scenario) -> Scenario:
    """The scenario, if nothing in it ends before it starts. Raises ScenarioError."""
    owners = [("", "", scenario.values)]
    for number, lab in enumerate(scenario.labs or ()):
        owners.append((f"lab '{lab.name}': ", f"lab.{number}.", {**scenario.values, **lab.values}))
    for who, place, values in owners:
        for table in TABLES:
            start, stop = values.get(f"{table}.start"), values.get(f"{table}.stop")
            if start is not None and stop is not None and stop <= start:
                fault = f"{table}.stop = {stop}: must be later than {table}.start = {start}"
                places = [f"{owner}{table}.{edge}" for owner in (place, "") for edge in ("stop", "start")]
                raise ScenarioError(f"{who}{fault}", *places)
    return scenario


def _table_row(table: str, values: Mapping[str, Any]) -> dict[str, float]:
    kind = TABLES[table]
    own = {name: values[f"{table}.{name}"] for name in declarations(kind)}
    return row(table, kind, {name: NEVER if value is None else value for name, value in own.items()})
