"""The heads of scenario files: the same words as in the whole file, read without it."""

import pytest

from labsim.scenario.files import load
from labsim.scenario.heads import above_tables, shipped_heads, shipped_scenarios

BRACKETS = '''question = """Two
[lines]
more"""
notes_of = [
[1, 2],
]
base = "five-calculators"

[cycle]
review = 3
title = "of a table"
'''


def test_a_head_says_what_the_whole_file_says():
    """Also where it leaves a text to its base."""
    whole = [load(name) for name in shipped_scenarios()]
    assert [(h.name, h.title, h.question, h.base) for h in shipped_heads()] == [
        (s.name, s.title, s.question, s.base) for s in whole
    ]


def test_a_bracket_in_a_text_or_a_list_begins_no_table():
    assert above_tables(BRACKETS) == {
        "question": "Two\n[lines]\nmore", "notes_of": [[1, 2]], "base": "five-calculators"
    }  # fmt: skip


@pytest.mark.parametrize("text, head", [("", {}), ('title = "x"', {"title": "x"}), ("[cycle]\nreview = 3\n", {})])
def test_a_file_may_have_no_head_or_nothing_else(text, head):
    assert above_tables(text) == head


def test_what_is_no_toml_is_an_error():
    with pytest.raises(ValueError):
        above_tables('title = \n[cycle]\n')
