"""The library's objects in Python, and what has to hold before one is used."""

from __future__ import annotations

import os
from ctypes import c_void_p
from typing import Any, Callable

from .errors import ForkError
from .status import Status


class _Process:
    """Another one in each process; comparing it costs no system call."""


_process = _Process()


def _after_fork() -> None:
    global _process
    _process = _Process()


os.register_at_fork(after_in_child=_after_fork)


class Handle:
    """Owns one object of the library and frees it when nobody refers to this any more.

    A method that calls the library keeps a reference for as long as it is inside, so that closing
    on another thread drops the handle, and the last one out frees it. That may be the garbage
    collector, on any thread: the library allows it.
    """

    __slots__ = ("pointer", "_free", "_process", "__weakref__")

    def __init__(self, free: Callable[[Any], None]) -> None:
        # Written to by the call that makes the object, so that nothing is lost when a signal's
        # handler raises just after it.
        self.pointer = c_void_p()
        self._process = _process
        self._free = free

    def __del__(self) -> None:
        self._free(self.pointer)

    @property
    def is_of_this_process(self) -> bool:
        return self._process is _process

    def require_own_process(self) -> None:
        if self._process is not _process:
            raise ForkError(
                Status.EFORK, "it was made before fork(), in the parent process: make one here")
