"""Policies: every rule alone and in pairs, their interactions, the frontier, the page."""

import dataclasses
import itertools
import json
import os
import re
import signal
import sys

import numpy as np
import pytest

import labsim
from labsim.cli.main import main
from labsim.model.events import EVENTS
from labsim.model.governance import RULES
from labsim.model.safeguards import SAFEGUARDS
from labsim.policy import page as policies_page
from labsim.policy import plot as policies_plot
from labsim.policy.policies import chosen, known_rules, policies, put_in_force
from labsim.policy.results import COMPARED, DELAY, HARM, Policies, clear
from labsim.policy.words import remarks, short, varied
from labsim.runs.comparison import compare
from labsim.runs.summary import Summary
from labsim.scenario.checked import LabSpec

FIVE = labsim.load("five-calculators")  # nobody heralds, no mandate: whistle-blowing has nothing to tell
LIMIT, MANDATE, TIPS, DEBATE = (
    "governance.rate_limit", "governance.human_mandate", "governance.whistle_blowing", "safeguards.debate",
)  # fmt: skip
THREE = ("rate_limit", "whistle_blowing", "debate")


@pytest.fixture(scope="module")
def small():
    return policies(FIVE, THREE, 60)


def called(monkeypatch, capsys, *options):
    """(exit code, stdout, stderr) of `labsim policies`, in this process."""
    monkeypatch.setattr(sys, "argv", ["labsim", "policies", *map(str, options)])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err


# --- what is compared


def test_all_rules_and_safeguards_take_part_and_no_event():
    assert set(known_rules()) == {f"governance.{n}" for n in RULES} | {f"safeguards.{n}" for n in SAFEGUARDS}
    assert not {name.rpartition(".")[2] for name in chosen()} & set(EVENTS)


def test_short_names_and_paths_are_taken_in_any_order():
    assert chosen(["rate_limit", "safeguards.debate"]) == chosen(["debate", "governance.rate_limit"]) == [DEBATE, LIMIT]


@pytest.mark.parametrize(
    ("names", "says"),
    [(["rate_limits"], "'rate_limits': .*did you mean 'rate_limit'"), (["safeguard.debate"], "'safeguards.debate'"),
     (["debate", DEBATE], "'safeguards.debate' is named twice"), ([], "needs at least one"),
     (["leak"], "'leak': is an event"), (["events.leak"], "is an event"), (["qqqq"], "labsim list rules")],
)  # fmt: skip
def test_wrong_rules_are_named(names, says):
    with pytest.raises(labsim.ScenarioError, match=says):
        chosen(names)


def test_a_pair_is_of_two_different_rules(small):
    assert small.rules == [DEBATE, LIMIT, TIPS]
    assert list(small.pairs) == list(itertools.combinations(small.rules, 2))


def test_effects_alone_are_those_of_compare(small):
    other = compare({"A": FIVE, "B": FIVE.with_({f"{LIMIT}.start": 0})}, 60)
    for name in COMPARED:
        mine, theirs = small.alone[LIMIT].effect[name], other.differences["B"][name]
        assert (mine.mean, mine.se, mine.n) == (theirs.mean, theirs.se, theirs.n)
        assert small.base[name].mean == other.levels["A"][name].mean


def test_the_effect_of_a_pair_is_that_of_compare_and_its_interaction_the_rest(small):
    made = {"as it is": {}, "one": [DEBATE], "other": [LIMIT], "both": [DEBATE, LIMIT]}
    other = compare({name: FIVE.with_({f"{rule}.start": 0 for rule in rules}) for name, rules in made.items()}, 60)
    pair, differences = small.pairs[DEBATE, LIMIT], other.differences
    for name in COMPARED:
        one, both = (differences[world][name].mean for world in ("one", "both"))
        assert pair.effect[name].mean == both
        assert pair.interaction[name].mean == pytest.approx(both - one - differences["other"][name].mean, abs=1e-12)


def test_a_rule_that_does_nothing_interacts_with_nothing(small):
    assert small.idle == [TIPS]
    for other in (DEBATE, LIMIT):
        pair = next(pair for rules, pair in small.pairs.items() if set(rules) == {other, TIPS})
        for name in COMPARED:
            assert (pair.interaction[name].low, pair.interaction[name].high) == (0.0, 0.0)
            assert pair.effect[name].mean == small.alone[other].effect[name].mean
    assert all(TIPS not in pair.rules for name in (HARM, DELAY) for pair in small.interacting(name))


def test_whistle_blowing_does_something_beside_a_mandate():
    pair = policies(FIVE, [MANDATE, TIPS], 60).pairs[MANDATE, TIPS]
    assert pair.interaction["closed_share"].low < 0.0


def test_both_engines_give_the_same():
    fast, mesa = (policies(FIVE, THREE[:2], 3, engine=e).as_dict() for e in ("ensemble", "mesa"))
    assert (fast.pop("engine"), mesa.pop("engine")) == ("ensemble", "mesa")
    assert fast == mesa


def test_threads_change_nothing(small):
    assert policies(FIVE, THREE[::-1], 60, jobs=1).as_dict() == small.as_dict()


def test_a_race_that_nobody_finishes_counts_up_to_the_horizon():
    comparison = policies(FIVE.with_({"race.weeks": 80}), ["capability_ceiling"], 20)
    ceiling = comparison.alone["safeguards.capability_ceiling"]
    assert ceiling.unfinished == 1.0 and comparison.base["race_weeks"].mean + ceiling.effect[DELAY].mean == 80.0
    unfinished = "More races unfinished at the horizon: capability_ceiling (100 of 100 races)"
    assert unfinished in " ".join(remarks(comparison))


# --- rules that the scenario has already


def test_a_rule_in_force_from_week_0_is_left_out_and_named():
    comparison = policies(FIVE.with_({f"{LIMIT}.start": 0}), THREE, 4)
    assert comparison.already == [LIMIT] and comparison.rules == [DEBATE, TIPS]
    text = policies_page.page(comparison, "labsim policies", "page.png")
    assert f"part of every world and left out here: `{LIMIT}`." in text
    with pytest.raises(labsim.ScenarioError, match=r"has governance[.]rate_limit in force from week 0 already"):
        policies(FIVE.with_({f"{LIMIT}.start": 0}), ["rate_limit"], 4)


def test_a_rule_of_other_dates_is_put_in_force_from_week_0_with_the_scenarios_values():
    later = FIVE.with_({f"{LIMIT}.start": 50, f"{LIMIT}.stop": 60, f"{LIMIT}.min_weeks": 7})
    world = put_in_force(later, [LIMIT])
    assert [world[f"{LIMIT}.{name}"] for name in ("start", "stop", "min_weeks")] == [0, None, 7]
    assert policies(later, ["rate_limit"], 4).rules == [LIMIT]


def test_a_safeguard_that_one_lab_has_is_put_in_force_for_all():
    labs = (LabSpec("Birch", values={f"{DEBATE}.start": 9, f"{DEBATE}.weeks": 1.0}), LabSpec("Cedar"))
    world = put_in_force(dataclasses.replace(FIVE, labs=labs), [DEBATE])
    assert world[f"{DEBATE}.start"] == 0
    assert [dict(lab.values) for lab in world.labs] == [{f"{DEBATE}.weeks": 1.0}, {}]


# --- what follows, on numbers made by hand


def made_of(worlds):
    """{rules in force: (harm, weeks) of two races}."""
    blank = {name: np.zeros(2) for name in COMPARED}
    result = {rules: {**blank, HARM: np.array(harm), DELAY: np.array(weeks)} for rules, (harm, weeks) in worlds.items()}
    return Policies.of(FIVE, [rules[0] for rules in result if len(rules) == 1], [], 0, 2, "ensemble", result)


def test_interaction_undermining_and_frontier_by_hand():
    results = made_of({
        (): ([0.5, 0.6], [10.0, 12.0]),
        (DEBATE,): ([0.3, 0.4], [20.0, 22.0]),
        (LIMIT,): ([0.4, 0.5], [30.0, 32.0]),  # worse than debate in both: not on the frontier
        (DEBATE, LIMIT): ([0.35, 0.45], [50.0, 52.0]),
    })  # fmt: skip
    pair = results.pairs[DEBATE, LIMIT]
    assert pair.interaction[HARM].mean == pytest.approx(0.15) and pair.interaction[DELAY].mean == pytest.approx(10.0)
    assert pair.better == DEBATE and pair.minus_better.mean == pytest.approx(0.05)
    assert results.undermined == results.interferences == [pair] and results.synergies == []
    assert [step.policy.rules for step in results.frontier] == [(), (DEBATE,)]
    assert results.frontier[1].since[DELAY].mean == 10.0 and all(step.clear for step in results.frontier)
    assert results.ranking == [DEBATE, LIMIT] and results.raising == []


def test_steps_on_the_frontier_that_noise_could_make_are_not_clear():
    results = made_of({
        (): ([0.5, 0.6], [10.0, 12.0]),
        (DEBATE,): ([0.3, 0.7], [20.0, 22.0]),  # 0.05 less, but 0.2 more or less
        (LIMIT,): ([0.2, 0.3], [30.0, 32.0]),
    })  # fmt: skip
    assert {step.policy.rules: step.clear for step in results.frontier} == {(): True, (DEBATE,): False, (LIMIT,): True}


def test_what_is_called_out_is_corrected_for_how_many_there_are():
    rng = np.random.default_rng(1)
    nothing = [Summary.of(rng.standard_normal(200)) for _ in range(465)]
    beyond = sum(abs(s.mean) > 2 * s.se for s in nothing)
    assert beyond > 10 and sum(clear(nothing)) == 0
    strong = Summary.of(1.0 + rng.standard_normal(200))
    assert clear([*nothing, strong])[-1] and sum(clear([*nothing, strong])) == 1
    plain = [np.zeros(9), np.full(9, 1e-15), np.ones(9), np.ones(1)]
    assert clear([Summary.of(values) for values in plain]) == [False, False, True, False]
    assert clear([]) == []


# --- words, page, command


def test_the_page_holds_every_rule_every_pair_and_its_command(small):
    text = policies_page.page(small, "labsim policies five-calculators", "page.png")
    assert "labsim policies five-calculators" in text and labsim.__version__ in text and "(page.png)" in text
    assert "A model for reasoning about incentives. Not a forecast." in text and not re.search(r"\bnan\b", text)
    details = {part.split("</code>")[0]: part for part in text.split("<summary><code>")[1:]}
    assert set(details) == set(THREE)
    for one, other in itertools.permutations(THREE, 2):
        assert f"| `{other}` |" in details[one]
    assert text.count("<details>") == text.count("</details>") == 3


def test_the_picture_has_a_cell_for_each_number(small):
    cells = policies_plot.cells(small)
    assert len(cells) == len(set((outcome, policy.rules) for outcome, policy, *_ in cells)) == 2 * (3 + 3)
    assert policies_plot.png(small) == policies_plot.png(small)


def test_one_rule_makes_a_page_without_pairs():
    comparison = policies(FIVE, ["debate"], 4)
    assert "<details>" not in policies_page.page(comparison, "labsim policies", "page.png")
    assert policies_plot.png(comparison).startswith(b"\x89PNG")


def test_lists_vary_and_names_are_short(small):
    pairs = list(small.pairs.values())
    assert varied(pairs, 9) == pairs and varied(pairs, 1) == pairs[:1]
    assert short(small, LIMIT) == "rate_limit"


def test_json_is_one_value_with_the_promised_shape(monkeypatch, capsys):
    options = ("five-calculators", "--rules", "rate_limit,debate", "--replications", 2, "--engine", "mesa", "--json")
    code, out, err = called(monkeypatch, capsys, *options)
    assert (code, err) == (0, "")
    content = json.loads(out, parse_constant=pytest.fail)
    assert list(content) == [
        "scenario", "seed", "replications", "engine", "horizon", "rules", "already", "ranking", "base", "alone",
        "pairs", "called_out", "frontier",
    ]  # fmt: skip
    assert (content["rules"], content["replications"]) == ([DEBATE, LIMIT], 2)
    assert [one["rules"] for one in content["alone"]] == [[DEBATE], [LIMIT]]
    (pair,) = content["pairs"]
    assert set(pair) == {"rules", *COMPARED, "unfinished_share", "interaction", "better", "minus_better"}
    assert set(pair["interaction"]) == set(COMPARED) and set(pair[HARM]) == set(pair["minus_better"]) == {"mean", "se"}
    assert set(content["called_out"]) == {"raising", "idle", "synergies", "interferences", "undermined", "delay"}
    assert all(set(step) == {"rules", HARM, DELAY, "since", "clear"} for step in content["frontier"])
    assert content["frontier"][0]["since"] is None


def test_the_command_prints_80_columns_and_writes_a_page_that_says_how(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ("--rules", "debate,governance.rate_limit,interpretability_before_merge", "--replications", 40)
    code, out, _ = called(monkeypatch, capsys, *options, "--set", "race.weeks=60", "--out", "page.md")
    assert code == 0 and max(map(len, out.splitlines())) <= 80
    assert "Written: page.md and page.png" in out and "A model for reasoning about incentives." in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.md", "page.png"]
    assert (
        "labsim policies hassabis-baseline --rules "
        "safeguards.debate,safeguards.interpretability_before_merge,governance.rate_limit --set race.weeks=60 "
        "--replications 40 --seed 0 --out page.md"
    ) in (tmp_path / "page.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "says"),
    [(("--rules", "debat"), "did you mean 'debate'"), (("--out", "page.txt"), "must end in .md"),
     (("--out", "nowhere/page.md"), "there is no folder"), (("--replications", "0"), "--replications 0"),
     (("--rules", "debate", "--engine", "abacus"), "--engine abacus")],
)  # fmt: skip
def test_mistakes_end_in_one_line_and_write_nothing(options, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, err = called(monkeypatch, capsys, *options)
    assert (code, out) == (2, "") and says in err and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_no_file(tmp_path, monkeypatch, capsys):
    """Ctrl-C after the first world."""
    from labsim.policy import policies as module

    whole = module.in_order

    def interrupted(*arguments):
        for place, result in enumerate(whole(*arguments)):
            yield result
            if place == 0:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "in_order", interrupted)
    options = ("five-calculators", "--replications", 500, "--jobs", 1, "--out", "page.md", "--quiet")
    code, out, err = called(monkeypatch, capsys, *options)
    assert (code, out) == (130, "") and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
