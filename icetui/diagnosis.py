"""Diagnosis: what a Session means, in plain words, with the evidence and what to do about it.

Pure rules over the fold. A finding never appears without figures behind it, and it is gone as soon
as the figures are: nothing is remembered here. Each rule is one function.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from icetui.events import Candidate, Pair, Reason, address_port
from icetui.session import Session

Severity = Literal["problem", "warning", "info", "good"]
WORST_FIRST: dict[Severity, int] = {"problem": 0, "warning": 1, "info": 2, "good": 3}

PATIENCE = 2.0
"""Seconds of checks without any answer before silence is evidence."""
LOSS_WORTH_SAYING = 0.05
LOSS_SAMPLES = 20


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing worth saying."""

    severity: Severity
    claim: str
    """One sentence."""
    evidence: str
    """What it rests on: counts, times, pairs."""
    remedy: str = ""
    """What a person can do; empty when nothing needs doing."""


Rule = Callable[[Session], Iterator[Finding]]


def diagnose(session: Session) -> list[Finding]:
    """All findings, the most important first."""
    found = [finding for rule in RULES for finding in rule(session)]
    return sorted(found, key=lambda f: WORST_FIRST[f.severity])


# --- what several rules ask ---------------------------------------------------------------------


def _where(candidate: Candidate | None) -> str:
    return address_port(candidate.address, candidate.port) if candidate else "an unknown address"


def _pairs(session: Session) -> list[Pair]:
    """Pairs of the present generation and of the one that still carries data."""
    return [p for p in session.pairs.values() if p.reason != Reason.SUPERSEDED]


def _is_global(address: str) -> bool:
    """Whether it is a public IP address; a recording may hold a name or anything else."""
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False


def _checking_for(session: Session) -> float:
    """Seconds since checks could start."""
    start = session.both_known_at
    return 0.0 if start is None else session.t - start


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


# --- the rules ----------------------------------------------------------------------------------


def engine_failed(session: Session) -> Iterator[Finding]:
    """The engine has ended; nothing on the screen moves any more."""
    if session.failure is not None:
        yield Finding(
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
    yield Finding(
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
            severity="warning",
            claim="Not every address of this machine could be used.",
            evidence="; ".join(f.detail for f in session.candidate_failures[:3]),
        )


def server_failures(session: Session) -> Iterator[Finding]:
    """A configured server did not do its part."""
    for server in session.servers.values():
        if server.state != "failed":
            continue
        took = f" after {_duration(server.time)}" if server.time is not None else ""
        remedies = {
            Reason.UNAUTHENTICATED: "Check user name and password in the --turn URI.",
            Reason.DNS: "Check the server's name and this machine's resolver.",
            Reason.TLS: "Check the server's certificate and its host name in the URI.",
            Reason.TIMEOUT: "Check the server's address and port, and whether a firewall here "
            "drops this traffic.",
            Reason.ICMP_UNREACHABLE: "The address answers but nothing listens there: check the "
            "port.",
            Reason.QUOTA: "The server has no room for another allocation; try later or another.",
        }
        consequence = (
            "no relayed candidate from it"
            if server.kind == "turn"
            else "it cannot tell what our public address is"
        )
        yield Finding(
            severity="warning",
            claim=f"{server.url} is of no use: {server.reason}; {consequence}.",
            evidence=f"{server.detail or server.reason}{took}",
            remedy=remedies.get(server.reason, "") if server.reason else "",
        )


def only_private(session: Session) -> Iterator[Finding]:
    """Nothing we offer is reachable from another network."""
    if session.gathering != "complete" or not session.local_candidates or session.connected:
        return
    kinds = {c.type for c in session.local_candidates.values()}
    if kinds != {"host"}:
        return
    addresses = [c.address for c in session.local_candidates.values()]
    if not any(_is_global(a) for a in addresses):
        asked = _count(len(session.servers), "server") if session.servers else "no server"
        yield Finding(
            severity="info",
            claim="Our blob holds private addresses only: peers on the same network can reach us, "
            "others hardly.",
            evidence=f"{_count(len(addresses), 'host candidate')}, none public; {asked} asked",
            remedy=""
            if session.servers
            else "Name a STUN server with --stun, or leave out --no-servers.",
        )


def resend(session: Session) -> Iterator[Finding]:
    """A blob given away earlier is out of date."""
    if session.restart is not None or session.connected:
        return
    if session.blob is not None and session.blob.resend:
        yield Finding(
            severity="warning",
            claim="We have a new public address since our blob was complete: one sent before may "
            "no longer do.",
            evidence=f"our blob now holds {_count(session.blob.candidates, 'candidate')}; a server "
            "answered late or our NAT has moved us",
            remedy="Send the new blob to the other side.",
        )


def waiting_for_them(session: Session) -> Iterator[Finding]:
    """Our part is done; theirs is missing."""
    if session.description is not None or session.blob is None or session.generation:
        return
    if session.knocks:
        knock = next(reversed(session.knocks.values()))
        yield Finding(
            severity="warning",
            claim=f"Someone holding our blob is knocking from "
            f"{address_port(knock.address, knock.port)}.",
            evidence=f"{_count(knock.count, 'correctly keyed check')} from user fragment "
            f"{knock.ufrag}",
            remedy="Paste their blob to finish.",
        )
    else:
        yield Finding(
            severity="info",
            claim="Waiting for the other side's blob.",
            evidence=f"ours has {_count(session.blob.candidates, 'candidate')}; nobody has knocked",
            remedy="Send ours, then paste theirs.",
        )


def restarting(session: Session) -> Iterator[Finding]:
    """An ICE restart is under way: who has to do what."""
    restart = session.restart
    if restart is None:
        return
    old = f"the old path {session.selected} carries on" if session.connected else "there is no path"
    if restart.cause == "user" and session.description is None:
        yield Finding(
            severity="warning",
            claim="ICE restart: the other side needs our new blob.",
            evidence=f"generation {restart.generation} has new credentials; {old}",
            remedy="Send the new blob, then paste the one they answer with.",
        )
    elif restart.cause != "user":
        yield Finding(
            severity="warning",
            claim="The other side has restarted ICE and needs our new blob.",
            evidence=f"generation {restart.generation} has new credentials; {old}",
            remedy="Send them the new blob; the new path stands as soon as they paste it.",
        )


def not_pasted_yet(session: Session) -> Iterator[Finding]:
    """They answer, but cannot check us: our blob is not with them yet."""
    valid = [p for p in _pairs(session) if p.valid]
    if session.connected or session.lost_after_connected or not valid:
        return
    if any(p.requests_received for p in _pairs(session)) or _checking_for(session) < PATIENCE:
        return
    yield Finding(
        severity="info",
        claim="They can be reached, but have not pasted our blob yet.",
        evidence=f"{_count(len(valid), 'pair')} answered our checks; none of theirs has come",
        remedy="Send them our blob; the path stands as soon as they paste it.",
    )


def wrong_credentials(session: Session) -> Iterator[Finding]:
    """One side does not know the other's password."""
    failed = [p for p in _pairs(session) if p.reason == Reason.UNAUTHENTICATED]
    if failed and not session.connected:
        yield Finding(
            severity="problem",
            claim="They are there but do not accept our password: the blob we hold is not of the "
            "session they are in now.",
            evidence=f"{_count(len(failed), 'pair')} answered 401: "
            + ", ".join(p.id for p in failed[:4]),
            remedy="Ask them for their current blob and paste it.",
        )
    refused = [r for r in session.refused.values() if r.reason == Reason.UNAUTHENTICATED]
    if refused and not session.connected:
        total = sum(r.count for r in refused)
        yield Finding(
            severity="problem" if not failed else "warning",
            claim="Someone checks us with a password that is not ours: they hold an old or another "
            "blob of ours.",
            evidence=f"{_count(total, 'check')} refused, from {refused[-1].remote}: "
            f"{refused[-1].detail}",
            remedy="Send them our current blob.",
        )


def connected(session: Session) -> Iterator[Finding]:
    """There is a path: which, and how it goes."""
    pair = session.selected_pair
    if pair is None or not session.connected:
        return
    if session.peer_left and session.closed is None:
        return  # it was; what is now is said by another rule
    mine = session.mapped_candidate(pair)
    theirs = session.remote_candidates.get(pair.remote)
    ours_through_nat = mine is not None and mine.type in ("srflx", "prflx")
    theirs_through_nat = theirs is not None and theirs.type in ("srflx", "prflx")
    if session.relayed(pair):
        claim = "Connected through a TURN server, because no direct pair has answered."
        direct = [p for p in _pairs(session) if not session.relayed(p)]
        evidence = f"{_count(len(direct), 'direct pair')} tried, {sum(p.valid for p in direct)} "
        evidence += f"answered; {_where(mine)} ─ {_where(theirs)}"
        if any(p.valid for p in direct):
            claim = "Connected through a TURN server; a direct pair works too."
        yield Finding(severity="info", claim=claim, evidence=evidence)
        return
    if ours_through_nat and theirs_through_nat:
        what = "Direct path through both NATs."
    elif ours_through_nat:
        what = "Direct path through our NAT."
    elif theirs_through_nat:
        what = "Direct path through their NAT."
    else:
        what = "Direct path, no NAT between."
    yield Finding(severity="good", claim=what, evidence=f"{_where(mine)} ─ {_where(theirs)}")


def lossy(session: Session) -> Iterator[Finding]:
    """The path loses requests."""
    pair = session.selected_pair
    quality = session.quality.get(pair.id) if pair else None
    if quality is None or not session.connected:
        return
    recent = list(quality.samples)[-60:]
    lost = sum(sample is None for sample in recent)
    if len(recent) >= LOSS_SAMPLES and lost / len(recent) >= LOSS_WORTH_SAYING:
        yield Finding(
            severity="warning",
            claim="The path loses datagrams.",
            evidence=f"{lost} of the last {len(recent)} requests got no answer",
        )


def disconnected(session: Session) -> Iterator[Finding]:
    """The path went silent."""
    if session.state_before_closing != "disconnected" or session.peer_left:
        return
    since = session.state_history[-1].t if session.state_history else session.t
    left = (
        f"; consent runs out in {session.consent_expires - session.t:.0f} s"
        if session.consent_expires is not None and session.consent_expires > session.t
        else ""
    )
    yield Finding(
        severity="problem",
        claim="The path has gone silent.",
        evidence=f"{session.selected or 'the path'} answers nothing, said "
        f"{_duration(session.t - since)} ago{left}",
        remedy="Checks go on; it recovers by itself when the network does.",
    )


def path_lost(session: Session) -> Iterator[Finding]:
    """There was a path, and consent to send over it has run out."""
    if not session.lost_after_connected or session.peer_left:
        return
    lost = [p for p in _pairs(session) if p.reason == Reason.CONSENT_EXPIRED]
    stood = session.path_history[-1] if session.path_history else None
    yield Finding(
        severity="problem",
        claim="The connection is lost: the other side answers nothing any more.",
        evidence="; ".join(f"{p.id}: {p.detail}" for p in lost[:3])
        or (stood.cause if stood and stood.cause else "every pair that worked has failed"),
        remedy="Is icetui still running over there, and its network up? Checks go on and find the "
        "way again by themselves; if it was restarted, both sides need new blobs.",
    )


def peer_left(session: Session) -> Iterator[Finding]:
    """They ended it on purpose."""
    if session.peer_left:
        yield Finding(
            severity="info",
            claim="The other side has left.",
            evidence="it said goodbye over the path",
            remedy="Quit with q; a new session needs new blobs on both sides.",
        )


def nothing_answers(session: Session) -> Iterator[Finding]:
    """Checks go out and nothing comes back: say what the evidence allows, and no more."""
    pairs = _pairs(session)
    if session.connected or session.lost_after_connected or not pairs:
        return
    if session.state_before_closing not in ("checking", "failed"):
        return
    if _checking_for(session) < PATIENCE:
        return
    if any(p.reason == Reason.UNAUTHENTICATED or p.valid for p in pairs) or session.refused:
        return
    sent = sum(p.requests_sent + p.retransmissions_sent for p in pairs)
    heard = sum(p.requests_received for p in pairs)
    evidence = f"{_count(sent, 'request')} on {_count(len(pairs), 'pair')}, no answer"
    unreachable = [p for p in pairs if p.reason == Reason.ICMP_UNREACHABLE]
    if heard:
        yield Finding(
            severity="problem",
            claim="Their checks reach us but our answers do not reach them.",
            evidence=f"{evidence}; {_count(heard, 'request')} of theirs arrived",
            remedy="Look for a firewall that lets UDP in but not out, on either side.",
        )
    elif unreachable and len(unreachable) == len(pairs):
        yield Finding(
            severity="problem",
            claim="Every address in their blob is reported unreachable.",
            evidence=f"{evidence}; {unreachable[0].detail}",
            remedy="Is icetui still running over there? Ask for a fresh blob.",
        )
    else:
        yield Finding(
            severity="problem",
            claim="Nothing has answered: they have not pasted our blob yet, or no direct way "
            "exists and there is no relay.",
            evidence=evidence + (f"; {unreachable[0].detail}" if unreachable else ""),
            remedy="Make sure they pasted our blob; checks go on. If they did, one side needs a "
            "TURN server (--turn).",
        )


def no_common_family(session: Session) -> Iterator[Finding]:
    """Both sides have candidates and none can be paired."""
    if session.description is None or session.pairs or not session.local_candidates:
        return
    theirs = list(session.remote_candidates.values())
    if session.gathering != "complete":
        return
    usable = [c for c in theirs if not c.unsupported]
    if not theirs:
        yield Finding(
            severity="problem",
            claim="Their blob holds no candidate, so there is nothing to check.",
            evidence="0 candidates in it",
            remedy="Ask them to copy it again once gathering is done over there.",
        )
    elif not usable:
        yield Finding(
            severity="problem",
            claim="None of their candidates can be used.",
            evidence=f"{_count(len(theirs), 'candidate')}: {theirs[0].unsupported}",
        )
    else:
        yield Finding(
            severity="problem",
            claim="One side has only IPv4 and the other only IPv6 candidates, so no pair forms.",
            evidence=f"{_count(len(session.local_candidates), 'candidate')} here, "
            f"{len(usable)} there",
            remedy="Allow both families (--ipv4 --ipv6), or use a TURN server that has both.",
        )


RULES: tuple[Rule, ...] = (
    engine_failed,
    no_candidates,
    disconnected,
    path_lost,
    wrong_credentials,
    nothing_answers,
    no_common_family,
    resend,
    restarting,
    waiting_for_them,
    not_pasted_yet,
    connected,
    lossy,
    peer_left,
    server_failures,
    candidate_failures,
    only_private,
)
