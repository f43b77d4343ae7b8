"""Findings about STUN and TURN servers, and about UDP as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from icetui.diagnosis import failures, nats
from icetui.diagnosis.finding import Finding
from icetui.diagnosis.questions import (
    by_tcp,
    host_of,
    ids,
    listed,
    live_pairs,
    own_candidates,
    span,
    trying,
    where,
)
from icetui.events import Reason, Server, StunMessage
from icetui.grammar import count
from icetui.session import Session

SILENT = (Reason.TIMEOUT, Reason.ICMP_UNREACHABLE)
EXPIRES_SOON = 0.1
"""Share of an allocation's lifetime left at which it should have been refreshed already: clients
do so a while before its end (RFC 8656 section 8), ours with a sixth left."""
REFRESH_PATIENCE = 2.0
"""Seconds a TURN server gets to answer a Refresh."""


# --- UDP as a whole -----------------------------------------------------------------------------


def udp_blocked(session: Session) -> Iterator[Finding]:
    """No server answers over UDP, and nothing else has come over UDP either."""
    if session.gathering != "complete" or _any_udp(session) or trying(session):
        return
    udp = [s for s in session.servers.values() if s.transport == "udp"]
    silent = [s for s in udp if s.state == "failed" and s.reason in SILENT]
    if not udp or len(silent) < len(udp):
        return
    working = [s for s in session.servers.values() if s.transport != "udp" and s.state == "ok"]
    hosts = {host_of(s.address) for s in silent if s.address}
    same_host = [s for s in working if s.address and host_of(s.address) in hosts]
    evidence = f"{count(len(udp), 'server')} asked over UDP, none answered ({_named(silent)})"
    if working:
        proof = "the same server answers" if same_host else f"{working[0].url} answers"
        yield Finding(
            rule="udp-blocked",
            severity="info",
            claim="Most likely UDP is blocked here: no server answers over UDP, one over "
            f"{working[0].transport.upper()} does.",
            evidence=f"{evidence}; over {working[0].transport.upper()} {proof}",
            remedy="Only relayed paths can work: keep the TURN server over TCP or TLS, or allow "
            "outgoing UDP in the firewall.",
        )
    elif len(udp) > 1:  # a single one may just as well be dead
        tcp = [s for s in session.servers.values() if s.transport != "udp"]
        also = f"; over TCP or TLS none either ({_named(tcp)})" if tcp else ""
        what = (
            "No server answers, over UDP or over TCP; most likely this machine is cut off from "
            "them, or they are down."
            if tcp
            else "No server answers over UDP; most likely a firewall here blocks UDP, this machine "
            "is offline, or the servers are down."
        )
        yield Finding(
            rule="udp-blocked",
            severity="warning",
            claim=what,
            evidence=f"{evidence}{also}; nothing else has arrived over UDP",
            remedy="Try a TURN server over TCP or TLS: --turn turn:user:password@host"
            "?transport=tcp, or turns:user:password@host."
            if not tcp
            else "Check this machine's network and firewall, then the servers' names and ports.",
        )


def _any_udp(session: Session) -> bool:
    """Whether anything has arrived over UDP from outside this network."""
    if any(s.transport == "udp" and s.state == "ok" for s in session.servers.values()):
        return True
    return any(
        session.own_socket(p) is not None and (p.responses_received or p.requests_received)
        for p in live_pairs(session)
    )


def _named(servers: list[Server]) -> str:
    return listed(s.url for s in servers)


# --- one server ---------------------------------------------------------------------------------


def server_failures(session: Session) -> Iterator[Finding]:
    """A configured server did not do its part."""
    blocked = any(udp_blocked(session))
    for server in session.servers.values():
        if server.state != "failed" or (blocked and server.transport == "udp"):
            continue
        if server.transport == "udp" and server.reason in SILENT and _udp_undecided(session):
            continue
        rule, claim, remedy = server_verdict(server)
        yield Finding(
            rule=rule,
            severity="warning",
            claim=claim,
            evidence=server_evidence(server),
            remedy=remedy,
        )


def _udp_undecided(session: Session) -> bool:
    """Whether other servers are still asked, so that it is open whether it is UDP as a whole."""
    return session.gathering == "gathering" and not _any_udp(session)


def server_evidence(server: Server) -> str:
    took = f" after {span(server.time)}" if server.time is not None else ""
    at = f"{server.address}: " if server.address and server.address not in server.url else ""
    return f"{server.url}: {at}{server.detail or server.reason}{took}"


def server_verdict(server: Server) -> tuple[str, str, str]:
    """Rule name, claim and remedy for a server that failed."""
    what = f"The {server.kind.upper()} server {server.url}"
    lost = "it lends us no relayed address" if server.kind == "turn" else (
        "it cannot tell what our public address is"
    )  # fmt: skip
    detail, evidence = server.detail or "", server.evidence or failures.NOTHING
    match server.reason:
        case Reason.UNAUTHENTICATED if evidence.credentials is False:
            return (
                "turn-credentials",
                f"{what} wants a user name and password, and none was given.",
                "Write them into the URI: --turn turn:user:password@host.",
            )
        case Reason.UNAUTHENTICATED:
            return (
                "turn-credentials",
                f"{what} refuses our user name or password.",
                "Check user name and password in the --turn URI; time-limited ones may have "
                "expired.",
            )
        case Reason.DNS if evidence.resolver == "other-family":
            return (
                "server-family",
                f"{what} has no address of an IP family that is in use here; {lost}.",
                "Allow both families (--ipv4 --ipv6), or name a server that has the other one.",
            )
        case Reason.DNS:
            return (
                "server-unresolved",
                f"The name of {server.url} cannot be resolved; {lost}.",
                "Check the spelling of the server's name and this machine's resolver.",
            )
        case Reason.TLS if (evidence.tls or "").startswith("certificate"):
            return (
                "turn-tls",
                f"{what} shows a certificate that is not accepted; {lost}.",
                "Check the host name in the URI and the server's certificate; a private authority "
                "is named with SSL_CERT_FILE.",
            )
        case Reason.TLS:
            return (
                "turn-tls",
                f"No TLS connection to {server.url} comes about; {lost}.",
                "Check whether that port is a TURN server's TLS port: another service may be "
                "there, or something on the way may answer in its place.",
            )
        case Reason.TIMEOUT if did := by_tcp(server):
            return (
                "server-silent",
                f"{what} does not answer over UDP, though its machine is there and {did}: "
                f"UDP is dropped on the way, or the service is down; {lost}.",
                "Check whether a firewall here drops UDP to it, and whether the server is running.",
            )
        case Reason.TIMEOUT:
            return (
                "server-silent",
                f"{what} does not answer us; most likely it is down, its address or port is wrong, "
                f"or a firewall drops this traffic; {lost}.",
                "Check the server's address and port, and whether a firewall here drops "
                f"{server.transport.upper()} to it.",
            )
        case Reason.ICMP_UNREACHABLE if failures.port_unreachable(evidence):
            return (
                "server-closed",
                f"Port unreachable is said of {server.url}: nothing listens there, or a firewall "
                f"refuses us; {lost}.",
                "Check the port in the URI, whether the server is running, and firewalls.",
            )
        case Reason.ICMP_UNREACHABLE if failures.prohibited(evidence):
            return (
                "server-unreachable",
                f"A firewall on the way forbids us {server.url}, and says so; {lost}.",
                "Its address is in the evidence: whoever runs it can allow this traffic.",
            )
        case Reason.ICMP_UNREACHABLE if failures.too_big(evidence):
            return (
                "server-unreachable",
                f"A router says that our messages are too big for the way to {server.url}; {lost}.",
                "Look at the MTU of this network, a VPN's or tunnel's perhaps.",
            )
        case Reason.SEND_ERROR if failures.forbidden_here(evidence):
            return (
                "server-unreachable",
                f"This machine's own firewall does not let us write to {server.url}; {lost}.",
                "Look at this machine's own firewall rules.",
            )
        case Reason.ICMP_UNREACHABLE:
            return (
                "server-unreachable",
                f"A router says that it cannot bring us to {server.url}; {lost}.",
                "Check the server's address and this machine's network.",
            )
        case Reason.SEND_ERROR if _is_closed(server):
            return (
                "server-closed",
                f"Nothing listens at {server.url}: the connection was refused; {lost}.",
                "Check the port in the URI and whether the server is running.",
            )
        case Reason.INSUFFICIENT_CAPACITY:
            return (
                "turn-quota",
                f"{what} has no capacity left (508).",
                "Try later, or name another server.",
            )
        case Reason.QUOTA:
            return (
                "turn-quota",
                f"{what} has no room for another allocation of this user.",
                "Close other sessions of the same user, wait until their allocations run out, or "
                "name another server.",
            )
        case Reason.FORBIDDEN:
            return (
                "turn-refused",
                f"{what} forbids us an allocation.",
                "Ask who runs the server, or name another one.",
            )
        case Reason.TRANSPORT_UNSUPPORTED:
            return (
                "turn-refused",
                f"{what} does not relay UDP, which ICE needs.",
                "Name another TURN server.",
            )
    return (
        "server-useless",
        f"{what} is of no use: {detail or 'it does not say why'}; {lost}.",
        "Check this machine's network. If that has IPv6 alone, name the server by its host name, "
        "of which a NAT64's resolver makes an IPv6 address."
        if failures.no_way_out(evidence)
        else "Check the URI, or name another server.",
    )


# --- relaying -----------------------------------------------------------------------------------


def relay_forbidden(session: Session) -> Iterator[Finding]:
    """The TURN server lends an address but will not relay to this peer."""
    refused = [
        p for p in live_pairs(session) if p.reason in failures.DENIED and p.state == "failed"
    ]
    if not refused or session.connected or trying(session):
        return
    relays = {c.id: c for c in session.local_candidates.values()}
    urls = {(relays[p.local].server or "?") for p in refused if p.local in relays}
    yield Finding(
        rule="relay-forbidden",
        severity="warning",
        claim="The TURN server refuses to relay to their addresses.",
        evidence=f"{listed(urls)}: {count(len(refused), 'pair')} refused, {refused[0].detail}",
        remedy="Its operator forbids these addresses (403): ask for them to be allowed, or name "
        "another TURN server on one side.",
        pairs=ids(refused),
    )


def allocation_lost(session: Session) -> Iterator[Finding]:
    """A TURN server has forgotten our allocation."""
    gone = [
        c for c in session.local_candidates.values() if c.type == "relay" and c.gone == "allocation"
    ]
    if not gone or session.peer_left:
        return
    last = gone[-1]
    again = [c for c in own_candidates(session, "relay") if c.server == last.server]
    server = session.servers.get(last.server or "")
    pairs = [p for p in live_pairs(session) if p.local in {c.id for c in gone}]
    stopped = server is not None and server.state == "failed" and _is_closed(server)
    silent = not again and not stopped
    if again:
        news = f"; it has lent us {where(again[-1])} since"
    elif server is not None and server.state == "failed":
        news = f"; asked again: {server.detail or server.reason}"
    else:
        news = "; it is being asked again"
    what = "The relayed path is gone: its TURN server"
    if session.connected and again:
        claim = "A TURN server had lost our allocation, and has lent us another address."
    elif session.connected:
        claim = "A TURN server does not relay for us any more; the session goes on without it."
    elif again:
        claim = (
            "The relayed path is gone: our NAT has given us another port, from which its TURN "
            "server does not know us."
            if nats.moved(session)
            else f"{what} has lost our allocation: it was restarted, our NAT has given us another "
            "port, the allocation ran out, or something else."
        )
    elif stopped:
        claim = f"{what} has stopped, as far as it has been asked."
    else:
        claim = f"{what} does not confirm our allocation any more."
    remedy = "Is the TURN server running, and the way to it open? It is asked again by itself."
    if session.connected:
        remedy = ""
    elif again:
        remedy = "Send them our new blob: it holds the new relayed address."
    yield Finding(
        rule="allocation-lost",
        severity="info" if session.connected else "warning" if silent else "problem",
        claim=claim,
        evidence=f"{last.server}: {where(last)} relays nothing any more{news}",
        remedy=remedy,
        pairs=ids(pairs),
    )


def _is_closed(server: Server) -> bool:
    """Whether the server's machine says that nothing listens there."""
    return failures.port_unreachable(server.evidence) or failures.refused(server.evidence)


def allocation_expiring(session: Session) -> Iterator[Finding]:
    """An allocation is not refreshed in time, or its refresh gets no answer."""
    relays = {c.server: c for c in own_candidates(session, "relay") if c.server}
    if not relays or session.closed is not None:
        return
    granted: dict[str, tuple[float, float]] = {}
    asked: dict[str, StunMessage] = {}
    for event in session.log:
        if not isinstance(event, StunMessage) or event.via not in relays:
            continue
        if event.method not in ("Allocate", "Refresh"):
            continue
        if event.direction == "out":
            if event.method == "Refresh" and (
                event.via not in asked or asked[event.via].transaction != event.transaction
            ):
                asked[event.via] = event
            continue
        if event.via in asked and asked[event.via].transaction == event.transaction:
            del asked[event.via]
        lifetime = _lifetime(event)
        if event.message_class == "response" and lifetime is not None:
            granted[event.via] = (event.t, lifetime)
            if event.method == "Allocate":
                asked.pop(event.via, None)  # that was about an allocation before this one
    for url, relay in relays.items():
        request = asked.get(url)
        overdue = request is not None and session.t - request.t > REFRESH_PATIENCE
        since, lifetime = granted.get(url, (0.0, 0.0))
        left = since + lifetime - session.t
        expiring = url in granted and left < EXPIRES_SOON * lifetime
        if not overdue and not expiring:
            continue
        evidence = f"{where(relay)} at {url}"
        if expiring:
            evidence += f", {span(left)} left of {lifetime:.0f} s" if left > 0 else ", run out"
        if overdue and request is not None:
            evidence += f", a Refresh of {span(session.t - request.t)} ago is unanswered"
        yield Finding(
            rule="allocation-expiring",
            severity="warning",
            claim="The TURN server does not confirm that our allocation lives on."
            if overdue
            else "Our TURN allocation runs out soon and has not been refreshed.",
            evidence=evidence,
            remedy="Is the way to the TURN server still open? If it is lost, a new one is asked "
            "for and our new blob has to be sent.",
        )


def _lifetime(message: StunMessage) -> float | None:
    for attribute in message.attributes:
        if attribute.name == "LIFETIME":
            figure = attribute.value.split(" ")[0]
            try:
                return float(figure)
            except ValueError:
                return None
    return None
