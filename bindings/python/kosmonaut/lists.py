"""What is told a page at a time: who is on a channel, and which channels there are."""

from __future__ import annotations

from ctypes import byref, c_size_t, c_void_p, string_at
from typing import (Any, AsyncIterator, Awaitable, Callable, Generic, Iterator, NamedTuple, Optional,
                    Tuple, TypeVar)

from . import _requests, _values
from ._library import lib
from ._requests import Request

__all__ = ["Channel", "ChannelPage", "Subscriber", "SubscriberPage"]

T = TypeVar("T")
Row = TypeVar("Row")
Page = TypeVar("Page")


class Subscriber(NamedTuple):
    """A connection that is subscribed to a channel, as it was when the broker was asked."""

    sid: str
    """The session, that is the connection."""
    uid: Optional[str]
    """The user that it is authenticated as, by the broker's word; None for anybody."""
    is_hidden: bool
    """Whether it hides from the other members of a presence channel."""
    raw: bytes
    """What the browser said of itself as it subscribed, byte for byte."""

    @property
    def data(self) -> Any:
        """The same, read as JSON anew each time: a dict, and the browser's own word."""
        return _values.read_json(self.raw)


class SubscriberPage(NamedTuple):
    """One page of a channel's subscribers, in the order of their sids."""

    subscribers: Tuple[Subscriber, ...]
    next: Optional[str]
    """What to ask for the next page with, as `after`; None when this is the last one."""


class Channel(NamedTuple):
    """A channel that is open, as it was when the broker was asked."""

    name: str
    type: str
    """`normal`, `private` or `presence`; there may be more one day."""
    subscribers: int
    """How many connections are subscribed, those that hide included."""
    members: Optional[int]
    """How many of them the others on a presence channel see; None for channels of other types."""


class ChannelPage(NamedTuple):
    """One page of a vhost's channels, in the order of their names."""

    channels: Tuple[Channel, ...]
    next: Optional[str]
    """What to ask for the next page with, as `after`; None when this is the last one."""


class Pages:
    """What a `Client` is told a page at a time."""

    def _make(self, request: Request[T]) -> T:
        raise NotImplementedError

    def subscribers(self, channel: str, page_size: int = 0) -> Iterator[Subscriber]:
        """All who are on a channel, those who hide from the others included.

        Asks for a page, of at most `page_size` (0: what the broker sees fit), whenever the one
        before is used up, and raises what `subscribers_page()` raises. Of whoever stays meanwhile
        none is left out and none comes twice.
        """
        return _walk(lambda after: self.subscribers_page(channel, after, page_size))

    def subscribers_page(self, channel: str, after: Optional[str] = None,
                         limit: int = 0) -> SubscriberPage:
        """One page of who is on a channel, behind the sid `after`, at most `limit` of them.

        Raises `NoChannelError` if the channel is not open, `BadRequestError` if the broker makes no
        pages of that size, `TooBigError` if the page is over `Options.max_response_size`.
        """
        return self._make(_subscribers(channel, after, limit))

    def channels(self, prefix: str = "", page_size: int = 0) -> Iterator[Channel]:
        """All channels whose names begin with `prefix`, page after page, as `subscribers()`."""
        return _walk(lambda after: self.channels_page(prefix, after, page_size))

    def channels_page(self, prefix: str = "", after: Optional[str] = None,
                      limit: int = 0) -> ChannelPage:
        """One page of them, behind the name `after`, at most `limit` of them.

        Raises `BadRequestError` if the broker makes no pages of that size, `TooBigError` if the
        page is over `Options.max_response_size`, `ProtocolError` if the broker does not tell.
        """
        return self._make(_channels(prefix, after, limit))


class AsyncPages:
    """What an `AsyncClient` is told a page at a time."""

    async def _make(self, request: Request[T]) -> T:
        raise NotImplementedError

    def subscribers(self, channel: str, page_size: int = 0) -> AsyncIterator[Subscriber]:
        """All who are on a channel, page after page: `async for subscriber in …`."""
        return _walk_async(lambda after: self.subscribers_page(channel, after, page_size))

    async def subscribers_page(self, channel: str, after: Optional[str] = None,
                               limit: int = 0) -> SubscriberPage:
        """One page of who is on a channel, behind the sid `after`, at most `limit` of them."""
        return await self._make(_subscribers(channel, after, limit))

    def channels(self, prefix: str = "", page_size: int = 0) -> AsyncIterator[Channel]:
        """All channels whose names begin with `prefix`: `async for channel in …`."""
        return _walk_async(lambda after: self.channels_page(prefix, after, page_size))

    async def channels_page(self, prefix: str = "", after: Optional[str] = None,
                            limit: int = 0) -> ChannelPage:
        """One page of them, behind the name `after`, at most `limit` of them."""
        return await self._make(_channels(prefix, after, limit))


def _walk(ask: Callable[[Optional[str]], Tuple[Tuple[Row, ...], Optional[str]]]) -> Iterator[Row]:
    """Goes over page after page, each of which is asked for behind the one before."""
    after = None
    while True:
        rows, after = ask(after)
        yield from rows
        if after is None:
            return


async def _walk_async(
        ask: Callable[[Optional[str]], Awaitable[Tuple[Tuple[Row, ...], Optional[str]]]]
) -> AsyncIterator[Row]:
    after = None
    while True:
        rows, after = await ask(after)
        for row in rows:
            yield row
        if after is None:
            return


class _PageRequest(Request[Page], Generic[Page]):
    """A request for a page of the kind that `name` says."""

    def __init__(self, name: str, read: Callable[[Any], Page], *arguments: Any) -> None:
        super().__init__(name, *arguments)
        self._read = read
        self._free = getattr(lib, f"kn_{name}_free")
        self._of_result = getattr(lib, f"kn_result_{name}")

    def wait(self, client: c_void_p) -> Page:
        page = c_void_p()
        self._call(client, page)
        try:
            return self._read(page)
        finally:
            self._free(page)

    def value(self, result: int) -> Page:
        _requests.require_no_failure(result)
        return self._read(self._of_result(result))


def _subscribers(channel: str, after: Optional[str], limit: int) -> Request[SubscriberPage]:
    return _PageRequest("subscribers", _subscriber_page, _values.text(channel, "channel"),
                        _text_or_none(after, "after"), _values.integer(limit, "limit", 32))


def _subscriber_page(page: Any) -> SubscriberPage:
    """A copy of a `kn_subscribers`, which stays whose it is."""
    return SubscriberPage(
        tuple(_subscriber(page, index) for index in range(lib.kn_subscribers_count(page))),
        _text(lib.kn_subscribers_next(page)))


def _subscriber(page: Any, index: int) -> Subscriber:
    length = c_size_t()
    data = lib.kn_subscribers_data(page, index, byref(length))
    return Subscriber(str(lib.kn_subscribers_sid(page, index).decode()),
                      _text(lib.kn_subscribers_uid(page, index)),
                      bool(lib.kn_subscribers_hidden(page, index)),
                      string_at(data, length.value))


def _channels(prefix: str, after: Optional[str], limit: int) -> Request[ChannelPage]:
    return _PageRequest("channels", _channel_page, _values.text(prefix, "prefix"),
                        _text_or_none(after, "after"), _values.integer(limit, "limit", 32))


def _channel_page(page: Any) -> ChannelPage:
    """A copy of a `kn_channels`, which stays whose it is."""
    return ChannelPage(
        tuple(_channel(page, index) for index in range(lib.kn_channels_count(page))),
        _text(lib.kn_channels_next(page)))


def _channel(page: Any, index: int) -> Channel:
    members = int(lib.kn_channels_members(page, index))
    return Channel(str(lib.kn_channels_name(page, index).decode()),
                   str(lib.kn_channels_type(page, index).decode()),
                   int(lib.kn_channels_subscribers(page, index)), members if members >= 0 else None)


def _text(text: Optional[bytes]) -> Optional[str]:
    return None if text is None else text.decode()


def _text_or_none(text: Optional[str], name: str) -> Optional[bytes]:
    return None if text is None else _values.text(text, name)
