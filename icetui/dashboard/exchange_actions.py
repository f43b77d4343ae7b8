"""What the keys of the exchange do: handing ours out, taking theirs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icetui.dashboard import handover
from icetui.dashboard.glance import file_name

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard

SURE = 5.0
"""Seconds in which pressing the key again means yes."""


def connect(app: Dashboard) -> None:
    watch = app.living
    watch.exchange.card = not watch.exchange.card_open(watch.session)


async def paste(app: Dashboard) -> None:
    from icetui.dashboard.screens.paste import PasteBox

    await app.push_screen(PasteBox())


async def theirs(app: Dashboard) -> None:
    from icetui.dashboard.screens.theirs import Theirs

    await app.push_screen(Theirs())


def copy(app: Dashboard) -> None:
    if _may_leave(app, "c"):
        handover.copy_own(app)


async def save(app: Dashboard) -> None:
    if not _may_leave(app, "w"):
        return
    from icetui.dashboard.screens.saving import SaveBox

    exchange, session = app.living.exchange, app.living.session
    default = f"./icetui-{file_name(app)}.{exchange.own.form}"
    await app.push_screen(SaveBox(exchange.own_text(session) or "", default))


async def raw(app: Dashboard) -> None:
    if not _may_leave(app, "u"):
        return
    from icetui.dashboard.screens.raw import show_raw

    await show_raw(app, app.living.exchange.own_text(app.living.session) or "")


def form(app: Dashboard) -> None:
    app.living.exchange.own.turn()
    app.living.exchange.card = True  # the new form is to be seen
    if not app.masked:
        handover.copy_own(app)


def _may_leave(app: Dashboard, key: str) -> bool:
    """Whether our description may be shown or handed out: at once, but for a masked screen, as it
    holds the true addresses; there the key is pressed twice."""
    if not app.masked:
        return True
    asked, app.unmasking = app.unmasking, (key, app.living.now)
    if asked[0] == key and 0 <= app.living.now - asked[1] <= SURE:
        app.unmasking = ("", 0.0)
        return True
    app.notify(
        f"Your {app.living.exchange.own.noun} holds your true addresses. Press {key} again to "
        "hand it out unmasked.",
        severity="warning",
        markup=False,
    )
    return False
