"""What a pause specification is worth: what it catches, misses, stops for nothing, and costs.

The same races are run with the specification, with the same specification silent (no condition in it),
with each condition alone and with each one left out, all under the same luck. Differences are paired.
A silent specification changes nothing, but counts the dangers that a lab without one goes through.
"""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.model.outcomes import Final, catastrophe, each, mean, race_weeks, risk_of
from labsim.pause_spec.file import Specification
from labsim.runs.experiment import FAN_WEEKS, Progress, chunk_size, in_order, tracer, usable_engine
from labsim.runs.summary import Summary, finite
from labsim.scenario import sampling
from labsim.scenario.scenario import Scenario
from labsim.show.numbers import INTERVAL

SILENT: tuple[str, ...] = ()  # the conditions of the specification that never fires


def own_harm(final: Final) -> np.ndarray:
    """Expected probability of a catastrophe that the lab itself causes, running or, if it wins, at the finish."""
    finish = final.race("finish_hazard") / np.maximum(1.0, final.race("winners"))
    return each(risk_of, final.labs("hazard_run") + final.labs("won") * finish[:, None])


def rivals_ahead(final: Final) -> np.ndarray:
    """Labs more capable than the lab when the race ends."""
    x = final.labs("log_capability")
    return (x[:, None, :] > x[:, :, None]).sum(axis=2).astype(float)


def paused_weeks(final: Final, weeks: float) -> np.ndarray:
    """Weeks that the lab spent in pauses of its specification, each of so many weeks unless the race ended in it."""
    pauses = final.labs("pauses_needed") + final.labs("pauses_needless")
    return pauses * math.ceil(weeks) - np.ceil(np.maximum(0.0, final.labs("pause_until") - final.race("week")[:, None]))


LAB: dict[str, Callable[[Final], np.ndarray]] = {  # of each lab, shape (replications, labs)
    "needed": lambda final: final.labs("pauses_needed"),
    "needless": lambda final: final.labs("pauses_needless"),
    "missed": lambda final: final.labs("pauses_missed"),
    "cycles": lambda final: final.labs("cycles"),
    "own_harm": own_harm,
    "won": lambda final: final.labs("won"),
    "rivals_ahead": rivals_ahead,
    "payoff": lambda final: final.labs("payoff"),
}
WORLD = {"catastrophe": catastrophe, "race_weeks": race_weeks}  # of each race
LATER = "weeks_later"  # a difference only


def measure(final: Final, labs: Sequence[int], weeks: float) -> dict[str, np.ndarray]:
    """Every measure by name, one number per replication: means over the labs that obey, and of the race."""
    of_labs = {name: function(final) for name, function in LAB.items()} | {"paused_weeks": paused_weeks(final, weeks)}
    result = {name: mean(values[:, list(labs)]) for name, values in of_labs.items()}
    return result | {name: function(final) for name, function in WORLD.items()}


def weeks_later(with_it: np.ndarray, without: np.ndarray) -> np.ndarray:
    """By how many weeks later labs got through the last cycle that they complete in both races, mean over labs.

    Takes cycles completed by week (replications, weeks, labs), nan after a race's end.
    """
    last = np.minimum(np.nanmax(with_it, axis=1), np.nanmax(without, axis=1))[:, None, :]
    return mean((with_it >= last).argmax(axis=1).astype(float) - (without >= last).argmax(axis=1))


@dataclass(frozen=True)
class Share:
    """A ratio of two counts over all races, with a 95 % interval; none where there was nothing to count."""

    share: float | None
    low: float | None
    high: float | None
    n: int  # races with anything to count

    @classmethod
    def of(cls, part: np.ndarray, rest: np.ndarray) -> "Share":
        """Sum of `part` over the sum of both.

        A race's counts hang together, so the standard error is that of a ratio over races (Cochran 1977);
        the interval is Wilson's with as many independent counts as that error stands for, and never fewer
        than a lone count: it stays within 0 and 1, and is not of width 0 where the share is 0 or 1.
        """
        whole = part + rest
        n = int((whole > 0.0).sum())
        if n == 0:
            return cls(None, None, None, 0)
        share = float(part.sum() / whole.sum())
        se = Summary.of((part - share * whole) / whole.mean()).se
        count = max(1.0, share * (1.0 - share) / se**2) if se and 0.0 < share < 1.0 else float(n)
        z2 = INTERVAL**2 / count
        middle = (share + z2 / 2.0) / (1.0 + z2)
        half = math.sqrt(z2 * share * (1.0 - share) + z2 * z2 / 4.0) / (1.0 + z2)
        return cls(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)), n)

    def as_dict(self) -> dict[str, float | int | None]:
        return {"share": self.share, "low": finite(self.low), "high": finite(self.high), "n": self.n}


@dataclass
class Score:
    """What a specification scores: see `score`."""

    spec: Specification
    scenario: Scenario
    labs: list[str]  # who obeys; counts are means over them
    seed: int
    replications: int
    engine: str
    levels: dict[str, Summary]  # with the specification
    without: dict[str, Summary]  # with it silent
    differences: dict[str, Summary]  # paired, with minus without, and `LATER`
    shares: dict[str, Share]  # precision: pauses that were needed; recall: dangers that were paused for
    lines: dict[str, dict[str, dict[str, Summary]]]  # of each condition: alone, and what it adds to the others

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim pause-spec`."""

        def means(row: Mapping[str, Summary]) -> dict[str, Any]:
            return {name: summary.as_dict(quantiles=False) for name, summary in row.items()}

        return {
            "specification": self.spec.name, "title": self.spec.title, "conditions": dict(self.spec.conditions),
            "weeks": self.spec.weeks, "danger": self.spec.danger, "scenario": self.scenario.name, "labs": self.labs,
            "seed": self.seed, "replications": self.replications, "engine": self.engine,
            "score": means(self.levels), "without": means(self.without), "differences": means(self.differences),
            "shares": {name: share.as_dict() for name, share in self.shares.items()},
            "lines": {name: {key: means(row) for key, row in line.items()} for name, line in self.lines.items()},
        }  # fmt: skip


def score(
    spec: Specification, scenario: Scenario, labs: Sequence[int] = (0,), replications: int = 200, seed: int = 0,
    engine: str = "ensemble", jobs: int | None = None, progress: Callable[[Progress], None] | None = None,
    stop: Stop | None = None,
) -> Score:  # fmt: skip
    """Score a specification that the labs at these places obey; counts are per race and means over these labs.

    Raises KeyboardInterrupt if `stop` was set meanwhile.
    """
    engine, stop = usable_engine(engine), Stop.new() if stop is None else stop
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    trace, sampled = tracer(engine), sampling.draw(scenario, seed, replications)
    whole = tuple(spec.conditions)
    left_out = {name: tuple(other for other in whole if other != name) for name in whole}
    worlds = {kept: spec.obeyed_by(scenario, labs, kept) for kept in (SILENT, whole, *zip(whole), *left_out.values())}
    size, traced = chunk_size(replications, engine, jobs), min(scenario["race.weeks"], FAN_WEEKS)

    def work(first: int) -> dict[tuple[str, ...], dict[str, np.ndarray]] | None:
        count, result, by_week = min(size, replications - first), {}, {}
        mine = {path: values[first : first + count] for path, values in sampled.items()}
        for kept, world in worlds.items():
            weeks = traced if kept in (SILENT, whole) else 0
            final, _, cycles = trace(world, first, count, seed, ("cycles",), (), weeks, mine, stop=stop)
            if stop:
                return None
            result[kept] = measure(final, labs, spec.weeks)
            if weeks:
                by_week[kept] = cycles[:, :, list(labs), 0]
        result[whole][LATER] = weeks_later(by_week[whole], by_week[SILENT])
        return result

    pieces: list[dict] = []
    for piece in in_order(work, range(0, replications, size), jobs, stop):
        pieces.append(piece)
        if progress:
            progress(Progress(min(replications, len(pieces) * size), replications))
    if stop:
        raise KeyboardInterrupt
    runs = {kept: {k: np.concatenate([p[kept][k] for p in pieces]) for k in pieces[0][kept]} for kept in worlds}
    mine, silent = runs[whole], runs[SILENT]
    later = mine.pop(LATER)
    lines = {name: _line(runs[name,], silent, mine, runs[left_out[name]]) for name in whole}
    return Score(
        spec, scenario, [scenario.all_labs[i].name for i in labs], seed, replications, engine,
        {name: Summary.of(values) for name, values in mine.items()},
        {name: Summary.of(values) for name, values in silent.items()},
        {name: Summary.of(mine[name] - silent[name]) for name in mine} | {LATER: Summary.of(later)},
        {"precision": Share.of(mine["needed"], mine["needless"]), "recall": Share.of(mine["needed"], mine["missed"])},
        lines,
    )  # fmt: skip


def _line(alone: Mapping, silent: Mapping, whole: Mapping, rest: Mapping) -> dict[str, dict[str, Summary]]:
    """One condition: its counts and the harm it avoids alone, and what all avoid beyond all the others."""
    counts = ("needed", "needless", "missed")
    return {
        "alone": {name: Summary.of(alone[name]) for name in counts} | _avoided(silent, alone),
        "adds": {name: Summary.of(whole[name] - rest[name]) for name in counts} | _avoided(rest, whole),
    }


def _avoided(before: Mapping, after: Mapping) -> dict[str, Summary]:
    """Harm of the world and of the lab's own making that the second avoids, paired."""
    harms = {"harm_avoided": "catastrophe", "own_harm_avoided": "own_harm"}
    return {name: Summary.of(before[harm] - after[harm]) for name, harm in harms.items()}
