"""The readable engine: a Mesa model in which each rule of the week is called on each agent in Python.

Subclass `Lab`, print, set a breakpoint in a rule: it all works. `ensemble.py` runs the same rules
compiled; the results are the same to the last bit.
"""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import mesa
import numpy as np

from labsim.engines.conditions import needed
from labsim.engines.failures import Failure, RaceFailed, exception_line
from labsim.engines.quick_draws import use_quick_draws
from labsim.model import state
from labsim.model.draws import derive, exp, seed_key
from labsim.model.orders import in_force, note_place
from labsim.model.outcomes import Final
from labsim.model.strategies import STRATEGIES, looks, number_of
from labsim.model.week import (
    AT_START,
    BY_CYCLE,
    BY_WEEK,
    CYCLE,
    CYCLE_PAIR,
    DECIDE,
    EVALUATOR,
    EVALUATOR_STREAM,
    EXAMINATION,
    LAB,
    LAB_STREAM,
    PAIR,
    RACE,
    RACE_STREAM,
    RULE_KEYS,
    SAFEGUARD,
    START,
    TALLY,
    Again,
    walk,
)  # fmt: skip
from labsim.scenario import network
from labsim.scenario.changes import with_changes
from labsim.scenario.checked import CATALOGUE, EvaluatorSpec, LabSpec, is_lab_path, lab_draws, parts_of
from labsim.scenario.scenario import Scenario


class _Counts(WeakKeyDictionary):
    """The next agent's number in each race, from 1."""

    def __getitem__(self, race: "Race") -> Any:
        return self.setdefault(race, itertools.count(1))


class _Agent(mesa.Agent):
    """An agent that does not keep its race: Mesa counts agents in a dictionary that keeps every model for good."""

    _ids = _Counts()


class Lab(_Agent):
    """A lab. Attributes: the quantities of `state.LabState`, and its own parameters by group.

    Subclass it and override `decide` to try a strategy of your own.
    """

    def __init__(self, race: "Race", spec: LabSpec, number: int):
        super().__init__(race)
        self.name = spec.name
        self.spec = spec
        for name, start in state.fields(state.LabState).items():
            setattr(self, name, start)
        for group, values in vars(namespace(race.setting.lab_rows(spec))).items():
            setattr(self, group, values)
        self.id = float(number)
        self.strategy = number_of(spec.strategy)
        own = derive(derive(race.key, LAB_STREAM), number)
        self.start_key, self.week_stream, self.cycle_stream = (derive(own, s) for s in (AT_START, BY_WEEK, BY_CYCLE))

    @property
    def capability(self) -> float:
        """C; 1 is the median lab at the start."""
        return exp(self.log_capability)

    @property
    def alignment(self) -> float:
        """A, on the scale of C."""
        return exp(self.log_alignment)

    @property
    def closed(self) -> bool:
        """Whether no human is in the loop."""
        return self.oversight == 0.0

    def decide(self) -> float:
        """The oversight this lab wants, 1 human in every cycle, 0 none; asked when a cycle completes."""
        return STRATEGIES[self.spec.strategy](self, self.model, self.model.p, self.cycle_key)


def decides_itself(lab: Lab) -> bool:
    """Whether a subclass has a `decide` of its own: like a strategy from outside, it is told everything of rivals."""
    return type(lab).decide is not Lab.decide


class Evaluator(_Agent):
    """An outside evaluator. Attributes: the quantities of `state.EvaluatorState`, and its own parameters."""

    def __init__(self, race: "Race", spec: EvaluatorSpec, number: int):
        super().__init__(race)
        self.name = spec.name
        self.evaluators = SimpleNamespace(**race.setting.evaluator_row(spec))
        for name, start in state.fields(state.EvaluatorState).items():
            setattr(self, name, start)
        self.id = float(number)
        own = derive(derive(race.key, EVALUATOR_STREAM), number)
        self.start_key, self.week_stream = derive(own, AT_START), derive(own, BY_WEEK)


class Race(mesa.Model):
    """One race in one future: `Race(labsim.load("hassabis-baseline")).run()`.

    `scenario` what to run, `seed` and `replication` the luck (`luck`, where it is not that of its own number), `lab`
    a subclass of `Lab` (or a function of a `LabSpec` that returns one). With `collect`, `datacollector` has a row per
    week.
    Attributes: the quantities of `state.RaceState`; parameters by group in `p`; the scenario in
    `setting`.
    """

    def __init__(
        self, scenario: Scenario, seed: int = 0, replication: int = 0, lab: Any = Lab, collect: bool = True,
        numbers: list[int] | None = None, luck: int | None = None,
    ):  # fmt: skip
        super().__init__(rng=int(seed))
        use_quick_draws()
        self.setting = scenario
        self.replication = int(replication)
        self.key = seed_key(int(seed), int(replication if luck is None else luck))
        for name, start in state.fields(state.RaceState).items():
            setattr(self, name, start)
        rows = scenario.rows()
        self.p = namespace({table: values for table, values in rows.items() if not is_lab_path(table)})
        self.in_force: set[tuple[str, str]] = set()
        self.acting: Lab | None = None  # the lab whose strategy, or for which a rule, is being asked
        self.left_out = {rule for rule, does_something in needed(scenario).items() if not does_something}
        race_key = derive(self.key, RACE_STREAM)
        self.start_key, self.week_stream = derive(race_key, AT_START), derive(race_key, BY_WEEK)
        specs = scenario.all_labs
        numbers = list(range(len(specs))) if numbers is None else numbers
        make = (lambda spec: lab) if isinstance(lab, type) else lab
        self.labs = [make(spec)(self, spec, number) for spec, number in zip(specs, numbers, strict=True)]
        self.evaluators = [Evaluator(self, spec, number) for number, spec in enumerate(scenario.all_evaluators)]
        weights = network.weights(scenario["competition.network"], len(specs))
        self.weights = [[float(weights[a, b]) for b in numbers] for a in numbers]
        self.datacollector = mesa.DataCollector(
            model_reporters={name: name for name in state.kept(state.RaceState)},
            agenttype_reporters={
                kind: {name: name for name in ("name", *state.kept(state.LabState))}
                for kind in {type(lab) for lab in self.labs}
            },
        )
        self.collect = collect
        for agent in (self, *self.labs, *self.evaluators):
            agent.week_key = agent.start_key
        for kind, rule in START:
            self._call(kind, rule)

    def step(self) -> None:
        """One week: each step of `week.WEEK`, in order. Does nothing once the race is over."""
        if self.over:
            return
        for agent in (self, *self.labs, *self.evaluators):
            agent.week_key = derive(agent.week_stream, int(self.week))
        for entry in walk():
            if isinstance(entry, Again):
                self._repeat(entry)
            else:
                self._call(*entry)
        if self.collect:
            self.datacollector.collect(self)
        self.running = not self.over

    def run(self) -> "Race":
        """Steps until somebody has won or the horizon is reached; returns itself."""
        while not self.over:
            self.step()
        return self

    def _repeat(self, block: Again) -> None:
        """Steps for every lab, and again for each lab while it asks for it."""
        for time in range(block.at_most):
            asks = block.asks if time else ""
            if asks and not any(getattr(lab, asks) for lab in self.labs):
                return
            for kind, rule in block.steps:
                self._call(kind, rule, asks)

    def _call(self, kind: str, rule: Any, asks: str = "") -> None:
        """One step of the week, for everything its kind names; with `asks`, for labs of which that is not 0."""
        if kind not in RULE_KEYS and kind != DECIDE and rule in self.left_out:
            return
        p, labs = self.p, self.labs
        if kind == LAB:
            for lab in labs:
                if not asks or getattr(lab, asks):
                    rule(lab, self, p, lab.week_key)
        elif kind == TALLY:
            for lab in labs:
                rule(lab, self, p)
        elif kind == RACE:
            rule(self, p, self.week_key)
        elif kind == PAIR:
            for lab, weights in zip(labs, self.weights, strict=True):
                for other, weight in zip(labs, weights, strict=True):
                    if other is not lab:
                        rule(lab, other, weight, p, derive(lab.week_key, int(other.id)))
        elif kind == EVALUATOR:
            for evaluator in self.evaluators:
                rule(evaluator, self, p, evaluator.week_key)
        elif kind == EXAMINATION:
            for evaluator in self.evaluators:
                for lab in labs:
                    rule(evaluator, lab, self, p, derive(evaluator.week_key, int(lab.id)))
        elif kind in RULE_KEYS:
            self._impose(kind, rule)
        else:
            for lab in labs:
                if lab.completed and (not asks or getattr(lab, asks)):
                    self._complete(kind, rule, lab)

    def _complete(self, kind: str, rule: Any, lab: Lab) -> None:
        """One step for a lab whose cycle completed this week; draws are keyed by the cycle's number."""
        lab.cycle_key = derive(lab.cycle_stream, int(lab.cycles))
        if kind == CYCLE:
            rule(lab, self, self.p, lab.cycle_key)
        elif kind == DECIDE:
            self.acting = lab
            wanted = lab.decide()
            if not isinstance(wanted, (int, float)) or not 0.0 <= wanted <= 1.0:
                who = f"lab '{lab.name}', strategy '{lab.spec.strategy}'"
                raise ValueError(f"{who}: wants an oversight of {wanted!r}: must be a number from 0 to 1")
            lab.wanted, self.acting = float(wanted), None
        elif kind == CYCLE_PAIR and (decides_itself(lab) or looks(STRATEGIES[lab.spec.strategy], rule)):
            weights = self.weights[self.labs.index(lab)]
            for other, weight in zip(self.labs, weights, strict=True):
                if other is not lab:
                    rule(lab, other, weight, self.p, derive(lab.cycle_key, int(other.id)))

    def _impose(self, kind: str, rules: Mapping[str, Any]) -> None:
        """The rules of a registry that are in force, for each lab; `in_force` keeps their names."""
        for number, (name, rule) in enumerate(rules.items()):
            self.in_force.discard((kind, name))
            test = in_force(rule)
            for lab in self.labs:
                values = getattr(getattr(lab if kind == SAFEGUARD else self.p, kind), name)
                if test(values, self, lab):
                    self.in_force.add((kind, name))
                    self.acting = lab
                    rule.act(values, lab, self, derive(lab.week_key, RULE_KEYS[kind] + number))
                    self.acting = None
                    if hasattr(values, "where"):
                        note_place(values, lab)


def namespace(rows: Mapping[str, Mapping[str, float]]) -> SimpleNamespace:
    """Tables as rules read them: `p.harm.rate`, `p.governance.rate_limit.min_weeks`."""
    space = SimpleNamespace()
    for table, values in rows.items():
        where, (*family, name) = space, table.split(".")
        for word in family:
            if not hasattr(where, word):
                setattr(where, word, SimpleNamespace())
            where = getattr(where, word)
        setattr(where, name, SimpleNamespace(**values))
    return space


def sampled_scenario(scenario: Scenario, sampled: Mapping[str, np.ndarray], place: int) -> Scenario:
    """The scenario of one replication, with its drawn values of the uncertain parameters; it still says which are."""
    values = {
        key: int(numbers[place]) if CATALOGUE[parts_of(key)[1]].whole else float(numbers[place])
        for key, numbers in sampled.items()
    }
    changes = {key: value for key, value in values.items() if not parts_of(key)[0]}
    for lab in scenario.all_labs:
        draws = lab_draws(lab, sampled)
        changes |= {f"{lab.name} {path}": values[key] for path, key in draws.items() if parts_of(key)[0]}
    return replace(with_changes(scenario, changes), uncertainties=scenario.uncertainties)


def simulate(
    scenario: Scenario, first: int, count: int, seed: int, sampled: Mapping[str, np.ndarray] | None = None,
    stop: Any = (), lab: Any = Lab,
) -> Final:  # fmt: skip
    """The final states of replications first to first + count - 1: what `ensemble.simulate` gives.

    `lab` is passed to `Race`; a true `stop` ends early, with the replications not reached all zero.
    Raises RaceFailed.
    """
    return trace(scenario, first, count, seed, weeks=0, sampled=sampled, stop=stop, lab=lab)[0]


def trace(
    scenario: Scenario, first: int, count: int, seed: int, lab_names: tuple[str, ...] = (),
    race_names: tuple[str, ...] = (), weeks: int | None = None, sampled: Mapping[str, np.ndarray] | None = None,
    stop: Any = (), lab: Any = Lab, numbers: np.ndarray | None = None, failed: list[Failure] | None = None,
) -> tuple[Final, np.ndarray, np.ndarray]:  # fmt: skip
    """Final states, and quantities week by week (nan after a race's end): what `ensemble.trace` gives.

    `numbers` says whose luck each has, where it is not that of its own number. A race that ends with an exception is
    added to `failed`, and its final state is nan; without such a list that is an error.
    Returns (final, race (count, weeks, race_names), labs (count, weeks, labs, lab_names)). Raises RaceFailed.
    """
    race_state, lab_state = state.fields(state.RaceState), state.fields(state.LabState)
    size = len(scenario.all_labs)
    weeks = scenario["race.weeks"] if weeks is None else weeks
    races, labs = np.zeros((count, len(race_state))), np.zeros((count, size, len(lab_state)))
    race_trace = np.full((count, weeks, len(race_names)), np.nan)
    lab_trace = np.full((count, weeks, size, len(lab_names)), np.nan)
    for place in range(count):
        setting = sampled_scenario(scenario, sampled, place) if sampled else scenario
        luck = None if numbers is None else int(numbers[place])
        race = None
        try:
            race = Race(setting, seed, first + place, lab=lab, collect=False, luck=luck)
            while not race.over:
                if stop:
                    return Final(races, labs, scenario.values), race_trace, lab_trace
                week = int(race.week)
                race.step()
                if week < weeks:
                    race_trace[place, week] = [getattr(race, name) for name in race_names]
                    lab_trace[place, week] = [[getattr(agent, name) for name in lab_names] for agent in race.labs]
        except Exception as error:
            acting = race.acting if race is not None else None
            name, week = acting.name if acting is not None else "", int(race.week) if race is not None else 0
            failure = Failure(first + place, name, week, exception_line(error))
            if failed is None:
                raise RaceFailed(f"'{scenario.name}', replication {failure.replication}: {failure}") from error
            failed.append(failure)
            for table in (races, labs, race_trace, lab_trace):
                table[place] = np.nan
            continue
        races[place] = [getattr(race, name) for name in race_state]
        labs[place] = [[getattr(agent, name) for name in lab_state] for agent in race.labs]
    return Final(races, labs, {**scenario.values, **(sampled or {})}), race_trace, lab_trace
