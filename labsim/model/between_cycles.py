"""Between one generation and the next: what is merged, what goes wrong unnoticed, who checks before it goes on.

Two open problems of the ICLR 2026 workshop on recursive self-improvement: regression detection (a
surge hides a drop) and the inter-cycle audit (who looks before the next cycle starts). Both are off
unless a scenario asks for them.
"""

from labsim.model.draws import AUDIT, REGRESSION, REGRESSION_FEARED, REGRESSION_FOUND, normal, uniform
from labsim.model.parameters import AUDITOR
from labsim.model.self_improvement import human_error, sight


def restrain(lab, race, p, key):
    """What the lab's safeguards leave of the edit: slower, damped, bounded, below the ceiling."""
    gain = max(1e-300, lab.edit_capability)
    bounded = min(1.0, lab.largest_gain / gain, max(0.0, lab.ceiling - lab.log_capability + gain) / gain)
    kept = lab.pace * bounded / (1.0 + lab.damping * gain)
    lab.gain -= 0.1 * (1.0 - kept) * lab.edit_capability
    lab.edit_hidden = 0.0  # of the edit before; this one has had no time to hide anything
    take_back(lab, 1.0 - kept)


def take_back(lab, part):
    """Take back a part of the last edit, with what it hid."""
    lab.log_capability -= part * lab.edit_capability
    lab.log_alignment -= part * (lab.edit_alignment - lab.edit_hidden)
    lab.hidden -= part * lab.edit_hidden
    lab.edit_capability *= 1.0 - part
    lab.edit_alignment *= 1.0 - part
    lab.edit_hidden *= 1.0 - part


def undo_edit(lab, part):
    """Take the last edit back (part 1) or leave it (part 0): the cycle was for nothing."""
    there = lab.edit_capability != 0.0 or lab.edit_alignment != 0.0
    lab.edits_undone += part if there else 0.0
    take_back(lab, part)


def regress(lab, race, p, key):
    """A surge of capability may hide a drop in alignment that no exam of the lab shows.

    A human's review or a detector may notice it, and the edit is undone; a detector may also see one
    where there is none, and a good edit is lost.
    """
    surged = lab.edit_capability > lab.cycle.surge * lab.gain
    happened = 1.0 if surged and uniform(key, REGRESSION) < lab.cycle.regression else 0.0
    watch = max(lab.regression_watch, lab.reviewed * lab.cycle.regression_review)
    result = happened if uniform(key, REGRESSION_FOUND) < watch else 0.0
    feared = 1.0 - happened if uniform(key, REGRESSION_FEARED) < lab.regression_alarm else 0.0
    lab.regressions += happened
    lab.regressions_found += result
    lab.edit_hidden = (happened - result) * lab.cycle.regression_size
    lab.log_alignment -= lab.edit_hidden
    lab.hidden += lab.edit_hidden
    undo_edit(lab, max(result, feared))


def audit_reading(lab):
    """(sight, error) of the lab's auditor: what share of an edit's effect on alignment it sees, how noisily.

    The lab itself uses its own exam; a peer model shares half of that exam's blind spots; an outsider's
    tests are fresh but observed; a human sees all of it and loses grip as C grows. Nobody sees a hidden drop.
    """
    own, fresh = sight(lab), 1.0 - lab.faked
    seen = own if lab.auditor == AUDITOR.self else 0.5 + 0.5 * own if lab.auditor == AUDITOR.peer else fresh
    human, error = human_error(lab.cycle, lab.log_capability), lab.cycle.sigma_alignment
    return 1.0 if lab.auditor == AUDITOR.human else seen, human if lab.auditor == AUDITOR.human else error


def audit(lab, race, p, key):
    """The edit is looked at before the next cycle starts; one measured below the line is undone."""
    seen, error = audit_reading(lab)
    measured = seen * lab.edit_alignment + error * normal(key, AUDIT)
    undo_edit(lab, 1.0 if lab.auditor != AUDITOR.nobody and measured < lab.audit_line else 0.0)
