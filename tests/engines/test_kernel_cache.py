"""An edited rule changes the next result; an unchanged one is not compiled again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import labsim
from labsim.cli import doctor
from labsim.engines import ensemble
from tests.commands import ENVIRONMENT

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


def times(cache: Path) -> dict[Path, int]:
    """When each file of compiled code was written."""
    return {path: path.stat().st_mtime_ns for path in cache.rglob("*.nbc")}


def warm_cache(folder: Path) -> Path:
    """A copy of the cache with the kernel of these sources: a test that changes it need not compile it first."""
    ensemble.warm()
    kept = ensemble.cache_folder()
    shutil.copytree(kept, folder / "kernels" / kept.name)
    assert times(folder)
    return folder


@pytest.mark.slow
def test_editing_a_rule_changes_the_next_result(tmp_path):
    source = Path(labsim.__file__).parent
    copy, cache = tmp_path / "copy", warm_cache(tmp_path / "cache")
    shutil.copytree(source, copy / "labsim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source.parent / "scenarios", copy / "scenarios")
    kernels = times(cache)
    first = result(copy, cache)
    assert times(cache) == kernels  # the same sources: nothing compiled
    rule = copy / "labsim" / "model" / "harm.py"
    text = rule.read_text()
    edited = text.replace("lab.exposure * lab.exposure / 52.0", "lab.exposure * lab.exposure / 26.0")
    assert edited != text
    rule.write_text(edited)
    assert result(copy, cache) != first
    rule.write_text(text)
    assert result(copy, cache) == first


def _of(folder, suffix):
    """The largest file of a kind."""
    return max(folder.rglob(f"*{suffix}"), key=lambda path: path.stat().st_size)


def _flip(path):
    """Another bit in the middle, and the same size and time."""
    content, times = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _become_a_file(folder):
    shutil.rmtree(folder)
    folder.write_text("not a folder")


DAMAGES = {
    "an empty index": lambda folder: _of(folder, ".nbi").write_bytes(b""),
    "an index cut in half": lambda folder: os.truncate(_of(folder, ".nbi"), _of(folder, ".nbi").stat().st_size // 2),
    "an index of nonsense": lambda folder: _of(folder, ".nbi").write_bytes(bytes(range(256)) * 40),
    "empty code": lambda folder: _of(folder, ".nbc").write_bytes(b""),
    "code cut in half": lambda folder: os.truncate(_of(folder, ".nbc"), _of(folder, ".nbc").stat().st_size // 2),
    "a flipped bit of code": lambda folder: _flip(_of(folder, ".nbc")),
    "code that is gone": lambda folder: _of(folder, ".nbc").unlink(),
    "another source": lambda folder: _of(folder, ".py").write_bytes(b"\xff\xfe"),
    "no seal": lambda folder: (folder / ensemble.SEAL).unlink(),
    "a seal of nonsense": lambda folder: (folder / ensemble.SEAL).write_bytes(b"\xff"),
    "no folder": shutil.rmtree,
    "a file for a folder": _become_a_file,
}


@pytest.fixture
def sealed(tmp_path, monkeypatch):
    """A kernel in the cache, not compiled, and its source."""
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path))
    kept = ensemble.cache_folder() / "week_32"

    def compiled(source):
        place = ensemble._place(kept, source)
        if place != kept:
            (place / "__pycache__").mkdir()
            for name in ("a.nbi", "b.1.nbc"):
                (place / "__pycache__" / name).write_bytes(name.encode() * 100)
            ensemble._keep(place, kept)
        return place

    compiled("source")
    return kept, compiled


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_kernel_is_made_anew(sealed, damage):
    kept, compiled = sealed
    assert compiled("source") == kept and ensemble.is_warm()
    damage(kept)
    assert compiled("source") != kept
    assert compiled("source") == kept
    assert not ensemble.is_damaged()


def test_the_doctor_names_the_folder_and_the_cure(sealed):
    kept, _ = sealed
    assert str(kept.parent) in doctor.cache()
    _flip(_of(kept, ".nbc"))
    with pytest.raises(ValueError, match="is damaged: the next run compiles it anew") as told:
        doctor.cache()
    assert str(kept.parent) in str(told.value)


def test_a_kernel_of_another_source_is_not_loaded(sealed):
    kept, compiled = sealed
    place = compiled("another source")
    assert place != kept and (place / "week_32.py").read_text() == "another source"


def test_what_a_killed_process_left_is_cleared_away(sealed):
    kept, compiled = sealed
    old, new = (kept.with_name(f"{kept.name}.{word}") for word in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (0, 0))
    shutil.rmtree(kept)
    compiled("source")
    assert new.is_dir() and not old.exists()


@pytest.mark.parametrize("where", ["a file", "below a file"])
def test_where_the_cache_cannot_be_written_a_folder_of_its_own_is(tmp_path, monkeypatch, capsys, where):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path / "file" / ("x" if where == "below a file" else "")))
    kept = ensemble.cache_folder() / "week_32"
    place = ensemble._place(kept, "source")
    assert (place / "week_32.py").read_text() == "source" and kept.parent not in place.parents
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and str(kept.parent) in told and "cannot be written" in told
    with pytest.raises(ValueError, match="set LABSIM_CACHE to a folder that can"):
        doctor.cache()


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["none", "file/x"], ids=["cold", "cold and not to be written"])
def test_a_run_with_a_cold_cache_says_one_line(tmp_path, cache):
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "labsim", "run", "five-calculators", "--replications", "4", "--out", "a"]
    environment = {**ENVIRONMENT, "LABSIM_CACHE": str(tmp_path / cache)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.count("\n") == 1
    assert ("cannot be written" if cache == "file/x" else "The fast engine compiles") in done.stderr
    assert (tmp_path / "a" / "runs.parquet").is_file()


@pytest.mark.slow
def test_a_run_with_a_damaged_kernel_gives_the_same(tmp_path):
    """The damage that would crash: all others are as little loaded, see test_a_damaged_kernel_is_made_anew."""
    source, cache = Path(labsim.__file__).parents[1], warm_cache(tmp_path / "cache")
    first = result(source, cache)
    DAMAGES["a flipped bit of code"](next(cache.rglob(ensemble.SEAL)).parent)
    damaged = times(cache)
    assert result(source, cache) == first
    anew = times(cache)
    assert anew != damaged
    assert result(source, cache) == first
    assert times(cache) == anew
