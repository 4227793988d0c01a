"""Real races for tests of single rules: small, still, and set as a case needs it."""

from labsim.draws import derive, seed_key
from labsim.model import Race
from labsim.scenario import LabSpec, Scenario

STILL = {  # nothing happens but what a case sets
    "race.spread": 0.0, "cycle.research": 0.0, "competition.ideas": 0.0, "competition.market_pull": 0.0,
    "evaluators.number": 0, "harm.rate": 0.0,
}  # fmt: skip


def race(changes=None, strategies=None, seed=0, replication=0, still=True):
    """A race at week 0: `changes` to the parameters, a lab for each of `strategies` (default: one calculator)."""
    labs = tuple(LabSpec(f"lab {i}", strategy) for i, strategy in enumerate(strategies or ["calculator"]))
    scenario = Scenario("world", labs=labs).with_({**(STILL if still else {}), **(changes or {})})
    return Race(scenario, seed=seed, replication=replication)


def one_lab(changes=None, **attributes):
    """(race, its only lab), attributes of the lab set."""
    world = race(changes)
    return world, put(world.labs[0], **attributes)


def put(agent, **attributes):
    """Set attributes that exist; returns the agent."""
    for name, value in attributes.items():
        assert hasattr(agent, name), name
        setattr(agent, name, value)
    return agent


def keys(count, seed=11):
    """Different keys of draws."""
    return [derive(seed_key(seed, 0), i) for i in range(count)]


KEY = seed_key(11, 0)
