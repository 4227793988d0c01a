"""Compute permits: what all labs together use, who is cut, who evades and what it costs."""

import math

import pytest

from labsim.model.competition import ask_for_permits, open_week, permitted, trade_permits
from tests.worlds import KEY, keys, put, race

PERMITS = {"governance.compute_permits.start": 0, "race.weeks": 60}


def traded(computes, permits, evasion=0.0, audits=0.0, fine=1.0, key=KEY):
    """The labs of a race after a week's market for permits."""
    world = race({"decision.evasion": evasion}, ["keeper"] * len(computes))
    open_week(world, world.p, KEY)
    for lab, compute in zip(world.labs, computes, strict=True):
        put(lab, compute=compute, share=compute / len(computes), permits=permits, permit_audits=audits,
            permit_fine=fine)  # fmt: skip
        ask_for_permits(lab, world, world.p)
    for lab in world.labs:
        trade_permits(lab, world, world.p, key)
    return world.labs


@pytest.mark.parametrize(
    ("computes", "permits", "evasion", "expect"),
    [
        ([1.0, 1.0], 0.5, 0.0, [0.5, 0.5]),
        ([1.5, 0.5], 0.5, 0.0, [0.75, 0.25]),  # everybody is cut alike
        ([1.5, 0.5], 1.0, 0.0, [1.5, 0.5]),  # just enough
        ([1.5, 0.5], 1e9, 1.0, [1.5, 0.5]),
        ([1.0, 1.0], 0.5, 1.0, [1.0, 1.0]),
        ([1.5, 0.5], 0.5, 0.5, [1.125, 0.375]),
        ([0.4, 0.4], 0.5, 0.5, [0.4, 0.4]),  # a field that asks for less than there is
    ],
)
def test_permits_are_shared_and_evaded(computes, permits, evasion, expect):
    labs = traded(computes, permits, evasion)
    assert [lab.compute for lab in labs] == pytest.approx(expect, rel=1e-12)
    assert [lab.share * len(labs) for lab in labs] == pytest.approx(expect, rel=1e-12)


def test_a_market_that_is_not_scarce_changes_no_bit():
    computes = [0.1 + 0.2, 1 / 3, 2 / 7]
    labs = traded(computes, 1e9, 1.0, 52.0)
    assert [(lab.compute, lab.share, lab.fines) for lab in labs] == [(c, c / 3, 0.0) for c in computes]


@pytest.mark.parametrize(
    ("evasion", "audits", "fines"),
    [(0.5, 52.0, 0.125), (1.0, 52.0, 0.25), (0.0, 52.0, 0.0), (0.5, 0.0, 0.0)],
)
def test_who_is_seen_pays_for_the_compute_it_hid(evasion, audits, fines):
    labs = traded([1.0, 1.0], 0.5, evasion, audits, fine=0.5)
    assert [lab.fines for lab in labs] == pytest.approx([fines, fines], rel=1e-12)


def test_audits_come_so_often_a_year():
    seen = sum(traded([1.0], 0.5, 0.5, 13.0, fine=4.0, key=key)[0].fines for key in keys(2000))
    assert abs(seen - 500) < 4 * math.sqrt(375)


def used(changes, seed=0):
    """(compute of all labs in average labs, fines of all labs) week by week."""
    world = race(PERMITS | changes, ["closer", "keeper", "closer", "keeper"], seed, still=False)
    weeks = []
    while not world.over:
        world.step()
        weeks.append((sum(lab.compute for lab in world.labs), sum(lab.fines for lab in world.labs)))
    return weeks


@pytest.mark.parametrize("total", [0.2, 0.6, 0.99])
def test_without_evasion_all_labs_together_never_use_more_than_is_permitted(total):
    weeks = used({"governance.compute_permits.total": total})
    assert max(compute for compute, _ in weeks) <= 4 * total * (1 + 1e-9)
    assert weeks[-1] == pytest.approx((4 * total, 0.0), rel=1e-9)


def test_evasion_adds_its_share_of_what_is_missing_for_as_long_as_permits_are_scarce():
    weeks = used({"governance.compute_permits.total": 0.6, "decision.evasion": 0.5})
    assert [compute for compute, _ in weeks] == pytest.approx([4 * 0.8] * len(weeks), rel=1e-9)


def test_who_evades_is_fined_at_the_rate_of_audits():
    """Half of what is missing is hidden: a quarter of what each lab uses. An audit is one in 52 / 12 weeks."""
    chance, fine, result, expect, variance = 12.0 / 52.0, 0.1, 0.0, 0.0, 0.0
    for seed in range(12):
        world = race(PERMITS | {"decision.evasion": 0.5, "governance.compute_permits.audits": 12.0}, ["closer"] * 4,
                     seed, still=False)  # fmt: skip
        while not world.over:
            world.step()
            fines = [fine * lab.compute / 4 for lab in world.labs]
            expect += chance * sum(fines)
            variance += chance * (1 - chance) * sum(f * f for f in fines)
        result += sum(lab.fines for lab in world.labs)
    assert abs(result - expect) < 4 * math.sqrt(variance) < 0.2 * expect
    assert used({"decision.evasion": 0.0, "governance.compute_permits.audits": 52.0})[-1][1] == 0.0


def test_permits_that_end_give_compute_back():
    weeks = used({"governance.compute_permits.stop": 20, "governance.compute_permits.total": 0.5})
    assert [round(compute, 6) for compute, _ in weeks[18:22]] == [2.0, 2.0, 4.0, 4.0]


def test_what_a_lab_may_use_is_what_all_may_use_by_what_all_ask_for():
    world = put(race(None, ["keeper"] * 4), demand=8.0)
    lab = put(world.labs[0], compute=3.0, permits=0.5)
    assert permitted(lab, world) == pytest.approx(0.75)
