"""A run folder as others read it: its manifest, its files checked against their hashes, its tables.

    scenario.toml, manifest.json       from the first second; the manifest is replaced after each block
    runs/00000.parquet, ...            while it runs: a file for each block of 4096 replications
    runs.parquet and the small tables  at the end, in row groups of 4096; then the blocks go

See `writer.py` for how they come to be.
"""

import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import platform
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labsim.engines.ensemble import sources_hash
from labsim.engines.failures import Failure
from labsim.model.outcomes import OUTCOMES
from labsim.runs.experiment import BLOCK, ENGINES, Tally, block_of
from labsim.runs.results import Design, Results, failed_rows, joined, no_table
from labsim.scenario import shipped
from labsim.scenario.checked import ScenarioError
from labsim.scenario.files import find, opened, to_toml
from labsim.scenario.sampling import METHODS
from labsim.scenario.scenario import TWINS, Scenario

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("mesa", "numpy", "scipy", "networkx", "llvmlite", "pandas", "pyarrow")
TABLES = ("runs", "weeks", "events", "decisions", "fan")
MANIFEST, SCENARIO, RUNS, PARTS, DICTIONARY = "manifest.json", "scenario.toml", "runs.parquet", "runs", "dictionary.md"

KINDS = {  # of what is read of a manifest
    "scenario": str, "labsim": str, "model": str, "seed": int, "replications": int, "replications_asked": int,
    "engine": ENGINES, "sampling": METHODS, "packages": dict, "files": dict,
}  # fmt: skip
# not in the first version
NEW_KINDS = {"complete": bool, "interrupted": bool, "command": str, "sample": int, "csv": bool}
HASH = "manifest_hash"  # of all else that a manifest says; the first version had none
FAILURE = {"replication": int, "lab": str, "week": int, "error": str, "world": str}  # one of `failed`, in a manifest


def blocks_of(manifest: Mapping[str, Any]) -> list[str]:
    """The names of the blocks that a manifest knows, in their order."""
    return sorted(name for name in manifest["files"] if name.startswith(f"{PARTS}/"))


def file_hash(file: Path) -> str:
    """The SHA-256 of a file's content. Raises OSError."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def scenario_hash(scenario: Scenario) -> str:
    """The SHA-256 of a scenario with every value and claim written out."""
    return hashlib.sha256(to_toml(scenario).encode()).hexdigest()


def input_of(name: str) -> dict[str, str]:
    """What a manifest says of the scenario as it was typed: its shipped name or file, and the hash of that file.

    Raises ScenarioError if there is none.
    """
    return {"input": name, "input_hash": file_hash(find(name))}


def provenance(scenario: Scenario, seed: int, asked: int, engine: str, sampling: str) -> dict[str, Any]:
    """What a result comes from: the beginning of a manifest."""
    return {
        "labsim": shipped.version(), "model": sources_hash(), **_commit(), "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario), "seed": seed,
        "replications_asked": asked, "engine": engine, "sampling": sampling,
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "python": sys.version.split()[0], "platform": platform.platform(),
    }  # fmt: skip


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a run folder. Raises ScenarioError if there is none, or it is damaged."""
    file = path / MANIFEST
    if not path.is_dir():
        raise ScenarioError(f"{path}: there is no such folder")
    if not file.is_file():
        raise ScenarioError(f"{path}: not a run folder (no {MANIFEST})")
    content = _read(file, "JSON", lambda file: json.loads(file.read_text(encoding="utf-8")))
    content = content if isinstance(content, dict) else {}
    right = KINDS | (NEW_KINDS if "complete" in content else {})
    wrong = [key for key, kind in right.items() if not _is(content.get(key), kind)]
    wrong += ["worlds"] if not _is(content.get("worlds") or 1, int) else []
    wrong += ["failed"] if not _are_failures(content.get("failed", [])) else []
    if wrong:
        raise ScenarioError(f"{file}: not the manifest of a run: '{wrong[0]}' is missing or not what it must be")
    return content


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with the hash of what it says."""
    said = {key: value for key, value in manifest.items() if key != HASH}
    return said | {HASH: hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}


def _are_failures(value: Any) -> bool:
    """Whether this is what a manifest says of replications that failed."""
    return isinstance(value, list) and all(
        isinstance(one, dict) and all(_is(one.get(key), kind) for key, kind in FAILURE.items()) for one in value
    )


def failures_of(manifest: Mapping[str, Any]) -> list[Failure]:
    """The replications that failed, in their order."""
    return [Failure(**{key: one[key] for key in FAILURE}) for one in manifest.get("failed", [])]


def tried(manifest: Mapping[str, Any]) -> int:
    """The replications that were run: those that have a row, and those that failed."""
    return manifest["replications"] + len(manifest.get("failed", []))


def design_of(manifest: Mapping[str, Any]) -> Design:
    """Which replications the run asked for, and of which worlds."""
    return Design(manifest["replications_asked"], manifest["sampling"], manifest.get("worlds"))


def _is(value: Any, kind: Any) -> bool:
    """Whether a value of a manifest is of a kind: a type (whole numbers from 0 to 2**63 - 1), or one of some texts."""
    if isinstance(kind, tuple):
        return value in kind
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
    return isinstance(value, kind) and (kind is not dict or all(isinstance(inner, str) for inner in value.values()))


def is_complete(manifest: Mapping[str, Any]) -> bool:
    """Whether the run came to its end. The first version only said whether it was interrupted."""
    return manifest.get("complete", not manifest.get("interrupted"))


def unfinished(path: Path) -> str:
    """What to say of a run that did not come to its end, and how to go on; nothing of a complete one."""
    manifest = read_manifest(path)
    if is_complete(manifest):
        return ""
    done, asked = tried(manifest), manifest["replications_asked"]
    return f"{done} of {asked} replications are done and kept; go on with: {resume_command(path)}"


def resume_command(path: Path) -> str:
    """The command that goes on with the run of a folder."""
    return shlex.join(["labsim", "run", "--resume", str(path)])


def replay_command(path: Path, replication: int) -> str:
    """The command that runs one replication of the run of a folder again."""
    return shlex.join(["labsim", "replay", str(path), "--replication", str(replication)])


def faults(path: Path, manifest: Mapping[str, Any]) -> dict[str, str]:
    """The files of a run folder that are not what the manifest says, each with what is wrong with it."""
    result = {}
    if HASH in manifest and manifest[HASH] != sealed(manifest)[HASH]:
        result[MANIFEST] = f"was altered after it was written: its '{HASH}' is not that of what it says"
    for name in dict.fromkeys([SCENARIO, *manifest["files"]]):
        if not (path / name).is_file():
            result[name] = "is missing: the run folder is damaged"
        elif file_hash(path / name) != manifest["files"].get(name):
            result[name] = f"was altered after it was written: its hash is not the one in {MANIFEST}"
    return result


def contents(path: Path) -> tuple[Scenario, dict[str, Any]]:
    """The scenario, under the name it was run by, and the manifest of a run folder whose files are as they were.

    Raises ScenarioError if it is none, or a file is missing or was altered.
    """
    manifest = read_manifest(path)
    for name, fault in faults(path, manifest).items():
        raise ScenarioError(f"{path / name}: {fault}")
    return dataclasses.replace(opened(path / SCENARIO), name=manifest["scenario"]), manifest


def read(path: Path) -> tuple[Scenario, dict[str, Any], "dict[str, pd.DataFrame]"]:
    """The scenario, manifest and tables of a run folder; of one that did not come to its end, the runs it has.

    Raises ScenarioError as `contents`.
    """
    scenario, manifest = contents(path)
    files = {name: [f"{name}.parquet"] for name in TABLES}
    if blocks := blocks_of(manifest):
        files["runs"] = blocks
    tables = {
        name: joined(read_table(path / file) for file in parts)
        for name, parts in files.items() if set(parts) <= set(manifest["files"])
    }  # fmt: skip
    if (rows := len(tables.get("runs", ()))) != manifest["replications"]:
        raise ScenarioError(f"{path}: holds {rows} replications, but its manifest says {manifest['replications']}")
    return scenario, manifest, tables


def check_columns(path: Path, runs: Any, names: Iterable[str]) -> None:
    """Raises ScenarioError if the runs of a folder, as a table or a row of it, lack a column."""
    gone = [name for name in names if name not in runs]
    if gone:
        raise ScenarioError(f"{path / RUNS}: has no column '{gone[0]}'")


def tidy(path: Path) -> None:
    """Remove what a run that was killed at its very end left beside the files of its complete folder."""
    shutil.rmtree(path / PARTS, ignore_errors=True)


def results_of(
    path: Path, scenario: Scenario, manifest: Mapping[str, Any], tables: "Mapping[str, pd.DataFrame]"
) -> Results:
    """The results of a run from what `read` found in its folder; an outcome that its version did not know is none.

    Raises ScenarioError if a column is missing.
    """
    runs, tally = runs_of(path, tables), Tally.of(scenario, design := design_of(manifest))
    outcomes = [*OUTCOMES, *(f"{twin}.{name}" for twin in TWINS for name in OUTCOMES)]
    check_columns(path, runs, [*scenario.uncertainties, *(outcomes if manifest["model"] == sources_hash() else ())])
    runs = runs.reindex(columns=[*runs.columns, *(name for name in outcomes if name not in runs)])
    for _, rows in runs.groupby(runs["replication"] // BLOCK):
        tally.add(block_of(rows))
    small = {name: tables.get(name, no_table()) for name in TABLES if name != "runs"}
    return Results(
        scenario, manifest["seed"], len(runs), manifest["engine"], tally.run, tally.differences, tally.levels,
        failed_in(path, manifest), tally.over_worlds(), design, runs, **small,
    )  # fmt: skip


def failed_in(path: Path, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The replications of a folder that failed: see `results.failed_rows`."""
    return failed_rows(failures_of(manifest), lambda one: replay_command(path, one.replication))


def runs_of(path: Path, tables: "Mapping[str, pd.DataFrame]") -> "pd.DataFrame":
    """The runs that `read` found in a folder. Raises ScenarioError if there are none yet."""
    if "runs" not in tables:
        raise ScenarioError(f"{path}: the run was stopped before its first replication")
    return tables["runs"]


def read_table(file: Path) -> "pd.DataFrame":
    """A table of a run folder. Raises ScenarioError naming the file."""
    import pandas as pd  # late: only where a table is read

    return _read(file, "Parquet", pd.read_parquet)


def _read(file: Path, form: str, read_file: Callable[[Path], Any]) -> Any:
    """What a file of a run folder holds. Raises ScenarioError naming the file."""
    try:
        return read_file(file)
    except OSError as error:
        raise ScenarioError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{file}: not valid {form}: {' '.join(str(error).split())}") from None


def default_path(scenario: Scenario) -> Path:
    """runs/NAME-1, or the next number that is free."""
    number = 1
    while (path := Path("runs") / f"{scenario.name}-{number}").exists():
        number += 1
    return path


def now() -> str:
    """The time, as a manifest has it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _commit() -> dict[str, Any]:
    """The commit of labsim's source, and whether files differed from it; None and None where it is not known."""
    commit = shipped.commit()
    return {"commit": commit, "dirty": None if commit is None else commit.endswith(shipped.CHANGED)}
