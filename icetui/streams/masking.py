"""Events with every address and every name replaced by a stable pseudonym (`--mask`).

What belongs here: which field of an event holds what, and pseudonyms of the same kind: private
stays private, IPv6 stays IPv6, a VPN stays a VPN, so that what is said about the session stays
true. Ports, user fragments and times stay. The blob is left alone, because it has to be sent; the
screen hides it.

Fields are masked by what they are; free text by every name known from fields, and by all in it that
looks like an address or a domain name. A field this module does not know is free text.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import AsyncIterator
from pathlib import PurePath
from typing import Any

import msgspec

from icetui import events
from icetui.address_ranges import PRIVATE, SHARED, within
from icetui.events import AnyEvent
from icetui.streams.source import Source, Wrapper

HIDDEN = "(masked)"
MOST_NAMES = 5000
"""Pseudonyms that one run gives; whatever comes then is `HIDDEN`, and memory stays bounded."""
MOST_NETWORKS = 1000
"""Networks of each kind of address that are told apart."""
MOST_HOSTS = 254
"""Addresses in an IPv4 network of 24 bits."""
MOST_SOUGHT, LEAST_SOUGHT = 300, 3
"""Names that are looked for in free text, the first ones; and how long one has to be for that."""

_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
    r"|(?<![\w.:])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f.]*(?:%[\w.-]+)?(?!\w)"
)
_CERTIFICATE = re.compile(r"(?:[0-9A-Fa-f]{2}:){15,}[0-9A-Fa-f]{2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?[0-9A-Fa-f]{8,}(?![0-9A-Za-z])")
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")
_DOMAIN = re.compile(r"(?<![\w.-])(?:[\w-]+\.)+[^\W\d_]{2,}\.?(?![\w-])")
"""A name with a dot whose last label is letters: what a version number is not."""
_NAME = re.compile(r"[^\s:/@\[\]]+")
_HOME = re.compile(r"(?<=/home/)[^/\s:'\"]+|(?<=/Users/)[^/\s:'\"]+|(?<=\\Users\\)[^\\\s:'\"]+")
"""Whose folder a path leads through."""
_URL = re.compile(
    r"(?P<scheme>\w+:(?://)?)(?:[^@/?]*@)?(?P<host>\[[^\]]*\]|[^:?/\[\]]*)(?P<rest>.*)"
)
_COMMON_INTERFACE = re.compile(r"(lo|eth|en|wlan|wlp|wl|em|br|docker|tun|tap|utun|wg|ppp)\d{0,3}")
"""Names that every other machine has, too."""
_INTERFACE_KIND = re.compile(
    r"tun|tap|wg|ppp|utun|tailscale|zt|nordlynx|ipsec|vpn"
    r"|docker|br-|veth|virbr|vmnet|vboxnet|lxc|lxd|cni|flannel|cali|podman|vnet"
)
"""The beginning of a name that says of which kind it is."""

_KEPT = frozenset(
    (
        *("event", "session", "state", "type", "kind", "direction", "method", "message_class"),
        *("transaction", "transport", "tcptype", "version", "python", "aioice", "role", "purpose"),
        *("reason", "where", "command", "mapping", "filtering", "severity", "rule", "ufrag"),
        *("sdp_type", "setup", "gone", "resolver", "tls", "alternate_refused", "missing"),
    )
)
"""Fields that hold codes of ours, or what is made anew for each session."""
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}:[A-Za-z0-9+/]{4,256}")
"""Two user fragments (RFC 8445 section 5.3)."""
_HARMLESS_ATTRIBUTES = frozenset(
    (
        *("CHANGE-REQUEST", "MESSAGE-INTEGRITY", "ERROR-CODE", "UNKNOWN-ATTRIBUTES"),
        *("CHANNEL-NUMBER", "LIFETIME", "DATA", "NONCE", "REQUESTED-ADDRESS-FAMILY", "SOFTWARE"),
        *("REQUESTED-TRANSPORT", "DONT-FRAGMENT", "MESSAGE-INTEGRITY-SHA256", "PRIORITY"),
        *("USE-CANDIDATE", "PADDING", "RESPONSE-PORT", "ADDITIONAL-ADDRESS-FAMILY"),
        *("ICE-CONTROLLED", "ICE-CONTROLLING", "CACHE-TIMEOUT", "ADDRESS-ERROR-CODE"),
        *("MAPPED-ADDRESS", "XOR-MAPPED-ADDRESS", "XOR-PEER-ADDRESS", "XOR-RELAYED-ADDRESS"),
        *("RESPONSE-ORIGIN", "OTHER-ADDRESS", "ALTERNATE-SERVER"),
    )
)
"""Attributes whose value is a code, a length, or text in which addresses are found. All others may
hold an address in hexadecimal (0x8020) or a name; FINGERPRINT is a checksum over an address."""
_KINDS: Any = AnyEvent


class Mask:
    """One run's pseudonyms, given in the order of appearance."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._given: dict[str, int] = {}
        self._networks: dict[str, dict[bytes, int]] = {}
        """Numbers of the networks of each kind of address, by prefix."""
        self._pseudonyms: set[str] = set()
        self._ufrags: set[str] = set()
        self._checking = False
        """Whether what is being masked is of a connectivity check, not of a TURN server's."""
        self._sought: list[str] = []
        """Names to be looked for in free text, the longest first."""
        self._names: re.Pattern[str] | None = None
        self._packed: set[str] = set()
        """Known addresses as hexadecimal bytes."""

    def event(self, event: AnyEvent) -> AnyEvent:
        """The same event without a real address or name in it."""
        if isinstance(event, events.BlobChanged):
            return event
        fields = msgspec.to_builtins(event)
        self._checking = _is_a_check(event)
        self._learn_from(fields)
        masked: AnyEvent = msgspec.convert(self._value(fields), _KINDS)
        return masked

    def look_at(self, event: AnyEvent) -> None:
        """Learn the names in the event's fields, where all of a stream is known beforehand."""
        if not isinstance(event, events.BlobChanged):
            self._checking = _is_a_check(event)
            self._learn_from(msgspec.to_builtins(event))

    def learn(self, start: events.StartSession) -> None:
        """Names that the user gave, which texts may repeat before any field holds them."""
        for host in [s.host for s in start.stun_servers] + [s.host for s in start.turn_servers]:
            self._host(host)
        for server in start.turn_servers:
            if server.username:
                self._name(server.username, "user-{}")
            if server.password:
                self._name(server.password, HIDDEN)
        for interface in start.interfaces:
            self._interface(interface)

    def text(self, text: str) -> str:
        """`text` with all known names, addresses and domain names in it replaced."""
        if self._names is not None:
            text = self._names.sub(lambda match: self._known[match[0].lower()], text)
        text = _HOME.sub(HIDDEN, text)
        text = _CERTIFICATE.sub(HIDDEN, text)
        text = _HEX.sub(lambda match: self._hexed(match[0]), text)
        text = _MAC.sub(lambda match: self._name(match[0], "02-00-00-00-00-{:02x}"), text)
        text = _ADDRESS.sub(lambda match: self._address(match[0]), text)
        return _DOMAIN.sub(lambda match: self._domain(match[0]), text)

    # --- fields ---------------------------------------------------------------------------------

    def _learn_from(self, fields: Any) -> None:
        """Give each name in a field its pseudonym, before any text that repeats it is read."""
        if isinstance(fields, list | tuple):
            for item in fields:
                self._learn_from(item)
        if not isinstance(fields, dict):
            return
        for key, value in fields.items():
            if isinstance(value, str):
                if key in ("ufrag", "their_ufrag") and value:
                    self._ufrags.add(value)
                else:
                    self._field(key, value)
            elif key == "attributes":
                for attribute in value:
                    self._attribute(attribute)
            elif key == "interface" and isinstance(value, dict):
                self._interface(str(value.get("name", "")))
            else:
                self._learn_from(value)

    def _value(self, value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            masked = self._field(key, value)
            return self.text(value) if masked is None else masked
        if isinstance(value, dict):
            if key == "interface":
                value = value | {"name": self._interface(str(value.get("name", "")))}
                return {k: v if k == "name" else self._value(v, k) for k, v in value.items()}
            return {k: self._value(v, k) for k, v in value.items()}
        if isinstance(value, list | tuple):
            if key == "attributes":
                return [self._attribute(attribute) for attribute in value]
            return [self._value(item, key) for item in value]
        return value

    def _field(self, key: str, value: str) -> str | None:
        """A field that is known by its name, masked; None: it is free text."""
        if key in _KEPT or not value:
            return value
        match key:
            case "address" | "related_address":
                return self._host(value)
            case "url" | "server" | "via" | "shared_answering" | "shared_silent":
                return self._url(value)
            case "interface":
                return self._interface(value)
            case "foundation":
                # It may be made of an address (RFC 8445 section 5.1.1.3); only which are alike
                # counts.
                return self._pseudonym(f"foundation {value}", "{}")
            case "fingerprint":
                return f"{value.partition(' ')[0]} {HIDDEN}"
            case "log":
                return PurePath(value).name  # the folder may be somebody's home
        return None

    def _attribute(self, attribute: Any) -> Any:
        name, value = attribute.get("name", ""), attribute.get("value", "")
        if not value:
            return attribute
        if name == "USERNAME":
            parts = value.split(":")
            if self._ufrags.isdisjoint(parts) and not (self._checking and _ICE.fullmatch(value)):
                value = self._name(value, "user-{}")  # a TURN server's account
            else:
                self._ufrags.update(parts[:2])
        elif name == "REALM":
            value = self._name(value, "realm-{}")
        elif name in _HARMLESS_ATTRIBUTES and not value.startswith("malformed"):
            value = self.text(value)
        else:
            value = HIDDEN
        return attribute | {"value": value}

    # --- kinds of names ---------------------------------------------------------------------------

    def _host(self, host: str) -> str:
        masked = self.text(host)  # an address, a domain name, one of them with a port
        if masked != host or host in self._pseudonyms or not _NAME.fullmatch(host):
            return masked
        return masked if _is_left_as_it_is(host) else self._domain(host)

    def _domain(self, name: str) -> str:
        bare = name.rstrip(".")
        if bare in self._pseudonyms:
            return name
        return self._name(bare, "host-{}.local" if bare.endswith(".local") else "host-{}.example")

    def _url(self, url: str) -> str:
        """A server's URI, or `ip:port`."""
        match = _URL.fullmatch(url)
        if match is None or match["scheme"].rstrip(":/") not in ("stun", "stuns", "turn", "turns"):
            return self.text(url)
        host = match["host"]
        bracketed = host.startswith("[")
        masked = self._host(host.strip("[]")) if host else ""
        rest = self.text(match["rest"])
        return f"{match['scheme']}{f'[{masked}]' if bracketed else masked}{rest}"

    def _interface(self, name: str) -> str:
        """Some names hold a hardware address or a company's name (`enx00…`, `wg-acme`)."""
        if not name or _COMMON_INTERFACE.fullmatch(name) or name in self._pseudonyms:
            return name
        kind = _INTERFACE_KIND.match(name)
        return self._name(name, f"{kind[0] if kind else 'net'}{{}}")

    def _address(self, text: str) -> str:
        bare, _, _ = text.partition("%")
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            return text
        if address.is_loopback or address.is_unspecified or str(address) in self._pseudonyms:
            return bare
        if address == SHARED.network_address:
            return bare  # the name of the range, in sentences about it
        if len(self._packed) < MOST_NAMES:
            self._packed.add(address.packed.hex())
        return self._pseudonym(str(address), self._shape(address))

    def _shape(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
        kind = _kind(address)
        prefix = address.packed[:3] if address.version == 4 else address.packed[:8]
        of_kind = self._networks.setdefault(kind, {})
        number = of_kind.get(prefix, len(of_kind))
        if len(of_kind) < MOST_NETWORKS:
            of_kind[prefix] = number
        shape = _network(kind, number)
        if kind == "public" and self._given.get(shape, 0) >= MOST_HOSTS:
            others = (f"{block}.{{}}" for block in PUBLIC)
            shape = next((o for o in others if self._given.get(o, 0) < MOST_HOSTS), shape)
        return shape

    def _hexed(self, text: str) -> str:
        """Raw bytes as hexadecimal, hidden where a known address is among them."""
        lower = text.lower()
        return HIDDEN if any(packed in lower for packed in self._packed) else text

    def _name(self, name: str, shape: str) -> str:
        """A pseudonym that replaces the name wherever it stands from now on, whatever its case."""
        if name in self._pseudonyms or name == HIDDEN:
            return name
        key = name.lower()
        if key not in self._known:
            given = self._pseudonym(key, shape)
            if given == HIDDEN and shape != HIDDEN:
                return HIDDEN
            if len(key) >= LEAST_SOUGHT and len(self._sought) < MOST_SOUGHT:
                self._sought = sorted([*self._sought, key], key=len, reverse=True)
                one_of = "|".join(map(re.escape, self._sought))
                self._names = re.compile(rf"(?<![\w-])(?:{one_of})(?![\w-])", re.IGNORECASE)
        return self._known[key]

    def _pseudonym(self, key: str, shape: str) -> str:
        if key not in self._known:
            if len(self._known) >= MOST_NAMES:
                return HIDDEN if shape.count(".") != 3 and ":" not in shape else _overflow(shape)
            number = self._given[shape] = self._given.get(shape, 0) + 1
            self._known[key] = _numbered(number, shape)
            self._pseudonyms.add(self._known[key])
        return self._known[key]


class Masked(Wrapper):
    """A source without a real address or name in its events; one set of pseudonyms for screen,
    recording and report. It goes around whatever exchanges blobs, and inside whatever keeps or
    shows."""

    def __init__(self, inner: Source, mask: Mask | None = None) -> None:
        super().__init__(inner)
        self._mask = mask or Mask()

    async def events(self) -> AsyncIterator[AnyEvent]:
        async for event in super().events():
            yield self._mask.event(event)


def _is_a_check(event: AnyEvent) -> bool:
    """Whether a USERNAME in it is of two user fragments (RFC 8445 section 7.2.2): a TURN server's
    comes with a realm, or in a request that only TURN has."""
    return (
        isinstance(event, events.StunMessage)
        and event.method.lower() == "binding"
        and not any(a.name == "REALM" for a in event.attributes)
    )


def _is_left_as_it_is(host: str) -> bool:
    """Loopback and the unspecified address say nothing about anybody."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    return address.is_loopback or address.is_unspecified


PUBLIC = ("192.88.99", "192.175.48", "192.31.196", "192.52.193")
"""Ranges that are nobody's and yet not special to anything that asks whether an address is global:
the withdrawn 6to4 anycast (RFC 7526), AS112 (RFC 7534, 7535), AMT (RFC 7450)."""


def _kind(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """What range a pseudonym is from: one of the same kind."""
    six = address.version == 6
    if address.is_link_local:
        return "local6" if six else "local"
    if address in SHARED:
        return "shared"
    return ("private" if within(address, PRIVATE) else "public") + ("6" if six else "")


def _network(kind: str, number: int) -> str:
    """Where the pseudonyms of one network are, the first of its kind having the number 0: two
    addresses are in one network (by the usual prefixes, 24 and 64) where the real ones are."""
    match kind:
        case "local6":
            return "fe80::{}"
        case "private6":
            return f"fd00:0:0:{min(number, 0xFFFF) + 1:x}::{{}}"
        case "public6":
            return f"3ffe:0:0:{min(number, 0xFFFF) + 1:x}::{{}}"
        case "public":
            # There are few. The first network may be ours, so that nobody else is in it.
            return PUBLIC[0 if number == 0 else 1 + (number - 1) % (len(PUBLIC) - 1)] + ".{}"
    block = {"local": "169.254", "shared": "100.64", "private": "10.99"}[kind]
    return f"{block}.{min(number, 255)}.{{}}"


def _numbered(number: int, shape: str) -> str:
    if shape == HIDDEN:
        return HIDDEN
    if "::" in shape:
        return shape.format(f"{number:x}")
    if shape.count(".") == 3:
        return shape.format(min(number, MOST_HOSTS))
    return shape.format(number)


def _overflow(shape: str) -> str:
    """The one address for all that come when no more pseudonyms are given."""
    return shape.format("ffff" if "::" in shape else "254")
