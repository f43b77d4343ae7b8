"""What the keys that concern the session do: messages, another path, an end, another session."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from icetui import events
from icetui.dashboard.glance import file_name
from icetui.dashboard.watch import Watch
from icetui.streams.cannot_open import CannotOpen

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard

GOODBYE = 1.5
"""Seconds it may take."""
SURE = 5.0
"""Seconds in which pressing the key again means yes."""


async def message(app: Dashboard) -> None:
    from icetui.dashboard.screens.conversation_box import Conversation

    await app.push_screen(Conversation())


def nominate(app: Dashboard) -> None:
    pair = app.main.pairs.highlighted
    if pair is not None:
        app.send(events.Nominate(session=app.living.session.id, pair=pair.id))


def restart(app: Dashboard) -> None:
    """Either way it makes a blob that was sent useless, and both have to exchange again: ask."""
    session = app.living.session
    asked, app.restart_asked = app.restart_asked, app.living.now
    if 0 <= app.living.now - asked <= SURE:
        app.restart_asked = float("-inf")
        app.send(events.Restart(session=session.id))
        return
    what = (
        "The path carries on, but both sides have to exchange new blobs."
        if session.selected is not None
        else "A restart makes the blob you have sent useless: they need the new one."
    )
    app.notify(f"{what} Press r again to restart.", severity="warning", markup=False)


def another(app: Dashboard) -> None:
    """In this window; the one before stays to be looked at."""
    if app.again is None:
        return
    try:
        source = app.again()
    except CannotOpen as problem:
        app.notify(f"No other session: {problem}.", severity="error", markup=False)
        return
    app.run_worker(app.living.source.close(), group="close")
    app.watches.append(Watch(source, app.monotonic))
    app.look_at(len(app.watches) - 1)
    app.follow(app.living)
    if app.living.recording is not None:
        app.notify(f"This session is recorded to {app.living.recording}.", markup=False)


def earlier(app: Dashboard) -> None:
    app.look_at(app.looked_at - 1)


def later(app: Dashboard) -> None:
    app.look_at(app.looked_at + 1)


def other_side(app: Dashboard) -> None:
    app.look_at(1 - app.looked_at)


async def network(app: Dashboard) -> None:
    from icetui.dashboard.screens.internet_screen import InternetScreen

    if app.stage is not None:
        await app.push_screen(InternetScreen(app.stage))


async def report(app: Dashboard) -> None:
    from icetui.dashboard.screens.report import ReportBox

    await app.push_screen(ReportBox(f"./icetui-{file_name(app)}.md"))


async def leave(app: Dashboard) -> None:
    """At once, except from a living path: one stray key must not end it."""
    from icetui.dashboard.screens.leave import LeaveBox
    from icetui.dashboard.standing import in_use

    watch = app.living
    # What the demo shows is made anew at any time.
    if watch.source.live and in_use(watch.session) and app.stage is None:
        await app.push_screen(LeaveBox())
    else:
        await say_goodbye(app)


async def say_goodbye(app: Dashboard) -> None:
    """To the other side, then end with the exit code."""
    if app.leaving:
        return
    app.pace.stop()
    app.leaving = True
    code = 1 if app.living.failed else 0  # before the stream ends because of us
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(app.living.source.close(), GOODBYE)
    app.exit(code)
