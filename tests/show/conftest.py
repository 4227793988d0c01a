"""What tests of printed words share: a terminal that keeps them."""

import io

import pytest

from labsim.show import terminal


@pytest.fixture
def printed(monkeypatch):
    """`printed()`: what went to a terminal of 120 columns since the test began."""
    text = io.StringIO()
    monkeypatch.setattr(terminal.out, "_file", text)
    monkeypatch.setattr(terminal.out, "_width", 120)
    return text.getvalue
