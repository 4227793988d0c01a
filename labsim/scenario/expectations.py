"""What a scenario expects of itself: its [[expect]] blocks, read and checked.

An expectation is a claim in words and a test of one number: an outcome of this world (changed as `where`
says), or its difference from another world under the same luck (`against`). Its status says whether the
model agrees: `holds`; `contradicted`, with what was found instead; or `open`, where nobody knows.
A claim with `about` was made of another world, from which this one was changed: it is shown, and no fault of this one.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labsim.model.outcomes import GAMES, OUTCOMES
from labsim.model.state import LabState, fields
from labsim.scenario.changes import leaves, with_changes
from labsim.scenario.checked import ABOUT, ScenarioError, nearest, within
from labsim.scenario.scenario import TWINS, Scenario
from labsim.scenario.values import cut, shown

UNCHANGED = "unchanged"
HOLDS, CONTRADICTED, OPEN = STATUSES = ("holds", "contradicted", "open")
HIGHER, LOWER, NONE = DIRECTIONS = ("higher", "lower", "none")
LABEL = "label"
GAME_QUANTITIES = ("closure_premium", "last_keeper", "collective_loss")  # prizes, of a focal lab
REPLICATIONS = 1000  # races of each world, unless the block says otherwise
NUMBERS = {"than": None, "at_least": 0.0, "value": None, "tolerance": 0.0, "beyond": 0.0}  # with the lowest allowed
TEST_KEYS = ("direction", "than", "at_least", "value", "tolerance", "is")
KEYS = ("claim", "outcome", "lab", "beyond", "where", "against", "beside", *TEST_KEYS, "replications", "status",
        "found", "finding", ABOUT)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What a number has to be: higher or lower than `than`, near `value`, or a game's name."""

    direction: str | None = None  # higher or lower; none is near 0
    than: float = 0.0
    at_least: float = 0.0  # the least distance from `than`
    value: float | None = None
    tolerance: float = 0.0
    label: str | None = None

    def meets(self, values: np.ndarray) -> np.ndarray:
        """Whether each number is as much higher or lower as `direction` asks for."""
        sign = 1.0 if self.direction == HIGHER else -1.0
        more = sign * (values - self.than)
        return (more > 0.0) & (more >= self.at_least)

    def words(self, times: float = 1.0) -> str:
        """The test for people, its numbers times so much: 100 for per cent."""
        if self.label is not None:
            return self.label
        if self.value is not None:
            return f"{times * self.value:g} within {times * self.tolerance:g}"
        least = f" by at least {times * self.at_least:g}" if self.at_least else ""
        return f"{self.direction} than {times * self.than:g}{least}"


@dataclass(frozen=True)
class Expectation:
    """One [[expect]] block. `against` is None for a level, a name, or a table of changes."""

    scenario: str
    number: int  # from 1
    claim: str
    outcome: str
    test: Wanted
    lab: str | None = None
    beyond: float | None = None  # then the number is the share of races whose outcome is farther than this from 0
    where: Mapping[str, Any] = field(default_factory=dict)
    against: str | Mapping[str, Any] | None = None
    beside: Mapping[str, Any] | None = None  # then it is the difference that these changes make to the difference
    replications: int = REPLICATIONS
    status: str = HOLDS
    found: Wanted | None = None  # of a contradicted one: what the model says instead
    finding: str = ""
    about: str | None = None  # the world of which it was claimed, if not this one

    @property
    def is_game(self) -> bool:
        """Whether it asks about the closure game."""
        return self.outcome == LABEL or self.outcome in GAME_QUANTITIES


def expectations(scenario: Scenario, known: Collection[str]) -> tuple[Expectation, ...]:
    """The scenario's expectations; `known` are the scenarios that `against` may name.

    Raises ScenarioError naming the block, the key, its value and what is allowed.
    """
    result = []
    for number, block in enumerate(scenario.expect, 1):
        with _block(number):
            result.append(_read(scenario, number, block, known))
    return tuple(result)


def fitting(scenario: Scenario, known: Collection[str], strict: bool = True) -> Scenario:
    """The scenario with the claims that can be put to it: one about another world may name a lab that is not here.

    `known` as in `expectations`. Raises ScenarioError where a claim of its own cannot, if `strict`.
    """
    fit = []
    for number, block in enumerate(scenario.expect, 1):
        try:
            with _block(number):
                _read(scenario, number, block, known)
        except ScenarioError:
            if strict and not (isinstance(block, Mapping) and isinstance(block.get(ABOUT), str)):
                raise
        else:
            fit.append(block)
    return dataclasses.replace(scenario, expect=tuple(fit))


def bounds(scenario: Scenario) -> dict[str, Wanted]:
    """The targets that claims set for outcomes of the scenario as it is: {outcome: direction and `than`}.

    A claim counts that bounds the level of an outcome, unless the model is known to contradict it; of several about
    one outcome the first.
    """
    result: dict[str, Wanted] = {}
    for number, block in enumerate(scenario.expect, 1):
        try:
            e = _read(scenario, number, block, ())
        except ScenarioError:  # of a world that is not known here, or a lab that is gone
            continue
        is_level = e.against is None and e.lab is None and e.beyond is None and not e.where and not e.is_game
        if is_level and e.test.direction is not None and e.status != CONTRADICTED:
            result.setdefault(e.outcome, e.test)
    return result


def _block(number: int) -> AbstractContextManager[None]:
    """What is wrong in here is wrong in the block of this number, from 1."""
    return within(f"expect.{number - 1}", f"expect {number}")


def _read(scenario: Scenario, number: int, block: Mapping[str, Any], known: Collection[str]) -> Expectation:
    """One block, checked."""
    _only(block, KEYS)
    for key in ("claim", "outcome"):
        if key not in block:
            raise ScenarioError(f"{key} is missing")
    for key in ("claim", "outcome", "lab", "finding", ABOUT):
        if key in block and not (isinstance(block[key], str) and block[key].strip()):
            raise ScenarioError(f"{key} = {shown(block[key])}: must be a text", key)
    outcome, lab = block["outcome"], block.get("lab")
    games = (LABEL, *GAME_QUANTITIES)
    outcomes = (*(OUTCOMES if lab is None else fields(LabState)), *games)
    if lab is not None:
        _one_of("lab", lab, [spec.name for spec in scenario.all_labs])
        if outcome in OUTCOMES and outcome not in outcomes:
            raise ScenarioError(f"outcome = {shown(outcome)}: is of the whole race: leave 'lab' out", "lab")
    _one_of("outcome", outcome, outcomes, " of a lab" if lab is not None else "")
    if outcome in games and len(scenario.all_labs) < 2:
        raise ScenarioError(f"outcome = {shown(outcome)}: a game needs at least 2 labs", "outcome")
    against = block.get("against")
    if not isinstance(against, Mapping) and against is not None:
        _one_of("against", against, (UNCHANGED, *TWINS, *known), ", or a table of changes")
    changes = {}
    for key in ("where", "against", "beside"):
        if key in block and not (key == "against" and isinstance(block[key], str)):
            changes[key] = _changes(scenario, key, block[key])
    if outcome in games and isinstance(against, str) and against in TWINS:
        fault = f"against = {shown(against)}: a game is about all that labs can do, so it has no twin"
        raise ScenarioError(fault, "against")
    if (against is None or outcome == LABEL) and "beside" in block:
        fault = "beside: needs a difference: give 'against', and an outcome that is a number"
        raise ScenarioError(fault, "beside")
    if outcome == LABEL and ("against" in block or "beyond" in block):
        fault = "outcome = 'label': is a name, so neither 'against' nor 'beyond' goes with it"
        raise ScenarioError(fault, "against" if "against" in block else "beyond")
    test = _test(block, outcome)
    share = block.get("beyond") is not None or (lab is None and outcome in OUTCOMES and OUTCOMES[outcome].is_share)
    if share:
        _check_share(block, against)
    if "than" in block and against is not None:
        raise ScenarioError(f"than = {shown(block['than'])}: is for a level; with 'against' use 'at_least'", "than")
    status = block.get("status", HOLDS)
    _one_of("status", status, STATUSES)
    if (status == CONTRADICTED) != ("found" in block):
        fault = "found: says what a contradicted claim meets instead, so each needs the other"
        raise ScenarioError(fault, "found" if "found" in block else "status")
    if status == CONTRADICTED and "finding" not in block:
        raise ScenarioError("finding is missing: a sentence that says what the model does instead")
    instead = None
    if "found" in block:
        _only(block["found"], TEST_KEYS, "found")
        with within("found", "found"):
            instead = _test(block["found"], outcome)
    replications = block.get("replications", REPLICATIONS)
    if isinstance(replications, bool) or not isinstance(replications, int) or not 2 <= replications <= 1_000_000:
        fault = f"replications = {shown(replications)}: must be a whole number from 2 to 1,000,000"
        raise ScenarioError(fault, "replications")
    return Expectation(
        scenario=scenario.name, number=number, claim=block["claim"], outcome=outcome, test=test, lab=lab,
        beyond=block.get("beyond"), where=changes.get("where", {}), against=changes.get("against", against),
        beside=changes.get("beside"), replications=replications, status=status, found=instead,
        finding=block.get("finding", ""), about=block.get(ABOUT),
    )  # fmt: skip


def _test(block: Mapping[str, Any], outcome: str) -> Wanted:
    """The test that a block or its `found` asks for: exactly one of direction, value and is."""
    for key, low in NUMBERS.items():
        value = block.get(key, 0.0)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
            raise ScenarioError(f"{key} = {shown(value)}: must be a number", key)
        if low is not None and value < low:
            raise ScenarioError(f"{key} = {shown(value)}: must be at least {low:g}", key)
    if sum(key in block for key in ("direction", "value", "is")) != 1:
        raise ScenarioError("needs exactly one of direction, value and is")
    if ("is" in block) != (outcome == LABEL):
        raise ScenarioError("is: goes with outcome = 'label', and only with it", "is")
    if "is" in block:
        _one_of("is", block["is"], GAMES)
        return Wanted(label=block["is"])
    direction = block.get("direction")
    if direction is not None:
        _one_of("direction", direction, DIRECTIONS)
    near = direction in (None, NONE)  # a value, or no effect
    for key in ("than", "at_least") if near else ("tolerance",):
        if key in block:
            raise ScenarioError(f"{key}: goes with {'direction higher or lower' if near else 'value or none'}", key)
    if near:
        if "tolerance" not in block:
            raise ScenarioError("tolerance is missing: how far from the value is still the value")
        return Wanted(value=float(block.get("value", 0.0)), tolerance=float(block["tolerance"]))
    return Wanted(direction, float(block.get("than", 0.0)), float(block.get("at_least", 0.0)))


def _check_share(block: Mapping[str, Any], against: Any) -> None:
    """A share is from 0 to 1, not a percentage; none is below 0."""
    for key in ("than", "at_least", "value"):
        if not -1.0 <= block.get(key, 0.0) <= 1.0:
            raise ScenarioError(f"{key} = {shown(block[key])}: is a share: must be from 0 to 1", key)
    if against is None and block.get("direction") == LOWER and block.get("than", 0.0) <= 0.0:
        fault = "direction = 'lower': a share is never below 0: give 'against', or 'than'"
        raise ScenarioError(fault, "direction")


def _changes(scenario: Scenario, key: str, table: Any) -> dict[str, Any]:
    """A table of changes, flat, that this scenario takes."""
    if not isinstance(table, Mapping):
        raise ScenarioError(f"{key} = {shown(table)}: must be a table of changes", key)
    flat = dict(leaves("", table))
    with within(key, key):
        with_changes(scenario, flat)
    return flat


def _one_of(key: str, value: Any, known: Iterable[str], more: str = "") -> None:
    """Raises ScenarioError unless the value is one of the known words."""
    known = list(known)
    if value not in known:
        hint = nearest(str(value), known)
        raise ScenarioError(f"{key} = {shown(value)}: must be one of {', '.join(known)}{more}{hint}", key)


def _only(block: Any, known: Collection[str], who: str = "") -> None:
    """Raises ScenarioError unless it is a table with known keys only."""
    if not isinstance(block, Mapping):
        raise ScenarioError(f"{who} = {shown(block)}: must be a table", *([who] if who else []))
    for key in block:
        if key not in known:
            fault = f"{who}{': ' if who else ''}unknown key '{cut(key)}'{nearest(key, list(known))}"
            raise ScenarioError(fault, f"{who}.{key}" if who else key)
