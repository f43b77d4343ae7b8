"""The finding while no path has ever stood: what is left of all that we know to be possible."""

from __future__ import annotations

from collections.abc import Iterator

from icetui.diagnosis.blobs import wrong_credentials
from icetui.diagnosis.elimination import Left, Verdict, eliminate
from icetui.diagnosis.evidence import Evidence, gather
from icetui.diagnosis.finding import Finding
from icetui.diagnosis.hypotheses import NO_PATH
from icetui.diagnosis.hypothesis import Suspect
from icetui.diagnosis.questions import (
    LONGEST_PATIENCE,
    abroad,
    answered,
    checking_for,
    ids,
    listing,
    live_pairs,
    span,
    trying,
)
from icetui.diagnosis.server_findings import server_verdict
from icetui.events import Pair, Reason
from icetui.grammar import count
from icetui.session import Session

ODD = frozenset(
    {
        Reason.ADDRESS_MISMATCH, Reason.BAD_REQUEST, Reason.FORBIDDEN, Reason.SERVER_ERROR,
        Reason.ERROR_ANSWER, Reason.TRY_ALTERNATE, Reason.UNKNOWN_ATTRIBUTES,
    }
)  # fmt: skip
"""Why a pair failed though somebody answers there."""
MOST_SUPPORT = 3
"""Figures in the evidence, of all hypotheses shown."""


def no_path(session: Session) -> Iterator[Finding]:
    """Nothing of what we send is answered: why."""
    if not trying(session) or answered(session):
        return
    if any(wrong_credentials(session)):
        return  # somebody is there, and another finding says what is wrong between us
    evidence = gather(session)
    if evidence.heard and not evidence.heard_long and not evidence.barred:
        return  # an answer may still be on its way
    if not evidence.sent and not evidence.unsendable and not evidence.denied:
        return
    yield put(evidence, eliminate(NO_PATH, evidence))


def refused(session: Session) -> Iterator[Finding]:
    """They answer every check, and none with success."""
    if not trying(session) or any(p.valid for p in live_pairs(session)):
        return
    answered = [p for p in abroad(session) if p.state == "failed" and p.responses_received]
    odd = [p for p in answered if p.reason in ODD]
    if not odd:
        return
    pair = odd[0]
    if pair.reason == Reason.ADDRESS_MISMATCH:
        claim = "Their answers come from another address than the one asked, so they do not count."
        remedy = "A NAT or a machine with several addresses answers there: ask for a fresh blob."
    else:
        code = pair.evidence.code if pair.evidence is not None else None
        claim = f"They answer our checks with an error ({code or pair.reason})."
        remedy = "Their program refuses our checks: look at what it says, and at its version."
    yield Finding(
        rule="checks-refused",
        severity="problem",
        claim=claim,
        evidence=f"{count(len(odd), 'pair')}: {pair.detail or pair.reason}",
        remedy=remedy,
        pairs=ids(odd),
    )


def unexplained(session: Session) -> Iterator[Finding]:
    """Nothing else has been said of a session that does not come about: never nothing at all."""
    if not trying(session) or checking_for(session) < LONGEST_PATIENCE:
        return
    e = gather(session)
    back = sum(p.responses_received for p in e.pairs)
    yield Finding(
        rule="unexplained",
        severity="problem",
        claim="No path comes up, and nothing we know explains it.",
        evidence=f"{count(e.sent, 'request')} on {count(len(e.pairs), 'pair')} in "
        f"{span(e.waited)}, {count(back, 'answer')}; {count(e.heard, 'check')} of theirs arrived",
        remedy="Save a report (e) on both sides and compare what each has sent and received.",
        pairs=ids(e.pairs),
        strength="unknown",
    )


def put(e: Evidence, verdict: Verdict[Evidence]) -> Finding:
    """A verdict in words."""
    left = verdict.left
    return Finding(
        rule=_rule(left[0], e) if left else "unexplained",
        severity="problem",
        claim=_claim(e, verdict),
        evidence=_evidence(e, left),
        remedy=_remedy(e, verdict),
        pairs=ids(_pairs(e, left)),
        strength=verdict.strength,
        head=_head(e),
        hypotheses=tuple(
            Suspect(code=one.hypothesis.code, words=one.hypothesis.words(e), support=one.support)
            for one in left
        ),
    )


def _rule(first: Left[Evidence], e: Evidence) -> str:
    """What is wrong with a server has as many names as servers have faults."""
    return first.hypothesis.rule or server_verdict(e.turn_failed[0])[0]


def _pairs(e: Evidence, left: tuple[Left[Evidence], ...]) -> tuple[Pair, ...]:
    chosen = left[0].hypothesis.pairs if left else None
    return chosen(e) if chosen is not None else e.pairs


def _claim(e: Evidence, verdict: Verdict[Evidence]) -> str:
    words = [one.hypothesis.words(e) for one in verdict.left]
    if verdict.strength == "is":
        return f"{words[0][:1].upper()}{words[0][1:]}."
    if not words:
        return f"{_head(e)}, and nothing we know explains it."
    return f"{_head(e)}. {listing(words)}"


def _head(e: Evidence) -> str:
    if e.heard:
        return "Their checks reach us, and none of ours is answered"
    return "Nothing answers our checks"


def _evidence(e: Evidence, left: tuple[Left[Evidence], ...]) -> str:
    figures = [f"{count(e.sent, 'request')} on {count(len(e.pairs), 'pair')} in {span(e.waited)}, "
               "no answer"]  # fmt: skip
    if e.heard:
        figures.append(f"{count(e.heard, 'check')} of theirs arrived")
    support = list(dict.fromkeys(figure for one in left for figure in one.support))
    figures += support[:MOST_SUPPORT]
    said = next((p.detail for p in e.pairs if p.reason == Reason.ICMP_UNREACHABLE), None)
    if said and not any(said in figure for figure in figures):
        figures.append(said)
    return "; ".join(dict.fromkeys(figures))


def _remedy(e: Evidence, verdict: Verdict[Evidence]) -> str:
    remedies = dict.fromkeys(one.hypothesis.remedy(e) for one in verdict.left[:2])
    return " ".join(remedies)
