"""A race told as a story says what its events and its ledger say."""

import pandas as pd
import pytest

from labsim.engines.mesa_engine import Race
from labsim.model.orders import WHERE
from labsim.runs.record import EVENTS, Record
from labsim.runs.replay import Replay
from labsim.scenario.files import load
from labsim.show.story import reason, story
from tests.show.printed import is_number, sentence

LEDGER = {
    "strategy": "calculator", "win_remove": 0.416, "win_keep": 0.184, "end_risk_remove": 0.307, "end_risk_keep": 0.118,
    "sanction": 0.0, "margin": 0.25,
}  # fmt: skip
SAID = {  # of every kind of event: (the value it has, the words)
    "rule_starts": (0.0, "In force from now on: rate limit."), "rule_stops": (0.0, "No longer in force: rate limit."),
    "closed": (0.0, "rate_limit removes the human."), "reopened": (0.0, "rate_limit takes the human back."),
    "paused": (1.256, "rate_limit pauses: it measures an exposure of 1.26."),
    "resumed": (0.5, "rate_limit resumes, at a measured exposure of 0.50."),
    "finding": (2.0, "An evaluator reports a finding on rate_limit: exposure 2.00."),
    "incident": (0.0, "An incident at rate_limit."), "fined": (0.125, "rate_limit is fined 0.12 prizes."),
    "moved": (WHERE.abroad, "rate_limit moves abroad."),
    "left": (6.0, "rate_limit is out of the treaty, after 6 weeks without a human."),
    "finished": (1.0, "rate_limit crosses the finish line."),
    "catastrophe": (0.0, "In this one future, harm falls in this week."),
}  # fmt: skip


def told(events, unfinished=0.0, weeks=300.0):
    """The story of a race with these (week, event, value) and no decisions."""
    rows = [{"week": week, "event": event, "lab": "rate_limit", "value": value} for week, event, value in events]
    tables = {"events": pd.DataFrame(rows, columns=["week", "event", "lab", "value"]),
              "decisions": pd.DataFrame({"week": [], "lab": []})}  # fmt: skip
    return story(Replay(None, 0, tables, {"unfinished": unfinished, "race_weeks": weeks}, {}, True))


def test_every_kind_of_event_has_its_words():
    assert set(SAID) == set(EVENTS)
    for event, (value, words) in SAID.items():
        assert told([(7, event, value)]) == [f"week    7  {words}"]
    assert told([(7, "moved", WHERE.home)])[0].endswith("rate_limit moves home.")
    assert told([(7, "finished", 0.5)])[0].endswith("rate_limit shares the finish.")


def test_weeks_stand_under_each_other_and_an_unfinished_race_ends_with_its_horizon():
    lines = told([(7, "incident", 0.0), (1234, "incident", 0.0)], unfinished=1.0)
    assert [line[:9] for line in lines] == ["week    7", "week 1234", "week  300"]
    assert lines[-1] == "week  300  The horizon is reached; nobody has finished."
    assert len({line.index(words) for line, words in zip(lines, ("An", "An", "The"), strict=True)}) == 1
    assert len(told([(7, "incident", 0.0)])) == 1


def test_a_calculator_gives_its_own_numbers():
    assert reason(pd.Series(LEDGER)) == (
        "it counts on winning 42 of 100 races without the human and 18 with, and on +19 points of risk without if it "
        "wins; removing is worth +0.25 prizes to it."
    )
    less = reason(pd.Series(LEDGER | {"end_risk_remove": 0.1, "margin": -0.25}))
    assert "\N{MINUS SIGN}2 points of risk" in less and less.endswith("worth \N{MINUS SIGN}0.25 prizes to it.")


@pytest.mark.parametrize(("sanction", "said"), [(0.0, ""), (0.5, " and 0.50 prizes of expected fines")])
def test_fines_are_named_if_a_calculator_expects_any(sanction, said):
    assert f"without if it wins{said}; removing" in reason(pd.Series(LEDGER | {"sanction": sanction}))


def test_other_strategies_give_their_name():
    assert reason(pd.Series(LEDGER | {"strategy": "imitator"})) == "its strategy is imitator."


def test_the_closures_of_a_race_are_those_of_its_ledger():
    """Each closure of calculators and others, with the numbers of the decision of that lab in that week."""
    scenario = load("five-calculators").with_({"race.weeks": 60})
    scenario = scenario.with_strategies(["calculator", "imitator", "calculator", "imitator", "calculator"])
    record = Record()
    record.follow(Race(scenario, 0, 0, collect=False))
    tables = record.tables()
    lines = story(Replay(scenario, 0, tables, {"unfinished": 0.0, "race_weeks": 60.0}, {}, True))
    closures = tables["events"][tables["events"]["event"].isin(["closed", "reopened"])]
    strategies = set()
    for event in closures.itertuples():
        (line,) = [x for x in lines if x.startswith(f"week {event.week:>4}  {event.lab} ") and "the human" in x]
        ((_, row),) = tables["decisions"].query("week == @event.week and lab == @event.lab").iterrows()
        strategies.add(row["strategy"])
        assert ("removes the human" in line) == (event.event == "closed")
        if row["strategy"] == "calculator":
            remove, keep, risk, worth = sentence(
                line, "winning <N> of 100 races without the human and <N> with, and on <N> points of risk without if "
                "it wins.*; removing is worth <N> prizes to it",
            )  # fmt: skip
            is_number(remove, row["win_remove"], 100)
            is_number(keep, row["win_keep"], 100)
            is_number(risk, row["end_risk_remove"] - row["end_risk_keep"], 100)
            is_number(worth, row["margin"])
    assert strategies == {"calculator", "imitator"}
