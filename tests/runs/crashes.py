"""A process that dies while it writes: forked from this one, so that nothing has to be compiled or imported again."""

import os
import resource
from collections.abc import Callable

from labsim.runs import whole

KILLED, FAULT = 137, 99
FULL = 3  # what a command says when writing ended half-way


def forked(work: Callable[[], int]) -> int:
    """The exit code of some work in a process of its own."""
    child = os.fork()
    if child == 0:
        code = FAULT
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(count: int, work: Callable[[], int]) -> int:
    """Do some work and die at the `count`-th moment at which a file or folder is put on the disk, without a word.

    Before and after every rename there is such a moment. The exit code is KILLED, or that of the work if it ended
    before.
    """
    moments = iter(range(count, -1, -1))

    def dying() -> int:
        def sync(path):
            if next(moments) == 0:
                os._exit(KILLED)
            sync_file(path)

        sync_file, whole.sync = whole.sync, sync
        return work()

    return forked(dying)


def with_largest_file(size: int, work: Callable[[], int]) -> int:
    """The exit code of some work where no file can have more than `size` bytes, as on a disk that is full."""

    def limited() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return work()

    return forked(limited)
