"""What `labsim list` prints of scenarios; apart from the other printouts, because it needs nothing of the model."""

from collections.abc import Iterable

from rich.text import Text

from labsim.scenario.heads import Head
from labsim.show.terminal import out, paragraph, say


def list_report(heads: Iterable[Head]) -> None:
    """The name, title, base and question of each scenario, and what to type next."""
    for head in heads:
        base = f"  (from {head.base})" if head.base else ""
        out.print(Text.assemble((head.name, "bold"), f"  {head.title}{base}"))
        paragraph(head.question, "    ", "    ")
    say("\nRun one: labsim run NAME    See one: labsim show NAME")
