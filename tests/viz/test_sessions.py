"""A visitor is answered wherever the lever is moved to; where it stands already nothing is asked."""

import asyncio
import itertools

import pytest

from tests.viz.sessions import SHIPPED, Visitor, places


def test_every_move_of_every_visitor_asks_for_something():
    """One that does not is never answered: among the first fifty, one used to begin where the lever stands."""
    for number in range(1000):
        asked = [SHIPPED, *places(number, 9)]
        assert all(here != there for here, there in itertools.pairwise(asked))


def test_visitors_begin_at_different_places():
    assert len({places(number, 1)[0] for number in range(50)}) == 50


def test_moves_away_and_back_to_what_is_shipped_are_answered(address):
    async def visit():
        visitor = await Visitor(address).open()
        with pytest.raises(ValueError, match=f"stands at {SHIPPED} already"):
            await visitor.move(SHIPPED)
        for place in (60, SHIPPED, 60):
            await visitor.move(place)
            assert visitor.results().are_of(place)
        await visitor.drop()

    asyncio.run(visit())
