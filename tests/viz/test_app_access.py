"""Every screen for everybody: no serious finding of axe-core, one main heading, light and dark, wide and phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import PHONE, WIDE
from viz.app import routes

pytestmark = pytest.mark.browser
SHOWS_MORE = {"explore": "governance.rate_limit.start=0&governance.rate_limit.min_weeks=3",
              "compare": "pin=scenario%3Dfive-calculators"}  # fmt: skip
MESAS_OWN = "mesa"  # its parts are Mesa's, not ours to mend
PATHS = [route.path.strip("/") for route in routes if route.path != MESAS_OWN]
SCREENS = [f"{path}?{SHOWS_MORE[path]}" if path in SHOWS_MORE else path for path in PATHS]
GRAVE = ("serious", "critical")


def settled(page):
    """The page, once no part of it says that it is updating."""
    page.wait_for_timeout(600)
    page.wait_for_function("!/updating|Running/.test(document.querySelector('main').innerText)", timeout=45_000)
    return page


@pytest.mark.parametrize("screen", SCREENS, ids=lambda s: s.partition("?")[0] or "home")
@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide-light", "phone-dark"])
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(visit, screen, size, scheme):
    axe = Axe()
    page = settled(visit(screen, size, color_scheme=scheme))
    result = axe.run(page).response["violations"]
    grave = [(v["id"], v["impact"], [n["html"][:160] for n in v["nodes"]][:5]) for v in result if v["impact"] in GRAVE]
    assert grave == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.get_by_role("main").count() == 1
    assert page.get_by_text("A model for reasoning about incentives. Not a forecast.").is_visible()


@pytest.mark.parametrize("screen", SCREENS, ids=lambda s: s.partition("?")[0] or "home")
def test_every_figure_has_its_text(visit, screen):
    page = settled(visit(screen))
    silent = page.evaluate("""() => [...document.querySelectorAll('main svg')]
        .filter((s) => s.getBoundingClientRect().width > 60)
        .filter((s) => !s.closest('[aria-hidden="true"], [role="img"][aria-label]')
            && !s.getAttribute('aria-label') && !s.querySelector('title'))
        .map((s) => s.outerHTML.slice(0, 120))""")
    assert silent == []


def test_the_keyboard_reaches_every_lever_and_moves_it(visit):
    page = settled(visit("explore"))
    page.locator("body").press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    slider = page.locator('input[data-path="competition.winner_share"]').first
    slider.focus()
    before = slider.get_attribute("aria-valuetext")
    slider.press("ArrowLeft")
    page.wait_for_function("before => document.activeElement.getAttribute('aria-valuetext') !== before", arg=before)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
