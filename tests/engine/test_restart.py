"""ICE restart: new credentials on the same sockets, the old path until the new one stands."""

from __future__ import annotations

from collections.abc import Callable

from icetui import events, signaling
from icetui.diagnosis import diagnose
from icetui.events import Reason
from tests.engine.side import QUICK, Side, connect
from tests.engine.test_connecting import path, unplugged


async def new_blob(side: Side, generation: int = 1) -> str:
    """The blob of a generation, once it is there."""
    await side.until(lambda s: s.generation == generation and s.blob_at is not None)
    assert side.session.blob is not None
    return side.session.blob.blob


async def exchange_again(one: Side, other: Side, generation: int = 1) -> None:
    """One has restarted: its blob goes over, the answer comes back."""
    other.agent.paste(await new_blob(one, generation))
    one.agent.paste(await new_blob(other, generation))


async def test_the_old_path_carries_data_until_the_new_one_stands(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    old_path, old_ufrag = one.session.selected, one.agent.ufrag
    one.agent.restart()
    assert one.agent.ufrag != old_ufrag
    assert one.session.selected == old_path
    assert one.session.connected
    one.agent.send_text("still here")
    await one.until(lambda s: s.texts and s.texts[-1].echo is not None)

    other.agent.paste(await new_blob(one))
    assert other.session.restart is not None
    assert other.session.restart.cause == "their restart"
    assert other.session.connected
    one.agent.paste(await new_blob(other))
    for side in pair:
        await side.until(lambda s: s.restart is None and s.selected != old_path, within=3)
        assert side.session.state in ("connected", "completed")
        assert side.session.path_history[-2].cause.startswith("ICE restart") or (
            side.session.path_history[-1].cause.startswith("ICE restart")
        )
        old = side.session.pairs[str(old_path)]
        assert old.reason == Reason.SUPERSEDED
    assert path(one) == path(other)[::-1]
    one.agent.send_text("on the new one")
    await one.until(lambda s: s.texts[-1].echo is not None)
    states = [e.state for e in one.of(events.ConnectionStateChanged)]
    assert "disconnected" not in states
    assert "failed" not in states


async def test_a_restart_finds_the_way_again_after_the_path_was_lost(
    side: Callable[..., Side],
) -> None:
    one, other = side(timing=QUICK), side(timing=QUICK)
    await connect(one, other)
    plug_in = unplugged(other)
    await one.until(lambda s: s.state == "failed", within=6)
    one.agent.restart()
    assert one.session.selected is None
    plug_in()
    await exchange_again(one, other, 2)  # they have made new credentials by themselves before
    for each in (one, other):
        await each.until(lambda s: s.connected and s.restart is None, within=5)
    assert path(one) == path(other)[::-1]


async def test_both_may_restart_at_once(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    one.agent.restart()
    other.agent.restart()
    one.agent.paste(await new_blob(other))
    other.agent.paste(await new_blob(one))
    for side in pair:
        await side.until(lambda s: s.restart is None and s.connected, within=3)
        assert side.session.generation == 1


async def test_a_restart_cures_a_wrong_password(pair: tuple[Side, Side]) -> None:
    """The blob in their hands was damaged by hand; nothing of it is left after the restart."""
    one, other = pair
    wrong = signaling.read(await other.blob())
    one.agent._take(
        type(wrong)(**{f: getattr(wrong, f) for f in wrong.__struct_fields__} | {"pwd": "A" * 22}),
        (),
    )
    other.agent.paste(await one.blob())
    await one.until(
        lambda s: any(p.reason == Reason.UNAUTHENTICATED for p in s.pairs.values()), within=2
    )
    one.agent.restart()
    await exchange_again(one, other)
    for side in pair:
        await side.until(lambda s: s.connected, within=3)
    assert not [f for f in diagnose(one.session) if "password" in f.claim]


async def test_their_blob_from_before_is_named(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    old = await other.blob()
    one.agent.restart()
    one.agent.paste(old)
    assert one.session.refusal is not None
    assert "from before the restart" in one.session.refusal.problem
    assert one.session.connected


async def test_a_strangers_blob_is_not_a_restart(side: Callable[..., Side]) -> None:
    one, other, stranger = side(), side(), side()
    await connect(one, other)
    one.agent.paste(await stranger.blob())
    assert one.session.refusal is not None
    assert "another session" in one.session.refusal.problem
    assert one.session.generation == 0


async def test_before_there_is_a_peer_there_is_nothing_to_restart(pair: tuple[Side, Side]) -> None:
    one, _ = pair
    await one.blob()
    one.agent.restart()
    assert "nothing to restart" in one.of(events.CommandRefused)[-1].problem
