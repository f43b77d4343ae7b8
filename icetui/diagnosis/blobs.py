"""Findings about the two blobs: who still has to send, paste or ask for one."""

from __future__ import annotations

from collections.abc import Iterator

from icetui.diagnosis import failures, nats
from icetui.diagnosis.finding import Finding
from icetui.diagnosis.questions import (
    abroad,
    answered,
    checking_for,
    has_answered,
    heard,
    host_of,
    ids,
    listed,
    live_pairs,
    one_way_for_long,
    own_candidates,
    parsed,
    patience,
    refusals,
    span,
    their_candidates,
    trying,
    unheard,
    where,
)
from icetui.events import Candidate, Reason, Refused, RoleChanged, address_port
from icetui.grammar import count
from icetui.session import Session

OLD_BLOB = 600.0
"""Seconds; most NATs forget an unused binding sooner (RFC 4787 REQ-5 asks for two minutes)."""
CLOCK_AHEAD = 120.0
"""Seconds; a blob carries whole minutes."""


def unreadable(session: Session) -> Iterator[Finding]:
    """What was pasted last could not be used."""
    if session.refusal is None:
        return
    waiting = session.description is None
    yield Finding(
        rule="paste-unusable",
        severity="problem" if waiting else "warning",
        claim="What was pasted could not be used"
        + (", and without their blob nothing can be checked." if waiting else "."),
        evidence=session.refusal.problem,
        remedy=""
        if session.refusal.kind == "own"
        else "Copy the whole text again, from its first to its last character, and paste it.",
    )


def replaced(session: Session) -> Iterator[Finding]:
    """Their description is not the first that was pasted."""
    told = session.replaced
    if told is None or session.description is None or session.peer_left:
        return
    if told.cause == "knock":
        claim = "Back to the description of theirs from before: its owner checks us with our blob."
        evidence = f"a check with our password names user fragment {told.current}, no longer used "
        evidence += f"is {told.former}"
        remedy = "Nothing is to be done; if it is wrong all the same, paste the right one."
    else:
        claim = "Their description is of another session than the one that was pasted first."
        evidence = f"user fragment {told.current} is used now, {told.former} was before"
        remedy = "If the first was right, ctrl+z takes it again."
    yield Finding(
        rule="description-replaced",
        severity="warning",
        claim=claim,
        evidence=evidence,
        remedy=remedy,
    )


def waiting_for_them(session: Session) -> Iterator[Finding]:
    """Our part is done; theirs is missing."""
    if session.description is not None or session.blob is None or session.generation:
        return
    if session.knocks:
        knock = next(reversed(session.knocks.values()))
        yield Finding(
            rule="knocking",
            severity="warning",
            claim=f"Someone holding our blob is knocking from "
            f"{address_port(knock.address, knock.port)}.",
            evidence=f"{count(knock.count, 'correctly keyed check')} from user fragment "
            f"{knock.ufrag}",
            remedy="Paste their blob to finish.",
        )
    else:
        yield Finding(
            rule="waiting-for-blob",
            severity="info",
            claim="Waiting for the other side's blob.",
            evidence=f"ours has {count(session.blob.candidates, 'candidate')}; nobody has knocked",
            remedy="Send ours, then paste theirs.",
        )


def checking(session: Session) -> Iterator[Finding]:
    """The first moments of the checks, when silence means nothing yet."""
    if session.connected or session.peer_left or session.lost_after_connected:
        return
    if session.state_before_closing not in ("checking", "failed"):
        return
    pairs = live_pairs(session)
    one_way = heard(session) and not answered(session) and not one_way_for_long(session)
    if not pairs or (checking_for(session) >= patience(session) and not one_way):
        return
    back = sum(p.responses_received for p in pairs)
    yield Finding(
        rule="checking",
        severity="info",
        claim="Checking which pairs of addresses work.",
        evidence=f"{count(len(pairs), 'pair')}, {count(back, 'answer')} and "
        f"{count(heard(session), 'check')} of theirs in {span(checking_for(session))}",
    )


def resend(session: Session) -> Iterator[Finding]:
    """A blob given away earlier is out of date."""
    if session.restart is not None or session.connected or session.peer_left:
        return
    if session.lost_after_connected or session.blob is None or session.resend_at is None:
        return
    stuck = unheard(session)
    moved = nats.moved(session)
    if moved is not None:
        before, now = moved
        nat = session.nat
        lapses = (
            f"; a binding nobody uses lives less than {span(nat.binding_lapsed)} here"
            if nat is not None and nat.binding_lapsed is not None
            else ""
        )
        yield Finding(
            rule="nat-moved-us",
            severity="problem" if stuck else "warning",
            claim="Our NAT has given us another public port while we waited: a blob sent before "
            "no longer leads to us."
            if before.address == now.address
            else "Our public address has changed while we waited: a blob sent before no longer "
            "leads to us.",
            evidence=f"{now.server} saw {_base(now)} at {where(before)} and sees it at "
            f"{where(now)} now{lapses}",
            remedy="Send the new blob to the other side.",
        )
        return
    last = _last(session)
    if stuck and last is not None and last.type == "srflx":
        return  # what that leads to is said where no path comes up
    yield Finding(
        rule="blob-outdated",
        severity="warning",
        claim="We have another address since our blob was complete: one sent before lacks it.",
        evidence=f"our blob now holds {count(session.blob.candidates, 'candidate')}; the last is "
        f"{where(last)}",
        remedy="Send the new blob to the other side.",
    )


def _base(c: Candidate) -> str:
    return address_port(c.related_address or "?", c.related_port or 0)


def _last(session: Session) -> Candidate | None:
    usable = own_candidates(session)
    return usable[-1] if usable else None


def restarting(session: Session) -> Iterator[Finding]:
    """An ICE restart is under way: who has to do what."""
    restart = session.restart
    if restart is None or session.peer_left:
        return
    old = f"the old path {session.selected} carries on" if session.connected else "there is no path"
    if restart.cause == "user" and session.description is None:
        yield Finding(
            rule="restarting",
            severity="warning",
            claim="ICE restart: the other side needs our new blob.",
            evidence=f"generation {restart.generation} has new credentials; {old}",
            remedy="Send the new blob, then paste the one they answer with.",
        )
    elif restart.cause != "user":
        yield Finding(
            rule="restarting",
            severity="warning",
            claim="The other side has restarted ICE and needs our new blob.",
            evidence=f"generation {restart.generation} has new credentials; {old}",
            remedy="Send them the new blob; the new path stands as soon as they paste it.",
        )


def not_pasted_yet(session: Session) -> Iterator[Finding]:
    """They answer, but do not check us: our blob is not with them yet."""
    valid = [p for p in live_pairs(session) if p.valid]
    if not trying(session) or not valid or heard(session):
        return
    if any(r.kind in ("wrong-password", "wrong-user-fragment") for r in refusals(session)):
        return  # somebody has a blob of ours, or another one; another finding says so
    if has_answered(session):
        return
    yield Finding(
        rule="not-pasted-yet",
        severity="warning",
        claim="They can be reached, but have not pasted our blob yet.",
        evidence=f"{count(len(valid), 'pair')} answered our checks; none of theirs has come in "
        f"{span(checking_for(session))}",
        remedy="Send them our blob; the path stands as soon as they paste it.",
        pairs=ids(valid),
    )


def wrong_credentials(session: Session) -> Iterator[Finding]:
    """One side does not know the other's user fragment or password: whose blob is wrong?"""
    if session.connected or session.peer_left or session.lost_after_connected:
        return
    failed = [p for p in abroad(session) if p.reason == Reason.UNAUTHENTICATED]
    named = _named_by_their_checks(session)
    refused = [r for r in refusals(session) if r.reason == Reason.UNAUTHENTICATED]
    if named is not None and session.description is not None:
        refusal, theirs = named
        sure = _is_theirs(session, refusal)
        yield Finding(
            rule="stale-blob",
            severity="problem" if sure else "warning",
            claim="The blob of theirs that we hold is of another session than the one they are in "
            "now."
            if sure
            else "Someone else than the one whose blob we hold has our blob, or they are in "
            "another session and network now.",
            evidence=f"it is of user fragment {session.description.ufrag}, while "
            f"{refusal.remote} checks us as {theirs} ({count(refusal.count, 'check')} refused)",
            remedy="Ask them for their current blob and paste it: it takes the place of this one.",
        )
    stale = [r for r in refused if _is_of_another_session(session, r)]
    if stale:
        yield Finding(
            rule="they-hold-stale-blob",
            severity="problem" if any(_is_theirs(session, r) for r in stale) else "warning",
            claim="They hold an old blob of ours, or another one's: they check a session that we "
            "are not in."
            if any(_is_theirs(session, r) for r in stale)
            else "Someone checks a session that we are not in: they hold an old blob of ours, or "
            "look for somebody else.",
            evidence=_refusals(stale),
            remedy="Send them our current blob.",
        )
    altered = [r for r in refused if failures.wrongly_keyed(r)]
    if altered:
        yield Finding(
            rule="they-hold-wrong-password",
            severity="problem",
            claim="They check us with a password that is not ours: their copy of our blob was "
            "altered on the way.",
            evidence=_refusals(altered),
            remedy="Send them our blob again, as it is, and let them paste the whole of it.",
        )
    if not failed or named is not None:
        return
    evidence = f"{count(len(failed), 'pair')} answered 401: {listed(p.id for p in failed)}"
    if heard(session):
        yield Finding(
            rule="wrong-password",
            severity="problem",
            claim="They do not accept our password: their blob was altered on the way to us, or "
            "they have restarted since they sent it.",
            evidence=f"{evidence}; their own {count(heard(session), 'check')} named this very "
            "session and were good",
            remedy="Ask them for the blob they show now and paste it whole.",
            pairs=ids(failed),
        )
    elif not stale:
        yield Finding(
            rule="wrong-credentials",
            severity="problem" if not refused else "warning",
            claim="They are there but do not accept our credentials: one of the two blobs is of "
            "another session or was altered on the way.",
            evidence=evidence,
            remedy="Exchange the current blobs once more, theirs first.",
            pairs=ids(failed),
        )


def _is_theirs(session: Session, refusal: Refused) -> bool:
    """Whether it came from an IP address that their blob names: anyone can send us anything."""
    return host_of(refusal.remote) in {c.address for c in session.remote_candidates.values()}


def _refusals(refused: list[Refused]) -> str:
    total = sum(r.count for r in refused)
    return (
        f"{count(total, 'check')} refused from {listed(r.remote for r in refused)}: "
        f"{refused[-1].detail}"
    )


def _usernames(refusal: Refused) -> tuple[str, str] | None:
    """`(ours, theirs)` of the USERNAME in a refused check (RFC 8445 section 7.2.2)."""
    if refusal.kind != "wrong-user-fragment" or refusal.username is None:
        return None
    receiver, colon, sender = refusal.username.partition(":")
    return (receiver, sender) if colon else None


def _named_by_their_checks(session: Session) -> tuple[Refused, str] | None:
    """A check that is for us, from somebody who is not who the blob that we hold says."""
    if session.started is None or session.description is None:
        return None
    for refusal in refusals(session):
        names = _usernames(refusal)
        if names and names[0] == session.started.ufrag and names[1] != session.description.ufrag:
            return refusal, names[1]
    return None


def _is_of_another_session(session: Session, refusal: Refused) -> bool:
    names = _usernames(refusal)
    return (
        names is not None
        and session.started is not None
        and names[0] != session.started.ufrag
        and not is_echo(session, refusal)
    )


def is_echo(session: Session, refusal: Refused) -> bool:
    """Whether it is a check of ours that came back as it was: its USERNAME is for them, from us."""
    names = _usernames(refusal)
    return names is not None and session.started is not None and names[1] == session.started.ufrag


def old_blob(session: Session) -> Iterator[Finding]:
    """Their blob was made long ago, or one of the clocks is wrong."""
    told = session.description
    if told is None or told.made is None or not trying(session) or not unheard(session):
        return
    age = told.wall - told.made
    stamp = "by its time stamp and this machine's clock"
    if age > OLD_BLOB:
        yield Finding(
            rule="old-blob",
            severity="warning",
            claim="Their blob is an old one, or one of the clocks is wrong.",
            evidence=f"made {span(age)} before it was pasted, {stamp}",
            remedy="Ask for the blob that their icetui shows now.",
        )
    elif age < -CLOCK_AHEAD:
        yield Finding(
            rule="clocks-differ",
            severity="info",
            claim="Their clock and ours differ; the connection does not mind.",
            evidence=f"their blob says it was made {span(-age)} from now, {stamp}",
        )


def no_common_family(session: Session) -> Iterator[Finding]:
    """Both sides have candidates and none can be paired."""
    if session.description is None or not session.local_candidates or session.peer_left:
        return
    if session.gathering != "complete" or live_pairs(session):
        return
    theirs = list(session.remote_candidates.values())
    usable = their_candidates(session)
    if not theirs:
        yield Finding(
            rule="no-candidates-of-theirs",
            severity="problem",
            claim="Their blob holds no candidate, so there is nothing to check.",
            evidence="0 candidates in it",
            remedy="Ask them to copy it again once gathering is done over there.",
        )
    elif not usable and not all(_is_name(c) for c in theirs):
        yield Finding(
            rule="unsupported-candidates",
            severity="problem",
            claim="None of their candidates can be used.",
            evidence=f"{count(len(theirs), 'candidate')}: {theirs[0].unsupported}",
            remedy="Ask for a description with UDP candidates.",
        )
    elif usable:
        ours, others = _families(own_candidates(session)), _families(usable)
        if ours & others or not ours or not others:
            return
        yield Finding(
            rule="no-common-family",
            severity="problem",
            claim=f"We have only {_versions(ours)} candidates and they only {_versions(others)} "
            "ones, so no pair can be formed.",
            evidence=f"{count(len(own_candidates(session)), 'candidate')} here, "
            f"{len(usable)} there",
            remedy="Allow both families (--ipv4 --ipv6), or use a TURN server that has both.",
        )


def _families(candidates: list[Candidate]) -> set[int]:
    ips = (parsed(c.address) for c in candidates)
    return {ip.version for ip in ips if ip is not None}


def _versions(families: set[int]) -> str:
    return " and ".join(f"IPv{version}" for version in sorted(families))


def one_sided_family(session: Session) -> Iterator[Finding]:
    """Nothing works, and one side lacks a family that the other has."""
    if not trying(session) or answered(session) or heard(session) or not live_pairs(session):
        return
    ours, others = _families(own_candidates(session)), _families(their_candidates(session))
    if ours == others or not ours or not others:
        return
    extra, who = (ours - others, "we") if ours - others else (others - ours, "they")
    if not extra:
        return
    yield Finding(
        rule="one-sided-family",
        severity="info",
        claim=f"Only {who} have {_versions(extra)}: that family cannot help.",
        evidence=f"ours {_versions(ours)}, theirs {_versions(others)}",
        remedy="IPv6 on both sides needs no NAT traversal at all.",
    )


def mdns_unresolved(session: Session) -> Iterator[Finding]:
    """Their candidates hide behind names that nobody answers for."""
    names = [c for c in session.remote_candidates.values() if _is_name(c)]
    failed = [c for c in names if c.unsupported and c.name_state == "unresolved"]
    if not failed or session.peer_left:
        return
    nothing_else = not their_candidates(session) and not session.connected
    yield Finding(
        rule="mdns-unresolved",
        severity="info" if session.connected else "problem" if nothing_else else "warning",
        claim="Their address hides behind a .local name, and nobody on this network answers for "
        "it: they are on another network, or mDNS is blocked here."
        if not session.connected
        else "One of their names (.local) could not be resolved; the path does not need it.",
        evidence=f"{listed(c.address for c in failed)}: {failed[0].unsupported}",
        remedy=""
        if session.connected
        else "Let the browser show its addresses (by allowing the microphone, or with a STUN "
        "server on that side), or be on the same network.",
    )


def _is_name(c: Candidate) -> bool:
    return c.address.endswith(".local") or (parsed(c.address) is None and ".local" in c.address)


def roles(session: Session) -> Iterator[Finding]:
    """Role conflicts and ICE lite: worth knowing, nothing to do."""
    if session.role_conflicts:
        yield Finding(
            rule="role-conflict",
            severity="info",
            claim="Both sides took the same role; that has been repaired."
            if not any(p.reason == Reason.ROLE_CONFLICT for p in live_pairs(session))
            else "Both sides take the same role, and they do not give way.",
            evidence=f"{count(session.role_conflicts, 'role conflict')} (RFC 8445 section "
            f"7.3.1.1); we are {session.role or 'without a role'} now",
        )
    if any(isinstance(e, RoleChanged) and e.cause == "lite" for e in session.log):
        yield Finding(
            rule="ice-lite",
            severity="info",
            claim="The other side is ICE lite: it answers checks and sends none.",
            evidence="its description says so (RFC 8445 section 2.5)",
        )
