"""A replication of a run folder again, in Mesa, with the same bits; told as a story."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labsim.runs import folder as run_folder
from labsim.engines.ensemble import sources_hash
from labsim.engines.mesa_engine import Race, sampled_scenario
from labsim.model.orders import ABROAD
from labsim.model.outcomes import OUTCOMES, Final
from labsim.runs.record import Record
from labsim.scenario.scenario import Scenario, ScenarioError
from labsim.model.state import LabState, RaceState, fields


@dataclass
class Replay:
    """A race run again: its record, its outcomes, and whether it has the bits that were stored."""

    scenario: Scenario
    replication: int
    tables: dict[str, pd.DataFrame]
    outcomes: dict[str, float]
    stored: dict[str, float]  # but for outcomes that the version which made the run did not know
    same_model: bool

    @property
    def differs(self) -> list[str]:
        """Outcomes whose bits differ from the stored ones."""
        return [k for k, v in self.stored.items() if np.float64(v).tobytes() != np.float64(self.outcomes[k]).tobytes()
                and not (math.isnan(v) and math.isnan(self.outcomes[k]))]  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim replay`."""

        def rows(name: str) -> list[dict[str, Any]]:
            return plain(self.tables[name].drop(columns="replication").to_dict("records"))

        return {
            "scenario": self.scenario.name, "replication": self.replication, "same_bits": not self.differs,
            "same_model": self.same_model, "differs": self.differs,
            "outcomes": plain(self.outcomes),
            "events": rows("events"), "decisions": rows("decisions"),
        }  # fmt: skip


def plain(value: Any) -> Any:
    """A value that JSON knows: numbers of Python, no nan, no infinity."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def stored_world(folder: Path, replication: int) -> tuple[Scenario, dict[str, Any], pd.Series]:
    """(scenario with the drawn parameters, manifest, stored row) of a replication of a run folder.

    Raises ScenarioError if there is no such folder or replication.
    """
    scenario, manifest, tables = run_folder.read(folder)
    runs = run_folder.runs_of(folder, tables)
    run_folder.check_columns(folder, runs, ("replication", *scenario.uncertainties))
    stored = runs[runs["replication"] == replication]
    if stored.empty:
        raise ScenarioError(f"--replication {replication}: the run has replications 0 to {len(runs) - 1}")
    stored = stored.iloc[0]
    drawn = {path: np.array([stored[path]]) for path in scenario.uncertainties}
    return (sampled_scenario(scenario, drawn, 0) if drawn else scenario), manifest, stored


def replay(folder: Path, replication: int) -> Replay:
    """Run a stored replication again. Raises ScenarioError if there is no such folder or replication."""
    setting, manifest, stored = stored_world(folder, replication)
    if same_model := manifest["model"] == sources_hash():
        run_folder.check_columns(folder, stored, OUTCOMES)
    record = Record()
    race = record.follow(Race(setting, manifest["seed"], replication, collect=False))
    final = Final(
        np.array([[getattr(race, name) for name in fields(RaceState)]]),
        np.array([[[getattr(lab, name) for name in fields(LabState)] for lab in race.labs]]),
        setting.values,
    )
    outcomes = {name: float(function(final)[0]) for name, function in OUTCOMES.items()}
    return Replay(
        setting, replication, record.tables(), outcomes,
        {name: float(stored[name]) for name in outcomes if name in stored}, same_model,
    )  # fmt: skip


def story(found: Replay) -> list[str]:
    """The race in sentences, week by week: closures with their reasons, findings, incidents, the end."""
    decisions = found.tables["decisions"].set_index(["week", "lab"])
    lines = []
    for event in found.tables["events"].itertuples():
        ledger = decisions.loc[(event.week, event.lab)] if (event.week, event.lab) in decisions.index else None
        lines.append(f"week {event.week:>4}  {_sentence(event, ledger)}")
    if found.outcomes["unfinished"]:
        lines.append(f"week {found.outcomes['race_weeks']:>4.0f}  The horizon is reached; nobody has finished.")
    return lines


def _sentence(event: Any, ledger: pd.Series | None) -> str:
    lab, value = event.lab, event.value
    named = lab.replace("_", " ")  # of a rule, which stands where a lab would
    if event.event in ("closed", "reopened"):
        act = "removes the human" if event.event == "closed" else "takes the human back"
        return f"{lab} {act}: {reason(ledger)}" if ledger is not None else f"{lab} {act}."
    return {
        "rule_starts": f"In force from now on: {named}.",
        "rule_stops": f"No longer in force: {named}.",
        "paused": f"{lab} pauses: it measures an exposure of {value:.2f}.",
        "resumed": f"{lab} resumes, at a measured exposure of {value:.2f}.",
        "finding": f"An evaluator reports a finding on {lab}: exposure {value:.2f}.",
        "incident": f"An incident at {lab}.",
        "fined": f"{lab} is fined {value:.2f} prizes.",
        "moved": f"{lab} moves {'abroad' if value == ABROAD else 'home'}.",
        "left": f"{lab} is out of the treaty, after {value:.0f} weeks without a human.",
        "finished": f"{lab} crosses the finish line." if value == 1 else f"{lab} shares the finish.",
        "catastrophe": "In this one future, harm falls in this week.",
    }[event.event]


def reason(ledger: pd.Series) -> str:
    """Why a lab decided as it did, in its own numbers."""
    if ledger["strategy"] != "calculator":
        return f"its strategy is {ledger['strategy']}."
    own = ledger["end_risk_remove"] - ledger["end_risk_keep"]
    text = (
        f"it counts on winning {100 * ledger['win_remove']:.0f} of 100 races without the human and "
        f"{100 * ledger['win_keep']:.0f} with, and on {100 * own:+.0f} points of risk without if it wins"
    )
    if ledger["sanction"] > 0:
        text += f" and {ledger['sanction']:.2f} prizes of expected fines"
    return f"{text}; removing is worth {ledger['margin']:+.2f} prizes to it.".replace("-", "\N{MINUS SIGN}")
