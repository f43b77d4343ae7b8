"""What two icetui say to each other over a path: text, its echo, goodbye; signed and numbered.

A frame is one datagram, all numbers big-endian:

    F1 | kind (1 byte) | number (4 bytes) | for text and echo: id (4 bytes) | text: UTF-8 | tag (8)

`number` counts a sender's frames from 1 on. The tag is the first 8 bytes of HMAC-SHA-256 over all
that stands before it, with the key HMAC-SHA-256(sender's ICE password, "icetui data 1 " +
receiver's ICE password): who does not hold both descriptions can make none, and none is good in the
other direction or after an ICE restart. The first byte lies in a range that neither STUN, DTLS,
TURN nor RTP uses (RFC 7983). Nothing here is encrypted.
"""

from __future__ import annotations

import hmac
import struct
from typing import NamedTuple

MAGIC = 0xF1
TEXT, ECHO, BYE = 0x11, 0x12, 0x13
TAG = 8
"""Bytes: 2^64 tries for one forged frame, each a datagram over a valid pair."""
LABEL = b"icetui data 1 "
WINDOW = 64
"""How far a frame may come behind the newest one: what is older counts as replayed."""


class Keys(NamedTuple):
    """Of one generation, by direction."""

    ours: bytes
    theirs: bytes


def keys(our_password: bytes, their_password: bytes) -> Keys:
    """What our frames, and theirs, are signed with."""
    return Keys(
        hmac.digest(our_password, LABEL + their_password, "sha256"),
        hmac.digest(their_password, LABEL + our_password, "sha256"),
    )


class Frame(NamedTuple):
    """A datagram taken apart."""

    kind: int
    number: int
    id: int
    body: bytes


def text(key: bytes, number: int, ident: int, body: bytes) -> bytes:
    """A text, to be echoed by id."""
    return _signed(key, struct.pack("!BBII", MAGIC, TEXT, number, ident) + body)


def echo(key: bytes, number: int, ident: int) -> bytes:
    """Says that text `ident` was received."""
    return _signed(key, struct.pack("!BBII", MAGIC, ECHO, number, ident))


def bye(key: bytes, number: int) -> bytes:
    """Says that we leave on purpose."""
    return _signed(key, struct.pack("!BBI", MAGIC, BYE, number))


def claims(data: bytes) -> bool:
    """Whether a datagram looks like a frame, whoever made it."""
    return len(data) >= 2 and data[0] == MAGIC and data[1] <= BYE


def read(key: bytes, data: bytes) -> Frame | None:
    """Take a frame apart; None when it is none, or not signed with this key. Never raises."""
    signed, tag = data[:-TAG], data[-TAG:]
    if len(signed) < 6 or signed[0] != MAGIC or not hmac.compare_digest(_tag(key, signed), tag):
        return None
    kind = signed[1]
    (number,) = struct.unpack_from("!I", signed, 2)
    if kind == BYE and len(signed) == 6:
        return Frame(BYE, number, 0, b"")
    if kind in (TEXT, ECHO) and len(signed) >= 10:
        (ident,) = struct.unpack_from("!I", signed, 6)
        return Frame(kind, number, ident, signed[10:])
    return None


class Received:
    """The numbers of theirs that have come, as a window (RFC 4303 section 3.4.3)."""

    def __init__(self) -> None:
        self._newest = 0
        self._seen = 0
        """A bit for each of the latest numbers; the lowest is the newest's."""

    def take(self, number: int) -> bool:
        """Whether this one has not come before."""
        ahead = number - self._newest
        if ahead > 0:
            self._seen = ((self._seen << min(ahead, WINDOW)) | 1) & ((1 << WINDOW) - 1)
            self._newest = number
            return True
        bit = 1 << -ahead
        if -ahead >= WINDOW or self._seen & bit:
            return False
        self._seen |= bit
        return True


def _signed(key: bytes, frame: bytes) -> bytes:
    return frame + _tag(key, frame)


def _tag(key: bytes, frame: bytes) -> bytes:
    return hmac.digest(key, frame, "sha256")[:TAG]
