"""What a run leaves on disk: tables in Parquet, the resolved scenario, a manifest.

Rows are written as they are done, in row groups of 4096 whatever the chunking; an interrupted run
leaves what was done, readable. Nothing that exists is overwritten.
"""

import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labsim import __version__
from labsim.scenario import shipped
from labsim.engines.ensemble import sources_hash
from labsim.scenario.scenario import Scenario, ScenarioError
from labsim.scenario.files import to_toml

PACKAGES = ("mesa", "numpy", "scipy", "networkx", "numba", "pandas", "pyarrow")
TABLES = ("runs", "weeks", "events", "decisions", "fan")


class RunFolder:
    """A run folder being written. Use as a context: leaving it closes the tables and writes the manifest."""

    def __init__(self, path: Path, scenario: Scenario, seed: int, asked: int, engine: str, sampling: str):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ScenarioError(f"--out {path}: exists and is not an empty folder; nothing was written")
        self.path = path
        self._writer: pq.ParquetWriter | None = None
        self.manifest = provenance(scenario, seed, asked, engine, sampling) | {"replications": 0, "started": _now()}
        try:
            path.mkdir(parents=True, exist_ok=True)
            (path / "scenario.toml").write_text(to_toml(scenario), encoding="utf-8")
        except OSError as error:
            raise ScenarioError(f"--out {path}: cannot be written: {error.strerror}") from None

    def __enter__(self) -> "RunFolder":
        return self

    def add_runs(self, rows: pd.DataFrame) -> None:
        """Append rows of `runs.parquet` as one row group."""
        data = pa.Table.from_pandas(rows, preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path / "runs.parquet", data.schema)
        self._writer.write_table(data, row_group_size=len(rows))
        self.manifest["replications"] += len(rows)

    def add_tables(self, tables: dict[str, pd.DataFrame]) -> None:
        """Write tables that are small: `weeks`, `events`, `decisions` of the kept sample, `fan`."""
        for name, rows in tables.items():
            pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), self.path / f"{name}.parquet")

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        if self._writer is not None:
            self._writer.close()
        done = self.manifest["replications"]
        self.manifest |= {
            "finished": _now(),
            "interrupted": kind is not None or done < self.manifest["replications_asked"],
            "files": {
                file.name: hashlib.sha256(file.read_bytes()).hexdigest()
                for file in sorted(self.path.iterdir())
                if file.name != "manifest.json"
            },
        }
        (self.path / "manifest.json").write_text(json.dumps(self.manifest, indent=2) + "\n", encoding="utf-8")


def provenance(scenario: Scenario, seed: int, asked: int, engine: str, sampling: str) -> dict[str, Any]:
    """What a result comes from: the beginning of a manifest."""
    return {
        "labsim": __version__, "model": sources_hash(), **_commit(), "scenario": scenario.name,
        "scenario_hash": hashlib.sha256(to_toml(scenario).encode()).hexdigest(), "seed": seed,
        "replications_asked": asked, "engine": engine, "sampling": sampling,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": sys.version.split()[0], "platform": platform.platform(),
    }  # fmt: skip


def read(path: Path) -> tuple[Scenario, dict[str, Any], dict[str, pd.DataFrame]]:
    """The scenario, manifest and tables of a run folder. Raises ScenarioError if it is not one, or damaged."""
    from labsim.scenario.files import load

    manifest = path / "manifest.json"
    if not manifest.is_file():
        raise ScenarioError(f"{path}: not a run folder (no manifest.json)")
    content = _read(manifest, "JSON", lambda file: json.loads(file.read_text(encoding="utf-8")))
    kinds = {"scenario": str, "seed": int, "files": dict}
    wrong = [
        key for key, kind in kinds.items() if not (isinstance(content, dict) and isinstance(content.get(key), kind))
    ]
    if wrong:
        raise ScenarioError(f"{manifest}: not the manifest of a run: '{wrong[0]}' is missing or not what it must be")
    for name in ("scenario.toml", *content["files"]):
        if not (path / name).is_file():
            raise ScenarioError(f"{path / name}: is missing: the run folder is damaged")
    files = {name: path / f"{name}.parquet" for name in TABLES}
    tables = {name: _read(file, "Parquet", pd.read_parquet) for name, file in files.items() if file.exists()}
    return load(path / "scenario.toml"), content, tables


def renamed(scenario: Scenario, manifest: dict[str, Any]) -> Scenario:
    """The scenario of a run folder under the name it was run by; its file there is called scenario.toml."""
    return dataclasses.replace(scenario, name=manifest["scenario"])


def _read(file: Path, form: str, read_file: Callable[[Path], Any]) -> Any:
    """What a file of a run folder holds. Raises ScenarioError naming the file."""
    try:
        return read_file(file)
    except (ValueError, OSError, RecursionError) as error:
        raise ScenarioError(f"{file}: not valid {form}: {' '.join(str(error).split())}") from None


def default_path(scenario: Scenario) -> Path:
    """runs/NAME-1, or the next number that is free."""
    number = 1
    while (path := Path("runs") / f"{scenario.name}-{number}").exists():
        number += 1
    return path


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _commit() -> dict[str, Any]:
    """The commit of a checkout and whether it has changes; none for an installed package."""
    root = shipped.PACKAGE.parent
    if not (root / ".git").exists():
        return {"commit": None, "dirty": None}
    try:
        commit = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        status = subprocess.run(
            ["git", "-C", root, "status", "--porcelain"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "dirty": None}
    return {"commit": commit.stdout.strip(), "dirty": bool(status.stdout.strip())}
