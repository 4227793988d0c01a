"""Which steps a race needs, in what order, and how the driver walks them: its table.

A lever, a strategy, a number of labs is data: it changes the table and compiles nothing. Rules that are never in force
are not in it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from labsim.engines import driver, steps
from labsim.engines.code import Code, code_of
from labsim.engines.conditions import needed
from labsim.engines.layout import LAB as LAB_RECORD
from labsim.engines.layout import PARAMETERS, Layout, layouts
from labsim.engines.layout import RACE as RACE_RECORD
from labsim.engines.steps import LANES, WIDTH, Step, gate_of, in_force_step
from labsim.engines.vector_code import FAULT
from labsim.model import week
from labsim.model.parameters import DERIVED
from labsim.model.strategies import STRATEGIES, looks
from labsim.model.week import (
    CYCLE,
    CYCLE_PAIR,
    DECIDE,
    EVALUATOR,
    EXAMINATION,
    LAB,
    PAIR,
    RACE,
    RULE_KEYS,
    SAFEGUARD,
    START,
    TALLY,
    Again,
)  # fmt: skip
from labsim.scenario.scenario import Scenario

PACKED = (CYCLE, CYCLE_PAIR, DECIDE)
GROUPS = {
    LAB: driver.LABS, TALLY: driver.LABS, RACE: driver.RACES, PAIR: driver.PAIRS, EVALUATOR: driver.EVALUATORS,
    EXAMINATION: driver.EXAMINATIONS,
}  # fmt: skip


@dataclass
class Group:
    """Steps that the driver calls in one way. A packed one is of labs with one strategy (by its code), or of all (-1).

    Of a repeated one `members` are groups, run at most `at_most` times while a lab `asks`.
    """

    kind: int
    members: list = field(default_factory=list)
    code: int = -1
    asks: str = ""
    at_most: int = 0


# --- which steps, in what order


def start_steps() -> list[Step]:
    """The steps with which a race begins."""
    return [Step(kind, rule) for kind, rule in START]


def groups_of(scenario: Scenario, sampled: Collection[str] = ()) -> list[Group]:
    """The steps of the week that a race needs. `sampled` are paths whose values differ from race to race."""
    does_something = needed(scenario, sampled)
    codes = sorted({list(STRATEGIES).index(lab.strategy) for lab in scenario.all_labs})
    return grouped(week.walk(), scenario, does_something, codes)


def grouped(
    entries: Iterable, scenario: Scenario, does_something: Mapping, codes: Sequence[int], asks: str = ""
) -> list[Group]:  # fmt: skip
    """Steps as groups; consecutive ones of a kind share one. With `asks`, each leaves alone a lab that does not."""
    groups: list[Group] = []
    waiting: list[tuple] = []  # steps for completed cycles, until another kind comes

    def gather() -> None:
        if waiting:
            groups.extend(_packed(waiting, codes, asks))
            waiting.clear()

    def add(kind: int, members: list) -> None:
        last = groups[-1] if groups else None
        if last and last.kind == kind == driver.LABS and not _tallies([last.members[-1], *members]):
            last.members += members
        else:
            groups.append(Group(kind, members))

    for entry in entries:
        if isinstance(entry, Again):
            gather()
            groups += grouped(entry.steps, scenario, does_something, codes)
            if entry.at_most > 1:
                again = grouped(entry.steps, scenario, does_something, codes, entry.asks)
                groups.append(Group(driver.AGAIN, again, asks=entry.asks, at_most=entry.at_most - 1))
            continue
        kind, rule = entry
        if kind in PACKED:
            if kind == DECIDE or does_something.get(rule, True):
                waiting.append(entry)
            continue
        gather()
        if kind in RULE_KEYS:
            for name, of in rule.items():
                if scenario.ever_in_force(f"{kind}.{name}"):
                    add(driver.LABS, [in_force_step(kind, name, of)])
        elif does_something.get(rule, True):
            add(GROUPS[kind], [Step(kind, rule, asks=asks)])
    gather()
    return groups


def _tallies(members: Sequence[Step]) -> bool:
    """Whether a tally is among these steps: what follows it reads the race, so all labs come first."""
    return any(step.kind == TALLY for step in members)


def _packed(entries: Sequence[tuple], codes: Sequence[int], asks: str) -> list[Group]:
    """Steps for completed cycles: once for each strategy if they decide, with what it looks at."""
    if not any(kind == DECIDE for kind, _ in entries):
        return [Group(driver.PACKED, [Step(kind, rule) for kind, rule in entries], asks=asks)]
    result = []
    for code in codes:
        strategy = list(STRATEGIES.values())[code]
        members = [
            Step(kind, strategy if kind == DECIDE else rule)
            for kind, rule in entries
            if kind != CYCLE_PAIR or looks(strategy, rule)
        ]
        result.append(Group(driver.PACKED, members, code, asks))
    return result


def all_steps(groups: Iterable[Group]) -> list[Step]:
    """Every step of groups, and the gates before those that can be in force."""
    found: list[Step] = []
    for group in groups:
        if group.kind == driver.AGAIN:
            found += all_steps(group.members)
        else:
            found += group.members
            found += [gate for step in group.members if (gate := gate_before(step)) is not None]
    return list(dict.fromkeys(found))


def gate_before(step: Step) -> Step | None:
    """The gate of a step: of what is in force for many labs at once. A safeguard's dates are each lab's own."""
    return gate_of(step) if step.family and step.family != SAFEGUARD else None


# --- the table


@dataclass(frozen=True)
class Table:
    """What the driver walks: rows of the start and of the week, and lists of fields."""

    start: np.ndarray  # (rows, ROW)
    week: np.ndarray  # (rows, ROW)
    lists: np.ndarray
    driver: int  # its address


def table_of(
    groups: Sequence[Group], base: Mapping[str, np.ndarray], sampled: Collection[str] = (), width: int = WIDTH,
    lanes: int = LANES,
) -> Table:  # fmt: skip
    """The driver's table. `base` are the starting values, `sampled` the paths that differ from race to race."""
    return table_with(*code_of([*start_steps(), *all_steps(groups)], width, lanes), groups, base, sampled)


def table_with(
    code: Mapping[Step, Code], address: int, groups: Sequence[Group], base: Mapping[str, np.ndarray],
    sampled: Collection[str] = (),
) -> Table:  # fmt: skip
    """The driver's table, of steps whose code is known."""
    start = start_steps()
    writer = _Rows(code, base, sampled)
    for group in groups:
        writer.add(group)
    first = [[GROUPS[step.kind], code[step].address] for step in start]
    return Table(_square(first), _square(writer.rows), np.array(writer.lists, np.int64), address)


def _square(rows: Sequence[Sequence[int]]) -> np.ndarray:
    return np.array([[*row, *[0] * (driver.ROW - len(row))] for row in rows], np.int64).reshape(len(rows), driver.ROW)


class _Rows:
    """The rows of a table, as they are written."""

    def __init__(self, code: Mapping[Step, Code], base: Mapping[str, np.ndarray], sampled: Collection[str]):
        self.code, self.layouts = code, layouts()
        self.same_labs, self.same_race = _alike(self.layouts, base, sampled)
        self.rows: list[list[int]] = []
        self.lists: list[int] = []

    def add(self, group: Group) -> None:
        """The rows of a group; the first one says where they end."""
        head = len(self.rows)
        self.rows.append([group.kind, 0])
        if group.kind == driver.AGAIN:
            self.rows[head] += [group.at_most, self.layouts[LAB_RECORD].place[group.asks]]
            for inner in group.members:
                self.add(inner)
        elif group.kind == driver.PACKED:
            self.add_packed(head, group)
        else:
            for step in group.members:
                gate = gate_before(step)
                self.rows.append([self.code[step].address, 0 if gate is None else self.code[gate].address])
        self.rows[head][1] = len(self.rows)

    def add_packed(self, head: int, group: Group) -> None:
        """The rows of a packed group, with the fields that are gathered and put back."""
        read: dict[str, set[str]] = {role: set() for role in steps.ROLES}
        back: set[str] = set()
        for step in group.members:
            for role, name in self.code[step].read:
                if role != "mine" or name not in back:  # what a step before it wrote lies there already
                    read[role].add(name)
            back |= {name for role, name in self.code[step].written if role == "mine"}
        labs, race, p = (self.layouts[kind] for kind in (LAB_RECORD, RACE_RECORD, PARAMETERS))
        self.rows[head] += [
            group.code, *self.places(labs, (read["mine"] | {"cycles"}) - self.same_labs), *self.places(labs, back),
            *self.places(race, read["race"]), *self.places(p, read["p"] - self.same_race),
            labs.place[group.asks] if group.asks else -1,
            int(any(FAULT in self.code[step].written for step in group.members)),
        ]  # fmt: skip
        looked = False
        for step in group.members:
            if step.kind == CYCLE_PAIR and not looked:
                looked = True
                self.rows.append([driver.OTHERS, 0, *self.places(labs, (read["other"] | {"id"}) - self.same_labs)])
            kind = driver.PAIR if step.kind == CYCLE_PAIR else driver.STEP
            self.rows.append([kind, self.code[step].address])

    def places(self, layout: Layout, names: Collection[str]) -> list[int]:
        """A list of fields: where it begins and ends among all lists."""
        first = len(self.lists)
        self.lists += [place for name, place in layout.place.items() if name in names]
        return [first, len(self.lists)]


def _alike(
    of: Mapping[str, Layout], base: Mapping[str, np.ndarray], sampled: Collection[str]
) -> tuple[set[str], set[str]]:  # fmt: skip
    """Parameters alike in all labs and races, and those of the race: packed blocks hold them from the start."""
    drawn = {path.rpartition(" ")[2] for path in sampled}
    for path in tuple(drawn):
        group, _, name = path.rpartition(".")
        drawn |= {f"{group}.{derived}" for derived, (origin, _) in DERIVED.get(group, {}).items() if origin == name}
    alike = (base["lab"] == base["lab"][:1]).all(axis=0)
    labs = {name for name, place in of[LAB_RECORD].place.items() if "." in name and alike[place] and name not in drawn}
    return labs, {name for name in of[PARAMETERS].names if name not in drawn}
