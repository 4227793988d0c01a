"""Why and Map: what they say is what labsim says; then as a person meets them, in a browser."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import TOO_CLOSE, ClosureGame, play
from labsim.maps.axes import Axis
from labsim.maps.regime_map import regime_map
from labsim.reasons.reasons import race_of, why
from labsim.runs.summary import Summary
from labsim.scenario.checked import ScenarioError
from labsim.show.numbers import fixed
from tests.conftest import PHONE, WIDE, soon
from viz.charts.game_table import game_table, half, points
from viz.charts.map_regions import borders, names
from viz.charts.schelling_figure import diagram, now_said, sides, tips_said
from viz.charts.why_figures import PHONE as NARROW
from viz.charts.why_figures import changes, parts, reach, weighed
from viz.world.map_work import axis_of, choices, plane, played, regimes
from viz.world.why_try import ask, attempt, find, quantity_of, world_with
from viz.world.why_words import amount, answer, question, so_far, turn
from viz.world.world import World

OPENING = World()
WINNER, HARM = "competition.winner_share", "decision.own_harm"


@pytest.fixture(scope="module")
def birch():
    """The first removal of the opening scenario, taken apart."""
    return list(ask(OPENING, 0, None, None, Stop.new()))[-1]


def drawn(svg):
    """A drawing is well-formed, has its text, and nothing of a negative size or that is not a number."""
    root = ET.fromstring(svg)
    assert root.get("aria-label") and root.get("role") == "img"
    for node in root.iter():
        for name, value in node.attrib.items():
            assert "nan" not in value.split()
            if name in ("width", "height", "r") and "%" not in value:
                assert float(value) >= 0.0
    return root


def test_the_decision_asked_for_is_that_of_labsim_why(birch):
    decision = why("hassabis-baseline")
    assert (birch.lab, birch.week, birch.note) == (decision.lab, decision.week, "")
    assert birch.decision.terms == decision.terms and birch.decision.flips == decision.flips


@pytest.mark.parametrize("choice", ["keep", "remove"])
def test_the_bars_add_up_to_what_a_choice_is_worth(birch, choice):
    worth = sum(getattr(term, choice) for term in birch.decision.terms)
    assert math.isclose(sum(value for _, value in parts(birch.decision, choice)), worth, abs_tol=0.003)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["hassabis-baseline", "five-calculators"])
@pytest.mark.parametrize("future", [0, 3])
def test_every_decision_of_a_race_can_be_drawn_and_told(scenario, future):
    world = World(scenario)
    race = race_of(world.resolve(), future)
    for lab, week in race.decisions[["lab", "week"]].iloc[::9].itertuples(index=False):
        asked = list(ask(world, future, lab, int(week), Stop.new()))[-1]
        assert asked.note == "" and question(asked.decision).startswith(f"Why did {lab} ") and answer(asked.decision)
        if asked.decision.terms:
            for width in (650, NARROW):
                drawn(weighed(asked.decision, width))
                drawn(changes(asked.decision, width))
        for flip in asked.decision.flips:
            drawn(reach(flip, quantity_of(asked.decision, flip), asked.decision.removes))


def test_a_week_without_a_decision_shows_the_nearest_and_says_so():
    race = race_of("hassabis-baseline")
    weeks = race.decisions[race.decisions["lab"] == "Birch"]["week"].tolist()
    between = next(w for w in range(weeks[0], weeks[-1]) if w not in weeks)
    asked = find(race, "Birch", between)
    assert abs(asked.week - between) == min(abs(w - between) for w in weeks)
    assert f"does not decide in week {between}" in asked.note


def test_a_race_in_which_nobody_removes_has_a_last_decision():
    race = race_of("two-process")
    asked = find(race, None, None)
    assert asked.week == race.decisions["week"].max() and "never removes" in asked.note


def test_a_flip_that_is_a_rule_of_the_world_is_one_change_of_it(birch):
    worlds = {flip.name: world_with(OPENING, "Birch", flip) for flip in birch.decision.flips}
    assert worlds["cycle.review"].labs and not worlds["cycle.review"].changes
    assert worlds["harm.rate"].changes and not worlds["harm.rate"].labs
    assert dict(worlds["expected_fine"].changes)["governance.human_mandate.start"] == 0
    assert worlds["taste"] is None and worlds["measured"] is None  # a state and a belief


def test_every_flip_when_tried_turns_the_decision(birch):
    for flip in birch.decision.flips:
        tried = attempt(OPENING, 0, birch.decision, flip)
        assert tried.again.startswith("Asked again with this alone changed, it keeps")
        assert (tried.race is None) == (tried.world is None) and bool(tried.anew) == (tried.world is not None)


def test_a_ratio_is_rounded_away_from_what_is_so_that_it_still_turns(birch):
    flip = next(f for f in birch.decision.flips if f.name == "gain")
    _, value = turn(flip, quantity_of(birch.decision, flip))
    assert math.log(float(value.rstrip("\N{MULTIPLICATION SIGN}"))) >= flip.to
    assert amount("0.273", "prizes") == "27.3 points" and amount("55500", "C") == "55,500 C"


def test_so_far_counts_the_decisions(birch):
    assert so_far(birch.decision) == "Birch so far: kept twice, then closed once"


def test_the_table_outlines_the_better_reply_and_hatches_doubt():
    game = play(OPENING.resolve(), 1, 256)
    root = drawn(game_table(game))
    better = [node for node in root.iter() if "-tint" in node.get("class", "")]
    assert len(better) == 2
    noise = np.array([0.3, -0.3, 0.1, -0.1])
    doubtful = ClosureGame.of(noise, -noise, noise, -noise, focal="Birch")
    assert game_table(doubtful).count("fill:url(#") == 4 and "too close to call" in game_table(doubtful)


def test_numbers_are_written_with_a_true_minus_and_their_error():
    level = Summary.of(np.array([-0.052, -0.048]))
    assert (points(level), half(level)) == ("\N{MINUS SIGN}5", "± 0.4")
    assert fixed(-0.2) == "0" and fixed(1234.0) == "1,234" and fixed(3.0, sign=True) == "+3"


@pytest.mark.slow
def test_the_whole_map_is_that_of_labsim():
    flat = plane(World("five-calculators"), WINNER, HARM, "Cedar")
    one_row = regime_map(flat.scenario, flat.x, Axis(HARM, flat.y.values[:1]), focal="Cedar")
    first = [cell.label for cell in one_row.cells]
    seen = 0
    for result in regimes(flat, flat.y.values[0], Stop.new()):
        seen += 1
        assert len(result.labels) == len(flat.y.values) and all(len(row) == len(flat.x.values) for row in result.labels)
        if result.done:
            assert list(result.labels[0]) == first
            break
    assert seen >= 2  # the coarse map came first
    again = next(regimes(flat, flat.y.values[0], Stop.new()))
    assert again.done == 1  # what is known is not played again


def test_a_stopped_map_stops():
    stop = Stop.new()
    going = regimes(plane(World("five-calculators"), WINNER, "harm.rate", None), 0.0, stop)
    next(going)
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        next(going)


def test_the_point_is_not_part_of_what_a_map_is_of():
    worlds = [World().with_({WINNER: value}) for value in (0.2, 0.6)]
    assert len({plane(world, WINNER, HARM, None).key for world in worlds}) == 1
    other = World().with_({"harm.after": 2.0})
    assert plane(other, WINNER, HARM, None).key != plane(World(), WINNER, HARM, None).key


def test_a_rule_that_an_axis_belongs_to_is_put_in_force_and_labs_with_their_own_are_named():
    flat = plane(World(), WINNER, "governance.human_mandate.fine", None)
    assert "not in force" in " ".join(flat.remarks)
    there = dict(flat.world_at(World(), 0.5, 0.2).changes)
    assert there["governance.human_mandate.start"] == 0 and there["governance.human_mandate.fine"] == 0.2
    assert "Birch" in " ".join(plane(World(), WINNER, HARM, None).remarks)
    assert plane(World(), WINNER, HARM, None).focal == "Cedar"  # the first whose own harm moves


@pytest.mark.parametrize(
    ("x", "y", "scenario"),
    [(WINNER, WINNER, "five-calculators"), ("foo.bar", HARM, "five-calculators"), (WINNER, HARM, "two-process"),
     ("race.information", HARM, "five-calculators"), ("governance.rate_limit.start", HARM, "five-calculators")],
)  # fmt: skip
def test_what_cannot_be_mapped_says_why(x, y, scenario):
    with pytest.raises(ScenarioError):
        plane(World(scenario), x, y, None)


@pytest.mark.parametrize("path", sorted({path for group in choices().values() for path in group}))
def test_every_axis_on_offer_has_cells_within_its_range(path):
    axis = axis_of(path)
    assert len(axis.values) >= 2 and list(axis.values) == sorted(axis.values)


def test_the_schelling_diagram_shows_where_the_better_reply_changes():
    shown = next(iter(played(World("hassabis-baseline").resolve(), "Cedar", Stop.new())))
    for width in (540, 358):
        drawn(diagram(shown, width))
    assert shown.game.label == "stag hunt" and [side for _, _, side in sides(shown)] == ["k", "c"]
    assert tips_said(shown) == "Keeping pays Cedar while nobody else has closed; from 1 on, closing pays."
    assert "of the 4 others remove their human: there, closing pays Cedar better." in now_said(shown)


def test_names_stand_inside_their_regions_and_lines_between_games():
    labels = (
        ("harmony",) * 8 + ("stag hunt",) * 12,
        *((("harmony",) * 8 + (TOO_CLOSE,) * 2 + ("stag hunt",) * 10),) * 9,
    )
    for name in names(labels):
        row, column = int(name["y"] * len(labels)), int(name["x"] * len(labels[0]))
        assert labels[row][column] == name["kind"]
    assert [8, 0, 8, 1] in borders(labels)


@pytest.mark.browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_why_shows_a_reason_and_a_try_shows_what_becomes_of_it(visit, size):
    page = visit("why", size)
    page.get_by_role("heading", name="Why did Birch remove the human in month 3?").wait_for()
    page.get_by_role("button", name="more, further away").click()
    page.get_by_role("button", name=re.compile("Try: If an expected fine")).click()
    status = page.locator(".tried [role=status]")
    status.filter(has_text="The race run again").wait_for(timeout=10_000)
    status.filter(has_text="it keeps").wait_for()
    page.get_by_role("button", name="Go on with this change").click()
    page.wait_for_url(re.compile(r"/explore\?.*governance\.human_mandate\.fine="), timeout=10_000)


@pytest.mark.browser
def test_the_ribbon_goes_to_other_decisions_by_key_and_click(visit):
    page = visit("why")
    ribbon = page.get_by_role("slider", name="Decision")
    ribbon.press("ArrowLeft")
    page.get_by_role("heading", name=re.compile("in month 2")).wait_for()
    page.wait_for_url(lambda url: "week=8" in url and "lab=Birch" in url)
    box = ribbon.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 14, box["y"] + 18)
    page.get_by_role("heading", name=re.compile("stay without a human")).wait_for()
    page.get_by_role("combobox", name="Lab", exact=False).first.select_option("Rowan")
    page.get_by_role("heading", name="What Rowan went by").wait_for()


@pytest.mark.browser
def test_a_link_to_a_week_without_a_decision_says_which_is_shown(visit):
    page = visit("why?lab=Birch&week=40")
    page.get_by_text("Birch does not decide in week 40; here is the nearest").wait_for()
    visit("why?lab=Nobody").get_by_role("alert").filter(has_text="must be one of").wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_point_is_dragged_and_the_world_follows(visit, size):
    page = visit("map?scenario=five-calculators", size)
    page.locator(".follows").wait_for(timeout=20_000)
    hold = page.locator(".hold").first
    hold.scroll_into_view_if_needed()
    box = hold.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(x - 30 * step, y - 10 * step)
    page.mouse.up()
    page.wait_for_url(re.compile(r"competition\.winner_share=0\.\d+.*decision\.own_harm=[1-4]"), timeout=10_000)
    page.locator(".game-here:not(.old)").get_by_text("Stag hunt").first.wait_for(timeout=15_000)
    page.get_by_role("button", name="Back to where you started").click()
    page.wait_for_url(re.compile(r"map\?scenario=five-calculators$"), timeout=10_000)


@pytest.mark.browser
def test_the_point_moves_by_the_keyboard_and_the_sliders_with_it(visit):
    page = visit("map?scenario=five-calculators")
    across = page.locator(".hold").first
    assert soon(lambda: across.get_attribute("aria-valuetext") == "80 %")
    across.press("ArrowLeft")
    page.wait_for_url(re.compile(r"competition\.winner_share=0\.79"))
    across.press("Shift+ArrowLeft")
    page.wait_for_url(re.compile(r"competition\.winner_share=0\.69"))
    assert soon(lambda: page.locator(".knob output").first.inner_text() == "69 %")
    across.press("ArrowUp")
    page.wait_for_url(re.compile(r"decision\.own_harm=1\.04"))


@pytest.mark.browser
def test_other_axes_are_kept_in_the_link_and_a_wrong_one_leads_back(visit):
    page = visit("map")
    page.locator(".axis-of").nth(1).select_option("governance.human_mandate.fine")
    page.wait_for_url(re.compile(r"map\.y=governance\.human_mandate\.fine"))
    page.get_by_text("is not in force in 'hassabis-baseline'").wait_for()
    slider = page.locator(".knob input").nth(1)
    slider.press("End")
    page.wait_for_url(re.compile(r"governance\.human_mandate\.fine=0\.4&governance\.human_mandate\.start=0"))
    page = visit("map?map.y=race.information")
    page.get_by_role("alert").filter(has_text="race.information").wait_for()
    page.get_by_role("button", name="Back to the usual axes").click()
    page.locator(".plane").wait_for()


@pytest.mark.browser
def test_one_lab_has_no_game(visit):
    visit("map?scenario=two-process").get_by_role("alert").filter(has_text="needs at least 2").wait_for()
