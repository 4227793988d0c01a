"""Draws docs/app.png, the picture of the app in the README, from the app itself: python docs/make_app_picture.py

Needs chromium and playwright (the `dev` extra).
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

TARGET = Path(__file__).parent / "app.png"
VIEW = "explore?governance.rate_limit.start=26&governance.rate_limit.min_weeks=4&future=3&week=60"

served = subprocess.Popen(
    [sys.executable, "-m", "labsim", "app", "--no-open", "--port", "0"], stdout=subprocess.PIPE, text=True
)
try:
    address = served.stdout.readline().removeprefix("labsim: ").strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1.5)
        page.goto(f"{address}/{VIEW}")
        page.locator(".counted").filter(has_text="1,000").filter(has_not_text="updating").wait_for(timeout=120_000)
        page.wait_for_timeout(500)
        page.screenshot(path=TARGET)
finally:
    served.send_signal(signal.SIGINT)
