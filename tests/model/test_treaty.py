"""The treaty: who is bound, who is out and when, the release clause, and prizes that are shared out."""

import pytest

from labsim.engines.mesa_engine import Race
from labsim.model.competition import count_members, open_week
from labsim.model.finish import pool_prizes, share_out
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario
from tests.worlds import KEY, act, put, race

TREATY = {"governance.treaty.start": 0, "governance.treaty.release": "no", "race.weeks": 60, "cycle.able": 0.001}


def field(changes, *labs):
    """A race of labs, each a strategy and whether it signs."""
    specs = tuple(LabSpec(f"lab {n}", s, {"decision.signs": signs}) for n, (s, signs) in enumerate(labs))
    return Race(Scenario("treaty", labs=specs).with_(TREATY | changes), collect=False)


KEEPER, OUTSIDER, BREAKER = ("keeper", 1), ("keeper", 0), ("closer", 1)


@pytest.mark.parametrize(
    ("quorum", "labs", "bound"),
    [
        (1.0, [KEEPER] * 3, [1.0, 1.0, 1.0]),
        (1.0, [KEEPER, KEEPER, OUTSIDER], [0.0, 0.0, 0.0]),
        (0.67, [KEEPER, KEEPER, OUTSIDER], [0.0, 0.0, 0.0]),
        (0.66, [KEEPER, KEEPER, OUTSIDER], [1.0, 1.0, 0.0]),  # who has not signed is free
        (0.0, [OUTSIDER] * 3, [0.0, 0.0, 0.0]),
    ],
)
def test_members_are_bound_from_the_quorum_on(quorum, labs, bound):
    world = field({"governance.treaty.quorum": quorum}, *labs)
    world.step()
    assert [lab.required_oversight for lab in world.labs] == bound
    assert world.members == sum(signs for _, signs in labs)


@pytest.mark.parametrize(("signed", "bound"), [(7, 7), (6, 0)])
def test_a_quorum_is_reached_exactly(signed, bound):
    """0.28 of 25 is 7.000000000000001 in floats."""
    world = field({"governance.treaty.quorum": 0.28}, *[KEEPER] * signed, *[OUTSIDER] * (25 - signed))
    world.step()
    assert sum(lab.required_oversight for lab in world.labs) == bound


@pytest.mark.parametrize("notice", [0, 3, 26])
def test_a_member_without_a_human_is_out_after_its_notice(notice):
    world = field({"governance.treaty.notice": notice, "governance.treaty.quorum": 0.5}, BREAKER, KEEPER, KEEPER)
    weeks = []
    for _ in range(40):
        world.step()
        weeks.append(world.labs[0].member)
    assert sum(weeks) == notice and weeks == sorted(weeks, reverse=True)
    assert [lab.member for lab in world.labs[1:]] == [1.0, 1.0]
    assert world.members == 2.0 and world.labs[1].required_oversight == 1.0


def test_a_treaty_of_all_ends_for_everybody_with_the_first_that_is_out():
    world = field({"governance.treaty.notice": 3}, BREAKER, KEEPER, KEEPER)
    bound = []
    for _ in range(6):
        world.step()
        bound.append(world.labs[1].required_oversight)
    assert bound == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("given", "out_weeks", "member"),
    [
        ({"out_weeks": 25.0}, 26.0, 1.0),
        ({"out_weeks": 26.0}, 27.0, 0.0),
        ({"out_weeks": 25.0, "oversight": 1.0}, 0.0, 1.0),  # back in time
        ({"out_weeks": 25.0, "oversight": 0.01}, 0.0, 1.0),
    ],
)
def test_weeks_of_breach_are_counted_in_a_row(given, out_weeks, member):
    world = put(race(None, ["keeper"]), members=1.0)
    lab = act("treaty", put(world.labs[0], **{"oversight": 0.0, "member": 1.0} | given), world)
    assert (lab.out_weeks, lab.member) == (out_weeks, member)


def test_the_release_clause_frees_everybody_else_while_anybody_is_seen_closed():
    world = race({"governance.treaty.start": 0}, ["keeper", "keeper", "player"])
    result = []
    for choice in (1.0, 1.0, 0.0, 0.0, 1.0, 1.0):
        put(world.labs[2], oversight=choice, claimed=choice)
        world.step()
        result.append([lab.required_oversight for lab in world.labs])
    assert result == [[1.0] * 3, [1.0] * 3, [0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0] * 3, [1.0] * 3]


def test_who_hides_its_closure_releases_nobody():
    world = race(None, ["keeper", "herald"])
    put(world.labs[1], oversight=0.0, claimed=1.0, shown_oversight=1.0)
    open_week(world, world.p, KEY)
    for lab in world.labs:
        count_members(lab, world, world.p)
    assert (world.members, world.seen_closed) == (2.0, 0.0)


@pytest.mark.parametrize("release", ["no", "yes"])
def test_a_breach_is_fined_as_long_as_the_treaty_binds(release):
    """The release clause frees the others; whoever broke the treaty first goes on paying for it."""
    strict = {"verification": 52.0, "notice": 520, "detection": 1.0, "release": release}
    world = field({f"governance.treaty.{name}": v for name, v in strict.items()}, BREAKER, KEEPER, KEEPER).run()
    breaker = world.labs[0]
    assert breaker.fines == pytest.approx(0.1 * breaker.closed_weeks) and breaker.closed_weeks > 10
    assert [lab.fines for lab in world.labs[1:]] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("sharing", "prizes", "expect"),
    [
        ([0.2, 0.2, 0.2], [1.0, 0.2, 0.2], [0.8 + 0.28 / 3, 0.16 + 0.28 / 3, 0.16 + 0.28 / 3]),
        ([1.0, 1.0, 1.0], [1.0, 0.2, 0.2], [1.4 / 3] * 3),
        ([0.5, 0.5, 0.0], [1.0, 0.2, 0.2], [0.5 + 0.3, 0.1 + 0.3, 0.2]),  # who is not in neither gives nor gets
        ([0.0, 0.0, 0.0], [1.0, 0.2, 0.2], [1.0, 0.2, 0.2]),
        ([0.5, 0.0, 0.0], [1.0, 0.2, 0.2], [1.0, 0.2, 0.2]),
    ],
)
def test_members_share_out_what_they_put_together(sharing, prizes, expect):
    world = race(None, ["keeper"] * 3)
    open_week(world, world.p, KEY)
    for lab, share, prize in zip(world.labs, sharing, prizes, strict=True):
        pool_prizes(put(lab, sharing=share, prize=prize), world, world.p)
    for lab in world.labs:
        share_out(lab, world, world.p, KEY)
    result = [lab.prize for lab in world.labs]
    assert result == pytest.approx(expect, abs=1e-11) and sum(result) == pytest.approx(sum(prizes), abs=1e-11)


@pytest.mark.parametrize("sharing", [0.0, 0.2, 1.0])
def test_prizes_that_are_shared_sum_to_the_same_total(sharing):
    labs = [KEEPER] * 5
    short = {"race.weeks": 520, "competition.finish": 5.0}
    plain = field(short | {"governance.treaty.start": None}, *labs).run()
    shared = field(short | {"governance.treaty.sharing": sharing}, *labs).run()
    prizes = [[lab.prize for lab in world.labs] for world in (plain, shared)]
    assert sum(prizes[1]) == pytest.approx(sum(prizes[0]), abs=1e-10) and sum(prizes[0]) > 1.0
    spread = [max(prize) - min(prize) for prize in prizes]
    assert spread[1] == pytest.approx((1.0 - sharing) * spread[0], abs=1e-10)
