"""Everything about a client or a worker that has a default."""

from __future__ import annotations

import _thread
import itertools
import logging
import os
from ctypes import c_void_p
from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Union

from . import _values, errors
from ._abi import Destroy, LogHandler
from ._handle import Handle
from ._library import lib
from .status import LogLevel, Status

_Path = Union[str, "os.PathLike[str]"]

_TO_LOGGING = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


@dataclass(frozen=True)
class Options:
    """Settings for `Client`, `Worker` and those of asyncio, each of which ignores what it has no
    use for.

    None is the library's default. Times are seconds; `math.inf` is "for ever". A setting that
    cannot be is refused at once: by an `InvalidArgumentError` that names it, or a `TypeError`.
    """

    connect_timeout: Optional[float] = None
    """For resolving the name, TCP and TLS together. Default: 5 s."""
    request_timeout: Optional[float] = None
    """For a client's call in all. Default: 10 s."""
    idle_timeout: Optional[float] = None
    """How long a worker's stream may be silent before it is made anew. Default: 45 s."""
    reconnect_delay: Optional[Tuple[float, float]] = None
    """The least and the most that a worker waits before it connects again. Default: (1, 30)."""
    filter: Optional[str] = None
    """Which topics a worker asks for: a regular expression that matches a whole topic. Workers with
    the same text share the events. Default: what its handlers cover. "": every topic."""
    max_event_size: Optional[int] = None
    """Bytes of an event that a worker accepts. Default: 16 MiB."""
    max_response_size: Optional[int] = None
    """Bytes of an answer that a client accepts. Default: 1 MiB."""
    max_connections: Optional[int] = None
    """Of a client, 1 to 1024. Default: 32."""
    max_pending: Optional[int] = None
    """Calls that may be under way in an `AsyncClient`. Default: 10000."""
    retries: Optional[int] = None
    """How often a client's call is tried again; it has one effect all the same. 0: never. Default: 4."""
    delivery: Optional[int] = None
    """One of `Delivery`. `AT_LEAST_ONCE`: the broker sends an event until a worker of the group has
    acknowledged it. Default: `AT_MOST_ONCE`."""
    group: Optional[str] = None
    """The group whose events a worker shares, at least once."""
    window: Optional[int] = None
    """How many events a worker has unacknowledged at most, 1 to 10000. Default: 256."""
    order: Optional[int] = None
    """One of `Order`: which of a group's events are dealt with one after the other. Default: the
    group's."""
    auto_ack: Optional[bool] = None
    """Whether a handler's return acknowledges its event. Default: True."""
    worker_name: Optional[str] = None
    """Under which the broker lists a worker. At least once it is the name within the group."""
    ca_file: Optional[_Path] = None
    """Certificate authorities (PEM), instead of the system's."""
    client_certificate: Union[_Path, Tuple[_Path, _Path], None] = None
    """A file (PEM) with certificate and key, or two files."""
    verify: Optional[bool] = None
    """False accepts any server, and anyone on the way can read the token. Default: True."""
    proxy: Optional[str] = None
    """Such as "http://proxy:3128"; "environment": what `https_proxy` and the like say."""
    unix_socket: Optional[_Path] = None
    """A socket to connect to, instead of the URL's host and port."""
    headers: Optional[Mapping[str, str]] = None
    """Sent with every request."""
    user_agent: Optional[str] = None
    log: Optional[logging.Logger] = None
    """Where the log goes, as talkative as this logger is when the client or worker is made. What
    its handlers raise is reported by `sys.unraisablehook`."""

    def __post_init__(self) -> None:
        OptionsHandle(self, _CHECKED_SETTERS)


class OptionsHandle(Handle):
    """A `kn_options` with the settings in it."""

    __slots__ = ()

    def __init__(self, options: Options, setters: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(lib.kn_options_free)
        self.pointer = c_void_p(lib.kn_options_new())
        if not self.pointer:
            raise errors.of_status(Status.ENOMEM)
        for name, setter in (_SETTERS if setters is None else setters).items():
            value = getattr(options, name)
            if value is not None:
                setter(self.pointer, value)


def _set(name: str, function: Any, *arguments: Any) -> None:
    status = function(*arguments)
    if status < 0:
        # Without the value, which may be somebody's secret.
        raise errors.of_status(
            status, f"the option {name} cannot be that: {lib.kn_status_message(status).decode()}")


def _time(name: str) -> Callable[[Any, float], None]:
    function = getattr(lib, f"kn_options_set_{name}_ms")
    return lambda pointer, value: _set(
        name, function, pointer, _values.milliseconds(value, name))


def _number(name: str, bits: int) -> Callable[[Any, int], None]:
    function = getattr(lib, f"kn_options_set_{name}")
    return lambda pointer, value: _set(
        name, function, pointer, _values.integer(value, name, bits))


def _text(name: str) -> Callable[[Any, str], None]:
    function = getattr(lib, f"kn_options_set_{name}")
    return lambda pointer, value: _set(name, function, pointer, _values.text(value, name))


def _path(name: str) -> Callable[[Any, _Path], None]:
    function = getattr(lib, f"kn_options_set_{name}")
    return lambda pointer, value: _set(
        name, function, pointer, _values.text(os.fspath(value), name))


def _set_reconnect_delay(pointer: Any, bounds: Tuple[float, float]) -> None:
    least, most = (_values.milliseconds(value, "reconnect_delay") for value in bounds)
    _set("reconnect_delay", lib.kn_options_set_reconnect_delay_ms, pointer, least, most)


def _set_client_certificate(pointer: Any, files: Union[_Path, Tuple[_Path, _Path]]) -> None:
    certificate, key = files if isinstance(files, tuple) else (files, None)
    _set("client_certificate", lib.kn_options_set_client_certificate, pointer,
         _values.text(os.fspath(certificate), "client_certificate"),
         None if key is None else _values.text(os.fspath(key), "client_certificate"))


def _add_headers(pointer: Any, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        _set(f"headers[{name!r}]", lib.kn_options_add_header, pointer, _values.text(name, "a header's name"),
             _values.text(value, "a header's value"))


# ---- The log ----

# By number, since the library is given one instead of a reference, until it lets go of it.
_loggers: Dict[int, logging.Logger] = {}
_numbers = itertools.count(1)


def _write(level: int, message: bytes, number: int) -> None:
    try:
        logger = _loggers.get(number)
        if logger is not None:
            at = _TO_LOGGING.get(LogLevel(level), logging.INFO)
            logger.log(at, "%s", message.decode(errors="replace"))
    except KeyboardInterrupt:
        # It came while a line was written, and belongs to whoever waits for the call's end.
        _thread.interrupt_main()


def _let_go(number: int) -> None:
    _loggers.pop(number, None)


_WRITE = LogHandler(_write)
_LET_GO = Destroy(_let_go)


def _set_log(pointer: Any, logger: logging.Logger) -> None:
    enabled = [level for level, at in _TO_LOGGING.items() if logger.isEnabledFor(at)]
    if enabled:
        number = next(_numbers)
        _loggers[number] = logger
        _set("log", lib.kn_options_set_log, pointer, max(enabled), _WRITE, number, _LET_GO)


_SETTERS: Dict[str, Callable[[Any, Any], None]] = {
    "connect_timeout": _time("connect_timeout"),
    "request_timeout": _time("request_timeout"),
    "idle_timeout": _time("idle_timeout"),
    "reconnect_delay": _set_reconnect_delay,
    "filter": _text("filter"),
    "max_event_size": _number("max_event_size", 64),
    "max_response_size": _number("max_response_size", 64),
    "max_connections": _number("max_connections", 32),
    "max_pending": _number("max_pending", 32),
    "retries": _number("retries", 32),
    "delivery": _number("delivery", 32),
    "group": _text("group"),
    "window": _number("window", 32),
    "order": _number("order", 32),
    "auto_ack": _number("auto_ack", 32),
    "worker_name": _text("worker_name"),
    "ca_file": _path("ca_file"),
    "client_certificate": _set_client_certificate,
    "verify": _number("verify", 32),
    "proxy": _text("proxy"),
    "unix_socket": _path("unix_socket"),
    "headers": _add_headers,
    "user_agent": _text("user_agent"),
    "log": _set_log,
}

# A logger is listened to by who is made with it, and not by the options.
_CHECKED_SETTERS = {name: setter for name, setter in _SETTERS.items() if name != "log"}
