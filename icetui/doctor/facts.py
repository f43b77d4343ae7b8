"""What an examined session says about reaching others, as plain values: the object of `--json`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, cast

import msgspec

from icetui import __version__
from icetui.diagnosis.questions import is_loopback
from icetui.diagnosis.relay_proofs import is_of_no_use
from icetui.events import (
    Candidate,
    Interface,
    NatBehaviour,
    NatDependence,
    Reason,
    RelayTried,
    Server,
    ServerTransport,
)
from icetui.reachability import KINDS, Path, Side, in_plain_words, towards, well_known_name
from icetui.session import Session

FINE, ONLY_RELAYED, FAILED, NOTHING_WORKS = 0, 1, 3, 4
"""Exit codes, part of the command line's contract; 2 is wrong usage."""

Verdict = Literal["fine", "only-relayed", "nothing-works"]
_CODES: dict[Verdict, int] = {
    "fine": FINE,
    "only-relayed": ONLY_RELAYED,
    "nothing-works": NOTHING_WORKS,
}


class MappingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the NAT table."""

    local: str
    seen_as: str
    by: str
    """`ip:port` of who saw it."""
    url: str
    interface: str | None
    time: float
    """Seconds since the engine started."""


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of NAT the other side may be behind, and the path to it."""

    kind: str
    name: str
    plain: str
    mapping: NatDependence
    filtering: NatDependence
    path: Path


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. Times in seconds."""

    version: str
    complete: bool
    cut_short: str
    """Why it is not complete."""
    time: float
    """How long the examination took."""
    interfaces: tuple[Interface, ...]
    servers: tuple[Server, ...]
    candidates: tuple[Candidate, ...]
    candidate_failures: tuple[str, ...]
    nat_table: tuple[MappingRow, ...]
    nats: tuple[NatBehaviour, ...]
    nat: NatBehaviour | None
    """The one that is easiest to get through, if there are several."""
    nat_name: str | None
    """`symmetric` and the like."""
    nat_sentence: str
    udp: bool | None
    ipv6: bool | None
    """Whether a server was reached over IPv6; None: none was asked."""
    relays: tuple[ServerTransport, ...]
    """Over what a TURN server relays, as far as nothing speaks against it."""
    relays_tried: tuple[RelayTried, ...]
    """For each relayed address: whether a datagram went out of it and back."""
    peers: tuple[Peer, ...]
    verdict: Verdict
    sentence: str
    exit_code: int


def facts(session: Session, cut_short: str = "") -> Facts:
    """What `session` allows to say."""
    nat = session.nat
    udp = _udp(session)
    relays = frozenset(
        s.transport for s in session.servers.values() if s.relayed and not is_of_no_use(session, s)
    )
    relay_only = session.started is not None and session.started.relay_only
    ours = Side(
        mapping=nat.mapping if nat else "unknown",
        filtering=nat.filtering if nat else "unknown",
        udp=udp,
        told=True if nat and nat.behind_nat is not None else None,
        relays=relays,
    )
    paths = towards(ours)
    if udp is None:
        paths = {k: _perhaps(p, bool(relays)) for k, p in paths.items()}
    if relay_only or not session.local_candidates or _only_loopback(session):
        paths = {k: _without_direct(p, bool(relays)) for k, p in paths.items()}
    verdict = _verdict(paths, session.servers.values())
    return Facts(
        version=__version__,
        complete=not cut_short,
        cut_short=cut_short,
        time=session.t,
        interfaces=tuple(session.interfaces.values()),
        servers=tuple(session.servers.values()),
        candidates=tuple(session.local_candidates.values()),
        candidate_failures=tuple(f.detail for f in session.candidate_failures),
        nat_table=tuple(
            MappingRow(
                local=m.local,
                seen_as=m.mapped,
                by=m.server,
                url=m.url,
                interface=m.interface,
                time=m.t,
            )
            for m in session.mappings.values()
        ),
        nats=tuple(session.nats.values()),
        nat=nat,
        nat_name=_name(nat),
        nat_sentence=_nat_sentence(session, nat, relay_only),
        udp=udp,
        ipv6=_ipv6(session),
        relays=tuple(sorted(relays)),
        relays_tried=tuple(session.relays_tried.values()),
        peers=tuple(
            Peer(
                kind=k.id,
                name=k.name,
                plain=k.plain,
                mapping=k.mapping,
                filtering=k.filtering,
                path=paths[k.id],
            )
            for k in KINDS
        ),
        verdict=verdict,
        sentence=_sentence(session, verdict, paths),
        exit_code=_CODES[verdict],
    )


def _udp(session: Session) -> bool | None:
    """Of all bases together: one that gets out is enough."""
    if any(s.relayed and s.transport == "udp" for s in session.servers.values()):
        return True
    said = [n.udp for n in session.nats.values()]
    if True in said:
        return True
    # Where nothing answers in any way, the servers or the whole network may be down.
    answered = any(s.state == "ok" or s.reason in HEARD for s in session.servers.values())
    return False if said and None not in said and answered else None


def _ipv6(session: Session) -> bool | None:
    said = [n.udp for n in session.nats.values() if ":" in n.local]
    return True if True in said else False if False in said else None


def _name(nat: NatBehaviour | None) -> str | None:
    if nat is None or nat.behind_nat is None:
        return None
    return well_known_name(nat.mapping, nat.filtering) if nat.behind_nat else "no NAT"


def _nat_sentence(session: Session, nat: NatBehaviour | None, relay_only: bool) -> str:
    if relay_only:
        return "With --relay-only nobody is asked what your NAT does: your own addresses stay out."
    if not (session.started and session.started.servers):
        return (
            "No server was asked, so nobody outside has said whether there is a NAT, what it does "
            "and whether UDP gets out."
        )
    if nat is None:
        return "No address of this machine could ask a server."
    return in_plain_words(nat.mapping, nat.filtering, nat.behind_nat, nat.udp)


def _perhaps(path: Path, relayed: bool) -> Path:
    """Where nobody has said whether UDP gets out, no direct path is promised."""
    if path != "direct":
        return path
    return "direct-or-relay" if relayed else "direct-or-no"


def _only_loopback(session: Session) -> bool:
    addresses = [c.address for c in session.local_candidates.values() if c.type != "relay"]
    return bool(addresses) and all(is_loopback(address) for address in addresses)


def _without_direct(path: Path, relayed: bool) -> Path:
    """For whoever uses no address of its own, whatever its NAT would allow."""
    return path if path in ("relay", "no") else "relay" if relayed else "no"


def _verdict(paths: dict[str, Path], servers: Collection[Server]) -> Verdict:
    asked_in_vain = servers and all(s.state == "failed" for s in servers)
    if asked_in_vain and "direct" not in paths.values():
        return "nothing-works"
    if any(p.startswith("direct") for p in paths.values()):
        return "fine"
    return "only-relayed" if "relay" in paths.values() else "nothing-works"


def _sentence(session: Session, verdict: Verdict, paths: dict[str, Path]) -> str:
    relay_only = session.started is not None and session.started.relay_only
    if not session.local_candidates and not relay_only:
        return "This machine has no address to be reached at."
    servers = session.servers.values()
    failed = {s.url: str(s.reason) for s in servers if s.state == "failed"}
    if failed and all(s.state == "failed" for s in servers) and "direct" not in paths.values():
        did = "answered" if all(reason in _UNHEARD for reason in failed.values()) else "is of use"
        return (
            f"None of the servers asked {did}, so nothing is known to be reachable from here: "
            f"{_listed(failed)}."
        )
    said = _reachable(verdict, paths)
    if _only_loopback(session):
        said = "Only loopback was looked at, which reaches nobody but this machine."
    working = {s.url for s in servers if s.state == "ok"}
    useless = {url: reason for url, reason in failed.items() if url not in working}
    useless |= {s.url: "it relays nothing" for s in servers if is_of_no_use(session, s)}
    return f"{said} Not of use: {_listed(useless)}." if useless else said


HEARD = (Reason.UNAUTHENTICATED, Reason.FORBIDDEN, Reason.QUOTA, Reason.TLS, Reason.STALE_NONCE)
"""Reasons that only a server gives that was reached, over TCP where UDP is silent."""
_UNHEARD = (Reason.TIMEOUT, Reason.DNS, Reason.ICMP_UNREACHABLE, Reason.SEND_ERROR)
"""Reasons for which not one answer of the server has been seen."""


def _listed(failed: dict[str, str]) -> str:
    return ", ".join(f"{url} ({reason})" for url, reason in failed.items())


def _reachable(verdict: Verdict, paths: dict[str, Path]) -> str:
    if verdict == "nothing-works":
        return "No kind of peer outside your own network is known to be reachable from here."
    if verdict == "only-relayed":
        return "Others can be reached only through a TURN relay."
    perhaps = [k.name for k in KINDS if "-or-" in paths[k.id]]
    if perhaps and "direct" not in paths.values():
        return "Nothing speaks against direct paths; not enough is known to promise them."
    direct, relayed, lost = (
        [k.name for k in KINDS if paths[k.id] == path and (path != "no" or k.udp)]
        for path in ("direct", "relay", "no")
    )
    parts = [f"Direct to {len(direct)} of {len(paths)} kinds of peers"]
    if perhaps:
        parts.append(f"perhaps direct to: {', '.join(perhaps)}")
    if relayed:
        parts.append(f"over a relay to: {', '.join(relayed)}")
    if lost:
        parts.append(f"out of reach without a TURN server: {', '.join(lost)}")
    if any(paths[k.id] == "no" for k in KINDS if not k.udp):
        parts.append("a peer whose UDP is blocked needs a TURN server of its own over TCP or TLS")
    return f"{'; '.join(parts)}."


def as_json_line(found: Facts) -> bytes:
    """One line. What is false or empty in an event is left out there; scripts want it here."""
    whole = msgspec.to_builtins(found)
    whole["nats"] = [_whole(n) for n in found.nats]
    whole["nat"] = _whole(found.nat) if found.nat is not None else None
    whole["servers"] = [_whole(s) for s in found.servers]
    whole["interfaces"] = [_whole(i) for i in found.interfaces]
    whole["relays_tried"] = [_without_stamp(_whole(r)) for r in found.relays_tried]
    whole["candidates"] = [_whole(c) for c in found.candidates]
    return msgspec.json.encode(whole) + b"\n"


def _without_stamp(event: dict[str, object]) -> dict[str, object]:
    """When and in which session something was told is nobody's concern here."""
    return {k: v for k, v in event.items() if k not in ("wall", "t", "session")}


def _whole(part: msgspec.Struct) -> dict[str, object]:
    return cast("dict[str, object]", msgspec.structs.asdict(part))
