"""Rules and strategies of your own, without a fork: registered, they have names like those shipped."""

import dataclasses
import dis
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from labsim.model.declaration import declarations
from labsim.model.governance import RULES
from labsim.model.state import LabState
from labsim.model.state import fields as fields_of
from labsim.model.strategies import STRATEGIES
from labsim.scenario.checked import CATALOGUE, DEFAULTS, TABLES, ScenarioError, nearest
from labsim.scenario.files import load
from labsim.scenario.scenario import Scenario, check_dates


def snake(name: str) -> str:
    """CommonPause -> common_pause."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def register_strategy(function: Callable, name: str | None = None) -> str:
    """Make a strategy known under its function's name, for this process; returns the name.

    Raises ValueError if the name belongs to another strategy that ships with labsim, or it cannot be called as one is.
    """
    name = name or function.__name__
    _check_call(f"strategy '{name}'", function, "lab", "race", "p", "key")
    if STRATEGIES.get(name, function) is not function and STRATEGIES[name].__module__ == "labsim.model.strategies":
        raise ValueError(f"strategy '{name}' ships with labsim: choose another name")
    STRATEGIES[name] = function
    return name


def check_lab_class(lab: Any) -> None:
    """Raises ScenarioError if a kind of lab of one's own has a `decide` that cannot be called as it is."""
    if isinstance(lab, type) and callable(decide := getattr(lab, "decide", None)):
        _check_call(f"lab {lab.__name__}: decide", decide, "self")


def _check_call(what: str, function: Callable, *arguments: str) -> None:
    """Raises ScenarioError if a function cannot be called with these arguments, by position."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # one of Python's own, which does not say
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise ScenarioError(f"{what}: takes {signature}, but is called with ({', '.join(arguments)})") from None


def register_rule(rule: type) -> str:
    """Make a governance rule known: `governance.<its_name>.<parameter>` are then parameters.

    Raises ValueError if it is not a dataclass with `start`, `stop`, `act`, or its name is taken.
    """
    name = snake(rule.__name__)
    decorated = "__dataclass_fields__" in vars(rule)  # of its own: a base that is a dataclass does not count
    fields = [f.name for f in dataclasses.fields(rule)] if decorated else []
    if not {"start", "stop"} <= set(fields) or not callable(act := getattr(rule, "act", None)):
        dataclass = "a dataclass (write @dataclass(frozen=True) above it)"
        raise ValueError(f"rule {rule.__name__}: must be {dataclass} with start, stop and act(rule, lab, race, key)")
    _check_call(f"rule '{name}': act", act, "rule", "lab", "race", "key")
    if RULES.get(name, rule) is not rule and RULES[name].__module__.startswith("labsim."):
        raise ValueError(f"rule '{name}' ships with labsim: choose another name")
    written = {step.argval for step in dis.get_instructions(act) if step.opname == "STORE_ATTR"}
    for word in sorted(written - set(fields_of(LabState))):
        raise ValueError(
            f"rule '{name}': act writes '{word}', which no lab has{nearest(word, list(fields_of(LabState)))}"
        )
    RULES[name] = rule
    TABLES[f"governance.{name}"] = rule
    for field, declaration in declarations(rule).items():
        CATALOGUE[f"governance.{name}.{field}"] = declaration
        DEFAULTS[f"governance.{name}.{field}"] = declaration.default
    return name


def extend(scenario: Scenario | str, rules: Iterable[Any] = (), strategies: Any = ()) -> Scenario:
    """A scenario with rules and strategies of one's own: see `labsim.run`."""
    scenario = load(scenario) if not isinstance(scenario, Scenario) else scenario
    for what, given in (("rules", rules), ("strategies", strategies)):
        if not isinstance(given, Iterable) or isinstance(given, str):
            raise ScenarioError(f"{what} = {given!r}: must be a list")
    for rule in rules:
        name = register_rule(type(rule))
        values = dataclasses.asdict(rule)
        scenario = check_dates(scenario.with_paths({f"governance.{name}.{field}": v for field, v in values.items()}))
    if isinstance(strategies, Mapping):
        known = [lab.name for lab in scenario.all_labs]
        for lab in strategies:
            if lab not in known:
                raise ScenarioError(f"strategies: no lab '{lab}'; the labs are {', '.join(known)}")
            if not callable(strategies[lab]):
                raise ScenarioError(
                    f"strategies: {lab} = {strategies[lab]!r}: must be a function (lab, race, p, key); a shipped "
                    f"strategy is set by with_({{'{lab} strategy': ...}})"
                )
        labs = [
            dataclasses.replace(lab, strategy=register_strategy(strategies[lab.name]))
            if lab.name in strategies
            else lab
            for lab in scenario.all_labs
        ]
        return dataclasses.replace(scenario, labs=tuple(labs))
    for function in strategies:
        register_strategy(function)
    return scenario
