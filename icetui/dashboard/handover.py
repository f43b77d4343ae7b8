"""The two descriptions on their way: theirs comes in by paste, ours goes out when it is wanted.

The clipboard belongs to the user: nothing is copied without a key, except one's own right after
theirs was accepted from a paste, because that is when it is wanted next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from icetui import events
from icetui.dashboard.shown_text import plain
from icetui.grammar import count
from icetui.streams.own_form import GATHER_PATIENCE

if TYPE_CHECKING:
    from textual.worker import WorkType

    from icetui.dashboard.app import Dashboard
    from icetui.dashboard.watch import Watch

CONCERNS = frozenset(
    {
        events.SessionStarted, events.SessionRestarted, events.BlobChanged,
        events.DescriptionAccepted, events.DescriptionRefused, events.TextReceived,
        events.GatheringStateChanged,
    }
)  # fmt: skip
"""The events that anything here follows from; thousands of others pass by."""
SETTLE = 0.4
"""Seconds in which quick servers answer: what they add is then in what is copied."""
READ_TIME = 12.0
"""Seconds a toast with a warning stays."""
THEIR_KINDS = {
    "blob": "their blob", "sdp": "their SDP", "json": "their JSON",
    "base64": "their JSON in base64", "candidates": "candidates",
}  # fmt: skip


def hand_in(app: Dashboard, text: str) -> None:
    """Their description, to the engine."""
    if not app.living.source.live:
        app.notify("This is a recording: there is nothing to paste into.", markup=False)
    elif text.strip():
        from icetui.signaling import MAX_TEXT

        app.frozen = None  # what comes of it must be seen
        app.look_at(len(app.watches) - 1)
        app.living.exchange.pasted = True
        text = text[: MAX_TEXT + 1]  # enough to be told that it is too long
        app.send(events.Paste(session=app.living.session.id, text=text))


def saw(app: Dashboard, watch: Watch, event: events.AnyEvent) -> None:
    """The few things that happen by themselves."""
    exchange, session = watch.exchange, watch.session
    exchange.own.see(event)
    shown = watch is app.living and app.screen is app.main
    if isinstance(event, events.TextReceived) and shown:
        text = plain(event.text, 200)
        app.notify(f"{text}\n\nm: answer", title="Message from the other side", markup=False)
    if isinstance(event, events.SessionRestarted):
        exchange.begin_again()
    elif isinstance(event, events.DescriptionRefused):
        exchange.pasted = False
    elif isinstance(event, events.DescriptionAccepted) and exchange.pasted:
        exchange.accepted(session)
        said = _understood(event, connected=session.connected)
        surprise = (exchange.own.surprise,) if exchange.own.surprise else ()
        warned = "\n".join(plain(text, 300) for text in (*surprise, *event.warnings[:4]))
        app.notify(
            f"{said}\n{warned}" if warned else said,
            severity="warning" if warned else "information",
            timeout=READ_TIME if warned else None,
            markup=False,
        )
    if exchange.owed and session.blob_at is not None and session.blob is not None:
        if app.masked or watch.source.foreign:
            exchange.owed = False  # true addresses, or another program's word: by a key only
        elif session.gathering == "complete":
            _pay(app, watch)
        elif not exchange.paying:
            exchange.paying = True
            patience = GATHER_PATIENCE if exchange.own.taken_once else SETTLE
            app.set_timer(patience, partial(_pay, app, watch))


def _pay(app: Dashboard, watch: Watch) -> None:
    """Copy ours, once."""
    exchange = watch.exchange
    exchange.paying = False
    if exchange.owed and watch is app.living:
        exchange.owed = False
        copy_own(app)


def by_itself(watch: Watch, event: events.AnyEvent | None = None) -> None:
    """The demo exchanges both descriptions itself: nobody has to send anything."""
    if event is None or isinstance(event, events.BlobChanged | events.SessionRestarted):
        watch.exchange.card = False
        watch.exchange.hand_out(watch.session)


def _understood(event: events.DescriptionAccepted, *, connected: bool) -> str:
    if connected:
        number = event.new_candidates
        what = count(number, "new candidate") if number else "nothing that was not known"
        return f"Understood: it holds {what}."
    known = count(event.known_candidates, "candidate")
    return f"Understood {THEIR_KINDS.get(event.kind, 'their description')}: {known}."


def copy_own(app: Dashboard) -> None:
    """Send ours to the clipboard by every way there is, in the background; say where it went."""
    exchange = app.living.exchange
    text = exchange.own_text(app.living.session)
    if text is None:
        return
    exchange.hand_out(app.living.session)

    async def copy() -> None:
        exchange.outcome = await app.clipboard_ways.copy(text, app.copy_to_clipboard)
        app.repaint()
        wanted = "" if app.living.session.connected else " Give it to the other side."
        app.notify(f"Your {exchange.own.noun}: {exchange.outcome.sentence}.{wanted}", markup=False)

    _in_background(app, copy)


def copy_text(app: Dashboard, text: str) -> None:
    """What was under the cursor."""

    async def copy() -> None:
        outcome = await app.clipboard_ways.copy(text, app.copy_to_clipboard)
        app.notify(f"{plain(text, 60)}: {outcome.sentence}.", markup=False)

    _in_background(app, copy)


def _in_background(app: Dashboard, job: Callable[[], Awaitable[None]]) -> None:
    # A function, not a coroutine: at the app's end it may never be started.
    app.run_worker(cast("WorkType[None]", job), group="copy", exclusive=True)


def saved(app: Dashboard, path: str) -> None:
    """Ours was written to a file."""
    app.living.exchange.hand_out(app.living.session)
    app.living.exchange.saved = path
    app.notify(f"Saved to {path}, readable by you only.", markup=False)
    app.repaint()
