"""Relayed candidates (RFC 8445 section 5.1.1.2): TURN servers are asked for allocations.

What belongs here: which ways to a server are tried, and when it is asked again. One allocation is
`turn.py`'s and `relay.py`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial

import msgspec

from icetui import events
from icetui.engine.core import Failure
from icetui.engine.discovery import Discovery
from icetui.engine.endpoint import Endpoint
from icetui.engine.gatherer import Gatherer
from icetui.engine.gathering_servers import AskedServers
from icetui.engine.interfaces import local_addresses
from icetui.engine.net import Address, Net
from icetui.engine.priorities import priority
from icetui.engine.relay import allocate
from icetui.engine.server_failure import ANSWERED, NO_ROUTE
from icetui.engine.stream import Stream
from icetui.engine.tasks import INTERNAL, Tasks, contain
from icetui.engine.turn import RelayUnavailable
from icetui.events import Candidate, Evidence, Reason, Server, StartSession, TurnServer
from icetui.servers.rest_credentials import with_credentials

SERVER_DEADLINE = 2.0
"""Seconds after which a TURN server counts as dead …"""
SERVER_PATIENCE = 30.0
"""… and for which it may still answer late."""
AGAIN_AFTER, AGAIN_AT_MOST = 1.0, 30.0
"""Seconds between tries to get a lost TURN allocation back: the first pause, the longest."""
SIX_RANK = 32
"""By how much a relayed IPv6 address is less preferred than the IPv4 address beside it; no pair has
one of each."""
PASSING = (
    Reason.TIMEOUT,
    Reason.QUOTA,
    Reason.INSUFFICIENT_CAPACITY,
    Reason.ICMP_UNREACHABLE,
    Reason.SEND_ERROR,
    Reason.DNS,
)
"""Why a TURN server may be of no use now and of use later: it is asked again."""
NEXT_WAY, MOST_WAYS = 0.6, 6
"""Seconds without an answer after which a TURN server is asked at its next address or from our next
one as well; how many ways are tried in all."""


class RelayGathering:
    """The allocations of one session."""

    def __init__(
        self,
        net: Net,
        stream: Stream,
        start: StartSession,
        gatherer: Gatherer,
        discovery: Discovery,
        servers: AskedServers,
    ) -> None:
        self._net = net
        self._stream = stream
        self._start = start
        # A peer may have either family alone, whatever we have: who of ours uses both asks both.
        self._families = tuple(
            version for version, used in ((4, start.ipv4), (6, start.ipv6)) if used
        ) or (4,)
        self._renewing: set[str] = set()
        """Servers that are asked for another allocation."""
        self._gatherer = gatherer
        self._discovery = discovery
        self._servers = servers
        self._keepers = Tasks()
        self._late: dict[str, list[asyncio.Task[None]]] = {}
        """By URI: requests of rounds that have been given up, and may still be answered."""
        self._allocated: dict[Endpoint, str] = {}
        """Endpoints on allocations, and the local address that each was asked for from."""
        self._changed = asyncio.Event()
        """Set, and another one put in its place, when this machine has other addresses."""

    def stop(self) -> None:
        """End what still runs: late answers, further tries."""
        self._keepers.cancel()

    def go_on(self) -> None:
        """Every server has answered or failed: those that failed for now are asked again later."""
        for rank, server in enumerate(self._start.turn_servers):
            if self._servers[server.url].reason in PASSING:
                self._ask_again(server, rank, AGAIN_AT_MOST)

    def allocate_again(self, url: str) -> None:
        """A TURN server has lost our allocation: ask it anew, less and less often."""
        for rank, server in enumerate(self._start.turn_servers):
            # An allocation may have two relayed addresses, and both are lost at once.
            if server.url == url:
                self._servers.show(msgspec.structs.replace(self._servers[url], state="asking"))
                if url not in self._renewing:
                    self._renewing.add(url)
                    self._ask_again(server, rank, 0.0)

    def network_changed(self) -> None:
        """This machine has other addresses: allocations that were asked for from one that is gone
        have ended, and who could not be reached is asked again at once."""
        self._changed.set()
        self._changed = asyncio.Event()
        there = {address for _, address in self._net.interfaces()}
        for endpoint, local in list(self._allocated.items()):
            if endpoint.transport.is_closing():
                del self._allocated[endpoint]
            elif local not in there:
                endpoint.verify()

    def _ask_again(self, server: TurnServer, rank: int, pause: float) -> None:
        work = self._until_allocated(server, rank, pause)
        self._keepers.start(work, partial(self._servers.broke, server.url))

    async def _until_allocated(self, turn_server: TurnServer, rank: int, pause: float) -> None:
        """Ask again after `pause` seconds and so on, less and less often."""
        self._renewing.add(turn_server.url)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._changed.wait()
                # A request that was given up may have been answered meanwhile.
                if self._servers[turn_server.url].state != "ok":
                    await self.ask(turn_server, rank, again=True)
                if self._servers[turn_server.url].state == "ok":
                    return
                pause = min(max(AGAIN_AFTER, 2 * pause), AGAIN_AT_MOST)
        finally:
            self._renewing.discard(turn_server.url)

    async def ask(self, turn_server: TurnServer, rank: int, *, again: bool = False) -> None:
        """Ask for an allocation; returns when there is one, or the server has failed.

        `again`: what is shown of it stays until there is something new to say.
        """
        server = Server(url=turn_server.url, kind="turn", transport=turn_server.transport)
        if not again:
            self._servers.show(server)
        began = self._net.now()
        addresses = await self._servers.resolve(server, turn_server.host, turn_server.port)
        if addresses is None:
            return
        for address, _ in addresses:
            self._gatherer.server_at(address)
        ways = [(addr, source) for addr in addresses for source in self._sources(addr)][:MOST_WAYS]
        if not ways:
            none = Failure(Reason.SEND_ERROR, "no local address reaches it", NO_ROUTE)
            self._servers.failed(server, began, none)
            return
        turn_server = with_credentials(turn_server, self._net.wall())
        server = msgspec.structs.replace(server, address=events.address_port(*ways[0][0]))
        self._discovery.turn_server(turn_server, addresses)
        self._end_late(turn_server.url)
        deadline = self._net.now() + SERVER_DEADLINE
        attempts: list[asyncio.Task[None]] = []
        problems: list[Failure] = []
        settled = asyncio.Event()

        async def attempt(addr: Address, source: str) -> None:
            try:
                await self._allocate(turn_server, addr, source, rank, began)
            except RelayUnavailable as error:
                problems.append(error.why)
                if error.why.reason not in ANSWERED and len(problems) < len(ways):
                    return
            except Exception as error:  # whatever it is: another way may lead there
                contain(error, f"an allocation at {turn_server.url}")
                problems.append(Failure(*INTERNAL))
                if len(problems) < len(ways):
                    return
            for other in attempts:
                if other is not asyncio.current_task():
                    other.cancel()
            settled.set()

        for addr, source in ways:
            attempts.append(self._keepers.start(attempt(addr, source)))
            left = deadline - self._net.now()
            pause = left if len(attempts) == len(ways) else min(NEXT_WAY, left)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await settled.wait()
            if settled.is_set():
                break
        if not settled.is_set():
            # A router's word says more than silence.
            told = next((p for p in problems if p.reason != Reason.TIMEOUT), None)
            evidence = Evidence(silence=SERVER_DEADLINE)
            words = f"no answer for {SERVER_DEADLINE:.0f} s"
            self._servers.failed(server, began, told or Failure(Reason.TIMEOUT, words, evidence))
            waiting = self._late.setdefault(turn_server.url, [])
            waiting[:] = [task for task in (*waiting, *attempts) if not task.done()]
            for late in attempts:
                asyncio.get_running_loop().call_later(SERVER_PATIENCE, late.cancel)
        elif self._servers[server.url].state != "ok" and problems:
            answered = [p for p in problems if p.reason in ANSWERED]
            self._servers.failed(server, began, (answered or problems)[-1])

    def _end_late(self, url: str) -> None:
        """One allocation is enough: whoever still waits for one here waits no more."""
        for late in self._late.pop(url, []):
            if late is not asyncio.current_task():
                late.cancel()

    async def _allocate(
        self, turn_server: TurnServer, addr: Address, source: str, rank: int, began: float
    ) -> None:
        """Get a relayed candidate from the server at `addr`, asked from one local address.

        Raises `RelayUnavailable`.
        """
        server = Server(
            url=turn_server.url,
            kind="turn",
            transport=turn_server.transport,
            address=events.address_port(*addr),
        )
        new_endpoint = partial(self._gatherer.new_endpoint, via=server.url)
        try:
            client, endpoints = await allocate(
                self._net, self._stream, turn_server, addr, source, self._families, new_endpoint
            )
        except RelayUnavailable as error:
            if error.why.reason in ANSWERED:
                self._discovery.turn_answered(turn_server, source)
            raise
        self._discovery.turn_answered(turn_server, source)
        self._end_late(turn_server.url)
        for ended in [e for e in self._allocated if e.transport.is_closing()]:
            del self._allocated[ended]
        self._allocated |= dict.fromkeys(endpoints, source)
        for alternate, _ in client.redirected:
            self._gatherer.server_at(alternate)
        relays = tuple(events.address_port(*relayed) for relayed in client.relays)
        assert client.mapped is not None  # it has allocated
        self._servers.show(
            msgspec.structs.replace(
                server,
                state="ok",
                address=events.address_port(*client.conversation.address),
                redirected=tuple(events.address_port(*a) for a in client.redirected),
                time=self._net.now() - began,
                mapped=events.address_port(*client.mapped),
                relayed=relays[0],
                relays=relays,
                not_relayed=client.not_relayed,
                lifetime=client.granted,
            )
        )
        for endpoint in endpoints:
            self._gatherer.found(
                self._relayed(endpoint.address, client.mapped, turn_server, rank), endpoint
            )

    def _relayed(
        self, relayed: Address, mapped: Address, server: TurnServer, rank: int
    ) -> Candidate:
        six = ":" in relayed[0]
        # A relayed candidate over UDP before one over TCP before one over TLS.
        transport_rank = {"udp": 0, "tcp": 64, "tls": 128}[server.transport]
        # With the relay-only policy the mapped address stays ours (RFC 9429 3.5.3).
        hidden = self._start.relay_only
        return Candidate(
            id="",
            type="relay",
            address=relayed[0],
            port=relayed[1],
            priority=priority("relay", transport_rank + rank + (SIX_RANK if six else 0)),
            foundation=f"r{'6' if six else ''}{server.url}",
            related_address=("::" if six else "0.0.0.0") if hidden else mapped[0],
            related_port=9 if hidden else mapped[1],
            server=server.url,
        )

    def _sources(self, towards: Address) -> list[str]:
        """Local addresses to reach a server from, among the interfaces in use: the one that the
        system would take comes first, and others may get through where it does not."""
        source = self._net.source_address(towards)
        if source is None:
            return []
        usable = [
            a.address
            for a in local_addresses(self._net, self._start.interfaces)
            if a.why_not is None and (":" in a.address) == (":" in towards[0])
        ]
        first = [source] if source in usable or not self._start.interfaces else []
        return list(dict.fromkeys([*first, *usable]))
