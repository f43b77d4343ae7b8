"""The parts of a simulated network as values: links, routers, NATs, firewalls, hosts, names.

What belongs here: frozen structs, as a network file holds them; `network.py` puts them together.

Times in seconds, sizes in bytes, shares from 0 to 1.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

INTERNET = "internet"
"""The link that is no LAN: a routed core at which everything public hangs."""
WALL = 1_700_000_000.0
"""Unix time at which a world begins unless it says otherwise."""
MAX_NODES = 64
MAX_CHANGES = 1_000
MAX_RULES = 1_000
PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
"""What providers drop without a word (RFC 1918, RFC 6598)."""

Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=1_000_000)]
Delay = Annotated[float, Meta(ge=0, le=600)]
Bytes = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Direction = Literal["both", "up", "down"]
"""Of a line: up is from the interface into the link."""


class Value(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all parts of a network are."""


class Line(Value, frozen=True, kw_only=True):
    """What one direction between an interface and its link does to packets."""

    delay: Delay = 0.0
    jitter: Delay = 0.0
    """Spreads the delay evenly over ± so much and keeps the order."""
    loss: Share = 0.0
    reorder: Share = 0.0
    """This share is held back by `reorder_by` more, while later ones overtake it."""
    reorder_by: Delay = 0.010
    duplicate: Share = 0.0
    rate: Annotated[float, Meta(gt=0)] | None = None
    """Bytes a second; None: any number."""
    queue: Bytes = 64_000
    """Bytes that may wait for a rated line; more is dropped. Large: bufferbloat."""
    mtu: Annotated[int, Meta(ge=68, le=65535)] | None = None
    too_big: Literal["icmp", "silent"] = "icmp"
    """What the sender of a packet beyond `mtu` is told."""
    cut: bool = False


class Attachment(Value, frozen=True):
    """An interface of a router. Addresses carry their prefix length; none: they are filled in."""

    link: str
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    """The next router outwards, one address a family; none: filled in."""
    line: Line = Line()
    up: Line | None = None
    """Into the link, where it differs from `line`."""
    down: Line | None = None
    """Out of the link, where it differs from `line`."""


class Interface(Value, frozen=True):
    """An interface of a host."""

    link: str | None
    """None: leads nowhere, as a container bridge or a dead VPN."""
    name: str = "eth0"
    addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    default: bool = False
    """Everything sent from its addresses leaves through it, without a gateway (a tunnel)."""
    line: Line = Line()
    up: Line | None = None
    down: Line | None = None


class Link(Value, frozen=True, kw_only=True):
    """A LAN; the one called "internet" is the routed core, and the last four are for it alone."""

    prefix: str | None = None
    prefix6: str | None = None
    isolated: bool = False
    """Members reach only routers."""
    blackhole: tuple[str, ...] = PRIVATE
    """Prefixes whose packets are dropped without a word."""
    unreachable: tuple[str, ...] = ()
    """Prefixes for which ICMP host unreachable is answered."""
    unknown: Literal["unreachable", "blackhole"] = "unreachable"
    """What becomes of addresses that nobody has; `unreachable`: ICMP network unreachable."""
    firewall: tuple[Rule, ...] = ()


Dependence = Literal["endpoint-independent", "address-dependent", "address-and-port-dependent"]
"""RFC 4787 sections 4.1 and 5."""


class Nat(Value, frozen=True, kw_only=True):
    """A NAT by the words of RFC 4787."""

    mapping: Dependence = "endpoint-independent"
    filtering: Dependence = "address-and-port-dependent"
    ports: Literal["preserve", "overload", "random", "sequential"] = "preserve"
    """preserve: unless taken; overload: even if taken, the newest wins (section 4.2.1)."""
    parity: bool = False
    """An even port stays even, an odd one odd (section 4.2.2)."""
    lowest_port: Annotated[int, Meta(ge=1, le=65535)] = 1024
    highest_port: Annotated[int, Meta(ge=1, le=65535)] = 65535
    hairpin: Literal["no", "yes", "inside-source"] = "no"
    """Section 6; inside-source: turned back without changing who it is from."""
    answers: Literal["by-the-question", "by-the-mapping"] = "by-the-question"
    """Through which binding an answer leaves: that by which its question came, as in Linux's
    conntrack, or that of its own destination. The same where mappings depend on nothing."""
    lifetime: Annotated[float, Meta(gt=0, le=1_000_000)] = 120.0
    """Of a binding in use in both directions (section 4.3)."""
    first_lifetime: Annotated[float, Meta(gt=0, le=1_000_000)] | None = 30.0
    """Of one not answered, or in use for less than two seconds (Linux); None: `lifetime`."""
    refresh: Literal["both", "outbound"] = "both"
    """Whose packets prolong it."""
    size: Annotated[int, Meta(ge=1, le=1_000_000)] = 65_536
    """Bindings in the table; further ones are refused."""
    pooling: Literal["paired", "arbitrary"] = "paired"
    """How external addresses are chosen where there are several (section 4.1)."""
    icmp: Literal["translate", "drop", "raw"] = "translate"
    """ICMP errors from outside (section 8); raw: the packet they are about is left untranslated."""
    unasked: Literal["drop", "reject"] = "drop"
    """UDP that no binding lets in; reject: ICMP port unreachable."""
    alg: bool = False
    """Rewrites addresses that it finds in payloads."""


NatKind = Literal["open", "cone", "arc", "prc", "sym", "udpblock"]
NAT_KINDS: dict[NatKind, Nat | None] = {
    "open": None,
    "cone": Nat(filtering="endpoint-independent", first_lifetime=None),
    "arc": Nat(filtering="address-dependent", first_lifetime=None),
    "prc": Nat(),
    "sym": Nat(mapping="address-and-port-dependent", ports="random"),
    "udpblock": Nat(),
}
"""The common ones by short names. udpblock also forwards no UDP."""


class Rule(Value, frozen=True, kw_only=True):
    """A firewall's rule; of the rules of a chain the first that matches decides, none: accept."""

    name: str = ""
    """By which it can be removed."""
    chain: Literal["input", "output", "forward"] = "forward"
    action: Literal["accept", "drop", "reject"] = "drop"
    reject_with: Literal[
        "network-unreachable",
        "host-unreachable",
        "port-unreachable",
        "network-prohibited",
        "host-prohibited",
        "admin-prohibited",
        "tcp-reset",
    ] = "port-unreachable"
    version: Literal[4, 6] | None = None
    protocol: Literal["udp", "tcp", "icmp"] | None = None
    source: tuple[str, ...] = ()
    """Addresses or prefixes; none: any."""
    destination: tuple[str, ...] = ()
    source_ports: tuple[str, ...] = ()
    """Ports or ranges ("49152-51199"); none: any."""
    destination_ports: tuple[str, ...] = ()
    arrives: str | None = None
    """Interface, link, or side of a router (inside, outside)."""
    leaves: str | None = None
    state: Literal["new", "established"] | None = None
    """new: of a flow that has not been answered."""
    stun: bool = False
    """Only what carries the magic cookie of RFC 8489."""
    share: Share = 1.0
    """This share of what matches, by chance."""
    above_rate: Annotated[float, Meta(gt=0)] | None = None
    """Only what exceeds so many packets a second (a policer)."""
    burst: Annotated[int, Meta(ge=1)] = 10
    """Packets that a policer lets through at once."""


class Router(Value, frozen=True, kw_only=True):
    """Forwards between its inside and its outside, as a NAT or not."""

    inside: tuple[Attachment, ...]
    outside: tuple[Attachment, ...]
    """The first is the way out; `uplink` changes that."""
    nat: Nat | NatKind = "open"
    firewall: tuple[Rule, ...] = ()
    silent: bool = False
    """Sends no ICMP errors of its own."""
    portal: bool = False
    """Answers every TCP connection from inside itself, as a web server (a captive portal)."""
    nat64: str | None = None
    """The prefix of 96 bits by which IPv6 hosts inside reach IPv4 ones through the NAT (RFC 6146),
    such as 64:ff9b::/96."""


class Host(Value, frozen=True, kw_only=True):
    """A machine on which icetui, a server or another program may run."""

    interfaces: tuple[Interface, ...] = ()
    firewall: tuple[Rule, ...] = ()
    wall_error: float = 0.0
    """Seconds that its wall clock is ahead."""
    local_names: tuple[str, ...] = ()
    """Names ending in .local for which it answers by multicast DNS."""
    echo: tuple[Port, ...] = ()
    """UDP ports at which a program sends everything back."""
    unsigned_stun: tuple[Port, ...] = ()
    """UDP ports at which a program answers Binding requests, without looking at credentials."""
    dns64: str | None = None
    """The prefix of 96 bits in which its resolver makes an IPv6 address of each IPv4 one, where a
    name has no other (RFC 6147)."""


class Name(Value, frozen=True, kw_only=True):
    """What a resolver says to a name."""

    addresses: tuple[str, ...] = ()
    """None: the name is not known."""
    delay: Delay = 0.0
    silent: bool = False
    """No answer at all."""
    hosts: dict[str, Name] = msgspec.field(default_factory=dict)
    """What these hosts are told instead."""


class Session(Value, frozen=True, kw_only=True):
    """One run of icetui."""

    host: str
    stun: tuple[str, ...] = ()
    turn: tuple[str, ...] = ()
    relay_only: bool = False
    interfaces: tuple[str, ...] = ()
    ipv4: bool = True
    ipv6: bool = True
    port: Port | None = None
    starts_at: Seconds = 0.0
    pastes_at: Seconds | None = None
    """When it gets the other's blob; None: as soon as both have gathered."""
