"""Where every number lies: records of lanes side by side, in one order for each kind of record.

A block holds `width` replications side by side ("lanes"): field k of lane b of a record lies at number width * k + b.
Fields of rules from outside come after all others, so that they move nothing that is compiled.
"""

from collections.abc import Iterable

from labsim.model import state
from labsim.model.declaration import declarations
from labsim.model.parameters import DERIVED, EVALUATOR_GROUP
from labsim.scenario.checked import TABLES, is_lab_path, lab_tables

LAB, RACE, EVALUATOR, PARAMETERS = "lab", "race", "evaluator", "p"  # the kinds of records


def from_outside(thing: object) -> bool:
    """Whether a function or class does not come with labsim."""
    return not str(getattr(thing, "__module__", "")).startswith("labsim.")


class Layout:
    """The fields of a kind of record: flat names such as `share` or `cycle.review` in order, and their places."""

    def __init__(self, names: Iterable[str]):
        self.names = tuple(names)
        self.place = {name: k for k, name in enumerate(self.names)}
        self.groups = {name[:at] for name in self.names for at, letter in enumerate(name) if letter == "."}

    def __len__(self) -> int:
        return len(self.names)


def _of_tables(tables: Iterable[str]) -> list[str]:
    """The numbers of tables of parameters, derived ones included; those from outside last."""
    return [
        f"{table}.{name}"
        for table in sorted(tables, key=lambda table: from_outside(TABLES[table]))
        for name in [*declarations(TABLES[table]), *DERIVED.get(table, {})]
    ]


def layouts() -> dict[str, Layout]:
    """The layout of each kind of record, for the rules registered now.

    A lab and an evaluator are their state, then their own parameters; the race is its state; the rest is the race's
    parameters.
    """
    return {
        LAB: Layout([*state.fields(state.LabState), *_of_tables(lab_tables())]),
        RACE: Layout(state.fields(state.RaceState)),
        EVALUATOR: Layout([*state.fields(state.EvaluatorState), *_of_tables([EVALUATOR_GROUP])]),
        PARAMETERS: Layout(_of_tables(table for table in TABLES if not is_lab_path(table))),
    }
