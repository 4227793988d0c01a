"""On which line of a TOML text something stands; asked only when something is wrong with it.

`tomllib` says what a text means, but not where. So the text is read a second time for its brackets, keys and ends of
lines alone. What a key is called is left to `tomllib`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator

from labsim.scenario.values import DEEPEST, MOST_BITS, TOO_LARGE

TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'  # a text of several lines, which may end in up to two quotes of its own
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*|[ \t]+|[][{}=,\n]"
    r"|[^][{}=,\n#\"' \t]+|.",
    re.DOTALL,
)
INTEGER = re.compile(r"[+-]?(?:[\d_]+|0x[\da-fA-F_]+|0o[0-7_]+|0b[01_]+)")
POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")  # at the end of what tomllib says


class _TooDeep(Exception):
    """More tables and lists inside each other than a text may have; its argument is the line."""


class _Node:
    """A key, table or element of a list: its line, and what it holds by key, or by number from 0."""

    def __init__(self, line: int, depth: int = 0):
        self.line, self.depth, self.inner, self.is_list = line, depth, dict[str, _Node](), False

    def has(self, key: str, line: int) -> "_Node":
        """What it holds under a key, with this line if that is new."""
        self.opened(line)
        return self.inner.setdefault(key, _Node(line, self.depth + 1))

    def next(self, line: int) -> "_Node":
        """Another element."""
        return self.has(str(len(self.inner)), line)

    def opened(self, line: int) -> "_Node":
        """Itself, as a table or list. Raises _TooDeep."""
        if self.depth > DEEPEST:
            raise _TooDeep(line)
        return self


def line_of(text: str, places: Iterable[str]) -> int | None:
    """The line, from 1, of the place that a TOML text has, or comes nearest to having; None if it has nothing of any.

    A place is keys joined by dots, elements of lists by their number from 0: `cycle.review`, `lab.0.name`. Of a
    place that is not there its table is taken. The text is valid.
    """
    root = _read(text)
    nearest = [found for place in places for found in [_nearest(root, place)] if found[1] is not root]
    return min(nearest, key=lambda found: found[0])[1].line if nearest else None


def line_of_fault(text: str, fault: ValueError) -> int | None:
    """The line, from 1, with which `values.toml_content` found this fault; None if it cannot be told."""
    if found := POSITION.search(str(fault)):
        return int(found[1] or text.rstrip().count("\n") + 1)
    if str(fault) == TOO_LARGE:
        return next((line for word, line in _tokens(text) if INTEGER.fullmatch(word) and _is_too_large(word)), None)
    try:
        _read(text)
    except _TooDeep as place:
        return int(place.args[0])
    return None


def _is_too_large(integer: str) -> bool:
    try:
        return len(integer) > MOST_BITS // 4 and int(integer, 0).bit_length() > MOST_BITS
    except ValueError:  # more digits than Python reads
        return True


def _nearest(node: _Node, place: str | None) -> tuple[int, _Node]:
    """(how many keys of a place are left out, what is there without them): a key may itself have dots in it."""
    if place is None:
        return 0, node
    answers = [(place.count(".") + 1, node)]
    for key, inner in node.inner.items():
        if place == key or place.startswith(f"{key}."):
            answers.append(_nearest(inner, None if place == key else place[len(key) + 1 :]))
    return min(answers, key=lambda answer: answer[0])


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """(word or sign, its line) of all but spaces and comments; the end of a line is a sign."""
    line = 1
    for found in TOKEN.finditer(text):
        if found[0][0] not in " \t#":
            yield found[0], line
        line += found[0].count("\n")


def _read(text: str) -> _Node:
    """All that a valid TOML text sets. Raises _TooDeep."""
    root = table = value = _Node(1)
    brackets: list[_Node] = []  # the lists and inline tables that are open
    waits = False  # the innermost list, for its next element
    key: list[str] | None = []  # words of the key or header being read; None while a value is
    for word, line in _tokens(text + "\n"):
        if key is not None:
            if word == "=":
                value, key = _under(brackets[-1] if brackets else table, key, line), None
            elif word == "\n" and not brackets:
                table = _header(root, key, line) if key else table
                key = []
            elif word == "}" and brackets:
                brackets.pop()
                key = None
            elif word not in ("\n", ","):
                key.append(word)
        elif word == "\n":
            key = None if brackets else []
        elif word == ",":
            waits = bool(brackets) and brackets[-1].is_list
            key = None if waits else []
        elif word in ("]", "}"):
            waits = False
            brackets[-1:] = []
        else:
            if waits:
                value, waits = brackets[-1].next(line), False
            if word in ("[", "{"):
                brackets.append(value.opened(line))
                value.is_list = waits = word == "["
                key = None if waits else []
    return root


def _under(table: _Node, words: list[str], line: int) -> _Node:
    """What a table holds under a key with dots; of a list of tables on the way, the last one."""
    node, parts = table, tomllib.loads(f"{''.join(words)} = 0")
    while isinstance(parts, dict):
        ((key, parts),) = parts.items()
        node = (node.inner[str(len(node.inner) - 1)] if node.is_list else node).has(key, line)
    return node


def _header(root: _Node, words: list[str], line: int) -> _Node:
    """The table that a header begins, `[table]` or the next of `[[list]]`."""
    node = _under(root, ["".join(words).strip("[]")], line)
    if words[:2] == ["[", "["]:
        node.opened(line).is_list = True
        return node.next(line)
    node.line = line
    return node.opened(line)
