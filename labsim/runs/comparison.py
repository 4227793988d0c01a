"""Scenarios side by side under the same luck: paired differences with intervals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labsim.model.outcomes import OUTCOMES
from labsim.runs.experiment import Progress, blocks, usable_engine
from labsim.runs.results import FAILED, failed_rows, race_call
from labsim.runs.summary import Summary
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Comparison:
    """Levels of every scenario, and differences of each from the first one."""

    names: list[str]
    seed: int
    replications: int
    engine: str
    levels: dict[str, dict[str, Summary]]
    differences: dict[str, dict[str, Summary]]
    failures: list[dict[str, Any]] = field(default_factory=list)  # which scenario, then as `results.failed_rows`

    @cached_property
    def failed(self) -> "pd.DataFrame":
        """The replications that failed: which scenario, then the columns `results.FAILED`."""
        import pandas as pd  # late: only where a table is made

        return pd.DataFrame(self.failures, columns=["scenario", *FAILED])

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim compare`."""
        return {
            "scenarios": self.names, "reference": self.names[0], "seed": self.seed, "replications": self.replications,
            "engine": self.engine,
            "levels": {name: {k: s.as_dict() for k, s in row.items()} for name, row in self.levels.items()},
            "differences": {
                name: {k: s.as_dict(quantiles=False) | {"n": s.n} for k, s in row.items()}
                for name, row in self.differences.items()
            },
            "failed": self.failures,
        }  # fmt: skip

    def table(self) -> "pd.DataFrame":
        """A row for each scenario and outcome: mean, se, difference from the first, its se, n of pairs."""
        import pandas as pd  # late: only where a table is made

        rows = []
        for name in self.names:
            for outcome, level in self.levels[name].items():
                difference = self.differences.get(name, {}).get(outcome, Summary())
                mean = difference.mean if difference.n else np.nan
                rows.append((name, outcome, level.mean, level.se, mean, difference.se, difference.n))
        return pd.DataFrame(rows, columns=["scenario", "outcome", "mean", "se", "difference", "difference_se", "pairs"])


def compare(
    scenarios: Mapping[str, Scenario], replications: int = 200, seed: int = 0, engine: str = "ensemble",
    jobs: int | None = None, progress: Callable[[Progress], None] | None = None, stop: Any = None,
    written: Mapping[str, str] | None = None,
) -> Comparison:  # fmt: skip
    """Run scenarios, by name, with the same seed and replications; the first is the reference.

    Labs of the same number have the same luck in all of them. A replication that fails in one of two worlds is no
    pair; `written` says how each scenario is written in Python, for the call that has such a replication again. Raises
    ScenarioError for fewer than two scenarios.
    """
    if len(scenarios) < 2:
        raise ScenarioError("compare: needs at least two scenarios")
    engine = usable_engine(engine, scenarios=scenarios.values())
    runs: dict[str, dict[str, np.ndarray]] = {}
    failures: list[dict[str, Any]] = []
    for place, (name, scenario) in enumerate(scenarios.items()):
        sampled = sampling.draw(scenario, seed, replications)
        again = partial(race_call, (written or {}).get(name, f"scenarios[{name!r}]"), seed, sampled, None)

        def step(p: Progress, place: int = place) -> None:
            if progress:
                progress(Progress(place * replications + p.done, len(scenarios) * replications))

        runs[name] = {k: np.full(replications, np.nan) for k in OUTCOMES}
        for block in blocks(scenario, replications, seed, engine, jobs, sampled, step, stop):
            for k, values in runs[name].items():
                values[block.replications] = block["run"][k]
            failures += [{"scenario": name} | row for row in failed_rows(block.failed, again)]
        if stop:
            raise KeyboardInterrupt
    names = list(scenarios)
    levels = {name: {k: Summary.of(runs[name][k]) for k in OUTCOMES} for name in names}
    differences = {name: {k: Summary.of(runs[name][k] - runs[names[0]][k]) for k in OUTCOMES} for name in names[1:]}
    return Comparison(names, seed, replications, engine, levels, differences, failures)
