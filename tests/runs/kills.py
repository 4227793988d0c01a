"""Runs that are killed (`kill -9`) or fill the disk at random moments, each gone on with and compared byte by byte.

    python -m tests.runs.kills --kills 100            # about half an hour on two cores
    python -m tests.runs.kills --full-disks 20        # needs the right to mount a tmpfs

For each: the moment (blocks done of all, what was being written), and whether the folder that was resumed has the bytes
of a run that nobody interrupted. The exit code is 1 if one of them has not.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from labsim.engines import ensemble
from labsim.runs.experiment import BLOCK
from labsim.runs.folder import MANIFEST, PARTS, read_manifest
from labsim.runs.verify import verify
from labsim.runs.whole import leftovers

BLOCKS = 20  # of a run, unless a test asks for fewer
WORLD = ("five-calculators", "--set", "race.weeks=12", "--seed", "3")
EARLY, WRITING, BETWEEN = "before the first block", "while a file is written", "between the first and the last block"
KINDS = {EARLY: 0.15, WRITING: 0.15, BETWEEN: 0.7}  # the share of each among the kills
PATIENCE = 600  # seconds for one run


def begin(folder: Path, blocks: int) -> subprocess.Popen:
    """The run of so many blocks, in a process of its own."""
    size = ("--replications", str(blocks * BLOCK - 1000))
    command = [sys.executable, "-m", "labsim", "run", *WORLD, *size, "--out", str(folder), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def go_on(folder: Path, blocks: int) -> tuple[int, str]:
    """Resume a folder, or begin again where there is none: the exit code and what was said."""
    if folder.exists():
        command = [sys.executable, "-m", "labsim", "run", "--resume", str(folder), "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stderr
    running = begin(folder, blocks)
    _, err = running.communicate(timeout=PATIENCE)
    return running.returncode, err


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of every file but the manifest, whose times differ."""
    result = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    result.pop(MANIFEST, None)
    return result


def blocks_there(folder: Path) -> int:
    """How many blocks are whole on the disk."""
    return len(list((folder / PARTS).glob("[0-9]*.parquet")))


def being_written(folder: Path) -> list[str]:
    """What is on the disk but not whole: the folder itself before it has its name, or files in it."""
    parts = [*leftovers(folder.parent), *leftovers(folder), *leftovers(folder / PARTS)]
    return [part.suffix or "folder" for part in parts]


def watch(running: subprocess.Popen, holds: Callable[[], bool]) -> None:
    """Wait until something holds, or the process ended."""
    while running.poll() is None and not holds():
        time.sleep(0.0005)


def kill(kind: str, folder: Path, blocks: int, chance: random.Random, startup: float, block: float) -> str:
    """Begin a run, kill it at a random moment of this kind; the moment in words, or nothing if it was missed."""
    running = begin(folder, blocks)
    try:
        if kind == EARLY:
            time.sleep(chance.uniform(0.0, startup))
        else:
            count = chance.randrange(1 if kind == BETWEEN else 0, blocks)
            watch(running, lambda: blocks_there(folder) >= count)
            if kind == BETWEEN:
                time.sleep(chance.uniform(0.0, block))
            else:
                watch(running, lambda: bool(being_written(folder)))
    finally:
        running.kill()
        running.communicate()
    there, unfinished = blocks_there(folder), being_written(folder)
    happened = {EARLY: there == 0, WRITING: bool(unfinished), BETWEEN: 0 < there < blocks}[kind]
    if running.returncode != -9 or not happened:
        return ""
    known = read_manifest(folder)["replications"] if folder.exists() else None
    what = f", writing {', '.join(unfinished)}" if unfinished else ""
    if folder.exists() and not verify(folder, 1).is_same:
        return f"ALTERED at {there} of {blocks} blocks{what}"
    return f"{there} of {blocks} blocks on the disk, manifest: {'not there' if known is None else known}{what}"


def kills(count: int, place: Path, seed: int, say: Callable[[str], object] = print, blocks: int = BLOCKS) -> int:
    """Kill so many runs of so many blocks, resume each; how many have other bytes than the run that was left alone."""
    chance, faults, told = random.Random(seed), 0, Counter()
    ensemble.warm()
    start = time.monotonic()
    alone = begin(place / "alone", blocks)
    watch(alone, lambda: blocks_there(place / "alone") > 0)
    startup = time.monotonic() - start
    alone.communicate(timeout=PATIENCE)
    block = (time.monotonic() - start - startup) / blocks
    expected = files(place / "alone")
    say(f"alone: first block after {startup:.1f} s, then {block:.2f} s a block, {len(expected)} files")
    wanted = [kind for kind, share in KINDS.items() for _ in range(max(1, round(share * count)))][-count:]
    for number, kind in enumerate(wanted):
        moment = ""
        while not moment:
            folder = place / f"{number}" / "run"
            shutil.rmtree(folder.parent, ignore_errors=True)
            folder.parent.mkdir()
            moment = kill(kind, folder, blocks, chance, startup, block)
        code, err = go_on(folder, blocks)
        same = code == 0 and not moment.startswith("ALTERED") and files(folder) == expected
        faults += not same
        told[kind] += 1
        say(f"{number + 1:>4}  {kind}: {moment}: {'same bytes' if same else f'OTHER BYTES ({code} {err})'}")
        shutil.rmtree(folder.parent)
    say("; ".join(f"{number} {kind}" for kind, number in told.items()))
    say(f"{len(wanted) - faults} of {len(wanted)} resumed to the same bytes")
    return faults


@contextmanager
def small_disk(place: Path, size: int):
    """A file system of so many bytes at this place."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def full_disks(count: int, place: Path, say: Callable[[str], object] = print, blocks: int = BLOCKS) -> int:
    """Run on so many disks, from a few pages to just too small; on each, make room and go on. Returns the faults."""
    ensemble.warm()
    begin(place / "alone", blocks).communicate(timeout=PATIENCE)
    expected, faults = files(place / "alone"), 0
    size = sum(len(content) for content in expected.values())
    for number in range(count):
        disk = place / f"disk-{number}"
        room = 8192 + round(1.9 * size * number / count)  # at the end the blocks and the whole table are there at once
        with small_disk(disk, room):
            running = begin(disk / "run", blocks)
            _, err = running.communicate(timeout=PATIENCE)
            folder, code = disk / "run", running.returncode
            one_line = len(err.splitlines()) == 1 and "No space left" in err
            there = blocks_there(folder)
            readable = verify(folder, 2).is_same if folder.exists() else not any(disk.iterdir())
            right = code == (3 if folder.exists() else 2)
            subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
            again, _ = go_on(folder, blocks)
            same = again == 0 and files(folder) == expected
            good = one_line and readable and right and same
            faults += not good
            say(
                f"{number + 1:>4}  {room:>10,} bytes: exit {code}, {there} of {blocks} blocks, "
                f"{'one line' if one_line else err!r}, {'readable' if readable else 'NOT READABLE'}, "
                f"{'same bytes' if same else f'OTHER BYTES ({again})'}"
            )
    say(f"{count - faults} of {count} full disks: said in a line, readable, gone on with to the same bytes")
    return faults


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0, help="how many runs are killed")
    parser.add_argument("--full-disks", type=int, default=0, help="how many runs fill their disk")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place, faults = Path(folder), 0
        if asked.kills:
            (place / "kills").mkdir()
            faults += kills(asked.kills, place / "kills", asked.seed)
        if asked.full_disks:
            (place / "disks").mkdir()
            faults += full_disks(asked.full_disks, place / "disks")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
