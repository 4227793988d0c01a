"""Shared by the commands that write a page: its path, the command that makes it, writing it."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from labsim.runs.whole import write_asked
from labsim.scenario import shipped
from labsim.scenario.checked import ScenarioError
from labsim.show.plots import check_place


def check_path(path: Path | None, suffix: str = ".md") -> None:
    """A page's path must have this ending and its folder exist. Raises ScenarioError."""
    if path is not None and path.suffix != suffix:
        raise ScenarioError(f"--out {path}: must end in {suffix}")
    if path is not None:
        check_place("--out", path)


def command(words: Sequence[str], changes: Iterable[str], replications: int, seed: int, path: Path) -> str:
    """The command that makes a page again; `words` come first, `changes` are what --set changed."""
    sets = [word for change in changes for word in ("--set", change)]
    numbers = ["--replications", str(replications), "--seed", str(seed)]
    return shlex.join(["labsim", *words, *sets, *numbers, "--out", path.as_posix()])


def again(typed: str) -> list[str]:
    """The part of a page that says how to make it again."""
    return ["## To make this page again", "", f"labsim {shipped.version()}:", "", "```sh", typed, "```", ""]


def write(files: Mapping[Path, bytes | str]) -> None:
    """Write the files of a page, all of them or none. Raises ScenarioError."""
    done: list[Path] = []
    for path, content in files.items():
        try:
            write_asked("--out", path, content)
        except ScenarioError:
            for written in done:
                written.unlink(missing_ok=True)
            raise
        done.append(path)
