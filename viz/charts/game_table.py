"""The closure game as a two by two table, and the words for its kinds."""

from labsim.games.closure_game import ClosureGame
from labsim.maps.plot import STYLE
from labsim.runs.summary import Summary, direction
from labsim.show.numbers import fixed
from viz.charts import marks
from viz.charts.svg import drawing, rect, text
from viz.world.said import POINTS, plus_minus

LEFT, TOP, HEIGHT = 64, 22, 42
COLUMNS = (("others keep", "R", "T"), ("others close", "S", "P"))  # name, pay-off if you keep, if you close


def named(label: str) -> str:
    """The name of a kind of game as a heading: "Stag hunt"."""
    return (label[0].upper() + label[1:]).replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def meaning(label: str) -> str:
    """What kind of game it is, in a line; nothing where it is too close to call."""
    words = STYLE[label][1] if label in STYLE else ""
    return f"{words[0].upper()}{words[1:]}." if words else ""


def points(summary: Summary, sign: bool = False) -> str:
    """A mean of prizes in whole points."""
    return fixed(POINTS * summary.mean, 0, sign)


def half(summary: Summary) -> str:
    """Half of the 95 % interval in points, with `±`; nothing where there is none."""
    return plus_minus(summary, POINTS)


def better(difference: Summary) -> int | None:
    """The row of the better reply, from what removing gains: 0 keep, 1 close, None where it is too close to call."""
    return {1: 1, -1: 0, 0: None}[direction(difference)]


def game_table(game: ClosureGame, width: int = 232) -> str:
    """What the focal lab gets, in points: rows are what it does, columns what all others do; better replies outlined.

    Both cells of a column are hatched where the difference is too close to call.
    """
    wide, pattern = (width - LEFT) / 2, f"tie-{width}"
    body = marks.HATCH.replace("hatch", pattern)
    for row, who in enumerate(("you keep", "you close")):
        body += text(0, TOP + HEIGHT * row + HEIGHT / 2 + 4, who, "t-mute")
    for column, (name, *cells) in enumerate(COLUMNS):
        best = better((game.closure_premium, game.last_keeper)[column])
        body += text(LEFT + wide * (column + 0.5), 13, name, "t-mute", "middle")
        for row, cell in enumerate(cells):
            x, y = LEFT + wide * column, TOP + HEIGHT * row
            body += _cell(x, y, wide, row, best, game.payoffs[cell], pattern)
    return drawing(width, TOP + 2 * HEIGHT + 2, body, f"What each choice pays {game.focal}, in points", _told(game))


def _cell(x: float, y: float, wide: float, row: int, best: int | None, pays: Summary, pattern: str) -> str:
    colour, box = ("kept", "closed")[row], (x + 1.5, y + 1.5, wide - 3, HEIGHT - 3)
    if best == row:
        shape = rect(*box, f"{colour[0]}-tint", f'rx="3" style="stroke:var(--{colour});stroke-width:1.5"')
    elif best is None:
        shape = rect(*box, "", f'rx="3" style="fill:url(#{pattern});stroke:var(--line-strong)"')
    else:
        shape = rect(*box, "paper-fill", 'rx="3" style="stroke:var(--line)"')
    bold = " t-b" if best == row else ""
    middle = x + wide / 2
    level = text(
        middle, y + 19, points(pays), f"t-ink t-lg halo{bold}" if best is None else f"t-ink t-lg{bold}", "middle"
    )
    return shape + level + text(middle, y + 34, half(pays), "t-sm halo" if best is None else "t-sm", "middle")


def _told(game: ClosureGame) -> str:
    """The table for readers that do not see it."""
    said = []
    gaps = (game.closure_premium, game.last_keeper)
    for (name, keep, close), gap in zip(COLUMNS, gaps, strict=True):
        pays = [f"{points(game.payoffs[cell])} {half(game.payoffs[cell])}".strip() for cell in (keep, close)]
        verdict = {0: "keeping is better", 1: "closing is better", None: "too close to call"}[better(gap)]
        said.append(f"If {name}, keeping pays {pays[0]} and closing {pays[1]}: {verdict}.")
    return " ".join(said)
