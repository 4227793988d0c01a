"""The pause specification of a lab: when the loop must stop and wait for human review, as a safeguard.

All conditions but the first are off until they are given a threshold. They are looked at when a cycle has
completed; if any holds, the lab pauses for a full review. The counts say what the spec caught, what
it missed and what it stopped for nothing, by the true exposure that no lab can see.
"""

from dataclasses import dataclass
from typing import Any

from labsim.model.declaration import parameter
from labsim.model.draws import exp
from labsim.model.orders import Period, lever
from labsim.model.self_improvement import true_gap
from labsim.model.sources import LESSON, USER


def condition(meaning: str, **declared: Any) -> Any:
    """Declare a threshold that is off (None) until it is set; `{}` in its meaning is where the threshold stands."""
    return parameter(None, meaning, kind="lever", source=USER, **declared)


@dataclass(frozen=True)
class PauseSpec(Period):
    """The lab pauses for human review when any condition of its own specification holds after a cycle.

    The pause specification asked for by the course lesson 'Recursive Self-Improvement' (2026), its last exercise.
    """

    gap: float = lever(2.0, "measured gap C - A above {} (1e100: never)", unit="C", low=0, high=1e100, never=1e100,
                       label="measured gap C - A above {}",
                       source=LESSON.says("a hypothetical safety threshold of 2.0"))  # fmt: skip
    exposure: float | None = condition("measured exposure above {}", unit="log", low=0, high=20)
    cycle_gain: float | None = condition("a cycle's gain in ln C above {}", unit="log", low=0, high=20)
    cycle_drop: float | None = condition("an edit measured to lower ln A by more than {}", unit="log", low=0, high=20)
    evaluator_age: float | None = condition("unreviewed cycles on the same exam above {}", unit="cycles", low=0,
                                            high=10_000)  # fmt: skip
    blind_share: float | None = condition("share of exposure that only outsiders saw above {}: it fakes", low=0, high=1,
                                          label="share of exposure that only outsiders saw above this",
                                          phrase="share of exposure that only outsiders saw above {}: "
                                                 "it fakes")  # fmt: skip
    unexamined: float | None = condition("cycles since the last outside report above {}", unit="cycles", low=0,
                                         high=10_000)  # fmt: skip
    unheld: float | None = condition("share of the anchor's integrity lost above {}", low=0, high=1)
    findings: float | None = condition("an outside reading above {}", unit="log", low=0, high=20)
    compute: float | None = condition("compute above {}, in that of an average lab", low=0, high=40)
    weeks: float = lever(2.0, "weeks that the review takes", unit="weeks", low=0, high=520)
    danger: float = lever(1.0, "true exposure from which a pause counts as needed", unit="log", low=0, high=20)

    def act(spec, lab, race, key):
        fires = lab.completed > 0.0 and any_condition(spec, lab)
        danger = lab.completed > 0.0 and true_gap(lab) > spec.danger
        if fires:
            lab.pause_until = max(lab.pause_until, race.week + spec.weeks)
        lab.pauses_needed += 1.0 if fires and danger else 0.0
        lab.pauses_needless += 1.0 if fires and not danger else 0.0
        lab.pauses_missed += 1.0 if danger and not fires else 0.0


def any_condition(spec, lab):
    """Whether any condition of a pause specification holds for what the lab can see."""
    gap = exp(lab.log_capability) * (1.0 - exp(-lab.measured))
    blind = lab.known / max(1e-9, lab.measured)
    seen = gap > spec.gap or lab.measured > spec.exposure or lab.outside > spec.findings or blind > spec.blind_share
    moved = lab.edit_capability > spec.cycle_gain or -lab.believed_gain > spec.cycle_drop or lab.compute > spec.compute
    stale = lab.age > spec.evaluator_age or lab.cycles - lab.examined > spec.unexamined
    return seen or moved or stale or 1.0 - lab.anchor > spec.unheld
