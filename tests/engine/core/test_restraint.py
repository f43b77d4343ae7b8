"""A peer that is authentic and means no good: roles and paths change as often as is good for us."""

from __future__ import annotations

from icetui import events
from icetui.engine import stun
from icetui.engine.core.damping import Damping
from tests.engine.core.stage import Side, Stage


def changes(side: Side, kind: type[events.Event]) -> int:
    return len(side.of(kind))


def check(by: Side, to: Side, *, role: stun.Attribute, tie_breaker: int, nominate: bool) -> bytes:
    """A well signed check."""
    builder = (
        stun.Builder(stun.Method.BINDING, stun.Class.REQUEST, by.stage.now.hex()[-12:].encode())
        .text(stun.Attribute.USERNAME, f"{to.ufrag}:{by.ufrag}")
        .number(stun.Attribute.PRIORITY, 1)
        .number(role, tie_breaker)
    )
    if nominate:
        builder.add(stun.Attribute.USE_CANDIDATE)
    return builder.sign(to.pwd.encode()).fingerprint().finish().raw


def test_roles_that_are_claimed_in_turns_change_ever_more_seldom() -> None:
    stage = Stage()
    stage.connect()
    before = changes(stage.bob, events.RoleChanged)
    (to,), (source,) = stage.bob.bases, stage.alice.bases
    for _ in range(1500):  # a hundred a second for a quarter of a minute
        ours = stage.bob.agent.newest.role.attribute
        lie = check(stage.alice, stage.bob, role=ours, tie_breaker=2**64 - 1, nominate=False)
        if ours == stun.Attribute.ICE_CONTROLLING:
            stage.bob.hear(to, source, lie)
        else:  # whoever is controlled gives way to the lesser tie-breaker
            lie = check(stage.alice, stage.bob, role=ours, tie_breaker=0, nominate=False)
            stage.bob.hear(to, source, lie)
        stage.run(0.01)
    assert changes(stage.bob, events.RoleChanged) - before <= 4 + 4 + 2
    assert stage.bob.of(events.ChangeDamped)[0].kind == "role"
    assert stage.bob.session.connected


def test_nominations_in_turns_move_the_path_ever_more_seldom() -> None:
    stage = Stage()
    for port in (4000, 4001, 4002):
        stage.alice.base("192.0.2.1", port)
    stage.bob.base("192.0.2.2")
    stage.alice.know(stage.bob, controlling=True)
    stage.bob.know(stage.alice, controlling=False)
    stage.run_until(lambda: all(p.valid for p in stage.bob.agent.newest.pairs), 3.0)
    stage.run(3.0)
    before = changes(stage.bob, events.SelectedPairChanged)
    (to,) = stage.bob.bases
    for turn in range(800):
        source = ("192.0.2.1", 4000 + turn % 3)
        lie = check(
            stage.alice, stage.bob,
            role=stun.Attribute.ICE_CONTROLLING, tie_breaker=2**64 - 1, nominate=True,
        )  # fmt: skip
        stage.bob.hear(to, source, lie)
        stage.run(0.01)
    assert changes(stage.bob, events.SelectedPairChanged) - before <= 10 + 6
    assert stage.bob.of(events.ChangeDamped)[0].kind == "path"
    assert stage.bob.session.connected


def test_an_ordinary_role_conflict_and_a_better_path_wait_for_nothing() -> None:
    stage = Stage()
    stage.homes()
    stage.alice.know(stage.bob, controlling=True)
    stage.bob.know(stage.alice, controlling=True)
    assert stage.run_until(stage.completed, 5.0) < 1.0
    assert not any(side.of(events.ChangeDamped) for side in stage.sides)


def test_what_was_calm_for_a_minute_is_free_again() -> None:
    damping = Damping(free=2, first=1.0, most=30.0)
    assert [damping.allows(now) for now in (0.0, 0.1, 0.2, 1.2, 2.0, 3.3)] == [
        True, True, False, True, False, True,
    ]  # fmt: skip
    assert damping.allows(64.0) and damping.allows(64.1)
    assert not damping.allows(64.2)
