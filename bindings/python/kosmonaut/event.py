"""An event that a browser sent."""

from __future__ import annotations

from ctypes import byref, c_size_t, c_void_p, string_at
from typing import Any, Optional

from . import _values, errors
from ._library import lib
from .status import EventKind, Status

_free = lib.kn_event_free


class Event:
    """An event, as a worker hands it over. It outlives its worker, and any thread may use it.

    At most once, which is the default, there is nothing to answer. At least once, an event that is
    dropped without an answer is given back to the broker.
    """

    __slots__ = ("_pointer", "_is_in_handler", "_is_deferred", "__weakref__")

    def __init__(self) -> None:
        self._pointer = c_void_p()
        self._is_in_handler = False
        self._is_deferred = False

    def __del__(self) -> None:
        _free(self._pointer)

    def __repr__(self) -> str:
        return f"<kosmonaut.Event {self.topic} id={self.id!r}>"

    @property
    def topic(self) -> str:
        """`channel/name`, as it came."""
        return str(lib.kn_event_topic(self._pointer).decode())

    @property
    def channel(self) -> str:
        """The topic's part before the first slash; "" if there is none."""
        return str(lib.kn_event_channel(self._pointer).decode())

    @property
    def name(self) -> str:
        """The topic's part after the first slash, or the whole of it."""
        return str(lib.kn_event_name(self._pointer).decode())

    @property
    def id(self) -> str:
        """The event's id in its stream; "" when the stream gave none."""
        return str(lib.kn_event_id(self._pointer).decode())

    @property
    def uid(self) -> Optional[str]:
        """The authenticated user who sent it, by the broker's word; None for anybody. Where `sid` is
        None as well, who sent it is not known."""
        uid = lib.kn_event_uid(self._pointer)
        return None if uid is None else str(uid.decode())

    @property
    def sid(self) -> Optional[str]:
        """The session, that is the connection, that sent it."""
        sid = lib.kn_event_sid(self._pointer)
        return None if sid is None else str(sid.decode())

    @property
    def raw(self) -> bytes:
        """The payload, byte for byte as it came."""
        length = c_size_t()
        data = lib.kn_event_data(self._pointer, byref(length))
        return string_at(data, length.value)

    @property
    def data(self) -> Any:
        """The payload, read as JSON anew each time: from a WebRocket broker always a dict.

        An integer with more digits than Python reads (`sys.set_int_max_str_digits()`) is a float.
        Raises `ValueError` for what is no JSON.
        """
        return _values.read_json(self.raw)

    @property
    def kind(self) -> int:
        """One of `EventKind`."""
        kind = int(lib.kn_event_kind(self._pointer))
        return EventKind(kind) if kind in EventKind.__members__.values() else kind

    @property
    def attempt(self) -> int:
        """How often it was delivered, this time included."""
        return int(lib.kn_event_attempt(self._pointer))

    @property
    def ref(self) -> Optional[str]:
        """The reference under which a page sent it, at least once: the key by which a repetition is
        told, over the whole way."""
        ref = lib.kn_event_ref(self._pointer)
        return None if ref is None else str(ref.decode())

    @property
    def time(self) -> Optional[float]:
        """When the broker took it, at least once: seconds since 1970, by the broker's clock."""
        time_ms = int(lib.kn_event_time_ms(self._pointer))
        return None if time_ms < 0 else time_ms / 1000

    def retain(self) -> Event:
        """Another object for the same event, which is let go of when both are gone."""
        other = Event()
        other._pointer.value = lib.kn_event_retain(self._pointer)
        return other

    def ack(self) -> None:
        """Says that the event was dealt with. The answer goes out in the worker's next call.

        Raises `StateError` if it already had an answer, `Closed` if it is too late.
        """
        errors.require_ok(lib.kn_event_ack(self._pointer))

    def nack(self, delay: float = 0) -> None:
        """Gives the event back, to be delivered again after `delay` seconds.

        Raises `StateError` if it already had an answer or delivery is at most once, `Closed` if it
        is too late.
        """
        errors.require_ok(
            lib.kn_event_nack(self._pointer, _values.milliseconds(delay, "delay")))

    def decline(self, delay: float = 0) -> None:
        """Gives the event back because this program has nothing for it, which does not count against
        it. Raises as `nack()`."""
        errors.require_ok(
            lib.kn_event_decline(self._pointer, _values.milliseconds(delay, "delay")))

    def extend(self) -> None:
        """Asks for more time: the broker's deadline for the answer begins anew. Raises as `nack()`."""
        errors.require_ok(lib.kn_event_extend(self._pointer))

    def defer(self) -> None:
        """Says, in a handler, that the answer will come later: keep the event, and `ack()` it then.

        Raises `StateError` outside a handler.
        """
        # Not kn_event_defer(): handlers are run here and not by the library, for which the event
        # was handed over for good.
        if not self._is_in_handler:
            raise errors.of_status(Status.ESTATE, "an event is deferred inside its handler")
        self._is_deferred = True
