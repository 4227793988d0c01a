"""A decision taken out of a race: everything it read, to be made again with the same bits or with something changed.

The race is run again in Mesa. When the lab is asked, all of the week before the decision is done and
nothing of what rivals show has moved, so that copies of the lab, of its rivals and of the race are
all that the decision depends on.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from labsim.engines.failures import RaceFailed, exception_line
from labsim.engines.mesa_engine import Lab, Race
from labsim.model.draws import derive
from labsim.model.parameters import DERIVED, INFORMATION, LAB_GROUPS, SAFETY_INFORMATION
from labsim.model.self_improvement import true_gap
from labsim.model.state import LabState, RaceState, fields
from labsim.model.strategies import STRATEGIES, calculator, herald, looks, open_ledger, sceptic
from labsim.model.week import CYCLE_PAIR, DECIDE, WEEK
from labsim.scenario.checked import CATALOGUE, DEFAULTS, is_lab_path
from labsim.scenario.scenario import Scenario

SURVEY = tuple(rule for kind, rule in WEEK if kind == CYCLE_PAIR)
WEIGHING = (calculator, sceptic, herald)  # strategies that leave a margin: above 0 removes


@dataclass(frozen=True)
class Rival:
    """Another lab as it stood, and the luck of the look at it."""

    name: str
    state: SimpleNamespace
    weight: float
    key: int


@dataclass(frozen=True)
class Position:
    """All that a decision reads, as it stood when the lab was asked; `made` is what it left in the lab."""

    name: str
    strategy: str
    week: int
    lab: SimpleNamespace
    rivals: tuple[Rival, ...]
    race: SimpleNamespace
    p: SimpleNamespace
    key: int
    made: SimpleNamespace

    @property
    def weighs(self) -> bool:
        """Whether the strategy weighs two options against each other, in prizes."""
        return STRATEGIES[self.strategy] in WEIGHING

    @property
    def looks_around(self) -> bool:
        """Whether the strategy wants to know anything of rivals."""
        return any(looks(STRATEGIES[self.strategy], rule) for rule in SURVEY)

    @property
    def able(self) -> bool:
        """Whether the system can run without a human."""
        return self.lab.log_capability >= self.lab.cycle.log_able

    def survey(self, lab: SimpleNamespace) -> None:
        """A new ledger, and a look at each rival, as far as the strategy wants to know."""
        open_ledger(lab, self.race, self.p, self.key)
        for rule in SURVEY:
            if looks(STRATEGIES[self.strategy], rule):
                for rival in self.rivals:
                    rule(lab, rival.state, rival.weight, self.p, rival.key)

    def again(self, seen: Mapping[str, float] | None = None) -> SimpleNamespace:
        """The decision made again: a copy of the lab with its ledger and its wish.

        `seen` replaces what the lab has made out about its rivals, by quantity. Raises RaceFailed if the strategy does.
        """
        lab = copy.copy(self.lab)
        self.survey(lab)
        vars(lab).update(seen or {})
        try:
            lab.wanted = STRATEGIES[self.strategy](lab, self.race, self.p, self.key)
        except Exception as error:  # as where it reads what only a lab of Mesa has
            who = f"strategy '{self.strategy}', lab {self.name}, week {self.week}"
            raise RaceFailed(f"{who}: raises when it is asked again, alone: {exception_line(error)}") from error
        return lab

    def value(self, path: str) -> float:
        """A parameter, the lab's own where labs have their own, as its rules read it."""
        group, name = path.split(".")
        return getattr(getattr(self.lab if is_lab_path(path) else self.p, group), name)

    def with_value(self, path: str, value: float) -> "Position":
        """The same decision with a parameter changed, from now on and for this lab only."""
        group, name = path.split(".")
        place = "lab" if is_lab_path(path) else "p"
        owner = copy.copy(getattr(self, place))
        values = copy.copy(getattr(owner, group))
        setattr(values, name, value)
        for derived, (of, function) in DERIVED.get(group, {}).items():
            setattr(values, derived, function(getattr(values, of)))
        setattr(owner, group, values)
        return replace(self, **{place: owner})

    def with_lab(self, **values: float) -> "Position":
        """The same decision of a lab that differs in some quantities."""
        return replace(self, lab=_changed(self.lab, values))

    def with_rivals(self, change: Callable[[SimpleNamespace], Mapping[str, Any]]) -> "Position":
        """The same decision among rivals that differ: `change` says in what, given a rival's state."""
        rivals = tuple(replace(rival, state=_changed(rival.state, change(rival.state))) for rival in self.rivals)
        return replace(self, rivals=rivals)

    def as_it_is(self) -> "Position":
        """The same decision of a lab that knows the truth: exposures, rivals, and what the hazard is.

        What rivals can do is as of the start of the week, as in a public world.
        """
        known = self.with_value("decision.caution", 1.0).with_value("decision.foresight", 1.0)
        seen = {"regime": INFORMATION.public, "sees_safety": SAFETY_INFORMATION.public}
        known = known.with_lab(measured=true_gap(self.lab), **seen)
        return known.with_rivals(lambda rival: {"shown_oversight": rival.oversight, "shown_measured": rival.exposure})


def _changed(space: SimpleNamespace, values: Mapping[str, Any]) -> SimpleNamespace:
    """A copy with some values replaced."""
    return SimpleNamespace(**{**vars(space), **values})


class _Watched(Race):
    """A race that takes down the decisions that a caller wants, as they are made."""

    wants: Callable[[str, int], bool]
    taken: list[Position]

    def _complete(self, kind: str, rule: Any, lab: Lab) -> None:
        if kind != DECIDE or not self.wants(lab.name, int(self.week)):
            super()._complete(kind, rule, lab)
            return
        before = _copy(lab, LabState, LAB_GROUPS)
        super()._complete(kind, rule, lab)
        key, weights = lab.cycle_key, self.weights[self.labs.index(lab)]
        rivals = tuple(
            Rival(other.name, _copy(other, LabState, LAB_GROUPS), weight, derive(key, int(other.id)))
            for other, weight in zip(self.labs, weights, strict=True)
            if other is not lab
        )
        self.taken.append(
            Position(
                lab.name, lab.spec.strategy, int(self.week), before, rivals, _copy(self, RaceState), self.p, key,
                _copy(lab, LabState),
            )
        )  # fmt: skip


def _copy(agent: Any, state: type, groups: tuple[str, ...] = ()) -> SimpleNamespace:
    """The moving quantities of an agent as they stand, and its own parameters."""
    return SimpleNamespace(**{name: getattr(agent, name) for name in (*fields(state), *groups)})


def positions(
    scenario: Scenario, seed: int, replication: int, wants: Callable[[str, int], bool], last: int | None = None
) -> Iterator[Position]:
    """The decisions of one race that are wanted, by lab and week, in their order; the race is run to week `last`."""
    race = _Watched(scenario, seed, replication, collect=False)
    race.wants, race.taken = wants, []
    while not race.over and (last is None or race.week <= last):
        race.step()
        yield from race.taken
        race.taken = []


def declared(path: str) -> tuple[float, float, float]:
    """Lowest and highest allowed value of a parameter, and its default."""
    d = CATALOGUE[path]
    return d.low, d.high, float(DEFAULTS[path])
