"""Who sees whose ideas: a graph drawn once per scenario, the same in every replication."""

from functools import lru_cache

import numpy as np

SEED = 20260401  # the graph is part of the scenario, not of the luck


@lru_cache(maxsize=64)
def weights(form: str, labs: int) -> np.ndarray:
    """Adjacency of the ideas network: shape (labs, labs), 1 where a lab sees another, diagonal 0.

    Forms: complete, ring, star, random (each pair with chance 1/2), small_world (Watts & Strogatz,
    4 neighbours, 10 % rewired), scale_free (Barabasi & Albert, 2 links each). Small worlds too small
    for their form are complete.
    """
    if form == "complete" or labs < 4:
        return _fixed(1.0 - np.eye(labs))
    import networkx as nx  # a tenth of the time to start, which the complete network does without

    if form == "ring":
        graph = nx.cycle_graph(labs)
    elif form == "star":
        graph = nx.star_graph(labs - 1)
    elif form == "random":
        graph = nx.gnp_random_graph(labs, 0.5, seed=SEED)
    elif form == "small_world":
        graph = nx.watts_strogatz_graph(labs, min(4, labs - 1), 0.1, seed=SEED)
    elif form == "scale_free":
        graph = nx.barabasi_albert_graph(labs, 2, seed=SEED)
    else:
        raise ValueError(f"network {form!r}: not one of the forms in competition.network")
    return _fixed(nx.to_numpy_array(graph, nodelist=range(labs)))


def _fixed(matrix: np.ndarray) -> np.ndarray:
    """The matrix, which is shared, made read-only."""
    matrix.setflags(write=False)
    return matrix
