"""Two engines connect: in any order, late, with roles repaired, and agree on the path."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import pytest

from icetui import events
from icetui.diagnosis import diagnose
from icetui.engine.endpoint import Endpoint
from icetui.engine.net.udp import UdpTransport
from icetui.events import Reason
from icetui.session import Session
from tests.engine.side import QUICK, Side, altered, connect


def unplugged(side: Side, endpoint: Endpoint | None = None) -> Callable[[], None]:
    """Make an endpoint deaf, as behind a cut cable; call the result to plug it in again."""
    loop = asyncio.get_running_loop()
    transport = (endpoint or side.agent.endpoints[0]).transport
    assert isinstance(transport, UdpTransport)
    loop.remove_reader(transport._sock)
    return lambda: loop.add_reader(transport._sock, transport._readable)


def endpoint_of(side: Side, pair_id: str) -> Endpoint:
    """Our end of a pair."""
    local = pair_id.partition("-")[0]
    return next(e for e in side.agent.endpoints if e.base and e.base.candidate.id == local)


def path(side: Side) -> tuple[tuple[str, int], tuple[str, int]]:
    session = side.session
    pair = session.selected_pair
    assert pair is not None
    local = session.local_candidates[pair.local]
    remote = session.remote_candidates[pair.remote]
    return (local.address, local.port), (remote.address, remote.port)


async def test_two_sides_connect_and_name_the_same_path(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    assert path(one) == path(other)[::-1]
    assert {one.session.role, other.session.role} == {"controlling", "controlled"}


async def test_the_greater_ufrag_controls(pair: tuple[Side, Side]) -> None:
    one, other = pair
    await connect(one, other)
    greater = max(pair, key=lambda s: s.agent.ufrag)
    assert greater.session.role == "controlling"


async def test_a_path_stands_within_30_ms_on_loopback(pair: tuple[Side, Side]) -> None:
    """Both have been given both blobs in the same instant."""
    one, other = pair
    blobs = await one.blob(), await other.blob()
    one.agent.paste(blobs[1])
    other.agent.paste(blobs[0])
    for side in pair:
        await side.until(lambda s: s.first_path_at is not None)
        assert side.session.time_to_first_path is not None
        assert side.session.time_to_first_path <= 0.03


async def test_who_pastes_first_is_heard_knocking(pair: tuple[Side, Side]) -> None:
    early, late = pair
    early.agent.paste(await late.blob())
    await late.until(lambda s: s.knocks)
    knock = next(iter(late.session.knocks.values()))
    assert (knock.address, knock.port) == early.address
    assert knock.ufrag == early.agent.ufrag
    assert late.session.state == "new"


async def test_who_pasted_first_knows_that_the_other_has_not(pair: tuple[Side, Side]) -> None:
    """Its checks are answered, and yet nothing could be sent: that is not connected."""
    early, late = pair
    early.agent.paste(await late.blob())
    await early.until(lambda s: any(p.valid for p in s.pairs.values()))
    await early.until(lambda s: s.t - (s.described_at or 0) > 3, within=6)
    assert early.session.state == "checking"
    (finding,) = [f for f in diagnose(early.session) if "pasted" in f.claim]
    assert finding.claim == "They can be reached, but have not pasted our blob yet."
    late.agent.paste(await early.blob())
    for side in pair:
        await side.until(lambda s: s.state == "completed", within=1)


async def test_a_late_answer_connects_at_once_even_after_the_verdict(
    side: Callable[..., Side],
) -> None:
    early, late = side(), side()
    blob = await late.blob()
    plug_in = unplugged(late)
    early.agent.paste(blob)
    await early.until(lambda s: s.state == "failed", within=6)
    reasons = {p.reason for p in early.session.pairs.values()}
    assert reasons == {events.Reason.TIMEOUT}
    plug_in()
    began = asyncio.get_running_loop().time()
    late.agent.paste(await early.blob())
    for one in (early, late):
        assert await one.until(lambda s: s.connected) - began < 0.1


async def test_nothing_answers_is_said_within_three_seconds_and_checks_go_on(
    side: Callable[..., Side],
) -> None:
    lonely, silent = side(), side()
    blob = await silent.blob()
    unplugged(silent)
    began = asyncio.get_running_loop().time()
    lonely.agent.paste(blob)
    said = await lonely.until(lambda s: s.state == "failed", within=5)
    assert said - began <= 3.0
    (pair,) = lonely.session.pairs.values()
    sent = pair.requests_sent
    assert sent == 1 and pair.retransmissions_sent >= 5
    assert pair.detail == f"{1 + pair.retransmissions_sent} requests, no answer"
    await lonely.until(
        lambda s: next(iter(s.pairs.values())).requests_sent > sent, within=4, what="a recheck"
    )


async def test_a_second_paste_adds_its_new_candidates(pair: tuple[Side, Side]) -> None:
    one, other = pair
    blob = await other.blob()
    one.agent.paste(altered(blob, candidates=()))
    await one.until(lambda s: s.description is not None)
    assert not one.session.pairs
    one.agent.paste(blob)
    await one.until(lambda s: s.pairs)
    assert one.session.description is not None
    assert one.session.description.new_candidates == 1
    one.agent.paste(blob)
    assert one.session.description.new_candidates == 0
    other.agent.paste(await one.blob())
    await one.until(lambda s: s.connected)


async def test_a_peer_without_candidates_is_reached_where_it_knocks(
    pair: tuple[Side, Side],
) -> None:
    """RFC 8445 section 7.3.1.3: its address is learned from its check, as peer-reflexive."""
    one, other = pair
    one.agent.paste(await other.blob())
    other.agent.paste(altered(await one.blob(), candidates=()))
    await other.until(lambda s: s.connected)
    (candidate,) = other.session.remote_candidates.values()
    assert candidate.type == "prflx"
    assert (candidate.address, candidate.port) == one.address


def _always_controlling(real: Callable[..., None], ufrag: str, pwd: str, **rest: Any) -> None:
    real(ufrag, pwd, **rest | {"controlling": True})


async def test_two_controlling_sides_repair_the_conflict(
    pair: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8445 section 7.3.1.1; both ufrags are compared, so it takes force to get one."""
    one, other = pair
    blobs = await one.blob(), await other.blob()
    for side in pair:
        monkeypatch.setattr(
            side.agent.core,
            "describe",
            functools.partial(_always_controlling, side.agent.core.describe),
        )
    one.agent.paste(blobs[1])
    other.agent.paste(blobs[0])
    for side in pair:
        await side.until(lambda s: s.state == "completed")
    assert {one.session.role, other.session.role} == {"controlling", "controlled"}
    assert one.session.role_conflicts + other.session.role_conflicts >= 1
    assert path(one) == path(other)[::-1]


async def test_a_peer_that_never_repairs_a_role_conflict_is_given_way_to(
    side: Callable[..., Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, stubborn = side(None, dataclasses.replace(QUICK, stubborn=0.3)), side(None, QUICK)
    blobs = await one.blob(), await stubborn.blob()
    for one_side, tie_breaker in ((one, 2**64 - 1), (stubborn, 0)):
        core = one_side.agent.core
        monkeypatch.setattr(core.newest.role, "tie_breaker", tie_breaker)
        monkeypatch.setattr(core, "describe", functools.partial(_always_controlling, core.describe))
    monkeypatch.setattr(stubborn.agent.core.newest, "_switch_role", lambda now: None)
    one.agent.paste(blobs[1])
    stubborn.agent.paste(blobs[0])
    for one_side in (one, stubborn):
        await one_side.until(lambda s: s.state == "completed")
    assert (one.session.role, stubborn.session.role) == ("controlled", "controlling")
    assert any(r.reason == Reason.ROLE_CONFLICT for r in one.session.refused.values())


async def test_ipv4_and_ipv6_pairs_both_succeed(side: Callable[..., Side]) -> None:
    start = events.StartSession(interfaces=("lo",))
    one, other = side(start), side(start)
    await connect(one, other)
    await one.until(lambda s: sum(p.valid for p in s.pairs.values()) == 2)
    assert not [p for p in one.session.pairs.values() if p.state != "succeeded"]


async def test_a_valid_pair_can_be_nominated_by_hand(side: Callable[..., Side]) -> None:
    start = events.StartSession(interfaces=("lo",))
    one, other = side(start), side(start)
    await connect(one, other)
    controlling = one if one.session.role == "controlling" else other
    controlled = other if controlling is one else one
    spare = next(p.id for p in controlling.session.pairs.values() if not p.nominated)
    controlling.agent.nominate(spare)
    await controlling.until(lambda s: s.selected == spare)
    await controlled.until(lambda s: len(s.path_history) >= 2)
    assert path(one) == path(other)[::-1]
    controlled.agent.nominate(spare)
    assert "controlled" in controlled.of(events.CommandRefused)[-1].problem


async def test_a_socket_that_dies_fails_over_to_the_other_pair(
    side: Callable[..., Side],
) -> None:
    start = events.StartSession(interfaces=("lo",))
    one, other = side(start, QUICK), side(start, QUICK)
    await connect(one, other)
    await one.until(lambda s: sum(p.valid for p in s.pairs.values()) == 2)
    dead = one.session.selected
    assert dead is not None
    unplugged(one, endpoint_of(one, dead))

    def moved(session: Session) -> bool:
        return session.selected not in (None, dead) and session.connected

    await one.until(moved, within=5)
    assert "silent" in one.session.path_history[-1].cause or len(one.session.path_history) > 1


async def test_a_path_that_dies_is_disconnected_then_lost_then_found_again(
    side: Callable[..., Side],
) -> None:
    one, other = side(timing=QUICK), side(timing=QUICK)
    await connect(one, other)
    plug_in = unplugged(other)
    await one.until(lambda s: s.state == "disconnected", within=3)
    await one.until(lambda s: s.state == "failed", within=5)
    assert one.session.lost_after_connected
    expired = [e for e in one.of(events.PairChanged) if e.pair.reason == Reason.CONSENT_EXPIRED]
    assert [e.pair.id for e in expired] == ["L1-R1"]
    plug_in()
    await one.until(lambda s: s.connected, within=5)
    assert not one.session.lost_after_connected
