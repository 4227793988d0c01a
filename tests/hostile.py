"""Links and scenario files made to break the app and `load`: most of them almost right, some absurd.

    python -m tests.hostile links --count 100000
    python -m tests.hostile files --count 100000

Whatever cannot be opened is refused in one sentence; whatever can survives its words, its file and its link.
Prints each fault with what reproduces it, and how many were opened; exit 1 if there was a fault.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

from labsim.model.strategies import STRATEGIES
from labsim.scenario.checked import CATALOGUE, ScenarioError
from labsim.scenario.files import load, shipped_scenarios, to_toml
from labsim.scenario.presets import FAMILIES, presets
from labsim.scenario.scenario import Scenario

LONGEST_REFUSAL = 4000  # characters: some list all that is allowed
NAMES = ("Birch", "Cedar", "Hazel", "Rowan", "Alder", "", " ", "Nobody", "Bir ch", "$x_$", "*")
PRESETS = [name for family in FAMILIES for name in presets(family)]
PATHS = [*CATALOGUE]
SCREENS = (
    "map.x", "map.y", "map.z", "home.choice", "guess.on", "guess.value", "loop.luck", "compare.base", "spec.who",
    "spec.gap", "spec.weeks", "spec.danger", "spec.title", "spec.scope.loops", "spec.sources.gap", "spec.", "map.",
    "spec.x.y.z", "compare.x", "loop", "guess",
)  # fmt: skip
TEXTS = (
    "", "never", "keep", "remove", "yes", "no", "true", "all", "A", "keeper", "2027-01-01", "1979-05-27T07:32:00Z",
    "07:32:00", "nan", "inf", "-inf", "1e400", "-0.0", "0x1f", "1_000", "[]", "{}", "[1, 2]", '["sb-53"]', "[[]]",
    "{a = 1}", '"', "'''", "\n", "1\nb = 2", "1 # x", "\x00", "\x1b[31m", "\u202e", "\uffff", "ü", "😀", "²", "٣",
    "<script>", "../../etc/passwd", "%", "+", "&", "=", "None", "Birch strategy",
)  # fmt: skip
ENDLESS = (
    ("[", 1500), ("[", 400), ("[", 12), ("{a=", 300), ("9", 4301), ("9", 400), ("0x" + "f" * 5000, 1), ("a", 5000),
    ("a.", 300), ("1,", 2000), ("'", 500), ("-", 300),
)  # fmt: skip


def text(rng: random.Random) -> str:
    """A value: near a number that might do, a word that means something, a word that does not, or without end."""
    kind = rng.random()
    if kind < 0.45:
        return repr(rng.choice((rng.randint(-3, 60), round(rng.uniform(-0.5, 2), 3), 10 ** rng.randint(-9, 12))))
    if kind < 0.6:
        return rng.choice((*PRESETS, *STRATEGIES, *shipped_scenarios(), *NAMES))
    if kind < 0.9:
        return rng.choice(TEXTS)
    if kind < 0.97:
        one, times = rng.choice(ENDLESS)
        return one * rng.randint(1, times)
    return "".join(chr(rng.choice((rng.randint(0, 127), rng.randint(0, 0xD7FF)))) for _ in range(rng.randint(1, 30)))


def key(rng: random.Random) -> str:
    """A key of a link, sometimes a little wrong."""
    path = rng.choice(PATHS)
    kinds = (
        path,
        path,
        f"{rng.choice(NAMES)} {path}",
        f"{rng.choice(NAMES)} strategy",
        f"{rng.choice(NAMES)} archetype",
        f"{rng.choice(NAMES)} {rng.choice(('belief', 'loop', 'commitment', 'kind', ''))}",
        "with",
        "strategy",
        "scenario",
        "future",
        "week",
        "lab",
        "pin",
        rng.choice(SCREENS),
        text(rng),
    )
    made = rng.choice(kinds)
    if made and rng.random() < 0.05:
        at = rng.randrange(len(made))
        made = made[:at] + rng.choice(TEXTS) + made[at + 1 :]
    return made


def fitting(rng: random.Random, name: str) -> str:
    """A value that the key may well take, mostly."""
    path = name.rpartition(" ")[2]
    if rng.random() < 0.3:
        return text(rng)
    if path in CATALOGUE:
        d = CATALOGUE[path]
        if d.options:
            return rng.choice(d.options)
        if d.default is None and rng.random() < 0.5:
            return "never"
        return str(rng.randint(int(d.low), min(200, int(d.high)))) if d.whole else f"{rng.uniform(d.low, d.high):.4g}"
    if name == "scenario":
        return rng.choice([*shipped_scenarios()])
    if path == "strategy":
        return rng.choice([*STRATEGIES])
    if name in ("map.x", "map.y"):
        return rng.choice(PATHS)
    if name in ("future", "week", "guess.value", "loop.luck"):
        return str(rng.randint(0, 120))
    if name == "pin":
        return link(rng, 3)
    return rng.choice(PRESETS) if path in ("with", "archetype", "belief", "loop", "commitment") else text(rng)


def link(rng: random.Random, most: int = 6) -> str:
    """The part of a link after `?`."""
    pairs = [(name, fitting(rng, name)) for name in (key(rng) for _ in range(rng.randint(0, most)))]
    made = urlencode(pairs, quote_via=quote, errors="replace")
    if rng.random() < 0.05:  # cut, or with raw characters
        made = made[: rng.randint(0, len(made))] + rng.choice(("", "&", "%", "%f", "==", ";", "\ud800"))
    return made


def file(rng: random.Random) -> str:
    """The text of a scenario file: a shipped one with lines changed, or one put together from keys and values."""
    if rng.random() < 0.5:
        lines = rng.choice(SHIPPED).splitlines()
        for _ in range(rng.randint(0, 4)):
            at = rng.randrange(len(lines))
            what, equals, _ = lines[at].partition("=")
            change = rng.random()
            if change < 0.5 and equals:
                lines[at] = f"{what}= {toml(rng)}"
            elif change < 0.7:
                lines.insert(at, rng.choice(lines))
            elif change < 0.8:
                del lines[at]
            else:
                lines.insert(at, f"{quoted(key(rng))} = {toml(rng)}")
        return "\n".join(lines)
    lines = [
        f'question = "{rng.choice(("Why?", "a", ""))}"',
        *(f"{quoted(top)} = {toml(rng)}" for top in some(rng, TOP)),
    ]
    for path in some(rng, PATHS):
        table, _, name = path.rpartition(".")
        lines += [f"[{table}]", f"{name} = {value(rng, path)}"] if rng.random() < 0.9 else [f"{path} = {toml(rng)}"]
    for _ in range(rng.randint(0, 3)):
        what = rng.choice(("lab", "lab", "evaluator", "expect", "uncertainties", "notes"))
        lines.append(f"[[{what}]]" if rng.random() < 0.9 else f"[{what}]")
        if rng.random() < 0.7:
            lines.append(f"name = {quoted(rng.choice((*NAMES, text(rng))))}")
        lines += [f"{quoted(own)} = {value(rng, own)}" for own in some(rng, (*PATHS, *ENTRY))]
    return "\n".join(lines)


TOP = (
    "title", "question", "base", "with", "lab", "evaluator", "expect", "notes", "sources", "governance", "cycle",
    "x",
)  # fmt: skip
ENTRY = (
    "strategy", "archetype", "belief", "loop", "commitment", "kind", "name", "claim", "outcome", "direction",
    "value", "where", "against", "beside", "status", "dist", "x",
)  # fmt: skip
SHIPPED = [path.read_text(encoding="utf-8") for path in shipped_scenarios().values()]


def some(rng: random.Random, of) -> list[str]:
    """A few of something."""
    return [rng.choice(of) for _ in range(rng.randint(0, 3))]


def value(rng: random.Random, path: str) -> str:
    """A value as TOML that the path may well take, mostly."""
    made = fitting(rng, path)
    return made if made.replace(".", "").replace("-", "").isdigit() else quoted(made)


def toml(rng: random.Random) -> str:
    """Anything that may stand after `=`, be it TOML or not."""
    made = text(rng)
    return made if rng.random() < 0.5 else quoted(made)


def quoted(words: str) -> str:
    """A text as TOML has it."""
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in words)
    return f'"{escaped}"'


def refused(message: str) -> None:
    """A refusal is one short line."""
    assert message and len(message.splitlines()) == 1, message
    assert len(message) <= LONGEST_REFUSAL, f"{len(message)} characters"


def what_matters(scenario: Scenario) -> tuple:
    """What a scenario does: its values but for counts of what it lists, its labs, its evaluators."""
    dead = {"race.labs"} if scenario.labs is not None else set()
    dead |= {"evaluators.number"} if scenario.evaluators is not None else set()
    values = {path: value for path, value in scenario.values.items() if path not in dead}
    return values, scenario.all_labs, scenario.all_evaluators, dict(scenario.uncertainties)


def check_file(made: str) -> bool:
    """Load it; whether it is a scenario. Then it is written and is the same again. AssertionError if not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.toml"
        path.write_text(made, encoding="utf-8", errors="replace", newline="")
        try:
            scenario = load(path)
        except ScenarioError as error:
            refused(str(error))
            assert "mine.toml" in str(error)
            return False
        path.write_text(to_toml(scenario), encoding="utf-8", newline="")
        again = load(path)
    assert what_matters(again) == what_matters(scenario)
    assert (again.title, again.question) == (scenario.title, scenario.question)
    return True


def check_link(made: str) -> bool:
    """Open it as the app does; whether it can be. Then its words, file, command and link are made. AssertionError."""
    from viz.world import changes, map_work, pause_spec_edit
    from viz.world.world import AXES, SPEC, parse

    try:
        view = parse(made)
    except ScenarioError as error:
        refused(str(error))
        return False
    assert parse(view.query()) == view
    for world in (view.world, *view.pins):
        changes.title(world), changes.change_words(world), world.command(), world.python(100)
        check_written(world)
    kept = dict(view.more)
    for what in (
        lambda: pause_spec_edit.kept(kept) if any(name.startswith(SPEC) for name in kept) else None,
        lambda: map_work.plane(
            view.world, *(kept.get(axis, usual) for axis, usual in zip(AXES, USUAL, strict=True)), view.lab
        ),
    ):
        try:
            what()
        except ScenarioError as error:
            refused(str(error))
    return True


USUAL = ("competition.winner_share", "decision.own_harm")


def check_written(world) -> None:
    """The file that the app offers is the world. AssertionError if not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my-world.toml"
        path.write_text(world.toml(), encoding="utf-8", newline="")
        assert what_matters(load(path)) == what_matters(world.resolve())


MAKERS: dict[str, tuple[Callable[[random.Random], str], Callable[[str], bool]]] = {
    "links": (link, check_link),
    "files": (file, check_file),
}


def attack(kind: str, count: int, seed: int) -> tuple[int, list[str]]:
    """(how many were opened, faults) of so many links or files."""
    make, check = MAKERS[kind]
    opened, faults = 0, []
    for number in range(seed, seed + count):
        made = make(random.Random(number))
        try:
            opened += check(made)
        except Exception as error:  # whatever it is, it is the fault that is looked for
            faults.append(f"{kind} {number}: {type(error).__name__}: {str(error)[:300]}\n    {made[:300]!r}")
    return opened, faults


def main() -> None:
    """Make many, say what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=MAKERS)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first; each has the next number")
    asked = parser.parse_args()
    start = time.monotonic()
    opened, faults = attack(asked.kind, asked.count, asked.seed)
    print(*faults, sep="\n")
    print(f"{asked.count:,} {asked.kind}: {opened:,} opened, {len(faults)} faults, {time.monotonic() - start:.0f} s")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
