"""Commands as tests call them: in this process or in one of their own, in 80 columns, without colour."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labsim.cli.main import main

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "NO_COLOR": "1", "COLUMNS": "80"}


def labsim(*arguments, cwd=None, columns=80):
    """A command run in this process, on a terminal so wide: its return code, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as here, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        here.setattr(sys, "argv", ["labsim", *map(str, arguments)])
        here.setenv("COLUMNS", str(columns))
        here.setenv("NO_COLOR", "1")
        if cwd is not None:
            here.chdir(cwd)
        with pytest.raises(SystemExit) as left:
            main()
    return SimpleNamespace(returncode=left.value.code, stdout=out.getvalue(), stderr=err.getvalue())


def labsim_alone(*arguments, cwd=None):
    """A command in a process of its own, as a shell runs it."""
    return subprocess.run(
        [sys.executable, "-m", "labsim", *map(str, arguments)],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=300, cwd=cwd,
    )  # fmt: skip


def strict(text):
    """The one JSON value in a text; nan and infinity are refused."""

    def refuse(word):
        raise AssertionError(f"{word} in JSON")

    return json.loads(text, parse_constant=refuse)


def answer(*arguments, cwd=None):
    """What a command says in JSON, checked to have ended well."""
    done = labsim(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return strict(done.stdout)
