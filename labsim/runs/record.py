"""One race written down: its weeks, its events, its decisions, as rows of tables."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labsim.model import state
from labsim.model.week import imposed

if TYPE_CHECKING:
    import pandas as pd

    from labsim.engines.mesa_engine import Race

LEDGER = (
    "oversight", "wanted", "margin", "worth_keep", "worth_remove", "win_keep", "win_remove", "run_risk_keep",
    "run_risk_remove", "end_risk_keep", "end_risk_remove", "rival_risk", "weeks_keep", "weeks_remove", "sanction",
    "taste", "log_capability", "measured", "gain",
)  # fmt: skip
EVENTS = {
    "rule_starts": "a rule, safeguard or event comes into force", "rule_stops": "it ends",
    "closed": "a lab removes the human", "reopened": "a lab takes the human back", "paused": "a pause begins",
    "resumed": "a pause ends", "finding": "an evaluator reports a reading above the line",
    "incident": "an incident", "fined": "an inspection finds a breach", "finished": "a lab crosses the finish line",
    "moved": "a lab moves to the other jurisdiction", "left": "a lab is no longer a member of the treaty",
    "catastrophe": "in this one future the catastrophe falls in this week",
}  # fmt: skip


@dataclass
class Record:
    """Rows collected from races: `weeks` (a row a lab and week), `events`, `decisions`."""

    weeks: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)

    def follow(self, race: "Race", stop: Any = None) -> "Race":
        """Run a race to its end and write it down; returns it. Raises KeyboardInterrupt if `stop` was set meanwhile."""
        while not race.over:
            if stop:
                raise KeyboardInterrupt
            before = [
                {name: getattr(lab, name) for name in ("oversight", "paused", "fines", "jurisdiction", "member")}
                for lab in race.labs
            ]
            week, rules = int(race.week), set(race.in_force)
            race.step()
            self._events(race, week, before, rules)
            for lab in race.labs:
                row = {"replication": race.replication, "week": week, "lab": lab.name}
                self.weeks.append(
                    row
                    | {name: getattr(lab, name) for name in state.kept(state.LabState)}
                    | {f"race_{name}": getattr(race, name) for name in state.kept(state.RaceState)}
                )
                if lab.decided:
                    self.decisions.append(
                        row
                        | {"cycle": int(lab.cycles), "strategy": lab.spec.strategy}
                        | {"was": before[race.labs.index(lab)]["oversight"]}
                        | {name: getattr(lab, name) for name in LEDGER}
                    )  # fmt: skip
        return race

    def add(self, other: "Record") -> None:
        """Add the rows of another record."""
        self.weeks += other.weeks
        self.events += other.events
        self.decisions += other.decisions

    def _events(self, race: "Race", week: int, before: list[dict[str, float]], rules: set) -> None:
        """What happened in a week, in the order of the labs; `value` is what the kind is about."""

        def happens(kind: str, lab: str, value: float) -> None:
            self.events.append(
                {"replication": race.replication, "week": week, "lab": lab, "event": kind, "value": float(value)}
            )

        for kind, name, _ in imposed():
            if ((kind, name) in race.in_force) != ((kind, name) in rules):
                happens("rule_starts" if (kind, name) in race.in_force else "rule_stops", name, week)
        for lab, was in zip(race.labs, before, strict=True):
            if lab.oversight != was["oversight"]:
                happens("closed" if lab.oversight == 0.0 else "reopened", lab.name, lab.margin)
            if lab.paused != was["paused"]:
                happens("paused" if lab.paused else "resumed", lab.name, lab.measured)
            if lab.finding:
                happens("finding", lab.name, lab.outside)
            if lab.incident:
                happens("incident", lab.name, lab.hazard)
            if lab.fines > was["fines"]:
                happens("fined", lab.name, lab.fines - was["fines"])
            if lab.jurisdiction != was["jurisdiction"]:
                happens("moved", lab.name, lab.jurisdiction)
            if lab.member != was["member"]:
                happens("left", lab.name, lab.out_weeks)
            if lab.won:
                happens("finished", lab.name, lab.won)
        if race.event_week == week:
            happens("catastrophe", "", race.hazard_run)

    def tables(self) -> "dict[str, pd.DataFrame]":
        """The three tables; columns are there even without a row."""
        import pandas as pd  # late: only where a table is made

        columns = {
            "weeks": [
                "replication", "week", "lab", *state.kept(state.LabState),
                *(f"race_{name}" for name in state.kept(state.RaceState)),
            ],
            "events": ["replication", "week", "lab", "event", "value"],
            "decisions": ["replication", "week", "lab", "cycle", "strategy", "was", *LEDGER],
        }  # fmt: skip
        texts = {"lab": str, "event": str, "strategy": str}
        whole = {"replication": "int64", "week": "int64", "cycle": "int64"}
        result = {}
        for name, names in columns.items():
            table = pd.DataFrame(getattr(self, name), columns=names)
            kinds = {c: texts.get(c, whole.get(c, "float64")) for c in names}
            result[name] = table.astype({c: kind for c, kind in kinds.items() if kind is not str}).astype(
                {c: "str" for c, kind in kinds.items() if kind is str}
            )
        return result
