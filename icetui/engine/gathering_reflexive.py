"""Server-reflexive candidates (RFC 8445 section 5.1.1.2): STUN servers are asked from each base.

What belongs here: what a server sees our bases as, and keeping that so while nobody is connected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

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
from icetui.engine.gathering_hosts import HostBase
from icetui.engine.gathering_servers import AskedServers
from icetui.engine.net import Address, Net
from icetui.engine.priorities import priority
from icetui.engine.server_failure import NO_ROUTE
from icetui.engine.tasks import Tasks
from icetui.events import Candidate, Reason, Server, StartSession, StunServer

LATE_AGAIN = 0.5
"""Seconds after the verdict on a STUN server at which it gets another round of requests."""
KEEP_WARM = 15.0
"""Seconds between Binding requests that keep a NAT's mapping alive (RFC 8445 section 11)."""


class ReflexiveGathering:
    """What servers see our bases as, for one session."""

    def __init__(
        self,
        net: Net,
        start: StartSession,
        gatherer: Gatherer,
        discovery: Discovery,
        servers: AskedServers,
        bases: list[HostBase],
    ) -> None:
        """`bases` may grow."""
        self._net = net
        self._start = start
        self._gatherer = gatherer
        self._discovery = discovery
        self._servers = servers
        self._bases = bases
        self._keepers = Tasks()
        self._by_turn: dict[Endpoint, tuple[str, Address, Address]] = {}
        """What a TURN server (URI, address) was the first to tell of a base."""
        self._without_stun: dict[Endpoint, None] = {}
        """Bases that have nothing but that."""
        discovery.on_turn_mapping = self._seen_by_turn

    def stop(self) -> None:
        """End what still runs: late answers, warm keeping."""
        self._keepers.cancel()

    async def ask(self, stun_server: StunServer) -> None:
        """Ask a server from each base; returns when it has answered or failed."""
        server = Server(url=stun_server.url, kind="stun")
        self._servers.show(server)
        began = self._net.now()
        addresses = await self._servers.resolve(server, stun_server.host, stun_server.port)
        if addresses is None:
            return
        for address, _ in addresses:
            self._gatherer.server_at(address)
        server = msgspec.structs.replace(server, address=events.address_port(*addresses[0]))
        asking = []
        for base in self._bases:
            same_family = [a for a in addresses if (":" in a[0]) == (":" in base.local.address)]
            if same_family:
                asking.append(self._ask_from(base, server, same_family[0], began))
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

    async def _ask_from(
        self, base: HostBase, server: Server, addr: Address, began: float
    ) -> Failure | None:
        """Ask from one base, and whomever we are sent to; publish what it is seen as. Returns why
        not."""
        redirections = Redirections(addr, base.local.address)
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
        endpoint, local = base.endpoint, base.local

        def answered(answer: Answer) -> None:
            if answer.round_trip is not None:
                self._gatherer.server_answered(answer.round_trip)
            why = impossible(answer.mapped, local.address)
            if why is not None:
                lies.append(server_failure.impossible_claim(answer.mapped, why))
                self._discovery.answered(endpoint, server.url, addr, answer)
                return
            state = self._servers.get(server.url) or server
            if state.state != "ok":
                self._servers.show(
                    msgspec.structs.replace(
                        server,
                        state="ok",
                        address=events.address_port(*addr),
                        time=answer.took,
                        mapped=events.address_port(*answer.mapped),
                    )
                )
            self._reflexive(base, server.url, answer.mapped)
            self._discovery.answered(endpoint, server.url, addr, answer)

        problem = await binding(endpoint, addr, answered, redirected=named.append)
        if named:
            return problem
        if problem is not None:
            self._discovery.unanswered(endpoint, server.url, addr, problem)
        elif lies:
            return lies[0]
        self._keepers.start(self._keep_warm(endpoint, addr, answered, late=problem is not None))
        return problem

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

            def again(
                answer: Answer, base: HostBase = base, url: str = url, addr: Address = addr
            ) -> None:
                self._reflexive(base, url, answer.mapped)
                self._discovery.answered(base.endpoint, url, addr, answer)

            self._keepers.start(self._keep_warm(endpoint, addr, again, late=False))

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
            await asyncio.sleep(LATE_AGAIN if late else KEEP_WARM)
            if not self._gatherer.direct():
                late = await binding(endpoint, addr, answered) is not None and late
                if late:
                    await asyncio.sleep(KEEP_WARM)
