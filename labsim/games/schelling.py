"""The Schelling diagram: what keeping and removing pay one lab, against how many of the others have removed.

Schelling (1973, "Hockey helmets, concealed weapons, and daylight saving") drew two such curves for any
binary choice with externalities; where they cross, the better reply changes: a tipping point.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labsim.runs.summary import Summary, direction


@dataclass(frozen=True)
class Point:
    """What the focal lab gets while so many of the others have removed; the difference is paired."""

    others: int
    keep: Summary
    remove: Summary
    difference: Summary  # remove - keep


@dataclass(frozen=True)
class TippingPoint:
    """Where the difference changes its sign, by linear interpolation between whole numbers of labs."""

    others: float
    se: float | None  # of `others`, by the delta method
    beyond: str  # what pays where more of the others have removed: "remove" or "keep"
    certain: bool  # whether the difference is clear of 0 on both sides


def diagram(keep: np.ndarray, remove: np.ndarray) -> list[Point]:
    """The points of the diagram, from payoffs by how many others remove: (replications, labs) each."""
    return [
        Point(k, Summary.of(keep[:, k]), Summary.of(remove[:, k]), Summary.of(remove[:, k] - keep[:, k]))
        for k in range(keep.shape[1])
    ]


def crossing(before: np.ndarray, after: np.ndarray) -> tuple[float, float | None]:
    """Where between 0 and 1 a straight line of these ends (one number a replication) is 0, and its standard error."""
    fall = before.mean() - after.mean()
    place = float(before.mean() / fall)
    at_place = Summary.of((1.0 - place) * before + place * after)
    return place, None if at_place.se is None else at_place.se / abs(float(fall))


def tipping_points(keep: np.ndarray, remove: np.ndarray) -> list[TippingPoint]:
    """Every crossing of the two curves. Means that are exactly equal at a whole number count as one crossing."""
    gain = remove - keep
    signs = np.sign(gain.mean(axis=0))
    clear = [direction(Summary.of(column)) for column in gain.T]
    result, places = [], [k for k in range(gain.shape[1]) if signs[k] != 0]
    for a, b in itertools.pairwise(places):
        if signs[a] != signs[b]:
            where, se = crossing(gain[:, a], gain[:, b]) if b == a + 1 else (0.5, None)
            certain = bool(clear[a] == signs[a] and clear[b] == signs[b])
            result.append(TippingPoint(a + where * (b - a), se, "remove" if signs[b] > 0 else "keep", certain))
    return result


def shape(points: Sequence[Point]) -> str:
    """What the differences say about removing, as a phrase."""
    signs = [direction(point.difference) for point in points]
    if all(sign > 0 for sign in signs):
        return "Removing pays, however many others have removed"
    if all(sign < 0 for sign in signs):
        return "Keeping pays, however many others have removed"
    return "Which of the two pays depends on how many others have removed" if {1, -1} <= set(signs) else ""
