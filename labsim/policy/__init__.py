"""Policies: every rule and safeguard alone and in pairs, under the same luck."""
