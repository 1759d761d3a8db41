"""Who is on a channel."""

from __future__ import annotations

from ctypes import byref, c_size_t, string_at
from typing import Any, NamedTuple, Optional, Tuple

from . import _values
from ._library import lib


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


def page_of(page: Any) -> SubscriberPage:
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


def _text(text: Optional[bytes]) -> Optional[str]:
    return None if text is None else text.decode()
