"""Pause specifications: when a loop must stop for human review, as a file, scored and printed."""
