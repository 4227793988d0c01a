"""Where the names of the regions of a map stand, and the lines between them."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from labsim.games.closure_game import TOO_CLOSE
from labsim.maps.plot import STYLE
from viz.charts.game_table import named

Labels = tuple[tuple[str, ...], ...]  # rows from the lowest
LETTER, MARGIN = 0.0185, 0.03  # of the width of a map: a letter of a name, and what is free beside it


@lru_cache(maxsize=64)
def names(labels: Labels) -> list[dict]:
    """The name of each game where its largest region has room for it, along a row or up a column.

    x and y are its middle in parts of the map, from the lower left.
    """
    from scipy import ndimage

    grid, result = np.array(labels), []
    for label, (_, meaning) in STYLE.items():
        regions, count = ndimage.label(grid == label)
        if not count:
            continue
        sizes = ndimage.sum_labels(np.ones_like(regions), regions, range(1, count + 1))
        region = regions == 1 + int(np.argmax(sizes))
        along, up = _place(region, len(label)), _place(region.T, len(label))
        if along is not None:
            x, y, wide, tall = along
            fits = tall > 0.12 and wide > LETTER * 0.9 * len(meaning) + MARGIN
            result.append(
                {"kind": label, "name": named(label), "line": meaning if fits else "", "x": x, "y": y, "up": False}
            )
        elif up is not None:
            result.append({"kind": label, "name": named(label), "line": "", "x": up[1], "y": up[0], "up": True})
    return result


def _place(region: np.ndarray, letters: int) -> tuple[float, float, float, float] | None:
    """Where a word fits into a region as deep inside as it can: its middle, and how wide and tall the place is."""
    from scipy import ndimage

    rows, columns = region.shape
    half, middle = _runs(region)
    depth = ndimage.distance_transform_cdt(np.pad(region, 1), "chessboard")[1:-1, 1:-1].astype(float)
    depth[2 * half < (LETTER * letters + MARGIN) * columns] = 0.0
    if depth.max() < 1.0:
        return None
    deep = np.argwhere(depth == depth.max())
    row = deep[len(deep) // 2][0]
    column = round(deep[deep[:, 0] == row][:, 1].mean())
    return (
        (middle[row, column] + 0.5) / columns,
        (row + 0.5) / rows,
        2 * half[row, column] / columns,
        2 * depth.max() / rows,
    )


def _runs(region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each cell of a region, half the length and the middle of the run of cells in its row; 0 outside."""
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
