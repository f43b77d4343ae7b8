"""What is said of a session: each finding has its evidence, and goes when that goes."""

from __future__ import annotations

from icetui import events
from icetui.diagnosis import diagnose
from icetui.session import Session, fold


def said(session: Session) -> list[str]:
    for finding in diagnose(session):
        assert finding.evidence
    return [finding.claim for finding in diagnose(session)]


def stamped(kind, t=0.0, **fields):
    return kind(wall=t, t=t, session="s", **fields)


HOST = {"type": "host", "address": "192.168.1.2", "port": 1}
THEIRS = HOST | {"address": "192.168.1.3"}
KNOWN = [
    stamped(events.SessionStarted, ufrag="abcd"),
    stamped(events.GatheringStateChanged, state="complete"),
    stamped(events.CandidateGathered, candidate=events.Candidate(id="L1", **HOST)),
    stamped(events.BlobChanged, blob="icetui:x", candidates=1, complete=True),
]
BOTH = [
    *KNOWN,
    stamped(events.DescriptionAccepted, t=1.0, ufrag="efgh", new_candidates=1, known_candidates=1),
    stamped(events.RemoteCandidateAdded, candidate=events.Candidate(id="R1", **THEIRS)),
    stamped(events.ConnectionStateChanged, t=1.0, state="checking"),
]


def pair(**figures):
    return stamped(
        events.PairChanged, t=4.0, pair=events.Pair(id="L1-R1", local="L1", remote="R1", **figures)
    )


CONNECTED = [
    *BOTH,
    pair(state="succeeded", valid=True, nominated=True, requests_sent=1, responses_received=1),
    stamped(events.SelectedPairChanged, t=4.0, pair="L1-R1", cause="first valid pair"),
    stamped(events.ConnectionStateChanged, t=4.0, state="connected"),
]


def test_waiting_for_their_blob_and_someone_knocking():
    assert "Waiting for the other side's blob." in said(fold(KNOWN))
    knock = stamped(events.Knocked, address="203.0.113.9", port=7, ufrag="efgh")
    assert any("knocking from 203.0.113.9:7" in claim for claim in said(fold([*KNOWN, knock])))


def test_silence_is_evidence_only_after_a_while():
    nothing = pair(state="failed", reason=events.Reason.TIMEOUT, requests_sent=6)
    assert any("Nothing answers our checks" in claim for claim in said(fold([*BOTH, nothing])))
    assert not any("Nothing answers our checks" in claim for claim in said(fold(BOTH)))


def test_being_answered_is_not_being_connected():
    answered = pair(state="succeeded", valid=True, requests_sent=1, responses_received=1)
    assert "They can be reached, but have not pasted our blob yet." in said(fold([*BOTH, answered]))


def test_a_wrong_password_is_told_apart_from_silence():
    refused = pair(state="failed", reason=events.Reason.UNAUTHENTICATED, requests_sent=1)
    claims = said(fold([*BOTH, refused]))
    assert any("do not accept our credentials" in claim for claim in claims)
    assert not any("Nothing answers our checks" in claim for claim in claims)


def test_a_lost_connection_says_what_to_do():
    gone = pair(
        state="failed", reason=events.Reason.CONSENT_EXPIRED, detail="no answer for 30 s (RFC 7675)"
    )
    lost = [
        *CONNECTED,
        gone,
        stamped(events.SelectedPairChanged, t=40.0, pair=None, cause="L1-R1 was lost"),
        stamped(events.ConnectionStateChanged, t=40.0, state="failed"),
    ]
    (finding,) = [f for f in diagnose(fold(lost)) if f.severity == "problem"]
    assert finding.claim.startswith("The connection is lost")
    assert "no answer for 30 s" in finding.evidence
    assert finding.remedy


def test_after_a_goodbye_nothing_is_said_to_be_well():
    left = [
        *CONNECTED,
        stamped(events.ConnectionStateChanged, t=9.0, state="disconnected"),
        stamped(events.PeerLeft, t=9.0),
    ]
    claims = said(fold(left))
    assert "The other side has left." in claims
    assert not any("Direct path" in claim or "silent" in claim for claim in claims)
    closed = [*left, stamped(events.SessionClosed, t=10.0)]
    assert any("Direct path" in claim for claim in said(fold(closed)))


def test_a_healthy_path_has_no_problem():
    severities = {finding.severity for finding in diagnose(fold(CONNECTED))}
    assert severities <= {"good", "info"}
