"""Axes of maps: what PATH=low:high:n means, and what is said where it means nothing."""

import math

import pytest

from labsim.maps.axes import Axis, moved, parse_axis
from labsim.scenario.checked import ScenarioError


@pytest.mark.parametrize(
    ("text", "values", "log"),
    [("competition.winner_share=0:1:3", [0.0, 0.5, 1.0], False),
     ("decision.own_harm=0:0.3:4", [0.0, 0.1, 0.2, 0.3], False),
     (" harm.rate = 0.001 : 0.1 : 3 : log ", [0.001, 0.01, 0.1], True),
     ("cycle.candidates=1:10:4", [1, 4, 7, 10], False),
     ("cycle.candidates=1:100:3:log", [1, 10, 100], True),
     ("race.labs=2:4:3", [2, 3, 4], False),
     ("cycle.candidates=1:4:3", [1, 2, 4], False),
     ("governance.rate_limit.start=0:52:2", [0, 52], False),
     ("cycle.correlation=-0.5:0.5:2", [-0.5, 0.5], False)],
)  # fmt: skip
def test_what_an_axis_means(text, values, log):
    axis = parse_axis(text)
    assert list(axis.values) == pytest.approx(values, rel=1e-11) and axis.log == log
    assert [type(a) for a in axis.values] == [type(a) for a in values]
    assert parse_axis("competition.winner_share=0:1:101").values[37] == 0.37


@pytest.mark.parametrize(
    ("text", "says"),
    [("competition.winner_share", "--x competition.winner_share: must be PATH=low:high:n"),
     ("competition.winner_share=0:1", "must be PATH=low:high:n"),
     ("competition.winner_share=0:1:5:log:2", "must be PATH=low:high:n"),
     ("competition.winner_shar=0:1:5", "unknown parameter 'competition.winner_shar'; did you mean"),
     ("race.information=0:1:5", "race.information: must be a parameter that is a number; it is one of public"),
     ("competition.winner_share=a:1:5", "competition.winner_share: 'a' must be a number"),
     ("competition.winner_share=nan:1:5", "must be a number from 0 to 1"),
     ("competition.winner_share=0:2:5", "competition.winner_share = 2.0: must be a number from 0 to 1"),
     ("competition.winner_share=0:1:1", "n = 1 must be a whole number from 2 to 101"),
     ("competition.winner_share=0:1:102", "n = 102 must be"),
     ("competition.winner_share=0:1:2.5", "n = 2.5 must be"),
     ("competition.winner_share=1:0:5", "low must be below high, got 1 and 0"),
     ("competition.winner_share=0:1:5:log", "a log scale needs low above 0, got 0"),
     ("competition.winner_share=0:1:5:lin", "'lin' must be log, or be left out"),
     ("race.labs=2.5:6:3", "race.labs = 2.5: must be a whole number"),
     ("race.labs=2:6:7", "n = 7: race.labs takes whole numbers, and there are 5 from 2 to 6")],
)  # fmt: skip
def test_mistakes_are_named(text, says):
    with pytest.raises(ScenarioError) as error:
        parse_axis(text)
    assert says in str(error.value)


def test_cells_begin_and_end_half_way():
    assert Axis("decision.own_harm", (0.0, 1.0, 3.0)).edges() == [-0.5, 0.5, 2.0, 4.0]
    edges = Axis("harm.rate", (0.01, 0.1, 1.0), True).edges()
    assert edges == pytest.approx([math.sqrt(0.001) / 10**0.5 * 10**0.5 * 0.1, 10**-1.5, 10**-0.5, 10**0.5])


def test_the_first_axis_runs_fastest():
    x, y = parse_axis("harm.rate=0:1:2"), parse_axis("harm.after=0:2:2")
    assert [(c["harm.rate"], c["harm.after"]) for c in moved([x, y])] == [(0, 0), (1, 0), (0, 2), (1, 2)]
    with pytest.raises(ScenarioError, match="both are harm"):
        moved([x, x])
