"""What would have changed a lab's mind: for each quantity the smallest change that turns the better option.

Every value is found and checked by making the whole decision again (`Position.again`): from the
present value outward, up and down, to the first change of sign, within the declared range and
within 1000 times the present or usual value. Changes of different quantities are compared on the
scale asinh(value / usual value): plain steps up to what is usual for the quantity, ratios beyond.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from labsim.model.parameters import INFORMATION, SAFETY_INFORMATION
from labsim.model.self_improvement import true_gap
from labsim.reasons.decision import Position
from labsim.reasons.quantities import Quantity, quantities

FAR_OUT = 1000.0  # a change beyond so many times the usual is not looked for
SHORT = 0.999  # the part of a change that must not yet turn the decision


@dataclass(frozen=True)
class Flip:
    """The smallest change of one quantity that turns the better option.

    `to` turns it and `short` (0.999 of the way, for counts one less) does not: `checked`. `text` is `to` with few
    digits, rounded away from `now`, and turns it as well. `size` is what changes are compared by: see the module.
    """

    name: str
    words: str
    unit: str
    now: float
    to: float
    short: float
    text: str
    now_text: str
    size: float
    checked: bool


@dataclass(frozen=True)
class Switch:
    """Something that could be otherwise altogether, and whether that alone would turn the better option."""

    name: str
    words: str
    turns: bool
    margin: float | None


def leaning(position: Position, ledger: SimpleNamespace) -> float:
    """Above 0 if a decision removes the human: its margin in prizes, or 1 and -1 if the strategy weighs nothing."""
    if position.weighs:
        return ledger.margin
    return 1.0 if ledger.wanted == 0.0 else -1.0


def flips(position: Position, ledger: SimpleNamespace) -> tuple[tuple[Flip, ...], tuple[Quantity, ...]]:
    """(smallest changes that turn the better option, nearest first; quantities of which none in range does)."""
    result, never = [], []
    for quantity in quantities(position):
        flip = smallest_change(quantity, position, ledger)
        result.append(flip) if flip is not None else never.append(quantity)
    return tuple(sorted(result, key=lambda flip: flip.size)), tuple(never)


def smallest_change(quantity: Quantity, position: Position, ledger: SimpleNamespace) -> Flip | None:
    """The nearest value of one quantity that turns the better option, or None if none in range does."""
    now = quantity.read(position, ledger)
    removes, start = leaning(position, ledger) > 0.0, leaning(position, ledger)

    def margin(value: float) -> float:
        return leaning(position, quantity.again(position, value))

    def turned(value: float) -> bool:
        return (margin(value) > 0.0) != removes

    def size(value: float) -> float:
        return abs(math.asinh(value / quantity.usual) - math.asinh(now / quantity.usual))

    scale = max(abs(now), quantity.usual)
    ends = [min(quantity.low, now), max(quantity.high, now)]
    ends = [max(ends[0], now - FAR_OUT * scale), min(ends[1], now + FAR_OUT * scale)]
    steps = {end: outward(now, end, scale, quantity.whole) for end in ends}
    if not quantity.whole and all(margin(x) == start for x in _probes(steps)):
        return None
    turns = [to for end in ends if (to := first_turn(margin, now, start, steps[end], quantity.whole)) is not None]
    if not turns:
        return None
    to = min(turns, key=size)
    short = to - math.copysign(1.0, to - now) if quantity.whole else now + SHORT * (to - now)
    text, now_text = in_few_digits(now, to, ends, turned, quantity.whole)
    checked = turned(to) and turned(float(text)) and not turned(short)
    return Flip(quantity.name, quantity.words, quantity.unit, now, to, short, text, now_text, size(to), checked)


def _probes(steps: dict[float, list[float]]) -> Iterator[float]:
    """A few values on each side, to see whether a quantity matters at all."""
    for values in steps.values():
        yield from values[:: max(1, len(values) // 5)]
        yield from values[-1:]


def outward(now: float, end: float, scale: float, whole: bool) -> list[float]:
    """Values from the present one outward to an end of the range: dense near it, even further out, dense at the end."""
    span = abs(end - now)
    if span == 0.0:
        return []
    distances = [np.geomspace(1e-4 * min(scale, span), span, 60), span - span * np.geomspace(1e-6, 0.1, 12)]
    if span <= 20.0 * scale:
        distances.append(np.linspace(0.0, span, 25)[1:])
    values = now + math.copysign(1.0, end - now) * np.unique(np.concatenate(distances))
    values = np.clip(np.unique(np.round(values) if whole else values), min(now, end), max(now, end))
    return sorted((x for x in values.tolist() if x != now), key=lambda x: abs(x - now))


def first_turn(
    margin: Callable[[float], float], now: float, start: float, steps: list[float], whole: bool
) -> float | None:
    """The value nearest to the present one, on one side, at which the margin has the other sign.

    Between the steps, a dip of the margin towards 0 is followed to its bottom.
    """
    removes, path = start > 0.0, [(now, start)]
    for x in steps:
        path.append((x, margin(x)))
        if (path[-1][1] > 0.0) != removes:
            return _between(margin, path[-2][0], x, removes, whole)
        bottom = None if whole else _dip(margin, path[-3:])
        if bottom is not None and (margin(bottom) > 0.0) != removes:
            return _between(margin, path[-3][0], bottom, removes, whole)
    return None


def _dip(margin: Callable[[float], float], three: list[tuple[float, float]]) -> float | None:
    """Where the margin comes nearest to 0 between three values of which the middle one is nearest."""
    sizes = [abs(m) for _, m in three]
    if len(three) < 3 or not sizes[1] < min(sizes[0], sizes[2]) * (1.0 - 1e-9):
        return None
    from scipy.optimize import minimize_scalar  # half a second to import

    low, high = sorted((three[0][0], three[2][0]))
    sign = math.copysign(1.0, three[1][1])
    return float(minimize_scalar(lambda x: sign * margin(x), bounds=(low, high), method="bounded").x)


def _between(margin: Callable[[float], float], inside: float, turned: float, removes: bool, whole: bool) -> float:
    """The value nearest to `inside` at which the sign is that at `turned`."""
    if whole:
        while abs(turned - inside) > 1.0:
            middle = math.floor((inside + turned) / 2.0)
            inside, turned = (inside, middle) if (margin(middle) > 0.0) != removes else (middle, turned)
        return float(turned)
    from scipy.optimize import brentq

    def side(x: float) -> float:
        m = margin(x)
        return m if m != 0.0 else -5e-324  # a margin of exactly 0 keeps

    root = brentq(side, inside, turned, xtol=1e-15 * max(1e-3, abs(turned - inside)), rtol=1e-15)
    step = 4.0 * math.ulp(root)
    while (margin(root) > 0.0) == removes and abs(root - inside) < abs(turned - inside):
        root += math.copysign(step, turned - inside)
        step *= 2.0
    return root if abs(root - inside) < abs(turned - inside) else turned


def in_few_digits(
    now: float, to: float, ends: list[float], turned: Callable[[float], bool], whole: bool
) -> tuple[str, str]:
    """A value that turns the decision with as few digits as three of the change, rounded away from the present one."""
    if whole:
        return f"{to:.0f}", f"{now:.0f}"
    for decimals in range(2 - math.floor(math.log10(abs(to - now))), 16):
        grain = 10.0**-decimals
        away = math.ceil(to / grain) if to > now else math.floor(to / grain)
        text = f"{away * grain:.{max(0, decimals)}f}"
        if ends[0] <= float(text) <= ends[1] and turned(float(text)):
            return text, f"{round(now, decimals):.12g}"
    return repr(to), repr(now)


SEES = {
    "public": "if it saw rivals as they are", "noisy": "if it saw rivals' capability with noise",
    "capability_secret": "if rivals' capability were hidden", "secret": "if all about rivals were hidden",
}  # fmt: skip


def switches(position: Position) -> tuple[Switch, ...]:
    """What could be otherwise altogether, for a lab that weighs: rivals, what is seen, what is known."""
    if not position.weighs:
        return ()
    lab, stands = position.lab, leaning(position, position.made) > 0.0

    def show(oversight: float) -> Position:
        return position.with_value("race.stated_oversight", oversight).with_rivals(
            lambda rival: {"shown_oversight": oversight}
        )

    cases: list[tuple[str, str, Any]] = []
    if position.rivals:
        cases += [("all_keep", "if every rival kept the human", show(1.0)),
                  ("all_remove", "if every rival had removed the human", show(0.0))]  # fmt: skip
        cases += [
            (f"information_{name}", SEES[name], position.with_lab(regime=code))
            for name, code in INFORMATION._asdict().items() if code != lab.regime
        ]  # fmt: skip
        shown, hidden = SAFETY_INFORMATION.public, SAFETY_INFORMATION.secret
        other = hidden if lab.sees_safety == shown else shown
        words = "if rivals' measured exposure were " + ("hidden" if other == hidden else "shown")
        cases.append(("safety_information", words, position.with_lab(sees_safety=other)))
    cases += [
        ("own_exposure", "if it knew its own true exposure", position.with_lab(measured=true_gap(lab))),
        ("truth", "if it knew all there is to know", position.as_it_is()),
        ("other_way", f"if it {'had no human' if lab.oversight > 0.0 else 'had a human'} already",
         position.with_lab(oversight=0.0 if lab.oversight > 0.0 else 1.0)),
    ]  # fmt: skip
    margins = [(name, words, leaning(case, case.again())) for name, words, case in cases]
    return tuple(Switch(name, words, (margin > 0.0) != stands, margin) for name, words, margin in margins)
