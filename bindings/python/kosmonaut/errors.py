"""What the library's failures are in Python."""

from __future__ import annotations

import builtins
from ctypes import c_void_p
from typing import Any, Dict, Optional, Tuple, Type

from ._library import lib
from .status import Status


class Stopped(Exception):
    """Nothing went wrong, but nothing comes either."""

    _worker: Any = None  # the one that has stopped, if it is a worker


class Closed(Stopped):
    """The worker or the client was closed, or the server ended the stream for good."""


class Interrupted(Stopped):
    """`Worker.interrupt()` woke the call."""


class Error(Exception):
    """A call failed. The subclass says in which way; the attributes say more."""

    status: int
    """One of `Status`, or a number that a newer library added."""
    message: str
    """What happened, in a line for a person. It never holds a token."""
    http_status: int
    """The status code of the HTTP answer that was the failure, such as 404; 0: no answer."""
    server_code: int
    """The broker's own number for the failure, such as 454; 0: it gave none."""
    retry_after: Optional[float]
    """Seconds that the server asks to wait before the next try; None: it did not say."""

    def __init__(self, status: int, message: str = "", http_status: int = 0, server_code: int = 0,
                 retry_after: Optional[float] = None) -> None:
        if not message:
            message = lib.kn_status_message(status).decode()
        super().__init__(message)
        self.status = status
        self.message = message
        self.http_status = http_status
        self.server_code = server_code
        self.retry_after = retry_after

    @property
    def status_name(self) -> str:
        """The status's name, such as "KN_ENOCHANNEL"."""
        return str(lib.kn_status_name(self.status).decode())

    @property
    def is_retriable(self) -> bool:
        """Whether the same call may well succeed if it is made again later.

        A call that ended with `TimeoutError` or `ConnectionLostError` may have been carried out.
        """
        return bool(lib.kn_status_is_retriable(self.status))

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (self.status, self.message, self.http_status, self.server_code,
                            self.retry_after)


class CallError(Error):
    """The call itself was wrong, or there was no room for it; nothing was sent."""


class TransportError(Error):
    """The server could not be talked to, or not to the end."""


class RefusedError(Error):
    """The server answered, and the answer was no."""


class HandleError(Error):
    """The client or the worker cannot do this now."""


class InvalidArgumentError(CallError, ValueError):
    """A bad argument, a malformed URL, or a name outside the grammar."""


class OutOfMemoryError(CallError, MemoryError):
    """Out of memory or descriptors. Client and worker are still usable."""


class PayloadError(CallError, ValueError):
    """The payload is not a JSON object."""


class TooBigError(CallError):
    """Over a size limit: one of the options, or the server's (413)."""


class ConnectError(TransportError, ConnectionError):
    """The server's name could not be resolved, or it could not be connected to."""


class TLSError(TransportError):
    """The TLS handshake or a certificate was refused, or a certificate file cannot be read."""


class TimeoutError(TransportError, builtins.TimeoutError):
    """One of the time limits in the options ran out. The server may have carried the call out."""


class ConnectionLostError(TransportError, ConnectionError):
    """The connection broke midway. The server may have carried the call out."""


class ProtocolError(TransportError):
    """The answer is not what a WebRocket server would say."""


class BadRequestError(RefusedError):
    """400, and every 4xx without a class of its own."""


class UnauthorizedError(RefusedError):
    """401: the vhost's token is wrong or was replaced."""


class ForbiddenError(RefusedError):
    """403: the server forbids it."""


class NoVhostError(RefusedError):
    """404: the vhost does not exist."""


class NoChannelError(RefusedError):
    """404: the channel is not open."""


class BadChannelError(RefusedError):
    """400: the server does not allow this channel name."""


class RateLimitError(RefusedError):
    """429: too many requests; see `retry_after`."""


class UnavailableError(RefusedError):
    """502, 503 or 504: the server, or a proxy before it, is not available now."""


class ServerError(RefusedError):
    """Every other 5xx."""


class ConflictError(RefusedError):
    """409: the request conflicts with an earlier one."""


class ReplacedError(RefusedError):
    """Another worker took this one's name."""


class NoGroupError(RefusedError):
    """404: the group does not exist."""


class StateError(HandleError):
    """Not allowed in this state, or beside the call that is running."""


class ForkError(HandleError):
    """The client or the worker belongs to the process that this one was forked from."""


class FullError(HandleError):
    """Too many calls are pending; nothing was taken."""


class InternalError(Error):
    """A bug in the library. Please report it with the message."""


BY_STATUS: Dict[int, Type[Error]] = {
    Status.EINVAL: InvalidArgumentError,
    Status.ENOMEM: OutOfMemoryError,
    Status.EJSON: PayloadError,
    Status.ETOOBIG: TooBigError,
    Status.ECONNECT: ConnectError,
    Status.ETLS: TLSError,
    Status.ETIMEOUT: TimeoutError,
    Status.EIO: ConnectionLostError,
    Status.EPROTOCOL: ProtocolError,
    Status.EBADREQUEST: BadRequestError,
    Status.EUNAUTHORIZED: UnauthorizedError,
    Status.EFORBIDDEN: ForbiddenError,
    Status.ENOVHOST: NoVhostError,
    Status.ENOCHANNEL: NoChannelError,
    Status.EBADCHANNEL: BadChannelError,
    Status.ERATELIMIT: RateLimitError,
    Status.EUNAVAILABLE: UnavailableError,
    Status.ESERVER: ServerError,
    Status.ECONFLICT: ConflictError,
    Status.EREPLACED: ReplacedError,
    Status.ENOGROUP: NoGroupError,
    Status.ESTATE: StateError,
    Status.EFORK: ForkError,
    Status.EFULL: FullError,
    Status.EINTERNAL: InternalError,
}

# The families take in what later releases add to them.
_BY_HUNDRED: Dict[int, Type[Error]] = {
    1: CallError, 2: TransportError, 3: RefusedError, 4: HandleError}


def class_of(status: int) -> Type[Error]:
    """The class of a status below 0."""
    return BY_STATUS.get(status) or _BY_HUNDRED.get(-status // 100, Error)


def of_status(status: int, message: str = "") -> Error:
    """A failure of which no more is known."""
    return class_of(status)(status, message)


def copied(error: Any) -> Error:
    """What a `kn_error` says. It stays whose it was."""
    status = lib.kn_error_status(error)
    retry_after_ms = lib.kn_error_retry_after_ms(error)
    return class_of(status)(
        status,
        lib.kn_error_message(error).decode(errors="replace"),
        lib.kn_error_http_status(error),
        lib.kn_error_server_code(error),
        None if retry_after_ms < 0 else retry_after_ms / 1000)


def taken(status: int, error: c_void_p) -> Error:
    """The failure of a call that returned `status` and handed over `error`, which is freed."""
    if not error:
        return of_status(status)
    try:
        return copied(error)
    finally:
        lib.kn_error_free(error)


def require_ok(status: int) -> None:
    """For calls that tell their status alone."""
    if status == Status.CLOSED:
        raise Closed
    if status < 0:
        raise of_status(status)
