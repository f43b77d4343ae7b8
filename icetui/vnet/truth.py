"""Who can connect to whom: the ground truth that diagnoses and engines are measured by.

It is not looked up in a table of NAT kinds, which are wrong too often, but reckoned as a fixed
point on the network itself, built once more without chance and delay: each side sends from all it
has to all that it knows of the other, a source that is heard becomes known, and so on until a
request and its answer have passed between the same two addresses or nothing new is learnt.

Not counted: who is told too late, it takes both sides' descriptions as complete; and what an engine
needs besides, one with many sockets fills a NAT's small table that this leaves room in.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from icetui.engine.net import Address, Unresolved
from icetui.servers.server_urls import parse_stun, parse_turn
from icetui.vnet import changes
from icetui.vnet import stun_messages as stun
from icetui.vnet.network import Network
from icetui.vnet.network_parts import Line, Rule, Session
from icetui.vnet.truth_client import Place, RelayPlace, SocketPlace
from icetui.vnet.world import World

ROUNDS = 8
"""Of sending; each can open what the one before has made known."""
MOST_KNOWN = 48
"""Addresses of the other side that are tried."""
SETTLED = 0.05
"""Seconds in which what was sent has arrived everywhere: no line has a delay."""


@dataclass(frozen=True, slots=True)
class Path:
    """A request and its answer passed here."""

    local: Address
    remote: Address
    """As the sender knows them: a NAT may stand before either."""
    relayed: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """What two sessions can do."""

    direct: Path | None
    """As the first of the two sees it."""
    relayed: Path | None

    @property
    def connects(self) -> bool:
        return self.direct is not None or self.relayed is not None


def truth(network: Network, one: str, other: str, at: float = 0.0) -> Truth:
    """What two sessions of a network can do in the state that it has `at` seconds after it began.

    Raises `BadNetwork`, KeyError for sessions that are not there, `BadServer` for their servers.
    """
    world = World(certain(network))
    world.clock.run_for(SETTLED)
    for change in sorted(network.changes, key=lambda c: c.at):
        if change.at <= at:
            with suppress(KeyError):  # what it was for had gone before
                world.bring_about(certain_change(change))
    world.clock.run_for(SETTLED)
    machines = [world.hosts[network.sessions[name].host] for name in (one, other)]
    if any(m.asleep or m.loop.stopped for m in machines):
        return Truth(None, None)
    first = _Side(world, one, network.sessions[one])
    second = _Side(world, other, network.sessions[other])
    for side in (first, second):
        side.reflect()
    first.learn(second.candidates())
    second.learn(first.candidates())
    for _ in range(ROUNDS):
        before = first.state, second.state
        for side, peer in ((first, second), (second, first)):
            side.try_all(peer)
            world.clock.run_for(SETTLED)
        # Nothing new came of it, and every filter had been opened before this round.
        if (first.state, second.state) == before and first.rounds > 1:
            break
    # One whose answers get through and whose checks do not keeps no path (RFC 7675).
    return Truth(first.direct if second.direct else None, first.relayed if second.relayed else None)


def certain(network: Network) -> Network:
    """The network without what is left to chance, and without delay."""
    routers = {
        name: msgspec.structs.replace(
            router,
            inside=tuple(_certain_wire(a) for a in router.inside),
            outside=tuple(_certain_wire(a) for a in router.outside),
            firewall=_certain_rules(router.firewall),
        )
        for name, router in network.routers.items()
    }
    hosts = {
        name: msgspec.structs.replace(
            host,
            interfaces=tuple(_certain_wire(i) for i in host.interfaces),
            firewall=_certain_rules(host.firewall),
        )
        for name, host in network.hosts.items()
    }
    links = {
        name: msgspec.structs.replace(link, firewall=_certain_rules(link.firewall))
        for name, link in network.links.items()
    }
    servers = {
        name: msgspec.structs.replace(
            server,
            options=msgspec.structs.replace(
                server.options, ignores=0.0 if server.options.ignores < 1 else 1.0,
                rate=None, delay=0.0, delay_spread=0.0,
            ),
        )
        for name, server in network.servers.items()
    }  # fmt: skip
    return msgspec.structs.replace(
        network, routers=routers, hosts=hosts, links=links, servers=servers, changes=()
    )


def certain_change(change: changes.AnyChange) -> changes.AnyChange:
    """The same of what happens later."""
    match change:
        case changes.Weather():
            return msgspec.structs.replace(change, line=certain_line(change.line))
        case changes.AddRules():
            return msgspec.structs.replace(change, rules=_certain_rules(change.rules))
        case changes.Roam() | changes.Plug():
            return msgspec.structs.replace(change, interface=_certain_wire(change.interface))
        case changes.Reboot():
            return msgspec.structs.replace(change, takes=0.0)
    return change


def certain_line(line: Line) -> Line:
    """What it surely does: it is cut, loses everything, or takes no large packets."""
    return Line(mtu=line.mtu, too_big=line.too_big, cut=line.cut or line.loss >= 1)


def _certain_wire(wire: msgspec.Struct) -> msgspec.Struct:
    ways = {
        name: certain_line(line)
        for name in ("line", "up", "down")
        if (line := getattr(wire, name)) is not None
    }
    return msgspec.structs.replace(wire, **ways)


def _certain_rules(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Without those that let some through, by chance or by rate."""
    return tuple(r for r in rules if r.share >= 1 and r.above_rate is None)


class _Side:
    """One session: where it sends from, and whom it knows."""

    def __init__(self, world: World, name: str, session: Session) -> None:
        self._world = world
        self._name = name
        self._host = world.hosts[session.host]
        self.known: dict[Address, bool] = {}
        """Addresses of the other side, and whether they are relayed ones."""
        self.direct: Path | None = None
        self.relayed: Path | None = None
        self.rounds = 0
        self._asked = 0
        self._sent: dict[bytes, tuple[Place, Address]] = {}
        self._peer: _Side | None = None
        self.sockets = self._sockets(session)
        self.relays = self._relays(session)
        self._answering = [] if session.relay_only else self._servers(session)
        self._reflexive: list[Address] = []
        self.places: list[Place] = [*([] if session.relay_only else self.sockets), *self.relays]

    def _sockets(self, session: Session) -> list[SocketPlace]:
        found = []
        for name, address in self._host.interfaces():
            wanted = name in session.interfaces if session.interfaces else name != "lo"
            version = session.ipv6 if ":" in address else session.ipv4
            if wanted and version:
                place = SocketPlace(
                    self._world, self._host, address, session.port or 0, self._heard
                )
                found.append(place)
        return found

    def _resolved(self, host: str, port: int) -> list[Address]:
        asking = self._host.loop.create_task(self._host.net.resolve(host, port))
        try:
            found: list[Address] = self._world.clock.complete(asking)
        except Unresolved:
            return []
        return found

    def _servers(self, session: Session) -> list[tuple[SocketPlace, Address]]:
        """STUN servers, and TURN servers asked as such, that answer, and whom."""
        uris = [parse_stun(uri) for uri in session.stun]
        names = [(s.host, s.port) for s in uris]
        names += [(t.host, t.port) for t in map(parse_turn, session.turn) if t.transport == "udp"]
        servers = [a for host, port in dict.fromkeys(names) for a in self._resolved(host, port)]
        return [
            (socket, server)
            for socket in self.sockets
            for server in dict.fromkeys(servers)
            if (":" in server[0]) == (":" in socket.address[0]) and self._seen(socket, server)
        ]

    def _seen(self, socket: SocketPlace, server: Address) -> Address | None:
        self._asked += 1
        return socket.seen_by(server, self._asked)

    def reflect(self) -> None:
        """Learn where the sockets are seen now: waiting for others may have taken long."""
        seen = (self._seen(socket, server) for socket, server in self._answering)
        self._reflexive = [a for a in dict.fromkeys(seen) if a is not None]

    def _relays(self, session: Session) -> list[RelayPlace]:
        found = []
        for uri in map(parse_turn, session.turn):
            for server in self._resolved(uri.host, uri.port):
                for socket in self.sockets:
                    local = socket.address[0]
                    if (":" in server[0]) != (":" in local):
                        continue
                    relay = RelayPlace(self._world, self._host, local, uri, self._heard)
                    if relay.allocate(server):
                        found.append(relay)
                        break
        return found

    @property
    def state(self) -> tuple[int, bool, bool]:
        """What it has come to."""
        return len(self.known), self.direct is not None, self.relayed is not None

    def candidates(self) -> dict[Address, bool]:
        """What the other side is told."""
        found = {place.address: place.relayed for place in self.places}
        return {**found, **dict.fromkeys(self._reflexive, False)}

    def learn(self, addresses: dict[Address, bool]) -> None:
        """Of the other side's addresses."""
        for address, relayed in addresses.items():
            if len(self.known) < MOST_KNOWN:
                self.known.setdefault(address, relayed)

    def try_all(self, peer: _Side) -> None:
        """Send a request from everywhere to everywhere."""
        self.rounds += 1
        self._peer = peer
        for place in self.places:
            for remote in self._remotes(place):
                self._asked += 1
                transaction = b"truth try" + self._asked.to_bytes(3, "big")
                self._sent[transaction] = place, remote
                said = [(stun.USERNAME, self._name.encode())]
                place.send(stun.build(stun.BINDING, stun.REQUEST, transaction, said), remote)

    def _remotes(self, place: Place) -> Iterable[Address]:
        alike = [a for a in self.known if (":" in a[0]) == (":" in place.address[0])]
        if isinstance(place, RelayPlace):
            return [a for a in alike if place.permit(a)]
        return alike

    def _heard(self, place: Place, data: bytes, source: Address) -> None:
        message = stun.parse(data)
        if message is None or self._peer is None:
            return
        who = message.attributes.get(stun.USERNAME, b"").decode(errors="replace")
        if who != self._peer._name:
            return  # somebody else's answer, whose address looks like the other side's
        if message.kind == stun.REQUEST:
            self.learn({source: False})
            said = [(stun.USERNAME, self._name.encode())]
            place.send(stun.build(stun.BINDING, stun.RESPONSE, message.transaction, said), source)
            return
        sent = self._sent.get(message.transaction)
        # An answer has to come back the way its request went (RFC 8445 section 7.2.5.2.1).
        if sent == (place, source):
            relayed = place.relayed or self.known.get(source, False)
            path = Path(place.address, source, relayed)
            if relayed:
                self.relayed = self.relayed or path
            else:
                self.direct = self.direct or path
