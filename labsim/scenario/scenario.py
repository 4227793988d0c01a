"""A scenario: a question, the values of all parameters, and the labs. Checked, immutable.

Values a rule reads are floats: `rows` turns a scenario into what the engines read.
"""

import dataclasses
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from labsim.model.declaration import declarations
from labsim.model.orders import NEVER
from labsim.model.parameters import EVALUATOR_GROUP, row
from labsim.scenario.checked import (
    ABOUT,
    CATALOGUE,
    DEFAULTS,
    EVERY,
    NAMES,
    TABLES,
    EvaluatorSpec,
    LabSpec,
    ScenarioError,
    ScenarioWarning,
    at,
    check_lab,
    check_value,
    is_lab_path,
    lab_draws,
    lab_tables,
    nearest,
    not_of_a_lab,
    parts_of,
)
from labsim.scenario.presets import LAB_KEYS, SCENARIO_KEY, agreed, chosen
from labsim.scenario.values import cut, shown, text_of

STRATEGY_KEY = "strategy"
TWINS = {"all_keep": "keeper", "all_remove": "closer"}  # what all labs do in the worlds that every run stands beside


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
    asked: frozenset[str] = field(default=frozenset(), compare=False)  # what was set on top of another world
    gone: tuple[str, ...] = field(default=(), compare=False)  # labs of its base that its own list left out
    beaten: tuple[str, ...] = field(default=(), compare=False)  # of what was set beside every lab's, and is not used
    opened: str = field(default="", compare=False, repr=False)  # the name or file that `load` was given, if any

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
        """The same scenario with some things changed: all that `--set` takes, by key.

        A key is a parameter, `* PATH` of every lab, `Birch PATH` of one, `Birch strategy`, `strategy`, or `with`;
        a lab's own beats every lab's, that beats the world's. Warns (ScenarioWarning) of what moves nothing.
        Raises ScenarioError for an unknown key, a wrong type, a value out of range, or race.labs where the scenario
        lists its labs.
        """
        return self.changed(changes).changed_from(self).warned(self)

    def changed(self, changes: Mapping[str, Any]) -> "Scenario":
        """What `with_` makes, without warnings, with all claims as they are. Raises ScenarioError."""
        own = {key: value for key, value in changes.items() if key != SCENARIO_KEY}
        paths = {key: value for key, value in own.items() if key != STRATEGY_KEY and not parts_of(key)[0]}
        values, sources = agreed(changes.get(SCENARIO_KEY, []), paths)
        kept = {path: source for path, source in {**self.sources, **sources}.items() if path not in paths}
        world = dataclasses.replace(self.with_paths({**values, **paths}), sources=kept)
        if STRATEGY_KEY in own:
            world = world.with_strategy(own[STRATEGY_KEY])
        of_labs = [key for key in own if key not in paths and key != STRATEGY_KEY]
        for key in sorted(of_labs, key=_rank):
            with at(key):
                world = world._with_own(key, own[key])
        beaten = [
            f"{path} = {text_of(paths[path])} moves nothing: '{key}' = {text_of(own[key])} is every lab's"
            for key in of_labs for who, path in [parts_of(key)]
            if who == EVERY and path in paths and paths[path] != own[key]
        ]  # fmt: skip
        return dataclasses.replace(world, beaten=(*world.beaten, *beaten)) if beaten else world

    def _with_own(self, key: str, value: Any) -> "Scenario":
        """With a lab's strategy, preset or own value changed, or every lab's: `Birch cycle.review`."""
        who, what = parts_of(key)
        names = [lab.name for lab in self.all_labs]
        if who not in (EVERY, *names):
            raise ScenarioError(
                f"{cut(key)} = {shown(value)}: no lab '{cut(who)}': "
                f"must be one of {', '.join(names)}, or {EVERY} for every lab{nearest(who, names)}"
            )
        world, is_path = self, what not in (STRATEGY_KEY, *LAB_KEYS)
        if who == EVERY and is_path:
            world = self._with_every(what, value)
            if world.labs is None:  # labs that are alike have nothing of their own
                return world
        elif is_path:
            drawn = {drawn: spec for drawn, spec in self.uncertainties.items() if drawn != key}
            world = dataclasses.replace(self, uncertainties=drawn)

        def own(lab: LabSpec) -> LabSpec:
            if who not in (EVERY, lab.name):
                return lab
            names, values = chosen(f"lab '{lab.name}'", {what: value}, LAB_KEYS)
            if is_path:
                values = {what: value}
            strategy, presets = value if what == STRATEGY_KEY else lab.strategy, {**lab.presets, **names}
            changed = dataclasses.replace(lab, strategy=strategy, presets=presets, values={**lab.values, **values})
            return check_lab(changed)

        return dataclasses.replace(world, labs=tuple(own(lab) for lab in world.all_labs))

    def _with_every(self, path: str, value: Any) -> "Scenario":
        """With the world's value of a lab's parameter changed, for every lab: nobody draws it any more."""
        if path in CATALOGUE and not is_lab_path(path):
            raise ScenarioError(f"{EVERY} {path} = {shown(value)}: {not_of_a_lab(path)}: write {path}")
        world = self.not_drawn([path]).with_paths({path: value}, asked=False)
        sources = {key: source for key, source in world.sources.items() if parts_of(key)[1] != path}
        return dataclasses.replace(world, sources=sources, asked=world.asked - {path})

    def with_paths(self, changes: Mapping[str, Any], asked: bool = True) -> "Scenario":
        """The same scenario with parameters of the world changed, no longer drawn; labs keep what is their own.

        `asked` if somebody set them, so that what does not move is to be remarked. Raises ScenarioError as `with_`.
        """
        checked = {path: check_value(path, value) for path, value in changes.items()}
        if "race.labs" in checked and self.labs is not None:
            listed = f"'{self.name}' lists its {len(self.labs)} labs"
            raise ScenarioError(f"race.labs cannot be set: {listed}", "race.labs", SCENARIO_KEY)
        if "evaluators.number" in checked and self.evaluators is not None:
            listed = f"'{self.name}' lists its {len(self.evaluators)} evaluators"
            raise ScenarioError(f"evaluators.number cannot be set: {listed}", "evaluators.number", SCENARIO_KEY)
        drawn = {key: spec for key, spec in self.uncertainties.items() if key not in checked}
        values, set_ = {**self.values, **checked}, self.asked.union(checked if asked else ())
        return dataclasses.replace(self, values=values, uncertainties=drawn, asked=set_)

    def not_drawn(self, paths: Iterable[str]) -> "Scenario":
        """The same scenario with these parameters drawn for nobody."""
        still = set(paths)
        drawn = {key: spec for key, spec in self.uncertainties.items() if parts_of(key)[1] not in still}
        return dataclasses.replace(self, uncertainties=drawn)

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

    def remarks(self) -> list[str]:
        """A sentence for each thing that was set, here or in its file, and does not do what it seems to do."""
        gone = [_of_gone_labs(self)] if self.gone else []
        idle = [f"{rule} has settings but no start: it is never in force" for rule in self.idle_rules()]
        overridden = [_overridden(self, key, labs) for key, labs in self.overridden()]
        return [*gone, *self.beaten, *overridden, *idle]

    def warned(self, before: "Scenario | None" = None) -> "Scenario":
        """The same scenario; with a ScenarioWarning for each remark that was not due `before` already."""
        known = before.remarks() if before is not None else ()
        for text in self.remarks():
            if text not in known:
                warnings.warn(text, ScenarioWarning, stacklevel=3)
        return self

    def idle_rules(self) -> list[str]:
        """The rules that are never in force although something of them was set."""
        tables: list[Mapping[str, Any]] = [self.values, *(lab.values for lab in self.all_labs)]
        known = {path for values in tables for path in CATALOGUE if values.get(path) not in (None, DEFAULTS[path])}
        asked = {parts_of(key)[1].rpartition(".")[0] for key in (*known, *self.asked, *self.uncertainties)}
        return [rule for rule in TABLES if rule in asked and "." in rule and not self.ever_in_force(rule)]

    def overridden(self) -> Iterator[tuple[str, list[str]]]:
        """(key, labs) of each value of the world, set or drawn, that labs do not have: they have something else."""
        draws = {lab.name: lab_draws(lab, self.uncertainties) for lab in self.all_labs}
        for path in filter(is_lab_path, CATALOGUE):
            keys = [key for key in (path, f"{EVERY} {path}") if key in self.uncertainties]
            keys += [path] if path in self.asked and path not in keys else []
            for key in keys:
                drawn = key in self.uncertainties
                other = [
                    lab.name
                    for lab in self.all_labs
                    if (draws[lab.name].get(path) != key if drawn else path in {*lab.values, *draws[lab.name]})
                ]
                if other:
                    yield key, other

    def without_rules(self) -> "Scenario":
        """The same scenario with no governance rule and no safeguard ever in force."""
        never = dict.fromkeys(edges_of_rules())
        free = self.with_paths(never, asked=False)
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


def edges_of_rules() -> list[str]:
    """What puts a governance rule or a safeguard in force: the paths of their starts and triggers."""
    return [
        path for path in CATALOGUE
        if path.startswith(("governance.", "safeguards.")) and path.endswith((".start", ".trigger"))
    ]  # fmt: skip


def _rank(key: str) -> tuple[bool, bool]:
    """The order of changes of labs, in which later ones win: presets, every lab's, a single lab's."""
    who, what = parts_of(key)
    return what not in LAB_KEYS, who != EVERY


def _of_gone_labs(scenario: Scenario) -> str:
    count = len(scenario.all_labs)
    listed = f"the file lists {count} lab{'s' if count > 1 else ''} in place of the {len(scenario.gone)}"
    left_out = [name for name in scenario.gone if name not in {lab.name for lab in scenario.all_labs}]
    return f"{listed} of '{scenario.base}': {', '.join(left_out)} are not in this world"


def _overridden(scenario: Scenario, key: str, labs: Collection[str]) -> str:
    path, drawn = parts_of(key)[1], key in scenario.uncertainties
    is_set = f"{key} is drawn" if drawn else f"{path} = {text_of(scenario[path])} is the world's value"
    keeps = "keeps its" if len(labs) == 1 else "keep their"
    nothing = ": it moves nothing" if len(labs) == len(scenario.all_labs) else ""
    cure = "" if key != path else f"; '{EVERY} {path}' is every lab's"
    return f"{is_set}, but {', '.join(labs)} {keeps} own{nothing}{cure}"


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
