"""A replication of a run folder again, in Mesa, with the same bits."""

import math
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labsim.engines.ensemble import sources_hash
from labsim.engines.failures import Failure, exception_line
from labsim.engines.mesa_engine import Race, sampled_scenario
from labsim.model.outcomes import OUTCOMES, Final
from labsim.model.state import LabState, RaceState, fields
from labsim.runs import folder as run_folder
from labsim.runs.record import Record
from labsim.runs.results import with_twins
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario


@dataclass
class Replay:
    """A race run again: its record, its outcomes, and whether it has the bits that were stored."""

    scenario: Scenario
    replication: int
    tables: dict[str, pd.DataFrame]
    outcomes: dict[str, float]
    stored: dict[str, float]  # but for outcomes that the version which made the run did not know
    same_model: bool
    failed: Failure | None = None  # how it ended, if with an exception; then there are no outcomes
    where: str = ""  # the line that raised
    failed_before: Failure | None = None  # how the stored run of it ended, where this one does not fail

    @property
    def differs(self) -> list[str]:
        """Outcomes whose bits differ from the stored ones; `failed` where that run failed and this one does not."""
        if self.failed_before is not None:
            return ["failed"]
        return [k for k, v in self.stored.items() if np.float64(v).tobytes() != np.float64(self.outcomes[k]).tobytes()
                and not (math.isnan(v) and math.isnan(self.outcomes[k]))]  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim replay`."""

        def rows(name: str) -> list[dict[str, Any]]:
            return plain(self.tables[name].drop(columns="replication").to_dict("records"))

        return {
            "scenario": self.scenario.name, "replication": self.replication, "same_bits": not self.differs,
            "same_model": self.same_model, "differs": self.differs,
            "outcomes": plain(self.outcomes), "failed": self.failed and asdict(self.failed),
            "events": rows("events"), "decisions": rows("decisions"),
        }  # fmt: skip


def plain(value: Any) -> Any:
    """A value that JSON knows: numbers of Python, no nan, no infinity."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def stored_world(folder: Path, replication: int) -> tuple[Scenario, dict[str, Any], pd.Series]:
    """(scenario with the drawn parameters, manifest, stored row) of a replication of a run folder.

    Raises ScenarioError if there is no such folder or replication, or it failed.
    """
    scenario, manifest, tables = run_folder.read(folder)
    for one in run_folder.failures_of(manifest):
        if one.replication == replication:
            command = run_folder.replay_command(folder, replication)
            raise ScenarioError(f"--replication {replication}: this one failed ({one}); have it again: {command}")
    return _world_of(folder, scenario, manifest, tables, replication)


def luck_of(manifest: Mapping[str, Any], replication: int) -> int:
    """Whose luck a replication of a run folder has."""
    return sampling.luck_of(replication, manifest.get("worlds"))


def _world_of(
    folder: Path, scenario: Scenario, manifest: dict[str, Any], tables: Mapping[str, pd.DataFrame], replication: int
) -> tuple[Scenario, dict[str, Any], pd.Series]:
    """What `stored_world` gives, of what was read of a folder."""
    runs = run_folder.runs_of(folder, tables)
    run_folder.check_columns(folder, runs, ("replication", *scenario.uncertainties))
    stored = runs[runs["replication"] == replication]
    if stored.empty:
        last = run_folder.tried(manifest) - 1
        raise ScenarioError(f"--replication {replication}: the run has replications 0 to {last}")
    stored = stored.iloc[0]
    drawn = {path: np.array([stored[path]]) for path in scenario.uncertainties}
    return (sampled_scenario(scenario, drawn, 0) if drawn else scenario), manifest, stored


def replay(folder: Path, replication: int) -> Replay:
    """Run a stored replication again. Raises ScenarioError if there is no such folder or replication.

    One that failed is run again in the world in which it did: see `Replay.failed`.
    """
    scenario, manifest, tables = run_folder.read(folder)
    for one in run_folder.failures_of(manifest):
        if one.replication == replication:
            return _fail_again(scenario, manifest, one)
    setting, manifest, stored = _world_of(folder, scenario, manifest, tables, replication)
    alone = _alone()
    if same_model := manifest["model"] == sources_hash():
        run_folder.check_columns(folder, stored, alone)
    record, luck = Record(), luck_of(manifest, replication)
    race = record.follow(Race(setting, manifest["seed"], replication, collect=False, luck=luck))
    outcomes = _measured(race, setting, alone)
    return Replay(
        setting, replication, record.tables(), outcomes,
        {name: float(stored[name]) for name in outcomes if name in stored}, same_model,
    )  # fmt: skip


def _alone() -> list[str]:
    """The outcomes that are seen in the race itself."""
    return [name for name, outcome in OUTCOMES.items() if not outcome.less_rule_free]


def _measured(race: Race, setting: Scenario, names: list[str]) -> dict[str, float]:
    """Outcomes of a race that has ended."""
    final = Final(
        np.array([[getattr(race, name) for name in fields(RaceState)]]),
        np.array([[[getattr(lab, name) for name in fields(LabState)] for lab in race.labs]]),
        setting.values,
    )
    return {name: float(OUTCOMES[name].function(final)[0]) for name in names}


def _fail_again(scenario: Scenario, manifest: dict[str, Any], failed: Failure) -> Replay:
    """A replication that failed, run again to where it raises, as far as it does."""
    r, world = failed.replication, with_twins(scenario)[failed.world]
    design = run_folder.design_of(manifest)
    sampled = sampling.draw(scenario, manifest["seed"], design.replications, design.sampling, design.worlds)
    setting = sampled_scenario(world, sampled, r) if sampled else world
    same_model = manifest["model"] == sources_hash()
    record, where = Record(), ""
    race = Race(setting, manifest["seed"], r, collect=False, luck=luck_of(manifest, r))
    try:
        record.follow(race)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename}:{last.lineno}, in {last.name}: {last.line}"
        name = race.acting.name if race.acting is not None else ""
        again = replace(failed, lab=name, week=int(race.week), error=exception_line(error))
        return Replay(setting, r, record.tables(), {}, {}, same_model, again, where)
    outcomes = _measured(race, setting, _alone())
    return Replay(setting, r, record.tables(), outcomes, {}, same_model, failed_before=failed)
