"""The notebooks are executed anew: what is stored is what they print now, and nothing else is stored."""

import getpass
import re
import runpy
import socket
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))
TOOL = runpy.run_path(str(ROOT / "docs" / "run_notebooks.py"))
A_PATH = re.compile(r"(?<![\w.~-])/\w[\w.+-]*/[\w.+-]|[A-Za-z]:\\|file://")


def stored(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(cell):
    """What a cell prints and shows as text; none of a cell whose text may differ."""
    if "volatile" in cell.metadata.get("tags", []):
        return []
    joined = []  # what is printed comes in one piece or in several, as the kernel flushes it
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain")
        if joined and output.output_type == joined[-1][0] == "stream":
            joined[-1] = ("stream", joined[-1][1] + text)
        else:
            joined.append((output.output_type, text))
    return joined


each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_two_and_the_documentation_points_at_them():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) == 2 and all(f"({path.name})" in index for path in NOTEBOOKS)


@each
def test_it_is_stored_executed_and_clean(path):
    notebook = stored(path)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert notebook == TOOL["clean"](notebook)


@each
def test_it_says_nothing_about_the_machine_it_ran_on(path):
    notebook = stored(path)
    words = str(notebook.metadata) + str([cell.metadata for cell in notebook.cells])
    for output in (output for cell in code(notebook) for output in cell.outputs):
        shown = output.get("data", {})
        html = re.sub(r"</\w+>", "", shown.get("text/html", ""))
        words += output.get("text", "") + shown.get("text/plain", "") + html
    assert not A_PATH.search(words), A_PATH.search(words)
    for name in (socket.gethostname(), getpass.getuser()):
        assert len(name) < 6 or not re.search(rf"\b{re.escape(name)}\b", words), name


@pytest.mark.slow
@each
def test_what_is_stored_is_what_it_prints_now(path):
    old, new = stored(path), TOOL["execute"](path)
    for before, after in zip(code(old), code(new), strict=True):
        assert texts(after) == texts(before), f"{before.source}\nrun: python docs/run_notebooks.py"
        assert len(after.outputs) == len(before.outputs)
