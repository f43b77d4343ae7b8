"""What is left decides how strong a sentence is; and what refutes or speaks for what."""

from __future__ import annotations

import re

from icetui import events
from icetui.diagnosis import Finding
from icetui.diagnosis.elimination import SHOWN, eliminate
from icetui.diagnosis.hypotheses import NO_PATH, silent_path
from icetui.diagnosis.hypothesis import Hypothesis
from icetui.events import AnyEvent, Reason
from tests.diagnosis.making import (
    STUN,
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


def one(code: str, common: float, *, possible: bool = True, support: str = "",
        proved: bool = False) -> Hypothesis[None]:  # fmt: skip
    return Hypothesis(
        code=code, rule="rule", place="the blobs", words=lambda e: code, common=lambda e: common,
        possible=lambda e: possible, speaks=lambda e: ((2.0, support),) if support else (),
        proved=lambda e: proved, remedy=lambda e: "",
    )  # fmt: skip


def left(*catalogue: Hypothesis[None]) -> tuple[str, list[str]]:
    verdict = eliminate(catalogue, None)
    return verdict.strength, [one.hypothesis.code for one in verdict.left]


def test_the_only_one_left_is_said_to_be_so_if_something_speaks_for_it() -> None:
    assert left(one("a", 1, support="x"), one("b", 9, possible=False)) == ("is", ["a"])
    assert left(one("a", 1), one("b", 9, possible=False)) == ("one of", ["a"])
    assert left(one("a", 1, support="x"), one("b", 9)) == ("one of", ["b", "a"])


def test_what_is_proved_needs_no_others() -> None:
    assert left(one("a", 1, proved=True), one("b", 9)) == ("is", ["a"])


def test_where_nothing_is_left_nothing_is_known() -> None:
    assert left(one("a", 1, possible=False)) == ("unknown", [])


def test_a_list_is_short_and_the_likeliest_first() -> None:
    found = left(*(one(f"h{n}", n) for n in range(1, 6)))
    assert found == ("one of", ["h5", "h4", "h3"]) and len(found[1]) == SHOWN
    assert left(one("rare", 2, support="x"), one("common", 3))[1] == ["rare", "common"]


def test_every_hypothesis_has_a_name_of_its_own() -> None:
    codes = [h.code for h in (*NO_PATH, *silent_path.HYPOTHESES)]
    assert len(set(codes)) == len(codes) >= 35
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def problem(stream: list[AnyEvent]) -> Finding:
    return next(f for f in findings(stream).values() if f.severity == "problem")


def codes(stream: list[AnyEvent]) -> list[str]:
    return [h.code for h in problem(stream).hypotheses]


def refused(kind: str, username: str | None = None) -> AnyEvent:
    event: AnyEvent = stamped(
        events.Refused, t=3.0, remote="203.0.113.9:6000", local="192.168.1.2:5000",
        reason=Reason.UNAUTHENTICATED, detail="refused", kind=kind, username=username,
    )  # fmt: skip
    return event


def test_an_echo_of_our_own_check_is_no_check_of_theirs() -> None:
    echo = refused("wrong-user-fragment", "theirs:ours")
    found = findings(checking(gathered(reflexive()), remote(), pair(), echo))
    assert "they-hold-stale-blob" not in found
    assert "203.0.113.9:6000" in found["stranger-answers"].claim
    other = refused("wrong-user-fragment", "old:theirs")
    found = findings(checking(gathered(reflexive()), remote(), pair(), other))
    assert "they-hold-stale-blob" in found and "stranger-answers" not in found


def test_an_answer_without_their_password_is_a_strangers() -> None:
    unsigned = refused("wrongly-signed-answer")
    stream = checking(gathered(reflexive()), remote(), pair(), unsigned)
    assert codes(stream)[0] == "stranger"


def test_a_router_that_refuses_what_it_did_not_ask_for_does_not_mean_that_they_have_ended() -> None:
    closed = icmp("port", "203.0.113.9")
    at_their_nat = checking(gathered(reflexive()), remote(), pair(**closed))
    assert codes(at_their_nat)[0] == "not-pasted"
    assert "203.0.113.9" in problem(at_their_nat).evidence
    at_their_machine = checking(gathered(reflexive()), remote(type="host"), pair(**closed))
    assert codes(at_their_machine)[0] == "ended"


def test_nats_explain_nothing_between_two_public_addresses() -> None:
    here = local(4, address="2001:db8::2")
    there = remote(4, type="host", address="2001:db8:1::2")
    both = {"mapping": "address-and-port-dependent", "filtering": "address-and-port-dependent"}
    before = gathered(reflexive(), here, nat(**both))
    with_six = checking(before, remote(), there, pair(), pair("L4-R4"), **both)
    assert "nats-exclude" not in codes(with_six) and "firewall-between" in codes(with_six)
    assert codes(checking(before, remote(), pair(), **both)) == ["nats-exclude"]


def test_two_servers_that_differ_by_a_port_or_two_prove_no_symmetric_nat() -> None:
    both = {"mapping": "address-and-port-dependent", "filtering": "address-and-port-dependent"}
    seen = [
        stamped(events.MappingSeen, t=0.3, local="192.168.1.2:5000", server=f"192.0.2.{n}:3478",
                mapped=f"203.0.113.2:{port}")
        for n, port in ((10, 7000), (11, 7007))
    ]  # fmt: skip
    stream = checking(gathered(reflexive(), nat(**both), *seen), remote(), pair(), **both)
    assert problem(stream).strength == "one of"
    assert codes(stream)[:1] == ["nats-exclude"] and "server-misleads" in codes(stream)


def test_the_longer_the_silence_the_less_it_is_that_they_have_not_pasted() -> None:
    both = {"mapping": "endpoint-independent", "filtering": "address-and-port-dependent"}
    early = checking(gathered(reflexive(), nat(**both)), remote(), pair(t=4.0), **both)
    late = checking(gathered(reflexive(), nat(**both)), remote(), pair(t=40.0), **both)
    assert codes(early)[:2] == ["not-pasted", "firewall-between"]
    assert codes(late) == ["firewall-between", "not-pasted"]
    answer = both | {"answers": "ours"}
    answering = checking(gathered(reflexive(), nat(**both)), remote(), pair(), **answer)
    assert "not-pasted" not in codes(answering)


def test_one_silent_server_may_be_dead_and_several_mean_that_udp_is_blocked() -> None:
    dead = {"state": "failed", "reason": Reason.TIMEOUT, "detail": "12 requests, no answer"}
    alone = checking(gathered(server(STUN, **dead)), remote(), pair())
    assert codes(alone)[0] == "servers-dead"
    several = gathered(server(STUN, **dead), server("stun:198.51.100.7:3478", **dead))
    assert codes(checking(several, remote(), pair()))[0] == "udp-blocked-here"


def test_a_session_that_does_not_come_about_is_never_passed_over_in_silence() -> None:
    stuck = pair(t=30.0, state="succeeded", valid=True, responses_received=3, requests_received=2)
    found = findings(checking(gathered(reflexive()), remote(), stuck))
    assert (
        found["unexplained"].strength == "unknown" and "3 answers" in found["unexplained"].evidence
    )
    early = pair(t=5.0, state="succeeded", valid=True, responses_received=3, requests_received=2)
    assert "unexplained" not in findings(checking(gathered(reflexive()), remote(), early))


# --- a path that went silent --------------------------------------------------------------------


def silent(*more: AnyEvent, t: float = 14.0, **described: object) -> list[AnyEvent]:
    consent = stamped(events.ConsentRefreshed, t=9.0, pair="L1-R1", expires=39.0)
    gone = stamped(events.ConnectionStateChanged, t=11.0, state="disconnected")
    stream = connected(checking(gathered(reflexive()), remote(), **described), consent)
    return [*stream, gone, *more, pair(t=t, state="succeeded", valid=True)]


def mapping(port: int, t: float) -> AnyEvent:
    event: AnyEvent = stamped(events.MappingSeen, t=t, local="192.168.1.2:5000",
                              server="192.0.2.10:3478", mapped=f"203.0.113.2:{port}")  # fmt: skip
    return event


def test_another_port_of_ours_explains_a_silent_path() -> None:
    strict = {"filtering": "address-and-port-dependent"}
    finding = problem(silent(mapping(7000, 1.0), mapping(7100, 12.0), **strict))
    assert [h.code for h in finding.hypotheses] == ["we-moved"] and finding.strength == "is"
    assert "203.0.113.2:7000" in finding.evidence and "203.0.113.2:7100" in finding.evidence
    loose = problem(silent(mapping(7000, 1.0), mapping(7100, 12.0)))
    assert loose.strength == "one of" and loose.hypotheses[0].code == "we-moved"
    assert "we-moved" not in codes(silent(mapping(7000, 1.0), mapping(7000, 12.0)))


def question(t: float, direction: str, id: str) -> AnyEvent:
    event: AnyEvent = stamped(
        events.StunMessage, t=t, direction=direction, local="192.168.1.2:5000",
        remote="192.0.2.10:3478", method="Binding", transaction=id,
        message_class="request" if direction == "out" else "response",
    )  # fmt: skip
    return event


def test_our_own_line_is_cut_where_our_servers_are_silent_too() -> None:
    asked = server(STUN)
    assert codes(silent(asked, question(11.0, "out", "a")))[0] == "our-line"
    answered = silent(asked, question(11.0, "out", "a"), question(11.1, "in", "a"))
    assert "our-line" not in codes(answered) and codes(answered)[0] == "their-line"


def test_no_remedy_promises_that_a_path_comes_back() -> None:
    for stream in (silent(), silent(mapping(7000, 1.0), mapping(7100, 12.0))):
        assert "by itself" not in problem(stream).remedy
