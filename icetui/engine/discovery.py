"""NAT behaviour discovery beside gathering (RFC 5780): the NAT table and what a blob says.

What belongs here: which bases are examined and when, and what is told of it. How one base is
examined is in `examination.py`, what it means in `nat.py`. Nothing here delays gathering.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from icetui import events
from icetui.engine import nat
from icetui.engine.binding import Answer
from icetui.engine.core import Failure
from icetui.engine.endpoint import Endpoint
from icetui.engine.interfaces import LocalAddress
from icetui.engine.nat import Evidence
from icetui.engine.nat_examination import MOST_ADDRESSES, Examination
from icetui.engine.net import Address, Net, UdpNet
from icetui.engine.stream import Stream
from icetui.engine.tasks import INTERNAL, Tasks
from icetui.events import MappingSeen, NatBehaviour, NatDependence, TurnServer, address_port
from icetui.reachability import easiest

MOST_BASES = 8
AGAIN_FIRST, AGAIN_AT_MOST = 5.0, 300.0
"""Seconds from one examination to the next when a mapping has changed; doubling."""


@dataclass(slots=True, eq=False)
class _Base:
    """A base of ours."""

    endpoint: Endpoint
    local: LocalAddress
    six: bool
    """Whether it sends to IPv6 addresses."""
    net: UdpNet
    """Where further sockets like its own come from."""
    examination: Examination
    """The latest one."""
    configured: dict[Address, str] = field(default_factory=dict)
    """Addresses that were asked because a server is configured there, with its URI."""
    optional: set[Address] = field(default_factory=set)
    """Those of them that need not answer over UDP."""
    behaviour: NatBehaviour | None = None
    pause: float = AGAIN_FIRST
    ended: float | None = None
    """Loop time of the latest examination's end."""


class Discovery:
    """What the NATs in front of one session's bases do."""

    def __init__(
        self,
        net: Net,
        stream: Stream,
        start: events.StartSession,
        on_change: Callable[[], None],
    ) -> None:
        """`on_change` is called when what a blob says of it has changed."""
        self.on_turn_mapping: Callable[[Endpoint, str, Address, Address], None] = lambda *_: None
        """Told that a TURN server (URI, address) has seen a base, and where."""
        self._net = net
        self._stream = stream
        self._lifetime = start.binding_lifetime
        self._on_change = on_change
        # Whoever wants relayed candidates only does not want servers to see more than that.
        self._wanted = bool(start.stun_servers or start.turn_servers) and not start.relay_only
        self._stun = {(s.host, s.port) for s in start.stun_servers}
        self._bases: dict[Endpoint, _Base] = {}
        self._table: dict[tuple[str, str], str] = {}
        """Where each server (second) saw each base (first)."""
        self._turns: list[tuple[TurnServer, list[Address]]] = []
        self._over_tcp: tuple[str, ...] = ()
        self._gathered = asyncio.Event()
        self._learned = asyncio.Event()
        """Set when there is more to say, or an examination has ended."""
        self._tasks = Tasks()
        self._said: tuple[NatDependence, NatDependence] = ("unknown", "unknown")

    @property
    def said(self) -> tuple[NatDependence, NatDependence]:
        """Mapping and filtering for our blob: of the NAT that is easiest to get through."""
        best = easiest(b.behaviour for b in self._bases.values() if b.behaviour is not None)
        return (best.mapping, best.filtering) if best is not None else ("unknown", "unknown")

    def stop(self) -> None:
        """End everything; sockets are closed at once."""
        self._tasks.cancel()

    # --- what gathering tells -------------------------------------------------------------------

    def begin(
        self, endpoint: Endpoint, local: LocalAddress, translated: UdpNet | None = None
    ) -> None:
        """There is a base of ours: examine the NAT in front of it. `translated`: a NAT64, through
        which it sends to IPv4 hosts."""
        if not self._wanted or len(self._bases) >= MOST_BASES:
            return
        six = ":" in local.address and translated is None
        net = translated or self._net
        base = _Base(endpoint, local, six, net, self._examination(endpoint, local, net))
        self._bases[endpoint] = base
        self._tell(base, base.examination.evidence)
        for server, addresses in self._turns:
            self._ask_turn(base, server, addresses)
        self._tasks.start(self._examine(base), lambda: self._broke(base))

    def end(self, endpoint: Endpoint) -> None:
        """A base is no more, and what is in front of it is no matter any more."""
        base = self._bases.pop(endpoint, None)
        if base is None:
            return
        local = address_port(*endpoint.address)
        self._table = {key: seen for key, seen in self._table.items() if key[0] != local}
        if base.behaviour is not None:
            gone = msgspec.structs.replace(base.behaviour, complete=True, gone=True)
            self._stream.emit(events.NatBehaviourChanged, nat=gone)
        if self.said != self._said:
            self._said = self.said
            self._on_change()

    def answered(self, endpoint: Endpoint, url: str, server: Address, answer: Answer) -> None:
        """A configured server has answered a question from a base, or has done so again."""
        base = self._bases.get(endpoint)
        if base is None:
            return
        base.configured[server] = url
        self._row(base, server, answer.mapped)
        evidence = base.examination.evidence
        if not evidence.complete:
            base.examination.heard(server, answer, configured=True)
        elif evidence.seen.get(server) != answer.mapped:
            self._examine_again(base)

    def unanswered(self, endpoint: Endpoint, url: str, server: Address, problem: Failure) -> None:
        """A configured server has not."""
        base = self._bases.get(endpoint)
        if base is not None and not base.examination.evidence.complete:
            base.configured[server] = url
            base.examination.evidence.silent[server] = problem

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
                base.examination.evidence.relay_over_udp = True

    def gathered(self) -> None:
        """Every configured server has answered or failed."""
        self._gathered.set()

    async def until_told(self, within: float) -> None:
        """Until all is known that a blob says, or no more will be; at most so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while "unknown" in self.said and not all(b.ended for b in self._bases.values()):
                    self._learned.clear()
                    await self._learned.wait()

    # --- examinations ---------------------------------------------------------------------------

    def _examination(self, endpoint: Endpoint, local: LocalAddress, net: UdpNet) -> Examination:
        def row(server: Address, mapped: Address) -> None:
            if endpoint in self._bases:
                self._row(self._bases[endpoint], server, mapped)

        def known(evidence: Evidence) -> None:
            if endpoint in self._bases:
                self._tell(self._bases[endpoint], evidence)

        examination = Examination(net, self._stream, endpoint, local, row, known)
        examination.evidence.nat64 = net is not self._net
        return examination

    async def _examine(self, base: _Base) -> None:
        """To all that can be known, and then the lifetime if that is wanted."""
        examination, evidence = base.examination, base.examination.evidence
        await examination.run(self._gathered)
        evidence.over_tcp = self._over_tcp
        others = (b.examination.evidence for b in self._bases.values() if b is not base)
        evidence.elsewhere = next((e.base[0] for e in others if e.seen), None)
        if self._lifetime and evidence.behind_nat:
            self._tell(base, evidence)
            await examination.watch_bindings(self._lifetime)
        evidence.complete = True
        base.ended = self._net.now()
        self._tell(base, evidence)

    def _broke(self, base: _Base) -> None:
        """An error of our own ended an examination: what was found by then is all."""
        evidence = base.examination.evidence
        evidence.notes.append(f"The examination was not finished: {INTERNAL[1]}.")
        evidence.complete = True
        base.ended = self._net.now()
        self._tell(base, evidence)

    def _examine_again(self, base: _Base) -> None:
        """The mapping has changed, or somebody answers at last: what was found may be of the past.

        What is known stays said until the new is complete.
        """
        if base.ended is None or self._net.now() - base.ended < base.pause:
            return
        base.pause = min(2 * base.pause, AGAIN_AT_MOST)
        base.examination = self._examination(base.endpoint, base.local, base.net)
        for server in base.configured:
            base.examination.ask(server, expected=server not in base.optional)
        self._tasks.start(self._examine(base), lambda: self._broke(base))

    def _ask_turn(self, base: _Base, server: TurnServer, addresses: list[Address]) -> None:
        """Over UDP, whatever its transport is; only one that offers UDP is expected to answer."""
        family = [a for a in addresses if (":" in a[0]) == base.six]
        for addr in family[:1]:
            if addr not in base.configured and len(base.configured) < MOST_ADDRESSES:
                base.configured[addr] = server.url
                if server.transport != "udp":
                    base.optional.add(addr)
                base.examination.ask(addr, expected=addr not in base.optional)

    # --- telling --------------------------------------------------------------------------------

    def _row(self, base: _Base, server: Address, mapped: Address) -> None:
        """A row of the NAT table, when it is new."""
        url = base.configured.get(server, "")
        if url.startswith("turn"):
            self.on_turn_mapping(base.endpoint, url, server, mapped)
        local, remote, seen = (address_port(*a) for a in (base.endpoint.address, server, mapped))
        known = self._table.get((local, remote))
        if known == seen or (known is None and len(self._table) >= MOST_BASES * MOST_ADDRESSES):
            return
        self._table[local, remote] = seen
        self._stream.emit(
            MappingSeen,
            local=local,
            mapped=seen,
            server=remote,
            url=url,
            interface=base.local.interface,
        )

    def _tell(self, base: _Base, evidence: Evidence) -> None:
        """Say what is known by now, if it is more than before."""
        if base.endpoint not in self._bases:
            return  # it has ended meanwhile
        behaviour = nat.conclude(evidence)
        self._learned.set()
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
