"""What a lab binds itself to. To add a safeguard, copy one.

A safeguard is written like a governance rule (see `governance.py`) and belongs to the lab: each lab
may have its own dates and values. It tightens the lab's orders while it is in force.
"""

from dataclasses import dataclass

from labsim.governance import date, lever


@dataclass(frozen=True)
class InterCycleAudit:
    """Before the next cycle starts, somebody looks at the edit; one found to lower alignment is undone.

    The open question of who checks: course lesson 'Recursive Self-Improvement' (2026).
    """

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")
    auditor: str = lever("external", "who audits", options=("nobody", "self", "peer", "external", "human"))
    weeks: float = lever(0.5, "time it adds to each cycle", unit="weeks", low=0, high=52)
    line: float = lever(-0.05, "an edit measured below this is undone", unit="log", low=-5, high=5)

    def act(safeguard, lab, race, key):
        lab.auditor = max(lab.auditor, safeguard.auditor)
        lab.audit_line = max(lab.audit_line, safeguard.line)
        lab.extra_weeks += safeguard.weeks if safeguard.auditor > 0.0 else 0.0


@dataclass(frozen=True)
class RegressionDetection:
    """A detector watches each new version for hidden drops after a surge; what it suspects is undone.

    It can err both ways. Open problem of regression detection: ICLR 2026 workshop on recursive self-improvement.
    """

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")
    detection: float = lever(0.8, "chance that it notices a hidden regression", low=0, high=1)
    false_alarm: float = lever(0.05, "chance that it sees one where there is none", low=0, high=1)

    def act(safeguard, lab, race, key):
        lab.regression_watch = max(lab.regression_watch, safeguard.detection)
        lab.regression_alarm = max(lab.regression_alarm, safeguard.false_alarm)


SAFEGUARDS: dict[str, type] = {
    "inter_cycle_audit": InterCycleAudit,
    "regression_detection": RegressionDetection,
}
