"""What the passwords of one generation are good for: signed data, signed checks, their successors.

What belongs here: whatever follows from the four credentials and nothing else.
"""

from __future__ import annotations

from icetui.engine import stun
from icetui.engine.core.frames import Keys, keys
from icetui.engine.core.succession import Credentials, successors


class Keyring:
    """Our credentials, and theirs once they are known."""

    def __init__(self, ufrag: str, pwd: str) -> None:
        self.ufrag = ufrag
        self.pwd = pwd.encode()
        self.their_ufrag: str | None = None
        """None: their description is not known."""
        self.their_pwd = b""
        self._keys: Keys | None = None
        self._successors: tuple[Credentials, Credentials] | None = None

    def describe(self, ufrag: str, pwd: str) -> None:
        """Theirs."""
        self.their_ufrag, self.their_pwd = ufrag, pwd.encode()
        self._keys = self._successors = None

    @property
    def username(self) -> str:
        """Of our checks (RFC 8445 section 7.2.2)."""
        return f"{self.their_ufrag}:{self.ufrag}"

    @property
    def keys(self) -> Keys:
        """What data is signed with."""
        if self._keys is None:
            self._keys = keys(self.pwd, self.their_pwd)
        return self._keys

    @property
    def successors(self) -> tuple[Credentials, Credentials] | None:
        """Ours and theirs in the generation after this one, once theirs are known."""
        if self._successors is None and self.their_ufrag is not None:
            ours = Credentials(self.ufrag, self.pwd.decode())
            theirs = Credentials(self.their_ufrag, self.their_pwd.decode())
            self._successors = successors(ours, theirs)
        return self._successors

    def signs_requests(self, message: stun.Message) -> bool:
        """Whether a request is signed with our password."""
        return message.signed_with(self.pwd)

    def signs_answers(self, message: stun.Message) -> bool:
        """Whether an answer is signed with theirs."""
        return message.signed_with(self.their_pwd)

    def knocker(self, message: stun.Message) -> str | None:
        """The user fragment of a check that is keyed with our password, whoever sent it."""
        ours, _, theirs = (message.username or "").partition(":")
        return theirs if ours == self.ufrag and self.signs_requests(message) else None
