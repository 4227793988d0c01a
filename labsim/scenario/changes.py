"""Changes to a scenario, as people write them: a key and a value.

A key is a parameter (`cycle.review`), a lab's own (`Birch cycle.review`, as in [sources]) or every lab's
(`* cycle.review`), how a lab decides (`Birch strategy`), what kind it is (`Birch archetype`), how all decide
(`strategy`), or `with`: presets in force. The same in --set, in files, in expectations and in the app's links; where
a value is a text it is read by `value_of` and written by `text_of`, so that it is the same bits.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labsim.scenario.checked import ScenarioError
from labsim.scenario.presets import SCENARIO_KEY
from labsim.scenario.scenario import Scenario, check_dates
from labsim.scenario.values import cut, value_of


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
    return check_dates(scenario.changed(changes)).changed_from(scenario)
