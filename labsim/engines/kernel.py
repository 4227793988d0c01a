"""The compiled week: a small module written from `week.START` and `week.WEEK`, and loaded.

The loops are the engine's; the rules are the project's, inlined unchanged. Consecutive steps of one
kind share a loop. Steps for completed cycles run on a *packed* block: the (lab, lane) pairs that
completed this week are gathered side by side, so that dear rules never run for nothing.

The module is a file in a cache folder named by a hash of all of labsim's sources: edit a rule and
the next run compiles anew; leave them and it loads in a moment.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

from labsim.engines import kernel_cycles
from labsim.engines.compiled import lab_layout, parameter_layout, race_layout
from labsim.engines.conditions import ONLY_IF
from labsim.engines.kernel_cycles import BLOCK, PACKED, use
from labsim.model.declaration import declarations
from labsim.model.orders import in_force, note_place
from labsim.model.week import (
    AT_START,
    BY_CYCLE,
    BY_WEEK,
    EVALUATOR,
    EVALUATOR_STREAM,
    EXAMINATION,
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

WORLD = "n, m, labs, evaluators, races, ps, lab_keys, race_keys, evaluator_keys, weights, in_force, needed"
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
    at, other_at = np.zeros(WIDTH, np.uint64), np.zeros(WIDTH, np.uint64)
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
    labs, races, ps = (layout(width) for layout in (lab_layout, race_layout, parameter_layout))
    rules: dict[str, Callable] = {}
    parts = [HEAD.format(width=width, cache=cache), _begin(rules)]
    calls = []
    for place, (is_packed, steps) in enumerate(groupby(WEEK, key=lambda step: step[0] in PACKED)):
        steps, name = list(steps), f"part_{place}"
        if is_packed:
            write_part = kernel_cycles.packed if packed else kernel_cycles.gated
            parts.append(write_part(name, steps, strategies, rules, labs, races, ps))
            calls.append(f"{name}({BLOCK if packed else BLOCK + ', labs, races, ps'})")
        else:
            parts.append(_weekly(name, steps, rules))
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


def _weekly(name: str, steps: list, rules: dict) -> str:
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
                lines += _in_force(kind, number, name, rule, rules)
        if only_if is not None:
            lines[before:] = ["    " + line for line in lines[before:]]
    return "\n".join(lines) + "\n"


def _in_force(kind: str, number: int, name: str, rule: type, rules: dict) -> list[str]:
    """A rule that no replication of the run ever has in force costs one test a week."""
    owner = "lane(lab, b)" if kind == SAFEGUARD else "lane(p, b)"
    lines = [
        f"    if in_force[{imposed().index((kind, name, rule))}]:",
        "        for i in range(n):",
        "            lab = labs[i]",
        "            for b in range(WIDTH):",
        f"                values, now = {owner}.{kind}.{name}, lane(race, b)",
        f"                if {use(in_force(rule), rules)}(values, now, lane(lab, b)):",
        f"                    key = derive(lab_keys[i, b], uint64({RULE_KEYS[kind] + number}))",
        f"                    {use(rule.act, rules)}(values, lane(lab, b), now, key)",
    ]
    if "where" in declarations(rule):
        lines += [f"                    {use(note_place, rules)}(values, lane(lab, b))"]
    return lines
