"""Rules on what pays and who knows: what each orders, and what it does to payoffs, to the market, to alignment."""

import pytest

from labsim.model.competition import appeal
from labsim.model.finish import settle
from labsim.model.harm import bear_ruin
from labsim.model.orders import cost_of_orders
from labsim.model.self_improvement import work_on_cycle
from labsim.model.strategies import size_up_risk, worth
from tests.worlds import KEY, act, one_lab, ordered, put, race

MEMBER = {"member": 1.0, "oversight": 1.0}
TREATY = {"required_oversight": 1.0, "inspections": 4.0, "detection": 0.5, "fine": 0.1, "sharing": 0.2}


@pytest.mark.parametrize(
    ("name", "values", "given", "expect"),
    [
        ("liability", {}, {}, {"liability": 1.0}),
        ("liability", {"damages": 0}, {}, {}),
        ("liability", {"damages": 0.5}, {"liability": 2.0}, {"liability": 2.0}),
        ("transparency_index", {}, {"measured": 2.0}, {"sees_safety": 1.0, "standing": -0.4}),
        ("transparency_index", {}, {"measured": 0.0}, {"sees_safety": 1.0}),
        ("transparency_index", {"weight": 0}, {"measured": 2.0}, {"sees_safety": 1.0}),
        ("incident_reporting", {}, {"concern": 0.0}, {}),
        ("incident_reporting", {}, {"concern": 4.0}, {"research_bonus": 0.002}),
        ("incident_reporting", {"learning": 0}, {"concern": 4.0}, {}),
        ("research_subsidy", {}, {}, {"research_bonus": 0.002}),
        ("research_subsidy", {"bonus": 0.01}, {"research_bonus": 0.001}, {"research_bonus": 0.011}),
        ("treaty", {}, MEMBER | {"members": 5.0}, TREATY),
        ("treaty", {}, MEMBER | {"members": 4.0}, {}),  # a quorum of all five
        ("treaty", {"quorum": 0.6}, MEMBER | {"members": 3.0}, TREATY),
        ("treaty", {"quorum": 0.6}, MEMBER | {"members": 2.0}, {}),
        ("treaty", {}, {"member": 0.0, "members": 5.0}, {}),
        ("treaty", {}, MEMBER | {"members": 5.0, "seen_closed": 1.0}, {}),
        ("treaty", {"release": "no"}, MEMBER | {"members": 5.0, "seen_closed": 1.0}, TREATY),
    ],
)
def test_what_a_rule_on_incentives_orders(name, values, given, expect):
    world, lab = one_lab()
    world.size = 5.0
    for quantity, value in given.items():
        put(world if hasattr(world, quantity) and not hasattr(lab, quantity) else lab, **{quantity: value})
    result = ordered(act(name, lab, world, **values))
    assert result == pytest.approx(expect, rel=1e-15) and set(result) == set(expect)


@pytest.mark.parametrize(
    ("liability", "caused", "expect"), [(0.0, 0.5, 0.1), (2.0, 0.5, 0.2), (2.0, 0.0, 0.1), (2.0, 1.0, 0.3)]
)
def test_who_causes_a_catastrophe_pays_for_its_part(liability, caused, expect):
    world, lab = one_lab({"decision.own_harm": 1.0, "decision.discount": 0.0}, liability=liability, hazard=caused)
    bear_ruin(lab, put(world, survival_before=1.0, survival=0.9, hazard=1.0), world.p, KEY)
    assert lab.ruin == pytest.approx(expect)


@pytest.mark.parametrize(("won", "expect"), [(0.0, 0.1), (0.5, 0.2), (1.0, 0.3)])
def test_the_winner_is_liable_for_what_its_system_does_at_the_finish(won, expect):
    world, lab = one_lab({"decision.own_harm": 1.0, "decision.discount": 0.0}, liability=2.0, won=won)
    settle(lab, put(world, finished=1.0, survival_before=1.0, survival=0.9), world.p, KEY)
    assert lab.ruin == pytest.approx(expect)


@pytest.mark.parametrize(
    ("liability", "run", "end", "lost"),
    [(0.0, 0.5, 0.5, 0.0), (1.0, 0.0, 0.0, 0.0), (1.0, 0.5, 0.0, 0.5), (2.0, 0.5, 0.5, 1.5)],
)
def test_damages_are_expected_for_the_risk_a_lab_runs_itself(liability, run, end, lost):
    world, lab = one_lab({"decision.discount": 0.0})

    def payoff(damages):
        return worth(put(lab, liability=damages, rival_risk=0.3), world.p, 1.0, run, end, 52.0, 0.0)

    assert payoff(0.0) - payoff(liability) == pytest.approx(lost)


def test_the_market_prefers_who_measures_safer_while_there_is_an_index():
    world = race(None, ["keeper"] * 2)
    safe, unsafe = put(world.labs[0], measured=0.5), put(world.labs[1], measured=2.5)
    for lab in (safe, unsafe):
        act("transparency_index", lab, world, weight=0.25)
    assert appeal(safe, world.p) - appeal(unsafe, world.p) == pytest.approx(0.5)


def test_with_an_index_a_lab_counts_with_the_exposure_of_its_rival_and_not_with_its_own():
    def feared(sees, shown):
        world = race({"harm.rate": 0.01}, ["calculator"] * 2)
        lab, other = put(world.labs[0], measured=0.1, sees_safety=sees, rival_weeks=10.0), world.labs[1]
        size_up_risk(lab, put(other, shown_measured=shown, shown_gain=0.1), 1.0, world.p, KEY)
        return lab.rival_harm

    assert feared(0.0, 0.1) == feared(0.0, 5.0) == feared(1.0, 0.1) < feared(1.0, 5.0)


def test_research_that_others_pay_for_adds_to_a_labs_own():
    world, lab = one_lab({"cycle.research": 0.005}, research_bonus=0.002)
    work_on_cycle(lab, world, world.p, KEY)
    assert lab.log_alignment == pytest.approx(0.007)


def test_a_subsidy_of_a_year_is_so_much_alignment():
    plain, paid = (
        race({"race.weeks": 52} | rule).run().labs[0] for rule in ({}, {"governance.research_subsidy.start": 0})
    )
    assert paid.log_alignment - plain.log_alignment == pytest.approx(52 * 0.002, abs=1e-9)


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ({}, 0.0),
        ({"sanction": 0.3, "margin": 0.2}, 0.3),  # it removes, and pays
        ({"sanction": 0.3, "margin": -0.1}, 0.2),  # it keeps, and forgoes what removal is worth to it
        ({"sanction": 0.3, "margin": -0.4}, 0.0),  # it would keep anyway
        ({"win_keep": 0.5, "minimum_weeks": 11.0}, 0.8 * (16 / 17 - 0.5)),  # half the pace; odds go as its 4th power
        ({"win_keep": 0.01, "minimum_weeks": 11.0}, 0.8 * (0.16 / 1.15 - 0.01)),
        ({"win_keep": 0.0, "minimum_weeks": 11.0}, 0.0),
        ({"win_keep": 1.0, "minimum_weeks": 11.0}, 0.0),  # alone it wins at any pace
        ({"win_keep": 0.5, "minimum_weeks": 5.5}, 0.0),
        ({"win_keep": 0.5, "extra_weeks": 5.5, "sanction": 0.1, "margin": 1.0}, 0.1 + 0.8 * (16 / 17 - 0.5)),
        ({"win_keep": 0.5, "oversight": 0.0, "weeks": 5.5}, 0.0),  # what removal saves is no cost of rules
    ],
)
def test_what_orders_cost_a_lab(given, expect):
    world, lab = one_lab(None, **given)
    assert cost_of_orders(lab, world.p) == pytest.approx(expect, abs=1e-12)


def test_reports_of_incidents_teach_while_they_are_remembered():
    def learned(start):
        world = race({"governance.incident_reporting.start": start, "harm.concern_memory": 0.5, "race.weeks": 60})
        return put(world, concern=1.0).run().labs[0].log_alignment

    assert learned(0) - learned(None) == pytest.approx(0.0005 * 2.0, abs=1e-9)  # 1 + 1/2 + 1/4 + ...
    assert learned(2) - learned(None) == pytest.approx(0.0005 * 0.5, abs=1e-9)
