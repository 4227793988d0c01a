"""The comparison of policies as a page in Markdown, with a picture beside it."""

from collections.abc import Sequence
from pathlib import Path

from labsim.policy import plot as policies_plot
from labsim.policy.policies import chosen
from labsim.policy.results import DELAY, HARM, Policies, Policy
from labsim.policy.words import CALLED_OUT, delay, harm, joined, remarks, short, shown
from labsim.scenario.checked import TABLES
from labsim.show import pages
from labsim.show.describe import first_line, table
from labsim.show.numbers import INTERVAL
from labsim.show.words import NOT_A_FORECAST, listed

STRONGEST = 15  # interactions of each kind in the table of the strongest
READ = (
    "Every governance rule and every safeguard is put in force from week 0 on, alone and in pairs, with the "
    "values the scenario has for it (its defaults, if the scenario says nothing); a safeguard binds all labs. "
    "Events are not policy and stay out. Every world runs under the same luck as the scenario as it is; every "
    f"number is a paired difference from it, mean ± {INTERVAL} standard errors.",
    "**Harm** is the expected share of futures that end in catastrophe, in points of 100. **Delay** is the change "
    "in the length of the race, in weeks. A race that nobody has finished at the horizon counts up to the "
    "horizon, so that a pause without end does not vanish from the comparison: where races are **unfinished**, "
    "the delay is at least what is shown. (`delay_cost` of `labsim run` compares with another world, and leaves "
    "unfinished races out.) Hazard adds up over the weeks of a race, so a race that never ends is not a safe one. "
    "**Closed** is the share of lab-weeks without a human.",
    "The **interaction** of a pair is its effect less the sum of the effects of both alone, race by race. On "
    "harm, below 0 is synergy, above 0 interference. Interference need not mean that rules fight: there is only "
    "so much harm to avoid, so strong rules overlap. Where a pair leaves clearly more harm than the better of its "
    "rules alone, it is listed as undermined.",
)


def write(policies: Policies, path: Path, typed: str, changes: Sequence[str]) -> None:
    """Write the page and its picture; `typed` is the scenario as the user named it, `changes` what --set changed.

    Raises ScenarioError if a file cannot be written.
    """
    words = ["policies", typed]
    asked = {*policies.rules, *policies.already}
    if asked != set(chosen()):
        words += ["--rules", ",".join(rule for rule in chosen() if rule in asked)]
    command = pages.command(words, changes, policies.replications, policies.seed, path)
    picture = path.with_suffix(".png")
    pages.write({picture: policies_plot.png(policies), path: page(policies, command, picture.name)})


def page(policies: Policies, command: str, picture: str) -> str:
    """The page: how to read it, rules alone, the picture, interactions, frontier, all pairs."""
    name = policies.scenario.name
    lines = [
        f"# Rules alone and in pairs: {name}", "",
        f"{NOT_A_FORECAST} Every number here is about races in this model.", "",
        *pages.again(command), f"{policies.replications} replications of each world, seed {policies.seed}.", "",
        "## How to read it", "", *(line for text in READ for line in (text, "")),
    ]  # fmt: skip
    if policies.already:
        names = listed([f"`{rule}`" for rule in policies.already])
        lines += [
            f"In force from week 0 in the scenario itself, so part of every world and left out here: {names}.",
            "",
        ]
    lines += ["## In words", "", *(f"- {text}" for text in remarks(policies)), "", "## Rules alone", ""]
    rows = [[k, f"`{rule}`", *_effects(policies.alone[rule])] for k, rule in enumerate(policies.ranking, 1)]
    lines += table(["", "in force", *HEAD], rows)
    lines += [f"![Effects of rules alone and in pairs on harm and on delay]({picture})", ""]
    if policies.pairs:
        lines += interactions(policies)
    return "\n".join([*lines, *frontier(policies), *every_pair(policies), *what_they_are(policies)]).rstrip() + "\n"


HEAD = ("harm, points", "delay, weeks", "closed, points", "unfinished, % of races")
PAIR_HEAD = ("harm, points", "interaction in harm", "delay, weeks", "interaction in delay", "unfinished, % of races")


def _effects(policy: Policy) -> list[str]:
    closed = shown(policy.effect["closed_share"], "closed_share")
    return [harm(policy), delay(policy), closed, f"{100 * policy.unfinished:.0f}"]


def _pair(pair: Policy, bold: dict[str, set[tuple[str, ...]]]) -> list[str]:
    texts = {}
    for outcome in (HARM, DELAY):
        text = shown(pair.interaction[outcome], outcome)
        texts[outcome] = f"**{text}**" if pair.rules in bold[outcome] else text
    return [harm(pair), texts[HARM], delay(pair), texts[DELAY], f"{100 * pair.unfinished:.0f}"]


def interactions(policies: Policies) -> list[str]:
    """The strongest synergies and interferences in harm, and the pairs in which one rule undermines the other."""
    lines = ["## The strongest interactions", "", f"Of {len(policies.pairs)} pairs; {CALLED_OUT}.", ""]
    for heading, pairs in (("Synergies", policies.synergies), ("Interferences", policies.interferences)):
        lines += [f"### {heading}: {min(STRONGEST, len(pairs))} of {len(pairs)} called out", ""]
        rows = [
            [f"`{joined(policies, pair.rules)}`", *(harm(policies.alone[rule]) for rule in pair.rules), harm(pair),
             shown(pair.interaction[HARM], HARM), delay(pair), f"{100 * pair.unfinished:.0f}"]
            for pair in pairs[:STRONGEST]
        ]  # fmt: skip
        head = [
            "pair",
            "harm, first alone",
            "second alone",
            "both",
            "interaction",
            "delay, weeks",
            "unfinished, % of races",
        ]
        lines += table(head, rows) if rows else ["None.", ""]
    worse = policies.undermined
    lines += [f"### Undermined: {len(worse)} called out", "", "More harm than with the better rule alone.", ""]
    rows = [
        [f"`{joined(policies, pair.rules)}`", f"`{short(policies, pair.better)}`", harm(policies.alone[pair.better]),
         harm(pair), shown(pair.minus_better, HARM), delay(pair)] for pair in worse
    ]  # fmt: skip
    head = ["pair", "better rule", "its harm alone, points", "both", "difference", "delay of both, weeks"]
    return lines + (table(head, rows) if rows else ["None.", ""])


def frontier(policies: Policies) -> list[str]:
    """Which policies no other dominates in harm and delay."""
    lines = [
        "## The frontier of harm and delay", "",
        "Of all rules, pairs and the scenario as it is: those that no other beats in mean harm at no more mean delay, "
        "the quickest first. A step is the paired difference from the line above. **Bold**: what is left of them if "
        "each must cost more delay and leave less harm than the bold one above, both by more than 2 paired standard "
        "errors.", "",
    ]  # fmt: skip
    rows = []
    for step in policies.frontier:
        name = f"`{joined(policies, step.policy.rules)}`"
        since = [shown(step.since[outcome], outcome) if step.since else "" for outcome in (HARM, DELAY)]
        rows += [[f"**{name}**" if step.clear else name, harm(step.policy), delay(step.policy), *since,
                  f"{100 * step.policy.unfinished:.0f}"]]  # fmt: skip
    head = ["in force", "harm, points", "delay, weeks", "step in harm", "step in delay", "unfinished, % of races"]
    return lines + table(head, rows)


def every_pair(policies: Policies) -> list[str]:
    """A folded table for each rule: its pairs with all others."""
    if not policies.pairs:
        return []
    bold = {outcome: {pair.rules for pair in policies.interacting(outcome)} for outcome in (HARM, DELAY)}
    lines = ["## All pairs", "", "Each pair stands with both of its rules. **Bold**: an interaction called out.", ""]
    for rule in policies.ranking:
        pairs = [pair for pair in policies.pairs.values() if rule in pair.rules]
        pairs.sort(key=lambda pair: pair.effect[HARM].mean)
        alone = policies.alone[rule]
        lines += ["<details>", f"<summary><code>{short(policies, rule)}</code>: alone {harm(alone)} points of harm, "
                  f"{delay(alone)} weeks</summary>", ""]  # fmt: skip
        others = [next(other for other in pair.rules if other != rule) for pair in pairs]
        rows = [[f"`{short(policies, o)}`", *_pair(pair, bold)] for o, pair in zip(others, pairs, strict=True)]
        lines += [*table(["with", *PAIR_HEAD], rows), "</details>", ""]
    return lines


def what_they_are(policies: Policies) -> list[str]:
    """What each rule is, in its own words."""
    rows = [[f"`{rule}`", first_line(TABLES[rule])] for rule in policies.rules]
    return ["## The rules", "", *table(["rule", "is"], rows)]
