"""The session's clock: as fast as ours between two events, and never back for a late one."""

import asyncio

from icetui import events
from icetui.dashboard.watch import Watch
from tests.dashboard.streams import FeedSource


async def test_the_clock_goes_as_fast_as_ours_while_only_heartbeats_come() -> None:
    ours, source = [100.0], FeedSource()
    watch = Watch(source, lambda: ours[0])
    shown: list[float] = []

    def took(event: events.AnyEvent, news: bool) -> None:
        shown.append(watch.now)

    def beat(t: float) -> None:
        source.feed([events.Heartbeat(wall=t, t=t, session="")])

    task = asyncio.create_task(watch.fold(took))
    for second in range(1, 9):
        ours[0] = 100.0 + second
        beat(float(second))
        await source.told()
        assert abs(watch.now - second) < 1e-9
        ours[0] += 0.9
        assert abs(watch.now - second - 0.9) < 1e-9
    ours[0] = 109.1
    beat(9.0)  # came 0.1 s late
    await source.told()
    assert abs(watch.now - 9.1) < 1e-9
    source.feed([events.Heartbeat(wall=3.0, t=3.0, session="")])  # says nothing new
    ours[0] = 110.0
    await source.told()
    assert abs(watch.now - 10.0) < 1e-9
    assert shown == sorted(shown)
    beat(9.5)  # half a second is more than a late event: what is shown is of the past
    await source.told()
    assert abs(watch.now - 9.5) < 1e-9
    source.end()
    await task
