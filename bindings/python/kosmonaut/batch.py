"""Many triggers in one request."""

from __future__ import annotations

from ctypes import c_void_p
from typing import Iterable, Tuple, Union

from . import _values, errors
from ._handle import Handle
from ._library import lib
from ._values import Payload
from .status import Status

Trigger = Union[Tuple[str, str], Tuple[str, str, Payload]]
"""A channel, an event's name, and its data."""


class Batch:
    """Triggers that go out together, in their order. One thread at a time may use it."""

    def __init__(self, triggers: Iterable[Trigger] = ()) -> None:
        self._handle = Handle(lib.kn_batch_free)
        self._handle.pointer.value = lib.kn_batch_new()
        if not self._handle.pointer:
            raise errors.of_status(Status.ENOMEM)
        for trigger in triggers:
            self.add(*trigger)

    def add(self, channel: str, event: str, data: Payload = None) -> None:
        """Adds a trigger; nothing is sent.

        Raises `PayloadError`, or `InvalidArgumentError` for a name outside the grammar; then
        nothing was added.
        """
        payload = _values.payload(data)
        status = lib.kn_batch_add(
            self._handle.pointer, _values.text(channel, "channel"), _values.text(event, "event"),
            payload, 0 if payload is None else len(payload))
        if status < 0:
            # By its place: what was given for a name may be a token that went astray.
            raise errors.of_status(
                status, f"trigger {len(self) + 1} cannot be: "
                f"{lib.kn_status_message(status).decode()}")

    def clear(self) -> None:
        """Takes all triggers out, so that it can be filled anew."""
        lib.kn_batch_clear(self._handle.pointer)

    def __len__(self) -> int:
        return int(lib.kn_batch_count(self._handle.pointer))

    @property
    def _as_parameter_(self) -> c_void_p:
        return self._handle.pointer
