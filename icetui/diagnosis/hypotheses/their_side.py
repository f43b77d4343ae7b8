"""What can be wrong on their side: the person, the program, the machine, the network, the blob."""

from __future__ import annotations

from icetui.diagnosis.evidence import Evidence
from icetui.diagnosis.hypothesis import Hypothesis, Speaks
from icetui.diagnosis.questions import listed, span
from icetui.events import address_port
from icetui.grammar import count

OLD_BLOB = 600.0
"""Seconds; most NATs forget an unused binding sooner (RFC 4787 REQ-5 asks for two minutes)."""
PASTING = 12.0
"""Seconds within which about half of those who have our blob paste it."""


def _unpasted(e: Evidence) -> float:
    """The longer the silence the less it is only that."""
    return max(5.0, 30.0 / (1.0 + (e.waited / PASTING) ** 2))


def _program(e: Evidence) -> str:
    return "icetui" if e.icetui else "their program"


def _text(e: Evidence) -> str:
    """What they were given of us."""
    return "blob" if e.icetui else "description"


def _anew(e: Evidence) -> str:
    if e.icetui:
        return "Ask for the blob that their icetui shows now."
    return "Ask for a new description of theirs, and answer that."


def _silent(e: Evidence) -> bool:
    return not e.heard and not e.answered


def _ended(e: Evidence) -> Speaks:
    return ((1.0, f"{e.closed[0].detail}"),)


def _at_host(e: Evidence) -> bool:
    """Whether their machine itself says that its port is closed, no NAT in front of it."""
    ends = [e.candidate(p) for p in e.closed]
    return any(c is not None and c.type == "host" for c in ends)


def _who(e: Evidence) -> str:
    ends = [e.candidate(p) for p in e.closed]
    return listed(address_port(c.address, c.port) for c in ends if c is not None)


def _their_addresses(e: Evidence) -> Speaks:
    return ((1.0, f"theirs are {listed(c.address for c in e.theirs)}"),)


def _lets_us_knock(e: Evidence) -> bool:
    """Whether they could reach us although nobody can reach them."""
    return e.our_public and e.mine.filtering == "endpoint-independent"


def _udp_unheard_there(e: Evidence) -> bool:
    """Whether their blob says that no server answers them over UDP."""
    return e.their_servers in ("silent", "over-tcp")


def _blocked_there(e: Evidence) -> Speaks:
    found = []
    if e.only_there_silent:
        found.append((15.0, f"{e.only_there_silent[0]} answers us over UDP, and not them"))
    if e.their_servers == "over-tcp":
        found.append((12.0, "servers answer them over TCP or TLS only"))
    elif e.their_servers == "silent":
        found.append((4.0, "no server they ask answers them over UDP"))
    return tuple(found)


def _dead_there(e: Evidence) -> Speaks:
    found = [*_their_addresses(e)]
    if e.silent_to_both:
        found.append((5.0, f"{e.silent_to_both[0]} does not answer us either"))
    return tuple(found)


def _private_there(e: Evidence) -> bool:
    return (
        bool(e.theirs)
        and not e.their_public
        and not e.neighbours
        and _silent(e)
        and not e.itself
        and not _lets_us_knock(e)
    )


def _itself(e: Evidence) -> Speaks:
    answered = any(p.reason == "icmp-unreachable" for p in e.itself)
    return ((1.0, f"{listed(_addresses(e))} is an address of our own"
             + ("" if answered else ", nobody but ourselves answers there")),)  # fmt: skip


def _addresses(e: Evidence) -> list[str]:
    return [c.address for p in e.itself if (c := e.candidate(p)) is not None]


def _stranger(e: Evidence) -> str:
    return listed(r.remote for r in (*e.echoed, *e.unsigned))


def _strange(e: Evidence) -> Speaks:
    if e.echoed:
        return ((1.0, f"{count(sum(r.count for r in e.echoed), 'check')} of ours came back"),)
    answers = sum(r.count for r in e.unsigned)
    return ((1.0, f"{count(answers, 'answer')} without their password: {e.unsigned[0].detail}"),)


def _late(e: Evidence) -> Speaks:
    if e.late is None:
        return ()
    return ((1.0, f"a blob sent before lacks {address_port(e.late.address, e.late.port)}"),)


HYPOTHESES: tuple[Hypothesis[Evidence], ...] = (
    Hypothesis(
        code="not-pasted",
        rule="nothing-answers",
        place="the blobs",
        words=lambda e: (
            "they have not pasted our blob yet, have left or are in another network now"
        ),
        common=_unpasted,
        possible=lambda e: _silent(e) and not e.they_have_ours,
        remedy=lambda e: (
            f"Make sure they have pasted our {_text(e)} and {_program(e)} is still running there."
        ),
    ),
    Hypothesis(
        code="left",
        rule="nothing-answers",
        place="their machine",
        words=lambda e: "they have left or are in another network now",
        common=lambda e: 5.0,
        possible=lambda e: _silent(e) and e.they_have_ours,
        remedy=lambda e: f"Make sure {_program(e)} is still running there.",
    ),
    Hypothesis(
        code="ended",
        rule="nobody-listens",
        place="their machine",
        words=lambda e: f"nobody listens at {_who(e)} any more: {_program(e)} has ended there",
        common=lambda e: 60.0 if _at_host(e) else 4.0,
        possible=lambda e: bool(e.closed) and _silent(e),
        speaks=_ended,
        pairs=lambda e: e.closed,
        remedy=lambda e: f"Is {_program(e)} still running over there? {_anew(e)}",
    ),
    Hypothesis(
        code="refusing-router",
        rule="nothing-answers",
        place="their network",
        words=lambda e: "their router or firewall refuses what it did not ask for",
        common=lambda e: 8.0,
        possible=lambda e: bool(e.closed) and _silent(e),
        remedy=lambda e: "Let them paste our blob; if they have, let UDP in over there.",
    ),
    Hypothesis(
        code="no-stun-there",
        rule="private-addresses",
        place="their network",
        words=lambda e: (
            "their blob holds private addresses only, as "
            + (
                "no STUN server is named over there"
                if e.their_servers == "none"
                else "the servers they ask are of no use to them"
            )
        ),
        common=lambda e: 60.0,
        possible=lambda e: _private_there(e) and e.their_servers in ("none", "failed"),
        speaks=_their_addresses,
        remedy=lambda e: (
            "Name a STUN server that answers over there (--stun); a TURN server "
            "(--turn) helps more often."
        ),
    ),
    Hypothesis(
        code="servers-dead-there",
        rule="private-addresses",
        place="a server",
        words=lambda e: (
            "the servers they ask are down or wrongly named, so nobody tells their public address"
        ),
        common=lambda e: 25.0,
        possible=lambda e: (
            _private_there(e) and e.their_servers == "silent" and not e.only_there_silent
        ),
        speaks=_dead_there,
        remedy=lambda e: "Let them check the names and ports of their servers, or name others.",
    ),
    Hypothesis(
        code="slow-answers-there",
        rule="private-addresses",
        place="their network",
        words=lambda e: (
            "their server answers them too late, on a slow line perhaps, so their blob "
            "lacks their public address"
        ),
        common=lambda e: 15.0,
        possible=lambda e: (
            _private_there(e) and e.their_servers == "silent" and bool(e.only_there_silent)
        ),
        speaks=_their_addresses,
        remedy=_anew,
    ),
    Hypothesis(
        code="early-blob-there",
        rule="private-addresses",
        place="the blobs",
        words=lambda e: (
            "their blob was made while they were still gathering, and lacks addresses they "
            "have found since"
        ),
        common=lambda e: 5.0 if e.their_public else 45.0,
        possible=lambda e: e.early_blob and _silent(e) and not e.neighbours,
        remedy=_anew,
    ),
    Hypothesis(
        code="no-public-address-there",
        rule="private-addresses",
        place="their network",
        words=lambda e: (
            "their blob holds private addresses only: no STUN server tells their "
            "public one, or their network lets no UDP out"
        ),
        common=lambda e: 50.0,
        possible=lambda e: _private_there(e) and e.their_servers in ("unknown", "answer"),
        speaks=_their_addresses,
        remedy=lambda e: (
            "A STUN server over there (--stun) tells their public address; where UDP "
            "is blocked, a TURN server over TCP or TLS (--turn) helps."
        ),
    ),
    Hypothesis(
        code="udp-blocked-there",
        rule="nothing-answers",
        place="their network",
        words=lambda e: "their network lets no UDP out",
        common=lambda e: 10.0,
        possible=lambda e: (
            bool(e.theirs)
            and not e.their_public
            and _silent(e)
            and (e.neighbours or _lets_us_knock(e) or _udp_unheard_there(e))
            and e.their_servers != "answer"
            and not e.itself
            and not e.loopback
        ),
        speaks=_blocked_there,
        remedy=lambda e: "Let them allow outgoing UDP, or name a TURN server over TCP there.",
    ),
    Hypothesis(
        code="stranger",
        rule="stranger-answers",
        place="their machine",
        words=lambda e: (
            f"another program than theirs answers at {_stranger(e)}: theirs has "
            "ended, or its port is another one's now"
        ),
        common=lambda e: 300.0,
        possible=lambda e: bool(e.echoed or e.unsigned) and not e.heard,
        speaks=_strange,
        remedy=_anew,
    ),
    Hypothesis(
        code="same-numbers",
        rule="same-address",
        place="the blobs",
        words=lambda e: (
            f"their blob leads back to this machine ({listed(_addresses(e))}): theirs "
            "is another network that uses the same private addresses"
        ),
        common=lambda e: 60.0,
        possible=lambda e: bool(e.itself) and len(e.itself) == len(e.pairs) and _silent(e),
        speaks=_itself,
        remedy=lambda e: (
            "Name a STUN server on both sides (--stun); on this very machine, ask for "
            "the blob that their icetui shows now."
        ),
    ),
    Hypothesis(
        code="ended-here",
        rule="same-address",
        place="the blobs",
        words=lambda e: (
            f"{'their icetui' if e.icetui else 'their program'} ran on this machine and has ended"
        ),
        common=lambda e: 20.0,
        possible=lambda e: bool(e.itself) and len(e.itself) == len(e.pairs) and _silent(e),
        remedy=_anew,
    ),
    Hypothesis(
        code="same-numbered-network",
        rule="nothing-answers",
        place="their network",
        words=lambda e: "theirs is another network with the same private addresses as ours",
        common=lambda e: 8.0,
        possible=lambda e: (
            e.neighbours
            and not e.reflexive
            and _silent(e)
            and not e.itself
            and not e.free
            and not e.loopback
        ),
        remedy=lambda e: "If it is another network, name a STUN server on both sides (--stun).",
    ),
    Hypothesis(
        code="old-blob",
        rule="nothing-answers",
        place="the blobs",
        words=lambda e: "their blob is too old",
        common=lambda e: 8.5,
        possible=lambda e: _silent(e) and e.blob_age is not None and e.blob_age > OLD_BLOB,
        speaks=lambda e: (
            (1.0, f"its time stamp is {span(e.blob_age or 0.0)} before this machine's clock"),
        ),
        remedy=_anew,
    ),
    Hypothesis(
        code="outdated-blob",
        rule="blob-outdated",
        place="the blobs",
        words=lambda e: "they hold a blob of ours from before we had all our addresses",
        common=lambda e: 60.0 if e.late is not None and e.late.type == "srflx" else 4.0,
        possible=lambda e: e.late is not None and _silent(e),
        speaks=_late,
        remedy=lambda e: "Send the new blob to the other side.",
    ),
)
