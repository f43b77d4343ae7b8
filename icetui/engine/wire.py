"""A STUN message as people read it: every attribute, unknown ones too (RFC 8489 section 14).

What belongs here: bytes in, words out. It decides nothing, checks no signature and never raises
for bad input but `MalformedStun`: what the engine acts on is parsed by aioice, this is for eyes.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable
from typing import Literal, NamedTuple

from icetui.events import StunAttribute, address_port
from icetui.printable import printable

MAGIC_COOKIE = 0x2112A442
HEADER = 20

METHODS = {
    0x001: "Binding",
    0x003: "Allocate",
    0x004: "Refresh",
    0x006: "Send",
    0x007: "Data",
    0x008: "CreatePermission",
    0x009: "ChannelBind",
    0x00A: "Connect",
    0x00B: "ConnectionBind",
    0x00C: "ConnectionAttempt",
}
MessageClass = Literal["request", "indication", "response", "error"]
CLASSES: dict[int, MessageClass] = {
    0x000: "request",
    0x010: "indication",
    0x100: "response",
    0x110: "error",
}


class MalformedStun(ValueError):
    """The datagram looked like STUN and is not; the message says where it breaks."""


class ReadableStun(NamedTuple):
    """What a STUN datagram says."""

    method: str
    message_class: MessageClass
    transaction: str
    attributes: tuple[StunAttribute, ...]
    error: str | None


def is_stun(data: bytes) -> bool:
    """Whether a datagram is STUN and not data (RFC 7983: first byte 0–3, then the magic cookie)."""
    return len(data) >= HEADER and data[0] < 4 and data[4:8] == b"\x21\x12\xa4\x42"


def read(data: bytes) -> ReadableStun:
    """Decode a datagram for which `is_stun` holds.

    Raises `MalformedStun` when lengths do not add up.
    """
    kind, length = struct.unpack_from("!HH", data)
    if len(data) != HEADER + length:
        raise MalformedStun(f"the header says {length} bytes follow, {len(data) - HEADER} do")
    transaction = data[8:HEADER]
    attributes: list[StunAttribute] = []
    error: str | None = None
    at = HEADER
    while at < len(data):
        if at + 4 > len(data):
            raise MalformedStun(f"an attribute header is cut off at byte {at}")
        number, size = struct.unpack_from("!HH", data, at)
        value = data[at + 4 : at + 4 + size]
        if len(value) < size:
            raise MalformedStun(f"attribute 0x{number:04x} runs past the end of the message")
        name, describe = ATTRIBUTES.get(number, (f"0x{number:04x}", _hex))
        try:
            text = describe(value, transaction)
        except (ValueError, struct.error, IndexError):
            text = f"malformed {_hex(value, transaction)}"
        attributes.append(StunAttribute(name=name, value=text))
        if number == 0x0009:
            error = text
        at += 4 + size + (-size % 4)
    # RFC 8489 section 5: the class bits are spread among the method bits.
    method = (kind & 0x000F) | ((kind & 0x00E0) >> 1) | ((kind & 0x3E00) >> 2)
    return ReadableStun(
        METHODS.get(method, f"method 0x{method:03x}"),
        CLASSES[kind & 0x0110],
        transaction.hex(),
        tuple(attributes),
        error,
    )


def _hex(value: bytes, _: bytes) -> str:
    return value[:16].hex() + ("…" if len(value) > 16 else "")


def _text(value: bytes, _: bytes) -> str:
    return printable(value[:512].decode("utf-8", "replace"), 128)


def _nothing(_value: bytes, _: bytes) -> str:
    return ""


def _number(value: bytes, _: bytes) -> str:
    return str(int.from_bytes(value, "big"))


def _seconds(value: bytes, _: bytes) -> str:
    return f"{int.from_bytes(value, 'big')} s"


def _hex_number(value: bytes, _: bytes) -> str:
    return "0x" + value.hex()


def _channel(value: bytes, _: bytes) -> str:
    return "0x" + value[:2].hex()


def _length(value: bytes, _: bytes) -> str:
    return f"{len(value)} bytes"


def _error(value: bytes, transaction: bytes) -> str:
    return f"{(value[2] & 7) * 100 + value[3]} {_text(value[4:], transaction)}".rstrip()


def _transport(value: bytes, _: bytes) -> str:
    return {17: "UDP", 6: "TCP"}.get(value[0], str(value[0]))


def _family(value: bytes, _: bytes) -> str:
    return {1: "IPv4", 2: "IPv6"}.get(value[0], str(value[0]))


def _unknown(value: bytes, _: bytes) -> str:
    return " ".join(f"0x{n:04x}" for (n,) in struct.iter_unpack("!H", value[: len(value) // 2 * 2]))


def _change(value: bytes, _: bytes) -> str:
    flags = int.from_bytes(value, "big")
    wanted = [word for bit, word in ((4, "address"), (2, "port")) if flags & bit]
    return " and ".join(wanted) or "nothing"


def _address(value: bytes, _: bytes) -> str:
    return _read_address(value, bytes(20))


def _xor_address(value: bytes, transaction: bytes) -> str:
    cookie = MAGIC_COOKIE.to_bytes(4, "big")
    return _read_address(value, cookie[:2] + bytes(2) + cookie + transaction)


def _read_address(value: bytes, mask: bytes) -> str:
    """RFC 8489 sections 14.1, 14.2; `mask` has two bytes for the port, the address's from 4 on."""
    size = {1: 4, 2: 16}[value[1]] if value[1] in (1, 2) else 0
    if len(value) != 4 + size or not size:
        raise ValueError("bad address")
    port = int.from_bytes(value[2:4], "big") ^ int.from_bytes(mask[:2], "big")
    raw = bytes(a ^ b for a, b in zip(value[4:], mask[4:], strict=False))
    return address_port(str(ipaddress.ip_address(raw)), port)


ATTRIBUTES: dict[int, tuple[str, Callable[[bytes, bytes], str]]] = {
    0x0001: ("MAPPED-ADDRESS", _address),
    0x0003: ("CHANGE-REQUEST", _change),
    0x0006: ("USERNAME", _text),
    0x0008: ("MESSAGE-INTEGRITY", _length),
    0x0009: ("ERROR-CODE", _error),
    0x000A: ("UNKNOWN-ATTRIBUTES", _unknown),
    0x000C: ("CHANNEL-NUMBER", _channel),
    0x000D: ("LIFETIME", _seconds),
    0x0012: ("XOR-PEER-ADDRESS", _xor_address),
    0x0013: ("DATA", _length),
    0x0014: ("REALM", _text),
    0x0015: ("NONCE", _length),
    0x0016: ("XOR-RELAYED-ADDRESS", _xor_address),
    0x0017: ("REQUESTED-ADDRESS-FAMILY", _family),
    0x0018: ("EVEN-PORT", _hex),
    0x0019: ("REQUESTED-TRANSPORT", _transport),
    0x001A: ("DONT-FRAGMENT", _nothing),
    0x001C: ("MESSAGE-INTEGRITY-SHA256", _length),
    0x001D: ("PASSWORD-ALGORITHM", _hex),
    0x001E: ("USERHASH", _length),
    0x0020: ("XOR-MAPPED-ADDRESS", _xor_address),
    0x0022: ("RESERVATION-TOKEN", _hex),
    0x0024: ("PRIORITY", _number),
    0x0025: ("USE-CANDIDATE", _nothing),
    0x0026: ("PADDING", _length),
    0x0027: ("RESPONSE-PORT", _number),
    0x002A: ("CONNECTION-ID", _hex),
    0x8000: ("ADDITIONAL-ADDRESS-FAMILY", _family),
    0x8001: ("ADDRESS-ERROR-CODE", _error),
    0x8002: ("PASSWORD-ALGORITHMS", _hex),
    0x8003: ("ALTERNATE-DOMAIN", _text),
    0x8004: ("ICMP", _hex),
    0x8022: ("SOFTWARE", _text),
    0x8023: ("ALTERNATE-SERVER", _address),
    0x8025: ("TRANSACTION-TRANSMIT-COUNTER", _hex),
    0x8027: ("CACHE-TIMEOUT", _seconds),
    0x8028: ("FINGERPRINT", _hex_number),
    0x8029: ("ICE-CONTROLLED", _hex_number),
    0x802A: ("ICE-CONTROLLING", _hex_number),
    0x802B: ("RESPONSE-ORIGIN", _address),
    0x802C: ("OTHER-ADDRESS", _address),
    0x802D: ("ECN-CHECK", _hex),
    0xC001: ("GOOG-NETWORK-INFO (unofficial)", _hex),
    0xC057: ("GOOG-NETWORK-COST (unofficial)", _hex),
}
