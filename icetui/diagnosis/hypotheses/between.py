"""What can be wrong between the two: firewalls, one way or both, silent or not; routes; delay."""

from __future__ import annotations

from icetui.diagnosis.evidence import Evidence, covers
from icetui.diagnosis.hypothesis import Hypothesis, Speaks
from icetui.diagnosis.questions import listed, span
from icetui.events import address_port
from icetui.grammar import count

SLOWEST = 6.0
"""Seconds after which no line is so slow that an answer could still be on its way."""


def _heard(e: Evidence) -> Speaks:
    return ((1.0, f"{count(e.heard, 'check')} of theirs arrived"),)


def _stopped_here(e: Evidence) -> Speaks:
    if e.udp_silent and not e.servers_ok:
        return ((4.0, f"{e.udp_silent[0].url} does not answer either"),)
    return ()


def _prohibited(e: Evidence) -> Speaks:
    all_of_them = covers(e.barred, e.direct)
    return ((25.0 if all_of_them else 4.0, f"{e.barred[0].detail}"),)


def _unreachable(e: Evidence) -> Speaks:
    inside = len(e.pairs) - len(e.leading)
    rest = f"; {count(inside, 'pair')} to addresses that lead elsewhere" if inside else ""
    return ((1.0, f"{e.unreachable[0].detail}{rest}"),)


def _all_unreachable(e: Evidence) -> bool:
    return (
        covers(e.unreachable, e.leading)
        and not e.barred and not e.closed and not e.answered and not e.heard
    )  # fmt: skip


def _suiting(e: Evidence) -> Speaks:
    if e.free:
        return ((2.0, "both have a public address of their own, no NAT is between"),)
    if e.possible is True and e.shared is None:
        return ((1.5, "the two NATs would let a direct path through"),)
    return ()


def _not_through(e: Evidence) -> bool:
    """A firewall between explains nothing where the NATs or the lack of addresses do already."""
    silent = not e.answered and not e.heard and not e.loopback
    return silent and (not e.excluded or bool(e.free)) and not (e.relay_only or e.relays_only)


def _at(e: Evidence) -> str:
    ends = [e.ends.get(remote) for remote in dict.fromkeys(p.remote for p in e.unreachable)]
    return listed(address_port(c.address, c.port) for c in ends if c is not None)


HYPOTHESES: tuple[Hypothesis[Evidence], ...] = (
    Hypothesis(
        code="firewall-between",
        rule="nothing-answers",
        place="the way between",
        words=lambda e: "a firewall drops UDP between us",
        common=lambda e: 8.0,
        possible=_not_through,
        speaks=_suiting,
        remedy=lambda e: "Look for a firewall that drops UDP, on either side; a TURN "
        "server over TCP (--turn) gets around most.",
    ),
    Hypothesis(
        code="firewall-out",
        rule="not-heard",
        place="our network",
        words=lambda e: "a firewall here lets their checks in but not our UDP out",
        common=lambda e: 8.0,
        possible=lambda e: e.heard_long and not e.answered,
        speaks=_stopped_here,
        remedy=lambda e: "Look for a firewall here that does not let UDP out.",
    ),
    Hypothesis(
        code="firewall-in",
        rule="not-heard",
        place="their network",
        words=lambda e: "a firewall over there lets nothing of ours in",
        common=lambda e: 9.0,
        possible=lambda e: e.heard_long and not e.answered,
        speaks=_heard,
        remedy=lambda e: "Look for a firewall over there that does not let UDP in.",
    ),
    Hypothesis(
        code="lossy-way",
        rule="not-heard",
        place="the way between",
        words=lambda e: "the line loses nearly all of what is sent",
        common=lambda e: 3.0,
        possible=lambda e: e.heard_long and not e.answered,
        remedy=lambda e: "Wireless or an overloaded line is the usual cause.",
    ),
    Hypothesis(
        code="prohibited",
        rule="barred",
        place="the way between",
        words=lambda e: "a firewall on the way refuses our checks, and says so",
        common=lambda e: 6.0,
        possible=lambda e: bool(e.barred) and not e.answered,
        speaks=_prohibited,
        proved=lambda e: covers(e.barred, e.leading)
        and not e.relayed and not e.heard,
        pairs=lambda e: e.barred,
        remedy=lambda e: "Its address is in the evidence: whoever runs it can allow UDP.",
    ),
    Hypothesis(
        code="unreachable",
        rule="unreachable",
        place="their network",
        words=lambda e: f"a router says that no way leads to {_at(e)}: their machine or line is "
        "off the network, or the address is wrong",
        common=lambda e: 60.0,
        possible=_all_unreachable,
        speaks=_unreachable,
        pairs=lambda e: e.unreachable,
        remedy=lambda e: "Is their machine still on the same network? Ask for a fresh blob.",
    ),
    Hypothesis(
        code="too-big",
        rule="nothing-answers",
        place="the way between",
        words=lambda e: "what we send is too big for the way, as a router says",
        common=lambda e: 60.0,
        possible=lambda e: bool(e.too_big) and not e.answered,
        speaks=lambda e: ((1.0, e.too_big[0].detail or "ICMP: fragmentation needed"),),
        pairs=lambda e: e.too_big,
        remedy=lambda e: "Look at the MTU of this network, a VPN's or tunnel's perhaps.",
    ),
    Hypothesis(
        code="slow-way",
        rule="nothing-answers",
        place="the way between",
        words=lambda e: f"the way there and back takes longer than {span(e.waited)}",
        common=lambda e: 3.0,
        possible=lambda e: e.waited < SLOWEST and not e.answered,
        remedy=lambda e: "Wait a few seconds more.",
    ),
)  # fmt: skip
