"""The four numbers that stand for a world: tiles beside the race, columns where worlds are compared."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labsim.model.outcomes import OUTCOMES
from labsim.runs.summary import Summary
from viz.world import said
from viz.world.one_future import WEEKS_A_MONTH

Outcomes = Mapping[str, np.ndarray]  # of a world: every outcome by name, a number a future


@dataclass(frozen=True)
class Measure:
    """An outcome as a number that people read: what stands before and after it, and how two worlds differ in it."""

    words: str
    outcome: str
    unit: str  # {labs} stands for the number of labs
    more: str
    less: str
    times: float = 0.0  # what an outcome is multiplied by; 0: by the number of labs
    before: str = ""
    none: str = "none"  # where no future has the number
    only_one: tuple[str, str] = ("", "")  # where the other world lacks it in every future, and where this one does

    def read(self, outcomes: Outcomes, labs: int) -> np.ndarray:
        """The number in each future of a world of so many labs."""
        return outcomes[self.outcome] * (self.times or labs)

    def of(self, outcomes: Outcomes, labs: int) -> Summary:
        """The number in a world of so many labs."""
        return Summary.of(self.read(outcomes, labs))

    def apart(self, difference: Summary) -> str:
        """A difference in words, and where it is clear whether it is for the worse: "17 fewer ± 2, better"."""
        return said.apart(difference, 1.0, self.more, self.less, OUTCOMES[self.outcome].verdict)

    def unit_of(self, labs: int) -> str:
        """What stands after the number in a world of so many labs."""
        return self.unit.format(labs=labs)


MEASURES = {
    "harm": Measure("Futures that end in harm", "catastrophe", "of 100", "more", "fewer", 100.0),
    "first": Measure(
        "First lab to close", "first_closure_week", "", "months later", "months earlier", 1 / WEEKS_A_MONTH,
        before="month", none="nobody", only_one=("somebody closes", "nobody closes"),
    ),
    "closed": Measure("Labs closed at the end", "closed_share_end", "of {labs}", "more", "fewer"),
    "delay": Measure(
        "Good things come later by", "delay_cost", "months", "months more", "months less", 1 / WEEKS_A_MONTH,
        none="no finish", only_one=("a finish", "no finish any more"),
    ),
}  # fmt: skip
