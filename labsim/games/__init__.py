"""Games: the closure game of a world, its equilibria, and tournaments of strategies."""
