"""Scenario files on disk: differences from a base, errors that name the file, and files that load again."""

import datetime
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.model.strategies import STRATEGIES
from labsim.scenario.checked import (
    CATALOGUE,
    DEFAULTS,
    TABLES,
    UNPRINTABLE,
    EvaluatorSpec,
    LabSpec,
    ScenarioError,
    is_evaluator_path,
    is_lab_path,
)  # fmt: skip
from labsim.scenario.files import load, to_toml
from labsim.scenario.presets import presets
from labsim.scenario.scenario import Scenario


@pytest.fixture
def write(tmp_path):
    """Write a scenario file; returns its path."""

    def _write(content, name="mine.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


def complaint(path):
    """The message of the ScenarioError that loading must raise: one line."""
    with pytest.raises(ScenarioError) as caught:
        load(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


BAD = {
    "unknown top key": ("titel = 'x'", ["'titel'", "did you mean 'title'?"]),
    "unknown table": ("[cycel]\nreview = 1", ["'cycel'", "did you mean 'cycle'?"]),
    "unknown key": ("[cycle]\nreveiw = 1", ["'cycle.reveiw'", "did you mean 'review'?"]),
    "unknown rule": ("[governance.ratelimit]\nstart = 0", ["'governance.ratelimit'", "did you mean 'rate_limit'?"]),
    "unknown key of a rule": ("[governance.rate_limit]\nmin_week = 4", ["rate_limit.min_week'", "'min_weeks'?"]),
    "key on two lines": ('"ti\\ntel" = 1', ["did you mean 'title'?"]),
    "title no text": ("title = 5", ["title = 5", "must be a text"]),
    "base no text": ("base = 5", ["base = 5", "must be"]),
    "table no table": ("cycle = 5", ["cycle = 5", "must be a table [cycle]"]),
    "rule no table": ("[governance]\nrate_limit = 5", ["governance.rate_limit = 5", "[governance.rate_limit]"]),
    "lab no list": ("lab = 5", ["lab = 5", "[[lab]]"]),
    "lab one table": ("[lab]\nname = 'x'", ["lab = ", "[[lab]]"]),
    "text for a number": ("[cycle]\nreview = '3'", ["cycle.review = '3'", "a number from 0 to 52 weeks"]),
    "bool for a number": ("[cycle]\nreview = true", ["cycle.review = True", "a number from 0 to 52 weeks"]),
    "bool for a whole number": ("[race]\nweeks = true", ["race.weeks = True", "a whole number from 1"]),
    "table for a number": ("[cycle.review]\na = 1", ["cycle.review = {'a': 1}", "a number from 0 to 52"]),
    "nan": ("[harm]\nrate = nan", ["harm.rate = nan", "a number from 0 to 10"]),
    "inf": ("[harm]\nrate = inf", ["harm.rate = inf", "a number from 0 to 10"]),
    "too low": ("[harm]\nrate = -0.1", ["harm.rate = -0.1", "a number from 0 to 10 a year"]),
    "too high": ("[decision]\nforesight = 1.5", ["decision.foresight = 1.5", "a number from 0 to 1"]),
    "huge": ("[harm]\nrate = 1" + "0" * 400, ["harm.rate = 1000", "a number from 0 to 10"]),
    "digits without end": ("[harm]\nrate = 1" + "0" * 6000, []),
    "not whole": ("[race]\nweeks = 2.5", ["race.weeks = 2.5", "a whole number from 1"]),
    "no labs": ("[race]\nlabs = 0", ["race.labs = 0", "from 1 to 40"]),
    "41 labs": ("[race]\nlabs = 41", ["race.labs = 41", "from 1 to 40"]),
    "choice": ("[race]\ninformation = 'open'", ["race.information = 'open'", "one of public, noisy, capability"]),
    "number for a choice": ("[race]\ninformation = 0", ["race.information = 0", "one of public"]),
    "no date": ("[governance.rate_limit]\nstart = 'soon'", ["governance.rate_limit.start = 'soon'", "from 0 to"]),
    "date before the start": ("[governance.rate_limit]\nstart = 2026-03-31", ["rate_limit.start", "2026", "from 0 to"]),
    "labs twice": ("[race]\nlabs = 2\n[[lab]]\nname = 'a'", ["race.labs", "lists its 1 labs"]),
    "an empty list of labs": ("lab = []", ["0 labs", "1 to 40"]),
    "41 labs listed": ("[[lab]]\n" * 41, ["41 labs", "1 to 40"]),
    "names twice": ("[[lab]]\nname = 'a'\n[[lab]]\nname = 'b'\n[[lab]]\nname = 'a'", ["'a' is used twice"]),
    "a given name and a default one": ("[[lab]]\nname = 'Lab 2'\n[[lab]]", ["'Lab 2' is used twice"]),
    "no name": ("[[lab]]\nname = ''", ["lab 1", "name = ''"]),
    "a name that is no text": ("[[lab]]\n[[lab]]\nname = 5", ["lab 2", "name = 5"]),
    "a name on two lines": ('[[lab]]\nname = "a\\nb"', ["lab 1: name = 'a\\nb'", "U+000A", "1 to 200 letters"]),
    "a name that rings": ('[[lab]]\nname = "a\\u0007"', ["lab 1: name", "U+0007"]),
    "a name of no character": ('[[evaluator]]\nname = "\\uffff"', ["evaluator 1: name", "U+FFFF"]),
    "a name without end": (f"[[lab]]\nname = '{'a' * 201}'", ["lab 1: name", "1 to 200 letters", "(203 characters)"]),
    "a value without end": (f"[harm]\nrate = '{'a' * 5000}'", ["harm.rate", "(5,002 characters)", "from 0 to 10"]),
    "a number without end": (f"[harm]\nrate = {'9' * 5000}", ["4,096 bits"]),
    "a hexadecimal number without end": (f"[harm]\nrate = 0x{'f' * 5000}", ["4,096 bits"]),
    "lists without end": (f"with = {'[' * 3000}", ["20 deep"]),
    "tables without end": (f"[with{'.a' * 1000}]\nb = 1", ["20 deep"]),
    "a lab's race": ("[[lab]]\nname = 'a'\n'race.weeks' = 5", ["'a'", "'race.weeks'", "cycle, faking, decision"]),
    "a lab's race, as a table": ("[[lab]]\nname = 'a'\n[lab.harm]\nrate = 1", ["'a'", "'harm'"]),
    "a lab's unknown key": ("[[lab]]\nname = 'a'\nstrateg = 'keeper'", ["'a'", "'strateg'", "'strategy'?"]),
    "a lab's unknown path": ("[[lab]]\nname = 'a'\n'cycle.revew' = 5", ["'a'", "'cycle.revew'", "'cycle.review'?"]),
    "a lab's bad value": ("[[lab]]\nname = 'a'\n'cycle.review' = -5", ["'a'", "cycle.review = -5", "from 0 to 52"]),
    "a lab's bad strategy": ("[[lab]]\nname = 'a'\nstrategy = 'closr'", ["'a'", "'closr'", "'closer'?"]),
    "a lab's unknown belief": ("[[lab]]\nname = 'a'\nbelief = 'skeptic'", ["'a'", "'skeptic'", "'sceptic'?"]),
    "a lab's belief in a number": ("[[lab]]\nname = 'a'\nbelief = 1", ["'a'", "belief = 1", "one of awe"]),
    "a lab's kind": ("[[lab]]\nname = 'a'\nkind = 'peer'", ["'a'", "'kind'"]),
    "a lab's evaluators": ("[[lab]]\nname = 'a'\n'evaluators.access' = 1", ["'a'", "'evaluators.access'", "the race"]),
    "a lab's events": ("[[lab]]\nname = 'a'\n[lab.events.leak]\nstart = 1", ["'a'", "'events'"]),
    "a lab's unknown safeguard": (
        "[[lab]]\nname = 'a'\n[lab.safeguards.audit]\nstart = 1",
        ["'a'", "'safeguards.audit.start'"],
    ),
    "an unknown kind": ("[[evaluator]]\nname = 'e'\nkind = 'per'", ["'e'", "'per'", "did you mean 'peer'?"]),
    "an evaluator's belief": ("[[evaluator]]\nname = 'e'\nbelief = 'awe'", ["'e'", "'belief'"]),
    "an evaluator's strategy": ("[[evaluator]]\nname = 'e'\nstrategy = 'keeper'", ["'e'", "'strategy'"]),
    "an evaluator's unknown key": ("[[evaluator]]\nname = 'e'\nacces = 1", ["'e'", "'acces'", "'access'?"]),
    "an evaluator's bad value": (
        "[[evaluator]]\nname = 'e'\naccess = 2",
        ["'e'", "evaluators.access = 2", "from 0 to"],
    ),
    "an evaluator's response": (
        "[[evaluator]]\nname = 'e'\nresponse = 'pause'",
        ["'e'", "'evaluators.response' belongs to the race", "its own are weeks, capacity"],
    ),
    "an evaluator's lab": (
        "[[evaluator]]\nname = 'e'\n'cycle.review' = 1",
        ["'e'", "'cycle.review' belongs", "access"],
    ),
    "an evaluator with no name": ("[[evaluator]]\nname = ''", ["evaluator 1", "name = ''"]),
    "evaluators twice": ("[evaluators]\nnumber = 2\n[[evaluator]]", ["evaluators.number cannot be set", "lists its 1"]),
    "evaluators of one name": ("[[evaluator]]\nname = 'a'\n[[evaluator]]\nname = 'a'", ["evaluator: the name 'a'"]),
    "11 evaluators": ("[[evaluator]]\n" * 11, ["11 evaluators listed: must be 0 to 10"]),
    "evaluators as a table": ("[evaluator]\nname = 'a'", ["evaluator", "[[evaluator]]"]),
    "evaluators of numbers": ("evaluator = [1]", ["evaluator 1 = 1", "[[evaluator]]"]),
    "an unknown event": ("[events.leek]\nstart = 1", ["unknown rule 'events.leek'", "'leak'?"]),
    "an unknown safeguard": ("[safeguards.audit]\nstart = 1", ["'safeguards.audit'"]),
    "a trigger that is a date": (
        "[governance.rate_limit]\ntrigger = 2027-01-01",
        ["rate_limit.trigger", "a number from 0"],
    ),
    "an event that ends before it starts": ("[events.leak]\nstart = 5\nstop = 5", ["events.leak.stop", "later than"]),
    "a number of evaluators that varies": (
        "[uncertainties]\n'evaluators.number' = {dist = 'uniform', low = 0, high = 5}",
        ["'evaluators.number' cannot be sampled"],
    ),
    "a lab's strategies": ("[[lab]]\nname = 'a'\nstrategy = ['closer']", ["'a'", "closer"]),
    "labs of numbers": ("lab = [1, 2]", ["lab 1 = 1", "[[lab]]"]),
    "an unknown uncertainty": ("[uncertainties]\n'harm.rat' = {dist = 'uniform'}", ["'harm.rat'", "'harm.rate'?"]),
    "an unquoted uncertainty": ("[uncertainties]\nharm.rate = {dist = 'uniform'}", ["uncertainties", "'harm'"]),
    "a bad distribution": ("[uncertainties]\n'harm.rate' = {dist = 'beta'}", ["harm.rate", "'beta'", "loguniform"]),
    "a list as distribution": ("[uncertainties]\n'harm.rate' = {dist = ['uniform']}", ["harm.rate", "loguniform"]),
    "expectations that are no tables": ("expect = [1, 2]", ["expect", "[[expect]]"]),
    "broken TOML": ("[cycle\nreview = 1", ["TOML", "line 1"]),
    "a key twice": ("title = 'a'\ntitle = 'b'", ["TOML", "overwrite"]),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", ["not a text file"]),
    "missing base": ("base = 'nowhere'", ["'nowhere'"]),
    "a base nearly shipped": ("base = 'hassabis-basline'", ["'hassabis-basline'", "did you mean 'hassabis-baseline'?"]),
    "a base that is a folder": ("base = '.'", ["folder"]),
    "a base with an endless name": (f"base = '{'a' * 300}'", ["aaa"]),
    "nested without end": ("title = " + "[" * 5000, []),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_content_is_named_with_its_file(write, case):
    content, words = BAD[case]
    path = write(content)
    message = complaint(path)
    assert message.startswith(str(path))
    assert [word for word in words if word not in message] == []


def test_a_folder_and_an_absent_file_are_named(tmp_path):
    assert "folder" in complaint(tmp_path) and str(tmp_path) in complaint(tmp_path)
    assert str(tmp_path / "none.toml") in complaint(tmp_path / "none.toml")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may read everything")
def test_a_file_that_may_not_be_read_is_named(write):
    path = write("title = 'x'")
    path.chmod(0)
    assert str(path) in complaint(path) and "cannot be read" in complaint(path)


def test_circular_bases_are_named(write):
    itself = write("base = 'itself.toml'", "itself.toml")
    assert "circular: itself.toml -> itself.toml" in complaint(itself)
    write("base = 'b.toml'", "a.toml")
    write("base = 'a.toml'", "b.toml")
    assert "circular: a.toml -> b.toml -> a.toml" in complaint(write("base = 'a.toml'", "c.toml"))


def test_an_error_in_a_base_names_the_base(write):
    write("[cycle]\nreview = -1", "base.toml")
    message = complaint(write("base = 'base.toml'"))
    assert "base.toml" in message and "cycle.review = -1" in message


def test_a_base_is_found_beside_the_file(write, monkeypatch, tmp_path):
    write("base = '../common/base.toml'\n[harm]\nrate = 0.03", "mine/top.toml")
    write("base = 'deeper.toml'\n[cycle]\nreview = 3", "common/base.toml")
    write("title = 'Deep'\nquestion = 'Why?'\n[cycle]\nmachine = 4\nreview = 1", "common/deeper.toml")
    write("title = 'wrong'", "base.toml")
    monkeypatch.chdir(tmp_path)
    scenario = load("mine/top.toml")
    changed = {path: value for path, value in scenario.values.items() if value != DEFAULTS[path]}
    assert changed == {"harm.rate": 0.03, "cycle.review": 3.0, "cycle.machine": 4.0}
    assert (scenario.name, scenario.title, scenario.question) == ("top", "Deep", "Why?")


def test_a_shipped_name_is_a_base_and_a_scenario(write):
    shipped = load("hassabis-baseline")
    scenario = load(write("base = 'hassabis-baseline'\n[cycle]\nreview = 3"))
    assert shipped.name == scenario.base == "hassabis-baseline"
    assert dict(scenario.values) == {**shipped.values, "cycle.review": 3.0}
    assert (scenario.title, scenario.labs) == (shipped.title, shipped.labs)


BASE = """
title = "Base"
question = "Why?"
[cycle]
review = 3
[governance.rate_limit]
start = 4
[[lab]]
name = "one"
strategy = "closer"
"cycle.review" = 1
[[lab]]
name = "two"
[uncertainties]
"harm.rate" = {dist = "loguniform", low = 0.001, high = 0.1}
[[expect]]
claim = "There is harm."
outcome = "catastrophe"
direction = "higher"
"""


def test_only_differences_follow(write):
    write(BASE, "base.toml")
    base, same = load(write(BASE, "base.toml")), load(write("base = 'base.toml'"))
    assert (same.values, same.labs, same.uncertainties) == (base.values, base.labs, base.uncertainties)
    assert (same.title, same.question, same.expect) == ("Base", "Why?", ())  # expectations are the file's own


def test_a_list_of_labs_replaces_the_bases_as_a_whole(write):
    write(BASE, "base.toml")
    scenario = load(write("base = 'base.toml'\n[[lab]]\nname = 'two'"))
    assert scenario.labs == (LabSpec("two", "calculator", {}),)
    assert scenario.lab_rows(scenario.labs[0])["cycle"]["review"] == 3.0
    assert scenario.rows()["race"]["labs"] == 1.0
    assert "race.labs" in complaint(write("base = 'base.toml'\n[race]\nlabs = 3"))


def test_uncertainties_are_added_and_replaced_one_by_one(write):
    write(BASE, "base.toml")
    other = "'harm.rate' = {dist = 'uniform', low = 0, high = 1}\n'harm.after' = {dist = 'choice', values = [1]}"
    scenario = load(write(f"base = 'base.toml'\n[uncertainties]\n{other}"))
    assert {path: spec["dist"] for path, spec in scenario.uncertainties.items()} == {
        "harm.rate": "uniform", "harm.after": "choice",
    }  # fmt: skip


@pytest.mark.parametrize("start", ["2026-04-15", "'2026-04-15'", "2", "2026-04-15T08:00:00"])
def test_a_rule_starts_in_a_week_or_on_a_date(write, start):
    assert load(write(f"[governance.rate_limit]\nstart = {start}"))["governance.rate_limit.start"] == 2


def test_a_labs_own_values_are_paths_or_tables(write):
    quoted = load(write("[[lab]]\nname = 'a'\n'decision.own_harm' = 2\n'cycle.review' = 1"))
    tables = load(write("[[lab]]\nname = 'a'\ndecision.own_harm = 2\n[lab.cycle]\nreview = 1"))
    assert quoted.labs == tables.labs == (LabSpec("a", "calculator", {"decision.own_harm": 2.0, "cycle.review": 1.0}),)


def test_whole_numbers_stand_for_floats_and_order_does_not_matter(write):
    whole, decimal = load(write("[cycle]\nreview = 3\nmachine = 2")), load(write("[cycle]\nmachine=2.0\nreview=3.0"))
    assert whole.values == decimal.values and isinstance(whole["cycle.review"], float)


def values_of(paths):
    """Some parameters with valid values."""

    def one(path):
        d = CATALOGUE[path]
        never = st.none() if d.default is None else st.nothing()
        if path.endswith(".stop"):  # never before any start that may be drawn for another owner
            return never | st.just(int(d.high))
        if path.endswith(".start"):
            return never | st.integers(int(d.low), int(d.high) - 1)
        if d.options:
            return st.sampled_from(d.options)
        return never | (st.integers(int(d.low), int(d.high)) if d.whole else st.floats(d.low, d.high))

    return st.lists(st.sampled_from(sorted(paths)), unique=True, max_size=12).flatmap(
        lambda chosen: st.fixed_dictionaries({path: one(path) for path in chosen})
    )


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LETTERS = st.characters(exclude_categories=UNPRINTABLE)  # of a name


def with_preset(build, paths, key, family, least):
    """Specs with values of their own, half of them after a preset."""

    def spec(name, values, preset):
        chosen = {key: preset} if preset else {}
        before = dict(presets(family)[preset].values) if preset else {}
        return build(name, before | values, chosen)

    chosen = st.none() | st.sampled_from(sorted(presets(family)))
    names = st.text(LETTERS, max_size=12).filter(str.strip)
    specs = st.builds(spec, names, values_of([path for path in CATALOGUE if paths(path)]), chosen)
    return st.lists(specs, min_size=least, max_size=4, unique_by=lambda spec: spec.name)


LABS = st.sampled_from(list(STRATEGIES)).flatmap(
    lambda strategy: with_preset(lambda n, v, p: LabSpec(n, strategy, v, p), is_lab_path, "belief", "beliefs", 1)
)
EVALUATORS = with_preset(EvaluatorSpec, is_evaluator_path, "kind", "evaluators", 0)
UNCERTAINTIES = st.fixed_dictionaries({}, optional={
    "harm.rate": st.just({"dist": "loguniform", "low": 1e-7, "high": 0.5}),
    "cycle.candidates": st.just({"dist": "choice", "values": [2, 8]}),
    "decision.taste": st.just({"dist": "normal", "mean": 0.1, "sd": 1e-20}),
})  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(WORDS, WORDS, values_of(CATALOGUE), st.none() | LABS, st.none() | EVALUATORS, UNCERTAINTIES)
def test_what_is_written_loads_as_the_same(tmp_path_factory, title, question, values, labs, evaluators, uncertainties):
    if labs is not None:
        values.pop("race.labs", None)
    if evaluators is not None:
        values.pop("evaluators.number", None)
    for table in TABLES:  # a file must not stop a rule before it starts
        start, stop = values.get(f"{table}.start"), values.get(f"{table}.stop")
        if None not in (start, stop) and stop <= start:
            del values[f"{table}.stop"]
    scenario = Scenario(
        "again", title, question, labs=None if labs is None else tuple(labs), uncertainties=uncertainties,
        evaluators=None if evaluators is None else tuple(evaluators),
        notes={"author": title}, sources={"harm.rate": question},
    ).with_(values)  # fmt: skip
    path = Path(tmp_path_factory.mktemp("toml")) / "again.toml"
    path.write_text(to_toml(scenario), encoding="utf-8", newline="")
    assert load(path) == scenario
    assert to_toml(load(path)) == to_toml(scenario)


def test_a_written_file_needs_no_base(write):
    write(BASE, "base.toml")
    scenario = load(write("base = 'base.toml'\n[governance.human_mandate]\nstart = 2027-01-01\nfine = 0.5"))
    again = load(write(to_toml(scenario), "elsewhere/again.toml"))
    assert again.base is None
    assert (again.values, again.labs, again.uncertainties) == (scenario.values, scenario.labs, scenario.uncertainties)
    assert again["governance.human_mandate.start"] == (datetime.date(2027, 1, 1) - datetime.date(2026, 4, 1)).days // 7
