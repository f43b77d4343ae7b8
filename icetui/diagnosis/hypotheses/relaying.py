"""What can be wrong with a relay: none lent, none allowed, none reached."""

from __future__ import annotations

from icetui.diagnosis.evidence import Evidence, covers
from icetui.diagnosis.hypothesis import Hypothesis, Speaks
from icetui.diagnosis.questions import is_private, listed
from icetui.diagnosis.relay_proofs import disproved, words
from icetui.diagnosis.server_findings import server_evidence, server_verdict
from icetui.events import RelayTried, Server
from icetui.grammar import count


def _needed(e: Evidence) -> bool:
    return (e.possible is False and not e.free) or e.relay_only or e.relays_only


def _missing(e: Evidence) -> bool:
    return (
        bool(e.turn_failed) and not e.our_relays and not e.their_relays and not e.heard
        and not e.answered and _needed(e)
    )  # fmt: skip


def _failed(e: Evidence) -> Server:
    """The TURN server whose own word says most."""
    return max(e.turn_failed, key=lambda s: s not in e.udp_silent)


FAULTS = {
    "turn-credentials": "refuses our user name or password",
    "turn-quota": "has no room for us",
    "turn-refused": "does not relay for us",
    "turn-tls": "cannot be spoken to over TLS",
    "server-unresolved": "has a name that cannot be resolved",
    "server-family": "has no address of an IP family in use here",
    "server-silent": "does not answer us",
    "server-closed": "is not there: its port is closed",
    "server-unreachable": "cannot be reached",
}
"""By the rule that says it of a server by itself, with all its evidence."""


def _fault(server: Server) -> str:
    if server.evidence is not None and server.evidence.credentials is False:
        return "wants a user name and password, and none was given"
    return FAULTS.get(server_verdict(server)[0], "is of no use")


def _relay_addresses(e: Evidence) -> str:
    return listed(c.address for c in (*e.our_relays, *e.their_relays))


def _unreached(e: Evidence) -> str:
    only = ""
    if e.possible is False:
        only = ", the only way as these two NATs let no direct path through"
    elif _needed(e):
        only = ", the only way as one side offers nothing else"
    return (
        f"a firewall drops UDP between a side and the relay ({_relay_addresses(e)}){only}"
    )  # fmt: skip


def _private_relays(e: Evidence) -> list[str]:
    return [c.address for c in (*e.our_relays, *e.their_relays) if is_private(c.address)]


def _deaf(e: Evidence) -> Speaks:
    private, tried = _private_relays(e), _disproved(e)
    found: Speaks = ()
    if private:
        found += ((8.0 if _needed(e) else 2.0, f"it lends {listed(private)}, a private address"),)
    if tried:
        # Where a direct path should be and is not, a firewall of ours may explain both.
        found += ((8.0 if _needed(e) else 2.0, f"tried from here: {words(tried[0])}"),)
    return found


def _disproved(e: Evidence) -> list[RelayTried]:
    """What showed that nothing goes through a relay of ours, whoever the other side is."""
    return [p for p in e.proofs if p.outcome in ("silent", "one-way")]


def _all_proved(e: Evidence) -> bool:
    """Whether each relay there is was seen to relay."""
    works = [p for p in e.proofs if p.outcome == "works"]
    return not e.their_relays and len(works) == len(e.our_relays)


def _proved(e: Evidence) -> Speaks:
    works = [p for p in e.proofs if p.outcome == "works"]
    return ((2.0, f"tried from here: {words(works[0])}"),) if works else ()


def _denied(e: Evidence) -> Speaks:
    forbids = [p for p in e.proofs if p.outcome == "forbidden" and disproved(p)]
    if not e.denied:
        return ((4.0, f"tried from here: {words(forbids[0])}"),)
    figure = f"{count(len(e.denied), 'pair')} refused, {e.denied[0].detail}"
    ours = {c.id for c in e.our_relays}
    public = []
    for pair in e.relayed:
        c = e.candidate(pair)
        if pair.local in ours and c is not None and not is_private(c.address):
            public.append(pair)
    if covers(e.denied, tuple(public)):
        return ((25.0, figure),)
    # That private addresses are refused is the rule with TURN servers (RFC 8656 section 21.3.1).
    return ((0.2 if all(_leads_inside(e, p.remote) for p in e.denied) else 2.0, figure),)


def _leads_inside(e: Evidence, remote: str) -> bool:
    c = e.ends.get(remote)
    return c is not None and is_private(c.address)


def _silent_relay(e: Evidence) -> bool:
    return bool(e.our_relays or e.their_relays) and not e.heard and not e.answered


HYPOTHESES: tuple[Hypothesis[Evidence], ...] = (
    Hypothesis(
        code="relay-missing",
        rule="",
        place="a server",
        words=lambda e: f"the TURN server {_fault(_failed(e))}, and "
        + (
            "nothing but a relay was asked for here (--relay-only)"
            if e.relay_only
            else "without a relay these two NATs let no path through"
        ),
        common=lambda e: 60.0,
        possible=_missing,
        speaks=lambda e: ((1.0, server_evidence(_failed(e))),),
        proved=lambda e: _missing(e) and (e.relay_only or (e.excluded and not e.doubtful)),
        remedy=lambda e: server_verdict(_failed(e))[2],
    ),
    Hypothesis(
        code="relay-forbidden",
        rule="relay-forbidden",
        place="a server",
        words=lambda e: "the TURN server refuses to relay to their addresses",
        common=lambda e: 5.0,
        possible=lambda e: not e.heard
        and (bool(e.denied) or any(p.outcome == "forbidden" and disproved(p) for p in e.proofs)),
        speaks=_denied,
        pairs=lambda e: e.denied,
        remedy=lambda e: "Ask its operator to allow these addresses, or name another TURN server "
        "on one side.",
    ),
    Hypothesis(
        code="relay-unreached",
        rule="nothing-answers",
        place="the way between",
        words=_unreached,
        common=lambda e: 20.0 if _needed(e) else 3.0,
        possible=_silent_relay,
        speaks=_proved,
        remedy=lambda e: "Look for a firewall that drops UDP to the relay's ports, on either side.",
    ),
    Hypothesis(
        code="relay-one-way",
        rule="not-heard",
        place="a server",
        words=lambda e: "the TURN server passes what comes from them and nothing from us",
        common=lambda e: 6.0,
        possible=lambda e: e.heard_long and not e.answered and bool(e.relayed),
        remedy=lambda e: "Name another TURN server on one side.",
    ),
    Hypothesis(
        code="relay-only",
        rule="nothing-answers",
        place="our machine",
        words=lambda e: "nothing but a relay was asked for here (--relay-only), and it does not "
        "reach them",
        common=lambda e: 15.0,
        possible=lambda e: e.relay_only and _silent_relay(e),
        remedy=lambda e: "Leave out --relay-only on one side.",
    ),
    Hypothesis(
        code="relay-deaf",
        rule="nothing-answers",
        place="a server",
        words=lambda e: f"the TURN server relays nothing: the address it lends "
        f"({_relay_addresses(e)}) cannot be reached, or it forbids one of us",
        common=lambda e: 12.0 if _needed(e) else 3.5,
        possible=lambda e: _silent_relay(e) and not _all_proved(e),
        speaks=_deaf,
        remedy=lambda e: "Compare the server's external address (coturn: external-ip) and the "
        "firewall in front of its relay ports.",
    ),
)  # fmt: skip
