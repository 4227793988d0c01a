"""Regime maps: the sequential rule on payoffs that are known, and cells against the games played one by one."""

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

import labsim
from labsim.engines.ensemble import Stop
from labsim.games.closure_game import HARMONY, LABELS, TOO_CLOSE, label, play
from labsim.maps.axes import parse_axis
from labsim.maps.regime_map import DIFFERENCES, FIRST_LOOK, Cell, looks, regime_map, settle
from labsim.runs.summary import Summary

FIVE = labsim.load("five-calculators")
X, Y = parse_axis("competition.winner_share=0:1:3"), parse_axis("decision.own_harm=0:6:2")


def synthetic(payoffs, seed, noise, most=1024, luck=1.0, skew=False):
    """What `settle` draws from: (4, cells) payoffs, luck shared by the four races, noise of each."""
    rng = np.random.default_rng(seed)
    cells = payoffs.shape[1]
    own = rng.standard_exponential((4, cells, most)) - 1 if skew else rng.standard_normal((4, cells, most))
    seen = payoffs[:, :, None] + noise * own + luck * rng.standard_normal((1, cells, most))
    return lambda chosen, first, count: seen[:, chosen, first : first + count]


def true_label(r, t, s, p):
    """The label of payoffs that are known."""
    return label(*(Summary.of(np.full(2, d)) for d in (t - r, p - s, r - p)))


def verdicts(payoffs, result):
    """How many labels are right, wrong, or were left open."""
    pairs = zip(result, payoffs.T, strict=True)
    return Counter(
        "open" if g.label == TOO_CLOSE else "right" if g.label == true_label(*row) else "wrong" for g, row in pairs
    )


@pytest.mark.parametrize(("most", "expected"), [(64, [64]), (10, [10]), (256, [64, 128, 256]), (100, [64, 100])])
def test_looks_double_up_to_the_most(most, expected):
    assert list(looks(most)) == expected


@pytest.mark.parametrize("skew", [False, True])
def test_the_rate_of_wrong_labels_at_its_worst(skew):
    """One difference is next to nothing, the others are clear: of 2000 cells 2.6 % are wrong (skewed luck: 2.9)."""
    payoffs = np.repeat(np.array([[0.5], [0.5 + 1e-9], [0.0], [0.25]]), 2000, axis=1)
    counts = verdicts(payoffs, settle(synthetic(payoffs, 3, 0.05, skew=skew), 2000))
    assert counts["wrong"] < 0.05 * 2000 and counts["open"] > 0.9 * 2000


@pytest.mark.parametrize("noise", [0.1, 0.3, 1.0])
def test_the_rate_of_wrong_labels(noise):
    """Payoffs drawn at random: hardly any label is wrong, though up to five looks are taken."""
    payoffs = np.random.default_rng(5).uniform(0.0, 1.0, (4, 1000))
    counts = verdicts(payoffs, settle(synthetic(payoffs, 6, noise), 1000))
    assert counts["wrong"] <= 0.01 * 1000 and counts["right"] > 0.6 * 1000


def test_cells_whose_truth_is_nothing_stay_in_doubt_and_are_looked_at_to_the_end():
    payoffs = np.repeat(np.array([[0.5], [0.5], [0.0], [0.25]]), 500, axis=1)
    games = settle(synthetic(payoffs, 7, 0.1), 500)
    open_games = [game for game in games if game.label == TOO_CLOSE]
    assert len(open_games) > 0.92 * 500 and {game.replications for game in open_games} == {1024}


def test_clear_cells_and_cells_where_nothing_differs_take_one_look():
    payoffs = np.array([[1.0, 0.5], [0.0, 0.5], [1.0, 0.5], [0.0, 0.5]])
    games = settle(synthetic(payoffs, 8, 0.0), 2)
    assert [(game.label, game.replications) for game in games] == [(HARMONY, FIRST_LOOK), (TOO_CLOSE, FIRST_LOOK)]


def test_a_cell_does_not_depend_on_the_others():
    payoffs = np.random.default_rng(9).uniform(0.4, 0.6, (4, 40))
    draw = synthetic(payoffs, 10, 0.3)
    alone = [settle(lambda chosen, first, count, k=k: draw([k], first, count), 1)[0] for k in range(40)]
    assert [game.as_dict() for game in settle(draw, 40)] == [game.as_dict() for game in alone]


# --- on races


@pytest.fixture(scope="module")
def small():
    return regime_map(FIVE, X, Y, replications=128, seed=4)


def test_every_cell_is_the_game_at_its_values(small):
    for cell in small.cells:
        game = play(FIVE.with_({X.path: cell.x, Y.path: cell.y}), 0, cell.replications, 4)
        result, known = cell.as_dict(), game.as_dict()
        assert result["label"] == known["label"]
        for name in DIFFERENCES:
            assert result[name] == known[name]
    assert {cell.replications for cell in small.cells} == {64, 128}


@pytest.mark.parametrize(
    ("x", "y"),
    [("cycle.candidates=4:8:2", "cycle.able=1.5:3:2"),  # numbers that are computed from them
     ("harm.rate=0.001:0.1:2:log", "governance.human_mandate.fine=0:1:2"),  # put in force
     ("race.labs=2:3:2", "decision.own_harm=0:1:2"),  # a run for each cell
     ("governance.rate_limit.start=0:52:2", "competition.finish=100:1000:2")],
)  # fmt: skip
def test_other_parameters_too(x, y):
    x, y = parse_axis(x), parse_axis(y)
    regimes = regime_map(FIVE, x, y, focal=1, replications=8)
    ruled = {"governance.human_mandate.start": 0} if "human_mandate" in y.path else {}
    for cell in regimes.cells:
        game = play(FIVE.with_({**ruled, x.path: cell.x, y.path: cell.y}), 1, 8).as_dict()
        assert cell.as_dict()["closure_premium"] == game["closure_premium"]
        assert cell.as_dict()["last_keeper"] == game["last_keeper"]


def test_an_uncertain_parameter_on_an_axis_is_not_drawn_and_others_are():
    drawn = {"harm.rate": {"dist": "loguniform", "low": 0.001, "high": 0.1}}
    both = drawn | {"decision.own_harm": {"dist": "uniform", "low": 0.0, "high": 4.0}}
    world, rest = (dataclasses.replace(FIVE, uncertainties=u) for u in (both, drawn))
    regimes = regime_map(world, X, Y, replications=16)
    assert regimes.remarks == ["decision.own_harm is not drawn here: it is moved."]
    cell = regimes.cells[-1]
    game = play(rest.with_({X.path: cell.x, Y.path: cell.y}), 0, 16)
    assert cell.as_dict()["closure_premium"] == game.as_dict()["closure_premium"]


def test_threads_and_engines_make_no_difference(small):
    assert regime_map(FIVE, X, Y, replications=128, seed=4, jobs=1).as_dict() == small.as_dict()
    fast, mesa = (regime_map(FIVE, X, Y, replications=3, engine=engine).as_dict() for engine in ("ensemble", "mesa"))
    assert fast.pop("engine") != mesa.pop("engine") and fast == mesa


@pytest.mark.parametrize("of", ["closed_share", "catastrophe", "delay_cost", "winner_closed"])
def test_a_map_of_an_outcome_is_that_of_the_runs(of):
    x = parse_axis("competition.winner_share=0:1:2")
    for cell in regime_map(FIVE, x, Y, of, replications=24, seed=2).cells:
        run = labsim.run(FIVE.with_({x.path: cell.x, Y.path: cell.y}), 24, 2, sample=0).summaries[of]
        assert cell.as_dict()[of] == run.as_dict(quantiles=False) and cell.replications == 24


def test_the_json_and_the_table_have_every_cell(small):
    content = json.loads(json.dumps(small.as_dict(), allow_nan=False))
    assert content["x"] == {"path": X.path, "meaning": "share of the prize that only the winner gets (enmity)",
                          "unit": "", "scale": "linear", "values": [0.0, 0.5, 1.0]}  # fmt: skip
    assert [(c["x"], c["y"]) for c in content["cells"]] == [(x, y) for y in (0, 6) for x in (0, 0.5, 1)]
    assert content["here"] == {"x": 0.8, "y": 1.0} and content["focal"] == "Birch" and content["of"] == "label"
    assert set(content["counts"]) == {*LABELS, TOO_CLOSE} and sum(content["counts"].values()) == 6
    assert content["doubtful"] == content["counts"][TOO_CLOSE]
    assert content["races"] == 4 * sum(c["replications"] for c in content["cells"])
    names = [f"{name}_{what}" for name in DIFFERENCES for what in ("mean", "se")]
    assert list(small.table().columns) == ["x", "y", "label", *names, "replications"] and len(small.table()) == 6


def test_an_outcome_that_no_race_has_is_none():
    cell = Cell(0.0, 1.0, 4, {"winner_closed": Summary.of(np.full(4, np.nan))})
    assert cell.as_dict()["winner_closed"] == {"mean": None, "se": None} and np.isnan(cell.row()["winner_closed_mean"])


@pytest.mark.parametrize(
    ("world", "x", "of", "focal", "says"),
    [("two-process", "harm.rate=0:1:2", "label", 0, "'two-process' has 1 lab"),
     ("five-calculators", "harm.rate=0:1:2", "label", "Elm", "focal lab 'Elm'"),
     ("five-calculators", "harm.rate=0:1:2", "closedshare", 0, "outcome 'closedshare': must be one of"),
     ("hassabis-baseline", "race.labs=2:3:2", "label", 0, "race.labs cannot be set: 'hassabis-baseline' lists its 5"),
     ("hassabis-baseline", "cycle.head_start=0:1:2", "label", 0, "every lab of 'hassabis-baseline' has its own"),
     ("five-calculators", "race.labs=1:3:3", "label", 0, "has 1 lab"),
     ("five-calculators", "race.labs=2:3:2", "label", 3, "focal lab 3: must be one of Birch, Cedar")],
)  # fmt: skip
def test_mistakes_are_named(world, x, of, focal, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        regime_map(labsim.load(world), parse_axis(x), Y, of, focal, 2)


def test_labs_that_keep_their_own_value_are_named():
    regimes = regime_map(labsim.load("hassabis-baseline"), X, Y, replications=2)
    says = "moves for labs without their own; Birch (whose game it is), Hazel, Alder keep theirs."
    assert regimes.remarks == [f"decision.own_harm {says}"]


def test_a_stop_ends_it():
    stop = Stop.new()
    with pytest.raises(KeyboardInterrupt):
        regime_map(FIVE, X, Y, replications=64, jobs=1, stop=stop, tell=lambda races: stop.set())
