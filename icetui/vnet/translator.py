"""A NAT: which outside address stands for which inside one, and who may write to it (RFC 4787).

What belongs here: mappings, filters, lifetimes, and what becomes of a packet's addresses. Where
packets come from and go to is the router's business.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from random import Random
from typing import Literal

from icetui.engine.net import Address
from icetui.vnet.clock import SECOND
from icetui.vnet.fabric import Fabric
from icetui.vnet.network_parts import Dependence, Nat
from icetui.vnet.packet import Packet, Segment, Trouble
from icetui.vnet.tap import Why

REBIND_STEP, REBIND_MASK = 0x0101, 0x3FFF
"""After each rebinding, preserved ports are the inner ones XOR another multiple of this."""
STREAM = 2 * SECOND
"""After which a binding that is answered counts as in use (Linux's conntrack)."""
TCP_LIFETIME = 7440.0
"""Seconds (RFC 5382 REQ-5)."""
TRIES = 64
"""Random ports tried before all are looked through."""
SWEEP = 1024
"""Bindings from which on those that have ended are looked for."""

MOST_NOTED = 4096
"""Remotes of which it is known by which mapping they wrote."""

RemoteKey = Address | str | None
"""What of a remote endpoint a mapping or filter depends on: all, its address, nothing."""


class Session:
    """What a filter knows of one remote."""

    __slots__ = ("answered", "expires", "since")

    def __init__(self, now: int) -> None:
        self.since = now
        self.expires = now
        self.answered = False


class Mapping:
    """One binding."""

    __slots__ = ("expires", "inside", "key", "outside", "protocol", "sessions", "since")

    def __init__(
        self, protocol: str, inside: Address, key: RemoteKey, outside: Address, now: int
    ) -> None:
        self.protocol = protocol
        self.inside = inside
        self.key = key
        self.outside = outside
        self.since = now
        self.expires = now
        self.sessions: dict[RemoteKey, Session] = {}


@dataclass(frozen=True, slots=True)
class Binding:
    """A row of the mapping table, to be looked at."""

    protocol: Literal["udp", "tcp"]
    inside: Address
    outside: Address
    towards: RemoteKey
    """The remote it is for alone; None: for all."""
    lets_in: tuple[RemoteKey, ...]
    """Who may write to it; None among them: everybody."""
    age: float
    """Seconds since it came about."""
    ends_in: float
    """Seconds until it is forgotten, unless it is used."""


class Translator:
    """The NAT of one router, for IPv4."""

    def __init__(self, fabric: Fabric, name: str, nat: Nat, addresses: list[str]) -> None:
        self.nat = nat
        self._fabric = fabric
        self._random: Random = fabric.stream(f"nat {name}")
        self.rebinds = 0
        self._next_port = 0
        self._by_inside: dict[tuple[str, Address, RemoteKey], Mapping] = {}
        self._by_outside: dict[tuple[str, Address], Mapping] = {}
        self._sharing: dict[tuple[str, Address], list[Mapping]] = {}
        """All that have one outside address and port, where ports are overloaded."""
        self._came_by: dict[tuple[str, Address, Address], Mapping] = {}
        """By protocol, inside and remote: the mapping by which that remote has written to it."""
        self._paired: dict[str, str] = {}
        self.addresses = addresses
        first = nat.lifetime if nat.first_lifetime is None else nat.first_lifetime
        self._first = round(first * SECOND)
        self._lifetime = round(nat.lifetime * SECOND)

    # --- changes --------------------------------------------------------------------------------

    def rebind(self) -> None:
        """Forget all mappings and give new ports from now on."""
        self.rebinds += 1
        self.forget()

    def renumber(self, addresses: list[str]) -> None:
        """Have other outside addresses; what was bound to the old ones is gone."""
        self.addresses = addresses
        self._paired.clear()
        self.forget()

    def forget(self) -> None:
        self._by_inside.clear()
        self._by_outside.clear()
        self._sharing.clear()
        self._came_by.clear()

    def bindings(self) -> list[Binding]:
        """The table as it is now, oldest first."""
        now = self._fabric.clock.nanoseconds
        return [
            Binding(
                "tcp" if m.protocol == "tcp" else "udp",
                m.inside,
                m.outside,
                m.key,
                tuple(remote for remote, s in m.sessions.items() if s.expires > now),
                (now - m.since) / SECOND,
                (m.expires - now) / SECOND,
            )
            for m in self._by_inside.values()
            if m.expires > now
        ]

    # --- packets --------------------------------------------------------------------------------

    def outbound(self, packet: Packet) -> Packet | Why:
        """As it leaves: from an outside address; or why it does not."""
        if isinstance(packet.payload, Trouble):
            return self._error_out(packet, packet.payload)
        protocol = packet.protocol
        mapping = self._leaving(protocol, packet.source, packet.destination)
        if mapping is None:
            return "table-full"
        self._used(mapping, packet.destination, inwards=False)
        payload = packet.payload
        if self.nat.alg:
            payload = rewritten(payload, mapping.inside, mapping.outside)
        return Packet(mapping.outside, packet.destination, payload, packet.hops)

    def inbound(self, packet: Packet) -> Packet | Why:
        """As it goes on inside; or why it does not."""
        if isinstance(packet.payload, Trouble):
            return self._error_in(packet, packet.payload)
        mapping = self._outside(packet.protocol, packet.destination)
        if mapping is None:
            return "no-mapping"
        if not self._lets_in(mapping, packet.source):
            sharing = self._sharing.get((packet.protocol, packet.destination), ())
            found = next((m for m in sharing if self._lets_in(m, packet.source)), None)
            if found is None:
                return "filtered"
            mapping = found
        self._used(mapping, packet.source, inwards=True)
        if self.nat.answers == "by-the-question":
            self._note(mapping, packet.source)
        payload = packet.payload
        if self.nat.alg:
            payload = rewritten(payload, mapping.outside, mapping.inside)
        return Packet(packet.source, mapping.inside, payload, packet.hops)

    def hairpin(self, packet: Packet) -> Packet | Why:
        """From inside to an outside address of its own: as it is turned back (RFC 4787 section 6).

        As on Linux, a binding that can be turned back to lets in everybody from inside.
        """
        if self.nat.hairpin == "no" or isinstance(packet.payload, Trouble):
            return "hairpin"
        target = self._outside(packet.protocol, packet.destination)
        if target is None:
            return "no-mapping"
        if self.nat.hairpin == "inside-source":
            return Packet(packet.source, target.inside, packet.payload, packet.hops)
        source = self._leaving(packet.protocol, packet.source, packet.destination)
        if source is None:
            return "table-full"
        self._used(source, packet.destination, inwards=False)
        self._used(target, source.outside, inwards=True)
        self._note(target, source.outside)
        return Packet(source.outside, target.inside, packet.payload, packet.hops)

    def inside_of(self, packet: Packet) -> Address | None:
        """Who inside has sent a packet that was translated here."""
        mapping = self._outside(packet.protocol, packet.source)
        return mapping.inside if mapping is not None else None

    def _error_in(self, packet: Packet, trouble: Trouble) -> Packet | Why:
        """An ICMP error about something sent from here (RFC 5508 section 4.2)."""
        if self.nat.icmp == "drop":
            return "icmp-dropped"
        about = trouble.about
        mapping = self._outside(about.protocol, about.source)
        if mapping is None or self._session(mapping, about.destination) is None:
            return "no-mapping"
        if self.nat.icmp == "translate":
            about = Packet(mapping.inside, about.destination, about.payload, about.hops)
        told = Trouble(trouble.type, trouble.code, about, trouble.mtu)
        return Packet(packet.source, (mapping.inside[0], 0), told, packet.hops)

    def _error_out(self, packet: Packet, trouble: Trouble) -> Packet | Why:
        """An ICMP error about something that came in through here."""
        about = trouble.about
        mapping = self._known(about.protocol, about.destination, about.source)
        if mapping is None:
            return "no-mapping"
        about = Packet(about.source, mapping.outside, about.payload, about.hops)
        told = Trouble(trouble.type, trouble.code, about, trouble.mtu)
        return Packet((mapping.outside[0], 0), packet.destination, told, packet.hops)

    # --- mappings -------------------------------------------------------------------------------

    def _known(self, protocol: str, inside: Address, remote: Address) -> Mapping | None:
        """The mapping there is for what goes from inside to a remote."""
        key = remote if protocol == "tcp" else dependent(self.nat.mapping, remote)
        mapping = self._by_inside.get((protocol, inside, key))
        if mapping is not None and mapping.expires <= self._fabric.clock.nanoseconds:
            self._drop(mapping)
            return None
        return mapping

    def _mapping(self, protocol: str, inside: Address, remote: Address) -> Mapping | None:
        """The same, made where there is none; None: the table is full."""
        mapping = self._known(protocol, inside, remote)
        if mapping is not None:
            return mapping
        if len(self._by_inside) >= min(self.nat.size, SWEEP):
            self._sweep()
        if len(self._by_inside) >= self.nat.size:
            return None
        outside = self._allocate(protocol, inside)
        if outside is None:
            return None
        key = remote if protocol == "tcp" else dependent(self.nat.mapping, remote)
        mapping = Mapping(protocol, inside, key, outside, self._fabric.clock.nanoseconds)
        self._by_inside[protocol, inside, key] = mapping
        if self.nat.ports == "overload":
            # Whoever is let in by an older one of one port still is (Linux tells them apart so).
            self._sharing.setdefault((protocol, outside), []).append(mapping)
        self._by_outside[protocol, outside] = mapping
        return mapping

    def _leaving(self, protocol: str, inside: Address, remote: Address) -> Mapping | None:
        """The mapping that a packet leaves by: an answer by that through which the question came,
        as Linux has it; all else by its own, made where there is none."""
        if self.nat.mapping == "endpoint-independent":
            return self._mapping(protocol, inside, remote)
        flow = self._came_by.get((protocol, inside, remote))
        if (
            flow is not None
            and self._outside(protocol, flow.outside) is flow
            and self._session(flow, remote) is not None
        ):
            return flow
        mapping = self._mapping(protocol, inside, remote)
        if mapping is not None and self.nat.answers == "by-the-question":
            self._note(mapping, remote)
        return mapping

    def _note(self, mapping: Mapping, remote: Address) -> None:
        """The first packet between the inside of a mapping and a remote, whoever wrote first: all
        others between the two go by the same mapping while it lives."""
        key = mapping.protocol, mapping.inside, remote
        if self.nat.mapping != "endpoint-independent":
            known = self._came_by.get(key)
            if known is not None and self._outside(mapping.protocol, known.outside) is known:
                return
            if len(self._came_by) >= MOST_NOTED:
                del self._came_by[next(iter(self._came_by))]
            self._came_by[key] = mapping

    def _outside(self, protocol: str, outside: Address) -> Mapping | None:
        mapping = self._by_outside.get((protocol, outside))
        if mapping is not None and mapping.expires <= self._fabric.clock.nanoseconds:
            self._drop(mapping)
            return None
        return mapping

    def _drop(self, mapping: Mapping) -> None:
        self._by_inside.pop((mapping.protocol, mapping.inside, mapping.key), None)
        place = mapping.protocol, mapping.outside
        if mapping in self._sharing.get(place, ()):
            self._sharing[place].remove(mapping)
        if self._by_outside.get(place) is mapping:  # with overloaded ports, a newer one may have it
            del self._by_outside[place]

    def _sweep(self) -> None:
        now = self._fabric.clock.nanoseconds
        for mapping in [m for m in self._by_inside.values() if m.expires <= now]:
            self._drop(mapping)

    # --- filters --------------------------------------------------------------------------------

    def _filter_key(self, mapping: Mapping, remote: Address) -> RemoteKey:
        if mapping.protocol == "tcp":
            return remote
        return dependent(self.nat.filtering, remote)

    def _session(self, mapping: Mapping, remote: Address) -> Session | None:
        session = mapping.sessions.get(self._filter_key(mapping, remote))
        if session is not None and session.expires <= self._fabric.clock.nanoseconds:
            return None
        return session

    def _lets_in(self, mapping: Mapping, remote: Address) -> bool:
        return self._session(mapping, remote) is not None

    def _used(self, mapping: Mapping, remote: Address, *, inwards: bool) -> None:
        """Prolong what a packet belongs to (RFC 4787 REQ-5, REQ-6)."""
        now = self._fabric.clock.nanoseconds
        key = self._filter_key(mapping, remote)
        session = mapping.sessions.get(key)
        if session is None or session.expires <= now:
            if session is None and len(mapping.sessions) >= SWEEP:
                mapping.sessions = {k: s for k, s in mapping.sessions.items() if s.expires > now}
            session = mapping.sessions[key] = Session(now)
        # As Linux does it, the first answer does not count as use yet.
        answered = session.answered
        if inwards:
            session.answered = True
            if self.nat.refresh == "outbound":
                return
        if mapping.protocol == "tcp":
            lasts = round(TCP_LIFETIME * SECOND)
        elif answered and now - session.since >= STREAM:
            lasts = self._lifetime
        else:
            lasts = self._first
        session.expires = max(session.expires, now + lasts)
        mapping.expires = max(mapping.expires, session.expires)

    # --- ports ----------------------------------------------------------------------------------

    def _allocate(self, protocol: str, inside: Address) -> Address | None:
        """An outside address and port for an inside one; None: there is none left."""
        nat = self.nat
        address = self._outer_address(inside[0])
        ports = range(nat.lowest_port, nat.highest_port + 1)
        step = 2 if nat.parity else 1
        wanted = inside[1] ^ (self.rebinds * REBIND_STEP & REBIND_MASK)
        if nat.ports in ("preserve", "overload") and wanted in ports:
            there = address, wanted
            if nat.ports == "overload" or self._outside(protocol, there) is None:
                return there
        if nat.ports == "sequential":
            first = self._next_port or self._random.randrange(ports.start, ports.stop)
        else:
            for _ in range(TRIES):
                port = self._random.randrange(ports.start, ports.stop)
                if (port - inside[1]) % step == 0 and not self._outside(protocol, (address, port)):
                    return address, port
            first = self._random.randrange(ports.start, ports.stop)
        for shift in range(len(ports)):
            port = ports.start + (first - ports.start + shift) % len(ports)
            if (port - inside[1]) % step == 0 and not self._outside(protocol, (address, port)):
                self._next_port = port + 1 if port + 1 in ports else ports.start
                return address, port
        return None

    def _outer_address(self, inside: str) -> str:
        if len(self.addresses) == 1:
            return self.addresses[0]
        if self.nat.pooling == "arbitrary":
            return self.addresses[self._random.randrange(len(self.addresses))]
        if inside not in self._paired:
            self._paired[inside] = self.addresses[len(self._paired) % len(self.addresses)]
        return self._paired[inside]


def dependent(dependence: Dependence, remote: Address) -> RemoteKey:
    """What of a remote counts."""
    if dependence == "endpoint-independent":
        return None
    return remote[0] if dependence == "address-dependent" else remote


def rewritten(payload: bytes | Segment, old: Address, new: Address) -> bytes | Segment:
    """A payload with one address in the place of another, with its port where it stands before
    (as in MAPPED-ADDRESS); XORed addresses are not found, nor what changes its IP version."""
    if not isinstance(payload, bytes) or ":" in old[0] + new[0]:
        return payload
    old_ip, new_ip = socket.inet_aton(old[0]), socket.inet_aton(new[0])
    old_all, new_all = old[1].to_bytes(2, "big") + old_ip, new[1].to_bytes(2, "big") + new_ip
    return payload.replace(old_all, new_all).replace(old_ip, new_ip)
