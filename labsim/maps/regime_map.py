"""A regime map: which game the labs are in, or what becomes of the world, over two parameters.

Every cell has the same luck. Labels are looked for sequentially: all cells get a first look, and only
those with a sign in doubt get more replications, twice as many at each look. Who looks more often is
wrong more often; so a sign counts at an interim look only beyond 3 standard errors, and beyond the 2
of the closure game only at the last one (Haybittle 1971; Peto et al. 1976). A sign is then wrong in at
most about 3 of 100 cells whose true difference is nothing (2.3 at the last look, 0.13 at each before),
and hardly ever elsewhere. A label so found is that of `labsim game` with the cell's replications.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import LABELS, TOO_CLOSE, ClosureGame, place_of
from labsim.games.variants import Variants, asked_game, asked_outcome, left_out, outcome_values, prepare
from labsim.maps.axes import Axis, moved
from labsim.runs.summary import Summary, is_zero
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

LABEL = "label"
FIRST_LOOK, INTERIM = 64, 3.0  # replications of the first look; standard errors that count before the last look
MOST, OF_OUTCOME = 1024, 256  # replications of a cell: at most for a label, exactly for an outcome
DIFFERENCES = ("closure_premium", "last_keeper", "collective_loss")
Draw = Callable[[list[int], int, int], np.ndarray]  # (cells, first, count) -> payoffs (4, cells, count)


@dataclass(frozen=True)
class Cell:
    """One cell: where it is, what was found there, from how many replications."""

    x: float
    y: float
    replications: int
    numbers: dict[str, Summary]  # DIFFERENCES of a label's map, or the outcome by its name
    label: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The cell as in the JSON of `labsim map`."""
        result = {name: summary.as_dict(quantiles=False) for name, summary in self.numbers.items()}
        label = {} if self.label is None else {"label": self.label}
        return {"x": self.x, "y": self.y} | label | result | {"replications": self.replications}

    def row(self) -> dict[str, Any]:
        """The cell as a row of a table: x, y, label, mean and se of each number, replications."""
        flat = self.as_dict()
        for name in self.numbers:
            flat |= {f"{name}_{what}": np.nan if v is None else v for what, v in flat.pop(name).items()}
        flat["replications"] = flat.pop("replications")
        return flat


@dataclass(frozen=True)
class RegimeMap:
    """A map: its axes and its cells, of which those of one row (one value of y) stand together."""

    scenario: Scenario
    x: Axis
    y: Axis
    of: str  # LABEL or an outcome
    cells: list[Cell]
    seed: int
    replications: int  # of a cell at most
    races: int
    engine: str
    focal: str | None = None
    remarks: list[str] = field(default_factory=list)
    as_it_is: bool = True  # whether the map is of the scenario itself: see `prepare`
    left_out: str = ""  # what is said of races that failed: see `variants.left_out`

    @property
    def here(self) -> dict[str, float] | None:
        """The scenario's own values, where they lie inside the axes and nothing had to be put in force."""
        own = {"x": self.scenario.get(self.x.path), "y": self.scenario.get(self.y.path)}
        inside = all(
            own[k] is not None and axis.values[0] <= own[k] <= axis.values[-1]
            for k, axis in (("x", self.x), ("y", self.y))
        )
        return own if inside and self.as_it_is else None

    @property
    def counts(self) -> dict[str, int]:
        """How many cells have each label; all labels that there are."""
        result = Counter(cell.label for cell in self.cells)
        return {label: result[label] for label in (*LABELS, TOO_CLOSE)}

    def grid(self, read: Callable[[Cell], Any]) -> list[list[Any]]:
        """Something of every cell, a list for each value of y from the lowest."""
        n = len(self.x.values)
        return [[read(cell) for cell in self.cells[k : k + n]] for k in range(0, len(self.cells), n)]

    def table(self) -> pd.DataFrame:
        """A row for each cell."""
        return pd.DataFrame([cell.row() for cell in self.cells])

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim map`."""
        counts = {"counts": self.counts, "doubtful": self.counts[TOO_CLOSE]} if self.of == LABEL else {}
        return {
            "scenario": self.scenario.name, "of": self.of, "focal": self.focal, "x": self.x.as_dict(),
            "y": self.y.as_dict(), "here": self.here, "seed": self.seed, "replications": self.replications,
            "races": self.races, "engine": self.engine, "remarks": self.remarks, **counts,
            "cells": [cell.as_dict() for cell in self.cells],
        }  # fmt: skip


def looks(most: int) -> Iterator[int]:
    """Replications of a cell at each look: 64, 128, ... up to the most."""
    total = FIRST_LOOK
    while total < most:
        yield total
        total *= 2
    yield most


def is_settled(game: ClosureGame) -> bool:
    """Whether more replications are not needed at an interim look: every sign is clear, or removing changes nothing."""
    same = is_zero(game.closure_premium) or is_zero(game.last_keeper)
    return same or game.label_at(INTERIM) != TOO_CLOSE


def settle(draw: Draw, cells: int, most: int = MOST) -> list[ClosureGame]:
    """The game of each cell, sequentially: see the module. A cell's game depends on its own payoffs only."""
    games: list[Any] = [None] * cells
    open_cells, done = list(range(cells)), 0
    held = np.empty((4, cells, 0))
    for total in looks(most):
        held = np.concatenate([held, draw(open_cells, done, total - done)], axis=2)
        for place, cell in enumerate(open_cells):
            games[cell] = ClosureGame.of(*held[:, place], replications=total)
        left = [place for place, cell in enumerate(open_cells) if not is_settled(games[cell])]
        held, open_cells, done = held[:, left], [open_cells[place] for place in left], total
        if not open_cells:
            break
    return games


def regime_map(
    scenario: Scenario, x: Axis, y: Axis, of: str = LABEL, focal: int | str = 0, replications: int | None = None,
    seed: int = 0, engine: str = "ensemble", jobs: int | None = None, stop: Stop | None = None,
    tell: Callable[[int], None] | None = None,
) -> RegimeMap:  # fmt: skip
    """The map of the closure game's label, or of an outcome of the world as it is, over two parameters.

    `replications`: at most for a label (default 1024), exactly for an outcome (256). A cell depends on
    seed and its replications, not on the other cells nor on `jobs`. `tell` is called with the races
    done. A race that fails is left out of its cell. Raises ScenarioError (RaceFailed, if all fail);
    KeyboardInterrupt if `stop` was set.
    """
    most = replications or (MOST if of == LABEL else OF_OUTCOME)
    if most < 1:
        raise ScenarioError(f"map: replications = {most}: must be at least 1")
    who = scenario.all_labs[place_of(scenario, focal)].name if of == LABEL else None
    base, remarks = prepare(scenario, [x.path, y.path], who)
    asked, changes = asked_game(base, focal) if of == LABEL else asked_outcome(of), moved([x, y])
    variants = Variants(base, changes, asked, most, seed, engine, jobs, stop, tell)
    if of == LABEL:
        games = settle(variants.values, len(changes), most)
        result = [({name: lean(getattr(game, name)) for name in DIFFERENCES}, game) for game in games]
        cells = [Cell(*_at(c, x, y), g.replications, n, g.label) for c, (n, g) in zip(changes, result, strict=True)]
    else:
        levels = outcome_values(variants.values(range(len(changes)), 0, most))
        cells = [Cell(*_at(c, x, y), most, {of: lean(Summary.of(v))}) for c, v in zip(changes, levels, strict=True)]
    return RegimeMap(
        scenario, x, y, of, cells, seed, most, variants.done, variants.engine, who, remarks, base is scenario,
        left_out([variants]),
    )  # fmt: skip


def lean(summary: Summary) -> Summary:
    """The summary without the numbers it was made of."""
    return dataclasses.replace(summary, kept=None)


def _at(change: dict[str, float], x: Axis, y: Axis) -> Sequence[float]:
    return change[x.path], change[y.path]
