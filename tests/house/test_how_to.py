"""Each how-to page is applied, word for word, to a copy of the project, and its own commands are run there.

A block of code with a path is a new file, or goes to the end of one that is there, or, if it begins with the comment
"# above: TEXT", above the line that begins with TEXT. A diff says what a few lines of a file become. Blocks of `sh` are
run, in order; the last one is the page's tests. So no page can go stale unnoticed. Pages that change the model share
a copy, and each is applied and collected alone as well.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))
COPIED = ("labsim", "viz", "scenarios", "tests", "docs", "pyproject.toml", "README.md", "CONTRIBUTING.md")
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', flags=re.M | re.S)
ABOVE = re.compile(r"# above: (.+)\n")


def blocks(page):
    """(kind, path or nothing, text) of every block of code of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def once(text, part, where):
    """The place of a part that a text must have once."""
    assert text.count(part) == 1, f"{where} has {text.count(part)} times, and should have once:\n{part}"
    return text.index(part)


def apply(kind, path, text):
    """Do to a file what a block says."""
    if kind == "diff":
        before, after = ("".join(line[1:] for line in text.splitlines(keepends=True) if line[0] in marks)
                         for marks in (" -", " +"))  # fmt: skip
        own = path.read_text(encoding="utf-8")
        place = once(own, before, path)
        path.write_text(own[:place] + after + own[place + len(before) :], encoding="utf-8")
    elif not path.exists():
        path.write_text(text, encoding="utf-8")
    elif above := ABOVE.match(text):
        own = path.read_text(encoding="utf-8")
        place = once(f"\n{own}", f"\n{above[1]}", path)
        path.write_text(f"{own[:place]}{text[above.end() :]}\n\n{own[place:]}", encoding="utf-8")
    else:
        with path.open("a", encoding="utf-8") as file:
            file.write(text if kind == "toml" else f"\n\n{text}")


def run(line, folder, cache):
    """A command of a page, in the copy: its return code and what it printed."""
    words = shlex.split(line)
    module = {".venv/bin/python": [], ".venv/bin/labsim": ["-m", "labsim"]}[words[0]]
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "80", **cache}
    done = subprocess.run([sys.executable, *module, *words[1:]], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=1500)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def copy(folder):
    """The project without what belongs to this machine."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
        else:
            shutil.copy(ROOT / name, folder / name)


def put(page, folder):
    """Do to a copy all that a page says."""
    for kind, path, text in blocks(page):
        if path:
            apply(kind, folder / path, text)


def commands(page):
    """The commands of a page, a line each."""
    return [line for kind, path, text in blocks(page) if kind == "sh" and not path for line in text.splitlines()]


def check_commands(page, folder, cache):
    """Each command of a page succeeds in the copy, and the last runs the tests that the page brings."""
    for line in commands(page):
        code, said = run(line, folder, cache)
        assert code == 0, f"{line}\n{said}"
    passed = re.search(r"(\d+) passed", said)
    own = [text for kind, path, text in blocks(page) if path.startswith("tests/") or kind == "toml"]
    assert passed and int(passed[1]) >= len(own), said


OF_THE_MODEL = [page for page in PAGES if any(path.startswith("labsim/model/") for _, path, _ in blocks(page))]


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """A copy to which all pages that change the model were applied: compiled once, it serves the commands of each."""
    folder = tmp_path_factory.mktemp("together")
    copy(folder)
    for page in OF_THE_MODEL:
        put(page, folder)
    return folder


@pytest.mark.slow
@pytest.mark.xdist_group("pages of the model")  # one kernel
@pytest.mark.parametrize("page", OF_THE_MODEL, ids=lambda page: page.stem)
def test_what_a_page_of_the_model_says_works_and_passes_the_tests_that_it_names(page, together, tmp_path):
    copy(tmp_path)
    put(page, tmp_path)
    code, said = run(f"{commands(page)[-1]} --collect-only", tmp_path, {})
    assert code == 0, f"alone, without the other pages:\n{said}"
    check_commands(page, together, {"LABSIM_CACHE": str(together / "cache")})  # a kernel that nobody needs again


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if p not in OF_THE_MODEL], ids=lambda page: page.stem)
def test_what_a_page_says_works_and_passes_the_tests_that_it_names(page, tmp_path):
    copy(tmp_path)
    put(page, tmp_path)
    check_commands(page, tmp_path, {})


def written_in(text):
    """The names of all functions in the tests."""
    return set(re.findall(r"^def (test_\w+)", text, flags=re.M))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_only_tests_that_there_are_and_ends_with_one_command(page):
    text = page.read_text(encoding="utf-8")
    there = set().union(*(written_in(path.read_text(encoding="utf-8")) for path in (ROOT / "tests").rglob("test_*.py")))
    modules = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    new = {name for _, path, block in blocks(page) if path.startswith("tests/") for name in written_in(block)}
    new |= {Path(path).stem for _, path, _ in blocks(page) if path}
    assert set(re.findall(r"\btest_\w+", text)) <= there | modules | new
    last = [line for kind, path, line in blocks(page) if kind == "sh"][-1].splitlines()
    assert len(last) == 1 and last[0].startswith(".venv/bin/python -m pytest -n 0 ")


def test_a_block_that_does_not_fit_is_named(tmp_path):
    path = tmp_path / "registry.py"
    path.write_text('ALL = {\n    "a": 1,\n}\n', encoding="utf-8")
    apply("diff", path, '     "a": 1,\n+    "b": 2,\n }\n')
    apply("python", path, "# above: ALL = {\nB = 2\n")
    apply("python", path, "C = 3\n")
    assert path.read_text(encoding="utf-8") == 'B = 2\n\n\nALL = {\n    "a": 1,\n    "b": 2,\n}\n\n\nC = 3\n'
    with pytest.raises(AssertionError, match="has 0 times, and should have once"):
        apply("diff", path, ' "c": 1,\n+"d": 2,\n')


def test_there_is_a_page_for_each_kind_of_contribution():
    kinds = {"rule", "safeguard", "strategy", "event", "outcome", "scenario", "preset", "screen", "dock"}
    assert {page.stem for page in PAGES} == kinds
