"""The closure game of a scenario, all of it: two by two, against any number of removers, in the long run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labsim.engines.ensemble import Stop
from labsim.games.closure_game import ClosureGame, act_first, place_of, play
from labsim.games.corrective import LOOKS, CorrectiveReview, corrective_fine, corrective_review
from labsim.games.equilibria import Equilibrium, equilibria, prices, scope
from labsim.games.imitation import MUTATION, LongRun, check_population, long_run
from labsim.games.kind_game import KindGame
from labsim.games.profiles import check_players
from labsim.games.removal_table import kinds, play_table, removal_sets
from labsim.games.schelling import Point, TippingPoint, diagram, tipping_points
from labsim.runs.experiment import Progress, usable_engine
from labsim.runs.summary import Summary, finite
from labsim.scenario.scenario import Scenario

INTENSITY = "decision.intensity"  # of selection; here per prize


@dataclass(frozen=True)
class Game:
    """What `labsim game` found. Payoffs are in prizes, differences are paired."""

    scenario: Scenario
    closure: ClosureGame  # commitment for the whole race
    first_move: ClosureGame  # only the first move is set, then each lab decides by itself
    rows: dict[str, ClosureGame]  # of a lab of each kind
    kinds: list[list[str]]  # names of labs that are alike
    schelling: list[Point]  # this and what follows is empty where there are too many sets of removers
    tipping_points: list[TippingPoint]
    equilibria: list[Equilibrium]
    equilibria_scope: str
    prices: dict[str, Any]
    imitation: LongRun | None
    corrective_review: CorrectiveReview

    @property
    def label(self) -> str:
        """Which game it is for the focal lab."""
        return self.closure.label

    def as_dict(self) -> dict[str, Any]:
        """The JSON of `labsim game`."""
        game, review = self.closure, self.corrective_review
        return {
            "scenario": game.scenario, "focal": game.focal, "seed": game.seed, "replications": game.replications,
            "engine": game.engine, **game.as_dict(), "corrective_fine": corrective_fine(game),
            "corrective_review": {
                "mean": finite(review.weeks), "se": finite(review.se), "verdict": review.verdict, "now": review.now,
                "certain": review.certain, "premium_without_review": _level(review.without),
            },
            "schelling": [
                {"others": p.others, "keep": _level(p.keep), "remove": _level(p.remove),
                 "difference": _level(p.difference)} for p in self.schelling
            ],
            "tipping_points": [
                {"others": t.others, "se": finite(t.se), "beyond": t.beyond, "certain": t.certain}
                for t in self.tipping_points
            ],
            "kinds": self.kinds, "equilibria_scope": self.equilibria_scope,
            "equilibria": [
                {"type": "pure" if e.pure else "mixed", "remove": [list(chances) for chances in e.remove],
                 "removers": e.removers, "verdict": "certain" if e.certain else "too close to call",
                 "at_means": e.at_means, "se": finite(e.se), "welfare": _level(e.welfare)} for e in self.equilibria
            ],
            "price_of_anarchy": finite(self.prices.get("price_of_anarchy")),
            "price_of_stability": finite(self.prices.get("price_of_stability")),
            "welfare": {
                which: {k: _level(v) if isinstance(v, Summary) else v for k, v in self.prices[which].items()}
                for which in ("optimum", "worst", "best") if self.prices
            },
            "first_move": self.first_move.as_dict(),
            "imitation": self.imitation and {
                "population": self.imitation.population, "intensity": self.imitation.intensity,
                "mutation": self.imitation.mutation, "distribution": self.imitation.distribution.tolist(),
                "mean_share": {"mean": self.imitation.mean_share, "se": finite(self.imitation.se)},
                "rare_mutation": self.imitation.rare_mutation,
            },
            "rows": [{"lab": name} | row.as_dict() for name, row in self.rows.items()],
        }  # fmt: skip


def _level(summary: Summary) -> dict[str, Any]:
    return summary.as_dict(quantiles=False)


def game(
    scenario: Scenario, focal: int | str = 0, replications: int = 200, seed: int = 0, engine: str = "ensemble",
    jobs: int | None = None, population: int | None = None, mutation: float = MUTATION,
    progress: Callable[[Progress], None] | None = None, stop: Stop | None = None,
) -> Game:  # fmt: skip
    """The closure game of the focal lab (its place or name), of all labs together, and of a population that imitates.

    Raises ScenarioError for one lab, an unknown one or a wrong population; KeyboardInterrupt if `stop` was set.
    """
    check_players("game", scenario, replications)
    place, labs, engine = place_of(scenario, focal), scenario.all_labs, usable_engine(engine)
    check_population(len(labs), population, mutation)
    names = [lab.name for lab in labs]
    parts = [len(removal_sets(kinds(scenario, place))), 4, 2 * LOOKS]  # races of each replication

    def step(part: int) -> Callable[[Progress], None]:
        def tell(p: Progress) -> None:
            if progress:
                share = sum(parts[:part]) + parts[part] * min(1.0, p.done / p.total)
                progress(Progress(round(share * replications), sum(parts) * replications))

        return tell

    table = play_table(scenario, place, replications, seed, engine, jobs, step(0), stop)
    first = play(scenario, place, replications, seed, engine, jobs, stop, step(1), act_first)
    review = corrective_review(scenario, place, replications, seed, engine, jobs, step(2), stop)
    about = {"scenario": scenario.name, "seed": seed, "replications": replications, "engine": engine}
    by_kind = KindGame.of(table, names)
    held = equilibria(by_kind) if by_kind else []
    intensity = float(labs[place].values.get(INTENSITY, scenario[INTENSITY]))
    curves = table.by_others
    return Game(
        scenario=scenario,
        closure=table.two_by_two(place, focal=names[place], **about),
        first_move=first,
        rows={names[i]: table.two_by_two(i, focal=names[i], **about) for i in sorted(g[0] for g in table.groups)},
        kinds=[[names[i] for i in group] for group in table.groups],
        schelling=diagram(*curves) if curves else [],
        tipping_points=tipping_points(*curves) if curves else [],
        equilibria=held,
        equilibria_scope=scope(by_kind) if by_kind else "none: too many kinds of labs",
        prices=prices(by_kind, held) if by_kind else {},
        imitation=long_run(*curves, intensity, population, mutation) if curves else None,
        corrective_review=review,
    )
