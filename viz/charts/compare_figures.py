"""The figures of the screen Compare: the gap of each world on the same axes, and harm beside its price in time."""

import math
from collections.abc import Callable, Sequence

from labsim.show.numbers import TIMES, half_width, significant
from viz.charts import marks
from viz.charts.svg import Point, area, disc, drawing, line, path, text
from viz.world import said
from viz.world.changes import WEEKS_A_MONTH
from viz.world.compare_runs import Run, letter
from viz.world.measures import MEASURES

GAP_TICKS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
HEIGHT = 176
LEFT, TOP, BOTTOM = 34, 10, 26  # room for the words at the axes


def limits(runs: Sequence[Run]) -> tuple[float, float]:
    """(months, times ahead) up to which all worlds are drawn, so that they can be compared by eye."""
    months = max(run.gap.shape[1] for run in runs) / WEEKS_A_MONTH
    most = max(run.gap.max() for run in runs)
    return max(1.0, months), next((tick for tick in GAP_TICKS if tick >= most and tick > 1), GAP_TICKS[-1])


def gap_figure(run: Run, base: Run, name: str, ends: tuple[float, float], width: float) -> str:
    """One world's gap over months: the middle future, where 80 of 100 lie, and the baseline's middle in grey."""
    months, most = ends
    right, low, high = width - 6, HEIGHT - BOTTOM, TOP

    def x(week: float) -> float:
        return LEFT + (right - LEFT) * week / WEEKS_A_MONTH / months

    def y(times: float) -> float:
        return low - (low - high) * math.log(max(1.0, times)) / math.log(most)

    shown = [t for t in GAP_TICKS if t <= most]
    body = [line(LEFT, y(t), right, y(t), "axis" if t == 1 else "grid") for t in shown]
    body += [text(LEFT - 6, y(t) + 4, f"{t:,}{TIMES}", anchor="end") for t in shown]
    step = next((s for s in MONTH_STEPS if months / s <= (width - LEFT) / 42), MONTH_STEPS[-1])
    for month in range(0, int(months) + 1, step):
        body.append(text(x(month * WEEKS_A_MONTH), HEIGHT - 8, str(month), "t-mute", "middle"))
    low_line, middle, high_line = (_line(values, x, y) for values in run.gap)
    body.append(area(high_line, low_line, "band"))
    if run is not base:
        other = _line(base.gap[1], x, y)
        (end_x, end_y) = other[-1]
        body += [path(other, "base-line"), line(end_x, end_y - 5, end_x, end_y + 5, "base-line")]
    body.append(path(middle, "true"))
    first = run.level(MEASURES["first"])
    if first.n:
        body.append(marks.closed(x(first.mean * WEEKS_A_MONTH), y(1), 3.2))
    return drawing(width, HEIGHT, "".join(body), f"The gap in {name}", gap_words(run, first.mean if first.n else None))


def gap_words(run: Run, first: float | None) -> str:
    """The same figure for readers that do not see it; `first` is the month of the first closure."""
    last = run.gap.shape[1] - 1
    told = [
        f"month {week / WEEKS_A_MONTH:.0f}: {middle:.1f} times ahead, 80 of 100 futures from {low:.1f} to {high:.1f}"
        for week in sorted({0, last // 2, last})
        for low, middle, high in [run.gap[:, week]]
    ]
    closing = "Nobody closes." if first is None else f"The first lab closes in month {first:.0f} on average."
    return f"{'; '.join(told)}. {closing}"


def trade_figure(runs: Sequence[Run], names: Sequence[str], base: int, width: float, height: float = 320) -> str:
    """Every harm beside its price in time: a dot a world, with its 95 % interval both ways."""
    points = []
    for place, run in enumerate(runs):
        harm, delay = run.level(MEASURES["harm"]), run.level(MEASURES["delay"])
        if delay.n:
            points.append((place, delay, harm))
    if not points:
        return ""
    left, right, top, low = 40, width - 12, 26, height - 44
    across = _axis([d.mean + s * half_width(d.se) for _, d, _ in points for s in (-1, 1)], 2.0)
    up = _axis([h.mean + s * half_width(h.se) for _, _, h in points for s in (-1, 1)], 5.0)

    def x(value: float) -> float:
        return left + (right - left) * (value - across[0]) / (across[-1] - across[0])

    def y(value: float) -> float:
        return low - (low - top) * (value - up[0]) / (up[-1] - up[0])

    body = [line(left, y(t), right, y(t)) + text(left - 8, y(t) + 4, _tick(t), anchor="end") for t in up]
    body += [text(x(t), low + 20, _tick(t), "t-mute", "middle") for t in across]
    body.append(text(left - 30, 12, "futures that end in harm, of 100", "t-mute"))
    body.append(text(right, height - 6, "good things come later by, months", "t-mute", "end"))
    taken: list[tuple[float, float, float]] = []
    for place, delay, harm in points:
        cx, cy, kind = x(delay.mean), y(harm.mean), "base-line" if place == base else "ink-line"
        body.append(line(x(delay.mean - half_width(delay.se)), cy, x(delay.mean + half_width(delay.se)), cy, kind))
        body.append(line(cx, y(harm.mean - half_width(harm.se)), cx, y(harm.mean + half_width(harm.se)), kind))
        body.append(disc(cx, cy, 7, "paper-fill") + disc(cx, cy, 5, "base-dot" if place == base else "ink-fill"))
    for place, delay, harm in points:
        words = f"{letter(place)}  {_cut(names[place], int((width - 60) / 15))}"
        body.append(_label(x(delay.mean), y(harm.mean), words, right, taken))
    told = "; ".join(
        f"{letter(place)}, {names[place]}: harm in {said.level_words(harm)} of 100 futures, "
        f"good things {said.level_words(delay)} months later"
        for place, delay, harm in points
    )
    return drawing(width, height, "".join(body), "Harm beside its price in time", f"{told}.")


def _label(cx: float, cy: float, words: str, right: float, taken: list[tuple[float, float, float]]) -> str:
    """A name beside its dot, moved down past names that are there already."""
    long = 7.0 * len(words)
    start = cx + 14 if cx + 14 + long < right else cx - 14 - long
    y = cy - 9
    while any(abs(y - other) < 17 and start < end and begin < start + long for begin, end, other in taken):
        y += 17
    taken.append((start, start + long, y))
    on_the_left = start < cx
    return text(start + long if on_the_left else start, y, words, "t-ink halo", "end" if on_the_left else "start")


def _axis(values: Sequence[float], least: float) -> list[float]:
    """Four to seven round numbers that hold these values; no axis is shorter than `least`."""
    low, high = min(values), max(values)
    middle, half = (low + high) / 2, max(high - low, least) / 2
    low, high = middle - half, middle + half
    rough = (high - low) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough)
    first = math.floor(low / step)
    return [k * step for k in range(first, math.ceil(high / step) + 1)]


def _tick(value: float) -> str:
    return significant(value, 10)


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 2].rstrip(' ,;:')} …"


def _line(values: Sequence[float], x: Callable[[float], float], y: Callable[[float], float]) -> list[Point]:
    """A number a week as points of the drawing."""
    return [(x(week), y(value)) for week, value in enumerate(values)]
