"""The pause specification of a lab: each of its conditions at its edge, how long it pauses, what it counts."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

from labsim.engines import ensemble
from labsim.model.orders import obey
from labsim.model.pause_spec import PauseSpec
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, act, one_lab, put, race

OFF = {"gap": 1e100, "weeks": 2.0}
DONE = {"completed": 1.0, "log_alignment": 0.0, "log_capability": 0.5}  # a cycle has completed; no danger
LN2 = math.log(2.0)

EDGES = {  # condition: (its threshold, a lab just below or on it, a lab just above)
    "gap": (2.0, {"log_capability": math.log(4), "measured": LN2 - 1e-9}, {"log_capability": math.log(4),
                                                                           "measured": LN2 + 1e-9}),
    "exposure": (0.75, {"measured": 0.75}, {"measured": 0.7501}),
    "cycle_gain": (0.25, {"edit_capability": 0.25}, {"edit_capability": 0.2501}),
    "cycle_drop": (0.25, {"believed_gain": -0.25}, {"believed_gain": -0.2501}),
    "evaluator_age": (5.0, {"age": 5.0}, {"age": 6.0}),
    "blind_share": (0.5, {"known": 0.25, "measured": 0.5}, {"known": 0.26, "measured": 0.5}),
    "unexamined": (8.0, {"cycles": 20.0, "examined": 12.0}, {"cycles": 20.0, "examined": 11.0}),
    "unheld": (0.25, {"anchor": 0.75}, {"anchor": 0.74}),
    "findings": (1.0, {"outside": 1.0}, {"outside": 1.01}),
    "compute": (1.5, {"compute": 1.5}, {"compute": 1.51}),
}  # fmt: skip


def pauses(week=10.0, given=None, **spec):
    """The lab after its specification has looked at it."""
    world, lab = one_lab(None, **DONE | (given or {}))
    return act("pause_spec", lab, put(world, week=week), **OFF | spec)


def test_every_condition_has_an_edge():
    own = {f.name for f in dataclasses.fields(PauseSpec)} - {"start", "stop", "weeks", "danger"}
    assert set(EDGES) == own


@pytest.mark.parametrize("condition", EDGES)
def test_a_condition_fires_above_its_threshold_only(condition):
    threshold, below, above = EDGES[condition]
    assert pauses(given=below, **{condition: threshold}).pause_until == 0.0
    assert pauses(given=above, **{condition: threshold}).pause_until == 12.0
    assert pauses(given=above).pause_until == 0.0  # off unless it has a threshold
    assert pauses(given=above | {"completed": 0.0}, **{condition: threshold}).pause_until == 0.0


@pytest.mark.parametrize(
    ("weeks", "until", "expect"), [(2.0, 0.0, 12.0), (0.0, 0.0, 10.0), (2.0, 30.0, 30.0), (5.5, 11.0, 15.5)]
)
def test_a_review_takes_its_weeks_and_never_shortens_one(weeks, until, expect):
    assert pauses(given={"measured": 1.0, "pause_until": until}, exposure=0.5, weeks=weeks).pause_until == expect


@pytest.mark.parametrize(("week", "paused"), [(9.0, 1.0), (11.0, 1.0), (11.9, 1.0), (12.0, 0.0)])
def test_a_lab_is_paused_until_its_review_is_over(week, paused):
    world, lab = one_lab(None, pause_until=12.0)
    obey(lab, put(world, week=week), world.p, KEY)
    assert lab.paused == paused


@pytest.mark.parametrize(
    ("exposure", "measured", "expect"),  # (needed, needless, missed)
    [
        (1.5, 1.0, (1.0, 0.0, 0.0)),
        (1.0, 1.0, (0.0, 1.0, 0.0)),  # 1 is not above 1
        (1.5, 0.1, (0.0, 0.0, 1.0)),
        (0.5, 0.1, (0.0, 0.0, 0.0)),
    ],
)
def test_pauses_are_judged_by_the_exposure_that_no_lab_sees(exposure, measured, expect):
    lab = pauses(given={"log_capability": exposure, "measured": measured}, exposure=0.5)
    assert (lab.pauses_needed, lab.pauses_needless, lab.pauses_missed) == expect
    idle = pauses(given={"log_capability": exposure, "measured": measured, "completed": 0.0}, exposure=0.5)
    assert (idle.pauses_needed, idle.pauses_needless, idle.pauses_missed) == (0.0, 0.0, 0.0)


def test_a_pause_is_a_review_and_the_cycle_goes_on_after_it():
    changes = {"safeguards.pause_spec.start": 0, "safeguards.pause_spec.evaluator_age": 0, "cycle.able": 0.001}
    world = race(changes, ["closer"])
    lab, paused, progress = world.labs[0], [], []
    for _ in range(40):
        world.step()
        paused.append(lab.paused)
        progress.append(lab.progress + lab.cycles)
    assert sum(paused) > 10.0 and lab.cycles > 3.0
    waits = [b - a for (a, b), p in zip(itertools.pairwise(progress), paused[1:], strict=True) if p]
    assert set(waits) == {0.0}
    runs = "".join(str(int(p)) for p in paused).strip("0").split("0")
    assert {len(run) for run in runs if run} == {2}


def final(**spec):
    own = {f"safeguards.pause_spec.{name}": value for name, value in spec.items()}
    return ensemble.simulate(Scenario("paused").with_(own).with_strategy("closer"), 0, 200, 4)


def test_a_stricter_specification_misses_less_and_stops_more_for_nothing():
    loose, strict = final(start=0, gap=1e100, exposure=1.5), final(start=0, gap=1e100, exposure=0.4)

    def mean(world, name):
        return world.labs(name).mean()

    assert mean(strict, "pauses_missed") < 0.5 * mean(loose, "pauses_missed")
    assert mean(strict, "pauses_needless") > 2 * mean(loose, "pauses_needless")


def test_a_specification_whose_conditions_never_hold_changes_nothing_but_its_counts():
    off, plain = final(start=0, gap=1e100), final()
    assert np.array_equal(off.race_state, plain.race_state)
    assert (off.labs("pauses_needed") + off.labs("pauses_needless") == 0.0).all()
    assert off.labs("pauses_missed").sum() > 0.0 == plain.labs("pauses_missed").sum()
