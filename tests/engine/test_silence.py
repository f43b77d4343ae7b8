"""When a path counts as silent: by what was asked and not answered, never by age alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from icetui import events
from icetui.diagnosis import diagnose
from icetui.engine.core import Timing
from icetui.events import StartSession
from tests.engine.side import Side, connect
from tests.engine.test_connecting import endpoint_of, unplugged

LONG_UNASKED = Timing(probe_others=60.0, silence=0.3, probe_selected=0.2)


async def both_pairs_up(side: Callable[..., Side], timing: Timing) -> tuple[Side, Side]:
    start = StartSession(interfaces=("lo",))
    one, other = side(start, timing), side(start, timing)
    await connect(one, other)
    for each in (one, other):
        await each.until(lambda s: sum(p.valid for p in s.pairs.values()) == 2)
    return one, other


async def test_a_pair_that_was_not_asked_for_long_is_a_good_path_to_fail_over_to(
    side: Callable[..., Side],
) -> None:
    """Its last answer is older than any silence allowed; it is asked, answers, and stays."""
    one, other = await both_pairs_up(side, LONG_UNASKED)
    first = one.session.selected
    spare = next(p for p in one.session.pairs if p != first)
    await one.until(lambda s: s.t > 2.5)
    unplugged(one, endpoint_of(one, str(first)))
    await one.until(lambda s: s.selected == spare, within=3)
    moved = one.session.t
    await one.until(lambda s: s.t > moved + 1.5)
    assert one.session.selected == spare
    assert len(one.session.path_history) == 2, [e.cause for e in one.session.path_history]
    assert other.session.connected


async def test_a_dead_path_is_shown_within_two_seconds(side: Callable[..., Side]) -> None:
    start = StartSession(interfaces=("lo",), ipv6=False)
    one, other = side(start), side(start)
    await connect(one, other)
    unplugged(other)
    began = asyncio.get_running_loop().time()
    shown = await one.until(lambda s: s.state == "disconnected", within=4)
    assert shown - began <= 2.0


async def test_a_goodbye_is_not_loss(side: Callable[..., Side]) -> None:
    start = StartSession(interfaces=("lo",), ipv6=False)
    one, other = side(start), side(start)
    await connect(one, other)
    await other.agent.leave("user")
    await one.until(lambda s: s.peer_left)
    assert one.session.state == "disconnected"
    assert not one.of(events.RequestLost)
    sent = len(one.of(events.StunMessage))
    await asyncio.sleep(1.5)  # that nothing is sent can only be seen by waiting
    assert len(one.of(events.StunMessage)) == sent


async def test_a_closed_port_does_not_end_a_path_but_tells_why_it_is_silent(
    side: Callable[..., Side],
) -> None:
    start = StartSession(interfaces=("lo",), ipv6=False)
    one, other = side(start), side(start)
    await connect(one, other)
    for endpoint in other.agent.endpoints:
        endpoint.transport.close()  # as if killed: no goodbye
    await one.until(lambda s: s.state == "disconnected", within=4)
    pair = one.session.selected_pair
    assert pair is not None and pair.valid
    assert "port unreachable" in (pair.detail or "")
    (finding,) = [f for f in diagnose(one.session) if f.severity == "problem"]
    assert finding.rule == "peer-gone"
