"""The Schelling diagram: what keeping and closing pay one lab, against how many of the others have closed."""

from itertools import pairwise
from math import ceil, floor

from labsim.games.closure_game import ClosureGame
from labsim.games.schelling import TippingPoint
from labsim.runs.summary import direction
from labsim.show.numbers import fixed, half_width
from viz.charts.game_table import half, points
from viz.charts.svg import area, disc, drawing, line, number, path, rect, text
from viz.world.map_work import Played
from viz.world.said import POINTS

WIDE, PHONE = 540, 358
STEPS = (5, 10, 20, 25, 50, 100, 200, 500, 1000)


def diagram(played: Played, width: int = WIDE) -> str:
    """Both curves with their 95 % bands, tipping points, and where the others drift."""
    phone = width < WIDE
    left, right, top, bottom = 40, width - (8 if phone else 112), 24 if phone else 12, 226
    n, levels = played.others, played.points
    spread = [
        POINTS * pay.mean + side * half_width(pay.se, POINTS)
        for p in levels
        for pay in (p.keep, p.remove)
        for side in (-1, 1)
    ]
    step = next(s for s in STEPS if (max(*spread, 0.0) - min(*spread, 0.0)) / s <= 5.5)
    low, high = step * floor(min(*spread, 0.0) / step), step * ceil(max(*spread, 0.0) / step)

    def x(others: float) -> float:
        return left + others / n * (right - left)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    body = "".join(
        rect(x(a), top, x(b) - x(a), bottom - top, f"{colour}-wash") for a, b, colour in sides(played) if colour
    )
    for level in range(low, high + 1, step):
        body += line(left, y(level), right, y(level), "grid" if level else "axis")
        body += text(left - 8, y(level) + 4, fixed(level), "t-mute", "end")
    for get, colour in ((lambda p: p.remove, "c"), (lambda p: p.keep, "k")):
        mids = [(x(p.others), y(POINTS * get(p).mean)) for p in levels]
        spans = [half_width(get(p).se, POINTS) / (high - low) * (bottom - top) for p in levels]
        upper = [(a, b - s) for (a, b), s in zip(mids, spans, strict=True)]
        lower = [(a, b + s) for (a, b), s in zip(mids, spans, strict=True)]
        body += area(upper, lower, f"{colour}-fill se-band") + path(mids, f"{colour}-line")
    body += _ends(levels, right, y, phone, left, top)
    for tip in played.tips:
        at = y(_level(played, tip.others))
        body += line(x(tip.others), top, x(tip.others), bottom, "ink-line", 'style="stroke-dasharray:2 3"')
        body += disc(x(tip.others), at, 5, "ink-fill" if tip.certain else "unsure")
        if tip.certain:
            near = "end" if tip.others > 0.6 * n else "start"
            shift = 8 if near == "start" else -8
            words = f"tipping point {_where(tip)}"
            body += text(x(tip.others) + shift, bottom - 10, words, "t-ink t-b halo", near)
    for k in range(0, n + 1, max(1, round(n / 8))):
        body += text(x(k), bottom + 18, str(k), "t-mute", "middle")
    now, words = x(played.closing.mean), "as the labs decide"
    body += f'<path class="ink-fill" d="M{number(now)} {bottom + 22} l-5 8 h10 Z"/>'
    body += line(now, bottom - 4, now, bottom + 4, "ink-line")
    body += text(min(max(now, left + 40), right - 40), bottom + 43, words, "t-ink t-b", "middle")
    body += _drifts(played, x, bottom + 60)
    return drawing(width, bottom + 84, body, "Schelling diagram", told(played))


def _ends(levels, right: float, y, phone: bool, left: float, top: float) -> str:
    """The names of the curves, at their ends; on a phone above the figure."""
    if phone:
        return text(left, top - 9, "if you keep", "t-kept t-b") + text(
            right, top - 9, "if you close", "t-closed t-b", "end"
        )
    keep, close = (y(POINTS * pay.mean) for pay in (levels[-1].keep, levels[-1].remove))
    apart = max(0.0, 17 - abs(keep - close)) / 2
    keep, close = (keep - apart, close + apart) if keep < close else (keep + apart, close - apart)
    return text(right + 9, keep + 5, "if you keep", "t-kept t-lg t-b") + text(
        right + 9, close + 5, "if you close", "t-closed t-lg t-b"
    )


def _level(played: Played, others: float) -> float:
    """What the focal lab gets where the curves cross, in points."""
    k = min(int(others), played.others - 1)
    a, b = played.points[k].keep.mean, played.points[k + 1].keep.mean
    return POINTS * (a + (others - k) * (b - a))


def sides(played: Played) -> list[tuple[float, float, str]]:
    """Stretches between crossings and what pays there: (from, to, "k", "c", or "" where it is too close to call)."""
    edges, result = [0.0, *(tip.others for tip in played.tips), float(played.others)], []
    for a, b in pairwise(edges):
        inside = [direction(p.difference) for p in played.points if a <= p.others <= b]
        sign = max(inside, key=abs, default=0)
        result.append((a, b, {1: "c", -1: "k", 0: ""}[sign]))
    return result


def _where(tip: TippingPoint) -> str:
    """A tipping point with its interval, with as many digits as this allows."""
    wide = half_width(tip.se) if tip.se is not None else 1.0
    digits = 1 if wide >= 0.1 else 2
    return f"{tip.others:.{digits}f} ± {wide:.{digits}f}" if tip.se is not None else f"{tip.others:.{digits}f}"


def _drifts(played: Played, x, y: float) -> str:
    """Which way everybody drifts: to more closing where closing pays, to less where keeping does."""
    body = ""
    for a, b, colour in sides(played):
        if not colour:
            continue
        start, end = (a, b) if colour == "c" else (b, a)
        x1, x2 = x(start), x(end)
        if abs(x2 - x1) < 24:
            continue
        sign = 1 if x2 > x1 else -1
        x1, x2 = x1 + sign * 8, x2 - sign * 2
        body += line(x1, y, x2, y, f"{colour}-line", 'style="stroke-dasharray:none;stroke-width:2"')
        body += f'<path d="M{number(x2)} {number(y)} l{-8 * sign} -5 v10 Z" class="{colour}-fill"/>'
        words = "everybody drifts to " + ("closing" if colour == "c" else "keeping")
        if abs(x2 - x1) > 165:
            body += text((x1 + x2) / 2, y + 18, words, "t-closed" if colour == "c" else "t-kept", "middle")
    return body


def told(played: Played) -> str:
    """The diagram for readers that do not see it."""
    rows = [
        f"{p.others} closed: keeping {points(p.keep)} {half(p.keep)}, closing {points(p.remove)} {half(p.remove)}"
        for p in played.points
    ]
    what = f"Pay-off in points by how many of the other {played.others} have closed"
    return f"{what}. {'; '.join(rows)}. {tips_said(played)}"


def tips_said(played: Played) -> str:
    """Where the better reply changes, in a sentence."""
    who, clear = played.game.focal, [side for side in sides(played) if side[2]]
    verbs = {"k": "keeping", "c": "closing"}
    if not clear:
        return "Which of the two pays is too close to call."
    if len({colour for _, _, colour in clear}) == 1:
        doubt = "" if len(clear) == len(played.tips) + 1 else ", where it is not too close to call"
        return f"{verbs[clear[0][2]].capitalize()} pays {who}, however many others have closed{doubt}."
    first, then = clear[0], clear[1]
    before, turns = floor(first[1]), ceil(then[0])
    last = (
        "while nobody else has closed"
        if before == 0
        else f"while at most {before} of the {played.others} others have closed"
    )
    return f"{verbs[first[2]].capitalize()} pays {who} {last}; from {turns} on, {verbs[then[2]]} pays."


def now_said(played: Played) -> str:
    """How many of the others close as labs decide, and so which side the world is on."""
    others, closing = played.others, played.closing
    error = f" ± {half_width(closing.se):.1f}" if closing.se is not None else ""
    side = next((colour for a, b, colour in sides(played) if a <= closing.mean <= b), "") if played.points else ""
    pays = {"k": "keeping", "c": "closing"}.get(side)
    count = f"As the labs decide here, {closing.mean:.1f}{error} of the {others} others remove their human"
    return f"{count}: there, {pays} pays {played.game.focal} better." if pays else f"{count}."


def better_for_all(game: ClosureGame) -> str:
    """What all lose by it, where all closing is worse for it than all keeping; else nothing."""
    loss = game.collective_loss
    if direction(loss) <= 0:
        return ""
    return f"If all close rather than keep, {game.focal} gets {points(loss)} {half(loss)} points less."
