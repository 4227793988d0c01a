"""Random decisions out of random races: any parameters, a mandate, liability and a treaty in force or not."""

import random

from labsim.model.strategies import STRATEGIES
from labsim.reasons.decision import positions
from labsim.scenario.checked import LabSpec
from labsim.scenario.scenario import Scenario

WEIGHING = ("calculator", "calculator", "calculator", "sceptic", "herald")
UNIFORM = {
    "competition.winner_share": (0.1, 1.0), "decision.foresight": (0.0, 1.0), "decision.caution": (0.0, 3.0),
    "decision.discount": (0.0, 0.5), "cycle.review": (0.2, 5.0), "cycle.machine": (0.5, 6.0),
    "cycle.research": (0.0, 0.02), "race.stated_oversight": (0.0, 1.0), "decision.switch_cost": (0.0, 0.3),
    "decision.taste": (0.0, 0.2), "faking.initial": (0.05, 0.6), "race.spread": (0.0, 1.0),
}  # fmt: skip
RATIOS = {
    "harm.rate": (0.001, 0.3), "harm.after": (0.1, 10.0), "decision.own_harm": (0.1, 10.0),
    "decision.decisiveness": (0.5, 16.0), "competition.finish": (20.0, 1e5),
}  # fmt: skip
RULES = (
    {"governance.human_mandate.start": 0, "governance.human_mandate.fine": 0.2},
    {"governance.liability.start": 0}, {"governance.treaty.start": 0, "governance.treaty.release": "no"},
    {"governance.rate_limit.start": 5}, {"governance.transparency_index.start": 3},
)  # fmt: skip


def world(dice: random.Random, strategies: tuple[str, ...] = WEIGHING) -> Scenario:
    """A scenario with parameters at random, one to six labs that differ, and some rules in force."""

    def some(names: dict[str, tuple[float, float]], ratio: bool) -> dict[str, float]:
        return {
            path: low * (high / low) ** dice.random() if ratio else dice.uniform(low, high)
            for path, (low, high) in names.items() if dice.random() < 0.7
        }  # fmt: skip

    values = {
        "race.weeks": 70, "race.information": dice.choice(("public", "noisy", "capability_secret", "secret")),
        "race.safety_information": dice.choice(("secret", "public")), **some(UNIFORM, False), **some(RATIOS, True),
    }  # fmt: skip
    for rule in RULES:
        values |= rule if dice.random() < 0.25 else {}
    labs = tuple(
        LabSpec(f"Lab {i}", dice.choice(strategies),
                {p: v for p, v in {**some(UNIFORM, False), **some(RATIOS, True)}.items() if p.startswith("decision")})
        for i in range(dice.randint(1, 6))
    )  # fmt: skip
    return Scenario("random", labs=labs).with_(values)


def decisions(count: int, seed: int = 0, strategies: tuple[str, ...] = WEIGHING, each: int = 4):
    """`count` decisions, at most `each` out of a race, at random among those that are made."""
    dice = random.Random(seed)
    while count > 0:
        made = list(positions(world(dice, strategies), dice.randrange(10**6), 0, lambda lab, week: True))
        for position in dice.sample(made, min(each, len(made), count)):
            count -= 1
            yield position


ALL = tuple(STRATEGIES)
