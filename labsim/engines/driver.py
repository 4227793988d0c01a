"""The driver of the fast engine: the week's loops over a table of steps. It knows no rule, so it changes with none.

All it is given is the address of a `World`: addresses, counts and places. Rows of the table are `ROW` whole numbers;
the first row of a group says how the steps after it are called, and where the group ends:

    [kind, end, ...] [address of a step, its gate, ...] ...

It is plain Python in the words of `driver_language`, and compiled by it. Consecutive steps for completed cycles run on
a *packed* block: the (lab, lane) pairs that completed are gathered side by side, and written back, so that dear rules
never run for nothing; only the fields that the steps touch are copied.
"""

import ctypes

from labsim.engines.driver_language import bits, call, counter, flag, put, real, whole
from labsim.model.draws import derive, seed_key
from labsim.model.week import AT_START, BY_CYCLE, BY_WEEK, EVALUATOR_STREAM, LAB_STREAM, RACE_STREAM

LABS, RACES, PAIRS, EVALUATORS, EXAMINATIONS, PACKED, AGAIN = range(7)  # kinds of groups
STEP, OTHERS, PAIR = range(3)  # kinds of rows of a packed group
ROW = 14  # whole numbers of a row
# of the first row of a packed group, after kind and end
CODE, MINE, MINE_END, BACK, BACK_END, OF_RACE, OF_RACE_END, OF_P, OF_P_END, ASKS, FAILS = range(2, 13)
FIELDS = (
    # counts and places
    "n", "m", "lo", "hi", "seed", "width", "lab_fields", "race_fields", "evaluator_fields", "p_fields", "moving",
    "at_id", "at_completed", "at_cycles", "at_week", "at_over", "columns", "slot_count", "traced_count", "trace_weeks",
    "rows", "start_rows",
    # blocks of lanes, and packed ones
    "labs", "evaluators", "races", "ps", "mine", "theirs", "race", "p", "faults", "packed_faults",
    # starting values and what is drawn
    "lab_base", "evaluator_base", "race_base", "p_base", "numbers", "sampled", "slots", "weights", "strategy",
    # keys and scratch
    "lab_keys", "lab_weeks", "streams", "evaluator_keys", "evaluator_weeks", "race_keys", "race_weeks", "keys",
    "pair_keys", "pair_weights", "holds", "place_i", "place_b", "at", "other_at", "open",
    # results
    "finals", "failed", "traced", "trace", "stop",
    # the table of steps, that of the start, lists of fields
    "table", "start", "lists",
)  # fmt: skip


class World(ctypes.Structure):
    """What the driver is given: whole numbers and addresses, all of 64 bits."""

    _fields_ = [(name, ctypes.c_int64) for name in FIELDS]  # noqa: RUF012 - ctypes reads it


def gather(to, of, places, first, last, lists, width, lanes):
    """Fields of scattered lanes side by side: to[k, c] = of[k width + places[c]]."""
    for q in range(first, last):
        k = whole(lists, q) * width
        for c in range(lanes):
            put(to, k + c, real(of, k + whole(places, c)))


def scatter(to, of, places, first, last, lists, width, lanes):
    """Back again."""
    for q in range(first, last):
        k = whole(lists, q) * width
        for c in range(lanes):
            put(to, k + whole(places, c), real(of, k + c))


def begin(w, b, r):
    """Lane b takes replication r: its starting values, its keys, week 0."""
    n, m, width = w.n, w.m, w.width
    fl, fr, fe = w.lab_fields, w.race_fields, w.evaluator_fields
    put(w.faults, b, 0.0)
    for k in range(fr):
        put(w.races, k * width + b, real(w.race_base, k))
    for i in range(n):
        for k in range(w.moving):  # its parameters stay as they are
            put(w.labs, (i * fl + k) * width + b, real(w.lab_base, i * fl + k))
    for i in range(m):
        for k in range(fe):
            put(w.evaluators, (i * fe + k) * width + b, real(w.evaluator_base, i * fe + k))
    for s in range(w.slot_count):
        value = real(w.sampled, r * w.columns + whole(w.slots, 3 * s))
        owner, field = whole(w.slots, 3 * s + 1), whole(w.slots, 3 * s + 2)
        if owner == -1:
            put(w.ps, field * width + b, value)
        else:
            if owner < -1:
                put(w.evaluators, ((-2 - owner) * fe + field) * width + b, value)
            else:
                put(w.labs, (owner * fl + field) * width + b, value)
    key = seed_key(w.seed, whole(w.numbers, r))
    own = derive(key, RACE_STREAM)
    put(w.race_keys, b, derive(own, AT_START))
    put(w.race_weeks, b, derive(own, BY_WEEK))
    for i in range(n):
        own = derive(derive(key, LAB_STREAM), counter(real(w.labs, (i * fl + w.at_id) * width + b)))
        put(w.lab_keys, i * width + b, derive(own, AT_START))
        put(w.lab_weeks, i * width + b, derive(own, BY_WEEK))
        put(w.streams, i * width + b, derive(own, BY_CYCLE))
    for i in range(m):
        own = derive(derive(key, EVALUATOR_STREAM), i)
        put(w.evaluator_keys, i * width + b, derive(own, AT_START))
        put(w.evaluator_weeks, i * width + b, derive(own, BY_WEEK))
    at = 8 * b
    for q in range(w.start_rows):
        row = w.start + 8 * ROW * q
        kind, step = whole(row, 0), whole(row, 1)
        races, ps, faults = w.races + at, w.ps + at, w.faults + at
        if kind == RACES:
            call(step, w.labs, w.labs, races, ps, w.race_keys + at, w.weights, faults, 1)
        else:
            if kind == LABS:
                for i in range(n):
                    lab, keys = w.labs + 8 * i * fl * width + at, w.lab_keys + 8 * i * width + at
                    call(step, lab, lab, races, ps, keys, w.weights, faults, 1)
            else:
                for i in range(m):
                    one, keys = w.evaluators + 8 * i * fe * width + at, w.evaluator_keys + 8 * i * width + at
                    call(step, one, one, races, ps, keys, w.weights, faults, 1)


def packed(w, row, end):
    """Completed cycles gathered side by side: of all labs (code -1), or of those with one strategy."""
    n, width, fl = w.n, w.width, w.lab_fields
    head = w.table + 8 * ROW * row
    code, asks, count = whole(head, CODE), whole(head, ASKS), 0
    for i in range(n):
        if code >= 0 and whole(w.strategy, i) != code:
            continue
        completed = (i * fl + w.at_completed) * width
        asked = (i * fl + asks) * width if asks >= 0 else completed
        for b in range(width):  # without a branch, which would often be foretold wrongly
            put(w.place_i, count, i)
            put(w.place_b, count, b)
            count += 1 if real(w.labs, completed + b) != 0.0 and real(w.labs, asked + b) != 0.0 else 0
    if count == 0:
        return 0
    for c in range(count, count + width):  # idle lanes repeat the last pair
        put(w.place_i, c, whole(w.place_i, count - 1))
        put(w.place_b, c, whole(w.place_b, count - 1))
    for start in range(0, count, width):
        lanes = 8 * min(width // 8, (count - start + 7) // 8)
        place_i, place_b = w.place_i + 8 * start, w.place_b + 8 * start
        for c in range(lanes):
            put(w.at, c, whole(place_i, c) * fl * width + whole(place_b, c))
        gather(w.mine, w.labs, w.at, whole(head, MINE), whole(head, MINE_END), w.lists, width, lanes)
        gather(w.race, w.races, place_b, whole(head, OF_RACE), whole(head, OF_RACE_END), w.lists, width, lanes)
        gather(w.p, w.ps, place_b, whole(head, OF_P), whole(head, OF_P_END), w.lists, width, lanes)
        for c in range(lanes):
            stream = bits(w.streams, whole(place_i, c) * width + whole(place_b, c))
            put(w.keys, c, derive(stream, counter(real(w.mine, w.at_cycles * width + c))))
            put(w.packed_faults, c, 0.0)
        for q in range(row + 1, end):
            step = w.table + 8 * ROW * q
            kind, address = whole(step, 0), whole(step, 1)
            if kind == STEP:
                call(address, w.mine, w.mine, w.race, w.p, w.keys, w.pair_weights, w.packed_faults, lanes)
            else:
                for offset in range(1, n):
                    theirs = w.theirs + 8 * offset * fl * width
                    keys, weights = w.pair_keys + 8 * offset * width, w.pair_weights + 8 * offset * width
                    if kind == PAIR:
                        call(address, w.mine, theirs, w.race, w.p, keys, weights, w.packed_faults, lanes)
                    else:
                        for c in range(lanes):
                            i = whole(place_i, c)
                            j = i + offset if i + offset < n else i + offset - n
                            put(w.other_at, c, j * fl * width + whole(place_b, c))
                            put(weights, c, real(w.weights, i * n + j))
                        gather(theirs, w.labs, w.other_at, whole(step, 2), whole(step, 3), w.lists, width, lanes)
                        for c in range(lanes):
                            put(keys, c, derive(bits(w.keys, c), counter(real(theirs, w.at_id * width + c))))
        scatter(w.labs, w.mine, w.at, whole(head, BACK), whole(head, BACK_END), w.lists, width, lanes)
        if whole(head, FAILS) != 0:
            for c in range(lanes):
                if real(w.packed_faults, c) != 0.0:
                    put(w.faults, whole(place_b, c), 1.0)


def of_labs(w, row, end):
    """Consecutive steps for each lab; what has a gate is run only while it is open in some lane."""
    n, width, lab = w.n, w.width, 8 * w.lab_fields * w.width
    for q in range(row + 1, end):
        gate = whole(w.table, q * ROW + 1)
        put(w.open, q, 1)
        if gate != 0:
            put(w.open, q, call(gate, w.labs, w.labs, w.races, w.ps, w.race_keys, w.weights, w.faults, width))
    for i in range(n):
        mine, keys = w.labs + i * lab, w.lab_keys + 8 * i * width
        for q in range(row + 1, end):
            if whole(w.open, q) != 0:
                call(whole(w.table, q * ROW), mine, mine, w.races, w.ps, keys, w.weights, w.faults, width)


def of_pairs(w, row, end):
    """Each step for each lab and each other lab."""
    n, width, lab = w.n, w.width, 8 * w.lab_fields * w.width
    for q in range(row + 1, end):
        step = whole(w.table, q * ROW)
        for i in range(n):
            mine, keys = w.labs + i * lab, w.lab_keys + 8 * i * width
            for j in range(n):
                if j != i:
                    weight = w.weights + 8 * (i * n + j)
                    call(step, mine, w.labs + j * lab, w.races, w.ps, keys, weight, w.faults, width)


def of_evaluators(w, row, end, labs):
    """Each step for each evaluator; `labs` says whether for each of them and each lab."""
    width, lab, evaluator = w.width, 8 * w.lab_fields * w.width, 8 * w.evaluator_fields * w.width
    for q in range(row + 1, end):
        step = whole(w.table, q * ROW)
        for e in range(w.m):
            mine, keys = w.evaluators + e * evaluator, w.evaluator_keys + 8 * e * width
            if labs == 0:
                call(step, mine, mine, w.races, w.ps, keys, w.weights, w.faults, width)
            else:
                for i in range(w.n):
                    call(step, mine, w.labs + i * lab, w.races, w.ps, keys, w.weights, w.faults, width)


def asked_for(w, place):
    """Whether some lab of a running race asks for the steps of a block once more."""
    for i in range(w.n):
        for b in range(w.width):
            if whole(w.holds, b) >= 0 and real(w.labs, (i * w.lab_fields + place) * w.width + b) != 0.0:
                return 1
    return 0


def walk(w, first, last):
    """Every group of rows of the table from one to another, for all lanes."""
    row = first
    while row < last:
        kind, end = whole(w.table, row * ROW), whole(w.table, row * ROW + 1)
        if kind == LABS:
            of_labs(w, row, end)
        if kind == RACES:
            for q in range(row + 1, end):
                step = whole(w.table, q * ROW)
                call(step, w.labs, w.labs, w.races, w.ps, w.race_keys, w.weights, w.faults, w.width)
        if kind == PAIRS:
            of_pairs(w, row, end)
        if kind == EVALUATORS:
            of_evaluators(w, row, end, 0)
        if kind == EXAMINATIONS:
            of_evaluators(w, row, end, 1)
        if kind == PACKED:
            packed(w, row, end)
        if kind == AGAIN:
            for _ in range(whole(w.table, row * ROW + 2)):
                if asked_for(w, whole(w.table, row * ROW + 3)) != 0:
                    walk(w, row + 1, end)
        row = end


def turn(w):
    """A new week: its keys."""
    n, m, width = w.n, w.m, w.width
    for b in range(width):
        now = counter(real(w.races, w.at_week * width + b))
        put(w.race_keys, b, derive(bits(w.race_weeks, b), now))
        for i in range(n):
            put(w.lab_keys, i * width + b, derive(bits(w.lab_weeks, i * width + b), now))
        for i in range(m):
            put(w.evaluator_keys, i * width + b, derive(bits(w.evaluator_weeks, i * width + b), now))


def note(w, b, r):
    """Traced quantities of the week that has ended in lane b."""
    fl, fr, moving, width = w.lab_fields, w.race_fields, w.moving, w.width
    now = counter(real(w.races, w.at_week * width + b)) - 1
    if now < w.trace_weeks:
        for k in range(w.traced_count):
            slot, to = whole(w.traced, k), (r * w.trace_weeks + now) * w.traced_count + k
            if slot < fr:
                put(w.trace, to, real(w.races, slot * width + b))
            else:
                i, field = (slot - fr) // moving, (slot - fr) % moving
                put(w.trace, to, real(w.labs, (i * fl + field) * width + b))


def end(w, b, r):
    """The final state of the race in lane b."""
    fl, fr, moving, width = w.lab_fields, w.race_fields, w.moving, w.width
    to = r * (fr + w.n * moving)
    for k in range(fr):
        put(w.finals, to + k, real(w.races, k * width + b))
    for i in range(w.n):
        for k in range(moving):
            put(w.finals, to + fr + i * moving + k, real(w.labs, (i * fl + k) * width + b))


def fill(w):
    """The parameters of every lane, which stay."""
    n, width, fl = w.n, w.width, w.lab_fields
    for b in range(width):
        put(w.holds, b, -1)
        for k in range(w.p_fields):
            put(w.ps, k * width + b, real(w.p_base, k))
            put(w.p, k * width + b, real(w.p_base, k))
        for k in range(fl):
            put(w.mine, k * width + b, real(w.lab_base, k))
            for i in range(n):
                put(w.labs, (i * fl + k) * width + b, real(w.lab_base, i * fl + k))
                put(w.theirs, (i * fl + k) * width + b, real(w.lab_base, k))


def run(w):
    """Replications lo to hi - 1: their final states to `finals`, traced quantities by week to `trace`."""
    upcoming, running = w.lo, 0
    fill(w)
    while True:
        for b in range(w.width):
            if whole(w.holds, b) < 0 and upcoming < w.hi:
                put(w.holds, b, upcoming)
                running += 1
                begin(w, b, upcoming)
                upcoming += 1
        if running == 0 or flag(w.stop) != 0:
            return 0
        turn(w)
        walk(w, 0, w.rows)
        for b in range(w.width):
            r = whole(w.holds, b)
            if r < 0:
                continue
            failed = real(w.faults, b) != 0.0  # code from outside would have raised: the race ends here
            if failed:
                put(w.failed, r, 1)
            if w.traced_count > 0:
                note(w, b, r)
            if failed or real(w.races, w.at_over * w.width + b) != 0.0:
                end(w, b, r)
                put(w.holds, b, -1)
                running -= 1
