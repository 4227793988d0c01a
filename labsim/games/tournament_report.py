"""A tournament in words and tables: on the terminal, and as a page in Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from labsim.games.tournament import ROUND, Tournament, entrants
from labsim.model.outcomes import OUTCOMES
from labsim.model.strategies import STRATEGIES
from labsim.runs.summary import direction
from labsim.show import pages
from labsim.show.numbers import INTERVAL, estimate, fixed
from labsim.show.printouts import plain_table
from labsim.show.terminal import WIDTH, out, paragraph, say
from labsim.show.words import NOT_A_FORECAST, listed

HUNDREDTHS = "%"  # payoffs are shown in per cent of the prize
MATRICES = {  # of the page: (heading, unit)
    "payoff": ("payoff, % of the prize", HUNDREDTHS),
    "minus_best": ("payoff minus that of the best reply to the column, paired, % of the prize", HUNDREDTHS),
    "others_payoff": ("mean payoff of the other labs, % of the prize", HUNDREDTHS),
    "win_share": ("wins, % of races", "%"),
    **{name: (OUTCOMES[name].label, OUTCOMES[name].unit) for name in ("catastrophe", "race_weeks")},
}


def alike(tournament: Tournament, name: str) -> list[str]:
    """Strategies that make the same race as this one if all labs play the same, by rank, itself included."""
    shown = ("payoff", "others_payoff", "catastrophe")
    key = {n: [tournament.pairs[n, n][what].mean for what in shown] for n in tournament.best}
    return [n for n in tournament.ranking if key[n] == key[name]]


def mixed_remarks(tournament: Tournament) -> Iterable[str]:
    """What the mixed field says, a sentence at a time."""
    rank, mixed, even = tournament.ranking, tournament.mixed, 100 / len(tournament.scenario.all_labs)
    first, last = rank[0], rank[-1]
    level = [name for name in rank[1:] if direction(mixed[name]["minus_first"]) == 0]
    yield (
        f"In this model, if every lab draws its strategy at random, {first} earns most: "
        f"{estimate(mixed[first]['payoff'], '%')} % of the prize"
        + (
            f"; too close to call with it: {listed(level)}."
            if level
            else ", ahead of all others by more than 2 standard errors."
        )
    )
    yield f"{last} earns least: {estimate(mixed[last]['minus_first'], '%', sign=True)} % compared with {first}."
    winner = max(rank, key=lambda name: mixed[name]["win_share"].mean)
    yield (
        f"A lab that plays {winner} wins most often: {estimate(mixed[winner]['win_share'], '%')} of 100 races, "
        f"where an even share is {even:.0f}."
    )
    by_harm = sorted(rank, key=lambda name: mixed[name]["catastrophe"].mean)
    more, less = (estimate(mixed[by_harm[k]]["catastrophe"], "%", sign=True) for k in (-1, 0))
    yield (
        f"Of 100 races there, {estimate(tournament.mixed_catastrophe, '%')} end in catastrophe. Where a lab plays "
        f"{by_harm[-1]} that differs by {more} points; where it plays {by_harm[0]}, by {less}."
    )


def uniform_remarks(tournament: Tournament) -> Iterable[str]:
    """What fields in which all labs play the same say, a sentence at a time."""
    rank, pairs, focal = tournament.ranking, tournament.pairs, tournament.focal
    safest, worst = (f(rank, key=lambda name: pairs[name, name]["catastrophe"].mean) for f in (min, max))
    yield (
        f"If all labs play the same, catastrophe is rarest under {listed(alike(tournament, safest))} "
        f"({estimate(pairs[safest, safest]['catastrophe'], '%')} % of races) and most frequent under "
        f"{listed(alike(tournament, worst))} ({estimate(pairs[worst, worst]['catastrophe'], '%')})."
    )
    kept = alike(tournament, safest)
    tempted = max(kept, key=lambda name: pairs[tournament.best[name], name]["minus_same"].mean)
    reply, before = tournament.best[tempted], pairs[tempted, tempted]
    after = pairs[reply, tempted]
    if direction(after["minus_same"]) > 0:
        yield (
            f"{'Of these fields, ' if len(kept) > 1 else ''}{focal} gains most by leaving {tempted}, for {reply}: "
            f"{estimate(after['minus_same'], '%', sign=True)} % of the prize. The others go from "
            f"{estimate(before['others_payoff'], '%')} to {estimate(after['others_payoff'], '%')}, catastrophe from "
            f"{estimate(before['catastrophe'], '%')} to {estimate(after['catastrophe'], '%')}."
        )
    verdicts = {name: tournament.symmetric_nash(name) for name in rank}
    nash, close = ([n for n in rank if verdicts[n] == kind] for kind in ("yes", "too close to call"))
    yield (
        f"Best replies to themselves, so symmetric Nash equilibria as far as {focal} goes: "
        f"{listed(nash) if nash else 'none'}" + (f"; too close to call: {listed(close)}." if close else ".")
    )


def remarks(tournament: Tournament) -> list[str]:
    """Plain sentences made of the numbers; none if there is only one strategy."""
    return [*mixed_remarks(tournament), *uniform_remarks(tournament)] if len(tournament.strategies) > 1 else []


def tournament_report(tournament: Tournament, page: Path | None) -> None:
    """What `labsim tournament` prints, in 80 columns."""
    rank = tournament.ranking
    letters = {name: chr(ord("A") + k) if k < 26 else str(k) for k, name in enumerate(rank)}
    say(f"{tournament.scenario.name}, mixed field: every lab draws its strategy (mean ± 95 %)")
    table = plain_table("", "strategy", "payoff, %", "minus first", "wins, %", "catastrophe, points")
    table.columns[1].justify = "left"
    for name in rank:
        row, behind = tournament.mixed[name], tournament.mixed[name]["minus_first"]
        cells = (estimate(row["payoff"], "%"), "" if name == rank[0] else estimate(behind, "%", sign=True),
                 estimate(row["win_share"], "%"), estimate(row["catastrophe"], "%", sign=True))  # fmt: skip
        table.add_row(letters[name], name, *cells)
    out.print(table)
    say(f"\nPayoff of {tournament.focal} in % of the prize: it plays the row, all other labs the column")
    cells = {key: fixed(100 * of["payoff"].mean) for key, of in tournament.pairs.items()}
    names, width = max(map(len, rank)) + 2, max(map(len, cells.values())) + 1
    fits = (WIDTH - names) // width
    for start in range(0, len(rank), fits):
        columns = rank[start : start + fits]
        out.print(" " * names + "".join(letters[name].rjust(width) for name in columns))
        for row in rank:
            line = f"{letters[row]} {row}".ljust(names)
            out.print(line + "".join(cells[row, column].rjust(width) for column in columns))
    say(f"\nIf all play the same: catastrophe, and {tournament.focal}'s best reply")
    table = plain_table("all play", "catastrophe, %", "best reply", "gain, %", "Nash")
    for name in rank:
        pair, best = tournament.pairs[name, name], tournament.best[name]
        gain = "" if best == name else estimate(tournament.pairs[best, name]["minus_same"], "%", sign=True)
        verdict = tournament.symmetric_nash(name).removesuffix(" to call")
        table.add_row(name, estimate(pair["catastrophe"], "%"), "itself" if best == name else best, gain, verdict)
    out.print(table)
    say()
    for text in remarks(tournament):
        paragraph(text, rest="  ")
    how = f"{tournament.replications} replications of each pairing; mixed field: {tournament.rounds} rounds"
    say(f"\n{how}; seed {tournament.seed}")
    say(NOT_A_FORECAST)
    if page is not None:
        say(f"Written: {page}")


def write_page(tournament: Tournament, path: Path, typed: str, changes: Sequence[str]) -> None:
    """Write the page; `typed` is the scenario as the user named it, `changes` what --set changed.

    Raises ScenarioError if the file cannot be written.
    """
    words = ["tournament", typed]
    if tournament.strategies != entrants():
        words += ["--strategies", ",".join(tournament.strategies)]
    pages.write({path: page(tournament, pages.command(words, changes, tournament.replications, tournament.seed, path))})


def page(tournament: Tournament, command: str) -> str:
    """The tournament as a page in Markdown: all tables with intervals, and the command that makes it."""
    from labsim.show.describe import first_line, table

    rank, focal = tournament.ranking, tournament.focal
    lines = [
        f"# A tournament of strategies: {tournament.scenario.name}", "",
        f"{NOT_A_FORECAST} Every number here is about races in this model.", "",
        f"In a pairing, {focal} (the scenario's first lab) plays the row and all other labs play the column: "
        f"{tournament.replications} races each, under the same luck. In the mixed field every lab draws its strategy "
        "at "
        f"random: {tournament.rounds} rounds; in each, every lab plays every strategy once, in an order of its own, "
        "all "
        f"under the round's luck ({ROUND} replications). Intervals are mean ± {INTERVAL} standard errors, in the mixed "
        "field over rounds; differences are paired. Too close to call means within 2 standard errors: of many "
        "differences that are none, about one in twenty passes that bound.", "",
        *pages.again(command),
        "## In words", "", *(f"- {text}" for text in remarks(tournament)), "",
        "## The mixed field", "",
        "Payoff and wins are means over the labs that play the strategy; catastrophe is that of the races in which a "
        f"lab plays it, minus that of all ({estimate(tournament.mixed_catastrophe, '%')} % of races).", "",
    ]  # fmt: skip
    rows = [
        [k, f"`{name}`", *(estimate(tournament.mixed[name][what], "%", sign) for what, sign in
                           (("payoff", False), ("minus_first", True), ("win_share", False), ("catastrophe", True)))]
        for k, name in enumerate(rank, 1)
    ]  # fmt: skip
    lines += table(["", "strategy", "payoff, %", "minus the first, %", "wins, %", "catastrophe, points"], rows)
    lines += [
        "## Fields in which all play the same", "",
        f"Gain: what {focal} gains by its best reply. Nash: whether the strategy is {focal}'s best reply to itself; "
        "the labs differ where the scenario says so, and no other lab is asked.", "",
    ]  # fmt: skip
    rows = []
    for name in rank:
        pair, best = tournament.pairs[name, name], tournament.best[name]
        same, close = (", ".join(f"`{n}`" for n in tournament.level(name, identical)) for identical in (True, False))
        rows += [[f"`{name}`", estimate(pair["payoff"], "%"), estimate(pair["catastrophe"], "%"), f"`{best}`",
                  estimate(tournament.pairs[best, name]["minus_same"], "%", sign=True), same, close,
                  tournament.symmetric_nash(name)]]  # fmt: skip
    head = ["all play", f"payoff of {focal}, %", "catastrophe, %", "best reply", "gain, %", "the same in every race"]
    lines += table([*head, "too close to call", "Nash"], rows)
    for what, (heading, unit) in MATRICES.items():
        lines += [f"## Pairings: {heading}", "", f"{focal} plays the row, all other labs the column.", ""]
        rows = [[f"`{r}`", *(estimate(tournament.pairs[r, c][what], unit) for c in rank)] for r in rank]
        lines += table(["", *(f"`{name}`" for name in rank)], rows)
    lines += ["## The strategies", ""]
    lines += table(["strategy", "is"], [[f"`{name}`", first_line(STRATEGIES[name])] for name in rank])
    return "\n".join(lines).rstrip() + "\n"
