"""The finding of a path that stood and is silent or lost: what is left of all it may be."""

from __future__ import annotations

from collections.abc import Iterator

from icetui.diagnosis.elimination import Verdict, eliminate
from icetui.diagnosis.finding import Finding
from icetui.diagnosis.hypotheses.silent_path import HYPOTHESES, figures
from icetui.diagnosis.hypothesis import Suspect
from icetui.diagnosis.questions import ids, listing, span
from icetui.diagnosis.silence_evidence import Silence, gather
from icetui.session import Session

OF_ITS_OWN = ("relay-gone", "peer-gone")
"""Findings named after what has ended, where an ICMP error says that it has."""


def disconnected(session: Session) -> Iterator[Finding]:
    """The path went silent."""
    if session.state_before_closing != "disconnected" or session.peer_left:
        return
    if session.lost_after_connected:
        return
    e = gather(session)
    evidence = [f"the last answer on {session.selected or 'the path'} came {span(e.last)} ago"]
    if session.consent_expires is not None and session.consent_expires > session.t:
        evidence.append(f"consent runs out in {session.consent_expires - session.t:.0f} s")
    verdict = eliminate(HYPOTHESES, e)
    first = verdict.left[0].hypothesis if verdict.left else None
    rule = first.rule if first is not None and first.rule in OF_ITS_OWN and e.closed else ""
    yield put(e, verdict, rule or "silent-path", "The path has gone silent", evidence)


def path_lost(session: Session) -> Iterator[Finding]:
    """There was a path, and consent to send over it has run out."""
    if not session.lost_after_connected or session.peer_left:
        return
    e = gather(session)
    ours = session.local_candidates.values()
    if not e.failed and any(c.type == "relay" and c.unsupported for c in ours):
        return  # it was our relay that went, and another rule says so
    evidence = [f"{p.id}: {p.detail}" for p in e.failed[:3]] or [
        e.cause or "every pair that worked has failed"
    ]
    yield put(e, eliminate(HYPOTHESES, e), "path-lost", "The connection is lost", evidence)


def put(
    e: Silence, verdict: Verdict[Silence], rule: str, head: str, evidence: list[str]
) -> Finding:
    """A verdict in words."""
    words = [one.hypothesis.words(e) for one in verdict.left]
    if not words:
        claim = f"{head}, and nothing we know explains it."
    elif verdict.strength == "is":
        claim = f"{head}: {words[0]}."
    else:
        claim = f"{head}. {listing(words)}"
    support = [figure for one in verdict.left for figure in one.support]
    remedies = dict.fromkeys(one.hypothesis.remedy(e) for one in verdict.left[:2])
    return Finding(
        rule=rule,
        severity="problem",
        claim=claim,
        evidence="; ".join(dict.fromkeys([*evidence, *support, *figures(e)])),
        remedy=" ".join(("Checks go on.", *remedies)),
        pairs=ids(e.failed or ([e.pair] if e.pair else [])),
        strength=verdict.strength,
        head=head,
        hypotheses=tuple(
            Suspect(code=one.hypothesis.code, words=text, support=one.support)
            for one, text in zip(verdict.left, words, strict=True)
        ),
    )
