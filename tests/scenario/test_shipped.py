"""Of which commit labsim's source is: asked of git in a checkout, carried by what was built, else unknown."""

import shutil
import subprocess
from runpy import run_path

import pytest

from labsim.scenario import shipped


@pytest.fixture
def source(tmp_path):
    """A folder with the file that says the commit, where it stands in the project."""
    (tmp_path / "labsim" / "scenario").mkdir(parents=True)
    shutil.copy(shipped.__file__, tmp_path / "labsim" / "scenario")
    return tmp_path


def commit(source):
    return run_path(str(source / "labsim" / "scenario" / "shipped.py"))["commit"]()


def git(source, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(["git", *who, *words], cwd=source, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(source):
    git(source, "init", "-q")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "a")
    return source


def test_a_checkout_asks_git(checkout):
    assert commit(checkout) == git(checkout, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["labsim/scenario/shipped.py", "labsim/new.py"])
def test_a_change_is_said(checkout, name):
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    assert commit(checkout) == git(checkout, "rev-parse", "HEAD") + "+changes"


def test_what_was_built_carries_it(source):
    (source / "labsim" / "_commit").write_text("abc\n")
    assert commit(source) == "abc"


def test_a_copy_does_not_know(source):
    assert commit(source) is None


def test_git_that_cannot_be_asked_is_not_known(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))
    assert commit(checkout) is None


def test_a_checkout_without_a_commit_is_not_known(source):
    git(source, "init", "-q")
    assert commit(source) is None
