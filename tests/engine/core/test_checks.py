"""Checks, their answers, and what a pair makes of them (RFC 8445 sections 6 and 7)."""

from __future__ import annotations

import itertools

import pytest

from icetui import events
from icetui.engine import core, stun
from icetui.engine.core import Timing
from icetui.engine.core.frames import text
from icetui.engine.core.request import software
from icetui.events import Reason
from tests.engine.core.stage import Address, Side, Stage, candidate

ALICE, BOB, STRANGER = ("192.0.2.1", 4000), ("192.0.2.2", 4000), ("198.51.100.66", 4000)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def first_request(side: Side) -> stun.Message:
    return next(s.message for _, s in side.sent if s.message.message_class == stun.Class.REQUEST)


def alone(stage: Stage) -> stun.Message:
    """Alice has sent a check that nobody answers; bob is played by the test."""
    stage.homes()
    stage.lost = lambda side, to, data: True
    stage.alice.know(stage.bob)
    stage.run(0.001)
    return first_request(stage.alice)


def answer(request: stun.Message, pwd: str, *, mapped: Address = ALICE, said: str = "") -> bytes:
    builder = stun.Builder(request.method, stun.Class.RESPONSE, request.transaction_id)
    builder.address(stun.Attribute.XOR_MAPPED_ADDRESS, mapped)
    if said:
        builder.text(stun.Attribute.SOFTWARE, said)
    if pwd:
        builder.sign(pwd.encode())
    return builder.fingerprint().finish().raw


def error(request: stun.Message, code: int, pwd: str = "") -> bytes:
    builder = stun.Builder(request.method, stun.Class.ERROR, request.transaction_id)
    builder.error(code, "no")
    if pwd:
        builder.sign(pwd.encode())
    return builder.fingerprint().finish().raw


def check(side: Side, theirs: str, pwd: str = "", *, role: int = 0x8029, **more: int) -> bytes:
    """A check to this side, as from whoever has this user fragment."""
    request = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, b"t" * 12)
    request.text(stun.Attribute.USERNAME, f"{side.ufrag}:{theirs}")
    request.number(stun.Attribute.PRIORITY, 1)
    request.number(role, more.get("tie", 1))
    for _ in range(more.get("nominates", 0)):
        request.add(stun.Attribute.USE_CANDIDATE)
    return request.sign((pwd or side.pwd).encode()).fingerprint().finish().raw


def codes(side: Side, to: Address) -> list[int | None]:
    """Of what was answered to an address: error codes, None for a success."""
    return [
        s.message.error_code
        for _, s in side.sent
        if s.to == to and s.message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR)
    ]


# --- two that find each other ---------------------------------------------------------------------


def test_a_path_stands_after_one_round_trip_and_is_nominated_after_two(stage: Stage) -> None:
    stage.homes()
    stage.alice.know(stage.bob)
    stage.bob.know(stage.alice)
    ta = Timing().pace
    assert stage.run_until(stage.connected, 1.0) <= 0.04 + ta
    assert stage.run_until(stage.completed, 1.0) <= 0.04 + ta
    assert stage.bob.session.role == "controlling"


def test_both_sides_reckon_the_same_priority_for_a_pair(stage: Stage) -> None:
    """RFC 8445 section 6.1.2.3, with candidates of different priorities."""
    stage.alice.base("192.0.2.1")
    relay = stage.bob.base("192.0.2.2", kind="relay")
    stage.meet()
    g, d = relay.candidate.priority, next(iter(stage.alice.bases.values())).candidate.priority
    wanted = (min(g, d) << 32) + 2 * max(g, d) + (g > d)
    assert stage.bob.session.role == "controlling"
    assert stage.alice.pair.priority == stage.bob.pair.priority == wanted


def test_a_check_says_the_priority_that_its_own_base_would_have_as_peer_reflexive(
    stage: Stage,
) -> None:
    """RFC 8445 section 7.1.1."""
    alice = stage.alice
    for number, preference in enumerate((65535, 65534, 7)):
        priority = 126 << 24 | preference << 8 | 255
        base = core.Base(candidate(f"192.0.2.{number + 1}", number=f"L{number}", priority=priority))
        alice.bases[base.address] = base
        alice.do(alice.agent.add_base, base, stage.now)
    alice.learn(candidate("198.51.100.1", 5000))
    alice.know(stage.bob)
    stage.run(0.1)
    said = {s.base.address[0]: s.message.number(stun.Attribute.PRIORITY) for _, s in alice.sent}
    wanted = [110 << 24 | preference << 8 | 255 for preference in (65535, 65534, 7)]
    assert [said[f"192.0.2.{n}"] for n in (1, 2, 3)] == wanted


def test_no_two_checks_leave_closer_than_ta(stage: Stage) -> None:
    stage.alice.base("192.0.2.1")
    for port in range(20):
        stage.alice.learn(candidate("198.51.100.1", 5000 + port))
    stage.alice.know(stage.bob)
    stage.run(1.0)
    sent = stage.alice.requests()
    assert len(sent) > 100
    assert min(b - a for a, b in itertools.pairwise(sent)) >= Timing().pace - 1e-9


def test_a_check_that_left_late_pushes_the_next_one_back(stage: Stage) -> None:
    stage.alice.base("192.0.2.1")
    for port in (1, 2):
        stage.alice.learn(candidate("198.51.100.1", port))
    stage.alice.know(stage.bob)
    stage.run(0.0)
    (_, first), agent = stage.alice.sent[0], stage.alice.agent
    agent.left(first.base, first.message.transaction_id, stage.now + 0.003)
    due = agent.next_due()
    assert due is not None and due - stage.now >= Timing().pace + 0.003


def test_a_pair_is_asked_again_until_its_verdict_and_more_seldom_after_it(stage: Stage) -> None:
    stage.alice.base("192.0.2.1")
    stage.alice.learn(candidate("198.51.100.1", 5000))
    stage.alice.know(stage.bob)
    assert stage.run_until(lambda: stage.alice.session.state == "failed", 5.0) <= 2.7
    before = len(stage.alice.requests())
    assert before >= 6
    assert stage.alice.pair.reason == Reason.TIMEOUT
    stage.run(20.0)
    assert 9 <= len(stage.alice.requests()) - before <= 14


def test_all_has_not_failed_before_they_have_said_that_no_more_will_come(stage: Stage) -> None:
    """RFC 8838; or before a long time has passed."""
    stage.alice.base("192.0.2.1")
    stage.alice.learn(candidate("198.51.100.1", 5000))
    stage.alice.know(stage.bob, complete=False)
    stage.run(6.0)
    assert (stage.alice.pair.state, stage.alice.session.state) == ("failed", "checking")
    stage.alice.do(stage.alice.agent.end_of_candidates, stage.now)
    assert stage.alice.session.state == "failed"
    other = Stage()
    other.alice.base("192.0.2.1")
    other.alice.learn(candidate("198.51.100.1", 5000))
    other.alice.know(other.bob, complete=False)
    assert other.run_until(lambda: other.alice.session.state == "failed", 60.0) == 15.0


def test_whoever_never_answers_is_asked_once_a_second_at_most_after_a_minute(
    stage: Stage,
) -> None:
    """RFC 8445 section 19.5.1: their description is foreign text."""
    stage.alice.base("192.0.2.1")
    for port in range(4):
        stage.alice.learn(candidate("198.51.100.1", 5000 + port))
    stage.alice.know(stage.bob)
    stage.run(90.0)
    before = len(stage.alice.requests())
    stage.run(60.0)
    assert 40 <= len(stage.alice.requests()) - before <= 66


def test_ten_minutes_late_is_connected_within_one_and_a_half_round_trips(stage: Stage) -> None:
    stage.homes()
    stage.lost = lambda side, to, data: side is stage.alice  # bob's NAT lets nothing in
    stage.alice.know(stage.bob)
    stage.run(600.0)
    stage.bob.know(stage.alice)
    began = stage.now
    stage.run_until(lambda: stage.bob.requests(), 1.0)
    stage.lost = lambda side, to, data: False  # his own check has opened it
    stage.run_until(stage.connected, 5.0)
    assert stage.now - began <= 1.5 * 0.04 + 0.02


# --- what counts as an answer ---------------------------------------------------------------------


def test_an_answer_counts_when_it_is_signed_with_their_password(stage: Stage) -> None:
    request = alone(stage)
    stage.alice.hear(ALICE, BOB, answer(request, stage.bob.pwd))
    assert stage.alice.pair.valid


@pytest.mark.parametrize("pwd", ["", "x" * 22])
def test_an_answer_that_is_not_is_refused_and_the_right_one_still_counts(
    stage: Stage, pwd: str
) -> None:
    request = alone(stage)
    stage.alice.hear(ALICE, BOB, answer(request, pwd))
    assert not stage.alice.pair.valid
    assert stage.alice.of(events.Refused)[-1].reason == Reason.UNAUTHENTICATED
    stage.alice.hear(ALICE, BOB, answer(request, stage.bob.pwd))
    assert stage.alice.pair.valid


def test_an_answer_from_elsewhere_fails_the_pair(stage: Stage) -> None:
    """RFC 8445 section 7.2.5.2.1."""
    request = alone(stage)
    stage.alice.hear(ALICE, STRANGER, answer(request, stage.bob.pwd))
    pair = stage.alice.pair
    assert (pair.valid, pair.reason) == (False, Reason.ADDRESS_MISMATCH)
    assert pair.evidence == events.Evidence(answered_from="198.51.100.66:4000")


def test_an_answer_that_nobody_asked_for_is_nothing(stage: Stage) -> None:
    request = alone(stage)
    stranger = stun.Builder(request.method, stun.Class.RESPONSE, b"other" + bytes(7))
    stranger.address(stun.Attribute.XOR_MAPPED_ADDRESS, ALICE).sign(stage.bob.pwd.encode())
    stage.alice.hear(ALICE, BOB, stranger.fingerprint().finish().raw)
    assert not stage.alice.pair.valid


def test_an_unsigned_401_is_believed_as_a_reason_and_an_unsigned_403_is_not(stage: Stage) -> None:
    request = alone(stage)
    stage.alice.hear(ALICE, BOB, error(request, 403))
    assert stage.alice.pair.reason is None
    stage.alice.hear(ALICE, BOB, error(request, 401))
    assert stage.alice.pair.reason == Reason.UNAUTHENTICATED
    assert stage.alice.pair.evidence == events.Evidence(code=401, phrase="no")


def test_one_odd_error_does_not_end_a_valid_pair(stage: Stage) -> None:
    stage.connect()
    before = len(stage.alice.requests())
    stage.run_until(lambda: len(stage.alice.requests()) > before, 10.0)
    request = stage.alice.sent[-1][1].message
    stage.alice.hear(ALICE, BOB, error(request, 400, stage.bob.pwd))
    assert stage.alice.pair.valid


def test_round_trips_are_the_networks_and_not_the_other_machines(stage: Stage) -> None:
    """An icetui says how long it held a request; bob takes 10 ms to look at what comes."""
    stage.held = 0.010
    stage.connect()
    measured = [e.seconds for e in stage.alice.of(events.RoundTripMeasured)]
    assert measured and all(0.0399 < seconds < 0.0401 for seconds in measured)


def test_more_than_the_whole_round_trip_is_not_believed(stage: Stage) -> None:
    request = alone(stage)
    stage.run(0.04)
    stage.alice.hear(ALICE, BOB, answer(request, stage.bob.pwd, said=software(5.0)))
    assert stage.alice.of(events.RoundTripMeasured)[-1].seconds == pytest.approx(0.041)


def test_a_round_trip_begins_when_the_request_has_left(stage: Stage) -> None:
    request = alone(stage)
    base = stage.alice.bases[ALICE]
    stage.alice.agent.left(base, request.transaction_id, stage.now + 0.005)
    stage.now += 0.035
    stage.alice.hear(ALICE, BOB, answer(request, stage.bob.pwd))
    assert stage.alice.of(events.RoundTripMeasured)[-1].seconds == pytest.approx(0.030)


def test_a_repeated_request_measures_nothing(stage: Stage) -> None:
    """Karn's algorithm: which sending was answered is not known."""
    request = alone(stage)
    stage.run_until(lambda: len(stage.alice.requests()) >= 2, 1.0)
    stage.alice.hear(ALICE, BOB, answer(request, stage.bob.pwd))
    assert stage.alice.pair.valid
    assert not stage.alice.of(events.RoundTripMeasured)


def test_how_a_peer_sees_us_is_told_to_the_shell(stage: Stage) -> None:
    request = alone(stage)
    stage.alice.hear(ALICE, BOB, answer(request, stage.bob.pwd, mapped=("203.0.113.9", 9)))
    base = stage.alice.bases[ALICE]
    assert core.SeenAs(base, ("203.0.113.9", 9)) in stage.alice.asked
    assert stage.alice.pair.mapped == "203.0.113.9:9"


def test_icmp_fails_a_pair_that_is_checked_and_explains_one_that_is_valid(stage: Stage) -> None:
    alone(stage)
    base, alice = stage.alice.bases[ALICE], stage.alice
    evidence = events.Evidence(icmp_version=4, icmp_type=3, icmp_code=3, router="192.0.2.2")
    why = core.Failure(Reason.ICMP_UNREACHABLE, "port unreachable", evidence)
    alice.do(alice.agent.undelivered, base, BOB, why, stage.now)
    assert (alice.pair.state, alice.pair.reason) == ("failed", Reason.ICMP_UNREACHABLE)
    assert alice.pair.evidence == evidence
    other = Stage()
    other.connect()
    alice, base = other.alice, other.alice.bases[ALICE]
    alice.do(alice.agent.undelivered, base, BOB, why, other.now)
    other.run(0.1)
    assert alice.pair.valid and alice.pair.detail in (None, "port unreachable")


# --- what comes in --------------------------------------------------------------------------------


def test_a_check_is_answered_with_where_it_came_from(stage: Stage) -> None:
    stage.homes()
    stage.bob.hear(BOB, STRANGER, check(stage.bob, "abcd"))
    _, said = stage.bob.sent[-1]
    assert said.message.address(stun.Attribute.XOR_MAPPED_ADDRESS) == STRANGER
    assert said.message.signed_with(stage.bob.pwd.encode())


def test_who_has_the_wrong_password_or_name_gets_401_and_moves_nothing(stage: Stage) -> None:
    stage.homes()
    stage.bob.know(stage.alice)
    stage.bob.hear(BOB, STRANGER, check(stage.bob, stage.alice.ufrag, "x" * 22))
    stage.bob.hear(BOB, STRANGER, check(stage.bob, "somebody"))
    assert codes(stage.bob, STRANGER) == [401, 401]
    refused = stage.bob.of(events.Refused)
    assert {r.reason for r in refused} == {Reason.UNAUTHENTICATED}
    assert [(r.kind, r.code) for r in refused] == [
        ("wrong-password", 401),
        ("wrong-user-fragment", 401),
    ]
    assert refused[1].username == f"{stage.bob.ufrag}:somebody"
    assert len(stage.bob.session.remote_candidates) == 1


def test_a_request_without_credentials_gets_400(stage: Stage) -> None:
    stage.homes()
    bare = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, bytes(12))
    stage.bob.hear(BOB, STRANGER, bare.fingerprint().finish().raw)
    assert codes(stage.bob, STRANGER) == [400]


def test_a_check_that_wants_more_than_we_know_gets_420_and_moves_nothing(stage: Stage) -> None:
    stage.homes()
    stage.bob.know(stage.alice)
    request = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, b"t" * 12)
    request.text(stun.Attribute.USERNAME, f"{stage.bob.ufrag}:{stage.alice.ufrag}")
    request.add(0x7ABC, b"new").add(0x9ABC, b"may be passed over")
    stage.bob.hear(BOB, STRANGER, request.sign(stage.bob.pwd.encode()).finish().raw)
    assert codes(stage.bob, STRANGER) == [420]
    _, said = stage.bob.sent[-1]
    assert said.message.unknown_attributes == (0x7ABC,)
    assert stage.bob.of(events.Refused)[-1].attributes == (0x7ABC,)
    assert len(stage.bob.session.remote_candidates) == 1


def test_what_is_never_answered_is_forgotten_after_half_a_minute(stage: Stage) -> None:
    request = alone(stage)
    stage.run(120.0)
    base, newest = stage.alice.bases[ALICE], stage.alice.agent.newest
    assert len(newest.checks.pending._by_base[base]) < 40
    stage.alice.hear(ALICE, BOB, answer(request, stage.bob.pwd))
    assert not stage.alice.pair.valid, "an answer two minutes late is to nothing"


def test_a_check_of_theirs_triggers_ours_though_one_is_in_progress(stage: Stage) -> None:
    """RFC 8445 section 7.3.1.4."""
    alone(stage)
    stage.run(0.05)
    before = len(stage.alice.requests())
    stage.alice.hear(ALICE, BOB, check(stage.alice, stage.bob.ufrag))
    stage.run(0.005)
    assert len(stage.alice.requests()) == before + 1


def test_a_peer_is_learned_from_its_check_and_known_better_when_it_is_signalled(
    stage: Stage,
) -> None:
    """RFC 8445 section 7.3.1.3."""
    stage.homes()
    stage.alice.do(
        stage.alice.agent.describe, stage.bob.ufrag, stage.bob.pwd,
        lite=False, controlling=False, now=stage.now,
    )  # fmt: skip
    stage.alice.hear(ALICE, BOB, check(stage.alice, stage.bob.ufrag))
    (learned,) = stage.alice.session.remote_candidates.values()
    assert (learned.type, learned.address, learned.priority) == ("prflx", BOB[0], 1)
    assert stage.alice.learn(stage.bob.bases[BOB].candidate)
    (known,) = stage.alice.session.remote_candidates.values()
    assert (known.id, known.type) == (learned.id, "host")
    assert stage.alice.pair.priority > 2**60


def test_no_more_than_a_hundred_remote_candidates_are_taken(stage: Stage) -> None:
    stage.alice.base("192.0.2.1")
    taken = [stage.alice.learn(candidate("198.51.100.1", 5000 + n)) for n in range(150)]
    assert sum(taken) == len(stage.alice.session.pairs) == 100


def test_new_ports_of_one_host_are_taken_in_up_to_a_bound(stage: Stage) -> None:
    """A NAT that maps by destination shows one for every address of ours."""
    stage.homes()
    stage.bob.know(stage.alice)
    for port in range(200):
        stage.bob.hear(BOB, (STRANGER[0], 1000 + port), check(stage.bob, stage.alice.ufrag))
    assert len(stage.bob.session.remote_candidates) <= 17
    added = len(stage.bob.of(events.RemoteCandidateAdded))
    for port in range(300):
        stage.bob.hear(BOB, (STRANGER[0], 2000 + port), check(stage.bob, stage.alice.ufrag))
        stage.run(0.1)
    more = len(stage.bob.of(events.RemoteCandidateAdded)) - added
    assert 5 <= more <= 16, "one each two seconds, in the place of one that came to nothing"


def test_families_are_not_mixed_and_hidden_hosts_not_told_to_relays(stage: Stage) -> None:
    alice = stage.alice
    alice.base("192.0.2.1")
    alice.base("192.0.2.77", kind="relay")
    alice.agent.hidden_host("192.0.2.2")
    alice.learn(candidate("192.0.2.2"))
    alice.learn(candidate("2001:db8::2"))
    assert list(alice.session.pairs) == ["L1-R1"]


def test_a_relay_is_told_of_a_peer_before_it_is_checked(stage: Stage) -> None:
    relay = stage.alice.base("192.0.2.77", kind="relay")
    stage.alice.learn(candidate("192.0.2.2"))
    assert stage.alice.asked == [core.Prepare(relay, BOB)]
    assert not stage.alice.sent


# --- before their description ---------------------------------------------------------------------


def test_a_knock_is_kept_open_until_it_is_known_who_knocks(stage: Stage) -> None:
    stage.homes()
    stage.bob.hear(BOB, ALICE, check(stage.bob, stage.alice.ufrag))
    stage.run(50.0)

    def indications() -> int:
        return sum(s.message.message_class == stun.Class.INDICATION for _, s in stage.bob.sent)

    assert (indications(), len(stage.bob.of(events.Knocked))) == (3, 1)
    stage.bob.know(stage.alice)
    stage.run(50.0)
    assert indications() == 3


def test_what_knocked_is_checked_at_once_when_their_description_comes(stage: Stage) -> None:
    stage.homes()
    stage.bob.hear(BOB, STRANGER, check(stage.bob, stage.alice.ufrag))
    stage.bob.hear(BOB, STRANGER, check(stage.bob, "another"))
    stage.bob.know(stage.alice)
    stage.run(0.0)
    assert stage.bob.sent[-1][1].to == STRANGER
    assert len(stage.bob.session.remote_candidates) == 2


# --- data -----------------------------------------------------------------------------------------


def test_data_counts_only_over_a_valid_pair(stage: Stage) -> None:
    alone(stage)
    stage.alice.hear(ALICE, BOB, text(b"key", 1, 1, b"not yet"))
    stage.alice.hear(ALICE, STRANGER, text(b"key", 1, 1, b"let me in"))
    assert not stage.alice.session.texts
    assert len(stage.alice.of(events.DataDropped)) == 2


def test_a_text_is_echoed_by_its_number(stage: Stage) -> None:
    stage.connect()
    alice = stage.alice
    assert alice.do(alice.agent.send_text, "hello", stage.now) is None
    stage.run(0.05)
    assert alice.of(events.TextEchoed)[0].seconds == pytest.approx(0.04)
    assert [t.text for t in stage.bob.of(events.TextReceived)] == ["hello"]


def test_a_flood_of_texts_is_dropped_beyond_what_a_person_reads(stage: Stage) -> None:
    stage.connect()
    for _ in range(500):
        stage.bob.hear(BOB, ALICE, b"flood")
    assert len(stage.bob.of(events.TextReceived)) == 200
    stage.bob.hear(BOB, ALICE, bytes([22]) + b" a DTLS record")
    assert "DTLS" in stage.bob.of(events.DataDropped)[-1].cause


def test_after_a_goodbye_nothing_is_sent_and_nothing_counts_as_lost(stage: Stage) -> None:
    stage.connect()
    stage.alice.do(stage.alice.agent.leave, stage.now)
    stage.run(0.05)
    assert len(stage.bob.of(events.PeerLeft)) == 1
    before = len(stage.bob.sent)
    stage.run(60.0)
    assert len(stage.bob.sent) == before
    assert not stage.bob.of(events.RequestLost)
    assert stage.bob.session.state == "disconnected"


def test_a_text_that_comes_again_is_dropped_and_one_without_signature_too(stage: Stage) -> None:
    stage.connect()
    data: list[bytes] = []
    stage.lost = lambda side, to, sent: bool(not stun.is_stun(sent) and data.append(sent))
    alice, bob = stage.alice, stage.bob
    alice.do(alice.agent.send_text, "hello", stage.now)
    stage.run(0.05)
    for _ in range(100):
        bob.hear(BOB, ALICE, data[0])
    bob.hear(BOB, ALICE, b"bare words")
    bob.hear(BOB, ALICE, b"\xf1\x03")
    alice.hear(ALICE, BOB, data[0])
    assert [t.text for t in bob.of(events.TextReceived)] == ["hello"]
    assert not alice.of(events.TextReceived), "sent back to where it came from"
    assert {d.cause for d in bob.of(events.DataDropped)} == {
        "a message that came before, repeated on the way",
        "data that the other side's icetui has not sent",
        "a message of an icetui that is not signed by the other side",
    }
    assert bob.session.state == "completed"
