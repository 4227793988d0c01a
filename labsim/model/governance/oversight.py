"""Rules on the human and on what is seen: mandates, evaluations, licences, monitoring, tips."""

from dataclasses import dataclass

from labsim.model.declaration import Topic
from labsim.model.draws import WHISTLE, log, uniform
from labsim.model.orders import Dated, lever, require_human


@dataclass(frozen=True)
class HumanMandate(Dated):
    """A human must stay in the loop of every lab; inspectors come by chance and fine what they see.

    The mandate can be broken, at the risk of a sanction. Becker (1968); inspection games
    (Dresher; Maschler 1966): what counts is inspections times detection times fine.
    """

    topic = Topic.CHECKS

    inspections: float = lever(1.0, "inspections of each lab", unit="a year", low=0, high=52)
    detection: float = lever(1.0, "chance that an inspection sees a missing human", low=0, high=1)
    fine: float = lever(0.1, "fine for each breach that is seen", unit="prizes", low=0, high=100)

    def act(rule, lab, race, key):
        require_human(lab, rule.inspections, rule.detection, rule.fine)


@dataclass(frozen=True)
class MandatoryEvaluation(Dated):
    """Every cycle is evaluated with access to internals, and the evaluations are renewed regularly.

    Mandatory capability evaluations: International AI Safety Report 2025; METR practice.
    """

    topic = Topic.CHECKS

    weeks: float = lever(0.2, "time it adds to each cycle", unit="weeks", low=0, high=52)
    renewed: int = lever(10, "cycles after which evaluations are renewed", unit="cycles", low=1, high=1000, whole=True)

    def act(rule, lab, race, key):
        lab.extra_weeks += rule.weeks
        lab.fresh_every = rule.renewed if lab.fresh_every == 0.0 else min(lab.fresh_every, rule.renewed)
        lab.must_measure = 1.0


@dataclass(frozen=True)
class Licensing(Dated):
    """From a certain capability on, a lab without a recent outside report below the line has no licence and stops.

    Where nobody examines, nobody gets one. Licences for frontier development: proposals of 2023 to 2025; approval
    before deployment in aviation and medicine.
    """

    topic = Topic.CHECKS

    capability: float = lever(10.0, "capability from which a licence is needed", unit="C", low=0.1, high=1e6)
    cycles: int = lever(20, "cycles for which a report counts", unit="cycles", low=1, high=10_000, whole=True)
    line: float = lever(1.0, "outside reading above which there is no licence", unit="log", low=0, high=20)

    def act(rule, lab, race, key):
        stale = lab.cycles - lab.examined > rule.cycles
        if lab.log_capability >= log(rule.capability) and (stale or lab.outside > rule.line):
            lab.must_pause = 1.0


@dataclass(frozen=True)
class SurpriseReporting(Dated):
    """A lab that gains more in a cycle than so many times its usual must report it and have its evaluations renewed.

    Reporting of unexpected capability gains: article on the risks of self-improvement (2026).
    """

    topic = Topic.CHECKS

    surprise: float = lever(2.0, "gain that counts as a surprise, in usual gains", low=0, high=100)
    salience: float = lever(0.1, "concern that a report raises", unit="incidents", low=0, high=10)

    def act(rule, lab, race, key):
        if lab.edit_capability > rule.surprise * lab.gain:
            lab.fresh_every = 1.0
            lab.salience = max(lab.salience, rule.salience * lab.completed)


@dataclass(frozen=True)
class DeceptionMonitoring(Dated):
    """A monitor reads the system's reasoning, so that part of the lab's own exam can no longer be faked.

    Deceptive-alignment monitoring: a frontier safety framework's third version (September 2025).
    """

    topic = Topic.CHECKS

    coverage: float = lever(0.5, "share of the lab's own exam that faking cannot fool", low=0, high=1)
    weeks: float = lever(0.1, "time it adds to each cycle", unit="weeks", low=0, high=52)

    def act(rule, lab, race, key):
        lab.opened = max(lab.opened, rule.coverage)
        lab.extra_weeks += rule.weeks


@dataclass(frozen=True)
class WhistleBlowing(Dated):
    """People inside may speak: a hidden closure comes out by and by, and a tip brings an inspection.

    Protection of whistle-blowers: California SB 53 (2025).
    """

    topic = Topic.CHECKS

    tips: float = lever(1.0, "tips about a lab without a human", unit="a year", low=0, high=52)

    def act(rule, lab, race, key):
        if lab.oversight == 0.0 and uniform(key, WHISTLE) < rule.tips / 52.0:
            lab.unmasked = 1.0
            lab.claimed = 0.0
        lab.tips += rule.tips
        lab.detection = max(lab.detection, 0.5)
