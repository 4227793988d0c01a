"""Coverage: every item of the documents is there, and every pointer leads to something that exists."""

import json
import sys
import tomllib

import pytest

from labsim.checks import coverage as module
from labsim.checks.coverage import FILE, MODELLED, NOT_MODELLED, PARTLY, coverage, registries
from labsim.cli.main import main
from labsim.scenario.presets import AXES, presets

CONTENT = tomllib.loads(FILE.read_text(encoding="utf-8"))
LENGTHS = {"S0": 38, "S1": 15, "S2": 43, "S3": 30, "S4": 26}  # items of each document
IDS = {f"N{k}" for k in range(1, 28)} | {"S2-35b"}
IDS |= {f"{source}-{k}" for source, last in LENGTHS.items() for k in range(1, last + 1)}


def called(monkeypatch, capsys, *options):
    """(exit code, stdout, stderr) of `labsim coverage`, in this process."""
    monkeypatch.setattr(sys, "argv", ["labsim", "coverage", *options])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err


def test_every_item_is_there_and_no_other():
    assert set(CONTENT) - {"sources"} == IDS


def test_every_item_says_something_and_is_in_the_model_or_has_a_reason():
    for name in IDS:
        entry = CONTENT[name]
        assert set(entry) <= {"says", "at", "lacks"}, name
        assert entry["says"].endswith((".", "?")) and len(entry["says"]) < 120, name
        assert entry.get("at") or entry.get("lacks", "").endswith("."), name
        assert len(set(entry.get("at", ()))) == len(entry.get("at", ())), name


def test_nothing_dangles(monkeypatch, capsys):
    code, printed, _ = called(monkeypatch, capsys, "--json")
    content = json.loads(printed)
    assert (code, content["dangling"]) == (0, [])
    assert {item["id"] for item in content["items"]} == IDS
    assert all(pointer["exists"] for item in content["items"] for pointer in item["at"])


def test_counts_are_of_the_items():
    result = coverage(()).as_dict()
    for source, row in result["counts"].items():
        for status, count in row.items():
            assert count == sum((i["source"], i["status"]) == (source, status) for i in result["items"])
    assert sum(sum(row.values()) for row in result["counts"].values()) == len(IDS)


@pytest.mark.parametrize("kind", ["parameter", "rule", "step", "strategy", "outcome", "quantity", "scenario", "command",
                                  "pause-spec", "lesson", "loop", "archetype", "belief", "commitment", "evaluator",
                                  "policy"])  # fmt: skip
def test_a_pointer_of_each_kind_dangles_where_there_is_no_such_thing(kind):
    names = registries({"run"})[kind]
    real = next(iter(sorted(names)))
    content = {"sources": {"N": "numbers"}, "N1": {"says": "x.", "at": [f"{kind} {real}", f"{kind} {real}-not"]}}
    item = coverage({"run"}, content=content).items[0]
    assert [pointer.exists for pointer in item.at] == [True, False]


def test_an_unknown_kind_dangles():
    content = {"sources": {"N": "numbers"}, "N1": {"says": "x.", "at": ["wish run"]}}
    assert [str(pointer) for _, pointer in coverage({"run"}, content=content).dangling] == ["wish run"]


@pytest.mark.parametrize(
    ("entry", "status"),
    [({"at": ["command run"]}, MODELLED), ({"at": ["command run"], "lacks": "half."}, PARTLY),
     ({"lacks": "all."}, NOT_MODELLED)],
)  # fmt: skip
def test_the_status_follows_from_what_an_item_has(entry, status):
    content = {"sources": {"N": "numbers"}, "N1": {"says": "x.", **entry}}
    assert coverage((), content=content).items[0].status == status
    assert len(coverage((), status=status, content=content).items) == 1


def test_a_dangling_pointer_is_named_and_the_exit_code_is_1(monkeypatch, capsys, tmp_path):
    text = FILE.read_text(encoding="utf-8").replace('"parameter cycle.rate_noise"', '"parameter cycle.rate_nose"')
    (tmp_path / "coverage.toml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "FILE", tmp_path / "coverage.toml")
    code, printed, said = called(monkeypatch, capsys, "--source", "N")
    assert code == 1 and "N5: there is no parameter cycle.rate_nose" in said
    assert "points to something that exists" not in printed


def test_it_can_be_filtered_and_fits_the_terminal(monkeypatch, capsys):
    code, printed, _ = called(monkeypatch, capsys, "--source", "S3", "--status", "not-modelled")
    assert code == 0 and "S3-30" in printed and "S3-29" not in printed and "S0-" not in printed
    code, printed, _ = called(monkeypatch, capsys)
    assert code == 0 and max(map(len, printed.splitlines())) <= 80 and "S4-26" in printed


@pytest.mark.parametrize(("option", "value"), [("--source", "S9"), ("--status", "modeled")])
def test_wrong_filters_are_named(monkeypatch, capsys, option, value):
    code, printed, said = called(monkeypatch, capsys, option, value)
    assert (code, printed) == (2, "") and f"{option} {value}: must be one of" in said


def test_what_the_documents_count_is_there_that_often():
    def at(*ids):
        return [pointer for name in ids for pointer in CONTENT[name].get("at", ())]

    problems = ("S0-29", "S0-30", "S0-31", "S0-32")
    assert all(CONTENT[name]["says"].startswith("Open problem") for name in problems)
    assert {p for p in at(*problems) if p.startswith("outcome")} == {
        "outcome exam_sight", "outcome anchor", "outcome undetected_regressions", "outcome unaudited_share",
    }  # fmt: skip
    for word, first, last, source in (("Proposal", 23, 27, "S3"), ("Pattern", 32, 35, "S2"), ("Measure", 16, 20, "S4")):
        ids = [f"{source}-{k}" for k in range(first, last + 1)]
        assert [name for name in CONTENT if CONTENT[name].get("says", "").startswith(f"{word}:")] == ids
        assert all(CONTENT[name]["at"] for name in ids)
    axes = [name for name in CONTENT if CONTENT[name].get("says", "").startswith("Axis")]
    assert len(axes) == len(AXES) == 5 and all(p.axes for p in presets("loops").values())
    proposed = {"rule " + path.rpartition(".")[0] for path in presets("policies")["five-proposals"].values}
    assert proposed <= set(at(*(f"S3-{k}" for k in range(23, 28))))
