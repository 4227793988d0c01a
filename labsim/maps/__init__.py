"""Maps: which game, or what outcome, over two parameters; tipping points over one."""
