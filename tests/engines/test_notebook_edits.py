"""A strategy and a rule written in a notebook and edited: each result is the edited one's, a mistake has its line."""

import pytest

START = """
import time, warnings
from dataclasses import dataclass
import labsim
from labsim.model.governance import Dated, lever
from labsim.scenario.registry import register_rule
world = labsim.load("five-calculators").with_({"race.weeks": 40})
def told(results, start):
    print(results.engine, results.outcomes["closed_share"].mean().hex(), f"{time.perf_counter() - start:.3f}")
"""
STRATEGY = """
def mine(lab, race, p, key):
    return 0.0 if lab.measured > {line} else 1.0
start = time.perf_counter()
told(labsim.run(world, 64, strategies={{"Birch": mine}}, engine={engine!r}, sample=0), start)
"""
RULE = """
@dataclass(frozen=True)
class Brake{number}(Dated):
    weeks: float = lever({weeks}, "shortest cycle", low=0, high=104)

    def act(rule, lab, race, key):
        lab.minimum_weeks = max(lab.minimum_weeks, rule.weeks * {factor})
start = time.perf_counter()
told(labsim.run(world, 64, rules=[Brake{number}(start=0)], engine={engine!r}, sample=0), start)
"""
WRONG = """
def wrong(lab, race, p, key):
    x = 1.0
    for k in range(3):
        x = x + 1.0
    return 1.0
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    told(labsim.run(world, 4, strategies={"Birch": wrong}, sample=0), time.perf_counter())
print([str(w.message) for w in caught if "cannot be compiled" in str(w.message)][0])
"""
WRONG_RULE = """
@dataclass(frozen=True)
class Moody(Dated):
    def act(rule, lab, race, key):
        if lab.mood > 0.0:
            lab.minimum_weeks = 9.0
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    told(labsim.run(world, 2, rules=[Moody(start=0)], sample=0), time.perf_counter())
print([str(w.message) for w in caught if "cannot be compiled" in str(w.message)][0])
"""
EDITS = range(5)


@pytest.mark.slow
def test_five_edits_of_a_strategy_and_of_a_rule(tmp_path):
    import nbclient
    import nbformat

    both = [(edit, engine) for edit in EDITS for engine in ("ensemble", "mesa")]
    cells = [START, *(STRATEGY.format(line=0.1 + 0.15 * edit, engine=engine) for edit, engine in both)]
    cells += [
        RULE.format(number=edit, weeks=2.0 + edit, factor=1.0 + edit / 4, engine=engine)
        for edit, engine in both if engine == "ensemble"
    ]  # fmt: skip
    cells += [WRONG, WRONG_RULE]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    where = {"metadata": {"path": tmp_path}}
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources=where).execute()
    said = ["".join(out["text"] for out in cell.outputs if out.get("name") == "stdout").split() for cell in book.cells]
    strategies, rules, wrong = said[1 : 1 + len(both)], said[1 + len(both) : -2], " ".join(said[-2])
    for fast, mesa in zip(strategies[::2], strategies[1::2], strict=True):
        assert (fast[0], mesa[0]) == ("ensemble", "mesa") and fast[1] == mesa[1]
    assert len({one[1] for one in strategies[::2]}) == len(EDITS)
    assert [one[0] for one in rules] == ["ensemble"] * len(EDITS) and len({one[1] for one in rules}) == len(EDITS)
    assert wrong.startswith("mesa ") and "(its cell, line 3: For is not part of the language of rules" in wrong
    moody = " ".join(said[-1])
    assert "rule 'governance.moody' cannot be compiled" in moody
    assert "(its cell, line 4: it reads 'mood', which" in moody
    print("seconds to the result of a strategy:", *(one[2] for one in strategies[::2]))
    print("seconds to the result of a rule:", *(one[2] for one in rules))
