"""The server goes while a page is open: the page says what to do, and comes back by itself with the same world."""

import re
import signal

import pytest

from labsim.engines import ensemble
from tests.conftest import serve, soon

LINK = "/explore?scenario=five-calculators&competition.winner_share=0.4&future=17"


@pytest.fixture
def page(browser):
    """A page of an app that the test may kill, with the fast engine compiled."""
    ensemble.warm()
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    yield opened
    opened.close()


def numbers(page):
    """The results of the world that is looked at, when they stand."""
    page.locator('.right[aria-busy="false"] .tiles').wait_for(timeout=120_000)
    return page.locator(".tiles").inner_text()


@pytest.mark.browser
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=["killed", "ended"])
def test_a_page_outlives_its_server(page, end):
    process, address = serve("--port", "0")
    port = address.rpartition(":")[2]
    try:
        page.goto(address + LINK)
        before = numbers(page)
        process.send_signal(end)
        process.communicate(timeout=20)
        told = page.get_by_role("dialog", name="labsim does not answer")
        told.wait_for(timeout=20_000)
        assert f"labsim app --port {port}" in told.inner_text()
        page.keyboard.press("Escape")  # nothing below it can be used
        assert told.is_visible()
        assert page.get_by_text("Server disconnected").is_hidden()
        process, again = serve("--port", port)
        assert again == address
        told.wait_for(state="detached", timeout=60_000)
        assert numbers(page) == before
        assert page.url == address + LINK
        assert page.locator(".v-dialog--active, .v-alert").count() == 0
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.mark.browser
def test_a_session_that_was_forgotten_comes_back_from_its_link(page):
    process, address = serve("--port", "0")
    try:
        page.goto(address + LINK)
        before = numbers(page)
        page.evaluate("window.before = true")
        page.evaluate("solara.debug.kernel()._ws.close()")  # a blip: the session is there, so is the page
        assert soon(lambda: page.evaluate("solara.debug.reconnectCount") == 1, 30)
        assert page.evaluate("window.before") and page.get_by_role("dialog").count() == 0
        page.context.set_offline(True)
        page.evaluate("solara.debug.kernel()._ws.close()")
        kernel = page.evaluate("solara.debug.kernel().id")
        session = page.evaluate("solara.debug.kernel().clientId")
        page.request.post(f"{address}/_solara/api/close/{kernel}?session_id={session}")
        with page.expect_navigation(timeout=60_000):
            page.context.set_offline(False)
        assert not page.evaluate("window.before || false")
        assert numbers(page) == before and re.search("future=17", page.url)
    finally:
        process.kill()
        process.communicate(timeout=20)
