"""The command line as a user meets it: what it prints, what it leaves."""

import re

import pytest

from tests.commands import answer, labsim, labsim_alone, strict

OUTCOMES = {
    "catastrophe", "winner_closed", "unfinished", "closers", "closed_share", "closed_share_end", "first_closure_week",
    "alignment_gap", "exposure", "blindness", "race_weeks", "payoff", "welfare", "delay_cost",
}  # fmt: skip
LEVEL = {"mean", "se", "q05", "q25", "q50", "q75", "q95", "n"}
SCENARIOS = {
    "alignment-loop", "equal-rates", "faking-amplifier", "five-calculators", "fog-of-race", "governance-lag",
    "hassabis-baseline", "mitigation-stack", "pressure-tipping", "rsp-pauses", "speed-limit", "stale-evaluator",
    "treaty-quorum", "two-process",
}  # fmt: skip


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# --- run


@pytest.fixture(scope="module")
def run_json():
    done = labsim_alone("run", "hassabis-baseline", "--replications", 6, "--engine", "mesa", "--seed", 3, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return strict(done.stdout)


def test_run_json_has_the_promised_shape(run_json):
    assert list(run_json) == ["scenario", "seed", "replications", "engine", "outcomes", "twins", "twins_levels",
                              "failed"]  # fmt: skip
    assert (run_json["scenario"], run_json["seed"], run_json["replications"], run_json["engine"]) == (
        "hassabis-baseline", 3, 6, "mesa",
    )  # fmt: skip
    assert set(run_json["outcomes"]) >= OUTCOMES
    for outcome in run_json["outcomes"].values():
        assert set(outcome) == LEVEL and isinstance(outcome["n"], int)
    for twin in ("all_keep", "all_remove"):
        assert set(run_json["twins"][twin]) >= OUTCOMES and set(run_json["twins_levels"][twin]) >= OUTCOMES
        assert all(set(v) == {"mean", "se"} for v in run_json["twins"][twin].values())
        assert all(set(v) == LEVEL for v in run_json["twins_levels"][twin].values())


def test_a_difference_is_run_minus_twin(run_json):
    run, twin = run_json["outcomes"]["catastrophe"], run_json["twins_levels"]["all_keep"]["catastrophe"]
    assert run_json["twins"]["all_keep"]["catastrophe"]["mean"] == pytest.approx(run["mean"] - twin["mean"], abs=1e-12)


def test_what_does_not_exist_is_null(run_json):
    """Nobody closes in the world in which all keep: no week of a first closure, and no difference from it."""
    nobody = run_json["twins_levels"]["all_keep"]["first_closure_week"]
    assert nobody["n"] == 0 and nobody["mean"] is None and nobody["q50"] is None
    assert run_json["twins"]["all_keep"]["first_closure_week"] == {"mean": None, "se": None}


def test_one_replication_has_no_standard_error():
    result = answer("run", "five-calculators", "--replications", 1, "--engine", "mesa")
    assert result["outcomes"]["catastrophe"]["se"] is None
    assert result["outcomes"]["catastrophe"]["n"] == 1


def numbers(value, path=""):
    """Every number or null in a JSON value, with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, f"{path}/{key}")
    elif not isinstance(value, str):
        yield path, value


def test_both_engines_give_the_same_json():
    options = ("run", "hassabis-baseline", "--replications", 12, "--set", "governance.rate_limit.start=20")
    mesa, fast = (answer(*options, "--engine", engine) for engine in ("mesa", "ensemble"))
    assert (mesa.pop("engine"), fast.pop("engine")) == ("mesa", "ensemble")
    mesa, fast = dict(numbers(mesa)), dict(numbers(fast))
    assert list(mesa) == list(fast)
    for path, value in mesa.items():
        assert (value is None and fast[path] is None) or value == pytest.approx(fast[path], rel=1e-12, abs=1e-12), path


def test_json_writes_no_folder_unless_asked(tmp_path):
    answer("run", "five-calculators", "--replications", 2, "--engine", "mesa", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_leaves_its_folder(tmp_path):
    done = labsim("run", "five-calculators", "--replications", 5, "--engine", "mesa", "--quiet", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    folder = tmp_path / "runs" / "five-calculators-1"
    assert {file.name for file in folder.iterdir()} >= {
        "scenario.toml", "runs.parquet", "weeks.parquet", "events.parquet", "decisions.parquet", "fan.parquet",
        "manifest.json",
    }  # fmt: skip
    manifest = strict((folder / "manifest.json").read_text())
    assert manifest["replications"] == 5 and manifest["interrupted"] is False
    again = answer("run", folder / "scenario.toml", "--replications", 5, "--engine", "mesa")
    first = answer("run", "five-calculators", "--replications", 5, "--engine", "mesa")
    assert again["outcomes"] == first["outcomes"]


@pytest.mark.parametrize("more", [(), ("--csv",)])
def test_a_run_names_what_is_in_its_folder_each_once(tmp_path, more):
    done = labsim("run", "five-calculators", "--replications", 2, "--engine", "mesa", "--quiet", *more, cwd=tmp_path)
    listed = " ".join(done.stdout.split()).partition("Files: ")[2].partition("(")[2].partition(")")[0]
    there = {file.stem for file in (tmp_path / "runs" / "five-calculators-1").iterdir()}
    assert listed.split(", ") == sorted(there)


def test_the_report_can_be_read_in_80_columns_without_colour(tmp_path):
    for name in ("hassabis-baseline", "two-process"):
        done = labsim("run", name, "--replications", 6, "--engine", "mesa", cwd=tmp_path)
        assert done.returncode == 0
        assert "\x1b" not in done.stdout + done.stderr
        assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
        assert "A model for reasoning about incentives. Not a forecast." in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "command",
    [
        ("list",), ("show", "hassabis-baseline"), ("race",), ("race", "--noise", "0.02", "--replications", "50"),
        ("calibrate", "cycle"), ("calibrate", "horizons"), ("calibrate", "frontier", "--replications", "20"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_the_smaller_reports_can_be_read_in_80_columns(command):
    done = labsim(*command)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []


# --- race, list, show, calibrate


def test_race_json():
    result = answer("race")
    assert {"gap", "first_crossing", "trigger_share", "crossed_share"} <= set(result)
    assert result["first_crossing"] == 11
    assert len(result["gap"]) == 21 and result["gap"][0] == 0
    assert result["gap"][11] == pytest.approx(1.15**11 - 1.08**11, rel=1e-12)
    assert result["trigger_share"] == pytest.approx(10 / 20)
    assert result["crossed_share"] == 1


def test_race_looks_for_a_crossing_beyond_its_cycles():
    assert answer("race", "--cycles", 5)["first_crossing"] == 11
    assert answer("race", "--rc", 1.08)["first_crossing"] is None
    assert answer("race", "--rc", 1.08)["crossed_share"] == 0


def test_equal_rates_with_noise_cross_by_chance():
    options = ("--rc", 1.15, "--ra", 1.15, "--noise", 0.02, "--replications", 4000, "--threshold", 2, "--cycles", 20)
    assert answer("race", *options)["crossed_share"] == pytest.approx(0.278, abs=0.025)


def test_race_beyond_every_number_stays_json():
    result = answer("race", "--rc", 3, "--ra", 0.5, "--cycles", 2000)
    assert len(result["gap"]) == 2001
    assert result["gap"][-1] is None or is_number(result["gap"][-1])


def test_list_json():
    result = answer("list")
    assert {tuple(entry) for entry in result} == {("name", "title", "question", "base")}
    assert {entry["name"] for entry in result} >= SCENARIOS
    assert all(entry["title"] and entry["question"] for entry in result)
    bases = {entry["name"]: entry["base"] for entry in result}
    assert bases["equal-rates"] == "two-process" and bases["two-process"] is None


def test_show_json_says_where_every_value_comes_from():
    result = answer("show", "hassabis-baseline", "--set", "cycle.review=3")
    assert result["name"] == "hassabis-baseline" and result["values"]["cycle.review"] == 3
    assert result["changed"]["cycle.review"] == 3 and result["sources"]["cycle.review"] == "assumption"
    assert set(result["values"]) <= set(result["sources"])
    assert "2024" in result["sources"]["faking.initial"]
    kinds = result["source_kind"]
    assert (kinds["cycle.review"], kinds["faking.initial"], kinds["race.labs"]) == ("assumption", "published", "cited")
    assert kinds["evaluators.number"] == "scenario" and set(kinds) == set(result["sources"])
    assert result["source_url"]["faking.initial"].endswith("2412.14093") and "cycle.review" not in result["source_url"]
    assert [lab["name"] for lab in result["labs"]] == ["Birch", "Cedar", "Hazel", "Rowan", "Alder"]


def test_calibrate_cycle_json():
    result = answer("calibrate", "cycle")
    for key, capability, alignment in (("keep", 1.15, 1.08), ("remove", 1.18, 1.02)):
        assert result[key]["capability_rate"] == pytest.approx(capability, abs=0.01)
        assert result[key]["alignment_rate"] == pytest.approx(alignment, abs=0.01)


def test_calibrate_frontier_json():
    result = answer("calibrate", "frontier", "--replications", 60)
    assert set(result["logs_per_year"]) == {"mean", "se"} and is_number(result["reference"])
    assert result["logs_per_year"]["mean"] == pytest.approx(result["reference"], abs=0.3)


def test_calibrate_horizons_json(tmp_path):
    result = answer("calibrate", "horizons", "--plot", tmp_path / "h.png")
    for period in ("all_time", "since_2023", "since_2024"):
        assert {"doubling_days", "n", "r2", "ci95"} <= set(result[period])
        low, high = result[period]["ci95"]
        assert low < result[period]["doubling_days"] < high
    assert is_number(result["hours_at_c1"])
    assert (tmp_path / "h.png").stat().st_size > 10_000


def test_version():
    done = labsim("--version")
    assert done.returncode == 0 and done.stdout.startswith("labsim ")


def test_the_answer_has_its_intervals(tmp_path):
    done = labsim("run", "five-calculators", "--replications", 20, "--engine", "mesa", cwd=tmp_path)
    words = " ".join(done.stdout.split())
    number = r"[\d.]+ ± [\d.]+"
    assert re.search(
        rf"{number} of 5 labs removed the human, the first in week {number}; harm in {number} of 100", words
    )
