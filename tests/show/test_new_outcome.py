"""An outcome that somebody adds, a function and a line of the registry, is shown wherever outcomes are."""

import json

import pytest

from labsim.engines.ensemble import Stop
from labsim.model import outcomes
from labsim.model.outcomes import OUTCOMES, Final, Outcome
from labsim.reports.page import outcome_rows
from labsim.reports.report import report_of
from labsim.scenario.files import load
from tests.commands import answer, labsim
from tests.show.printed import table
from viz.screens.explore import show
from viz.shell.share import data
from viz.world import compare_runs
from viz.world.world import World

LABEL = "fines paid by a lab, prizes"


def fines(final: Final):
    """Fines paid, mean over labs."""
    return outcomes.mean(final.labs("fines"))


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The new outcome, with its one line."""
    line = Outcome(fines, "fines paid by a lab", "prizes", outcomes.MORE_IS_WORSE, shown=True)
    monkeypatch.setitem(OUTCOMES, "fines", line)


def test_run_and_its_json_and_file(tmp_path):
    small = ("run", "five-calculators", "--engine", "mesa", "--replications", 2, "--set", "race.weeks=20")
    text = labsim(*small, "--out", tmp_path / "run", columns=120).stdout
    assert LABEL in table(text, "outcome (mean ± 95 %)", "this world", "minus all keep", "minus all remove")
    result = answer(*small)
    parts = (result["outcomes"], *result["twins"].values(), *result["twins_levels"].values())
    assert len(parts) == 5 and all("fines" in part for part in parts)
    assert json.loads(labsim("replay", tmp_path / "run", "--json").stdout)["outcomes"]["fines"] is not None


def test_compare():
    text = labsim("compare", "five-calculators", "two-process", "--engine", "mesa", "--replications", 2, "--set",
                  "race.weeks=10", columns=120).stdout  # fmt: skip
    assert LABEL in table(text, "outcome", "A", "B minus A")


def test_descriptions():
    assert "| fines | Fines paid, mean over labs. | prizes |" in labsim("describe", "data").stdout
    assert "| `fines` | Fines paid, mean over labs. |" in labsim("describe").stdout


def test_report():
    rows = {row[1]: row[0] for row in outcome_rows(report_of(load("five-calculators"), "five-calculators", (), 4, 0))}
    assert rows["fines"] == LABEL


def test_the_app():
    """In Compare's list of all outcomes, in its file, and in the file of Explore."""
    world = World("five-calculators").with_({"harm.rate": 0.0123})  # a world that no other test has run
    runs = [compare_runs.race(world, 8, Stop.new())]
    assert LABEL in dict(compare_runs.outcome_rows(runs, 0))
    assert ",fines," in compare_runs.csv([*runs, *runs], 0)
    last = next(shown for shown in show(world, 0, Stop.new()) if shown.beside is not None)
    assert {"fines", "was.fines"} <= set(data(last.beside).partition("\n")[0].split(","))
