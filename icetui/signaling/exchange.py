"""Rules between two descriptions: credentials, roles, and whether the two belong together.

What belongs here: what can be said from two descriptions and the time handed in.
What must never come in: formats, clocks.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from icetui.signaling.description import Description, OwnDescription, UnreadableDescription

OLD = 30 * 60.0
"""Seconds after which a description is warned about: NAT bindings seldom outlive it (RFC 4787
section 4.3 asks for two minutes) and are kept only while their owner's icetui still runs."""
_CLOCK_SKEW = 5 * 60.0
"""Seconds a description may come from the future before the clocks are said to differ."""


def random_credentials(
    randbytes: Callable[[int], bytes],
) -> tuple[str, str]:
    """Ufrag of 24 random bits and password of 128 (RFC 8445 section 5.3), as ice-chars.

    Both are base64 of whole random bytes, the form a blob packs.
    """
    ufrag = base64.b64encode(randbytes(3))
    pwd = base64.b64encode(randbytes(16))
    return ufrag.decode("ascii"), pwd.decode("ascii").rstrip("=")


def controlling(own_ufrag: str, their_ufrag: str) -> bool:
    """Whether we start in the controlling role: the side with the greater ufrag does.

    With equal ufrags both are controlled, which RFC 8445 section 7.3.1.1 repairs.
    """
    return own_ufrag > their_ufrag


def check(d: Description, own: Description, now: float) -> tuple[str, ...]:
    """Warnings about using `d` opposite `own`; `now` is Unix time, seconds.

    Raises `UnreadableDescription` when they cannot belong together.
    """
    if d.ufrag and d.ufrag == own.ufrag and d.pwd in ("", own.pwd):
        what = {"blob": "blob", "candidates": "candidate"}.get(d.kind, "description")
        raise OwnDescription(
            f"This is your own {what}: paste the one that the other side sent you."
        )
    if d.answers is not None and d.answers != own.ufrag:
        raise UnreadableDescription(
            f"This is an answer to another offer (to {d.answers}, yours is {own.ufrag}): send the "
            "other side your present one and paste what they answer to it."
        )
    if d.sdp_type == "answer" and d.mid and own.mid and d.mid != own.mid:
        raise UnreadableDescription(
            f"This is an answer to another offer (its mid is {d.mid}, yours is {own.mid}): give "
            "the other side your present one and paste what they answer to it."
        )
    warnings = []
    if d.made is not None and now - d.made >= OLD:
        warnings.append(
            f"This was made {spoken_age(now - d.made)} ago: unless their icetui has kept running, "
            "their NAT binding has probably lapsed, so ask for a new one if nothing answers."
        )
    elif d.made is not None and d.made - now > _CLOCK_SKEW:
        warnings.append(
            f"This was made {spoken_age(d.made - now)} in the future: one of the two clocks is "
            "wrong."
        )
    return tuple(warnings)


def spoken_age(seconds: float) -> str:
    """`45 min`, `3 h`, `2 days`: the largest unit that fits, rounded down. A blob says no more than
    the minute in which it was made."""
    if seconds < 120:
        return "a minute or less"
    if seconds < 3600:
        return f"{int(seconds // 60)} min"
    if seconds < 2 * 86400:
        return f"{int(seconds // 3600)} h"
    return f"{int(seconds // 86400)} days"
