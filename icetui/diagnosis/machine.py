"""Findings about this machine: the engine, its addresses and its interfaces."""

from __future__ import annotations

from collections.abc import Iterator

from icetui.diagnosis import nats
from icetui.diagnosis.finding import Finding
from icetui.diagnosis.questions import (
    host_of,
    ids,
    interface_kind,
    is_loopback,
    is_private,
    is_public,
    listed,
    live_pairs,
    own_candidates,
    parsed,
    requests_of,
    span,
    trying,
    where,
)
from icetui.events import Candidate, Pair, Reason, address_port
from icetui.grammar import count
from icetui.session import Session

SHORT_BINDING = 30.0
"""Seconds; RFC 4787 REQ-5 wants UDP mappings to live two minutes, and consent goes every second."""


def engine_failed(session: Session) -> Iterator[Finding]:
    """The engine has ended; nothing on the screen moves any more."""
    if session.failure is not None:
        yield Finding(
            rule="engine-failed",
            severity="problem",
            claim="The engine has stopped; what is shown is its last word.",
            evidence=session.failure.problem or "it did not say why",
            remedy="Quit with q and start icetui again."
            + (f" Details are in {session.failure.log}." if session.failure.log else ""),
        )


def no_candidates(session: Session) -> Iterator[Finding]:
    """Gathering found nothing to offer."""
    if session.gathering != "complete" or session.local_candidates:
        return
    failures = [f.detail for f in session.candidate_failures]
    unknown = [i for i in session.interfaces.values() if not i.used and not i.addresses]
    unused = [f"{i.name}: {i.why_not}" for i in session.interfaces.values() if not i.used]
    relay_only = session.started is not None and session.started.relay_only
    if relay_only and not failures:
        refused = [
            f"{s.url}: {s.detail or s.reason}"
            for s in session.servers.values()
            if s.kind == "turn" and s.state == "failed"
        ]
        yield Finding(
            rule="no-candidates",
            severity="problem",
            claim="Relayed candidates only were asked for, and no TURN server has lent one.",
            evidence=listed(refused) or "no TURN server was named",
            remedy="Name a TURN server that works with --turn, or leave out --relay-only.",
        )
        return
    yield Finding(
        rule="no-candidates",
        severity="problem",
        claim="This machine has no address to be reached at.",
        evidence="; ".join(failures or [f"{i.name}: {i.why_not}" for i in unknown] or unused)
        or "no network interface has an address",
        remedy="Connect it to a network, or choose another --interface or --port.",
    )


def candidate_failures(session: Session) -> Iterator[Finding]:
    """Some addresses could not be bound although others could."""
    if session.local_candidates and session.candidate_failures:
        yield Finding(
            rule="address-unusable",
            severity="warning",
            claim="Not every address of this machine could be used.",
            evidence="; ".join(f.detail for f in session.candidate_failures[:3]),
            remedy="Choose another --port, or nothing if the other addresses are enough.",
        )


def gathering(session: Session) -> Iterator[Finding]:
    """The first second: what is known so far."""
    if session.gathering != "gathering":
        return
    asked = [s for s in session.servers.values() if s.state == "asking"]
    open_ = f", {count(len(asked), 'server')} still asked" if asked else ""
    yield Finding(
        rule="gathering",
        severity="info",
        claim="Finding out what we can be reached at.",
        evidence=f"{count(len(session.local_candidates), 'candidate')} so far{open_}",
    )


def only_private(session: Session) -> Iterator[Finding]:
    """Nothing we offer is reachable from another network."""
    if session.gathering != "complete" or not session.local_candidates or session.connected:
        return
    if session.lost_after_connected or session.peer_left or trying(session):
        return  # what it leads to is said by another rule
    offered = [c for c in own_candidates(session) if c.type != "prflx"]
    if not offered or any(c.type != "host" or is_public(c.address) for c in offered):
        return
    asked = _asked(session)
    loopback = all(is_loopback(c.address) for c in offered)
    claim = "Our blob holds private addresses only: peers on the same network can reach us, "
    claim += "others hardly."
    remedy = "" if session.servers else "Name a STUN server with --stun, or leave out --no-servers."
    if loopback:
        claim = "Our blob holds loopback addresses only: nobody but this machine can reach us."
        remedy = "To be reached from another machine, choose another interface than loopback."
    yield Finding(
        rule="only-private",
        severity="info",
        claim=claim,
        evidence=f"{count(len(offered), 'host candidate')}, none public; {asked}",
        remedy=remedy,
    )


def _asked(session: Session) -> str:
    if not session.servers:
        return "no server was asked"
    useless = sum(s.state == "failed" for s in session.servers.values())
    return f"{count(len(session.servers), 'server')} asked, {useless} of no use"


def virtual_interface(session: Session) -> Iterator[Finding]:
    """A VPN or container interface whose pairs lead nowhere."""
    hosts = own_candidates(session, "host")
    if not trying(session) and not session.connected:
        return
    by_base: dict[str, list[Pair]] = {}
    for pair in live_pairs(session):
        by_base.setdefault(pair.local, []).append(pair)
    useless: dict[str, list[Pair]] = {}
    for c in hosts:
        pairs = by_base.get(c.id, [])
        nothing = pairs and all(p.state == "failed" and not p.requests_received for p in pairs)
        if interface_kind(c.interface) and nothing:
            useless.setdefault(c.interface or "", []).extend(pairs)
    if not useless:
        return
    names = {c.interface or "" for c in hosts}
    only = names == set(useless) and not session.connected
    dead = [p for pairs in useless.values() for p in pairs]
    kinds = {interface_kind(name) for name in useless}
    what = "a VPN" if kinds == {"VPN"} else "a container bridge"
    if len(kinds) > 1:
        what = "VPNs and container bridges"
    elif len(useless) > 1:
        what = "VPNs" if kinds == {"VPN"} else "container bridges"
    named = listed(useless)
    evidence = (
        f"{count(requests_of(dead), 'request')} on {count(len(dead), 'pair')} from "
        f"{listed(c.address for c in hosts if c.interface in useless)}, no answer"
    )
    if only:
        return  # that nothing leads out is what a session without a path says
    yield Finding(
        rule="virtual-interface",
        severity="info",
        claim=f"Pairs from {named}, by the name {what}, lead nowhere.",
        evidence=evidence,
        remedy="Nothing needs doing; --interface with another name leaves it out.",
        pairs=ids(dead),
    )


def dead_interface(session: Session) -> Iterator[Finding]:
    """Several interfaces, and nothing gets out through one of them."""
    hosts = [c for c in own_candidates(session, "host") if not interface_kind(c.interface)]
    names = {c.interface for c in hosts if c.interface}
    reflexive = [c for c in own_candidates(session, "srflx") if c.interface]
    if len(names) < 2 or not reflexive or not (trying(session) or session.connected):
        return
    for name in sorted(names - {c.interface for c in reflexive}, key=str):
        mine = [c for c in hosts if c.interface == name]
        bases = {c.id for c in mine}
        pairs = [p for p in live_pairs(session) if p.local in bases]
        families = {_family(c.address) for c in mine}
        others = [
            c
            for c in reflexive
            if c.interface != name and _family(c.address) in families and _sends(session, c)
        ]
        silent = pairs and all(p.state == "failed" and not p.requests_received for p in pairs)
        if silent and others and all(is_private(c.address) for c in mine):
            yield Finding(
                rule="dead-interface",
                severity="info",
                claim=f"Nothing outside answers through {name}; another interface does lead out.",
                evidence=f"{count(requests_of(pairs), 'request')} from "
                f"{listed(c.address for c in mine)} unanswered, no server has seen it; "
                f"{others[0].interface} is seen as {others[0].address}",
                remedy="If it should lead out, check its cable, radio or gateway.",
                pairs=ids(pairs),
            )


def _sends(session: Session, reflexive: Candidate) -> bool:
    """Whether its interface is still there to send from: it may have gone since a server saw it."""
    bases = {c.id for c in own_candidates(session, "host") if c.interface == reflexive.interface}
    pairs = [p for p in live_pairs(session) if p.local in bases]
    return not pairs or not all(p.reason == Reason.SEND_ERROR for p in pairs)


def _family(address: str) -> int:
    ip = parsed(address)
    return ip.version if ip is not None else 0


def carrier_grade(session: Session) -> Iterator[Finding]:
    """Two NATs, or one that forgets quickly."""
    nat = session.nat
    if nat is None:
        return
    if nat.carrier_grade:
        yield Finding(
            rule="carrier-grade-nat",
            severity="info",
            claim="A second NAT, most likely our provider's (carrier-grade), stands behind ours.",
            evidence=nat.carrier_grade,
            remedy="Forwarding a port on our own router does not help; IPv6 or a TURN server does.",
        )
    if nat.binding_lapsed is not None and nat.binding_lapsed <= SHORT_BINDING:
        lived = f", after {span(nat.binding_lifetime)} still there" if nat.binding_lifetime else ""
        yield Finding(
            rule="short-binding",
            severity="info",
            claim="Our NAT forgets a UDP binding that nobody uses sooner than RFC 4787 asks "
            "(2 minutes).",
            evidence=f"one was gone after {span(nat.binding_lapsed)}{lived}",
            remedy="Exchange the blobs without a long pause, or ask the router for longer UDP "
            "timeouts.",
        )


def servers_disagree(session: Session) -> Iterator[Finding]:
    """The outside sees one local address at two IP addresses."""
    seen: dict[str, dict[str, str]] = {}
    for row in session.mappings.values():
        seen.setdefault(row.local, {})[row.server] = row.mapped
    for c in own_candidates(session, "srflx"):
        if c.related_address and c.server:
            base = address_port(c.related_address, c.related_port or 0)
            seen.setdefault(base, {}).setdefault(c.server, where(c))
    for pair in live_pairs(session):
        socket = session.own_socket(pair)
        if socket is None or pair.mapped is None:
            continue
        if socket in seen and is_public(host_of(pair.mapped)):
            seen[socket][f"the peer (on {pair.id})"] = pair.mapped
    moved = nats.moved(session)
    for base, by_server in seen.items():
        if moved is not None and nats.base_of(moved[1]) == base:
            continue  # what they said was of different times
        hosts = {host_of(mapped) for mapped in by_server.values()}
        if len(hosts) > 1:
            views = (f"{server} sees {mapped}" for server, mapped in by_server.items())
            yield Finding(
                rule="servers-disagree",
                severity="info",
                claim=f"Not all see {base} at the same IP address: our NAT has several, or a "
                "server (or a router on the way to it) says something wrong.",
                evidence=listed(views),
                remedy="If pairs fail, leave out the servers one by one and compare.",
            )
            return
