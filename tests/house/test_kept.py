"""What the first release wrote and promised: its run folders, links, commands, columns, names and ranges still hold."""

import json
from pathlib import Path

import pytest
import typer

import labsim
from labsim.cli.main import app
from labsim.runs.replay import replay
from labsim.scenario.checked import CATALOGUE
from tests.commands import answer
from viz.world.world import base, parse

KEPT = Path(__file__).parents[1] / "kept"
RUN = KEPT / "run-0.1.0"  # labsim run hassabis-baseline --replications 3 --sample 2 --engine mesa
LINKS = json.loads((KEPT / "links-0.1.0.json").read_text())
COMMANDS = json.loads((KEPT / "commands-0.1.0.json").read_text())
NAMES = json.loads((KEPT / "names-0.1.0.json").read_text())
PARAMETERS = json.loads((KEPT / "parameters-0.1.0.json").read_text())  # the range or the options of each
TABLES = ("weeks", "events", "decisions")


@pytest.mark.parametrize("replication", range(3))
def test_a_stored_run_is_replayed_to_the_bit(replication):
    assert replay(RUN, replication).differs == []


def test_the_commands_that_read_a_run_folder_read_it(tmp_path):
    assert answer("replay", RUN, "--replication", 1, "--json")["same_bits"]
    assert answer("why", RUN, "--replication", 0, "--json")["lab"]
    page = tmp_path / "page.html"
    assert answer("report", RUN, "--out", page, "--json") and "Not a forecast" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("kept", LINKS, ids=lambda kept: kept["link"][:40])
def test_a_link_opens_the_world_it_opened(kept):
    view = parse(kept["link"])
    assert [view.world.scenario, view.future, view.week, view.lab, len(view.pins), [list(x) for x in view.more]] == [
        kept[key] for key in ("scenario", "future", "week", "lab", "pins", "more")
    ]
    world, own = view.world.resolve(), base(view.world.scenario)
    assert {path: world.get(path) for path in kept["differs"]} == kept["differs"]
    assert {path for path in own.values if world.get(path) != own.get(path)} == set(kept["differs"])


def commands(command, name=""):
    """Every command by its words, with its flags."""
    if inner := getattr(command, "commands", {}):
        for word, each in inner.items():
            yield from commands(each, f"{name} {word}".strip())
    else:
        yield name, {flag for p in command.params for flag in [*getattr(p, "opts", []), *p.secondary_opts]}


def test_every_command_and_flag_is_still_there():
    now = dict(commands(typer.main.get_command(app)))
    gone = {name: sorted(set(flags) - now.get(name, set())) for name, flags in COMMANDS.items()}
    assert {name: flags for name, flags in gone.items() if flags} == {} and set(COMMANDS) <= set(now)


def test_every_name_and_column_is_still_there():
    results = labsim.run("hassabis-baseline", 2, engine="mesa", sample=1)
    columns = list(results.outcomes.columns)
    assert [column for column in columns if column in NAMES["runs"]] == NAMES["runs"]  # new outcomes may come between
    assert {name: list(getattr(results, name).columns) for name in TABLES} == {name: NAMES[name] for name in TABLES}
    assert set(NAMES["__all__"]) <= set(labsim.__all__)


def test_every_value_that_was_allowed_still_is():
    """So that a scenario file stays valid: no parameter is gone, no range is narrower, no option is missing."""
    assert set(PARAMETERS) <= set(CATALOGUE)
    for path, was in PARAMETERS.items():
        d = CATALOGUE[path]
        assert set(was.get("options", ())) <= set(d.options or ()), path
        if "low" in was:
            assert d.low <= was["low"] and was["high"] <= d.high, path
