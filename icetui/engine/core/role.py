"""Who controls (RFC 8445 section 6.1.1), and how a conflict about it is repaired (7.3.1.1).

What belongs here: our role, the tie-breaker, what a check or an answer of theirs makes of it.
"""

from __future__ import annotations

import enum

from icetui.engine import stun


class Claim(enum.Enum):
    """What a check of theirs says of the roles."""

    AGREED = enum.auto()
    WE_STAY = enum.auto()
    """They have to give way: 487."""
    WE_SWITCH = enum.auto()


class Role:
    """Ours in one generation."""

    def __init__(self, tie_breaker: int, stubborn: float) -> None:
        """`stubborn`: seconds for which they may claim our role in spite of 487."""
        self.controlling = True
        self.known = False
        """Whether there was anything to tell it by: their description."""
        self.tie_breaker = tie_breaker
        self._stubborn = stubborn
        self._conflict_since: float | None = None

    @property
    def attribute(self) -> stun.Attribute:
        """Which one our checks carry."""
        ours = self.controlling
        return stun.Attribute.ICE_CONTROLLING if ours else stun.Attribute.ICE_CONTROLLED

    def claimed(self, check: stun.Message) -> Claim:
        """RFC 8445 section 7.3.1.1."""
        if not self.known:
            # Without their description we have no role yet that a check could be in conflict with.
            self.controlling = stun.Attribute.ICE_CONTROLLED in check
            return Claim.AGREED
        theirs = check.number(self.attribute)
        if theirs is None:
            return Claim.AGREED
        we_control = self.tie_breaker >= theirs  # whoever has the greater one controls
        return Claim.WE_STAY if we_control == self.controlling else Claim.WE_SWITCH

    def insists(self, now: float) -> bool:
        """They have claimed our role once more. Some never repair a conflict (pion): better another
        role than no connection. True: take the other one."""
        self._conflict_since = now if self._conflict_since is None else self._conflict_since
        if now - self._conflict_since <= self._stubborn:
            return False
        self._conflict_since = None
        return True

    def agreed(self) -> None:
        """A check with the other role came in: there is no conflict, or no more."""
        self._conflict_since = None

    def switches_after(self, request: stun.Message) -> bool:
        """Whether a 487 to a request of ours makes us switch (section 7.2.5.1): unless we have
        done so since."""
        return self.controlling == (stun.Attribute.ICE_CONTROLLING in request)
