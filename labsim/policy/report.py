"""The comparison of policies on the terminal, in 80 columns."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from labsim.policy.results import HARM, Policies, Policy
from labsim.policy.words import delay, harm, joined, remarks, short, shown, varied
from labsim.show.printouts import plain_table
from labsim.show.terminal import out, paragraph, say
from labsim.show.words import NOT_A_FORECAST

MOST = 6  # pairs shown of each kind
CALLED = "clear of noise: Benjamini-Yekutieli, 5 %"


def narrow_table(*columns: str) -> Table:
    """A table whose first column may be folded, the others not."""
    table = plain_table(*columns)
    for column in table.columns[1:]:
        column.no_wrap = True
    return table


def alone_table(policies: Policies) -> Table:
    """Rules alone, by harm avoided."""
    table = narrow_table("in force", "harm,\npoints", "delay,\nweeks", "closed,\npoints", "open,\n%")
    for name in policies.ranking:
        policy = policies.alone[name]
        closed = shown(policy.effect["closed_share"], "closed_share")
        table.add_row(short(policies, name), harm(policy), delay(policy), closed, f"{100 * policy.unfinished:.0f}")
    return table


def pairs_table(policies: Policies, pairs: Sequence[Policy]) -> Table:
    """Pairs with their harm, interaction and delay."""
    table = narrow_table("pair", "harm,\npoints", "of it\ninteraction", "delay,\nweeks")
    for pair in pairs:
        table.add_row(joined(policies, pair.rules), harm(pair), shown(pair.interaction[HARM], HARM), delay(pair))
    return table


def frontier_table(policies: Policies) -> Table:
    """The frontier, in steps that are clear."""
    table = narrow_table("in force", "harm,\npoints", "delay,\nweeks")
    for step in policies.frontier:
        if step.clear:
            table.add_row(joined(policies, step.policy.rules), harm(step.policy), delay(step.policy))
    return table


def policies_report(policies: Policies, page: Path | None) -> None:
    """What `labsim policies` prints."""
    say(f"{policies.scenario.name}, each rule alone from week 0, minus as it is (mean ± 95 %)")
    out.print(alone_table(policies))
    if policies.already:
        names = ", ".join(name.rpartition(".")[2] for name in policies.already)
        paragraph(f"In force already, so in every world: {names}", rest="  ")
    kinds = {
        "Synergies: the pair avoids more harm than both alone add up to": policies.synergies,
        "Interferences: it avoids less; strong rules overlap, for harm can fall to 0 only": policies.interferences,
    }
    for heading, pairs in kinds.items():
        if pairs:
            some = varied(pairs, MOST)
            say(f"\n{heading}\n({len(some)} of {len(pairs)}, no rule more than twice; {CALLED})")
            out.print(pairs_table(policies, some))
    worse = policies.undermined
    if worse:
        say(f"\nUndermined: more harm than with the better rule alone ({min(MOST, len(worse))} of {len(worse)})")
        table = narrow_table("pair", "harm,\npoints", "better\nalone", "difference")
        for pair in worse[:MOST]:
            table.add_row(joined(policies, pair.rules), harm(pair), harm(policies.alone[pair.better]),
                          shown(pair.minus_better, HARM))  # fmt: skip
        out.print(table)
    say("\nFrontier: no rule or pair leaves less harm at no more delay (clear steps only)")
    out.print(frontier_table(policies))
    say()
    for text in remarks(policies):
        paragraph(text, rest="  ")
    say("\nClosed: lab-weeks without a human. Open: races unfinished at the horizon; their")
    say("weeks count up to it, where delay_cost of labsim run leaves such races out.")
    say(f"{policies.replications} replications of each world, seed {policies.seed}.")
    say(NOT_A_FORECAST)
    if page is not None:
        say(f"Written: {page} and {page.with_suffix('.png')}")
