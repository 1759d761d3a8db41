"""The worker: the events that browsers send, as they come."""

from __future__ import annotations

import select
import threading
import time
from ctypes import byref, c_void_p
from types import TracebackType
from typing import Any, Callable, Dict, NoReturn, Optional, Tuple, Type, TypeVar

from . import _values, errors
from ._abi import Destroy, ErrorHandler, Handler
from ._answers import Answers
from ._handle import Handle
from ._library import lib
from ._routes import Routes
from .client import LONGEST_POLL_MS, stats_of
from .errors import Closed, Error, Interrupted, Stopped
from .event import Event
from .options import Options, OptionsHandle
from .status import Status, WorkerState

H = TypeVar("H", bound=Callable[[Event], Any])
F = TypeVar("F", bound=Callable[[Error], None])
X = TypeVar("X", bound=Callable[[Exception, Event], Any])

_next = lib.kn_worker_next
_OK, _AGAIN, _CLOSED, _INTERRUPTED = 0, 1, 2, 3

# The library is told the patterns, for its filter, but hands no event to a handler: Python's are
# run by Python, so that what they raise comes out of run().
_NO_HANDLER = Handler()
_NO_DESTROY = Destroy()
_HANDLED_HERE = Handler(lambda event, user_data: None)

_DRIVER = "driver"


class Driver:
    """Whoever takes events out of a worker now: one at a time."""

    __slots__ = ("identity",)

    def __init__(self, identity: Any) -> None:
        self.identity = identity


class BaseWorker:
    """What `Worker` and `AsyncWorker` have in common."""

    def __init__(self, url: str, options: Optional[Options] = None) -> None:
        handle = Handle(lib.kn_worker_free)
        error = c_void_p()
        settings = None if options is None else OptionsHandle(options)
        status = lib.kn_worker_new(
            _values.text(url, "url"), None if settings is None else settings.pointer,
            byref(handle.pointer), byref(error))
        if status < 0:
            raise errors.taken(status, error)
        self._answers = Answers(options or Options())
        self._routes = Routes()
        self._on_error: Optional[Callable[[Error], None]] = None
        self._on_exception: Optional[Callable[[Exception, Event], Any]] = None
        # Failures that were told during a call and not yet passed on, by their address. What the
        # library calls is no Python function but a method of dict: nothing can be raised in it, not
        # even by a signal's handler. The failure itself is read when the call has returned.
        self._told: Dict[int, Optional[int]] = {}
        self._tell = ErrorHandler(self._told.__setitem__)
        # What the next event is written to; if it has one, that was taken out and not handed over.
        self._spare: Optional[Event] = None
        # Holds the driver while there is one. The two steps to it are a dict's own, which threads
        # and signals do not divide.
        self._seat: Dict[str, Driver] = {}
        self._is_idle = threading.Event()
        self._figures: Optional[Tuple[int, int, int, Optional[Error]]] = None
        self._is_closed = False
        self._handle: Optional[Handle] = handle
        status = lib.kn_worker_on_error(
            handle.pointer, self._tell, None, _NO_DESTROY, byref(error))
        if status < 0:
            raise errors.taken(status, error)

    def on(self, pattern: str) -> Callable[[H], H]:
        """A decorator that gives the events that match a pattern a handler.

        A pattern is `channel/event`; either part may be `*`, which stands for anything, but for no
        event that begins with a colon. All handlers whose patterns match run, the oldest pattern
        first. A second handler of the same pattern replaces it. New patterns have to come before
        the first use: `StateError` otherwise; `InvalidArgumentError` for what is no pattern.
        """
        def decorate(handler: H) -> H:
            self._set_handler(pattern, handler)
            return handler
        return decorate

    def off(self, pattern: str) -> None:
        """Takes the handler of a pattern away."""
        self._set_handler(pattern, None)

    def on_error(self, handler: F) -> F:
        """A decorator: the function hears, as an `Error`, of each failure that the worker retries.

        It is called by whoever drives the worker. What it raises comes out there, and no event is
        lost by it.
        """
        self._on_error = handler
        return handler

    def on_exception(self, handler: X) -> X:
        """A decorator: the function hears of each exception that a handler raises, and of the event.

        The worker goes on with the next event. The event that failed is given back at least once, and
        comes again after 1, 5, 20 or 60 s, by its attempt. Without such a function the exception comes out of `run()`, and what a page sends can end the worker.
        What the function raises itself comes out there too, as do exceptions that end a program, such
        as `KeyboardInterrupt`.
        """
        self._on_exception = handler
        return handler

    def interrupt(self) -> None:
        """Wakes who waits, or else the next one: `next()` raises `Interrupted`, `run()` returns,
        an iteration ends. No event is lost. Any thread, and a signal's handler."""
        errors.require_ok(lib.kn_worker_interrupt(self._open().pointer))

    def fileno(self) -> int:
        """The descriptor, to poll for reading. Never read or close it."""
        return int(lib.kn_worker_fd(self._open().pointer))

    @property
    def is_closed(self) -> bool:
        """Whether `close()` was called: `run()` may also end because the server ended the
        stream."""
        return self._is_closed

    @property
    def state(self) -> WorkerState:
        handle = self._live()
        if handle is None:
            return WorkerState.CLOSED
        return WorkerState(lib.kn_worker_state(handle.pointer))

    @property
    def events(self) -> int:
        """How many events it has handed over. These figures stay after `close()`."""
        return self._read_figures()[0]

    @property
    def bytes(self) -> int:
        """How many bytes of the stream it has received."""
        return self._read_figures()[1]

    @property
    def reconnects(self) -> int:
        """How many times the stream was opened again after the first time."""
        return self._read_figures()[2]

    @property
    def last_error(self) -> Optional[Error]:
        """The failure that ended a connection, or the try for one, last."""
        return self._read_figures()[3]

    @property
    def lag(self) -> float:
        """How long, in seconds, the oldest of what was received has been waiting to be taken."""
        handle = self._live()
        return 0.0 if handle is None else lib.kn_worker_lag_ms(handle.pointer) / 1000

    def stats(self) -> Dict[str, Any]:
        """All figures: `state`, `events`, `bytes`, `reconnects`, `lag_ms`, `last_error`."""
        return stats_of(lib.kn_worker_stats, self._open())

    def _live(self) -> Optional[Handle]:
        handle = self._handle
        if handle is not None:
            handle.require_own_process()
        return handle

    def _open(self) -> Handle:
        """For the length of a call; who keeps it keeps the worker from being freed."""
        handle = self._live()
        if handle is None:
            raise self._stopped(Closed("the worker was closed"))
        return handle

    def _set_handler(self, pattern: str, handler: Optional[Callable[[Event], Any]]) -> None:
        error = c_void_p()
        status = lib.kn_worker_on(
            self._open().pointer, _values.text(pattern, "pattern"),
            _NO_HANDLER if handler is None else _HANDLED_HERE, None, _NO_DESTROY, byref(error))
        if status < 0:
            raise errors.taken(status, error)
        if status == Status.CLOSED:
            raise Closed("the worker was closed")
        self._routes.set(pattern, handler)

    def _read_figures(self) -> Tuple[int, int, int, Optional[Error]]:
        handle = self._live()
        if handle is None:
            assert self._figures is not None
            return self._figures
        pointer = handle.pointer
        failure = c_void_p(lib.kn_worker_last_error(pointer))
        return (int(lib.kn_worker_events(pointer)), int(lib.kn_worker_bytes(pointer)),
                int(lib.kn_worker_reconnects(pointer)),
                errors.taken(lib.kn_error_status(failure), failure) if failure else None)

    def _close(self, timeout_ms: int) -> bool:
        """False: at least once, there are answers that are still to be sent, and the next call goes on
        with that."""
        handle = self._live()
        if handle is None:
            return True
        self._is_closed = True
        error = c_void_p()
        status = lib.kn_worker_close(handle.pointer, timeout_ms, byref(error))
        if status == _AGAIN and self._answers.is_at_least_once:
            return False
        self._figures = self._read_figures()
        self._handle = None
        if status < 0:
            raise errors.taken(status, error)
        return True

    def _begin_to_close(self) -> None:
        """At least once the handler that runs is to end, and its event to have its answer, before the
        rest is given back."""
        self._is_closed = True
        handle = self._live()
        if handle is not None:
            lib.kn_worker_interrupt(handle.pointer)

    def _let_go_in_child(self) -> bool:
        """In a forked child there is nothing to close, and nobody to wait for."""
        handle = self._handle
        if handle is None or handle.is_of_this_process:
            return False
        self._is_closed = True
        self._figures = (0, 0, 0, None)
        self._handle = None
        self._seat.clear()
        return True

    def _take(self, handle: Handle) -> Optional[Event]:
        """The next event, without waiting; None: nothing is there. Only for the driver.

        Raises `Interrupted`, `Closed` or the failure that ended the worker.
        """
        event = self._spare
        if event is None:
            event = self._spare = Event()
        status = _OK
        if not event._pointer:
            error = c_void_p()
            status = _next(handle.pointer, 0, byref(event._pointer), byref(error))
            if status < 0:
                self._fail(handle, status, error)
        if self._told:
            self._pass_on(handle)
        if status == _OK:
            self._spare = None
            return event
        if status == _CLOSED or (status == _INTERRUPTED and self._is_closed):
            raise self._stopped(Closed("the worker was closed"))
        if status == _INTERRUPTED:
            raise self._stopped(Interrupted("the worker was interrupted"))
        return None

    def _stopped(self, stop: Stopped) -> Stopped:
        stop._worker = self
        return stop

    def _ended_by(self, stop: Stopped) -> Status:
        """How a run has ended. A client, or another worker, that has stopped in a handler does not
        end it: that is an exception like others."""
        if stop._worker is not self:
            raise stop
        return Status.CLOSED if isinstance(stop, Closed) else Status.INTERRUPTED

    def _fail(self, handle: Handle, status: int, error: c_void_p) -> NoReturn:
        try:
            if self._told:
                self._pass_on(handle)
        finally:
            raise errors.taken(status, error)

    def _pass_on(self, handle: Handle) -> None:
        self._told.clear()
        failure = c_void_p(lib.kn_worker_last_error(handle.pointer))
        if failure:
            error = errors.taken(lib.kn_error_status(failure), failure)
            if self._on_error is not None:
                self._on_error(error)

    def _require_handlers(self) -> None:
        if not self._routes:
            raise errors.of_status(Status.ESTATE, "the worker has no handlers")

    def _handlers_of(self, event: Event) -> Any:
        handlers = self._routes.matching(event.channel, event.name)
        if not handlers:
            self._answers.has_no_handler(event)
        return handlers


def is_taken() -> Error:
    return errors.of_status(Status.ESTATE, "somebody else, or a handler, is taking events out")


class Worker(BaseWorker):
    """A worker on one vhost, for a thread that waits.

    It connects on first use and keeps itself connected. One thread at a time takes events out: with
    `next()`, by iterating, or with handlers (`on()`) and `run()`. Other threads `interrupt()` and
    `close()` it. Ctrl-C ends every wait at once, and loses no event but the one that a handler has.
    """

    def next(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None if there is none within `timeout` seconds (None: for ever).

        Raises `Closed` once the worker is closed, `Interrupted` after `interrupt()`, `StateError`
        beside another call, and once the `Error` that ended the worker for good, such as
        `UnauthorizedError`.
        """
        handle = self._open()
        end = None if timeout is None else _end_of(timeout)
        seat, me = self._seat, Driver(threading.get_ident())
        try:
            if seat.setdefault(_DRIVER, me) is not me:
                raise is_taken()
            return self._wait_for_event(handle, end)
        finally:
            # A signal's handler may raise wherever something is called: the seat would stay taken,
            # or the event that is being returned would be lost. So nothing is called in here,
            # unless close() waits.
            if _DRIVER in seat and seat[_DRIVER] is me:
                del seat[_DRIVER]
            if self._is_closed:
                self._is_idle.set()

    def __iter__(self) -> Worker:
        """Events until the worker is closed or interrupted."""
        return self

    def __next__(self) -> Event:
        try:
            event = self.next()
        except Stopped as stop:
            self._ended_by(stop)
            raise StopIteration from None
        assert event is not None
        return event

    def run(self) -> Status:
        """Hands events to their handlers until the worker is closed or interrupted.

        Returns `Status.CLOSED` or `Status.INTERRUPTED`. What a handler raises goes to the function
        that `on_exception()` was given, and comes out of here without one; its event is then not
        acknowledged, and no other event is lost: call it again to go on. Raises `StateError`
        without handlers, and otherwise as `next()`.
        """
        handle = self._open()
        self._require_handlers()
        seat, me = self._seat, Driver(threading.get_ident())
        try:
            if seat.setdefault(_DRIVER, me) is not me:
                raise is_taken()
            while True:
                event = self._wait_for_event(handle, None)
                assert event is not None
                self._handle_event(event)
        except Stopped as stop:
            status = self._ended_by(stop)
        finally:
            if _DRIVER in seat and seat[_DRIVER] is me:
                del seat[_DRIVER]
            if self._is_closed:
                self._is_idle.set()
        if self._is_closed and self._answers.is_at_least_once:
            self._close(-1)  # a handler may have begun it
        return status

    def dispatch(self) -> bool:
        """Hands what is ready to its handlers, without waiting; for a loop that polls `fileno()`.

        Returns whether there was anything. Raises as `next()`.
        """
        handle = self._open()
        self._require_handlers()
        seat, me = self._seat, Driver(threading.get_ident())
        try:
            if seat.setdefault(_DRIVER, me) is not me:
                raise is_taken()
            handled = 0
            while handled < 256:  # a loop has other things to do, too
                event = self._take(handle)
                if event is None:
                    break
                self._handle_event(event)
                handled += 1
            return handled > 0
        finally:
            if _DRIVER in seat and seat[_DRIVER] is me:
                del seat[_DRIVER]
            if self._is_closed:
                self._is_idle.set()

    def close(self, timeout: Optional[float] = None) -> bool:
        """Closes the worker, wakes who waits, and waits until nobody is inside any more.

        Returns True when that is so: no handler runs now, and the connection is gone. False: it is
        closed, but after `timeout` seconds (None: as long as it takes) a handler still runs, or
        this is a handler. Any thread, as often as you like.

        At least once it also sends the answers that are owed, and gives the other events back; False
        then may mean that some of that is left, and the next `close()` goes on with it. In a handler
        it begins, and `run()` does the rest when the handler has returned.
        """
        end = None if timeout is None else _end_of(timeout)
        if self._let_go_in_child():
            return True
        if self._answers.is_at_least_once:
            self._begin_to_close()
            return self._wait_until_idle(end) and self._close(_left_ms(end))
        self._close(-1 if timeout is None else _values.milliseconds(timeout, "timeout"))
        return self._wait_until_idle(end)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], failure: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()

    def _wait_for_event(self, handle: Handle, end: Optional[float]) -> Optional[Event]:
        """Polls the descriptor here, in Python, whose signals end that wait at once."""
        event = self._take(handle)
        if event is not None:
            return event
        poll = select.poll()
        poll.register(lib.kn_worker_fd(handle.pointer), select.POLLIN)
        while True:
            wait_ms = LONGEST_POLL_MS
            if end is not None:
                left_ms = (end - time.monotonic()) * 1000
                if left_ms <= 0:
                    return None
                wait_ms = min(wait_ms, int(left_ms) + 1)
            if poll.poll(wait_ms):
                event = self._take(handle)
                if event is not None:
                    return event

    def _handle_event(self, event: Event) -> None:
        event._is_in_handler = True
        try:
            for handler in self._handlers_of(event):
                handler(event)
        except Exception as exception:
            self._answers.has_failed(event)
            if self._on_exception is None:
                raise
            self._on_exception(exception, event)
            return
        except BaseException:
            self._answers.has_failed(event)
            raise
        self._answers.has_been_handled(event)

    def _wait_until_idle(self, end: Optional[float]) -> bool:
        while True:
            self._is_idle.clear()
            driver = self._seat.get(_DRIVER)
            if driver is None:
                return True
            if driver.identity == threading.get_ident():
                return False
            if not self._is_idle.wait(None if end is None else max(0, end - time.monotonic())):
                return _DRIVER not in self._seat


def _left_ms(end: Optional[float]) -> int:
    return -1 if end is None else max(0, int((end - time.monotonic()) * 1000))


def _end_of(timeout: float) -> float:
    _values.milliseconds(timeout, "timeout")
    return time.monotonic() + timeout
