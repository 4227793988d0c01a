"""How a number, or a choice, is declared: meaning, unit, range, source, kind.

The words are those of XLRM: a *lever* is what policy can move, an *uncertainty* is what nobody
chooses, a *constant* is fixed by a definition or a calibration and is not for sweeping.
"""

import dataclasses
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

from labsim.model.sources import ASSUMPTION, Evidence, Source


@dataclass(frozen=True)
class Declaration:
    """What is declared about one number: see the fields of `parameter`."""

    default: Any
    meaning: str
    unit: str
    low: float | None
    high: float | None
    source: Source
    kind: str
    options: tuple[str, ...]
    whole: bool
    likely: tuple[float, float] | None = None

    @property
    def is_date(self) -> bool:
        """Whether it is a week of the race, or never."""
        return self.default is None and self.whole

    def code(self, option: str) -> float:
        """The float that rules read for an option. Raises ValueError for what is none."""
        return float(self.options.index(option))

    @property
    def allowed(self) -> str:
        """The allowed values, for people."""
        if self.options:
            return "one of " + ", ".join(self.options)
        number = "a whole number" if self.whole else "a number"
        low, high = (f"{x:,.0f}" if 1e5 <= abs(x) < 1e9 else f"{x:g}" for x in (self.low, self.high))
        return f"{number} from {low} to {high}" + (f" {self.unit}" if self.unit else "")


def choice(*options: str) -> Any:
    """Declare the options of a parameter, once: a named tuple of their codes, the floats that rules read.

    With `RESPONSE = choice("nothing", "retrain")`, a parameter is declared with `options=RESPONSE` and a rule
    compares with `RESPONSE.retrain`, compiled or not. Their order is that of menus and means nothing else.
    """
    return namedtuple("Choice", options)(*map(float, range(len(options))))


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
) -> Any:
    """Declare one number (or one of several `options`, a `choice` or just their names) of a group.

    `low` and `high` are the range that is accepted, `likely` the one in which the truth may well lie, if
    anybody has said so; `kind` is lever, uncertainty or constant; `source` is where the default comes
    from, an assumption if nothing is said; words alone cite something without an address.
    """
    source = source if isinstance(source, Source) else Source(Evidence.CITED, source)
    options = getattr(options, "_fields", options)
    declaration = Declaration(default, meaning, unit, low, high, source, kind, options, whole, likely)
    return dataclasses.field(default=default, metadata={"declaration": declaration})


def declarations(group: type) -> dict[str, Declaration]:
    """The declarations of a group of parameters, in order, by field name."""
    return {f.name: f.metadata["declaration"] for f in dataclasses.fields(group)}
