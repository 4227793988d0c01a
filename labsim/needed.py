"""Which rules of the week a race needs: those that do nothing in it are left out by both engines."""

from collections.abc import Callable, Collection

from labsim.between_cycles import audit, regress, restrain
from labsim.competition import ask_for_permits, count_members, pool_prizes, share_out, trade_permits
from labsim.governance import RULES
from labsim.orders import EVERYWHERE, NEVER, clear_orders, inspect
from labsim.scenario import FAMILIES, Scenario, is_lab_path
from labsim.self_improvement import FIXED, improve_by_fixed_rates
from labsim.strategies import relocate


def ever(*paths):
    """The condition that one of these rules has a date or a trigger."""
    edges = [f"{path}.{edge}" for path in paths for edge in ("start", "trigger")]
    return {edge: lambda value: value < NEVER for edge in edges}


# Rules that do nothing unless some parameter is so: the ensemble leaves them out.
ONLY_IF = {
    clear_orders: ever(*(f"{family}.{name}" for family, rules in FAMILIES.items() for name in rules)),
    inspect: ever("governance.human_mandate", "governance.compute_threshold", "governance.treaty"),
    improve_by_fixed_rates: {"cycle.form": lambda form: form == FIXED},
    restrain: ever(*(f"safeguards.{name}" for name in (
        "capability_ceiling", "bounded_improvement", "impact_regularisation", "factored_cognition", "least_agency",
        "constitution",
    ))),
    regress: {"cycle.regression": lambda chance: chance > 0.0, **ever("safeguards.regression_detection")},
    audit: ever("safeguards.inter_cycle_audit"),
    relocate: {f"governance.{name}.where": lambda where: where != EVERYWHERE for name in RULES},
    count_members: ever("governance.treaty", "safeguards.acceleration_threshold"),
    ask_for_permits: ever("governance.compute_permits"),
    trade_permits: ever("governance.compute_permits"),
    pool_prizes: ever("governance.treaty"),
    share_out: ever("governance.treaty"),
}  # fmt: skip


def needed(scenario: Scenario, sampled: Collection[str] = ()) -> dict[Callable, bool]:
    """For each rule of `ONLY_IF`, whether its condition holds in the race or for some lab.

    `sampled` are paths whose values differ from replication to replication.
    """
    race, labs = [scenario.rows()], [scenario.lab_rows(lab) for lab in scenario.all_labs]

    def holds(path: str, test: Callable[[float], bool]) -> bool:
        table, _, name = path.rpartition(".")
        rows = labs if is_lab_path(table) else race
        return path in sampled or any(name in row[table] and test(row[table][name]) for row in rows)

    return {rule: any(holds(*entry) for entry in tests.items()) for rule, tests in ONLY_IF.items()}
