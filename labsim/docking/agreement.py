"""What it means to reproduce a published model: parameters, an estimate, a reference, and whether they agree.

A dock is a frozen dataclass whose fields are declared as parameters are (range, meaning, source). `simulate`
runs the project's own rules in a fast ensemble; `references` gives what was published, from formulas or tables
that share no code with the rules.
"""

import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.model.declaration import Declaration, declarations
from labsim.model.outcomes import Final
from labsim.runs.summary import Summary
from labsim.scenario.checked import ScenarioError, check_declared
from labsim.scenario.scenario import Scenario

SHARE, RELATIVE = 0.01, 0.01  # how far simulated and published may be apart: of a probability, of other numbers
LARGEST, CHUNK = 1 << 23, 1 << 12  # replications: at most, and side by side: what fits the processor's cache
Watch = Callable[[str], None]  # told what is being done


@dataclass(frozen=True)
class Estimate:
    """A simulated number and its standard error; no error of a deterministic one is 0."""

    mean: float
    se: float

    @classmethod
    def of(cls, values: np.ndarray) -> "Estimate":
        """The mean of independent values."""
        summary = Summary.of(values)
        return cls(summary.mean, summary.se or 0.0)


class Dock:
    """A published model as a limiting case of this one.

    A subclass is a frozen dataclass: its docstring names the model, its fields are its parameters.
    """

    name: ClassVar[str]
    source: ClassVar[str]  # who published it
    seen: ClassVar[str]  # how its formulas and numbers are known: seen, derived or recalled
    forms: ClassVar[str]  # which forms and parameters of the model are set, for the page
    caveat: ClassVar[str] = ""  # what does not agree, and why
    shares: ClassVar[tuple[str, ...]] = ()  # keys that are probabilities or shares
    nothing: ClassVar[float] = 0.0  # a number smaller than this is as near to what was published as one of this size
    signs: ClassVar[Mapping[str, int]] = {}  # keys of which only the sign was published
    replications: ClassVar[int] = 1  # to begin with
    group: ClassVar[str] = ""  # a name under which all numbers stand together
    along: ClassVar[tuple[str, tuple[Any, ...]]] = ("", ())  # the parameter, and values, of its picture

    def check(self) -> None:
        """Raises ScenarioError if parameters that are each in range do not go together."""

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        """The simulated numbers by key."""
        raise NotImplementedError

    def references(self) -> dict[str, float | None]:
        """The published numbers by key; None where nothing was published."""
        raise NotImplementedError

    def remarks(self) -> list[str]:
        """What a reader must know of these parameters."""
        return []


def options(dock: type[Dock]) -> dict[str, Declaration]:
    """The declared parameters of a dock by field name."""
    return declarations(dock)


def make(dock: type[Dock], values: Mapping[str, Any]) -> Dock:
    """A dock with these parameters. Raises ScenarioError for a value out of range."""
    known = options(dock)
    checked = {}
    for name, value in values.items():
        declared = known[name]
        if value is None and declared.default is None:
            checked[name] = None  # not given
            continue
        if declared.default is None:
            declared = dataclasses.replace(declared, default=declared.low)  # given, so not `never`
        free_text = isinstance(declared.default, (str, bool)) and not declared.options
        checked[name] = value if free_text else check_declared(flag(name), declared, value)
    made = dock(**checked)
    made.check()
    return made


def flag(field: str) -> str:
    """A field as an option of the command line."""
    return "--" + field.replace("_", "-").removesuffix("-")


@dataclass(frozen=True)
class Docking:
    """A dock that was run."""

    dock: Dock
    simulated: Mapping[str, Estimate | None]
    reference: Mapping[str, float | None]
    replications: int

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name."""
        return {f.name.removesuffix("_"): getattr(self.dock, f.name) for f in dataclasses.fields(self.dock)}

    def tolerance(self, key: str) -> float:
        """How far apart a simulated and a published number may be."""
        return SHARE if key in self.dock.shares else RELATIVE * max(self.dock.nothing, abs(self.reference[key]))

    def agreement(self, key: str) -> bool | None:
        """Whether a number agrees with a published one; None where there is none."""
        estimate = self.simulated[key]
        if self.reference[key] is None:
            return None
        if estimate is None:
            return False
        apart, tolerance = abs(estimate.mean - self.reference[key]), self.tolerance(key)
        return apart <= max(3.0 * estimate.se, tolerance) and estimate.se <= tolerance

    def as_published(self, key: str) -> bool:
        """Whether the sign of an effect is clear and the published one."""
        return self.sign(key) == self.dock.signs[key]

    def sign(self, key: str) -> int:
        """The sign of an effect; 0 if it is not clear of its standard error."""
        estimate = self.simulated[key]
        clear = estimate is not None and abs(estimate.mean) > 3.0 * estimate.se
        return int(np.sign(estimate.mean)) if clear else 0

    @property
    def agrees(self) -> bool | None:
        """Whether all published numbers agree; None if there are none (signs are not numbers)."""
        judged = [agrees for agrees in map(self.agreement, self.simulated) if agrees is not None]
        return all(judged) if judged else None

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as the command prints it."""
        shown = {
            key: {"mean": estimate.mean, "se": estimate.se} if estimate else {"mean": None, "se": None}
            for key, estimate in self.simulated.items()
        }
        group, published = self.dock.group, dict(self.reference)
        signs = {key: {"published": sign, "found": self.sign(key)} for key, sign in self.dock.signs.items()}
        return {
            "name": self.dock.name, "parameters": self.parameters, "simulated": {group: shown} if group else shown,
            "reference": {group: published} if group else published, "agrees": self.agrees,
        } | ({"signs": signs} if signs else {})  # fmt: skip


def silent(doing: str) -> None:
    """Nobody is told."""


def run(
    dock: Dock, seed: int = 0, replications: int | None = None, stop: Stop | None = None, watch: Watch = silent
) -> Docking:  # fmt: skip
    """Run a dock; with more replications, as long as a standard error is larger than the tolerance.

    Raises ScenarioError for parameters that cannot be run.
    """
    number, stop = replications or dock.replications, Stop.new() if stop is None else stop
    while True:
        docking = Docking(dock, dock.simulate(number, seed, stop, watch), dock.references(), number)
        wide = [
            estimate.se / docking.tolerance(key)
            for key, estimate in docking.simulated.items()
            if estimate is not None and docking.reference[key] is not None and docking.tolerance(key) > 0.0
        ]
        if stop or max(wide, default=0.0) <= 1.0 or number >= LARGEST:
            return docking
        number = min(LARGEST, 1 << math.ceil(math.log2(number * max(2.0, 1.2 * max(wide) ** 2))))


def finals(
    scenario: Scenario, replications: int, seed: int, stop: Stop, sampled: Mapping[str, np.ndarray] | None = None
) -> Iterator[Final]:  # fmt: skip
    """The final states of so many replications, in pieces that fit in memory, on all cores. Ends early if stopped."""
    edges = range(0, replications, CHUNK)

    def piece(first: int) -> Final:
        count = min(CHUNK, replications - first)
        part = {path: values[first : first + count] for path, values in (sampled or {}).items()}
        return ensemble.simulate(scenario, first, count, seed, part, stop)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for first in range(0, len(edges), os.cpu_count() or 1):
            if stop:
                return
            yield from pool.map(piece, edges[first : first + (os.cpu_count() or 1)])


def number_list(flag_: str, text: str) -> list[float]:
    """Numbers separated by commas. Raises ScenarioError."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise ScenarioError(f"{flag_} = {text!r}: must be numbers separated by commas") from None
