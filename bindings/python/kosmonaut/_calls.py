"""Requests that were handed in: how their end finds whoever waits for it."""

from __future__ import annotations

import itertools
from ctypes import c_void_p
from typing import Any, Dict, Generic, Optional, TypeVar, cast

from ._abi import Completion, Destroy
from ._requests import Request

T = TypeVar("T")

# By number, since the library is given one instead of a reference, until it lets go of it.
_calls: Dict[int, "Call[Any]"] = {}
_numbers = itertools.count(1)


class Call(Generic[T]):
    """A request that was handed in. Its end is kept here, and comes out in `result()`."""

    def __init__(self, request: Request[T]) -> None:
        self.request = request
        self.is_over = False
        self._value: Optional[T] = None
        self._failure: Optional[BaseException] = None

    def hand_in(self, client: c_void_p) -> None:
        """Raises, if the client does not take it, and is then over."""
        number = next(_numbers)
        _calls[number] = self
        self.request.hand_in(client, _ON_END, number, _ON_LET_GO)

    def result(self) -> T:
        failure, self._failure = self._failure, None
        try:
            if failure is not None:
                raise failure
        finally:
            del failure  # it refers to this frame by now, and would keep the client from going
        return cast(T, self._value)

    def ended(self, result: int) -> None:
        """Nothing may be raised into the library's frames: whatever happens is the call's end."""
        try:
            self._value = self.request.value(result)
        except BaseException as failure:
            self._failure = failure
        self.is_over = True

    def let_go(self) -> None:
        """Without having ended: the client was freed, or what a signal's handler raised came before
        the first line of `_on_end`, and was lost there."""
        self._failure = KeyboardInterrupt()
        self.is_over = True


def _on_end(result: int, number: int) -> None:
    _calls[number].ended(result)


def _on_let_go(number: int) -> None:
    call = _calls.pop(number, None)
    if call is not None and not call.is_over:
        call.let_go()


_ON_END = Completion(_on_end)
_ON_LET_GO = Destroy(_on_let_go)
