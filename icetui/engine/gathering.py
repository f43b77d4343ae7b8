"""Gathering: interfaces, STUN and TURN servers → candidates and server outcomes (RFC 8445 5.1.1).

Everything runs at once and everything is published the moment it is known: host candidates
before any server is asked, each server's answer or failure by itself. Nobody waits for anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol

import msgspec
from aioice.candidate import candidate_priority

from icetui import events
from icetui.engine import server_failure
from icetui.engine.binding import Answer, binding
from icetui.engine.claims import impossible
from icetui.engine.core import Failure
from icetui.engine.discovery import Discovery
from icetui.engine.endpoint import Endpoint
from icetui.engine.interfaces import LocalAddress, local_addresses
from icetui.engine.net import Address, Net, Unresolved
from icetui.engine.relay import allocate
from icetui.engine.server_failure import ANSWERED
from icetui.engine.sockets import Sockets
from icetui.engine.stream import Stream
from icetui.engine.tasks import INTERNAL, Tasks, contain, contained
from icetui.engine.turn import RelayUnavailable
from icetui.events import Candidate, Evidence, Reason, Server, StartSession, StunServer, TurnServer
from icetui.servers.rest_credentials import with_credentials

SERVER_DEADLINE = 2.0
"""Seconds after which a TURN server or a resolver counts as dead …"""
SERVER_PATIENCE = 30.0
"""… and for which it may still answer late."""
LATE_AGAIN = 0.5
"""Seconds after the verdict on a STUN server at which it gets another round of requests."""
AGAIN_AFTER, AGAIN_AT_MOST = 1.0, 30.0
"""Seconds between tries to get a lost TURN allocation back: the first pause, the longest."""
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
KEEP_WARM = 15.0
"""Seconds between Binding requests that keep a NAT's mapping alive (RFC 8445 section 11)."""


_NO_ROUTE = Evidence(errno=errno.ENETUNREACH)
"""As the system would say if it were asked to send there."""


class Gatherer(Protocol):
    """Who uses what is gathered."""

    def new_endpoint(self, *, via: str | None = None) -> Endpoint: ...
    def discard(self, endpoint: Endpoint) -> None: ...
    def found(self, candidate: Candidate, endpoint: Endpoint) -> Candidate | None: ...
    def direct(self) -> bool: ...
    def server_at(self, address: str) -> None: ...
    def server_answered(self, seconds: float) -> None: ...


class Gathering:
    """One round of gathering for one session."""

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
        self._sockets = sockets
        self._stream = stream
        self._start = start
        self._gatherer = gatherer
        self._hosts: list[tuple[Endpoint, LocalAddress, int]] = []
        self._servers: dict[str, Server] = {}
        self._keepers = Tasks()
        self._by_turn: dict[Endpoint, tuple[str, Address, Address]] = {}
        """What a TURN server (URI, address) was the first to tell of a base."""
        self._without_stun: dict[Endpoint, None] = {}
        """Bases that have nothing but that."""
        discovery.on_turn_mapping = self._seen_by_turn

    async def run(self) -> None:
        """Gather everything; returns when every server has answered or failed."""
        self._stream.emit(events.GatheringStateChanged, state="gathering")
        await self._hosts_first()
        asking: list[Coroutine[Any, Any, None]] = []
        if not self._start.relay_only:
            asking += [
                contained(self._ask_stun(s), partial(self._broke, s.url))
                for s in self._start.stun_servers
            ]
        asking += [
            contained(self._ask_turn(s, rank), partial(self._broke, s.url))
            for rank, s in enumerate(self._start.turn_servers)
        ]
        await asyncio.gather(*asking)
        self._stream.emit(events.GatheringStateChanged, state="complete")
        self._discovery.gathered()
        for rank, server in enumerate(self._start.turn_servers):
            if self._servers[server.url].reason in PASSING:
                self._ask_again(server, rank, AGAIN_AT_MOST)

    def allocate_again(self, url: str) -> None:
        """A TURN server has lost our allocation: ask it anew, less and less often."""
        for rank, server in enumerate(self._start.turn_servers):
            if server.url == url:
                self._show(msgspec.structs.replace(self._servers[url], state="asking"))
                self._ask_again(server, rank, 0.0)

    def _ask_again(self, server: TurnServer, rank: int, pause: float) -> None:
        work = self._until_allocated(server, rank, pause)
        self._keepers.start(work, partial(self._broke, server.url))

    def _broke(self, url: str) -> None:
        """An error of our own ended what was done with this server."""
        known = self._servers[url]
        if known.state != "ok":
            reason, detail = INTERNAL
            self._show(msgspec.structs.replace(known, state="failed", reason=reason, detail=detail))

    async def _until_allocated(self, turn_server: TurnServer, rank: int, pause: float) -> None:
        """Ask again after `pause` seconds and so on, less and less often."""
        while True:
            await asyncio.sleep(pause)
            await self._ask_turn(turn_server, rank, again=True)
            if self._servers[turn_server.url].state == "ok":
                return
            pause = min(max(AGAIN_AFTER, 2 * pause), AGAIN_AT_MOST)

    def stop(self) -> None:
        """End what still runs beside it: late answers, warm keeping."""
        self._keepers.cancel()

    # --- hosts --------------------------------------------------------------------------------

    async def _hosts_first(self) -> None:
        start = self._start
        addresses = local_addresses(self._net, start.interfaces, ipv4=start.ipv4, ipv6=start.ipv6)
        self._show_interfaces(addresses)
        usable = [a for a in addresses if a.why_not is None]
        if start.relay_only:
            return
        for rank, local in enumerate(_interleave(usable)):
            endpoint = self._gatherer.new_endpoint()
            try:
                await self._sockets.open(endpoint, local.address, start.port)
            except OSError as error:
                self._stream.emit(
                    events.CandidateFailed,
                    address=local.address,
                    interface=local.interface,
                    detail=_bind_problem(error, local, start.port),
                    evidence=Evidence(errno=error.errno),
                )
                continue
            candidate = Candidate(
                id="",
                type="host",
                address=endpoint.address[0],
                port=endpoint.address[1],
                priority=_priority("host", rank),
                foundation=f"h{rank}",
                interface=local.interface,
            )
            if self._gatherer.found(candidate, endpoint) is not None:
                self._hosts.append((endpoint, local, rank))
                self._discovery.begin(endpoint, local)

    def _show_interfaces(self, addresses: list[LocalAddress]) -> None:
        names = dict.fromkeys(a.interface for a in addresses)
        for name in names:
            own = [a for a in addresses if a.interface == name]
            used = any(a.why_not is None for a in own)
            self._stream.emit(
                events.InterfaceFound,
                interface=events.Interface(
                    name=name,
                    addresses=tuple(a.address for a in own),
                    used=used,
                    why_not=None if used else own[0].why_not,
                ),
            )
        for name in self._start.interfaces:
            if name not in names:
                self._stream.emit(
                    events.InterfaceFound,
                    interface=events.Interface(
                        name=name,
                        used=False,
                        why_not="this machine has no interface of that name with an address",
                    ),
                )

    # --- servers --------------------------------------------------------------------------------

    def _show(self, server: Server) -> None:
        self._servers[server.url] = server
        self._stream.emit(events.ServerChanged, server=server)

    async def _resolve(self, server: Server, host: str, port: int) -> list[Address] | None:
        """Addresses of a server, or None after its failure was shown."""
        began = self._net.now()
        try:
            # Not wait_for, which before Python 3.12 can swallow the cancellation of its caller.
            async with asyncio.timeout(SERVER_DEADLINE):
                found = await self._net.resolve(host, port)
        except Unresolved as error:
            self._failed(server, began, server_failure.unresolved(host, error))
        except TimeoutError:
            silent = Unresolved("the resolver does not answer", "silent")
            self._failed(server, began, server_failure.unresolved(host, silent))
        else:
            wanted = [a for a in found if (self._start.ipv6 if ":" in a[0] else self._start.ipv4)]
            if wanted:
                for address, _ in wanted:
                    self._gatherer.server_at(address)
                return wanted
            words = f"{host} has no address of a family in use"
            other = Failure(Reason.DNS, words, Evidence(resolver="other-family"))
            self._failed(server, began, other)
        return None

    def _failed(self, server: Server, began: float, why: Failure) -> None:
        took = self._net.now() - began
        self._show(
            msgspec.structs.replace(
                server,
                state="failed",
                time=took,
                reason=why.reason,
                detail=why.detail,
                evidence=why.evidence,
            )
        )

    async def _ask_stun(self, stun_server: StunServer) -> None:
        server = Server(url=stun_server.url, kind="stun")
        self._show(server)
        began = self._net.now()
        addresses = await self._resolve(server, stun_server.host, stun_server.port)
        if addresses is None:
            return
        server = msgspec.structs.replace(server, address=events.address_port(*addresses[0]))
        asking = []
        for endpoint, local, rank in self._hosts:
            same_family = [a for a in addresses if (":" in a[0]) == (":" in local.address)]
            if same_family:
                asking.append(self._ask_from(endpoint, local, rank, server, same_family[0], began))
        if not asking:
            none = Failure(Reason.SEND_ERROR, "no local address of its family", _NO_ROUTE)
            self._failed(server, began, none)
            return
        outcomes = await asyncio.gather(*asking)
        problems = [o for o in outcomes if o is not None]
        if len(problems) == len(outcomes):
            # A router's word says more than silence.
            self._failed(server, began, min(problems, key=lambda p: p.reason == Reason.TIMEOUT))
            self._do_without_stun()

    async def _ask_from(
        self,
        endpoint: Endpoint,
        local: LocalAddress,
        rank: int,
        server: Server,
        addr: Address,
        began: float,
    ) -> Failure | None:
        """Ask from one base; publish what it is seen as. Returns why not."""

        lies: list[Failure] = []

        def answered(answer: Answer) -> None:
            if answer.round_trip is not None:
                self._gatherer.server_answered(answer.round_trip)
            why = impossible(answer.mapped, local.address)
            if why is not None:
                lies.append(server_failure.impossible_claim(answer.mapped, why))
                self._discovery.answered(endpoint, server.url, addr, answer)
                return
            state = self._servers.get(server.url, server)
            if state.state != "ok":
                self._show(
                    msgspec.structs.replace(
                        server,
                        state="ok",
                        address=events.address_port(*addr),
                        time=answer.took,
                        mapped=events.address_port(*answer.mapped),
                    )
                )
            self._reflexive(endpoint, local, rank, server.url, answer.mapped)
            self._discovery.answered(endpoint, server.url, addr, answer)

        problem = await binding(endpoint, addr, answered)
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
        for endpoint, local, rank in self._hosts:
            if endpoint in self._without_stun or endpoint not in self._by_turn:
                continue
            self._without_stun[endpoint] = None
            url, addr, mapped = self._by_turn[endpoint]
            self._reflexive(endpoint, local, rank, url, mapped)

            def again(
                answer: Answer,
                endpoint: Endpoint = endpoint,
                local: LocalAddress = local,
                rank: int = rank,
                url: str = url,
                addr: Address = addr,
            ) -> None:
                self._reflexive(endpoint, local, rank, url, answer.mapped)
                self._discovery.answered(endpoint, url, addr, answer)

            self._keepers.start(self._keep_warm(endpoint, addr, again, late=False))

    def _reflexive(
        self, endpoint: Endpoint, local: LocalAddress, rank: int, url: str, mapped: Address
    ) -> None:
        self._gatherer.found(
            Candidate(
                id="",
                type="srflx",
                address=mapped[0],
                port=mapped[1],
                priority=_priority("srflx", rank),
                foundation=f"s{rank}{url}",
                related_address=endpoint.address[0],
                related_port=endpoint.address[1],
                interface=local.interface,
                server=url,
            ),
            endpoint,
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

    async def _ask_turn(self, turn_server: TurnServer, rank: int, *, again: bool = False) -> None:
        """`again`: what is shown of it stays until there is something new to say."""
        server = Server(url=turn_server.url, kind="turn", transport=turn_server.transport)
        if not again:
            self._show(server)
        began = self._net.now()
        addresses = await self._resolve(server, turn_server.host, turn_server.port)
        if addresses is None:
            return
        ways = [(addr, source) for addr in addresses for source in self._sources(addr)][:MOST_WAYS]
        if not ways:
            none = Failure(Reason.SEND_ERROR, "no local address reaches it", _NO_ROUTE)
            self._failed(server, began, none)
            return
        turn_server = with_credentials(turn_server, self._net.wall())
        server = msgspec.structs.replace(server, address=events.address_port(*ways[0][0]))
        self._discovery.turn_server(turn_server, addresses)
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
            self._failed(server, began, told or Failure(Reason.TIMEOUT, words, evidence))
            for late in attempts:
                asyncio.get_running_loop().call_later(SERVER_PATIENCE, late.cancel)
        elif self._servers[server.url].state != "ok" and problems:
            answered = [p for p in problems if p.reason in ANSWERED]
            self._failed(server, began, (answered or problems)[-1])

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
        endpoint = self._gatherer.new_endpoint(via=server.url)
        try:
            await allocate(endpoint, turn_server, addr, source)
        except RelayUnavailable as error:
            if error.why.reason in ANSWERED:
                self._discovery.turn_answered(turn_server, source)
            raise
        finally:
            if endpoint.transport is None:
                self._gatherer.discard(endpoint)
        self._discovery.turn_answered(turn_server, source)
        mapped: Address = endpoint.transport.get_extra_info("related_address")
        self._show(
            msgspec.structs.replace(
                server,
                state="ok",
                time=self._net.now() - began,
                mapped=events.address_port(*mapped),
                relayed=events.address_port(*endpoint.address),
                relays=(events.address_port(*endpoint.address),),
                lifetime=endpoint.transport.get_extra_info("lifetime"),
            )
        )
        # A relayed candidate over UDP before one over TCP before one over TLS.
        transport_rank = {"udp": 0, "tcp": 64, "tls": 128}[turn_server.transport]
        self._gatherer.found(
            Candidate(
                id="",
                type="relay",
                address=endpoint.address[0],
                port=endpoint.address[1],
                priority=_priority("relay", transport_rank + rank),
                foundation=f"r{server.url}",
                # With the relay-only policy the mapped address stays ours (RFC 9429 3.5.3).
                related_address="0.0.0.0" if self._start.relay_only else mapped[0],
                related_port=9 if self._start.relay_only else mapped[1],
                server=server.url,
            ),
            endpoint,
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


def _priority(kind: str, rank: int) -> int:
    """RFC 8445 section 5.1.2.1; `rank` 0 is the most preferred address of its kind."""
    return candidate_priority(1, kind, 65535 - rank)


def _interleave(addresses: list[LocalAddress]) -> list[LocalAddress]:
    """IPv6 and IPv4 in turn, IPv6 first (RFC 8421 section 4), in the system's order each."""
    six = [a for a in addresses if ":" in a.address]
    four = [a for a in addresses if ":" not in a.address]
    mixed: list[LocalAddress] = []
    while six or four:
        mixed += [queue.pop(0) for queue in (six, four) if queue]
    return mixed


def _bind_problem(error: OSError, local: LocalAddress, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use on {local.address}; choose another --port"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"no permission to bind port {port} on {local.address}; use a --port above 1023"
    return f"cannot bind {local.address}: {error.strerror or error}"
