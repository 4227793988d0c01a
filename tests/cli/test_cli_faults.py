"""The command line in trouble: what a user got wrong, what would be lost, Ctrl-C."""

import errno
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from labsim.cli.main import main
from tests.commands import ENVIRONMENT, labsim, labsim_alone, strict

posix = pytest.mark.skipif(os.name != "posix", reason="signals, file modes, devices")
SHORT = ("five-calculators", "--set", "race.weeks=26")
FIVE = ("five-calculators", "--replications", "2")
LONG = "x" * 300
PLANE = ("map", "five-calculators", "--x", "harm.rate=0:0.1:2", "--y", "cycle.review=1:3:2", "--of", "payoff",
         "--replications", "2")  # fmt: skip
PLACES = [  # commands and the file each is asked to write
    ("compare", "five-calculators", "speed-limit", "--replications", "2", "--plot", "{}.png"),
    ("game", *FIVE, "--plot", "{}.svg"), ("why", "five-calculators", "--plot", "{}.png"),
    (*PLANE, "--out", "{}.csv"),
    ("report", *FIVE, "--out", "{}.html"), ("describe", "data", "--out", "{}.md"),
    ("calibrate", "horizons", "--plot", "{}.png"), ("run", *FIVE, "--engine", "mesa", "--out", "{}"),
    (*PLANE, "--plot", "{}.png"), ("dock", "two-process", "--plot", "{}.svg"),
    ("tournament", *FIVE, "--strategies", "keeper,closer", "--out", "{}.md"),
    ("policies", *FIVE, "--rules", "rate_limit", "--out", "{}.md"),
    ("pause-spec", "rsi-cycle", "--scenario", *FIVE, "--out", "{}.md"),
]  # fmt: skip
READERS = [  # commands and the file each is asked to read
    ("run", "{}"), ("compare", "five-calculators", "{}"), ("check", "{}"), ("why", "{}"), ("game", "{}"),
    ("map", "{}", *PLANE[2:]), ("tip", "{}", "--set", "harm.rate"), ("policies", "{}"), ("pause-spec", "{}"),
    ("pause-spec", "rsi-cycle", "--scenario", "{}"), ("tournament", "{}"), ("report", "{}"), ("show", "{}"),
    ("replay", "{}"), ("verify", "{}"), ("run", "--resume", "{}"),
]  # fmt: skip


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


@pytest.fixture(autouse=True)
def hang_ups_are_heard():
    """Also where these tests were started to ignore them, as by nohup: labsim then ignores them too."""
    if os.name == "posix":
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        signal.signal(signal.SIGHUP, before)
    else:
        yield


def begun(folder, *before):
    """A long run in a process of its own that has begun to write its folder and to run."""
    command = [sys.executable, "-m", "labsim", "run", *SHORT, "--engine", "mesa", "--jobs", "1"]
    running = subprocess.Popen(
        [*before, *command, "--replications", "100000", "--out", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    while not (folder / "manifest.json").exists() and running.poll() is None:
        time.sleep(0.05)
    time.sleep(3)
    return running


@posix
@pytest.mark.parametrize("kind", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interruption_keeps_what_is_done(kind, tmp_path):
    running = begun(tmp_path / "stopped")
    try:
        running.send_signal(getattr(signal, kind))
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130 and "Traceback" not in err and f"--resume {tmp_path / 'stopped'}" in err
    manifest = strict((tmp_path / "stopped" / "manifest.json").read_text())
    rows = pd.read_parquet(tmp_path / "stopped" / "runs")
    assert manifest["interrupted"] is True and manifest["complete"] is False
    assert 0 < len(rows) == manifest["replications"] < manifest["replications_asked"] == 100000
    count = min(len(rows), 40)
    whole = labsim("run", *SHORT, "--engine", "mesa", "--replications", count, "--out", tmp_path / "whole")
    assert whole.returncode == 0
    expected = pd.read_parquet(tmp_path / "whole" / "runs.parquet")
    pd.testing.assert_frame_equal(rows.head(count), expected, check_exact=True)


@posix
def test_a_second_interruption_ends_at_once_and_nohup_is_heeded(tmp_path):
    running = begun(tmp_path / "stopped", "nohup")
    try:
        running.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert running.poll() is None
        for _ in range(2):
            running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=30)
    finally:
        running.kill()
    assert running.returncode == 130 and "Traceback" not in err
    assert strict((tmp_path / "stopped" / "manifest.json").read_text())["complete"] is False


@posix
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_any_command_is_interrupted_by_any_of_them(kind, monkeypatch, capsys):
    monkeypatch.setattr("labsim.show.printouts.race_report", lambda result: os.kill(os.getpid(), kind))
    before = signal.getsignal(kind)
    assert labsim("race").returncode == 130 and signal.getsignal(kind) == before


def test_nothing_may_end_before_it_starts_by_set_either():
    done = labsim("show", "five-calculators", "--set", "events.leak.start=50", "--set", "events.leak.stop=20")
    assert done.returncode == 2 and "events.leak.stop = 20: must be later than events.leak.start = 50" in done.stderr


def test_a_rule_that_never_starts_is_remarked_on():
    few = ("run", "five-calculators", "--replications", 2, "--engine", "mesa", "--json")
    idle, start = "governance.rate_limit.min_weeks=4", "governance.rate_limit.start=0"
    note = "warning: governance.rate_limit has settings but no start: it is never in force\n"
    for more in ((), ("--quiet",)):  # who wants no remarks still has to know that this is not what was asked
        done = labsim(*few, "--set", idle, *more)
        assert done.stderr == note and strict(done.stdout)["replications"] == 2
    assert labsim(*few, "--set", idle, "--set", start).stderr == ""


@pytest.mark.parametrize(
    "value", ["[" * 3000, "9" * 5000, "0x" + "f" * 5000, "a" * 5000, "{a=" * 300], ids=lambda value: value[:3]
)
def test_a_value_without_end_is_one_short_line(value, cli):
    code, out, err = cli("run", "five-calculators", "--set", f"harm.rate={value}", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("labsim: ") and err.count("\n") == 1 and "harm.rate" in err and len(err) < 300


# --- places that cannot be written


@posix
@pytest.mark.parametrize("words", PLACES, ids=lambda words: " ".join(words[:2]))
@pytest.mark.parametrize("place", ["/proc/no", LONG, "\udcff"], ids=["proc", "long", "no text"])
def test_a_place_that_cannot_be_written_is_one_line(words, place, tmp_path):
    done = labsim(*(word.format(place) for word in words), cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("labsim: ") and place[-3:].encode(errors="backslashreplace").decode() in done.stderr
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize("words", READERS, ids=lambda words: " ".join(words[:3]))
def test_a_file_that_cannot_be_read_is_one_short_line(words, files):
    os.mkfifo(files / "pipe.toml")
    (files / "endless.toml").symlink_to("/dev/zero")
    (files / "itself.toml").symlink_to("itself.toml")
    (files / "large.toml").write_bytes(b"#" * 1_000_001)
    (files / "long.toml").write_text(f"[harm]\nrate = '{'a' * 5000}'")
    (files / "colour.toml").write_text('[[lab]]\nname = "a\\u001b[31m"')
    (files / "0.toml").write_text("question = 'Why?'")
    for number in range(1, 30):
        (files / f"{number}.toml").write_text(f'base = "{number - 1}.toml"')
    before = sorted(files.iterdir())
    names = [path.name for path in before if path.name not in {f"{number}.toml" for number in range(29)}]
    for name in [*names, "gone.toml", "gone/gone.toml", "a\x1b[31m.toml", "x" * 5000]:
        done = labsim(*(word.format(name) for word in words), cwd=files)
        told = done.stderr.removesuffix("\n")
        assert done.returncode == 2 and done.stdout == "" and told.startswith("labsim: "), (name, told)
        assert told.isprintable() and len(told) < 700 and "Traceback" not in told, (name, told)
    assert sorted(files.iterdir()) == before


@pytest.mark.parametrize("end", [".png", ".svg"])
def test_horizons_are_drawn_in_either_form(end, tmp_path):
    assert labsim("calibrate", "horizons", "--plot", tmp_path / f"a{end}").returncode == 0
    assert (tmp_path / f"a{end}").stat().st_size > 1000


@posix
def test_a_second_file_that_cannot_be_written_is_half_written(tmp_path):
    done = labsim(*PLANE, "--out", "a.csv", "--plot", "/proc/no.png", cwd=tmp_path)
    assert done.returncode == 3 and done.stdout == "" and len(done.stderr.splitlines()) == 1
    assert "--plot /proc/no.png: cannot be written" in done.stderr and done.stderr.endswith("; a.csv is written\n")
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"] and len(pd.read_csv(tmp_path / "a.csv")) == 4


@pytest.mark.parametrize("words", [("--out", ""), ("--out=",), ("--resume", "")], ids=" ".join)
def test_no_path_is_not_this_folder(words, tmp_path):
    done = labsim("run", "five-calculators", *words, cwd=tmp_path)
    assert done.returncode == 2 and f"{words[0].rstrip('=')}: needs a path" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_cannot_be_finished_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_text("precious")

    def fail(path):
        path.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("labsim.checks.calibrate.draw_horizons", fail)
    done = labsim("calibrate", "horizons", "--plot", tmp_path / "a.png")
    assert done.returncode == 2 and f"--plot {tmp_path / 'a.png'}: cannot be written: No space left" in done.stderr
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.png", "precious")]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize(
    ("words", "code"), [(("list", "--json"), 2), (("run", *FIVE, "--engine", "mesa", "--out", "a"), 3)]
)
def test_an_answer_that_cannot_be_printed_is_one_line(words, code, tmp_path):
    command = [sys.executable, "-m", "labsim", *words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=tmp_path)
    assert done.returncode == code and len(done.stderr.splitlines()) == 1 and "No space left" in done.stderr
    if code == 3:
        assert strict((tmp_path / "a" / "manifest.json").read_text())["complete"] and "a" in done.stderr


def test_a_run_needs_a_scenario_or_a_folder(tmp_path):
    done = labsim("run", cwd=tmp_path)
    assert done.returncode == 2 and "SCENARIO is missing" in done.stderr
    done = labsim("run", "--resume", tmp_path)
    assert done.returncode == 2 and "not a run folder" in done.stderr
    done = labsim("run", *FIVE, "--csv", "--json", cwd=tmp_path)
    assert done.returncode == 2 and "--csv" in done.stderr and list(tmp_path.iterdir()) == []
