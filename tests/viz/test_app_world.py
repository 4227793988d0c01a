"""What a link says: worlds and views to texts and back; what is wrong is said."""

import ast
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labsim
from labsim.scenario.checked import CATALOGUE, ScenarioError
from labsim.scenario.presets import presets
from labsim.scenario.values import text_of, value_of
from tests import lacks
from tests.house.test_layers import imports
from viz.app import routes
from viz.screens import compare
from viz.world import levers
from viz.world.changes import change_words
from viz.world.scale import STEPS, scale, value_at
from viz.world.world import OPENING, View, World, base, parse

FREE = [path for path, d in CATALOGUE.items() if d.kind != "constant" and path not in levers.ONLY_FIXED]
NUMBERS = [path for path in FREE if not CATALOGUE[path].options]


@st.composite
def worlds(draw):
    """A world reached by moving a few levers and changing labs."""
    world = World(draw(st.sampled_from(["hassabis-baseline", "five-calculators"])))
    for path in draw(st.lists(st.sampled_from(NUMBERS), max_size=4, unique=True)):
        if path.endswith((".start", ".stop")):
            continue  # an end before a start is refused, as it should be
        world = levers.moved(world, path, value_at(path, draw(st.integers(0, STEPS)), base(world.scenario).get(path)))
    lab = base(world.scenario).all_labs[0].name
    if draw(st.booleans()):
        world = world.with_lab(lab, "strategy", draw(st.sampled_from(["keeper", "closer", "mirror"])))
    if draw(st.booleans()):
        world = world.with_lab(lab, "archetype", "safety-first")
    return world.with_policy("sb-53") if draw(st.booleans()) else world


@settings(max_examples=60, deadline=None)
@given(worlds(), st.lists(worlds(), max_size=4, unique=True), st.integers(0, 999), st.none() | st.integers(1, 500))
def test_a_view_survives_its_link(world, pins, future, week):
    view = View(world, tuple(pins), future, week, world.resolve().all_labs[-1].name, (("map.x", "cycle.review"),))
    assert parse(view.query()) == view


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_its_file_is_the_same_world(world):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my-world.toml"
        path.write_text(world.toml())
        loaded = labsim.load(path)
    mine = world.resolve()
    assert loaded.values == mine.values and loaded.all_labs == mine.all_labs
    assert tomllib.loads(world.toml())["base"] == world.scenario


def test_its_lines_of_python_run():
    world = World(OPENING).with_({"governance.rate_limit.start": 0, "evaluators.response": "repair"})
    lines = world.python(replications=2)
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True)
    assert done.returncode == 0 and "catastrophe" in done.stdout, done.stderr


@pytest.mark.parametrize("path", NUMBERS)
def test_a_sliders_value_reaches_the_scenario_bit_for_bit_and_its_link_keeps_it(path):
    free = World(OPENING).without([p for p in FREE if p.endswith((".start", ".stop"))])
    for place in (1, 57, 111, 199):
        value = value_at(path, place, base(OPENING).get(path))
        if path.endswith(".stop") and value == 0:
            continue  # an end in the first week is before any start
        world = free.with_({path: value})
        for one in (world, parse(View(world).query()).world):
            reached = one.resolve().get(path)
            assert reached == value and type(reached) in (int if CATALOGUE[path].whole else float, type(None))


@given(st.floats(allow_nan=False), st.integers(-(10**20), 10**20))
def test_every_number_is_its_own_text(number, whole):
    assert value_of(text_of(number)) == number and value_of(text_of(whole)) == whole
    assert text_of(2.5) == "2.5" and text_of(3.0) == "3" and text_of(0.1 + 0.2) == "0.30000000000000004"


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("3.5", 3.5), ("never", "never"), ("small_world", "small_world"), ("true", True)]
)
def test_a_text_is_read_once_and_written_again(text, value):
    assert value_of(text) == value and type(value_of(text)) is type(value) and text_of(value) == text
    assert text_of(None) == "never"


def test_kinds_of_numbers_are_told_apart_and_endless_ones_are_only_texts():
    assert parse("scenario=five-calculators&race.labs=3").world.resolve().get("race.labs") == 3
    for text in ("3.0", "true", "[3]", "9" * 5000, "[" * 5000):
        with pytest.raises(ScenarioError, match=r"race\.labs = "):
            parse(f"scenario=five-calculators&race.labs={text}")
    assert parse('with=["sb-53"]').world == parse("with=sb-53").world


def test_going_back_to_the_scenarios_own_value_is_no_change():
    world = World(OPENING).with_({"cycle.review": 3.0})
    assert world.changed and not world.with_({"cycle.review": base(OPENING)["cycle.review"]}).changed


def test_every_parameter_that_may_be_moved_has_one_place_in_the_panel():
    places = [path for result in levers.groups().values() for group in result for path in levers.in_group(group)]
    assert sorted(places) == sorted(FREE)


def test_every_slider_reaches_only_allowed_values_and_keeps_the_own_one():
    stops = [path for path in FREE if path.endswith(".stop")]
    for path in NUMBERS:
        own = base(OPENING).get(path)
        if own is not None and scale(path).low <= own <= scale(path).high:
            assert value_at(path, scale(path).place(own), own) == own, path
        for place in range(0, STEPS + 1, 40):
            value = value_at(path, place, own)
            World(OPENING).with_({path: value}).without(stops).resolve()
            if value is not None and value != own:
                assert abs(scale(path).place(value) - place) <= (STEPS if scale(path).whole else 1), path


@pytest.mark.parametrize(
    ("path", "value", "also"),
    [
        ("governance.rate_limit.min_weeks", 3.0, "governance.rate_limit.start=0"),  # moved, so put in force
        ("safeguards.debate.debaters", 5, "safeguards.debate.start=0"),
        ("governance.rate_limit.start", 26, ""),  # a date alone
        ("cycle.review", 3.0, ""),  # no rule
    ],
)
def test_moving_a_rules_setting_puts_it_in_force(path, value, also):
    moved = levers.moved(World(OPENING), path, value)
    assert set(moved.sets) == {f"{path}={value:g}", *([also] if also else [])}
    assert not levers.reset(moved, [path]).changed


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("pin=a&pin=b&pin=c&pin=d&pin=e", "scenario|unknown"),
        ("&".join(["pin=scenario%3Dfive-calculators"] * 5), "at most 4"),
        ("week=-1", "week = '-1'"),
        ("lab=Nobody", "lab = 'Nobody'"),
        ("Birch%20cycle.review=x", "cycle.review"),
        ("with=nothing", "with"),
        ("home.choice=shrug", "home.choice = 'shrug': must be one of keep, remove"),
        ("spec.who=Nobody", "spec.who = 'Nobody': must be one of all, Birch"),
        ("loop.luck=abc", "loop.luck = 'abc': must be a whole number from 1 to 1,000"),
        ("loop.luck=5000", "loop.luck = '5000'"),
        ("guess.value=101", "guess.value = '101': must be a whole number from 0 to 100"),
        ("compare.base=99", "compare.base = '99': must be one of A, B"),
        ("map.x=harm.rat", "map.x = 'harm.rat': must be the path of a parameter; did you mean 'harm.rate'"),
        ("map.z=1", "unknown 'map.z'"),
        ("=1", "'=1': a name must stand before the ="),
        ("race.labs=3", "race.labs cannot be set"),
    ],
)
def test_what_is_wrong_in_a_link_is_named(query, said):
    with pytest.raises(ScenarioError, match=said):
        parse(query)


@pytest.mark.parametrize(
    "query",
    [
        "scenario=speed-limit&governance.rate_limit.start=never",
        "with=sb-53&governance.compute_threshold.start=never",
        "scenario=rsp-pauses&Birch%20safeguards.acceleration_threshold.start=never",
    ],
)
def test_what_was_switched_off_is_off_in_the_file_too(query, tmp_path):
    world = parse(query).world
    (tmp_path / "mine.toml").write_text(world.toml(), encoding="utf-8")
    loaded, meant = labsim.load(tmp_path / "mine.toml"), world.resolve()
    assert dict(loaded.values) == dict(meant.values)
    assert [dict(lab.values) for lab in loaded.all_labs] == [dict(lab.values) for lab in meant.all_labs]
    assert "never" in world.toml()


def test_a_rule_of_a_law_can_be_switched_off_and_reset_takes_every_lever_back():
    law, start = World(policies=("sb-53",)), "governance.compute_threshold.start"
    assert law.resolve().get(start) is not None
    off = law.with_({start: None})
    assert off.changes == ((start, "never"),) and off.resolve().get(start) is None
    assert off.with_({start: law.resolve().get(start)}) == law
    assert law.without([start]).resolve().get(start) is None  # as the scenario has it


def test_setting_a_lab_to_what_it_is_is_no_change():
    world = World("five-calculators")
    assert world.with_lab("Birch", "strategy", "calculator") == world
    assert world.with_lab("Birch", "strategy", "keeper").with_lab("Birch", "strategy", "calculator") == world
    assert parse("scenario=five-calculators&Birch%20strategy=calculator").world == world


@pytest.mark.parametrize("archetype", list(presets("archetypes")))
def test_a_lab_is_what_was_chosen_last_whatever_its_archetype_sets(archetype):
    world = World("hassabis-baseline")
    for place, lab in enumerate(world.resolve().all_labs):
        kind = world.with_lab(lab.name, "archetype", archetype)
        for path, value in lab.values.items():  # back to what the scenario says, which the archetype may not
            chosen = kind.with_lab(lab.name, path, value)
            for result in (chosen, parse(View(chosen).query()).world):
                assert result.resolve().all_labs[place].values[path] == value


def test_every_screen_has_an_address_a_title_and_a_place():
    paths = [route.path for route in routes]
    lacks.none_of({
        *(f"viz/app.py: two screens have the address '{path}'" for path in paths if paths.count(path) > 1),
        *(f"viz/app.py: the screen '{r.path}' has no title" for r in routes
          if not r.label.endswith("labsim") or r.label.startswith(":")),
    })
    written = {path.stem for path in Path(compare.__file__).parent.glob("*.py")} - {"__init__"}
    shown = {route.component.f.__module__.rpartition(".")[2] for route in routes}
    helps = {"tiles", "levers_panel", "mesa_race"}  # parts of a screen
    lacks.none_of(f"viz/screens/{name}.py: has no line in viz/app.py" for name in written - helps - shown)


def test_every_screen_has_a_test_of_its_own():
    """One that imports it, or that visits its address with a browser."""
    named, every_screen = set(), ("test_app_access.py", "test_app_world.py")
    for path in Path(__file__).parent.glob("test_*.py"):
        if path.name not in every_screen:
            tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            texts = (node.value for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str))
            named |= {*(text.partition("?")[0] for text in texts), *imports(path)}
    screens = {route.path.strip("/"): route.component.f.__module__ for route in routes}
    lacks.none_of(
        f"{module.replace('.', '/')}.py: no test in tests/viz/ imports it or visits '/{path}'"
        for path, module in screens.items() if path not in named and not any(n.startswith(module) for n in named)
    )  # fmt: skip


def test_every_screen_of_the_menu_is_on_the_page_about_the_app():
    page = (Path(__file__).parents[2] / "docs" / "app.md").read_text(encoding="utf-8")
    lacks.none_of(
        f"docs/app.md: the table of screens has no row for '{route.data}'"
        for route in routes if route.data and f"\n| {route.data} |" not in page
    )  # fmt: skip


def test_a_link_says_what_is_every_labs_and_what_is_one_labs():
    query = "scenario=hassabis-baseline&%2A%20decision.own_harm=8&Birch%20decision.own_harm=2"
    world = parse(query).world
    scenario = world.resolve()
    own = [scenario.lab_rows(lab)["decision"]["own_harm"] for lab in scenario.all_labs]
    assert own == [2.0, 8.0, 8.0, 8.0, 8.0] and View(world).query() == query
    assert [words[:9] for words in change_words(world)] == ["every lab", "Birch's o"]
    plain = parse("scenario=hassabis-baseline&decision.own_harm=8").world.resolve()
    assert list(plain.overridden()) == [("decision.own_harm", ["Birch", "Hazel", "Alder"])]
