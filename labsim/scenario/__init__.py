"""Scenarios: a question and its world, as objects, files, presets, changes; names for what is registered."""
