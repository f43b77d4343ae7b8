"""STUN and TURN servers as values: how they are set up, and in which ways they misbehave.

What belongs here: options that a network's text may set, each with a default that behaves well.
What must never come in: sockets, messages, state; those are `stun_server.py`, `turn_server.py`.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86400)]
Code = Annotated[int, msgspec.Meta(ge=300, le=699)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


def read_address_port(text: str) -> tuple[str, int]:
    """`192.0.2.1:3478` or `[2001:db8::1]:3478`. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"'{text}' is no address and port; write [{host}]:{port}")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ValueError(f"'{text}' is no address and port")
    return str(ipaddress.ip_address(host)), int(port)


def _check(addresses: tuple[str, ...], prefixes: tuple[str, ...], ports: tuple[str, ...]) -> None:
    """Raise ValueError for what is not written as such."""
    for address in addresses:
        ipaddress.ip_address(address)
    for prefix in prefixes:
        ipaddress.ip_network(prefix)
    for port in ports:
        read_address_port(port)


class Certificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a TLS server shows of itself."""

    names: tuple[str, ...] = ()
    """Host names and IP addresses it is valid for; `*.example.org` is one label of any kind."""
    trusted: bool = True
    """Whether an authority that clients know has signed it; False: it has signed itself."""
    expired: bool = False


class ServerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What both kinds of servers have in common."""

    addresses: tuple[str, ...] = ()
    """Where it listens; none: the first IPv4 and the first IPv6 address of its host."""
    port: Port = 3478
    tls_port: Port = 5349
    """Used where `transports` has `tls`."""
    transports: tuple[Literal["udp", "tcp", "tls"], ...] = ("udp",)
    certificate: Certificate = Certificate()
    """For `tls`. One without names is valid for whatever name it is asked by."""
    software: str = ""
    """SOFTWARE in every answer; empty: not there."""
    fingerprint: bool = True
    """FINGERPRINT on every answer."""

    # --- what Binding answers say -----------------------------------------------------------------
    mapped: Literal["xor", "plain", "both", "none"] = "xor"
    """XOR-MAPPED-ADDRESS, MAPPED-ADDRESS (RFC 3489's), both or neither."""
    mapped_address: str = ""
    """Said instead of the address that was seen."""
    mapped_port_shift: Annotated[int, msgspec.Meta(ge=-65535, le=65535)] = 0
    """Added to the port that was seen."""
    error: Code | None = None
    """Every Binding request is answered with this error."""
    alternate: str = ""
    """`address:port` in ALTERNATE-SERVER, with error 300; `[address]:port` for IPv6."""

    # --- NAT behaviour discovery (RFC 5780), where there is a second address or port --------------
    other_addresses: tuple[str, ...] = ()
    """Its second address, one for each IP family that has one."""
    other_port: Port | None = None
    """Its second port; with `other_addresses` and without this one, `port` + 1."""
    told_other: str = ""
    """`address:port` said in OTHER-ADDRESS instead of the truth."""
    other_silent: bool = False
    """Whoever asks the second address gets no answer."""
    change_request: Literal["honest", "dropped", "ignored", "refused"] = "honest"
    """What becomes of CHANGE-REQUEST: it is done, the request is dropped, answered as if it were
    not there, refused with 420. Without a second address or port: refused."""
    response_port: bool = True
    """It knows RESPONSE-PORT (RFC 5780 section 7.5); False: 420."""
    padding: bool = True
    """The same of PADDING (section 7.6)."""

    # --- who gets an answer, and when -------------------------------------------------------------
    silent: bool = False
    """It hears and never answers; TCP connections come about."""
    clients: tuple[str, ...] = ()
    """Prefixes of those it answers, `192.0.2.0/24`; none: all."""
    ignores: Share = 0.0
    """Share of messages that it does not take notice of."""
    rate: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Messages a second that it takes from one IP address …"""
    burst: Annotated[float, msgspec.Meta(ge=1)] = 10.0
    """… once so many came at one time."""
    delay: Seconds = 0.0
    """Between a message and its answer …"""
    delay_spread: Seconds = 0.0
    """… and up to so much more, each time another."""
    answers_from_address: str = ""
    """Another address of its host, from which all answers over UDP come."""
    answers_from_port: Port | None = None
    """The same with a port."""

    def __post_init__(self) -> None:
        lies = (self.mapped_address, self.answers_from_address)
        addresses = (*self.addresses, *self.other_addresses, *(a for a in lies if a))
        _check(addresses, self.clients, tuple(t for t in (self.alternate, self.told_other) if t))


class StunOptions(ServerOptions, frozen=True, kw_only=True, tag_field="kind", tag="stun"):
    """A STUN server: Binding (RFC 8489), over UDP with RFC 5780."""


class TurnOptions(ServerOptions, frozen=True, kw_only=True, tag_field="kind", tag="turn"):
    """A TURN server (RFC 8656) that behaves as coturn does."""

    transports: tuple[Literal["udp", "tcp", "tls"], ...] = ("udp", "tcp")
    realm: str = "turn.test"
    users: dict[str, str] = {}
    """Names and passwords."""
    secret: str = ""
    """Of time-limited users: `<Unix time of expiry>:<anything>`, whose password is the Base64 of
    HMAC-SHA1(secret, name)."""
    binding: bool = True
    """It answers Binding requests, too."""
    nonce_lifetime: Seconds = 600.0
    """0: for ever."""
    lifetime: Seconds = 600.0
    """Of an allocation whose client asks for none or less …"""
    most_lifetime: Seconds = 3600.0
    """… and the most that is granted. 0 grants allocations that end as they begin."""
    permission_lifetime: Seconds = 300.0
    channel_lifetime: Seconds = 600.0
    quota: Count | None = None
    """Allocations a user may have (486)."""
    capacity: Count | None = None
    """Allocations there may be in all (508)."""
    denied: tuple[str, ...] = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "::1/128", "ff00::/8")
    """Prefixes of peers that it relays nothing to (403) …"""
    allowed: tuple[str, ...] = ()
    """… except these."""
    errors: dict[Literal["allocate", "refresh", "create-permission", "channel-bind"], Code] = {}
    """Requests of these methods are always answered with this error, once authenticated; 300
    without that, naming `alternate`, as coturn does."""

    families: Literal["known", "requested", "unknown", "refused"] = "known"
    """What becomes of REQUESTED- and ADDITIONAL-ADDRESS-FAMILY: RFC 8656; an additional family is
    passed over, as coturn 4.6 does; a server older than both, which refuses the one it has to know
    (420) and passes over the other; an additional family is refused (440)."""
    relay_addresses: tuple[str, ...] = ()
    """Where relayed ports are bound, one for each IP family; none: the first address of the host
    for each family it has."""
    relay_ports: tuple[Port, Port] = (49152, 65535)
    external: tuple[str, ...] = ()
    """Addresses told in XOR-RELAYED-ADDRESS instead, one for each IP family: the outside of the
    server's NAT, or a mistake in its configuration."""
    tells_icmp: bool = False
    """Says in Data indications what ICMP said about a peer (RFC 8656 section 11.5)."""
    ignores_permissions: bool = False
    """Anybody may write to a relayed address."""
    deaf_relays: bool = False
    """Allocations come about and nothing is relayed: a firewall is in front of the relay ports."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check((*self.relay_addresses, *self.external), (*self.denied, *self.allowed), ())
        low, high = self.relay_ports
        if low > high:
            raise ValueError(f"relay_ports go from {low} to {high}: nothing is between")
