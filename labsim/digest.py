"""A hash of what a run found: the value buffers of its tables, whatever engine, Python or machine."""

import hashlib
from collections.abc import Mapping

import pandas as pd

TABLES = ("runs", "weeks", "events", "decisions")


def digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """SHA-256 over names, kinds and values of every column of the four tables, in order."""
    found = hashlib.sha256()
    for name in TABLES:
        for column in tables[name].columns:
            values = tables[name][column]
            text = values.dtype.kind not in "fiu"
            found.update(f"{name}.{column}:{'text' if text else values.dtype}\n".encode())
            found.update("\n".join(values).encode() if text else values.to_numpy().tobytes())
    return found.hexdigest()
