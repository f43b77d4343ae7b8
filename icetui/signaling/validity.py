"""What is allowed in a description: addresses, names, credentials, and what icetui can pair.

What belongs here: rules for single values that every format shares.
What must never come in: the syntax of any one format.
"""

from __future__ import annotations

import ipaddress
import re
import zlib
from collections.abc import Iterable

import msgspec

from icetui import events
from icetui.signaling.description import UnreadableDescription

TYPE_PREFERENCES: dict[events.CandidateType, int] = {
    "host": 126,
    "prflx": 110,
    "srflx": 100,
    "relay": 0,
}
"""RFC 8445 section 5.1.2.2."""
MAX_PRIORITY = 2**32 - 1

MIN_UFRAG, MIN_PWD, MAX_CREDENTIAL = 4, 22, 256
"""Characters; RFC 8445 section 5.3 asks 24 and 128 bits, RFC 8839 section 5.4 caps both at 256."""

_ICE_CHARS = re.compile(r"[A-Za-z0-9+/]*\Z")
_BORNE = re.compile(r"[A-Za-z0-9+/=_#.~-]*\Z")
_FOREIGN = re.compile(r"[^A-Za-z0-9+/]")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})+\.?\Z")
_FINGERPRINT = re.compile(r"[A-Za-z0-9-]{1,16} [0-9A-Fa-f:]{2,200}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}\Z")


def printable(text: str, limit: int = 40) -> str:
    """Foreign text fit for a sentence: printable ASCII only, shortened to `limit` characters."""
    head = "".join(c if " " <= c <= "~" else "?" for c in text[: limit + 1])
    return head if len(head) <= limit else head[: limit - 1] + "~"


def is_token(text: str) -> bool:
    """Whether `text` is a token of SDP (RFC 8866 section 9)."""
    return _TOKEN.match(text) is not None


def is_fingerprint(text: str) -> bool:
    """Whether `text` is a fingerprint of SDP (RFC 8122 section 5)."""
    return _FINGERPRINT.match(text) is not None


def is_ice_chars(text: str) -> bool:
    """Whether `text` has only ice-chars (RFC 8839 section 5.1)."""
    return _ICE_CHARS.match(text) is not None


def is_borne(text: str) -> bool:
    """Whether `text` has only characters that peers which work are known to put into user fragments
    and passwords: ice-chars, and those that libwebrtc lets pass."""
    return _BORNE.match(text) is not None


def is_ufrag(text: str) -> bool:
    """Whether `text` can be a user fragment that is used as it is."""
    return MIN_UFRAG <= len(text) <= MAX_CREDENTIAL and is_borne(text)


def foreign_characters(text: str) -> str:
    """The characters in `text` that are no ice-chars, each once."""
    return "".join(dict.fromkeys(_FOREIGN.findall(text)))


def normal_address(text: str) -> str | None:
    """An IP address in its shortest form, or a host name in lower case; None when it is neither.

    A zone (`%eth0`) is dropped: it means nothing on another host.
    """
    if len(text) > 253:
        return None
    try:
        return str(ipaddress.ip_address(text.split("%", 1)[0].strip("[]")))
    except ValueError:
        pass
    # The last label of a name is never all digits, or `1.2.3` and `999.1.1.1` would be names.
    if _NAME.match(text) and not text.rstrip(".").rsplit(".", 1)[-1].isdigit():
        return text.lower().rstrip(".")
    return None


def why_unsupported(address: str, transport: str, component: int) -> str | None:
    """Why icetui does not pair such a candidate, or None when it does."""
    if transport != "udp":
        if transport == "tcp":
            return "ICE-TCP is not supported"
        return f"transport {printable(transport, 12)} is not supported"
    if component != 1:
        return f"component {component} (RTCP): only component 1 is checked"
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        if address.endswith(".local"):
            return None
        return "host names other than .local ones are not looked up"
    if ip.is_unspecified:
        return "the address is hidden (all zeros)"
    if ip.is_multicast or address == "255.255.255.255":
        return "not the address of one host"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return "IPv4-mapped addresses are not allowed (RFC 8445 section 5.1.1.1)"
    return None


def usable(candidate: events.Candidate) -> bool:
    """Whether it can be paired, and so is worth writing."""
    return (
        candidate.unsupported is None
        and candidate.transport == "udp"
        and candidate.component == 1
        and 0 < candidate.port < 65536
        and normal_address(candidate.address) is not None
    )


def has_related(candidate: events.Candidate) -> bool:
    """Whether it has a related address and port that can be written."""
    return (
        candidate.related_address is not None
        and candidate.related_port is not None
        and 0 <= candidate.related_port < 65536
        and normal_address(candidate.related_address) is not None
    )


def default_priority(kind: events.CandidateType, local_preference: int) -> int:
    """Priority of a component 1 candidate by the formula of RFC 8445 section 5.1.2.1."""
    return TYPE_PREFERENCES[kind] << 24 | local_preference << 8 | 255


def foundation(candidate: events.Candidate) -> str:
    """A foundation shared by candidates of one type and one base (RFC 8445 section 5.1.1.3).

    The base of a reflexive candidate is its related address, that of a relayed one is itself.
    """
    base = candidate.address
    if candidate.type in ("srflx", "prflx") and candidate.related_address:
        base = candidate.related_address
    return f"{zlib.crc32(f'{candidate.type} {candidate.transport} {base}'.encode()):08x}"


def distinct(candidates: Iterable[events.Candidate]) -> list[events.Candidate]:
    """Without those that repeat an earlier one of the same transport address and type."""
    seen: dict[tuple[object, ...], events.Candidate] = {}
    for c in candidates:
        key = (c.type, c.component, c.transport, c.tcptype, c.address, c.port, c.related_address)
        seen.setdefault(key, c)
    return list(seen.values())


def redundancy_marked(candidates: Iterable[events.Candidate]) -> list[events.Candidate]:
    """Of those that can be paired and share an address and port, all but the one of the highest
    priority marked as `unsupported` (RFC 8445 section 5.1.3)."""
    found = list(candidates)
    best: dict[tuple[str, int], int] = {}
    for at, c in enumerate(found):
        if c.unsupported is None:
            held = best.setdefault((c.address, c.port), at)
            if found[held].priority < c.priority:
                best[(c.address, c.port)] = at
    for at, c in enumerate(found):
        kept = best.get((c.address, c.port))
        if c.unsupported is None and kept is not None and kept != at:
            found[at] = msgspec.structs.replace(c, unsupported=redundant(found[kept]))
    return found


def redundant(kept: events.Candidate) -> str:
    """Why a candidate at the address and port of `kept` is not paired."""
    return f"redundant: same address and port as the {kept.type} candidate"


def check_credentials(ufrag: str, pwd: str) -> None:
    """Raise `UnreadableDescription` unless both have the lengths that RFC 8445 section 5.3 asks,
    and only characters that work."""
    for name, value, least in (("ice-ufrag", ufrag, MIN_UFRAG), ("ice-pwd", pwd, MIN_PWD)):
        if any(c.isspace() for c in value):
            raise UnreadableDescription(
                f"The {name} holds a space where a + or / may have been lost on the way (a + "
                "becomes one in web addresses): copy the text again from where it was made."
            )
        if not is_borne(value):
            raise UnreadableDescription(
                f"The {name} holds characters that ICE does not allow (only letters, digits, "
                "+ and / are): copy the text again without formatting."
            )
        if len(value) < least:
            raise UnreadableDescription(
                f"The {name} is too short ({len(value)} characters, ICE asks for at least "
                f"{least}): the text was probably cut off, copy all of it again."
            )
        if len(value) > MAX_CREDENTIAL:
            raise UnreadableDescription(
                f"The {name} is too long ({len(value)} characters, ICE allows {MAX_CREDENTIAL}): "
                "copy the text again."
            )
