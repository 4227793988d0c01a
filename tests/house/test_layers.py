"""The house: one row a room, imports only go down, and who may know Mesa, Solara and pandas."""

import ast
import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

import labsim
import viz
from tests import lacks

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]
LAYERS = {contract["containers"][0]: contract["layers"] for contract in CONTRACTS if contract["type"] == "layers"}
# from the ground floor up: a room imports only from rooms before it in this list; its one place is pyproject.toml
ROOMS, SCREEN_ROOMS = (LAYERS[package][::-1] for package in ("labsim", "viz"))
PACKAGES = {"labsim": (Path(labsim.__file__).parent, ROOMS), "viz": (Path(viz.__file__).parent, SCREEN_ROOMS)}
FAST = tuple(f"labsim.engines.{name}" for name in (
    "code", "driver", "driver_language", "ensemble", "layout", "objects", "plan", "rule_language", "steps",
    "vector_code",
))  # fmt: skip
MOST_AT_THE_TOP = 8
MOST_IN_A_ROOM = 22


def files(package):
    """The Python files of a package, each with the name of its room; an empty name for those at the top."""
    folder, _ = PACKAGES[package]
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).parts
        yield path, inside[0] if len(inside) > 1 else ""


FILES = [(package, path, room) for package in PACKAGES for path, room in files(package)]


def imports(path):
    """The dotted names that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_of(path, package):
    """The rooms of a package from which a file imports."""
    names = [name.split(".") for name in imports(path)]
    return {name[1] for name in names if name[0] == package and len(name) > 1 and name[1] in PACKAGES[package][1]}


def test_every_folder_is_a_room_and_the_top_stays_short():
    for package, (folder, rooms) in PACKAGES.items():
        assert {room for _, room in files(package) if room} == set(rooms)
        assert len(list(folder.glob("*.py"))) <= MOST_AT_THE_TOP
        assert [room for room in rooms if len(list((folder / room).glob("*.py"))) > MOST_IN_A_ROOM] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_only_go_down(package):
    _, rooms = PACKAGES[package]
    upward = [
        f"{package}/{room}/{path.name} imports from {other}/, which is above it: see Rooms in docs/architecture.md"
        for path, room in files(package) if room
        for other in rooms_of(path, package) if rooms.index(other) > rooms.index(room)
    ]  # fmt: skip
    lacks.none_of(upward)


def test_labsim_never_imports_the_app():
    knows = [path.name for path, _ in files("labsim") if "viz" in {name.split(".")[0] for name in imports(path)}]
    assert knows == []


def test_the_app_does_not_know_the_command_line():
    """A slider's number needs no text; what both need to read one lies in the scenario's room."""
    knows = [path.name for path, _ in files("viz") if any(name.startswith("labsim.cli") for name in imports(path))]
    assert knows == []


def test_no_room_has_two_files_that_import_each_other():
    """Within a room too, imports have no circle."""
    for package, (folder, _) in PACKAGES.items():
        below = {}
        for path, _ in files(package):
            name = ".".join((package, *path.relative_to(folder).with_suffix("").parts))
            below[name.removesuffix(".__init__")] = set(imports(path))
        graph = {name: {m for m in below if m != name and (m in seen or any(s.startswith(m + ".") for s in seen
                 if s.rpartition(".")[0] == m))} for name, seen in below.items()}  # fmt: skip
        assert _circle(graph) == []


def _circle(graph):
    """The names on one circle of a graph, or none."""
    while leaves := [name for name, below in graph.items() if not below & set(graph)]:
        graph = {name: below for name, below in graph.items() if name not in leaves}
    return sorted(graph)


@pytest.mark.parametrize("other", ["mesa", "solara", "pandas", "llvmlite"])
def test_rules_do_not_know(other):
    rules = [path for path, room in files("labsim") if room == "model"]
    assert [path.name for path in rules if other in {name.split(".")[0] for name in imports(path)}] == []


def test_only_the_readable_engine_and_the_app_import_mesa():
    knows = {path.stem for _, path, _ in FILES if "mesa" in {name.split(".")[0] for name in imports(path)}}
    assert knows == {"mesa_engine", "mesa_race"}


def test_the_engines_do_not_know_each_other():
    for path, room in files("labsim"):
        if room == "engines":
            seen = set(imports(path))
            if path.stem == "mesa_engine":
                assert not [name for name in seen if name.startswith(FAST)]
            else:
                assert not [name for name in seen if name.startswith("labsim.engines.mesa_engine")]


def test_no_room_hides_a_name_of_the_top():
    """Python binds a submodule over a name of its package: every module is imported, then each name is what it was."""
    before = {name: getattr(labsim, name) for name in labsim.__all__}
    for package, (folder, _) in PACKAGES.items():
        for module in pkgutil.walk_packages([str(folder)], f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    assert {name: getattr(labsim, name) for name in labsim.__all__} == before
    assert callable(labsim.run) and callable(labsim.why) and callable(labsim.load) and callable(labsim.parameter)


def test_the_walk_sees_imports():
    week = next(path for _, path, room in FILES if room == "model" and path.stem == "week")
    assert "labsim.model.competition.count_members" in set(imports(week)) and rooms_of(week, "labsim") == {"model"}
    assert _circle({"a": {"b"}, "b": {"a"}, "c": set()}) == ["a", "b"]
