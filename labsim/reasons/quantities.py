"""What could be otherwise in a decision: each quantity with its range, how to read it, how to decide again with it.

For a strategy that weighs the two options, all that it weighs; for another, what it looks at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from labsim.model.state import LabState
from labsim.model.strategies import LEAST, rival_weeks
from labsim.reasons.decision import Position, declared
from labsim.scenario.checked import CATALOGUE


@dataclass(frozen=True)
class Quantity:
    """Something that could be otherwise: its range, its usual size, how to read it and decide again with another."""

    name: str
    words: str
    unit: str
    low: float
    high: float
    usual: float
    read: Callable[[Position, SimpleNamespace], float]
    again: Callable[[Position, float], SimpleNamespace]
    whole: bool = False


def parameter(path: str, words: str) -> Quantity:
    """A declared parameter, as this lab has it."""
    low, high, usual = declared(path)
    return Quantity(
        path, words, CATALOGUE[path].unit, low, high, abs(usual), lambda position, ledger: position.value(path),
        lambda position, value: position.with_value(path, value).again(), CATALOGUE[path].whole,
    )  # fmt: skip


def own(name: str, words: str, low: float, high: float, usual: float) -> Quantity:
    """A moving quantity of the lab itself."""
    return Quantity(
        name, words, _unit(name), low, high, usual, lambda position, ledger: getattr(position.lab, name),
        lambda position, value: position.with_lab(**{name: value}).again(),
    )  # fmt: skip


def seen(name: str, words: str, low: float, high: float, usual: float, whole: bool = False) -> Quantity:
    """Something that the lab has made out about its rivals."""
    return Quantity(
        name, words, _unit(name), low, high, usual, lambda position, ledger: getattr(ledger, name),
        lambda position, value: position.again({name: value}), whole,
    )  # fmt: skip


def _unit(name: str) -> str:
    return LabState.__dataclass_fields__[name].metadata["unit"]


def expected_fine(position: Position, ledger: SimpleNamespace) -> float:
    """Fines a year that a lab without a human must expect; 0 if no rule forbids it."""
    lab = position.lab
    return lab.inspections * lab.detection * lab.fine if lab.required_oversight > 0.0 else 0.0


def fined(position: Position, value: float) -> SimpleNamespace:
    """The decision under a mandate with this expected fine a year."""
    return position.with_lab(required_oversight=1.0, inspections=1.0, detection=1.0, fine=value).again()


def fastest(position: Position) -> tuple[float, str]:
    """Weeks that the fastest rival needs to the finish, as the lab sees it, and who that is."""
    lab, p = position.lab, position.p
    return min((rival_weeks(lab, r.state, p, r.key), r.name) for r in position.rivals)


def raced(position: Position, value: float) -> SimpleNamespace:
    """The decision if the rival that is now the fastest needed so many weeks to the finish."""
    name = fastest(position)[1]
    lab, p = position.lab, position.p
    rival = next(r for r in position.rivals if r.name == name)
    bare = SimpleNamespace(**{**vars(rival.state.cycle), "machine": 0.0, "review": 0.0})
    free = {"extra_weeks": 0.0, "minimum_weeks": 1.0, "cycle": bare}
    a_week = SimpleNamespace(**{**vars(rival.state), **free})
    cycle = value / rival_weeks(lab, a_week, p, rival.key)
    among = position.with_rivals(lambda r: free | {"minimum_weeks": cycle} if r is rival.state else {})
    return among.again()


WEIGHED = (
    parameter("competition.winner_share", "the winner's share of the prize"),
    parameter("competition.finish", "the finish line"),
    parameter("harm.rate", "the hazard at exposure 1"),
    parameter("harm.after", "the winner's hazard after the finish"),
    parameter("decision.own_harm", "what ruin costs it beyond the prize"),
    parameter("decision.discount", "its discount rate"),
    parameter("decision.decisiveness", "how surely the sooner lab wins"),
    parameter("decision.foresight", "its foresight about alignment"),
    parameter("decision.caution", "its caution about the hazard"),
    parameter("decision.switch_cost", "the cost of switching"),
    parameter("cycle.review", "its own human review in a cycle"),
    parameter("cycle.machine", "the machine's part of its cycle"),
    parameter("cycle.research", "its alignment research"),
    parameter("race.stated_oversight", "the oversight it supposes of rivals"),
    own("taste", "its own leaning", -20.0, 20.0, declared("decision.taste")[2]),
    own("liability", "the damages it is liable for", 0.0, 100.0, 1.0),
    own("sharing", "the share of prizes in a treaty", 0.0, 1.0, 0.2),
    own("measured", "its measured exposure", 0.0, 20.0, 0.1),
    own("gain", "its capability gain a cycle", LEAST, 2.0, LEAST),
    Quantity("expected_fine", "an expected fine for removing", "prizes a year", 0.0, 5200.0, 0.1, expected_fine, fined),
    Quantity(
        "compute", "its compute, in an average lab's", "", 0.001, 40.0, 1.0,
        lambda position, ledger: position.lab.share * position.p.race.labs,
        lambda position, value: position.with_lab(share=value / position.p.race.labs).again(),
    ),
)  # fmt: skip
RIVAL_PACE = Quantity(
    "rival_weeks", "the fastest rival's way to go", "weeks", 0.01, 1e6, 1.0,
    lambda position, ledger: fastest(position)[0], raced,
)  # fmt: skip
LEADER = seen("leader_oversight", "the leading rival's oversight", 0.0, 1.0, 1.0, whole=True)
CLOSED = seen("rivals_closed", "rivals it sees without a human", 0.0, 39.0, 1.0, whole=True)
X = own("log_capability", "its own ln C", -10.0, 600.0, 1.0)
LOOKED_AT: dict[str, tuple[Quantity, ...]] = {  # what the strategies look at that weigh nothing
    "keeper": (), "closer": (),
    "mirror": (LEADER,),
    "forgiving_mirror": (LEADER, parameter("decision.patience", "its patience")),
    "grudger": (CLOSED,),
    "conditional_safe": (CLOSED,),
    "threshold": (own("measured", "its measured exposure", 0.0, 20.0, 0.1),
                  parameter("decision.tripwire", "its tripwire")),
    "fast_follower": (seen("leader_capability", "the leading rival's ln C", -10.0, 600.0, 1.0), X,
                      parameter("decision.behind", "the lag it allows")),
    "imitator": (seen("model_oversight", "the oversight of the rival it looked at", 0.0, 1.0, 1.0, whole=True),
                 seen("model_capability", "ln C of the rival it looked at", -10.0, 600.0, 1.0), X),
    "explorer": (own("attraction_keep", "what keeping has brought, remembered", 0.0, 100.0, 0.1),
                 own("attraction_remove", "what removing has brought, remembered", 0.0, 100.0, 0.1)),
    "scripted": (parameter("decision.close_week", "the week in which it closes"),
                 parameter("decision.reopen_week", "the week in which it reopens")),
    "player": (parameter("decision.choice", "what its player chose"),),
}  # fmt: skip


def quantities(position: Position) -> tuple[Quantity, ...]:
    """What could be otherwise in a decision: all that is weighed, or what the strategy looks at."""
    if position.weighs:
        return (*WEIGHED, RIVAL_PACE) if position.rivals else WEIGHED
    return LOOKED_AT.get(position.strategy, ())
