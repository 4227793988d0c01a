"""Words that stand beside results wherever these are shown."""

from collections.abc import Sequence

NOT_A_FORECAST = "A model for reasoning about incentives. Not a forecast."
PLUS_MINUS = "± is a 95 % interval."


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
