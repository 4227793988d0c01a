"""The cycle of recursive self-improvement: propose, test, review, select, integrate, learn.

A completed cycle tries n candidate edits and keeps the one that *measures* best. Capability is
measured sharply, alignment by an exam that is fuzzy, partly faked and going stale; a human in the
loop is a second reading, keeps the exam fresh, can veto an edit and curates what is published.
That capability outruns alignment follows from the measurements alone.
"""

from math import sqrt

from labsim.model.draws import (
    BELIEF,
    BEST,
    EDIT_ALIGNMENT,
    EDIT_CAPABILITY,
    FIXED_ALIGNMENT,
    FIXED_CAPABILITY,
    OWN_EXAM,
    REVIEW,
    exp,
    expm1,
    log,
    normal,
    normal_quantile,
    uniform,
)  # fmt: skip
from labsim.model.parameters import AUDITOR, CYCLE_FORM

CEILING = 600.0  # largest ln C and ln A: beyond it growth is called a blow-up


def true_gap(lab):
    """Exposure: by how much ln C exceeds ln A, 0 if it does not."""
    return max(0.0, lab.log_capability - lab.log_alignment)


def sight(lab):
    """Share of an alignment effect that the lab's own exam still sees: 1 - f, halved every half-life.

    An exam also asks only for what its anchor still says; a fresh exam does not bring that back.
    """
    seen = 1.0 - lab.faked * (1.0 - lab.opened)
    return seen * lab.anchor * exp(-0.6931471805599453 * lab.age / lab.faking.half_life)


def own_reading(lab):
    """What the lab's own exam shows of its exposure: not what faking and age hide, nor an unnoticed regression."""
    return sight(lab) * max(0.0, true_gap(lab) - lab.hidden)


def weeks_of_work(lab, log_capability, relative_share, oversight):
    """Time that machine and review take: only the machine's part shrinks with capability and compute (Amdahl)."""
    falls = lab.cycle.machine_falls * max(0.0, log_capability) + lab.cycle.compute_exponent * log(relative_share)
    machine = (1.0 - lab.automation) * lab.cycle.machine * exp(-falls)
    return machine + lab.cycle.review * oversight


def weeks_per_cycle(lab, log_capability, relative_share, oversight):
    """Time of a cycle: the work, what orders add to it, and no less than they allow."""
    weeks = weeks_of_work(lab, log_capability, relative_share, oversight) + lab.extra_weeks
    return max(lab.cycle.minimum, lab.minimum_weeks, weeks)


def human_error(cycle, log_capability):
    """Standard error of a human's reading of an effect on alignment: the human loses grip as C grows."""
    return cycle.sigma_human * exp(cycle.grip * max(0.0, log_capability))


def alignment_reading(cycle, seen, log_capability, human, checks):
    """(a, variance): a measured effect on alignment is a * true effect + error.

    The lab's own exam, `checks` times as precise as one reading, and, if `human` is 1, an independent
    reading combined by inverse variance. `seen` is the exam's sight; the human is not fooled by
    faking but loses grip as C grows.
    """
    own = checks / (cycle.sigma_alignment * cycle.sigma_alignment)
    error = human_error(cycle, log_capability)
    second = human / (error * error)
    return (own * seen + second) / (own + second), 1.0 / (own + second)


def score_weights(cycle, variance):
    """(u, v): each measurement shrunk by the reliability it is believed to have (sight 1)."""
    tau_c, tau_a = cycle.tau_capability * cycle.tau_capability, cycle.tau_alignment * cycle.tau_alignment
    u = (1.0 - cycle.weight) * tau_c / max(1e-300, tau_c + cycle.sigma_capability * cycle.sigma_capability)
    v = cycle.weight * tau_a / (tau_a + variance)
    return u, v


def selection(cycle, a, variance):
    """Covariances of an edit's true effects with its score, and the score's standard deviation.

    Returns (c, d, sd): E[best of n] of the effects is (c, d) e_n / sd, the breeder's equation.
    """
    u, v = score_weights(cycle, variance)
    tau_c, tau_a = cycle.tau_capability, cycle.tau_alignment
    common = cycle.correlation * tau_c * tau_a
    noise = u * u * cycle.sigma_capability * cycle.sigma_capability + v * v * variance
    score = u * u * tau_c * tau_c + v * v * a * a * tau_a * tau_a + 2.0 * u * v * a * common + noise
    return u * tau_c * tau_c + v * a * common, u * common + v * a * tau_a * tau_a, sqrt(max(0.0, score))


def alignment_per_capability(c, d):
    """Alignment gained for each unit of capability, d/c, never below 0."""
    return max(0.0, d) / c if c > 1e-12 else 0.0


def work_on_cycle(lab, race, p, key):
    """A week of work: progress grows by one over the cycle time; a paused lab is reviewed instead."""
    lab.log_alignment = min(CEILING, lab.log_alignment + lab.cycle.research + lab.research_bonus)
    lab.weeks = weeks_per_cycle(lab, lab.log_capability, lab.share * p.race.labs, lab.oversight)
    lab.progress += (1.0 - lab.paused) / lab.weeks
    lab.completed = 1.0 if lab.progress >= 1.0 and lab.paused == 0.0 else 0.0
    lab.progress -= lab.completed
    lab.cycles += lab.completed


def save_checkpoint(lab):
    """The reviewed state that a rollback returns to."""
    lab.saved_capability = lab.log_capability
    lab.saved_alignment = lab.log_alignment
    lab.saved_faked = lab.faked


def full_review(lab, race, p, key):
    """A pause is a full review: alignment is worked on, the exam is fresh, nothing stays unknown."""
    if lab.paused > 0.0:
        lab.log_alignment = min(CEILING, lab.log_alignment + lab.cycle.pause_gain)
        lab.age = 0.0
        lab.known = 0.0
        lab.hidden = 0.0
        lab.anchor = 1.0
        lab.measured = sight(lab) * true_gap(lab)
        save_checkpoint(lab)


def review(lab, race, p, key):
    """Whether a human reviews this cycle; one who does renews the exam before it is used, and its anchor."""
    lab.reviewed = 1.0 if uniform(key, REVIEW) < lab.oversight else 0.0
    lab.unreviewed += 1.0 - lab.oversight
    lab.unaudited += 1.0 - lab.reviewed if lab.auditor == AUDITOR.nobody else 0.0
    due = lab.fresh_every > 0.0 and lab.age >= lab.fresh_every
    if lab.reviewed > 0.0 or due:
        lab.age = 0.0
    if lab.reviewed > 0.0:
        lab.known = 0.0
        lab.anchor += lab.cycle.reanchor * (1.0 - lab.anchor)
    else:
        lab.anchor *= 1.0 - lab.cycle.erosion * (1.0 - lab.frozen)


def improve(lab, race, p, key):
    """The edit that measures best of n is integrated, drawn exactly without a loop over candidates.

    The largest score has the quantile U^(1/n); given the score, the true effects are normal. Not in
    the form `fixed`.
    """
    if lab.cycle.form == CYCLE_FORM.fixed:
        return
    human = max(lab.reviewed, lab.arbitration)
    a, variance = alignment_reading(lab.cycle, sight(lab), lab.log_capability, human, lab.checks)
    c, d, sd = selection(lab.cycle, a, variance)
    tau_c, tau_a = lab.cycle.tau_capability, lab.cycle.tau_alignment
    slope_c, slope_a = (c / sd, d / sd) if sd > 0.0 else (0.0, 0.0)
    spread_c = sqrt(max(0.0, tau_c * tau_c - slope_c * slope_c))
    common = lab.cycle.correlation * tau_c * tau_a - slope_c * slope_a
    joint = common / spread_c if spread_c > 0.0 else 0.0
    spread_a = sqrt(max(0.0, tau_a * tau_a - slope_a * slope_a - joint * joint))
    z = -normal_quantile(-expm1(log(uniform(key, BEST)) / lab.cycle.candidates))
    e = normal(key, EDIT_CAPABILITY)
    gain_c = slope_c * z + spread_c * e
    gain_a = slope_a * z + joint * e + spread_a * normal(key, EDIT_ALIGNMENT)
    lab.believed_gain = believed_effect(lab.cycle, a, variance, gain_c, gain_a, sd * z, normal(key, BELIEF))
    lab.ratio = alignment_per_capability(c, d)
    integrate(lab, gain_c, gain_a)


def believed_effect(cycle, a, variance, gain_c, gain_a, score, e):
    """The measured alignment effect of the chosen edit, given its true effects and its score."""
    u, v = score_weights(cycle, variance)
    rest = score - u * gain_c - v * a * gain_a
    noise_c, noise = u * u * cycle.sigma_capability * cycle.sigma_capability, v * v * variance
    sharp = noise_c / (noise_c + noise) if noise_c + noise > 0.0 else 1.0  # the score's error that is capability's
    slope = v * variance / (noise_c + noise) if noise > 0.0 else 0.0
    return a * gain_a + slope * rest + sqrt(variance * sharp) * e


def merge(lab, gain_c, gain_a):
    """The edit's effects are added, up to the ceiling; what is kept of it is what it did, so that it can be undone."""
    lab.edit_capability = min(gain_c, CEILING - lab.log_capability)
    lab.edit_alignment = min(gain_a, CEILING - lab.log_alignment)
    lab.log_capability = min(CEILING, lab.log_capability + lab.edit_capability)
    lab.log_alignment = min(CEILING, lab.log_alignment + lab.edit_alignment)


def integrate(lab, gain_c, gain_a):
    """Veto, returns to research and meta-learning; then the edit is merged."""
    accepted = 0.0 if lab.reviewed > 0.0 and lab.believed_gain < lab.cycle.veto else 1.0
    factor = accepted * lab.multiplier * lab.productivity
    merge(lab, factor * gain_c, factor * gain_a)
    lab.multiplier *= 1.0 + accepted * lab.cycle.learning
    lab.gain = 0.9 * lab.gain + 0.1 * factor * gain_c


def improve_by_fixed_rates(lab, race, p, key):
    """The two-process race (form `fixed`): C and A are multiplied by given factors with noise, no selection.

    Returns to research act on both; a human may cost capability in each cycle (Armstrong et al. 2016).
    """
    if lab.cycle.form != CYCLE_FORM.fixed:
        return
    noise, factor = lab.cycle.rate_noise, lab.productivity
    gain = factor * log(max(1e-9, lab.cycle.rate_capability + noise * normal(key, FIXED_CAPABILITY)))
    gain -= lab.cycle.drag * lab.oversight
    gain_a = factor * log(max(1e-9, lab.cycle.rate_alignment + noise * normal(key, FIXED_ALIGNMENT)))
    merge(lab, gain, gain_a)
    lab.gain = 0.9 * lab.gain + 0.1 * gain


def read_own_gap(lab, race, p, key):
    """The lab measures its exposure with its own exam, adds what outsiders told it, saves a checkpoint."""
    lab.seen = sight(lab)
    lab.measured = own_reading(lab) + lab.known
    if lab.must_measure > 0.0:
        lab.measured = max(lab.measured, true_gap(lab) + p.evaluators.noise * normal(key, OWN_EXAM))
    if lab.reviewed > 0.0 or lab.measured <= lab.version_line:
        save_checkpoint(lab)
    lab.age += (1.0 - lab.reviewed) * (1.0 - lab.steadiness)
