"""One candidate, read and written in the notation of SDP (RFC 8839 section 5.1, RFC 6544), and
made of single values, as objects have them.

What belongs here: a single candidate.
What must never come in: whole SDP, JSON.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from icetui import events
from icetui.signaling import validity

_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_FOUNDATION = re.compile(r"[A-Za-z0-9+/._:-]{1,64}\Z")
_WITHOUT_FOUNDATION = re.compile(r"[0-9]{1,3}\s+(?:udp|tcp|ssltcp|tls)\s", re.IGNORECASE)
_TYPES: dict[str, events.CandidateType] = {
    "host": "host",
    "srflx": "srflx",
    "prflx": "prflx",
    "relay": "relay",
    "serverreflexive": "srflx",
    "peerreflexive": "prflx",
    "relayed": "relay",
    "local": "host",
    "stun": "srflx",
}
"""The four of RFC 8839, and what other programs call them in objects."""
_COMPONENTS = {"rtp": "1", "rtcp": "2"}
"""As W3C's RTCIceComponent has them."""


class NotACandidate(ValueError):
    """Why a candidate was ignored, in a few words."""


class Parsed(msgspec.Struct, frozen=True):
    candidate: events.Candidate
    ufrag: str | None
    """The `ufrag` extension, with which trickled candidates name their description."""
    has_foundation: bool = True
    """False: its place is empty, which works with browsers all the same."""


def read_candidate(value: str) -> Parsed:
    """The candidate in what follows `candidate:`.

    Raises `NotACandidate`.
    """
    named = _WITHOUT_FOUNDATION.match(value.lstrip()) is None
    words = value.split(None, 64)[:64]
    if not named:
        words.insert(0, "")
    if len(words) < 8:
        raise NotACandidate("it is cut off")
    if words[6].lower() != "typ":
        raise NotACandidate("it does not say `typ`")
    extensions = {k.lower(): v for k, v in zip(words[8::2], words[9::2], strict=False)}
    names = ("foundation", "component", "protocol", "priority", "address", "port")
    values = dict(zip(names, words, strict=False)) | {"type": words[7]} | extensions
    ufrag = extensions.get("ufrag", "")
    return Parsed(candidate_of(values), ufrag if validity.is_ufrag(ufrag) else None, named)


def candidate_of(values: Mapping[str, str]) -> events.Candidate:
    """The candidate with these values, named as in SDP: foundation, component, protocol, priority,
    address, port, type, raddr, rport, tcptype.

    Raises `NotACandidate`.
    """
    kind = _TYPES.get(values.get("type", "").lower())
    if kind is None:
        raise NotACandidate(f"unknown type {validity.printable(values.get('type', ''), 12)}")
    address = values.get("address", "")
    normal = validity.normal_address(address)
    if normal is None:
        raise NotACandidate(f"{validity.printable(address)} is no address")
    component = values.get("component", "1")
    number = _number(_COMPONENTS.get(component.lower(), component), "component", 1, 256)
    protocol = validity.printable(values.get("protocol", "udp").lower(), 12)
    related = validity.normal_address(values.get("raddr", ""))
    found = values.get("foundation", "")
    candidate = events.Candidate(
        id="",
        type=kind,
        address=normal,
        port=_number(values.get("port", ""), "port", 1, 65535),
        priority=_number(values.get("priority", "0"), "priority", 0, validity.MAX_PRIORITY),
        foundation=found if _FOUNDATION.match(found) else "",
        component=number,
        transport=protocol,
        tcptype=_tcptype(values.get("tcptype")) if protocol == "tcp" else None,
        related_address=related,
        related_port=_number(values.get("rport", "0"), "related port", 0, 65535)
        if related
        else None,
        unsupported=validity.why_unsupported(normal, protocol, number),
    )
    if not candidate.foundation:
        made = validity.foundation(candidate)
        candidate = msgspec.structs.replace(candidate, foundation=made)
    return candidate


def write_candidate(c: events.Candidate) -> str:
    """`candidate:…` without `a=`; a reflexive or relayed one always has a related address.

    RFC 8839 section 5.1 demands one, and allows zeros and port 9 where it is to stay hidden.
    """
    line = (
        f"candidate:{c.foundation or validity.foundation(c)} {c.component} {c.transport} "
        f"{c.priority} {c.address} {c.port} typ {c.type}"
    )
    if c.type != "host":
        if validity.has_related(c):
            line += f" raddr {c.related_address} rport {c.related_port}"
        else:
            line += f" raddr {'::' if ':' in c.address else '0.0.0.0'} rport 9"
    if c.tcptype is not None:
        line += f" tcptype {c.tcptype}"
    return line


def _number(text: str, what: str, least: int, most: int) -> int:
    if not _NUMBER.match(text) or not least <= int(text) <= most:
        raise NotACandidate(f"{validity.printable(text, 12)} is no {what}")
    return int(text)


def _tcptype(text: str | None) -> str | None:
    return text if text in ("active", "passive", "so") else None
