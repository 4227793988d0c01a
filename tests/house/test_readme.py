"""README, CONTRIBUTING and the pages of docs are run: Python, TOML, and commands that make no environment."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")))
}
README = PAGES["README.md"]
RESULTS = {  # pages of results, from large runs; the docks' defaults are what tests/docking runs
    "docs/docking.md": pytest.mark.full, "docs/closure-game-maps.md": pytest.mark.slow,
    "docs/tournament.md": pytest.mark.slow, "docs/pause-spec.md": pytest.mark.slow,
}  # fmt: skip
BLOCKS = [
    (page, *block)
    for page, text in PAGES.items()
    if not page.startswith("docs/how-to/")  # these are applied to a copy of the project: see test_how_to
    for block in re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.M | re.S)
]
SMALL = {  # so many races show that a command runs
    **dict.fromkeys(("run", "compare", "pause-spec", "game"), "--replications 4 --engine mesa"),
    **dict.fromkeys(("tournament", "policies"), "--replications 4"),
    "map": "--replications 64",
    "tip": "--replications 256",
}
README_LINES = [
    line for page, kind, text in BLOCKS if (page, kind) == ("README.md", "sh") for line in text.splitlines()
]


def blocks(kind):
    """The blocks of a kind, of all pages; those of results are left for longer tests."""
    return [
        pytest.param(text, id=f"{page}-{n}", marks=RESULTS.get(page, ()))
        for n, (page, k, text) in enumerate(BLOCKS)
        if k == kind
    ]


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


@pytest.mark.parametrize("text", [b for b in blocks("sh") if re.search("^labsim", b.values[0], re.M)])
def test_the_commands_of_each_block_run_one_after_the_other(text, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    for line in text.replace("\\\n", " ").splitlines():
        name, *arguments = shlex.split(line, comments=True) or [""]
        if name != "labsim":
            continue
        arguments += SMALL.get(arguments[0] if arguments else "", "").split()
        code, out, err = cli(*arguments)
        assert code == 0, f"{line}\n{err}"
        assert out.strip() and "Traceback" not in err, line


def test_the_two_commands_are_one_line_each_and_need_only_python():
    first, second = (line for line in README_LINES if "venv" in line)
    assert first == "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/labsim run hassabis-baseline"
    assert second == 'python3 -m venv .venv && .venv/bin/pip install -q -e ".[dev]" && .venv/bin/python -m pytest'
    assert {line.split()[0] for line in README_LINES} == {"python3", "labsim"}


def test_the_readme_prints_what_the_first_command_answers(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (said,) = (text for page, kind, text in BLOCKS if (page, kind) == ("README.md", "text"))
    code, out, err = cli("run", "hassabis-baseline")
    assert code == 0, err
    assert " ".join(said.split()) in " ".join(out.split())


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S), flags=re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_files_and_headings_that_a_page_names_are_there(page):
    text = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.M | re.S)
    for name in re.findall(r"`([\w/]+\.py)`", text):
        assert (ROOT / name).is_file(), name
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.is_file(), target
        assert not anchor or anchor in anchors(path.read_text(encoding="utf-8")), f"{target}#{anchor}"


def test_no_page_is_left_out_of_the_table_of_contents():
    linked = {
        (ROOT / page).parent.joinpath(target).resolve()
        for page in ("README.md", "docs/index.md")
        for target in re.findall(r"\]\(([^)#]+)", PAGES[page])
    }
    assert [page for page in PAGES if (ROOT / page).resolve() not in linked] == []


def test_what_the_readme_says_first_is_there():
    assert "A model for reasoning about incentives. Not a forecast." in README
    assert len(README.splitlines()) <= 100
    assert "gap passes" in PAGES["docs/commands.md"] and "crossed at cycle 11" in PAGES["docs/commands.md"]


def test_examples_are_short():
    for page, kind, text in BLOCKS:
        lines = [line for line in text.splitlines() if line.strip()]
        assert kind == "sh" or len(lines) <= 17, page
