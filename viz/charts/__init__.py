"""Charts as SVG: the kit, the marks, the figures."""
