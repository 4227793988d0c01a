"""What `labsim check` prints: each claim, what the model says of it, the verdict; then how many of each."""

from collections.abc import Sequence

from rich.text import Text

from labsim.checks.expectation_check import ERRORS, PASSED, VERDICTS, Checked
from labsim.model.outcomes import LABELS
from labsim.scenario.expectations import CONTRADICTED, OPEN, TWINS, UNCHANGED, Expectation
from labsim.scenario.presets import SCENARIO_KEY
from labsim.show.terminal import NOT_A_FORECAST, estimate, listed, number, out, paragraph, say

MARKS = {"passed": "passed", "failed": "FAILED", "inconclusive": "inconclusive", OPEN: "open"}
GAME_WORDS = {
    "closure_premium": "closure premium, prizes", "last_keeper": "price of being the last keeper, prizes",
    "collective_loss": "collective loss, prizes", "label": "the game",
}  # fmt: skip


def measured(e: Expectation) -> tuple[str, str]:
    """What an expectation looks at, in words, and the unit of its number."""
    words, unit = LABELS.get(e.outcome, ("", "")) if e.lab is None else ("", "")
    words = words or GAME_WORDS.get(e.outcome, e.outcome.replace("_", " "))
    if e.beyond is not None:
        words, unit = f"races in which {words.split(', of 100')[0]} is beyond {e.beyond:g}, %", "%"
    if unit and "of 100" not in words and unit not in words:
        words += f", {unit}"
    return words + (f", of {e.lab}" if e.lab else ""), unit


def _changes(changes: dict) -> str:
    """A table of changes in words."""
    words = {key: listed(value) if isinstance(value, list) else value for key, value in changes.items()}
    return listed([f"{key} {value}".removeprefix(f"{SCENARIO_KEY} ") for key, value in words.items()]) or "no change"


def compared(e: Expectation) -> str:
    """Which worlds an expectation compares, in words; nothing for the scenario as it is."""
    against = ""
    if e.against in TWINS:
        against = f"less the same if {e.against.replace('_', ' ')}"
    elif e.against == UNCHANGED:
        against = "less this world as it is"
    elif isinstance(e.against, str):
        against = f"less {e.against}"
    elif e.against is not None:
        against = f"less with {_changes(e.against)}"
    where = f"with {_changes(e.where)}" if e.where else ""
    beside = f"what changes by {_changes(e.beside)}" if e.beside is not None else ""
    return "; ".join(part for part in (where, against, beside) if part)


def shipped_mark(about: str | None) -> str:
    """What is written beside a claim that was made of another world, from which this one was changed."""
    return f"About {about}, as shipped." if about else ""


def remark(c: Checked) -> str:
    """What is written beside a claim: of which world it was made, what the model says instead if it contradicts it."""
    e = c.expectation
    still = "The model contradicts this" if c.verdict == PASSED else "The model as it was contradicted this"
    finding = f"{still}: {e.finding}" if e.status == CONTRADICTED else e.finding
    return " ".join(text for text in (shipped_mark(e.about), finding) if text)


def finding_words(c: Checked) -> str:
    """The number that was found, with its interval, and what was expected."""
    e = c.expectation
    words, unit = measured(e)
    if c.effect is None:
        found = c.label
    elif c.effect.se == 0.0:
        found = number(c.effect.mean, unit) if unit == "%" else f"{c.effect.mean:.6g}"  # exact: with its digits
    else:
        found = estimate(c.effect, unit, sign=e.against is not None)
    where = f" ({compared(e)})" if compared(e) else ""
    times = 100.0 if unit == "%" else 1.0
    if e.found is None:
        return f"{words}{where}: {found}; expected: {e.test.words(times)}"
    return f"{words}{where}: {found}; claimed: {e.test.words(times)}; expected instead: {e.found.words(times)}"


def check_report(
    found: Sequence[Checked], seed: int, silent: Sequence[str] = (), replications: int | None = None,
    changes: Sequence[str] = (),
) -> None:  # fmt: skip
    """Print the verdicts, scenario by scenario, and their count; `silent` are scenarios that claim nothing."""
    scenario = None
    for c in found:
        e = c.expectation
        if e.scenario != scenario:
            scenario = e.scenario
            say()
            out.print(Text(scenario, style="bold"))
        paragraph(f"{MARKS[c.verdict]:<12}  {e.number}. {e.claim}", "  ", " " * 19)
        if remark(c):
            paragraph(remark(c), " " * 19, " " * 19)
        paragraph(finding_words(c), " " * 19, " " * 19)
    say()
    counts = counted(found)
    for name in silent:
        say(f"{name} makes no claims.")
    how = [f"seed {seed}", *([f"{replications} replications"] if replications else [])]
    how += [f"changed: {', '.join(changes)}"] if changes else []
    paragraph(f"{', '.join(f'{count} {verdict}' for verdict, count in counts.items())} ({'; '.join(how)}).")
    paragraph(
        f"± is a 95 % interval. A claim passes where its effect is beyond {ERRORS:g} standard errors and fails where "
        "that much is against it; one that the model contradicts passes while it does. "
        f"{NOT_A_FORECAST}"
    )


def counted(found: Sequence[Checked]) -> dict[str, int]:
    """How many of each verdict."""
    verdicts = [c.verdict for c in found]
    return {name: verdicts.count(name) for name in (*VERDICTS, OPEN)}
