"""Files that are none, files without end, and files made to break `load`: one line that names the file."""

import os

import pytest

from labsim.scenario.checked import ScenarioError
from labsim.scenario.files import MOST_BASES, MOST_BYTES, load
from tests.hostile import attack


def refusal(path):
    """The one line with which a file is refused."""
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files on this system")
@pytest.mark.parametrize("base", [False, True], ids=["itself", "its base"])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_would_never_end_is_not_read(tmp_path, kind, base):
    endless = tmp_path / "endless.toml"
    if kind == "pipe":
        os.mkfifo(endless)
    else:
        endless.symlink_to("/dev/zero")
    (tmp_path / "mine.toml").write_text('base = "endless.toml"')
    told = refusal(tmp_path / "mine.toml" if base else endless)
    on_it = f" (a base of {tmp_path / 'mine.toml'})" if base else ""
    assert told.endswith(f"{endless}: is not a regular file{on_it}")


def test_a_file_is_at_most_a_megabyte(tmp_path):
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    assert refusal(path) == f"{path}: is too large: must be at most {MOST_BYTES:,} bytes"
    path.write_text("question = 'Why?'\n#".ljust(MOST_BYTES, "x"))
    assert load(path).question == "Why?"
    path.write_text("question = 'Why?'\n#".ljust(MOST_BYTES + 1, "x"))
    assert "too large" in refusal(path)


def test_at_most_twenty_bases_stand_on_each_other(tmp_path):
    for number in range(MOST_BASES + 1):
        (tmp_path / f"{number}.toml").write_text(f'base = "{number - 1}.toml"' if number else "question = 'Why?'")
    assert load(tmp_path / f"{MOST_BASES}.toml").question == "Why?"
    (tmp_path / "more.toml").write_text(f'base = "{MOST_BASES}.toml"')
    assert refusal(tmp_path / "more.toml").endswith(
        f"at most {MOST_BASES} may stand on each other (a base of {tmp_path / 'more.toml'})"
    )


def test_a_base_that_is_no_scenario_is_named(tmp_path):
    (tmp_path / "words").write_text("root:x:0:0\n")
    (tmp_path / "mine.toml").write_text('base = "words"')
    assert f"{tmp_path / 'words'}, line 1: not valid TOML" in refusal(tmp_path / "mine.toml")


def test_no_hostile_file_breaks_it():
    opened, faults = attack("files", 2000, seed=0)
    assert faults == []
    assert 100 < opened < 1900  # neither all nonsense nor all sound
