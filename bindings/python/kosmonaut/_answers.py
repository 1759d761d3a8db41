"""How a worker answers for the events that its handlers were given."""

from __future__ import annotations

import logging
from typing import Optional

from ._library import lib
from .event import Event
from .options import Options
from .status import Delivery, EventKind

# For how long an event is given back with which a handler has failed, by its attempt: so that a
# database that is away for half a minute makes no dead letters; and one that none is for.
_RETRY_MS = (1_000, 5_000, 20_000, 60_000)
_UNHANDLED_MS = 1_000

_DEFAULT_REQUEST_TIMEOUT = 10.0


class Answers:
    """By the options that the worker was made with."""

    def __init__(self, options: Options) -> None:
        self.is_at_least_once = options.delivery == Delivery.AT_LEAST_ONCE
        self.longest_closing = (_DEFAULT_REQUEST_TIMEOUT if options.request_timeout is None
                                else options.request_timeout)
        self._acknowledges = options.auto_ack is not False
        self._log: Optional[logging.Logger] = options.log

    def has_no_handler(self, event: Event) -> None:
        """At least once it goes back, for another worker to have."""
        if not self.is_at_least_once:
            self._tell(logging.DEBUG, "no handler for %s", event.topic)
        elif event.kind == EventKind.GAP:
            self._tell(logging.WARNING,
                       "events were lost before they came, and no handler is for */:gap: %s",
                       event.raw.decode(errors="replace"))
        else:
            lib.kn_event_decline(event._pointer, _UNHANDLED_MS)
            self._tell(logging.WARNING, "no handler for %s, which is given back", event.topic)

    def has_been_handled(self, event: Event) -> None:
        """Acknowledges it, unless a handler answered it or will do so later."""
        event._is_in_handler = False
        if self._acknowledges and not event._is_deferred:
            lib.kn_event_ack(event._pointer)

    @staticmethod
    def has_failed(event: Event) -> None:
        """Gives it back, unless a handler answered it: at most once, that does nothing."""
        event._is_in_handler = False
        attempt = lib.kn_event_attempt(event._pointer)
        lib.kn_event_nack(event._pointer, _RETRY_MS[min(max(attempt, 1), len(_RETRY_MS)) - 1])

    def _tell(self, level: int, text: str, about: str) -> None:
        if self._log is not None:
            self._log.log(level, text, about)
