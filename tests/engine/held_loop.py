"""An event loop whose clock is held: it stands still while anything is to be done, and jumps to the
next timer when nothing is. What waits for ten seconds takes none.

Only for what is all in this process: on loopback a datagram has arrived when its sending returns,
so when nothing is readable nothing is on its way. A process of its own would find its time gone.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Mapping
from typing import Any

from icetui.engine.net import Address, Unresolved, names
from icetui.engine.net.system import System


class HeldLoop(asyncio.SelectorEventLoop):
    """Sockets are the system's, time is its own."""

    def __init__(self) -> None:
        self._held = 1000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._held

    def jump(self, seconds: float) -> None:
        self._held += seconds


class _Jumping(selectors.BaseSelector):
    """Never waits for a time."""

    def __init__(self, loop: HeldLoop) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(None if timeout is None else 0)
        if not ready and timeout is not None and timeout > 0:
            self._loop.jump(timeout)
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class LoopSystem(System):
    """The system, by the running loop's clock; names are resolved without a thread, whose answer
    would come when a held clock has gone on."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def uptime(self) -> float:
        return asyncio.get_running_loop().time()

    async def resolve(self, host: str, port: int) -> list[Address]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise Unresolved(
                getattr(error, "strerror", None) or str(error), names.failure_kind(error)
            ) from None
        return list(dict.fromkeys((str(a[4][0]), int(a[4][1])) for a in found))
