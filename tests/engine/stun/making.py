"""Messages put together byte by byte, without the code that is tested."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from icetui.engine.stun.registry import Attribute

TRANSACTION = bytes(range(1, 13))
COOKIE = b"\x21\x12\xa4\x42"


def attribute(number: int, value: bytes = b"") -> bytes:
    return struct.pack("!HH", number, len(value)) + value + bytes(-len(value) % 4)


def message(kind: int, *attributes: bytes) -> bytes:
    body = b"".join(attributes)
    return struct.pack("!HH", kind, len(body)) + COOKIE + TRANSACTION + body


attributes = st.builds(
    attribute,
    st.integers(0, 0xFFFF) | st.sampled_from([int(a) for a in Attribute]),
    st.binary(max_size=40),
)
messages = st.builds(
    lambda kind, parts: message(kind, *parts),
    st.integers(0, 0x3FFF),
    st.lists(attributes, max_size=6),
)
addresses = st.tuples(
    st.ip_addresses().map(str).filter(lambda ip: "%" not in ip), st.integers(0, 65535)
)
