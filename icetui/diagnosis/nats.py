"""What the two NATs do, as far as it was measured or shows itself, and what that means for us.

What belongs here: reading NAT behaviour out of a session. Which finding follows is for the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from icetui.diagnosis.questions import (
    host_of,
    is_public,
    live_pairs,
    own_candidates,
    span,
    their_candidates,
    where,
)
from icetui.events import Candidate, NatBehaviour, NatDependence, address_port
from icetui.reachability import Side, path
from icetui.session import Session

INDEPENDENT: NatDependence = "endpoint-independent"
DEPENDENT = ("address-dependent", "address-and-port-dependent")

MAPPING_WORDS: dict[NatDependence, str] = {
    "endpoint-independent": "keeps one public port for all destinations",
    "address-dependent": "takes another public port or address for every destination address",
    "address-and-port-dependent": "takes another public port or address for every destination",
    "unknown": "maps in a way that is not known",
}
FILTERING_WORDS: dict[NatDependence, str] = {
    "endpoint-independent": "lets anyone in",
    "address-dependent": "lets in addresses we have written to",
    "address-and-port-dependent": "lets in only the very port we have written to",
    "unknown": "lets in whom is not known",
}


class Nat(NamedTuple):
    """One side's NAT; a part nobody knows is `unknown`."""

    mapping: NatDependence = "unknown"
    filtering: NatDependence = "unknown"
    evidence: str = ""
    measured: bool = True
    """False: it shows itself in the ports seen, nobody has measured it."""
    absent: bool = False
    """The outside sees the host's own address."""

    @property
    def dependent(self) -> bool:
        """Whether nobody can foretell the public port it will use towards a peer."""
        return self.mapping in DEPENDENT


def ours(session: Session) -> Nat:
    """The NAT in front of us."""
    known = session.nat
    if known is not None and known.behind_nat is False:
        return Nat(INDEPENDENT, known.filtering, "no NAT in front of us", absent=True)
    if known is not None and known.mapping != "unknown":
        return Nat(known.mapping, known.filtering, f"ours has {known.mapping} mapping")
    shown = _shown_by_servers(session) or _shown_by_peer(session)
    if shown:
        filtering = known.filtering if known is not None else "unknown"
        return Nat("address-dependent", filtering, shown, measured=False)
    return Nat(filtering=known.filtering if known is not None else "unknown")


def theirs(session: Session) -> Nat:
    """The NAT in front of them, as their blob says or their candidates show."""
    told = session.description
    filtering: NatDependence = told.filtering if told is not None else "unknown"
    if told is not None and told.mapping != "unknown":
        return Nat(told.mapping, filtering, f"theirs has {told.mapping} mapping")
    shown = _shown_by_candidates(session)
    if shown:
        return Nat("address-dependent", filtering, shown, measured=False)
    return Nat(filtering=filtering)


def direct_possible(one: Nat, other: Nat) -> bool | None:
    """Whether two such NATs let a direct path through; None when that is not known.

    A side of which nothing is known may let no UDP out at all, so that a NAT that lets everybody
    in does not suffice for a yes.
    """
    sides = (Side(mapping=nat.mapping, filtering=nat.filtering) for nat in (one, other))
    verdict = {"direct": True, "no": False}.get(path(*sides))
    return None if verdict and "unknown" in (one.mapping, other.mapping) else verdict


def surely_exclude(one: Nat, other: Nat) -> bool:
    """Whether both are measured, and no NAT of their kinds lets a direct path through.

    A dependent mapping alone does not suffice: a NAT that lets anybody in at the port that a server
    saw gives the first check its way, and many send the answer back through that very port.
    """
    closed = all(n.filtering == DEPENDENT[1] for n in (one, other) if n.dependent)
    measured = one.measured and other.measured
    return measured and closed and direct_possible(one, other) is False


def several(candidates: Iterable[Candidate]) -> bool:
    """Whether more than one address of a side is seen from outside: there may be a NAT for each,
    and what is known is known of one."""
    bases = {c.related_address for c in candidates if c.type == "srflx" and ":" not in c.address}
    return len(bases) > 1


def shared_address(session: Session) -> str | None:
    """The public address that the outside sees both sides at, if it is the same one."""
    mine = {c.address for c in own_candidates(session, "srflx") if is_public(c.address)}
    own = {c.address for c in own_candidates(session, "host")}
    for c in their_candidates(session, "srflx"):
        if c.address in mine and c.address not in own:
            return c.address
    return None


def moved(session: Session) -> tuple[Candidate, Candidate] | None:
    """One server saw one base of ours at two addresses, one after the other."""
    seen: dict[tuple[str, str], Candidate] = {}
    found = None
    for c in session.local_candidates.values():
        if c.type != "srflx" or (c.unsupported and c.gone != "mapping"):
            continue
        key = (base_of(c) or "?", c.server or "")
        if key in seen and where(seen[key]) != where(c):
            found = (seen[key], c)
        seen[key] = c
    return found


# --- words --------------------------------------------------------------------------------------


def sentence(nat: Nat, *, ours: bool) -> str:
    """What one side's NAT does, in plain words beside the terms of RFC 4787."""
    whose, whom = ("Our NAT", "us") if ours else ("Their NAT", "them")
    if nat.absent:
        filters = ""
        if nat.filtering in DEPENDENT:
            filters = f"; a firewall {FILTERING_WORDS[nat.filtering]} ({nat.filtering} filtering)"
        return f"No NAT in front of {whom}: the outside sees the address itself{filters}."
    if nat.mapping == "unknown" and nat.filtering == "unknown":
        return (
            f"{whose}: not known (it takes two servers, or one that speaks RFC 5780)."
            if ours
            else f"{whose}: not known, their blob does not say."
        )
    if nat.mapping == "unknown":
        maps = "maps in a way that is not known"
    elif nat.measured:
        maps = f"{MAPPING_WORDS[nat.mapping]} ({nat.mapping} mapping)"
    else:
        maps = f"takes another public port for another destination, as it shows ({nat.evidence})"
    if nat.filtering == "unknown":
        return f"{whose} {maps}; whom it lets in is not known."
    return f"{whose} {maps} and {FILTERING_WORDS[nat.filtering]} ({nat.filtering} filtering)."


def in_words(mine: Nat, other: Nat) -> str:
    """What is known of both, as evidence."""
    parts = [mine.evidence, other.evidence]
    if mine.filtering != "unknown":
        parts.append(f"ours has {mine.filtering} filtering")
    if other.filtering != "unknown":
        parts.append(f"theirs has {other.filtering} filtering")
    return ", ".join(part for part in parts if part)


def further(nat: NatBehaviour) -> list[str]:
    """What else was found out about ours, a sentence each."""
    found = []
    if nat.udp is False:
        found.append("Nothing outside answers over UDP.")
    if nat.nat64:
        found.append("Our NAT makes IPv4 of our IPv6 (NAT64): the only way to IPv4 hosts.")
    if nat.port_preservation is not None:
        kept = "keeps" if nat.port_preservation else "does not keep"
        found.append(f"Our NAT {kept} our own port number outside (port preservation).")
    if nat.hairpinning is not None:
        does = "turns" if nat.hairpinning else "does not turn"
        found.append(f"Our NAT {does} packets to its own outside back inside (hairpinning).")
    if nat.binding_lifetime is not None:
        found.append(
            f"A binding of our NAT that nobody used lived at least {span(nat.binding_lifetime)}."
        )
    if nat.binding_lapsed is not None:
        found.append(
            f"A binding of our NAT that nobody used was gone after {span(nat.binding_lapsed)}."
        )
    if nat.carrier_grade:
        found.append(f"A second NAT stands behind ours: {nat.carrier_grade}.")
    if not nat.complete:
        found.append("Our NAT is still being examined.")
    return found + list(nat.notes)


# --- what shows itself --------------------------------------------------------------------------


def _shown_by_servers(session: Session) -> str | None:
    """Two servers see one local address at two ports."""
    seen: dict[str, dict[str, str]] = {}
    for row in session.mappings.values():
        seen.setdefault(row.local, {})[row.server] = row.mapped
    for base, by_server in _reflexive(session).items():
        for server, mapped in by_server.items():
            seen.setdefault(base, {}).setdefault(server, mapped)
    for base, by_server in seen.items():
        if len(by_server) > 1 and _another_port(by_server.values()):
            views = ", ".join(f"{server} sees {m}" for server, m in list(by_server.items())[:2])
            return f"ours gives {base} more than one port: {views}"
    return None


def _reflexive(session: Session) -> dict[str, dict[str, str]]:
    """By base, then by server: the last address it saw, from our candidates."""
    found: dict[str, dict[str, str]] = {}
    for c in session.local_candidates.values():
        if c.type != "srflx" or (c.unsupported and c.gone != "mapping"):
            continue
        base = base_of(c)
        if base and c.server:
            found.setdefault(base, {})[c.server] = where(c)
    return found


def _shown_by_peer(session: Session) -> str | None:
    """The peer sees a port that no server saw."""
    reflexive = _reflexive(session)
    for pair in live_pairs(session):
        socket = session.own_socket(pair)
        if socket is None or not pair.mapped:
            continue
        told = list(reflexive.get(socket, {}).values())
        if told and pair.mapped not in told and host_of(pair.mapped) == host_of(told[0]):
            return f"ours shows {pair.mapped} to them and {told[0]} to a server"
    return None


def _shown_by_candidates(session: Session) -> str | None:
    """One base of theirs has two public ports, or checks come from a port nobody announced."""
    reflexive = their_candidates(session, "srflx")
    by_base: dict[str, list[str]] = {}
    for c in reflexive:
        base = base_of(c)
        if base:
            by_base.setdefault(base, []).append(where(c))
    for base, seen in by_base.items():
        if _another_port(seen):
            return f"theirs gives {base} more than one port: {' and '.join(seen[:2])}"
    for c in their_candidates(session, "prflx"):
        announced = [r for r in reflexive if r.address == c.address]
        if announced:
            return f"theirs shows us {where(c)} and showed {where(announced[0])} to a server"
    return None


def base_of(c: Candidate) -> str | None:
    if not c.related_address or c.related_address in ("0.0.0.0", "::"):
        return None
    return address_port(c.related_address, c.related_port or 0)


def _another_port(seen: Iterable[str]) -> bool:
    """Whether the same address is there with two ports."""
    ports: dict[str, set[str]] = {}
    for text in seen:
        host, _, port = text.rpartition(":")
        ports.setdefault(host, set()).add(port)
    return any(len(found) > 1 for found in ports.values())
