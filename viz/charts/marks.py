"""The marks of the chart grammar as SVG, each once: what a thing looks like on every screen."""

from viz.charts.svg import disc, drawing, line, number, rect

HEAD = '<circle cx="0" cy="-4.2" r="3"/>'
SHOULDERS = '<path d="M-5.2 5.4 C-5.2 0.6 -2.6 -0.2 0 -0.2 S5.2 0.6 5.2 5.4 Z"/>'

BRAND = (
    '<svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">'
    '<path d="M16.6 5.1 A8.2 8.2 0 1 1 11 2.8" fill="none" stroke="var(--ink)" stroke-width="2"/>'
    '<circle cx="14.6" cy="3.4" r="3.1" fill="var(--kept)"/></svg>'
)
KEPT = (
    '<svg width="36" height="36" viewBox="0 0 36 36" aria-hidden="true">'
    '<circle cx="18" cy="18" r="16" fill="none" stroke="currentColor" stroke-width="2"/>'
    f'<g transform="translate(18 18.5) scale(1.9)" fill="currentColor">{HEAD}{SHOULDERS}</g></svg>'
)
CLOSED = (
    '<svg width="36" height="36" viewBox="0 0 36 36" aria-hidden="true">'
    '<circle cx="18" cy="18" r="16" fill="none" stroke="currentColor" stroke-width="2.5" stroke-dasharray="6 4"/>'
    '<circle cx="18" cy="18" r="6" fill="currentColor"/></svg>'
)
HATCH = (  # the pattern of what is too close to call; refer to it as fill="url(#hatch)"
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line x1="0" y1="0" x2="0" y2="6" style="stroke:var(--line-strong);stroke-width:1.2"/></pattern></defs>'
)


def kept(x: float, y: float, radius: float = 6.5) -> str:
    """A lab with its human."""
    return disc(x, y, radius + 2, "paper-fill") + disc(x, y, radius, "k-fill")


def closed(x: float, y: float, radius: float = 4.5) -> str:
    """A lab without a human."""
    return disc(x, y, radius + 6.5, "paper-fill") + disc(x, y, radius, "c-fill") + disc(x, y, radius + 4.5, "ring")


def person(x: float, y: float, scale: float = 1.0, class_: str = "k-fill") -> str:
    """The human."""
    return f'<g class="{class_}" transform="translate({number(x)} {number(y)}) scale({scale})">{HEAD}{SHOULDERS}</g>'


def pause(x: float, y: float, class_: str = "ink-fill") -> str:
    """A pause: two bars."""
    return rect(x - 4, y - 5, 3, 10, class_) + rect(x + 1, y - 5, 3, 10, class_)


def incident(x: float, y: float) -> str:
    """An incident: a diamond."""
    corners = ((x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y))
    return '<path class="ink-fill" d="M' + " L".join(f"{number(a)} {number(b)}" for a, b in corners) + ' Z"/>'


def flag(x: float, y: float) -> str:
    """A rule that comes into force: a flag."""
    cloth = f'<path class="ink-fill" d="M{number(x)} {number(y - 8)} h9 l-2.6 3.5 l2.6 3.5 h-9 Z"/>'
    return line(x, y - 8, x, y + 8, "ink-line") + cloth


def futures(harm: int, size: int = 132, label: str = "") -> str:
    """One hundred futures: a filled ink square is harm, a small hollow circle none."""
    step, body = size / 10, []
    for place in range(100):
        row, column = divmod(place, 10)
        x, y = (column + 0.5) * step, (row + 0.5) * step
        if place < harm:
            body.append(rect(x - 0.36 * step, y - 0.36 * step, 0.72 * step, 0.72 * step, "ink-fill", 'rx="1"'))
        else:
            body.append(disc(x, y, 0.22 * step, "axis"))
    return drawing(size, size, "".join(body), label or f"Harm in {harm} of 100 futures")
