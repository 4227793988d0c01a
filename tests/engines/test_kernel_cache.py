"""An edited rule changes the next result; an unchanged one is not compiled again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import labsim
from labsim.engines import ensemble

PROGRAM = (
    "import labsim, time; t = time.time(); r = labsim.run('five-calculators', 64); print(r.outcomes.payoff.sum().hex())"
)


def result(folder: Path, cache: Path) -> str:
    """The outcome of a run of the copy of labsim in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "LABSIM_CACHE": str(cache)}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


@pytest.mark.slow
def test_editing_a_rule_changes_the_next_result(tmp_path):
    source = Path(labsim.__file__).parent
    copy = tmp_path / "copy"
    shutil.copytree(source, copy / "labsim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source.parent / "scenarios", copy / "scenarios")
    ensemble.warm()
    cache, kept = tmp_path / "cache", ensemble.cache_folder()
    shutil.copytree(kept, cache / "kernels" / kept.name)
    kernels = {p: p.stat().st_mtime_ns for p in cache.rglob("*.nbc")}
    assert kernels
    first = result(copy, cache)
    assert {p: p.stat().st_mtime_ns for p in cache.rglob("*.nbc")} == kernels  # the same sources: nothing compiled
    rule = copy / "labsim" / "model" / "harm.py"
    text = rule.read_text()
    edited = text.replace("lab.exposure * lab.exposure / 52.0", "lab.exposure * lab.exposure / 26.0")
    assert edited != text
    rule.write_text(edited)
    assert result(copy, cache) != first
    rule.write_text(text)
    assert result(copy, cache) == first
