"""What a run found: outcomes beside its twins', replications that failed, and how to have one again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from labsim.engines.failures import Failure
from labsim.runs.late import late
from labsim.runs.summary import Summary
from labsim.runs.worlds import OverWorlds
from labsim.scenario import sampling
from labsim.scenario.scenario import TWINS, Scenario

if TYPE_CHECKING:
    import pandas as pd

FAILED = ("replication", "lab", "week", "error", "reproduce")  # columns of what is said of replications that failed


@dataclass(frozen=True)
class Design:
    """Which replications a run asked for, and of which worlds: see `sampling.draw`. `lab` is its kind of lab."""

    replications: int
    sampling: str = "monte-carlo"
    worlds: int | None = None
    lab: Any = None


@dataclass
class RunSummary:
    """What a run found, in numbers: all that `labsim run` prints, and no tables."""

    scenario: Scenario
    seed: int
    replications: int  # that have a row: fewer than asked for if some failed, or the run was interrupted
    engine: str
    summaries: dict[str, Summary]  # of each outcome
    twins: dict[str, dict[str, Summary]]  # paired differences, run minus twin
    twin_levels: dict[str, dict[str, Summary]]
    failures: list[dict[str, Any]] = field(default_factory=list)  # of each replication that failed: see `failed_rows`
    worlds: OverWorlds | None = None  # where parameters are drawn
    design: "Design | None" = None  # what `race` needs to have a replication again

    @cached_property
    def failed(self) -> "pd.DataFrame":
        """The replications that failed, a row for each, with the columns `FAILED`."""
        import pandas as pd  # late: only where a table is made

        return pd.DataFrame(self.failures, columns=list(FAILED))

    def late(self) -> list[str]:
        """A sentence for each event or rule that starts when many of the races are over."""
        return late(self.scenario, self.summaries["race_weeks"])

    @property
    def tried(self) -> int:
        """The replications that were run, with those that failed."""
        return self.replications + len(self.failures)

    @property
    def of_tried(self) -> str:
        """How many replications there are, for people, and of how many, if some failed: "198 of 200"."""
        return f"{self.replications} of {self.tried}" if self.failures else f"{self.replications}"

    def race(self, replication: int, world: str = "run") -> Any:
        """A replication of this run again, as a `labsim.Race` that has not begun: `results.race(7).run()`.

        `world` is run, all_keep, all_remove or (where rules are ever in force) rule_free. Raises ValueError for one
        that there is not.
        """
        from labsim.engines import mesa_engine

        made, design = with_twins(self.scenario), self.design or Design(self.tried)
        if world not in made:
            raise ValueError(f"world {world!r}: must be one of {', '.join(made)}")
        if not 0 <= replication < design.replications:
            raise ValueError(f"replication {replication}: must be from 0 to {design.replications - 1}")
        sampled = sampling.draw(self.scenario, self.seed, design.replications, design.sampling, design.worlds)
        setting = mesa_engine.sampled_scenario(made[world], sampled, replication) if sampled else made[world]
        lab = design.lab if world == "run" and design.lab is not None else mesa_engine.Lab
        luck = sampling.luck_of(replication, design.worlds)
        return mesa_engine.Race(setting, self.seed, replication, lab=lab, luck=luck)

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim run`."""
        return {
            "scenario": self.scenario.name,
            "seed": self.seed,
            "replications": self.replications,
            "engine": self.engine,
            "outcomes": {name: s.as_dict() for name, s in self.summaries.items()},
            "twins": {
                twin: {name: s.as_dict(quantiles=False) for name, s in differences.items()}
                for twin, differences in self.twins.items()
            },
            "twins_levels": {
                twin: {name: s.as_dict() for name, s in levels.items()} for twin, levels in self.twin_levels.items()
            },
            **({"worlds": self.worlds.as_dict()} if self.worlds is not None else {}),
            "failed": self.failures,
        }


def no_table() -> "pd.DataFrame":
    """An empty table."""
    import pandas as pd  # late: only where a table is made

    return pd.DataFrame()


def joined(tables: "Iterable[pd.DataFrame]") -> "pd.DataFrame":
    """The rows of several tables as one table."""
    import pandas as pd  # late: only where a table is made

    return pd.concat(tables, ignore_index=True)


@dataclass
class Results(RunSummary):
    """What a run found, with its tables: see `labsim.run`."""

    outcomes: "pd.DataFrame" = field(default_factory=no_table)  # a row a replication; drawn parameters first
    weeks: "pd.DataFrame" = field(default_factory=no_table)
    events: "pd.DataFrame" = field(default_factory=no_table)
    decisions: "pd.DataFrame" = field(default_factory=no_table)
    fan: "pd.DataFrame" = field(default_factory=no_table)  # weekly quantiles: see fan.py


def failed_rows(failures: Iterable[Failure], reproduce: Callable[[Failure], str]) -> list[dict[str, Any]]:
    """Replications that failed, a row for each with the keys `FAILED`; the error says in which twin, if in one."""
    rows = []
    for one in failures:
        error = one.error if one.world == "run" else f"{one.world}: {one.error}"
        rows.append(dict(zip(FAILED, (one.replication, one.lab, one.week, error, reproduce(one)), strict=True)))
    return rows


def failed_words(failed: Sequence[Mapping[str, Any]], tried: int) -> str:
    """What is said of replications that failed: how many of so many, the first of them and how to have it again."""
    first = failed[0]
    how_many = f"all {tried} replications" if len(failed) == tried else f"{len(failed)} of {tried} replications"
    what = Failure(first["replication"], first["lab"], first["week"], first["error"])
    return f"{how_many} failed; the first is {what.replication}: {what}. Have it again: {first['reproduce']}"


def in_python(failure: Failure) -> str:
    """The call that has a replication of `results = labsim.run(...)` again, and raises what it raised."""
    world = "" if failure.world == "run" else f", {failure.world!r}"
    return f"results.race({failure.replication}{world}).run()"


def race_call(scenario: str, seed: int, sampled: Mapping[str, np.ndarray], worlds: int | None, failure: Failure) -> str:
    """The call that has a replication again where there are no results to ask; `scenario` is how that is written."""
    r = failure.replication
    if sampled:
        drawn = {path: [values[r].item()] for path, values in sampled.items()}
        scenario = f"labsim.engines.mesa_engine.sampled_scenario({scenario}, {drawn!r}, 0)"
    if failure.world != "run":
        scenario += f".with_strategy({TWINS.get(failure.world, TWINS['all_remove'])!r})"
        scenario += ".without_rules()" if failure.world not in TWINS else ""
    luck = "" if worlds is None else f", luck={sampling.luck_of(r, worlds)}"
    return f"labsim.Race({scenario}, seed={seed}, replication={r}{luck}).run()"


def with_twins(scenario: Scenario) -> dict[str, Scenario]:
    """The run, its twins, and (if rules are ever in force) the rule-free race of all removing."""
    made = {"run": scenario} | {name: scenario.with_strategy(strategy) for name, strategy in TWINS.items()}
    remove = made["all_remove"]
    free = remove.without_rules()
    if (free.values, free.all_labs) != (remove.values, remove.all_labs):  # a lab may have safeguards of its own
        made["rule_free"] = free
    return made
