"""Tipping points: the smallest value of a lever that does something, with an interval.

Whether a condition holds need not change only once along a lever. So the range is scanned first, and
every stretch between a value at which the condition certainly does not hold and the next at which it
certainly does (or the other way round) is narrowed by bisection. Certainly: beyond 2 standard errors,
paired where it is a difference. All values have the same luck and the same replications.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import CHICKEN, DEADLOCK, HARMONY, LABELS, PRISONERS_DILEMMA, STAG_HUNT, place_of
from labsim.games.variants import Asked, Variants, asked_game, asked_outcome, left_out, outcome_values, prepare
from labsim.maps.axes import check_number_path
from labsim.model.outcomes import OUTCOMES
from labsim.runs.summary import Summary, direction
from labsim.scenario.checked import CATALOGUE, ScenarioError, check_value, nearest
from labsim.scenario.scenario import Scenario

KEEP_PAYS = "keep"
STEPS, HALVINGS = 24, 12  # of a scan: even steps, then closer and closer to a low end of 0 by factors of root 2
NEAR = 0.005  # how closely a value is found, as a part of itself, unless said
REPLICATIONS = 2048
SIGNS = {  # of T - R, P - S, R - P, as the labels have it
    KEEP_PAYS: (-1, 0, 0), HARMONY: (-1, -1, 0), STAG_HUNT: (-1, 1, 0), CHICKEN: (1, -1, 0),
    PRISONERS_DILEMMA: (1, 1, 1), DEADLOCK: (1, 1, -1),
}  # fmt: skip
COMPARED = re.compile(r"\s*(\w+)\s*([<>])\s*(\S+)\s*")


@dataclass(frozen=True)
class Reading:
    """What was found at one value: numbers that must all be above 0 for the condition to hold."""

    margins: tuple[Summary, ...]

    @property
    def holds(self) -> bool:
        """Whether it holds, by the means."""
        return all(m.n > 0 and m.mean > 0 for m in self.margins)

    @property
    def state(self) -> int:
        """1 if it certainly holds, -1 if it certainly does not, 0 if that is in doubt."""
        signs = [direction(m) for m in self.margins]
        return -1 if min(signs) < 0 else min(signs)

    @property
    def worst(self) -> Summary:
        """The number that is furthest from being above 0."""
        return min(self.margins, key=lambda m: m.mean if m.n else -math.inf)


Evaluate = Callable[[Sequence[float]], list[Reading]]


@dataclass(frozen=True)
class Crossing:
    """Where a condition begins or ceases to hold."""

    value: float  # the last value on the side where it holds
    interval: tuple[float, float]  # at its ends the condition certainly holds, or certainly does not
    holds: str  # above or below

    def as_dict(self) -> dict[str, Any]:
        """The crossing as in the JSON of `labsim tip`."""
        return {"value": self.value, "interval": list(self.interval), "holds": self.holds}


@dataclass(frozen=True)
class Tipping:
    """What a search found: see `search` and `tip`."""

    value: float | None  # the smallest at which it holds; none if nowhere certainly
    interval: tuple[float | None, float] | None  # none at the low end: in doubt from the lowest value on
    crossings: list[Crossing]
    best: tuple[float, Reading]  # the value that came nearest to it, or went furthest beyond
    evaluated: int  # values that were tried
    about: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    left_out: str = ""  # what is said of races that failed: see `variants.left_out`

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim tip`."""
        at, reading = self.best
        return {
            **self.about, "value": self.value, "interval": None if self.interval is None else list(self.interval),
            "crossings": [crossing.as_dict() for crossing in self.crossings],
            "best": {"value": at, "margin": reading.worst.as_dict(quantiles=False)}, "evaluated": self.evaluated,
            "remarks": self.remarks,
        }  # fmt: skip


def scan(low: float, high: float, whole: bool = False) -> list[float]:
    """The values looked at first: by factors over more than two decades, else by steps, closer towards 0."""
    if low > 0 and high / low > 100:
        values = [low * (high / low) ** (k / (STEPS + HALVINGS)) for k in range(STEPS + HALVINGS + 1)]
    else:
        values = [low + (high - low) * k / STEPS for k in range(STEPS + 1)]
        if low == 0:
            values += [values[1] / math.sqrt(2) ** k for k in range(1, HALVINGS + 1)]
    values = [low, *(min(max(v, low), high) for v in values), high]
    return sorted({round(v) if whole else float(f"{v:.6g}") for v in values} | {low, high})


def search(
    evaluate: Evaluate, low: float, high: float, whole: bool = False, tolerance: float | None = None,
    also: Sequence[float] = (),
) -> Tipping:  # fmt: skip
    """The smallest value from low to high at which a condition holds; see the module.

    `tolerance`: how closely, in the lever's unit (default: half a per cent of the value; whole numbers
    exactly). `also`: values to look at besides those of the scan.
    """
    known: dict[float, Reading] = {}

    def at(*values: float) -> list[Reading]:
        new = [v for v in dict.fromkeys(values) if v not in known]
        known.update(zip(new, evaluate(new), strict=True) if new else ())
        return [known[v] for v in values]

    def edge(inner: float, outer: float, test: Callable[[Reading], bool]) -> float:
        """The last value, from inner towards outer, at which a test is passed that inner passes."""
        if test(at(outer)[0]):
            return outer
        while not _near(inner, outer, whole, tolerance, high - low):
            middle = _middle(inner, outer, whole)
            inner, outer = (middle, outer) if test(at(middle)[0]) else (inner, middle)
        return inner

    values = sorted({*scan(low, high, whole), *also})
    sure = [(v, r.state) for v, r in zip(values, at(*values), strict=True) if r.state]
    crossings = []
    for (a, before), (b, after) in pairwise(sure):
        if before != after:
            yes, no = (b, a) if after > 0 else (a, b)
            value = edge(yes, no, lambda r: r.holds)
            ends = edge(no, value, lambda r: r.state < 0), edge(yes, value, lambda r: r.state > 0)
            crossings.append(Crossing(value, (min(ends), max(ends)), "above" if after > 0 else "below"))
    above = next((crossing for crossing in crossings if crossing.holds == "above"), None)
    value, interval = (above.value, above.interval) if above else (None, None)
    if sure and sure[0][1] > 0:  # from the lowest value on, as far as can be seen
        first = sure[0][0]
        value = low if known[low].holds else edge(first, low, lambda r: r.holds)
        interval = (low, low) if first == low else (None, edge(first, value, lambda r: r.state > 0))
    best = max(sorted(known), key=lambda v: known[v].worst.mean if known[v].worst.n else -math.inf)
    return Tipping(value, interval, crossings, (best, known[best]), len(known))


def _near(a: float, b: float, whole: bool, tolerance: float | None, span: float) -> bool:
    if whole:
        return abs(a - b) <= max(1, tolerance or 1)
    return abs(a - b) <= (tolerance or max(NEAR * max(abs(a), abs(b)), 1e-6 * span))


def _middle(a: float, b: float, whole: bool) -> float:
    if whole:
        return (a + b) // 2
    far = min(a, b) > 0 and max(a, b) > 4 * min(a, b)
    return math.sqrt(a * b) if far else (a + b) / 2


def condition(text: str, scenario: Scenario, focal: int | str = 0) -> tuple[Asked, Callable[[np.ndarray], Reading]]:
    """What `--until` asks of a world, and how it is read: keep, a label, OUTCOME<VALUE or OUTCOME>VALUE.

    Raises ScenarioError.
    """
    if text in SIGNS:
        signs = SIGNS[text]

        def read(values: np.ndarray) -> Reading:
            r, t, s, p = values if len(values) == 4 else (*values, *values)  # P - S and R - P are not used
            return Reading(tuple(Summary.of(k * d) for k, d in zip(signs, (t - r, p - s, r - p), strict=True) if k))

        return asked_game(scenario, focal, 2 if text == KEEP_PAYS else 4), read
    name, way, bound = compared(text)
    return asked_outcome(name), lambda found: Reading((Summary.of(way * (outcome_values(found) - bound)),))


def compared(text: str) -> tuple[str, int, float]:
    """(outcome, 1 if it is to be above or -1 if below, the value) of OUTCOME<VALUE or OUTCOME>VALUE.

    Raises ScenarioError.
    """
    parts = COMPARED.fullmatch(text)
    if not parts:
        known = [KEEP_PAYS, *LABELS]
        raise ScenarioError(
            f"--until {text!r}: must be one of {', '.join(known)}, OUTCOME<VALUE or OUTCOME>VALUE{nearest(text, known)}"
        )
    name, sign, word = parts.groups()
    if name not in OUTCOMES:
        hint = nearest(name, list(OUTCOMES))
        raise ScenarioError(f"--until {text}: outcome '{name}' must be one of {', '.join(OUTCOMES)}{hint}")
    try:
        bound = float(word)
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise ScenarioError(f"--until {text}: '{word}' must be a number")
    return name, -1 if sign == "<" else 1, bound


def tip(
    scenario: Scenario, lever: str, until: str = KEEP_PAYS, low: float | None = None, high: float | None = None,
    focal: int | str = 0, replications: int = REPLICATIONS, seed: int = 0, tolerance: float | None = None,
    engine: str = "ensemble", jobs: int | None = None, stop: Stop | None = None,
    tell: Callable[[int], None] | None = None,
) -> Tipping:  # fmt: skip
    """The smallest value of a lever at which a condition holds: see `condition` and `search`.

    The range is the parameter's own unless said, and the weeks of the race for a date. `tell` is called
    with the values tried. A race that fails is left out of its value. Raises ScenarioError (RaceFailed, if all fail);
    KeyboardInterrupt if `stop` was set.
    """
    check_number_path(lever, "--lever")
    d, now = CATALOGUE[lever], scenario.get(lever)
    highest = scenario["race.weeks"] if d.is_date else d.high
    ends = (d.low if low is None else low, highest if high is None else high)
    low, high = (check_value(lever, _whole(d.whole, end)) for end in ends)
    if not low < high:
        raise ScenarioError(f"--low {low:g}: must be below --high {high:g}")
    if tolerance is not None and not 0 < tolerance < math.inf:
        raise ScenarioError(f"--tolerance {tolerance:g}: must be a number above 0")
    if replications < 2:
        raise ScenarioError(f"tip: replications = {replications}: must be at least 2")
    who = scenario.all_labs[place_of(scenario, focal)].name if until in SIGNS else None
    base, remarks = prepare(scenario, [lever], who)
    asked, read = condition(until, base, focal)
    stop, looked = Stop.new() if stop is None else stop, []

    def evaluate(values: Sequence[float]) -> list[Reading]:
        variants = Variants(base, [{lever: v} for v in values], asked, replications, seed, engine, jobs, stop)
        answer = variants.values(range(len(values)), 0, replications)
        looked.append(variants)
        if tell:
            tell(sum(len(one.changes) for one in looked))
        return [read(answer[:, k]) for k in range(len(values))]

    inside = [now] if now is not None and low <= now <= high else []
    answer = search(evaluate, low, high, d.whole, tolerance, inside)
    about = {
        "scenario": scenario.name, "lever": lever, "unit": d.unit, "until": until,
        "focal": who, "now": now, "low": low,
        "high": high, "seed": seed, "replications": replications, "engine": engine,
    }  # fmt: skip
    return Tipping(
        answer.value, answer.interval, answer.crossings, answer.best, answer.evaluated, about, remarks, left_out(looked)
    )


def _whole(whole: bool, value: float) -> float:
    return int(value) if whole and float(value).is_integer() else value
