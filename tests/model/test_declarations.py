"""Declared once: parameters with meaning, source and range; quantities that rules touch; nothing dead or secret."""

import ast
import dataclasses
import inspect
import math
import textwrap
import types
from pathlib import Path

import pytest

from labsim.engines.mesa_engine import Evaluator, Lab, Race
from labsim.model import draws, events, outcomes, pause_spec, safeguards, state, strategies
from labsim.model.declaration import Display, declarations, parameter
from labsim.model.events import EVENTS
from labsim.model.governance import RULES, compute, incentives, oversight
from labsim.model.orders import in_force
from labsim.model.parameters import DERIVED, EVALUATOR_GROUP, GROUPS, LAB_GROUPS, expected_best, row
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.sources import LINKED, METR, OFF, Evidence, Source
from labsim.model.strategies import STRATEGIES
from labsim.model.week import (
    CYCLE_PAIR,
    DECIDE,
    EVALUATOR,
    EVENT,
    EXAMINATION,
    GOVERNANCE,
    PAIR,
    RACE,
    RULE_KEYS,
    SAFEGUARD,
    START,
    TALLY,
    WEEK,
    imposed,
)  # fmt: skip
from labsim.scenario.checked import CATALOGUE, FAMILIES, TABLES, is_evaluator_path, is_lab_path
from labsim.scenario.scenario import Scenario
from tests import lacks


def missing(d):
    """What a declaration of a parameter lacks."""
    if len(d.meaning) <= 5:
        yield "meaning"
    if not d.source.text.strip() or not isinstance(d.source.kind, Evidence):
        yield "source"
    if d.kind not in ("lever", "uncertainty", "constant"):
        yield "kind"
    if d.options:
        if d.default not in d.options or not len(set(d.options)) == len(d.options) > 1:
            yield "options"
        return
    if not (math.isfinite(d.low) and math.isfinite(d.high) and d.low < d.high):
        yield "range"
    if d.default is not None:
        if not d.low <= d.default <= d.high:
            yield "default in its range"
        if isinstance(d.default, int) != d.whole or isinstance(d.default, bool):
            yield "default of its type"


def test_every_parameter_is_declared_in_full():
    lacks.none_of(
        f"{path} lacks: {', '.join(items)}: {lacks.home(TABLES[path.rpartition('.')[0]])}"
        for path, d in CATALOGUE.items() if (items := list(missing(d)))
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"meaning": ""}, "meaning"), ({"source": Source(Evidence.ASSUMPTION, " ")}, "source"),
        ({"kind": "knob"}, "kind"),
        ({"low": math.nan}, "range"), ({"low": 3.0, "high": 1.0}, "range"), ({"default": 1e6}, "default in its range"),
        ({"default": 2}, "default of its type"), ({"options": ("a", "b")}, "options"),
    ],
)  # fmt: skip
def test_what_a_declaration_lacks_is_named(change, lacking):
    assert not list(missing(CATALOGUE["cycle.review"]))
    assert lacking in missing(dataclasses.replace(CATALOGUE["cycle.review"], **change))


EDGES = {GOVERNANCE: ["start", "stop", "trigger"], SAFEGUARD: ["start", "stop"], EVENT: ["start", "stop"]}
IN_FORCE = [(kind, name) for kind, name, _ in imposed()]


@pytest.mark.parametrize(("kind", "name"), IN_FORCE)
def test_what_can_be_in_force_is_a_frozen_dataclass_with_a_docstring_and_no_date(kind, name):
    rule = FAMILIES[kind][name]
    lacks.none_of(f"{kind}.{name}: {rule.__name__} in {lacks.home(rule)} {fault}" for fault in form_faults(kind, rule))


def form_faults(kind, rule):
    """What is wrong with the form of what can be in force."""
    if "__dataclass_params__" not in vars(rule) or not rule.__dataclass_params__.frozen:
        yield "must be a frozen dataclass"
        return
    if "__doc__" not in vars(rule) or rule.__doc__.startswith(f"{rule.__name__}(") or len(rule.__doc__.split()) <= 15:
        yield "has no docstring of a sentence for everybody and a source"  # a dataclass without has its signature
    edges = [edge for edge in declarations(rule) if edge in EDGES[GOVERNANCE]]
    if not edges == EDGES[kind] == list(declarations(rule))[: len(edges)]:
        yield f"must declare {', '.join(EDGES[kind])} first (a rule by its base Dated, a safeguard by Period)"
    elif {getattr(rule(), edge) for edge in edges} != {None}:
        yield "has a date by default: must be None, never in force"
    if kind != EVENT and (fixed := [path for path, d in declarations(rule).items() if d.kind != "lever"]):
        yield f"must declare with lever(...): {', '.join(fixed)}"  # nobody chooses an event


def test_the_week_walks_every_registry_once_and_their_keys_are_apart():
    walked = [(kind, rules) for kind, rules in WEEK if isinstance(rules, dict)]
    registries = [(EVENT, EVENTS), (SAFEGUARD, SAFEGUARDS), (GOVERNANCE, RULES)]
    assert walked == [*registries, (DECIDE, STRATEGIES)]
    assert dict(registries) == FAMILIES and set(RULE_KEYS) == set(FAMILIES)
    keys = [RULE_KEYS[kind] + number for kind, rules in registries for number in range(len(rules))]
    assert len(set(keys)) == len(keys) == len(imposed()) and min(keys) > 40  # keys of pairs are ids of labs


def written_in(*modules):
    """The functions and classes that are written in these modules, not imported into them."""
    for module in modules:
        yield from (thing for thing in vars(module).values() if getattr(thing, "__module__", "") == module.__name__)


def takes(function, *arguments):
    """Whether something is a function of just these arguments."""
    return inspect.isfunction(function) and tuple(inspect.signature(function).parameters) == arguments


def test_everything_that_is_written_has_its_line_in_a_registry():
    """What a registry lacks is not in the model: nobody would miss it."""
    unlisted = []
    homes = {GOVERNANCE: (compute, incentives, oversight), SAFEGUARD: (safeguards, pause_spec), EVENT: (events,)}
    for kind, modules in homes.items():
        rules = {thing for thing in written_in(*modules) if inspect.isclass(thing) and hasattr(thing, "act")}
        registry = "governance/__init__.py" if kind == GOVERNANCE else f"{kind}.py"
        unlisted += [(rule, f"the registry, labsim/model/{registry}") for rule in rules - set(FAMILIES[kind].values())]
    steps = {rule for kind, rule in WEEK if inspect.isfunction(rule)}
    decide = {thing for thing in written_in(strategies) if takes(thing, "lab", "race", "p", "key")} - steps
    listed = {strategy.function for strategy in strategies.SHIPPED.values()}
    unlisted += [(own, "STRATEGIES, labsim/model/strategies.py") for own in decide - listed]
    read = {thing for thing in written_in(outcomes) if takes(thing, "final")}
    listed = {outcome.function for outcome in outcomes.OUTCOMES.values()}
    unlisted += [(own, "OUTCOMES, labsim/model/outcomes.py") for own in read - listed]
    lacks.none_of(f"{own.__name__} ({lacks.home(own)}) has no line in {where}" for own, where in unlisted)


def test_assumptions_are_computed_and_are_a_part():
    assumptions = [path for path, d in CATALOGUE.items() if d.source.kind == Evidence.ASSUMPTION]
    assert "harm.rate" in assumptions and "cycle.research" in assumptions
    assert not {"cycle.tau_capability", "cycle.machine", "faking.initial"} & set(assumptions)
    assert 30 < len(assumptions) < len(CATALOGUE)


def test_what_is_published_or_measured_has_an_address_and_the_words_decide_nothing():
    linked = [d.source for d in CATALOGUE.values() if d.source.kind in LINKED]
    assert len(linked) >= 4 and all(source.url.startswith("https://") for source in linked)
    with pytest.raises(ValueError, match="must have an address"):
        Source(Evidence.PUBLISHED, "Nobody 2020")
    reworded = Source(Evidence.ASSUMPTION, "calibrated: off")
    own = parameter(1.0, "a number", low=0, high=2, source=reworded).metadata["declaration"]
    assert own.source.kind == Evidence.ASSUMPTION
    words = parameter(1.0, "a number", low=0, high=2, source="assumption, says a book").metadata["declaration"]
    assert words.source == Source(Evidence.CITED, "assumption, says a book")


def test_how_a_number_is_shown_follows_from_its_range_and_unit_and_not_from_its_words():
    def display(**declared):
        made = parameter(declared.pop("default", 0.0), "chance, share or part", **declared)
        return made.metadata["declaration"].display

    assert display(low=0, high=1) == display(low=0.01, high=0.9, unit="a week") == Display.PERCENT
    assert display(low=0, high=2) == display(low=-1, high=1) == display(low=0, high=1, unit="log") == Display.NUMBER
    assert display(low=0, high=1, display=Display.NUMBER) == Display.NUMBER
    assert display(default=1, low=0, high=1, whole=True) == Display.YES_NO
    assert display(default=None, low=0, high=9, whole=True) == Display.WEEK
    assert display(default="a", options=("a", "b")) == Display.OPTION


def test_words_for_people_have_room_for_the_value_and_a_number_may_mean_never():
    d = parameter(9.0, "drops what is below {}; 9 never", low=0, high=9, label="drops what is below {}", never=9.0)
    d = d.metadata["declaration"]
    assert (d.meaning, d.label) == ("drops what is below this; 9 never", "drops what is below this")
    assert d.phrase == "drops what is below {}" and d.is_never(9.0) and d.is_never(None) and not d.is_never(8.0)
    plain = parameter(1.0, "a number", low=0, high=9).metadata["declaration"]
    assert (plain.label, plain.phrase) == ("a number", "a number: {}") and not plain.is_never(9.0)
    texts = [text for d in CATALOGUE.values() for text in (d.meaning, d.label)]
    assert not [text for text in texts if "{" in text]
    assert all(d.phrase.count("{}") == 1 for d in CATALOGUE.values())


def test_a_source_says_more_and_leads_to_others():
    assert METR.says("twice") == Source(Evidence.MEASURED, f"{METR.text}: twice", METR.url)
    assert OFF.see(METR, "pace") == Source(Evidence.OFF, f"off: neutral; pace: {METR.text}", METR.url)
    assert OFF.see("noise alone") == Source(Evidence.OFF, "off: neutral; noise alone")


@pytest.mark.parametrize("table", TABLES)
def test_a_row_holds_every_declared_and_derived_number(table):
    values = {n: 0.0 if d.default is None else d.default for n, d in declarations(TABLES[table]).items()}
    numbers = row(table, TABLES[table], values)
    assert set(numbers) == {*declarations(TABLES[table]), *DERIVED.get(table, {})}
    assert {type(value) for value in numbers.values()} == {float}


ROOT_PI = math.sqrt(math.pi)


@pytest.mark.parametrize(("n", "expect"), [(1, 0.0), (2, 1 / ROOT_PI), (3, 1.5 / ROOT_PI), (8, 1.4236003060)])
def test_expected_best(n, expect):
    assert expected_best(n) == pytest.approx(expect, abs=1e-9)


def test_derived_numbers():
    rows = Scenario("plain").rows()
    assert (rows["cycle"]["log_able"], rows["competition"]["line"]) == pytest.approx((math.log(2), math.log(1000)))


# What each argument of a rule is, by the kind of its step.
ARGUMENTS = {
    RACE: ("race", "p", ""), TALLY: ("lab", "race", "p"), PAIR: ("lab", "lab", "", "p", ""),
    CYCLE_PAIR: ("lab", "lab", "", "p", ""), EXAMINATION: ("evaluator", "lab", "race", "p", ""),
    EVALUATOR: ("evaluator", "race", "p", ""),
}  # fmt: skip
LAB_ARGUMENTS = ("lab", "race", "p", "")
WRITES = {  # the law of rules: what each kind of step may write
    TALLY: {"race"}, RACE: {"race"}, EVALUATOR: {"evaluator"}, EXAMINATION: {"evaluator", "lab"},
}  # fmt: skip


def rules():
    """(kind, name, function, arguments) of everything a week calls."""
    for kind, rule in (*START, *WEEK):
        if kind in RULE_KEYS:
            for name, own in rule.items():
                yield kind, name, own.act, (f"{'lab' if kind == SAFEGUARD else 'p'}.{kind}.{name}", "lab", "race", "")
        elif kind == DECIDE:
            yield from ((kind, name, function, LAB_ARGUMENTS) for name, function in rule.items())
        else:
            yield kind, rule.__name__, rule, ARGUMENTS.get(kind, LAB_ARGUMENTS)


ALL_RULES = {f"{kind}: {name}": (kind, function, arguments) for kind, name, function, arguments in rules()}


def chain(node):
    """["lab", "cycle", "review"] for the expression lab.cycle.review, else None."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


def touches(function, arguments):
    """(written, path) of every field a rule reads or writes; aliases and plain functions it calls are followed."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    meant = {a.arg: m for a, m in zip(tree.args.args, arguments, strict=True) if m}

    def resolve(node):
        parts = chain(node)
        return ".".join([meant[parts[0]], *parts[1:]]) if parts and parts[0] in meant else None

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and resolve(node.value):
            meant[node.targets[0].id] = resolve(node.value)
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner and (path := resolve(node)):
            yield not isinstance(node.ctx, ast.Load), path
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name), f"{function.__name__}: rules call plain functions"
            callee = function.__globals__.get(node.func.id)
            if isinstance(callee, types.FunctionType) and callee.__module__ != draws.__name__:  # they know no records
                yield from touches(callee, [resolve(argument) or "" for argument in node.args])


ROWS = Scenario("plain").rows()
KNOWN = {
    *(f"race.{name}" for name in state.fields(state.RaceState)),
    *(f"evaluator.{name}" for name in state.fields(state.EvaluatorState)),
    *(f"lab.{name}" for name in state.fields(state.LabState)),
    *(f"{'lab' if is_lab_path(table) else 'p'}.{table}.{name}" for table in ROWS for name in ROWS[table]),
    *(f"evaluator.{path}" for path in CATALOGUE if is_evaluator_path(path)),
}
HANDED_ON = {f"evaluator.{EVALUATOR_GROUP}", *(f"lab.{group}" for group in LAB_GROUPS)}  # groups, whole
TOUCHED = {name: set(touches(function, arguments)) for name, (_, function, arguments) in ALL_RULES.items()}


def test_every_rule_touches_only_what_is_declared():
    lacks.none_of(
        f"{name} ({lacks.home(ALL_RULES[name][1])}) touches {path}, which is not declared: a quantity is declared in "
        "labsim/model/state.py, a parameter in labsim/model/parameters.py or in the rule's dataclass"
        for name, touched in TOUCHED.items() for path in {path for _, path in touched} - KNOWN - HANDED_ON
    )  # fmt: skip


def test_every_rule_writes_only_what_the_law_of_rules_allows():
    lacks.none_of({
        f"{name} ({lacks.home(ALL_RULES[name][1])}) writes {path}, which is not its own: see the law of rules in "
        "docs/architecture.md"
        for name, (kind, *_) in ALL_RULES.items()
        for is_written, path in TOUCHED[name]
        if is_written and (path.split(".")[0] not in WRITES.get(kind, {"lab"}) or path.count(".") > 1)
    })  # a path with two dots is a parameter: they stay as they are


@pytest.mark.parametrize("name", [n for n, (kind, *_) in ALL_RULES.items() if kind in (PAIR, CYCLE_PAIR)])
def test_a_pair_rule_writes_nothing_of_the_other(name):
    _, function, _ = ALL_RULES[name]
    accesses = set(touches(function, ("lab", "other", "", "p", "")))
    assert {path.split(".")[0] for is_written, path in accesses if is_written} == {"lab"}
    read = {path for _, path in accesses if path.startswith("other.") and path.count(".") == 1}
    public = {"other.minimum_weeks", "other.extra_weeks", "other.automation", "other.share"}  # orders, events, compute
    assert {path for path in read if not path.startswith("other.shown_")} <= public | {"other.cycle"}


@pytest.mark.parametrize("kind", [state.LabState, state.EvaluatorState, state.RaceState])
def test_every_quantity_has_a_meaning_and_its_own_words(kind):
    meanings = [f.metadata["meaning"] for f in kind.__dataclass_fields__.values()]
    assert min(map(len, meanings)) > 5 and len(set(meanings)) == len(meanings)
    assert state.kept(kind) == tuple(n for n, f in kind.__dataclass_fields__.items() if f.metadata["kept"])


ELSEWHERE = {  # read by engines, and by outcomes
    "evaluators.number", "competition.network", "harm.public_harm", "harm.social_discount",
    "harm.inspection_cost", "harm.breach",
}  # fmt: skip
BY_ENGINES = {"lab.id", "evaluator.id", "race.over"}  # keys of draws; the end of the loop
ACCESSES = set().union(*TOUCHED.values())
STATE = [path for path in sorted(KNOWN) if path.count(".") == 1]


def test_every_quantity_is_touched_by_some_rule():
    untouched = {*STATE} - BY_ENGINES - {path for _, path in ACCESSES}
    lacks.none_of(f"{path}: declared in labsim/model/state.py, and no rule touches it" for path in untouched)


@pytest.mark.parametrize(("kind", "name"), IN_FORCE)
def test_dates_triggers_and_places_decide_what_is_in_force(kind, name):
    read = {path for _, path in touches(in_force(FAMILIES[kind][name]), ("rule", "race", "lab"))}
    where = {"rule.where", "lab.jurisdiction"} if kind == GOVERNANCE else set()
    concern = {"race.concern"} if kind == GOVERNANCE else set()
    assert read == {f"rule.{edge}" for edge in EDGES[kind]} | {"race.week"} | concern | where


FRAME = {*EDGES[GOVERNANCE], "where"}  # what the engines ask before they call a rule


DERIVED_FROM = {"cycle.able": "log_able", "competition.finish": "line", "cycle.candidates": "expected_best"}


def is_read(path):
    """Whether some rule reads a parameter, or the number derived from it."""
    table, _, name = path.rpartition(".")
    whose = "lab" if is_lab_path(path) else "evaluator" if is_evaluator_path(path) else "p"
    names = {name, DERIVED_FROM.get(path, name)}
    return not {f"{whose}.{table}.{n}" for n in names}.isdisjoint(touched for _, touched in ACCESSES)


def test_every_parameter_is_read_by_some_rule():
    unread = {path for path in CATALOGUE if path.rpartition(".")[2] not in FRAME and not is_read(path)}
    lacks.none_of(
        f"{path}: declared in {lacks.home(TABLES[path.rpartition('.')[0]])}, and no rule reads it"
        for path in unread - ELSEWHERE
    )
    assert not is_read("cycle.no_such_parameter")


def test_a_race_has_only_declared_quantities():
    world = Race(Scenario("plain"))
    own = set(vars(Lab(world, world.labs[0].spec, 5)))
    known = {"model", "unique_id", "pos", "name", "spec", "start_key", "week_stream", "cycle_stream", *LAB_GROUPS}
    assert own - known <= set(state.fields(state.LabState))
    own = set(vars(Evaluator(world, world.setting.all_evaluators[0], 5)))
    known = {"model", "unique_id", "pos", "name", "start_key", "week_stream", EVALUATOR_GROUP}
    assert own - known <= set(state.fields(state.EvaluatorState))
    agents = [world.labs[0], world.evaluators[0]]
    before = [set(vars(agent)) for agent in agents]
    world.run()
    for agent, known in zip(agents, before, strict=True):
        assert set(vars(agent)) - known <= {"cycle_key"}  # no rule has made up an attribute


def test_every_rule_and_strategy_has_a_test_of_its_own():
    named = set()
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        if path != Path(__file__):
            for node in ast.walk(ast.parse(path.read_text())):
                named |= {node.id} if isinstance(node, ast.Name) else set()
                named |= {node.value} if isinstance(node, ast.Constant) else set()
    page = {GOVERNANCE: ": see docs/how-to/rule.md", SAFEGUARD: ": see docs/how-to/safeguard.md",
            EVENT: ": see docs/how-to/event.md", DECIDE: ": see docs/how-to/strategy.md"}  # fmt: skip
    lacks.none_of(
        f"{kind} {name}: no test of tests/model/ or another room names it{page.get(kind, '')}"
        for kind, name, _, _ in rules() if name not in named
    )


def test_groups_are_documented():
    assert all(kind.__doc__ and not kind.__doc__.startswith(kind.__name__ + "(") for kind in GROUPS.values())
