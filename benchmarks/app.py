"""How fast the app answers, measured in a real browser: from the move of a lever to what stands on the screen.

    python benchmarks/app.py [--moves 15]

Three medians: charts and tiles on 256 futures, on 1000, and the game with its sentence. Needs chromium and playwright.
"""

import argparse
import shutil
import statistics
import subprocess
import sys

from playwright.sync_api import sync_playwright

from labsim.engines import ensemble

LEVER = "competition.winner_share"
GOALS = {"256 futures": 200, "1,000 futures": 1000, "the game and the sentence": 2000}
WATCH = """async ([path, place]) => {
  const input = document.querySelector(`input[data-path="${path}"]`), found = {}, start = performance.now();
  const tiles = () => document.querySelector(".tiles"), counted = () => document.querySelector(".counted").innerText;
  const before = tiles().innerText;
  input.value = place;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  return await new Promise((done, fail) => {
    const look = () => {
      const now = performance.now() - start, text = counted(), own = tiles().innerText !== before && !tiles().classList.contains("old");
      if (own && found["256 futures"] === undefined && /^(256|1,000) futures/.test(text)) found["256 futures"] = now;
      if (own && found["1,000 futures"] === undefined && text.startsWith("1,000 futures")) found["1,000 futures"] = now;
      if (found["1,000 futures"] !== undefined && !text.includes("updating")) { found["the game and the sentence"] = now; done(found); return; }
      if (now > 20000) { fail(new Error(text)); return; }
      requestAnimationFrame(look);
    };
    look();
  });
}"""  # noqa: E501 (a program of its own)


def main() -> None:
    """Serve the app, move a lever, print the medians beside the goals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=15, help="moves of the lever")
    moves = parser.parse_args().moves
    ensemble.warm()
    served = subprocess.Popen(
        [sys.executable, "-m", "labsim", "app", "--no-open", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        address = served.stdout.readline().removeprefix("labsim: ").strip()
        with sync_playwright() as playwright:
            result = measure(playwright, address, moves)
    finally:
        served.terminate()
    print(f"from a move of {LEVER} to the screen, {moves} moves, milliseconds")
    for what, goal in GOALS.items():
        times = sorted(move[what] for move in result)
        ninth = times[min(len(times) - 1, round(0.9 * len(times)))]
        print(f"  {what:<26} median {statistics.median(times):5.0f}   nine in ten {ninth:5.0f}   goal {goal:5}")


def measure(playwright, address: str, moves: int) -> list[dict[str, float]]:
    """The times of each move, in milliseconds."""
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/explore")
    page.locator(".counted").filter(has_text="1,000").filter(has_not_text="updating").wait_for(timeout=60_000)
    result = []
    for move in range(moves):
        result.append(page.evaluate(WATCH, [LEVER, 5 + (move * 190) // moves]))
        page.wait_for_timeout(400)
    browser.close()
    return result


if __name__ == "__main__":
    main()
