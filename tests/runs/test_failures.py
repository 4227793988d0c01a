"""A strategy, rule or lab that raises costs its replication, not the run: in both engines, in folders, in commands."""

import re
import shutil
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import labsim
from labsim.cli.streaming import resume, run_to_folder
from labsim.engines import ensemble, mesa_engine
from labsim.engines.failures import RaceFailed
from labsim.model.governance import Dated
from labsim.runs import experiment
from labsim.runs import folder as run_folder
from labsim.runs.comparison import compare
from labsim.runs.verify import verify
from labsim.runs.writer import RunFolder
from labsim.scenario.registry import extend, register_strategy
from tests.commands import labsim as command
from tests.commands import strict
from tests.run_folders import change_manifest, manifest_of

pytestmark = pytest.mark.usefixtures("registries_as_they_were")

FIVE = labsim.load("five-calculators").with_({"race.weeks": 40})
N = 24


def faulty(lab, race, p, key):
    """Divides by zero in some futures: where its own exam has read a gap of some size by the time it is asked."""
    return 1.0 / (0.0 if lab.measured > 0.35 else 1.0)


def greedy(lab, race, p, key):
    """Wants more than there is once it reads a gap, and changes its mind later."""
    return 7.0 if lab.measured > 0.35 and lab.measured < 0.45 else 1.0


def careful(lab, race, p, key):
    """Raises what it says itself (pytest rewrites `assert` to what does not compile)."""
    if lab.measured > 0.35:
        raise ValueError("a gap")
    return 1.0


def hopeless(lab, race, p, key):
    """Raises whenever it is asked."""
    return 1.0 / (lab.oversight - lab.oversight)


def misspelt(lab, race, p, key):
    """Reads what no lab has."""
    return lab.mood


@dataclass(frozen=True)
class Strict(Dated):
    """A rule that raises on a lab without a human: in a twin where all remove, and seldom elsewhere."""

    def act(rule, lab, race, key):
        lab.minimum_weeks = max(lab.minimum_weeks, 1.0 / lab.oversight)


def with_faulty(strategy=faulty):
    """The scenario with a strategy that raises, given to its first lab."""
    return extend(FIVE, strategies={FIVE.all_labs[0].name: strategy})


def run(*arguments, **options):
    """What `labsim.run` gives where some fail, by Mesa unless asked otherwise."""
    with pytest.warns(UserWarning, match=r"replications failed"):
        return labsim.run(*arguments, **({"engine": "mesa", "sample": 4} | options))


# --- what is recorded


def test_the_others_are_what_they_would_have_been_alone():
    results = run(with_faulty(), N)
    failed = list(results.failed["replication"])
    assert 0 < len(failed) < N and results.replications == N - len(failed) and results.tried == N
    assert list(results.outcomes["replication"]) == [r for r in range(N) if r not in failed]
    assert not set(failed) & set(results.weeks["replication"])
    for r in (results.outcomes["replication"].iloc[0], results.outcomes["replication"].iloc[-1]):
        race = labsim.Race(results.scenario, 0, int(r)).run()
        assert race.week == results.outcomes.set_index("replication").loc[r, "race_weeks"]


def test_a_failure_says_who_when_what_and_how_to_have_it_again():
    results = run(with_faulty(), N)
    assert list(results.failed) == ["replication", "lab", "week", "error", "reproduce"]
    for row in results.failed.itertuples():
        assert (row.lab, row.error) == (FIVE.all_labs[0].name, "ZeroDivisionError: float division by zero")
        race = results.race(row.replication)
        with pytest.raises(ZeroDivisionError):
            race.run()
        assert race.week == row.week
        with pytest.raises(ZeroDivisionError):
            eval(row.reproduce, {"results": results})
    json = results.as_dict()
    assert [one["replication"] for one in json["failed"]] == list(results.failed["replication"])


def test_nothing_failed_is_an_empty_frame():
    results = labsim.run(FIVE, 2, engine="mesa", sample=0)
    assert list(results.failed) == ["replication", "lab", "week", "error", "reproduce"] and results.failed.empty
    assert results.as_dict()["failed"] == []


@pytest.mark.parametrize("strategy", [careful, greedy])
def test_the_words_are_those_of_the_exception(strategy):
    failed = run(with_faulty(strategy), N).failed
    says = {careful: "ValueError: a gap", greedy: "wants an oversight of 7.0"}[strategy]
    assert len(failed) and failed["error"].str.contains(says).all()


def test_a_subclass_of_lab_costs_its_replication_too():
    class Odd(labsim.Lab):
        def decide(self):
            if self.measured > 0.35:
                raise RuntimeError("two\nlines")
            return 1.0

    results = run(FIVE, N, lab=Odd)
    assert 0 < len(results.failed) < N and set(results.failed["error"]) == {"RuntimeError: two lines"}
    with pytest.raises(RuntimeError):
        results.race(int(results.failed["replication"].iloc[0])).run()


def test_a_twin_that_raises_fails_its_replication_and_is_named():
    results = run(FIVE.with_strategy("keeper"), 4, rules=[Strict(start=0)])
    assert results.replications == 0 and results.summaries["catastrophe"].n == 0
    twins = results.failed[results.failed["error"].str.startswith("all_remove: ")]
    assert len(twins) and twins["reproduce"].str.contains("'all_remove'").all()
    with pytest.raises(ZeroDivisionError):
        eval(twins["reproduce"].iloc[0], {"results": results})


def test_a_failure_that_needs_no_lab_has_none():
    class Broken(labsim.Lab):
        def __init__(self, race, spec, number):
            super().__init__(race, spec, number)
            if race.replication % 2:
                raise KeyError("odd")

    results = run(FIVE, 6, lab=Broken, sample=0)
    assert list(results.failed["replication"]) == [1, 3, 5]
    assert set(results.failed["lab"]) == {""} and set(results.failed["week"]) == {0}


def test_all_failed_is_no_traceback():
    results = run(with_faulty(hopeless), 6)
    assert results.outcomes.empty and len(results.failed) == 6 and results.fan.empty and results.weeks.empty
    assert results.as_dict()["outcomes"]["catastrophe"]["mean"] is None


def test_a_field_that_is_not_there_fails_where_it_is_read():
    with pytest.warns(UserWarning, match=r"it reads 'mood', which state.py does not declare"):
        results = run(with_faulty(misspelt), 2, engine="ensemble")
    assert results.engine == "mesa" and results.failed["error"].str.contains("no attribute 'mood'").all()


def test_a_strategy_that_nobody_uses_stands_in_no_runs_way():
    register_strategy(misspelt)
    assert labsim.run(FIVE, 2, sample=0).engine == "ensemble"
    assert labsim.run(with_faulty(careful), 2, sample=0, engine="ensemble").engine == "ensemble"


# --- what is known before the first race


def test_a_name_for_a_function_is_said_before_the_first_race():
    with pytest.raises(labsim.ScenarioError, match=r"strategies: Birch = 'keeper': must be a function"):
        labsim.run(FIVE, 2, strategies={"Birch": "keeper"})


def test_a_wrong_signature_is_said_before_the_first_race():
    with pytest.raises(labsim.ScenarioError, match=r"strategy 'short'.*\(lab, race, p, key\)"):
        labsim.run(FIVE, 2, strategies={"Birch": _named("short", lambda lab, race: 1.0)})

    class Wrong(labsim.Lab):
        def decide(self, race):
            return 1.0

    with pytest.raises(labsim.ScenarioError, match=r"lab Wrong: decide"):
        labsim.run(FIVE, 2, lab=Wrong)


def _named(name, function):
    function.__name__ = name
    return function


def test_an_interruption_is_not_a_failure():
    def interrupting(lab, race, p, key):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        labsim.run(with_faulty(interrupting), 2, engine="mesa")


def test_who_keeps_no_list_is_told():
    with pytest.raises(RaceFailed, match=r"replication \d+: lab Birch, week \d+: ZeroDivisionError"):
        mesa_engine.simulate(with_faulty(), 0, N, 0)


# --- both engines


def test_both_engines_fail_the_same_races_and_agree_on_the_rest():
    for strategy in (faulty, greedy, careful, hopeless):
        register_strategy(strategy)
    for strategy in (faulty, greedy, careful, hopeless):
        a, b = (run(with_faulty(strategy), 100, engine=engine, rules=[]) for engine in experiment.ENGINES)
        assert (a.engine, b.engine) == experiment.ENGINES
        pd.testing.assert_frame_equal(a.failed, b.failed)
        pd.testing.assert_frame_equal(a.outcomes, b.outcomes, check_exact=True)
        pd.testing.assert_frame_equal(a.fan, b.fan, check_exact=True)
    with pytest.raises(RaceFailed, match="strategy or rule raises"):
        ensemble.simulate(with_faulty(hopeless), 0, 4, 0)
    a, b = (run(FIVE, 40, engine=engine, rules=[Strict(start=0)]) for engine in experiment.ENGINES)
    pd.testing.assert_frame_equal(a.failed, b.failed)


# --- folders and commands


@pytest.fixture
def folder(tmp_path):
    """A run folder in which some failed, with small blocks."""
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch)
        start(tmp_path / "a")
    return tmp_path / "a"


def small_blocks(patch):
    """Blocks of eight replications: as one piece of Mesa's work."""
    from labsim.cli import streaming
    from labsim.runs import writer

    for module in (experiment, streaming, writer, run_folder):
        patch.setattr(module, "BLOCK", 8)


def start(path, replications=N, stop=None, strategy=faulty):
    stop = ensemble.Stop.new() if stop is None else stop
    return run_to_folder(with_faulty(strategy), replications, 0, "mesa", 1, "monte-carlo", path, True, stop, 3)


def files(path):
    return {f.name: f.read_bytes() for f in path.iterdir() if f.name != run_folder.MANIFEST}


def test_a_folder_lists_those_that_failed_and_lacks_their_rows(folder):
    manifest, alone = manifest_of(folder), run(with_faulty(), N)
    assert manifest["complete"] and manifest["replications"] == alone.replications
    assert [one["replication"] for one in manifest["failed"]] == list(alone.failed["replication"])
    assert {key: manifest["failed"][0][key] for key in ("lab", "week", "error")} == {
        key: alone.failed.iloc[0][key] for key in ("lab", "week", "error")
    }
    runs = run_folder.read(folder)[2]["runs"]
    pd.testing.assert_frame_equal(runs, alone.outcomes, check_exact=True)
    results = run_folder.results_of(folder, *run_folder.read(folder))
    assert results.of_tried == f"{alone.replications} of {N}"
    assert list(results.failed["error"]) == list(alone.failed["error"])
    assert not set(results.failed["replication"]) & set(results.weeks["replication"])


def test_a_failed_one_is_replayed_to_the_line_that_raised(folder):
    one = manifest_of(folder)["failed"][0]
    words = one["reproduce"].split()
    assert words[:2] == ["labsim", "replay"]
    done = command(*words[1:])
    assert done.returncode == 3 and f"week {one['week']}: {one['error']}" in " ".join(done.stdout.split())
    assert "in faulty" in " ".join(done.stdout.split()) and "Traceback" not in done.stderr + done.stdout
    assert strict(command(*words[1:], "--json").stdout)["failed"]["lab"] == one["lab"]
    done = command("why", folder, "--replication", one["replication"])
    assert done.returncode == 2 and "this one failed" in done.stderr


def test_one_that_fails_no_more_is_told_to_its_end(folder, tmp_path):
    """As when a strategy of somebody's own was mended after the run."""
    failed = manifest_of(folder)["failed"]
    whole = min(set(range(N)) - {one["replication"] for one in failed})
    change_manifest(folder, failed=[failed[0] | {"replication": whole}, *failed])
    done = command("replay", folder, "--replication", whole)
    said = " ".join(done.stdout.split())
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"When the run was made it failed (run): lab {failed[0]['lab']}" in said and said.endswith("Now it ends.")
    told = strict(command("replay", folder, "--replication", whole, "--json").stdout)
    assert told["differs"] == ["failed"] and not told["same_bits"] and told["failed"] is None
    assert told["outcomes"]["race_weeks"] > 0


def test_verify_has_them_fail_again(folder, tmp_path):
    assert verify(folder, N).is_same and verify(folder, N).checked == list(range(N))
    done = command("verify", folder)
    assert done.returncode == 0 and f"of {N} replications" in " ".join(done.stdout.split())
    shutil.copytree(folder, tmp_path / "b")
    failed = manifest_of(folder)["failed"]
    change_manifest(tmp_path / "b", failed=[failed[0] | {"week": failed[0]["week"] + 1}, *failed[1:]])
    assert verify(tmp_path / "b", N).differs == {failed[0]["replication"]: ["failed"]}


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_stopped_run_with_failures_goes_on_to_the_same_bytes(blocks, folder, tmp_path):
    stop, taken = ensemble.Stop.new(), RunFolder.add_runs

    def add_runs(self, *arguments):
        taken(self, *arguments)
        if self.tried >= 8 * blocks:
            stop.set()

    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch)
        patch.setattr(RunFolder, "add_runs", add_runs)
        start(tmp_path / "b", stop=stop)
        assert not manifest_of(tmp_path / "b")["complete"]
        patch.setattr(RunFolder, "add_runs", taken)
        results = resume(tmp_path / "b", 1, True, ensemble.Stop.new())
        whole = run_folder.results_of(folder, *run_folder.read(folder))
    assert files(tmp_path / "b") == files(folder)
    assert results.tried == N and results.as_dict()["outcomes"] == whole.as_dict()["outcomes"]
    assert list(results.failed["week"]) == list(whole.failed["week"])


def test_a_part_of_a_block_with_failures_is_gone_on_with(folder, tmp_path):
    """As a run has it that was stopped within a block."""
    whole = manifest_of(folder)
    rows = pd.read_parquet(folder / "runs.parquet")
    shutil.copytree(folder, tmp_path / "b")
    change_manifest(
        tmp_path / "b", complete=False, interrupted=True, replications=0, failed=[],
        files={"scenario.toml": whole["files"]["scenario.toml"]},
    )  # fmt: skip
    failures = run_folder.failures_of(whole)
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch)
        with RunFolder.resume(tmp_path / "b") as writer:
            for first, end in ((0, 8), (8, 13)):
                mine = rows[(rows["replication"] >= first) & (rows["replication"] < end)]
                writer.add_runs(mine, [one for one in failures if first <= one.replication < end])
            assert writer.tried == 13
        for file in (tmp_path / "b").glob("*.parquet"):
            file.unlink()
        resume(tmp_path / "b", 1, True, ensemble.Stop.new())
    assert files(tmp_path / "b") == files(folder)
    assert [one["replication"] for one in manifest_of(tmp_path / "b")["failed"]] == [o.replication for o in failures]


def words_of(path=None, *more):
    """A command that runs the world with the strategy that raises."""
    out = ("--out", path) if path is not None else ()
    return ("run", "five-calculators", "--set", "race.weeks=40", "--set", "Birch strategy=faulty", "--engine", "mesa",
            "--replications", N, *out, *more)  # fmt: skip


def test_the_command_says_how_many_failed_and_exits_with_3(tmp_path):
    register_strategy(faulty)
    done = command(*words_of(tmp_path / "a", "--quiet"))
    count = len(manifest_of(tmp_path / "a")["failed"])
    assert done.returncode == 3 and f"{count} of {N} replications failed; the first is" in done.stderr
    assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    assert f"{N - count} of {N} replications" in " ".join(done.stdout.split())
    again = re.search(r"Have it again: labsim (.*)$", done.stderr.strip())[1].split()
    assert command(*again).returncode == 3
    done = command("run", "--resume", tmp_path / "a")
    assert done.returncode == 0 and "is complete" in " ".join(done.stdout.split()) and f"{count} of {N}" in done.stderr


def test_without_a_folder_the_call_of_one_race_is_given():
    register_strategy(faulty)
    done = command(*words_of(None, "--json"))
    value = strict(done.stdout)
    assert done.returncode == 3 and value["replications"] + len(value["failed"]) == N
    assert {"replication", "lab", "week", "error", "reproduce"} == set(value["failed"][0])
    assert value["outcomes"]["catastrophe"]["n"] == value["replications"]
    with pytest.raises(ZeroDivisionError):
        eval(value["failed"][0]["reproduce"], {"labsim": labsim})


def test_a_command_all_of_whose_races_fail_says_so(tmp_path):
    register_strategy(hopeless)
    words = ("five-calculators", "--set", "strategy=hopeless", "--engine", "mesa", "--replications", 3)
    done = command("run", *words, "--out", tmp_path / "a")
    assert done.returncode == 3 and "all 3 replications failed" in done.stderr and "Traceback" not in done.stderr
    assert "No race came to its end" in done.stdout
    done = command("run", *words, "--json")
    assert done.returncode == 3 and strict(done.stdout)["replications"] == 0
    assert verify(tmp_path / "a").is_same and run_folder.read(tmp_path / "a")[2]["runs"].empty
    done = command("report", tmp_path / "a", "--json")
    assert done.returncode == 3 and "all 3 replications failed" in done.stderr


def test_a_pair_is_dropped_that_failed_in_either_world():
    world = with_faulty()
    comparison = compare({"a": FIVE, "b": world, "c": with_faulty(greedy)}, N, engine="mesa")
    gone = {name: set(rows["replication"]) for name, rows in comparison.failed.groupby("scenario")}
    assert set(gone) == {"b", "c"}
    assert comparison.levels["a"]["payoff"].n == N
    for name, numbers in gone.items():
        assert comparison.differences[name]["payoff"].n == N - len(numbers) == comparison.levels[name]["payoff"].n
    whole, kept = (labsim.run(FIVE, N, engine="mesa", sample=0).outcomes, run(world, N, sample=0).outcomes)
    both = whole.set_index("replication")["payoff"].loc[kept["replication"]]
    assert comparison.differences["b"]["payoff"].mean == pytest.approx((kept["payoff"].to_numpy() - both).mean())
    assert [one["scenario"] for one in comparison.as_dict()["failed"]] == list(comparison.failed["scenario"])
    with pytest.raises(ZeroDivisionError):
        eval(comparison.failed["reproduce"].iloc[0], {"labsim": labsim, "scenarios": {"b": world}})


def test_compare_exits_with_3():
    register_strategy(faulty)
    changed = "five-calculators:race.weeks=40,Birch strategy=faulty"
    words = ("compare", "five-calculators:race.weeks=40", changed, "--replications", N, "--engine", "mesa")
    done = command(*words, "--json")
    assert done.returncode == 3 and {one["scenario"] for one in strict(done.stdout)["failed"]} == {changed}
    done = command(*words)
    assert done.returncode == 3 and "those are no pair" in " ".join(done.stdout.split())


def test_drawn_parameters_are_in_the_call_that_has_it_again(tmp_path):
    world = tmp_path / "drawn.toml"
    world.write_text(
        'base = "five-calculators"\n[race]\nweeks = 40\n[uncertainties]\n'
        '"cycle.review" = {dist = "uniform", low = 1, high = 4}\n'
    )
    register_strategy(faulty)
    done = command("run", world, "--set", "Birch strategy=faulty", "--engine", "mesa", "--replications", N, "--json")
    for one in strict(done.stdout)["failed"][:2]:
        assert "cycle.review" in one["reproduce"]
        race = eval(one["reproduce"].removesuffix(".run()"), {"labsim": labsim})
        with pytest.raises(ZeroDivisionError):
            race.run()
        assert race.week == one["week"]


@pytest.mark.parametrize("failed", ["many", [3], [{"replication": -1}], [{"replication": 0, "lab": 5}]], ids=str)
def test_a_manifest_whose_failures_cannot_be_is_refused(failed, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "b")
    change_manifest(tmp_path / "b", failed=failed)
    done = command("replay", tmp_path / "b")
    assert done.returncode == 2 and "'failed'" in done.stderr and len(done.stderr.splitlines()) == 1


def test_final_states_of_failed_races_are_told_apart():
    failed = []
    final = mesa_engine.trace(with_faulty(), 0, N, 0, weeks=0, failed=failed)[0]
    assert list(np.flatnonzero(final.failed)) == [one.replication for one in failed]
    assert not final.where(~final.failed).failed.any()
