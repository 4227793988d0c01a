"""What `labsim coverage` prints: item by item, then the counts, then what dangles."""

from labsim.checks.coverage import STATUSES, Coverage
from labsim.show.printouts import plain_table
from labsim.show.terminal import err, out, paragraph, say

MARKS = dict(zip(STATUSES, ("+", "~", "-"), strict=True))


def coverage_report(coverage: Coverage) -> None:
    """Print the items of each source, what each points to, and how many have which status."""
    indent = " " * 10
    for source, title in coverage.sources.items():
        items = [item for item in coverage.items if item.source == source]
        if items:
            paragraph(f"{source}  {title}", rest="    ")
        for item in items:
            paragraph(item.says, f"{MARKS[item.status]} {item.id:<7} ", indent)
            if item.at:
                paragraph(", ".join(map(str, item.at)), f"{indent}in: ", f"{indent}    ")
            if item.lacks:
                paragraph(item.lacks, f"{indent}not: ", f"{indent}     ")
        if items:
            say()
    table = plain_table("source", *(f"{MARKS[status]} {status}" for status in STATUSES), "items")
    rows = {source: list(row.values()) for source, row in coverage.counts().items()}
    if len(rows) > 1:
        rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    for source, row in rows.items():
        table.add_row(source, *map(str, row), str(sum(row)))
    out.print(table)
    for item, pointer in coverage.dangling:
        err.print(f"{item.id}: there is no {pointer}", markup=False, soft_wrap=True)
    if not coverage.dangling:
        say("Every item that is modelled points to something that exists.")
