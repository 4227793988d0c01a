"""Regime maps and tipping points in words, in 80 columns, and as files of data."""

from pathlib import Path

from labsim.games.closure_game import CHICKEN, DEADLOCK, HARMONY, PRISONERS_DILEMMA, STAG_HUNT, TOO_CLOSE
from labsim.games.game_report import DIFFERENCES
from labsim.maps.axes import Axis
from labsim.maps.regime_map import FIRST_LOOK, LABEL, RegimeMap
from labsim.maps.tipping import KEEP_PAYS, SIGNS, Crossing, Reading, Tipping, compared
from labsim.model.outcomes import OUTCOMES
from labsim.runs.summary import CLEAR, Summary
from labsim.runs.whole import write_asked
from labsim.scenario.checked import CATALOGUE, ScenarioError
from labsim.show.numbers import estimate, interval, number
from labsim.show.plots import check_place
from labsim.show.printouts import plain_table
from labsim.show.terminal import out, paragraph, say
from labsim.show.words import NOT_A_FORECAST

LETTERS = {HARMONY: "H", STAG_HUNT: "S", PRISONERS_DILEMMA: "P", DEADLOCK: "D", CHICKEN: "C", TOO_CLOSE: "?"}
WIDEST = 40  # columns and rows of a map in letters; of a larger one, every second or third is shown
FORMATS = (".csv", ".parquet")


def check_data_path(path: Path | None) -> None:
    """A data file must end in .csv or .parquet and its folder exist. Raises ScenarioError."""
    if path is not None and path.suffix not in FORMATS:
        raise ScenarioError(f"--out {path}: must end in {' or '.join(FORMATS)}")
    if path is not None:
        check_place("--out", path)


def write_data(regimes: RegimeMap, path: Path) -> None:
    """A row for each cell, as CSV or Parquet by the file's name. Raises ScenarioError."""
    table = regimes.table()
    save = table.to_csv if path.suffix == ".csv" else table.to_parquet
    write_asked("--out", path, lambda part: save(part, index=False))


def map_report(regimes: RegimeMap, seconds: float, files: list[Path]) -> None:
    """What `labsim map` prints."""
    what = f"The closure game of {regimes.focal}" if regimes.of == LABEL else _measure(regimes.of)
    paragraph(f"{what} in '{regimes.scenario.name}' over {regimes.x.path} and {regimes.y.path}")
    for remark in regimes.remarks:
        paragraph(remark)
    say()
    for line in letters(regimes):
        say(line)
    say()
    for name, axis in (("across", regimes.x), ("upwards", regimes.y)):
        paragraph(f"{name}: {axis.path} from {axis.values[0]:g} to {axis.values[-1]:g}{_log(axis)}: {axis.words}")
    say()
    if regimes.of == LABEL:
        table = plain_table("", "cells", "%")
        for label, count in regimes.counts.items():
            table.add_row(f"{LETTERS[label]}  {label}", str(count), f"{100 * count / len(regimes.cells):.0f}")
        out.print(table)
    fewest = f"{FIRST_LOOK} to " if regimes.of == LABEL and regimes.replications > FIRST_LOOK else ""
    paragraph(
        f"{len(regimes.cells)} cells, {fewest}{regimes.replications} replications a cell, {regimes.races:,} races in "
        f"{seconds:.0f} s; seed {regimes.seed}, the same luck in all cells. {NOT_A_FORECAST}"
    )
    for path in files:
        say(f"File: {path}")


def letters(regimes: RegimeMap) -> list[str]:
    """The map with a letter (or a digit from 0, the least, to 9, the most) for each cell, highest y first."""
    means = [c.numbers[regimes.of].mean for c in regimes.cells if c.label is None and c.numbers[regimes.of].n]
    low, high = (min(means), max(means)) if means else (0.0, 1.0)

    def letter(cell) -> str:
        if cell.label is not None:
            return LETTERS[cell.label]
        level = cell.numbers[regimes.of]
        return str(min(9, int(10 * (level.mean - low) / ((high - low) or 1.0)))) if level.n else "-"

    across, up = (-(-len(axis.values) // WIDEST) for axis in (regimes.x, regimes.y))
    names = [f"{y:.4g}" for y in regimes.y.values]
    columns = len(regimes.x.values[::across])
    first, last = (f"{regimes.x.values[::across][end]:.4g}" for end in (0, -1))
    apart = -(-(len(first) + len(last) + 1 - columns) // (columns - 1))  # so that there is room for both below
    wide, gap = max(map(len, names)), " " * max(apart, 1 if columns <= 32 else 0)
    rows = [
        f"{name:>{wide}}  {gap.join(row[::across])}"
        for name, row in zip(names[::up], regimes.grid(letter)[::up], strict=True)
    ]
    drawn = len(rows[0]) - wide - 2
    rows = [*reversed(rows), " " * (wide + 2) + first + last.rjust(drawn - len(first))]
    if regimes.of != LABEL and means:
        unit = OUTCOMES[regimes.of].unit
        rows.append(f"0 is {number(low, unit)}, 9 is {number(high, unit)} {unit}".rstrip())
        errors = [c.numbers[regimes.of].se for c in regimes.cells if c.numbers[regimes.of].se is not None]
        half = f"at most{interval(max(errors), unit)} {unit}".rstrip() if errors else "unknown from one race"
        rows.append(f"the error of a cell (95 %) is {half}")
    if max(across, up) > 1:
        rows.append(f"(every {across}. column and {up}. row)")
    return rows


def tip_report(tipping: Tipping) -> None:
    """What `labsim tip` prints."""
    about, lever = tipping.about, tipping.about["lever"]
    unit = f" {about['unit']}" if about["unit"] else ""
    paragraph(f"{lever} in '{about['scenario']}': {CATALOGUE[lever].meaning}")
    for remark in tipping.remarks:
        paragraph(remark)
    say()
    aim = condition_words(about["until"], about["focal"])
    if tipping.value is None:
        at, reading = tipping.best
        paragraph(
            f"Nothing from {about['low']:g} to {about['high']:g}{unit} makes sure that {aim}. The nearest to it is "
            f"{at:.4g}{unit}, where {_lacking(about['until'], reading)}."
        )
    else:
        low, high = tipping.interval
        where = f"{'no lower end' if low is None else f'{low:.4g}'} to {high:.4g}"
        start = ", the lowest value looked at" if tipping.value == about["low"] else f" (interval {where})"
        paragraph(f"The smallest value at which {aim}: {tipping.value:.4g}{unit}{start}.")
    for crossing in tipping.crossings:
        if crossing.value != tipping.value:
            paragraph(f"It {_turn(crossing)} {crossing.value:.4g}{unit} (interval {_ends(crossing)}).")
    now = about["now"]
    paragraph(
        f"Its value in the scenario, in force or not, is {'never' if now is None else f'{now:g}{unit}'}. "
        f"Looked at {tipping.evaluated} values "
        f"from {about['low']:g} to {about['high']:g}, {about['replications']} replications each, seed {about['seed']}, "
        f"the same luck in all. At the ends of an interval the answer is certain ({CLEAR:g} standard errors). "
        f"{NOT_A_FORECAST}"
    )


def condition_words(until: str, focal: str | None) -> str:
    """A condition as the end of a sentence."""
    if until == KEEP_PAYS:
        return f"keeping pays {focal} while all others keep"
    return f"the game of {focal} is called {until}" if until in SIGNS else until


def _lacking(until: str, reading: Reading) -> str:
    """How things stand where a condition is not met: the number it asks about, or the one furthest from its sign."""
    worst = reading.worst
    if not worst.n:
        return "there is no such number"
    if until in SIGNS:
        place = next(k for k, margin in enumerate(reading.margins) if margin is worst)
        sign, name = [pair for pair in zip(SIGNS[until], DIFFERENCES, strict=True) if pair[0]][place]
        gap = Summary(worst.n, sign * worst.mean, worst.squares)
        side = "above" if sign > 0 else "below"
        return f"{name}, which must be {side} 0, is {estimate(gap, '%', sign=True)} % of the prize"
    name, sign, bound = compared(until)
    unit = OUTCOMES[name].unit
    level = Summary(worst.n, bound + sign * worst.mean, worst.squares)
    return f"{name} is {estimate(level, unit)} {unit}".rstrip()


def _turn(crossing: Crossing) -> str:
    return "holds from" if crossing.holds == "above" else "holds up to"


def _ends(crossing: Crossing) -> str:
    return " to ".join(f"{end:.4g}" for end in crossing.interval)


def _measure(outcome: str) -> str:
    label = OUTCOMES[outcome].label
    return f"{label[0].upper()}{label[1:]}"


def _log(axis: Axis) -> str:
    return ", by factors" if axis.log else ""
