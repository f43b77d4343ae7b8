"""TURN's long-term credentials (RFC 8489 section 9.2), checked in coturn's order and words."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from icetui.engine.net import Randomness
from icetui.vnet import stun_messages as stun
from icetui.vnet.servers import TurnOptions


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request is not taken."""

    code: int
    reason: str
    challenge: bool = False
    """Whether the answer tells realm and nonce."""


class Login:
    """What one client has shown so far."""

    __slots__ = ("nonce", "nonce_since", "told", "user")

    def __init__(self, random: Randomness, now: float) -> None:
        self.user: str | None = None
        """The first name it gave, right or wrong: coturn lets no client change it."""
        self.told = False
        """Whether it has been told its nonce."""
        self.renew(random, now)

    def renew(self, random: Randomness, now: float) -> None:
        """A new nonce."""
        self.nonce = b"%016x" % random.getrandbits(64)
        self.nonce_since = now


class Credentials:
    """Who may use a server."""

    def __init__(self, options: TurnOptions) -> None:
        self._options = options
        self._realm = options.realm.encode()
        self._keys: dict[str, bytes] = {
            name: self._key(name, password) for name, password in options.users.items()
        }

    def _key(self, user: str, password: str) -> bytes:
        text = f"{user}:{self._options.realm}:{password}"
        return hashlib.md5(text.encode(), usedforsecurity=False).digest()

    def key(self, user: str, wall: float) -> bytes | None:
        """What a user signs with at a Unix time; None: there is no such user."""
        known = self._keys.get(user)
        if known is not None or not self._options.secret:
            return known
        until = user.partition(":")[0]
        if not until.isdecimal() or int(until) < wall:
            return None
        digest = hmac.digest(self._options.secret.encode(), user.encode(), "sha1")
        return self._key(user, base64.b64encode(digest).decode())

    def check(
        self, login: Login, request: stun.Message, random: Randomness, now: float, wall: float
    ) -> bytes | Refused:
        """The key that the request is signed with, or why it is refused."""
        attributes = request.attributes
        told, login.told = login.told, True
        if request.integrity_at is None:
            return Refused(401, "Unauthorized", challenge=True)
        user_name = attributes.get(stun.USERNAME)
        nonce = attributes.get(stun.NONCE)
        if user_name is None or nonce is None or stun.REALM not in attributes:
            return Refused(400, "Bad Request")
        user = user_name.decode("utf-8", "replace")
        allocates = request.method == stun.ALLOCATE
        if attributes[stun.REALM] != self._realm:
            what = "rong credentials: the realm value is incorrect"
            return (
                Refused(437, f"Allocation mismatch: w{what}")
                if allocates
                else Refused(441, f"W{what}")
            )
        if login.user is not None and login.user != user:
            return (
                Refused(437, "Allocation mismatch: wrong credentials")
                if allocates
                else Refused(441, "Wrong Credentials")
            )
        login.user = user
        if nonce != login.nonce:
            return Refused(438, "Stale nonce" if told else "Wrong nonce", challenge=True)
        lifetime = self._options.nonce_lifetime
        if lifetime and now - login.nonce_since >= lifetime:
            login.renew(random, now)
            return Refused(438, "Stale nonce", challenge=True)
        key = self.key(user, wall)
        if key is None or not request.signed_with(key):
            return Refused(401, "Unauthorized", challenge=True)
        return key
