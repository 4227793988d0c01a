"""Worlds under the same luck: what differs between them, with luck's share taken off, and how a run keeps them."""

import dataclasses
import io
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import labsim
from labsim.cli.streaming import resume
from labsim.engines import ensemble
from labsim.model.outcomes import OUTCOMES
from labsim.reasons.reasons import race_of
from labsim.runs import folder as run_folder
from labsim.runs.experiment import ENGINES
from labsim.runs.replay import replay
from labsim.runs.verify import verify
from labsim.runs.worlds import TOGETHER, WORLDS, Worlds
from labsim.runs.writer import RunFolder
from labsim.scenario import sampling
from labsim.scenario.expectations import Wanted, bounds
from labsim.show.describe import dictionary
from labsim.show.answers import twins_table, worlds_table
from labsim.scenario.scenario import TWINS
from tests.commands import labsim as command
from tests.commands import strict
from tests.run_folders import change_manifest, manifest_of
from tests.show.printed import is_number

SHORT = labsim.load("five-calculators").with_({"race.weeks": 40})
W, FUTURES = 6, 4
N = W * FUTURES


def drawn(scenario=SHORT, **specs):
    """A scenario with uncertain parameters; `__` is the dot of a path."""
    specs = {path.replace("__", "."): spec for path, spec in specs.items()}
    return dataclasses.replace(scenario, uncertainties=specs)


def uniform(low, high):
    return {"dist": "uniform", "low": low, "high": high}


REVIEW = drawn(cycle__review=uniform(1.0, 4.0))


def run(scenario=REVIEW, **options):
    return labsim.run(scenario, **({"replications": N, "worlds": W, "engine": "mesa", "sample": 0} | options))


def over(values, target=None, blocks=1):
    """The range over worlds of numbers (worlds, futures), fed in so many blocks."""
    worlds, futures = values.shape
    result, flat = Worlds(worlds, futures), values.T.ravel()  # in the order of replications
    for part in np.array_split(np.arange(flat.size), blocks):
        result.add(flat[part], part)
    return result.range(target)


# --- known answers: numbers made by hand


def test_luck_that_moves_all_worlds_alike_is_no_difference_between_them():
    luck = np.random.default_rng(1).normal(size=50)
    one = over(np.tile(luck, (30, 1)))
    assert one.quantiles == pytest.approx(dict.fromkeys(one.quantiles, luck.mean()))
    assert one.quantiles["q95"] - one.quantiles["q05"] == pytest.approx(0.0, abs=1e-12)
    assert one.luck_se == pytest.approx(luck.std(ddof=1) / 50**0.5)


def test_an_outcome_that_the_world_alone_decides_gives_the_exact_range():
    means = np.random.default_rng(2).normal(5.0, 2.0, size=40)
    exact = {name: np.quantile(means, q) for name, q in (("q05", 0.05), ("q50", 0.5), ("q95", 0.95))}
    for luck in (np.zeros(20), np.random.default_rng(3).normal(0.0, 9.0, size=20)):  # common luck takes nothing off
        one = over(means[:, None] + luck[None, :])
        assert one.quantiles == pytest.approx({name: q + luck.mean() for name, q in exact.items()}, rel=1e-9)
    assert over(np.tile(means[:, None], (1, 20))).luck_se == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("own", [0.0, 0.5, 3.0])
def test_the_variance_of_worlds_is_found_beneath_the_luck_of_each(own):
    """Luck of each future for itself: the spread of means is too wide by its variance over futures, here 1 / 5."""
    variances = []
    for seed in range(200):
        chance = np.random.default_rng(seed)
        worlds = Worlds(60, 5)
        values = own * chance.normal(size=(60, 1)) + chance.normal(size=(60, 5))
        worlds.add(values.T.ravel(), np.arange(300))
        means, _, noise = worlds._parts()
        variances.append(np.var(means, ddof=1) - noise)
        assert noise == pytest.approx(_noise(values), rel=1e-9)
    error = np.std(variances) / len(variances) ** 0.5
    assert abs(np.mean(variances) - own**2) < 4 * error
    one = over(own * chance.normal(size=(4000, 1)) + chance.normal(size=(4000, 5)))
    width = one.quantiles["q95"] - one.quantiles["q05"]
    assert width == pytest.approx(2 * 1.645 * own, abs=0.25 + 0.1 * own)


def _noise(values):
    """Luck's variance in a world's mean, from the residuals of each number, one by one."""
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0, keepdims=True) + values.mean()
    worlds, futures = values.shape
    return (rest**2).sum() / ((worlds - 1) * (futures - 1)) / futures


def test_the_blocks_do_not_matter_and_missing_numbers_are_passed_over():
    values = np.random.default_rng(4).normal(100.0, 1.0, size=(8, 6))
    whole = over(values)
    for blocks in (2, 5, 48):
        assert over(values, blocks=blocks).as_dict() == pytest.approx(whole.as_dict(), nan_ok=True)
    values[3] = np.nan  # a world without any
    values[0, 1] = np.nan
    one = over(values)
    assert 98 < one.quantiles["q05"] <= one.quantiles["q50"] <= one.quantiles["q95"] < 102
    assert over(np.full((3, 2), np.nan)).as_dict() == dict.fromkeys(one.as_dict())


def test_worlds_meet_a_target_by_what_they_do_not_by_luck():
    means = np.array([0.1, 0.2, 0.3, 0.4])
    values = means[:, None] + np.array([-0.05, 0.05])
    assert over(values, Wanted("lower", 0.25)).meets == 0.5
    assert over(values, Wanted("higher", 0.15)).meets == 0.75
    assert over(values, Wanted("higher", 0.15, at_least=0.1)).meets == pytest.approx(0.5)
    assert over(values).meets is None


# --- a run


def test_each_world_has_one_draw_and_all_have_the_same_luck():
    results = run()
    rows = results.outcomes
    assert list(rows["world"]) == [r % W for r in range(N)]
    assert (rows.groupby("world")["cycle.review"].nunique() == 1).all() and rows["cycle.review"].nunique() == W
    alone = sampling.draw(REVIEW, 0, W)
    assert list(rows["cycle.review"].head(W)) == list(alone["cycle.review"])
    for r in (0, 7, N - 1):
        setting = SHORT.with_({"cycle.review": float(rows["cycle.review"][r])})
        same = labsim.run(setting, FUTURES, engine="mesa", sample=0).outcomes.iloc[r // W]
        for name in ("payoff", "exposure", "all_keep.payoff"):
            assert rows[name][r] == same[name], (r, name)


def test_a_parameter_that_moves_nothing_leaves_no_range():
    """What a rule does that is never in force is no matter; the luck is."""
    results = run(drawn(governance__rate_limit__min_weeks=uniform(1, 20)))
    for name, one in results.worlds.outcomes.items():
        if one.mean is not None:
            assert one.quantiles["q05"] == one.quantiles["q95"] == pytest.approx(one.mean), name
    assert results.outcomes["payoff"].std() > 0.0 and results.worlds.outcomes["payoff"].luck_se > 0.0


def test_a_parameter_that_alone_decides_gives_its_own_range():
    """Two growth rates without noise: after 20 cycles the gap is the difference of two powers."""
    results = run(drawn(labsim.load("two-process"), cycle__rate_capability=uniform(1.1, 1.2)))
    gaps = sampling.draw(results.scenario, 0, W)["cycle.rate_capability"] ** 20 - 1.08**20
    one = results.worlds.outcomes["alignment_gap"]
    assert list(one.quantiles.values()) == pytest.approx(np.quantile(gaps, [0.05, 0.5, 0.95]), rel=1e-9)
    assert one.mean == pytest.approx(gaps.mean()) and one.luck_se == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("method", sampling.METHODS)
def test_both_engines_have_the_same_worlds(method):
    a, b = (run(engine=engine, sampling_method=method) for engine in ENGINES)
    assert (a.engine, b.engine) == ENGINES
    pd.testing.assert_frame_equal(a.outcomes, b.outcomes, check_exact=True)
    pd.testing.assert_frame_equal(a.fan, b.fan, check_exact=True)
    assert a.as_dict()["worlds"] == b.as_dict()["worlds"]


def test_differences_from_twins_have_their_range_too():
    results = run()
    for twin in TWINS:
        pairs = results.outcomes["payoff"] - results.outcomes[f"{twin}.payoff"]
        values = pairs.to_numpy().reshape(FUTURES, W).T
        assert results.worlds.twins[twin]["payoff"].as_dict() == pytest.approx(over(values).as_dict())


def test_without_worlds_every_future_is_one():
    plain = labsim.run(REVIEW, N, engine="mesa", sample=0)
    assert "world" not in plain.outcomes and plain.worlds.of == TOGETHER
    told = plain.as_dict()["worlds"]
    assert told["n"] == N and told["of"] == "worlds and luck together"
    exact = np.quantile(plain.outcomes["payoff"], [0.05, 0.5, 0.95])
    assert [told["payoff"][q] for q in ("q05", "q50", "q95")] == pytest.approx(exact)
    assert told["payoff"]["luck_se"] is None
    assert "worlds" not in labsim.run(SHORT, 2, engine="mesa", sample=0).as_dict()


BOUND = {"claim": "Harm is below a tenth.", "outcome": "catastrophe", "direction": "lower", "than": 0.1}


def test_the_target_is_the_bound_that_a_claim_sets():
    world = dataclasses.replace(REVIEW, expect=(BOUND | {"where": {"cycle.review": 3}, "than": 0.9}, BOUND,
                                                BOUND | {"than": 0.5}))  # fmt: skip
    assert bounds(world) == {"catastrophe": Wanted("lower", 0.1)}
    harm = run(world).outcomes["catastrophe"].to_numpy()
    told = run(world).as_dict()["worlds"]
    own = over(harm.reshape(FUTURES, W).T, Wanted("lower", 0.1))
    assert told["catastrophe"]["meets"] == own.meets and told["payoff"]["meets"] is None
    plain = labsim.run(world, N, engine="mesa", sample=0)
    assert plain.worlds.outcomes["catastrophe"].meets == (plain.outcomes["catastrophe"] < 0.1).mean()
    against = BOUND | {"against": "all_keep"}
    del against["than"]
    assert bounds(dataclasses.replace(world, expect=(against,))) == {}


@pytest.mark.parametrize(("worlds", "says"), [(7, "divide the 24"), (1, "from 2 to 12"), (24, "from 2 to 12")])
def test_worlds_that_do_not_fit_the_replications_are_refused(worlds, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        run(worlds=worlds)


def test_a_race_of_a_world_can_be_had_again():
    results = run()
    for r in (1, N - 1):
        race = results.race(r).run()
        assert race.week == results.outcomes["race_weeks"][r] and race.replication == r
        assert race.labs[0].cycle.review == results.outcomes["cycle.review"][r]


# --- folders and commands


TOML = """base = "five-calculators"
[race]
weeks = 40
[uncertainties]
"cycle.review" = {dist = "uniform", low = 1, high = 4}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    path = tmp_path_factory.mktemp("worlds") / "drawn.toml"
    path.write_text(TOML)
    return path


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    """The folder of a run of worlds, and what the command printed."""
    path = tmp_path_factory.mktemp("runs") / "a"
    return path, command(*words_of(world), "--out", path)


def words_of(world, *more):
    return ("run", world, "--replications", N, "--worlds", W, "--sample", 2, "--engine", "mesa", *more)


def test_the_headline_is_the_range_then_the_target_and_the_mean_last(folder):
    _, done = folder
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    places = [said.index(words) for words in (f"of {W} worlds", "luck's share taken off", "The mean is", "(luck only)")]
    assert places == sorted(places)
    for words in ("5 to 95 %", "mean ± luck only", f"{N} replications of {W} worlds"):
        assert words in said
    assert "meet target" not in said  # no claim of this world sets one
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_the_tables_over_worlds_print_the_ranges_that_are_found(folder):
    path, _ = folder
    over, text = run_folder.results_of(path, *run_folder.read(path)).worlds, io.StringIO()
    wide = Console(file=text, width=120, highlight=False)  # no label is broken
    wide.print(worlds_table(over), "", twins_table(over))
    rows = [re.split(r" {2,}", line.strip()) for line in text.getvalue().splitlines()]
    assert [row[1:] for row in rows if row[0].endswith("worlds")] == [
        ["5 to 95 %", "median", "mean ± luck only"], ["minus all keep", "minus all remove"],
    ]  # fmt: skip
    for name in ("catastrophe", "race_weeks", "closers", "exposure"):
        own, scale = over.outcomes[name], OUTCOMES[name].scale
        (spread, median, mean), differences = (row[1:] for row in rows if row[0] == OUTCOMES[name].label)
        printed = [*spread.split(" to "), median, mean.split(" ")[0]]
        found = [*(own.quantiles[q] for q in ("q05", "q95", "q50")), own.mean]
        for twin, ends in zip(("all_keep", "all_remove"), differences, strict=True):
            printed += ends.split(" to ")
            found += [over.twins[twin][name].quantiles[q] for q in ("q05", "q95")]
        for shown, value in zip(printed, found, strict=True):
            is_number(shown, value, scale)


def test_a_target_has_its_column_and_a_part_of_the_headline(tmp_path):
    path = tmp_path / "bound.toml"
    block = "\n".join(f"{key} = {json.dumps(value)}" for key, value in BOUND.items())
    path.write_text(f"{TOML}\n[[expect]]\n{block}\n")
    said = " ".join(command(*words_of(path), "--out", tmp_path / "a").stdout.split())
    meets = strict(command(*words_of(path), "--json").stdout)["worlds"]["catastrophe"]["meets"]
    assert "meet target" in said and f"{100 * meets:.0f} % of worlds meet" in said


def test_a_folder_keeps_its_worlds(folder, world):
    path, _ = folder
    assert manifest_of(path)["worlds"] == W
    scenario, manifest, tables = run_folder.read(path)
    results = run_folder.results_of(path, scenario, manifest, tables)
    alone = run(labsim.load(world))
    pd.testing.assert_frame_equal(tables["runs"], alone.outcomes, check_exact=True)
    assert results.as_dict()["worlds"] == alone.as_dict()["worlds"]
    assert results.as_dict()["worlds"]["n"] == W and results.worlds.of == WORLDS
    told = strict(command(*words_of(world), "--json").stdout)["worlds"]
    assert told == results.as_dict()["worlds"] and {"q05", "q50", "q95", "meets"} <= set(told["catastrophe"])
    assert set(OUTCOMES) == set(told) - {"n", "of"}
    assert "| world |" in dictionary() and "--worlds" in dictionary()


def test_every_future_of_a_world_comes_again_to_the_bit(folder):
    path, _ = folder
    assert verify(path, N).is_same and len(verify(path, N).checked) == N
    for r in (0, 1, N - 1):
        assert replay(path, r).differs == []
        assert race_of(path, r).luck == r // W
    weeks = pd.read_parquet(path / "weeks.parquet")
    again = replay(path, 1).tables["weeks"]
    mine = weeks[weeks["replication"] == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, again, check_exact=True)
    assert labsim.why(path, 1).race.replication == 1


def test_verify_sees_that_a_run_is_not_of_those_worlds(folder, tmp_path):
    shutil.copytree(folder[0], tmp_path / "b")
    change_manifest(tmp_path / "b", worlds=W // 2)
    assert not verify(tmp_path / "b", N).is_same


def test_a_run_of_worlds_is_gone_on_with(folder, world, tmp_path):
    """Its manifest keeps how many, and another number is refused."""
    path, whole = tmp_path / "b", folder[0]
    more = {"command": "", "sample": 2, "csv": False, "worlds": W}
    rows = pd.read_parquet(whole / "runs.parquet")
    with RunFolder.begin(path, labsim.load(world), 0, N, "mesa", "monte-carlo", more) as writer:
        writer.add_runs(rows.iloc[:10])
    done = command("run", "--resume", path, "--worlds", W // 2)
    assert done.returncode == 2 and f"--worlds {W}, not with {W // 2}" in done.stderr
    results = resume(path, 1, True, ensemble.Stop.new())
    assert results.as_dict()["worlds"] == run_folder.results_of(whole, *run_folder.read(whole)).as_dict()["worlds"]
    for name in ("runs", "weeks", "fan"):
        pd.testing.assert_frame_equal(
            pd.read_parquet(path / f"{name}.parquet"), pd.read_parquet(whole / f"{name}.parquet"), check_exact=True
        )


def test_a_report_begins_with_the_range_over_worlds(folder, tmp_path):
    page = tmp_path / "page.html"
    done = command("report", folder[0], "--out", page, "--json")
    assert done.returncode == 0, done.stderr
    text = page.read_text().replace("\N{NO-BREAK SPACE}", " ")
    first = text.split('class="answer">')[1].split("</p>")[0]
    assert first.startswith("Harm in ") and f"of {W} worlds" in first and "(luck only)" in first
    assert strict(done.stdout)["worlds"]["n"] == W and f"{N} of {W} worlds" in text


def test_without_worlds_the_line_says_what_the_interval_is_of(world, tmp_path):
    done = command("run", world, "--replications", 4, "--engine", "mesa", "--out", tmp_path / "a")
    assert done.returncode == 0 and "worlds and luck together" in " ".join(done.stdout.split())
    assert manifest_of(tmp_path / "a")["worlds"] is None


@pytest.mark.parametrize(("words", "says"), [
    (("five-calculators", "--replications", 10, "--worlds", 5), "--worlds 5: nothing is drawn in 'five-calculators'"),
    (("WORLD", "--replications", 10, "--worlds", 4), "--worlds 4: must be from 2 to 5 and divide the 10 replications"),
    (("WORLD", "--replications", 10, "--worlds", 1), "--worlds 1"),
])  # fmt: skip
def test_worlds_that_cannot_be_are_refused_in_a_line(words, says, world, tmp_path):
    done = command("run", *(world if word == "WORLD" else word for word in words), "--out", tmp_path / "a")
    assert done.returncode == 2 and says in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "a").exists()
