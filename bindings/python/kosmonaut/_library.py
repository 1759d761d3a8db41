"""Loads libkosmonaut and gives its functions their types."""

from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace

from ._abi import FUNCTIONS

SONAME = "libkosmonaut.so.1"

# These touch memory alone and are over sooner than the interpreter's lock is given up and taken
# again; so they keep it. None of them waits for a thread that might want it.
_SHORT = ("kn_batch_", "kn_error_", "kn_event_", "kn_options_", "kn_result_", "kn_status_",
          "kn_string_", "kn_version")


def _load() -> SimpleNamespace:
    name = os.environ.get("KOSMONAUT_LIBRARY") or SONAME
    try:
        waiting = ctypes.CDLL(name)
    except OSError as reason:
        raise ImportError(
            f"libkosmonaut cannot be loaded ({reason}); install it, or set KOSMONAUT_LIBRARY to "
            f"the path of {SONAME}") from reason
    short = ctypes.PyDLL(name)
    functions = {}
    for symbol, (result, arguments) in FUNCTIONS.items():
        try:
            function = (short if symbol.startswith(_SHORT) else waiting)[symbol]
        except AttributeError as reason:
            raise ImportError(f"{name} is older than this package: it has no {symbol}") from reason
        function.restype = result
        function.argtypes = arguments
        functions[symbol] = function
    return SimpleNamespace(**functions)


lib = _load()


def version() -> str:
    """The version of the library that is loaded, such as "1.0.0"."""
    return str(lib.kn_version().decode())
