"""What `labsim why` prints: the reason in a sentence, the terms, the beliefs, what would have turned it."""

from pathlib import Path

from rich.text import Text

from labsim.model.strategies import STRATEGIES
from labsim.reasons.quantities import LOOKED_AT
from labsim.reasons.reasons import Decision
from labsim.reasons.terms import Term
from labsim.scenario.files import named
from labsim.show.numbers import fixed, number, true_minus
from labsim.show.printouts import plain_table
from labsim.show.terminal import out, paragraph, say
from labsim.show.words import NOT_A_FORECAST

LEAST_SHOWN = 0.0005  # prizes: a term that is smaller is nothing in the table
SUM = "sum"  # of the terms; their differences add up to the margin


def prizes(value: float) -> str:
    """A number of prizes, always with its sign; a true minus."""
    return "0" if abs(value) < LEAST_SHOWN else fixed(value, 3, sign=True)


def margin(value: float) -> str:
    """A margin in prizes: however small, it says which way it goes."""
    if not 0 < abs(value) < LEAST_SHOWN:
        return prizes(value)
    rounded = f"{value:.1e}"
    return fixed(float(rounded), 1 - int(rounded[-3:]), sign=True)


def act(decision: Decision) -> tuple[str, str]:
    """What the lab does, as "(why did it) keep the human" and "(it) keeps the human"."""
    closed = decision.position.lab.oversight == 0.0
    if decision.removes and not decision.position.able:
        return "want to remove the human", "would remove the human, if its system could run without one,"
    if decision.removes:
        return (
            ("stay without a human", "stays without a human") if closed else ("remove the human", "removes the human")
        )
    return ("take the human back", "takes the human back") if closed else ("keep the human", "keeps the human")


def what_it_does(decision: Decision) -> str:
    """The choice for people: "Birch removes the human in week 12"."""
    return f"{decision.lab} {act(decision)[1]} in week {decision.week}"


def sentence(decision: Decision) -> str:
    """The choice and its main reasons in one sentence."""
    if not decision.terms:
        strategy = decision.position.strategy
        rule = (STRATEGIES[strategy].__doc__ or "").strip().split("\n")[0].rstrip(".")
        return f"{what_it_does(decision)}: it weighs nothing, its strategy is {strategy}. {rule}."
    sign = 1.0 if decision.removes else -1.0
    ranked = sorted(decision.terms, key=lambda term: -abs(term.difference))
    shown = [term for term in ranked if abs(term.difference) >= LEAST_SHOWN]
    for_it = [term for term in shown if term.difference * sign > 0][:2]
    against = [term for term in shown if term.difference * sign < 0][:2]
    because = f" because of {_named(for_it)}" if for_it else ""
    despite = f", despite {_named(against)}" if against else ""
    better, worse = ("removing", "keeping") if decision.removes else ("keeping", "removing")
    more = f"is worth {margin(abs(decision.margin)).lstrip('+')} prizes more to it than {worse}"
    worth = f"{better.capitalize()} {more}." if decision.margin else "Both are worth the same to it."
    return f"{what_it_does(decision)}{because}{despite}. {worth}"


def _named(terms: list[Term]) -> str:
    return " and ".join(f"{term.words} ({prizes(term.difference)})" for term in terms)


def why_report(decision: Decision, plot: Path | None = None) -> None:
    """What `labsim why` prints of one decision."""
    race = decision.race
    out.print(Text(f"{named(race.scenario)}, future {race.replication}, seed {race.seed}", style="bold"))
    paragraph(sentence(decision))
    if decision.chance is not None:
        act = "removes" if decision.removes else "keeps"
        paragraph(f"A lab in this position {act} the human in {100 * decision.chance:.0f} of 100 draws of its leaning.")
    if decision.terms:
        _terms(decision)
        _beliefs(decision)
    if decision.rivals:
        _rivals(decision)
    _looked_at(decision)
    _flips(decision)
    if race.drawn:
        values = ", ".join(f"{path} = {value:.4g}" for path, value in race.drawn.items())
        paragraph(f"Parameters drawn in this future: {values}")
    say(NOT_A_FORECAST)
    if plot is not None:
        say(f"Drawn: {plot}")


def _terms(decision: Decision) -> None:
    table = plain_table("What it weighed, in prizes", "keep", "remove", "difference")
    for term in decision.terms:
        if max(abs(term.keep), abs(term.remove)) >= LEAST_SHOWN:
            table.add_row(term.words, prizes(term.keep), prizes(term.remove), prizes(term.difference))
    sums = [prizes(sum(getattr(term, option) for term in decision.terms)) for option in ("keep", "remove")]
    table.add_row(*(Text(word, style="bold") for word in (SUM, *sums, margin(decision.margin))))
    say()
    out.print(table)


def _beliefs(decision: Decision) -> None:
    table = plain_table("What it believed of itself", "believed", "in truth")
    for belief in decision.beliefs:
        words = belief.words + (f", {belief.unit}" if belief.unit else "")
        table.add_row(words, number(belief.believed, belief.unit), number(belief.true, belief.unit))
    say()
    out.print(table)


def _rivals(decision: Decision) -> None:
    chance = f"wins_if_{'remove' if decision.removes else 'keep'}"
    columns = {"C": ("capability", ""), "oversight": ("oversight", ""), "weeks to go": ("weeks", "")}
    if decision.terms:
        columns |= {"risk, %": ("risk", "%"), "wins, %": (chance, "%")}
    table = plain_table("Its rivals", *columns)
    for name, pair in decision.rivals.items():
        table.add_row(Text(name), *(
            " / ".join(number(getattr(seen, field), unit) for seen in pair) for field, unit in columns.values()
        ))  # fmt: skip
    say()
    out.print(table)
    paragraph("(believed / in truth; C and weeks as of the start of the week; wins: if the lab does as it did)")


def _looked_at(decision: Decision) -> None:
    if decision.position.weighs:
        return
    known = {flip.name: flip.words for flip in decision.flips} | {q.name: q.words for q in decision.never}
    say()
    if decision.position.strategy not in LOOKED_AT:
        say("What it looks at is its own affair; nothing was tried to turn it.")
    elif not decision.looked_at:
        say("It looks at nothing, so nothing turns it.")
    for name, value in decision.looked_at.items():
        say(f"It looked at {known[name]}: {value:.4g}")


def _flips(decision: Decision) -> None:
    if not (decision.flips or decision.never):
        return
    say()
    table = plain_table("What would have changed its mind, each alone", "as it is", "turns at", "")
    table.columns[-1].justify = "left"
    for flip in decision.flips:
        table.add_row(flip.words, *(true_minus(text) for text in (flip.now_text, flip.text)), flip.unit)
    if decision.flips:
        out.print(table)
        paragraph("(nearest first; each was found and checked by deciding again: a little less does not turn it)")
    for turns, words in ((True, "It would also have turned"), (False, "It would not have turned")):
        cases = [switch.words for switch in decision.switches if switch.turns == turns]
        if cases:
            paragraph(f"{words}: {'; '.join(cases)}.")
    if decision.never:
        paragraph(f"No value in range turns it: {'; '.join(quantity.words for quantity in decision.never)}.")


def all_report(decisions: list[Decision]) -> None:
    """What `labsim why --all` prints: one line for each decision of a lab."""
    race = decisions[0].race
    out.print(Text(f"{named(race.scenario)}, future {race.replication}, seed {race.seed}: {decisions[0].lab}",
                   style="bold"))  # fmt: skip
    table = plain_table("week", "margin", "choice", "of 100", "nearest change that turns it")
    table.columns[-1].justify = "left"
    for decision in decisions:
        nearest = decision.flips[0] if decision.flips else None
        turns = nearest and tuple(map(true_minus, (nearest.text, nearest.now_text)))
        words = f"{nearest.words}: {turns[0]} for {turns[1]}" if nearest else "none in range"
        table.add_row(
            str(decision.week), "" if decision.margin is None else margin(decision.margin),
            "remove" if decision.removes else "keep", "" if decision.chance is None else f"{100 * decision.chance:.0f}",
            words,
        )  # fmt: skip
    out.print(table)
    paragraph("(of 100: in how many draws of its leaning a lab in this position does so)")
    say(NOT_A_FORECAST)
