"""The same bytes on every Python, processor and engine: one digest per scenario is kept in digests.json.

After a change to a rule that is meant to change results: python -m tests.test_digests
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

import labsim
from labsim.scenario.files import shipped_scenarios

FILE = Path(__file__).parents[1] / "digests.json"
REPLICATIONS = 40
DIGESTED = ("runs", "weeks", "events", "decisions")


def digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """SHA-256 over names, kinds and values of every column of the four tables, in order."""
    found = hashlib.sha256()
    for name in DIGESTED:
        for column in tables[name].columns:
            values = tables[name][column]
            text = values.dtype.kind not in "fiu"
            found.update(f"{name}.{column}:{'text' if text else values.dtype}\n".encode())
            found.update("\n".join(values).encode() if text else values.to_numpy().tobytes())
    return found.hexdigest()


def found(name: str, engine: str) -> str:
    """The digest of 40 replications of a scenario."""
    r = labsim.run(name, REPLICATIONS, engine=engine, sample=5)
    return digest({"runs": r.outcomes, "weeks": r.weeks, "events": r.events, "decisions": r.decisions})


@pytest.mark.parametrize("name", shipped_scenarios())
def test_digest_is_the_one_that_is_kept(name):
    assert found(name, "ensemble") == json.loads(FILE.read_text())[name]


def test_digest_is_the_same_from_the_mesa_engine():
    assert found("hassabis-baseline", "mesa") == json.loads(FILE.read_text())["hassabis-baseline"]


def test_digest_sees_every_bit():
    r = labsim.run("five-calculators", 3, engine="mesa", sample=1)
    tables = {"runs": r.outcomes, "weeks": r.weeks, "events": r.events, "decisions": r.decisions}
    before = digest(tables)
    tables["weeks"] = r.weeks.assign(share=r.weeks["share"] * (1 + 2**-52))
    assert digest(tables) != before


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: found(name, "ensemble") for name in shipped_scenarios()}, indent=2) + "\n")
    sys.stdout.write(FILE.read_text())
