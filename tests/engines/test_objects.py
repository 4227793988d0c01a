"""What is compiled is kept by its content: an edit makes anew what reads it; a damaged cache costs time alone."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import labsim
from labsim.cli import doctor
from labsim.engines import ensemble, objects, plan, steps
from labsim.engines.code import fingerprint
from labsim.engines.layout import layouts
from labsim.model import strategies
from labsim.model.week import LAB
from tests.commands import ENVIRONMENT

PROGRAM = "import labsim; print(labsim.run('five-calculators', 64).outcomes.payoff.sum().hex())"


def result(folder: Path, cache: Path) -> str:
    """The outcome of a run of the copy of labsim in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "LABSIM_CACHE": str(cache)}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=folder, capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    return run.stdout.strip()


def there(cache: Path) -> dict[str, int]:
    """When each object in a cache was written."""
    return {path.name: path.stat().st_mtime_ns for path in (cache / "objects").glob("*.o")}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of labsim, its cache, and its first result."""
    folder = tmp_path_factory.mktemp("copy")
    source = Path(labsim.__file__).parent
    shutil.copytree(source, folder / "labsim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source.parent / "scenarios", folder / "scenarios")
    return folder, folder / "cache", result(folder, folder / "cache")


def test_an_edit_makes_anew_what_reads_it_and_nothing_else(copy):
    folder, cache, first = copy
    before = there(cache)
    assert result(folder, cache) == first and there(cache) == before  # the same sources: nothing compiled
    rule = folder / "labsim" / "model" / "harm.py"
    text = rule.read_text()
    edited = text.replace("lab.exposure * lab.exposure / 52.0", "lab.exposure * lab.exposure / 26.0")
    assert edited != text
    rule.write_text(edited)
    assert result(folder, cache) != first
    assert len(there(cache)) == len(before) + 1  # one rule's object
    rule.write_text(text.replace("\ndef run_hazard(", "\n# a remark, and no other code\ndef run_hazard("))
    assert result(folder, cache) == first
    assert len(there(cache)) == len(before) + 1
    rule.write_text(text)


HASH = "from labsim.engines.code import sources_hash; print(sources_hash())"


def test_every_source_but_those_of_docks_tells_versions_apart(copy):
    """So a run folder is not gone on with by another model."""
    folder = copy[0]

    def hashed():
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        return subprocess.check_output([sys.executable, "-c", HASH], env=environment, cwd=folder)

    before = hashed()
    for room in sorted(path.parent for path in (folder / "labsim").glob("*/__init__.py")):
        added = room / "a_rule_of_ones_own.py"
        added.write_text("")
        with (room / "__init__.py").open("a") as file:
            file.write("# changed\n")
        assert (hashed() == before) == (room.name == "docking"), room.name
        added.unlink()
        before = hashed()


def keys():
    """The key of each step's object."""
    return {step.title: objects.key_of(steps.write(step, layouts()).text) for step in steps.every_step()}


def marks():
    """The fingerprint of each step, by which it is found again without its text."""
    return {step.title: fingerprint(step, layouts(), 32, 16) for step in steps.every_step()}


class Held:
    """Numbers within things within things."""

    line = 1.0

    class Inner:
        line = 2.0

        class Innermost:
            line = 3.0


def held_rule(lab, race, p, key):
    lab.provoked = Held.line + Held.Inner.line + Held.Inner.Innermost.line


@pytest.mark.parametrize("thing", [Held, Held.Inner, Held.Inner.Innermost])
def test_a_number_held_by_a_thing_within_a_thing_counts(monkeypatch, thing):
    step = steps.Step(LAB, held_rule)
    before = fingerprint(step, layouts(), 32, 16), steps.write(step, layouts()).text
    monkeypatch.setattr(thing, "line", 7.0)
    after = fingerprint(step, layouts(), 32, 16), steps.write(step, layouts()).text
    assert before[0] != after[0] and before[1] != after[1]
    monkeypatch.setattr(thing, "another", 8.0, raising=False)  # which nobody reads
    assert fingerprint(step, layouts(), 32, 16) == after[0]


def blind(lab, oversight):
    """Another `foreseen_ratio`."""
    return lab.phi_keep + oversight


@pytest.mark.parametrize(("name", "value", "read_by"), [
    ("NOBODY", -2e9, {"cycle labsim.model.strategies.open_ledger"}),
    ("foreseen_ratio", blind, {"cycle_pair labsim.model.strategies.size_up_risk",
                               "decide labsim.model.strategies.calculator", "decide labsim.model.strategies.herald",
                               "decide labsim.model.strategies.sceptic"}),
])  # fmt: skip
def test_a_constant_or_a_function_makes_anew_the_steps_that_read_it(monkeypatch, name, value, read_by):
    before, found_by = keys(), marks()
    monkeypatch.setattr(strategies, name, value)
    after, then = keys(), marks()
    assert {title for title in before if before[title] != after[title]} == read_by
    assert {title for title in found_by if found_by[title] != then[title]} == read_by


def test_a_field_that_moves_makes_anew_the_steps_that_read_it(monkeypatch):
    before, of = keys(), layouts()
    race = of["race"]
    (first, _), (second, _) = list(race.place.items())[:2]
    race.place[first], race.place[second] = race.place[second], race.place[first]
    monkeypatch.setattr(f"{__name__}.layouts", lambda: of)
    after = keys()
    changed = {title for title in before if before[title] != after[title]}
    read = {
        step.title for step in steps.every_step()
        if {("race", first), ("race", second)} & (lambda w: w.read | w.written)(steps.write(step, layouts()))
    }  # fmt: skip
    assert changed == read and 0 < len(changed) < len(before)


# --- damage


def _flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _swap(folder):
    one, other = sorted(folder.iterdir())[:2]
    one_content, other_content = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_content)
    other.write_bytes(one_content)


def _all(change):
    def damage(folder):
        for path in sorted(folder.iterdir()):
            change(path)

    return damage


def _become_a_file(folder):
    shutil.rmtree(folder)
    folder.write_text("not a folder")


DAMAGES = {
    "empty": _all(lambda path: path.write_bytes(b"")),
    "cut in half": _all(lambda path: os.truncate(path, path.stat().st_size // 2)),
    "cut by a byte": _all(lambda path: os.truncate(path, path.stat().st_size - 1)),
    "a flipped bit": _all(_flip),
    "nonsense": _all(lambda path: path.write_bytes(bytes(range(256)) * 40)),
    "its hash alone": _all(lambda path: os.truncate(path, objects.SEAL)),
    "more at the end": _all(lambda path: path.write_bytes(path.read_bytes() + b"more")),
    "two that lie where the other belongs": _swap,
    "one that is gone": lambda folder: sorted(folder.iterdir())[0].unlink(),
    "a folder for a file": lambda folder: (sorted(folder.iterdir())[0].unlink(), sorted(folder.iterdir())[0].unlink(),
                                           (folder / "x").mkdir()),
    "no folder": shutil.rmtree,
    "a file for a folder": _become_a_file,
}  # fmt: skip


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """A cache of its own, and a process that has loaded nothing yet."""
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path))
    monkeypatch.setattr(objects, "_ADDRESSES", {})
    monkeypatch.setattr(objects, "_SAID", set())
    return tmp_path / "objects"


def compiled(count=3):
    """The addresses of a few steps, and what their functions answer is not asked."""
    texts = {step.title: steps.write(step, layouts()).text for step in steps.every_step()[:count]}
    return objects.addresses(texts)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_object_is_compiled_anew(fresh, monkeypatch, capsys, damage):
    compiled()
    whole = {path.name: path.read_bytes() for path in fresh.iterdir()}
    assert set(objects.in_cache().values()) == {True} and len(whole) == 3
    damage(fresh)
    objects._ADDRESSES.clear()
    assert len(compiled()) == 3
    if fresh.is_dir():
        assert {path.name: path.read_bytes() for path in fresh.glob("*.o")} == whole
        assert capsys.readouterr().err == ""
    else:  # it cannot be written: said once
        assert capsys.readouterr().err.count("cannot be written") == 1


@pytest.mark.parametrize("where", ["a file", "below a file"])
def test_where_the_cache_cannot_be_written_it_is_said_once(fresh, tmp_path, monkeypatch, capsys, where):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path / "file" / ("x" if where == "below a file" else "")))
    compiled(2), compiled(5)
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and str(objects.cache_folder()) in told and "cannot be written" in told
    with pytest.raises(doctor.NotSound, match="set LABSIM_CACHE to a folder that can"):
        doctor.cache()


def test_warming_a_cache_that_cannot_be_written_is_a_fault(tmp_path, monkeypatch, cli):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path / "file"))
    code, out, err = cli("warm")
    assert code == 2 and out == "" and "cannot be written" in err and "set LABSIM_CACHE" in err
    monkeypatch.setenv("LABSIM_CACHE", str(tmp_path))
    code, out, err = cli("warm")
    assert code == 0 and f"in {tmp_path / 'objects'}" in " ".join(out.split())


def test_the_doctor_names_the_folder_and_what_is_damaged(fresh):
    compiled()
    assert f"{fresh} can be written; 3 compiled rules in it are sound" == doctor.cache()
    _flip(sorted(fresh.iterdir())[0])
    with pytest.raises(doctor.NotSound, match=r"1 of 3 compiled rules in .* are damaged"):
        doctor.cache()


def test_old_objects_go_where_there_are_many(fresh, monkeypatch):
    compiled(6)
    for age, path in enumerate(sorted(fresh.iterdir())):
        os.utime(path, (1000 - age, 1000 - age))
    monkeypatch.setattr(objects, "MOST", 4)
    compiled(7)
    assert len(list(fresh.iterdir())) == 2 and all(objects.in_cache().values())


@pytest.mark.parametrize("cache", ["none", "file/x"], ids=["cold", "cold and not to be written"])
def test_a_run_with_a_cold_cache_says_at_most_one_line(tmp_path, cache):
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "labsim", "run", "five-calculators", "--replications", "4", "--out", "a"]
    environment = {**ENVIRONMENT, "LABSIM_CACHE": str(tmp_path / cache)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.count("\n") == (1 if cache == "file/x" else 0)
    assert ("cannot be written" in done.stderr) == (cache == "file/x")
    assert (tmp_path / "a" / "runs.parquet").is_file()


def test_two_processes_and_two_threads_on_an_empty_cache(fresh, tmp_path):
    code = "from labsim.engines import ensemble; import labsim, sys; s = labsim.load('hassabis-baseline'); " \
           "sys.stdout.write(ensemble.simulate(s, 0, 40, 1).lab_states.tobytes().hex()[-4000:])"  # fmt: skip
    others = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    mine, scenario = {}, labsim.load("hassabis-baseline")

    def run(which):
        mine[which] = ensemble.simulate(scenario, 0, 40, 1).lab_states.tobytes().hex()[-4000:]

    threads = [threading.Thread(target=run, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    theirs = {other.communicate(timeout=120)[0] for other in others}
    assert theirs == set(mine.values()) and len(theirs) == 1
    assert all(objects.in_cache().values())


# --- other processors


def test_a_processor_without_wide_vectors_gives_the_same_bits(fresh, monkeypatch):
    import llvmlite.binding as llvm

    scenario = labsim.load("hassabis-baseline")
    expect = ensemble.simulate(scenario, 0, 64, 5).lab_states
    plain = llvm.Target.from_default_triple().create_target_machine(
        cpu="x86-64" if "x86_64" in llvm.get_default_triple() else "generic", features="", opt=3, reloc="pic",
        codemodel="default",
    )  # fmt: skip
    monkeypatch.setattr(objects, "_machine", lambda: plain)
    monkeypatch.setattr(objects, "processor", lambda: "plain")
    objects._ADDRESSES.clear()
    scenario.__dict__.pop("_prepared")
    got = ensemble.simulate(scenario, 0, 64, 5).lab_states
    assert np.array_equal(expect.view(np.int64), got.view(np.int64))


def test_rules_that_are_never_in_force_are_not_compiled(fresh):
    scenario = labsim.load("five-calculators")
    ensemble.simulate(scenario, 0, 1, 0)
    wanted = [*plan.start_steps(), *plan.all_steps(plan.groups_of(scenario))]
    assert len(objects.in_cache()) == len(wanted) + 1 < len(steps.every_step())
    assert not [step for step in wanted if step.family and not scenario.ever_in_force(f"{step.family}.{step.name}")]
