"""Reasons: why a lab decided as it did, and what would have changed its mind."""
