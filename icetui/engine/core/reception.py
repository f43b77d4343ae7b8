"""Checks of theirs as they come: refused or answered (RFC 8445 section 7.3).

What belongs here: what goes back at once. What an authentic check means for pairs and path is
`generation.py`'s business; that a check repairs a role conflict is told it, and not done here.
"""

from __future__ import annotations

from typing import NamedTuple

from icetui.engine import stun
from icetui.engine.core import incoming_check
from icetui.engine.core.base import Address, Base
from icetui.engine.core.damping import Restraint
from icetui.engine.core.incoming_check import Refusal
from icetui.engine.core.keyring import Keyring
from icetui.engine.core.outbox import KnockedBy, Outbox, SendStun
from icetui.engine.core.pair_table import PairTable
from icetui.engine.core.refusals import Refusals
from icetui.engine.core.role import Claim, Role
from icetui.engine.core.upkeep import Randomness


class Judged(NamedTuple):
    """What comes of a check."""

    taken: bool
    """It is to be answered, and counts."""
    switches: bool = False
    """Our role is to become the other one first (RFC 8445 section 7.3.1.1)."""


class Reception:
    """Of one generation."""

    def __init__(
        self,
        outbox: Outbox,
        random: Randomness,
        refusals: Refusals,
        restraint: Restraint,
        keyring: Keyring,
        pairs: PairTable,
        role: Role,
    ) -> None:
        self._outbox = outbox
        self._random = random
        self._refusals = refusals
        self._restraint = restraint
        self._keyring = keyring
        self._pairs = pairs
        self._role = role

    def judge(self, base: Base, source: Address, message: stun.Message, now: float) -> Judged:
        """Refuse it, or not."""
        keyring = self._keyring
        refusal = incoming_check.refusal(
            message, keyring.ufrag, keyring.their_ufrag, keyring.pwd
        )  # fmt: skip
        if refusal is not None:
            self._refuse(base, source, message, refusal)
            if refusal.code == 401 and (theirs := keyring.knocker(message)) is not None:
                self._outbox.put(KnockedBy(theirs))
            return Judged(taken=False)
        match self._role.claimed(message):
            case Claim.WE_SWITCH if not self._restraint.allows("role", now):
                self._refuse(base, source, message, incoming_check.CONFLICT)
                return Judged(taken=False)
            case Claim.WE_SWITCH:
                return Judged(taken=True, switches=True)
            case Claim.WE_STAY:
                self._refuse(base, source, message, incoming_check.CONFLICT)
                return Judged(taken=False, switches=self._role.insists(now))
        return Judged(taken=True)

    def accept(self, base: Base, source: Address, message: stun.Message, held: float) -> None:
        """Answer it with success; we have had it for `held` seconds."""
        answer = incoming_check.success(message, source, held, self._keyring.pwd)
        self._send(base, source, answer)

    def indicate(self, base: Base, to: Address) -> None:
        """A Binding indication, which keeps the NATs on the way open (RFC 8445 section 11)."""
        indication = stun.Builder(
            stun.Method.BINDING, stun.Class.INDICATION, self._random.randbytes(12)
        )
        self._send(base, to, indication.fingerprint().finish())

    def _refuse(self, base: Base, source: Address, message: stun.Message, why: Refusal) -> None:
        # One of ours that comes back is not answered: its echo would pass for an answer of theirs.
        if message.username != self._keyring.username:
            self._send(base, source, incoming_check.error(message, why, self._keyring.pwd))
        self._refusals.refuse(
            base, source, why.reason, why.detail, why.kind,
            code=why.code, username=why.username, attributes=why.unknown,
        )  # fmt: skip

    def _send(self, base: Base, to: Address, message: stun.Message) -> None:
        pair = self._pairs.get(base, to)
        self._outbox.put(SendStun(base, to, message, pair=pair.id if pair else None))
