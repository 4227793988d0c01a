"""Many futures of a world, kept for all visitors: what they ask for again is there at once."""

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from labsim.model.outcomes import OUTCOMES, Final
from labsim.model.week import imposed
from labsim.runs.experiment import FAN_WEEKS
from labsim.runs.results import with_twins
from labsim.runs.summary import Summary
from labsim.scenario import sampling
from labsim.scenario.scenario import TWINS, Scenario

FIRST, FULL = 256, 1000  # futures at once, and a moment later
SEED = 0  # the luck of the app: that of `labsim run` without --seed
KEPT = 48  # ensembles kept, some 100 MB
BAND = (0.1, 0.5, 0.9)
RULES = [f"{kind}.{name}" for kind, name, _ in imposed()]


@dataclass(frozen=True)
class Ensemble:
    """Futures 0 to n - 1 of a world: what each outcome reads, and mean exposure by week (nan after the end)."""

    n: int
    readings: dict[str, np.ndarray]  # by the outcome's name
    gap: np.ndarray  # (n, weeks)

    def band(self) -> np.ndarray:
        """(3, weeks): the exposures between which 80 of 100 futures lie, and their median, as long as half run."""
        running = (~np.isnan(self.gap)).sum(axis=0) * 2 >= self.n
        weeks = int(running.argmin()) if not running.all() else len(running)
        return np.nanquantile(self.gap[:, :weeks], BAND, axis=0) if weeks else np.zeros((3, 0))


_KEPT: OrderedDict[tuple, Ensemble] = OrderedDict()
_LOCK = threading.Lock()
_POOL = ThreadPoolExecutor(2, thread_name_prefix="labsim-futures")


def key_of(scenario: Scenario) -> tuple:
    """What makes two scenarios the same world: settings of what is never in force do not."""
    off = {rule for rule in RULES if not scenario.ever_in_force(rule)}
    values = tuple(pair for pair in scenario.values.items() if pair[0].rpartition(".")[0] not in off)
    return values, repr((scenario.labs, scenario.evaluators, scenario.uncertainties))


def ensemble_of(scenario: Scenario, n: int, stop: Stop) -> Ensemble:
    """At least n futures of a world. Raises KeyboardInterrupt if `stop` was set meanwhile."""
    key = key_of(scenario)
    with _LOCK:
        known = _KEPT.get(key)
        if known is not None:
            _KEPT.move_to_end(key)
    if known is not None and known.n >= n:
        return known
    made = _more(scenario, known, n, stop)
    with _LOCK:
        _KEPT[key] = made
        while len(_KEPT) > KEPT:
            _KEPT.popitem(last=False)
    return made


def _more(scenario: Scenario, known: Ensemble | None, n: int, stop: Stop) -> Ensemble:
    """The known futures and those that are missing."""
    first = known.n if known else 0
    half = (n - first + 1) // 2
    pieces = [(first, half), (first + half, n - first - half)]
    sampled = sampling.draw(scenario, SEED, n)
    weeks = min(scenario["race.weeks"], FAN_WEEKS)

    def work(piece: tuple[int, int]) -> tuple[Final, np.ndarray]:
        start, count = piece
        mine = {path: values[start : start + count] for path, values in sampled.items()}
        final, race, _ = ensemble.trace(scenario, start, count, SEED, (), ("exposure",), weeks, mine, stop=stop)
        return final, race[:, :, 0]

    done = list(_POOL.map(work, [piece for piece in pieces if piece[1]]))
    if stop:
        raise KeyboardInterrupt
    parts = [{name: outcome.function(final) for name, outcome in OUTCOMES.items()} for final, _ in done]
    parts = ([known.readings] if known else []) + parts
    gaps = ([known.gap] if known else []) + [_cut(gap) for _, gap in done]
    longest = max(gap.shape[1] for gap in gaps)
    gaps = [np.pad(gap, ((0, 0), (0, longest - gap.shape[1])), constant_values=np.nan) for gap in gaps]
    readings = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Ensemble(n, readings, np.concatenate(gaps))


def outcomes_of(scenario: Scenario, n: int, stop: Stop) -> dict[str, np.ndarray]:
    """Every outcome of n futures of a world, by name. Raises KeyboardInterrupt if `stop` was set meanwhile."""
    made = with_twins(scenario)
    own, free = (ensemble_of(w, n, stop).readings for w in (scenario, made.get("rule_free", made["all_remove"])))
    return {
        name: own[name][:n] - free[name][:n] if outcome.less_rule_free else own[name][:n]
        for name, outcome in OUTCOMES.items()
    }


def _cut(gap: np.ndarray) -> np.ndarray:
    """Without the weeks in which no race runs any more."""
    running = ~np.isnan(gap).all(axis=0)
    return gap[:, : int(running.nonzero()[0][-1]) + 1 if running.any() else 0].astype(np.float32)


@dataclass(frozen=True)
class Beside:
    """A world and what it is held against, under the same luck."""

    n: int
    world: Ensemble
    other: Ensemble
    here: dict[str, np.ndarray]  # the outcomes of this world by name
    there: dict[str, np.ndarray]  # those of the other

    def level(self, outcome: str) -> Summary:
        """The outcome in this world."""
        return Summary.of(self.here[outcome])

    def was(self, outcome: str) -> Summary:
        """The outcome in the other."""
        return Summary.of(self.there[outcome])

    def difference(self, outcome: str) -> Summary:
        """Paired: this world less the other, where both have the number."""
        return Summary.of(self.here[outcome] - self.there[outcome])


def beside(scenario: Scenario, other: Scenario, n: int, stop: Stop) -> Beside:
    """n futures of a world beside n of another with the same luck. Raises KeyboardInterrupt if stopped."""
    pair = (scenario, other)
    ensembles, outcomes = ([of(world, n, stop) for world in pair] for of in (ensemble_of, outcomes_of))
    return Beside(n, *ensembles, *outcomes)


def all_keep(scenario: Scenario) -> Scenario:
    """The twin in which every lab keeps the human."""
    return scenario.with_strategy(TWINS["all_keep"])
