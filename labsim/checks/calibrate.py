"""Where the defaults come from: the gains of a cycle, the pace of the frontier, METR's time horizons.

`cycle` is a closed form, `frontier` and `doubling_days_single_lab` run races, `horizons` fits data.
Each returns a plain dict of numbers (None where a number does not exist), ready for JSON.
"""

import csv
import datetime
import math
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from labsim.engines import ensemble
from labsim.engines.mesa_engine import Race
from labsim.model.self_improvement import alignment_reading, score_weights, selection
from labsim.scenario.checked import START_DATE
from labsim.scenario.scenario import Scenario
from labsim.show.plots import FAINT, INK, INK_2, INK_3, LINE, PAPER, SUNK
from labsim.show.words import NOT_A_FORECAST

DATA = Path(__file__).with_name("metr_time_horizons.csv")
QUANTILES = ("p50", "p80")
WEEKS_ALONE = 1.85  # of machine and of review, at which one lab alone has METR's pace since 2023
RELIABLE = 960.0  # minutes: METR calls longer 50 % horizons unreliable on its suite
SINCE = {"all_time": None, "since_2023": datetime.date(2023, 1, 1), "since_2024": datetime.date(2024, 1, 1)}
YEAR = 365.25  # days, for METR's trend; the model's year has 52 weeks


def cycle(scenario: Scenario | None = None) -> dict[str, Any]:
    """Expected growth of capability and alignment in one cycle, with a human and without.

    The breeder's equation, E[gain] = cov(gain, score) e_n / sd(score), at C = 1 with a fresh exam
    (sight 1 - f), before veto, meta-learning and returns to research, for a lab that overrides
    nothing and the form best_of_n. Without a scenario: all defaults.

    Returns {"keep": {"capability_rate", "alignment_rate"}, "remove": the same, "true": {"keep",
    "remove"}, "measured": {"keep", "remove"}}. A rate is the factor a cycle, exp(E[gain]); true and
    measured are the chosen edit's expected effect on ln A, as it is and as the lab measures it.
    """
    rows = (scenario or Scenario("defaults")).rows()
    own, sight = SimpleNamespace(**rows["cycle"]), 1.0 - rows["faking"]["initial"]
    answer: dict[str, Any] = {"keep": {}, "remove": {}, "true": {}, "measured": {}}
    for option, human in (("keep", 1.0), ("remove", 0.0)):
        a, variance = alignment_reading(own, sight, 0.0, human, 1.0)
        c, d, sd = selection(own, a, variance)
        strength = own.expected_best / sd if sd > 0.0 else 0.0
        v = score_weights(own, variance)[1]
        answer[option] = {"capability_rate": math.exp(strength * c), "alignment_rate": math.exp(strength * d)}
        answer["true"][option] = strength * d
        answer["measured"][option] = strength * (a * d + v * variance)  # cov(reading, score) = a d + v variance
    return answer


def _capabilities(scenario: Scenario, weeks: Sequence[int], replications: int, seed: int) -> np.ndarray:
    """x = ln C of every lab at the end of these ascending weeks (0 is the start).

    Shape (replications, weeks, labs).
    """
    if replications < 1:
        raise ValueError(f"replications = {replications}: must be at least 1")
    _, _, labs = ensemble.trace(scenario, 0, replications, seed, ("log_capability",), weeks=max(weeks))
    start = np.array([
        [lab.log_capability for lab in Race(scenario, seed, r, collect=False).labs] for r in range(replications)
    ])  # fmt: skip
    return np.stack([labs[:, week - 1, :, 0] if week else start for week in weeks], axis=1)


def _mean(values: np.ndarray) -> dict[str, float | None]:
    """Mean and standard error of independent values; no standard error for a single one."""
    n = len(values)
    return {"mean": float(values.mean()), "se": float(values.std(ddof=1) / math.sqrt(n)) if n > 1 else None}


def frontier(scenario: Scenario | None = None, replications: int = 200, seed: int = 0) -> dict[str, Any]:
    """How fast the most capable lab improves in a race in which every lab keeps its human.

    The frontier is the largest x over labs, whoever leads; its growth is taken from week 0 to week
    104, over two years of 52 weeks. No finish line, no outside evaluators. Without a scenario: all
    defaults. Raises ValueError for fewer than one replication.

    Returns {"logs_per_year": {"mean", "se"}, "reference", "reference_ci95"}: the reference is METR's
    trend since 2023 in logs of horizon a year of 365.25 days, its interval that of `horizons`.
    """
    kept = (scenario or Scenario("frontier")).with_strategy("keeper")
    kept = kept.with_paths({"race.weeks": 104, "race.finish_form": "none", "evaluators.number": 0})
    leader = _capabilities(kept, (0, 104), replications, seed).max(axis=2)
    metr = time_horizon_fit(since=SINCE["since_2023"])
    logs = [math.log(2.0) * YEAR / days for days in (metr["doubling_days"], *reversed(metr["ci95"]))]
    pace = _mean((leader[:, 1] - leader[:, 0]) / 2.0)
    return {"logs_per_year": pace, "reference": logs[0], "reference_ci95": logs[1:]}


def doubling_days_single_lab(replications: int = 1000, seed: int = 0, weeks: float = WEEKS_ALONE) -> dict[str, Any]:
    """Days in which one lab alone doubles its capability: the limit without race and automation.

    Machine and review of so many weeks each, both of constant length and quality (machine_falls = grip =
    0), no market, no finish line. Growth of the mean x between weeks 8 and 208: the end points are
    the most precise estimate of the drift of a random walk. The standard error is by the delta
    method. Raises ValueError for fewer than one replication.

    Returns {"doubling_days": {"mean", "se"}, "reference"}: METR's doubling time since 2023.
    """
    alone = Scenario("one lab").with_({
        "race.labs": 1, "race.weeks": 208, "race.finish_form": "none", "evaluators.number": 0,
        "cycle.machine": weeks, "cycle.review": weeks, "cycle.machine_falls": 0.0, "cycle.grip": 0.0,
        "competition.market_pull": 0.0,
    }).with_strategy("keeper")  # fmt: skip
    x = _capabilities(alone, (8, 208), replications, seed)[:, :, 0]
    growth = _mean((x[:, 1] - x[:, 0]) / (200 * 7))
    days = math.log(2.0) / growth["mean"]
    se = None if growth["se"] is None else days * growth["se"] / growth["mean"]
    metr = time_horizon_fit(since=SINCE["since_2023"])
    return {"doubling_days": {"mean": days, "se": se}, "reference": metr["doubling_days"]}


@lru_cache(maxsize=1)
def time_horizons() -> tuple[dict[str, Any], ...]:
    """METR's table in order of release: model, release (date), p50 and p80 (minutes), sota (bool)."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple(
            {
                "model": row["model"], "release": datetime.date.fromisoformat(row["release"]),
                "p50": float(row["p50_minutes"]), "p80": float(row["p80_minutes"]), "sota": row["sota"] == "y",
            }
            for row in rows
        )  # fmt: skip


def _week_0(date: datetime.date) -> int:
    """Days from week 0 of the model to a date."""
    return (date - START_DATE).days


def time_horizon_fit(quantile: str = "p50", since: datetime.date | None = None) -> dict[str, Any]:
    """Least-squares line of log2(horizon) on the date of release: METR's trend.

    Over models that were state of the art at release, released on or after `since`, with a 50 %
    horizon of at most 16 hours; `quantile` says which horizon is fitted. Raises ValueError for
    another quantile, or if fewer than three models are left.

    Returns {"doubling_days", "n", "r2", "ci95", "hours_at_week_0"}. ci95 is the 95 % t-interval of
    the slope, n - 2 degrees of freedom, turned into days [low, high]: it takes the horizons as
    exact and models as independent, so it is not METR's interval (104.4 to 158.0 days since 2023),
    a hierarchical bootstrap over tasks and runs. Days are None where the slope is not positive.
    hours_at_week_0 is the fitted horizon on 1 April 2026, in hours of human work.
    """
    from scipy import stats  # late: a third of a second to import, which starting the app would wait for

    if quantile not in QUANTILES:
        raise ValueError(f"quantile = {quantile!r}: must be one of {', '.join(QUANTILES)}")
    rows = [r for r in time_horizons() if r["sota"] and r["p50"] <= RELIABLE and (not since or r["release"] >= since)]
    if len(rows) < 3:
        raise ValueError(f"since = {since}: {len(rows)} models left: a fit needs at least 3")
    line = stats.linregress([_week_0(r["release"]) for r in rows], [math.log2(r[quantile]) for r in rows])
    margin = stats.t.ppf(0.975, len(rows) - 2) * line.stderr
    days = [float(1.0 / s) if s > 0.0 else None for s in (line.slope, line.slope + margin, line.slope - margin)]
    return {
        "doubling_days": days[0], "n": len(rows), "r2": float(line.rvalue**2), "ci95": days[1:],
        "hours_at_week_0": float(2.0**line.intercept / 60.0),
    }  # fmt: skip


def horizons() -> dict[str, Any]:
    """METR's trends of the 50 % time horizon, and what C = 1 means in hours.

    Returns {"all_time", "since_2023", "since_2024": see `time_horizon_fit`, "hours_at_c1"}. C = 1 is
    the median lab at week 0, taken to be at METR's frontier: the since-2023 line on 1 April 2026.
    """
    fits = {name: time_horizon_fit(since=since) for name, since in SINCE.items()}
    return {**fits, "hours_at_c1": fits["since_2023"]["hours_at_week_0"]}


TICKS = {"1 second": 1 / 60, "1 minute": 1, "1 hour": 60, "1 work day": 480, "1 work week": 2400}  # minutes of work
TRENDS = {"since_2024": (INK_3, 1.1, 24), "since_2023": (INK, 1.7, -1), "all_time": (FAINT, 1.1, -26)}  # label: up by
NAMED = {"GPT-2": "left", "GPT-4": "right", "GPT-5": "right", "Claude Opus 4.6": "right"}  # the side that is flush
NOTE = (
    "Filled: the best at their release, up to 16 hours. Lines are least-squares fits to these{brackets}. Data: METR "
    "Time Horizon 1.1 (method: Kwa et al., arXiv 2503.14499). " + NOT_A_FORECAST
)


def draw_horizons(path: str | Path, width: float = 9.0, height: float = 5.6) -> Any:
    """Draw METR's time horizons, the three trends up to week 0, and the line of C = 1.

    `width` and `height` are in inches at 150 dots each; below 6 inches there are fewer words. The
    suffix of `path` is the format. Returns the matplotlib Figure. Raises ValueError for a format
    matplotlib does not know, OSError if the file cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.patheffects import withStroke

    wide, answer, models = width >= 6.0, horizons(), time_horizons()
    figure = Figure(figsize=(width, height), dpi=150, facecolor=PAPER)
    left, right, low, high = (1.0, 1.95, 0.9, 0.95) if wide else (1.0, 1.0, 1.2, 1.05)
    box = (left / width, low / height, 1 - (left + right) / width, 1 - (low + high) / height)
    axes = figure.add_axes(box, facecolor="none", yscale="log", ylim=(1 / 80, 3200))
    start, halo = _week_0(datetime.date(2018, 10, 1)), [withStroke(linewidth=3, foreground=PAPER)]

    def say(x: float, y: float, text: str, dx: float, dy: float, **style: Any) -> None:
        style = {"fontsize": 8.5, "color": INK_2, "va": "center", **style}
        axes.annotate(text, (x, y), (dx, dy), textcoords="offset points", annotation_clip=False, **style)

    def write(top: float, text: str, **style: Any) -> None:
        text = textwrap.fill(text, int(15.5 * (width - 0.3)))
        figure.text(0.16 / width, top / height, text, va="top", **{"fontsize": 8.5, "color": INK_3, **style})

    axes.spines[:].set_visible(False)
    axes.minorticks_off()
    axes.set_yticks(list(TICKS.values()), list(TICKS))
    years = range(2019, START_DATE.year + 1, 1 if wide else 2)
    axes.set_xticks([_week_0(datetime.date(year, 1, 1)) for year in years], [str(year) for year in years])
    axes.set_xlim(start, 14)
    axes.tick_params(length=0, labelcolor=INK_3, labelsize=8.5, pad=6)
    axes.hlines([m for name, m in TICKS.items() if name != "1 work day"], start, 14, LINE, linewidth=0.75, zorder=0)
    axes.axhspan(RELIABLE, 3200, color=SUNK, linewidth=0, zorder=-1)
    beyond = "beyond what these tests can tell" if wide else "unreliable"
    say(start, RELIABLE, f"above 16 hours: {beyond}", 4, 8, color=INK_3)
    hours, meaning = answer["hours_at_c1"], " of human work, in April 2026" if wide else ""
    axes.hlines(60 * hours, start, 0, INK, linewidth=0.75)
    say(start, 60 * hours, f"C = 1 is {hours:.1f} hours{meaning}", 4, -8, color=INK)

    for name, (colour, stroke, up) in TRENDS.items():
        fit, first = answer[name], _week_0(SINCE[name] or models[0]["release"])
        days, end = fit["doubling_days"], 60.0 * fit["hours_at_week_0"]
        axes.plot([first, 0], [end * 2.0 ** (first / days), end], color=colour, linewidth=stroke)
        brackets = " ({:.0f} to {:.0f})".format(*fit["ci95"]) if wide else ""
        text = name.replace("_", " ") + (": doubles every" if wide else "") + f"\n{days:.0f} days{brackets}"
        leader = {"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 2, "shrinkB": 1}
        say(0, end, text, 20, up, color=INK if up == -1 else INK_2, arrowprops=leader)
    for row in models:
        x, fitted = _week_0(row["release"]), row["sota"] and row["p50"] <= RELIABLE
        face, edge, size = (INK, INK, 5.5) if fitted else (PAPER, FAINT, 4.5)
        axes.plot(x, row["p50"], "o", mfc=face, mec=edge, ms=size, mew=0.9, clip_on=False, zorder=3)
        if row["model"] in NAMED and (wide or "4.6" not in row["model"]):
            side = NAMED[row["model"]]
            say(x, row["p50"], row["model"], -6, 10 if side == "left" else 6, ha=side, color=INK_3, path_effects=halo)
    write(height - 0.12, "The longest task an AI can do alone", family="DejaVu Serif", fontsize=14, color=INK)
    write(height - 0.46, "Length in human working time of the tasks it completes half of the time, by date of release")
    write(low - 0.38, NOTE.format(brackets=", 95 % interval in brackets" if wide else ", with days to double"))
    figure.savefig(path, facecolor=PAPER)
    return figure
