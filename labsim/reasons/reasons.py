"""Why a lab decided as it did: one decision of one race, taken apart, and what would have turned it.

    labsim.why("hassabis-baseline", lab="Birch").flips[0]

A race is a run folder's replication, with its drawn parameters, or a scenario under a seed.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from labsim.engines.mesa_engine import Race, sampled_scenario
from labsim.reasons.counterfactuals import Flip, Switch, flips, switches
from labsim.reasons.decision import Position, positions
from labsim.reasons.quantities import Quantity, quantities
from labsim.reasons.terms import Belief, Term, View, beliefs, terms, view
from labsim.runs.again import race_failed
from labsim.runs.record import LEDGER, Record
from labsim.runs.replay import luck_of, plain, stored_world
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError, nearest
from labsim.scenario.files import load, shipped_scenarios
from labsim.scenario.scenario import Scenario


@dataclass(frozen=True)
class RaceAsked:
    """The one race that is asked about, its drawn parameters in it, and all its decisions."""

    scenario: Scenario
    seed: int
    replication: int
    drawn: Mapping[str, float]
    decisions: pd.DataFrame
    luck: int  # whose luck: its own number's, but in a run of worlds


@dataclass(frozen=True)
class Decision:
    """One decision: what it weighed, what it believed, how firm it was, what would have turned it.

    `position.again()` makes it again. `terms`, `margin`, `remove_chance`, `beliefs`, `switches` and the
    risks of rivals are there if the strategy weighs the two options; else `looked_at` says what it went by.
    """

    race: RaceAsked
    position: Position
    terms: tuple[Term, ...]
    margin: float | None
    remove_chance: float | None
    beliefs: tuple[Belief, ...]
    rivals: Mapping[str, tuple[View, View]]
    flips: tuple[Flip, ...]
    never: tuple[Quantity, ...]
    switches: tuple[Switch, ...]

    @property
    def lab(self) -> str:
        """Who decided."""
        return self.position.name

    @property
    def week(self) -> int:
        """When."""
        return self.position.week

    @property
    def removes(self) -> bool:
        """Whether it wanted no human."""
        return self.position.made.wanted == 0.0

    @property
    def chance(self) -> float | None:
        """How likely the choice was, over the leaning that labs draw."""
        return self.remove_chance if self.removes or self.remove_chance is None else 1.0 - self.remove_chance

    @property
    def looked_at(self) -> dict[str, float]:
        """What a strategy that weighs nothing went by."""
        position = self.position
        if position.weighs:
            return {}
        return {q.name: q.read(position, position.made) for q in quantities(position)}

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim why`."""
        position, made = self.position, self.position.made
        return plain({
            "scenario": self.race.scenario.name, "seed": self.race.seed, "replication": self.race.replication,
            "drawn": dict(self.race.drawn), "lab": self.lab, "week": self.week, "strategy": position.strategy,
            "was": position.lab.oversight, "wanted": made.wanted, "able": position.able,
            "choice": "remove" if self.removes else "keep", "margin": self.margin, "chance": self.chance,
            "remove_chance": self.remove_chance,
            "terms": [asdict(t) | {"words": t.words, "difference": t.difference} for t in self.terms],
            "beliefs": [asdict(b) for b in self.beliefs],
            "rivals": {name: {"believed": asdict(b), "true": asdict(t)} for name, (b, t) in self.rivals.items()},
            "looked_at": self.looked_at, "flips": [asdict(f) for f in self.flips],
            "never": [q.name for q in self.never], "switches": [asdict(s) for s in self.switches],
            "ledger": {name: getattr(made, name) for name in LEDGER if name != "oversight"} if position.weighs else {},
        })  # fmt: skip


def is_stored(run: str | Path) -> bool:
    """Whether a folder is meant: there is one, and no shipped scenario has this name."""
    return Path(run).is_dir() and str(run) not in shipped_scenarios()


def race_of(run: Scenario | str | Path, replication: int = 0, seed: int = 0) -> RaceAsked:
    """The race asked about: of a run folder, or of a scenario, its name or its file. Raises ScenarioError."""
    if not isinstance(run, Scenario) and is_stored(run):
        setting, manifest, row = stored_world(Path(run), replication)
        luck = luck_of(manifest, replication)
        seed, drawn = manifest["seed"], {path: float(row[path]) for path in setting.uncertainties}
    else:
        scenario = run if isinstance(run, Scenario) else load(str(run))
        sampled, luck = sampling.draw_one(scenario, seed, replication), replication
        setting = sampled_scenario(scenario, sampled, 0) if sampled else scenario
        drawn = {path: float(values[0]) for path, values in sampled.items()}
    record = Record()
    race = None
    try:
        race = Race(setting, seed, replication, collect=False, luck=luck)
        record.follow(race)
    except Exception as error:
        raise race_failed(setting, seed, replication, {}, luck) from error
    return RaceAsked(setting, seed, replication, drawn, record.tables()["decisions"], luck)


def which(race: RaceAsked, lab: str | None = None, week: int | None = None) -> tuple[str, int]:
    """The decision asked about: who, when. Without a lab the first that closed, or the first; without a week the
    decision that removed the human, or the last. Raises ScenarioError."""
    names = [spec.name for spec in race.scenario.all_labs]
    if lab is not None and lab not in names:
        raise ScenarioError(f"--lab {lab}: must be one of {', '.join(names)}{nearest(lab, names)}")
    table = race.decisions
    closing = table[(table["was"] > 0.0) & (table["oversight"] == 0.0)]
    if lab is None:
        lab = closing["lab"].iloc[0] if len(closing) else names[0]
    mine, closing = table[table["lab"] == lab], closing[closing["lab"] == lab]
    weeks = mine["week"].tolist()
    if not weeks:
        raise ScenarioError(f"--lab {lab}: it makes no decision in this race")
    if week is None:
        return lab, int(closing["week"].iloc[0] if len(closing) else weeks[-1])
    if week not in weeks:
        around = [max((w for w in weeks if w < week), default=None), min((w for w in weeks if w > week), default=None)]
        near = " and ".join(str(w) for w in around if w is not None)
        raise ScenarioError(f"--week {week}: {lab} does not decide in this week; the nearest it does is {near}")
    return lab, week


def explain(race: RaceAsked, position: Position) -> Decision:
    """One decision taken apart."""
    made = position.made
    ledger = position.again()
    result, never = flips(position, ledger)
    truth = position.as_it_is()
    if not position.weighs:
        pairs = zip(position.rivals, truth.rivals, strict=True) if position.looks_around else ()
        rivals = {seen.name: (view(position, seen, None), view(truth, true, None)) for seen, true in pairs}
        return Decision(race, position, (), None, None, (), rivals, result, never, ())
    truth = replace(truth, strategy="calculator")
    known = truth.again()
    rivals = {
        rival.name: (view(position, rival, ledger), view(truth, true, known))
        for rival, true in zip(position.rivals, truth.rivals, strict=True)
    }
    return Decision(
        race, position, terms(ledger, position.p), made.margin, chance_to_remove(position),
        beliefs(position, ledger, known), rivals, result, never, switches(position),
    )  # fmt: skip


def chance_to_remove(position: Position) -> float:
    """The chance that a lab in this position removes, over the leaning that it drew once (logistic)."""
    others, scale = position.made.margin - position.lab.taste, position.lab.decision.taste
    if scale == 0.0:
        return 1.0 if others > 0.0 else 0.0
    return 1.0 / (1.0 + math.exp(min(700.0, -others / scale)))


def taken(race: RaceAsked, lab: str, week: int) -> Position:
    """The decision of a lab in a week, taken out of the race."""
    choices = positions(race.scenario, race.seed, race.luck, lambda who, w: (who, w) == (lab, week), week)
    return next(iter(choices))


def explain_all(
    race: RaceAsked, lab: str | None = None, progress: Callable[[int, int], object] = lambda done, total: None
) -> list[Decision]:
    """Every decision of a lab taken apart (by default of the first that closed). Raises ScenarioError."""
    name, _ = which(race, lab)
    total, done = int((race.decisions["lab"] == name).sum()), []
    for position in positions(race.scenario, race.seed, race.luck, lambda who, week: who == name):
        done.append(explain(race, position))
        progress(len(done), total)
    return done


def why(
    run: Scenario | str | Path, replication: int = 0, lab: str | None = None, week: int | None = None, seed: int = 0
) -> Decision:
    """Why a lab decided as it did, and what would have turned its mind. Raises ScenarioError.

    `run` is a run folder (which has its own seed), or a scenario, its name or its file; see `which` for the decision.
    """
    race = race_of(run, replication, seed)
    return explain(race, taken(race, *which(race, lab, week)))
