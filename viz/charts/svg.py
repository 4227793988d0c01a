"""A small kit for drawing SVG. Colours and widths come from the classes of tokens.css."""

from collections.abc import Sequence
from html import escape

Point = tuple[float, float]


def number(x: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{x:.1f}".rstrip("0").rstrip(".")


def drawing(width: float, height: float, body: str, title: str, description: str = "", class_: str = "") -> str:
    """A figure with its text for readers that do not see it."""
    label = escape(f"{title}. {description}" if description else title, quote=True)
    return (
        f'<svg class="{class_}" width="{number(width)}" height="{number(height)}" '
        f'viewBox="0 0 {number(width)} {number(height)}" role="img" aria-label="{label}">{body}</svg>'
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str = "grid", more: str = "") -> str:
    """A straight line."""
    ends = " ".join(f'{n}="{number(v)}"' for n, v in zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2), strict=True))
    return f'<line class="{class_}" {ends} {more}/>'


def text(x: float, y: float, words: str, class_: str = "", anchor: str = "start", more: str = "") -> str:
    """Words; `anchor` is start, middle or end."""
    where = f'x="{number(x)}" y="{number(y)}" text-anchor="{anchor}"'
    return f'<text class="{class_}" {where} {more}>{escape(words)}</text>'


def path(points: Sequence[Point], class_: str) -> str:
    """A line through points."""
    return f'<path class="{class_}" d="{_through(points)}"/>'


def area(upper: Sequence[Point], lower: Sequence[Point], class_: str) -> str:
    """What lies between two lines."""
    return f'<path class="{class_}" d="{_through([*upper, *reversed(lower)])} Z"/>'


def _through(points: Sequence[Point]) -> str:
    return "M" + " L".join(f"{number(x)} {number(y)}" for x, y in points)


def rect(x: float, y: float, width: float, height: float, class_: str, more: str = "") -> str:
    """A rectangle."""
    size = f'width="{number(width)}" height="{number(height)}"'
    return f'<rect class="{class_}" x="{number(x)}" y="{number(y)}" {size} {more}/>'


def disc(x: float, y: float, radius: float, class_: str) -> str:
    """A circle."""
    return f'<circle class="{class_}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>'
