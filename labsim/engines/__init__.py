"""Two engines that run the same rules bit for bit: Mesa, readable, and a compiled one, fast."""
