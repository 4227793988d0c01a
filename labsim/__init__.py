"""labsim: an agent-based simulation of the AI lab race.

A model for reasoning about incentives. Not a forecast.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

try:
    __version__ = version("labsim")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+checkout"

_WHERE = {
    "Evaluator": "engines.mesa_engine", "Lab": "engines.mesa_engine", "Race": "engines.mesa_engine",
    "Results": "runs.results", "Scenario": "scenario.scenario", "ScenarioError": "scenario.checked",
    "ScenarioWarning": "scenario.checked",
    "load": "scenario.files", "parameter": "model.declaration", "run": "runs.experiment", "why": "reasons.reasons",
}  # fmt: skip
__all__ = [
    "Evaluator",
    "Lab",
    "Race",
    "Results",
    "Scenario",
    "ScenarioError",
    "ScenarioWarning",
    "__version__",
    "load",
    "parameter",
    "run",
    "why",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: the command line starts fast."""
    if name in _WHERE:
        return getattr(import_module(f"labsim.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'labsim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
