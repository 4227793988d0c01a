"""The versions that the check installs: every dependency has one, within the range that is declared."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("lock-*.txt"))


def pinned(lock):
    """{name: version} of a lock file: lines `name==version`, nothing else but comments."""
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    matches = [re.fullmatch(r"([\w.-]+)==([\w.+!-]+)", line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches, strict=True) if not match]
    return {canonicalize_name(match[1]): match[2] for match in matches}


def declared():
    """The dependencies of the project and of its extra `dev`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_dependency_has_a_version_in_its_range(lock):
    versions = pinned(lock)
    python = {"python_version": lock.stem.removeprefix("lock-")}
    wanted = [need for need in declared() if need.marker is None or need.marker.evaluate(python)]
    have = {need: versions.get(canonicalize_name(need.name)) for need in wanted}
    wrong = [f"{need}: {version}" for need, version in have.items() if version is None or version not in need.specifier]
    assert wrong == []


def test_there_is_a_lock_for_each_python_of_the_check():
    assert [lock.name for lock in LOCKS] == ["lock-3.11.txt", "lock-3.13.txt"]
