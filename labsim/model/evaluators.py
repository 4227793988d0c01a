"""What outsiders can see, and what a lab does when they find something.

Each evaluator has parameters of its own (`evaluator.evaluators.access`): how much of its testing
faking cannot fool, how far its tests have kept up with what is tested, how much it sees with the
lab's own eyes, whether it says what it saw. None of them is told the truth.
"""

from labsim.model.draws import FALSE_ALARM, MISS, READING, SHADE, SHOPPING, TARGET, exp, normal, uniform
from labsim.model.orders import RESUME
from labsim.model.parameters import PUBLICATION, RESPONSE
from labsim.model.self_improvement import CEILING, own_reading, sight, true_gap

NO_LAB = -1.0


def begin_evaluator(evaluator, race, p, key):
    """The first target is drawn, the first report takes its full time."""
    evaluator.due = evaluator.evaluators.weeks
    evaluator.target = uniform(key, TARGET) * p.race.labs // 1.0
    evaluator.competence = evaluator.evaluators.competence
    evaluator.captured = evaluator.evaluators.capture


def keep_up(evaluator, race, p, key):
    """Its tests follow the frontier of last week, as far as it can afford."""
    lag = max(0.0, race.frontier - evaluator.competence)
    evaluator.competence += evaluator.evaluators.refresh * lag


def seen_through(evaluator, log_capability):
    """Share of its tests that faking cannot fool: internals, and concealed tests not yet recognised."""
    tests = evaluator.evaluators
    cover = exp(-tests.recognition * max(0.0, log_capability))
    return tests.access * (tests.internals + (1.0 - tests.internals) * cover)


def outside_sight(evaluator, lab):
    """Share of a lab's exposure that an evaluator's tests show.

    Faking fools the observed ones, capability outgrows all of them, and what is not independent
    sees with the lab's own exam: evaluators that share it share its blind spots.
    """
    seen = 1.0 - lab.faked * (1.0 - seen_through(evaluator, lab.log_capability))
    outgrown = evaluator.evaluators.outgrown * max(0.0, lab.log_capability - evaluator.competence)
    own = evaluator.evaluators.independence
    return own * seen * exp(-outgrown) + (1.0 - own) * sight(lab)


def is_examined(evaluator, lab, p):
    """Whether a lab is in the running round: `capacity` labs from the target on, in a ring."""
    place = lab.id - evaluator.target
    place += p.race.labs if place < 0.0 else 0.0
    return evaluator.target > NO_LAB and place < evaluator.evaluators.capacity


def examine(evaluator, lab, race, p, key):
    """A report arrives: an outside reading of the lab's exposure.

    It may find nothing, raise a false alarm, or be shaded by an evaluator that is captured.
    """
    if race.week >= evaluator.due and is_examined(evaluator, lab, p):
        gap, line = true_gap(lab), p.evaluators.threshold
        seen = 0.0 if uniform(key, MISS) < evaluator.evaluators.miss else outside_sight(evaluator, lab) * gap
        feared = line if uniform(key, FALSE_ALARM) < evaluator.evaluators.false_alarm else 0.0
        reading = seen + feared + evaluator.evaluators.noise * normal(key, READING)
        if reading > line and uniform(key, SHADE) < evaluator.captured:
            reading = line
        evaluator.found = max(evaluator.found, 1.0 if reading > line else 0.0)
        take_note(lab, reading, line, gap, seen_through(evaluator, lab.log_capability))


def take_note(lab, reading, line, gap, evidence):
    """What a report leaves with the lab; of two findings in a week the worse one counts.

    What it shows beyond the lab's own exam is known from now on; what it does not show is believed away.
    """
    again = lab.finding > 0.0 and lab.outside > reading
    lab.outside = lab.outside if again else reading
    lab.evidence = lab.evidence if again else evidence
    own = own_reading(lab)
    lab.known = max(0.0, lab.outside - own)
    lab.measured = own + lab.known
    lab.examined = lab.cycles
    alarm, danger = reading > line, gap > line
    lab.finding = 1.0 if alarm else lab.finding
    lab.false_alarms += 1.0 if alarm and not danger else 0.0
    lab.misses += 1.0 if danger and not alarm else 0.0


def end_round(evaluator, race, p, key):
    """The round of a report that has arrived ends: the next target is drawn.

    Who works with labs grows familiar with them; labs that shop turn down who often finds something.
    """
    if race.week >= evaluator.due:
        examined = 1.0 if evaluator.target > NO_LAB else 0.0
        evaluator.reports += examined
        evaluator.captured += examined * evaluator.evaluators.familiarity * (1.0 - evaluator.captured)
        evaluator.strictness += examined * 0.2 * (evaluator.found - evaluator.strictness)
        evaluator.found = 0.0
        refused = uniform(key, SHOPPING) < p.evaluators.shopping * evaluator.strictness
        evaluator.turned_down += 1.0 if refused else 0.0
        evaluator.target = NO_LAB if refused else uniform(key, TARGET) * p.race.labs // 1.0
        evaluator.due = race.week + evaluator.evaluators.weeks


def shift_faking(lab, step):
    """Move faking by `step` in log-odds, never above its ceiling."""
    odds = lab.faked / (1.0 - lab.faked) * exp(step)
    lab.faked = min(lab.faking.ceiling, odds / (1.0 + odds))


def respond(lab, race, p, key):
    """What the lab does about a finding; a published one costs it trust.

    Retraining teaches the system to pass the tests that failed it. Observed ones reward faking, so
    the reading falls because faking rises (Greenblatt et al. 2024); concealed ones and internals
    punish it. A repair works on internals and costs weeks.
    """
    lab.findings += lab.finding
    published = lab.finding if p.evaluators.publication == PUBLICATION.public else 0.0
    lab.trust -= published * p.evaluators.finding_trust
    lab.salience = max(lab.salience, published)
    response = p.evaluators.response if lab.finding > 0.0 else RESPONSE.nothing
    if response == RESPONSE.retrain:
        shift_faking(lab, lab.faking.step * (1.0 - 2.0 * lab.evidence))
        lab.retrainings += 1.0
    elif response == RESPONSE.repair:
        shift_faking(lab, -lab.faking.step)
        lab.log_alignment = min(CEILING, lab.log_alignment + p.evaluators.repair_gain * lab.outside)
        lab.progress -= p.evaluators.repair_weeks / lab.weeks
    elif response == RESPONSE.roll_back:
        roll_back(lab)
    elif response == RESPONSE.pause:
        lab.resume_below = RESUME * p.evaluators.threshold


def roll_back(lab):
    """Back to the last reviewed state, with a human in the loop."""
    lab.log_capability = lab.saved_capability
    lab.log_alignment = lab.saved_alignment
    lab.faked = lab.saved_faked
    lab.age = 0.0
    lab.hidden = 0.0
    lab.oversight = 1.0
    lab.claimed = 1.0
