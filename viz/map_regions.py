"""Where the names of the regions of a map stand, and the lines between them."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from labsim.closure_game import TOO_CLOSE
from labsim.map_plot import STYLE

from .game_table import named

Labels = tuple[tuple[str, ...], ...]  # rows from the lowest
LETTER, MARGIN = 0.0185, 0.03  # of the width of a map: a letter of a name, and what is free beside it


@lru_cache(maxsize=64)
def names(labels: Labels) -> list[dict]:
    """The name of each region that has room for it: x and y of its middle in parts of the map, from the lower left."""
    from scipy import ndimage

    grid, found = np.array(labels), []
    rows, columns = grid.shape
    for label, (_, meaning) in STYLE.items():
        regions, count = ndimage.label(grid == label)
        if not count:
            continue
        sizes = ndimage.sum_labels(np.ones_like(regions), regions, range(1, count + 1))
        region = regions == 1 + int(np.argmax(sizes))
        half = (LETTER * len(label) / 2 + MARGIN) * columns
        room = _widest(region)
        depth = ndimage.distance_transform_cdt(np.pad(region, 1), "chessboard")[1:-1, 1:-1].astype(float)
        depth[room[0] < half] = 0.0
        if depth.max() < 1.0:
            continue
        deep = np.argwhere(depth == depth.max())
        row, _ = deep[len(deep) // 2]
        column = deep[deep[:, 0] == row][:, 1].mean()
        middle = room[1][row, round(column)]
        wide = room[0][row, round(column)] * 2 / columns
        tall = depth.max() * 2 / rows
        line = meaning if tall > 0.12 and wide > 0.016 * len(meaning) + 2 * MARGIN else ""
        found.append({"name": named(label), "line": line, "x": (middle + 0.5) / columns, "y": (row + 0.5) / rows})
    return found


def _widest(region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each cell of a region, half the width and the middle of the run of cells in its row; 0 outside."""
    half, middle = np.zeros(region.shape), np.zeros(region.shape)
    for row, cells in enumerate(region):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], cells.astype(int), [0]))))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            half[row, start:end], middle[row, start:end] = (end - start) / 2, (start + end - 1) / 2
    return half, middle


def borders(labels: Labels) -> list[list[int]]:
    """The lines between cells of different games, as [x1, y1, x2, y2] in cells from the lower left."""
    grid = np.array(labels)
    upright = [[c + 1, r, c + 1, r + 1] for r, c in np.argwhere(grid[:, 1:] != grid[:, :-1]).tolist()]
    level = [[c, r + 1, c + 1, r + 1] for r, c in np.argwhere(grid[1:] != grid[:-1]).tolist()]
    return upright + level


def told(counts: dict[str, int], here: str) -> str:
    """The map for readers that do not see it: how many cells have each label."""
    cells = sum(counts.values())
    parts = [f"{label} {count}" for label, count in counts.items() if label != TOO_CLOSE]
    close = f"; {TOO_CLOSE} {counts[TOO_CLOSE]}" if counts.get(TOO_CLOSE) else ""
    return f"Of {cells} cells: {', '.join(parts)}{close}. {here}"


def numbered(labels: Labels, kinds: Sequence[str]) -> list[list[int]]:
    """The labels as places in a list of kinds."""
    place = {label: k for k, label in enumerate(kinds)}
    return [[place[label] for label in row] for row in labels]
