"""Home and Loop: what they say is what labsim says, and a person can play both through."""

import re

import numpy as np
import pytest

import labsim
from labsim.engines import ensemble
from labsim.engines.mesa_engine import Race
from labsim.model.outcomes import catastrophe
from labsim.model.parameters import expected_best
from labsim.model.self_improvement import alignment_reading, selection, sight
from tests.conftest import PHONE, WIDE, soon
from viz.screens.loop import turn
from viz.world import futures, home_story, loop_story
from viz.world.ensembles import Stop
from viz.world.futures import KEEP, REMOVE
from viz.world.one_cycle import LUCKS, moments, options, percent, place_of
from viz.world.one_future import at_once, hours_at_c1, in_words, one_future
from viz.world.world import World

OPENING = World()
PLAYED = 3  # a future of the opening world in which all but one lab close


def race(closures, c=None, winner="Hazel", weeks=60):
    """A race of which only closures and final abilities matter."""
    closed = [[int(at is not None and week >= at) for week in range(weeks)] for at in closures]
    return {"closed": closed, "c": [[x] for x in c or range(len(closures))], "winner": winner, "weeks": weeks}


def test_one_future_is_the_race_that_labsim_runs_with_its_events_in_words():
    scenario = OPENING.resolve()
    result, again = one_future(scenario, 5), Race(scenario, 0, 5, collect=False).run()
    assert result["labs"] == [lab.name for lab in again.labs] and result["weeks"] == again.week
    for place, lab in enumerate(again.labs):
        assert result["c"][place][-1] == round(lab.log_capability, 3)
        assert result["a"][place][-1] == round(lab.log_alignment, 3)
        assert result["closed"][place][-1] == int(lab.oversight == 0.0)
        assert {len(result[name][place]) for name in ("c", "a", "closed", "paused", "cycle")} == {result["weeks"]}
    closures = [event for event in result["events"] if event["kind"] == "closed"]
    assert closures and all("removes the human" in e["words"] and e["words"].startswith(e["lab"]) for e in closures)
    assert one_future(scenario, 5) is result


@pytest.mark.parametrize("world", [World(), World("five-calculators"), World("two-process")], ids=lambda w: w.scenario)
def test_what_is_shown_at_once_is_the_race_that_is_told_a_moment_later(world):
    quick, told = at_once(world.resolve(), 21), one_future(world.resolve(), 21)
    assert quick.pop("events") is None
    assert quick == {name: value for name, value in told.items() if name != "events"}


def test_a_world_without_a_line_has_no_finish():
    future = one_future(World("two-process").resolve(), 0)
    assert future["finish"] is None and future["winner"] is None


def test_ability_is_said_as_the_longest_task():
    at = np.log(np.array([8, 40, 167, 2000, 9000, 200_000]) / hours_at_c1())
    assert [in_words(x) for x in at] == ["1 day", "1 week", "1 month", "1 year", "4.5 years", "100 years"]


def test_the_visitors_lab_does_what_was_chosen_and_the_others_decide_for_themselves():
    for choice, ever in ((KEEP, False), (REMOVE, True)):
        assert any(one_future(futures.after(OPENING, choice), PLAYED)["closed"][0]) is ever
    keep, remove = (futures.after(OPENING, choice) for choice in (KEEP, REMOVE))
    own = OPENING.resolve().all_labs
    assert keep.all_labs[1:] == remove.all_labs[1:] == own[1:] and keep.all_labs[0].name == own[0].name


def test_up_to_the_choice_both_races_are_one_in_which_all_keep():
    result = next(futures.races(OPENING, Stop.new()))
    keep, remove, hold = result[KEEP], result[REMOVE], result["hold"]
    assert 4 < hold < min(keep["weeks"], remove["weeks"])
    for week in range(hold + 1):
        assert [lab[week] for lab in keep["c"]] == [lab[week] for lab in remove["c"]]
        assert not any(lab[week] for lab in (*keep["closed"], *remove["closed"]))


def test_what_home_counts_is_what_labsim_run_counts():
    ending = next(futures.endings(OPENING, REMOVE, Stop.new()))[REMOVE]
    results = labsim.run(futures.after(OPENING, REMOVE), ending.n, sample=0)
    twin = results.twin_levels["all_keep"]
    assert ending.harm.mean == pytest.approx(results.summaries["catastrophe"].mean, abs=1e-12)
    assert ending.harm.se == pytest.approx(results.summaries["catastrophe"].se)
    assert ending.keep_harm.mean == pytest.approx(twin["catastrophe"].mean, abs=1e-12)
    assert ending.keep_weeks.mean == pytest.approx(twin["race_weeks"].mean)


def test_the_future_that_is_played_is_near_the_middle_in_harm():
    result = futures.typical(OPENING, Stop.new())
    for choice in (KEEP, REMOVE):
        harm = catastrophe(ensemble.simulate(futures.after(OPENING, choice), 0, 256, 0))
        assert 0.4 < (harm < harm[result]).mean() < 0.6


@pytest.mark.parametrize(
    ("choice", "closures", "said"),
    [
        (REMOVE, [20, 24, 25, 26, None], "Within two months, three rivals did too."),
        (REMOVE, [20, None, None], "No rival did."),
        (REMOVE, [20, 10, 21], "One rival had already. Within a month, one more did too."),
        (REMOVE, [20, 10, 10], "Two rivals had already."),
        (REMOVE, [None, 10], "Its system was never able to run without one, or rules did not let it."),
        (KEEP, [None, None, None], "So did every rival."),
        (KEEP, [None, 30, 39], "Both rivals removed theirs, the last in month 9."),
        (KEEP, [None, 30, None, 22], "Two of three rivals removed theirs, the first in month 5."),
        (KEEP, [None, None, 22], "One of two rivals removed its human, in month 5."),
        (KEEP, [None], ""),
    ],
)
def test_what_the_rivals_did_is_said_as_it_was(choice, closures, said):
    assert home_story.answer(race(closures), choice) == said


@pytest.mark.parametrize(
    ("abilities", "winner", "said"),
    [
        ([3, 5, 4], "Cedar", "You finished third."), ([6, 5, 4], "Birch", "You finished first."),
        ([3, 5, 4], None, "Nobody finished; you were third."), ([3], None, "You did not finish."),
    ],
)  # fmt: skip
def test_your_place_is_by_what_your_system_can_do(abilities, winner, said):
    assert home_story.placed(race([None] * len(abilities), abilities, winner)) == said


@pytest.mark.parametrize("choice", [KEEP, REMOVE])
def test_the_edits_that_are_drawn_have_the_means_of_the_models_closed_form(choice):
    all_moments = moments(OPENING, PLAYED, "Birch")
    place = place_of(all_moments, None)
    option, lab = options(OPENING, PLAYED, "Birch", place)[choice], all_moments[place].lab
    human = 1.0 if choice == KEEP else 0.0
    a, variance = alignment_reading(lab.cycle, sight(lab), lab.log_capability, human, lab.checks)
    c, d, sd = selection(lab.cycle, a, variance)
    strength = expected_best(int(lab.cycle.candidates)) / sd
    for values, expected in ((option.true_c, strength * c), (option.true_a, strength * d)):
        taken = option.of_taken(values)
        assert abs(taken.mean() - expected) < 4 * taken.std() / np.sqrt(LUCKS)


def test_with_the_human_and_without_the_edits_are_the_same_and_only_readings_differ():
    choices = options(OPENING, PLAYED, "Birch", place_of(moments(OPENING, PLAYED, "Birch"), None))
    assert (choices[KEEP].true_a == choices[REMOVE].true_a).all()
    errors = [float(np.std(o.measured_a - o.true_a)) for o in (choices[KEEP], choices[REMOVE])]
    assert errors[0] < 0.5 * errors[1]


def test_the_loop_opens_when_the_lab_is_first_able_on_a_luck_in_which_the_choices_differ():
    shown = next(turn(OPENING, PLAYED, "Birch", None, None))
    assert shown.moment.able and not moments(OPENING, PLAYED, "Birch")[shown.place - 1].able
    assert shown.options[KEEP].taken[shown.luck] != shown.options[REMOVE].taken[shown.luck]
    assert next(turn(OPENING, PLAYED, "Birch", shown.moment.week, 0)).place == shown.place
    assert next(turn(World("two-process"), 0, "Birch", None, None)) is None


def test_the_loop_says_which_choice_was_better_also_when_it_was_the_machines():
    choices = options(OPENING, PLAYED, "Birch", place_of(moments(OPENING, PLAYED, "Birch"), None))
    keep, remove = (percent(choices[choice].of_taken(choices[choice].true_a)) for choice in (KEEP, REMOVE))
    same = choices[KEEP].taken == choices[REMOVE].taken
    for which, words in ((same, "same edit"), (keep > remove + 1, "with the human is better"),
                         (remove > keep + 1, "without the human is better")):  # fmt: skip
        luck = int(np.flatnonzero(which)[0])
        assert words in " ".join(loop_story.this_time(choices, luck))


def played(page, choice):
    """The status line after a choice."""
    page.get_by_role("button", name=f"{choice} the human", exact=True).click()
    page.get_by_role("status").filter(has_text="of 100 futures").wait_for(timeout=15_000)
    return page.get_by_role("status").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_press_plays_a_race_and_the_numbers_of_the_model_follow(visit, size):
    page = visit(size=size)
    page.wait_for_function("document.querySelector('.strip svg').innerHTML.includes('Your lab')")
    before = page.locator(".strip").bounding_box()["y"]
    page.get_by_role("button", name="Remove the human", exact=True).click()
    page.wait_for_function("document.querySelector('.strip svg').innerHTML.includes('ring')", timeout=9_000)
    page.get_by_role("button", name="Skip to the end").wait_for()
    assert page.locator(".strip").bounding_box()["y"] == pytest.approx(before, abs=1)
    page.get_by_role("status").filter(has_text="of 100 futures").wait_for(timeout=15_000)
    ending = next(futures.endings(OPENING, REMOVE, Stop.new()))[REMOVE]
    assert home_story.harm(ending) in page.get_by_role("status").inner_text()
    assert home_story.twin(ending) in page.get_by_role("status").inner_text()
    pictures = page.locator(".worlds svg[role=img]")
    pictures.nth(1).wait_for()
    assert [re.search(r"\d+", p.get_attribute("aria-label")).group() for p in pictures.all()] == [
        f"{100 * ending.harm.mean:.0f}", f"{100 * ending.keep_harm.mean:.0f}",
    ]  # fmt: skip
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.locator(".strip").bounding_box()["y"] == pytest.approx(before, abs=1)


@pytest.mark.browser
def test_with_reduced_motion_the_result_is_there_in_three_seconds_and_the_choice_can_be_made_again(visit):
    page = visit(reduced_motion="reduce")
    page.wait_for_function("document.querySelector('.strip svg').innerHTML.includes('Your lab')")
    page.get_by_role("button", name="Remove the human", exact=True).click()
    page.get_by_role("status").filter(has_text="of 100 futures").wait_for(timeout=3_000)
    page.locator(".strip svg[aria-label*='human removed, month']").wait_for()
    page.get_by_role("button", name="Try again").click()
    assert "You kept the human" in played(page, "Keep")


@pytest.mark.browser
def test_the_link_of_the_first_page_holds_the_choice_and_shows_how_it_ended(visit):
    page = visit(reduced_motion="reduce")
    page.wait_for_timeout(500)
    assert page.url.endswith("/")  # nothing chosen, nothing changed
    said = played(page, "Remove")
    page.wait_for_url("**/?scenario=hassabis-baseline&home.choice=remove")
    other = visit(page.url.partition("//")[2].partition("/")[2], reduced_motion="reduce")
    other.get_by_role("status").filter(has_text="of 100 futures").wait_for()
    assert soon(lambda: other.get_by_role("status").inner_text() == said)
    other.get_by_role("link", name="Explore", exact=True).click()
    other.get_by_role("heading", name="Explore").wait_for()
    other.wait_for_url("**/explore?scenario=hassabis-baseline")
    other.go_back()
    other.get_by_role("status").filter(has_text="of 100 futures").wait_for()
    other.get_by_role("button", name="Try again").click()
    other.get_by_role("button", name="Keep the human", exact=True).wait_for()
    other.wait_for_url("**/?scenario=hassabis-baseline")


@pytest.mark.browser
@pytest.mark.parametrize("way", ["link", "press"])
def test_the_gauges_tell_the_week_of_the_strip_however_it_got_there(visit, way):
    page = visit("?home.choice=remove" if way == "link" else "", reduced_motion="reduce")
    if way == "press":
        played(page, "Remove")
    gauge = page.locator(".gauge").filter(has_text="Speed")
    gauge.filter(has_text="human removed").wait_for()
    race = next(futures.races(OPENING, Stop.new()))[REMOVE]
    cycle = race["cycle"][futures.YOURS]
    assert f"{cycle[0] / cycle[-1]:.1f}\u00d7" in gauge.inner_text()


@pytest.mark.browser
def test_the_doors_keep_the_world(visit):
    page = visit("?scenario=five-calculators", reduced_motion="reduce")
    played(page, "Keep")
    why, explore = (page.get_by_role("link", name=name).get_attribute("href") for name in ("See why", "Change the"))
    assert why.startswith("/why?scenario=five-calculators&Birch%20decision.choice=1&Birch%20strategy=player&future=")
    assert re.search("&lab=(Cedar|Hazel|Rowan|Alder)$", why)  # a rival: you weighed nothing
    assert explore == "/explore?scenario=five-calculators"
    page.get_by_role("link", name="Change the").click()
    page.wait_for_url("**/explore?scenario=five-calculators")


@pytest.mark.browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_loop_steps_to_another_luck_and_another_cycle_and_the_link_says_which(visit, size):
    page = visit(f"loop?scenario=hassabis-baseline&future={PLAYED}", size=size)
    says = page.locator(".says")
    says.wait_for(timeout=15_000)
    shown = next(turn(OPENING, PLAYED, "Birch", None, None))
    plain, bold = loop_story.this_time(shown.options, shown.luck)
    assert says.inner_text() == f"{plain} {bold}"
    page.get_by_role("button", name="Next luck").click()
    page.wait_for_url(lambda url: f"loop.luck={shown.luck + 2}" in url)
    page.get_by_role("button", name="Later cycle").click()
    page.wait_for_url(lambda url: f"week={shown.weeks[shown.place + 1]}" in url and "luck" not in url)
    page.get_by_role("combobox", name="Lab").select_option("Cedar")
    page.wait_for_url(lambda url: "lab=Cedar" in url)
    page.locator("figure svg[role=img][aria-label*='12 edits']").nth(1).wait_for()
    assert page.locator("figure svg[role=img]").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
