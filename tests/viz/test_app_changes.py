"""What was changed in a world, as words."""

import pytest

from labsim.scenario.scenario import CATALOGUE
from viz.world.changes import LONGEST, change_words, setting_words, title, value_words
from viz.world.world import World


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("cycle.review", 3, "3 weeks"), ("cycle.review", 1.0, "1 week"), ("evaluators.access", 0.8, "80 %"),
        ("governance.rate_limit.start", 26, "from month 6 (week 26)"),
        ("governance.rate_limit.start", 0, "from the start (week 0)"),
        ("governance.rate_limit.start", None, "never"), ("governance.rate_limit.stop", "never", "never"),
        ("cycle.correlation", -0.2, "\N{MINUS SIGN}0.2"), ("cycle.veto", -10, "never"),
        ("decision.discount", 0.1, "10 % a year"), ("cycle.machine_falls", 0.2, "0.2"),
        ("cycle.flop", 2e26, "2 \N{MULTIPLICATION SIGN} 10²⁶ FLOP"), ("decision.signs", 0, "no"),
        ("competition.network", "small_world", "small world"),
    ],
)  # fmt: skip
def test_a_value_is_said_as_people_say_it(path, value, words):
    assert value_words(path, value) == words


def test_every_parameter_can_be_said_in_one_phrase():
    for path, d in CATALOGUE.items():
        ends = [d.options[-1]] if d.options else [d.low, d.high]
        for value in ends:
            phrase = setting_words(path, int(value) if d.whole else value)
            assert 0 < len(phrase) <= LONGEST and "{" not in phrase


def test_the_changes_of_a_world_are_laws_then_numbers_then_labs():
    world = World(
        changes=(("cycle.review", "3"), ("governance.rate_limit.start", "26")), policies=("sb-53",),
        labs=(("Birch", "cycle.review", "1"), ("Cedar", "strategy", "fast_follower")),
    )  # fmt: skip
    assert change_words(world) == [
        "in force: California SB 53",
        "time a full human review adds to a cycle: 3 weeks, was 2 weeks",
        "rate limit from month 6 (week 26)",
        "Birch's own: time a full human review adds to a cycle: 1 week",
        "Cedar decides as fast follower",
    ]
    assert title(world).endswith("and 3 more")
    assert change_words(World()) == [] and title(World()) == "Can the loop close?"
