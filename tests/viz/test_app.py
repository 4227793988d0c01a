"""The app as a person meets it: in a browser, with no network, on a wide screen and on a phone."""

import http.client
import re
import signal
import socket

import pytest

from tests.conftest import PHONE, WIDE, serve, soon

LINE = re.compile(
    r"You (kept|removed) the human\..*\s+You finished \w+\. Harm in \d+ of 100 futures\.\s+"
    r"If everybody had kept the human: \d+ of 100\."
)


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
def page(request, visit):
    """The first screen."""
    return visit(size=request.param)


@pytest.mark.browser
@pytest.mark.parametrize(("button", "word"), [("Keep the human", "kept"), ("Remove the human", "removed")])
def test_a_choice_gives_a_result_beside_the_world_in_which_all_keep(page, button, word):
    page.get_by_role("button", name=button, exact=True).click()
    status = page.get_by_role("status")
    status.filter(has_text="of 100 futures").wait_for(timeout=15_000)
    assert LINE.fullmatch(status.inner_text().strip()).group(1) == word


@pytest.mark.browser
def test_the_keyboard_is_enough(page):
    button = page.get_by_role("button", name="Remove the human", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Skip to the end").focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").filter(has_text="of 100 futures").wait_for(timeout=15_000)
    assert "You removed the human" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Try again").wait_for()
    page.get_by_role("button", name="Skip to the end").wait_for(state="detached")
    assert soon(lambda: page.evaluate("document.activeElement.id") == "answer")
    page.keyboard.press("Tab")
    assert soon(lambda: page.evaluate("document.activeElement.innerText").startswith("Try again"))


@pytest.mark.browser
def test_both_choices_are_seen_without_scrolling_and_nothing_is_cut_off(page):
    size = page.viewport_size
    for name in ("Keep the human", "Remove the human"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box["y"] + box["height"] <= size["height"] and box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.get_by_text("A model for reasoning about incentives. Not a forecast.").is_visible()
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.fonts.check('500 42px \"Source Serif 4\"')")
    assert page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').length") >= 2


def test_it_serves_this_machine_only_and_ends_cleanly():
    """Also where Ctrl-C was ignored before, as for what a script starts in the background."""
    process, url = serve("--port", "0", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == "" and "Traceback" not in err and len(err.splitlines()) <= 1


def test_a_taken_port_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process, _ = serve("--port", str(port))
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err == f"labsim: --port {port}: Address already in use; try another one, or --port 0 for a free one\n"
