"""Who knocks before we have their description finds the way still open when we have."""

from __future__ import annotations

import asyncio

from icetui import events
from icetui.engine.core import Timing
from tests.engine.side import Side


async def test_a_knocker_is_sent_indications_until_theirs_is_pasted() -> None:
    late, early = Side(timing=Timing(keep_open=0.05)), Side()
    try:
        blob = await early.blob()
        early.agent.paste(await late.blob())
        await late.until(lambda s: s.knocks, what="a knock")

        def indications() -> int:
            return sum(
                e.message_class == "indication" and e.direction == "in" and e.method == "Binding"
                for e in early.of(events.StunMessage)
            )

        await early.until(lambda s: indications() >= 3, what="three indications")
        late.agent.paste(blob)
        for side in (late, early):
            await side.until(lambda s: s.state == "completed", what="completed")
        await asyncio.sleep(0.06)  # what was under way when the paste came
        before = indications()
        await asyncio.sleep(0.2)  # that none is sent any more can only be seen by waiting
        assert indications() == before
    finally:
        await late.agent.leave("test")
        await early.agent.leave("test")
