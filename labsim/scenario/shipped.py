"""Where the scenarios and the app are: inside an installation, or beside the package in a checkout; of which commit.

Building runs this file alone, without labsim and its dependencies.
"""

import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CHECKOUT = PACKAGE.parent
COMMIT = PACKAGE / "_commit"  # in what was built only, from hatch_build.py
CHANGED = "+changes"  # after a commit: what runs is not quite what was committed


@cache
def version() -> str:
    """The version that is installed; of a checkout that never was, one that says so."""
    from importlib import metadata  # brings the mail and the archive parsers: a quarter of what starting costs

    try:
        return metadata.version("labsim")
    except metadata.PackageNotFoundError:
        return "0+checkout"


def folder(name: str) -> Path:
    """The folder `scenarios` or `viz`. Raises FileNotFoundError if the installation lacks it."""
    for place in (PACKAGE / f"_{name}", CHECKOUT / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"labsim's {name} are missing from this installation: install it again")


def commit() -> str | None:
    """The commit of this source, `+changes` after it if files differ from it; of a wheel, the one it was built from.

    None if nobody knows: a copy without git, or git cannot be asked.
    """
    if not (CHECKOUT / ".git").exists():
        return COMMIT.read_text(encoding="utf-8").strip() if COMMIT.is_file() else None
    try:
        return _git("rev-parse", "HEAD") + (CHANGED if _git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(CHECKOUT), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
