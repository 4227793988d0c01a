"""Visitors of the app without a browser: what one hundred that leave without a word, and fifty at once, do to it.

    python -m tests.viz.sessions [--dropped 100] [--moving 50] [--moves 3]

Serves the app so that sessions without a page are culled after seconds. Opens and drops sessions without the beacon
that a closed tab sends, waits for the cull and prints the memory before and after. Then as many visitors as are asked
for move a lever at once, each several times, and each must be answered with the futures of its own world: those that
this process finds by itself. Exit 1 if one is not, or if the memory is not back within 5 MB. Timings depend on what
else the machine does.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import struct
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
import websockets
from websockets.asyncio.client import connect

from labsim.engines import ensemble
from labsim.engines.ensemble import Stop
from tests.conftest import serve
from viz.charts.game_table import named
from viz.screens.explore import show
from viz.screens.tiles import tiles
from viz.world import levers
from viz.world.scale import STEPS, value_at
from viz.world.sentence import sentence
from viz.world.world import World

LEVER = "competition.winner_share"
SHIPPED = levers.lever(LEVER, World().resolve())["place"]  # where it stands when the screen opens
PLACES = [place for place in range(STEPS + 1) if place != SHIPPED]
MODEL = "IPY_MODEL_"  # before the id of a widget, where another names it
CULL, MARGIN = 3, 4  # seconds without a page, and a while for the memory
PATIENCE = 600  # seconds for an answer: many share few cores
BACK = 5.0  # MB
FIRST = 40  # visitors that fill the server's pools of threads and memory once; from then on it is level


@dataclass(frozen=True)
class Results:
    """What Explore shows of a world: one future, the band of all, and words and numbers in their order."""

    future: dict[str, Any]
    band: dict[str, list[float]]
    text: str

    def are_of(self, place: int) -> bool:
        """Whether they are those of the world with the lever at a place, as found here without a server."""
        own = World().resolve().get(LEVER)
        *_, due = show(levers.moved(World(), LEVER, value_at(LEVER, place, own)), 0, Stop.new())
        said, labs = sentence(due.world, due.beside), len(due.world.resolve().all_labs)
        words = [said.words, said.result, named(due.game.label), f"{due.beside.n:,} futures"]
        words += [tile.value for tile in tiles(due.beside, labs, "")]
        return (self.future, self.band) == (due.future, due.band()) and all(each in self.text for each in words)


class Visitor:
    """One tab: its websocket, and the state of its widgets as the server told it, by id."""

    def __init__(self, address: str, path: str = "/explore") -> None:
        self.address, self.path = address.removeprefix("http://"), path
        self.kernel, self.page, self.models = str(uuid.uuid4()), str(uuid.uuid4()), {}
        self.finished = False

    async def open(self) -> "Visitor":
        """Connect and ask for the screen; returns when it stands."""
        url = f"ws://{self.address}/jupyter/api/kernels/{self.kernel}/channels?session_id={self.page}"
        cookie = {"Cookie": f"solara-session-id={self.page}"}
        self.socket = await connect(url, additional_headers=cookie, max_size=None, open_timeout=PATIENCE)
        control = str(uuid.uuid4())
        await self.say("comm_open", {"comm_id": control, "target_name": "solara.control", "data": {}})
        asked = {"method": "run", "args": {"path": self.path, "appName": None, "dark": False, "themes": None}}
        await self.say("comm_msg", {"comm_id": control, "data": asked})
        await self.until(lambda: self.finished)
        return self

    async def say(self, kind: str, content: dict[str, Any]) -> None:
        """Send one message of the Jupyter protocol."""
        header = {"msg_type": kind, "msg_id": uuid.uuid4().hex, "session": self.page, "username": "", "date": "",
                  "version": "5.2"}  # fmt: skip
        message = {"header": header, "channel": "shell", "content": content, "parent_header": {}, "metadata": {}}
        await self.socket.send(json.dumps({**message, "buffers": []}))

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Listen until something holds. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while not (result := holds()):
                self.hear(await self.socket.recv())
        return result

    def hear(self, frame: str | bytes) -> None:
        """Take in one message."""
        message = json.loads(frame if isinstance(frame, str) else _first(frame))
        content, kind = message["content"], message["header"]["msg_type"]
        if kind == "comm_open":
            self.models[content["comm_id"]] = dict(content["data"].get("state", {}))
        elif kind == "comm_close":
            self.models.pop(content["comm_id"], None)
        elif kind == "comm_msg" and content["data"].get("method") == "update":
            self.models.setdefault(content["comm_id"], {}).update(content["data"]["state"])
        elif kind == "comm_msg" and content["data"].get("method") == "finished":
            self.finished = True

    def model(self, *keys: str) -> tuple[str, dict[str, Any]] | None:
        """(id, state) of the widget that has all these keys."""
        return next(((name, state) for name, state in self.models.items() if state.keys() >= set(keys)), None)

    def stands(self) -> int:
        """The place of the lever; what is as shipped is not among what is changed."""
        _, panel = self.model("groups", "tally")
        return panel["changed"].get(LEVER, {"place": SHIPPED})["place"]

    def settled(self) -> bool:
        """Whether the results stand: the futures, the sentence, the game."""
        looks = [state.get("attributes") or {} for state in self.models.values() if state.get("class_") == "right"]
        return any(each.get("aria-busy") == "false" for each in looks)

    async def move(self, place: int) -> float:
        """Move the lever; returns the seconds until all results of the new world stand.

        Raises ValueError if it stands there already: then nothing is asked, and nothing is answered.
        """
        start = time.monotonic()
        name, _ = await self.until(lambda: self.model("groups", "tally"))
        if self.stands() == place:
            raise ValueError(f"the lever stands at {place} already")
        event = {"event": "event_move", "data": {"path": LEVER, "place": place}}
        await self.say("comm_msg", {"comm_id": name, "data": {"method": "custom", "content": event}})
        await self.until(lambda: self.stands() == place)
        await self.until(lambda: not self.settled())
        await self.until(self.settled)
        return time.monotonic() - start

    def results(self) -> Results:
        """What the screen shows now."""
        _, stage = self.model("future", "band")
        right = next(name for name, state in self.models.items() if state.get("class_") == "right")
        return Results(stage["future"], stage["band"], self._text(right))

    def _text(self, name: str) -> str:
        """The text of a widget and of all in it."""
        children = self.models[name].get("children", [])
        inner = [self._text(each.removeprefix(MODEL)) if each.startswith(MODEL) else each for each in children]
        return " ".join(each.strip() for each in inner)

    async def drop(self) -> None:
        """Go without a word: no beacon, as when a lid is closed."""
        self.socket.transport.abort()
        await self.socket.wait_closed()


def _first(frame: bytes) -> bytes:
    """The message of a binary frame, without its buffers."""
    parts = struct.unpack_from("!I", frame)[0]
    begin, *ends = struct.unpack_from(f"!{parts}I", frame, 4)
    return frame[begin : ends[0] if ends else None]


def memory(process: Any) -> float:
    """Resident memory in MB."""
    return psutil.Process(process.pid).memory_info().rss / 1e6


async def opened_and_dropped(address: str, count: int, at_once: int = 10) -> None:
    """So many sessions, a few at a time, each gone as soon as its screen stands."""
    for first in range(0, count, at_once):
        visitors = [Visitor(address) for _ in range(min(at_once, count - first))]
        await asyncio.gather(*(visitor.open() for visitor in visitors))
        await asyncio.gather(*(visitor.drop() for visitor in visitors))


def places(number: int, moves: int) -> list[int]:
    """Where a visitor moves the lever, each time from somewhere else; visitors begin at different places."""
    return [PLACES[(37 * number + 61 * move) % len(PLACES)] for move in range(moves)]


async def all_moving(address: str, count: int, moves: int) -> list[tuple[int, float, Results]]:
    """So many visitors move levers at once; for each move its place, the seconds to the answer, and what it was.

    Raises TimeoutError, ConnectionClosed.
    """
    visitors = await asyncio.gather(*(Visitor(address).open() for _ in range(count)))

    async def one(number: int, visitor: Visitor) -> list[tuple[int, float, Results]]:
        return [(place, await visitor.move(place), visitor.results()) for place in places(number, moves)]

    answers = await asyncio.gather(*(one(number, visitor) for number, visitor in enumerate(visitors)))
    await asyncio.gather(*(visitor.socket.close() for visitor in visitors))
    return [answer for of_one in answers for answer in of_one]


def main() -> None:
    """Serve, visit, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dropped", type=int, default=100, help="sessions opened and dropped")
    parser.add_argument("--moving", type=int, default=50, help="visitors who move levers at once")
    parser.add_argument("--moves", type=int, default=3, help="moves of each")
    asked = parser.parse_args()
    ensemble.warm()
    served, address = serve("--port", "0", env=culling(CULL))
    try:
        faults = measured(served, address, asked.dropped, asked.moving, asked.moves)
    finally:
        served.send_signal(signal.SIGINT)
        _, told = served.communicate(timeout=30)
    print(f"  the server said: {told.strip() or 'nothing'}")
    sys.exit(1 if faults else 0)


def culling(seconds: float) -> dict[str, str]:
    """The environment in which the app forgets sessions without a page after so many seconds."""
    return {**os.environ, "SOLARA_KERNEL_CULL_TIMEOUT": f"{seconds}s"}


def measured(served: Any, address: str, dropped: int, moving: int, moves: int) -> bool:
    """Do all of it and print what was seen; whether something was not as it must be."""

    def after_the_cull() -> float:
        time.sleep(CULL + MARGIN)
        return memory(served)

    asyncio.run(opened_and_dropped(address, min(dropped, FIRST)))
    before = after_the_cull()
    asyncio.run(opened_and_dropped(address, dropped))
    full = memory(served)
    after = after_the_cull()
    print(f"{dropped} sessions opened and dropped: {before:.1f} MB before, {full:.1f} with them, {after:.1f} after")
    try:
        answers = asyncio.run(all_moving(address, moving, moves))
    except (TimeoutError, websockets.ConnectionClosed) as error:
        print(f"{moving} visitors moving: not all answered: {type(error).__name__} {error}")
        return True
    times = sorted(seconds for _, seconds, _ in answers)
    slow = times[min(len(times) - 1, round(0.95 * len(times)))]
    print(f"{moving} visitors moving a lever {moves} times at once: all {len(times)} answered in full, "
          f"median {statistics.median(times):.1f} s, 19 of 20 in {slow:.1f} s")  # fmt: skip
    print(f"  memory {memory(served):.1f} MB, {after_the_cull():.1f} after they left")
    wrong = [place for place, _, results in answers if not results.are_of(place)]
    print(f"  answers with another world's results: {len(wrong)}{f', the lever at {wrong}' if wrong else ''}")
    return bool(wrong) or after - before > BACK


if __name__ == "__main__":
    main()
