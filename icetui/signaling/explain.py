"""What a description contains, in words and a table, for `icetui decode` and the details view.

What belongs here: plain strings ready to be shown; the password is never among them.
What must never come in: rendering.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import msgspec

from icetui import events
from icetui.signaling import exchange
from icetui.signaling.description import Description

_KINDS = {
    "blob": "icetui blob",
    "sdp": "SDP",
    "json": "JSON with SDP",
    "base64": "base64 of JSON with SDP",
    "object": "ICE parameters as an object",
    "jingle": "Jingle (XML)",
    "candidates": "candidates alone",
}


SERVERS_IN_WORDS: dict[events.ServersSeen, str] = {
    "none": "none is named on that side",
    "answer": "answer over UDP",
    "over-tcp": "answer over TCP or TLS only",
    "silent": "do not answer over UDP",
    "failed": "of no use to that side",
}
"""What a description says of the servers that its side asks."""


class CandidateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the candidate table; all strings, `""` where there is nothing to say."""

    type: str
    address: str
    port: str
    transport: str
    component: str
    priority: str
    foundation: str
    related: str
    verdict: str
    """`used`, `used once its name is resolved`, or why it is not used."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """A description as people read it."""

    fields: tuple[tuple[str, str], ...]
    """Name and value, most important first; only fields that are known."""
    candidates: tuple[CandidateRow, ...]
    warnings: tuple[str, ...]


def explain(d: Description, now: float | None = None) -> Explanation:
    """Everything in `d` but its password; with `now` (Unix time, seconds) its age too."""
    told = events.DescriptionAccepted(wall=0, t=0, session="", **facts(d))
    return explain_accepted(told, d.candidates, now)


def facts(d: Description) -> dict[str, Any]:
    """What `events.DescriptionAccepted` tells of `d` itself."""
    same = (
        "ufrag kind made sdp_type mid answers complete lite ice_options setup fingerprint mapping "
        "filtering servers media bundle warnings"
    )
    return {name: getattr(d, name) for name in same.split()} | {"password_length": len(d.pwd)}


def explain_accepted(
    d: events.DescriptionAccepted,
    candidates: Sequence[events.Candidate],
    now: float | None = None,
) -> Explanation:
    """As `explain`, of what the event stream tells of a description and its candidates."""
    fields = [("kind", _KINDS.get(d.kind, d.kind))]

    def say(name: str, value: str | None) -> None:
        if value:
            fields.append((name, value))

    say("type", d.sdp_type)
    say("ufrag", d.ufrag)
    say("password", _strength(d.password_length))
    say("answers", d.answers)
    say("made", _moment(d.made, now) if d.made is not None else None)
    used = sum(c.unsupported is None for c in candidates)
    say("candidates", f"{len(candidates)}, {used} used")
    say("end of candidates", "yes" if d.complete else "not said: more may follow")
    say("ICE lite", "yes: answers checks, sends none" if d.lite else None)
    say("ice-options", " ".join(d.ice_options))
    say("mid", d.mid)
    say("media", _media(d))
    say("setup", d.setup)
    say("fingerprint", d.fingerprint)
    say("NAT", nat_in_words(d.mapping, d.filtering))
    say("servers", SERVERS_IN_WORDS.get(d.servers))
    return Explanation(
        fields=tuple(fields),
        candidates=tuple(_row(c) for c in candidates),
        warnings=d.warnings,
    )


def _media(d: events.DescriptionAccepted) -> str | None:
    """The media sections of theirs, and which of them share one transport."""
    if not d.media:
        return None
    told = ", ".join(s.kind + (" (off)" if s.rejected else "") for s in d.media)
    if len(d.media) == 1:
        return told
    return f"{told}; {'bundled' if d.bundle else 'not bundled: the first is used'}"


def nat_in_words(mapping: events.NatDependence, filtering: events.NatDependence) -> str | None:
    """NAT behaviour in words, or None when nothing is known of it."""
    if mapping == filtering == "unknown":
        return None
    return f"{mapping} mapping, {filtering} filtering"


def _strength(length: int) -> str | None:
    """Length and the most entropy that many ice-chars of six bits carry; 22 of ours carry 128."""
    if not length:
        return None
    bits = 128 if length == 22 else length * 6
    return f"{length} characters, {'' if length == 22 else 'at most '}{bits} bits"


def _moment(made: float, now: float | None) -> str:
    try:
        at = datetime.datetime.fromtimestamp(made, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):  # a time no calendar has
        return "at an impossible time"
    if now is None or now < made:
        return at
    return f"{at}, {exchange.spoken_age(now - made)} ago"


def _row(c: events.Candidate) -> CandidateRow:
    related = ""
    if c.related_address is not None:
        related = events.address_port(c.related_address, c.related_port or 0)
    verdict = "used"
    if c.unsupported is not None:
        verdict = f"not used: {c.unsupported}"
    elif c.address.endswith(".local"):
        verdict = "used once its name is resolved"
    return CandidateRow(
        type=c.type,
        address=c.address,
        port=str(c.port),
        transport=c.transport + (f" {c.tcptype}" if c.tcptype else ""),
        component=str(c.component),
        priority=str(c.priority),
        foundation=c.foundation,
        related=related,
        verdict=verdict,
    )
