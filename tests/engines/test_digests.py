"""The same bytes on every Python, processor and engine: one digest per scenario is kept in digests.json.

It says whether anything differs; digest_parts.json says where: a short digest of each row of each table, and of
each column in blocks of 1, 1, 2, 4, 8 ... rows.

After a change to a rule that is meant to change results: .venv/bin/python -m tests.engines.test_digests
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import labsim
from labsim.scenario.files import shipped_scenarios

FILE = Path(__file__).parents[1] / "digests.json"
PARTS = FILE.with_name("digest_parts.json")
RENEW = ".venv/bin/python -m tests.engines.test_digests"
REPLICATIONS = 40
DIGESTED = ("runs", "weeks", "events", "decisions")


def digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """SHA-256 over names, kinds and values of every column of the four tables, in order."""
    digest_ = hashlib.sha256()
    for name in DIGESTED:
        for column in tables[name].columns:
            values = tables[name][column]
            text = values.dtype.kind not in "fiu"
            digest_.update(f"{name}.{column}:{'text' if text else values.dtype}\n".encode())
            digest_.update("\n".join(values).encode() if text else values.to_numpy().tobytes())
    return digest_.hexdigest()


def cells(values: pd.Series) -> list[bytes]:
    """The bytes of each value of a column."""
    if values.dtype.kind not in "fiu":
        return [text.encode() for text in values]
    raw, size = values.to_numpy().tobytes(), values.dtype.itemsize
    return [raw[place : place + size] for place in range(0, len(raw), size)]


def short(parts: Iterable[bytes]) -> str:
    """Four hexadecimal digits: enough to see where two tables part, when it is known that they do."""
    return hashlib.blake2b(b"\0".join(parts), digest_size=2).hexdigest()


def blocks(n: int) -> Iterator[slice]:
    """Blocks of 1, 1, 2, 4, 8 ... of n rows."""
    start, stop = 0, 1
    while start < n:
        yield slice(start, stop)
        start, stop = stop, 2 * stop


def parts(table: pd.DataFrame) -> dict[str, Any]:
    """{"rows": short digests of rows, "columns": of the blocks of each column}."""
    columns = {name: cells(table[name]) for name in table.columns}
    return {
        "rows": "".join(map(short, zip(*columns.values(), strict=True))),
        "columns": {name: "".join(short(own[at]) for at in blocks(len(table))) for name, own in columns.items()},
    }


def first_difference(one: str, other: str) -> int | None:
    """The place of the first short digest that is not the same in both, or is in one of them only."""
    pairs = [(one[k : k + 4], other[k : k + 4]) for k in range(0, max(len(one), len(other)), 4)]
    return next((place for place, (a, b) in enumerate(pairs) if a != b), None)


def where(name: str, table: pd.DataFrame, kept: Mapping[str, Any]) -> str | None:
    """In words: where a table is not the one that was kept; None if it is."""
    now = parts(table)
    if now == kept and list(now["columns"]) == list(kept["columns"]):
        return None
    gone, new = ([c for c in a["columns"] if c not in b["columns"]] for a, b in ((kept, now), (now, kept)))
    said = [f"{name}: columns {what}: {', '.join(some)}" for what, some in (("gone", gone), ("new", new)) if some]
    places = {c: first_difference(kept["columns"][c], own) for c, own in now["columns"].items() if c not in new}
    changed = [column for column, place in places.items() if place is not None]
    if changed:
        said.append(f"{name}: {len(changed)} of {len(now['columns'])} columns differ: {', '.join(changed)}")
    if len(now["rows"]) != len(kept["rows"]):
        said.append(f"{name}: {len(table)} rows, were {len(kept['rows']) // 4}")
    row = None if gone or new or not changed else first_difference(kept["rows"], now["rows"])
    if row is not None and row < len(table):
        block = next(place for place, at in enumerate(blocks(len(table))) if at.start <= row < at.stop)
        keys = [f"{key} {table[key].iloc[row]}" for key in ("replication", "week", "lab") if key in table]
        values = [f"{c} is now {table[c].iloc[row]}" for c in changed if places[c] == block]
        said.append(f"{name}: first in row {row} ({', '.join(keys)}): {', '.join(values)}")
    return "\n".join(said or [f"{name}: the order of columns differs"])


def tables_of(name: str, engine: str, replications: int = REPLICATIONS, sample: int = 5) -> dict[str, pd.DataFrame]:
    """The four tables of a run of a scenario."""
    r = labsim.run(name, replications, engine=engine, sample=sample)
    return {"runs": r.outcomes, "weeks": r.weeks, "events": r.events, "decisions": r.decisions}


def check(name: str, engine: str) -> None:
    """Fails where the tables of a scenario are not those that were kept, and says where they part."""
    known = json.loads(FILE.read_text())
    if name not in known:
        pytest.fail(f"{name} has no digest yet: {RENEW}", pytrace=False)
    tables = tables_of(name, engine)
    if digest(tables) != known[name]:
        kept = json.loads(PARTS.read_text())[name]
        said = [there for table in DIGESTED if (there := where(table, tables[table], kept[table]))]
        said = [f"{name}, engine {engine}: not the results that were kept", *said, f"If that is meant: {RENEW}"]
        pytest.fail("\n".join(said), pytrace=False)


@pytest.mark.parametrize("name", shipped_scenarios())
def test_digest_is_the_one_that_is_kept(name):
    check(name, "ensemble")


def test_digest_is_the_same_from_the_mesa_engine():
    check("hassabis-baseline", "mesa")


def test_digests_and_their_parts_are_of_the_same_results():
    kept = json.loads(PARTS.read_text())
    assert {name: own["digest"] for name, own in kept.items()} == json.loads(FILE.read_text())


def test_digest_sees_every_bit():
    tables = tables_of("five-calculators", "mesa", 3, 1)
    before = digest(tables)
    tables["weeks"] = tables["weeks"].assign(share=tables["weeks"]["share"] * (1 + 2**-52))
    assert digest(tables) != before


def test_a_difference_is_named_by_column_and_row():
    weeks = tables_of("five-calculators", "mesa", 3, 1)["weeks"]
    kept, changed = parts(weeks), weeks.copy()
    assert where("weeks", weeks, kept) is None
    changed.loc[40:, "trust"] += 0.5
    changed.loc[17, "share"] = np.nextafter(weeks["share"][17], 1.0)
    week, lab, share = changed.loc[17, ["week", "lab", "share"]]
    assert where("weeks", changed, kept) == (
        "weeks: 2 of 30 columns differ: share, trust\n"
        f"weeks: first in row 17 (replication 0, week {week}, lab {lab}): share is now {share}"
    )
    assert where("weeks", weeks.drop(columns="trust"), kept) == "weeks: columns gone: trust"
    assert (
        where("weeks", weeks[["week", *(c for c in weeks if c != "week")]], kept)
        == "weeks: the order of columns differs"
    )
    assert f"weeks: {len(weeks) - 1} rows, were {len(weeks)}" in where("weeks", weeks.iloc[1:], kept)
    assert "weeks: first in row 0 (replication 0, week 0, lab Cedar)" in where("weeks", weeks.iloc[1:], kept)


def test_a_scenario_without_a_digest_is_told_the_command_that_makes_one():
    with pytest.raises(pytest.fail.Exception, match=f"my-own has no digest yet: {RENEW}"):
        check("my-own", "ensemble")


def test_a_scenario_that_differs_fails_with_the_place(monkeypatch):
    def other(*arguments, **options):
        result = run("two-process", *arguments[1:], **options)
        result.outcomes.loc[3, "welfare"] = 7.5
        return result

    run = labsim.run
    monkeypatch.setattr(labsim, "run", other)
    with pytest.raises(pytest.fail.Exception, match=r"first in row 3 \(replication 3\): welfare is now .*7\.5"):
        check("two-process", "ensemble")


if __name__ == "__main__":
    tables = {name: tables_of(name, "ensemble") for name in shipped_scenarios()}
    digests = {name: digest(own) for name, own in tables.items()}
    FILE.write_text(json.dumps(digests, indent=2) + "\n")
    kept = {name: {"digest": digests[name], **{t: parts(tables[name][t]) for t in DIGESTED}} for name in tables}
    PARTS.write_text(json.dumps(kept, indent=0) + "\n")
    sys.stdout.write(FILE.read_text())
