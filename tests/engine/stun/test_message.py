"""What a message says, what of it counts, and what it may cost."""

from __future__ import annotations

import contextlib
import struct
import time
import zlib

import pytest

from icetui.engine.stun import Attribute, Builder, Class, MalformedStun, Method, is_stun, parse
from icetui.engine.stun.message import MOST_ATTRIBUTES
from tests.engine.stun.making import COOKIE, TRANSACTION, attribute, message

KEY = b"key"


def test_data_is_told_from_stun_by_its_first_bytes() -> None:
    assert is_stun(message(0x0001))
    assert not is_stun(message(0x0001)[:19])
    assert not is_stun(b"\x80" + message(0x0001)[1:])
    assert not is_stun(bytes(20))
    assert not is_stun(b"")


@pytest.mark.parametrize(
    ("kind", "method", "message_class"),
    [
        (0x0001, Method.BINDING, Class.REQUEST),
        (0x0011, Method.BINDING, Class.INDICATION),
        (0x0101, Method.BINDING, Class.RESPONSE),
        (0x0111, Method.BINDING, Class.ERROR),
        (0x0104, Method.REFRESH, Class.RESPONSE),
        (0x0118, Method.CREATE_PERMISSION, Class.ERROR),
        (0x0200, Method.GOOG_PING, Class.REQUEST),
        (0x3EEF, 0xFFF, Class.REQUEST),
        (0x3FFF, 0xFFF, Class.ERROR),
    ],
)
def test_method_and_class_are_told_apart_and_put_together(
    kind: int, method: int, message_class: Class
) -> None:
    read = parse(message(kind))
    assert (read.method, read.message_class) == (method, message_class)
    assert Builder(method, message_class, TRANSACTION).finish().raw == message(kind)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (message(0x0001) + b"x", "the header says 0 bytes follow, 1 do"),
        (struct.pack("!HH", 1, 8) + COOKIE + TRANSACTION, "the header says 8 bytes follow, 0 do"),
        (message(0x0001, b"\0\x06"), "its length, 2 bytes, is no multiple of 4"),
        (message(0x0001, b"\0\x06\0\x09abcd"), "attribute 0x0006 runs past the end"),
        (message(0x0001, b"\0\x06\0\x05abcd"), "attribute 0x0006 runs past the end"),
    ],
)
def test_lengths_that_do_not_add_up_are_named(data: bytes, words: str) -> None:
    assert is_stun(data)
    with pytest.raises(MalformedStun, match=words):
        parse(data)


def test_of_several_of_one_type_the_first_counts() -> None:
    read = parse(message(0x0001, attribute(0x0006, b"one"), attribute(0x0006, b"two")))
    assert read.text(Attribute.USERNAME) == "one"
    assert read.every(Attribute.USERNAME) == (b"one", b"two")
    assert [value for _, value in read.attributes] == [b"one", b"two"]


def test_behind_a_signature_nothing_counts_that_it_does_not_cover() -> None:
    signed = Builder(Method.BINDING, Class.REQUEST, TRANSACTION).text(Attribute.USERNAME, "a:b")
    data = bytearray(signed.sign(KEY).finish().raw)
    for number, value in [(0x0025, b""), (0x0024, bytes(4)), (0x0012, b"\0\x01" + bytes(6))]:
        data += attribute(number, value)
    data[2:4] = (len(data) - 20).to_bytes(2, "big")
    read = parse(bytes(data))
    assert read.signed_with(KEY)
    assert len(read.attributes) == 5, "they are there to be seen"
    assert Attribute.USE_CANDIDATE not in read
    assert read.number(Attribute.PRIORITY) is None
    assert read.every(Attribute.XOR_PEER_ADDRESS) == ()


def test_the_sha256_signature_counts_behind_the_older_one_and_not_the_other_way_round() -> None:
    both = Builder(Method.BINDING, Class.REQUEST, TRANSACTION).sign(KEY).sign_sha256(KEY)
    read = parse(both.finish().raw)
    assert read.signed_with(KEY) and read.signed_sha256_with(KEY)
    newer = Builder(Method.BINDING, Class.REQUEST, TRANSACTION).sign_sha256(KEY).finish().raw
    data = newer[:2] + (len(newer) + 4).to_bytes(2, "big") + newer[4:] + attribute(8, bytes(20))
    assert Attribute.MESSAGE_INTEGRITY not in parse(data)
    assert not parse(data).signed_with(KEY)
    assert parse(data).signed_sha256_with(KEY)


def test_behind_the_fingerprint_nothing_counts() -> None:
    whole = Builder(Method.BINDING, Class.REQUEST, TRANSACTION).fingerprint().finish().raw
    data = whole[:2] + (12).to_bytes(2, "big") + whole[4:] + attribute(0x0025)
    read = parse(data)
    assert read.fault is None, "it covers what is before it, with the length it had"
    assert Attribute.USE_CANDIDATE not in read


def test_a_message_without_a_signature_is_signed_with_no_key() -> None:
    read = parse(message(0x0101))
    assert not read.signed_with(b"") and not read.signed_sha256_with(b"")


def test_a_cut_signature_is_none() -> None:
    whole = Builder(Method.BINDING, Class.REQUEST, TRANSACTION).sign_sha256(KEY).finish()
    value = whole.value(Attribute.MESSAGE_INTEGRITY_SHA256)
    assert value is not None
    cut = parse(message(0x0001, attribute(0x001C, value[:16])))
    assert not cut.signed_sha256_with(KEY)
    assert cut.misshapen == Attribute.MESSAGE_INTEGRITY_SHA256


def test_a_wrong_fingerprint_is_a_fault() -> None:
    right = Builder(Method.BINDING, Class.INDICATION, TRANSACTION).fingerprint().finish().raw
    assert right[-4:] == (zlib.crc32(right[:20]) ^ 0x5354554E).to_bytes(4, "big")
    assert parse(right).fault is None
    wrong = parse(right[:-1] + bytes([right[-1] ^ 1]))
    assert not wrong.fingerprint_fits()
    assert wrong.fault == "the fingerprint does not match"


@pytest.mark.parametrize(
    ("number", "value", "words"),
    [
        (0x0024, b"ab", "PRIORITY of 2 bytes"),
        (0x0020, b"\0\x03" + bytes(6), "XOR-MAPPED-ADDRESS of 8 bytes"),
        (0x0020, b"\0\x01" + bytes(18), "XOR-MAPPED-ADDRESS of 20 bytes"),
        (0x0001, b"", "MAPPED-ADDRESS of 0 bytes"),
        (0x0009, b"\0\0\x04", "ERROR-CODE of 3 bytes"),
        (0x0008, bytes(19), "MESSAGE-INTEGRITY of 19 bytes"),
        (0x8028, bytes(8), "FINGERPRINT of 8 bytes"),
        (0x802A, bytes(4), "ICE-CONTROLLING of 4 bytes"),
    ],
)
def test_a_value_of_the_wrong_form_is_a_fault_and_never_read(
    number: int, value: bytes, words: str
) -> None:
    read = parse(message(0x0001, attribute(0x0006, b"a:b"), attribute(number, value)))
    assert read.fault is not None and read.fault.startswith(words)
    assert read.text(Attribute.USERNAME) == "a:b"
    if number in (0x0024, 0x802A):
        assert read.number(number) is None
    if number in (0x0020, 0x0001):
        assert read.address(number) is None
    assert read.error_code is None


def test_a_method_that_nobody_knows_is_a_fault() -> None:
    assert parse(message(0x3EEF)).fault == "its method, 0xfff, is not known"
    assert all(
        parse(Builder(m, Class.REQUEST, TRANSACTION).finish().raw).fault is None for m in Method
    )


def test_what_is_absent_is_none() -> None:
    read = parse(message(0x0101))
    assert read.text(Attribute.SOFTWARE) is None
    assert read.number(Attribute.LIFETIME) is None
    assert read.address(Attribute.XOR_MAPPED_ADDRESS) is None
    assert read.error is None and read.error_code is None
    assert read.value(Attribute.NONCE) is None
    assert read.unknown_attributes == () == read.every(Attribute.XOR_PEER_ADDRESS)


def test_an_error_is_a_code_and_a_cleaned_phrase() -> None:
    read = parse(message(0x0111, attribute(0x0009, b"\0\0\x04\x26Stale\x1b[2J\xe2\x80\xaenonce")))
    assert read.error == (438, "Stale·[2J·nonce")
    assert read.error_code == 438
    # Of the third byte only the class's three bits count (RFC 8489 section 14.8).
    assert parse(message(0x0111, attribute(0x0009, b"\0\0\xfc\x01"))).error_code == 401


def test_text_is_cleaned_on_access_and_bounded() -> None:
    said = "a\x00b\u202ec\u200bd".encode() + b"\xff" + b"x" * 70000
    read = parse(message(0x0001, attribute(0x8022, said[:65000])))
    text = read.text(Attribute.SOFTWARE)
    assert text is not None and text.startswith("a·b·c·d\ufffdxx") and len(text) == 128
    assert text.endswith("…") and text.isprintable()
    assert len(read.text(Attribute.SOFTWARE, 400) or "") == 400


def test_a_name_that_had_to_be_cleaned_is_not_the_one_it_looks_like() -> None:
    def said(name: str) -> str | None:
        return parse(message(0x0001, attribute(0x0006, name.encode()))).username

    assert said("a7Kf:9QmZ") == "a7Kf:9QmZ"
    assert said("x" * 256 + ":" + "y" * 256) == "x" * 256 + ":" + "y" * 256
    for odd in ("a7Kf:9QmZ\ufe00", "a7Kf:9QmZ\n", "\u202ea7Kf:9QmZ", "x" * 513 + "y"):
        shown = said(odd)
        assert shown is not None and shown.isprintable() and shown.endswith("·")


def test_which_attributes_are_not_comprehended_is_told_by_number_and_only_of_those_required() -> (
    None
):
    known = frozenset({0x0006, 0x0008, 0x0024})
    parts = [attribute(n) for n in (0x0006, 0x7FFF, 0x0025, 0x8000, 0xFFFF, 0x0025)]
    read = parse(message(0x0001, *parts))
    assert read.not_comprehended(known) == (0x7FFF, 0x0025)
    answer = Builder(Method.BINDING, Class.ERROR, read.transaction_id).error(420, "Unknown")
    told = answer.unknown_attributes(read.not_comprehended(known)).finish()
    assert parse(told.raw).unknown_attributes == (0x7FFF, 0x0025)


def test_a_message_has_a_bounded_number_of_attributes() -> None:
    most = message(0x0001, *[attribute(0x9000 + n) for n in range(MOST_ATTRIBUTES)])
    assert len(parse(most).attributes) == MOST_ATTRIBUTES
    with pytest.raises(MalformedStun, match="more than 64 attributes"):
        parse(message(0x0001, *[attribute(0x9000 + n) for n in range(MOST_ATTRIBUTES + 1)]))


def test_a_message_of_three_thousand_attributes_is_refused_cheaply() -> None:
    """Measured against one that is allowed, as machines differ; all of it would be 47 times it."""
    most = message(0x0001, *[attribute(0x9000) for _ in range(MOST_ATTRIBUTES)])
    flood = message(0x0001, *[attribute(0x9000) for _ in range(3000)])

    def cheapest(data: bytes) -> float:
        took = []
        for _ in range(30):
            began = time.perf_counter()
            with contextlib.suppress(MalformedStun):
                parse(data)
            took.append(time.perf_counter() - began)
        return min(took)

    assert cheapest(flood) < 3 * cheapest(most)


def test_the_largest_datagram_costs_no_more_than_its_bytes() -> None:
    data = Builder(Method.DATA, Class.INDICATION, TRANSACTION).add(Attribute.DATA, bytes(65000))
    read = parse(data.sign(KEY).fingerprint().finish().raw)
    assert read.signed_with(KEY) and read.fingerprint_fits()
    assert read.value(Attribute.DATA) == bytes(65000)


def test_a_message_cannot_be_changed() -> None:
    read = parse(message(0x0001))
    with pytest.raises(AttributeError):
        read.method = 3  # type: ignore[misc]  # it is frozen
