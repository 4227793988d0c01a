"""The compiled week: a small module written from `week.START` and `week.WEEK`, and loaded.

The loops are the engine's; the rules are the project's, inlined unchanged. Consecutive steps of one
kind share a loop. Steps for completed cycles run on a *packed* block: the (lab, lane) pairs that
completed this week are gathered side by side into `WIDTH` lanes, run in groups of eight, and written
back, so that dear rules never run for nothing. Only the fields that the rules touch are copied, at
unsigned places: signed ones would be tested for being negative.

The module is a file in a cache folder named by a hash of all of labsim's sources: edit a rule and
the next run compiles anew; leave them and it loads in a moment.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import chain, groupby

from labsim.engines.compiled import Layout, lab_layout, parameter_layout, race_layout, touched
from labsim.engines.conditions import ONLY_IF
from labsim.model.declaration import declarations
from labsim.model.orders import in_force, note_place
from labsim.model.strategies import looks
from labsim.model.week import (
    AT_START,
    BY_CYCLE,
    BY_WEEK,
    CYCLE,
    CYCLE_PAIR,
    DECIDE,
    EVALUATOR,
    EVALUATOR_STREAM,
    EXAMINATION,
    GOVERNANCE,
    LAB,
    LAB_STREAM,
    PAIR,
    RACE,
    RACE_STREAM,
    RULE_KEYS,
    SAFEGUARD,
    START,
    TALLY,
    WEEK,
    imposed,
)  # fmt: skip

PACKED = (CYCLE, CYCLE_PAIR, DECIDE)
BLOCK = (
    "n, labs_n.ravel(), races_n.ravel(), ps_n.ravel(), weights, streams, strategy, mine, mine_n, theirs, theirs_n, "
    "race, race_n, p, p_n, keys, pair_keys, pair_weights, place_i, place_b, at, other_at, needed, faults"
)
BLOCK_NAMES = BLOCK.replace(".ravel()", "")
WORLD = "n, m, labs, evaluators, races, ps, lab_keys, race_keys, evaluator_keys, weights, in_force, needed, faults"
HEAD = '''"""Written by labsim.engines.kernel from labsim.model.week; do not edit."""

import numpy as np
from numba import int64, njit, uint64

from labsim.engines.compiled import lane
from labsim.model.draws import derive, seed_key

OPTIONS = dict(error_model="numpy", nogil=True, cache={cache})
WIDTH = {width}
'''

RUN = '''
@njit(**OPTIONS)
def run(lo, hi, numbers, seed, labs, labs_n, evaluators, evaluators_n, races, races_n, ps, ps_n, mine, mine_n, theirs,
        theirs_n, race, race_n, p, p_n, lab_base, evaluator_base, race_base, p_base, sampled, slots, weights, in_force,
        needed, strategy, finals, traced, trace, stop):
    """Replications lo to hi - 1: their final states to `finals`, traced quantities by week to `trace`.

    The final state of a race that code from outside ended with an exception is nan.
    """
    n, m = lab_base.shape[0], evaluator_base.shape[0]
    fl, fr, moving = lab_base.shape[1], race_base.shape[0], (finals.shape[1] - race_base.shape[0]) // n
    lab_keys, lab_weeks = np.zeros((n, WIDTH), np.uint64), np.zeros((n, WIDTH), np.uint64)
    streams = np.zeros((n, WIDTH), np.uint64)
    evaluator_keys, evaluator_weeks = np.zeros((m, WIDTH), np.uint64), np.zeros((m, WIDTH), np.uint64)
    race_keys, race_weeks = np.zeros(WIDTH, np.uint64), np.zeros(WIDTH, np.uint64)
    keys, holds = np.zeros(WIDTH, np.uint64), np.full(WIDTH, -1, np.int64)
    pair_keys, pair_weights = np.zeros((n, WIDTH), np.uint64), np.zeros((n, WIDTH))
    place_i, place_b = np.zeros((n + 1) * WIDTH, np.int64), np.zeros((n + 1) * WIDTH, np.int64)
    at, other_at = np.zeros(WIDTH, np.uint64), np.zeros(WIDTH, np.uint64)
    faults = np.zeros(WIDTH, np.bool_)
    upcoming, running = lo, 0
    for b in range(WIDTH):
        for k in range(p_base.shape[0]):
            ps_n[0, k, b] = p_base[k]
            p_n[0, k, b] = p_base[k]
        for i in range(n):
            for k in range(fl):
                labs_n[i, k, b] = lab_base[i, k]
        for k in range(fl):
            mine_n[0, k, b] = lab_base[0, k]
            for i in range(n):
                theirs_n[i, k, b] = lab_base[0, k]
    while True:
        for b in range(WIDTH):
            if holds[b] < 0 and upcoming < hi:
                holds[b] = upcoming
                running += 1
                faults[b] = False
                for k in range(fr):
                    races_n[0, k, b] = race_base[k]
                for i in range(n):
                    for k in range(fl):
                        labs_n[i, k, b] = lab_base[i, k]
                for i in range(m):
                    for k in range(evaluator_base.shape[1]):
                        evaluators_n[i, k, b] = evaluator_base[i, k]
                for s in range(slots.shape[0]):
                    value = sampled[upcoming, slots[s, 0]]
                    if slots[s, 1] == -1:
                        ps_n[0, slots[s, 2], b] = value
                    elif slots[s, 1] < -1:
                        evaluators_n[-2 - slots[s, 1], slots[s, 2], b] = value
                    else:
                        labs_n[slots[s, 1], slots[s, 2], b] = value
                key = seed_key(uint64(seed), uint64(numbers[upcoming]))
                own = derive(key, uint64({race_stream}))
                race_keys[b], race_weeks[b] = derive(own, uint64({at_start})), derive(own, uint64({by_week}))
                for i in range(n):
                    own = derive(derive(key, uint64({lab_stream})), uint64(int64(labs_n[i, {lab_id}, b])))
                    lab_keys[i, b], lab_weeks[i, b] = derive(own, uint64({at_start})), derive(own, uint64({by_week}))
                    streams[i, b] = derive(own, uint64({by_cycle}))
                for i in range(m):
                    own = derive(derive(key, uint64({evaluator_stream})), uint64(i))
                    evaluator_keys[i, b] = derive(own, uint64({at_start}))
                    evaluator_weeks[i, b] = derive(own, uint64({by_week}))
                begin(b, n, m, labs, evaluators, races, ps, lab_keys, race_keys, evaluator_keys)
                upcoming += 1
        if running == 0 or stop[0]:
            return
        for b in range(WIDTH):
            week = uint64(int64(races_n[0, {week}, b]))
            race_keys[b] = derive(race_weeks[b], week)
            for i in range(n):
                lab_keys[i, b] = derive(lab_weeks[i, b], week)
            for i in range(m):
                evaluator_keys[i, b] = derive(evaluator_weeks[i, b], week)
{calls}
        for b in range(WIDTH):
            r = holds[b]
            if r < 0:
                continue
            if faults[b]:
                for k in range(finals.shape[1]):
                    finals[r, k] = np.nan
                holds[b] = -1
                running -= 1
                continue
            if traced.shape[0] > 0:
                week = int64(races_n[0, {week}, b]) - 1
                if week < trace.shape[1]:
                    for k in range(traced.shape[0]):
                        slot = traced[k]
                        if slot < fr:
                            trace[r, week, k] = races_n[0, slot, b]
                        else:
                            trace[r, week, k] = labs_n[(slot - fr) // moving, (slot - fr) % moving, b]
            if races_n[0, {over}, b] != 0.0:
                for k in range(fr):
                    finals[r, k] = races_n[0, k, b]
                for i in range(n):
                    for k in range(moving):
                        finals[r, fr + i * moving + k] = labs_n[i, k, b]
                holds[b] = -1
                running -= 1
'''

# Code from outside may raise: it is caught where it is called, and the week ends the race of that lane alone.
GUARDED = {
    DECIDE: '''
@njit(**OPTIONS)
def guarded_{name}(lab, race, p, key):
    """The oversight that it wants; -1 if it raises, or wants what is not from 0 to 1."""
    wanted = -1.0
    try:
        wanted = float({name}(lab, race, p, key))
    except Exception:
        wanted = -1.0
    return wanted if 0.0 <= wanted <= 1.0 else -1.0
''',
    GOVERNANCE: '''
@njit(**OPTIONS)
def guarded_{name}(values, lab, race, key):
    """Whether it raises."""
    fault = False
    try:
        {name}(values, lab, race, key)
    except Exception:
        fault = True
    return fault
''',
}


def write(
    width: int, strategies: Sequence[Callable], cache: bool = True, foreign: Collection[Callable] = ()
) -> tuple[str, dict[str, Callable]]:
    """The source of the kernel, and the rules by the names it uses.

    `width` lanes, a multiple of eight; `strategies` in the order of their codes; `foreign` are strategies and rules
    from outside, which may raise.
    """
    labs, races, ps = (layout(width) for layout in (lab_layout, race_layout, parameter_layout))
    rules: dict[str, Callable] = {}
    parts = [HEAD.format(width=width, cache=cache), _begin(rules)]
    for function in foreign:
        kind = DECIDE if function in strategies else GOVERNANCE
        parts.append(GUARDED[kind].format(name=use(function, rules)))
    calls = []
    for place, (is_packed, steps) in enumerate(groupby(WEEK, key=lambda step: step[0] in PACKED)):
        steps, name = list(steps), f"part_{place}"
        if is_packed:
            parts.append(_completed(name, steps, strategies, rules, foreign, labs, races, ps))
            calls.append(f"{name}({BLOCK})")
        else:
            parts.append(_weekly(name, steps, rules, foreign))
            calls.append(f"{name}({WORLD})")
    parts.append(
        RUN.format(
            race_stream=RACE_STREAM,
            lab_stream=LAB_STREAM,
            evaluator_stream=EVALUATOR_STREAM,
            at_start=AT_START,
            by_week=BY_WEEK,
            by_cycle=BY_CYCLE,
            lab_id=labs.place["id"],
            week=races.place["week"],
            over=races.place["over"],
            calls="\n".join(" " * 8 + call for call in calls),
        )
    )
    return "\n".join(parts), rules


def use(rule: Callable, rules: dict[str, Callable]) -> str:
    """The name by which the kernel calls a rule; the rule is entered under it."""
    name = f"rule_{rule.__qualname__.replace('.', '_').replace('<', '').replace('>', '')}"
    if rules.setdefault(name, rule) is not rule:
        name = f"{name}_{len(rules)}"
        rules[name] = rule
    return name


def _begin(rules: dict) -> str:
    lines = [
        "\n@njit(**OPTIONS)",
        "def begin(b, n, m, labs, evaluators, races, ps, lab_keys, race_keys, evaluator_keys):",
    ]
    lines += ["    race, p = lane(races[0], b), lane(ps[0], b)"]
    for kind, rule in START:
        name = use(rule, rules)
        if kind == RACE:
            lines += [f"    {name}(race, p, race_keys[b])"]
        elif kind == LAB:
            lines += ["    for i in range(n):", f"        {name}(lane(labs[i], b), race, p, lab_keys[i, b])"]
        elif kind == EVALUATOR:
            lines += [
                "    for i in range(m):",
                f"        {name}(lane(evaluators[i], b), race, p, evaluator_keys[i, b])",
            ]
    return "\n".join(lines) + "\n"


def _together(step: tuple) -> tuple[str, int | None]:
    """What steps that share a loop have in common: their kind, and the condition on which they run at all."""
    kind, rule = step
    return kind, ONLY_IF.index(rule) if kind not in RULE_KEYS and rule in ONLY_IF else None


def _weekly(name: str, steps: list, rules: dict, foreign: Collection[Callable]) -> str:
    """A function of the weekly steps between two packed parts."""
    lines = ["\n@njit(**OPTIONS)", f"def {name}({WORLD}):", "    race, p = races[0], ps[0]"]
    for (kind, only_if), group in groupby(steps, key=_together):
        names = [use(rule, rules) if kind not in RULE_KEYS else rule for _, rule in group]
        if only_if is not None:
            lines += [f"    if needed[{only_if}]:"]
        before = len(lines)
        if kind == RACE:
            lines += ["    for b in range(WIDTH):"]
            lines += [f"        {rule}(lane(race, b), lane(p, b), race_keys[b])" for rule in names]
        elif kind == LAB:
            lines += ["    for i in range(n):", "        lab = labs[i]", "        for b in range(WIDTH):"]
            lines += [f"            {rule}(lane(lab, b), lane(race, b), lane(p, b), lab_keys[i, b])" for rule in names]
        elif kind == TALLY:
            for rule in names:
                lines += ["    for i in range(n):", "        lab = labs[i]", "        for b in range(WIDTH):"]
                lines += [f"            {rule}(lane(lab, b), lane(race, b), lane(p, b))"]
        elif kind == PAIR:
            for rule in names:
                lines += ["    for i in range(n):", "        lab = labs[i]", "        for j in range(n):"]
                lines += ["            if j != i:", "                other, weight = labs[j], weights[i, j]"]
                lines += ["                for b in range(WIDTH):", "                    you = lane(other, b)"]
                lines += ["                    key = derive(lab_keys[i, b], uint64(int64(you.id)))"]
                lines += [f"                    {rule}(lane(lab, b), you, weight, lane(p, b), key)"]
        elif kind == EXAMINATION:
            for rule in names:
                lines += ["    for e in range(m):", "        for i in range(n):", "            for b in range(WIDTH):"]
                lines += ["                if lane(evaluators[e], b).due <= lane(race, b).week:"]
                lines += ["                    key = derive(evaluator_keys[e, b], uint64(int64(lane(labs[i], b).id)))"]
                lines += [f"                    {rule}(lane(evaluators[e], b), lane(labs[i], b), lane(race, b),"]
                lines += [f"                        {' ' * len(rule)}lane(p, b), key)"]
        elif kind == EVALUATOR:
            lines += ["    for e in range(m):", "        for b in range(WIDTH):"]
            lines += [
                f"            {rule}(lane(evaluators[e], b), lane(race, b), lane(p, b), evaluator_keys[e, b])"
                for rule in names
            ]
        elif kind in RULE_KEYS:
            for number, (name, rule) in enumerate(names[0].items()):
                lines += _in_force(kind, number, name, rule, rules, foreign)
        if only_if is not None:
            lines[before:] = ["    " + line for line in lines[before:]]
    return "\n".join(lines) + "\n"


def _in_force(
    kind: str, number: int, name: str, rule: type, rules: dict, foreign: Collection[Callable]
) -> list[str]:
    """A rule that no replication of the run ever has in force costs one test a week."""
    owner = "lane(lab, b)" if kind == SAFEGUARD else "lane(p, b)"
    act = f"{use(rule.act, rules)}(values, lane(lab, b), now, key)"
    lines = [
        f"    if in_force[{imposed().index((kind, name, rule))}]:",
        "        for i in range(n):",
        "            lab = labs[i]",
        "            for b in range(WIDTH):",
        f"                values, now = {owner}.{kind}.{name}, lane(race, b)",
        f"                if {use(in_force(rule), rules)}(values, now, lane(lab, b)):",
        f"                    key = derive(lab_keys[i, b], uint64({RULE_KEYS[kind] + number}))",
        *(
            [f"                    if guarded_{act}:", "                        faults[b] = True"]
            if rule.act in foreign
            else [f"                    {act}"]
        ),
    ]
    if "where" in declarations(rule):
        lines += [f"                    {use(note_place, rules)}(values, lane(lab, b))"]
    return lines


def _strategies(
    lines: list[str], strategies: Sequence[Callable], rules: dict, foreign: Collection[Callable], arguments: str
) -> None:
    """Add the dispatch to the strategy of a code."""
    indent, wanted = " " * 12, "lane(mine[0], c).wanted"
    for code, strategy in enumerate(strategies):
        name = use(strategy, rules)
        lines += [f"{indent}{'if' if code == 0 else 'elif'} code == {code}:"]
        lines += [f"{indent}    for c in range(8 * groups):"]
        if strategy in foreign:
            lines += [
                f"{indent}        {wanted} = guarded_{name}({arguments})",
                f"{indent}        if {wanted} < 0.0:  # whatever it wants now, the week ends this race",
                f"{indent}            faults[place_b[start + c]], {wanted} = True, 1.0",
            ]
        else:
            lines += [f"{indent}        {wanted} = {name}({arguments})"]


def _looking(strategies: Sequence[Callable], rule: Callable) -> str:
    """A condition on the strategy's code: those that want this rule to look at rivals."""
    codes = [str(code) for code, strategy in enumerate(strategies) if looks(strategy, rule)]
    return " or ".join(f"code == {code}" for code in codes) or "False"


def _touched(steps: list) -> dict[str, set[str]]:
    """Names of the fields that these steps touch, by what they are copied from or to."""
    result = {"IN": {"cycles"}, "OUT": set(), "RACE": set(), "P": set(), "OTHER": {"id"}}
    for kind, rule in steps:
        read, written = touched(rule, 0)
        result["IN"] |= read
        result["OUT"] |= written | ({"wanted"} if kind == DECIDE else set())
        result["OTHER" if kind == CYCLE_PAIR else "RACE"] |= touched(rule, 1)[0]
        result["P"] |= touched(rule, 3 if kind == CYCLE_PAIR else 2)[0]
    return result


def _places(up: str, steps: list, strategies: Sequence[Callable], conditions: list, layouts: dict) -> list[str]:
    """Source of the lists of fields: what the cycles of each strategy touch, then what each condition adds.

    The lists of one kind stand in one array, list k from FROM[k] to FROM[k + 1].
    """
    always = [(kind, rule) for kind, rule in steps if kind == CYCLE and rule not in ONLY_IF]
    pairs = [rule for kind, rule in steps if kind == CYCLE_PAIR]
    sets = [
        _touched([*always, (DECIDE, strategy), *((CYCLE_PAIR, rule) for rule in pairs if looks(strategy, rule))])
        for strategy in strategies
    ] or [_touched(always)]
    sets += [_touched([(CYCLE, rule) for _, rule in steps if rule == condition]) for condition in conditions]
    lines = []
    for key, layout in layouts.items():
        lists = [[layout.place[name] for name in layout.names if name in fields[key]] for fields in sets]
        ends = tuple(sum(map(len, lists[:k])) for k in range(len(lists) + 1))
        lines += [
            f"{up}_{key} = np.array({[*chain.from_iterable(lists)]}, dtype=np.int64)",
            f"{up}_{key}_FROM = {ends}",
        ]
    return lines


def _each_field(place: str, code: str, conditions: list, statements: list[str], indent: str) -> list[str]:
    """Statements for each field k of a kind: those of the strategy, and those of the conditions that hold."""
    tests = [("True", code)] + [
        (f"needed[{ONLY_IF.index(rule)}]", f"first_condition + {number}") for number, rule in enumerate(conditions)
    ]
    lines = []
    for test, which in tests:
        lines += [
            f"{indent}if {test}:",
            f"{indent}    for q in range({place}_FROM[{which}], {place}_FROM[{which} + 1]):",
        ]
        lines += [f"{indent}        k = {place}[q]", *(f"{indent}        {statement}" for statement in statements)]
    return lines


def _completed(
    name: str, steps: list, strategies, rules, foreign, labs: Layout, races: Layout, ps: Layout
) -> str:
    """Completed cycles gathered side by side, a strategy at a time where strategies differ."""
    decides = any(kind == DECIDE for kind, _ in steps)
    conditions = [rule for _, rule in steps if not isinstance(rule, dict) and rule in ONLY_IF]
    layouts = {"IN": labs, "OUT": labs, "RACE": races, "P": ps, "OTHER": labs}
    up = name.upper()

    def each_field(kind: str, statement: str, indent: int = 12) -> list[str]:
        lanes = ["for c in range(8 * groups):", f"    {statement}"]
        return _each_field(f"{up}_{kind}", "code", conditions, lanes, " " * indent)

    lines = _places(up, steps, strategies if decides else [], conditions, layouts)
    lines += ["", "", "@njit(**OPTIONS)", f"def {name}({BLOCK_NAMES}):"]
    codes = len(strategies) if decides else 1
    lines += [f"    first_condition = {codes}", f"    for code in range({codes}):", "        count = 0"]
    lines += ["        for i in range(n):"]
    lines += ["            if strategy[i] != code:", "                continue"] if decides else []
    completed, cycles, number = (labs.place[name] for name in ("completed", "cycles", "id"))
    lines += [
        "            for b in range(WIDTH):",
        f"                if labs_n[(i * {len(labs)} + {completed}) * WIDTH + b] != 0.0:",
        "                    place_i[count], place_b[count] = i, b",
        "                    count += 1",
        "        for c in range(count, count + WIDTH if count else 0):  # idle lanes repeat the last pair",
        "            place_i[c], place_b[c] = place_i[count - 1], place_b[count - 1]",
        "        for start in range(0, count, WIDTH):",
        "            groups = min(WIDTH // 8, (count - start + 7) // 8)  # lanes run in groups of eight",
        "            for c in range(8 * groups):",
        f"                at[c] = uint64(place_i[start + c] * {len(labs) * labs.width} + place_b[start + c])",
        *each_field("IN", "mine_n[0, k, c] = labs_n[at[c] + uint64(k * WIDTH)]"),
        *each_field("RACE", "race_n[0, k, c] = races_n[uint64(k * WIDTH + place_b[start + c])]"),
        *each_field("P", "p_n[0, k, c] = ps_n[uint64(k * WIDTH + place_b[start + c])]"),
        "            for c in range(8 * groups):",
        "                stream = streams[place_i[start + c], place_b[start + c]]",
        f"                keys[c] = derive(stream, uint64(int64(mine_n[0, {cycles}, c])))",
    ]
    arguments = "lane(mine[0], c), lane(race[0], c), lane(p[0], c), keys[c]"
    for kind, group in groupby(steps, key=lambda step: step[0]):
        group = [rule for _, rule in group]
        if kind == CYCLE:
            for condition, together in groupby(group, key=lambda rule: ONLY_IF.index(rule) if rule in ONLY_IF else -1):
                lines += [f"            if {'True' if condition < 0 else f'needed[{condition}]'}:"]
                lines += ["                for c in range(8 * groups):"]
                lines += [f"                    {use(rule, rules)}({arguments})" for rule in together]
        elif kind == CYCLE_PAIR:
            lines += [
                f"            if {' or '.join(_looking(strategies, rule) for rule in group)}:",
                "                for offset in range(1, n):",
                "                    for c in range(8 * groups):",
                "                        i = place_i[start + c]",
                "                        j = i + offset if i + offset < n else i + offset - n",
                f"                        other_at[c] = uint64(j * {len(labs) * labs.width} + place_b[start + c])",
                "                        pair_weights[offset, c] = weights[i, j]",
                *each_field("OTHER", "theirs_n[offset, k, c] = labs_n[other_at[c] + uint64(k * WIDTH)]", 20),
                "                    for c in range(8 * groups):",
                f"                        number = uint64(int64(theirs_n[offset, {number}, c]))",
                "                        pair_keys[offset, c] = derive(keys[c], number)",
            ]
            for rule in group:
                lines += [
                    f"            if {_looking(strategies, rule)}:",
                    "                for offset in range(1, n):",
                    "                    other = theirs[offset]",
                    "                    for c in range(8 * groups):",
                    f"                        {use(rule, rules)}(",
                    "                            lane(mine[0], c), lane(other, c), pair_weights[offset, c],",
                    "                            lane(p[0], c), pair_keys[offset, c])",
                ]
        else:
            _strategies(lines, strategies, rules, foreign, arguments)
    lines += each_field("OUT", "labs_n[at[c] + uint64(k * WIDTH)] = mine_n[0, k, c]")
    return "\n".join(lines) + "\n"
