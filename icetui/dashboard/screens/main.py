"""The main screen: the panes of a session, the card over them, and what the keys do here."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container

from icetui.dashboard.actions import ACTIONS
from icetui.dashboard.panes.bars import Banner, KeyBar, TabBar
from icetui.dashboard.panes.candidates import CandidatesPane
from icetui.dashboard.panes.connect import ConnectCard
from icetui.dashboard.panes.findings import FindingsPane
from icetui.dashboard.panes.header import Header
from icetui.dashboard.panes.log import LogPane
from icetui.dashboard.panes.pairs import PairTable
from icetui.dashboard.panes.path import PathPane
from icetui.dashboard.screens.handlers import Handlers
from icetui.session import Session


class Main(Handlers):
    """A grid where there is room (`-wide -tall`), a stack with tabs where there is not."""

    AUTO_FOCUS = "#pairs"
    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]  # per class
        (0, "-narrow"), (100, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = [  # type: ignore[misc]  # per class
        (0, "-low"), (30, "-tall"),
    ]  # fmt: skip
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # narrower than Textual's
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
        self.banner.show(session, now, trouble=app.trouble, card=card, hint=app.source.hint)
        self.path.show(session, now)

    def _shown_text(self) -> str | None:
        """Our description for the card; it holds addresses, so a masked screen leaves it out."""
        app = self.dashboard
        if app.masked and app.session.blob is not None:
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
        self.choose(self.tab)
        self.dashboard.repaint()

    def on_pair_table_moved(self) -> None:
        self.keys.show(self.dashboard.situation)
