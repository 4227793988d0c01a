"""The vocabulary of everything that can be in force: dates, triggers, places, and the orders they give.

Rules imposed (`governance`), safeguards a lab binds itself to (`safeguards`) and events (`events`)
are all frozen dataclasses with one `act(rule, lab, race, key)`. Orders are cleared each week and
then only tightened, so that two rules cannot overwrite each other; `obey` and `inspect` carry them out,
and a lab may `relocate` from those that bind it only where it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from labsim.model.declaration import choice, parameter
from labsim.model.draws import DETECTION, INSPECTION, power, uniform
from labsim.model.earnings import pay
from labsim.model.self_improvement import weeks_of_work, weeks_per_cycle
from labsim.model.sources import USER
from labsim.model.state import LabState, clearing

NEVER = 1e18
RESUME = 0.9  # a pause ends when the measured exposure is below this part of its threshold
WHERE = choice("everywhere", "home", "abroad")  # where a rule holds, and (but everywhere) where a lab is
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


@dataclass(frozen=True)
class Period:
    """The base of a safeguard: in force from week `start` until `stop`, by default never."""

    start: int | None = date("first week in force")
    stop: int | None = date("first week no longer in force")


@dataclass(frozen=True)
class Dated(Period):
    """The base of a governance rule: its dates, the concern that also puts it in force, and where it holds."""

    trigger: float | None = concern_trigger()
    where: str = place()


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


clear_news = clearing("clear_news", LabState, "A new week: nothing found, in the news, heard or decided yet.")
clear_orders = clearing(
    "clear_orders", LabState, "A new week: no orders; labs see of each other what the information regime shows.",
    orders=True,
)  # fmt: skip


def require_human(lab, inspections, detection, fine):
    """Order a human in the loop: so many inspections a year, the chance that one sees a breach, and its fine."""
    lab.required_oversight = 1.0
    lab.inspections = max(lab.inspections, inspections)
    lab.detection = max(lab.detection, detection)
    lab.fine = max(lab.fine, fine)


def rivals_seen_closed(lab, race):
    """How many other labs are seen without a human."""
    return race.seen_closed - (1.0 if lab.shown_oversight == 0.0 else 0.0)


def pause_line(lab, threshold):
    """The measured exposure that orders a pause; a paused lab must come down well below the threshold."""
    return RESUME * threshold if lab.paused > 0.0 else threshold


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
        pay(lab, race, lab.fine)


def relocate(lab, race, p, key):
    """A lab moves away from rules that bind it only where it is, if orders cost it more than moving does.

    It cannot tell what part of the cost would follow it: with rules that hold everywhere it may move in vain.
    """
    if lab.local_rules > 0.0 and cost_of_orders(lab, p) > lab.decision.moving_cost:
        lab.jurisdiction = WHERE.home + WHERE.abroad - lab.jurisdiction
        lab.moves += 1.0
        pay(lab, race, lab.decision.moving_cost)


def cost_of_orders(lab, p):
    """What orders cost a lab: fines, or what it forgoes to avoid them, and the chance to win that slower cycles lose.

    A lab that would keep its human anyway loses nothing by having to. Odds to win go as pace to the decisiveness.
    """
    tempted = max(0.0, lab.margin + lab.sanction)
    share = lab.share * p.race.labs
    bound = weeks_per_cycle(lab, lab.log_capability, share, lab.oversight)
    free = max(lab.cycle.minimum, weeks_of_work(lab, lab.log_capability, share, lab.oversight))
    odds = power(bound / free, lab.decision.decisiveness)
    lost = lab.win_keep * (1.0 - lab.win_keep) * (odds - 1.0) / (lab.win_keep * odds + 1.0 - lab.win_keep)
    return min(lab.sanction, tempted) + p.competition.winner_share * lost
