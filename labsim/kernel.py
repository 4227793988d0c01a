"""The compiled week: a small module written from `week.START` and `week.WEEK`, and loaded.

The loops are the engine's; the rules are the project's, inlined unchanged. Consecutive steps of one
kind share a loop. Steps for completed cycles run on a *packed* block: the (lab, lane) pairs that
completed this week are gathered side by side, so that dear rules never run for nothing.

The module is a file in a cache folder named by a hash of all of labsim's sources: edit a rule and
the next run compiles anew; leave them and it loads in a moment.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

from labsim.compiled import Layout, evaluator_layout, lab_layout, parameter_layout, race_layout, touched
from labsim.strategies import ALONE
from labsim.week import (
    AT_START, BY_CYCLE, BY_WEEK, CYCLE, CYCLE_PAIR, DECIDE, EVALUATOR, EVALUATOR_STREAM, EXAMINATION, GOVERNANCE, LAB,
    LAB_STREAM, ONLY_IF, PAIR, RACE, RACE_STREAM, RULE_KEYS, START, TALLY, WEEK,
)  # fmt: skip

PACKED = (CYCLE, CYCLE_PAIR, DECIDE)
WORLD = "n, m, labs, evaluators, races, ps, lab_keys, race_keys, evaluator_keys, weights, in_force"
BLOCK = (
    "n, labs_n.ravel(), races_n.ravel(), ps_n.ravel(), weights, streams, strategy, mine, mine_n, theirs, theirs_n, "
    "race, race_n, p, p_n, keys, pair_keys, pair_weights, place_i, place_b, at, other_at, needed"
)
BLOCK_NAMES = BLOCK.replace(".ravel()", "")

HEAD = '''"""Written by labsim.kernel from labsim.week; do not edit."""

import numpy as np
from numba import int64, njit, uint64

from labsim.compiled import lane
from labsim.draws import derive, seed_key

OPTIONS = dict(error_model="numpy", nogil=True, cache={cache})
WIDTH = {width}
'''

RUN = '''
@njit(**OPTIONS)
def run(lo, hi, numbers, seed, labs, labs_n, evaluators, evaluators_n, races, races_n, ps, ps_n, mine, mine_n, theirs,
        theirs_n, race, race_n, p, p_n, lab_base, evaluator_base, race_base, p_base, sampled, slots, weights, in_force,
        needed, strategy, finals, traced, trace, stop):
    """Replications lo to hi - 1: their final states to `finals`, traced quantities by week to `trace`."""
    n, m = lab_base.shape[0], evaluator_base.shape[0]
    fl, fr, moving = lab_base.shape[1], race_base.shape[0], (finals.shape[1] - race_base.shape[0]) // n
    lab_keys, lab_weeks = np.zeros((n, WIDTH), np.uint64), np.zeros((n, WIDTH), np.uint64)
    streams = np.zeros((n, WIDTH), np.uint64)
    evaluator_keys, evaluator_weeks = np.zeros((m, WIDTH), np.uint64), np.zeros((m, WIDTH), np.uint64)
    race_keys, race_weeks = np.zeros(WIDTH, np.uint64), np.zeros(WIDTH, np.uint64)
    keys, holds = np.zeros(WIDTH, np.uint64), np.full(WIDTH, -1, np.int64)
    pair_keys, pair_weights = np.zeros((n, WIDTH), np.uint64), np.zeros((n, WIDTH))
    place_i, place_b = np.zeros((n + 1) * WIDTH, np.int64), np.zeros((n + 1) * WIDTH, np.int64)
    at, other_at = np.zeros(WIDTH, np.int64), np.zeros(WIDTH, np.int64)
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
                    if slots[s, 1] < 0:
                        ps_n[0, slots[s, 2], b] = value
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


def write(width: int, strategies: Sequence[Callable], packed: bool = True, cache: bool = True):
    """The source of the kernel, and the rules by the names it uses.

    `width` lanes; `strategies` in the order of their codes; `packed` False runs completed cycles
    where they stand, one by one (the plain scalar loop, with width 1).
    """
    labs, races, evaluators, ps = (f(width) for f in (lab_layout, race_layout, evaluator_layout, parameter_layout))
    rules: dict[str, Callable] = {}
    parts = [HEAD.format(width=width, cache=cache), _begin(rules)]
    calls = []
    for place, (is_packed, steps) in enumerate(groupby(WEEK, key=lambda step: step[0] in PACKED)):
        steps, name = list(steps), f"part_{place}"
        if is_packed:
            write_part = _packed if packed else _gated
            parts.append(write_part(name, steps, strategies, rules, labs, races, ps))
            calls.append(f"{name}({BLOCK if packed else BLOCK + ', labs, races, ps'})")
        else:
            parts.append(_weekly(name, steps, rules))
            calls.append(f"{name}({WORLD})")
    parts.append(
        RUN.format(
            race_stream=RACE_STREAM, lab_stream=LAB_STREAM, evaluator_stream=EVALUATOR_STREAM, at_start=AT_START,
            by_week=BY_WEEK, by_cycle=BY_CYCLE, lab_id=labs.place["id"], week=races.place["week"],
            over=races.place["over"], calls="\n".join(" " * 8 + call for call in calls),
        )  # fmt: skip
    )
    return "\n".join(parts), rules


def _use(rule: Callable, rules: dict[str, Callable]) -> str:
    name = f"rule_{rule.__qualname__.replace('.', '_').replace('<', '').replace('>', '')}"
    if rules.setdefault(name, rule) is not rule:
        name = f"{name}_{len(rules)}"
        rules[name] = rule
    return name


def _begin(rules: dict) -> str:
    lines = ["\n@njit(**OPTIONS)", "def begin(b, n, m, labs, evaluators, races, ps, lab_keys, race_keys, evaluator_keys):"]
    lines += ["    race, p = lane(races[0], b), lane(ps[0], b)"]
    for kind, rule in START:
        name = _use(rule, rules)
        if kind == RACE:
            lines += [f"    {name}(race, p, race_keys[b])"]
        elif kind == LAB:
            lines += ["    for i in range(n):", f"        {name}(lane(labs[i], b), race, p, lab_keys[i, b])"]
        elif kind == EVALUATOR:
            lines += ["    for i in range(m):", f"        {name}(lane(evaluators[i], b), race, p, evaluator_keys[i, b])"]
    return "\n".join(lines) + "\n"


def _weekly(name: str, steps: list, rules: dict) -> str:
    """A function of the weekly steps between two packed parts."""
    lines = ["\n@njit(**OPTIONS)", f"def {name}({WORLD}):", "    race, p = races[0], ps[0]"]
    for kind, group in groupby(steps, key=lambda step: step[0]):
        names = [_use(rule, rules) if kind != GOVERNANCE else rule for _, rule in group]
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
                lines += [f"                    {rule}(lane(evaluators[e], b), lane(labs[i], b), lane(race, b),"]
                lines += [f"                        {' ' * len(rule)}lane(p, b), evaluator_keys[e, b])"]
        elif kind == GOVERNANCE:
            for number, (path, rule) in enumerate(names[0].items()):
                lines += _governance(number, path, rule, rules)
    return "\n".join(lines) + "\n"


def _governance(number: int, path: str, rule: type, rules: dict) -> list[str]:
    """A rule that no replication of the run ever has in force costs one test a week."""
    return [
        f"    if in_force[{number}]:",
        "        for i in range(n):",
        "            lab = labs[i]",
        "            for b in range(WIDTH):",
        f"                values, now = lane(p, b).governance.{path}, lane(race, b)",
        "                if values.start <= now.week < values.stop:",
        f"                    key = derive(lab_keys[i, b], uint64({RULE_KEYS + number}))",
        f"                    {_use(rule.act, rules)}(values, lane(lab, b), now, key)",
    ]


def _strategies(lines: list[str], strategies: Sequence[Callable], rules: dict, loop: str, call: str, indent: str):
    for code, strategy in enumerate(strategies):
        lines += [f"{indent}{'if' if code == 0 else 'elif'} code == {code}:"]
        lines += [f"{indent}    {loop}"] if loop else []
        lines += [f"{indent}    {'    ' if loop else ''}{call.format(rule=_use(strategy, rules))}"]


def _alone(strategies: Sequence[Callable]) -> str:
    codes = [str(code) for code, strategy in enumerate(strategies) if strategy in ALONE]
    return "not (" + " or ".join(f"code == {code}" for code in codes) + ")" if codes else "True"


def _gated(name: str, steps: list, strategies, rules, *layouts: Layout) -> str:
    """Completed cycles one by one, where they stand."""
    lines = ["\n@njit(**OPTIONS)", f"def {name}({BLOCK_NAMES}, labs, races, ps):"]
    for kind, rule in steps:
        lines += ["    for i in range(n):", "        code = strategy[i]", "        for b in range(WIDTH):"]
        lines += ["            lab, race_b, p_b = lane(labs[i], b), lane(races[0], b), lane(ps[0], b)"]
        lines += ["            if lab.completed != 0.0:"]
        lines += ["                key = derive(streams[i, b], uint64(int64(lab.cycles)))"]
        if kind == CYCLE:
            lines += [f"                {_use(rule, rules)}(lab, race_b, p_b, key)"]
        elif kind == CYCLE_PAIR:
            lines += [f"                if {_alone(strategies)}:", "                    for j in range(n):"]
            lines += ["                        if j != i:", "                            other = lane(labs[j], b)"]
            lines += ["                            pair_key = derive(key, uint64(int64(other.id)))"]
            lines += [f"                            {_use(rule, rules)}(lab, other, weights[i, j], p_b, pair_key)"]
        else:
            _strategies(lines, strategies, rules, "", "lab.wanted = {rule}(lab, race_b, p_b, key)", " " * 16)
    return "\n".join(lines) + "\n"


def _packed(name: str, steps: list, strategies, rules, labs: Layout, races: Layout, ps: Layout) -> str:
    """Completed cycles gathered side by side, a strategy at a time where strategies differ."""
    decides = any(kind == DECIDE for kind, _ in steps)
    arguments = {"lab": set(), "written": {"wanted"}, "race": set(), "p": set(), "other": set()}
    for kind, rule in [*steps, *((CYCLE, s) for s in (strategies if decides else ()))]:
        if kind == DECIDE:
            continue
        arguments["lab"] |= touched(rule, 0)[0]
        arguments["written"] |= touched(rule, 0)[1]
        arguments["other" if kind == CYCLE_PAIR else "race"] |= touched(rule, 1)[0]
        arguments["p"] |= touched(rule, 3 if kind == CYCLE_PAIR else 2)[0]
    arrays = {
        "IN": [labs.place[n] for n in labs.names if n in arguments["lab"] | {"cycles"}],
        "OUT": [labs.place[n] for n in labs.names if n in arguments["written"]],
        "RACE": [races.place[n] for n in races.names if n in arguments["race"]],
        "P": [ps.place[n] for n in ps.names if n in arguments["p"]],
        "OTHER": [labs.place[n] for n in labs.names if n in arguments["other"] | {"id"}],
    }
    lines = [f"{name.upper()}_{key} = np.array({value}, dtype=np.int64)" for key, value in arrays.items()]
    up = name.upper()
    lines += ["", "", "@njit(**OPTIONS)", f"def {name}({BLOCK_NAMES}):"]
    lines += [f"    for code in range({len(strategies) if decides else 1}):", "        count = 0"]
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
        f"                at[c] = place_i[start + c] * {len(labs) * labs.width} + place_b[start + c]",
        f"            for k in {up}_IN:",
        "                for c in range(8 * groups):",
        "                    mine_n[0, k, c] = labs_n[at[c] + k * WIDTH]",
        f"            for k in {up}_RACE:",
        "                for c in range(8 * groups):",
        "                    race_n[0, k, c] = races_n[k * WIDTH + place_b[start + c]]",
        f"            for k in {up}_P:",
        "                for c in range(8 * groups):",
        "                    p_n[0, k, c] = ps_n[k * WIDTH + place_b[start + c]]",
        "            for c in range(8 * groups):",
        "                stream = streams[place_i[start + c], place_b[start + c]]",
        f"                keys[c] = derive(stream, uint64(int64(mine_n[0, {cycles}, c])))",
    ]
    arguments = "lane(mine[0], c), lane(race[0], c), lane(p[0], c), keys[c]"
    for kind, group in groupby(steps, key=lambda step: step[0]):
        group = [rule for _, rule in group]
        if kind == CYCLE:
            for condition, together in groupby(group, key=lambda rule: list(ONLY_IF).index(rule) if rule in ONLY_IF else -1):
                lines += [f"            if {'True' if condition < 0 else f'needed[{condition}]'}:"]
                lines += ["                for c in range(8 * groups):"]
                lines += [f"                    {_use(rule, rules)}({arguments})" for rule in together]
        elif kind == CYCLE_PAIR:
            lines += [
                f"            if {_alone(strategies)}:",
                "                for offset in range(1, n):",
                "                    for c in range(8 * groups):",
                "                        i = place_i[start + c]",
                "                        j = i + offset if i + offset < n else i + offset - n",
                f"                        other_at[c] = j * {len(labs) * labs.width} + place_b[start + c]",
                "                        pair_weights[offset, c] = weights[i, j]",
                f"                    for k in {up}_OTHER:",
                "                        for c in range(8 * groups):",
                "                            theirs_n[offset, k, c] = labs_n[other_at[c] + k * WIDTH]",
                "                    for c in range(8 * groups):",
                f"                        number = uint64(int64(theirs_n[offset, {number}, c]))",
                "                        pair_keys[offset, c] = derive(keys[c], number)",
            ]
            for rule in group:
                lines += [
                    "                for offset in range(1, n):",
                    "                    other = theirs[offset]",
                    "                    for c in range(8 * groups):",
                    f"                        {_use(rule, rules)}(lane(mine[0], c), lane(other, c), pair_weights[offset, c],",
                    f"                            {' ' * len(_use(rule, rules))}lane(p[0], c), pair_keys[offset, c])",
                ]
        else:
            call = f"lane(mine[0], c).wanted = {{rule}}({arguments})"
            _strategies(lines, strategies, rules, "for c in range(8 * groups):", call, " " * 12)
    lines += [
        f"            for k in {up}_OUT:",
        "                for c in range(8 * groups):",
        "                    labs_n[at[c] + k * WIDTH] = mine_n[0, k, c]",
    ]
    return "\n".join(lines) + "\n"
