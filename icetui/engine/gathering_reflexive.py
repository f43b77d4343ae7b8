"""Server-reflexive candidates (RFC 8445 section 5.1.1.2): STUN servers are asked from each base.

What belongs here: what a server sees our bases as, and keeping that so while nobody is connected.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from icetui import events
from icetui.engine import server_failure
from icetui.engine.alternate_servers import Redirections
from icetui.engine.binding import Answer, binding
from icetui.engine.claims import impossible
from icetui.engine.core import Failure
from icetui.engine.discovery import Discovery
from icetui.engine.endpoint import Endpoint
from icetui.engine.gatherer import Gatherer
from icetui.engine.gathering_hosts import HostBase, HostGathering
from icetui.engine.gathering_servers import AskedServers
from icetui.engine.net import Address, Net
from icetui.engine.priorities import priority
from icetui.engine.server_failure import NO_ROUTE
from icetui.engine.tasks import Tasks
from icetui.events import Candidate, Reason, Server, StartSession, StunServer

ASK_AGAIN = 30.0
"""Seconds after which a server that could not be asked is tried again."""
LATE_AGAIN = 0.5
"""Seconds after the verdict on a STUN server at which it gets another round of requests."""
DOUBT_AGAIN = 3.0
"""Seconds between two times at which all servers are asked at once."""
KEEP_WARM = 15.0
"""Seconds between Binding requests that keep a NAT's mapping alive (RFC 8445 section 11)."""
VIEW_LASTS = 2.5 * KEEP_WARM
"""Seconds for which a server's word on where it sees us counts."""


class _View(NamedTuple):
    """What a server said of a base."""

    mapped: Address
    at: float
    """Loop time."""


class ReflexiveGathering:
    """What servers see our bases as, for one session."""

    def __init__(
        self,
        net: Net,
        start: StartSession,
        gatherer: Gatherer,
        discovery: Discovery,
        servers: AskedServers,
        hosts: HostGathering,
        bases: list[HostBase],
    ) -> None:
        """`bases` may grow, and grows here where a NAT64 stands between."""
        self._net = net
        self._start = start
        self._gatherer = gatherer
        self._discovery = discovery
        self._servers = servers
        self._hosts = hosts
        self._bases = bases
        self._translating = asyncio.Lock()
        self._keepers = Tasks()
        self._warm: dict[tuple[Endpoint, Address], asyncio.Task[None]] = {}
        """Of them those that keep a binding."""
        self._asked: dict[str, tuple[Server, list[Address]]] = {}
        """Servers by URI, and where they are."""
        self._views: dict[tuple[Endpoint, Address], _View] = {}
        """Where each server saw each base last."""
        self._left: dict[Endpoint, dict[Address, Address]] = {}
        """Where a server saw a base, and where it sees it instead; another may see it there
        still."""
        self._doubt = asyncio.Event()
        self._doubted: float | None = None
        """When servers were last asked at once."""
        self._changed = asyncio.Event()
        """Set, and another one put in its place, when this machine has other addresses."""
        self._by_turn: dict[Endpoint, tuple[str, Address, Address]] = {}
        """What a TURN server (URI, address) was the first to tell of a base."""
        self._without_stun: dict[Endpoint, None] = {}
        """Bases that have nothing but that."""
        discovery.on_turn_mapping = self._seen_by_turn

    def stop(self) -> None:
        """End what still runs: late answers, warm keeping."""
        self._keepers.cancel()

    def go_on(self) -> None:
        """Every server has answered or failed: one that could not be asked is asked again."""
        for server in self._start.stun_servers:
            if not self._start.relay_only and self._unasked(server):
                work = self._until_asked(server)
                self._keepers.start(work, partial(self._servers.broke, server.url))

    def ask_at_once(self) -> None:
        """A path has gone silent: whether our servers still answer, and see us where they did, says
        whether that is our line, our NAT, or something over there."""
        now = self._net.now()
        if self._doubted is None or now - self._doubted >= DOUBT_AGAIN:
            self._doubted = now
            self._doubt.set()
            self._doubt = asyncio.Event()

    async def _pause(self, seconds: float) -> None:
        """So long, or until somebody wants to know."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._doubt.wait()

    def network_changed(self) -> None:
        """Whoever could not be asked from the addresses before may be now."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _unasked(self, stun_server: StunServer) -> bool:
        told = self._servers.get(stun_server.url)
        return told is not None and told.reason in (Reason.DNS, Reason.SEND_ERROR)

    async def _until_asked(self, stun_server: StunServer) -> None:
        """Its name could not be resolved, or no address of ours leads there."""
        while self._unasked(stun_server):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ASK_AGAIN):
                    await self._changed.wait()
            await self.ask(stun_server, again=True)

    def ask_from(self, base: HostBase) -> None:
        """There is a new base: ask all servers from it as well."""
        for server, addresses in self._asked.values():
            reached = [a for a in addresses if base.reaches(a)]
            if reached:
                work = self._ask_later(base, server, reached[0])
                self._keepers.start(work, partial(self._servers.broke, server.url))

    async def _ask_later(self, base: HostBase, server: Server, addr: Address) -> None:
        await self._ask_from(base, server, addr, self._net.now())

    def forget(self, endpoint: Endpoint) -> None:
        """This machine has the base's address no more."""
        self._views = {key: view for key, view in self._views.items() if key[0] is not endpoint}
        self._left.pop(endpoint, None)
        self._by_turn.pop(endpoint, None)
        self._without_stun.pop(endpoint, None)
        self._warm = {key: task for key, task in self._warm.items() if not task.done()}

    async def ask(self, stun_server: StunServer, *, again: bool = False) -> None:
        """Ask a server from each base; returns when it has answered or failed.

        `again`: what is shown of it stays until there is something new to say.
        """
        server = Server(url=stun_server.url, kind="stun")
        if not again:
            self._servers.show(server)
        began = self._net.now()
        addresses = await self._servers.resolve(server, stun_server.host, stun_server.port)
        if addresses is None:
            return
        addresses = await self._past_translation(addresses)
        for address, _ in addresses:
            self._gatherer.server_at(address)
        server = msgspec.structs.replace(server, address=events.address_port(*addresses[0]))
        self._asked[server.url] = (server, addresses)
        asking = []
        for base in self._bases:
            reached = [a for a in addresses if base.reaches(a)]
            if reached:
                asking.append(self._ask_from(base, server, reached[0], began))
        if not asking:
            none = Failure(Reason.SEND_ERROR, "no local address of its family", NO_ROUTE)
            self._servers.failed(server, began, none)
            return
        outcomes = await asyncio.gather(*asking)
        problems = [o for o in outcomes if o is not None]
        if len(problems) == len(outcomes):
            # A router's word says more than silence.
            why = min(problems, key=lambda p: p.reason == Reason.TIMEOUT)
            self._servers.failed(server, began, why)
            self._do_without_stun()

    async def _past_translation(self, addresses: list[Address]) -> list[Address]:
        """Where a server is, with its IPv4 address in the place of one that a NAT64 makes of it,
        if we have no IPv4 address: then there are sockets that reach it there."""
        embedding = self._servers.embedding
        if embedding is None or any(":" not in base.local.address for base in self._bases):
            return addresses
        async with self._translating:
            for base in list(self._bases):
                twins = [b for b in self._bases if b.local == base.local and b is not base]
                if base.translated is None and not twins:
                    twin = await self._hosts.open_translated(base, embedding)
                    if twin is not None:
                        self._bases.append(twin)
                        # Of the two ways out of one address that one has a NAT.
                        self._discovery.end(base.endpoint)
                        self._discovery.begin(twin.endpoint, twin.local, twin.translated)
                        # Servers that were asked over IPv6 before may have IPv4 as well.
                        self.ask_from(twin)
        return [a for a in addresses if not embedding.holds(a[0])] or addresses

    async def _ask_from(
        self, base: HostBase, server: Server, addr: Address, began: float
    ) -> Failure | None:
        """Ask from one base, and whomever we are sent to; publish what it is seen as. Returns why
        not."""
        redirections = Redirections(addr, addr[0])
        while True:
            named: list[Address | None] = []
            problem = await self._ask_one(base, server, addr, named)
            if not named or problem is None:
                return problem
            refused = redirections.follow(named[0])
            if refused is not None:
                return server_failure.not_followed(problem, named[0], refused)
            addr = redirections.followed[-1]
            self._gatherer.server_at(addr[0])
            followed = tuple(events.address_port(*a) for a in redirections.followed)
            server = msgspec.structs.replace(server, redirected=followed)

    async def _ask_one(
        self, base: HostBase, server: Server, addr: Address, named: list[Address | None]
    ) -> Failure | None:
        """Ask this address; into `named` comes whom a 300 names."""
        lies: list[Failure] = []
        endpoint = base.endpoint

        def answered(answer: Answer) -> None:
            if answer.round_trip is not None:
                self._gatherer.server_answered(answer.round_trip)
            why = impossible(answer.mapped, addr[0])
            if why is not None:
                lies.append(server_failure.impossible_claim(answer.mapped, why))
                self._discovery.answered(endpoint, server.url, addr, answer)
                return
            state = self._servers.get(server.url) or server
            seen = events.address_port(*answer.mapped)
            before = self._views.get((endpoint, addr))
            moved = before is not None and state.mapped == events.address_port(*before.mapped)
            if state.state != "ok" or (moved and state.mapped != seen):
                self._servers.show(
                    msgspec.structs.replace(
                        server,
                        state="ok",
                        address=events.address_port(*addr),
                        time=answer.took,
                        mapped=seen,
                    )
                )
            self._reflexive(base, server.url, answer.mapped)
            self._settle(endpoint, addr, answer.mapped)
            self._discovery.answered(endpoint, server.url, addr, answer)

        problem = await binding(endpoint, addr, answered, redirected=named.append)
        if named:
            return problem
        if problem is not None:
            self._discovery.unanswered(endpoint, server.url, addr, problem)
        elif lies:
            return lies[0]
        self._keep(endpoint, addr, answered, late=problem is not None)
        return problem

    def _keep(
        self, endpoint: Endpoint, addr: Address, answered: Callable[[Answer], None], *, late: bool
    ) -> None:
        """Once for each base and server, however often it has been asked."""
        known = self._warm.get((endpoint, addr))
        if known is None or known.done():
            work = self._keep_warm(endpoint, addr, answered, late)
            self._warm[endpoint, addr] = self._keepers.start(work)

    def _seen_by_turn(self, endpoint: Endpoint, url: str, addr: Address, mapped: Address) -> None:
        """TURN servers answer Binding requests as well (RFC 8656 section 3)."""
        if impossible(mapped, endpoint.address[0]) is not None:
            return
        self._by_turn.setdefault(endpoint, (url, addr, mapped))
        self._do_without_stun()

    def _do_without_stun(self) -> None:
        """What no STUN server tells, or none is left to tell, TURN servers have."""
        stun = [self._servers.get(s.url) for s in self._start.stun_servers]
        if any(server is None or server.state != "failed" for server in stun):
            return
        for base in self._bases:
            endpoint = base.endpoint
            if endpoint in self._without_stun or endpoint not in self._by_turn:
                continue
            self._without_stun[endpoint] = None
            url, addr, mapped = self._by_turn[endpoint]
            self._reflexive(base, url, mapped)
            self._settle(endpoint, addr, mapped)

            def again(
                answer: Answer, base: HostBase = base, url: str = url, addr: Address = addr
            ) -> None:
                self._reflexive(base, url, answer.mapped)
                self._settle(base.endpoint, addr, answer.mapped)
                self._discovery.answered(base.endpoint, url, addr, answer)

            self._keep(endpoint, addr, again, late=False)

    def _settle(self, endpoint: Endpoint, addr: Address, mapped: Address) -> None:
        """A server sees a base at `mapped` now: where it saw it before is a candidate no more, once
        no other server sees it there either; one that is silent by now says nothing."""
        now = self._net.now()
        before = self._views.get((endpoint, addr))
        self._views[endpoint, addr] = _View(mapped, now)
        left = self._left.setdefault(endpoint, {})
        if before is not None and before.mapped != mapped:
            left[before.mapped] = mapped
        views = [view for key, view in self._views.items() if key[0] is endpoint]
        seen = {view.mapped for view in views if now - view.at <= VIEW_LASTS}
        for old, new in [(old, new) for old, new in left.items() if old not in seen]:
            del left[old]
            self._gatherer.mapping_gone(endpoint, old, new)

    def _reflexive(self, base: HostBase, url: str, mapped: Address) -> None:
        self._gatherer.found(
            Candidate(
                id="",
                type="srflx",
                address=mapped[0],
                port=mapped[1],
                priority=priority("srflx", base.rank),
                foundation=f"s{base.rank}{url}",
                related_address=base.endpoint.address[0],
                related_port=base.endpoint.address[1],
                interface=base.local.interface,
                server=url,
            ),
            base.endpoint,
        )

    async def _keep_warm(
        self,
        endpoint: Endpoint,
        addr: Address,
        answered: Callable[[Answer], None],
        late: bool,
    ) -> None:
        """Ask again and again while nobody is connected: the mapping lives, its change is seen."""
        while not endpoint.transport.is_closing():
            await self._pause(LATE_AGAIN if late else KEEP_WARM)
            if not self._gatherer.direct():
                late = await binding(endpoint, addr, answered) is not None and late
                if late:
                    await asyncio.sleep(KEEP_WARM)
