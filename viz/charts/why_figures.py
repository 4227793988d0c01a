"""The figures of the Why screen: what was weighed, what removing changes, how far a change would have to go."""

from dataclasses import dataclass

from labsim.reasons.counterfactuals import Flip
from labsim.reasons.plot import steps
from labsim.reasons.quantities import Quantity
from labsim.reasons.reasons import Decision
from labsim.reasons.report import LEAST_SHOWN
from viz.charts import marks
from viz.charts.svg import disc, drawing, line, number, rect, text
from viz.world.why_words import amount, away, odds, points

WIDE, PHONE = 650, 358
GROUPS = {  # terms that belong together in the bars; below, each has its own
    "winning": ("win",), "a rival wins": ("rival_wins", "sharing"), "own ruin": ("own_run", "own_finish"),
    "a rival's ruin": ("rival_ruin",), "fines": ("damages", "sanction"), "leaning": ("taste",),
    "switching": ("switch",),
}  # fmt: skip
LETTER = 6.3  # pixels of a letter, about


@dataclass(frozen=True)
class Piece:
    """One piece of a bar: its name, its worth in prizes, and its place in pixels."""

    name: str
    worth: float
    left: float
    right: float


def parts(decision: Decision, choice: str) -> list[tuple[str, float]]:
    """What a choice ("keep" or "remove") is worth, in groups of terms that can be seen."""
    worth = {term.name: getattr(term, choice) for term in decision.terms}
    sums = [(name, sum(worth[term] for term in terms)) for name, terms in GROUPS.items()]
    return [(name, value) for name, value in sums if abs(value) >= LEAST_SHOWN]


def weighed(decision: Decision, width: int = WIDE) -> str:
    """Both choices as bars of what speaks for them (right of the line) and against (left)."""
    phone = width < WIDE
    both = {choice: parts(decision, choice) for choice in ("keep", "remove")}
    gain, loss = (
        max(sum(v for _, v in terms if (v > 0) == side) * (1 if side else -1) for terms in both.values())
        for side in (True, False)
    )
    left, right = (4, width - 4) if phone else (128, width - 110)
    loss, gain = max(loss, 0.0), max(gain, 0.01)
    scale = (right - left) / (gain + loss)
    zero = left + loss * scale
    tops = {"keep": 24, "remove": 126} if phone else {"keep": 42, "remove": 126}
    laid = {choice: _laid(terms, zero, scale) for choice, terms in both.items()}
    body = "" if phone else _links(laid["keep"], laid["remove"], tops)
    for choice, pieces in laid.items():
        body += "".join(_piece(piece, tops[choice], choice) for piece in pieces)
        body += _names(pieces, tops[choice], above=choice == "keep" and not phone, most=width)
    worth = {choice: sum(value for _, value in terms) for choice, terms in both.items()}
    body += _totals(worth, tops, width, phone)
    last = tops["remove"] + 38
    body += line(zero, tops["keep"] - (4 if phone else 10), zero, last + (4 if phone else 10), "ink-line")
    said = "; ".join(
        f"{choice} the human: {points(worth[choice])}, of which "
        + ", ".join(f"{name} {points(value)}" for name, value in terms)
        for choice, terms in both.items()
    )
    return drawing(width, last + 40, body, f"What {decision.lab} weighed up, in points", f"{said}.")


def _laid(terms: list[tuple[str, float]], zero: float, scale: float) -> list[Piece]:
    pieces, right, left = [], zero, zero
    for name, worth in terms:
        if worth > 0:
            pieces.append(Piece(name, worth, right, right + worth * scale))
            right += worth * scale
        else:
            pieces.append(Piece(name, worth, left + worth * scale, left))
            left += worth * scale
    return pieces


def _piece(piece: Piece, top: float, choice: str) -> str:
    """A gain filled (the prize in full colour), a loss outlined with a dashed edge; its points inside if they fit."""
    colour, wide = ("kept", "closed")[choice == "remove"], piece.right - piece.left
    edge = f'style="stroke:var(--{colour});stroke-width:1'
    if piece.worth < 0:
        box = (piece.left + 0.75, top + 0.75, max(1.0, wide - 1.5), 36.5)
        shape, ink = rect(*box, "paper-fill", f'{edge}.5;stroke-dasharray:3 2"'), "fill:var(--ink)"
    elif piece.name == "winning":
        shape, ink = rect(piece.left, top, wide, 38, f"{colour[0]}-fill"), f"fill:var(--on-{colour})"
    else:
        box = (piece.left + 1.5, top + 0.5, max(1.0, wide - 2), 37)
        shape, ink = rect(*box, f"{colour[0]}-tint", f'{edge}"'), "fill:var(--ink)"
    words = points(piece.worth)
    if _fits(piece):
        shape += text((piece.left + piece.right) / 2, top + 24, words, "t-b", "middle", f'style="{ink}"')
    return shape


def _fits(piece: Piece) -> bool:
    return piece.right - piece.left > LETTER * 1.15 * len(points(piece.worth)) + 4


def _names(pieces: list[Piece], top: float, above: bool, most: float) -> str:
    """Names beside a bar, in two rows at most; a piece that cannot hold its points has them beside its name."""
    taken: list[tuple[int, float, float]] = []
    body = ""
    for piece in sorted(pieces, key=lambda piece: -abs(piece.worth)):
        words = piece.name if _fits(piece) else f"{piece.name} {points(piece.worth)}"
        half, middle = LETTER * len(words) / 2, (piece.left + piece.right) / 2
        x = min(max(middle, half), most - half)
        for row in (0, 1):
            if all(r != row or x + half + 8 < a or x - half - 8 > b for r, a, b in taken):
                y = top - 8 - 15 * row if above else top + 53 + 15 * row
                taken.append((row, x - half, x + half))
                if row:
                    start = top - 2 if above else top + 40
                    body += line(middle, start, middle, y + (3 if above else -11), "axis")
                body += text(x, y, words, "halo", "middle")
                break
    return body


def _links(keep: list[Piece], remove: list[Piece], tops: dict[str, float]) -> str:
    """What joins the same piece of the two bars."""
    other, body = {piece.name: piece for piece in remove}, ""
    for piece in keep:
        if piece.name in other:
            twin = other[piece.name]
            corners = ((piece.left, tops["keep"] + 38), (piece.right, tops["keep"] + 38),
                       (twin.right, tops["remove"]), (twin.left, tops["remove"]))  # fmt: skip
            path = " L".join(f"{number(x)} {number(y)}" for x, y in corners)
            body += f'<path d="M{path} Z" style="fill:var(--sunk);opacity:.7"/>'
    return body


def _totals(worth: dict[str, float], tops: dict[str, float], width: float, phone: bool) -> str:
    """What each choice is worth, and the difference."""
    body, big = "", 'style="font:500 30px var(--serif)"'
    for choice, colour in (("keep", "kept"), ("remove", "closed")):
        verb = choice.capitalize()
        if phone:
            body += text(0, tops[choice] - 8, f"{verb} the human", f"t-{colour} t-lg t-b")
            body += text(width, tops[choice] - 8, f"worth {points(worth[choice], False)}", "t-ink t-lg t-b", "end")
        else:
            body += text(0, tops[choice] + 17, verb, f"t-{colour} t-lg t-b")
            body += text(0, tops[choice] + 34, "the human", f"t-{colour} t-lg t-b")
            body += text(width - 62, tops[choice] + 29, points(worth[choice], False), "t-ink", "middle", big)
    if not phone:
        gap = worth["remove"] - worth["keep"]
        words = f"{points(abs(gap), False)} {'more' if gap > 0 else 'less'}"
        body += text(width - 62, 10, "worth", "t-mute", "middle")
        body += line(width - 62, tops["keep"] + 46, width - 62, tops["remove"] - 6, "axis")
        body += text(width - 54, (tops["keep"] + tops["remove"]) / 2 + 24, words, "t-ink t-b")
    return body


def changes(decision: Decision, width: int = WIDE) -> str:
    """What removing changes, term by term, down to what is left; then what is the same either way."""
    phone, bars = width < WIDE, steps(decision)
    same = [t for t in decision.terms if abs(t.keep) >= LEAST_SHOWN and abs(t.difference) < LEAST_SHOWN]
    ends = [0.0, *(x for _, a, b in bars for x in (a, b)), *(abs(t.keep) for t in same)]
    low, high = min(ends), max(max(ends), min(ends) + 0.01)
    first, last, step = (2, width - 44, 42) if phone else (206, width - 150, 26)
    place = lambda value: first + (value - low) / (high - low) * (last - first)  # noqa: E731
    body, down = marks.HATCH.replace("hatch", f"same-{width}"), 18 if phone else 0
    body += line(place(0), 2, place(0), step * len(bars) + 2, "axis")
    for row, (words, start, end) in enumerate(bars):
        y, final = 6 + step * row + down, row == len(bars) - 1
        x, wide = place(min(start, end)), abs(place(end) - place(start))
        if final:
            shape = rect(x, y, max(1.0, wide), 16, "ink-fill")
        elif end > start:
            shape = rect(x, y, max(1.0, wide), 16, "c-fill")
        else:
            shape = rect(
                x + 1, y + 1, max(1.0, wide - 2), 14, "paper-fill", 'style="stroke:var(--kept);stroke-width:2"'
            )
        body += shape + ("" if final else line(place(end), y + 16, place(end), y + step, "axis"))
        body += _row_name(words, y, final, phone)
        verdict = "removing" if end > start else "keeping"
        told = points(end - start) + (f": {verdict} is better" if final else "")
        if phone and final and place(max(start, end)) > width / 2:
            body += text(width, y - 5, told, "t-ink t-b halo", "end")
        else:
            body += text(place(max(start, end)) + 7, y + 12.5, told, "t-ink t-b halo")
    for row, term in enumerate(same):
        y = 14 + step * (len(bars) + row) + down
        fill = f'style="fill:url(#same-{width});stroke:var(--line-strong)"'
        body += rect(place(0), y, place(abs(term.keep)) - place(0), 16, "", fill) + _row_name(
            term.words, y, False, phone
        )
        body += text(place(abs(term.keep)) + 7, y + 12.5, f"{points(term.keep)} either way: it cancels", "t-ink")
    said = ", ".join(f"{words} {points(end - start)}" for words, start, end in bars)
    height = 10 + step * (len(bars) + len(same)) + (8 if same else 0)
    return drawing(width, height, body, "What removing changes, in points", f"{said}; it {odds(decision)}.")


def _row_name(words: str, y: float, bold: bool, phone: bool) -> str:
    weight = "t-ink t-b" if bold else ""
    return text(0, y - 5, words, weight) if phone else text(196, y + 12.5, words, weight, "end")


def reach(flip: Flip, quantity: Quantity, removes: bool) -> str:
    """A quantity's little axis: where it is, and where the decision turns. As wide as its place."""
    low = max(quantity.low, 0.0 if min(flip.now, flip.to) >= 0.0 else min(flip.now, flip.to) * 1.2)
    high = max(flip.now, flip.to)
    high = quantity.high if quantity.high <= 1.3 * high else high * 1.2 if high > 0.0 else 0.0
    where = lambda value: 2 + 96 * (value - low) / ((high - low) or 1.0)  # noqa: E731
    now, to = where(flip.now), where(float(flip.text))
    mark = disc(0, 12, 5.5, "c-fill") + disc(0, 12, 9, "ring") if removes else disc(0, 12, 6.5, "k-fill")
    body = '<line x1="2%" x2="98%" y1="12" y2="12" style="stroke:var(--line);stroke-width:4;stroke-linecap:round"/>'
    body += f'<line class="ink-line" x1="{now:.1f}%" x2="{to:.1f}%" y1="12" y2="12" style="stroke-width:2"/>'
    body += f'<svg x="{now:.1f}%" overflow="visible">{mark}</svg>'
    solid = f'x1="{to:.1f}%" x2="{to:.1f}%" y1="3" y2="21" style="stroke-width:3;stroke-dasharray:none"'
    body += f'<line class="{"k" if removes else "c"}-line" {solid}/>'
    is_now, turns = f"now {amount(flip.now_text, flip.unit)}", amount(flip.text, flip.unit, away(flip))
    ends = sorted([(now, is_now, "t-mute"), (to, turns, f"{'t-kept' if removes else 't-closed'} t-b")])
    for (_, words, look), (x, anchor) in zip(ends, _apart(ends[0][0], ends[1][0]), strict=True):
        body += f'<text class="{look}" x="{x:.1f}%" y="36" text-anchor="{anchor}">{words}</text>'
    told = f"{is_now}, turns at {turns}"
    return f'<svg class="reach" width="100%" height="42" role="img" aria-label="{told}">{body}</svg>'


def _apart(left: float, right: float) -> list[tuple[float, str]]:
    """Where two labels at these places (in hundredths of the width) do not meet: (place, anchor) of each."""
    if right - left >= 36:
        return [(x, "start" if x < 14 else "end" if x > 86 else "middle") for x in (left, right)]
    if left < 30:
        return [(0, "start"), (max(right, 32), "start")]
    return [(min(left, 68), "end"), (100, "end") if right > 70 else (right, "start")]
