"""The numbers of libkosmonaut by their names."""

from __future__ import annotations

from enum import IntEnum


class _Named(IntEnum):
    """Numbers that print as their names, in every release of Python."""

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    def __format__(self, form: str) -> str:
        return format(int(self), form) if form else str(self)


class Status(_Named):
    """What a call had to say: 0 done, above 0 nothing to hand over, below 0 failed.

    Later releases add some on both sides, so an `Error` may have one that is not here.
    """

    OK = 0
    AGAIN = 1
    CLOSED = 2
    INTERRUPTED = 3
    EINVAL = -101
    ENOMEM = -102
    EJSON = -103
    ETOOBIG = -104
    ECONNECT = -201
    ETLS = -202
    ETIMEOUT = -203
    EIO = -204
    EPROTOCOL = -205
    EBADREQUEST = -301
    EUNAUTHORIZED = -302
    EFORBIDDEN = -303
    ENOVHOST = -304
    ENOCHANNEL = -305
    EBADCHANNEL = -306
    ERATELIMIT = -307
    EUNAVAILABLE = -308
    ESERVER = -309
    ECONFLICT = -310
    EREPLACED = -311
    ENOGROUP = -313
    ESTATE = -401
    EFORK = -402
    EFULL = -403
    EINTERNAL = -999


class WorkerState(_Named):
    """What a worker is doing."""

    IDLE = 0
    """Not used yet."""
    CONNECTING = 1
    CONNECTED = 2
    WAITING = 3
    """Between two tries."""
    CLOSING = 4
    CLOSED = 5
    """Closed, ended by the server, or failed for good."""


class EventKind(_Named):
    """What kind of event it is."""

    MESSAGE = 0
    """A message that a browser sent."""
    GAP = 1
    """The broker says that messages were lost (at least once only)."""


class Delivery(_Named):
    """Whether a worker loses events that it was sent, or gets some again."""

    AT_MOST_ONCE = 0
    AT_LEAST_ONCE = 1


class Order(_Named):
    """The key of which a group's workers deal with one event at a time."""

    NONE = 0
    SID = 1
    UID = 2
    CHANNEL = 3


class LogLevel(_Named):
    """How serious a line of the log is; a level includes those above it."""

    ERROR = 1
    WARNING = 2
    INFO = 3
    DEBUG = 4
