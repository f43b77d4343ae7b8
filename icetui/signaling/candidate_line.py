"""One candidate in the notation of SDP, read and written (RFC 8839 section 5.1, RFC 6544).

What belongs here: a single `candidate:` value.
What must never come in: whole SDP, JSON.
"""

from __future__ import annotations

import re

import msgspec

from icetui import events
from icetui.signaling import validity

_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_FOUNDATION = re.compile(r"[A-Za-z0-9+/._:-]{1,64}\Z")


class NotACandidate(ValueError):
    """Why a candidate was ignored, in a few words."""


class Parsed(msgspec.Struct, frozen=True):
    candidate: events.Candidate
    ufrag: str | None
    """The `ufrag` extension, with which trickled candidates name their description."""


def read_candidate(value: str) -> Parsed:
    """The candidate in what follows `candidate:`.

    Raises `NotACandidate`.
    """
    words = value.split(None, 64)[:64]
    if len(words) < 8:
        raise NotACandidate("it is cut off")
    found, component, transport, priority, address, port, keyword, kind = words[:8]
    if keyword.lower() != "typ":
        raise NotACandidate("it does not say `typ`")
    types: dict[str, events.CandidateType] = {
        "host": "host",
        "srflx": "srflx",
        "prflx": "prflx",
        "relay": "relay",
    }
    if kind.lower() not in types:
        raise NotACandidate(f"unknown type {validity.printable(kind, 12)}")
    extensions = {k.lower(): v for k, v in zip(words[8::2], words[9::2], strict=False)}
    normal = validity.normal_address(address)
    if normal is None:
        raise NotACandidate(f"{validity.printable(address)} is no address")
    component_number = _number(component, "component", 1, 256)
    protocol = validity.printable(transport.lower(), 12)
    related = validity.normal_address(extensions.get("raddr", ""))
    rport = extensions.get("rport", "0")
    candidate = events.Candidate(
        id="",
        type=types[kind.lower()],
        address=normal,
        port=_number(port, "port", 1, 65535),
        priority=_number(priority, "priority", 0, validity.MAX_PRIORITY),
        foundation=found if _FOUNDATION.match(found) else "",
        component=component_number,
        transport=protocol,
        tcptype=_tcptype(extensions.get("tcptype")) if protocol == "tcp" else None,
        related_address=related,
        related_port=_number(rport, "related port", 0, 65535) if related else None,
        unsupported=validity.why_unsupported(normal, protocol, component_number),
    )
    if not candidate.foundation:
        made = validity.foundation(candidate)
        candidate = msgspec.structs.replace(candidate, foundation=made)
    ufrag = extensions.get("ufrag", "")
    good = len(ufrag) >= validity.MIN_UFRAG and validity.is_ice_chars(ufrag)
    return Parsed(candidate, ufrag if good and len(ufrag) <= validity.MAX_CREDENTIAL else None)


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
