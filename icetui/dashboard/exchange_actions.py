"""What the keys of the exchange do: handing ours out, taking theirs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icetui.dashboard import handover
from icetui.dashboard.glance import file_name

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


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
    handover.copy_own(app)


async def save(app: Dashboard) -> None:
    from icetui.dashboard.screens.saving import SaveBox

    exchange, session = app.living.exchange, app.living.session
    default = f"./icetui-{file_name(app)}.{exchange.own.form}"
    await app.push_screen(SaveBox(exchange.own_text(session) or "", default))


async def raw(app: Dashboard) -> None:
    from icetui.dashboard.screens.raw import show_raw

    await show_raw(app, app.living.exchange.own_text(app.living.session) or "")


def form(app: Dashboard) -> None:
    app.living.exchange.own.turn()
    app.living.exchange.card = True  # the new form is to be seen
    handover.copy_own(app)
