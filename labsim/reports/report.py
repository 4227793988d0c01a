"""A report of a scenario or of a stored run: everything that its page shows, computed here, drawn elsewhere.

A run's outcomes are read from its tables; what they do not hold (who closes when, the closure game,
the assumptions one at a time) is computed anew with the same seed and the same drawn parameters, and
said to be.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from labsim.checks.expectation_check import Checked, check
from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.engines.failures import RaceFailed
from labsim.games import game
from labsim.reports.sensitivity import Effect, sensitivity
from labsim.runs import experiment
from labsim.runs import folder as run_folder
from labsim.runs.experiment import Tally
from labsim.runs.fan import LEVELS
from labsim.runs.results import Design, Results, failed_rows, failed_words, joined, race_call
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError
from labsim.scenario.expectations import fitting
from labsim.scenario.files import load, shipped_scenarios
from labsim.scenario.scenario import Scenario
from labsim.show.printouts import sources

MOST = {"who closes when": 4096, "the closure game": 1000, "assumptions one at a time": 500}  # replications
CLOSERS, GAME, ASSUMPTIONS = MOST
CLAIMS = "claims"
Tell = Callable[[str, int, int], None]  # (what is done, how much of it, of how much)


@dataclass(frozen=True)
class Closures:
    """When a lab first removed the human: quantiles of the week over the futures in which it did."""

    lab: str
    strategy: str
    share: float
    weeks: dict[str, float]  # by the names of fan.LEVELS; empty if it never did

    def as_dict(self) -> dict[str, Any]:
        """The closures as in the JSON of `labsim report`."""
        return {"lab": self.lab, "strategy": self.strategy, "share": self.share, "first_week": self.weeks or None}


@dataclass(frozen=True)
class Report:
    """What a report shows. `run` is the folder it is of, if any; `typed` and `changes` what the user asked for."""

    scenario: Scenario
    typed: str
    changes: tuple[str, ...]
    results: Results
    closures: list[Closures]
    game: game.Game | None  # none for one lab
    effects: list[Effect]
    checked: list[Checked]  # the scenario's claims, put to the model
    provenance: dict[str, Any]
    replications: dict[str, int]  # of what is computed beside the run, by the names in MOST
    run: Path | None = None
    other_model: bool = field(default=False)  # whether a stored run was made by another version of the model

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim report`."""
        return {
            **self.results.as_dict(), "closures": [c.as_dict() for c in self.closures],
            "game": self.game and self.game.as_dict(), "assumptions": [e.as_dict() for e in self.effects],
            "expect": [c.as_dict() for c in self.checked], "provenance": self.provenance,
            "run": self.run and str(self.run),
        }  # fmt: skip


def report_of(
    scenario: Scenario, typed: str, changes: tuple[str, ...] = (), replications: int = 200, seed: int = 0,
    jobs: int | None = None, stop: Stop | None = None, tell: Tell | None = None,
) -> Report:  # fmt: skip
    """The report of a scenario. Raises ScenarioError; KeyboardInterrupt if `stop` was set."""
    stop = Stop.new() if stop is None else stop
    engine = experiment.usable_engine("ensemble")
    drawn = sampling.draw(scenario, seed, replications)
    tally, fan, failures, rows = Tally.of(scenario, Design(replications)), experiment.Fan(), [], []
    step = tell and (lambda p: tell(f"{scenario.name} and its twins", p.done, p.total))
    for block in experiment.blocks(scenario, replications, seed, engine, jobs, drawn, step, stop, fan=fan):
        tally.add(block)
        failures += block.failed
        rows.append(experiment.table(block, drawn))
    _go_on(stop)
    outcomes = joined(rows)
    written = f"labsim.scenario.changes.with_texts(labsim.load({typed!r}), {list(changes)!r})"
    results = Results(
        scenario, seed, len(outcomes), engine, tally.run, tally.differences, tally.levels,
        failed_rows(failures, partial(race_call, written, seed, drawn, None)), tally.over_worlds(),
        Design(replications), outcomes, fan=fan.table(),
    )  # fmt: skip
    provenance = run_folder.provenance(scenario, seed, replications, engine, "monte-carlo")
    return _complete(results, provenance, jobs, stop, tell, typed=typed, changes=changes)


def report_of_run(folder: Path, jobs: int | None = None, stop: Stop | None = None, tell: Tell | None = None) -> Report:
    """The report of a stored run.

    Raises ScenarioError if there is none, it was altered or is not complete; KeyboardInterrupt.
    """
    scenario, manifest, tables = run_folder.read(folder)
    if not run_folder.is_complete(manifest):
        raise ScenarioError(f"{folder}: a report is of a complete run; {run_folder.unfinished(folder)}")
    results = run_folder.results_of(folder, scenario, manifest, tables)
    gone = [name for name in ("week", "quantity", "n", "mean", *LEVELS) if name not in results.fan]
    if gone:
        raise ScenarioError(f"{folder / 'fan.parquet'}: has no column '{gone[0]}'")
    other = manifest["model"] != ensemble.sources_hash()
    return _complete(
        results, manifest, jobs, Stop.new() if stop is None else stop, tell, typed=str(folder), run=folder,
        other_model=other,
    )  # fmt: skip


def _complete(
    results: Results, provenance: dict[str, Any], jobs: int | None, stop: Stop, tell: Tell | None, **about: Any
) -> Report:
    """The report of these results, with what is computed beside them. Raises ScenarioError if all races failed."""
    if not results.replications:
        raise RaceFailed(f"report: {failed_words(results.failures, results.tried)}")
    scenario, seed = results.scenario, results.seed
    counts = {what: min(most, results.replications) for what, most in MOST.items()}
    closed = closures(results, counts[CLOSERS], stop)
    _go_on(stop)
    played = None
    if len(scenario.all_labs) > 1:
        step = tell and (lambda p: tell(GAME, p.done, p.total))
        played = game.game(scenario, 0, counts[GAME], seed, jobs=jobs, progress=step, stop=stop)
    step = tell and (lambda done, total: tell(ASSUMPTIONS, done, total))
    effects = sensitivity(
        scenario, sources(scenario), replications=counts[ASSUMPTIONS], seed=seed, jobs=jobs, stop=stop, tell=step
    )
    return Report(
        scenario, results=results, closures=closed, game=played, effects=effects, provenance=provenance,
        checked=claims(scenario, seed, jobs, stop, tell), replications=counts, **{"changes": (), **about},
    )  # fmt: skip


def claims(scenario: Scenario, seed: int, jobs: int | None, stop: Stop, tell: Tell | None) -> list[Checked]:
    """The scenario's claims put to the model, but for those that no longer fit the changed world."""
    step, known = tell and (lambda p: tell(CLAIMS, p.done, p.total)), shipped_scenarios()
    world = fitting(scenario, known, strict=False)  # a world made in Python may be changed without a mark
    return check([world], load, known, seed=seed, jobs=jobs, progress=step, stop=stop)


def closures(results: Results, replications: int, stop: Stop) -> list[Closures]:
    """Each lab's first removal of the human over the first replications of a run, in the order of the labs."""
    scenario, rows = results.scenario, results.outcomes.iloc[:replications]
    mine = {path: rows[path].to_numpy() for path in scenario.uncertainties}
    luck = sampling.luck_of(rows["replication"].to_numpy(), results.design and results.design.worlds)
    trace = experiment.tracer(experiment.usable_engine("ensemble"))
    final = trace(scenario, 0, len(rows), results.seed, weeks=0, sampled=mine, stop=stop, numbers=luck)[0]
    first = final.labs("first_closed")
    result = []
    for lab, weeks in zip(scenario.all_labs, first.T, strict=True):
        did = weeks[weeks >= 0.0]
        at = {name: float(np.quantile(did, q)) for name, q in LEVELS.items()} if len(did) else {}
        result.append(Closures(lab.name, lab.strategy, len(did) / len(weeks), at))
    return result


def _go_on(stop: Stop) -> None:
    if stop:
        raise KeyboardInterrupt
