"""The closure game of many labs: who is alike, which sets of removers are played, what would correct it."""

import itertools

import numpy as np
import pytest

import labsim
from labsim.engines.conditions import needed
from labsim.games.closure_game import CELLS, ClosureGame, act_first, play
from labsim.games.corrective import FOUND, NOT_NEEDED, corrective_fine, corrective_review, with_review
from labsim.games.kind_game import KindGame
from labsim.games.removal_table import RemovalTable, kinds, play_table, removal_sets
from labsim.model.strategies import make_first_move
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario

FIVE = labsim.load("five-calculators")


# --- races: who is alike, which sets are played


def test_labs_are_alike_if_nothing_tells_them_apart():
    assert kinds(FIVE, 3) == ((3, 0, 1, 2, 4),)
    assert kinds(labsim.load("hassabis-baseline")) == ((0,), (1,), (2,), (3,), (4,))
    labs = (LabSpec("a"), LabSpec("b", values={"cycle.review": 2.0}), LabSpec("c", values={"cycle.review": 1.0}))
    world = Scenario("w", labs=labs)  # 2 weeks is the default: the same
    assert kinds(world) == ((0, 1), (2,))
    drawn = Scenario("w", labs=labs, uncertainties={"cycle.review": {"dist": "uniform", "low": 0.0, "high": 4.0}})
    assert kinds(drawn) == ((0,), (1,), (2,))  # b's is not drawn
    assert kinds(FIVE.with_({"competition.network": "star"}))[0] == (0,)  # the hub sees others


def test_many_labs_are_played_by_counts_of_each_kind():
    assert len(removal_sets([range(6)])) == 64 and len(removal_sets([[0], [1], [2], [3], [4]])) == 32
    sets = removal_sets([range(8)])
    assert len(sets) == 16 and {len(s) for s in sets} == set(range(9))
    many = removal_sets([[i] for i in range(12)])  # 12 kinds: only the 2 x 2 games
    assert len(many) == 2 + 2 * 12


@pytest.fixture(scope="module")
def table():
    return play_table(FIVE, 1, 30)


def test_the_diagram_begins_and_ends_with_the_two_by_two_game(table):
    keep, remove = table.by_others
    game = play(FIVE, 1, 30)
    assert game.as_dict() == table.two_by_two(1).as_dict()
    for name, curve, others in (("R", keep, 0), ("T", remove, 0), ("S", keep, 4), ("P", remove, 4)):
        assert curve[:, others].mean() == pytest.approx(game.payoffs[name].mean)
    by_hand = [table.payoffs[frozenset(s)][:, 1] for s in itertools.combinations((0, 2, 3, 4), 2)]
    assert keep[:, 2] == pytest.approx(np.mean(by_hand, axis=0))


def test_labs_that_are_alike_get_one_game_whatever_their_luck(table):
    game = KindGame.of(table, [lab.name for lab in FIVE.all_labs])
    assert (game.sizes, game.names) == ((5,), ("Cedar",))
    every = [table.payoffs[frozenset({i})][:, i] for i in range(5)]
    assert game.remove[1,][:, 0] == pytest.approx(np.mean(every, axis=0))
    sums = np.mean([payoffs.sum(axis=1) for s, payoffs in table.payoffs.items() if len(s) == 2], axis=0)
    assert game.welfare((2,)) == pytest.approx(sums)


def test_many_labs_agree_with_the_two_by_two_game():
    world = FIVE.with_({"race.labs": 7})
    table = play_table(world, 2, 20)
    keep, remove = table.by_others
    cells = play(world, 2, 20).payoffs
    ends = (keep[:, 0], remove[:, 0], keep[:, 6], remove[:, 6])
    assert [end.mean() for end in ends] == pytest.approx([cells[name].mean for name in CELLS])
    assert KindGame.of(table, [lab.name for lab in world.all_labs]).sizes == (7,)


def test_too_many_kinds_leave_the_two_by_two_games():
    payoffs = {s: np.zeros((2, 12)) for s in removal_sets([[i] for i in range(12)])}
    table = RemovalTable(tuple((i,) for i in range(12)), payoffs)
    assert table.by_others is None and KindGame.of(table, "abcdefghijkl") is None
    assert table.two_by_two(7).payoffs["T"].mean == 0.0


# --- what would correct it


def test_the_corrective_fine_is_the_gain_or_nothing():
    game = ClosureGame.of(*(np.full(30, payoff) for payoff in (3.0, 5.0, 1.0, 0.5)))
    assert corrective_fine(game) == {"mean": 2.0, "se": 0.0, "others_remove": {"mean": 0.0, "se": 0.0}}


def test_at_the_corrective_review_time_removing_alone_gains_nothing():
    review = corrective_review(FIVE, 0, 200)
    assert (review.verdict, review.now, review.certain) == (FOUND, 2.0, True) and 0.0 < review.weeks < 2.0
    again = play(FIVE.with_({"cycle.review": review.weeks}), 0, 200).closure_premium
    assert abs(again.mean) < 2 * again.se
    assert review.without.mean < 0.0


def test_no_review_time_is_looked_for_where_keeping_pays():
    assert corrective_review(FIVE.with_({"harm.after": 4}), 0, 60).verdict == NOT_NEEDED


def test_shorter_reviews_are_shorter_for_every_lab():
    world = with_review(labsim.load("hassabis-baseline"), 0.5)
    assert world["cycle.review"] == 1.0 and world.all_labs[2].values["cycle.review"] == 1.25


# --- the first move


def test_without_a_first_move_nothing_is_looked_at():
    assert not needed(FIVE)[make_first_move]
    assert needed(act_first(FIVE, ["keeper"] * 5))[make_first_move]


@pytest.mark.parametrize(("strategy", "move", "closers"), [("keeper", "remove", 3), ("keeper", "keep", 0)])
def test_a_first_move_is_made_once(strategy, move, closers):
    """A keeper that has to remove first does so when it can, and takes the human back in its next cycle."""
    world = Scenario("w").with_({"race.labs": 3, "decision.first_move": move}).with_strategy(strategy)
    result = labsim.run(world, 20, sample=0).outcomes
    assert (result["closers"] == closers).all() and (result["closed_share_end"] < 0.4).all()
    assert (result["closed_share"] < 0.15).all()


def test_a_closer_that_has_to_keep_first_closes_a_cycle_later():
    worlds = (Scenario("w").with_({"race.spread": 2.0, "decision.first_move": move}) for move in ("own", "keep"))
    own, late = (labsim.run(world.with_strategy("closer"), 60, sample=0) for world in worlds)
    weeks = late.outcomes["first_closure_week"] - own.outcomes["first_closure_week"]
    assert (weeks > 0).all() and own.outcomes["first_closure_week"].min() == 0.0


def test_the_game_of_first_moves_is_the_milder_one():
    """What can be answered gains less than what holds for the whole race, and costs less."""
    race, move = play(FIVE, 0, 400), play(FIVE, 0, 400, act=act_first)
    assert 0.0 < move.closure_premium.mean < race.closure_premium.mean
    assert move.collective_loss.mean < race.collective_loss.mean
