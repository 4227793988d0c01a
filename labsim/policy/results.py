"""What the comparison of policies found: effects of rules alone and in pairs, interactions, the frontier."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labsim.runs.summary import Summary, direction, is_zero, means
from labsim.scenario.scenario import Scenario

HARM, DELAY = "catastrophe", "race_weeks"  # what a policy is for, and what it costs
COMPARED = (HARM, DELAY, "closed_share", "unfinished")  # the outcomes that are kept of every world
LEVEL = 0.05  # false discovery rate of what is called out
ROUNDING = 1e-9  # differences below this are no differences
Rules = tuple[str, ...]  # in force: none, one or two
Worlds = Mapping[Rules, Mapping[str, np.ndarray]]  # outcomes of each world, (replications,)


def clear(differences: Sequence[Summary]) -> list[bool]:
    """Which of many paired differences are called out: Benjamini & Yekutieli (2001) at 5 %.

    Of those called out, at most one in twenty is expected to be nothing, whatever the dependence
    between them: all share the luck, and pairs share their rules. What is equal in every race is none.
    """
    from scipy import stats  # a second to import

    if not differences:
        return []
    p = np.ones(len(differences))
    for k, d in enumerate(differences):
        if d.se is not None and max(abs(d.low), abs(d.high)) > ROUNDING:
            p[k] = 2.0 * stats.t.sf(abs(d.mean) / d.se, d.n - 1) if d.se > 0.0 else 0.0
    return (stats.false_discovery_control(p, method="by") <= LEVEL).tolist()


@dataclass(frozen=True)
class Policy:
    """One rule or a pair: paired differences from the scenario as it is, by outcome."""

    rules: Rules
    effect: Mapping[str, Summary]
    unfinished: float  # share of races that nobody finished: their weeks count up to the horizon
    interaction: Mapping[str, Summary] = field(default_factory=dict)  # of a pair: effect less the sum of both alone
    better: str = ""  # of a pair: the rule which alone leaves less harm
    minus_better: Summary = field(default_factory=Summary)  # of a pair: harm less that of the better rule alone

    def as_dict(self) -> dict[str, Any]:
        """The policy as JSON."""
        result = {"rules": list(self.rules), **means(self.effect), "unfinished_share": self.unfinished}
        if self.interaction:
            gap = self.minus_better.as_dict(quantiles=False)
            result |= {"interaction": means(self.interaction), "better": self.better, "minus_better": gap}
        return result


@dataclass(frozen=True)
class Step:
    """A policy on the frontier, and what it changes compared with the one before it there.

    `clear`: on the frontier that is left if every step must cost more delay and leave less harm, both by
    more than 2 paired standard errors.
    """

    policy: Policy
    since: Mapping[str, Summary]  # HARM and DELAY; empty for the first
    clear: bool


@dataclass
class Policies:
    """What the comparison found: see `policies.policies`. Rules are named by their paths."""

    scenario: Scenario
    rules: list[str]
    already: list[str]  # in force in the scenario: in every world, and not compared
    seed: int
    replications: int
    engine: str
    base: dict[str, Summary]  # levels of the scenario as it is
    alone: dict[str, Policy]
    pairs: dict[tuple[str, str], Policy]
    frontier: list[Step]

    @classmethod
    def of(
        cls, scenario: Scenario, rules: list[str], already: list[str], seed: int, replications: int, engine: str,
        worlds: Worlds,
    ) -> "Policies":  # fmt: skip
        """Made of the outcomes of every world; () is the scenario as it is."""
        base, alone, pairs = worlds[()], {}, {}
        for world, values in worlds.items():
            effect = {name: Summary.of(values[name] - base[name]) for name in COMPARED}
            policy = Policy(world, effect, float(values["unfinished"].mean()))
            if len(world) == 1:
                alone[world[0]] = policy
            elif len(world) == 2:
                better = min(world, key=lambda rule: worlds[rule,][HARM].mean())
                pairs[world[0], world[1]] = dataclasses.replace(
                    policy, better=better, minus_better=Summary.of(values[HARM] - worlds[better,][HARM]),
                    interaction={name: _interaction(worlds, world, name) for name in COMPARED},
                )  # fmt: skip
            else:
                nothing = policy
        steps = _frontier({policy.rules: policy for policy in (nothing, *alone.values(), *pairs.values())}, worlds)
        levels = {name: Summary.of(values) for name, values in base.items()}
        return cls(scenario, rules, already, seed, replications, engine, levels, alone, pairs, steps)

    @property
    def ranking(self) -> list[str]:
        """Rules by harm avoided alone, most first; those that avoid the same by delay."""
        order = {name: (self.alone[name].effect[HARM].mean, self.alone[name].effect[DELAY].mean) for name in self.rules}
        return sorted(self.rules, key=lambda name: order[name])

    @property
    def idle(self) -> list[str]:
        """Rules that alone change nothing of what is compared, in any race."""
        return [name for name in self.rules if all(is_zero(s) for s in self.alone[name].effect.values())]

    @property
    def raising(self) -> list[str]:
        """Rules that alone raise harm, called out among all; those that raise it most first."""
        result = [p for p in _called_out(self.alone.values(), lambda p: p.effect[HARM]) if p.effect[HARM].mean > 0]
        return [p.rules[0] for p in sorted(result, key=lambda p: -p.effect[HARM].mean)]

    @property
    def undermined(self) -> list[Policy]:
        """Pairs that clearly leave more harm than the better rule alone, which avoids some; the worst first."""
        worse = _called_out(self.pairs.values(), lambda pair: pair.minus_better)
        helps = [p for p in worse if p.minus_better.mean > 0 and direction(self.alone[p.better].effect[HARM]) < 0]
        return sorted(helps, key=lambda pair: -pair.minus_better.mean)

    @property
    def synergies(self) -> list[Policy]:
        """Pairs called out because they avoid more harm than both rules alone add up to, the strongest first."""
        return [pair for pair in self.interacting(HARM) if pair.interaction[HARM].mean < 0]

    @property
    def interferences(self) -> list[Policy]:
        """Pairs called out because they avoid less harm than both rules alone add up to, the strongest first."""
        return [pair for pair in self.interacting(HARM)[::-1] if pair.interaction[HARM].mean > 0]

    def interacting(self, outcome: str) -> list[Policy]:
        """Pairs whose interaction is called out among those of all pairs, from the most negative up."""
        result = _called_out(self.pairs.values(), lambda pair: pair.interaction[outcome])
        return sorted(result, key=lambda pair: pair.interaction[outcome].mean)

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim policies`."""
        called = {"synergies": self.synergies, "interferences": self.interferences, "undermined": self.undermined,
                  "delay": self.interacting(DELAY)}  # fmt: skip
        return {
            "scenario": self.scenario.name, "seed": self.seed, "replications": self.replications,
            "engine": self.engine, "horizon": self.scenario["race.weeks"], "rules": self.rules,
            "already": self.already, "ranking": self.ranking, "base": means(self.base),
            "alone": [self.alone[name].as_dict() for name in self.rules],
            "pairs": [pair.as_dict() for pair in self.pairs.values()],
            "called_out": {"raising": self.raising, "idle": self.idle}
            | {name: [list(pair.rules) for pair in pairs] for name, pairs in called.items()},
            "frontier": [
                {"rules": list(s.policy.rules), **means({name: s.policy.effect[name] for name in (HARM, DELAY)}),
                 "since": means(s.since) or None, "clear": s.clear} for s in self.frontier
            ],
        }  # fmt: skip


def _interaction(worlds: Worlds, pair: Rules, name: str) -> Summary:
    """Effect of a pair less the sum of both alone, race by race; exactly 0 if one of them does nothing."""
    one, other = ((rule,) for rule in pair)
    return Summary.of((worlds[pair][name] - worlds[one][name]) - (worlds[other][name] - worlds[()][name]))


def _called_out(policies: Iterable[Policy], of: Callable[[Policy], Summary]) -> list[Policy]:
    items = list(policies)
    return [policy for policy, called in zip(items, clear([of(policy) for policy in items]), strict=True) if called]


def _frontier(every: Mapping[Rules, Policy], worlds: Worlds) -> list[Step]:
    """Policies, and doing nothing, that no other beats in mean harm at no more mean delay, from the quickest on.

    Of policies with the same means, the one with fewer rules stays.
    """

    def place(rules: Rules) -> tuple[float, float, int]:
        return every[rules].effect[DELAY].mean, every[rules].effect[HARM].mean, len(rules)

    def gap(rules: Rules, before: Rules, name: str) -> Summary:
        return Summary.of(worlds[rules][name] - worlds[before][name])

    front: list[Rules] = []
    for rules in sorted(every, key=place):
        if not front or place(rules)[1] < place(front[-1])[1]:
            front.append(rules)
    clearly: list[Rules] = []
    for rules in front:  # one that is not clearly quicker gives way to one of clearly less harm
        while clearly and direction(gap(rules, clearly[-1], HARM)) and not direction(gap(rules, clearly[-1], DELAY)):
            clearly.pop()
        if not clearly or direction(gap(rules, clearly[-1], HARM)):
            clearly.append(rules)
    since = [{}, *({name: gap(b, a, name) for name in (HARM, DELAY)} for a, b in itertools.pairwise(front))]
    return [Step(every[rules], step, rules in clearly) for rules, step in zip(front, since, strict=True)]
