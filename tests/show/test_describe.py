"""The model describes itself: complete, from the code, and readable."""

import re

from labsim.cli import doctor
from labsim.model import outcomes, state
from labsim.model.governance import RULES
from labsim.model.sources import Evidence
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
