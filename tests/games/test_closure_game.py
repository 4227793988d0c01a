"""The closure game: what the signs of three paired differences are called, and how often that is wrong."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labsim
from labsim.engines.ensemble import Stop
from labsim.games.closure_game import (
    CELLS,
    CHICKEN,
    DEADLOCK,
    HARMONY,
    LABELS,
    PRISONERS_DILEMMA,
    STAG_HUNT,
    TOO_CLOSE,
    ClosureGame,
    label,
    play,
)  # fmt: skip
from labsim.runs.summary import Summary

FIVE = labsim.load("five-calculators")
BY_SIGN = {  # T - R, P - S, R - P, by the contract
    (-1, -1, -1): HARMONY, (-1, -1, 0): HARMONY, (-1, -1, 1): HARMONY,
    (-1, 1, -1): STAG_HUNT, (-1, 1, 0): STAG_HUNT, (-1, 1, 1): STAG_HUNT,
    (1, -1, -1): CHICKEN, (1, -1, 0): CHICKEN, (1, -1, 1): CHICKEN,
    (1, 1, 1): PRISONERS_DILEMMA, (1, 1, -1): DEADLOCK, (1, 1, 0): TOO_CLOSE,
}  # fmt: skip


def at(ratio):
    """A difference whose mean is so many standard errors from 0."""
    return Summary.of(np.array([-1.0, 1.0]) + ratio)  # the standard error of these two is 1


@pytest.mark.parametrize("signs", [*itertools.product((-1, 0, 1), repeat=3)])
def test_every_combination_of_signs_has_its_label(signs):
    assert label(*(at(3.0 * sign) for sign in signs)) == BY_SIGN.get(signs, TOO_CLOSE)


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("sign", (-1, 1))
def test_two_standard_errors_are_too_close_a_little_more_is_not(place, sign):
    clear = [at(3.0), at(3.0), at(3.0)]
    for ratio, close in ((2.0, True), (2.0001, False)):
        clear[place] = at(sign * ratio)
        assert (label(*clear) == TOO_CLOSE) == close


def test_one_replication_and_no_difference_are_too_close():
    one, nothing = Summary.of(np.array([5.0])), Summary.of(np.zeros(9))
    assert label(one, one, one) == label(nothing, nothing, nothing) == TOO_CLOSE


def true_label(r, t, s, p):
    """The label of payoffs that are known."""
    return label(*(Summary.of(np.full(2, d)) for d in (t - r, p - s, r - p)))


def noisy(rng, payoffs, runs, noise, shared):
    """The game of these payoffs seen in so many races with luck that the four cells share, and noise of their own."""
    luck = shared * rng.standard_normal(runs)
    return ClosureGame.of(*(payoff + luck + noise * rng.standard_normal(runs) for payoff in payoffs))


@settings(max_examples=100, deadline=None)
@given(st.permutations([0.0, 0.25, 0.5, 0.75]), st.integers(0, 2**32 - 1), st.floats(0.01, 1.0))
def test_clear_games_get_their_label(order, seed, noise):
    """All 24 orders of four payoffs: noise within reach of the runs, luck that is shared and does not matter."""
    rng = np.random.default_rng(seed)
    result = noisy(rng, order, int(40 + 1600 * noise**2), noise, shared=5.0)  # the gap is at least 6 paired errors
    assert result.label == true_label(*order)


def verdicts(games, seed, runs, noise):
    """How many of 2000 games drawn by `games(rng)` got the right label, a wrong one, or were left open."""
    rng, counts = np.random.default_rng(seed), Counter()
    for _ in range(2000):
        payoffs = games(rng)
        result = noisy(rng, payoffs, runs, noise, shared=1.0).label
        counts["open" if result == TOO_CLOSE else "right" if result == true_label(*payoffs) else "wrong"] += 1
    return counts


@pytest.mark.parametrize(("runs", "noise"), [(64, 1.0), (64, 0.3), (200, 0.3), (200, 0.1), (2000, 0.3)])
def test_the_rate_of_wrong_labels(runs, noise):
    """Payoffs drawn at random from 0 to 1. Wrong: at most 0.3 %; left open: 80, 35, 24, 9, 8 %."""
    counts = verdicts(lambda rng: rng.uniform(0.0, 1.0, 4), 0, runs, noise)
    assert counts["wrong"] <= 0.01 * 2000


@pytest.mark.parametrize("runs", [10, 64, 200])
def test_the_rate_of_wrong_labels_at_its_worst(runs):
    """One difference is next to nothing, the others are clear: 3.2, 2.1, 2.1 % wrong (one sign in 44)."""
    counts = verdicts(lambda rng: (0.5, 0.5 + 1e-9, 0.0, 0.25), 1, runs, 0.05)
    assert counts["wrong"] < 0.05 * 2000 and counts["open"] > 0.9 * 2000


def test_the_differences_are_paired_and_luck_that_is_shared_drops_out():
    luck = np.random.default_rng(1).standard_normal(50)
    game = ClosureGame.of(luck + 1.0, luck + 2.0, luck - 1.0, luck)
    assert game.label == PRISONERS_DILEMMA
    assert (game.closure_premium.mean, game.closure_premium.se) == (pytest.approx(1.0), pytest.approx(0, abs=1e-12))
    assert game.payoffs["R"].se > 0.1


# --- on races


def test_the_four_runs_are_those_of_labs_that_are_told_what_to_play():
    game = play(FIVE, 1, 40)
    for name, (mine, theirs) in CELLS.items():
        world = FIVE.with_strategies([mine if k == 1 else theirs for k in range(5)])
        one = labsim.run(world, 40, sample=0).summaries["payoff"].mean
        alone = (5 * one - game.payoffs[name].mean) / 4  # the mean of the others
        assert (mine == theirs) == (abs(alone - game.payoffs[name].mean) < 0.2 * abs(game.payoffs["R"].mean))
    assert (game.focal, game.replications, game.scenario) == ("Cedar", 40, "five-calculators")
    assert set(LABELS) | {TOO_CLOSE} >= {game.label}


def test_both_engines_play_the_same_game_by_place_or_name():
    fast, mesa = (play(FIVE, "Hazel", 4, engine=engine) for engine in ("ensemble", "mesa"))
    assert fast.as_dict() == mesa.as_dict() == play(FIVE, 2, 4, jobs=1).as_dict()


@pytest.mark.parametrize(
    ("world", "focal", "runs", "says"),
    [("two-process", 0, 2, "game: 'two-process' has 1 lab: needs at least 2"),
     ("five-calculators", "Elm", 2, "focal lab 'Elm': must be one of Birch, Cedar"),
     ("five-calculators", 5, 2, "focal lab 5: must be one of Birch"),
     ("five-calculators", 0, 0, "game: replications = 0: must be at least 1")],
)  # fmt: skip
def test_mistakes_are_named(world, focal, runs, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        play(labsim.load(world), focal, runs)


def test_a_stop_ends_it():
    stop, seen = Stop.new(), []

    def step(progress):
        seen.append(progress.done)
        stop.set()

    with pytest.raises(KeyboardInterrupt):
        play(FIVE, 0, 400, jobs=1, progress=step, stop=stop)
    assert len(seen) == 1
