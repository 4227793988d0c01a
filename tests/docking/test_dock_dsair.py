"""DSAIR and its networks: payoffs from simulated races, what a population makes of them, and what would not agree."""

import math
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pytest

from labsim.docking.agreement import make, run
from labsim.docking.dsair import PLAYED, Dsair, published_chain, published_share
from labsim.docking.networks import Networks
from labsim.docking.population import log_fixation, rare_mutations
from labsim.engines import ensemble, mesa_engine
from labsim.engines.ensemble import Stop
from labsim.games.imitation import population_payoffs, stationary
from labsim.scenario.checked import ScenarioError

ALL = "AS,AU,CS"


def quiet(text):
    """Says nothing."""


def docked(replications=None, dock=Dsair, **values):
    """The dock run with these parameters."""
    return run(make(dock, values), replications=replications, watch=quiet)


def payoffs(dock, replications=1):
    """Mean simulated payoffs, and their standard errors."""
    result = dock.races(replications, 0, Stop.new(), quiet)
    return result.mean(axis=0), result.std(axis=0) / math.sqrt(replications)


def test_payoffs_of_the_published_example():
    result, _ = payoffs(Dsair(strategies=ALL, risk=0.6))
    expect = [[51.0, 0.6, 51.0], [60.96, 30.8, 60.8024], [51.0, 1.979, 51.0]]
    assert result == pytest.approx(np.array(expect), abs=1e-9)


@pytest.mark.parametrize("changes", [
    {"speed": 1.25, "risk": 0.0}, {"speed": 3.0, "risk": 1.0}, {"speed": 7.3, "rounds": 8}, {"speed": 2.0, "rounds": 2},
    {"rounds": 2500, "benefit": 6.0, "cost": 2.5}, {"prize": 3.0, "cost": 0.0}, {"speed": 100.0, "rounds": 150},
])  # fmt: skip
def test_payoffs_are_those_published(changes):
    dock = make(Dsair, {"strategies": ALL} | changes)
    assert payoffs(dock)[0] == pytest.approx(dock.published(), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("detection", [0.1, 0.5, 1.0])
def test_payoffs_if_the_unsafe_can_be_found_out(detection):
    dock = Dsair(strategies=ALL, detection=detection, risk=0.3, prize=100.0)
    mean, se = payoffs(dock, 2000)
    assert np.all(np.abs(mean - dock.published()) <= 4.0 * se + 1e-9)


@pytest.mark.parametrize(("detection", "pair"), [(0.0, ("AU", "CS")), (0.4, ("AU", "AS")), (0.4, ("AU", "AU"))])
def test_both_engines_run_these_races_alike(detection, pair):
    world = Dsair(detection=detection, rounds=10).world(*pair)
    fast, mesa = (engine.simulate(world, 0, 3, 0) for engine in (ensemble, mesa_engine))
    assert np.array_equal(fast.lab_states, mesa.lab_states)
    assert np.array_equal(fast.race_state, mesa.race_state)


@pytest.mark.parametrize(("beta", "speed", "risk", "share"), [
    (0.001, 1.5, 0.2, 0.001378), (0.001, 1.5, 0.5, 0.040407), (0.001, 1.5, 0.6, 0.116274), (0.001, 1.5, 0.7, 0.291337),
    (0.001, 1.5, 0.8, 0.562275), (0.001, 1.5, 0.9, 0.800544), (0.01, 1.5, 0.7, 0.000138), (0.01, 1.5, 0.75, 0.039449),
    (0.01, 1.5, 0.78, 0.556113), (0.01, 1.5, 0.8, 0.924422), (0.01, 2.0, 0.83, 0.362022), (0.01, 3.0, 0.9, 0.916215),
    (0.1, 1.5, 0.75, 0.000000), (0.1, 1.5, 0.78, 0.904995),
])  # fmt: skip
def test_the_safe_share_of_two_strategies(beta, speed, risk, share):
    docking = docked(selection=beta, speed=speed, risk=risk)
    assert docking.agrees
    assert docking.simulated["AS"].mean == pytest.approx(share, abs=1e-6)
    assert docking.simulated["AS"].mean == pytest.approx(docking.reference["AS"], abs=1e-9)
    assert docking.simulated["AS"].se == 0.0


THREE = [
    (0.01, 0.6, 100, 10_000.0, 0.0, (0.0, 1.0, 0.0)),
    (0.01, 0.75, 100, 10_000.0, 0.0, (0.053355, 0.890053, 0.056592)),
    (0.01, 0.78, 100, 10_000.0, 0.0, (0.391661, 0.212695, 0.395644)),
    (0.01, 0.85, 100, 10_000.0, 0.0, (0.499941, 0.000096, 0.499962)),
    (0.1, 0.78, 100, 10_000.0, 0.0, (0.499825, 0.000349, 0.499825)),
    # Long races, for the same prize a round.
    pytest.param(0.01, 0.1, 20_000, 200.0, 0.0, (0.206157, 0.497318, 0.296525), marks=pytest.mark.slow),
    pytest.param(0.01, 0.1, 20_000, 200.0, 0.5, (0.354214, 0.324088, 0.321698), marks=pytest.mark.slow),
    pytest.param(0.1, 0.1, 20_000, 200.0, 0.1, (0.004467, 0.951123, 0.044410), marks=pytest.mark.slow),
    pytest.param(0.01, 0.1, 1_000_000, 10_000.0, 0.0, (0.206159, 0.497308, 0.296534), marks=pytest.mark.full),
    pytest.param(0.01, 0.1, 1_000_000, 10_000.0, 0.5, (0.354214, 0.324090, 0.321696), marks=pytest.mark.full),
    pytest.param(0.1, 0.1, 1_000_000, 10_000.0, 0.1, (0.004469, 0.951101, 0.044430), marks=pytest.mark.full),
]


@pytest.mark.parametrize(("beta", "risk", "rounds", "prize", "detection", "shares"), THREE)
def test_the_shares_of_three_strategies(beta, risk, rounds, prize, detection, shares):
    races = 32  # of a pair: their standard error is a tenth of what is allowed below, or less
    docking = docked(races, strategies=ALL, selection=beta, risk=risk, rounds=rounds, prize=prize, detection=detection)
    assert docking.agrees
    for key, share in zip(PLAYED, shares, strict=True):
        assert docking.reference[key] == pytest.approx(share, abs=1e-6)
        assert docking.simulated[key].mean == pytest.approx(share, abs=1e-6 if detection == 0.0 else 0.01)


def test_shares_of_three_if_the_unsafe_can_be_found_out():
    docking = docked(500, strategies=ALL, risk=0.6, rounds=1000, detection=0.2)
    assert docking.agrees and docking.replications == 500
    assert all(0.0 < estimate.se < 0.01 for estimate in docking.simulated.values())
    assert 0.1 < docking.reference["AU"] < 0.9


def test_the_boundary_of_the_dilemma_is_that_of_a_finite_population():
    """Where half are safe: not at 0.775065, as in an infinite population."""
    for population, boundary in ((100, 0.7780), (20, 0.7903)):
        shares = [docked(population=population, risk=boundary + d).simulated["AS"].mean for d in (-0.0005, 0.0005)]
        assert shares[0] < 0.5 < shares[1]


@pytest.mark.parametrize(("risk", "better", "spreads"), [
    (0.33, "unsafe", "unsafe"), (0.345, "safe", "unsafe"), (0.77, "safe", "unsafe"), (0.785, "safe", "safe"),
])  # fmt: skip
def test_remarks_tell_the_zones(risk, better, spreads):
    (remark,) = Dsair(risk=risk).remarks()
    assert f"all are {better};" in remark and f"the {spreads} ones" in remark
    assert ("dilemma" in remark) is (better != spreads)
    (reverse,) = Dsair(rounds=1_000_000, risk=0.1, detection=0.5).remarks()
    assert reverse == "All earn more if all are unsafe; of AS and AU alone, the safe ones prevail."
    assert Dsair(strategies="AU,CS").remarks() == []


@pytest.mark.parametrize("strategies", ["AU,AS", " AS , CS", "AU,CS", "CS,AU,AS"])
def test_any_of_the_strategies_in_any_order(strategies):
    docking = docked(strategies=strategies, risk=0.77)
    assert docking.agrees
    assert list(docking.simulated) == [name for name in PLAYED if name in strategies]
    assert sum(estimate.mean for estimate in docking.simulated.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("z", [2, 3, 30, 1000])
@pytest.mark.parametrize("beta", [0.001, 0.1, 10.0])
def test_three_ways_to_the_shares_of_two(z, beta):
    """The chain by trees, by elimination and the closed form, also where fixation is as good as impossible."""
    for table in (np.array([[51.0, 0.6], [33.528, 16.94]]), np.array([[51.0, 0.6], [60.96, 30.8]])):
        share = published_share(table, z, beta)
        assert rare_mutations(table, z, beta) == pytest.approx([share, 1.0 - share], abs=1e-9)
        assert published_chain(table, z, beta) == pytest.approx([share, 1.0 - share], abs=1e-9)


@pytest.mark.parametrize("z", [2, 7, 100, 1000])
def test_two_ways_to_the_shares_of_three(z):
    rng = np.random.default_rng(1)
    for beta in (0.01, 0.1, 1.0):
        table = rng.uniform(-50.0, 50.0, (3, 3))
        assert rare_mutations(table, z, beta) == pytest.approx(published_chain(table, z, beta), abs=1e-8)


def test_a_neutral_mutant_takes_over_with_chance_one_in_the_population():
    logs = log_fixation(np.full((3, 3), 2.0), 50, 1.0)
    assert np.exp(logs[~np.eye(3, dtype=bool)]) == pytest.approx(1.0 / 50)
    assert np.all(np.isneginf(np.diag(logs)))


def test_fixation_is_that_of_a_walk_solved_as_linear_equations():
    z, beta, table = 12, 0.3, np.array([[3.0, 1.0], [4.0, 0.5]])
    own, other = population_payoffs(table[0], table[1], z)
    chances = np.zeros((z + 1, z + 1))
    for k in range(1, z):
        more = 1.0 / (1.0 + math.exp(-beta * (other[k] - own[k])))
        chances[k, k + 1], chances[k, k - 1] = more, 1.0 - more  # given that the number changes
    ends = np.linalg.solve(np.eye(z - 1) - chances[1:-1, 1:-1], chances[1:-1, z])
    assert np.exp(log_fixation(table, z, beta))[0, 1] == pytest.approx(ends[0])


def test_the_chain_with_mutations_comes_to_the_same_as_they_become_rare():
    z, beta = 30, 0.01
    table = Dsair(risk=0.77).published()
    own, other = population_payoffs(table[0], table[1], z)
    limit = rare_mutations(table, z, beta)[0]
    shares = [1.0 - stationary(other - own, beta, mu) @ np.arange(z + 1) / z for mu in (1e-2, 1e-3, 1e-4, 1e-5)]
    assert shares == pytest.approx([0.4260, 0.3827, 0.3766, 0.3759], abs=1e-4)
    assert limit == pytest.approx(0.375850, abs=1e-6)
    assert np.all(np.diff(np.abs(np.array(shares) - limit)) < 0.0)


@dataclass(frozen=True)
class OtherWorld(Dsair):
    """The dock in a world that is not quite the published one."""

    changes: tuple = ()

    def world(self, row, column):
        return super().world(row, column).with_(dict(self.changes))


@pytest.mark.parametrize("changes", [
    {"harm.setback": 0.79}, {"cycle.machine": 0.62}, {"competition.benefit": 0.001}, {"decision.oversight_cost": 0.001},
    {"competition.winner_share": 0.9}, {"race.finish_cycles": 50}, {"race.weeks": 60}, {"decision.discount": 0.1},
    {"competition.found_out": 0.5}, {"cycle.able": 2.0}, {"harm.rate": 1.0, "harm.finish_form": "unreviewed_share"},
])  # fmt: skip
def test_the_dock_fails_in_a_world_that_is_a_little_off(changes):
    assert run(OtherWorld(risk=0.78), watch=quiet).agrees
    assert run(OtherWorld(risk=0.78, changes=tuple(changes.items())), watch=quiet).agrees is False


@pytest.mark.parametrize(("values", "words"), [
    ({"population": 1}, "--population = 1: must be a whole number from 2 to 10000"),
    ({"population": 99.5}, "whole number"),
    ({"selection": 0.0}, "--selection = 0.0: must be a number from 1e-06 to 10"),
    ({"speed": 1.0}, "--speed = 1.0: must be a number from 1.001 to 100"),
    ({"risk": 1.01}, "--risk = 1.01: must be a number from 0 to 1"),
    ({"detection": -0.1}, "from 0 to 1"),
    ({"rounds": 0}, "from 1 to 1,000,000"),
    ({"benefit": math.nan}, "--benefit = nan"),
    ({"prize": 0.0}, "--prize = 0.0: must be a number from 0.001 to"),
    ({"strategies": "AS"}, "must be two or three different ones of AS,AU,CS"),
    ({"strategies": "AS,AS"}, "different ones"),
    ({"strategies": "AS,AU,AU"}, "different ones"),
    ({"strategies": "AS,XX"}, "different ones"),
    ({"strategies": ""}, "different ones"),
    ({"speed": 3.0, "rounds": 2}, "--speed = 3: must be at most the rounds of a race, 2"),
])  # fmt: skip
def test_what_cannot_be_run(values, words):
    with pytest.raises(ScenarioError) as error:
        make(Dsair, values)
    assert words in str(error.value)


def test_races_to_begin_with():
    assert Dsair().replications == 1
    assert Dsair(detection=0.1).replications == 4000
    assert Dsair(detection=0.1, rounds=10_000).replications == 1000
    assert Dsair(detection=0.1, rounds=1_000_000).replications == 32


@pytest.mark.parametrize("dock", [Dsair(), Networks()])
def test_a_dock_that_is_stopped_says_nothing(dock):
    stop = Stop.new()
    stop.set()
    docking = run(dock, stop=stop, watch=quiet)
    assert all(estimate is None for estimate in docking.simulated.values())


def test_it_tells_what_it_does():
    told = []
    run(Dsair(), watch=told.append)
    assert sorted(told) == ["AS against AS", "AS against AU", "AU against AU"]


SMALL = {"nodes": 200, "risk": 0.7}


@pytest.mark.parametrize(("changes", "more_safe", "hubs_help"), [
    ({}, True, True),
    ({"pinned": 0.05}, True, True),
    ({"risk": 0.4}, False, True),  # in the dilemma, and yet no difference
    ({"averaged": True}, False, True),
    ({"risk": 0.95}, False, False),  # all are safe anyway
    ({"pinned": 0.9, "risk": 0.75}, True, False),  # so many that all become safe
])  # fmt: skip
def test_where_the_claims_about_networks_hold(changes, more_safe, hubs_help):
    docking = docked(25, **SMALL | changes, dock=Networks)
    assert [docking.as_published(key) for key in Networks.signs] == [more_safe, hubs_help]


@dataclass(frozen=True)
class NoSetback(Networks):
    """Networks of developers whom an unsafe win never costs anything."""

    def developers(self):
        return OtherWorld(risk=self.risk, speed=self.speed, changes=(("harm.setback", 0.0),))


def test_the_claims_about_networks_fail_in_another_world():
    docking = run(NoSetback(**SMALL), replications=25, watch=quiet)
    assert not docking.as_published("scale_free_less_well_mixed")


@pytest.mark.parametrize(("averaged", "share"), [(False, 1.0), (True, 0.0)])
def test_a_hub_is_copied_for_what_it_gets_from_all_its_neighbours(averaged, share):
    """Alone safe, the middle of a star gets 9 times 3, each other one 4."""
    links = nx.to_scipy_sparse_array(nx.star_graph(9), dtype=float, format="csr")
    dock, rng = Networks(nodes=10, selection=10.0, averaged=averaged), np.random.default_rng(0)
    table, safe = np.array([[5.0, 3.0], [4.0, 1.0]]), np.arange(10) == 0
    assert dock.long_run(table, links, safe, None, rng) == share
    assert dock.long_run(table, links, safe, np.array([0]), rng) == (share or pytest.approx(0.1))


def test_in_a_well_mixed_population_only_the_numbers_count():
    """A coordination game that tips at one half, strongly selected: the larger part wins, whoever it is."""
    table, dock, rng = np.eye(2), Networks(nodes=100, selection=10.0), np.random.default_rng(0)
    for safe_ones, share in ((70, 1.0), (30, 0.0)):
        safe = rng.permutation(100) < safe_ones
        assert dock.long_run(table, None, safe, None, rng) == share


def test_one_start_gives_the_same_whenever_it_is_run():
    dock, table = Networks(**SMALL), np.array([[51.0, 0.6], [45.72, 23.1]])
    first, again = (dock.replicate(table, np.random.default_rng([0, 1])) for _ in range(2))
    assert first == again and len(first) == 4 and all(0.0 <= share <= 1.0 for share in first)


@pytest.mark.parametrize(("values", "words"), [
    ({"nodes": 9}, "--nodes = 9: must be a whole number from 10 to 10000"),
    ({"pinned": 0.0}, "--pinned = 0.0: must be a number from 0.001 to 0.9"),
    ({"selection": 11.0}, "from 1e-06 to 10"),
    ({"risk": -1}, "from 0 to 1"),
])  # fmt: skip
def test_networks_that_cannot_be_run(values, words):
    with pytest.raises(ScenarioError) as error:
        make(Networks, values)
    assert words in str(error.value)


@pytest.mark.slow
def test_both_claims_about_networks_at_their_published_size():
    docking = run(Networks(), watch=quiet)
    assert all(map(docking.as_published, Networks.signs))
