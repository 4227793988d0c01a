"""A strategy or rule that raises, in the commands but `run` and `compare`, and in the Python functions behind them."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

import labsim
from labsim.engines.failures import RaceFailed
from labsim.games.tournament import tournament
from labsim.model.governance import Dated
from labsim.policy.policies import policies, put_in_force
from labsim.runs.again import written
from labsim.scenario.registry import extend, register_rule, register_strategy
from tests.commands import ENVIRONMENT, strict
from tests.commands import labsim as command

pytestmark = pytest.mark.usefixtures("registries_as_they_were")

N = 4
WORLD = ("five-calculators", "--set", "race.weeks=40")


def faulty(lab, race, p, key):
    """Divides by zero in some futures: where its own exam has read a gap of some size by the time it is asked."""
    return 1.0 / (0.0 if lab.measured > 0.35 else 1.0)


def hopeless(lab, race, p, key):
    """Raises whenever it is asked."""
    return 1.0 / (lab.oversight - lab.oversight)


def wordy(lab, race, p, key):
    """Says it in words."""
    return "keep"


def misspelt(lab, race, p, key):
    """Reads what no lab has."""
    return lab.mood


def sociable(lab, race, p, key):
    """Reads what only a lab of the Mesa engine has."""
    return 1.0 if lab.capability > 0.0 else 0.0


@dataclass(frozen=True)
class Strict(Dated):
    """A rule that raises once a lab's exam has read a gap of some size."""

    def act(rule, lab, race, key):
        lab.minimum_weeks = max(lab.minimum_weeks, 1.0 / (0.0 if lab.measured > 0.35 else 1.0))


@dataclass(frozen=True)
class Moody(Dated):
    """A rule that reads what no lab has."""

    def act(rule, lab, race, key):
        lab.minimum_weeks = lab.mood


SAYS = {  # what each is called, and the exception
    "faulty": ("strategy 'faulty', lab Birch, week ", ZeroDivisionError),
    "hopeless": ("strategy 'hopeless', lab Birch, week ", ZeroDivisionError),
    "wordy": ("strategy 'wordy', lab Birch, week ", ValueError),
    "misspelt": ("strategy 'misspelt', lab Birch, week ", AttributeError),
    "strict": ("rule 'governance.strict', lab ", ZeroDivisionError),
    "moody": ("rule 'governance.moody', lab ", AttributeError),
}
STRATEGIES, RULES = ("faulty", "hopeless", "wordy", "misspelt"), ("strict", "moody")


@pytest.fixture(autouse=True)
def registered(registries_as_they_were):
    """All of them have names, for the test."""
    for strategy in (faulty, hopeless, wordy, misspelt, sociable):
        register_strategy(strategy)
    for rule in (Strict, Moody):
        register_rule(rule)


def with_(fault):
    """The changes that put a strategy or rule into the world."""
    return ("--set", f"Birch strategy={fault}" if fault in STRATEGIES else f"governance.{fault}.start=0")


COMMANDS = {
    "game": ("game", *WORLD, "--engine", "mesa"),
    "policies": ("policies", *WORLD, "--rules", "rate_limit", "--engine", "mesa"),
    "tournament": ("tournament", *WORLD, "--engine", "mesa", "--strategies"),
    "pause-spec": ("pause-spec", "rsi-cycle", "--scenario", *WORLD, "--engine", "mesa"),
    "map": ("map", *WORLD, "--x", "cycle.review=1:3:2", "--y", "harm.after=1:2:2", "--of", "payoff",
            "--engine", "mesa"),
    "tip": ("tip", *WORLD, "--lever", "cycle.review", "--low", "1", "--high", "3", "--tolerance", "2", "--until",
            "payoff>0.1", "--engine", "mesa"),
    "check": ("check", *WORLD), "report": ("report", *WORLD),
}  # fmt: skip


def asked(name, fault, replications=N):
    """The words of a command, with a strategy or rule that raises."""
    who = (f"keeper,{fault}" if fault in STRATEGIES else "keeper",) if name == "tournament" else ()
    return (*COMMANDS[name], *who, *with_(fault), "--replications", replications)


def is_one_line(done, fault):
    """A command ended with nothing but a line that names the one that raised, and the call that has it again."""
    name, exception = SAYS[fault]
    assert (done.returncode, done.stdout) == (3, "") and len(done.stderr.splitlines()) == 1, done.stderr
    assert name in done.stderr and exception.__name__ in done.stderr
    has_again(done.stderr, exception)


def has_again(said, exception):
    """The call in a message raises what it is about, in the week that it names."""
    call = said.strip().partition(". Have it again: ")[2].removesuffix(".run()")
    race = eval(call, {"labsim": labsim})
    with pytest.raises(exception):
        race.run()
    assert f"week {int(race.week)}: {exception.__name__}" in said


@pytest.mark.parametrize("fault", SAYS)
@pytest.mark.parametrize("name", ["policies", "tournament", "pause-spec"])
def test_a_command_ends_with_one_line(name, fault):
    is_one_line(command(*asked(name, fault, 2 * N)), fault)
    is_one_line(command(*asked(name, fault, 2 * N), "--json"), fault)


@pytest.mark.parametrize("fault", RULES)
def test_a_game_in_which_a_rule_raises_is_one_line(fault):
    is_one_line(command(*asked("game", fault)), fault)


@pytest.mark.parametrize("fault", ["misspelt", "moody"])  # not compiled: these commands choose the engine themselves
@pytest.mark.parametrize("name", ["check", "report"])
@pytest.mark.filterwarnings("ignore:.*cannot be compiled")
def test_claims_and_reports_are_one_line(name, fault, tmp_path):
    out = ("--out", tmp_path / "page.html") if name == "report" else ()
    done = command(*asked(name, fault), *out)
    assert (done.returncode, done.stdout) == (3, "") and len(done.stderr.splitlines()) == 1
    assert "AttributeError: 'Lab' object has no attribute 'mood'" in done.stderr and not list(tmp_path.iterdir())
    has_again(done.stderr, AttributeError)


@pytest.mark.parametrize("fault", [*STRATEGIES[1:], *RULES])
@pytest.mark.parametrize("every", [(), ("--all",)], ids=["one", "all"])
def test_why_of_a_race_that_fails_is_one_line(fault, every):
    is_one_line(command("why", *WORLD, *with_(fault), *every), fault)
    is_one_line(command("why", *WORLD, *with_(fault), *every, "--json"), fault)


def test_why_of_a_race_that_ends_where_others_fail():
    assert command("why", *WORLD, *with_("faulty"), "--replication", 0).returncode == 0
    is_one_line(command("why", *WORLD, *with_("faulty"), "--replication", 1), "faulty")


def test_a_strategy_that_cannot_be_asked_alone_is_named():
    done = command("why", *WORLD, "--set", "Birch strategy=sociable", "--lab", "Birch")
    assert (done.returncode, done.stdout) == (3, "") and len(done.stderr.splitlines()) == 1
    assert "strategy 'sociable', lab Birch, week" in done.stderr and "'capability'" in done.stderr


@pytest.mark.parametrize("name", ["map", "tip"])
def test_a_map_and_a_tipping_point_leave_out_those_that_failed(name):
    done = command(*asked(name, "faulty", 3), "--json")
    found = strict(done.stdout)
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1
    count, _, all_, *_ = done.stderr.removeprefix("labsim: ").split()
    assert 0 < int(count) < int(all_) and "races failed and are left out; the first is" in done.stderr
    has_again(done.stderr, ZeroDivisionError)
    if name == "map":
        assert int(all_) == found["races"] == 12
        plain = {(cell["x"], cell["y"]): cell["payoff"] for cell in found["cells"]}
        world = extend("five-calculators").with_({"race.weeks": 40, "Birch strategy": "faulty"})
        for (x, y), payoff in plain.items():
            with pytest.warns(UserWarning, match="replications failed"):
                one = labsim.run(world.with_({"cycle.review": x, "harm.after": y}), 3, engine="mesa", sample=0)
            assert payoff["mean"] == pytest.approx(one.outcomes["payoff"].mean())


@pytest.mark.parametrize("name", ["map", "tip"])
@pytest.mark.parametrize("fault", ["hopeless", "moody"])
def test_where_all_races_fail_there_is_no_map(name, fault, tmp_path):
    out = ("--out", tmp_path / "cells.csv") if name == "map" else ()
    done = command(*asked(name, fault, 2), *out)
    is_one_line(done, fault)
    assert done.stderr.startswith("labsim: all ") and not list(tmp_path.iterdir())


def test_python_raises_the_error_with_its_cause():
    world = labsim.load("five-calculators").with_({"race.weeks": 40, "Birch strategy": "faulty"})
    for call in (
        lambda: labsim.why(world, replication=1),
        lambda: policies(world, ["rate_limit"], N, engine="mesa"),
        lambda: tournament(world, ["keeper", "faulty"], N, engine="mesa"),
    ):
        with pytest.raises(RaceFailed, match=r"replication 1: strategy 'faulty', lab Birch, week") as raised:
            call()
        assert isinstance(raised.value, labsim.ScenarioError)
        assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_drawn_values_are_in_the_call(tmp_path):
    file = tmp_path / "drawn.toml"
    file.write_text('base = "five-calculators"\n[uncertainties]\n"cycle.review" = {dist="uniform", low=1, high=4}\n')
    done = command("policies", file, *asked("policies", "faulty", 12)[2:])
    is_one_line(done, "faulty")
    assert "'cycle.review': " in done.stderr and repr(str(file)) in done.stderr


# --- how a world is written


@pytest.mark.parametrize(
    "world",
    [
        lambda: labsim.load("five-calculators"),
        lambda: labsim.load("five-calculators").with_strategies(["closer", *["keeper"] * 4]),
        lambda: labsim.load("hassabis-baseline").with_({"strategy": "mirror"}),
        lambda: labsim.load("fog-of-race").with_({"* strategy": "mirror", "competition.network": "ring"}),
        lambda: labsim.load("five-calculators").with_({"Birch cycle.review": 3.0, "* decision.caution": 0.5}),
        lambda: put_in_force(
            labsim.load("five-calculators").with_({"Birch safeguards.debate.start": 9}), ["safeguards.debate"]
        ),
    ],
)
def test_a_world_is_written_such_that_it_has_the_same_races(world):
    world = world()
    again = eval(written(world), {"labsim": labsim})
    assert again.rows() == world.rows()
    a, b = (labsim.Race(one, 0, 3, collect=False).run() for one in (world, again))
    assert [vars(lab)["log_capability"] for lab in a.labs] == [vars(lab)["log_capability"] for lab in b.labs]
    assert (a.week, a.labs[0].strategy) == (b.week, b.labs[0].strategy)


def test_a_world_of_nowhere_is_not_written():
    assert written(labsim.Scenario("made")) == ""


# --- on the screen, and in the fast engine

ALONE = """
from labsim.cli.main import main
from labsim.scenario.registry import register_strategy
def misspelt(lab, race, p, key):
    return lab.mood
register_strategy(misspelt)
main()
"""


def test_that_it_goes_on_in_mesa_is_a_line_without_source():
    words = ("policies", *WORLD, *with_("misspelt"), "--rules", "rate_limit", "--replications", "2")
    done = subprocess.run([sys.executable, "-c", ALONE, *words], capture_output=True, text=True, env=ENVIRONMENT)
    first, second = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (3, "")
    assert first.startswith("warning: strategy 'misspelt' cannot be compiled") and first.endswith("in the Mesa engine")
    assert second.startswith("labsim: 'five-calculators', replication 0: strategy 'misspelt', lab Birch, week ")


@pytest.mark.slow
@pytest.mark.xdist_group("faults")  # one kernel
def test_both_engines_end_commands_with_the_same_line(registries_as_they_were):
    from labsim.model.governance import RULES
    from labsim.model.strategies import STRATEGIES as known

    for name in ("wordy", "misspelt", "sociable"):
        del known[name]
    del RULES["moody"]
    for name in (*list(COMMANDS)[:4], "map", "tip"):
        for fault in ("faulty", "strict"):
            words = asked(name, fault, 12)
            mesa, fast = command(*words), command(*("ensemble" if word == "mesa" else word for word in words))
            lines = [line for line in fast.stderr.splitlines() if "compiling" not in line]
            assert lines == mesa.stderr.splitlines() and fast.returncode == mesa.returncode == 3
