"""A STUN message as it is on the wire (RFC 8489 section 5): parsed once, then asked.

What belongs here: where things are, what counts, and whether signatures over the very bytes that
came are right. Values are decoded when somebody asks for them. Malformed lengths raise; nothing
that stands inside a value ever does.
"""

from __future__ import annotations

import hmac
import struct
import zlib
from typing import Final

import msgspec

from icetui.engine.stun import values
from icetui.engine.stun.registry import (
    ADDRESSES,
    ATTRIBUTE_NAMES,
    INTEGERS,
    METHOD_NAMES,
    SIZES,
    XORED,
    Attribute,
    Class,
)
from icetui.printable import STAND_IN

HEADER: Final = 20
MOST_ATTRIBUTES: Final = 64
"""More than any known message has by far. Each is looked at once, so this bounds all that a
datagram of 64 kB can cost."""
MOST_USERNAME: Final = 513
"""Characters: two user fragments of at most 256 (RFC 8445 section 5.3) and a colon."""
FINGERPRINT_MASK: Final = 0x5354554E

_HEAD: Final = struct.Struct("!HH")
_CLASSES: Final = {int(c): c for c in Class}
# Plain numbers: the loop over attributes compares with them for each one.
_INTEGRITY: Final = int(Attribute.MESSAGE_INTEGRITY)
_INTEGRITY_SHA256: Final = int(Attribute.MESSAGE_INTEGRITY_SHA256)
_FINGERPRINT: Final = int(Attribute.FINGERPRINT)


class MalformedStun(ValueError):
    """The datagram looked like STUN and is not; the message says where it breaks."""


class Message(msgspec.Struct, frozen=True, eq=False):
    """What one datagram says. Made by `parse` and by `Builder`, by nobody else."""

    raw: bytes
    """The whole datagram."""
    method: int
    """A `Method`, or one we do not know."""
    message_class: Class
    attributes: tuple[tuple[int, bytes], ...]
    """All of them in their order, known or not, whether they count or not."""
    counted: dict[int, bytes]
    """Those that count: the first of each type (RFC 8489 section 14), and behind a signature
    nothing that it does not cover (sections 14.5, 14.6)."""
    integrity_at: int
    """Where MESSAGE-INTEGRITY begins; 0: it is not there. The same below."""
    sha256_at: int
    fingerprint_at: int
    misshapen: int | None
    """The first attribute that counts and has not the form it must have."""
    _signed: dict[bytes, bool] = {}
    """Whether MESSAGE-INTEGRITY is right, by key: a flood of messages may be looked at twice."""

    @property
    def transaction_id(self) -> bytes:
        return self.raw[8:HEADER]

    # --- what it says ---------------------------------------------------------------------------
    # None: the attribute is not there, or has not the form it must have.

    def __contains__(self, attribute: int) -> bool:
        return attribute in self.counted

    def value(self, attribute: int) -> bytes | None:
        """An attribute's bytes, without padding."""
        return self.counted.get(attribute)

    def every(self, attribute: int) -> tuple[bytes, ...]:
        """All of a type that may come several times, as XOR-PEER-ADDRESS."""
        found = []
        for number, value in self.attributes:
            if number in (_INTEGRITY, _INTEGRITY_SHA256, _FINGERPRINT):
                break
            if number == attribute:
                found.append(value)
        return tuple(found)

    def text(self, attribute: int, most: int = values.MOST_SHOWN) -> str | None:
        """A text, cleaned, of at most `most` characters."""
        value = self.counted.get(attribute)
        return None if value is None else values.read_text(value, most)

    @property
    def username(self) -> str | None:
        """USERNAME, cleaned; one that had to be is no name that anybody has."""
        value = self.counted.get(Attribute.USERNAME)
        if value is None:
            return None
        text = values.read_text(value, MOST_USERNAME)
        return text if text.encode() == value else text + STAND_IN

    def number(self, attribute: int) -> int | None:
        """A number (`registry.INTEGERS`)."""
        value = self.counted.get(attribute)
        size, width = INTEGERS[attribute]
        if value is None or len(value) != size:
            return None
        return int.from_bytes(value[:width], "big")

    def address(self, attribute: int) -> values.Address | None:
        """An address and port, unmasked where it is masked."""
        value = self.counted.get(attribute)
        if value is None:
            return None
        if attribute in XORED:
            return values.read_xor_address(value, self.transaction_id)
        return values.read_address(value)

    @property
    def error(self) -> values.ErrorCode | None:
        value = self.counted.get(Attribute.ERROR_CODE)
        return None if value is None else values.read_error_code(value)

    @property
    def error_code(self) -> int | None:
        error = self.error
        return None if error is None else error.code

    @property
    def unknown_attributes(self) -> tuple[int, ...]:
        """Which attributes of ours the other side does not know, by its own word."""
        return values.read_types(self.counted.get(Attribute.UNKNOWN_ATTRIBUTES, b""))

    def not_comprehended(self, known: frozenset[int]) -> tuple[int, ...]:
        """Types below 0x8000 that are not among the known ones: a request that has any is answered
        with 420, an answer that has any counts for nothing (RFC 8489 sections 6.3.1, 6.3.3)."""
        return tuple(n for n in self.counted if n < 0x8000 and n not in known)

    # --- whether it can be believed -------------------------------------------------------------

    @property
    def fault(self) -> str | None:
        """Why it is to be dropped, in words, though its lengths add up; None: it is whole.

        A method that nobody knows is dropped, too (RFC 8489 section 6.3).
        """
        if self.misshapen is not None:
            name = ATTRIBUTE_NAMES.get(self.misshapen, f"0x{self.misshapen:04x}")
            size = len(self.counted[self.misshapen])
            return f"{name} of {size} bytes has not the form it must have"
        if not self.fingerprint_fits():
            return "the fingerprint does not match"
        if self.method not in METHOD_NAMES:
            return f"its method, 0x{self.method:03x}, is not known"
        return None

    def fingerprint_fits(self) -> bool:
        """Whether FINGERPRINT is right (section 14.7), or not there."""
        at = self.fingerprint_at
        if not at:
            return True
        wanted = zlib.crc32(self._covered(at, 8)) ^ FINGERPRINT_MASK
        return self.counted[_FINGERPRINT] == wanted.to_bytes(4, "big")

    def signed_with(self, key: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and right (section 14.5)."""
        at = self.integrity_at
        if not at:
            return False
        signed = self._signed.get(key)
        if signed is None:
            wanted = hmac.digest(key, self._covered(at, 24), "sha1")
            signed = self._signed[key] = hmac.compare_digest(wanted, self.counted[_INTEGRITY])
        return signed

    def signed_sha256_with(self, key: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY-SHA256 is there and right (section 14.6)."""
        at = self.sha256_at
        if not at:
            return False
        wanted = hmac.digest(key, self._covered(at, 36), "sha256")
        return hmac.compare_digest(wanted, self.counted[_INTEGRITY_SHA256])

    def _covered(self, at: int, size: int) -> bytes:
        """The bytes before an attribute, with the length that a message ending with it has."""
        return self.raw[:2] + (at + size - HEADER).to_bytes(2, "big") + self.raw[4:at]


def is_stun(data: bytes) -> bool:
    """Whether a datagram is STUN and not data (RFC 7983: first byte 0-3, then the magic cookie)."""
    return len(data) >= HEADER and data[0] < 4 and data[4:8] == values.COOKIE


def parse(data: bytes) -> Message:
    """Parse a datagram for which `is_stun` holds.

    Raises `MalformedStun` when lengths do not add up, or there is no end of attributes.
    """
    kind, length = _HEAD.unpack_from(data)
    end = len(data)
    if end != HEADER + length:
        raise MalformedStun(f"the header says {length} bytes follow, {end - HEADER} do")
    if length & 3:
        raise MalformedStun(f"its length, {length} bytes, is no multiple of 4")
    attributes: list[tuple[int, bytes]] = []
    counted: dict[int, bytes] = {}
    integrity_at = sha256_at = fingerprint_at = 0
    misshapen: int | None = None
    at = HEADER
    while at < end:
        if len(attributes) == MOST_ATTRIBUTES:
            raise MalformedStun(f"it has more than {MOST_ATTRIBUTES} attributes")
        number, size = _HEAD.unpack_from(data, at)
        after = at + 4 + size
        if after > end:
            raise MalformedStun(f"attribute 0x{number:04x} runs past the end of the message")
        value = data[at + 4 : after]
        attributes.append((number, value))
        if fingerprint_at:
            counts = False
        elif sha256_at:
            counts = number == _FINGERPRINT
        elif integrity_at:
            counts = number in (_INTEGRITY_SHA256, _FINGERPRINT)
        else:
            counts = number not in counted
        if counts:
            counted[number] = value
            if misshapen is None and number in SIZES and not _fits(number, value):
                misshapen = number
            if number == _INTEGRITY:
                integrity_at = at
            elif number == _INTEGRITY_SHA256:
                sha256_at = at
            elif number == _FINGERPRINT:
                fingerprint_at = at
        at = after + (-size & 3)
    # The class bits are spread among the method bits (section 5).
    method = (kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2)
    return Message(
        data,
        method,
        _CLASSES[kind & 0x0110],
        tuple(attributes),
        counted,
        integrity_at,
        sha256_at,
        fingerprint_at,
        misshapen,
    )


def _fits(number: int, value: bytes) -> bool:
    if len(value) not in SIZES[number]:
        return False
    return number not in ADDRESSES or values.FAMILIES[len(value) - 4] == value[1]
