"""What the comparison of policies says, in plain sentences; names and numbers as people read them."""

from collections.abc import Iterable, Sequence

from labsim.model.outcomes import OUTCOMES
from labsim.policy.results import DELAY, HARM, Policies, Policy
from labsim.runs.summary import Summary, direction
from labsim.show.numbers import estimate
from labsim.show.words import listed

CALLED_OUT = (
    "called out: Benjamini-Yekutieli over all of them, so that at most one in twenty of those called out is expected "
    "to be nothing"
)


def short(policies: Policies, rule: str) -> str:
    """A rule's name without its family, unless two families have one of that name."""
    name = rule.rpartition(".")[2]
    return name if sum(other.rpartition(".")[2] == name for other in policies.rules) == 1 else rule


def joined(policies: Policies, rules: Sequence[str]) -> str:
    """The name of a policy: a rule, or a pair of them."""
    return " + ".join(short(policies, rule) for rule in rules) or "nothing"


def shown(summary: Summary, outcome: str) -> str:
    """A difference with its interval: points, or weeks."""
    return estimate(summary, OUTCOMES[outcome].unit, sign=True)


def varied(pairs: Sequence[Policy], most: int) -> list[Policy]:
    """The first of these pairs, no rule in more than two of them."""
    taken: list[Policy] = []
    for pair in pairs:
        if len(taken) < most and all(sum(rule in other.rules for other in taken) < 2 for rule in pair.rules):
            taken.append(pair)
    return taken


def harm(policy: Policy) -> str:
    return shown(policy.effect[HARM], HARM)


def delay(policy: Policy) -> str:
    return shown(policy.effect[DELAY], DELAY)


def base_sentence(policies: Policies) -> str:
    """The scenario as it is."""
    base = policies.base
    return (
        f"As it is, harm comes to {estimate(base[HARM], '%')} of 100 futures, a race lasts "
        f"{estimate(base[DELAY])} weeks, and {estimate(base['unfinished'], '%')} of 100 are unfinished at the "
        f"horizon (week {policies.scenario['race.weeks']})."
    )


def alone_remarks(policies: Policies) -> Iterable[str]:
    """What rules do alone, a sentence at a time."""
    rank = policies.ranking
    best = policies.alone[rank[0]]
    if direction(best.effect[HARM]) < 0:
        yield (
            f"Alone, {short(policies, rank[0])} avoids most harm: {harm(best)} of 100 futures, for {delay(best)} weeks."
        )
    else:
        yield "No rule alone clearly avoids harm."
    free = [n for n in rank if direction(policies.alone[n].effect[HARM]) < 0 and not late(policies.alone[n])]
    if free:
        rules = [f"{short(policies, n)} ({harm(policies.alone[n])})" for n in free]
        yield f"Less harm at no clear delay: {listed(rules)}."
    if policies.raising:
        texts = [f"{short(policies, n)} ({harm(policies.alone[n])})" for n in policies.raising]
        yield f"Alone, more harm than as it is: {listed(texts)}."
    stuck = [n for n in rank if policies.alone[n].unfinished > policies.base["unfinished"].mean]
    if stuck:
        texts = [f"{short(policies, n)} ({100 * policies.alone[n].unfinished:.0f} of 100 races)" for n in stuck]
        yield (
            f"More races unfinished at the horizon: {listed(texts)}. Their weeks count up to the horizon, so the delay "
            "is at least what is shown, and their hazard runs all that time."
        )
    if policies.idle:
        yield f"Alone, nothing changes in any race under {listed([short(policies, n) for n in policies.idle])}."


def late(policy: Policy) -> bool:
    """Whether a policy clearly delays the finish."""
    return direction(policy.effect[DELAY]) > 0


def pair_remarks(policies: Policies) -> Iterable[str]:
    """What pairs do, a sentence at a time."""
    more, less = policies.synergies, policies.interferences
    yield (
        f"Of {len(policies.pairs)} pairs, {len(more) + len(less)} do something to harm that their rules alone do not "
        f"add up to ({CALLED_OUT}): {len(more)} avoid more, {len(less)} less."
    )
    usual = [pair for pair in more if pair.unfinished <= policies.base["unfinished"].mean]
    kinds = {"Most synergy": more, "Most synergy of those that leave no more races unfinished": usual,
             "Most interference": less}  # fmt: skip
    if usual[:1] == more[:1]:
        del kinds["Most synergy"]
    for words, pairs in kinds.items():
        if pairs:
            one, other = (harm(policies.alone[rule]) for rule in pairs[0].rules)
            yield (
                f"{words}: {joined(policies, pairs[0].rules)}, {one} and {other} alone, {harm(pairs[0])} together: an "
                f"interaction of {shown(pairs[0].interaction[HARM], HARM)}."
            )
    worse = policies.undermined
    if worse:
        pair = worse[0]
        yield (
            f"In {len(worse)} pairs a rule takes away from what the other avoids alone, most of all in "
            f"{joined(policies, pair.rules)}: {harm(policies.alone[pair.better])} with {short(policies, pair.better)} "
            f"only, {harm(pair)} with both."
        )


def remarks(policies: Policies) -> list[str]:
    """Plain sentences made of the numbers."""
    return [base_sentence(policies), *alone_remarks(policies), *(pair_remarks(policies) if policies.pairs else ())]
