"""Roles, nomination, the path and its upkeep (RFC 8445 sections 7.3.1.1 and 8, RFC 7675)."""

from __future__ import annotations

import random
import time

import pytest

from icetui import events
from icetui.engine import core, stun
from icetui.engine.core import Timing
from icetui.events import Reason
from tests.engine.core.stage import Side, Stage
from tests.engine.core.test_checks import ALICE, BOB, check, codes


@pytest.fixture
def stage() -> Stage:
    return Stage()


def two_bases(stage: Stage) -> None:
    """Alice has two, so there are two direct pairs."""
    stage.alice.base("192.0.2.1")
    stage.alice.base("192.0.2.11")
    stage.bob.base("192.0.2.2")
    stage.meet()
    for side in stage.sides:
        stage.run_until(lambda side=side: len(valid(side)) == 2, 2.0)  # type: ignore[misc]  # bound
        assert len(valid(side)) == 2


def valid(side: Side) -> list[str]:
    return [p.id for p in side.session.pairs.values() if p.valid]


def cut(stage: Stage, address: str) -> None:
    """Nothing goes to or from this address of alice's any more."""

    def lost(side: Side, to: tuple[str, int], data: bytes) -> bool:
        sender = next((s for _, s in reversed(side.sent) if s.message.raw == data), None)
        source = sender.base.address[0] if sender is not None else ""
        return address in (to[0], source)

    stage.lost = lost


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("controlling", [True, False])
def test_two_of_one_role_repair_the_conflict_and_agree_on_the_path(
    stage: Stage, controlling: bool
) -> None:
    stage.homes()
    stage.alice.know(stage.bob, controlling=controlling)
    stage.bob.know(stage.alice, controlling=controlling)
    stage.run_until(stage.completed, 2.0)
    assert {s.session.role for s in stage.sides} == {"controlling", "controlled"}
    assert stage.completed()
    assert sum(s.session.role_conflicts for s in stage.sides) == 1


def test_the_greater_tie_breaker_keeps_its_role(stage: Stage) -> None:
    """RFC 8445 section 7.3.1.1: equal ones count as ours being greater."""
    stage.homes()
    stage.bob.know(stage.alice, controlling=True)
    ours = stage.bob.agent.newest.role.tie_breaker
    claims = {"role": 0x802A, "tie": ours}
    stage.bob.hear(BOB, ALICE, check(stage.bob, stage.alice.ufrag, **claims))
    assert codes(stage.bob, ALICE) == [487]
    assert stage.bob.session.role == "controlling"
    claims["tie"] = ours + 1
    stage.bob.hear(BOB, ALICE, check(stage.bob, stage.alice.ufrag, **claims))
    assert codes(stage.bob, ALICE) == [487, None]
    assert stage.bob.session.role == "controlled"


def test_a_487_to_a_request_of_before_the_switch_does_not_switch_back(stage: Stage) -> None:
    stage.homes()
    stage.lost = lambda side, to, data: True
    stage.bob.know(stage.alice, controlling=True)
    stage.run(0.3)
    requests = [s.message for _, s in stage.bob.sent]
    tie_breaker = stage.bob.agent.newest.role.tie_breaker
    for request in (requests[0], requests[0]):
        refused = stun.Builder(request.method, stun.Class.ERROR, request.transaction_id)
        refused.error(487, "Role Conflict").sign(stage.alice.pwd.encode())
        stage.bob.hear(BOB, ALICE, refused.fingerprint().finish().raw)
    assert stage.bob.session.role == "controlled"
    assert stage.bob.agent.newest.role.tie_breaker != tie_breaker, "RFC 8445 section 7.2.5.1"


def test_whoever_never_gives_way_is_given_way_to(stage: Stage) -> None:
    stage.homes()
    stage.bob.know(stage.alice, controlling=True)
    for _ in range(30):
        claim = check(stage.bob, stage.alice.ufrag, role=0x802A, tie=0)
        stage.bob.hear(BOB, ALICE, claim)
        stage.now += 0.1
    assert stage.bob.session.role == "controlled"


# --- nomination -----------------------------------------------------------------------------------


def nominations(side: Side) -> list[stun.Message]:
    return [s.message for _, s in side.sent if stun.Attribute.USE_CANDIDATE in s.message]


def test_only_the_controlling_side_nominates_and_not_before_an_answer(stage: Stage) -> None:
    stage.connect()
    controlled, controlling = stage.alice, stage.bob
    assert not nominations(controlled)
    first = nominations(controlling)[0]
    requests = [
        s.message for _, s in controlling.sent if s.message.message_class == stun.Class.REQUEST
    ]
    assert requests.index(first) >= 1, "regular nomination: the check comes first"


def test_a_direct_path_is_nominated_before_a_relayed_one_that_was_quicker(stage: Stage) -> None:
    stage.alice.base("192.0.2.1")
    stage.bob.base("192.0.2.99", kind="relay")
    stage.bob.base("192.0.2.2")
    late = stage.now + 0.2
    stage.lost = lambda side, to, data: (
        stage.now < late
        and (to == BOB or (side is stage.bob and side.sent[-1][1].base.address == BOB))
    )
    stage.meet()
    for side in stage.sides:
        pair = side.session.selected_pair
        assert pair is not None and pair.nominated and not pair.relayed


def test_a_relayed_path_is_nominated_when_no_direct_one_comes_in_time(stage: Stage) -> None:
    stage.alice.base("192.0.2.1")
    stage.bob.base("192.0.2.99", kind="relay")
    stage.bob.base("192.0.2.2")
    stage.lost = lambda side, to, data: (
        to == BOB or (side is stage.bob and side.sent[-1][1].base.address == BOB)
    )
    stage.alice.know(stage.bob)
    stage.bob.know(stage.alice)
    began = stage.now
    stage.run_until(lambda: stage.bob.agent.path and stage.bob.agent.path.nominated, 5.0)
    assert 0.5 <= stage.now - began <= 0.7


def test_a_lost_nomination_is_sent_again_before_the_next_probe() -> None:
    stage = Stage(Timing(probe_settling=9.0, probe_selected=9.0))  # probes nominate, too
    stage.homes()
    dropped: list[bytes] = []

    def lost(side: Side, to: tuple[str, int], data: bytes) -> bool:
        nominates = stun.is_stun(data) and stun.Attribute.USE_CANDIDATE in stun.parse(data)
        if nominates and len(dropped) < 3:
            dropped.append(data)
            return True
        return False

    stage.lost = lost
    stage.alice.know(stage.bob)
    stage.bob.know(stage.alice)
    assert stage.run_until(stage.completed, 2.0) < 0.04 + 3 * Timing().nomination_timeout + 0.1
    assert len(dropped) == 3


def test_an_answer_to_a_nomination_that_was_replaced_nominates_nothing(stage: Stage) -> None:
    two_bases(stage)
    bob = stage.bob
    path = bob.session.selected
    spare = next(p for p in valid(bob) if p != path)
    for pair in (spare, str(path)):  # both nominations are on their way at one time
        bob.do(bob.agent.nominate, pair, stage.now)
    stage.run(1.0)
    assert [e.pair for e in bob.of(events.SelectedPairChanged)] == [path]
    assert bob.agent.path is not None and bob.agent.path.nominated


def test_a_pair_can_be_chosen_by_hand_by_the_controlling_side_alone(stage: Stage) -> None:
    two_bases(stage)
    controlling, controlled = stage.bob, stage.alice
    spare = next(p for p in valid(controlling) if p != controlling.session.selected)
    assert controlling.do(controlling.agent.nominate, spare, stage.now) is None
    stage.run(0.2)
    assert controlling.session.selected == spare
    paths = [s.agent.path for s in stage.sides]
    assert paths[0] and paths[1] and paths[0].base.address == paths[1].addr
    refused = controlled.do(controlled.agent.nominate, valid(controlled)[0], stage.now)
    assert "controlled" in refused
    assert "no pair" in controlling.do(controlling.agent.nominate, "L9-R9", stage.now)


# --- upkeep ---------------------------------------------------------------------------------------


def test_ten_minutes_pass_in_no_time_and_nothing_grows(stage: Stage) -> None:
    stage.connect()
    ticks = stage.alice.ticks
    began = time.process_time()
    stage.run(600.0)
    assert time.process_time() - began < 3.0
    assert stage.completed()
    asked = stage.alice.pair.consent_requests_sent
    assert 600 <= asked <= 800, "each 0.75 to 1 s"
    assert len(stage.alice.of(events.SelectedPairChanged)) == 1
    assert stage.alice.ticks - ticks < 5 * asked, "nothing is looked at before its time"
    newest = stage.alice.agent.newest
    checks = newest.checks
    held = (checks.pending._by_base, newest._upkeep_due._heap, checks.plan._due)
    assert max(len(h) for h in held) < 50  # type: ignore[arg-type]  # all of them are sized
    assert sum(map(len, checks.pending._by_base.values())) < 50


def test_a_dead_path_is_shown_within_two_seconds_and_lost_when_consent_has_expired(
    stage: Stage,
) -> None:
    stage.connect()
    stage.run(10.0)
    stage.lost = lambda side, to, data: True
    began = stage.now
    alice = stage.alice
    heard = next(p for p in alice.agent.newest.pairs).last_heard
    stage.run_until(lambda: alice.session.state == "disconnected", 5.0)
    assert stage.now - began <= 2.0
    stage.run_until(lambda: alice.session.state == "failed", 60.0)
    assert heard is not None and stage.now == pytest.approx(heard + 30.0)
    assert alice.pair.reason == Reason.CONSENT_EXPIRED
    assert alice.session.selected is None


def test_a_relay_is_asked_to_prove_its_allocation_when_a_path_over_it_goes_silent(
    stage: Stage,
) -> None:
    relay = stage.alice.base("192.0.2.1", kind="relay")
    stage.bob.base("192.0.2.2")
    stage.meet()
    assert core.Prove(relay) not in stage.alice.asked
    stage.lost = lambda side, to, data: True
    stage.run(3.0)
    assert stage.alice.asked.count(core.Prove(relay)) == 1


def test_consent_runs_out_while_the_machine_sleeps(stage: Stage) -> None:
    stage.connect()
    stage.lost = lambda side, to, data: True
    stage.run(0.1)
    alice = stage.alice
    alice.do(alice.agent.slept, 40.0, stage.now)
    stage.run(0.0)
    assert alice.pair.reason == Reason.CONSENT_EXPIRED


def test_a_path_that_dies_is_replaced_by_the_other_pair_within_two_seconds(stage: Stage) -> None:
    two_bases(stage)
    dead = stage.alice.agent.path
    assert dead is not None
    cut(stage, dead.base.address[0])
    began = stage.now

    def moved() -> bool:
        paths = [s.agent.path for s in stage.sides]
        return all(p is not None and dead.base.address not in (p.base.address, p.addr)
                   for p in paths)  # fmt: skip

    stage.run_until(moved, 5.0)
    assert stage.now - began <= 2.0
    assert all(s.session.connected for s in stage.sides)


def test_a_path_that_was_lost_is_found_again(stage: Stage) -> None:
    stage.connect()
    stage.lost = lambda side, to, data: True
    stage.run(60.0)
    assert {s.session.state for s in stage.sides} == {"failed"}
    stage.lost = lambda side, to, data: False
    assert stage.run_until(stage.connected, 10.0) < 3.0


def test_a_lost_base_takes_its_pairs_with_it(stage: Stage) -> None:
    two_bases(stage)
    alice, path = stage.alice, stage.alice.agent.path
    assert path is not None
    alice.do(alice.agent.base_lost, path.base, stage.now)
    assert alice.agent.path is not None and alice.agent.path.base is not path.base
    pair = alice.session.pairs[path.id]
    assert (pair.state, pair.reason) == ("failed", Reason.GONE)
    assert pair.evidence is not None and pair.evidence.gone == "address"
    del alice.bases[path.base.address]
    before = len(alice.sent)
    stage.run(30.0)
    assert all(s.base is not path.base for _, s in alice.sent[before:])


def test_thirty_percent_loss_a_link_is_not_taken_for_silence() -> None:
    """Two lines lie between them: half of what is sent one way is lost, three of four round trips.
    A direct and a relayed pair are there all the time."""
    switches = 0
    for seed in range(4):
        stage, dice = Stage(), random.Random(seed)
        stage.alice.base("192.0.2.1")
        stage.bob.base("192.0.2.2")
        stage.bob.base("192.0.2.99", kind="relay")
        # A lambda that binds the loop's dice has no type that can be inferred.
        stage.lost = lambda side, to, data, dice=dice: dice.random() < 0.51  # type: ignore[misc]  # bound
        stage.alice.know(stage.bob)
        stage.bob.know(stage.alice)
        stage.run(15.0)
        before = [len(s.of(events.SelectedPairChanged)) for s in stage.sides]
        stage.run(120.0)
        after = [len(s.of(events.SelectedPairChanged)) for s in stage.sides]
        switches += max(b - a for a, b in zip(before, after, strict=True))
        assert all(s.session.connected for s in stage.sides)
        direct, other = (s.agent.path for s in stage.sides)
        assert direct and other and direct.base.address == other.addr
        assert stage.alice.of(events.RequestLost)
    assert switches <= 8, "one a minute"


def test_a_dead_lossy_path_is_shown_within_three_and_a_half_seconds() -> None:
    stage, dice = Stage(), random.Random(3)
    stage.homes()
    stage.lost = lambda side, to, data: dice.random() < 0.3
    stage.alice.know(stage.bob)
    stage.bob.know(stage.alice)
    stage.run(30.0)
    assert stage.alice.session.connected
    stage.lost = lambda side, to, data: True
    assert stage.run_until(lambda: stage.alice.session.state == "disconnected", 9.0) <= 4.0


def test_a_nomination_that_was_overtaken_on_its_way_does_not_turn_the_path_back(
    stage: Stage,
) -> None:
    two_bases(stage)
    alice, bob = stage.alice, stage.bob
    old = bob.agent.path
    assert old is not None
    spare = next(p for p in valid(bob) if p != old.id)
    bob.do(bob.agent.nominate, spare, stage.now)
    stage.run(0.1)
    path = alice.session.selected
    late = check(alice, bob.ufrag, role=0x802A, tie=2**64 - 1, nominates=1)
    alice.hear(old.addr, old.base.address, late)
    assert alice.session.selected == path
    stage.run(0.5)
    assert alice.session.selected == path
    alice.hear(old.addr, old.base.address, late)
    assert alice.session.selected != path, "one that is meant comes again"


# --- renomination ---------------------------------------------------------------------------------


def relayed(stage: Stage, *, renominates: bool) -> tuple[Side, Side]:
    """Nominated over a relay, before a direct pair could be; returns controlling and controlled."""
    stage.alice.base("203.0.113.1", kind="relay")
    stage.bob.base("192.0.2.2")
    stage.meet(renominates=renominates)
    direct = stage.alice.base("192.0.2.1")
    stage.bob.learn(direct.candidate)
    stage.run(10.0)
    assert len(valid(stage.alice)) == 2
    alice_controls = stage.alice.agent.newest.role.controlling
    return (stage.alice, stage.bob) if alice_controls else (stage.bob, stage.alice)


def numbered(side: Side) -> dict[str | None, set[int | None]]:
    """By pair: the numbers that its nominations had."""
    found: dict[str | None, set[int | None]] = {}
    for _, s in side.sent:
        if stun.Attribute.USE_CANDIDATE in s.message:
            found.setdefault(s.pair, set()).add(s.message.number(stun.Attribute.NOMINATION))
    return found


def test_whoever_does_not_count_nominations_hears_of_one_pair_alone(stage: Stage) -> None:
    controlling, _ = relayed(stage, renominates=False)
    path = controlling.agent.path
    assert path is not None and path.relayed
    assert numbered(controlling) == {path.id: {None}}
    other = next(p for p in valid(controlling) if p != path.id)
    problem = controlling.do(controlling.agent.nominate, other, stage.now)
    assert "restart" in problem
    cut(stage, "203.0.113.1")
    stage.run(10.0)
    assert all(s.session.connected for s in stage.sides), "a dead path keeps nobody"
    for side in stage.sides:
        assert side.agent.path is not None and side.agent.path.nominated
        assert not side.agent.path.relayed


def test_whoever_counts_them_hears_of_the_better_one_by_the_next_number(stage: Stage) -> None:
    controlling, controlled = relayed(stage, renominates=True)
    for side in stage.sides:
        assert side.agent.path is not None and not side.agent.path.relayed
    numbers = numbered(controlling)
    assert sorted(numbers.values(), key=str) == [{1}, {2}]
    assert not numbered(controlled)


def test_a_relayed_pair_waits_longer_for_a_direct_one_where_it_is_for_good(stage: Stage) -> None:
    stage.alice.base("203.0.113.1", kind="relay")
    stage.alice.base("192.0.2.1")
    stage.bob.base("192.0.2.2")
    began = stage.now
    stage.lost = lambda side, to, data: stage.now < began + 1.2 and to == ("192.0.2.1", 4000)
    stage.meet(renominates=False)
    for side in stage.sides:
        assert side.agent.path is not None and not side.agent.path.relayed


@pytest.mark.parametrize("counted", [True, False])
def test_a_number_nominates_by_itself_where_both_count_them(stage: Stage, counted: bool) -> None:
    stage.alice.base("192.0.2.1")
    stage.alice.base("192.0.2.11")
    stage.bob.base("192.0.2.2")
    # Alice only answers: what nominates is made below.
    stage.lost = lambda side, to, data: side is stage.alice and is_request(data)
    stage.bob.know(stage.alice, controlling=False, renominates=counted)
    stage.alice.know(stage.bob, controlling=True)
    stage.run(0.5)
    bob = stage.bob
    (to,) = bob.bases
    one, other = stage.alice.bases

    def nominate(source: tuple[str, int], number: int) -> None:
        request = (
            stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, number.to_bytes(12, "big"))
            .text(stun.Attribute.USERNAME, f"{bob.ufrag}:{stage.alice.ufrag}")
            .number(stun.Attribute.PRIORITY, 1)
            .number(stun.Attribute.ICE_CONTROLLING, 1)
            .number(stun.Attribute.NOMINATION, number)
        )
        bob.hear(to, source, request.sign(bob.pwd.encode()).fingerprint().finish().raw)
        stage.run(5.0)

    def nominated() -> list[str]:
        return [p.id for p in bob.session.pairs.values() if p.nominated]

    nominate(one, 2)
    assert len(nominated()) == counted
    nominate(other, 3)
    moved = nominated()
    assert len(moved) == counted
    nominate(one, 2)
    assert nominated() == moved, "an older number turns nothing back"


def is_request(data: bytes) -> bool:
    return stun.is_stun(data) and stun.parse(data).message_class == stun.Class.REQUEST


# --- restart --------------------------------------------------------------------------------------


def again(side: Side) -> None:
    side.ufrag, side.pwd = f"{side.name}01", side.name[0] * 23
    side.do(side.agent.begin, side.ufrag, side.pwd)


def test_after_a_restart_the_old_path_carries_data_until_the_new_one_stands(stage: Stage) -> None:
    stage.connect()
    old = stage.alice.session.selected
    again(stage.alice)
    stage.run(5.0)
    assert stage.alice.session.selected == old
    assert stage.alice.do(stage.alice.agent.send_text, "still here", stage.now) is None
    again(stage.bob)
    stage.alice.know(stage.bob)
    stage.bob.know(stage.alice)
    stage.run(1.0)
    for side in stage.sides:
        assert side.session.state == "completed"
        assert side.session.pairs[str(old)].reason == Reason.SUPERSEDED
        assert side.of(events.SelectedPairChanged)[-1].cause.startswith("ICE restart: ")
        assert side.of(events.SelectedPairChanged)[-1].previous == old
    states = [e.state for e in stage.alice.of(events.ConnectionStateChanged)]
    assert states == ["checking", "connected", "completed", "connected", "completed"]
    assert [t.text for t in stage.bob.of(events.TextReceived)] == ["still here"]


def test_checks_go_to_the_generation_that_they_name(stage: Stage) -> None:
    stage.connect()
    old = stage.bob.ufrag
    again(stage.bob)
    stage.run(2.0)
    assert not stage.bob.of(events.Refused), "alice still asks for consent with the old name"
    stage.bob.hear(BOB, ALICE, check(stage.bob, stage.alice.ufrag))
    assert stage.bob.of(events.Knocked)
    assert old != stage.bob.ufrag


def test_timing_can_be_chosen() -> None:
    stage = Stage(Timing(pace=0.05))
    stage.alice.base("192.0.2.1")
    for host in range(4):
        stage.alice.learn(stage.bob.base(f"192.0.2.{50 + host}").candidate)
    stage.lost = lambda side, to, data: True
    stage.alice.know(stage.bob)
    stage.run(0.101)
    assert len(stage.alice.requests()) == 3


def test_while_the_path_owes_an_answer_the_others_are_asked_at_the_same_time(stage: Stage) -> None:
    """So that there is one that has just answered when the path turns out to be dead."""
    two_bases(stage)
    dead = stage.alice.agent.path
    assert dead is not None
    stage.run(7.0)
    cut(stage, dead.base.address[0])
    stage.run_until(lambda: stage.alice.agent.path is not dead, 5.0)
    spare = stage.alice.agent.path
    assert spare is not None and spare.last_heard is not None
    assert stage.now - spare.last_heard < 0.3
