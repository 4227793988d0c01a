"""What was changed in a world, as words."""

import dataclasses

import pytest

from labsim.model.governance import RULES
from labsim.scenario.checked import CATALOGUE
from viz.world import levers
from viz.world.changes import LONGEST, change_words, label, setting_words, title, value_words
from viz.world.scale import scale
from viz.world.world import OPENING, World, base


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
        ("competition.network", "small_world", "small world"), ("decision.reopen_week", 1_000_000, "never"),
        ("safeguards.pause_spec.gap", 1e100, "never"), ("faking.ceiling", 0.78, "78 %"),
        ("cycle.returns_end", 0.0, "never"), ("safeguards.debate.shared", 0.5, "0.5"),
    ],
)  # fmt: skip
def test_a_value_is_said_as_people_say_it(path, value, words):
    assert value_words(path, value) == words


MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("path", "value", "phrase"),
    [
        ("cycle.machine_falls", 0.2, f"machine part shrinks as C to the power of {MINUS}0.2"),
        ("cycle.grip", 0.1, "a human's error grows as C to the power of 0.1"),
        ("cycle.veto", -0.5, f"a human drops an edit measured below {MINUS}0.5 log"),
        ("cycle.veto", -10, "a human drops an edit measured below this: never"),
        ("safeguards.pause_spec.gap", 2.0, f"pause spec: measured gap C {MINUS} A above 2 C"),
        ("cycle.learning", 0.005, "an accepted edit multiplies the next gains by 1 + 0.005"),
        ("race.labs", 3, "number of labs: 3"), ("decision.signs", 1, "joins a treaty that is offered: yes"),
    ],
)  # fmt: skip
def test_a_setting_is_a_phrase_with_its_value_where_it_belongs(path, value, phrase):
    assert setting_words(path, value) == phrase


PROSE = "the chance this share is 1 if this power, oversight -10 never (part); how far: 1e100 never"


def shown():
    """What people are shown of every parameter, but for its name: values, places of sliders, groups, badges."""
    scale.cache_clear()
    levers.groups.cache_clear()
    world, numbers = base(OPENING), {}
    for path, d in CATALOGUE.items():
        ends = d.options or {d.default, d.low, d.high, *([d.never] if d.never is not None else [])}
        lever = levers.lever(path, world)
        numbers[path] = (
            {str(value): value_words(path, value) for value in ends}, d.options or scale(path),
            lever["base"], lever["badge"], lever["guess"], lever.get("place"),
        )  # fmt: skip
    return numbers, levers.groups()


def test_rewording_what_parameters_mean_changes_no_number_group_or_sign(monkeypatch):
    before = shown()
    for path, d in CATALOGUE.items():
        said = d.phrase.replace(d.label, PROSE) if d.label == d.meaning else d.phrase
        words = PROSE if d.label == d.meaning else d.label
        monkeypatch.setitem(CATALOGUE, path, dataclasses.replace(d, meaning=PROSE, label=words, phrase=said))
    reworded = shown()
    monkeypatch.undo()
    assert reworded == before and shown() == before
    assert label("harm.rate") != PROSE


def test_rules_stand_with_their_topic_and_those_without_one_by_themselves(monkeypatch):
    class Own:
        """A rule of one's own."""

    titles = {name: group.title for group in levers.groups()[levers.RULES_TAB] for name in group.rules}
    assert titles["governance.treaty"] == "Treaty and liability" and "Other rules" not in titles.values()
    monkeypatch.setitem(RULES, "own", Own)
    levers.groups.cache_clear()
    others = [group.rules for group in levers.groups()[levers.RULES_TAB] if group.title == "Other rules"]
    levers.groups.cache_clear()
    assert others == [("governance.own",)]


def test_every_parameter_can_be_said_in_one_phrase():
    for path, d in CATALOGUE.items():
        ends = [d.options[-1]] if d.options else [d.low, d.high]
        for value in ends:
            phrase = setting_words(path, int(value) if d.whole else value)
            assert 0 < len(phrase) <= LONGEST and "{" not in phrase


def test_the_changes_of_a_world_are_laws_then_numbers_then_labs():
    world = World(
        changes=(("cycle.review", 3.0), ("governance.rate_limit.start", 26)), policies=("sb-53",),
        labs=(("Birch", "cycle.review", 1.0), ("Cedar", "strategy", "fast_follower")),
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
