"""What silence means between two NATs that were measured, and between all kinds of blobs."""

import pytest

from icetui import events
from icetui.diagnosis import Finding
from icetui.diagnosis.nats import Nat, direct_possible, sentence, surely_exclude
from icetui.events import NatDependence, Reason
from tests.diagnosis.making import (
    STUN,
    TURN,
    checking,
    findings,
    gathered,
    icmp,
    local,
    nat,
    pair,
    reflexive,
    remote,
    server,
    stamped,
)

EI: NatDependence = "endpoint-independent"
AD: NatDependence = "address-dependent"
APD: NatDependence = "address-and-port-dependent"
CONE, ARC, PRC, SYM = Nat(EI, EI), Nat(EI, AD), Nat(EI, APD), Nat(APD, APD)


@pytest.mark.parametrize(
    ("one", "other", "possible"),
    [
        (CONE, CONE, True), (PRC, PRC, True), (PRC, CONE, True), (SYM, CONE, True),
        (SYM, ARC, True), (SYM, PRC, False), (SYM, SYM, False), (SYM, Nat(), None),
        (Nat(), Nat(), None), (SYM, Nat(EI), None), (Nat(APD), Nat(APD), False),
    ],
)  # fmt: skip
def test_which_nats_let_a_direct_path_through(one: Nat, other: Nat, possible: bool | None) -> None:
    assert direct_possible(one, other) is possible
    assert direct_possible(other, one) is possible


@pytest.mark.parametrize(
    ("one", "other", "sure"),
    [
        (SYM, SYM, True), (SYM, PRC, True), (SYM, ARC, False), (SYM, CONE, False),
        (Nat(APD), SYM, False), (Nat(APD, AD), SYM, False), (Nat(APD, EI), SYM, False),
        (SYM, Nat(EI), False), (SYM._replace(measured=False), SYM, False), (PRC, PRC, False),
    ],
)  # fmt: skip
def test_that_no_way_exists_is_sure_only_when_what_lets_in_is_known(
    one: Nat, other: Nat, sure: bool
) -> None:
    """A NAT with a dependent mapping that lets anybody in may yet give the first check its way."""
    assert surely_exclude(one, other) is sure
    assert surely_exclude(other, one) is sure


def test_of_two_uplinks_only_one_nat_is_known_so_nothing_is_sure() -> None:
    uplink = {"related_address": "192.168.7.20", "related_port": 5000}
    second = local(3, type="srflx", address="203.0.113.7", port=5000, server=STUN, **uplink)
    before = gathered(reflexive(), second, nat(mapping=APD, filtering=APD))
    found = findings(checking(before, remote(), pair(), mapping=EI, filtering=APD))
    assert found["no-direct-way"].strength == "one of"


def between(ours: Nat, theirs: Nat, *more: events.AnyEvent) -> dict[str, Finding]:
    before = gathered(reflexive(), nat(mapping=ours.mapping, filtering=ours.filtering))
    described = {"mapping": theirs.mapping, "filtering": theirs.filtering}
    return findings(checking(before, remote(), pair(), *more, **described))


def test_measured_nats_that_exclude_each_other_are_named_with_certainty() -> None:
    (finding,) = [f for rule, f in between(SYM, PRC).items() if rule == "no-direct-way"]
    assert finding.strength == "is" and "No direct path can exist" in finding.claim
    assert "our router uses another port or address for every destination" in finding.claim
    assert "theirs has address-and-port-dependent filtering" in finding.evidence
    assert "nothing-answers" not in between(SYM, PRC)


def test_a_relay_on_either_side_makes_no_direct_way_no_matter() -> None:
    relay = remote(2, type="relay", address="192.0.2.10")
    assert "no-direct-way" not in between(SYM, SYM, relay)


def test_nats_that_suit_each_other_leave_a_firewall_or_an_absent_peer() -> None:
    finding = between(PRC, PRC)["nothing-answers"]
    assert finding.strength == "one of" and "or something else" in finding.claim
    assert [h.code for h in finding.hypotheses] == ["not-pasted", "firewall-between"]
    unknown = between(SYM, Nat(), pair(t=40.0))["nothing-answers"]
    assert unknown.hypotheses[0].code == "nats-may-exclude"


def test_an_answer_withdraws_all_that_silence_meant() -> None:
    answered = pair(t=9.0, state="succeeded", valid=True, responses_received=1)
    assert not {"no-direct-way", "nothing-answers"} & set(between(SYM, SYM, answered))


def test_silence_means_nothing_before_an_answer_could_have_come() -> None:
    early = checking(gathered(reflexive()), remote(), pair(t=2.0))
    found = findings(early)
    assert "nothing-answers" not in found and "checking" in found


def test_one_family_here_and_both_there() -> None:
    six = remote(2, type="host", address="2001:db8::9")
    found = findings(checking(gathered(reflexive()), remote(), six, pair()))
    assert "Only they have IPv6" in found["one-sided-family"].claim


def test_a_401_alone_does_not_say_whose_blob_is_wrong() -> None:
    refused = pair(reason=Reason.UNAUTHENTICATED, detail="401")
    finding = findings(checking(gathered(), remote(), refused))["wrong-credentials"]
    assert "one of the two blobs" in finding.claim


def test_role_conflicts_ice_lite_and_clocks_are_worth_a_word_only() -> None:
    more = (
        stamped(events.RoleChanged, t=1.5, role="controlled", cause="conflict"),
        stamped(events.RoleChanged, t=1.6, role="controlling", cause="lite"),
    )
    ahead = {"made": 1_700_000_001.0 + 3600}
    found = findings(checking(gathered(reflexive()), remote(), pair(), *more, **ahead))
    for rule in ("role-conflict", "ice-lite", "clocks-differ"):
        assert found[rule].severity == "info"


def test_blobs_without_anything_to_check() -> None:
    nothing = checking(gathered())
    assert "no-candidates-of-theirs" in findings(nothing)
    tcp = remote(transport="tcp", unsupported="ICE-TCP is not supported")
    assert "ICE-TCP" in findings([*nothing, tcp])["unsupported-candidates"].evidence


def test_a_nat_that_moved_us_is_told_from_a_server_that_answered_late() -> None:
    again = stamped(events.BlobChanged, t=5.0, blob="icetui:x", candidates=3, resend=True)
    moved = gathered(reflexive(2), reflexive(3, port=7001))
    assert "203.0.113.2:7000" in findings([*moved, again])["nat-moved-us"].evidence
    late = findings([*gathered(), reflexive(2), again])
    assert "nat-moved-us" not in late and "blob-outdated" in late


def test_a_restart_says_who_has_to_do_what() -> None:
    begun = stamped(events.SessionRestarted, t=9.0, generation=1, ufrag="new")
    found = findings([*checking(gathered(), remote()), begun])
    assert "needs our new blob" in found["restarting"].claim


def test_another_description_than_the_first_is_said_until_a_path_stands() -> None:
    changed = stamped(events.DescriptionReplaced, t=0.9, former="aaaa", current="bbbb")
    found = findings([changed, *checking(gathered(), remote())])
    assert "ctrl+z" in found["description-replaced"].remedy
    knock = stamped(events.DescriptionReplaced, t=0.9, former="aaaa", current="bbbb", cause="knock")
    found = findings([knock, *checking(gathered(), remote())])
    assert "its owner checks us" in found["description-replaced"].claim
    chosen = stamped(events.SelectedPairChanged, t=9.0, pair="L1-R1")
    assert "description-replaced" not in findings(
        [changed, *checking(gathered(), remote()), chosen]
    )


def test_whoever_has_answered_our_offer_has_it() -> None:
    open_pair = pair(state="succeeded", valid=True, responses_received=1)
    said = checking(gathered(), remote(), open_pair)
    assert "not-pasted-yet" in findings(said)
    answered = checking(gathered(), remote(), open_pair, sdp_type="answer")
    assert "not-pasted-yet" not in findings(answered)


def test_a_machine_of_our_own_network_is_not_taken_for_theirs() -> None:
    """Their private address may be another machine's here: its closed port says nothing."""
    home = remote(2, type="host", address="192.168.1.7")
    closed = pair("L1-R2", **icmp("port", "192.168.1.7"))
    found = findings(checking(gathered(reflexive()), remote(), home, pair(), closed))
    assert "nobody-listens" not in found and "nothing-answers" in found


def test_a_router_that_answers_for_a_closed_port_is_not_their_machine() -> None:
    closed = pair(**icmp("port", "192.168.1.1"))
    found = findings(checking(gathered(reflexive()), remote(), closed))
    assert "nobody-listens" not in found and "unreachable" in found


def test_the_sentence_about_a_nat_has_plain_words_and_the_terms() -> None:
    said = sentence(PRC, ours=True)
    assert "keeps one public port" in said and "endpoint-independent mapping" in said
    assert "not known" in sentence(Nat(), ours=False)
    assert "No NAT in front of us" in sentence(Nat(EI, absent=True), ours=True)


def test_a_shared_public_address_with_other_local_networks_is_not_called_isolation() -> None:
    shared = remote(address="203.0.113.2")
    far = remote(2, type="host", address="10.9.8.7")
    stream = checking(gathered(reflexive(2, server=STUN)), shared, far, pair(), pair("L1-R2"))
    finding = findings(stream)["no-hairpin"]
    assert "another network" in finding.claim
    own = checking(gathered(reflexive(), host=local(address="10.9.8.1")), shared, far, pair())
    assert "may be kept apart" in findings(own)["no-hairpin"].claim


UNREACHABLE = icmp("host", "192.0.2.1")
OUR_NUMBERS = {"type": "host", "address": "192.168.1.2"}


def test_an_address_that_is_our_own_is_not_taken_for_their_machine() -> None:
    """Two homes number their machines alike: our own machine answers for their closed port."""
    closed = pair(**icmp("port", "192.168.1.2"))
    found = findings(checking(gathered(), remote(**OUR_NUMBERS), closed))
    assert "another network" in found["same-address"].claim
    assert not {"nobody-listens", "unreachable", "nothing-answers"} & set(found)
    both = [remote(**OUR_NUMBERS), remote(2), closed, pair("L1-R2")]
    found = findings(checking(gathered(reflexive()), *both))
    assert "same-address" not in found and "nobody-listens" not in found


def test_our_own_answer_to_our_own_check_says_nothing_of_their_blob() -> None:
    """As above, with the same port: what we send comes back to us, and we refuse it."""
    echo = pair(reason=Reason.UNAUTHENTICATED, detail="401", responses_received=1)
    refused = stamped(events.Refused, t=3.0, remote="192.168.1.2:5000", local="192.168.1.2:5000",
                      reason=Reason.UNAUTHENTICATED, kind="wrong-user-fragment",
                      username="theirs:ours", detail="refused")  # fmt: skip
    found = findings(checking(gathered(), remote(**OUR_NUMBERS, port=5000), echo, refused))
    assert "same-address" in found
    assert not {"wrong-credentials", "they-hold-stale-blob", "nothing-answers"} & set(found)
    other = checking(gathered(), remote(**OUR_NUMBERS, port=5001), echo)
    assert "wrong-credentials" in findings(other)


def test_container_bridges_numbered_alike_do_not_make_one_network() -> None:
    bridge = local(2, address="172.17.0.1", interface="docker0")
    theirs = [
        remote(type="host", address="192.168.9.2"),
        remote(2, type="host", address="172.17.0.1"),
    ]
    found = findings(checking(gathered(bridge), *theirs, pair(), pair("L2-R2")))
    assert "private-addresses" in found and "nothing-answers" not in found


def test_their_only_public_address_is_unreachable() -> None:
    """Their private address, of another network, could not have helped."""
    home = remote(2, type="host", address="192.168.9.2")
    found = findings(
        checking(gathered(reflexive()), remote(), home, pair(**UNREACHABLE), pair("L1-R2"))
    )
    assert found["unreachable"].pairs == ("L1-R1",) and "nothing-answers" not in found
    relay = [remote(3, type="relay", address="192.0.2.10"), pair("L1-R3")]
    silent = checking(
        gathered(reflexive()), remote(), home, pair(**UNREACHABLE), pair("L1-R2"), *relay
    )
    assert "unreachable" not in findings(silent)


def test_a_silent_relay_between_nats_that_need_it_is_named() -> None:
    relay = remote(2, type="relay", address="192.0.2.10")
    finding = between(SYM, SYM, relay, pair("L1-R2"))["nothing-answers"]
    assert "the relay (192.0.2.10), the only way" in str(finding)
    assert "the only way" not in str(between(PRC, PRC, relay, pair("L1-R2"))["nothing-answers"])


def test_two_homes_behind_one_nat_are_not_told_to_end_client_isolation() -> None:
    far = [remote(address="203.0.113.2"), remote(2, type="host", address="10.9.8.7")]
    found = findings(checking(gathered(reflexive()), *far, pair(), pair("L1-R2")))
    assert "isolation" not in found["no-hairpin"].remedy


def test_a_stun_server_inside_our_own_network_is_named() -> None:
    asked = server(STUN, mapped="192.168.1.2:5000")
    found = findings(checking(gathered(asked), remote(), pair()))
    assert "inside our own network" in found["private-addresses"].evidence


def test_ones_own_blob_is_not_asked_for_again() -> None:
    problem = "This is your own blob: paste the one that the other side sent you."
    refused = stamped(events.DescriptionRefused, t=1.0, problem=problem, kind="own")
    assert findings([*gathered(), refused])["paste-unusable"].remedy == ""


def test_relay_only_without_a_relay_names_the_servers_that_failed_alone() -> None:
    stream = [
        stamped(events.SessionStarted, ufrag="ours", relay_only=True),
        server(STUN),
        server(TURN, state="failed", reason=Reason.TIMEOUT, detail="no answer for 2 s"),
        stamped(events.GatheringStateChanged, t=2.0, state="complete"),
    ]
    assert findings(stream)["no-candidates"].evidence == f"{TURN}: no answer for 2 s"
