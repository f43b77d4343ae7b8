"""STUN messages as servers take and make them (RFC 8489 section 5): bytes in, bytes out.

What belongs here: the format, signatures and framing on streams. What a message means is the
servers' business. Many thousand pass in a second, hence the plain functions and the caches.
"""

from __future__ import annotations

import hmac
import ipaddress
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from icetui.engine.net import Address

COOKIE: Final = b"\x21\x12\xa4\x42"
HEADER: Final = 20

REQUEST, INDICATION, RESPONSE, ERROR = 0x000, 0x010, 0x100, 0x110
BINDING, ALLOCATE, REFRESH, SEND, DATA_METHOD = 0x001, 0x003, 0x004, 0x006, 0x007
CREATE_PERMISSION, CHANNEL_BIND = 0x008, 0x009

MAPPED_ADDRESS, CHANGE_REQUEST, USERNAME = 0x0001, 0x0003, 0x0006
MESSAGE_INTEGRITY, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0008, 0x0009, 0x000A
CHANNEL_NUMBER, LIFETIME, XOR_PEER_ADDRESS, DATA = 0x000C, 0x000D, 0x0012, 0x0013
REALM, NONCE, XOR_RELAYED_ADDRESS, REQUESTED_ADDRESS_FAMILY = 0x0014, 0x0015, 0x0016, 0x0017
EVEN_PORT, REQUESTED_TRANSPORT, DONT_FRAGMENT = 0x0018, 0x0019, 0x001A
XOR_MAPPED_ADDRESS, RESERVATION_TOKEN, PRIORITY, USE_CANDIDATE = 0x0020, 0x0022, 0x0024, 0x0025
PADDING, RESPONSE_PORT, ADDITIONAL_ADDRESS_FAMILY, ADDRESS_ERROR_CODE = (
    0x0026, 0x0027, 0x8000, 0x8001,
)  # fmt: skip
ICMP, SOFTWARE, ALTERNATE_SERVER, FINGERPRINT = 0x8004, 0x8022, 0x8023, 0x8028
RESPONSE_ORIGIN, OTHER_ADDRESS = 0x802B, 0x802C

Attributes = list[tuple[int, bytes]]


class Message:
    """A message that was heard."""

    __slots__ = ("attributes", "integrity_at", "kind", "method", "peers", "raw", "transaction")

    def __init__(self, raw: bytes, method: int, kind: int) -> None:
        self.raw = raw
        self.method = method
        self.kind = kind
        """REQUEST, INDICATION, RESPONSE or ERROR."""
        self.transaction = raw[8:HEADER]
        self.attributes: dict[int, bytes] = {}
        """The first of each type (RFC 8489 section 14), those under the signature."""
        self.peers: list[bytes] = []
        """All XOR-PEER-ADDRESS."""
        self.integrity_at: int | None = None
        """Where MESSAGE-INTEGRITY begins."""

    def signed_with(self, key: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and right (section 14.5)."""
        at = self.integrity_at
        if at is None:
            return False
        # The length that is signed ends with MESSAGE-INTEGRITY itself.
        covered = self.raw[:2] + struct.pack("!H", at + 24 - HEADER) + self.raw[4:at]
        return hmac.compare_digest(
            hmac.digest(key, covered, "sha1"), self.attributes[MESSAGE_INTEGRITY]
        )

    def unknown(self, known: frozenset[int]) -> list[int]:
        """Types of comprehension-required attributes that are not among those."""
        return [t for t in self.attributes if t < 0x8000 and t not in known]

    def number(self, attribute: int) -> int | None:
        """An attribute of 32 bits; None: absent or of another size."""
        value = self.attributes.get(attribute)
        return int.from_bytes(value, "big") if value is not None and len(value) == 4 else None


def is_stun(data: bytes) -> bool:
    """Whether it can be a STUN message (RFC 7983)."""
    return len(data) >= HEADER and data[0] < 4 and data[4:8] == COOKIE


def parse(data: bytes) -> Message | None:
    """What was heard; None: no STUN message, or one whose lengths do not add up."""
    if not is_stun(data):
        return None
    kind, length = struct.unpack_from("!HH", data)
    if len(data) != HEADER + length or length % 4:
        return None
    method = (kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2)
    message = Message(data, method, kind & 0x0110)
    attributes = message.attributes
    at = HEADER
    end = len(data)
    while at < end:
        number, size = struct.unpack_from("!HH", data, at)
        after = at + 4 + size
        if after > end:
            return None
        if message.integrity_at is not None:
            # Nothing but FINGERPRINT counts behind the signature.
            if number == FINGERPRINT:
                attributes.setdefault(number, data[at + 4 : after])
        else:
            value = data[at + 4 : after]
            attributes.setdefault(number, value)
            if number == XOR_PEER_ADDRESS:
                message.peers.append(value)
            elif number == MESSAGE_INTEGRITY:
                if size != 20:
                    return None
                message.integrity_at = at
        at = after + -size % 4
    return message


def build(
    method: int,
    kind: int,
    transaction: bytes,
    attributes: Attributes,
    *,
    key: bytes | None = None,
    fingerprint: bool = False,
) -> bytes:
    """A message; with `key`, signed."""
    parts = [b""]
    size = 0
    for number, value in attributes:
        padding = -len(value) % 4
        parts.append(struct.pack("!HH", number, len(value)) + value + bytes(padding))
        size += 4 + len(value) + padding
    first = (method & 0x000F) | (method & 0x0070) << 1 | (method & 0x0F80) << 2 | kind
    if key is not None:
        size += 24
        parts[0] = struct.pack("!HH", first, size) + COOKIE + transaction
        signature = hmac.digest(key, b"".join(parts), "sha1")
        parts.append(struct.pack("!HH", MESSAGE_INTEGRITY, 20) + signature)
    if fingerprint:
        size += 8
    parts[0] = struct.pack("!HH", first, size) + COOKIE + transaction
    if not fingerprint:
        return b"".join(parts)
    data = b"".join(parts)
    return data + struct.pack("!HHI", FINGERPRINT, 4, zlib.crc32(data) ^ 0x5354554E)


# --- values of attributes -----------------------------------------------------------------------


@lru_cache(4096)
def packed_ip(address: str) -> bytes:
    """4 or 16 bytes."""
    return ipaddress.ip_address(address).packed


@lru_cache(4096)
def _ip(packed: bytes) -> str:
    return str(ipaddress.ip_address(packed))


def address(addr: Address) -> bytes:
    """MAPPED-ADDRESS and its like (RFC 8489 section 14.1)."""
    ip = packed_ip(addr[0])
    return struct.pack("!BBH", 0, 1 if len(ip) == 4 else 2, addr[1]) + ip


def xor_address(addr: Address, transaction: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS and its like (section 14.2)."""
    ip = packed_ip(addr[0])
    mask = (COOKIE + transaction)[: len(ip)]
    hidden = int.from_bytes(ip, "big") ^ int.from_bytes(mask, "big")
    family = 1 if len(ip) == 4 else 2
    return struct.pack("!BBH", 0, family, addr[1] ^ 0x2112) + hidden.to_bytes(len(ip), "big")


def read_xor_address(value: bytes, transaction: bytes) -> Address | None:
    """The reverse; None: malformed."""
    size = len(value) - 4
    if (value[1:2], size) not in ((b"\x01", 4), (b"\x02", 16)):
        return None
    mask = (COOKIE + transaction)[:size]
    shown = int.from_bytes(value[4:], "big") ^ int.from_bytes(mask, "big")
    return _ip(shown.to_bytes(size, "big")), int.from_bytes(value[2:4], "big") ^ 0x2112


def error_code(code: int, reason: str) -> bytes:
    """ERROR-CODE (section 14.8)."""
    return bytes((0, 0, code // 100, code % 100)) + reason.encode()


def types(numbers: list[int]) -> bytes:
    """UNKNOWN-ATTRIBUTES (section 14.9)."""
    return b"".join(struct.pack("!H", number) for number in numbers)


# --- streams ------------------------------------------------------------------------------------


class Framing:
    """Cuts a stream into STUN messages and ChannelData (RFC 8656 section 12.5)."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.broken = False
        """Something else came: nothing can be found in it any more."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What is complete now, ChannelData without its padding."""
        self._data += data
        while len(self._data) >= 4 and not self.broken:
            size = int.from_bytes(self._data[2:4], "big")
            if self._data[0] < 4:
                end = taken = HEADER + size
                if self._data[4:8] != COOKIE[: max(0, len(self._data) - 4)]:
                    self.broken = True
                    return
            elif 0x40 <= self._data[0] < 0x80:
                taken = 4 + size
                end = taken + -size % 4
            else:
                self.broken = True
                return
            if len(self._data) < end:
                return
            message = bytes(self._data[:taken])
            del self._data[:end]
            yield message


def channel_data(number: int, data: bytes, *, padded: bool) -> bytes:
    """ChannelData (RFC 8656 section 12.4); padded on streams."""
    frame = struct.pack("!HH", number, len(data)) + data
    return frame + bytes(-len(frame) % 4) if padded else frame
