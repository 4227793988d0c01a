"""What a population that copies plays in the long run, if mutations are rare.

A mutant takes over or dies out before the next one comes, so that the population walks between states in
which all play the same; its rates are fixation probabilities (Fudenberg & Imhof 2006). These become so small
that only their logarithms can be held.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from scipy.special import logsumexp


def log_fixation(payoffs: np.ndarray, population: int, intensity: float) -> np.ndarray:
    """Log chance that one who plays the column takes over from all who play the row: (q, q), -inf in the diagonal.

    `payoffs` (q, q) are of the row against the column, `intensity` is beta of the Fermi rule.
    """
    q, k = len(payoffs), np.arange(1, population)  # how many play j: nobody meets itself
    logs = np.full((q, q), -np.inf)
    for i, j in itertools.combinations(range(q), 2):
        own = (population - 1 - k) * payoffs[i, i] + k * payoffs[i, j]
        other = (population - k) * payoffs[j, i] + (k - 1) * payoffs[j, j]
        gain = intensity * (other - own) / (population - 1)  # of j over i
        for row, column, gains in ((i, j, gain), (j, i, -gain[::-1])):
            logs[row, column] = -logsumexp(np.concatenate([[0.0], -np.cumsum(gains)]))
    return logs


def log_trees(logs: np.ndarray, root: int) -> Iterator[float]:
    """The log product of rates along each spanning tree in which every state leads to the root."""
    others = [i for i in range(len(logs)) if i != root]
    for heads in itertools.product(range(len(logs)), repeat=len(others)):
        towards = dict(zip(others, heads, strict=True))
        at = set(others)
        for _ in others:
            at = {towards.get(i, root) for i in at}
        if at == {root}:
            yield sum(logs[i, j] for i, j in towards.items())


def rare_mutations(payoffs: np.ndarray, population: int, intensity: float) -> np.ndarray:
    """The share of time that all play each of q strategies, (q,), as mutations become rare.

    By the Markov chain tree theorem: only sums of products, so that nothing cancels, and in logs, so that
    nothing vanishes.
    """
    logs = log_fixation(payoffs, population, intensity)
    weights = np.array([logsumexp(list(log_trees(logs, root))) for root in range(len(logs))])
    parts = np.exp(weights - weights.max())  # divided, not subtracted: of logs as large as these digits are lost
    return parts / parts.sum()
