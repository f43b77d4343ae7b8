"""Gathering: interfaces, STUN and TURN servers → candidates and server outcomes (RFC 8445 5.1.1).

Everything runs at once and everything is published the moment it is known: host candidates
before any server is asked, each server's answer or failure by itself. Nobody waits for anybody.
What belongs here: one round of it. How each kind of candidate is gathered has a file of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from icetui import events
from icetui.engine.discovery import Discovery
from icetui.engine.gatherer import Gatherer
from icetui.engine.gathering_hosts import HostBase, HostGathering
from icetui.engine.gathering_reflexive import ReflexiveGathering
from icetui.engine.gathering_relays import RelayGathering
from icetui.engine.gathering_servers import AskedServers
from icetui.engine.net import Address, Net
from icetui.engine.sockets import Sockets
from icetui.engine.stream import Stream
from icetui.engine.tasks import contained
from icetui.events import StartSession


class Gathering:
    """Gathering for one session."""

    def __init__(
        self,
        net: Net,
        stream: Stream,
        start: StartSession,
        gatherer: Gatherer,
        discovery: Discovery,
        sockets: Sockets,
    ) -> None:
        """`discovery` hears of every base and every answer."""
        self._discovery = discovery
        self._stream = stream
        self._start = start
        self._servers = AskedServers(net, stream, start)
        self._bases: list[HostBase] = []
        self._hosts = HostGathering(net, stream, start, gatherer, sockets)
        self._reflexive = ReflexiveGathering(
            net, start, gatherer, discovery, self._servers, self._bases
        )
        self._relays = RelayGathering(net, start, gatherer, discovery, self._servers)

    async def run(self) -> None:
        """Gather everything; returns when every server has answered or failed."""
        self._stream.emit(events.GatheringStateChanged, state="gathering")
        usable = self._hosts.look()
        if not self._start.relay_only:
            for rank, local in enumerate(usable):
                base = await self._hosts.open(local, rank)
                if base is not None:
                    self._bases.append(base)
                    self._discovery.begin(base.endpoint, base.local)
        asking: list[Coroutine[Any, Any, None]] = []
        if not self._start.relay_only:
            asking += [
                contained(self._reflexive.ask(s), partial(self._servers.broke, s.url))
                for s in self._start.stun_servers
            ]
        asking += [
            contained(self._relays.ask(s, rank), partial(self._servers.broke, s.url))
            for rank, s in enumerate(self._start.turn_servers)
        ]
        await asyncio.gather(*asking)
        self._stream.emit(events.GatheringStateChanged, state="complete")
        self._discovery.gathered()
        self._relays.go_on()

    def answering(self) -> list[Address]:
        """Servers that have answered a Binding request, or speak TURN over UDP and so would."""
        return self._servers.answering()

    def allocate_again(self, url: str) -> None:
        """A TURN server has lost our allocation."""
        self._relays.allocate_again(url)

    def stop(self) -> None:
        """End what still runs beside it: late answers, warm keeping."""
        self._reflexive.stop()
        self._relays.stop()
