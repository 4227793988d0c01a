"""Links made to break the app: each opens, or is refused in one sentence."""

import pytest

from tests.hostile import attack, refused
from viz.shell import session
from viz.shell.session import Session
from viz.world.world import View, parse

OPENING = "This link cannot be opened, so here is the opening scenario."


def test_no_hostile_link_breaks_it():
    opened, faults = attack("links", 2000, seed=0)
    assert faults == []
    assert 200 < opened < 1800  # neither all nonsense nor all sound


@pytest.mark.parametrize(
    ("query", "said"),
    {
        "nested lists": ("harm.rate=" + 1500 * "[", "20 deep"),
        "a number without end": ("harm.rate=" + 4400 * "9", "4,096 bits"),
        "a hexadecimal one": ("harm.rate=0x" + 6000 * "f", "4,096 bits"),
        "a future without end": ("future=" + 5000 * "9", "from 0 to 999"),
        "no preset": ("with=%5B%5D", "with = '[]': must be one of"),
        "no preset in a list": ("with=%5B%22sb-52%22%5D", "with = 'sb-52': must be one of"),
        "a lab without a name": ("+cycle.veto=1", "must be a lab's name, a space"),
        "nothing of a lab": ("Birch+=1", "must be a lab's name, a space"),
        "an axis without a parameter": ("map.x", "map.x = '': must be the path of a parameter"),
        "a long value": ("harm.rate=" + 5000 * "a", "(5,002 characters): must be a number from 0 to 10"),
    }.values(),
)
def test_the_fault_of_a_link_is_one_sentence(query, said, capsys):
    told = Session(query).fault.value
    assert told.startswith(OPENING) and said in told
    refused(told)
    assert capsys.readouterr().err == ""


def test_a_fault_of_the_apps_own_is_the_sentence_too_and_a_line_for_who_started_it(monkeypatch, capsys):
    def broken(query):
        raise KeyError("nobody thought of it")

    monkeypatch.setattr(session, "parse", broken)
    mine = Session("harm.rate=1\n2")
    assert mine.fault.value == OPENING and mine.view.value == View()
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "nobody thought of it" in told and "harm.rate=1\\n2" in told


def test_a_sound_link_says_nothing():
    mine = Session("harm.rate=0.5&future=017")
    assert mine.fault.value == "" and mine.view.value == parse("harm.rate=0.5&future=17")
