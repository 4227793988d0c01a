"""Changes to a scenario, as people write them: a key and a value.

A key is a parameter (`cycle.review`), a lab's own (`Birch cycle.review`, as in [sources]), how a lab decides
(`Birch strategy`), what kind it is (`Birch archetype`), how all decide (`strategy`), or `with`: presets in
force. The same in --set, in expectations and in the app's links; where a value is a text it is read by `value_of`
and written by `text_of`, so that it is the same bits.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labsim.scenario.presets import LAB_KEYS, SCENARIO_KEY, chosen, with_presets
from labsim.scenario.scenario import LabSpec, Scenario, ScenarioError, at, check_dates, check_lab, nearest
from labsim.scenario.values import NO_DATE, cut, shown, value_of

STRATEGY_KEY = "strategy"


def text_of(value: Any) -> str:
    """A value as --set and links have it: short where that is the same number."""
    if value is None:
        return NO_DATE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        short = f"{value:.6g}"
        return short if abs(value) < 1e15 and float(short) == value else repr(value)
    return str(value)


def change_of(text: str) -> tuple[str, Any]:
    """(key, value) of KEY=VALUE. Raises ScenarioError."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError(f"--set {cut(text)}: must be PATH=VALUE, such as cycle.review=3")
    try:
        return key.strip(), value_of(value)
    except ValueError as error:
        raise ScenarioError(f"--set {cut(text)}: {error}") from None


def with_texts(scenario: Scenario, texts: Iterable[str]) -> Scenario:
    """The scenario with the changes of --set, each KEY=VALUE; `with` may come several times. Raises ScenarioError."""
    pairs = [change_of(text) for text in texts]
    named = [value if isinstance(value, list) else [value] for key, value in pairs if key == SCENARIO_KEY]
    return with_changes(scenario, dict(pairs) | {SCENARIO_KEY: [name for names in named for name in names]})


def leaves(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """(path, value) of everything in nested tables."""
    for key, value in table.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping):
            yield from leaves(path, value)
        else:
            yield path, value


def with_changes(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """The scenario with these changes; what is changed by name wins over presets, a lab's own over all.

    Raises ScenarioError: unknown key, lab, preset or strategy, a value out of range, an end before its start.
    """
    own = {key: value for key, value in changes.items() if key != SCENARIO_KEY}
    paths = {key: value for key, value in own.items() if key != STRATEGY_KEY and " " not in key}
    world = with_presets(scenario, changes.get(SCENARIO_KEY, []), paths)
    sources = {path: source for path, source in world.sources.items() if path not in paths}
    world = dataclasses.replace(world, sources=sources).with_(paths)
    if STRATEGY_KEY in own:
        world = world.with_strategy(own[STRATEGY_KEY])
    single = [(key, value) for key, value in own.items() if key not in paths and key != STRATEGY_KEY]
    for key, value in sorted(single, key=lambda pair: _what(pair[0]) not in LAB_KEYS):  # presets first: numbers win
        with at(key):
            world = _with_own(world, key, value)
    return check_dates(world).changed_from(scenario)


def _what(key: str) -> str:
    """What of a lab a key changes: `cycle.review` of `Birch cycle.review`."""
    return key.rpartition(" ")[2]


def _with_own(scenario: Scenario, key: str, value: Any) -> Scenario:
    """The scenario with one lab's strategy, preset or own value changed: `Birch cycle.review`."""
    name, what = key.rpartition(" ")[0], _what(key)
    names = [lab.name for lab in scenario.all_labs]
    if name not in names:
        raise ScenarioError(
            f"{cut(key)} = {shown(value)}: no lab '{cut(name)}': "
            f"must be one of {', '.join(names)}{nearest(name, names)}"
        )

    def own(lab: LabSpec) -> LabSpec:
        if lab.name != name:
            return lab
        names, values = chosen(f"lab '{name}'", {what: value}, LAB_KEYS)
        if what not in (STRATEGY_KEY, *LAB_KEYS):
            values = {what: value}
        strategy = value if what == STRATEGY_KEY else lab.strategy
        presets = {**lab.presets, **names}
        return check_lab(dataclasses.replace(lab, strategy=strategy, presets=presets, values={**lab.values, **values}))

    return dataclasses.replace(scenario, labs=tuple(own(lab) for lab in scenario.all_labs))
