"""Evidence that fits no pattern: what must not be concluded from it, and that it is told."""

from __future__ import annotations

import pytest

from icetui import events
from icetui.events import Evidence, Reason
from tests.diagnosis.making import (
    STUN,
    checking,
    connected,
    findings,
    gathered,
    local,
    nat,
    pair,
    reflexive,
    remote,
    server,
    stamped,
)

SYMMETRIC = {"mapping": "address-and-port-dependent", "filtering": "address-and-port-dependent"}


@pytest.mark.parametrize(
    ("reason", "evidence", "says"),
    [
        (Reason.ADDRESS_MISMATCH, Evidence(answered_from="203.0.113.9:1"), "another address"),
        (Reason.SERVER_ERROR, Evidence(code=500), "an error (500)"),
        (Reason.ERROR_ANSWER, Evidence(code=699), "an error (699)"),
    ],
)
def test_answers_that_do_not_count_are_told_within_seconds(
    reason: Reason, evidence: Evidence, says: str
) -> None:
    odd = pair(t=4.0, reason=reason, evidence=evidence, detail="so it was", responses_received=1)
    finding = findings(checking(gathered(reflexive()), remote(), odd))["checks-refused"]
    assert says in finding.claim and "so it was" in finding.evidence
    by_the_relay = pair(t=4.0, reason=Reason.FORBIDDEN, evidence=Evidence(code=403), detail="403")
    assert "checks-refused" not in findings(checking(gathered(reflexive()), remote(), by_the_relay))


def test_two_that_may_be_in_one_network_are_not_said_to_have_no_way() -> None:
    """A VPN beside the network that both are in shows another public address."""
    theirs = (remote(1), remote(2, type="host", address="192.168.1.9"))
    vpn = local(3, address="10.8.0.2", interface="tun0")
    for more, sure in ((), True), ((vpn,), False):
        start = gathered(reflexive(), nat(**SYMMETRIC), *more)
        found = findings(checking(start, *theirs, pair(t=9.0), pair("L1-R2", t=9.0), **SYMMETRIC))
        assert (found["no-direct-way"].strength == "is") is sure


@pytest.mark.parametrize("reason", ["wrong-password", "malformed"])
def test_a_stray_datagram_does_not_hide_that_they_have_not_pasted(reason: str) -> None:
    refused = stamped(
        events.Refused, t=3.0, local="192.168.1.2:5000", remote="198.51.100.66:9", kind=reason,
        reason=Reason.BAD_REQUEST, detail="request without MESSAGE-INTEGRITY", count=1,
    )  # fmt: skip
    valid = pair(t=5.0, state="succeeded", valid=True, responses_received=2)
    found = findings(checking(gathered(reflexive()), remote(), valid, refused))
    assert ("not-pasted-yet" in found) is (reason == "malformed")


def test_a_role_conflict_that_goes_on_is_not_said_to_be_repaired() -> None:
    conflict = stamped(events.RoleChanged, t=2.0, role="controlled", cause="conflict")
    fails = pair(t=5.0, reason=Reason.ROLE_CONFLICT, detail="487", responses_received=3)
    start = checking(gathered(reflexive()), remote(), conflict)
    assert "repaired" not in findings([*start, fails])["role-conflict"].claim
    works = pair(t=5.0, state="succeeded", valid=True, responses_received=3)
    assert "repaired" in findings([*start, works])["role-conflict"].claim


def test_that_their_checks_arrived_until_the_end_is_known_after_it() -> None:
    stream = connected(checking(gathered(reflexive()), remote()))
    arrived = [
        stamped(events.StunMessage, t=10.0 + n, direction="in", local="192.168.1.2:5000",
                remote="203.0.113.9:6000", method="Binding", message_class="request",
                transaction=f"{n}", pair="L1-R1")
        for n in range(20)
    ]  # fmt: skip
    gone = [
        stamped(events.ConnectionStateChanged, t=11.0, state="disconnected"),
        *arrived,
        stamped(events.SelectedPairChanged, t=32.0, pair=None, previous="L1-R1", occasion="lost"),
        stamped(events.ConnectionStateChanged, t=32.0, state="failed"),
        pair(t=32.0, reason=Reason.CONSENT_EXPIRED, detail="no answer for 30 s (RFC 7675)"),
    ]
    later = stamped(events.Heartbeat, t=50.0)
    for stream_ in ([*stream, *gone], [*stream, *gone, later]):
        finding = findings(stream_)["path-lost"]
        assert finding.hypotheses[0].code == "one-way"


def test_too_big_for_the_way_is_no_word_of_where_it_leads() -> None:
    too_big = Evidence(icmp_version=4, icmp_type=3, icmp_code=4, router="198.51.100.1")
    failed = pair(t=9.0, reason=Reason.ICMP_UNREACHABLE, evidence=too_big, detail="too big")
    found = findings(checking(gathered(reflexive()), remote(), failed))
    assert found["nothing-answers"].hypotheses[0].code == "too-big"
    assert "unreachable" not in {h.code for f in found.values() for h in f.hypotheses}
    told = server(STUN, state="failed", reason=Reason.ICMP_UNREACHABLE, evidence=too_big)
    assert "too big" in findings(gathered(told))["server-unreachable"].claim


def test_what_forbids_a_server_is_named() -> None:
    own = server(STUN, state="failed", reason=Reason.SEND_ERROR, evidence=Evidence(errno=1))
    assert "own firewall" in findings(gathered(own))["server-unreachable"].claim
    barred = Evidence(icmp_version=4, icmp_type=3, icmp_code=13, router="198.51.100.1")
    told = server(STUN, state="failed", reason=Reason.ICMP_UNREACHABLE, evidence=barred)
    assert "forbids" in findings(gathered(told))["server-unreachable"].claim


def test_one_nat_that_both_are_behind_is_not_two() -> None:
    both = remote(1, address="203.0.113.2")
    works = {"state": "succeeded", "valid": True, "mapped": "203.0.113.2:7000"}
    found = findings(connected(checking(gathered(reflexive()), both), **works))
    assert "turned back" in found["direct-path"].claim
