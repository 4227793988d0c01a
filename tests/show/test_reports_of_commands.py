"""Tables and remarks of the smaller reports, for results that are given: race, compare, replay."""

import io
import string
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from labsim.model.outcomes import OUTCOMES
from labsim.runs.comparison import Comparison
from labsim.runs.replay import Replay
from labsim.runs.summary import Summary
from labsim.scenario.scenario import Scenario
from labsim.show import terminal
from labsim.show.printouts import comparison_report, plain_table, race_report, replay_report
from tests.show.printed import MINUS, is_number, table


def test_a_plain_table_has_words_to_the_left_and_numbers_to_the_right():
    console = Console(file=io.StringIO(), width=60)
    rows = plain_table("of", "many", "numbers")
    for row in (("a long label", "1", "2"), ("b", "333333", "44444444")):
        rows.add_row(*row)
    console.print(rows)
    head, first, second = console.file.getvalue().splitlines()
    assert head.startswith("of ") and first.startswith("a long label  ") and second.startswith("b ")
    for left, right in (("many", "333333"), ("numbers", "44444444")):
        assert head.index(left) + len(left) == second.index(right) + len(right)
    assert first.index("1") == second.index("333333") + 5 and first.index("2") == second.index("44444444") + 7


def words(text):
    """A text without its line ends."""
    return " ".join(text.split())


def race(first, cycles=30, **more):
    """What `labsim race` reports of gaps of a tenth a cycle."""
    return {
        "rc": 1.15, "ra": 1.08, "threshold": 2.0, "cycles": cycles, "replications": 1, "noise": 0.0,
        "first_crossing": first, "gap": [k / 10 for k in range(cycles + 1)], "trigger_share": 0.25,
        "crossed_share": 0.5, "above_share": 0.3, "below_share": 0.25, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "cycles", "shown"),
    [
        (21, 30, [0, 1, 2, 5, 10, 20, 21, 30]), (None, 30, [0, 1, 2, 5, 10, 30]), (8.5, 12, [0, 1, 2, 5, 7, 8, 10, 12]),
        (50, 7, [0, 1, 2, 5, 7]), (1, 1, [0, 1]), (31, 30, [0, 1, 2, 5, 10, 30]),
    ],
)  # fmt: skip
def test_a_race_is_shown_at_its_beginning_its_crossing_and_its_end(printed, first, cycles, shown):
    race_report(race(first, cycles))
    rows = table(printed(), "cycle", f"C {MINUS} A")
    assert rows == {str(k): [f"{k / 10:.2f}"] for k in shown}
    assert (f"first exceeds 2 at cycle {first:g}." if first else "never exceeds 2.") in printed()


def test_a_race_says_how_often_it_is_above_and_of_many_how_many_cross(printed):
    race_report(race(21))
    assert "above in 25 % of the first 30 cycles" in printed() and "runs." not in printed()
    race_report(race(21, replications=2, noise=0.1))
    assert f"2 runs: C {MINUS} A exceeds 2 in 30.0 % of them, first at cycle 21 (median of these), " in words(printed())
    assert f", A {MINUS} C in 25.0 %, one or the other in 50.0 %." in words(printed())
    race_report(race(None, replications=2, noise=0.1, above_share=0.0))
    assert f"C {MINUS} A exceeds 2 in 0.0 % of them, A {MINUS} C in 25.0 %" in words(printed())


def test_races_without_noise_are_one(printed):
    race_report(race(31, replications=100))
    assert f"the gap C {MINUS} A first exceeds 2 at cycle 31." in printed() and "runs" not in printed()


def test_a_gap_that_is_no_number_is_none(printed):
    race_report(race(3, 5, gap=[0.0, 0.1, None, 0.3, None, None]))
    assert table(printed(), "cycle", f"C {MINUS} A") == {
        "0": ["0.00"], "1": ["0.10"], "2": ["none"], "3": ["0.30"], "5": ["none"]
    }  # fmt: skip


def comparison(*names):
    """A comparison: each scenario has less harm than the first, by a point times its place; else they are alike."""
    differences = {
        name: {key: Summary.of(np.full(4, -0.01 * place if key == "catastrophe" else 0.0)) for key in OUTCOMES}
        for place, name in enumerate(names)
    }
    return Comparison(list(names), 3, 4, "ensemble", {name: differences[names[0]] for name in names}, differences)


@pytest.mark.parametrize("n", [2, 26, 28])
def test_compared_worlds_have_letters_and_after_z_numbers(printed, monkeypatch, n):
    monkeypatch.setattr(terminal.out, "_width", 1000)
    comparison_report(comparison(*(f"world {k}" for k in range(n))), None)
    letters = [*string.ascii_uppercase, "26", "27"][:n]
    assert printed().splitlines()[:n] == [f"{letter}  world {k}" for k, letter in enumerate(letters)]
    rows = table(printed(), "outcome", "A", *(f"{letter} minus A" for letter in letters[1:]))
    harm = rows[OUTCOMES["catastrophe"].label]
    assert harm[0] == "0.00 ± 0.00"
    for place, cell in enumerate(harm[1:], 1):
        is_number(cell.partition(" ± ")[0], -place)
    for letter in letters[1:]:
        assert f"\n{letter} is clearly better in {OUTCOMES['catastrophe'].words}.\n" in printed()
    assert "Drawn" not in printed()


def test_a_world_that_does_not_differ_is_said_not_to(printed):
    compared = comparison("one", "other")
    compared.differences["other"] = compared.differences["one"]
    comparison_report(compared, Path("a.png"))
    assert "B is not clearly better or worse." in printed() and printed().endswith("\nDrawn: a.png\n")


def test_a_story_is_told_in_lines_that_fit_and_stand_under_their_words(printed):
    """Whether the run has the bits that were stored, by which version; a long sentence goes on below its beginning."""
    tables = {"events": pd.DataFrame({"week": [7], "event": ["closed"], "lab": ["Ada " * 20], "value": [0.0]}),
              "decisions": pd.DataFrame({"week": [], "lab": []})}  # fmt: skip
    outcomes = {"unfinished": 0.0, "race_weeks": 9.0, "catastrophe": 0.416}
    told = {}
    for stored, same_model in ((0.416, True), (0.4, True), (0.4, False)):
        before = len(printed())
        replayed = Replay(Scenario("plain"), 2, tables, outcomes, {"catastrophe": stored}, same_model)
        replay_report(replayed)
        told[stored, same_model] = printed()[before:]
    text = told[0.416, True]
    title, first, second, *_ = text.splitlines()
    assert title == "plain, future 2" and first.startswith("week    7  Ada Ada")
    assert second.startswith(" " * first.index("Ada") + "Ada") and len(first) <= 78
    assert "end in harm in 42 of 100 draws" in text and text.endswith("The same bits as the stored run.\n")
    assert "differ from the stored run: catastrophe. That is a fault" in " ".join(told[0.4, True].split())
    assert "made by another version of the model; these outcomes differ: catastrophe." in told[0.4, False]
    assert all("same bits" not in told[0.4, same] for same in (True, False))
