"""Values as people type them, in a link, in --set, in a file: one reader for all, and how messages quote them."""

import re
import tomllib
from typing import Any

NO_DATE = "never"  # a date that is none, in files, links and --set
DEEPEST = 20  # tables and lists inside each other; no scenario needs more than five
MOST_BITS = 4096  # of a whole number; Python prints no number of more than 4,300 digits
LONGEST = 80  # characters of a value that a message quotes
LONGEST_PATH = 400  # of the path of a file
LONGEST_WORD = 1000  # more than a path that can be there usually has
TOO_DEEP = f"lists and tables lie more than {DEEPEST} deep in each other"
TOO_LARGE = f"a whole number has more than {MOST_BITS:,} bits"


def toml_content(text: str) -> dict[str, Any]:
    """The content of a text in TOML.

    Raises ValueError, with the reason alone as its message: not TOML (`tomllib.TOMLDecodeError`), nested deeper
    than 20, or a whole number of more than 4,096 bits.
    """
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:  # Python's own limit on the digits of a number
        raise ValueError(TOO_LARGE) from None
    level: list[Any] = [content]
    for _ in range(DEEPEST + 1):
        values = [value for each in level for value in (each.values() if isinstance(each, dict) else each)]
        if any(isinstance(value, int) and value.bit_length() > MOST_BITS for value in values):
            raise ValueError(TOO_LARGE)
        level = [value for value in values if isinstance(value, (dict, list))]
        if not level:
            return content
    raise ValueError(TOO_DEEP)


def value_of(text: str) -> Any:
    """The value that a text stands for: what TOML makes of it, else the text itself: `3`, `0.5`, `keeper`.

    Raises ValueError as `toml_content` does, but never because it is not TOML.
    """
    try:
        content = toml_content(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text.strip()
    return content["value"] if len(content) == 1 else text.strip()


def text_of(value: Any) -> str:
    """A value as --set and links have it: short where that is the same number."""
    if value is None:
        return NO_DATE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        short = f"{value:.6g}"
        return short if abs(value) < 1e15 and float(short) == value else repr(value)
    return str(value)


def shown(value: Any) -> str:
    """A value as messages quote it: as Python writes it, not too long."""
    return cut(repr(value))


def cut(text: str, most: int = LONGEST) -> str:
    """A text on one line, of at most so many characters; of a longer one its beginning, and how long it is."""
    begin = printable(text[:most])
    return begin if len(text) <= most else f"{begin}... ({len(text):,} characters)"


def printable(text: str) -> str:
    """A text on one line, with codes for what a terminal would obey and not show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(message: str) -> str:
    """A message as it is printed, whatever it quotes: on one line, and no word of it, such as a path, without end."""
    return printable(re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: cut(word[0], LONGEST_PATH), message))
