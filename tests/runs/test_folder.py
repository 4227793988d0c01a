"""Run folders: whole at every moment, resumed to the same bytes, checked before they are read."""

import dataclasses
import os
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import labsim
from labsim.cli.options import scenario_of
from labsim.cli.streaming import resume, run_to_folder
from labsim.engines import ensemble
from labsim.reports.report import report_of_run
from labsim.runs import folder as run_folder
from labsim.runs import whole
from labsim.runs.experiment import BLOCK
from labsim.runs.fan import QUANTITIES, Fan
from labsim.runs.replay import replay
from labsim.runs.summary import EXACT
from labsim.runs.verify import verify
from labsim.runs.writer import RunFolder
from labsim.scenario.checked import ABOUT, ScenarioError
from labsim.scenario.files import load, to_toml
from labsim.show.describe import dictionary
from tests.commands import labsim as command
from tests.commands import strict
from tests.run_folders import change_manifest, manifest_of, seal
from tests.runs import kills as trials
from tests.runs.crashes import FULL, KILLED, killed_at, with_largest_file

posix = pytest.mark.skipif(os.name != "posix", reason="forks, or limits a process")
FIVE = labsim.load("five-calculators")
SHORT = FIVE.with_({"race.weeks": 12})
DRAWN = """base = "five-calculators"
[race]
weeks = 12
[uncertainties]
"harm.rate" = {dist = "loguniform", low = 0.001, high = 0.1}
"""
MANY = EXACT + BLOCK // 2  # three blocks and a part, and the fan no longer keeps each future
KEPT = Path(__file__).parents[1] / "kept" / "run-0.1.0"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A short world with a drawn parameter."""
    path = tmp_path_factory.mktemp("worlds") / "drawn.toml"
    path.write_text(DRAWN)
    return load(path)


def start(scenario, folder, replications=MANY, stop=None, csv=False):
    """Run to a folder as the command does."""
    stop = ensemble.Stop.new() if stop is None else stop
    run_to_folder(scenario, replications, 3, "ensemble", 1, "monte-carlo", folder, True, stop, 2, {"csv": csv})
    return 0


def go_on(folder, jobs=2):
    return resume(folder, jobs, True, ensemble.Stop.new())


@pytest.fixture(scope="module")
def whole_run(drawn, tmp_path_factory):
    """The folder of a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    start(drawn, folder)
    return folder


def files(folder):
    """The bytes of every file of a folder but its manifest, whose times differ."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*") if file.is_file() and file.name != run_folder.MANIFEST
    }  # fmt: skip


# --- what is there from the first second, and at the end


def test_a_folder_begins_with_its_scenario_and_manifest(drawn, tmp_path):
    folder = tmp_path / "new" / "run"
    RunFolder.begin(folder, drawn, 5, 200, "ensemble", "sobol", {"command": "labsim run drawn.toml", "sample": 2})
    assert {file.name for file in folder.iterdir()} == {"scenario.toml", "manifest.json"}
    manifest = manifest_of(folder)
    assert (manifest["complete"], manifest["interrupted"], manifest["replications"]) == (False, False, 0)
    assert (manifest["seed"], manifest["sampling"], manifest["replications_asked"]) == (5, "sobol", 200)
    assert manifest["command"] == "labsim run drawn.toml" and manifest["finished"] is None
    assert [file for file in tmp_path.rglob("*") if whole.PART in file.name] == []


def test_the_command_says_what_was_typed_and_read(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(DRAWN)
    few = ("--replications", "2", "--engine", "mesa", "--out", "a b", "--quiet")
    assert command("run", "mine.toml", *few, cwd=tmp_path).returncode == 0
    manifest = manifest_of(tmp_path / "a b")
    assert manifest["command"] == "labsim run mine.toml --replications 2 --engine mesa --out 'a b' --quiet"
    assert (manifest["input"], manifest["input_hash"]) == ("mine.toml", run_folder.file_hash(tmp_path / "mine.toml"))
    assert manifest["complete"] is True and manifest["interrupted"] is False


def test_a_finished_folder_has_one_file_of_runs_and_what_its_columns_mean(whole_run):
    names = {"scenario.toml", "manifest.json", "dictionary.md", *(f"{table}.parquet" for table in run_folder.TABLES)}
    assert {file.name for file in whole_run.iterdir()} == names
    assert set(manifest_of(whole_run)["files"]) == names - {"manifest.json"}
    assert (whole_run / "dictionary.md").read_text() == dictionary()


def test_tables_are_written_as_csv_too_with_every_digit(drawn, tmp_path):
    folder = tmp_path / "a"
    start(drawn, folder, BLOCK + 40, csv=True)
    assert {f"{table}.csv" for table in run_folder.TABLES} < set(manifest_of(folder)["files"])
    for table in run_folder.TABLES:
        stored = pd.read_parquet(folder / f"{table}.parquet")
        text = pd.read_csv(folder / f"{table}.csv")
        assert list(text) == list(stored)
        for column in stored:
            known = stored[column].to_numpy()
            same = np.array_equal(known, text[column].to_numpy(), equal_nan=known.dtype.kind == "f")
            assert same, (table, column)


def test_the_fan_is_the_same_however_the_futures_are_cut():
    generator = np.random.default_rng(4)
    weekly = generator.lognormal(size=(EXACT + 700, 9, len(QUANTITIES)))
    weekly[EXACT // 2 :, 6:] = np.nan
    tables = []
    for size in (len(weekly), 4096, 2048, 100, 7):
        fan = Fan()
        for first in range(0, len(weekly), size):
            fan.add(weekly[first : first + size])
        tables.append(fan.table())
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)


# --- claims


def test_a_run_folder_keeps_the_claims_of_its_scenario(tmp_path):
    start(FIVE, tmp_path / "a", 2)
    stored = run_folder.read(tmp_path / "a")[0]
    assert stored.expect == FIVE.expect and len(stored.expect) > 3
    assert to_toml(stored) == to_toml(FIVE)


@pytest.mark.parametrize(
    "change", ["cycle.review=3", "strategy=keeper", "Birch strategy=closer", "Birch cycle.review=3", "race.labs=1"]
)
def test_a_changed_world_marks_them_as_being_about_another(change, tmp_path):
    world = scenario_of("five-calculators", [change])
    start(world, tmp_path / "a", 2)
    content = tomllib.loads((tmp_path / "a" / "scenario.toml").read_text())
    assert [block[ABOUT] for block in content["expect"]] == ["five-calculators"] * len(FIVE.expect)
    assert [{k: v for k, v in block.items() if k != ABOUT} for block in content["expect"]] == list(FIVE.expect)
    assert run_folder.read(tmp_path / "a")[0].expect == world.expect  # also where they name a lab that is gone


def test_no_change_is_no_change():
    assert scenario_of("five-calculators", ["cycle.review=2.0", "strategy=calculator"]).expect == FIVE.expect
    twice = SHORT.with_({"cycle.review": 1.0})
    assert {block[ABOUT] for block in twice.expect} == {"five-calculators"}


def put_to_the_model(world, tmp_path, name="a"):
    """The report of a stored run of a world: the page as text, its claims, and the exit code of the command."""
    start(world, tmp_path / name, 3)
    done = command("report", tmp_path / name, "--out", tmp_path / "page.html", "--json")
    return (tmp_path / "page.html").read_text(), strict(done.stdout)["expect"], done.returncode


CLAIM = {"claim": "There is always harm.", "outcome": "catastrophe", "direction": "higher", "than": 0.99,
         "replications": 20}  # fmt: skip


def test_a_report_fails_on_claims_of_its_own_world_only(tmp_path):
    own = dataclasses.replace(SHORT, expect=(CLAIM,))
    page, claims, code = put_to_the_model(own, tmp_path)
    assert (code, claims[0]["verdict"], claims[0]["about"]) == (1, "failed", None) and "as shipped" not in page
    page, claims, code = put_to_the_model(own.with_({"cycle.review": 3.0}), tmp_path, "b")
    assert (code, claims[0]["verdict"], claims[0]["about"]) == (0, "failed", "five-calculators")
    assert "About five-calculators, as shipped." in page and "as it was changed here" in page
    assert command("check", tmp_path / "a" / "scenario.toml", "--replications", 20).returncode == 1
    done = command("check", tmp_path / "b" / "scenario.toml", "--replications", 20)
    assert done.returncode == 0 and "About five-calculators, as shipped." in " ".join(done.stdout.split())


def test_a_claim_that_no_longer_fits_is_shown_all_the_same(tmp_path):
    gone = CLAIM | {"claim": "Cedar closes.", "outcome": "closed_weeks", "lab": "Cedar", "than": 1.0}
    world = dataclasses.replace(FIVE, expect=(CLAIM, gone)).with_({"race.labs": 1, "race.weeks": 12})
    page, claims, code = put_to_the_model(world, tmp_path)
    assert code == 0 and [c["claim"] for c in claims] == ["There is always harm."]
    assert "<b>not put</b>Cedar closes. <i>About five-calculators, as shipped.</i>" in page


# --- killed, stopped, resumed


def resumed(folder, scenario):
    """Go on after a crash: with the same command where nothing had begun."""
    if folder.exists():
        go_on(folder)
    else:
        start(scenario, folder)


@posix
@pytest.mark.parametrize("moment", [0, 1, 3, 5, 6, 9, 18, 23, 29])
def test_killed_while_it_writes_it_goes_on_to_the_same_bytes(moment, drawn, whole_run, tmp_path):
    folder = tmp_path / "a"
    assert killed_at(moment, lambda: start(drawn, folder)) == KILLED
    if folder.exists():
        assert verify(folder, sample=1).is_same
    resumed(folder, drawn)
    assert files(folder) == files(whole_run)
    manifest = manifest_of(folder)
    assert manifest["complete"] and not manifest["interrupted"]
    assert not [file for file in folder.rglob("*") if whole.PART in file.name]


@posix
@pytest.mark.slow
def test_killed_at_every_write_and_again_while_it_goes_on(drawn, whole_run, tmp_path):
    moment, code = 0, KILLED
    while code == KILLED:
        folder = tmp_path / str(moment)
        code = killed_at(moment, lambda folder=folder: start(drawn, folder))
        if moment % 3 == 0 and folder.exists() and code == KILLED:
            killed_at(moment % 7, lambda folder=folder: go_on(folder) and 0)
        resumed(folder, drawn)
        assert files(folder) == files(whole_run), moment
        shutil.rmtree(folder)
        moment += 1
    assert code == 0 and moment > 30


def stopped_after(scenario, folder, count):
    """A run that is stopped when so many futures are done."""
    stop = ensemble.Stop.new()
    taken = RunFolder.add_runs

    def add_runs(self, *arguments):
        taken(self, *arguments)
        if self.manifest["replications"] >= count:
            stop.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFolder, "add_runs", add_runs)
        start(scenario, folder, stop=stop)


def test_a_stopped_run_keeps_its_blocks_and_goes_on(drawn, whole_run, tmp_path):
    folder = tmp_path / "a"
    stopped_after(drawn, folder, BLOCK)
    manifest = manifest_of(folder)
    assert manifest["interrupted"] and not manifest["complete"] and BLOCK <= manifest["replications"] < MANY
    rows = run_folder.read(folder)[2]["runs"]
    assert list(rows["replication"]) == list(range(manifest["replications"]))
    results = go_on(folder)
    assert files(folder) == files(whole_run)
    whole_results = run_folder.results_of(whole_run, *run_folder.read(whole_run))
    assert results.as_dict() == whole_results.as_dict() and results.replications == MANY


def test_a_part_of_a_block_is_gone_on_with(drawn, whole_run, tmp_path):
    """As a run has it that was stopped within a block: the rows are kept, and the block is filled."""
    folder = tmp_path / "a"
    shutil.copytree(whole_run, folder)
    rows = pd.read_parquet(folder / "runs.parquet").head(BLOCK + 1000)
    change_manifest(
        folder, complete=False, interrupted=True, replications=0,
        files={"scenario.toml": run_folder.file_hash(folder / "scenario.toml")},
    )  # fmt: skip
    with RunFolder.resume(folder) as writer:
        for first in (0, BLOCK):
            writer.add_runs(rows.iloc[first : first + BLOCK])
    for file in folder.glob("*.parquet"):
        file.unlink()
    assert len(run_folder.read(folder)[2]["runs"]) == BLOCK + 1000
    go_on(folder, jobs=1)
    assert files(folder) == files(whole_run)


def test_stopped_while_the_sample_is_written_down_it_keeps_all_runs(drawn, whole_run, tmp_path):
    folder = tmp_path / "a"
    stopped_after(drawn, folder, MANY)
    manifest = manifest_of(folder)
    assert manifest["replications"] == MANY and manifest["interrupted"] and not manifest["complete"]
    go_on(folder)
    assert files(folder) == files(whole_run)


@pytest.fixture
def unfinished(drawn, tmp_path):
    """The folder of a run with one block of more."""
    folder = tmp_path / "unfinished"
    stopped_after(drawn, folder, 1)
    return folder


def test_the_same_command_again_names_resume(unfinished):
    done = command("run", "five-calculators", "--replications", 2, "--out", unfinished)
    assert done.returncode == 2 and f"labsim run --resume {unfinished}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--seed", 4), "--seed 3, not with 4"), (("--replications", 7), f"--replications {MANY}, not with 7"),
     (("--set", "cycle.review=3"), "cycle.review=3"), (("--with", "sb-53"), "with=sb-53"),
     (("--engine", "mesa"), "--engine ensemble"), (("--sampling", "sobol"), "--sampling monte-carlo"),
     (("--sample", 9), "--sample 2"), (("--out", "other"), "--out other"), (("five-calculators",), "five-calculators")],
)  # fmt: skip
def test_other_options_than_those_of_the_run_are_refused(words, says, unfinished):
    before = files(unfinished) | {"manifest": (unfinished / "manifest.json").read_bytes()}
    done = command("run", "--resume", unfinished, *words)
    assert done.returncode == 2 and says in done.stderr and len(done.stderr.splitlines()) == 1
    assert files(unfinished) | {"manifest": (unfinished / "manifest.json").read_bytes()} == before


def test_a_run_of_another_model_or_the_first_version_does_not_go_on(unfinished, tmp_path):
    change_manifest(unfinished, model="0123456789abcdef")
    with pytest.raises(ScenarioError, match="another version of the model"):
        go_on(unfinished)
    shutil.copytree(KEPT, tmp_path / "old")
    change_manifest(tmp_path / "old", interrupted=True)
    with pytest.raises(ScenarioError, match=r"written by labsim 0\.1\.0"):
        go_on(tmp_path / "old")


@posix
def test_two_processes_do_not_write_one_run(unfinished):
    with RunFolder.resume(unfinished), pytest.raises(ScenarioError, match="another process"):
        RunFolder.resume(unfinished)


@pytest.mark.parametrize("folder", [KEPT, None], ids=["0.1.0", "now"])
def test_a_complete_run_says_so(folder, whole_run):
    folder = folder or whole_run
    before = files(folder)
    done = command("run", "--resume", folder)
    assert done.returncode == 0 and "is complete" in done.stdout and files(folder) == before
    count = manifest_of(folder)["replications"]
    assert strict(command("run", "--resume", folder, "--json").stdout)["replications"] == count


# --- read only as it was written


@pytest.mark.parametrize("name", ["scenario.toml", "runs.parquet", "weeks.parquet", "fan.parquet", "dictionary.md"])
def test_an_altered_file_is_named_by_whatever_reads_the_folder(name, whole_run, tmp_path):
    folder = tmp_path / "a"
    shutil.copytree(whole_run, folder)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    for read in (replay, labsim.why, lambda folder, _: report_of_run(folder)):
        with pytest.raises(ScenarioError, match=f"{name}: was altered"):
            read(folder, 0)
    for words in (("replay",), ("why",), ("report",), ("run", "--resume")):
        done = command(*words, folder, cwd=tmp_path)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and f"{name}: was altered" in done.stderr
    done = command("verify", folder, "--json")
    assert done.returncode == 1 and [fault["file"] for fault in strict(done.stdout)["faults"]] == [name]


WRONG = [{"seed": 2**80}, {"seed": -5}, {"seed": True}, {"packages": None}, {"files": {"a": 1}}, {"engine": "warp"},
         {"sampling": []}, {"replications": "many"}, {"complete": "yes"}]  # fmt: skip


@pytest.mark.parametrize("values", WRONG, ids=str)
def test_a_manifest_that_cannot_be_is_refused_in_a_line(values, whole_run, tmp_path):
    shutil.copytree(whole_run, tmp_path / "a")
    change_manifest(tmp_path / "a", **values)
    done = command("replay", tmp_path / "a")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and f"'{next(iter(values))}'" in done.stderr


def test_rows_that_are_not_those_of_the_manifest_are_noticed(whole_run, tmp_path):
    shutil.copytree(whole_run, tmp_path / "a")
    change_manifest(tmp_path / "a", replications=MANY + 1)
    with pytest.raises(ScenarioError, match=f"holds {MANY} replications"):
        replay(tmp_path / "a", 0)
    assert not verify(tmp_path / "a").is_same


@pytest.mark.parametrize("column", ["payoff", "all_keep.payoff", "harm.rate"])
def test_verify_finds_a_changed_number_that_the_hashes_were_made_to_fit(column, drawn, tmp_path):
    folder = tmp_path / "a"
    start(drawn, folder, 12)
    assert verify(folder).is_same and verify(folder).checked == list(range(12))
    rows = pd.read_parquet(folder / "runs.parquet")
    rows.loc[7, column] = np.nextafter(rows.loc[7, column], np.inf)
    rows.to_parquet(folder / "runs.parquet")
    seal(folder)
    result = verify(folder)
    assert list(result.differs) == [7] and column in result.differs[7] and not result.is_same
    done = command("verify", folder, "--json")
    assert done.returncode == 1 and strict(done.stdout)["differs"][0]["replication"] == 7


@pytest.mark.parametrize("method", ["sobol", "latin-hypercube"])
def test_verify_draws_a_design_again_too(method, drawn, tmp_path):
    run_to_folder(drawn, 10, 3, "ensemble", 1, method, tmp_path / "a", True, ensemble.Stop.new(), 0)
    assert verify(tmp_path / "a", 4).is_same
    change_manifest(tmp_path / "a", sampling="monte-carlo")
    assert set(verify(tmp_path / "a", 1).differs.popitem()[1]) == {"harm.rate"}


@pytest.mark.parametrize("commit", ["0" * 40, "0" * 40 + "+changes"])
def test_a_folder_of_another_commit_opens(commit, whole_run, tmp_path):
    folder = shutil.copytree(whole_run, tmp_path / "other")
    assert manifest_of(folder)["commit"] != commit
    change_manifest(folder, commit=commit, dirty=None)
    assert run_folder.read(folder)[1]["commit"] == commit
    assert command("verify", folder, "--sample", 1).returncode == 0


def test_verify_says_what_it_looked_at(whole_run, unfinished, tmp_path):
    done = command("verify", whole_run, "--sample", 3)
    words = " ".join(done.stdout.split())
    assert done.returncode == 0 and f"3 of {MANY} replications have the same bits again" in words
    assert len(strict(command("verify", whole_run, "--json").stdout)["checked"]) == 20
    done = command("verify", unfinished)
    assert done.returncode == 0 and "not finished" in done.stdout and "--resume" in done.stdout
    assert command("verify", tmp_path).returncode == 2 == command("verify", tmp_path / "nowhere").returncode


def test_the_first_version_s_folder_is_verified():
    result = verify(KEPT)
    assert result.is_same and result.checked == [0, 1, 2]


def test_an_unfinished_run_is_read_as_far_as_it_is_but_not_reported(unfinished, tmp_path):
    done = command("replay", unfinished, "--json")
    assert done.returncode == 0 and strict(done.stdout)["same_bits"] and "not finished" in done.stderr
    done = command("why", unfinished, "--json")
    assert done.returncode == 0 and "not finished" in done.stderr
    done = command("report", unfinished, cwd=tmp_path)
    assert done.returncode == 2 and "--resume" in done.stderr and not list(tmp_path.glob("*.html"))


def test_an_outcome_that_an_older_version_did_not_know_is_none(whole_run, tmp_path):
    folder = tmp_path / "a"
    shutil.copytree(whole_run, folder)
    rows = pd.read_parquet(folder / "runs.parquet").drop(columns=["concern", "all_keep.concern"])
    rows.to_parquet(folder / "runs.parquet")
    seal(folder)
    with pytest.raises(ScenarioError, match="has no column 'concern'"):
        run_folder.results_of(folder, *run_folder.read(folder))
    change_manifest(folder, model="0123456789abcdef")
    results = run_folder.results_of(folder, *run_folder.read(folder))
    assert results.summaries["concern"].n == 0 and results.summaries["payoff"].n == MANY
    assert replay(folder, 5).differs == [] and verify(folder, 2).is_same


# --- a disk that is full


def code_of(*words):
    """The exit code of a command in this process."""
    return command(*words).returncode


@posix
@pytest.mark.parametrize("size", [0, 3000, 8000, 100_000, 1_500_000])
def test_a_full_disk_is_one_line_and_loses_nothing(size, drawn, whole_run, tmp_path):
    folder, world = tmp_path / "a", tmp_path / "drawn.toml"
    world.write_text(DRAWN)
    words = ("run", world, "--replications", MANY, "--seed", 3, "--sample", 2, "--out", folder, "--quiet")
    code = with_largest_file(size, lambda: code_of(*words))
    assert code == (FULL if folder.exists() else 2)
    assert [file for file in tmp_path.rglob("*") if whole.PART in file.name] == []
    if folder.exists():
        assert verify(folder, 1).is_same and not manifest_of(folder)["complete"]
        go_on(folder)
        assert {k: v for k, v in files(folder).items() if k != "scenario.toml"} == {
            k: v for k, v in files(whole_run).items() if k != "scenario.toml"
        }  # fmt: skip


# --- the long trials, small: see kills.py for their full size

FEW = 5  # blocks: the first, the last, and some between


@posix
@pytest.mark.slow
def test_runs_that_are_killed_are_resumed_to_the_same_bytes(tmp_path):
    said = []
    assert trials.kills(4, tmp_path, 1, said.append, FEW) == 0
    assert said[-1] == "4 of 4 resumed to the same bytes"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounts a file system")
def test_full_disks_are_said_and_lose_nothing(tmp_path):
    said = []
    assert trials.full_disks(3, tmp_path, said.append, FEW) == 0, said
