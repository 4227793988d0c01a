"""The vocabulary of everything that can be in force: dates, triggers, places, and the orders they give.

Rules imposed (`governance`), safeguards a lab binds itself to (`safeguards`) and events (`events`)
are all frozen dataclasses with one `act(rule, lab, race, key)`. Orders are cleared each week and
then only tightened, so that two rules cannot overwrite each other; `obey` and `inspect` carry them out.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any

from labsim.model.declaration import choice, parameter
from labsim.model.draws import DETECTION, INSPECTION, uniform
from labsim.model.sources import USER

NEVER = 1e18
ANY_EDIT = -1e9  # an audit line below every edit
NO_LIMIT = 1e9
RESUME = 0.9  # a pause ends when the measured exposure is below this part of its threshold
WHERE = choice("everywhere", "home", "abroad")  # where a rule holds, and (but everywhere) where a lab is
AUDITOR = choice("nobody", "self", "peer", "external", "human")  # the stricter the later, as orders add up
NO_YES = choice("no", "yes")


def date(meaning: str, label: str = "") -> Any:
    """Declare a week from which or until which a rule is in force; None is never."""
    return parameter(
        None, meaning, unit="weeks", low=0, high=1_000_000, whole=True, kind="lever", source=USER, label=label
    )


def concern_trigger() -> Any:
    """Declare the public concern that puts a rule in force, whatever its dates; None is never."""
    label = "public concern that puts it in force, whatever the date"
    meaning = f"{label} (an incident adds 1, and fades)"
    return parameter(None, meaning, unit="incidents", low=0, high=1e6, kind="lever", source=USER, label=label)


def place() -> Any:
    """Declare the jurisdiction in which a rule holds."""
    return parameter("everywhere", "jurisdiction in which it holds", kind="lever", options=WHERE, source=USER)


def lever(default: Any, meaning: str, **declared: Any) -> Any:
    """Declare a parameter of a rule."""
    return parameter(default, meaning, kind="lever", **declared)


def dated(rule, race, lab):
    """Whether a rule is in force this week: from `start` until `stop`."""
    return rule.start <= race.week < rule.stop


def dated_where_it_is(rule, race, lab):
    """Whether a rule is in force this week for a lab where this lab is: by its dates."""
    return dated(rule, race, lab) and (rule.where == WHERE.everywhere or rule.where == lab.jurisdiction)


def dated_or_triggered(rule, race, lab):
    """Whether a rule is in force this week: by its dates, or because public concern has reached its trigger."""
    return dated(rule, race, lab) or race.concern >= rule.trigger


def in_force_where_it_is(rule, race, lab):
    """Whether a rule is in force this week for a lab where this lab is."""
    return dated_or_triggered(rule, race, lab) and (rule.where == WHERE.everywhere or rule.where == lab.jurisdiction)


@cache
def in_force(kind: type) -> Callable:
    """The test `(rule, race, lab) -> bool` for a kind of rule, by the fields it has."""
    names = [f.name for f in fields(kind)]
    if "where" in names:
        return in_force_where_it_is if "trigger" in names else dated_where_it_is
    return dated_or_triggered if "trigger" in names else dated


def note_place(rule, lab):
    """Count the rules that bind a lab only where it is: it may move away from them."""
    lab.local_rules += 1.0 if rule.where == lab.jurisdiction else 0.0


def clear_news(lab, race, p, key):
    """A new week: no finding yet, nothing in the news."""
    lab.finding = 0.0
    lab.salience = 0.0


def clear_orders(lab, race, p, key):
    """A new week: no orders; labs see of each other what the information regime shows."""
    lab.automation = 0.0
    lab.leak = 0.0
    lab.regime = p.race.information
    lab.auditor = 0.0
    lab.audit_line = ANY_EDIT
    lab.regression_watch = 0.0
    lab.regression_alarm = 0.0
    lab.largest_gain = NO_LIMIT
    lab.damping = 0.0
    lab.pace = 1.0
    lab.ceiling = NO_LIMIT
    lab.frozen = 0.0
    lab.steadiness = 0.0
    lab.version_line = ANY_EDIT
    lab.opened = 0.0
    lab.arbitration = 0.0
    lab.checks = 1.0
    lab.deployed = 1.0
    lab.standing = 0.0
    lab.research_bonus = 0.0
    lab.sees_safety = p.race.safety_information
    lab.liability = 0.0
    lab.sharing = 0.0
    lab.permits = NO_LIMIT
    lab.permit_audits = 0.0
    lab.permit_fine = 0.0
    lab.local_rules = 0.0
    lab.required_oversight = 0.0
    lab.minimum_weeks = 0.0
    lab.extra_weeks = 0.0
    lab.must_pause = 0.0
    lab.fresh_every = 0.0
    lab.must_measure = 0.0
    lab.compute_cap = NO_LIMIT
    lab.closed_cap = NO_LIMIT
    lab.inspections = 0.0
    lab.tips = 0.0
    lab.detection = 0.0
    lab.fine = 0.0


def obey(lab, race, p, key):
    """Pause if ordered to, or while a pause of the lab's own is not over."""
    own = lab.resume_below > 0.0 and lab.measured >= lab.resume_below
    lab.resume_below = lab.resume_below if own else 0.0
    spec = race.week < lab.pause_until
    lab.paused = 1.0 if own or spec or lab.must_pause > 0.0 else 0.0


def inspect(lab, race, p, key):
    """An inspection by chance; a breach it sees is fined. The lab stays as it is."""
    comes = uniform(key, INSPECTION) < (lab.inspections + lab.tips) / 52.0
    lab.inspected += 1.0 if comes else 0.0
    if comes and lab.oversight < lab.required_oversight and uniform(key, DETECTION) < lab.detection:
        lab.breaches_seen += 1.0
        lab.fines += lab.fine
