"""What `labsim check` prints: each claim, what the model says of it, the verdict; then how many of each."""

from collections.abc import Sequence

from rich.text import Text

from labsim.checks.expectation_check import ERRORS, PASSED, VERDICTS, Checked
from labsim.model.outcomes import OUTCOMES, is_share
from labsim.scenario.expectations import CONTRADICTED, OPEN, UNCHANGED, Expectation
from labsim.scenario.scenario import TWINS
from labsim.scenario.presets import SCENARIO_KEY
from labsim.show.numbers import estimate, number, significant
from labsim.show.terminal import out, paragraph, say
from labsim.show.words import NOT_A_FORECAST, PLUS_MINUS, listed

MARKS = {"passed": "passed", "failed": "FAILED", "inconclusive": "inconclusive", OPEN: "open"}
GAME_WORDS = {
    "closure_premium": "closure premium, prizes", "last_keeper": "price of being the last keeper, prizes",
    "collective_loss": "collective loss, prizes", "label": "the game",
}  # fmt: skip


def measured(e: Expectation) -> tuple[str, str]:
    """What an expectation looks at, in words, and the unit of its number."""
    of_race = OUTCOMES.get(e.outcome) if e.lab is None else None
    words = of_race.words if of_race else GAME_WORDS.get(e.outcome, e.outcome.replace("_", " "))
    label, unit = (of_race.label, of_race.unit) if of_race else (words, "")
    if e.beyond is not None:
        label, unit = f"races in which {words} is beyond {e.beyond:g}, %", "%"
    return label + (f", of {e.lab}" if e.lab else ""), unit


def _changes(changes: dict) -> str:
    """A table of changes in words."""
    words = {key: listed(value) if isinstance(value, list) else value for key, value in changes.items()}
    return listed([f"{key} {value}".removeprefix(f"{SCENARIO_KEY} ") for key, value in words.items()]) or "no change"


def compared(e: Expectation) -> str:
    """Which worlds an expectation compares, in words; nothing for the scenario as it is."""
    against = ""
    if isinstance(e.against, str) and e.against in TWINS:
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
        result = c.label
    elif c.effect.se == 0.0:
        exact = c.effect.mean  # so with its digits
        result = number(exact, unit) if is_share(unit) else significant(exact, 6)
    else:
        result = estimate(c.effect, unit, sign=e.against is not None)
    where = f" ({compared(e)})" if compared(e) else ""
    times = 100.0 if is_share(unit) else 1.0
    if e.found is None:
        return f"{words}{where}: {result}; expected: {e.test.words(times)}"
    return f"{words}{where}: {result}; claimed: {e.test.words(times)}; expected instead: {e.found.words(times)}"


def check_report(
    checked: Sequence[Checked], seed: int, silent: Sequence[str] = (), replications: int | None = None,
    changes: Sequence[str] = (),
) -> None:  # fmt: skip
    """Print the verdicts, scenario by scenario, and their count; `silent` are scenarios that claim nothing."""
    scenario = None
    for c in checked:
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
    counts = counted(checked)
    for name in silent:
        say(f"{name} makes no claims.")
    how = [f"seed {seed}", *([f"{replications} replications"] if replications else [])]
    how += [f"changed: {', '.join(changes)}"] if changes else []
    paragraph(f"{', '.join(f'{count} {verdict}' for verdict, count in counts.items())} ({'; '.join(how)}).")
    paragraph(
        f"{PLUS_MINUS} A claim passes where its effect is beyond {ERRORS:g} standard errors and fails where "
        "that much is against it; one that the model contradicts passes while it does. "
        f"{NOT_A_FORECAST}"
    )


def counted(checked: Sequence[Checked]) -> dict[str, int]:
    """How many of each verdict."""
    verdicts = [c.verdict for c in checked]
    return {name: verdicts.count(name) for name in (*VERDICTS, OPEN)}
