"""Best of n without a loop over candidates: the same joint law as trying every candidate.

`improve` draws the winner directly. Here it meets brute force, which measures n candidates and
takes the best, and the closed form of the breeder's equation: with a human and without, and for
an exam that sees 0.88, 0.44, 0.22 and nothing of an edit's effect on alignment.
"""

import math
from itertools import combinations_with_replacement
from types import SimpleNamespace

import numpy as np
import pytest

from labsim.model.draws import derive, seed_key
from labsim.model.parameters import expected_best
from labsim.model.self_improvement import improve
from labsim.scenario.scenario import Scenario

DRAWS, TRIALS, SIGMAS = 20_000, 200_000, 4.0
DEFAULTS = Scenario("defaults").rows()
HALF_LIVES = {0.88: 0, 0.44: 1, 0.22: 2}  # an exam that saw 0.88 when fresh
CELLS = [(human, sight) for human in (1.0, 0.0) for sight in (0.88, 0.44, 0.22, 0.0)]
each_cell = pytest.mark.parametrize(("human", "sight"), CELLS)


def cycle(**changes):
    """A lab's cycle: the defaults, changed."""
    return SimpleNamespace(**DEFAULTS["cycle"] | changes)


def by_improve(own, human, sight, log_capability=0.0, draws=DRAWS):
    """Gains in ln C and ln A and the believed gain in ln A of `draws` cycles, shape (draws, 3)."""
    gains = np.empty((draws, 3))
    stream = seed_key(7, 0)
    for i in range(draws):
        lab = SimpleNamespace(
            cycle=own, faking=SimpleNamespace(half_life=10.0), faked=0.12 if sight > 0.0 else 1.0,
            age=10.0 * HALF_LIVES.get(sight, 0), anchor=1.0, reviewed=human, multiplier=1.0, productivity=1.0, gain=0.0,
            ratio=0.0, opened=0.0, arbitration=0.0, checks=1.0, believed_gain=0.0, log_capability=log_capability,
            log_alignment=0.0,
        )  # fmt: skip
        improve(lab, None, None, derive(stream, i))
        gains[i] = lab.log_capability - log_capability, lab.log_alignment, lab.believed_gain
    return gains


def by_brute_force(own, human, sight, log_capability=0.0, seed=1):
    """The same by trying all candidates: measure each, score it, take the best; shape (trials, 3)."""
    rng = np.random.default_rng(seed)
    shape = (min(TRIALS, 1_600_000 // int(own.candidates)), int(own.candidates))
    e1, e2 = rng.standard_normal(shape), rng.standard_normal(shape)
    gain_c = own.tau_capability * e1
    gain_a = own.tau_alignment * (own.correlation * e1 + math.sqrt(1 - own.correlation**2) * e2)
    measured_c = gain_c + own.sigma_capability * rng.standard_normal(shape)
    measured_a = sight * gain_a + own.sigma_alignment * rng.standard_normal(shape)
    variance = own.sigma_alignment**2
    if human:
        error = own.sigma_human * max(1.0, math.exp(log_capability)) ** own.grip
        read = gain_a + error * rng.standard_normal(shape)
        measured_a = (measured_a / variance + read / error**2) / (1 / variance + 1 / error**2)
        variance = 1 / (1 / variance + 1 / error**2)
    believed_c = measured_c * own.tau_capability**2 / (own.tau_capability**2 + own.sigma_capability**2)
    believed_a = measured_a * own.tau_alignment**2 / (own.tau_alignment**2 + variance)
    best = np.argmax((1 - own.weight) * believed_c + own.weight * believed_a, axis=1)
    rows = np.arange(len(best))
    return np.column_stack([values[rows, best] for values in (gain_c, gain_a, measured_a)])


def moments(gains):
    """Means of the three gains and of their six products, with standard errors: arrays of nine."""
    products = [gains[:, i] * gains[:, j] for i, j in combinations_with_replacement(range(3), 2)]
    values = np.column_stack([gains, *products])
    return values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(len(values))


def distance(one, other):
    """The largest difference of moments between two samples, in standard errors of the difference."""
    (mean, se), (other_mean, other_se) = moments(one), moments(other)
    return float(np.max(np.abs(mean - other_mean) / np.hypot(se, other_se)))


def breeder(own, human, sight):
    """E[gain_c], E[gain_a], E[measured_a] of the best of n at C = 1: covariance with the score times e_n / sd.

    From the covariance matrix of (g_c, g_a, own error in c, own error in a, human's error).
    """
    w_m, w_h = 1 / own.sigma_alignment**2, human / own.sigma_human**2
    matrix = np.zeros((5, 5))
    common = own.correlation * own.tau_capability * own.tau_alignment
    matrix[:2, :2] = [[own.tau_capability**2, common], [common, own.tau_alignment**2]]
    matrix[2:, 2:] = np.diag([own.sigma_capability**2, 1 / w_m, own.sigma_human**2])
    reading = np.array([0, w_m * sight + w_h, 0, w_m, w_h]) / (w_m + w_h)
    trust_c = own.tau_capability**2 / (own.tau_capability**2 + own.sigma_capability**2)
    trust_a = own.tau_alignment**2 / (own.tau_alignment**2 + 1 / (w_m + w_h))
    score = (1 - own.weight) * trust_c * np.array([1, 0, 1, 0, 0]) + own.weight * trust_a * reading
    wanted = np.array([[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], reading])
    return expected_best(int(own.candidates)) * (wanted @ matrix @ score) / math.sqrt(score @ matrix @ score)


@each_cell
def test_improve_has_the_law_of_the_best_of_n_measured_candidates(human, sight):
    assert distance(by_improve(cycle(), human, sight), by_brute_force(cycle(), human, sight)) < SIGMAS


@each_cell
def test_improve_and_brute_force_gain_what_the_breeders_equation_says(human, sight):
    expected = breeder(cycle(), human, sight)
    for gains in (by_improve(cycle(), human, sight), by_brute_force(cycle(), human, sight)):
        mean, se = moments(gains)
        assert np.all(np.abs(mean[:3] - expected) < SIGMAS * se[:3])


@pytest.mark.parametrize(
    ("changes", "human", "log_capability"),
    [
        ({}, 1.0, math.log(1000.0)),  # the human's grip has weakened
        ({"candidates": 1.0}, 0.0, 0.0),  # no choice at all
        ({"candidates": 50.0}, 1.0, 0.0),
        ({"correlation": -0.95}, 0.0, 0.0),
        ({"correlation": 0.6}, 1.0, 0.0),
        ({"sigma_capability": 0.0, "weight": 0.3}, 0.0, 0.0),  # capability is measured exactly
        ({"weight": 1.0}, 0.0, 0.0),  # only alignment counts
        ({"weight": 0.0}, 1.0, 0.0),  # only capability counts
    ],
)
def test_also_away_from_the_defaults(changes, human, log_capability):
    own = cycle(**changes)
    drawn = by_improve(own, human, 0.88, log_capability)
    assert distance(drawn, by_brute_force(own, human, 0.88, log_capability)) < SIGMAS


def test_a_blind_exam_without_a_human_selects_against_alignment():
    mean, se = moments(by_improve(cycle(), 0.0, 0.0))
    assert mean[1] == pytest.approx(-0.030, abs=SIGMAS * se[1])
    assert mean[1] < -SIGMAS * se[1] and mean[2] > SIGMAS * se[2]  # while the exam reports a gain


@pytest.mark.parametrize(
    ("human", "sight", "candidates"), [(0.0, 0.88, 8.0), (1.0, 0.22, 8.0), (1.0, 0.88, 7.0)]
)  # fmt: skip
def test_the_comparison_would_notice_a_wrong_rule(human, sight, candidates):
    wrong = by_brute_force(cycle(candidates=candidates), human, sight)
    assert distance(by_improve(cycle(), 1.0, 0.88), wrong) > 1.5 * SIGMAS
