"""Whose a value is: the world's, every lab's (`* PATH`), one lab's; and what is said of what moves nothing."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labsim
from labsim.engines import ensemble, mesa_engine
from labsim.engines.layout import layouts
from labsim.model.state import LabState, fields
from labsim.scenario.changes import with_changes, with_texts
from labsim.scenario.checked import LabSpec, ScenarioError, ScenarioWarning, lab_draws
from labsim.scenario.files import load, opened, to_toml
from labsim.scenario.sampling import draw
from labsim.scenario.scenario import Scenario

HARM = "decision.own_harm"  # of the five labs of hassabis-baseline three have their own
OWN = ("Birch", "Hazel", "Alder")
UNIFORM = '{dist = "uniform", low = 0, high = 8}'


def seen(scenario: Scenario, path: str = HARM) -> dict[str, float]:
    """What each lab reads."""
    table, name = path.rsplit(".", 1)
    return {lab.name: scenario.lab_rows(lab)[table][name] for lab in scenario.all_labs}


def written(tmp_path, text: str) -> Scenario:
    (tmp_path / "world.toml").write_text(text)
    return opened(tmp_path / "world.toml")


def test_the_plain_path_is_the_worlds_and_star_is_every_labs():
    shipped, plain = load("hassabis-baseline"), with_texts(load("hassabis-baseline"), [f"{HARM}=7"])
    assert {lab: x for lab, x in seen(plain).items() if lab in OWN} == {lab: seen(shipped)[lab] for lab in OWN}
    assert {x for lab, x in seen(plain).items() if lab not in OWN} == {7.0}
    every = with_texts(shipped, [f"* {HARM}=7"])
    assert set(seen(every).values()) == {7.0} and every[HARM] == 7.0


CHANGES = {HARM: 1.0, f"* {HARM}": 2.0, f"Birch {HARM}": 3.0, "Birch archetype": "safety-first"}


@pytest.mark.parametrize("order", list(itertools.permutations(CHANGES)), ids="-".join)
def test_a_labs_own_beats_every_labs_beats_the_worlds_whatever_the_order(order):
    base = load("hassabis-baseline")
    for keys in (order, order[:2], order[:3]):
        mine, star = f"Birch {HARM}" in keys, f"* {HARM}" in keys
        given = seen(with_changes(base, {key: CHANGES[key] for key in keys}))
        if mine or star:
            assert given["Birch"] == (3.0 if mine else 2.0), keys
        if star or HARM in keys:
            assert given["Cedar"] == (2.0 if star else 1.0), keys


def test_of_the_same_key_twice_the_last_counts():
    assert set(seen(with_texts(load("hassabis-baseline"), [f"* {HARM}=1", f"* {HARM}=6"])).values()) == {6.0}


def test_where_labs_are_alike_every_labs_is_the_worlds_and_their_number_can_still_be_set():
    world = with_texts(load("five-calculators"), ["* cycle.review=5", "race.labs=7"])
    assert world.labs is None and set(seen(world, "cycle.review").values()) == {5.0} and len(world.all_labs) == 7


@pytest.mark.parametrize(("key", "value", "words"), [
    ("* governance.rate_limit.start", 0, "belongs to the race"), ("* cycle.revew", 1, "did you mean 'cycle.review'"),
    ("Bich cycle.review", 1, "did you mean 'Birch'"), (f"* {HARM}", "much", f"{HARM} = 'much'"),
    ("* strategy", "kepeer", "must be one of"),
])  # fmt: skip
def test_what_no_lab_can_have_is_named(key, value, words):
    for change in (Scenario.with_, with_changes):
        with pytest.raises(ScenarioError) as caught:
            change(load("hassabis-baseline"), {key: value})
        assert words in str(caught.value)


@pytest.mark.parametrize("name", ["*", " * "])
def test_no_lab_may_be_called_as_every_lab_is(name, tmp_path):
    with pytest.raises(ScenarioError, match="stands for every lab"):
        written(tmp_path, f'title = "x"\n[[lab]]\nname = "{name}"\n')


def test_every_lab_can_be_told_how_to_decide():
    world = with_texts(load("hassabis-baseline"), ["* strategy=keeper", "Hazel strategy=closer"])
    assert {lab.name: lab.strategy for lab in world.all_labs if lab.strategy != "keeper"} == {"Hazel": "closer"}


# --- files


def test_a_file_says_it_as_set_does(tmp_path):
    lines = ['base = "hassabis-baseline"', f'"* {HARM}" = 6', f'"Cedar {HARM}" = 1', '"Rowan strategy" = "keeper"']
    world = written(tmp_path, "\n".join(lines))
    assert seen(world) == {"Birch": 6.0, "Cedar": 1.0, "Hazel": 6.0, "Rowan": 6.0, "Alder": 6.0}
    assert [lab.strategy for lab in world.all_labs if lab.name == "Rowan"] == ["keeper"]
    again = written(tmp_path, to_toml(world))
    assert (again.values, again.labs) == (world.values, world.labs)


def test_in_one_file_a_labs_own_beats_every_labs_and_that_beats_its_preset(tmp_path):
    world = written(tmp_path, f'''title = "x"
"* {HARM}" = 6
[[lab]]
name = "a"
archetype = "safety-first"
[[lab]]
name = "b"
"{HARM}" = 2
''')
    assert "decision.own_harm" in load("hassabis-baseline").labs[0].values  # as presets of kinds of labs have it
    assert seen(world) == {"a": 6.0, "b": 2.0}


def test_every_labs_and_one_labs_can_be_drawn(tmp_path):
    world = written(tmp_path, f'''base = "hassabis-baseline"
[uncertainties]
"* {HARM}" = {UNIFORM}
"Birch cycle.review" = {{dist = "uniform", low = 1, high = 4}}
''')
    assert not list(world.remarks())
    assert all(lab_draws(lab, world.uncertainties)[HARM] == f"* {HARM}" for lab in world.all_labs)
    again = written(tmp_path, to_toml(world))
    assert (again.values, again.labs, again.uncertainties) == (world.values, world.labs, world.uncertainties)
    drawn = draw(world, 0, 6)
    plain = draw(Scenario("x", uncertainties={HARM: world.uncertainties[f"* {HARM}"]}), 0, 6)
    assert np.array_equal(drawn[f"* {HARM}"], plain[HARM])  # the same luck as the world's would have


@pytest.mark.parametrize(("key", "words"), [
    ("* harm.rate", "belongs to the race"), (f"Nobody {HARM}", "no lab 'Nobody'"), ("* cycle.revew", "unknown"),
])  # fmt: skip
def test_what_cannot_be_drawn_is_named(key, words, tmp_path):
    with pytest.raises(ScenarioError, match="uncertainties") as caught:
        written(tmp_path, f'base = "hassabis-baseline"\n[uncertainties]\n"{key}" = {UNIFORM}\n')
    assert words in str(caught.value)


def test_what_is_given_a_value_is_no_longer_drawn(tmp_path):
    rate = '"harm.rate" = {dist = "uniform", low = 0.1, high = 0.2}'
    world = written(tmp_path, f'base = "hassabis-baseline"\n[uncertainties]\n"* {HARM}" = {UNIFORM}\n{rate}\n')
    assert set(with_changes(world, {"harm.rate": 0.01}).uncertainties) == {f"* {HARM}"}
    fixed = with_changes(world, {f"* {HARM}": 3.0})
    assert set(fixed.uncertainties) == {"harm.rate"} and set(seen(fixed).values()) == {3.0}
    one = with_changes(world, {f"Birch {HARM}": 3.0})
    assert [HARM in lab_draws(lab, one.uncertainties) for lab in one.all_labs] == [False, True, True, True, True]


# --- both engines


@given(
    keys=st.lists(st.sampled_from([HARM, f"* {HARM}", f"a {HARM}", "b cycle.review", "cycle.review"]), unique=True),
    own=st.lists(st.sampled_from([HARM, "cycle.review"]), unique=True),
)
@settings(max_examples=25, deadline=None)
def test_both_engines_draw_for_the_same_labs(keys, own):
    labs = (LabSpec("a"), LabSpec("b", values=dict.fromkeys(own, 1.0)), LabSpec("c", "keeper"))
    world = Scenario("w", labs=labs).with_paths({"race.weeks": 12}, asked=False)
    sampled = {key: np.linspace(0.5, 3.0, 3) * (1 + i) for i, key in enumerate(keys)}
    for place in range(3):
        setting = mesa_engine.sampled_scenario(world, sampled, place)
        columns, slots = ensemble._slots(world, sampled, 3)
        where = layouts()["lab"].place
        lab_base = ensemble.base_rows(world)["lab"].copy()
        for column, owner, field in slots:
            if owner >= 0:
                lab_base[owner, field] = columns[place, column]
        for i, lab in enumerate(setting.all_labs):
            rows = setting.lab_rows(lab)
            for path in (HARM, "cycle.review"):
                table, name = path.rsplit(".", 1)
                assert lab_base[i, where[path]] == rows[table][name], (keys, own, lab.name, path)


def test_both_engines_agree_where_labs_are_drawn_apart():
    world = with_changes(load("hassabis-baseline"), {"race.weeks": 40})
    sampled = {f"* {HARM}": np.array([0.0, 4.0, 8.0]), "Birch cycle.review": np.array([1.0, 2.0, 3.0])}
    fast, plain = (engine.simulate(world, 0, 3, 5, sampled) for engine in (ensemble, mesa_engine))
    for name in fields(LabState):
        assert np.array_equal(fast.labs(name), plain.labs(name), equal_nan=True), name


# --- what is said


def said(*texts: str, of: str = "hassabis-baseline") -> list[str]:
    return with_texts(opened(of), texts).remarks()


@pytest.mark.parametrize(("texts", "parts"), [
    ([f"{HARM}=8"], [f"{HARM} = 8 is the world's value, but Birch, Hazel, Alder keep their own"]),
    ([f"{HARM}=8", f"* {HARM}=8"], []),
    ([f"{HARM}=8", f"* {HARM}=0"], [f"{HARM} = 8 moves nothing: '* {HARM}' = 0 is every lab's"]),
    ([f"* {HARM}=0", f"{HARM}=8"], [f"{HARM} = 8 moves nothing: '* {HARM}' = 0 is every lab's"]),
    ([f"Birch {HARM}=8"], []), ([f"* {HARM}=8"], []),
    (["harm.rate=0.01"], []), ([], []),
    (["cycle.head_start=1"], ["Birch, Cedar, Hazel, Rowan, Alder keep their own: it moves nothing"]),
    (["governance.rate_limit.min_weeks=9"], ["governance.rate_limit has settings but no start"]),
    (["governance.rate_limit.min_weeks=9", "governance.rate_limit.start=0"], []),
])  # fmt: skip
def test_what_moves_less_than_it_seems_is_said(texts, parts):
    given = said(*texts)
    assert len(given) == len(parts) and all(part in text for part, text in zip(parts, given, strict=True)), given


def test_no_shipped_scenario_has_a_remark():
    from labsim.scenario.files import shipped_scenarios

    assert {name: opened(name).remarks() for name in shipped_scenarios()} == {name: [] for name in shipped_scenarios()}


def test_a_file_on_a_base_with_labs_of_their_own_is_warned_of(tmp_path):
    world = written(tmp_path, 'base = "hassabis-baseline"\n[decision]\nown_harm = 8\n')
    assert "Birch, Hazel, Alder" in world.remarks()[0]
    drawn = written(tmp_path, f'base = "hassabis-baseline"\n[uncertainties]\n"{HARM}" = {UNIFORM}\n')
    assert f"{HARM} is drawn, but Birch, Hazel, Alder keep their own" in drawn.remarks()[0]


def test_what_is_set_where_every_lab_draws_is_warned_of(tmp_path):
    text = f'base = "five-calculators"\n[uncertainties]\n"* {HARM}" = {UNIFORM}\n'
    drawn = written(tmp_path, text)
    assert drawn.remarks() == []
    (told,) = drawn.changed({HARM: 8}).remarks()
    assert told.startswith(f"{HARM} = 8 is the world's value, but Birch") and "it moves nothing" in told
    (told,) = written(tmp_path, text + "[decision]\nown_harm = 2\n").remarks()
    assert "it moves nothing" in told
    (told,) = written(tmp_path, f'base = "five-calculators"\n"* {HARM}" = 0\n[decision]\nown_harm = 8\n').remarks()
    assert told == f"{HARM} = 8 moves nothing: '* {HARM}' = 0 is every lab's"


def test_labs_that_a_files_own_list_leaves_out_are_named(tmp_path):
    world = written(tmp_path, 'base = "five-calculators"\n[[lab]]\nname = "Birch"\nstrategy = "keeper"\n')
    assert world.remarks() == [
        "the file lists 1 lab in place of the 5 of 'five-calculators': Cedar, Hazel, Rowan, Alder are not in this world"
    ]


def test_in_python_it_is_a_warning_once(tmp_path):
    world = load("hassabis-baseline")
    with pytest.warns(ScenarioWarning, match="Birch, Hazel, Alder keep their own"):
        changed = world.with_({HARM: 8})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changed.with_({"harm.rate": 0.01})  # it has been said
        world.with_({f"* {HARM}": 8})
    (tmp_path / "one.toml").write_text('base = "five-calculators"\n[[lab]]\nname = "Birch"\n')
    with pytest.warns(ScenarioWarning, match="are not in this world"):
        labsim.load(tmp_path / "one.toml")


def test_with_takes_whatever_set_takes():
    changes = {"with": ["sb-53"], "strategy": "keeper", "Birch strategy": "closer", f"* {HARM}": 3, "harm.rate": 0.02}
    base = load("hassabis-baseline")
    texts = ["with=sb-53", *(f"{key}={value}" for key, value in changes.items() if key != "with")]
    assert base.with_(changes) == with_texts(base, texts) != base
