"""Real races for tests of single rules: small, still, and set as a case needs it."""

from types import SimpleNamespace

from labsim.engines.mesa_engine import Race
from labsim.model.draws import derive, seed_key
from labsim.model.orders import NEVER
from labsim.model.parameters import row
from labsim.model.state import NO_LIMIT, NO_LINE
from labsim.scenario.checked import FAMILIES, LabSpec
from labsim.scenario.scenario import Scenario

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

ORDERS = {  # what there is when nothing is ordered
    "finding": 0.0, "salience": 0.0, "automation": 0.0, "leak": 0.0, "regime": 0.0, "auditor": 0.0,
    "audit_line": NO_LINE, "regression_watch": 0.0, "regression_alarm": 0.0, "largest_gain": NO_LIMIT, "damping": 0.0,
    "pace": 1.0, "ceiling": NO_LIMIT, "frozen": 0.0, "steadiness": 0.0, "version_line": NO_LINE, "opened": 0.0,
    "arbitration": 0.0, "checks": 1.0, "deployed": 1.0, "standing": 0.0, "research_bonus": 0.0, "sees_safety": 0.0,
    "liability": 0.0, "sharing": 0.0, "permits": NO_LIMIT, "permit_audits": 0.0, "permit_fine": 0.0,
    "local_rules": 0.0, "required_oversight": 0.0, "minimum_weeks": 0.0, "extra_weeks": 0.0, "must_pause": 0.0,
    "fresh_every": 0.0, "must_measure": 0.0, "compute_cap": NO_LIMIT, "closed_cap": NO_LIMIT, "inspections": 0.0,
    "tips": 0.0, "detection": 0.0, "fine": 0.0,
}  # fmt: skip


def ordered(lab):
    """The orders that differ from none."""
    return {name: getattr(lab, name) for name, none in ORDERS.items() if getattr(lab, name) != none}


def rule(name, **values):
    """(kind, values) of a rule, safeguard or event: its values as rules read them, defaults where none is given."""
    kind = next((rules[name] for rules in FAMILIES.values() if name in rules), None)
    assert kind is not None, f"'{name}' stands in no registry of rules, safeguards or events"
    defaults = {field: NEVER if value is None else value for field, value in vars(kind()).items()}
    assert set(values) <= set(defaults)
    return kind, SimpleNamespace(**row("", kind, defaults | values))


def act(name, lab, world, key=KEY, **values):
    """A rule, safeguard or event acts on a lab, with its defaults or other values."""
    kind, own = rule(name, **values)
    assert kind.act(own, lab, world, key) is None
    return lab
