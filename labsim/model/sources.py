"""Where numbers come from: what kind of evidence it is, in words, and an address that a reader can follow.

The works that several parameters rest on are named once, here. An address is given only where it is known to be
that of the work; a work without one is `cited`.
"""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """What kind of evidence a number has."""

    ASSUMPTION = "assumption"  # nobody knows it
    DEFINITION = "definition"  # what the words of the model mean
    FORM = "form"  # part of a form of the model, of which there are several
    OFF = "off"  # at this value a mechanism is switched off
    NEUTRAL = "neutral"  # at this value a mechanism that is there changes nothing
    CALIBRATED = "calibrated"  # fitted, by a command that fits it again
    PUBLISHED = "published"  # a work with an address
    MEASURED = "measured"  # data with an address
    COURSE = "course"  # teaching material, which has no address
    CITED = "cited"  # a work or a body is named; no address of it is known here
    SCENARIO = "scenario"  # the scenario or preset that sets the value says why, in its own words
    USER = "user"  # chosen by whoever runs the model


LINKED = (Evidence.PUBLISHED, Evidence.MEASURED)  # these have an address


@dataclass(frozen=True)
class Source:
    """Where a number comes from: the kind of evidence, the words that are printed, the address if there is one.

    Raises ValueError for a published work or measured data without an address.
    """

    kind: Evidence
    text: str
    url: str = ""

    def __post_init__(self):
        if self.kind in LINKED and not self.url.startswith("https://"):
            raise ValueError(f"source '{self.text}' is {self.kind}: must have an address that begins with https://")

    def says(self, what: str) -> "Source":
        """The same source, with what it says of one number."""
        return dataclasses.replace(self, text=f"{self.text}: {what}")

    def see(self, other: "Source | str", about: str = "") -> "Source":
        """This kind of evidence, and where to read more: another source, `about` what, or just words."""
        text, url = (other.text, other.url) if isinstance(other, Source) else (other, "")
        return dataclasses.replace(self, text=f"{self.text}; {about}{': ' if about else ''}{text}", url=url)


ASSUMPTION = Source(Evidence.ASSUMPTION, "assumption")
DEFINITION = Source(Evidence.DEFINITION, "definition")
FORM = Source(Evidence.FORM, "form")
OFF = Source(Evidence.OFF, "off: neutral")
NEUTRAL = Source(Evidence.NEUTRAL, "neutral")
USER = Source(Evidence.USER, "the user's")

LESSON = Source(Evidence.COURSE, "Course lesson 'Recursive Self-Improvement: Capability vs Alignment' (2026)")
NOTES = Source(Evidence.COURSE, "Notes 'Self-Improving AI Systems' (2026)")
METR = Source(
    Evidence.MEASURED, "METR time horizons 1.1 (January 2026)", "https://github.com/METR/eval-analysis-public"
)
DAVIDSON = Source(
    Evidence.PUBLISHED, "Davidson & Houlden 2025",
    "https://www.forethought.org/research/how-quick-and-big-would-a-software-intelligence-explosion-be",
)  # fmt: skip
GREENBLATT = Source(Evidence.PUBLISHED, "Greenblatt et al. 2024", "https://arxiv.org/abs/2412.14093")
HAN = Source(Evidence.PUBLISHED, "Han et al. 2020", "https://arxiv.org/abs/1907.12393")
EPOCH = Source(
    Evidence.MEASURED, "Epoch AI 2024",
    "https://epoch.ai/blog/training-compute-of-frontier-ai-models-grows-by-4-5x-per-year",
)  # fmt: skip
EPOCH_MODELS = Source(
    Evidence.MEASURED, "largest runs known in 2025: 2e26 to 5e26 (Epoch AI)", "https://epoch.ai/data/ai-models"
)
NEEDHAM = Source(Evidence.PUBLISHED, "Needham et al. 2025", "https://arxiv.org/abs/2505.23836")
DUFLO = Source(Evidence.PUBLISHED, "Duflo et al. 2013", "https://doi.org/10.1093/qje/qjt024")
STIGLER = Source(Evidence.PUBLISHED, "Stigler 1971", "https://doi.org/10.2307/3003160")
BOLTON = Source(
    Evidence.PUBLISHED, "Bolton, Freixas & Shapiro 2012 on ratings",
    "https://doi.org/10.1111/j.1540-6261.2011.01708.x",
)  # fmt: skip
