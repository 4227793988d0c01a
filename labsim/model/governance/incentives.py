"""Rules on what pays and who knows: liability, an index, reporting, a subsidy, a treaty."""

from dataclasses import dataclass

from labsim.model.declaration import Topic
from labsim.model.orders import NO_YES, Dated, lever, require_human, rivals_seen_closed
from labsim.model.parameters import SAFETY_INFORMATION


@dataclass(frozen=True)
class Liability(Dated):
    """Who causes a catastrophe pays for it, beyond what ruin costs everybody.

    Strict liability of the causer (Shavell 1980); without attribution it is only own harm.
    """

    topic = Topic.INCENTIVES

    damages: float = lever(1.0, "what the causer pays", unit="prizes", low=0, high=100)

    def act(rule, lab, race, key):
        lab.liability = max(lab.liability, rule.damages)


@dataclass(frozen=True)
class TransparencyIndex(Dated):
    """An index shows every lab's measured exposure to the others and to the market, which prefers the safer.

    A safety index of labs: AI Safety Index (2025); notes 'Self-Improving AI Systems' (2026).
    """

    topic = Topic.INCENTIVES

    weight: float = lever(0.2, "appeal lost for each unit of measured exposure", unit="log", low=0, high=10)

    def act(rule, lab, race, key):
        lab.sees_safety = SAFETY_INFORMATION.public
        lab.standing -= rule.weight * lab.measured


@dataclass(frozen=True)
class IncidentReporting(Dated):
    """Incidents are reported, and every lab learns from them as long as they are remembered.

    Incident reports within days: California SB 53, New York RAISE; aviation's reporting systems.
    """

    topic = Topic.INCENTIVES

    learning: float = lever(0.0005, "alignment learned, for each remembered incident", unit="log a week", low=0,
                            high=0.1)  # fmt: skip

    def act(rule, lab, race, key):
        lab.research_bonus += rule.learning * race.concern


@dataclass(frozen=True)
class ResearchSubsidy(Dated):
    """The public pays for alignment research that every lab can use.

    Alignment research as a public good: International AI Safety Report (2025).
    """

    topic = Topic.INCENTIVES

    bonus: float = lever(0.002, "alignment it adds", unit="log a week", low=0, high=0.1)

    def act(rule, lab, race, key):
        lab.research_bonus += rule.bonus


@dataclass(frozen=True)
class Treaty(Dated):
    """Members keep the human, once enough labs are in; they are verified, and share what the winner gets.

    A member that removes the human is fined if seen and out after its notice. With the trigger clause nobody is bound
    while anybody else is seen without a human. After the NPT: article on the risks of self-improvement (2026).
    """

    topic = Topic.INCENTIVES

    quorum: float = lever(1.0, "share of labs that must be members for it to bind", low=0, high=1)
    verification: float = lever(4.0, "inspections of each member", unit="a year", low=0, high=52)
    detection: float = lever(0.5, "chance that an inspection sees a missing human", low=0, high=1)
    fine: float = lever(0.1, "fine for each breach that is seen", unit="prizes", low=0, high=100)
    sharing: float = lever(0.2, "share of the difference in prizes that members share out", low=0, high=1)
    notice: float = lever(26.0, "weeks without a human after which a member is out", unit="weeks", low=0, high=520)
    release: str = lever("yes", "trigger clause: free while anybody else is seen without a human", options=NO_YES,
                         label="trigger clause")  # fmt: skip

    def act(rule, lab, race, key):
        free = rule.release == NO_YES.yes and rivals_seen_closed(lab, race) > 0.0
        quorum = rule.quorum * race.size - 1e-9  # 0.28 of 25 is a little above 7 in floats
        bound = lab.member > 0.0 and race.members >= quorum and not free
        lab.out_weeks = lab.out_weeks + 1.0 if bound and lab.oversight == 0.0 else 0.0
        lab.member = 0.0 if lab.out_weeks > rule.notice else lab.member
        if bound:
            require_human(lab, rule.verification, rule.detection, rule.fine)
            lab.sharing = max(lab.sharing, rule.sharing)
