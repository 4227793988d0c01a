"""Dates that come when many races are over are pointed out, by every command that runs races."""

import json

import numpy as np
import pytest

import labsim
from labsim.model.outcomes import OUTCOMES
from labsim.runs.late import late
from labsim.runs.summary import Summary
from labsim.scenario.checked import LabSpec, ScenarioWarning
from labsim.scenario.scenario import Scenario

LEAK, LIMIT = "events.leak.start", "governance.rate_limit.start"
WEEKS = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


def weeks(*numbers):
    return Summary.of(np.array(numbers, float))


@pytest.mark.parametrize(("changes", "words"), [
    ({}, []), ({LEAK: 0}, []), ({LEAK: 20}, []),
    ({LEAK: 35}, ["events.leak.start = 35: a quarter of the races is over by then"]),
    ({LEAK: 60}, ["half of the races are over"]), ({LEAK: 80}, ["three quarters"]), ({LEAK: 120}, ["nearly all"]),
    ({LEAK: 60, LIMIT: 70}, ["events.leak.start = 60", "governance.rate_limit.start = 70"]),
    ({LIMIT: 70, "governance.rate_limit.trigger": 1.0}, []),  # it may begin before its date
])  # fmt: skip
def test_a_date_after_the_end_of_many_races_is_named(changes, words):
    said = late(Scenario("x").with_paths(changes), weeks(*WEEKS))
    assert len(said) == len(words) and all(part in text for part, text in zip(words, said, strict=True)), said


def test_the_first_lab_counts():
    audit = "safeguards.inter_cycle_audit.start"
    early = Scenario("x", labs=(LabSpec("a"), LabSpec("b", values={audit: 5}))).with_paths({audit: 70})
    alone = Scenario("x", labs=(LabSpec("a"), LabSpec("b", values={audit: 90}))).with_paths({audit: 70})
    assert late(early, weeks(*WEEKS)) == [] and "start = 70" in late(alone, weeks(*WEEKS))[0]


def test_no_race_no_remark():
    assert late(Scenario("x").with_paths({LEAK: 60}), Summary()) == [] and "race_weeks" in OUTCOMES


def test_commands_and_python_say_so(cli, tmp_path):
    asked = ["--set", f"{LEAK}=5000", "--set", "race.weeks=5100"]
    few = ["--replications", "2", "--engine", "mesa", "--json", "--quiet"]
    code, out, err = cli("run", "five-calculators", *asked, *few)
    assert code == 0 and json.loads(out)["replications"] == 2
    assert err.startswith(f"warning: {LEAK} = 5000: nearly all races are over by then") and err.count("\n") == 1
    code, _, err = cli("compare", "five-calculators", f"five-calculators:{LEAK}=5000", *asked[2:], *few)
    assert code == 0 and err.startswith(f"warning: five-calculators:{LEAK}=5000: {LEAK} = 5000")
    with pytest.warns(ScenarioWarning, match="nearly all races are over"):
        world = labsim.load("five-calculators").with_({"race.weeks": 5100, LEAK: 5000})
        labsim.run(world, replications=2, engine="mesa", sample=0)
