"""What is imposed on labs from outside. To add a rule, copy one: a docstring that a minister could
read, then its source; its parameters; one `act`; its name in `RULES`.

`act(rule, lab, race, key)` runs each week for each lab while the rule is in force: from week
`start` until `stop`, by default never, or while public concern is at least its `trigger`. It may
only tighten the lab's orders, which are cleared each week, with max or min, or add to the time they
cost: two rules cannot overwrite each other. In Mesa `rule` is the dataclass, in the ensemble its
slice of the parameter row.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from labsim.draws import DETECTION, INSPECTION, uniform
from labsim.evaluators import RESUME
from labsim.parameters import parameter

NEVER = 1e18
ANY_EDIT = -1e9  # an audit line below every edit


def dated(rule, race):
    """Whether a rule is in force this week: from `start` until `stop`."""
    return rule.start <= race.week < rule.stop


def dated_or_triggered(rule, race):
    """Whether a rule is in force this week: by its dates, or because public concern has reached its trigger."""
    return dated(rule, race) or race.concern >= rule.trigger


def in_force(kind: type) -> Callable:
    """The test `(rule, race) -> bool` for a kind of rule."""
    return dated_or_triggered if "trigger" in [f.name for f in fields(kind)] else dated


def clear_orders(lab, race, p, key):
    """A new week: no orders, no finding yet; labs see what the information regime shows."""
    lab.automation = 0.0
    lab.leak = 0.0
    lab.salience = 0.0
    lab.regime = p.race.information
    lab.auditor = 0.0
    lab.audit_line = ANY_EDIT
    lab.regression_watch = 0.0
    lab.regression_alarm = 0.0
    lab.required_oversight = 0.0
    lab.minimum_weeks = 0.0
    lab.extra_weeks = 0.0
    lab.must_pause = 0.0
    lab.fresh_every = 0.0
    lab.must_measure = 0.0
    lab.compute_cap = 1e9
    lab.inspections = 0.0
    lab.detection = 0.0
    lab.fine = 0.0
    lab.finding = 0.0


def date(meaning: str) -> Any:
    """Declare a week from which or until which a rule is in force; None is never."""
    return parameter(None, meaning, unit="weeks", low=0, high=1_000_000, whole=True, kind="lever", source="the user's")


def concern_trigger() -> Any:
    """Declare the public concern that puts a rule in force, whatever its dates; None is never."""
    meaning = "public concern that puts it in force, whatever the date (an incident adds 1, and fades)"
    return parameter(None, meaning, unit="incidents", low=0, high=1e6, kind="lever", source="the user's")


def lever(default: Any, meaning: str, **declared: Any) -> Any:
    """Declare a parameter of a rule."""
    return parameter(default, meaning, kind="lever", **declared)


@dataclass(frozen=True)
class HumanMandate:
    """A human must stay in the loop of every lab; inspectors come by chance and fine what they see.

    The mandate can be broken, at the risk of a sanction. Becker (1968); inspection games
    (Dresher; Maschler 1966): what counts is inspections times detection times fine.
    """

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")
    trigger: float | None = concern_trigger()
    inspections: float = lever(1.0, "inspections of each lab", unit="a year", low=0, high=52)
    detection: float = lever(1.0, "chance that an inspection sees a missing human", low=0, high=1)
    fine: float = lever(0.1, "fine for each breach that is seen", unit="prizes", low=0, high=100)

    def act(rule, lab, race, key):
        lab.required_oversight = 1.0
        lab.inspections = max(lab.inspections, rule.inspections)
        lab.detection = max(lab.detection, rule.detection)
        lab.fine = max(lab.fine, rule.fine)


@dataclass(frozen=True)
class RateLimit:
    """No lab may complete a cycle in less than so many weeks, so removing the human buys less speed.

    Rate limiting to preserve oversight capacity: notes 'Self-Improving AI Systems' (2026).
    """

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")
    trigger: float | None = concern_trigger()
    min_weeks: float = lever(5.0, "shortest cycle allowed", unit="weeks", low=0, high=104)

    def act(rule, lab, race, key):
        lab.minimum_weeks = max(lab.minimum_weeks, rule.min_weeks)


@dataclass(frozen=True)
class CommonPause:
    """A lab whose measured gap passes the line must stop and be fully reviewed until it is well below.

    Hard thresholds that pause the loop: course lesson 'Recursive Self-Improvement' (2026).
    """

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")
    trigger: float | None = concern_trigger()
    threshold: float = lever(0.7, "measured exposure that orders a pause (0.7: C twice A)", unit="log", low=0.01,
                             high=20, source="course lesson: C - A above 2.0, reached at cycle 11")  # fmt: skip

    def act(rule, lab, race, key):
        line = RESUME * rule.threshold if lab.paused > 0.0 else rule.threshold
        if lab.measured >= line:
            lab.must_pause = 1.0


@dataclass(frozen=True)
class MandatoryEvaluation:
    """Every cycle is evaluated with access to internals, and the evaluations are renewed regularly.

    Mandatory capability evaluations: International AI Safety Report 2025; METR practice.
    """

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")
    trigger: float | None = concern_trigger()
    weeks: float = lever(0.2, "time it adds to each cycle", unit="weeks", low=0, high=52)
    renewed: int = lever(10, "cycles after which evaluations are renewed", unit="cycles", low=1, high=1000, whole=True)

    def act(rule, lab, race, key):
        lab.extra_weeks += rule.weeks
        lab.fresh_every = rule.renewed if lab.fresh_every == 0.0 else min(lab.fresh_every, rule.renewed)
        lab.must_measure = 1.0


RULES: dict[str, type] = {
    "human_mandate": HumanMandate,
    "rate_limit": RateLimit,
    "common_pause": CommonPause,
    "mandatory_evaluation": MandatoryEvaluation,
}


def obey(lab, race, p, key):
    """Pause if ordered to, or while a pause of the lab's own is not over."""
    own = lab.resume_below > 0.0 and lab.measured >= lab.resume_below
    lab.resume_below = lab.resume_below if own else 0.0
    lab.paused = 1.0 if own or lab.must_pause > 0.0 else 0.0


def inspect(lab, race, p, key):
    """An inspection by chance; a breach it sees is fined. The lab stays as it is."""
    if lab.oversight < lab.required_oversight and uniform(key, INSPECTION) < lab.inspections / 52.0:
        if uniform(key, DETECTION) < lab.detection:
            lab.fines += lab.fine
