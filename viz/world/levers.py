"""The panel of levers, made from the declarations of parameters: what stands where, and how each is now."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from labsim.model.declaration import Topic
from labsim.model.governance import RULES
from labsim.model.safeguards import SAFEGUARDS
from labsim.model.sources import Evidence, Source
from labsim.model.strategies import STRATEGIES
from labsim.scenario.checked import CATALOGUE, FAMILIES, is_lab_path
from labsim.scenario.presets import presets
from labsim.scenario.scenario import Scenario
from labsim.show.describe import first_line, further
from viz.world.changes import label, own_label, rule_words, value_words
from viz.world.scale import scale
from viz.world.world import World

RULES_TAB, ASSUMPTIONS_TAB, LABS_TAB = "Rules", "Assumptions", "Labs"
ONLY_FIXED = ("race.labs", "decision.choice")  # set by choosing a scenario, and on the first page


@dataclass(frozen=True)
class Group:
    """Levers that stand together: a title, the one that is always seen, single ones, and whole rules."""

    title: str
    master: str = ""
    paths: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def _about(topic: Topic | None) -> tuple[str, ...]:
    """The governance rules of a topic, or those of none: rules of one's own may say nothing."""
    return tuple(f"governance.{name}" for name, kind in RULES.items() if getattr(kind, "topic", None) == topic)


def _free(prefix: str, levers: bool) -> tuple[str, ...]:
    """The parameters of a table that can be moved: policy's own levers, or assumptions about the world."""
    return tuple(
        path for path, d in CATALOGUE.items()
        if path.startswith(prefix) and d.kind != "constant" and path not in ONLY_FIXED
        and (d.kind == "lever") == levers and d.topic is None
    )  # fmt: skip


@lru_cache(maxsize=1)
def groups() -> dict[str, tuple[Group, ...]]:
    """The groups of both tabs; every parameter that may be moved is in exactly one."""
    declared = [path for path, d in CATALOGUE.items() if d.topic == Topic.PRESSURE]
    pressure = (*declared, *_free("race.", True), *_free("competition.", True))
    evaluators = _free("evaluators.", True)
    labs = (*_free("cycle.", True), *_free("decision.", True), *_free("faking.", True), *_free("harm.", True))
    rules = (
        Group(Topic.PRESSURE, pressure[0], pressure[1:]),
        Group(Topic.CHECKS, "governance.human_mandate.fine", rules=_about(Topic.CHECKS)),
        Group("Evaluators", evaluators[0], evaluators[1:]),
        Group(Topic.LIMITS, "governance.rate_limit.min_weeks", rules=_about(Topic.LIMITS)),
        Group(Topic.INCENTIVES, "governance.treaty.fine", rules=_about(Topic.INCENTIVES)),
        Group("What labs bind themselves to", rules=tuple(f"safeguards.{name}" for name in SAFEGUARDS)),
        Group("How labs work", labs[0], labs[1:]),
        *([Group("Other rules", rules=others)] if (others := _about(None)) else ()),
    )
    titles = {"cycle": "The cycle", "decision": "What labs want and believe", "faking": "Alignment faking",
              "harm": "Harm", "competition": "Competition", "evaluators": "Evaluators", "race": "The race"}  # fmt: skip
    guesses = []
    for table, title in titles.items():
        paths = _free(f"{table}.", False)
        guesses.append(Group(title, paths[0], paths[1:]))
    events = tuple(dict.fromkeys(path.rpartition(".")[0] for path in CATALOGUE if path.startswith("events.")))
    guesses.append(Group("Events and shocks", rules=events))
    return {RULES_TAB: rules, ASSUMPTIONS_TAB: tuple(guesses)}


def in_group(group: Group) -> list[str]:
    """Every path of a group."""
    singles = [path for path in (group.master, *group.paths) if path and not _rule_of(path)]
    return singles + [path for rule in group.rules for path in rule_paths(rule)]


def rule_paths(rule: str) -> list[str]:
    """The paths of a rule's settings, its dates first."""
    return [path for path in CATALOGUE if path.rpartition(".")[0] == rule]


def is_date(path: str) -> bool:
    """Whether a path says when a rule is in force rather than what it asks."""
    return path.endswith((".start", ".stop", ".trigger"))


def _rule_of(path: str) -> str:
    """The rule or safeguard that a path belongs to; empty for a parameter of the world."""
    table = path.rpartition(".")[0]
    return table if f"{table}.start" in CATALOGUE else ""


def panel(scenario: Scenario) -> dict[str, list[dict[str, Any]]]:
    """The panel of a scenario as it is: for each tab its groups, for the browser."""
    return {tab: [_group(group, scenario) for group in result] for tab, result in groups().items()}


def _group(group: Group, scenario: Scenario) -> dict[str, Any]:
    singles = [lever(path, scenario) for path in group.paths]
    rules = [_rule(rule, scenario) for rule in group.rules]
    return {
        "title": group.title,
        "master": lever(group.master, scenario, name=bool(_rule_of(group.master))) if group.master else None,
        "more": len(singles) + len(rules), "levers": singles, "rules": rules,
    }  # fmt: skip


def _rule(rule: str, scenario: Scenario) -> dict[str, Any]:
    """A rule: its name, what it does in one line, the switch of its date, its settings."""
    family, name = rule.split(".")
    kind = FAMILIES[family][name]
    return {
        "rule": rule, "title": rule_words(f"{rule}.start").capitalize(), "help": first_line(kind),
        "source": further(kind)[:300],
        "levers": [lever(path, scenario) for path in rule_paths(rule)],
    }  # fmt: skip


def lever(path: str, scenario: Scenario, name: bool = False) -> dict[str, Any]:
    """One lever as the scenario has it: `name` says the rule it belongs to, where it stands alone."""
    d, own, rule = CATALOGUE[path], scenario.get(path), _rule_of(path)
    words = label(path) if name else own_label(path)
    made = {
        "path": path, "label": words[0].upper() + words[1:], "meaning": d.meaning,
        "base": value_words(path, own), "source": d.source.text,
        "guess": d.source.kind == Evidence.ASSUMPTION, "badge": _badge(d.source), "rule": rule,
        "note": _note(path, scenario),
        "was": "off" if rule and not is_date(path) and rule not in in_force(scenario) else value_words(path, own),
    }  # fmt: skip
    if d.options:
        return made | {"options": list(d.options), "value": own}
    return made | {"place": scale(path).place(own)}


def _badge(source: Source) -> str:
    """The word on a badge: what kind of evidence a number has."""
    return "yours" if source.kind == Evidence.USER else source.kind


def _note(path: str, scenario: Scenario) -> str:
    """Who does not follow this lever: labs with a value of their own."""
    own = [lab.name for lab in scenario.all_labs if is_lab_path(path) and path in lab.values]
    if path == "evaluators.number" and scenario.evaluators is not None:
        return "this scenario lists its evaluators"
    return f"{', '.join(own)}: own value" if own else ""


def state(world: World) -> dict[str, dict[str, Any]]:
    """How the levers that are not as shipped are now: {path: {"text", "place" or "value"}}."""
    scenario, shipped = world.resolve(), world.base.resolve()
    changed = {path: value for path, value in scenario.values.items() if value != shipped.get(path)}
    return {path: now(path, value) for path, value in changed.items()}


def in_force(scenario: Scenario) -> list[str]:
    """The rules, safeguards and events that are ever in force, for all labs."""
    rules = dict.fromkeys(_rule_of(path) for path in CATALOGUE)
    return [rule for rule in rules if rule and scenario.ever_in_force(rule, by_labs=False)]


def now(path: str, value: Any) -> dict[str, Any]:
    """A lever's value, for the browser."""
    if CATALOGUE[path].options:
        return {"text": value_words(path, value), "value": value}
    return {"text": value_words(path, value), "place": scale(path).place(value)}


def labs(scenario: Scenario) -> list[dict[str, Any]]:
    """The labs with how each decides and what kind of lab it is."""
    return [
        {"name": lab.name, "strategy": lab.strategy, "archetype": lab.presets.get("archetype", ""),
         "own": [f"{CATALOGUE[path].meaning}: {value_words(path, value)}" for path, value in lab.values.items()]}
        for lab in scenario.all_labs
    ]  # fmt: skip


def choices() -> dict[str, list[dict[str, str]]]:
    """What a lab can be: its strategies and archetypes, each with a line about it."""
    lines = {name: first_line(rule) for name, rule in STRATEGIES.items()}
    kinds = {name: preset.meaning for name, preset in presets("archetypes").items()}
    return {
        key: [{"name": name, "about": about} for name, about in result.items()]
        for key, result in (("strategy", lines), ("archetype", kinds))
    }


def moved(world: World, path: str, value: Any) -> World:
    """The world with a lever moved; a rule whose setting is moved is put in force from week 0."""
    rule, changes = _rule_of(path), {path: value}
    if rule and not is_date(path) and rule not in in_force(world.resolve()):
        changes[f"{rule}.start"] = 0
    return world.with_(changes)


def switched(world: World, rule: str, on: bool) -> World:
    """The world with a rule in force from week 0, or never."""
    edges = {f"{rule}.{edge}": None for edge in ("start", "trigger") if f"{rule}.{edge}" in CATALOGUE}
    return world.with_(edges | ({f"{rule}.start": 0} if on else {}))


def reset(world: World, paths: Iterable[str]) -> World:
    """The world with levers as shipped; with a rule's setting its date goes too, if nothing else of it is changed."""
    paths = list(paths)
    rules = {_rule_of(path) for path in paths} - {""}
    changed = world.without(paths)
    for rule in rules:
        left = [path for path, _ in changed.changes if path.startswith(f"{rule}.")]
        if left == [f"{rule}.start"]:
            changed = changed.without(left)
    return changed
