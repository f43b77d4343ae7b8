"""Gathering: interfaces, STUN and TURN servers → candidates and server outcomes (RFC 8445 5.1.1).

Everything runs at once and everything is published the moment it is known: host candidates
before any server is asked, each server's answer or failure by itself. Nobody waits for anybody.
What belongs here: one round of it. How each kind of candidate is gathered has a file of its own.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from functools import partial
from typing import Any

from icetui import events
from icetui.engine.discovery import Discovery
from icetui.engine.gatherer import Gatherer
from icetui.engine.gathering_hosts import HostBase, HostGathering
from icetui.engine.gathering_reflexive import ReflexiveGathering
from icetui.engine.gathering_relays import RelayGathering
from icetui.engine.gathering_servers import AskedServers, Outlook
from icetui.engine.interfaces import LocalAddress
from icetui.engine.net import Address, Net
from icetui.engine.relay_proof import Way
from icetui.engine.sockets import Sockets
from icetui.engine.stream import Stream
from icetui.engine.tasks import Tasks, contained
from icetui.events import StartSession

NAT_PATIENCE = 0.4
"""Seconds for which a description that has all candidates is held back for what it says of our NAT:
the other side can tell then what the two NATs make of each other."""
LOOK_EACH = 3.0
"""Seconds from one look at the addresses of this machine to the next."""
COMES_BACK_WITHIN = 30.0
"""Seconds for which the socket of an address that is gone is kept: a lease that is renewed, or a
radio that was away, brings it back, and with it the path (consent lives as long, RFC 7675)."""


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
        self._net = net
        self._discovery = discovery
        self._gatherer = gatherer
        self._stream = stream
        self._start = start
        self._servers = AskedServers(net, stream, start)
        self._bases: list[HostBase] = []
        self._missing: dict[HostBase, float] = {}
        """Bases whose address is gone, and the loop time at which that was seen."""
        self._watching = Tasks()
        self._hosts = HostGathering(net, stream, start, gatherer, sockets)
        self._reflexive = ReflexiveGathering(
            net, start, gatherer, discovery, self._servers, self._hosts, self._bases
        )
        self._relays = RelayGathering(net, stream, start, gatherer, discovery, self._servers)

    async def run(self) -> None:
        """Gather everything; returns when every server has answered or failed."""
        self._stream.emit(events.GatheringStateChanged, state="gathering")
        seen = self._net.interfaces()
        usable = self._hosts.look()
        if not self._start.relay_only:
            for rank, local in enumerate(usable):
                await self._begin(local, rank)
        self._watching.start(self._watch(seen))
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
        self._discovery.gathered()
        await self._discovery.until_told(NAT_PATIENCE)
        self._stream.emit(events.GatheringStateChanged, state="complete")
        self._reflexive.go_on()
        self._relays.go_on()

    def answering(self) -> list[Address]:
        """Servers that have answered a Binding request, or speak TURN over UDP and so would."""
        return self._servers.answering()

    def outlook(self) -> Outlook:
        """See `AskedServers.outlook`."""
        return self._servers.outlook()

    def shared_servers(self, marks: tuple[bytes, ...]) -> tuple[str, ...]:
        """See `AskedServers.shared`."""
        return self._servers.shared(marks)

    def way_to(self, addr: Address) -> Way | None:
        """How a further socket of ours would write there; None: not at all."""
        source = self._net.source_address(addr)
        if source is not None:
            return Way(self._net, source)
        for base in self._bases:
            if base.translated is not None and base.reaches(addr):
                return Way(base.translated, base.local.address)
        return None

    async def _begin(self, local: LocalAddress, rank: int) -> HostBase | None:
        base = await self._hosts.open(local, rank)
        if base is not None:
            self._bases.append(base)
            self._discovery.begin(base.endpoint, base.local)
        return base

    # --- what becomes of the addresses of this machine ------------------------------------------

    async def _watch(self, seen: list[tuple[str, str]]) -> None:
        """See networks come and go."""
        while True:
            await asyncio.sleep(LOOK_EACH)
            now = self._net.interfaces()
            if now != seen:
                seen = now
                await self._changed()
            self._give_up()

    async def _changed(self) -> None:
        """There are other addresses than before."""
        usable = {local.address: local for local in self._hosts.look()}
        for base in self._bases:
            there = base.local.address in usable
            if there and base in self._missing:
                del self._missing[base]
                self._gatherer.base_back(base.endpoint)
                self._reflexive.ask_from(base)
            elif not there and base not in self._missing:
                self._missing[base] = self._net.now()
                self._gatherer.base_gone(base.endpoint)
                self._reflexive.forget(base.endpoint)
        if not self._start.relay_only:
            held = {base.local.address for base in self._bases}
            for local in usable.values():
                if local.address not in held:
                    new = await self._begin(local, self._free_rank())
                    if new is not None:
                        self._reflexive.ask_from(new)
        self._reflexive.network_changed()
        self._relays.network_changed()

    def _give_up(self) -> None:
        """Close the sockets of addresses that have not come back."""
        long_ago = self._net.now() - COMES_BACK_WITHIN
        for base in [b for b, since in self._missing.items() if since <= long_ago]:
            del self._missing[base]
            self._bases.remove(base)
            self._discovery.end(base.endpoint)
            base.endpoint.transport.close()

    def _free_rank(self) -> int:
        taken = {base.rank for base in self._bases}
        return next(rank for rank in itertools.count() if rank not in taken)

    def ask_at_once(self) -> None:
        """See `ReflexiveGathering.ask_at_once`."""
        self._reflexive.ask_at_once()

    def allocate_again(self, url: str) -> None:
        """A TURN server has lost our allocation."""
        self._relays.allocate_again(url)

    def stop(self) -> None:
        """End what still runs beside it: late answers, warm keeping."""
        self._watching.cancel()
        self._servers.stop()
        self._reflexive.stop()
        self._relays.stop()
