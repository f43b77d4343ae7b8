"""Long-term credentials: what a challenge asks for, and what is given to no one."""

from __future__ import annotations

import hashlib

import pytest

from icetui.engine.stun import Attribute, Builder, Class, Message, Method, parse
from icetui.engine.stun.credentials import (
    LongTermCredentials,
    PasswordAlgorithm,
    SecurityFeature,
    challenged,
    long_term_key,
    opaque,
    read_algorithms,
    security_features,
    userhash,
)
from tests.engine.stun.making import TRANSACTION

MD5_AND_SHA256 = b"\0\x01\0\0\0\x02\0\0"
SHA256_FIRST = b"\0\x02\0\0\0\x01\0\0"
REALM = b"example.org"


def challenge(
    nonce: bytes, algorithms: bytes | None = None, realm: bytes | None = REALM
) -> Message:
    answer = Builder(Method.ALLOCATE, Class.ERROR, TRANSACTION).error(401, "Unauthenticated")
    answer.add(Attribute.NONCE, nonce)
    if realm is not None:
        answer.add(Attribute.REALM, realm)
    if algorithms is not None:
        answer.add(Attribute.PASSWORD_ALGORITHMS, algorithms)
    return parse(answer.finish().raw)


def signed(credentials: LongTermCredentials) -> Message:
    request = Builder(Method.ALLOCATE, Class.REQUEST, TRANSACTION)
    return parse(credentials.sign(request).finish().raw)


def given(answer: Message, realm: bytes = b"") -> LongTermCredentials:
    found = challenged(answer, "alice", "secret", realm)
    assert found is not None
    return found


def test_a_server_without_the_nonce_cookie_gets_sha1_and_the_name() -> None:
    credentials = given(challenge(b"0123456789abcdef"))
    request = signed(credentials)
    assert request.signed_with(hashlib.md5(b"alice:example.org:secret").digest())
    assert request.text(Attribute.USERNAME) == "alice"
    assert request.value(Attribute.NONCE) == b"0123456789abcdef"
    assert request.value(Attribute.REALM) == REALM
    for absent in (
        Attribute.USERHASH,
        Attribute.PASSWORD_ALGORITHM,
        Attribute.PASSWORD_ALGORITHMS,
        Attribute.MESSAGE_INTEGRITY_SHA256,
    ):
        assert absent not in request


@pytest.mark.parametrize(
    ("offered", "algorithm"),
    [(MD5_AND_SHA256, PasswordAlgorithm.MD5), (SHA256_FIRST, PasswordAlgorithm.SHA256),
     (b"\0\x09\0\x02ab\0\0" + SHA256_FIRST, PasswordAlgorithm.SHA256)],
)  # fmt: skip
def test_of_the_algorithms_offered_the_first_known_one_is_used_and_all_are_echoed(
    offered: bytes, algorithm: PasswordAlgorithm
) -> None:
    credentials = given(challenge(b"obMatJos2AAABnonce", offered))
    request = signed(credentials)
    assert request.value(Attribute.PASSWORD_ALGORITHMS) == offered
    assert request.value(Attribute.PASSWORD_ALGORITHM) == bytes((0, algorithm, 0, 0))
    assert request.signed_sha256_with(long_term_key("alice", REALM, "secret", algorithm))
    assert Attribute.MESSAGE_INTEGRITY not in request
    assert request.text(Attribute.USERNAME) == "alice"


def test_a_server_that_wants_it_is_told_no_name() -> None:
    request = signed(given(challenge(b"obMatJos2AAADnonce", SHA256_FIRST)))
    assert Attribute.USERNAME not in request
    assert request.value(Attribute.USERHASH) == hashlib.sha256(b"alice:example.org").digest()
    alone = signed(given(challenge(b"obMatJos2AAACnonce")))
    assert Attribute.USERNAME not in alone
    assert alone.signed_with(long_term_key("alice", REALM, "secret"))


@pytest.mark.parametrize("offered", [None, b"", b"\0\x02", b"\0\x07\0\0", b"\0\x02\0\x08abcd"])
def test_a_challenge_whose_algorithms_were_taken_out_gets_nothing(offered: bytes | None) -> None:
    """A bid-down attack (RFC 8489 section 9.2.5): the cookie says there are some."""
    assert challenged(challenge(b"obMatJos2AAABnonce", offered), "alice", "secret") is None


def test_without_a_nonce_there_is_nothing_to_answer() -> None:
    answer = Builder(Method.ALLOCATE, Class.ERROR, TRANSACTION).error(401, "").finish()
    assert challenged(answer, "alice", "secret") is None


def test_a_stale_nonce_may_leave_the_realm_out() -> None:
    assert given(challenge(b"next", realm=None), REALM).realm == REALM
    assert given(challenge(b"next", realm=b"other"), REALM).realm == b"other"


def test_an_answer_must_be_signed_as_the_request_was() -> None:
    old = given(challenge(b"nonce"))
    new = given(challenge(b"obMatJos2AAABnonce", SHA256_FIRST))
    answer = Builder(Method.ALLOCATE, Class.RESPONSE, TRANSACTION)
    by_sha1 = parse(answer.sign(new.key).finish().raw)
    assert not new.signed(by_sha1), "the older signature does not do any more"
    assert not old.signed(by_sha1)
    assert old.signed(Builder(Method.REFRESH, Class.RESPONSE, TRANSACTION).sign(old.key).finish())
    by_sha256 = Builder(Method.REFRESH, Class.RESPONSE, TRANSACTION).sign_sha256(new.key).finish()
    assert new.signed(by_sha256) and not old.signed(by_sha256)


@pytest.mark.parametrize(
    ("nonce", "features"),
    [
        (b"obMatJos2AAAA", 0),
        (b"obMatJos2AAABrest", 1),
        (b"obMatJos2AAADrest", 3),
        (b"obMatJos2wAAC", 2),
        (b"obMatJos2AAA", 0),
        (b"obMatJos2AA=!rest", 0),
        (b"OBMATJOS2AAAB", 0),
        (b"", 0),
    ],
)
def test_a_nonce_says_what_the_server_can_do(nonce: bytes, features: int) -> None:
    assert security_features(nonce) == SecurityFeature(features)


def test_names_and_passwords_are_hashed_in_one_form() -> None:
    assert opaque("cafe\u0301") == "caf\u00e9"
    assert opaque("a\u00a0b\u3000c") == "a b c"
    assert opaque("Alice:Bob") == "Alice:Bob"
    assert long_term_key("cafe\u0301", REALM, "x") == long_term_key("caf\u00e9", REALM, "x")
    assert userhash("cafe\u0301", REALM) == userhash("caf\u00e9", REALM)


def test_algorithms_are_read_with_their_parameters_or_not_at_all() -> None:
    assert read_algorithms(b"\0\x05\0\x03abc\0\0\x02\0\0") == [(5, b"abc"), (2, b"")]
    assert read_algorithms(b"\0\x05\0\x03ab") is None
    assert read_algorithms(b"\0") is None
