"""What several rules ask of a session, and how figures are put into words."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from icetui.address_ranges import LOCAL, PRIVATE, within
from icetui.events import Candidate, Pair, Reason, Refused, Server, StunMessage, address_port
from icetui.grammar import count
from icetui.session import Session

PATIENCE = 2.0
"""Seconds of checks without any answer before silence is evidence, where answers come quickly …"""
LONGEST_PATIENCE = 12.0
"""… and where our own servers are slow to answer."""
HEARD_PATIENCE = 2.5
"""Seconds from their first check until an answer to ours is missing, on a line of any speed."""
VPN_NAMES = ("tun", "tap", "wg", "ppp", "utun", "tailscale", "zt", "nordlynx", "ipsec", "vpn")
CONTAINER_NAMES = (
    "docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "lxc", "lxd", "cni", "flannel", "cali",
    "podman", "vnet",
)  # fmt: skip


# --- addresses ----------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; None for a name, and for whatever else a recording may hold."""
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def is_private(address: str) -> bool:
    """Whether only hosts of the same network can reach it."""
    ip = parsed(address)
    return ip is not None and within(ip, (*PRIVATE, *LOCAL))


def is_loopback(address: str) -> bool:
    """Whether it is this machine's own."""
    ip = parsed(address)
    return ip is not None and ip.is_loopback


def is_public(address: str) -> bool:
    """Whether it is an IP address that other networks can reach."""
    return parsed(address) is not None and not is_private(address)


def networks(candidates: Iterable[Candidate]) -> set[tuple[int, int]]:
    """The networks their addresses are in, by the usual prefix lengths, 24 and 64; the real ones
    are not in the stream."""
    ips = (parsed(c.address) for c in candidates)
    return {(ip.version, int(ip) >> (8 if ip.version == 4 else 64)) for ip in ips if ip is not None}


def host_of(transport_address: str) -> str:
    """`192.0.2.1:3478` → `192.0.2.1`, `[2001:db8::1]:3478` → `2001:db8::1`."""
    return transport_address.rpartition(":")[0].strip("[]")


def where(candidate: Candidate | None) -> str:
    """A candidate's transport address."""
    return address_port(candidate.address, candidate.port) if candidate else "an unknown address"


def interface_kind(name: str | None) -> str | None:
    """`VPN`, `container` or None, by the name alone: nothing else of it is known."""
    if not name:
        return None
    if name.startswith(VPN_NAMES):
        return "VPN"
    return "container" if name.startswith(CONTAINER_NAMES) else None


# --- the session --------------------------------------------------------------------------------


def live_pairs(session: Session) -> list[Pair]:
    """Pairs of the present generation and of the one that still carries data."""
    return [p for p in session.pairs.values() if p.reason != Reason.SUPERSEDED]


def own_candidates(session: Session, *kinds: str) -> list[Candidate]:
    """Ours that can be used, of these types; of all without any."""
    return [
        c
        for c in session.local_candidates.values()
        if not c.unsupported and (not kinds or c.type in kinds)
    ]


def their_candidates(session: Session, *kinds: str) -> list[Candidate]:
    """Theirs that can be used, of these types; of all without any."""
    return [
        c
        for c in session.remote_candidates.values()
        if not c.unsupported and (not kinds or c.type in kinds)
    ]


def checking_for(session: Session) -> float:
    """Seconds since checks could start."""
    start = session.both_known_at
    return 0.0 if start is None else session.t - start


def patience(session: Session) -> float:
    """Seconds of silence that mean something: twice the slowest server's answer and a bit."""
    slowest = max((s.time or 0.0 for s in session.servers.values() if s.state == "ok"), default=0.0)
    return min(LONGEST_PATIENCE, max(PATIENCE, 1.0 + 2 * slowest))


def trying(session: Session) -> bool:
    """Whether checks have run for a while and no path has ever stood."""
    return (
        not session.connected
        and not session.lost_after_connected
        and session.connected_at is None
        and not session.peer_left
        and session.failure is None
        and session.state_before_closing in ("checking", "failed")
        and checking_for(session) >= patience(session)
    )


def requests_of(pairs: Iterable[Pair]) -> int:
    """Sendings of checks, repeated ones too."""
    return sum(p.requests_sent + p.retransmissions_sent for p in pairs)


def heard(session: Session) -> int:
    """Correctly keyed checks of theirs that arrived."""
    return sum(p.requests_received for p in live_pairs(session))


def heard_for(session: Session) -> float:
    """Seconds since the first check of theirs arrived, as far back as the log reaches."""
    for event in session.log:
        if not isinstance(event, StunMessage) or event.direction == "out" or not event.pair:
            continue
        if event.message_class == "request":
            return session.t - event.t
    return checking_for(session)


def one_way_for_long(session: Session) -> bool:
    """Whether they have been heard for so long that an answer to us was due, however slow the
    line: ours started with theirs, so it takes a round trip less what theirs took to come."""
    return heard(session) > 0 and heard_for(session) >= HEARD_PATIENCE


def answered(session: Session) -> bool:
    """Whether anything came back for a check of ours: success or refusal."""
    return any(
        p.valid or p.responses_received or p.reason == Reason.UNAUTHENTICATED
        for p in abroad(session)
    )


def unheard(session: Session) -> bool:
    """Whether, after a while, nothing whatever has come from the other side."""
    pairs = live_pairs(session)
    return (
        bool(pairs)
        and trying(session)
        and not answered(session)
        and not heard(session)
        and not refusals(session)
        and requests_of(pairs) > 0
    )


def refusals(session: Session) -> list[Refused]:
    """What was refused of others. Not of ourselves: what we send to an address that is our own
    here, because theirs is numbered alike, comes back to the very socket it left from."""
    own = _own_sockets(session)
    return [r for r in session.refused.values() if r.remote not in own]


def _own_sockets(session: Session) -> set[str]:
    return {where(c) for c in own_candidates(session, "host")}


def abroad(session: Session) -> list[Pair]:
    """Live pairs, less those to a transport address that is our own here: both sides may use the
    same private address (two homes, two container bridges) and port, and then we answer
    ourselves."""
    own = _own_sockets(session)
    ourselves = {c.id for c in session.remote_candidates.values() if where(c) in own}
    return [p for p in live_pairs(session) if p.remote not in ourselves]


def has_relay(session: Session) -> bool:
    """Whether either side has a relayed candidate."""
    return bool(own_candidates(session, "relay") or their_candidates(session, "relay"))


def unanswered(session: Session) -> str:
    """`24 requests on 4 pairs, no answer`."""
    pairs = live_pairs(session)
    return f"{count(requests_of(pairs), 'request')} on {count(len(pairs), 'pair')}, no answer"


def ids(pairs: Iterable[Pair], most: int = 8) -> tuple[str, ...]:
    """The ids of the first few."""
    return tuple(p.id for p in pairs)[:most]


# --- words --------------------------------------------------------------------------------------


def span(seconds: float) -> str:
    """`42 ms`, `3.1 s`, `5 min`, `3 h`, `4 days`."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} days"


def listing(words: list[str]) -> str:
    """What may be, the likeliest first; never as if it were all that may be."""
    if len(words) == 1:
        return f"Most likely {words[0]}; or something else."
    return f"Likeliest first: {'; '.join(words)}; or something else."


def has_answered(session: Session) -> bool:
    """Whether what we hold is their answer to ours: then they have ours for certain."""
    told = session.their_description
    return told is not None and (
        told.sdp_type == "answer"
        or (session.started is not None and told.answers == session.started.ufrag)
    )


def listed(items: Iterable[str], most: int = 4) -> str:
    """`a, b, c and 5 more`."""
    found = list(dict.fromkeys(items))
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def with_icetui(session: Session) -> bool:
    """Whether the other side is one, too, as far as their description shows."""
    return session.their_description is None or session.their_description.kind == "blob"


def by_tcp(server: Server) -> str:
    """What the machine of a server that is silent over UDP does with a TCP connection; empty: none
    comes about there, or none was tried."""
    for outcome, port in ((server.over_tcp, ""), (server.over_web, " at port 443, the web's")):
        if outcome in ("connected", "refused"):
            return f"{'takes' if outcome == 'connected' else 'refuses'} a TCP connection{port}"
    return ""
