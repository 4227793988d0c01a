"""A command imports only what it uses: to start takes no longer than that."""

import ast
import importlib
import json
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import labsim
from labsim.cli.main import COMMANDS, FOR_DEVELOPERS, app, program

# of what takes long to import; numpy takes a tenth of a second, the others take more
HEAVY = {"mesa", "networkx", "numba", "numpy", "pandas", "pyarrow", "scipy"}
PICTURES = {"altair", "jinja2", "matplotlib", "nashpy", "PIL", "solara"}
COMMAND = "import sys; sys.argv[0] = 'labsim'; from labsim.cli.main import main; main()"
SAID = "; import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"


def imported(code, *words):
    """The packages that a fresh Python has imported when it ends, and what it printed."""
    first, _, rest = code.partition(";")
    done = subprocess.run(
        [sys.executable, "-c", f"{first}{SAID};{rest}", *words], capture_output=True, text=True, timeout=300,
        check=True, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stderr.split()}, done.stdout


@pytest.mark.parametrize("command", ["list", "list --json", "--version", "--help", "run --help", "report --help"])
def test_what_needs_no_model_imports_none(command):
    packages, printed = imported(COMMAND, *command.split())
    assert {"labsim", "typer"} <= packages and packages & (HEAVY | PICTURES) == set()
    assert printed


def test_a_run_without_a_folder_makes_no_tables():
    packages, printed = imported(COMMAND, "run", "two-process", "--replications", "8", "--json")
    assert json.loads(printed)["replications"] == 8
    assert "numpy" in packages and packages & ((HEAVY - {"numpy"}) | PICTURES | {"tomlkit"}) == set()


def test_the_package_imports_nothing_of_itself_until_asked():
    packages, printed = imported("import labsim; print(len(dir(labsim)))")
    assert packages & (HEAVY | PICTURES | {"typer", "rich"}) == set() and printed.split() == [str(len(labsim.__all__))]


def test_names_are_there_however_they_are_asked_for():
    _, printed = imported("import labsim; from labsim import *; print([x for x in labsim.__all__ if x in globals()])")
    assert ast.literal_eval(printed) == labsim.__all__ == dir(labsim)
    page = pydoc.plain(pydoc.render_doc(labsim))
    shown = [labsim.__version__ if name == "__version__" else name for name in labsim.__all__]
    assert [words for words in shown if words not in page] == []
    with pytest.raises(AttributeError, match="has no attribute 'ran'"):
        _ = labsim.ran


def test_type_checkers_are_told_of_the_same_names():
    """Under TYPE_CHECKING stands what `__getattr__` finds: each name, from the module where it is."""
    tree = ast.parse(Path(labsim.__file__).read_text(encoding="utf-8"))
    told = next(node.body for node in tree.body if isinstance(node, ast.If))
    said = {alias.name: node.module for node in told if isinstance(node, ast.ImportFrom) for alias in node.names}
    said |= {node.target.id: None for node in told if isinstance(node, ast.AnnAssign)}
    assert sorted(said) == sorted(labsim.__all__)
    for name, module in said.items():
        assert module is None or getattr(importlib.import_module(module), name) is getattr(labsim, name)


def helps(command):
    """What there is in a command's help: its own words, and the names and words of what it takes."""
    return command.help, [(param.opts, getattr(param, "help", ""), param.required) for param in command.params]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_alone_is_what_it_is_among_all(name):
    alone, whole = get_command(program([name, "--json"])), get_command(app)
    assert set(alone.commands) == (set(whole.commands) if name in FOR_DEVELOPERS else {name})
    assert helps(alone.commands[name]) == helps(whole.commands[name]) and helps(alone) == helps(whole)


@pytest.mark.parametrize("words", [[], ["--help"], ["dock", "precipice"], ["lists"]])
def test_where_no_command_is_named_all_are_there(words):
    assert program(words) is app
