"""How a lab decides: what it sees of rivals, its ledger recomputed from the formulas, each strategy."""

import math
import numpy as np
import pytest

from labsim.engines.mesa_engine import Lab, Race
from labsim.model import strategies
from labsim.model.competition import publish
from labsim.model.draws import RIVAL, derive, normal
from labsim.model.strategies import (
    FAR,
    SHIPPED,
    STRATEGIES,
    calculator,
    closer,
    foreseen_ratio,
    keeper,
    looks,
    make_first_move,
    mirror,
    number_of,
    open_ledger,
    outlook,
    player,
    rival_capability,
    rival_oversight,
    rival_weeks,
    settle_oversight,
    size_up_pace,
    size_up_risk,
    weigh,
)  # fmt: skip
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario
from tests import lacks
from tests.worlds import KEY, one_lab, put, race


def phi(cycle, human):
    """Alignment per capability at C = 1 with a perfect exam: covariances of the effects with the score."""
    own, second = 1 / cycle.sigma_alignment**2, human / cycle.sigma_human**2
    variance = 1 / (own + second)
    tau_c, tau_a = cycle.tau_capability, cycle.tau_alignment
    u = (1 - cycle.weight) * tau_c**2 / (tau_c**2 + cycle.sigma_capability**2)
    v = cycle.weight * tau_a**2 / (tau_a**2 + variance)
    c = u * tau_c**2 + v * cycle.correlation * tau_c * tau_a
    d = u * cycle.correlation * tau_c * tau_a + v * tau_a**2
    return max(0.0, d / c)


def cycle_weeks(lab, x, relative_share, oversight):
    """T of a lab, orders of rules included."""
    own = lab.cycle
    machine = own.machine * max(1.0, np.exp(x)) ** -own.machine_falls * relative_share**-own.compute_exponent
    return max(own.minimum, lab.minimum_weeks, machine + own.review * oversight + lab.extra_weeks)


def see(lab, other, p):
    """(x, v, o, m) of a rival, as the regime of information lets this lab see them."""
    regime = ("public", "noisy", "capability_secret", "secret")[int(p.race.information)]
    x, v, o = other.shown_capability, other.shown_gain, other.shown_oversight
    if regime == "noisy":
        x = x + p.race.information_noise * normal(derive(lab.cycle_key, int(other.id)), RIVAL)
    if regime in ("capability_secret", "secret"):
        x = lab.log_capability
    if regime == "secret":
        v, o = lab.gain, p.race.stated_oversight
    m = other.shown_measured if p.race.safety_information == 1.0 else lab.measured
    return x, v, o, m


def ledger(lab, rivals, p, oversight_before):
    """The closure decision, written out from the model's description; returns (quantities, margin)."""
    n, line = p.race.labs, np.log(1000.0)
    d, keep, remove = lab.decision, phi(lab.cycle, 1.0), phi(lab.cycle, 0.0)
    hat = {1.0: keep, 0.0: keep - d.foresight * (keep - remove)}

    def ratio(o):
        return hat[0.0] + o * (keep - hat[0.0])

    seen = [(other, *see(lab, other, p)) for other in rivals]
    t, risk = [], []
    for other, x, v, o, m in seen:
        way = max(line - x, 0.02)
        weeks = way / max(v, 0.02) * cycle_weeks(other, x, other.share * n, o)
        e = max(0.0, m + way * (1 - ratio(o)) - other.cycle.research * weeks)
        t.append(weeks)
        risk.append(1 - np.exp(-d.caution * p.harm.rate * p.harm.after * e**2))
    t, risk = np.array(t), np.array(risk)
    result, worth = {}, {}
    for name, o in (("keep", 1.0), ("remove", 0.0)):
        v, way, m = max(lab.gain, 0.02), max(line - lab.log_capability, 0.02), lab.measured
        weeks_cycle = cycle_weeks(lab, lab.log_capability, lab.share * n, o)
        own = way / v * weeks_cycle
        pulls = t**-d.decisiveness
        win = own**-d.decisiveness / (own**-d.decisiveness + pulls.sum()) if len(t) else 1.0
        r_bar = float((pulls * risk).sum() / pulls.sum()) if len(t) else 0.0
        h = min([own, *t])
        e = max(0.0, m + (v / weeks_cycle * (1 - hat[o]) - lab.cycle.research) * h)
        q = 1 - np.exp(-d.caution * p.harm.rate * lab.share * h * (e**2 + e * m + m**2) / 3 / 52)
        e_f = max(0.0, m + way * (1 - hat[o]) - lab.cycle.research * own)
        r = 1 - np.exp(-d.caution * p.harm.rate * p.harm.after * e_f**2)
        safe = (1 - q) * (win * (1 - r) + (1 - win) * (1 - r_bar))
        prize = (1 - q) * (win * (1 - r) + (1 - win) * (1 - r_bar) * (1 - p.competition.winner_share))
        worth[name] = np.exp(-d.discount * h / 52) * (prize - d.own_harm * (1 - safe))
        result |= {f"win_{name}": win, f"run_risk_{name}": q, f"end_risk_{name}": r, f"weeks_{name}": h}
    years = (1 - np.exp(-d.discount * result["weeks_remove"] / 52)) / d.discount
    fine = lab.inspections * lab.detection * lab.fine * years if lab.required_oversight else 0.0
    switch = d.switch_cost if oversight_before > 0 else -d.switch_cost
    result |= {"rival_risk": r_bar, "sanction": fine, "worth_keep": worth["keep"], "worth_remove": worth["remove"]}
    return result, worth["remove"] - fine - worth["keep"] + lab.taste - switch


WORLDS = {
    "public": {},
    "noisy": {"race.information": "noisy", "cycle.able": 0.5},
    "capability secret": {"race.information": "capability_secret", "decision.decisiveness": 1.5},
    "secret": {"race.information": "secret", "race.stated_oversight": 0.3},
    "safety public": {"race.safety_information": "public", "decision.foresight": 0.4, "decision.caution": 1.7},
    "mandate": {"governance.human_mandate.start": 0, "governance.human_mandate.fine": 0.05, "cycle.able": 0.5},
    "limits": {"governance.rate_limit.start": 0, "governance.mandatory_evaluation.start": 4, "harm.after": 3.0},
    "alone": {"cycle.able": 0.5, "decision.own_harm": 0.2, "harm.rate": 0.001},
}


class Watched(Lab):
    """A lab whose every decision is recomputed from the formulas before it is taken."""

    def decide(self):
        rivals = [other for other in self.model.labs if other is not self]
        expect, margin = ledger(self, rivals, self.model.p, self.oversight)
        oversight = super().decide()
        written = {name: getattr(self, name) for name in expect}
        self.model.decisions.append((written, self.margin, oversight, expect, margin))
        return oversight


@pytest.mark.parametrize("name", WORLDS)
def test_the_ledger_is_that_of_the_formulas(name):
    specs = [
        LabSpec("alpha"),
        LabSpec("beta", values={"decision.own_harm": 3.0, "cycle.review": 3.0}),
        LabSpec("gamma", values={"decision.decisiveness": 8.0, "cycle.research": 0.01, "decision.discount": 0.3}),
        LabSpec("delta", "closer"),
    ]
    labs = tuple(specs[:1] if name == "alone" else specs)
    taken = []
    for replication in range(8):
        world = Race(Scenario(name, labs=labs).with_(WORLDS[name]), replication=replication, lab=Watched, collect=False)
        world.decisions = []
        world.run()
        taken += [d for d in world.decisions if d[0]["weeks_keep"] > 0]  # a closer has no ledger
        if len(taken) >= 50:
            break
    assert len(taken) >= 50
    for quantities, margin, oversight, expect, expected_margin in taken:
        # sums over rivals are rounded to multiples of 2**-40, so that the order of labs cannot matter
        grid = 1e-12 if name == "alone" else 1e-11
        assert quantities == pytest.approx(expect, rel=1e-12, abs=grid)
        assert margin == pytest.approx(expected_margin, rel=1e-12, abs=grid)
        assert oversight == float(not expected_margin > 0)
    if name == "mandate":
        assert any(quantities["sanction"] > 0 for quantities, *_ in taken)
    if name == "alone":
        assert all(quantities["win_keep"] == 1.0 and quantities["rival_risk"] == 0.0 for quantities, *_ in taken)


@pytest.mark.parametrize("weeks", [0, 15, 40])
@pytest.mark.parametrize("decisiveness", [1.0, 4.0, 16.0])
def test_chances_to_win_sum_to_1_when_all_see_the_same(weeks, decisiveness):
    world = race({"decision.decisiveness": decisiveness}, ["calculator"] * 5, still=False)
    for _ in range(weeks):
        world.step()
    p, chances = world.p, []
    for lab in world.labs:
        publish(lab, world, p, KEY)
    for lab in world.labs:
        open_ledger(lab, world, p, KEY)
        for rule in (size_up_pace, size_up_risk):
            for other in world.labs:
                if other is not lab:
                    rule(lab, other, 1.0, p, KEY)
        chances.append(outlook(lab, world, p, lab.oversight)[0])
    assert sum(chances) == pytest.approx(1.0, abs=1e-11)
    assert len(set(chances)) == 5


@pytest.mark.parametrize("deployed", [1.0, 0.7, 0.01])
def test_a_lab_knows_that_what_is_not_in_use_does_no_harm(deployed):
    world, lab = one_lab({"harm.rate": 0.03}, log_capability=2.0, measured=1.0, gain=0.1, share=0.2, rival_weeks=50.0,
                         rival_pull=1.0, phi_keep=0.5, phi_remove=0.2, deployed=deployed)  # fmt: skip
    _, run, end, _ = outlook(lab, world, world.p, 1.0)
    lab.deployed = 1.0
    _, whole_run, whole_end, _ = outlook(lab, world, world.p, 1.0)
    for part, whole in ((run, whole_run), (end, whole_end)):
        assert 0.0 < whole < 1.0 and math.log1p(-part) == pytest.approx(deployed * math.log1p(-whole), rel=1e-12)


@pytest.mark.parametrize(("discount", "weeks", "years"), [
    (0.0, 104.0, 2.0), (1e-10, 104.0, 2.0), (0.1, 0.0, 0.0), (0.1, 52.0, (1 - math.exp(-0.1)) / 0.1),
    (2.0, 1e9, 0.5), (1e-9, 52.0, 1.0),
])  # fmt: skip
def test_fines_to_come_count_as_prizes_of_their_weeks_would(discount, weeks, years):
    _, lab = one_lab({"decision.discount": discount}, weeks_remove=weeks, inspections=3.0, detection=0.5, fine=0.2,
                     required_oversight=1.0)  # fmt: skip
    weigh(lab)
    assert lab.sanction == pytest.approx(0.3 * years, rel=1e-8)


def two(changes=None, **shown):
    """(race, a lab at x = 1 in mid-race, its rival with what it has published)."""
    world = race(changes, ["calculator"] * 2)
    lab, other = world.labs
    put(lab, log_capability=1.0, gain=0.1, measured=0.4, regime=world.p.race.information)
    put(other, **{"shown_capability": 2.0, "shown_gain": 0.2, "shown_oversight": 0.0, "shown_measured": 0.9} | shown)
    return world, lab, other


@pytest.mark.parametrize(
    ("information", "x", "gain", "oversight"),
    [
        ("public", 2.0, 0.2, 0.0),
        ("noisy", None, 0.2, 0.0),
        ("capability_secret", 1.0, 0.2, 0.0),
        ("secret", 1.0, 0.1, 0.5),
    ],
)
def test_what_is_seen_of_a_rival(information, x, gain, oversight):
    world, lab, other = two({"race.information": information})
    x = 2.0 + 0.3 * normal(KEY, RIVAL) if x is None else x
    assert rival_capability(lab, other, world.p, KEY) == pytest.approx(x, rel=1e-15)
    assert rival_oversight(lab, other, world.p) == oversight
    weeks = (np.log(1000) - x) / gain * cycle_weeks(other, x, 1.0, oversight)
    assert rival_weeks(lab, other, world.p, KEY) == pytest.approx(weeks, rel=1e-12)


@pytest.mark.parametrize(("gain", "x"), [(0.0, 2.0), (-1.0, 2.0), (0.2, 50.0)])
def test_a_forecast_of_a_rival_is_finite_and_positive(gain, x):
    world, lab, other = two(None, shown_gain=gain, shown_capability=x)
    assert 0.0 < rival_weeks(lab, other, world.p, KEY) < 1e5


@pytest.mark.parametrize(
    ("first_move", "wanted", "expect"),
    [("own", 0.0, 0.0), ("own", 1.0, 1.0), ("keep", 0.0, 1.0), ("keep", 1.0, 1.0), ("remove", 0.0, 0.0),
     ("remove", 1.0, 0.0)],
)  # fmt: skip
def test_a_first_move_is_what_was_set_and_from_then_on_a_lab_does_as_it_likes(first_move, wanted, expect):
    world, lab = one_lab({"decision.first_move": first_move, "cycle.able": 2.0}, log_capability=0.6, wanted=wanted)
    make_first_move(lab, world, world.p, KEY)  # not able yet: nothing is moved
    assert (lab.wanted, lab.moved) == (wanted, 0.0)
    put(lab, log_capability=0.7)
    make_first_move(lab, world, world.p, KEY)
    assert (lab.wanted, lab.moved) == (expect, 0.0 if first_move == "own" else 1.0)
    put(lab, wanted=wanted)
    make_first_move(lab, world, world.p, KEY)
    assert lab.wanted == wanted


@pytest.mark.parametrize(
    ("foresight", "oversight", "expect"), [(1.0, 1.0, 0.561), (1.0, 0.0, 0.161), (0.0, 0.0, 0.561), (0.5, 0.5, 0.461)]
)
def test_foresight_knows_what_removal_does(foresight, oversight, expect):
    _, lab = one_lab({"decision.foresight": foresight})
    assert foreseen_ratio(lab, oversight) == pytest.approx(expect, abs=6e-4)


def test_open_ledger_forgets_the_last_one():
    world, lab = one_lab(None, rival_weeks=3.0, rival_pull=2.0, rival_harm=1.0, leader_capability=9.0)
    open_ledger(lab, world, world.p, KEY)
    assert (lab.rival_weeks, lab.rival_pull, lab.rival_harm, lab.decided) == (FAR, 0.0, 0.0, 1.0)
    assert lab.leader_capability < -1e6 and lab.leader_oversight == 1.0


@pytest.mark.parametrize(
    ("rivals", "leader"),
    [(((2.0, 0.0), (3.0, 1.0)), 1.0), (((2.0, 1.0), (3.0, 0.0)), 0.0), (((3.0, 1.0), (3.0, 0.0)), 0.0)],
)
def test_size_up_pace_finds_the_fastest_and_the_leading_rival(rivals, leader):
    for order in (rivals, rivals[::-1]):
        world = race(None, ["mirror"] * 3)
        lab, *others = world.labs
        open_ledger(lab, world, world.p, KEY)
        for other, (x, oversight) in zip(others, order, strict=True):
            put(other, shown_capability=x, shown_oversight=oversight, shown_gain=0.1)
            size_up_pace(lab, other, 1.0, world.p, KEY)
        assert (lab.leader_capability, lab.leader_oversight) == (3.0, leader)
        assert lab.rival_weeks == min(rival_weeks(lab, other, world.p, KEY) for other in others)


@pytest.mark.parametrize(("safety", "gap"), [("secret", 0.4), ("public", 0.9)])
def test_size_up_risk_takes_the_own_gap_where_safety_is_secret(safety, gap):
    world, lab, other = two({"race.safety_information": safety, "harm.rate": 0.01})
    open_ledger(lab, world, world.p, KEY)
    size_up_pace(lab, other, 1.0, world.p, KEY)
    size_up_risk(lab, other, 1.0, world.p, KEY)
    assert lab.rival_pull == 1.0  # the fastest
    e = gap + (np.log(1000) - 2.0) * (1 - phi(lab.cycle, 0.0))
    assert lab.rival_harm == pytest.approx(1 - np.exp(-0.01 * e**2), abs=1e-12)


SURE_FINE = {"taste": 10.0, "inspections": 52.0, "detection": 1.0, "fine": 9.0}


@pytest.mark.parametrize(
    ("strategy", "given", "expect"),
    [
        (keeper, {"oversight": 0.0}, 1.0),
        (keeper, {"leader_oversight": 0.0}, 1.0),
        (closer, {"oversight": 1.0}, 0.0),
        (closer, {"leader_oversight": 1.0}, 0.0),
        (mirror, {"leader_oversight": 0.0}, 0.0),
        (mirror, {"leader_oversight": 1.0}, 1.0),
        (player, {}, 0.25),
        (player, {"oversight": 0.0}, 0.25),
        (calculator, {"taste": 10.0}, 0.0),
        (calculator, {"taste": -10.0}, 1.0),
        (calculator, SURE_FINE | {"required_oversight": 1.0}, 1.0),
        (calculator, SURE_FINE | {"required_oversight": 0.0}, 0.0),
    ],
)
def test_what_a_strategy_wants(strategy, given, expect):
    world, lab = one_lab({"decision.choice": 0.25}, gain=0.1, **given)
    open_ledger(lab, world, world.p, KEY)
    put(lab, **given)
    assert strategy(lab, world, world.p, KEY) == expect


@pytest.mark.parametrize(
    ("taste", "now", "expect"), [(0.05, 1.0, 1.0), (0.15, 1.0, 0.0), (-0.05, 0.0, 0.0), (-0.15, 0.0, 1.0)]
)
def test_a_switch_has_its_cost_either_way(taste, now, expect):
    changes = {"cycle.review": 0.0, "decision.foresight": 0.0, "decision.switch_cost": 0.1}  # no other difference
    world, lab = one_lab(changes, gain=0.1, oversight=now, taste=taste)
    open_ledger(lab, world, world.p, KEY)
    assert calculator(lab, world, world.p, KEY) == expect
    assert lab.worth_keep == lab.worth_remove


@pytest.mark.parametrize(
    ("wanted", "x", "first", "expect"),
    [(0.0, 1.0, -1.0, (0.0, 7.0)), (0.0, 0.5, -1.0, (1.0, -1.0)), (1.0, 1.0, -1.0, (1.0, -1.0)),
     (0.5, 1.0, -1.0, (0.5, -1.0)), (0.0, 1.0, 3.0, (0.0, 3.0))],
)  # fmt: skip
def test_a_wish_is_done_if_the_system_is_able(wanted, x, first, expect):
    world, lab = one_lab({"cycle.able": 2.0}, wanted=wanted, log_capability=x, first_closed=first)
    put(world, week=7.0)
    settle_oversight(lab, world, world.p, KEY)
    assert (lab.oversight, lab.first_closed) == expect


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_runs_a_race_and_says_who_argued_for_it(name):
    function = STRATEGIES[name]
    assert function.__name__ == name, f"strategy {name}: its function is called {function.__name__}"
    assert function.__doc__, f"strategy {name}: {lacks.home(function)} does not say who argued for it, in a docstring"
    world = race(None, [name, "closer", "keeper"], still=False).run()
    lab = world.labs[0]
    assert 0.0 <= lab.oversight <= 1.0 and lab.cycles > 5
    assert (lab.rival_weeks == FAR) == (not looks(function, size_up_pace))  # who never asks is spared


NUMBERS = {  # a strategy keeps its number for good
    "calculator": 0, "keeper": 1, "closer": 2, "mirror": 3, "player": 4, "forgiving_mirror": 5, "grudger": 6,
    "conditional_safe": 7, "threshold": 8, "fast_follower": 9, "sceptic": 10, "herald": 11, "imitator": 12,
    "explorer": 13, "scripted": 14,
}  # fmt: skip


def test_a_strategy_keeps_its_number_and_a_new_one_takes_the_next(monkeypatch):
    numbers = {name: strategy.number for name, strategy in SHIPPED.items()}
    new = [name for name in numbers if name not in NUMBERS]
    expected = NUMBERS | {name: len(NUMBERS) + place for place, name in enumerate(new)}
    lacks.none_of(
        f"strategy {name}: number {numbers.get(name)}, must be {number}: STRATEGIES, labsim/model/strategies.py"
        for name, number in expected.items() if numbers.get(name) != number
    )  # fmt: skip
    monkeypatch.setattr(strategies, "STRATEGIES", {"first": keeper, **STRATEGIES, "last": keeper})
    assert {name: number_of(name) for name in SHIPPED} == {name: s.number for name, s in SHIPPED.items()}
    assert [number_of("first"), number_of("last")] == [len(SHIPPED), len(SHIPPED) + 1]
