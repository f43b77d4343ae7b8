"""What can be wrong on our side: this machine, its interfaces, the network it is in."""

from __future__ import annotations

from icetui.diagnosis.evidence import Evidence, covers
from icetui.diagnosis.hypothesis import Hypothesis, Speaks
from icetui.diagnosis.questions import by_tcp, host_of, listed
from icetui.grammar import count


def _own_firewall(e: Evidence) -> Speaks:
    figure = f"{count(len(e.forbidden), 'pair')}: {e.forbidden[0].detail}"
    return ((20.0 if covers(e.forbidden, e.direct) else 1.5, figure),)


def _no_route(e: Evidence) -> Speaks:
    return ((50.0, f"{count(len(e.unsendable), 'pair')}: {e.unsendable[0].detail}"),)


def _virtual(e: Evidence) -> Speaks:
    found = [(30.0, f"our only interfaces are {listed(e.virtual)}")]
    if e.only_here_silent:  # which speaks for blocked UDP just as much
        found.append((15.0, f"{e.only_here_silent[0]} answers them over UDP, and not us"))
    return tuple(found)


def _hosts(e: Evidence) -> set[str]:
    return {host_of(s.address) for s in e.udp_silent if s.address}


def _udp_unheard(e: Evidence) -> bool:
    asked = [s for s in e.servers if s.transport == "udp"]
    return bool(asked) and len(e.udp_silent) == len(asked) and not e.udp_ok


def _blocked(e: Evidence) -> Speaks:
    asked = f"{count(len(e.udp_silent), 'server')} asked over UDP, none answered"
    asked += f" ({listed(s.url for s in e.udp_silent)})"
    found = [(3.0 if len(_hosts(e)) > 1 else 1.0, asked)]
    if e.only_here_silent:
        found.append((15.0, f"{e.only_here_silent[0]} answers them over UDP, and not us"))
    for server in e.machines_up[:1]:
        figure = f"{server.address}, silent over UDP, {by_tcp(server)}: that machine is there"
        found.append((4.0, figure))
    for server in e.stream_ok[:1]:
        same = bool(server.address) and host_of(server.address or "") in _hosts(e)
        who = "the same server" if same else server.url
        found.append((12.0 if same else 3.0, f"over {server.transport.upper()} {who} answers"))
    return tuple(found)


def _dead_servers(e: Evidence) -> Speaks:
    figure = f"{listed(c.address for c in e.ours)} (no server has told our public address: "
    figure += f"{e.udp_silent[0].url} does not answer)"
    alone = len(_hosts(e)) == 1 and not e.stream_ok
    # A single server may well be down or wrongly named, several at once hardly.
    found = [(3.0 if alone else 1.0, figure)]
    if e.silent_to_both:
        found.append((5.0, f"{e.silent_to_both[0]} does not answer them either"))
    return tuple(found)


def _no_address(e: Evidence) -> Speaks:
    """Why none of ours is public, as far as it is known."""
    addresses = listed(c.address for c in e.ours)
    dead = [s for s in e.servers if s.state == "failed"]
    inside = [s for s in e.servers if s.mapped and not e.our_public]
    if not e.servers:
        return ((1.0, f"{addresses} (no STUN server was asked)"),)
    if inside:
        why = f"{inside[0].url} sees us at {inside[0].mapped}: it is inside our own network"
        return ((1.0, f"{addresses} ({why}, or says something wrong)"),)
    if dead:
        failed = dead[0].detail or dead[0].reason
        return ((1.0, f"{addresses} (no server has told it: {dead[0].url} failed, {failed})"),)
    return ((1.0, f"{addresses} (no STUN server has told it)"),)


def _knocking(e: Evidence) -> bool:
    """Whether we could reach them although nobody can reach us."""
    return e.their_public and e.other.filtering == "endpoint-independent"


def _both_private(e: Evidence) -> str:
    if not e.their_public:
        return "both blobs hold private addresses only, which lead nowhere from another network"
    return "our blob holds private addresses only, which lead nowhere from another network"


def _name_stun(e: Evidence) -> str:
    if not e.their_public:
        return "Name a STUN server on both sides (--stun), or a TURN server on one (--turn)."
    return "Name a STUN server here that answers (--stun); a TURN server (--turn) helps more often."


HYPOTHESES: tuple[Hypothesis[Evidence], ...] = (
    Hypothesis(
        code="own-firewall",
        rule="sending-refused",
        place="our machine",
        words=lambda e: "this machine's own firewall refuses to send to them",
        common=lambda e: 2.0,
        possible=lambda e: bool(e.forbidden) and not e.answered,
        speaks=_own_firewall,
        proved=lambda e: covers(e.forbidden, e.leading)
        and not e.relayed and not e.heard,
        pairs=lambda e: e.forbidden,
        remedy=lambda e: "Allow outgoing UDP in this machine's firewall.",
    ),
    Hypothesis(
        code="no-route",
        rule="sending-refused",
        place="our machine",
        words=lambda e: "this machine has no way to any of their addresses",
        common=lambda e: 2.0,
        possible=lambda e: len(e.unsendable) == len(e.pairs) and not e.forbidden,
        speaks=_no_route,
        pairs=lambda e: e.unsendable,
        proved=lambda e: bool(e.pairs),
        remedy=lambda e: "Check this machine's network connection and routes.",
    ),
    Hypothesis(
        code="virtual-interface",
        rule="virtual-interface",
        place="our machine",
        words=lambda e: "none of our interfaces leads out: by their names they are VPNs or "
        "container bridges",
        common=lambda e: 10.0,
        possible=lambda e: bool(e.virtual) and not e.udp_ok,
        speaks=_virtual,
        remedy=lambda e: "Choose the interface that leads to the internet with --interface, or "
        "none.",
    ),
    Hypothesis(
        code="udp-blocked-here",
        rule="udp-blocked",
        place="our network",
        words=lambda e: "our own network lets no UDP out",
        common=lambda e: 40.0,
        possible=_udp_unheard,
        speaks=_blocked,
        remedy=lambda e: "Allow outgoing UDP in the firewall here, or name a TURN server that is "
        "reached over TCP or TLS (--turn turns:user:password@host).",
    ),
    Hypothesis(
        code="servers-dead",
        rule="private-addresses",
        place="a server",
        words=lambda e: "the servers we ask are down or wrongly named, so nobody tells our public "
        "address",
        common=lambda e: 8.0 if e.machines_up else 40.0 if e.machines_silent else 25.0,
        possible=lambda e: _udp_unheard(e) and not e.our_public and not e.neighbours
        and len(e.only_here_silent) < len(e.udp_silent),
        speaks=_dead_servers,
        remedy=lambda e: "Check the names and ports of the servers, or name others.",
    ),
    Hypothesis(
        code="no-public-address",
        rule="private-addresses",
        place="our network",
        words=_both_private,
        common=lambda e: 60.0,
        possible=lambda e: e.gathered and not e.our_public and not e.neighbours and not e.heard
        and bool(e.ours) and len(e.itself) < len(e.pairs)
        and not _udp_unheard(e) and not _knocking(e),
        speaks=_no_address,
        remedy=_name_stun,
    ),
)  # fmt: skip
"""In no order: what is left is ordered by what speaks for it."""
