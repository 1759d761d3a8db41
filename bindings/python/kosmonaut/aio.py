"""Client and worker for asyncio: no thread, one descriptor each."""

from __future__ import annotations

import asyncio
import inspect
import time
from types import TracebackType
from typing import Any, AsyncIterator, Iterable, List, Optional, Set, Type, TypeVar, Union

from . import _requests, errors
from ._calls import Call
from ._handle import Handle
from ._library import lib
from ._requests import Request
from ._values import Payload
from .batch import Batch, Trigger
from .client import BaseClient, dispatch
from .errors import Closed, Error, Interrupted, Stopped
from .event import Event
from .lists import AsyncPages
from .options import Options
from .status import Status
from .worker import _DRIVER, BaseWorker, Driver, is_taken

T = TypeVar("T")

# After so many seconds of events that were there without waiting, other tasks have their turn.
_LONGEST_TURN = 0.01


class _AsyncCall(Call[T]):
    """A call that a task waits for."""

    def __init__(self, request: Request[T], waiting: Set[_AsyncCall[Any]]) -> None:
        super().__init__(request)
        self._loop = asyncio.get_running_loop()
        self._waiting = waiting
        self.future: asyncio.Future[None] = self._loop.create_future()
        waiting.add(self)

    def ended(self, result: int) -> None:
        super().ended(result)
        self._wake()

    def let_go(self) -> None:
        self.fail(Closed("the client was closed before the call ended"))

    def fail(self, failure: BaseException) -> None:
        self._failure = failure
        self.is_over = True
        # The client may be freed by the garbage collector, on any thread.
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            pass  # the loop is closed, so nobody waits

    def _wake(self) -> None:
        self._waiting.discard(self)
        if not self.future.done():
            self.future.set_result(None)


class AsyncClient(BaseClient, AsyncPages):
    """A client of one vhost, for the tasks of one event loop.

    Calls that are made at once run at once, on up to `Options.max_connections` connections. To
    cancel one ends the wait for it alone: whether the server carries it out is then open. The
    arguments and failures are those of `Client`; `FullError` when `Options.max_pending` calls are
    under way.
    """

    def __init__(self, url: str, options: Optional[Options] = None) -> None:
        super().__init__(url, options)
        self._waiting: Set[_AsyncCall[Any]] = set()
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._watched = -1

    async def open_channel(self, channel: str) -> None:
        """Opens a channel. One that is open already stays so."""
        await self._make(_requests.open_channel(channel))

    async def close_channel(self, channel: str) -> None:
        """Closes a channel. Raises `NoChannelError` if it was not open."""
        await self._make(_requests.close_channel(channel))

    async def trigger(self, channel: str, event: str, data: Payload = None) -> None:
        """Triggers an event on an open channel: every subscriber receives it."""
        await self._make(_requests.trigger(channel, event, data))

    async def request_token(self, uid: str, channels: str) -> str:
        """A single access token, with which one browser authenticates once, as the user `uid`."""
        return await self._make(_requests.request_token(uid, channels))

    async def trigger_batch(
            self, triggers: Union[Batch, Iterable[Trigger]]) -> List[Optional[Error]]:
        """Triggers many events in one request; returns for each None or its failure."""
        return await self._make(_requests.trigger_batch(triggers))

    async def close(self, timeout: Optional[float] = None) -> None:
        """Closes the client when all calls have ended, or after `timeout` seconds (None: whatever
        it takes); those that have not ended by then are dropped and raise `Closed`."""
        futures = [call.future for call in self._waiting]
        try:
            if futures:
                await asyncio.wait(futures, timeout=timeout)
        finally:
            self._unwatch()
            self._handle = None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]],
                        failure: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close(None if kind is None else 0)

    async def _make(self, request: Request[T]) -> T:
        call = self._hand_in(request)
        await call.future
        return call.result()

    def _hand_in(self, request: Request[T]) -> _AsyncCall[T]:
        # Not in _make(), which would keep the handle from being freed while it waits.
        handle = self._open()
        loop = asyncio.get_running_loop()
        if self._waiting and self._loop is not loop:
            self._forget_closed_loop()
        call = _AsyncCall(request, self._waiting)
        try:
            call.hand_in(handle.pointer)
        except BaseException:
            self._waiting.discard(call)
            raise
        self._watch(handle, loop)
        return call

    def _forget_closed_loop(self) -> None:
        """Calls of a loop that is closed still move, but nobody waits for them."""
        if self._loop is not None and not self._loop.is_closed():
            raise errors.of_status(Status.ESTATE, "the client is in use in another event loop")
        self._waiting.clear()
        self._watched = -1

    def _watch(self, handle: Handle, loop: asyncio.AbstractEventLoop) -> None:
        if self._watched >= 0 and self._loop is loop:
            return
        descriptor = lib.kn_client_fd(handle.pointer)
        if descriptor < 0:
            raise errors.of_status(Status.ENOMEM, "no descriptor is left")
        loop.add_reader(descriptor, self._on_readable)
        self._loop, self._watched = loop, descriptor

    def _unwatch(self) -> None:
        if self._watched >= 0 and self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._watched)
        self._watched = -1

    def _on_readable(self) -> None:
        handle = self._handle
        if handle is None:
            return
        try:
            dispatch(handle)
        except Stopped:
            pass
        except Error as failure:
            # Nothing moves any more, or not now; nobody is to wait for ever.
            for call in tuple(self._waiting):
                call.fail(failure)
            self._unwatch()
            return
        if lib.kn_client_pending(handle.pointer) == 0:
            self._unwatch()


class AsyncWorker(BaseWorker):
    """A worker on one vhost, for asyncio.

    One task at a time takes events out: `async for event in worker`, `await worker.next()`, or
    handlers (`on()`), which may be coroutine functions, and `await worker.run()`. To cancel that
    task loses no event: one that was not handed over waits for whoever comes next. Handlers of
    failures (`on_error()`) are plain functions, that of exceptions (`on_exception()`) may be a
    coroutine function.
    """

    def __init__(self, url: str, options: Optional[Options] = None) -> None:
        super().__init__(url, options)
        self._turn_ends = 0.0
        self._left = asyncio.Event()

    async def next(self, timeout: Optional[float] = None) -> Optional[Event]:
        """The next event; None if there is none within `timeout` seconds. Raises as
        `Worker.next()`."""
        handle = self._open()
        seat, me = self._seat, Driver(asyncio.current_task())
        try:
            if seat.setdefault(_DRIVER, me) is not me:
                raise is_taken()
            return await self._wait_for_event(handle, timeout)
        finally:
            self._leave(me)

    def __aiter__(self) -> AsyncWorker:
        """Events until the worker is closed or interrupted."""
        return self

    async def __anext__(self) -> Event:
        try:
            event = await self.next()
        except Stopped as stop:
            self._ended_by(stop)
            raise StopAsyncIteration from None
        assert event is not None
        return event

    async def run(self) -> Status:
        """Hands events to their handlers, one after the other, until closed or interrupted.

        Returns and raises as `Worker.run()`.
        """
        handle = self._open()
        self._require_handlers()
        seat, me = self._seat, Driver(asyncio.current_task())
        try:
            if seat.setdefault(_DRIVER, me) is not me:
                raise is_taken()
            while True:
                event = await self._wait_for_event(handle, None)
                assert event is not None
                await self._handle_event(event)
        except Stopped as stop:
            status = self._ended_by(stop)
        finally:
            self._leave(me)
        if self._is_closed and self._answers.is_at_least_once:
            await self._send_what_is_owed(None)  # a handler may have begun to close
        return status

    async def close(self, timeout: Optional[float] = None) -> bool:
        """Closes the worker, and waits until no other task is inside. Returns as
        `Worker.close()`."""
        if self._let_go_in_child():
            return True
        end = None if timeout is None else time.monotonic() + timeout
        if self._answers.is_at_least_once:
            self._begin_to_close()
        else:
            self._close(0)
        try:
            is_idle = await asyncio.wait_for(
                self._wait_until_idle(asyncio.current_task()), timeout)
        except asyncio.TimeoutError:
            is_idle = _DRIVER not in self._seat
        return is_idle and await self._send_what_is_owed(end)

    async def _send_what_is_owed(self, end: Optional[float]) -> bool:
        """At least once: the answers, and that the other events go back."""
        if end is None:
            end = time.monotonic() + self._answers.longest_closing
        loop = asyncio.get_running_loop()
        while True:
            handle = self._handle
            if handle is None or self._close(0):
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            await _is_readable(lib.kn_worker_fd(handle.pointer), loop, left)

    async def __aenter__(self) -> AsyncWorker:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]],
                        failure: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close()

    async def _wait_for_event(self, handle: Handle, timeout: Optional[float]) -> Optional[Event]:
        """An event is taken out last of all, with no await behind: so to cancel this loses none."""
        if time.monotonic() > self._turn_ends:
            await asyncio.sleep(0)
            self._turn_ends = time.monotonic() + _LONGEST_TURN
        event = self._take(handle)
        if event is not None:
            return event
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        while True:
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                return None
            if await _is_readable(lib.kn_worker_fd(handle.pointer), loop, left):
                self._turn_ends = time.monotonic() + _LONGEST_TURN
                event = self._take(handle)
                if event is not None:
                    return event

    async def _handle_event(self, event: Event) -> None:
        event._is_in_handler = True
        try:
            for handler in self._handlers_of(event):
                outcome = handler(event)
                if inspect.isawaitable(outcome):
                    await outcome
        except Exception as exception:
            self._answers.has_failed(event)
            if self._on_exception is None:
                raise
            outcome = self._on_exception(exception, event)
            if inspect.isawaitable(outcome):
                await outcome
            return
        except BaseException:
            self._answers.has_failed(event)
            raise
        self._answers.has_been_handled(event)

    def _leave(self, me: Driver) -> None:
        if self._seat.get(_DRIVER) is me:
            del self._seat[_DRIVER]
            if self._is_closed:
                self._left.set()

    async def _wait_until_idle(self, closer: Optional[asyncio.Task[Any]]) -> bool:
        while True:
            self._left.clear()
            driver = self._seat.get(_DRIVER)
            if driver is None:
                return True
            if driver.identity is closer:
                return False
            await self._left.wait()


async def _is_readable(descriptor: int, loop: asyncio.AbstractEventLoop,
                       timeout: Optional[float]) -> bool:
    """Watches it for this moment only: it stays readable while nobody takes the events out."""
    future: asyncio.Future[bool] = loop.create_future()
    loop.add_reader(descriptor, _settle, future, True)
    timer = None if timeout is None else loop.call_later(timeout, _settle, future, False)
    try:
        return await future
    finally:
        loop.remove_reader(descriptor)
        if timer is not None:
            timer.cancel()


def _settle(future: asyncio.Future[bool], value: bool) -> None:
    if not future.done():
        future.set_result(value)
