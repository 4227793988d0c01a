"""The README is run: every Python and TOML block, and every command that does not make an environment."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.M | re.S)
LINES = [line.strip() for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.strip()]
COMMANDS = [line for line in LINES if line.startswith("labsim ")]
SETUPS = [line for line in LINES if "venv" in line]


def blocks(kind):
    return [pytest.param(text, id=f"{kind}-{n}") for n, (k, text) in enumerate(BLOCKS) if k == kind]


def run(arguments, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )  # fmt: skip


@pytest.mark.parametrize("text", blocks("python"))
def test_each_python_example_runs(text, tmp_path):
    (tmp_path / "example.py").write_text(text, encoding="utf-8")
    done = run(["-W", "error::UserWarning", "example.py"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and "nan" not in done.stdout.lower()


@pytest.mark.slow
@pytest.mark.parametrize("text", [b for b in blocks("python") if 'engine="mesa"' in b.values[0]])
def test_an_example_prints_the_same_in_the_fast_engine(text, tmp_path):
    printed = []
    for engine in ("mesa", "ensemble"):
        (tmp_path / "example.py").write_text(text.replace('engine="mesa"', f'engine="{engine}"'), encoding="utf-8")
        done = run(["-W", "error::UserWarning", "example.py"], tmp_path)
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout)
    assert printed[0] == printed[1]


@pytest.mark.parametrize("text", blocks("toml"))
def test_each_scenario_example_runs(text, tmp_path):
    (tmp_path / "speed-limit.toml").write_text(text, encoding="utf-8")
    content = tomllib.loads(text)
    verb, says = ("pause-spec", "title") if "pause_when" in content else ("run", "question")
    done = run(["-m", "labsim", verb, "speed-limit.toml", "--replications", "5", "--engine", "mesa"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert content[says] in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_runs(command, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(command, comments=True)[1:]
    if arguments[0] in ("run", "compare", "tournament", "pause-spec", "policies", "game"):
        arguments += ["--replications", "4", "--engine", "mesa"]
    code, out, err = cli(*arguments)
    assert code == 0, err
    assert out.strip() and "Traceback" not in err


def test_the_two_commands_are_one_line_each_and_need_only_python():
    first, second = SETUPS
    assert first == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/labsim run hassabis-baseline"
    assert second == 'python3 -m venv .venv && .venv/bin/pip install -q -e ".[dev]" && .venv/bin/python -m pytest'
    assert {line.split()[0] for line in LINES} == {"python3", "labsim"}


def test_what_it_says_is_there():
    for name in re.findall(r"`([a-z_/]+\.py)`", README):
        assert (ROOT / "labsim" / name.removeprefix("labsim/")).is_file(), name
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target
    assert "A model for reasoning about incentives. Not a forecast." in README
    assert "gap passes" in README and "crossed at cycle 11" in README


def test_its_examples_are_short():
    for kind, text in BLOCKS:
        lines = [line for line in text.splitlines() if line.strip()]
        assert kind == "sh" or len(lines) <= 17
