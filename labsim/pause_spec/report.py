"""A pause specification in words: on the terminal, and as a document in Markdown with its score."""

from collections.abc import Sequence
from pathlib import Path

from labsim.model.outcomes import OUTCOMES, labelled
from labsim.pause_spec.file import CONDITIONS, DECLARED, RULE, Specification
from labsim.pause_spec.score import LATER, Score, Share
from labsim.runs.summary import Summary
from labsim.scenario import shipped
from labsim.scenario.checked import CATALOGUE
from labsim.show import pages
from labsim.show.numbers import INTERVAL, estimate, number
from labsim.show.printouts import plain_table
from labsim.show.terminal import out as terminal
from labsim.show.terminal import paragraph, say
from labsim.show.words import NOT_A_FORECAST

MEASURES = {  # shown in this order: (words, unit)
    "needed": ("needed pauses: dangers caught", ""), "needless": ("needless pauses", ""),
    "missed": ("cycles ended in danger, no pause", ""), "paused_weeks": ("weeks paused", ""),
    LATER: ("weeks later at the same cycle", ""), "cycles": ("cycles completed", ""),
    **{name: (OUTCOMES[name].words, OUTCOMES[name].unit) for name in ("race_weeks", "catastrophe")},
    "own_harm": ("harm of its own making", "%"), "won": ("its chance to win", "%"),
    "rivals_ahead": ("rivals ahead of it at the end", ""), "payoff": ("its payoff", "% of the prize"),
}  # fmt: skip
ONLY_WITH = ("needed", "needless", "paused_weeks")  # nothing without the specification
STANDING = ("won", "rivals_ahead")  # say nothing where all labs obey
PAUSE_GAIN = "cycle.pause_gain"
OBEYED, PEOPLE = "Obeyed in the model.", "For people; not simulated."
IN_THE_MODEL = (
    "In the model it renews the lab's exam and what the exam is anchored to, and works on alignment; then the loop "
    "goes on, whatever was found."
)
SECTIONS = (  # of the document: (heading, table, {key: lead-in}); the conditions come after the first
    ("Scope", "scope", {"loops": "Loops", "generations": "Generations"}),
    ("Who reviews, and what the human does", "review",
     {"jobs": "Jobs", "independence": "Independence", "on_timeout": "If the time is up"}),
    ("Evidence needed to resume", "resume", {"evidence": ""}),
    ("Rollback point", "rollback", {"to": ""}),
    ("Exceptions allowed", "exceptions", {"allowed": ""}),
    ("Log", "log", {"record": ""}),
    ("Public report", "public_report", {"contents": "Contents", "when": "When"}),
)  # fmt: skip


def who(score: Score) -> str:
    """Birch, or: each lab."""
    return score.labs[0] if len(score.labs) == 1 else "each lab"


def headline(score: Score) -> str:
    """The score in one sentence."""
    x = {name: f"{score.levels[name].mean:.1f}" for name in ("needless", "missed")}
    pauses = score.levels["needed"].mean + score.levels["needless"].mean
    return (
        f"With this spec, {who(score)} would have paused {pauses:.1f} times a race, {x['needless']} needlessly, "
        f"and missed {x['missed']}."
    )


def percent(share: Share) -> str:
    """39.2 % (38.1 to 40.3)."""
    if share.share is None:
        return "none"
    return f"{number(share.share, '%')} % ({number(share.low, '%')} to {number(share.high, '%')})"


def remarks(score: Score) -> list[str]:
    """What the score says, in sentences made of its numbers."""
    said = [
        headline(score),
        f"Of its pauses, {percent(score.shares['precision'])} were needed; of the dangers at the end of a cycle, it "
        f"paused for {percent(score.shares['recall'])}.",
    ]
    if len(score.labs) == 1:
        own, all_harm, won = (
            estimate(score.differences[k], "%", sign=True) for k in ("own_harm", "catastrophe", "won")
        )
        said.append(
            f"Catastrophe changes by {all_harm} points, harm of its own making by {own}; its chance to win by {won}."
        )
    silent = [name for name, line in score.lines.items() if line["alone"]["needed"].high <= 0.0 >= _needless(line).high]
    idle = [name for name, line in score.lines.items() if name not in silent and _adds_nothing(line)]
    if silent:
        said.append(f"Never fires in these races, even alone: {', '.join(silent)}.")
    if idle and len(score.lines) > 1:
        said.append(f"Changes nothing beside the other conditions: {', '.join(idle)}.")
    return said


def _needless(line: dict[str, dict[str, Summary]]) -> Summary:
    return line["alone"]["needless"]


def _adds_nothing(line: dict[str, dict[str, Summary]]) -> bool:
    return all(summary.low == summary.high == 0.0 for summary in line["adds"].values())


def hangs_on(score: Score) -> str:
    """What the worth of a pause hangs on: how much alignment a paused week brings, and how well that is known."""
    d, value = CATALOGUE[PAUSE_GAIN], score.scenario[PAUSE_GAIN]
    assert d.likely is not None
    low, high = d.likely
    return (
        f"A paused week of full review adds {value:g} {d.unit.removesuffix(' a week')} to alignment "
        f"({PAUSE_GAIN}: {d.source.kind}, likely {low:g} to {high:g}). How many weeks a pause costs hangs on it, and "
        "less so what harm it avoids."
    )


def measure_rows(score: Score) -> list[list[str]]:
    """Label, with it, without it, difference: what the specification does, by measure."""
    rows = []
    for name, (words, unit) in MEASURES.items():
        level, before = (estimate(x[name], unit) if name in x else "" for x in (score.levels, score.without))
        gap = estimate(score.differences[name], unit, sign=True)
        if len(score.labs) == 1 or name not in STANDING:
            rows.append([labelled(words, unit), level, *(["", ""] if name in ONLY_WITH else [before, gap])])
    return rows


def line_rows(score: Score) -> list[list[str]]:
    """Condition; alone: its counts, harm avoided; harm avoided that it adds; the same for its own harm."""
    return [
        [name, *(estimate(line["alone"][key]) for key in ("needed", "needless", "missed")),
         *(estimate(line[key][harm], "%", sign=True) for harm in ("harm_avoided", "own_harm_avoided")
           for key in ("alone", "adds"))]
        for name, line in score.lines.items()
    ]  # fmt: skip


def threshold(name: str, value: float) -> str:
    """2 C."""
    unit = DECLARED[name].unit
    return f"{value:g} {unit.removesuffix('s') if value == 1.0 else unit}".rstrip()


def holds(name: str, value: float) -> str:
    """When a condition holds: measured gap C - A above 2 C."""
    return CONDITIONS[name].phrase.replace("{}", threshold(name, value))


def pause_spec_report(score: Score, page: Path | None) -> None:
    """What `labsim pause-spec` prints, in 80 columns."""
    spec = score.spec
    say(f"{spec.title}: {who(score)} in {score.scenario.name}")
    say("The lab pauses when, after a cycle, any of these holds (obeyed in the model):")
    for name, value in spec.conditions.items():
        paragraph(f"{name}: {holds(name, value)}", "  ", "    ")
    texts = sum(len(lines) for lines in spec.texts.values())
    say(f"A review takes {threshold('weeks', spec.weeks)}, then the loop goes on. For people only: {texts} texts.\n")
    for text in remarks(score):
        paragraph(text, rest="  ")
    for rows, head in ((measure_rows(score), ["a race (mean ± 95 %)", "with it", "without it", "difference"]),
                       (line_rows(score), ["line", "needed", "needless", "missed", "avoids", "adds"])):  # fmt: skip
        say()
        table = plain_table(*head)
        for row in rows:
            table.add_row(*row[: len(head)])
        terminal.print(table)
    paragraph(
        "A line alone: its pauses, and the catastrophes that it avoids per 100 races. Adds: what the whole "
        "specification avoids beyond the specification without that line."
    )
    paragraph(hangs_on(score))
    say(f"\n{score.replications} replications, seed {score.seed}, engine {score.engine}; same luck with and without")
    say(NOT_A_FORECAST)
    if page is not None:
        say(f"Written: {page}")


def write_document(score: Score, path: Path, typed: Sequence[str], changes: Sequence[str]) -> None:
    """Write the document; `typed` are the words after `labsim pause-spec`, `changes` what --set changed.

    Raises ScenarioError if the file cannot be written.
    """
    typed = pages.command(["pause-spec", *typed], changes, score.replications, score.seed, path)
    pages.write({path: document(score, typed)})


def document(score: Score, command: str) -> str:
    """The specification for people, and how it scores in the model."""
    return "\n".join([*specification_lines(score.spec), *score_lines(score, command)]).rstrip() + "\n"


def specification_lines(spec: Specification) -> list[str]:
    """The specification rendered for people, saying of each part whether the model obeys it."""
    lines = [
        f"# {spec.title}", "",
        f"When a loop of recursive self-improvement must stop and wait for human review before its next cycle. Parts "
        f'marked "{OBEYED}" are what a lab in the model does; parts marked "{PEOPLE}" are what only people can do.', "",
    ]  # fmt: skip
    for heading, table, keys in SECTIONS:
        lines += [f"## {heading}", ""]
        if table == "review":
            takes = f"A review takes {threshold('weeks', spec.weeks)}{_source(spec, 'weeks')}."
            lines += [f"{OBEYED} {takes} {IN_THE_MODEL}", ""]
        lines += _for_people(spec, table, keys)
        if table == "scope":
            lines += _conditions(spec)
    return lines


def _conditions(spec: Specification) -> list[str]:
    from labsim.show.describe import table

    rows = [[f"`{k}`", holds(k, value), spec.sources.get(k, "assumption")] for k, value in spec.conditions.items()]
    off = [f"`{name}`" for name in CONDITIONS if name not in spec.conditions]
    lines = ["## Pause when any of these holds after a cycle", "", OBEYED, ""]
    lines += table(["condition", "pause if", "source"], rows)
    lines += [f"Off: {', '.join(off)}.", ""] if off else []
    also = ("pause_when", "also") in spec.texts
    return lines + (_for_people(spec, "pause_when", {"also": "And when"}) if also else [])


def _for_people(spec: Specification, table: str, keys: dict[str, str]) -> list[str]:
    """The texts of a table, marked as not simulated; what is not said is said to be missing."""
    lines = [PEOPLE, ""]
    for key, lead in keys.items():
        texts = spec.texts.get((table, key), ("Not specified.",))
        if len(texts) == 1:
            lines.append(f"- {lead}: {texts[0]}" if lead else f"- {texts[0]}")
        else:
            lines += [f"- {lead}:", *(f"  - {text}" for text in texts)] if lead else [f"- {text}" for text in texts]
    return [*lines, ""]


def _source(spec: Specification, name: str) -> str:
    return f" (source: {spec.sources.get(name, 'assumption')})"


def score_lines(score: Score, command: str) -> list[str]:
    """The part of the document that says what the specification is worth in the model."""
    from labsim.show.describe import table

    obeyed = "all labs obey it; counts and harm of its own making are means over them" if len(score.labs) > 1 else (
        f"{score.labs[0]} alone obeys it"
    )  # fmt: skip
    return [
        "## How it scores in the model", "", NOT_A_FORECAST, "",
        f"In `{score.scenario.name}` {obeyed}. A pause is needed if true exposure, ln C - ln A, is above "
        f"{score.spec.danger:g}{_source(score.spec, 'danger')}; no lab can see it. Every race is run with the "
        f"specification and, under the same luck, with it silent. Intervals are mean ± {INTERVAL} standard errors; "
        "differences are paired.", "",
        *(f"- {text}" for text in remarks(score)), "",
        *table(["a race", "with it", "without it", "difference"], measure_rows(score)),
        "Weeks later: by how much later the lab got through the last cycle that it completed in both races. Without "
        "any pause, every cycle that ends in danger is missed; pauses also make such cycles fewer.", "",
        hangs_on(score), "",
        "### Condition by condition", "",
        "Of each condition alone: its pauses, and the catastrophes that it avoids per 100 races. Adds: what the whole "
        "specification avoids beyond the specification without that condition.", "",
        *table(
            ["condition", "needed", "needless", "missed", "catastrophes avoided", "adds", "own harm avoided", "adds"],
            [[f"`{row[0]}`", *row[1:]] for row in line_rows(score)],
        ),
        "### To make this document again", "",
        f"labsim {shipped.version()}, seed {score.seed}, {score.replications} replications, engine {score.engine}, "
        f"parameters `{RULE}`:", "",
        "```sh", command, "```", "",
    ]  # fmt: skip
