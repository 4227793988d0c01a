"""Who sees whose ideas: graphs drawn once, the same in every replication."""

import numpy as np
import pytest

from labsim.engines.mesa_engine import Race
from labsim.scenario import network
from labsim.scenario.checked import CATALOGUE
from labsim.scenario.scenario import Scenario

FORMS = CATALOGUE["competition.network"].options
each_form = pytest.mark.parametrize("form", FORMS)


@each_form
@pytest.mark.parametrize("labs", [1, 2, 3, 4, 5, 12, 40])
def test_a_network_is_symmetric_without_loops_and_does_not_change(form, labs):
    weights = network.weights(form, labs)
    network.weights.cache_clear()
    assert np.array_equal(weights, network.weights(form, labs))
    assert weights.shape == (labs, labs)
    assert np.array_equal(weights, weights.T) and not weights.diagonal().any()
    assert set(np.unique(weights)) <= {0.0, 1.0}
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1.0


@pytest.mark.parametrize(
    ("form", "labs", "links"),
    [
        ("complete", 7, [6] * 7),
        ("ring", 7, [2] * 7),
        ("star", 7, [6, 1, 1, 1, 1, 1, 1]),
        ("ring", 3, [2] * 3),  # too small for a form: complete
        ("star", 3, [2] * 3),
        ("complete", 1, [0]),
    ],
)
def test_a_lab_has_as_many_neighbours_as_its_form_says(form, labs, links):
    assert network.weights(form, labs).sum(axis=1).tolist() == links


@pytest.mark.parametrize(("form", "links"), [("small_world", 40 * 4 / 2), ("scale_free", (40 - 2) * 2)])
def test_random_graphs_have_the_links_of_their_form(form, links):
    assert network.weights(form, 40).sum() / 2 == links


def test_a_random_graph_has_about_half_of_all_links():
    assert 0.4 < network.weights("random", 40).sum() / (40 * 39) < 0.6


def test_an_unknown_form_is_named():
    with pytest.raises(ValueError, match="'web'"):
        network.weights("web", 5)


def two_weeks(form, leader):
    """What the laggards have gained from ideas when one lab is far ahead."""
    scenario = Scenario("ideas").with_({
        "race.spread": 0.0, "race.labs": 6, "competition.network": form, "competition.ideas": 0.5,
        "cycle.machine": 52.0,
    })  # fmt: skip
    race = Race(scenario)
    race.labs[leader].log_capability = 3.0
    race.step()
    return [lab.log_capability for lab in race.labs]


@pytest.mark.parametrize("leader", [0, 4])
@each_form
def test_ideas_reach_the_neighbours_and_nobody_else(form, leader):
    reached = np.array(two_weeks(form, leader)) > 1.0
    expected = network.weights(form, 6)[leader] > 0
    expected[leader] = True
    assert reached.tolist() == expected.tolist()
