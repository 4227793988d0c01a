"""How a number, or a choice, is declared: meaning, unit, range, source, kind.

The words are those of XLRM: a *lever* is what policy can move, an *uncertainty* is what nobody
chooses, a *constant* is fixed by a definition or a calibration and is not for sweeping.
"""

import dataclasses
from collections import namedtuple
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labsim.model.sources import ASSUMPTION, Evidence, Source

RATES = ("", "a week", "a year")  # what a share may be counted by


class Display(StrEnum):
    """How a value is shown to people."""

    NUMBER = "number"  # with its unit
    PERCENT = "percent"  # of a whole: 0.8 is 80 %
    WEEK = "week"  # of the race, as a date
    YES_NO = "yes or no"  # 1 or 0
    OPTION = "option"


class Topic(StrEnum):
    """What a rule is about: rules of one topic stand together, under this title."""

    PRESSURE = "Prize and pressure"
    CHECKS = "Checks"
    LIMITS = "Pauses and limits"
    INCENTIVES = "Treaty and liability"


@dataclass(frozen=True)
class Declaration:
    """What is declared about one number: see the fields of `parameter`."""

    default: Any
    meaning: str
    unit: str
    low: Any  # a number; None of a choice
    high: Any
    source: Source
    kind: str
    options: tuple[str, ...]
    whole: bool
    likely: tuple[float, float] | None = None
    display: Display = Display.NUMBER
    label: str = ""
    phrase: str = ""
    never: float | None = None
    topic: Topic | None = None

    @property
    def is_date(self) -> bool:
        """Whether it is a week of the race, or never."""
        return self.default is None and self.whole

    def code(self, option: str) -> float:
        """The float that rules read for an option. Raises ValueError for what is none."""
        return float(self.options.index(option))

    def is_never(self, value: Any) -> bool:
        """Whether a value means never: none, or the number that is declared to mean it."""
        return value is None or (self.never is not None and value == self.never)

    @property
    def allowed(self) -> str:
        """The allowed values, for people; nothing for a text or a switch, which have no range."""
        if self.options:
            return "one of " + ", ".join(self.options)
        if self.low is None or self.high is None:
            return ""
        number = "a whole number" if self.whole else "a number"
        low, high = (f"{x:,.0f}" if 1e5 <= abs(x) < 1e9 else f"{x:g}" for x in (self.low, self.high))
        return f"{number} from {low} to {high}" + (f" {self.unit}" if self.unit else "")


def choice(*options: str) -> Any:
    """Declare the options of a parameter, once: a named tuple of their codes, the floats that rules read.

    With `RESPONSE = choice("nothing", "retrain")`, a parameter is declared with `options=RESPONSE` and a rule
    compares with `RESPONSE.retrain`, compiled or not. Their order is that of menus and means nothing else.
    """
    kind = namedtuple("Choice", options)  # type: ignore[misc]  # its fields are known only here
    return kind._make(float(code) for code in range(len(options)))


def parameter(
    default: Any,
    meaning: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    source: Source | str = ASSUMPTION,
    kind: str = "uncertainty",
    options: tuple = (),
    whole: bool = False,
    likely: tuple[float, float] | None = None,
    display: Display | None = None,
    label: str = "",
    phrase: str = "",
    never: float | None = None,
    topic: Topic | None = None,
) -> Any:
    """Declare one number (or one of several `options`, a `choice` or just their names) of a group.

    `low` and `high` are the range that is accepted, `likely` the one in which the truth may well lie, if
    anybody has said so; `kind` is lever, uncertainty or constant; `source` is where the default comes
    from, an assumption if nothing is said; words alone cite something without an address.

    For people: `label` is a name shorter than the meaning, and `phrase` the words with `{}` where a value stands,
    where "label: value" will not do; a meaning or label that has `{}` itself needs none, and reads "this" there.
    `display` is needed where `shown_as` gets it wrong, `never` where a number means never, `topic` for what stands
    with the rules of a topic although it is no lever of its table.
    """
    source = source if isinstance(source, Source) else Source(Evidence.CITED, source)
    options = getattr(options, "_fields", options)
    name = label or meaning
    declaration = Declaration(
        default, meaning.replace("{}", "this"), unit, low, high, source, kind, options, whole, likely,
        display=display or shown_as(default, unit, low, high, options, whole), label=name.replace("{}", "this"),
        phrase=phrase or (name if "{}" in name else f"{name}: {{}}"), never=never, topic=topic,
    )  # fmt: skip
    return dataclasses.field(default=default, metadata={"declaration": declaration})


def shown_as(
    default: Any, unit: str, low: float | None, high: float | None, options: tuple[str, ...], whole: bool
) -> Display:
    """How a value is shown unless its declaration says otherwise: a number from 0 to 1 without a unit is a share."""
    if options:
        return Display.OPTION
    if whole and (low, high) == (0, 1):
        return Display.YES_NO
    if whole and (default is None or unit == "week"):
        return Display.WEEK
    share = not whole and low is not None and high is not None and 0 <= low < high <= 1
    return Display.PERCENT if share and unit in RATES else Display.NUMBER


def declarations(group: type) -> dict[str, Declaration]:
    """The declarations of a group of parameters, in order, by field name."""
    return {f.name: f.metadata["declaration"] for f in dataclasses.fields(group)}
