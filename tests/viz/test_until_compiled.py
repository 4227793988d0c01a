"""A screen waits for the fast engine no longer than it is being compiled, however the screen was started."""

import shutil

import pytest

from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from viz.world.ensembles import until_compiled


@pytest.fixture
def cold(tmp_path, monkeypatch):
    """An empty cache, and a program in Python's place that compiles nothing."""
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path))

    def put(program):
        monkeypatch.setattr(ensemble.sys, "executable", shutil.which(program))

    return put


def test_where_it_cannot_be_compiled_the_wait_says_what_to_do(cold):
    cold("false")
    with pytest.raises(RuntimeError, match=r"could not be compiled \(exit code 1\): `labsim warm` says why"):
        list(until_compiled(Stop.new()))


def test_where_what_was_compiled_cannot_be_kept_the_wait_ends_and_the_run_compiles(cold):
    cold("true")
    list(until_compiled(Stop.new()))
    assert not ensemble.is_warm()


def test_a_wait_ends_when_it_is_told_to(cold):
    cold("yes")
    stop = Stop.new()
    wait = until_compiled(stop)
    next(wait)
    stop.set()
    assert list(wait) == []
    ensemble.warm_meanwhile().kill()
