"""A race that ends with an exception, once more: which strategy or rule raises, and the call that has it again."""

import traceback
from collections.abc import Mapping
from typing import Any

import numpy as np

from labsim.engines.failures import Failure, RaceFailed, exception_line
from labsim.model.week import imposed
from labsim.scenario.checked import ScenarioError
from labsim.scenario.files import opened
from labsim.scenario.scenario import Scenario

UNSEEN = "raises in the fast engine, but not in the Mesa engine"


def written(scenario: Scenario) -> str:
    """A scenario as Python has it, however it was made of the one that was opened; nothing if there is no such way.

    Said are the values that races read: what is drawn, claims and sources are left out.
    """
    if not scenario.opened:
        return ""
    try:
        before = opened(scenario.opened)
        changes = _changes(before, scenario)
        same = _read_by_races(before.changed(changes)) == _read_by_races(scenario)
    except ScenarioError:  # it was made of a file that is another one by now, or its labs are others
        return ""
    changed = f".with_({changes!r})" if changes else ""
    return f"labsim.load({scenario.opened!r}){changed}" if same else ""


def _changes(before: Scenario, after: Scenario) -> dict[str, Any]:
    """What `before.with_` must be given for the values of `after`."""
    changes = {path: value for path, value in after.values.items() if value != before.get(path)}
    theirs = {lab.name: lab for lab in before.changed(changes).all_labs}
    for lab in after.all_labs:
        was = theirs.get(lab.name, lab)
        if lab.strategy != was.strategy:
            changes[f"{lab.name} strategy"] = lab.strategy
        for path in {**was.values, **lab.values}:
            now, then = (one.values.get(path, after.get(path)) for one in (lab, was))
            if now != then:
                changes[f"{lab.name} {path}"] = now
    return changes


def _read_by_races(scenario: Scenario) -> tuple[Any, ...]:
    """All that a race reads of a scenario."""
    labs = [(lab.name, lab.strategy, scenario.lab_rows(lab)) for lab in scenario.all_labs]
    return scenario.rows(), labs, [scenario.evaluator_row(one) for one in scenario.all_evaluators]


def race_failed(
    scenario: Scenario, seed: int, replication: int, drawn: Mapping[str, np.ndarray], luck: int | None = None,
    lab: Any = None,
) -> RaceFailed:  # fmt: skip
    """The error of a race that fails: who raised, when, what, and the call that has it again.

    `drawn` has one value for each drawn parameter; `luck` and `lab` are as in `Race`. The race is run in the Mesa
    engine, whichever engine found that it fails: that one knows who was asked.
    """
    from labsim.engines.mesa_engine import Lab, Race, sampled_scenario

    setting, race = sampled_scenario(scenario, drawn, 0) if drawn else scenario, None
    which = f"'{scenario.name}', replication {replication}"
    try:
        race = Race(setting, seed, replication, lab=lab or Lab, collect=False, luck=luck)
        race.run()
    except Exception as error:
        acting, week = (None, 0) if race is None else (race.acting, int(race.week))
        failure = Failure(replication, "" if acting is None else acting.name, week, exception_line(error))
        call, own = written(setting), "" if luck in (None, replication) else f", luck={luck}"
        again = f". Have it again: labsim.Race({call}, seed={seed}, replication={replication}{own}).run()"
        failed = RaceFailed(f"{which}: {_who(acting, error)}{failure}{again if call else ''}")
        failed.__cause__ = error
        return failed
    return RaceFailed(f"{which}: {UNSEEN}")


def _who(acting: Any, error: Exception) -> str:
    """The rule or strategy in which an exception was raised, for the begin of a sentence; nothing if none was asked."""
    from labsim.engines.mesa_engine import decides_itself

    ran = {frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)}
    for kind, name, rule in imposed():
        if getattr(getattr(rule, "act", None), "__code__", None) in ran:
            return f"rule '{kind}.{name}', "
    if acting is None:
        return ""
    return f"{type(acting).__name__}.decide, " if decides_itself(acting) else f"strategy '{acting.spec.strategy}', "
