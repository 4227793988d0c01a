"""Races that end with an exception: what is known of each, whichever engine ran it."""

from dataclasses import dataclass

from labsim.scenario.checked import ScenarioError


class RaceFailed(ScenarioError):
    """A strategy or rule raised where nobody keeps a list of races that failed; the message says which one."""


@dataclass(frozen=True)
class Failure:
    """A race in which a strategy or rule raised. The fast engine knows only that one did, not where or what."""

    replication: int
    lab: str = ""  # for which the code that raised was called; none if it belongs to no lab
    week: int = -1
    error: str = ""  # the exception in one line
    world: str = "run"  # of the run or of a twin

    def __str__(self) -> str:
        """Who, when and what: "lab Birch, week 34: ZeroDivisionError: division by zero"."""
        return ", ".join([*([f"lab {self.lab}"] if self.lab else []), f"week {self.week}: {self.error}"])


def exception_line(error: Exception) -> str:
    """An exception as one line: "ZeroDivisionError: division by zero"."""
    return ": ".join([type(error).__name__, *([text] if (text := " ".join(str(error).split())) else [])])
