"""The model described by itself: the ODD protocol (Grimm et al. 2020), printed and never kept by hand.

Everything here is read from docstrings, `state.py`, `week.py`, the declarations of parameters and
the registries; only the design concepts are prose.
"""

import inspect
from collections import Counter
from typing import Any

from labsim.model import declaration, outcomes, state, strategies, week
from labsim.model.sources import Evidence, Source
from labsim.runs import record
from labsim.runs.fan import LEVELS
from labsim.runs.fan import QUANTITIES as FAN
from labsim.scenario.checked import CATALOGUE, FAMILIES, TABLES
from labsim.scenario.network import weights
from labsim.scenario.presets import FAMILIES as PRESETS
from labsim.scenario.presets import presets
from labsim.show.words import NOT_A_FORECAST

STATES = {
    "Lab": state.LabState,
    "Evaluator": state.EvaluatorState,
    "Race": state.RaceState,
}
RULES = {
    "events": "Events: what happens at a date",
    "safeguards": "Safeguards: what a lab binds itself to",
    "governance": "Governance: what is imposed on labs",
}
EVIDENCE = {  # kinds of evidence that are counted together, in print
    "sourced": (Evidence.PUBLISHED, Evidence.MEASURED, Evidence.COURSE, Evidence.CITED),
    "assumption": (Evidence.ASSUMPTION,),
    "calibrated": (Evidence.CALIBRATED,),
    "form or definition": (Evidence.FORM, Evidence.DEFINITION, Evidence.OFF, Evidence.NEUTRAL, Evidence.USER),
}
CONCEPTS = {
    "Basic principles": "Selection on imperfect measurements (the breeder's equation), a finishing-time contest, a "
    "shared hazard: capability outruns alignment because its target is sharp, and speed is bought with oversight.",
    "Emergence": "Who closes, when, in what order, who wins, the gap, the harm. Nothing of it is imposed.",
    "Adaptation": "A lab decides on the human in its loop each time a cycle of its own completes: see the strategies.",
    "Objectives": "A calculator maximises the expected value of the very payoff the model pays: prize, ruin, fines.",
    "Learning": "Imitators and explorers learn within a race; a lab's estimate of its own gain is a running mean.",
    "Prediction": "A calculator takes each option as held until the finish and supposes that rivals go on as they are; "
    "`decision.foresight` says whether it knows what removal does to alignment. It reckons with longer cycles, fines, "
    "liability, a treaty's sharing and a compute gate; not with pauses, licences, permits or a kill switch.",
    "Sensing": "Its own exam (partly faked, going stale), reports of evaluators (each with its own access, "
    "independence, competence and errors), what rivals publish at the start of the week under the information regime. "
    "Nobody senses the true gap.",
    "Interaction": "Ideas over a network, the market that moves compute, the contest, the common hazard, rules.",
    "Stochasticity": "Every draw is a function of seed, replication, lab, clock and purpose, so two policies meet the "
    "same luck. Draws of a cycle are keyed by the lab's cycle number, draws of the world by the week.",
    "Collectives": "None.",
    "Observation": "Outcomes by race, weekly quantiles over races, weeks, events and decisions of a sample.",
}


def first_line(thing: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n")[0].split())


def further(thing: Any) -> str:
    """What follows the first paragraph of a docstring, on one line: of a rule, where it comes from."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[2].split())


def whole(thing: Any) -> str:
    """A docstring's paragraphs."""
    return inspect.getdoc(thing) or ""


def table(head: list[str], rows: list[list[Any]]) -> list[str]:
    """A Markdown table."""

    def line(cells: list[Any]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    return [line(head), line(["---"] * len(head)), *(line(row) for row in rows), ""]


def steps() -> list[tuple[str, week.Kind, Any]]:
    """(heading of the part of the week, kind, rule), in order."""
    return [(part, kind, rule) for part, own in week.PARTS.items() for kind, rule in own]


def count_sources() -> dict[str, int]:
    """How many numbers have a source, are assumptions, or fixed by form or calibration."""
    kinds = Counter(d.source.kind for d in CATALOGUE.values())
    return {words: sum(kinds[kind] for kind in group) for words, group in EVIDENCE.items()}


def linked(source: Source) -> str:
    """A source in Markdown: its words, which lead to its address if it has one."""
    return f"[{source.text}]({source.url})" if source.url else source.text


def odd() -> str:
    """The description of the model after the ODD protocol, in Markdown: all seven elements."""
    lines = ["# labsim: the model, after the ODD protocol", "", NOT_A_FORECAST, ""]
    counts = count_sources()
    lines += [f"{len(CATALOGUE)} numbers: " + ", ".join(f"{n} {kind}" for kind, n in counts.items()) + ".", ""]
    lines += [
        "## 1. Purpose and patterns",
        "",
        "To compare worlds in which AI labs decide whether a human stays in their",
    ]
    lines += ["loop of self-improvement: how incentives, rules and evaluators move that decision, and what follows."]
    lines += ["Patterns it must show: growth of capability and alignment a cycle with and without the human"]
    lines += ["(`labsim calibrate cycle`), the pace of the frontier (`labsim calibrate frontier`), and the limits that"]
    lines += ["`tests/test_limits.py` states.", "", "## 2. Entities, state variables and scales", ""]
    lines += [
        f"A step is a week; week 0 begins on 1 April 2026; the horizon is {CATALOGUE['race.weeks'].default} weeks.",
        "",
    ]
    for name, entity in STATES.items():
        lines += [f"### {name}", "", whole(entity), ""]
        rows = [[f"`{f.name}`", f.metadata["meaning"], f.metadata["unit"], f"{f.default:g}"] for f in fields_of(entity)]
        lines += table(["quantity", "is", "unit", "starts at"], rows)
    lines += ["## 3. Process overview and scheduling", "", whole(week), ""]
    lines += table(["kind of step", "is called as", "for"], [[k, f"`{k.signature}`", k.called_for] for k in week.Kind])
    heading = None
    for part, kind, rule in steps():
        if part != heading:
            lines += [f"{'' if heading is None else chr(10)}**{part}**", ""]
            heading = part
        if isinstance(rule, dict):
            lines += [f"- {kind}: {', '.join(f'`{name}`' for name in rule)}"]
        else:
            lines += [f"- `{rule.__name__}` ({kind}): {first_line(rule)}"]
    lines += ["", "## 4. Design concepts", ""]
    lines += [f"- **{name}.** {text}" for name, text in CONCEPTS.items()]
    lines += ["", "## 5. Initialization", ""]
    lines += [f"- `{rule.__name__}` ({kind}): {first_line(rule)}" for kind, rule in week.START]
    lines += ["", f"The network of ideas: {first_line(weights)}", "", "## 6. Input data", ""]
    lines += ["None during a race. METR's time horizons 1.1 calibrate the pace (`labsim calibrate horizons`).", ""]
    lines += ["## 7. Submodels", "", "### Strategies: how a lab decides", ""]
    lines += table(["strategy", "is"], [[f"`{n}`", first_line(f)] for n, f in strategies.STRATEGIES.items()])
    for family, title in RULES.items():
        lines += [f"### {title}", ""]
        rules = FAMILIES[family].items()
        lines += table(["path", "is"], [[f"`{family}.{n}`", " ".join(whole(r).split())] for n, r in rules])
    for family, title in PRESETS.items():
        lines += [f"### Presets: {title}", ""]
        rows = [
            [f"`{p.name}`", p.described, ", ".join(f"`{path}` {value}" for path, value in p.values.items()), p.source]
            for p in presets(family).values()
        ]
        lines += table(["preset", "is", "sets", "source"], rows)
    lines += ["### Parameters", ""]
    for name, group in TABLES.items():
        lines += [f"**{name}**: {first_line(group)}", ""]
        rows = [
            [
                f"`{name}.{key}`",
                d.meaning,
                "never" if d.default is None else d.default,
                d.unit,
                d.allowed,
                "" if d.likely is None else "{:g} to {:g}".format(*d.likely),
                d.kind,
                d.source.kind,
                linked(d.source),
            ]
            for key, d in declaration.declarations(group).items()
        ]
        lines += table(["parameter", "is", "default", "unit", "allowed", "likely", "kind", "evidence", "source"], rows)
    lines += ["### Outcomes", ""]
    lines += table(["outcome", "is"], [[f"`{name}`", outcome.meaning] for name, outcome in outcomes.OUTCOMES.items()])
    return "\n".join(lines) + "\n"


def fields_of(kind: type) -> tuple:
    """The declared quantities of a kind of state."""
    import dataclasses

    return dataclasses.fields(kind)


def dictionary() -> str:
    """The data dictionary: every column of every table that a run leaves, in Markdown."""
    lab = {f.name: (f.metadata["meaning"], f.metadata["unit"]) for f in fields_of(state.LabState)}
    race = {f"race_{f.name}": (f.metadata["meaning"], f.metadata["unit"]) for f in fields_of(state.RaceState)}
    common = {
        "replication": ("which future: the luck", ""), "week": ("week of the race", "week"),
        "lab": ("name of the lab", ""),
        "cycle": ("number of the lab's cycle", ""), "strategy": ("the lab's strategy", ""),
        "was": ("oversight before the decision", ""), "event": ("what happened: see below", ""),
        "value": ("what the event is about: a margin, an exposure, a fine, a share of the win", ""),
    }  # fmt: skip
    lines = ["# Tables of a run", "", "Written by `labsim run`, in Parquet. A future is a replication.", ""]
    lines += ["One that failed (a strategy or rule raised) has no row: `manifest.json` lists it under `failed`.", ""]
    rows = [["replication", "which future: the luck", ""]]
    rows += [["world", "of which world, with --worlds W: replication modulo W; its luck: replication // W", ""]]
    rows += [["PATH", "the drawn value of an uncertain parameter, if the scenario has any", ""]]
    rows += [[name, o.meaning, "share" if o.is_share else o.unit] for name, o in outcomes.OUTCOMES.items()]
    rows += [["all_keep.NAME, all_remove.NAME", "the same outcome in the twin of the same luck", ""]]
    lines += ["## runs: a row for each future", "", *table(["column", "is", "unit"], rows)]
    titles = {"weeks": "a row for each lab and week of a sample", "events": "what happened in a sample",
              "decisions": "the ledger of each decision in a sample"}  # fmt: skip
    for name, columns in record.Record().tables().items():
        known = common | lab | race
        lines += [f"## {name}: {titles[name]}", ""]
        lines += table(["column", "is", "unit"], [[c, *known[c]] for c in columns])
        if name == "events":
            lines += table(["event", "is"], [[kind, text] for kind, text in record.EVENTS.items()])
    rows = [["week", "week of the race", "week"], ["quantity", ", ".join(FAN), ""], ["n", "futures still running", ""]]
    rows += [["mean", "over the futures still running", ""], [", ".join(LEVELS), "quantiles of the same", ""]]
    lines += ["## fan: weekly quantiles over all futures", "", *table(["column", "is", "unit"], rows)]
    return "\n".join(lines) + "\n"


def html(markdown: str, title: str) -> str:
    """A page that stands alone, from Markdown."""
    from markdown_it import MarkdownIt

    body = MarkdownIt().enable("table").render(markdown)
    style = (
        "body{max-width:60em;margin:2em auto;padding:0 1em;font:16px/1.5 Georgia,serif;color:#1d2126;"
        "background:#fbf9f5}"
        "table{border-collapse:collapse;font:14px/1.4 system-ui,sans-serif}"
        "td,th{border-bottom:1px solid #e2dcd1;padding:4px 10px 4px 0;text-align:left;vertical-align:top}"
        "code{font-size:.92em}"
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style><body>{body}</body></html>\n'
    )
