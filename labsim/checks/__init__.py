"""Checks: what scenarios expect of themselves, calibrations, limiting cases."""
