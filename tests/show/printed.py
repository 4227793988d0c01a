"""Reading what a command prints: tables by the names of their columns, numbers at the digits that are printed."""

import re

MINUS = "\N{MINUS SIGN}"
NUMBER = rf"[+{MINUS}]?\d[\d,]*(?:\.\d+)?(?:e[+{MINUS}-]?\d+)?"
ESTIMATE = rf"{NUMBER}(?: ± {NUMBER})?"


def tokens(line):
    """(start, end, text) of what stands on a line apart by two spaces or more."""
    return [(m.start(), m.end(), m.group()) for m in re.finditer(r"\S+(?: \S+)*", line)]


def table(text, *heads):
    """The rows below these column heads, {label: [a cell for each further column, "" where it is empty]}.

    A head may have two lines. A cell belongs to the column with whose head it begins or ends. Where the first
    column has no name, its head is "".
    """
    lines, parts = text.splitlines(), [head.split("\n") for head in heads]
    depth = max(map(len, parts))
    levels = [[part[k - depth] for part in parts if len(part) >= depth - k and part[k - depth]] for k in range(depth)]
    for at in range(len(lines) - depth):
        if all([word for *_, word in tokens(lines[at + k])] == level for k, level in enumerate(levels)):
            break
    else:
        raise AssertionError(f"no table with the columns {heads} in:\n{text}")
    spans = [span[:2] for span in tokens(lines[at + depth - 1])][-(len(heads) - 1) :]
    rows = {}
    for line in lines[at + depth :]:
        result = tokens(line)
        cells = ["" for _ in spans]
        for start, end, word in result[1:]:
            for place, (first, last) in enumerate(spans):
                if start == first or end == last:
                    cells[place] = word
        if not result or not any(cells):
            break
        assert result[0][2] not in rows, f"two rows are called {result[0][2]}"
        rows[result[0][2]] = cells
    return rows


def flat(text):
    """A text on one line."""
    return " ".join(text.split())


def is_number(text, value, scale=1.0):
    """A printed number is this one, times so much, to the last digit that is printed; "none" where there is none."""
    if value is None:
        assert text in ("", "none"), text
        return
    plain = text.replace(",", "").replace(MINUS, "-")
    mantissa, _, power = plain.partition("e")
    last = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    assert abs(float(plain) - scale * value) <= 0.500001 * last, (text, scale * value)


def is_estimate(text, result, scale=1.0, sign=False):
    """A printed mean and its interval are those of {mean, se}; with `sign`, a difference shows which way it goes."""
    mean, _, half = text.partition(" ± ")
    is_number(mean, result["mean"], scale)
    if result["mean"] is not None:
        assert bool(half) == (result["se"] is not None), text
        if half:
            is_number(half, result["se"], 1.96 * scale)
        if sign and float(mean.replace(",", "").replace(MINUS, "-")):
            assert mean[0] in f"+{MINUS}", text


def sentence(text, pattern):
    """The groups of a pattern in a text whose line breaks do not count; <E> is an estimate, <N> a number."""
    pattern = pattern.replace("<E>", f"({ESTIMATE})").replace("<N>", f"({NUMBER})")
    result = re.search(pattern, flat(text))
    assert result, f"{pattern}\nis not in\n{flat(text)}"
    return result.groups()
