"""The layers of the code, as a table: what a module may import, and who may know Mesa."""

import ast
from pathlib import Path

import pytest

import labsim

PACKAGE = Path(labsim.__file__).parent

# fmt: off
# A module imports only from lower layers, or from its own layer what stands before it. A new module is added here.
LAYERS = (
    (0, ["draws", "declaration", "derived", "parameters", "state"]),
    (1, ["orders", "returns", "self_improvement", "between_cycles", "competition", "earnings", "harm", "finish",
         "evaluators", "strategies", "jurisdictions", "governance", "pause_spec", "safeguards", "events", "outcomes"]),
    (2, ["week", "shipped", "network", "scenario", "needed", "presets", "changes", "expectations",
         "scenario_files", "pause_spec_file", "sampling",
         "summary", "axes"]),
    (3, ["registry", "model", "compiled", "kernel_cycles", "kernel", "ensemble", "fan"]),
    (4, ["decision", "terms", "quantities", "flips", "record", "experiment", "comparison", "profiles", "closure_game",
         "schelling", "removal_table", "kind_game", "equilibria", "imitation", "corrective", "game", "variants",
         "sensitivity", "regime_map", "tipping", "expectation_check", "tournament_results", "tournament",
         "pause_spec_score", "policies_results", "policies", "plots", "map_plot", "calibrate", "two_process",
         "docking"]),
    (5, ["run_folder", "replay", "reasons", "terminal", "runs", "describe", "printouts", "pages", "tournament_report",
         "pause_spec_report", "coverage", "coverage_report", "policies_words", "policies_report", "policies_plot",
         "policies_page", "game_report", "map_report", "reasons_report", "reasons_plot", "check_report", "report",
         "report_svg", "report_figures", "report_page", "docking_report", "docking_plot", "docking_page", "doctor",
         "serve", "options", "commands_games", "commands_policy", "commands_pages", "commands_check", "commands_dock",
         "commands_calibrate", "commands_run", "commands_about", "cli", "__main__", "__init__"]),
)
# fmt: on
PLACE = {module: (layer, place) for layer, modules in LAYERS for place, module in enumerate(modules)}
ENGINES = (
    {"model"},
    {"compiled", "kernel_cycles", "kernel", "ensemble"},
)  # the readable one and the fast one: strangers
ONLY_MODEL = "mesa"


def top(path):
    """The module of a file; a folder counts as one module."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = {path: top(path) for path in sorted(PACKAGE.rglob("*.py")) if not top(path).startswith("_viz")}


def imports(path):
    """The dotted names that a file imports, wherever in the file: of labsim and of others."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            if node.module == "labsim":
                yield from (f"labsim.{alias.name}" for alias in node.names)
            else:
                yield node.module


def own_imports(path):
    """The modules of labsim that a file imports."""
    names = [name.split(".") for name in imports(path)]
    return {name[1] for name in names if name[0] == "labsim" and len(name) > 1 and name[1] in PLACE}


def test_every_module_has_its_layer():
    assert sorted(set(FILES.values()) - set(PLACE)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_down(path):
    own = FILES[path]
    upward = [name for name in own_imports(path) if name != own and PLACE[name] >= PLACE[own]]
    assert upward == [], f"{own} is in layer {PLACE[own][0]}"


def test_only_the_model_imports_mesa():
    assert {FILES[path] for path in FILES if ONLY_MODEL in {name.split(".")[0] for name in imports(path)}} == {"model"}


@pytest.mark.parametrize(("one", "other"), [ENGINES, ENGINES[::-1]])
def test_the_engines_do_not_know_each_other(one, other):
    for path, own in FILES.items():
        if own in one:
            assert own_imports(path) & other == set()


def test_the_walk_sees_imports():
    model = next(path for path, own in FILES.items() if own == "model")
    assert {"week", "draws", "state", "network", "scenario", "strategies"} <= own_imports(model)
    assert {"mesa", "types"} <= set(imports(model))
