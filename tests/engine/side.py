"""One side of a session for tests: a real agent on real sockets, its events folded as they come."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import msgspec

from icetui import events, signaling
from icetui.engine.core import Timing
from icetui.engine.ice_session import IceSession
from icetui.engine.stream import Stream
from icetui.session import Session
from icetui.streams.event_reader import EventReader
from tests.engine.held_loop import LoopSystem

QUICK = Timing(recheck=0.3, consent=2.0, probe_selected=0.2, silence=0.3, settled=0.3)
"""Clocks for tests that wait for one of them."""

_names = itertools.count(1)


class Side:
    """Folds what its agent says; `until` waits for something to become true."""

    def __init__(
        self, start: events.StartSession | None = None, timing: Timing | None = None
    ) -> None:
        self.session = Session()
        self.seen: list[events.Event] = []
        self._changed = asyncio.Event()
        start = start or events.StartSession(interfaces=("lo",), ipv6=False)
        net = LoopSystem()
        stream = Stream(net, self._take, f"side{next(_names)}")
        self.agent = IceSession(net, stream, start, timing)
        self.agent.begin()

    def _take(self, event: events.Event) -> None:
        # Through the wire format, so that what is folded is what a dashboard would get.
        decoded = EventReader().read(events.encode(event))
        assert decoded is not None, event
        self.seen.append(decoded)
        self.session.apply(decoded)
        self._changed.set()

    async def until(
        self, true: Callable[[Session], Any], within: float = 10.0, what: str = ""
    ) -> float:
        """Wait until `true(session)`; returns the loop time at which it was so."""
        try:
            async with asyncio.timeout(within):
                while not true(self.session):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pairs = [json.loads(msgspec.json.encode(p)) for p in self.session.pairs.values()]
            raise AssertionError(
                f"{what or true} did not come true in {within} s; state {self.session.state}, "
                f"pairs {pairs}, servers {list(self.session.servers.values())}"
            ) from None
        return asyncio.get_running_loop().time()

    async def blob(self) -> str:
        """Our blob once gathering is complete."""
        await self.until(lambda s: s.blob is not None and s.blob.complete, what="a blob")
        assert self.session.blob is not None
        return self.session.blob.blob

    def of(self, kind: type[events.Event]) -> list[Any]:
        """All events of a kind so far."""
        return [e for e in self.seen if isinstance(e, kind)]

    def send_raw(self, data: bytes, to: tuple[str, int]) -> None:
        """A datagram from our first endpoint, past everything."""
        self.agent.endpoints[0].transport.sendto(data, to)

    @property
    def address(self) -> tuple[str, int]:
        return self.agent.endpoints[0].address


async def connect(one: Side, other: Side) -> None:
    """Exchange blobs and wait for a nominated path on both sides."""
    one.agent.paste(await other.blob())
    other.agent.paste(await one.blob())
    for side in (one, other):
        await side.until(lambda s: s.state == "completed", what="completed")


def altered(blob: str, **changes: Any) -> str:
    """The blob of a description with some of its fields changed."""
    return signaling.write_blob(msgspec.structs.replace(signaling.read(blob), **changes))
