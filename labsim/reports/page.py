"""The page of a report: one HTML file that needs nothing else, for people who were not there."""

import base64
import math
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from labsim.checks.report import finding_words, remark, shipped_mark
from labsim.games.closure_game import CELLS, CHICKEN, DEADLOCK, HARMONY, PRISONERS_DILEMMA, STAG_HUNT, TOO_CLOSE
from labsim.games.game_report import sentence
from labsim.model.outcomes import OUTCOMES
from labsim.reports.figures import RUNNING, SHOWN, figures, strongest
from labsim.reports.report import ASSUMPTIONS, CLOSERS, GAME, Report
from labsim.reports.sensitivity import Effect
from labsim.scenario import shipped
from labsim.scenario.checked import ABOUT, CATALOGUE
from labsim.show import pages
from labsim.show.describe import count_sources
from labsim.show.answers import answer, worlds_sentence
from labsim.show.numbers import estimate, short
from labsim.show.printouts import changed, evidence, sources
from labsim.show.words import NOT_A_FORECAST, listed

TEMPLATE = "report.html"
TILES = ("catastrophe", "closers", "first_closure_week", "race_weeks", "delay_cost")
FONTS = {"Source Sans 3": "source-sans-3", "Source Serif 4": "source-serif-4"}
IS = {
    HARMONY: "no temptation (harmony)", STAG_HUNT: "a stag hunt", PRISONERS_DILEMMA: "a prisoner's dilemma",
    DEADLOCK: "a deadlock", CHICKEN: "a game of chicken", TOO_CLOSE: "a game too close to call",
}  # fmt: skip
NOTES = {"notice": "Notice.", "try": "Try.", "origin": "Origin."}  # what stands before a note of this name


def write(report: Report, path: Path) -> None:
    """Write the page, or replace it. Raises ScenarioError if it cannot be written."""
    pages.write({path: html(report, path)})


def html(report: Report, path: Path) -> str:
    """The page as a text; `path` is what the file is called in the command that makes it again."""
    import jinja2

    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template(TEMPLATE).render(content(report, path))
    for text in (" ± ", "± 95", " %"):
        page = page.replace(text, text.replace(" ", "\N{NO-BREAK SPACE}"))
    return page + "\n"


def content(report: Report, path: Path) -> dict[str, Any]:
    """What the template shows, by name: texts, tables as rows of texts, figures."""
    scenario, results, played = report.scenario, report.results, report.game
    manifest, urls = report.provenance, {path: each.url for path, each in evidence(scenario).items()}
    source = f"labsim {manifest.get('labsim', '')}, {{}} futures, seed {results.seed}"
    return {
        "title": scenario.title or scenario.name, "question": scenario.question, "name": scenario.name,
        "notes": [(NOTES.get(name, ""), " ".join(text.split())) for name, text in scenario.notes.items()],
        "changes": report.changes,
        "answer": answer_in_two(report), "not_a_forecast": NOT_A_FORECAST, "tiles": list(tiles(report)),
        "figures": figures(report), "source": source.format, "results": results, "running": f"{100 * RUNNING:.0f}",
        "counts": {"closers": report.replications[CLOSERS], "game": report.replications[GAME],
                   "assumptions": report.replications[ASSUMPTIONS]},
        "outcomes": list(outcome_rows(report)), "game": played and played.closure, "cells": list(cells(report)),
        "game_sentence": played and sentence(played.closure), "claims": list(claims(report)),
        "changed": any(block.get(ABOUT) for block in scenario.expect),
        "effects": [effect_row(effect, urls) for effect in strongest(report.effects)], "moved": len(report.effects),
        "shown": SHOWN, "keep_their_own": [e for e in strongest(report.effects) if e.moved.keep_their_own],
        "drawn": {path: dict(spec) for path, spec in scenario.uncertainties.items()},
        "source_counts": count_sources(), "numbers": len(CATALOGUE), "differs": list(differences(report)),
        "labs": scenario.all_labs, "provenance": list(provenance(report)), "run": report.run,
        "other_model": report.other_model, "commands": list(commands(report, path)), "themes": themes(),
        "fonts": fonts(), "verdict": played and played.closure.label,
    }  # fmt: skip


def answer_in_two(report: Report) -> list[str]:
    """The answer in two sentences: what happens, then what kind of game it is and what it hangs on most."""
    results, parts = report.results, []
    if report.game:
        game = report.game.closure
        gain = estimate(game.closure_premium, "%", sign=True)
        parts.append(
            f"for {game.focal}, closing is {IS[game.label]}: removing the human while the others keep it changes its "
            f"payoff by {gain} % of the prize"
        )
    if top := strongest(report.effects)[:1]:
        effect = top[0]
        unit = CATALOGUE[effect.moved.path].unit
        ends = f"{short(effect.moved.low)} to {short(effect.moved.high)} {unit}".rstrip()
        parts.append(
            f"of all that is assumed, this matters most: {effect.moved.words}, which from {ends} moves harm by "
            f"{estimate(effect.at_low, '%', sign=True)} to {estimate(effect.at_high, '%', sign=True)} of 100 futures"
        )
    over = results.worlds
    first = answer(results.summaries, results.twins, len(report.scenario.all_labs))
    if over is not None:
        first = worlds_sentence(over) if over.luck_is_apart else f"{first} {worlds_sentence(over)}"
    second = "; ".join(parts)
    return [first, f"{second[0].upper()}{second[1:]}."] if second else [first]


def tiles(report: Report) -> Iterator[dict[str, str]]:
    """A few outcomes as large figures."""
    for name in TILES:
        summary, outcome = report.results.summaries[name], OUTCOMES[name]
        if summary.n:
            value, _, half = estimate(summary, outcome.unit).partition(" ± ")
            yield {"words": outcome.label, "value": value, "half": half}


def outcome_rows(report: Report) -> Iterator[list[str]]:
    """Every outcome: words, name, this world, the twins' own levels, paired differences from them."""
    results = report.results
    for name, outcome in OUTCOMES.items():
        unit = outcome.unit
        levels = [estimate(results.twin_levels[twin][name], unit) for twin in ("all_keep", "all_remove")]
        differences = [estimate(results.twins[twin][name], unit, sign=True) for twin in ("all_keep", "all_remove")]
        yield [outcome.label, name, levels[0], estimate(results.summaries[name], unit), levels[1], *differences]


def cells(report: Report) -> Iterator[dict[str, Any]]:
    """The four cells of the closure game: who does what, what it pays, whether it is the better reply."""
    if report.game is None:
        return
    game = report.game.closure
    better = {"R": -game.closure_premium.mean, "T": game.closure_premium.mean,
              "S": -game.last_keeper.mean, "P": game.last_keeper.mean}  # fmt: skip
    for name in CELLS:
        yield {"name": name, "pays": estimate(game.payoffs[name], "%"), "better": better[name] > 0}


def claims(report: Report) -> Iterator[dict[str, str]]:
    """The scenario's claims: the verdict, what the model says instead where it contradicts one, and the numbers."""
    for c in report.checked:
        e = c.expectation
        yield {"claim": e.claim, "verdict": c.verdict, "remark": remark(c), "found": finding_words(c)}
    put = {c.expectation.claim for c in report.checked}
    for block in report.scenario.expect:
        if block["claim"] not in put:  # of a lab that is gone, or a date that no longer fits
            yield {"claim": block["claim"], "verdict": "not put", "remark": shipped_mark(block.get(ABOUT)),
                   "found": "It does not fit this world."}  # fmt: skip


def effect_row(effect: Effect, urls: Mapping[str, str]) -> dict[str, Any]:
    """An assumption and its effect, as texts; `urls` lead to the sources of values, by path."""
    moved, unit = effect.moved, CATALOGUE[effect.moved.path].unit
    return {
        "path": moved.path, "words": moved.words, "value": short(moved.value),
        "low": short(moved.low), "high": f"{short(moved.high)} {unit}".rstrip(), "declared": moved.declared,
        "at_low": estimate(effect.at_low, "%", sign=True), "at_high": estimate(effect.at_high, "%", sign=True),
        "source": effect.source, "url": urls[moved.path], "own": moved.keep_their_own,
    }  # fmt: skip


def differences(report: Report) -> Iterator[dict[str, str]]:
    """What this scenario sets: a row for each parameter that is not its default, and for each of a lab's own."""
    scenario, known = report.scenario, sources(report.scenario)
    for path, value in changed(scenario).items():
        default = CATALOGUE[path].default
        yield {"who": "", "path": path, "words": CATALOGUE[path].meaning, "value": _text(value),
               "default": _text(default), "source": known[path], "unlikely": unlikely(path, value)}  # fmt: skip
    for lab in scenario.labs or ():
        for path, value in lab.values.items():
            yield {"who": lab.name, "path": path, "words": CATALOGUE[path].meaning, "value": _text(value),
                   "default": _text(scenario[path]),
                   "source": scenario.sources.get(f"{lab.name} {path}") or listed(list(lab.presets.values()))
                   or "assumption", "unlikely": unlikely(path, value)}  # fmt: skip


def unlikely(path: str, value: Any) -> str:
    """The range in which a number may well lie, if this value is outside it; else nothing."""
    low, high = CATALOGUE[path].likely or (-math.inf, math.inf)
    if isinstance(value, str | None) or low <= value <= high:
        return ""
    return f"outside the likely {short(low)} to {short(high)}"


def _text(value: Any) -> str:
    if value is None:
        return "never"
    return value if isinstance(value, str) else short(value)


def provenance(report: Report) -> Iterator[tuple[str, str]]:
    """Where the numbers come from: (what, which)."""
    manifest = report.provenance
    yield "labsim", str(manifest.get("labsim"))
    yield "model", f"{manifest.get('model')} (hash of the rules)"
    yield "commit", manifest.get("commit") or "unknown"
    yield "scenario", f"{report.scenario.name}, sha256 {manifest.get('scenario_hash')}"
    design = report.results.design
    worlds = f" of {design.worlds} worlds" if design is not None and design.worlds is not None else ""
    failed = " (the others failed: a strategy or rule raised)" if report.results.failures else ""
    yield "replications, seed", f"{report.results.of_tried}{worlds}{failed}, {report.results.seed}"
    yield "engine, sampling", f"{report.results.engine}, {manifest.get('sampling')}"
    yield "packages", ", ".join(f"{name} {version}" for name, version in manifest.get("packages", {}).items())
    yield "Python, platform", f"{manifest.get('python')}, {manifest.get('platform')}"
    if report.run:
        yield "run", f"{report.run}, made {manifest.get('started')}"


def commands(report: Report, path: Path) -> Iterator[tuple[str, str]]:
    """(what for, command) to have all of this again, and to go on."""
    sets = [word for change in report.changes for word in ("--set", change)]
    world = str(report.run / "scenario.toml") if report.run else report.typed
    luck = ["--replications", str(report.results.tried), "--seed", str(report.results.seed)]
    if report.run:
        yield "this page", shlex.join(["labsim", "report", report.typed, "--out", path.as_posix()])
    else:
        yield "this page", pages.command(["report", world], report.changes, *map(int, luck[1::2]), path)
    design = report.results.design
    over = ["--worlds", str(design.worlds)] if design is not None and design.worlds is not None else []
    yield "its outcomes", shlex.join(["labsim", "run", world, *sets, *luck, *over])
    if report.game:
        yield (
            "the closure game",
            shlex.join(["labsim", "game", world, *sets, "--replications", str(report.replications[GAME]), *luck[2:]]),
        )
    if report.checked:
        yield "its claims", shlex.join(["labsim", "check", world, *sets, "--seed", luck[-1]])
    yield "every value and its source", shlex.join(["labsim", "show", world, *sets, "--json"])
    yield "the model in words", "labsim describe"


@cache
def themes() -> dict[str, str]:
    """The colours of the app, by theme, as CSS."""
    css = (shipped.folder("viz") / "assets" / "tokens.css").read_text(encoding="utf-8")
    return dict(re.findall(r"/\* theme:(\w+) \*/(.*?)/\* end \*/", css, flags=re.S))


@cache
def fonts() -> dict[str, str]:
    """The app's typefaces, in base64, by name."""
    folder = shipped.folder("viz") / "assets" / "fonts"
    return {name: base64.b64encode((folder / f"{file}.woff2").read_bytes()).decode() for name, file in FONTS.items()}
