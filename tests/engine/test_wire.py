"""STUN for eyes: hand-built messages become words; nothing but malformed lengths raises."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui.engine import wire

TRANSACTION = bytes(range(1, 13))
COOKIE = b"\x21\x12\xa4\x42"


def attribute(number, value=b""):
    return struct.pack("!HH", number, len(value)) + value + bytes(-len(value) % 4)


def message(kind, *attributes):
    body = b"".join(attributes)
    return struct.pack("!HH", kind, len(body)) + COOKIE + TRANSACTION + body


def read_one(number, value):
    """What one attribute says."""
    [read] = wire.read(message(0x0001, attribute(number, value))).attributes
    return read.name, read.value


@pytest.mark.parametrize(
    ("kind", "method", "message_class"),
    [
        (0x0001, "Binding", "request"),
        (0x0011, "Binding", "indication"),
        (0x0101, "Binding", "response"),
        (0x0111, "Binding", "error"),
        (0x0003, "Allocate", "request"),
        (0x0104, "Refresh", "response"),
        (0x0016, "Send", "indication"),
        (0x0017, "Data", "indication"),
        (0x0118, "CreatePermission", "error"),
        (0x0009, "ChannelBind", "request"),
        (0x3EEF, "method 0xfff", "request"),
        (0x3FFF, "method 0xfff", "error"),
    ],
)
def test_method_and_class_are_told_apart(kind, method, message_class):
    read = wire.read(message(kind))
    assert (read.method, read.message_class) == (method, message_class)
    assert read.transaction == TRANSACTION.hex()
    assert (read.attributes, read.error) == ((), None)


@pytest.mark.parametrize(
    ("number", "value", "name", "text"),
    [
        (0x0006, b"9QmZ:a7Kf", "USERNAME", "9QmZ:a7Kf"),
        (0x0024, struct.pack("!I", 1853824767), "PRIORITY", "1853824767"),
        (0x0025, b"", "USE-CANDIDATE", ""),
        (0x8029, bytes(7) + b"\x05", "ICE-CONTROLLED", "0x0000000000000005"),
        (0x802A, bytes(8), "ICE-CONTROLLING", "0x0000000000000000"),
        (0x8028, b"\xde\xad\xbe\xef", "FINGERPRINT", "0xdeadbeef"),
        (0x0008, bytes(20), "MESSAGE-INTEGRITY", "20 bytes"),
        (0x001C, bytes(32), "MESSAGE-INTEGRITY-SHA256", "32 bytes"),
        (0x0001, b"\0\x01\x0f\xa0\xc0\0\x02\x01", "MAPPED-ADDRESS", "192.0.2.1:4000"),
        (0x000D, struct.pack("!I", 600), "LIFETIME", "600 s"),
        (0x000C, b"\x40\0\0\0", "CHANNEL-NUMBER", "0x4000"),
        (0x0019, b"\x11\0\0\0", "REQUESTED-TRANSPORT", "UDP"),
        (0x0017, b"\x02\0\0\0", "REQUESTED-ADDRESS-FAMILY", "IPv6"),
        (0x0009, b"\0\0\x04\x01Unauthenticated", "ERROR-CODE", "401 Unauthenticated"),
        (0x0009, b"\0\0\x04\x57", "ERROR-CODE", "487"),
        (0x000A, b"\0\x25\x80\x29", "UNKNOWN-ATTRIBUTES", "0x0025 0x8029"),
        (0x0003, struct.pack("!I", 6), "CHANGE-REQUEST", "address and port"),
        (0x0003, struct.pack("!I", 0), "CHANGE-REQUEST", "nothing"),
        (0x0013, bytes(64), "DATA", "64 bytes"),
        (0x8022, "Grüße".encode(), "SOFTWARE", "Grüße"),
    ],
)
def test_an_attribute_is_read_as_people_read_it(number, value, name, text):
    assert read_one(number, value) == (name, text)


def test_an_xor_mapped_address_is_unmasked_for_both_families():
    port = (4000 ^ 0x2112).to_bytes(2, "big")
    four = bytes(a ^ b for a, b in zip(b"\xc0\0\x02\x01", COOKIE, strict=True))
    assert read_one(0x0020, b"\0\x01" + port + four)[1] == "192.0.2.1:4000"
    address = bytes.fromhex("20010db8") + bytes(11) + b"\x01"
    six = bytes(a ^ b for a, b in zip(address, COOKIE + TRANSACTION, strict=True))
    assert read_one(0x0012, b"\0\x02" + port + six)[1] == "[2001:db8::1]:4000"


def test_an_unknown_attribute_is_shown_by_number_and_its_first_bytes():
    assert read_one(0x7ABC, bytes(range(20))) == (
        "0x7abc",
        bytes(range(16)).hex() + "…",
    )
    assert read_one(0xFFFF, b"") == ("0xffff", "")


def test_several_attributes_keep_their_order_and_their_padding_is_skipped():
    read = wire.read(
        message(0x0111, attribute(0x0006, b"abc"), attribute(0x0009, b"\0\0\x04\x26Stale"))
    )
    assert [a.name for a in read.attributes] == ["USERNAME", "ERROR-CODE"]
    assert read.error == "438 Stale"


@pytest.mark.parametrize(
    ("number", "value"),
    [(0x0020, b""), (0x0020, b"\0\x03\0\0" + bytes(4)), (0x0001, b"\0\x01\0\0" + bytes(16)),
     (0x0009, b"\0\0"), (0x0019, b""), (0x0012, b"\0\x02" + bytes(6))],
)  # fmt: skip
def test_a_value_of_the_wrong_shape_is_called_malformed_and_the_rest_still_read(number, value):
    read = wire.read(message(0x0001, attribute(number, value), attribute(0x0025)))
    assert read.attributes[0].value.startswith("malformed")
    assert read.attributes[1].name == "USE-CANDIDATE"


def test_foreign_text_loses_its_controls_and_its_length():
    assert read_one(0x8022, b"\x1b[31mred\x07\r\n")[1] == "·[31mred·  "
    assert read_one(0x0006, b"\xff\xfe")[1] == "\ufffd\ufffd"
    shown = read_one(0x0014, b"x" * 700)[1]
    assert len(shown) == 128
    assert shown.endswith("…")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (message(0x0001) + b"x", "the header says 0 bytes follow, 1 do"),
        (struct.pack("!HH", 1, 8) + COOKIE + TRANSACTION, "the header says 8 bytes follow, 0 do"),
        (message(0x0001, b"\0\x06"), "an attribute header is cut off at byte 20"),
        (message(0x0001, b"\0\x06\0\x09abcd"), "attribute 0x0006 runs past the end"),
    ],
)
def test_lengths_that_do_not_add_up_are_named(data, words):
    assert wire.is_stun(data)
    with pytest.raises(wire.MalformedStun, match=words):
        wire.read(data)


def test_data_is_told_from_stun_by_its_first_bytes():
    assert wire.is_stun(message(0x0001))
    assert not wire.is_stun(message(0x0001)[:19])
    assert not wire.is_stun(b"\x80" + message(0x0001)[1:])
    assert not wire.is_stun(bytes(20))
    assert not wire.is_stun(b"")


attributes = st.builds(
    attribute,
    st.integers(0, 0xFFFF) | st.sampled_from(list(wire.ATTRIBUTES)),
    st.binary(max_size=40),
)
messages = st.builds(
    lambda kind, parts: message(kind, *parts),
    st.integers(0, 0x3FFF),
    st.lists(attributes, max_size=6),
)


@settings(max_examples=300, deadline=None)
@given(messages)
def test_any_message_whose_lengths_add_up_is_read(data):
    read = wire.read(data)
    for part in (read.method, *(a.name + a.value for a in read.attributes)):
        assert part.isprintable()


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_nothing_but_malformed_stun_is_raised_for_what_looks_like_stun(data):
    base = bytearray(data.draw(messages))
    if data.draw(st.booleans()):
        base = base[:4] + COOKIE + TRANSACTION + data.draw(st.binary(max_size=60))
        base[2:4] = (len(base) - 20).to_bytes(2, "big")
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(base) - 1))
        if not 4 <= at < 8:
            base[at] = data.draw(st.integers(0, 255))
    base[0] &= 3
    datagram = bytes(base) + data.draw(st.binary(max_size=3))
    assert wire.is_stun(datagram)
    try:
        wire.read(datagram)
    except wire.MalformedStun as problem:
        assert str(problem)
