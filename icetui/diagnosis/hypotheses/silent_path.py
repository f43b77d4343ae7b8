"""What can be wrong where a path stood and nothing is answered on it any more."""

from __future__ import annotations

from icetui.diagnosis.hypothesis import Hypothesis, Speaks
from icetui.diagnosis.questions import listed
from icetui.diagnosis.silence_evidence import Silence
from icetui.grammar import count

HEARD_AGAIN, LATELY = 3, 2.0
"""Checks of theirs that show their way to us to work; seconds since the latest."""
LOSSY = 0.2
"""Share lost before from which loss may be all it is …"""
CHANCE = 0.01
"""… unless so many requests in a row would be lost less often than this."""


def _program(e: Silence) -> str:
    return "icetui" if e.icetui else "program"


def _heard(e: Silence) -> bool:
    return e.came >= HEARD_AGAIN and (e.came_ago <= LATELY or e.lost)


def _still(e: Silence) -> Speaks:
    return ((1.5, f"{e.still} still answers us"),) if e.still else ()


def _own_line(e: Silence) -> Speaks:
    if e.unanswered:
        do = "does" if len(e.unanswered) == 1 else "do"
        return ((4.0, f"{listed(e.unanswered)} {do} not answer either"),)
    return ()


def _moved(e: Silence) -> Speaks:
    if e.moved is None:
        return ()
    server, before, now = e.moved
    return ((1.0, f"{server} saw us at {before} and sees us at {now} now"),)


def _moved_for_good(e: Silence) -> bool:
    """Whether what we send from the new port is not let in over there."""
    return e.moved is not None and e.their_nat.filtering in (
        "address-dependent", "address-and-port-dependent",
    )  # fmt: skip


def _closed(e: Silence) -> Speaks:
    return ((6.0 if _at_host(e) else 1.5, e.closed),) if e.closed else ()


def _at_host(e: Silence) -> bool:
    return e.theirs is not None and e.theirs.type == "host"


def _left(e: Silence) -> str:
    if e.addresses:
        return (
            f"this machine has left the network it was in: {e.removed} is gone, it has "
            f"{listed(e.addresses)} now, and they do not look for us there"
        )
    return f"this machine has lost its address, {e.removed}: its network is down"


HYPOTHESES: tuple[Hypothesis[Silence], ...] = (
    Hypothesis(
        code="address-gone",
        rule="silent-path",
        place="our machine",
        words=_left,
        common=lambda e: 200.0,
        possible=lambda e: bool(e.removed),
        speaks=lambda e: ((1.0, f"{e.removed} is no address of this machine any more"),),
        proved=lambda e: True,
        remedy=lambda e: (
            "Press r and exchange new blobs: they hold the addresses this machine has now."
            if e.addresses
            else "Check this machine's network; if the address comes back, so does the path."
        ),
    ),
    Hypothesis(
        code="cannot-send",
        rule="silent-path",
        place="our machine",
        words=lambda e: "this machine cannot send from that address any more",
        common=lambda e: 100.0,
        possible=lambda e: bool(e.unsendable),
        speaks=lambda e: ((1.0, e.unsendable),),
        remedy=lambda e: (
            "Check this machine's network; r and new blobs on both sides begin anew "
            "from the addresses it has."
        ),
    ),
    Hypothesis(
        code="we-moved",
        rule="silent-path",
        place="our network",
        words=lambda e: (
            "our router has given us another public port or address, where they do "
            "not look for us (NAT rebinding)"
        ),
        common=lambda e: 100.0,
        possible=lambda e: e.moved is not None,
        speaks=_moved,
        proved=_moved_for_good,
        remedy=lambda e: "If it does not come back, press r and exchange new blobs.",
    ),
    Hypothesis(
        code="one-way",
        rule="silent-path",
        place="the way between",
        words=lambda e: (
            f"their checks still arrive ({e.came} since), so they are there, and what "
            "we send is lost on the way to them" + (" or at the TURN server" if e.relayed else "")
        ),
        common=lambda e: 40.0,
        possible=_heard,
        remedy=lambda e: "Look for a firewall that has begun to drop what we send.",
    ),
    Hypothesis(
        code="answers-lost",
        rule="silent-path",
        place="the way between",
        words=lambda e: "the line loses most of what is sent, both ways",
        common=lambda e: 30.0,
        possible=lambda e: e.loss >= LOSSY and e.loss ** max(1, e.sent) > CHANCE,
        speaks=lambda e: ((1.5, f"{e.loss:.0%} of our requests were lost before"),),
        remedy=lambda e: "Wireless or an overloaded line is the usual cause.",
    ),
    Hypothesis(
        code="our-line",
        rule="silent-path",
        place="our network",
        words=lambda e: "our own line is cut",
        common=lambda e: 10.0,
        possible=lambda e: bool(e.unanswered) and not e.still and not _heard(e),
        speaks=_own_line,
        remedy=lambda e: "Check this machine's network.",
    ),
    Hypothesis(
        code="a-line",
        rule="silent-path",
        place="the way between",
        words=lambda e: "a line is cut, ours or theirs, or their machine sleeps",
        common=lambda e: 15.0,
        possible=lambda e: (
            not e.still and not e.unanswered and not _heard(e) and not (e.closed and _at_host(e))
        ),
        remedy=lambda e: "Check this machine's network, and theirs.",
    ),
    Hypothesis(
        code="their-line",
        rule="silent-path",
        place="their network",
        words=lambda e: "their line is cut or their machine sleeps",
        common=lambda e: 9.0,
        possible=lambda e: (
            bool(e.still or e.unanswered) and not _heard(e) and not (e.closed and _at_host(e))
        ),
        speaks=_still,
        remedy=lambda e: "Is their network up?",
    ),
    Hypothesis(
        code="peer-ended",
        rule="peer-gone",
        place="their machine",
        words=lambda e: (
            f"their {_program(e)} has ended without a goodbye"
            + (": nobody listens there" if e.closed else "")
        ),
        common=lambda e: 7.0,
        possible=lambda e: not _heard(e) and not (e.closed and e.relayed),
        speaks=_closed,
        remedy=lambda e: (
            f"Is their {_program(e)} still running? If it has ended, start it again and "
            f"exchange new {'blobs' if e.icetui else 'descriptions'} on both sides."
        ),
    ),
    Hypothesis(
        code="their-nat",
        rule="silent-path",
        place="their network",
        words=lambda e: "a NAT on the way has forgotten the path or taken another port",
        common=lambda e: 12.0 if e.closed else 5.0,
        possible=lambda e: e.through_nat and not _heard(e) and e.moved is None,
        remedy=lambda e: "If it does not come back, press r and exchange new blobs.",
    ),
    Hypothesis(
        code="relay-down",
        rule="relay-gone",
        place="a server",
        words=lambda e: (
            "the TURN server between has been stopped or has dropped the allocation"
            if e.closed
            else "the TURN server between is down"
        ),
        common=lambda e: 60.0 if e.closed else 8.0,
        possible=lambda e: e.relayed and not _heard(e) and not e.relay_still,
        speaks=lambda e: ((1.0, e.closed),) if e.closed else (),
        remedy=lambda e: (
            "Is the TURN server running? Whoever uses it needs a new address from it, "
            "and the other side a new blob."
        ),
    ),
    Hypothesis(
        code="firewall-begins",
        rule="silent-path",
        place="the way between",
        words=lambda e: "a firewall between has begun to drop it",
        common=lambda e: 2.0,
        possible=lambda e: not _heard(e),
        speaks=lambda e: ((10.0, e.icmp),) if e.prohibited else (),
        remedy=lambda e: "Look for a firewall whose rules have changed.",
    ),
)


def figures(e: Silence) -> list[str]:
    """What the evidence shows whichever of them it is."""
    found = [f"{e.still} still answers us"] if e.still else []
    if e.others:
        found.append(f"{count(e.others, 'other pair')} not given up yet")
    found += [text for text in (e.icmp, e.closed) if text]
    return found
