"""Racing to the precipice (Armstrong, Bostrom & Shulman 2016): how much safety do racing teams give up?

The equilibrium is found by best reply to the payoffs of races that are run; the closed forms it is compared with
are used nowhere else.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from scipy.stats import qmc

from labsim.docking.agreement import Dock, Estimate, Watch
from labsim.docking.one_shot import OneShot, lattice, rivals, world
from labsim.docking.replies import gains, knowing_all, knowing_nothing, knowing_oneself
from labsim.engines.ensemble import Stop
from labsim.model.declaration import parameter
from labsim.model.sources import Evidence, Source
from labsim.scenario.checked import ScenarioError
from labsim.scenario.scenario import Scenario

INFORMED = ("none", "private", "public")  # whose capability a team knows: nobody's, its own, all
PAPER = Source(
    Evidence.PUBLISHED, "Armstrong, Bostrom & Shulman (2016), Racing to the precipice, AI & Society 31: 201-206",
    "https://doi.org/10.1007/s00146-015-0590-y",
)  # fmt: skip
BATCHES = 4  # equilibria, each with luck of its own
POOL = 1 << 16  # profiles of types that a stratified sample is taken from
REGRET = 1.0 / 64.0  # more than this nobody may gain by any action of a grid; the sample's error is about half
SMALLEST = 0.02  # enmity at which private equilibria can be found
ACTIONS = np.linspace(0.0, 1.0, 33)

Strategy = Callable[[np.ndarray], np.ndarray]  # safeties of profiles of types, both (profiles, labs)


@dataclass(frozen=True)
class Precipice(Dock):
    """Teams of different capability trade safety for the chance to be first; a disaster harms all."""

    labs: int = parameter(2, "teams", low=2, high=10, whole=True, source=PAPER)
    enmity: float = parameter(1.0, "what a rival's safe win costs a team, of the prize", low=0, high=1, source=PAPER)
    skill: float = parameter(1.0, "range of capability, in units of all safety", low=0.01, high=10, source=PAPER)
    information: str = parameter("private", "whose capability a team knows: nobody's, its own, all", options=INFORMED,
                                 source=PAPER)  # fmt: skip

    name = "racing-to-the-precipice"
    source = PAPER.text
    seen = "abstract seen; closed forms derived from the model's definition, checked by quadrature and brute force"
    forms = ("Labs of the strategy player, one cycle of a week in the form fixed, cycle.drag 1: safety s costs s of "
             "ln C. Finish most_after_cycles with harm by unreviewed_share, winner_share = enmity.")  # fmt: skip
    caveat = (
        "Standard errors are those of luck. What a grid of actions and a table of types add is not in them: up to "
        "0.002 in most cases, 0.006 in the worst that was tried; where all is known the risk comes out a little low."
    )
    shares = ("risk",)
    replications = 128
    along = ("skill", (0.25, 0.5, 1.0, 2.0, 4.0))

    def check(self) -> None:
        if self.enmity < SMALLEST and self.information == "private":
            raise ScenarioError(
                f"--enmity = {self.enmity:g}: must be a number from {SMALLEST:g} to 1 with --information private: "
                "teams that do not mind who wins have many equilibria, and near that gains cannot be told from 0"
            )

    def world(self) -> Scenario:
        """The races that are run."""
        return world(self.labs, self.enmity, {})

    def game(self, seed: int, stop: Stop) -> OneShot:
        """The races, with their luck."""
        return OneShot(self.world(), seed, stop)

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        """The risk at the equilibrium; none if somebody gains by another action, or if it was stopped."""
        if stop:
            return {"risk": None}
        game, number = self.game(seed, stop), max(2, replications // BATCHES)
        luck = [np.random.default_rng((seed, batch)) for batch in range(BATCHES)]
        types = np.array([self.profiles(number, rng) for rng in luck])
        if self.information == "public":
            held = knowing_all(game, types.reshape(-1, self.labs), watch).reshape(types.shape)
            regret = self.regret_of_all(game, types[0, :: number // 2], held[0, :: number // 2])
        else:
            strategies = []
            for batch, rng in enumerate(luck):
                watch(f"equilibrium {batch + 1} of {BATCHES}")
                strategies.append(self.equilibrium(game, rng))
            held = np.array([strategy(drawn) for strategy, drawn in zip(strategies, types, strict=True)])
            regret = self.regret(game, strategies[0], luck[0])
        if stop or regret > REGRET:
            return {"risk": None}
        return {"risk": Estimate.of(1.0 - game.play(types, held).survival.mean(axis=1))}

    def references(self) -> dict[str, float | None]:
        return {"risk": closed_form(self.labs, self.enmity, self.skill, self.information)}

    def profiles(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Capabilities (number, labs), uniform: of many, those at even steps of what the risk depends on.

        With all known that is the lead of the best, else the best.
        """
        pool = self.skill * rng.random((POOL, self.labs))
        ranked = np.sort(pool, axis=1)
        place = ranked[:, -1] - (ranked[:, -2] if self.information == "public" else 0.0)
        steps = (np.arange(number) + 0.5) / number * POOL
        return pool[place.argsort()[steps.astype(np.int64)]]

    def equilibrium(self, game: OneShot, rng: np.random.Generator) -> Strategy:
        """What teams choose that do not know all, found by best reply."""
        if self.information == "none":
            held = knowing_nothing(game, self.skill, rng)
            return lambda profiles: np.full(profiles.shape, held)
        nodes, chosen = knowing_oneself(game, self.skill, rng)
        return lambda profiles: np.interp(profiles, nodes, chosen)

    def regret_of_all(self, game: OneShot, types: np.ndarray, held: np.ndarray) -> float:
        """The most that a team gains by an action of a grid in one of these profiles, knowing all."""
        return max(float(gains(game, types, held, lab, ACTIONS).max()) for lab in range(self.labs))

    def regret(self, game: OneShot, strategy: Strategy, rng: np.random.Generator) -> float:
        """The most that a team gains by an action of a grid, knowing its own type or nothing."""
        if self.information == "private":
            top = self.skill * lattice(256, rng) ** (1.0 / (self.labs - 1.0))
            own = [self.skill * share * np.ones((len(top), 1)) for share in np.linspace(0.06, 1.0, 9)]
        else:
            drawn = qmc.Sobol(2, rng=rng).random(1 << 11)
            top, own = self.skill * drawn[:, 1] ** (1.0 / (self.labs - 1.0)), [self.skill * drawn[:, :1]]
        others = rivals(top, self.labs, rng)
        profiles = [np.concatenate([types, others], axis=1) for types in own]
        result = [gains(game, types, strategy(types), 0, ACTIONS).mean(axis=1).max() for types in profiles]
        return float(max(result))


def closed_form(labs: int, enmity: float, skill: float, information: str) -> float:
    """The average risk: of a team that knows nothing, its own capability, or all."""
    k = (labs - 1) * enmity + 1.0
    if enmity == 0.0 and information != "private":
        return 0.0
    if information == "none":
        return max(0.0, 1.0 - skill / (labs * enmity))
    if information == "private":
        return 1.0 - labs * skill / ((labs + 1) * k) if skill <= k else (k / skill) ** labs / (labs + 1)
    capped = 1.0 if skill <= enmity else 1.0 - (1.0 - enmity / skill) ** (labs + 1)
    return 1.0 - skill / (enmity * (labs + 1)) * capped


@dataclass(frozen=True)
class MoreTeams(Dock):
    """Do more teams race more dangerously?"""

    fewer: int = parameter(2, "teams, fewer", low=2, high=10, whole=True, source=PAPER)
    more: int = parameter(5, "teams, more", low=2, high=10, whole=True, source=PAPER)
    enmity: float = parameter(
        0.5, "what a rival's safe win costs a team, of the prize", low=SMALLEST, high=1, source=PAPER
    )
    skill: float = parameter(1.0, "range of capability, in units of all safety", low=0.01, high=10, source=PAPER)

    name = "more-teams"
    source = PAPER.text
    seen = "abstract seen: the danger rises with the number of teams; by sign"
    forms = Precipice.forms
    caveat = ("The sign does not hold everywhere: where skill is so large that no team gives up safety nothing rises, "
              "and teams that know only themselves may be safer if a few more join.")  # fmt: skip
    signs: ClassVar[Mapping[str, int]] = {"none": 1, "private": 1, "public": 1}
    replications = Precipice.replications

    def check(self) -> None:
        if self.more <= self.fewer:
            raise ScenarioError(f"--more = {self.more}: must be above --fewer = {self.fewer}")

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        """Risk with more teams less risk with fewer, for each thing that teams may know."""
        result: dict[str, Estimate | None] = {}
        for information in INFORMED:
            risks = []
            for labs in (self.fewer, self.more):
                if stop:
                    return dict.fromkeys(INFORMED)
                watch(f"{labs} teams, information {information}")
                dock = Precipice(labs, self.enmity, self.skill, information)
                risks.append(dock.simulate(replications, seed, stop, lambda _: None)["risk"])
            few, many = risks
            both = few is not None and many is not None
            result[information] = Estimate(many.mean - few.mean, math.hypot(few.se, many.se)) if both else None
        return result

    def references(self) -> dict[str, float | None]:
        return dict.fromkeys(INFORMED)

    def remarks(self) -> list[str]:
        """Where, by the closed forms, a team more lowers the risk."""
        result = []
        for information in INFORMED:
            sizes = range(self.fewer, self.more + 1)
            risks = [closed_form(labs, self.enmity, self.skill, information) for labs in sizes]
            falls = [labs for labs, (one, next_) in zip(sizes, pairwise(risks), strict=False) if next_ < one]
            if falls:
                listed = ", ".join(f"{labs}: {risk:.3f}" for labs, risk in zip(sizes, risks, strict=True))
                result.append(
                    f"Information {information}: by the closed form the risk is not monotone in teams ({listed})."
                )
        return result
