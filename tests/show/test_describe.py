"""The model describes itself: complete, from the code, and readable."""

import re

import pytest

from labsim.cli import doctor
from labsim.model import outcomes, state
from labsim.model.governance import RULES
from labsim.model.sources import Evidence, Source
from labsim.model.strategies import STRATEGIES
from labsim.model.week import WEEK
from labsim.runs import record
from labsim.scenario.checked import CATALOGUE
from labsim.show import describe


def test_the_odd_has_its_seven_elements_in_order():
    headings = re.findall(r"^## (\d)\. (.*)$", describe.odd(), re.MULTILINE)
    assert [number for number, _ in headings] == list("1234567")
    assert [text.split()[0] for _, text in headings] == [
        "Purpose", "Entities,", "Process", "Design", "Initialization", "Input", "Submodels",
    ]  # fmt: skip


def test_everything_that_moves_or_can_be_set_is_in_it():
    text = describe.odd()
    for names in (*(state.fields(kind) for kind in describe.STATES.values()), STRATEGIES, RULES, CATALOGUE):
        for name in names:
            assert f"`{name}`" in text, name
    assert not re.search(r"\|\s+\|\s+\|\s+\|", text.replace("|  |", "| x |"))  # no row without a meaning


def test_the_steps_are_those_of_the_week_under_their_headings():
    result = describe.steps()
    assert [(kind, rule) for _, kind, rule in result] == list(WEEK)
    assert [int(part.split()[0]) for part in dict.fromkeys(part for part, _, _ in result)] == list(range(1, 12))


def test_the_parts_of_the_week_are_headings_apart_from_their_lists():
    """A part is named once, above its steps; Markdown wants a line of air around a heading and a list."""
    text = describe.odd()
    body = text[text.index("## 3.") : text.index("## 4.")]
    parts = list(dict.fromkeys(part for part, _, _ in describe.steps()))
    assert re.findall(r"^\*\*(.*)\*\*$", body, re.MULTILINE) == parts
    assert all(f"\n\n**{part}**\n\n- " in body for part in parts) and "\n\n\n" not in body
    listed = re.findall(r"^- (?:`(\w+)` \(|(?!`)[^:]*: )", body, re.MULTILINE)
    assert len(listed) == len(WEEK)
    assert [name for name in listed if name] == [r.__name__ for _, r in WEEK if not isinstance(r, dict)]


def tables(text):
    """The tables of a Markdown page: a list of rows of cells each, with the line above."""
    for match in re.finditer(r"^([^\n]*)\n((?:\|.*\|\n)+)", text, re.MULTILINE):
        rows = match[2].splitlines()
        yield match[1], [[c.strip() for c in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_tables_are_whole():
    """Air above, a line below the head, as many cells in each row as in the head, at least one row of them."""
    for page, least in ((describe.odd(), 15), (describe.dictionary(), 5)):
        result = list(tables(page))
        assert len(result) >= least
        for above, (head, rule, *rows) in result:
            assert above == "" and rule == ["---"] * len(head) and rows
            assert {len(row) for row in rows} == {len(head)}, head


def test_a_bar_in_a_cell_ends_no_cell():
    lines = describe.table(["a", "b"], [["x|y", 1]])
    assert lines == ["| a | b |", "| --- | --- |", "| x\\|y | 1 |", ""]


def test_docstrings_are_read_by_paragraph():
    def thing():
        """One
        sentence.

        Where it
        comes from.
        """

    assert (describe.first_line(thing), describe.further(thing)) == ("One sentence.", "Where it comes from.")
    assert describe.whole(thing) == "One\nsentence.\n\nWhere it\ncomes from."
    assert [read(lambda: 0) for read in (describe.first_line, describe.further, describe.whole)] == ["", "", ""]


def test_sources_lead_to_their_address_if_they_have_one():
    assert describe.linked(Source(Evidence.PUBLISHED, "A paper", "https://x.org")) == "[A paper](https://x.org)"
    assert describe.linked(Source(Evidence.ASSUMPTION, "assumption")) == "assumption"


def test_the_odd_gives_each_parameter_with_its_default_range_and_source():
    rows = {row[0].strip("`"): row[1:] for _, (_, _, *rows) in tables(describe.odd()) for row in rows}
    for path, d in CATALOGUE.items():
        meaning, default, unit, allowed, likely, kind, evidence, source = rows[path]
        assert (meaning, unit, allowed, kind, evidence) == (d.meaning, d.unit, d.allowed, d.kind, d.source.kind), path
        assert default == ("never" if d.default is None else str(d.default))
        assert [float(x) for x in likely.split(" to ") if likely] == pytest.approx(list(d.likely or ()), rel=1e-5)
        assert d.source.text in source


def test_the_counts_of_sources_add_up():
    counts = describe.count_sources()
    assert sum(counts.values()) == len(CATALOGUE)
    counted = [kind for group in describe.EVIDENCE.values() for kind in group]
    assert sorted([*counted, Evidence.SCENARIO]) == sorted(Evidence)  # no default comes from a scenario
    assert counts["sourced"] >= 15 and counts["assumption"] >= 30


def test_the_dictionary_names_every_column():
    text = describe.dictionary()
    for name, table in record.Record().tables().items():
        assert f"## {name}" in text
        for column in table.columns:
            assert f"| {column} |" in text, column
    for name in (*outcomes.OUTCOMES, *record.EVENTS):
        assert f"| {name} |" in text, name


def test_events_are_explained_once_and_with_the_table_of_events():
    text = describe.dictionary()
    assert text.count("| event | is |") == 1
    assert text.index("## events") < text.index("| event | is |") < text.index("## decisions")
    (explained,) = [rows for _, (head, _, *rows) in tables(text) if head == ["event", "is"]]
    assert dict(explained) == record.EVENTS


def test_html_stands_alone():
    page = describe.html(describe.odd(), "labsim")
    assert page.startswith("<!doctype html>") and "<table>" in page
    links = re.findall(r'<a href="https://', page)  # a reader may follow them; the page itself needs none
    assert links and len(re.findall(r"https?://", re.sub(r'<a href="https://', "", page))) == 0


def test_the_doctor_finds_this_installation_sound_and_names_what_is_not(monkeypatch):
    assert all(line["ok"] for line in doctor.examine()), doctor.examine()
    monkeypatch.setenv("LABSIM_CACHE", "/dev/null/nowhere")
    faults = [line for line in doctor.examine() if not line["ok"]]
    assert "cache" in [line["check"] for line in faults]
