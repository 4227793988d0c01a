"""The four tiles of a world: level, interval, difference and its words, against the numbers behind them."""

import re

import numpy as np
import pytest

from viz.screens.tiles import tiles
from viz.world.ensembles import Beside
from viz.world.one_future import WEEKS_A_MONTH

LABS, N = 5, 400
LEVELS = {  # of each tile: (outcome, times, mean here, mean in the other world)
    "harm": ("catastrophe", 100.0, 0.30, 0.47),
    "first": ("first_closure_week", 1 / WEEKS_A_MONTH, 60.0, 25.0),
    "closed": ("closed_share_end", LABS, 0.2, 0.6),
    "delay": ("delay_cost", 1 / WEEKS_A_MONTH, 80.0, 20.0),
}
WORDS = {  # more and less of it, which of the two is worse, and what stands before and after the number
    "harm": ("more", "fewer", "more", "", "of 100"),
    "first": ("months later", "months earlier", None, "month", ""),
    "closed": ("more", "fewer", None, "", f"of {LABS}"),
    "delay": ("months more", "months less", "months more", "", "months"),
}
PLACE = {name: place for place, name in enumerate(LEVELS)}


def worlds(swap=False, **changes):
    """(outcomes here, outcomes there): luck that both share, and a little of their own; `changes` replace some."""
    rng, made = np.random.default_rng(7), ({}, {})
    for outcome, _, *means in LEVELS.values():
        shared = rng.normal(0.0, 0.10, N)
        for world, mean in zip(made, means, strict=True):
            world[outcome] = mean * (1.0 + shared + rng.normal(0.0, 0.02, N))
    here, there = made[::-1] if swap else made
    for outcome, (mine, theirs) in changes.items():
        here[outcome], there[outcome] = mine, theirs
    return here, there


def tile(name, here, there, reference="was"):
    """One tile of these two worlds."""
    return tiles(Beside(N, None, None, here, there), LABS, reference)[PLACE[name]]


def close(text, value):
    """A printed number is this one, to the digits that are printed."""
    assert abs(float(text.replace(",", "")) - value) <= 0.500001 * 10.0 ** -len(text.partition(".")[2]), (text, value)


def half(values):
    """Half of the 95 % interval of a mean."""
    return 1.96 * np.std(values, ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize("swap", [False, True], ids=["less", "more"])
@pytest.mark.parametrize("name", LEVELS)
def test_a_tile_says_its_level_and_how_that_differs(name, swap):
    (outcome, times, *_), (more, less, worse, before, unit) = LEVELS[name], WORDS[name]
    here, there = worlds(swap)
    shown, mine, theirs = tile(name, here, there), times * here[outcome], times * there[outcome]
    assert shown.before == before
    close(shown.value, mine.mean())
    assert shown.after.startswith(unit)
    close(re.fullmatch(r"± (\S+)", shown.after.removeprefix(unit).strip())[1], half(mine))
    said = re.fullmatch(r"(\S+) ([a-z ]+) ± ([\d.]+)(?:, (better|worse))?", shown.difference)
    size, way, error, verdict = said.groups()
    close(size, abs((mine - theirs).mean()))
    close(error, half(mine - theirs))
    assert way == (more if mine.mean() > theirs.mean() else less)
    assert verdict == (None if worse is None else "worse" if way == worse else "better")
    was = re.fullmatch(rf"was {before} ?(\S+)".replace("  ", " "), shown.was)
    close(was[1], theirs.mean())


def test_headings_say_what_is_counted():
    assert [one.label for one in tiles(Beside(N, None, None, *worlds()), LABS, "was")] == [
        "Futures that end in harm", "First lab to close", "Labs closed at the end", "Good things come later by",
    ]  # fmt: skip


@pytest.mark.parametrize("name", LEVELS)
def test_two_worlds_that_are_the_same_do_not_differ(name):
    here, _ = worlds()
    assert tile(name, here, here).difference == "the same"


def test_a_difference_within_luck_is_not_called_one():
    rng = np.random.default_rng(0)
    here, there = (0.3 + rng.normal(0.0, 0.1, N) for _ in range(2))
    assert abs((here - there).mean()) < 2 * np.std(here - there, ddof=1) / np.sqrt(N)
    assert tile("harm", *worlds(catastrophe=(here, there))).difference == "no clear difference"


NONE = np.full(N, np.nan)


@pytest.mark.parametrize(
    ("name", "outcome", "value", "gained", "lost"),
    [
        ("first", "first_closure_week", "nobody", "somebody closes", "nobody closes"),
        ("delay", "delay_cost", "no finish", "a finish", "no finish any more"),
    ],
)
def test_where_a_world_lacks_the_number_it_is_said(name, outcome, value, gained, lost):
    here, _ = worlds()
    some = here[outcome]
    lacking = tile(name, *worlds(**{outcome: (NONE, some)}))
    assert (lacking.before, lacking.value, lacking.after, lacking.difference) == ("", value, "", lost)
    result = tile(name, *worlds(**{outcome: (some, NONE)}))
    assert result.difference == gained and result.was == f"was {value}"
    assert tile(name, *worlds(**{outcome: (NONE, NONE)})).difference == "the same"


def test_the_first_closure_says_in_how_many_futures_there_is_one():
    here, there = worlds()
    some = np.where(np.arange(N) < N // 4, here["first_closure_week"], np.nan)
    shown = tile("first", *worlds(first_closure_week=(some, there["first_closure_week"])))
    assert shown.label == "First lab to close, in 25 of 100"
    one = np.where(np.arange(N) < 1, here["first_closure_week"], np.nan)
    assert tile("first", *worlds(first_closure_week=(one, one))).label == "First lab to close, in < 1 of 100"
