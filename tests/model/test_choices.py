"""The options of a parameter are declared once: rules compare with their codes, and their order means nothing."""

import json
import subprocess
import sys

import pytest

import labsim
from labsim.model.declaration import choice, declarations, parameter
from labsim.model.parameters import AUDITOR, RESPONSE, Evaluators, row
from labsim.scenario.checked import CATALOGUE
from labsim.scenario.scenario import Scenario

BASE = {  # a short race in which what options decide comes about
    "race.weeks": 120, "race.finish_cycles": 8, "competition.finish": 12.0, "cycle.able": 1.2, "harm.rate": 0.3,
    "evaluators.threshold": 0.05, "evaluators.access": 0.6, "decision.moving_cost": 0.01,
    "governance.treaty.start": 0, "governance.human_mandate.start": 0, "governance.human_mandate.where": "home",
    "governance.human_mandate.fine": 0.5, "safeguards.acceleration_threshold.start": 10,
    "safeguards.acceleration_threshold.line": 0.02, "safeguards.inter_cycle_audit.start": 0,
}  # fmt: skip
ON = {"events.information_shock.information": {"events.information_shock.start": 5}}
CHOSEN = [(path, option) for path, d in CATALOGUE.items() if d.options for option in d.options]
WHERE = "governance.human_mandate.where"  # of all rules the same
TRIED = [(path, option) for path, option in CHOSEN if path == WHERE or not path.endswith(".where")]


def outcomes():
    """What becomes of a race under each option of each parameter, in the readable engine, whatever their order."""
    result = {}
    for path, option in sorted(TRIED):
        world = Scenario("world").with_({**BASE, **ON.get(path, {}), path: option})
        results = labsim.run(world, 1, engine="mesa")
        result[f"{path} = {option}"] = {name: repr(float(value)) for name, value in results.outcomes.iloc[0].items()}
    return result


@pytest.mark.parametrize(("path", "option"), CHOSEN)
def test_a_rule_reads_the_code_of_the_option(path, option):
    table, _, name = path.rpartition(".")
    value = Scenario("world").with_({path: option}).rows()[table][name]
    assert value == CATALOGUE[path].code(option) and type(value) is float


def test_a_choice_is_the_codes_and_a_parameter_the_names():
    shades = choice("light", "dark")
    assert (shades.light, shades.dark) == (0.0, 1.0)
    for options in (shades, ("light", "dark")):
        d = parameter("dark", "how dark it is", options=options).metadata["declaration"]
        assert d.options == ("light", "dark") and d.code("dark") == shades.dark
    assert declarations(Evaluators)["response"].options == RESPONSE._fields
    values = {name: d.default for name, d in declarations(Evaluators).items()} | {"response": "repair"}
    assert row("evaluators", Evaluators, values)["response"] == RESPONSE.repair
    with pytest.raises(ValueError):
        d.code("grey")


def test_only_auditors_are_ranked():
    """An order for a stricter auditor wins (`max`): the one choice whose order is that of strength."""
    assert AUDITOR._fields == ("nobody", "self", "peer", "external", "human")


REVERSED = """
import json
from labsim.model import declaration
plain = declaration.choice
declaration.choice = lambda *options: plain(*(options if "nobody" in options else reversed(options)))
from labsim.model.parameters import RESPONSE
assert RESPONSE.nothing == 4.0
from tests.model.test_choices import outcomes
print(json.dumps(outcomes()))
"""


def test_the_order_of_options_changes_nothing():
    done = subprocess.run([sys.executable, "-c", REVERSED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    other, mine = json.loads(done.stdout), outcomes()
    assert {name for name in mine if mine[name] != other[name]} == set()
    for path in {path for path, _ in TRIED}:  # each parameter decides something here, or the test would see nothing
        seen = [mine[name] for name in mine if name.startswith(f"{path} = ")]
        assert any(one != seen[0] for one in seen), path
