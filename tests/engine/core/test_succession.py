"""The next generation's credentials: who goes over to it, when, and whom nobody can make do so."""

from __future__ import annotations

import pytest

from icetui import events
from icetui.engine import core, stun
from icetui.engine.core.succession import Credentials, successors
from icetui.engine.core_runner import CoreRunner
from tests.engine.core.stage import Side, Stage, candidate

OUTAGE = 31.0


@pytest.fixture
def stage() -> Stage:
    made = Stage()
    made.connect(icetui=True)
    made.run(0.5)  # nothing is on its way
    return made


def next_of(side: Side, other: Side) -> tuple[Credentials, Credentials]:
    return successors(Credentials(side.ufrag, side.pwd), Credentials(other.ufrag, other.pwd))


def renewals(side: Side) -> list[core.Renewed]:
    return [output for output in side.asked if isinstance(output, core.Renewed)]


def check(side: Side, other: Side, pwd: str = "") -> stun.Message:
    """What `other` sends to `side` in the next generation, signed with this or the right one."""
    ours, theirs = next_of(side, other)
    builder = stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, b"t" * 12)
    builder.text(stun.Attribute.USERNAME, f"{ours.ufrag}:{theirs.ufrag}")
    builder.number(stun.Attribute.PRIORITY, 1)
    return builder.sign((pwd or ours.pwd).encode()).fingerprint().finish()


def test_one_side_goes_over_and_the_other_follows_without_losing_its_path(stage: Stage) -> None:
    roles = [side.session.role for side in stage.sides]
    stage.alice.do(stage.alice.agent.slept, OUTAGE, stage.now)
    stage.run(3.0)
    ours, theirs = next_of(stage.alice, stage.bob)
    assert renewals(stage.alice) == [core.Renewed(ours, theirs, "consent")]
    assert renewals(stage.bob) == [core.Renewed(theirs, ours, "their consent")]
    assert stage.completed()
    assert stage.bob.session.path_history[-1].cause.startswith("new credentials: ")
    states = [e.state for e in stage.bob.of(events.ConnectionStateChanged)]
    assert not {"disconnected", "failed"} & set(states)
    assert [side.session.role for side in stage.sides] == roles
    for side in stage.sides:
        assert "conflict" not in [e.cause for e in side.of(events.RoleChanged)]


def test_a_lost_connection_stays_lost_until_a_pair_answers(stage: Stage) -> None:
    stage.lost = lambda *_: True
    stage.run(OUTAGE + 20.0)
    stage.lost = lambda *_: False
    stage.run(5.0)
    for side in stage.sides:
        states = [e.state for e in side.of(events.ConnectionStateChanged)]
        assert states[states.index("disconnected") :] == [
            "disconnected", "failed", "connected", "completed",
        ]  # fmt: skip
        assert len(renewals(side)) == 1


def test_a_path_that_is_lost_after_its_credentials_were_renewed_ends_their_use(
    stage: Stage,
) -> None:
    """As when the other side's new blob comes first: the old path stands until consent runs out."""
    bob = stage.bob
    stage.lost = lambda *_: True
    bob.do(bob.agent.succeed, "their consent", stage.now)
    stage.run(OUTAGE + 1.0)
    stale = [p for p in bob.session.pairs.values() if p.reason == events.Reason.SUPERSEDED]
    assert [p.detail for p in stale] == [
        "credentials made anew replaced it; before that it failed: consent-expired"
    ]
    after = stage.now
    stage.run(20.0)
    ours, theirs = next_of(bob, stage.alice)
    sent = [s.message for t, s in bob.sent if t > after]
    assert {m.username for m in sent if m.message_class == stun.Class.REQUEST} == {
        f"{theirs.ufrag}:{ours.ufrag}"
    }
    stage.lost = lambda *_: False
    stage.run(5.0)
    states = [e.state for e in bob.of(events.ConnectionStateChanged)]
    assert states[states.index("disconnected") :] == [
        "disconnected", "failed", "connected", "completed",
    ]  # fmt: skip
    assert stage.completed()


def test_nobody_without_the_passwords_makes_a_side_go_over(stage: Stage) -> None:
    base = next(iter(stage.bob.bases.values()))
    forged = check(stage.bob, stage.alice, pwd="x" * 24)
    assert not stage.bob.agent.names_successor(forged)
    assert not stage.bob.agent.vouches(base, forged)
    stage.bob.hear(base.address, ("192.0.2.1", 4000), forged.raw)
    stage.run(1.0)
    assert renewals(stage.bob) == []
    assert stage.bob.of(events.Refused)


def test_a_check_of_the_next_generation_is_vouched_for(stage: Stage) -> None:
    base = next(iter(stage.bob.bases.values()))
    assert stage.bob.agent.vouches(base, check(stage.bob, stage.alice))


def test_a_path_that_was_lost_with_its_base_is_renewed_when_consent_would_have_expired(
    stage: Stage,
) -> None:
    """The other side goes over then, and refuses whoever has not."""
    base = next(iter(stage.alice.bases.values()))
    stage.alice.base("192.0.2.9")
    stage.run(2.0)
    stage.lost = lambda *_: True
    stage.run(1.0)
    stage.alice.do(stage.alice.agent.base_lost, base, stage.now)
    stage.run(20.0)
    assert renewals(stage.alice) == [], "consent has not run out yet"
    stage.run(OUTAGE - 18.0)
    assert len(renewals(stage.alice)) == len(renewals(stage.bob)) == 1


def test_of_sessions_that_share_a_socket_the_right_one_hears_of_it(stage: Stage) -> None:
    """Nobody's user fragment, so far."""
    runner = CoreRunner.__new__(CoreRunner)
    runner.agent = stage.bob.agent
    assert runner.is_named_by(check(stage.bob, stage.alice))
    assert not runner.is_named_by(check(stage.alice, stage.bob))


def test_a_description_tells_who_has_gone_over(stage: Stage) -> None:
    ours, theirs = next_of(stage.alice, stage.bob)
    gone = stage.alice.agent.has_gone_over
    assert gone(theirs.ufrag, None) and gone("other", ours.ufrag)
    assert not gone(stage.bob.ufrag, stage.alice.ufrag) and not gone("other", None)


def test_without_an_icetui_over_there_there_is_no_successor() -> None:
    stage = Stage()
    stage.connect()
    stage.run(0.5)
    ours, theirs = next_of(stage.alice, stage.bob)
    assert not stage.alice.agent.has_gone_over(theirs.ufrag, ours.ufrag)
    stage.alice.do(stage.alice.agent.slept, OUTAGE, stage.now)
    stage.run(3.0)
    assert renewals(stage.alice) == renewals(stage.bob) == []


def test_consent_that_ends_on_a_pair_beside_the_path_renews_nothing() -> None:
    stage = Stage()
    stage.homes()
    stage.bob.base("192.0.2.3")
    stage.meet(icetui=True)
    stage.run(2.0)
    path = stage.alice.session.selected_pair
    assert path is not None
    beside = "192.0.2.3" if stage.alice.session.remote_candidates[path.remote].address.endswith(
        ".2") else "192.0.2.2"  # fmt: skip
    stage.lost = lambda side, to, data: beside == to[0]
    stage.run(OUTAGE + 10.0)
    expired = [
        e for e in stage.alice.of(events.PairChanged)
        if e.pair.reason == events.Reason.CONSENT_EXPIRED
    ]  # fmt: skip
    assert expired and all(e.pair.id != path.id for e in expired)
    assert stage.connected()
    assert renewals(stage.alice) == renewals(stage.bob) == []


def test_candidates_that_cannot_be_used_are_not_taken_over(stage: Stage) -> None:
    named = candidate("9c1d5a4e-5f4e-4b60-8f6b-0d0c7e8f9a0b.local", unsupported="not asked for")
    stage.alice.learn(named)
    before = len(stage.alice.of(events.RemoteCandidateAdded))
    stage.alice.do(stage.alice.agent.slept, OUTAGE, stage.now)
    stage.run(0.1)
    added = stage.alice.of(events.RemoteCandidateAdded)[before:]
    assert [e.candidate.address for e in added] == ["192.0.2.2"]
