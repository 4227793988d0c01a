"""What the Map asks of labsim: the regime map, coarse at once and then row by row; the game at the point."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import LABELS, TOO_CLOSE, ClosureGame, place_of
from labsim.games.profiles import check_players, race
from labsim.games.removal_table import play_table
from labsim.games.schelling import Point, TippingPoint, diagram, tipping_points
from labsim.games.variants import can_be_drawn, prepare
from labsim.maps.axes import Axis, check_number_path
from labsim.maps.regime_map import regime_map
from labsim.runs.experiment import tracer, usable_engine
from labsim.runs.summary import Summary
from labsim.scenario import sampling
from labsim.scenario.checked import CATALOGUE, ScenarioError, is_lab_path
from labsim.scenario.scenario import Scenario
from viz.world.ensembles import FIRST, FULL, SEED
from viz.world.levers import moved
from viz.world.scale import STEPS, scale
from viz.world.world import World

COARSE, FINE, FIRST_LOOK = 7, 21, 128  # values of an axis, first and at last; replications of the coarse map
MOST_ROWS = 2000  # kept for all visitors
TELLING = (
    "competition.winner_share", "decision.own_harm", "harm.rate", "harm.after", "cycle.able", "cycle.research",
)  # fmt: skip
OTHERS = (
    "competition.finish", "competition.ideas", "competition.market_pull", "competition.market_sensitivity",
    "decision.discount", "cycle.review", "cycle.machine", "cycle.machine_falls", "cycle.compute_exponent",
    "cycle.candidates", "cycle.correlation", "cycle.tau_capability", "cycle.tau_alignment", "cycle.sigma_capability",
    "cycle.sigma_alignment", "cycle.sigma_human", "cycle.weight", "cycle.grip", "cycle.learning", "cycle.returns",
    "faking.initial", "faking.half_life",
)  # fmt: skip
_rows: OrderedDict[tuple, list[str]] = OrderedDict()  # labels of a row of a map, for all visitors
_lock = threading.Lock()
_background = threading.Lock()  # one row at a time for all visitors: a core stays free for the points they move


@lru_cache(maxsize=1)
def choices() -> dict[str, list[str]]:
    """The parameters that an axis is offered for, in groups."""
    laws = [
        path for path, d in CATALOGUE.items()
        if path.startswith("governance.") and not d.options and isinstance(d.default, int | float)
        and d.high < 1e9 and can_be_drawn(path)
    ]  # fmt: skip
    return {"Most telling": list(TELLING), "The race and the loop": list(OTHERS), "Laws and treaties": laws}


@dataclass(frozen=True)
class Plane:
    """What a map is of: a world's scenario in which two parameters move, and whose game it is."""

    scenario: Scenario
    x: Axis
    y: Axis
    focal: str
    remarks: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same for all worlds that differ in nothing but where the point is."""
        still = self.scenario.with_paths({axis.path: axis.values[0] for axis in (self.x, self.y)})
        return repr((still, self.x, self.y, self.focal))

    def world_at(self, world: World, x: float, y: float) -> World:
        """The world with the point moved there; a rule that a parameter belongs to is put in force."""
        return moved(moved(world, self.x.path, x), self.y.path, y)

    def at(self, x: float, y: float) -> Scenario:
        """The scenario of the map with the point there."""
        return self.scenario.with_paths({self.x.path: x, self.y.path: y})


def axis_of(path: str) -> Axis:
    """An axis over the range of the parameter's slider, with the values in the middle of its cells."""
    check_number_path(path, "map")
    range_of, d = scale(path), CATALOGUE[path]
    if range_of.never:
        raise ScenarioError(f"map {path}: must be a parameter that is never without a value; it is {d.allowed}")
    n = min(FINE, round(range_of.high - range_of.low) + 1) if d.whole else FINE
    return Axis(path, tuple(range_of.value(round(STEPS * (k + 0.5) / n)) for k in range(n)), range_of.log)


def plane(world: World, x: str, y: str, lab: str | None) -> Plane:
    """The plane of a world. Raises ScenarioError: for one lab, an unknown parameter, the same one twice."""
    scenario = world.resolve()
    check_players("map", scenario, 1)
    if x == y:
        raise ScenarioError(f"map.y = '{y}': must be another parameter than map.x")
    axes = [axis_of(path) for path in (x, y)]
    focal = lab or whose(scenario, (x, y))
    prepared, remarks = prepare(scenario, [x, y], focal)
    return Plane(prepared, axes[0], axes[1], focal, tuple(remarks))


def whose(scenario: Scenario, paths: tuple[str, ...]) -> str:
    """The first lab for which all these parameters move, or the first lab."""
    labs = scenario.all_labs
    moved = (lab for lab in labs if not any(is_lab_path(path) and path in lab.values for path in paths))
    return next(moved, labs[0]).name


@dataclass(frozen=True)
class Regimes:
    """The map so far: labels by row from the lowest y, how many rows are in full."""

    plane: Plane
    labels: tuple[tuple[str, ...], ...]
    done: int

    @property
    def counts(self) -> dict[str, int]:
        """How many cells have each label."""
        flat = [label for row in self.labels for label in row]
        return {label: flat.count(label) for label in (*LABELS, TOO_CLOSE) if label in flat}


def regimes(plane: Plane, near: float, stop: Stop) -> Iterator[Regimes]:
    """The map, better and better: coarse, then each row in full, first those near a value of y."""
    key, ys = plane.key, plane.y.values
    rows: dict[int, list[str]] = {k: row for k, y in enumerate(ys) if (row := _kept((key, y))) is not None}
    if len(rows) == len(ys):
        yield _so_far(plane, rows, {})
        return
    coarse = _coarse(plane, stop)
    yield _so_far(plane, rows, coarse)
    for k in sorted(range(len(ys)), key=lambda k: abs(ys[k] - near)):
        if k in rows:
            continue
        with _background:
            rows[k] = _kept((key, ys[k])) or _row(plane, ys[k], stop)
        _keep((key, ys[k]), rows[k])
        yield _so_far(plane, rows, coarse)


def _row(plane: Plane, y: float, stop: Stop) -> list[str]:
    row = Axis(plane.y.path, (y,))
    result = regime_map(plane.scenario, plane.x, row, focal=plane.focal, jobs=1, stop=stop)
    return [cell.label for cell in result.cells]


def _coarse(plane: Plane, stop: Stop) -> dict[int, list[str]]:
    """Rows of the full map, each cell with the label of the nearest one of a coarse map."""
    places = [_thinned(len(axis.values)) for axis in (plane.x, plane.y)]
    x, y = (
        Axis(axis.path, tuple(axis.values[k] for k in at)) for axis, at in zip((plane.x, plane.y), places, strict=True)
    )
    result = regime_map(plane.scenario, x, y, focal=plane.focal, replications=FIRST_LOOK, stop=stop)
    grid = result.grid(lambda cell: cell.label)
    nearest = [[min(range(len(at)), key=lambda j: abs(at[j] - k)) for k in range(at[-1] + 1)] for at in places]
    return {row: [grid[j][i] for i in nearest[0]] for row, j in enumerate(nearest[1])}


def _thinned(n: int) -> list[int]:
    """A few places from the first to the last."""
    few = min(n, COARSE)
    return [round(k * (n - 1) / (few - 1)) for k in range(few)]


def _so_far(plane: Plane, rows: dict[int, list[str]], coarse: dict[int, list[str]]) -> Regimes:
    labels = (rows.get(k) or coarse[k] for k in range(len(plane.y.values)))
    return Regimes(plane, tuple(map(tuple, labels)), len(rows))


def _kept(key: tuple) -> list[str] | None:
    with _lock:
        if key in _rows:
            _rows.move_to_end(key)
        return _rows.get(key)


def _keep(key: tuple, row: list[str]) -> None:
    with _lock:
        _rows[key] = row
        while len(_rows) > MOST_ROWS:
            _rows.popitem(last=False)


@dataclass(frozen=True)
class Played:
    """The game of the focal lab in one world: two by two, and against any number of others who have closed."""

    game: ClosureGame
    points: tuple[Point, ...]  # none where there are too many kinds of labs
    tips: tuple[TippingPoint, ...]
    others: int
    closing: Summary  # how many of the others close, as labs decide


def played(scenario: Scenario, focal: str, stop: Stop) -> Iterator[Played]:
    """The game with a few replications, then with more."""
    for replications in (FIRST, FULL):
        yield _play(scenario, focal, replications, stop)


def _play(scenario: Scenario, focal: str, replications: int, stop: Stop) -> Played:
    place = place_of(scenario, focal)
    table = play_table(scenario, place, replications, SEED, stop=stop)
    curves = table.by_others
    about = {"focal": focal, "scenario": scenario.name, "replications": replications}
    return Played(
        table.two_by_two(place, **about),
        tuple(diagram(*curves)) if curves else (),
        tuple(tipping_points(*curves)) if curves else (),
        len(scenario.all_labs) - 1,
        closing(scenario, place, FIRST, stop),
    )


def closing(scenario: Scenario, place: int, replications: int, stop: Stop) -> Summary:
    """How many labs but this one ever remove the human, in the world as it is."""
    trace, sampled = tracer(usable_engine("ensemble")), sampling.draw(scenario, SEED, replications)
    final = race(scenario, trace, 0, replications, SEED, sampled, stop)
    if stop:
        raise KeyboardInterrupt
    closed = final.labs("first_closed") >= 0.0
    closed[:, place] = False
    return Summary.of(closed.sum(axis=1).astype(float))
