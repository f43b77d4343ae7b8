"""The codec agrees with the sample messages of the RFCs: read, verified, and written again."""

from __future__ import annotations

import pytest

from icetui.engine.stun import Attribute, Builder, Class, Method, parse
from icetui.engine.stun.credentials import (
    PasswordAlgorithm,
    SecurityFeature,
    long_term_key,
    security_features,
    userhash,
)
from tests.engine.stun import vectors

KEY = vectors.PASSWORD.encode()


def test_the_sample_request_says_what_the_rfc_says() -> None:
    message = parse(vectors.REQUEST)
    assert (message.method, message.message_class) == (Method.BINDING, Class.REQUEST)
    assert message.transaction_id == vectors.SHORT_TERM_ID
    assert message.text(Attribute.SOFTWARE) == "STUN test client"
    assert message.text(Attribute.USERNAME) == "evtj:h6vY"
    assert message.number(Attribute.PRIORITY) == 0x6E0001FF
    assert message.number(Attribute.ICE_CONTROLLED) == 0x932FF9B151263B36
    assert message.fault is None


@pytest.mark.parametrize(
    ("data", "mapped"),
    [
        (vectors.IPV4_RESPONSE, ("192.0.2.1", 32853)),
        (vectors.IPV6_RESPONSE, ("2001:db8:1234:5678:11:2233:4455:6677", 32853)),
    ],
)
def test_the_sample_responses_say_what_the_rfc_says(data: bytes, mapped: tuple[str, int]) -> None:
    message = parse(data)
    assert (message.method, message.message_class) == (Method.BINDING, Class.RESPONSE)
    assert message.text(Attribute.SOFTWARE) == "test vector"
    assert message.address(Attribute.XOR_MAPPED_ADDRESS) == mapped
    assert message.fault is None


@pytest.mark.parametrize("data", [vectors.REQUEST, vectors.IPV4_RESPONSE, vectors.IPV6_RESPONSE])
def test_short_term_signatures_hold_and_any_changed_bit_breaks_them(data: bytes) -> None:
    assert parse(data).signed_with(KEY)
    assert not parse(data).signed_with(KEY[:-1])
    covered = len(data) - 8  # all but the fingerprint
    for at in range(covered):
        if at in (2, 3) or 4 <= at < 8:
            continue  # the length and the cookie decide whether it is a message at all
        broken = bytearray(data)
        broken[at] ^= 0x10
        try:
            message = parse(bytes(broken))
        except ValueError:
            continue
        assert not message.signed_with(KEY), at


def test_the_long_term_request_is_signed_with_the_md5_key() -> None:
    message = parse(vectors.LONG_TERM_REQUEST)
    key = long_term_key(vectors.USERNAME, vectors.REALM, vectors.LONG_TERM_PASSWORD)
    assert message.signed_with(key)
    assert message.text(Attribute.USERNAME) == vectors.USERNAME
    assert message.value(Attribute.REALM) == vectors.REALM
    written = (
        Builder(Method.BINDING, Class.REQUEST, vectors.LONG_TERM_ID)
        .text(Attribute.USERNAME, vectors.USERNAME)
        .add(Attribute.NONCE, b"f//499k954d6OL34oL9FSTvy64sA")
        .add(Attribute.REALM, vectors.REALM)
        .sign(key)
        .finish()
    )
    assert written.raw == vectors.LONG_TERM_REQUEST


def test_the_sha256_request_is_read_verified_and_written_again() -> None:
    message = parse(vectors.SHA256_REQUEST)
    key = long_term_key(
        vectors.USERNAME, vectors.REALM, vectors.LONG_TERM_PASSWORD, PasswordAlgorithm.SHA256
    )
    assert message.signed_sha256_with(key)
    assert not message.signed_sha256_with(key[1:])
    assert not message.signed_with(key)
    hashed = userhash(vectors.USERNAME, vectors.REALM)
    assert message.value(Attribute.USERHASH) == hashed
    nonce = message.value(Attribute.NONCE)
    assert nonce == b"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"
    assert security_features(nonce) == SecurityFeature.USERNAME_ANONYMITY
    written = (
        Builder(Method.BINDING, Class.REQUEST, vectors.LONG_TERM_ID)
        .add(Attribute.USERHASH, hashed)
        .add(Attribute.NONCE, nonce)
        .add(Attribute.REALM, vectors.REALM)
        .add(Attribute.PASSWORD_ALGORITHM, b"\0\x02\0\0")
        .sign_sha256(key)
        .finish()
    )
    assert written.raw == vectors.SHA256_REQUEST


def test_the_sample_response_is_written_again_but_for_its_padding() -> None:
    """RFC 5769 pads with blanks, RFC 8489 wants zeros: the signatures differ, nothing else does."""
    written = (
        Builder(Method.BINDING, Class.RESPONSE, vectors.SHORT_TERM_ID)
        .text(Attribute.SOFTWARE, "test vector")
        .address(Attribute.XOR_MAPPED_ADDRESS, ("192.0.2.1", 32853))
        .sign(KEY)
        .fingerprint()
        .finish()
    )
    ours, theirs = written.raw, vectors.IPV4_RESPONSE
    assert len(ours) == len(theirs)
    assert ours[:35] + ours[36:52] == theirs[:35] + theirs[36:52]
    assert (ours[35], theirs[35]) == (0, 0x20)
    assert written.signed_with(KEY) and parse(ours).signed_with(KEY)
    assert parse(ours).fingerprint_fits()
