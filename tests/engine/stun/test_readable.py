"""STUN for eyes: messages become words, printable and of bounded length, whatever is in them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings

from icetui.engine.stun import parse
from icetui.engine.stun.readable import class_name, error_words, method_name, readable
from icetui.engine.stun.registry import ATTRIBUTE_NAMES, Attribute
from tests.engine.stun.making import COOKIE, TRANSACTION, attribute, message, messages


def read_one(number: int, value: bytes) -> tuple[str, str]:
    """What one attribute says."""
    [read] = readable(parse(message(0x0001, attribute(number, value))))
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
def test_method_and_class_have_names(kind: int, method: str, message_class: str) -> None:
    read = parse(message(kind))
    assert (method_name(read), class_name(read)) == (method, message_class)
    assert (readable(read), error_words(read)) == ((), None)


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
def test_an_attribute_is_read_as_people_read_it(
    number: int, value: bytes, name: str, text: str
) -> None:
    assert read_one(number, value) == (name, text)


def test_an_xor_mapped_address_is_unmasked_for_both_families() -> None:
    port = (4000 ^ 0x2112).to_bytes(2, "big")
    four = bytes(a ^ b for a, b in zip(b"\xc0\0\x02\x01", COOKIE, strict=True))
    assert read_one(0x0020, b"\0\x01" + port + four)[1] == "192.0.2.1:4000"
    address = bytes.fromhex("20010db8") + bytes(11) + b"\x01"
    six = bytes(a ^ b for a, b in zip(address, COOKIE + TRANSACTION, strict=True))
    assert read_one(0x0012, b"\0\x02" + port + six)[1] == "[2001:db8::1]:4000"


def test_an_unknown_attribute_is_shown_by_number_and_its_first_bytes() -> None:
    assert read_one(0x7ABC, bytes(range(20))) == (
        "0x7abc",
        bytes(range(16)).hex() + "…",
    )
    assert read_one(0xFFFF, b"") == ("0xffff", "")


def test_several_attributes_keep_their_order_and_their_padding_is_skipped() -> None:
    read = parse(
        message(0x0111, attribute(0x0006, b"abc"), attribute(0x0009, b"\0\0\x04\x26Stale"))
    )
    assert [a.name for a in readable(read)] == ["USERNAME", "ERROR-CODE"]
    assert error_words(read) == "438 Stale"


@pytest.mark.parametrize(
    ("number", "value"),
    [(0x0020, b""), (0x0020, b"\0\x03\0\0" + bytes(4)), (0x0001, b"\0\x01\0\0" + bytes(16)),
     (0x0009, b"\0\0"), (0x0019, b""), (0x0024, b"ab"), (0x000D, bytes(5)),
     (0x0012, b"\0\x02" + bytes(6))],
)  # fmt: skip
def test_a_value_of_the_wrong_shape_is_called_malformed_and_the_rest_still_read(
    number: int, value: bytes
) -> None:
    first, second = readable(parse(message(0x0001, attribute(number, value), attribute(0x0025))))
    assert first.value.startswith("malformed")
    assert second.name == "USE-CANDIDATE"


def test_foreign_text_loses_its_controls_and_its_length() -> None:
    assert read_one(0x8022, b"\x1b[31mred\x07\r\n")[1] == "·[31mred·  "
    assert read_one(0x0006, b"\xff\xfe")[1] == "\ufffd\ufffd"
    shown = read_one(0x0014, b"x" * 700)[1]
    assert len(shown) == 128
    assert shown.endswith("…")


def test_a_long_list_of_unknown_attributes_is_cut() -> None:
    text = read_one(0x000A, b"\x00\x25" * 30000)[1]
    assert text.startswith("0x0025 0x0025") and text.endswith(" …")
    assert len(text) < 500


def test_every_attribute_that_has_a_number_has_a_name_of_its_own() -> None:
    assert len(set(ATTRIBUTE_NAMES.values())) == len(Attribute)
    assert read_one(0x8030, b"ticket") == ("MOBILITY-TICKET", "6 bytes")
    assert read_one(0x802E, b"kid") == ("THIRD-PARTY-AUTHORIZATION", "kid")
    assert read_one(0xC057, b"\0\1\0\x0a") == ("GOOG-NETWORK-INFO", "0001000a")
    assert read_one(0x8054, b"1234") == ("MS-CANDIDATE-IDENTIFIER", "31323334")


@settings(max_examples=300, deadline=None)
@given(messages)
def test_any_message_whose_lengths_add_up_is_read(data: bytes) -> None:
    read = parse(data)
    words = readable(read)
    assert len(words) == len(read.attributes)
    for part in (method_name(read), *(a.name + a.value for a in words)):
        assert part.isprintable() and len(part) < 600
