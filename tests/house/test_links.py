"""Links of the Markdown documents: what they name within the project is there, headings included.

`python -m tests.house.test_links` prints those that lead nowhere.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def tokens(text):
    """All tokens of a Markdown text, those within lines included."""
    for token in MarkdownIt().enable("table").parse(text):
        yield token
        yield from token.children or ()


def links(text):
    """The addresses of the links and pictures of a Markdown text."""
    given = (token.attrGet("href") or token.attrGet("src") for token in tokens(text))
    return [str(address) for address in given if address]


def anchors(text):
    """The names of the headings, as GitHub makes them."""
    made, heading = [], False
    for token in MarkdownIt().parse(text):
        if heading:
            slug = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", token.content).lower()).replace(" ", "-")
            count = sum(name == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", name) is not None for name in made)
            made.append(f"{slug}-{count}" if count else slug)
        heading = token.type == "heading_open"
    return set(made)


def broken(document, text):
    """The links of a document's text that lead to no file of the project, or to no heading of it."""
    for address in links(text):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (document.parent / unquote(parts.path)).resolve() if parts.path else document
        if not target.exists() or not target.is_relative_to(ROOT):
            yield address
        elif parts.fragment and target.suffix == ".md":
            heads = anchors(text if target == document else target.read_text(encoding="utf-8"))
            if parts.fragment not in heads:
                yield address


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    assert list(broken(document, document.read_text(encoding="utf-8"))) == []


def test_a_broken_link_is_found():
    text = "# A `b`: c\n\n[x](docs/gone.md) [y](#a-b-c) [z](#a-b) ![p](docs/app.png) [out](../) [w](https://x.org/gone)"
    assert list(broken(ROOT / "README.md", text)) == ["docs/gone.md", "#a-b", "../"]
    assert len(DOCUMENTS) > 5


if __name__ == "__main__":
    dead = {d.relative_to(ROOT): list(broken(d, d.read_text(encoding="utf-8"))) for d in DOCUMENTS}
    sys.exit("\n".join(f"{document}: {address}" for document, found in dead.items() for address in found) or 0)
