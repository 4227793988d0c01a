"""What `labsim run` prints: the answer in one sentence, tables of outcomes, what to try next."""

from pathlib import Path
from shlex import quote
from typing import Any

from rich.table import Table
from rich.text import Text

from labsim.model.outcomes import OUTCOMES
from labsim.runs.summary import Summary, direction
from labsim.show.numbers import MINUS, estimate, interval, number
from labsim.show.terminal import out, say
from labsim.show.words import NOT_A_FORECAST

TO_TRY = ("rate_limit", "common_pause", "human_mandate", "mandatory_evaluation")


def answer(run: dict[str, Summary], twins: dict[str, dict[str, Summary]], labs: int) -> str:
    """The answer in one sentence, from the numbers with their intervals."""
    harm, first = run["catastrophe"], run["first_closure_week"]
    closers = run["closers"].mean
    some = estimate(run["closers"], "" if labs > 1 else "%")
    who = f"{some} of {labs} labs" if labs > 1 else f"In {some} of 100 races the lab"
    who = "No lab" if closers < 0.05 else who
    when = f", the first in week {estimate(first)}" if first.n and closers >= 0.05 else ""
    if not any(s.mean for s in (harm, *(twin["catastrophe"] for twin in twins.values()))):  # not a world of harm
        weeks, gap = estimate(run["race_weeks"]), estimate(run["alignment_gap"])
        return (
            f"{who} removed the human{when}; after {weeks} weeks capability less alignment is {gap} "
            "(± 95 %). Nothing in this world does harm."
        )
    parts = [
        _difference(twins[twin]["catastrophe"], words)
        for twin, words in (("all_keep", "if all had kept the human"), ("all_remove", "if all had removed it"))
    ]
    return (
        f"{who} removed the human{when}; harm in {estimate(harm, '%')} of 100 futures, "
        f"{parts[0]} and {parts[1]}, under the same luck (± 95 %)."
    )


def _difference(summary: Summary, words: str) -> str:
    """ "19 more than if ...", or that the two worlds are too close to call."""
    points = 100 * summary.mean
    if abs(points) < 0.5 or (summary.se is not None and not direction(summary)):
        return f"about as many as {words}"
    return f"{estimate(summary, '%').lstrip(MINUS)} {'more' if points > 0 else 'fewer'} than {words}"


def outcome_table(run: dict[str, Summary], twins: dict[str, dict[str, Summary]]) -> Table:
    """Outcomes with 95 % intervals, and paired differences from the two twins."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("outcome (mean ± 95 %)")
    for column in ("this world", "minus all keep", "minus all remove"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, outcome in OUTCOMES.items():
        if outcome.shown:
            differences = [estimate(twins[twin][name], outcome.unit, sign=True) for twin in ("all_keep", "all_remove")]
            cells = (estimate(run[name], outcome.unit), *("" if text == "none" else text for text in differences))
            table.add_row(Text(outcome.label), *cells)
    return table


def worlds_sentence(over: Any) -> str:
    """The headline where parameters are drawn: the range over worlds, who meets the target, and only then the mean."""
    one, outcome = over.outcomes["catastrophe"], OUTCOMES["catastrophe"]
    if not over.luck_is_apart:
        return (
            "Its parameters are drawn anew in every future: ± and ranges are of worlds and luck together "
            "(--worlds W tells them apart)."
        )
    low, middle, high = (number(q, outcome.unit) for q in one.quantiles.values())
    target = over.targets.get("catastrophe")
    share = f"; {100 * one.meets:.0f} % of worlds meet {target.words(100)}" if target and one.meets is not None else ""
    return (
        f"Harm in {low} to {high} of 100 futures, from the lower to the upper 5 % of {over.n} worlds, {middle} in the "
        f"middle one, luck's share taken off{share}. The mean is {number(one.mean, outcome.unit)}"
        f"{interval(one.luck_se, outcome.unit)} (luck only)."
    )


def worlds_table(over: Any) -> Table:
    """Outcomes over worlds: the range with luck's share taken off, who meets the target, the mean with luck's error."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("outcome, over worlds")
    has_targets = any(over.outcomes[name].meets is not None for name, outcome in OUTCOMES.items() if outcome.shown)
    for column in ("5 to 95 %", "median", *(["meet target"] if has_targets else []), "mean ± luck only"):
        table.add_column(column, justify="right")
    for name, outcome in OUTCOMES.items():
        if outcome.shown:
            one = over.outcomes[name]
            low, middle, high = (number(q, outcome.unit) for q in one.quantiles.values())
            spread = f"{low} to {high}" if one.mean is not None else "none"
            meets = ["" if one.meets is None else f"{100 * one.meets:.0f} %"] if has_targets else []
            mean = number(one.mean, outcome.unit) + interval(one.luck_se, outcome.unit)
            table.add_row(Text(outcome.label), spread, middle, *meets, mean)
    return table


def twins_table(over: Any) -> Table:
    """Paired differences from the two twins over worlds: the range, and the mean with luck's error."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("difference, 5 to 95 % of worlds")
    for column in ("minus all keep", "minus all remove"):
        table.add_column(column, justify="right")
    for name, outcome in OUTCOMES.items():
        if outcome.shown:
            cells = []
            for one in (over.twins[twin][name] for twin in ("all_keep", "all_remove")):
                low, _, high = (number(q, outcome.unit, sign=True) for q in one.quantiles.values())
                cells.append(f"{low} to {high}" if one.mean is not None else "")
            table.add_row(Text(outcome.label), *cells)
    return table


def next_command(typed: str, changes: list[str], scenario: Any) -> str:
    """One command to try next: the same world with a rule that is not in force yet."""
    typed, sets = quote(typed), "".join(f" --set {quote(change)}" for change in changes)
    for rule in TO_TRY:
        if scenario.get(f"governance.{rule}.start") is None:
            return f"labsim run {typed}{sets} --set governance.{rule}.start=0"
    return f"labsim show {typed}"


def run_report(results: Any, folder: Path | None, typed: str, changes: list[str]) -> None:
    """What `labsim run` prints: question, changes, answer, table, files, what to try.

    `typed` is the scenario as the user named it, `changes` what --set changed.
    """
    scenario, labs = results.scenario, len(results.scenario.all_labs)
    say()
    out.print(Text(scenario.question or scenario.title or scenario.name, style="bold"))
    if changes:
        say(f"Changed: {', '.join(changes)}")
    over = results.worlds
    if not results.replications:
        say("No race came to its end.")
    elif over is not None and over.luck_is_apart:
        say(worlds_sentence(over))
        say()
        out.print(worlds_table(over))
        say()
        out.print(twins_table(over))
    else:
        say(answer(results.summaries, results.twins, labs))
        say()
        out.print(outcome_table(results.summaries, results.twins))
        if over is not None:
            say()
            say(worlds_sentence(over))
    say()
    drawn = f" of {over.n} worlds" if over is not None and over.luck_is_apart else ""
    say(f"{results.of_tried} replications{drawn}, seed {results.seed}, engine {results.engine}. {NOT_A_FORECAST}")
    if folder is not None:
        say(f"Files: {folder} ({', '.join(sorted({path.stem for path in folder.iterdir()}))})")
    say("What each line means: labsim describe data")
    say(f"Try:   {next_command(typed, changes, scenario)}")
