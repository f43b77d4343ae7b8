"""NAT behaviour discovery beside gathering (RFC 5780): whom to ask what, and when all is known.

What belongs here: the order of the questions and the NAT table. The sockets that ICE uses are only
asked what they may be asked at any time, a Binding request to one more address; every other test
has sockets of its own (`nat_tests.py`). What it means is concluded in `nat.py`. Nothing here
delays gathering, and everything ends by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from icetui import events
from icetui.engine import nat, nat_tests
from icetui.engine.binding import SERVER_TIMEOUTS, Answer, binding
from icetui.engine.endpoint import Address, Endpoint
from icetui.engine.interfaces import LocalAddress
from icetui.engine.likelihood import private
from icetui.engine.nat import Evidence
from icetui.engine.stream import Stream
from icetui.events import MappingSeen, NatBehaviour, NatDependence, Reason, TurnServer, address_port
from icetui.reachability import easiest

MOST_BASES = 8
MOST_ADDRESSES = 16
"""Addresses asked from one base."""
MOST_OFFERS = 2
"""Servers that get a chance to show that they do what RFC 5780 says."""
AGAIN_FIRST, AGAIN_AT_MOST = 5.0, 300.0
"""Seconds from one examination to the next when a mapping has changed; doubling."""


@dataclass(slots=True, eq=False)
class _Base:
    """A base under examination."""

    endpoint: Endpoint
    local: LocalAddress
    evidence: Evidence
    offers: asyncio.Queue[tuple[Address, Answer] | None] = field(default_factory=asyncio.Queue)
    """Answers as they come, then None: no more will come."""
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    configured: dict[Address, str] = field(default_factory=dict)
    """Addresses that were asked because a server is configured there, with its URI."""
    optional: set[Address] = field(default_factory=set)
    """Those of them that need not answer over UDP."""
    asking: set[asyncio.Task[None]] = field(default_factory=set)
    round_trip: float = 0.0
    """Seconds, the longest that an answer took."""
    behaviour: NatBehaviour | None = None
    pause: float = AGAIN_FIRST
    ended: float = 0.0
    """Loop time of the latest examination's end."""


class Discovery:
    """What the NATs in front of one session's bases do."""

    def __init__(
        self, stream: Stream, start: events.StartSession, on_change: Callable[[], None]
    ) -> None:
        """`on_change` is called when what a blob says of it has changed."""
        self._stream = stream
        self._lifetime = start.binding_lifetime
        self._on_change = on_change
        # Whoever wants relayed candidates only does not want servers to see more than that.
        self._wanted = bool(start.stun_servers or start.turn_servers) and not start.relay_only
        self._stun = {(s.host, s.port) for s in start.stun_servers}
        self._bases: dict[Endpoint, _Base] = {}
        self._table: dict[tuple[str, str], MappingSeen] = {}
        self._turns: list[tuple[TurnServer, list[Address]]] = []
        self._over_tcp: tuple[str, ...] = ()
        self._gathered = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._said: tuple[NatDependence, NatDependence] = ("unknown", "unknown")

    @property
    def said(self) -> tuple[NatDependence, NatDependence]:
        """Mapping and filtering for our blob: of the NAT that is easiest to get through."""
        best = easiest(b.behaviour for b in self._bases.values() if b.behaviour is not None)
        return (best.mapping, best.filtering) if best is not None else ("unknown", "unknown")

    def stop(self) -> None:
        """End everything; sockets are closed at once."""
        for task in self._tasks:
            task.cancel()

    # --- what gathering tells -------------------------------------------------------------------

    def begin(self, endpoint: Endpoint, local: LocalAddress) -> None:
        """There is a base of ours: examine the NAT in front of it."""
        if not self._wanted or len(self._bases) >= MOST_BASES:
            return
        base = _Base(endpoint, local, Evidence(endpoint.address, local.interface))
        self._bases[endpoint] = base
        self._tell(base)
        for server, addresses in self._turns:
            self._ask_turn(base, server, addresses)
        self._background(self._examine(base))

    def answered(self, endpoint: Endpoint, url: str, server: Address, answer: Answer) -> None:
        """A configured server has answered a question from a base, or has done so again."""
        base = self._bases.get(endpoint)
        if base is None:
            return
        base.configured[server] = url
        known = base.evidence.seen.get(server)
        self._row(base, server, answer.mapped)
        if not base.evidence.complete:
            self._count(base, server, answer)
        elif known != answer.mapped:
            self._examine_again(base)

    def unanswered(
        self, endpoint: Endpoint, url: str, server: Address, problem: tuple[Reason, str]
    ) -> None:
        """A configured server has not."""
        base = self._bases.get(endpoint)
        if base is not None and not base.evidence.complete:
            base.configured[server] = url
            base.evidence.silent[server] = problem

    def turn_server(self, server: TurnServer, addresses: list[Address]) -> None:
        """A TURN server has been resolved; it answers Binding requests as well (RFC 8656 3)."""
        if not self._wanted or (server.host, server.port) in self._stun:
            return
        self._turns.append((server, addresses))
        for base in self._bases.values():
            self._ask_turn(base, server, addresses)

    def turn_answered(self, server: TurnServer, source: str) -> None:
        """A TURN server, asked from this local address for an allocation, has answered."""
        if server.transport != "udp":
            self._over_tcp = tuple(dict.fromkeys((*self._over_tcp, server.url)))
            return
        for base in self._bases.values():
            if base.local.address == source:
                base.evidence.relay_over_udp = True

    def gathered(self) -> None:
        """Every configured server has answered or failed."""
        self._gathered.set()

    # --- one base -------------------------------------------------------------------------------

    async def _examine(self, base: _Base) -> None:
        """From the first answer to all that can be known."""
        settled = self._background(self._until_all_asked(base))
        await base.heard.wait()
        if base.evidence.seen:
            server = next(iter(base.evidence.seen))
            self._tell(base)
            await asyncio.gather(
                self._hairpinning(base, server),
                self._routers(base, server),
                self._use_offers(base),
            )
        await settled
        await self._confirm(base)
        base.evidence.mapping_settled = True
        base.evidence.over_tcp = self._over_tcp
        base.evidence.elsewhere = self._answered_elsewhere(base)
        if self._lifetime and base.evidence.behind_nat:
            self._tell(base)
            await self._binding_lifetime(base)
        base.evidence.complete = True
        base.ended = asyncio.get_running_loop().time()
        self._tell(base)

    def _answered_elsewhere(self, base: _Base) -> str | None:
        """Another local address from which a server was reached."""
        others = (b.evidence for b in self._bases.values() if b is not base)
        return next((e.base[0] for e in others if e.seen), None)

    async def _until_all_asked(self, base: _Base) -> None:
        await self._gathered.wait()
        if base.asking:
            await asyncio.wait(set(base.asking))
        base.offers.put_nowait(None)
        base.heard.set()

    def _examine_again(self, base: _Base) -> None:
        """The mapping has changed, or somebody answers at last: what was found may be of the past.

        What is known stays said until the new is complete.
        """
        now = asyncio.get_running_loop().time()
        if now - base.ended < base.pause or base.asking:
            return
        base.pause = min(2 * base.pause, AGAIN_AT_MOST)
        base.evidence = Evidence(base.endpoint.address, base.local.interface)
        base.offers, base.heard = asyncio.Queue(), asyncio.Event()
        for server in base.configured:
            self._ask(base, server)
        self._background(self._examine(base))

    async def _use_offers(self, base: _Base) -> None:
        """Servers with a second address, one after the other, until one keeps its word."""
        tried: set[str] = set()
        while len(tried) < MOST_OFFERS:
            offer = await base.offers.get()
            if offer is None:
                return
            server, answer = offer
            if answer.other is None or server[0] in tried:
                continue
            problem = unusable(server, answer.other)
            if problem:
                base.evidence.notes.append(problem)
                continue
            tried.add(server[0])
            if await self._use_offer(base, server, answer.other, answer.took):
                return

    async def _use_offer(
        self, base: _Base, server: Address, other: Address, round_trip: float
    ) -> bool:
        """Sections 4.3 and 4.4 with one server; whether they could be done."""
        evidence = base.evidence
        waits = nat_tests.pace(round_trip)

        async def mapping() -> None:
            others = dict.fromkeys([(other[0], server[1]), other, (server[0], other[1])])
            await asyncio.gather(
                *(self._question(base, there, waits, counts=False) for there in others)
            )
            if other in evidence.seen or (other[0], server[1]) in evidence.seen:
                await self._confirm(base)
                evidence.mapping_settled = True
                self._tell(base)

        async def filtering() -> None:
            with self._no_socket(base):
                test, ports = await nat_tests.filtering(
                    self._stream, base.local.address, server, other, round_trip
                )
                evidence.tests.append(test)
                evidence.ports |= ports
                if test.address_passed:
                    self._tell(base)

        await asyncio.gather(mapping(), filtering())
        if other in evidence.seen:
            return other[0] != server[0]
        evidence.notes.append(
            f"{address_port(*server)} offers {address_port(*other)} as its other address, and "
            "nothing answers there."
        )
        return False

    async def _confirm(self, base: _Base) -> None:
        """Different answers mean a dependent mapping only if the first one still stands."""
        evidence = base.evidence
        if len(set(evidence.outside.values())) < 2 or evidence.moved:
            return
        server, before = next(iter(evidence.outside.items()))
        await self._question(base, server, counts=False)
        evidence.moved = evidence.seen.get(server) != before

    async def _hairpinning(self, base: _Base, server: Address) -> None:
        """Only where there is something to turn round at."""
        evidence = base.evidence
        if not evidence.behind_nat:
            return
        with self._no_socket(base):
            evidence.hairpin, ports = await nat_tests.hairpinning(
                self._stream, base.local.address, server, base.round_trip
            )
            evidence.ports |= ports

    async def _routers(self, base: _Base, server: Address) -> None:
        """Only IPv4 has carrier-grade NATs."""
        evidence = base.evidence
        if evidence.behind_nat and ":" not in base.local.address:
            with self._no_socket(base):
                evidence.routers = await nat_tests.routers(self._stream, base.local.address, server)

    async def _binding_lifetime(self, base: _Base) -> None:
        evidence = base.evidence
        problem = ""
        # A server that can answer elsewhere is likelier to answer to another port, too.
        for server in [t.server for t in evidence.tests] + list(evidence.seen)[:1]:
            with self._no_socket(base):
                evidence.lived, evidence.lapsed, problem = await nat_tests.lifetime(
                    self._stream, base.local.address, server, self._lifetime
                )
            if evidence.lived is not None or evidence.lapsed is not None:
                return
        if problem:
            evidence.notes.append(f"How long a binding lives is open: {problem}.")

    @contextlib.contextmanager
    def _no_socket(self, base: _Base) -> Any:
        """A test that gets no socket is a question that stays open, no more."""
        try:
            yield
        except OSError as error:
            base.evidence.notes.append(
                f"A test could not be made: no socket on {base.local.address} "
                f"({error.strerror or error})."
            )

    # --- questions ------------------------------------------------------------------------------

    def _ask_turn(self, base: _Base, server: TurnServer, addresses: list[Address]) -> None:
        """Over UDP, whatever its transport is; only one that offers UDP is expected to answer."""
        family = [a for a in addresses if (":" in a[0]) == (":" in base.local.address)]
        for addr in family[:1]:
            if addr not in base.configured and len(base.configured) < MOST_ADDRESSES:
                base.configured[addr] = server.url
                if server.transport != "udp":
                    base.optional.add(addr)
                self._ask(base, addr)

    def _ask(self, base: _Base, server: Address) -> None:
        counts = server not in base.optional
        task = self._background(self._question(base, server, counts=counts))
        base.asking.add(task)
        task.add_done_callback(base.asking.discard)

    async def _question(
        self,
        base: _Base,
        server: Address,
        waits: tuple[float, ...] = SERVER_TIMEOUTS,
        *,
        counts: bool,
    ) -> None:
        """From the base's own socket; `counts`: whether silence says something of UDP."""
        evidence = base.evidence

        def answered(answer: Answer) -> None:
            self._row(base, server, answer.mapped)
            if base.evidence is evidence:
                self._count(base, server, answer)

        problem = await binding(base.endpoint, server, answered, waits=waits)
        if problem is not None and counts:
            evidence.silent[server] = problem

    def _count(self, base: _Base, server: Address, answer: Answer) -> None:
        """An answer is evidence, if it can be true."""
        evidence = base.evidence
        mapped = answer.mapped
        if (":" in mapped[0]) != (":" in evidence.base[0]) or not mapped[1]:
            evidence.notes.append(f"{server[0]} claims to see us at {address_port(*mapped)}.")
            return
        if len(evidence.seen) >= MOST_ADDRESSES and server not in evidence.seen:
            return
        if server not in evidence.seen and server in base.configured:
            base.offers.put_nowait((server, answer))
        evidence.seen[server] = mapped
        base.round_trip = max(base.round_trip, answer.took)
        if answer.plain is not None and answer.plain != mapped:
            evidence.rewritten[server] = answer
        base.heard.set()

    # --- telling --------------------------------------------------------------------------------

    def _row(self, base: _Base, server: Address, mapped: Address) -> None:
        """A row of the NAT table, when it is new."""
        local, remote = address_port(*base.evidence.base), address_port(*server)
        known = self._table.get((local, remote))
        if known is not None and known.mapped == address_port(*mapped):
            return
        if known is None and len(self._table) >= MOST_BASES * MOST_ADDRESSES:
            return
        row: dict[str, Any] = {
            "local": local,
            "mapped": address_port(*mapped),
            "server": remote,
            "url": base.configured.get(server, ""),
            "interface": base.local.interface,
        }
        self._table[(local, remote)] = MappingSeen(wall=0, t=0, **row)
        self._stream.emit(MappingSeen, **row)

    def _tell(self, base: _Base) -> None:
        """Say what is known by now, if it is more than before."""
        behaviour = nat.conclude(base.evidence)
        before = base.behaviour
        again = before is not None and before.complete and not behaviour.complete
        if behaviour == before or again:
            return
        base.behaviour = behaviour
        self._stream.emit(events.NatBehaviourChanged, nat=behaviour)
        said = self.said
        if said != self._said:
            self._said = said
            self._on_change()

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def unusable(server: Address, other: Address) -> str | None:
    """Why an OTHER-ADDRESS is not to be asked: it is foreign text, and what we send there reaches
    whoever is there."""
    claim = f"{address_port(*server)} offers {address_port(*other)} as its other address"
    ours, theirs = ipaddress.ip_address(server[0]), ipaddress.ip_address(other[0])
    if ours.version != theirs.version or not other[1]:
        return f"{claim}, which is none of its kind."
    if other == server:
        return f"{claim}, which is where it was asked."
    special = theirs.is_multicast or theirs.is_unspecified or theirs.is_link_local
    if special or theirs.is_loopback != ours.is_loopback or theirs.is_reserved:
        return f"{claim}, which no server can have."
    if private(other[0]) and not private(server[0]):
        return f"{claim}, which is private: it cannot be reached from here."
    return None
