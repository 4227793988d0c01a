"""Runs: many replications, their records, statistics and folders, compared and replayed."""
