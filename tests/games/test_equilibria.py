"""Games that are known: their equilibria and prices, their diagrams, their long run."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labsim
from labsim.games import equilibria as solved
from labsim.games.equilibria import equilibria, prices, scope
from labsim.games.imitation import long_run, population_payoffs, stationary, steps
from labsim.games.kind_game import KindGame
from labsim.games.schelling import diagram, shape, tipping_points

RUNS = 30


def still(*values):
    """The same numbers in every replication: (replications, numbers)."""
    return np.tile(np.array(values, float), (RUNS, 1))


def alike(keep, remove):
    """The game of labs that are alike, from payoffs by how many others remove, each (replications, labs)."""
    labs, none = keep.shape[1], np.full((len(keep), 1), np.nan)
    kept = {(k,): keep[:, k : k + 1] if k < labs else none for k in range(labs + 1)}
    removed = {(k,): remove[:, k - 1 : k] if k > 0 else none for k in range(labs + 1)}
    return KindGame(("Birch",), (labs,), kept, removed)


def two(rows, columns):
    """The game of two labs that differ, from their payoffs [action of the first][action of the second]."""
    keep, remove = {}, {}
    for a, b in itertools.product((0, 1), repeat=2):
        mine = np.array([rows[a][b], columns[a][b]], float)
        keep[a, b] = np.tile(np.where([a, b], np.nan, mine), (RUNS, 1))
        remove[a, b] = np.tile(np.where([a, b], mine, np.nan), (RUNS, 1))
    return KindGame(("Birch", "Cedar"), (1, 1), keep, remove)


def all_of(game):
    """Equilibria as (removers or probabilities, certain)."""
    return [
        (e.removers if e.pure else [round(p, 6) for of in e.remove for p in of], e.certain) for e in equilibria(game)
    ]


# --- equilibria


def gains(*values):
    """Labs that are alike; removing gains so much by how many others remove; the more remove the worse for all."""
    base = -np.arange(len(values), dtype=float)
    return alike(still(*base), still(*(base + values)))


@pytest.mark.parametrize(
    ("game", "has"),
    [
        (gains(1, 1, 1, 1, 1), [(5, True)]),  # prisoner's dilemma
        (gains(-1, -1, -1), [(0, True)]),  # harmony
        (gains(-1.5, -0.5, 0.5, 1.5, 2.5), [(0, True), (5, True), ([0.375] * 5, True)]),  # stag hunt
        (gains(1.5, 0.5, -0.5, -1.5, -2.5), [(2, True), ([0.375] * 5, True)]),  # chicken
        (gains(-1, 3), [(0, True), (2, True), ([0.25, 0.25], True)]),  # stag hunt of two
    ],
)
def test_equilibria_of_labs_that_are_alike(game, has, monkeypatch):
    monkeypatch.setattr(solved, "has_pygambit", lambda: False)
    assert all_of(game) == has


@pytest.mark.parametrize(
    ("rows", "columns", "has"),
    [
        ([[3, 0], [5, 1]], [[3, 5], [0, 1]], [(2, True)]),  # prisoner's dilemma
        ([[1, -1], [-1, 1]], [[-1, 1], [1, -1]], [([0.5, 0.5], True)]),  # matching pennies
        ([[2, 0], [0, 1]], [[1, 0], [0, 2]], [(0, True), (2, True), ([1 / 3, 2 / 3], True)]),  # battle of the sexes
        ([[3, 1], [4, 0]], [[3, 4], [1, 0]], [(1, True), (1, True), ([0.5, 0.5], True)]),  # chicken
    ],
)
def test_equilibria_of_two_labs_that_differ(rows, columns, has):
    assert all_of(two(rows, columns)) == [(x if isinstance(x, int) else [round(p, 6) for p in x], y) for x, y in has]


def test_noise_makes_an_equilibrium_uncertain_not_the_others():
    rng = np.random.default_rng(0)
    game = gains(-1, 0.001, 1)
    game.remove[2,] = game.remove[2,] + rng.normal(0, 0.5, (RUNS, 1))  # removing gains about nothing beside one remover
    pure = {e.removers: e.certain for e in equilibria(game) if e.pure}
    assert pure[0] and pure[3] and not pure.get(1, False) and not pure.get(2, False)


def test_an_exact_tie_in_every_race_is_no_doubt():
    assert all_of(alike(still(0, 0), still(0, -1)))[0] == (0, True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1, 1).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=7))
def test_every_game_has_an_equilibrium_and_removing_gains_nothing_at_a_mixed_one(values):
    game = gains(*values)
    all_found = [e for e in equilibria(game) if e.at_means]
    assert all_found
    for one in solved.symmetric(game):
        gain = game.expected_gain(one.remove, 0, 0)
        assert abs(gain.mean()) < 1e-6


def test_pygambit_finds_what_is_found_without_it_and_what_is_not():
    pytest.importorskip("pygambit")
    game = gains(-1.5, -0.5, 0.5, 1.5, 2.5)
    assert scope(game) == "all pure and mixed"
    assert all_of(game) == [(0, True), (5, True), ([0.375] * 5, True)]  # once, not once by each way
    pair, keep, remove = two([[2, 0], [0, 1]], [[1, 0], [0, 2]]), {}, {}
    none, zero = np.full((RUNS, 1), np.nan), np.zeros((RUNS, 1))
    for counts, third in itertools.product(pair.keep, (0, 1)):  # a third lab, that loses 1 by removing
        keep[*counts, third] = np.hstack([pair.keep[counts], none if third else zero])
        remove[*counts, third] = np.hstack([pair.remove[counts], zero - 1.0 if third else none])
    assert ([0.333333, 0.666667, 0.0], True) in all_of(KindGame(("Birch", "Cedar", "Hazel"), (1, 1, 1), keep, remove))


def test_without_pygambit_labs_that_differ_have_their_pure_ones_and_a_line_to_install(monkeypatch):
    monkeypatch.setattr(solved, "has_pygambit", lambda: False)
    none = np.full((RUNS, 3), np.nan)
    counts = list(itertools.product((0, 1), repeat=3))
    keep = {c: np.where(c, none, still(1, 1, 1)) for c in counts}
    remove = {c: np.where(c, still(0, 0, 2), none) for c in counts}
    game = KindGame(("Birch", "Cedar", "Hazel"), (1, 1, 1), keep, remove)
    assert all_of(game) == [(1, True)] and equilibria(game)[0].remove == ((0.0,), (0.0,), (1.0,))
    assert scope(game) == 'pure ones; mixed ones need pygambit: pip install "labsim[games]"'


# --- prices


def test_prices_of_a_known_dilemma():
    """R, T, S, P = 3, 5, 0.5, 1: the best is 3 + 3, the only equilibrium 1 + 1."""
    game = two([[3, 0.5], [5, 1]], [[3, 5], [0.5, 1]])
    worth = prices(game, equilibria(game))
    assert worth["price_of_anarchy"] == worth["price_of_stability"] == pytest.approx(3.0)
    assert worth["worst"]["below_optimum"].mean == 4.0 and worth["optimum"]["removers"] == 0


def test_prices_of_a_stag_hunt_differ():
    game = two([[4, 0], [3, 2]], [[4, 3], [0, 2]])
    worth = prices(game, equilibria(game))
    assert (worth["price_of_stability"], worth["best"]["removers"]) == (1.0, 0)
    assert worth["price_of_anarchy"] == pytest.approx(2.0) and worth["worst"]["removers"] == 2


def test_a_ratio_of_negative_payoffs_is_none_its_difference_stays():
    game = two([[1, -3], [2, -1]], [[1, 2], [-3, -1]])
    worth = prices(game, equilibria(game))
    assert worth["price_of_anarchy"] is None and worth["worst"]["below_optimum"].mean == 4.0


def test_the_welfare_of_a_mixed_profile_is_that_of_its_draws():
    game, p = gains(-1.5, -0.5, 0.5, 1.5, 2.5), 0.375
    draws = [math.comb(5, k) * p**k * (1 - p) ** (5 - k) * game.welfare((k,)).mean() for k in range(6)]
    assert game.expected_welfare(((p,) * 5,)).mean() == pytest.approx(sum(draws))


# --- the Schelling diagram


def test_crossings_of_known_curves():
    """Remove - keep is k - 1.25, then its mirror image, then a wave."""
    k = np.arange(5.0)
    for gain, tips in (
        (k - 1.25, [(1.25, "remove")]), (1.25 - k, [(1.25, "keep")]), (k + 1, []),
        (np.array([-1, 1, -3, 1, 1]), [(0.5, "remove"), (1.25, "keep"), (2.75, "remove")]),
        (np.array([-1, 0, 1, 2, 3]), [(1.0, "remove")]), (np.array([1, 0, 1, 0, 0]), []),
    ):  # fmt: skip
        keep = still(*(7.0 - k))
        seen = tipping_points(keep, keep + gain)
        assert [(pytest.approx(t.others), t.beyond) for t in seen] == tips and all(t.certain for t in seen)


def test_a_crossing_has_the_error_of_its_noise_and_is_uncertain_if_one_side_is():
    rng = np.random.default_rng(3)
    places = []
    for _ in range(300):
        noise = rng.standard_normal((100, 2))
        keep = np.zeros((100, 2))
        tip = tipping_points(keep, keep + noise + [-1.0, 3.0])[0]
        places.append((tip.others, tip.se))
        assert tip.certain
    assert np.mean([p for p, _ in places]) == pytest.approx(0.25, abs=0.01)
    assert np.std([p for p, _ in places]) == pytest.approx(np.mean([se for _, se in places]), rel=0.15)
    weak = tipping_points(np.zeros((100, 2)), rng.standard_normal((100, 2)) * 9 + [-0.01, 3.0])
    assert not any(t.certain for t in weak)


def test_the_shape_is_said_in_words():
    keep = still(0, 0, 0)
    words = [shape(diagram(keep, keep + gain)) for gain in ([1, 2, 3], [-1, -1, -1], [-1, 1, 1], [0, 1, 1])]
    assert words[0].startswith("Removing pays, however") and words[1].startswith("Keeping pays, however")
    assert words[2].startswith("Which of the two") and words[3] == ""


# --- the long run


def brute_force(keep, remove, z, beta, mu):
    """The stationary distribution of the number of removers, from the rule told step by step."""
    n, matrix = len(keep), np.zeros((z + 1, z + 1))

    def earns(table, others):  # co-players drawn one by one from the others, who remove (1) or keep (0)
        return np.mean([table[sum(drawn)] for drawn in itertools.combinations(others, n - 1)])

    for j in range(z + 1):
        people = [1] * j + [0] * (z - j)
        pay = [earns(remove if a else keep, people[:i] + people[i + 1 :]) for i, a in enumerate(people)]
        for i, m in itertools.permutations(range(z), 2):
            copies = 1 / (1 + math.exp(-beta * (pay[m] - pay[i])))
            for action, chance in (
                (1 - people[i], mu), (people[m], (1 - mu) * copies), (people[i], (1 - mu) * (1 - copies))
            ):  # fmt: skip
                matrix[j, j - people[i] + action] += chance / (z * (z - 1))
    values, vectors = np.linalg.eig(matrix.T)
    result = np.real(vectors[:, np.argmax(np.real(values))])
    return result / result.sum()


@pytest.mark.parametrize(("z", "beta", "mu"), [(3, 1.0, 0.01), (5, 4.0, 0.1), (6, 0.0, 0.3)])
def test_the_long_run_is_that_of_the_whole_transition_matrix(z, beta, mu):
    keep, remove = np.array([1.0, 0.2, -0.4]), np.array([0.8, 0.5, -0.1])
    run = long_run(still(*keep), still(*remove), beta, z, mu)
    assert run.distribution == pytest.approx(brute_force(keep, remove, z, beta, mu), abs=1e-9)
    assert run.mean_share == pytest.approx(run.distribution @ np.arange(z + 1) / z)
    assert run.se == pytest.approx(0.0, abs=1e-9)


def test_rare_mutation_is_the_limit_and_the_published_boundary():
    """Two strategies, pairwise games: share 1/(1 + exp(-beta S)), S = [(Z-2)(a-d) + Z(b-c)]/2 (two-strategy result)."""
    a, b, c, d, z, beta = 0.4, 1.0, 0.1, 0.2, 8, 1.3  # remover meets remover, keeper; keeper meets remover, keeper
    run = long_run(still(d, c), still(b, a), beta, z, 1e-9)
    sigma = ((z - 2) * (a - d) + z * (b - c)) / 2
    assert run.rare_mutation == pytest.approx(1 / (1 + math.exp(-beta * sigma)))
    assert run.mean_share == pytest.approx(run.rare_mutation, abs=1e-6)


def test_without_selection_both_are_as_frequent_and_strong_selection_is_finite():
    run = long_run(still(1, 0, 0), still(5, 5, 5), 0.0, 20)
    assert run.mean_share == pytest.approx(0.5)
    strong = long_run(still(100, 0, 0), still(0, 0, 90), 100.0, 20)
    assert np.isfinite(strong.distribution).all() and strong.distribution.sum() == pytest.approx(1.0)


def test_a_population_as_large_as_the_race_meets_everybody():
    kept, removed = population_payoffs(np.array([3.0, 2.0, 1.0]), np.array([6.0, 5.0, 4.0]), 3)
    assert kept[:3] == pytest.approx([3, 2, 1]) and removed[1:] == pytest.approx([6, 5, 4])
    assert np.isnan(kept[3]) and np.isnan(removed[0])
    up, down = steps(np.zeros(4), 1.0, 0.2)
    assert up[3] == down[0] == 0.0
    assert stationary(np.zeros(4), 1.0, 0.2).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("z", "mu", "says"), [(2, 0.1, "population = 2: must be from 3"), (3, 0.0, "mutation = 0.0"),
                                               (3, 1.0, "mutation = 1.0: must be above 0 and below 1")])  # fmt: skip
def test_a_wrong_population_is_named(z, mu, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        long_run(still(1, 1, 1), still(1, 1, 1), 1.0, z, mu)
