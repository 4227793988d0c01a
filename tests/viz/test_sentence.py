"""The sentences under the numbers, in Explore and in Compare, say which way things went and how far."""

import math
import re

import numpy as np
import pytest

from viz.world import compare_runs
from viz.world.compare_runs import Run
from viz.world.ensembles import Beside
from viz.world.one_future import WEEKS_A_MONTH
from viz.world.sentence import sentence
from viz.world.world import World

N = 400
SHIPPED, CHANGED = World(), World().with_({"governance.rate_limit.start": 0})
MEANS = {  # of each outcome: (in a safe and slow world, in a fast one)
    "catastrophe": (0.20, 0.45), "closed_share": (0.25, 0.75), "race_weeks": (130.0, 65.0), "exposure": (1.0, 2.0),
    "delay_cost": (78.0, 13.0), "first_closure_week": (40.0, 20.0), "closed_share_end": (0.2, 0.8),
}  # fmt: skip


def worlds(**same):
    """(outcomes of the safe world, outcomes of the fast one) with shared luck; of `same` the two do not differ."""
    rng, made = np.random.default_rng(3), ({}, {})
    for name, means in MEANS.items():
        shared = rng.normal(0.0, 0.05, N)
        for world, mean in zip(made, means, strict=True):
            world[name] = (means[0] if name in same else mean) * (1.0 + shared)
    return made


def beside(here, there):
    """A world beside another one, of which only outcomes are looked at."""
    return Beside(N, None, None, here, there)


def months(weeks):
    return round(weeks / WEEKS_A_MONTH)


@pytest.mark.parametrize(
    ("slower", "words"),
    [(True, "Harm in {} fewer of 100 futures, and good things come {} months later."),
     (False, "Harm in {} more of 100 futures, and good things come {} months sooner.")],
)  # fmt: skip
def test_a_change_is_said_with_its_result_and_its_price(slower, words):
    safe, fast = worlds()
    here, there = (safe, fast) if slower else (fast, safe)
    said = sentence(CHANGED, beside(here, there))
    gaps = [abs((here[name] - there[name]).mean()) for name in ("catastrophe", "delay_cost")]
    assert said.result == words.format(round(100 * gaps[0]), months(gaps[1]))
    now, was = (round(100 * world["closed_share"].mean()) for world in (here, there))
    assert said.words == (
        f"You set rate limit from the start (week 0). Labs spend {now} of 100 weeks without a human, not {was}."
    )


def test_the_first_way_that_differs_is_named():
    for same, words in (
        (("closed_share",), "A race takes {} months, not {} months."),
        (("closed_share", "race_weeks"), "The gap at the end is {} times, not {}."),
        (("closed_share", "race_weeks", "exposure"), "How labs work and decide hardly changes."),
    ):
        here, there = worlds(**dict.fromkeys(same))
        numbers = {
            1: [months(world["race_weeks"].mean()) for world in (here, there)],
            2: [f"{math.exp(world['exposure'].mean()):.1f}" for world in (here, there)],
        }.get(len(same), ())
        assert sentence(CHANGED, beside(here, there)).words.endswith(words.format(*numbers))


def test_no_clear_difference_and_no_finish_are_said():
    here, there = worlds(catastrophe=True, delay_cost=True)
    assert sentence(CHANGED, beside(here, there)).result == "Harm: no clear difference, at no clear delay."
    here["delay_cost"] = np.full(N, np.nan)
    assert sentence(CHANGED, beside(here, there)).result == "Harm: no clear difference; no race finishes."


def test_a_world_as_it_is_shipped_stands_beside_all_keeping():
    keep, here = worlds()
    said = sentence(SHIPPED, beside(here, keep))
    shares = (here["closed_share"], here["catastrophe"], keep["catastrophe"])
    share, harm, kept = (round(100 * values.mean()) for values in shares)
    assert said.words == (
        f"Left to themselves, labs spend {share} of 100 weeks without a human; {harm} of 100 futures end in harm."
    )
    later = months((keep["delay_cost"] - here["delay_cost"]).mean())
    assert said.result == f"If all kept the human: {kept}, and good things come {later} months later."


@pytest.mark.parametrize(
    ("place", "ways"), [(1, ("fewer", "later")), (0, ("more", "sooner"))], ids=["safer", "less safe"]
)
def test_the_comparison_names_the_world_that_differs_and_its_price(place, ways):
    outcomes = worlds() if place == 0 else worlds()[::-1]
    runs = [Run(world, N, 5, "Birch", result, None) for world, result in zip((SHIPPED, CHANGED), outcomes, strict=True)]
    said = re.fullmatch(
        r"Under the same luck B ends in harm in (\S+) (\w+) of 100 futures than A \(± (\S+)\); "
        r"good things come (\S+) months (\w+) \(± (\S+)\)\.", compare_runs.sentence(runs, 0),
    )  # fmt: skip
    for groups, name, times in ((said.groups()[:3], "catastrophe", 100.0), (said.groups()[3:], "delay_cost", 12 / 52)):
        size, way, half = groups
        gap = times * (outcomes[1][name] - outcomes[0][name])
        assert way in ways and float(size) == round(abs(gap.mean()))
        error = 1.96 * np.std(gap, ddof=1) / np.sqrt(N)
        assert abs(float(half) - error) <= 0.500001 * 10.0 ** -len(half.partition(".")[2])
