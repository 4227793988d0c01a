"""What was changed in a world, in words: made of the declarations' own meaning and unit."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from labsim.model.declaration import Display
from labsim.scenario.checked import CATALOGUE, EVERY, FAMILIES, check_value
from labsim.scenario.presets import LAB_KEYS, SCENARIO_FAMILIES, presets
from labsim.scenario.scenario import Scenario
from labsim.show.numbers import MINUS, as_set
from labsim.show.words import listed
from viz.world.one_future import WEEKS_A_MONTH
from viz.world.world import NEVER, World, base

LONGEST = 90  # characters of a phrase


def value_words(path: str, value: Any) -> str:
    """A parameter's value for people: 3 weeks, 80 %, never, from month 6 (week 26)."""
    d = CATALOGUE[path]
    if value == NEVER or d.is_never(value):
        return NEVER
    if d.display == Display.OPTION:
        return str(value).replace("_", " ")
    if d.display == Display.YES_NO:
        return "yes" if value else "no"
    if d.display == Display.WEEK:
        return {"start": "from ", "stop": "until "}.get(path.rpartition(".")[2], "") + week_words(int(value))
    if d.display == Display.PERCENT:
        return f"{as_set(100 * value)} % {d.unit if d.unit.startswith('a ') else ''}".rstrip()
    one = value == 1 and d.unit.endswith("s") and " " not in d.unit
    return f"{as_set(value)} {d.unit.removesuffix('s') if one else d.unit}".rstrip()


def week_words(week: int) -> str:
    """A date: month 6 (week 26)."""
    return "the start (week 0)" if week == 0 else f"month {max(1, round(week / WEEKS_A_MONTH))} (week {week:,})"


def label(path: str) -> str:
    """What a parameter is, in short; of a rule, with the rule's name."""
    return _of_rule(path, own_label(path))


def own_label(path: str) -> str:
    """What a parameter is, in short; of a rule, without the rule's name."""
    return _typeset(CATALOGUE[path].label)


def _of_rule(path: str, words: str) -> str:
    return f"{rule}: {words}" if (rule := rule_words(path)) else words


def _typeset(words: str) -> str:
    """Words with a minus sign where C - A has a hyphen."""
    return words.replace(" - ", f" {MINUS} ").replace(" -{}", f" {MINUS}{{}}")


def rule_words(path: str) -> str:
    """The name of the rule that a parameter belongs to, nothing if to none."""
    family, _, rest = path.partition(".")
    return rest.partition(".")[0].replace("_", " ") if family in FAMILIES else ""


def setting_words(path: str, value: Any, was: Any = None) -> str:
    """A parameter at a value, as one phrase of at most 90 characters; with what it was if there is room."""
    words, rule, key = value_words(path, value), rule_words(path), path.rpartition(".")[2]
    if rule and key in ("start", "stop") and words != NEVER:
        return f"{rule} {words}"
    if rule and key in ("start", "stop"):
        return f"no {rule}" if key == "start" else f"{rule} without an end"
    phrase = _of_rule(path, _typeset(CATALOGUE[path].phrase).replace("{}", words))
    phrase = f"{label(path)}: {NEVER}" if words == NEVER else phrase
    before = "" if was is None else f", was {value_words(path, was)}"
    return shortened(phrase + before if len(phrase + before) <= LONGEST else phrase)


def shortened(phrase: str) -> str:
    """A phrase cut at a word; what follows its last colon, the value, stays."""
    if len(phrase) <= LONGEST:
        return phrase
    what, colon, value = phrase.rpartition(": ")
    room = LONGEST - len(colon + value) - 2
    return f"{what[:room].rpartition(' ')[0]} …{colon}{value}" if room > 20 else f"{phrase[: LONGEST - 2]} …"


def change_words(world: World) -> list[str]:
    """One phrase for each change of a world: laws first, then numbers, then what single labs have of their own."""
    scenario, own = world.resolve(), base(world.scenario)
    named = {name: preset.title for family in SCENARIO_FAMILIES for name, preset in presets(family).items()}
    phrases = [f"in force: {named[name]}" for name in world.policies]
    paths = sorted((path for path, _ in world.changes), key=_dates_first)
    phrases += [setting_words(path, scenario.get(path), _was(path, own)) for path in paths]
    for lab, key, value in world.labs:
        who = _who(lab)
        if key == "strategy":
            phrases.append(f"{who} decides as {value.replace('_', ' ')}")
        elif key in LAB_KEYS:
            phrases.append(f"{who}'s {key}: {presets(LAB_KEYS[key])[value].title}")
        else:
            phrases.append(f"{who}'s own: {setting_words(key, check_value(key, value))}")
    return [shortened(phrase) for phrase in phrases]


def _who(lab: str) -> str:
    """Whose a change is, in words."""
    return "every lab" if lab == EVERY else lab


def _was(path: str, own: Scenario) -> Any:
    """What a parameter was; nothing where it belongs to a rule that was never in force."""
    off = rule_words(path) and not own.ever_in_force(path.rpartition(".")[0], by_labs=False)
    return None if off else own.get(path)


def title(world: World, most: int = 2) -> str:
    """A world's name: the scenario's title, or what was changed in it."""
    phrases = change_words(world)
    if not phrases:
        return base(world.scenario).title
    more = len(phrases) - most
    said = listed(phrases[:most]) if more <= 0 else f"{'; '.join(phrases[:most])}; and {more} more"
    return said[0].upper() + said[1:]


def differing_words(worlds: Mapping[str, World]) -> list[tuple[str, str]]:
    """What differs between worlds, given by a short name: (parameter, 2 weeks in A and C, 3 weeks in B)."""
    scenarios = {name: world.resolve() for name, world in worlds.items()}
    rows = [("labs", {name: _labs_words(scenario) for name, scenario in scenarios.items()})]
    for path in CATALOGUE:
        if path != "race.labs":  # said by the row above
            rows.append((label(path), {name: value_words(path, s.get(path)) for name, s in scenarios.items()}))
    for lab in dict.fromkeys(entry[0] for world in worlds.values() for entry in world.labs):
        own = {name: _own_words(world, lab) for name, world in worlds.items()}
        rows.append((f"{_who(lab)}, changed", own))
    return [(what, _grouped(values)) for what, values in rows if len(set(values.values())) > 1]


def _grouped(values: Mapping[str, str]) -> str:
    """2 weeks in A and C, 3 weeks in B."""
    names: dict[str, list[str]] = {}
    for name, words in values.items():
        names.setdefault(words, []).append(name)
    return "; ".join(f"{words} in {listed(where)}" for words, where in names.items())


def _labs_words(scenario: Scenario) -> str:
    return f"{len(scenario.all_labs)} alike" if scenario.labs is None else listed([x.name for x in scenario.all_labs])


def _own_words(world: World, lab: str) -> str:
    mine = dataclasses.replace(world, changes=(), policies=(), labs=tuple(x for x in world.labs if x[0] == lab))
    phrases = [phrase.removeprefix(_who(lab)).removeprefix("'s").strip() for phrase in change_words(mine)]
    return ", ".join(phrases) or "no"


def _dates_first(path: str) -> tuple[str, bool, str]:
    """The order in which changes are said: of a rule, that it is in force before how."""
    table, _, key = path.rpartition(".")
    return table, key not in ("start", "stop"), key
