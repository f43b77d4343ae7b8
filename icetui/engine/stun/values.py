"""Values of attributes, as bytes and as what they mean (RFC 8489 section 14).

What belongs here: pure functions in pairs, one that writes and one that reads. Readers return None
for what has not the form it must have.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from icetui.printable import printable

COOKIE: Final = b"\x21\x12\xa4\x42"
PORT_MASK: Final = 0x2112
FAMILIES: Final = {4: 1, 16: 2}
"""Address family by the bytes of an address (section 14.1)."""
MOST_SHOWN: Final = 128
"""Characters: RFC 8489 allows SOFTWARE, REALM and reason phrases no more."""
MOST_TYPES: Final = 64
"""Of UNKNOWN-ATTRIBUTES, how many are read."""

Address = tuple[str, int]
_ADDRESS: Final = struct.Struct("!BBH")


class ErrorCode(NamedTuple):
    """ERROR-CODE (section 14.8)."""

    code: int
    """300 to 699; the last two digits are what was sent, be it more than 99."""
    phrase: str
    """For people; cleaned, and never to be looked into."""


@lru_cache(4096)
def _packed(ip: str) -> bytes:
    return ipaddress.ip_address(ip).packed


@lru_cache(4096)
def _ip(packed: bytes) -> str:
    return str(ipaddress.ip_address(packed))


def address(addr: Address) -> bytes:
    """MAPPED-ADDRESS and its like. Raises ValueError when the host is no IP address."""
    ip = _packed(addr[0])
    return _ADDRESS.pack(0, FAMILIES[len(ip)], addr[1]) + ip


def xor_address(addr: Address, transaction_id: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS and its like. Raises ValueError when the host is no IP address."""
    ip = _packed(addr[0])
    return _ADDRESS.pack(0, FAMILIES[len(ip)], addr[1] ^ PORT_MASK) + _masked(ip, transaction_id)


def read_address(value: bytes) -> Address | None:
    """The reverse of `address`."""
    if len(value) not in (8, 20) or FAMILIES[len(value) - 4] != value[1]:
        return None
    return _ip(value[4:]), int.from_bytes(value[2:4], "big")


def read_xor_address(value: bytes, transaction_id: bytes) -> Address | None:
    """The reverse of `xor_address`."""
    if len(value) not in (8, 20) or FAMILIES[len(value) - 4] != value[1]:
        return None
    return _ip(_masked(value[4:], transaction_id)), int.from_bytes(value[2:4], "big") ^ PORT_MASK


def _masked(ip: bytes, transaction_id: bytes) -> bytes:
    """An IPv4 address is masked with the cookie, an IPv6 address also with the transaction id."""
    mask = (COOKIE + transaction_id)[: len(ip)]
    number = int.from_bytes(ip, "big") ^ int.from_bytes(mask, "big")
    return number.to_bytes(len(ip), "big")


def read_text(value: bytes, most: int = MOST_SHOWN) -> str:
    """UTF-8 from outside, made harmless, of at most `most` characters."""
    # A character has at most four bytes: what lies behind is cut off anyway, and costs nothing.
    return printable(value[: 4 * most + 4].decode("utf-8", "replace"), most)


def error_code(code: int, phrase: str) -> bytes:
    """ERROR-CODE; 300 to 699."""
    return bytes((0, 0, code // 100, code % 100)) + phrase.encode()


def read_error_code(value: bytes) -> ErrorCode | None:
    """The reverse; of the hundreds, three bits count. Servers written in C end their phrase with a
    zero."""
    if len(value) < 4:
        return None
    return ErrorCode((value[2] & 7) * 100 + value[3], read_text(value[4:].rstrip(b"\0")))


def types(numbers: Iterable[int]) -> bytes:
    """UNKNOWN-ATTRIBUTES (section 14.9)."""
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def read_types(value: bytes) -> tuple[int, ...]:
    """The reverse: the first `MOST_TYPES` of them."""
    whole = min(len(value) // 2, MOST_TYPES)
    return struct.unpack_from(f"!{whole}H", value)
