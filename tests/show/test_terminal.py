"""What is printed for people: the answer in a sentence, paragraphs, the next command."""

import shlex
import re
from collections import Counter

import numpy as np
import pytest

from labsim.model.outcomes import OUTCOMES
from labsim.runs.summary import Summary
from labsim.scenario.scenario import Scenario
from labsim.show import answers, terminal

LEVELS = {"catastrophe": 0.3, "first_closure_week": 20.0, "closers": 2.5, "race_weeks": 90.0, "alignment_gap": 1.5}


def around(mean, spread=0.1):
    """Four numbers with this mean, and their summary; without spread, all alike."""
    return Summary.of(mean + spread * np.array([-1.0, 1.0, -1.0, 1.0]))


def run(**levels):
    """Summaries of a run in which all futures are alike."""
    return {name: around(level, 0.0) for name, level in (LEVELS | levels).items()}


def twins(keep, remove):
    """Summaries of the differences in catastrophe from the two twins."""
    return {"all_keep": {"catastrophe": keep}, "all_remove": {"catastrophe": remove}}


def test_the_answer_names_who_when_and_how_much_harm():
    said = answers.answer(run(), twins(around(0.2, 0.01), around(-0.04, 0.01)), 5)
    assert said == (
        "2.50 ± 0.00 of 5 labs removed the human, the first in week 20.0 ± 0.00; harm in 30.0 ± 0.00 of 100 futures, "
        "20.0 ± 1.13 more than if all had kept the human and 4.00 ± 1.13 fewer than if all had removed it, under the "
        "same luck (± 95 %)."
    )


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (around(0.3, 0.3), "about as many as if"),  # an interval as wide as the difference
        (around(0.0049, 0.0), "about as many as if"), (around(-0.0049, 0.0), "about as many as if"),
        (around(0.005, 0.0), "0.50 ± 0.00 more than if"), (around(-0.0051, 0.0), "0.51 ± 0.00 fewer than if"),
        (Summary.of(np.array([0.2])), "20.0 more than if"), (Summary.of(np.array([-0.2])), "20.0 fewer than if"),
    ],
)  # fmt: skip
def test_a_difference_in_harm_is_said_if_it_is_clear_and_half_a_point_or_more(summary, said):
    other = around(0.2, 0.01)
    assert f"of 100 futures, {said} all had kept the human and" in answers.answer(run(), twins(summary, other), 5)
    assert f"the human and {said} all had removed it, under" in answers.answer(run(), twins(other, summary), 5)


def test_one_lab_is_said_in_races():
    said = answers.answer(run(closers=0.25), twins(around(0.2), around(0.0)), 1)
    assert said.startswith("In 25.0 ± 0.00 of 100 races the lab removed the human, the first in week 20.0 ± 0.00; ")


@pytest.mark.parametrize(
    ("closers", "said"),
    [(0.0, "No lab removed the human; "), (0.049, "No lab removed the human; "),
     (0.05, "0.05 ± 0.00 of 2 labs removed the human, the first in week 20.0 ± 0.00; ")],
)  # fmt: skip
def test_no_lab_removes_if_fewer_than_one_in_twenty_races_has_one(closers, said):
    assert answers.answer(run(closers=closers), twins(around(0.2), around(0.2)), 2).startswith(said)


def test_no_first_week_is_said_where_there_is_none():
    levels = run() | {"first_closure_week": Summary()}
    assert " labs removed the human; harm in" in answers.answer(levels, twins(around(0.2), around(0.2)), 2)


def test_a_world_without_harm_in_it_or_its_twins_is_said_to_have_none():
    none = around(0.0, 0.0)
    assert answers.answer(run(catastrophe=0.0), twins(none, none), 5).endswith(
        "the first in week 20.0 ± 0.00; after 90.0 ± 0.00 weeks capability less alignment is 1.50 ± 0.00 (± 95 %). "
        "Nothing in this world does harm."
    )
    for harmful in ((none, around(-0.2, 0.01)), (around(-0.2, 0.01), none)):
        assert "harm in 0.00 ± 0.00 of 100 futures" in answers.answer(run(catastrophe=0.0), twins(*harmful), 5)


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_numbers_of_the_table_of_outcomes_are_never_broken(printed, monkeypatch, columns):
    monkeypatch.setattr(terminal.out, "_width", columns)
    same = {name: around(1234.0, 98.0) for name in OUTCOMES}
    table = answers.outcome_table(same, {"all_keep": same, "all_remove": same | {"race_weeks": Summary()}})
    terminal.out.print(table)
    shown = [outcome for outcome in OUTCOMES.values() if outcome.shown]
    shares = sum(outcome.scale == 100 for outcome in shown)
    cells = Counter(re.findall(r"[+\d,]+(?:\.\d+)? ± [\d,]+(?:\.\d+)?", printed()))
    weeks, share, half = len(shown) - shares, "123,400 ± 11,090", "1,234 ± 110.9"
    assert cells == {share: shares, f"+{share}": 2 * shares, half: weeks, f"+{half}": 2 * weeks - 1}


def test_the_next_command_imposes_the_first_rule_that_is_not_in_force():
    plain = Scenario("plain")
    assert answers.next_command("my.toml", [], plain) == "labsim run my.toml --set governance.rate_limit.start=0"
    limited = plain.with_({"governance.rate_limit.start": 0})
    changes = ["governance.rate_limit.start=0", "race.weeks=9"]
    assert answers.next_command("my.toml", changes, limited) == (
        "labsim run my.toml --set governance.rate_limit.start=0 --set race.weeks=9 "
        "--set governance.common_pause.start=0"
    )
    ruled = plain.with_({f"governance.{rule}.start": 5 for rule in answers.TO_TRY})
    assert answers.next_command("my.toml", [], ruled) == "labsim show my.toml"


def test_the_next_command_can_be_pasted():
    told = answers.next_command("my file.toml", ["* decision.own_harm=8"], Scenario("plain"))
    assert shlex.split(told)[2:5] == ["my file.toml", "--set", "* decision.own_harm=8"]


def test_what_cannot_be_printed_is_shown_as_its_code(printed):
    terminal.say("a\x1b[2Jb\nc [bold]d[/bold] é")
    assert printed() == "a\\x1b[2Jb\nc [bold]d[/bold] é\n"


@pytest.mark.parametrize(("columns", "widest"), [(120, 78), (78, 78), (40, 40)])
def test_paragraphs_have_at_most_78_letters_a_line_and_begin_as_asked(printed, monkeypatch, columns, widest):
    monkeypatch.setattr(terminal.out, "_width", columns)
    terminal.paragraph("ab " * 100, "- ", "   ")
    lines = printed().splitlines()
    assert max(map(len, lines)) in range(widest - 2, widest + 1)
    assert lines[0].startswith("- ab") and all(line.startswith("   ab") for line in lines[1:])


def test_a_paragraph_breaks_neither_words_nor_at_hyphens(printed):
    terminal.paragraph("x" * 75 + " half-way " + "y" * 100)
    assert [line.strip() for line in printed().splitlines() if line.strip()][:2] == ["x" * 75, "half-way"]
