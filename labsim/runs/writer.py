"""A run folder being written, so that nothing is lost: see `folder.py` for what is in it.

Every file is written beside and renamed, so a run that is killed at any moment leaves whole files, and goes on
from the last block that the manifest names. Nothing that exists is overwritten.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labsim.engines.ensemble import sources_hash
from labsim.engines.failures import Failure
from labsim.runs.experiment import BLOCK
from labsim.runs.folder import (
    DICTIONARY,
    MANIFEST,
    PARTS,
    RUNS,
    SCENARIO,
    blocks_of,
    contents,
    file_hash,
    now,
    provenance,
    read_table,
    replay_command,
    sealed,
    tidy,
    tried,
    unfinished,
)
from labsim.runs.whole import HalfWritten, asked_for, beside, leftovers, reason, sync, write_whole
from labsim.scenario.checked import ScenarioError
from labsim.scenario.files import to_toml
from labsim.scenario.scenario import Scenario

try:
    import fcntl
except ImportError:  # not on Windows, where two writers are not kept apart
    fcntl = None  # type: ignore[assignment]


class RunFolder:
    """A run folder that is being written: begun or resumed, given blocks, finished.

    Use as a context: leaving it early notes the interruption. A fault of the disk is a `HalfWritten`.
    """

    def __init__(self, path: Path, scenario: Scenario, manifest: dict[str, Any]):
        self.path, self.scenario, self.manifest = path, scenario, manifest
        self._lock: int | None = None
        self._wrote = False

    @classmethod
    def begin(
        cls, path: Path, scenario: Scenario, seed: int, asked: int, engine: str, sampling: str,
        more: Mapping[str, Any] | None = None,
    ) -> "RunFolder":  # fmt: skip
        """A new folder with its scenario and manifest; `more` is what else the manifest says of the run asked for.

        Raises ScenarioError if it exists and is not empty, or cannot be written; then nothing was.
        """
        text = to_toml(scenario).encode()
        _check_free(path, text)
        manifest = provenance(scenario, seed, asked, engine, sampling) | dict(more or {})
        manifest |= {
            "complete": False, "interrupted": False, "replications": 0, "failed": [], "started": now(),
            "finished": None,
            "files": {SCENARIO: hashlib.sha256(text).hexdigest()},
        }  # fmt: skip
        folder = cls(path, scenario, manifest)
        with asked_for("--out", path):
            _create(path, {SCENARIO: text, MANIFEST: _json(manifest)})
        folder._wrote = True
        return folder

    @classmethod
    def resume(cls, path: Path) -> "RunFolder":
        """The folder of a run that did not end, to go on with.

        Raises ScenarioError if there is none, it was altered, or another version of the model made it.
        """
        scenario, manifest = contents(path)
        if "complete" not in manifest:
            raise ScenarioError(f"--resume {path}: was written by labsim {manifest['labsim']}, which could not go on")
        if manifest["model"] != sources_hash():
            raise ScenarioError(
                f"--resume {path}: the run was made by another version of the model ({manifest['model']}; this is "
                f"{sources_hash()}), and rows of two versions do not go together; run it anew: {manifest['command']}"
            )
        folder = cls(path, scenario, manifest | {"interrupted": False, "finished": None})
        with folder._kept():
            folder._hold()
        return folder

    def __enter__(self) -> "RunFolder":
        with self._kept():
            self._hold()
            for file in [*leftovers(self.path), *leftovers(self.path / PARTS)]:
                file.unlink()
        return self

    def stored(self) -> Iterator[pd.DataFrame]:
        """The blocks that are done, in their order; the last may be shorter than `BLOCK`."""
        for name in blocks_of(self.manifest):
            yield read_table(self.path / name)

    @property
    def tried(self) -> int:
        """The replications that are done, with those that failed."""
        return tried(self.manifest)

    def add_runs(self, rows: pd.DataFrame, failed: Iterable[Failure] = ()) -> None:
        """Keep a block of replications: the next one, or the last if that was shorter, now with more rows.

        `failed` are those of the block that were not known yet. Raises HalfWritten.
        """
        number = self.tried // BLOCK
        name = f"{PARTS}/{number:05d}.parquet"
        known = self.manifest.setdefault("failed", [])
        before = [one for one in known if one["replication"] < number * BLOCK]
        earlier = number * BLOCK - len(before)  # rows
        with self._kept():
            (self.path / PARTS).mkdir(exist_ok=True)
            if self.manifest["files"].pop(name, None):  # at no moment may the manifest name what is not there
                self.manifest |= {"replications": earlier, "failed": before}
                self._write_manifest()
            self._write(name, lambda part: _write_table(rows, part))
            new = [asdict(one) | {"reproduce": replay_command(self.path, one.replication)} for one in failed]
            self.manifest |= {"replications": earlier + len(rows), "failed": [*known, *new]}
            self._write_manifest()

    def finish(self, tables: Mapping[str, pd.DataFrame], dictionary: str) -> None:
        """Write the small `tables`, the data dictionary, all runs in one file; then the blocks go.

        Raises HalfWritten.
        """
        parts = blocks_of(self.manifest)
        with self._kept():
            for name, rows in tables.items():
                self._write(f"{name}.parquet", partial(_write_table, rows))
            self._write(DICTIONARY, lambda part: part.write_text(dictionary, encoding="utf-8"))
            self._write(RUNS, lambda part: _join([self.path / name for name in parts], part))
            if self.manifest.get("csv"):
                for name, rows in tables.items():
                    self._write(f"{name}.csv", partial(rows.to_csv, index=False))
                self._write("runs.csv", lambda part: _join_csv([self.path / name for name in parts], part))
            for name in parts:
                del self.manifest["files"][name]
            self.manifest["files"] = dict(sorted(self.manifest["files"].items()))
            self.manifest |= {"complete": True, "finished": now()}
            self._write_manifest()
            tidy(self.path)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        if not self.manifest["complete"]:
            self.manifest |= {"interrupted": True, "finished": now()}
            with contextlib.suppress(OSError):  # a full disk: the manifest of the last block stands
                self._write_manifest()
        if self._lock is not None:
            os.close(self._lock)

    def _write(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file of the folder and note its hash."""
        write_whole(self.path / name, write)
        self._wrote = True
        self.manifest["files"][name] = file_hash(self.path / name)

    def _write_manifest(self) -> None:
        write_whole(self.path / MANIFEST, lambda part: part.write_bytes(_json(self.manifest)))

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        """Say what is there when the disk fails. Raises HalfWritten; ScenarioError if nothing was written yet."""
        try:
            yield
        except OSError as error:
            fault = HalfWritten if self._wrote else ScenarioError
            raise fault(f"{self.path}: cannot be written: {reason(error)}; {unfinished(self.path)}") from None

    def _hold(self) -> None:
        """Keep other processes from writing here until this one leaves or dies. Raises ScenarioError."""
        if fcntl is None or self._lock is not None:
            return
        self._lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ScenarioError(f"{self.path}: another process is writing this run") from None
        except OSError:  # a file system without locks
            pass


def _check_free(path: Path, scenario: bytes) -> None:
    """Raises ScenarioError if a run cannot begin here: something is here already.

    What a run of this scenario left that was killed while it made these very files is nothing.
    """
    with asked_for("--out", path):
        there = set(path.iterdir()) if path.is_dir() else {path} if path.exists() else set()
        there -= set(leftovers(path))
        if there == {path / SCENARIO} and (path / SCENARIO).read_bytes() == scenario:
            return
    if not there:
        return
    if path / MANIFEST in there and (rest := unfinished(path)):
        raise ScenarioError(f"--out {path}: {rest}; nothing was written")
    raise ScenarioError(f"--out {path}: exists and is not an empty folder; nothing was written")


def _create(path: Path, files: Mapping[str, bytes]) -> None:
    """A folder with its first files, all at once where it is new. Raises OSError; then nothing is left."""
    above = [folder for folder in path.parents if not folder.exists()]
    place = path if path.exists() else beside(path)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_whole(place / name, partial(Path.write_bytes, data=content))
        if place != path:
            place.rename(path)
            sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            for name in files:
                (place / name).unlink(missing_ok=True)
            for folder in [*([place] if place != path else []), *above]:
                folder.rmdir()
        raise


def _write_table(rows: pd.DataFrame, path: Path) -> None:
    with path.open("wb") as file:  # Python's own file: its errors say what is wrong
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), file)


def _join(parts: list[Path], path: Path) -> None:
    """All blocks in one file, a row group each."""
    with path.open("wb") as file, pq.ParquetWriter(file, pq.read_schema(parts[0])) as writer:
        for part in parts:
            writer.write_table(pq.read_table(part), row_group_size=BLOCK)


def _join_csv(parts: list[Path], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(parts):
            pd.read_parquet(part).to_csv(file, index=False, header=number == 0)


def _json(manifest: Mapping[str, Any]) -> bytes:
    return (json.dumps(sealed(manifest), indent=2) + "\n").encode()
