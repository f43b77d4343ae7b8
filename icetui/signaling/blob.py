"""The blob: a description in one line of text that survives chat and mail.

What belongs here: the bytes inside a blob. Their text form is `armour`'s.
What must never come in: other formats; searching for a blob in surrounding text.

The format, version 1.0
=======================

    icetui:<characters>

Bytes, numbers big-endian. A *varint* is base 128, least significant group first, the high bit set
on all bytes but the last, at most 3 bytes.

    version       1   high four bits: major, 1. low four bits: minor, 0
    length   varint   number of bytes that follow, checksum included
    flags         1   1 packed credentials, 2 ICE lite, 4 end-of-candidates, 8 `made` is there;
                      the other bits are 0 when written and ignored when read
    made          3   only with flag 8: minutes since 2025-01-01T00:00Z
    credentials       with flag 1: 3 bytes whose base64 (RFC 4648 section 4) is the ufrag, 16 bytes
                      whose base64 without padding is the pwd;
                      without: ufrag, then pwd, each as varint length and ASCII ice-chars
    count    varint   number of candidates, each of them:
      form        1   bits 0-1 type (0 host, 1 srflx, 2 prflx, 3 relay);
                      bits 2-3 address (0 IPv4, 1 IPv6, 2 `<uuid>.local`, 3 other name);
                      bits 4-5 priority (0 local preference 65535, 1 one byte: 65535 minus local
                      preference, 2 four bytes: the priority itself);
                      bits 6-7 related address (0 none, 1 index, 2 spelled out)
      address     n   4, 16 or 16 bytes, or varint length and ASCII
      port        2
      priority    0, 1 or 4
      related         index: 1 byte, the candidate of this blob whose address and port it is;
                      spelled out: 1 byte address form as in bits 2-3, address, 2 bytes port
    extras            until the checksum: tag 1 byte, length varint, value. Unknown tags are skipped
                      tag 1: ufrag of the description this one answers; 3 bytes: packed as above,
                             otherwise ASCII
                      tag 2: 1 byte, NAT behaviour: high four bits mapping, low four
                      bits filtering; 0 unknown, 1 endpoint-independent,
                      2 address-dependent, 3 address- and port-dependent
                      tag 3: servers that this side asks: 1 byte, 1 none is asked, 2 answer over
                             UDP, 3 answer over TCP or TLS only, 4 silent, 5 of no use; then 3
                             bytes (`server_mark`) for each of the first 2 that answer over UDP
                      tag 4: 3 bytes each: the first 2 that are silent over UDP
    checksum      4   CRC-32 (the one of zlib) of every byte before it

Only UDP candidates of component 1 are written. Unless spelled out, a priority is
`type preference << 24 | local preference << 8 | 255` with the type preferences of RFC 8445 section
5.1.2.2. Foundations do not travel: the reader computes them from type and base.

Characters: base64url (RFC 4648 section 5) of these bytes without padding, cut into groups of 19
(the last may be shorter), each followed by one check character: with `v[i]` the value (0-63) of the
group's i-th character, counting from 0, and `g` the group's number, its value is
`(7·g + Σ (2·i + 1)·v[i]) mod 64`. The check characters say whereabouts a blob is damaged; whether
it is, the checksum decides.

A newer minor version only adds extras, so every reader of major version 1 reads it. A newer major
version may change everything but the first group: version byte, length, its check character.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import zlib
from typing import get_args

import msgspec

from icetui import events
from icetui.grammar import agreeing, count
from icetui.signaling import armour, validity
from icetui.signaling.description import MAX_CANDIDATES, Description, UnreadableDescription
from icetui.signaling.server_mark import MARK, MOST_MARKS

VERSION = armour.MAJOR << 4 | 0

_PACKED, _LITE, _COMPLETE, _MADE = 1, 2, 4, 8
_EPOCH_MINUTES = 1_735_689_600 // 60
"""2025-01-01T00:00Z; three bytes of minutes last until 2056."""
_TYPES: tuple[events.CandidateType, ...] = ("host", "srflx", "prflx", "relay")
_IPV4, _IPV6, _UUID, _NAME = range(4)
_ANSWERS, _NAT, _SERVERS, _SILENT = 1, 2, 3, 4
_DEPENDENCES: tuple[events.NatDependence, ...] = get_args(events.NatDependence)
_SEEN: tuple[events.ServersSeen, ...] = get_args(events.ServersSeen)
_UUID_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.local")


class _Malformed(Exception):
    """The checksum is right but the content is not what the format says."""


def write_blob(d: Description) -> str:
    """The blob of `d`. `made` is rounded down to the minute.

    Candidates that cannot be paired, and those beyond `MAX_CANDIDATES`, are left out.
    """
    body = bytearray()
    credentials = _packed(d.ufrag, 3), _packed(d.pwd, 16)
    made = None if d.made is None else int(d.made // 60) - _EPOCH_MINUTES
    if made is not None and not 0 <= made < 1 << 24:
        made = None
    body.append(
        _PACKED * (None not in credentials)
        | _LITE * d.lite
        | _COMPLETE * d.complete
        | _MADE * (made is not None)
    )
    if made is not None:
        body += made.to_bytes(3, "big")
    if credentials[0] is not None and credentials[1] is not None:
        body += credentials[0] + credentials[1]
    else:
        body += _counted(d.ufrag.encode("ascii")) + _counted(d.pwd.encode("ascii"))
    candidates = [c for c in d.candidates if validity.usable(c)][:MAX_CANDIDATES]
    body += _varint(len(candidates))
    indexes = {(c.address, c.port): i for i, c in reversed(list(enumerate(candidates)))}
    for i, candidate in enumerate(candidates):
        body += _candidate_bytes(candidate, i, indexes)
    if d.answers:
        packed = _packed(d.answers, 3)
        value = packed if packed is not None else d.answers.encode("ascii")
        body += bytes([_ANSWERS]) + _counted(value)
    if (d.mapping, d.filtering) != ("unknown", "unknown"):
        nat = _DEPENDENCES.index(d.mapping) << 4 | _DEPENDENCES.index(d.filtering)
        body += bytes([_NAT, 1, nat])
    if d.servers != "unknown":
        marks = b"".join(d.answering[:MOST_MARKS])
        body += bytes([_SERVERS]) + _counted(bytes([_SEEN.index(d.servers)]) + marks)
    if d.silent:
        body += bytes([_SILENT]) + _counted(b"".join(d.silent[:MOST_MARKS]))
    data = bytes([VERSION]) + _varint(len(body) + 4) + bytes(body)
    return armour.PREFIX + armour.armoured(data + zlib.crc32(data).to_bytes(4, "big"))


def read_bytes(data: bytes) -> Description:
    """The description in the checked bytes of a blob.

    Raises `UnreadableDescription` when they are not what this format says.
    """
    try:
        return _description(_Bytes(data[:-4]))
    except _Malformed:
        raise UnreadableDescription(
            "The blob arrived whole but makes no sense, so it was not made by icetui: ask for a "
            "new one."
        ) from None


def _packed(text: str, size: int) -> bytes | None:
    """The `size` bytes whose unpadded base64 is exactly `text`, if there are such."""
    if not validity.is_ice_chars(text) or len(text) != (size * 8 + 5) // 6:
        return None
    data = base64.b64decode(text + "=" * (-len(text) % 4))
    return data if _unpacked(data) == text else None


def _unpacked(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _counted(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _address_bytes(address: str) -> tuple[int, bytes]:
    normal = validity.normal_address(address)
    if normal is None:
        raise ValueError(f"neither an address nor a name: {validity.printable(address)}")
    try:
        ip = ipaddress.ip_address(normal)
    except ValueError:
        uuid = _UUID_NAME.fullmatch(normal)
        if uuid:
            return _UUID, bytes.fromhex(uuid.group(1).replace("-", ""))
        return _NAME, _counted(normal.encode("ascii"))
    return (_IPV4 if ip.version == 4 else _IPV6), ip.packed


def _candidate_bytes(
    candidate: events.Candidate, own_index: int, indexes: dict[tuple[str, int], int]
) -> bytes:
    address_form, address = _address_bytes(candidate.address)
    lowered = validity.default_priority(candidate.type, 65535) - candidate.priority
    if lowered == 0:
        priority_form, priority = 0, b""
    elif lowered % 256 == 0 and 0 < lowered >> 8 <= 255:
        priority_form, priority = 1, bytes([lowered >> 8])
    else:
        clamped = min(max(candidate.priority, 0), validity.MAX_PRIORITY)
        priority_form, priority = 2, clamped.to_bytes(4, "big")
    related_form, related = 0, b""
    if validity.has_related(candidate):
        assert candidate.related_address is not None and candidate.related_port is not None
        index = indexes.get((candidate.related_address, candidate.related_port))
        if index is not None and index != own_index:
            related_form, related = 1, bytes([index])
        else:
            form, related_address = _address_bytes(candidate.related_address)
            related_port = candidate.related_port.to_bytes(2, "big")
            related_form, related = 2, bytes([form]) + related_address + related_port
    form = _TYPES.index(candidate.type) | address_form << 2 | priority_form << 4 | related_form << 6
    return bytes([form]) + address + candidate.port.to_bytes(2, "big") + priority + related


class _Bytes:
    """Reads bytes from the front; raises `_Malformed` where there are too few."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise _Malformed
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size), "big")

    def varint(self) -> int:
        value = 0
        for shift in (0, 7, 14):
            byte = self.number()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise _Malformed

    def counted_text(self) -> str:
        return self.take(self.varint()).decode("latin-1")

    def address(self, form: int) -> str:
        if form == _IPV4:
            return str(ipaddress.IPv4Address(self.take(4)))
        if form == _IPV6:
            return str(ipaddress.IPv6Address(self.take(16)))
        if form == _UUID:
            h = self.take(16).hex()
            return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}.local"
        name = validity.normal_address(self.counted_text()) if form == _NAME else None
        if name is None:
            raise _Malformed
        return name


def _description(source: _Bytes) -> Description:
    source.number()  # version: whoever found the blob has looked at it
    source.varint()
    flags = source.number()
    made = (source.number(3) + _EPOCH_MINUTES) * 60.0 if flags & _MADE else None
    if flags & _PACKED:
        ufrag, pwd = _unpacked(source.take(3)), _unpacked(source.take(16))
    else:
        ufrag, pwd = source.counted_text(), source.counted_text()
    validity.check_credentials(ufrag, pwd)
    number = source.varint()
    read = [_candidate(source) for _ in range(min(number, source.left))]
    if len(read) != number:
        raise _Malformed
    answers, nat = None, 0
    servers, answering, silent = 0, b"", b""
    while source.left:
        tag, value = source.number(), source.take(source.varint())
        if tag == _ANSWERS:
            answers = _unpacked(value) if len(value) == 3 else value.decode("latin-1")
            if not validity.is_borne(answers) or len(answers) > validity.MAX_CREDENTIAL:
                raise _Malformed
        elif tag == _NAT and value:
            nat = value[0]
        elif tag == _SERVERS and value:
            servers, answering = value[0], value[1:]
        elif tag == _SILENT:
            silent = value
    candidates = validity.distinct(_finished(read))
    warnings: tuple[str, ...] = ()
    if len(candidates) > MAX_CANDIDATES:
        extra = len(candidates) - MAX_CANDIDATES
        beyond = f"{count(extra, 'candidate')} beyond the first {MAX_CANDIDATES}"
        warnings = (f"{beyond} {agreeing(extra, 'was')} ignored.",)
    return Description(
        ufrag=ufrag,
        pwd=pwd,
        candidates=tuple(candidates[:MAX_CANDIDATES]),
        lite=bool(flags & _LITE),
        complete=bool(flags & _COMPLETE),
        made=made,
        answers=answers,
        mapping=_dependence(nat >> 4),
        filtering=_dependence(nat & 15),
        servers=_SEEN[servers] if servers < len(_SEEN) else "unknown",
        answering=_marks(answering),
        silent=_marks(silent),
        warnings=warnings,
    )


def _marks(data: bytes) -> tuple[bytes, ...]:
    marks = tuple(data[at : at + MARK] for at in range(0, len(data) - MARK + 1, MARK))
    return marks[:MOST_MARKS]


def _dependence(number: int) -> events.NatDependence:
    return _DEPENDENCES[number] if number < len(_DEPENDENCES) else "unknown"


def _candidate(source: _Bytes) -> tuple[events.Candidate, int | None]:
    """A candidate without foundation, and the index its related address is to be copied from."""
    form = source.number()
    kind = _TYPES[form & 3]
    address = source.address(form >> 2 & 3)
    port = source.number(2)
    priority_form, related_form = form >> 4 & 3, form >> 6
    if port == 0 or priority_form == 3 or related_form == 3:
        raise _Malformed
    if priority_form == 2:
        priority = source.number(4)
    else:
        lowered = source.number() if priority_form == 1 else 0
        priority = validity.default_priority(kind, 65535 - lowered)
    index = source.number() if related_form == 1 else None
    related = (source.address(source.number()), source.number(2)) if related_form == 2 else None
    candidate = events.Candidate(
        id="",
        type=kind,
        address=address,
        port=port,
        priority=priority,
        related_address=related[0] if related else None,
        related_port=related[1] if related else None,
        unsupported=validity.why_unsupported(address, "udp", 1),
    )
    return candidate, index


def _finished(read: list[tuple[events.Candidate, int | None]]) -> list[events.Candidate]:
    """With related addresses copied from where the indexes point, and foundations."""
    finished = []
    for candidate, index in read:
        if index is not None:
            if index >= len(read):
                raise _Malformed
            base = read[index][0]
            candidate = msgspec.structs.replace(
                candidate, related_address=base.address, related_port=base.port
            )
        foundation = validity.foundation(candidate)
        finished.append(msgspec.structs.replace(candidate, foundation=foundation))
    return finished
