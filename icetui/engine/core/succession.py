"""Credentials of the next generation, which two icetui derive from the present ones.

Once consent has expired, the credentials that it was given under must not be used again on that
path; new ones have to be exchanged (RFC 7675 section 5.1). Two people would have to copy and paste
once more because a line was dead for half a minute. Both sides know both passwords, and nobody else
does, so both can make the same new credentials of them:

    key    = HMAC-SHA-256(A ":" B, "icetui next generation")
    ufrag' = first 8 characters of base64(HMAC-SHA-256(key, "ufrag " ufrag))
    pwd'   = first 24 characters of base64(HMAC-SHA-256(key, "pwd " ufrag))

with A and B the two passwords, that of the side whose user fragment is the lesser one first (as
bytes), and base64 that of RFC 4648 section 4, whose characters are all ice-chars. The generation
after that follows from these in the same way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import NamedTuple

LABEL = b"icetui next generation"
UFRAG, PWD = 8, 24
"""Characters: 48 and 144 bits; RFC 8445 section 5.3 asks for 24 and 128."""


class Credentials(NamedTuple):
    """Of one side, in one generation."""

    ufrag: str
    pwd: str


def successors(ours: Credentials, theirs: Credentials) -> tuple[Credentials, Credentials]:
    """Our and their credentials of the generation that follows the one with these."""
    first, second = sorted((ours, theirs), key=lambda side: side.ufrag.encode())
    key = _mac(f"{first.pwd}:{second.pwd}".encode(), LABEL)
    return _next(key, ours.ufrag), _next(key, theirs.ufrag)


def _next(key: bytes, ufrag: str) -> Credentials:
    made = (_text(_mac(key, f"{what} {ufrag}".encode())) for what in ("ufrag", "pwd"))
    new_ufrag, new_pwd = made
    return Credentials(new_ufrag[:UFRAG], new_pwd[:PWD])


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
