"""Long-term credentials (RFC 8489 section 9.2): keys, what a server asks for, what it is given.

What belongs here: the client's side, as values. `challenged` reads a 401 or 438; what it returns
signs requests and knows their answers.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import struct
import unicodedata
from dataclasses import dataclass
from typing import Final

from icetui.engine.stun.builder import Builder
from icetui.engine.stun.message import Message
from icetui.engine.stun.registry import Attribute

MOST_QUOTED: Final = 763
"""Bytes of a NONCE or a REALM (sections 14.9 and 14.10)."""
NONCE_COOKIE: Final = b"obMatJos2"
"""How a nonce begins that says what the server can do; 24 bits in Base64 follow (section 9.2)."""


class SecurityFeature(enum.IntFlag):
    """STUN Security Features (section 18.1); the first bit is the last of the 24."""

    PASSWORD_ALGORITHMS = 1
    USERNAME_ANONYMITY = 2


class PasswordAlgorithm(enum.IntEnum):
    """How the key is made of the password (section 18.5)."""

    MD5 = 1
    SHA256 = 2


def opaque(text: str) -> str:
    """A user name or password in the form that is hashed (OpaqueString, RFC 8265 section 4.2)."""
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    return unicodedata.normalize("NFC", spaced)


def long_term_key(
    username: str, realm: bytes, password: str, algorithm: int = PasswordAlgorithm.MD5
) -> bytes:
    """What messages are signed with (sections 18.5.1.1, 18.5.1.2). `realm` is as it was sent."""
    text = b":".join((opaque(username).encode(), realm, opaque(password).encode()))
    if algorithm == PasswordAlgorithm.SHA256:
        return hashlib.sha256(text).digest()
    return hashlib.md5(text, usedforsecurity=False).digest()


def userhash(username: str, realm: bytes) -> bytes:
    """USERHASH, said instead of USERNAME (section 14.4)."""
    return hashlib.sha256(opaque(username).encode() + b":" + realm).digest()


def security_features(nonce: bytes) -> SecurityFeature:
    """What a nonce says the server can do; nothing, where it has no cookie."""
    if not nonce.startswith(NONCE_COOKIE) or len(nonce) < len(NONCE_COOKIE) + 4:
        return SecurityFeature(0)
    try:
        bits = base64.b64decode(nonce[9:13], validate=True)
    except binascii.Error:
        return SecurityFeature(0)
    return SecurityFeature(int.from_bytes(bits, "big") & 3)


def read_algorithms(value: bytes) -> list[tuple[int, bytes]] | None:
    """PASSWORD-ALGORITHMS (section 14.11): numbers and parameters; None: malformed."""
    found = []
    at = 0
    while at < len(value):
        if at + 4 > len(value):
            return None
        number, size = struct.unpack_from("!HH", value, at)
        if at + 4 + size > len(value):
            return None
        found.append((number, value[at + 4 : at + 4 + size]))
        at += 4 + size + -size % 4
    return found


@dataclass(frozen=True, slots=True)
class LongTermCredentials:
    """What requests to one server are signed with from now on."""

    username: str
    realm: bytes
    nonce: bytes
    key: bytes
    algorithm: int | None = None
    """Said in PASSWORD-ALGORITHM; None: the server has offered no choice, and SHA-1 signs."""
    algorithms: bytes = b""
    """PASSWORD-ALGORITHMS as the server sent it: it wants to see it unchanged."""
    anonymous: bool = False
    """The user name is told as USERHASH."""

    def sign(self, request: Builder) -> Builder:
        """Add who asks, and the signature (section 9.2.3.2)."""
        if self.anonymous:
            request.add(Attribute.USERHASH, userhash(self.username, self.realm))
        else:
            request.text(Attribute.USERNAME, self.username)
        request.add(Attribute.NONCE, self.nonce).add(Attribute.REALM, self.realm)
        if self.algorithm is None:
            return request.sign(self.key)
        request.add(Attribute.PASSWORD_ALGORITHMS, self.algorithms)
        request.add(Attribute.PASSWORD_ALGORITHM, struct.pack("!HH", self.algorithm, 0))
        return request.sign_sha256(self.key)

    def signed(self, answer: Message) -> bool:
        """Whether an answer is signed as the request was (section 9.2.5)."""
        if self.algorithm is None:
            return answer.signed_with(self.key)
        return answer.signed_sha256_with(self.key)


def challenged(
    answer: Message, username: str, password: str, realm: bytes = b""
) -> LongTermCredentials | None:
    """What a 401 or 438 asks for (section 9.2.5); None: nothing that can be given.

    `realm` is the one known before, which a 438 may leave out.
    """
    nonce = answer.value(Attribute.NONCE)
    told = answer.value(Attribute.REALM)
    if nonce is None:
        return None
    realm = realm if told is None else told
    if max(len(nonce), len(realm)) > MOST_QUOTED:
        return None  # it would have to be sent back with every request
    features = security_features(nonce)
    anonymous = SecurityFeature.USERNAME_ANONYMITY in features
    if SecurityFeature.PASSWORD_ALGORITHMS not in features:
        key = long_term_key(username, realm, password)
        return LongTermCredentials(username, realm, nonce, key, anonymous=anonymous)
    offered = answer.value(Attribute.PASSWORD_ALGORITHMS)
    algorithms = None if offered is None else read_algorithms(offered)
    # Somebody on the way may have taken the better algorithms out: such a server gets no answer.
    if offered is None or not algorithms:
        return None
    known = [number for number, parameters in algorithms if number in (1, 2) and not parameters]
    if not known:
        return None
    # The first that we know: the server has put them in the order it prefers.
    key = long_term_key(username, realm, password, known[0])
    return LongTermCredentials(username, realm, nonce, key, known[0], offered, anonymous)
