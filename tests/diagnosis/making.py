"""Small sessions made by hand, for what no lab session shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from icetui import events
from icetui.diagnosis import Finding, diagnose
from icetui.events import AnyEvent, Candidate, Evidence, Pair, Reason, Server
from icetui.session import fold

STUN, OTHER_STUN, TURN = "stun:192.0.2.10:3478", "stun:192.0.2.11:3478", "turn:192.0.2.10:3478"


def stamped(event: type[Any], /, t: float = 0.0, **fields: Any) -> Any:
    return event(wall=1_700_000_000.0 + t, t=t, session="s", **fields)


def local(number: int = 1, **fields: Any) -> AnyEvent:
    given: dict[str, Any] = {"type": "host", "address": "192.168.1.2", "port": 5000}
    candidate = Candidate(id=f"L{number}", **(given | fields))
    event: AnyEvent = stamped(events.CandidateGathered, candidate=candidate)
    return event


def remote(number: int = 1, **fields: Any) -> AnyEvent:
    given: dict[str, Any] = {"type": "srflx", "address": "203.0.113.9", "port": 6000}
    candidate = Candidate(id=f"R{number}", **(given | fields))
    event: AnyEvent = stamped(events.RemoteCandidateAdded, t=1.0, candidate=candidate)
    return event


def reflexive(number: int = 2, address: str = "203.0.113.2", port: int = 7000, server: str = STUN,
              **fields: Any) -> AnyEvent:  # fmt: skip
    return local(number, type="srflx", address=address, port=port, server=server,
                 related_address="192.168.1.2", related_port=5000, **fields)  # fmt: skip


def server(url: str = STUN, t: float = 0.1, **fields: Any) -> AnyEvent:
    given: dict[str, Any] = {"kind": url[:4], "state": "ok", "time": 0.02}
    given["address"] = url.partition(":")[2].partition("?")[0]
    event: AnyEvent = stamped(events.ServerChanged, t=t, server=Server(url=url, **(given | fields)))
    return event


def nat(**fields: Any) -> AnyEvent:
    given: dict[str, Any] = {"local": "192.168.1.2", "behind_nat": True, "complete": True}
    behaviour = events.NatBehaviour(**(given | fields))
    event: AnyEvent = stamped(events.NatBehaviourChanged, t=0.5, nat=behaviour)
    return event


def pair(id: str = "L1-R1", t: float = 8.0, **figures: Any) -> AnyEvent:
    ours, _, theirs = id.partition("-")
    given: dict[str, Any] = {"state": "failed", "requests_sent": 1, "retransmissions_sent": 9}
    if "reason" not in figures and figures.get("state", "failed") == "failed":
        given |= {"reason": events.Reason.TIMEOUT, "detail": "10 requests, no answer"}
    event: AnyEvent = stamped(
        events.PairChanged, t=t, pair=Pair(id=id, local=ours, remote=theirs, **(given | figures))
    )
    return event


def gathered(*more: AnyEvent, host: AnyEvent | None = None) -> list[AnyEvent]:
    """A session that has gathered; ``more`` is what it found besides one host candidate."""
    return [
        stamped(events.SessionStarted, ufrag="ours"),
        stamped(events.GatheringStateChanged, state="gathering"),
        host or local(),
        *more,
        stamped(events.GatheringStateChanged, t=0.6, state="complete"),
        stamped(events.BlobChanged, t=0.6, blob="icetui:x", candidates=1, complete=True),
    ]


def checking(before: Iterable[AnyEvent], *more: AnyEvent, **described: Any) -> list[AnyEvent]:
    """… that checks a peer since second 1; ``more`` follows."""
    given: dict[str, Any] = {"ufrag": "theirs", "new_candidates": 1, "known_candidates": 1}
    given["complete"] = True
    return [
        *before,
        stamped(events.DescriptionAccepted, t=1.0, **(given | described)),
        stamped(events.RoleChanged, t=1.0, role="controlling"),
        stamped(events.ConnectionStateChanged, t=1.0, state="checking"),
        *more,
    ]


def connected(before: Iterable[AnyEvent], *more: AnyEvent, id: str = "L1-R1",
              **figures: Any) -> list[AnyEvent]:  # fmt: skip
    """… that is connected over a pair since second 2."""
    given: dict[str, Any] = {
        "state": "succeeded", "valid": True, "nominated": True, "requests_sent": 5,
        "responses_received": 5, "requests_received": 5, "retransmissions_sent": 0,
    }  # fmt: skip
    return [
        *before,
        pair(id, t=2.0, **(given | figures)),
        stamped(events.SelectedPairChanged, t=2.0, pair=id, cause="first valid pair"),
        stamped(events.ConnectionStateChanged, t=2.0, state="connected"),
        *more,
    ]


def findings(stream: Iterable[AnyEvent]) -> dict[str, Finding]:
    """What is said at the end, by rule; every finding has evidence."""
    found = diagnose(fold(stream))
    for finding in found:
        assert finding.evidence and finding.claim.endswith(".")
    return {finding.rule: finding for finding in found}


def icmp(what: str, router: str) -> dict[str, Any]:
    """Fields of a pair or server that a router, or a machine, said is unreachable: `port`, `host`
    or `prohibited` (RFC 792)."""
    code = {"host": 1, "port": 3, "prohibited": 13}[what]
    return {
        "reason": Reason.ICMP_UNREACHABLE,
        "detail": f"ICMP {what} unreachable, said {router}",
        "evidence": Evidence(icmp_version=4, icmp_type=3, icmp_code=code, router=router),
    }
