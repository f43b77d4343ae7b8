"""What the keys of the main screen do: one method `action_<id>` for each action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.screen import Screen

from icetui import events
from icetui.dashboard.actions import ACTIONS, BY_ID
from icetui.dashboard.panes.bars import TABS

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard
    from icetui.dashboard.panes.bars import KeyBar
    from icetui.dashboard.panes.log import LogPane
    from icetui.dashboard.panes.pairs import PairTable

RESTART_ASKED = 5.0
"""Seconds in which pressing the key again means yes."""
NEVER = float("-inf")


class Handlers(Screen[None]):
    """A screen with these panes, and what is done to them."""

    pairs: PairTable
    log_pane: LogPane
    keys: KeyBar
    _restart_asked = NEVER
    """When, in the stream's time, `r` was last pressed without a path standing."""
    tab: str
    """The pane a narrow screen shows below the pairs."""

    @property
    def dashboard(self) -> Dashboard:
        from icetui.dashboard.app import Dashboard

        assert isinstance(self.app, Dashboard)
        return self.app

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = BY_ID.get(action)
        return known is None or known.enabled(self.dashboard.situation)

    # --- the exchange ------------------------------------------------------------------------

    def action_connect(self) -> None:
        app = self.dashboard
        app.exchange.card = not app.exchange.card_open(app.shown, live=app.source.live)
        app.repaint()

    async def action_paste(self) -> None:
        from icetui.dashboard.screens.paste import PasteBox

        await self.app.push_screen(PasteBox())

    async def action_theirs(self) -> None:
        from icetui.dashboard.screens.theirs import Theirs

        await self.app.push_screen(Theirs())

    def action_copy(self) -> None:
        self.dashboard.copy_own()

    async def action_save(self) -> None:
        from icetui.dashboard.screens.saving import SaveBox

        app = self.dashboard
        started = app.session.started
        name = "".join(c for c in started.ufrag if c.isalnum()) if started else "own"
        default = f"./icetui-{name}.{app.exchange.own.form}"
        await self.app.push_screen(SaveBox(app.exchange.own_text(app.session) or "", default))

    async def action_raw(self) -> None:
        from icetui.dashboard.screens.raw import show_raw

        app = self.dashboard
        await show_raw(app, app.exchange.own_text(app.session) or "")

    def action_form(self) -> None:
        app = self.dashboard
        app.exchange.own.turn()
        app.copy_own()

    # --- the session -------------------------------------------------------------------------

    async def action_message(self) -> None:
        from icetui.dashboard.screens.conversation import Conversation

        await self.app.push_screen(Conversation())

    def action_nominate(self) -> None:
        pair = self.pairs.highlighted
        if pair is not None:
            app = self.dashboard
            app.source.send(events.Nominate(session=app.session.id, pair=pair.id))

    def action_restart(self) -> None:
        """Without a path a restart only makes the blob that was sent useless: ask first."""
        app = self.dashboard
        asked, self._restart_asked = self._restart_asked, app.now
        if app.session.selected is None and not 0 <= app.now - asked <= RESTART_ASKED:
            app.notify(
                "A restart makes the blob you have sent useless: they need the new one. "
                "Press r again to restart.",
                severity="warning",
                markup=False,
            )
            return
        self._restart_asked = NEVER
        app.source.send(events.Restart(session=app.session.id))

    async def action_details(self) -> None:
        from icetui.dashboard.screens.details import Details

        pair = self.pairs.highlighted
        if pair is not None:
            await self.app.push_screen(Details(pair.id))

    async def action_diagnosis(self) -> None:
        from icetui.dashboard.screens.diagnosis import Diagnosis

        await self.app.push_screen(Diagnosis())

    # --- the view ----------------------------------------------------------------------------

    def action_freeze(self) -> None:
        self.dashboard.toggle_freeze()

    async def action_filter(self) -> None:
        from icetui.dashboard.screens.filter import FilterInput

        if not self.query(FilterInput):
            await self.mount(FilterInput(self.pairs.filter), before=self.keys)
        self.set_focus(self.query_one(FilterInput))  # at once: what is typed next is for it

    def set_filter(self, text: str) -> None:
        self.pairs.filter = self.log_pane.filter = text.strip()
        self.dashboard.repaint()

    def action_candidates(self) -> None:
        self._go("candidates")

    def action_findings(self) -> None:
        self._go("findings")

    def action_log(self) -> None:
        self._go("log")

    def choose(self, tab: str) -> None:
        self.tab = tab
        for name, _, _ in TABS:
            self.query_one(f"#{name}").set_class(name == tab, "-chosen")

    def _go(self, name: str) -> None:
        self.choose(name)
        self.set_focus(self.query_one(f"#{name}"))
        self.dashboard.repaint()

    async def action_back(self) -> None:
        """Escape: first the filter, then the card, then the freeze."""
        app = self.dashboard
        if self.pairs.filter:
            self.set_filter("")
        elif app.exchange.card_open(app.shown, live=app.source.live):
            self.action_connect()

    async def action_help(self) -> None:
        from icetui.dashboard.screens.help import Help

        await self.app.push_screen(Help())

    async def action_leave(self) -> None:
        await self.app.run_action("quit")

    def palette_entries(self) -> list[tuple[str, str, Any]]:
        """Name, help and callable of every action that would do something now."""
        situation = self.dashboard.situation
        return [
            (a.label.capitalize(), f"{a.help}  ({a.shown_key})", getattr(self, f"action_{a.id}"))
            for a in ACTIONS
            if a.enabled(situation)
        ]
