"""What would have turned a decision: each change is the smallest there is, and does turn it."""

import math

import numpy as np
import pytest

import labsim
from labsim.model.strategies import STRATEGIES
from labsim.reasons.counterfactuals import flips, leaning, smallest_change, switches
from labsim.reasons.decision import WEIGHING
from labsim.reasons.quantities import LOOKED_AT, quantities
from tests.decisions import decisions


@pytest.fixture(scope="module")
def birch():
    return labsim.why("hassabis-baseline")


def check_flips(position):
    """Each change turns the better option, exactly and as printed; a little less does not. Returns how many."""
    ledger = position.again()
    by_name, removes = {q.name: q for q in quantities(position)}, leaning(position, ledger) > 0.0
    result, _ = flips(position, ledger)
    for flip in result:
        quantity = by_name[flip.name]
        assert flip.checked, flip

        def removes_at(value, quantity=quantity):
            return leaning(position, quantity.again(position, value)) > 0.0

        printed = float(flip.text)
        assert removes_at(flip.to) != removes and removes_at(printed) != removes, flip
        if quantity.whole:
            assert removes_at(flip.to - math.copysign(1, flip.to - flip.now)) == removes, flip
            continue
        assert removes_at(flip.now + 0.999 * (flip.to - flip.now)) == removes, flip
        assert removes_at(flip.now + 0.98 * (printed - flip.now)) == removes, flip
        assert min(quantity.low, flip.now) <= printed <= max(quantity.high, flip.now)
    return len(result)


def check_grid(position, points):
    """No value on a dense grid nearer than the flip, or none at all in range, turns the better option."""
    ledger = position.again()
    removes = ledger.margin > 0.0
    for quantity in quantities(position):
        flip, now = smallest_change(quantity, position, ledger), quantity.read(position, ledger)
        scale = max(abs(now), quantity.usual)
        low, high = max(min(quantity.low, now), now - 1000 * scale), min(max(quantity.high, now), now + 1000 * scale)
        near = np.geomspace(1e-3 * scale, 1000 * scale, points)
        for value in (*np.linspace(low, high, points), *(now + near), *(now - near)):
            size = abs(math.asinh(value / quantity.usual) - math.asinh(now / quantity.usual))
            if low <= value <= high and (flip is None or size < 0.999 * flip.size):
                assert (quantity.again(position, value).margin > 0.0) == removes, (quantity.name, now, value, flip)


def test_the_printed_change_turns_the_decision_and_a_little_less_does_not():
    assert sum(check_flips(position) for position in decisions(16, seed=7)) > 45


@pytest.mark.slow
def test_many_random_decisions(count):
    """A fifth of a thousand; all of them: `--count 1000`, four minutes."""
    many = count(200)
    assert sum(check_flips(position) for position in decisions(many)) > 4 * many


def test_other_strategies_are_turned_by_what_they_look_at():
    strategies = tuple(name for name in LOOKED_AT if LOOKED_AT[name])
    assert sum(check_flips(position) for position in decisions(100, seed=8, strategies=strategies)) > 100


def test_no_nearer_value_on_a_dense_grid_turns_it():
    for position in decisions(12, seed=9):
        check_grid(position, 60)


@pytest.mark.slow
def test_no_nearer_value_on_a_denser_grid_turns_it(count):
    for position in decisions(count(100), seed=10):
        check_grid(position, 150)


def test_the_linear_ones_are_where_algebra_puts_them(birch):
    """Taste, switch cost and an expected fine enter the margin with a known factor."""
    result, margin = {flip.name: flip for flip in birch.flips}, birch.margin
    lab = birch.position.lab
    assert result["taste"].to == pytest.approx(lab.taste - margin, abs=1e-12)
    assert result["decision.switch_cost"].to == pytest.approx(0.1 + margin, abs=1e-12)
    rate, weeks = lab.decision.discount, birch.position.made.weeks_remove
    years = (1.0 - math.exp(-rate * weeks / 52.0)) / rate
    assert result["expected_fine"].to == pytest.approx(margin / years, rel=1e-9)
    assert [flip.size for flip in birch.flips] == sorted(flip.size for flip in birch.flips)


def test_the_fastest_rival_is_given_other_weeks():
    """Slower or faster: what the lab then reads is what was asked for, in every information regime."""
    for position in decisions(40, seed=11, strategies=("calculator",)):
        pace = next((q for q in quantities(position) if q.name == "rival_weeks"), None)
        assert (pace is None) == (not position.rivals)
        if pace:
            now = pace.read(position, None)
            assert now == position.made.rival_weeks
            assert pace.again(position, 0.7 * now).rival_weeks == pytest.approx(0.7 * now, rel=1e-9)
            assert pace.again(position, now).margin == pytest.approx(position.made.margin, abs=1e-9)


def test_switches_are_decisions_made_again(birch):
    result = {switch.name: switch for switch in birch.switches}
    assert {"all_keep", "all_remove", "information_public", "own_exposure", "truth", "other_way"} <= set(result)
    assert "information_noisy" not in result, "that is how it is"
    assert result["other_way"].margin == pytest.approx(birch.margin + 0.2, abs=1e-12)
    for position in decisions(40, seed=12):
        for switch in switches(position):
            assert switch.turns == ((switch.margin > 0.0) != (position.made.margin > 0.0))


def test_every_strategy_weighs_or_is_said_what_it_looks_at():
    assert {name for name, f in STRATEGIES.items() if f in WEIGHING}.isdisjoint(LOOKED_AT)
    assert {name for name, f in STRATEGIES.items() if f not in WEIGHING} == set(LOOKED_AT)
