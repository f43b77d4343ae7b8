"""Mutated datagrams for the codec.

Whatever comes, parsing ends with a message or with `MalformedStun`, every question to a message has
an answer, all words are printable and short, and nothing is taken for signed that was not.
"""

from __future__ import annotations

import random

from icetui.engine.stun import Attribute, Builder, Class, MalformedStun, Message, Method, parse
from icetui.engine.stun.credentials import challenged
from icetui.engine.stun.message import MOST_ATTRIBUTES
from icetui.engine.stun.readable import error_words, method_name, readable
from icetui.engine.stun.registry import ADDRESSES, INTEGERS
from tests.engine.stun import vectors

KEY = b"the key of this fuzz"
KNOWN = frozenset({6, 8, 9})


def seeds() -> list[bytes]:
    """Messages of every kind, most of them signed."""
    four, six = ("192.0.2.1", 4000), ("2001:db8::1", 4000)
    transaction = bytes(range(12))
    check = Builder(Method.BINDING, Class.REQUEST, transaction).text(Attribute.USERNAME, "a:b")
    check.number(Attribute.PRIORITY, 1).number(Attribute.ICE_CONTROLLING, 2)
    check.add(Attribute.USE_CANDIDATE)
    answer = Builder(Method.BINDING, Class.RESPONSE, transaction).text(Attribute.SOFTWARE, "x y")
    answer.address(Attribute.XOR_MAPPED_ADDRESS, six).address(Attribute.MAPPED_ADDRESS, four)
    refusal = Builder(Method.ALLOCATE, Class.ERROR, transaction).error(401, "Unauthenticated")
    refusal.add(Attribute.NONCE, b"obMatJos2AAADnonce").add(Attribute.REALM, b"example.org")
    refusal.add(Attribute.PASSWORD_ALGORITHMS, b"\0\1\0\0\0\2\0\0").unknown_attributes([1, 2])
    relayed = Builder(Method.DATA, Class.INDICATION, transaction).add(Attribute.DATA, bytes(40))
    relayed.address(Attribute.XOR_PEER_ADDRESS, four)
    many = Builder(Method.CREATE_PERMISSION, Class.REQUEST, transaction)
    for port in range(20):
        many.address(Attribute.XOR_PEER_ADDRESS, ("192.0.2.7", port))
    built = (
        check.sign(KEY).fingerprint(),
        answer.sign(KEY).sign_sha256(KEY).fingerprint(),
        refusal,
        relayed.fingerprint(),
        many.sign_sha256(KEY),
    )
    return [
        *(b.finish().raw for b in built),
        vectors.REQUEST,
        vectors.IPV6_RESPONSE,
        vectors.SHA256_REQUEST,
    ]


def mutated(rng: random.Random, seed: bytes) -> bytes:
    """A seed with bytes changed, taken out, repeated or put in, its header mostly made to fit."""
    data = bytearray(seed)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data))
        how = rng.randrange(6)
        if how == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            data[at] = rng.choice((0, 1, 4, 8, 0x20, 0x7F, 0x80, 0xFF))
        elif how == 2:
            del data[at : at + rng.choice((1, 4, 8))]
        elif how == 3:
            data[at:at] = rng.randbytes(rng.choice((1, 4, 8)))
        elif how == 4:
            data += data[20:4000] * rng.choice((1, 1, 2, 9))
        else:
            at = 20 + 4 * rng.randrange(max(1, (len(data) - 20) // 4))
            data[at : at + 2] = rng.choice(list(Attribute)).to_bytes(2, "big")
        if len(data) < 20:
            data = bytearray(seed)
    if rng.randrange(8):
        del data[20 + (len(data) - 20) // 4 * 4 :]
        data[2:4] = (len(data) - 20).to_bytes(2, "big")
    return bytes(data)


def examine(message: Message, originals: frozenset[bytes]) -> None:
    """Ask it everything; raises AssertionError."""
    assert len(message.attributes) <= MOST_ATTRIBUTES
    for number in message.counted:
        assert message.value(number) is not None
        text = message.text(number)
        assert text is not None and text.isprintable() and len(text) <= 128
        message.every(number)
        if number in INTEGERS:
            message.number(number)
        if number in ADDRESSES:
            message.address(number)
    error = message.error
    assert error is None or (0 <= error.code <= 955 and error.phrase.isprintable())
    assert all(n < 0x8000 for n in message.not_comprehended(KNOWN))
    assert len(message.unknown_attributes) <= 64
    assert message.fault is None or message.fault.isprintable()
    challenged(message, "alice", "secret")
    for word in (method_name(message), error_words(message) or ""):
        assert word.isprintable() and len(word) < 600
    for shown in readable(message):
        assert shown.name.isprintable() and shown.value.isprintable() and len(shown.value) < 600
    # Only what a signature covers can be as it was; padding and what follows may differ.
    for at, size, signed in (
        (message.integrity_at, 24, message.signed_with(KEY)),
        (message.sha256_at, 36, message.signed_sha256_with(KEY)),
    ):
        if signed:
            assert message.raw[4 : at + size] in originals, message.raw.hex()


ORIGINALS = seeds()
COVERED = frozenset(
    o[4 : at + size]
    for o in ORIGINALS
    for m in [parse(o)]
    for at, size in ((m.integrity_at, 24), (m.sha256_at, 36))
    if at
)


def made(rng: random.Random) -> bytes:
    """One datagram."""
    return mutated(rng, rng.choice(ORIGINALS))


def look(data: bytes) -> str:
    """Parse it and ask it everything; what came of it. Raises AssertionError."""
    try:
        message = parse(data)
    except MalformedStun as problem:
        assert str(problem).isprintable()
        return "malformed"
    examine(message, COVERED)
    return "signed" if message.signed_with(KEY) else "a message"
