"""What a lab binds itself to. To add a safeguard, copy one.

A safeguard is written like a governance rule (see `governance`) and belongs to the lab: each lab may
have its own dates and values. It tightens the lab's orders while it is in force; what it costs (time,
gains, market) is in the same order. Those that differ from one of these only by numbers are presets.
"""

from dataclasses import dataclass

from labsim.model.declaration import Display, choice
from labsim.model.draws import log
from labsim.model.evaluators import roll_back
from labsim.model.orders import NO_YES, Period, lever, pause_line, rivals_seen_closed
from labsim.model.parameters import AUDITOR
from labsim.model.pause_spec import PauseSpec
from labsim.model.sources import LESSON

ANSWER = choice("report", "pause")  # to an acceleration


@dataclass(frozen=True)
class InterCycleAudit(Period):
    """Before the next cycle starts, somebody looks at the edit; one found to lower alignment is undone.

    The open question of who checks: course lesson 'Recursive Self-Improvement' (2026).
    """

    auditor: str = lever("external", "who audits", options=AUDITOR)
    weeks: float = lever(0.5, "time it adds to each cycle", unit="weeks", low=0, high=52)
    line: float = lever(-0.05, "an edit measured below {} is undone", unit="log", low=-5, high=5)

    def act(safeguard, lab, race, key):
        lab.auditor = max(lab.auditor, safeguard.auditor)
        lab.audit_line = max(lab.audit_line, safeguard.line)
        lab.extra_weeks += safeguard.weeks if safeguard.auditor != AUDITOR.nobody else 0.0


@dataclass(frozen=True)
class RegressionDetection(Period):
    """A detector watches each new version for hidden drops after a surge; what it suspects is undone.

    It can err both ways. Open problem of regression detection: ICLR 2026 workshop on recursive self-improvement.
    """

    detection: float = lever(0.8, "chance that it notices a hidden regression", low=0, high=1)
    false_alarm: float = lever(0.05, "chance that it sees one where there is none", low=0, high=1)

    def act(safeguard, lab, race, key):
        lab.regression_watch = max(lab.regression_watch, safeguard.detection)
        lab.regression_alarm = max(lab.regression_alarm, safeguard.false_alarm)


@dataclass(frozen=True)
class RollbackOnIncident(Period):
    """After so many incidents of its own the lab returns to its last reviewed state, with a human in the loop.

    Rollback to the last signed state: guide to recursive self-improvement (2026).
    It comes before a pause_spec, which looks at what it left: the one pair of safeguards whose order matters.
    """

    incidents: int = lever(1, "incidents since it last went back that send it back", low=1, high=10, whole=True)

    def act(safeguard, lab, race, key):
        lab.unanswered += lab.incident
        if lab.unanswered >= safeguard.incidents:
            roll_back(lab)
            lab.unanswered = 0.0


@dataclass(frozen=True)
class VersionedSelfModification(Period):
    """Every version is kept: a rollback returns to the last one that measured below the line, reviewed or not.

    Versioned self-modification with audit and rollback: notes 'Self-Improving AI Systems' (2026).
    """

    line: float = lever(0.5, "measured exposure up to which a version counts as good", unit="log", low=0, high=20)

    def act(safeguard, lab, race, key):
        lab.version_line = max(lab.version_line, safeguard.line)


@dataclass(frozen=True)
class CapabilityCeiling(Period):
    """The lab does not build beyond a certain capability.

    Capability ceilings: guide to recursive self-improvement (2026).
    """

    capability: float = lever(100.0, "capability beyond which it does not build", unit="C", low=0.1, high=1e100)

    def act(safeguard, lab, race, key):
        lab.ceiling = min(lab.ceiling, log(safeguard.capability))


@dataclass(frozen=True)
class BoundedImprovement(Period):
    """A cycle may change capability by so much and no more; an edit that gains more is merged in part.

    Bounded self-improvement: course lesson 'Recursive Self-Improvement' (2026).
    """

    gain: float = lever(0.15, "largest gain in ln C a cycle", unit="log", low=0.001, high=5,
                        source=LESSON.says("a factor of 1.15 a cycle"))  # fmt: skip

    def act(safeguard, lab, race, key):
        lab.largest_gain = min(lab.largest_gain, safeguard.gain)


@dataclass(frozen=True)
class ImpactRegularisation(Period):
    """Drastic changes are penalised: the larger an edit, the less of it is merged.

    Impact regularisation: guide to recursive self-improvement (2026); Krakovna et al. (2019) on side effects.
    """

    penalty: float = lever(2.0, "an edit of gain g is merged to the part 1 / (1 + penalty g)", low=0, high=100)

    def act(safeguard, lab, race, key):
        lab.damping = max(lab.damping, safeguard.penalty)


@dataclass(frozen=True)
class FactoredCognition(Period):
    """Some parts may improve themselves, a core is frozen behind verified interfaces: the anchor holds, gains shrink.

    Factored cognition: guide to recursive self-improvement (2026).
    """

    frozen: float = lever(0.98, "share of the anchor's erosion that the frozen core prevents", low=0, high=1)
    cost: float = lever(0.1, "share of every gain that it costs", low=0, high=1)

    def act(safeguard, lab, race, key):
        lab.frozen = max(lab.frozen, safeguard.frozen)
        lab.pace *= 1.0 - safeguard.cost


@dataclass(frozen=True)
class LeastAgency(Period):
    """The system may do no more than its task needs: it gains less a cycle, and harms less, after the finish too.

    That a winner goes on like this is an assumption.
    Least agency: notes 'Self-Improving AI Systems' (2026).
    """

    agency: float = lever(0.7, "share of its freedom to act that is left", low=0.01, high=1)

    def act(safeguard, lab, race, key):
        lab.pace *= safeguard.agency
        lab.deployed = min(lab.deployed, safeguard.agency)


@dataclass(frozen=True)
class StagedDeployment(Period):
    """While its measured exposure is above the line, a system is deployed to a part of its market only.

    A winner above the line stays at that stage, whatever it is worth to it: an assumption.
    Staged release (GPT-2, 2019): guide to recursive self-improvement (2026).
    """

    line: float = lever(0.3, "measured exposure above which deployment is staged", unit="log", low=0, high=20)
    stage: float = lever(0.3, "part of the market that a stage reaches", low=0.01, high=1)

    def act(safeguard, lab, race, key):
        if lab.measured > safeguard.line:
            lab.deployed = min(lab.deployed, safeguard.stage)
            lab.standing += log(safeguard.stage)


@dataclass(frozen=True)
class Debate(Period):
    """Several models argue over each edit and a human arbitrates a share: sharper readings of the lab's own exam.

    AI safety via debate (Irving, Christiano & Amodei 2018); what debaters share they are blind to together.
    """

    debaters: int = lever(3, "models that debate", low=1, high=20, whole=True)
    shared: float = lever(0.5, "correlation of their errors", low=0, high=1, display=Display.NUMBER)
    arbitrated: float = lever(0.1, "share of a human reading that arbitration brings", low=0, high=1)
    weeks: float = lever(0.3, "time it adds to each cycle", unit="weeks", low=0, high=52)

    def act(safeguard, lab, race, key):
        n = safeguard.debaters
        lab.checks = max(lab.checks, n / (1.0 + (n - 1.0) * safeguard.shared))
        lab.arbitration = max(lab.arbitration, safeguard.arbitrated)
        lab.extra_weeks += safeguard.weeks


@dataclass(frozen=True)
class Constitution(Period):
    """Written principles stay the same from one generation to the next, so exams go stale more slowly.

    A constitution as stable ground truth against drift: guide to recursive self-improvement (2026).
    """

    steadiness: float = lever(0.5, "part of an exam's ageing that it prevents", low=0, high=1)
    cost: float = lever(0.02, "share of every gain that it costs", low=0, high=1)

    def act(safeguard, lab, race, key):
        lab.steadiness = max(lab.steadiness, safeguard.steadiness)
        lab.pace *= 1.0 - safeguard.cost


@dataclass(frozen=True)
class InterpretabilityBeforeMerge(Period):
    """No change takes effect before it is interpreted: part of the exam reads internals, and every cycle takes longer.

    No interpretation, no merge: notes 'Self-Improving AI Systems' (2026).
    """

    reach: float = lever(0.8, "share of the lab's own exam that reads internals", low=0, high=1)
    weeks: float = lever(0.5, "time it adds to each cycle", unit="weeks", low=0, high=52)

    def act(safeguard, lab, race, key):
        lab.opened = max(lab.opened, safeguard.reach)
        lab.extra_weeks += safeguard.weeks


@dataclass(frozen=True)
class AccelerationThreshold(Period):
    """Once its progress is so many times that of week 0, the lab reports, or stops until it measures itself as safe.

    Both renew its exam in every cycle. The adjustment clause frees it while a rival is seen without a human.
    A responsible scaling policy's and a preparedness framework's thresholds for AI that speeds up its own research.
    """

    speedup: float = lever(2.0, "progress a week, in that of week 0, from which it holds", low=0.1, high=1000,
                           source="RSP v3.1 and FSF v2: twice; Preparedness v2: five times")  # fmt: skip
    answer: str = lever("pause", "what it does then", options=ANSWER)
    line: float = lever(0.7, "measured exposure above which it stops", unit="log", low=0, high=20,
                        source=LESSON.says("the line of common_pause"))  # fmt: skip
    salience: float = lever(0.1, "concern that a report raises", unit="incidents", low=0, high=10)
    adjusts: str = lever("no", "adjustment clause", options=NO_YES)

    def act(safeguard, lab, race, key):
        free = safeguard.adjusts == NO_YES.yes and rivals_seen_closed(lab, race) > 0.0
        if lab.gain >= safeguard.speedup * lab.first_pace * lab.weeks and not free:
            lab.fresh_every = 1.0
            lab.salience = max(lab.salience, safeguard.salience * lab.completed)
            if safeguard.answer == ANSWER.pause and lab.measured >= pause_line(lab, safeguard.line):
                lab.must_pause = 1.0


SAFEGUARDS: dict[str, type] = {
    "inter_cycle_audit": InterCycleAudit,
    "regression_detection": RegressionDetection,
    "rollback_on_incident": RollbackOnIncident,
    "versioned_self_modification": VersionedSelfModification,
    "capability_ceiling": CapabilityCeiling,
    "bounded_improvement": BoundedImprovement,
    "impact_regularisation": ImpactRegularisation,
    "factored_cognition": FactoredCognition,
    "least_agency": LeastAgency,
    "staged_deployment": StagedDeployment,
    "debate": Debate,
    "constitution": Constitution,
    "interpretability_before_merge": InterpretabilityBeforeMerge,
    "acceleration_threshold": AccelerationThreshold,
    "pause_spec": PauseSpec,
}
