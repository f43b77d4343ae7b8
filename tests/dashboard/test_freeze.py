"""Freezing: the panes stand still, the session behind them does not."""

import copy

from icetui import events
from icetui.dashboard.freeze import snapshot
from icetui.session import fold
from tests.dashboard.looking import looking
from tests.dashboard.streams import Teller, connected, described, gathered, whole


async def test_a_frozen_screen_stands_still_while_events_go_on_being_folded() -> None:
    tell = Teller()
    async with looking([*gathered(tell), *described(tell)], (140, 40)) as look:
        await look.press("z")
        assert "FROZEN" in look.lines[0]
        await look.tell(connected(tell))
        assert "CHECKING" in look.lines[0]
        assert look.app.living.session.state == "connected"
        await look.press("escape")
        assert "FROZEN" not in look.lines[0]
        assert "CONNECTED" in look.lines[0]


def test_a_snapshot_equals_a_deep_copy_and_is_not_reached_by_later_events() -> None:
    tell = Teller()
    early = [*gathered(tell), *described(tell), *connected(tell)]
    early.append(tell(events.TextSent, id=1, text="hi"))
    later = [
        tell(events.RoundTripMeasured, pair="L1-R2", seconds=0.5),
        tell(events.TextEchoed, id=1, seconds=0.1),
        tell(events.ConnectionStateChanged, state="failed"),
    ]
    session = fold(early)
    still, deep = snapshot(session), copy.deepcopy(session)
    assert still == deep
    for event in [*later, *whole()]:
        session.apply(event)
    assert still == deep
    assert still != session


async def test_a_paste_ends_the_freeze_so_that_its_effect_is_seen() -> None:
    tell = Teller()
    async with looking(gathered(tell), (80, 24)) as look:
        await look.press("z")
        await look.paste("icetui:x")
        assert "FROZEN" not in look.lines[0]
