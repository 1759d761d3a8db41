"""Backends of the WebRocket broker: channels, events and workers, on libkosmonaut.

`Client` and `Worker` wait, on any number of threads; `AsyncClient` and `AsyncWorker` are those of
asyncio. Failures are subclasses of `Error`. Times are seconds.
"""

from . import lists
from ._library import version
from ._values import Payload
from .aio import AsyncClient, AsyncWorker
from .batch import Batch, Trigger
from .client import Client
from .errors import (BadChannelError, BadRequestError, CallError, Closed, ConflictError,
                     ConnectError, ConnectionLostError, Error, ForbiddenError, ForkError,
                     FullError, HandleError, InternalError, Interrupted, InvalidArgumentError,
                     NoChannelError, NoGroupError, NoVhostError, OutOfMemoryError, PayloadError, ProtocolError,
                     RateLimitError, RefusedError, ReplacedError, ServerError, StateError, Stopped,
                     TimeoutError, TLSError, TooBigError, TransportError, UnauthorizedError,
                     UnavailableError)
from .event import Event
from .lists import *  # noqa: F401,F403
from .options import Options
from .status import Delivery, EventKind, LogLevel, Order, Status, WorkerState
from .worker import Worker

__all__ = [
    "AsyncClient", "AsyncWorker", "BadChannelError", "BadRequestError", "Batch", "CallError",
    "Client", "Closed", "ConflictError", "ConnectError", "ConnectionLostError", "Delivery", "Error", "Event",
    "EventKind", "ForbiddenError", "ForkError", "FullError", "HandleError", "InternalError",
    "Interrupted", "InvalidArgumentError", "LogLevel", "NoChannelError", "NoGroupError",
    "NoVhostError", "Options", "Order", "OutOfMemoryError", "Payload", "PayloadError", "ProtocolError", "RateLimitError",
    "RefusedError", "ReplacedError", "ServerError", "StateError", "Status", "Stopped",
    "TLSError", "TimeoutError", "TooBigError", "TransportError", "Trigger", "UnauthorizedError",
    "UnavailableError", "Worker", "WorkerState", "version", *lists.__all__,
]
