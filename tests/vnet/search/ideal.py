"""What is true of a network: ideal agents find it out on its own NATs, firewalls and servers.

An ideal agent has the same sockets, servers and descriptions as the engine and none of its thrift:
it sends from everything it has to everything it knows of, at once and for as long as it runs, and
takes up every source that it hears of. What it cannot reach nobody can: with X = mapA(Y),
Y = mapB(X) and both filters open, a request is answered from where it was sent to (RFC 8445 section
7.2.5.2.1). No table of NAT kinds, no priorities, no nomination, no pacing.
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from icetui.engine.net import Address, Undelivered
from icetui.events import StartSession
from icetui.settings.session_settings import Settings
from icetui.vnet import stun_messages as stun
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Session
from icetui.vnet.world import World
from icetui.vnet.world_parts import Machine
from tests.vnet.search.relay_client import RelayClient, resolved

Way = Literal["direct", "one relay", "two relays"]
WAYS: tuple[Way, ...] = ("direct", "one relay", "two relays")

FIRST_ROUNDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
"""Seconds from knowing both descriptions to each of the first probes of everything, …"""
EVERY = 1.0
"""… and between those that follow: of what has worked before each time, of all every third time."""
ASK_AGAIN = (0.0, 0.1, 0.3, 0.7, 1.5, 3.0)
KEEP_WARM = 10.0
"""Seconds between questions to STUN servers, which keep the NATs' bindings."""
MOMENT = 0.000_1
LATER = (MOMENT, 0.05, 0.2, 0.5, 1.0, 2.0)
"""After the engine's description was copied, the ideal agent's is. An engine's whole description
has what could be had, also where loss took another answer from the ideal agent."""
LEARNED = 8
"""Sources that a base remembers beside the candidates."""
MARK = 0x8FE5
"""Attribute of a probe: who sends it, and from what."""
PADDING = bytes(64)
"""A check of the engine's is about that much longer than a bare request."""


@dataclass(slots=True)
class Worked:
    """A pair that carried a request and its answer."""

    way: Way
    first: float
    """World time of the first answer."""
    least_round_trip: float
    times: list[float] = field(default_factory=list)


class Base:
    """Something to send from: a socket or an allocation."""

    def __init__(self, number: int, local: str, relay: RelayClient | None) -> None:
        self.number = number
        self.local = local
        self.relay = relay
        self.transport: Any = None
        self.mapped: list[Address] = []
        """Where STUN servers see it; …"""
        self.mapped_by_turn: list[Address] = []
        """… TURN servers are asked, too, for want of those."""
        self.learned: list[Address] = []
        self.triggered = 0
        """Probes since the last round that only another's probe brought about."""

    @property
    def version(self) -> int:
        return 6 if ":" in self.local else 4

    def send(self, data: bytes, to: Address) -> None:
        if self.relay is not None:
            self.relay.send(data, to)
        else:
            self.transport.sendto(data, to)


class Ear:
    """Hears one socket of an agent."""

    def __init__(self, agent: Agent, base: Base) -> None:
        self._agent, self._base = agent, base

    def connection_made(self, transport: Any) -> None:
        self._base.transport = transport

    def connection_lost(self, exc: Exception | None) -> None: ...
    def unreachable(self, addr: Address, error: Undelivered) -> None: ...
    def send_failed(self, addr: Address, error: OSError) -> None: ...

    def packet_received(self, data: bytes, addr: Address, at: float) -> None:
        self._agent.heard(self._base, data, addr)


class Agent:
    """One side."""

    def __init__(self, world: World, name: str, session: Session, random: Random) -> None:
        self.name = name
        self.world = world
        self.host: Machine = world.hosts[session.host]
        self.session = session
        self.bases: list[Base] = []
        self.remote: list[Address] = []
        self.worked: dict[tuple[int, Address], Worked] = {}
        self.speaks = False
        """Knows the other's description."""
        self._random = random
        self._asked: dict[bytes, tuple[Base, Address, bool]] = {}
        self._sent: dict[bytes, tuple[Base, Address, float]] = {}
        self._rounds = 0
        self._relays: list[RelayClient] = []
        self._stun: list[tuple[Base, Address]] = []

    # --- gathering ------------------------------------------------------------------------------

    def start(self) -> None:
        """Open sockets and ask servers."""
        session = self.session
        for interface, address in self.host.interfaces():
            if not usable(session, interface, address):
                continue
            base = Base(len(self.bases), address, None)
            self.bases.append(base)
            ear = Ear(self, base)
            ear.connection_made(self.host.bind(ear, address, 0, None))
            for turn in command(session).turn_servers:
                client = RelayClient(self.host, turn, address, self._relayed, self._random)
                self._relays.append(client)
        loop = self.host.loop
        loop.create_task(self._ask_servers(), name="ideal gathering")

    async def _ask_servers(self) -> None:
        start = command(self.session)
        for stun_server in start.stun_servers:
            asking = self._ask(stun_server.host, stun_server.port, False)
            self.host.loop.create_task(asking, name="ideal question")
        for turn in start.turn_servers:
            if turn.transport == "udp":
                asking = self._ask(turn.host, turn.port, True)
                self.host.loop.create_task(asking, name="ideal question")

    async def _ask(self, host: str, port: int, turn: bool) -> None:
        for address in await resolved(self.host, host, port):
            for base in self.bases:
                if base.relay is None and (base.version == 6) is (":" in address[0]):
                    for delay in ASK_AGAIN:
                        self.host.loop.call_later(delay, self._question, base, address, turn)
                    self.host.loop.call_later(KEEP_WARM, self._warm, base, address, turn)

    def _question(self, base: Base, server: Address, turn: bool) -> None:
        if (base, server) not in self._stun:
            self._send_question(base, server, turn)

    def _warm(self, base: Base, server: Address, turn: bool) -> None:
        self._send_question(base, server, turn)
        self.host.loop.call_later(KEEP_WARM, self._warm, base, server, turn)

    def _send_question(self, base: Base, server: Address, turn: bool) -> None:
        transaction = self._random.randbytes(12)
        self._asked[transaction] = base, server, turn
        base.send(stun.build(stun.BINDING, stun.REQUEST, transaction, []), server)

    def _relayed(self, client: RelayClient, data: bytes, peer: Address) -> None:
        base = next((b for b in self.bases if b.relay is client), None)
        if base is not None:
            self.heard(base, data, peer)

    def collect(self) -> list[Address]:
        """What a description made now would hold."""
        for client in self._relays:
            if client.relayed is not None and not any(b.relay is client for b in self.bases):
                self.bases.append(Base(len(self.bases), client.relayed[0], client))
        found: list[Address] = []
        for base in self.bases:
            if base.relay is not None:
                assert base.relay.relayed is not None
                found.append(base.relay.relayed)
            elif not self.session.relay_only:
                found.append(base.transport.get_extra_info("sockname"))
                found += base.mapped or base.mapped_by_turn
        return list(dict.fromkeys(found))

    # --- probing --------------------------------------------------------------------------------

    def learn(self, remote: list[Address]) -> None:
        """The other's description is pasted."""
        known = len(self.remote)
        self.remote = list(dict.fromkeys(self.remote + remote))
        self.collect()
        if self.speaks and len(self.remote) > known:
            self._round(True)
        if not self.speaks:
            self.speaks = True
            for delay in FIRST_ROUNDS:
                self.host.loop.call_later(delay, self._round, True)
            self.host.loop.call_later(EVERY, self._regular)

    def _regular(self) -> None:
        self._rounds += 1
        self._round(self._rounds % 3 == 0)
        self.host.loop.call_later(EVERY, self._regular)

    def _round(self, everything: bool) -> None:
        for base in self.bases:
            base.triggered = 0
            if base.relay is None and self.session.relay_only:
                continue
            for remote in dict.fromkeys(self.remote + base.learned):
                if (":" in remote[0]) is (base.version == 6) and (
                    everything or (base.number, remote) in self.worked
                ):
                    self._probe(base, remote)

    def _probe(self, base: Base, remote: Address) -> None:
        transaction = self._random.randbytes(12)
        self._sent[transaction] = base, remote, self.world.clock.now
        if len(self._sent) > 5_000:
            self._sent.pop(next(iter(self._sent)))
        base.send(self._message(stun.REQUEST, transaction, base), remote)

    def _message(self, kind: int, transaction: bytes, base: Base) -> bytes:
        mark = struct.pack("!8sB", self.name.encode()[:8], base.relay is not None)
        return stun.build(stun.BINDING, kind, transaction, [(MARK, mark), (0x8FE6, PADDING)])

    def heard(self, base: Base, data: bytes, source: Address) -> None:
        message = stun.parse(data)
        if message is None or message.method != stun.BINDING:
            return
        if message.kind == stun.RESPONSE and message.transaction in self._asked:
            self._seen(message, source)
            return
        mark = message.attributes.get(MARK)
        if mark is None or len(mark) != 9:
            return
        name, over_relay = struct.unpack("!8sB", mark)
        if name.rstrip(b"\0") == self.name.encode()[:8]:
            return  # from itself
        if message.kind == stun.REQUEST:
            self._requested(base, message, source)
        elif message.kind == stun.RESPONSE:
            self._answered(base, message, source, bool(over_relay))

    def _seen(self, message: stun.Message, source: Address) -> None:
        asked, server, turn = self._asked[message.transaction]
        if source != server:
            return  # icetui takes no answers from elsewhere
        del self._asked[message.transaction]
        value = message.attributes.get(stun.XOR_MAPPED_ADDRESS)
        if value is not None:
            seen = stun.read_xor_address(value, message.transaction)
        else:
            plain = message.attributes.get(stun.MAPPED_ADDRESS)
            seen = None if plain is None else unmapped(plain)
        if seen is not None and (asked, server) not in self._stun:
            # Later answers are not in any description.
            self._stun.append((asked, server))
            (asked.mapped_by_turn if turn else asked.mapped).append(seen)

    def _requested(self, base: Base, message: stun.Message, source: Address) -> None:
        if base.relay is None and self.session.relay_only:
            return
        if source in base.learned:
            base.learned.remove(source)
        base.learned.append(source)
        del base.learned[:-LEARNED]
        if self.speaks:
            base.send(self._message(stun.RESPONSE, message.transaction, base), source)
            # Two mappings for each destination show each other ever new sources: not without end.
            if (base.number, source) not in self.worked and base.triggered < LEARNED:
                base.triggered += 1
                self._probe(base, source)

    def _answered(
        self, base: Base, message: stun.Message, source: Address, over_relay: bool
    ) -> None:
        sent = self._sent.pop(message.transaction, None)
        if sent is None or sent[0] is not base or sent[1] != source:
            return
        now = self.world.clock.now
        relays = (base.relay is not None) + over_relay
        worked = self.worked.get((base.number, source))
        if worked is None:
            worked = Worked(WAYS[relays], now, now - sent[2])
            self.worked[base.number, source] = worked
        worked.least_round_trip = min(worked.least_round_trip, now - sent[2])
        worked.times.append(now)


def command(session: Session) -> StartSession:
    """What its user would have typed."""
    return Settings(
        stun=session.stun or None,
        turn=session.turn,
        no_servers=not (session.stun or session.turn),
        interface=session.interfaces,
        ipv4=session.ipv4,
        ipv6=session.ipv6,
        relay_only=session.relay_only,
        port=session.port or 0,
    ).start()


def unmapped(value: bytes) -> Address | None:
    """MAPPED-ADDRESS."""
    if len(value) not in (8, 20):
        return None
    return str(ipaddress.ip_address(value[4:])), int.from_bytes(value[2:4], "big")


def usable(session: Session, interface: str, address: str) -> bool:
    """Whether icetui gathers from there by the session's own settings."""
    ip = ipaddress.ip_address(address)
    if session.interfaces:
        if interface not in session.interfaces:
            return False
    elif ip.is_loopback:
        return False
    if ip.version == 6 and ip.is_link_local:
        return False
    return session.ipv4 if ip.version == 4 else session.ipv6


@dataclass(frozen=True, slots=True)
class Times:
    """When a side's description was taken down, and when it got the other's; world time."""

    copied: float
    pasted: float
    complete: bool = True
    """Whether it said that all had been gathered; then what loss kept from the ideal agent for a
    while was there to be had."""


def explore(network: Network, times: dict[str, Times], until: float) -> dict[str, Agent]:
    """Two ideal agents in a network; `times` are those of the engine's run."""
    world = World(network)
    names = list(network.sessions)
    agents = {
        name: Agent(world, name, network.sessions[name], world.fabric.stream(f"ideal {name}"))
        for name in names
    }
    loop = world.fabric.loop

    def start(name: str) -> None:
        agents[name].host.loop.call_soon(agents[name].start)

    def copy(name: str, other: str, pasted: float) -> None:
        loop.call_later(max(MOMENT, pasted - world.clock.now), paste, name, agents[other].collect())

    def paste(name: str, candidates: list[Address]) -> None:
        agents[name].host.loop.call_soon(agents[name].learn, candidates)

    for name, other in zip(names, reversed(names), strict=True):
        loop.call_later(network.sessions[name].starts_at, start, name)
        if other in times and name in times:
            copied, pasted = times[other].copied, times[name].pasted
            # What came at the very moment at which an unfinished one was copied is not in it.
            for later in LATER if times[other].complete else (-MOMENT,):
                loop.call_later(max(0.0, copied + later), copy, name, other, pasted)
    world.clock.run_until(until)
    for host in world.hosts.values():
        host.loop.close()
    return agents
