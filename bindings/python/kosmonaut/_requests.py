"""What a client can ask for, in the form that waits and in the one that is handed in."""

from __future__ import annotations

from ctypes import byref, c_char_p, c_void_p, cast
from typing import Any, Generic, Iterable, List, Optional, Tuple, TypeVar, Union

from . import _values, errors
from ._library import lib
from ._values import Payload
from .batch import Batch, Trigger
from .errors import Error

T = TypeVar("T")


class Request(Generic[T]):
    """One request to the broker, with its arguments as the library wants them."""

    def __init__(self, name: str, *arguments: Any) -> None:
        self._waiting = getattr(lib, f"kn_client_{name}")
        self._handed_in = getattr(lib, f"kn_client_{name}_async")
        self._arguments: Tuple[Any, ...] = arguments

    def wait(self, client: c_void_p) -> T:
        """Makes the request and waits for its end."""
        raise NotImplementedError

    def value(self, result: int) -> T:
        """What a `kn_result` says of a request that did not fail."""
        raise NotImplementedError

    def hand_in(self, client: c_void_p, completion: Any, number: int, destroy: Any) -> None:
        """Leaves the request to the client's driver."""
        error = c_void_p()
        status = self._handed_in(client, *self._arguments, completion, number, destroy,
                                 byref(error))
        if status < 0:
            raise errors.taken(status, error)

    def _call(self, client: c_void_p, *outputs: c_void_p) -> None:
        error = c_void_p()
        status = self._waiting(client, *self._arguments, *map(byref, outputs), byref(error))
        if status < 0:
            raise errors.taken(status, error)


class Command(Request[None]):
    """A request that is done or failed."""

    def wait(self, client: c_void_p) -> None:
        self._call(client)

    def value(self, result: int) -> None:
        require_no_failure(result)


class TokenRequest(Request[str]):
    """A request for a single access token."""

    def wait(self, client: c_void_p) -> str:
        token = c_void_p()
        self._call(client, token)
        return string_taken(token)

    def value(self, result: int) -> str:
        require_no_failure(result)
        return str(lib.kn_result_token(result).decode())


class BatchRequest(Request[List[Optional[Error]]]):
    """Many triggers, each of which has an end of its own."""

    def wait(self, client: c_void_p) -> List[Optional[Error]]:
        result = c_void_p()
        self._call(client, result)
        try:
            return self._items(result)
        finally:
            lib.kn_result_free(result)

    def value(self, result: int) -> List[Optional[Error]]:
        if lib.kn_result_count(result) == 0:
            require_no_failure(result)
        return self._items(result)

    @staticmethod
    def _items(result: Any) -> List[Optional[Error]]:
        items: List[Optional[Error]] = []
        for index in range(lib.kn_result_count(result)):
            error = lib.kn_result_item_error(result, index)
            items.append(None if error is None else errors.copied(error))
        return items


def require_no_failure(result: int) -> None:
    status = lib.kn_result_status(result)
    if status < 0:
        error = lib.kn_result_error(result)
        raise errors.of_status(status) if error is None else errors.copied(error)


def string_taken(string: c_void_p) -> str:
    """Text that the library handed over, which is freed."""
    try:
        return (cast(string, c_char_p).value or b"").decode()
    finally:
        lib.kn_string_free(string)


def open_channel(channel: str) -> Command:
    return Command("open_channel", _values.text(channel, "channel"))


def close_channel(channel: str) -> Command:
    return Command("close_channel", _values.text(channel, "channel"))


def trigger(channel: str, event: str, data: Payload) -> Command:
    payload = _values.payload(data)
    return Command("trigger", _values.text(channel, "channel"), _values.text(event, "event"),
                   payload, 0 if payload is None else len(payload))


def request_token(uid: str, channels: str) -> TokenRequest:
    return TokenRequest("request_token", _values.text(uid, "uid"),
                        _values.text(channels, "channels"))


def trigger_batch(triggers: Union[Batch, Iterable[Trigger]]) -> BatchRequest:
    return BatchRequest("trigger_batch",
                        triggers if isinstance(triggers, Batch) else Batch(triggers))
