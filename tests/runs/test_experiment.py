"""Runs, run folders, comparisons and replays."""

import dataclasses
import json
import shutil
import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import labsim
from labsim.cli import streaming as runs
from labsim.engines import ensemble
from labsim.model.outcomes import OUTCOMES
from labsim.runs import experiment
from labsim.runs import folder as run_folder
from labsim.runs.comparison import compare
from labsim.runs.fan import LEVELS, QUANTITIES, Fan
from labsim.runs.replay import replay
from labsim.runs.verify import verify
from labsim.scenario import sampling
from labsim.scenario.files import to_toml
from labsim.show.plots import draw_comparison
from labsim.show.story import story
from tests.run_folders import manifest_of, seal

OWN = {"safeguards.interpretability_before_merge.start": 0}
FIVE = labsim.load("five-calculators")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run folder of 30 replications with two sampled parameters."""
    path = tmp_path_factory.mktemp("runs") / "a"
    text = to_toml(FIVE) + '\n[uncertainties]\n"harm.rate" = {dist = "loguniform", low = 0.001, high = 0.1}\n'
    text += '"cycle.able" = {dist = "uniform", low = 1.0, high = 4.0}\n'
    (path.parent / "uncertain.toml").write_text(text)
    scenario = labsim.load(path.parent / "uncertain.toml")
    runs.run_to_folder(scenario, 30, 5, "ensemble", 2, "monte-carlo", path, True, ensemble.Stop.new(), sample=4)
    return path


def test_results_have_every_outcome_for_every_replication():
    results = labsim.run(FIVE, 25)
    assert list(results.outcomes["replication"]) == list(range(25))
    assert set(OUTCOMES) <= set(results.outcomes.columns)
    assert results.as_dict()["outcomes"]["catastrophe"]["n"] == 25
    mean = results.outcomes["catastrophe"].mean()
    assert results.summaries["catastrophe"].mean == pytest.approx(mean, abs=1e-15)
    paired = (results.outcomes["payoff"] - results.outcomes["all_keep.payoff"]).mean()
    assert results.as_dict()["twins"]["all_keep"]["payoff"]["mean"] == pytest.approx(paired, abs=1e-15)


def test_a_shorter_run_is_the_beginning_of_a_longer_one():
    short, long = labsim.run(FIVE, 10), labsim.run(FIVE, 40)
    pd.testing.assert_frame_equal(short.outcomes, long.outcomes.head(10), check_exact=True)


def test_delay_is_counted_from_the_rule_free_race_of_all_removing():
    limit = FIVE.with_({"governance.rate_limit.start": 0})
    ruled, free = labsim.run(limit, 50).outcomes, labsim.run(FIVE.with_strategy("closer"), 50).outcomes
    assert np.array_equal(ruled["delay_cost"], ruled["race_weeks"] - free["race_weeks"])
    assert ruled["delay_cost"].mean() > 50


def test_what_labs_bind_themselves_to_is_off_in_the_rule_free_race_too():
    bound = FIVE.with_({"* safeguards.bounded_improvement.start": 0})
    own = dataclasses.replace(FIVE, labs=tuple(dataclasses.replace(lab, values=OWN) for lab in FIVE.all_labs))
    for scenario in (bound, own):
        ruled, free = labsim.run(scenario, 20).outcomes, labsim.run(FIVE.with_strategy("closer"), 20).outcomes
        assert np.array_equal(ruled["delay_cost"], ruled["race_weeks"] - free["race_weeks"], equal_nan=True)
    assert labsim.run(own, 20).outcomes["all_remove.delay_cost"].mean() > 5


@pytest.mark.parametrize(("options", "says"), [
    ({"replications": "3"}, "replications = '3': must be a whole number from 1 to"),
    ({"replications": 2.5}, r"replications = 2\.5: must be"), ({"replications": True}, "replications = True"),
    ({"replications": 0}, "replications = 0: must be a whole number from 1"), ({"seed": None}, "seed = None: must be"),
    ({"seed": -1}, "seed = -1: must be a whole number from 0"), ({"seed": 2**63}, "must be a whole number from 0 to 2"),
    ({"jobs": 0}, "jobs = 0: must be a whole number from 1"), ({"sample": -1}, "sample = -1"),
    ({"rules": 3}, "rules = 3: must be a list"), ({"strategies": "keeper"}, "strategies = 'keeper': must be a list"),
])  # fmt: skip
def test_what_a_run_is_not_given_is_named(options, says):
    with pytest.raises(ValueError, match=says):
        labsim.run(FIVE, **{"replications": 2, **options})


def test_numbers_of_numpy_are_numbers():
    assert labsim.run(FIVE, np.int64(2), seed=np.int32(1)).seed == 1


def test_the_run_folder_is_complete_and_loads_again(folder):
    assert {p.name for p in folder.iterdir()} == {
        "scenario.toml", "manifest.json", "dictionary.md", *(f"{t}.parquet" for t in run_folder.TABLES)
    }  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["replications"] == 30 and not manifest["interrupted"]
    scenario, _, tables = run_folder.read(folder)
    assert scenario.uncertainties.keys() == {"harm.rate", "cycle.able"}
    assert tables["runs"]["harm.rate"].between(0.001, 0.1).all()
    assert set(tables["weeks"]["replication"]) == {0, 1, 2, 3}
    assert set(tables["fan"]["quantity"]) == set(QUANTITIES)


def test_row_groups_have_a_fixed_size_whatever_the_chunks(tmp_path):
    scenario = labsim.load("two-process")
    runs.run_to_folder(
        scenario, 5000, 0, "ensemble", 2, "monte-carlo", tmp_path / "r", True, ensemble.Stop.new(), sample=0
    )
    data = pq.ParquetFile(tmp_path / "r" / "runs.parquet").metadata
    assert [data.row_group(k).num_rows for k in range(data.num_row_groups)] == [4096, 904]


def test_an_existing_folder_is_not_overwritten(folder):
    before = (folder / "runs.parquet").read_bytes()
    with pytest.raises(labsim.ScenarioError, match="not an empty folder"):
        runs.run_to_folder(FIVE, 2, 0, "ensemble", 1, "monte-carlo", folder, True, ensemble.Stop.new())
    assert (folder / "runs.parquet").read_bytes() == before


def test_a_stopped_run_keeps_what_is_done_without_a_hole():
    stop, seen = ensemble.Stop.new(), []

    def progress(p):
        seen.append(p.done)
        if p.done >= 64:
            stop.set()

    items = list(experiment.blocks(FIVE, 4000, 0, jobs=2, progress=progress, stop=stop, chunk=32))
    done = sum(len(block["run"]["payoff"]) for block in items)
    assert 64 <= done < 4000
    whole = next(iter(experiment.blocks(FIVE, done, 0, jobs=1)))
    assert np.array_equal(np.concatenate([b["run"]["payoff"] for b in items]), whole["run"]["payoff"])


@pytest.mark.parametrize("replication", [0, 3, 29])
def test_replay_has_the_stored_bits_and_tells_the_end(folder, replication):
    replayed = replay(folder, replication)
    assert replayed.differs == [] and replayed.same_model
    assert (
        "crosses the finish line" in story(replayed)[-1]
        or "harm falls" in story(replayed)[-1]
        or replayed.outcomes["unfinished"]
    )
    kept = pd.read_parquet(folder / "weeks.parquet")
    if replication < 4:
        kept = kept[kept["replication"] == replication].reset_index(drop=True)
        again = replayed.tables["weeks"]["log_capability"].to_numpy()
        assert kept["log_capability"].to_numpy().tobytes() == again.tobytes()


DAMAGE = {  # what was done to a file of a run folder, and what is said
    "manifest.json": [("{", "manifest.json: not valid JSON"), ("[]", "manifest.json: not the manifest"),
                      ("{}", "'scenario' is missing"), (None, "no manifest.json")],
    "scenario.toml": [("[race\n", "scenario.toml: was altered"), (None, "scenario.toml: is missing")],
    "runs.parquet": [("PAR1 and no more", "runs.parquet: was altered"), (None, "runs.parquet: is missing")],
    "decisions.parquet": [("", "decisions.parquet: was altered"), (None, "decisions.parquet: is missing")],
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "says"), [(n, *case) for n, cases in DAMAGE.items() for case in cases])
def test_damage_is_named_with_its_file(folder, tmp_path, name, content, says):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).unlink() if content is None else (copy / name).write_text(content)
    for again in (replay, labsim.why):
        with pytest.raises(labsim.ScenarioError) as fault:
            again(copy, 0)
        assert says in str(fault.value) and str(copy) in str(fault.value) and "\n" not in str(fault.value)


@pytest.mark.parametrize("key", [
    "seed", "engine", "command", "replications_asked", "sampling", "model", "commit", "packages", "started", "files",
    "failed", "manifest_hash",
])  # fmt: skip
def test_whatever_a_manifest_says_cannot_be_changed_unseen(folder, tmp_path, key):
    """Not by hand, and not by a copy of another run's."""
    copy = shutil.copytree(folder, tmp_path / "copy")
    manifest = manifest_of(copy)
    failed = {"replication": 31, "lab": "Birch", "week": 3, "error": "ValueError: none", "world": "run"}
    others = {"engine": "mesa", "sampling": "sobol", "failed": [failed]}
    others["files"] = dict(list(manifest["files"].items())[1:])
    value = manifest.get(key)
    manifest[key] = others.get(key, value + 1 if isinstance(value, int) else {} if isinstance(value, dict) else "x")
    assert manifest != manifest_of(copy)
    (copy / "manifest.json").write_text(json.dumps(manifest))
    for reads in (lambda path: replay(path, 0), lambda path: labsim.why(path, 0), run_folder.read):
        with pytest.raises(labsim.ScenarioError, match=r"manifest\.json: was altered after it was written"):
            reads(copy)
    assert not verify(copy, 0).is_same


def test_a_column_that_is_gone_is_named(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for column in ("payoff", "harm.rate", "replication"):
        pd.read_parquet(folder / "runs.parquet").drop(columns=column).to_parquet(copy / "runs.parquet")
        seal(copy)
        with pytest.raises(labsim.ScenarioError, match=f"runs.parquet: has no column '{column}'"):
            replay(copy, 0)


def test_replay_notices_a_tampered_run(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    table = pd.read_parquet(copy / "runs.parquet")
    table.loc[2, "payoff"] += 1e-12
    table.to_parquet(copy / "runs.parquet")
    with pytest.raises(labsim.ScenarioError, match=r"runs\.parquet: was altered"):
        replay(copy, 2)
    seal(copy)
    assert replay(copy, 2).differs == ["payoff"]
    with pytest.raises(labsim.ScenarioError, match="replications 0 to 29"):
        replay(copy, 30)


def test_comparison_is_paired_and_the_reference_differs_from_nothing():
    worlds = {"a": FIVE, "b": FIVE.with_({"decision.own_harm": 4.0}), "c": FIVE}
    comparison = compare(worlds, 200)
    assert comparison.differences["c"]["payoff"].mean == 0.0 and comparison.differences["c"]["payoff"].se == 0.0
    unpaired = (comparison.levels["a"]["race_weeks"].se ** 2 + comparison.levels["b"]["race_weeks"].se ** 2) ** 0.5
    assert 0 < comparison.differences["b"]["race_weeks"].se < unpaired
    assert "a" not in comparison.differences
    assert len(comparison.table()) == 3 * len(OUTCOMES)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_comparison_is_drawn(tmp_path, suffix):
    worlds = {"five-calculators": FIVE, "five-calculators:harm.after=2": FIVE.with_({"harm.after": 2.0})}
    comparison = compare(worlds, 50)
    draw_comparison(comparison, tmp_path / f"a.{suffix}")
    assert (tmp_path / f"a.{suffix}").stat().st_size > 5000


def test_fan_by_histogram_agrees_with_the_exact_one():
    _, weekly, _ = ensemble.trace(FIVE, 0, 12_000, 0, (), QUANTITIES, 40)
    exact, merged = Fan(), Fan()
    exact.add(weekly[:9000])
    blocks = [weekly[first : first + 3000] for first in (6000, 0, 3000)]
    for block in blocks:
        merged._count(block)
    merged.kept = None
    a, b = exact.table(), merged.table()
    assert (a["n"] == b["n"]).all()
    for level in LEVELS:
        assert np.allclose(a[level], b[level], rtol=0.005, atol=0.005), level


@pytest.mark.parametrize("method", sampling.METHODS)
def test_uncertain_runs_give_the_same_in_both_engines(folder, method):
    scenario = run_folder.read(folder)[0]
    a, b = (labsim.run(scenario, 12, engine=e, sampling_method=method) for e in ("ensemble", "mesa"))
    assert a.outcomes.equals(b.outcomes)


def test_a_run_raises_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labsim.run("hassabis-baseline", 3)
        labsim.Race(FIVE).run()


def test_twins_force_their_strategy_on_a_lab_of_ones_own_too():
    class Stubborn(labsim.Lab):
        def decide(self):
            return 1.0

    results = labsim.run(FIVE, replications=2, lab=Stubborn)
    assert (results.summaries["closers"].mean, results.twin_levels["all_remove"]["closers"].mean) == (0.0, 5.0)
