"""The Schelling diagram: what keeping and closing pay one lab, against how many of the others have closed."""

from itertools import pairwise

from labsim.closure_game import ClosureGame
from labsim.schelling import shape
from labsim.terminal import listed

from .game_table import POINTS, half, points, written
from .map_work import Played
from .svg import area, disc, drawing, line, number, path, rect, text

WIDE, PHONE = 540, 358
STEPS = (5, 10, 20, 25, 50, 100, 200, 500, 1000)


def diagram(played: Played, width: int = WIDE) -> str:
    """Both curves with their bands of two standard errors, tipping points, and where the others drift."""
    phone = width < WIDE
    left, right, top, bottom = 40, width - (8 if phone else 112), 24 if phone else 12, 226
    n, found = played.others, played.points
    spread = [
        POINTS * (pay.mean + side * 2 * (pay.se or 0.0))
        for p in found
        for pay in (p.keep, p.remove)
        for side in (-1, 1)
    ]
    step = next(s for s in STEPS if (max(*spread, 0.0) - min(*spread, 0.0)) / s <= 5.5)
    low, high = step * _down(min(*spread, 0.0) / step), step * -_down(-max(*spread, 0.0) / step)

    def x(others: float) -> float:
        return left + others / n * (right - left)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    body = "".join(rect(x(a), top, x(b) - x(a), bottom - top, f"{colour}-wash") for a, b, colour in sides(played))
    for level in range(low, high + 1, step):
        body += line(left, y(level), right, y(level), "grid" if level else "axis")
        body += text(left - 8, y(level) + 4, written(level), "t-mute", "end")
    for get, colour in ((lambda p: p.remove, "c"), (lambda p: p.keep, "k")):
        mids = [(x(p.others), y(POINTS * get(p).mean)) for p in found]
        spans = [2 * POINTS * (get(p).se or 0.0) / (high - low) * (bottom - top) for p in found]
        upper = [(a, b - s) for (a, b), s in zip(mids, spans, strict=True)]
        lower = [(a, b + s) for (a, b), s in zip(mids, spans, strict=True)]
        body += area(upper, lower, f"{colour}-fill se-band") + path(mids, f"{colour}-line")
    body += _ends(found, right, y, phone, left, top)
    for tip in played.tips:
        at = y(_level(played, tip.others))
        body += line(x(tip.others), top, x(tip.others), bottom, "ink-line", 'style="stroke-dasharray:2 3"')
        body += disc(x(tip.others), at, 5, "ink-fill")
        near = "start" if tip.others < 0.3 * n else "end" if tip.others > 0.7 * n else "middle"
        words = "tipping point" if tip.certain else "tipping point: too close to call"
        shift = {"start": 8, "end": -8, "middle": 0}[near]
        body += text(x(tip.others) + shift, bottom - 10, words, "t-ink t-b halo", near)
    for k in range(0, n + 1, max(1, round(n / 8))):
        body += text(x(k), bottom + 18, str(k), "t-mute", "middle")
    now, words = x(played.closing.mean), "as the labs decide"
    body += f'<path class="ink-fill" d="M{number(now)} {bottom + 22} l-5 8 h10 Z"/>'
    body += line(now, bottom - 4, now, bottom + 4, "ink-line")
    body += text(min(max(now, left + 40), right - 40), bottom + 43, words, "t-ink t-b", "middle")
    body += _drifts(played, x, bottom + 60)
    return drawing(width, bottom + 84, body, "Schelling diagram", told(played))


def _down(value: float) -> int:
    return int(value // 1)


def _ends(found, right: float, y, phone: bool, left: float, top: float) -> str:
    """The names of the curves, at their ends; on a phone above the figure."""
    if phone:
        return text(left, top - 9, "if you keep", "t-kept t-b") + text(
            right, top - 9, "if you close", "t-closed t-b", "end"
        )
    keep, close = (y(POINTS * pay.mean) for pay in (found[-1].keep, found[-1].remove))
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
    """Stretches of the axis and what pays there: (from, to, "k" or "c")."""
    edges = [0.0, *(tip.others for tip in played.tips), float(played.others)]
    first = "c" if played.points[0].difference.mean > 0.0 else "k"
    if played.tips:
        first = "k" if played.tips[0].beyond == "remove" else "c"
    other = {"k": "c", "c": "k"}
    found, colour = [], first
    for a, b in pairwise(edges):
        found.append((a, b, colour))
        colour = other[colour]
    return found


def _drifts(played: Played, x, y: float) -> str:
    """Which way everybody drifts: to more closing where closing pays, to less where keeping does."""
    body, stretches = "", sides(played)
    for a, b, colour in stretches:
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
    who = played.game.focal
    if not played.tips:
        words = shape(played.points)
        return f"{words}." if words else "Which of the two pays is too close to call."
    said = []
    for tip in played.tips:
        beyond, before = ("closing", "keeping") if tip.beyond == "remove" else ("keeping", "closing")
        doubt = "" if tip.certain else " (too close to call)"
        error = f" ± {2 * tip.se:.1f}" if tip.se is not None else ""
        text = f"{before} pays {who} up to {tip.others:.1f}{error} closed, {beyond} beyond{doubt}"
        said.append(text)
    return f"{listed(said)[0].upper()}{listed(said)[1:]}."


def now_said(played: Played) -> str:
    """How many of the others close as labs decide, and so which side the world is on."""
    others, closing = played.others, played.closing
    error = f" ± {2 * closing.se:.1f}" if closing.se is not None else ""
    side = next((colour for a, b, colour in sides(played) if a <= closing.mean <= b), "") if played.points else ""
    pays = {"k": "keeping", "c": "closing"}.get(side)
    count = f"As the labs decide here, {closing.mean:.1f}{error} of the {others} others remove their human"
    return f"{count}: there, {pays} pays {played.game.focal} better." if pays else f"{count}."


def better_for_all(game: ClosureGame) -> str:
    """What all lose by it, where all closing is worse for it than all keeping; else nothing."""
    loss = game.collective_loss
    if loss.se is None or loss.mean <= 2 * loss.se:
        return ""
    return f"If all close rather than keep, {game.focal} gets {points(loss)} {half(loss)} points less."
