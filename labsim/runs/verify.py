"""Is a run folder what it says? Its files against their hashes, and a random sample of its rows run again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labsim.engines import ensemble
from labsim.runs import folder as run_folder
from labsim.runs.experiment import Progress, run_worlds, table, tracer, worlds
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
    rows = sorted(np.random.default_rng().choice(len(runs), min(sample, len(runs)), replace=False).tolist())
    trace = tracer("ensemble" if ensemble.is_warm() else "mesa")
    draws = _draws(scenario, manifest, rows)
    made, differs = worlds(scenario), {}
    for done, row in enumerate(rows):
        if progress:
            progress(Progress(done, len(rows)))
        stored = runs.iloc[row]
        drawn = {name: runs[name].to_numpy() for name in scenario.uncertainties}
        result = run_worlds(made, trace, row, 1, manifest["seed"], drawn, stop)
        if result is None:
            raise KeyboardInterrupt
        again = table(result[0], row, draws).iloc[0]
        if columns := [name for name in stored.index.intersection(again.index) if not _same(stored[name], again[name])]:
            differs[row] = columns
    return Verified(path, manifest, {}, rows, differs)


def _draws(scenario: Scenario, manifest: dict[str, Any], rows: list[int]) -> dict[str, np.ndarray]:
    """The uncertain parameters as they are drawn, one array over all replications up to the last of these rows."""
    if not rows or not scenario.uncertainties:
        return {}
    seed, method = manifest["seed"], manifest["sampling"]
    if method != "monte-carlo":  # a design, drawn as a whole
        return sampling.draw(scenario, seed, manifest["replications_asked"], method)
    draws = {name: np.full(rows[-1] + 1, np.nan) for name in scenario.uncertainties}
    for row in rows:
        for name, value in sampling.draw_one(scenario, seed, row).items():
            draws[name][row] = value[0]
    return draws


def _same(stored: float, again: float) -> bool:
    """Whether two numbers have the same bits; nan is nan."""
    return np.float64(stored).tobytes() == np.float64(again).tobytes() or bool(np.isnan(stored) and np.isnan(again))
