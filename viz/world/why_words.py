"""What the Why screen says of a decision, in words and points; the reasons themselves are labsim's."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from labsim.reasons.counterfactuals import Flip
from labsim.reasons.plot import steps
from labsim.reasons.quantities import LOOKED_AT, Quantity
from labsim.reasons.reasons import Decision
from labsim.reasons.report import act, sentence
from labsim.reasons.terms import View
from labsim.show.numbers import TIMES, fixed, true_minus
from viz.world.changes import WEEKS_A_MONTH
from viz.world.said import POINTS

SLIGHT = 0.05  # of the largest: a reason that is smaller is not worth a sentence
AS_POINTS = {"prizes": "points", "prizes a year": "points a year"}


def month(week: float) -> int:
    """The month that a week belongs to."""
    return round(week / WEEKS_A_MONTH)


def points(prizes: float, sign: bool = True) -> str:
    """Prizes in points; small ones with a decimal."""
    value = POINTS * prizes
    return fixed(value, 0 if abs(value) >= 0.95 else 1, sign)


def question(decision: Decision) -> str:
    """The title: why it did what it did."""
    return f"Why did {decision.lab} {act(decision)[0]} in month {month(decision.week)}?"


def answer(decision: Decision) -> str:
    """The main reasons and how clear they were."""
    if not decision.terms:
        return _capital(sentence(decision).split(": ", 1)[1])
    *parts, _ = steps(decision)
    changes = [(words, end - start) for words, start, end in parts]
    largest = max(abs(value) for _, value in changes)
    changes = [(words, value) for words, value in changes if abs(value) > SLIGHT * largest]
    heavier, lighter = ([f"{w} ({points(v)})" for w, v in changes if (v > 0) == side][:2] for side in (True, False))
    if not decision.removes:
        heavier, lighter = lighter, heavier
    better, worse = ("removing", "keeping") if decision.removes else ("keeping", "removing")
    gain = f"{better.capitalize()} was worth {points(abs(decision.margin), sign=False)} points more than {worse}."
    unable = " Its system could not run without a human yet." if decision.removes and not decision.position.able else ""
    against = f" weighed more than {_and(lighter)}." if lighter else " spoke for it, and nothing against."
    return f"{_capital(_and(heavier))}{against} {gain}{unable}" if heavier else f"{gain}{unable}"


def odds(decision: Decision) -> str:
    """The chance of the choice."""
    act = "removes" if decision.removes else "keeps"
    return f"{act} in {100 * decision.chance:.0f} of 100 draws of its leaning"


def so_far(decision: Decision) -> str:
    """The lab's decisions before this one and this one, counted."""
    table = decision.race.decisions
    mine = table[(table["lab"] == decision.lab) & (table["week"] <= decision.week)]["oversight"].tolist()
    runs: list[list[float]] = []
    for oversight in mine:
        if runs and runs[-1][0] == oversight:
            runs[-1][1] += 1
        else:
            runs.append([oversight, 1])
    if len(runs) > 4:
        return f"{decision.lab} so far: kept {mine.count(1.0)} times, closed {mine.count(0.0)} times, in turns"
    words = [f"{'closed' if state == 0.0 else 'kept'} {_times(count)}" for state, count in runs]
    return f"{decision.lab} so far: {', then '.join(words)}"


def went_by(decision: Decision) -> list[tuple[str, str]]:
    """What a strategy that weighs nothing looked at: (words, value)."""
    known = {q.name: q for q in LOOKED_AT.get(decision.position.strategy, ())}
    return [
        (_capital(known[name].words), amount(f"{v:.4g}", known[name].unit)) for name, v in decision.looked_at.items()
    ]


def went_by_nothing(decision: Decision) -> str:
    """Said where there is nothing that it looked at."""
    if decision.position.strategy not in LOOKED_AT:
        return "What it looks at is its own affair; nothing was tried to turn it."
    return "" if decision.looked_at else "It looks at nothing, so nothing turns it."


def turn(flip: Flip, quantity: Quantity) -> tuple[str, str]:
    """A change that would have turned the decision, as (the condition, the value): "If its ... were below", "2.1"."""
    up, value = flip.to > flip.now, amount(flip.text, flip.unit, away(flip))
    if quantity.whole:
        end = flip.to in (quantity.low, quantity.high)
        return f"If {flip.words} were", value if end else f"{value} or {'more' if up else 'less'}"
    return f"If {flip.words} were {'above' if up else 'below'}", value


def away(flip: Flip) -> int:
    """The side on which a change lies: 1 above what is, -1 below."""
    return 1 if flip.to > flip.now else -1


def amount(text: str, unit: str, side: int = 0) -> str:
    """A value and its unit as the app writes them: prizes in points, a logarithm as a ratio.

    A ratio is rounded up where `side` is 1, down where it is -1, so that it still turns what the value turns.
    """
    value = Decimal(text)
    if unit == "log":
        ratio = Decimal(math.exp(min(700.0, float(value))))
        if ratio >= 10**6:
            return f"e^{value}"
        grain = Decimal(1).scaleb(ratio.adjusted() - 2)
        if side:
            ratio = (ratio / grain).to_integral_value(ROUND_CEILING if side > 0 else ROUND_FLOOR) * grain
        return f"{_plain(ratio.quantize(grain))}{TIMES}"
    if unit in AS_POINTS:
        value *= 100
    return f"{_plain(value)} {AS_POINTS.get(unit, unit)}".strip()


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return true_minus(text.rstrip("0").rstrip(".") if "." in text else text)


def stance(view: View) -> str:
    """What a rival does, as somebody sees it: keeps, closed, or a share where it is not known."""
    if view.oversight == 0.0:
        return "closed"
    return "keeps" if view.oversight >= 1.0 else f"keeps, {100 * view.oversight:.0f} of 100 sure"


def pace(view: View) -> str:
    """How far a rival has to go."""
    months = view.weeks / WEEKS_A_MONTH
    return (
        "finish out of reach"
        if months > 1200
        else f"finish in {max(1, round(months))} month{'s' if round(months) > 1 else ''}"
    )


def _times(count: float) -> str:
    return {1: "once", 2: "twice"}.get(int(count), f"{int(count)} times")


def _and(names: list[str]) -> str:
    return " and ".join(names)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
