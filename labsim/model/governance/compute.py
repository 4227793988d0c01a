"""Rules on time and compute: speed limits, pauses, thresholds, gates, a kill switch, permits."""

from dataclasses import dataclass

from labsim.model.declaration import Topic
from labsim.model.draws import FALSE_TRIP, KILL, log, uniform
from labsim.model.orders import Dated, lever, pause_line, require_human
from labsim.model.sources import LESSON


@dataclass(frozen=True)
class RateLimit(Dated):
    """No lab may complete a cycle in less than so many weeks, so removing the human buys less speed.

    Rate limiting to preserve oversight capacity: notes 'Self-Improving AI Systems' (2026).
    """

    topic = Topic.LIMITS

    min_weeks: float = lever(5.0, "shortest cycle allowed", unit="weeks", low=0, high=104)

    def act(rule, lab, race, key):
        lab.minimum_weeks = max(lab.minimum_weeks, rule.min_weeks)


@dataclass(frozen=True)
class CommonPause(Dated):
    """A lab whose measured gap passes the line must stop and be fully reviewed until it is well below.

    Hard thresholds that pause the loop: course lesson 'Recursive Self-Improvement' (2026).
    """

    topic = Topic.LIMITS

    threshold: float = lever(0.7, "measured exposure that orders a pause (0.7: C twice A)", unit="log", low=0.01,
                             high=20, label="measured exposure that orders a pause",
                             source=LESSON.says("C - A above 2.0, reached at cycle 11"))  # fmt: skip

    def act(rule, lab, race, key):
        if lab.measured >= pause_line(lab, rule.threshold):
            lab.must_pause = 1.0


@dataclass(frozen=True)
class ComputeThreshold(Dated):
    """A lab whose training compute passes the line must keep a human in the loop; inspectors fine what they see.

    A line fixed in FLOP is passed by more labs each year, one that grows is not; a lab may split its runs.
    EU AI Act, Art. 51 (10^25); California SB 53 and New York RAISE (10^26).
    """

    topic = Topic.LIMITS

    flop: float = lever(1e26, "training compute from which the duty holds", unit="FLOP", low=1e20, high=1e40)
    grows: float = lever(1.0, "factor by which the line itself grows", unit="a year", low=1, high=20)
    inspections: float = lever(1.0, "inspections of each lab", unit="a year", low=0, high=52)
    fine: float = lever(0.05, "fine for each breach that is seen", unit="prizes", low=0, high=100)

    def act(rule, lab, race, key):
        line = log(rule.flop) + log(rule.grows) * race.week / 52.0
        if log_flop(lab, race) >= line:
            require_human(lab, rule.inspections, 1.0, rule.fine)


@dataclass(frozen=True)
class ComputeGate(Dated):
    """A lab without a human in the loop gets no more than so much of an average lab's compute, and knows it would.

    A second line may hold for every lab, with a human or without: no lab then grows out of the others' reach.
    Compute gating: news signal on autonomous self-improvement (2026).
    """

    topic = Topic.LIMITS

    cap: float = lever(0.5, "compute of a lab without a human, in those of an average lab", low=0.01, high=40)
    most: float = lever(40.0, "compute of any lab, in those of an average lab (40: no line)", low=0.01, high=40)

    def act(rule, lab, race, key):
        lab.closed_cap = min(lab.closed_cap, rule.cap)
        lab.compute_cap = min(lab.compute_cap, rule.most)


@dataclass(frozen=True)
class KillSwitch(Dated):
    """Somebody watches for runs that no human oversees and stops them, if they last longer than it takes to act.

    It can also trip for nothing. Automated kill switches: news signal on autonomous self-improvement (2026).
    """

    topic = Topic.LIMITS

    detection: float = lever(0.2, "chance to notice such a run in a week", low=0, high=1)
    latency: float = lever(1.0, "weeks from notice to stop", unit="weeks", low=0, high=52)
    false_trips: float = lever(0.1, "runs of any lab stopped for nothing", unit="a year", low=0, high=52)

    def act(rule, lab, race, key):
        left = (1.0 - lab.progress) * lab.weeks
        caught = lab.oversight == 0.0 and uniform(key, KILL) < rule.detection and rule.latency < left
        tripped = uniform(key, FALSE_TRIP) < rule.false_trips / 52.0
        if lab.paused == 0.0 and (caught or tripped):
            lab.progress = 0.0
            lab.runs_stopped += 1.0


@dataclass(frozen=True)
class ComputePermits(Dated):
    """All labs together may use so much compute; permits go to who pays most, auditors look for compute beyond them.

    Cap and trade for compute: utilities a x^(1 - eta), price ((sum of a^(1/eta)) / cap)^eta (arXiv 2601.19886).
    """

    topic = Topic.LIMITS

    total: float = lever(0.6, "compute permitted, in that of all labs today", low=0.01, high=40)
    audits: float = lever(2.0, "audits of each lab", unit="a year", low=0, high=52)
    fine: float = lever(0.1, "fine for compute without permits, for each that of an average lab", unit="prizes", low=0,
                        high=100)  # fmt: skip

    def act(rule, lab, race, key):
        lab.permits = min(lab.permits, rule.total)
        lab.permit_audits = max(lab.permit_audits, rule.audits)
        lab.permit_fine = max(lab.permit_fine, rule.fine)


def log_flop(lab, race):
    """ln of the largest training run of a lab, as regulators see it: split into `splitting` runs."""
    run = log(lab.cycle.flop) + log(lab.cycle.flop_growth) * race.week / 52.0
    return run + log(max(1e-9, lab.compute)) - log(lab.decision.splitting)
