"""`--strict`: to the letter of the RFCs, measured on what is really sent."""

from __future__ import annotations

import itertools

from icetui import events
from icetui.engine import stun
from icetui.engine.core import STRICT
from icetui.events import Reason
from tests.engine.core.stage import Side, Stage, candidate
from tests.engine.core.test_restraint import check


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def requests_to(side: Side, address: str) -> list[float]:
    return [
        t for t, s in side.sent
        if s.message.message_class == stun.Class.REQUEST and s.to[0] == address
    ]  # fmt: skip


def test_checks_are_50_ms_apart() -> None:
    stage = Stage(STRICT)
    stage.homes()
    for number in range(8):
        stage.alice.learn(candidate(f"198.51.100.{number}", 4000, "srflx", f"X{number}"))
    stage.alice.know(stage.bob)
    stage.run(2.0)
    assert min(gaps(sorted(stage.alice.requests()))) >= 0.05 - 1e-9


def test_a_check_is_repeated_as_stun_says() -> None:
    stage = Stage(STRICT)
    stage.homes()
    stage.lost = lambda side, to, data: True
    stage.alice.know(stage.bob)
    stage.run(60.0)
    sent = requests_to(stage.alice, "192.0.2.2")
    assert [round(gap, 3) for gap in gaps(sent)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
    assert stage.alice.pair.reason == Reason.TIMEOUT


def test_the_first_repetition_waits_longer_where_there_are_more_checks() -> None:
    assert STRICT.retransmit(None, checks=9)[0] == 0.5
    assert STRICT.retransmit(None, checks=16)[0] == 16 * 0.05


def test_consent_is_asked_for_every_four_to_six_seconds() -> None:
    stage = Stage(STRICT)
    stage.connect()
    stage.run(10.0)
    before = len(stage.alice.requests())
    stage.run(120.0)
    apart = gaps(stage.alice.requests()[before:])
    assert all(4.0 <= gap <= 6.0 for gap in apart)
    assert len({round(gap, 2) for gap in apart}) > 5, "at random"
    assert stage.connected()


def test_consent_that_has_expired_comes_back_by_no_check_of_theirs() -> None:
    stage = Stage(STRICT)
    stage.connect()
    cut = stage.now
    stage.lost = lambda side, to, data: True
    stage.run(40.0)
    assert stage.alice.pair.reason == Reason.CONSENT_EXPIRED
    expired = next(
        e.t for e in stage.alice.of(events.ConnectionStateChanged) if e.state == "failed"
    )
    assert 24.0 <= expired - cut <= 30.1
    stage.lost = lambda side, to, data: False
    asked = len(stage.alice.requests())
    (to,), (source,) = stage.alice.bases, stage.bob.bases
    theirs = check(
        stage.bob, stage.alice,
        role=stage.bob.agent.newest.role.attribute, tie_breaker=1, nominate=False,
    )  # fmt: skip
    stage.alice.hear(to, source, theirs)
    stage.run(60.0)
    assert len(stage.alice.requests()) == asked
    assert stage.alice.session.state == "failed"


def test_one_pair_is_nominated_and_no_other_one_after_it() -> None:
    stage = Stage(STRICT)
    stage.alice.base("192.0.2.1", 4000)
    stage.bob.base("192.0.2.2")
    stage.alice.know(stage.bob, controlling=True)
    stage.bob.know(stage.alice, controlling=False)
    stage.run_until(stage.completed, 5.0)
    better = stage.alice.base("192.0.2.3", 4001)
    stage.bob.learn(better.candidate)
    stage.run(20.0)
    pairs = stage.alice.session.pairs.values()
    assert sum(p.valid for p in pairs) == 2 and sum(p.nominated for p in pairs) == 1
    other = next(p for p in pairs if not p.nominated)
    problem = stage.alice.do(stage.alice.agent.nominate, other.id, stage.now)
    assert "restart" in problem
    nominated = {
        s.pair for _, s in stage.alice.sent if stun.Attribute.USE_CANDIDATE in s.message
    }  # fmt: skip
    assert len(nominated) == 1


def test_of_more_than_a_hundred_pairs_those_of_the_lowest_priority_give_way() -> None:
    stage = Stage(STRICT)
    for port in range(4):
        stage.alice.base("192.0.2.1", 4000 + port)
    stage.bob.base("192.0.2.2")
    for number in range(40):
        kind = "relay" if number < 30 else "srflx"
        stage.alice.learn(candidate(f"198.51.100.{number}", 4000, kind, f"X{number}"))
    stage.alice.know(stage.bob)
    table = stage.alice.agent.newest.pairs
    assert len(table) == 100
    assert sum(p.remote.type == "srflx" for p in table) == 40
    assert stage.alice.agent.newest.pairs.get(next(iter(table)).base, ("192.0.2.2", 4000))
