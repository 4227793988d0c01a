"""What happens to the race at a date: milestones, warnings, leaks, jumps. To add one, copy one.

An event is written like a governance rule (see `governance.py`): a frozen dataclass with its source,
its parameters and one `act`, called each week for each lab from week `start` until `stop`, by
default never. It writes only its lab. Dates in the sources are the default of nothing: an event
happens only in a scenario that gives it a date.
"""

from dataclasses import dataclass

from labsim.model.competition import CEILING
from labsim.model.declaration import parameter
from labsim.model.draws import JUMP, JUMP_SIZE, log, uniform
from labsim.model.orders import date
from labsim.model.parameters import INFORMATION
from labsim.model.sources import ASSUMPTION, NOTES


@dataclass(frozen=True)
class AutomatedIntern:
    """From its date on, an automated research intern does part of the machine's work in every lab's cycle.

    A stated goal for September 2026 (week 22): notes 'Self-Improving AI Systems' (2026).
    """

    start: int | None = date("week in which it arrives (22: September 2026)", label="week in which it arrives")
    stop: int | None = date("first week without it")
    share: float = parameter(0.15, "part of the machine's time that it saves", low=0, high=0.99,
                             source=ASSUMPTION.see(NOTES, "its date"))  # fmt: skip

    def act(event, lab, race, key):
        lab.automation = max(lab.automation, event.share)


@dataclass(frozen=True)
class AutomatedResearcher(AutomatedIntern):
    """From its date on, an automated researcher does half of the machine's work in every lab's cycle.

    A stated goal for March 2028 (week 100): notes 'Self-Improving AI Systems' (2026).
    """

    start: int | None = date("week in which it arrives (100: March 2028)", label="week in which it arrives")
    share: float = parameter(0.5, "part of the machine's time that it saves", low=0, high=0.99,
                             source=ASSUMPTION.see(NOTES, "its date"))  # fmt: skip


@dataclass(frozen=True)
class PublicWarning:
    """A lab warns in public of what it is building: concern rises, which may trigger rules. Nobody is bound by it.

    A warning of June 2026 (week 9), rated six of ten: a news signal on autonomous self-improvement (2026).
    """

    start: int | None = date("week of the warning (9: June 2026)", label="week of the warning")
    stop: int | None = date("first week without it")
    salience: float = parameter(0.6, "concern it adds in its week; an incident adds 1", unit="incidents", low=0,
                                high=10, label="concern it adds in its week",
                                source="news signal (2026): six of ten")  # fmt: skip

    def act(event, lab, race, key):
        if race.week == event.start:
            lab.salience = max(lab.salience, event.salience)


@dataclass(frozen=True)
class Leak:
    """Weights or methods get out: in that week every lab catches up a share of the lead it can see.

    Second-mover advantage and open releases: Epoch AI's lag of open weights, 3 to 4 months.
    """

    start: int | None = date("week of the leak")
    stop: int | None = date("first week without it")
    share: float = parameter(0.5, "share of the lead that is caught up", low=0, high=1)

    def act(event, lab, race, key):
        if race.week == event.start:
            lab.leak = max(lab.leak, event.share)


@dataclass(frozen=True)
class InformationShock:
    """While it lasts, labs see of each other what this regime shows: a scandal, an index, a blackout.

    Research is partly public, exact progress closely guarded: guide to recursive self-improvement (2026).
    """

    start: int | None = date("first week in which the other regime holds")
    stop: int | None = date("first week in which the old regime holds again")
    information: str = parameter("secret", "what labs see of each other while it lasts", options=INFORMATION)

    def act(event, lab, race, key):
        lab.regime = event.information


@dataclass(frozen=True)
class Discontinuity:
    """Progress is not smooth: now and then a lab's capability jumps, and its alignment does not.

    Smooth or sudden, plateaus and jumps: article on the risks of self-improvement (2026).
    """

    start: int | None = date("first week in which jumps can happen")
    stop: int | None = date("first week in which they cannot")
    rate: float = parameter(0.5, "jumps of a lab", unit="a year", low=0, high=52)
    size: float = parameter(0.3, "mean size of a jump in ln C (exponential)", unit="log", low=0, high=5,
                            label="mean size of a jump in ln C")  # fmt: skip

    def act(event, lab, race, key):
        if uniform(key, JUMP) < event.rate / 52.0 and lab.paused == 0.0:
            jump = -event.size * log(uniform(key, JUMP_SIZE))
            lab.log_capability = min(CEILING, lab.log_capability + jump)


EVENTS: dict[str, type] = {
    "automated_intern": AutomatedIntern,
    "automated_researcher": AutomatedResearcher,
    "public_warning": PublicWarning,
    "leak": Leak,
    "information_shock": InformationShock,
    "discontinuity": Discontinuity,
}
