"""The compiled week gives the bits of the Mesa model: every quantity, every lab, every week."""

import numpy as np
import pytest

from labsim.engines import ensemble, mesa_engine
from labsim.model import state
from labsim.runs import experiment
from labsim.runs.fan import Fan
from tests.engine_worlds import worlds
from tests.engines import random_worlds

LABS, RACE = tuple(state.fields(state.LabState)), tuple(state.fields(state.RaceState))
WORLDS = worlds()


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the last bit, nan included."""
    return a.shape == b.shape and np.array_equal(a.view(np.int64), b.view(np.int64))


def traces(engine, scenario, first, count, **options):
    """Final and weekly states of both kinds as arrays."""
    weeks = min(scenario["race.weeks"], 200)
    final, race, labs = engine.trace(scenario, first, count, 7, LABS, RACE, weeks, **options)
    return final.race_state, final.lab_states, race, labs


@pytest.mark.parametrize("name", WORLDS)
def test_every_week_of_every_quantity_is_the_same(name):
    for mesa, fast in zip(traces(mesa_engine, WORLDS[name], 0, 3), traces(ensemble, WORLDS[name], 0, 3), strict=True):
        assert same_bits(mesa, fast)


@pytest.mark.parametrize("count", [pytest.param(30, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.full)])
@pytest.mark.parametrize("name", WORLDS)
def test_many_replications_are_the_same(name, count):
    mesas, fasts = traces(mesa_engine, WORLDS[name], 0, count), traces(ensemble, WORLDS[name], 0, count)
    for mesa, fast in zip(mesas, fasts, strict=True):
        assert same_bits(mesa, fast)


@pytest.mark.parametrize(("width", "lanes"), [(8, 1), (8, 2), (32, 8), (32, 16), (64, 32)])
@pytest.mark.parametrize(("first", "count"), [(0, 1), (3, 40), (5, 33)])
def test_lanes_and_the_place_in_an_ensemble_change_no_bit(width, lanes, first, count):
    scenario = WORLDS["mixed"]
    whole = ensemble.simulate(scenario, 0, 64, 7)
    part = ensemble.simulate(scenario, first, count, 7, width=width, lanes=lanes)
    assert same_bits(whole.lab_states[first : first + count], part.lab_states)
    assert same_bits(whole.race_state[first : first + count], part.race_state)


def test_numbers_from_a_table_may_be_read_only():
    scenario, numbers = WORLDS["hassabis-baseline"], np.arange(4)
    numbers.flags.writeable = False
    plain, again = (ensemble.simulate(scenario, 0, 4, 3, numbers=given) for given in (None, numbers))
    assert np.array_equal(plain.lab_states, again.lab_states)


@pytest.mark.parametrize(("jobs", "chunk"), [(1, 64), (2, 32), (3, 7), (2, 4096)])
def test_threads_and_chunks_change_no_bit(jobs, chunk):
    scenario = WORLDS["hassabis-baseline"]
    reference, other = Fan(), Fan()
    (expect,) = experiment.blocks(scenario, 150, 3, jobs=1, chunk=150, fan=reference)
    (result,) = experiment.blocks(scenario, 150, 3, jobs=jobs, chunk=chunk, fan=other)
    for world, outcomes in expect.outcomes.items():
        for name, values in outcomes.items():
            assert same_bits(values, result[world][name]), (world, name)
    assert reference.table().equals(other.table())


def test_sampled_parameters_reach_both_engines_alike():
    sampled = {
        "harm.rate": np.array([0.01, 0.02, 0.003]), "cycle.able": np.array([1.0, 2.0, 4.0]),
        "cycle.candidates": np.array([4.0, 8.0, 16.0]), "competition.finish": np.array([100.0, 1000.0, 300.0]),
    }  # fmt: skip
    scenario = WORLDS["hassabis-baseline"]  # Cedar has candidates of its own, Alder its own `able`
    mesas, fasts = (traces(engine, scenario, 0, 3, sampled=sampled) for engine in (mesa_engine, ensemble))
    pairs = zip(mesas, fasts, strict=True)
    for mesa, fast in pairs:
        assert same_bits(mesa, fast)


def test_two_ensembles_at_once_and_a_third_cancelled():
    from concurrent.futures import ThreadPoolExecutor

    scenario = WORLDS["hassabis-baseline"]
    expect = ensemble.simulate(scenario, 0, 2000, 1)
    stop = ensemble.Stop.new()
    with ThreadPoolExecutor(3) as pool:
        cancelled = pool.submit(ensemble.simulate, scenario, 0, 20_000, 1, None, stop)
        pair = [pool.submit(ensemble.simulate, scenario, 0, 2000, 1) for _ in range(2)]
        stop.set()
        for run in pair:
            assert same_bits(run.result().lab_states, expect.lab_states)
        unfinished = cancelled.result().race("over") == 0.0
    assert unfinished.any()


def test_random_worlds_are_the_same(capsys):
    assert random_worlds.check(12, seed=3) == 0
    assert "12 worlds of 2 races: 0 differ" in capsys.readouterr().out


def test_a_world_that_differs_is_printed(capsys, monkeypatch):
    """The trial sees a bit: the last one of one quantity of one engine is another."""

    def other(*arguments):
        final, race, labs = trace(*arguments)
        labs[..., LABS.index("share")] = np.nextafter(labs[..., LABS.index("share")], 2.0)
        return final, race, labs

    trace = ensemble.trace
    monkeypatch.setattr(ensemble, "trace", other)
    assert random_worlds.check(1, seed=1) == 1
    assert "share differ" in capsys.readouterr().out
