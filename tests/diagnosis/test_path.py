"""Findings about a path that no lab session shows."""

import pytest

from icetui import events
from icetui.events import AnyEvent
from icetui.session import fold
from tests.diagnosis.making import (
    TURN,
    checking,
    connected,
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

INDEPENDENT = {"mapping": "endpoint-independent", "filtering": "address-and-port-dependent"}
RELAY = local(3, type="relay", address="192.0.2.10", port=50_000, server=TURN)


def measured(id: str, *seconds: float, every: float = 0.0) -> list[AnyEvent]:
    return [
        stamped(events.RoundTripMeasured, t=5.0 + n * every, pair=id, seconds=s)
        for n, s in enumerate(seconds)
    ]


def probed(number: int, *, answered: bool) -> AnyEvent:
    """What came of one of the probes of a path, which are sent one after the other."""
    sent = 20.0 + number / 50
    if answered:
        return stamped(events.RoundTripMeasured, t=sent + 0.001, pair="L1-R1", seconds=0.001)
    return stamped(events.RequestLost, t=sent + 0.001, pair="L1-R1", sent=sent)


def test_a_slower_path_than_another_that_works() -> None:
    other = pair("L2-R1", t=3.0, state="succeeded", valid=True)
    slow = [*measured("L1-R1", 0.08, 0.09, 0.085), *measured("L2-R1", 0.02, 0.03, 0.025)]
    stream = connected(checking(gathered(), remote()), other, *slow)
    finding = findings(stream)["slower-path"]
    assert finding.pairs == ("L1-R1", "L2-R1") and "press n" in finding.remedy
    failed = pair("L2-R1", t=6.0)
    assert "slower-path" not in findings([*stream, failed])


def test_two_paths_alike_are_not_compared() -> None:
    other = pair("L2-R1", t=3.0, state="succeeded", valid=True)
    alike = [*measured("L1-R1", 0.031, 0.030, 0.032), *measured("L2-R1", 0.02, 0.03, 0.025)]
    assert "slower-path" not in findings(connected(checking(gathered(), remote()), other, *alike))


def relayed(*more: AnyEvent, mapping: str = "endpoint-independent") -> list[AnyEvent]:
    theirs = {"mapping": mapping, "filtering": "address-and-port-dependent"}
    before = gathered(reflexive(), server(TURN), RELAY, nat(**INDEPENDENT))
    return connected(checking(before, remote(), pair("L1-R1"), **theirs), *more, id="L3-R1")


def test_relayed_although_the_nats_would_let_a_direct_path_through() -> None:
    finding = findings(relayed())["direct-blocked"]
    assert "L1-R1" in finding.pairs and "firewall" in finding.claim
    assert "direct-blocked" not in findings(relayed(pair(state="succeeded", valid=True)))
    assert "direct-blocked" not in findings(relayed(mapping="unknown"))
    assert "direct-blocked" not in findings(relayed(mapping="address-and-port-dependent"))


def test_relayed_between_two_hosts_of_one_public_network_that_are_kept_apart() -> None:
    """No NAT: what stands between them is their own network."""
    ours = {"local": "198.51.100.2", "behind_nat": False}
    before = [
        local(address="198.51.100.2"), server(), server(TURN), RELAY, nat(**ours, **INDEPENDENT),
    ]  # fmt: skip
    theirs = remote(type="host", address="198.51.100.3")
    stream = checking(before, theirs, pair("L1-R1"), **INDEPENDENT)
    finding = findings(connected(stream, id="L3-R1"))["direct-blocked"]
    assert "client isolation" in finding.claim and "NAT" not in finding.claim


def test_relayed_because_the_nats_let_nothing_else_through() -> None:
    found = findings(relayed(mapping="address-and-port-dependent"))
    assert "because these two NATs let no direct path through" in found["relayed-path"].claim
    assert not [f for f in found.values() if f.severity in ("problem", "warning")]


def texts(*sizes_and_echoes: tuple[int, bool]) -> list[AnyEvent]:
    told: list[AnyEvent] = []
    for number, (size, echoed) in enumerate(sizes_and_echoes):
        told.append(stamped(events.TextSent, t=5.0, id=number, text="x", size=size))
        if echoed:
            told.append(stamped(events.TextEchoed, t=5.1, id=number, seconds=0.1))
    return [*told, *measured("L1-R1", 0.02), stamped(events.CommandRefused, t=12.0, command="x",
                                                      problem="x")]  # fmt: skip


def test_large_messages_that_vanish_while_small_ones_arrive() -> None:
    stream = connected(checking(gathered(), remote()))
    small_only = texts((40, True), (1100, False), (60, True), (1200, False))
    finding = findings([*stream, *small_only])["small-mtu"]
    assert "2 messages of 1100 bytes or more" in finding.evidence
    for others in (
        texts((40, True), (1100, False)),
        texts((40, False), (1100, False), (1200, False)),
        texts((40, True), (1100, True), (1100, False), (1200, False)),
    ):
        found = findings([*stream, *others])
        assert "small-mtu" not in found or "1100" not in found["small-mtu"].evidence


def asked(sent: int, answered: int, came: int, **described: str) -> list[AnyEvent]:
    told = [probed(n, answered=n * answered % sent < answered) for n in range(sent)]
    return connected(
        checking(gathered(), remote(), **described), *told,
        requests_sent=sent, responses_received=answered, requests_received=came,
    )  # fmt: skip


def test_losses_in_one_row_are_an_interruption_and_no_loss() -> None:
    lost = [stamped(events.RequestLost, t=5.0, pair="L1-R1") for _ in range(9)]
    stream = connected(
        checking(gathered(), remote()), *measured("L1-R1", *[0.02] * 9), *lost,
        *measured("L1-R1", *[0.02] * 9),
    )  # fmt: skip
    assert "lossy-path" not in findings(stream)


@pytest.mark.parametrize(
    ("sent", "answered", "came", "lossy"),
    [(100, 65, 99, True), (100, 50, 70, True), (20, 12, 20, True), (100, 99, 99, False)],
)
def test_loss_is_told_and_no_direction_as_round_trips_do_not_show_it(
    sent: int, answered: int, came: int, lossy: bool
) -> None:
    """Two sides do not probe quite in step, so that what came is not what they sent."""
    found = findings(asked(sent, answered, came))
    assert ("lossy-path" in found) is lossy
    assert not any(" to them" in f.claim for f in found.values())


def test_a_closed_port_ends_a_relay_or_a_peer_but_not_both() -> None:
    stream = connected(checking(gathered(), remote(type="host", address="198.51.100.9")))
    silent = stamped(events.ConnectionStateChanged, t=9.0, state="disconnected")
    told = pair(t=9.0, state="succeeded", valid=True, **icmp("port", "198.51.100.9"))
    found = findings([*stream, told, silent])
    assert "peer-gone" in found and "NAT" not in found["peer-gone"].claim
    router = pair(t=9.0, state="succeeded", valid=True, **icmp("host", "198.51.100.1"))
    found = findings([*stream, router, silent])
    assert "peer-gone" not in found and "silent-path" in found


def test_a_silent_path_speaks_again() -> None:
    stream = connected(checking(gathered(), remote()))
    silent = stamped(events.ConnectionStateChanged, t=9.0, state="disconnected")
    back = stamped(events.ConnectionStateChanged, t=11.0, state="connected")
    assert "silent-path" in findings([*stream, silent])
    found = findings([*stream, silent, back])
    assert "silent-path" not in found and "direct-path" in found


def test_a_change_of_path_is_worth_a_word_for_a_minute() -> None:
    other = pair("L2-R1", t=5.0, state="succeeded", valid=True)
    change = stamped(events.SelectedPairChanged, t=9.0, pair="L2-R1", previous="L1-R1",
                     occasion="silent", cause="L1-R1 went silent")  # fmt: skip
    stream = [*connected(checking(gathered(), remote()), other), change]
    finding = findings(stream)["path-changed"]
    assert finding.severity == "info" and finding.pairs == ("L1-R1", "L2-R1")
    better = stamped(events.SelectedPairChanged, t=10.0, pair="L1-R1", previous="L2-R1",
                     occasion="better", cause="a better pair has answered")  # fmt: skip
    assert "path-changed" not in findings([*stream, better])
    later = stamped(events.RoundTripMeasured, t=80.0, pair="L2-R1", seconds=0.02)
    assert "path-changed" not in findings([*stream, later])


def states(*times: tuple[float, str]) -> list[AnyEvent]:
    return [
        stamped(events.ConnectionStateChanged, t=t, state=state, cause="L1-R1 is silent")
        for t, state in times
    ]


def probes(*answered: bool, first: int = 0) -> list[AnyEvent]:
    return [probed(number, answered=good) for number, good in enumerate(answered, first)]


FLAPS = [
    (t + lag, state)
    for t in (5.0, 11.0, 17.0)
    for lag, state in ((0, "disconnected"), (3, "connected"))
]


def test_a_path_that_fails_again_and_again_is_not_called_lossy() -> None:
    samples = probes(*[*[False] * 12, True, False, *[True] * 6] * 3)
    stream = connected(checking(gathered(), remote()), *states(*FLAPS), *samples)
    found = findings(stream)
    assert (
        "3 times" in found["unsteady-path"].claim
        and "9.0 s of silence" in found["unsteady-path"].evidence
    )
    assert "lossy-path" not in found
    more = probes(*[False, True] * 20, first=len(samples))
    assert {"unsteady-path", "lossy-path"} <= set(findings([*stream, *more]))
    once = connected(checking(gathered(), remote()), *states(*FLAPS[:4]), *samples)
    assert "unsteady-path" not in findings(once)


def test_a_silent_path_on_which_their_checks_still_arrive_is_cut_one_way() -> None:
    def arrive(*times: float) -> list[AnyEvent]:
        return [
            stamped(events.StunMessage, t=t, direction="in", local="192.168.1.2:5000",
                    remote="203.0.113.9:6000", method="Binding", message_class="request",
                    transaction=f"{t}", pair="L1-R1")
            for t in times
        ]  # fmt: skip

    def silent(*more: AnyEvent) -> str:
        consent = stamped(events.ConsentRefreshed, t=3.0, pair="L1-R1", expires=33.0)
        stream = connected(checking(gathered(), remote()), consent, *states((4.0, "disconnected")))
        return findings([*stream, *more, pair(t=10.0, state="succeeded", valid=True)])[
            "silent-path"
        ].claim

    assert "what we send is lost" in silent(*arrive(5.5, 7.0, 8.5))
    assert "what we send is lost" not in silent(*arrive(2.1, 3.1, 3.9))


def test_answers_held_back_by_a_machine_that_slept_do_not_make_a_slow_path() -> None:
    late = [8.0 - 0.3 * number for number in range(20)]
    stream = connected(checking(gathered(), remote()), *measured("L1-R1", *late))
    assert "slow-path" not in findings(stream), "all of them came at one time"
    assert "slow-path" not in findings([*stream, *measured("L1-R1", *[0.02] * 4)])


def test_a_path_that_has_become_slow_is_slow_and_loses_nothing() -> None:
    """An answer that is later than any before counts as lost until it comes."""
    quick = measured("L1-R1", *[0.02] * 20, every=0.5)
    sent = [16.0 + 0.4 * n for n in range(8)]
    lost = [stamped(events.RequestLost, t=at + 1.0, pair="L1-R1", sent=at) for at in sent]
    stream = connected(checking(gathered(), remote()), *quick, *lost)
    back = [
        stamped(events.RoundTripMeasured, t=at + 3.0, pair="L1-R1", seconds=2.9995) for at in sent
    ]
    found = findings([*stream, *back])
    assert "a round trip takes 3.0 s" in found["slow-path"].claim
    assert "lossy-path" not in found
    quality = fold([*stream, *back]).quality["L1-R1"]
    assert (quality.measured, quality.lost, len(quality.samples)) == (28, 0, 28)
    assert fold([*stream, *back[:5]]).quality["L1-R1"].lost == 3


def test_a_silent_path_through_a_nat_may_be_the_nat() -> None:
    silent = [*states((4.0, "disconnected")), pair(t=10.0, state="succeeded", valid=True)]
    found = findings(connected(checking(gathered(), remote()), *silent))
    assert "a NAT on the way" in found["silent-path"].claim
    public = remote(type="host")
    found = findings(connected(checking(gathered(), public), *silent))
    assert "NAT" not in found["silent-path"].claim
    assert "or something else" in found["silent-path"].claim
