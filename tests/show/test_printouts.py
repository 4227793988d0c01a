"""What commands print, number by number, is what their own --json says: rows and columns are found by name.

Races are few and short, so the numbers mean nothing; what counts is that each stands where its words say.
"""

import html
import re
from types import SimpleNamespace

import pytest

from labsim.model.outcomes import OUTCOMES, labelled
from labsim.pause_spec.report import MEASURES, ONLY_WITH
from labsim.pause_spec.score import LATER
from tests.commands import labsim, strict
from tests.show.printed import MINUS, flat, is_estimate, is_number, sentence, table

WORLD = """
title = "Three labs, two years"
question = "Who removes the human?"
race.weeks = 104

[[lab]]
name = "Ada"
cycle.head_start = 1.2

[[lab]]
name = "Bob"
decision.own_harm = 2.0

[[lab]]
name = "Cyd"
strategy = "imitator"
cycle.head_start = 0.6

[[expect]]
claim = "There is harm."
outcome = "catastrophe"
direction = "higher"
than = 0.01

[[expect]]
claim = "A limit delays the finish."
outcome = "race_weeks"
where = {"governance.rate_limit.start" = 0}
against = "unchanged"
direction = "higher"

[[expect]]
claim = "It pays to remove."
outcome = "closure_premium"
direction = "higher"
"""
MESA = ("--engine", "mesa")
RULES = ("safeguards.debate", "governance.rate_limit", "governance.common_pause")
PREMIUM, KEEPER, LOSS = f"T {MINUS} R", f"P {MINUS} S", f"R {MINUS} P"
GAPS = ("closure_premium", "last_keeper", "collective_loss")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the scenario, and a run of it."""
    folder = tmp_path_factory.mktemp("printouts")
    (folder / "world.toml").write_text(WORLD, encoding="utf-8")
    done = labsim("run", "world.toml", *MESA, "--replications", 3, "--out", "stored", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def said(place):
    """`said("run", "world.toml")`: what the command prints on a wide terminal, and the JSON of the same command.

    `also` are words for the first of the two only, such as where to put files.
    """

    def run(*words, also=()):
        wide, told = labsim(*words, *also, cwd=place, columns=160), labsim(*words, "--json", cwd=place)
        assert (wide.returncode, told.returncode) == (0, 0), wide.stderr + told.stderr
        return SimpleNamespace(text=wide.stdout, json=strict(told.stdout))

    return run


def shown():
    """The outcomes of the short tables, by name."""
    return {name: outcome for name, outcome in OUTCOMES.items() if outcome.shown}


def clear(result):
    """1 or -1 where a difference is beyond 2 standard errors, else 0."""
    beyond = result["se"] is not None and abs(result["mean"]) > 2 * result["se"]
    return (1 if result["mean"] > 0 else -1) if beyond else 0


def named(rows, label_of, result):
    """The rows of a table beside entries of JSON, in whose order they stand."""
    assert list(rows) == [label_of(one) for one in result]
    return zip(rows.values(), result, strict=True)


def test_run(said):
    """The table of `run`, its answer in a sentence, its remarks."""
    result = said("run", "world.toml", *MESA, "--replications", 4, also=("--out", "a-run"))
    levels, twins = result.json["outcomes"], result.json["twins"]
    rows = table(result.text, "outcome (mean ± 95 %)", "this world", "minus all keep", "minus all remove")
    for (level, keep, remove), (name, outcome) in named(rows, lambda pair: pair[1].label, list(shown().items())):
        is_estimate(level, levels[name], outcome.scale)
        is_estimate(keep, twins["all_keep"][name], outcome.scale, sign=True)
        is_estimate(remove, twins["all_remove"][name], outcome.scale, sign=True)
    assert twins["all_keep"]["catastrophe"]["mean"] > 0.1 > twins["all_remove"]["catastrophe"]["mean"]
    closers, first, harm, *differences = sentence(
        result.text, "<E> of 3 labs removed the human, the first in week <E>; harm in <E> of 100 futures, (.+?) "
        "than? if all had kept the human and (.+?) if all had removed it, under the same luck",
    )  # fmt: skip
    for text, name in ((closers, "closers"), (first, "first_closure_week"), (harm, "catastrophe")):
        is_estimate(text, levels[name], OUTCOMES[name].scale)
    for text, twin in zip(differences, ("all_keep", "all_remove"), strict=True):
        differs(text, twins[twin]["catastrophe"])
    assert sentence(result.text, "<N> replications, seed <N>, engine mesa") == ("4", "0")


def differs(text, result):
    """"28.4 ± 3.1 more", or "about as many as" where the two are too close."""
    if not clear(result):
        assert text.startswith("about as many as"), text
        return
    size, way = re.match(r"(\S+ ± \S+) (more|fewer)", text).groups()
    assert way == ("more" if result["mean"] > 0 else "fewer")
    is_estimate(size, result | {"mean": abs(result["mean"])}, 100)


def test_compare(said):
    """The table of `compare`, and which outcomes are clearly better and worse."""
    result = said("compare", "world.toml", "world.toml:safeguards.debate.start=0", "world.toml:cycle.review=4", *MESA,
                 "--replications", 4)  # fmt: skip
    names, levels, gaps = result.json["scenarios"], result.json["levels"], result.json["differences"]
    for letter, name in zip("ABC", names, strict=True):
        assert f"{letter}  {name}\n" in result.text
    rows = table(result.text, "outcome", "A", "B minus A", "C minus A")
    for (level, b, c), (name, outcome) in named(rows, lambda pair: pair[1].label, list(shown().items())):
        is_estimate(level, levels[names[0]][name], outcome.scale)
        is_estimate(b, gaps[names[1]][name], outcome.scale, sign=True)
        is_estimate(c, gaps[names[2]][name], outcome.scale, sign=True)
    better = {n for n, o in shown().items() if o.direction and clear(gaps[names[1]][n]) == -o.direction}
    worse = {n for n, o in shown().items() if o.direction and clear(gaps[names[1]][n]) == o.direction}
    assert "catastrophe" in better and worse
    for words, expect in zip(sentence(result.text, r"B is clearly better in (.+?); worse in (.+?)\."), (better, worse),
                             strict=True):  # fmt: skip
        assert set(re.split(", | and ", words)) == {OUTCOMES[name].words for name in expect}


def test_game(said):
    """The payoffs, differences, corrections and each lab's own game."""
    result = said("game", "world.toml", *MESA, "--replications", 3)
    game, text = result.json, result.text
    assert text.startswith(f"world: {game['label']}\n")
    for verb, cells in (("keeps", "RS"), ("removes", "TP")):
        pays = sentence(text, rf"Ada {verb} {cells[0]} <E> {cells[1]} <E>")
        for cell, pay in zip(cells, pays, strict=True):
            is_estimate(pay, game["payoffs"][cell], 100)
    assert re.search("all others keep +all others remove", text)
    for words, name in zip((PREMIUM, KEEPER, LOSS), GAPS, strict=True):
        (gap,) = sentence(text, rf"\w {words} <E> %")
        is_estimate(gap, game[name], 100, sign=True)
    fine = game["corrective_fine"]
    for who, needed in (("keep", fine), ("remove", fine["others_remove"])):
        (amount,) = sentence(text, rf"corrective fine, others {who} (<E> %|none needed)".replace("<E>", r"[^%]+?"))
        if needed["mean"] > 0:
            is_estimate(amount.removesuffix(" %"), needed, 100)
        else:
            assert amount == "none needed"
    curves = table(text, "others", "it keeps", "it removes", "difference", "pays")
    for (keeps, removes, gap, pays), point in named(curves, lambda p: str(p["others"]), game["schelling"]):
        is_estimate(keeps, point["keep"], 100)
        is_estimate(removes, point["remove"], 100)
        is_estimate(gap, point["difference"], 100, sign=True)
        assert pays == {1: "removing", -1: "keeping", 0: "too close"}[clear(point["difference"])]
    own = table(text, "lab", PREMIUM, KEEPER, LOSS, "label")
    for (*gaps, label), row in named(own, lambda r: r["lab"], game["rows"]):
        assert label == row["label"]
        for gap, name in zip(gaps, GAPS, strict=True):
            is_estimate(gap, row[name], 100, sign=True)
    first = sentence(text, rf"decides by itself: [\w' ]+ {PREMIUM} <E>, {KEEPER} <E>, {LOSS} <E> %")
    for gap, name in zip(first, GAPS, strict=True):
        is_estimate(gap, game["first_move"][name], 100, sign=True)
    (share,) = sentence(text, "<E> % remove in the long run")
    is_estimate(share, game["imitation"]["mean_share"], 100)
    for welfare, one in zip(re.findall(r"labs get (\S+) prizes in all", flat(text)), game["equilibria"], strict=True):
        is_number(welfare, one["welfare"]["mean"])
    best, removers = sentence(text, "the best that labs could get is <N> prizes in all, if <N> remove")
    is_number(best, game["welfare"]["optimum"]["welfare"]["mean"])
    assert int(removers) == game["welfare"]["optimum"]["removers"]
    for which in ("worst", "best"):
        (below,) = sentence(text, f"the {which} equilibrium is <E> prizes below")
        is_estimate(below, game["welfare"][which]["below_optimum"])


AXES = ("--x", "decision.own_harm=0:6:3", "--y", "competition.winner_share=0.2:1:2")


def drawn(text, rows, columns):
    """The letters of a map, {y as it is printed: letters from the left}; the highest y stands above."""
    result = dict(re.findall(rf"^ *(\S+)  (\S(?: \S){{{columns - 1}}})$", text, re.MULTILINE))
    assert len(result) == rows and list(result) == sorted(result, key=float, reverse=True)
    return {y: letters.split() for y, letters in result.items()}


def test_map(said):
    """The letters of a map by row and column, and how many cells have each."""
    result = said("map", "world.toml", *AXES, *MESA, "--replications", 3)
    letters = drawn(result.text, 2, 3)
    counts = re.findall(r"^([HSPDC?])  (.+?) +(\d+) +(\d+)$", result.text, re.MULTILINE)
    names = {letter: label for letter, label, *_ in counts}
    for cell in result.json["cells"]:
        column = result.json["x"]["values"].index(cell["x"])
        assert names[letters[f"{cell['y']:g}"][column]] == cell["label"]
    assert len({letter for row in letters.values() for letter in row}) > 1
    assert {label: int(count) for _, label, count, _ in counts} == result.json["counts"]
    for *_, count, share in counts:
        is_number(share, int(count), 100 / 6)


def test_map_of_an_outcome(said):
    """The digits of a map of an outcome: 0 where it is least, 9 where it is most, and what these are."""
    result = said("map", "world.toml", *AXES, "--of", "catastrophe", *MESA, "--replications", 3)
    means = {(c["x"], c["y"]): c["catastrophe"]["mean"] for c in result.json["cells"]}
    low, high = sentence(result.text, "0 is <N>, 9 is <N> % of races")
    is_number(low, min(means.values()), 100)
    is_number(high, max(means.values()), 100)
    letters, span = drawn(result.text, 2, 3), max(means.values()) - min(means.values())
    for (x, y), mean in means.items():
        digit = letters[f"{y:g}"][result.json["x"]["values"].index(x)]
        assert int(digit) == min(9, int(10 * (mean - min(means.values())) / span))
    (half,) = sentence(result.text, "error of a cell .95 %. is at most ± <N> % of races")
    is_number(half, max(c["catastrophe"]["se"] for c in result.json["cells"]), 196)


def test_tip(said):
    """The value of a lever, its interval, and what the lever is now."""
    result = said("tip", "world.toml", "--lever", "harm.rate", "--until", "catastrophe>0.001", "--low", 0,
                  "--high", 0.5, "--set", "race.weeks=20", *MESA, "--replications", 3)  # fmt: skip
    tip = result.json
    value, low, high = sentence(
        result.text, r"The smallest value at which catastrophe>0.001: <N> a year \(interval <N> to <N>\)"
    )
    for text, number in zip((value, low, high), (tip["value"], *tip["interval"]), strict=True):
        is_number(text, number)
    now, values = sentence(result.text, "in force or not, is <N> a year. Looked at <N> values")
    assert (float(now), int(values)) == (tip["now"], tip["evaluated"])


def test_tip_that_nothing_reaches(said):
    """The nearest value, and how things stand there."""
    result = said("tip", "world.toml", "--lever", "harm.rate", "--until", "catastrophe>0.9", "--low", 0, "--high", 0.01,
                 "--set", "race.weeks=5", *MESA, "--replications", 2)  # fmt: skip
    at, level = sentence(result.text, "The nearest to it is <N> a year, where catastrophe is <E> % of races")
    is_number(at, result.json["best"]["value"])
    margin = result.json["best"]["margin"]
    is_estimate(level, {"mean": 0.9 + margin["mean"], "se": margin["se"]}, 100)


def test_why(said):
    """The terms, beliefs, rivals and counterfactuals of a decision."""
    result = said("why", "world.toml", "--lab", "Ada")
    why, text = result.json, result.text
    act = f"Ada {why['choice']}s the human in week {why['week']}"
    (more,) = sentence(text, f"{act} because of .+ is worth <N> prizes more to it than keeping")
    is_number(more, why["margin"])
    (of_100,) = sentence(text, f"A lab in this position {why['choice']}s the human in <N> of 100 draws")
    is_number(of_100, why["chance"], 100)
    rows = table(text, "What it weighed, in prizes", "keep", "remove", "difference")
    total = rows.pop("sum")
    terms = [t for t in why["terms"] if max(abs(t["keep"]), abs(t["remove"])) >= 0.0005]
    for cells, term in named(rows, lambda t: t["words"], terms):
        for cell, option in zip(cells, ("keep", "remove", "difference"), strict=True):
            is_number(cell, term[option]) if cell != "0" else is_small(term[option])
    for cell, option in zip(total, ("keep", "remove"), strict=False):
        is_number(cell, sum(term[option] for term in why["terms"]))
    is_number(total[2], why["margin"])
    beliefs = table(text, "What it believed of itself", "believed", "in truth")
    for cells, one in named(beliefs, lambda b: b["words"] + (f", {b['unit']}" if b["unit"] else ""), why["beliefs"]):
        for cell, which in zip(cells, ("believed", "true"), strict=True):
            is_number(cell, one[which], 100 if one["unit"] == "%" else 1)
    columns = {"C": ("capability", 1), "oversight": ("oversight", 1), "weeks to go": ("weeks", 1),
               "risk, %": ("risk", 100), "wins, %": (f"wins_if_{why['choice']}", 100)}  # fmt: skip
    rivals = table(text, "Its rivals", *columns)
    for cells, (_, seen) in named(rivals, lambda pair: pair[0], list(why["rivals"].items())):
        for cell, (field, scale) in zip(cells, columns.values(), strict=True):
            for part, which in zip(cell.split(" / "), ("believed", "true"), strict=True):
                is_number(part, seen[which][field], scale)
    turns = table(text, "What would have changed its mind, each alone", "as it is", "turns at")
    for (now, to), flip in named(turns, lambda f: f["words"], why["flips"]):
        is_number(now, float(flip["now_text"]))
        is_number(to, float(flip["text"]))
        assert (flip["to"] > flip["now"]) == (float(to.replace(MINUS, "-")) > float(now.replace(MINUS, "-")))
    for turns, words in ((True, "It would also have turned"), (False, "It would not have turned")):
        cases = [switch["words"] for switch in why["switches"] if switch["turns"] == turns]
        assert (f"{words}: {'; '.join(cases)}." in flat(text)) == bool(cases)
    assert any(switch["turns"] is False for switch in why["switches"])


def is_small(value):
    """What is printed as 0 is less than half of a thousandth of a prize."""
    assert abs(value) < 0.0005


def test_why_all(said):
    """A line for each decision of a lab."""
    result = said("why", "world.toml", "--lab", "Ada", "--all", "--set", "race.weeks=12")
    rows = table(result.text, "week", "margin", "choice", "of 100", "nearest change that turns it")
    for (margin, choice, of_100, change), one in named(rows, lambda d: str(d["week"]), result.json):
        is_number(margin, one["margin"])
        is_number(of_100, one["chance"], 100)
        assert choice == one["choice"]
        nearest = one["flips"][0] if one["flips"] else None
        words = f"{nearest['words']}: {nearest['text']} for {nearest['now_text']}" if nearest else "none in range"
        assert change.replace(MINUS, "-") == words


def test_tournament(said):
    """The mixed field, the payoff matrix and the fields in which all play the same."""
    result = said("tournament", "world.toml", "--strategies", "keeper,closer,calculator", *MESA, "--replications", 4)
    rank, mixed, text = result.json["ranking"], result.json["mixed"], result.text
    pairs = {(pair["row"], pair["column"]): pair for pair in result.json["pairs"]}
    rows = table(text, "", "strategy", "payoff, %", "minus first", "wins, %", "catastrophe, points")
    lettered = named(rows, lambda name: "ABC"[rank.index(name)], rank)
    for place, ((strategy, payoff, behind, wins, harm), name) in enumerate(lettered):
        assert strategy == name
        is_estimate(payoff, mixed[name]["payoff"], 100)
        is_estimate(wins, mixed[name]["win_share"], 100)
        is_estimate(harm, mixed[name]["catastrophe"], 100, sign=True)
        if place:
            is_estimate(behind, mixed[name]["minus_first"], 100, sign=True)
    for place, row in enumerate(rank):
        (cells,) = re.findall(rf"^{'ABC'[place]} {row} +(\S+) +(\S+) +(\S+)$", text, re.MULTILINE)
        for cell, column in zip(cells, rank, strict=True):
            is_number(cell, pairs[row, column]["payoff"]["mean"], 100)
    same = table(text, "all play", "catastrophe, %", "best reply", "gain, %", "Nash")
    for (harm, reply, gain, nash), name in named(same, lambda n: n, rank):
        best = result.json["best_replies"][name]["best"]
        is_estimate(harm, pairs[name, name]["catastrophe"], 100)
        assert reply == ("itself" if best == name else best)
        assert nash == result.json["symmetric_nash"][name].removesuffix(" to call")
        if best != name:
            is_estimate(gain, pairs[best, name]["minus_same"], 100, sign=True)
    tournament_sentences(result, rank, mixed, pairs)


def tournament_sentences(result, rank, mixed, pairs):
    """What the tournament says in words: who earns, wins, harms most and least, and who gains by leaving."""

    def most(what, sign):
        return max(rank, key=lambda name: sign * mixed[name][what]["mean"])

    (earns,) = sentence(result.text, f"{most('payoff', 1)} earns most: <E> % of the prize")
    is_estimate(earns, mixed[most("payoff", 1)]["payoff"], 100)
    (behind,) = sentence(result.text, f"{most('payoff', -1)} earns least: <E> % compared with {most('payoff', 1)}")
    is_estimate(behind, mixed[most("payoff", -1)]["minus_first"], 100, sign=True)
    (wins,) = sentence(result.text, f"A lab that plays {most('win_share', 1)} wins most often: <E> of 100 races")
    is_estimate(wins, mixed[most("win_share", 1)]["win_share"], 100)
    worst, best = most("catastrophe", 1), most("catastrophe", -1)
    harm, above, below = sentence(
        result.text, f"Of 100 races there, <E> end in catastrophe. Where a lab plays {worst} that differs by <E> "
        rf"points; where it plays {best}, by <E>\.",
    )  # fmt: skip
    is_estimate(harm, result.json["mixed_catastrophe"], 100)
    is_estimate(above, mixed[worst]["catastrophe"], 100, sign=True)
    is_estimate(below, mixed[best]["catastrophe"], 100, sign=True)
    same = {name: pairs[name, name]["catastrophe"] for name in rank}
    safe, risky = (f(rank, key=lambda name: same[name]["mean"]) for f in (min, max))
    least, greatest = sentence(
        result.text, rf"catastrophe is rarest under {safe} \(<E> % of races\) and most frequent under {risky} \(<E>\)"
    )
    is_estimate(least, same[safe], 100)
    is_estimate(greatest, same[risky], 100)
    reply = result.json["best_replies"][safe]["best"]
    gain, others, then, before, after = sentence(
        result.text, f"Ada gains most by leaving {safe}, for {reply}: <E> % of the prize. The others go from <E> to "
        "<E>, catastrophe from <E> to <E>",
    )  # fmt: skip
    is_estimate(gain, pairs[reply, safe]["minus_same"], 100, sign=True)
    for text, row, what in ((others, safe, "others_payoff"), (then, reply, "others_payoff"),
                            (before, safe, "catastrophe"), (after, reply, "catastrophe")):  # fmt: skip
        is_estimate(text, pairs[row, safe][what], 100)


def test_policies(said):
    """Rules alone, pairs and frontier."""
    result = said("policies", "world.toml", "--rules", ",".join(RULES), *MESA, "--replications", 6)
    text, short = result.text, {rule: rule.rpartition(".")[2] for rule in RULES}
    alone = {one["rules"][0]: one for one in result.json["alone"]}
    rows = table(text, "in force", "harm,\npoints", "delay,\nweeks", "closed,\npoints", "open,\n%")
    for (harm, delay, closed, unfinished), rule in named(rows, short.__getitem__, result.json["ranking"]):
        is_estimate(harm, alone[rule]["catastrophe"], 100, sign=True)
        is_estimate(delay, alone[rule]["race_weeks"], sign=True)
        is_estimate(closed, alone[rule]["closed_share"], 100, sign=True)
        is_number(unfinished, alone[rule]["unfinished_share"], 100)
    pairs = {" + ".join(map(short.get, pair["rules"])): pair for pair in result.json["pairs"]}
    called = result.json["called_out"]["synergies"] + result.json["called_out"]["interferences"]
    rows = table(text, "pair", "harm,\npoints", "of it\ninteraction", "delay,\nweeks")
    assert rows and set(rows) <= {" + ".join(map(short.get, rules)) for rules in called}
    for name, (harm, interaction, delay) in rows.items():
        is_estimate(harm, pairs[name]["catastrophe"], 100, sign=True)
        is_estimate(interaction, pairs[name]["interaction"]["catastrophe"], 100, sign=True)
        is_estimate(delay, pairs[name]["race_weeks"], sign=True)
    steps = [step for step in result.json["frontier"] if step["clear"]]
    rows = table(text, "in force", "harm,\npoints", "delay,\nweeks")
    for (harm, delay), step in named(rows, lambda s: " + ".join(map(short.get, s["rules"])) or "nothing", steps):
        is_estimate(harm, step["catastrophe"], 100, sign=True)
        is_estimate(delay, step["race_weeks"], sign=True)
    best = result.json["ranking"][0]
    assert alone[best]["catastrophe"]["mean"] == min(one["catastrophe"]["mean"] for one in alone.values())
    harm, delay = sentence(text, f"Alone, {short[best]} avoids most harm: <E> of 100 futures, for <E> weeks")
    is_estimate(harm, alone[best]["catastrophe"], 100, sign=True)
    is_estimate(delay, alone[best]["race_weeks"], sign=True)
    kind, one, other, *texts = sentence(
        text,
        r"Most (synergy|interference)[\w ]*: (\w+) \+ (\w+), <E> and <E> alone, <E> together: an interaction of <E>",
    )
    pair, paths = pairs[f"{one} + {other}"], {name: rule for rule, name in short.items()}
    effects = [alone[paths[one]]["catastrophe"], alone[paths[other]]["catastrophe"], pair["catastrophe"],
               pair["interaction"]["catastrophe"]]  # fmt: skip
    for words, effect in zip(texts, effects, strict=True):
        is_estimate(words, effect, 100, sign=True)
    assert (kind == "synergy") == (effects[-1]["mean"] < 0)
    harm, weeks, unfinished = sentence(
        text, "harm comes to <E> of 100 futures, a race lasts <E> weeks, and <E> of 100 are unfinished"
    )
    is_estimate(harm, result.json["base"]["catastrophe"], 100)
    is_estimate(weeks, result.json["base"]["race_weeks"])
    is_estimate(unfinished, result.json["base"]["unfinished"], 100)


def test_the_page_of_policies_names_the_rules_that_are_in_force_already(place):
    done = labsim("policies", "world.toml", "--rules", "rate_limit,debate", "--set", "governance.rate_limit.start=0",
                  *MESA, "--replications", 2, "--out", "policies.md", "--quiet", cwd=place)  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (place / "policies.md").read_text(encoding="utf-8")
    assert "In force from week 0 in the scenario itself" in page and "left out here: `governance.rate_limit`." in page


def test_pause_spec(said):
    """The measures with and without the specification, and its conditions one by one."""
    result = said("pause-spec", "rsi-cycle", "--scenario", "world.toml", *MESA, "--replications", 3)
    score, before, gaps = (result.json[key] for key in ("score", "without", "differences"))
    rows = table(result.text, "a race (mean ± 95 %)", "with it", "without it", "difference")
    for (level, without, gap), (name, measure) in named(rows, lambda pair: labelled(*pair[1]), list(MEASURES.items())):
        scale = 100 if measure[1].startswith("%") else 1
        if name != LATER:
            is_estimate(level, score[name], scale)
        if name in ONLY_WITH:
            assert (without, gap) == ("", "")
        else:
            is_estimate(gap, gaps[name], scale, sign=True)
            assert name == LATER or is_estimate(without, before[name], scale) is None
    lines = table(result.text, "line", "needed", "needless", "missed", "avoids", "adds")
    for cells, (_, line) in named(lines, lambda pair: pair[0], list(result.json["lines"].items())):
        for cell, key in zip(cells, ("needed", "needless", "missed"), strict=False):
            is_estimate(cell, line["alone"][key])
        is_estimate(cells[3], line["alone"]["harm_avoided"], 100, sign=True)
        is_estimate(cells[4], line["adds"]["harm_avoided"], 100, sign=True)
    paused, needless, missed = sentence(
        result.text, "Ada would have paused <N> times a race, <N> needlessly, and missed <N>"
    )
    is_number(paused, score["needed"]["mean"] + score["needless"]["mean"])
    is_number(needless, score["needless"]["mean"])
    is_number(missed, score["missed"]["mean"])
    texts = sentence(
        result.text, r"Of its pauses, <N> % \(<N> to <N>\) were needed; .+? paused for <N> % \(<N> to <N>\)"
    )
    shares = [result.json["shares"][name][key] for name in ("precision", "recall") for key in ("share", "low", "high")]
    for text, share in zip(texts, shares, strict=True):
        is_number(text, share, 100)
    changes = sentence(
        result.text, "Catastrophe changes by <E> points, harm of its own making by <E>; its chance to win by <E>"
    )
    for text, name in zip(changes, ("catastrophe", "own_harm", "won"), strict=True):
        is_estimate(text, gaps[name], 100, sign=True)


def test_check(said):
    """The effect that was found of each claim, and how many there are of each verdict."""
    result = said("check", "world.toml", "--replications", 40)
    words = {"catastrophe": r"catastrophe, % of races", "race_weeks": r"length of the race, weeks \([^)]*\)",
             "closure_premium": "closure premium, prizes"}  # fmt: skip
    for claim in result.json["expectations"]:
        of_share = claim["outcome"] == "catastrophe"
        verdict, effect = sentence(
            result.text,
            rf"(\w+) {claim['number']}\. {re.escape(claim['claim'])} {words[claim['outcome']]}: <E>; expected",
        )
        assert verdict.lower() == claim["verdict"]
        is_estimate(effect, claim["effect"], 100 if of_share else 1, sign=claim["outcome"] == "race_weeks")
    counts = sentence(result.text, "<N> passed, <N> failed, <N> inconclusive, <N> open")
    assert [int(n) for n in counts] == [result.json[k] for k in ("passed", "failed", "inconclusive", "open")]


def test_report(said, place):
    """The page's table of all outcomes, its tiles and its game, by the names that stand in them."""
    options = ("report", "world.toml", "--replications", 12, "--out", "page.html")
    result = said(*options[:-2], also=options[-2:])
    page = (place / "page.html").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    levels, differences = result.json["twins_levels"], result.json["twins"]
    worlds = {"all keep": levels["all_keep"], "this world": result.json["outcomes"], "all remove": levels["all_remove"],
              "minus all keep": differences["all_keep"],
              "minus all remove": differences["all_remove"]}  # fmt: skip
    for name, outcome in OUTCOMES.items():
        row = re.search(rf'<tr id="outcome-{name}"><td>([^<]*)</td>(.*?)</tr>', page)
        assert html.unescape(row[1]) == outcome.label
        cells = dict(re.findall(r'data-name="([^"]*)">([^<]*)<', row[2]))
        assert list(cells) == list(worlds)
        for head, cell in cells.items():
            is_estimate(cell, worlds[head][name], outcome.scale, sign=head.startswith("minus"))
    tiles = {html.unescape(label): (value, half) for value, half, label in re.findall(
        r'<div class="tile"><b>([^<]*)</b><span>([^<]*)</span><span>([^<]*)</span>', page)}  # fmt: skip
    assert OUTCOMES["catastrophe"].label in tiles and len(tiles) >= 4
    by_label = {outcome.label: name for name, outcome in OUTCOMES.items()}
    for label, (value, half) in tiles.items():
        is_estimate(f"{value} {half}", result.json["outcomes"][by_label[label]], OUTCOMES[by_label[label]].scale)
    game = result.json["game"]
    for name, pays in game["payoffs"].items():
        (cell,) = re.findall(rf'<b>([^<]*)</b><span class="mark">{name}\b', page)
        is_estimate(cell, pays, 100)
    for effect in result.json["assumptions"][:10]:
        row = re.search(rf'<tr id="effect-{re.escape(effect["path"])}">(.*?)</tr>', page, re.DOTALL)[1]
        cells = dict(re.findall(r'data-name="([^"]*)">([^<]*)<', row))
        is_estimate(cells["harm at low"], effect["at_low"], 100, sign=True)
        is_estimate(cells["harm at high"], effect["at_high"], 100, sign=True)
    answer = sentence(
        result.text, "<E> of 3 labs removed the human, the first in week <E>; harm in <E> of 100 futures"
    )
    for text, name in zip(answer, ("closers", "first_closure_week", "catastrophe"), strict=True):
        is_estimate(text, result.json["outcomes"][name], OUTCOMES[name].scale)


def test_replay(said):
    """The story's weeks and labs are those of its events, and the harm is that of the race."""
    result = said("replay", "stored", "--replication", 1)
    weeks = re.findall(r"^week +(\d+)  (.*)$", result.text, re.MULTILINE)
    events = [(event["week"], event["lab"]) for event in result.json["events"]]
    assert events and len(weeks) >= len(events)
    for (week, words), (when, lab) in zip(weeks, events, strict=False):
        assert int(week) == when and (lab.replace("_", " ") in words or "In this one future" in words)
    (harm,) = sentence(result.text, "end in harm in <N> of 100 draws")
    is_number(harm, result.json["outcomes"]["catastrophe"], 100)
    assert ("The same bits as the stored run." in result.text) == result.json["same_bits"]


def test_race(said):
    """The gap cycle by cycle, when it is first exceeded, and how often."""
    result = said("race", "--noise", 0.02, "--replications", 20)
    for cycle, (gap,) in table(result.text, "cycle", f"C {MINUS} A").items():
        is_number(gap, result.json["gap"][int(cycle)])
    rc, ra, runs, threshold, above, first, below, either = sentence(
        result.text,
        rf"Capability times <N> a cycle, alignment times <N>, <N> runs: C {MINUS} A exceeds <N> in <N> % of them, "
        rf"first at cycle <N> \(median of these\), A {MINUS} C in <N> %, one or the other in <N> %",
    )
    expect = [result.json[key] for key in ("rc", "ra", "replications", "threshold", "first_crossing")]
    assert [float(text) for text in (rc, ra, runs, threshold, first)] == expect
    for text, key in ((above, "above_share"), (below, "below_share"), (either, "crossed_share")):
        is_number(text, result.json[key], 100)
    (share,) = sentence(result.text, "on average a run is above in <N> % of the first 20 cycles")
    is_number(share, result.json["trigger_share"], 100)


def test_race_without_luck(said):
    """One run says in which cycle."""
    result = said("race")
    rc, ra, threshold, first = sentence(
        result.text,
        rf"Capability times <N> a cycle, alignment times <N>: the gap C {MINUS} A first exceeds <N> at cycle <N>",
    )
    expect = [result.json[key] for key in ("rc", "ra", "threshold", "first_crossing")]
    assert [float(text) for text in (rc, ra, threshold, first)] == expect
    (above,) = sentence(result.text, "It is above in <N> % of the first 20 cycles")
    is_number(above, result.json["trigger_share"], 100)


def test_calibrate_cycle(said):
    """The rates with and without the human, and how alignment is measured."""
    result = said("calibrate", "cycle")
    rows = {"human in the loop": "keep", "human removed": "remove"}
    for label, (capability, alignment) in table(result.text, "", "capability", "alignment").items():
        rates = result.json[rows[label]]
        is_number(capability.removeprefix("x "), rates["capability_rate"])
        is_number(alignment.removeprefix("x "), rates["alignment_rate"])
    gains = table(result.text, "alignment gain of the chosen edit", "measured", "true")
    assert list(gains) == list(rows)
    for label, cells in gains.items():
        for cell, which in zip(cells, ("measured", "true"), strict=True):
            is_number(cell, result.json[which][rows[label]])


def test_calibrate_frontier(said):
    """The frontier's pace beside METR's."""
    result = said("calibrate", "frontier", "--replications", 4)
    pace, metr, low, high = sentence(
        result.text, r"weeks 0 to 104: <E> logs a year.+?: <N> logs a year \(OLS t-interval <N> to <N>\)"
    )
    is_estimate(pace, result.json["logs_per_year"])
    for text, value in zip((metr, low, high), (result.json["reference"], *result.json["reference_ci95"]), strict=True):
        is_number(text, value)


def test_calibrate_horizons(said):
    """The doubling times by period."""
    result = said("calibrate", "horizons")
    rows = table(result.text, "since", "models", "days", "95 % t-interval", "R2")
    fits = {"2019": "all_time", "2023": "since_2023", "2024": "since_2024"}
    for (models, days, between, r2), year in named(rows, str, list(fits)):
        fit = result.json[fits[year]]
        assert int(models) == fit["n"]
        for text, value in zip((days, *between.split(" to "), r2), (fit["doubling_days"], *fit["ci95"], fit["r2"]),
                               strict=True):  # fmt: skip
            is_number(text, value)
    (hours,) = sentence(result.text, "C = 1 is the 2023 line at week 0 .+?: <N> hours")
    is_number(hours, result.json["hours_at_c1"])


def test_dock(said):
    """Each simulated number beside the published one."""
    result = said("dock", "best-of-n")
    rows = table(result.text, "", "simulated", "published")
    keys = list(result.json["simulated"])
    for (simulated, published), key in named(rows, lambda k: k.replace("_", " "), keys):
        is_estimate(simulated, result.json["simulated"][key])
        is_number(published, result.json["reference"][key])


def test_show(said):
    """The question; each value that differs from its default, with its source; and each lab with its own."""
    result = said("show", "world.toml")
    assert result.json["question"] and f"\n{result.json['question']}\n" in result.text
    for path, value in result.json["changed"].items():
        assert f"{path} = {value} " in result.text and result.json["sources"][path] in flat(result.text)
    for lab in result.json["labs"]:
        line = re.search(rf"^  {lab['name']}: (.*)$", result.text, re.MULTILINE)[1]
        assert line.startswith(lab["strategy"])
        assert all(f"{path} = {value}" in line for path, value in lab["values"].items())


def test_show_prints_the_notes_of_a_scenario(said):
    result = said("show", "five-calculators")
    assert result.json["notes"]
    for note in result.json["notes"].values():
        assert flat(note) in flat(result.text)


@pytest.mark.parametrize("what", ["scenarios", "strategies", "rules", "policies"])
def test_list(said, what):
    """Every name with what it is."""
    result = said("list", what)
    heads = [line.split("  ")[0] for line in result.text.splitlines() if line and not line.startswith(" ")]
    assert [entry["name"] for entry in result.json] == heads[: len(result.json)]
    for entry in result.json:
        assert flat(entry.get("question", entry.get("meaning", ""))) in flat(result.text)


def test_describe_data_says_of_every_outcome_what_it_is(place):
    text = labsim("describe", "data").stdout
    for name, outcome in OUTCOMES.items():
        unit = "share" if outcome.is_share else outcome.unit
        assert f"| {name} | {outcome.meaning.replace('|', chr(92) + '|')} | {unit} |" in text
