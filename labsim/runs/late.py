"""Events and rules whose date comes when many races are over: they move less than they seem to."""

from labsim.runs.summary import Summary
from labsim.scenario.checked import TABLES
from labsim.scenario.scenario import Scenario

MANY = {0.95: "nearly all races are", 0.75: "three quarters of the races are", 0.5: "half of the races are",
        0.25: "a quarter of the races is"}  # fmt: skip


def late(scenario: Scenario, race_weeks: Summary) -> list[str]:
    """A sentence for each date at which at least a quarter of the races, by their weeks, are over."""
    if race_weeks.n == 0:
        return []
    over = {words: race_weeks.quantile(share) for share, words in MANY.items()}
    result = []
    for path, weeks in _starts(scenario).items():
        first = min(weeks)
        many = next((words for words, end in over.items() if end is not None and end <= first), None)
        if many is not None:
            end = race_weeks.quantile(0.5)
            result.append(f"{path} = {first}: {many} over by then (half of them last {end:.0f} weeks or less)")
    return result


def _starts(scenario: Scenario) -> dict[str, set[int]]:
    """The weeks in which events and rules start, by path: of the world and of labs that have their own."""
    result: dict[str, set[int]] = {}
    for path in (f"{table}.start" for table in TABLES if "." in table):
        own = [lab.values.get(path, scenario.get(path)) for lab in scenario.all_labs]
        given = {int(week) for week in [scenario.get(path), *own] if week is not None}
        trigger = scenario.get(f"{path.removesuffix('.start')}.trigger")
        if given and trigger is None:
            result[path] = given
    return result
