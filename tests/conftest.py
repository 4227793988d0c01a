"""What tests share: a command in this process, the app being served, visits to a screen without complaint."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HARMLESS = "Failed to evaluate Vue script"  # the framework's own remark on its templates
WIDE, PHONE = (1280, 800), (390, 844)


def pytest_addoption(parser):
    """`--traces FOLDER` keeps what Playwright saw of each browser test that fails; `--count N` is how many cases."""
    parser.addoption("--traces", type=Path, help="folder for Playwright traces of browser tests that fail")
    parser.addoption("--count", type=int, help="cases of tests with random decisions; the check takes fewer than 1000")


@pytest.fixture
def count(request):
    """`count(200)`: how many random cases a test takes, unless `--count` says otherwise."""
    asked = request.config.getoption("--count")
    return lambda usual: usual if asked is None else asked


@pytest.fixture
def registries_as_they_were():
    """What a test registers, strategies and rules of its own, is forgotten at its end."""
    from labsim.model.governance import RULES
    from labsim.model.strategies import STRATEGIES
    from labsim.scenario.checked import CATALOGUE, DEFAULTS, TABLES

    kept = [(registry, dict(registry)) for registry in (STRATEGIES, RULES, TABLES, CATALOGUE, DEFAULTS)]
    yield
    for registry, content in kept:
        registry.clear()
        registry.update(content)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Fixtures can tell at their end whether their test failed."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


def pytest_sessionstart(session):
    """Compile the fast engine once, before workers start: they and the processes of tests load it from the cache."""
    if session.config.pluginmanager.hasplugin("dsession"):  # only where there are workers, and not in them
        subprocess.run([sys.executable, "-m", "labsim", "warm"], stdout=subprocess.DEVNULL, check=True)


def soon(holds, seconds=10):
    """Whether something holds within so many seconds: a screen answers a moment after what was done to it."""
    end = time.monotonic() + seconds
    while not (result := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return result


def serve(*options, **more):
    """`labsim app` and the address it says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "labsim", "app", "--no-open", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
    )  # fmt: skip
    return process, process.stdout.readline().removeprefix("labsim: ").strip()


@pytest.fixture
def cli(capfd, monkeypatch):
    """Run a command in this process: (exit code, stdout, stderr)."""
    from labsim.cli import main as cli

    def run(*words):
        monkeypatch.setattr("sys.argv", ["labsim", *words])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfd.readouterr()
        return left.value.code, out, err

    return run


@pytest.fixture(scope="session")
def address():
    """Where the app is served, with the fast engine compiled."""
    from labsim.engines import ensemble

    ensemble.warm()
    process, url = serve("--port", "0")
    yield url
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium; without one on this machine the test is skipped, but never in the full check."""
    if BROWSER is None and not os.environ.get("CI"):
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    playwright = sync_playwright().start()
    browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
    yield browser
    browser.close()
    playwright.stop()


@pytest.fixture
def visit(browser, address, request):
    """`visit("explore?future=3", size=PHONE, color_scheme="dark")`: the page, loaded, in a session of its own.

    At the end of the test nothing may have gone wrong in any of them, and no request left this machine.
    """
    contexts, complaints, asked, traces = [], [], [], request.config.getoption("--traces")

    def open_page(path="", size=WIDE, **more):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, **more)
        contexts.append(context)
        if traces:
            context.tracing.start(screenshots=True, snapshots=True)
        page = context.new_page()
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: asked.append(r.url))
        page.on("websocket", lambda w: asked.append(w.url))
        page.on("response", lambda r: r.status >= 400 and complaints.append(f"{r.status} {r.url}"))
        page.goto(f"{address}/{path}")
        page.get_by_role("main").wait_for(timeout=30_000)
        return page

    yield open_page
    for number, context in enumerate(contexts):
        if traces:
            name = re.sub(r"[^\w.-]+", "-", request.node.name)
            context.tracing.stop(path=traces / f"{name}-{number}.zip" if request.node.failed else None)
        context.close()
    assert [text for text in complaints if HARMLESS not in text] == []
    ours = re.compile(rf"(https?|wss?)://{re.escape(address.removeprefix('http://'))}(/|$)|data:|blob:")
    assert [url for url in asked if not ours.match(url)] == []
