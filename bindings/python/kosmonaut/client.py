"""The client: plain requests to the broker."""

from __future__ import annotations

import json
import select
import threading
from ctypes import byref, c_void_p
from types import TracebackType
from typing import Any, Dict, Iterable, List, Optional, Type, TypeVar, Union

from . import _requests, _values, errors
from ._calls import Call
from ._handle import Handle
from ._library import lib
from ._requests import Request
from ._values import Payload
from .batch import Batch, Trigger
from .errors import Closed, Error
from .lists import Pages
from .options import Options, OptionsHandle
from .status import Status

T = TypeVar("T")

# A signal that comes just before poll() is noticed after it; this bounds how much later.
LONGEST_POLL_MS = 1000


class BaseClient:
    """What `Client` and `AsyncClient` have in common."""

    def __init__(self, url: str, options: Optional[Options] = None) -> None:
        handle = Handle(lib.kn_client_free)
        error = c_void_p()
        settings = None if options is None else OptionsHandle(options)
        status = lib.kn_client_new(
            _values.text(url, "url"), None if settings is None else settings.pointer,
            byref(handle.pointer), byref(error))
        if status < 0:
            raise errors.taken(status, error)
        self._handle: Optional[Handle] = handle

    @property
    def is_closed(self) -> bool:
        return self._handle is None

    @property
    def requests(self) -> int:
        """How many calls have ended."""
        return int(lib.kn_client_requests(self._open().pointer))

    def requests_with_status(self, status: int) -> int:
        """How many calls have ended with a `Status`."""
        return int(lib.kn_client_requests_with_status(
            self._open().pointer, _values.integer(status, "status", 32)))

    @property
    def pending(self) -> int:
        """How many calls are under way that were handed in."""
        return int(lib.kn_client_pending(self._open().pointer))

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return int(lib.kn_client_connections(self._open().pointer))

    def stats(self) -> Dict[str, Any]:
        """All figures: `requests`, `retries`, `pending`, `connections` and `by_status`. More may be added."""
        handle = self._open()
        return stats_of(lib.kn_client_stats, handle)

    def _open(self) -> Handle:
        """For the length of a call; who keeps it keeps the client from being freed."""
        handle = self._handle
        if handle is None:
            raise Closed("the client was closed")
        handle.require_own_process()
        return handle


class Client(BaseClient, Pages):
    """A client of one vhost, for any number of threads at once.

    Each call waits for its answer, within `Options.request_timeout`. On the main thread Ctrl-C ends
    the wait; whether the server carries such a call out is then open, as after a `TimeoutError`.

    `url` is the vhost's address with its token: `http://wr:TOKEN@HOST[:PORT]/VHOST`, or https.
    Nothing is sent before the first call. Every call raises `Error` (see `kosmonaut.errors`), or
    `Closed` after `close()`.
    """

    def __init__(self, url: str, options: Optional[Options] = None) -> None:
        super().__init__(url, options)
        self._is_driven = False

    def open_channel(self, channel: str) -> None:
        """Opens a channel. One that is open already stays so."""
        self._make(_requests.open_channel(channel))

    def close_channel(self, channel: str) -> None:
        """Closes a channel; its subscribers are told. Raises `NoChannelError` if it was not
        open."""
        self._make(_requests.close_channel(channel))

    def trigger(self, channel: str, event: str, data: Payload = None) -> None:
        """Triggers an event on an open channel: every subscriber receives it.

        `data` is a mapping, or a JSON object as str or bytes, which goes out as it is. Raises
        `NoChannelError` if the channel is not open, `PayloadError` if `data` is no JSON object.
        """
        self._make(_requests.trigger(channel, event, data))

    def request_token(self, uid: str, channels: str) -> str:
        """A single access token, with which one browser authenticates once, as the user `uid`.

        `channels` is a regular expression for the names of the private and presence channels that
        it may subscribe to. Take neither from the browser.
        """
        return self._make(_requests.request_token(uid, channels))

    def trigger_batch(
            self, triggers: Union[Batch, Iterable[Trigger]]) -> List[Optional[Error]]:
        """Triggers many events in one request, in their order; `triggers` may not be empty.

        Returns for each trigger None or its failure. Raises if the batch as a whole failed.
        """
        return self._make(_requests.trigger_batch(triggers))

    def close(self) -> None:
        """Closes the connections. Calls of other threads that are inside run to their end."""
        self._handle = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], failure: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def _make(self, request: Request[T]) -> T:
        handle = self._open()
        # Python looks at signals between its own instructions and on the main thread alone, so
        # there no call into the library may wait.
        if threading.get_ident() == threading.main_thread().ident and not self._is_driven:
            descriptor = lib.kn_client_fd(handle.pointer)
            if descriptor >= 0:
                return self._make_by_polling(handle, descriptor, request)
        return request.wait(handle.pointer)

    def _make_by_polling(self, handle: Handle, descriptor: int, request: Request[T]) -> T:
        call = Call(request)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        try:
            # A signal's handler that calls the client in the midst of this makes a call that waits.
            self._is_driven = True
            call.hand_in(handle.pointer)
            while True:
                dispatch(handle)
                if call.is_over:
                    return call.result()
                poll.poll(LONGEST_POLL_MS)
        finally:
            self._is_driven = False


def dispatch(handle: Handle) -> None:
    """Moves a client's calls on with what is ready."""
    error = c_void_p()
    status = lib.kn_client_dispatch(handle.pointer, byref(error))
    if status < 0:
        raise errors.taken(status, error)
    if status == Status.CLOSED:
        raise Closed("the client was closed")


def stats_of(function: Any, handle: Handle) -> Dict[str, Any]:
    """The figures that a function of the library tells as JSON."""
    text, error = c_void_p(), c_void_p()
    status = function(handle.pointer, byref(text), byref(error))
    if status < 0:
        raise errors.taken(status, error)
    figures: Dict[str, Any] = json.loads(_requests.string_taken(text))
    return figures
