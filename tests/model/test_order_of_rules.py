"""Two rules cannot overwrite each other: whichever acts first, the lab has the same orders."""

import itertools
import math
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.model import state
from labsim.model.declaration import declarations
from labsim.model.draws import derive, seed_key
from labsim.model.governance import RULES
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.strategies import weigh
from labsim.scenario.scenario import Scenario
from tests.worlds import ORDERS, one_lab, ordered, put, rule

PAIRS = [pair for registry in (RULES, SAFEGUARDS) for pair in itertools.combinations(registry, 2)]
SUMS = ("pace", "standing", "research_bonus", "extra_weeks", "tips")  # products and sums: equal but for rounding
# Pairs of which one changes what the other looks at: the order of the registry holds, and their docstrings say so.
EXCEPTIONS = {
    ("rollback_on_incident", "pause_spec"): "a rollback comes first; the specification looks at what it left",
}
ROWS = Scenario("order").rows()
VALUES = (0.0, 0.3, 0.5, 1.0, 2.0, 7.0, 30.0)  # of quantities: many of them at some threshold


def world(seed):
    """A race and a lab whose quantities are random; orders as cleared, or random as well."""
    luck = [derive(seed_key(seed, 0), n) for n in range(200)]
    lab = SimpleNamespace(**{group: SimpleNamespace(**ROWS[group]) for group in ("cycle", "faking", "decision")})
    for place, (name, start) in enumerate(state.fields(state.LabState).items()):
        random = VALUES[int(luck[place] >> 5) % len(VALUES)]
        setattr(lab, name, ORDERS[name] if name in ORDERS and seed % 2 else random if start != 1.0 else random % 2.0)
    race = SimpleNamespace(**state.fields(state.RaceState))
    for place, name in enumerate(("week", "concern", "size", "members", "seen_closed")):
        setattr(race, name, VALUES[int(luck[199 - place] >> 5) % len(VALUES)])
    return race, lab


def values_of(name):
    """Random values of a rule's parameters, in their ranges, often at an end."""
    kind, _ = rule(name)
    made = {}
    for field, d in declarations(kind).items():
        if d.default is None and field in ("start", "stop", "trigger"):
            continue
        if d.options:
            made[field] = st.sampled_from(d.options)
        elif d.whole:
            made[field] = st.integers(int(d.low), int(d.high))
        else:
            made[field] = st.sampled_from(VALUES).filter(lambda v, d=d: d.low <= v <= d.high) | st.floats(d.low, d.high)
    return st.fixed_dictionaries(made)


def after(names, own, seed):
    """The quantities of the lab after these rules, in this order."""
    race, lab = world(seed)
    for name in names:
        kind, values = rule(name, **own[name])
        registry = RULES if name in RULES else SAFEGUARDS
        kind.act(values, lab, race, derive(seed_key(1, seed), list(registry).index(name)))
    return {name: getattr(lab, name) for name in state.fields(state.LabState)}


def differences(pair, own, seed):
    """The quantities that are not the same in both orders."""
    one, other = after(pair, own, seed), after(pair[::-1], own, seed)
    return [
        name for name in one
        if one[name] != other[name] and not (name in SUMS and math.isclose(one[name], other[name], rel_tol=1e-12))
    ]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.data())
def test_two_rules_leave_the_same_lab_whichever_acts_first(pair, data):
    if pair not in EXCEPTIONS:
        own = {name: data.draw(values_of(name)) for name in pair}
        assert differences(pair, own, data.draw(st.integers(0, 10_000))) == []


@pytest.mark.parametrize("pair", EXCEPTIONS, ids="-".join)
def test_an_exception_is_one(pair):
    own = {name: {} for name in pair}
    assert any(differences(pair, own, seed) for seed in range(1000))
    assert pair in PAIRS  # the first of them stands first in its registry
    assert pair[1] in rule(pair[0])[0].__doc__


def test_the_property_would_notice_a_rule_that_overwrites(monkeypatch):
    def blunt(own, lab, race, key):
        lab.minimum_weeks = own.min_weeks

    def firm(own, lab, race, key):
        lab.minimum_weeks = max(lab.minimum_weeks, 5.0)

    pair, own = ("human_mandate", "rate_limit"), {"human_mandate": {}, "rate_limit": {"min_weeks": 3.0}}
    monkeypatch.setattr(RULES["human_mandate"], "act", firm)
    assert differences(pair, own, 1) == []
    monkeypatch.setattr(RULES["rate_limit"], "act", blunt)
    assert differences(pair, own, 1) == ["minimum_weeks"]


LATE = {"log_capability": 3.0, "cycles": 30.0, "member": 1.0}


@pytest.mark.parametrize(
    ("rules", "given", "expect"),
    [
        ({"human_mandate": {"fine": 0.2, "detection": 0.3}, "treaty": {"release": "no"}, "compute_threshold": {}}, {},
         {"required_oversight": 1.0, "inspections": 4.0, "detection": 1.0, "fine": 0.2, "sharing": 0.2}),
        ({"human_mandate": {"inspections": 2}, "whistle_blowing": {"tips": 3}}, {},
         {"required_oversight": 1.0, "inspections": 2.0, "tips": 3.0, "detection": 1.0, "fine": 0.1}),
        ({"rate_limit": {"min_weeks": 5}, "mandatory_evaluation": {"weeks": 0.5}}, {},
         {"minimum_weeks": 5.0, "extra_weeks": 0.5, "fresh_every": 10.0, "must_measure": 1.0}),
        ({"common_pause": {}, "licensing": {}}, {"measured": 0.5}, {"must_pause": 1.0}),  # either is enough
        ({"common_pause": {}, "licensing": {}}, {"measured": 0.5, "examined": 30.0}, {}),
        ({"common_pause": {}, "licensing": {}}, {"measured": 0.8, "examined": 30.0}, {"must_pause": 1.0}),
        ({"compute_gate": {}, "compute_permits": {}}, {"oversight": 0.0},
         {"closed_cap": 0.5, "compute_cap": 40.0, "permits": 0.6, "permit_audits": 2.0, "permit_fine": 0.1}),
        ({"surprise_reporting": {}, "mandatory_evaluation": {}}, {"edit_capability": 1.0},
         {"fresh_every": 1.0, "extra_weeks": 0.2, "must_measure": 1.0}),
        ({"deception_monitoring": {}, "mandatory_evaluation": {}}, {},
         {"extra_weeks": 0.3, "opened": 0.5, "fresh_every": 10.0, "must_measure": 1.0}),
        ({"incident_reporting": {}, "research_subsidy": {}}, {}, {"research_bonus": 0.003}),
        ({"factored_cognition": {}, "least_agency": {}}, {}, {"frozen": 0.98, "pace": 0.63, "deployed": 0.7}),
        ({"factored_cognition": {}, "least_agency": {}, "constitution": {}}, {},
         {"frozen": 0.98, "pace": 0.6174, "deployed": 0.7, "steadiness": 0.5}),
        ({"least_agency": {}, "staged_deployment": {}}, {"measured": 0.5},
         {"pace": 0.7, "deployed": 0.3, "standing": math.log(0.3)}),
        ({"staged_deployment": {}, "transparency_index": {}}, {"measured": 0.5},
         {"deployed": 0.3, "standing": math.log(0.3) - 0.1, "sees_safety": 1.0}),
        ({"interpretability_before_merge": {}, "deception_monitoring": {}}, {}, {"opened": 0.8, "extra_weeks": 0.6}),
        ({"inter_cycle_audit": {}, "debate": {}, "interpretability_before_merge": {}}, {},
         {"auditor": 3.0, "audit_line": -0.05, "extra_weeks": 1.3, "checks": 1.5, "arbitration": 0.1, "opened": 0.8}),
        ({"bounded_improvement": {}, "impact_regularisation": {}, "capability_ceiling": {}}, {},
         {"largest_gain": 0.15, "damping": 2.0, "ceiling": math.log(100)}),
    ],
)  # fmt: skip
def test_rules_that_meet_add_up_or_the_stricter_holds(rules, given, expect):
    for order in itertools.permutations(rules):
        race, lab = one_lab(None, **LATE | given)
        put(race, members=1.0, concern=2.0)
        for name in order:
            kind, own = rule(name, **rules[name])
            kind.act(own, lab, race, seed_key(1, 0))
        assert ordered(lab) == pytest.approx(expect, rel=1e-12)


def test_tips_are_more_inspections_to_reckon_with():
    def sanction(*names):
        race, lab = one_lab({"decision.discount": 0.0}, weeks_remove=52.0)
        for name in names:
            kind, own = rule(name)
            kind.act(own, lab, race, seed_key(1, 0))
        weigh(lab)
        return lab.sanction

    assert sanction("human_mandate") == pytest.approx(0.1)
    assert sanction("human_mandate", "whistle_blowing") == pytest.approx(0.2)
    assert sanction("whistle_blowing") == 0.0  # a tip finds nothing that is forbidden


@pytest.mark.parametrize(("min_weeks", "weeks"), [(3.0, 5.7), (5.6, 5.7), (6.0, 6.0)])
def test_a_cycle_takes_the_longer_of_the_limit_and_the_evaluated_cycle(min_weeks, weeks):
    rules = {"rate_limit.start": 0, "rate_limit.min_weeks": min_weeks, "mandatory_evaluation.start": 0}
    race, lab = one_lab({f"governance.{name}": value for name, value in rules.items()})
    race.step()
    assert lab.weeks == pytest.approx(weeks)


def test_a_gate_and_permits_cap_what_is_left_of_each_other():
    rules = {"compute_gate.start": 0, "compute_gate.cap": 0.5, "compute_permits.start": 0, "compute_permits.total": 0.4}
    race, lab = one_lab({f"governance.{name}": value for name, value in rules.items()}, oversight=0.0)
    race.step()
    assert lab.compute == pytest.approx(0.4)


@pytest.mark.parametrize("paused", [True, False])
def test_a_kill_switch_that_stops_a_run_and_a_pause_in_one_week_both_hold(paused):
    rules = {"kill_switch.start": 0, "kill_switch.detection": 1.0, "common_pause.start": 0}
    race, lab = one_lab({f"governance.{name}": value for name, value in rules.items()}, oversight=0.0, progress=0.5,
                        weeks=4.0, measured=5.0 if paused else 0.0)  # fmt: skip
    race.step()
    assert (lab.paused, lab.runs_stopped) == (float(paused), 1.0)
    assert lab.progress == pytest.approx(0.0 if paused else 1 / lab.weeks)
