"""Expectations put to the model: every world they need is run once, and each claim is judged by its effect.

A claim passes where its effect is beyond 3 standard errors, fails where as much certainty is against it,
and is inconclusive in between. A contradicted claim passes while the model still says what was found
instead, and fails when that changes: then it has to be written up again.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import CELLS, TOO_CLOSE, ClosureGame
from labsim.games.variants import Asked, asked_game, asked_outcome, outcome_values
from labsim.model.outcomes import Final
from labsim.runs.experiment import BLOCK, Progress, in_order, tracer, usable_engine
from labsim.runs.summary import Summary, finite
from labsim.scenario import sampling
from labsim.scenario.changes import with_changes
from labsim.scenario.checked import ScenarioError
from labsim.scenario.expectations import CONTRADICTED, HIGHER, OPEN, UNCHANGED, Expectation, Wanted, expectations
from labsim.scenario.scenario import TWINS, Scenario

ERRORS = 3.0  # standard errors beyond which an effect counts
PASSED, FAILED, INCONCLUSIVE = VERDICTS = ("passed", "failed", "inconclusive")
Load = Callable[[str], Scenario]  # a scenario by its name


@dataclass(frozen=True)
class Checked:
    """One expectation, what was found of it and the verdict: one of VERDICTS, or open."""

    expectation: Expectation
    verdict: str
    effect: Summary | None  # none for a game's name
    label: str | None

    @property
    def is_failure(self) -> bool:
        """Whether the model fails a claim about this very world, not one about a world it was changed from."""
        return self.verdict == FAILED and self.expectation.about is None

    def as_dict(self) -> dict[str, Any]:
        """The JSON of one expectation in `labsim check`."""
        e, effect = self.expectation, None
        if self.effect is not None:
            low, high = interval(self.effect)
            effect = self.effect.as_dict(quantiles=False)
            effect |= {"n": self.effect.n, "low": finite(low), "high": finite(high)}
        return {
            "scenario": e.scenario, "number": e.number, "about": e.about, "claim": e.claim,
            "outcome": e.outcome, "lab": e.lab, "status": e.status, "verdict": self.verdict,
            "effect": effect, "label": self.label,
            "expected": e.test.words(), "found": None if e.found is None else e.found.words(), "finding": e.finding,
        }  # fmt: skip


def interval(effect: Summary) -> tuple[float, float]:
    """The mean and `ERRORS` standard errors to either side; nan where there is none."""
    half = np.nan if effect.se is None else ERRORS * effect.se
    return effect.mean - half, effect.mean + half


def judge(test: Wanted, effect: Summary) -> str:
    """Whether an effect is what the test asks for: one of VERDICTS."""
    low, high = interval(effect)
    if np.isnan(low):
        return INCONCLUSIVE
    if test.value is not None:
        near = test.value - test.tolerance, test.value + test.tolerance
        if near[0] <= low and high <= near[1]:
            return PASSED
        return FAILED if high < near[0] or low > near[1] else INCONCLUSIVE
    sign = 1.0 if test.direction == HIGHER else -1.0
    mean = sign * (effect.mean - test.than)
    low, high = sorted((sign * (low - test.than), sign * (high - test.than)))
    if low > 0.0 and mean >= test.at_least:
        return PASSED
    return FAILED if high <= 0.0 or high < test.at_least else INCONCLUSIVE


def judge_label(test: Wanted, label: str) -> str:
    """Whether a game is the one that the test asks for."""
    return PASSED if label == test.label else INCONCLUSIVE if label == TOO_CLOSE else FAILED


def verdict(expectation: Expectation, judged: Callable[[Wanted], str]) -> str:
    """The verdict on an expectation, given how a test of it comes out."""
    if expectation.status == OPEN:
        return OPEN
    if expectation.status != CONTRADICTED:
        return judged(expectation.test)
    claim, instead = judged(expectation.test), judged(expectation.found)
    if claim == PASSED or instead == FAILED:
        return FAILED
    return instead


class _Worlds:
    """The races that are wanted, each once, and the numbers that are wanted of each of them."""

    def __init__(self) -> None:
        self.scenarios: dict[Any, Scenario] = {}
        self.replications: dict[Any, int] = {}
        self.reads: dict[Any, dict[Any, Callable[[Final], np.ndarray]]] = {}
        self.found: dict[Any, dict[Any, np.ndarray]] = {}

    def want(self, race: Scenario, what: Any, read: Callable[[Final], np.ndarray], replications: int) -> tuple:
        """Ask for a number of every replication of a race; returns the key under which it will be found."""
        labs = tuple((lab.strategy, tuple(sorted(lab.values.items()))) for lab in race.all_labs)
        evaluators = tuple(tuple(sorted(evaluator.values.items())) for evaluator in race.all_evaluators)
        key = (tuple(race.values.items()), labs, evaluators, repr(race.uncertainties))
        self.scenarios[key] = race
        self.replications[key] = max(replications, self.replications.get(key, 0))
        self.reads.setdefault(key, {})[what] = read
        return key, what

    def run(self, seed: int, jobs: int | None, progress: Callable[[Progress], None] | None, stop: Stop) -> None:
        """Run them all. Raises KeyboardInterrupt if `stop` was set meanwhile."""
        engine = usable_engine("ensemble")
        trace, keys = tracer(engine), list(self.scenarios)
        pieces = [(key, first) for key in keys for first in range(0, self.replications[key], BLOCK)]
        total, done = sum(self.replications.values()), 0

        def work(place: int) -> tuple[dict, int] | None:
            key, first = pieces[place]
            world, count = self.scenarios[key], min(BLOCK, self.replications[key] - first)
            drawn = sampling.draw(world, seed, first + count)
            mine = {path: values[first:] for path, values in drawn.items()}
            final = trace(world, first, count, seed, (), (), 0, mine, stop=stop)[0]
            return None if stop else ({what: read(final) for what, read in self.reads[key].items()}, count)

        jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
        for place, (values, count) in enumerate(in_order(work, range(len(pieces)), jobs, stop)):
            mine = self.found.setdefault(pieces[place][0], {})
            for what, numbers in values.items():
                mine[what] = np.concatenate([mine[what], numbers]) if what in mine else numbers
            done += count
            if progress:
                progress(Progress(done, total))
        if stop:
            raise KeyboardInterrupt

    def __getitem__(self, wanted: tuple) -> np.ndarray:
        key, what = wanted
        return self.found[key][what]


def check(
    scenarios: Sequence[Scenario], load: Load, known: Iterable[str], replications: int | None = None, seed: int = 0,
    jobs: int | None = None, progress: Callable[[Progress], None] | None = None, stop: Stop | None = None,
) -> list[Checked]:  # fmt: skip
    """Put the expectations of these scenarios to the model.

    `load` gives the scenario that an `against` names (one of `known`); `replications` is instead of what
    the blocks say. Raises ScenarioError for an invalid block; KeyboardInterrupt if `stop` was set meanwhile.
    """
    known, worlds, plans = list(known), _Worlds(), []
    for scenario in scenarios:
        try:
            asked = expectations(scenario, known)
        except ScenarioError as error:
            raise ScenarioError(f"{scenario.name}: {error}") from None
        for e in asked:
            count = replications or e.replications
            plans.append((e, count, [
                (sign, [worlds.want(race, *what, count) for race, *what in _races(e, world)])
                for sign, world in _terms(e, scenario, load)
            ]))  # fmt: skip
    worlds.run(seed, jobs, progress, Stop.new() if stop is None else stop)
    return [_judged(e, [(sign, [worlds[w][:count] for w in wanted]) for sign, wanted in t]) for e, count, t in plans]


def _terms(e: Expectation, scenario: Scenario, load: Load) -> list[tuple[int, Scenario]]:
    """The worlds whose numbers an expectation adds (1) and takes away (-1)."""
    worlds = [(1, e.where, scenario)]
    if isinstance(e.against, Mapping):
        worlds.append((-1, e.against, scenario))
    elif isinstance(e.against, str) and e.against in TWINS:
        worlds.append((-1, e.where | {"strategy": TWINS[e.against]}, scenario))
    elif e.against is not None:
        worlds.append((-1, {}, scenario if e.against == UNCHANGED else load(e.against)))
    if e.beside is not None:
        worlds = [(sign, changes | e.beside, world) for sign, changes, world in worlds] + [
            (-sign, changes, world) for sign, changes, world in worlds
        ]
    return [(sign, with_changes(world, changes)) for sign, changes, world in worlds]


def _races(e: Expectation, world: Scenario) -> list[tuple[Scenario, Any, Callable[[Final], np.ndarray]]]:
    """The races that a number of a world takes: (race, name of what is read, how it is read)."""
    if e.is_game:
        focal = [lab.name for lab in world.all_labs].index(e.lab) if e.lab is not None else 0
        asked, what = asked_game(world, focal), ("payoff", focal)
    elif e.lab is not None:
        place = [lab.name for lab in world.all_labs].index(e.lab)
        asked, what = Asked(lambda w: [w], lambda final: final.labs(e.outcome)[:, place]), (e.outcome, place)
    else:
        asked, what = asked_outcome(e.outcome), e.outcome
    return [(race, what, asked.read) for race in asked.races(world)]


def _judged(e: Expectation, terms: list[tuple[int, list[np.ndarray]]]) -> Checked:
    """The verdict from the numbers of all races."""
    if e.is_game:
        games = [(sign, dict(zip(CELLS, result, strict=True))) for sign, result in terms]
        if e.outcome == "label":
            cells = games[0][1]
            label = ClosureGame.of(cells["R"], cells["T"], cells["S"], cells["P"]).label_at(ERRORS)
            return Checked(e, verdict(e, lambda test: judge_label(test, label)), None, label)
        more, less = {"closure_premium": "TR", "last_keeper": "PS", "collective_loss": "RP"}[e.outcome]
        numbers = [(sign, cells[more] - cells[less]) for sign, cells in games]
    else:
        numbers = [(sign, outcome_values(np.array(result))) for sign, result in terms]
    if e.beyond is not None:
        numbers = [(sign, np.where(np.isnan(x), np.nan, np.abs(x) > e.beyond)) for sign, x in numbers]
    effect = Summary.of(sum(sign * values for sign, values in numbers))
    return Checked(e, verdict(e, lambda test: judge(test, effect)), effect, None)
