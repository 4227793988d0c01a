"""A fault in a file names the line on which it stands: of the key, or of its table, in the file itself or its base."""

import random
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsim.model.governance import RULES
from labsim.model.parameters import GROUPS
from labsim.pause_spec.file import load_specification, shipped_specifications
from labsim.scenario.checked import CATALOGUE, is_lab_path
from labsim.scenario.files import FileFault, load, shipped_scenarios
from labsim.scenario.lines import _Node, _read, line_of
from tests.scenario.test_scenario_files import BAD

HERE = "# here"  # marks the line that has to be named
FAULTS = {
    "no TOML": "title = 'a'\n[cycle]\nreview = = 3 # here\n",
    "no TOML at the end": "title = 'a'\n[cycle]\nreview = [3, # here\n\n",
    "a key twice": "title = 'a'\n[cycle]\nreview = 1\nreview = 2 # here",
    "a header twice": "[cycle]\nreview = 1\n[harm]\n[cycle] # here\n",
    "lists without end": f"title = 'a'\nnotes.a = {'[' * 3000} # here",
    "tables without end": f"title = 'a'\n[notes{'.a' * 300}] # here\nb = 1",
    "one too many inside each other": f"title = 'a'\n[notes]\na = {'[' * 21}{']' * 21} # here",
    "a number without end": f"title = 'a'\n[harm]\nafter = 1\nrate = {'9' * 5000} # here",
    "a hexadecimal number without end": f"notes = {{a = '{'9' * 5000}'}}\n[harm]\nrate = 0x{'f' * 1100} # here",
    "unknown top key": "question = 'a'\n\ntitel = 'x' # here",
    "a key of no letter": "question = 'a'\n'' = 1 # here",
    "unknown table": "[cycle]\nreview = 1\n[cycel] # here\nreview = 1",
    "unknown rule": "[governance.rate_limit]\nstart = 3\n[governance.ratelimit] # here\nstart = 0",
    "unknown key": "[cycle]\nreview = 1\nreveiw = 1 # here\n[harm]\nrate = 1",
    "a key of another table": "[harm]\nrate = 1\n[cycle]\n# rate = 0\nrate = 1 # here",
    "a word that only looks like it": "[notes]\nwhat = '''\n[cycle]\nreview = -1\n'''\n[cycle]\nreview = -1 # here",
    "out of range": "[cycle] # of one lab\nmachine = 2\n\n# longer\nreview = -1 # here",
    "a dotted key": "title = 'a'\ncycle.machine = 2\ncycle.review = -1 # here",
    "a quoted key": '[cycle]\nmachine = 2\n"rev\\u0069ew" = -1 # here',
    "an inline table": "title = 'a'\ncycle = {machine = 2, review = -1} # here",
    "spaces in a header": "title = 'a'\n[ governance . 'rate_limit' ]\n  start\t= 'soon' # here",
    "a choice": "[race]\nweeks = 20\ninformation = 'open' # here",
    "a table for a number": "[cycle]\nmachine = 2\n[cycle.review] # here\na = 1",
    "a number for a table": "title = 'a'\nharm = 5 # here",
    "one table for a list": "title = 'a'\n[lab] # here\nname = 'x'",
    "an element of a list": "with = [\n  'sb-53', # a law\n\n  'nobody', # here\n]",
    "no list": "title = 'a'\nwith = 'sb-53' # here",
    "a lab's strategy": "[[lab]]\nname = 'a'\nstrategy = 'keeper'\n[[lab]]\nname = 'b'\nstrategy = 'nobody' # here",
    "a lab's name": "[[lab]]\n[[lab]]\nname = '' # here",
    "a lab's name again": "[[lab]]\nname = 'a'\n[[lab]]\nname = 'b'\n[[lab]]\nname = 'a' # here",
    "a lab's name that is another's default": "[[lab]]\nname = 'Lab 2' # here\n[[lab]]\nstrategy = 'keeper'",
    "a lab's path": "[[lab]]\n'cycle.review' = 2\n[[lab]]\n'cycle.machine' = 1\n'cycle.review' = -2 # here",
    "a lab's table": "[[lab]]\n[[lab]]\n[lab.cycle]\nmachine = 1\nreview = -2 # here\n[[lab]]",
    "a lab's unknown key": "[[lab]]\nname = 'a'\nstrateg = 'keeper' # here",
    "a lab's race": "[[lab]]\nname = 'a'\n\n'race.weeks' = 5 # here",
    "a lab's belief": "[[lab]]\nname = 'a'\nbelief = 'skeptic' # here",
    "a lab in a list": "lab = [\n  {name = 'a'},\n  {name = 'b', strategy = 'nobody'}, # here\n]",
    "a lab that is none": "title = 'a'\nlab = [1] # here",
    "every lab's": "base = 'five-calculators'\n'* cycle.machine' = 1\n'* cycle.review' = -1 # here",
    "every listed lab's": "'* cycle.machine' = 1\n'* cycle.review' = -1 # here\n[[lab]]\nname = 'a'",
    "every listed lab's race": "title = 'a'\n'* race.weeks' = 5 # here\n[[lab]]\nname = 'a'",
    "a lab's from the top": "base = 'five-calculators'\n'Birch strategy' = 'nobody' # here",
    "a lab that is not there": "base = 'five-calculators'\n'Nobody strategy' = 'keeper' # here",
    "an uncertainty of no lab": "title = 'a'\n[uncertainties]\n'Nobody cycle.review'.dist = 'choice' # here\n"
    "'Nobody cycle.review'.values = [1]",
    "no labs": "title = 'a'\nlab = [] # here",
    "too many labs": "title = 'a'\n[[lab]] # here\n" + "[[lab]]\n" * 40,
    "labs listed and counted": "[race]\nlabs = 2 # here\n[[lab]]\nname = 'a'",
    "evaluators listed and counted": "[[evaluator]]\nname = 'a'\n[evaluators]\nnumber = 2 # here",
    "an evaluator's value": "[[evaluator]]\nname = 'a'\n[[evaluator]]\nname = 'b'\naccess = 2 # here",
    "an evaluator's path": "[[evaluator]]\nname = 'a'\n'evaluators.access' = 2 # here",
    "an evaluator's response": "[[evaluator]]\nname = 'a'\nresponse = 'pause' # here",
    "an end before its start": "[events.leak]\nstart = 5\nstop = 5 # here\n",
    "a lab's end before its start": "[safeguards.debate]\nstart = 9\n[[lab]]\n'safeguards.debate.stop' = 5 # here",
    "an unknown uncertainty": "[uncertainties]\n'harm.rat' = {dist = 'uniform'} # here",
    "a bad distribution": "[uncertainties.'harm.rate']\nlow = 0.1\ndist = 'beta' # here",
    "no distribution": "[uncertainties]\n['uncertainties'.'harm.rate'] # here\nlow = 0.1",
    "a distribution without an end": "[uncertainties.'harm.rate'] # here\nlow = 0.1\ndist = 'uniform'",
    "a distribution out of range": "[uncertainties.'harm.rate']\ndist = 'uniform'\nlow = -1 # here\nhigh = 1",
    "a value among others": "[uncertainties.'harm.rate']\ndist = 'choice'\nvalues = [\n0.1,\n-2, # here\n]",
    "an unknown source": "[sources]\n'harm.rate' = 'a'\n'harm.rat' = 'b' # here",
    "a source that is no text": "[sources]\n'Birch cycle.review' = 5 # here",
    "a base that is none": "title = 'a'\nbase = 'nowhere' # here",
    "a base that is a folder": "title = 'a'\nbase = '.' # here",
    "a base that is itself": "title = 'a'\nbase = 'mine.toml' # here",
}
CLAIM = "[[expect]]\nclaim = 'a'\noutcome = 'catastrophe'\ndirection = 'higher'\n"
CLAIMS = {
    "an unknown key": f"{CLAIM}{CLAIM}outcom = 'payoff' # here",
    "no claim": f"{CLAIM}[[expect]] # here\noutcome = 'payoff'\ndirection = 'higher'",
    "an unknown outcome": "[[expect]]\nclaim = 'a'\noutcome = 'catastrofe' # here\ndirection = 'higher'",
    "an unknown direction": f"{CLAIM}[[expect]]\nclaim = 'a'\noutcome = 'payoff'\ndirection = 'up' # here",
    "an unknown lab": f"{CLAIM}lab = 'Nobody' # here",
    "a percentage": f"{CLAIM}than = 50 # here",
    "a change out of range": f"{CLAIM}where = {{'cycle.review' = -1}} # here",
    "a change of an unknown lab": f"{CLAIM}[expect.where]\n'Nobody cycle.review' = 1 # here",
    "a lab's change out of range": f"{CLAIM}[expect.where]\n'cycle.review' = 1\n'Birch cycle.review' = -1 # here",
    "an unknown policy": f"{CLAIM}[expect.against]\nwith = ['sb-53', 'nobody'] # here",
    "an unknown world": f"{CLAIM}against = 'nowhere' # here",
    "an unknown status": f"{CLAIM}status = 'hopes' # here",
    "what was found": f"{CLAIM}status = 'contradicted'\nfinding = 'b'\n[expect.found]\ndirection = 'up' # here",
    "too few races": f"{CLAIM}replications = 1 # here\n{CLAIM}",
}
SPECIFICATION = "[pause_when]\ngap = 0.5\n"
SPECIFICATIONS = {
    "no TOML": f"{SPECIFICATION}[review]\nweeks = # here",
    "an unknown key": f"{SPECIFICATION}gapp = 1 # here",
    "an unknown table": f"{SPECIFICATION}[revue] # here\nweeks = 3",
    "a number out of range": f"{SPECIFICATION}[review]\njobs = 'a'\nweeks = -3 # here",
    "a text that is none": f"{SPECIFICATION}[scope]\nloops = 5 # here",
    "no condition": "title = 'a'\n[pause_when] # here\nalso = 'a'",
    "an unknown source": f"{SPECIFICATION}[sources]\nweeks = 'a'\nweek = 'b' # here",
}


def marked(text):
    """The line that is marked, from 1."""
    (line,) = [number for number, words in enumerate(text.split("\n"), 1) if words.endswith(HERE)]
    return line


def named(path, read=load):
    """The line that reading a file names, as a number and in its words."""
    with pytest.raises(FileFault) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}, line {caught.value.line}: ")
    return caught.value.line


def written(folder, text, name="mine.toml"):
    (folder / name).write_bytes(text.encode())
    return folder / name


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("text", [*FAULTS.values(), *CLAIMS.values()], ids=[*FAULTS, *(f"claim: {x}" for x in CLAIMS)])
def test_a_fault_names_its_line(tmp_path, text, end):
    assert named(written(tmp_path, text.replace("\n", end))) == marked(text)


@pytest.mark.parametrize("text", SPECIFICATIONS.values(), ids=SPECIFICATIONS)
def test_a_fault_of_a_pause_specification_names_its_line(tmp_path, text):
    assert named(written(tmp_path, text), load_specification) == marked(text)


@pytest.mark.parametrize("case", BAD)
def test_no_bad_file_is_without_a_line(tmp_path, case):
    text = BAD[case][0] if isinstance(BAD[case][0], bytes) else BAD[case][0].encode()
    path = tmp_path / "mine.toml"
    path.write_bytes(text)
    assert 1 <= named(path) <= text.count(b"\n") + 1


def test_bytes_that_are_no_text_name_their_line(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"title = 'a'\n\nquestion = '\xff'\n")
    assert named(path) == 3


def test_a_fault_of_the_base_names_the_base_and_its_line(tmp_path):
    base = written(tmp_path, "title = 'a'\n[cycle]\nreview = -1", "base.toml")
    top = written(tmp_path, "title = 'b'\nbase = 'base.toml'")
    with pytest.raises(FileFault) as caught:
        load(top)
    assert (caught.value.path, caught.value.line) == (base, 3)
    assert str(caught.value).startswith(f"{base}, line 3: cycle.review = -1: ")


@pytest.mark.parametrize(
    ("base", "own"),
    [
        ("[events.leak]\nstop = 5", "\n[events.leak]\nstart = 6 # here"),
        ("[[lab]]\nname = 'a'", "\n[race]\nlabs = 6 # here"),
        ("[[lab]]\nname = 'a'\n'safeguards.debate.stop' = 5", "\n[safeguards.debate]\nstart = 6 # here"),
        ("[[lab]]\nname = 'a'", f"{CLAIM}lab = 'Birch' # here"),
    ],
)
def test_what_does_not_fit_a_sound_base_is_a_fault_of_the_file_on_it(tmp_path, base, own):
    written(tmp_path, base, "base.toml")
    text = f"base = 'base.toml'\n{own}"
    assert named(written(tmp_path, text)) == marked(text)


def paths(value, above=""):
    """Every key and element of a content, as places."""
    held = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in held:
        yield f"{above}{key}"
        yield from paths(inner, f"{above}{key}.")


def places(node: _Node, above=""):
    for key, inner in node.inner.items():
        yield f"{above}{key}"
        yield from places(inner, f"{above}{key}.")


@pytest.mark.parametrize("path", [*shipped_scenarios().values(), *shipped_specifications().values()], ids=str)
def test_it_reads_the_keys_that_tomllib_reads(path):
    text = path.read_text(encoding="utf-8")
    assert sorted(places(_read(text))) == sorted(paths(tomllib.loads(text)))


KEYS = st.sampled_from(["a", "b", "c-d", "'a.b'", '"e ]"', '"\\u0061"', "a.b", "a . 'c'", '"="', "''", "1"])
VALUES = st.recursive(
    st.sampled_from(
        ["1", "1.5", "2027-01-01", "true", '"]"', "'{'", '"\\""', '"""\na = 1\n[b]\\"""""', "'''\n#'\n''''", "-inf"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: "[ # ,\n" + ",\n".join(each) + "\n]")
        | st.lists(st.tuples(st.sampled_from("abcd"), inner), max_size=3, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)
STATEMENTS = (
    KEYS.map(lambda key: f"[{key}]")
    | KEYS.map(lambda key: f"[[ {key} ]] # ]")
    | st.tuples(KEYS, VALUES).map(" = ".join)
    | st.sampled_from(["", "# a = 1", "\t# ["])
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(STATEMENTS, max_size=12))
def test_it_reads_any_toml_as_tomllib_does(statements):
    kept = []
    for statement in statements:  # only those that go together
        try:
            tomllib.loads("\n".join([*kept, statement]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(statement)
    text = "\n".join(kept)
    known = sorted(paths(tomllib.loads(text)))
    assert sorted(places(_read(text))) == known
    if len(set(known)) < len(known):  # 'a.b' beside a.b: a place does not tell them apart
        return
    for number, statement in enumerate(kept):  # a statement's first line is that of what it alone adds
        before = set(paths(tomllib.loads("\n".join(kept[:number]))))
        new = [place for place in paths(tomllib.loads("\n".join(kept[: number + 1]))) if place not in before]
        if new:  # a header may name tables above its own, which may have theirs later
            place = new[-1 if statement[0] == "[" else 0]
            assert line_of(text, [place]) == sum(each.count("\n") + 1 for each in kept[:number]) + 1


NUMBERS = [path for path, d in CATALOGUE.items() if d.default is not None and not d.options]
COUNTS = ("race.labs", "evaluators.number", "race.weeks")


def setting(rng, path, key):
    """(a line that sets a number, lines that would be wrong in its place)."""
    d = CATALOGUE[path]
    high = min(d.high, d.low + 50)
    good = rng.randint(int(d.low), int(high)) if d.whole else rng.uniform(d.low, high)
    wrong = [f"{key} = {x}" for x in ("'many'", "true", "[1]", "-1e12", "nan", "1 2", "= 1", "{a = 1}")]
    head, _, last = key.strip("'").rpartition(".")
    return f"{key} = {good!r}", [*wrong, f"'{head}.{last}_' = 1" if key[0] == "'" else f"{key}_ = 1"]


def random_file(rng):
    """Lines of a file of which each is (itself, what would be a fault in its place)."""
    numbers = {path: None for path in rng.sample(NUMBERS, 12) if path not in COUNTS}
    lines = [("question = 'Why?'", ["question = 5", "questoin = 'Why?'", "question = 'Why?"])]
    lines += [("with = [", []), ("  'sb-53',", ["  'sb-54',", "  5,", "  ['sb-53'],"]), ("] # ]", [])]
    blocks = [[("[notes]", []), ("text = '''", []), ("[cycle]", []), ("review = -1'''", [])]]
    for table in {path.rpartition(".")[0] for path in numbers}:
        mine = [path for path in numbers if path.rpartition(".")[0] == table]
        names = [path.rpartition(".")[2] for path in mine]
        if rng.random() < 0.3:
            lines += [setting(rng, path, path) for path in mine]
        else:
            pairs = zip(mine, names, strict=True)
            blocks.append([(f"[{table}]", [f"[{table}"]), *(setting(rng, path, name) for path, name in pairs)])
    rule = rng.choice([*RULES])
    if not any(path.startswith(f"governance.{rule}.") for path in numbers):
        start = ("start = 2027-01-01", ["start = 2020-01-01", "start = 'soon'", "start = -1", "strat = 5"])
        blocks.append([(f"[governance.{rule}]", [f"[governance.{rule}_]"]), start])
    labs = []
    for number in range(rng.randint(1, 4)):
        labs += [("[[lab]]", []), (f"name = 'Lab {chr(65 + number)}'", ["name = ''", "name = 5", "nam = 'a'"])]
        labs += [("strategy = 'keeper'", ["strategy = 'nobody'", "strategy = ['keeper']"])]
        own = rng.sample([path for path in NUMBERS if is_lab_path(path)], 3)
        labs += [setting(rng, path, f"'{path}'") for path in own]
    claim = [("[[expect]]", []), ("claim = 'a'", ["claim = 5", "claim = ''"])]
    claim += [("outcome = 'catastrophe'", ["outcome = 'nothing'"]), ("direction = 'higher'", ["direction = 'up'"])]
    claim += [("[expect.where]", []), setting(rng, "cycle.review", "'cycle.review'")]
    spec = [("[uncertainties.'harm.rate']", ["[uncertainties.'harm.rat']"]), ("dist = 'uniform'", ["dist = 'x'"])]
    spec += [("low = 0.1", ["low = -1", "low = 'a'", "lower = 1"]), ("high = 0.2", ["high = 1e9", "high = true"])]
    blocks += [labs, claim, spec]
    rng.shuffle(blocks)
    for block in blocks:
        for line in block:
            lines += [("", [])] * (rng.random() < 0.2) + [("# cycle.review = -1", [])] * (rng.random() < 0.1) + [line]
    return lines


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_of_a_random_file_with_one_fault_the_planted_line_is_named(tmp_path_factory, seed):
    rng = random.Random(seed)
    lines = random_file(rng)
    path = tmp_path_factory.mktemp("planted") / "mine.toml"
    sound = [line for line, _ in lines]
    path.write_text("\n".join(sound), encoding="utf-8")
    assert load(path).question == "Why?"
    place = rng.choice([place for place, (_, wrong) in enumerate(lines) if wrong])
    for wrong in lines[place][1]:
        path.write_text("\n".join([*sound[:place], wrong, *sound[place + 1 :]]), encoding="utf-8")
        assert named(path) == place + 1, wrong


def test_tables_of_the_model_are_in_the_files():
    assert {path.partition(".")[0] for path in NUMBERS} <= {*GROUPS, "governance", "safeguards", "events"}
