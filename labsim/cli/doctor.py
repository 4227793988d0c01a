"""Is this installation sound? Each check says what it looked at, and what to do if it is not."""

import importlib.metadata
import platform
from collections.abc import Callable

from labsim.engines import ensemble, mesa_engine, objects
from labsim.runs.folder import PACKAGES
from labsim.scenario import shipped
from labsim.scenario.files import load, shipped_scenarios


def packages() -> str:
    """labsim, Python and the packages that carry the model."""
    result = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    commit = shipped.commit() or "unknown"
    return f"labsim {shipped.version()} of commit {commit}, Python {platform.python_version()}, {result}"


class NotSound(Exception):
    """What a check found, in words for people."""


def scenarios() -> str:
    """Every shipped scenario can be read."""
    return f"{len([load(name) for name in shipped_scenarios()])} shipped scenarios are sound"


def cache() -> str:
    """The cache of compiled rules can be written and is what was compiled."""
    folder = objects.cache_folder()
    if reason := objects.unkept():
        raise NotSound(
            f"{folder} cannot be written ({reason}), so each process compiles rules for itself: "
            "set LABSIM_CACHE to a folder that can"
        )
    there = objects.in_cache()
    if damaged := [key for key, whole in there.items() if not whole]:
        raise NotSound(
            f"{len(damaged)} of {len(there)} compiled rules in {folder} are damaged: those that a run needs are "
            "compiled anew; delete the folder if that does not help"
        )
    return f"{folder} can be written; {len(there)} compiled rules in it are sound"


def engines() -> str:
    """Both engines give the same bits for five races of the main scenario."""
    scenario = load("hassabis-baseline")
    a, b = mesa_engine.simulate(scenario, 0, 5, 0), ensemble.simulate(scenario, 0, 5, 0)
    if a.lab_states.tobytes() != b.lab_states.tobytes() or a.race_state.tobytes() != b.race_state.tobytes():
        raise NotSound("the engines differ on this machine: use --engine mesa and please report it")
    return "Mesa and the fast engine give the same bits for 5 races"


def app() -> str:
    """The app and its browser files are there."""
    folder = shipped.folder("viz")
    importlib.metadata.version("solara-assets")
    return f"the app is in {folder}"


CHECKS: dict[str, Callable[[], str]] = {f.__name__: f for f in (packages, scenarios, cache, engines, app)}


def examine() -> list[dict[str, str | bool]]:
    """Run every check: [{check, ok, says}]; a check that fails does not stop the others."""
    result = []
    for name, check in CHECKS.items():
        try:
            result.append({"check": name, "ok": True, "says": check()})
        except NotSound as error:
            result.append({"check": name, "ok": False, "says": str(error)})
        except Exception as error:  # whatever is wrong with the installation is what we are here to say
            result.append({"check": name, "ok": False, "says": f"{type(error).__name__}: {error}"})
    return result
