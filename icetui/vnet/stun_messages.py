"""STUN messages as servers take and make them: the codec's, with short names and plain values.

What belongs here: a server's view of a message, and framing on streams. The format itself, values
and signatures are `icetui.engine.stun`'s; what a message means is the servers' business.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from icetui.engine import stun as codec
from icetui.engine.stun import Attribute, Class, Method
from icetui.engine.stun.message import HEADER
from icetui.engine.stun.values import (
    COOKIE,
    address,
    error_code,
    read_xor_address,
    types,
    xor_address,
)

__all__ = ["COOKIE", "address", "error_code", "read_xor_address", "types", "xor_address"]

REQUEST, INDICATION = Class.REQUEST, Class.INDICATION
RESPONSE, ERROR = Class.RESPONSE, Class.ERROR
BINDING, ALLOCATE, REFRESH = Method.BINDING, Method.ALLOCATE, Method.REFRESH
SEND, DATA_METHOD = Method.SEND, Method.DATA
CREATE_PERMISSION, CHANNEL_BIND = Method.CREATE_PERMISSION, Method.CHANNEL_BIND

MAPPED_ADDRESS = Attribute.MAPPED_ADDRESS
CHANGE_REQUEST = Attribute.CHANGE_REQUEST
USERNAME = Attribute.USERNAME
MESSAGE_INTEGRITY = Attribute.MESSAGE_INTEGRITY
ERROR_CODE = Attribute.ERROR_CODE
UNKNOWN_ATTRIBUTES = Attribute.UNKNOWN_ATTRIBUTES
CHANNEL_NUMBER = Attribute.CHANNEL_NUMBER
LIFETIME = Attribute.LIFETIME
XOR_PEER_ADDRESS = Attribute.XOR_PEER_ADDRESS
DATA = Attribute.DATA
REALM = Attribute.REALM
NONCE = Attribute.NONCE
XOR_RELAYED_ADDRESS = Attribute.XOR_RELAYED_ADDRESS
REQUESTED_ADDRESS_FAMILY = Attribute.REQUESTED_ADDRESS_FAMILY
EVEN_PORT = Attribute.EVEN_PORT
REQUESTED_TRANSPORT = Attribute.REQUESTED_TRANSPORT
DONT_FRAGMENT = Attribute.DONT_FRAGMENT
XOR_MAPPED_ADDRESS = Attribute.XOR_MAPPED_ADDRESS
RESERVATION_TOKEN = Attribute.RESERVATION_TOKEN
PRIORITY = Attribute.PRIORITY
USE_CANDIDATE = Attribute.USE_CANDIDATE
PADDING = Attribute.PADDING
RESPONSE_PORT = Attribute.RESPONSE_PORT
ADDITIONAL_ADDRESS_FAMILY = Attribute.ADDITIONAL_ADDRESS_FAMILY
ADDRESS_ERROR_CODE = Attribute.ADDRESS_ERROR_CODE
ICMP = Attribute.ICMP
SOFTWARE = Attribute.SOFTWARE
ALTERNATE_SERVER = Attribute.ALTERNATE_SERVER
FINGERPRINT = Attribute.FINGERPRINT
RESPONSE_ORIGIN = Attribute.RESPONSE_ORIGIN
OTHER_ADDRESS = Attribute.OTHER_ADDRESS

Attributes = list[tuple[int, bytes]]


class Message:
    """A message that was heard."""

    __slots__ = ("_heard", "attributes", "integrity_at", "kind", "method", "peers", "transaction")

    def __init__(self, heard: codec.Message) -> None:
        self._heard = heard
        self.method = heard.method
        self.kind = heard.message_class
        """REQUEST, INDICATION, RESPONSE or ERROR."""
        self.transaction = heard.transaction_id
        self.attributes = heard.counted
        """The first of each type (RFC 8489 section 14), those under the signature."""
        self.peers = heard.every(XOR_PEER_ADDRESS)
        """All XOR-PEER-ADDRESS."""
        self.integrity_at = heard.integrity_at or None
        """Where MESSAGE-INTEGRITY begins."""

    @property
    def raw(self) -> bytes:
        return self._heard.raw

    def signed_with(self, key: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and right (section 14.5)."""
        return self._heard.signed_with(key)

    def unknown(self, known: frozenset[int]) -> list[int]:
        """Types of comprehension-required attributes that are not among those."""
        return list(self._heard.not_comprehended(known))

    def number(self, attribute: int) -> int | None:
        """An attribute of 32 bits; None: absent or of another size."""
        value = self.attributes.get(attribute)
        return int.from_bytes(value, "big") if value is not None and len(value) == 4 else None


def parse(data: bytes) -> Message | None:
    """What was heard; None: no STUN message, or one whose lengths do not add up."""
    if not codec.is_stun(data):
        return None
    try:
        heard = codec.parse(data)
    except codec.MalformedStun:
        return None
    return None if heard.misshapen == MESSAGE_INTEGRITY else Message(heard)


def build(
    method: int,
    kind: int,
    transaction: bytes,
    attributes: Sequence[tuple[int, bytes]],
    *,
    key: bytes | None = None,
    fingerprint: bool = False,
) -> bytes:
    """A message; with `key`, signed."""
    message = codec.Builder(method, Class(kind), transaction)
    for number, value in attributes:
        message.add(number, value)
    if key is not None:
        message.sign(key)
    if fingerprint:
        message.fingerprint()
    return message.finish().raw


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
