"""Printed answers of the smaller commands: race, list (but for scenarios), show, calibrate, compare, replay."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from labsim.model.outcomes import OUTCOMES
from labsim.model.sources import ASSUMPTION, USER, Evidence, Source
from labsim.model.strategies import STRATEGIES
from labsim.runs.summary import CLEAR, Summary, direction
from labsim.scenario.checked import CATALOGUE, DEFAULTS, FAMILIES, ScenarioError, nearest
from labsim.scenario.presets import FAMILIES as PRESETS
from labsim.scenario.presets import presets
from labsim.scenario.scenario import Scenario
from labsim.show.numbers import MINUS, estimate, fixed, half_width, number
from labsim.show.terminal import out, paragraph, print_json, say
from labsim.show.words import NOT_A_FORECAST, listed

if TYPE_CHECKING:  # the small commands need no engine
    from labsim.runs.comparison import Comparison
    from labsim.runs.replay import Replay


def plain_table(*columns: str) -> Table:
    """A table without lines; the first column to the left, the others to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for k, column in enumerate(columns):
        table.add_column(column, justify="left" if k == 0 else "right", overflow="fold")
    return table


def race_report(result: dict[str, Any]) -> None:
    """What `labsim race` prints."""
    first, gap = result["first_crossing"], result["gap"]
    what, other = f"C {MINUS} A", f"A {MINUS} C"
    runs = result["replications"] if result["noise"] > 0.0 else 1  # without noise they are all the same
    rates = f"Capability times {result['rc']:g} a cycle, alignment times {result['ra']:g}"
    line = f"exceeds {result['threshold']:g}"
    if runs > 1:  # luck may let either outrun the other
        above, below, either = (f"{100 * result[f'{name}_share']:.1f} %" for name in ("above", "below", "crossed"))
        median = f", first at cycle {first:g} (median of these)" if first else ""
        say(f"{rates}, {runs} runs: {what} {line} in {above} of them{median}, {other} in {below}, "
            f"one or the other in {either}.")  # fmt: skip
    else:
        when = f"first {line} at cycle {first:g}" if first else f"never {line}"
        say(f"{rates}: the gap {what} {when}.")
    table = plain_table("cycle", what)
    shown = sorted({0, 1, 2, 5, 10, *(() if not first else (int(first) - 1, int(first))), result["cycles"]})
    for cycle in shown:
        if cycle <= result["cycles"]:
            table.add_row(str(cycle), "none" if gap[cycle] is None else number(gap[cycle]))
    out.print(table)
    share = f"{100 * result['trigger_share']:.0f} % of the first {result['cycles']} cycles"
    say(f"{'The table is the mean of the runs; on average a run is' if runs > 1 else 'It is'} above in {share}.")
    say(NOT_A_FORECAST)


def registry(what: str) -> list[dict[str, Any]]:
    """What there is to choose from: `strategies`, `rules` of all kinds, or a family of presets.

    Raises ScenarioError for anything else.
    """
    from labsim.show.describe import first_line  # it brings pandas, which the other small commands do without

    if what == "strategies":
        return [{"name": name, "meaning": first_line(function)} for name, function in STRATEGIES.items()]
    if what == "rules":
        rules = [(f"{family}.{name}", rule) for family, kinds in FAMILIES.items() for name, rule in kinds.items()]
        return [{"name": name, "meaning": first_line(rule)} for name, rule in rules]
    if what in PRESETS:
        return [
            {
                "name": p.name, "meaning": p.described, "source": p.source, "values": dict(p.values),
                **({"axes": dict(p.axes), "human_job": p.human_job} if p.axes else {}),
            }
            for p in presets(what).values()
        ]  # fmt: skip
    known = ["scenarios", "strategies", "rules", *PRESETS]
    raise ScenarioError(f"list {what}: must be one of {', '.join(known)}{nearest(what, known)}")


def registry_report(what: str, json: bool) -> None:
    """What `labsim list strategies`, `rules` or a family of presets prints."""
    entries = registry(what)
    if json:
        print_json(entries)
        return
    for entry in entries:
        out.print(Text(entry["name"], style="bold"))
        paragraph(entry["meaning"], "    ", "    ")
        values = ", ".join(f"{path} = {value}" for path, value in entry.get("values", {}).items())
        if "source" in entry:
            paragraph(f"Source: {entry['source']}.", "    ", "    ")
        if values:
            paragraph(values, "    ", "      ")


def changed(scenario: Scenario) -> dict[str, Any]:
    """The parameters that differ from their defaults, but for the counts of what is listed one by one."""
    listed = {"race.labs": scenario.labs, "evaluators.number": scenario.evaluators}
    return {
        path: value
        for path, value in scenario.values.items()
        if value != DEFAULTS.get(path) and listed.get(path) is None
    }


def evidence(scenario: Scenario) -> dict[str, Source]:
    """Where each value comes from: the scenario's own word, else the default's; an assumption if neither says."""
    known = {path: CATALOGUE[path].source for path in scenario.values}
    own = {path: ASSUMPTION if CATALOGUE[path].kind != "lever" else USER for path in changed(scenario)}
    return {**known, **own, **{path: Source(Evidence.SCENARIO, text) for path, text in scenario.sources.items()}}


def sources(scenario: Scenario) -> dict[str, str]:
    """The words of `evidence`, by path."""
    return {path: source.text for path, source in evidence(scenario).items()}


def scenario_as_dict(scenario: Scenario) -> dict[str, Any]:
    """The JSON of `labsim show`."""
    known = evidence(scenario)
    return {
        "name": scenario.name, "title": scenario.title, "question": scenario.question, "base": scenario.base,
        "values": dict(scenario.values), "changed": changed(scenario),
        "labs": [
            {"name": x.name, "strategy": x.strategy, **x.presets, "values": dict(x.values)} for x in scenario.all_labs
        ],
        "evaluators": [{"name": x.name, **x.presets, "values": dict(x.values)} for x in scenario.all_evaluators],
        "uncertainties": {path: dict(spec) for path, spec in scenario.uncertainties.items()},
        "notes": dict(scenario.notes), "sources": {path: source.text for path, source in known.items()},
        "source_kind": {path: source.kind for path, source in known.items()},
        "source_url": {path: source.url for path, source in known.items() if source.url},
    }  # fmt: skip


def _entry(name: str, words: list[str], values: Mapping[str, Any]) -> None:
    """Print a lab or an evaluator with what is its own."""
    own = [", ".join(f"{path} = {value}" for path, value in values.items())] if values else []
    paragraph(f"{name}: {'; '.join([*words, *own])}" if words or own else name, "  ", "    ")


def scenario_report(scenario: Scenario) -> None:
    """What `labsim show` prints."""
    out.print(Text(f"{scenario.name}: {scenario.title}" if scenario.title else scenario.name, style="bold"))
    for text in (scenario.question, *scenario.notes.values()):
        if text:
            paragraph(" ".join(text.split()))
    say("\nLabs")
    for lab in scenario.all_labs:
        _entry(lab.name, [lab.strategy, *(f"{key} {name}" for key, name in lab.presets.items())], lab.values)
    if scenario.evaluators is not None:
        say("\nEvaluators")
        for evaluator in scenario.evaluators:
            _entry(evaluator.name, list(evaluator.presets.values()), evaluator.values)
    differences, known = changed(scenario), sources(scenario)
    say("\nWhat differs from the defaults" if differences else "\nEvery parameter has its default.")
    for path, value in differences.items():
        d = CATALOGUE[path]
        text = (
            f"{path} = {value} {d.unit}".rstrip()
            + f" (default {'never' if d.default is None else d.default}): {d.meaning}. Source: {known[path]}"
        )
        paragraph(text, "  ", "    ")
    for path, spec in scenario.uncertainties.items():
        say(f"  {path} is drawn: {spec}")
    say("\nAll values and sources: labsim show NAME --json")


def cycle_report(result: dict[str, Any]) -> None:
    """What `labsim calibrate cycle` prints."""
    say("Growth a cycle that follows from how edits are measured and selected (C = 1, fresh exam):")
    table = plain_table("", "capability", "alignment")
    for key, words in (("keep", "human in the loop"), ("remove", "human removed")):
        rates = result[key]
        table.add_row(words, f"x {rates['capability_rate']:.3f}", f"x {rates['alignment_rate']:.3f}")
    out.print(table)
    say("The course lesson this is calibrated to says 1.15 and 1.08 with the human;")
    say("1.18 and 1.02 without are an assumption. Only measurement makes the difference:")
    table = plain_table("alignment gain of the chosen edit", "measured", "true")
    for key, words in (("keep", "human in the loop"), ("remove", "human removed")):
        table.add_row(words, f"{result['measured'][key]:.3f}", f"{result['true'][key]:.3f}")
    out.print(table)


def frontier_report(result: dict[str, Any]) -> None:
    """What `labsim calibrate frontier` prints."""
    outcome = result["logs_per_year"]
    half = "" if outcome["se"] is None else f" ± {fixed(half_width(outcome['se']), 3)}"
    low, high = result["reference_ci95"]
    say(f"Frontier of five labs that all keep the human, weeks 0 to 104: {outcome['mean']:.3f}{half} logs a year.")
    say(
        f"METR's time horizons since 2023 (50 %): {result['reference']:.3f} logs a year "
        f"(OLS t-interval {low:.2f} to {high:.2f})."
    )


def horizons_report(result: dict[str, Any], plot: Path | None) -> None:
    """What `labsim calibrate horizons` prints."""
    say("METR time horizons 1.1: doubling time of the longest task done half of the time")
    table = plain_table("since", "models", "days", "95 % t-interval", "R2")
    for key, words in (("all_time", "2019"), ("since_2023", "2023"), ("since_2024", "2024")):
        fit = result[key]
        low, high = fit["ci95"]
        table.add_row(
            words,
            str(fit["n"]),
            f"{fit['doubling_days']:.2f}",
            f"{low:.1f} to {'none' if high is None else f'{high:.1f}'}",
            f"{fit['r2']:.4f}",
        )
    out.print(table)
    say("The interval is that of the OLS slope; it does not know the error of each horizon.")
    say(f"C = 1 is the 2023 line at week 0 (1 April 2026): {result['hours_at_c1']:.2f} hours.")
    if plot is not None:
        say(f"Drawn: {plot}")


def verdicts(letter: str, differences: Mapping[str, Summary]) -> str:
    """Which of the outcomes shown are clearly better, and which worse, than in the scenario it is compared with."""
    shown = {outcome: direction(differences[name]) for name, outcome in OUTCOMES.items() if outcome.shown}
    said = []
    for verdict in ("better", "worse"):
        words = [outcome.words for outcome, sign in shown.items() if outcome.verdict(sign) == verdict]
        said += [f"{verdict} in {listed(words)}"] if words else []
    return f"{letter} is clearly {'; '.join(said)}." if said else f"{letter} is not clearly better or worse."


def comparison_report(comparison: "Comparison", plot: Path | None) -> None:
    """What `labsim compare` prints."""
    letters = [chr(ord("A") + k) if k < 26 else str(k) for k in range(len(comparison.names))]
    for letter, name in zip(letters, comparison.names, strict=True):
        say(f"{letter}  {name}")
    luck = f"{comparison.replications} replications, seed {comparison.seed}"
    for name, n in Counter(one["scenario"] for one in comparison.failures).most_common():
        luck += f"; {n} of {name} failed, and those are no pair"
    say(f"\nMean ± 95 % of A, and paired differences from A ({luck})")
    first, *others = comparison.names
    table = plain_table("outcome", "A", *(f"{letter} minus A" for letter in letters[1:]))
    for name, outcome in OUTCOMES.items():
        if outcome.shown:
            differences = [estimate(comparison.differences[x][name], outcome.unit, sign=True) for x in others]
            table.add_row(outcome.label, estimate(comparison.levels[first][name], outcome.unit), *differences)
    out.print(table)
    for letter, name in zip(letters[1:], comparison.names[1:], strict=True):
        paragraph(verdicts(letter, comparison.differences[name]), rest="  ")
    say(f"(clearly: by more than {CLEAR:g} paired standard errors)")
    say(NOT_A_FORECAST)
    if plot is not None:
        say(f"Drawn: {plot}")


def replay_report(replayed: "Replay") -> None:
    """What `labsim replay` prints."""
    from labsim.show.story import story

    scenario = replayed.scenario
    out.print(Text(f"{scenario.name}, future {replayed.replication}", style="bold"))
    if replayed.failed is not None:
        say(f"It fails ({replayed.failed.world}): {replayed.failed}")
        say(replayed.where)
        return
    for line in story(replayed):
        paragraph(line, rest=" " * 11)
    harm = 100 * replayed.outcomes["catastrophe"]
    say(f"\nSuch a race would end in harm in {harm:.0f} of 100 draws of the last die. {NOT_A_FORECAST}")
    if replayed.failed_before is not None:
        say(f"When the run was made it failed ({replayed.failed_before.world}): {replayed.failed_before}. Now it ends.")
    elif not replayed.differs:
        say("The same bits as the stored run.")
    elif replayed.same_model:
        say(
            f"These outcomes differ from the stored run: {', '.join(replayed.differs)}. "
            "That is a fault; please report it."
        )
    else:
        say(f"The run was made by another version of the model; these outcomes differ: {', '.join(replayed.differs)}.")
