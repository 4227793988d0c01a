"""A screen waits for the fast engine no longer than it is being compiled, however the screen was started."""

import os

import pytest

from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from viz.world.ensembles import until_compiled

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a script of the shell stands in for Python")


@pytest.fixture
def cold(tmp_path, monkeypatch):
    """An empty cache, and a script in Python's place that compiles nothing."""
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path / "cache"))

    def put(script):
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(ensemble.sys, "executable", str(program))

    return put


def test_where_it_cannot_be_compiled_the_wait_says_what_to_do(cold):
    cold("exit 7")
    with pytest.raises(RuntimeError, match=r"could not be compiled \(exit code 7\): `labsim warm` says why"):
        list(until_compiled(Stop.new()))


def test_where_what_was_compiled_cannot_be_kept_the_wait_ends_and_the_run_compiles(cold):
    cold("exit 0")
    list(until_compiled(Stop.new()))
    assert not ensemble.is_warm()


def test_a_wait_ends_when_it_is_told_to(cold):
    cold("exec sleep 600")
    stop = Stop.new()
    wait = until_compiled(stop)
    next(wait)
    assert ensemble.warm_meanwhile() is ensemble.warm_meanwhile()
    stop.set()
    assert list(wait) == []
    ensemble.warm_meanwhile().kill()
    ensemble.warm_meanwhile().wait()
