"""What is looked at: the world of a link, its ensembles, its words. No element of a page."""
