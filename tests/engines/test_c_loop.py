"""The rules written by hand in C give the bits that the compiled rules give."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "c_loop.py"


def run(*arguments, **environment):
    """The script, run as a user would."""
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], env=whole, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_c_gives_the_bits_of_the_compiled_rules():
    found = run("--check-only")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "same bits" in found.stdout


@pytest.mark.slow
def test_without_gcc_it_says_so_in_one_line(tmp_path):
    found = run(PATH=str(tmp_path))
    assert found.returncode == 2
    assert "gcc" in found.stderr and len(found.stderr.splitlines()) == 1
