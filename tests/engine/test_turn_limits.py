"""A TURN server with limits: quota, forbidden peers, nonces and allocations of short life."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from icetui import events
from icetui.engine import gathering
from icetui.events import Reason, StartSession
from icetui.session import Session
from tests.engine.conftest import Coturn, StartCoturn
from tests.engine.side import QUICK, Side, connect

SHORT = 3
"""Seconds that an allocation lives in these tests."""


def only_relayed(server: Coturn) -> StartSession:
    return StartSession(
        interfaces=("lo",), ipv6=False, relay_only=True, turn_servers=(server.turn(),)
    )


def messages(side: Side, method: str, message_class: str) -> list[events.StunMessage]:
    """What went between this side and its TURN server."""
    return [
        m for m in side.of(events.StunMessage)
        if m.via and (m.method, m.message_class) == (method, message_class)
    ]  # fmt: skip


async def test_a_quota_that_is_used_up_is_named(
    side: Callable[..., Side], start_coturn: StartCoturn
) -> None:
    server = await start_coturn("--user-quota=1")
    one = side(only_relayed(server))
    await one.until(lambda s: s.gathering == "complete")
    other = side(only_relayed(server))
    await other.until(lambda s: s.gathering == "complete", within=1)
    (first,), (second,) = one.session.servers.values(), other.session.servers.values()
    assert first.state == "ok"
    assert (second.state, second.reason) == ("failed", Reason.QUOTA)
    assert "486" in (second.detail or "")


async def test_a_server_that_comes_back_is_found_and_the_blob_renewed(
    side: Callable[..., Side], start_coturn: StartCoturn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "AGAIN_AT_MOST", 0.3)
    server = await start_coturn()
    await server.kill()
    one = side(only_relayed(server))
    await one.until(lambda s: s.gathering == "complete")
    (state,) = one.session.servers.values()
    assert (state.state, state.reason) == ("failed", Reason.ICMP_UNREACHABLE)
    await server.start()
    await one.until(lambda s: s.blob is not None and s.blob.resend, what="a blob with the relay")
    assert [c.type for c in one.session.local_candidates.values()] == ["relay"]


async def test_a_peer_that_the_server_forbids_is_named_with_its_words(
    side: Callable[..., Side], start_coturn: StartCoturn
) -> None:
    server = await start_coturn("--denied-peer-ip=127.0.0.1")
    one, other = side(only_relayed(server), QUICK), side(None, QUICK)
    one.agent.paste(await other.blob())
    other.agent.paste(await one.blob())
    await one.until(lambda s: any(p.reason == Reason.FORBIDDEN for p in s.pairs.values()), within=2)
    [refused] = [p for p in one.session.pairs.values() if p.reason == Reason.FORBIDDEN]
    assert refused.state == "failed"
    assert "403" in (refused.detail or "")
    assert not one.session.connected


async def test_an_allocation_outlives_its_lifetimes_and_stale_nonces(
    side: Callable[..., Side], start_coturn: StartCoturn
) -> None:
    """Each refresh comes before the lifetime ends and finds its nonce stale (438): the new one is
    taken, and the path never breaks."""
    server = await start_coturn(f"--max-allocate-lifetime={SHORT}", "--stale-nonce=1")
    one, other = side(only_relayed(server), QUICK), side(only_relayed(server), QUICK)
    await connect(one, other)
    assert [s.lifetime for s in one.session.servers.values()] == [SHORT]
    path = one.session.selected
    for each in (one, other):

        def outlived(_: Session, each: Side = each) -> bool:
            return len(messages(each, "Refresh", "response")) >= 3

        await each.until(outlived, within=5 * SHORT)
        stale = messages(each, "Refresh", "error")
        assert stale and all((m.error or "").startswith("438") for m in stale)
    one.agent.send_text("still here")
    await one.until(lambda s: s.texts and s.texts[-1].echo is not None)
    for each in (one, other):
        assert each.session.state == "completed"
        assert not [c for c in each.session.local_candidates.values() if c.unsupported]
        assert "disconnected" not in [e.state for e in each.of(events.ConnectionStateChanged)]
    assert one.session.selected == path


async def test_a_peer_that_comes_when_the_nonce_is_stale_is_reached_through_the_relay(
    side: Callable[..., Side], start_coturn: StartCoturn
) -> None:
    server = await start_coturn("--stale-nonce=1")
    one, other = side(only_relayed(server)), side(only_relayed(server))
    blobs = await one.blob(), await other.blob()
    await asyncio.sleep(2.5)  # the age of the nonce is what is tested
    one.agent.paste(blobs[1])
    other.agent.paste(blobs[0])
    for each in (one, other):
        await each.until(lambda s: s.state == "completed")
        assert [m for m in messages(each, "ChannelBind", "error") if "438" in (m.error or "")]
