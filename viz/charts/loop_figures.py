"""The figures of the loop: its six steps as a ring, the time of a cycle, the edits as measured against the truth."""

import math

import numpy as np

from labsim.show.numbers import fixed
from viz.charts.marks import HEAD, SHOULDERS
from viz.charts.svg import Point, disc, drawing, line, number, path, rect, text
from viz.world.one_cycle import Moment, Option, percent
from viz.world.said import signed
from viz.world.world import KEEP, REMOVE

STEPS = (("Propose", "{n} edits"), ("Test", "by machine"), ("Review", "by a human"), ("Choose", "the best of {n}"),
         ("Build in", "into the lab"), ("Learn", "for next time"))  # fmt: skip
HUMAN = 2  # the place of the step that a person takes
MANY = 16  # beyond so many candidates they are dots without numbers
BEYOND = 2.2  # standard deviations that a plot reaches, and more where an edit lies further out


def ring(n: int, weeks: float) -> str:
    """The six steps of a cycle; the human is the third."""
    width, height, radius = 350.0, 276.0, 84.0
    middle = (width / 2, height / 2)

    def point(step: float) -> Point:
        angle = math.radians(60 * step - 90)
        return middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)

    circle = '<circle class="axis" style="stroke-width:2" {}/>'
    body = [circle.format(f'cx="{number(middle[0])}" cy="{number(middle[1])}" r="{number(radius)}"')]
    (x1, y1), (x2, y2) = point(1.5), point(2.5)
    arc = f"M{number(x1)} {number(y1)} A{number(radius)} {number(radius)} 0 0 1 {number(x2)} {number(y2)}"
    body.append(f'<path class="k-line" style="stroke-width:6;stroke-linecap:butt" d="{arc}"/>')
    for step in range(6):
        (x, y), mark = point(step + 0.5), "k-line" if step in (HUMAN - 1, HUMAN) else "axis"
        turn = f"translate({number(x)} {number(y)}) rotate({number(60 * step + 30)})"
        body.append(disc(x, y, 8, "paper-fill"))
        body.append(f'<path class="{mark}" style="stroke-width:2.5" d="M-4 -6 L4 0 L-4 6" transform="{turn}"/>')
    for step, (name, about) in enumerate(STEPS):
        body.append(_step(step, name, about.format(n=n), *point(step)))
    body.append(text(middle[0], middle[1] - 4, "one cycle", "t-mute", "middle"))
    body.append(text(middle[0], middle[1] + 18, f"{fixed(weeks, 1)} weeks", "t-ink serif t-xl", "middle"))
    said = ", ".join(f"{name.lower()} {about.format(n=n)}" for name, about in STEPS)
    return drawing(width, height, "".join(body), "The six steps of one cycle", f"{said.capitalize()}.")


def _step(step: int, name: str, about: str, x: float, y: float) -> str:
    """One step: its disc, its name and what is done."""
    mine = step == HUMAN
    anchor = "middle" if step in (0, 3) else "start" if step in (1, 2) else "end"
    dx, dy = {"middle": 0, "start": 26, "end": -26}[anchor], {0: -39, 3: 36}.get(step, 0)
    if mine:
        glyph = f'<g transform="translate({number(x)} {number(y)}) scale(1.75)" style="fill:var(--on-kept)">'
        body = disc(x, y, 21, "paper-fill") + disc(x, y, 19, "k-fill") + f"{glyph}{HEAD}{SHOULDERS}</g>"
    else:
        edge = '<circle style="fill:var(--paper);stroke:var(--ink);stroke-width:1.5" '
        body = disc(x, y, 18, "paper-fill") + f'{edge}cx="{number(x)}" cy="{number(y)}" r="15"/>'
        body += text(x, y + 5, str(step + 1), "t-ink t-b", "middle")
    body += text(x + dx, y - 1 + dy, name, "t-lg t-b " + ("t-kept" if mine else "t-ink"), anchor)
    return body + text(x + dx, y + 15 + dy, about, "t-kept" if mine else "t-mute", anchor)


def times(moment: Moment) -> str:
    """How long a cycle takes with the human and without: two bars on one scale."""
    keep, remove, width = moment.weeks[KEEP], moment.weeks[REMOVE], 330.0
    scale, extra = width / max(keep, remove), keep - remove
    machine = remove * scale
    body = [text(0, 12, f"with the human: {fixed(keep, 1)} weeks", "t-ink"), rect(0, 20, machine, 14, "ink-fill")]
    if extra > 0:
        body.append(rect(machine + 2, 20, max(0.0, extra * scale - 2), 14, "k-fill"))
        body.append(text(max(machine + 2, 96), 50, f"human review {fixed(extra, 1)}", "t-kept t-b"))
    body.append(text(0, 50, f"machine {fixed(remove, 1)}", "t-ink"))
    body += [text(0, 78, f"without: {fixed(remove, 1)} weeks", "t-ink"), rect(0, 86, machine, 14, "ink-fill")]
    said = f"With the human {fixed(keep, 1)} weeks, without {fixed(remove, 1)}."
    return drawing(width, 102, "".join(body), "Time of one cycle", said)


def reach(options: dict[str, Option], luck: int) -> float:
    """How far both plots reach on each side, in percent: the same for all lucks but those far out."""
    usual = max(BEYOND * float(option.measured_a.std()) for option in options.values())
    seen = max(float(np.abs(values[luck]).max()) for o in options.values() for values in (o.measured_a, o.true_a))
    return float(percent(1.04 * max(usual, seen)))


def scatter(option: Option, luck: int, choice: str, most: float) -> str:
    """Each edit: its measured change of alignment across, the true one up; the one that is taken stands out."""
    width, height, left, right, top, bottom = 357.0, 296.0, 42.0, 12.0, 8.0, 40.0
    measured, true = percent(option.measured_a[luck]), percent(option.true_a[luck])
    taken = None if option.vetoed[luck] else int(option.taken[luck])

    def place(x: float, y: float) -> Point:
        across = left + (x + most) / (2 * most) * (width - left - right)
        return across, height - bottom - (y + most) / (2 * most) * (height - top - bottom)

    body = []
    for tick in _ticks(most):
        (x, low), y = place(tick, -most), place(-most, tick)[1]
        words = ("+" if tick > 0 else "") + fixed(tick)
        body += [line(x, top, x, low), text(x, low + 18, words, "t-mute", "middle")]
        body += [line(left, y, width - right, y), text(left - 8, y + 4, words, "t-mute", "end")]
    body += [
        path([place(-most, -most), place(most, most)], "axis"),
        _on_the_line(place(-most, -most), place(most, most)),
    ]
    body.append(text(left + (width - left - right) / 2, height - 4, "measured change in alignment, %", "", "middle"))
    middle = (height - bottom + top) / 2
    body.append(text(9, middle, "true change, %", "", "middle", f'transform="rotate(-90 9 {number(middle)})"'))
    few = len(true) <= MANY
    for edit, (x, y) in enumerate(zip(measured, true, strict=True)):
        if few:
            body.append(line(*place(x, y), *place(y, y), "axis"))
        if edit != taken:
            body.append(_edit(*place(x, y), edit + 1 if few else None))
    if taken is not None:
        corner = place(measured[taken], true[taken])
        body.append(_taken(*corner, taken + 1, choice, left, height - bottom))
        body.append(
            _looks_and_is(corner[0], height - bottom, measured[taken], true[taken], choice, (left + width - right) / 2)
        )
    said = f"{len(true)} edits. " + (
        f"Edit {taken + 1} is taken: it looks like {signed(measured[taken])} % and is {signed(true[taken])} %."
        if taken is not None else "The human drops them all."
    )  # fmt: skip
    return drawing(width, height, "".join(body), f"Human {'kept' if choice == KEEP else 'removed'}", said)


def _ticks(most: float) -> list[float]:
    """Round numbers on both sides of 0, at most three on each."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 1e4, 1e6, 1e9) if most / step < 4)
    return [k * step for k in range(-int(most / step), int(most / step) + 1)]


def _on_the_line(low: Point, high: Point) -> str:
    """What the diagonal is, along it."""
    turn = math.degrees(math.atan2(high[1] - low[1], high[0] - low[0]))
    x, y = low[0] + 0.06 * (high[0] - low[0]), low[1] + 0.06 * (high[1] - low[1])
    return text(x, y - 5, "measured = true", "t-mute halo", "start", f'transform="rotate({turn:.1f} {x:.1f} {y:.1f})"')


def _edit(x: float, y: float, label: int | None) -> str:
    """A candidate that is not taken."""
    if label is None:
        return disc(x, y, 3, "axis")
    edge = f'<circle style="fill:var(--paper);stroke:var(--ink-3)" cx="{number(x)}" cy="{number(y)}" r="9"/>'
    return edge + text(x, y + 4, str(label), "t-sm", "middle")


def _taken(x: float, y: float, label: int, choice: str, left: float, bottom: float) -> str:
    """The edit that is taken, with lines to both axes; without the human dashed, the disc in a ring."""
    mark = "k" if choice == KEEP else "c"
    body = line(left, y, x, y, f"{mark}-line", 'style="stroke-width:1.75"')
    body += line(x, y, x, bottom, f"{mark}-line", 'style="stroke-width:1.75"') + disc(x, y, 17, "paper-fill")
    body += disc(x, y, 12, f"{mark}-fill") + (disc(x, y, 15.5, "ring") if choice == REMOVE else "")
    return body + text(x, y + 4.5, str(label), "t-b", "middle", f'style="fill:var(--on-{_word(choice)})"')


def _looks_and_is(x: float, bottom: float, measured: float, true: float, choice: str, least: float) -> str:
    """The two numbers of the edit that is taken, beside its line."""
    anchor, dx = ("end", -9) if x > least else ("start", 9)
    words = (f"looks {signed(measured)}", f"is {signed(true)}")
    return "".join(
        text(x + dx, bottom - 32 + 17 * row, word, f"t-{_word(choice)} t-b halo", anchor)
        for row, word in enumerate(words)
    )


def _word(choice: str) -> str:
    return "kept" if choice == KEEP else "closed"
