"""Files that are whole or not there: written beside, put on the disk, then given their name."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from labsim.scenario.checked import ScenarioError

PART = "part"  # in the name of what is not whole: `.4711.part.parquet`


class HalfWritten(ScenarioError):
    """Writing ended half-way; the message says what is there, and that it can be read."""


def beside(path: Path) -> Path:
    """Where a file or folder is written before it takes its name; of this process alone."""
    return path.with_name(f".{os.getpid()}.{PART}{path.suffix}")


def leftovers(folder: Path) -> Iterator[Path]:
    """What a process that was killed left beside the files of a folder."""
    yield from folder.glob(f".[0-9]*.{PART}*")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file, or nothing: `write` is given a path beside it. Raises OSError."""
    part = beside(path)
    try:
        write(part)
        sync(part)
        part.replace(path)
        sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk. Raises OSError, but not where folders cannot be waited for."""
    if os.name != "posix" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_asked(option: str, path: Path, content: bytes | str | Callable[[Path], object]) -> None:
    """Write the file that a user asked for by an option, whole or not at all; `content` or what writes it.

    Raises ScenarioError naming the option, the path and the reason.
    """
    if not callable(content):
        data = content.encode() if isinstance(content, str) else content
        content = lambda part: part.write_bytes(data)  # noqa: E731
    with asked_for(option, path):
        write_whole(path, content)


@contextlib.contextmanager
def after(written: Path | None) -> Iterator[None]:
    """What cannot be written in here comes after this, if it is a path, was. Raises HalfWritten, else ScenarioError."""
    try:
        yield
    except ScenarioError as error:
        if written is None:
            raise
        raise HalfWritten(f"{error}; {written} is written") from None


@contextlib.contextmanager
def asked_for(option: str, path: Path) -> Iterator[None]:
    """Say of a place that a user asked for, in one line, that it cannot be written. Raises ScenarioError."""
    try:
        yield
    except OSError as error:
        raise ScenarioError(f"{option} {path}: cannot be written: {reason(error)}") from None


def reason(error: OSError) -> str:
    """Why the system refused, in a few words."""
    return error.strerror or " ".join(str(error).split()) or type(error).__name__
