"""The command line in trouble: what a user got wrong, what would be lost, Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from labsim.cli.main import main
from tests.commands import ENVIRONMENT, labsim, labsim_alone, strict


@pytest.fixture
def files(tmp_path):
    """A folder with things that are not scenarios."""
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "broken.toml").write_text("[race\nweeks = ")
    (tmp_path / "typo.toml").write_text("[cycle]\nreviw = 3\n")
    (tmp_path / "type.toml").write_text('[cycle]\nreview = "long"\n')
    (tmp_path / "range.toml").write_text("[race]\nweeks = 0\n")
    (tmp_path / "orphan.toml").write_text('base = "nobody"\n')
    (tmp_path / "a.toml").write_text('base = "b.toml"\n')
    (tmp_path / "b.toml").write_text('base = "a.toml"\n')
    (tmp_path / "labs.toml").write_text('[[lab]]\nname = "Birch"\nstrategy = "calculater"\n')
    (tmp_path / "twice.toml").write_text('[[lab]]\nname = "Birch"\n[[lab]]\nname = "Birch"\n')
    (tmp_path / "folder").mkdir()
    return tmp_path


BAD = [
    ("run", "nobody"), ("run", "folder"), ("run", "binary.toml"), ("run", "broken.toml"), ("run", "typo.toml"),
    ("run", "type.toml"), ("run", "range.toml"), ("run", "orphan.toml"), ("run", "a.toml"), ("run", "labs.toml"),
    ("run", "twice.toml"), ("run", ""), ("run",), ("run", "five-calculators", "--replications", "0"),
    ("run", "five-calculators", "--replications", "many"), ("run", "five-calculators", "--seed", "-1"),
    ("run", "five-calculators", "--jobs", "0"), ("run", "five-calculators", "--engine", "warp"),
    ("run", "five-calculators", "--sampling", "dice"), ("run", "five-calculators", "--set", "cycle.review"),
    ("run", "five-calculators", "--set", "cycle.review=long"), ("run", "five-calculators", "--set", "cycle.review=nan"),
    ("run", "five-calculators", "--set", "cycle.review=-1"), ("run", "five-calculators", "--set", "cycle.reviw=1"),
    ("run", "five-calculators", "--set", "race.labs=0"), ("run", "five-calculators", "--set", "race.weeks=2.5"),
    ("run", "five-calculators", "--set", "race.information=psychic"), ("run", "five-calculators", "--fast"),
    ("run", "five-calculators", "--set", "=3"), ("run", "hassabis-baseline", "--set", "race.labs=3"),
    ("run", "five-calculators", "--out", "binary.toml"), ("run", "five-calculators", "--out", "binary.toml/inside"),
    ("race", "--cycles", "0"), ("race", "--rc", "nan"), ("race", "--noise", "-1"), ("race", "--threshold", "inf"),
    ("show", "nobody"), ("calibrate", "horizons", "--plot", "nowhere/a.png"), ("fly",),
    ("calibrate", "horizons", "--plot", "picture.gif"), ("app", "--port", "70000"), ("compare", "five-calculators"),
    ("compare", "five-calculators", "nobody"), ("replay", "nowhere"), ("replay", "folder"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_is_one_line_and_exit_2_and_leaves_nothing(arguments, files, monkeypatch, capfd):
    before = sorted(files.iterdir())
    json_ = ["--json"] if arguments[0] not in ("app", "fly") else []
    monkeypatch.chdir(files)
    monkeypatch.setattr(sys, "argv", ["labsim", *arguments, *json_])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capfd.readouterr()
    assert end.value.code == 2, err
    assert out == ""
    assert len(err.splitlines()) == 1 and err.startswith("labsim: ") and "Traceback" not in err
    assert sorted(files.iterdir()) == before


def test_a_fault_in_a_process_of_its_own(files):
    done = labsim_alone("run", "typo.toml", "--json", cwd=files)
    assert (done.returncode, done.stdout) == (2, "") and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("typo.toml", "did you mean 'review'"), ("range.toml", "1 to 1"), ("type.toml", "0 to 52"),
        ("a.toml", "circular"), ("labs.toml", "calculator"), ("orphan.toml", "nobody"),
    ],
)  # fmt: skip
def test_the_line_names_the_file_and_what_would_be_right(name, words, files):
    done = labsim("run", name, cwd=files)
    assert name in done.stderr and words in done.stderr


def test_no_command_shows_the_help():
    done = labsim()
    assert "Usage" in done.stderr + done.stdout and "Traceback" not in done.stderr


def test_nothing_that_exists_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    done = labsim("run", "five-calculators", "--replications", 2, "--out", "mine", "--engine", "mesa", cwd=tmp_path)
    assert done.returncode == 2 and "mine" in done.stderr and len(done.stderr.splitlines()) == 1
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def interrupted(folder, seconds):
    """The folder of a run that is interrupted so long after it has begun."""
    command = [sys.executable, "-m", "labsim", "run", "five-calculators", "--engine", "mesa", "--jobs", "1"]
    running = subprocess.Popen(
        [*command, "--replications", "100000", "--out", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    try:
        while not (folder / "scenario.toml").exists() and running.poll() is None:
            time.sleep(0.05)
        time.sleep(seconds)
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130 and "Traceback" not in err
    return folder


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_keeps_what_is_done(tmp_path):
    for seconds in (3, 12, 48):  # a busy machine may have nothing done after three
        stopped = interrupted(tmp_path / f"stopped-{seconds}", seconds)
        if (stopped / "runs.parquet").exists():
            break
    manifest = strict((stopped / "manifest.json").read_text())
    rows = pd.read_parquet(stopped / "runs.parquet")
    assert manifest["interrupted"] is True
    assert 0 < len(rows) == manifest["replications"] < manifest["replications_asked"] == 100000
    count = min(len(rows), 40)
    whole = labsim("run", "five-calculators", "--engine", "mesa", "--replications", count, "--out", tmp_path / "whole")
    assert whole.returncode == 0
    expected = pd.read_parquet(tmp_path / "whole" / "runs.parquet")
    pd.testing.assert_frame_equal(rows.head(count), expected, check_exact=True)


def test_nothing_may_end_before_it_starts_by_set_either():
    done = labsim("show", "five-calculators", "--set", "events.leak.start=50", "--set", "events.leak.stop=20")
    assert done.returncode == 2 and "events.leak.stop = 20: must be later than events.leak.start = 50" in done.stderr


def test_a_rule_that_never_starts_is_remarked_on():
    few = ("run", "five-calculators", "--replications", 2, "--engine", "mesa", "--json")
    idle, start = "governance.rate_limit.min_weeks=4", "governance.rate_limit.start=0"
    note = "governance.rate_limit has settings but no start: it is never in force\n"
    done = labsim(*few, "--set", idle)
    assert done.stderr == note and strict(done.stdout)["replications"] == 2
    assert labsim(*few, "--set", idle, "--quiet").stderr == "" == labsim(*few, "--set", idle, "--set", start).stderr


@pytest.mark.parametrize(
    "value", ["[" * 3000, "9" * 5000, "0x" + "f" * 5000, "a" * 5000, "{a=" * 300], ids=lambda value: value[:3]
)
def test_a_value_without_end_is_one_short_line(value, cli):
    code, out, err = cli("run", "five-calculators", "--set", f"harm.rate={value}", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("labsim: ") and err.count("\n") == 1 and "harm.rate" in err and len(err) < 300
