"""The closure game in words and tables, in 80 columns."""

import math
from collections.abc import Iterable
from pathlib import Path

from labsim.games.closure_game import (
    CHICKEN,
    DEADLOCK,
    HARMONY,
    PRISONERS_DILEMMA,
    STAG_HUNT,
    TOO_CLOSE,
    ClosureGame,
)  # fmt: skip
from labsim.games.corrective import FOUND, NOT_NEEDED
from labsim.games.equilibria import Equilibrium
from labsim.games.game import Game
from labsim.games.schelling import shape
from labsim.runs.summary import CLEAR, Summary, direction
from labsim.show.numbers import MINUS, estimate, interval, number
from labsim.show.printouts import plain_table
from labsim.show.terminal import out, paragraph, say
from labsim.show.words import NOT_A_FORECAST, listed

DIFFERENCES = (f"T {MINUS} R", f"P {MINUS} S", f"R {MINUS} P")
MOST, ENOUGH = 100_000, 200  # replications
MEANS = {  # what kind of game it is, and what would change it
    HARMONY: "Keeping pays {lab} whatever the others do. The human stays without any rule, as long as labs see "
    "their own interest; there is nothing to correct.",
    STAG_HUNT: "Keeping pays {lab} while the others keep, removing pays once they have removed. All keeping holds "
    "by itself once everybody trusts that it does: what helps is to be able to see what others do, and "
    "to be first to show it. No fine is needed for that, only assurance.",
    PRISONERS_DILEMMA: "Removing pays {lab} whatever the others do, and yet it gets less if all remove than if all "
    "keep. Promises do not hold; what changes the game is what changes payoffs: a fine, a faster review, "
    "a greater share of the harm.",
    DEADLOCK: "Removing pays {lab} whatever the others do, and it gets more if all remove than if all keep. Labs "
    "have nothing to agree on; only harm that they do not bear themselves speaks against it.",
    CHICKEN: "Removing pays {lab} while the others keep, keeping pays once they have removed. Some will remove and "
    "some keep: who moves first removes. What helps is a rule about who may not, or a smaller gain from it.",
}


CERTAIN = (
    "Certain although a lab's own game is too close to call: an equilibrium rests only on what each lab would gain by "
    "leaving it, and labs that are alike are counted together."
)


def reason(game: ClosureGame) -> str:
    """Why a game is too close to call, and how many replications might tell."""
    if game.closure_premium.n < 2:
        return f"One replication gives no interval, so that no sign is sure: take {ENOUGH} or more."
    named = dict(zip(DIFFERENCES, (game.closure_premium, game.last_keeper, game.collective_loss), strict=True))
    close = {name: gap for name, gap in list(named.items())[:2] if direction(gap) == 0}
    close = close or {DIFFERENCES[2]: game.collective_loss}  # used only where both others are clear
    needed = max(gap.n * (3 * (gap.se or math.inf) / max(1e-100, abs(gap.mean))) ** 2 for gap in close.values())
    text = f"{listed(list(close))} {'is' if len(close) == 1 else 'are'} within {CLEAR:g} paired standard errors of 0"
    if needed > MOST:
        return f"{text}, and even {MOST:,} replications might not tell."
    return f"{text}; about {float(f'{needed:.1g}'):,.0f} replications would tell."


def sentence(game: ClosureGame) -> str:
    """What kind of game this is for its focal lab."""
    return reason(game) if game.label == TOO_CLOSE else MEANS[game.label].format(lab=game.focal)


def described(one: Equilibrium, kinds: list[list[str]]) -> str:
    """Who removes in an equilibrium."""
    labs, number_of = sum(map(len, kinds)), one.removers
    if one.pure and number_of in (0, labs):
        return "all remove" if number_of else "all keep"
    if one.pure and len(kinds) == 1:
        return f"{number_of:.0f} of {labs} {'removes' if number_of == 1 else 'remove'}, the others keep"
    if one.pure:
        who = [
            names[0] if len(names) == 1 else f"{sum(chances):.0f} of {len(names)} like {names[0]}"
            for names, chances in zip(kinds, one.remove, strict=True)
            if sum(chances)
        ]
        return f"{listed(who)} {'removes' if number_of == 1 else 'remove'}, the others keep"
    if len(kinds) == 1 and len(set(one.remove[0])) == 1:
        return f"each removes with probability {number(one.remove[0][0])}{interval(one.se)}"
    chances = [
        f"{name} {number(p)}"
        for names, mine in zip(kinds, one.remove, strict=True)
        for name, p in zip(names, mine, strict=True)
    ]
    return f"removal with probability: {', '.join(chances)}"


def corrections(solution: Game) -> Iterable[tuple[str, str]]:
    """Differences of payoffs, and what would make the focal lab indifferent: (what, how much)."""
    game, review = solution.closure, solution.corrective_review

    def fine(gain: Summary) -> str:
        return f"{estimate(gain, '%')} %" if gain.mean > 0 else "none needed"

    yield f"closure premium {DIFFERENCES[0]}", f"{estimate(game.closure_premium, '%', sign=True)} %"
    yield f"price of being the last keeper {DIFFERENCES[1]}", f"{estimate(game.last_keeper, '%', sign=True)} %"
    yield f"collective loss {DIFFERENCES[2]}", f"{estimate(game.collective_loss, '%', sign=True)} %"
    yield "corrective fine, others keep", fine(game.closure_premium)
    yield "corrective fine, others remove", fine(game.last_keeper)
    if review.verdict == FOUND:
        close = "" if review.certain else ", too close to call"
        text = f"{number(review.weeks)}{interval(review.se)} of {number(review.now)} weeks{close}"
    elif review.verdict == NOT_NEEDED:
        text = "none needed"
    else:
        text = f"none: without any, {estimate(review.without, '%', sign=True)} %"
    yield "corrective review time, others keep", text


def many(game: Game) -> Iterable[str]:
    """What the game of all labs says, a paragraph at a time: tipping points, prices, the long run."""
    words = shape(game.schelling)
    if words:
        yield f"{words}."
    for tip in game.tipping_points:
        close = "" if tip.certain else " (too close to call)"
        verb = "removing" if tip.beyond == "remove" else "keeping"
        yield f"Tipping point: from {number(tip.others)}{interval(tip.se)} other removers on, {verb} pays{close}."


def equilibrium_lines(game: Game) -> Iterable[str]:
    """Each equilibrium, then what equilibria cost the labs."""
    for one in game.equilibria:
        verdict = "certain" if one.certain else "too close to call"
        yield f"{described(one, game.kinds)} ({verdict}); labs get {number(one.welfare.mean)} prizes in all"
    if not game.equilibria:
        yield "none among those looked for"
    worth, best = game.prices, game.prices["optimum"]
    yield f"the best that labs could get is {number(best['welfare'].mean)} prizes in all, if {best['removers']} remove"
    for name, which in (("price of anarchy", "worst"), ("price of stability", "best")):
        ratio, below = worth[name.replace(" ", "_")], worth[which]["below_optimum"]
        if below.n:
            text = "no ratio, for not all is positive" if ratio is None else f"{ratio:.2f}"
            yield f"{name}: {text}; the {which} equilibrium is {estimate(below)} prizes below that"


def game_report(solution: Game, plot: Path | None) -> None:
    """What `labsim game` prints."""
    game = solution.closure

    say(f"{game.scenario}: {game.label}")
    paragraph(sentence(game))
    say(f"\nPayoff of {game.focal}, % of the prize (mean ± 95 %)")
    table = plain_table("", "all others keep", "all others remove")
    for verb, cells in (("keeps", "RS"), ("removes", "TP")):
        table.add_row(f"{game.focal} {verb}", *(f"{cell}  {estimate(game.payoffs[cell], '%')}" for cell in cells))
    out.print(table)
    say()
    table = plain_table("same luck, % of the prize", "")
    for what, value in corrections(solution):
        table.add_row(what, value)
    out.print(table)
    if solution.schelling:
        say(f"\nPayoff of {game.focal} against how many others have removed")
        table = plain_table("others", "it keeps", "it removes", "difference", "pays")
        for point in solution.schelling:
            pays = {1: "removing", -1: "keeping", 0: "too close"}[direction(point.difference)]
            levels = (estimate(point.keep, "%"), estimate(point.remove, "%"))
            table.add_row(str(point.others), *levels, estimate(point.difference, "%", sign=True), pays)
        out.print(table)
        for text in many(solution):
            paragraph(text)
        say()
        mean = "; means over labs that are alike" if len(solution.kinds) < len(solution.schelling) else ""
        paragraph(f"Equilibria ({solution.equilibria_scope}{mean})")
        for text in equilibrium_lines(solution):
            paragraph(text, "  ", "    ")
        labels = [row.label for row in (game, *solution.rows.values())]
        if TOO_CLOSE in labels and any(one.certain for one in solution.equilibria):
            paragraph(CERTAIN)
    else:
        say("\nToo many kinds of labs to play every number of removers of each.")
    say()
    paragraph(f"If only the first move is set, then each decides by itself: {solution.first_move.label}")
    gaps = (solution.first_move.closure_premium, solution.first_move.last_keeper, solution.first_move.collective_loss)
    texts = [f"{name} {estimate(gap, '%', sign=True)}" for name, gap in zip(DIFFERENCES, gaps, strict=True)]
    paragraph(f"{', '.join(texts)} %", "  ", "  ")
    if solution.imitation:
        run = solution.imitation
        say()
        paragraph(
            f"If labs copy who earns more (a population of {run.population}, intensity {number(run.intensity)} a "
            f"prize, mutation {number(run.mutation)}): {number(run.mean_share, '%')}{interval(run.se, '%')} % remove "
            "in the long run."
        )
    if len(solution.rows) > 1:
        say("\nEach lab's own game, % of the prize")
        table = plain_table("lab", *DIFFERENCES, "label")
        for name, row in solution.rows.items():
            cells = [estimate(g, "%", sign=True) for g in (row.closure_premium, row.last_keeper, row.collective_loss)]
            table.add_row(name, *cells, row.label)
        out.print(table)
    times = "1 replication" if game.replications == 1 else f"{game.replications} replications"
    say(f"\n{times} of each profile, seed {game.seed}, engine {game.engine}.")
    say(NOT_A_FORECAST)
    if plot is not None:
        say(f"Drawn: {plot}")
