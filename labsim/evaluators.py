"""What outsiders can see, and what a lab does when they find something."""

from labsim.draws import READING, TARGET, exp, normal, uniform
from labsim.self_improvement import CEILING, sight, true_gap

NOTHING, RETRAIN, REPAIR, ROLL_BACK, PAUSE = 0.0, 1.0, 2.0, 3.0, 4.0  # evaluators.response
RESUME = 0.9  # a pause ends when the measured exposure is below this part of its threshold


def begin_evaluator(evaluator, race, p, key):
    """The first target is drawn, the first report takes its full time."""
    evaluator.due = p.evaluators.weeks
    evaluator.target = uniform(key, TARGET) * p.race.labs // 1.0


def examine(evaluator, lab, race, p, key):
    """A report arrives: an outside reading of the lab's exposure, and the next target is drawn.

    Observed tests are fooled by faking, unobserved ones and internals are not. What the reading
    shows beyond the lab's own exam is known from then on.
    """
    if lab.id == evaluator.target and race.week >= evaluator.due:
        gap = true_gap(lab)
        faked = lab.faked * (1.0 - p.evaluators.access)
        evaluator.reading = (1.0 - faked) * gap + p.evaluators.noise * normal(key, READING)
        evaluator.reports += 1.0
        evaluator.due = race.week + p.evaluators.weeks
        evaluator.target = uniform(key, TARGET) * p.race.labs // 1.0
        own = sight(lab) * gap
        again = lab.finding > 0.0 and lab.outside > evaluator.reading  # two reports in a week: the worse one counts
        lab.outside = lab.outside if again else evaluator.reading
        lab.known = max(0.0, lab.outside - own)
        lab.measured = own + lab.known
        lab.finding = 1.0 if evaluator.reading > p.evaluators.threshold else lab.finding


def shift_faking(lab, step):
    """Move faking by `step` in log-odds, never above its ceiling."""
    odds = lab.faked / (1.0 - lab.faked) * exp(step)
    lab.faked = min(lab.faking.ceiling, odds / (1.0 + odds))


def respond(lab, race, p, key):
    """What the lab does about a finding.

    Retraining on observed behaviour teaches the system to pass: the reading falls because faking
    rises (Greenblatt et al. 2024). A repair works on internals and costs weeks.
    """
    lab.findings += lab.finding
    response = p.evaluators.response if lab.finding > 0.0 else NOTHING
    if response == RETRAIN:
        shift_faking(lab, lab.faking.step)
        lab.retrainings += 1.0
    elif response == REPAIR:
        shift_faking(lab, -lab.faking.step)
        lab.log_alignment = min(CEILING, lab.log_alignment + p.evaluators.repair_gain * lab.outside)
        lab.progress -= p.evaluators.repair_weeks / lab.weeks
    elif response == ROLL_BACK:
        lab.log_capability = lab.saved_capability
        lab.log_alignment = lab.saved_alignment
        lab.faked = lab.saved_faked
        lab.age = 0.0
        lab.oversight = 1.0
        lab.claimed = 1.0
    elif response == PAUSE:
        lab.resume_below = RESUME * p.evaluators.threshold
