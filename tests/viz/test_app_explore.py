"""Explore as a person meets it: levers, numbers, time, undo, links, downloads, many at once."""

import re
import time

import pytest

from tests.conftest import PHONE, WIDE, soon

pytestmark = pytest.mark.browser
SHARE = "competition.winner_share"


def ready(page, futures="1,000 futures"):
    """Explore, once so many futures and the game stand."""
    page.locator(".counted").filter(has_text=futures).filter(has_not_text="updating").wait_for(timeout=30_000)
    return page


def tiles(page):
    """The four numbers as they are written."""
    return page.locator(".tile").all_inner_texts()


def shown(page):
    """What a person reads off the screen, and the drawing of the race."""
    texts = [page.locator(part).inner_text() for part in (".tiles", ".says", ".game", ".play", ".newest")]
    return [*texts, page.locator(".stage svg").first.inner_html()]


def lever(page, path):
    """The slider of a parameter."""
    return page.locator(f'input[data-path="{path}"]').first


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_it_opens_on_a_case_where_something_happens(visit, size):
    page = ready(visit("explore", size))
    assert soon(lambda: "closed" in page.locator(".stage svg").first.inner_html())
    assert re.match(r"Futures that end in harm\s+\d+", tiles(page)[0])
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.get_by_text("A model for reasoning about incentives. Not a forecast.").is_visible()


def test_a_moved_lever_gives_a_new_number_says_what_it_was_and_undo_takes_it_back(visit):
    page = ready(visit("explore"))
    before = tiles(page)
    lever(page, SHARE).fill("20")
    page.wait_for_function("before => document.querySelector('.tile').innerText !== before", arg=before[0])
    ready(page)
    page.locator(".says").filter(has_text="You set").wait_for()
    assert soon(lambda: "was" in tiles(page)[0])
    page.wait_for_url(lambda url: f"{SHARE}=0.1" in url)
    page.get_by_role("button", name="Undo").click()
    page.locator(".says").filter(has_text="Left to themselves").wait_for()
    assert soon(lambda: tiles(ready(page)) == before)
    page.wait_for_url(lambda url: SHARE not in url)


@pytest.mark.parametrize(("screen", "slider"), [("explore", f'input[data-path="{SHARE}"]'), ("map", ".knob input")])
@pytest.mark.parametrize("pause", [33, 120])
def test_a_held_arrow_key_loses_no_step(visit, screen, slider, pause):
    page = visit(screen)
    page.locator(slider).first.focus(timeout=30_000)
    before = int(page.locator(slider).first.input_value())
    for _ in range(15):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(pause)
    page.wait_for_url(lambda url: f"{SHARE}=0.725" in url)
    page.wait_for_timeout(1500)  # after the last answer
    assert int(page.locator(slider).first.input_value()) == before - 15


def test_resetting_one_lever_leaves_the_others_and_reset_all_none(visit):
    page = ready(visit(f"explore?{SHARE}=0.2&evaluators.number=5"))
    page.get_by_role("button", name="Reset Share of the prize").click()
    page.wait_for_url(lambda url: SHARE not in url and "evaluators.number=5" in url)
    page.get_by_role("button", name="Reset all").click()
    page.wait_for_url(lambda url: "evaluators.number" not in url)


def test_a_shared_link_opens_identically_in_a_fresh_browser(visit):
    page = ready(visit("explore"))
    lever(page, SHARE).fill("30")
    lever(page, "evaluators.number").fill("150")
    page.get_by_role("tab", name="Labs").click()
    page.locator(".lab-box select").first.select_option("keeper")
    page.locator(".scrubber").press("PageDown")
    page.get_by_role("button", name="Next future").click()
    page.wait_for_url(lambda url: "future=1" in url and "Birch%20strategy=keeper" in url)
    ready(page)
    page.get_by_role("button", name="Share").click()
    link = page.get_by_role("textbox", name="Link").input_value()
    other = ready(visit(link.split("/", 3)[3]))
    assert soon(lambda: shown(other) == shown(page)), (shown(other), shown(page))


def test_the_shared_command_prints_the_number_on_the_tile(visit):
    import json
    import shlex
    import subprocess
    import sys

    page = ready(visit("explore?governance.rate_limit.start=0"))
    page.get_by_role("button", name="Share").click()
    command = shlex.split(page.get_by_role("textbox", name="Command").input_value())
    assert command[:2] == ["labsim", "run"]
    done = subprocess.run(
        [sys.executable, "-m", "labsim", *command[1:], "--replications", "1000", "--json"],
        capture_output=True, check=True,
    )  # fmt: skip
    harm = json.loads(done.stdout)["outcomes"]["catastrophe"]["mean"]
    assert re.search(rf"harm\s+{round(100 * harm)}\s*of 100", tiles(page)[0])


def test_time_runs_both_ways_and_events_are_told(visit):
    page = ready(visit("explore"))
    bar = page.locator(".scrubber")
    bar.press("End")
    last = int(bar.get_attribute("aria-valuemax"))
    assert soon(lambda: bar.get_attribute("aria-valuenow") == str(last))
    at_end = page.locator(".stage svg").first.inner_html()
    bar.press("Home")
    assert soon(lambda: bar.get_attribute("aria-valuenow") == "0")
    assert soon(lambda: "closed" not in page.locator(".stage svg").first.inner_html() != at_end)
    page.locator(".newest").filter(has_text="Nothing has happened yet.").wait_for()
    page.get_by_role("button", name="One week on").click()
    assert soon(lambda: bar.get_attribute("aria-valuenow") == "1")
    page.get_by_role("button", name=re.compile("^4")).click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"document.querySelector('.scrubber').getAttribute('aria-valuenow') === '{last}'")
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert soon(lambda: page.locator(".stage svg").first.inner_html() == at_end)
    box = bar.bounding_box()
    page.mouse.click(box["x"] + 200, box["y"] + 14)
    assert soon(lambda: 0 < int(bar.get_attribute("aria-valuenow")) < last)


def test_reduced_motion_jumps_to_the_end(visit):
    page = ready(visit("explore?week=0", reduced_motion="reduce"))
    page.get_by_role("button", name="Play", exact=True).click()
    bar = page.locator(".scrubber")
    assert soon(lambda: bar.get_attribute("aria-valuenow") == bar.get_attribute("aria-valuemax"))


def test_a_rule_is_switched_on_and_its_setting_moved(visit):
    page = ready(visit("explore"))
    page.locator("summary", has_text="more").nth(3).click()
    page.locator("summary", has_text="Common pause").click()
    page.get_by_role("checkbox", name="In force").check()
    page.wait_for_url(lambda url: "governance.common_pause.start=0" in url)
    ready(page)
    page.locator(".stage").get_by_text("rule starts").wait_for()
    page.get_by_role("checkbox", name="In force").uncheck()
    page.wait_for_url(lambda url: "common_pause" not in url)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("cycle.review=900", "cycle.review = 900: must be a number from 0 to 52 weeks"),
        ("scenario=nowhere", "scenario 'nowhere': must be one of"),
        ("governance.rate_limt.start=0", "did you mean"),
        ("Birch%20strategy=bold", "strategy = 'bold': must be one of"),
        ("future=x", "future = 'x': must be a whole number from 0 to 999"),
        ("pin=cycle.review%3D900", "cycle.review = 900"),
    ],
)
def test_an_invalid_link_opens_the_baseline_and_says_what_was_wrong(visit, query, said):
    page = visit(f"explore?{query}")
    page.get_by_role("alert").filter(has_text=said).wait_for()
    ready(page)
    page.wait_for_url("**/explore?scenario=hassabis-baseline")


def test_the_data_and_the_figure_come_as_files(visit, tmp_path):
    import pandas as pd

    page = ready(visit("explore?governance.rate_limit.start=0"))
    page.get_by_role("button", name="Download").click()
    for kind, start in (("CSV", b"future,"), ("SVG", b"<?xml"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=kind).click()
        target = tmp_path / download.value.suggested_filename
        download.value.save_as(target)
        assert target.read_bytes().startswith(start)
        if kind == "CSV":
            table = pd.read_csv(target)
            assert len(table) == 1000
            assert re.search(rf"harm\s+{round(100 * table['catastrophe'].mean())}\s*of 100", tiles(page)[0])


def test_a_guess_comes_before_the_result(visit):
    page = visit("learn")
    page.get_by_role("link", name="What if the human is a handbrake?").click()
    page.get_by_role("slider", name="Your guess").fill("12")
    assert page.locator(".tile").count() == 0
    page.get_by_role("button", name="Show what the model says").click()
    page.locator(".tile").first.filter(has_text="you guessed 12").wait_for()


def test_ten_visitors_at_once_see_their_own_worlds(visit):
    pages = [visit("explore") for _ in range(10)]
    for place, page in enumerate(pages):
        lever(page, SHARE).fill(str(20 * place))
    started = time.monotonic()
    for place, page in enumerate(pages):
        value = "0" if place == 0 else f"{place / 10:g}"
        if place == 8:  # as shipped
            page.locator(".says").filter(has_text="Left to themselves").wait_for(timeout=30_000)
        else:
            page.wait_for_url(lambda url, value=value: re.search(rf"{SHARE}={re.escape(value)}(&|$)", url))
        ready(page)
    assert soon(lambda: len({tuple(tiles(page)) for page in pages}) == 10)
    assert time.monotonic() - started < 60  # a hang, not a speed
