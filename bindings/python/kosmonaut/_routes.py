"""Which handlers an event has: what `kn_worker_run()` does, where exceptions can come out."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple

_Handler = Callable[[Any], Any]


class Routes:
    """Handlers by their patterns, which the library has checked before."""

    def __init__(self) -> None:
        # The oldest pattern first, and it keeps its place while it has no handler.
        self._handlers: Dict[str, Optional[_Handler]] = {}
        self._matching: Dict[Tuple[str, str], List[_Handler]] = {}

    def set(self, pattern: str, handler: Optional[_Handler]) -> None:
        if handler is not None or pattern in self._handlers:
            self._handlers[pattern] = handler
            self._matching = {}

    def __bool__(self) -> bool:
        return any(handler is not None for handler in self._handlers.values())

    def matching(self, channel: str, name: str) -> List[_Handler]:
        """All that match, the oldest pattern's first."""
        found = self._matching.get((channel, name))
        if found is None:
            found = [handler for pattern, handler in self._handlers.items()
                     if handler is not None and _covers(pattern, channel, name)]
            if len(self._matching) < 1024:  # browsers choose names
                self._matching[channel, name] = found
        return found


def _covers(pattern: str, channel: str, name: str) -> bool:
    its_channel, _, its_name = pattern.partition("/")
    if its_channel not in ("*", channel):
        return False
    return not name.startswith(":") if its_name == "*" else its_name == name
