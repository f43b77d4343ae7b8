"""What two icetui say to each other over a path: text, its echo, goodbye.

A frame is one datagram: `F1`, a kind byte, then for text and echo a 32-bit id, then UTF-8 text.
The first byte lies in a range that neither STUN, DTLS, TURN nor RTP uses (RFC 7983). Anything else
is a bare datagram from some other program and is shown as text. Nothing here is encrypted.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

MAGIC = 0xF1
TEXT, ECHO, BYE = 1, 2, 3


class Frame(NamedTuple):
    """A datagram taken apart. `kind` 0: not framed."""

    kind: int
    id: int
    body: bytes


def text(number: int, body: bytes) -> bytes:
    """A text, to be echoed by id."""
    return struct.pack("!BBI", MAGIC, TEXT, number) + body


def echo(number: int) -> bytes:
    """Says that text `number` was received."""
    return struct.pack("!BBI", MAGIC, ECHO, number)


def bye() -> bytes:
    """Says that we leave on purpose."""
    return struct.pack("!BB", MAGIC, BYE)


def read(data: bytes) -> Frame:
    """Take a datagram apart; never raises."""
    if len(data) >= 2 and data[0] == MAGIC:
        if data[1] == BYE and len(data) == 2:
            return Frame(BYE, 0, b"")
        if data[1] in (TEXT, ECHO) and len(data) >= 6:
            (number,) = struct.unpack_from("!I", data, 2)
            return Frame(data[1], number, data[6:])
    return Frame(0, 0, data)
