"""A matplotlib figure as SVG that lives inside a page: real text, colours that follow the page's theme, no addresses.

Every figure is drawn twice, for a wide and for a narrow column, so that its words keep a size that can
be read on a phone; the page shows one of the two.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from labsim.show.plots import CLOSED, FAINT, INK, INK_2, INK_3, KEPT, LINE, PAPER, SUNK

WIDE, NARROW = 6.8, 3.6  # inches
VARIABLES = {  # colours of plots.py as the page's variables: see tokens.css of the app
    PAPER: "paper", SUNK: "sunk", LINE: "line", FAINT: "baseline", KEPT: "kept", CLOSED: "closed", INK: "ink",
    INK_2: "ink-2", INK_3: "ink-3",
}  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"
UNWANTED = (f"{SVG}metadata", f"{SVG}style")  # the page has a style for all
HREF = "{http://www.w3.org/1999/xlink}href"


@dataclass(frozen=True)
class Picture:
    """A figure of the page: its name, what it shows in words for who does not see it, both drawings."""

    name: str
    alt: str
    wide: str
    narrow: str


def picture(name: str, alt: str, draw: Callable[[float], Any]) -> Picture:
    """The picture that `draw` makes; it is given a width in inches and returns a matplotlib figure."""
    return Picture(name, alt, *(svg(draw(width), f"{name}-{width:g}", alt) for width in (WIDE, NARROW)))


def svg(figure: Any, name: str, alt: str) -> str:
    """A figure as an element of a page. `name` keeps what it refers to inside apart from other figures."""
    import matplotlib

    written = io.BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        figure.savefig(written, format="svg", facecolor="none", metadata={"Date": None})
    root = ElementTree.fromstring(written.getvalue())
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in UNWANTED]:
            parent.remove(child)
    box = root.get("viewBox")
    root.attrib.clear()
    root.attrib |= {"viewBox": box, "role": "img", "aria-label": alt}
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        if HREF in element.attrib:
            element.set("href", element.attrib.pop(HREF))
        if "style" in element.attrib:
            element.set("style", themed(element.get("style")))
        if element.tag == "text":
            element.attrib.pop("xml:space", None)
    return ElementTree.tostring(root, encoding="unicode")


def themed(style: str) -> str:
    """A style with the page's variables in place of the colours of plots.py, without a typeface of its own."""
    style = re.sub(r"font: ([\d.]+px) [^;]*", r"font-size: \1", style)
    style = re.sub(r"font-family: [^;]*(; )?", "", style)
    for colour, variable in VARIABLES.items():
        style = re.sub(colour, f"var(--{variable})", style, flags=re.I)
    return style
