"""Which assumptions matter most: each one moved alone from the low to the high end of its range, same luck.

The range is the one declared as likely (see `parameters.py`); where nobody has said one, it is from
half to twice the scenario's value. What a scenario draws anew in every future is not moved: its
spread is in the outcomes already. Nor is what is switched off (its value is 0), or fixed by a form.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labsim.engines.ensemble import Stop
from labsim.games.variants import Variants, asked_outcome, can_be_drawn, outcome_values
from labsim.model.parameters import GROUPS
from labsim.runs.summary import Summary
from labsim.scenario.checked import CATALOGUE, is_evaluator_path, is_lab_path, parts_of
from labsim.scenario.scenario import Scenario

ASSUMED_LEVER = "cycle.research"  # policy can move it, and yet nobody knows how large it is


@dataclass(frozen=True)
class Range:
    """An assumption that can be moved: its value, the ends it is moved to, whether these are declared."""

    path: str
    value: float
    low: float
    high: float
    declared: bool
    keep_their_own: int = 0  # labs or evaluators that have a value of their own and are not moved

    @property
    def words(self) -> str:
        """What it is."""
        return CATALOGUE[self.path].meaning


@dataclass(frozen=True)
class Effect:
    """What moving an assumption does to an outcome: paired differences from the scenario as it is."""

    moved: Range
    source: str
    at_low: Summary
    at_high: Summary

    @property
    def size(self) -> float:
        """The larger of the two changes."""
        return max(abs(self.at_low.mean), abs(self.at_high.mean)) if self.at_low.n and self.at_high.n else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The effect for JSON."""
        r = self.moved
        return {
            "path": r.path, "value": r.value, "low": r.low, "high": r.high, "declared": r.declared,
            "source": self.source, "at_low": self.at_low.as_dict(quantiles=False),
            "at_high": self.at_high.as_dict(quantiles=False),
        }  # fmt: skip


def is_free(path: str) -> bool:
    """Whether a parameter is an assumption about the world that can be moved: a number, not policy, not a form."""
    d = CATALOGUE[path]
    return (d.kind == "uncertainty" or path == ASSUMED_LEVER) and path.split(".")[0] in GROUPS and can_be_drawn(path)


def ranges(scenario: Scenario) -> list[Range]:
    """The assumptions of a scenario that can be moved, each with the ends of its range."""
    result, drawn = [], {parts_of(key)[1] for key in scenario.uncertainties}
    for path in filter(is_free, CATALOGUE):
        own = [
            path in spec.values
            for owned, specs in ((is_lab_path, scenario.all_labs), (is_evaluator_path, scenario.all_evaluators))
            if owned(path)
            for spec in specs
        ]
        if path not in drawn and not (own and all(own)):
            one = _range(path, scenario[path], sum(own))
            if one.low < one.high:
                result.append(one)
    return result


def _range(path: str, value: float, own: int) -> Range:
    """The ends of an assumption's range; those of whole numbers are whole."""
    d = CATALOGUE[path]
    low, high = d.likely or sorted((value / 2, value * 2))
    low, high = max(low, d.low), min(high, d.high)
    if d.whole:
        low, high = round(low), round(high)
    return Range(path, value, low, high, d.likely is not None, own)


def sensitivity(
    scenario: Scenario, sources: dict[str, str], outcome: str = "catastrophe", replications: int = 200, seed: int = 0,
    jobs: int | None = None, stop: Stop | None = None, tell: Callable[[int, int], None] | None = None,
) -> list[Effect]:  # fmt: skip
    """The effect of every free assumption on an outcome, the largest first.

    `sources` says where each value comes from, by path; `tell` is called with the races done and their
    number. Raises ScenarioError for an unknown outcome, RaceFailed for a race that fails; KeyboardInterrupt if
    `stop` was set.
    """
    moved, asked = ranges(scenario), asked_outcome(outcome)
    as_it_is = {one.path: one.value for one in moved}
    ends = [as_it_is | {one.path: end} for one in moved for end in (one.low, one.high)]
    if not ends:
        return []
    count = (1 + len(ends)) * len(asked.races(scenario)) * replications
    variants = Variants(
        scenario, [as_it_is, *ends], asked, replications, seed, jobs=jobs, stop=stop,
        tell=tell and (lambda done: tell(done, count)),
    )  # fmt: skip
    values = outcome_values(variants.values(range(1 + len(ends)), 0, replications))
    if variants.failed:
        raise variants.first_failed()
    changes = values[1:] - values[0]
    effects = [
        Effect(one, sources[one.path], Summary.of(low), Summary.of(high))
        for one, low, high in zip(moved, changes[::2], changes[1::2], strict=True)
    ]
    return sorted(effects, key=lambda effect: -effect.size)
