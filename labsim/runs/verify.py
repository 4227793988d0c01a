"""Is a run folder what it says? Its files against their hashes, and a random sample of its rows run again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labsim.engines import ensemble
from labsim.engines.failures import Failure
from labsim.runs import folder as run_folder
from labsim.runs.experiment import Block, Progress, run_worlds, table, tracer
from labsim.runs.results import with_twins
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Verified:
    """What was found of a run folder."""

    path: Path
    manifest: dict[str, Any]
    faults: dict[str, str]  # what is wrong with which file
    checked: list[int] = field(default_factory=list)  # the replications that were run again
    differs: dict[int, list[str]] = field(default_factory=dict)  # those with other bits, and in which columns

    @property
    def is_same(self) -> bool:
        """Whether nothing was altered and every bit came again."""
        return not self.faults and not self.differs

    @property
    def same_model(self) -> bool:
        """Whether this version of the model made the run."""
        return self.manifest["model"] == ensemble.sources_hash()

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim verify`."""
        return {
            "run": str(self.path), "same": self.is_same, "complete": run_folder.is_complete(self.manifest),
            "same_model": self.same_model, "replications": self.manifest["replications"],
            "failed": self.manifest.get("failed", []),
            "files": len(self.manifest["files"]),
            "faults": [{"file": name, "fault": fault} for name, fault in self.faults.items()],
            "checked": self.checked,
            "differs": [{"replication": r, "columns": columns} for r, columns in self.differs.items()],
        }  # fmt: skip


def verify(
    path: Path, sample: int = 20, progress: Callable[[Progress], None] | None = None, stop: Any = None
) -> Verified:
    """Check all files of a run folder, then run `sample` of its rows again, with their twins, to the bit.

    Rows are drawn anew each time. An unfinished run is checked as far as it is. Nothing is run again where a file was
    altered. Raises ScenarioError if it is not a run folder; KeyboardInterrupt if `stop` was set meanwhile.
    """
    manifest = run_folder.read_manifest(path)
    if faults := run_folder.faults(path, manifest):
        return Verified(path, manifest, faults)
    try:
        scenario, manifest, tables = run_folder.read(path)
        runs = tables.get("runs", pd.DataFrame())
        if len(runs):
            run_folder.check_columns(path, runs, ("replication", *scenario.uncertainties))
    except ScenarioError as error:  # all as it was written, but not what a run writes
        return Verified(path, manifest, {run_folder.MANIFEST: str(error)})
    failed = {one.replication: one for one in run_folder.failures_of(manifest)}
    stored = {int(number): place for place, number in enumerate(runs["replication"])} if len(runs) else {}
    numbers = sorted([*failed, *stored])
    rows = sorted(np.random.default_rng().choice(numbers, min(sample, len(numbers)), replace=False).tolist())
    trace = tracer("ensemble")
    draws, count = _draws(scenario, manifest, rows), manifest.get("worlds")
    made, differs = with_twins(scenario), {}
    for done, row in enumerate(rows):
        if progress:
            progress(Progress(done, len(rows)))
        was = runs.iloc[stored[row]] if row in stored else None
        drawn = draws if was is None else {name: _at(row, was[name]) for name in scenario.uncertainties}
        result = run_worlds(made, trace, row, 1, manifest["seed"], drawn, stop, worlds=count)
        if result is None:
            raise KeyboardInterrupt
        if columns := _differs(was, failed.get(row), result[0], draws, count):
            differs[row] = columns
    return Verified(path, manifest, {}, rows, differs)


def _at(place: int, value: float) -> np.ndarray:
    """An array with a value at a place, and nothing before it."""
    return np.append(np.full(place, np.nan), value)


def _differs(
    was: pd.Series | None, failed: Failure | None, again: Block, draws: dict[str, np.ndarray], worlds: int | None
) -> list[str]:
    """The columns in which a replication comes out otherwise than it `was`, or `failed` if it fails otherwise."""
    if was is None or again.failed:
        return [] if again.failed == [failed] else ["failed"]
    now = table(again, draws, worlds).iloc[0]
    return [name for name in was.index.intersection(now.index) if not _same(was[name], now[name])]


def _draws(scenario: Scenario, manifest: dict[str, Any], rows: list[int]) -> dict[str, np.ndarray]:
    """The uncertain parameters as they are drawn, one array over all replications up to the last of these rows."""
    if not rows or not scenario.uncertainties:
        return {}
    seed, method = manifest["seed"], manifest["sampling"]
    if method != "monte-carlo":  # a design, drawn as a whole
        return sampling.draw(scenario, seed, manifest["replications_asked"], method, manifest.get("worlds"))
    draws = {name: np.full(rows[-1] + 1, np.nan) for name in scenario.uncertainties}
    for row in rows:
        for name, value in sampling.draw_one(scenario, seed, row, manifest.get("worlds")).items():
            draws[name][row] = value[0]
    return draws


def _same(stored: float, again: float) -> bool:
    """Whether two numbers have the same bits; nan is nan."""
    return np.float64(stored).tobytes() == np.float64(again).tobytes() or bool(np.isnan(stored) and np.isnan(again))
