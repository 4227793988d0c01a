"""Reports: a world or a run as one page; which assumptions matter most."""
