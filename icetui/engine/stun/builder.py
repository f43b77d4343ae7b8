"""Writes STUN messages: each byte once, each signature once (RFC 8489 sections 5 and 14)."""

from __future__ import annotations

import hmac
import struct
import zlib
from collections.abc import Iterable
from typing import Final

from icetui.engine.stun import values
from icetui.engine.stun.message import FINGERPRINT_MASK, HEADER, MOST_ATTRIBUTES, Message
from icetui.engine.stun.registry import INTEGERS, XORED, Attribute, Class

_HEAD: Final = struct.Struct("!HH")
_HEADER: Final = struct.Struct("!HH4s12s")
_PADDING: Final = (b"", b"\0\0\0", b"\0\0", b"\0")
"""By the rest of a length divided by four."""


class Builder:
    """One message from its header to its fingerprint, in the order of the calls.

    `Builder(method, message_class, transaction_id).add(…).sign(key).fingerprint().finish()`
    """

    __slots__ = ("_attributes", "_class", "_counted", "_data", "_method", "_signed", "_transaction")

    def __init__(self, method: int, message_class: Class, transaction_id: bytes) -> None:
        if len(transaction_id) != 12:
            raise ValueError("a transaction id has 12 bytes")
        self._method = method
        self._class = message_class
        self._transaction = transaction_id
        first = (method & 0x000F) | (method & 0x0070) << 1 | (method & 0x0F80) << 2 | message_class
        self._data = bytearray(_HEADER.pack(first, 0, values.COOKIE, transaction_id))
        self._attributes: list[tuple[int, bytes]] = []
        self._counted: dict[int, bytes] = {}
        self._signed: dict[int, int] = {}
        """Where MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT begin."""

    # --- attributes -----------------------------------------------------------------------------

    def add(self, attribute: int, value: bytes = b"") -> Builder:
        """An attribute by its bytes; flags have none. Raises ValueError behind a signature."""
        if self._signed:
            raise ValueError("nothing may follow a signature")
        self._write(attribute, value)
        return self

    def text(self, attribute: int, text: str) -> Builder:
        return self.add(attribute, text.encode())

    def number(self, attribute: int, number: int) -> Builder:
        """A number (`registry.INTEGERS`). Raises OverflowError when it does not go in."""
        size, width = INTEGERS[attribute]
        return self.add(attribute, number.to_bytes(width, "big") + bytes(size - width))

    def address(self, attribute: int, addr: values.Address) -> Builder:
        """An address and port, masked where it must be. Raises ValueError for a name."""
        if attribute in XORED:
            return self.add(attribute, values.xor_address(addr, self._transaction))
        return self.add(attribute, values.address(addr))

    def error(self, code: int, phrase: str) -> Builder:
        return self.add(Attribute.ERROR_CODE, values.error_code(code, phrase))

    def unknown_attributes(self, numbers: Iterable[int]) -> Builder:
        return self.add(Attribute.UNKNOWN_ATTRIBUTES, values.types(numbers))

    # --- the end --------------------------------------------------------------------------------

    def sign(self, key: bytes) -> Builder:
        """MESSAGE-INTEGRITY over all there is so far (section 14.5)."""
        self._follow(Attribute.MESSAGE_INTEGRITY, ())
        self._say_length(24)
        self._write(Attribute.MESSAGE_INTEGRITY, hmac.digest(key, self._data, "sha1"))
        return self

    def sign_sha256(self, key: bytes) -> Builder:
        """MESSAGE-INTEGRITY-SHA256, by itself or behind MESSAGE-INTEGRITY (section 14.6)."""
        self._follow(Attribute.MESSAGE_INTEGRITY_SHA256, (Attribute.MESSAGE_INTEGRITY,))
        self._say_length(36)
        self._write(Attribute.MESSAGE_INTEGRITY_SHA256, hmac.digest(key, self._data, "sha256"))
        return self

    def fingerprint(self) -> Builder:
        """FINGERPRINT, the last of all (section 14.7)."""
        signatures = (Attribute.MESSAGE_INTEGRITY, Attribute.MESSAGE_INTEGRITY_SHA256)
        self._follow(Attribute.FINGERPRINT, signatures)
        self._say_length(8)
        crc = zlib.crc32(self._data) ^ FINGERPRINT_MASK
        self._write(Attribute.FINGERPRINT, crc.to_bytes(4, "big"))
        return self

    def finish(self) -> Message:
        """The message, as whoever receives it will parse it."""
        self._say_length(0)
        return Message(
            bytes(self._data),
            self._method,
            self._class,
            tuple(self._attributes),
            self._counted,
            self._signed.get(Attribute.MESSAGE_INTEGRITY, 0),
            self._signed.get(Attribute.MESSAGE_INTEGRITY_SHA256, 0),
            self._signed.get(Attribute.FINGERPRINT, 0),
            None,
        )

    def _follow(self, attribute: int, before: tuple[int, ...]) -> None:
        if any(signed not in before for signed in self._signed):
            raise ValueError("this may not follow what is there")
        self._signed[attribute] = len(self._data)

    def _say_length(self, more: int) -> None:
        """The length that the message has with `more` bytes: signatures cover it."""
        self._data[2:4] = (len(self._data) + more - HEADER).to_bytes(2, "big")

    def _write(self, attribute: int, value: bytes) -> None:
        if len(self._attributes) == MOST_ATTRIBUTES:
            raise ValueError(f"more than {MOST_ATTRIBUTES} attributes")
        self._data += _HEAD.pack(attribute, len(value))
        self._data += value
        self._data += _PADDING[len(value) & 3]
        self._attributes.append((attribute, value))
        self._counted.setdefault(attribute, value)
