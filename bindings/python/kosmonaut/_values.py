"""From Python's values to those of C, without losing anything on the way."""

from __future__ import annotations

import json
import math
from typing import Any, Mapping, Optional, Union

from .errors import InvalidArgumentError, PayloadError
from .status import Status

Payload = Union[Mapping[str, Any], str, bytes, None]
"""An event's data: a mapping, which becomes JSON; or JSON, which is sent as it is; None is {}."""


def text(value: str, what: str) -> bytes:
    """UTF-8 for a `const char *`, which would end at the first NUL."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is a str, not {type(value).__name__}")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as reason:
        raise InvalidArgumentError(Status.EINVAL, f"{what} is not Unicode text") from reason
    if b"\0" in encoded:
        raise InvalidArgumentError(Status.EINVAL, f"{what} has a NUL character in it")
    return encoded


def payload(data: Payload) -> Optional[bytes]:
    if data is None or isinstance(data, bytes):
        return data
    if isinstance(data, Mapping):
        try:
            data = json.dumps(dict(data), ensure_ascii=False, allow_nan=False,
                              separators=(",", ":"))
        except ValueError as reason:
            raise PayloadError(
                Status.EJSON, f"no JSON can be made of the data: {reason}") from reason
    if not isinstance(data, str):
        raise TypeError(f"data is a mapping, str, bytes or None, not {type(data).__name__}")
    try:
        return data.encode()
    except UnicodeEncodeError as reason:
        raise PayloadError(Status.EJSON, "the data is not Unicode text") from reason


def read_json(raw: bytes) -> Any:
    """What a browser said, whose numbers have as many digits as it likes: Python refuses a document
    with an integer that is too long for it (`sys.set_int_max_str_digits()`), so that is a float."""
    try:
        return json.loads(raw)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(raw, parse_int=_number)


def _number(digits: str) -> Any:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def integer(value: int, what: str, bits: int) -> int:
    """ctypes would cut the upper bits off."""
    if not isinstance(value, int):
        raise TypeError(f"{what} is an int, not {type(value).__name__}")
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise InvalidArgumentError(Status.EINVAL, f"{what} is out of range")
    return value


def milliseconds(seconds: float, what: str) -> int:
    """Whole milliseconds, not fewer than that; -1 for `math.inf`."""
    if math.isnan(seconds):
        raise InvalidArgumentError(Status.EINVAL, f"{what} is not a number")
    if seconds == math.inf:
        return -1
    if seconds < 0:
        raise InvalidArgumentError(Status.EINVAL, f"{what} is below 0")
    return integer(math.ceil(round(seconds * 1000, 3)), what, 64)
