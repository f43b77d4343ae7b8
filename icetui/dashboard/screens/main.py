"""The main screen: the panes of a session, the card over them, and what the keys do here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.screen import Screen

from icetui import events
from icetui.dashboard.actions import ACTIONS, BY_ID
from icetui.dashboard.panes.bars import TABS, Banner, KeyBar, TabBar
from icetui.dashboard.panes.candidates import CandidatesPane
from icetui.dashboard.panes.connect import ConnectCard
from icetui.dashboard.panes.findings import FindingsPane
from icetui.dashboard.panes.header import Header
from icetui.dashboard.panes.log import LogPane
from icetui.dashboard.panes.pairs import PairTable
from icetui.dashboard.panes.path import PathPane
from icetui.session import Session

if TYPE_CHECKING:
    from icetui.dashboard.app import Dashboard


class Main(Screen[None]):
    """A grid where there is room (`-wide -tall`), a stack with tabs where there is not."""

    AUTO_FOCUS = "#pairs"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]
        (0, "-narrow"), (100, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]
        (0, "-low"), (30, "-tall"),
    ]  # fmt: skip
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]
        *(action.binding for action in ACTIONS),
        Binding("escape", "back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.header = Header(id="header")
        self.banner = Banner(id="banner")
        self.candidates = CandidatesPane(id="candidates")
        self.path = PathPane(id="path")
        self.pairs = PairTable(id="pairs")
        self.tabs = TabBar(id="tabs")
        self.findings = FindingsPane(id="findings")
        self.log_pane = LogPane(id="log")
        self.keys = KeyBar(id="keys")
        self.card = ConnectCard(id="card")
        self.tab = "findings"

    @property
    def dashboard(self) -> Dashboard:
        from icetui.dashboard.app import Dashboard

        assert isinstance(self.app, Dashboard)
        return self.app

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.banner
        with Container(id="panes"):
            yield self.candidates
            yield self.path
            yield self.pairs
            yield self.tabs
            yield self.findings
            yield self.log_pane
        yield self.keys
        yield self.card

    # --- drawing -----------------------------------------------------------------------------

    def show(self, session: Session, now: float) -> None:
        """Draw everything anew from `session`; each pane repaints only what differs."""
        app = self.dashboard
        card = app.exchange.card_open(session, live=app.source.live)
        self.show_clock(session, now)
        for pane in (self.candidates, self.pairs, self.findings, self.log_pane):
            if pane.display:
                pane.show(session, now)
        self.tabs.show(self.tab)
        self.keys.show(app.situation)
        self.card.display = card
        if card:
            self.card.show(session, app.exchange, self._shown_text(), app.source.hint)

    def show_clock(self, session: Session, now: float) -> None:
        """What changes with time alone."""
        app = self.dashboard
        card = app.exchange.card_open(session, live=app.source.live)
        self.header.show(session, now, frozen=app.frozen is not None)
        self.banner.show(session, now, trouble=app.trouble, card=card)
        self.path.show(session, now)

    def _shown_text(self) -> str | None:
        """Our description for the card; it holds addresses, so a masked screen leaves it out."""
        app = self.dashboard
        if app.mask is not None and app.session.blob is not None:
            return "hidden on this masked screen; c, w and u give you the real text"
        return app.exchange.own_text(app.session)

    @property
    def stacked(self) -> bool:
        return not (self.has_class("-wide") and self.has_class("-tall"))

    def on_resize(self) -> None:
        panes = self.query_one("#panes")
        first = panes.children[0]
        if self.stacked and first is self.candidates:
            panes.move_child(self.candidates, before=self.findings)
        elif not self.stacked and first is not self.candidates:
            panes.move_child(self.candidates, before=0)
        self._choose(self.tab)
        self.dashboard.repaint()

    def _choose(self, tab: str) -> None:
        self.tab = tab
        for name, _, _ in TABS:
            self.query_one(f"#{name}").set_class(name == tab, "-chosen")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        known = BY_ID.get(action)
        return known is None or known.enabled(self.dashboard.situation)

    def on_pair_table_moved(self) -> None:
        self.keys.show(self.dashboard.situation)

    # --- the exchange ------------------------------------------------------------------------

    def action_connect(self) -> None:
        app = self.dashboard
        app.exchange.card = not app.exchange.card_open(app.shown, live=app.source.live)
        app.repaint()

    async def action_paste(self) -> None:
        from icetui.dashboard.screens.paste import PasteBox

        await self.app.push_screen(PasteBox())

    def action_copy(self) -> None:
        self.dashboard.copy_own()

    async def action_save(self) -> None:
        from icetui.dashboard.screens.saving import SaveBox

        app = self.dashboard
        started = app.session.started
        name = "".join(c for c in started.ufrag if c.isalnum()) if started else "own"
        default = f"./icetui-{name}.{app.exchange.form}"
        await self.app.push_screen(SaveBox(app.exchange.own_text(app.session) or "", default))

    async def action_raw(self) -> None:
        from icetui.dashboard.screens.raw import show_raw

        app = self.dashboard
        await show_raw(app, app.exchange.own_text(app.session) or "")

    def action_form(self) -> None:
        app = self.dashboard
        app.exchange.turn()
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

    async def action_details(self) -> None:
        from icetui.dashboard.screens.details import Details

        pair = self.pairs.highlighted
        if pair is not None:
            await self.app.push_screen(Details(pair.id))

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

    def _go(self, name: str) -> None:
        self._choose(name)
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
