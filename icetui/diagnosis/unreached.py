"""Findings while no path has ever stood: what the silence means, and no more than it means."""

from __future__ import annotations

from collections.abc import Iterator

from icetui.diagnosis import nats
from icetui.diagnosis.exchange import OLD_BLOB, resend
from icetui.diagnosis.facts import (
    answered,
    checking_for,
    has_relay,
    heard,
    host_of,
    ids,
    interface_kind,
    is_private,
    is_public,
    listed,
    live_pairs,
    networks,
    one_way_for_long,
    own_candidates,
    parsed,
    requests_of,
    span,
    their_candidates,
    trying,
    unanswered,
    unheard,
    where,
)
from icetui.diagnosis.finding import Finding
from icetui.diagnosis.servers import relay_forbidden
from icetui.events import Pair, Reason, Server
from icetui.grammar import count
from icetui.session import Session

SLOWEST = 6.0
"""Seconds after which no line is so slow that an answer could still be on its way."""


def one_way(session: Session) -> Iterator[Finding]:
    """Their checks reach us, and nothing we send gets an answer."""
    if not trying(session) or answered(session) or _barred(session):
        return
    if not one_way_for_long(session):
        return
    pairs = [p for p in live_pairs(session) if p.requests_received]
    yield Finding(
        rule="not-heard",
        severity="problem",
        claim="Their checks reach us but nothing of ours reaches them.",
        evidence=f"{unanswered(session)}; {count(heard(session), 'check')} of theirs arrived on "
        f"{listed(p.id for p in pairs)}",
        remedy="Look for a firewall that drops what we send: one here that does not let UDP out, "
        "or one over there that does not let it in.",
        pairs=ids(pairs),
    )


def nobody_listens(session: Session) -> Iterator[Finding]:
    """The network says that nothing is at their addresses."""
    if not unheard(session):
        return
    pairs = live_pairs(session)
    told = [p for p in pairs if p.reason == Reason.ICMP_UNREACHABLE]
    closed = [p for p in told if "port unreachable" in (p.detail or "") and _speaks(session, p)]
    outside = [p for p in pairs if _leads_out(session, p)]
    if closed:
        who = listed(_remote(session, p) for p in closed)
        others = len(pairs) - len(closed)
        ends = [session.remote_candidates.get(p.remote) for p in closed]
        behind_nat = any(c is not None and c.type != "host" for c in ends)
        cause = "icetui has ended there" + (", their NAT has forgotten them" if behind_nat else "")
        rest = f"; {count(others, 'other pair')} without an answer" if others else ""
        yield Finding(
            rule="nobody-listens",
            severity="problem",
            claim=f"Nobody listens at {who}, its machine says: {cause}, or their blob is of an "
            "earlier run.",
            evidence=f"{closed[0].detail}{rest}",
            remedy="Is icetui still running over there? Ask for the blob it shows now.",
            pairs=ids(closed),
        )
    elif outside and all(p in told for p in outside) and not _barred(session):
        inside = len(pairs) - len(outside)
        yield Finding(
            rule="unreachable",
            severity="problem",
            claim="Every address in their blob"
            + (" that could lead there from here" if inside else "")
            + " is reported unreachable: the machine or its line is off the network, or the "
            "addresses are wrong.",
            evidence=f"{unanswered(session)}; {outside[0].detail}"
            + (f"; {count(inside, 'pair')} to addresses that lead elsewhere" if inside else ""),
            remedy="Is their machine still on the same network? Ask for a fresh blob.",
            pairs=ids(outside),
        )


def barred(session: Session) -> Iterator[Finding]:
    """A firewall refuses what we send, and says so."""
    found = _barred(session)
    if not found or not trying(session) or answered(session):
        return
    theirs = f"; {count(heard(session), 'check')} of theirs arrived" if heard(session) else ""
    yield Finding(
        rule="barred",
        severity="problem",
        claim="A firewall on the way refuses our checks, and says so.",
        evidence=f"{unanswered(session)}; {found[0].detail}{theirs}",
        remedy="Its address is in the evidence: whoever runs it can allow UDP.",
        pairs=ids(found),
    )


def _barred(session: Session) -> list[Pair]:
    return [
        p
        for p in live_pairs(session)
        if p.reason == Reason.ICMP_UNREACHABLE and "prohibited" in (p.detail or "")
    ]


def _speaks(session: Session, pair: Pair) -> bool:
    """Whether it is their machine (or its NAT) that says so: a private address may just as well
    be another machine's in our own network, and on the way to a public one only its owner says
    that a port is closed."""
    candidate = session.remote_candidates.get(pair.remote)
    if candidate is None:
        return False
    said_by = (pair.detail or "").partition("said ")[2].split(" ")[0].rstrip(",;)")
    if said_by and said_by != candidate.address:
        return False
    if _ours(session, pair) and nats.shared_address(session) is None:
        return False  # this machine has answered itself
    if is_public(candidate.address) or nats.shared_address(session) is not None:
        return True
    return all(p.reason == Reason.ICMP_UNREACHABLE for p in live_pairs(session))


def _ours(session: Session, pair: Pair) -> bool:
    """Whether the address they are said to be at is one of this machine's own."""
    candidate = session.remote_candidates.get(pair.remote)
    own = {c.address for c in own_candidates(session, "host")}
    ip = parsed(candidate.address) if candidate is not None else None
    return (
        candidate is not None
        and candidate.address in own
        and is_private(candidate.address)
        and not (ip is not None and ip.is_loopback)
    )


def _leads_out(session: Session, pair: Pair) -> bool:
    """Whether the other end could be reached from here: not a private address of another
    network, nor one of our own."""
    candidate = session.remote_candidates.get(pair.remote)
    if candidate is None or _ours(session, pair):
        return False
    return is_public(candidate.address) or _neighbours(session)


def same_address(session: Session) -> Iterator[Finding]:
    """All they can be reached at is what this machine itself has for an address."""
    pairs = live_pairs(session)
    if not unheard(session) or not all(_ours(session, p) for p in pairs):
        return
    who = listed(_remote(session, p) for p in pairs)
    yield Finding(
        rule="same-address",
        severity="problem",
        claim=f"Their blob leads back to this machine: {who} is an address of our own. Most likely "
        "theirs is another network that uses the same private addresses, or their icetui ran on "
        "this machine and has ended.",
        evidence=unanswered(session)
        + ("" if any(p.reason == Reason.ICMP_UNREACHABLE for p in pairs) else " but our own")
        + (f"; {pairs[0].detail}" if pairs[0].reason == Reason.ICMP_UNREACHABLE else ""),
        remedy="Name a STUN server on both sides (--stun); on this very machine, ask for the blob "
        "that their icetui shows now.",
        pairs=ids(pairs),
    )


def _remote(session: Session, pair: Pair) -> str:
    return where(session.remote_candidates.get(pair.remote))


def no_direct_way(session: Session) -> Iterator[Finding]:
    """The two NATs exclude each other, and nobody has a relay."""
    if not trying(session) or answered(session) or has_relay(session):
        return
    mine, other = nats.ours(session), nats.theirs(session)
    if nats.direct_possible(mine, other) is not False:
        return
    sure = mine.measured and other.measured
    both = mine.dependent and other.dependent
    what = (
        "both NATs are symmetric (another public port for every destination)"
        if both
        else f"{'our' if mine.dependent else 'their'} NAT is symmetric (another public port for "
        f"every destination) and {'theirs' if mine.dependent else 'ours'} lets in only ports it "
        "has written to"
    )
    yield Finding(
        rule="no-direct-way",
        severity="problem",
        claim=f"No direct path {'can exist' if sure else 'is likely'}: {what}, and neither side "
        "has a relay.",
        evidence=f"{nats.in_words(mine, other)}; {unanswered(session)}",
        remedy="One side has to start again with a TURN server, --turn turn:user:password@host; "
        "then exchange both blobs anew.",
        pairs=ids(live_pairs(session)),
    )


def no_hairpin(session: Session) -> Iterator[Finding]:
    """Both sides are seen at one public address and do not meet."""
    shared = nats.shared_address(session)
    if shared is None or not trying(session) or answered(session) or heard(session):
        return
    if has_relay(session) or any(nobody_listens(session)):
        return
    known = session.nat.hairpinning if session.nat is not None else None
    if known:
        return  # it does; the silence means something else
    outside = [
        p
        for p in live_pairs(session)
        if (c := session.remote_candidates.get(p.remote)) is not None and c.address == shared
    ]
    inside = [p for p in live_pairs(session) if p not in outside]
    says = "; measured: this NAT does not hairpin" if known is False else ""
    local = (
        "their local address does not answer either (hosts of this network may be kept apart, or "
        "theirs is off or has left)"
        if _neighbours(session)
        else "their local address is in another network (two homes behind one provider's NAT?)"
    )
    yield Finding(
        rule="no-hairpin",
        severity="problem",
        claim="Both sides are behind the same public address, and "
        + ("" if known is False else "most likely ")
        + f"its NAT does not turn packets back inside (no hairpinning); {local}.",
        evidence=f"both are seen at {shared}: {count(requests_of(outside), 'request')} to it and "
        f"{count(requests_of(inside), 'request')} to local addresses, no answer{says}",
        remedy="Is icetui still running over there? If so, let the hosts of this network reach "
        "each other (client isolation off), or name a TURN server on one side."
        if _neighbours(session)
        else "Name a TURN server on one side, or use IPv6 on both. Is icetui still running over "
        "there?",
        pairs=ids([*outside, *inside]),
    )


def _neighbours(session: Session) -> bool:
    """Whether both sides have an address in what looks like one local network. Container bridges
    are numbered alike on all machines and say nothing."""
    ours = [
        c for c in own_candidates(session, "host") if interface_kind(c.interface) != "container"
    ]
    others = their_candidates(session, "host")
    return bool(networks(ours) & networks(others))


def private_only(session: Session) -> Iterator[Finding]:
    """No address that the other network could reach is in the blobs."""
    if not unheard(session) or session.gathering != "complete":
        return
    mine = [c for c in own_candidates(session) if c.type != "prflx"]
    their = [c for c in their_candidates(session) if c.type != "prflx"]
    ours_private = bool(mine) and not any(_reachable(c.address, c.type) for c in mine)
    theirs_private = bool(their) and not any(_reachable(c.address, c.type) for c in their)
    if not ours_private and not theirs_private:
        return
    if _neighbours(session):
        return  # one network, as far as the addresses tell
    who = "Both blobs hold" if ours_private and theirs_private else (
        "Our blob holds" if ours_private else "Their blob holds"
    )  # fmt: skip
    dead = [s for s in session.servers.values() if s.state == "failed"]
    if dead:
        why = f"no server has told it: {dead[0].url} {_did(dead[0])}"
    elif inside := [s for s in session.servers.values() if s.mapped and _inside(s.mapped)]:
        why = f"{inside[0].url} sees us at {inside[0].mapped}: it is inside our own network"
    else:
        why = "no STUN server was asked" if not session.servers else "no STUN server has told it"
    server_side = "here" if ours_private else "over there"
    addresses = listed(c.address for c in (mine if ours_private else their))
    yield Finding(
        rule="private-addresses",
        severity="problem",
        claim=f"{who} private addresses only, which lead nowhere from another network.",
        evidence=f"{addresses}"
        + (f" ({why})" if ours_private else "")
        + (f" and {listed(c.address for c in their)}" if ours_private and theirs_private else "")
        + f"; {unanswered(session)}",
        remedy=(
            "Name a STUN server on both sides (--stun)."
            if ours_private and theirs_private
            else f"A STUN server {server_side} (--stun) tells the public address."
            if not ours_private or not session.servers
            else "Find out why the STUN server here does not tell our public address, or name "
            "another one (--stun)."
        ),
        pairs=ids(live_pairs(session)),
    )


def _inside(mapped: str) -> bool:
    return is_private(host_of(mapped))


def _did(server: Server) -> str:
    """What a failed server did instead."""
    if server.reason == Reason.TIMEOUT:
        return "does not answer"
    if server.reason == Reason.DNS:
        return "has a name that cannot be resolved"
    return f"failed ({server.detail or server.reason})"


def _reachable(address: str, kind: str) -> bool:
    return kind in ("srflx", "relay") or is_public(address)


def nothing_answers(session: Session) -> Iterator[Finding]:
    """Silence that no other rule explains: the possible causes, the likeliest first."""
    if not unheard(session) or any(_explanations(session)):
        return
    pairs = live_pairs(session)
    causes, remedies = _causes(session)
    told = [p for p in pairs if p.reason == Reason.ICMP_UNREACHABLE]
    yield Finding(
        rule="nothing-answers",
        severity="problem",
        claim=f"Nothing has answered and nothing of theirs has arrived: {', or '.join(causes)}.",
        evidence=unanswered(session)
        + f", in {span(session.t - (session.both_known_at or 0.0))}"
        + (f"; {told[0].detail}" if told else ""),
        remedy=" ".join(remedies),
        pairs=ids(pairs),
    )


def _explanations(session: Session) -> Iterator[Finding]:
    for rule in (
        resend,
        same_address,
        nobody_listens,
        barred,
        relay_forbidden,
        no_direct_way,
        no_hairpin,
        private_only,
    ):
        yield from rule(session)


def _causes(session: Session) -> tuple[list[str], list[str]]:
    """What may be behind the silence, and what to do about each, the likeliest first."""
    causes = [
        "they have not pasted our blob yet, have left or are in another network now",
        "a firewall drops UDP between us",
    ]
    remedies = ["Make sure they have pasted our blob and icetui is still running there."]
    mine, other = nats.ours(session), nats.theirs(session)
    possible = nats.direct_possible(mine, other)
    reflexive = [*own_candidates(session, "srflx"), *their_candidates(session, "srflx")]
    if _neighbours(session) and not reflexive:
        causes.append("theirs is another network with the same private addresses as ours")
        remedies.append("If it is another network, name a STUN server on both sides (--stun).")
    elif has_relay(session) and possible is False:
        relays = [*own_candidates(session, "relay"), *their_candidates(session, "relay")]
        causes[1] = (
            "a firewall drops UDP between a side and the relay "
            f"({listed(c.address for c in relays)}), the only way as these two NATs let no direct "
            "path through"
        )
        remedies.append("If they have, look for a firewall that drops UDP to the relay's ports.")
    elif has_relay(session):
        remedies.append("If they have, look for a firewall that drops UDP, on either side.")
    elif possible is None and (mine.dependent or other.dependent):
        # A port nobody can foretell: only a NAT that filters loosely lets it in.
        whose, rest = ("our", "theirs") if mine.dependent else ("their", "ours")
        causes.insert(
            0,
            f"{whose} NAT is symmetric (another public port for every destination), so without a "
            f"relay they only meet if {rest} lets unknown ports in",
        )
        remedies.insert(0, "A TURN server on one side (--turn) gets around the NATs.")
    elif possible is None:
        causes.append("the NATs let no direct path through and there is no relay")
        remedies.append("If they have, one side needs a TURN server (--turn).")
    else:
        remedies.append("If they have, look for a firewall that drops UDP, on either side.")
    if checking_for(session) < SLOWEST:
        causes.append(f"the way there and back takes longer than {span(checking_for(session))}")
    told = session.description
    if told is not None and told.made is not None and told.wall - told.made > OLD_BLOB:
        causes.insert(0, "their blob is too old")
        remedies.insert(0, "Ask for the blob their icetui shows now.")
    return causes, remedies
