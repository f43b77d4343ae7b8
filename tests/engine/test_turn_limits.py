"""A TURN server with limits: quota, forbidden peers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from icetui.engine import gathering_relays
from icetui.events import Reason, StartSession
from tests.engine.conftest import Coturn, StartCoturn
from tests.engine.side import QUICK, Side


def only_relayed(server: Coturn) -> StartSession:
    return StartSession(
        interfaces=("lo",), ipv6=False, relay_only=True, turn_servers=(server.turn(),)
    )


async def test_a_quota_that_is_used_up_is_named(
    side: Callable[..., Side], start_coturn: StartCoturn
) -> None:
    server = await start_coturn("--user-quota=1")
    one = side(only_relayed(server))
    # On a busy machine a first try may have been given up; it is made again then.
    await one.until(lambda s: [told.state for told in s.servers.values()] == ["ok"], within=40)
    other = side(only_relayed(server))
    await other.until(
        lambda s: [told.reason for told in s.servers.values()] == [Reason.QUOTA], within=40
    )
    (second,) = other.session.servers.values()
    assert second.state == "failed"
    assert second.evidence is not None and second.evidence.code == 486


async def test_a_server_that_comes_back_is_found_and_the_blob_renewed(
    side: Callable[..., Side], start_coturn: StartCoturn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering_relays, "AGAIN_AT_MOST", 0.3)
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
