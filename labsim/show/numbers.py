"""Numbers as people read them, once for the terminal, pages, figures and the app: digits, minus sign, intervals."""

import math

from labsim.model.outcomes import is_share
from labsim.runs.summary import Summary

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
INTERVAL = 1.96  # standard errors to either side of a mean that is shown; when a sign counts is `summary.CLEAR`
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def true_minus(text: str) -> str:
    """A formatted number with a minus sign in place of the hyphen."""
    return text.replace("-", MINUS)


def fixed(value: float, digits: int = 0, sign: bool = False) -> str:
    """A number with so many decimals and thousands set apart; zero is printed without a sign."""
    text = f"{value:{'+' if sign else ''},.{digits}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0.0 else true_minus(text)


def number(value: float | None, unit: str = "", sign: bool = False) -> str:
    """A number of a table: shares in per cent, three digits from 0.1 on, "none" where there is none."""
    if value is None or not math.isfinite(value):
        return "none"
    value = 100 * value if is_share(unit) else value
    size = abs(value)
    return fixed(value, 0 if size >= 1000 else 1 if size >= 10 else 2, sign)


def significant(value: float | None, digits: int) -> str:
    """A number with so many significant digits."""
    return "none" if value is None else true_minus(f"{value:.{digits}g}")


def short(value: float) -> str:
    """The end of a range: three significant digits, thousands set apart."""
    if 1000 <= abs(value) < 1e6:
        return fixed(value)
    return true_minus(f"{value:.3g}".replace("e+", "e"))


def as_set(value: float) -> str:
    """A number as it was set: no digit lost or added, thousands set apart, very large ones as powers of ten."""
    if abs(value) >= 1e9:
        power = math.floor(math.log10(abs(value)))
        return true_minus(f"{value / 10**power:.3g} {TIMES} 10") + str(power).translate(SUPERSCRIPT)
    return true_minus(f"{value:,.6f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else f"{value:,.0f}")


def half_width(se: float | None, times: float = 1.0) -> float:
    """Half of the 95 % interval that belongs to a standard error; 0 where there is none."""
    return INTERVAL * times * (se or 0.0)


def interval(se: float | None, unit: str = "") -> str:
    """What is printed behind a mean: " ± 0.44"; nothing where there is no standard error."""
    return "" if se is None else f" ± {number(half_width(se), unit)}"


def estimate(summary: Summary, unit: str = "", sign: bool = False) -> str:
    """A mean and the half-width of its 95 % interval: "38.7 ± 2.15"."""
    return number(summary.mean, unit, sign) + interval(summary.se, unit) if summary.n else "none"
