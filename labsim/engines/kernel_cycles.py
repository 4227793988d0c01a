"""The part of the kernel for completed cycles: the (lab, lane) pairs that completed, side by side.

The pairs of a week are gathered into a packed block of `WIDTH` lanes, run in groups of eight, and
written back: dear rules never run for a lab that did not complete. Only the fields that the rules
touch are copied, at unsigned places: signed ones would be tested for being negative. `gated` is the
plain form, pair by pair where they stand.
"""

from collections.abc import Callable, Sequence
from itertools import chain, groupby

from labsim.engines.compiled import Layout, touched
from labsim.engines.conditions import ONLY_IF
from labsim.model.strategies import looks
from labsim.model.week import CYCLE, CYCLE_PAIR, DECIDE

PACKED = (CYCLE, CYCLE_PAIR, DECIDE)
BLOCK = (
    "n, labs_n.ravel(), races_n.ravel(), ps_n.ravel(), weights, streams, strategy, mine, mine_n, theirs, theirs_n, "
    "race, race_n, p, p_n, keys, pair_keys, pair_weights, place_i, place_b, at, other_at, needed"
)
BLOCK_NAMES = BLOCK.replace(".ravel()", "")


def use(rule: Callable, rules: dict[str, Callable]) -> str:
    """The name by which the kernel calls a rule; the rule is entered under it."""
    name = f"rule_{rule.__qualname__.replace('.', '_').replace('<', '').replace('>', '')}"
    if rules.setdefault(name, rule) is not rule:
        name = f"{name}_{len(rules)}"
        rules[name] = rule
    return name


def _strategies(lines: list[str], strategies: Sequence[Callable], rules: dict, loop: str, call: str, indent: str):
    """Add the dispatch to the strategy of a code."""
    for code, strategy in enumerate(strategies):
        lines += [f"{indent}{'if' if code == 0 else 'elif'} code == {code}:"]
        lines += [f"{indent}    {loop}"] if loop else []
        lines += [f"{indent}    {'    ' if loop else ''}{call.format(rule=use(strategy, rules))}"]


def _looking(strategies: Sequence[Callable], rule: Callable) -> str:
    """A condition on the strategy's code: those that want this rule to look at rivals."""
    codes = [str(code) for code, strategy in enumerate(strategies) if looks(strategy, rule)]
    return " or ".join(f"code == {code}" for code in codes) or "False"


def gated(name: str, steps: list, strategies, rules, *layouts: Layout) -> str:
    """Completed cycles one by one, where they stand."""
    lines = ["\n@njit(**OPTIONS)", f"def {name}({BLOCK_NAMES}, labs, races, ps):"]
    for kind, rule in steps:
        lines += ["    for i in range(n):", "        code = strategy[i]", "        for b in range(WIDTH):"]
        lines += ["            lab, race_b, p_b = lane(labs[i], b), lane(races[0], b), lane(ps[0], b)"]
        lines += ["            if lab.completed != 0.0:"]
        lines += ["                key = derive(streams[i, b], uint64(int64(lab.cycles)))"]
        if kind == CYCLE:
            lines += [f"                {use(rule, rules)}(lab, race_b, p_b, key)"]
        elif kind == CYCLE_PAIR:
            lines += [f"                if {_looking(strategies, rule)}:", "                    for j in range(n):"]
            lines += ["                        if j != i:", "                            other = lane(labs[j], b)"]
            lines += ["                            pair_key = derive(key, uint64(int64(other.id)))"]
            lines += [f"                            {use(rule, rules)}(lab, other, weights[i, j], p_b, pair_key)"]
        else:
            _strategies(lines, strategies, rules, "", "lab.wanted = {rule}(lab, race_b, p_b, key)", " " * 16)
    return "\n".join(lines) + "\n"


def _touched(steps: list) -> dict[str, set[str]]:
    """Names of the fields that these steps touch, by what they are copied from or to."""
    found = {"IN": {"cycles"}, "OUT": set(), "RACE": set(), "P": set(), "OTHER": {"id"}}
    for kind, rule in steps:
        read, written = touched(rule, 0)
        found["IN"] |= read
        found["OUT"] |= written | ({"wanted"} if kind == DECIDE else set())
        found["OTHER" if kind == CYCLE_PAIR else "RACE"] |= touched(rule, 1)[0]
        found["P"] |= touched(rule, 3 if kind == CYCLE_PAIR else 2)[0]
    return found


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


def packed(name: str, steps: list, strategies, rules, labs: Layout, races: Layout, ps: Layout) -> str:
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
            call = f"lane(mine[0], c).wanted = {{rule}}({arguments})"
            _strategies(lines, strategies, rules, "for c in range(8 * groups):", call, " " * 12)
    lines += each_field("OUT", "labs_n[at[c] + uint64(k * WIDTH)] = mine_n[0, k, c]")
    return "\n".join(lines) + "\n"
