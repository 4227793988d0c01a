"""labsim: an agent-based simulation of the AI lab race.

A model for reasoning about incentives. Not a forecast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what `__getattr__` does, in the words that type checkers read
    from labsim.engines.mesa_engine import Evaluator, Lab, Race
    from labsim.model.declaration import parameter
    from labsim.reasons.reasons import why
    from labsim.runs.experiment import run
    from labsim.runs.results import Results
    from labsim.scenario.checked import ScenarioError, ScenarioWarning
    from labsim.scenario.files import load
    from labsim.scenario.scenario import Scenario

    __version__: str

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
    if name == "__version__":
        return import_module("labsim.scenario.shipped").version()
    raise AttributeError(f"module 'labsim' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
