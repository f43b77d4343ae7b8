"""Findings about this machine that no lab session shows."""

from icetui import events
from tests.diagnosis.making import (
    OTHER_STUN,
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


def test_a_failed_engine_comes_first() -> None:
    failed = stamped(events.EngineFailed, t=9.0, problem="it was ended by SIGKILL", log="/tmp/x")
    found = findings([*connected(checking(gathered(), remote())), failed])
    assert next(iter(found)) == "engine-failed"
    assert "/tmp/x" in found["engine-failed"].remedy


def test_no_address_at_all() -> None:
    nothing = [e for e in gathered() if not isinstance(e, events.CandidateGathered)]
    lost = stamped(events.CandidateFailed, address="10.0.0.1", detail="port 5000 is in use")
    assert findings([*nothing, lost])["no-candidates"].evidence == "port 5000 is in use"


def test_relay_only_without_a_relay_says_what_is_missing() -> None:
    nothing = [e for e in gathered() if not isinstance(e, events.CandidateGathered)]
    started = stamped(events.SessionStarted, ufrag="ours", relay_only=True)
    found = findings([started, *nothing[1:]])
    assert found["no-candidates"].evidence == "no TURN server was named"


def test_an_address_that_cannot_be_bound_beside_one_that_can() -> None:
    lost = stamped(events.CandidateFailed, address="10.0.0.1", detail="port 5000 is in use")
    assert "address-unusable" in findings(gathered(lost))


def test_gathering_is_said_from_the_first_moment_and_withdrawn() -> None:
    begun = gathered(server(state="asking"))[:4]
    assert "1 server still asked" in findings(begun)["gathering"].evidence
    assert "gathering" not in findings(gathered())


def test_private_addresses_only_is_said_before_anyone_is_asked_to_connect() -> None:
    assert "--stun" in findings(gathered())["only-private"].remedy
    assert "only-private" not in findings(gathered(reflexive()))
    assert "only-private" not in findings(gathered(host=local(address="198.51.100.7")))


def test_a_carrier_grade_nat_and_a_short_binding() -> None:
    known = nat(carrier_grade="our own NAT's outside is 100.64.0.2", binding_lifetime=10.0,
                binding_lapsed=15.0)  # fmt: skip
    found = findings(gathered(reflexive(), known))
    assert "100.64.0.2" in found["carrier-grade-nat"].evidence
    assert "gone after 15.0 s" in found["short-binding"].evidence
    assert "short-binding" not in findings(gathered(reflexive(), nat(binding_lapsed=120.0)))


def test_servers_that_see_us_at_two_addresses() -> None:
    two = gathered(reflexive(2), reflexive(3, address="203.0.113.77", server=OTHER_STUN))
    finding = findings(two)["servers-disagree"]
    assert STUN in finding.evidence and "203.0.113.77" in finding.evidence
    other_port = gathered(reflexive(2), reflexive(3, port=7001, server=OTHER_STUN))
    assert "servers-disagree" not in findings(other_port)


def test_a_container_bridge_that_carries_the_path_is_named() -> None:
    host = local(interface="docker0", address="172.17.0.2")
    found = findings(connected(checking(gathered(host=host), remote())))
    assert "container-path" in found and "virtual-interface" not in found


def test_no_route_to_any_of_their_addresses() -> None:
    unsent = pair(reason=events.Reason.SEND_ERROR, detail="Network is unreachable")
    found = findings(checking(gathered(), remote(), unsent))
    assert found["sending-refused"].claim.startswith("This machine has no way")
    assert "nothing-answers" not in found or found["sending-refused"].severity == "problem"
