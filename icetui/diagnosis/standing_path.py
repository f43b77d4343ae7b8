"""Findings about a path that stands, stood, or could be better."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from icetui.diagnosis import nats
from icetui.diagnosis.evidence import are_neighbours
from icetui.diagnosis.finding import Finding
from icetui.diagnosis.questions import (
    checking_for,
    ids,
    interface_kind,
    is_private,
    live_pairs,
    patience,
    span,
    their_candidates,
    where,
)
from icetui.events import Pair, Reason
from icetui.grammar import count
from icetui.session import Quality, Session

LOSS_WORTH_SAYING = 0.05
LOSS_LEAST = 3
"""Requests that must be lost: one or two are chance."""
LOSS_WINDOW = 60
"""The latest so many requests count."""
HEARD_AGAIN, ON_THE_WAY = 3, 1.5
"""Checks of theirs that show their way to us to work; seconds after the last
answer to ours from which they count, as one sent before the cut may come a little later."""
SLOW = 0.4
"""Seconds of round trip from which every question and answer is felt."""
SLOWER_BY, SLOWER_TIMES = 0.01, 1.5
"""A path is slower than another when it takes so many seconds and so many times as long."""
LATEST = 5
"""Round trips that tell how quick a path is at present."""
APART = 1.0
"""Seconds in which that many come at least, if nobody has held them back."""
MEASURED = 3
"""Round trips before two paths are compared."""
LARGE, LARGE_PATIENCE = 500, 3.0
"""Bytes of a text that counts as large; seconds its echo may take."""
CONSENT = 30.0
"""Seconds consent lasts (RFC 7675 section 5.1)."""
AGAIN_AND_AGAIN = 3
OUTAGE = 0.5
"""Seconds of silence that are no single lost answer."""
GAP = 4
"""Requests in a row without an answer that an interruption explains better than loss does."""
RECENT = 60.0
"""Seconds for which an interruption is worth a word."""


def connected(session: Session) -> Iterator[Finding]:
    """There is a path: which."""
    pair = session.selected_pair
    if pair is None or not session.connected:
        return
    if session.peer_left and session.closed is None:
        return  # it was; what is now is said by another rule
    mine = session.mapped_candidate(pair)
    theirs = session.remote_candidates.get(pair.remote)
    evidence = f"{where(mine)} ─ {where(theirs)}"
    if session.relayed(pair):
        yield _relayed(session, pair, evidence)
        return
    ours_through_nat = mine is not None and mine.type in ("srflx", "prflx")
    theirs_through_nat = theirs is not None and theirs.type in ("srflx", "prflx")
    if ours_through_nat and theirs_through_nat and nats.shared_address(session) is not None:
        what = "Direct path, turned back by the NAT that both are behind."
    elif ours_through_nat and theirs_through_nat:
        what = "Direct path through both NATs."
    elif ours_through_nat:
        what = "Direct path through our NAT."
    elif theirs_through_nat:
        what = "Direct path through their NAT."
    else:
        what = "Direct path, no NAT between."
    yield Finding(
        rule="direct-path", severity="good", claim=what, evidence=evidence, pairs=(pair.id,)
    )


def _relayed(session: Session, pair: Pair, evidence: str) -> Finding:
    direct = [p for p in live_pairs(session) if not session.relayed(p)]
    valid = [p for p in direct if p.valid]
    tried = f"{count(len(direct), 'direct pair')} tried, {len(valid)} answered; {evidence}"
    remedy = ""
    if session.started is not None and session.started.relay_only:
        why = "as asked for with --relay-only"
        tried = evidence
    elif not direct and their_candidates(session, "relay"):
        why = "because their side offers relayed addresses only"
    elif valid:
        why = "though a direct pair works too"
        remedy = "It is taken by itself once it is steady; n takes the highlighted pair at once."
    elif any(p.state in ("waiting", "in-progress") for p in direct):
        why = "while direct pairs are still being checked"
    elif (shared := nats.shared_address(session)) is not None:
        known = session.nat.hairpinning if session.nat is not None else None
        sure = "" if known is False else "most likely "
        why = f"{sure}because both are behind one NAT that does not turn packets back inside"
        if are_neighbours(session):
            why += ", and their network keeps its hosts apart or a firewall is between them"
        tried = f"both are seen at {shared}; {tried}"
    elif (possible := nats.direct_possible(nats.ours(session), nats.theirs(session))) is False:
        certain = nats.surely_exclude(nats.ours(session), nats.theirs(session))
        why = (
            f"{'' if certain else 'most likely '}because these two NATs let no direct path through"
        )
        tried = f"{nats.in_words(nats.ours(session), nats.theirs(session))}; {tried}"
    elif possible is None or checking_for(session) < patience(session):
        why = "because no direct pair has answered"
    else:
        why = "while no direct pair has answered"
    return Finding(
        rule="relayed-path",
        severity="info",
        claim=f"Connected through a TURN server, {why}.",
        evidence=tried,
        remedy=remedy,
        pairs=(pair.id,),
    )


def direct_blocked(session: Session) -> Iterator[Finding]:
    """Relayed although both NATs would let a direct path through."""
    pair = session.selected_pair
    if pair is None or not session.connected or not session.relayed(pair) or session.peer_left:
        return
    if session.started is not None and session.started.relay_only:
        return
    mine, other = nats.ours(session), nats.theirs(session)
    direct = [p for p in live_pairs(session) if not session.relayed(p)]
    tried = [p for p in direct if p.state == "failed" and p.reason == Reason.TIMEOUT]
    if nats.direct_possible(mine, other) is not True or not tried or any(p.valid for p in direct):
        return
    if nats.shared_address(session) is not None or len(tried) < len(direct):
        return
    if session.nat is not None and session.nat.udp is False:
        return
    if not any(c.type == "srflx" or not is_private(c.address) for c in their_candidates(session)):
        return
    if are_neighbours(session):
        claim = "Relayed although both are in one network; most likely its hosts are kept apart "
        claim += "(client isolation, guest wireless), or a firewall drops UDP between us."
    else:
        claim = "Relayed although these NATs would let a direct path through; most likely a "
        claim += "firewall drops UDP between us, or a blob names an outdated address."
    yield Finding(
        rule="direct-blocked",
        severity="warning",
        claim=claim,
        evidence=f"{mine.evidence}, {other.evidence}; {count(len(tried), 'direct pair')} without "
        "an answer",
        remedy="Allow UDP between the two machines in the firewalls of both networks; r with new "
        "blobs on both sides tells whether it was the address.",
        pairs=ids(tried),
    )


def vpn_path(session: Session) -> Iterator[Finding]:
    """The path runs over a VPN or container interface."""
    pair = session.selected_pair
    if pair is None or not session.connected or session.peer_left:
        return
    local = session.local_candidates.get(pair.local)
    if local is None or local.type == "relay":
        return
    kind = interface_kind(local.interface)
    if kind is None:
        return
    others = [p for p in live_pairs(session) if p.valid and p.local != pair.local]
    also = f"; {count(len(others), 'pair')} of other interfaces work too" if others else ""
    yield Finding(
        rule="vpn-path" if kind == "VPN" else "container-path",
        severity="info",
        claim=f"The path runs over {local.interface}, by its name "
        f"{'a VPN' if kind == 'VPN' else 'a container bridge'}.",
        evidence=f"{pair.id} leaves from {local.address}{also}",
        remedy="To go past it, choose another interface with --interface." if kind == "VPN" else "",
        pairs=(pair.id,),
    )


# --- how good it is -----------------------------------------------------------------------------


def lossy(session: Session) -> Iterator[Finding]:
    """The path loses requests; in which direction nobody can tell from round trips."""
    pair = session.selected_pair
    if pair is None or not session.connected or session.peer_left:
        return
    quality = session.quality.get(pair.id)
    if quality is None:
        return
    recent = list(quality.samples)[-LOSS_WINDOW:]
    lost = sum(sample is None for sample in recent)
    scattered = lost - _longest_gap(recent)
    if any(unsteady(session)):  # each silence also has a straggler, counted after an answer
        scattered = lost - _in_gaps(recent) - len(_silences(session))
    if scattered < LOSS_LEAST or scattered / len(recent) < LOSS_WORTH_SAYING:
        return  # losses in one row are an interruption, which is another thing
    evidence = f"{lost} of the last {len(recent)} requests on {pair.id} got no answer"
    others = [p for p in live_pairs(session) if p.valid and p.id != pair.id]
    calm = [p for p in others if (q := session.quality.get(p.id)) is not None and _calm(q)]
    remedy = "Wireless or an overloaded line is the usual cause: try a cable, or less traffic."
    if calm and session.role == "controlling":
        remedy = f"{calm[0].id} loses nothing: highlight it and press n to take it."
    yield Finding(
        rule="lossy-path",
        severity="warning",
        claim="The path loses datagrams.",
        evidence=evidence,
        remedy=remedy,
        pairs=(pair.id,),
    )


def _longest_gap(samples: Iterable[float | None]) -> int:
    """How many requests in a row got no answer, at most; a single one is no gap."""
    longest = run = 0
    for sample in samples:
        run = run + 1 if sample is None else 0
        longest = max(longest, run)
    return longest if longest > 1 else 0


def _in_gaps(samples: Iterable[float | None]) -> int:
    """How many requests got no answer in rows long enough to be interruptions."""
    total = run = 0
    for sample in [*samples, 0.0]:
        if sample is None:
            run += 1
            continue
        total += run if run >= GAP else 0
        run = 0
    return total


def _silences(session: Session) -> list[tuple[float, float]]:
    """When the path went silent and when it answered again, of late."""
    return [
        (e.t, back.t)
        for e, back in itertools.pairwise(session.state_history)
        if e.state == "disconnected" and session.t - e.t < RECENT and back.t - e.t >= OUTAGE
    ]


def unsteady(session: Session) -> Iterator[Finding]:
    """The path works, and goes silent again and again."""
    if not session.connected or session.peer_left:
        return
    silences = _silences(session)
    if len(silences) < AGAIN_AND_AGAIN:
        return
    total = sum(end - begin for begin, end in silences)
    yield Finding(
        rule="unsteady-path",
        severity="warning",
        claim=f"The path keeps failing: it has been silent {len(silences)} times within a minute.",
        evidence=f"{span(total)} of silence in all since {span(session.t - silences[0][0])} ago, "
        f"the last for {span(silences[-1][1] - silences[-1][0])}",
        remedy="A line comes and goes, ours or theirs: weak radio, a loose cable, a modem that "
        "reconnects. A second interface or network takes over by itself when there is one.",
    )


def interrupted(session: Session) -> Iterator[Finding]:
    """The path was silent a short while ago, or had to be changed."""
    if not session.connected or session.peer_left:
        return
    silent = [e for e in session.state_history if e.state == "disconnected"]
    if silent and session.t - silent[-1].t < RECENT:
        back = next((e for e in session.state_history if e.t > silent[-1].t), None)
        lasted = (
            f"; an answer came {span(back.t - silent[-1].t)} after that was noticed" if back else ""
        )
        yield Finding(
            rule="path-interrupted",
            severity="info",
            claim="The path was silent a short while ago and answers again.",
            evidence=f"{silent[-1].cause or 'it'}, {span(session.t - silent[-1].t)} ago{lasted}",
        )
    changes = [e for e in session.path_history if e.previous and e.pair]
    if changes and session.t - changes[-1].t < RECENT and changes[-1].occasion == "silent":
        last = changes[-1]
        yield Finding(
            rule="path-changed",
            severity="info",
            claim="The path has been changed, because the one before went silent.",
            evidence=f"{last.pair} instead of {last.previous}, {span(session.t - last.t)} ago: "
            f"{last.cause}",
            pairs=tuple(p for p in (last.previous, last.pair) if p),
        )


def _calm(quality: Quality) -> bool:
    return quality.measured >= MEASURED and quality.lost == 0


def slow(session: Session) -> Iterator[Finding]:
    """A round trip takes long, or another path would be quicker."""
    pair = session.selected_pair
    if pair is None or not session.connected or session.peer_left:
        return
    quality = session.quality.get(pair.id)
    if quality is None or quality.average is None or quality.measured < MEASURED:
        return
    usual = _median(quality)
    for other in live_pairs(session):
        rival = session.quality.get(other.id)
        if other.id == pair.id or not other.valid or rival is None or rival.measured < MEASURED:
            continue
        quick = _median(rival)
        if usual > quick * SLOWER_TIMES and usual - quick > SLOWER_BY:
            can = session.role == "controlling"
            yield Finding(
                rule="slower-path",
                severity="info",
                claim=f"The path in use is slower than another pair that works: {span(usual)} "
                f"against {span(quick)}.",
                evidence=f"median of {quality.measured} round trips on {pair.id}, of "
                f"{rival.measured} on {other.id}",
                remedy=f"Highlight {other.id} and press n to take it."
                if can
                else "The controlling side chooses: ask them to press n on that pair.",
                pairs=(pair.id, other.id),
            )
            break
    latest = _median(quality, LATEST)
    if latest >= SLOW and _slow_of_late(quality):
        servers = [s for s in session.servers.values() if s.state == "ok" and s.time is not None]
        ours = [s for s in servers if (s.time or 0.0) >= latest / 2]
        whose = (
            f"; {ours[0].url} took {span(ours[0].time or 0.0)} to answer us, so our own line is "
            "slow"
            if ours
            else ""
        )
        yield Finding(
            rule="slow-path",
            severity="warning",
            claim=f"The path is slow: a round trip takes {span(latest)}.",
            evidence=f"median of the latest {min(LATEST, quality.measured)} on {pair.id}; "
            f"of all {span(usual)}, least {span(quality.minimum or 0)}{whose}",
            remedy="Satellite, mobile or an overloaded line is the usual cause; check what else "
            "uses it.",
            pairs=(pair.id,),
        )


def _slow_of_late(quality: Quality) -> bool:
    """Whether the latest answers all took long, each by itself: those that a sleeping machine has
    held back come all at once."""
    trips = zip(quality.sent, quality.samples, strict=True)
    known = [(sent + took, took) for sent, took in trips if took is not None][-LATEST:]
    came = [at for at, _ in known]
    return bool(known) and (
        min(took for _, took in known) >= SLOW / 2 and max(came) - min(came) >= APART
    )


def _median(quality: Quality, most: int | None = None) -> float:
    """Of all round trips, or of the latest so many."""
    samples = [sample for sample in quality.samples if sample is not None]
    known = sorted(samples[-most:] if most else samples)
    return known[len(known) // 2] if known else 0.0


def large_messages_lost(session: Session) -> Iterator[Finding]:
    """Small messages come through and large ones do not: a path with a small MTU."""
    pair = session.selected_pair
    if pair is None or not session.connected or session.peer_left:
        return
    sent = [t for t in session.texts if t.direction == "out"]
    lost = [
        t for t in sent if t.size >= LARGE and t.echo is None and session.t - t.t > LARGE_PATIENCE
    ]
    small = [t for t in sent if t.echo is not None and t.size < LARGE]
    came = max((t.size for t in sent if t.echo is not None), default=0)
    if len(lost) < 2 or not small or came >= min(t.size for t in lost):
        return
    if any(q.lost for q in (session.quality.get(pair.id),) if q is not None):
        return  # a path that loses small requests too says nothing of sizes
    yield Finding(
        rule="small-mtu",
        severity="warning",
        claim="Large messages do not arrive while small ones do: somewhere on the path the MTU "
        "is small and nobody says so.",
        evidence=f"{count(len(lost), 'message')} of {min(t.size for t in lost)} bytes or more "
        f"without an echo; the largest that came through had {came}",
        remedy="Lower the MTU of the interface (a VPN's is the usual one), or send smaller "
        "messages.",
        pairs=(pair.id,),
    )


# --- a path that was ended ---------------------------------------------------------------------


def peer_left(session: Session) -> Iterator[Finding]:
    """They ended it on purpose."""
    if session.peer_left:
        yield Finding(
            rule="peer-left",
            severity="info",
            claim="The other side has left.",
            evidence="it said goodbye over the path",
            remedy="Quit with q; a new session needs new blobs on both sides.",
        )
