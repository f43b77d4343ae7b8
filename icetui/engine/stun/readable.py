"""A STUN message as people read it: every attribute, unknown ones too.

What belongs here: a parsed message in, words out. It decides nothing, and nothing acts on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from icetui.engine.stun import values
from icetui.engine.stun.message import Message
from icetui.engine.stun.registry import (
    ADDRESSES,
    ATTRIBUTE_NAMES,
    CLASS_NAMES,
    INTEGERS,
    METHOD_NAMES,
    XORED,
    Attribute,
    ClassName,
)
from icetui.events import StunAttribute, address_port

MOST_HEX: Final = 16
"""Bytes of a value that has no better form."""
MOST_GLIMPSED: Final = 12
TRANSPORTS: Final = {17: "UDP", 6: "TCP"}
FAMILIES: Final = {1: "IPv4", 2: "IPv6"}


def method_name(message: Message) -> str:
    return METHOD_NAMES.get(message.method, f"method 0x{message.method:03x}")


def class_name(message: Message) -> ClassName:
    return CLASS_NAMES[message.message_class]


def error_words(message: Message) -> str | None:
    """`401 Unauthenticated`; None: no ERROR-CODE."""
    value = message.value(Attribute.ERROR_CODE)
    return None if value is None else _described(Attribute.ERROR_CODE, value, message)


def readable(message: Message, most: int | None = None) -> tuple[StunAttribute, ...]:
    """All attributes in their order, or the first of them, those too that do not count."""
    return tuple(
        StunAttribute(
            name=ATTRIBUTE_NAMES.get(number) or f"0x{number:04x}",
            value=_described(number, value, message),
        )
        for number, value in message.attributes[:most]
    )


def glimpse(message: Message) -> tuple[StunAttribute, ...]:
    """The first attributes, cut short: of a message that anybody may have sent."""
    shown = readable(message, MOST_GLIMPSED)
    return tuple(
        StunAttribute(name=a.name, value=a.value if len(a.value) <= 64 else a.value[:63] + "…")
        for a in shown
    )


def _described(number: int, value: bytes, message: Message) -> str:
    if number in ADDRESSES:
        text = _address(number, value, message.transaction_id)
    elif number in INTEGERS:
        text = _number(number, value)
    else:
        text = _WORDS.get(number, _hex)(value)
    return f"malformed {_hex(value)}" if text is None else text


def _address(number: int, value: bytes, transaction_id: bytes) -> str | None:
    if number in XORED:
        addr = values.read_xor_address(value, transaction_id)
    else:
        addr = values.read_address(value)
    return None if addr is None else address_port(*addr)


def _number(attribute: int, value: bytes) -> str | None:
    size, width = INTEGERS[attribute]
    if len(value) != size:
        return None
    number = int.from_bytes(value[:width], "big")
    return _NUMBERS.get(attribute, str)(number)


def _hex(value: bytes) -> str:
    return value[:MOST_HEX].hex() + ("…" if len(value) > MOST_HEX else "")


def _length(value: bytes) -> str:
    return f"{len(value)} bytes"


def _nothing(_: bytes) -> str:
    return ""


def _error(value: bytes) -> str | None:
    error = values.read_error_code(value)
    return None if error is None else f"{error.code} {error.phrase}".rstrip()


def _unknown(value: bytes) -> str:
    more = " …" if len(value) > 2 * values.MOST_TYPES else ""
    return " ".join(f"0x{number:04x}" for number in values.read_types(value)) + more


def _change(flags: int) -> str:
    wanted = [word for bit, word in ((4, "address"), (2, "port")) if flags & bit]
    return " and ".join(wanted) or "nothing"


def _seconds(number: int) -> str:
    return f"{number} s"


_NUMBERS: Final[dict[int, Callable[[int], str]]] = {
    Attribute.CHANGE_REQUEST: _change,
    Attribute.CHANNEL_NUMBER: lambda number: f"0x{number:04x}",
    Attribute.LIFETIME: _seconds,
    Attribute.CACHE_TIMEOUT: _seconds,
    Attribute.REQUESTED_TRANSPORT: lambda number: TRANSPORTS.get(number, str(number)),
    Attribute.REQUESTED_ADDRESS_FAMILY: lambda number: FAMILIES.get(number, str(number)),
    Attribute.ADDITIONAL_ADDRESS_FAMILY: lambda number: FAMILIES.get(number, str(number)),
    Attribute.FINGERPRINT: lambda number: f"0x{number:08x}",
    Attribute.ICE_CONTROLLED: lambda number: f"0x{number:016x}",
    Attribute.ICE_CONTROLLING: lambda number: f"0x{number:016x}",
}
_WORDS: Final[dict[int, Callable[[bytes], str | None]]] = {
    Attribute.USERNAME: values.read_text,
    Attribute.REALM: values.read_text,
    Attribute.ALTERNATE_DOMAIN: values.read_text,
    Attribute.SOFTWARE: values.read_text,
    Attribute.MS_ALTERNATE_HOST_NAME: values.read_text,
    Attribute.THIRD_PARTY_AUTHORIZATION: values.read_text,
    Attribute.ERROR_CODE: _error,
    Attribute.ADDRESS_ERROR_CODE: _error,
    Attribute.UNKNOWN_ATTRIBUTES: _unknown,
    Attribute.MESSAGE_INTEGRITY: _length,
    Attribute.MESSAGE_INTEGRITY_SHA256: _length,
    Attribute.USERHASH: _length,
    Attribute.NONCE: _length,
    Attribute.DATA: _length,
    Attribute.PADDING: _length,
    Attribute.PASSWORD: _length,
    Attribute.ACCESS_TOKEN: _length,
    Attribute.MOBILITY_TICKET: _length,
    Attribute.DONT_FRAGMENT: _nothing,
    Attribute.USE_CANDIDATE: _nothing,
}
