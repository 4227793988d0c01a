"""The race between safe and unsafe developers on networks: Cimpeanu, Santos, Pereira, Lenaerts & Han (2022)."""

from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy import sparse
from scipy.special import expit

from labsim.docking.agreement import Dock, Estimate, Watch
from labsim.docking.dsair import Dsair
from labsim.engines.ensemble import Stop
from labsim.model.declaration import parameter
from labsim.model.sources import ASSUMPTION, Evidence, Source

CIMPEANU = Source(
    Evidence.PUBLISHED, "Cimpeanu, Santos, Pereira, Lenaerts & Han (2022), Scientific Reports 12, 1723",
    "https://arxiv.org/abs/2012.15234",
)  # fmt: skip
LINKS = 2  # of a new node of a scale-free graph, so that the mean degree is 4
GENERATIONS, COUNTED = 200, 50  # revisions of everybody, and how many of the last ones count as the long run


@dataclass(frozen=True)
class Networks(Dock):
    """Developers race with their neighbours and copy them: are more of them safe on a scale-free network?"""

    nodes: int = parameter(1000, "developers", low=10, high=10_000, whole=True, source=CIMPEANU.says("recalled"))
    risk: float = parameter(0.6, "chance that an unsafe winner loses all", low=0, high=1,
                            source=ASSUMPTION.see("in the dilemma"))  # fmt: skip
    speed: float = parameter(1.5, "pace of an unsafe developer, of a safe one 1", low=1.001, high=100, source=CIMPEANU)
    selection: float = parameter(1.0, "how strongly payoffs sway whom to copy", low=1e-6, high=10,
                                 source=CIMPEANU.says("recalled"))  # fmt: skip
    pinned: float = parameter(0.1, "share of developers that are made to be safe for good", low=0.001, high=0.9)
    averaged: bool = parameter(False, "payoffs are averaged over neighbours, not added up")

    name = "networks"
    source = CIMPEANU.text
    seen = "the claims: seen in the abstract; 1,000 nodes of mean degree 4 and selection 1: recalled; no number seen"
    forms = (
        "Payoffs from the races of the dock dsair between AS and AU. Half are safe at the start; all revise at once, "
        "by the Fermi rule, without mutation. Scale-free: Barabasi & Albert (1999), 2 links a node, payoffs added up "
        "over neighbours. Well-mixed: the mean payoff against all others, times the mean degree, so that selection "
        "is as strong."
    )
    caveat = (
        "At speed 1.5 the dilemma reaches from a risk of 0.34 to one of 0.78. More are safe on scale-free networks "
        "from about 0.55 on; where the risk is lower, next to nobody stays safe on any, and no difference can be told. "
        "If payoffs are averaged over neighbours, scale-free networks hardly help. Safe hubs do in all these cases."
    )
    signs = {"scale_free_less_well_mixed": 1, "safe_hubs_less_random": 1}  # noqa: RUF012
    replications = 200

    def check(self) -> None:
        self.developers().check()

    def developers(self) -> Dsair:
        """The races whose payoffs count."""
        return Dsair(risk=self.risk, speed=self.speed)

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        payoffs = self.developers().races(1, seed, stop, watch)[0]
        shares = []
        for r in range(replications):
            if stop:
                return dict.fromkeys(self.signs)
            shares.append(self.replicate(payoffs, np.random.default_rng([seed, r])))
            if (r + 1) % 20 == 0:
                watch(f"{r + 1} of {replications} networks")
        scale_free, well_mixed, hubs, random = np.array(shares).T
        return {"scale_free_less_well_mixed": Estimate.of(scale_free - well_mixed),
                "safe_hubs_less_random": Estimate.of(hubs - random)}  # fmt: skip

    def replicate(self, payoffs: np.ndarray, rng: np.random.Generator) -> tuple[float, ...]:
        """Long-run safe shares from one start: scale-free, well-mixed, and scale-free with safe hubs or safe others."""
        graph = nx.barabasi_albert_graph(self.nodes, LINKS, seed=int(rng.integers(1 << 32)))
        links = nx.to_scipy_sparse_array(graph, nodelist=range(self.nodes), dtype=float, format="csr")
        safe, order = rng.random(self.nodes) < 0.5, rng.permutation(self.nodes)
        ranked = order[np.argsort(-np.diff(links.indptr)[order], kind="stable")]  # ties at random
        number = max(1, round(self.pinned * self.nodes))
        pins = [None, ranked[:number], order[:number]]
        scale_free, hubs, random = (self.long_run(payoffs, links, safe, pin, rng) for pin in pins)
        return scale_free, self.long_run(payoffs, None, safe, None, rng), hubs, random

    def long_run(
        self, payoffs: np.ndarray, links: sparse.csr_array | None, safe: np.ndarray, pin: np.ndarray | None,
        rng: np.random.Generator,
    ) -> float:  # fmt: skip
        """The safe share over the last generations on a graph, or without one in a well-mixed population."""
        safe, free, n = safe.copy(), np.ones(len(safe), bool), len(safe)
        if pin is not None:
            safe[pin], free[pin] = True, False
        games = np.full(n, 2.0 * LINKS) if links is None else np.diff(links.indptr).astype(float)
        scale = 1.0 / games if self.averaged else 1.0
        counted = []
        for generation in range(GENERATIONS):
            draw = rng.random((2, n))
            if links is None:
                met = games * (safe.sum() - safe) / (n - 1)
                model = (draw[0] * n).astype(int)  # oneself at times, which changes nothing
            else:
                met = links @ safe
                model = links.indices[links.indptr[:-1] + (draw[0] * games).astype(int)]
            row = np.where(safe, 0, 1)
            earned = scale * (payoffs[row, 1] * games + (payoffs[row, 0] - payoffs[row, 1]) * met)
            copies = free & (draw[1] < expit(self.selection * (earned[model] - earned)))
            safe = np.where(copies, safe[model], safe)
            if safe.all() or not safe.any():
                return float(safe[0])  # nobody left to copy
            if generation >= GENERATIONS - COUNTED:
                counted.append(safe.mean())
        return float(np.mean(counted))

    def references(self) -> dict[str, float | None]:
        return dict.fromkeys(self.signs)
