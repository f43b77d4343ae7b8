"""What is written is what is read, for every form of value; nothing may follow a signature."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icetui.engine.stun import Attribute, Builder, Class, Method, parse
from icetui.engine.stun.registry import ADDRESSES, INTEGERS
from tests.engine.stun.making import TRANSACTION, addresses

keys = st.binary(max_size=70)
texts = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="\ufffd"), max_size=60
)
fields = st.one_of(
    st.tuples(st.just("address"), st.sampled_from(sorted(ADDRESSES)), addresses),
    *(
        st.tuples(st.just("number"), st.just(number), st.integers(0, 256**width - 1))
        for number, (_, width) in INTEGERS.items()
        if number != Attribute.FINGERPRINT
    ),
    st.tuples(
        st.just("text"),
        st.sampled_from([Attribute.USERNAME, Attribute.SOFTWARE, Attribute.REALM]),
        texts,
    ),
    st.tuples(st.just("value"), st.integers(0x9000, 0x9FFF), st.binary(max_size=50)),
)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 0xFFF) | st.sampled_from(list(Method)),
    st.sampled_from(list(Class)),
    st.binary(min_size=12, max_size=12),
    st.lists(fields, max_size=8, unique_by=lambda f: f[1]),
    keys,
    st.sampled_from(["", "1", "2", "12", "f", "1f", "2f", "12f"]),
)
def test_what_is_written_is_what_is_read(
    method: int,
    message_class: Class,
    transaction_id: bytes,
    said: list[tuple[str, int, Any]],
    key: bytes,
    end: str,
) -> None:
    builder = Builder(method, message_class, transaction_id)
    for form, number, value in said:
        getattr(builder, "add" if form == "value" else form)(number, value)
    for step in end:
        if step == "f":
            builder.fingerprint()
        else:
            (builder.sign if step == "1" else builder.sign_sha256)(key)
    written = builder.finish()
    read = parse(written.raw)
    assert read.transaction_id == transaction_id
    assert (read.method, read.message_class) == (method, message_class)
    assert read.misshapen is None and read.fingerprint_fits()
    for form, number, value in said:
        assert getattr(read, form)(number) == value
    assert read.signed_with(key) == ("1" in end)
    assert read.signed_sha256_with(key) == ("2" in end)
    assert (Attribute.FINGERPRINT in read) == ("f" in end)
    # What the builder says of its message is what a parser finds in it.
    for name in ("attributes", "counted", "integrity_at", "sha256_at", "fingerprint_at"):
        assert getattr(written, name) == getattr(read, name), name


@settings(max_examples=100, deadline=None)
@given(addresses, st.binary(min_size=12, max_size=12))
def test_an_address_is_masked_as_both_families_want_it(
    addr: tuple[str, int], transaction_id: bytes
) -> None:
    written = (
        Builder(Method.BINDING, Class.RESPONSE, transaction_id)
        .address(Attribute.XOR_MAPPED_ADDRESS, addr)
        .address(Attribute.MAPPED_ADDRESS, addr)
        .finish()
    )
    hidden, plain = (value for _, value in written.attributes)
    mask = b"\x21\x12" + b"\x21\x12\xa4\x42" + transaction_id
    assert hidden[:2] == plain[:2] == (b"\0\x02" if ":" in addr[0] else b"\0\x01")
    assert bytes(a ^ b for a, b in zip(hidden[2:], mask, strict=False)) == plain[2:]


def test_a_message_is_padded_with_zeros_to_four_bytes() -> None:
    builder = Builder(Method.BINDING, Class.REQUEST, TRANSACTION)
    for size in range(5):
        builder.add(0x9000 + size, b"x" * size)
    data = builder.finish().raw
    assert data[20:] == bytes.fromhex(
        "90000000 90010001 78000000 90020002 78780000 90030003 78787800 90040004 78787878"
    )


def test_of_several_of_one_type_the_first_counts_for_the_builder_as_for_the_parser() -> None:
    builder = Builder(Method.CREATE_PERMISSION, Class.REQUEST, TRANSACTION)
    peers = [("192.0.2.1", 1), ("2001:db8::2", 2)]
    for peer in peers:
        builder.address(Attribute.XOR_PEER_ADDRESS, peer)
    written = builder.finish()
    for message in (written, parse(written.raw)):
        assert message.address(Attribute.XOR_PEER_ADDRESS) == peers[0]
        assert len(message.every(Attribute.XOR_PEER_ADDRESS)) == 2


def test_nothing_may_follow_a_signature_but_the_next_one_in_order() -> None:
    def fresh() -> Builder:
        return Builder(Method.BINDING, Class.REQUEST, TRANSACTION)

    for done in (fresh().sign(b""), fresh().sign_sha256(b""), fresh().fingerprint()):
        with pytest.raises(ValueError, match="follow"):
            done.add(Attribute.USE_CANDIDATE)
        with pytest.raises(ValueError, match="follow"):
            done.sign(b"")
    with pytest.raises(ValueError, match="follow"):
        fresh().fingerprint().fingerprint()
    with pytest.raises(ValueError, match="follow"):
        fresh().fingerprint().sign_sha256(b"")


def test_what_does_not_go_in_is_refused() -> None:
    builder = Builder(Method.BINDING, Class.REQUEST, TRANSACTION)
    with pytest.raises(OverflowError):
        builder.number(Attribute.PRIORITY, 1 << 32)
    with pytest.raises(ValueError, match=r"example\.org"):
        builder.address(Attribute.XOR_MAPPED_ADDRESS, ("example.org", 1))
    with pytest.raises(ValueError, match="12 bytes"):
        Builder(Method.BINDING, Class.REQUEST, b"short")
    for _ in range(64):
        builder.add(0x9000)
    with pytest.raises(ValueError, match="more than 64"):
        builder.add(0x9000)


def test_a_message_is_signed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import hmac

    signed = []
    digest = hmac.digest

    def counting(key: bytes, data: bytes, name: str) -> bytes:
        signed.append(bytes(data))
        return digest(key, data, name)

    monkeypatch.setattr(hmac, "digest", counting)
    Builder(Method.BINDING, Class.RESPONSE, TRANSACTION).sign(b"key").fingerprint().finish()
    assert len(signed) == 1
    assert signed[0] == bytes.fromhex("01010018 2112a442") + TRANSACTION
