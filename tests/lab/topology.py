"""What a lab consists of, as plain values: sites behind NATs, hosts, and every address in it.

Nothing here touches the system. All addresses are documentation, private or shared address space
(RFC 5737, RFC 1918, RFC 6598, RFC 3849) and exist only inside the lab's own namespaces.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping
from typing import Any

KINDS = ("open", "cone", "arc", "prc", "sym", "udpblock")

INTERNET_V4 = "192.0.2.1"
SERVER_V4 = ("192.0.2.10", "192.0.2.11")
SERVER_V6 = ("2001:db8:5::10", "2001:db8:5::11")
BLACKHOLE_V4 = "192.0.2.66"
"""Swallows everything: no answer, no ICMP error."""
UNREACHABLE_V4 = "192.0.2.77"
"""The internet's router answers for it with ICMP host unreachable."""
BLACKHOLE_V6 = "2001:db8:5::66"

STUN_PORT, STUN_ALT_PORT = 3478, 3479
TLS_PORT, TLS_ALT_PORT = 5349, 5350
TURN_USER, TURN_PASSWORD, TURN_REALM = "alice", "secret", "lab.test"
TURN_NAME = "turn.lab.test"
"""In /etc/hosts of every host."""

MAX_SITES = 16


@dataclasses.dataclass(frozen=True)
class Site:
    """One uplink to the internet: a LAN and the NATs on its way out.

    ``nats`` goes from the LAN outwards; two of them are a carrier-grade NAT. ``hairpin`` lets two
    hosts of the LAN meet at the NAT's outer address, ``isolated`` keeps them from meeting on the
    LAN itself. ``binding_lifetime`` is in seconds (RFC 4787 REQ-5); ``None`` is the kernel's own.
    """

    nats: tuple[str, ...] = ("prc",)
    hairpin: bool = False
    isolated: bool = False
    lan: str | None = None
    binding_lifetime: int | None = None

    def __post_init__(self) -> None:
        for kind in self.nats:
            if kind not in KINDS:
                raise ValueError(f"{kind!r} is no NAT kind; there are {', '.join(KINDS)}")
        if not self.nats:
            raise ValueError("a site needs at least one router; use the kind 'open' for no NAT")
        if len(self.nats) > 1 and "open" in self.nats:
            raise ValueError("an open router cannot be part of a chain of NATs")


@dataclasses.dataclass(frozen=True)
class Topology:
    """Sites by name, and for each host the sites it has an interface in (eth0, eth1, …)."""

    sites: Mapping[str, Site]
    hosts: Mapping[str, tuple[str, ...]]
    idle: tuple[str, ...] = ()
    """Hosts that also have a docker0 with an address that leads nowhere."""
    ipv6: bool = False
    """IPv6 everywhere, behind stateful firewalls (none where the router is open)."""

    def __post_init__(self) -> None:
        if len(self.sites) > MAX_SITES:
            raise ValueError(f"at most {MAX_SITES} sites fit the address plan")
        for host, sites in self.hosts.items():
            if not sites or any(site not in self.sites for site in sites):
                raise ValueError(f"host {host!r} needs interfaces in sites that exist")

    @classmethod
    def pair(cls, alice: str | Site, bob: str | Site, **options: Any) -> Topology:
        """Alice and Bob, each at a site of its own."""
        return cls(
            sites={"alice": as_site(alice), "bob": as_site(bob)},
            hosts={"alice": ("alice",), "bob": ("bob",)},
            **options,
        )

    @classmethod
    def shared(cls, site: str | Site, **options: Any) -> Topology:
        """Alice and Bob in one LAN, behind the same NAT."""
        return cls(
            sites={"home": as_site(site)},
            hosts={"alice": ("home",), "bob": ("home",)},
            **options,
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Topology:
        """The reverse of ``to_json``."""
        return cls(
            sites={
                name: Site(**{**site, "nats": tuple(site["nats"])})
                for name, site in data["sites"].items()
            },
            hosts={name: tuple(sites) for name, sites in data["hosts"].items()},
            idle=tuple(data["idle"]),
            ipv6=data["ipv6"],
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return dataclasses.asdict(self)

    def plan(self, site: str) -> Plan:
        """The addresses of one site."""
        index = list(self.sites).index(site)
        return Plan(index, self.sites[site])

    def interfaces(self, host: str) -> list[Interface]:
        """The host's interfaces, in order, with their addresses."""
        found = []
        for number, site in enumerate(self.hosts[host]):
            plan = self.plan(site)
            neighbours = [name for name, sites in self.hosts.items() if site in sites]
            found.append(plan.interface(f"eth{number}", site, neighbours.index(host)))
        return found


@dataclasses.dataclass(frozen=True)
class Interface:
    """A host's attachment to a site."""

    name: str
    site: str
    address: str
    prefix: int
    router: str
    address_v6: str
    router_v6: str

    @property
    def network(self) -> str:
        """The LAN it is in."""
        return str(ipaddress.ip_interface(f"{self.address}/{self.prefix}").network)

    @property
    def network_v6(self) -> str:
        """The same in IPv6."""
        return str(ipaddress.ip_interface(f"{self.address_v6}/64").network)


@dataclasses.dataclass(frozen=True)
class Plan:
    """The addresses of the site with this index."""

    index: int
    site: Site

    @property
    def is_open(self) -> bool:
        """Whether hosts carry public addresses."""
        return self.site.nats[0] == "open"

    @property
    def uplink(self) -> str:
        """The internet's side of the uplink."""
        return f"203.0.113.{16 * self.index + 1}"

    @property
    def public(self) -> str:
        """The outermost router's address: what the world sees of the site."""
        return f"203.0.113.{16 * self.index + 2}"

    @property
    def lan(self) -> tuple[str, int]:
        """The LAN's network address without its last number, and the prefix length."""
        if self.is_open:
            return "198.51.100", 28
        return self.site.lan or f"192.168.{self.index + 1}", 24

    def lan_address(self, number: int) -> str:
        """The address of the LAN's router (0) or of its hosts (1, 2, …)."""
        network, _ = self.lan
        if self.is_open:
            return f"{network}.{16 * self.index + 1 + number}"
        return f"{network}.{1 if number == 0 else 19 + number}"

    def between(self, level: int) -> tuple[str, str]:
        """Between router ``level`` and the next one outwards: inner and outer address (/24)."""
        network = f"100.{64 + level}.{self.index}"
        return f"{network}.2", f"{network}.1"

    def wan(self, level: int) -> tuple[str, int, str]:
        """A router's outer address, its prefix length and its gateway."""
        if level == len(self.site.nats) - 1:
            return self.public, 28, self.uplink
        inner, outer = self.between(level)
        return inner, 24, outer

    def lan_v6(self, number: int) -> str:
        """As ``lan_address``, in IPv6 (/64)."""
        return f"2001:db8:{0x100 + self.index:x}::{1 if number == 0 else 0x1F + number:x}"

    def wan_v6(self, level: int) -> tuple[str, str]:
        """A router's outer IPv6 address and its gateway (/64)."""
        network = f"2001:db8:{0x1000 + 16 * self.index + level:x}"
        return f"{network}::2", f"{network}::1"

    def interface(self, name: str, site: str, number: int) -> Interface:
        """The interface of the LAN's host with this number, counted from 0."""
        return Interface(
            name=name,
            site=site,
            address=self.lan_address(number + 1),
            prefix=self.lan[1],
            router=self.lan_address(0),
            address_v6=self.lan_v6(number + 1),
            router_v6=self.lan_v6(0),
        )


def as_site(kind: str | Site) -> Site:
    """A site from a kind, or from kinds joined by ``+`` from the LAN outwards (``prc+sym``)."""
    return kind if isinstance(kind, Site) else Site(nats=tuple(kind.split("+")))


STUN_URL = f"stun:{SERVER_V4[0]}:{STUN_PORT}"
TURN_UDP_URL = f"turn:{TURN_USER}:{TURN_PASSWORD}@{SERVER_V4[0]}:{STUN_PORT}?transport=udp"
TURN_TCP_URL = f"turn:{TURN_USER}:{TURN_PASSWORD}@{SERVER_V4[0]}:{STUN_PORT}?transport=tcp"
TURNS_URL = f"turns:{TURN_USER}:{TURN_PASSWORD}@{TURN_NAME}:{TLS_PORT}?transport=tcp"
