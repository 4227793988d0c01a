"""Work that a screen waits for without being blocked: the newest is done, an older one is cancelled."""

import threading
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import solara

from labsim.engines.ensemble import Stop


@dataclass(frozen=True)
class Latest:
    """What is there so far: a value, for which question, whether all of it, or what went wrong."""

    value: Any = None
    key: Hashable = None
    complete: bool = False
    error: str = ""


def use_latest(work: Callable[[Stop], Iterator[Any]], key: Hashable) -> tuple[Latest, bool]:
    """(what is there, whether it answers this key). `work` yields better and better values, in a thread.

    When the key changes the old work's `stop` is set and what it still yields is dropped; until the
    first value for the new key is there, the old value stays.
    """
    latest, set_latest = solara.use_state(Latest())

    def start() -> Callable[[], None]:
        stop = Stop.new()

        def run() -> None:
            value = None
            try:
                for value in work(stop):
                    if stop:
                        return
                    set_latest(Latest(value, key))
                if not stop:
                    set_latest(Latest(value, key, complete=True))
            except KeyboardInterrupt:  # how labsim says that `stop` was set
                return
            except Exception as error:  # shown where the result would be; the rest of the screen goes on
                if not stop:
                    set_latest(Latest(value, key, complete=True, error=str(error) or type(error).__name__))

        threading.Thread(target=run, daemon=True, name="labsim-screen").start()
        return stop.set

    solara.use_effect(start, [key])
    return latest, latest.key == key
